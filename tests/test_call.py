"""Calls are data: the shipped one, a quite different one, and broken ones."""

from __future__ import annotations

import ast
import re
from importlib import resources
from pathlib import Path

import pytest

from config.call import CallError, load_calls, parse_call
from parsers.facts import read_facts
from parsers.grouping import group
from parsers.names import Likeness, core_of, find_number, same_organisation
from parsers.recognise import recognise
from parsers.submission import Member
from tests.documents import content, opened

SHIPPED = load_calls()["guangdong-alliance-2016"]
TEXT = (resources.files("config") / "calls" / "guangdong-alliance-2016.toml").read_text("utf-8")
TOPICS_FILE = Path(__file__).parent / "calls" / "open-topics-2019.toml"
TOPICS = parse_call(TOPICS_FILE.read_text("utf-8"), TOPICS_FILE.name)

FINDINGS = [
    "document.form",
    "document.plan",
    "document.charter",
    "document.agreement",
    "form.name",
    "form.secretariat",
    "form.contact",
    "form.members",
    "form.recommender",
    "form.recommender-area",
    "plan.goals",
    "plan.organisation",
    "plan.experts",
    "plan.staff",
    "charter.general",
    "charter.organisation",
    "charter.members",
    "agreement.goals",
    "agreement.tasks",
    "agreement.rights",
    "agreement.ip",
    "agreement.benefits",
    "agreement.risk",
    "agreement.signatures",
    "agreement.disputes",  # only ever a note, and only where both stand
    "members.enterprise",
    "members.research",
    "members.consistent",
    "name.pattern",
    "name.consistent",
    "text.placeholder",
    "file.readable",
    "file.link",
    "paper.record",
    "paper.copies",
    "paper.seals",
    "paper.recommendation",
]


def test_the_shipped_call_has_every_finding_of_the_interface() -> None:
    assert [each.id for each in SHIPPED.checks] == FINDINGS


def test_whatever_may_be_missing_is_cited_and_can_be_mended() -> None:
    for check in SHIPPED.checks:
        if check.absent == "missing":
            assert check.cite
            assert check.problem
            assert check.remedy


def test_the_charter_is_never_missing_contents() -> None:
    outcomes = {each.absent for each in SHIPPED.checks if each.id.startswith("charter.")}
    assert outcomes == {"doubtful"}


def test_the_shipped_call_asks_for_five_copies() -> None:
    assert SHIPPED.paper.copies == 5


def test_shunde_stands_apart_from_foshan() -> None:
    within = {each.place: each.within for each in SHIPPED.areas if each.within}
    assert within == {"顺德": "佛山"}
    places = [each for each in SHIPPED.areas if not each.provincial]
    assert len(places) == 22


def test_no_person_and_no_telephone_stands_in_the_call() -> None:
    assert not re.search(r"\d{7,}|@", TEXT)


@pytest.mark.parametrize(
    ("name", "fits"),
    [
        ("广东省工业机器人产业技术创新联盟", True),
        ("广东省工业机器人产业技术创新战略联盟", True),
        ("广东工业机器人产业技术创新联盟", False),
        ("广东省产业技术创新联盟", False),
        ("广东省工业机器人产业联盟", False),
    ],
)
def test_the_pattern_of_the_name_is_that_of_the_notice(name: str, *, fits: bool) -> None:
    assert (re.search(SHIPPED.name.pattern, name) is not None) is fits


# ── A second call, of which no code knows ─────────────────────────────────────────────


def test_the_second_call_is_read_like_the_first() -> None:
    assert (TOPICS.id, TOPICS.version, TOPICS.year) == ("open-topics-2019", 3, 2019)
    assert TOPICS.title_of("recommendation") == "单位推荐函"
    assert find_number("回复：KT2019007 与 kt2019-8 及 KT201912", TOPICS) == (
        "KT2019007",
        "KT2019012",
    )


def test_documents_of_the_second_call_are_recognised() -> None:
    application = content("高原肺水肿早期诊断技术研究", "开放课题申请书")
    letter = content("海湾市重点实验室：", "单位推荐函", "同意推荐。")
    assert recognise(application, "无题.docx", TOPICS) == "application"
    assert recognise(letter, "无题.docx", TOPICS) == "recommendation"
    assert recognise(letter, "无题.docx", SHIPPED) == "other"


def test_facts_of_the_second_call_are_read() -> None:
    application = content(
        "高原肺水肿早期诊断技术研究",
        "课题申请书",
        (
            ("课题名称", "高原肺水肿早期诊断技术研究"),
            ("课题负责人", "某甲", "职称", "副研究员"),
            ("依托单位", "海湾大学", "申请经费", "8万元"),
        ),
        "合作单位清单",
        "1. 海湾市人民医院",
        "2. 海湾大学",
        "三、技术路线",
        "先建立动物模型，再开展临床验证。【填写】",
    )
    facts = read_facts(application, "application", TOPICS)
    assert {field: fact.value for field, fact in facts.fields.items()} == {
        "name": "高原肺水肿早期诊断技术研究",
        "secretariat": "海湾大学",
        "leader": "某甲",
        "budget": "8万元",
    }
    assert [(each.name, each.kind) for each in facts.members] == [
        ("海湾市人民医院", "hospital"),
        ("海湾大学", "any"),
    ]
    assert {finding: hit.strength for finding, hit in facts.clauses.items()} == {
        "application.route": "heading"
    }
    assert [each.value for each in facts.placeholders] == ["填写"]
    assert core_of(facts.fields["name"].value, TOPICS) == "高原肺水肿早期诊断"


def test_dossiers_of_the_second_call_are_grouped() -> None:
    documents = [
        opened("甲/申请书.docx", content("高原肺水肿诊断技术研究", "课题申请书"), TOPICS),
        opened("甲/推荐函.docx", content("单位推荐函", "同意推荐。"), TOPICS),
        opened("乙/申请书.docx", content("海洋贝类毒素检测技术研究", "课题申请书"), TOPICS),
    ]
    dossiers = group(documents, TOPICS)
    assert [each.name for each in dossiers] == [
        "高原肺水肿诊断技术研究",
        "海洋贝类毒素检测技术研究",
    ]
    assert [len(each.documents) for each in dossiers] == [2, 1]


def test_parts_of_organisations_are_those_that_the_call_names() -> None:
    one, other = "海湾大学", "海湾大学重点实验室"
    assert same_organisation(one, other, TOPICS) is Likeness.OTHER
    assert same_organisation(one, other, SHIPPED) is Likeness.PART


def test_a_call_without_parties_and_marks_finds_no_signatures() -> None:
    facts = read_facts(content("单位推荐函", "（盖章）"), "recommendation", TOPICS)
    assert facts.signatures is None
    assert facts.members == tuple[Member, ...]()


def test_no_code_of_the_parsers_knows_a_word_of_the_shipped_call() -> None:
    own = [
        "联盟",
        "申报",
        "秘书处",
        "理事会",
        "章程",
        "协议",
        "组建",
        "推荐",
        "成员单位",
        "专家委员会",
        "广东",
        "知识产权",
        "风险",
    ]
    for path in Path(str(resources.files("parsers"))).glob("*.py"):
        for text in strings_of(path):
            assert not [word for word in own if word in text], f"{path.name}: {text}"


def strings_of(path: Path) -> list[str]:
    """Return the texts in a module's code, without its docstrings."""
    tree = ast.parse(path.read_text("utf-8"))
    spoken = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in spoken
    ]


# ── Broken call files ─────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('id = "guangdong-alliance-2016"', "id = 7", "id"),
        ('format = "LM{year}-{serial:04d}"', 'format = "LM{year}"', "number.format"),
        ('format = "LM{year}-{serial:04d}"', 'format = "LM{jahr}-{serial}"', "number.format"),
        ('pattern = "^广东省', 'pattern = "(^广东省', "name.pattern"),
        ("copies = 5", 'copies = "five"', "paper.copies"),
        ('rule = "area"', 'rule = "distance"', "checks.form.recommender-area.rule"),
        ('id = "form.contact"', 'id = "form.name"', "form.name stands there twice"),
        ('field = "contact"', 'field = "contacts"', "checks.form.contact.field"),
        ('document = "agreement"', 'document = "treaty"', "checks.document.agreement.document"),
        ('documents = ["form"]', 'documents = ["formular"]', "fields.name.documents"),
        ("year = 2016", "year = 2016\nyears = 3", "years"),
        (f"version = {SHIPPED.version}", "version = [", "not a TOML file"),
        ("    '市[(]", "    '市([(]", "placeholders.patterns"),
    ],
)
def test_a_broken_call_names_file_and_key(old: str, new: str, key: str) -> None:
    broken = TEXT.replace(old, new, 1)
    assert broken != TEXT
    with pytest.raises(CallError, match=r"^some\.toml: ") as caught:
        parse_call(broken, "some.toml")
    assert key in str(caught.value)


def test_a_folder_adds_calls_and_wins_over_the_shipped(tmp_path: Path) -> None:
    (tmp_path / "topics.toml").write_text(TOPICS.text, "utf-8")
    (tmp_path / "own.toml").write_text(
        TEXT.replace(f"version = {SHIPPED.version}", "version = 9", 1), "utf-8"
    )
    calls = load_calls(tmp_path)
    assert calls["guangdong-alliance-2016"].version == 9
    assert calls["open-topics-2019"] == TOPICS


def test_a_missing_folder_and_an_unreadable_file_are_named(tmp_path: Path) -> None:
    with pytest.raises(CallError, match=r"nowhere: no such folder \(service.calls_dir\)"):
        load_calls(tmp_path / "nowhere")
    (tmp_path / "gbk.toml").write_bytes("id = '联盟'".encode("gb18030"))
    with pytest.raises(CallError, match=re.escape(str(tmp_path))):
        load_calls(tmp_path)
