"""Mails that count themselves as parts of one (1/3, 2/3, 3/3): where the earlier ones went.

What is sent in parts is one mail that was too large. A part whose files tell no name, a scan
mostly, goes where the parts before it went, unless anything about the series is unclear.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from sqlalchemy import Connection, exists, select

from config.call import Call
from parsers.submission import Submission
from registry import models as m
from registry.queries import AnyRow

WITHIN = timedelta(hours=24)
"""How long after the first part the last one comes at most."""


def dossier_of_series(
    connection: Connection,
    mail: AnyRow,
    submission: Submission,
    kinds: Collection[str],
    call: Call,
) -> tuple[str, ...]:
    """Return the number of the one dossier that every earlier part of a mail's series went to.

    Nothing where the mail is no part, begins a series, or repeats a part, where a part
    before it has not come, where an earlier part went nowhere or to several dossiers, and
    where one brought a document of the `kinds` that this one brings: it may belong to a second
    series under the same subject.
    """
    part = call.mail.part_of(submission.subject)
    if part is None or part.number == 1:
        return ()
    before = m.mail.c
    query = select(before.id, before.subject).where(
        before.sender == submission.sender.address,
        before.id < mail.id,
        before.received_at > mail.received_at - WITHIN,
    )
    series = {
        row.id: earlier.number
        for row in connection.execute(query)
        if (earlier := call.mail.part_of(row.subject))
        and (earlier.whole, earlier.words) == (part.whole, part.words)
    }
    if part.number in series.values() or set(range(1, part.number)) - set(series.values()):
        return ()
    if _have_come(connection, series, kinds):
        return ()
    link = m.mail_dossier.c
    went = (
        select(link.mail_id, m.dossier.c.number)
        .join(m.dossier, m.dossier.c.id == link.dossier_id)
        .where(link.mail_id.in_(list(series)), link.stranger.is_(False))
    )
    rows = connection.execute(went).all()
    numbers = {row.number for row in rows}
    nowhere = series.keys() - {row.mail_id for row in rows}
    return tuple(numbers) if len(numbers) == 1 and not nowhere else ()


def _have_come(connection: Connection, mails: Collection[int], kinds: Collection[str]) -> bool:
    """Whether any of these mails brought a document of any of these kinds."""
    brought = m.document.c
    some = exists().where(brought.mail_id.in_(list(mails)), brought.kind.in_(list(kinds)))
    return bool(connection.execute(select(some)).scalar())
