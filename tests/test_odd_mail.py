"""Mail that is broken in ways that mail programs in use let pass: its files still come out."""

from __future__ import annotations

import base64
import binascii
from hashlib import sha256
from pathlib import Path
from typing import Final

import mailparser
import pytest

from parsers import media
from parsers.submission import Problem
from tests.test_message import HEAD, PDF, TEXT, attachment, mixed, only, paths, read

CONTENT: Final = PDF + bytes(range(256)) * 40
NAME: Final = "组建协议.pdf"
PART: Final = attachment('attachment; filename="组建协议.pdf"'.encode("gbk"), CONTENT)
MAIL: Final = mixed(TEXT, PART)
CODED: Final = base64.encodebytes(CONTENT)


def uuencoded(content: bytes, name: str = NAME) -> bytes:
    lines = (binascii.b2a_uu(content[at : at + 45]) for at in range(0, len(content), 45))
    return b"begin 644 " + name.encode("gbk") + b"\n" + b"".join(lines) + b"`\nend\n"


def coded(encoding: str, body: bytes, kind: str = "application/octet-stream") -> bytes:
    """A mail with one attachment, encoded as its header says or not."""
    part = f"Content-Type: {kind}; name=a.pdf\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
    return mixed(TEXT, part.encode() + body)


BROKEN: Final = {
    "another boundary told": MAIL.replace(b'boundary="=_b"', b'boundary="=_c"'),
    "no boundary told": MAIL.replace(b'; boundary="=_b"', b""),
    "empty boundary told": MAIL.replace(b'boundary="=_b"', b'boundary=""'),
    "raw Chinese in the boundary": MAIL.replace(b"=_b", "边界乚".encode("gbk")),
    "Latin bytes in the boundary": MAIL.replace(b"=_b", b"_\xe9\xff_"),
    "quotes in the boundary": MAIL.replace(b'"=_b"', b"=_'b\\c").replace(b"--=_b", b"--=_'b\\c"),
    "a blank at the end of the boundary told": MAIL.replace(b'"=_b"', b'"=_b "'),
    "blanks behind the boundaries": MAIL.replace(b"--=_b\r\n", b"--=_b \t\r\n"),
    "no end": MAIL.removesuffix(b"\r\n--=_b--\r\n"),
    "cut off in the last boundary": MAIL[:-5],
    "no blank line before the parts": MAIL.replace(b'"\r\n\r\n--', b'"\r\n--', 1),
    "a blank line inside the headers": MAIL.replace(b"MIME-Version", b"\r\nMIME-Version", 1),
    "a blank line before the type": MAIL.replace(b"Content-Type", b"\r\nContent-Type", 1),
    "blank lines before the headers": b"\r\n\r\n" + MAIL,
    "no type at all": HEAD + b"\r\nThis is a multi-part message in MIME format.\r\n"
    + MAIL.split(b'"=_b"\r\n\r\n')[1],
    "line ends of old Macs": MAIL.replace(b"\r\n", b"\r").replace(b"\n", b"\r"),
    "line ends of Unix": MAIL.replace(b"\r\n", b"\n"),
    "zeros in the headers": MAIL.replace(b"From:", b"Fr\0om:").replace(b"mixed", b"mix\0ed"),
    "a header without a colon": MAIL.replace(b"MIME-Version", b"garbage \xb9\xe3\r\nMIME-Version"),
    "an mbox line first": b"From office@example.com Tue May 31 16:42:00 2016\r\n" + MAIL,
    "a date that is none": b"Date: Tue, 99 \xce\xe5 2016\r\n" + MAIL,
    "a sender that is none": MAIL.replace(b"office@example.com", b'<<@>,"'),
    "zeros in an address": MAIL.replace(b"To: i", b"To: \0i"),
    "nested without its own boundary": mixed(
        TEXT, b"Content-Type: multipart/mixed; boundary=gone\r\n\r\n--other\r\n" + PART
    ),
}  # fmt: skip


@pytest.mark.parametrize("raw", BROKEN.values(), ids=BROKEN)
def test_the_structure_is_found(raw: bytes, tmp_path: Path) -> None:
    file = only(read(raw, tmp_path))
    assert (file.path, file.sha256) == (NAME, sha256(CONTENT).hexdigest())


EMPTY_INSIDE: Final = mixed(
    b"Content-Type: multipart/mixed; boundary=gone\r\n\r\n", PART
).removesuffix(b"\r\n--=_b--\r\n")
ZERO_IN_CHARSET: Final = mixed(b"Content-Type: text/plain; charset=utf\0\r\n\r\n\xe9", PART)


@pytest.mark.parametrize(
    ("raw", "raised"), [(EMPTY_INSIDE, AttributeError), (ZERO_IN_CHARSET, ValueError)]
)
def test_a_mail_that_mail_parser_fails_on_gives_up_its_files(
    raw: bytes, raised: type[Exception], tmp_path: Path
) -> None:
    with pytest.raises(raised):
        mailparser.parse_from_bytes(raw)
    mail = read(raw, tmp_path)
    assert (mail.sender.address, paths(mail)) == ("office@example.com", [NAME])
    assert mail.files[0].sha256 == sha256(CONTENT).hexdigest()


JUNK: Final = CODED.replace(b"\n", b" \0\xff!\r\n", 3)
PADDED: Final = b"".join(
    base64.b64encode(CONTENT[at : at + 100]) + b"\r\n" for at in range(0, len(CONTENT), 100)
)
ENCODED: Final = {
    "base64 with junk": coded("base64", JUNK),
    "base64 in one line": coded("base64", base64.b64encode(CONTENT)),
    "base64 without padding": coded("base64", base64.b64encode(CONTENT).rstrip(b"=")),
    "base64 with a footer": coded("base64", CODED + b"\r\n____ sent by example list ____\r\n"),
    "base64 padded line by line": coded("base64", PADDED),
    "base-64": coded("base-64", CODED),
    "Base 64;": coded("Base 64;", CODED),
    "bas64": coded("bas64", CODED),
    "b64 quoted": coded('"BASE64"', CODED),
    "no encoding told, yet base64": coded("", CODED),
    "an unknown encoding, yet base64": coded("x-none", CODED),
    "base64 told, yet binary": coded("base64", CONTENT),
    "quoted-printable told, yet binary": coded("quoted-printable", CONTENT),
    "Quoted Printable": coded("Quoted Printable", binascii.b2a_qp(CONTENT, istext=False)),
    "x-uue": coded("x-uue", uuencoded(CONTENT)),
}


@pytest.mark.parametrize("raw", ENCODED.values(), ids=ENCODED)
def test_the_bytes_are_exact(raw: bytes, tmp_path: Path) -> None:
    assert only(read(raw, tmp_path)).sha256 == sha256(CONTENT).hexdigest()


@pytest.mark.parametrize(
    "head", [HEAD, HEAD + b"Content-Type: text/plain; charset=gb2312\r\n", HEAD[:30] + b"\r\n"]
)
def test_files_uuencoded_in_the_text_come_out_of_it(head: bytes, tmp_path: Path) -> None:
    text = "请查收。\n\n".encode("gbk")
    raw = head + b"\r\n" + text + uuencoded(CONTENT) + uuencoded(PDF, "章程.pdf") + text
    mail = read(raw, tmp_path)
    assert paths(mail) == [NAME, "章程.pdf"]
    assert mail.files[0].sha256 == sha256(CONTENT).hexdigest()
    assert mail.text.split() == ["请查收。", "请查收。"]


def test_words_that_begin_like_a_uuencoded_file_are_words(tmp_path: Path) -> None:
    text = b"begin 644 reasons\r\nand another line of text that goes on.\r\nend\r\n"
    mail = read(HEAD + b"\r\n" + text, tmp_path)
    assert (mail.files, "another line" in mail.text) == ((), True)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("价格=20元，网址 http://example.com/?a=bc".encode("gbk"), "价格=20元，网址 http://example.com/?a=bc"),
        ("请查收".encode("gbk"), "请查收"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("told", ["base64", "8-bit", "8 bit", "utf-8"])
def test_a_text_whose_encoding_is_told_wrongly_is_read_as_it_stands(
    told: str, body: bytes, text: str, tmp_path: Path
) -> None:
    told = f"Content-Type: text/plain; charset=gb2312\r\nContent-Transfer-Encoding: {told}\r\n\r\n"
    assert read(HEAD + told.encode() + body, tmp_path).text == text


@pytest.mark.parametrize("kind", ["message/rfc822", "message/global", "Message/RFC822; name=a"])
def test_an_attached_mail_in_base64_is_opened(kind: str, tmp_path: Path) -> None:
    head = f"Content-Type: {kind}\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    raw = mixed(TEXT, head.encode() + base64.encodebytes(MAIL), boundary=b"outer")
    assert only(read(raw, tmp_path)).path.endswith(f"/{NAME}")


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("message/partial; number=1; total=3; id=x", "分段邮件"),
        ("message/external-body; access-type=ftp", "外部附件"),
        ("message/external-body; name=a.doc", "a.doc"),
    ],
)
def test_a_mail_that_is_not_whole_is_listed_as_what_it_is(
    kind: str, name: str, tmp_path: Path
) -> None:
    raw = HEAD + f"Content-Type: {kind}\r\n\r\n".encode() + MAIL
    file = only(read(raw, tmp_path))
    assert (file.path, file.media_type) == (name, kind.partition(";")[0])
    assert file.problem is Problem.UNSUPPORTED


@pytest.mark.parametrize(
    ("headers", "name"),
    [
        ('Content-Type: application/octet-stream; name="=?gb2312?B?1+m9qNCt0ukuZG9j?="', "组建协议.doc"),
        (("Content-Disposition: attachment; filename*0*=gbk''%D7%E9%BD; filename*1*=%A8%D0%AD;"
         ' filename*2=".doc"'), "组建协.doc"),
        ("Content-Disposition: attachment; filename*=''%E7%BB%84.doc", "组.doc"),
        (r'Content-Disposition: attachment; filename="C:\材料\协议.doc"', "协议.doc"),
        ('Content-Disposition: attachment; filename="../../etc/协议.doc"', "协议.doc"),
        ('Content-Disposition: attachment; filename="协议\u202ecod.exe"', "协议cod.exe"),
        ('Content-Disposition: attachment; filename=""', "无名附件.pdf"),
        ('Content-Disposition: attachment; filename="  "', "无名附件.pdf"),
        ('Content-Disposition: attachment; filename="/"', "无名附件.pdf"),
        ("Content-Disposition: attachment; filename=tcmime.1027.1027.1027.bin", "tcmime.1027.1027.1027.bin"),
        ('Content-Type: a/b; name="章程.doc"\r\nContent-Disposition: attachment; filename="??.doc"', "章程.doc"),
        ('Content-Type: a/b; name="甲.doc"\r\nContent-Disposition: attachment; filename="乙.doc"', "乙.doc"),
    ],
)  # fmt: skip
def test_the_name_is_the_one_that_the_sender_sees(headers: str, name: str, tmp_path: Path) -> None:
    part = headers.encode() + b"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + CODED
    file = only(read(mixed(TEXT, part), tmp_path))
    assert (file.path, file.media_type) == (name, media.PDF)


def test_a_very_long_name_keeps_its_beginning_and_its_extension(tmp_path: Path) -> None:
    name = "广东省" + "石墨烯" * 100 + ".docx"
    part = attachment(f'attachment; filename="{name}"'.encode(), CONTENT)
    shown = only(read(mixed(TEXT, part), tmp_path)).path
    assert (shown[:6], shown[-5:], len(shown)) == (name[:6], ".docx", 200)


def test_what_is_called_a_mail_but_is_none_is_a_plain_file(tmp_path: Path) -> None:
    part = b"Content-Type: message/rfc822\r\n\r\n[original message goes here]\r\n"
    file = only(read(mixed(TEXT, part), tmp_path))
    assert (file.path, file.media_type, file.problem) == ("无名附件.txt", media.TEXT, None)
