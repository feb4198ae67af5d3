"""A mail is filed: its fate and its documents, numbers without gaps, what is kept of it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from config.call import CallError, parse_call
from parsers.submission import Address, Problem
from registry import decisions, filing
from registry import models as m
from registry.routing import ASKED, FORGOTTEN
from registry.rows import DocumentState, Fate, LetterState, Status
from tests.builders import (
    CALL,
    HOST,
    KINDS,
    LIGHTS,
    LINK,
    OTHER_HOST,
    ROBOTS,
    SENDER,
    SENSORS,
    STRANGER,
    Intake,
    document,
    dossier,
    number,
    understood,
)


def test_a_first_mail_opens_a_dossier_with_all_that_is_known_of_it(intake: Intake) -> None:
    mail = intake.post(dossier())
    row = intake.row()
    assert (row.number, row.name, row.secretariat, row.sender) == (
        number(1),
        ROBOTS,
        HOST,
        SENDER,
    )
    assert (row.revision, row.judged_revision, row.marked) == (1, 0, True)
    assert row.recommender == "广州市科技创新委员会"
    assert row.due == date(2016, 6, 8)  # the fifth working day after Wednesday, 1 June
    assert intake.mail(mail).fate is Fate.FILED
    assert intake.mail(mail).dossiers == (number(1),)
    assert intake.states() == [(kind, 1, "current") for kind in KINDS]
    assert [each.what for each in intake.rows(m.event)] == ["received", "opened", "filed"]


def test_a_mail_in_the_night_counts_from_the_day_it_is_here(intake: Intake) -> None:
    intake.post(dossier(), place={"received_at": datetime(2016, 6, 1, 16, 30, tzinfo=UTC)})
    assert intake.row().due == date(2016, 6, 12)  # from 2 June, past the holidays


def test_a_later_mail_is_the_next_version_and_supersedes_only_its_kinds(intake: Intake) -> None:
    intake.post(dossier())
    intake.post(dossier(ROBOTS, document("plan", content="2"), document("other", path="附页.docx")))
    view = intake.documents()
    assert [(each.kind, each.version, each.superseded) for each in view] == [
        ("form", 1, False),
        ("plan", 1, True),
        ("charter", 1, False),
        ("agreement", 1, False),
        ("plan", 2, False),
        ("other", 1, False),
    ]
    assert intake.row().revision == 2


def test_two_files_of_one_kind_in_one_mail_are_one_version(intake: Intake) -> None:
    scan = document("agreement", problem=Problem.SCAN, path="协议盖章版.pdf")
    intake.post(dossier(ROBOTS, document("agreement"), scan))
    assert [(each.version, each.superseded) for each in intake.documents()] == [
        (1, False),
        (1, False),
    ]


def test_a_mail_that_changes_nothing_leaves_the_dossier_judged(intake: Intake) -> None:
    intake.post(dossier())
    intake.judge()
    for repeat in (intake.post(dossier()), intake.post(subject=f"咨询 {number(1)} 进度")):
        assert intake.mail(repeat).dossiers == (number(1),)
    assert not intake.row().marked
    fates = [intake.mail(mail).fate for mail in (1, 2, 3)]
    assert fates == [Fate.FILED, Fate.DUPLICATE, Fate.NOTED]


def test_a_number_in_quoted_text_does_not_count(intake: Intake) -> None:
    intake.post(dossier())
    mail = intake.post(subject="咨询", text="请问进度如何？", quoted=f"> [{number(1)}] {ROBOTS}")
    assert intake.mail(mail).fate is Fate.UNRELATED


def test_a_subject_about_several_dossiers_joins_nothing(intake: Intake) -> None:
    intake.post(dossier())
    mail = intake.post(subject=f"回复：[{number(1)}等10件] 收件回执", text="收到。")
    assert intake.mail(mail).fate is Fate.UNRELATED


def test_a_reply_to_a_letter_of_ours_belongs_to_its_dossier(intake: Intake) -> None:
    intake.post(dossier())
    (letter,) = intake.answer()
    extra = dossier("", document("plan", "", content="2"))
    mail = intake.post(
        extra, sender=STRANGER, subject="补充", text="见附件", in_reply_to=letter.message_id
    )
    assert intake.mail(mail).dossiers == (number(1),)
    assert intake.states()[-1] == ("plan", 2, "current")


def test_a_reply_to_a_letter_about_several_with_nameless_files_waits_for_a_person(
    intake: Intake,
) -> None:
    intake.post(dossier(), dossier(LIGHTS))
    (letter,) = intake.answer()
    assert letter.dossiers == (number(1), number(2))
    extra = dossier("", document("plan", "", content="2"))
    mail = intake.post(extra, subject="补充", text="见附件", references=(letter.message_id,))
    assert intake.mail(mail).fate is Fate.QUARANTINED
    assert not intake.answer(after=timedelta(days=1))


def test_documents_of_a_stranger_are_held_and_take_no_part(intake: Intake) -> None:
    intake.post(dossier())
    intake.judge()
    intake.post(dossier(content="2", secretariat=HOST), sender=STRANGER)
    assert intake.states()[4:] == [(kind, 2, "held") for kind in KINDS]
    assert intake.row().flags == ("held",)
    intake.judge()
    row = intake.row()
    assert (row.status, row.review) == (Status.IN_REVIEW, ("held",))
    assert not any(each.superseded for each in intake.documents()[:4])


def test_a_new_version_after_completion_is_held_and_the_dossier_stays_complete(
    intake: Intake,
) -> None:
    intake.paper()
    intake.post(dossier())
    intake.judge()
    assert intake.row().status is Status.COMPLETE
    intake.post(dossier(content="2"))
    intake.judge()
    row = intake.row()
    assert (row.status, row.flags) == (Status.COMPLETE, ("after-complete",))
    assert "after-complete" in row.review


def test_a_second_secretariat_of_one_name_gets_its_own_number_and_is_told(intake: Intake) -> None:
    intake.post(dossier())
    intake.post(dossier(secretariat=OTHER_HOST), sender=STRANGER)
    assert intake.numbers() == [number(1), number(2)]
    assert intake.row(2).flags == ("same-name",)


def test_a_mail_of_a_machine_with_a_document_is_filed_and_its_letter_suppressed(
    intake: Intake,
) -> None:
    mail = intake.post(dossier(), machine="auto-submitted")
    assert intake.mail(mail).fate is Fate.FILED
    (letter,) = intake.answer()
    assert (letter.state, letter.mails) == (LetterState.SUPPRESSED, (mail,))


def test_a_link_is_kept_and_makes_the_dossier_wait_for_a_person(intake: Intake) -> None:
    intake.post(subject=f"报送{ROBOTS}材料", text="见链接", links=(LINK,))
    intake.judge()
    row = intake.row()
    assert row.name == ROBOTS
    assert (row.status, "doubtful:file.link" in row.review) == (Status.IN_REVIEW, True)
    (link,) = intake.mail(1).links
    assert "材料.zip" in link.wording


def test_a_bounce_is_linked_to_the_letter_that_came_back(intake: Intake) -> None:
    intake.post(dossier())
    (letter,) = intake.answer()
    mail = intake.post(
        sender="", subject="系统退信", machine="null-sender", bounced=(letter.message_id, "<x@y>")
    )
    assert intake.mail(mail).fate is Fate.BOUNCE
    (returned,) = intake.letters()
    assert returned.state is LetterState.BOUNCED
    (event,) = intake.events("bounced")
    assert (event.letter_id, event.mail_id, event.dossier_id) == (letter.id, mail, 1)


def test_any_other_bounce_is_automatic(intake: Intake) -> None:
    mail = intake.post(sender="", machine="null-sender", bounced=("<unknown@example.net>",))
    assert intake.mail(mail).fate is Fate.AUTOMATIC
    assert not intake.answer()


@pytest.mark.parametrize(
    ("subject", "text", "flags"),
    [
        ("申请撤回申报", "因故", ("withdrawal-asked",)),
        (f"关于撤回{ROBOTS}申报的函", "见函", ("withdrawal-asked",)),
        ("函", f"我单位决定撤回{ROBOTS}的申报材料。", ("withdrawal-asked",)),
        ("函", "因故放弃本次申报", ("withdrawal-asked",)),
        ("补充材料", "请查收", ()),
        ("更正", "上一封邮件已撤回。现重新报送申报材料", ()),
    ],
)
def test_a_wish_to_withdraw_is_raised_for_a_person(
    intake: Intake, subject: str, text: str, flags: tuple[str, ...]
) -> None:
    intake.post(dossier())
    intake.post(subject=f"{subject} {number(1)}", text=text)
    assert intake.row().flags == flags
    assert intake.row().marked


@pytest.mark.parametrize(
    ("subject", "text", "reason", "like"),
    [
        (f"{ROBOTS}申报材料", "", FORGOTTEN, True),
        ("[LM2016-9999] 补充材料", "补充材料见附件", ASKED, False),
        ("材料", "材料已附上，请查收。", FORGOTTEN, True),
        ("咨询申报截止时间", "请问何时截止？", ASKED, True),
        ("问询", f"请问{ROBOTS}能否申报？", ASKED, True),
        ("您好", "周末愉快", ASKED, False),
    ],
)
def test_what_was_to_come_with_a_mail_is_told_from_what_is_only_asked(
    intake: Intake, subject: str, text: str, reason: str, *, like: bool
) -> None:
    mail = intake.mail(intake.post(subject=subject, text=text))
    assert (mail.fate, mail.reason, mail.submission_like) == (Fate.UNRELATED, reason, like)


def test_a_mail_after_the_closing_day_is_late_and_one_on_it_is_not(intake: Intake) -> None:
    text = CALL.text.replace(f"version = {CALL.version}", "version = 7", 1)
    said = "# closing = 2016-06-30T17:00:00+08:00"
    closing = parse_call(text.replace(said, "closing = 2016-06-01"), "test")
    filed = {}
    for name, at in ((ROBOTS, 0), (LIGHTS, 1)):
        mail = intake.receive(received_at=intake.now + timedelta(days=at))
        intake.file(mail, understood(dossier(name), call=closing))
        filed[name] = intake.row(at + 1).flags
    assert filed == {ROBOTS: (), LIGHTS: ("late",)}
    assert intake.row(1).call_version == 7


def test_a_name_with_another_core_never_replaces_the_registered_one(intake: Intake) -> None:
    intake.post(dossier())
    form = document("form", SENSORS, secretariat=OTHER_HOST, content="2")
    intake.post(dossier(ROBOTS, form), subject=f"更正 {number(1)}")
    assert intake.row().name == ROBOTS


def test_a_call_version_that_was_used_keeps_its_text(intake: Intake) -> None:
    changed = parse_call(CALL.text + "\n# changed\n", "test")
    with intake.registry.write() as connection, pytest.raises(CallError, match="raise its version"):
        filing.keep_call(connection, changed, intake.now)


# ── numbers ──────────────────────────────────────────────────────────────────────────────


def test_numbers_stay_without_gaps_when_a_filing_is_rolled_back(intake: Intake) -> None:
    intake.post(dossier(ROBOTS))
    mail = intake.receive()
    with pytest.raises(KeyboardInterrupt), intake.registry.write() as connection:  # noqa: PT012 - a transaction
        filing.file_mail(connection, mail, understood(dossier(LIGHTS)), intake.now)
        raise KeyboardInterrupt
    assert intake.mail(mail).fate is Fate.PENDING
    intake.post(dossier(SENSORS))
    assert intake.numbers() == [number(1), number(2)]


def test_numbers_are_gapless_and_unique_under_concurrent_writers_of_whom_some_fail(
    intake: Intake,
) -> None:
    def take(at: int) -> str | None:
        with suppress(ZeroDivisionError), intake.registry.write() as connection:
            taken = filing.next_number(connection, CALL)
            return taken if 1 // (at % 3) >= 0 else None  # fails for every third
        return None

    with ThreadPoolExecutor(6) as pool:
        taken = [each for each in pool.map(take, range(45)) if each]
    assert sorted(taken) == [number(each) for each in range(1, 31)]


def test_a_number_is_never_used_again_after_withdrawal(intake: Intake) -> None:
    intake.post(dossier())
    with intake.registry.write() as connection:
        decisions.withdraw(connection, intake.row(), "申请人来函", who="staff", now=intake.now)
    intake.post(dossier())
    assert intake.numbers() == [number(1), number(2)]
    assert intake.row(2).name == ROBOTS


def test_each_call_counts_for_itself(intake: Intake) -> None:
    other = CALL.model_copy(update={"id": "other-call"})
    with intake.registry.write() as connection:
        taken = [filing.next_number(connection, call) for call in (CALL, other, CALL)]
    assert taken == [number(1), number(1), number(2)]


# ── attempts ─────────────────────────────────────────────────────────────────────────────


def test_attempts_are_counted_and_taken_back(intake: Intake) -> None:
    mail = intake.receive()

    def count(by: int) -> int:
        with intake.registry.write() as connection:
            return filing.count_attempt(connection, mail, by=by)

    assert [count(by) for by in (1, 1, -1, 1)] == [1, 2, 1, 2]


def test_a_quarantined_mail_says_why_and_gets_no_letter(intake: Intake) -> None:
    mail = intake.receive()
    with intake.registry.write() as connection:
        filing.quarantine(connection, mail, "压缩炸弹", intake.now)
    assert (intake.mail(mail).fate, intake.mail(mail).reason) == (Fate.QUARANTINED, "压缩炸弹")
    assert not intake.answer(after=timedelta(days=1))


def test_the_addresses_in_cc_are_on_the_dossier_from_then_on(intake: Intake) -> None:
    intake.post(dossier(), cc=(Address(address="bureau@example.org"),))
    intake.post(dossier(content="2"), sender="clerk@example.org")
    assert {state for _, _, state in intake.states()} == {"current"}


def test_held_documents_count_as_known_and_rejected_ones_do_not(intake: Intake) -> None:
    intake.post(dossier())
    held = intake.post(dossier(content="2"), sender=STRANGER)
    again = intake.post(dossier(content="2"), sender=STRANGER)
    assert intake.mail(again).fate is Fate.DUPLICATE
    with intake.registry.write() as connection:
        decisions.reject(connection, intake.row(), held, who="staff", now=intake.now)
    once_more = intake.post(dossier(content="2"), sender=SENDER)
    assert intake.mail(once_more).fate is Fate.FILED


def test_the_facts_of_a_document_are_read_back_as_they_were_read(intake: Intake) -> None:
    brought = document("agreement")
    intake.post(dossier(ROBOTS, brought))
    (filed,) = intake.documents()
    assert filed.facts == brought.facts
    assert (filed.sha256, filed.pages, filed.state) == (brought.sha256, 3, DocumentState.CURRENT)


def test_a_retried_older_mail_does_not_supersede_what_a_newer_one_brought(intake: Intake) -> None:
    older = intake.receive()
    with intake.registry.write() as connection:
        filing.quarantine(connection, older, "三次处理出错", intake.now)
    intake.now += timedelta(days=2)
    intake.post(dossier(content="newer"))
    with intake.registry.write() as connection:
        decisions.retry(connection, older, who="staff", now=intake.now)
    intake.file(older, understood(dossier(content="older")))
    in_force = [each.sha256 for each in intake.documents() if not each.superseded]
    assert in_force == [document(kind, content="newer").sha256 for kind in KINDS]


def test_the_database_is_left_alone_by_a_mail_that_cannot_be_filed(intake: Intake) -> None:
    mail = intake.receive()
    broken = replace(understood(dossier()), unread=(object(),))  # type: ignore[arg-type] # no JSON
    with pytest.raises(Exception, match="JSON"):
        intake.file(mail, broken)
    assert intake.numbers() == []
    assert intake.mail(mail).fate is Fate.PENDING
