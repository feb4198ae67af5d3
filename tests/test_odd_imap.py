"""IMAP servers that misbehave: whatever they do, no mail is lost and none is taken twice."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from threading import Event, Timer

import pytest
from sqlalchemy import insert

from config.settings import Mailbox
from ingest.receiver import open_recorded, read_mailbox
from ingest.reconciling import reconcile_mailbox, reconcile_nightly
from ingest.source import MailboxError
from parsers.sandbox import Sandbox
from registry import decisions, queries
from registry import models as m
from registry.rows import Fate
from tests.builders import NOW, Intake
from tests.scripted import (
    Folder,
    Reaction,
    ScriptedImap,
    Talk,
    bye,
    drop,
    hang,
    pieces,
    refuse,
)

SHORT = timedelta(milliseconds=200)
"""How long the service waits for a server that is silent for ever."""

BODIES = r"UID FETCH \d+ .*BODY\.PEEK\[\]"


def mail(serial: int, size: int = 40) -> bytes:
    filler = b"x" * size
    return b"From: office@example.com\r\nSubject: dossier %d\r\n\r\n%s\r\n" % (serial, filler)


def body_of(uid: int) -> str:
    return rf"UID FETCH {uid} .*BODY"


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    from config.limits import Limits

    with Sandbox(Limits(), tmp_path_factory.mktemp("work"), size=1) as opened:
        yield opened


@pytest.fixture
def server() -> Iterator[ScriptedImap]:
    """A server with three mails."""
    with ScriptedImap(*(mail(each) for each in (1, 2, 3))) as running:
        yield running


class Reader:
    """A house that reads one mailbox at a scripted server."""

    def __init__(self, intake: Intake, sandbox: Sandbox) -> None:
        self.intake = intake
        self.sandbox = sandbox

    def of(self, server: ScriptedImap, **settings: object) -> Reader:
        box = Mailbox(**server.settings(**settings))
        changed = self.intake.house.settings.model_copy(update={"mailbox": {"main": box}})
        self.intake.house = replace(self.intake.house, settings=changed)
        self.server = server
        return self

    def read(self) -> str:
        """Read the mailbox once; return the kind of trouble there was, or `read`."""
        try:
            with ExitStack() as stack:
                source = open_recorded(self.intake.house, "main", stack)
                read_mailbox(self.intake.house, "main", source, self.sandbox, Event())
        except MailboxError as error:
            return error.kind
        return "read"

    def changed(self) -> tuple[int, ...]:
        """Reconcile the inbox, and return the UIDs that are others now than those on record."""
        with ExitStack() as stack:
            source = open_recorded(self.intake.house, "main", stack)
            (inbox,) = reconcile_mailbox(self.intake.house, "main", source)
        return inbox.changed

    def kept(self, folder: str = "INBOX") -> dict[int, bytes]:
        """Return the originals kept, by the UIDs that the folder has now."""
        found = {}
        for place in self.intake.rows(m.place):
            row = self.intake.mail(place.mail_id)
            if place.folder == folder and row.sha256:
                found[place.uid] = self.intake.house.originals.path(row.sha256).read_bytes()
        return found

    def is_whole(self) -> bool:
        """Whether each mail of the inbox is on record once, byte for byte."""
        mails = self.server.inbox.mails
        return self.kept() == mails and len(self.intake.rows(m.mail)) == len(mails)

    def waiting(self) -> list[tuple[str, str]]:
        """Return fate and reason of each mail."""
        return [(row.fate, row.reason) for row in self.intake.rows(m.mail)]

    def error(self) -> str:
        """Return what is recorded to be wrong with the inbox."""
        with self.intake.registry.read() as connection:
            states = queries.folder_states(connection)
        return next((str(each.error) for each in states if each.name == "INBOX"), "")


@pytest.fixture
def reader(intake: Intake, sandbox: Sandbox) -> Reader:
    return Reader(intake, sandbox)


# ── as NetEase and QQ behave ─────────────────────────────────────────────────────────────


def test_netease_no_folder_before_id_no_idle_no_uidnext_and_uidvalidity_1_is_read_whole(
    reader: Reader, server: ScriptedImap
) -> None:
    server.wants_id = True
    server.capability = "IMAP4rev1 XLIST SPECIAL-USE ID LITERAL+ STARTTLS UIDPLUS X-CM-EXT-1"
    server.inbox.uidvalidity = 1
    server.inbox.mails = {1392611444 + each: mail(each) for each in range(3)}
    reader.of(server)
    assert [reader.read(), reader.read()] == ["read", "read"]
    assert reader.is_whole()
    assert server.asked(BODIES) == 3
    assert server.asked("ID ") == 2


def test_netease_that_wants_id_and_does_not_say_so_is_told_as_trouble_and_loses_nothing(
    reader: Reader, server: ScriptedImap
) -> None:
    server.wants_id = True
    server.capability = "IMAP4rev1"
    assert reader.of(server).read() == "folder"
    assert "Unsafe Login" in reader.error()
    server.capability = "IMAP4rev1 ID"
    assert reader.read() == "read"
    assert reader.is_whole()


def test_no_search_but_that_for_all_is_ever_made_since_those_by_header_find_nothing(
    reader: Reader, server: ScriptedImap
) -> None:
    reader.of(server).read()
    assert {each for each in server.commands if "SEARCH" in each} == {"UID SEARCH ALL"}


@pytest.mark.parametrize("words", ["BAD UID SEARCH invalid argument", "NO [CANNOT] search"])
def test_qq_a_refused_search_is_made_up_for_by_asking_each_mail_for_its_uid(
    reader: Reader, server: ScriptedImap, words: str
) -> None:
    server.inbox.mails = {each * 10: mail(each) for each in range(1, 4)}
    server.on("UID SEARCH", refuse(words))
    assert reader.of(server).read() == "read"
    assert reader.is_whole()


def test_a_search_that_leaves_mails_out_is_made_up_for(
    reader: Reader, server: ScriptedImap
) -> None:
    def two(talk: Talk, tag: str, command: str) -> bool:
        del command
        talk.say("* SEARCH 1 2")
        talk.say(f"{tag} OK done")
        return True

    server.on("UID SEARCH", two)
    assert reader.of(server).read() == "read"
    assert reader.is_whole()


def test_qq_a_uid_that_is_refused_since_it_vanished_is_forgotten_and_the_others_are_read(
    reader: Reader, server: ScriptedImap
) -> None:
    def vanish(talk: Talk, tag: str, command: str) -> bool:
        del command
        server.inbox.mails.pop(2)
        talk.say(f"{tag} NO FETCH UID parameters!")
        return True

    server.on(body_of(2), vanish)
    assert reader.of(server).read() == "protocol"
    assert set(reader.kept()) == {1, 3}
    assert reader.read() == "read"
    assert reader.is_whole()
    assert reader.intake.rows(m.unreadable) == []


def test_a_login_that_is_refused_for_a_while_is_recorded_and_then_all_is_read(
    reader: Reader, server: ScriptedImap
) -> None:
    server.on(
        "LOGIN", refuse("NO Login fail. Account is abnormal, login frequency limited"), times=2
    )
    reader.of(server)
    assert [reader.read(), reader.read()] == ["login", "login"]
    assert "frequency limited" in reader.error()
    assert reader.read() == "read"
    assert reader.error() == ""
    assert reader.is_whole()


# ── a broken network ─────────────────────────────────────────────────────────────────────

HALF = b"* 2 FETCH (UID 2 BODY[]<0> {90}\r\nFrom: office@example.com\r\nSub"


BREAKS: dict[str, Reaction] = {
    "half a literal and the end": pieces(HALF),
    "half a literal and silence": pieces(HALF, then=hang),
    "BYE in the middle": bye("* BYE the server is going down"),
    "silence for ever": hang,
    "no word and the end": drop,
    "a literal longer than it says": pieces(HALF.replace(b"90", b"9")),
    "what no server says": pieces(b"\xff\xfe garbage\r\n"),
}
MOMENTS = ("GREETING", "EXAMINE", "UID SEARCH", "BODY")


@pytest.mark.parametrize("what", BREAKS)
def test_a_connection_that_breaks_so_at_any_moment_loses_no_mail_and_takes_none_twice(
    reader: Reader, server: ScriptedImap, what: str
) -> None:
    for uid, moment in enumerate(MOMENTS, 4):
        server.inbox.mails[uid] = mail(uid)
        server.on(body_of(uid) if moment == "BODY" else moment, BREAKS[what])
        assert reader.of(server, timeout=SHORT).read() != "read"
        assert reader.error()
        server.recover()
        assert reader.of(server).read() == "read"
        assert reader.is_whole()
        assert reader.error() == ""
    assert {fate for fate, _ in reader.waiting()} == {Fate.PENDING}


def test_a_line_in_two_packets_is_one_line(reader: Reader, server: ScriptedImap) -> None:
    def halves(talk: Talk, tag: str, command: str) -> bool:
        del command
        for part in (b"* SEAR", b"CH 1 2", b" 3\r\n", tag.encode(), b" OK done\r\n"):
            talk.send(part)
        return True

    server.on("UID SEARCH", halves)
    assert reader.of(server).read() == "read"
    assert reader.is_whole()


def test_a_line_split_while_idling_is_waited_for_and_wakes_the_reader(
    reader: Reader, server: ScriptedImap
) -> None:
    def idle(talk: Talk, tag: str, command: str) -> bool:
        del command
        talk.send(b"+ idling\r\n* 4 EXI")
        talk.line()  # DONE
        talk.send(b"STS\r\n" + tag.encode() + b" OK done\r\n")
        return True

    server.capability = "IMAP4rev1 IDLE"
    server.on("IDLE", idle)
    with ExitStack() as stack:
        source = open_recorded(reader.of(server).intake.house, "main", stack)
        source.select("INBOX")
        assert source.wait(0.1, Event()) is True


def test_an_idle_that_never_wakes_ends_with_the_poll_and_what_came_is_found(
    reader: Reader, server: ScriptedImap
) -> None:
    server.capability = "IMAP4rev1 IDLE"
    reader.of(server)
    with ExitStack() as stack:
        source = open_recorded(reader.intake.house, "main", stack)
        read_mailbox(reader.intake.house, "main", source, reader.sandbox, Event())
        arrival = Timer(0.02, lambda: server.inbox.mails.update({4: mail(4)}))
        arrival.start()
        assert source.wait(0.1, Event()) is False
        arrival.join()
        read_mailbox(reader.intake.house, "main", source, reader.sandbox, Event())
    assert reader.is_whole()


@pytest.mark.parametrize("reaction", [drop, bye("* BYE"), hang], ids=["drop", "bye", "hang"])
def test_an_idle_that_dies_is_told_at_its_end_and_never_spins(
    reader: Reader, server: ScriptedImap, reaction: Reaction
) -> None:
    server.capability = "IMAP4rev1 IDLE"
    server.on("IDLE", reaction)
    with ExitStack() as stack:
        source = open_recorded(reader.of(server, timeout=SHORT).intake.house, "main", stack)
        source.select("INBOX")
        with pytest.raises(MailboxError) as caught:
            source.wait(0.1, Event())
    assert caught.value.kind in {"unreachable", "protocol"}
    assert server.asked("IDLE") == 1


@pytest.mark.parametrize("told", [0, 1, 50, 99, 101, 10_000])
def test_a_size_told_wrongly_changes_no_byte(
    reader: Reader, server: ScriptedImap, told: int
) -> None:
    server.inbox.mails[2] = mail(2, 100)
    server.inbox.sizes[2] = told
    assert reader.of(server).read() == "read"
    assert reader.is_whole()


def test_a_server_without_partial_fetches_is_read_all_the_same(
    reader: Reader, server: ScriptedImap
) -> None:
    def whole(talk: Talk, tag: str, command: str) -> bool:
        uid = int(command.split()[2])
        content = server.inbox.mails[uid]
        talk.send(b"* 1 FETCH (UID %d BODY[] {%d}\r\n%s)\r\n" % (uid, len(content), content))
        talk.say(f"{tag} OK done")
        return True

    server.on(BODIES, whole)
    assert reader.of(server).read() == "read"
    assert reader.is_whole()


@pytest.mark.parametrize("at", ["UID SEARCH", "UID FETCH 1,2,3", body_of(2)])
def test_a_mail_that_vanishes_while_it_is_read_leaves_no_record_and_is_no_trouble(
    reader: Reader, server: ScriptedImap, at: str
) -> None:
    def vanish(talk: Talk, tag: str, command: str) -> bool:
        if at == "UID SEARCH":  # it is still in the answer
            talk.say("* SEARCH 1 2 3")
            talk.say(f"{tag} OK done")
        server.inbox.mails.pop(2, None)
        return at == "UID SEARCH" and command == "UID SEARCH ALL"

    server.on(at, vanish, times=1)
    assert reader.of(server).read() == "read"
    assert reader.is_whole()
    assert set(reader.kept()) == {1, 3}


def test_after_a_change_of_uidvalidity_no_mail_is_taken_again_and_a_new_one_is(
    reader: Reader, server: ScriptedImap
) -> None:
    reader.of(server).read()
    contents = list(server.inbox.mails.values())
    server.inbox.uidvalidity += 1
    server.inbox.mails = dict(enumerate([mail(9), *reversed(contents)], 101))
    assert reader.read() == "read"
    assert [fate for fate, _ in reader.waiting()] == [Fate.PENDING] * 4
    assert {uid: kept for uid, kept in reader.kept().items() if uid > 100} == server.inbox.mails


def test_a_uidvalidity_that_goes_back_and_forth_adds_nothing(
    reader: Reader, server: ScriptedImap
) -> None:
    reader.of(server)
    for each in (7, 0, 7, 8, 7):
        server.inbox.uidvalidity = each
        assert reader.read() == "read"
    assert len(reader.intake.rows(m.mail)) == 3


def test_of_40_000_old_mails_only_the_two_new_ones_are_asked_for(
    reader: Reader, server: ScriptedImap
) -> None:
    reader.of(server).read()
    known = range(4, 40_000)
    server.inbox.mails |= dict.fromkeys(range(4, 40_002), mail(4))
    columns = {"mailbox": "main", "folder": "INBOX", "uidvalidity": 7, "mail_id": 1}
    columns |= {"size": 1, "received_at": NOW}
    with reader.intake.registry.write() as connection:
        connection.execute(insert(m.place), [{**columns, "uid": uid} for uid in known])
    server.inbox.mails |= {40_000: mail(40_000), 40_001: mail(40_001)}
    server.commands.clear()
    assert reader.read() == "read"
    asked = [each for each in server.commands if "FETCH" in each]
    assert len(asked) == 3
    assert asked[0].startswith("UID FETCH 40000,40001 (")
    assert len(reader.intake.rows(m.mail)) == 5


def test_a_folder_that_disappears_keeps_no_other_from_being_read_and_is_read_when_it_is_back(
    reader: Reader, server: ScriptedImap
) -> None:
    server.folders = {"Batch": Folder(mails={1: mail(8)}), **server.folders}
    reader.of(server, folders=("Batch", "INBOX")).read()
    gone = server.folders.pop("Batch")
    server.inbox.mails[4] = mail(4)
    assert reader.read() == "folder"
    assert 4 in reader.kept()
    server.folders["Batch"] = gone
    gone.mails[2] = mail(9)
    assert reader.read() == "read"
    assert reader.kept("Batch") == gone.mails
    assert len(reader.intake.rows(m.mail)) == 6


def test_a_folder_that_disappears_while_it_is_read_is_read_on_when_it_is_back(
    reader: Reader, server: ScriptedImap
) -> None:
    server.on(body_of(2), refuse("NO no folder is open"), times=1)
    server.on(body_of(3), refuse("NO no folder is open"), times=1)
    assert reader.of(server).read() == "protocol"
    assert reader.read() == "read"
    assert reader.is_whole()


def test_a_spam_folder_that_disappears_is_no_trouble(reader: Reader, server: ScriptedImap) -> None:
    server.folders["Junk"] = Folder(mails={1: mail(5)})
    assert reader.of(server, spam_folders=("Junk", "Spam")).read() == "read"
    del server.folders["Junk"]
    assert reader.read() == "read"
    assert len(reader.intake.rows(m.mail)) == 4


# ── a mail that the server never hands out ───────────────────────────────────────────────

REFUSALS: dict[str, Reaction] = {
    "refused": refuse("NO [SERVERBUG] internal error"),
    "cut": pieces(HALF),
    "silent": pieces(HALF, then=hang),
}


@pytest.mark.parametrize("how", REFUSALS)
def test_a_mail_that_is_never_handed_out_is_set_aside_after_three_passes_and_others_are_read(
    reader: Reader, server: ScriptedImap, how: str
) -> None:
    refused = BODIES.replace(r"\d+", "2")
    server.on(refused, REFUSALS[how])
    reader.of(server, timeout=SHORT if how == "silent" else timedelta(seconds=10))
    while server.asked(refused) < 3:
        server.inbox.mails[max(server.inbox.mails) + 1] = mail(max(server.inbox.mails) + 1)
        assert reader.read() != "read" or server.asked(refused) == 3
    reader.of(server)
    aside = [row for row in reader.intake.rows(m.mail) if row.fate == Fate.QUARANTINED]
    assert [each.subject for each in aside] == ["dossier 2"]
    assert "未能交出" in aside[0].reason
    assert aside[0].sha256 is None
    assert set(reader.kept()) == server.inbox.mails.keys() - {2}
    tried = server.asked(BODIES)
    assert [reader.read(), reader.read()] == ["read", "read"]
    assert reader.error() == ""
    assert server.asked(BODIES) == tried


def aside(reader: Reader, server: ScriptedImap) -> int:
    """Let a mail be set aside that the server does not hand out, and return its id."""
    server.on(BODIES.replace(r"\d+", "2"), REFUSALS["refused"])
    reader.of(server)
    for _ in range(3):
        reader.read()
    (row,) = (each for each in reader.intake.rows(m.mail) if each.fate == Fate.QUARANTINED)
    return int(row.id)


def retry(reader: Reader, found: int) -> None:
    with reader.intake.registry.write() as connection:
        decisions.retry(connection, found, who="staff", now=reader.intake.now)


def test_a_mail_set_aside_is_read_at_once_on_retry_when_the_server_can_hand_it_out(
    reader: Reader, server: ScriptedImap
) -> None:
    found = aside(reader, server)
    retry(reader, found)
    server.recover()
    assert reader.read() == "read"
    row = reader.intake.mail(found)
    assert (row.fate, row.reason) == (Fate.PENDING, "")
    assert row.sha256 == hashlib.sha256(server.inbox.mails[2]).hexdigest()
    assert reader.is_whole()
    assert reader.intake.rows(m.unreadable) == []


def test_a_mail_set_aside_that_fails_again_on_retry_stays_and_the_person_is_told(
    reader: Reader, server: ScriptedImap
) -> None:
    found = aside(reader, server)
    retry(reader, found)
    assert "等待" in reader.intake.mail(found).reason
    assert reader.read() == "read"
    assert "未能交出" in reader.intake.mail(found).reason
    tried = server.asked(BODIES)
    reader.read()
    assert server.asked(BODIES) == tried


def test_a_mail_set_aside_that_vanished_is_said_to_be_gone_on_retry(
    reader: Reader, server: ScriptedImap
) -> None:
    found = aside(reader, server)
    retry(reader, found)
    del server.inbox.mails[2]
    assert reader.read() == "read"
    assert "不在邮箱" in reader.intake.mail(found).reason


def test_a_server_that_failed_every_mail_for_a_while_is_asked_again_by_itself_later(
    reader: Reader, server: ScriptedImap
) -> None:
    server.on(BODIES, refuse("NO [UNAVAILABLE] try later"))
    reader.of(server)
    for _ in range(3):
        assert reader.read() in {"protocol", "read"}
    assert [fate for fate, _ in reader.waiting()] == [Fate.QUARANTINED] * 3
    server.recover()
    reader.read()
    assert reader.kept() == {}
    reader.intake.now += timedelta(hours=6)
    assert reader.read() == "read"
    assert reader.is_whole()
    assert [fate for fate, _ in reader.waiting()] == [Fate.PENDING] * 3


@pytest.mark.parametrize("how", ["refused", "cut"])
def test_a_mail_of_which_even_the_size_is_not_told_is_set_aside_and_the_others_are_read(
    reader: Reader, server: ScriptedImap, how: str
) -> None:
    def poison(talk: Talk, tag: str, command: str) -> bool:
        wanted = re.search(r"FETCH ([\d,]+) ", command)
        if wanted is None or "2" not in wanted[1].split(","):
            return False
        return REFUSALS[how](talk, tag, command)

    server.on("UID FETCH", poison)
    reader.of(server)
    for _ in range(4):
        reader.read()
    assert set(reader.kept()) == {1, 3}
    assert sorted(fate for fate, _ in reader.waiting()) == ["pending", "pending", "quarantined"]
    assert reader.read() == "read"


def test_a_mail_that_is_passed_over_without_a_word_is_set_aside(
    reader: Reader, server: ScriptedImap
) -> None:
    def pass_over(talk: Talk, tag: str, command: str) -> bool:
        if "SIZE" not in command:
            return False
        for uid in {1, 3} & {int(each) for each in command.split()[2].split(",")}:
            talk.say(
                f'* {uid} FETCH (UID {uid} RFC822.SIZE 90 INTERNALDATE "01-Jun-2016 09:00:00 +0800")'
            )
        talk.say(f"{tag} OK done")
        return True

    server.on("UID FETCH", pass_over)
    reader.of(server)
    for _ in range(3):
        reader.read()
    assert set(reader.kept()) == {1, 3}
    assert (Fate.QUARANTINED in {fate for fate, _ in reader.waiting()}) is True
    assert reader.read() == "read"


def test_several_lost_connections_while_listing_set_no_mail_aside(
    reader: Reader, server: ScriptedImap
) -> None:
    server.on("UID FETCH 1,2,3", drop)
    server.on("UID FETCH 1 ", drop, times=1)
    reader.of(server)
    for _ in range(3):
        reader.read()
    assert reader.is_whole()
    assert [fate for fate, _ in reader.waiting()] == [Fate.PENDING] * 3


def test_what_after_asks_for_is_not_done_with_a_mail_whose_original_lies_there_alone(
    reader: Reader, server: ScriptedImap
) -> None:
    found = aside(reader, server)
    server.on("SELECT", _examine)
    server.on("UID STORE", refuse("OK stored"))
    reader.of(server, after="keyword:intake-done")
    assert reader.read() == "read"
    marked = [each.split()[2] for each in server.commands if each.startswith("UID STORE")]
    assert marked == ["1", "3"]
    assert reader.intake.mail(found).sha256 is None


def _examine(talk: Talk, tag: str, command: str) -> bool:
    talk.answer(tag, command.replace("SELECT", "EXAMINE"))  # type: ignore[attr-defined] # of IMAP
    return True


def test_raised_limits_let_a_mail_over_the_limit_be_read_on_retry(
    reader: Reader, server: ScriptedImap
) -> None:
    server.inbox.mails[2] = mail(2, 5000)
    reader.of(server)
    roomy = reader.intake.house.settings
    tight = roomy.model_copy(
        update={"limits": roomy.limits.model_copy(update={"message_bytes": 1000})}
    )
    reader.intake.house = replace(reader.intake.house, settings=tight)
    assert reader.read() == "read"
    (large,) = (each for each in reader.intake.rows(m.mail) if each.sha256 is None)
    assert "上限" in large.reason
    retry(reader, large.id)
    reader.read()
    assert "上限" in reader.intake.mail(large.id).reason
    retry(reader, large.id)
    reader.intake.house = replace(reader.intake.house, settings=roomy)
    assert reader.read() == "read"
    assert reader.is_whole()
    assert reader.intake.mail(large.id).fate is Fate.PENDING


# ── UIDs given away ──────────────────────────────────────────────────────────────────────


def test_a_uid_that_a_server_gives_to_another_mail_is_found_by_reconciling_and_read(
    reader: Reader, server: ScriptedImap
) -> None:
    assert reader.of(server).read() == "read"
    server.inbox.mails[2] = mail(4, size=50)
    assert reader.read() == "read"
    assert len(reader.intake.rows(m.mail)) == 3  # a poll looks for new UIDs alone
    assert reader.changed() == (2,)
    assert reader.read() == "read"
    assert reader.kept() == server.inbox.mails
    assert [fate for fate, _ in reader.waiting()] == [Fate.PENDING] * 4  # the former one stays
    assert reader.changed() == ()


def test_a_known_mail_of_which_a_server_tells_another_size_later_is_not_taken_twice(
    reader: Reader, server: ScriptedImap
) -> None:
    assert reader.of(server).read() == "read"
    server.inbox.sizes[2] = 7
    assert reader.changed() == (2,)
    assert reader.read() == "read"
    assert reader.is_whole()
    assert reader.changed() == ()


def test_a_changed_uid_that_is_gone_before_it_is_read_again_takes_nothing_from_its_former_mail(
    reader: Reader, server: ScriptedImap
) -> None:
    assert reader.of(server).read() == "read"
    server.inbox.sizes[2] = 7
    assert reader.changed() == (2,)
    del server.inbox.mails[2]
    assert reader.read() == "read"
    assert reader.waiting() == [(Fate.PENDING, "")] * 3


def test_a_mailbox_is_reconciled_each_night_and_read_again_where_that_found_something(
    reader: Reader, server: ScriptedImap
) -> None:
    reader.of(server).read()

    def reconciles() -> bool:
        with ExitStack() as stack:
            source = open_recorded(reader.intake.house, "main", stack)
            return reconcile_nightly(reader.intake.house, "main", source)

    assert not reconciles()
    server.inbox.mails[3] = mail(5, size=50)
    assert not reconciles()  # once a day
    reader.intake.now += timedelta(days=1)
    assert reconciles()
    assert [each.detail for each in reader.intake.events("reconciled")] == [
        "main：服务器上3封，未登记0封，与登记不符0封",
        "main：服务器上3封，未登记0封，与登记不符1封",
    ]


# ── what is told ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "answer",
    [
        b"* 1 FETCH (UID 1 BODY[]<0> {9}\r\nSubject: ZHANG\r\nZHANG SAN))\r\n",
        b"* 1 FETCH (UID 1 BODY[]<0> {9}\r\nZHANG SAN ZHANG (SAN\r\n",
        b"ZHANG SAN\r\n",
    ],
)
def test_an_answer_that_is_none_is_told_without_a_word_of_the_mail_in_it(
    reader: Reader, server: ScriptedImap, answer: bytes
) -> None:
    def react(talk: Talk, tag: str, command: str) -> bool:
        del command
        talk.send(answer)
        talk.say(f"{tag} OK")
        return True

    server.on(body_of(1), react)
    assert reader.of(server).read() in {"protocol", "unreachable"}
    assert "could not read mails" in reader.error() or "would not read mails" in reader.error()
    assert "ZHANG" not in reader.error()


def test_a_mailbox_whose_folders_cannot_be_listed_is_told_as_trouble(
    reader: Reader, server: ScriptedImap
) -> None:
    server.on("LIST", refuse("NO try later"))
    assert reader.of(server, spam_folders=("Junk",)).read() == "protocol"
    assert "try later" in reader.error()
