"""What waits for a scan, and what becomes of it when its text is there."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from parsers.submission import Content, Document, Dossier, Fact, Page, Problem, Scan, Seals
from registry import models as m
from registry import outgoing, scanned
from registry.answers import Due, Sent, due
from registry.refiling import file_again, refile
from registry.rows import DocumentState, Fate, Kind
from tests.builders import (
    CALL,
    KINDS,
    QUIET,
    ROBOTS,
    STRANGER,
    Intake,
    document,
    dossier,
    understood,
)

TEXT = Content(
    media_type="application/pdf",
    pages=(Page(number=1, blocks=("组建协议", (("甲方", "乙方"),))),),
    page_count=1,
    scan=Scan.READ,
    seals=(Seals(page=1, count=2), Seals(page=2, count=None)),
)
SCAN = document(
    "other",
    name="",
    path="盖章版.pdf",
    problem=Problem.SCAN,
    scan=Scan.UNREAD,
    seals=TEXT.seals,
    page_count=2,
)
AGREEMENT = replace(
    document("agreement", path="盖章版.pdf"), sha256=SCAN.sha256, scan=Scan.READ, seals=TEXT.seals
)
WITH_SCAN = dossier(ROBOTS, *(document(kind) for kind in KINDS if kind != "agreement"), SCAN)


def filed(intake: Intake, *dossiers: Dossier, **mail: Any) -> int:  # noqa: ANN401 - by name
    """File a mail in a house that reads scans."""
    taken = intake.receive()
    what = understood(*dossiers, message_id=f"<{taken}@example.com>", **mail)
    intake.file(taken, replace(what, reads_scans=True))
    return taken


def reading(intake: Intake, patience: timedelta = QUIET) -> scanned.Reading:
    with intake.registry.read() as connection:
        return scanned.being_read(connection, intake.now - patience)


def letters_due(intake: Intake) -> tuple[Due, ...]:
    """Decide on letters as the pipeline does, with what is being read."""
    intake.judge()
    found = reading(intake)
    with intake.registry.read() as connection:
        every = outgoing.waiting(connection)
        waiting = [each for each in every if each.id not in found.mails]
        standings = outgoing.standings(connection, waiting, reading=found.dossiers)
    receipts = intake.house.settings.receipts
    sent = Sent(today={}, unrecognised_at={})
    return due(waiting, standings, sent, receipts, intake.now)


def read(intake: Intake, *documents: Document) -> None:
    """Let the scan have been read, and be those documents."""
    with intake.registry.read() as connection:
        places = scanned.filed(connection, SCAN.sha256)
    with intake.registry.write() as connection:
        scanned.keep_content(connection, SCAN.sha256, TEXT)
        for place in places:
            refile(connection, place, documents, CALL, intake.now)
        file_again(connection, SCAN.sha256)


def test_a_dossier_with_a_scan_is_judged_at_once_and_answered_when_it_was_read(
    intake: Intake,
) -> None:
    filed(intake, WITH_SCAN)
    assert letters_due(intake) == ()
    assert "doubtful:document.agreement" in intake.row().review
    revision = intake.row().revision
    read(intake, AGREEMENT)
    assert intake.row().revision == revision + 1
    [letter] = letters_due(intake)
    assert (letter.kind, letter.mails) == (Kind.ACKNOWLEDGEMENT, (1,))
    assert intake.row().review == ()
    assert [each.detail for each in intake.events("scan-read")] == ["盖章版.pdf"]


def test_an_answer_waits_for_a_scan_no_longer_than_is_bearable(intake: Intake) -> None:
    filed(intake, WITH_SCAN)
    intake.now += QUIET
    [letter] = letters_due(intake)
    assert letter.kind is Kind.ACKNOWLEDGEMENT


def test_nothing_waits_for_a_scan_that_cannot_be_read(intake: Intake) -> None:
    filed(intake, WITH_SCAN)
    with intake.registry.write() as connection:
        scanned.keep_content(connection, SCAN.sha256, None)
    assert len(letters_due(intake)) == 1
    assert intake.states()[-1] == ("other", 1, "current")


def test_without_the_means_to_read_nothing_is_asked_for(intake: Intake) -> None:
    intake.post(WITH_SCAN)
    assert intake.rows(m.scan) == []
    assert reading(intake) == scanned.Reading()


def test_a_scan_becomes_what_its_text_shows_and_keeps_its_seals(intake: Intake) -> None:
    filed(intake, WITH_SCAN)
    read(intake, AGREEMENT)
    told = intake.documents()[-1]
    assert (told.kind, told.version, told.problem, told.scan) == ("agreement", 1, "", Scan.READ)
    assert told.seals == TEXT.seals
    assert told.facts == AGREEMENT.facts


def test_a_bound_volume_becomes_all_its_documents(intake: Intake) -> None:
    filed(intake, dossier(ROBOTS, document("form"), SCAN))
    parts = [
        replace(document(kind), path=SCAN.path, sha256=SCAN.sha256, part=at, scan=Scan.READ)
        for at, kind in enumerate(("plan", "charter", "agreement"), start=1)
    ]
    read(intake, *parts)
    assert [kind for kind, _, _ in intake.states()] == ["form", "plan", "charter", "agreement"]
    intake.judge()
    assert intake.row().review == ()


def test_a_scan_beside_its_editable_form_is_one_version_with_it(intake: Intake) -> None:
    filed(intake, dossier(ROBOTS, *(document(kind) for kind in KINDS), SCAN))
    read(intake, AGREEMENT)
    kinds = [(kind, version) for kind, version, _ in intake.states() if kind == "agreement"]
    assert kinds == [("agreement", 1), ("agreement", 1)]


def test_a_mail_without_a_dossier_is_filed_again_when_its_scan_was_read(intake: Intake) -> None:
    taken = filed(intake, dossier("", SCAN), subject="材料", text="见附件")
    assert intake.mail(taken).fate is Fate.UNRELATED
    assert reading(intake).mails == {taken}
    read(intake)
    assert intake.mail(taken).fate is Fate.PENDING


def test_what_a_stranger_sends_stays_held_when_it_was_read(intake: Intake) -> None:
    intake.post(dossier())
    filed(intake, dossier(ROBOTS, document("form", content="2"), SCAN), sender=STRANGER)
    read(intake, AGREEMENT)
    assert intake.states()[-1] == ("agreement", 2, DocumentState.HELD)


def test_a_scan_that_bears_the_mark_of_a_secret_takes_no_part(intake: Intake) -> None:
    taken = filed(intake, WITH_SCAN)
    read(intake, replace(AGREEMENT, secrecy=Fact(value="秘密★", page=1)))
    assert intake.mail(taken).fate is Fate.QUARANTINED
    assert intake.states()[-1][2] == DocumentState.HELD


def test_the_same_scan_is_known_from_then_on(intake: Intake) -> None:
    filed(intake, WITH_SCAN)
    read(intake, AGREEMENT)
    with intake.registry.read() as connection:
        assert scanned.known(connection, [SCAN.sha256, "other"]) == {SCAN.sha256: TEXT}


def test_a_scan_filed_while_it_was_being_read_is_told_anew(intake: Intake) -> None:
    filed(intake, WITH_SCAN)
    read(intake, AGREEMENT)
    filed(intake, dossier("广东省海洋传感产业技术创新联盟", SCAN))
    with intake.registry.read() as connection:
        [waiting] = scanned.waiting(connection)
    assert waiting.sha256 == SCAN.sha256
