"""What counts as trouble of the service, and what does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import insert, update

from config.settings import Alarms, Mailbox
from registry import models as m
from registry import outgoing, receiving
from registry.health import Health, Trouble, What, look
from registry.rows import Kind, LetterState
from reports.alarm import trouble_words
from reports.desk.health_report import report
from tests.builders import NOW, ROBOTS, ZONE, Intake, document, dossier

ROOMY = 1 << 40


def watched(intake: Intake, **box: object) -> Intake:
    """A house with one mailbox that is well: read a moment ago."""
    mailbox = Mailbox(**({"user": "intake"} | box))
    settings = intake.house.settings.model_copy(update={"mailbox": {"main": mailbox}})
    intake.house = replace(intake.house, settings=settings)
    with intake.registry.write() as connection:
        for folder in mailbox.folders:
            receiving.first_read(connection, "main", folder, intake.now)
            receiving.folder_read(connection, "main", folder, 1, count=0, now=intake.now)
    return intake


@pytest.fixture
def well(intake: Intake) -> Intake:
    return watched(intake)


def health(intake: Intake, *, free: int = ROOMY) -> Health:
    with intake.registry.read() as connection:
        return look(connection, intake.house.settings, intake.now, free)


def troubles(intake: Intake) -> list[tuple[str, str]]:
    return [(each.what, each.why) for each in health(intake).troubles]


def fail(intake: Intake, kind: str, error: str = "said the server") -> None:
    with intake.registry.write() as connection:
        receiving.mailbox_failed(
            connection, "main", ("INBOX",), error=error, kind=kind, now=intake.now
        )


def test_a_service_at_work_has_no_trouble(well: Intake) -> None:
    said = report(health(well))
    assert (said["status"], said["reasons"]) == ("ok", [])
    assert said["mail_server"] == said["disk"] == "ok"


def test_a_mailbox_not_read_for_three_polls_is_trouble_and_one_just_then_is_not(
    well: Intake,
) -> None:
    well.now += timedelta(seconds=180)
    assert troubles(well) == []
    well.now += timedelta(seconds=1)
    assert troubles(well) == [("mailbox", "late")]
    assert report(health(well))["reasons"] == ["mailbox main: late"]


def test_a_mailbox_whose_mails_are_coming_in_is_being_read_however_long_that_takes(
    well: Intake,
) -> None:
    well.now += timedelta(hours=1)
    well.receive()
    assert troubles(well) == []


@pytest.mark.parametrize("kind", ["login", "unreachable", "folder", "protocol"])
def test_a_mailbox_that_fails_is_trouble_at_once_with_its_reason_and_over_when_it_is_read(
    well: Intake, kind: str
) -> None:
    fail(well, kind)
    assert troubles(well) == [("mailbox", kind)]
    said = report(health(well))
    assert said["reasons"] == [f"mailbox main: {kind}"]
    assert "said the server" not in str(said)
    (trouble,) = health(well).troubles
    assert "said the server" in trouble_words(trouble, ZONE)
    with well.registry.write() as connection:
        receiving.folder_read(connection, "main", "INBOX", 1, count=0, now=well.now)
    assert troubles(well) == []


def test_a_mailbox_that_was_never_read_is_trouble(intake: Intake) -> None:
    watched(intake, folders=())
    watched(intake)
    with intake.registry.write() as connection:
        connection.execute(update(m.folder).values(last_read_at=None, progress_at=None))
    assert troubles(intake) == [("mailbox", "never-read")]


def test_a_spam_folder_that_the_mailbox_has_not_is_not_missed(intake: Intake) -> None:
    assert troubles(watched(intake, spam_folders=("Junk",))) == []


def test_several_folders_of_a_mailbox_are_one_trouble(intake: Intake) -> None:
    watched(intake, folders=("INBOX", "Batch"))
    fail(intake, "unreachable")
    intake.now += timedelta(hours=1)
    assert troubles(intake) == [("mailbox", "unreachable")]


def test_a_mail_that_waits_too_long_to_be_filed_is_trouble(well: Intake) -> None:
    well.receive()
    since = well.now
    for minutes, expected in ((60, []), (61, [("mails", "late")])):
        well.now = since + timedelta(minutes=minutes)
        with well.registry.write() as connection:
            receiving.folder_read(connection, "main", "INBOX", 1, count=1, now=well.now)
        assert troubles(well) == expected
    said = report(health(well))["mails"]
    assert said == {"status": "late", "waiting": 1, "oldest": said["oldest"]}  # type: ignore[index] # a dict


def test_a_dossier_that_waits_too_long_to_be_judged_is_trouble(intake: Intake) -> None:
    intake.post(dossier())
    intake.now += timedelta(minutes=61)
    assert troubles(intake) == [("dossiers", "late")]
    intake.judge()
    assert troubles(intake) == []


def test_a_mail_whose_answer_is_not_written_when_it_should_be_is_trouble(intake: Intake) -> None:
    intake.receipts(quiet_period="30m")
    intake.post(dossier(ROBOTS, document("form")))
    intake.judge()
    intake.now += timedelta(minutes=90)
    assert troubles(intake) == []  # a list of what is missing has its quiet period
    intake.now += timedelta(minutes=1)
    assert troubles(intake) == [("answers", "late")]
    assert report(health(intake))["reasons"] == ["answers: late"]
    with intake.registry.write() as connection:
        connection.execute(update(m.mail).values(more_follows=True))
    assert troubles(intake) == []  # more follows, until the end of the next working day
    intake.now += timedelta(days=3)
    assert troubles(intake) == [("answers", "late")]
    intake.answer()
    assert ("answers", "late") not in troubles(intake)


@pytest.fixture
def lettered(intake: Intake) -> Intake:
    """A house with one queued letter."""
    intake.post(dossier())
    intake.answer()
    return intake


def test_a_letter_that_is_due_and_not_sent_is_trouble(lettered: Intake) -> None:
    lettered.now += timedelta(minutes=60)
    assert troubles(lettered) == []
    lettered.now += timedelta(minutes=1)
    assert troubles(lettered) == [("letters", "late")]


def test_a_letter_that_a_server_puts_off_is_trouble_after_a_day(lettered: Intake) -> None:
    since = lettered.now
    for hours, expected in ((23, []), (25, [("letters", "late")])):
        lettered.now = since + timedelta(hours=hours)
        with lettered.registry.write() as connection:
            soon = lettered.now + timedelta(minutes=5)
            connection.execute(update(m.letter).values(next_try_at=soon))
        assert troubles(lettered) == expected


def test_drafts_and_letters_about_trouble_make_no_trouble(lettered: Intake) -> None:
    with lettered.registry.write() as connection:
        connection.execute(update(m.letter).values(state=LetterState.DRAFT))
        row = {"kind": Kind.ALARM, "notice": True, "to": ["a@example.org"], "subject": ""}
        row |= {"text": "", "html": "", "message_id": "<a@example.org>", "state": "queued"}
        connection.execute(insert(m.letter).values(**row, queued_at=NOW))
    lettered.now += timedelta(days=2)
    assert troubles(lettered) == []


@pytest.mark.parametrize("kind", ["login", "unreachable", "refused"])
def test_a_mail_server_that_takes_nothing_is_trouble_at_once_while_letters_wait(
    lettered: Intake, kind: str
) -> None:
    with lettered.registry.write() as connection:
        outgoing.server_failed(connection, "said the server", kind, lettered.now)
    assert troubles(lettered) == [("mail-server", kind)]
    assert report(health(lettered))["mail_server"] == kind
    with lettered.registry.write() as connection:
        connection.execute(update(m.letter).values(state=LetterState.DRAFT))
    assert troubles(lettered) == []


def test_a_disk_that_runs_short_is_trouble_from_the_configured_size_on(well: Intake) -> None:
    limit = Alarms().free_bytes
    assert health(well, free=limit).troubles == ()
    assert [each.why for each in health(well, free=limit - 1).troubles] == ["short"]


@pytest.mark.parametrize("what", What)
def test_each_trouble_is_told_in_words_with_what_to_do(what: What) -> None:
    for why in {
        What.MAILBOX: ("login", "unreachable", "folder", "protocol", "never-read", "late"),
        What.MAIL_SERVER: ("login", "unreachable", "refused"),
        What.DISK: ("short",),
    }.get(what, ("late",)):
        trouble = Trouble(what=what, why=why, name="main", count=1 << 20, since=NOW)
        words = trouble_words(trouble, ZONE)
        assert "请" in words
        assert ("授权码" in words) is (why == "login")


def test_what_this_machine_says_of_a_connection_is_told_in_chinese() -> None:
    said = "mail.example.com:993 cannot be reached: [Errno 111] Connection refused"
    trouble = Trouble(what=What.MAILBOX, why="unreachable", name="main", detail=said)
    words = trouble_words(trouble, ZONE)
    assert "连接被拒绝" in words
    assert "Errno" not in words
