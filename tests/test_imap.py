"""The IMAP mailbox, against Debian's Dovecot."""

from __future__ import annotations

import socket
import threading
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from io import BytesIO
from pathlib import Path

import pytest

from config.settings import Mailbox
from ingest.imap import CHUNK
from ingest.mailboxes import open_mailbox
from ingest.source import Listed, MailboxError
from tests.servers import LOOPBACK, Dovecot, NetEase

MAIL = b"From: office@example.com\r\nSubject: dossier\r\n\r\nEnclosed.\r\n"


@pytest.fixture
def user(dovecot: Dovecot) -> str:
    return dovecot.new_user()


@pytest.fixture(scope="module")
def poor() -> Iterator[Dovecot]:
    """A server that offers as little as NetEase's: UIDPLUS and ID, no IDLE, no MOVE."""
    with Dovecot(capability="IMAP4rev1 ID UIDPLUS") as server:
        yield server


def box(dovecot: Dovecot, user: str, *, security: str = "none", **more: object) -> Mailbox:
    return Mailbox(**(dovecot.settings(user, security=security) | more))


def fetched(dovecot: Dovecot, user: str, uid: int, size: int) -> bytes:
    target = BytesIO()
    with open_mailbox("main", box(dovecot, user)) as source:
        source.select("INBOX")
        assert source.fetch(uid, size, target)
    return target.getvalue()


def refusal(settings: Mailbox) -> MailboxError:
    with pytest.raises(MailboxError) as caught, open_mailbox("main", settings) as source:
        source.select(settings.folders[0])
    assert caught.value.mailbox == "main"
    return caught.value


def test_reading_a_mail_leaves_flags_and_uids_as_they_were(dovecot: Dovecot, user: str) -> None:
    uid = dovecot.append(MAIL, user=user)
    before = dovecot.flags(user)
    assert fetched(dovecot, user, uid, len(MAIL)) == MAIL
    assert dovecot.flags(user) == before == {uid: frozenset()}
    assert [each.parent.name for each in dovecot.maildir(user).glob("*/*.*,S=*")] != []


def test_sizes_and_dates_come_before_bodies(dovecot: Dovecot, user: str) -> None:
    at = datetime(2016, 5, 31, 16, 42, 7, tzinfo=timezone(timedelta(hours=8)))
    uids = [dovecot.append(MAIL, user=user, at=at) for _ in range(2)]
    with open_mailbox("main", box(dovecot, user)) as source:
        assert source.select("INBOX") > 0
        assert source.uids() == set(uids)
        listed = source.listed([*reversed(uids), 4711])
    assert listed == [Listed(uid=uid, size=len(MAIL), received_at=at) for uid in uids]
    assert listed[0].received_at.tzinfo is UTC


def test_more_mails_than_one_batch_are_all_listed(dovecot: Dovecot, user: str) -> None:
    with dovecot.client(user) as client:
        client.multiappend("INBOX", [MAIL] * 450)
    with open_mailbox("main", box(dovecot, user)) as source:
        source.select("INBOX")
        assert [each.uid for each in source.listed(source.uids())] == list(range(1, 451))


def test_headers_alone_can_be_read(dovecot: Dovecot, user: str) -> None:
    uid = dovecot.append(MAIL, user=user)
    with open_mailbox("main", box(dovecot, user)) as source:
        source.select("INBOX")
        assert source.headers(uid) == MAIL.partition(b"Enclosed")[0]
        assert source.headers(uid + 1) == b""


@pytest.mark.parametrize("extra", [-1, 0, 1])
def test_a_mail_around_a_whole_number_of_pieces_comes_whole(
    dovecot: Dovecot, user: str, extra: int
) -> None:
    mail = MAIL + b"x" * (2 * CHUNK - len(MAIL) + extra - 2) + b"\r\n"
    uid = dovecot.append(mail, user=user)
    assert fetched(dovecot, user, uid, len(mail)) == mail


@pytest.mark.parametrize("told", [1.0, 0.6, 1.9])
def test_a_wrong_size_loses_nothing(dovecot: Dovecot, user: str, told: float) -> None:
    mail = MAIL + b"line\r\n" * (CHUNK // 4)
    uid = dovecot.append(mail, user=user)
    assert fetched(dovecot, user, uid, int(len(mail) * told)) == mail


def test_a_mail_without_end_is_refused(dovecot: Dovecot, user: str) -> None:
    uid = dovecot.append(MAIL + b"line\r\n" * (CHUNK // 2), user=user)
    with open_mailbox("main", box(dovecot, user)) as source:
        source.select("INBOX")
        with pytest.raises(MailboxError, match="twice its size") as caught:
            source.fetch(uid, 10, BytesIO())
    assert caught.value.kind == "protocol"


def test_a_mail_of_20_megabytes_is_streamed(dovecot: Dovecot, user: str, tmp_path: Path) -> None:
    mail = MAIL + b"0123456789abcde\r\n" * (20_000_000 // 17)
    uid = dovecot.append(mail, user=user)
    with (
        open_mailbox("main", box(dovecot, user)) as source,
        (tmp_path / "mail").open("wb") as target,
    ):
        source.select("INBOX")
        tracemalloc.start()
        try:
            assert source.fetch(uid, len(mail), target)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert (tmp_path / "mail").read_bytes() == mail
    assert peak < 5 * CHUNK


def test_a_vanished_mail_is_no_fault(dovecot: Dovecot, user: str) -> None:
    uid = dovecot.append(MAIL, user=user)
    with open_mailbox("main", box(dovecot, user)) as source:
        source.select("INBOX")
        assert source.uids() == {uid}
        dovecot.remove(uid, user=user)
        assert source.fetch(uid, len(MAIL), BytesIO()) is False
        assert source.headers(uid) == b""
        assert source.listed([uid]) == []


def test_tls_and_starttls_verify_the_certificate(
    dovecot: Dovecot, user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for security in ("tls", "starttls"):
        error = refusal(box(dovecot, user, security=security))
        assert error.kind == "unreachable"
        assert "SSL_CERT_FILE" in str(error)
    monkeypatch.setenv("SSL_CERT_FILE", str(dovecot.authority))
    dovecot.append(MAIL, user=user)
    for security in ("tls", "starttls"):
        with open_mailbox("main", box(dovecot, user, security=security)) as source:
            source.select("INBOX")
            assert len(source.uids()) == 1


def test_a_wrong_password_tells_of_authorisation_codes_and_not_the_password(
    dovecot: Dovecot, user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WRONG", "hunter-two")
    settings = box(dovecot, user, password_file=None, password_env="WRONG")
    error = refusal(settings)
    assert error.kind == "login"
    assert "授权码" in str(error)
    assert "hunter-two" not in str(error)


def test_a_password_that_imap_cannot_carry_is_not_shown(
    dovecot: Dovecot, user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WRONG", "密码hunter")
    error = refusal(box(dovecot, user, password_file=None, password_env="WRONG"))
    assert error.kind == "login"
    assert error.__cause__ is None
    assert "hunter" not in str(error)


def test_a_missing_password_variable_is_named(dovecot: Dovecot, user: str) -> None:
    error = refusal(box(dovecot, user, password_file=None, password_env="NOT_SET_ANYWHERE"))
    assert error.kind == "login"
    assert "NOT_SET_ANYWHERE" in str(error)


def test_a_port_where_nobody_listens_is_unreachable(dovecot: Dovecot, user: str) -> None:
    with socket.create_server((LOOPBACK, 0)) as closed:
        port = closed.getsockname()[1]
    error = refusal(box(dovecot, user, port=port))
    assert error.kind == "unreachable"
    assert f"{LOOPBACK}:{port}" in str(error)


def test_tls_towards_a_plain_port_is_unreachable(dovecot: Dovecot, user: str) -> None:
    error = refusal(box(dovecot, user, security="tls", port=dovecot.port))
    assert error.kind == "unreachable"


def test_a_missing_folder_is_named_with_those_there_are(dovecot: Dovecot, user: str) -> None:
    dovecot.append(MAIL, user=user, folder="材料")
    error = refusal(box(dovecot, user, folders=("申报",)))
    assert error.kind == "folder"
    assert "申报" in str(error)
    assert "材料" in str(error)


def test_a_missing_folder_leaves_the_others_readable(dovecot: Dovecot, user: str) -> None:
    uid = dovecot.append(MAIL, user=user)
    with open_mailbox("main", box(dovecot, user)) as source:
        with pytest.raises(MailboxError):
            source.select("nowhere")
        source.select("INBOX")
        assert source.uids() == {uid}


def test_folders_with_chinese_names_and_spam_folders_that_exist_are_read(
    dovecot: Dovecot, user: str
) -> None:
    uid = dovecot.append(MAIL, user=user, folder="申报/2016年 第一批")
    dovecot.append(MAIL, user=user, folder="垃圾邮件")
    folders = ("INBOX", "申报/2016年 第一批")
    settings = box(dovecot, user, folders=folders, spam_folders=("垃圾邮件", "Junk"))
    with open_mailbox("main", settings) as source:
        assert source.folders() == (*folders, "垃圾邮件")
        source.select(folders[1])
        assert source.uids() == {uid}


def test_a_new_mail_ends_the_wait(dovecot: Dovecot, user: str) -> None:
    with open_mailbox("main", box(dovecot, user)) as source:
        source.select("INBOX")
        sender = threading.Thread(target=dovecot.append, args=(MAIL,), kwargs={"user": user})
        sender.start()
        while not source.uids():
            assert source.wait(60, threading.Event())
        sender.join()
        assert len(source.uids()) == 1


def test_a_quiet_wait_ends_in_time_and_the_connection_lives_on(dovecot: Dovecot, user: str) -> None:
    dovecot.append(MAIL, user=user)
    with open_mailbox("main", box(dovecot, user)) as source:
        source.select("INBOX")
        assert source.wait(0.05, threading.Event()) is False
        assert len(source.uids()) == 1


@pytest.mark.parametrize("server", ["dovecot", "poor"])
def test_a_stop_ends_the_wait(request: pytest.FixtureRequest, server: str) -> None:
    dovecot: Dovecot = request.getfixturevalue(server)
    stop = threading.Event()
    with open_mailbox("main", box(dovecot, dovecot.new_user())) as source:
        source.select("INBOX")
        timer = threading.Timer(0.1, stop.set)
        timer.start()
        assert source.wait(3600, stop) is False
        timer.join()


def test_a_server_without_idle_is_waited_for_plainly(poor: Dovecot) -> None:
    with open_mailbox("main", box(poor, poor.new_user())) as source:
        source.select("INBOX")
        assert source.wait(0.01, threading.Event()) is False


def test_after_keyword_marks_the_mail_and_nothing_else(dovecot: Dovecot, user: str) -> None:
    first, second = (dovecot.append(MAIL, user=user) for _ in range(2))
    with open_mailbox("main", box(dovecot, user, after="keyword:intake-done")) as source:
        source.select("INBOX")
        assert source.fetch(first, len(MAIL), BytesIO())
        source.done(first)
        source.done(4711)
    assert dovecot.flags(user) == {first: frozenset({b"intake-done"}), second: frozenset()}


@pytest.mark.parametrize("server", ["dovecot", "poor"])
def test_after_move_moves_just_that_mail(request: pytest.FixtureRequest, server: str) -> None:
    dovecot: Dovecot = request.getfixturevalue(server)
    user = dovecot.new_user()
    moved, deleted_by_staff = (dovecot.append(MAIL, user=user) for _ in range(2))
    with dovecot.client(user) as client:
        client.create_folder("已登记")
        client.select_folder("INBOX")
        client.delete_messages([deleted_by_staff], silent=True)
    with open_mailbox("main", box(dovecot, user, after="move:已登记")) as source:
        source.select("INBOX")
        source.done(moved)
        assert source.uids() == {deleted_by_staff}
    assert list(dovecot.flags(user, "已登记").values()) == [frozenset()]


def test_nothing_is_moved_where_that_could_delete_other_mail(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with Dovecot(capability="IMAP4rev1") as dovecot:
        user = dovecot.new_user()
        uid = dovecot.append(MAIL, user=user)
        with dovecot.client(user) as client:
            client.create_folder("done")
        with open_mailbox("main", box(dovecot, user, after="move:done")) as source:
            source.select("INBOX")
            source.done(uid)
            source.done(uid)
        assert dovecot.flags(user) == {uid: frozenset()}
        assert dovecot.flags(user, "done") == {}
    assert caplog.text.count("neither MOVE nor UIDPLUS") == 1


def test_a_folder_to_move_to_must_exist_and_a_keyword_be_one(dovecot: Dovecot, user: str) -> None:
    assert refusal(box(dovecot, user, after="move:nowhere")).kind == "folder"
    assert refusal(box(dovecot, user, after="keyword:two words")).kind == "protocol"


def test_a_connection_that_breaks_is_unreachable_at_once() -> None:
    with Dovecot() as dovecot:
        user = dovecot.new_user()
        dovecot.append(MAIL, user=user)
        with open_mailbox("main", box(dovecot, user)) as source:
            source.select("INBOX")
            dovecot.stop()
            for use in (source.uids, lambda: source.wait(60, threading.Event())):
                with pytest.raises(MailboxError) as caught:
                    use()
                assert caught.value.kind == "unreachable"


def test_netease_is_told_who_we_are_before_a_folder_is_opened() -> None:
    with NetEase(uids=[1392611444, 7]) as server:
        settings = Mailbox.model_validate({**server.settings(), "spam_folders": ["垃圾邮件"]})
        with open_mailbox("main", settings) as source:
            assert source.folders() == ("INBOX", "垃圾邮件")
            assert source.select("INBOX") == 1
            assert source.uids() == {7, 1392611444}
            assert source.wait(0.01, threading.Event()) is False


def test_a_folder_of_200_000_mails_is_listed_in_one_answer() -> None:
    uids = range(1_392_611_444, 1_392_811_444)
    with NetEase(uids) as server, open_mailbox("main", Mailbox(**server.settings())) as source:
        source.select("INBOX")
        assert source.uids() == set(uids)
