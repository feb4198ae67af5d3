"""Stage four, *answer*: letters that fell due are stored for good, then sent, then accounted for.

A letter's addressee, text and Message-ID are stored together with the mails it answers, and
never change by themselves; the database refuses a second letter answering one mail.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, delete, exists, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from parsers.authentication import Verdict
from registry import models as m
from registry import queries
from registry.answers import (
    STILL_OWED,
    SUPERSEDED,
    TO_APPROVE,
    Due,
    Point,
    Sent,
    Standing,
    Told,
    Waiting,
)
from registry.events import MERGED, SERVICE, WITHDRAWN_AS_ASKED, record
from registry.rows import Fate, Finding, Kind, LetterRow, LetterState, Outcome, Status

PAUSES = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=4),
)
"""How long a letter waits after each attempt that may succeed later; the last one repeats."""
GIVES_UP_AFTER = timedelta(days=3)
_UNCAPPED = frozenset({Kind.REMINDER, Kind.DIGEST})
"""Letters that nobody's mail can bring about."""


@dataclass(frozen=True, kw_only=True)
class Written:
    """A letter that fell due, rendered: all that is stored of it."""

    due: Due
    subject: str
    text: str
    html: str
    message_id: str
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    answered: tuple[Waiting, ...] = ()
    revisions: Mapping[int, int] = field(default_factory=dict)
    points: Mapping[int, frozenset[Point]] = field(default_factory=dict)


# ── what is read ─────────────────────────────────────────────────────────────────────────


def waiting(connection: Connection) -> tuple[Waiting, ...]:
    """Return the mails that want an answer and have none, in the order received."""
    return wanting(connection, m.mail.c.id.not_in(select(m.letter_mail.c.mail_id)))


def wanting(connection: Connection, which: ColumnElement[bool]) -> tuple[Waiting, ...]:
    """Return mails that want an answer: a stranger to some of a mail's dossiers, on the others."""
    query = select(m.mail).where(m.mail.c.wants_answer.is_(True), which)
    rows = connection.execute(query.order_by(m.mail.c.id)).all()
    restored_at = last_restored(connection)
    ids = select(query.subquery().c.id)
    links = select(m.mail_dossier).where(m.mail_dossier.c.mail_id.in_(ids))
    own: dict[int, list[int]] = {}
    strange: dict[int, list[int]] = {}
    for link in connection.execute(links.order_by(m.mail_dossier.c.dossier_id)):
        (strange if link.stranger else own).setdefault(link.mail_id, []).append(link.dossier_id)
    return tuple(
        Waiting(
            id=row.id,
            sender=row.sender,
            answer_to=row.answer_to,
            suspect=bool(row.authentication) and row.authentication["verdict"] == Verdict.FAIL,
            fate=Fate(row.fate),
            received_at=row.received_at,
            dossiers=tuple(own.get(row.id, strange.get(row.id, ()))),
            stranger=row.id in strange and row.id not in own,
            more_follows=row.more_follows,
            submission_like=row.submission_like,
            machine=row.machine,
            spam=row.spam,
            old=row.old,
            restored=restored_at is not None and row.received_at <= restored_at,
        )
        for row in rows
    )


def standings(
    connection: Connection,
    waiting: Sequence[Waiting],
    more: Collection[int] = (),
    *,
    reading: Collection[int] = (),
) -> dict[int, Standing]:
    """Return the dossiers that letters might be about, each with the last letter about it.

    Those are the dossiers of waiting mails, those whose last letter no longer says how they
    stand, those that a person made of a mail after it was answered, and `more`. The scans of
    those in `reading` are being read: how they stand will change.
    """
    ids = {each for mail in waiting for each in mail.dossiers} | _changed(connection) | {*more}
    withdrawn = _withdrawn_as_asked(connection)
    ids |= withdrawn
    told = _assigned_later(connection) | _told(connection, ids)
    ids |= set(told)
    ids |= {each for letter in told.values() for each in letter.batch}
    merged = _merged(connection, ids, told)
    rows = queries.dossiers_by_id(connection, ids)
    findings = queries.findings_of(connection, ids)
    restored_at = last_restored(connection)
    return {
        row.id: Standing(
            id=row.id,
            revision=row.judged_revision,
            status=row.status,
            updated_at=row.updated_at,
            marked=row.marked or row.id in reading,
            restored=_is_from_before(told.get(row.id), restored_at),
            points=points_of(findings.get(row.id, ())),
            told=told.get(row.id),
            merged=merged.get(row.id, ()),
            withdrawn_as_asked=row.id in withdrawn,
        )
        for row in rows.values()
    }


def _withdrawn_as_asked(connection: Connection) -> set[int]:
    """Return the dossiers withdrawn as their applicants asked, which have not been told so yet."""
    event, said = m.event.c, m.letter_dossier.c
    told = (
        exists()
        .where(said.dossier_id == event.dossier_id, said.status == Status.WITHDRAWN)
        .correlate(m.event)
    )
    query = select(event.dossier_id).where(event.what == WITHDRAWN_AS_ASKED, ~told)
    return set(connection.execute(query).scalars())


def _merged(
    connection: Connection, dossiers: Iterable[int], told: dict[int, Told]
) -> dict[int, tuple[str, ...]]:
    """Return the numbers merged into dossiers since the last letter about them.

    What was last told of such a number went to whom it is to be told now.
    """
    event, said = m.event.c, m.letter_dossier.c
    query = select(event.dossier_id, event.detail, event.at).where(
        event.what == MERGED, event.dossier_id.in_(list(dossiers))
    )
    found: dict[int, tuple[str, ...]] = {}
    for dossier, number, at in connection.execute(query.order_by(event.id)):
        before = told.get(dossier)
        if before and at <= before.at:
            continue
        found[dossier] = (*found.get(dossier, ()), number)
        last = (
            select(m.letter)
            .join(m.letter_dossier, said.letter_id == m.letter.c.id)
            .join(m.dossier, m.dossier.c.id == said.dossier_id)
            .where(m.dossier.c.number == number)
            .order_by(m.letter.c.id.desc())
        )
        letter = connection.execute(last).first()
        if before and letter:
            told[dossier] = replace(before, to=letter.to[0], state=LetterState(letter.state))
    return found


def _is_from_before(told: Told | None, restored_at: datetime | None) -> bool:
    """Whether a dossier's last letter on record was written before a backup was restored."""
    return restored_at is not None and told is not None and told.at <= restored_at


def last_restored(connection: Connection) -> datetime | None:
    """Return when a backup was last restored, or None."""
    query = select(m.restoration.c.restored_at).order_by(m.restoration.c.id.desc())
    return connection.execute(query).scalars().first()


def points_of(findings: Iterable[Finding]) -> frozenset[Point]:
    """Return what is missing, by finding and document."""
    missing = (each for each in findings if each.outcome is Outcome.MISSING)
    return frozenset((each.id, each.document) for each in missing)


def _changed(connection: Connection) -> set[int]:
    """Return the dossiers that the last letter about them leaves something to tell of.

    Those are judged anew since, or lack something of which that letter, an acknowledgement,
    said nothing.
    """
    said = m.letter_dossier.c
    last = (
        select(
            said.dossier_id,
            func.max(said.letter_id).label("letter"),
            func.max(said.revision).label("told"),
        )
        .group_by(said.dossier_id)
        .subquery()
    )
    listed = exists().where(
        m.letter_point.c.letter_id == last.c.letter,
        m.letter_point.c.dossier_id == last.c.dossier_id,
    )
    unlisted = (m.dossier.c.status == Status.INCOMPLETE) & ~listed
    query = (
        select(m.dossier.c.id)
        .join(last, last.c.dossier_id == m.dossier.c.id)
        .where((m.dossier.c.judged_revision > last.c.told) | unlisted)
        .where(m.dossier.c.status.not_in([Status.IN_REVIEW, Status.WITHDRAWN]))
    )
    return set(connection.execute(query).scalars())


def _told(connection: Connection, dossiers: Iterable[int]) -> dict[int, Told]:
    last = (
        select(func.max(m.letter_dossier.c.letter_id))
        .where(m.letter_dossier.c.dossier_id.in_(list(dossiers)))
        .group_by(m.letter_dossier.c.dossier_id)
    )
    query = (
        select(m.letter, m.letter_dossier.c.dossier_id, m.letter_dossier.c.status.label("said"))
        .join(m.letter_dossier, m.letter_dossier.c.letter_id == m.letter.c.id)
        .where(m.letter.c.id.in_(last))
    )
    rows = connection.execute(query).all()
    wanted = set(dossiers)
    batches: dict[int, list[int]] = {}
    for row in rows:
        batches.setdefault(row.id, []).append(row.dossier_id)
    points = _points(connection, batches)
    listed = _listed(connection, wanted)
    return {
        row.dossier_id: Told(
            letter=row.id,
            to=row.to[0],
            at=row.queued_at,
            status=Status(row.said),
            state=LetterState(row.state),
            reason=row.reason,
            points=points.get((row.id, row.dossier_id), frozenset()),
            batch=tuple(batches[row.id]),
            listed=listed.get(row.dossier_id, frozenset()),
        )
        for row in sorted(rows, key=lambda each: each.id)
        if row.dossier_id in wanted
    }


def _listed(connection: Connection, dossiers: Collection[int]) -> dict[int, frozenset[Point]]:
    """Return what the last letter to a dossier's applicant that listed anything listed."""
    point, went = m.letter_point.c, m.letter.c.state.in_([LetterState.QUEUED, LetterState.SENT])
    last = (
        select(func.max(point.letter_id))
        .join(m.letter, m.letter.c.id == point.letter_id)
        .where(point.dossier_id.in_(list(dossiers)), went)
        .group_by(point.dossier_id)
    )
    letters = connection.execute(last).scalars().all()
    found = _points(connection, letters)
    return {dossier: points for (_, dossier), points in sorted(found.items())}


def _assigned_later(connection: Connection) -> dict[int, Told]:
    """Return, for dossiers that no letter speaks of, the last letter that answered their mail.

    A person has assigned the mail since: that letter said nothing of the dossier.
    """
    spoken_of = select(m.letter_dossier.c.dossier_id)
    link = m.mail_dossier.c
    query = (
        select(link.dossier_id, m.mail.c.old, m.mail.c.machine, m.letter)
        .join(m.mail, m.mail.c.id == link.mail_id)
        .join(m.letter_mail, m.letter_mail.c.mail_id == link.mail_id)
        .join(m.letter, m.letter.c.id == m.letter_mail.c.letter_id)
        .where(link.stranger.is_(False), link.dossier_id.not_in(spoken_of))
        .order_by(m.letter.c.id)
    )
    return {
        row.dossier_id: Told(
            letter=row.id,
            to=row.to[0],
            at=row.queued_at,
            status=Status.IN_REVIEW,
            state=LetterState.SUPPRESSED if row.old or row.machine else LetterState.SENT,
            reason=row.reason if row.old or row.machine else "",
            batch=(row.dossier_id,),
        )
        for row in connection.execute(query)
    }


def _points(
    connection: Connection, letters: Iterable[int]
) -> dict[tuple[int, int], frozenset[Point]]:
    query = select(m.letter_point).where(m.letter_point.c.letter_id.in_(list(letters)))
    found: dict[tuple[int, int], set[Point]] = {}
    for row in connection.execute(query):
        found.setdefault((row.letter_id, row.dossier_id), set()).add((row.finding, row.document))
    return {key: frozenset(points) for key, points in found.items()}


def sent(connection: Connection, now: datetime) -> Sent:
    """Return what addresses have been written lately: the ground of the caps."""
    went = m.letter.c.state.in_([LetterState.QUEUED, LetterState.SENT, LetterState.BOUNCED])
    since = now - timedelta(days=7)
    query = select(m.letter.c.to, m.letter.c.kind, m.letter.c.queued_at).where(
        went, m.letter.c.queued_at > since
    )
    today: dict[str, int] = {}
    unrecognised: dict[str, datetime] = {}
    last_hour = 0
    for to, kind, at in connection.execute(query):
        if at > now - timedelta(days=1):
            today[to[0]] = today.get(to[0], 0) + 1
        if at > now - timedelta(hours=1) and kind not in _UNCAPPED:
            last_hour += 1
        if kind == Kind.UNRECOGNISED:
            unrecognised[to[0]] = max(at, unrecognised.get(to[0], at))
    return Sent(today=today, unrecognised_at=unrecognised, last_hour=last_hour)


# ── what is kept ─────────────────────────────────────────────────────────────────────────


def keep_letter(connection: Connection, written: Written, now: datetime) -> int | None:
    """Store a letter with all it answers and says; None when a dossier or mail changed meanwhile.

    Raises IntegrityError when one of its mails has been answered already.
    """
    rows = queries.dossiers_by_id(connection, written.due.dossiers)
    if any(row.marked or row.revision != written.revisions[row.id] for row in rows.values()):
        return None
    due = written.due
    if wanting(connection, m.mail.c.id.in_(due.mails)) != written.answered:
        return None
    letter = _add_letter(connection, written, now)
    for mail in due.mails:
        connection.execute(insert(m.letter_mail).values(mail_id=mail, letter_id=letter))
    if not due.stranger:
        for row in rows.values():
            _tell(connection, letter, row.id, row.status, written)
        _supersede(connection, letter, due.dossiers)
    if due.state is LetterState.SUPPRESSED and due.reason not in STILL_OWED:
        _settle_due(connection, letter)  # nothing is to be told by machine
    detail = f"{due.kind} → {due.state}" + (f"（{due.reason}）" if due.reason else "")
    for dossier in due.dossiers or (None,):
        record(
            connection,
            "letter",
            actor=SERVICE,
            at=now,
            detail=detail,
            dossier=dossier,
            letter=letter,
            mail=next(iter(due.mails), None),
        )
    return letter


def _add_letter(connection: Connection, written: Written, now: datetime) -> int:
    due = written.due
    query = (
        insert(m.letter)
        .values(
            kind=due.kind,
            notice=due.notice,
            to=[due.to],
            subject=written.subject,
            text=written.text,
            html=written.html,
            message_id=written.message_id,
            in_reply_to=written.in_reply_to,
            references=list(written.references),
            state=due.state,
            reason=due.reason,
            queued_at=now,
        )
        .returning(m.letter.c.id)
    )
    return int(connection.execute(query).scalar_one())


def copy_letter(
    connection: Connection, row: LetterRow, to: str, message_id: str, now: datetime
) -> int:
    """Queue a letter's words to another address, as a notice that says the same of its dossiers."""
    query = (
        insert(m.letter)
        .values(
            kind=row.kind,
            notice=True,
            to=[to],
            subject=row.subject,
            text=row.text,
            html=row.html,
            message_id=message_id,
            in_reply_to=row.message_id,
            references=[*row.references, row.message_id],
            state=LetterState.QUEUED,
            queued_at=now,
        )
        .returning(m.letter.c.id)
    )
    new = int(connection.execute(query).scalar_one())
    said, points = m.letter_dossier, m.letter_point
    for each in connection.execute(select(said).where(said.c.letter_id == row.id)).mappings():
        values = {**each, "letter_id": new, "notice_kind": None}
        connection.execute(insert(said).values(**values))
    for point in connection.execute(select(points).where(points.c.letter_id == row.id)).all():
        about = {"finding": point.finding, "document": point.document}
        connection.execute(
            insert(points).values(letter_id=new, dossier_id=point.dossier_id, **about)
        )
    return new


def dossiers_of(connection: Connection, letter: int) -> tuple[int, ...]:
    """Return the ids of the dossiers that a letter is about."""
    said = m.letter_dossier.c
    query = select(said.dossier_id).where(said.letter_id == letter).order_by(said.dossier_id)
    return tuple(connection.execute(query).scalars())


def _tell(
    connection: Connection, letter: int, dossier: int, status: Status, written: Written
) -> None:
    """Record what a letter says about a dossier."""
    connection.execute(
        insert(m.letter_dossier).values(
            letter_id=letter,
            dossier_id=dossier,
            revision=written.revisions[dossier],
            status=status,
            notice_kind=written.due.kind if written.due.notice else None,
            bases=select(m.dossier.c.bases).where(m.dossier.c.id == dossier).scalar_subquery(),
        )
    )
    for finding, document in sorted(written.points.get(dossier, frozenset())):
        values = {"letter_id": letter, "dossier_id": dossier}
        connection.execute(
            insert(m.letter_point).values(finding=finding, document=document, **values)
        )


def _supersede(connection: Connection, letter: int, dossiers: Collection[int]) -> None:
    """Let no list wait for approval any more about which a later letter says more."""
    said = m.letter_dossier.c
    elsewhere = select(said.letter_id).where(said.dossier_id.not_in(dossiers))
    waits = (m.letter.c.state == LetterState.DRAFT) & (m.letter.c.reason == TO_APPROVE)
    about = select(said.letter_id).where(said.dossier_id.in_(dossiers), said.letter_id < letter)
    connection.execute(
        update(m.letter)
        .where(waits, m.letter.c.id.in_(about), m.letter.c.id.not_in(elsewhere))
        .values(state=LetterState.SUPPRESSED, reason=SUPERSEDED)
    )


def answers_in_full() -> ColumnElement[bool]:
    """Whether a letter tells all there is to tell of a dossier: no review, no list to follow."""
    said, kind = m.letter_dossier.c, m.letter.c.kind
    list_follows = (kind == Kind.ACKNOWLEDGEMENT) & (said.status == Status.INCOMPLETE)
    return (said.status != Status.IN_REVIEW) & ~list_follows


def _settle_due(connection: Connection, letter: int) -> None:
    """Strike the date by which an answer is owed to the dossiers that a letter answers in full.

    One that is being looked at by a person, or whose list follows, is not answered yet.
    """
    said = m.letter_dossier.c
    answered = (
        select(said.dossier_id)
        .join(m.letter, m.letter.c.id == said.letter_id)
        .where(said.letter_id == letter, answers_in_full())
    )
    connection.execute(update(m.dossier).where(m.dossier.c.id.in_(answered)).values(due=None))


def count_try(connection: Connection, letter: int, now: datetime) -> bool:
    """Count that a letter is about to be handed over; False when it is queued no more.

    Until the mail server has said what it did, nobody can tell whether it took the letter:
    the attempt is in doubt, and stays so where this process dies or the connection breaks.
    It has its pause already: where what came of it cannot be recorded, it does not go again
    at every look.
    """
    counts = m.letter.c
    query = (
        update(m.letter)
        .where(counts.id == letter, counts.state == LetterState.QUEUED)
        .values(attempts=counts.attempts + 1, in_doubt=counts.in_doubt + 1)
        .returning(counts.attempts)
    )
    attempts = connection.execute(query).scalar()
    if attempts is None:
        return False
    paused = update(m.letter).where(counts.id == letter)
    connection.execute(paused.values(next_try_at=now + _pause(attempts)))
    return True


def _pause(attempts: int) -> timedelta:
    return PAUSES[min(attempts, len(PAUSES)) - 1]


def handed_over(connection: Connection, letter: LetterRow, now: datetime) -> None:
    """Record that the mail server has taken a letter, in the words that it took.

    A person may have changed them meanwhile; what went is what is on record.
    """
    _settle_doubt(connection, letter.id)
    went = {"subject": letter.subject, "text": letter.text, "html": letter.html}
    values = {"state": LetterState.SENT, "sent_at": now, "reason": "", "next_try_at": None}
    connection.execute(update(m.letter).where(m.letter.c.id == letter.id).values(**went, **values))
    _settle_due(connection, letter.id)
    _record_fate(connection, letter.id, "sent", "", now)


def _settle_doubt(connection: Connection, letter: int) -> None:
    """Take the last attempt out of doubt: the mail server has said what it did."""
    query = update(m.letter).where(m.letter.c.id == letter)
    connection.execute(query.values(in_doubt=m.letter.c.in_doubt - 1))


def _record_fate(
    connection: Connection, letter: int, what: str, detail: str, now: datetime
) -> None:
    """Record what became of a letter, in the history of each dossier that it is about."""
    query = select(m.letter_dossier.c.dossier_id).where(m.letter_dossier.c.letter_id == letter)
    for dossier in connection.execute(query).scalars().all() or [None]:
        record(
            connection,
            what,
            actor=SERVICE,
            at=now,
            detail=detail,
            dossier=dossier,
            letter=letter,
        )


def put_off(
    connection: Connection,
    letter: int,
    reason: str,
    now: datetime,
    *,
    for_good: bool,
    in_doubt: bool = False,
) -> LetterState:
    """Record that a letter was not taken; try again later, unless `for_good`.

    With `in_doubt` the connection broke, and the mail server may have taken it. A letter that
    a person has held meanwhile stays held. Returns how it stands now.
    """
    if not in_doubt:
        _settle_doubt(connection, letter)
    query = select(m.letter.c.attempts, m.letter.c.queued_at, m.letter.c.state)
    attempts, queued_at, before = connection.execute(query.where(m.letter.c.id == letter)).one()
    if before != LetterState.QUEUED:
        return LetterState(before)
    gives_up = for_good or now - queued_at > GIVES_UP_AFTER
    state = LetterState.FAILED if gives_up else LetterState.QUEUED
    connection.execute(
        update(m.letter)
        .where(m.letter.c.id == letter)
        .values(
            state=state, reason=reason, next_try_at=None if gives_up else now + _pause(attempts)
        )
    )
    if gives_up:
        _record_fate(connection, letter, "failed", reason, now)
    return state


# ── how sending goes ─────────────────────────────────────────────────────────────────────


def server_failed(connection: Connection, error: str, kind: str, now: datetime) -> None:
    """Record why no letter can be handed over: in words, and as the kind of a MailServerError."""
    values = {"error": error, "error_kind": kind, "error_at": now}
    connection.execute(
        upsert(m.mail_server)
        .values(id=1, **values)
        .on_conflict_do_update(index_elements=["id"], set_=values)
    )


def server_works(connection: Connection) -> None:
    """Record that letters can be handed over."""
    connection.execute(delete(m.mail_server))
