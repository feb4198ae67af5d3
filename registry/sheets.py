"""Opening spreadsheets: .xlsx, .xls and .csv in, rows of plain cells out."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from io import BytesIO, StringIO
from itertools import islice
from pathlib import Path

from python_calamine import CalamineError, CalamineSheet, SheetTypeEnum, load_workbook

Cell = str | bool | int | float | date | datetime | time | timedelta | None
Row = tuple[Cell, ...]

MOST_CELLS = 10_000_000
"""More than any register has; a sheet that claims more has a stray cell at its far end."""

_WORKBOOK_SUFFIXES = {".xlsx", ".xlsm", ".xlsb", ".xls", ".et", ".ods"}
_WORKBOOK_MAGIC = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_DEFAULT_NAME = re.compile(r"(?:sheet|工作表)\s*\d*", re.IGNORECASE)
_DELIMITERS = ",;\t"
_SAMPLE_ROWS = 50


class UnreadableError(Exception):
    """A file that is no readable register; the message, one line, says what to do."""


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """One sheet. `rows` begins with the row that Excel calls 1; a blank cell is None or empty.

    Every cell of a merged range holds the range's value. `name` is the sheet's; a sheet
    with a name that Excel gave, and a .csv, which has none, go by the file's as well.
    """

    name: str
    rows: tuple[Row, ...]


def open_sheets(path: Path) -> tuple[Sheet, ...]:
    """Read all sheets of a spreadsheet, hidden ones too.

    Raises UnreadableError for a file that is missing, empty, damaged, locked with a
    password, or no spreadsheet at all.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}"
        raise UnreadableError(message) from error
    if not data.strip():
        raise _unreadable(path, "the file is empty")
    if path.suffix.lower() in _WORKBOOK_SUFFIXES or data.startswith(_WORKBOOK_MAGIC):
        return _workbook(path, data)
    return (Sheet(name=path.stem, rows=_csv_rows(path, data)),)


def _unreadable(path: Path, why: object) -> UnreadableError:
    reason = " ".join(str(why).split())
    message = (
        f"{path} is no spreadsheet that can be read: {reason}; "
        "save it as .xlsx or .csv (UTF-8 or GB18030)"
    )
    return UnreadableError(message)


def _workbook(path: Path, data: bytes) -> tuple[Sheet, ...]:
    try:
        with load_workbook(BytesIO(data)) as book:
            kinds = book.sheets_metadata
            names = [each.name for each in kinds if each.typ is SheetTypeEnum.WorkSheet]
            return tuple(_sheet(path, book.get_sheet_by_name(each)) for each in names)
    except CalamineError as error:
        raise _unreadable(path, error) from error


def _sheet(path: Path, sheet: CalamineSheet) -> Sheet:
    if sheet.total_height * sheet.total_width > MOST_CELLS:
        last = f"row {sheet.total_height}, column {sheet.total_width}"
        raise _unreadable(
            path, f"sheet {sheet.name} reaches to {last}; delete the stray cell there"
        )
    rows: list[list[Cell]] = list(map(list, sheet.to_python(skip_empty_area=False)))
    for (top, left), (bottom, right) in sheet.merged_cell_ranges or ():
        _fill(rows, top, left, bottom, right)
    name = f"{path.stem} {sheet.name}" if _DEFAULT_NAME.fullmatch(sheet.name) else sheet.name
    return Sheet(name=name, rows=tuple(map(tuple, rows)))


def _fill(rows: list[list[Cell]], top: int, left: int, bottom: int, right: int) -> None:
    """Write the value of a merged range into each of its cells that the sheet reaches to."""
    if top >= len(rows) or left >= len(rows[top]):
        return
    value = rows[top][left]
    for row in rows[top : bottom + 1]:
        for column in range(left, min(right + 1, len(row))):
            row[column] = value


def _csv_rows(path: Path, data: bytes) -> tuple[Row, ...]:
    text = _decoded(path, data)
    try:
        widths = {each: _cells(text, each) for each in _DELIMITERS}
        best = max(widths, key=widths.__getitem__)
        return tuple(map(tuple, _reader(text, best)))
    except csv.Error as error:
        raise _unreadable(path, error) from error


def _decoded(path: Path, data: bytes) -> str:
    """Return the text of a .csv: UTF-8 with or without its mark, UTF-16 with it, or GB18030."""
    encodings = ("utf-16",) if data.startswith(_UTF16_MARKS) else ("utf-8-sig", "gb18030")
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise _unreadable(path, "its bytes are no text")


def _reader(text: str, delimiter: str) -> Iterable[list[str]]:
    return csv.reader(StringIO(text, newline=""), delimiter=delimiter)


def _cells(text: str, delimiter: str) -> int:
    """Return how many cells the first rows have when divided in that way."""
    return sum(map(len, islice(_reader(text, delimiter), _SAMPLE_ROWS)))
