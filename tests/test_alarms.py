"""Trouble of the service is written about once when it begins and once when it is over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from config.settings import Alarms
from ingest.alarming import forget_what_was_seen, raise_alarms
from ingest.pipeline import Touched
from registry import models as m
from registry import outgoing, receiving
from registry.alarms import AGAIN_AFTER, Alarm, watch
from registry.health import Trouble, What
from registry.rows import Kind, LetterRow, LetterState
from tests.builders import NOW, Intake, dossier
from tests.test_health import fail, watched

PATIENCE = timedelta(minutes=5)
REFUSED = Trouble(what=What.MAILBOX, name="main", why="login")
LOST = Trouble(what=What.MAILBOX, name="main", why="unreachable")
SHORT = Trouble(what=What.DISK, why="short")


class Watchman:
    """Watches trouble come and go, and notes what was written."""

    def __init__(self) -> None:
        self.known: dict[str, Alarm] = {}
        self.written: list[tuple[datetime, str, str]] = []

    def sees(self, *troubles: Trouble, at: datetime) -> None:
        found = watch(self.known, troubles, PATIENCE, at)
        self.known |= {each.key: each for each in found.changed}
        self.written += [(at, "begun", each.key) for each in found.begun]
        self.written += [(at, "over", each.key) for each in found.over]

    def sees_for(self, minutes: int, *troubles: Trouble, since: datetime) -> datetime:
        for minute in range(minutes):
            self.sees(*troubles, at=since + timedelta(minutes=minute))
        return since + timedelta(minutes=minutes)


def test_a_refused_password_is_written_about_at_once_and_once_and_so_is_its_end() -> None:
    guard = Watchman()
    end = guard.sees_for(600, REFUSED, since=NOW)
    guard.sees_for(600, since=end)
    assert guard.written == [(NOW, "begun", REFUSED.key), (end, "over", REFUSED.key)]


def test_what_passes_within_the_patience_is_not_written_about() -> None:
    guard = Watchman()
    end = guard.sees_for(4, LOST, SHORT, since=NOW)
    guard.sees_for(9, since=end)
    assert guard.written == []


def test_what_lasts_is_written_about_after_the_patience() -> None:
    guard = Watchman()
    guard.sees_for(60, LOST, since=NOW)
    assert guard.written == [(NOW + PATIENCE, "begun", LOST.key)]


def test_a_mailbox_whose_trouble_changes_its_looks_is_one_trouble() -> None:
    guard = Watchman()
    end = guard.sees_for(20, LOST, since=NOW)
    guard.sees_for(20, replace(LOST, why="late"), since=end)
    assert [what for _, what, _ in guard.written] == ["begun"]


@settings(max_examples=60, deadline=None)
@given(spells=st.lists(st.tuples(st.integers(1, 40), st.integers(1, 40)), max_size=12))
def test_trouble_that_comes_and_goes_gives_at_most_two_letters_an_hour_and_each_end_a_beginning(
    spells: Sequence[tuple[int, int]],
) -> None:
    guard = Watchman()
    now = NOW
    for bad, good in spells:
        now = guard.sees_for(bad, REFUSED, since=now)
        now = guard.sees_for(good, since=now)
    kinds = [what for _, what, _ in guard.written]
    assert kinds == (["begun", "over"] * len(kinds))[: len(kinds)]
    begun = [at for at, what, _ in guard.written if what == "begun"]
    assert all(after - before >= AGAIN_AFTER for before, after in pairwise(begun))


# ── in a house ───────────────────────────────────────────────────────────────────────────


def guarded(intake: Intake, *to: str) -> Intake:
    watched(intake)
    alarms = Alarms(to=to or ("duty@example.net",), free_bytes=0)
    changed = intake.house.settings.model_copy(update={"alarms": alarms})
    intake.house = replace(intake.house, settings=changed)
    return intake


def alarm(intake: Intake) -> list[LetterRow]:
    """Look for trouble, and return the letters that were written about it."""
    touched = Touched()
    raise_alarms(intake.house, touched)
    return [each for each in intake.letters() if each.id in touched.letters]


def read(intake: Intake) -> None:
    with intake.registry.write() as connection:
        receiving.folder_read(connection, "main", "INBOX", 1, count=0, now=intake.now)


def test_an_expired_password_is_written_about_through_the_outbox_to_each_address_once(
    intake: Intake,
) -> None:
    guarded(intake, "duty@example.net", "second@example.com")
    assert alarm(intake) == []
    fail(intake, "login", "LOGIN failed: 授权码已过期")
    first, second = alarm(intake)
    assert (first.to, second.to) == (("duty@example.net",), ("second@example.com",))
    assert (first.kind, first.state, first.notice) == (Kind.ALARM, LetterState.QUEUED, True)
    assert "邮箱 main 拒绝登录" in first.subject
    assert "授权码已过期" in first.text
    assert alarm(intake) == []
    read(intake)
    (over, _) = alarm(intake)
    assert "恢复" in over.subject
    assert "邮箱 main 拒绝登录" in over.text
    assert alarm(intake) == []
    assert len(intake.letters()) == 4


def test_troubles_that_begin_together_are_told_in_one_letter(intake: Intake) -> None:
    guarded(intake)
    intake.receive()
    intake.now += timedelta(minutes=61)
    fail(intake, "unreachable")
    assert alarm(intake) == []
    intake.now += PATIENCE
    (letter,) = alarm(intake)
    assert "等2项" in letter.subject
    assert "无法连接" in letter.text
    assert "邮件积压" in letter.text


def test_without_an_address_nothing_is_written_or_kept(intake: Intake) -> None:
    watched(intake)
    fail(intake, "login")
    assert alarm(intake) == []
    assert intake.rows(m.alarm) == []


def test_that_no_letter_can_be_sent_is_not_written_about(intake: Intake) -> None:
    guarded(intake)
    intake.post(dossier())
    intake.answer()
    with intake.registry.write() as connection:
        outgoing.server_failed(connection, "refused", "login", intake.now)
    intake.now += timedelta(hours=3)
    read(intake)
    assert alarm(intake) == []
    intake.now += timedelta(hours=3)
    read(intake)
    assert alarm(intake) == []


def test_trouble_that_a_daemon_saw_before_it_was_stopped_is_not_taken_to_have_lasted(
    intake: Intake,
) -> None:
    guarded(intake)
    fail(intake, "unreachable")
    alarm(intake)
    intake.now += timedelta(days=2)
    forget_what_was_seen(intake.house)
    assert alarm(intake) == []
    intake.now += PATIENCE
    assert len(alarm(intake)) == 1
