"""Workbooks for Excel: the registry, and the paper register as staff keep it.

Text is always written as text: a cell that begins with `=` or looks like an address stays
what the applicant wrote and does nothing when the sheet is opened.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from io import BytesIO
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from xlsxwriter import Workbook
from xlsxwriter.format import Format

from config.call import Call
from registry.rows import DocumentState, DossierView, Outcome, PaperRecord
from reports.wording import (
    DOCUMENT_STATES,
    MATCHES,
    OUTCOMES,
    STATUSES,
    USUAL_FIELDS,
    field_title,
    finding_label,
    review_wording,
)

Cell = str | int | date | datetime | None
Row = Sequence[Cell]

SHEET_NAME_LENGTH: Final = 31
"""What Excel allows."""

PAPER_WIDTHS: Final[Mapping[str, int]] = {
    "register_no": 14,
    "received_on": 12,
    "name": 44,
    "secretariat": 32,
    "recommender": 26,
    "copies": 8,
    "sealed": 12,
    "recommended": 12,
    "contact": 12,
    "mobile": 16,
    "email": 26,
    "remark": 32,
}
"""The fields of a paper record, with their width in characters."""

DOSSIER_HEADING: Final = ("对应申报材料", 16)


@dataclass(frozen=True, kw_only=True)
class _Sheet:
    name: str
    columns: tuple[tuple[str, int], ...]
    rows: Iterable[Row]


@dataclass(frozen=True, kw_only=True)
class _Formats:
    heading: Format
    text: Format
    date: Format
    moment: Format


def export_registry(
    path: Path, views: Sequence[DossierView], calls: Mapping[str, Call], zone: ZoneInfo
) -> None:
    """Write dossiers, documents and findings as three sheets; of what is met there is no line.

    `calls` maps registry numbers to the call each dossier is judged by. Raises OSError when
    the file cannot be written.
    """
    _write(
        path,
        (
            _dossier_sheet(views, calls, zone),
            _document_sheet(views, calls, zone),
            _finding_sheet(views, calls),
        ),
    )


def export_paper(path: Path, records: Sequence[PaperRecord], call: Call) -> None:
    """Write the paper register so that importing it again for that call changes nothing.

    One sheet for each sheet it came from, with the columns that sheet had: a column that was
    never kept must not come back as blank cells. Lines gone from their sheet are left out.
    Raises OSError when the file cannot be written.
    """
    readable = tuple(each for each in PAPER_WIDTHS if each in call.paper.columns)
    sheets: dict[tuple[str, tuple[str, ...]], list[PaperRecord]] = {}
    for record in records:
        if not record.gone:
            kept = tuple(each for each in readable if each in record.columns)
            sheets.setdefault((record.sheet, kept or readable), []).append(record)
    if not sheets:
        sheets[("", readable)] = []
    _write(path, (_paper_sheet(name, kept, found, call) for (name, kept), found in sheets.items()))


def _dossier_sheet(
    views: Sequence[DossierView], calls: Mapping[str, Call], zone: ZoneInfo
) -> _Sheet:
    def row(view: DossierView) -> Row:
        it, call = view.row, calls[view.row.number]
        missing = (finding_label(each.id, call) for each in view.missing)
        return (
            it.number,
            it.name,
            it.secretariat,
            it.recommender,
            STATUSES[it.status],
            "；".join(review_wording(each, call) for each in it.review),
            "；".join(dict.fromkeys(missing)),
            view.paper.register_no if view.paper else "",
            MATCHES.get(it.paper_match, it.paper_match) if view.paper else "",
            view.paper.copies if view.paper else None,
            it.sender,
            _local(it.received_at, zone),
            _local(it.updated_at, zone),
            it.due,
        )

    def titled(field: str, otherwise: str) -> str:
        """Return what all calls in the sheet call a field."""
        titles = {field_title(field, each) for each in calls.values()}
        return titles.pop() if len(titles) == 1 else otherwise

    columns = (
        ("登记编号", 14),
        (titled("name", "名称"), 44),
        (titled("secretariat", USUAL_FIELDS["secretariat"]), 32),
        (titled("recommender", USUAL_FIELDS["recommender"]), 26),
        ("状态", 12),
        ("核对原因", 28),
        ("缺件", 40),
        ("纸质登记号", 14),
        ("匹配依据", 16),
        ("纸质份数", 10),
        ("来信地址", 28),
        ("首次收到", 18),
        ("最近更新", 18),
        ("答复期限", 12),
    )
    return _Sheet(name="申报材料", columns=columns, rows=map(row, views))


def _document_sheet(
    views: Sequence[DossierView], calls: Mapping[str, Call], zone: ZoneInfo
) -> _Sheet:
    rows = (
        (
            view.row.number,
            calls[view.row.number].title_of(each.kind),
            each.place,
            each.version,
            "已被替换"
            if each.superseded and each.state is DocumentState.CURRENT
            else DOCUMENT_STATES[each.state],
            "否" if each.problem else "是",
            each.pages,
            each.size,
            each.sha256,
            _local(each.filed_at, zone),
        )
        for view in views
        for each in view.documents
    )
    columns = (
        ("登记编号", 14),
        ("材料", 14),
        ("文件", 44),
        ("版本", 8),
        ("效力", 12),
        ("可读", 8),
        ("页数", 8),
        ("字节数", 12),
        ("SHA-256校验码", 68),
        ("登记时间", 18),
    )
    return _Sheet(name="材料文件", columns=columns, rows=rows)


def _finding_sheet(views: Sequence[DossierView], calls: Mapping[str, Call]) -> _Sheet:
    rows = (
        (
            view.row.number,
            finding_label(each.id, calls[view.row.number]),
            OUTCOMES[each.outcome],
            each.detail,
            each.document,
            each.page,
            each.quote,
        )
        for view in views
        for each in view.findings
        if each.outcome is not Outcome.OK
    )
    columns = (
        ("登记编号", 14),
        ("核对项", 32),
        ("结果", 8),
        ("说明", 50),
        ("文件", 36),
        ("页", 6),
        ("原文", 50),
    )
    return _Sheet(name="核对结果", columns=columns, rows=rows)


def _paper_sheet(
    name: str, kept: tuple[str, ...], records: Sequence[PaperRecord], call: Call
) -> _Sheet:
    rows = ((*(_paper_cell(each, field) for field in kept), each.dossier) for each in records)
    headings = ((call.paper.columns[each][0], PAPER_WIDTHS[each]) for each in kept)
    columns = (*headings, DOSSIER_HEADING)
    return _Sheet(name=name or "纸质收件登记", columns=columns, rows=rows)


def _paper_cell(record: PaperRecord, field: str) -> Cell:
    """Return the cell as the sheet had it: a remark in place of 是 or 否 stays."""
    if field in {"sealed", "recommended"}:
        said = {True: "是", False: "否", None: ""}[getattr(record, field)]
        return str(getattr(record, f"{field}_text")) or said
    if field == "copies" and record.copies is None:
        return record.copies_text
    value: Cell = getattr(record, field)
    return value


def _local(moment: datetime, zone: ZoneInfo) -> datetime:
    """Excel knows no time zones: the time as the center's clock shows it."""
    return moment.astimezone(zone).replace(tzinfo=None)


def _write(path: Path, sheets: Iterable[_Sheet]) -> None:
    memory = BytesIO()
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with Workbook(memory, options) as book:
        formats = _Formats(
            heading=book.add_format({"bold": True, "bottom": 1, "bg_color": "#E8EEF4"}),
            text=book.add_format({"valign": "top"}),
            date=book.add_format({"num_format": "yyyy-mm-dd", "valign": "top"}),
            moment=book.add_format({"num_format": "yyyy-mm-dd hh:mm", "valign": "top"}),
        )
        taken: set[str] = set()
        for sheet in sheets:
            _write_sheet(book, sheet, formats, taken)
    path.write_bytes(memory.getvalue())


def _write_sheet(book: Workbook, sheet: _Sheet, formats: _Formats, taken: set[str]) -> None:
    page = book.add_worksheet(_sheet_name(sheet.name, taken))
    page.freeze_panes(1, 0)
    for column, (heading, width) in enumerate(sheet.columns):
        page.set_column(column, column, width)
        page.write_string(0, column, heading, formats.heading)
    last = 0
    for last, row in enumerate(sheet.rows, start=1):
        for column, cell in enumerate(row):
            match cell:
                case datetime():
                    page.write_datetime(last, column, cell, formats.moment)
                case date():
                    page.write_datetime(last, column, cell, formats.date)
                case int():
                    page.write_number(last, column, cell, formats.text)
                case str() if cell:
                    page.write_string(last, column, cell, formats.text)
    page.autofilter(0, 0, last, len(sheet.columns) - 1)


def _sheet_name(wanted: str, taken: set[str]) -> str:
    """Return a name that Excel allows and that no other sheet bears, in any case."""
    clean = re.sub(r"[\[\]:*?/\\]", " ", wanted).strip(" '") or "登记"
    name, serial = clean[:SHEET_NAME_LENGTH], 1
    while name.lower() in taken:
        serial += 1
        tail = f" ({serial})"
        name = clean[: SHEET_NAME_LENGTH - len(tail)] + tail
    taken.add(name.lower())
    return name
