"""Whether a paper record is a dossier's own: certain levels, contradictions, proposals."""

from __future__ import annotations

from typing import Any

import pytest

from registry.matching import CANDIDATES, Identity, Matched, match_paper
from registry.rows import PaperRecord, Proposal
from tests.builders import CALL, HOST, LIGHTS, OTHER_HOST, ROBOTS, SENSORS, number

IDENTITY = Identity(number=number(1), name=ROBOTS, secretariat=HOST)
SHORT = "工业机器人产业联盟"


def record(name: str = ROBOTS, **changes: object) -> PaperRecord:
    values: dict[str, Any] = {"id": 1, "register_no": "S-1", "name": name, "secretariat": HOST}
    return PaperRecord(**(values | changes))


def matched(*records: PaperRecord, identity: Identity = IDENTITY) -> tuple[int, str]:
    found = match_paper(identity, records, CALL)
    assert isinstance(found, Matched)
    return found.paper.id, found.match


def proposed(*records: PaperRecord, identity: Identity = IDENTITY) -> tuple[Proposal, ...]:
    found = match_paper(identity, records, CALL)
    assert not isinstance(found, Matched)
    return found


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
    assert any("秘书处单位不同" in each and OTHER_HOST in each for each in offer.evidence)


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
    assert any(each.startswith("联系人不同") for each in offer.evidence)
