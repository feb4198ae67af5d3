"""Archives: their files taken out in blocks, under limits shared by the whole mail."""

from __future__ import annotations

import errno
import hashlib
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import BinaryIO

from config.settings import Limits
from parsers import media
from parsers.charsets import decode_text, last_name
from parsers.errors import ParseError
from parsers.submission import Problem

BLOCK = 1 << 18
_UTF8_NAME = 0x800
_ENCRYPTED = 0x1
_UNICODE_PATH = 0x7075
_UNIX = 3
_LITTER = frozenset({".ds_store", "thumbs.db", "desktop.ini"})


class WorkFolderError(Exception):
    """The work folder cannot be written: the system's trouble, never blamed on a file."""


class Budget:
    """What may still be taken out of one mail: bytes and files (`limits`)."""

    def __init__(self, limits: Limits) -> None:
        self.bytes_left = limits.unpacked_bytes
        self.files_left = limits.unpacked_files

    def take_file(self) -> None:
        """Count one file. Raises ParseError (TOO_MANY) when the limit is reached."""
        if self.files_left <= 0:
            raise ParseError(Problem.TOO_MANY)
        self.files_left -= 1

    def take_bytes(self, size: int) -> None:
        """Count bytes. Raises ParseError (TOO_LARGE) when the limit is reached."""
        if size > self.bytes_left:
            raise ParseError(Problem.TOO_LARGE)
        self.bytes_left -= size


@dataclass(frozen=True, kw_only=True)
class Stored:
    """Bytes put down in the work folder."""

    path: Path
    size: int
    sha256: str


class Shelf:
    """The work folder of one mail: files under running numbers, never under names from outside."""

    def __init__(self, folder: Path, budget: Budget) -> None:
        self.folder = folder
        self.budget = budget
        self._numbers = count(1)

    def put(self, blocks: Iterable[bytes]) -> Stored:
        """Write blocks to a new file. Raises ParseError when the budget is spent, leaving none."""
        path = self.folder / f"{next(self._numbers):05d}"
        digest, size = hashlib.sha256(), 0
        try:
            with path.open("xb") as file:
                for block in blocks:
                    self.budget.take_bytes(len(block))
                    digest.update(block)
                    size += len(block)
                    _write(file, block)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return Stored(path=path, size=size, sha256=digest.hexdigest())


def _write(file: BinaryIO, block: bytes) -> None:
    try:
        file.write(block)
        file.flush()
    except OSError as error:
        if error.errno == errno.EFBIG:  # the limit that the child process lives under
            raise ParseError(Problem.TOO_LARGE) from error
        message = f"the work folder cannot be written: {error.strerror}"
        raise WorkFolderError(message) from error


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One file of an archive: its name with folders, and where it lies, or what prevented it."""

    name: str
    size: int
    stored: Stored | None = None
    problem: Problem | None = None
    detail: str = ""


def unpack(archive: Path, media_type: str, shelf: Shelf) -> Iterator[Entry]:
    """Take the files out of an archive, one after the other; archives inside stay closed.

    Raises ParseError when the archive as a whole cannot be read (LOCKED, DAMAGED,
    UNSUPPORTED), or, after the files that still fitted, when it holds too many (TOO_MANY).
    """
    opener = _OPENERS.get(media_type)
    if opener is None:
        raise ParseError(Problem.UNSUPPORTED, media_type)
    return opener(archive, shelf)


def is_archive(media_type: str) -> bool:
    """Tell whether files of this type are opened for the files in them, or would have to be."""
    return media_type in _OPENERS or media_type in _CLOSED


def safe_path(name: str) -> str:
    """Return the name of an entry as a path that only leads down; to show, never to write to."""
    parts = [last_name(part) for part in name.replace("\\", "/").split("/")]
    return "/".join(part for part in parts if part not in {"", ".", ".."} and part[1:] != ":")


def _unzip(archive: Path, shelf: Shelf) -> Iterator[Entry]:
    try:
        with zipfile.ZipFile(archive) as opened:
            members = [info for info in opened.infolist() if _is_wanted(info)]
            if members and all(info.flag_bits & _ENCRYPTED for info in members):
                raise ParseError(Problem.LOCKED)
            for info in members:
                shelf.budget.take_file()
                yield _unzipped(opened, info, shelf)
    except (zipfile.BadZipFile, UnicodeError, ValueError, struct.error, EOFError, OSError) as error:
        raise ParseError(Problem.DAMAGED, type(error).__name__) from error
    except NotImplementedError as error:
        raise ParseError(Problem.UNSUPPORTED, str(error)) from error


def _unzipped(opened: zipfile.ZipFile, info: zipfile.ZipInfo, shelf: Shelf) -> Entry:
    name = safe_path(_zip_name(info)) or "无名文件"
    problem, detail = Problem.DAMAGED, ""
    try:
        _refuse(info, shelf.budget)
        with opened.open(info) as member:
            stored = shelf.put(iter(lambda: member.read(BLOCK), b""))
        return Entry(name=name, size=stored.size, stored=stored)
    except ParseError as error:
        problem, detail = error.problem, error.detail
    except NotImplementedError as error:
        problem, detail = Problem.UNSUPPORTED, str(error)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError) as error:
        detail = str(error)
    return Entry(name=name, size=info.file_size, problem=problem, detail=detail)


def _refuse(info: zipfile.ZipInfo, budget: Budget) -> None:
    if info.flag_bits & _ENCRYPTED:
        raise ParseError(Problem.LOCKED)
    if info.file_size > budget.bytes_left:
        raise ParseError(Problem.TOO_LARGE)


def _is_wanted(info: zipfile.ZipInfo) -> bool:
    """Leave out folders, links, and what systems and editors leave behind."""
    parts = info.filename.replace("\\", "/").rstrip("/").split("/")
    is_link = info.create_system == _UNIX and stat.S_ISLNK(info.external_attr >> 16)
    litter = (
        "__MACOSX" in parts or parts[-1].lower() in _LITTER or parts[-1].startswith(("~$", "._"))
    )
    return not (info.is_dir() or info.filename.endswith("\\") or is_link or litter)


def _zip_name(info: zipfile.ZipInfo) -> str:
    """Decode the name of one entry: its Unicode extra field, its UTF-8 flag, else mostly GBK."""
    flagged = bool(info.flag_bits & _UTF8_NAME)
    raw = info.orig_filename.encode("utf-8" if flagged else "cp437", errors="replace")
    return _unicode_path(info.extra, raw) or decode_text(raw, "utf-8" if flagged else "")


def _unicode_path(extra: bytes, raw_name: bytes) -> str:
    """Read the Info-ZIP Unicode Path field (APPNOTE 4.6.9), valid for the name it came with."""
    while len(extra) >= 4:  # noqa: PLR2004 - a field's id and length
        kind, length = struct.unpack("<HH", extra[:4])
        value, extra = extra[4 : 4 + length], extra[4 + length :]
        if kind == _UNICODE_PATH and len(value) > 5 and value[0] == 1:  # noqa: PLR2004 - version, CRC-32
            checksum = int.from_bytes(value[1:5], "little")
            return decode_text(value[5:], "utf-8") if checksum == zlib.crc32(raw_name) else ""
    return ""


_OPENERS: dict[str, Callable[[Path, Shelf], Iterator[Entry]]] = {media.ZIP: _unzip}
_CLOSED = frozenset({media.RAR, media.SEVEN_ZIP, media.GZIP, media.BZIP2, media.XZ, media.TAR})
