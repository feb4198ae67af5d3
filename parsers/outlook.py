"""Mail as Outlook keeps it (MAPI): what .msg files and winmail.dat have in common."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Self

from parsers.charsets import decode_text
from parsers.errors import ParseError
from parsers.mailtext import html_text
from parsers.submission import Address, Problem

SUBJECT, BODY, BODY_HTML, BODY_RTF, MESSAGE_ID = 0x0037, 0x1000, 0x1013, 0x1009, 0x1035
SENDER_NAME, SENDER, SENDER_SMTP = 0x0C1A, 0x0C1F, 0x5D01
CODE_PAGE, INTERNET_CODE_PAGE = 0x3FFD, 0x3FDE
CONTENT, LONG_NAME, SHORT_NAME, SHOWN_NAME = 0x3701, 0x3707, 0x3704, 0x3001
MIME_TYPE, HIDDEN, FLAGS = 0x370E, 0x7FFE, 0x3714
# Types of properties' values (MS-OXCDATA 2.11.1).
NARROW, UNICODE, BINARY, OBJECT = 0x1E, 0x1F, 0x0102, 0x0D

_SHOWN_IN_HTML = 4
_COMPRESSED, _PLAIN = b"LZFu", b"MELA"
_RTF_HEADER = 16
_LARGEST_RTF = 16 << 20
_RING = 4096
# What the compression takes as said already (MS-OXRTFCP 2.1.2.1).
_DICTIONARY = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript "
    rb"\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0"
    b"\r\n"
    rb"\par \pard\plain\f0\fs20\b\i\u\tab\tx"
)


@dataclass(frozen=True, kw_only=True)
class Properties:
    """Properties by their ids, each with the type and the bytes of its value."""

    values: Mapping[int, tuple[int, bytes]]
    code_page: int = 0
    """The message's own, for text that is not in Unicode; 0 if it tells none."""

    def raw(self, prop: int) -> bytes:
        """Return the bytes of a value, none if it is not there."""
        return self.values.get(prop, (BINARY, b""))[1]

    def number(self, prop: int) -> int:
        """Return a number, 0 if it is not there."""
        return int.from_bytes(self.raw(prop)[:4], "little")

    def text(self, *props: int) -> str:
        """Return the first of these properties that says anything."""
        return next(filter(None, map(self._text, props)), "")

    def _text(self, prop: int) -> str:
        kind, raw = self.values.get(prop, (UNICODE, b""))
        if kind == UNICODE:
            return raw.decode("utf-16-le", errors="replace").partition("\0")[0]
        return decode_text(raw.partition(b"\0")[0], f"cp{self.code_page}")


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """A file or mail that hangs on a mail of Outlook.

    `content` gives its bytes when asked; `mail` is set where it is a mail that is kept open.
    `logo` says that it is a picture which the text shows.
    """

    name: str
    content: Callable[[], bytes] = bytes
    mail: OutlookMail | None = None
    problem: Problem | None = None
    logo: bool = False


@dataclass(frozen=True, kw_only=True)
class OutlookMail:
    """A mail of Outlook; its attachments are read one by one, as long as its file is open."""

    subject: str
    sender: Address
    message_id: str
    text: str
    attachments: Callable[[], Iterator[Attachment]]

    @classmethod
    def of(cls, found: Properties, attachments: Callable[[], Iterator[Attachment]]) -> Self:
        """Return the mail that these properties describe."""
        address = found.text(SENDER_SMTP, SENDER)
        return cls(
            subject=re.sub(r"\s+", " ", found.text(SUBJECT)).strip(),
            sender=Address(
                address=address.lower() if "@" in address else "",
                name=found.text(SENDER_NAME),
            ),
            message_id=found.text(MESSAGE_ID),
            text=body_text(found),
            attachments=attachments,
        )


def attachment_of(
    found: Properties, *, mail: OutlookMail | None = None, problem: Problem | None = None
) -> Attachment:
    """Return the attachment that these properties describe."""
    pictured = found.text(MIME_TYPE).lower().startswith("image/")
    shown = found.number(HIDDEN) or found.number(FLAGS) & _SHOWN_IN_HTML
    return Attachment(
        name=found.text(LONG_NAME, SHOWN_NAME, SHORT_NAME),
        content=partial(found.raw, CONTENT),
        mail=mail,
        problem=problem,
        logo=pictured and bool(shown),
    )


def body_text(found: Properties) -> str:
    """Return what a mail says: its plain text, else that of its HTML, else that of its RTF."""
    plain = found.text(BODY).replace("\r\n", "\n")
    if plain.strip():
        return plain
    kind, raw = found.values.get(BODY_HTML, (BINARY, b""))
    page = found.number(INTERNET_CODE_PAGE) or found.code_page
    html = decode_text(raw, "utf-16-le" if kind == UNICODE else f"cp{page}")
    return html_text(html.partition("\0")[0]) if html.strip() else _rtf_text(found.raw(BODY_RTF))


def _rtf_text(packed: bytes) -> str:
    from parsers.rtf import rtf_content

    if not packed:
        return ""
    try:
        pages = rtf_content(decompress_rtf(packed), "").pages
    except Exception:  # noqa: BLE001 - readers raise anything on broken input; the mail's files are still there
        return ""
    blocks = (block for page in pages for block in page.blocks)
    return "\n".join(
        block if isinstance(block, str) else "\n".join(map("\t".join, block)) for block in blocks
    )


def decompress_rtf(packed: bytes) -> bytes:
    """Return the RTF that a mail's body was compressed from (MS-OXRTFCP 2.1.3).

    Stops at 16 MiB. Raises ParseError (DAMAGED) when it is no such thing, struct.error when
    it breaks off in its header.
    """
    _, size, kind, _ = struct.unpack_from("<II4sI", packed)
    size = min(size, _LARGEST_RTF)
    if kind == _PLAIN:
        return packed[_RTF_HEADER:][:size]
    if kind != _COMPRESSED:
        raise ParseError(Problem.DAMAGED, "no compressed RTF")
    ring = bytearray(_DICTIONARY.ljust(_RING, b" "))
    write, at = len(_DICTIONARY), _RTF_HEADER
    out = bytearray()
    while at < len(packed) and len(out) < size:
        control, at = packed[at], at + 1
        for bit in range(8):
            piece, at = _run(packed, at, ring, write, reference=bool(control >> bit & 1))
            if not piece:
                return bytes(out)
            out += piece
            write = (write + len(piece)) % _RING
    return bytes(out[:size])


def _run(
    packed: bytes, at: int, ring: bytearray, write: int, *, reference: bool
) -> tuple[bytes, int]:
    """Read one byte, or a run of bytes said before; none at the end. Puts them into the ring."""
    if not reference:
        piece = packed[at : at + 1]
        ring[write : write + len(piece)] = piece
        return piece, at + 1
    token = int.from_bytes(packed[at : at + 2], "big")
    place, length = token >> 4, (token & 0xF) + 2
    if place == write or at + 2 > len(packed):
        return b"", at
    said = bytearray()
    for step in range(length):  # it may reach into what it says itself
        said.append(ring[(place + step) % _RING])
        ring[(write + step) % _RING] = said[-1]
    return bytes(said), at + 2
