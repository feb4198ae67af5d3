"""Reconciling: the mailboxes against the registry, UID by UID."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from ingest.house import House
from ingest.mailboxes import open_mailbox
from ingest.source import MailboxError, Source
from registry import queries, receiving

log = logging.getLogger(__name__)

SAME_TIME = timedelta(seconds=1)
"""Servers tell times of arrival to the second."""

AT_NIGHT = 3
"""The hour from which on the daemon reconciles, once a day."""


@dataclass(frozen=True, kw_only=True)
class Reconciled:
    """One folder: how many mails lie there, how many are known, and which are not.

    `changed` are known UIDs that now hold another mail than the one on record.
    """

    mailbox: str
    folder: str
    on_server: int
    known: int
    missing: tuple[int, ...]
    changed: tuple[int, ...]

    @property
    def record(self) -> dict[str, object]:
        """The folder as `intake reconcile --json` tells it."""
        return {
            "mailbox": self.mailbox,
            "folder": self.folder,
            "on_server": self.on_server,
            "known": self.known,
            "missing_uids": list(self.missing),
        }

    @property
    def notes(self) -> tuple[str, ...]:
        """A line on each UID that now holds another mail."""
        where = f"mailbox {self.mailbox}: {self.folder}"
        return tuple(
            f"{where}: UID {uid} is another mail now than the one on record; it is read anew"
            for uid in self.changed
        )


def reconcile_all(house: House) -> tuple[list[Reconciled], list[str]]:
    """Compare every mailbox; return the folders, and why a mailbox could not be read."""
    folders: list[Reconciled] = []
    problems: list[str] = []
    for name, settings in house.settings.mailbox.items():
        try:
            with open_mailbox(name, settings) as source:
                folders += reconcile_mailbox(house, name, source)
        except MailboxError as error:
            problems.append(str(error))
    return folders, problems


def reconcile_mailbox(house: House, mailbox: str, source: Source) -> list[Reconciled]:
    """Compare every folder of an open mailbox; what has changed there is read at the next reading.

    Raises MailboxError.
    """
    return [_reconcile(house, mailbox, each, source) for each in source.folders()]


def reconcile_nightly(house: House, mailbox: str, source: Source) -> bool:
    """Compare a mailbox that has just been read, if that is due; True when it is to be read again.

    It is due once a day, from the small hours on. Raises MailboxError.
    """
    now = house.clock()
    with house.registry.read() as connection:
        last = receiving.last_reconciled(connection, mailbox)
    if now.hour < AT_NIGHT or (last and last.astimezone(now.tzinfo).date() == now.date()):
        return False
    folders = reconcile_mailbox(house, mailbox, source)
    missing = sum(len(each.missing) for each in folders)
    changed = sum(len(each.changed) for each in folders)
    detail = f"服务器上{sum(each.on_server for each in folders)}封，"
    detail += f"未登记{missing}封，与登记不符{changed}封"
    with house.registry.write() as connection:
        receiving.reconciled(connection, mailbox, detail, now)
    for note in (note for each in folders for note in each.notes):
        log.warning("%s", note)
    log.info("mailbox %s reconciled: %s not known, %s changed", mailbox, missing, changed)
    return bool(missing or changed)


def _reconcile(house: House, mailbox: str, folder: str, source: Source) -> Reconciled:
    uidvalidity = source.select(folder)
    on_server = source.uids()
    with house.registry.read() as connection:
        known = queries.known_places(connection, mailbox, folder, uidvalidity)
    changed = _changed(source, sorted(on_server & known.keys()), known)
    if changed:
        with house.registry.write() as connection:
            receiving.read_again(connection, mailbox, folder, uidvalidity, changed)
    return Reconciled(
        mailbox=mailbox,
        folder=folder,
        on_server=len(on_server),
        known=len(known),
        missing=tuple(sorted(on_server - known.keys())),
        changed=changed,
    )


def _changed(
    source: Source, uids: list[int], known: dict[int, tuple[int, datetime]]
) -> tuple[int, ...]:
    """Find known UIDs that a server has given to other mail: by size and time of arrival."""
    return tuple(
        each.uid
        for each in source.listed(uids)
        if each.size != known[each.uid][0] or abs(each.received_at - known[each.uid][1]) > SAME_TIME
    )
