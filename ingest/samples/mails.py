"""Mails 邮件 as Chinese mail programs write them, byte for byte the same each time."""

import hashlib
import io
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email import policy
from email.encoders import encode_base64
from email.header import Header
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.parser import BytesHeaderParser
from email.utils import encode_rfc2231, format_datetime
from typing import Literal

from ingest.samples.documents import SampleFile
from parsers.submission import Address

Client = Literal["qq", "163", "foxmail"]
Names = Literal["rfc2047", "rfc2231", "both"]

INTAKE = Address(address="intake@example.org", name="广东省科技人才服务中心")

_CHARSETS = {"qq": "gb18030", "163": "GBK", "foxmail": "utf-8"}


@dataclass(frozen=True, kw_only=True)
class Earlier:
    """The mail that a reply answers: its Message-ID, and what the reply quotes of it."""

    message_id: str
    subject: str
    sender: Address
    at: datetime
    text: str


def make_mail(
    *,
    sender: Address,
    subject: str,
    text: str,
    at: datetime,
    files: Iterable[SampleFile] = (),
    to: Address = INTAKE,
    cc: tuple[Address, ...] = (),
    client: Client = "qq",
    names: Names = "rfc2047",
    answers: Earlier | None = None,
    headers: tuple[tuple[str, str], ...] = (),
) -> bytes:
    """Return one mail with CRLF line ends, as it arrives from that mail program.

    `names` is how the names of attachments are encoded: encoded words inside quotes, as
    most Chinese programs do, RFC 2231, or both. A reply quotes what it answers. `headers`
    are added in front, for instance those of a mailing list.
    """
    attached = tuple(files)
    charset = _CHARSETS[client]
    body = text if answers is None else f"{text}\n\n{_quotation(answers)}"
    mark = _mark(sender.address, subject, body, at.isoformat(), *(one.filename for one in attached))
    whole = _letter(body, client, mark)
    if attached:
        whole, letter = MIMEMultipart("mixed", boundary=_boundary(client, mark, 0)), whole
        whole.attach(letter)
        for file in attached:
            whole.attach(_attachment(file, charset, names))
    return _written(
        whole,
        (
            *headers,
            ("Received", _received(to, at, mark)),
            ("From", _address(sender, charset)),
            ("To", _address(to, charset)),
            *((("Cc", ", ".join(_address(one, charset) for one in cc)),) if cc else ()),
            ("Subject", _encoded(subject, charset)),
            ("Date", format_datetime(at)),
            ("Message-ID", message_id(client, mark)),
            *_threading(answers),
            *_program(client, mark),
        ),
    )


def message_id(client: Client, mark: str) -> str:
    """Return the Message-ID that the program makes of a mark."""
    host = "mail.example.com"
    return {
        "qq": f"<tencent_{mark[:32].upper()}@{host}>",
        "163": f"<{mark[:8]}.{mark[8:12]}.{mark[12:23]}.Coremail.user@{host}>",
        "foxmail": f"<{mark[:8]}-{mark[8:12]}-{mark[12:16]}-{mark[16:28]}@{host}>",
    }[client]


def earlier(raw: bytes, text: str = "") -> Earlier:
    """Return what a reply needs to know of that mail; `text` is what it will quote."""
    seen = BytesHeaderParser(policy=policy.default).parsebytes(raw)
    sender = seen["From"].addresses[0]
    return Earlier(
        message_id=str(seen["Message-ID"]),
        subject=str(seen["Subject"]),
        sender=Address(address=sender.addr_spec, name=sender.display_name),
        at=seen["Date"].datetime,
        text=text,
    )


def thank_you(raw: bytes, *, at: datetime, client: Client = "qq") -> bytes:
    """Return a mail of thanks by the sender of that mail, in its thread."""
    before = earlier(raw, "材料已发送，请查收。")
    return make_mail(
        sender=before.sender,
        subject=f"回复：{before.subject}",
        text="老师您好，材料收到就好，谢谢！辛苦了。",
        at=at,
        client=client,
        answers=before,
    )


def auto_reply(*, sender: Address, about: str, at: datetime) -> bytes:
    """Return a holiday reply as QQ sends it: without Auto-Submitted, told by its own header."""
    user, _, domain = sender.address.partition("@")
    recipient = INTAKE.address.replace("@", "=")
    return make_mail(
        sender=sender,
        subject=f"自动回复:{about}",
        text="您好，您的来信已收到，我会尽快给您回复。谢谢！",
        at=at,
        headers=(
            ("Return-Path", f"<{user}+auto_={recipient}@{domain}>"),
            ("X-QQ-AUTO-REPLY", "true"),
        ),
    )


def newsletter(*, sender: Address, at: datetime) -> bytes:
    """Return a mail of a list that staff once subscribed to."""
    return make_mail(
        sender=sender,
        subject="【科技资讯周刊】产学研合作最新政策解读与活动预告",
        text="本期导读：\n一、企业研发费用加计扣除政策问答\n二、科技成果对接会报名通知\n三、创新方法培训班预告\n\n如不希望继续收到本刊，请点击退订。",
        at=at,
        client="foxmail",
        headers=(
            ("List-Id", "<weekly.news.example.net>"),
            ("List-Unsubscribe", "<mailto:unsubscribe@news.example.net>"),
            ("Precedence", "bulk"),
        ),
    )


def make_zip(folders: dict[str, tuple[SampleFile, ...]], *, gbk: bool = True) -> bytes:
    """Return a zip archive of folders ("" for none); names in GBK, as 2016's programs wrote them.

    With `gbk` false the names are UTF-8 and flagged as such.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for folder, files in folders.items():
            for file in files:
                path = f"{folder}/{file.filename}" if folder else file.filename
                archive.writestr(_entry(path, gbk=gbk), file.content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


class _GbkEntry(zipfile.ZipInfo):
    """An entry whose name is written as GBK without the UTF-8 flag."""

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:  # noqa: N802 - the name zipfile calls
        return self.filename.encode("gb18030"), self.flag_bits & ~0x800


def _entry(path: str, *, gbk: bool) -> zipfile.ZipInfo:
    made = _GbkEntry if gbk else zipfile.ZipInfo
    entry = made(path, date_time=(2016, 5, 30, 9, 0, 0))
    entry.create_system = 0
    return entry


def zip_file(filename: str, content: bytes) -> SampleFile:
    """Return the archive as an attachment."""
    return SampleFile(filename=filename, content=content, media_type="application/zip")


def _mark(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _boundary(client: Client, mark: str, level: int) -> str:
    return {
        "qq": f"----=_NextPart_{mark[:8].upper()}_{mark[8:16].upper()}_{level:08X}",
        "163": f"----=_Part_{int(mark[:5], 16)}_{int(mark[5:12], 16)}.{level}",
        "foxmail": f"----=_001_NextPart{int(mark[:10], 16)}{level}_=----",
    }[client]


def _letter(text: str, client: Client, mark: str) -> MIMEMultipart:
    shown = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    page = "".join(f"<div>{line or '<br>'}</div>" for line in shown.splitlines())
    both = MIMEMultipart("alternative", boundary=_boundary(client, mark, 1))
    del both["MIME-Version"]
    for kind, content in (("plain", text), ("html", page)):
        part = MIMEBase("text", kind, charset=_CHARSETS[client])
        part.set_payload(content.encode(_CHARSETS[client]))
        encode_base64(part)
        del part["MIME-Version"]
        both.attach(part)
    return both


def _attachment(file: SampleFile, charset: str, names: Names) -> MIMEBase:
    # One encoded word inside quotes, however long: so these programs write it, against RFC 2047.
    word = Header(file.filename, charset, maxlinelen=9000).encode(maxlinelen=9000)
    extended = encode_rfc2231(file.filename, "utf-8")
    spellings = {
        "rfc2047": ((f'"{word}"', ""),),
        "rfc2231": ((extended, "*"),),
        "both": ((f'"{word}"', ""), (extended, "*")),
    }[names]
    part = MIMEBase(*file.media_type.split("/", 1))
    part.set_payload(file.content)
    encode_base64(part)
    del part["MIME-Version"]
    del part["Content-Type"]
    for header, value, parameter in (
        ("Content-Type", file.media_type, "name"),
        ("Content-Disposition", "attachment", "filename"),
    ):
        named = "".join(f"; {parameter}{star}={spelt}" for spelt, star in spellings)
        part[header] = value + named
    return part


def _received(to: Address, at: datetime, mark: str) -> str:
    seconds = at + timedelta(seconds=2)
    return (
        f"from mail.example.com (unknown [192.0.2.25])\n\tby mx.example.org with ESMTP id"
        f" {mark[40:52]}\n\tfor <{to.address}>; {format_datetime(seconds)}"
    )


def _address(address: Address, charset: str) -> str:
    return f"{_encoded(address.name, charset)} <{address.address}>".strip()


def _encoded(text: str, charset: str) -> str:
    return text if text.isascii() else Header(text, charset).encode()


def _threading(answers: Earlier | None) -> tuple[tuple[str, str], ...]:
    if answers is None:
        return ()
    return (("In-Reply-To", answers.message_id), ("References", answers.message_id))


def _quotation(answers: Earlier) -> str:
    quoted = "\n".join(f"> {line}" for line in answers.text.splitlines())
    return (
        "------------------ 原始邮件 ------------------\n"
        f"发件人: {answers.sender.name} <{answers.sender.address}>\n"
        f"发送时间: {answers.at:%Y年%m月%d日 %H:%M}\n"
        f"主题: {answers.subject}\n\n{quoted}"
    )


def _program(client: Client, mark: str) -> tuple[tuple[str, str], ...]:
    return {
        "qq": (
            ("X-Priority", "3"),
            ("X-QQ-MIME", "TCMime 1.0 by Tencent"),
            ("X-Mailer", "QQMail 2.x"),
            ("X-QQ-Mailer", "QQMail 2.x"),
            ("X-QQ-mid", f"webmail{int(mark[:8], 16)}"),
        ),
        "163": (
            ("X-Priority", "3"),
            ("X-Mailer", "Coremail Webmail Server Version XT5.0"),
            ("X-CM-TRANSID", mark[:24]),
        ),
        "foxmail": (("X-Priority", "3"), ("X-Mailer", "Foxmail 7, 2, 7, 174[cn]")),
    }[client]


def _written(whole: MIMEMultipart, headers: tuple[tuple[str, str], ...]) -> bytes:
    own = [(name, value) for name, value in whole.items() if name != "MIME-Version"]
    for name in set(whole.keys()):
        del whole[name]
    for name, value in (*headers, ("MIME-Version", "1.0"), *own):
        whole[name] = value
    return whole.as_bytes(policy=policy.compat32.clone(linesep="\r\n", max_line_length=0))
