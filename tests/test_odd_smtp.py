"""SMTP servers that misbehave: every letter goes, and where it must go twice it is the same one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from threading import Event

import pytest

from config.settings import Alarms, Smtp
from ingest.alarming import raise_alarms
from ingest.outbox import POSTPONED_IN_A_ROW, MailServerError, send_alarms, send_due
from ingest.pipeline import Touched
from registry import models as m
from registry import outgoing
from registry.answers import Due
from registry.outgoing import Written
from registry.rows import Kind, LetterState
from tests.builders import Intake
from tests.scripted import PATIENCE, Reaction, ScriptedSmtp, bye, drop, hang, refuse

SHORT = timedelta(milliseconds=200)
"""How long the service waits for a server that is silent for ever."""


@pytest.fixture
def server() -> Iterator[ScriptedSmtp]:
    with ScriptedSmtp() as running:
        yield running


@pytest.fixture
def lettered(intake: Intake, server: ScriptedSmtp) -> Intake:
    """A house with three queued letters."""
    settings = intake.house.settings.model_copy(update={"smtp": Smtp(**server.settings())})
    intake.house = replace(intake.house, settings=settings)
    for each in range(3):
        queue(intake, f"office{each}@example.com")
    return intake


def queue(intake: Intake, to: str) -> None:
    """Have a letter to that address wait to be sent."""
    due = Due(kind=Kind.DIGEST, notice=True, to=to, mails=(), dossiers=())
    written = Written(
        due=due, subject="每日简报", text=f"{to}\n", html=f"<p>{to}</p>", message_id=f"<to-{to}>"
    )
    with intake.registry.write() as connection:
        outgoing.keep_letter(connection, written, intake.now)


def wait_for(intake: Intake, timeout: timedelta) -> None:
    settings = intake.house.settings
    smtp = settings.smtp.model_copy(update={"timeout": timeout})
    intake.house = replace(intake.house, settings=settings.model_copy(update={"smtp": smtp}))


def send(intake: Intake) -> str:
    """Send what is due; return the kind of trouble there was, or `sent`."""
    try:
        send_due(intake.house, Touched(), Event())
    except MailServerError as error:
        return error.kind
    return "sent"


def states(intake: Intake) -> list[LetterState]:
    return [each.state for each in intake.letters()]


def tries(intake: Intake) -> list[int]:
    return [each.attempts for each in intake.letters()]


def all_gone(intake: Intake, server: ScriptedSmtp, *, twice: int = 0) -> bool:
    """Whether each letter was handed over under its one Message-ID, so many of them twice."""
    ids = [each.message_id.encode() for each in intake.letters()]
    went = list(server.ids())
    once = set(went) == set(ids) and len(went) == len(ids) + twice
    return once and states(intake) == [LetterState.SENT] * len(ids)


def later(intake: Intake) -> str:
    """Send again when every pause is over."""
    wait_for(intake, PATIENCE)
    intake.now += timedelta(hours=5)
    return send(intake)


@pytest.mark.parametrize(
    ("at", "reaction"),
    [
        ("CONNECT", refuse("554 no service for you")),
        ("CONNECT", drop),
        ("CONNECT", hang),
        ("ehlo", hang),
    ],
    ids=["refuses", "drops", "hangs", "hangs-at-ehlo"],
)
def test_a_server_that_does_not_even_greet_costs_no_letter_a_try_and_each_goes_later_once(
    lettered: Intake, server: ScriptedSmtp, at: str, reaction: Reaction
) -> None:
    wait_for(lettered, SHORT)
    server.on(at, reaction)
    assert send(lettered) == "unreachable"
    assert sum(tries(lettered)) <= 1
    assert [each.error_kind for each in lettered.rows(m.mail_server)] == ["unreachable"]
    server.recover()
    assert later(lettered) == "sent"
    assert all_gone(lettered, server)
    assert lettered.rows(m.mail_server) == []


def test_a_sender_that_is_refused_fails_no_letter_and_is_told_as_trouble_of_the_server(
    lettered: Intake, server: ScriptedSmtp
) -> None:
    server.on("mail FROM", refuse("553 Mail from must equal authorized user"))
    assert send(lettered) == "refused"
    assert states(lettered) == [LetterState.QUEUED] * 3
    assert tries(lettered) == [1, 0, 0]
    assert "553" in lettered.rows(m.mail_server)[0].error
    server.recover()
    assert later(lettered) == "sent"
    assert all_gone(lettered, server)


@pytest.mark.parametrize("at", ["rcpt TO", "data", "DOT"])
def test_a_letter_refused_for_good_fails_alone_and_the_others_go(
    lettered: Intake, server: ScriptedSmtp, at: str
) -> None:
    server.on(at, refuse("550 no such user"), times=1)
    assert send(lettered) == "sent"
    assert states(lettered) == [LetterState.FAILED, LetterState.SENT, LetterState.SENT]
    assert later(lettered) == "sent"
    assert states(lettered)[0] is LetterState.FAILED


@pytest.mark.parametrize("at", ["rcpt TO", "data", "DOT"])
def test_a_greylisted_letter_waits_its_turn_and_goes_once(
    lettered: Intake, server: ScriptedSmtp, at: str
) -> None:
    server.on(at, refuse("451 4.7.1 greylisted, try again in 5 minutes"), times=1)
    assert send(lettered) == "sent"
    assert states(lettered) == [LetterState.QUEUED, LetterState.SENT, LetterState.SENT]
    server.taken = [each for each in server.taken if at != "DOT"] or server.taken[1:]
    assert send(lettered) == "sent"
    assert states(lettered)[0] is LetterState.QUEUED
    lettered.now += timedelta(minutes=1)
    assert send(lettered) == "sent"
    assert all_gone(lettered, server)
    assert tries(lettered) == [2, 1, 1]


@pytest.mark.parametrize("at", ["mail FROM", "rcpt TO", "data"])
def test_a_rate_limit_ends_the_pass_and_costs_the_letters_behind_no_try(
    lettered: Intake, server: ScriptedSmtp, at: str
) -> None:
    server.on(at, lambda *_: False, times=1)
    server.on(at, bye("421 HL:ICC too many letters"))
    assert send(lettered) == "refused"
    assert states(lettered) == [LetterState.SENT, LetterState.QUEUED, LetterState.QUEUED]
    assert tries(lettered) == [1, 1, 0]
    server.recover()
    assert later(lettered) == "sent"
    assert all_gone(lettered, server)


def test_a_server_that_postpones_everything_is_not_asked_letter_after_letter(
    lettered: Intake, server: ScriptedSmtp
) -> None:
    for each in range(4):
        queue(lettered, f"more{each}@example.com")
    server.on("rcpt TO", refuse("450 MI:CEL too many"))
    assert send(lettered) == "refused"
    assert server.asked("rcpt TO") == POSTPONED_IN_A_ROW
    assert set(states(lettered)) == {LetterState.QUEUED}
    server.recover()
    assert later(lettered) == "sent"
    assert all_gone(lettered, server)


def test_letters_put_off_again_and_again_keep_no_other_back_in_passes_that_try_all(
    lettered: Intake, server: ScriptedSmtp
) -> None:
    for each in range(3):
        queue(lettered, f"office{each}@slow.example.net")
    queue(lettered, "last@example.org")
    server.on("rcpt TO:<office", refuse("450 greylisted"))
    for _ in range(2):
        with pytest.raises(MailServerError):
            send_due(lettered.house, Touched(), Event(), all_queued=True)
    assert states(lettered)[-1] is LetterState.SENT


def test_that_the_mail_server_takes_no_letters_is_told_by_the_one_for_alarms(
    lettered: Intake, server: ScriptedSmtp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET", "open-sesame")
    signs_in = Smtp(**server.settings(user="intake", password_env="SECRET"))
    server.on("AUTH", refuse("535 5.7.8 authorisation code expired"))
    server.on("ehlo", refuse("250-ready\r\n250 AUTH PLAIN"))
    with ScriptedSmtp() as other:
        alarms = Alarms(to=("duty@example.net",), smtp=Smtp(**other.settings()))
        settings = lettered.house.settings.model_copy(update={"smtp": signs_in, "alarms": alarms})
        lettered.house = replace(lettered.house, settings=settings)
        assert send(lettered) == "login"
        raise_alarms(lettered.house, Touched())  # at once: it will not pass by itself
        send_alarms(lettered.house, Touched(), Event())
        (told,) = (each for each in lettered.letters() if each.kind is Kind.ALARM)
        assert "发件服务器" in told.subject
        assert list(other.ids()) == [told.message_id.encode()]
    assert send(lettered) == "login"
    assert list(server.ids()) == []  # nor did the others go by it


def test_a_connection_lost_before_the_final_dot_costs_one_try_and_the_letter_goes_once(
    lettered: Intake, server: ScriptedSmtp
) -> None:
    server.on("CONTENT", drop)
    assert send(lettered) == "unreachable"
    assert states(lettered) == [LetterState.QUEUED] * 3
    assert tries(lettered) == [1, 0, 0]
    server.recover()
    assert later(lettered) == "sent"
    assert all_gone(lettered, server)


@pytest.mark.parametrize("reaction", [drop, hang], ids=["lost", "silent"])
def test_a_letter_of_which_the_server_does_not_say_that_it_took_it_goes_again_as_the_same_letter(
    lettered: Intake, server: ScriptedSmtp, reaction: Reaction
) -> None:
    wait_for(lettered, SHORT)
    server.on("DOT", reaction, times=1)
    assert send(lettered) == "unreachable"
    assert tries(lettered) == [1, 0, 0]
    assert later(lettered) == "sent"
    assert all_gone(lettered, server, twice=1)
    first = server.taken[0]
    assert first in server.taken[1:]


@pytest.mark.parametrize("at", ["mail FROM", "rcpt TO", "data"])
def test_a_server_that_hangs_in_the_middle_is_given_up_and_each_letter_goes_once(
    lettered: Intake, server: ScriptedSmtp, at: str
) -> None:
    wait_for(lettered, SHORT)
    server.on(at, hang)
    assert send(lettered) in {"unreachable", "refused"}
    assert tries(lettered) == [1, 0, 0]
    server.recover()
    assert later(lettered) == "sent"
    assert all_gone(lettered, server)


def test_a_server_that_hangs_at_the_goodbye_has_taken_the_letters_all_the_same(
    lettered: Intake, server: ScriptedSmtp
) -> None:
    wait_for(lettered, SHORT)
    server.on("quit", hang)
    assert send(lettered) == "sent"
    assert all_gone(lettered, server)


@pytest.mark.parametrize("words", ["what?", "25", "250-one\r\n999 other", "2" * 9000])
def test_an_answer_that_is_none_fails_no_letter(
    lettered: Intake, server: ScriptedSmtp, words: str
) -> None:
    wait_for(lettered, SHORT)
    server.on("rcpt TO", refuse(words), times=1)
    send(lettered)
    assert LetterState.FAILED not in states(lettered)
    assert later(lettered) == "sent"
    assert all_gone(lettered, server)


def test_a_letter_put_off_for_three_days_fails_and_waits_for_a_person(
    lettered: Intake, server: ScriptedSmtp
) -> None:
    server.on("rcpt TO:<office0", refuse("451 later"))
    send(lettered)
    for _ in range(4):
        lettered.now += timedelta(hours=15)
        later(lettered)
    assert states(lettered) == [LetterState.FAILED, LetterState.SENT, LetterState.SENT]
