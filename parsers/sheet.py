"""Spreadsheets: Excel and Kingsoft workbooks by calamine, and comma-separated text."""

from __future__ import annotations

import csv
import io
import struct
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import IO

import python_calamine as calamine

from parsers import media
from parsers.charsets import decode_text
from parsers.errors import ParseError
from parsers.ole import open_ole, with_stream
from parsers.package import BROKEN, Package
from parsers.plain import read_text, without_controls
from parsers.submission import Block, Content, Page, Problem
from parsers.workbook_key import open_package, open_records

MAX_CELLS = 1_000_000
MAX_BYTES = 128 * 1024 * 1024

Value = int | float | str | bool | time | date | datetime | timedelta

# Records of .xls files (MS-XLS 2.3.2), and parts of .xlsx files.
_FILE_PASS, _DRAWN_RECORDS = 0x002F, {0x005D, 0x00EC}
_DRAWN_PARTS = ("xl/media/", "xl/drawings/", "xl/charts/", "xl/embeddings/")

_DELIMITERS = ",\t;，；|"
_EXACT = 1e15  # whole numbers up to here are exact in a cell


def read_workbook(path: Path, media_type: str) -> Content:
    """Read an Excel workbook: one table a sheet, hidden ones too, under the sheet's name.

    The name is left out where only one sheet holds anything. A merged cell stands once, in
    its first place; numbers and days stand as they are kept, not as the sheet shows them.
    One that is protected, but that Excel opens for anybody, is read. Raises ParseError: locked,
    damaged, too large, empty, or a scan when there are only pictures.
    """
    if path.stat().st_size > MAX_BYTES:
        raise ParseError(Problem.TOO_LARGE)
    pictures, source = _package(path) if media_type == media.XLSX else _records(path)
    try:
        with calamine.CalamineWorkbook.from_filelike(source) as workbook:
            sheets = list(_sheets(workbook))
    except calamine.CalamineError as error:
        raise ParseError(Problem.DAMAGED, str(error)) from error
    named = len(sheets) > 1
    blocks = [block for name, rows in sheets for block in _blocks(name if named else "", rows)]
    if pictures and not blocks:
        raise ParseError(Problem.SCAN)
    return _content(media_type, blocks)


def read_locked(path: Path, media_type: str) -> Content:
    """Read an encrypted office file if it is a workbook that Excel opens for anybody.

    Raises ParseError: locked, or what `read_workbook` says of what is inside.
    """
    del media_type
    try:
        return read_workbook(path, media.XLSX)
    except ParseError as error:
        if error.problem is Problem.DAMAGED:  # something else, or nothing that can be opened
            raise ParseError(Problem.LOCKED) from error
        raise


def read_csv(path: Path, media_type: str) -> Content:
    """Read comma-separated text, or what is separated otherwise, as one table."""
    if path.stat().st_size > MAX_BYTES:
        raise ParseError(Problem.TOO_LARGE)
    lines = without_controls(decode_text(path.read_bytes())).splitlines(keepends=True)
    first = next((line for line in lines if line.strip()), "")
    delimiter = max(_DELIMITERS, key=first.count)
    try:
        rows = [[cell.strip() for cell in row] for row in csv.reader(lines, delimiter=delimiter)]
    except csv.Error:  # a quotation mark that is never closed, before a very long text
        return read_text(path, media_type)
    return _content(media_type, _blocks("", rows))


def _package(path: Path) -> tuple[bool, IO[bytes]]:
    """Return whether an .xlsx has pictures, charts or text boxes, and its bytes.

    Raises ParseError: locked, too large, damaged.
    """
    raw = path.read_bytes()
    if not zipfile.is_zipfile(path):
        with open_ole(path) as ole:
            raw = open_package(ole.read("EncryptionInfo"), ole.read("EncryptedPackage"))
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            package = Package(archive)
            package.admit_all()
    except BROKEN as error:
        raise ParseError(Problem.DAMAGED, str(error)) from error
    return any(name.startswith(_DRAWN_PARTS) for name in package.names), io.BytesIO(raw)


def _records(path: Path) -> tuple[bool, IO[bytes]]:
    """Return whether an .xls has pictures, charts or text boxes, and its bytes.

    Raises ParseError: locked, damaged.
    """
    with open_ole(path) as ole:
        name = "Workbook" if "Workbook" in ole else "Book"
        raw = ole.read(name)
    kinds, at = set(), 0
    while at + 4 <= len(raw):
        kind, size = struct.unpack_from("<HH", raw, at)
        kinds.add(kind)
        at += 4 + size
    whole = path.read_bytes()
    if _FILE_PASS in kinds:
        whole = with_stream(whole, name, open_records(raw))
    return not kinds.isdisjoint(_DRAWN_RECORDS), io.BytesIO(whole)


def _sheets(workbook: calamine.CalamineWorkbook) -> Iterator[tuple[str, list[list[str]]]]:
    left = MAX_CELLS
    for index, told in enumerate(workbook.sheets_metadata):
        if told.typ is not calamine.SheetTypeEnum.WorkSheet:
            continue
        sheet = workbook.get_sheet_by_index(index)
        left -= sheet.width * sheet.height
        if left < 0:
            raise ParseError(Problem.TOO_LARGE, told.name)
        covered = _covered(sheet)
        row, column = sheet.start or (0, 0)
        rows = [
            [text(value) for x, value in enumerate(cells, column) if (y, x) not in covered]
            for y, cells in enumerate(sheet.to_python(), row)
        ]
        if any(map(any, rows)):
            yield told.name, rows


def _covered(sheet: calamine.CalamineSheet) -> set[tuple[int, int]]:
    """Return the cells that a merged cell takes to its right; below it, empty ones stay."""
    end = sheet.end or (0, 0)
    return {
        (y, x)
        for (top, left), (bottom, right) in sheet.merged_cell_ranges or ()
        for y in range(top, min(bottom, end[0]) + 1)
        for x in range(left + 1, min(right, end[1]) + 1)
    }


def text(value: Value) -> str:
    """Return a cell's value as text: whole numbers without a point, days as 2016-05-20."""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        whole = value.is_integer() and abs(value) < _EXACT
        return str(int(value)) if whole else format(value, ".15g")
    if isinstance(value, datetime):
        day = value.time() == time()
        return value.date().isoformat() if day else value.isoformat(" ", "seconds")
    return without_controls(str(value)).strip()


def _blocks(name: str, rows: Iterable[Sequence[str]]) -> Iterator[Block]:
    """Yield a sheet's name and its rows without blank ones; a single cell is a line."""
    trimmed = (_trimmed(row) for row in rows)
    kept = tuple(row for row in trimmed if row)
    if name and kept:
        yield name
    if len(kept) == 1 and len(kept[0]) == 1:
        yield from kept[0]
    elif kept:
        yield kept


def _trimmed(row: Sequence[str]) -> tuple[str, ...]:
    filled = [index for index, cell in enumerate(row) if cell]
    return tuple(row[: filled[-1] + 1]) if filled else ()


def _content(media_type: str, blocks: Iterable[Block]) -> Content:
    page = Page(number=None, blocks=tuple(blocks))
    if not page.blocks:
        raise ParseError(Problem.EMPTY)
    return Content(media_type=media_type, pages=(page,))
