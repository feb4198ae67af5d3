"""One installation at work, well and in trouble: what it must keep to itself stands nowhere."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.acceptance.applicants import WITHOUT_RISK, alliance, dossier, paper, sender_of
from tests.acceptance.installation import Installation
from tests.servers import PASSWORD, Caught, Dovecot, MailCatcher, Reply

DESK_PASSWORD = "correct horse 2016"
WRONG = "wrong-password-2016"


@dataclass(frozen=True, kw_only=True)
class Heard:
    """All that an installation said: its log as JSON lines, and everything else."""

    house: Installation
    log: str
    said: str


@pytest.fixture(scope="module")
def heard(dovecot: Dovecot, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Heard]:
    folder = tmp_path_factory.mktemp("installation")
    with MailCatcher(login="intake") as catcher:
        house = Installation(folder, dovecot, catcher)
        house.configure(smtp=catcher.settings(folder / "smtp-password"))
        catcher.on_message = _unwilling
        house.import_paper(paper(0), paper(1))
        house.deliver(dossier(0))
        house.deliver(dossier(1, WITHOUT_RISK))
        good = house.intake("--verbose", "--log-json", "once", "--json")
        (folder / "smtp-password").write_text(WRONG, encoding="utf-8")
        (folder / "wrong").write_text(WRONG, encoding="utf-8")
        right = house.sections["mailbox.main"]["password_file"]
        house.configure(mailbox__main={"password_file": folder / "wrong"})
        bad = house.intake("--verbose", "once")
        examined = house.intake("doctor")
        house.configure(mailbox__main={"password_file": right})
        made = house.intake("user", "add", "desk", "--password-stdin", given=DESK_PASSWORD + "\n")
        changed = house.intake("user", "password", "desk", "--password-stdin", given="short\n")
        listed = house.intake("user", "list", "--json")
        assert [each.code for each in (good, bad, examined, made, changed, listed)] == (
            [1, 1, 1, 0, 2, 0]
        )
        ended = (good, bad, examined, made, changed, listed)
        said = "".join(each.out + each.err for each in ended)
        yield Heard(house=house, log=good.err, said=said)


def _unwilling(caught: Caught) -> Reply:
    """Refuse one letter, naming everything that a server might name."""
    if sender_of(1).address not in caught.recipients:
        return None
    about = alliance(1)
    return f"550 5.1.1 <{sender_of(1).address}> {about.mobile} {about.contact} unknown"


def test_no_secret_stands_in_any_output_or_log_or_in_the_database(heard: Heard) -> None:
    key = (heard.house.data / "desk.key").read_bytes() if _has_key(heard.house.data) else b"?" * 32
    encoded = base64.b64encode(f"\0intake\0{PASSWORD}".encode()).decode()
    stored = b"".join(each.read_bytes() for each in heard.house.data.glob("registry.sqlite*"))
    everything = heard.said.encode() + stored
    for secret in (PASSWORD, WRONG, DESK_PASSWORD, encoded):
        assert secret.encode() not in everything, secret
        assert base64.b64encode(secret.encode()) not in everything
    assert key not in everything
    assert key.hex().encode() not in everything
    assert b"argon2" not in heard.said.encode()
    assert b"argon2" in stored


def _has_key(data: Path) -> bool:
    return (data / "desk.key").exists()


def test_every_line_about_a_mail_bears_its_id_and_no_line_any_personal_data(heard: Heard) -> None:
    lines = [json.loads(each) for each in heard.log.splitlines()]
    assert {"at", "level", "where", "says"} <= lines[0].keys()
    for mail in (1, 2):
        said = [each["says"] for each in lines if each.get("mails") == [mail]]
        assert any("received" in each for each in said)
        assert any(": filed" in each for each in said)
        assert any(each.startswith("letter") for each in said)
    for seed in (0, 1):
        about = alliance(seed)
        user = sender_of(seed).address.partition("@")[0]
        personal = (f"{user}@", about.mobile, about.phone, about.contact, sender_of(seed).name)
        for each in personal:
            if each:
                assert each not in heard.log, each


def test_nobody_else_on_the_machine_may_look_into_the_data_folder(heard: Heard) -> None:
    for each in (heard.house.data, *heard.house.data.rglob("*")):
        if not each.is_symlink():
            assert each.stat().st_mode & 0o077 == 0, each


def test_a_data_folder_that_was_open_to_others_is_shut(heard: Heard, tmp_path: Path) -> None:
    del tmp_path
    heard.house.data.chmod(0o755)
    done = heard.house.intake("queue")
    assert "it is 0700 now" in done.err
    assert heard.house.data.stat().st_mode & 0o777 == 0o700
