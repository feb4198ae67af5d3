"""The made mails: `machines.txt` and `people.txt` hold them as they read, this gives them as sent.

A line `%% name<TAB>what tells, or misleads` begins each. Header fields that every mail has
alike are left out there; text is written plainly and is coded as its headers say.
"""

from __future__ import annotations

import base64
import email
import email.policy
from dataclasses import dataclass
from email.header import Header
from email.message import Message
from email.utils import parseaddr
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
OWN: Final = "intake@example.org"
WIRE: Final = email.policy.compat32.clone(linesep="\r\n", max_line_length=None)


@dataclass(frozen=True, kw_only=True)
class Made:
    """One mail; `reason` names the machine's sign, or what makes a person's mail look automatic."""

    name: str
    reason: str
    raw: bytes


def machines() -> tuple[Made, ...]:
    """Return the mails of machines."""
    return _read(HERE / "machines.txt")


def people() -> tuple[Made, ...]:
    """Return the mails of people that look automatic."""
    return _read(HERE / "people.txt")


def _read(path: Path) -> tuple[Made, ...]:
    blocks = path.read_text(encoding="utf-8").removeprefix("%% ").split("\n%% ")
    return tuple(_made(block) for block in blocks)


def _made(block: str) -> Made:
    title, _, source = block.partition("\n")
    name, _, reason = title.partition("\t")
    return Made(name=name, reason=reason, raw=_on_the_wire(name, source))


def _on_the_wire(name: str, source: str) -> bytes:
    mail = email.message_from_string(source)
    domain = parseaddr(str(mail["From"]))[1].partition("@")[2]
    alike = {
        "To": OWN,
        "Date": "Mon, 6 Jun 2016 09:42:17 +0800",
        "Message-ID": f"<{name}@{domain}>",
        "MIME-Version": "1.0",
        "Content-Type": 'text/plain; charset="utf-8"',
    }
    for field, value in alike.items():
        if field not in mail:
            mail[field] = value
    if not mail.is_multipart() and "Content-Transfer-Encoding" not in mail:
        mail["Content-Transfer-Encoding"] = "base64"
    for part in mail.walk():
        _code(part)
    received = f"Received: from mail.{domain} (mail.{domain} [192.0.2.25])\r\n\tby mx.example.org with ESMTP id 7F3A21; Mon, 6 Jun 2016 09:42:18 +0800\r\n"
    head, middle, rest = mail.as_bytes(policy=WIRE).partition(b"\r\n")
    return head + middle + received.encode() + rest


def _code(part: Message) -> None:
    """Code the words of a part's headers, and its text, in its own character set."""
    charset = next((each for at in part.walk() if (each := at.get_content_charset())), "utf-8")
    for field, value in part.items():
        if not value.isascii():
            part.replace_header(field, _words(value, charset))
    text = part.get_payload()
    plain = part.get_content_maintype() == "text" and isinstance(text, str)
    if plain and part["Content-Transfer-Encoding"] == "base64":
        coded = str(text).replace("\n", "\r\n").encode(charset)
        part.set_payload(base64.encodebytes(coded).decode("ascii"))


def _words(value: str, charset: str) -> str:
    """Return a header's value with its non-ASCII words encoded; addresses stay as they are."""
    text, bracket, address = value.rpartition(" <")
    if not bracket:
        text, address = value, ""
    return Header(text.strip('"'), charset).encode() + bracket + address
