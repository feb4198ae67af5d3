"""Zip archives: Chinese names, broken flags, and both ways of encryption."""

from __future__ import annotations

import copy
import mmap
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

import pyzipper

from parsers.charsets import decode_text
from parsers.errors import ParseError
from parsers.passwords import as_bytes
from parsers.shelf import (
    Entry,
    Shelf,
    Stored,
    WorkFolderError,
    blocks_of,
    failed,
    is_litter,
    safe_path,
)
from parsers.submission import Problem
from parsers.unpack import Archive
from parsers.unpack_volumes import last_disk, misnamed

_UTF8_NAME = 0x800
_ENCRYPTED = 0x1
_AES = 99
_UNICODE_PATH = 0x7075
_UNIX = 3
_HEADER = 30
_SPLIT_MARK = b"PK\x07\x08"


def open_zip(archive: Archive, shelf: Shelf) -> Iterator[Entry]:
    """Take the files out of a zip. Raises ParseError as `unpack` does."""
    if _is_volume(archive.path):
        raise misnamed()
    with archive.path.open("rb") as file, _opened(file) as opened:
        members = [info for info in opened.infolist() if _is_wanted(info)]
        locked = bool(members) and all(_is_locked(info) for info in members)
        opener = _Opener(opened, as_bytes(archive.passwords))
        for info in members:
            shelf.budget.take_file()
            entry = opener.entry(info, shelf)
            if locked and info is members[0] and entry.problem is Problem.LOCKED:
                raise ParseError(Problem.LOCKED)
            yield entry


def _is_volume(path: Path) -> bool:
    """Tell whether it is one volume of several: by its mark, or its end."""
    with path.open("rb") as file:
        is_first = file.read(len(_SPLIT_MARK)) == _SPLIT_MARK
    return last_disk(path) > 0 or (is_first and not zipfile.is_zipfile(path))


class _Copy(mmap.mmap):
    """A file mapped into memory, which can be changed without changing the file."""

    def seekable(self) -> bool:
        """Say that it can be read from anywhere, which zipfile asks."""
        return True


def _opened(file: BinaryIO) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(file)
    except UnicodeDecodeError:  # names flagged as UTF-8 that are not
        data = _Copy(file.fileno(), 0, access=mmap.ACCESS_COPY)
        _clear_utf8_flags(data)
        return zipfile.ZipFile(cast("BinaryIO", data))


def _clear_utf8_flags(data: _Copy) -> None:
    """Clear flag bit 11 in the directory and the local headers (APPNOTE 4.3.7, 4.3.12, 4.3.16)."""
    end = data.rfind(b"PK\x05\x06")
    size, start = struct.unpack("<II", data[end + 12 : end + 20])
    before = end - size - start  # bytes put before the archive
    at = end - size
    while data[at : at + 4] == b"PK\x01\x02":
        name, extra, comment = struct.unpack("<HHH", data[at + 28 : at + 34])
        (local,) = struct.unpack("<I", data[at + 42 : at + 46])
        for flags in (at + 9, before + local + 7):
            data[flags] &= ~(_UTF8_NAME >> 8)
        at += 46 + name + extra + comment


class _Opener:
    """One zip being opened: the password that fitted last is tried first."""

    def __init__(self, opened: zipfile.ZipFile, passwords: list[bytes]) -> None:
        self._opened = opened
        self._passwords = passwords
        self._aes: zipfile.ZipFile | None = None

    def entry(self, info: zipfile.ZipInfo, shelf: Shelf) -> Entry:
        """Take one file out, or say what prevented it."""
        name = safe_path(_name_of(info))
        try:
            if info.file_size > shelf.budget.bytes_left:
                raise ParseError(Problem.TOO_LARGE)  # noqa: TRY301 - one place makes entries of errors
            stored = self._unlocked(info, shelf) if _is_locked(info) else self._put(info, shelf)
            return Entry(name=name, size=stored.size, stored=stored)
        except WorkFolderError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever is wrong with a file costs that file
            return failed(name, info.file_size, error)

    def _put(self, info: zipfile.ZipInfo, shelf: Shelf) -> Stored:
        with self._opened.open(self._called_as_before_its_bytes(info)) as member:
            return shelf.put(blocks_of(member))

    def _called_as_before_its_bytes(self, info: zipfile.ZipInfo) -> zipfile.ZipInfo:
        """Go by the directory where the header before a file spells its name in another charset."""
        file = cast("BinaryIO", self._opened.fp)
        file.seek(info.header_offset)
        header = file.read(_HEADER)
        flags, length = struct.unpack("<6xH18xH2x", header)
        called = copy.copy(info)
        called.orig_filename = file.read(length).decode("utf-8" if flags & _UTF8_NAME else "cp437")
        return called

    def _unlocked(self, info: zipfile.ZipInfo, shelf: Shelf) -> Stored:
        opened = self._with_aes() if info.compress_type == _AES else self._opened
        for password in list(self._passwords):
            try:
                with opened.open(info.orig_filename, pwd=password) as member:
                    stored = shelf.put(blocks_of(member))
            except (RuntimeError, zipfile.BadZipFile, pyzipper.BadZipFile, zlib.error, EOFError):
                continue  # one wrong password in 256 is only found out by the checksum
            self._passwords.remove(password)
            self._passwords.insert(0, password)
            return stored
        raise ParseError(Problem.LOCKED)

    def _with_aes(self) -> zipfile.ZipFile:
        if self._aes is None:
            self._aes = pyzipper.AESZipFile(self._opened.fp)
        return self._aes


def _is_locked(info: zipfile.ZipInfo) -> bool:
    return bool(info.flag_bits & _ENCRYPTED)


def _is_wanted(info: zipfile.ZipInfo) -> bool:
    """Leave out folders, links, and litter."""
    is_link = info.create_system == _UNIX and stat.S_ISLNK(info.external_attr >> 16)
    is_folder = info.filename.endswith(("/", "\\"))
    return not (is_folder or is_link or is_litter(info.filename))


def _name_of(info: zipfile.ZipInfo) -> str:
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
