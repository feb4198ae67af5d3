"""Reminders before a call closes, and the staff's digest: once, to whom, and never unfairly."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert

from config.settings import Notices, Receipts
from registry import models as m
from registry import notices
from registry.events import mark
from registry.notices import OpenList, digest_is_due, reminders_due
from registry.rows import Kind, LetterRow, LetterState
from tests.builders import CALL, LIGHTS, SENDER, Intake, document, dossier, number

# Wednesday, 1 June 2016; 9 and 10 June were holidays, the 12th, a Sunday, was worked.
CLOSING = datetime(2016, 6, 8, 17, 0, tzinfo=UTC)
NOW = datetime(2016, 6, 1, 3, 0, tzinfo=UTC)
FIVE = Notices(reminder_working_days=5)


def open_list(dossier: int = 1, *, to: str = "a@example.com", waits: bool = False) -> OpenList:
    return OpenList(dossier=dossier, to=to, closing=CLOSING, waits=waits)


def reminded(
    *lists: OpenList, now: datetime = NOW, settings: Notices = FIVE
) -> list[tuple[str, tuple[int, ...]]]:
    return [(each.to, each.dossiers) for each in reminders_due(lists, settings, Receipts(), now)]


# ── the decision ─────────────────────────────────────────────────────────────────────────


def test_an_address_is_reminded_once_of_all_its_open_lists() -> None:
    lists = open_list(1), open_list(2, to="b@example.com"), open_list(3)
    assert reminded(*lists) == [("a@example.com", (1, 3)), ("b@example.com", (2,))]


def test_nobody_is_reminded_while_anything_of_his_waits_with_the_center() -> None:
    assert reminded(open_list(1), open_list(2, waits=True)) == []


@pytest.mark.parametrize(
    ("now", "due"),
    [
        (NOW - timedelta(days=1), False),  # six working days ahead
        (NOW, True),
        (CLOSING - timedelta(hours=1), True),
        (CLOSING, False),
    ],
)
def test_reminders_go_within_five_working_days_before_the_closing(now: datetime, due: bool) -> None:  # noqa: FBT001
    assert bool(reminded(open_list(), now=now)) is due


def test_reminders_can_be_turned_off() -> None:
    assert reminded(open_list(), settings=Notices(reminder_working_days=0)) == []
    [letter] = reminders_due([open_list()], FIVE, Receipts(mode="off"), NOW)
    assert letter.state is LetterState.SUPPRESSED


@pytest.mark.parametrize(
    ("last", "now", "due"),
    [
        (None, datetime(2016, 6, 1, 8, 29, tzinfo=UTC), False),
        (None, datetime(2016, 6, 1, 8, 30, tzinfo=UTC), True),
        (datetime(2016, 6, 1, 8, 31, tzinfo=UTC), datetime(2016, 6, 1, 20, 0, tzinfo=UTC), False),
        (datetime(2016, 5, 31, 8, 31, tzinfo=UTC), datetime(2016, 6, 1, 11, 0, tzinfo=UTC), True),
        (None, datetime(2016, 6, 4, 9, 0, tzinfo=UTC), False),  # a Saturday
        (None, datetime(2016, 6, 12, 9, 0, tzinfo=UTC), True),  # a Sunday that is worked
    ],
)
def test_a_digest_is_due_once_each_working_day(
    last: datetime | None,
    now: datetime,
    due: bool,  # noqa: FBT001
) -> None:
    assert digest_is_due(last, Notices(), now) is due


# ── from the registry to the letter ──────────────────────────────────────────────────────


def closing_soon(intake: Intake) -> None:
    """Let the call close in a week."""
    call = CALL.model_copy(update={"closing": intake.now + timedelta(days=7)})
    intake.house = replace(intake.house, calls={call.id: call})


def of_kind(letters: tuple[LetterRow, ...], kind: Kind) -> list[LetterRow]:
    return [each for each in letters if each.kind is kind]


def test_an_open_list_is_called_to_mind_once_with_all_that_is_missing(intake: Intake) -> None:
    closing_soon(intake)
    intake.post(dossier(lacks=("agreement.risk",)))
    intake.post(dossier(LIGHTS))
    intake.answer(after=timedelta(hours=1))
    [reminder] = of_kind(intake.answer(after=timedelta(hours=1)), Kind.REMINDER)
    assert (reminder.to, reminder.notice, reminder.dossiers) == ((SENDER,), True, (number(1),))
    assert "补件提醒" in reminder.subject
    assert "风险承担" in reminder.text
    assert "截止时间为2016年6月8日" in reminder.text
    assert intake.answer(after=timedelta(days=1)) == ()


def test_no_reminder_goes_while_a_document_waits_for_a_person(intake: Intake) -> None:
    closing_soon(intake)
    intake.post(dossier(lacks=("agreement.risk",)))
    intake.answer(after=timedelta(hours=1))
    intake.post(
        dossier("", document("other", "", path="扫描.pdf", problem="scan")),
        subject=f"[{number(1)}]",
    )
    assert of_kind(intake.answer(after=timedelta(hours=1)), Kind.REMINDER) == []


def test_nothing_that_may_have_gone_before_a_return_of_a_backup_goes_again(intake: Intake) -> None:
    """What was told between the backup and its return is not on record."""
    intake.post(dossier(lacks=("agreement.risk",)))
    intake.answer(after=timedelta(hours=1))
    with intake.registry.write() as connection:
        connection.execute(insert(m.restoration).values(restored_at=intake.now))
    intake.now += timedelta(hours=1)
    intake.post(dossier(lacks=("agreement.risk",), content="2"))  # it has changed since
    with intake.registry.read() as connection:
        (one,) = notices.open_lists(connection, {CALL.id: intake.now + timedelta(days=1)})
        assert one.restored
        digested = notices.last_digest(connection, "desk@example.org")
    assert digested == intake.now - timedelta(hours=1)


def test_a_paper_import_after_a_return_of_a_backup_lets_no_notice_go_by_itself(
    intake: Intake,
) -> None:
    intake.post(dossier())
    intake.answer(after=timedelta(hours=1))
    with intake.registry.write() as connection:
        connection.execute(insert(m.restoration).values(restored_at=intake.now))
    intake.now += timedelta(hours=1)
    intake.paper()
    with intake.registry.write() as connection:
        mark(connection, [intake.row().id], intake.now)
    (letter,) = intake.answer(after=timedelta(hours=1))
    assert (letter.kind, letter.state) == (Kind.COMPLETE, LetterState.DRAFT)


def test_a_call_without_a_closing_date_reminds_nobody(intake: Intake) -> None:
    intake.post(dossier(lacks=("agreement.risk",)))
    intake.answer(after=timedelta(hours=1))
    assert intake.answer(after=timedelta(days=5)) == ()


def test_the_digest_tells_staff_what_is_new_and_what_waits(intake: Intake) -> None:
    settings = intake.house.settings
    told = settings.notices.model_copy(update={"digest_to": ("desk@example.org",)})
    intake.house = replace(intake.house, settings=settings.model_copy(update={"notices": told}))
    intake.post(dossier(lacks=("agreement.risk",)))
    intake.post(
        dossier(
            LIGHTS, document("form", LIGHTS), document("other", "", path="扫描.pdf", problem="scan")
        )
    )
    intake.post(subject="问一下", text=f"{number(1)}的进展如何？")
    letters = intake.answer(after=timedelta(hours=1))
    [digest] = of_kind(letters, Kind.DIGEST)
    assert (digest.to, digest.dossiers, digest.mails) == (("desk@example.org",), (), ())
    assert "待核对1件" in digest.subject
    for words in (number(1), number(2), "问一下", "新收的申报材料：2件", "存疑"):
        assert words in digest.text
    assert digest.text.count("存疑") == 1
    assert of_kind(intake.answer(after=timedelta(hours=1)), Kind.DIGEST) == []
    [next_one] = of_kind(intake.answer(after=timedelta(days=1)), Kind.DIGEST)
    assert "新收的申报材料：0件" in next_one.text
