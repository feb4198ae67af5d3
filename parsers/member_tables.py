"""Members in tables: a row for each under headings, or a sheet of labels and values for each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from config.call import Call
from parsers.fields import heading_of_list, pairs_of
from parsers.labels import keys_of, labels_of
from parsers.lines import Grid, Line
from parsers.members import kind_in_caption, may_be_name, member_of
from parsers.names import is_organisation, without_note
from parsers.sections import names_kind_only
from parsers.submission import Member


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Which columns hold name, kind and code, under which row of headings of which `width`."""

    header: int
    name: int
    kind: int | None
    code: int | None
    width: int


def columns_of(grid: Grid, words: tuple[str, ...], call: Call) -> Columns | None:
    """Return the columns of a table that lists organisations under one of `words`, or None.

    A table with a column for people (`person_labels`) lists those. Where the heading is not as
    wide as its rows, names are looked for where most organisations stand.
    """
    labels = labels_of(call, words)
    heading = heading_of_list(grid, labels)
    if heading is None or heading.keys & keys_of(call.members.person_labels):
        return None
    keys = [labels.key(cell.text) for cell in grid.rows[heading.first]]
    name = next((column for column, key in enumerate(keys) if key in labels.wanted), None)
    if name is None:
        return None
    rows = grid.rows[heading.last + 1 :]
    width = Counter(map(len, rows)).most_common(1)[0][0]
    if not width:
        return None
    if width != len(keys):
        keys, name = [], _column_of_organisations(rows, width)
    kind, code = (
        next((column for column, key in enumerate(keys) if key in keys_of(each)), None)
        for each in (call.members.kind_labels, call.members.code_labels)
    )
    return Columns(header=heading.last, name=name, kind=kind, code=code, width=width)


def _column_of_organisations(rows: Sequence[Sequence[Line]], width: int) -> int:
    counts = Counter(
        column
        for row in rows
        for column, cell in enumerate(row[:width])
        if is_organisation(without_note(cell.text))
    )
    return counts.most_common(1)[0][0] if counts else 0


def members_of_grid(grid: Grid, columns: Columns | None, hint: str, call: Call) -> Iterator[Member]:
    """Yield the members of a table under a caption.

    It is a sheet, or has rows under `columns`; without headings its rows begin with a name.
    """
    sheet = list(sheet_of(grid, hint, call))
    if sheet:
        yield from sheet
    elif columns:
        yield from rows_of(grid, columns, hint, call)
    else:
        for row in grid.rows:
            first = _first_organisation([cell for cell in row if cell.squeezed][:2])
            if first:
                yield member_of(first.raw, first, hint, call)


def rows_of(grid: Grid, columns: Columns, hint: str, call: Call) -> Iterator[Member]:
    """Yield the member of each row; rows that only name a kind set it for those below."""
    labels = labels_of(call, call.members.name_labels)
    people = keys_of(call.members.person_labels)
    for row in grid.rows[columns.header + 1 :]:
        filled = [cell for cell in row if cell.squeezed]
        keys = {labels.key(cell.text) for cell in filled}
        if keys & people:
            return
        if keys & labels.wanted:
            continue
        if len(filled) == 1 and names_kind_only(filled[0].squeezed, call):
            hint = kind_in_caption(filled[0].squeezed, call)
            if not is_organisation(filled[0].text):
                continue
        aligned = len(row) == columns.width
        cell = row[columns.name] if aligned else _first_organisation(filled)
        if cell is None or not may_be_name(cell.raw, call):
            continue
        kind = row[columns.kind].text if aligned and columns.kind is not None else ""
        code = row[columns.code].text if aligned and columns.code is not None else ""
        counted = columns.name > 0 and row[0].squeezed.isdigit()
        if not (counted or kind or code or is_organisation(without_note(cell.text))):
            continue
        yield member_of(cell.raw, cell, hint, call, stated=kind, code=code)


def _first_organisation(cells: Sequence[Line]) -> Line | None:
    return next((cell for cell in cells if is_organisation(without_note(cell.text))), None)


def sheet_of(grid: Grid, hint: str, call: Call) -> Iterator[Member]:
    """Yield the member that a sheet of labels and values is about."""
    members = call.members
    if columns_of(grid, members.name_labels, call):
        return
    for pair in pairs_of(grid, labels_of(call, members.name_labels)):
        if may_be_name(pair.value, call):
            kind = _first_value(grid, members.kind_labels, call)
            code = _first_value(grid, members.code_labels, call)
            yield member_of(pair.value, pair.line, hint, call, stated=kind, code=code)


def _first_value(grid: Grid, labels: tuple[str, ...], call: Call) -> str:
    return next((pair.value for pair in pairs_of(grid, labels_of(call, labels))), "")
