"""Stage two, *file*: a mail that was understood gets its fate, and its documents their dossier.

The only writer of dossiers and documents. One transaction a mail; the route is a pure
decision of `routing.py` over what the registry knows in that transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime

from sqlalchemy import Connection, func, insert, or_, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from config.call import Call, CallError
from parsers.authentication import Authentication
from parsers.bounces import Bounce
from parsers.grouping import manifest_in
from parsers.lines import plain, squeeze
from parsers.names import core_of, find_names, find_number, normal_form
from parsers.phrasing import any_of
from parsers.recognise import OTHER
from parsers.secrecy import secrecy_in
from parsers.submission import Document, Dossier, Submission
from registry import models as m
from registry import scanned, workdays
from registry.addresses import answer_address, on_dossier
from registry.completeness import same_authority
from registry.events import SERVICE, mark, record
from registry.forms import name_forms
from registry.judging import kept_call
from registry.outgoing import answers_in_full
from registry.queries import CAME_AT, AnyRow
from registry.returned import letters_returned, take_back
from registry.routing import FORGOTTEN, KnownDossier, Parcel, Placement, Route, route
from registry.rows import DocumentState, Fate, LetterState, Status
from registry.series import dossier_of_series

ATTEMPTS = 3
"""How often a mail is opened before it is set aside for a person."""

UNLINKED = "未写明或无法断定退回的是我方哪一封函件"

EXCERPT = 4000
"""How many characters of a mail's own text are kept for staff to read."""


@dataclass(frozen=True, kw_only=True)
class Understood:
    """A mail, opened and read: what filing it takes. Its files are already kept.

    `manifests` are the documents that list what a batch holds; no dossier has them. `bounce`
    tells of what came back, in a mail that says so; `authentication` is what the mail host
    said of the sender, where one is trusted.
    With `reads_scans` the text of pages that are pictures will be there later.
    """

    submission: Submission
    dossiers: tuple[Dossier, ...]
    call: Call
    machine: str = ""
    bounce: Bounce | None = None
    authentication: Authentication | None = None
    unread: tuple[str, ...] = ()
    manifests: tuple[Document, ...] = ()
    reads_scans: bool = False

    @property
    def suspect(self) -> bool:
        """Whether the sender failed authentication."""
        return self.authentication is not None and self.authentication.failed

    @property
    def secrecy(self) -> str:
        """Where the mail bears the mark of a state secret, in Chinese, or nothing."""
        said = f"{self.submission.subject}\n{self.submission.text}\n{self.submission.quoted}"
        quote = secrecy_in(said)
        if quote:
            return f"邮件正文“{quote}”"
        every = (*self.manifests, *(each for one in self.dossiers for each in one.documents))
        marked = (each for each in every if each.secrecy)
        named = (each for each in self.submission.files if secrecy_in(each.path))
        for each in marked:
            page = f"第{each.secrecy.page}页" if each.secrecy and each.secrecy.page else ""
            return f"{each.path}{page}"
        return next((each.path for each in named), "")


def keep_call(connection: Connection, call: Call, now: datetime) -> None:
    """Keep the text of a call version, under which dossiers will be judged from now on.

    Raises CallError when that version was kept with another text.
    """
    which = (m.call_version.c.id == call.id) & (m.call_version.c.version == call.version)
    kept = connection.execute(select(m.call_version.c.text).where(which)).scalar()
    if kept is not None and kept != call.text:
        message = (
            f"call {call.id}: version {call.version} has been used with another text; "
            f"raise its version"
        )
        raise CallError(message)
    if kept is None:
        values = {"id": call.id, "version": call.version, "text": call.text, "kept_at": now}
        connection.execute(insert(m.call_version).values(**values))


def call_in_thread(
    connection: Connection, mail: int, submission: Submission, calls: Mapping[str, Call]
) -> tuple[str, bool]:
    """Return the id of the call whose dossier a mail names or replies about, or an empty string.

    True with it when a person has given the mail to that dossier.
    """
    assigned = connection.execute(select(m.mail.c.assigned).where(m.mail.c.id == mail)).scalar()
    words = f"{submission.subject}\n{submission.text}"
    spoken = (number for call in calls.values() for number in find_number(words, call))
    numbers = [assigned] if assigned else [*spoken, *_replied_to(connection, submission)]
    query = select(m.dossier.c.call_id).where(m.dossier.c.number.in_(numbers))
    found = connection.execute(query.order_by(m.dossier.c.id)).scalars().first()
    if found is None or found not in calls:
        return "", False
    return str(found), bool(assigned)


def count_attempt(connection: Connection, mail: int, *, by: int = 1) -> int:
    """Count that a mail is about to be opened; return the number of attempts so far.

    An attempt that failed through no fault of the mail is taken back with `by=-1`.
    """
    query = (
        update(m.mail)
        .where(m.mail.c.id == mail)
        .values(attempts=m.mail.c.attempts + by)
        .returning(m.mail.c.attempts)
    )
    return int(connection.execute(query).scalar_one())


def quarantine(connection: Connection, mail: int, reason: str, now: datetime) -> None:
    """Set a mail aside for a person."""
    values = {"fate": Fate.QUARANTINED, "reason": reason}
    connection.execute(update(m.mail).where(m.mail.c.id == mail).values(**values))
    record(connection, "quarantined", actor=SERVICE, at=now, detail=reason, mail=mail)


def file_mail(connection: Connection, mail: int, understood: Understood, now: datetime) -> Route:
    """Give a mail its fate and its documents their dossiers.

    `now` is in the service's time zone, in which days are counted.
    """
    row = connection.execute(select(m.mail).where(m.mail.c.id == mail)).one()
    returned = _returned(connection, row, understood)
    parcel = replace(_parcel(connection, row, understood), bounced=bool(returned))
    known = _known(connection, parcel, understood.call)
    found = route(parcel, known, understood.call)
    if understood.bounce and found.fate is Fate.AUTOMATIC:
        found = replace(found, reason=UNLINKED)
    _keep_envelope(connection, mail, understood, found)
    if found.fate is Fate.BOUNCE:
        take_back(connection, returned, mail, now)
        _owe_again(connection, returned, now)
    for placement in found.placements:
        _place(connection, row, placement, understood, now)
    if understood.reads_scans and found.fate in {Fate.FILED, Fate.UNRELATED}:
        _ask_for_text(connection, mail, understood, now)
    record(connection, found.fate, actor=SERVICE, at=now, detail=found.reason, mail=mail)
    return found


def _ask_for_text(connection: Connection, mail: int, understood: Understood, now: datetime) -> None:
    """Have the pages that are pictures read, of files that nobody has read yet."""
    documents = (doc for each in understood.dossiers for doc in each.documents)
    asked = scanned.ask(connection, documents, now)
    connection.execute(update(m.mail).where(m.mail.c.id == mail).values(scans=asked))


# ── what the mail is about ───────────────────────────────────────────────────────────────


def _parcel(connection: Connection, mail: AnyRow, understood: Understood) -> Parcel:
    submission, call = understood.submission, understood.call
    sender, subject = submission.sender.address, submission.subject
    replies = _followed(connection, _replied_to(connection, submission))
    spoken = find_names(subject, call) or find_names(submission.text, call)
    numbers = find_number(f"{subject}\n{submission.text}", call)
    kinds = {doc.kind for each in understood.dossiers for doc in each.documents} - {OTHER}
    before = dossier_of_series(connection, mail, submission, kinds, call)
    thread = _followed(connection, numbers or replies or before)
    return Parcel(
        sender=sender,
        thread=tuple(dict.fromkeys(thread)),
        replies=replies,
        names=spoken,
        dossiers=understood.dossiers,
        links=tuple(link.url for link in submission.links),
        machine=understood.machine,
        suspect=understood.suspect,
        assigned=mail.assigned or "",
        listed=manifest_in(understood.manifests),
        secrecy=understood.secrecy,
        bare=not (submission.files or submission.links),
        promises=_promises(submission, call),
    )


def _followed(connection: Connection, numbers: Iterable[str]) -> tuple[str, ...]:
    """Return numbers, those of dossiers that were found to be another by that one's."""
    found = dict.fromkeys(numbers)
    for each in tuple(found):
        query = select(m.dossier.c.merged_into).where(m.dossier.c.number == each)
        into = connection.execute(query).scalar()
        if into:
            del found[each]
            found.update(dict.fromkeys(_followed(connection, (into,))))
    return tuple(found)


def _promises(submission: Submission, call: Call) -> bool:
    """Whether a mail speaks as if it brought something: of files, or of its dossier, unasked.

    One that quotes a number never does: an answer would tell a stranger which numbers there are.
    """
    words = f"{submission.subject}\n{submission.text}"
    if find_number(words, call):
        return False
    if any_of(call.mail.attached).search(squeeze(plain(words))):
        return True
    return bool(find_names(words, call)) and not any(each in words for each in call.mail.questions)


def _returned(connection: Connection, mail: AnyRow, understood: Understood) -> tuple[int, ...]:
    """Return the letters of ours that came back with a mail, whose word can be taken for it."""
    if understood.bounce is None or understood.suspect:
        return ()
    return letters_returned(connection, understood.bounce, mail.received_at)


def _owe_again(connection: Connection, returned: Sequence[int], now: datetime) -> None:
    """Have an answer be owed again for dossiers that none has reached: as from the first on."""
    said = m.letter_dossier.c
    about = select(said.dossier_id).where(said.letter_id.in_(returned))
    reached = (
        select(said.dossier_id)
        .join(m.letter, m.letter.c.id == said.letter_id)
        .where(m.letter.c.state == LetterState.SENT, answers_in_full())
    )
    query = select(m.dossier).where(
        m.dossier.c.id.in_(about), m.dossier.c.id.not_in(reached), m.dossier.c.due.is_(None)
    )
    for row in connection.execute(query).all():
        call = kept_call(connection, row.call_id, row.call_version)
        owed = {"due": _due(row.received_at, call, now)}
        connection.execute(update(m.dossier).where(m.dossier.c.id == row.id).values(owed))


def _letters_of(connection: Connection, message_ids: Sequence[str]) -> list[int]:
    query = select(m.letter.c.id).where(m.letter.c.message_id.in_(list(message_ids)))
    return list(connection.execute(query).scalars())


def _replied_to(connection: Connection, submission: Submission) -> tuple[str, ...]:
    """Return the numbers that the letters of ours named which this mail replies to."""
    letters = _letters_of(connection, (submission.in_reply_to, *submission.references))
    query = (
        select(m.dossier.c.number)
        .join(m.letter_dossier, m.letter_dossier.c.dossier_id == m.dossier.c.id)
        .where(m.letter_dossier.c.letter_id.in_(letters))
        .order_by(m.dossier.c.id)
    )
    return tuple(dict.fromkeys(connection.execute(query).scalars()))


def _known(connection: Connection, parcel: Parcel, call: Call) -> tuple[KnownDossier, ...]:
    """Gather the dossiers of the call that the mail might concern."""
    named = (*(each.name for each in parcel.dossiers), *(each.name for each in parcel.listed))
    names = [each for each in (*named, *parcel.names) if each]
    forms = [normal_form(name, call) for name in names]
    cores = [core_of(name, call) for name in names]
    sums = [doc.sha256 for each in parcel.dossiers for doc in each.documents if doc.sha256]
    numbers = [*parcel.thread, parcel.assigned]
    holders = select(m.document.c.dossier_id).where(m.document.c.sha256.in_(sums))
    taught = _taught(connection, forms)
    query = (
        select(m.dossier)
        .where(m.dossier.c.call_id == call.id)
        .where(
            or_(
                m.dossier.c.number.in_(numbers),
                m.dossier.c.name_form.in_([*forms, *taught]),
                m.dossier.c.core.in_(cores),
                m.dossier.c.id.in_(holders),
            )
        )
        .order_by(m.dossier.c.id)
    )
    return tuple(
        _known_dossier(connection, row, parcel, taught.get(row.name_form, frozenset()))
        for row in connection.execute(query).all()
    )


def _taught(connection: Connection, forms: Sequence[str]) -> dict[str, frozenset[str]]:
    """Return the forms that staff have said are one with these, each with those it is one with."""
    said = m.alias.c
    known = select(said.left, said.right).where(said.kind == "name", said.revoked_at.is_(None))
    rows = connection.execute(known.where(or_(said.left.in_(forms), said.right.in_(forms))))
    found: dict[str, frozenset[str]] = {}
    for one, other in (pair for row in rows for pair in (tuple(row), tuple(row)[::-1])):
        if one in forms:
            found[other] = found.get(other, frozenset()) | {one}
    return found


def _known_dossier(
    connection: Connection, row: AnyRow, parcel: Parcel, also: frozenset[str]
) -> KnownDossier:
    sums = select(m.document.c.sha256).where(
        m.document.c.dossier_id == row.id,
        m.document.c.state.in_([DocumentState.CURRENT, DocumentState.HELD]),
        m.document.c.sha256 != "",
    )
    known = on_dossier(connection, row.id, parcel.sender)
    return KnownDossier(
        id=row.id,
        number=row.number,
        name=row.name,
        secretariat=row.secretariat,
        addresses=frozenset({parcel.sender} if known else ()),
        checksums=frozenset(connection.execute(sums).scalars()),
        completed=row.completed_at is not None,
        withdrawn=row.withdrawn,
        also=also,
    )


# ── what is kept ─────────────────────────────────────────────────────────────────────────


def _keep_envelope(connection: Connection, mail: int, understood: Understood, found: Route) -> None:
    """Store the fate, and of the mail what staff and letters will need."""
    submission, call = understood.submission, understood.call
    envelope = {
        "message_id": submission.message_id,
        "sender": submission.sender.address,
        "sender_name": submission.sender.name,
        "subject": submission.subject,
    }
    connection.execute(update(m.mail).where(m.mail.c.duplicate_of == mail).values(**envelope))
    words = f"{submission.subject}\n{submission.text}"
    brings = submission.files or submission.links
    like = bool(brings) or found.reason == FORGOTTEN or any(w in words for w in call.name.words)
    answered = {Fate.FILED, Fate.UNRELATED, Fate.DUPLICATE}
    connection.execute(
        update(m.mail)
        .where(m.mail.c.id == mail)
        .values(
            **envelope,
            in_reply_to=submission.in_reply_to,
            references=list(submission.references),
            cc=[each.address for each in submission.cc],
            answer_to=answer_address(connection, submission, _known_to_sender(found)),
            authentication=asdict(understood.authentication) if understood.authentication else None,
            sent_at=submission.date,
            **({"excerpt": submission.text[:EXCERPT]} if submission.text else {}),
            links=[asdict(link) for link in submission.links],
            unread=list(understood.unread),
            absent=list(found.absent),
            besides=_besides(understood, found),
            more_follows=_more_follows(submission, call),
            submission_like=like,
            machine=understood.machine,
            fate=found.fate,
            reason=found.reason,
            wants_answer=found.fate in answered,
        )
    )


def _besides(understood: Understood, found: Route) -> list[str]:
    """Name the files that came with dossiers and belong to none: a manifest, a recommendation."""
    if not found.placements:
        return []
    placed = {(doc.path, doc.sha256) for each in found.placements for doc in each.documents}
    held = {doc for each in found.placements if each.dossier for doc in each.dossier.checksums}
    came = (doc for each in understood.dossiers for doc in each.documents)
    left = (
        doc.path
        for doc in (*came, *understood.manifests)
        if (doc.path, doc.sha256) not in placed and doc.sha256 not in held
    )
    return list(dict.fromkeys(left))


def _known_to_sender(found: Route) -> list[int]:
    """Return the dossiers a mail goes to, if all were there before and its sender is on each."""
    dossiers = [each.dossier for each in found.placements if each.dossier and not each.stranger]
    return [each.id for each in dossiers] if len(dossiers) == len(found.placements) else []


def _more_follows(submission: Submission, call: Call) -> bool:
    """Whether the writer says that more of the same is on its way (1/3, 其余随后)."""
    words = f"{submission.subject}\n{submission.text}"
    part = call.mail.part_of(submission.subject)
    return bool(part and not part.is_last) or any(word in words for word in call.mail.more_follows)


def _place(
    connection: Connection,
    mail: AnyRow,
    placement: Placement,
    understood: Understood,
    now: datetime,
) -> None:
    """Put one dossier's share of a mail where it belongs."""
    new = placement.dossier is None
    dossier = (
        _open_dossier(connection, placement, understood, mail.received_at, now)
        if placement.dossier is None
        else placement.dossier.id
    )
    connection.execute(
        upsert(m.mail_dossier)
        .values(mail_id=mail.id, dossier_id=dossier, stranger=placement.stranger)
        .on_conflict_do_update(
            index_elements=["mail_id", "dossier_id"], set_={"stranger": placement.stranger}
        )
    )
    what = "opened" if new else "mail"
    subject = understood.submission.subject
    record(connection, what, actor=SERVICE, at=now, detail=subject, dossier=dossier, mail=mail.id)
    flags = placement.flags + _raised_flags(understood, placement, mail.received_at, now)
    add_documents(
        connection,
        dossier,
        placement.documents,
        mail=mail.id,
        held=placement.held,
        call=understood.call,
        now=now,
    )
    if flags:
        add_flags(connection, dossier, flags)
    changed = placement.documents or understood.submission.links or flags
    if changed and not new:
        mark(connection, [dossier], now)


def _raised_flags(
    understood: Understood, placement: Placement, received_at: datetime, now: datetime
) -> tuple[str, ...]:
    """Reasons for review that the mail itself raises; a stranger's raises none."""
    if placement.stranger:
        return ()
    submission, call = understood.submission, understood.call
    asks = _wants_to_withdraw(submission, call)
    late = bool(placement.documents) and call.is_late(received_at, now.tzinfo)
    return (("withdrawal-asked",) if asks else ()) + (("late",) if late else ())


def _wants_to_withdraw(submission: Submission, call: Call) -> bool:
    """Whether the writer's own words, the names of alliances left out, ask to withdraw."""
    words = f"{submission.subject}\n{submission.text}"
    for name in sorted(find_names(words, call), key=len, reverse=True):
        words = words.replace(name, "")
    return bool(any_of(call.mail.withdrawal).search(squeeze(plain(words))))


def next_number(connection: Connection, call: Call) -> str:
    """Take the next registry number of a call: unique, gapless, never used again."""
    query = (
        upsert(m.counter)
        .values(call_id=call.id, last=1)
        .on_conflict_do_update(index_elements=["call_id"], set_={"last": m.counter.c.last + 1})
        .returning(m.counter.c.last)
    )
    serial = connection.execute(query).scalar_one()
    return call.number.format.format(year=call.year, serial=serial)


def _due(received_at: datetime, call: Call, now: datetime) -> date:
    """Return the day by which a first answer is owed; `now` is in the service's time zone."""
    day = received_at.astimezone(now.tzinfo).date()
    return workdays.add_working_days(day, call.first_answer_working_days).date


def _open_dossier(
    connection: Connection,
    placement: Placement,
    understood: Understood,
    received_at: datetime,
    now: datetime,
) -> int:
    """Open a dossier under a number of its own."""
    call = understood.call
    keep_call(connection, call, now)
    return int(
        connection.execute(
            insert(m.dossier)
            .values(
                number=next_number(connection, call),
                call_id=call.id,
                call_version=call.version,
                sender=understood.submission.sender.address,
                received_at=received_at,
                updated_at=now,
                revision=1,
                judged_revision=0,
                status=Status.IN_REVIEW,
                due=_due(received_at, call, now),
                flags=[],
                review=[],
                **_identity(placement.name, placement.secretariat, call),
            )
            .returning(m.dossier.c.id)
        ).scalar_one()
    )


def _identity(name: str, secretariat: str, call: Call) -> dict[str, object]:
    return {
        "name": name,
        "secretariat": secretariat,
        **name_forms(name, secretariat, call),
    }


def add_flags(connection: Connection, dossier: int, flags: Iterable[str]) -> None:
    """Add review reasons to a dossier."""
    query = select(m.dossier.c.flags).where(m.dossier.c.id == dossier)
    before = connection.execute(query).scalar_one()
    together = list(dict.fromkeys([*before, *flags]))
    connection.execute(update(m.dossier).where(m.dossier.c.id == dossier).values(flags=together))


def add_documents(
    connection: Connection,
    dossier: int,
    documents: Sequence[Document],
    *,
    mail: int | None,
    held: bool,
    call: Call,
    now: datetime,
    added_by: str = "",
) -> None:
    """File documents in a dossier; those of one kind in one mail are one version."""
    versions = next_versions(connection, dossier)
    state = DocumentState.HELD if held else DocumentState.CURRENT
    for document in documents:
        connection.execute(
            insert(m.document).values(
                dossier_id=dossier,
                mail_id=mail,
                version=versions.get(document.kind, 1),
                state=state,
                filed_at=now,
                added_by=added_by,
                **as_filed(document),
            )
        )
    if not held:
        let_speak(connection, dossier, documents, call)


def as_filed(document: Document) -> dict[str, object]:
    """Return what is kept of a document itself, by column."""
    return {
        "kind": document.kind,
        "path": document.path,
        "filename": document.filename,
        "media_type": document.media_type,
        "size": document.size,
        "sha256": document.sha256,
        "pages": document.page_count,
        "problem": document.problem or "",
        "detail": document.detail,
        "facts": asdict(document.facts),
        "part": document.part,
        "first_page": document.first_page,
        "scan": document.scan,
        "seals": [asdict(each) for each in document.seals],
    }


def let_speak(
    connection: Connection, dossier: int, documents: Iterable[Document], call: Call
) -> None:
    """Let documents that take effect say what their dossier is called, and flag a change."""
    changed = refresh_identity(connection, dossier, call)
    carries = {kind for each in call.fields for kind in each.documents}
    if changed and any(each.kind in carries for each in documents):
        add_flags(connection, dossier, changed)


def next_versions(connection: Connection, dossier: int) -> dict[str, int]:
    """Return the number of the next version of each kind that a dossier holds."""
    query = (
        select(m.document.c.kind, func.max(m.document.c.version))
        .where(m.document.c.dossier_id == dossier)
        .group_by(m.document.c.kind)
    )
    return {row[0]: row[1] + 1 for row in connection.execute(query)}


def refresh_identity(connection: Connection, dossier: int, call: Call) -> tuple[str, ...]:
    """Let a dossier go by the name, secretariat and recommender that its newest form gives.

    A name with another core never replaces the one it is registered under. Returns the
    review reasons that a change gives: `renamed`, `two-recommenders`.
    """
    row = connection.execute(select(m.dossier).where(m.dossier.c.id == dossier)).one()
    fields = _newest_fields(connection, dossier, call)
    name = fields.get("name") or row.name
    registered = core_of(row.name, call) if row.name else ""
    renamed = bool(registered) and core_of(name, call) != registered
    secretariat = fields.get("secretariat") or row.secretariat
    recommender = fields.get("recommender") or row.recommender
    connection.execute(
        update(m.dossier)
        .where(m.dossier.c.id == dossier)
        .values(
            recommender=recommender,
            **_identity(row.name if renamed else name, secretariat, call),
        )
    )
    two = bool(row.recommender) and not same_authority(row.recommender, recommender, call)
    return (("renamed",) if renamed else ()) + (("two-recommenders",) if two else ())


def name_on_file(connection: Connection, dossier: int, call: Call) -> str:
    """Return the name that a dossier's newest form gives, or nothing."""
    return _newest_fields(connection, dossier, call).get("name", "")


def _newest_fields(connection: Connection, dossier: int, call: Call) -> dict[str, str]:
    """Return what the newest readable document that carries fields says in them."""
    kinds = {kind for each in call.fields for kind in each.documents}
    query = (
        select(m.document.c.facts)
        .where(m.document.c.dossier_id == dossier, m.document.c.kind.in_(kinds))
        .where(m.document.c.state == DocumentState.CURRENT, m.document.c.problem == "")
        .outerjoin(m.mail, m.mail.c.id == m.document.c.mail_id)
        .order_by(CAME_AT.desc(), m.document.c.version.desc(), m.document.c.id)
    )
    facts = connection.execute(query).scalars().first() or {}
    return {key: fact["value"] for key, fact in facts.get("fields", {}).items()}
