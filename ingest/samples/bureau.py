"""What a bureau sends with a batch: the summary sheet 推荐汇总表 and the letter 推荐函.

The sheet is as Excel 97 writes it; record numbers are those of [MS-XLS].
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence

from ingest.samples.alliances import Alliance
from ingest.samples.documents import SampleFile
from ingest.samples.draft import STYLES, Draft, Paragraph
from ingest.samples.ole_file import ole
from ingest.samples.rendering import as_scan

_BEGIN, _END, _SHEET, _LABEL, _MERGED = 0x0809, 0x000A, 0x0085, 0x0204, 0x00E5
_GLOBALS, _WORKSHEET = 0x0005, 0x0010
_HEADINGS = ("序号", "联盟名称", "秘书处单位", "推荐单位", "联系方式", "", "", "备注")
_CONTACT = ("", "", "", "", "联系人", "联系电话", "电子邮箱", "")
_FIRST = 4

Merge = tuple[int, int, int, int]
"""First and last row, first and last column of cells that are one, counted from 0."""


def summary_sheet(title: str, alliances: Sequence[Alliance]) -> SampleFile:
    """Return the sheet: a title, who reports, a header of two rows, a line each, a note."""
    count = len(_HEADINGS)
    rows: list[Sequence[str]] = [
        (title,),
        (f"填报单位：{alliances[0].recommender}（盖章）",),
        _HEADINGS,
        _CONTACT,
    ]
    rows += [_line(number, each) for number, each in enumerate(alliances, start=1)]
    rows.append((f"注：以上共{len(alliances)}个联盟，按推荐顺序排列。",))
    merged: list[Merge] = [(0, 0, 0, count - 1), (1, 1, 0, count - 1), (2, 2, 4, 6)]
    merged += [(2, 3, column, column) for column in (0, 1, 2, 3, 7)]
    merged += [(_FIRST, _FIRST + len(alliances) - 1, 3, 3), (len(rows) - 1, len(rows) - 1, 0, 7)]
    content = as_xls(rows, merged)
    return SampleFile(
        filename="推荐汇总表.xls", content=content, media_type="application/vnd.ms-excel"
    )


def letter_of_recommendation(alliances: Sequence[Alliance]) -> SampleFile:
    """Return the bureau's letter, sealed and scanned, as most come."""
    paragraphs = (
        Paragraph(text="关于推荐产业技术创新联盟的函", look="title"),
        Paragraph(text="省科技人才服务中心：", look="plain"),
        Paragraph(text=f"经审核，我局推荐以下{len(alliances)}个联盟申报："),
        *(Paragraph(text=f"{at}.{each.name}") for at, each in enumerate(alliances, start=1)),
        Paragraph(text=alliances[0].recommender, look="right"),
    )
    draft = Draft(kind="form", title="推荐函", alliance="", style=STYLES[0], parts=paragraphs)
    return SampleFile(filename="推荐函.pdf", content=as_scan(draft), media_type="application/pdf")


def _line(number: int, alliance: Alliance) -> tuple[str, ...]:
    bureau = alliance.recommender if number == 1 else ""
    reached = (alliance.contact, alliance.phone, alliance.email)
    return (str(number), alliance.name, alliance.secretariat, bureau, *reached, "")


def as_xls(rows: Iterable[Sequence[str]], merged: Sequence[Merge] = ()) -> bytes:
    """Return a workbook of Excel 97 with one sheet of texts."""
    sheet = _record(_BEGIN, struct.pack("<HHHHII", 0x0600, _WORKSHEET, 0, 0, 0, 0))
    for at, row in enumerate(rows):
        for column, text in enumerate(row):
            if text:
                place = struct.pack("<HHH", at, column, 0)
                sheet += _record(_LABEL, place + struct.pack("<HB", len(text), 1) + _utf16(text))
    if merged:
        ranges = b"".join(struct.pack("<HHHH", *each) for each in merged)
        sheet += _record(_MERGED, struct.pack("<H", len(merged)) + ranges)
    sheet += _record(_END)
    begin = _record(_BEGIN, struct.pack("<HHHHII", 0x0600, _GLOBALS, 0, 0, 0, 0))
    name = struct.pack("<BB", len("汇总表"), 1) + _utf16("汇总表")
    offset = len(begin) + 4 + 6 + len(name) + 4
    listed = _record(_SHEET, struct.pack("<IBB", offset, 0, 0) + name)
    return ole({"Workbook": begin + listed + _record(_END) + sheet})


def _record(kind: int, data: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(data)) + data


def _utf16(text: str) -> bytes:
    return text.encode("utf-16-le")
