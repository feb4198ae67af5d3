"""Rar archives: names by rarfile, bytes by whichever free reader can take them out.

Stored files are read by rarfile itself, compressed ones by libarchive, and what libarchive
cannot (solid RAR 4, encrypted) by `unar`. Each file counts only if size and checksum are right.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any

import rarfile

from parsers.charsets import decode_text
from parsers.confinement import die_with
from parsers.errors import ParseError
from parsers.shelf import (
    BLOCK,
    Entry,
    Shelf,
    blocks_of,
    failed,
    is_litter,
    safe_path,
)
from parsers.submission import Problem
from parsers.unpack import Archive, tools
from parsers.unpack_volumes import lack_after, misnamed

# Comments are none of ours, and rarfile would start programs to read them.
rarfile.RAR_MAX_COMMENT = -1

_COPIES = frozenset({rarfile.RAR5_XREDIR_FILE_COPY, rarfile.RAR5_XREDIR_HARD_LINK})
# After each damaged file unar is started again behind it: so often, but not for ever.
_MOST_STARTS = 20
# The way of RAR 1.5 to compress is read by nothing free; the version is told in tenths.
_OLDEST = 20


def open_rar(archive: Archive, shelf: Shelf) -> Iterator[Entry]:
    """Take the files out of a rar. Raises ParseError as `unpack` does."""
    listing = _Listing(archive.path, split=bool(archive.volumes))
    listing.unlock(archive.passwords)
    if listing.goes_on:
        raise _lacking(archive, listing)
    members = [each for each in listing.members if each.is_wanted]
    locked = [each for each in members if each.is_locked]
    password = _fitting(archive, locked) if locked else ""
    if locked and password is None and len(locked) == len(members):
        raise ParseError(Problem.LOCKED)
    admitted = shelf.budget.admit(members)
    opening = _Opening(archive, listing, shelf, password)
    opening.take_out(admitted)
    yield from (opening.entries[each.index] for each in admitted)
    if len(admitted) < len(members):
        raise ParseError(Problem.TOO_MANY)
    if listing.rar.strerror():
        raise ParseError(Problem.DAMAGED, "broken header")


@dataclass(frozen=True, kw_only=True)
class _Member:
    """A file header. `index` counts all of them, as libarchive and unar do."""

    index: int
    info: Any  # rarfile ships no types

    @property
    def name(self) -> str:
        """Return its name: in Unicode where the header has that, else mostly GBK."""
        told = self.info.flags & rarfile.RAR_FILE_UNICODE
        return self.info.filename if told else decode_text(self.info.orig_filename)

    @property
    def size(self) -> int:
        """Return the size that the header tells, in bytes."""
        return int(self.info.file_size)

    @property
    def is_locked(self) -> bool:
        """Tell whether its bytes are encrypted."""
        return bool(self.info.needs_password())

    @property
    def checksum(self) -> int | None:
        """Return the CRC-32 that the header tells, unless RAR 5 mixed the password into it."""
        encryption = getattr(self.info, "file_encryption", None)
        mixed = encryption is not None and encryption[1] & rarfile.RAR5_XENC_TWEAKED
        return None if mixed else self.info.CRC

    @property
    def copy_of(self) -> str | None:
        """Return the name of the file of this archive that it repeats, if it does."""
        redirection = getattr(self.info, "file_redir", None)
        return redirection[2] if redirection and redirection[0] in _COPIES else None

    @property
    def is_wanted(self) -> bool:
        """Leave out folders, links, old versions and litter."""
        old = self.info.flags & rarfile.RAR_FILE_VERSION or getattr(self.info, "file_version", None)
        is_file = self.info.is_file() or self.copy_of is not None
        return bool(is_file and not old and not is_litter(self.name))


def _lacking(archive: Archive, listing: _Listing) -> ParseError:
    """Say that a volume lacks; where names tell nothing, it may be here under another."""
    named = archive.volumes or (listing.is_old and archive.name.lower().endswith(".rar"))
    if not named:
        return misnamed()
    return ParseError(Problem.DAMAGED, lack_after(len(archive.volumes) or 1))


class _Listing:
    """All file headers of an archive."""

    def __init__(self, path: Path, *, split: bool) -> None:
        self.members: list[_Member] = []
        self.goes_on = False
        """Whether its first or last file is continued in a volume that is not here."""
        self.is_old = False
        """Whether it is split in the old way: x.rar, x.r00."""
        try:
            self.rar = rarfile.RarFile(path, part_only=not split, info_callback=self._see)
        except rarfile.NeedFirstVolume as error:
            raise misnamed() from error

    def unlock(self, passwords: Sequence[str]) -> None:
        """Read headers that are encrypted. Raises ParseError (LOCKED) where no password fits."""
        if self.members or not self.rar.needs_password():
            return
        for password in passwords:
            self.members = []
            try:
                self.rar.setpassword(password)
            except rarfile.Error:  # the wrong one
                continue
            if self.members:
                return
        raise ParseError(Problem.LOCKED)

    def _see(self, header: Any) -> None:  # noqa: ANN401 - rarfile ships no types
        if header.type == rarfile.RAR_BLOCK_MAIN:
            self.is_old = not header.flags & rarfile.RAR_MAIN_NEWNUMBERING
        is_file = header.type == rarfile.RAR_BLOCK_FILE
        continues = is_file and bool(header.flags & rarfile.RAR_FILE_SPLIT_BEFORE)
        if header.type == rarfile.RAR_BLOCK_ENDARC:
            self.goes_on = bool(header.flags & rarfile.RAR_ENDARC_NEXT_VOLUME)
        elif is_file:  # the first volumes end without a word
            self.goes_on = bool(header.flags & rarfile.RAR_FILE_SPLIT_AFTER)
        if continues and not self.members:
            raise misnamed()
        if is_file and not continues:
            self.members.append(_Member(index=len(self.members), info=header))


def _fitting(archive: Archive, locked: list[_Member]) -> str | None:
    """Return the password that opens the smallest locked file, if one of those told does."""
    probe = min(locked, key=lambda each: (not each.size, each.size))
    if archive.passwords and not tools()["unar"]:
        raise ParseError(Problem.UNSUPPORTED, "encrypted rar needs unar")
    for password in archive.passwords:
        with _unar(archive.path, [probe], password) as pipe:
            try:
                for _ in _verified(_exactly(pipe, probe.size), probe):
                    pass
            except rarfile.Error:
                continue
        return password
    return None


class _Opening:
    """The taking out of one archive's files: each reader gets what those before it left."""

    def __init__(
        self, archive: Archive, listing: _Listing, shelf: Shelf, password: str | None
    ) -> None:
        self._path = archive.path
        self._split = bool(archive.volumes)
        self._listing = listing
        self._shelf = shelf
        self._password = password
        self.entries: dict[int, Entry] = {}

    def take_out(self, members: list[_Member]) -> None:
        """Make an entry of each member."""
        for each in members:
            if each.is_locked and self._password is None:
                self._fail(each, ParseError(Problem.LOCKED))
            elif each.size > self._shelf.budget.bytes_left:
                self._fail(each, ParseError(Problem.TOO_LARGE))
        own = [each for each in members if each.copy_of is None]
        there = tools()
        self._directly(self._left(own))
        if self._left(own) and there["libarchive13"] and not self._split:
            self._by_libarchive(self._left(own))
        if self._left(own) and there["unar"]:
            self._by_unar(self._left(own))
        for each in self._left(own):
            self._fail(each, ParseError(Problem.UNSUPPORTED, "this rar needs unar"))
        self._copies(self._left(members))

    def _left(self, members: list[_Member]) -> list[_Member]:
        return [each for each in members if each.index not in self.entries]

    def _fail(self, member: _Member, error: Exception) -> None:
        self.entries[member.index] = failed(safe_path(member.name), member.size, error)

    def _put(self, member: _Member, blocks: Iterable[bytes]) -> None:
        """Store a file. Raises rarfile.Error, or what the reader raises, where it is not whole."""
        try:
            stored = self._shelf.put(_verified(blocks, member))
        except ParseError as error:
            self._fail(member, error)
            return
        name = safe_path(member.name)
        self.entries[member.index] = Entry(name=name, size=stored.size, stored=stored)

    def _directly(self, members: list[_Member]) -> None:
        for each in members:
            if each.size == 0:
                self._put(each, ())
            elif each.info.compress_type == rarfile.RAR_M0 and not each.is_locked:
                try:
                    with self._listing.rar.open(each.info) as file:
                        self._put(each, blocks_of(file))
                except (rarfile.Error, OSError, EOFError) as error:
                    self._fail(each, error)

    def _by_libarchive(self, members: list[_Member]) -> None:
        """Read compressed files; libarchive would hand out encrypted bytes as they are."""
        import libarchive

        wanted = {each.index: each for each in members if not each.is_locked}
        with libarchive.file_reader(str(self._path), format_name="all") as opened:
            try:
                for index, entry in enumerate(opened):
                    if index not in wanted:
                        continue
                    try:
                        self._put(wanted[index], entry.get_blocks(BLOCK))
                    except rarfile.Error:
                        continue
            except libarchive.ArchiveError:
                return  # it cannot go on; the next reader may

    def _by_unar(self, members: list[_Member]) -> None:
        """Read all files from one pipe, one after the other; start again after a broken one."""
        for _ in range(_MOST_STARTS):
            left = self._left(members)
            if not left:
                return
            with _unar(self._path, left, self._password) as pipe:
                for each in left:
                    try:
                        self._put(each, _exactly(pipe, each.size))
                    except rarfile.Error as error:
                        old = each.info.extract_version < _OLDEST
                        self._fail(each, NotImplementedError() if old else error)
                        break
                    if self.entries[each.index].problem is not None:
                        break
        for each in self._left(members):
            self._fail(each, rarfile.BadRarFile())

    def _copies(self, members: list[_Member]) -> None:
        by_name = {each.info.filename: each.index for each in self._listing.members}
        for each in members:
            entry = self.entries.get(by_name.get(each.copy_of or "", -1))
            if entry is None or entry.stored is None:
                self._fail(each, rarfile.BadRarFile())
                continue
            with entry.stored.path.open("rb") as file:
                stored = self._shelf.put(blocks_of(file))
            name = safe_path(each.name)
            self.entries[each.index] = Entry(name=name, size=stored.size, stored=stored)


def _verified(blocks: Iterable[bytes], member: _Member) -> Iterator[bytes]:
    """Pass bytes on. Raises rarfile.BadRarFile at their end where size or checksum is wrong."""
    size = checksum = 0
    for block in blocks:
        size += len(block)
        checksum = zlib.crc32(block, checksum)
        yield block
    if size != member.size or member.checksum not in {None, checksum}:
        raise rarfile.BadRarFile


def _exactly(pipe: IO[bytes], size: int) -> Iterator[bytes]:
    while size > 0:
        block = pipe.read(min(BLOCK, size))
        if not block:
            return
        size -= len(block)
        yield block


@contextmanager
def _unar(path: Path, members: Sequence[_Member], password: str | None) -> Iterator[IO[bytes]]:
    """Run unar; it writes the contents of these files one after the other to a pipe."""
    program = shutil.which("unar") or "unar"
    indexes = [str(each.index) for each in members]
    secret = ["-password", password] if password else []
    command = [program, "-quiet", "-output-directory", "-", "-indexes", *secret, str(path)]
    with subprocess.Popen(  # noqa: S603 - a program of the system, under the limits of this child
        [*command, *indexes],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        preexec_fn=partial(die_with, os.getpid()),  # noqa: PLW1509 - the child has one thread
    ) as process:
        try:
            if process.stdout is not None:
                yield process.stdout
        finally:
            process.kill()
