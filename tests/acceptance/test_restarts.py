"""The service is stopped and started again at any moment, and goes on where it was.

What happens when it is killed is told in `test_kills`.
"""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.acceptance.applicants import (
    WITHOUT_AGREEMENT,
    alliance,
    documents,
    dossier,
    mail,
    only,
    paper,
)
from tests.acceptance.installation import Installation, lacking
from tests.acceptance.killing import Killing
from tests.acceptance.torture import (
    State,
    assert_each_letter_went_once,
    assert_nothing_is_lost,
    end_state,
    form_mail,
    story,
    undisturbed,
)
from tests.servers import Dovecot, MailCatcher


def assert_ends_as_one_pass(house: Installation, catcher: MailCatcher, wanted: State) -> None:
    assert end_state(house) == wanted
    assert assert_each_letter_went_once(house, catcher) == 0
    assert_nothing_is_lost(house)


def test_stopped_by_sigterm_between_any_two_stages_the_daemon_goes_on_at_the_next_start(
    tmp_path: Path, house: Installation, catcher: MailCatcher, dovecot: Dovecot, killing: Killing
) -> None:
    """Two mails come before each start, so that every stage has something to do."""
    mails = [form_mail(number) for number in range(8)]
    for number, moment in enumerate(("received from", ": filed", "missing-items", " sent")):
        for each in mails[2 * number : 2 * number + 2]:
            house.deliver(each)
        running = house.start("serve", "--no-desk")
        try:
            running.wait_for_line(moment)
            assert running.stop() == 0
        finally:
            running.end()
        assert running.lines[-1].endswith("intake has stopped")
        assert not [line for line in running.lines if "Traceback" in line or " ERROR " in line]
    house.once()
    wanted = undisturbed(killing, tmp_path / "undisturbed", dovecot, mails)
    assert_ends_as_one_pass(house, catcher, wanted)


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


def test_the_daemon_ends_in_the_same_state_as_a_pass_and_a_pass_after_it_does_nothing(
    tmp_path: Path, house: Installation, catcher: MailCatcher, dovecot: Dovecot, killing: Killing
) -> None:
    """Mail that comes while it runs is seen at once, since Dovecot offers IDLE."""
    mails = story(8)
    wanted = undisturbed(killing, tmp_path / "undisturbed", dovecot, mails)
    with house.serve() as running:
        for each in mails:
            house.deliver(each)
        running.wait_for_line(" sent", times=len(wanted["letters"]))
    assert_ends_as_one_pass(house, catcher, wanted)
    before = house.rows()
    assert house.once() == {"mails": {}, "dossiers": {}, "letters": {}, "problems": []}
    assert house.rows() == before
    assert_ends_as_one_pass(house, catcher, wanted)


def test_a_pass_beside_the_running_daemon_is_refused_naming_it(house: Installation) -> None:
    with house.serve() as running:
        refused = house.intake("once")
        assert (refused.code, refused.out) == (2, "")
        [line] = refused.err.splitlines()
        assert "intake serve" in line
        assert str(running.process.pid) in line
        second = house.intake("serve", "--no-desk")
        assert (second.code, len(second.err.splitlines())) == (2, 1)


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
