"""Many mails: a mailbox full of known ones is cheap to look at, and memory does not grow."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.acceptance.applicants import documents, dossier, mail
from tests.acceptance.installation import Installation, Running
from tests.acceptance.tap import Tap
from tests.servers import Dovecot, MailCatcher

KNOWN = 2000
"""How many known mails lie in the mailbox; the commands per pass are the same for any number."""


@pytest.fixture
def tap(dovecot: Dovecot) -> Tap:
    return Tap(dovecot.port)


def test_a_mailbox_of_known_mails_costs_one_listing_of_uids_per_pass(
    house: Installation, tap: Tap
) -> None:
    """All the same bytes, which are taken in fast: a place is known by its UID, not its bytes."""
    with tap:
        house.configure(mailbox__main={"port": tap.port})
        known = mail(0, subject="咨询", text="请问联盟如何申报？")
        house.fill([known] * KNOWN, at=datetime.now(UTC) - timedelta(days=3))
        house.once()
        first = tap.commands()
        assert first["UID FETCH"] >= KNOWN
        assert house.rows()["place"] == KNOWN
        house.once()
        second = tap.commands()
        assert second["UID SEARCH"] == 1
        assert {name for name in second if "FETCH" in name or "SEARCH" in name} == {"UID SEARCH"}
        house.deliver(dossier(0))
        tap.commands()
        house.once()
        third = tap.commands()
        assert third["UID SEARCH"] == 1
        assert third["UID FETCH"] < 5


def test_a_restart_over_known_mails_downloads_no_body_twice(house: Installation, tap: Tap) -> None:
    with tap:
        house.configure(mailbox__main={"port": tap.port})
        known = [mail(0, subject=f"咨询{number}", text="请问？") for number in range(40)]
        house.fill(known, at=datetime.now(UTC) - timedelta(days=3))
        running = house.start("once", "--no-letters")
        running.process.wait(timeout=60)
        running.end()
        tap.commands()
        with house.serve():
            pass
        assert tap.commands()["UID FETCH"] == 0


def resident(running: Running) -> int:
    """How many bytes of memory the process holds itself, without its sandbox children."""
    pages = Path(f"/proc/{running.process.pid}/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def test_memory_does_not_grow_with_the_number_of_mails(
    house: Installation, catcher: MailCatcher
) -> None:
    """1,000 small mails of which every tenth brings a dossier; each gets its letter."""
    house.configure(receipts={"per_address_per_day": 2000, "unrecognised": "all"})
    batches = [_batch(start) for start in range(0, 1000, 100)]
    with house.serve() as running:
        house.fill(batches[0], at=datetime.now(UTC))
        running.wait_for_line(": filed", times=10)
        running.wait_for_line(": unrelated", times=90)
        catcher.wait_for(100, timeout=120)
        after_hundred = resident(running)
        for batch in batches[1:]:
            house.fill(batch, at=datetime.now(UTC))
        catcher.wait_for(1000, timeout=170)
        after_thousand = resident(running)
    assert after_thousand <= 1.1 * after_hundred
    assert len(house.queue()) == 100


def _batch(start: int) -> list[bytes]:
    return [_small(number) for number in range(start, start + 100)]


def _small(number: int) -> bytes:
    if number % 10 == 0:
        return mail(number, documents(number, form="txt"))
    return mail(number, subject=f"咨询{number}", text="请问联盟如何申报？")
