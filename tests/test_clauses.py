"""Ways in which a document states a clause, and words that only sound like one."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.call import load_calls, parse_call
from parsers.facts import read_facts
from parsers.phrasing import any_of
from parsers.submission import Block, Facts
from tests.documents import COMPANY, UNIVERSITY, content

TOPICS_FILE = Path(__file__).parent / "calls" / "open-topics-2019.toml"
CALL = load_calls()["guangdong-alliance-2016"]


def agreement(*blocks: Block) -> Facts:
    return read_facts(content("组建协议", *blocks), "agreement", CALL)


def form(*blocks: Block) -> Facts:
    return read_facts(content("申报表", *blocks), "form", CALL)


@pytest.mark.parametrize(
    ("finding", "sentence"),
    [
        ("agreement.goals", "用三年时间攻克减速器设计难关，形成自主产品系列。"),
        ("agreement.goals", "联合研制轻型手臂，申请专利20件。"),
        ("agreement.tasks", f"{COMPANY}牵头整机总成；{UNIVERSITY}承担控制算法的研究。"),
        ("agreement.tasks", "研发任务由高校承担，试产由企业完成。"),
        ("agreement.rights", "甲方有权查阅账目，并有义务按时出资。"),
        ("agreement.ip", "专利权由完成人所在单位与出资方共有。"),
        ("agreement.ip", "研究成果的所有权归出资各方。"),
        ("agreement.benefits", "成果向外许可的，许可费由完成人与出资人按比例提取。"),
        ("agreement.risk", "试验失败的，已花费的经费由参加单位分摊。"),
        ("agreement.risk", "未获成功的课题不追究责任，各方投入视为各自应担的风险成本。"),
        ("agreement.goals", "瞄准无人机技术前沿，到“十三五”末实现飞行控制的自主可控。"),
        ("agreement.tasks", f"柔版制版一项，由{UNIVERSITY}牵头，和{COMPANY}配合。"),
    ],
)
def test_one_sentence_may_state_a_clause_under_any_heading(finding: str, sentence: str) -> None:
    hit = agreement("第三条 其他约定", sentence).clauses.get(finding)
    assert hit is not None
    assert hit.strength in {"text", "heading"}


@pytest.mark.parametrize(
    ("finding", "sentence"),
    [
        ("agreement.goals", "整机的目标市场在省内。"),
        ("agreement.goals", "各方实行节能目标责任制。"),
        ("agreement.goals", "各方的市场目标由其自行制定，联盟不予干预。"),
        ("agreement.goals", "研究成果投产的，接产企业按销售额付给研制单位，连付三年。"),
        ("agreement.tasks", "课题失败时，企业承担经费损失，院校承担人力投入损失。"),
        ("agreement.rights", "联盟每年组织义务植树。"),
        ("agreement.ip", "聘请某知识产权代理公司提供知识产权服务。"),
        ("agreement.benefits", "联盟不得损害公共利益。"),
        ("agreement.risk", "联盟可以引入风险投资，秘书处负责发布风险提示。"),
    ],
)
def test_words_that_mean_another_thing_state_nothing(finding: str, sentence: str) -> None:
    assert finding not in agreement("第三条 其他约定", sentence).clauses


@pytest.mark.parametrize("name", ["广州市甲乙知识产权服务中心", "深圳甲乙专利事务所"])
def test_the_name_of_a_member_is_no_clause(name: str) -> None:
    assert "agreement.ip" not in agreement("缔约各方", f"1.{COMPANY}", f"2.{name}").clauses


def test_a_sentence_about_one_member_says_nothing_of_the_alliance() -> None:
    assert "plan.experts" not in agreement("三、其他", f"{UNIVERSITY}的产品内置专家库。").clauses
    assert "plan.experts" in agreement("三、其他", f"{UNIVERSITY}为联盟建立专家库。").clauses


def test_joined_words_of_a_heading_make_no_other_word() -> None:
    assert "agreement.rights" not in agreement("三、知识产权与利益", "按合同执行。").clauses


def test_list_items_fill_an_unnumbered_heading() -> None:
    facts = agreement("成员权利与义务", "1.出席会议", "2.按时出资")
    assert facts.clauses["agreement.rights"].strength == "heading"


def test_the_headings_of_a_list_tell_what_it_lists() -> None:
    rows = (("序号", "研究内容", "牵头单位"), ("1", "控制器", COMPANY), ("2", "算法", UNIVERSITY))
    assert agreement("三、合作", rows).clauses["agreement.tasks"].strength == "text"


@pytest.mark.parametrize(
    ("blocks", "found"),
    [
        (((("专家委员会组成", "9人", "成员总数", "12家"),),), True),
        (((("专家委员会组成", "", "成员总数", "12家"),),), False),
        (((("成员总数", "12家", "专家委员会组成", ""),),), False),
        (((("成员总数", "", "专家委员会组成", "9人"),),), True),
        (((("联盟简称", "专家委员会组成", "成员总数"), ("机器人联盟", "9人", "12家")),), True),
        (((("联盟简称", "专家委员会组成", "成员总数"), ("机器人联盟", "", "12家")),), False),
        (((("专家委员会组成", "成员总数"), ("", "12家")),), False),
        (("联盟简称：机器人", "专家委员会组成：", "成员总数：12家"), False),
        (("联盟简称：机器人", "专家委员会组成：9人", "成员总数：12家"), True),
    ],
)
def test_a_label_of_the_form_counts_where_something_stands_beside_or_below_it(
    blocks: tuple[Block, ...], *, found: bool
) -> None:
    assert ("plan.experts" in form(*blocks).clauses) is found


def test_a_row_of_values_holds_no_labels() -> None:
    rows = (("联盟简称", "下设机构", "成员总数"), ("机器人联盟", "", "12家"))
    more = (("分会", "专家委员会", "经费"), ("佛山", "", "5万元"))
    assert "plan.experts" not in form((*rows, *more)).clauses


@pytest.mark.parametrize(
    ("sentence", "found"),
    [
        ("分两步走，先养细胞，后做活体。", True),
        ("先做活体。后养细胞。", False),
        ("不涉及细胞，只做活体。", False),
        ("细胞库另设，活体另设。", False),
    ],
)
def test_a_call_states_clauses_in_its_own_words(sentence: str, *, found: bool) -> None:
    words = 'words = ["技术路线", "试验步骤"]'
    more = 'statements = [[["细胞"], ["活体"]]]\ndecoys = ["细胞库"]'
    text = TOPICS_FILE.read_text(encoding="utf-8").replace(words, f"{words}\n{more}")
    facts = read_facts(
        content("课题申请书", sentence), "application", parse_call(text, "open-topics")
    )
    assert ("application.route" in facts.clauses) is found


@pytest.mark.parametrize(
    "line",
    [
        "本节内容待补充。",
        "（待核实）",
        "【此处插入组织机构图】",
        "首期出资____万元，于年底前到位。",
        "年费为***元。",
        "由XX担任联盟的负责人。",
        "成员应提前通知秘书处；场地由XX公司提供。",
    ],
)
def test_text_left_to_be_replaced_is_found_in_running_text(line: str) -> None:
    assert len(form("一、背景", line).placeholders) == 1


@pytest.mark.parametrize(
    "line",
    [
        "产业链有待完善。",
        "法定代表人（签字）：XX",
        "按照填表说明，名称写作广东省XXX产业技术创新联盟。",
        "注册资本____万元",
    ],
)
def test_what_is_filled_in_by_hand_or_quoted_is_left_alone(line: str) -> None:
    assert form("一、背景", line).placeholders == ()


def test_a_name_without_its_field_was_written_down_all_the_same() -> None:
    name = form("联盟名称：广东省产业技术创新联盟", f"秘书处单位：{COMPANY}").fields["name"]
    assert name.value == "广东省产业技术创新联盟"
    blank = form("联盟名称：广东省XXX产业技术创新联盟", f"秘书处单位：{COMPANY}").fields["name"]
    assert blank.value == ""


def test_a_heading_with_a_word_of_each_group_of_a_topic_names_the_clause() -> None:
    tasks = agreement("第三条 各方的工作", "见附表。").clauses
    assert tasks["agreement.tasks"].strength == "heading"
    assert "agreement.tasks" not in agreement("第三条 工作语言", "汉语。").clauses


@pytest.mark.parametrize("amount", ["20", "二十", "若干"])
def test_a_number_sign_in_a_phrase_stands_for_any_number(amount: str) -> None:
    assert any_of(("#件",)).search(f"申请专利{amount}件")
    assert not any_of(("#件",)).search("按条件申请")


def test_a_star_in_a_phrase_stands_for_a_few_characters_of_one_clause() -> None:
    pattern = any_of(("专家*委员会",))
    assert pattern.search("专家咨询委员会")
    assert not pattern.search("专家到会,委员会休会")


@pytest.mark.parametrize(("heading", "unknown"), [("合作事宜", True), ("保密", False)])
def test_an_article_that_nobody_can_place_may_be_the_clause_that_is_not_found(
    heading: str,
    unknown: bool,  # noqa: FBT001 - a case
) -> None:
    clauses = agreement(
        *("第一条 总则", "各方自愿结盟。"),
        *(f"第二条 {heading}", "其余由各家商量着办。"),
        *("第三条 附则", "一式五份。"),
    ).clauses
    assert ("agreement.risk" in clauses) is unknown
    assert not unknown or clauses["agreement.risk"].strength == "unknown"


def test_goals_and_their_measures_are_goals_though_the_words_join_to_a_decoy() -> None:
    clauses = agreement("第三条 创新目标和考核指标", "把三件事做成。").clauses
    assert clauses["agreement.goals"].strength == "heading"
