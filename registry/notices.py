"""Letters that nobody asked for: reminders before a call closes, and the staff's daily digest.

Pure decisions, and the reads that they rest on. That a letter goes out once is told by the
letters on record.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

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
            m.dossier.c.updated_at,
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
            restored=restored_at is not None and row.updated_at <= restored_at,
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


@dataclass(frozen=True, kw_only=True)
class Digest:
    """What staff should know in the morning 每日简报: new since the last one, and what waits."""

    since: datetime
    opened: tuple[DossierRow, ...]
    completed: tuple[DossierRow, ...]
    in_review: tuple[DossierRow, ...]
    due: tuple[DossierRow, ...]
    mails: tuple[MailRow, ...]
    letters: tuple[LetterRow, ...]


def digest_is_due(last: datetime | None, settings: Notices, now: datetime) -> bool:
    """Whether a digest falls due: on working days, from its hour on, once a day."""
    begins = datetime.combine(now.date(), settings.digest_at, now.tzinfo)
    if now < begins or not workdays.is_working_day(now.date()):
        return False
    return last is None or last < begins


def last_digest(connection: Connection, to: str) -> datetime | None:
    """Return when an address last had a digest."""
    query = select(m.letter.c.to, m.letter.c.queued_at).where(m.letter.c.kind == Kind.DIGEST)
    moments = (row.queued_at for row in connection.execute(query) if row.to == [to])
    return max(moments, default=None)


def gather_digest(connection: Connection, since: datetime, now: datetime) -> Digest:
    """Gather what a digest tells."""
    rows = queries.queue(connection)
    states = [each.value for each in _WITH_THE_CENTER]
    letters = (each for state in states for each in queries.letters(connection, state=state))
    return Digest(
        since=since,
        opened=tuple(each for each in rows if each.received_at >= since),
        completed=tuple(each for each in rows if each.completed_at and each.completed_at >= since),
        in_review=tuple(each for each in rows if each.status is Status.IN_REVIEW),
        due=tuple(each for each in rows if _is_due(each, now)),
        mails=queries.mails(connection, waiting=True),
        letters=tuple(letters),
    )


def _is_due(row: DossierRow, now: datetime) -> bool:
    open_still = row.status not in {Status.WITHDRAWN, Status.COMPLETE}
    return open_still and row.due is not None and row.due <= now.date()


def a_day_before(now: datetime) -> datetime:
    """Return since when the first digest tells what is new."""
    return now - timedelta(days=1)
