"""Tar archives, plain or compressed, and single files compressed with gzip, bzip2 or xz."""

from __future__ import annotations

import bz2
import gzip
import lzma
import tarfile
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import IO, cast

from parsers import media
from parsers.charsets import decode_text
from parsers.errors import ParseError
from parsers.shelf import (
    UNNAMED,
    Entry,
    Shelf,
    WorkFolderError,
    blocks_of,
    failed,
    is_litter,
    safe_path,
)
from parsers.submission import Problem
from parsers.unpack import Archive

_HEAD = 512
# Headers and padding of a tar's files count as well; so many bytes are never suspicious.
_OVERHEAD = 16 << 20
_SUFFIXES = frozenset({".gz", ".bz2", ".xz", ".z"})
_HAS_NAME = 0x08
_HAS_EXTRA = 0x04


def open_tar(archive: Archive, shelf: Shelf) -> Iterator[Entry]:
    """Take the files out of a tar. Raises ParseError as `unpack` does."""
    with tarfile.open(archive.path, "r:", encoding="utf-8", errors="surrogateescape") as opened:
        yield from _members(opened, shelf)


def open_compressed(archive: Archive, shelf: Shelf) -> Iterator[Entry]:
    """Take out what is compressed: the files of a tar, else one file."""
    with _decompressed(archive) as file:
        stream = _Stream(file, shelf.budget.bytes_left + _OVERHEAD)
        if media.is_tar(stream.head):
            with tarfile.open(
                fileobj=cast("IO[bytes]", stream),
                mode="r|",
                encoding="utf-8",
                errors="surrogateescape",
            ) as opened:
                yield from _members(opened, shelf)
            return
        shelf.budget.take_file()
        stored = shelf.put(blocks_of(stream))
        yield Entry(name=_inner_name(archive), size=stored.size, stored=stored)


class _Stream:
    """Decompressed bytes to read once, no more than a limit: what a tar passes over counts too."""

    def __init__(self, file: IO[bytes], limit: int) -> None:
        self._file = file
        self._left = limit
        self.head = file.read(_HEAD)
        self._ahead = self.head

    def read(self, size: int) -> bytes:
        """Read up to so many bytes. Raises ParseError (TOO_LARGE) beyond the limit."""
        block, self._ahead = self._ahead[:size], self._ahead[size:]
        block = block or self._file.read(size)
        self._left -= len(block)
        if self._left < 0:
            raise ParseError(Problem.TOO_LARGE)
        return block


def _decompressed(archive: Archive) -> IO[bytes]:
    if archive.media_type == media.GZIP:
        return cast("IO[bytes]", gzip.open(archive.path))
    if archive.media_type == media.BZIP2:
        return bz2.open(archive.path)
    return lzma.open(archive.path)


def _members(opened: tarfile.TarFile, shelf: Shelf) -> Iterator[Entry]:
    for member in opened:
        name = decode_text(member.name.encode("utf-8", errors="surrogateescape"))
        if member.isreg() and not is_litter(name):
            shelf.budget.take_file()
            yield _member(opened, member, safe_path(name), shelf)


def _member(opened: tarfile.TarFile, member: tarfile.TarInfo, name: str, shelf: Shelf) -> Entry:
    try:
        if member.size > shelf.budget.bytes_left:
            raise ParseError(Problem.TOO_LARGE)  # noqa: TRY301 - one place makes entries of errors
        file = opened.extractfile(member)
        stored = shelf.put(blocks_of(file) if file is not None else ())
        return Entry(name=name, size=stored.size, stored=stored)
    except WorkFolderError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever is wrong with a file costs that file
        return failed(name, member.size, error)


def _inner_name(archive: Archive) -> str:
    """Name a single compressed file: as the archive without its suffix, else as its header says."""
    outer = PurePosixPath(archive.name)
    if outer.suffix.lower() in _SUFFIXES:
        return safe_path(outer.stem)
    told = _gzip_name(archive) if archive.media_type == media.GZIP else b""
    return safe_path(decode_text(told)) if told else UNNAMED


def _gzip_name(archive: Archive) -> bytes:
    """Read the original name in a gzip header (RFC 1952, 2.3)."""
    with archive.path.open("rb") as file:
        head = file.read(_HEAD)
    if not head[3] & _HAS_NAME:
        return b""
    start = 10
    if head[3] & _HAS_EXTRA:
        start += 2 + int.from_bytes(head[10:12], "little")
    return head[start:].partition(b"\0")[0]
