"""A mailbox 邮箱 on an IMAP server (RFC 3501), as real servers are and not as they should be.

NetEase (163, 126, yeah) refuses every folder until the client has named itself (ID,
RFC 2971) on that connection, and offers neither IDLE, MOVE nor UIDNEXT. Sizes, partial
fetches and IDLE are taken for hints, and every wait on the network has an end.
"""

from __future__ import annotations

import imaplib
import logging
import re
import select
import ssl
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import UTC
from typing import Any, BinaryIO

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import (
    IMAPClientAbortError,
    IMAPClientError,
    LoginError,
    ProtocolError,
)

from config.settings import Mailbox, SettingsError
from ingest.source import ErrorKind, Listed, MailboxError

CHUNK = 1 << 20
"""Bytes of a mail that are asked for, and held, at once."""

_GOODBYE_SECONDS = 5
_BATCH = 400
_HEADER_BYTES = 1 << 18
_LONGEST_WORDS = 300
_IDLE_SECONDS = 540
_IDENTITY = {"name": "dossier-intake", "version": "1"}
_KEYWORD = re.compile(r"[A-Za-z0-9$_.:+/-]+")
_UNEXPECTED = re.compile(r"\b(unexpected [^:]+):.*")
_log = logging.getLogger(__name__)

# One answer lists all UIDs of a folder; the standard library's line limit of 1 MB would be
# passed by some 90,000 mails.
imaplib._MAXLINE = 64 << 20  # type: ignore[attr-defined]  # noqa: SLF001 (there is no public way)


@contextmanager
def open_imap(name: str, settings: Mailbox) -> Iterator[ImapSource]:
    """Connect, sign in, and yield the mailbox; the connection is closed in any case."""
    client = _connect(name, settings)
    try:
        _sign_in(client, name, settings)
        source = ImapSource(name, settings, client)
        source.prepare()
        yield source
    finally:
        _close(client)


def _connect(name: str, settings: Mailbox) -> IMAPClient:
    where = f"{settings.host}:{settings.port}"
    context = None if settings.security == "none" else ssl.create_default_context()
    seconds = settings.timeout.total_seconds()
    client: IMAPClient | None = None
    try:
        client = IMAPClient(
            settings.host,
            port=settings.port,
            ssl=settings.security == "tls",
            ssl_context=context,
            timeout=SocketTimeout(connect=seconds, read=seconds),
        )
        client.normalise_times = False
        client._imap.debug = 0  # noqa: SLF001 (else imaplib writes out every mail, 30 ms each)
        if settings.security == "starttls":
            client.starttls(context)
    except (OSError, IMAPClientError) as error:
        if client:
            _close(client)
        message = f"{where} cannot be reached with security = {settings.security!r}: "
        message += _reason(error)
        raise MailboxError(message, mailbox=name, kind="unreachable") from error
    return client


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"its certificate is not trusted ({error.verify_message}); check host, or name "
            "the authority's certificate in the environment variable SSL_CERT_FILE"
        )
    if isinstance(error, TimeoutError):
        return "no answer in time; check host, port and firewall"
    return f"{error}; check host, port and security"


def _sign_in(client: IMAPClient, name: str, settings: Mailbox) -> None:
    try:
        client.login(settings.user, settings.password())
    except SettingsError as error:
        raise MailboxError(str(error), mailbox=name, kind="login") from error
    except LoginError as error:
        said, secret = str(error), settings.password()
        said = said.replace(secret, "…") if secret else said  # some servers quote the command
        message = f"{settings.host} refused the sign-in of {settings.user} ({said}); "
        message += _login_hint(settings)
        raise MailboxError(message, mailbox=name, kind="login") from error
    except ValueError:
        # The error would quote the password, so it is left out of the chain.
        message = "user and password must be ASCII without control characters"
        raise MailboxError(message, mailbox=name, kind="login") from None
    except (OSError, IMAPClientError) as error:
        message = f"the connection to {settings.host} broke at sign-in: {error}"
        raise MailboxError(message, mailbox=name, kind="unreachable") from error
    _name_ourselves(client, name)


def _login_hint(settings: Mailbox) -> str:
    if not (settings.password_env or settings.password_file):
        return "neither password_env nor password_file names a password"
    return (
        "check user and password; 163, 126 and QQ mailboxes want an authorisation code "
        "(授权码) instead of the password, and IMAP switched on in their web settings"
    )


def _name_ourselves(client: IMAPClient, name: str) -> None:
    """Send ID. NetEase answers `Unsafe Login` to every folder on a connection without it."""
    try:
        if client.has_capability("ID"):
            client.id_(_IDENTITY)
    except (IMAPClientAbortError, OSError) as error:
        message = f"the connection broke after sign-in: {error}"
        raise MailboxError(message, mailbox=name, kind="unreachable") from error
    except IMAPClientError as error:
        _log.info("mailbox %s: the server did not take our ID: %s", name, error)


def _close(client: IMAPClient) -> None:
    try:
        connection = client.socket()
        connection.settimeout(min(connection.gettimeout() or _GOODBYE_SECONDS, _GOODBYE_SECONDS))
        client.logout()
    except (OSError, IMAPClientError):
        try:
            client.shutdown()
        except OSError as error:
            _log.debug("closing a broken connection: %s", error)


class ImapSource:
    """A signed-in connection to one mailbox; see `ingest.source.Source`."""

    def __init__(self, name: str, settings: Mailbox, client: IMAPClient) -> None:
        self._name = name
        self._settings = settings
        self._client = client
        self._folder = ""
        self._exists: dict[str, int] = {}
        self._after, _, self._target = settings.after.partition(":")
        self._warned = False

    def prepare(self) -> None:
        """Refuse a setting `after` that can never be carried out. Raises MailboxError."""
        if self._after == "keyword" and not _KEYWORD.fullmatch(self._target):
            message = f"after: {self._target!r} is no keyword; use a-z, 0-9"
            raise self._error(message, "protocol")
        if self._after == "move" and _find(self._target, self._existing()) is None:
            message = f"after: no folder {self._target!r}; make it first"
            raise self._error(message, "folder")

    def folders(self) -> tuple[str, ...]:
        """Return the configured folders, then those spam folders that exist."""
        existing = self._existing() if self._settings.spam_folders else []
        spam = [_find(wanted, existing) for wanted in self._settings.spam_folders]
        found = (*self._settings.folders, *(each for each in spam if each))
        return tuple(dict.fromkeys(found))

    def _existing(self) -> list[str]:
        with self._talking("list folders"):
            answer = self._client.list_folders()
        return [
            str(folder)
            for flags, _, folder in answer
            if b"\\noselect" not in {flag.lower() for flag in flags}
        ]

    def select(self, folder: str) -> int:
        """Open a folder with EXAMINE, or SELECT when `after` writes; return its UIDVALIDITY.

        A server that tells none is taken to have 0.
        """
        self._folder = ""
        try:
            with self._talking(f"open folder {folder!r}"):
                answer = self._client.select_folder(folder, readonly=self._after == "nothing")
        except MailboxError as error:
            if error.kind != "protocol":
                raise
            message = f"folder {folder!r} cannot be opened ({error.__cause__})"
            message += f"; there are: {', '.join(self._existing()) or 'none'}"
            raise self._error(message, "folder") from error
        self._folder = folder
        self._exists[folder] = int(answer.get(b"EXISTS", 0))
        self._check_keyword(answer.get(b"PERMANENTFLAGS"))
        return int(answer.get(b"UIDVALIDITY", 0))

    def _check_keyword(self, permanent: tuple[bytes, ...] | None) -> None:
        """Warn when the server will forget our keyword; none told means that it keeps all."""
        if self._after != "keyword" or permanent is None:
            return
        kept = {flag.lower() for flag in permanent}
        if rb"\*" not in kept and self._target.lower().encode() not in kept:
            self._warn_once(f"the server does not keep the keyword {self._target}")

    def uids(self) -> frozenset[int]:
        """Return all UIDs; without CHARSET, which some servers refuse.

        Where a server refuses the search or leaves mails out, each is asked for its UID.
        """
        exists = self._exists.get(self._folder, 0)
        found, refusal = frozenset[int](), None
        try:
            with self._talking("list mails"):
                found = frozenset(self._client.search("ALL", charset=None))
        except MailboxError as error:
            if error.kind != "protocol":
                raise
            refusal = error
        if refusal is None and len(found) >= exists:
            return found
        try:
            return found | self._uids_by_number(exists)
        except MailboxError as error:
            if refusal or error.kind != "protocol":
                raise
            return found  # some were removed meanwhile, so that the last numbers are no more

    def _uids_by_number(self, exists: int) -> frozenset[int]:
        """Ask the mails 1 to `exists` of the open folder for their UIDs, by FETCH."""
        found: set[int] = set()
        self._client.use_uid = False
        try:
            for start in range(1, exists + 1, _BATCH):
                numbers = range(start, min(start + _BATCH, exists + 1))
                answer = self._fetch(list(numbers), "UID")
                found.update(items[b"UID"] for items in answer.values() if b"UID" in items)
        finally:
            self._client.use_uid = True
        return frozenset(found)

    def listed(self, uids: Collection[int]) -> list[Listed]:
        """Return size and date of the given mails, by UID; one that vanished is left out."""
        wanted = sorted(uids)
        found: list[Listed] = []
        for start in range(0, len(wanted), _BATCH):
            answer = self._fetch(wanted[start : start + _BATCH], "RFC822.SIZE", "INTERNALDATE")
            found += [
                Listed(
                    uid=uid,
                    size=items[b"RFC822.SIZE"],
                    received_at=items[b"INTERNALDATE"].astimezone(UTC),
                )
                for uid, items in sorted(answer.items())
                if b"RFC822.SIZE" in items and b"INTERNALDATE" in items
            ]
        return found

    def fetch(self, uid: int, size: int, target: BinaryIO) -> bool:
        """Copy a mail into `target` by partial fetches.

        The end is where the server has no more to give, not where `size` says: some count
        wrongly. Only a mail of more than twice that is refused, as a server gone astray.
        """
        offset = 0
        while True:
            items = self._fetch([uid], f"BODY.PEEK[]<{offset}.{CHUNK}>").get(uid, {})
            if not offset and items.get(b"BODY[]"):  # no partial fetches here: it came whole
                target.write(items[b"BODY[]"])
                return True
            piece: bytes = items.get(b"BODY[]<%d>" % offset) or b""
            if not piece:
                return offset >= size or self._ends_early(uid, offset, size)
            target.write(piece)
            offset += len(piece)
            if offset >= size and len(piece) < CHUNK:
                return True
            if offset > 2 * size + CHUNK:
                message = f"UID {uid} runs past twice its size of {size}"
                raise self._error(message, "protocol")

    def _ends_early(self, uid: int, offset: int, size: int) -> bool:
        """Tell a mail that is shorter than promised from one that vanished half-way."""
        if offset == 0 or uid not in self.uids():
            return False
        _log.warning("mailbox %s: UID %d has %d bytes, not %d", self._name, uid, offset, size)
        return True

    def headers(self, uid: int) -> bytes:
        """Return the header block alone (its first 256 KiB), empty when the mail vanished."""
        items = self._fetch([uid], f"BODY.PEEK[HEADER]<0.{_HEADER_BYTES}>").get(uid, {})
        return bytes(items.get(b"BODY[HEADER]<0>") or b"")

    def _fetch(self, uids: list[int], *items: str) -> dict[int, dict[bytes, Any]]:
        # Any: what imapclient makes of an item depends on the item.
        with self._talking("read mails"):
            answer: dict[int, dict[bytes, Any]] = self._client.fetch(uids, items)
        return answer

    def done(self, uid: int) -> None:
        """Do what `after` says. What the server cannot do is left, with one warning."""
        if self._after == "keyword":
            with self._talking("set a keyword"):
                self._client.add_flags([uid], [self._target], silent=True)
        elif self._after == "move" and self._folder != self._target:
            self._move(uid)

    def _move(self, uid: int) -> None:
        """Move by MOVE (RFC 6851), or by copying and removing just this mail (RFC 4315).

        Without UIDPLUS, removing would also remove what staff marked as deleted.
        """
        with self._talking("move a mail"):
            if self._client.has_capability("MOVE"):
                self._client.move([uid], self._target)
            elif self._client.has_capability("UIDPLUS"):
                self._client.copy([uid], self._target)
                self._client.add_flags([uid], [rb"\Deleted"], silent=True)
                self._client.uid_expunge([uid])
            else:
                self._warn_once("the server offers neither MOVE nor UIDPLUS: no mail is moved")

    def _warn_once(self, text: str) -> None:
        if not self._warned:
            _log.warning("mailbox %s: %s", self._name, text)
        self._warned = True

    def wait(self, seconds: float, stop: threading.Event) -> bool:
        """Wait with IDLE (RFC 2177) on the first folder, or without when there is none."""
        if not self._client.has_capability("IDLE"):
            stop.wait(seconds)
            return False
        # What came while the folders were being read has been told already, and not again.
        first = self._settings.folders[0]
        before = self._exists.get(first)
        self.select(first)
        end = time.monotonic() + seconds
        news = self._exists[first] != before
        while not news and not stop.is_set() and (left := end - time.monotonic()) > 0:
            news = self._idle(min(left, _IDLE_SECONDS), stop)
        return news

    def _idle(self, seconds: float, stop: threading.Event) -> bool:
        """Idle once, until the server says anything; True when it may be about new mail.

        The server's words are read after DONE, in whole lines: imapclient's `idle_check`
        takes a line split over two packets, and a dead connection, for an empty answer.
        """
        end = time.monotonic() + seconds
        with self._talking("wait for mail"):
            self._client.idle()
            while not stop.is_set() and (left := end - time.monotonic()) > 0:
                if _readable(self._client, min(left, 1.0)):
                    break
            _, said = self._client.idle_done()
        return any(b"EXISTS" in words or b"RECENT" in words for words in said)

    @contextmanager
    def _talking(self, what: str) -> Iterator[None]:
        """Turn whatever goes wrong between us and the server into a MailboxError."""
        try:
            yield
        except (OSError, IMAPClientAbortError) as error:
            message = f"the connection broke, could not {what}: {_words_of(error)}"
            raise self._error(message, "unreachable") from error
        except (IMAPClientError, ValueError) as error:
            message = f"the server would not {what}: {_words_of(error)}"
            raise self._error(message, "protocol") from error

    def _error(self, message: str, kind: ErrorKind) -> MailboxError:
        return MailboxError(message, mailbox=self._name, kind=kind)


def _words_of(error: Exception) -> str:
    """Return what the server said, but not of what it sent: that may be of somebody's mail."""
    said = " ".join(str(error).split())
    if isinstance(error, ProtocolError | ValueError):
        return said.partition(":")[0]
    return _UNEXPECTED.sub(r"\1", said)[:_LONGEST_WORDS]


def _find(wanted: str, existing: list[str]) -> str | None:
    """Find a folder as the server spells it; INBOX alone has no case (RFC 3501, 5.1)."""
    if wanted.upper() == "INBOX":
        return next((each for each in existing if each.upper() == "INBOX"), None)
    return wanted if wanted in existing else None


def _readable(client: IMAPClient, seconds: float) -> bool:
    connection = client.socket()
    if isinstance(connection, ssl.SSLSocket) and connection.pending():
        return True
    poller = select.poll()
    poller.register(connection, select.POLLIN)
    return bool(poller.poll(seconds * 1000))
