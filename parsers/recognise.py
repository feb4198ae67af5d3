"""Which of the call's documents a file is: by its title line, its structure, its file name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import PurePosixPath

from config.call import Call
from parsers.lines import Grid, Item, Line, items_of, numbering, plain, plain_words, squeeze, tidy
from parsers.submission import Content

OTHER = "other"

_ZONE_LINES = 18  # a title stands among the first lines
_SENTENCE_LENGTH = 60
_TITLE_LENGTH = 50
_SPREAD = 4  # over so many lines a title may be spread
_COMBINED = 3  # a first page with so many documents' titles belongs to a bound volume
_TRAILING = re.compile(
    r"(?:\((?:[^()]|\([^()]{0,12}\)){0,30}\)|草案|(?:讨论|送审|征求意见|修订|修改|试行|暂行|报批|正式)稿|[初终定]?稿|试行|暂行|[\s._\-+,、~:·\"'”’》」】]|v\d+(?:\.\d+)*|\d{4,8}|\d{4}年(?:度|\d+月(?:\d+日)?)?)$",
    re.IGNORECASE,
)
_ENCLOSURE = re.compile(r"附[件录表]?[\d一二三四五六七八九十]*:?$")


@dataclass(frozen=True, kw_only=True)
class Title:
    """The title line 标题 of a document: its kind (or `other`), words and page."""

    kind: str
    text: str
    page: int | None


def recognise(content: Content, path: str, call: Call) -> str:
    """Return the id of the document kind that a file is, or `other`.

    `path` is the way into the mail or archive. What could not be read is judged by its
    file name alone.
    """
    if content.problem is None:
        items = items_of(content)
        title = find_title(items, call)
        if title:
            return title.kind
        if not _named_otherwise(path, call):
            kind = _by_structure(items, call)
            if kind:
                return kind
    return _by_path(path, call)


def find_title(items: Sequence[Item], call: Call) -> Title | None:
    """Return the first title line among the first lines of a document, or None.

    A title may be spread over several lines and spaced out. Several documents' titles
    one under the other are the contents of a bound volume: `other`.
    """
    zone = title_zone(items)
    kinds = {_kind_of_title(numbering(line.text)[1], call) for line in zone} - {"", OTHER}
    if len(kinds) >= _COMBINED:
        return Title(kind=OTHER, text=tidy(zone[0].raw), page=zone[0].page)
    for start in range(len(zone)):
        for end in range(start + 1, min(start + _SPREAD, len(zone)) + 1):
            spread = zone[start:end]
            kind = _kind_of_title("".join(line.text for line in spread), call)
            if kind:
                shown = [line for line in spread if not _ENCLOSURE.match(line.squeezed)]
                text = tidy(" ".join(line.raw for line in shown or spread))
                return Title(kind=kind, text=text, page=spread[0].page)
    return None


def title_zone(items: Sequence[Item]) -> list[Line]:
    """Return the lines at the head of a document, up to its first sentence."""
    zone: list[Line] = []
    for line in _lines(items[:_ZONE_LINES]):
        if len(zone) == _ZONE_LINES or "。" in line.text or len(line.text) > _SENTENCE_LENGTH:
            break
        zone.append(line)
    return zone


def _lines(items: Iterable[Item]) -> Iterable[Line]:
    for item in items:
        if isinstance(item, Grid):
            yield from item.lines()
        else:
            yield item


@dataclass(frozen=True, kw_only=True)
class TitleWords:
    """What a title line says: the kind of document, and what stands before its title."""

    kind: str
    before: str


def _titles(call: Call) -> Iterator[tuple[str, str]]:
    """Yield the titles that the call knows, as `plain` writes them, and what kind each names."""
    yield from ((word, OTHER) for word in plain_words(call.other_titles))
    for each in call.documents:
        yield from ((word, each.id) for word in plain_words(each.titles))


@cache
def _any_title(titles: tuple[tuple[str, ...], ...]) -> re.Pattern[str]:
    words = plain_words(tuple(chain.from_iterable(titles)))
    return re.compile("|".join(map(re.escape, words)))


def holds_title(squeezed: str, call: Call) -> bool:
    """Tell whether a title stands anywhere in the text: quick, for the many lines without."""
    titles = (call.other_titles, *(each.titles for each in call.documents))
    return _any_title(titles).search(squeezed) is not None


def title_in(text: str, call: Call) -> TitleWords | None:
    """Return what the title is that a line ends with (the longest title wins), or None."""
    line = squeeze(plain(text))
    if len(line) > _TITLE_LENGTH or re.search("[,。;!?]", line) or numbering(plain(text))[0]:
        return None
    if ":" in line and not re.match(r"附[件录表]?[\d一二三四五六七八九十]*:[^:]*$", line):
        return None
    line = _without_trailing(line, call)
    ended = [(len(word), kind) for word, kind in _titles(call) if line.endswith(word)]
    if not ended:
        return None
    length, kind = max(ended, key=lambda each: each[0])
    return TitleWords(kind=kind, before=line[: len(line) - length])


def _kind_of_title(text: str, call: Call) -> str:
    title = title_in(text, call)
    return title.kind if title else ""


def _without_trailing(line: str, call: Call) -> str:
    """Cut brackets, versions, dates and words such as 最终版 behind a title."""
    titles = {word for each in call.documents for word in each.titles}
    noise = [word for word in call.name.noise if word not in titles]
    before = None
    while line != before:
        before = line
        line = _TRAILING.sub("", line)
        for word in noise:
            if not line.endswith(tuple(titles)):
                line = line.removesuffix(word)
    return line


def _by_structure(items: Sequence[Item], call: Call) -> str:
    shares = kinds_by_structure(items, call)
    return max(shares, key=lambda kind: shares[kind], default="")


def kinds_by_structure(items: Sequence[Item], call: Call) -> dict[str, float]:
    """Return the kinds whose structure shows in the text: how much more than the least."""
    text = "".join(line.squeezed for line in _lines(items))
    shares: dict[str, float] = {}
    for each in call.documents:
        found = sum(word in text for word in plain_words(each.structure))
        if each.structure and found >= each.structure_least:
            shares[each.id] = found / each.structure_least
    return shares


def _named_otherwise(path: str, call: Call) -> bool:
    return _kind_of_filename(PurePosixPath(path).name, call) == OTHER


def _by_path(path: str, call: Call) -> str:
    """Return the kind that the file name tells, or else its folder's name."""
    parts = PurePosixPath(path).parts[-2:]
    named = (_kind_of_filename(part, call) for part in reversed(parts))
    return next((kind for kind in named if kind), OTHER)


def _kind_of_filename(name: str, call: Call) -> str:
    """Return the kind that a file name tells; `other` where it tells another, or several.

    Words that are also titles count more than the number of an enclosure (附件1).
    """
    text = squeeze(plain(name))
    words = [(word, OTHER, True) for word in call.other_titles]
    for each in call.documents:
        words += [(word, each.id, word in each.titles) for word in each.filenames]
    found = [(*each, at) for each in words if (at := _find_word(text, plain(each[0]))) >= 0]
    longest = [each for each in found if not any(_covers(other, each) for other in found)]
    kinds = {kind for _, kind, titled, _ in longest if titled} or {each[1] for each in longest}
    return OTHER if len(kinds) > 1 else next(iter(kinds), "")


def _covers(one: tuple[str, str, bool, int], other: tuple[str, str, bool, int]) -> bool:
    return (
        len(one[0]) > len(other[0])
        and one[3] <= other[3]
        and one[3] + len(one[0]) >= other[3] + len(other[0])
    )


def _find_word(text: str, word: str) -> int:
    """Return where a word stands, a number not inside a longer one (附件1 in 附件12), or -1."""
    at = text.find(word)
    if at >= 0 and word[-1].isdigit() and text[at + len(word) : at + len(word) + 1].isdigit():
        return -1
    return at
