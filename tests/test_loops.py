"""Two of these daemons that write to one another fall silent, over a real mail server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest

from config.limits import Limits
from config.settings import Receipts, Smtp
from ingest.outbox import send_due
from ingest.pipeline import Touched, file_pending, judge_marked, write_letters
from parsers.sandbox import Sandbox
from registry import models as m
from registry.rows import Fate, LetterState
from tests.builders import LIGHTS, Intake, dossier
from tests.servers import MailCatcher

HERE, THERE = "intake@example.org", "intake@example.net"
MARKS = re.compile(rb"^Auto-Submitted:.*\r\n", re.MULTILINE)
THREAD = re.compile(rb"^(?:In-Reply-To|References):.*\r\n(?:[ \t].*\r\n)*", re.MULTILINE)
ROUNDS = 12


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with Sandbox(Limits(), tmp_path_factory.mktemp("work"), size=1) as opened:
        yield opened


@pytest.fixture
def houses(tmp_path: Path, catcher: MailCatcher) -> Iterator[dict[str, Intake]]:
    """Two installations that answer all they are sent, by their addresses."""
    found = {}
    for address in (HERE, THERE):
        found[address] = intake = Intake(tmp_path / address)
        smtp = Smtp(**catcher.settings(), sender=f"服务 <{address}>")
        receipts = Receipts(unrecognised="all", quiet_period=timedelta(0))
        changed = intake.house.settings.model_copy(update={"smtp": smtp, "receipts": receipts})
        intake.house = replace(intake.house, settings=changed)
    yield found
    for intake in found.values():
        intake.registry.close()


def take_in(intake: Intake, content: bytes) -> None:
    with intake.house.originals.incoming() as file:
        file.write(content)
        intake.receive(sha256=intake.house.originals.keep(file))


def run(
    houses: dict[str, Intake],
    sandbox: Sandbox,
    catcher: MailCatcher,
    lost: tuple[re.Pattern[bytes], ...],
) -> int:
    """Carry the letters of each to the other, without what is lost on the way, until none goes.

    Returns how many went.
    """
    carried = 0
    for _ in range(ROUNDS):
        for intake in houses.values():
            intake.now += timedelta(minutes=1)
            touched = Touched()
            file_pending(intake.house, sandbox, touched, Event())
            judge_marked(intake.house, touched, Event())
            write_letters(intake.house, touched, Event())
            send_due(intake.house, touched, Event())
        fresh = catcher.caught[carried:]
        if not fresh:
            return carried
        for mail in fresh:
            content = mail.content
            for header in lost:
                content = header.sub(b"", content)
            (recipient,) = mail.recipients
            take_in(houses[recipient], content)
        carried += len(fresh)
    pytest.fail(f"still writing after {carried} letters")


def first(sender: str, recipient: str, words: str) -> bytes:
    """A mail of a person with the address of the other service as its sender."""
    return (
        f"From: <{sender}>\r\nTo: <{recipient}>\r\nSubject: alliance\r\n"
        f"Message-ID: <first@example.com>\r\n"
        "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n"
        f"\r\n{words}\r\n"
    ).encode()


@pytest.mark.parametrize("words", ["联盟申报材料，请查收。", "hello"])
@pytest.mark.parametrize(
    ("lost", "most"),
    [((), 1), ((MARKS,), 2), ((MARKS, THREAD), 2)],
    ids=["as sent", "without Auto-Submitted", "without anything that tells"],
)
def test_two_installations_end_their_talk(
    houses: dict[str, Intake],
    sandbox: Sandbox,
    catcher: MailCatcher,
    *,
    words: str,
    lost: tuple[re.Pattern[bytes], ...],
    most: int,
) -> None:
    take_in(houses[HERE], first(THERE, HERE, words))
    assert 1 <= run(houses, sandbox, catcher, lost) <= most


def test_a_receipt_for_a_dossier_starts_no_talk_either(
    houses: dict[str, Intake], sandbox: Sandbox, catcher: MailCatcher
) -> None:
    houses[HERE].post(dossier(LIGHTS), sender=THERE)
    assert run(houses, sandbox, catcher, (MARKS,)) <= 2
    assert {each.fate for each in houses[THERE].rows(m.mail)} == {Fate.UNRELATED}
    assert {each.fate for each in houses[HERE].rows(m.mail)} <= {Fate.FILED, Fate.NOTED}


def test_where_all_else_fails_the_caps_end_it(intake: Intake) -> None:
    """A program that answers each letter with a new file: a draft waits from the cap on."""
    intake.receipts(per_address_per_day=3, quiet_period="0s")
    for at in range(6):
        intake.post(dossier(LIGHTS, content=str(at)), sender=THERE)
        intake.answer(after=timedelta(minutes=1))
    assert [each.state for each in intake.letters()] == (
        [LetterState.QUEUED] * 3 + [LetterState.DRAFT] * 3
    )
