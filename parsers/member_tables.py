"""Members in tables: a row for each under headings, or a sheet of labels and values for each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from config.call import Call
from parsers.fields import pairs_of
from parsers.labels import keys_of, label_key, labels_of
from parsers.lines import Grid, Line
from parsers.members import kind_in_caption, may_be_name, member_of, without_note
from parsers.names import is_organisation
from parsers.sections import names_kind_only
from parsers.submission import Member

_LEAST_HEADINGS = 2


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Which columns hold name, kind and code, under which row of headings of which `width`."""

    header: int
    name: int
    kind: int | None
    code: int | None
    width: int


def columns_of(grid: Grid, labels: tuple[str, ...], call: Call) -> Columns | None:
    """Return the columns of a table that lists organisations, or None.

    A table with a column for people (`person_labels`) lists those. Its heading must stand
    above an organisation, or beside headings: in a sheet it stands beside its value.
    """
    names, people = keys_of(labels), keys_of(call.members.person_labels)
    known = labels_of(call, labels).known
    for at, row in enumerate(grid.rows):
        keys = [label_key(cell.text) for cell in row]
        if people.intersection(keys):
            continue
        name = next((column for column, key in enumerate(keys) if key in names), None)
        if name is None or sum(1 for key in keys if key) < _LEAST_HEADINGS:
            continue
        beside = keys[name + 1] if name + 1 < len(keys) else keys[name - 1]
        below = (each[name].text for each in grid.rows[at + 1 :] if len(each) > name)
        above = next((text for text in below if text.strip()), "")
        if beside in known or (beside and is_organisation(above) and not is_organisation(beside)):
            kind, code = (
                next((column for column, key in enumerate(keys) if key in keys_of(each)), None)
                for each in (call.members.kind_labels, call.members.code_labels)
            )
            return Columns(header=at, name=name, kind=kind, code=code, width=len(row))
    return None


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
    keys = keys_of(call.members.name_labels)
    people = keys_of(call.members.person_labels)
    for row in grid.rows[columns.header + 1 :]:
        filled = [cell for cell in row if cell.squeezed]
        labels = {label_key(cell.text) for cell in filled}
        if labels & people:
            return
        if labels & keys:
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
