"""A Maildir as mailbox has the meaning of one on a server."""

from __future__ import annotations

import os
import threading
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.settings import Mailbox
from ingest.mailboxes import open_mailbox
from ingest.maildir import UIDVALIDITY, received_at, uid_of
from ingest.source import MailboxError
from tests.servers import Dovecot

MAIL = b"From: office@example.com\nSubject: dossier\n\nEnclosed.\n"
ARRIVED = datetime(2016, 5, 31, 8, 42, tzinfo=UTC)


def make(folder: Path) -> Path:
    for place in ("new", "cur", "tmp"):
        (folder / place).mkdir(parents=True)
    return folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make(tmp_path / "Maildir")


def deliver(folder: Path, name: str = "1464684120.M1P1.mx", content: bytes = MAIL) -> int:
    path = folder / "new" / name
    path.write_bytes(content)
    os.utime(path, (ARRIVED.timestamp(), ARRIVED.timestamp()))
    return uid_of(name)


def box(root: Path, **more: object) -> Mailbox:
    return Mailbox.model_validate({"kind": "maildir", "path": root, **more})


def everything(root: Path) -> dict[str, tuple[int, int]]:
    return {
        str(path.relative_to(root)): (path.stat().st_mtime_ns, path.stat().st_size)
        for path in root.rglob("*")
    }


def test_reading_changes_nothing(root: Path) -> None:
    uid = deliver(root)
    before = everything(root)
    target = BytesIO()
    with open_mailbox("main", box(root)) as source:
        assert source.folders() == ("INBOX",)
        assert source.select("INBOX") == UIDVALIDITY
        assert source.uids() == {uid}
        [listed] = source.listed([uid, 4711])
        assert source.fetch(uid, listed.size, target)
        assert source.headers(uid) == MAIL.removesuffix(b"Enclosed.\n")
        source.done(uid)
    assert (listed.uid, listed.size, listed.received_at) == (uid, len(MAIL), ARRIVED)
    assert target.getvalue() == MAIL
    assert everything(root) == before


def test_a_mail_that_staff_read_meanwhile_keeps_its_uid(root: Path) -> None:
    uid = deliver(root)
    with open_mailbox("main", box(root)) as source:
        source.select("INBOX")
        assert source.uids() == {uid}
        (root / "new/1464684120.M1P1.mx").rename(root / "cur/1464684120.M1P1.mx:2,S")
        assert source.fetch(uid, len(MAIL), BytesIO())
        assert source.uids() == {uid}


def test_a_vanished_mail_is_no_fault(root: Path) -> None:
    uid = deliver(root)
    with open_mailbox("main", box(root)) as source:
        source.select("INBOX")
        assert source.uids() == {uid}
        (root / "new/1464684120.M1P1.mx").unlink()
        assert source.listed([uid]) == []
        assert source.fetch(uid, len(MAIL), BytesIO()) is False
        assert source.headers(uid) == b""
        source.done(uid)


@pytest.mark.parametrize("stored", [".申报", ".&dTNipQ-"])
def test_a_chinese_folder_is_found_as_it_is_written_on_disk(root: Path, stored: str) -> None:
    uid = deliver(make(root / stored))
    make(root / ".Junk")
    settings = box(root, folders=("INBOX", "申报"), spam_folders=("Junk", "垃圾邮件"))
    with open_mailbox("main", settings) as source:
        assert source.folders() == ("INBOX", "申报", "Junk")
        source.select("申报")
        assert source.uids() == {uid}


def test_a_missing_folder_or_path_or_keyword_is_refused(root: Path, tmp_path: Path) -> None:
    cases = (
        (box(tmp_path / "nowhere"), "unreachable"),
        (box(root, folders=("申报",)), "folder"),
        (box(root, after="move:nowhere"), "folder"),
        (box(root, after="keyword:done"), "protocol"),
    )
    for settings, kind in cases:
        with pytest.raises(MailboxError) as caught, open_mailbox("main", settings) as source:
            source.select(settings.folders[0])
        assert caught.value.kind == kind


def test_after_move_moves_the_mail(root: Path) -> None:
    uid = deliver(root)
    make(root / ".done")
    with open_mailbox("main", box(root, after="move:done")) as source:
        source.select("INBOX")
        source.done(uid)
        assert source.uids() == frozenset()
        source.select("done")
        assert source.uids() == {uid}
        source.done(uid)
    assert (root / ".done/cur/1464684120.M1P1.mx:2,").read_bytes() == MAIL


def test_a_new_mail_ends_the_wait(root: Path) -> None:
    with open_mailbox("main", box(root)) as source:
        source.select("INBOX")
        assert source.uids() == frozenset()
        assert source.wait(0.01, threading.Event()) is False
        sender = threading.Thread(target=deliver, args=(root,))
        sender.start()
        assert source.wait(60, threading.Event()) is True
        sender.join()


def test_a_stop_ends_the_wait(root: Path) -> None:
    stop = threading.Event()
    stop.set()
    with open_mailbox("main", box(root)) as source:
        source.select("INBOX")
        assert source.wait(3600, stop) is False


def test_dovecots_own_maildir_is_read_alike(dovecot: Dovecot) -> None:
    user = dovecot.new_user()
    dovecot.append(MAIL.replace(b"\n", b"\r\n"), user=user, at=ARRIVED)
    target = BytesIO()
    with open_mailbox("main", box(dovecot.maildir(user))) as source:
        source.select("INBOX")
        [listed] = source.listed(source.uids())
        assert source.fetch(listed.uid, listed.size, target)
    assert listed.received_at == ARRIVED
    assert target.getvalue().replace(b"\r\n", b"\n") == MAIL


@given(
    st.text(st.characters(exclude_characters=":/\0", codec="utf-8"), min_size=1), st.text("DFPRST")
)
def test_a_uid_fits_63_bits_and_does_not_depend_on_flags(name: str, flags: str) -> None:
    assert 0 < uid_of(name) < 1 << 63
    assert uid_of(name) == uid_of(f"{name}:2,{flags}")


@given(st.integers(100_000_000, 4_000_000_000), st.integers(100_000_000, 4_000_000_000))
def test_a_mail_arrived_at_the_earlier_of_its_two_times(named: int, modified: int) -> None:
    earlier = datetime.fromtimestamp(min(named, modified), UTC)
    assert received_at(f"{named}.M1P1.mx", float(modified)) == earlier
    assert received_at("strange-name", float(modified)).timestamp() == modified
