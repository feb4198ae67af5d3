"""S/MIME mail whose text lies inside its signature (RFC 8551, 3.5.2): what was signed.

The signature is not verified: who sent a mail is for its mail server to tell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from parsers.errors import ParseError
from parsers.mime import Mime, read_mime
from parsers.submission import Problem

_MIME_HEADER = re.compile(rb"\s*(?:content-[\w-]+|mime-version):", re.IGNORECASE)
_ENVELOPED = 3
_SEQUENCE, _SET, _INTEGER, _ID, _EXPLICIT = 0x30, 0x31, 0x02, 0x06, 0xA0
_OCTETS, _CONSTRUCTED_OCTETS, _END = 0x04, 0x24, 0x00
_INDEFINITE = 0x80
_LONGEST_LENGTH = 4


@contextmanager
def open_signed(path: Path) -> Iterator[Mime]:
    """Open the mail that was signed; bodies can be read until the block ends.

    Raises ParseError: LOCKED when it is encrypted, UNSUPPORTED when something else was
    signed, DAMAGED when it is nothing of the kind.
    """
    content = signed_content(path.read_bytes())
    if not _MIME_HEADER.match(content):
        raise ParseError(Problem.UNSUPPORTED, "S/MIME")
    yield read_mime(content)


def signed_content(raw: bytes) -> bytes:
    """Return what was signed, empty where the signature stands alone.

    Raises ParseError: LOCKED when it is encrypted, DAMAGED when it is nothing of the kind.
    """
    try:
        return _content(raw)
    except IndexError as error:
        raise ParseError(Problem.DAMAGED, "it breaks off") from error


def _content(raw: bytes) -> bytes:
    at, _ = _enter(raw, 0, _SEQUENCE)
    kind, at = _take(raw, at, _ID)
    if kind[-1] == _ENVELOPED:
        raise ParseError(Problem.LOCKED, "S/MIME")
    at, _ = _enter(raw, _enter(raw, at, _EXPLICIT)[0], _SEQUENCE)
    _, at = _take(raw, at, _INTEGER)
    _, at = _take(raw, at, _SET)
    start, size = _enter(raw, at, _SEQUENCE)
    _, at = _take(raw, start, _ID)
    if at == start + (size or 0) or raw[at] == _END:
        return b""
    at, _ = _enter(raw, at, _EXPLICIT)
    if raw[at] == _OCTETS:
        return _take(raw, at, _OCTETS)[0]
    at, length = _enter(raw, at, _CONSTRUCTED_OCTETS)
    end = len(raw) if length is None else at + length
    pieces = []
    while at < end and raw[at] != _END:
        piece, at = _take(raw, at, _OCTETS)
        pieces.append(piece)
    return b"".join(pieces)


def _enter(raw: bytes, at: int, tag: int) -> tuple[int, int | None]:
    """Return where the contents of an element begin and their length, None for an open one."""
    if raw[at] != tag:
        raise ParseError(Problem.DAMAGED, "no signed mail")
    first, at = raw[at + 1], at + 2
    if first == _INDEFINITE:
        return at, None
    if first < _INDEFINITE:
        return at, first
    count = first - _INDEFINITE
    if count > _LONGEST_LENGTH:
        raise ParseError(Problem.DAMAGED, "no signed mail")
    return at + count, int.from_bytes(raw[at : at + count], "big")


def _take(raw: bytes, at: int, tag: int) -> tuple[bytes, int]:
    """Return the contents of an element and where it ends."""
    start, length = _enter(raw, at, tag)
    if length is None or start + length > len(raw):
        raise ParseError(Problem.DAMAGED, "it breaks off")
    return raw[start : start + length], start + length
