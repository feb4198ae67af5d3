"""Opening spreadsheets: .xlsx, .xls and .csv in, rows of plain cells out."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from io import StringIO
from itertools import islice
from pathlib import Path
from typing import Any

from parsers.children import environment_of_child

Cell = str | bool | int | float | date | datetime | None
Row = tuple[Cell, ...]

_SECONDS = 120

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
        return _workbook(path)
    return (Sheet(name=path.stem, rows=_csv_rows(path, data)),)


def _unreadable(path: Path, why: object) -> UnreadableError:
    reason = " ".join(str(why).split())
    message = (
        f"{path} is no spreadsheet that can be read: {reason}; "
        "save it as .xlsx or .csv (UTF-8 or GB18030)"
    )
    return UnreadableError(message)


def _workbook(path: Path) -> tuple[Sheet, ...]:
    """Have a child open a workbook; a child that dies of it costs nothing but the file."""
    try:
        child = subprocess.run(  # noqa: S603 - our own module and a path
            [sys.executable, "-P", "-m", "registry.sheet_child", str(path.resolve())],
            env=environment_of_child(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_SECONDS,
            check=True,
        )
    except subprocess.TimeoutExpired as error:
        raise _unreadable(path, f"it takes longer than {_SECONDS} seconds") from error
    except subprocess.CalledProcessError as error:
        raise _unreadable(path, "the file is damaged") from error
    answer = json.loads(child.stdout, object_hook=_cell_or_object)
    if "error" in answer:
        raise _unreadable(path, answer["error"])
    return tuple(
        Sheet(name=_own_name(path, name), rows=tuple(map(tuple, rows)))
        for name, rows in answer["sheets"]
    )


def _cell_or_object(found: dict[str, Any]) -> Any:  # noqa: ANN401 - what JSON holds
    if "moment" in found:
        return datetime.fromisoformat(found["moment"])
    return date.fromisoformat(found["day"]) if "day" in found else found


def _own_name(path: Path, name: str) -> str:
    return f"{path.stem} {name}" if _DEFAULT_NAME.fullmatch(name) else name


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
