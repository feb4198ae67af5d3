"""One file that holds several documents (a bound volume 合订本): parted at its title pages.

A page heads a document when a title line stands at its top that says nothing but what the
document is, and the alliance's name. In a format without pages, any line that stands alone
and says so does. Fewer than two kinds make one document.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from config.call import Call
from parsers.lines import items_of, line_of, plain, squeeze
from parsers.names import find_names
from parsers.recognise import (
    OTHER,
    find_title,
    holds_title,
    kinds_by_structure,
    title_in,
    title_zone,
)
from parsers.submission import Block, Content, Page

_FEW = 4  # characters of any word beside a name, which make the title no other: 合作框架协议
_NAME = "\0"  # stands for a name in a title line
_LEAST = 120  # characters; less is a cover, or a title named in passing
_SPREAD = 4  # over so many lines a title may be spread
_LISTED = 3  # so many kinds on one page are a list of contents
_RUNNING = 3  # a line that heads so many pages, and most of them, is a running header
_BEFORE = re.compile(r"附[件录表]?[\d一二三四五六七八九十]*:?|(?:20\d\d|二[〇零]..)年度?")
_AROUND = '的《》<>()"“”:—-'


@dataclass(frozen=True, kw_only=True)
class Part:
    """A document inside a file: its kind, its own pages, and where in the file it begins.

    `may_hold` are kinds that no title announces, but whose structure shows in this part.
    """

    kind: str
    content: Content
    first_page: int | None
    may_hold: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Placed:
    """A line or table, and the index of its page."""

    page: int
    block: Block


_Piece = tuple[str, Sequence[_Placed]]  # the kind of a document, and what is its own


def split(content: Content, call: Call) -> tuple[Part, ...]:
    """Return the documents that a file holds, in their order; nothing when it is a single one.

    What comes before the first title belongs to the first document, unless its own title or
    structure shows that it is something else.
    """
    if content.problem is not None:
        return ()
    placed = [
        _Placed(page=index, block=block)
        for index, page in enumerate(content.pages)
        for block in page.blocks
    ]
    titles = list(_titles(content, placed, call))
    if len({kind for _, kind in titles}) < 2:  # noqa: PLR2004 - one kind is one document
        return ()
    ends = [start for start, _ in titles[1:]] + [len(placed)]
    pieces = [(kind, placed[start:end]) for (start, kind), end in zip(titles, ends, strict=True)]
    return _parts(_with_beginning(placed[: titles[0][0]], pieces, content, call), content, call)


def _parts(pieces: Sequence[_Piece], content: Content, call: Call) -> tuple[Part, ...]:
    announced = {kind for kind, _ in pieces}
    parts = []
    for at, (kind, placed) in enumerate(pieces):
        end = pieces[at + 1][1][0].page if at + 1 < len(pieces) else len(content.pages)
        own = _content_of(placed, content, end)
        hidden = kinds_by_structure(items_of(own), call).keys() - announced
        first = content.pages[placed[0].page].number
        parts.append(Part(kind=kind, content=own, first_page=first, may_hold=tuple(sorted(hidden))))
    return tuple(parts)


def _content_of(placed: Sequence[_Placed], content: Content, end: int) -> Content:
    """Return the content that these lines make; `end` is the index of the page behind it."""
    pages = tuple(
        replace(content.pages[index], blocks=tuple(each.block for each in run))
        for index, run in groupby(placed, key=lambda each: each.page)
    )
    count = end - placed[0].page if content.page_count is not None else None
    own = range(placed[0].page + 1, end + 1)
    seals = tuple(each for each in content.seals if each.page in own)
    return replace(content, pages=pages, page_count=count, seals=seals)


def _with_beginning(
    placed: Sequence[_Placed],
    pieces: Sequence[_Piece],
    content: Content,
    call: Call,
) -> list[_Piece]:
    """Put what comes before the first title where it belongs."""
    if not placed:
        return list(pieces)
    items = items_of(_content_of(placed, content, pieces[0][1][0].page))
    title = find_title(items, call)
    shown = kinds_by_structure(items, call).keys() - dict(pieces).keys()
    if shown and _length(placed) >= _LEAST:
        return [(min(shown), placed), *pieces]
    if title and title.kind not in dict(pieces) and _length(placed) >= _LEAST:
        return [(title.kind, placed), *pieces]
    kind, first = pieces[0]
    return [(kind, [*placed, *first]), *pieces[1:]]


def _length(placed: Sequence[_Placed]) -> int:
    return sum(len(squeeze(line)) for each in placed for line in _lines(each.block))


def _lines(block: Block) -> Iterator[str]:
    if isinstance(block, str):
        yield block
    else:
        yield from (cell for row in block for cell in row)


def _titles(content: Content, placed: Sequence[_Placed], call: Call) -> Iterator[tuple[int, str]]:
    """Yield where a document begins, and its kind; not where the one before just goes on."""
    paged = any(page.number is not None for page in content.pages)
    found = _heads_of_pages(content, placed, call) if paged else _announced(placed, call)
    firsts = _first_of_runs(found)
    ends = [start for start, _ in firsts[1:]] + [len(placed)]
    long = zip(firsts, ends, strict=False)  # the end is left over where there is no title
    yield from _first_of_runs(
        (start, kind) for (start, kind), end in long if _length(placed[start:end]) >= _LEAST
    )


def _first_of_runs(titles: Iterable[tuple[int, str]]) -> list[tuple[int, str]]:
    """Return the first title of each run of one kind: it goes on until another begins."""
    return [next(run) for _, run in groupby(titles, key=lambda each: each[1])]


def _heads_of_pages(
    content: Content, placed: Sequence[_Placed], call: Call
) -> Iterator[tuple[int, str]]:
    """Yield where a page begins that bears a title among its first lines."""
    running = _running_headers(content.pages)
    start = 0
    for index, run in groupby(placed, key=lambda each: each.page):
        page = list(run)
        shown = [each for each in page if each.block not in running]
        zone = title_zone([line_of(str(each.block), None) for each in shown[: _first_table(shown)]])
        lines = [_Placed(page=index, block=line.raw) for line in zone]
        kinds = [kind for _, kind in _announced(lines, call)]
        if kinds and len(set(kinds)) < _LISTED:
            yield start, kinds[0]
        start += len(page)


def _first_table(placed: Sequence[_Placed]) -> int:
    return next(
        (at for at, each in enumerate(placed) if not isinstance(each.block, str)), len(placed)
    )


def _running_headers(pages: Sequence[Page]) -> set[Block]:
    """Return the lines that head most of the pages."""
    times = Counter(page.blocks[0] for page in pages if page.blocks)
    least = max(_RUNNING, len(pages) // 2 + 1)
    return {line for line, count in times.items() if count >= least}


def _announced(placed: Sequence[_Placed], call: Call) -> Iterator[tuple[int, str]]:
    """Yield where lines say nothing but a document's title, which may be spread over a few."""
    taken = 0
    for start in range(len(placed)):
        if start < taken:
            continue
        for end in range(start + 1, min(start + _SPREAD, len(placed)) + 1):
            spread = [each.block for each in placed[start:end]]
            lines = [each for each in spread if isinstance(each, str) and each.strip()]
            if len(lines) < len(spread):
                break
            kind = _says_only_title("".join(lines), call)
            if kind:
                yield start, kind
                taken = end
                break


def _fillers(call: Call) -> Iterator[str]:
    yield from call.title_fillers
    yield from call.name.leads
    yield from call.name.prefixes
    yield from call.name.suffixes


def _says_only_title(raw: str, call: Call) -> str:
    """Return the kind that a line announces by saying nothing but its title and a name."""
    words = squeeze(plain(raw))
    if not holds_title(words, call):
        return ""
    for name in find_names(raw, call):
        words = words.replace(squeeze(plain(name)), _NAME)
    title = title_in(words, call)
    if title is None or title.kind == OTHER:
        return ""
    ahead, named, between = title.before.rpartition(_NAME)
    most = _FEW if named else 0
    return "" if _besides(ahead, call) or len(_besides(between, call)) > most else title.kind


def _besides(rest: str, call: Call) -> str:
    """Return what a title line says besides numbers of enclosures, years and usual words."""
    before = None
    while rest != before:
        before = rest
        rest = _BEFORE.sub("", rest).strip(_AROUND + _NAME)
        for word in _fillers(call):
            rest = rest.removeprefix(plain(word)).removesuffix(plain(word))
    return rest
