"""Reading a mailbox: every mail on the server gets its original on disk, a row and a place."""

from __future__ import annotations

import logging
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from pathlib import Path
from threading import Event

from ingest.house import House
from ingest.mailboxes import open_mailbox
from ingest.source import Listed, MailboxError, Source
from parsers.errors import ParseError
from parsers.sandbox import Sandbox
from registry import queries, receiving
from registry.receiving import Received

log = logging.getLogger(__name__)

LISTED_AT_ONCE = 500
HEADERS_KEPT = 20_000
ANSWERS_REACH_BACK = timedelta(hours=24)


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
    for folder in source.folders():
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
        receiving.mailbox_failed(connection, name, wanted, str(error), house.clock())


def _open_folder(
    house: House, name: str, folder: str, source: Source, sandbox: Sandbox
) -> _Reading:
    uidvalidity = source.select(folder)
    with house.registry.write() as connection:
        first = receiving.first_read(connection, name, folder, house.clock())
    return _Reading(
        house=house,
        source=source,
        sandbox=sandbox,
        mailbox=name,
        folder=folder,
        uidvalidity=uidvalidity,
        answer_since=_answer_since(house, name, first),
    )


def _answer_since(house: House, name: str, first_read: datetime) -> datetime:
    """Return from when on mail in a mailbox is answered."""
    since = house.settings.mailbox[name].answer_since
    if since:
        return datetime.combine(since, time(), house.settings.service.zone)
    return first_read - ANSWERS_REACH_BACK


@dataclass(frozen=True, kw_only=True)
class _Reading:
    """One folder, open for reading."""

    house: House
    source: Source
    sandbox: Sandbox
    mailbox: str
    folder: str
    uidvalidity: int
    answer_since: datetime

    def take_all(self, stop: Event) -> int:
        """Take in every mail whose UID is not known yet; return how many there were."""
        on_server = self.source.uids()
        where = (self.mailbox, self.folder, self.uidvalidity)
        with self.house.registry.read() as connection:
            known = queries.known_uids(connection, *where)
        count = self._take_in(sorted(on_server - known), stop)
        self._carry_out_after(on_server)
        if not stop.is_set():
            with self.house.registry.write() as connection:
                now = self.house.clock()
                receiving.folder_read(connection, *where, count=len(on_server), now=now)
        return count

    def _take_in(self, uids: list[int], stop: Event) -> int:
        """Take in mails; one that the server cannot hand out keeps no other back.

        Raises the first such MailboxError in the end; the mail is tried again at the next pass.
        """
        count, failed = 0, None
        for start in range(0, len(uids), LISTED_AT_ONCE):
            for listed in self.source.listed(uids[start : start + LISTED_AT_ONCE]):
                if stop.is_set():
                    return count
                try:
                    count += self._take(listed)
                except MailboxError as error:
                    if error.kind != "protocol":
                        raise
                    failed = failed or error
        if failed:
            raise failed
        return count

    def _take(self, listed: Listed) -> bool:
        """Take in one mail: original first, then its row. False for one that vanished."""
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
        text = block[:HEADERS_KEPT].decode("utf-8", "replace").replace("\0", "")
        received = replace(received, headers=text)
        with self.house.originals.incoming() as file:
            file.write(block)
            file.flush()
            try:
                with self.sandbox.message(Path(file.name)) as submission:
                    received = replace(
                        received,
                        sender=submission.sender.address,
                        subject=submission.subject,
                        message_id=submission.message_id,
                    )
            except ParseError:
                log.info("UID %s: too large, and its headers cannot be read", listed.uid)
        self._record(received)
        return True

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
        log.info("mail %s received from %s", mail, self.mailbox)

    def _carry_out_after(self, on_server: frozenset[int]) -> None:
        """Do with the mails that are safe what `after` says; each once."""
        if self.house.settings.mailbox[self.mailbox].after == "nothing":
            return
        where = (self.mailbox, self.folder, self.uidvalidity)
        with self.house.registry.read() as connection:
            left = receiving.not_done(connection, *where)
        for uid in left:
            if uid in on_server:
                self.source.done(uid)
            with self.house.registry.write() as connection:
                receiving.done(connection, *where, uid)
