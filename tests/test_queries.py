"""Reads of the registry: what lists show, in which order, narrowed how."""

from __future__ import annotations

from datetime import timedelta

import pytest

from registry import decisions, filing, outgoing, queries
from registry.rows import Fate, LetterState, Status
from tests.builders import (
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


@pytest.fixture
def full(intake: Intake) -> Intake:
    """Three dossiers, one of each kind of standing, and some other mail."""
    intake.paper(LIGHTS)
    intake.post(dossier(lacks=("agreement.risk",)), sender="100%_sure@example.com")
    intake.post(dossier(LIGHTS), subject="报送照明联盟")
    intake.post(dossier(SENSORS, secretariat=OTHER_HOST), sender=STRANGER)
    intake.post(subject=f"咨询 {number(2)}", text="请问")
    intake.post(subject="招聘", text="广告")
    mail = intake.receive()
    with intake.registry.write() as connection:
        filing.quarantine(connection, mail, "无法读取", intake.now)
    intake.answer(after=timedelta(hours=1))
    return intake


def found(intake: Intake, **narrowed: object) -> list[str]:
    with intake.registry.read() as connection:
        rows = queries.queue(connection, **narrowed)  # type: ignore[arg-type] # by name
        size = {key: value for key, value in narrowed.items() if key not in {"limit", "offset"}}
        if len(size) == len(narrowed):
            assert queries.queue_size(connection, **size) == len(rows)  # type: ignore[arg-type]
        return [each.number for each in rows]


def test_the_queue_is_in_the_order_received_and_cut_into_pages(full: Intake) -> None:
    assert found(full) == [number(1), number(2), number(3)]
    assert found(full, limit=2) == [number(1), number(2)]
    assert found(full, limit=2, offset=2) == [number(3)]


@pytest.mark.parametrize(
    ("status", "numbers"),
    [
        (Status.INCOMPLETE, [1]),
        (Status.COMPLETE, [2]),
        (Status.AWAITING_PAPER, [3]),
        (Status.WITHDRAWN, []),
        ("", [1, 2, 3]),
    ],
)
def test_the_queue_is_narrowed_by_status(full: Intake, status: str, numbers: list[int]) -> None:
    assert found(full, status=status) == [number(each) for each in numbers]


@pytest.mark.parametrize(
    ("search", "numbers"),
    [
        ("lm2016-0002", [2]),
        (" 照明 ", [2]),
        (HOST, [1, 2]),
        ("科技创新委员会", [1, 2, 3]),
        ("100%_sure", [1]),
        ("%", [1]),
        ("_", [1]),
        ("\\", []),
        ("没有", []),
        ("", [1, 2, 3]),
    ],
)
def test_the_queue_is_searched_word_for_word(full: Intake, search: str, numbers: list[int]) -> None:
    assert found(full, search=search) == [number(each) for each in numbers]


def test_dossiers_without_paper_are_told_apart(full: Intake) -> None:
    assert found(full, without_paper=True) == [number(1), number(3)]
    with full.registry.write() as connection:
        decisions.withdraw(connection, full.row(1), "来函", who="staff", now=full.now)
    full.judge()
    assert found(full, without_paper=True) == [number(3)]


def test_counts_agree_with_what_is_there(full: Intake) -> None:
    with full.registry.read() as connection:
        assert queries.count_by_status(connection) == {
            Status.INCOMPLETE: 1,
            Status.COMPLETE: 1,
            Status.AWAITING_PAPER: 1,
        }
        assert queries.count_by_fate(connection) == {
            Fate.FILED: 3,
            Fate.NOTED: 1,
            Fate.UNRELATED: 1,
            Fate.QUARANTINED: 1,
        }
        assert queries.count_by_state(connection) == {
            LetterState.QUEUED: 3,
            LetterState.SUPPRESSED: 1,
        }
        missing = queries.missing_counts(connection, [1, 2, 3])
    assert missing == {1: 2, 3: 1}


def test_a_dossier_is_found_by_its_number_in_any_case_and_with_spaces(full: Intake) -> None:
    with full.registry.read() as connection:
        found_row = queries.dossier_by_number(connection, " lm2016-0003 ")
        assert found_row
        assert found_row.name == SENSORS
        assert queries.dossier_by_number(connection, "LM2016-9999") is None


def test_mails_are_narrowed_and_those_that_wait_for_a_person_stand_out(full: Intake) -> None:
    with full.registry.read() as connection:
        assert [each.id for each in queries.mails(connection, fate="filed")] == [1, 2, 3]
        assert [each.id for each in queries.mails(connection, waiting=True)] == [4, 6]
        assert [each.id for each in queries.mails(connection, search="照明")] == [2]
        newest = queries.mails(connection, newest_first=True, limit=2)
        assert [each.id for each in newest] == [6, 5]
        assert queries.mails_size(connection) == 6
    with full.registry.write() as connection:
        decisions.mark_read(connection, 4, who="staff", now=full.now)
        assert [each.id for each in queries.mails(connection, waiting=True)] == [6]


def test_a_mail_shows_its_dossiers_and_letters(full: Intake) -> None:
    rows = {each: full.mail(each) for each in (1, 4, 5)}
    assert rows[1].dossiers == rows[1].dossiers == (number(1),)
    assert len(rows[1].letters) == 1
    assert (rows[4].dossiers, rows[4].letters) == ((number(2),), ())
    assert (rows[5].dossiers, len(rows[5].letters)) == ((), 1)


def test_letters_are_in_the_order_written_and_narrowed_by_state(full: Intake) -> None:
    with full.registry.read() as connection:
        every = queries.letters(connection)
        assert [each.id for each in every] == sorted(each.id for each in every)
        assert queries.letters(connection, newest_first=True) == every[::-1]
        (suppressed,) = queries.letters(connection, state="suppressed")
        assert suppressed.mails == (5,)
        assert len(queries.to_send(connection, full.now)) == 3


def test_a_view_has_everything_of_one_dossier_and_nothing_of_another(full: Intake) -> None:
    with full.registry.read() as connection:
        view = queries.view(connection, full.row(2))
    assert {each.id for each in view.mails} == {2, 4}
    assert [each.dossiers for each in view.letters] == [(number(2),)]
    assert {each.dossier for each in view.history} == {number(2)}
    assert [each.what for each in view.history] == ["opened", "mail", "matched", "judged", "letter"]
    assert view.paper
    assert view.paper.dossier == number(2)
    assert {each.kind for each in view.documents} == {"form", "plan", "charter", "agreement"}


def test_the_paper_register_shows_each_records_dossier(full: Intake) -> None:
    full.paper(SENSORS, register_no="", key="x")
    with full.registry.read() as connection:
        assert [each.dossier for each in queries.papers(connection)] == [number(2), ""]
        (free,) = queries.papers(connection, unmatched=True)
        assert queries.papers_size(connection, unmatched=True) == 1
        assert queries.paper_by_register_no(connection, f"#{free.id}") == free
        assert queries.paper_by_register_no(connection, "") is None
        assert queries.paper_by_register_no(connection, "#99") is None
        assert queries.paper_by_register_no(connection, "#²") is None
        assert [each.name for each in queries.papers(connection, search="照明")] == [LIGHTS]


def test_a_letter_put_off_is_not_tried_before_its_time(full: Intake) -> None:
    with full.registry.write() as connection:
        first = queries.to_send(connection, full.now)[0]
        outgoing.count_try(connection, first, full.now)
        outgoing.put_off(connection, first, "451", full.now, for_good=False)
        soon = set(queries.to_send(connection, full.now))
        later = set(queries.to_send(connection, full.now + timedelta(minutes=1)))
        assert later - soon == {first}
        assert set(queries.to_send(connection, None)) == later


def test_a_question_waits_for_a_person_until_it_is_read(full: Intake) -> None:
    mail = full.post(subject="请问联盟何时申报", text="如题", sender="ask@example.net")
    with full.registry.read() as connection:
        waiting = [each.id for each in queries.mails(connection, waiting=True)]
        assert mail in waiting
        assert queries.mails_size(connection, waiting=True) == len(waiting)
        assert full.mail(mail).unread
    with full.registry.write() as connection:
        decisions.mark_read(connection, mail, who="staff", now=full.now)
    assert not full.mail(mail).unread


def test_a_document_says_whether_it_is_superseded_only_among_its_kind(full: Intake) -> None:
    full.post(dossier(ROBOTS, document("plan", content="2")), sender="100%_sure@example.com")
    superseded = [each.kind for each in full.documents() if each.superseded]
    assert superseded == ["plan"]
