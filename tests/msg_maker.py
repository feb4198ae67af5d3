"""Mail as Outlook saves it (.msg), written for the tests."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tests.word_maker import ole

SUBJECT, BODY, HTML, RTF, SENDER_NAME, SENDER = 0x0037, 0x1000, 0x1013, 0x1009, 0x0C1A, 0x0C1F
CONTENT, LONG_NAME, MIME_TYPE = 0x3701, 0x3707, 0x370E
CODE_PAGE, FLAGS, METHOD = 0x3FFD, 0x3714, 0x3705


@dataclass(frozen=True, kw_only=True)
class Msg:
    """A mail or an attachment: texts, bytes, numbers, and what hangs on it.

    `narrow` is the code page of texts that are not in Unicode. Bytes shorter than 4096 come
    out filled up with zeros. `inside` is the mail that an attachment is.
    """

    texts: Mapping[int, str] = field(default_factory=dict)
    raw: Mapping[int, bytes] = field(default_factory=dict)
    numbers: Mapping[int, int] = field(default_factory=dict)
    attachments: Sequence[Msg] = ()
    inside: Msg | None = None
    narrow: int = 0


def msg(mail: Msg) -> bytes:
    """Return the file."""
    return ole(_streams(mail, 32))


def attached(name: str, content: bytes) -> Msg:
    """A file that hangs on a mail; its size is a multiple of 512 from 4096 on."""
    return Msg(texts={LONG_NAME: name}, raw={CONTENT: content})


def _streams(mail: Msg, header: int) -> dict[str, bytes]:
    numbers = dict(mail.numbers) | ({CODE_PAGE: mail.narrow} if mail.narrow else {})
    listed = b"".join(
        struct.pack("<HHIII", 3, prop, 6, value, 0) for prop, value in numbers.items()
    )
    streams = {"__properties_version1.0": bytes(header) + listed}
    for prop, text in mail.texts.items():
        kind, codec = (0x1E, f"cp{mail.narrow}") if mail.narrow else (0x1F, "utf-16-le")
        streams[f"__substg1.0_{prop:04X}{kind:04X}"] = text.encode(codec)
    for prop, raw in mail.raw.items():
        streams[f"__substg1.0_{prop:04X}0102"] = raw
    for number, each in enumerate(mail.attachments):
        below = _streams(each, 8)
        streams |= {f"__attach_version1.0_#{number:08X}/{at}": raw for at, raw in below.items()}
    if mail.inside is not None:
        below = _streams(mail.inside, 24)
        streams |= {f"__substg1.0_{CONTENT:04X}000D/{at}": raw for at, raw in below.items()}
    return streams
