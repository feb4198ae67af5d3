"""Counts for the desk's statistics page and for whoever reports on a round."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, case, func, select

from registry import models as m
from registry import queries
from registry.rows import Fate, Outcome, Status


@dataclass(frozen=True, kw_only=True)
class StatusCount:
    """How many dossiers stand so."""

    status: Status
    dossiers: int


@dataclass(frozen=True, kw_only=True)
class RecommenderCount:
    """How many dossiers one recommender 推荐单位 has sent, and how many of them are complete."""

    recommender: str
    dossiers: int
    complete: int


@dataclass(frozen=True, kw_only=True)
class MissingCount:
    """In how many dossiers a point is missing; `finding` is its id."""

    finding: str
    dossiers: int


@dataclass(frozen=True, kw_only=True)
class DayCount:
    """How many mails of each fate came on one day."""

    day: date
    mails: dict[Fate, int]

    @property
    def total(self) -> int:
        """All mails of that day."""
        return sum(self.mails.values())


def dossiers_by_status(connection: Connection) -> tuple[StatusCount, ...]:
    """Return the number of dossiers in every status, also where there is none."""
    counts = queries.count_by_status(connection)
    return tuple(StatusCount(status=each, dossiers=counts.get(each, 0)) for each in Status)


def dossiers_by_recommender(connection: Connection) -> tuple[RecommenderCount, ...]:
    """Return the recommenders with their dossiers, most dossiers first, withdrawn ones left out.

    An empty name stands for dossiers whose recommender is not known.
    """
    total = func.count()
    complete = func.sum(case((m.dossier.c.status == Status.COMPLETE, 1), else_=0))
    query = (
        select(m.dossier.c.recommender, total, complete)
        .where(m.dossier.c.status != Status.WITHDRAWN)
        .group_by(m.dossier.c.recommender)
        .order_by(total.desc(), m.dossier.c.recommender)
    )
    return tuple(
        RecommenderCount(recommender=name, dossiers=all_of_them, complete=done)
        for name, all_of_them, done in connection.execute(query)
    )


def commonest_missing(connection: Connection, limit: int = 10) -> tuple[MissingCount, ...]:
    """Return the points that most dossiers lack, the commonest first, withdrawn ones left out."""
    dossiers = func.count(m.finding.c.dossier_id.distinct())
    query = (
        select(m.finding.c.id, dossiers)
        .join(m.dossier, m.dossier.c.id == m.finding.c.dossier_id)
        .where(m.finding.c.outcome == Outcome.MISSING, m.dossier.c.status != Status.WITHDRAWN)
        .group_by(m.finding.c.id)
        .order_by(dossiers.desc(), m.finding.c.id)
        .limit(limit)
    )
    return tuple(
        MissingCount(finding=finding, dossiers=count)
        for finding, count in connection.execute(query)
    )


def mails_by_day(connection: Connection, zone: ZoneInfo, since: date) -> tuple[DayCount, ...]:
    """Return the mails of each day of the zone from `since` on, days without mail left out."""
    start = datetime.combine(since, time(), tzinfo=zone)
    query = select(m.mail.c.received_at, m.mail.c.fate).where(m.mail.c.received_at >= start)
    days: dict[date, Counter[Fate]] = {}
    for received_at, fate in connection.execute(query):
        days.setdefault(received_at.astimezone(zone).date(), Counter())[Fate(fate)] += 1
    return tuple(DayCount(day=day, mails=dict(days[day])) for day in sorted(days))
