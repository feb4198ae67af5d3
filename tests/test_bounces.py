"""A bounce leads to the letter that came back, and the dossier shows who was not reached."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest

from config.limits import Limits
from ingest.automatic import is_bounce
from ingest.pipeline import Touched, file_pending
from parsers.authentication import Authentication, Verdict
from parsers.bounces import Bounce, bounce_of
from parsers.sandbox import Sandbox
from registry import decisions, outgoing, queries
from registry.rows import DossierView, Fate, LetterRow, LetterState
from reports.desk.next_step import to_do
from reports.records import dossier_record, mail_record
from tests.builders import (
    LIGHTS,
    ROBOTS,
    SENDER,
    ZONE,
    Intake,
    document,
    dossier,
    number,
    submission,
)
from tests.labels import made

LATER = timedelta(minutes=31)


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with Sandbox(Limits(), tmp_path_factory.mktemp("work"), size=1) as opened:
        yield opened


def send(intake: Intake) -> tuple[LetterRow, ...]:
    """Write what is due and hand it over; return what went."""
    letters = [each for each in intake.answer() if each.state is LetterState.QUEUED]
    for letter in letters:
        with intake.registry.write() as connection:
            outgoing.count_try(connection, letter.id, intake.now)
            outgoing.handed_over(connection, letter, intake.now)
    return tuple(letters)


def come_back(
    intake: Intake, *recipients: str, said: str = "", place: Mapping[str, object] | None = None
) -> int:
    """Let a bounce come in that names no Message-ID."""
    bounce = Bounce(recipients=recipients, words="".join(said.split()))
    return intake.post(sender="", machine="null-sender", bounce=bounce, place=place)


def states(intake: Intake) -> list[LetterState]:
    return [each.state for each in intake.letters()]


def view(intake: Intake, serial: int = 1) -> DossierView:
    with intake.registry.read() as connection:
        return queries.view(connection, intake.row(serial))


def unreached(intake: Intake) -> dict[str, object]:
    with intake.registry.read() as connection:
        views = queries.views(connection, queries.queue(connection))
    records = (dossier_record(each, ZONE) for each in views)
    return {each["number"]: each.get("unreached") for each in records}


# ── which letter ─────────────────────────────────────────────────────────────────────────


def test_a_bounce_without_message_id_is_of_the_letter_that_went_to_the_recipient_it_names(
    intake: Intake,
) -> None:
    intake.post(dossier())
    send(intake)
    mail = come_back(intake, "postmaster@example.com", SENDER)
    assert intake.mail(mail).fate is Fate.BOUNCE
    assert states(intake) == [LetterState.BOUNCED]


def test_between_letters_about_different_dossiers_its_subject_decides(intake: Intake) -> None:
    intake.post(dossier())
    send(intake)
    intake.post(dossier(LIGHTS))
    first, second = intake.letters()[0], send(intake)[0]
    mail = come_back(intake, SENDER)
    assert intake.mail(mail).fate is Fate.AUTOMATIC  # nothing is guessed
    assert intake.mail(mail).reason == "未写明或无法断定退回的是我方哪一封函件"
    come_back(intake, SENDER, said=f"邮件主题：{first.subject[:9]} {first.subject[9:]}")
    assert states(intake) == [LetterState.BOUNCED, LetterState.SENT]
    come_back(intake, SENDER, said=second.subject)
    assert states(intake) == [LetterState.BOUNCED, LetterState.BOUNCED]


def test_of_letters_about_the_same_dossier_it_is_the_newest_before_the_bounce(
    intake: Intake,
) -> None:
    intake.post(dossier())
    send(intake)
    intake.now += timedelta(hours=1)
    intake.post(dossier(ROBOTS, document("plan", content="2")))
    send(intake)
    bounced_at = intake.now
    intake.now += timedelta(hours=1)
    intake.post(dossier(ROBOTS, document("plan", content="3")))
    send(intake)
    come_back(intake, SENDER, place={"received_at": bounced_at + timedelta(minutes=1)})
    assert states(intake) == [LetterState.SENT, LetterState.BOUNCED, LetterState.SENT]


@pytest.mark.parametrize(
    ("recipient", "after", "fate"),
    [
        (SENDER, timedelta(days=6), Fate.BOUNCE),
        (SENDER, timedelta(days=8), Fate.AUTOMATIC),
        (SENDER, -timedelta(hours=1), Fate.AUTOMATIC),
        ("other@example.com", timedelta(), Fate.AUTOMATIC),
        (f"x{SENDER}", timedelta(), Fate.AUTOMATIC),
    ],
)
def test_only_a_letter_of_ours_to_that_recipient_in_the_days_before_counts(
    intake: Intake, recipient: str, after: timedelta, fate: Fate
) -> None:
    intake.post(dossier())
    send(intake)
    mail = come_back(intake, recipient, place={"received_at": intake.now + after})
    assert intake.mail(mail).fate is fate


def test_a_letter_that_never_went_does_not_come_back(intake: Intake) -> None:
    intake.receipts(mode="off")
    intake.post(dossier())
    intake.answer()
    mail = come_back(intake, SENDER)
    assert intake.mail(mail).fate is Fate.AUTOMATIC
    assert states(intake) == [LetterState.SUPPRESSED]


def test_a_bounce_whose_sender_fails_authentication_changes_nothing(intake: Intake) -> None:
    intake.post(dossier())
    (letter,) = send(intake)
    forged = Authentication(verdict=Verdict.FAIL)
    mail = intake.post(
        sender="mailer-daemon@example.com",
        machine="null-sender",
        bounced=(letter.message_id,),
        authentication=forged,
    )
    assert intake.mail(mail).fate is Fate.AUTOMATIC
    assert states(intake) == [LetterState.SENT]


# ── who was not reached ──────────────────────────────────────────────────────────────────


def test_a_dossier_shows_in_json_and_at_the_desk_that_its_applicant_was_not_reached(
    intake: Intake,
) -> None:
    intake.post(dossier())
    intake.post(dossier(LIGHTS), sender="lights@example.net")
    send(intake)
    assert unreached(intake) == {number(1): None, number(2): None}
    come_back(intake, SENDER)
    assert unreached(intake) == {number(1): SENDER, number(2): None}
    assert "未能送达" in to_do(view(intake))
    with intake.registry.read() as connection:
        waiting = queries.queue(connection, waiting=True)
    assert [each.number for each in waiting] == [number(1)]
    assert [each.what for each in view(intake).history][-1] == "bounced"


def test_an_answer_is_owed_again_until_one_has_reached_the_applicant(intake: Intake) -> None:
    intake.post(dossier())
    owed = intake.row().due
    (first,) = send(intake)
    assert (owed is not None, intake.row().due) == (True, None)
    come_back(intake, SENDER)
    assert intake.row().due == owed
    with intake.registry.write() as connection:
        decisions.send_letter(connection, first.id, who="desk", now=intake.now)
        outgoing.count_try(connection, first.id, intake.now)
        outgoing.handed_over(connection, first, intake.now)
    assert intake.row().due is None


def test_he_is_reached_by_a_later_letter_and_by_the_same_one_sent_again(intake: Intake) -> None:
    intake.post(dossier())
    (first,) = send(intake)
    come_back(intake, SENDER)
    intake.now += timedelta(hours=1)
    intake.post(dossier(ROBOTS, document("plan", content="2")))
    send(intake)
    assert unreached(intake) == {number(1): None}
    intake.now += timedelta(hours=1)
    come_back(intake, SENDER)
    assert unreached(intake) == {number(1): SENDER}
    intake.now += timedelta(hours=1)
    with intake.registry.write() as connection:
        decisions.send_letter(connection, first.id, who="desk", now=intake.now)
        outgoing.count_try(connection, first.id, intake.now)
        outgoing.handed_over(connection, first, intake.now)
    assert unreached(intake) == {number(1): None}


def test_a_notice_to_an_address_that_was_not_reached_waits_for_a_person(intake: Intake) -> None:
    intake.post(dossier())
    send(intake)
    come_back(intake, SENDER)
    intake.paper()
    with intake.registry.write() as connection:
        intake_row = queries.dossier_by_number(connection, number(1))
        assert intake_row
        paper = queries.papers(connection)[0]
        decisions.link(connection, intake_row, paper.register_no, who="desk", now=intake.now)
    (notice,) = intake.answer(after=LATER)
    assert (notice.state, notice.reason) == (
        LetterState.DRAFT,
        "上一封函件未能送达该地址，待人工确认",
    )


# ── what bounces say ─────────────────────────────────────────────────────────────────────


def test_recipients_are_read_from_reports_headers_and_plain_words() -> None:
    told = bounce_of(
        submission(
            subject="系统退信",
            text="您发往Office@Example.com的邮件被退回，收件人（kjc@example.cn）不存在。",
            quoted="Final-Recipient: rfc822;lab@example.net\nOriginal-Recipient: RFC822; x@y.example",
            headers=(("x-failed-recipients", "a@example.org"),),
        )
    )
    assert told.recipients == (
        "a@example.org",
        "office@example.com",
        "kjc@example.cn",
        "lab@example.net",
        "x@y.example",
    )


def test_a_subject_is_known_however_it_is_coded_and_folded() -> None:
    coded = "Subject: =?utf-8?b?W0xNMjAxNi0wMDAxXSA=?=\n =?utf-8?b?5pS25Lu25Zue5omn?="
    told = bounce_of(submission(subject="未送达", text="", quoted=coded))
    assert "[LM2016-0001]收件回执" in told.words


@pytest.mark.parametrize("piece", ["\n", " \n", ">", "message-id: ", "x-", "<"])
def test_a_report_that_is_made_to_be_slow_is_read_at_once(piece: str) -> None:
    assert bounce_of(submission(text=piece * 100_000)).message_ids == ()


def test_no_more_message_ids_are_taken_than_can_be_asked_for() -> None:
    ids = "".join(f"<{each}@example.com>" for each in range(1_000))
    told = bounce_of(submission(headers=(("original-message-id", ids),)))
    assert len(told.message_ids) == 100


def test_a_text_that_is_made_to_be_slow_is_read_at_once() -> None:
    told = bounce_of(submission(text="a." * 200_000 + "@" * 1000, quoted="a@b" * 100_000))
    assert told.recipients == ()


ADDRESSED: dict[str, str] = {
    "coremail-bounce": "office@example.com",
    "coremail-government-bounce": "kjj@example.net",
    "aliyun-bounce": "lab@example.com",
    "21cn-bounce": "kjc@example.com",
    "qq-bounce": "office@example.com",
    "netease-bounce": "bgs@example.net",
    "sina-bounce": "keyan@example.net",
    "exchange-undelivered": "jszx@example.com",
    "sendmail-bounce": "zhbgs@example.com",
}
NAMELESS = {"bounce-stored-return-path", "exmail-size-limit"}
"""Made bounces that name neither letter nor recipient: they can be linked to nothing."""


@pytest.mark.parametrize(("name", "recipient"), ADDRESSED.items())
def test_each_made_bounce_of_the_providers_is_linked_to_its_letter(
    intake: Intake, sandbox: Sandbox, name: str, recipient: str
) -> None:
    intake.post(dossier(), sender=recipient)
    intake.post(dossier(LIGHTS), sender="lights@example.net")
    send(intake)
    mail = next(each for each in made.machines() if each.name == name)
    with intake.house.originals.incoming() as file:
        file.write(mail.raw)
        sha256 = intake.house.originals.keep(file)
    bounce = intake.receive(sha256=sha256)
    file_pending(intake.house, sandbox, Touched(), Event())
    assert intake.mail(bounce).fate is Fate.BOUNCE
    assert unreached(intake) == {number(1): recipient, number(2): None}
    assert "authentication" not in mail_record(intake.mail(bounce), ZONE)


def test_only_two_of_the_made_bounces_name_neither_letter_nor_recipient(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    nameless = set()
    for mail in made.machines():
        path = tmp_path / mail.name
        path.write_bytes(mail.raw)
        with sandbox.message(path) as read:
            if is_bounce(read):
                told = bounce_of(read)
                nameless |= set() if told.message_ids or told.recipients else {mail.name}
    assert nameless == NAMELESS
