"""Dossiers that a person finds to be one, and a name that changes: over the real registry."""

from __future__ import annotations

from typing import Any

import pytest

from registry import decisions, merging
from registry.decisions import RefusedError
from registry.rows import Fate, Kind, Outcome, Status
from tests.builders import KINDS, LIGHTS, QUIET, ROBOTS, Intake, act, document, dossier, number

NEAR = ROBOTS.replace("机器人", "机器人应用")


@pytest.fixture
def corrected(intake: Intake) -> Intake:
    """An applicant who quotes his number and sends all again under a name that he corrected."""
    intake.receipts(quiet_period="0s")
    intake.post(dossier(ROBOTS))
    intake.answer()
    intake.now += QUIET
    intake.post(dossier(NEAR, content="2"), subject=f"[{number(1)}] 更正联盟名称")
    intake.answer()
    return intake


def merge(intake: Intake, serial: int = 2, target: int = 1) -> None:
    intake.now += QUIET
    with intake.registry.write() as connection:
        merging.merge(connection, intake.row(serial), number(target), who="staff", now=intake.now)


def test_a_number_quoted_beside_a_name_nearly_its_own_is_shown_to_staff(corrected: Intake) -> None:
    assert corrected.numbers() == [number(1), number(2)]
    assert corrected.mail(2).fate is Fate.FILED
    assert number(1) in corrected.mail(2).reason
    assert corrected.mail(2).unread


def test_what_a_merged_dossier_held_goes_to_the_other_and_its_number_says_where(
    corrected: Intake,
) -> None:
    merge(corrected)
    assert (corrected.row(2).status, corrected.row(2).merged_into) == (
        Status.IN_REVIEW,
        number(1),
    )
    corrected.judge()
    assert corrected.row(2).status is Status.WITHDRAWN
    assert corrected.documents(2) == ()
    current = [each for each in corrected.documents(1) if not each.superseded]
    assert sorted(each.kind for each in current) == sorted(KINDS)
    assert {each.mail_id for each in current} == {2}
    assert corrected.mail(2).dossiers == (number(1),)
    assert "renamed" in corrected.row(1).review


def test_the_applicant_is_told_once_which_number_holds(corrected: Intake) -> None:
    merge(corrected)
    corrected.judge()
    with corrected.registry.write() as connection:
        row = corrected.row(1)
        assert merging.rename(connection, row, who="staff", now=corrected.now) == NEAR
    assert corrected.row(1).name == NEAR
    (letter,) = corrected.answer(after=QUIET)
    assert (letter.kind, letter.notice) == (Kind.MISSING_ITEMS, True)
    assert f"[{number(1)}]" in letter.subject
    assert f"登记编号{number(2)}的材料" in letter.text
    assert f"今后请使用登记编号{number(1)}" in letter.text
    assert corrected.answer(after=QUIET) == ()


def test_mail_that_quotes_the_number_of_a_merged_dossier_goes_to_the_other(
    corrected: Intake,
) -> None:
    merge(corrected)
    mail = corrected.post(
        dossier("", document("charter", "", content="3")), subject=f"补充 {number(2)}"
    )
    assert corrected.mail(mail).fate is Fate.FILED
    assert corrected.mail(mail).dossiers == (number(1),)


def test_a_mail_given_to_another_dossier_by_hand_leaves_a_number_that_says_where(
    corrected: Intake,
) -> None:
    with corrected.registry.write() as connection:
        decisions.assign(connection, 2, number(1), who="staff", now=corrected.now)
    assert corrected.row(2).merged_into == number(1)


def test_what_is_withdrawn_or_itself_or_unknown_cannot_be_merged(corrected: Intake) -> None:
    for target in (number(2), number(9)):
        with corrected.registry.write() as connection, pytest.raises(RefusedError):
            merging.merge(connection, corrected.row(2), target, who="staff", now=corrected.now)
    merge(corrected)
    with corrected.registry.write() as connection, pytest.raises(RefusedError):
        merging.merge(connection, corrected.row(2), number(1), who="staff", now=corrected.now)


def test_a_person_may_keep_the_name_on_record(corrected: Intake) -> None:
    merge(corrected)
    corrected.judge()
    about: dict[str, Any] = {"document": "", "outcome": Outcome.OK, "reason": "沿用登记的名称"}
    act(corrected, decisions.decide, corrected.row(1), "renamed", **about)
    corrected.judge()
    assert (corrected.row(1).name, corrected.row(1).review) == (ROBOTS, ())
    with corrected.registry.write() as connection, pytest.raises(RefusedError):
        merging.rename(connection, corrected.row(1), who="staff", now=corrected.now)


def test_files_that_both_hold_stay_with_one(intake: Intake) -> None:
    intake.post(dossier(ROBOTS))
    intake.post(dossier(LIGHTS))
    shared = document("other", "", path="推荐函.pdf", content="x")
    intake.post(dossier(ROBOTS, document("charter", content="2"), shared))
    intake.post(dossier(LIGHTS, document("charter", LIGHTS, content="2"), shared))
    merge(intake)
    kept = [each for each in intake.documents(1) if each.sha256 == shared.sha256]
    assert len(kept) == 1
