"""What a document says of the clauses 条款 that the call asks for, and where."""

from __future__ import annotations

import re
from collections import Counter
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
from parsers.names import is_organisation, leads_with_organisation
from parsers.phrasing import any_of, asserted
from parsers.recognise import title_in
from parsers.sentences import SENTENCE_CELL, Sentence, pairs_of_rows, sentences_of
from parsers.submission import Hit

_JOINTS = re.compile("[与和及、的之以]")
_PURPOSE = re.compile(r"^(?:鉴于|为了|为|本着|遵循|坚持)|(?:原则|宗旨)$")
_LABEL = re.compile("[^,。;!?:]{2,18}:")
_SHORTEST_TEXT = 4  # characters beside a label that state a clause
_AMOUNT = re.compile("[0-9]+[人名位家个]")
_TITLE_LINES = 4  # among which a document's own title stands, which is no heading of a clause
_ARTICLE = 2  # the depth of 第一条 and 一、
_MANNER = 2  # so many headings of one form show how a document heads its articles


@dataclass(frozen=True, kw_only=True)
class _Titled:
    """A heading, where it stands, and its words as compared; `filled` when text stands under it."""

    joined: str
    heading: Heading
    line: Line
    place: int
    filled: bool


def read_clauses(items: Sequence[Item], kind: str, call: Call) -> dict[str, Hit]:
    """Return what a document of that kind says of each clause check of the call, by finding id.

    Rivals are hit where both stand.

    A line of a table of contents, or a heading with nothing under it, leaves a clause
    doubtful (`weak`), like words that the call lists as such. A heading over a blank table
    says nothing: the form prints it. An article of which nobody can tell what it is about may
    be any clause that is asked of the document (`unknown`).
    """
    checks = [each for each in call.checks if each.rule == "clause"]
    labels = labels_of(call, ())
    titled, hollow = _headings(items, labels, call, is_form=call.has_fields(kind))
    sentences = list(sentences_of(items, labels, hollow))
    hits = {each.id: _hit(each, titled, sentences, call) for each in checks}
    hits |= {each.id: _rivals(each, sentences) for each in call.checks if each.rule == "rivals"}
    asked = [each for each in checks if each.document == kind and not each.anywhere]
    if any(hits[each.id] is None for each in asked):
        articles = [each for each in titled if not labels.is_label(each.heading.title)]
        unknown = _unknown_article(articles, sentences, kind, call)
        hits |= {each.id: hits[each.id] or unknown for each in asked}
    return {finding: hit for finding, hit in hits.items() if hit}


def _hit(
    check: Check, titled: Sequence[_Titled], sentences: Sequence[Sentence], call: Call
) -> Hit | None:
    heads = [each for each in titled if _names(each, check)]
    full = next((each for each in heads if each.filled), None)
    if full:
        return _hit_at("heading", full.line)
    proof = _proof(check, sentences, call)
    if proof:
        return _hit_at("text", proof.line, proof.at)
    weak = any_of(check.weak, _joined)
    heads += [each for each in titled if weak.search(each.joined)]
    if heads:
        return _hit_at("weak", heads[0].line)
    spoken = next((each for each in sentences if _states(each.text, (check.weak,), check)), None)
    return _hit_at("weak", spoken.line, spoken.at) if spoken else None


def _rivals(check: Check, sentences: Sequence[Sentence]) -> Hit | None:
    """Return where one of two clauses that exclude each other stands, if both do."""
    one, other = (
        next((each for each in sentences if _states(each.text, (words,), check)), None)
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
    slogans = check.slogans if titled.heading.level > _ARTICLE else ()
    title = any_of(check.decoys).sub("", titled.heading.title)  # 目标和考核 is no 目标考核
    joined = any_of(slogans, _joined).sub("", _joined(title))
    topics = ((check.headings,), *check.topics)
    return any(all(any_of(words, _joined).search(joined) for words in groups) for groups in topics)


def _headings(
    items: Sequence[Item], labels: Labels, call: Call, *, is_form: bool
) -> tuple[list[_Titled], set[int]]:
    """Return all headings, and the places of those that are no sentence of their own.

    An item of a list (`3、专家委员会`) is one, an article with nothing under it is not, nor
    any heading of a form. A label of a form that was left blank is neither.
    """
    titled: list[_Titled] = []
    hollow: set[int] = set()
    for at, item in enumerate(items):
        following = items[at + 1] if at + 1 < len(items) else None
        if isinstance(item, Grid):
            titled += _labelled(item, at, labels)
            continue
        heading = None if _is_quotation(item) else heading_of(item.text)
        before = items[at - 1] if at else None
        over_blank = heading and isinstance(following, Grid) and not _holds_data(following)
        if over_blank or _is_blank_label(before, item, following):
            hollow.add(at)
            continue
        if not heading or (at < _TITLE_LINES and title_in(item.text, call)):
            continue
        contents = is_contents_line(item.text)
        filled = not contents and _is_filled(heading, following)
        if is_form and not filled:
            hollow.add(at)
            continue
        if contents or (heading.level <= _ARTICLE and not filled):
            hollow.add(at)
        titled.append(_titled(heading, item, at, filled=filled))
    return titled, hollow


def _titled(heading: Heading, line: Line, place: int, *, filled: bool) -> _Titled:
    joined = _joined(heading.title)
    return _Titled(joined=joined, heading=heading, line=line, place=place, filled=filled)


def _labelled(grid: Grid, place: int, labels: Labels) -> Iterator[_Titled]:
    """Yield the labels of rows that say something beside them: clauses laid out as a table."""
    for pairs in pairs_of_rows(grid, labels):
        label, value = pairs[0] if len(pairs) == 1 else (None, None)
        head = heading_of(label.squeezed) if label else None
        if label and head and value and len(value.squeezed) >= _SHORTEST_TEXT:
            heading = replace(head, level=_ARTICLE)
            yield _titled(heading, label, place, filled=True)


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
    if below is None or below.rest or _AMOUNT.fullmatch(following.squeezed):
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


def _proof(check: Check, sentences: Sequence[Sentence], call: Call) -> Sentence | None:
    """Return the sentence that states a clause, or the first of enough that speak of it."""
    for statement in check.statements:
        stating = (each for each in sentences if _states(each.text, statement, check))
        if found := next((each for each in stating if _counts(each.text, check, call)), None):
            return found
    speaking = [each for each in sentences if _states(each.text, (check.words,), check)]
    speaking = [each for each in speaking if _counts(each.text, check, call)]
    if len(speaking) < check.least:
        return None
    binding = any_of(call.obligations)
    bound = check.least == 1 or any(binding.search(each.text) for each in speaking)
    return speaking[0] if bound else None


def _counts(sentence: str, check: Check, call: Call) -> bool:
    """Whether what a sentence states may prove a clause: not another one, nor of one member."""
    other = any_of(check.unless).search(sentence)
    return not other and not (check.collective and _is_of_one_body(sentence, call))


def _is_of_one_body(sentence: str, call: Call) -> bool:
    """Whether a sentence tells of one organisation, and of nothing that it shares."""
    shared = plain_words((call.name.subject, call.members.title, *call.members.organs))
    return leads_with_organisation(numbering(sentence)[1]) and not any(
        word in sentence for word in shared
    )


def _states(sentence: str, statement: Sequence[tuple[str, ...]], check: Check) -> bool:
    """Whether a sentence asserts a phrase of each group, and not in a set phrase.

    Where a clause has set phrases, what a document was written for settles nothing either.
    """
    groups = [any_of(words) for words in statement]
    if not all(each.search(sentence) for each in groups):
        return False
    bare = any_of(check.slogans + check.decoys).sub("", sentence)
    if not all(asserted(each, bare) for each in groups):
        return False
    return not (check.slogans and _PURPOSE.search(numbering(sentence.rstrip("。;"))[1]))


# ── Articles that nobody knows ────────────────────────────────────────────────────────


def _unknown_article(
    titled: Sequence[_Titled], sentences: Sequence[Sentence], kind: str, call: Call
) -> Hit | None:
    """Return the first article that neither heading nor text places, or None."""
    document = call.document(kind)
    familiar = any_of(document.familiar if document else (), _joined)
    checks = [each for each in call.checks if each.rule == "clause"]
    named = {each.place for each in titled if any(_names(each, check) for check in checks)}
    heads = [each for each in titled if _may_head_article(each)]
    known = named | {each.place for each in heads if familiar.search(each.joined)}
    anchors = [each for each in heads if each.place in (known if each.heading.numbered else named)]
    articles = _articles(heads, anchors)
    ends = [each.place for each in articles[1:]]
    ends += [max((each.place for each in sentences), default=0) + 1]
    for article, end in zip(articles, ends, strict=False):  # the end is left over without any
        inside = range(article.place, end)
        text = [each for each in sentences if each.place in inside]
        placed = any(place in inside for place in known)
        if article.filled and not placed and not any(_proof(each, text, call) for each in checks):
            return _hit_at("unknown", article.line)
    return None


def _may_head_article(titled: _Titled) -> bool:
    """Whether a heading has a number or stands alone, and is not just a party's name."""
    alone = titled.heading.numbered or not re.search("[:;。〔(]", titled.line.text)
    return alone and not is_organisation(titled.heading.title)


def _articles(heads: Sequence[_Titled], anchors: Sequence[_Titled]) -> list[_Titled]:
    """Return the headings among those that are known, of the form that most of these have."""
    forms = Counter((each.heading.level, each.heading.numbered) for each in anchors)
    form, count = max(forms.items(), key=lambda each: each[1], default=((), 0))
    if count < _MANNER:
        return []
    alike = [each for each in heads if (each.heading.level, each.heading.numbered) == form]
    places = {each.place for each in anchors}
    reach = [at for at, each in enumerate(alike) if each.place in places]
    return alike[reach[0] : reach[-1] + 1]
