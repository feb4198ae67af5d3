"""The work folder of one mail, and what may still be put there."""

from __future__ import annotations

import copy
import errno
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Protocol, Self, TypeVar

from config.limits import Limits
from parsers.charsets import last_name
from parsers.errors import ParseError
from parsers.submission import Problem

T = TypeVar("T")

BLOCK = 1 << 18
UNNAMED = "无名文件"
# Blank pages and tables shrink a thousandfold: below this size no ratio says anything.
_NEVER_A_BOMB = 64 << 20
_LITTER = frozenset({".ds_store", "thumbs.db", "desktop.ini"})


class WorkFolderError(Exception):
    """The work folder cannot be written: the system's trouble, never blamed on a file."""


class Budget:
    """What may still be taken out of one mail: bytes and files (`limits`)."""

    def __init__(self, limits: Limits) -> None:
        self.bytes_left = limits.unpacked_bytes
        self.files_left = limits.unpacked_files
        self._ratio = limits.unpack_ratio
        self._whole: Self | None = None

    def of_archive(self, size: int) -> Self:
        """Return the part of this budget that an archive of so many bytes may use up."""
        part = copy.copy(self)
        part._whole = self  # noqa: SLF001 - its own class
        part.bytes_left = min(self.bytes_left, max(_NEVER_A_BOMB, size * self._ratio))
        return part

    def take_file(self) -> None:
        """Count one file. Raises ParseError (TOO_MANY) when the limit is reached."""
        if self._whole is not None:
            self._whole.take_file()
            return
        if self.files_left <= 0:
            raise ParseError(Problem.TOO_MANY)
        self.files_left -= 1

    def admit(self, files: Sequence[T]) -> list[T]:
        """Count as many files as the limit allows, and return those."""
        admitted: list[T] = []
        with suppress(ParseError):
            for each in files:
                self.take_file()
                admitted.append(each)
        return admitted

    def take_bytes(self, size: int) -> None:
        """Count bytes. Raises ParseError (TOO_LARGE) when the limit is reached."""
        if size > self.bytes_left:
            raise ParseError(Problem.TOO_LARGE)
        if self._whole is not None:
            self._whole.take_bytes(size)
        self.bytes_left -= size


@dataclass(frozen=True, kw_only=True)
class Stored:
    """Bytes put down in the work folder."""

    path: Path
    size: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One file of an archive or mail: its name with folders; where it lies, or what prevented it.

    `media_type` is empty unless something else than its own bytes tells it. `volumes` are all
    parts of a split archive, in order, `stored` the one that stands for it.
    """

    name: str
    size: int
    stored: Stored | None = None
    problem: Problem | None = None
    detail: str = ""
    media_type: str = ""
    volumes: tuple[Path, ...] = ()


class Shelf:
    """The work folder of one mail: files under running numbers, never under names from outside."""

    def __init__(self, folder: Path, budget: Budget, numbers: Iterator[int] | None = None) -> None:
        self.folder = folder
        self.budget = budget
        self._numbers = numbers or count(1)

    def for_archive(self, size: int) -> Shelf:
        """Return the same shelf for the files of an archive, bound to its part of the budget."""
        return Shelf(self.folder, self.budget.of_archive(size), self._numbers)

    def put(self, blocks: Iterable[bytes]) -> Stored:
        """Write blocks to a new file. Raises ParseError when the budget is spent, leaving none."""
        with self.new_file() as file:
            for block in blocks:
                file.write(block)
            return file.close()

    def new_file(self) -> NewFile:
        """Begin a new file, which is written block by block."""
        return NewFile(self.folder / f"{next(self._numbers):05d}", self.budget)


class NewFile:
    """A file being written to the shelf; it stays only if it is closed."""

    def __init__(self, path: Path, budget: Budget) -> None:
        self._path = path
        self._budget = budget
        self._digest, self._size = hashlib.sha256(), 0
        self._stored: Stored | None = None
        with _blaming_the_system():
            self._file = path.open("xb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.discard()

    def write(self, block: bytes) -> None:
        """Add bytes. Raises ParseError (TOO_LARGE) when the budget is spent."""
        self._budget.take_bytes(len(block))
        self._digest.update(block)
        self._size += len(block)
        with _blaming_the_system():
            self._file.write(block)
            self._file.flush()

    def close(self) -> Stored:
        """End the file and keep it."""
        self._file.close()
        self._stored = Stored(path=self._path, size=self._size, sha256=self._digest.hexdigest())
        return self._stored

    def discard(self) -> None:
        """Remove the file, unless it has been closed."""
        if self._stored is None:
            self._file.close()
            self._path.unlink(missing_ok=True)


@contextmanager
def _blaming_the_system() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno == errno.EFBIG:  # the limit that the child process lives under
            raise ParseError(Problem.TOO_LARGE) from error
        message = f"the work folder cannot be written: {error.strerror}"
        raise WorkFolderError(message) from error


class Readable(Protocol):
    """Anything that gives bytes."""

    def read(self, size: int, /) -> bytes:
        """Return at most so many bytes, none at the end."""


def blocks_of(file: Readable) -> Iterator[bytes]:
    """Read a file to its end, block by block."""
    return iter(lambda: file.read(BLOCK), b"")


def failed(name: str, size: int, error: Exception) -> Entry:
    """Return the entry for a file that an archive would not give, with the reason."""
    if isinstance(error, ParseError):
        return Entry(name=name, size=size, problem=error.problem, detail=error.detail)
    return Entry(name=name, size=size, problem=reason_of(error), detail=type(error).__name__)


def reason_of(error: Exception) -> Problem:
    """Say what a library's error means; few tell it apart, so most mean damage."""
    no_memory = isinstance(error, OSError) and error.errno == errno.ENOMEM
    if no_memory or isinstance(error, MemoryError):
        return Problem.TOO_LARGE
    return Problem.UNSUPPORTED if isinstance(error, NotImplementedError) else Problem.DAMAGED


def safe_path(name: str) -> str:
    """Return the name of an entry as a path that only leads down; to show, never to write to."""
    parts = [last_name(part) for part in name.replace("\\", "/").split("/")]
    kept = (part for part in parts if part not in {"", ".", ".."} and part[1:] != ":")
    return "/".join(kept) or UNNAMED


def is_litter(name: str) -> bool:
    """Tell whether a file is one that systems and editors leave behind."""
    parts = name.replace("\\", "/").rstrip("/").split("/")
    left_open = parts[-1].startswith(("~$", "._"))
    return "__MACOSX" in parts or parts[-1].lower() in _LITTER or left_open
