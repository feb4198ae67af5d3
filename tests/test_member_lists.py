"""Lists of members and signature blocks, told by what they hold and by what stands above them."""

from __future__ import annotations

import pytest

from config.call import load_calls
from parsers.facts import read_facts
from parsers.lines import plain
from parsers.sections import lists_members
from parsers.submission import Block, Member
from tests.documents import COMPANY, INSTITUTE, MEMBERS, SECOND, THIRD, UNIVERSITY, content

CALL = load_calls()["guangdong-alliance-2016"]
TITLES = {"form": "申报表", "plan": "组建方案", "agreement": "组建协议"}
LAWYERS = "珠海市明衡专利事务所（普通合伙）"


def listed(kind: str, *blocks: Block) -> list[str]:
    return [each.name for each in read_facts(content(TITLES[kind], *blocks), kind, CALL).members]


def signers(*blocks: Block) -> tuple[Member, ...] | None:
    return read_facts(content(TITLES["agreement"], *blocks), "agreement", CALL).signatures


# ── Captions ──────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "caption",
    [
        "三、成员单位汇总表",
        "联盟组成单位",
        "企业成员基本情况",
        "参建单位名录",
        "成员名单（含理事单位）",
    ],
)
def test_a_caption_of_members_is_known_by_its_parts(caption: str) -> None:
    assert lists_members(plain(caption), CALL)


@pytest.mark.parametrize(
    "caption",
    [
        "理事会成员情况",
        "专家委员会成员名单",
        "主要成员单位介绍情况",
        "各成员分工如下",
        "成员代表大会",
    ],
)
def test_a_caption_of_organs_of_some_or_of_tasks_is_none(caption: str) -> None:
    assert not lists_members(plain(caption), CALL)


# ── Tables ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "table",
    [
        (
            ("序号", "参加单位", "法人类型", "联系方式", "任务分工"),
            ("", "", "", "联络员", "电话", ""),
            ("1", SECOND, "民营企业", "研发中心 甲经理", "020-1", "中试"),
            ("2", INSTITUTE, "科研院所", "技术中心（乙主任）", "020-2", "研究"),
        ),
        (("单位", "性质"), (SECOND, "企业"), (INSTITUTE, "研究机构")),
        (
            ("序号", "机构名称", "推荐意见"),
            ("1", SECOND, "同意。\n（盖章）"),
            ("2", INSTITUTE, "同意。\n负责人（签字）："),
        ),
    ],
)
def test_members_stand_in_the_column_of_organisations(table: Block) -> None:
    assert listed("form", "四、联盟成员单位情况", table) == [SECOND, INSTITUTE]


def test_a_list_of_one_counts_beside_another() -> None:
    one = (
        ("序号", "单位名称", "联系方式", ""),
        ("", "", "联系人", "电话"),
        ("1", COMPANY, "甲", "1"),
    )
    two = (("序号", "单位全称"), ("1", UNIVERSITY))
    assert listed("form", "成员情况表（企业）", one, "成员情况表（高校）", two) == [
        COMPANY,
        UNIVERSITY,
    ]


def test_a_sheet_of_labels_above_values_names_one_member() -> None:
    sheets = [
        (
            ("名称", "类别", "机构代码"),
            (name, "企业", ""),
            ("联络员", "固定电话", "主导产品"),
            ("丙副总经理", "020-3", "减速器"),
            ("联盟内分工", "单位意见"),
            ("承担中试", "同意加入。\n（盖章）"),
        )
        for name in (SECOND, THIRD)
    ]
    assert listed("form", "三、成员情况表（一）企业", *sheets) == [SECOND, THIRD]


def test_a_legal_form_in_brackets_belongs_to_the_name() -> None:
    lines = (f"1. {LAWYERS}（服务机构）", f"2. {COMPANY}（企业）")
    assert listed("form", "联盟成员名单", *lines) == [LAWYERS, COMPANY]


# ── Lines ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "line",
    [
        f"联盟由{COMPANY}、{UNIVERSITY}、{INSTITUTE}（共3家）共同发起。",
        f"发起单位为{COMPANY}、{UNIVERSITY}、{INSTITUTE}等3家单位。",
        f"本联盟成员单位情况见下。1.{COMPANY}；2.{UNIVERSITY}；3.{INSTITUTE}。",
        f"成员单位一览（3家）①{COMPANY}②{UNIVERSITY}③{INSTITUTE}",
        f"成员名单：（一）{COMPANY}；（二）{UNIVERSITY}；（三）{INSTITUTE}",
    ],
)
def test_members_are_enumerated_in_a_sentence(line: str) -> None:
    assert listed("plan", "二、成员单位组成", line) == [COMPANY, UNIVERSITY, INSTITUTE]


def test_some_named_among_others_are_no_list() -> None:
    line = f"联盟由{COMPANY}、{UNIVERSITY}、{INSTITUTE}等9家单位组成。"
    assert listed("plan", "二、成员单位组成", line) == []


def test_a_list_ends_where_organs_and_tasks_begin() -> None:
    lines = (f"1.{COMPANY}（企业）", f"2.{UNIVERSITY}（高校）", "3.专家委员会", f"4.{INSTITUTE}")
    tasks = ("各成员分工如下：", f"1.{THIRD}：承担中试；", f"2.{SECOND}：承担试制。")
    assert listed("form", "成员单位基本情况", *lines, *tasks) == [COMPANY, UNIVERSITY]


# ── Agreements ────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "way",
    [
        "第{at}方：{name}（法定代表人：某甲）",
        "单位{at}（以下简称“某甲”）：{name}",
        "（{at}）{name}",
        "{name}",
    ],
)
def test_parties_stand_alone_ahead_of_the_clauses(way: str) -> None:
    lines = [way.format(at=at, name=name) for at, name in enumerate(MEMBERS, 1)]
    clauses = ("第一条 总则", "各方共同组建联盟。", "第二条 分工", f"1.{COMPANY}：牵头。")
    assert listed("agreement", "协议各方（排名不分先后）：", *lines, *clauses) == list(MEMBERS)


def test_who_signs_is_no_list_of_members() -> None:
    block = [f"单位名称（盖章）：{name}\n" for name in (COMPANY, UNIVERSITY)]
    assert listed("agreement", "第一条 总则", "各方共同组建联盟。", "签约单位签署页", *block) == []


@pytest.mark.parametrize(
    "way",
    [
        "单位（公章）：{name}    法定代表人签字：      日期：    年  月  日",
        "{name}（盖章）法定代表人（签字）：____ 2016年5月",
        "（本页无正文，为《联盟组建协议》签署页）{name}（公章）",
        "{name} （签章）",
    ],
)
def test_signers_are_found_in_lines_of_any_order(way: str) -> None:
    lines = [way.format(name=name) for name in MEMBERS]
    named = signers("第九条 附则", "本协议自签字之日起生效。", "各方签署：", *lines)
    assert named is not None
    assert [each.name for each in named] == list(MEMBERS)


def test_a_signer_that_the_edge_of_a_column_broke_is_whole() -> None:
    cells = (
        (
            f"单位（盖章）：{COMPANY[:-2]}\n公司\n法定代表人（签字）：",
            f"单位（盖章）：{UNIVERSITY}",
        ),
    )
    named = signers("签署页", cells)
    assert named is not None
    assert {each.name for each in named} == {COMPANY, UNIVERSITY}
