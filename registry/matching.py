"""Whether a dossier is the one that a paper record speaks of: a pure decision with evidence.

Certain are a record that names the registry number, an equal normal form of the name, and
an equal core name with the same secretariat; each only when nothing readable contradicts
it and no second record is as good. Everything weaker is proposed to staff.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from config.call import Call
from parsers.names import Likeness, core_of, find_number, normal_form, same_organisation
from registry.rows import PaperRecord, Proposal

NEAR = 75.0
"""From which likeness of core names, of 100, a record is proposed."""

CANDIDATES = 3
"""How many records are proposed at most."""


@dataclass(frozen=True, kw_only=True)
class Identity:
    """What a dossier is known by."""

    number: str
    name: str
    secretariat: str
    recommender: str = ""
    contact: str = ""
    phone: str = ""
    email: str = ""


@dataclass(frozen=True, kw_only=True)
class Matched:
    """The record that is the dossier's own, and at which level it was matched."""

    paper: PaperRecord
    match: str


def match_paper(
    identity: Identity, records: Sequence[PaperRecord], call: Call
) -> Matched | tuple[Proposal, ...]:
    """Match a dossier to its paper record, or propose up to three.

    Records that belong to another dossier, or that the sheet no longer has, are never
    matched; the former are still proposed, so that two dossiers of one record are seen.
    """
    free = [each for each in records if not each.dossier and not each.gone]
    for level, fits in _LEVELS:
        found = [each for each in free if fits(identity, each, call)]
        sure = [each for each in found if not _contradicted(identity, each, call)]
        if len(sure) == 1:
            return Matched(paper=sure[0], match=level)
        if sure:
            break
    return _proposals(identity, records, call)


def _by_number(identity: Identity, record: PaperRecord, call: Call) -> bool:
    said = f"{record.register_no}\n{record.remark}"
    return identity.number in find_number(said, call)


def _by_name(identity: Identity, record: PaperRecord, call: Call) -> bool:
    return bool(identity.name) and normal_form(identity.name, call) == normal_form(
        record.name, call
    )


def _by_core_and_secretariat(identity: Identity, record: PaperRecord, call: Call) -> bool:
    core = core_of(identity.name, call)
    same = bool(core) and core == core_of(record.name, call)
    return same and _same_secretariat(identity, record, call)


_LEVELS = (
    ("number", _by_number),
    ("name", _by_name),
    ("core-and-secretariat", _by_core_and_secretariat),
)


def _same_secretariat(identity: Identity, record: PaperRecord, call: Call) -> bool:
    if not (identity.secretariat and record.secretariat):
        return False
    likeness = same_organisation(identity.secretariat, record.secretariat, call)
    return likeness in {Likeness.SAME, Likeness.PART}


def _contradicted(identity: Identity, record: PaperRecord, call: Call) -> bool:
    """Whether something readable says that these are two."""
    cores = core_of(identity.name, call), core_of(record.name, call)
    if all(cores) and cores[0] != cores[1]:
        return True
    both = identity.secretariat and record.secretariat
    return bool(both) and not _same_secretariat(identity, record, call)


def _proposals(
    identity: Identity, records: Sequence[PaperRecord], call: Call
) -> tuple[Proposal, ...]:
    core = core_of(identity.name, call)
    scored = [
        (_likeness(core, core_of(each.name, call)), each) for each in records if not each.gone
    ]
    near = sorted(
        ((score, each) for score, each in scored if score >= NEAR),
        key=lambda pair: (-pair[0], pair[1].id),
    )
    return tuple(proposal(identity, each, call) for _, each in near[:CANDIDATES])


def _likeness(one: str, other: str) -> float:
    return fuzz.ratio(one, other) if one and other else 0.0


def proposal(identity: Identity, record: PaperRecord, call: Call) -> Proposal:
    """Propose a record to staff, with what speaks for and against it."""
    return Proposal(
        kind="paper",
        target=record.register_no or f"#{record.id}",
        name=record.name,
        secretariat=record.secretariat,
        evidence=tuple(_evidence(identity, record, call)),
    )


def _evidence(identity: Identity, record: PaperRecord, call: Call) -> list[str]:
    """Say what speaks for and against a record, for staff to read."""
    same_name = normal_form(identity.name, call) == normal_form(record.name, call)
    same_core = core_of(identity.name, call) == core_of(record.name, call)
    name = "一致" if same_name else "核心词一致" if same_core else "相近但不同"
    said = [f"{call.name.label}{name}（登记为{record.name}）"]
    pairs = (
        ("秘书处单位", identity.secretariat, record.secretariat),
        ("推荐单位", identity.recommender, record.recommender),
        ("联系人", identity.contact, record.contact),
        ("电话", identity.phone, record.mobile),
        ("邮箱", identity.email.lower(), record.email.lower()),
    )
    said += [f"{label}{_compare(one, other)}" for label, one, other in pairs if one and other]
    if record.dossier and record.dossier != identity.number:
        said.append(f"该登记已对应 {record.dossier}")
    return said


def _compare(one: str, other: str) -> str:
    return "一致" if one == other else f"不同（电子版：{one}；登记：{other}）"
