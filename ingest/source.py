"""Mailboxes 邮箱: what the service asks of one, whether it lies on a server or on this disk.

New mail is told by comparing UIDs with those already known, never by flags or by searching
on the server. A mailbox is left as staff left it unless its setting `after` says otherwise.
"""

from __future__ import annotations

import threading
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, Literal, Protocol

ErrorKind = Literal["login", "unreachable", "folder", "protocol", "clock"]


class MailboxError(Exception):
    """A mailbox that cannot be read now; the message names it and says what to do.

    `kind` is `login` (refused), `unreachable` (no connection, or it broke), `folder` (a
    configured folder is not there), `protocol` (the server cannot do what is asked) or `clock`
    (by this machine's clock nobody can tell which mail is new).
    """

    def __init__(self, message: str, *, mailbox: str, kind: ErrorKind) -> None:
        super().__init__(f"mailbox {mailbox}: {message}")
        self.mailbox = mailbox
        self.kind = kind


@dataclass(frozen=True, kw_only=True)
class Listed:
    """What the server tells of a mail before its body is read.

    `size` is in bytes as the server says, which some get wrong; `received_at` is the time
    of arrival (INTERNALDATE), with its offset.
    """

    uid: int
    size: int
    received_at: datetime


class Source(Protocol):
    """One configured mailbox, open. Used by one thread at a time.

    Every method may raise MailboxError; after one of kind `unreachable` or `protocol` the
    source is of no further use and is to be opened anew.
    """

    def folders(self) -> tuple[str, ...]:
        """Return the configured folders, then those spam folders that exist."""
        ...

    def select(self, folder: str) -> int:
        """Open a folder, read-only unless `after` needs to write, and return its UIDVALIDITY.

        Raises MailboxError of kind `folder` when it is not there.
        """
        ...

    def uids(self) -> frozenset[int]:
        """Return the UIDs of all mails in the open folder."""
        ...

    def listed(self, uids: Collection[int]) -> list[Listed]:
        """Return size and date of the given mails, by UID; one that vanished is left out."""
        ...

    def fetch(self, uid: int, size: int, target: BinaryIO) -> bool:
        """Copy a mail of about `size` bytes into `target`, a piece at a time.

        False when it vanished; what was then written to `target` is no whole mail.
        """
        ...

    def headers(self, uid: int) -> bytes:
        """Return the header block alone, empty when the mail vanished."""
        ...

    def done(self, uid: int) -> None:
        """Do with a mail that was received what `after` says: nothing, keyword or move."""
        ...

    def wait(self, seconds: float, stop: threading.Event) -> bool:
        """Wait until something may be new (True), `seconds` passed, or `stop` is set.

        A hint only: the server may not offer it, or miss a mail. `stop` is noticed within
        about a second. The open folder may be another one afterwards.
        """
        ...
