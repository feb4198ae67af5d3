"""What people decide: refused where it cannot be, else kept with who, when and why."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from parsers.submission import Dossier
from registry import decisions, filing, outgoing, queries
from registry import models as m
from registry.decisions import RefusedError
from registry.rows import Fate, LetterState, Outcome, Status
from tests.builders import (
    HOST,
    KINDS,
    LIGHTS,
    QUIET,
    ROBOTS,
    SENSORS,
    STRANGER,
    Intake,
    act,
    document,
    dossier,
    number,
    understood,
)

LACKING = ("agreement.risk",)
CHINESE = re.compile("[一-鿿]")


def refused(intake: Intake, what: Callable[..., object], *arguments: object, **more: object) -> str:
    """Return why an act was refused, after seeing that it changed nothing."""
    before = [intake.rows(table) for table in m.metadata.sorted_tables]
    with pytest.raises(RefusedError) as caught:
        act(intake, what, *arguments, **more)
    assert [intake.rows(table) for table in m.metadata.sorted_tables] == before
    assert CHINESE.search(str(caught.value))
    return str(caught.value)


def left(intake: Intake, what: str, serial: int | None = 1) -> str:
    """Return the detail of the one event of that kind, which names staff and the dossier."""
    (event,) = intake.events(what)
    assert (event.actor, event.at) == ("staff", intake.now)
    if serial is not None:
        assert event.dossier_id == intake.row(serial).id
        assert intake.row(serial).marked
    return str(event.detail)


@pytest.fixture
def judged(intake: Intake) -> Intake:
    """A registry with one dossier that lacks a clause, judged."""
    intake.post(dossier(lacks=LACKING))
    intake.judge()
    return intake


def decide(
    intake: Intake,
    finding: str = "agreement.risk",
    outcome: Outcome = Outcome.WAIVED,
    reason: str = "已当面核实",
    **more: object,
) -> None:
    about = {"document": path_of(intake, finding)} | more
    act(
        intake,
        decisions.decide,
        intake.row(),
        finding,
        outcome=outcome,
        reason=reason,
        **about,
    )


def path_of(intake: Intake, finding: str) -> str:
    found = [each.document for each in intake.rows(m.finding) if each.id == finding]
    return str(found[0]) if found else ""


# ── findings ─────────────────────────────────────────────────────────────────────────────


def test_a_waiver_settles_a_finding_and_says_why(judged: Intake) -> None:
    assert judged.row().status is Status.INCOMPLETE
    decide(judged)
    assert "已当面核实" in left(judged, "decided")
    judged.judge()
    assert judged.row().status is Status.AWAITING_PAPER


def test_a_decision_lapses_when_what_it_rests_on_is_replaced(judged: Intake) -> None:
    decide(judged)
    judged.post(dossier(ROBOTS, document("charter", content="2")))
    judged.judge()
    assert judged.row().status is Status.AWAITING_PAPER
    judged.post(dossier(ROBOTS, document("agreement", content="2", lacks=LACKING)))
    judged.judge()
    assert judged.row().status is Status.INCOMPLETE


@pytest.mark.parametrize(
    ("finding", "outcome", "reason", "document_", "says"),
    [
        ("agreement.risk", Outcome.OK, "  ", None, "理由"),
        ("agreement.risk", Outcome.DOUBTFUL, "因为", None, "决定"),
        ("agreement.risk", Outcome.NOTE, "因为", None, "决定"),
        ("agreement.risk", Outcome.OK, "因为", "没有这个文件.docx", "没有核对项"),
        ("no.such", Outcome.OK, "因为", None, "no.such"),
        ("late", Outcome.OK, "因为", None, "late"),
    ],
)
def test_a_decision_that_cannot_be_is_refused(
    judged: Intake,
    *,
    finding: str,
    outcome: Outcome,
    reason: str,
    document_: str | None,
    says: str,
) -> None:
    about = path_of(judged, finding) if document_ is None else document_
    said = refused(
        judged,
        decisions.decide,
        judged.row(),
        finding,
        document=about,
        outcome=outcome,
        reason=reason,
    )
    assert says in said


def test_a_reason_for_review_is_settled_with_ok_only(judged: Intake) -> None:
    judged.post(subject=f"申请撤回 {number(1)}")
    judged.judge()
    assert judged.row().review == ("withdrawal-asked",)
    arguments = {"document": "", "reason": "申请人已收回"}
    for outcome in (Outcome.MISSING, Outcome.WAIVED):
        refused(
            judged, decisions.decide, judged.row(), "withdrawal-asked", outcome=outcome, **arguments
        )
    decide(judged, "withdrawal-asked", Outcome.OK)
    judged.judge()
    assert (judged.row().review, judged.row().flags) == ((), ())


@pytest.mark.parametrize("code", ["held", "doubtful:held"])
def test_held_documents_are_not_settled_by_a_word(judged: Intake, code: str) -> None:
    judged.post(dossier(content="2"), sender=STRANGER)
    judged.judge()
    arguments = {"document": "", "outcome": Outcome.OK, "reason": "因为"}
    refused(judged, decisions.decide, judged.row(), code, **arguments)


# ── paper ────────────────────────────────────────────────────────────────────────────────


def test_a_dossier_and_a_record_are_joined_and_parted_by_hand(judged: Intake) -> None:
    paper = judged.paper(SENSORS, register_no="S-9")
    act(judged, decisions.link, judged.row(), " S-9 ")
    assert "S-9" in left(judged, "linked")
    assert (judged.row().paper_id, judged.row().paper_match) == (paper, "staff")
    act(judged, decisions.unlink, judged.row())
    left(judged, "unlinked")
    assert (judged.row().paper_id, judged.row().paper_match) == (None, "")
    act(judged, decisions.link, judged.row(), f"#{paper}")  # a person may think better of it
    judged.judge()
    assert judged.row().paper_id == paper


def test_a_record_that_is_not_there_or_another_dossiers_is_not_linked(judged: Intake) -> None:
    assert "S-9" in refused(judged, decisions.link, judged.row(), "S-9")
    judged.paper(LIGHTS, register_no="S-9")
    judged.post(dossier(LIGHTS))
    judged.judge()
    assert number(2) in refused(judged, decisions.link, judged.row(), "S-9")
    assert "纸质登记" in refused(judged, decisions.unlink, judged.row())


# ── held documents ───────────────────────────────────────────────────────────────────────


def test_held_documents_that_are_accepted_take_effect_and_their_sender_is_on_the_dossier(
    judged: Intake,
) -> None:
    mail = judged.post(dossier(content="2"), sender=STRANGER)
    judged.judge()
    act(judged, decisions.accept, judged.row(), mail)
    left(judged, "accepted")
    assert judged.row().flags == ()
    in_force = [each.version for each in judged.documents() if not each.superseded]
    assert in_force == [2, 2, 2, 2]
    judged.post(dossier(ROBOTS, document("plan", content="3")), sender=STRANGER)
    assert judged.states()[-1] == ("plan", 3, "current")


def test_held_documents_that_are_rejected_stay_on_record_without_effect(judged: Intake) -> None:
    mail = judged.post(dossier(content="2"), sender=STRANGER)
    judged.judge()
    act(judged, decisions.reject, judged.row(), mail)
    left(judged, "rejected")
    assert judged.row().flags == ()
    assert {each.state.value for each in judged.documents()[len(KINDS) :]} == {"rejected"}
    judged.judge()
    assert judged.row().status is Status.INCOMPLETE


def test_each_mails_documents_are_accepted_on_their_own(judged: Intake) -> None:
    first = judged.post(dossier(ROBOTS, document("plan", content="2")), sender=STRANGER)
    second = judged.post(dossier(ROBOTS, document("charter", content="2")), sender=STRANGER)
    act(judged, decisions.accept, judged.row(), first)
    assert judged.row().flags == ("held",)
    act(judged, decisions.reject, judged.row(), second)
    assert judged.row().flags == ()


def test_a_file_that_was_not_accepted_can_still_be_added_by_hand(judged: Intake) -> None:
    held = document("agreement", content="2")
    mail = judged.post(dossier(ROBOTS, held), sender=STRANGER)
    act(judged, decisions.reject, judged.row(), mail)
    assert act(judged, decisions.file_by_hand, judged.row(), [held]) == 1
    assert ("agreement", 3, "current") in judged.states()


def test_a_file_is_not_added_to_a_dossier_withdrawn_while_it_was_opened(judged: Intake) -> None:
    before = judged.row()
    act(judged, decisions.withdraw, before, "来函撤回")
    assert "已撤回" in refused(judged, decisions.file_by_hand, before, [document("other")])


def test_a_suppressed_letter_goes_only_when_a_person_knows_that_it_is(intake: Intake) -> None:
    intake.receipts(mode="off")
    intake.post(dossier())
    (letter,) = intake.answer()
    assert letter.state is LetterState.SUPPRESSED
    assert letter.reason in refused(intake, decisions.send_letter, letter.id)
    act(intake, decisions.send_letter, letter.id, anyway=True)
    assert intake.letters()[0].state is LetterState.QUEUED


def test_only_held_documents_are_accepted_or_rejected(judged: Intake) -> None:
    for what in (decisions.accept, decisions.reject):
        assert "暂存" in refused(judged, what, judged.row(), 1)
        assert "暂存" in refused(judged, what, judged.row(), 99)


def test_a_new_version_accepted_after_completion_is_judged_as_any_other(intake: Intake) -> None:
    intake.paper()
    intake.post(dossier())
    intake.judge()
    assert intake.row().status is Status.COMPLETE
    mail = intake.post(dossier(ROBOTS, document("agreement", content="2", lacks=LACKING)))
    intake.judge()
    assert intake.row().status is Status.COMPLETE
    act(intake, decisions.accept, intake.row(), mail)
    intake.judge()
    assert intake.row().status is not Status.COMPLETE


# ── withdrawn, by hand ───────────────────────────────────────────────────────────────────


def test_a_withdrawn_dossier_keeps_number_documents_and_history(judged: Intake) -> None:
    before = len(judged.rows(m.event))
    act(judged, decisions.withdraw, judged.row(), "申请人来函")
    assert left(judged, "withdrawn") == "申请人来函"
    assert "此前" in refused(judged, decisions.withdraw, judged.row(), "再次")
    judged.judge()
    assert judged.row().status is Status.WITHDRAWN
    assert len(judged.documents()) == len(KINDS)
    assert len(judged.rows(m.event)) > before
    assert "此前" in refused(judged, decisions.withdraw, judged.row(), "再次")


def test_a_dossier_is_not_withdrawn_without_a_reason(judged: Intake) -> None:
    assert "理由" in refused(judged, decisions.withdraw, judged.row(), "  ")


def test_files_brought_by_hand_are_filed_once_as_the_newest_version(judged: Intake) -> None:
    better = document("agreement", content="2")
    assert act(judged, decisions.file_by_hand, judged.row(), [better]) == 1
    assert better.path in left(judged, "added")
    assert judged.documents()[-1].added_by == "staff"
    judged.judge()
    assert judged.row().status is Status.AWAITING_PAPER
    assert "均已" in refused(judged, decisions.file_by_hand, judged.row(), [better])


# ── mails ────────────────────────────────────────────────────────────────────────────────


def assign(intake: Intake, mail: int, target: str, *dossiers: Dossier, **more: object) -> None:
    """Assign a mail and let it be filed again."""
    act(intake, decisions.assign, mail, target)
    assert intake.mail(mail).fate is Fate.PENDING
    intake.file(mail, understood(*dossiers, **more))  # type: ignore[arg-type] # by name


def test_a_mail_is_moved_to_another_dossier_and_what_it_replaced_is_back(intake: Intake) -> None:
    intake.post(dossier())
    intake.post(dossier(LIGHTS))
    wrong = dossier("", document("plan", "", content="2"))
    mail = intake.post(wrong, subject=f"补充 {number(1)}")
    intake.judge()
    assert [each.superseded for each in intake.documents() if each.kind == "plan"] == [True, False]
    assign(intake, mail, number(2).lower(), wrong)
    assert "LM2016-0002" in left(intake, "assigned", None)
    left(intake, "moved", 1)
    assert [(each.version, each.superseded) for each in intake.documents(1)] == [(1, False)] * 4
    assert intake.states(1)[-1] == ("plan", 2, "moved")
    assert intake.states(2)[-1] == ("plan", 2, "current")
    assert intake.mail(mail).dossiers == (number(2),)
    assert intake.row(1).marked
    assert intake.row(2).marked


def test_a_moved_mail_takes_what_the_dossier_was_called_by_it_with_it(intake: Intake) -> None:
    intake.post(dossier())
    form = document("form", ROBOTS, secretariat="粤衡精密装备有限公司", content="2")
    mail = intake.post(dossier(ROBOTS, form))
    assert intake.row().secretariat == "粤衡精密装备有限公司"
    assign(intake, mail, "new", dossier(ROBOTS, form))
    assert (intake.row(1).name, intake.row(1).secretariat) == (ROBOTS, HOST)
    assert intake.row(2).secretariat == "粤衡精密装备有限公司"


def test_a_held_mail_assigned_elsewhere_leaves_nothing_waiting_behind(intake: Intake) -> None:
    intake.post(dossier())
    held = dossier(content="2")
    mail = intake.post(held, sender=STRANGER)
    assert intake.row().flags == ("held",)
    assign(intake, mail, "NEW", held, sender=STRANGER)
    intake.judge()
    assert (intake.row(1).flags, intake.row(1).review) == ((), ())
    assert intake.states(2) == [(kind, 1, "current") for kind in KINDS]


def test_a_mail_assigned_where_it_is_held_takes_effect_there(intake: Intake) -> None:
    intake.post(dossier())
    held = dossier(content="2")
    mail = intake.post(held, sender=STRANGER)
    assign(intake, mail, number(1), held, sender=STRANGER)
    assert [state for _, _, state in intake.states()].count("current") == 2 * len(KINDS)
    assert intake.row().flags == ()


def test_a_dossier_whose_only_mail_is_moved_away_is_withdrawn(intake: Intake) -> None:
    intake.paper()
    intake.post(dossier())
    intake.post(dossier(LIGHTS))
    intake.judge()
    assign(intake, 1, number(2), dossier())
    left(intake, "withdrawn", 1)
    intake.judge()
    assert (intake.row(1).status, intake.row(1).paper_id) == (Status.WITHDRAWN, None)


def test_a_mail_assigned_to_the_dossier_it_opened_does_not_close_it(intake: Intake) -> None:
    intake.post(dossier())
    assign(intake, 1, number(1), dossier())
    intake.judge()
    assert intake.row().status is Status.AWAITING_PAPER
    assert [state for _, _, state in intake.states()].count("current") == len(KINDS)


def test_a_dossier_with_files_brought_by_hand_is_not_closed_with_its_mail(intake: Intake) -> None:
    intake.post(dossier())
    intake.post(dossier(LIGHTS))
    act(intake, decisions.file_by_hand, intake.row(), [document("other", path="附页.docx")])
    assign(intake, 1, number(2), dossier())
    assert not intake.row(1).withdrawn


def test_a_mail_that_was_answered_is_not_answered_again_when_it_is_moved(intake: Intake) -> None:
    intake.post(dossier())
    intake.post(dossier(LIGHTS))
    mail = intake.post(dossier(ROBOTS, document("plan", content="2")))
    intake.answer(after=timedelta(hours=1))
    letters = intake.mail(mail).letters
    assert len(letters) == 1
    assign(intake, mail, number(2), dossier(ROBOTS, document("plan", content="2")))
    intake.answer(after=timedelta(days=3))
    assert intake.mail(mail).letters == letters


def test_a_mail_that_cannot_be_assigned_is_refused(judged: Intake) -> None:
    assert number(9) in refused(judged, decisions.assign, 1, number(9))
    assert "99" in refused(judged, decisions.assign, 99, number(1))


def test_a_mail_whose_original_was_not_fetched_is_asked_for_again(judged: Intake) -> None:
    large = judged.receive(sha256=None)
    with judged.registry.write() as connection:
        decisions.retry(connection, large, who="staff", now=judged.now)
    assert (judged.mail(large).fate, judged.mail(large).sha256) == (Fate.QUARANTINED, None)
    assert "重新读取" in judged.mail(large).reason
    assert [each.again for each in judged.rows(m.place) if each.mail_id == large] == [True]


def test_only_quarantined_mail_is_processed_again_or_dismissed(judged: Intake) -> None:
    assert "隔离" in refused(judged, decisions.retry, 1)
    assert "隔离" in refused(judged, decisions.dismiss_mail, 1, "无关")
    mail = judged.receive()
    with judged.registry.write() as connection:
        filing.count_attempt(connection, mail)
        filing.quarantine(connection, mail, "无法读取", judged.now)
    assert "理由" in refused(judged, decisions.dismiss_mail, mail, " ")
    act(judged, decisions.dismiss_mail, mail, "广告")
    assert judged.mail(mail).read_at == judged.now
    act(judged, decisions.retry, mail)
    assert judged.mail(mail).fate is Fate.PENDING
    with judged.registry.write() as connection:
        assert filing.count_attempt(connection, mail) == 1


def test_a_read_mail_is_marked_with_who_read_it(judged: Intake) -> None:
    act(judged, decisions.mark_read, 1)
    assert judged.mail(1).read_at == judged.now
    assert judged.events("read")[0].actor == "staff"
    refused(judged, decisions.mark_read, 99)


# ── letters ──────────────────────────────────────────────────────────────────────────────

EDITED = {"subject": "新\r\n主题", "text": "新的正文", "html": "<p>新的正文</p>"}


@pytest.fixture
def lettered(judged: Intake) -> Intake:
    """A registry with one queued letter."""
    judged.answer(after=timedelta(hours=1))
    return judged


def test_a_queued_letter_is_held_edited_and_released_by_hand(lettered: Intake) -> None:
    act(lettered, decisions.hold_letter, 1)
    assert lettered.letters()[0].state is LetterState.DRAFT
    before = lettered.letters()[0]
    act(lettered, decisions.edit_letter, 1, **EDITED)
    edited = lettered.letters()[0]
    assert (edited.subject, edited.text, edited.html) == (
        "新 主题",
        "新的正文",
        "<p>新的正文</p>",
    )
    assert (edited.message_id, edited.mails, edited.to) == (
        before.message_id,
        before.mails,
        before.to,
    )
    lettered.now += timedelta(days=1)
    act(lettered, decisions.send_letter, 1)
    sent = lettered.letters()[0]
    assert (sent.state, sent.reason, sent.queued_at) == (LetterState.QUEUED, "", lettered.now)
    assert [each.what for each in lettered.rows(m.event) if each.letter_id == 1] == [
        "letter",
        "held",
        "edited",
        "released",
    ]


def test_a_letter_that_is_edited_in_the_queue_waits_for_a_person(lettered: Intake) -> None:
    act(lettered, decisions.edit_letter, 1, **EDITED)
    assert lettered.letters()[0].state is LetterState.DRAFT


def test_what_cannot_be_done_with_a_letter_is_refused(lettered: Intake) -> None:
    refused(lettered, decisions.send_letter, 1)
    refused(lettered, decisions.send_letter, 99)
    assert "空" in refused(lettered, decisions.edit_letter, 1, **(EDITED | {"text": "\n"}))
    assert "空" in refused(lettered, decisions.edit_letter, 1, **(EDITED | {"subject": "\n"}))
    with lettered.registry.write() as connection:
        decisions.hold_letter(connection, 1, who="staff", now=lettered.now)
    refused(lettered, decisions.hold_letter, 1)


def test_a_letter_without_an_address_is_not_sent(intake: Intake) -> None:
    intake.post(dossier(), sender="")
    (letter,) = intake.answer()
    assert letter.state is LetterState.SUPPRESSED
    assert "地址" in refused(intake, decisions.send_letter, letter.id)


def test_a_letter_that_came_back_goes_to_another_address_as_a_letter_of_its_own(
    judged: Intake,
) -> None:
    (letter,) = judged.answer(after=QUIET)
    judged.post(sender="", machine="null-sender", bounced=(letter.message_id,))
    assert judged.row().due is not None
    to = {"message_id": "<two@example.org>"}
    assert "邮箱" in refused(judged, decisions.redirect_letter, letter.id, "nowhere", **to)
    new = act(judged, decisions.redirect_letter, letter.id, " New@Example.net ", **to)
    old, fresh = judged.letters()
    assert (old.state, old.message_id) == (LetterState.BOUNCED, letter.message_id)
    assert (fresh.id, fresh.to, fresh.text) == (new, ("new@example.net",), letter.text)
    assert (fresh.state, fresh.message_id) == (LetterState.QUEUED, "<two@example.org>")
    assert (fresh.notice, fresh.mails, fresh.in_reply_to) == (True, (), letter.message_id)
    assert fresh.dossiers == letter.dossiers
    assert "new@example.net" in {each.detail.split()[-1] for each in judged.events("redirected")}
    with judged.registry.write() as connection:
        outgoing.handed_over(connection, fresh, judged.now + QUIET)
    with judged.registry.read() as connection:
        assert queries.queue_size(connection, waiting=True) == 0
    assert judged.row().due is None


def test_who_was_told_otherwise_waits_no_more(intake: Intake) -> None:
    """A sender that looks like a machine gets no letter: a person tells him."""
    intake.post(dossier(), machine="no-reply-sender")
    (letter,) = intake.answer()
    assert letter.state is LetterState.SUPPRESSED
    assert intake.row().due is not None

    def waiting() -> int:
        with intake.registry.read() as connection:
            return queries.queue_size(connection, waiting=True)

    assert waiting() == 1
    refused(intake, decisions.tell_otherwise, intake.row(), " ")
    act(intake, decisions.tell_otherwise, intake.row(), "6月1日电话告知联系人")
    assert (waiting(), intake.row().due) == (0, None)


def test_a_draft_that_its_dossier_has_overtaken_goes_only_knowingly(intake: Intake) -> None:
    intake.receipts(mode="review", quiet_period="0s")
    intake.post(dossier(lacks=LACKING))
    (draft,) = intake.answer(after=QUIET)
    assert (draft.state, draft.overtaken) == (LetterState.DRAFT, ())
    with intake.registry.read() as connection:
        assert queries.queue_size(connection, waiting=True) == 1
    intake.post(subject=f"{number(1)} 申请撤回申报", text="因故")
    assert number(1) in refused(intake, decisions.send_letter, draft.id)
    act(intake, decisions.send_letter, draft.id, anyway=True)
    assert intake.letters()[-1].state is LetterState.QUEUED


def test_a_later_letter_takes_the_place_of_a_list_that_waits_for_approval(intake: Intake) -> None:
    intake.receipts(mode="review", quiet_period="0s")
    intake.post(dossier(lacks=LACKING))
    (draft,) = intake.answer(after=QUIET)
    intake.post(dossier(ROBOTS, document("charter", content="2")))
    (new,) = intake.answer(after=QUIET)
    states = {each.id: each.state for each in intake.letters()}
    assert (states[draft.id], states[new.id]) == (LetterState.SUPPRESSED, LetterState.DRAFT)


def test_who_asked_to_withdraw_has_it_confirmed_once(intake: Intake) -> None:
    intake.post(dossier())
    intake.answer()
    intake.post(subject=f"{number(1)} 申请撤回申报", text="因故")
    intake.judge()
    act(intake, decisions.withdraw, intake.row(), "申请人来函")
    (letter,) = intake.answer(after=QUIET)
    assert "已登记撤回" in letter.text
    assert "撤回登记通知" in letter.subject
    assert intake.answer(after=QUIET) == ()


def test_a_withdrawal_that_nobody_asked_for_writes_no_letter(intake: Intake) -> None:
    intake.post(dossier())
    intake.answer()
    act(intake, decisions.withdraw, intake.row(), "重复")
    assert intake.answer(after=QUIET) == ()
