"""Whether a dossier is the one that a paper record speaks of: a pure decision with evidence.

Certain are a record that names the registry number, an equal normal form of the name, and
an equal core name with the same secretariat or organisation code; each only when nothing
readable contradicts it, and neither a second record nor a second dossier fits as well. What
staff have once decided (an alias) counts as equal. Everything weaker is proposed to staff.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import product

from rapidfuzz import fuzz

from config.call import Call
from parsers.fields import EMAIL
from parsers.lines import plain, visible
from parsers.names import (
    Likeness,
    core_of,
    core_of_form,
    find_number,
    normal_form,
    organisation_code,
    organisation_form,
    same_body,
    same_organisation,
    split_name,
)
from registry.completeness import same_authority
from registry.rows import ALIAS, Alias, PaperRecord, Proposal

NEAR = 75.0
"""From which likeness of core names, of 100, a record is proposed that nothing speaks against."""

FAR = 50.0
"""From which likeness one is proposed whose secretariat, code, telephone or mail agrees."""

HAIR = 5.0
"""Two names that are closer than this (of 100) are told apart by a person."""

SHORT_CORE = 3
"""Core names of at most so many characters need something beside them that agrees."""

CANDIDATES = 3
"""How many records are proposed at most."""

LEAST_DIGITS = 7
"""How many digits two telephone numbers have in common at least, to be one."""

_BY_NUMBER, _BY_NAME, _BY_CORE = "number", "name", "core-and-secretariat"
_PHONE = re.compile(r"\d[\d\s-]{5,}\d")
_LONGEST_PHONE = 11
_WORDS = re.compile(r"[\s、,;/|]+")


class Accord(StrEnum):
    """How what a dossier says relates to what a record says."""

    SAME = "一致"
    NEAR = "相近"
    OTHER = "不一致"
    UNFILLED = "未填"


@dataclass(frozen=True, kw_only=True)
class Identity:
    """What a dossier is known by; `code` is the secretariat's body code (GB 11714)."""

    number: str
    name: str
    secretariat: str
    code: str = ""
    recommender: str = ""
    contact: str = ""
    phone: str = ""
    email: str = ""


@dataclass(frozen=True, kw_only=True)
class Matched:
    """The record that is the dossier's own, and at which level it was matched.

    `supported` says that more than the name agrees, `taught` whose decisions it rests on.
    """

    paper: PaperRecord
    match: str
    supported: bool
    taught: tuple[Alias, ...] = ()


@dataclass(frozen=True, kw_only=True)
class _Comparison:
    """A record held against a dossier.

    `likeness` is that of the core names, of 100; `other_name` says that both have a name,
    and not the same, `other_scope` that one is national and the other provincial.
    """

    record: PaperRecord
    says_number: bool
    same_name: bool
    same_core: bool
    other_name: bool
    other_scope: bool
    likeness: float
    secretariat: Accord
    code: Accord
    contact: Accord
    phone: Accord
    email: Accord
    recommender: Accord
    taught: tuple[Alias, ...]

    @property
    def same_body(self) -> bool:
        """Whether the secretariat is the same legal person."""
        return Accord.SAME in {self.secretariat, self.code}

    @property
    def reached_alike(self) -> bool:
        """Whether both are reached at the same telephone or mail address."""
        return Accord.SAME in {self.phone, self.email}

    @property
    def supported(self) -> bool:
        """Whether anything beside the name agrees that tells one dossier from another."""
        return self.same_body or self.reached_alike

    @property
    def contradicted(self) -> bool:
        """Whether something readable says that these are two."""
        if self.other_name or self.other_scope or self.code is Accord.OTHER:
            return True
        if self.secretariat is Accord.NEAR:
            return not (self.code is Accord.SAME or self.reached_alike)
        return self.secretariat is Accord.OTHER and self.code is not Accord.SAME

    @property
    def level(self) -> str:
        """The certain level at which they agree, or an empty string."""
        if self.says_number:
            return _BY_NUMBER
        if self.same_name:
            return _BY_NAME
        return _BY_CORE if self.same_core and self.same_body else ""

    @property
    def weight(self) -> float:
        """How much speaks for the record; only to put proposals in order."""
        said = 200 * self.says_number + 100 * self.same_name + 50 * self.same_core
        agreeing = (self.secretariat, self.code, self.phone, self.email, self.contact)
        against = Accord.OTHER in {self.secretariat, self.code}
        return self.likeness + said + 15 * agreeing.count(Accord.SAME) - 20 * against


def match_paper(
    identity: Identity,
    records: Iterable[PaperRecord],
    call: Call,
    *,
    aliases: Sequence[Alias] = (),
    rivals: Sequence[Identity] = (),
) -> Matched | tuple[Proposal, ...]:
    """Match a dossier to its paper record, or propose up to three.

    Records that belong to another dossier, or that the sheet no longer has, are never
    matched; the former are still proposed where the name is the same, so that two dossiers
    of one record are seen. `rivals` are other dossiers that have no record yet.
    """
    held = [_compare(identity, each, call, aliases) for each in records if not each.gone]
    free = [each for each in held if not each.record.dossier]
    for level in (_BY_NUMBER, _BY_NAME, _BY_CORE):
        sure = [each for each in free if each.level == level and not each.contradicted]
        if len(sure) == 1 and not _in_doubt(sure[0], free, identity, call):
            best = sure[0]
            if level == _BY_NUMBER or not _rivalled(best, rivals, call, aliases):
                return Matched(
                    paper=best.record,
                    match=ALIAS if best.taught else level,
                    supported=level == _BY_NUMBER or best.supported,
                    taught=best.taught,
                )
        if sure:
            break
    offered = sorted(filter(_is_offered, held), key=lambda each: (-each.weight, each.record.id))
    return tuple(_proposal(identity, each, call) for each in offered[:CANDIDATES])


def proposal(
    identity: Identity, record: PaperRecord, call: Call, aliases: Sequence[Alias] = ()
) -> Proposal:
    """Propose a record to staff, with what speaks for and against it."""
    return _proposal(identity, _compare(identity, record, call, aliases), call)


def core_likeness(one: str, other: str) -> float:
    """Return how like two core names are, of 100."""
    return fuzz.ratio(one, other) if one and other else 0.0


def _in_doubt(
    best: _Comparison, free: Iterable[_Comparison], identity: Identity, call: Call
) -> bool:
    """Whether only a person can tell that a record is the one, though it fits.

    That is where a short name is all that agrees, and where another record is within a
    hair, or is nearly the name and agrees in what this one does not say.
    """
    if best.says_number:
        return False
    others = [each for each in free if each is not best]
    if not best.same_name:
        return any(each.same_name for each in others)
    if best.supported or best.taught:
        return False
    if len(core_of(identity.name, call)) <= SHORT_CORE:
        return True
    return any(
        each.likeness > best.likeness - HAIR or (each.likeness >= NEAR and each.supported)
        for each in others
    )


def _rivalled(
    best: _Comparison, rivals: Iterable[Identity], call: Call, aliases: Sequence[Alias]
) -> bool:
    """Whether the record fits another dossier as well."""
    held = (_compare(each, best.record, call, aliases) for each in rivals)
    return any(
        each.level and not each.contradicted and each.supported >= best.supported for each in held
    )


def _is_offered(held: _Comparison) -> bool:
    """Whether a record that is not certain is worth a person's look."""
    if held.same_core or held.same_name or held.says_number:
        return True
    if held.record.dossier or held.likeness < FAR:
        return False
    if held.same_body or held.reached_alike:
        return True
    return held.likeness >= NEAR and held.secretariat is not Accord.OTHER


# ── comparing ────────────────────────────────────────────────────────────────────────────


def _compare(
    identity: Identity, record: PaperRecord, call: Call, aliases: Sequence[Alias]
) -> _Comparison:
    forms = normal_form(identity.name, call), normal_form(record.name, call)
    cores = core_of_form(forms[0], call), core_of_form(forms[1], call)
    code = _accord({identity.code} - {""}, _codes(record))
    secretariat = _secretariats(identity.secretariat, record.secretariat, call)
    named = None if forms[0] == forms[1] else _taught("name", *forms, aliases)
    seats = organisation_form(identity.secretariat), organisation_form(record.secretariat)
    doubted = secretariat in {Accord.NEAR, Accord.OTHER} and code is not Accord.SAME
    seated = _taught("organisation", *seats, aliases) if doubted else None
    return _Comparison(
        record=record,
        says_number=bool(identity.number) and number_said(record, call) == identity.number,
        same_name=bool(forms[0]) and (forms[0] == forms[1] or named is not None),
        same_core=bool(cores[0]) and cores[0] == cores[1],
        other_name=all(cores) and cores[0] != cores[1] and named is None,
        other_scope=named is None and _other_scope(*forms, call),
        likeness=core_likeness(*cores),
        secretariat=Accord.SAME if seated else secretariat,
        code=code,
        contact=_accord(_people(identity.contact), _people(record.contact)),
        phone=_phones_accord(identity.phone, record.mobile),
        email=_accord(emails_in(identity.email), emails_in(record.email)),
        recommender=_recommenders(identity.recommender, record.recommender, call),
        taught=tuple(each for each in (named, seated) if each),
    )


def _accord(one: set[str], other: set[str]) -> Accord:
    if not (one and other):
        return Accord.UNFILLED
    return Accord.SAME if one & other else Accord.OTHER


def number_said(record: PaperRecord, call: Call) -> str:
    """Return the registry number that a record names; nothing where it names none or several."""
    said = find_number(f"{record.register_no}\n{record.remark}", call)
    return said[0] if len(said) == 1 else ""


def _other_scope(one: str, other: str, call: Call) -> bool:
    """Whether the prefixes of two names tell a national alliance from a provincial one."""
    prefixes = sorted((split_name(each, call)[0] for each in (one, other)), key=len)
    return len(prefixes[0]) > 1 and not prefixes[1].startswith(prefixes[0])


def _taught(kind: str, mine: str, theirs: str, aliases: Iterable[Alias]) -> Alias | None:
    """Return the decision that a dossier's name and a record's are one, which holds that way."""
    return next((each for each in aliases if each.says(kind, mine, theirs)), None)


def _secretariats(one: str, other: str, call: Call) -> Accord:
    if not (one and other):
        return Accord.UNFILLED
    if same_body(one, other, call):
        return Accord.SAME
    near = same_organisation(one, other, call) is Likeness.NEAR
    return Accord.NEAR if near else Accord.OTHER


def _recommenders(one: str, other: str, call: Call) -> Accord:
    if not (one and other):
        return Accord.UNFILLED
    return Accord.SAME if same_authority(one, other, call) else Accord.OTHER


def _codes(record: PaperRecord) -> set[str]:
    """Return the organisation code that a record gives, where it says that it is one (代码)."""
    said = f"{record.secretariat}\n{record.remark}".partition("代码")[2]
    return {organisation_code(said)} - {""}


def _people(text: str) -> set[str]:
    return set(_WORDS.split(plain(visible(text)).strip())) - {""}


def _narrow(text: str) -> str:
    return text if text.isascii() else plain(text)


def emails_in(text: str) -> set[str]:
    """Return the mail addresses in a text, in lower case."""
    return set(EMAIL.findall(_narrow(text).lower()))


def phones_in(text: str) -> set[str]:
    """Return the telephone numbers in a text: their digits, without the country code."""
    runs = (re.sub(r"\D", "", each) for each in _PHONE.findall(_narrow(text)))
    return {each.removeprefix("86") if len(each) > _LONGEST_PHONE else each for each in runs}


def _phones_accord(one: str, other: str) -> Accord:
    """Compare telephone numbers; one may lack the area code."""
    mine, theirs = phones_in(one), phones_in(other)
    if any(
        min(len(a), len(b)) >= LEAST_DIGITS and (a.endswith(b) or b.endswith(a))
        for a, b in product(mine, theirs)
    ):
        return Accord.SAME
    return _accord(mine, theirs)


# ── evidence ─────────────────────────────────────────────────────────────────────────────


def _proposal(identity: Identity, held: _Comparison, call: Call) -> Proposal:
    record = held.record
    return Proposal(
        kind="paper",
        target=record.register_no or f"#{record.id}",
        name=record.name,
        secretariat=record.secretariat,
        evidence=tuple(_evidence(identity, held, call)),
    )


def _evidence(identity: Identity, held: _Comparison, call: Call) -> list[str]:
    """Say what speaks for and against a record, for staff to read."""
    record = held.record
    word = _name_word(identity.name, record.name, call)
    said = [f"{call.name.label}{word}（登记为{record.name}）"]
    if held.says_number:
        said.insert(0, f"登记中写有编号 {identity.number}")
    pairs = (
        ("秘书处单位", held.secretariat, identity.secretariat, record.secretariat),
        ("机构代码", held.code, identity.code, "".join(_codes(record))),
        ("联系人", held.contact, identity.contact, record.contact),
        ("电话", held.phone, identity.phone, record.mobile),
        ("邮箱", held.email, identity.email, record.email),
        ("推荐单位", held.recommender, identity.recommender, record.recommender),
    )
    said += [
        label + _compared(accord, one, other)
        for label, accord, one, other in pairs
        if accord is not Accord.UNFILLED
    ]
    said += _unfilled((label, one, other) for label, _, one, other in pairs)
    said += map(taught_wording, held.taught)
    if record.dossier and record.dossier != identity.number:
        said.append(f"该登记已对应 {record.dossier}")
    return said


def _name_word(one: str, other: str, call: Call) -> str:
    """Say how two names relate."""
    forms = normal_form(one, call), normal_form(other, call)
    if forms[0] == forms[1]:
        return "一致"
    if _other_scope(*forms, call):
        return "不一致，冠名不同"
    cores = core_of_form(forms[0], call), core_of_form(forms[1], call)
    if cores[0] == cores[1]:
        return "核心词一致，写法不同"
    return "相近但不一致" if core_likeness(*cores) >= NEAR else "不一致"


def dossier_evidence(one: Identity, other: Identity, call: Call) -> tuple[str, ...]:
    """Say what speaks for and against two dossiers being one, for staff to read."""
    word = _name_word(one.name, other.name, call)
    accord = _secretariats(one.secretariat, other.secretariat, call)
    seats = "" if accord is Accord.SAME else f"（{one.secretariat}；{other.secretariat}）"
    seat = "未填" if accord is Accord.UNFILLED else f"{accord}{seats}"
    return (f"{call.name.label}{word}", f"秘书处单位{seat}")


def _compared(accord: Accord, one: str, other: str) -> str:
    return accord if accord is Accord.SAME else f"{accord}（电子版：{one}；登记：{other}）"


def _unfilled(pairs: Iterable[tuple[str, str, str]]) -> list[str]:
    blank = [(label, one.strip(), other.strip()) for label, one, other in pairs]
    mine = "、".join(label for label, one, other in blank if other and not one)
    theirs = "、".join(label for label, one, other in blank if one and not other)
    said = [f"电子版未填：{mine}" if mine else "", f"登记未填：{theirs}" if theirs else ""]
    return [each for each in said if each]


def taught_wording(alias: Alias) -> str:
    """Say who decided that two names are one, and when."""
    return f"{alias.who} 于 {alias.at:%Y-%m-%d} 确认“{alias.left}”与“{alias.right}”为同一"
