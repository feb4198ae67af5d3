"""The paper register 纸质收件登记表 as staff keep it in Excel."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from ingest.samples.alliances import Alliance

DateStyle = Literal["short", "chinese", "excel", "slashed"]

_COLUMNS = (
    ("序号", 6),
    ("登记号", 14),
    ("收件日期", 13),
    ("联盟名称", 40),
    ("秘书处单位", 32),
    ("推荐单位", 26),
    ("推荐函文号", 18),
    ("领域", 18),
    ("成员单位数", 8),
    ("份数(应5)", 8),
    ("装订", 8),
    ("盖章齐全", 10),
    ("推荐意见", 10),
    ("送达方式", 18),
    ("联系人", 16),
    ("手机", 14),
    ("邮箱", 26),
    ("接收人", 8),
    ("备注", 20),
)
_GROUPS = (("收件", 0, 2), ("申报联盟", 3, 8), ("纸质材料", 9, 13), ("联系方式", 14, 16))


@dataclass(frozen=True, kw_only=True)
class RegisterRow:
    """One line of the register: a bound set of paper as it came in.

    `batch` is the sheet it stands on. `date_style` is how staff typed the date: 5.31,
    2016年5月31日, a date of Excel's, or 2016/5/31. `sealed` and `recommended` are what stands
    in the cell, empty where nobody has looked.
    """

    register_no: str
    received_on: date
    name: str
    secretariat: str
    recommender: str
    field: str = ""
    members: int = 0
    copies: str | int = 5
    sealed: str = "齐"
    recommended: str = "有"
    contact: str = ""
    mobile: str = ""
    email: str = ""
    remark: str = ""
    batch: int = 1
    date_style: DateStyle = "chinese"


def paper_of(
    alliance: Alliance,
    *,
    register_no: str,
    received_on: date,
    name: str = "",
    copies: str | int = 5,
    sealed: str = "齐",
    recommended: str = "有",
    remark: str = "",
    batch: int = 1,
    date_style: DateStyle = "chinese",
) -> RegisterRow:
    """Return the row for the paper of that alliance; `name` where staff typed another one."""
    return RegisterRow(
        register_no=register_no,
        received_on=received_on,
        name=name or alliance.name,
        secretariat=alliance.secretariat,
        recommender=alliance.recommender,
        field=alliance.field,
        members=len(alliance.members),
        copies=copies,
        sealed=sealed,
        recommended=recommended,
        contact=alliance.contact,
        mobile=alliance.mobile,
        email=alliance.email,
        remark=remark,
        batch=batch,
        date_style=date_style,
    )


def make_register(rows: Sequence[RegisterRow], path: Path) -> None:
    """Write the register: a sheet for each batch, titles above a merged header of two rows.

    Mobile numbers become numbers, as they do where nobody has told Excel otherwise.
    """
    options = {"strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(str(path), options) as book:
        book.set_properties({"created": min((row.received_on for row in rows), default=_NEVER)})
        title = book.add_format({"bold": True, "font_size": 16, "align": "center"})
        head = book.add_format({"bold": True, "border": 1, "align": "center", "text_wrap": True})
        day = book.add_format({"num_format": "yyyy-mm-dd", "border": 1})
        for batch in sorted({row.batch for row in rows} | {1, 2}):
            sheet = book.add_worksheet(f"第{'一二三四五六七八九'[batch - 1]}批")
            _header(sheet, title, head)
            chosen = (row for row in rows if row.batch == batch)
            for number, row in enumerate(chosen, start=1):
                _line(sheet, number, row, day)


_NEVER = date(2016, 1, 1)
_FIRST_LINE = 4


def _header(sheet: Worksheet, title: Format, head: Format) -> None:
    last = len(_COLUMNS) - 1
    sheet.merge_range(0, 0, 0, last, "广东省产业技术创新联盟申报材料收件登记表", title)
    sheet.write(1, 0, "登记单位：省科技人才服务中心　　　　收件地点：收发室")
    for group, first, end in _GROUPS:
        sheet.merge_range(2, first, 2, end, group, head)
    for column, (label, width) in enumerate(_COLUMNS):
        sheet.set_column(column, column, width)
        if any(first <= column <= end for _, first, end in _GROUPS):
            sheet.write(3, column, label, head)
        else:
            sheet.merge_range(2, column, 3, column, label, head)
    sheet.freeze_panes(_FIRST_LINE, 4)


def _line(sheet: Worksheet, number: int, row: RegisterRow, day: Format) -> None:
    at = _FIRST_LINE - 1 + number
    for column, value in enumerate(_values(number, row)):
        if isinstance(value, date):
            sheet.write_datetime(at, column, value, day)
        elif value != "":
            sheet.write(at, column, value)


def _values(number: int, row: RegisterRow) -> tuple[str | int | float | date, ...]:
    return (
        number,
        row.register_no,
        _typed_date(row),
        row.name,
        row.secretariat,
        row.recommender,
        f"推荐〔{row.received_on.year}〕{number}号",
        row.field,
        row.members,
        row.copies,
        "胶装",
        row.sealed,
        row.recommended,
        "专人" if number % 2 else f"EMS 0000{number:05d}",
        row.contact,
        float(row.mobile) if row.mobile else "",
        row.email,
        "收发室",
        row.remark,
    )


def _typed_date(row: RegisterRow) -> str | date:
    on = row.received_on
    typed: dict[DateStyle, str | date] = {
        "short": f"{on.month}.{on.day}",
        "chinese": f"{on.year}年{on.month}月{on.day}日",
        "excel": on,
        "slashed": f"{on.year}/{on.month}/{on.day}",
    }
    return typed[row.date_style]
