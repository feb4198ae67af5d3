"""Stage three, *judge*: a marked dossier is matched to its paper record and judged.

Reading, deciding and writing are three steps; what is written is dropped when the dossier
has changed meanwhile, since it is then still marked and will be judged again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, Select, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from config.call import Call, parse_call
from parsers.names import core_of, normal_form, organisation_form
from registry import models as m
from registry import queries
from registry.database import Registry
from registry.events import SERVICE, mark, record
from registry.judge import bases, judge
from registry.matching import NEAR, Identity, Matched, match_paper, proposal
from registry.outgoing import answers_in_full
from registry.rows import (
    Answered,
    Case,
    DocumentState,
    DossierRow,
    Judgement,
    LetterState,
    PaperRecord,
    Proposal,
    Status,
)

LOOKED_AT = 10
"""How many records of a near name are looked at."""


@dataclass(frozen=True, kw_only=True)
class Weighed:
    """A dossier as it was read, and all that judging it gave.

    `paper` is the record that is its own from now on, `match` at which level.
    """

    dossier: DossierRow
    judgement: Judgement
    paper: PaperRecord | None
    match: str
    proposals: tuple[Proposal, ...]
    bases: dict[str, str]


def call_of(connection: Connection, dossier: DossierRow) -> Call:
    """Return the call version that a dossier is judged by, as it was kept."""
    which = (m.call_version.c.id == dossier.call_id) & (
        m.call_version.c.version == dossier.call_version
    )
    text = connection.execute(select(m.call_version.c.text).where(which)).scalar_one()
    return parse_call(text, f"{dossier.call_id} version {dossier.call_version}")


def judge_dossier(registry: Registry, dossier: int, now: datetime) -> Judgement | None:
    """Judge one dossier; None when it changed meanwhile, or its paper went to another."""
    with registry.read() as connection:
        weighed = weigh(connection, dossier)
    try:
        with registry.write() as connection:
            kept = _keep(connection, weighed, now)
    except IntegrityError:
        return None  # another dossier took the record first; this one is still marked
    return weighed.judgement if kept else None


def weigh(connection: Connection, dossier: int) -> Weighed:
    """Read a dossier, match it to its paper record, and judge it; writes nothing."""
    row = queries.dossiers_by_id(connection, [dossier])[dossier]
    call = call_of(connection, row)
    case = case_of(connection, row)
    paper, match, proposals = _match(connection, row, case, call)
    proposals += _proposed_dossiers(connection, row, call)
    case = replace(case, paper=paper, proposals=proposals)
    return Weighed(
        dossier=row,
        judgement=judge(case, call),
        paper=paper,
        match=match,
        proposals=proposals,
        bases=bases(case, call),
    )


def case_of(connection: Connection, row: DossierRow) -> Case:
    """Gather what a dossier is judged on, with the paper record it has."""
    documents = queries.documents_of(connection, [row.id]).get(row.id, ())
    paper = queries.papers_by_id(connection, [row.paper_id]) if row.paper_id else {}
    return Case(
        name=row.name,
        secretariat=row.secretariat,
        documents=tuple(each for each in documents if each.state is DocumentState.CURRENT),
        links=_links(connection, row.id),
        paper=paper.get(row.paper_id) if row.paper_id else None,
        decisions=queries.decisions_of(connection, row.id),
        flags=row.flags,
        held=any(each.state is DocumentState.HELD for each in documents),
        withdrawn=row.withdrawn,
        completed=row.completed_at is not None,
        answered=_answered(connection, row.id),
    )


def _answered(connection: Connection, dossier: int) -> Answered | None:
    """Return what the last letter that answered in full said; one that never went said nothing."""
    said, letter = m.letter_dossier.c, m.letter.c
    went = letter.state.in_([LetterState.QUEUED, LetterState.SENT, LetterState.BOUNCED])
    query = (
        select(said.letter_id, said.bases)
        .join(m.letter, letter.id == said.letter_id)
        .where(said.dossier_id == dossier, said.bases.is_not(None), went, answers_in_full())
        .order_by(said.letter_id.desc())
    )
    last = connection.execute(query).first()
    if last is None:
        return None
    points = select(m.letter_point.c.finding, m.letter_point.c.document).where(
        m.letter_point.c.letter_id == last.letter_id, m.letter_point.c.dossier_id == dossier
    )
    found = frozenset((row.finding, row.document) for row in connection.execute(points))
    return Answered(points=found, bases=last.bases)


def _links(connection: Connection, dossier: int) -> tuple[str, ...]:
    query = (
        select(m.mail.c.links)
        .join(m.mail_dossier, m.mail_dossier.c.mail_id == m.mail.c.id)
        .where(m.mail_dossier.c.dossier_id == dossier, m.mail_dossier.c.stranger.is_(False))
        .order_by(m.mail.c.id)
    )
    links = (link for each in connection.execute(query).scalars() for link in each)
    return tuple(dict.fromkeys(queries.link_wording(each) for each in links))


def _match(
    connection: Connection, row: DossierRow, case: Case, call: Call
) -> tuple[PaperRecord | None, str, tuple[Proposal, ...]]:
    """Match to a paper record where there is none yet, or where the one there is has changed.

    A changed name in the record undoes the match, and the record is proposed to a person.
    A withdrawn dossier leaves the records to others.
    """
    if row.withdrawn:
        return None, "", ()
    old = case.paper
    if old and (row.paper_match == "staff" or _still_fits(row, old, call)):
        return old, row.paper_match, ()
    identity = _identity(row, case)
    found = match_paper(identity, _candidates(connection, row, call), call)
    if isinstance(found, Matched):
        return found.paper, found.match, ()
    if old:
        undone = proposal(identity, replace(old, dossier=""), call)
        return None, "", tuple(dict.fromkeys((undone, *found)))
    open_still = _still_proposed(connection, row, identity, call)
    return None, "", tuple(dict.fromkeys(open_still + found))


def _still_proposed(
    connection: Connection, row: DossierRow, identity: Identity, call: Call
) -> tuple[Proposal, ...]:
    """Return the records proposed before: only a person's word takes a proposal back."""
    before = queries.proposals_of(connection, [row.id]).get(row.id, ())
    targets = (each.target for each in before if each.kind == "paper")
    found = (queries.paper_by_register_no(connection, each) for each in targets)
    refused = set(connection.execute(_refused(row)).scalars())
    left = (each for each in found if each and not each.gone and each.id not in refused)
    return tuple(proposal(identity, each, call) for each in left)


def _refused(row: DossierRow) -> Select[int]:
    return select(m.refusal.c.paper_id).where(m.refusal.c.dossier_id == row.id)


def _still_fits(row: DossierRow, paper: PaperRecord, call: Call) -> bool:
    """Whether the record that a dossier was matched to still bears its name."""
    return not row.name or core_of(paper.name, call) == core_of(row.name, call)


def _identity(row: DossierRow, case: Case) -> Identity:
    form = next((each.facts.fields for each in reversed(case.documents) if each.facts.fields), {})

    def field(name: str) -> str:
        fact = form.get(name)
        return fact.value if fact else ""

    return Identity(
        number=row.number,
        name=row.name,
        secretariat=row.secretariat,
        recommender=row.recommender,
        contact=field("contact"),
        phone=field("phone"),
        email=field("email"),
    )


def _candidates(connection: Connection, row: DossierRow, call: Call) -> tuple[PaperRecord, ...]:
    """Read the records that might be the dossier's, without those a person has refused."""
    form, core = normal_form(row.name, call), core_of(row.name, call)
    near = queries.papers_near(connection, core, likeness=NEAR, limit=LOOKED_AT)
    query = m.paper.c.id.not_in(_refused(row)) & or_(
        m.paper.c.name_form == form,
        m.paper.c.core == core,
        m.paper.c.secretariat_form == organisation_form(row.secretariat),
        m.paper.c.remark.contains(row.number),
        m.paper.c.register_no == row.number,
        m.paper.c.id.in_(near),
    )
    return queries.papers_where(connection, query)


def _proposed_dossiers(connection: Connection, row: DossierRow, call: Call) -> tuple[Proposal, ...]:
    """Propose a dossier of the same name, where another secretariat made it a second one."""
    if "same-name" not in row.flags or row.withdrawn:
        return ()
    query = select(m.dossier).where(
        m.dossier.c.call_id == row.call_id,
        m.dossier.c.name_form == normal_form(row.name, call),
        m.dossier.c.id != row.id,
    )
    return tuple(
        Proposal(
            kind="dossier",
            target=each.number,
            name=each.name,
            secretariat=each.secretariat,
            evidence=("名称一致", f"秘书处单位不同（{row.secretariat}；{each.secretariat}）"),
        )
        for each in connection.execute(query)
    )


def _keep(connection: Connection, weighed: Weighed, now: datetime) -> bool:
    """Write what judging gave, unless the dossier has changed since it was read."""
    row, judgement = weighed.dossier, weighed.judgement
    values: dict[str, object] = {
        "judged_revision": row.revision,
        "status": judgement.status,
        "review": list(judgement.review),
        "paper_id": weighed.paper.id if weighed.paper else None,
        "paper_match": weighed.match,
        "bases": weighed.bases,
    }
    if judgement.status is Status.COMPLETE and row.completed_at is None:
        values["completed_at"] = now
    query = (
        update(m.dossier)
        .where(m.dossier.c.id == row.id, m.dossier.c.revision == row.revision)
        .values(**values)
    )
    if connection.execute(query).rowcount == 0:
        return False
    if row.paper_id and (weighed.paper is None or weighed.paper.id != row.paper_id):
        mark_waiting_for(connection, row.paper_id, row.id, now)
    _keep_findings(connection, weighed)
    _keep_events(connection, weighed, now)
    return True


def mark_waiting_for(connection: Connection, paper: int, owner: int, now: datetime) -> None:
    """Judge anew the dossiers to which a record was proposed that its owner has given up."""
    freed = select(m.paper.c.register_no).where(m.paper.c.id == paper).scalar_subquery()
    query = select(m.proposal.c.dossier_id).where(
        m.proposal.c.kind == "paper",
        m.proposal.c.dossier_id != owner,
        or_(m.proposal.c.target == freed, m.proposal.c.target == f"#{paper}"),
    )
    mark(connection, connection.execute(query).scalars(), now)


def _keep_findings(connection: Connection, weighed: Weighed) -> None:
    dossier = weighed.dossier.id
    connection.execute(delete(m.finding).where(m.finding.c.dossier_id == dossier))
    connection.execute(delete(m.proposal).where(m.proposal.c.dossier_id == dossier))
    for ordinal, each in enumerate(weighed.judgement.findings):
        connection.execute(
            insert(m.finding).values(
                dossier_id=dossier,
                ordinal=ordinal,
                id=each.id,
                outcome=each.outcome,
                detail=each.detail,
                document=each.document,
                page=each.page,
                quote=each.quote,
            )
        )
    for offer in weighed.proposals:
        connection.execute(
            insert(m.proposal).values(
                dossier_id=dossier,
                kind=offer.kind,
                target=offer.target,
                name=offer.name,
                secretariat=offer.secretariat,
                evidence=list(offer.evidence),
            )
        )


def _keep_events(connection: Connection, weighed: Weighed, now: datetime) -> None:
    row, judgement = weighed.dossier, weighed.judgement
    paper = weighed.paper
    if paper and paper.id != row.paper_id:
        detail = f"纸质登记 {paper.register_no or paper.name}（{weighed.match}）"
        record(connection, "matched", actor=SERVICE, at=now, detail=detail, dossier=row.id)
    if row.paper_id and not paper:
        detail = "纸质登记的名称已变更，原匹配解除，待人工确认"
        record(connection, "unmatched", actor=SERVICE, at=now, detail=detail, dossier=row.id)
    if judgement.status is not row.status or row.judged_revision == 0:
        detail = f"{judgement.status}"
        record(connection, "judged", actor=SERVICE, at=now, detail=detail, dossier=row.id)
