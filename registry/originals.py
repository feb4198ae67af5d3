"""Originals: files written once, addressed by their SHA-256, never changed."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from parsers.submission import File

BLOCK = 1 << 20
_UNREADABLE = {errno.EIO, errno.EACCES, errno.EISDIR}
"""What reading one file may end in, while the store as a whole is well."""


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def checksum(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Originals:
    """The store of originals in a folder of this machine."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._incoming = folder / "incoming"
        self._incoming.mkdir(mode=0o700, parents=True, exist_ok=True)

    def path(self, sha256: str) -> Path:
        """Return where the original with that checksum lies, or would lie."""
        return self._folder / sha256[:2] / sha256

    def has_lost(self, sha256: str) -> bool:
        """Whether an original is gone although the folder it lay in is there."""
        path = self.path(sha256)
        return path.parent.is_dir() and not path.exists()

    def has_damaged(self, sha256: str) -> bool:
        """Whether an original is there, but its bytes are not those that were kept."""
        path = self.path(sha256)
        try:
            return path.exists() and checksum(path) != sha256
        except OSError as error:
            if error.errno in _UNREADABLE:
                return True
            raise

    def holds(self, sha256: str) -> bool:
        """Whether an original is there and whole."""
        return self.path(sha256).exists() and not self.has_damaged(sha256)

    @contextmanager
    def incoming(self) -> Iterator[BinaryIO]:
        """Give a new file to write into; it is gone when the block ends unless it was kept.

        It is locked meanwhile: that tells it from one that a killed process left.
        """
        handle, name = tempfile.mkstemp(dir=self._incoming)
        os.close(handle)  # opened again by its name, which `keep` goes by
        try:
            with Path(name).open("w+b") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                yield file
        finally:
            Path(name).unlink(missing_ok=True)

    def keep(self, file: BinaryIO) -> str:
        """Keep a file given by `incoming`, durably, and return its checksum.

        When this returns, the bytes and their name have reached the disk. They take the place
        of an original that was damaged meanwhile.
        """
        file.flush()
        os.fsync(file.fileno())
        source = Path(file.name)
        sha256 = checksum(source)
        target = self.path(sha256)
        if not self.holds(sha256):
            target.parent.mkdir(mode=0o700, exist_ok=True)
            source.chmod(0o400)
            source.replace(target)  # another thread may have kept the same bytes meanwhile
        self._sync_name(target)
        return sha256

    def _sync_name(self, target: Path) -> None:
        """Make an original's name last; also one that was there: who put it there may have died."""
        sync_folder(target.parent)
        sync_folder(self._folder)

    def keep_copy(self, source: Path) -> str:
        """Keep a copy of any file, durably, and return its checksum."""
        known = checksum(source)
        if self.holds(known):
            self._sync_name(self.path(known))
            return known
        with self.incoming() as file, source.open("rb") as bytes_in:
            shutil.copyfileobj(bytes_in, file, BLOCK)
            return self.keep(file)

    def keep_files(self, files: Iterable[File]) -> None:
        """Keep the bytes of files that were taken out, as far as they could be."""
        for file in files:
            if file.source:
                self.keep_copy(file.source)

    def clear_incoming(self) -> None:
        """Remove what killed processes left half-written; not what others are writing now."""
        for left in self._incoming.iterdir():
            with left.open("rb") as file, suppress(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                left.unlink(missing_ok=True)
