"""Parties 缔约方 of an agreement: those it names at its head, and those of its signature block."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from config.call import Call
from parsers.labels import clean_value, is_blank
from parsers.lines import Grid, Line, numbering, plain, plain_words, squeeze
from parsers.members import distinct, member_alone, member_of
from parsers.mentions import read_runs
from parsers.names import is_organisation, without_note
from parsers.sections import Section
from parsers.submission import Member
from parsers.table_roles import Role, members_of, role_of

_MARK_LENGTH = 70  # a longer line that speaks of signing is running text
_GAP = 14  # lines between two signatures of one block
_CLAUSES_BEHIND = 3  # a block before so many clauses is none
_HEAD = 120  # lines in which parties may be named ahead of the clauses
_BETWEEN = re.compile(r"[:;,、_\s]+|\([^()]{0,60}\)")
_TO_FILL = re.compile(
    r".{0,8}代表人?(?:\(.{0,8}\))?[::][_.…]*|(?:[^\d年]{1,6}[::])?[\d_〇○零一二三四五六七八九十]*年[\d_一二三四五六七八九十]*月[\d_一二三四五六七八九十]*日?"
)
"""A line for a signature or date, filled in or not."""

_DIVIDED = re.compile(r"[:;,、。_\s]+|\([^()]{0,60}\)")
_LABEL_LENGTH = 14
_BROKEN_FROM, _BROKEN_WITHIN = 6, 4  # a name may be broken that is so long, by so many pieces
_ORDINAL = r"(?:\s?\(?(?:[一二三四五六七八九十]{1,3}|\d{1,2}|[A-Za-z])\)?)?"


@cache
def _party_pattern(labels: tuple[str, ...]) -> re.Pattern[str]:
    longest_first = sorted({plain(each).split("(")[0] for each in labels}, key=len, reverse=True)
    words = "|".join(r"\s{0,4}".join(map(re.escape, each)) for each in longest_first)
    return re.compile(
        rf"(?:^|(?<=[\s;,、|_。]))(?:\d{{1,2}}[.、]\s?)?(?P<label>(?:{words}){_ORDINAL})\s{{0,4}}"
        r"(?:\([^()]{0,30}\)\s{0,4}){0,2}(?P<end>[:_]|(?=\s)|$)"
    )


def agreement_parties(sections: Sequence[Section], kind: str, call: Call) -> Iterator[Member]:
    """Yield the parties that a document names; `sections` end before its signature block.

    They stand beside labels (甲方); in a document that is to be signed also alone on lines, one
    after the other, ahead of the clauses.
    """
    slots = _slots(sections, call.members.party_labels, call)
    labelled = [member for _, member in slots if member is not None]
    listed = list(_listed(sections, call)) if _is_signed(kind, call) else []
    yield from max(labelled, listed, key=lambda each: len(distinct(each)))


def before_signatures(sections: Sequence[Section], kind: str, call: Call) -> Sequence[Section]:
    """Return what stands before the signature block of a document that is to be signed."""
    block = _block_of(sections, call) if _is_signed(kind, call) else None
    return sections[: block.start] if block else sections


def _listed(sections: Sequence[Section], call: Call) -> Iterator[Member]:
    """Yield the organisations that lines ahead of the clauses name, with little beside them."""
    for section in sections[:_HEAD]:
        item = section.item
        if isinstance(item, Grid):
            continue
        names = _parties_in(item, call)
        yield from names
        if not names and ("。" in item.text or numbering(item.text)[0] in {1, 2}):
            return


def _parties_in(line: Line, call: Call) -> list[Member]:
    """Return the parties of a line that names them, between labels, persons and addresses."""
    alone = member_alone(line, "", call)
    if alone:
        return [alone]
    pieces = [each for each in _pieces(line, call, _DIVIDED) if each.raw.strip()]
    named = [each for each in pieces if _whole_name(each, (), call)]
    others = [each for each in pieces if each not in named]
    if not named or pieces.index(named[0]) > 1 or not all(map(_is_beside_name, others)):
        return []
    return [member_of(_whole_name(each, (), call), line, "", call) for each in named]


def _is_beside_name(piece: _Piece) -> bool:
    """Whether a piece may stand beside a party's name: a label, a person, an address."""
    text = squeeze(plain(piece.raw))
    return len(text) <= _LABEL_LENGTH or re.search(r"[路街道镇区园村]\S{0,12}\d", text) is not None


def _is_signed(kind: str, call: Call) -> bool:
    return any(each.rule == "signatures" and each.document == kind for each in call.checks)


@dataclass(frozen=True, kw_only=True)
class Signatures:
    """The signature block of a document: who is to sign, and all that stands in it."""

    parties: tuple[Member, ...]
    text: tuple[str, ...]


def read_signatures(sections: Sequence[Section], kind: str, call: Call) -> Signatures | None:
    """Return the signature block; None where there is none.

    A blank line beside a party's label (`丁方（盖章）：`) stands for the party of that label. A
    block that still has a blank line for somebody tells nothing of who is missing: it
    has no party, like a block of blank lines alone.
    """
    block = _block_of(sections, call) if _is_signed(kind, call) else None
    if block is None:
        return None
    known = dict(_slots(sections[: block.start], call.members.party_labels, call))
    inside = sections[block.start : block.stop]
    slots = list(_slots(inside, call.members.party_labels, call))
    open_lines = list(_slots(inside, call.members.signature_labels, call))
    named = [signer for label, member in slots if (signer := member or known.get(label))]
    signers = distinct([*named, *_signers(inside, call)])
    blank = any(member is None and not known.get(label) for label, member in slots)
    blanks = sum(member is None for _, member in open_lines)
    told = () if blank or blanks > len(signers) else signers
    return Signatures(parties=told, text=read_runs(each.item for each in inside))


def _signers(sections: Sequence[Section], call: Call) -> Iterator[Member]:
    """Yield the organisations in the name column of a table, and those that stand in lines."""
    pieces: list[_Piece] = []
    for section in sections:
        item = section.item
        if isinstance(item, Grid) and role_of(item, call) is Role.MEMBERS:
            yield from members_of(item, "", call)
            continue
        for line in item.lines() if isinstance(item, Grid) else (item,):
            pieces += _pieces(line, call)
    for at, piece in enumerate(pieces):
        raw = _whole_name(piece, pieces[at + 1 : at + 1 + _BROKEN_WITHIN], call)
        if raw:
            yield member_of(raw, piece.line, "", call)


@dataclass(frozen=True, kw_only=True)
class _Piece:
    """What stands in a line between gaps, colons and brackets for a seal or signature."""

    raw: str
    line: Line


def _pieces(line: Line, call: Call, between: re.Pattern[str] = _BETWEEN) -> Iterator[_Piece]:
    at = 0
    for found in between.finditer(line.text):
        sealed = any(word in found[0] for word in call.placeholders.excused)
        if sealed or "(" not in found[0]:
            yield _Piece(raw=line.raw[at : found.start()], line=line)
            at = found.end()
    yield _Piece(raw=line.raw[at:], line=line)


def _whole_name(piece: _Piece, following: Sequence[_Piece], call: Call) -> str:
    """Return the organisation that a piece names; its end may stand on one of the next lines."""
    name = numbering(plain(piece.raw))[1]
    for title in plain_words(call.members.signature_marks):
        name = name.removeprefix(title)
    if is_organisation(without_note(name)):
        return piece.raw.rstrip()[-len(name) :]
    for each in following if len(name) >= _BROKEN_FROM else ():
        end = plain(each.raw)
        if is_organisation(name + end) and not is_organisation(end):
            return piece.raw + each.raw
    return ""


def _slots(
    sections: Sequence[Section], labels: tuple[str, ...], call: Call
) -> Iterator[tuple[str, Member | None]]:
    """Yield each party label with the organisation beside it; None where it was left blank."""
    if not labels:
        return
    lines = list(_lines(sections))
    for at, (line, beside) in enumerate(lines):
        found = list(_party_pattern(labels).finditer(line.text))
        first = len(line.text) - len(line.text.lstrip())
        for number, each in enumerate(found):
            if not each["end"] and each.start() > first:
                continue
            last = number + 1 == len(found)
            value = line.raw[each.end() : len(line.raw) if last else found[number + 1].start()]
            if is_blank(value) and last:
                value = beside or _next_name(lines, at)
            yield from _named(squeeze(each["label"]), value, line, call)


def _named(label: str, value: str, line: Line, call: Call) -> Iterator[tuple[str, Member | None]]:
    excused = call.placeholders.excused
    cleaned = clean_value(value, excused)
    if not cleaned:
        yield label, None
        return
    lines = [clean_value(each, excused) for each in value.split("\n") if each.strip()]
    listed = len(lines) > 1 and all(is_organisation(without_note(each)) for each in lines)
    for part in lines if listed else re.split(r"[、,，;；]|\s{2,}", cleaned):
        if is_organisation(without_note(part)):
            yield label, member_of(part, line, "", call)


def _next_name(lines: Sequence[tuple[Line, str]], at: int) -> str:
    following = lines[at + 1][0] if at + 1 < len(lines) else None
    return following.raw if following and is_organisation(without_note(following.text)) else ""


def _lines(sections: Sequence[Section]) -> Iterator[tuple[Line, str]]:
    """Yield all lines, those of a table with the next filled cell of their row."""
    for section in sections:
        if isinstance(section.item, Line):
            yield section.item, ""
            continue
        for row in section.item.rows:
            filled = [cell for cell in row if cell.squeezed]
            for at, cell in enumerate(filled):
                beside = filled[at + 1].raw if at + 1 < len(filled) else ""
                parts = list(cell.split())
                yield from ((part, beside if len(parts) == 1 else "") for part in parts)


def _block_of(sections: Sequence[Section], call: Call) -> range | None:
    """Return the sections of the signature block: the last cluster of lines that betray one."""
    marked = [at for at, section in enumerate(sections) if _is_marked(section, call)]
    if not marked:
        return None
    start = marked[-1]
    for at in reversed(marked[:-1]):
        if start - at > _GAP:
            break
        start = at
    clauses = sum(_is_clause(section) for section in sections[start + 1 :])
    if clauses >= _CLAUSES_BEHIND:
        return None
    while start > 0 and _belongs_to_block(sections[start - 1], call):
        start -= 1
    stop = marked[-1] + 1
    while stop < len(sections) and _belongs_to_block(sections[stop], call):
        stop += 1
    return range(start, stop)


def _is_marked(section: Section, call: Call) -> bool:
    item = section.item
    lines = item.lines() if isinstance(item, Grid) else (item,)
    marks = plain_words(call.members.signature_marks)
    return any(
        _TO_FILL.fullmatch(line.squeezed) or any(mark in line.squeezed for mark in marks)
        for line in lines
        if len(line.text.strip()) <= _MARK_LENGTH and not re.search("。|[;,、]$", line.text.strip())
        if not _is_provision(line)
    )


def _is_provision(line: Line) -> bool:
    return (
        numbering(line.text)[0] in {1, 2} or re.search(r"生效|后方可|之日起", line.text) is not None
    )


def _is_clause(section: Section) -> bool:
    return isinstance(section.item, Line) and numbering(section.item.text)[0] in {1, 2}


def _belongs_to_block(section: Section, call: Call) -> bool:
    """Whether a line beside the marks belongs to their block: a party, its name, a blank."""
    item = section.item
    if not isinstance(item, Line) or "。" in item.text:
        return False
    labels = call.members.party_labels + call.members.signature_labels
    label = _party_pattern(labels).match(item.text.lstrip())
    return bool(label or is_blank(item.text) or member_alone(item, "", call))
