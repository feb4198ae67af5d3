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
    last_name,
    repair_headers,
)
from parsers.errors import ParseError
from parsers.submission import Address, Problem

MAX_PARTS = 10_000
MAX_NESTING = 50
MAX_HEADER_BYTES = 1 << 20
BLOCK = 1 << 18
_HEADER_LINE = re.compile(rb"[!-9;-~\0]+[ \t]*:|[ \t]|>?From ")
_BLANK_LINES = re.compile(rb"[\r\n]*")
_MIME_HEADER = re.compile(rb"(?:mime-version|content-[\w-]+|x-[\w-]+)[ \t]*:", re.IGNORECASE)
_CONTENT_TYPE = re.compile(rb"^content-type[ \t]*:", re.IGNORECASE | re.MULTILINE)
_CONTENT_TYPE_FIELD = re.compile(
    rb"^content-type[ \t]*:[^\n]*\n(?:[ \t][^\n]*\n)*", re.IGNORECASE | re.MULTILINE
)
_TOLD_BOUNDARY = re.compile(rb"boundary\s*=\s*(?:\"([^\"\r\n]+)\"|([^\s;\"]+))", re.IGNORECASE)
# A line that delimits parts, whatever the header says: headers of a part follow it.
_ANY_DELIMITER = re.compile(
    rb"^--(?P<name>[^\r\n]{1,200}?)[ \t]*\r?\n(?=content-[\w-]+[ \t]*:)",
    re.IGNORECASE | re.MULTILINE,
)
_PREAMBLE = re.compile(
    rb"\s*(?:this is a multi-?part message[^\r\n]*\r?\n\s*)?(?=--)", re.IGNORECASE
)
_UU_BEGIN = re.compile(rb"^begin [0-7]{3,4} (?P<name>[^\r\n]*)\r?\n(?=[!-`][ -`])", re.MULTILINE)
_UU_END = re.compile(rb"^end[ \t]*\r?(?:\n|\Z)", re.MULTILINE)
_LINE = re.compile(rb"[^\n]*(?:\n|\Z)")
_ADDRESS = re.compile(r"[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+", re.ASCII)
_PLACEHOLDER = re.compile(r"body(\d{8})")
_ENCODINGS = {
    "base64": re.compile(r"base|64"),
    "quoted-printable": re.compile(r"quot|print|^qp$"),
    "uuencode": re.compile(r"uue"),
}
_AS_IT_IS = frozenset({"", "7bit", "8bit", "binary"})
_KNOWN = (_AS_IT_IS | set(_ENCODINGS)) - {""}
_WHOLLY_BASE64 = re.compile(rb"(?:[A-Za-z0-9+/]{60,76}\r?\n)+[A-Za-z0-9+/]*={0,2}\s*")
# Padding, and after it a line that is base64 again: encoded piece by piece.
_MORE_BASE64 = re.compile(
    rb"=+[ \t]*\r?\n"
    rb"(?=(?:[A-Za-z0-9+/]{4}){5,}\r?\n|(?:[A-Za-z0-9+/]{4})*[A-Za-z0-9+/]{2}[A-Za-z0-9+/=]=\s)"
)
_SAMPLE = 4096
_MOST_JUNK = 1 / 8

Bytes = bytes | mmap.mmap


@dataclass(frozen=True, kw_only=True)
class Mime:
    """One message: its headers and parts (`message`), its bodies still in `data`.

    `spans` are the places of the bodies, in the order of the placeholders. `parser` is
    None where mail-parser failed and the standard library took its place. `too_deep` tells
    that multiparts lie deeper than MAX_NESTING, whose parts stay closed.
    """

    data: Bytes
    message: email.message.Message
    spans: tuple[tuple[int, int], ...]
    parser: mailparser.MailParser | None
    too_deep: bool = False

    def blocks(self, part: email.message.Message) -> Iterator[bytes]:
        """Yield the decoded body of a part that holds no parts of its own."""
        start, end = self._span(part)
        sample = bytes(self.data[start : min(start + _SAMPLE, end)])
        encoding = transfer_encoding(part)
        if encoding not in _KNOWN and part.get_content_maintype() != "text":
            encoding = "base64" if _WHOLLY_BASE64.fullmatch(sample) else ""
        if encoding == "base64" and _is_base64(sample):
            return _base64_blocks(self.data, start, end)
        if encoding == "quoted-printable" and b"\0" not in sample:
            return (binascii.a2b_qp(lines) for lines in _whole_lines(self.data, start, end))
        if encoding == "uuencode":
            return _uu_blocks(self.data, start, end)
        return self._plain(start, end)

    def _plain(self, start: int, end: int) -> Iterator[bytes]:
        return (self.data[at : min(at + BLOCK, end)] for at in range(start, end, BLOCK))

    def words(self, part: email.message.Message) -> Iterator[bytes]:
        """Yield the body of a text, decoded, without the files that lie in it (`enclosed`)."""
        places = self._enclosures(part)
        if not places:
            yield from self.blocks(part)
            return
        start, end = self._span(part)
        for _, begins, ends in places:
            yield from self._plain(start, begins)
            start = ends
        yield from self._plain(start, end)

    def enclosed(self, part: email.message.Message) -> Iterator[tuple[str, Iterator[bytes]]]:
        """Yield name and bytes of each file that lies uuencoded in a text, as before MIME."""
        for name, begins, ends in self._enclosures(part):
            yield last_name(decode_header(name)), _uu_blocks(self.data, begins, ends)

    def _enclosures(self, part: email.message.Message) -> list[tuple[bytes, int, int]]:
        found: list[tuple[bytes, int, int]] = []
        at, end = self._span(part)
        if transfer_encoding(part) not in _AS_IT_IS:
            return found
        while (begin := _UU_BEGIN.search(self.data, at, end)) and len(found) < MAX_PARTS:
            last = _UU_END.search(self.data, begin.end(), end)
            at = last.end() if last else end
            found.append((begin["name"], begin.start(), at))
        return found

    def _span(self, part: email.message.Message) -> tuple[int, int]:
        while parts_of(part):  # message/*: the library looked for a message inside
            part = parts_of(part)[0]
        found = _PLACEHOLDER.search(str(part.get_payload()))
        return self.spans[int(found[1])] if found else (0, 0)

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
        return tuple(_address(shown, address) for shown, address in pairs if "@" in address)

    def date(self) -> datetime | None:
        """Return when the writer says that he sent it, with its time zone, if it can be read."""
        told = self.parser.date if self.parser is not None else None
        if not isinstance(told, datetime):
            try:
                told = parsedate_to_datetime(str(self.message.get("date", "")))
            except (ValueError, TypeError, IndexError, OverflowError):
                return None
        return told if told.tzinfo else told.replace(tzinfo=UTC)


def _address(shown: str, address: str) -> Address:
    """Return an address as its header gives it, also one without brackets behind the name."""
    name = decode_header(shown).strip("\"' ")
    bare = _ADDRESS.search(address) if " " in address.strip() else None
    if bare:
        name = name or decode_header(address[: bare.start()]).strip("\"' ")
        return Address(address=bare[0].lower(), name=name)
    # Encoded words have no place in one (RFC 2047, 5): they stand for raw 8-bit text, which
    # is shown; one that hides ASCII may hide somebody else's address.
    told = decode_header(address)
    return Address(address=(address if told.isascii() else told).strip().lower(), name=name)


def parts_of(part: email.message.Message) -> list[email.message.Message]:
    """Return the parts inside a part; none for one that holds a body."""
    payload = part.get_payload()
    if not isinstance(payload, list):
        return []
    return [child for child in payload if isinstance(child, email.message.Message)]


def transfer_encoding(part: email.message.Message) -> str:
    """Return the transfer encoding of a part, by its proper name however it is spelt."""
    told = str(part.get("content-transfer-encoding", "")).partition(";")[0].strip(" \t\"'").lower()
    return next((name for name, spelt in _ENCODINGS.items() if spelt.search(told)), told)


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
    start = data[:_SAMPLE]
    if b"\r" in start and b"\n" not in start:  # line ends of old Macs
        data = data[:].replace(b"\r", b"\n")
    outline, spans, too_deep = _outline(data)
    parser = None
    try:
        parser = mailparser.parse_from_bytes(outline)
        message = parser.message
    except Exception:  # noqa: BLE001 - mail-parser raises anything on broken mail; its structure is still readable
        message = email.message_from_bytes(outline)
    if not message.keys():
        raise ParseError(Problem.DAMAGED, "no mail header")
    return Mime(data=data, message=message, spans=tuple(spans), parser=parser, too_deep=too_deep)


def _outline(data: Bytes) -> tuple[bytes, list[tuple[int, int]], bool]:
    """Copy headers (repaired) and delimiters, and put a numbered placeholder for each body.

    Returned with the bodies' places, and whether a multipart lay too deep to be read.
    """
    outline, too_deep = bytearray(), False
    spans: list[tuple[int, int]] = []
    boundaries: list[bytes] = []  # of the multiparts that are open, outermost first
    position = _first_header(data)
    while True:
        body = _end_of_headers(data, position)
        if not spans:
            body = _past_a_stray_blank_line(data, position, body)
        headers = repair_headers(bytes(data[position:body]))
        boundary = _boundary(data, (position, body), headers, boundaries)
        outline += _declaring(headers, boundary) + b"\r\n"
        if boundary and len(boundaries) < MAX_NESTING:
            boundaries.append(boundary)
        elif boundary:
            too_deep = True
        delimiter = _delimiter(data, body, boundaries)
        end = delimiter.start() if delimiter else len(data)
        outline += b"body%08d\r\n" % len(spans)
        spans.append((body, max(body, _without_line_end(data, body, end))))
        if len(spans) > MAX_PARTS:
            raise ParseError(Problem.TOO_MANY, f"more than {MAX_PARTS} parts")
        while delimiter and _close(delimiter, boundaries):
            outline += b"--" + _plain_name(delimiter["name"]) + b"--\r\n"
            delimiter = _delimiter(data, delimiter.end(), boundaries)
        if not delimiter:
            return bytes(outline), spans, too_deep
        outline += b"--" + _plain_name(delimiter["name"]) + b"\r\n"
        position = delimiter.end()


def _first_header(data: Bytes) -> int:
    blank = _BLANK_LINES.match(data)
    return blank.end() if blank else 0


def _past_a_stray_blank_line(data: Bytes, start: int, body: int) -> int:
    """Go on where a blank line parts the headers of the mail from those that describe its body."""
    if not _MIME_HEADER.match(data, body) or _CONTENT_TYPE.search(data[start:body]):
        return body
    end = _end_of_headers(data, body)
    ended = data[end - 3 : end].endswith((b"\n\n", b"\n\r\n"))
    return end if ended and _CONTENT_TYPE.search(data[body:end]) else body


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


def _boundary(data: Bytes, place: tuple[int, int], headers: bytes, opened: list[bytes]) -> bytes:
    """Return the boundary of the multipart that begins with these headers, empty for none.

    Where the one told is nowhere in the body, it is the one that stands there; a mail that
    has lost its Content-Type is a multipart if its body begins with a part. `place` is where
    the headers lie in the original, `opened` the boundaries of the multiparts around it.
    """
    message = email.message_from_bytes(headers)
    start, body = place
    if message.get_content_maintype() != "multipart":
        preamble = None if opened or "content-type" in message else _PREAMBLE.match(data, body)
        found = _ANY_DELIMITER.match(data, preamble.end()) if preamble else None
        return found["name"] if found else b""
    told = _told_boundary(message, bytes(data[start:body]))
    first = _delimiter(data, body, [*opened, told] if told else opened)
    if told and first and first["name"] == told:
        return told
    found = _ANY_DELIMITER.search(data, body, first.start() if first else len(data))
    return found["name"] if found else told


def _told_boundary(message: email.message.Message, headers: bytes) -> bytes:
    told = message.get_boundary() or ""
    raw = None if told.isascii() else _TOLD_BOUNDARY.search(headers)
    return (raw[1] or raw[2]).rstrip() if raw else told.encode()


def _plain_name(boundary: bytes) -> bytes:
    """Return the boundary under which the outline knows one that has odd characters."""
    return boundary if re.fullmatch(rb"[ -~]+", boundary) else b"=_" + boundary.hex().encode()


def _declaring(headers: bytes, boundary: bytes) -> bytes:
    """Return headers that tell this boundary."""
    message = email.message_from_bytes(headers)
    name = _plain_name(boundary).decode("ascii")
    if not boundary or message.get_boundary() == name:
        return headers
    kind = message.get_content_type()
    kind = kind if kind.startswith("multipart/") else "multipart/mixed"
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    told = f'Content-Type: {kind}; boundary="{escaped}"\r\n'
    return _CONTENT_TYPE_FIELD.sub(b"", headers) + told.encode("ascii")


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


def _is_base64(sample: bytes) -> bool:
    """Tell whether it is base64, if with some junk, not text that only is said to be."""
    written = sample.translate(None, delete=b"\r\n")
    return len(written) - len(base64_digits(written)) <= len(written) * _MOST_JUNK


def _base64_blocks(data: Bytes, start: int, end: int) -> Iterator[bytes]:
    """Decode base64 up to its padding, passing over line ends and stray characters."""
    left = b""
    while start < end:
        stop = min(start + BLOCK, end)
        padding = data.find(b"=", start, stop)
        digits = left + base64_digits(bytes(data[start : padding if padding >= 0 else stop]))
        if padding >= 0:
            yield decode_base64(digits)
            more = _MORE_BASE64.match(data, padding, end)
            left, start = b"", more.end() if more else end
        else:
            whole = len(digits) - len(digits) % 4
            yield decode_base64(digits[:whole])
            left, start = digits[whole:], stop
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
