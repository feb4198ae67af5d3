"""All reads of the registry: plain queries in, frozen values out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, Select, func, or_, select, text

from parsers.authentication import Authentication, Verdict
from parsers.submission import Fact, Facts, Hit, Member, Scan, Seals
from registry import models as m
from registry.link_lists import link_row
from registry.returned import has_draft, is_unreached, unreached
from registry.rows import (
    Alias,
    Decision,
    DocumentState,
    DossierRow,
    DossierView,
    EventRow,
    Fate,
    FiledDocument,
    Finding,
    Kind,
    LetterRow,
    LetterState,
    MailRow,
    Outcome,
    PaperRecord,
    Proposal,
    Status,
)

REGISTER_ZONE = ZoneInfo("Asia/Shanghai")
"""The days of the paper register are those of the office that keeps it."""

LONGEST_PAUSE = timedelta(days=1)
"""No letter is ever put off for longer; what says so was set by a clock that was ahead."""

PAGE = 100
"""How many rows a list at the desk shows at once."""

CAME_AT = func.coalesce(m.mail.c.received_at, m.document.c.filed_at)
"""When a document came: with its mail, or when a person filed it."""

AnyRow = Row[*tuple[Any, ...]]
Grouped = dict[int, tuple[Any, ...]]


def _grouped(rows: Iterable[AnyRow]) -> Grouped:
    """Group (key, value) rows, keeping their order."""
    found: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        found[row[0]].append(row[1])
    return {key: tuple(values) for key, values in found.items()}


# ── dossiers ─────────────────────────────────────────────────────────────────────────────


def dossier_row(row: AnyRow) -> DossierRow:
    """Turn a line of the dossier table into its value."""
    return DossierRow(
        id=row.id,
        number=row.number,
        call_id=row.call_id,
        call_version=row.call_version,
        name=row.name,
        secretariat=row.secretariat,
        recommender=row.recommender,
        sender=row.sender,
        received_at=row.received_at,
        updated_at=row.updated_at,
        revision=row.revision,
        judged_revision=row.judged_revision,
        status=Status(row.status),
        review=tuple(row.review),
        flags=tuple(row.flags),
        due=row.due,
        completed_at=row.completed_at,
        withdrawn=row.withdrawn,
        paper_id=row.paper_id,
        paper_match=row.paper_match,
        merged_into=row.merged_into,
    )


def _like(text: str) -> str:
    escaped = text.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    return f"%{escaped}%"


def _matching(
    status: str, search: str, *, without_paper: bool = False, waiting: bool = False
) -> Select[Any]:
    query = select(m.dossier)
    if waiting:
        some = func.json_array_length(m.dossier.c.review) > 0
        waits = or_(some, is_unreached(), has_draft())
        query = query.where(waits, m.dossier.c.status != Status.WITHDRAWN)
    if status:
        query = query.where(m.dossier.c.status == status)
    if without_paper:
        no_record = m.dossier.c.paper_id.is_(None)
        query = query.where(no_record, m.dossier.c.status != Status.WITHDRAWN)
    if search.strip():
        words = _like(search.strip())
        columns = (m.dossier.c.number, m.dossier.c.name, m.dossier.c.secretariat)
        places = (*columns, m.dossier.c.recommender, m.dossier.c.sender)
        query = query.where(or_(*(each.like(words, escape="\\") for each in places)))
    return query


def queue(
    connection: Connection,
    *,
    status: str = "",
    search: str = "",
    without_paper: bool = False,
    waiting: bool = False,
    limit: int = -1,
    offset: int = 0,
) -> tuple[DossierRow, ...]:
    """Return the dossiers in the order received, narrowed by status and by words.

    `without_paper` leaves those that no paper record is matched to and are not withdrawn,
    `waiting` those that give a person a reason to look, whatever their status: also those
    whose applicant the last letter has not reached, or whose letter waits for a person.
    """
    found = _matching(status, search, without_paper=without_paper, waiting=waiting)
    query = found.order_by(m.dossier.c.id).limit(limit).offset(offset)
    return tuple(dossier_row(row) for row in connection.execute(query))


def queue_size(
    connection: Connection,
    *,
    status: str = "",
    search: str = "",
    without_paper: bool = False,
    waiting: bool = False,
) -> int:
    """Return how many dossiers `queue` would give without a limit."""
    found = _matching(status, search, without_paper=without_paper, waiting=waiting)
    return connection.execute(select(func.count()).select_from(found.subquery())).scalar_one()


def missing_counts(connection: Connection, dossiers: Iterable[int]) -> dict[int, int]:
    """Return how many points are missing in each of those dossiers that lacks any."""
    query = (
        select(m.finding.c.dossier_id, func.count())
        .where(m.finding.c.dossier_id.in_(list(dossiers)))
        .where(m.finding.c.outcome == Outcome.MISSING)
        .group_by(m.finding.c.dossier_id)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def count_by_status(connection: Connection, *, search: str = "") -> dict[Status, int]:
    """Return the number of dossiers with those words in each status that has any."""
    found = _matching("", search).subquery()
    query = select(found.c.status, func.count()).group_by(found.c.status)
    return {Status(status): count for status, count in connection.execute(query)}


def dossier_by_number(connection: Connection, number: str) -> DossierRow | None:
    """Return the dossier with that registry number (in any case), or None."""
    query = select(m.dossier).where(m.dossier.c.number == number.strip().upper())
    row = connection.execute(query).first()
    return dossier_row(row) if row else None


def dossiers_by_id(connection: Connection, ids: Iterable[int]) -> dict[int, DossierRow]:
    """Return the dossiers with those ids."""
    query = select(m.dossier).where(m.dossier.c.id.in_(list(ids)))
    return {row.id: dossier_row(row) for row in connection.execute(query)}


def marked(connection: Connection) -> tuple[int, ...]:
    """Return the ids of the dossiers that have changed since they were judged."""
    changed = m.dossier.c.revision > m.dossier.c.judged_revision
    return tuple(connection.execute(select(m.dossier.c.id).where(changed)).scalars())


def facts_from(stored: dict[str, Any]) -> Facts:
    """Read facts back from the form `registry.filing` stores them in."""
    signatures = stored.get("signatures")
    return Facts(
        title=stored.get("title", ""),
        fields={key: Fact(**each) for key, each in stored.get("fields", {}).items()},
        members=tuple(Member(**each) for each in stored.get("members", ())),
        signatures=None if signatures is None else tuple(Member(**each) for each in signatures),
        clauses={key: Hit(**each) for key, each in stored.get("clauses", {}).items()},
        placeholders=tuple(Fact(**each) for each in stored.get("placeholders", ())),
        template=stored.get("template", False),
        may_hold=tuple(stored.get("may_hold", ())),
        mentions=tuple(stored.get("mentions", ())),
        listed=tuple(stored.get("listed", ())),
        signed=tuple(stored.get("signed", ())),
    )


def documents_of(
    connection: Connection, dossiers: Iterable[int]
) -> dict[int, tuple[FiledDocument, ...]]:
    """Return the documents of those dossiers, in the order filed, superseded ones marked.

    A version is superseded by what a later mail brought, also where that was filed before.
    """
    query = (
        select(m.document, CAME_AT.label("came_at"))
        .outerjoin(m.mail, m.mail.c.id == m.document.c.mail_id)
        .where(m.document.c.dossier_id.in_(list(dossiers)))
        .where(m.document.c.state != DocumentState.MOVED)
        .order_by(m.document.c.dossier_id, m.document.c.id)
    )
    rows: dict[int, list[AnyRow]] = defaultdict(list)
    for row in connection.execute(query):
        rows[row.dossier_id].append(row)
    return {key: _documents(each) for key, each in rows.items()}


def _documents(rows: Sequence[AnyRow]) -> tuple[FiledDocument, ...]:
    newest: dict[str, tuple[datetime, int]] = {}
    for row in rows:
        if row.state == DocumentState.CURRENT and row.kind != "other":
            this = (row.came_at, row.version)
            newest[row.kind] = max(newest.get(row.kind, this), this)
    return tuple(
        FiledDocument(
            id=row.id,
            kind=row.kind,
            path=row.path,
            filename=row.filename,
            media_type=row.media_type,
            size=row.size,
            sha256=row.sha256,
            pages=row.pages,
            problem=row.problem,
            detail=row.detail,
            version=row.version,
            state=DocumentState(row.state),
            superseded=row.kind in newest and (row.came_at, row.version) < newest[row.kind],
            mail_id=row.mail_id,
            filed_at=row.filed_at,
            facts=facts_from(row.facts),
            added_by=row.added_by,
            part=row.part,
            first_page=row.first_page,
            scan=Scan(row.scan),
            seals=tuple(Seals(**each) for each in row.seals),
        )
        for row in rows
    )


def findings_of(
    connection: Connection, dossiers: Iterable[int], *, met: bool = True
) -> dict[int, tuple[Finding, ...]]:
    """Return the findings of those dossiers, in the call's order; without `met`, not those ok."""
    query = (
        select(m.finding)
        .where(m.finding.c.dossier_id.in_(list(dossiers)))
        .order_by(m.finding.c.dossier_id, m.finding.c.ordinal)
    )
    if not met:
        query = query.where(m.finding.c.outcome != Outcome.OK)
    found: dict[int, list[Finding]] = defaultdict(list)
    for row in connection.execute(query):
        finding = Finding(
            id=row.id,
            outcome=Outcome(row.outcome),
            detail=row.detail,
            document=row.document,
            page=row.page,
            quote=row.quote,
        )
        found[row.dossier_id].append(finding)
    return {key: tuple(each) for key, each in found.items()}


def decisions_of(connection: Connection, dossier: int) -> tuple[Decision, ...]:
    """Return the decisions people made on a dossier's findings, the latest last."""
    query = select(m.decision).where(m.decision.c.dossier_id == dossier).order_by(m.decision.c.id)
    return tuple(
        Decision(
            finding=row.finding,
            document=row.document,
            outcome=Outcome(row.outcome),
            reason=row.reason,
            basis=row.basis,
            who=row.who,
            at=row.at,
        )
        for row in connection.execute(query)
    )


def proposals_of(
    connection: Connection, dossiers: Iterable[int]
) -> dict[int, tuple[Proposal, ...]]:
    """Return what is proposed to staff as the same for those dossiers."""
    query = (
        select(m.proposal)
        .where(m.proposal.c.dossier_id.in_(list(dossiers)))
        .order_by(m.proposal.c.id)
    )
    found: dict[int, list[Proposal]] = defaultdict(list)
    for row in connection.execute(query):
        proposal = Proposal(
            kind=row.kind,
            target=row.target,
            name=row.name,
            secretariat=row.secretariat,
            evidence=tuple(row.evidence),
        )
        found[row.dossier_id].append(proposal)
    return {key: tuple(each) for key, each in found.items()}


def views(
    connection: Connection, rows: Sequence[DossierRow], *, met: bool = True
) -> tuple[DossierView, ...]:
    """Return dossiers with their documents, findings and paper, as `intake queue` shows them.

    Without `met` the findings that are ok, by far the most, are left out.
    """
    ids = [row.id for row in rows]
    documents = documents_of(connection, ids)
    findings = findings_of(connection, ids, met=met)
    papers = papers_by_id(connection, [row.paper_id for row in rows if row.paper_id])
    lost = unreached(connection, ids)
    return tuple(
        DossierView(
            row=row,
            documents=documents.get(row.id, ()),
            findings=findings.get(row.id, ()),
            paper=papers.get(row.paper_id) if row.paper_id else None,
            unreached=lost.get(row.id, ""),
        )
        for row in rows
    )


def view(connection: Connection, row: DossierRow) -> DossierView:
    """Return one dossier, whole."""
    of_dossier = select(m.letter_dossier.c.letter_id).where(m.letter_dossier.c.dossier_id == row.id)
    brought = select(m.mail_dossier.c.mail_id).where(m.mail_dossier.c.dossier_id == row.id)
    return replace(
        views(connection, [row])[0],
        candidates=proposals_of(connection, [row.id]).get(row.id, ()),
        history=history(connection, m.event.c.dossier_id == row.id),
        letters=_letters(connection, select(m.letter).where(m.letter.c.id.in_(of_dossier))),
        mails=_mails(connection, select(m.mail).where(m.mail.c.id.in_(brought))),
        decisions=decisions_of(connection, row.id),
    )


def history(connection: Connection, which: Any) -> tuple[EventRow, ...]:  # noqa: ANN401 - SQL
    """Return the events that fulfil an SQL condition, the oldest first."""
    query = (
        select(m.event, m.dossier.c.number)
        .outerjoin(m.dossier, m.dossier.c.id == m.event.c.dossier_id)
        .where(which)
        .order_by(m.event.c.id)
    )
    return tuple(
        EventRow(
            at=row.at,
            actor=row.actor,
            what=row.what,
            detail=row.detail,
            mail_id=row.mail_id,
            letter_id=row.letter_id,
            dossier=row.number or "",
        )
        for row in connection.execute(query)
    )


# ── mails ────────────────────────────────────────────────────────────────────────────────


def _mails(connection: Connection, query: Select[Any]) -> tuple[MailRow, ...]:
    rows = connection.execute(query.order_by(m.mail.c.id)).all()
    ids = select(query.subquery().c.id)
    numbers = _grouped(
        connection.execute(
            select(m.mail_dossier.c.mail_id, m.dossier.c.number)
            .join(m.dossier, m.dossier.c.id == m.mail_dossier.c.dossier_id)
            .where(m.mail_dossier.c.mail_id.in_(ids))
            .order_by(m.dossier.c.id)
        )
    )
    letters = _grouped(
        connection.execute(
            select(m.letter_mail.c.mail_id, m.letter_mail.c.letter_id)
            .where(m.letter_mail.c.mail_id.in_(ids))
            .order_by(m.letter_mail.c.letter_id)
        )
    )
    places = {
        row.mail_id: row
        for row in connection.execute(
            select(m.place).where(m.place.c.mail_id.in_(ids)).order_by(m.place.c.uidvalidity)
        )
    }
    return tuple(
        _mail(row, places.get(row.id), numbers.get(row.id, ()), letters.get(row.id, ()))
        for row in rows
    )


def _mail(
    row: AnyRow, place: AnyRow | None, dossiers: tuple[str, ...], letters: tuple[int, ...]
) -> MailRow:
    return MailRow(
        id=row.id,
        mailbox=place.mailbox if place else "",
        folder=place.folder if place else "",
        uid=place.uid if place else None,
        message_id=row.message_id,
        sha256=row.sha256,
        size=row.size,
        sender=row.sender,
        sender_name=row.sender_name,
        subject=row.subject,
        excerpt=row.excerpt,
        received_at=row.received_at,
        fate=Fate(row.fate),
        reason=row.reason,
        machine=row.machine,
        spam=row.spam,
        duplicate_of=row.duplicate_of,
        read_at=row.read_at,
        dossiers=dossiers,
        letters=letters,
        references=tuple(row.references),
        unopened=tuple(row.unread),
        absent=tuple(row.absent),
        besides=tuple(row.besides),
        links=tuple(link_row(each, row.id, row.received_at) for each in row.links),
        submission_like=row.submission_like,
        answer_to=row.answer_to or row.sender,
        authentication=_authentication(row.authentication),
    )


def _authentication(stored: dict[str, str] | None) -> Authentication | None:
    if stored is None:
        return None
    return Authentication(verdict=Verdict(stored["verdict"]), results=stored["results"])


def newest_mail(connection: Connection) -> int:
    """Return the id of the mail received last, or 0."""
    return int(connection.execute(select(func.coalesce(func.max(m.mail.c.id), 0))).scalar_one())


def pending(connection: Connection) -> tuple[tuple[int, str | None], ...]:
    """Return the mails that wait to be filed, in the order received: id and checksum.

    Without a checksum only the headers are kept: a mail over the size limit.
    """
    query = select(m.mail.c.id, m.mail.c.sha256).where(m.mail.c.fate == Fate.PENDING)
    return tuple((row.id, row.sha256) for row in connection.execute(query.order_by(m.mail.c.id)))


def mails_by_id(connection: Connection, ids: Iterable[int]) -> tuple[MailRow, ...]:
    """Return the mails with those ids, in the order received."""
    return _mails(connection, select(m.mail).where(m.mail.c.id.in_(list(ids))))


def mails(
    connection: Connection,
    *,
    fate: str = "",
    search: str = "",
    waiting: bool = False,
    newest_first: bool = False,
    limit: int = -1,
    offset: int = 0,
) -> tuple[MailRow, ...]:
    """Return every mail ever seen, in the order received, narrowed by fate and words.

    `waiting` leaves those that wait for a person: noted, quarantined, filed with a remark, or
    a question on the call, and not yet read.
    """
    query = _mails_matching(fate, search, waiting=waiting)
    order = m.mail.c.id.desc() if newest_first else m.mail.c.id
    ids = query.order_by(order).limit(limit).offset(offset).subquery()
    found = _mails(connection, select(m.mail).where(m.mail.c.id.in_(select(ids.c.id))))
    return found[::-1] if newest_first else found


def mails_size(
    connection: Connection, *, fate: str = "", search: str = "", waiting: bool = False
) -> int:
    """Return how many mails `mails` would give without a limit."""
    found = _mails_matching(fate, search, waiting=waiting)
    return connection.execute(select(func.count()).select_from(found.subquery())).scalar_one()


def _mails_matching(fate: str, search: str, *, waiting: bool = False) -> Select[Any]:
    query = select(m.mail.c.id)
    if fate:
        query = query.where(m.mail.c.fate == fate)
    if waiting:
        query = query.where(text(m.WAITS_FOR_PERSON))
    if search.strip():
        words = _like(search.strip())
        places = (m.mail.c.subject, m.mail.c.sender, m.mail.c.sender_name)
        query = query.where(or_(*(each.like(words, escape="\\") for each in places)))
    return query


def mail_by_id(connection: Connection, mail: int) -> MailRow | None:
    """Return one mail, or None."""
    return next(iter(_mails(connection, select(m.mail).where(m.mail.c.id == mail))), None)


def count_by_fate(connection: Connection, *, search: str = "") -> dict[Fate, int]:
    """Return the number of mails with those words of each fate that has any."""
    found = _mails_matching("", search).with_only_columns(m.mail.c.fate).subquery()
    query = select(found.c.fate, func.count()).group_by(found.c.fate)
    return {Fate(fate): count for fate, count in connection.execute(query)}


def known_places(
    connection: Connection, mailbox: str, folder: str, uidvalidity: int
) -> dict[int, tuple[int, datetime]]:
    """Return the UIDs known in a folder, each with its size in bytes and date."""
    query = select(m.place.c.uid, m.place.c.size, m.place.c.received_at).where(
        m.place.c.mailbox == mailbox,
        m.place.c.folder == folder,
        m.place.c.uidvalidity == uidvalidity,
    )
    return {uid: (size, at) for uid, size, at in connection.execute(query)}


def known_uids(
    connection: Connection, mailbox: str, folder: str, uidvalidity: int
) -> frozenset[int]:
    """Return the UIDs known in a folder."""
    query = select(m.place.c.uid).where(
        m.place.c.mailbox == mailbox,
        m.place.c.folder == folder,
        m.place.c.uidvalidity == uidvalidity,
    )
    return frozenset(connection.execute(query).scalars())


def folder_states(connection: Connection) -> tuple[AnyRow, ...]:
    """Return what is known of each folder that is read: when last, how many, what went wrong."""
    return tuple(connection.execute(select(m.folder).order_by(m.folder.c.mailbox)))


# ── letters ──────────────────────────────────────────────────────────────────────────────


def _letters(connection: Connection, query: Select[Any]) -> tuple[LetterRow, ...]:
    rows = connection.execute(query.order_by(m.letter.c.id)).all()
    ids = select(query.subquery().c.id)
    numbers = _grouped(
        connection.execute(
            select(m.letter_dossier.c.letter_id, m.dossier.c.number)
            .join(m.dossier, m.dossier.c.id == m.letter_dossier.c.dossier_id)
            .where(m.letter_dossier.c.letter_id.in_(ids))
            .order_by(m.dossier.c.id)
        )
    )
    answered = _grouped(
        connection.execute(
            select(m.letter_mail.c.letter_id, m.letter_mail.c.mail_id)
            .where(m.letter_mail.c.letter_id.in_(ids))
            .order_by(m.letter_mail.c.mail_id)
        )
    )
    overtaken = _overtaken(connection, [row.id for row in rows if row.state == LetterState.DRAFT])
    return tuple(
        replace(
            _letter(row, numbers.get(row.id, ()), answered.get(row.id, ())),
            overtaken=overtaken.get(row.id, ()),
        )
        for row in rows
    )


def _overtaken(connection: Connection, drafts: Sequence[int]) -> Grouped:
    """Return the dossiers that have changed since a draft was written, where it tells how they are.

    What an acknowledgement says, that something has arrived, stays true.
    """
    said = m.letter_dossier.c
    query = (
        select(said.letter_id, m.dossier.c.number)
        .join(m.dossier, m.dossier.c.id == said.dossier_id)
        .join(m.letter, m.letter.c.id == said.letter_id)
        .where(said.letter_id.in_(drafts), m.dossier.c.revision > said.revision)
        .where(m.letter.c.kind != Kind.ACKNOWLEDGEMENT)
        .order_by(said.letter_id, m.dossier.c.id)
    )
    return _grouped(connection.execute(query))


def _letter(row: AnyRow, dossiers: tuple[str, ...], mails: tuple[int, ...]) -> LetterRow:
    return LetterRow(
        id=row.id,
        kind=Kind(row.kind),
        notice=row.notice,
        to=tuple(row.to),
        subject=row.subject,
        text=row.text,
        html=row.html,
        dossiers=dossiers,
        mails=mails,
        in_reply_to=row.in_reply_to,
        references=tuple(row.references),
        message_id=row.message_id,
        state=LetterState(row.state),
        reason=row.reason,
        attempts=row.attempts,
        in_doubt=row.in_doubt,
        next_try_at=row.next_try_at,
        queued_at=row.queued_at,
        sent_at=row.sent_at,
    )


def letters(
    connection: Connection,
    *,
    state: str = "",
    newest_first: bool = False,
    limit: int = -1,
    offset: int = 0,
) -> tuple[LetterRow, ...]:
    """Return every letter, in the order written, narrowed by state."""
    query = select(m.letter.c.id)
    if state:
        query = query.where(m.letter.c.state == state)
    order = m.letter.c.id.desc() if newest_first else m.letter.c.id
    ids = query.order_by(order).limit(limit).offset(offset).subquery()
    found = _letters(connection, select(m.letter).where(m.letter.c.id.in_(select(ids.c.id))))
    return found[::-1] if newest_first else found


def letter_by_id(connection: Connection, letter: int) -> LetterRow | None:
    """Return one letter, or None."""
    return next(iter(_letters(connection, select(m.letter).where(m.letter.c.id == letter))), None)


def letters_by_id(connection: Connection, ids: Iterable[int]) -> tuple[LetterRow, ...]:
    """Return the letters with those ids, in the order written."""
    return _letters(connection, select(m.letter).where(m.letter.c.id.in_(list(ids))))


def count_by_state(connection: Connection) -> dict[LetterState, int]:
    """Return the number of letters in each state that has any."""
    query = select(m.letter.c.state, func.count()).group_by(m.letter.c.state)
    return {LetterState(state): count for state, count in connection.execute(query)}


def mail_server_error(connection: Connection) -> str:
    """Return why no letter can be handed over at present, in words, or nothing."""
    return str(connection.execute(select(m.mail_server.c.error)).scalar() or "")


def count_in_doubt(connection: Connection) -> int:
    """Return how often the mail server was handed a letter without saying whether it took it."""
    return int(connection.execute(select(func.sum(m.letter.c.in_doubt))).scalar() or 0)


def to_send(
    connection: Connection, now: datetime | None, *, alarms: bool | None = None
) -> tuple[int, ...]:
    """Return the ids of queued letters that may be tried at `now`; of all when it is None.

    `alarms`: only letters about trouble of the service, or all but those. What was tried least
    comes first: letters that are put off again and again keep no other back.
    """
    query = select(m.letter.c.id).where(m.letter.c.state == LetterState.QUEUED)
    if alarms is not None:
        query = query.where((m.letter.c.kind == Kind.ALARM).is_(alarms))
    if now is not None:
        waited = m.letter.c.next_try_at <= now
        clock_was_ahead = m.letter.c.next_try_at > now + LONGEST_PAUSE
        query = query.where(or_(m.letter.c.next_try_at.is_(None), waited, clock_was_ahead))
    return tuple(connection.execute(query.order_by(m.letter.c.attempts, m.letter.c.id)).scalars())


# ── paper ────────────────────────────────────────────────────────────────────────────────


def paper_record(row: AnyRow, dossier: str = "") -> PaperRecord:
    """Turn a line of the paper table into its value."""
    return PaperRecord(
        id=row.id,
        register_no=row.register_no,
        received_on=row.received_on,
        name=row.name,
        secretariat=row.secretariat,
        recommender=row.recommender,
        copies=row.copies,
        copies_text=row.copies_text or "",
        sealed=row.sealed,
        sealed_text=row.sealed_text,
        recommended=row.recommended,
        recommended_text=row.recommended_text,
        contact=row.contact,
        mobile=row.mobile,
        email=row.email,
        remark=row.remark,
        columns=tuple(row.columns),
        sheet=row.sheet,
        row=row.row,
        imported_at=row.imported_at,
        gone=row.gone,
        dossier=dossier,
    )


def _papers(connection: Connection, query: Select[Any]) -> tuple[PaperRecord, ...]:
    joined = query.add_columns(m.dossier.c.number).outerjoin(
        m.dossier, m.dossier.c.paper_id == m.paper.c.id
    )
    return tuple(
        paper_record(row, row.number or "")
        for row in connection.execute(joined.order_by(m.paper.c.id))
    )


def papers(
    connection: Connection,
    *,
    search: str = "",
    unmatched: bool = False,
    limit: int = -1,
    offset: int = 0,
) -> tuple[PaperRecord, ...]:
    """Return the paper register, each record with the number of its dossier.

    `unmatched` leaves the records that belong to no dossier.
    """
    found = _papers_matching(search, unmatched=unmatched)
    return _papers(connection, found.limit(limit).offset(offset))


def papers_size(connection: Connection, *, search: str = "", unmatched: bool = False) -> int:
    """Return how many records `papers` would give without a limit."""
    found = _papers_matching(search, unmatched=unmatched).subquery()
    return connection.execute(select(func.count()).select_from(found)).scalar_one()


def _papers_matching(search: str, *, unmatched: bool) -> Select[Any]:
    query = select(m.paper)
    if unmatched:
        matched = select(m.dossier.c.paper_id).where(m.dossier.c.paper_id.is_not(None))
        query = query.where(m.paper.c.id.not_in(matched))
    if search.strip():
        words = _like(search.strip())
        places = (m.paper.c.register_no, m.paper.c.name, m.paper.c.secretariat)
        query = query.where(or_(*(each.like(words, escape="\\") for each in places)))
    return query


def papers_by_id(connection: Connection, ids: Iterable[int]) -> dict[int, PaperRecord]:
    """Return the paper records with those ids."""
    found = _papers(connection, select(m.paper).where(m.paper.c.id.in_(list(ids))))
    return {each.id: each for each in found}


def paper_by_register_no(connection: Connection, register_no: str) -> PaperRecord | None:
    """Return the paper record with that register number, or with the id in `#id`."""
    text = register_no.strip()
    if not text:
        return None  # many records have none
    by_id = text.startswith("#") and text[1:].isdecimal()
    which = m.paper.c.id == int(text[1:]) if by_id else m.paper.c.register_no == text
    return next(iter(_papers(connection, select(m.paper).where(which))), None)


def papers_where(connection: Connection, which: Any) -> tuple[PaperRecord, ...]:  # noqa: ANN401 - SQL
    """Return the paper records that fulfil an SQL condition."""
    return _papers(connection, select(m.paper).where(which))


def aliases(
    connection: Connection,
    *,
    kind: str = "",
    forms: Iterable[str] | None = None,
    revoked: bool = False,
) -> tuple[Alias, ...]:
    """Return what staff have decided to be one name, narrowed by kind and to a dossier's forms.

    With `revoked` also what has been taken back.
    """
    query = select(m.alias).order_by(m.alias.c.id)
    if kind:
        query = query.where(m.alias.c.kind == kind)
    if forms is not None:
        query = query.where(m.alias.c.left.in_(list(forms)))
    if not revoked:
        query = query.where(m.alias.c.revoked_at.is_(None))
    return tuple(
        Alias(
            id=row.id,
            kind=row.kind,
            left=row.left,
            right=row.right,
            who=row.who,
            at=row.at,
            why=row.why,
            revoked_at=row.revoked_at,
            revoked_by=row.revoked_by,
        )
        for row in connection.execute(query)
    )


def register_date(connection: Connection) -> date | None:
    """Return the day as of which the paper register is known: that of its last import."""
    imports = select(m.event.c.at).where(m.event.c.what == "paper-imported")
    last = connection.execute(imports.order_by(m.event.c.id.desc()).limit(1)).scalar()
    return last.astimezone(REGISTER_ZONE).date() if last else None
