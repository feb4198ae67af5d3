"""The mailbox stays as staff left it, and every mail in it can be accounted for."""

from __future__ import annotations

from threading import Event
from typing import Any

from imapclient import IMAPClient

from config.settings import Mailbox
from ingest.mailboxes import open_mailbox
from tests.acceptance.applicants import WITHOUT_AGREEMENT, alliance, dossier, mail
from tests.acceptance.installation import Installation
from tests.servers import Dovecot, MailCatcher


def everything(house: Installation) -> dict[str, Any]:
    """What a mail program can see: folders, their state, every mail's UID and flags.

    HIGHESTMODSEQ rises with any change at all (RFC 7162).
    """
    wanted = ["MESSAGES", "UIDNEXT", "UIDVALIDITY", "UNSEEN", "RECENT", "HIGHESTMODSEQ"]
    with house.dovecot.client(house.user) as client:
        leave_folder(client)
        folders = [name for _, _, name in client.list_folders()]
        state = {name: client.folder_status(name, wanted) for name in folders}
    flags = {name: house.dovecot.flags(house.user, name) for name in folders}
    return {"state": state, "flags": flags}


def leave_folder(client: IMAPClient) -> None:
    """Have no folder open; only an open one can be left."""
    client.select_folder("INBOX", readonly=True)
    client.unselect_folder()


def test_flags_uids_and_folders_are_the_same_before_and_after(
    house: Installation, catcher: MailCatcher
) -> None:
    house.configure(mailbox__main={"folders": ["INBOX", "2016年申报"], "spam_folders": ["垃圾"]})
    first = house.deliver(dossier(0))
    second = house.deliver(dossier(1, WITHOUT_AGREEMENT))
    house.deliver(mail(2, subject="咨询", text="请问联盟如何申报？"))
    house.deliver(dossier(3), folder="2016年申报")
    house.deliver(mail(4, subject="咨询"), folder="垃圾")
    house.deliver(mail(5, subject="私人"), folder="其他")
    with house.dovecot.client(house.user) as client:
        client.select_folder("INBOX")
        client.add_flags([first], [rb"\Seen", rb"\Flagged"])
        client.add_flags([second], [b"$label1"])
    before = everything(house)
    house.once()
    house.once()
    assert house.intake("reconcile").code == 0
    assert house.intake("doctor").code == 0
    with house.serve() as running:
        house.deliver(mail(0, subject="谢谢", text="谢谢"), folder="其他")
        running.wait_for_line("intake is running")
    changed = everything(house)
    assert changed["state"].pop("其他") != before["state"].pop("其他")
    assert changed["flags"].pop("其他") != before["flags"].pop("其他")
    assert changed == before
    assert len(house.mails()) == 5
    assert len(catcher.caught) >= 3


def test_reconcile_proves_that_every_mail_has_a_fate(house: Installation) -> None:
    for seed in (0, 1):
        house.deliver(mail(seed, subject="咨询"))
    house.once()
    assert house.look("reconcile") == [
        {"mailbox": "main", "folder": "INBOX", "on_server": 2, "known": 2, "missing_uids": []}
    ]


def test_reconcile_lists_a_mail_that_was_not_read_yet(house: Installation) -> None:
    house.deliver(mail(0, subject="咨询"))
    house.once()
    uid = house.deliver(mail(1, subject="咨询"))
    told = house.intake("reconcile", "--json")
    assert told.code == 1
    assert told.records == [
        {"mailbox": "main", "folder": "INBOX", "on_server": 2, "known": 1, "missing_uids": [uid]}
    ]
    shown = house.intake("reconcile")
    assert (shown.code, str(uid) in shown.out) == (1, True)
    house.once()
    assert house.intake("reconcile").code == 0


def test_a_mail_that_staff_delete_stays_on_record(house: Installation) -> None:
    uid = house.deliver(dossier(0))
    house.once()
    house.dovecot.remove(uid, user=house.user)
    assert house.once()["mails"] == {}
    assert house.intake("reconcile").code == 0
    [seen] = house.mails()
    assert (seen["uid"], seen["fate"]) == (uid, "filed")


def test_a_mail_that_staff_have_read_already_is_taken_in_like_any_other(
    house: Installation,
) -> None:
    uid = house.deliver(dossier(0))
    with house.dovecot.client(house.user) as client:
        client.select_folder("INBOX")
        client.add_flags([uid], [rb"\Seen", rb"\Answered"])
    house.once()
    assert house.fates() == ["filed"]


def test_a_folder_made_anew_is_recognised_by_its_bytes_and_nothing_is_answered_again(
    house: Installation, catcher: MailCatcher
) -> None:
    """A restored mailbox has another UIDVALIDITY and other UIDs."""
    house.configure(mailbox__main={"folders": ["Intake"]})
    mails = [dossier(0), dossier(1, WITHOUT_AGREEMENT)]
    for each in mails:
        house.deliver(each, folder="Intake")
    house.once()
    before = house.rows()
    with house.dovecot.client(house.user) as client:
        leave_folder(client)
        client.delete_folder("Intake")
    for each in reversed(mails):
        house.deliver(each, folder="Intake")
    assert house.once() == {"mails": {}, "dossiers": {}, "letters": {}, "problems": []}
    after = house.rows()
    assert (after["mail"], after["letter"]) == (before["mail"], before["letter"])
    assert after["place"] == before["place"] + 2
    assert len(catcher.caught) == 2
    assert house.intake("reconcile").code == 0


def test_only_when_told_so_a_keyword_marks_what_was_received(house: Installation) -> None:
    house.configure(mailbox__main={"after": "keyword:intake"})
    uid = house.deliver(dossier(0))
    house.once()
    assert house.dovecot.flags(house.user) == {uid: frozenset({b"intake"})}


def test_only_when_told_so_a_mail_is_moved_once_it_was_received(
    house: Installation, catcher: MailCatcher
) -> None:
    house.configure(mailbox__main={"after": "move:已登记"})
    house.deliver(mail(1, subject="占位"), folder="已登记")
    house.deliver(dossier(0))
    house.once()
    house.once()
    assert house.dovecot.flags(house.user) == {}
    assert len(house.dovecot.flags(house.user, "已登记")) == 2
    assert [each.recipients for each in catcher.caught] == [(alliance(0).email,)]
    assert house.intake("reconcile").code == 0


def test_mail_that_comes_while_another_folder_is_read_is_not_overlooked(
    house: Installation, dovecot: Dovecot
) -> None:
    """Waiting begins with a look at how many mails there are: none is told of twice."""
    house.deliver(mail(0, subject="咨询"), folder="其他")
    house.configure(mailbox__main={"folders": ["INBOX", "其他"]})
    settings = Mailbox.model_validate(house.sections["mailbox.main"])
    with open_mailbox("main", settings) as source:
        for folder in source.folders():
            source.select(folder)
            source.uids()
        dovecot.append(mail(1, subject="咨询"), user=house.user)
        assert source.wait(60, Event())
