"""Which document a file is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.call import load_calls
from parsers.lines import items_of
from parsers.recognise import OTHER, find_title, recognise, title_in
from parsers.submission import Content, Problem
from tests.documents import ALLIANCE, CLEAN, content, printed

CALL = load_calls()["guangdong-alliance-2016"]
KINDS = ("form", "plan", "charter", "agreement")
UNREADABLE = Content(media_type="image/jpeg", problem=Problem.SCAN)


@pytest.mark.parametrize("make", CLEAN)
def test_the_documents_of_a_dossier_are_recognised(make: type) -> None:
    assert tuple(recognise(each, "无题.docx", CALL) for each in make()) == KINDS


@pytest.mark.parametrize(
    ("lines", "kind"),
    [
        (["申 报 表"], "form"),
        (["附件1", "广东省产业技术创新联盟申报书", "（2016年度）"], "form"),
        ([ALLIANCE, "组建", "协议"], "agreement"),
        (["组", "建", "方", "案"], "plan"),
        ([f"《{ALLIANCE}章程（草案）》"], "charter"),
        ([f"{ALLIANCE}组建协议书 V2.0 20160531"], "agreement"),
        ([f"{ALLIANCE}組建協議書"], "agreement"),
        ([f"关于组建{ALLIANCE}的可行性研究报告"], "plan"),
        (["章程", "鉴于各方愿意合作，甲方、乙方约定如下。违约责任。本协议一式五份。"], "charter"),
        ([f"{ALLIANCE}组建协议签署授权委托书"], OTHER),
        ([f"关于推荐{ALLIANCE}的函", "现报送申报表、组建方案、组建章程、组建协议。"], OTHER),
        (["关于报送联盟申报表的请示"], OTHER),
        ([f"{ALLIANCE}推荐汇总表"], OTHER),
        (["营业执照", "统一社会信用代码"], OTHER),
        ([f"{ALLIANCE}成立大会会议纪要", "会议审议了章程和协议。"], OTHER),
        (["省科技厅：", "现报送我单位申报表，请审查。", "联系人：甲", "推荐单位：某局"], OTHER),
        (["附件：", "1.申报表", "2.组建方案", "3.组建章程", "4.组建协议"], OTHER),
        (["申报材料目录", "申报表", "组建方案", "组建章程", "组建协议"], OTHER),
    ],
)
def test_a_title_line_tells_the_kind(lines: list[str], kind: str) -> None:
    assert recognise(content(*lines), "无题.docx", CALL) == kind


def test_a_title_in_a_table_counts() -> None:
    table = (("广东省产业技术创新联盟\n申报表", ""), ("联盟名称", ALLIANCE))
    assert recognise(content(table), "无题.docx", CALL) == "form"


def test_a_title_on_a_cover_page_counts() -> None:
    read = printed([ALLIANCE, "建设方案"], ["一、背景", "产业规模居全国前列。"])
    assert recognise(read, "无题.pdf", CALL) == "plan"


def test_the_title_is_kept_as_it_stands() -> None:
    title = find_title(items_of(content("附件4", ALLIANCE, "组建协议（定稿）")), CALL)
    assert title is not None
    assert title.text == f"{ALLIANCE}组建协议（定稿）"


def test_structure_tells_what_has_no_title_line() -> None:
    charter = content(
        "第一章 总则",
        "第一条 联盟是合作组织。",
        "第二章 理事会",
        "第二条 重大事项经三分之二以上成员同意。",
        "第三章 附则",
    )
    assert recognise(charter, "无题.docx", CALL) == "charter"
    assert recognise(charter, "关于章程的说明.docx", CALL) == OTHER


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("申报表.pdf", "form"),
        ("附件4 广东省石墨烯产业技术创新联盟组建协议（盖章）.pdf", "agreement"),
        ("附件1：组建协议.pdf", "agreement"),
        ("材料.zip/附件1.pdf", "form"),
        ("附件12.pdf", OTHER),
        ("材料/组建协议/扫描0001.jpg", "agreement"),
        ("联盟实施方案.doc", "plan"),
        ("申报表+方案+章程+协议.pdf", OTHER),
        ("推荐函.pdf", OTHER),
        ("协议签署授权委托书.pdf", OTHER),
        ("关于报送申报表的函.pdf", OTHER),
        ("logo.png", OTHER),
    ],
)
def test_what_cannot_be_read_is_judged_by_its_file_name(path: str, kind: str) -> None:
    assert recognise(UNREADABLE, path, CALL) == kind


def test_text_counts_before_the_file_name() -> None:
    assert recognise(content(ALLIANCE, "组建章程"), "组建协议.docx", CALL) == "charter"


@given(st.lists(st.text(max_size=30), max_size=8), st.text(min_size=1, max_size=30))
def test_any_text_has_a_kind_of_the_call_or_none(lines: list[str], path: str) -> None:
    assert recognise(content(*lines), path, CALL) in {*KINDS, OTHER}


@pytest.mark.parametrize(
    "title",
    [
        "广东省工业机器人产业技术创新联盟组建方案稿",
        "广东省工业机器人产业技术创新联盟建设工作方案（粤衡（珠海）装备有限公司起草）",
    ],
)
def test_what_hangs_on_behind_a_title_does_not_hide_it(title: str) -> None:
    found = title_in(title, CALL)
    assert found is not None
    assert found.kind == "plan"
