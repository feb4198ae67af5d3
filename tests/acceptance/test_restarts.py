"""The service is stopped, killed and started again at any moment, and nothing is lost or doubled."""

from __future__ import annotations

import signal
from collections import Counter
from functools import cache
from pathlib import Path
from threading import Event

import pytest

from ingest.samples.mails import auto_reply, make_zip, zip_file
from tests.acceptance.applicants import (
    AT,
    BUREAU,
    STRANGER,
    WITHOUT_AGREEMENT,
    WITHOUT_CHARTER,
    alliance,
    documents,
    dossier,
    mail,
    only,
    paper,
)
from tests.acceptance.installation import Installation, Record, Running, lacking, opened
from tests.servers import Dovecot, MailCatcher

TIMES = {"received_at", "updated_at", "queued_at", "sent_at"}
POLL = 0.001
"""Seconds between two looks at whether something was committed."""


@cache
def story() -> tuple[bytes, ...]:
    """Mails of which none depends on another, so that their order of answering is free."""
    pair = {"1": documents(2), "2": documents(3, WITHOUT_CHARTER)}
    return (
        dossier(0),
        dossier(1, WITHOUT_AGREEMENT),
        mail(2, [zip_file("推荐.zip", make_zip(pair))], sender=BUREAU, subject="推荐", text="见附"),
        mail(4, subject="咨询", text="请问联盟如何申报？"),
        auto_reply(sender=STRANGER, about="回执", at=AT),
    )


def prepared(house: Installation) -> Installation:
    house.import_paper(paper(0), paper(2))
    for each in story():
        house.deliver(each)
    return house


def end_state(house: Installation) -> dict[str, list[Record]]:
    """How all ended, but for times, order of letters, and ids given to them."""
    letters = {each["id"]: each for each in house.letters()}
    mails = house.mails()
    for each in mails:
        each["letters"] = [letters[letter]["kind"] for letter in each["letters"]]
    ours = {each["message_id"]: each["kind"] for each in letters.values()}
    for each in letters.values():
        each["in_reply_to"] = ours.get(each["in_reply_to"], each["in_reply_to"])
    left_out = TIMES | {"message_id", "attempts", "id"}
    told = [_without(each, left_out) for each in letters.values()]
    return {
        "dossiers": [_without(each, TIMES) for each in house.queue()],
        "mails": [_without(each, TIMES) for each in mails],
        "letters": sorted(told, key=str),
    }


def _without(record: Record, keys: set[str]) -> Record:
    return {key: value for key, value in record.items() if key not in keys}


@pytest.fixture(scope="module")
def undisturbed(
    dovecot: Dovecot, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, list[Record]]:
    with MailCatcher() as catcher:
        house = prepared(Installation(tmp_path_factory.mktemp("undisturbed"), dovecot, catcher))
        house.once()
        assert len(catcher.caught) == len(house.letters()) == 5
    return end_state(house)


def kill_after_commits(house: Installation, running: Running, number: int) -> None:
    """Kill the process when it has committed so many times, if it lives that long."""
    with house.registry() as connection:

        def version() -> int:
            found: int = connection.execute("PRAGMA data_version").fetchone()[0]
            return found

        seen, commits = version(), 0
        while running.process.poll() is None and commits < number:
            now = version()
            commits, seen = commits + (now != seen), now
            Event().wait(POLL)
    running.kill()


def assert_same_end(
    house: Installation, catcher: MailCatcher, undisturbed: dict[str, list[Record]]
) -> None:
    assert end_state(house) == undisturbed
    stored = {each["message_id"]: each for each in house.letters()}
    arrived = Counter(str(opened(each)["Message-ID"]) for each in catcher.caught)
    assert arrived.keys() == stored.keys()
    for message_id, times in arrived.items():
        assert times <= stored[message_id]["attempts"]
    assert [each["missing_uids"] for each in house.look("reconcile")] == [[]]


@pytest.mark.parametrize("commits", [1, 6, 11, 16, 21, 27, 33])
def test_killed_after_any_commit_a_pass_ends_in_the_same_state(
    house: Installation,
    catcher: MailCatcher,
    undisturbed: dict[str, list[Record]],
    commits: int,
) -> None:
    prepared(house)
    running = house.start("once")
    kill_after_commits(house, running, commits)
    house.once()
    assert_same_end(house, catcher, undisturbed)


@pytest.mark.parametrize("commits", [4, 13, 24])
def test_killed_after_any_commit_the_daemon_goes_on_where_it_was(
    house: Installation,
    catcher: MailCatcher,
    undisturbed: dict[str, list[Record]],
    commits: int,
) -> None:
    prepared(house)
    running = house.start("serve", "--no-desk")
    kill_after_commits(house, running, commits)
    with house.serve():
        catcher.wait_for(5, timeout=60)
    house.once()
    assert_same_end(house, catcher, undisturbed)


@pytest.mark.parametrize(
    "moment", ["mail 2 received", "mail 1: filed", "letter 1: ", "letter 2 sent"]
)
def test_stopped_by_sigterm_between_stages_the_daemon_ends_cleanly_and_goes_on_later(
    house: Installation,
    catcher: MailCatcher,
    undisturbed: dict[str, list[Record]],
    moment: str,
) -> None:
    prepared(house)
    running = house.start("serve", "--no-desk")
    try:
        running.wait_for_line(moment)
        assert running.stop() == 0
    finally:
        running.end()
    assert running.lines[-1].endswith("intake has stopped")
    assert not [line for line in running.lines if "Traceback" in line or " ERROR " in line]
    house.once()
    assert_same_end(house, catcher, undisturbed)


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_the_daemon_with_its_desk_stops_when_told_and_leaves_nothing_behind(
    house: Installation, by: signal.Signals
) -> None:
    house.configure(desk={"port": free_port()})
    with house.serve("--") as running:
        assert running.stop(by) == 0
    assert list((house.data / "work").glob("*/")) == []


def free_port() -> int:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


def test_a_second_pass_adds_no_row_and_sends_nothing(
    house: Installation, catcher: MailCatcher
) -> None:
    prepared(house).once()
    before, letters, state = house.rows(), len(catcher.caught), end_state(house)
    assert house.once() == {"mails": {}, "dossiers": {}, "letters": {}, "problems": []}
    assert house.rows() == before
    assert len(catcher.caught) == letters
    assert end_state(house) == state


def test_the_daemon_ends_in_the_same_state_as_a_pass(
    house: Installation, catcher: MailCatcher, undisturbed: dict[str, list[Record]]
) -> None:
    """Mail that comes while it runs is seen at once, since Dovecot offers IDLE."""
    house.import_paper(paper(0), paper(2))
    with house.serve() as running:
        for each in story():
            house.deliver(each)
        catcher.wait_for(5, timeout=60)
        running.wait_for_line(" sent", times=5)
    assert_same_end(house, catcher, undisturbed)


def test_a_pass_beside_the_running_daemon_is_refused_naming_it(house: Installation) -> None:
    with house.serve() as running:
        refused = house.intake("once")
        assert (refused.code, refused.out) == (2, "")
        [line] = refused.err.splitlines()
        assert "intake serve" in line
        assert str(running.process.pid) in line
        second = house.intake("serve", "--no-desk")
        assert (second.code, len(second.err.splitlines())) == (2, 1)
    house.once()


def test_after_a_kill_the_data_folder_is_free_again(house: Installation) -> None:
    running = house.start("serve", "--no-desk")
    running.wait_for_line("intake is running")
    running.kill()
    house.once()


def test_staff_work_beside_the_running_daemon_which_does_the_rest(
    house: Installation, catcher: MailCatcher
) -> None:
    with house.serve() as running:
        house.deliver(dossier(0))
        catcher.wait_for(1, timeout=60)
        assert house.queue()[0]["status"] == "awaiting-paper"
        house.import_paper(paper(0))
        catcher.wait_for(2, timeout=60)
        house.deliver(dossier(1, WITHOUT_AGREEMENT))
        catcher.wait_for(3, timeout=60)
        house.do("decide", "LM2016-0002", "document.agreement", "waived", "--reason", "另送")
        house.deliver(mail(4, subject="咨询", text="请问联盟如何申报？"))
        catcher.wait_for(4, timeout=60)
        running.wait_for_line(" sent", times=4)
    assert [each["status"] for each in house.queue()] == ["complete", "awaiting-paper"]
    assert lacking(house.queue()[1]) == []
    assert not [line for line in running.lines if " ERROR " in line or "Traceback" in line]


def test_the_daemon_goes_on_when_the_mailbox_comes_back(
    tmp_path: Path, catcher: MailCatcher
) -> None:
    """Its own server, since the story stops it; the daemon tries again by itself."""
    with Dovecot() as server:
        house = Installation(tmp_path, server, catcher)
        house.deliver(mail(0, only(documents(0), "申报表")))
        server.stop()
        with house.serve() as running:
            running.wait_for_line("cannot be reached")
            assert running.process.poll() is None
        assert alliance(0).name not in str(house.queue())
