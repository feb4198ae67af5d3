"""A marked dossier is matched and judged; what changed meanwhile is not overwritten."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, select, update

from parsers.names import core_of, normal_form
from registry import decisions, judging, queries
from registry import models as m
from registry.events import mark
from registry.judging import judge_dossier
from registry.rows import Kind, Outcome, Status
from tests import builders
from tests.builders import (
    CALL,
    HOST,
    LIGHTS,
    OTHER_HOST,
    ROBOTS,
    SENSORS,
    STRANGER,
    Intake,
    document,
    dossier,
    number,
)

NEAR = "广东省工业机器产业技术创新联盟"


def act(
    intake: Intake, what: Callable[..., object], *arguments: object, serial: int = 1, **more: object
) -> None:
    """Let the staff do something with a dossier."""
    builders.act(intake, what, intake.row(serial), *arguments, **more)


def touch(intake: Intake, *dossiers: int) -> None:
    with intake.registry.write() as connection:
        mark(connection, dossiers, intake.now)


def rename_paper(intake: Intake, name: str) -> None:
    values = {"name": name, "name_form": normal_form(name, CALL), "core": core_of(name, CALL)}
    with intake.registry.write() as connection:
        connection.execute(update(m.paper).values(**values))
    touch(intake, 1)


def candidates(intake: Intake, serial: int = 1) -> list[str]:
    with intake.registry.read() as connection:
        view = queries.view(connection, intake.row(serial))
    return [each.target for each in view.candidates]


def test_a_judged_dossier_has_its_findings_status_paper_and_events(intake: Intake) -> None:
    paper = intake.paper()
    intake.post(dossier())
    intake.judge()
    row = intake.row()
    assert (row.status, row.paper_id, row.paper_match, row.marked) == (
        Status.COMPLETE,
        paper,
        "name",
        False,
    )
    assert row.completed_at == intake.now
    with intake.registry.read() as connection:
        findings = queries.findings_of(connection, [row.id])[row.id]
    assert [each.id for each in findings] == [
        each.id for each in CALL.checks if each.id in {one.id for one in findings}
    ]
    assert [each.what for each in intake.rows(m.event)][-2:] == ["matched", "judged"]


def test_judging_again_without_a_change_gives_the_same_and_no_event(intake: Intake) -> None:
    intake.post(dossier(lacks=("agreement.risk",)))
    intake.judge()
    before = intake.rows(m.finding), intake.rows(m.event)
    touch(intake, 1)
    intake.judge()
    assert (intake.rows(m.finding), intake.rows(m.event)) == before


def test_what_was_judged_is_dropped_when_the_dossier_has_changed_since_it_was_read(
    intake: Intake,
) -> None:
    intake.post(dossier())
    with intake.registry.read() as connection:
        weighed = judging.weigh(connection, 1)
    intake.post(dossier(ROBOTS, document("agreement", content="2", lacks=("agreement.risk",))))
    with intake.registry.write() as connection:
        assert not judging._keep(connection, weighed, intake.now)  # noqa: SLF001 - the step between
    assert intake.row().judged_revision == 0
    assert intake.rows(m.finding) == []
    assert judge_dossier(intake.registry, 1, intake.now)
    assert not intake.row().marked


def test_a_record_that_fits_two_dossiers_goes_to_a_person(intake: Intake) -> None:
    intake.post(dossier())
    intake.post(dossier(secretariat=OTHER_HOST), sender=STRANGER)
    intake.paper(secretariat="")
    intake.judge()
    assert (intake.row(1).paper_id, intake.row(2).paper_id) == (None, None)
    assert "match-proposed" in intake.row(1).review
    assert candidates(intake, 1) == candidates(intake, 2)[:1]


def test_a_dossier_sees_that_a_record_of_its_name_is_another_ones_already(intake: Intake) -> None:
    intake.post(dossier())
    intake.paper(secretariat="")
    intake.judge()
    intake.post(dossier(secretariat=OTHER_HOST), sender=STRANGER)
    intake.judge()
    assert (intake.row(1).paper_id, intake.row(2).paper_id) == (1, None)
    assert candidates(intake, 2)[0].startswith("S-")


def test_a_record_taken_between_reading_and_writing_leaves_the_dossier_marked(
    intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    intake.post(dossier())
    intake.post(dossier(secretariat=OTHER_HOST), sender=STRANGER)
    paper = intake.paper()
    original = judging.weigh

    def weigh(connection: Connection, which: int) -> judging.Weighed:
        weighed = original(connection, which)
        with intake.registry.write() as other:  # another writer is faster
            values = {"paper_id": paper, "paper_match": "staff"}
            other.execute(update(m.dossier).where(m.dossier.c.id == 2).values(**values))
        return weighed

    with monkeypatch.context() as patched:
        patched.setattr(judging, "weigh", weigh)
        assert judge_dossier(intake.registry, 1, intake.now) is None
    assert intake.row(1).marked
    assert judge_dossier(intake.registry, 1, intake.now)
    assert intake.row(1).paper_id is None


# ── paper ────────────────────────────────────────────────────────────────────────────────


def test_a_changed_name_in_the_register_undoes_the_match_and_goes_to_a_person(
    intake: Intake,
) -> None:
    intake.paper()
    intake.post(dossier())
    intake.judge()
    rename_paper(intake, SENSORS)
    intake.judge()
    row = intake.row()
    assert (row.paper_id, row.status, row.review) == (None, Status.IN_REVIEW, ("match-proposed",))
    assert len(candidates(intake)) == 1
    assert [each.what for each in intake.events("unmatched")] == ["unmatched"]


def test_an_undone_match_stays_proposed_until_a_person_decides(intake: Intake) -> None:
    intake.paper()
    intake.post(dossier())
    intake.judge()
    rename_paper(intake, SENSORS)
    intake.judge()
    touch(intake, 1)
    intake.judge()
    assert intake.row().review == ("match-proposed",)


def test_a_name_in_the_register_spelt_otherwise_keeps_the_match(intake: Intake) -> None:
    intake.paper()
    intake.post(dossier())
    intake.judge()
    rename_paper(intake, f"《{ROBOTS}》")
    intake.judge()
    assert intake.row().paper_id == 1


def test_a_link_made_by_staff_is_kept_whatever_the_record_is_called(intake: Intake) -> None:
    intake.paper(SENSORS, register_no="S-9")
    intake.post(dossier())
    act(intake, decisions.link, "S-9")
    intake.judge()
    assert (intake.row().paper_id, intake.row().paper_match) == (1, "staff")
    rename_paper(intake, LIGHTS)
    intake.judge()
    assert intake.row().paper_id == 1


def test_a_record_that_a_person_parted_is_never_matched_or_proposed_again(intake: Intake) -> None:
    intake.paper()
    intake.post(dossier())
    intake.judge()
    act(intake, decisions.unlink)
    intake.judge()
    assert (intake.row().paper_id, candidates(intake)) == (None, [])
    touch(intake, 1)
    intake.judge()
    assert (intake.row().paper_id, intake.row().status) == (None, Status.AWAITING_PAPER)
    intake.paper(register_no="S-2")
    touch(intake, 1)
    intake.judge()
    assert intake.row().paper_id == 2


def test_a_near_record_is_proposed_and_a_person_may_say_that_it_is_none(intake: Intake) -> None:
    intake.paper(NEAR)
    intake.post(dossier())
    intake.judge()
    assert intake.row().review == ("match-proposed",)
    about: dict[str, Any] = {"document": "", "outcome": Outcome.OK, "reason": "另一联盟"}
    act(intake, decisions.decide, "match-proposed", **about)
    intake.judge()
    assert (intake.row().review, intake.row().status) == ((), Status.AWAITING_PAPER)


def test_a_withdrawn_dossier_gives_its_record_back_and_takes_none(intake: Intake) -> None:
    intake.paper()
    intake.post(dossier())
    intake.judge()
    act(intake, decisions.withdraw, "申请人来函")
    intake.judge()
    row = intake.row()
    assert (row.status, row.paper_id, row.review) == (Status.WITHDRAWN, None, ())
    intake.post(dossier(content="2"))
    intake.judge()
    assert intake.row(2).paper_id == 1


def test_a_withdrawn_dossier_waits_for_nobody_though_a_near_record_exists(intake: Intake) -> None:
    intake.paper(NEAR)
    intake.post(dossier())
    act(intake, decisions.withdraw, "申请人来函")
    intake.judge()
    assert (intake.row().status, candidates(intake)) == (Status.WITHDRAWN, [])


@pytest.mark.parametrize("how", [decisions.unlink, decisions.withdraw])
def test_a_dossier_that_waited_for_a_record_is_judged_anew_when_a_person_frees_it(
    intake: Intake, how: Callable[..., None]
) -> None:
    intake.post(dossier())
    intake.paper(secretariat="")
    intake.judge()
    intake.post(dossier(secretariat=OTHER_HOST), sender=STRANGER)
    intake.judge()
    act(intake, how, *(["申请人来函"] if how is decisions.withdraw else []))
    intake.judge()
    intake.judge()
    assert intake.row(2).paper_id == 1


def test_a_dossier_of_the_same_name_is_proposed_with_both_secretariats(intake: Intake) -> None:
    intake.post(dossier())
    intake.post(dossier(secretariat=OTHER_HOST), sender=STRANGER)
    intake.judge()
    assert candidates(intake, 2) == [number(1)]
    with intake.registry.read() as connection:
        (offer,) = queries.view(connection, intake.row(2)).candidates
    assert any(HOST in each and OTHER_HOST in each for each in offer.evidence)


def test_a_dossier_of_a_near_name_and_the_same_house_is_proposed_until_a_person_decides(
    intake: Intake,
) -> None:
    intake.post(dossier())
    intake.post(dossier("广东省工业机器入产业技术创新联盟"), sender=STRANGER)
    intake.post(
        dossier("广东省工业机器手产业技术创新联盟", secretariat=OTHER_HOST), sender=STRANGER
    )
    intake.judge()
    assert [candidates(intake, each) for each in (1, 2, 3)] == [[], [number(1)], []]
    about: dict[str, Any] = {"document": "", "outcome": Outcome.OK, "reason": "确为两个联盟"}
    act(intake, decisions.decide, "match-proposed", serial=2, **about)
    intake.judge()
    assert (candidates(intake, 2), "match-proposed" in intake.row(2).review) == ([], False)


def test_a_record_that_names_the_number_is_matched_by_it(intake: Intake) -> None:
    intake.paper("工业机器人联盟", secretariat="", remark=number(1), number_said=number(1))
    intake.post(dossier())
    intake.judge()
    assert (intake.row().paper_id, intake.row().paper_match) == (1, "number")


def test_a_near_record_is_no_longer_proposed_once_it_is_another_dossiers(intake: Intake) -> None:
    intake.paper(NEAR)
    intake.post(dossier())
    intake.judge()
    assert candidates(intake) != []
    intake.post(dossier(NEAR, secretariat=HOST), sender=STRANGER)
    intake.judge()
    intake.judge()
    assert intake.row(2).paper_id == 1
    assert candidates(intake) == []


def test_a_dossier_is_judged_by_the_call_version_under_which_it_was_opened(intake: Intake) -> None:
    intake.post(dossier())
    with intake.registry.read() as connection:
        call = judging.call_of(connection, intake.row())
    assert (call, call.text) == (CALL, CALL.text)


def test_a_rule_that_sees_more_now_raises_no_new_point_by_itself(intake: Intake) -> None:
    intake.paper()
    intake.post(dossier(lacks=("agreement.risk",)))
    intake.judge()
    (letter,) = intake.answer(after=timedelta(hours=1))
    assert letter.kind is Kind.MISSING_ITEMS
    with intake.registry.write() as connection:  # as if the plan's goals had been misread before
        plan = m.document.c.kind == "plan"
        facts = connection.execute(select(m.document.c.facts).where(plan)).scalar_one()
        facts["clauses"].pop("plan.experts")
        connection.execute(update(m.document).where(plan).values(facts=facts))
    touch(intake, 1)
    intake.judge()
    assert intake.row().review == ("doubtful:plan.experts",)
    assert intake.answer(after=timedelta(days=1)) == ()


def test_a_receipt_that_told_of_paper_not_yet_here_is_no_silence_about_it(intake: Intake) -> None:
    intake.post(dossier())
    (letter,) = intake.answer()
    assert (letter.kind, intake.row().status) == (Kind.ACKNOWLEDGEMENT, Status.AWAITING_PAPER)
    intake.post(dossier(ROBOTS, document("plan", content="2")), subject=f"[{number(1)}] 更正")
    intake.judge()
    assert (intake.row().status, intake.row().review) == (Status.AWAITING_PAPER, ())
