"""7z archives, through py7zr: it hands the bytes over file by file, in the archive's order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import IO

from py7zr import SevenZipFile
from py7zr.exceptions import (
    DecompressionBombError,
    PasswordRequired,
    UnsupportedCompressionMethodError,
)
from py7zr.io import NullIOFactory, Py7zIO, WriterFactory
from py7zr.properties import COMPRESSION_METHOD
from py7zr.py7zr import ArchiveFile

from parsers.errors import ParseError
from parsers.shelf import (
    BLOCK,
    Entry,
    NewFile,
    Shelf,
    Stored,
    WorkFolderError,
    failed,
    is_litter,
    safe_path,
)
from parsers.submission import Problem
from parsers.unpack import Archive


def open_7z(archive: Archive, shelf: Shelf) -> Iterator[Entry]:
    """Take the files out of a 7z. Raises ParseError as `unpack` does."""
    with archive.path.open("rb") as file:
        opened, unlocked = _opened(file, archive.passwords, shelf)
        files = [each for each in opened.files if _is_wanted(each)]
        names = {each.id: safe_path(each.filename) for each in files}
        for each in files:  # names from outside stay out of the library's paths
            each.file_properties()["filename"] = str(each.id)
        if not unlocked and files and all(_is_locked(each) for each in files):
            raise ParseError(Problem.LOCKED)
        admitted = shelf.budget.admit(files)
        # Files packed together depend on each other; a damaged pack costs only its own.
        for _, pack in groupby(admitted, key=lambda each: id(each.folder)):
            yield from _taken_out(opened, list(pack), names, shelf, unlocked=unlocked)
        if len(admitted) < len(files):
            raise ParseError(Problem.TOO_MANY)


def _is_wanted(each: ArchiveFile) -> bool:
    """Leave out folders, links, and litter; what was read from a pipe is no plain file, but one."""
    is_link = each.is_symlink or each.is_junction
    return (each.is_file or each.uncompressed > 0) and not is_link and not is_litter(each.filename)


def _opened(file: IO[bytes], passwords: Sequence[str], shelf: Shelf) -> tuple[SevenZipFile, bool]:
    """Open an archive with the password that fits; tell whether what is locked can be read."""
    try:
        plain = SevenZipFile(file, blocksize=BLOCK)
        if not any(_is_locked(each) for each in plain.files):
            return plain, True
    except PasswordRequired:
        plain = None
    for password in passwords:
        file.seek(0)
        opened = _opened_with(file, password, shelf)
        if opened is not None:
            return opened, True
    if plain is None:
        raise ParseError(Problem.LOCKED)
    return plain, False


def _opened_with(file: IO[bytes], password: str, shelf: Shelf) -> SevenZipFile | None:
    """Open an archive with a password and try it on the first file that needs one."""
    try:
        opened = SevenZipFile(file, password=password, blocksize=BLOCK)
        locked = [each.filename for each in opened.files if _is_locked(each)]
        opened.max_extract_size = shelf.budget.bytes_left
        opened.extract(targets=locked[:1], factory=NullIOFactory())  # type: ignore[no-untyped-call]
    except Exception:  # noqa: BLE001 - what a wrong password yields breaks anything
        return None
    return opened


def _is_locked(each: ArchiveFile) -> bool:
    crypt = COMPRESSION_METHOD.CRYPT_AES256_SHA256
    return each.folder is not None and any(coder["method"] == crypt for coder in each.folder.coders)


def _taken_out(
    opened: SevenZipFile,
    pack: list[ArchiveFile],
    names: dict[int, str],
    shelf: Shelf,
    *,
    unlocked: bool,
) -> Iterator[Entry]:
    """Take out the files of one pack; when it breaks off, what came before stays."""
    allowed = [each for each in pack if each.uncompressed <= shelf.budget.bytes_left]
    sinks = _Sinks(shelf)
    error: Exception | None = None
    try:
        if _is_locked(pack[0]) and not unlocked:
            raise ParseError(Problem.LOCKED)  # noqa: TRY301 - one place makes entries of errors
        opened.reset()
        opened.max_extract_size = shelf.budget.bytes_left
        opened.extract(targets=[each.filename for each in allowed], factory=sinks)
    except WorkFolderError:
        raise
    except Exception as raised:  # noqa: BLE001 - whatever is wrong with a pack costs that pack
        error = _told(raised)
    finally:
        sinks.discard()
    for each in pack:
        stored = sinks.stored.get(each.filename)
        name = names[each.id]
        if stored is not None:
            yield Entry(name=name, size=stored.size, stored=stored)
        else:
            yield failed(name, each.uncompressed, error or ParseError(Problem.TOO_LARGE))


def _told(error: Exception) -> Exception:
    if isinstance(error, DecompressionBombError):
        return ParseError(Problem.TOO_LARGE)
    if isinstance(error, UnsupportedCompressionMethodError):
        return ParseError(Problem.UNSUPPORTED, "compression method")
    return error


class _Sinks(WriterFactory):
    """Where the library writes: a new file on the shelf for each of the archive's."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._files: list[NewFile] = []
        self.stored: dict[str, Stored] = {}

    def create(self, filename: str) -> Py7zIO:
        """Begin a file."""
        file = self._shelf.new_file()
        self._files.append(file)
        return _Sink(filename, file, self.stored)

    def discard(self) -> None:
        """Remove what was not written to its end."""
        for file in self._files:
            file.discard()


class _Sink(Py7zIO):
    """One file that the library writes from start to end, and closes when its checksum is right."""

    def __init__(self, filename: str, file: NewFile, stored: dict[str, Stored]) -> None:
        self._filename = filename
        self._file = file
        self._stored = stored
        self._size = 0

    def write(self, s: bytes | bytearray) -> int:
        """Pass bytes on, in blocks; ParseError (TOO_LARGE) ends the unpacking."""
        for at in range(0, len(s), BLOCK):
            self._file.write(bytes(s[at : at + BLOCK]))
        self._size += len(s)
        return len(s)

    def read(self, size: int | None = None) -> bytes:
        """Give nothing back: the library only writes."""
        del size
        return b""

    def seek(self, offset: int, whence: int = 0) -> int:
        """Stay: the library rewinds what it has written, for those who read it back."""
        del whence
        return offset

    def flush(self) -> None:
        """Do nothing: each block is on the disk already."""

    def size(self) -> int:
        """Return the bytes written so far."""
        return self._size

    def close(self) -> None:
        """Keep the file."""
        self._stored[self._filename] = self._file.close()
