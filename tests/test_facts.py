"""What is read in documents: fields, members, signatures, clauses, placeholders."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.call import load_calls
from parsers.facts import read_facts
from parsers.lines import line_of
from parsers.members import member_of
from parsers.submission import Block, Content, Facts, Hit
from tests.documents import (
    ALLIANCE,
    CLEAN,
    COMPANY,
    INSTITUTE,
    MEMBERS,
    SECOND,
    THIRD,
    UNIVERSITY,
    by_the_book,
    content,
    label_lines,
    opened,
    printed,
)

CALL = load_calls()["guangdong-alliance-2016"]
KINDS = ("form", "plan", "charter", "agreement")
Maker = Callable[[], tuple[Content, Content, Content, Content]]


def facts_of(make: Maker) -> dict[str, Facts]:
    return {kind: read_facts(each, kind, CALL) for kind, each in zip(KINDS, make(), strict=True)}


def names_in(facts: Facts) -> list[str]:
    return [each.name for each in facts.members]


def without(read: Content, *starts: str) -> Content:
    """Leave out the sections that begin with these words, up to the next numbered heading."""
    kept: list[Block] = []
    leaving = False
    for block in read.pages[0].blocks:
        if isinstance(block, str):
            leaving = block.startswith(starts) or (leaving and block[0] not in "第一二三四五六（")
        if not leaving:
            kept.append(block)
    return content(*kept)


# ── Clean dossiers in six layouts ─────────────────────────────────────────────────────


@pytest.mark.parametrize("make", CLEAN)
def test_every_clause_of_a_clean_dossier_is_found(make: Maker) -> None:
    facts = facts_of(make)
    for check in CALL.checks:
        if check.rule == "clause":
            read = facts.values() if check.anywhere else [facts[check.document]]
            hits = [each.clauses[check.id].strength for each in read if check.id in each.clauses]
            assert {"heading", "text"} & set(hits), check.id


@pytest.mark.parametrize("make", CLEAN)
def test_a_clean_dossier_has_no_placeholder_and_no_blank_form(make: Maker) -> None:
    for facts in facts_of(make).values():
        assert facts.placeholders == ()
        assert not facts.template


@pytest.mark.parametrize("make", CLEAN)
def test_the_fields_of_a_clean_form_are_read(make: Maker) -> None:
    fields = facts_of(make)["form"].fields
    assert fields["name"].value == ALLIANCE
    assert fields["secretariat"].value in {COMPANY, UNIVERSITY}
    assert fields["recommender"].value.endswith(("局", "委员会", "厅"))
    assert fields["contact"].value.startswith("联络员")
    assert fields["phone"].value


@pytest.mark.parametrize("make", CLEAN)
def test_the_member_lists_of_a_clean_dossier_agree(make: Maker) -> None:
    for facts in facts_of(make).values():
        assert names_in(facts) in ([], list(MEMBERS))


@pytest.mark.parametrize("make", CLEAN)
def test_form_and_agreement_list_members_of_both_kinds(make: Maker) -> None:
    facts = facts_of(make)
    for kind in ("form", "agreement"):
        kinds = [each.kind for each in facts[kind].members]
        assert kinds == ["enterprise"] * 3 + ["research"] * 2


@pytest.mark.parametrize("make", CLEAN)
def test_the_signature_block_of_a_clean_agreement_names_all(make: Maker) -> None:
    signatures = facts_of(make)["agreement"].signatures
    assert signatures is not None
    assert {each.name for each in signatures} == set(MEMBERS)


@pytest.mark.parametrize("make", CLEAN)
def test_every_document_that_carries_the_name_gives_it(make: Maker) -> None:
    for each in facts_of(make).values():
        assert each.fields.get("name") is None or each.fields["name"].value == ALLIANCE


# ── One defect at a time ──────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("start", "finding"),
    [
        ("第一条", "agreement.goals"),
        ("第二条", "agreement.tasks"),
        ("第三条", "agreement.rights"),
        ("第四条", "agreement.ip"),
        ("第五条", "agreement.benefits"),
    ],
)
def test_a_clause_that_is_left_out_is_not_found(start: str, finding: str) -> None:
    agreement = without(by_the_book()[3], start)
    clauses = read_facts(agreement, "agreement", CALL).clauses
    expected = {
        each.id
        for each in CALL.checks
        if each.id.startswith("agreement.") and each.rule != "rivals"
    }
    lacking = {each for each in expected if each not in clauses}
    assert lacking == {finding, "agreement.signatures"}


def test_breach_alone_leaves_the_risk_clause_doubtful() -> None:
    clauses = read_facts(without(by_the_book()[3], "第六条"), "agreement", CALL).clauses
    assert clauses["agreement.risk"] == Hit(strength="weak", quote="第七条 违约责任")


def test_slogans_of_the_preamble_bear_no_risk() -> None:
    agreement = without(by_the_book()[3], "第六条", "第七条")
    assert "agreement.risk" not in read_facts(agreement, "agreement", CALL).clauses


@pytest.mark.parametrize(
    ("lines", "strength"),
    [
        (["第六条 违约责任与风险", "各方各自承担。"], "heading"),
        (["六、利益共享、风险共担", "各方共同承担。"], "heading"),
        (["（二）优势互补、利益共享、风险共担", "坚持平等协商。"], None),
        (["（六）风 险 承 担", "由各方分担。"], "heading"),
        (["第六条【风险承担】各方共同承担。"], "heading"),
        (["第六条 风险承担：各方共同承担。"], "heading"),
        (["第六条 风险承担........5"], "weak"),
        (["第六条 风险承担", "第七条 争议解决", "协商解决。"], "weak"),
        (["各方按照投入比例共同承担研发风险。"], "text"),
        (["本协议不涉及风险承担。"], None),
    ],
)
def test_ways_of_speaking_of_risk(lines: list[str], strength: str | None) -> None:
    hit = read_facts(content("组建协议", *lines), "agreement", CALL).clauses.get("agreement.risk")
    assert (hit.strength if hit else None) == strength


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("（三）成员不得侵犯他方知识产权。", False),
        ("形成自主知识产权。应当突破自主知识产权瓶颈。", False),
        ("3.知识产权归各方共有，任何一方不得擅自转让。", True),
        ("原有知识产权不变。新产生的知识产权归完成方所有。", True),
    ],
)
def test_a_passing_mention_is_no_clause(text: str, *, found: bool) -> None:
    clauses = read_facts(content("组建协议", text), "agreement", CALL).clauses
    assert ("agreement.ip" in clauses) is found


@pytest.mark.parametrize(
    "words", ["权利与义务", "权利和义务", "权利义务", "权利、义务", "义务和权利"]
)
def test_words_that_join_make_no_difference(words: str) -> None:
    read = content("组建协议", f"第三章 各方的{words}", "按本协议执行。")
    hit = read_facts(read, "agreement", CALL).clauses["agreement.rights"]
    assert hit.strength == "heading"


def test_a_printed_heading_over_a_blank_table_proves_nothing() -> None:
    heads = ("序号", "姓名", "职称", "所在单位", "委员会职务")
    form = content("申报表", "五、专家委员会", (heads, ("1", "", "", "", "")))
    assert "plan.experts" not in read_facts(form, "form", CALL).clauses
    filled = content("申报表", "五、专家委员会", (heads, ("1", "甲", "教授", UNIVERSITY, "主任")))
    assert read_facts(filled, "form", CALL).clauses["plan.experts"].strength == "heading"


def test_a_quote_says_on_which_page_it_stands() -> None:
    agreement = printed(["组建协议"], ["第八条 风险承担", "由各方分担。"])
    hit = read_facts(agreement, "agreement", CALL).clauses["agreement.risk"]
    assert (hit.page, hit.quote) == (2, "第八条 风险承担")


def test_a_sentence_broken_over_printed_lines_is_one() -> None:
    agreement = printed(
        [
            "组建协议",
            "联盟各方经过充分协商一致同意，在研究开发过程中因不可预见的技术困难所产生的全部研发风",
            "险由各方按照投入比例分别承担。",
        ]
    )
    assert read_facts(agreement, "agreement", CALL).clauses["agreement.risk"].strength == "text"


@pytest.mark.parametrize("blank", ["", "   ", "______", "＿＿＿", "（盖章）", "  年  月  日", "/"])
def test_a_space_left_blank_is_an_empty_field(blank: str) -> None:
    for form in (
        content("申报表", (("联系人", blank, "联系电话", "020-00000000"),)),
        content("申报表", f"联系人：{blank}", "联系电话：020-00000000"),
        content("申报表", f"联 系 人（签名）：{blank}   联系电话：020-00000000"),
    ):
        fields = read_facts(form, "form", CALL).fields
        assert fields["contact"].value == ""
        assert fields["phone"].value == "020-00000000"


def test_a_neighbouring_label_is_no_value() -> None:
    form = content("申报表", (("联系人", "职务", "传真"), ("", "主任", "")))
    assert read_facts(form, "form", CALL).fields["contact"].value == ""


def test_the_sheets_of_members_do_not_fill_the_cover() -> None:
    form = content(
        "申报表",
        (("秘书处单位", ""), ("联系人", "")),
        "成员情况表（企业）",
        (("单位名称", COMPANY, "联系人", "甲"), ("单位性质", "企业", "电话", "1")),
        (("单位名称", SECOND, "联系人", "乙"), ("单位性质", "企业", "电话", "2")),
    )
    facts = read_facts(form, "form", CALL)
    assert facts.fields["contact"].value == ""
    assert facts.fields["secretariat"].value == ""
    assert names_in(facts) == [COMPANY, SECOND]


def test_a_name_left_blank_is_not_taken_from_the_title() -> None:
    form = content(f"{ALLIANCE}申报表", (("联盟名称", ""), ("联系人", "甲")))
    assert read_facts(form, "form", CALL).fields["name"].value == ""
    form = content("申报表", (("联盟名称", "广东省XXX产业技术创新联盟"), ("联系人", "甲")))
    assert read_facts(form, "form", CALL).fields["name"].value == ""


def test_another_alliance_in_the_text_does_not_give_the_name() -> None:
    plan = content("组建方案", "借鉴国家半导体照明产业技术创新战略联盟的经验。")
    assert "name" not in read_facts(plan, "plan", CALL).fields
    plan = content("组建方案", f"{ALLIANCE}（以下简称联盟）由骨干企业发起。")
    assert read_facts(plan, "plan", CALL).fields["name"].value == ALLIANCE


def test_a_typing_error_in_the_title_is_kept() -> None:
    charter = content("广东省工业机器产业技术创新联盟章程", "第一条 总则")
    name = read_facts(charter, "charter", CALL).fields["name"].value
    assert name == "广东省工业机器产业技术创新联盟"


def test_the_blank_form_is_told() -> None:
    form = content(
        "广东省产业技术创新联盟申报表",
        (("联盟名称", ""), ("秘书处单位", ""), ("推荐单位", ""), ("联系人", "", "联系电话", "")),
        "成员情况表（企业）",
        (("单位名称", "", "单位性质", ""), ("法定代表人", "", "联系人", "")),
    )
    assert read_facts(form, "form", CALL).template
    charter = content("广东省（    ）产业技术创新联盟章程", "第一章 总则", "第二章 组织机构")
    assert read_facts(charter, "charter", CALL).template


# ── Members and signatures ────────────────────────────────────────────────────────────


def test_a_council_is_no_list_of_members() -> None:
    form = content(
        "申报表",
        (
            ("序号", "姓名", "单位名称", "理事会职务"),
            ("1", "甲", f"{UNIVERSITY}机电学院", "理事长"),
            ("2", "乙", COMPANY, "理事"),
        ),
    )
    assert read_facts(form, "form", CALL).members == ()


def test_organisations_in_running_text_are_no_members() -> None:
    plan = content("组建方案", f"{COMPANY}、{SECOND}和{UNIVERSITY}在行业内处于领先地位。")
    assert read_facts(plan, "plan", CALL).members == ()
    budget = (("单位名称", "经费"), (COMPANY, "10"), (SECOND, "20"))
    assert read_facts(content("组建方案", "经费预算", budget), "plan", CALL).members == ()


def test_a_member_listed_twice_counts_once() -> None:
    lines = [f"1. {COMPANY}", f"2. {SECOND}", f"3. {COMPANY}（理事长单位）"]
    plan = content("组建方案", "成员单位名单", *lines)
    assert names_in(read_facts(plan, "plan", CALL)) == [COMPANY, SECOND]


def test_codes_and_ticked_kinds_of_members_are_read() -> None:
    form = content(
        "申报表",
        "成员情况表",
        (
            ("单位名称", "单位性质", "统一社会信用代码"),
            ("衡海数控", "□高校 ☑企业", "91110108551385082Q"),
            (INSTITUTE, "事业单位", "55138508-2"),
        ),
    )
    first, second = read_facts(form, "form", CALL).members
    assert (first.kind, first.code) == ("enterprise", "551385082")
    assert (second.kind, second.code) == ("research", "551385082")


def test_an_agreement_without_a_signature_block_is_told() -> None:
    agreement = content("组建协议", "第一条 本协议自各方法定代表人签字（盖章）之日起生效。")
    assert read_facts(agreement, "agreement", CALL).signatures is None


def test_a_member_lacking_in_the_signature_block_is_lacking() -> None:
    blocks = [
        each for each in by_the_book()[3].pages[0].blocks if each != f"丁方（盖章）：{UNIVERSITY}"
    ]
    signatures = read_facts(content(*blocks), "agreement", CALL).signatures
    assert signatures is not None
    assert [each.name for each in signatures] == [COMPANY, SECOND, THIRD, INSTITUTE]


def test_a_signature_block_keeps_all_that_stands_in_it() -> None:
    broken = ["签署页", f"{COMPANY[:-2]} {UNIVERSITY}", f"{COMPANY[-2:]}", "法定代表人（签字）："]
    facts = read_facts(content("组建协议", *broken), "agreement", CALL)
    assert any(COMPANY[:-2] in text for text in facts.signed)


@pytest.mark.parametrize("ahead", ["甲方系", "签约方2——", "立约人三——", "一是", "即"])
def test_a_label_before_a_party_is_no_part_of_its_name(ahead: str) -> None:
    line = line_of(f"{ahead}{COMPANY}", None)
    assert member_of(line.raw, line, "", CALL).name == COMPANY


@pytest.mark.parametrize(
    "block",
    [
        ["甲方（盖章）：________", "法定代表人（签字）：________", "乙方（盖章）：________"],
        ["单位（盖章）：", "法定代表人（签字）：", "单位（盖章）：", "法定代表人（签字）："],
        ["签署页", "法定代表人（签字）：", "法定代表人（签字）："],
        [f"单位（盖章）：{COMPANY}", "单位（盖章）：", "单位（盖章）："],
    ],
)
def test_a_block_with_blank_lines_names_nobody(block: list[str]) -> None:
    agreement = content("组建协议", "第一条 目标", "突破关键技术。", *block)
    assert read_facts(agreement, "agreement", CALL).signatures == ()


def test_only_the_agreement_is_asked_for_signatures() -> None:
    assert read_facts(label_lines()[0], "form", CALL).signatures is None


# ── Placeholders ──────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "line",
    [
        "联盟由XX公司牵头。",
        "由×××（单位）负责。",
        "广东省XXX（领域或行业）产业技术创新联盟章程",
        "广东省（  ）产业技术创新联盟",
        "广东省______产业技术创新联盟",
        "广东省        产业技术创新联盟",
        "贵州某某食品有限公司(要删除)",
        "专家委员会主任：待定",
        "秘书长人选待定。",
        "联盟经费为（请填写金额）万元。",
        "到20XX年建成。",
        "甲方向乙方支付____作为首期投入。",
    ],
)
def test_text_to_be_replaced_is_quoted(line: str) -> None:
    found = read_facts(content("组建方案", line), "plan", CALL).placeholders
    assert len(found) == 1
    assert found[0].value in line
    assert found[0].quote


@pytest.mark.parametrize(
    "line",
    [
        "领域或行业：工业机器人",
        "法定代表人（签字）：XX",
        "签署日期：20XX年 月 日",
        "传真：________    手机：________",
        "______________________________",
        "一、建设目标……………………1",
        "本协议一式____份，自____年____月____日起生效。",
        "企业____家，高校____家",
        "接待定点单位，有待补充和完善。",
        "尺寸为3×4米，XXL型与XXI型。",
        "二○一六年五月",
        "按照通知，名称统一为“广东省XXX（领域或行业）产业技术创新联盟”。",
        "广东省 产业技术创新联盟申报表",
        "粤府〔2016〕12号",
        "应用示例见附录，请填写者阅读。",
    ],
)
def test_text_that_only_looks_like_it_is_left_alone(line: str) -> None:
    assert read_facts(content("组建方案", line), "plan", CALL).placeholders == ()


def test_fields_for_signature_seal_date_and_opinion_are_left_alone() -> None:
    rows = (("推荐单位意见", "XX"), ("单位（盖章）", "XXX"), ("成立日期", "20XX年"))
    assert read_facts(content("申报表", rows), "form", CALL).placeholders == ()


def test_editing_marks_are_quoted() -> None:
    read = content("组建方案", "一、背景", marks=("这里再核实一下", " "))
    found = read_facts(read, "plan", CALL).placeholders
    assert [each.value for each in found] == ["这里再核实一下"]


# ── Any input ─────────────────────────────────────────────────────────────────────────

_CELLS = st.sampled_from(
    [
        "",
        "联盟名称",
        "单位名称",
        "联系人：",
        COMPANY,
        UNIVERSITY,
        "甲方：",
        "成员情况表",
        "一、",
        "XX",
    ]
)
_BLOCKS = st.one_of(
    st.text(max_size=40),
    st.lists(_CELLS, min_size=1, max_size=4).map("".join),
    st.lists(st.lists(_CELLS, max_size=4).map(tuple), max_size=4).map(tuple),
)


@settings(max_examples=150)
@given(st.lists(_BLOCKS, max_size=8), st.sampled_from([*KINDS, "other"]))
def test_any_blocks_give_facts(blocks: list[Block], kind: str) -> None:
    facts = read_facts(content(*blocks, number=1), kind, CALL)
    assert all(each.name for each in facts.members)
    assert set(facts.clauses) <= {each.id for each in CALL.checks}


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "unit",
    [
        " ",
        "_",
        "（",
        "联盟",
        "产业技术创新联盟",
        "广东省",
        "甲方：",
        "1.",
        "联 系 人 ",
        "第",
        "\t1",
        ".",
    ],
)
def test_long_hostile_lines_are_read_in_time(unit: str) -> None:
    line = unit * (60_000 // len(unit))
    for blocks in (("广东省" + line + "产业",), (((line, line),),), ("x" + line, line + "x")):
        for kind in KINDS:
            read_facts(content("申报表", *blocks), kind, CALL)


def test_an_opened_document_keeps_what_was_read() -> None:
    document = opened("材料/申报表.docx", by_the_book()[0], CALL)
    assert (document.kind, document.filename, document.readable) == ("form", "申报表.docx", True)
    assert document.name is not None
    assert (document.name.value, document.name_from) == (ALLIANCE, "content")


# ── More ways of writing lists and clauses ────────────────────────────────────────────


@pytest.mark.parametrize(
    "blocks",
    [
        [
            (
                ("联盟名称", ALLIANCE),
                ("序号", "成员单位", "性质"),
                ("1", COMPANY, ""),
                ("2", SECOND, ""),
            )
        ],
        [
            "联盟成员单位：",
            (("序号", "名称", "类型"), ("1", COMPANY, "企业"), ("2", SECOND, "企业")),
        ],
        ["成员单位：", f"（1）{COMPANY}", f"（2）{SECOND}"],
        [f"成员单位：{COMPANY}、{SECOND}"],
        [(("成员单位", f"{COMPANY}\n{SECOND}"),)],
        [(("成员单位", f"{COMPANY}；{SECOND}"),)],
        ["五、成员单位", f"1、{COMPANY}，企业", f"2、{SECOND}，企业"],
        ["成员情况表", f"1\t{COMPANY}\t整机", f"2\t{SECOND}\t控制器"],
        [
            "成员情况表",
            "序号\t单位名称\t意见",
            f"1\t{COMPANY}\t同意",
            "（盖章）",
            f"2\t{SECOND}\t同意",
        ],
    ],
)
def test_ways_of_listing_members(blocks: list[Block]) -> None:
    assert names_in(read_facts(content("申报表", *blocks), "form", CALL)) == [COMPANY, SECOND]


def test_clauses_may_be_laid_out_as_a_table() -> None:
    rows = (("任务分工", "甲方负责整机，乙方负责控制器"), ("风险承担", "由各方共同承担"))
    clauses = read_facts(content("组建协议", rows), "agreement", CALL).clauses
    assert clauses["agreement.tasks"].strength == "heading"
    assert clauses["agreement.risk"].strength == "heading"


def test_names_alone_on_their_lines_sign() -> None:
    lines = ["各成员单位签章：", *(f"{name}（盖章）" for name in MEMBERS[:4])]
    signatures = read_facts(content("组建协议", *lines), "agreement", CALL).signatures
    assert signatures is not None
    assert [each.name for each in signatures] == list(MEMBERS[:4])


def test_a_caption_as_long_as_a_printed_line_is_not_joined_to_the_first_signature() -> None:
    caption = f"（{ALLIANCE.replace('工业', '工业智能焊接')}组建协议签署页）"
    signed = [f"{label}方（盖章）：{name}" for label, name in zip("甲乙丙", MEMBERS, strict=False)]
    for read in (
        printed(["组建协议", "第一条 目标", "突破关键技术。"], [caption, *signed]),
        content("组建协议", caption, *signed, number=2),
    ):
        signatures = read_facts(read, "agreement", CALL).signatures
        assert signatures is not None
        assert [each.name for each in signatures] == list(MEMBERS[:3])


def test_a_name_broken_at_the_end_of_its_line_is_read_whole() -> None:
    form = printed(
        [
            "申报表",
            f"联盟名称：{ALLIANCE[:-3]}",
            ALLIANCE[-3:],
            f"秘书处单位：{COMPANY[:-4]}",
            COMPANY[-4:],
            "推荐单位：广州市科技创新委员会",
            "广东省科学技术厅制",
        ]
    )
    fields = read_facts(form, "form", CALL).fields
    assert fields["name"].value == ALLIANCE
    assert fields["secretariat"].value == COMPANY
    assert fields["recommender"].value == "广州市科技创新委员会"


@pytest.mark.parametrize(
    ("words", "both"),
    [
        ("因本协议发生的争议，提交广州仲裁委员会仲裁，或者向人民法院提起诉讼。", True),
        ("协商不成的，由各方向有管辖权的人民法院起诉。", False),
        ("争议提交广州仲裁委员会仲裁，裁决是终局的，可向人民法院申请强制执行。", False),
        ("争议由仲裁委员会仲裁，不得提起诉讼。", True),
    ],
)
def test_arbitration_and_court_at_once_are_seen(words: str, both: bool) -> None:  # noqa: FBT001
    agreement = content("组建协议", "第九条 争议解决", words)
    assert ("agreement.disputes" in read_facts(agreement, "agreement", CALL).clauses) is both
