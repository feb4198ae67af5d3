"""Killed anywhere, by SIGKILL, the service ends as if nothing had happened."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.acceptance.installation import Installation
from tests.acceptance.killing import AFTER, HALF_WAY, Kill, Killing
from tests.acceptance.torture import (
    assert_each_letter_went_once,
    assert_nothing_is_lost,
    end_state,
    form_mail,
    torture,
    undisturbed,
)
from tests.servers import Dovecot, MailCatcher

CHAIN = (
    r"registry\.database\b.*: commit",
    r"ingest\.imap\b.*: send UID FETCH",
    r"ingest\.receiver\b.*: fsync",
    r"ingest\.receiver\b.*: replace",
    r"ingest\.receiver\b.*: fsync",
    r"ingest\.receiver\b.*: commit",
    r"ingest\.pipeline\b.*: replace",
    r"ingest\.pipeline\b.*: commit",
    r"registry\.judging\b.*: commit",
    r"ingest\.pipeline\b.*: commit",
    r"ingest\.outbox\b.*: commit",
    r"ingest\.outbox\b.*: send DATA",
    r"ingest\.outbox\b.*: send text",
    r"ingest\.outbox\b.*: commit",
)
"""Points that a mail passes on its way, in this order; there are about as many more."""

SEED = 20160531

pytestmark = pytest.mark.timeout(400)  # dozens of starts each, which a busy machine draws out


def every_point(killing: Killing, folder: Path, dovecot: Dovecot) -> tuple[str, ...]:
    """Return each point that a first start and one mail pass."""
    folder.mkdir()
    with MailCatcher() as catcher:
        house = Installation(folder, dovecot, catcher)
        house.deliver(form_mail(0))
        run = killing.run(house.config, "once")
    assert run.code == 0
    points = iter(run.points)
    for each in CHAIN:
        assert any(re.search(each, point) for point in points), each
    return run.points


def count(house: Installation, which: str) -> int:
    """Return how many mails of a kind have been received."""
    with house.registry() as connection:
        query = f"SELECT count(*) FROM mail WHERE {which}"  # noqa: S608 - the conditions below
        return int(connection.execute(query).fetchone()[0])


def test_killed_at_every_point_of_the_chain_in_turn_all_ends_as_if_undisturbed(
    tmp_path: Path, house: Installation, catcher: MailCatcher, dovecot: Dovecot, killing: Killing
) -> None:
    """Whenever a mail has been received, the next one comes."""
    first_start, *points = every_point(killing, tmp_path / "points", dovecot)
    [letter] = [each for each in points if re.search("ingest.outbox.*: send text", each)]
    assert killing.run(house.config, "once", kill=Kill(at=first_start)).killed
    assert killing.run(house.config, "once").code == 0
    kills = [Kill(at=each) for each in points]
    kills += [Kill(at=letter, when=HALF_WAY), Kill(at=letter, when=AFTER)]
    mails: list[bytes] = []
    for kill in kills:
        if count(house, "TRUE") == len(mails):
            mails.append(form_mail(len(mails)))
            house.deliver(mails[-1])
        assert killing.run(house.config, "once", kill=kill).killed, kill
        if count(house, "fate = 'pending' AND attempts > 0"):  # it was being opened
            assert killing.run(house.config, "once").code == 0, kill
    assert killing.run(house.config, "once").code == 0
    assert assert_each_letter_went_once(house, catcher) == 2  # kills after the letter went
    assert_nothing_is_lost(house)
    assert end_state(house) == undisturbed(killing, tmp_path / "undisturbed", dovecot, mails)


def test_killed_at_random_30_times_while_mail_comes_all_ends_as_if_undisturbed(
    tmp_path: Path, dovecot: Dovecot, killing: Killing
) -> None:
    """The same as `make torture`, in short."""
    told = torture(killing, tmp_path, dovecot, seed=SEED, kills=30, mails=10)
    assert (told.kills, told.mails) == (30, 10)
