"""Letters are handed over to a real mail server: their form, and what its answers mean."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.settings import Smtp
from ingest.outbox import MailServerError, message_of, send_due
from ingest.pipeline import Touched
from registry import decisions
from registry.rows import LetterRow, LetterState
from tests.builders import LIGHTS, SENDER, SENSORS, Intake, dossier
from tests.sample_rows import letter as letter_row
from tests.servers import LOOPBACK, MailCatcher


def send(intake: Intake, *, all_queued: bool = False) -> set[int]:
    touched = Touched()
    send_due(intake.house, touched, Event(), all_queued=all_queued)
    return touched.letters


def through(intake: Intake, server: dict[str, Any]) -> None:
    """Let letters go through that server from now on."""
    changed = intake.house.settings.model_copy(update={"smtp": Smtp(**server)})
    intake.house = replace(intake.house, settings=changed)


@pytest.fixture
def lettered(intake: Intake, catcher: MailCatcher) -> Intake:
    """A house with one queued letter and a mail server that takes all."""
    through(intake, catcher.settings())
    intake.post(dossier(), message_id="<one@example.com>")
    intake.answer()
    return intake


def one(intake: Intake) -> LetterRow:
    (letter,) = intake.letters()
    return letter


def parsed(content: bytes) -> EmailMessage:
    message = message_from_bytes(content, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


# ── what is handed over ──────────────────────────────────────────────────────────────────


def test_a_letter_arrives_as_it_is_stored(lettered: Intake, catcher: MailCatcher) -> None:
    letter = one(lettered)
    lettered.now += timedelta(hours=3)
    assert send(lettered) == {letter.id}
    (mail,) = catcher.caught
    assert (mail.sender, mail.recipients) == ("intake@example.org", (SENDER,))
    message = parsed(mail.content)
    assert message["From"] == "广东省科技人才服务中心 <intake@example.org>"
    assert message["To"] == SENDER
    assert message["Subject"] == letter.subject
    assert message["Date"].datetime == letter.queued_at
    assert message["Message-ID"] == letter.message_id
    assert message["In-Reply-To"] == message["References"] == "<one@example.com>"
    assert message["Auto-Submitted"] == "auto-replied"
    assert message.get_content_type() == "multipart/alternative"
    text, html = message.iter_parts()
    assert text.get_content_type() == "text/plain"
    assert text.get_content().replace("\r\n", "\n") == letter.text
    assert html.get_content_type() == "text/html"
    assert html.get_content().replace("\r\n", "\n").strip() == letter.html.strip()
    assert all(len(line) <= 998 for line in mail.content.split(b"\r\n"))
    assert mail.content.isascii()
    sent = one(lettered)
    assert (sent.state, sent.sent_at, sent.attempts) == (LetterState.SENT, lettered.now, 1)
    assert send(lettered, all_queued=True) == set()


def test_a_notice_says_that_nobody_asked_for_it() -> None:
    message = message_of(letter_row(notice=True, in_reply_to="", references=()), Smtp())
    assert message["Auto-Submitted"] == "auto-generated"
    assert "In-Reply-To" not in message
    assert "References" not in message


def test_the_letter_is_byte_for_byte_the_same_but_for_its_boundary_at_every_attempt() -> None:
    letter = letter_row()
    one_try, other_try = (message_of(letter, Smtp()) for _ in range(2))
    for message in (one_try, other_try):
        message.set_boundary("boundary")
    assert one_try.as_bytes() == other_try.as_bytes()


IDS = st.from_regex(r"<[a-z0-9.]{1,240}@example\.com>", fullmatch=True)


@settings(max_examples=60, deadline=None)
@given(references=st.lists(IDS, min_size=1, max_size=30))
def test_message_ids_of_any_length_stay_as_they_are(references: list[str]) -> None:
    letter = letter_row(references=tuple(references), in_reply_to=references[-1])
    raw = message_of(letter, Smtp()).as_bytes()
    headers = raw.split(b"\r\n\r\n", 1)[0].decode("ascii").replace("\r\n ", " ")
    said = dict(line.split(": ", 1) for line in headers.split("\r\n") if ": " in line)
    assert said["References"].split() == references
    assert said["In-Reply-To"].split() == [references[-1]]
    assert said["Message-ID"].split() == [letter.message_id]


@settings(max_examples=60, deadline=None)
@given(subject=st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), max_size=150))
def test_any_subject_arrives_as_it_was_written(subject: str) -> None:
    raw = message_of(letter_row(subject=f"[LM2016-0037]{subject}"), Smtp()).as_bytes()
    assert parsed(raw)["Subject"] == f"[LM2016-0037]{subject}"


# ── what the server says ─────────────────────────────────────────────────────────────────


def test_a_recipient_refused_for_good_fails_with_the_servers_words(
    lettered: Intake, catcher: MailCatcher
) -> None:
    catcher.on_recipient = lambda _: "550 no such user"
    send(lettered)
    letter = one(lettered)
    assert (letter.state, letter.reason, letter.next_try_at) == (
        LetterState.FAILED,
        "550 no such user",
        None,
    )
    assert send(lettered, all_queued=True) == set()


@pytest.mark.parametrize("at", ["on_recipient", "on_message"])
def test_a_letter_refused_for_now_is_tried_again_when_its_time_has_come(
    lettered: Intake, catcher: MailCatcher, at: str
) -> None:
    setattr(catcher, at, lambda _: "451 try later")
    send(lettered)
    letter = one(lettered)
    assert (letter.state, letter.reason, letter.attempts) == (
        LetterState.QUEUED,
        "451 try later",
        1,
    )
    assert letter.next_try_at == lettered.now + timedelta(minutes=1)
    setattr(catcher, at, lambda _: None)
    assert send(lettered) == set()
    lettered.now += timedelta(minutes=1)
    send(lettered)
    assert one(lettered).state is LetterState.SENT
    assert parsed(catcher.caught[0].content)["Message-ID"] == letter.message_id


def test_a_letter_that_waits_is_tried_at_once_when_all_are_asked_for(
    lettered: Intake, catcher: MailCatcher
) -> None:
    catcher.on_recipient = lambda _: "451 try later"
    send(lettered)
    catcher.on_recipient = lambda _: None
    assert send(lettered, all_queued=True) == {1}


def test_content_refused_for_good_fails(lettered: Intake, catcher: MailCatcher) -> None:
    catcher.on_message = lambda _: "554 looks like spam"
    send(lettered)
    assert (one(lettered).state, one(lettered).reason) == (
        LetterState.FAILED,
        "554 looks like spam",
    )


def test_a_server_that_does_not_let_us_write_is_no_fault_of_the_letter(
    lettered: Intake, tmp_path: Path
) -> None:
    del tmp_path
    with MailCatcher(login="intake") as strict:
        through(lettered, strict.settings() | {"user": ""})
        with pytest.raises(MailServerError, match="takes no letters from intake@"):
            send(lettered)
    letter = one(lettered)
    assert letter.state is LetterState.QUEUED
    assert "530" in letter.reason


def test_one_refused_letter_does_not_keep_the_next_from_going(
    lettered: Intake, catcher: MailCatcher
) -> None:
    lettered.post(dossier(LIGHTS), sender="second@example.com")
    lettered.post(dossier(SENSORS), sender="third@example.com")
    lettered.answer()
    catcher.on_recipient = lambda to: "550 no" if to == SENDER else None
    catcher.on_message = lambda mail: (
        "451 later" if "second@example.com" in mail.recipients else None
    )
    send(lettered)
    assert [each.state for each in lettered.letters()] == [
        LetterState.FAILED,
        LetterState.QUEUED,
        LetterState.SENT,
    ]


def test_an_address_that_is_none_fails_and_the_next_letter_goes(
    lettered: Intake, catcher: MailCatcher
) -> None:
    lettered.post(dossier(LIGHTS), sender="two words@@example.com\n")
    lettered.post(dossier(SENSORS), sender="third@example.com")
    lettered.answer()
    send(lettered)
    assert [each.state for each in lettered.letters()][::2] == [LetterState.SENT] * 2
    assert len(catcher.caught) == 2


def test_without_a_server_nothing_is_counted(lettered: Intake) -> None:
    with socket.create_server((LOOPBACK, 0)) as free:
        port = free.getsockname()[1]
    through(lettered, {"host": LOOPBACK, "port": port, "security": "none"})
    with pytest.raises(MailServerError, match=f"{port} cannot be reached"):
        send(lettered)
    letter = one(lettered)
    assert (letter.state, letter.attempts, letter.reason) == (LetterState.QUEUED, 0, "")


def test_a_sign_in_that_is_refused_counts_nothing_and_tells_no_password(
    lettered: Intake, tmp_path: Path
) -> None:
    wrong = tmp_path / "password"
    wrong.write_text("not-the-password", encoding="utf-8")
    with MailCatcher(login="intake") as strict:
        through(lettered, strict.settings() | {"password_file": wrong})
        with pytest.raises(MailServerError, match="授权码") as caught:
            send(lettered)
    assert "not-the-password" not in str(caught.value)
    assert one(lettered).attempts == 0


def test_a_sign_in_with_the_right_password_lets_letters_go(
    lettered: Intake, tmp_path: Path
) -> None:
    with MailCatcher(login="intake") as strict:
        through(lettered, strict.settings(tmp_path / "password"))
        send(lettered)
        assert len(strict.caught) == 1


def test_without_letters_the_server_is_not_asked(intake: Intake) -> None:
    with socket.create_server((LOOPBACK, 0)) as listening:
        port = listening.getsockname()[1]
        through(intake, {"host": LOOPBACK, "port": port, "security": "none"})
        assert send(intake) == set()
        listening.settimeout(0)
        with pytest.raises(BlockingIOError):
            listening.accept()


# ── what happens between ─────────────────────────────────────────────────────────────────


@contextmanager
def breaking_server() -> Iterator[tuple[int, list[bytes]]]:
    """An SMTP server that takes the data and breaks the connection without a word."""
    taken: list[bytes] = []

    def serve() -> None:
        connection, _ = listening.accept()
        with connection, connection.makefile("rb") as lines:
            connection.sendall(b"220 ready\r\n")
            for line in lines:
                if line.upper().startswith(b"DATA"):
                    connection.sendall(b"354 go on\r\n")
                    data = []
                    while (each := lines.readline()) != b".\r\n":
                        data.append(each)
                    taken.append(b"".join(data))
                    return
                connection.sendall(b"250 OK\r\n")

    with socket.create_server((LOOPBACK, 0)) as listening:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listening.getsockname()[1], taken
        finally:
            thread.join()


def test_a_letter_whose_connection_broke_after_the_data_goes_again_as_the_same_letter(
    lettered: Intake, catcher: MailCatcher
) -> None:
    with breaking_server() as (port, taken):
        through(lettered, {"host": LOOPBACK, "port": port, "security": "none"})
        with pytest.raises(MailServerError, match="broke the connection"):
            send(lettered)
    letter = one(lettered)
    assert (letter.state, letter.attempts, letter.in_doubt) == (LetterState.QUEUED, 1, 1)
    through(lettered, catcher.settings())
    lettered.now += timedelta(days=1)
    send(lettered)
    first, second = parsed(taken[0]), parsed(catcher.caught[0].content)
    for header in ("Message-ID", "Date", "Subject", "To", "From"):
        assert first[header] == second[header]
    assert one(lettered).state is LetterState.SENT


def test_a_letter_edited_while_others_are_sent_goes_as_it_was_edited(
    lettered: Intake, catcher: MailCatcher
) -> None:
    lettered.post(dossier(LIGHTS), sender="second@example.com")
    lettered.answer()

    def edit(mail: object) -> None:
        del mail
        catcher.on_message = lambda _: None
        words = {"subject": "改后的主题", "text": "改后", "html": "<p>改后</p>"}
        with lettered.registry.write() as connection:
            decisions.edit_letter(connection, 2, **words, who="staff", now=lettered.now)
            decisions.send_letter(connection, 2, who="staff", now=lettered.now)

    catcher.on_message = edit
    send(lettered)
    assert parsed(catcher.caught[1].content)["Subject"] == "改后的主题"


def test_a_letter_held_while_others_are_sent_stays(lettered: Intake, catcher: MailCatcher) -> None:
    lettered.post(dossier(LIGHTS), sender="second@example.com")
    lettered.answer()

    def hold(mail: object) -> None:
        del mail
        with lettered.registry.write() as connection:
            decisions.hold_letter(connection, 2, who="staff", now=lettered.now)

    catcher.on_message = hold
    send(lettered)
    assert [each.state for each in lettered.letters()] == [LetterState.SENT, LetterState.DRAFT]
    assert len(catcher.caught) == 1


def test_sending_stops_between_two_letters_when_it_is_told_to(
    lettered: Intake, catcher: MailCatcher
) -> None:
    lettered.post(dossier(LIGHTS), sender="second@example.com")
    lettered.answer()
    stop = Event()

    def halt(mail: object) -> None:
        del mail
        stop.set()

    catcher.on_message = halt
    send_due(lettered.house, Touched(), stop)
    assert [each.state for each in lettered.letters()] == [LetterState.SENT, LetterState.QUEUED]
