"""The structure of a message, with its bodies left where they are.

mail-parser reads a copy of the message that holds only headers (repaired, see
`charsets.repair_headers`) and delimiters; in the place of each body stands a number. The
bodies are decoded in blocks from the untouched original, so that memory stays bounded.
"""

from __future__ import annotations

import binascii
import email
import email.message
import mmap
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import getaddresses, parsedate_to_datetime
from pathlib import Path

import mailparser
from mailparser.const import ADDRESSES_HEADERS

from parsers.charsets import (
    base64_digits,
    decode_base64,
    decode_header,
    file_name,
    repair_headers,
)
from parsers.errors import ParseError
from parsers.submission import Address, Problem

MAX_PARTS = 10_000
MAX_NESTING = 50
MAX_HEADER_BYTES = 1 << 20
BLOCK = 1 << 18
_HEADER_LINE = re.compile(rb"[!-9;-~]+[ \t]*:|[ \t]|>?From ")
_LINE = re.compile(rb"[^\n]*(?:\n|\Z)")
_ADDRESS = re.compile(r"[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+", re.ASCII)
_PLACEHOLDER = re.compile(r"body(\d{8})")

Bytes = bytes | mmap.mmap


@dataclass(frozen=True, kw_only=True)
class Mime:
    """One message: its headers and parts (`message`), its bodies still in `data`.

    `spans` are the places of the bodies, in the order of the placeholders. `parser` is
    None where mail-parser failed and the standard library took its place.
    """

    data: Bytes
    message: email.message.Message
    spans: tuple[tuple[int, int], ...]
    parser: mailparser.MailParser | None

    def blocks(self, part: email.message.Message) -> Iterator[bytes]:
        """Yield the decoded body of a part that holds no parts of its own."""
        leaf = part
        while parts_of(leaf):  # message/*: the library looked for a message inside
            leaf = parts_of(leaf)[0]
        found = _PLACEHOLDER.search(str(leaf.get_payload()))
        start, end = self.spans[int(found[1])] if found else (0, 0)
        encoding = transfer_encoding(part)
        if encoding == "base64":
            return _base64_blocks(self.data, start, end)
        if encoding == "quoted-printable":
            return (binascii.a2b_qp(lines) for lines in _whole_lines(self.data, start, end))
        if encoding in {"x-uuencode", "uuencode", "x-uue", "uue"}:
            return _uu_blocks(self.data, start, end)
        return (self.data[at : min(at + BLOCK, end)] for at in range(start, end, BLOCK))

    def addresses(self, name: str) -> tuple[Address, ...]:
        """Return the addresses in one header, in lower case, names decoded."""
        values = [str(value) for value in self.message.get_all(name, [])]
        pairs: list[tuple[str, str]] = []
        if self.parser is not None and name in ADDRESSES_HEADERS:
            pairs = list(getattr(self.parser, name.replace("-", "_")) or [])
        if not pairs:
            pairs = getaddresses(values)
        if not any("@" in address for _, address in pairs):
            pairs = [("", address) for value in values for address in _ADDRESS.findall(value)]
        return tuple(
            Address(address=address.strip().lower(), name=decode_header(shown).strip("\"' "))
            for shown, address in pairs
            if "@" in address
        )

    def date(self) -> datetime | None:
        """Return when the writer says that he sent it, with its time zone, if it can be read."""
        told = self.parser.date if self.parser is not None else None
        if not isinstance(told, datetime):
            try:
                told = parsedate_to_datetime(str(self.message.get("date", "")))
            except (ValueError, TypeError, IndexError, OverflowError):
                return None
        return told if told.tzinfo else told.replace(tzinfo=UTC)


def parts_of(part: email.message.Message) -> list[email.message.Message]:
    """Return the parts inside a part; none for one that holds a body."""
    payload = part.get_payload()
    if not isinstance(payload, list):
        return []
    return [child for child in payload if isinstance(child, email.message.Message)]


def transfer_encoding(part: email.message.Message) -> str:
    """Return the transfer encoding of a part in lower case."""
    return str(part.get("content-transfer-encoding", "")).partition(";")[0].strip(" \t\"'").lower()


def part_name(part: email.message.Message) -> str:
    """Return the file name that a part carries; empty if it has none."""
    return file_name(str(part.get("content-disposition", "")), str(part.get("content-type", "")))


@contextmanager
def open_mime(path: Path) -> Iterator[Mime]:
    """Read the structure of the message in a file; bodies can be read until the block ends.

    Raises ParseError for bytes without any header, and for more than MAX_PARTS parts.
    """
    with path.open("rb") as file:
        if not file.read(1):
            raise ParseError(Problem.EMPTY)
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            yield read_mime(data)


def read_mime(data: Bytes) -> Mime:
    """Read the structure of a message that lies in memory or in a mapped file."""
    outline, spans = _outline(data)
    parser = None
    try:
        parser = mailparser.parse_from_bytes(outline)
        message = parser.message
    except Exception:  # noqa: BLE001 - mail-parser raises anything on broken mail; its structure is still readable
        message = email.message_from_bytes(outline)
    if not message.keys():
        raise ParseError(Problem.DAMAGED, "no mail header")
    return Mime(data=data, message=message, spans=tuple(spans), parser=parser)


def _outline(data: Bytes) -> tuple[bytes, list[tuple[int, int]]]:
    """Copy headers (repaired) and delimiters, and put a numbered placeholder for each body."""
    outline = bytearray()
    spans: list[tuple[int, int]] = []
    boundaries: list[bytes] = []  # of the multiparts that are open, outermost first
    position = 0
    while True:
        body = _end_of_headers(data, position)
        headers = repair_headers(bytes(data[position:body]))
        outline += headers + b"\r\n"
        boundary = _boundary(headers)
        if boundary and len(boundaries) < MAX_NESTING:
            boundaries.append(boundary)
        delimiter = _delimiter(data, body, boundaries)
        end = delimiter.start() if delimiter else len(data)
        outline += b"body%08d\r\n" % len(spans)
        spans.append((body, max(body, _without_line_end(data, body, end))))
        if len(spans) > MAX_PARTS:
            raise ParseError(Problem.TOO_MANY, f"more than {MAX_PARTS} parts")
        while delimiter and _close(delimiter, boundaries):
            outline += delimiter[0].strip() + b"\r\n"
            delimiter = _delimiter(data, delimiter.end(), boundaries)
        if not delimiter:
            return bytes(outline), spans
        outline += delimiter[0].strip() + b"\r\n"
        position = delimiter.end()


def _end_of_headers(data: Bytes, position: int) -> int:
    """Return where the body starts: after a blank line, or at the first line that is no header."""
    limit = min(len(data), position + MAX_HEADER_BYTES)
    while position < limit:
        line = _LINE.match(data, position, limit)
        if line is None:
            break
        if not line[0].strip(b"\r\n"):
            return line.end()
        if not _HEADER_LINE.match(line[0]) and not _continues(data, line):
            return position
        position = line.end()
    return position


def _continues(data: Bytes, line: re.Match[bytes]) -> bool:
    """Tell whether a raw 8-bit line is a header's, broken without the blank that marks it."""
    return not line[0].isascii() and bool(re.compile(rb"[\w-]+:").match(data, line.end()))


def _boundary(headers: bytes) -> bytes | None:
    message = email.message_from_bytes(headers)
    if message.get_content_maintype() != "multipart":
        return None
    boundary = message.get_boundary()
    return boundary.encode("utf-8", errors="surrogateescape") if boundary else None


def _delimiter(data: Bytes, start: int, boundaries: list[bytes]) -> re.Match[bytes] | None:
    """Find the next line that delimits a part of any multipart that is open."""
    if not boundaries:
        return None
    names = b"|".join(re.escape(boundary) for boundary in reversed(boundaries))
    pattern = rb"^--(?P<name>" + names + rb")(?P<close>--)?[ \t]*\r?(?:\n|\Z)"
    return re.compile(pattern, re.MULTILINE).search(data, start)


def _close(delimiter: re.Match[bytes], boundaries: list[bytes]) -> bool:
    """Leave the multiparts inside the one delimited; tell whether that one ends here too."""
    while boundaries[-1] != delimiter["name"]:
        boundaries.pop()
    if delimiter["close"]:
        boundaries.pop()
    return bool(delimiter["close"])


def _without_line_end(data: Bytes, start: int, end: int) -> int:
    """The line end before a delimiter belongs to the delimiter (RFC 2046, 5.1.1)."""
    if end == len(data):
        return end
    tail = bytes(data[max(start, end - 2) : end])
    return end - (2 if tail == b"\r\n" else tail.endswith(b"\n"))


def _base64_blocks(data: Bytes, start: int, end: int) -> Iterator[bytes]:
    """Decode base64 up to its padding, passing over line ends and stray characters."""
    left = b""
    for at in range(start, end, BLOCK):
        digits = left + base64_digits(data[at : min(at + BLOCK, end)])
        if b"=" in digits:
            yield decode_base64(digits)
            return
        whole = len(digits) - len(digits) % 4
        left = digits[whole:]
        yield decode_base64(digits[:whole])
    yield decode_base64(left)


def _whole_lines(data: Bytes, start: int, end: int) -> Iterator[bytes]:
    while start < end:
        stop = data.find(b"\n", min(start + BLOCK, end) - 1, end) + 1 or end
        yield bytes(data[start:stop])
        start = stop


def _uu_blocks(data: Bytes, start: int, end: int) -> Iterator[bytes]:
    inside = False
    for lines in _whole_lines(data, start, end):
        for line in lines.splitlines():
            if not inside:
                inside = line.startswith(b"begin ")
            elif line.strip() in {b"end", b"`"}:
                return
            else:
                yield _uu_line(line)


def _uu_line(line: bytes) -> bytes:
    try:
        return binascii.a2b_uu(line)
    except binascii.Error:
        # Some encoders count the padding in; the length byte says what is meant.
        length = (((line[0] - 32) & 63) * 4 + 5) // 3
        try:
            return binascii.a2b_uu(line[:length])
        except binascii.Error:
            return b""
