"""Trouble of a mailbox, seen from outside: in a letter, at /healthz, and without loss."""

from __future__ import annotations

import json
import signal
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from tests.acceptance.applicants import dossier
from tests.acceptance.installation import Installation, text_of
from tests.acceptance.test_trouble import closed_port
from tests.scripted import ScriptedImap, refuse
from tests.servers import MailCatcher


def test_a_refused_password_is_told_by_a_letter_through_the_mail_server_once_and_so_is_its_end(
    house: Installation, catcher: MailCatcher, tmp_path: Path
) -> None:
    right = house.sections["mailbox.main"]["password_file"]
    wrong = tmp_path / "expired"
    wrong.write_text("expired-secret", encoding="utf-8")
    house.configure(mailbox__main={"password_file": wrong}, alarms={"to": ["duty@example.net"]})
    house.deliver(dossier(0))
    for _ in range(2):
        house.once(code=1)
    (told,) = catcher.caught
    assert told.recipients == ("duty@example.net",)
    assert "邮箱 main 拒绝登录" in text_of(told)
    assert "授权码" in text_of(told)
    assert b"expired-secret" not in told.content
    house.configure(mailbox__main={"password_file": right})
    house.once()
    answer, over = sorted(
        catcher.caught[1:], key=lambda each: each.recipients[0] == "duty@example.net"
    )
    assert "已经恢复" in text_of(over)
    assert answer.recipients != over.recipients
    assert house.once()["mails"] == {}
    assert len(catcher.caught) == 3


def health(port: int) -> tuple[int, dict[str, Any]]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_the_daemon_sets_a_mail_aside_that_is_never_handed_out_answers_the_others_and_is_well(
    house: Installation, catcher: MailCatcher
) -> None:
    port = closed_port()
    with ScriptedImap(dossier(0), dossier(1)) as server:
        server.on(r"UID FETCH 1 .*BODY\.PEEK\[\]", refuse("NO [SERVERBUG] internal error"))
        here = server.settings(timeout="10s", poll="3s", password_file=None)
        house.configure(mailbox__main={**here, "answer_since": "2016-01-01"}, desk={"port": port})
        running = house.start("serve")
        try:
            running.wait_for_line("SERVERBUG")
            status, said = health(port)
            assert (status, said["reasons"]) == (503, ["mailbox main: protocol"])
            running.wait_for_line("is set aside")
            catcher.wait_for(1, timeout=60)
            server.recover()
            (aside,) = house.mails("--fate", "quarantined")
            assert "未能交出" in aside["reason"]
            house.do("retry", aside["id"])
            catcher.wait_for(2, timeout=60)
            assert health(port)[0] == 200
            assert running.stop(signal.SIGTERM) == 0
        finally:
            running.end()
    assert house.fates() == ["filed", "filed"]
