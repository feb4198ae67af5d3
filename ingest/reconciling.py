"""Reconciling: the mailboxes against the registry, UID by UID."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from ingest.house import House
from ingest.mailboxes import open_mailbox
from ingest.source import MailboxError, Source
from registry import queries

SAME_TIME = timedelta(seconds=1)
"""Servers tell times of arrival to the second."""


@dataclass(frozen=True, kw_only=True)
class Reconciled:
    """One folder: how many mails lie there, how many are known, and which are not.

    `changed` says of each known UID that now holds another mail than the one on record.
    """

    mailbox: str
    folder: str
    on_server: int
    known: int
    missing: tuple[int, ...]
    changed: tuple[str, ...]

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


def reconcile_all(house: House) -> tuple[list[Reconciled], list[str]]:
    """Compare every mailbox; return the folders, and why a mailbox could not be read."""
    folders: list[Reconciled] = []
    problems: list[str] = []
    for name, settings in house.settings.mailbox.items():
        try:
            with open_mailbox(name, settings) as source:
                folders += [_reconcile(house, name, each, source) for each in source.folders()]
        except MailboxError as error:
            problems.append(str(error))
    return folders, problems


def _reconcile(house: House, mailbox: str, folder: str, source: Source) -> Reconciled:
    uidvalidity = source.select(folder)
    on_server = source.uids()
    with house.registry.read() as connection:
        known = queries.known_places(connection, mailbox, folder, uidvalidity)
    both = sorted(on_server & known.keys())
    return Reconciled(
        mailbox=mailbox,
        folder=folder,
        on_server=len(on_server),
        known=len(known),
        missing=tuple(sorted(on_server - known.keys())),
        changed=tuple(_changed(mailbox, folder, source, both, known)),
    )


def _changed(
    mailbox: str,
    folder: str,
    source: Source,
    uids: list[int],
    known: dict[int, tuple[int, datetime]],
) -> list[str]:
    """Find known UIDs that a server has given to other mail: by size and time of arrival."""
    return [
        f"mailbox {mailbox}: {folder}: UID {each.uid} is another mail now than the one on record"
        for each in source.listed(uids)
        if each.size != known[each.uid][0] or abs(each.received_at - known[each.uid][1]) > SAME_TIME
    ]
