"""What a dossier lacks, and how surely: one test for each fact of the interface's table."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from config.call import Call, load_calls
from parsers import media
from parsers.submission import Fact, Facts, Hit, Member, Problem, Scan
from registry.completeness import findings
from registry.rows import Case, DocumentState, FiledDocument, Finding, Outcome, PaperRecord

CALL: Call = load_calls()["guangdong-alliance-2016"]
NAME = "广东省工业机器人产业技术创新联盟"
FIRST = datetime(2016, 5, 31, 2, 0, tzinfo=UTC)
LATER = datetime(2016, 6, 8, 2, 0, tzinfo=UTC)
MEMBERS = (
    Member(name="粤衡精密装备股份有限公司", kind="enterprise"),
    Member(name="岭南华瑞大学", kind="research"),
    Member(name="佛山市南粤智造有限公司", kind="enterprise"),
)
TITLES = {each.id: each.title for each in CALL.documents}


def fact(value: str) -> Fact:
    return Fact(value=value, page=1, quote=value)


def facts_of(kind: str) -> Facts:
    """Facts of a document as a careful applicant writes it."""
    clauses = {
        each.id: Hit(strength="heading", page=2, quote=each.label)
        for each in CALL.checks
        if each.rule == "clause" and each.document == kind
    }
    fields = {
        "name": fact(NAME),
        "secretariat": fact("粤衡精密装备股份有限公司"),
        "contact": fact("综合部"),
        "recommender": fact("广州市科技创新委员会"),
        "address": fact("广州市天河区中山大道西89号"),
    }
    lists = {"form": MEMBERS, "plan": MEMBERS, "agreement": MEMBERS}
    return Facts(
        title=f"{NAME}{TITLES[kind]}",
        fields=fields if kind == "form" else {"name": fact(NAME)},
        members=lists.get(kind, ()),
        signatures=MEMBERS if kind == "agreement" else None,
        clauses=clauses,
    )


def document(
    kind: str,
    *,
    facts: Facts | None = None,
    problem: str = "",
    path: str = "",
    at: datetime = FIRST,
    version: int = 1,
    superseded: bool = False,
    detail: str = "",
) -> FiledDocument:
    readable = facts_of(kind) if kind in TITLES and not problem else Facts()
    path = path or f"{TITLES.get(kind, '其他文件')}.docx"
    return FiledDocument(
        id=1,
        kind=kind,
        path=path,
        filename=path.rsplit("/", 1)[-1],
        media_type="application/octet-stream",
        size=1,
        sha256=hashlib.sha256(f"{path}{at}{facts}".encode()).hexdigest(),
        pages=None,
        problem=problem,
        detail=detail,
        version=version,
        state=DocumentState.CURRENT,
        superseded=superseded,
        mail_id=1,
        filed_at=at,
        facts=readable if facts is None else facts,
    )


def documents(**changed: FiledDocument | None) -> tuple[FiledDocument, ...]:
    """The four documents, some of them replaced, or left out where None."""
    every = {kind: document(kind) for kind in TITLES} | changed
    return tuple(each for each in every.values() if each is not None)


PAPER = PaperRecord(
    id=1,
    register_no="Z-001",
    received_on=date(2016, 6, 1),
    name=NAME,
    copies=5,
    sealed=True,
    recommended=True,
    columns=("register_no", "received_on", "name", "copies", "sealed", "recommended"),
)


def case_of(
    *held: FiledDocument, paper: PaperRecord | None = PAPER, links: tuple[str, ...] = ()
) -> Case:
    return Case(
        name=NAME,
        secretariat="粤衡精密装备股份有限公司",
        documents=held,
        paper=paper,
        links=links,
    )


def clean_case() -> Case:
    return case_of(*documents())


def found(case: Case, finding: str, call: Call = CALL) -> list[Finding]:
    return [each for each in findings(case, call) if each.id == finding]


def only(case: Case, finding: str, call: Call = CALL) -> Finding:
    (one,) = found(case, finding, call)
    return one


def missing(case: Case) -> list[str]:
    return [each.id for each in findings(case, CALL) if each.outcome is Outcome.MISSING]


def changed(kind: str, **facts: object) -> FiledDocument:
    """A document of that kind, with some of its facts different."""
    return document(kind, facts=replace(facts_of(kind), **facts))  # type: ignore[arg-type] # by name


def without_clause(kind: str, clause: str) -> FiledDocument:
    clauses = facts_of(kind).clauses
    return changed(kind, clauses={key: hit for key, hit in clauses.items() if key != clause})


def with_field(name: str, value: str | None) -> FiledDocument:
    fields = {key: each for key, each in facts_of("form").fields.items() if key != name}
    return changed("form", fields=fields if value is None else fields | {name: fact(value)})


UNREAD = document("other", problem=Problem.UNSUPPORTED, path="材料.rar")
UNKNOWN = document("other", path="附页.docx")
LETTER = document("other", path="关于推荐联盟的推荐函.docx")


# ── Clean dossiers ────────────────────────────────────────────────────────────────────


def test_a_clean_dossier_has_every_finding_of_the_call_and_all_are_ok() -> None:
    result = findings(clean_case(), CALL)
    assert [each.id for each in result] == [
        each.id for each in CALL.checks if each.rule != "rivals"
    ]
    assert {each.outcome for each in result} == {Outcome.OK}


def test_a_cover_letter_and_a_scan_of_it_do_not_disturb_a_clean_dossier() -> None:
    scan = document("other", problem=Problem.SCAN, path="市科技局推荐函（盖章）.pdf")
    outcomes = {each.outcome for each in findings(case_of(*documents(), LETTER, scan), CALL)}
    assert outcomes == {Outcome.OK, Outcome.NOTE}


@pytest.mark.parametrize(
    ("path", "media_type", "problem"),
    [
        ("联盟介绍.pptx", media.PPTX, Problem.UNSUPPORTED),
        ("介绍.dps", media.PPT, Problem.UNSUPPORTED),
        ("IMG_0001.jpg", "image/jpeg", Problem.SCAN),
    ],
)
def test_a_presentation_or_a_picture_beside_a_whole_dossier_troubles_nobody(
    path: str, media_type: str, problem: Problem
) -> None:
    beside = replace(document("other", problem=problem, path=path), media_type=media_type)
    outcomes = {each.outcome for each in findings(case_of(*documents(), beside), CALL)}
    assert outcomes == {Outcome.OK, Outcome.NOTE}


# ── Documents ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", TITLES)
def test_an_absent_document_is_missing_and_nothing_is_said_of_its_contents(kind: str) -> None:
    case = case_of(*documents(**{kind: None}))
    assert missing(case) == [f"document.{kind}"]
    assert not [each for each in findings(case, CALL) if each.id.startswith(f"{kind}.")]


@pytest.mark.parametrize("other", [UNREAD, UNKNOWN, document("plan", problem=Problem.SCAN)])
def test_an_absent_document_is_doubtful_while_a_file_might_be_it(other: FiledDocument) -> None:
    case = case_of(*documents(agreement=None), other)
    result = only(case, "document.agreement")
    assert result.outcome is Outcome.DOUBTFUL
    assert other.path in result.detail


def test_an_absent_document_is_doubtful_while_a_link_has_not_been_fetched() -> None:
    case = case_of(*documents(agreement=None), links=("https://example.com/ftn/1",))
    assert only(case, "document.agreement").outcome is Outcome.DOUBTFUL


def test_a_cover_letter_cannot_be_the_absent_document() -> None:
    case = case_of(*documents(agreement=None), LETTER)
    assert missing(case) == ["document.agreement"]


@pytest.mark.parametrize("path", ["附件1推荐函.pdf", "推荐函、保密协议.pdf", "营业执照.jpg"])
def test_files_known_to_be_something_else_cannot_be_the_absent_document(path: str) -> None:
    unread = document("other", problem=Problem.SCAN, path=path)
    case = case_of(*documents(agreement=None), unread)
    assert missing(case) == ["document.agreement"]
    assert only(case, "file.readable").outcome is Outcome.NOTE


def test_a_file_named_after_all_material_and_a_letter_may_be_the_absent_document() -> None:
    bundle = document("other", problem=Problem.SCAN, path="申报材料及推荐函.pdf")
    case = case_of(*documents(agreement=None), bundle)
    assert only(case, "document.agreement").outcome is Outcome.DOUBTFUL


def test_an_unreadable_document_is_doubtful_and_its_contents_are_not_judged() -> None:
    unread = document("agreement", problem=Problem.UNSUPPORTED, path="组建协议.doc")
    case = case_of(*documents(agreement=unread))
    result = only(case, "document.agreement")
    assert result.outcome is Outcome.DOUBTFUL
    assert result.document == "组建协议.doc"
    assert not found(case, "agreement.risk")
    assert missing(case) == []


def test_a_damaged_document_is_said_to_be_damaged_not_to_be_missing() -> None:
    damaged = document("agreement", problem=Problem.DAMAGED)
    case = case_of(*documents(agreement=damaged))
    assert missing(case) == ["file.readable"]
    assert only(case, "document.agreement").outcome is Outcome.DOUBTFUL


def test_a_blank_form_is_a_missing_document_and_the_detail_says_so() -> None:
    blank = document("form", facts=Facts(title="申报表", template=True), path="附件1.docx")
    case = case_of(*documents(form=blank))
    assert missing(case) == ["document.form"]
    assert "空白" in only(case, "document.form").detail
    assert not found(case, "form.name")


def test_a_dossier_without_any_file_lacks_all_documents() -> None:
    assert missing(case_of()) == [f"document.{kind}" for kind in TITLES]


# ── The form ──────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["name", "secretariat", "contact", "recommender"])
@pytest.mark.parametrize("value", ["", None])
def test_a_field_left_blank_or_not_there_is_missing(name: str, value: str | None) -> None:
    case = case_of(*documents(form=with_field(name, value)))
    assert missing(case) == [f"form.{name}"]


def test_a_field_is_filled_when_one_of_two_files_of_the_form_says_so() -> None:
    other = document("form", facts=Facts(fields={"contact": fact("综合部")}), path="补充.docx")
    case = case_of(*documents(form=with_field("contact", "")), other)
    assert only(case, "form.contact").document == "补充.docx"


def test_a_form_of_which_no_label_was_recognised_is_doubtful() -> None:
    case = case_of(*documents(form=changed("form", fields={"name": fact(NAME)})))
    assert only(case, "form.contact").outcome is Outcome.DOUBTFUL


@pytest.mark.parametrize("members", [(), MEMBERS[:1]])
def test_a_form_that_does_not_list_several_members_lacks_them(members: tuple[Member, ...]) -> None:
    plan, agreement = changed("plan", members=()), changed("agreement", members=())
    form = changed("form", members=members)
    case = case_of(*documents(form=form, plan=plan, agreement=agreement))
    assert missing(case) == ["form.members"]


@pytest.mark.parametrize(
    ("recommender", "address", "outcome"),
    [
        ("广州市科技创新委员会", "广州市天河区中山大道西89号", Outcome.OK),
        ("广州市科技创新委员会", "天河区中山大道西89号", Outcome.OK),
        ("广州市科技创新委员会（盖章）", "深圳市南山区高新路1号", Outcome.DOUBTFUL),
        ("广州市黄埔区科技局", "广东省广州市黄埔区科学城", Outcome.OK),
        ("佛山市科学技术局", "佛山市顺德区大良街道", Outcome.DOUBTFUL),
        ("佛山市科学技术局", "佛山顺德大良街道", Outcome.DOUBTFUL),
        ("广州市科技局", "中山一路1号", Outcome.OK),
        ("佛山市顺德区经济和科技促进局", "佛山市顺德区大良街道", Outcome.OK),
        ("佛山市顺德区经济和科技促进局", "佛山市南海区桂城街道", Outcome.DOUBTFUL),
        ("佛山市顺德区经济和科技促进局", "佛山市大良街道", Outcome.OK),
        ("广东省教育厅", "深圳市南山区高新路1号", Outcome.OK),
        ("中山市科技局", "广州市海珠区新港西路", Outcome.DOUBTFUL),
        ("某研究会", "广州市天河区", Outcome.NOTE),
        ("广州市科技局", "", Outcome.OK),
    ],
)
def test_a_recommender_of_another_place_is_doubtful(
    recommender: str, address: str, outcome: Outcome
) -> None:
    fields = facts_of("form").fields | {"recommender": fact(recommender), "address": fact(address)}
    case = case_of(*documents(form=changed("form", fields=fields)))
    assert only(case, "form.recommender-area").outcome is outcome


def test_a_university_named_after_a_place_is_not_taken_to_lie_there() -> None:
    form = with_field("secretariat", "中山大学")
    case = replace(case_of(*documents(form=form)), secretariat="中山大学")
    assert only(case, "form.recommender-area").outcome is Outcome.OK


# ── Clauses ───────────────────────────────────────────────────────────────────────────

AGREEMENT = ["goals", "tasks", "rights", "ip", "benefits", "risk"]


@pytest.mark.parametrize("clause", AGREEMENT)
def test_a_clause_that_the_agreement_lacks_is_missing(clause: str) -> None:
    case = case_of(*documents(agreement=without_clause("agreement", f"agreement.{clause}")))
    assert missing(case) == [f"agreement.{clause}"]


def test_only_liability_for_breach_leaves_the_bearing_of_risk_doubtful() -> None:
    clauses = facts_of("agreement").clauses | {
        "agreement.risk": Hit(strength="weak", page=7, quote="违约责任")
    }
    case = case_of(*documents(agreement=changed("agreement", clauses=clauses)))
    result = only(case, "agreement.risk")
    assert (result.outcome, result.page, result.quote) == (Outcome.DOUBTFUL, 7, "违约责任")


def test_a_clause_is_proven_with_page_and_quote() -> None:
    result = only(clean_case(), "agreement.risk")
    assert (result.document, result.page, result.quote) == ("组建协议.docx", 2, "风险承担")


@pytest.mark.parametrize("clause", ["goals", "organisation", "experts", "staff"])
def test_what_the_plan_lacks_is_missing(clause: str) -> None:
    case = case_of(*documents(plan=without_clause("plan", f"plan.{clause}")))
    assert missing(case) == [f"plan.{clause}"]


def test_any_document_may_prove_what_is_asked_of_the_alliance() -> None:
    clauses = facts_of("charter").clauses | {
        "plan.experts": Hit(strength="text", quote="专家委员会")
    }
    charter = changed("charter", clauses=clauses)
    case = case_of(*documents(plan=without_clause("plan", "plan.experts"), charter=charter))
    assert only(case, "plan.experts").document == charter.path
    assert missing(case) == []


def test_an_unread_scan_of_the_same_document_makes_a_lacking_clause_doubtful() -> None:
    scan = document("agreement", problem=Problem.SCAN, path="协议盖章版.pdf")
    case = case_of(*documents(agreement=without_clause("agreement", "agreement.risk")), scan)
    assert only(case, "agreement.risk").outcome is Outcome.DOUBTFUL


def test_an_unread_charter_does_not_settle_what_the_agreement_lacks() -> None:
    scan = document("charter", problem=Problem.SCAN, path="章程盖章版.pdf")
    case = case_of(*documents(agreement=without_clause("agreement", "agreement.risk")), scan)
    assert missing(case) == ["agreement.risk"]


def test_pages_that_are_pictures_make_a_lacking_clause_doubtful() -> None:
    lacking = replace(without_clause("agreement", "agreement.risk"), detail="第9页是图片，没有文字")
    case = case_of(*documents(agreement=lacking))
    assert only(case, "agreement.risk").outcome is Outcome.DOUBTFUL
    assert only(case, "file.readable").outcome is Outcome.NOTE


def test_an_unknown_file_in_a_supplement_makes_a_lacking_clause_doubtful() -> None:
    lacking = documents(agreement=without_clause("agreement", "agreement.risk"))
    assert missing(case_of(*lacking, UNKNOWN)) == ["agreement.risk"]
    supplement = replace(UNKNOWN, filed_at=LATER)
    assert only(case_of(*lacking, supplement), "agreement.risk").outcome is Outcome.DOUBTFUL


def test_what_an_earlier_version_had_is_doubtful_when_the_new_one_lacks_it() -> None:
    earlier = document("agreement", superseded=True)
    lacking = without_clause("agreement", "agreement.risk")
    newer = replace(lacking, version=2, filed_at=LATER)
    case = case_of(*documents(agreement=newer), earlier, paper=None)
    assert only(case, "agreement.risk").outcome is Outcome.DOUBTFUL


def test_a_superseded_version_proves_and_lacks_nothing() -> None:
    lacking = without_clause("agreement", "agreement.risk")
    newer = document("agreement", version=2, at=LATER, path="协议（新）.docx")
    case = case_of(*documents(agreement=newer), replace(lacking, superseded=True), paper=None)
    assert only(case, "agreement.risk").document == "协议（新）.docx"


@pytest.mark.parametrize("clause", ["general", "organisation", "members"])
def test_what_the_charter_lacks_is_doubtful(clause: str) -> None:
    case = case_of(*documents(charter=without_clause("charter", f"charter.{clause}")))
    assert only(case, f"charter.{clause}").outcome is Outcome.DOUBTFUL
    assert missing(case) == []


# ── Signatures ────────────────────────────────────────────────────────────────────────


def signed(*names: str) -> Case:
    block = tuple(Member(name=each, page=9) for each in names)
    return case_of(*documents(agreement=changed("agreement", signatures=block)))


ALL = [each.name for each in MEMBERS]


def test_an_agreement_without_a_signature_block_is_doubtful() -> None:
    case = case_of(*documents(agreement=changed("agreement", signatures=None)))
    assert only(case, "agreement.signatures").outcome is Outcome.DOUBTFUL


def test_a_signature_block_that_lacks_a_member_names_it() -> None:
    case = signed(*ALL[:2])
    assert missing(case) == ["agreement.signatures"]
    assert ALL[2] in only(case, "agreement.signatures").detail
    assert only(case, "agreement.signatures").page == 9


@pytest.mark.parametrize(
    "names",
    [
        (),
        ("",),
        (ALL[0], ""),
        (ALL[0], f"{ALL[1]}机电学院", ALL[2]),
        ("粤衡精密装备有限公司", *ALL[1:]),
    ],
)
def test_blank_lines_colleges_and_near_names_in_the_block_are_no_lack(names: list[str]) -> None:
    assert only(signed(*names), "agreement.signatures").outcome is Outcome.OK


def test_a_block_in_which_most_members_are_not_seen_is_doubtful() -> None:
    assert only(signed(ALL[0]), "agreement.signatures").outcome is Outcome.DOUBTFUL


def test_the_block_is_held_against_the_form_when_the_agreement_lists_nobody() -> None:
    block = MEMBERS[:2]
    agreement = changed("agreement", members=(), signatures=block)
    assert missing(case_of(*documents(agreement=agreement))) == ["agreement.signatures"]


# ── Members ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", ["enterprise", "research"])
def test_a_kind_of_member_that_is_not_there_is_doubtful(kind: str) -> None:
    others = tuple(
        replace(each, kind="other", name=f"粤岭{at}号产业园区")
        for at, each in enumerate(MEMBERS)
        if each.kind == kind
    )
    rest = tuple(each for each in MEMBERS if each.kind != kind)
    held = [changed(each, members=others + rest) for each in ("form", "plan", "agreement")]
    case = case_of(*held, document("charter"))
    assert only(case, f"members.{kind}").outcome is Outcome.DOUBTFUL


def test_nothing_is_said_of_kinds_when_no_list_was_read() -> None:
    held = [changed(each, members=()) for each in ("form", "plan", "agreement")]
    case = case_of(*held, document("charter"))
    assert not found(case, "members.enterprise")
    assert not found(case, "members.consistent")


def listing(*names: str, in_form: tuple[str, ...] = tuple(ALL)) -> Case:
    """The agreement lists and signs with those names, the plan lists nobody."""
    parties = tuple(Member(name=each, kind="enterprise") for each in names)
    form = changed("form", members=tuple(Member(name=each, kind="research") for each in in_form))
    agreement = changed("agreement", members=parties, signatures=parties)
    return case_of(*documents(form=form, plan=changed("plan", members=()), agreement=agreement))


def test_a_member_that_stands_in_one_list_only_is_missing_and_the_detail_says_where() -> None:
    case = listing(*ALL[:2])
    assert missing(case) == ["agreement.signatures", "members.consistent"]
    detail = only(case, "members.consistent").detail
    assert f"“{ALL[2]}”见于申报表，未见于组建协议" in detail


def test_a_member_with_a_near_name_is_doubtful() -> None:
    case = listing("粤衡精密装备有限公司", *ALL[1:])
    result = only(case, "members.consistent")
    assert result.outcome is Outcome.DOUBTFUL
    assert "粤衡精密装备有限公司" in result.detail
    assert "粤衡精密装备股份有限公司" in result.detail


def test_a_college_or_laboratory_of_a_member_is_no_difference() -> None:
    case = listing(ALL[0], "岭南华瑞大学机电工程学院", ALL[2])
    assert only(case, "members.consistent").outcome is Outcome.OK


def test_lists_that_have_little_in_common_are_doubtful() -> None:
    many = tuple(f"岭南第{each}智造有限公司" for each in "一二三四五六七")
    case = listing(*many[:2], in_form=many)
    assert only(case, "members.consistent").outcome is Outcome.DOUBTFUL


def test_a_plan_that_names_a_few_members_in_passing_is_no_whole_list() -> None:
    many = tuple(Member(name=f"岭南第{each}智造有限公司") for each in "一二三四五六七")
    form, plan = changed("form", members=many), changed("plan", members=many[:2])
    agreement = changed("agreement", members=many, signatures=many)
    case = case_of(*documents(form=form, plan=plan, agreement=agreement))
    assert only(case, "members.consistent").outcome is Outcome.OK


# ── Names ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "outcome"),
    [
        (NAME, Outcome.OK),
        ("广东省 工业机器人 产业技术创新联盟", Outcome.OK),
        ("工业机器人产业技术创新联盟", Outcome.MISSING),
        ("广东工业机器人产业技术创新联盟", Outcome.MISSING),
        ("广东省产业技术创新联盟", Outcome.MISSING),
        ("广东省工业机器人产业联盟", Outcome.MISSING),
        ("广东省工业机器人产业技术创新战略联盟", Outcome.NOTE),
    ],
)
def test_a_name_follows_the_pattern_of_the_notice(name: str, outcome: Outcome) -> None:
    case = case_of(*documents(form=with_field("name", name)))
    assert only(case, "name.pattern").outcome is outcome


def test_names_that_differ_are_missing_and_the_detail_shows_the_variants() -> None:
    other = "广东省服务机器人产业技术创新联盟"
    case = case_of(*documents(charter=changed("charter", fields={"name": fact(other)})))
    assert missing(case) == ["name.consistent"]
    detail = only(case, "name.consistent").detail
    assert f"“{NAME}”（申报表、组建方案、组建协议）" in detail
    assert f"“{other}”（组建章程）" in detail


def test_width_spaces_and_documents_without_a_name_make_no_difference() -> None:
    charter = changed("charter", fields={"name": fact("“广东省 工业机器人 产业技术创新联盟”")})
    case = case_of(*documents(charter=charter, plan=changed("plan", fields={})))
    assert only(case, "name.consistent").outcome is Outcome.OK


def test_the_name_of_the_form_counts_before_that_of_other_documents() -> None:
    other = changed("plan", fields={"name": fact("工业机器人联盟")})
    case = case_of(other, document("form"))
    assert only(case, "name.pattern").outcome is Outcome.OK


def test_without_a_name_in_any_document_the_dossiers_own_is_judged() -> None:
    case = replace(case_of(), name="工业机器人联盟")
    assert only(case, "name.pattern").outcome is Outcome.MISSING
    assert not found(replace(case, name=""), "name.pattern")


# ── Text and files ────────────────────────────────────────────────────────────────────


def test_placeholders_give_one_finding_for_each_document_that_has_them() -> None:
    left = (Fact(value="XX", page=3, quote="XX公司"), Fact(value="待定", page=4, quote="待定"))
    case = case_of(
        *documents(plan=changed("plan", placeholders=left), form=changed("form", placeholders=left))
    )
    plan, form = sorted(found(case, "text.placeholder"), key=lambda each: each.document)[::-1]
    assert (plan.outcome, plan.document, plan.page, plan.quote) == (
        Outcome.MISSING,
        "组建方案.docx",
        3,
        "XX公司",
    )
    assert form.document == "申报表.docx"


@pytest.mark.parametrize("problem", Problem)
def test_only_a_file_that_is_itself_at_fault_is_blamed(problem: Problem) -> None:
    case = case_of(*documents(), document("other", problem=problem, path="补充.zip"))
    result = only(case, "file.readable")
    assert result.document == "补充.zip"
    at_fault = problem in {Problem.EMPTY, Problem.DAMAGED, Problem.LOCKED}
    assert result.outcome is (Outcome.MISSING if at_fault else Outcome.DOUBTFUL)


def test_every_unreadable_file_gives_its_own_finding() -> None:
    other = document("other", problem=Problem.LOCKED, path="补充.zip")
    assert [each.document for each in found(case_of(UNREAD, other), "file.readable")] == [
        "材料.rar",
        "补充.zip",
    ]


def test_words_for_engineers_are_kept_out_of_the_detail() -> None:
    damaged = document("other", problem=Problem.DAMAGED, path="补充.zip", detail="BadZipFile")
    assert "BadZipFile" not in only(case_of(damaged), "file.readable").detail


def test_a_locked_archive_is_only_noted_once_everything_has_come_again() -> None:
    locked = document("other", problem=Problem.LOCKED, path="材料.zip")
    sent_again = [document(kind, at=LATER) for kind in TITLES]
    case = case_of(locked, *sent_again, paper=None)
    assert only(case, "file.readable").outcome is Outcome.NOTE
    assert missing(case) == ["paper.record"]


def test_a_link_that_nobody_has_fetched_is_doubtful() -> None:
    case = case_of(*documents(), links=("https://example.com/ftn/1",))
    assert only(case, "file.link").outcome is Outcome.DOUBTFUL


# ── Paper ─────────────────────────────────────────────────────────────────────────────


def on_paper(**values: object) -> Case:
    return case_of(*documents(), paper=replace(PAPER, **values))  # type: ignore[arg-type] # by name


def test_without_a_paper_record_nothing_else_is_said_of_paper() -> None:
    case = case_of(*documents(), paper=None)
    assert missing(case) == ["paper.record"]
    assert [each.id for each in findings(case, CALL) if each.id.startswith("paper.")] == [
        "paper.record"
    ]


POINTS = [
    ("copies", "copies", 4),
    ("seals", "sealed", False),
    ("recommendation", "recommended", False),
]


@pytest.mark.parametrize(("point", "column", "lack"), POINTS)
def test_what_the_register_says_is_lacking_is_missing(
    point: str, column: str, lack: object
) -> None:
    assert missing(on_paper(**{column: lack})) == [f"paper.{point}"]


@pytest.mark.parametrize(("point", "column", "lack"), POINTS)
def test_a_blank_cell_is_doubtful_and_a_sheet_without_the_column_a_note_unless_it_is_kept(
    point: str, column: str, lack: object
) -> None:
    del lack
    assert only(on_paper(**{column: None}), f"paper.{point}").outcome is Outcome.DOUBTFUL
    without = on_paper(**{column: None, "columns": ("name",)})
    assert only(without, f"paper.{point}").outcome is Outcome.NOTE
    paper = CALL.paper.model_copy(update={"keeps": ("copies", "sealed", "recommended")})
    kept = CALL.model_copy(update={"paper": paper})
    found = [each for each in findings(without, kept) if each.id == f"paper.{point}"]
    assert [each.outcome for each in found] == [Outcome.DOUBTFUL]


def test_copies_that_could_not_be_read_are_not_called_blank() -> None:
    detail = only(on_paper(copies=None, copies_text="若干"), "paper.copies").detail
    assert "写的是“若干”，未能识别" in detail
    assert "未填" not in detail


def test_too_few_copies_say_how_many_to_bring() -> None:
    assert "请补交2份" in only(on_paper(copies=3), "paper.copies").detail


def test_seals_that_lack_are_told_with_the_remark_of_the_register() -> None:
    detail = only(on_paper(sealed=False, remark="缺一家公章"), "paper.seals").detail
    assert detail.endswith("收件登记注明不齐（备注：缺一家公章）")


def test_the_words_of_the_register_are_quoted() -> None:
    case = on_paper(sealed=False, sealed_text="缺1份")
    assert "缺1份" in only(case, "paper.seals").detail


def test_a_document_replaced_after_its_paper_was_received_is_doubtful() -> None:
    old = document("charter", superseded=True)
    case = case_of(*documents(charter=document("charter", version=2, at=LATER)), old)
    result = only(case, "paper.record")
    assert result.outcome is Outcome.DOUBTFUL
    assert "组建章程" in result.detail


def test_a_document_replaced_before_its_paper_was_received_is_not() -> None:
    old = document("charter", superseded=True)
    case = replace(
        case_of(*documents(charter=document("charter", version=2, at=LATER)), old),
        paper=replace(PAPER, received_on=date(2016, 6, 8)),
    )
    assert only(case, "paper.record").outcome is Outcome.OK


def test_two_ways_to_settle_disputes_are_noted_and_hold_nothing_up() -> None:
    clean = clean_case()
    [agreement] = [each for each in clean.documents if each.kind == "agreement"]
    both = {**agreement.facts.clauses, "agreement.disputes": Hit(strength="text", quote="仲裁")}
    documents_now = tuple(
        replace(each, facts=replace(each.facts, clauses=both)) if each is agreement else each
        for each in clean.documents
    )
    noted = only(replace(clean, documents=documents_now), "agreement.disputes")
    assert noted.outcome is Outcome.NOTE
    assert not found(clean, "agreement.disputes")


# ── Text that a machine has read in pictures ──────────────────────────────────────────


def misread(name: str) -> dict[str, Fact]:
    """The fields of the form, but that one character of the name was read wrongly."""
    return facts_of("form").fields | {"name": Fact(value=name.replace("产业", "产亚"), page=1)}


def recognised(kind: str, **facts: object) -> FiledDocument:
    """A scan of that kind, as a machine has read it, with some of its facts different."""
    return replace(changed(kind, **facts), scan=Scan.READ)


def test_what_is_found_in_a_recognised_scan_counts() -> None:
    scans = {kind: recognised(kind) for kind in TITLES}
    assert {each.outcome for each in findings(case_of(*scans.values()), CALL)} == {Outcome.OK}


@pytest.mark.parametrize(
    ("finding", "held"),
    [
        ("document.agreement", {"charter": recognised("charter"), "agreement": None}),
        ("document.form", {"form": recognised("form", template=True)}),
        ("form.contact", {"form": recognised("form", fields={"name": Fact(value=NAME)})}),
        ("form.members", {"form": recognised("form", members=())}),
        ("agreement.risk", {"agreement": recognised("agreement", clauses={})}),
        ("agreement.signatures", {"agreement": recognised("agreement", signatures=MEMBERS[:2])}),
        ("members.consistent", {"form": recognised("form", members=(MEMBERS[0], *MEMBERS[2:]))}),
        ("name.consistent", {"form": recognised("form", fields=misread(NAME))}),
        ("name.pattern", {"form": recognised("form", fields=misread("某协会"))}),
        ("text.placeholder", {"plan": recognised("plan", placeholders=(Fact(value="×××"),))}),
    ],
)
def test_what_is_not_found_in_a_recognised_scan_is_doubtful(
    finding: str, held: dict[str, FiledDocument | None]
) -> None:
    case = case_of(*documents(**held))
    assert missing(case) == []
    [found] = [each for each in findings(case, CALL) if each.id == finding]
    assert found.outcome is Outcome.DOUBTFUL
    assert "由扫描件识别，可能有误" in found.detail
