"""The sentences 句 of a document; in a table, a label and what stands beside or below it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from parsers.labels import Labels, is_blank
from parsers.lines import Grid, Item, Line, squeeze

SENTENCE_CELL = 15
"""A longer cell is a sentence of its own; a shorter one may be a label."""

_SENTENCE_END = re.compile(r"[。;!?\n]")
_LABELLED = re.compile(r":\s*[^\s_]")
_AMOUNT = re.compile(r"\d+\D{0,3}")
_AMOUNT_IN = re.compile("[0-9一二三四五六七八九十]+[人名位家个]")
_VALUE = re.compile("[0-9、,;]")
_LONGEST = 1500  # characters; what goes on longer is no sentence
_LEAST_HEADINGS = 3  # of a row that only their odd number betrays

Pair = tuple[Line, Line | None]
"""A cell that may be a label, and its value; None where the space was left blank."""


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """A sentence without white space, where it begins in its line, and the item it stands in."""

    text: str
    at: int
    line: Line
    place: int = 0


def sentences_of(
    items: Sequence[Item], labels: Labels, left_out: Collection[int]
) -> Iterator[Sentence]:
    """Yield the sentences of lines and tables, but for the items at the places left out."""
    for place, item in enumerate(items):
        if place in left_out:
            continue
        if isinstance(item, Grid):
            found = _sentences_of_table(item, labels)
        else:
            found = _sentences_of_line(item)
        yield from (replace(each, place=place) for each in found)


def _sentences_of_line(line: Line) -> Iterator[Sentence]:
    start = 0
    for end in [*(each.end() for each in _SENTENCE_END.finditer(line.text)), len(line.text)]:
        text = squeeze(line.text[start:end])[:_LONGEST]
        if text:
            yield Sentence(text=text, at=start, line=line)
        start = end


def _sentences_of_table(grid: Grid, labels: Labels) -> Iterator[Sentence]:
    """Yield long cells, labels with their values, and the headings of a numbered list."""
    for row in grid.rows:
        for cell in row:
            if len(cell.squeezed) > SENTENCE_CELL or _LABELLED.search(cell.text):
                yield from _sentences_of_line(cell)
    for pairs in pairs_of_rows(grid, labels):
        for cell, value in pairs:
            if value and not is_blank(value.text):
                yield Sentence(text=f"{cell.squeezed}:{value.squeezed}", at=0, line=cell)
    for row, below in pairwise(grid.rows):
        if row and below and below[0].squeezed == "1":
            text = ",".join(cell.squeezed for cell in row)
            yield Sentence(text=text, at=0, line=row[0])


def pairs_of_rows(grid: Grid, labels: Labels) -> Iterator[list[Pair]]:
    """Yield the short cells of each row with what stands beside them, or below row headings.

    The values under a row of headings yield no pairs; what follows them is laid out alike.
    """
    at, stacked = 0, False
    while at < len(grid.rows):
        row, below = grid.rows[at], grid.rows[at + 1] if at + 1 < len(grid.rows) else ()
        stacked = _is_heading_row(row, below, labels, stacked=stacked)
        if stacked:
            yield [
                (cell, value if value.squeezed else None)
                for cell, value in zip(row, below, strict=True)
            ]
        else:
            yield _pairs_in_row(row, labels)
        at += 2 if stacked else 1


def _pairs_in_row(row: Sequence[Line], labels: Labels) -> list[Pair]:
    pairs: list[Pair] = []
    at = 0
    while at < len(row):
        value = None
        if _is_short(row[at]) and not row[at].squeezed.isdigit():
            value = _beside(row, at, labels)
            pairs.append((row[at], value))
        at += 2 if value else 1
    return pairs


def _beside(row: Sequence[Line], at: int, labels: Labels) -> Line | None:
    """Return the cell beside a label, or behind blank ones at the end of the row."""
    filled = next((each for each in range(at + 1, len(row)) if row[each].squeezed), None)
    if filled is None or _is_label(row[filled], labels):
        return None
    return row[filled] if filled in {at + 1, len(row) - 1} else None


def _is_short(cell: Line) -> bool:
    return 0 < len(cell.squeezed) <= SENTENCE_CELL


def _is_label(cell: Line, labels: Labels) -> bool:
    """Whether a cell is a label; an amount (`专职4名`) is a value, whatever it is of."""
    if cell.squeezed.endswith(":"):
        return True
    return bool(labels.key(cell.text)) and not _AMOUNT_IN.search(cell.text)


def _is_heading_row(
    row: Sequence[Line], below: Sequence[Line], labels: Labels, *, stacked: bool
) -> bool:
    """Whether all cells of a row are headings, whose values stand in the row below.

    Rows above that are laid out so (`stacked`) betray it, labels side by side, an odd number
    of cells, or that what would be a label is blank or an amount.
    """
    if len(row) < 2 or len(below) != len(row):  # noqa: PLR2004 - a lone cell heads nothing
        return False
    if not all(_is_short(cell) and not _VALUE.search(cell.text) for cell in row):
        return False
    first = below[0].squeezed
    if _is_label(below[0], labels):
        return False
    known = [_is_label(cell, labels) for cell in row]
    side_by_side = any(one and other for one, other in pairwise(known))
    odd = len(row) >= _LEAST_HEADINGS and len(row) % 2 == 1
    return stacked or side_by_side or odd or not first or bool(_AMOUNT.fullmatch(first))
