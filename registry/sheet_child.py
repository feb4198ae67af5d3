"""The child that opens a workbook: `python -m registry.sheet_child FILE`, started by `sheets`.

It prints one JSON document: `{"sheets": [[name, rows], …]}` or `{"error": reason}`. The
library that reads workbooks ends its whole process on some damaged files.
"""

from __future__ import annotations

import json
import resource
import sys
from datetime import date, datetime
from typing import Any

from python_calamine import CalamineError, CalamineSheet, SheetTypeEnum, load_workbook

MOST_CELLS = 4_000_000
"""More than any register has; a sheet that claims more has a stray cell at its far end."""

_MEMORY = 2 << 30


def main() -> None:
    """Print the sheets of the workbook named by the only argument."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        answer: dict[str, Any] = {"sheets": _sheets(sys.argv[1])}
    except (CalamineError, ValueError) as error:
        answer = {"error": str(error)}
    json.dump(answer, sys.stdout, default=_plain)


def _sheets(path: str) -> list[Any]:
    with load_workbook(path) as book:
        kinds = book.sheets_metadata
        names = [each.name for each in kinds if each.typ is SheetTypeEnum.WorkSheet]
        return [[each, _rows(book.get_sheet_by_name(each))] for each in names]


def _rows(sheet: CalamineSheet) -> list[list[Any]]:
    """Return the rows from the first on; each cell of a merged range has the range's value.

    Raises ValueError for a sheet of more than `MOST_CELLS`.
    """
    last, width = sheet.end or (0, 0)
    if (last + 1) * (width + 1) > MOST_CELLS:
        message = f"sheet {sheet.name} reaches to row {last + 1}: delete the stray cell there"
        raise ValueError(message)
    rows: list[list[Any]] = list(sheet.to_python(skip_empty_area=False))
    for (top, left), (bottom, right) in sheet.merged_cell_ranges or ():
        for row in rows[top : bottom + 1]:
            reach = min(right + 1, len(row))
            row[left:reach] = [rows[top][left]] * (reach - left)
    return rows


def _plain(cell: object) -> object:
    """Say what JSON cannot: days and moments by their kind, times and durations as text."""
    match cell:
        case datetime():
            return {"moment": cell.isoformat()}
        case date():
            return {"day": cell.isoformat()}
    return str(cell)


if __name__ == "__main__":
    main()
