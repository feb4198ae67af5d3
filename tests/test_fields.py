"""What stands beside the labels of a form, however these are worded and laid out."""

from __future__ import annotations

import pytest

from config.call import load_calls
from parsers.facts import read_facts
from parsers.labels import Labels, labels_of
from parsers.submission import Block, Fact
from tests.documents import ALLIANCE, COMPANY, INSTITUTE, UNIVERSITY, content, printed

CALL = load_calls()["guangdong-alliance-2016"]
PERSON, PHONE, BUREAU = "科技处 王工", "020-12345678", "广州市科技创新委员会"


def labels() -> Labels:
    return labels_of(CALL, [word for each in CALL.fields for word in each.labels])


def fields(*blocks: Block) -> dict[str, Fact]:
    return read_facts(content("广东省产业技术创新联盟申报表", *blocks), "form", CALL).fields


def values(*blocks: Block) -> dict[str, str]:
    return {field: fact.value for field, fact in fields(*blocks).items()}


# ── Labels are made of parts ──────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "like"),
    [
        ("日常业务联系人", "联系人"),
        ("2.联 络 员（签字）：", "联络员"),
        ("联系人姓名", "联系人"),
        ("推荐（主管）部门", "推荐部门"),
        ("审核推荐单位（盖章）", "推荐单位"),
        ("拟设秘书处的单位", "秘书处单位"),
        ("挂靠单位名称", "挂靠单位"),
        ("手机号码", "手机"),
    ],
)
def test_words_around_a_label_do_not_hide_it(text: str, like: str) -> None:
    assert labels().key(text) == labels().key(like) != ""


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("推荐单位意见", "recommender"),
        ("推荐单位联系人", "contact"),
        ("联系人电话", "contact"),
        ("传真电话", "phone"),
        ("联盟理事长单位", "secretariat"),
    ],
)
def test_the_last_word_of_a_label_tells_what_it_asks(text: str, field: str) -> None:
    asked = next(each for each in CALL.fields if each.id == field)
    assert labels().key(text) not in labels_of(CALL, asked.labels).wanted


# ── Layouts ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "blocks",
    [
        ((("项目联系人", PERSON, "单位电话", PHONE),),),
        ((("联系人", "姓名", PERSON), ("", "电话", PHONE)),),
        ((("联盟目标", "日常联系人", "办公电话"), ("开展合作", PERSON, PHONE)),),
        ((("职工总数（人）：", "联络员：", "固定电话："), ("120", PERSON, PHONE)),),
        (f"项目联系人：{PERSON}    办 公 电 话：{PHONE}",),
        (f"推荐单位：{BUREAU}联 系 人：{PERSON}", f"电话：{PHONE}"),
        (f"（1）联系人：{PERSON}", f"（2）联系电话：{PHONE}"),
    ],
)
def test_a_person_is_found_beside_below_and_behind(blocks: tuple[Block, ...]) -> None:
    found = values(*blocks)
    assert (found["contact"], found["phone"]) == ("科技处王工", PHONE)


@pytest.mark.parametrize(
    "table",
    [
        (("联系人", "", "常设工作人员数", "3人"),),
        (("联系人", "", "计划成立时间", ""), ("注册时间", "", "研发机构", "")),
        (("联系人", "主要业绩"), ("", "攻关多项")),
        (("联系人", "联系电话"), ("电子邮箱", "通讯地址")),
    ],
)
def test_a_blank_stays_blank_beside_any_other_label(table: Block) -> None:
    assert values(table)["contact"] == ""


def test_a_list_of_members_says_nothing_of_the_contact() -> None:
    people = (
        ("序号", "参加单位", "性质", "联系方式", "", "任务"),
        ("", "", "", "联络员", "电话", ""),
        ("1", COMPANY, "企业", PERSON, PHONE, "中试"),
        ("2", UNIVERSITY, "高校", PERSON, PHONE, "研究"),
    )
    assert "contact" not in fields("三、有关情况", people)
    assert values(people, f"业务联系人：{PERSON}")["contact"] == "科技处王工"


def test_the_sheet_of_the_secretariat_names_it_under_headings_too() -> None:
    sheet = (("机构名称", "成立时间", "从业人员"), (INSTITUTE, "1998年", "300"))
    assert values("二、牵头单位情况表", sheet)["secretariat"] == INSTITUTE


def test_rows_of_a_printed_table_without_rulings_stay_apart() -> None:
    lines = (
        f"拟组建的联盟名称 {ALLIANCE}",
        "牵头组建单位",
        f"归口推荐部门 {BUREAU}",
        f"联 系 人 {PERSON}",
    )
    found = read_facts(printed(("申报表", *lines)), "form", CALL).fields
    assert found["name"].value == ALLIANCE
    assert found["secretariat"].value == ""
    assert found["recommender"].value == BUREAU


def test_a_name_that_begins_above_its_label_is_whole() -> None:
    page = ("申报表", ALLIANCE[:-1], "联盟名称", ALLIANCE[-1:], f"推荐单位 {BUREAU}")
    assert read_facts(printed(page), "form", CALL).fields["name"].value == ALLIANCE


# ── Values that look like labels, and labels that look like values ────────────────────


def test_a_title_behind_a_surname_is_a_person() -> None:
    found = values((("联系人（签收材料）", "詹秘书长"), ("联系电话", PHONE)))
    assert (found["contact"], found["phone"]) == ("詹秘书长", PHONE)


@pytest.mark.parametrize(
    ("label", "following", "field"),
    [("联盟名称", "主要领域", "name"), ("联系人", "电邮", "contact")],
)
def test_the_next_label_is_no_value(label: str, following: str, field: str) -> None:
    assert not values(((label, following), ("秘书处单位", COMPANY)))[field]


def test_an_address_is_no_contact() -> None:
    assert "contact" not in values("联系地址及门牌：示例路35号", f"秘书处单位：{COMPANY}")


def test_words_spaced_out_for_looks_are_one_label() -> None:
    line = f"秘书处单位：__{COMPANY}__推 荐 机 构：__{BUREAU}__"
    assert (values(line)["secretariat"], values(line)["recommender"]) == (COMPANY, BUREAU)


def test_a_blank_beside_a_loose_label_hides_no_value() -> None:
    found = values(f"秘书长单位：{COMPANY}", "申报单位声明：", "同意。")
    assert found["secretariat"] == COMPANY


def test_the_sheet_of_the_secretariat_is_none_of_a_member() -> None:
    lines = [
        "（二）秘书处所在单位情况表",
        *("1、单位名称", COMPANY, "2、工作对接人", "沈经理"),
        "（三）成员单位情况表",
        *("1、单位名称", UNIVERSITY, "2、工作对接人", "王老师"),
        *("1、单位名称", INSTITUTE, "2、工作对接人", "赵老师"),
    ]
    assert values(*lines)["contact"] == "沈经理"


def test_a_label_at_half_the_height_of_its_value_has_it() -> None:
    found = values(
        "佛山市顺德区经济和科", f"秘书处单位：{COMPANY} 推荐部门（公章）：", "技促进局（公章）"
    )
    assert found["recommender"] == "佛山市顺德区经济和科技促进局"
