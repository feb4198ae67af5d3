"""Spreadsheets: what stands in the cells, as a table for each sheet."""

from __future__ import annotations

import hashlib
import io
import struct
import zipfile
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest
import xlsxwriter
from Cryptodome.Cipher import AES, ARC4
from hypothesis import given
from hypothesis import strategies as st

from parsers import media, package
from parsers.errors import ParseError
from parsers.reading import read_content
from parsers.sheet import Value, read_csv, read_workbook, text
from parsers.submission import Block, Content, Problem
from parsers.workbook_key import EXCELS_OWN, open_package, open_records
from tests.word_maker import ole

Rows = list[list[object]]


def put(folder: Path, raw: bytes) -> Path:
    path = folder / "attachment"
    path.write_bytes(raw)
    return path


def workbook(*sheets: Rows, merged: str = "", picture: bool = False) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        for rows in sheets:
            sheet = book.add_worksheet()
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
            if merged:
                sheet.merge_range(merged, "合并")
            if picture:
                sheet.insert_textbox(0, 0, "文本框")
    return buffer.getvalue()


def blocks(content: Content) -> tuple[Block, ...]:
    [page] = content.pages
    return page.blocks


def test_rows_become_a_table_without_blank_ones(tmp_path: Path) -> None:
    rows: Rows = [["推荐汇总表"], [], ["序号", "联盟名称", "电话"], [1, "广东省示例联盟", "020-1"]]
    content = read_workbook(put(tmp_path, workbook(rows)), media.XLSX)
    table = (("推荐汇总表",), ("序号", "联盟名称", "电话"), ("1", "广东省示例联盟", "020-1"))
    assert blocks(content) == (table,)
    assert (content.page_count, content.pages[0].number) == (None, None)


def test_several_sheets_stand_under_their_names(tmp_path: Path) -> None:
    raw = workbook([["甲", "乙"]], [[]], [["丙", ""], ["丁", "戊"]])
    content = read_workbook(put(tmp_path, raw), media.XLSX)
    assert blocks(content) == ("Sheet1", (("甲", "乙"),), "Sheet3", (("丙",), ("丁", "戊")))


def test_a_merged_cell_stands_once(tmp_path: Path) -> None:
    rows: Rows = [["联盟名称", "", "", "右"], ["", "", "", "下"]]
    content = read_workbook(put(tmp_path, workbook(rows, merged="A1:C2")), media.XLSX)
    assert blocks(content) == ((("合并", "右"), ("", "下")),)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (13800000000.0, "13800000000"),
        (0.1 + 0.2, "0.3"),
        (12, "12"),
        (True, "TRUE"),
        (datetime(2016, 5, 20), "2016-05-20"),  # noqa: DTZ001 - a cell has no time zone
        (datetime(2016, 5, 20, 9, 30), "2016-05-20 09:30:00"),  # noqa: DTZ001 - as above
        (date(2016, 5, 20), "2016-05-20"),
        (time(9, 30), "09:30:00"),
        (timedelta(hours=30), "1 day, 6:00:00"),
        ("  甲\x07 ", "甲"),
    ],
)
def test_values_are_shown_as_they_are_kept(value: Value, shown: str) -> None:
    assert text(value) == shown


@pytest.mark.parametrize(
    "raw",
    [
        '名称,地址\r\n"粤衡, 精密","一\r\n二"\r\n'.encode("gb18030"),
        '名称\t地址\n"粤衡, 精密"\t"一\n二"'.encode(),
        '名称；地址\n粤衡, 精密；"一\n二"'.encode("utf-16"),
    ],
)
def test_separated_text_is_a_table(tmp_path: Path, raw: bytes) -> None:
    [table] = blocks(read_csv(put(tmp_path, raw), media.CSV))
    assert isinstance(table, tuple)
    assert table[0] == ("名称", "地址")
    assert [cell.replace("\r", "") for cell in table[1]] == ["粤衡, 精密", "一\n二"]


def test_a_quotation_mark_left_open_loses_nothing(tmp_path: Path) -> None:
    raw = 'a,"b\n' + "x" * 200_000
    [page] = read_csv(put(tmp_path, raw.encode()), media.CSV).pages
    assert page.blocks == ('a,"b', "x" * 200_000)


def records(*kinds: int) -> bytes:
    return b"".join(struct.pack("<HH", kind, 0) for kind in kinds)


def parts(**named: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in named.items():
            archive.writestr(name, part)
    return buffer.getvalue()


BOMB = {"xl/worksheets/sheet1.xml": bytes(package.MAX_PART_BYTES + 1)}


@pytest.mark.parametrize(
    ("media_type", "raw", "problem"),
    [
        (media.XLSX, workbook([[]]), Problem.EMPTY),
        (media.XLSX, workbook([[]], picture=True), Problem.SCAN),
        (media.XLSX, b"PK\x03\x04 no package", Problem.DAMAGED),
        (media.XLSX, parts(**{"xl/workbook.xml": b"<workbook"}), Problem.DAMAGED),
        (media.XLSX, parts(**BOMB), Problem.TOO_LARGE),
        (media.XLS, ole({"Workbook": records(0x0809, 0x002F)}), Problem.LOCKED),
        (media.XLS, ole({"WordDocument": b""}), Problem.DAMAGED),
        (media.XLS, b"no workbook", Problem.DAMAGED),
    ],
)
def test_what_cannot_be_read_says_why(
    tmp_path: Path, media_type: str, raw: bytes, problem: Problem
) -> None:
    with pytest.raises(ParseError) as caught:
        read_workbook(put(tmp_path, raw), media_type)
    assert caught.value.problem == problem


@given(raw=st.text("甲,\t;\"'\n\r\0 a"))
def test_any_separated_text_ends_in_content(
    tmp_path_factory: pytest.TempPathFactory, raw: str
) -> None:
    path = put(tmp_path_factory.getbasetemp(), raw.encode())
    try:
        assert read_csv(path, media.CSV).pages
    except ParseError as error:
        assert error.problem == Problem.EMPTY  # noqa: PT017 - either is right


# ── Protected workbooks, which Excel opens for anybody ───────────────────────────────


def md5(raw: bytes) -> bytes:
    return hashlib.md5(raw, usedforsecurity=False).digest()


def sha1(raw: bytes) -> bytes:
    return hashlib.sha1(raw, usedforsecurity=False).digest()


def rc4_locked(password: str, stream: bytes) -> bytes:
    """Encrypt the records of an .xls behind its first one, as Excel 97 does."""
    salt, verifier = bytes(range(16)), bytes(range(16, 32))
    first = md5(password.encode("utf-16-le"))[:5]
    short = md5((first + salt) * 16)[:5]

    def cipher(block: int) -> ARC4.ARC4Cipher:
        return ARC4.new(md5(short + struct.pack("<I", block)))

    proof = cipher(0)
    told = struct.pack("<HHH", 1, 1, 1) + salt + proof.encrypt(verifier)
    told += proof.encrypt(md5(verifier))
    begin = 4 + struct.unpack_from("<HH", stream)[1]
    out = bytearray(stream[:begin] + struct.pack("<HH", 0x2F, len(told)) + told + stream[begin:])
    at = begin + 4 + len(told)
    while at + 4 <= len(out):
        kind, size = struct.unpack_from("<HH", out, at)
        for place in range(at + 4 + (4 if kind == 0x85 else 0), at + 4 + size):
            if kind != 0x0809:
                key = cipher(place // 1024)
                key.encrypt(bytes(place % 1024))
                out[place] = key.encrypt(out[place : place + 1])[0]
        at += 4 + size
    return bytes(out)


def records_of_a_workbook() -> bytes:
    """Return the records of an .xls with one sheet and one cell."""

    def record(kind: int, body: bytes) -> bytes:
        return struct.pack("<HH", kind, len(body)) + body

    begin, end = struct.pack("<HHHHII", 0x600, 0x5, 0, 0, 0, 0), record(0x0A, b"")
    size = 20 + 4 + 54 + 4 + 8 + 6 + 4  # all before the sheet, with what is added when locked
    sheet = record(0x85, struct.pack("<IHBB", size, 0, 6, 0) + b"Sheet1")
    cell = record(0x204, struct.pack("<HHHHB", 0, 0, 0, 9, 0) + b"protected")
    inside = record(0x0809, struct.pack("<HHHHII", 0x600, 0x10, 0, 0, 0, 0)) + cell + end
    return record(0x0809, begin) + sheet + end + inside


def test_a_workbook_that_excel_opens_for_anybody_is_read(tmp_path: Path) -> None:
    opened = {
        password: put(
            tmp_path, ole({"Workbook": rc4_locked(password, records_of_a_workbook())})
        ).read_bytes()
        for password in (EXCELS_OWN, "secret")
    }
    content = read_workbook(put(tmp_path, opened[EXCELS_OWN]), media.XLS)
    assert blocks(content) == ("protected",)
    with pytest.raises(ParseError) as caught:
        read_workbook(put(tmp_path, opened["secret"]), media.XLS)
    assert caught.value.problem is Problem.LOCKED


def standard_locked(password: str, package: bytes) -> dict[str, bytes]:
    """Encrypt a package as Excel 2007 does."""
    salt, verifier = bytes(range(16)), bytes(range(16, 32))
    digest = sha1(salt + password.encode("utf-16-le"))
    for number in range(50_000):
        digest = sha1(struct.pack("<I", number) + digest)
    digest = sha1(digest + bytes(4)).ljust(64, b"\0")
    cipher = AES.new(sha1(bytes(each ^ 0x36 for each in digest))[:16], AES.MODE_ECB)
    check = sha1(verifier).ljust(32, b"\0")
    head = struct.pack("<8I", 0x24, 0, 0x660E, 0x8004, 128, 0x18, 0, 0)
    info = struct.pack("<HHII", 4, 2, 0x24, len(head)) + head + struct.pack("<I", 16) + salt
    info += cipher.encrypt(verifier) + struct.pack("<I", 20) + cipher.encrypt(check)
    whole = package + bytes(-len(package) % 16)
    return {
        "EncryptionInfo": info,
        "EncryptedPackage": struct.pack("<Q", len(package)) + cipher.encrypt(whole),
    }


def test_an_encrypted_package_is_read_if_excel_opens_it_for_anybody(tmp_path: Path) -> None:
    package = workbook([["序号", "名称"]])
    for password, expected in ((EXCELS_OWN, None), ("secret", Problem.LOCKED)):
        path = put(tmp_path, ole(standard_locked(password, package)))
        kind = media.media_type_of(path.read_bytes()[: media.HEAD_BYTES], path, "a.xlsx")
        content = read_content(path, kind, "a.xlsx")
        assert (kind, content.problem) == (media.LOCKED_OFFICE, expected)
        assert (not expected) == bool(content.pages)


@given(info=st.binary(max_size=200), package=st.binary(max_size=64))
def test_any_encrypted_package_is_opened_or_locked(info: bytes, package: bytes) -> None:
    with pytest.raises(ParseError) as caught:
        open_package(info, package)
    assert caught.value.problem is Problem.LOCKED


@given(raw=st.binary(max_size=300))
def test_any_records_are_opened_or_locked(raw: bytes) -> None:
    try:
        assert len(open_records(raw)) == len(raw)
    except ParseError as error:
        assert error.problem is Problem.LOCKED  # noqa: PT017 - either is right
