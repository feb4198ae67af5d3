"""winmail.dat, as Outlook in China writes it."""

from __future__ import annotations

import struct
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.limits import Limits
from parsers.errors import ParseError
from parsers.message import open_files
from parsers.submission import Problem
from parsers.tnef import open_tnef
from tests.test_message import TEXT, attachment, locked, mixed, paths, read, zipped
from tests.test_msg import PACKED

MARK = struct.pack("<IH", 0x223E9F78, 1)
VERSION, CODE_PAGE, RENDERING, TITLE, DATA, PROPERTIES = (
    0x00089006, 0x00069007, 0x00069002, 0x00018010, 0x0006800F, 0x00069005,
)  # fmt: skip
BODY_TEXT, MESSAGE = 0x0002800C, 0x00069003
LONG_NAME, CONTENT, BODY, RTF = 0x3707, 0x3701, 0x1000, 0x1009
OBJECT, EIGHT_BIT, UNICODE, BINARY = 0x0D, 0x1E, 0x1F, 0x0102


def attribute(level: int, kind: int, value: bytes) -> bytes:
    checksum = sum(value) & 0xFFFF
    return struct.pack("<BII", level, kind, len(value)) + value + struct.pack("<H", checksum)


def long_name(raw: bytes, kind: int) -> bytes:
    """Write a list of one MAPI property: the long file name."""
    padded = raw + bytes(-len(raw) % 4)
    fields = struct.pack("<IHHII", 1, kind, LONG_NAME, 1, len(raw))
    return attribute(2, PROPERTIES, fields + padded)


def attached(title: bytes, content: bytes, *properties: bytes) -> bytes:
    return (
        attribute(2, RENDERING, bytes(14)) + attribute(2, TITLE, title + b"\0")
        + attribute(2, DATA, content) + b"".join(properties)
    )  # fmt: skip


def winmail(*attachments: bytes, code_page: int = 936) -> bytes:
    start = attribute(1, VERSION, struct.pack("<I", 0x10000))
    start += attribute(1, CODE_PAGE, struct.pack("<II", code_page, 0))
    return MARK + start + b"".join(attachments)


def contents(raw: bytes) -> dict[str, bytes]:
    """Return names and bytes of what hangs on the mail in a winmail.dat."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "winmail.dat"
        path.write_bytes(raw)
        with open_tnef(path) as mail:
            return {each.name: each.content() for each in mail.attachments()}


@pytest.mark.parametrize("code_page", [936, 1252])
def test_short_names_are_decoded_by_the_code_page_or_as_gbk(code_page: int) -> None:
    raw = winmail(attached("申报表.doc".encode("gbk"), b"x\0\0"), code_page=code_page)
    assert contents(raw) == {"申报表.doc": b"x\0\0"}


@pytest.mark.parametrize(
    "name",
    [
        long_name("组建协议（定稿）.doc\0".encode("gbk"), EIGHT_BIT),
        long_name("组建协议（定稿）.doc\0".encode("utf-16-le"), UNICODE),
    ],
)
def test_long_names_win(name: bytes) -> None:
    raw = winmail(attached("组建协~1.DOC".encode("gbk"), b"x", name))
    assert contents(raw) == {"组建协议（定稿）.doc": b"x"}


def test_names_lead_only_downward(tmp_path: Path) -> None:
    raw = winmail(attached(b"..\\..\\a.doc", b"x"), attached(b"", b"other"))
    mail = read(mixed(TEXT, attachment(b"attachment; filename=winmail.dat", raw)), tmp_path)
    assert paths(mail) == ["winmail.dat/a.doc", "winmail.dat/无名附件.txt"]


def test_a_winmail_dat_in_a_mail_is_opened_and_what_is_in_it(tmp_path: Path) -> None:
    raw = winmail(attached("材料.zip".encode("gbk"), zipped(**{"协议.txt": "组建".encode()})))
    mail = read(mixed(TEXT, attachment(b"attachment; filename=winmail.dat", raw)), tmp_path)
    assert paths(mail) == ["winmail.dat/材料.zip/协议.txt"]


def test_one_that_only_formats_the_text_is_no_file(tmp_path: Path) -> None:
    mail = read(mixed(TEXT, attachment(b"attachment; filename=winmail.dat", winmail())), tmp_path)
    assert mail.files == ()


@pytest.mark.parametrize("raw", [b"nothing", MARK[:4], winmail(attached(b"a", b"x"))[:-3]])
def test_a_damaged_one_is_refused(raw: bytes) -> None:
    with pytest.raises(ParseError) as refused:
        contents(raw)
    assert refused.value.problem is Problem.DAMAGED


def test_what_stands_before_the_damage_is_kept_and_so_is_the_file(tmp_path: Path) -> None:
    raw = winmail(attached(b"a.doc", b"x"), attached(b"b.doc", b"y"))[:-3]
    mail = read(mixed(TEXT, attachment(b"attachment; filename=winmail.dat", raw)), tmp_path)
    assert [(file.path, file.problem) for file in mail.files] == [
        ("winmail.dat/a.doc", None),
        ("winmail.dat", Problem.DAMAGED),
    ]


def message(*properties: tuple[int, int, bytes]) -> bytes:
    """Write the properties of the mail itself."""
    fields = struct.pack("<I", len(properties))
    for prop, kind, raw in properties:
        fields += struct.pack("<HHII", kind, prop, 1, len(raw)) + raw + bytes(-len(raw) % 4)
    return attribute(1, MESSAGE, fields)


SAYS = "材料已加密，密码：kjt2016\0"


@pytest.mark.parametrize(
    ("said", "text"),
    [
        (attribute(1, BODY_TEXT, SAYS.encode("gbk")), SAYS[:-1]),
        (message((BODY, UNICODE, SAYS.encode("utf-16-le"))), SAYS[:-1]),
        (message((RTF, BINARY, PACKED)), "hello world"),
    ],
)
def test_the_writers_words_are_the_mails_where_it_has_no_other(
    said: bytes, text: str, tmp_path: Path
) -> None:
    raw = winmail(said, attached(b"a.doc", b"x"))
    part = attachment(b"attachment; filename=winmail.dat", raw)
    blank = b"Content-Type: text/plain\r\n\r\n\r\n"
    assert read(mixed(blank, part), tmp_path).text == text
    mail = read(mixed(TEXT, part), tmp_path)
    assert (mail.text, mail.quoted) == ("请查收。", text)


def test_the_same_words_are_not_said_twice(tmp_path: Path) -> None:
    raw = winmail(attribute(1, BODY_TEXT, "请查收。\r\n \0".encode("gbk")))
    mail = read(mixed(TEXT, attachment(b"attachment; filename=winmail.dat", raw)), tmp_path)
    assert (mail.text, mail.quoted, mail.files) == ("请查收。", "", ())


def test_a_password_that_stands_only_there_opens_the_archives(tmp_path: Path) -> None:
    archive = locked("kjt2016", "协议.txt", "组建".encode())
    raw = winmail(attribute(1, BODY_TEXT, SAYS.encode("gbk")), attached(b"a.zip", archive))
    mail = read(mixed(TEXT, attachment(b"attachment; filename=winmail.dat", raw)), tmp_path)
    assert [(file.path, file.problem) for file in mail.files] == [
        ("winmail.dat/a.zip/协议.txt", None)
    ]


def test_a_mail_inside_is_opened_too(tmp_path: Path) -> None:
    inner = bytes(16) + winmail(attached(b"a.txt", b"text"))
    fields = struct.pack("<IHHII", 1, OBJECT, CONTENT, 1, len(inner))
    properties = attribute(2, PROPERTIES, fields + inner + bytes(-len(inner) % 4))
    raw = winmail(attribute(2, RENDERING, bytes(14)) + attribute(2, TITLE, b"fw\0") + properties)
    mail = read(mixed(TEXT, attachment(b"attachment; filename=winmail.dat", raw)), tmp_path)
    assert paths(mail) == ["winmail.dat/fw/a.txt"]


def test_forged_counts_end_with_the_bytes() -> None:
    forged = struct.pack("<IHHI", 1 << 31, 0x1002, LONG_NAME, 1 << 31) + bytes(100)
    raw = winmail(attached(b"a.doc", b"text", attribute(2, PROPERTIES, forged)))
    assert contents(raw) == {"a.doc": b"text"}


def test_limits_hold(tmp_path: Path) -> None:
    raw = winmail(attached(b"a.doc", b"x" * 90), attached(b"b.doc", b"other"))
    path = tmp_path / "winmail.dat"
    path.write_bytes(raw)
    (tmp_path / "work").mkdir()
    limits = Limits(unpacked_bytes=len(raw) + 50)
    files = open_files([(path, "winmail.dat")], tmp_path / "work", limits)
    assert [file.problem for file in files] == [Problem.TOO_LARGE, None]


@settings(deadline=None)
@given(st.binary(max_size=60), st.integers(min_value=4, max_value=200))
def test_any_bytes_are_unpacked_or_refused(noise: bytes, at: int) -> None:
    raw = winmail(attached(b"a.doc", b"x", long_name(b"b.doc\0", EIGHT_BIT)))
    broken = raw[:at] + noise + raw[at + len(noise) :]
    try:
        contents(broken)
    except ParseError as refused:
        assert refused.problem in Problem  # noqa: PT017 - some inputs raise nothing
