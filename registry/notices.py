"""Letters that nobody asked for: reminders before a call closes, and the staff's daily digest.

Pure decisions, and the reads that they rest on. That a letter goes out once is told by the
letters on record.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from sqlalchemy import ColumnElement, Connection, exists, func, or_, select

from config.settings import Notices, Receipts
from registry import models as m
from registry import queries, workdays
from registry.answers import (
    NEVER_ANSWERED,
    RESTORED,
    SWITCHED_OFF,
    Due,
    is_address,
    is_never_answered,
)
from registry.outgoing import last_restored
from registry.rows import DossierRow, Fate, Kind, LetterRow, LetterState, MailRow, Status

_WITH_THE_CENTER = (LetterState.DRAFT, LetterState.FAILED, LetterState.BOUNCED)


@dataclass(frozen=True, kw_only=True)
class OpenList:
    """A dossier whose applicant has been told what is missing, and to whom that was told.

    `waits` says that something about it waits with the center: a reminder would be unfair;
    `restored` that it may have had its reminder before a backup was restored.
    """

    dossier: int
    to: str
    closing: datetime
    waits: bool
    restored: bool = False


def reminders_due(
    lists: Sequence[OpenList], settings: Notices, receipts: Receipts, now: datetime
) -> tuple[Due, ...]:
    """Return a reminder for each address with an open list of a call that closes soon.

    One for all its dossiers, and none while anything about them waits with the center.
    """
    by_address: dict[str, list[OpenList]] = defaultdict(list)
    for each in lists:
        if now < each.closing and is_soon(each.closing, settings, now):
            by_address[each.to].append(each)
    return tuple(
        _reminder(to, open_ones, receipts)
        for to, open_ones in by_address.items()
        if is_address(to) and not any(each.waits for each in open_ones)
    )


def is_soon(closing: datetime, settings: Notices, now: datetime) -> bool:
    """Whether a closing moment is at most so many working days away."""
    if not settings.reminder_working_days:
        return False
    last = workdays.add_working_days(now.date(), settings.reminder_working_days).date
    return closing.astimezone(now.tzinfo).date() <= last


def _reminder(to: str, lists: Sequence[OpenList], receipts: Receipts) -> Due:
    state, reason = LetterState.QUEUED, ""
    if receipts.mode == "off":
        state, reason = LetterState.SUPPRESSED, SWITCHED_OFF
    elif is_never_answered(to, receipts):
        state, reason = LetterState.SUPPRESSED, NEVER_ANSWERED
    elif any(each.restored for each in lists):
        state, reason = LetterState.DRAFT, RESTORED
    return Due(
        kind=Kind.REMINDER,
        notice=True,
        to=to,
        mails=(),
        dossiers=tuple(each.dossier for each in lists),
        state=state,
        reason=reason,
    )


def open_lists(connection: Connection, closings: Mapping[str, datetime]) -> tuple[OpenList, ...]:
    """Return the open lists of calls that close, of dossiers that were never reminded."""
    said = m.letter_dossier.c
    last = (
        select(said.dossier_id, func.max(said.letter_id).label("letter"))
        .group_by(said.dossier_id)
        .subquery()
    )
    went = m.letter.c.state.in_([LetterState.SENT, LetterState.QUEUED])
    reminded = exists().where(said.dossier_id == m.dossier.c.id, said.notice_kind == Kind.REMINDER)
    told = exists().where(m.letter_point.c.dossier_id == m.dossier.c.id)
    query = (
        select(
            m.dossier.c.id,
            m.dossier.c.call_id,
            m.dossier.c.received_at,
            m.letter.c.to,
            _waits().label("waits"),
        )
        .join(last, last.c.dossier_id == m.dossier.c.id)
        .join(m.letter, m.letter.c.id == last.c.letter)
        .where(m.dossier.c.call_id.in_(list(closings)), ~reminded, told, went)
        .where(m.dossier.c.status.in_([Status.INCOMPLETE, Status.IN_REVIEW]))
        .order_by(m.dossier.c.id)
    )
    restored_at = last_restored(connection)
    return tuple(
        OpenList(
            dossier=row.id,
            to=row.to[0],
            closing=closings[row.call_id],
            waits=bool(row.waits),
            restored=restored_at is not None and row.received_at <= restored_at,
        )
        for row in connection.execute(query)
    )


def _waits() -> ColumnElement[bool]:
    """Whether anything about a dossier waits with the center: a decision, a mail, a letter."""
    mails = m.mail_dossier.c
    unanswered = exists().where(
        mails.dossier_id == m.dossier.c.id,
        mails.mail_id == m.mail.c.id,
        or_(
            m.mail.c.wants_answer.is_(True) & m.mail.c.id.not_in(select(m.letter_mail.c.mail_id)),
            (m.mail.c.fate == Fate.NOTED) & m.mail.c.read_at.is_(None),
        ),
    )
    unsent = (
        exists()
        .where(
            m.letter_dossier.c.dossier_id == m.dossier.c.id,
            m.letter_dossier.c.letter_id == m.letter.c.id,
            m.letter.c.state == LetterState.DRAFT,
        )
        .correlate(m.dossier)
    )
    marked = m.dossier.c.revision > m.dossier.c.judged_revision
    return or_(m.dossier.c.status == Status.IN_REVIEW, marked, unanswered, unsent)


# ── the digest ───────────────────────────────────────────────────────────────────────────


MOST_LISTED = 20
"""How many of each kind a digest names; the desk has them all."""


Row = TypeVar("Row", DossierRow, MailRow, LetterRow)


@dataclass(frozen=True, kw_only=True)
class Part(Generic[Row]):
    """The first of so many rows."""

    count: int
    first: tuple[Row, ...]


@dataclass(frozen=True, kw_only=True)
class Digest:
    """What staff should know in the morning 每日简报: new since the last one, and what waits."""

    since: datetime
    opened: Part[DossierRow]
    completed: Part[DossierRow]
    in_review: Part[DossierRow]
    due: Part[DossierRow]
    mails: Part[MailRow]
    letters: Part[LetterRow]


def digest_is_due(last: datetime | None, settings: Notices, now: datetime) -> bool:
    """Whether a digest falls due: on working days, from its hour on, once a day."""
    begins = datetime.combine(now.date(), settings.digest_at, now.tzinfo)
    if now < begins or not workdays.is_working_day(now.date()):
        return False
    return last is None or not begins <= last <= now  # one after `now`: a clock was ahead


def last_digest(connection: Connection, to: str) -> datetime | None:
    """Return when an address last had a digest, or may have had it: before a return of a backup."""
    letter = m.letter.c
    query = select(letter.queued_at).where(letter.kind == Kind.DIGEST, letter.to == [to])
    last = connection.execute(query.order_by(letter.queued_at.desc()).limit(1)).scalar()
    moments = (last, last_restored(connection))
    return max((each for each in moments if each), default=None)


def gather_digest(connection: Connection, since: datetime, now: datetime) -> Digest:
    """Gather what a digest tells."""
    dossier = m.dossier.c
    ended = (Status.WITHDRAWN, Status.COMPLETE)
    return Digest(
        since=since,
        opened=_dossiers(connection, dossier.received_at >= since),
        completed=_dossiers(connection, dossier.completed_at >= since),
        in_review=_dossiers(connection, dossier.status == Status.IN_REVIEW),
        due=_dossiers(connection, dossier.due <= now.date(), dossier.status.not_in(ended)),
        mails=Part(
            count=queries.mails_size(connection, waiting=True),
            first=queries.mails(connection, waiting=True, limit=MOST_LISTED),
        ),
        letters=_letters(connection),
    )


def _dossiers(connection: Connection, *which: ColumnElement[bool]) -> Part[DossierRow]:
    size = select(func.count()).select_from(m.dossier).where(*which)
    rows = select(m.dossier).where(*which).order_by(m.dossier.c.id).limit(MOST_LISTED)
    return Part(
        count=connection.execute(size).scalar_one(),
        first=tuple(map(queries.dossier_row, connection.execute(rows))),
    )


def _letters(connection: Connection) -> Part[LetterRow]:
    counts = queries.count_by_state(connection)
    first = (
        each
        for state in _WITH_THE_CENTER
        for each in queries.letters(connection, state=state, limit=MOST_LISTED)
    )
    return Part(
        count=sum(counts.get(each, 0) for each in _WITH_THE_CENTER),
        first=tuple(first)[:MOST_LISTED],
    )


def a_day_before(now: datetime) -> datetime:
    """Return since when the first digest tells what is new."""
    return now - timedelta(days=1)
