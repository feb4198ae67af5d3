"""OLE2 files (MS-CFB), the container of the older office formats, opened with care."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import olefile

from parsers.errors import ParseError
from parsers.submission import Problem

MAX_STREAM_BYTES = 256 * 1024 * 1024

_HEADER_BYTES = 512
_SECTOR_SHIFTS = {9, 12}  # 512 or 4096 bytes
_SMALL_SECTOR_SHIFT = 6


@contextmanager
def open_ole(path: Path) -> Iterator[Ole]:
    """Open an OLE2 file. Raises ParseError when it is damaged."""
    with path.open("rb") as file:
        header = file.read(_HEADER_BYTES)
    shift, small = (int.from_bytes(header[at : at + 2], "little") for at in (30, 32))
    if shift not in _SECTOR_SHIFTS or small != _SMALL_SECTOR_SHIFT:
        raise ParseError(Problem.DAMAGED, "OLE2")
    try:
        opened = olefile.OleFileIO(path)
    except MemoryError:
        raise
    except Exception as error:  # olefile raises anything on broken input
        raise ParseError(Problem.DAMAGED, f"OLE2: {error}") from error
    with closing(opened):
        yield Ole(opened)


class Ole:
    """The streams at the root of a file, or of a storage in it; upper and lower case are the same.

    `place` are the names that lead to the storage.
    """

    def __init__(self, opened: olefile.OleFileIO, place: tuple[str, ...] = ()) -> None:
        self._opened = opened
        self._place = place
        entry = opened.root
        for name in place:
            entry = next(kid for kid in entry.kids if kid.name == name)
        self._names = {kid.name.lower(): kid.name for kid in entry.kids}

    def storage(self, name: str) -> Ole:
        """Return what lies in a storage. Raises ParseError when it is not there."""
        if name not in self:
            raise ParseError(Problem.DAMAGED, name)
        return Ole(self._opened, (*self._place, self._names[name.lower()]))

    @property
    def names(self) -> frozenset[str]:
        """The names of all streams and storages, in lower case."""
        return frozenset(self._names)

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._names

    def read(self, name: str) -> bytes:
        """Return a stream. Raises ParseError when it is not there, damaged or too large."""
        if name not in self:
            raise ParseError(Problem.DAMAGED, name)
        own = [*self._place, self._names[name.lower()]]
        try:
            size = self._opened.get_size(own)
            raw = bytes(self._opened.openstream(own).read()) if size <= MAX_STREAM_BYTES else None
        except MemoryError:
            raise
        except Exception as error:  # as above
            raise ParseError(Problem.DAMAGED, f"{name}: {error}") from error
        if raw is None:
            raise ParseError(Problem.TOO_LARGE)
        return raw


def with_stream(whole: bytes, name: str, raw: bytes) -> bytes:
    """Return an OLE2 file with another content, of the same length, for a stream at its root."""
    file = io.BytesIO(whole)
    with olefile.OleFileIO(file, write_mode=True) as opened:
        opened.write_stream([name], raw)
        return file.getvalue()
