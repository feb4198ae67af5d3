"""A backup taken while the service runs, and what comes back from it on an empty machine."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.acceptance.applicants import WITHOUT_RISK, dossier, mail
from tests.acceptance.installation import Installation
from tests.servers import MailCatcher


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    return tmp_path / "backup"


def test_a_backup_under_load_brought_back_elsewhere_is_the_same_registry(
    house: Installation, catcher: MailCatcher, kept: Path
) -> None:
    with house.serve() as running:
        house.fill([dossier(seed) for seed in range(4)], at=datetime.now(UTC))
        running.wait_for_line(": filed", times=2)
        assert "originals kept" in house.do("backup", kept)
        catcher.wait_for(4, timeout=60)
        assert "originals kept" in house.do("backup", kept)  # a second one adds what is new
        running.wait_for_line("letter", times=4)
    house.once()
    house.do("backup", kept)
    queue, mails, letters = house.queue(), house.mails(), house.letters()
    shutil.rmtree(house.data)
    assert "restored" in house.do("restore", kept)
    assert house.queue() == queue
    assert house.mails() == mails
    assert house.letters() == letters
    assert house.do("verify").endswith("originals checked\n")
    assert len(list(kept.glob("registry-*.sqlite"))) == 1


def test_after_a_return_nothing_is_answered_a_second_time(
    house: Installation, catcher: MailCatcher, kept: Path
) -> None:
    house.deliver(dossier(0))
    house.once()
    house.deliver(dossier(1, WITHOUT_RISK))  # received, judged, and not yet answered
    house.once("--no-letters")
    house.do("backup", kept)
    house.deliver(dossier(2))  # never seen by the backup
    house.once()
    sent = len(catcher.caught)
    assert sent == 3
    shutil.rmtree(house.data)
    house.do("restore", kept)
    done = house.once()
    assert len(catcher.caught) == sent
    assert done["mails"] == {"filed": 1}
    states = [(each["state"], bool(each["reason"])) for each in house.letters()]
    assert states == [("sent", False), ("draft", True), ("draft", True)]
    house.deliver(mail(3, subject="咨询", text="联盟如何申报？"))
    house.once()
    assert len(catcher.caught) == sent + 1  # what comes from now on is answered as ever


def test_a_letter_that_waited_to_be_sent_is_a_draft_after_the_return(
    house: Installation, catcher: MailCatcher, kept: Path
) -> None:
    catcher.on_message = lambda _: "451 4.7.1 try again later"
    house.deliver(dossier(0))
    house.once(code=1)
    assert [each["state"] for each in house.letters()] == ["queued"]
    catcher.on_message = lambda _: None
    house.do("backup", kept)
    shutil.rmtree(house.data)
    house.do("restore", kept)
    assert [each["state"] for each in house.letters()] == ["draft"]
    house.once()
    assert catcher.caught == ()
    house.do("letter", "send", 1)
    house.once()
    assert len(catcher.caught) == 1


def test_a_damaged_or_lost_original_is_named(house: Installation, kept: Path) -> None:
    house.deliver(dossier(0))
    house.once()
    assert house.intake("verify").code == 0
    damaged, lost = sorted((house.data / "originals").glob("??/*"))[:2]
    damaged.chmod(0o600)
    damaged.write_bytes(b"something else")
    lost.unlink()
    done = house.intake("verify")
    assert (
        done.code,
        f"damaged: {damaged.name}" in done.out,
        f"lost: {lost.name}" in done.out,
    ) == (
        1,
        True,
        True,
    )
    assert "(mail 1)" in done.out or "LM2016-0001 " in done.out
    assert "restore each from a backup" in done.out
    done = house.intake("backup", kept)  # it keeps the rest, and says so
    assert (done.code, damaged.name in done.out) == (1, True)
    assert not list((kept / "originals").glob(f"*/{damaged.name}"))


def test_a_return_is_refused_where_there_is_a_registry_or_no_whole_backup(
    house: Installation, kept: Path, tmp_path: Path
) -> None:
    house.deliver(dossier(0))
    house.once()
    house.do("backup", kept)
    refused = house.intake("restore", kept)
    assert (refused.code, "holds a registry already" in refused.err) == (2, True)
    shutil.rmtree(house.data)
    assert house.intake("restore", tmp_path / "nowhere").code == 2
    [database] = kept.glob("registry-*.sqlite")
    whole = database.read_bytes()
    database.write_bytes(whole[:-4096])
    refused = house.intake("restore", kept)
    assert (refused.code, "its checksum does not hold" in refused.err) == (2, True)
    assert not (house.data / "registry.sqlite").exists()
    database.write_bytes(whole)
    house.do("restore", kept)


def test_a_backup_that_was_cut_short_leaves_the_one_before_it(
    house: Installation, kept: Path
) -> None:
    house.deliver(dossier(0))
    house.once()
    house.do("backup", kept)
    before = json.loads((kept / "backup.json").read_text("utf-8"))
    (kept / "registry.taking").write_bytes(b"half a database")
    (kept / "registry-0123456789abcdef.sqlite").write_bytes(b"one whose manifest never came")
    shutil.rmtree(house.data)
    house.do("restore", kept)
    assert len(house.queue()) == before["dossiers"] == 1
    house.do("backup", kept)
    assert len(list(kept.glob("registry*"))) == 1


def test_a_folder_that_holds_something_else_is_refused(house: Installation, tmp_path: Path) -> None:
    house.once()
    (tmp_path / "letters.docx").write_bytes(b"")
    refused = house.intake("backup", tmp_path)
    assert (refused.code, "letters.docx" in refused.err) == (2, True)
