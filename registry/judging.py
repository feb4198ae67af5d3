"""Stage three, *judge*: a marked dossier is matched to its paper record and judged.

Reading, deciding and writing are three steps; what is written is dropped when the dossier
has changed meanwhile, since it is then still marked and will be judged again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, Select, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from config.call import Call, parse_call
from parsers.names import (
    core_of,
    normal_form,
    organisation_code,
    organisation_form,
)
from registry import models as m
from registry import queries
from registry.aliases import aliases_for
from registry.database import Registry
from registry.events import SERVICE, mark, record
from registry.judge import bases, judge
from registry.link_lists import links_of
from registry.matching import (
    CANDIDATES,
    NEAR,
    Identity,
    Matched,
    core_likeness,
    dossier_evidence,
    match_paper,
    proposal,
    taught_wording,
)
from registry.outgoing import answers_in_full
from registry.rows import (
    ALIAS,
    Alias,
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
from registry.similar import paper_index


@dataclass(frozen=True, kw_only=True)
class Weighed:
    """A dossier as it was read, and all that judging it gave.

    `paper` is the record that is its own from now on, `match` at which level, `taught` the
    decisions of staff that this rests on.
    """

    dossier: DossierRow
    judgement: Judgement
    paper: PaperRecord | None
    match: str
    taught: tuple[Alias, ...]
    proposals: tuple[Proposal, ...]
    bases: dict[str, str]


def call_of(connection: Connection, dossier: DossierRow) -> Call:
    """Return the call version that a dossier is judged by, as it was kept."""
    return kept_call(connection, dossier.call_id, dossier.call_version)


def kept_call(connection: Connection, call: str, version: int) -> Call:
    """Return a call version, as it was kept."""
    which = (m.call_version.c.id == call) & (m.call_version.c.version == version)
    text = connection.execute(select(m.call_version.c.text).where(which)).scalar_one()
    return parse_call(text, f"{call} version {version}")


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
    matched, proposals = match(connection, row, case, call)
    proposals += _proposed_dossiers(connection, row, call)
    paper = matched.paper if matched else None
    case = replace(case, paper=paper, proposals=proposals)
    return Weighed(
        dossier=row,
        judgement=judge(case, call),
        paper=paper,
        match=matched.match if matched else "",
        taught=matched.taught if matched else (),
        proposals=proposals,
        bases=bases(case, call),
    )


def case_of(connection: Connection, row: DossierRow) -> Case:
    """Gather what a dossier is judged on, with the paper record it has."""
    documents = queries.documents_of(connection, [row.id]).get(row.id, ())
    paper = queries.papers_by_id(connection, [row.paper_id]) if row.paper_id else {}
    links = [each for each in links_of(connection, row.id) if not each.stranger]
    return Case(
        name=row.name,
        secretariat=row.secretariat,
        documents=tuple(each for each in documents if each.state is DocumentState.CURRENT),
        links=tuple(each.wording for each in links if not each.settlement),
        settled_links=tuple(each.wording for each in links if each.settlement),
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


def match(
    connection: Connection, row: DossierRow, case: Case, call: Call
) -> tuple[Matched | None, tuple[Proposal, ...]]:
    """Match to a paper record where there is none yet, or where the one there is has changed.

    A changed name in the record undoes the match, as does an alias taken back, and the
    record is proposed to a person. A withdrawn dossier leaves the records to others.
    """
    if row.withdrawn:
        return None, ()
    identity = _identity(row, case)
    aliases = aliases_for(connection, row, call)
    old = case.paper
    if old:
        kept = _still_matched(row, old, identity, aliases, call)
        if kept:
            return kept, ()
    found = _find(connection, row, identity, aliases, call)
    if isinstance(found, Matched):
        return found, ()
    before = (
        (proposal(identity, replace(old, dossier=""), call, aliases),)
        if old
        else _still_proposed(connection, row, identity, aliases, call)
    )
    offered = {each.target: each for each in (*found[: CANDIDATES - 1], *before, *found)}
    return None, tuple(offered.values())[:CANDIDATES]


def _still_matched(
    row: DossierRow,
    paper: PaperRecord,
    identity: Identity,
    aliases: Sequence[Alias],
    call: Call,
) -> Matched | None:
    """Return the match that a dossier has, if it still holds.

    A person's link holds whatever changes; what rests on an alias while that does; else the
    record has to bear the dossier's name.
    """
    if row.paper_match == ALIAS:
        found = match_paper(identity, [replace(paper, dossier="")], call, aliases=aliases)
        return replace(found, paper=paper) if isinstance(found, Matched) else None
    bears_name = not row.name or core_of(paper.name, call) == core_of(row.name, call)
    if row.paper_match == "staff" or bears_name:
        return Matched(paper=paper, match=row.paper_match, supported=True)
    return None


def _find(
    connection: Connection,
    row: DossierRow,
    identity: Identity,
    aliases: Sequence[Alias],
    call: Call,
) -> Matched | tuple[Proposal, ...]:
    """Look for a dossier's record by what is certain, and only then among those that are like it.

    A record that a person has refused for the dossier is not looked at.
    """
    certain = _certain(connection, row, aliases, call)
    rivals = _rivals(connection, row, certain, aliases, call)
    found = match_paper(identity, certain, call, aliases=aliases, rivals=rivals)
    if isinstance(found, Matched) and found.supported:
        return found
    known = {each.id for each in certain}
    like = paper_index(connection).look_up(identity, call)
    more = [each for each in dict.fromkeys(like) if each not in known]
    query = m.paper.c.id.in_(more) & m.paper.c.id.not_in(_refused(row))
    records = (*certain, *queries.papers_where(connection, query))
    return match_paper(identity, records, call, aliases=aliases, rivals=rivals)


def _certain(
    connection: Connection, row: DossierRow, aliases: Sequence[Alias], call: Call
) -> tuple[PaperRecord, ...]:
    """Read the records that bear the dossier's number, its name, or one that staff taught."""
    form, core = normal_form(row.name, call), core_of(row.name, call)
    forms = {form, *(each.right for each in aliases if each.kind == "name")} - {""}
    query = m.paper.c.id.not_in(_refused(row)) & or_(
        m.paper.c.name_form.in_(forms),
        m.paper.c.core.in_({core} - {""}),
        m.paper.c.number_said == row.number,
    )
    return queries.papers_where(connection, query)


def _rivals(
    connection: Connection,
    row: DossierRow,
    records: Sequence[PaperRecord],
    aliases: Sequence[Alias],
    call: Call,
) -> tuple[Identity, ...]:
    """Return the other dossiers without a record that one of these might be for."""
    papers = [each.id for each in records]
    refused = select(m.refusal.c.dossier_id).where(m.refusal.c.paper_id.in_(papers))
    names = (row.name, *(each.right for each in aliases if each.kind == "name"))
    dossier = m.dossier.c
    query = select(m.dossier).where(
        dossier.core.in_({core_of(name, call) for name in names} - {""}),
        dossier.id != row.id,
        dossier.id.not_in(refused),
        dossier.call_id == row.call_id,
        dossier.paper_id.is_(None),
        dossier.withdrawn.is_(False),
    )
    return tuple(
        Identity(number=each.number, name=each.name, secretariat=each.secretariat)
        for each in connection.execute(query)
    )


def _still_proposed(
    connection: Connection,
    row: DossierRow,
    identity: Identity,
    aliases: Sequence[Alias],
    call: Call,
) -> tuple[Proposal, ...]:
    """Return the records proposed before: only a person's word takes a proposal back.

    One that has become another dossier's own stays where that bears the same name.
    """
    before = queries.proposals_of(connection, [row.id]).get(row.id, ())
    targets = (each.target for each in before if each.kind == "paper")
    found = (queries.paper_by_register_no(connection, each) for each in targets)
    refused = set(connection.execute(_refused(row)).scalars())
    core = core_of(row.name, call)
    return tuple(
        proposal(identity, each, call, aliases)
        for each in found
        if each
        and not each.gone
        and each.id not in refused
        and (not each.dossier or core_of(each.name, call) == core)
    )


def _refused(row: DossierRow) -> Select[int]:
    return select(m.refusal.c.paper_id).where(m.refusal.c.dossier_id == row.id)


def _identity(row: DossierRow, case: Case) -> Identity:
    """Gather what a dossier is known by; each field as the newest document gives it."""

    def field(name: str) -> str:
        facts = (each.facts.fields.get(name) for each in reversed(case.documents))
        return next((fact.value for fact in facts if fact and fact.value), "")

    return Identity(
        number=row.number,
        name=row.name,
        secretariat=row.secretariat,
        code=organisation_code(field("code")),
        recommender=row.recommender,
        contact=field("contact"),
        phone=field("phone"),
        email=field("email"),
    )


def _proposed_dossiers(connection: Connection, row: DossierRow, call: Call) -> tuple[Proposal, ...]:
    """Propose dossiers that may be the same one: of the same name, or nearly and of one house.

    Only the later of two is asked about, and none that a person has refused.
    """
    core = core_of(row.name, call)
    if row.withdrawn or not core:
        return ()
    other, house = m.dossier.c, {organisation_form(row.secretariat)} - {""}
    refused = select(m.dossier_refusal.c.other_id).where(m.dossier_refusal.c.dossier_id == row.id)
    query = select(m.dossier).where(
        other.call_id == row.call_id,
        other.id < row.id,
        other.withdrawn.is_(False),
        other.id.not_in(refused),
        or_(other.core == core, other.secretariat_form.in_(house)),
    )
    alike = [
        (core_likeness(core, each.core), each)
        for each in connection.execute(query.order_by(other.id))
    ]
    near = sorted((pair for pair in alike if pair[0] >= NEAR), key=lambda pair: -pair[0])
    return tuple(_dossier_proposal(row, each, call) for _, each in near[:CANDIDATES])


def _dossier_proposal(row: DossierRow, other: queries.AnyRow, call: Call) -> Proposal:
    return Proposal(
        kind="dossier",
        target=other.number,
        name=other.name,
        secretariat=other.secretariat,
        evidence=dossier_evidence(
            Identity(number=row.number, name=row.name, secretariat=row.secretariat),
            Identity(number=other.number, name=other.name, secretariat=other.secretariat),
            call,
        ),
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
    taken = weighed.paper.id if weighed.paper else None
    if taken != row.paper_id:
        for paper in filter(None, (row.paper_id, taken)):
            mark_waiting_for(connection, paper, row.id, now)
    _keep_findings(connection, weighed)
    _keep_events(connection, weighed, now)
    return True


def mark_waiting_for(connection: Connection, paper: int, owner: int, now: datetime) -> None:
    """Judge anew the dossiers to which a record is proposed that has a new owner or none."""
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
        level = f"纸质登记 {paper.register_no or paper.name}（{weighed.match}）"
        detail = "；".join((level, *map(taught_wording, weighed.taught)))
        record(connection, "matched", actor=SERVICE, at=now, detail=detail, dossier=row.id)
    if row.paper_id and not paper:
        cause = "纸质登记的名称已变更"
        if row.paper_match == ALIAS:
            cause = "登记已变更，或所依据的别名已撤销"
        detail = f"{cause}，原匹配解除，待人工确认"
        record(connection, "unmatched", actor=SERVICE, at=now, detail=detail, dossier=row.id)
    if judgement.status is not row.status or row.judged_revision == 0:
        detail = f"{judgement.status}"
        record(connection, "judged", actor=SERVICE, at=now, detail=detail, dossier=row.id)
