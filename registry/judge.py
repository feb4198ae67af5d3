"""Judging 判定: from all that is known of a dossier to its findings, its status and what to review.

Pure: judging reads the case and the call, and nothing else. A decision of a person stands in
place of what was found for as long as nothing that the finding rests on has changed.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from config.call import Call, Check, Rule
from registry.completeness import current, findings, newer_than_paper, unsettled
from registry.rows import (
    Answered,
    Case,
    Decision,
    FiledDocument,
    Finding,
    Judgement,
    Outcome,
    Status,
)

FLAGS = (
    "same-name",
    "two-recommenders",
    "held",
    "renamed",
    "withdrawal-asked",
    "late",
    "after-complete",
)
"""Review reasons that mails and people raise, in the order in which they are listed."""

_UNSEEN_PAPER: frozenset[Rule] = frozenset({"paper-copies", "paper-seals", "paper-recommendation"})
"""Points that are doubtful only because nobody has looked at the paper copies yet."""

_AFTER_COMPLETION = frozenset({"held", "late", "after-complete"})
"""What comes after completion waits for a person, but does not undo it."""

_DECIDED = {Outcome.OK: "认定符合", Outcome.MISSING: "认定缺少", Outcome.WAIVED: "予以豁免"}


def judge(case: Case, call: Call) -> Judgement:
    """Judge a case by its call: findings in the call's order, status, and reasons for review."""
    found = decided(fair(findings(case, call), case, call), case, call)
    review = () if case.withdrawn else _review(found, case, call)
    return Judgement(findings=found, status=_status(found, review, case, call), review=review)


# ── Fairness ──────────────────────────────────────────────────────────────────────────


def fair(found: Sequence[Finding], case: Case, call: Call) -> tuple[Finding, ...]:
    """Return the findings, those doubtful that raise a new point on what has not changed.

    The applicant is told of everything at once (通知, by analogy with the Administrative
    Licensing Law, article 32): what our rules see only now, a person must decide on.
    """
    answered = case.answered
    if answered is None:
        return tuple(found)
    return tuple(
        _would_now_say(each) if _is_late(each, answered, case, call) else each for each in found
    )


def _is_late(finding: Finding, answered: Answered, case: Case, call: Call) -> bool:
    """Whether a point was not told although all that it rests on was there.

    How the paper copies stand is told in every letter, in a section of its own.
    """
    rule = _rule(finding, call)
    if finding.outcome is not Outcome.MISSING or (rule and rule.startswith("paper-")):
        return False
    if (finding.id, finding.document) in answered.points:
        return False
    key = _basis_key(finding.id, finding.document, call)
    return answered.bases.get(key) == basis_of(
        finding.id, _about(finding.id, finding.document, call), case, call
    )


def _would_now_say(finding: Finding) -> Finding:
    detail = (
        f"相关材料未变动，此前的函件未列此项，是否补充告知由工作人员决定。现核对：{finding.detail}"
    )
    return replace(finding, outcome=Outcome.DOUBTFUL, detail=detail)


def bases(case: Case, call: Call) -> dict[str, str]:
    """Return what every check rests on now: by its id, and by its file where it looks at one."""
    paths = dict.fromkeys(each.path for each in current(case))
    return {
        _basis_key(check.id, path, call): basis_of(check.id, path, case, call)
        for check in call.checks
        for path in (paths if check.rule in _PER_FILE else ("",))
    }


_PER_FILE: frozenset[Rule] = frozenset({"placeholder", "readable"})


def _about(finding_id: str, document: str, call: Call) -> str:
    """Return the document that a finding rests on alone, or nothing."""
    check = call.check(finding_id)
    return document if check and check.rule in _PER_FILE else ""


def _basis_key(finding_id: str, document: str, call: Call) -> str:
    about = _about(finding_id, document, call)
    return f"{finding_id} {about}".rstrip()


# ── Decisions ─────────────────────────────────────────────────────────────────────────


def decided(found: Sequence[Finding], case: Case, call: Call) -> tuple[Finding, ...]:
    """Return the findings, those replaced on which a decision holds.

    A decision without a document also speaks of a finding that is the only one of its id.
    """
    latest = {
        (each.finding, each.document): each
        for each in sorted(case.decisions, key=lambda each: each.at)
        if holds(each, case, call)
    }
    ids = Counter(each.id for each in found)
    return tuple(
        _with(
            each,
            latest.get((each.id, each.document))
            or (latest.get((each.id, "")) if ids[each.id] == 1 else None),
        )
        for each in found
    )


def _with(finding: Finding, decision: Decision | None) -> Finding:
    if decision is None:
        return finding
    word = _DECIDED.get(decision.outcome, decision.outcome.value)
    detail = f"人工{word}：{decision.reason}（{decision.who}）"
    if finding.detail:
        detail += f"；原核对：{finding.detail}"
    return replace(finding, outcome=decision.outcome, detail=detail)


def holds(decision: Decision, case: Case, call: Call) -> bool:
    """Whether a decision still holds: nothing it rests on has changed since.

    A decision that something is missing is also overtaken by a file that came in after it
    and has not been read or recognised, for that may be what was missing.
    """
    if decision.basis != basis_of(decision.finding, decision.document, case, call):
        return False
    if decision.outcome is not Outcome.MISSING:
        return True
    return not any(each.filed_at > decision.at for each in unsettled(case, call))


def basis_of(finding_id: str, document: str, case: Case, call: Call) -> str:
    """Return a short hash of what a finding rests on: documents' checksums, or paper values.

    `document` is the finding's document. The order of documents makes no difference.
    """
    check = call.check(finding_id)
    parts = [] if check is None else _BASES[check.rule](check, document, case, call)
    return hashlib.sha256("\n".join([finding_id, *parts]).encode()).hexdigest()[:16]


Basis = Callable[[Check, str, Case, Call], list[str]]


def _sums(documents: Iterable[FiledDocument]) -> list[str]:
    return sorted({each.sha256 for each in documents})


def _of_kinds(case: Case, kinds: Iterable[str]) -> list[str]:
    wanted = tuple(kinds)
    return _sums(each for each in current(case) if each.kind in wanted)


def _one_kind(check: Check, document: str, case: Case, call: Call) -> list[str]:
    del document
    return (
        _all_kinds(check, "", case, call) if check.anywhere else _of_kinds(case, [check.document])
    )


def _all_kinds(check: Check, document: str, case: Case, call: Call) -> list[str]:
    del check, document
    return _of_kinds(case, [each.id for each in call.documents])


def _kind_and_what_may_be_it(check: Check, document: str, case: Case, call: Call) -> list[str]:
    kind = _one_kind(check, document, case, call)
    links = sorted(case.links + case.settled_links)
    return [*kind, "?", *_sums(unsettled(case, call)), *links]


def _kind_and_member_lists(check: Check, document: str, case: Case, call: Call) -> list[str]:
    del document
    lists = [each.document for each in call.checks if each.rule == "members-listed"]
    return _of_kinds(case, [check.document, *lists])


def _name_and_all_kinds(check: Check, document: str, case: Case, call: Call) -> list[str]:
    return [case.name, *_all_kinds(check, document, case, call)]


def _one_file(check: Check, document: str, case: Case, call: Call) -> list[str]:
    del check, call
    return _sums(each for each in current(case) if document in {"", each.path})


def _links(check: Check, document: str, case: Case, call: Call) -> list[str]:
    del check, document, call
    return sorted(case.links)


def _record(check: Check, document: str, case: Case, call: Call) -> list[str]:
    del check, document, call
    if case.paper is None:
        return []
    newer = _sums(newer_than_paper(case))
    return [case.paper.register_no or str(case.paper.id), str(case.paper.received_on), *newer]


def _column(*names: str) -> Basis:
    def values(check: Check, document: str, case: Case, call: Call) -> list[str]:
        del check, document, call
        if case.paper is None:
            return []
        record = case.paper.register_no or str(case.paper.id)
        return [record, *(str(getattr(case.paper, name)) for name in names)]

    return values


_BASES: dict[Rule, Basis] = {
    "document": _kind_and_what_may_be_it,
    "field": _one_kind,
    "area": _one_kind,
    "clause": _one_kind,
    "rivals": _one_kind,
    "signatures": _kind_and_member_lists,
    "members-listed": _one_kind,
    "member-kind": _all_kinds,
    "members-consistent": _all_kinds,
    "name-pattern": _name_and_all_kinds,
    "name-consistent": _all_kinds,
    "placeholder": _one_file,
    "readable": _one_file,
    "link": _links,
    "paper-record": _record,
    "paper-copies": _column("copies"),
    "paper-seals": _column("sealed", "sealed_text"),
    "paper-recommendation": _column("recommended", "recommended_text"),
}


# ── Status ────────────────────────────────────────────────────────────────────────────


def _review(found: Iterable[Finding], case: Case, call: Call) -> tuple[str, ...]:
    """Return why a person must look: doubts in the call's order, proposals, then flags."""
    doubts = dict.fromkeys(
        f"doubtful:{each.id}"
        for each in found
        if each.outcome is Outcome.DOUBTFUL and _rule(each, call) not in _UNSEEN_PAPER
    )
    proposed = ("match-proposed",) if case.proposals else ()
    raised = {*case.flags, "held"} if case.held else set(case.flags)
    known = [each for each in FLAGS if each in raised]
    return (*doubts, *proposed, *known, *sorted(raised.difference(FLAGS)))


def _status(found: Sequence[Finding], review: Sequence[str], case: Case, call: Call) -> Status:
    """Return where the dossier stands; the first that applies."""
    missing = {_rule(each, call) for each in found if each.outcome is Outcome.MISSING}
    unseen = any(
        each.outcome is Outcome.DOUBTFUL and _rule(each, call) in _UNSEEN_PAPER for each in found
    )
    if case.withdrawn:
        return Status.WITHDRAWN
    if _pressing(review, case, call):
        return Status.IN_REVIEW
    if missing - {"paper-record"}:
        return Status.INCOMPLETE
    return Status.AWAITING_PAPER if missing or unseen else Status.COMPLETE


def _pressing(review: Iterable[str], case: Case, call: Call) -> list[str]:
    """Return the reasons that keep a dossier from going on.

    One that has been complete stays so, whatever comes in after: that is held until a
    person accepts it, and so are the links of such a mail.
    """
    if not case.completed:
        return list(review)
    links = {f"doubtful:{each.id}" for each in call.checks if each.rule == "link"}
    return [each for each in review if each not in _AFTER_COMPLETION | links]


def _rule(finding: Finding, call: Call) -> Rule | None:
    check = call.check(finding.id)
    return check.rule if check else None
