"""Trouble in the house itself: full disks, a database that is locked or gone, damage, clocks."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Event
from typing import Self

import pytest
from sqlalchemy.exc import OperationalError

from config.limits import Limits
from ingest.pipeline import Touched, file_pending
from ingest.samples.documents import SampleFile
from ingest.samples.mails import make_zip, zip_file
from ingest.trouble import explain
from parsers.sandbox import Sandbox
from registry import decisions
from registry.backup import back_up, restore
from registry.database import Registry, open_registry
from registry.originals import Originals
from registry.receiving import receive
from registry.rows import Fate
from tests.acceptance.applicants import dossier, mail
from tests.acceptance.installation import ROOT, Installation
from tests.builders import NOW, Intake, received
from tests.servers import MailCatcher

MIB = 1 << 20


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(Limits(), tmp_path / "work", size=1) as opened:
        yield opened


class SmallDisk:
    """A disk of its own, in memory, where a folder will be; `leave_free` sets how much is free."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _mount(self, options: str) -> bool:
        command = ["mount", "-t", "tmpfs", "-o", options, "none", str(self._folder)]
        return subprocess.run(command, check=False).returncode == 0

    def leave_free(self, mebibytes: int) -> None:
        used = shutil.disk_usage(self._folder).used
        assert self._mount(f"remount,size={used + mebibytes * MIB}")

    def __enter__(self) -> Self:
        self._folder.mkdir(mode=0o700)
        if not self._mount("size=300m,mode=0700"):
            pytest.skip("mounting needs root")
        return self

    def __exit__(self, *_: object) -> None:
        subprocess.run(["umount", "--lazy", self._folder], check=True)


def test_a_full_disk_is_told_in_a_line_loses_nothing_and_all_goes_on_when_there_is_room(
    house: Installation, catcher: MailCatcher
) -> None:
    large = os.urandom(22 * MIB).hex().encode()
    blank = SampleFile(filename="空白.txt", media_type="text/plain", content=b"\0" * (40 * MIB))
    swells = zip_file("材料.zip", make_zip({"": (blank,)}))
    with SmallDisk(house.data) as disk:
        house.do("queue")  # makes the registry
        disk.leave_free(34)
        house.deliver(dossier(0))
        house.deliver(mail(1, [swells], subject="联盟材料"))
        house.deliver(mail(2, subject="照片", text="见附") + b"\r\n" + large)
        done = house.intake("once", "--json")
        assert done.code == 1, done
        receiving, filing = done.records["problems"]
        assert "mailbox main was not read to the end" in receiving
        assert "no room left on the disk" in receiving
        assert "make room" in receiving
        assert "work folder" in filing
        assert house.fates() == ["filed", "pending"]
        assert list((house.data / "originals" / "incoming").iterdir()) == []
        disk.leave_free(250)
        done = house.intake("once", "--json")
        assert (done.code, done.records["problems"]) == (0, [])
        assert "pending" not in house.fates()
        assert "quarantined" not in house.fates()
        assert len(house.fates()) == 3
        assert [each["missing_uids"] for each in house.look("reconcile")] == [[]]
        assert len({each.content for each in catcher.caught}) == len(catcher.caught)
        disk.leave_free(20)
        house.deliver(dossier(3))
        done = house.intake("once")
        assert (done.code, "no room left on the disk" in done.err) == (1, True)
        assert len(house.fates()) == 3


def receive_many(registry: Registry) -> None:
    with registry.write() as connection:
        for uid in range(1, 100):
            receive(connection, received(uid, headers="x" * 50_000), NOW)


def test_a_database_without_room_undoes_what_was_begun_and_goes_on_when_there_is_room(
    tmp_path: Path,
) -> None:
    with SmallDisk(tmp_path / "disk") as disk:
        registry = open_registry(tmp_path / "disk")
        disk.leave_free(1)
        with pytest.raises(OperationalError) as full:
            receive_many(registry)
        assert explain(full.value) == "no room left for the database; make room"
        disk.leave_free(20)
        with registry.write() as connection:
            assert receive(connection, received(1), NOW) == 1
        with registry.read() as connection:
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
        registry.close()


def test_a_file_that_may_not_grow_is_told_as_a_disk_without_room(tmp_path: Path) -> None:
    """A limit set by the system, where no disk of one's own can be had."""
    deed = """
import resource, sys
from pathlib import Path
from ingest.trouble import explain
from registry.originals import Originals
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
store = Originals(Path(sys.argv[1]))
try:
    with store.incoming() as file:
        file.write(bytes(2 << 20))
        store.keep(file)
except OSError as error:
    print(explain(error))
"""
    command = [sys.executable, "-c", deed, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("no room left on the disk")
    assert list((tmp_path / "incoming").iterdir()) == []


def test_the_daemon_names_a_database_that_is_gone_writes_nothing_astray_and_goes_on_with_it(
    house: Installation, catcher: MailCatcher, tmp_path: Path
) -> None:
    """The files come back as they were, as when a disk had been taken off for a while."""
    away = tmp_path / "away"
    away.mkdir()
    with house.serve() as running:
        for each in house.data.glob("registry.sqlite*"):
            each.rename(away / each.name)
        house.deliver(dossier(0))
        running.wait_for_line("the database was removed or replaced while in use")
        assert not list(house.data.glob("registry.sqlite*"))
        for each in away.iterdir():
            each.rename(house.data / each.name)
        running.wait_for_line("the trouble is over")
        catcher.wait_for(1, timeout=60)
    assert not [line for line in running.lines if "Traceback" in line]
    told = [line for line in running.lines if "trouble in the house" in line]
    assert len(told) <= 8  # once for each part, however often it looks
    assert house.fates() == ["filed"]


def test_a_locked_or_damaged_database_is_told_in_a_line(house: Installation) -> None:
    house.do("queue")
    path = house.data / "registry.sqlite"
    impatient = (
        "import registry.database as d; d.BUSY_SECONDS = 0.1; import ingest.cli as c; c.main()"
    )
    add = ["--config", str(house.config), "user", "add", "desk", "--password-stdin"]

    def tried() -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-c", impatient, *add],
            input="correct horse 2016\n",
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert len(done.stderr.splitlines()) == 1, done
        return done.returncode, done.stderr

    with closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        code, said = tried()
        assert (code, "the database is locked by another program" in said) == (2, True)
    whole = path.read_bytes()
    path.write_bytes(b"no database at all" * 1000)
    code, said = tried()
    assert (code, "the database is damaged; restore a backup" in said) == (2, True)
    path.write_bytes(whole)
    assert house.do("user", "list", "--json") == "[]\n"
    assert "correct horse" not in said


def test_a_damaged_original_waits_for_a_person_and_is_read_once_it_is_restored(
    intake: Intake, sandbox: Sandbox
) -> None:
    originals = intake.house.originals
    with originals.incoming() as file:
        file.write(mail(0, subject="咨询", text="联盟如何申报？"))
        sha256 = originals.keep(file)
    taken = intake.receive(sha256=sha256)
    original = originals.path(sha256)
    whole = original.read_bytes()
    for harm in (lambda: original.write_bytes(whole[:-1] + b"?"), original.mkdir):
        original.chmod(0o600)
        original.unlink()
        harm()
        file_pending(intake.house, sandbox, Touched(), Event())
        assert intake.mail(taken).fate is Fate.QUARANTINED
        assert "原件已损坏" in intake.mail(taken).reason
        with intake.registry.write() as connection:
            decisions.retry(connection, taken, who="desk", now=NOW)
    original.rmdir()
    original.write_bytes(whole)
    file_pending(intake.house, sandbox, Touched(), Event())
    assert intake.mail(taken).fate is Fate.UNRELATED


def test_a_backup_killed_at_any_moment_leaves_the_one_before_it_whole(tmp_path: Path) -> None:
    kept, data = tmp_path / "backup", tmp_path / "var"
    registry, originals = open_registry(data), Originals(data / "originals")

    def take_in(uid: int) -> None:
        with originals.incoming() as file:
            file.write(b"mail %d" % uid)
            sha256 = originals.keep(file)
        with registry.write() as connection:
            receive(connection, received(uid, sha256=sha256), NOW)

    take_in(1)
    back_up(data, kept, NOW)
    deed = (
        "import sys; from pathlib import Path; from datetime import *; import registry.backup as b"
    )
    deed += "; b.back_up(Path(sys.argv[1]), Path(sys.argv[2]), datetime.now(timezone.utc))"
    for uid, sign in enumerate(("registry.taking*", "originals/incoming/*", "registry-*"), 2):
        take_in(uid)
        known = set(kept.glob(sign))
        process = subprocess.Popen([sys.executable, "-c", deed, data, kept], cwd=ROOT)
        while process.poll() is None and set(kept.glob(sign)) <= known:
            pass
        process.kill()
        process.wait()
        made, damage = restore(kept, tmp_path / f"restored-{uid}", NOW)
        assert damage.whole
        assert 1 <= made.mails <= uid
    made, _ = back_up(data, kept, NOW)
    assert made.mails == 4
    assert len(list(kept.glob("registry*"))) == 1
    registry.close()
