"""Self-extracting archives 自解压文件: what a Windows program carries behind its code."""

from __future__ import annotations

import re
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from parsers import media
from parsers.errors import ParseError
from parsers.shelf import Entry, Shelf, blocks_of
from parsers.submission import Problem
from parsers.unpack import Archive, unpack

_HEAD = 4096
_SECTION = 40
# 7-Zip puts instructions for its installer first.
_SEARCHED = 1 << 16
_KINDS = {
    b"Rar!\x1a\x07": media.RAR,
    b"7z\xbc\xaf\x27\x1c": media.SEVEN_ZIP,
    b"PK\x03\x04": media.ZIP,
}
_MARKS = re.compile(b"|".join(re.escape(mark) for mark in _KINDS))


@dataclass(frozen=True, kw_only=True)
class Payload:
    """The archive in a program: its media type, and where it starts, in bytes."""

    media_type: str
    start: int


def find_payload(path: Path) -> Payload | None:
    """Find the archive that a program unpacks; None for any other program."""
    with path.open("rb") as file:
        start = _end_of_program(file.read(_HEAD))
        if start is None:
            return None
        file.seek(start)
        mark = _MARKS.search(file.read(_SEARCHED))
    if mark is None or (_KINDS[mark[0]] == media.ZIP and not zipfile.is_zipfile(path)):
        return None
    return Payload(media_type=_KINDS[mark[0]], start=start + mark.start())


def _end_of_program(head: bytes) -> int | None:
    """Return where the last section of a program ends (PE/COFF specification, 3 and 4)."""
    try:
        (at,) = struct.unpack_from("<I", head, 0x3C)
        mark, sections, size = struct.unpack_from("<4s2xH12xH", head, at)
        table = at + 24 + size
        places = [
            struct.unpack_from("<II", head, table + number * _SECTION + 16)
            for number in range(sections)
        ]
    except struct.error:
        return None
    return (
        max((length + start for length, start in places), default=0) if mark == b"PE\0\0" else None
    )


def open_executable(archive: Archive, shelf: Shelf) -> Iterator[Entry]:
    """Take the files out of a self-extracting archive. Raises ParseError as `unpack` does."""
    payload = find_payload(archive.path)
    if payload is None:
        raise ParseError(Problem.UNSUPPORTED, "a program")
    if payload.media_type == media.ZIP:  # its offsets may count from the program's start
        yield from unpack(replace(archive, media_type=media.ZIP), shelf)
        return
    with archive.path.open("rb") as file:
        file.seek(payload.start)
        stored = shelf.put(blocks_of(file))
    try:
        inner = replace(archive, path=stored.path, media_type=payload.media_type)
        yield from unpack(inner, shelf)
    finally:
        stored.path.unlink()
