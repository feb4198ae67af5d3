"""Mail as Chinese clients really write it, from raw bytes to a Submission."""

from __future__ import annotations

import base64
import io
import tempfile
import zipfile
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
import pyzipper
from hypothesis import given
from hypothesis import strategies as st

from config.limits import Limits
from parsers.errors import ParseError
from parsers.message import open_files, read_message
from parsers.submission import Address, File, Problem, Submission

LIMITS = Limits()
PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 50
HEAD = (
    b"From: office@example.com\r\nTo: intake@example.org\r\nMessage-ID: <1@example.com>\r\n"
    b"MIME-Version: 1.0\r\n"
)


def read(raw: bytes, tmp_path: Path, limits: Limits = LIMITS) -> Submission:
    path = tmp_path / "mail"
    path.write_bytes(raw)
    work = Path(tempfile.mkdtemp(dir=tmp_path))
    return read_message(path, work, limits)


def attachment(disposition: bytes, body: bytes, kind: bytes = b"application/octet-stream") -> bytes:
    return (
        b"Content-Type: " + kind + b"\r\nContent-Disposition: " + disposition + b"\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(body)
    )


def mixed(
    *parts: bytes, head: bytes = HEAD, kind: bytes = b"mixed", boundary: bytes = b"=_b"
) -> bytes:
    delimiter = b"\r\n--" + boundary
    return (
        head + b"Content-Type: multipart/" + kind + b'; boundary="' + boundary + b'"\r\n'
        + b"".join(delimiter + b"\r\n" + part for part in parts) + delimiter + b"--\r\n"
    )  # fmt: skip


def zipped(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def paths(submission: Submission) -> list[str]:
    return [file.path for file in submission.files]


def only(submission: Submission) -> File:
    (file,) = submission.files
    return file


TEXT = b"Content-Type: text/plain; charset=gb2312\r\n\r\n" + "请查收。".encode("gbk")


def test_a_plain_mail_is_understood(tmp_path: Path) -> None:
    raw = (
        b"From: =?gb2312?B?"
        + base64.b64encode("朱镕科研处".encode("gbk"))
        + b"?= <Office@Example.COM>\r\n"
        b"To: intake@example.org, <b@example.net>\r\nCc: c@example.net\r\n"
        b"Reply-To: other@example.com\r\n"
        b"Subject: " + "广东省石墨烯产业技术创新联盟申报材料".encode("gbk") + b"\r\n"
        b"Date: Tue, 31 May 2016 16:42:00 +0800 (CST)\r\nMessage-ID: <m1@example.com>\r\n"
        b"In-Reply-To: <r2@example.org>\r\nReferences: <r1@example.org>\r\n <r2@example.org>\r\n"
        b"Content-Type: text/plain; charset=gb2312\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
        + "老师好，材料请查收。朱镕\r\n".encode("gbk")
    )
    mail = read(raw, tmp_path)
    assert mail.sender == Address(address="office@example.com", name="朱镕科研处")
    assert [to.address for to in mail.to] == ["intake@example.org", "b@example.net"]
    assert (mail.cc[0].address, mail.reply_to[0].address) == ("c@example.net", "other@example.com")
    assert mail.subject == "广东省石墨烯产业技术创新联盟申报材料"
    assert mail.date == datetime(2016, 5, 31, 8, 42, tzinfo=UTC)
    assert (mail.message_id, mail.in_reply_to) == ("<m1@example.com>", "<r2@example.org>")
    assert mail.references == ("<r1@example.org>", "<r2@example.org>")
    assert mail.text == "老师好，材料请查收。朱镕"
    assert mail.header("subject") == mail.subject
    assert mail.files == ()


@pytest.mark.parametrize(
    "name", ["科技处".encode(), "科技处".encode("gbk"), b"=?gb18030?B?v8a8vLSm?="]
)
def test_a_sender_without_brackets_is_told_from_the_name_before_it(
    name: bytes, tmp_path: Path
) -> None:
    mail = read(b"From: " + name + b" Office@example.com\r\nSubject: x\r\n\r\n", tmp_path)
    assert mail.sender == Address(address="office@example.com", name="科技处")


def test_an_address_in_chinese_is_shown_as_it_was_written(tmp_path: Path) -> None:
    mail = read("From: 张三丰@例子.example\r\nSubject: x\r\n\r\n".encode(), tmp_path)
    assert mail.sender.address == "张三丰@例子.example"


def test_encoded_words_hide_no_address_of_somebody_else(tmp_path: Path) -> None:
    mail = read(b"From: a <=?utf-8?q?office?=@example.com>\r\nSubject: x\r\n\r\n", tmp_path)
    assert mail.sender.address != "office@example.com"


def calendar(content_type: bytes) -> bytes:
    return b"Content-Type: " + content_type + b"\r\n\r\nBEGIN:VCALENDAR\r\nEND:VCALENDAR"


@pytest.mark.parametrize(
    ("content_type", "method"),
    [
        (b"text/calendar; charset=utf-8; method=REQUEST", "request"),
        (b'text/calendar; name="agenda.ics"', ""),
        (b"text/plain; method=REQUEST", ""),
    ],
)
def test_what_a_calendar_is_for_is_told(content_type: bytes, method: str, tmp_path: Path) -> None:
    mail = read(mixed(TEXT, calendar(content_type), kind=b"alternative"), tmp_path)
    assert mail.calendar_method == method


def test_a_calendar_without_a_name_is_called_one_and_that_of_an_attached_mail_is_not_ours(
    tmp_path: Path,
) -> None:
    invitation = mixed(TEXT, calendar(b"text/calendar; method=REQUEST"), kind=b"alternative")
    assert paths(read(invitation, tmp_path)) == ["无名附件.ics"]
    attached = mixed(TEXT, b"Content-Type: message/rfc822\r\n\r\n" + invitation, boundary=b"=_o")
    assert read(attached, tmp_path).calendar_method == ""


def test_attachments_are_written_under_numbers_with_checksum_and_true_type(tmp_path: Path) -> None:
    name = "组建协议".encode("gbk")
    mail = read(mixed(TEXT, attachment(b'attachment; filename="' + name + b'.doc"', PDF)), tmp_path)
    file = only(mail)
    assert (file.path, file.filename) == ("组建协议.doc", "组建协议.doc")
    assert (file.media_type, file.size) == ("application/pdf", len(PDF))
    assert file.sha256 == sha256(PDF).hexdigest()
    assert file.source is not None
    assert file.source.read_bytes() == PDF
    assert file.source.name.isdigit()
    assert mail.text == "请查收。"


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        (b"base64", base64.encodebytes(bytes(range(256)) * 3000)),
        (b"base64", b"\r\n".join([base64.b64encode(bytes(range(256)) * 3000).rstrip(b"=")])),
        (b"binary", bytes(range(256)) * 3000),
        (b"x-uuencode", None),
    ],
)
def test_every_byte_survives_each_transfer_encoding(
    encoding: bytes, body: bytes | None, tmp_path: Path
) -> None:
    content = bytes(range(256)) * 3000
    if body is None:
        import binascii

        lines = (binascii.b2a_uu(content[at : at + 45]) for at in range(0, len(content), 45))
        body = b"begin 644 a.bin\n" + b"".join(lines) + b"`\nend\n"
    part = (
        b"Content-Type: application/octet-stream; name=a.bin\r\nContent-Transfer-Encoding: "
        + encoding + b"\r\n\r\n" + body
    )  # fmt: skip
    assert only(read(mixed(TEXT, part), tmp_path)).sha256 == sha256(content).hexdigest()


def test_a_part_without_a_name_is_a_file_named_by_its_content(tmp_path: Path) -> None:
    mail = read(mixed(TEXT, attachment(b"inline", PDF)), tmp_path)
    assert paths(mail) == ["无名附件.pdf"]


def test_a_logo_shown_in_the_body_is_no_file_but_a_page_is(tmp_path: Path) -> None:
    html = b"Content-Type: text/html\r\n\r\n<p>hello <img src='cid:1'></p>"
    logo = b"Content-ID: <1>\r\n" + attachment(b"inline; filename=logo.png", PNG, b"image/png")
    page = b"Content-ID: <2>\r\n" + attachment(
        b"inline; filename=page.png", PNG + b"\0" * 200_000, b"image/png"
    )
    assert paths(read(mixed(html, logo, page, kind=b"related"), tmp_path)) == ["page.png"]
    assert paths(read(mixed(TEXT, logo), tmp_path)) == ["logo.png"]


def test_two_files_of_one_name_have_two_paths(tmp_path: Path) -> None:
    part = attachment(b"attachment; filename=a.pdf", PDF)
    assert paths(read(mixed(TEXT, part, part), tmp_path)) == ["a.pdf", "a (2).pdf"]


def test_attached_mails_keep_their_place(tmp_path: Path) -> None:
    inner = mixed(
        TEXT,
        attachment(b"attachment; filename*=GBK''%D0%AD%D2%E9.pdf", PDF),
        head=HEAD + b"Subject: " + "推荐材料".encode("gbk") + b"\r\n",
        boundary=b"inner",
    )
    as_mail = b"Content-Type: message/rfc822\r\n\r\n" + inner
    as_file = attachment(b'attachment; filename="=?GBK?B?16q3og==?=.eml"', inner)
    mail = read(mixed(TEXT, as_mail, as_file), tmp_path)
    assert paths(mail) == ["推荐材料.eml/协议.pdf", "转发.eml/协议.pdf"]
    assert mail.quoted.count("请查收。") == 2


def test_zip_archives_are_opened_and_keep_folders(tmp_path: Path) -> None:
    inner = zipped(**{"协议.pdf": PDF})
    outer = zipped(**{"甲联盟/申报表.pdf": PDF, "乙联盟/材料.zip": inner, "__MACOSX/._a": b"x"})
    mail = read(mixed(TEXT, attachment(b"attachment; filename=all.zip", outer)), tmp_path)
    assert paths(mail) == ["all.zip/甲联盟/申报表.pdf", "all.zip/乙联盟/材料.zip/协议.pdf"]
    assert {file.media_type for file in mail.files} == {"application/pdf"}


def locked(password: str, name: str, content: bytes) -> bytes:
    buffer = io.BytesIO()
    with pyzipper.AESZipFile(buffer, "w", encryption=pyzipper.WZ_AES) as archive:
        archive.setpassword(password.encode())
        archive.writestr(name, content)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("subject", "text", "name"),
    [
        ("申报材料", "材料已加密，解压密码：kjt2016。谢谢", "a.zip"),
        ("申报材料（密码kjt2016）", "请查收。", "a.zip"),
        ("申报材料", "请查收。", "材料(密码kjt2016).zip"),
    ],
)
def test_a_password_in_the_mail_opens_its_archives(
    subject: str, text: str, name: str, tmp_path: Path
) -> None:
    raw = mixed(
        b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + text.encode(),
        attachment(
            b'attachment; filename="' + name.encode() + b'"',
            zipped(**{"in.zip": locked("kjt2016", "协议.txt", "组建".encode())}),
        ),
        head=HEAD + b"Subject: " + subject.encode() + b"\r\n",
    )
    file = only(read(raw, tmp_path))
    assert (file.path, file.problem) == (f"{name}/in.zip/协议.txt", None)


def test_a_password_in_the_mail_opens_archives_of_mails_attached_to_it(tmp_path: Path) -> None:
    inner = mixed(
        TEXT, attachment(b"attachment; filename=a.zip", locked("kjt2016", "a.txt", b"text"))
    )
    raw = mixed(
        "Content-Type: text/plain; charset=utf-8\r\n\r\n密码为 kjt2016".encode(),
        b"Content-Type: message/rfc822\r\n\r\n" + inner,
        boundary=b"=_outer",
    )
    assert only(read(raw, tmp_path)).problem is None


def test_a_wrong_password_leaves_the_archive_locked_and_is_told_nowhere(tmp_path: Path) -> None:
    raw = mixed(
        "Content-Type: text/plain; charset=utf-8\r\n\r\n密码：wrong1".encode(),
        attachment(b"attachment; filename=a.zip", locked("kjt2016", "a.txt", b"text")),
    )
    file = only(read(raw, tmp_path))
    assert (file.path, file.problem) == ("a.zip", Problem.LOCKED)
    assert "wrong1" not in repr(file)


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", Problem.EMPTY),
        (b"PK\x03\x04 broken", Problem.DAMAGED),
        (b"Rar!\x1a\x07\x00rest", Problem.DAMAGED),
        (zipped(), Problem.EMPTY),
    ],
)
def test_what_cannot_be_opened_is_listed_with_its_reason(
    body: bytes, problem: Problem, tmp_path: Path
) -> None:
    mail = read(mixed(TEXT, attachment(b"attachment; filename=a.zip", body)), tmp_path)
    assert (only(mail).path, only(mail).problem) == ("a.zip", problem)


def test_nesting_beyond_the_limit_is_named(tmp_path: Path) -> None:
    content = zipped(a=PDF)
    for _ in range(4):
        content = zipped(**{"in.zip": content})
    raw = mixed(TEXT, attachment(b"attachment; filename=x.zip", content))
    file = only(read(raw, tmp_path, Limits(unpack_depth=3)))
    assert (file.path, file.problem) == ("x.zip/in.zip/in.zip/in.zip", Problem.TOO_DEEP)
    assert only(read(raw, tmp_path, Limits(unpack_depth=5))).problem is None


def test_a_bomb_costs_only_itself(tmp_path: Path) -> None:
    bomb = zipped(**{"a.txt": b"0" * 5_000_000, "b.pdf": PDF})
    mail = read(
        mixed(
            TEXT, attachment(b"attachment; filename=x.zip", bomb), attachment(b"attachment", PDF)
        ),
        tmp_path,
        Limits(unpacked_bytes=100_000),
    )
    assert [(file.path, file.problem) for file in mail.files] == [
        ("x.zip/a.txt", Problem.TOO_LARGE),
        ("x.zip/b.pdf", None),
        ("无名附件.pdf", None),
    ]


@pytest.mark.parametrize(("count", "listed"), [(20, 20), (21, 1)])
def test_a_multitude_of_files_beyond_the_limits_is_named_by_what_it_lies_in(
    count: int, listed: int, tmp_path: Path
) -> None:
    inner = zipped(**{f"{at}.txt": b"0" * 90_000 for at in range(count)})
    outer = zipped(**{"a.pdf": PDF, "in.zip": inner})
    raw = mixed(TEXT, attachment(b"attachment; filename=x.zip", outer))
    mail = read(raw, tmp_path, Limits(unpacked_bytes=80_000))
    refused = [file for file in mail.files if file.problem is Problem.TOO_LARGE]
    assert len(refused) == listed
    assert [file.path for file in mail.files if file.problem is None] == ["x.zip/a.pdf"]
    if listed == 1:
        assert (refused[0].path, refused[0].filename) == ("x.zip/in.zip", "in.zip")
        assert refused[0].size == count * 90_000
        assert f"{count}个文件" in refused[0].detail


def test_too_many_files_are_named(tmp_path: Path) -> None:
    many = zipped(**{f"{at}.pdf": PDF for at in range(20)})
    raw = mixed(TEXT, attachment(b"attachment; filename=x.zip", many))
    mail = read(raw, tmp_path, Limits(unpacked_files=5))
    assert [file.problem for file in mail.files] == [None] * 4 + [Problem.TOO_MANY]


def test_two_hundred_nested_multiparts_end_and_what_lies_too_deep_is_named(tmp_path: Path) -> None:
    raw = mixed(TEXT, attachment(b"attachment; filename=inner.pdf", PDF), head=b"")
    for level in range(200):
        raw = mixed(raw, attachment(b"attachment", PDF), head=b"", boundary=b"level%d" % level)
    mail = read(HEAD + raw, tmp_path)
    assert mail.sender.address == "office@example.com"
    assert [file.problem for file in mail.files] == [None] * 50 + [Problem.TOO_DEEP]


def test_a_message_over_the_limit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ParseError) as refused:
        read(mixed(TEXT), tmp_path, Limits(message_bytes=50))
    assert refused.value.problem is Problem.TOO_LARGE


@pytest.mark.parametrize(("raw", "problem"), [(b"", "empty"), (b"\x00\x01\x02", "damaged")])
def test_bytes_that_are_no_mail_are_refused(raw: bytes, problem: str, tmp_path: Path) -> None:
    with pytest.raises(ParseError) as refused:
        read(raw, tmp_path)
    assert refused.value.problem == problem


def test_a_lost_semicolon_does_not_hide_the_parts(tmp_path: Path) -> None:
    raw = mixed(TEXT, attachment(b"attachment; filename=a.pdf", PDF))
    assert paths(read(raw.replace(b"mixed; boundary", b"mixed boundary"), tmp_path)) == ["a.pdf"]


def test_structure_survives_a_broken_header_line_and_a_missing_end(tmp_path: Path) -> None:
    head = HEAD + b"Subject: " + "申报".encode("gbk") + b"\r\n" + "材料".encode("gbk") + b"\r\n"
    raw = mixed(TEXT, attachment(b"attachment; filename=a.pdf", PDF), head=head)
    mail = read(raw.removesuffix(b"\r\n--=_b--\r\n"), tmp_path)
    assert (mail.subject, paths(mail)) == ("申报 材料", ["a.pdf"])


@pytest.mark.parametrize(
    "marker",
    [
        '------------------ 原始邮件 ------------------\n发件人: "中心"\n',
        "-----原始邮件-----\n",
        "-----Original Message-----\n",
        "On Tue, May 31, 2016 at 4:42 PM, Center <intake@example.org> wrote:\n",
        '在 2016-05-31 16:42:00，"中心" <intake@example.org> 写道：\n',
        "发件人： 中心\n发送时间： 2016-05-31\n收件人： 某单位\n主题： 回执\n",
        "From: Center\nSent: Tuesday\nTo: someone\nSubject: x\n",
        "> 原文\n",
    ],
)
def test_quoted_mails_are_kept_apart(marker: str, tmp_path: Path) -> None:
    body = (
        f"谢谢，已收到。\n\n{marker}旧的内容\n" if marker[0] != ">" else f"谢谢，已收到。\n{marker}"
    )
    mail = read(HEAD + b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + body.encode(), tmp_path)
    assert mail.text == "谢谢，已收到。"
    assert marker.splitlines()[0].strip() in mail.quoted


def test_html_gives_its_text_by_lines_and_its_quotes(tmp_path: Path) -> None:
    html = (
        "<html><head><title>no</title><style>p{}</style></head><body><p>老师好：</p>"
        "<div>材料&nbsp;请<b>查收</b></div><blockquote><p>旧邮件</p></blockquote></body></html>"
    )
    raw = HEAD + b"Content-Type: text/html; charset=gbk\r\n\r\n" + html.encode("gbk")
    mail = read(raw, tmp_path)
    assert [line for line in mail.text.split("\n") if line] == ["老师好：", "材料 请查收"]
    assert mail.quoted == "> 旧邮件"


def test_the_plain_alternative_is_preferred_unless_blank(tmp_path: Path) -> None:
    html = b"Content-Type: text/html; charset=utf-8\r\n\r\n<p>HTML</p>"
    assert read(mixed(TEXT, html, kind=b"alternative"), tmp_path).text == "请查收。"
    blank = b"Content-Type: text/plain\r\n\r\n \r\n"
    assert read(mixed(blank, html, kind=b"alternative"), tmp_path).text == "HTML"


def link_mail(html: str) -> bytes:
    return HEAD + b"Content-Type: text/html; charset=utf-8\r\n\r\n" + html.encode()


def test_links_to_large_attachments_of_qq_are_told(tmp_path: Path) -> None:
    url = "http://mail.qq.com/cgi-bin/ftnExs_download?t=exs_ftn_download&amp;k=abc&amp;code=12"
    mail = read(
        link_mail(
            "<p>材料见附件</p><div>从QQ邮箱发来的超大附件</div><div class='bigatt_bt'>"
            f"<a href='{url}'>申报材料.rar</a> (120.5M, 2016年07月05日 16:42 到期)"
            f"<a href='{url}'>进入下载页面</a></div>"
        ),
        tmp_path,
    )
    (link,) = mail.links
    assert (link.provider, link.name, link.size) == ("QQ邮箱", "申报材料.rar", "120.5M")
    assert link.expires == "2016年07月05日 16:42"
    assert link.url.endswith("?t=exs_ftn_download&k=abc&code=12")


def test_links_of_netease_and_baidu_are_told_and_others_left(tmp_path: Path) -> None:
    mail = read(
        link_mail(
            "<div>从网易163邮箱发来的超大附件</div>"
            "<div><a href='https://mail.163.com/large-attachment-download/index.html?p=1'>甲.zip</a>"
            " (80.96M, 2026年8月17日 0:49 到期)</div>"
            "<div><a href='https://fs.163.com/fs/display/?p=2'>乙.pdf</a> (3.2M, 无限期)</div>"
            "<div>链接: https://pan.baidu.com/s/1abcDEF 提取码: x1y2</div>"
            "<div><a href='https://www.example.com/a.zip'>官网</a></div>"
        ),
        tmp_path,
    )
    assert [(link.provider, link.name, link.size, link.expires) for link in mail.links] == [
        ("网易邮箱", "甲.zip", "80.96M", "2026年8月17日 0:49"),
        ("网易邮箱", "乙.pdf", "3.2M", "无限期"),
        ("百度网盘", "", "", ""),
    ]
    assert mail.links[2].url == "https://pan.baidu.com/s/1abcDEF"


def test_local_files_are_opened_like_attachments(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(zipped(**{"协议.pdf": PDF}))
    (tmp_path / "b").write_bytes(mixed(TEXT, attachment(b"attachment; filename=c.pdf", PDF)))
    (tmp_path / "work").mkdir()
    given_files = [(tmp_path / "a", "材料.zip"), (tmp_path / "b", "转发.eml")]
    files = open_files(given_files, tmp_path / "work", LIMITS)
    assert [file.path for file in files] == ["材料.zip/协议.pdf", "转发.eml/c.pdf"]


fragments = st.sampled_from(
    [
        HEAD, TEXT, PDF, b"\r\n\r\n", b"\r\n--=_b\r\n", b"--=_b--", b"\n", b"\0", b"\xff\xfe",
        b"=?gbk?B?",
        b"Content-Type: multipart/mixed; boundary==_b\r\n", b"Content-Type: message/rfc822\r\n",
        b"Content-Transfer-Encoding: base64\r\n", b"Content-Type: multipart/digest; boundary=\r\n",
        b"Subject: =?gb2312?Q?=C9?=\r\n", b"Content-Disposition: attachment; filename*0*=x''%\r\n",
        b"Date: Tue, 99 May 2016 99:00 +9999\r\n", b'From: <<@>,"\r\n', zipped(a=PDF),
        b"Content-Type: text/html\r\n\r\n<table><a href='http://pan.baidu.com/s/1'>",
        b"Content-Type: multipart/mixed\r\n\r\n--x\r\nContent-Type: message/rfc822\r\n\r\n",
        b"--\xff\xb9\r\ncontent-id:\r\n", b'; boundary="\xff\xb9"', b"--x\r\ncontent-x:\r\n\r\n",
        b"begin 644 \r\n#86)C\r\n", b"\r\nend\r\n", b"\r", b"Content-Transfer-Encoding: x\r\n",
        b"QUJD" * 16 + b"\r\n", b"QQ==\r\n", b"Content-Type: message/partial\r\n\r\n",
        base64.b64encode(bytes.fromhex("789f3e22 0100 02 0c800200 04000000 61626300 2601")) + b"\r\n",
        bytes.fromhex("308006092a864886f70d010702a0803080020101310030800609"),
    ]
)  # fmt: skip


pieced = st.lists(st.one_of(fragments, st.binary(max_size=8))).map(b"".join)


@given(st.one_of(st.binary(max_size=300), pieced))
def test_any_bytes_give_a_submission_or_a_parse_error(raw: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        try:
            mail = read(raw, Path(folder))
        except ParseError:
            return
        assert all(file.path and file.filename for file in mail.files)
        repr(mail).encode("utf-8")
