"""Reading a mailbox: every mail on the server gets its original on disk, a row and a place."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from pathlib import Path
from threading import Event

from ingest.house import House
from ingest.logs import concerning
from ingest.mailboxes import open_mailbox
from ingest.source import Listed, MailboxError, Source
from ingest.trouble import refuse_without_room
from parsers.errors import ParseError
from parsers.sandbox import Sandbox
from registry import queries, receiving
from registry.receiving import Received

log = logging.getLogger(__name__)

LISTED_AT_ONCE = 500
HEADERS_KEPT = 20_000
ANSWERS_REACH_BACK = timedelta(hours=24)
CLOCKS_DIFFER = timedelta(hours=24)
CLOCK_IS_JUDGED_BY = 3
UNREADABLE = "邮件服务器多次未能交出这封邮件的原件，原件仍在邮箱中；可重试，或请人工登录邮箱取出"


def open_recorded(house: House, name: str, stack: ExitStack) -> Source:
    """Open a mailbox until the stack is left; when that fails, desk and health are told why."""
    try:
        return stack.enter_context(open_mailbox(name, house.settings.mailbox[name]))
    except MailboxError as error:
        record_failure(house, name, error)
        raise


def read_mailbox(house: House, name: str, source: Source, sandbox: Sandbox, stop: Event) -> int:
    """Take in what is new in every folder of a mailbox; return the number of new places.

    Folders that cannot be read do not keep the others from being read. Raises the first
    MailboxError in the end, after recording it.
    """
    received, failed = 0, None
    try:
        folders = source.folders()
    except MailboxError as error:
        record_failure(house, name, error)
        raise
    with house.registry.write() as connection:
        receiving.folders_there(connection, name, folders)
    for folder in folders:
        if stop.is_set():
            break
        try:
            reading = _open_folder(house, name, folder, source, sandbox)
            received += reading.take_all(stop)
        except MailboxError as error:
            record_failure(house, name, error, (folder,))
            if error.kind not in {"folder", "protocol"}:
                raise
            failed = failed or error
    if failed:
        raise failed
    return received


def record_failure(
    house: House, name: str, error: MailboxError, folders: tuple[str, ...] = ()
) -> None:
    """Record, for the desk and for health, why a mailbox could not be read."""
    with house.registry.write() as connection:
        wanted = folders or house.settings.mailbox[name].folders
        receiving.mailbox_failed(
            connection, name, wanted, error=str(error), kind=error.kind, now=house.clock()
        )


def _open_folder(
    house: House, name: str, folder: str, source: Source, sandbox: Sandbox
) -> _Reading:
    uidvalidity = source.select(folder)
    with house.registry.write() as connection:
        begun = receiving.was_read(connection, name, folder)
        first = receiving.first_read(connection, name, folder, house.clock())
    return _Reading(
        house=house,
        source=source,
        sandbox=sandbox,
        mailbox=name,
        folder=folder,
        uidvalidity=uidvalidity,
        begun=begun,
        answer_since=answer_since(house, name, first),
    )


def answer_since(house: House, name: str, first_read: datetime) -> datetime:
    """Return from when on mail in a mailbox is answered."""
    since = house.settings.mailbox[name].answer_since
    if since:
        return datetime.combine(since, time(), house.settings.service.zone)
    return min(first_read, house.clock()) - ANSWERS_REACH_BACK  # the clock may have been ahead


@dataclass(kw_only=True)
class _Reading:
    """One folder, open for reading.

    `tried` holds the UIDs that could not be read in earlier passes, with how often. They are
    taken last and one by one: what breaks the connection keeps no other mail back. `begun`:
    the folder has been read to its end before.
    """

    house: House
    source: Source
    sandbox: Sandbox
    mailbox: str
    folder: str
    uidvalidity: int
    begun: bool
    answer_since: datetime
    tried: Mapping[int, int] = field(default_factory=dict)
    trouble: MailboxError | None = None

    @property
    def _where(self) -> tuple[str, str, int]:
        return self.mailbox, self.folder, self.uidvalidity

    def take_all(self, stop: Event) -> int:
        """Take in every mail whose UID is not known yet; return how many there were.

        Raises the first MailboxError of a mail that could not be read, once the others are.
        """
        on_server = self.source.uids()
        with self.house.registry.read() as connection:
            known = queries.known_uids(connection, *self._where)
            again = receiving.to_read_again(connection, *self._where, self.house.clock())
            self.tried = receiving.suspects(connection, *self._where)
        if (self.tried.keys() | again) - on_server:
            with self.house.registry.write() as connection:
                receiving.vanished(connection, *self._where, on_server)
        count = self._take_in((on_server - known) | (on_server & again), stop)
        if self.trouble:
            raise self.trouble
        self._carry_out_after(on_server)
        if not stop.is_set():
            with self.house.registry.write() as connection:
                now = self.house.clock()
                receiving.folder_read(connection, *self._where, count=len(on_server), now=now)
        return count

    def _take_in(self, uids: frozenset[int], stop: Event) -> int:
        """Take in mails; one that the server cannot hand out keeps no other back."""
        count = 0
        unlisted = set(uids)
        batches = deque(self._batches(uids))
        while batches:
            batch = batches.popleft()
            try:
                found = self.source.listed(batch)
            except MailboxError as error:
                self._failed(batch, error)
                unlisted.difference_update(batch)
                if len(batch) > 1:
                    unlisted.update(batch)
                    batches.extend([uid] for uid in batch)
                continue
            self._refuse_wrong_clock(found)
            for listed in found:
                if stop.is_set():
                    return count
                unlisted.discard(listed.uid)
                count += self._try(listed)
        if unlisted and (untold := unlisted & self.source.uids()):
            for uid in untold:
                self._failed([uid], self._error(f"the server tells no size or date of UID {uid}"))
        return count

    def _refuse_wrong_clock(self, found: Sequence[Listed]) -> None:
        """Begin no folder by a clock far in the past, by which all its old mail would be new.

        The clock is judged by several mails: one alone may be dated wrongly.
        """
        now = self.house.clock()
        ahead = [each for each in found if each.received_at > now + CLOCKS_DIFFER]
        if self.begun or len(ahead) < max(CLOCK_IS_JUDGED_BY, len(found) / 2):
            return
        with self.house.registry.write() as connection:
            receiving.not_begun(connection, self.mailbox, self.folder)
        message = (
            f"{self.folder}: mail came in at {ahead[0].received_at:%Y-%m-%d %H:%M} UTC, but this "
            f"machine's clock says {now:%Y-%m-%d %H:%M %Z}; set the clock"
        )
        raise MailboxError(message, mailbox=self.mailbox, kind="clock")

    def _batches(self, uids: frozenset[int]) -> Iterator[list[int]]:
        fresh = sorted(uids - self.tried.keys())
        for start in range(0, len(fresh), LISTED_AT_ONCE):
            yield fresh[start : start + LISTED_AT_ONCE]
        for uid in sorted(uids & self.tried.keys(), key=lambda uid: (self.tried[uid], uid)):
            yield [uid]

    def _try(self, listed: Listed) -> bool:
        """Take in one mail, or record that it could not be read."""
        block = b""
        try:
            if self.tried.get(listed.uid, 0) >= receiving.TRIES - 1:
                block = self.source.headers(listed.uid)  # this try may be the last
            return self._take(listed)
        except MailboxError as error:
            self._failed([listed.uid], error, listed, block)
        return False

    def _failed(
        self,
        uids: Sequence[int],
        error: MailboxError,
        listed: Listed | None = None,
        block: bytes = b"",
    ) -> None:
        """Count that mails could not be read; one that has failed too often is set aside.

        Raises the error when the connection is lost.
        """
        now = self.house.clock()
        with self.house.registry.write() as connection:
            tries = receiving.failed(connection, *self._where, uids=uids, now=now)
        if len(uids) == 1 and tries >= receiving.TRIES:
            listed = listed or Listed(uid=uids[0], size=0, received_at=now)
            received = self._received(listed, sha256=None, size=listed.size)
            received = self._with_headers(replace(received, unreadable=UNREADABLE), block)
            self._record(received)
            log.warning("%s; UID %s is set aside for a person", error, uids[0])
        elif len(uids) == 1:
            self.trouble = self.trouble or error
        if error.kind == "unreachable":
            raise error

    def _error(self, message: str) -> MailboxError:
        return MailboxError(f"{self.folder}: {message}", mailbox=self.mailbox, kind="protocol")

    def _take(self, listed: Listed) -> bool:
        """Take in one mail: original first, then its row. False for one that vanished."""
        refuse_without_room(self.house.settings.service.data_dir)
        if listed.size > self.house.settings.limits.message_bytes:
            return self._take_headers(listed)
        with self.house.originals.incoming() as file:
            if not self.source.fetch(listed.uid, listed.size, file):
                where = f"{self.mailbox}/{self.folder}"
                log.info("%s UID %s vanished before it was read", where, listed.uid)
                return False
            size = file.tell()
            sha256 = self.house.originals.keep(file)
        self._record(self._received(listed, sha256=sha256, size=size))
        return True

    def _take_headers(self, listed: Listed) -> bool:
        """Take in what a person needs to know of a mail that is too large."""
        block = self.source.headers(listed.uid)
        if not block:
            return False
        received = self._received(listed, sha256=None, size=listed.size)
        self._record(self._with_headers(received, block))
        return True

    def _with_headers(self, received: Received, block: bytes) -> Received:
        """Add what the headers of a mail tell of it, where they are there and can be read."""
        if not block:
            return received
        text = block[:HEADERS_KEPT].decode("utf-8", "replace").replace("\0", "")
        received = replace(received, headers=text)
        with self.house.originals.incoming() as file:
            file.write(block)
            file.flush()
            try:
                with self.sandbox.message(Path(file.name)) as submission:
                    return replace(
                        received,
                        sender=submission.sender.address,
                        subject=submission.subject,
                        message_id=submission.message_id,
                    )
            except ParseError:
                log.info("UID %s: not fetched, and its headers cannot be read", received.uid)
        return received

    def _received(self, listed: Listed, *, sha256: str | None, size: int) -> Received:
        box = self.house.settings.mailbox[self.mailbox]
        return Received(
            mailbox=self.mailbox,
            folder=self.folder,
            uidvalidity=self.uidvalidity,
            uid=listed.uid,
            size=size,
            listed_size=listed.size,
            received_at=listed.received_at,
            sha256=sha256,
            spam=self.folder in box.spam_folders and self.folder not in box.folders,
            old=listed.received_at < self.answer_since,
        )

    def _record(self, received: Received) -> None:
        with self.house.registry.write() as connection:
            mail = receiving.receive(connection, received, self.house.clock())
        with concerning(mails=[mail]):
            log.info("mail %s received from %s", mail, self.mailbox)

    def _carry_out_after(self, on_server: frozenset[int]) -> None:
        """Do with the mails that are safe what `after` says; each once."""
        if self.house.settings.mailbox[self.mailbox].after == "nothing":
            return
        with self.house.registry.read() as connection:
            left = receiving.not_done(connection, *self._where)
        for uid in left:
            if uid in on_server:
                self.source.done(uid)
            with self.house.registry.write() as connection:
                receiving.done(connection, *self._where, uid)
