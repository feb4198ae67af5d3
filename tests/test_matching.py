"""Whether a paper record is a dossier's own: certain levels, contradictions, proposals."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from registry.matching import CANDIDATES, Identity, Matched, match_paper
from registry.rows import Alias, PaperRecord, Proposal
from tests.builders import CALL, HOST, LIGHTS, OTHER_HOST, ROBOTS, SENSORS, number
from tests.codes import credit_code

IDENTITY = Identity(number=number(1), name=ROBOTS, secretariat=HOST)
SHORT = "工业机器人产业联盟"


def record(name: str = ROBOTS, **changes: object) -> PaperRecord:
    values: dict[str, Any] = {"id": 1, "register_no": "S-1", "name": name, "secretariat": HOST}
    return PaperRecord(**(values | changes))


def matched(
    *records: PaperRecord,
    identity: Identity = IDENTITY,
    **more: Any,  # noqa: ANN401 - passed on
) -> tuple[int, str]:
    found = match_paper(identity, records, CALL, **more)
    assert isinstance(found, Matched)
    return found.paper.id, found.match


def proposed(
    *records: PaperRecord,
    identity: Identity = IDENTITY,
    **more: Any,  # noqa: ANN401 - passed on
) -> tuple[Proposal, ...]:
    found = match_paper(identity, records, CALL, **more)
    assert not isinstance(found, Matched)
    return found


def named(core: str, secretariat: str = HOST, **more: str) -> Identity:
    name = f"广东省{core}产业技术创新联盟"
    return Identity(number=number(1), name=name, secretariat=secretariat, **more)


@pytest.mark.parametrize(
    "said",
    [
        {"remark": f"电子版 {number(1)}"},
        {"remark": "见lm2016-1"},
        {"register_no": number(1)},
    ],
)
def test_a_record_that_names_the_registry_number_is_matched_by_it(said: dict[str, str]) -> None:
    assert matched(record(SHORT, secretariat="", **said)) == (1, "number")


def test_a_record_that_names_another_number_is_not_matched_by_number() -> None:
    assert matched(record(remark=f"另见 {number(11)}")) == (1, "name")


def test_an_equal_name_is_matched_by_name() -> None:
    assert matched(record(f"《{ROBOTS}》", secretariat="")) == (1, "name")


def test_an_equal_core_is_matched_with_the_same_secretariat_only() -> None:
    assert matched(record(SHORT)) == (1, "core-and-secretariat")
    (offer,) = proposed(record(SHORT, secretariat=""))
    assert offer.target == "S-1"


@pytest.mark.parametrize(
    "contradicted",
    [
        {"name": LIGHTS, "remark": number(1)},
        {"name": ROBOTS, "secretariat": OTHER_HOST},
        {"name": ROBOTS, "secretariat": OTHER_HOST, "remark": number(1)},
    ],
)
def test_what_is_contradicted_is_not_matched(contradicted: dict[str, str]) -> None:
    assert not isinstance(match_paper(IDENTITY, [record(**contradicted)], CALL), Matched)


def test_a_contradicted_record_of_the_same_name_is_proposed_with_what_speaks_against_it() -> None:
    (offer,) = proposed(record(secretariat=OTHER_HOST, mobile=""))
    assert (offer.kind, offer.target) == ("paper", "S-1")
    assert any("秘书处单位不一致" in each and OTHER_HOST in each for each in offer.evidence)


def test_two_records_as_good_as_each_other_are_both_proposed() -> None:
    both = record(), record(id=2, register_no="S-2")
    assert [each.target for each in proposed(*both)] == ["S-1", "S-2"]


def test_a_number_decides_between_two_records_of_one_name() -> None:
    assert matched(record(), record(id=2, remark=number(1))) == (2, "number")


def test_a_record_of_another_dossier_is_not_matched_but_seen() -> None:
    (offer,) = proposed(record(dossier=number(2)))
    assert any(number(2) in each for each in offer.evidence)


def test_a_record_that_the_sheet_has_no_more_is_neither_matched_nor_proposed() -> None:
    assert proposed(record(gone=True)) == ()


def test_a_near_name_is_proposed_and_a_far_one_is_not() -> None:
    near = record("广东省工业机器产业技术创新联盟", register_no="", id=7)
    (offer,) = proposed(near, record(SENSORS, id=2))
    assert offer.target == "#7"


def test_no_more_are_proposed_than_a_person_can_look_at() -> None:
    many = [
        record("广东省工业机器产业技术创新联盟", id=each, register_no=f"S-{each}")
        for each in range(1, 9)
    ]
    assert [each.target for each in proposed(*many)] == [f"S-{each}" for each in range(1, 4)]
    assert CANDIDATES == 3


def test_a_dossier_without_a_name_is_matched_by_its_number_and_by_nothing_else() -> None:
    nameless = Identity(number=number(1), name="", secretariat="")
    assert proposed(record(), record("", id=2), identity=nameless) == ()
    assert matched(record(remark=number(1)), identity=nameless) == (1, "number")


def test_a_college_of_the_secretariat_is_the_same_secretariat() -> None:
    whole = Identity(number=number(1), name=ROBOTS, secretariat="岭南华瑞大学")
    assert matched(record(secretariat="岭南华瑞大学机械学院"), identity=whole) == (1, "name")


def test_near_spellings_of_the_secretariat_go_to_a_person() -> None:
    assert proposed(record(secretariat="粤衡精密装备有限公司"))


def test_equal_contacts_are_told_as_evidence() -> None:
    known = Identity(
        number=number(1),
        name=ROBOTS,
        secretariat=HOST,
        contact="综合部",
        email="Office@example.com",
    )
    (offer,) = proposed(
        record(secretariat=OTHER_HOST, contact="办公室", email="office@EXAMPLE.com"),
        identity=known,
    )
    assert "邮箱一致" in offer.evidence
    assert any(each.startswith("联系人不一致") for each in offer.evidence)


# ── Near names ────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("新能源汽车", "新能源材料"),
        ("电子", "电力"),
        ("机器人", "机器视觉"),
        ("石墨烯", "石墨稀"),
        ("工业机器人", "工业机器入"),
    ],
)
def test_a_near_name_is_never_matched_and_offered_where_the_secretariat_agrees(
    one: str, other: str
) -> None:
    near = record(f"广东省{other}产业技术创新联盟")
    assert [each.target for each in proposed(near, identity=named(one))] == ["S-1"]


def test_a_name_with_little_in_common_is_not_even_offered() -> None:
    assert proposed(record("广东省新材料产业技术创新联盟"), identity=named("新能源")) == ()


def test_a_near_name_of_another_house_is_not_offered() -> None:
    near = record("广东省新能源材料产业技术创新联盟", secretariat=OTHER_HOST)
    assert proposed(near, identity=named("新能源汽车")) == ()


@pytest.mark.parametrize(
    "slip", ["产业枝术创新联盟", "产业技术创新连盟", "技术创新联盟", "产业技术创新战略联盟"]
)
def test_a_slip_or_variant_of_the_suffix_needs_the_secretariat(slip: str) -> None:
    name = f"广东省工业机器人{slip}"
    assert matched(record(name)) == (1, "core-and-secretariat")
    assert proposed(record(name, secretariat=""))
    assert proposed(record(name, secretariat=OTHER_HOST))


@pytest.mark.parametrize("prefix", ["", "广东", "粤", "广东省广东省"])
def test_a_prefix_left_out_or_doubled_tells_no_alliance_apart(prefix: str) -> None:
    assert matched(record(f"{prefix}工业机器人产业技术创新联盟"))[0] == 1


def test_a_national_alliance_is_another_than_the_provincial_one() -> None:
    (offer,) = proposed(record("国家工业机器人产业技术创新联盟"))
    assert any("冠名不同" in each for each in offer.evidence)


def test_a_short_core_alone_is_for_a_person() -> None:
    lone = record("广东省石墨烯产业技术创新联盟", secretariat="")
    assert proposed(lone, identity=named("石墨烯"))
    assert matched(record("广东省石墨烯产业技术创新联盟"), identity=named("石墨烯")) == (1, "name")
    known = named("石墨烯", phone="020-00001234")
    called = record("广东省石墨烯产业技术创新联盟", secretariat="", mobile="00001234")
    assert matched(called, identity=known) == (1, "name")


def test_a_name_that_nothing_supports_yields_to_a_near_one_that_agrees() -> None:
    bare = record(secretariat="")
    rival = record("广东省工业机器产业技术创新联盟", id=2, register_no="S-2")
    assert {each.target for each in proposed(bare, rival)} == {"S-1", "S-2"}
    assert matched(bare) == (1, "name")
    assert matched(record(), rival) == (1, "name")


def test_a_name_within_a_hair_of_another_is_for_a_person() -> None:
    core = "新型显示与半导体照明关键材料与智能制造装备及其应用"
    records = [
        record(f"广东省{each}产业技术创新联盟", id=at, secretariat="", register_no=f"S-{at}")
        for at, each in enumerate((core, core.replace("及其", "及共")), start=1)
    ]
    assert len(proposed(*records, identity=named(core))) == 2
    assert matched(records[0], identity=named(core)) == (1, "name")


# ── Secretariats and codes ────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        ("广州市启辰装备有限公司", "广州启辰装备有限公司"),
        ("启辰装备（集团）有限公司", "启辰装备集团有限公司"),
        ("启辰装备股份有限公司（原启辰装备有限公司）", "启辰装备有限公司"),
        ("华南理工大学", "华工"),
        ("中山大学", "中山大学生命科学学院"),
    ],
)
def test_ways_of_writing_one_secretariat_are_one(mine: str, theirs: str) -> None:
    known = named("工业机器人", mine)
    assert matched(record(SHORT, secretariat=theirs), identity=known)[1] == "core-and-secretariat"


@pytest.mark.parametrize(
    "reached",
    [
        ({"phone": "10000001234"}, {"mobile": "100-0000-1234"}),
        ({"phone": "+86 020-00001234"}, {"mobile": "0000 1234"}),
        ({"email": "A@example.com"}, {"email": "a@example.com；b@example.com"}),
    ],
)
def test_another_legal_form_is_no_contradiction_where_the_contact_is_the_same(
    reached: tuple[dict[str, str], dict[str, str]],
) -> None:
    mine, theirs = reached
    other = {"secretariat": HOST.replace("股份有限", "有限")}
    assert proposed(record(**other))
    assert matched(record(**other, **theirs), identity=named("工业机器人", **mine)) == (1, "name")


BODY = "551385082"
CODE = credit_code("91440101", BODY)


def test_old_and_new_codes_of_one_secretariat_are_one() -> None:
    known = named("工业机器人", "粤衡精工有限公司", code=BODY)
    said = record(SHORT, remark="组织机构代码55138508-2")
    assert matched(said, identity=known) == (1, "core-and-secretariat")
    assert matched(record(SHORT, remark=f"代码：{CODE}"), identity=known)[0] == 1


def test_another_code_contradicts_an_equal_name() -> None:
    known = named("工业机器人", code="600037341")
    (offer,) = proposed(record(remark=f"信用代码{CODE}"), identity=known)
    assert any(each.startswith("机构代码不一致") for each in offer.evidence)


# ── Several ───────────────────────────────────────────────────────────────────────────


def test_a_record_that_fits_another_dossier_as_well_is_for_a_person() -> None:
    rival = Identity(number=number(2), name=ROBOTS, secretariat=OTHER_HOST)
    assert proposed(record(secretariat=""), rivals=[rival])
    assert matched(record(), rivals=[rival]) == (1, "name")
    assert matched(record(secretariat="", remark=number(1)), rivals=[rival]) == (1, "number")


def test_a_record_that_names_two_numbers_names_none() -> None:
    assert matched(record(remark=f"{number(1)}、{number(2)}合订")) == (1, "name")


def test_a_record_with_our_number_and_another_name_is_offered_with_both_facts() -> None:
    (offer,) = proposed(record(LIGHTS, remark=number(1)))
    assert offer.evidence[0] == f"登记中写有编号 {number(1)}"
    assert offer.evidence[1].startswith("联盟名称不一致")


def test_what_is_not_filled_in_is_told_too() -> None:
    known = named("工业机器人", contact="项目办公室", phone="10000000001")
    (offer,) = proposed(record(SHORT, secretariat="", email="a@example.com"), identity=known)
    assert "电子版未填：邮箱" in offer.evidence
    assert "登记未填：秘书处单位、联系人、电话" in offer.evidence


def test_a_near_record_that_is_another_dossiers_is_not_offered() -> None:
    assert proposed(record("广东省工业机器产业技术创新联盟", dossier=number(2))) == ()


# ── Aliases ───────────────────────────────────────────────────────────────────────────


def alias(kind: str, left: str, right: str) -> Alias:
    at = datetime(2016, 6, 1, tzinfo=UTC)
    return Alias(id=1, kind=kind, left=left, right=right, who="张三", at=at, why="")


NAME = alias("name", ROBOTS, SENSORS)
SEAT = alias("organisation", HOST, OTHER_HOST)


def test_what_staff_have_said_to_be_one_is_matched() -> None:
    assert matched(record(SENSORS), aliases=[NAME]) == (1, "alias")
    assert matched(record(SENSORS, secretariat=""), aliases=[NAME]) == (1, "alias")
    assert matched(record(secretariat=OTHER_HOST), aliases=[SEAT]) == (1, "alias")
    assert matched(record(SHORT, secretariat=OTHER_HOST), aliases=[SEAT]) == (1, "alias")


def test_an_alias_holds_from_the_dossier_to_the_record_only() -> None:
    turned = Identity(number=number(1), name=SENSORS, secretariat=HOST)
    assert not isinstance(match_paper(turned, [record()], CALL, aliases=[NAME]), Matched)


def test_an_alias_overrides_no_contradiction() -> None:
    assert proposed(record(SENSORS, secretariat=OTHER_HOST), aliases=[NAME])
    known = named("工业机器人", code="600037341")
    other = record(secretariat=OTHER_HOST, remark=f"代码{CODE}")
    (offer,) = proposed(other, identity=known, aliases=[SEAT])
    assert any("张三" in each for each in offer.evidence)


def test_an_alias_beside_the_very_name_is_for_a_person() -> None:
    both = record(SENSORS), record(id=2, register_no="S-2")
    assert {each.target for each in proposed(*both, aliases=[NAME])} == {"S-1", "S-2"}
