"""A mailbox 邮箱 that is a Maildir on this machine, with the meaning of one on a server.

A Maildir has no UIDs, and nothing is written into it to make any: the UID of a mail is a
63-bit number out of the SHA-256 of its unique name (the file name up to the colon), which
stays when the mail is read, marked or moved from `new` to `cur`. UIDVALIDITY is always 1.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from imapclient.imap_utf7 import encode as encode_utf7

from config.settings import Mailbox
from ingest.source import ErrorKind, Listed, MailboxError

UIDVALIDITY = 1

_CHUNK = 1 << 20
_HEADER_BYTES = 1 << 18
_PLACES = ("new", "cur")
_Stamp = tuple[int, ...]


@contextmanager
def open_maildir(name: str, settings: Mailbox) -> Iterator[MaildirSource]:
    """Yield the Maildir. Raises MailboxError when it is not there or `after` cannot be done."""
    source = MaildirSource(name, settings)
    source.prepare()
    yield source


def uid_of(filename: str) -> int:
    """Return the UID of a mail, from 1 to 2^63 - 1, by its file name in `new` or `cur`."""
    unique = filename.partition(":")[0]
    digest = hashlib.sha256(os.fsencode(unique)).digest()
    return int.from_bytes(digest[:8], "big") >> 1 or 1


class MaildirSource:
    """One Maildir, its subfolders named as Maildir++ does (`.Name`); see `mailbox.Source`."""

    def __init__(self, name: str, settings: Mailbox) -> None:
        self._name = name
        self._settings = settings
        self._root = settings.path or Path()
        self._after, _, self._target = settings.after.partition(":")
        self._open = self._root
        self._files: dict[int, Path] = {}
        self._seen: _Stamp = ()

    def prepare(self) -> None:
        """Refuse a path that is no Maildir, and an `after` that it cannot carry out."""
        if not (self._root / "cur").is_dir():
            message = f"path {self._root} is no Maildir"
            raise self._error(message, "unreachable")
        if self._after == "keyword":
            message = "after: a Maildir has no keywords; use nothing or move:FOLDER"
            raise self._error(message, "protocol")
        if self._after == "move":
            self._path(self._target)

    def folders(self) -> tuple[str, ...]:
        """Return the configured folders, then those spam folders that exist."""
        spam = (each for each in self._settings.spam_folders if self._find(each))
        return tuple(dict.fromkeys((*self._settings.folders, *spam)))

    def select(self, folder: str) -> int:
        """Open a folder and return UIDVALIDITY, which is 1 always."""
        self._open = self._path(folder)
        self._files = {}
        return UIDVALIDITY

    def _path(self, folder: str) -> Path:
        found = self._find(folder)
        if found is None:
            message = f"no folder {folder!r} in {self._root}"
            raise self._error(message, "folder")
        return found

    def _find(self, folder: str) -> Path | None:
        """Find a subfolder under its own name, or in modified UTF-7, as IMAP servers write it."""
        if folder.upper() == "INBOX":
            return self._root
        names = (folder, encode_utf7(folder).decode("ascii"))
        paths = (self._root / f".{name}" for name in names)
        return next((path for path in paths if (path / "cur").is_dir()), None)

    def uids(self) -> frozenset[int]:
        """Return the UIDs of all mails in the open folder."""
        self._seen = self._stamp()
        self._files = self._scan()
        return frozenset(self._files)

    def _scan(self) -> dict[int, Path]:
        """List `new` before `cur`, so that a mail moved in between is seen twice, not never."""
        try:
            return {
                uid_of(entry.name): Path(entry.path)
                for place in _PLACES
                for entry in os.scandir(self._open / place)
                if not entry.name.startswith(".")
            }
        except OSError as error:
            message = f"{self._open} cannot be read: {error}"
            raise self._error(message, "unreachable") from error

    def _locate(self, uid: int) -> Path | None:
        """Find a mail's file, also after a mail program moved or marked it."""
        if uid not in self._files or not self._files[uid].exists():
            self._files = self._scan()
        return self._files.get(uid)

    def listed(self, uids: Collection[int]) -> list[Listed]:
        """Return size and date of the given mails, by UID; one that vanished is left out."""
        found = []
        for uid in sorted(uids):
            path = self._locate(uid)
            if path is None:
                continue
            try:
                status = path.stat()
            except FileNotFoundError:
                continue
            at = received_at(path.name, status.st_mtime)
            found.append(Listed(uid=uid, size=status.st_size, received_at=at))
        return found

    def fetch(self, uid: int, size: int, target: BinaryIO) -> bool:
        """Copy a mail into `target`; `size` is not needed, since a file is whole."""
        del size
        path = self._locate(uid)
        if path is None:
            return False
        try:
            with path.open("rb") as mail:
                shutil.copyfileobj(mail, target, _CHUNK)
        except FileNotFoundError:
            return False
        except OSError as error:
            message = f"{path} cannot be copied: {error}"
            raise self._error(message, "unreachable") from error
        return True

    def headers(self, uid: int) -> bytes:
        """Return the header block alone (its first 256 KiB), empty when the mail vanished."""
        path = self._locate(uid)
        if path is None:
            return b""
        try:
            with path.open("rb") as mail:
                start = mail.read(_HEADER_BYTES)
        except FileNotFoundError:
            return b""
        end = re.search(rb"\r?\n\r?\n", start)
        return start[: end.end()] if end else start

    def done(self, uid: int) -> None:
        """Do what `after` says: nothing, or move the mail's file into another folder."""
        target = self._path(self._target) if self._after == "move" else self._open
        path = self._locate(uid)
        if path is None or target == self._open:
            return
        name = path.name if ":" in path.name else f"{path.name}:2,"
        try:
            path.rename(target / "cur" / name)
        except OSError as error:
            message = f"{path} cannot be moved to {target}: {error}"
            raise self._error(message, "protocol") from error

    def wait(self, seconds: float, stop: threading.Event) -> bool:
        """Wait until the folder that was listed last has changed since."""
        end = time.monotonic() + seconds
        while not stop.is_set() and (left := end - time.monotonic()) > 0:
            if self._stamp() != self._seen:
                return True
            stop.wait(min(left, 1.0))
        return False

    def _stamp(self) -> _Stamp:
        try:
            return tuple((self._open / place).stat().st_mtime_ns for place in _PLACES)
        except OSError as error:
            message = f"{self._open} cannot be read: {error}"
            raise self._error(message, "unreachable") from error

    def _error(self, message: str, kind: ErrorKind) -> MailboxError:
        return MailboxError(message, mailbox=self._name, kind=kind)


def received_at(filename: str, modified: float) -> datetime:
    """Return when a mail arrived: the earlier of its file's time and the time in its name.

    A copied file has too late a time, a mail brought over by another program too late a
    name; neither is earlier than the arrival.
    """
    named = re.match(r"(\d{9,10})\.", filename)
    times = [modified] if modified > 0 else []
    times += [float(named[1])] if named else []
    return datetime.fromtimestamp(min(times, default=0.0), UTC)
