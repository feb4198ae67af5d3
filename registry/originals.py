"""Originals: files written once, addressed by their SHA-256, never changed."""

from __future__ import annotations

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

    @contextmanager
    def incoming(self) -> Iterator[BinaryIO]:
        """Give a new file to write into; it is gone when the block ends unless it was kept."""
        handle, name = tempfile.mkstemp(dir=self._incoming)
        os.close(handle)  # opened again by its name, which `keep` goes by
        try:
            with Path(name).open("w+b") as file:
                yield file
        finally:
            Path(name).unlink(missing_ok=True)

    def keep(self, file: BinaryIO) -> str:
        """Keep a file given by `incoming`, durably, and return its checksum.

        When this returns, the bytes and their name have reached the disk.
        """
        file.flush()
        os.fsync(file.fileno())
        source = Path(file.name)
        sha256 = checksum(source)
        target = self.path(sha256)
        if not target.exists():
            target.parent.mkdir(mode=0o700, exist_ok=True)
            source.chmod(0o400)
            with suppress(FileExistsError):  # another thread kept the same bytes meanwhile
                os.link(source, target)
            sync_folder(target.parent)
            sync_folder(self._folder)
        return sha256

    def keep_copy(self, source: Path) -> str:
        """Keep a copy of any file, durably, and return its checksum."""
        known = checksum(source)
        if self.path(known).exists():
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
        """Remove what a killed process left half-written. Only the lock's holder may do so."""
        for left in self._incoming.iterdir():
            left.unlink(missing_ok=True)
