"""The stages between mail and letter, where something happens in between or goes wrong."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import pyzipper
from sqlalchemy import insert

from config.limits import Limits
from ingest import pipeline
from ingest.house import House
from ingest.pipeline import Touched, file_pending, judge_marked, write_letters
from parsers.sandbox import Sandbox, SandboxError
from parsers.submission import Submission
from registry import answers, decisions, filing
from registry import models as m
from registry.adding import add_files
from registry.answers import Due
from registry.database import Registry
from registry.decisions import RefusedError
from registry.filing import Understood
from registry.judging import judge_dossier
from registry.rows import Fate, Judgement, Kind, LetterState, Status
from tests.builders import NOW, QUIET, ROBOTS, Intake, document, dossier

MAIL = b"From: a@example.com\r\nTo: intake@example.org\r\nSubject: hello\r\n\r\nhello\r\n"


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """One real sandbox for all tests here."""
    with Sandbox(Limits(), tmp_path_factory.mktemp("work"), size=1) as opened:
        yield opened


def take_in(intake: Intake, content: bytes) -> int:
    with intake.house.originals.incoming() as file:
        file.write(content)
        sha256 = intake.house.originals.keep(file)
    return intake.receive(sha256=sha256)


def test_a_letter_decided_on_what_is_no_longer_so_is_not_kept(
    intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    intake.post(dossier(ROBOTS, document("form")))
    intake.judge()
    intake.now += QUIET

    def due(*arguments: Any) -> tuple[Due, ...]:  # noqa: ANN401 - handed on as they are
        found = answers.due(*arguments)
        intake.post(dossier())  # comes in and is judged while the letter is being written
        intake.judge()
        return found

    with monkeypatch.context() as patched:
        patched.setattr(pipeline, "due", due)
        write_letters(intake.house, Touched(), Event())
    assert intake.letters() == ()
    assert intake.row().status is Status.AWAITING_PAPER
    (letter,) = intake.answer()
    assert (letter.kind, letter.mails) == (Kind.ACKNOWLEDGEMENT, (1, 2))


def test_a_mail_that_is_read_gets_its_fate_and_its_attempt_is_counted(
    intake: Intake, sandbox: Sandbox
) -> None:
    mail = take_in(intake, MAIL)
    touched = Touched()
    file_pending(intake.house, sandbox, touched, Event())
    assert touched.mails == {mail}
    assert (intake.mail(mail).fate, intake.mail(mail).sender) == (Fate.UNRELATED, "a@example.com")
    assert intake.rows(m.mail)[0].attempts == 1


def test_a_mail_that_fails_three_times_is_set_aside_and_the_next_is_taken(
    intake: Intake, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    poison, good = take_in(intake, MAIL), take_in(intake, MAIL.replace(b"hello", b"other"))
    understand = pipeline.understand

    def fail(house: House, box: Sandbox, mail: int, submission: Submission) -> Understood:
        if submission.subject == "hello":
            raise ZeroDivisionError
        return understand(house, box, mail, submission)

    monkeypatch.setattr(pipeline, "understand", fail)
    for attempt in (1, 2, 3):
        assert intake.mail(poison).fate is Fate.PENDING
        file_pending(intake.house, sandbox, Touched(), Event())
        assert intake.rows(m.mail)[0].attempts == attempt
    assert intake.mail(poison).fate is Fate.QUARANTINED
    assert "ZeroDivisionError" in intake.mail(poison).reason
    assert intake.mail(good).fate is Fate.UNRELATED


def test_a_mail_during_which_the_process_died_three_times_is_set_aside_unopened(
    intake: Intake, sandbox: Sandbox
) -> None:
    mail = take_in(intake, MAIL)
    with intake.registry.write() as connection:
        for _ in range(3):
            filing.count_attempt(connection, mail)
    file_pending(intake.house, sandbox, Touched(), Event())
    assert intake.mail(mail).fate is Fate.QUARANTINED


def test_trouble_of_the_house_is_no_fault_of_the_mail(intake: Intake, sandbox: Sandbox) -> None:
    mail = take_in(intake, MAIL)
    path = intake.house.originals.path(str(intake.mail(mail).sha256))
    away = path.parent.with_name("away")
    path.parent.rename(away)  # the disk is not there
    for _ in range(5):
        with pytest.raises(OSError, match="No such file"):
            file_pending(intake.house, sandbox, Touched(), Event())
    assert intake.rows(m.mail)[0].attempts == 0
    away.rename(path.parent)
    file_pending(intake.house, sandbox, Touched(), Event())
    assert intake.mail(mail).fate is Fate.UNRELATED


def test_one_lost_original_does_not_stop_the_mails_behind_it(
    intake: Intake, sandbox: Sandbox
) -> None:
    lost = take_in(intake, MAIL)
    path = intake.house.originals.path(str(intake.mail(lost).sha256))
    path.unlink()
    file_pending(intake.house, sandbox, Touched(), Event())
    assert intake.mail(lost).fate is Fate.QUARANTINED
    assert "原件缺失" in intake.mail(lost).reason


def test_stages_stop_between_two_things_when_they_are_told_to(
    intake: Intake, sandbox: Sandbox
) -> None:
    mail = take_in(intake, MAIL)
    intake.post(dossier())
    stop = Event()
    stop.set()
    file_pending(intake.house, sandbox, Touched(), stop)
    judge_marked(intake.house, Touched(), stop)
    assert intake.mail(mail).fate is Fate.PENDING
    assert intake.row().marked


def test_each_stage_run_twice_does_nothing_the_second_time(
    intake: Intake, sandbox: Sandbox
) -> None:
    take_in(intake, MAIL)
    intake.post(dossier())
    for first in (True, False):
        touched = Touched()
        file_pending(intake.house, sandbox, touched, Event())
        judge_marked(intake.house, touched, Event())
        write_letters(intake.house, touched, Event())
        assert bool(touched.mails or touched.dossiers or touched.letters) is first
    assert {each.state for each in intake.letters()} == {
        LetterState.QUEUED,
        LetterState.SUPPRESSED,
    }


def test_a_mail_answered_by_another_writer_meanwhile_is_not_answered_again(
    intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    mail = intake.post(dossier())
    intake.judge()

    def due(*arguments: Any) -> tuple[Due, ...]:  # noqa: ANN401 - handed on as they are
        found = answers.due(*arguments)
        with intake.registry.write() as connection:
            values = {"kind": "acknowledgement", "notice": False, "to": ["a@example.com"]}
            words = {"subject": "s", "text": "t", "html": "h", "message_id": "<x@example.org>"}
            row = insert(m.letter).values(**values, **words, state="queued", queued_at=NOW)
            letter = connection.execute(row.returning(m.letter.c.id)).scalar_one()
            connection.execute(insert(m.letter_mail).values(mail_id=mail, letter_id=letter))
        return found

    monkeypatch.setattr(pipeline, "due", due)
    write_letters(intake.house, Touched(), Event())
    assert [each.message_id for each in intake.letters()] == ["<x@example.org>"]


def test_a_mail_over_the_limit_is_filed_by_hand_from_its_headers_and_answered(
    intake: Intake, sandbox: Sandbox
) -> None:
    intake.post(dossier())
    intake.answer()
    large = intake.receive(sha256=None, headers=MAIL.decode())
    assert intake.mail(large).fate is Fate.QUARANTINED
    with intake.registry.write() as connection:
        decisions.assign(connection, large, "LM2016-0001", who="staff", now=intake.now)
    file_pending(intake.house, sandbox, Touched(), Event())
    assert intake.mail(large).fate is Fate.FILED
    assert intake.mail(large).subject == "hello"
    (letter,) = intake.answer()
    assert (letter.kind, letter.mails) == (Kind.ACKNOWLEDGEMENT, (large,))


def test_a_dossier_that_cannot_be_judged_keeps_no_other_from_being_judged(
    intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    intake.post(dossier())
    intake.post(dossier("广东省石墨烯产业技术创新联盟"))

    def fail(registry: Registry, number: int, now: datetime) -> Judgement | None:
        if number == 1:
            raise ZeroDivisionError
        return judge_dossier(registry, number, now)

    monkeypatch.setattr(pipeline, "judge_dossier", fail)
    judge_marked(intake.house, Touched(), Event())
    assert (intake.row(1).marked, intake.row(2).marked) == (True, False)


def test_a_password_told_in_a_later_mail_opens_what_was_locked(
    intake: Intake, sandbox: Sandbox
) -> None:
    kept = io.BytesIO()
    with pyzipper.AESZipFile(kept, "w", encryption=pyzipper.WZ_AES) as archive:
        archive.setpassword(b"x1y2z3")
        archive.writestr("申报表.txt", f"申报表\n联盟名称：{ROBOTS}\n".encode())
    subject = f"报送{ROBOTS}申报材料"
    take_in(intake, mail_with(subject, "请查收。", ("材料.zip", kept.getvalue())))
    file_pending(intake.house, sandbox, Touched(), Event())
    assert [each.problem for each in intake.documents()] == ["locked"]
    take_in(intake, mail_with("[LM2016-0001] 压缩包", "密码：错了的"))
    file_pending(intake.house, sandbox, Touched(), Event())
    assert [each.problem for each in intake.documents()] == ["locked"]
    told = mail_with("[LM2016-0001] 密码", "密码：x1y2z3", sender="b@example.net")
    take_in(intake, told)  # a stranger's word opens nothing
    file_pending(intake.house, sandbox, Touched(), Event())
    assert [each.problem for each in intake.documents()] == ["locked"]
    take_in(intake, mail_with("[LM2016-0001] 补充", "密码：x1y2z3"))
    file_pending(intake.house, sandbox, Touched(), Event())
    (opened,) = intake.documents()
    assert (opened.path, opened.problem) == ("材料.zip/申报表.txt", "")
    assert intake.house.originals.holds(opened.sha256)
    assert len(intake.events("unlocked")) == 1


def mail_with(
    subject: str, text: str, *files: tuple[str, bytes], sender: str = "a@example.com"
) -> bytes:
    """Return a mail as a program would send it."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, "intake@example.org", subject
    mail.set_content(text)
    for name, content in files:
        mail.add_attachment(content, maintype="application", subtype="zip", filename=name)
    return mail.as_bytes()


def test_files_added_by_hand_are_refused_in_words_while_the_sandbox_does_not_work(
    intake: Intake, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    intake.post(dossier())
    file = tmp_path / "说明.txt"
    file.write_bytes(b"hello")

    def fails(*_: object) -> None:
        message = "no child can be started"
        raise SandboxError(message)

    monkeypatch.setattr(Sandbox, "_opened", fails)
    with pytest.raises(RefusedError, match="暂时不能打开"):
        add_files(
            intake.registry,
            intake.house.originals,
            sandbox,
            intake.row(),
            [(file, file.name)],
            who="staff",
            now=intake.now,
        )


def test_no_more_of_a_thread_and_a_subject_is_kept_and_quoted_than_mail_servers_bear(
    intake: Intake, sandbox: Sandbox
) -> None:
    thread = "\r\n ".join(f"<{each}@example.com>" for each in range(2_000))
    words = "\r\n ".join(["alliance"] * 1_000)
    head = f"From: a@example.com\r\nSubject: {words}\r\nReferences: {thread}\r\n"
    mail = take_in(intake, f"{head}\r\nhello\r\n".encode())
    file_pending(intake.house, sandbox, Touched(), Event())
    assert len(intake.mail(mail).subject) == pipeline.LONGEST_SUBJECT
    kept = intake.mail(mail).references
    assert (len(kept), kept[-1]) == (pipeline.THREAD, "<1999@example.com>")


def test_a_mail_that_the_database_refuses_keeps_no_other_back_and_is_set_aside(
    intake: Intake, sandbox: Sandbox
) -> None:
    refused, other = take_in(intake, MAIL), take_in(intake, MAIL.replace(b"hello", b"again"))
    with intake.registry.write() as connection:
        connection.exec_driver_sql(
            f"CREATE TRIGGER refuses BEFORE UPDATE OF sender ON mail WHEN NEW.id = {refused} "
            "BEGIN SELECT RAISE(ABORT, 'refused'); END"
        )
    file_pending(intake.house, sandbox, Touched(), Event())
    assert (intake.mail(refused).fate, intake.mail(other).fate) == (Fate.PENDING, Fate.UNRELATED)
    for _ in range(filing.ATTEMPTS - 1):
        file_pending(intake.house, sandbox, Touched(), Event())
    assert (intake.mail(refused).fate, intake.mail(refused).reason) == (
        Fate.QUARANTINED,
        "连续3次处理出错：IntegrityError",
    )
