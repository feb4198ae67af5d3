"""What a document says of the clauses 条款 that the call asks for, and where."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

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
from parsers.sentences import SENTENCE_CELL, Sentence, pairs_of_rows, sentences_of
from parsers.submission import Hit

_JOINTS = re.compile("[与和及、的之以]")
_NEGATION = re.compile(
    r"(?:不涉及|不包括|不设|不约定|未约定|未设|暂不|暂无|没有|无需|无)[^,。;]{0,6}$"
)
_PURPOSE = re.compile(r"^(?:鉴于|为了|为|本着|遵循|坚持)|(?:原则|宗旨)$")
_LABEL = re.compile("[^,。;!?:]{2,18}:")
_SUBJECT_WITHIN = 6  # the subject of a sentence begins within so many characters
_SHORTEST_TEXT = 4  # characters beside a label that state a clause
_ARTICLE = 2  # the depth of 第一条 and 一、


@dataclass(frozen=True, kw_only=True)
class _Titled:
    """A heading with its words as compared; `filled` when something stands under it."""

    joined: str
    heading: Heading
    line: Line
    filled: bool


def read_clauses(items: Sequence[Item], call: Call) -> dict[str, Hit]:
    """Return what a document says of each clause check of the call, by finding id.

    Rivals are hit where both stand.

    A line of a table of contents, or a heading with nothing under it, leaves a clause
    doubtful (`weak`), like words that the call lists as such. A heading over a blank table
    says nothing: the form prints it.
    """
    checks = [each for each in call.checks if each.rule == "clause"]
    labels = labels_of(call, ())
    titled, hollow = _headings(items, labels)
    sentences = list(sentences_of(items, labels, hollow))
    text = "\n".join(each.text for each in sentences)
    hits = {each.id: _hit(each, titled, sentences, text, call) for each in checks}
    hits |= {each.id: _rivals(each, sentences) for each in call.checks if each.rule == "rivals"}
    return {finding: hit for finding, hit in hits.items() if hit}


def _hit(
    check: Check,
    titled: Sequence[_Titled],
    sentences: Sequence[Sentence],
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
        if any(word in each.joined for word in _joined_words(check.weak)):
            return _hit_at("weak", each.line)
    spoken = next((each for each in sentences if any(word in each.text for word in weak)), None)
    return _hit_at("weak", spoken.line, spoken.at) if spoken else None


def _rivals(check: Check, sentences: Sequence[Sentence]) -> Hit | None:
    """Return where one of two clauses that exclude each other stands, if both do."""
    one, other = (
        next((each for each in sentences if _speaks(each.text, plain_words(words), check)), None)
        for words in (check.words, check.rivals)
    )
    return _hit_at("text", one.line, one.at) if one and other else None


def _hit_at(strength: str, line: Line, at: int = 0) -> Hit:
    return Hit(strength=strength, page=line.page, quote=quote_of(line.raw, at))


# ── Headings ──────────────────────────────────────────────────────────────────────────


def _joined(text: str) -> str:
    """Return a heading without the words that join its parts: 权利和义务 is 权利与义务."""
    return _JOINTS.sub("", squeeze(text))


@cache
def _joined_words(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(_joined(word) for word in plain_words(words))


def _names(titled: _Titled, check: Check) -> bool:
    """Whether a heading names a clause; a slogan does only as the heading of an article."""
    joined = titled.joined
    slogans = check.slogans if titled.heading.level > _ARTICLE else ()
    headings = _joined_words(check.headings)
    if not any(word in joined for word in headings):
        return False
    for phrase in _joined_words(check.decoys + slogans):
        joined = joined.replace(phrase, "")
    return any(word in joined for word in headings)


def _headings(items: Sequence[Item], labels: Labels) -> tuple[list[_Titled], set[int]]:
    """Return all headings, and the places of those that are no sentence of their own.

    An item of a list (`3、专家委员会`) is one, an article with nothing under it is not. A
    label of a form that was left blank is neither.
    """
    titled: list[_Titled] = []
    hollow: set[int] = set()
    for at, item in enumerate(items):
        following = items[at + 1] if at + 1 < len(items) else None
        if isinstance(item, Grid):
            titled += _labelled(item, labels)
            continue
        heading = None if _is_quotation(item) else heading_of(item.text)
        before = items[at - 1] if at else None
        over_blank = heading and isinstance(following, Grid) and not _holds_data(following)
        if over_blank or _is_blank_label(before, item, following):
            hollow.add(at)
            continue
        if not heading:
            continue
        contents = is_contents_line(item.text)
        filled = not contents and _is_filled(heading, following)
        if contents or (heading.level <= _ARTICLE and not filled):
            hollow.add(at)
        joined = _joined(heading.title)
        titled.append(_Titled(joined=joined, heading=heading, line=item, filled=filled))
    return titled, hollow


def _labelled(grid: Grid, labels: Labels) -> Iterator[_Titled]:
    """Yield the labels of rows that say something beside them: clauses laid out as a table."""
    for pairs in pairs_of_rows(grid, labels):
        label, value = pairs[0] if len(pairs) == 1 else (None, None)
        head = heading_of(label.squeezed) if label else None
        if label and head and value and len(value.squeezed) >= _SHORTEST_TEXT:
            heading = replace(head, level=_ARTICLE)
            yield _Titled(joined=_joined(head.title), heading=heading, line=label, filled=True)


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
    if below is None or below.rest:
        return True
    deeper = below.level > heading.level
    return deeper or (below.numbered and not heading.numbered and below.level > _ARTICLE)


def _is_blank_label(before: Item | None, line: Line, following: Item | None) -> bool:
    """Whether a line is a label of a form with nothing behind its colon, among other labels."""
    if not _LABEL.fullmatch(line.squeezed) or not _begins_with_label(before):
        return False
    below = heading_of(following.text) if isinstance(following, Line) else None
    return below is not None or _begins_with_label(following)


def _begins_with_label(item: Item | None) -> bool:
    if not isinstance(item, Line) or numbering(item.text)[0]:
        return False
    return _LABEL.match(item.squeezed) is not None


def _holds_data(grid: Grid) -> bool:
    """Whether a table holds more than its headings and serial numbers."""
    for row in grid.rows[1:]:
        filled = [cell.squeezed for cell in row if cell.squeezed]
        if sum(not (text.isdigit() or is_blank(text)) for text in filled) > 1:
            return True
    first = grid.rows[0] if grid.rows else ()
    return len(grid.rows) == 1 and any(len(cell.squeezed) > SENTENCE_CELL for cell in first)


# ── Sentences ─────────────────────────────────────────────────────────────────────────


def _proof(check: Check, sentences: Sequence[Sentence], text: str, call: Call) -> Sentence | None:
    """Return the sentence that states a clause, or the first of enough that speak of it."""
    stating = _stating(check, sentences, text)
    words = [word for word in plain_words(check.words) if word in text]
    if stating or not words:
        return stating
    speaking = [each for each in sentences if _speaks(each.text, words, check)]
    if not speaking:
        return None
    binding = [each for each in speaking if any(word in each.text for word in call.obligations)]
    if check.least <= 1 or (len(speaking) >= check.least and binding):
        return speaking[0]
    return next((each for each in binding if _is_subject(each.text, words, call)), None)


def _stating(check: Check, sentences: Sequence[Sentence], text: str) -> Sentence | None:
    """Return the first sentence that holds a word of each group of a statement, or None."""
    for statement in check.statements:
        groups = [[word for word in plain_words(each) if word in text] for each in statement]
        if all(groups):
            for each in sentences:
                if all(_speaks(each.text, group, check) for group in groups):
                    return each
    return None


def _speaks(sentence: str, words: Sequence[str], check: Check) -> bool:
    """Whether a sentence uses one of the words, neither in a set phrase nor to deny it.

    Where a clause has set phrases, what a document was written for settles nothing either.
    """
    if not any(word in sentence for word in words):
        return False
    for phrase in plain_words(check.slogans + check.decoys):
        sentence = sentence.replace(phrase, "")
    found = ((word, sentence.find(word)) for word in words)
    if not any(at >= 0 and not _NEGATION.search(sentence[max(0, at - 12) : at]) for _, at in found):
        return False
    return not (check.slogans and _PURPOSE.search(numbering(sentence.rstrip("。;"))[1]))


def _is_subject(sentence: str, words: Sequence[str], call: Call) -> bool:
    """Whether a word is what a sentence is about: it stands first, before any obligation."""
    _, rest = numbering(sentence)
    for word in words:
        at = rest.find(word)
        if 0 <= at <= _SUBJECT_WITHIN and not any(each in rest[:at] for each in call.obligations):
            return True
    return False
