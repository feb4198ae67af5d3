"""A machine whose clock was wrong for a while: nothing waits for years, nothing is overlooked."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import update

from config.limits import Limits
from config.settings import Mailbox
from ingest import daemon
from ingest.daemon import LOOKS_EVERY, Daemon
from ingest.receiver import answer_since, open_recorded, read_mailbox
from ingest.source import MailboxError
from parsers.sandbox import Sandbox
from registry import models as m
from registry import notices, outgoing, queries
from registry.rows import Kind, LetterState
from tests.builders import NOW, QUIET, ROBOTS, ZONE, Intake, document, dossier

YEARS = timedelta(days=3650)


def test_a_list_of_what_is_missing_does_not_wait_for_a_clock_that_was_ahead(
    intake: Intake,
) -> None:
    right = intake.now
    intake.now += YEARS
    intake.post(dossier(ROBOTS, document("form")), place={"received_at": right})
    intake.judge()
    intake.now = right
    [letter] = intake.answer(after=timedelta(minutes=1))
    assert letter.kind is Kind.MISSING_ITEMS


def test_it_waits_its_time_by_a_clock_that_is_right(intake: Intake) -> None:
    intake.post(dossier(ROBOTS, document("form")))
    assert intake.answer(after=timedelta(minutes=1)) == ()
    [letter] = intake.answer(after=QUIET)
    assert letter.kind is Kind.MISSING_ITEMS


def test_a_letter_put_off_by_a_clock_that_was_ahead_is_tried_at_once(intake: Intake) -> None:
    intake.post(dossier())
    [letter] = intake.answer()
    with intake.registry.write() as connection:
        outgoing.count_try(connection, letter.id, intake.now)
        for ahead, due in ((YEARS, True), (timedelta(), False)):
            connection.execute(
                update(m.letter).values(next_try_at=intake.now + ahead + timedelta(minutes=5))
            )
            assert bool(queries.to_send(connection, intake.now)) is due
    assert letter.state is LetterState.QUEUED


def test_a_digest_written_by_a_clock_that_was_ahead_keeps_no_other_back(intake: Intake) -> None:
    settings = intake.house.settings.notices
    now = intake.now.astimezone(intake.house.settings.service.zone)
    assert notices.digest_is_due(now + YEARS, settings, now)
    assert not notices.digest_is_due(now - timedelta(minutes=1), settings, now)


def test_mail_is_answered_although_the_clock_was_ahead_when_the_mailbox_was_first_read(
    intake: Intake,
) -> None:
    settings = intake.house.settings.model_copy(update={"mailbox": {"main": Mailbox(user="x")}})
    house, day = replace(intake.house, settings=settings), timedelta(hours=24)
    assert answer_since(house, "main", intake.now + YEARS) == intake.now - day
    assert answer_since(house, "main", intake.now - YEARS) == intake.now - YEARS - day


def test_no_mailbox_is_begun_by_a_clock_far_in_the_past_by_which_all_its_mail_would_be_new(
    intake: Intake, tmp_path: Path
) -> None:
    box = Mailbox(kind="maildir", path=tmp_path / "Maildir")
    for each in ("new", "cur"):
        (box.path or tmp_path).joinpath(each).mkdir(parents=True)
    for number in range(3):
        at = NOW - timedelta(days=2 * number)
        mail = tmp_path / "Maildir/cur" / f"{at.timestamp():.0f}.{number}.mx:2,"
        mail.write_bytes(b"From: office@example.com\r\n\r\nhello\r\n")
    settings = intake.house.settings.model_copy(update={"mailbox": {"main": box}})
    intake.house = replace(intake.house, settings=settings)

    def read() -> list[bool]:
        with Sandbox(Limits(), tmp_path / "work") as sandbox, ExitStack() as stack:
            source = open_recorded(intake.house, "main", stack)
            read_mailbox(intake.house, "main", source, sandbox, Event())
        return [each.old for each in intake.rows(m.mail)]

    right, intake.now = intake.now, datetime(2000, 1, 1, tzinfo=ZONE)
    with pytest.raises(MailboxError, match="set the clock"):
        read()
    assert intake.rows(m.mail) == []
    intake.now = right
    assert sorted(read()) == [False, True, True]


def test_the_stages_look_at_once_when_the_clock_is_set_back(
    intake: Intake,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """After such a jump the clock by which the stages look says that they have hours to wait."""
    monkeypatch.setattr(daemon, "LOOKS_AT_CLOCK", 0.05)
    monkeypatch.setattr(daemon, "LOOKS_EVERY", dict.fromkeys(LOOKS_EVERY, 3600))
    filed = Event()
    monkeypatch.setattr(daemon, "file_pending", lambda *_: filed.set())
    with Sandbox(intake.house.settings.limits, tmp_path / "work", size=1) as sandbox:
        running = Daemon(intake.house, sandbox)
        running.start()
        try:
            assert filed.wait(30)
            filed.clear()
            started = time.time
            monkeypatch.setattr(time, "time", lambda: started() - 3600)
            assert filed.wait(30)
        finally:
            monkeypatch.undo()
            assert running.stop()
    assert "the machine's clock has jumped by -3600 s" in caplog.text
