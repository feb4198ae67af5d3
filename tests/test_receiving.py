"""A mail is received: every place once, every content once, nothing left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from registry import models as m
from registry import queries, receiving
from registry.database import Registry, open_registry
from registry.rows import Fate
from tests.builders import NOW, SENDER, Intake, dossier, received, understood


def take(registry: Registry, *mails: receiving.Received) -> list[int]:
    with registry.write() as connection:
        return [receiving.receive(connection, each, NOW) for each in mails]


def fates(registry: Registry) -> list[str]:
    with registry.read() as connection:
        return list(connection.execute(select(m.mail.c.fate).order_by(m.mail.c.id)).scalars())


def test_a_new_mail_is_pending_with_its_place_and_an_event(intake: Intake) -> None:
    (mail,) = take(intake.registry, received(7))
    row = intake.mail(mail)
    assert (row.fate, row.mailbox, row.folder, row.uid) == (Fate.PENDING, "main", "INBOX", 7)
    assert row.received_at == NOW
    assert [each.what for each in intake.rows(m.event)] == ["received"]


def test_the_same_place_again_changes_nothing_even_with_other_bytes(intake: Intake) -> None:
    first = take(intake.registry, received(7))
    before = intake.rows(m.mail), intake.rows(m.place), intake.rows(m.event)
    assert take(intake.registry, received(7), received(7, content="other")) == first * 2
    assert (intake.rows(m.mail), intake.rows(m.place), intake.rows(m.event)) == before


@pytest.mark.parametrize("where", [{"folder": "垃圾邮件"}, {"mailbox": "second"}, {"uid": 8}])
def test_the_same_bytes_elsewhere_are_a_duplicate_that_names_the_first(
    intake: Intake, where: dict[str, str]
) -> None:
    first, second = take(
        intake.registry,
        received(7, content="same"),
        received(**({"uid": 7, "content": "same"} | where)),  # type: ignore[arg-type] # by name
    )
    row = intake.mail(second)
    assert (row.fate, row.duplicate_of) == (Fate.DUPLICATE, first)
    assert str(first) in row.reason


def test_a_duplicate_of_a_pending_mail_learns_sender_and_subject_with_it(intake: Intake) -> None:
    intake.post(dossier(), place={"sha256": "a" * 64}, subject="报送")
    later = intake.receive(sha256="a" * 64)
    assert (intake.mail(later).sender, intake.mail(later).subject) == (SENDER, "报送")
    pending = intake.receive(sha256="b" * 64)
    copy = intake.receive(sha256="b" * 64)
    intake.file(pending, understood(subject="补充"))
    assert (intake.mail(copy).sender, intake.mail(copy).subject) == (SENDER, "补充")


def test_the_same_bytes_again_get_no_letter(intake: Intake) -> None:
    intake.post(dossier(), place={"sha256": "a" * 64})
    copy = intake.receive(sha256="a" * 64)
    intake.answer()
    assert intake.mail(copy).letters == ()
    assert len(intake.letters()) == 1


def test_after_a_change_of_uidvalidity_known_mails_take_their_new_places(intake: Intake) -> None:
    first = take(intake.registry, *(received(each) for each in (1, 2, 3)))
    moved = take(
        intake.registry,
        received(1, uidvalidity=2, content="mail 3"),
        received(2, uidvalidity=2, content="mail 1"),
        received(3, uidvalidity=2, content="mail 2"),
        received(4, uidvalidity=2, content="new"),
    )
    assert moved == [first[2], first[0], first[1], 4]
    assert fates(intake.registry) == ["pending"] * 4
    row = intake.mail(first[2])
    assert row.uid == 1


def test_after_a_change_of_uidvalidity_a_further_copy_is_a_duplicate(intake: Intake) -> None:
    (first,) = take(intake.registry, received(1, content="same"))
    moved, further = take(
        intake.registry,
        received(1, uidvalidity=2, content="same"),
        received(2, uidvalidity=2, content="same"),
    )
    assert moved == first
    assert intake.mail(further).fate is Fate.DUPLICATE


def test_a_mail_moved_back_to_an_old_uidvalidity_changes_nothing(intake: Intake) -> None:
    take(intake.registry, received(1), received(1, uidvalidity=2, content="mail 1"))
    assert take(intake.registry, received(1)) == [1]
    assert len(intake.rows(m.mail)) == 1


def test_a_mail_over_the_limit_is_quarantined_with_its_headers_and_no_checksum(
    intake: Intake,
) -> None:
    large = received(
        1, sha256=None, size=999_999_999, sender=SENDER, subject="报送", headers="Subject: x"
    )
    (mail,) = take(intake.registry, large)
    row = intake.mail(mail)
    assert (row.fate, row.sha256, row.sender, row.subject) == (
        Fate.QUARANTINED,
        None,
        SENDER,
        "报送",
    )
    assert "上限" in row.reason
    assert row.excerpt == "Subject: x"
    (other,) = take(intake.registry, received(2, sha256=None, headers="Subject: y"))
    assert intake.mail(other).fate is Fate.QUARANTINED


def test_a_mail_over_the_limit_takes_its_new_place_after_a_change_of_uidvalidity(
    intake: Intake,
) -> None:
    large = {"sha256": None, "size": 999_999_999, "headers": "Message-ID: <a@example.com>"}
    mail = received(1, **large)  # type: ignore[arg-type] # by name
    first = take(intake.registry, mail)
    assert take(intake.registry, replace(mail, uid=5, uidvalidity=2)) == first
    assert len(intake.rows(m.mail)) == 1


COPIES = st.lists(st.integers(0, 2), max_size=6)


@settings(deadline=None, max_examples=25)
@given(lives=st.lists(COPIES, min_size=1, max_size=3))
def test_whatever_lies_in_a_folder_over_its_lives_has_a_place_and_no_mail_is_added_twice(
    tmp_path_factory: pytest.TempPathFactory, lives: Sequence[Sequence[int]]
) -> None:
    registry = open_registry(tmp_path_factory.mktemp("var"))
    try:
        for life, contents in enumerate(lives, 1):
            for _ in range(2):  # a second reading changes nothing
                take(
                    registry,
                    *(
                        received(uid, uidvalidity=life, content=f"content {each}")
                        for uid, each in enumerate(contents, 1)
                    ),
                )
        with registry.read() as connection:
            for life, contents in enumerate(lives, 1):
                known = queries.known_uids(connection, "main", "INBOX", life)
                assert known == frozenset(range(1, len(contents) + 1))
            places = connection.execute(
                select(func.count())
                .select_from(m.place)
                .group_by(m.place.c.mail_id, m.place.c.uidvalidity)
            )
            assert set(places.scalars()) <= {1}
            for content in range(3):
                rows = connection.execute(
                    select(m.mail.c.fate).where(
                        m.mail.c.sha256 == received(0, content=f"content {content}").sha256
                    )
                )
                expected = max(each.count(content) for each in map(list, lives))
                assert [fate for (fate,) in rows] == (["pending"] + ["duplicate"] * 9)[:expected]
    finally:
        registry.close()


def test_what_after_has_still_to_do_is_known_until_it_is_done(intake: Intake) -> None:
    take(intake.registry, received(1), received(2))
    with intake.registry.write() as connection:
        receiving.done(connection, "main", "INBOX", 1, 1)
        assert receiving.not_done(connection, "main", "INBOX", 1) == [2]


def test_a_mailbox_is_first_read_once_and_a_folder_added_later_counts_from_then(
    intake: Intake,
) -> None:
    later = NOW + timedelta(days=9)
    with intake.registry.write() as connection:
        assert receiving.first_read(connection, "main", "INBOX", NOW) == NOW
        assert receiving.first_read(connection, "main", "INBOX", later) == NOW
        assert receiving.first_read(connection, "main", "Archive", later) == NOW
        assert receiving.first_read(connection, "second", "INBOX", later) == later


def test_a_mailbox_that_failed_before_it_was_ever_read_is_first_read_when_it_works(
    intake: Intake,
) -> None:
    later = NOW + timedelta(days=9)
    with intake.registry.write() as connection:
        receiving.mailbox_failed(
            connection, "main", ("INBOX",), error="refused", kind="login", now=NOW
        )
        assert receiving.first_read(connection, "main", "INBOX", later) == later
        receiving.folder_read(connection, "main", "INBOX", 1, count=3, now=later)
        (state,) = queries.folder_states(connection)
        assert receiving.first_read(connection, "main", "INBOX", later + timedelta(1)) == later
    assert (state.error, state.last_read_at, state.on_server) == ("", later, 3)
