"""One full pass over everything: what `intake once` does, and what the tests stand on."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from threading import Event

from sqlalchemy import Column, Table, select

from ingest.alarming import raise_alarms
from ingest.house import House
from ingest.outbox import MailServerError, send_alarms, send_due
from ingest.pipeline import Touched, file_pending, judge_marked, write_letters
from ingest.receiver import open_recorded, read_mailbox
from ingest.scans import read_scans
from ingest.source import MailboxError
from ingest.trouble import TROUBLE, explain, refuse_without_room
from parsers.sandbox import Sandbox
from registry import models as m
from registry import queries
from registry.rows import LetterState

log = logging.getLogger(__name__)

ROUNDS = 10
"""How often the stages are repeated at most while one gives the next something to do."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a pass did: counts over what it touched, and what needs a person."""

    mails: dict[str, int]
    dossiers: dict[str, int]
    letters: dict[str, int]
    problems: tuple[str, ...]


def full_pass(house: House, sandbox: Sandbox, stop: Event, *, send: bool = True) -> Outcome:
    """Read every mailbox, process all that is pending, and try every letter that is due."""
    touched = Touched()
    with house.registry.read() as connection:
        before = queries.newest_mail(connection)
    problems = [
        error for name in house.settings.mailbox for error in _read(house, name, sandbox, stop)
    ]
    problems += _told(lambda: process(house, sandbox, touched, stop))
    problems += _told(lambda: raise_alarms(house, touched))
    if send:
        problems += _told(lambda: problems.extend(_send(house, touched, stop)))
    with house.registry.read() as connection:
        touched.mails.update(range(before + 1, queries.newest_mail(connection) + 1))
    return Outcome(
        mails=_counts(house, m.mail, m.mail.c.fate, touched.mails),
        dossiers=_counts(house, m.dossier, m.dossier.c.status, touched.dossiers),
        letters=_counts(house, m.letter, m.letter.c.state, touched.letters),
        problems=tuple(dict.fromkeys(problems)),
    )


def process(house: House, sandbox: Sandbox, touched: Touched, stop: Event) -> None:
    """File, read scans, judge and answer until nothing is left to do now."""
    for _ in range(ROUNDS):
        file_pending(house, sandbox, touched, stop)
        read_scans(house, touched, stop)
        judge_marked(house, touched, stop)
        before = len(touched.letters)
        write_letters(house, touched, stop)
        wrote = len(touched.letters) > before  # a notice may follow an answer
        with house.registry.read() as connection:
            left = queries.pending(connection) or queries.marked(connection)
        if stop.is_set() or not (left or wrote):
            return


def _told(deed: Callable[[], None]) -> list[str]:
    """Do something; return what in the house itself kept it from being done, if anything."""
    try:
        deed()
    except TROUBLE as error:
        return [explain(error)]
    return []


def _read(house: House, name: str, sandbox: Sandbox, stop: Event) -> list[str]:
    try:
        with ExitStack() as stack:
            source = open_recorded(house, name, stack)
            read_mailbox(house, name, source, sandbox, stop)
    except MailboxError as error:
        return [str(error)]
    except TROUBLE as error:
        return [f"mailbox {name} was not read to the end: {explain(error)}"]
    return []


def _send(house: House, touched: Touched, stop: Event) -> list[str]:
    """Send, and tell of every letter that still waits because it was not taken."""
    refuse_without_room(house.settings.service.data_dir)
    problems = []
    for send in (send_alarms, send_due):
        try:
            send(house, touched, stop, all_queued=True)
        except MailServerError as error:
            problems.append(str(error))
    with house.registry.read() as connection:
        tried = queries.letters_by_id(connection, touched.letters)
    stuck = (LetterState.QUEUED, LetterState.FAILED)
    return problems + [
        f"letter {each.id} could not be sent: {each.reason}"
        for each in tried
        if each.state in stuck and each.attempts
    ]


def _counts(house: House, table: Table, column: Column[str], ids: set[int]) -> dict[str, int]:
    with house.registry.read() as connection:
        rows = connection.execute(select(table.c.id, column)).all()
    return dict(sorted(Counter(row[1] for row in rows if row[0] in ids).items()))
