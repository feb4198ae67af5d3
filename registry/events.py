"""History 经过: events are only ever added, and whatever changes a dossier marks it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, insert, update

from registry import models as m

SERVICE = "intake"
"""The actor of what the service does by itself."""


WITHDRAWN_AS_ASKED = "withdrawn-as-asked"
"""The event by which a person has withdrawn a dossier whose applicant asked for it."""

MERGED = "merged"
"""The event by which another dossier, whose number it tells, was merged into this one."""


def record(
    connection: Connection,
    what: str,
    *,
    actor: str,
    at: datetime,
    detail: str = "",
    dossier: int | None = None,
    mail: int | None = None,
    letter: int | None = None,
) -> None:
    """Add an event. `what` is a short code, `detail` says in Chinese what happened and why."""
    values = {"actor": actor, "at": at, "what": what, "detail": detail}
    ids = {"dossier_id": dossier, "mail_id": mail, "letter_id": letter}
    connection.execute(insert(m.event).values(**values, **ids))


def mark(connection: Connection, dossiers: Iterable[int], now: datetime) -> None:
    """Raise the revision of dossiers, so that the daemon judges them again."""
    touched = list(dossiers)
    if touched:
        connection.execute(
            update(m.dossier)
            .where(m.dossier.c.id.in_(touched))
            .values(revision=m.dossier.c.revision + 1, updated_at=now)
        )
