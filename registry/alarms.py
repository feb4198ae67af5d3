"""Alarms 告警: trouble of the service is written about once when it begins, and once when over.

A pure decision, and the rows that it rests on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.sqlite import insert as upsert

from registry import models as m
from registry.health import Health, Trouble, What

AGAIN_AFTER = timedelta(hours=1)
"""Trouble that comes and goes is written about no more often than that."""

SEEN_EVERY = timedelta(minutes=1)
"""How exactly it is kept when trouble was last seen."""


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """Trouble that was seen: since when, until when, and when it was last written about."""

    key: str
    title: str
    began_at: datetime
    seen_at: datetime
    told_at: datetime | None = None
    over_at: datetime | None = None

    @property
    def told(self) -> bool:
        """Whether it has been written about since it began."""
        return self.told_at is not None and self.told_at >= self.began_at


@dataclass(frozen=True, kw_only=True)
class Watched:
    """What is to be written about, and the alarms that are to be kept."""

    begun: tuple[Trouble, ...]
    over: tuple[Alarm, ...]
    changed: tuple[Alarm, ...]


def worth_writing(health: Health, *, apart: bool = False) -> tuple[Trouble, ...]:
    """Return the trouble that a letter can tell of: not that no letter can be sent.

    Unless letters about trouble go `apart`, by a server of their own.
    """
    if apart:
        return health.troubles
    silent = health.has(What.MAIL_SERVER)
    unsent = {What.MAIL_SERVER, What.LETTERS} if silent else {What.MAIL_SERVER}
    return tuple(each for each in health.troubles if each.what not in unsent)


def watch(
    known: Mapping[str, Alarm], troubles: Sequence[Trouble], patience: timedelta, now: datetime
) -> Watched:
    """Return what has begun and what is over.

    Trouble is written about once it has lasted for `patience`, or at once where it is urgent.
    """
    seen = {each.key: _seen(known.get(each.key), each, now) for each in troubles}
    begun = tuple(each for each in troubles if _is_due(seen[each.key], each, patience, now))
    told = {each.key for each in begun}
    ended = tuple(
        replace(alarm, over_at=now)
        for key, alarm in known.items()
        if key not in seen and alarm.over_at is None
    )
    kept = [replace(each, told_at=now) if each.key in told else each for each in seen.values()]
    return Watched(
        begun=begun,
        over=tuple(each for each in ended if each.told),
        changed=(*(each for each in kept if known.get(each.key) != each), *ended),
    )


def _seen(before: Alarm | None, trouble: Trouble, now: datetime) -> Alarm:
    """Return the alarm for trouble that is there now: the one that goes on, or a new one."""
    if before is None or before.over_at is not None:
        told_at = before.told_at if before else None
        return Alarm(
            key=trouble.key, title=trouble.title, began_at=now, seen_at=now, told_at=told_at
        )
    if now - before.seen_at < SEEN_EVERY:
        return before
    return replace(before, title=trouble.title, seen_at=now)


def _is_due(alarm: Alarm, trouble: Trouble, patience: timedelta, now: datetime) -> bool:
    lasted = trouble.urgent or now - alarm.began_at >= patience
    quiet = alarm.told_at is None or now - alarm.told_at >= AGAIN_AFTER
    return lasted and quiet and not alarm.told


# ── what is read and kept ────────────────────────────────────────────────────────────────


def alarms(connection: Connection) -> dict[str, Alarm]:
    """Return every alarm on record, by key."""
    rows = connection.execute(select(m.alarm).order_by(m.alarm.c.key))
    return {row.key: Alarm(**row._asdict()) for row in rows}


def keep_alarms(connection: Connection, changed: Iterable[Alarm]) -> None:
    """Keep alarms as they stand now."""
    for each in changed:
        values = {
            "title": each.title,
            "began_at": each.began_at,
            "seen_at": each.seen_at,
            "told_at": each.told_at,
            "over_at": each.over_at,
        }
        connection.execute(
            upsert(m.alarm)
            .values(key=each.key, **values)
            .on_conflict_do_update(index_elements=["key"], set_=values)
        )


def forget_untold(connection: Connection) -> None:
    """Forget trouble that nobody was told of: what a daemon saw that was stopped long ago."""
    connection.execute(delete(m.alarm).where(m.alarm.c.told_at.is_(None)))
