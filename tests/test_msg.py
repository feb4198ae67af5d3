"""Mail that Outlook saved as a file, attached to a mail."""

from __future__ import annotations

import struct
from hashlib import sha256
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.limits import Limits
from parsers import media
from parsers.errors import ParseError
from parsers.message import open_files
from parsers.msg import open_msg
from parsers.outlook import decompress_rtf
from parsers.submission import Problem, Submission
from tests.msg_maker import (
    BODY,
    CONTENT,
    FLAGS,
    HTML,
    LONG_NAME,
    MIME_TYPE,
    RTF,
    SENDER,
    SENDER_NAME,
    SUBJECT,
    Msg,
    attached,
    msg,
)
from tests.test_message import TEXT, attachment, locked, mixed, only, paths, read

NAME: Final = "组建协议（定稿）.docx"
FILE: Final = b"%PDF-1.4\n".ljust(4096, b"x")
# The example of MS-OXRTFCP 3.1.1.
PACKED: Final = bytes.fromhex(
    "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af320"
    "68656c090020627705b06c647d0a800fa0"
)
UNPACKED: Final = b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"


def mail_with(*files: Msg, text: str = "请查收。", **more: object) -> bytes:
    texts = {SUBJECT: "报送材料", BODY: text, SENDER_NAME: "科研处", SENDER: "Office@Example.com"}
    return msg(Msg(texts=texts, attachments=files, **more))  # type: ignore[arg-type]


def opened(raw: bytes, tmp_path: Path, limits: Limits | None = None) -> Submission:
    part = attachment("attachment; filename=转发.msg".encode(), raw)
    return read(mixed(TEXT, part), tmp_path, limits or Limits())


def test_it_is_opened_like_any_attached_mail(tmp_path: Path) -> None:
    mail = opened(mail_with(attached(NAME, FILE)), tmp_path)
    file = only(mail)
    assert (file.path, file.media_type) == (f"转发.msg/{NAME}", media.PDF)
    assert file.sha256 == sha256(FILE).hexdigest()
    assert mail.text == "请查收。"
    assert "From: 科研处 <office@example.com>\nSubject: 报送材料" in mail.quoted
    assert mail.quoted.endswith("请查收。")


def test_one_that_is_given_by_hand_is_opened_as_well(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(mail_with(attached(NAME, FILE)))
    (tmp_path / "work").mkdir()
    files = open_files([(tmp_path / "a", "转发.msg")], tmp_path / "work", Limits())
    assert [file.path for file in files] == [f"转发.msg/{NAME}"]


def test_it_is_known_by_its_content_and_named_by_its_subject(tmp_path: Path) -> None:
    raw = mixed(TEXT, attachment(b"attachment", mail_with(attached(NAME, FILE))))
    assert paths(read(raw, tmp_path)) == [f"报送材料.msg/{NAME}"]


@pytest.mark.parametrize(
    ("page", "name"), [(936, "朱镕組建协议.docx"), (950, "組建協議.docx"), (0, "𠮷堃协议.docx")]
)
def test_names_and_texts_are_exact_in_unicode_and_in_code_pages(
    page: int, name: str, tmp_path: Path
) -> None:
    file = Msg(texts={LONG_NAME: name}, raw={CONTENT: FILE}, narrow=page)
    raw = msg(Msg(texts={SUBJECT: name, BODY: name}, attachments=[file], narrow=page))
    mail = opened(raw, tmp_path)
    assert paths(mail) == [f"转发.msg/{name}"]
    assert mail.quoted.endswith(name)


def test_an_attached_mail_keeps_its_place(tmp_path: Path) -> None:
    inner = Msg(texts={SUBJECT: "内件", BODY: "内文"}, attachments=[attached(NAME, FILE)])
    mail = opened(mail_with(Msg(inside=inner), attached("a.pdf", FILE)), tmp_path)
    assert paths(mail) == [f"转发.msg/内件.msg/{NAME}", "转发.msg/a.pdf"]
    assert mail.quoted.endswith("内文")


def test_nesting_beyond_the_limit_is_named(tmp_path: Path) -> None:
    inner = Msg(texts={SUBJECT: "内件"}, attachments=[attached(NAME, FILE)])
    file = only(opened(mail_with(Msg(inside=inner)), tmp_path, Limits(unpack_depth=1)))
    assert (file.path, file.problem) == ("转发.msg/内件.msg", Problem.TOO_DEEP)


def test_a_password_in_it_opens_the_archive_on_it(tmp_path: Path) -> None:
    archive = locked("kjt2016", "协议.txt", "组建".encode() * 700)
    archive = archive.ljust(4096, b"\0")
    file = only(opened(mail_with(attached("材料.zip", archive), text="密码：kjt2016"), tmp_path))
    assert (file.path, file.problem) == ("转发.msg/材料.zip/协议.txt", None)


def test_a_text_in_html_is_read_where_there_is_no_plain_one(tmp_path: Path) -> None:
    html = "<html><meta charset=gbk><p>老师好</p><p>请查收</p></html>".encode("gbk")
    assert opened(mail_with(text="", raw={HTML: html}), tmp_path).quoted.endswith(
        "老师好\n\n请查收"
    )


def test_a_text_in_compressed_rtf_is_read_where_there_is_no_other(tmp_path: Path) -> None:
    assert decompress_rtf(PACKED) == UNPACKED
    assert opened(mail_with(text=" ", raw={RTF: PACKED}), tmp_path).quoted.endswith("hello world")


def test_rtf_that_repeats_itself_is_decompressed() -> None:
    # The second example of MS-OXRTFCP, 3.1.2: a reference into what it writes itself.
    packed = bytes.fromhex("1a0000001c0000004c5a4675e2d44b51410004205758595a0d6e7d010eb0")
    assert decompress_rtf(packed) == b"{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}"


def test_a_picture_that_the_text_shows_is_no_file(tmp_path: Path) -> None:
    texts = {LONG_NAME: "logo.png", MIME_TYPE: "image/png"}
    logo = Msg(texts=texts, raw={CONTENT: FILE}, numbers={FLAGS: 4})
    page = Msg(texts=texts | {LONG_NAME: "page.png"}, raw={CONTENT: FILE})
    assert paths(opened(mail_with(logo, page), tmp_path)) == ["转发.msg/page.png"]


def test_what_is_only_linked_or_another_programs_is_named(tmp_path: Path) -> None:
    linked = Msg(texts={LONG_NAME: "云文件.docx"})
    part = Msg(texts={LONG_NAME: "图.bmp"}, raw={})
    found = opened(mail_with(linked, part), tmp_path).files
    assert [(file.path, file.problem) for file in found] == [
        ("转发.msg/云文件.docx", Problem.UNSUPPORTED),
        ("转发.msg/图.bmp", Problem.UNSUPPORTED),
    ]


def test_a_damaged_one_is_named_and_kept(tmp_path: Path) -> None:
    raw = mail_with(attached(NAME, FILE))
    file = only(opened(raw[: len(raw) // 2], tmp_path))
    assert file.path == "转发.msg"
    assert file.source is not None


@settings(deadline=None)
@given(st.binary(min_size=1, max_size=40), st.integers(min_value=0), st.integers(min_value=0))
def test_any_bytes_are_a_mail_or_refused(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes, at: int, cut: int
) -> None:
    inner = Msg(texts={SUBJECT: "内件"}, attachments=[attached(NAME, FILE)])
    raw = mail_with(Msg(inside=inner), attached("a.pdf", FILE), raw={RTF: PACKED})
    at %= len(raw)
    broken = raw[:at] + noise + raw[at + len(noise) :]
    path = tmp_path_factory.mktemp("msg") / "mail"
    path.write_bytes(broken[: len(broken) - cut % 3 * 700])
    try:
        with open_msg(path) as mail:
            for each in mail.attachments():
                each.content()
    except ParseError as refused:
        assert refused.problem in Problem  # noqa: PT017 - some inputs raise nothing


@given(st.binary(max_size=200))
def test_any_bytes_are_decompressed_or_refused(noise: bytes) -> None:
    for raw in (noise, struct.pack("<II4sI", 99, 5000, b"LZFu", 0) + noise):
        try:
            assert len(decompress_rtf(raw)) <= 5000
        except (ParseError, struct.error):
            continue
