"""What a document says of the clauses 条款 that the call asks for, and where."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from config.call import Call, Check
from parsers.labels import Labels, is_blank, labels_of
from parsers.lines import (
    Grid,
    Heading,
    Item,
    Line,
    heading_of,
    is_contents_line,
    numbering,
    plain_words,
    quote_of,
    squeeze,
)
from parsers.submission import Hit

_JOINTS = re.compile("[与和及、的之以]")
_NEGATION = re.compile(
    r"(?:不涉及|不包括|不设|不约定|未约定|未设|暂不|暂无|没有|无需|无)[^,。;]{0,6}$"
)
_PURPOSE = re.compile(r"^(?:鉴于|为了|为|本着|遵循|坚持)|(?:原则|宗旨)$")
_SENTENCE_END = re.compile(r"[。;!?\n]")
_SUBJECT_WITHIN = 6  # the subject of a sentence begins within so many characters
_SENTENCE_CELL = 15  # a longer cell is a sentence of its own
_LABEL_AND_TEXT, _SHORTEST_TEXT = 2, 4  # cells of a row that states a clause, characters of it
_ARTICLE = 2  # the depth of 第一条 and 一、


@dataclass(frozen=True, kw_only=True)
class _Titled:
    """A heading with its words as compared; `filled` when something stands under it."""

    joined: str
    heading: Heading
    line: Line
    filled: bool


@dataclass(frozen=True, kw_only=True)
class _Sentence:
    text: str
    at: int
    line: Line


def read_clauses(items: Sequence[Item], call: Call) -> dict[str, Hit]:
    """Return what a document says of each clause check of the call, by finding id.

    Rivals are hit where both stand.

    A line of a table of contents, or a heading with nothing under it, leaves a clause
    doubtful (`weak`), like words that the call lists as such. A heading over a blank table
    says nothing: the form prints it.
    """
    checks = [each for each in call.checks if each.rule == "clause"]
    titled, hollow = _headings(items)
    sentences = list(_sentences(items, labels_of(call, ()), hollow))
    text = "\n".join(each.text for each in sentences)
    hits = {each.id: _hit(each, titled, sentences, text, call) for each in checks}
    hits |= {each.id: _rivals(each, sentences) for each in call.checks if each.rule == "rivals"}
    return {finding: hit for finding, hit in hits.items() if hit}


def _hit(
    check: Check,
    titled: Sequence[_Titled],
    sentences: Sequence[_Sentence],
    text: str,
    call: Call,
) -> Hit | None:
    heads = [each for each in titled if _names(each, check)]
    full = next((each for each in heads if each.filled), None)
    if full:
        return _hit_at("heading", full.line)
    proof = _proof(check, sentences, text, call)
    if proof:
        return _hit_at("text", proof.line, proof.at)
    if heads:
        return _hit_at("weak", heads[0].line)
    weak = plain_words(check.weak)
    for each in titled:
        if any(_joined(word) in each.joined for word in weak):
            return _hit_at("weak", each.line)
    spoken = next((each for each in sentences if any(word in each.text for word in weak)), None)
    return _hit_at("weak", spoken.line, spoken.at) if spoken else None


def _rivals(check: Check, sentences: Sequence[_Sentence]) -> Hit | None:
    """Return where one of two clauses that exclude each other stands, if both do."""
    one, other = (
        next((each for each in sentences if _speaks(each.text, plain_words(words), ())), None)
        for words in (check.words, check.rivals)
    )
    return _hit_at("text", one.line, one.at) if one and other else None


def _hit_at(strength: str, line: Line, at: int = 0) -> Hit:
    return Hit(strength=strength, page=line.page, quote=quote_of(line.raw, at))


# ── Headings ──────────────────────────────────────────────────────────────────────────


def _joined(text: str) -> str:
    """Return a heading without the words that join its parts: 权利和义务 is 权利与义务."""
    return _JOINTS.sub("", squeeze(text))


def _names(titled: _Titled, check: Check) -> bool:
    """Whether a heading names a clause; a slogan does only as the heading of an article."""
    joined = titled.joined
    if titled.heading.level > _ARTICLE:
        for slogan in plain_words(check.slogans):
            joined = joined.replace(_joined(slogan), "")
    return any(_joined(word) in joined for word in plain_words(check.headings))


def _headings(items: Sequence[Item]) -> tuple[list[_Titled], set[int]]:
    """Return all headings, and the places of those that are no sentence of their own.

    An item of a list (`3、专家委员会`) is one, an article with nothing under it is not.
    """
    titled: list[_Titled] = []
    hollow: set[int] = set()
    for at, item in enumerate(items):
        if isinstance(item, Grid):
            titled += _labelled(item)
            continue
        heading = None if _is_quotation(item) else heading_of(item.text)
        if not heading:
            continue
        following = items[at + 1] if at + 1 < len(items) else None
        contents = is_contents_line(item.text)
        over_blank = isinstance(following, Grid) and not _holds_data(following)
        filled = not contents and _is_filled(heading, following)
        if contents or over_blank or (heading.level <= _ARTICLE and not filled):
            hollow.add(at)
        if not over_blank:
            joined = _joined(heading.title)
            titled.append(_Titled(joined=joined, heading=heading, line=item, filled=filled))
    return titled, hollow


def _labelled(grid: Grid) -> Iterator[_Titled]:
    """Yield the labels of rows that say something beside them: clauses laid out as a table."""
    for row in grid.rows:
        filled = [cell for cell in row if cell.squeezed]
        head = heading_of(filled[0].squeezed) if len(filled) == _LABEL_AND_TEXT else None
        if head and len(filled[1].squeezed) >= _SHORTEST_TEXT and not is_blank(filled[1].text):
            heading = replace(head, level=_ARTICLE)
            yield _Titled(joined=_joined(head.title), heading=heading, line=filled[0], filled=True)


def _is_quotation(line: Line) -> bool:
    return line.squeezed.startswith(("《", "“", "注:"))


def _is_filled(heading: Heading, following: Item | None) -> bool:
    if heading.rest and not is_blank(heading.rest):
        return True
    if following is None:
        return False
    if isinstance(following, Grid):
        return True
    below = heading_of(following.text)
    return below is None or below.level > heading.level or bool(below.rest)


def _holds_data(grid: Grid) -> bool:
    """Whether a table holds more than its headings and serial numbers."""
    for row in grid.rows[1:]:
        filled = [cell.squeezed for cell in row if cell.squeezed]
        if sum(not (text.isdigit() or is_blank(text)) for text in filled) > 1:
            return True
    first = grid.rows[0] if grid.rows else ()
    return len(grid.rows) == 1 and any(len(cell.squeezed) > _SENTENCE_CELL for cell in first)


# ── Sentences ─────────────────────────────────────────────────────────────────────────


def _sentences(items: Sequence[Item], labels: Labels, hollow: set[int]) -> Iterator[_Sentence]:
    for at, item in enumerate(items):
        if at in hollow:
            continue
        if isinstance(item, Grid):
            yield from _sentences_of_table(item, labels)
        else:
            yield from _sentences_of_line(item)


def _sentences_of_line(line: Line) -> Iterator[_Sentence]:
    start = 0
    for end in [*(each.end() for each in _SENTENCE_END.finditer(line.text)), len(line.text)]:
        if line.text[start:end].strip():
            yield _Sentence(text=line.text[start:end], at=start, line=line)
        start = end


def _sentences_of_table(grid: Grid, labels: Labels) -> Iterator[_Sentence]:
    """Yield long cells, and short ones together with the value that stands beside them."""
    for row in grid.rows:
        for at, cell in enumerate(row):
            if len(cell.squeezed) > _SENTENCE_CELL:
                yield from _sentences_of_line(cell)
                continue
            beside = next((each for each in row[at + 1 :] if each.squeezed), None)
            valued = beside and not is_blank(beside.text) and not labels.key(beside.text)
            if cell.squeezed and beside and valued:
                yield _Sentence(text=f"{cell.squeezed} {beside.text}", at=0, line=cell)


def _proof(check: Check, sentences: Sequence[_Sentence], text: str, call: Call) -> _Sentence | None:
    """Return the first of enough sentences that speak of a clause, or None."""
    words = [word for word in plain_words(check.words) if word in text]
    if not words:
        return None
    slogans = plain_words(check.slogans)
    speaking = [each for each in sentences if _speaks(each.text, words, slogans)]
    if not speaking:
        return None
    binding = [each for each in speaking if any(word in each.text for word in call.obligations)]
    if check.least <= 1 or (len(speaking) >= check.least and binding):
        return speaking[0]
    return next((each for each in binding if _is_subject(each.text, words, call)), None)


def _speaks(sentence: str, words: Sequence[str], slogans: Sequence[str]) -> bool:
    if not any(word in sentence for word in words):
        return False
    for slogan in slogans:
        sentence = sentence.replace(slogan, "")
    for word in words:
        at = sentence.find(word)
        if at >= 0 and not _NEGATION.search(sentence[max(0, at - 12) : at]):
            return not (slogans and _PURPOSE.search(numbering(sentence.rstrip("。;"))[1]))
    return False


def _is_subject(sentence: str, words: Sequence[str], call: Call) -> bool:
    """Whether a word is what a sentence is about: it stands first, before any obligation."""
    _, rest = numbering(sentence)
    for word in words:
        at = rest.find(word)
        if 0 <= at <= _SUBJECT_WITHIN and not any(each in rest[:at] for each in call.obligations):
            return True
    return False
