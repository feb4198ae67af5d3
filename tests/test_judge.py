"""Judging: decisions and what they rest on, status, reasons for review."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parsers.submission import Fact, Facts, Hit, Member, Problem
from registry.judge import FLAGS, bases, basis_of, judge
from registry.rows import (
    Answered,
    Case,
    Decision,
    DocumentState,
    FiledDocument,
    Finding,
    Judgement,
    Outcome,
    Proposal,
    Status,
)
from tests.test_completeness import (
    CALL,
    FIRST,
    LATER,
    MEMBERS,
    NAME,
    PAPER,
    TITLES,
    UNKNOWN,
    UNREAD,
    case_of,
    changed,
    clean_case,
    document,
    documents,
    without_clause,
)

PROPOSAL = Proposal(kind="paper", target="Z-002", name=NAME, secretariat="", evidence=("名称相近",))
RISKLESS = without_clause("agreement", "agreement.risk")
SCAN = document("agreement", problem=Problem.SCAN, path="协议盖章版.pdf")


def lacking_risk() -> Case:
    return case_of(*documents(agreement=RISKLESS))


def decide(case: Case, finding: str, outcome: Outcome, *, document: str = "") -> Case:
    """The case with one more decision, made on it as it stands, a day after its mail."""
    decision = Decision(
        finding=finding,
        document=document,
        outcome=outcome,
        reason="已电话核实",
        basis=basis_of(finding, document, case, CALL),
        who="staff",
        at=FIRST + timedelta(days=1, minutes=len(case.decisions)),
    )
    return replace(case, decisions=(*case.decisions, decision))


def with_documents(case: Case, *more: FiledDocument) -> Case:
    return replace(case, documents=(*case.documents, *more))


def finding_of(case: Case, finding: str) -> Finding:
    return next(each for each in judge(case, CALL).findings if each.id == finding)


# ── Decisions ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("outcome", [Outcome.OK, Outcome.WAIVED])
def test_a_decision_stands_in_place_of_what_was_found(outcome: Outcome) -> None:
    case = decide(lacking_risk(), "agreement.risk", outcome, document=RISKLESS.path)
    result = finding_of(case, "agreement.risk")
    assert result.outcome is outcome
    assert "已电话核实" in result.detail
    assert judge(case, CALL).status is Status.COMPLETE


def test_a_doubt_that_a_person_decides_is_missing_is_told_as_missing() -> None:
    case = case_of(*documents(agreement=None), UNREAD)
    case = decide(case, "file.readable", Outcome.WAIVED, document=UNREAD.path)
    case = decide(case, "document.agreement", Outcome.MISSING)
    judgement = judge(case, CALL)
    assert judgement.status is Status.INCOMPLETE
    assert judgement.review == ()


def test_a_decision_without_a_document_speaks_of_the_only_finding_of_its_id() -> None:
    case = decide(lacking_risk(), "agreement.risk", Outcome.WAIVED)
    assert finding_of(case, "agreement.risk").outcome is Outcome.WAIVED


def test_a_decision_on_one_file_leaves_the_others_alone() -> None:
    other = document("other", problem=Problem.LOCKED, path="补充.zip")
    case = with_documents(clean_case(), UNREAD, other)
    case = decide(case, "file.readable", Outcome.WAIVED, document=UNREAD.path)
    outcomes = {
        each.document: each.outcome
        for each in judge(case, CALL).findings
        if each.id == "file.readable"
    }
    assert outcomes == {UNREAD.path: Outcome.WAIVED, "补充.zip": Outcome.MISSING}


def test_the_latest_decision_counts() -> None:
    case = decide(lacking_risk(), "agreement.risk", Outcome.WAIVED)
    case = decide(case, "agreement.risk", Outcome.MISSING)
    assert finding_of(case, "agreement.risk").outcome is Outcome.MISSING


def test_a_decision_lapses_when_a_new_version_comes_in() -> None:
    case = decide(lacking_risk(), "agreement.risk", Outcome.WAIVED)
    newer = replace(RISKLESS, version=2, filed_at=LATER, sha256="new")
    held = tuple(each for each in case.documents if each.kind != "agreement")
    case = replace(case, documents=(*held, replace(RISKLESS, superseded=True), newer), paper=None)
    assert finding_of(case, "agreement.risk").outcome is Outcome.MISSING


def test_a_decision_holds_when_other_documents_come_in() -> None:
    case = decide(lacking_risk(), "agreement.risk", Outcome.WAIVED)
    held = [each for each in case.documents if each.kind != "plan"]
    plan = document("plan", at=LATER, path="方案（新）.docx")
    case = replace(case, documents=(*held, plan, replace(UNKNOWN, filed_at=LATER)))
    assert finding_of(case, "agreement.risk").outcome is Outcome.WAIVED


def test_a_decision_that_something_is_missing_is_overtaken_by_an_unread_supplement() -> None:
    case = decide(lacking_risk(), "agreement.risk", Outcome.MISSING)
    case = with_documents(case, replace(UNREAD, filed_at=LATER))
    assert finding_of(case, "agreement.risk").outcome is Outcome.DOUBTFUL


def test_a_person_who_has_seen_the_new_pages_settles_the_paper_until_the_next_version() -> None:
    old = document("charter", superseded=True)
    case = case_of(*documents(charter=document("charter", version=2, at=LATER)), old)
    assert judge(case, CALL).review == ("doubtful:paper.record",)
    case = decide(case, "paper.record", Outcome.OK)
    assert judge(case, CALL).status is Status.COMPLETE
    third = document("charter", version=3, at=LATER + timedelta(days=1))
    held = tuple(
        replace(each, superseded=True) if each.kind == "charter" else each
        for each in case.documents
    )
    assert judge(replace(case, documents=(*held, third)), CALL).status is Status.IN_REVIEW


@pytest.mark.parametrize(
    ("finding", "document", "changed_case"),
    [
        ("document.agreement", "", with_documents(clean_case(), UNREAD)),
        ("document.agreement", "", replace(clean_case(), links=("https://example.com/1",))),
        ("document.agreement", "", with_documents(clean_case(), SCAN)),
        ("form.contact", "", case_of(*documents(form=document("form", path="新.docx")))),
        ("plan.staff", "", case_of(*documents(charter=document("charter", path="新.docx")))),
        ("agreement.signatures", "", case_of(*documents(form=document("form", path="新.docx")))),
        ("members.consistent", "", case_of(*documents(plan=document("plan", path="新.docx")))),
        ("name.pattern", "", replace(clean_case(), name="广东省陶瓷装备产业技术创新联盟")),
        ("file.link", "", replace(clean_case(), links=("https://example.com/1",))),
        ("paper.record", "", replace(clean_case(), paper=None)),
        ("paper.copies", "", replace(clean_case(), paper=replace(PAPER, copies=4))),
        ("paper.seals", "", replace(clean_case(), paper=replace(PAPER, sealed_text="缺1份"))),
    ],
)
def test_the_basis_changes_with_what_a_finding_rests_on(
    finding: str, document: str, changed_case: Case
) -> None:
    before = basis_of(finding, document, clean_case(), CALL)
    assert basis_of(finding, document, changed_case, CALL) != before


@pytest.mark.parametrize(
    ("finding", "document", "changed_case"),
    [
        ("form.contact", "", with_documents(clean_case(), UNREAD)),
        ("agreement.risk", "", case_of(*documents(form=None))),
        ("text.placeholder", "组建方案.docx", case_of(*documents(form=None))),
        ("file.readable", "组建方案.docx", with_documents(clean_case(), UNREAD)),
        ("paper.copies", "", replace(clean_case(), paper=replace(PAPER, remark="已电话"))),
        ("members.consistent", "", with_documents(clean_case(), UNKNOWN)),
        (
            "members.consistent",
            "",
            replace(clean_case(), documents=clean_case().documents[::-1]),
        ),
    ],
)
def test_the_basis_stays_when_something_else_changes(
    finding: str, document: str, changed_case: Case
) -> None:
    before = basis_of(finding, document, clean_case(), CALL)
    assert basis_of(finding, document, changed_case, CALL) == before


# ── Fairness ──────────────────────────────────────────────────────────────────────────


def answered(case: Case, *points: tuple[str, str]) -> Case:
    """The case after a letter that told these points, and nothing else."""
    said = Answered(points=frozenset(points), bases=bases(case, CALL))
    return replace(case, answered=said)


def test_a_new_point_on_unchanged_documents_is_for_a_person_not_for_the_applicant() -> None:
    case = answered(lacking_risk())
    found = finding_of(case, "agreement.risk")
    assert found.outcome is Outcome.DOUBTFUL
    assert "此前的函件未列此项" in found.detail
    assert judge(case, CALL).status is Status.IN_REVIEW


def test_a_point_that_was_told_stays_missing() -> None:
    case = answered(lacking_risk(), ("agreement.risk", RISKLESS.path))
    assert finding_of(case, "agreement.risk").outcome is Outcome.MISSING


def test_a_changed_document_may_raise_a_new_point() -> None:
    case = answered(lacking_risk())
    changed_one = replace(RISKLESS, sha256="another")
    newer = tuple(changed_one if each.kind == "agreement" else each for each in case.documents)
    assert finding_of(replace(case, documents=newer), "agreement.risk").outcome is Outcome.MISSING


def test_a_file_that_has_not_changed_raises_no_new_point_though_another_came() -> None:
    marked = tuple(
        replace(each, facts=replace(each.facts, placeholders=(Fact(value="XX"),)))
        if each.kind == "plan"
        else each
        for each in clean_case().documents
    )
    case = answered(replace(clean_case(), documents=marked))
    case = with_documents(case, document("other", path="补充说明.txt"))
    assert finding_of(case, "text.placeholder").outcome is Outcome.DOUBTFUL


def test_a_person_who_decides_that_the_new_point_is_missing_has_it_told() -> None:
    case = answered(lacking_risk())
    case = decide(case, "agreement.risk", Outcome.MISSING, document=RISKLESS.path)
    judgement = judge(case, CALL)
    assert judgement.status is Status.INCOMPLETE
    assert judgement.review == ()


# ── Status ────────────────────────────────────────────────────────────────────────────

UNSEEN = replace(PAPER, copies=None, sealed=None, recommended=None)
AGREEMENTLESS = case_of(*documents(agreement=None))
DOUBTED = case_of(*documents(agreement=changed("agreement", signatures=None)))


@pytest.mark.parametrize(
    ("case", "status", "review"),
    [
        (clean_case(), Status.COMPLETE, ()),
        (replace(clean_case(), paper=None), Status.AWAITING_PAPER, ()),
        (replace(clean_case(), paper=UNSEEN), Status.AWAITING_PAPER, ()),
        (replace(clean_case(), paper=replace(PAPER, copies=4)), Status.INCOMPLETE, ()),
        (
            replace(clean_case(), paper=replace(PAPER, sealed=None, columns=())),
            Status.COMPLETE,
            (),
        ),
        (AGREEMENTLESS, Status.INCOMPLETE, ()),
        (replace(AGREEMENTLESS, paper=None), Status.INCOMPLETE, ()),
        (replace(AGREEMENTLESS, paper=UNSEEN), Status.INCOMPLETE, ()),
        (DOUBTED, Status.IN_REVIEW, ("doubtful:agreement.signatures",)),
        (
            replace(DOUBTED, documents=DOUBTED.documents[1:]),
            Status.IN_REVIEW,
            ("doubtful:agreement.signatures",),
        ),
        (replace(clean_case(), proposals=(PROPOSAL,)), Status.IN_REVIEW, ("match-proposed",)),
        (
            replace(clean_case(), paper=None, proposals=(PROPOSAL,)),
            Status.IN_REVIEW,
            ("match-proposed",),
        ),
        (replace(clean_case(), held=True), Status.IN_REVIEW, ("held",)),
        (replace(clean_case(), flags=("late",)), Status.IN_REVIEW, ("late",)),
        (replace(clean_case(), withdrawn=True), Status.WITHDRAWN, ()),
        (replace(AGREEMENTLESS, withdrawn=True), Status.WITHDRAWN, ()),
        (
            replace(clean_case(), completed=True, held=True, flags=("after-complete",)),
            Status.COMPLETE,
            ("held", "after-complete"),
        ),
        (
            replace(clean_case(), completed=True, links=("https://example.com/1",)),
            Status.COMPLETE,
            ("doubtful:file.link",),
        ),
        (
            replace(clean_case(), completed=True, flags=("withdrawal-asked",)),
            Status.IN_REVIEW,
            ("withdrawal-asked",),
        ),
        (
            replace(clean_case(), completed=True, paper=replace(PAPER, copies=4)),
            Status.INCOMPLETE,
            (),
        ),
    ],
)
def test_the_status_follows_from_findings_and_reasons(
    case: Case, status: Status, review: tuple[str, ...]
) -> None:
    judgement = judge(case, CALL)
    assert (judgement.status, judgement.review) == (status, review)


def test_a_withdrawn_dossier_asks_nothing_of_anybody() -> None:
    case = replace(clean_case(), flags=("late",), held=True, withdrawn=True)
    judgement = judge(case, CALL)
    assert (judgement.status, judgement.review) == (Status.WITHDRAWN, ())


@pytest.mark.parametrize("flag", FLAGS)
def test_every_flag_makes_a_person_decide(flag: str) -> None:
    judgement = judge(replace(clean_case(), flags=(flag,)), CALL)
    assert (judgement.status, judgement.review) == (Status.IN_REVIEW, (flag,))


def test_a_doubt_about_many_files_is_listed_once_and_reasons_stand_in_order() -> None:
    case = with_documents(clean_case(), UNREAD, replace(UNREAD, path="材料2.rar", sha256="2"))
    case = replace(case, flags=("late", "same-name"), proposals=(PROPOSAL,))
    assert judge(case, CALL).review == (
        "doubtful:file.readable",
        "match-proposed",
        "same-name",
        "late",
    )


# ── Whatever comes in ─────────────────────────────────────────────────────────────────

texts = st.sampled_from(["", " ", NAME, "广东省XXX产业技术创新联盟", "佛山市顺德区某局", "(["])
facts_values = st.builds(Fact, value=texts, page=st.none() | st.integers(1, 9), quote=texts)
members = st.builds(
    Member,
    name=st.sampled_from(["", *(each.name for each in MEMBERS), "岭南华瑞大学机电学院"]),
    kind=st.sampled_from(["", "enterprise", "research", "unheard-of"]),
)
any_facts = st.builds(
    Facts,
    title=texts,
    fields=st.dictionaries(st.sampled_from([each.id for each in CALL.fields]), facts_values),
    members=st.lists(members, max_size=4).map(tuple),
    signatures=st.none() | st.lists(members, max_size=4).map(tuple),
    clauses=st.dictionaries(
        st.sampled_from([each.id for each in CALL.checks if each.rule == "clause"]),
        st.builds(Hit, strength=st.sampled_from(["heading", "text", "weak"])),
    ),
    placeholders=st.lists(facts_values, max_size=2).map(tuple),
    template=st.booleans(),
)
any_documents = st.builds(
    replace,
    st.sampled_from([*TITLES, "other"]).map(document),
    facts=any_facts,
    problem=st.sampled_from(["", "", "", *Problem, "unheard-of"]),
    detail=st.sampled_from(["", "第3页是图片，没有文字", "BadZipFile"]),
    filename=st.sampled_from(["", "推荐函.pdf", "协议.docx", "材料.rar"]),
    state=st.sampled_from(DocumentState),
    superseded=st.booleans(),
    filed_at=st.sampled_from([FIRST, LATER]),
)
papers = st.builds(
    replace,
    st.just(PAPER),
    received_on=st.none() | st.just(PAPER.received_on),
    copies=st.none() | st.integers(0, 9),
    sealed=st.none() | st.booleans(),
    recommended=st.none() | st.booleans(),
    columns=st.lists(st.sampled_from(PAPER.columns)).map(tuple),
)
cases = st.builds(
    Case,
    name=texts,
    secretariat=texts,
    documents=st.lists(any_documents, max_size=6).map(tuple),
    links=st.lists(texts, max_size=2).map(tuple),
    paper=st.none() | papers,
    flags=st.lists(st.sampled_from([*FLAGS, "unheard-of"])).map(tuple),
    held=st.booleans(),
    withdrawn=st.booleans(),
    completed=st.booleans(),
)

quickly = settings(deadline=None, max_examples=50)


@quickly
@given(cases)
def test_any_case_is_judged_and_its_status_agrees_with_its_findings(case: Case) -> None:
    judgement = judge(case, CALL)
    assert isinstance(judgement, Judgement)
    outcomes = {each.outcome for each in judgement.findings}
    if judgement.status in {Status.COMPLETE, Status.AWAITING_PAPER}:
        lacking = {each.id for each in judgement.findings if each.outcome is Outcome.MISSING}
        assert lacking <= {"paper.record"}
    if judgement.status is Status.INCOMPLETE:
        assert Outcome.MISSING in outcomes
    if judgement.status is Status.IN_REVIEW:
        assert judgement.review
    assert judge(case, CALL) == judgement


@quickly
@given(cases)
def test_an_absent_document_is_all_that_is_said_of_it(case: Case) -> None:
    found = judge(case, CALL).findings
    absent = {
        each.id.removeprefix("document.")
        for each in found
        if each.id.startswith("document.") and each.outcome is not Outcome.OK
    }
    assert not [each for each in found if each.id.split(".")[0] in absent]


@quickly
@given(cases)
def test_a_person_may_decide_anything_and_it_holds_while_nothing_changes(case: Case) -> None:
    for each in judge(case, CALL).findings:
        after = judge(decide(case, each.id, Outcome.WAIVED, document=each.document), CALL)
        same = [one for one in after.findings if (one.id, one.document) == (each.id, each.document)]
        assert {one.outcome for one in same} == {Outcome.WAIVED}


RANK = {Outcome.OK: 0, Outcome.NOTE: 0, Outcome.DOUBTFUL: 1, Outcome.MISSING: 2}


@quickly
@given(cases, any_documents)
def test_a_further_file_never_makes_what_was_found_of_documents_worse(
    case: Case, further: FiledDocument
) -> None:
    further = replace(further, superseded=False, path="又一个文件.docx", sha256="further")
    about_one = tuple(f"{kind}." for kind in (*TITLES, "document"))
    after = judge(with_documents(case, further), CALL).findings
    worst: dict[str, int] = {}
    for each in after:
        worst[each.id] = max(worst.get(each.id, 0), RANK[each.outcome])
    for each in judge(case, CALL).findings:
        compared = each.id.startswith(about_one) and each.id not in {
            "form.recommender-area",  # two forms may name two recommenders
            "agreement.signatures",  # held against the first list of members there is
        }
        if compared:
            assert worst[each.id] <= RANK[each.outcome], each.id
