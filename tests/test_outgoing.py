"""Letters are written once, kept for good, and accounted for; over the real registry."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from registry import decisions, outgoing, queries
from registry import models as m
from registry.answers import Due
from registry.events import mark
from registry.outgoing import GIVES_UP_AFTER, PAUSES, Written
from registry.rows import Fate, Kind, LetterRow, LetterState, Outcome, Status
from tests.builders import (
    KINDS,
    LIGHTS,
    LINK,
    QUIET,
    ROBOTS,
    SENDER,
    STRANGER,
    Intake,
    document,
    dossier,
    number,
    understood,
)

RISKLESS = ("agreement.risk",)
DOUBTFUL = ("agreement.risk", "charter.general")


def kinds(letters: tuple[LetterRow, ...]) -> list[tuple[str, bool]]:
    return [(each.kind.value, each.notice) for each in letters]


def settle(intake: Intake, serial: int = 1) -> None:
    """A person settles what is doubtful of the charter."""
    with intake.registry.write() as connection:
        decisions.decide(
            connection,
            intake.row(serial),
            "charter.general",
            document=charter_of(intake, serial),
            outcome=Outcome.OK,
            reason="章程总则见第二页",
            who="staff",
            now=intake.now,
        )


def charter_of(intake: Intake, serial: int) -> str:
    row = intake.row(serial)
    (found,) = [
        each.document
        for each in intake.rows(m.finding)
        if (each.dossier_id, each.id) == (row.id, "charter.general")
    ]
    return str(found)


# ── what falls due ───────────────────────────────────────────────────────────────────────


def test_a_complete_dossier_awaiting_paper_is_acknowledged_at_once(intake: Intake) -> None:
    mail = intake.post(dossier(), message_id="<first@example.com>")
    (letter,) = intake.answer()
    assert (letter.kind, letter.to, letter.state) == (
        Kind.ACKNOWLEDGEMENT,
        (SENDER,),
        LetterState.QUEUED,
    )
    assert (letter.mails, letter.dossiers) == ((mail,), (number(1),))
    assert (letter.in_reply_to, letter.references) == (
        "<first@example.com>",
        ("<first@example.com>",),
    )
    assert f"[{number(1)}]" in letter.subject
    assert letter.message_id.endswith("@example.org>")


def test_an_answer_is_owed_until_a_full_one_has_gone(intake: Intake) -> None:
    intake.post(dossier())
    (letter,) = intake.answer()
    assert intake.row().due is not None
    with intake.registry.write() as connection:
        outgoing.handed_over(connection, letter, intake.now)
    assert intake.row().due is None
    assert intake.answer(after=timedelta(days=9)) == ()


def test_what_is_missing_is_told_after_the_quiet_period_in_one_letter_for_all_mails(
    intake: Intake,
) -> None:
    intake.post(dossier(ROBOTS, document("form")))
    assert intake.answer(after=timedelta(minutes=10)) == ()
    intake.post(dossier(ROBOTS, document("plan")))
    assert intake.answer(after=QUIET - timedelta(minutes=1)) == ()
    (letter,) = intake.answer(after=timedelta(minutes=1))
    assert (letter.kind, letter.mails) == (Kind.MISSING_ITEMS, (1, 2))
    assert intake.answer(after=timedelta(days=9)) == ()


def test_a_doubtful_dossier_is_acknowledged_and_its_list_follows_the_persons_decision(
    intake: Intake,
) -> None:
    intake.post(dossier(lacks=DOUBTFUL))
    assert kinds(intake.answer()) == [("acknowledgement", False)]
    assert intake.row().status is Status.IN_REVIEW
    assert intake.row().due is not None
    assert intake.answer(after=timedelta(days=1)) == ()
    settle(intake)
    assert intake.answer() == ()
    (notice,) = intake.answer(after=QUIET)
    assert (notice.kind, notice.notice, notice.mails) == (Kind.MISSING_ITEMS, True, ())
    assert "风险" in notice.text
    (first, _) = intake.letters()
    assert notice.in_reply_to == first.message_id
    assert first.message_id in notice.references
    for letter in (first, notice):
        assert intake.row().due is not None
        with intake.registry.write() as connection:
            outgoing.handed_over(connection, letter, intake.now)
    assert intake.row().due is None
    assert intake.answer(after=timedelta(days=9)) == ()


def test_several_dossiers_get_one_acknowledgement_and_one_notice(intake: Intake) -> None:
    intake.post(dossier(lacks=RISKLESS), dossier(LIGHTS, lacks=RISKLESS))
    (letter,) = intake.answer()
    assert (letter.kind, letter.dossiers) == (Kind.ACKNOWLEDGEMENT, (number(1), number(2)))
    assert f"[{number(1)}等2件]" in letter.subject
    (notice,) = intake.answer(after=QUIET)
    assert (notice.kind, notice.notice, notice.dossiers) == (
        Kind.MISSING_ITEMS,
        True,
        (number(1), number(2)),
    )
    assert intake.answer(after=timedelta(days=9)) == ()


def test_of_several_dossiers_the_decided_ones_are_told_after_two_working_days(
    intake: Intake,
) -> None:
    intake.post(dossier(lacks=RISKLESS), dossier(LIGHTS, lacks=DOUBTFUL))
    intake.answer()
    assert intake.answer(after=timedelta(days=2)) == ()
    (notice,) = intake.answer(after=timedelta(days=1))
    assert notice.dossiers == (number(1),)
    settle(intake, 2)
    (rest,) = intake.answer(after=QUIET)
    assert (rest.notice, rest.dossiers) == (True, (number(2),))
    assert intake.answer(after=timedelta(days=9)) == ()


def test_paper_that_completes_a_dossier_is_told_once(intake: Intake) -> None:
    intake.post(dossier())
    intake.answer()
    paper = intake.paper()
    with intake.registry.write() as connection:
        mark(connection, [1], intake.now)
    (notice,) = intake.answer()
    assert (notice.kind, notice.notice, notice.state) == (
        Kind.COMPLETE,
        True,
        LetterState.QUEUED,
    )
    assert intake.row().paper_id == paper
    with intake.registry.write() as connection:
        mark(connection, [1], intake.now)
    assert intake.answer(after=timedelta(days=9)) == ()


def test_a_lack_that_paper_shows_is_told_as_a_notice(intake: Intake) -> None:
    intake.post(dossier())
    intake.answer()
    intake.paper(sealed=False)
    with intake.registry.write() as connection:
        mark(connection, [1], intake.now)
    (notice,) = intake.answer(after=QUIET)
    assert kinds((notice,)) == [("missing-items", True)]
    assert intake.answer(after=timedelta(days=9)) == ()


def test_a_stranger_learns_no_number_and_the_applicant_gets_his_own_letter(intake: Intake) -> None:
    intake.post(dossier())
    intake.answer()
    intake.post(dossier(content="2"), sender=STRANGER)
    (letter,) = intake.answer()
    assert (letter.kind, letter.to, letter.dossiers) == (Kind.ACKNOWLEDGEMENT, (STRANGER,), ())
    assert number(1) not in letter.subject + letter.text
    assert ROBOTS not in letter.subject + letter.text
    assert intake.mail(2).letters == (letter.id,)


def test_who_is_a_stranger_to_one_dossier_of_a_mail_is_still_told_of_his_own(
    intake: Intake,
) -> None:
    intake.post(dossier())
    intake.answer()
    mail = intake.post(dossier(content="2"), dossier(LIGHTS, lacks=RISKLESS), sender=STRANGER)
    assert intake.mail(mail).dossiers == (number(1), number(2))
    (letter,) = intake.answer(after=QUIET)
    assert (letter.kind, letter.to, letter.dossiers) == (
        Kind.MISSING_ITEMS,
        (STRANGER,),
        (number(2),),
    )
    assert number(1) not in letter.subject + letter.text
    assert intake.answer(after=timedelta(days=9)) == ()


def test_a_mail_that_brought_nothing_new_is_told_so_once(intake: Intake) -> None:
    intake.post(dossier())
    intake.answer()
    again = intake.post(dossier())
    (letter,) = intake.answer()
    assert letter.mails == (again,)
    assert "此前均已收到" in letter.text


def test_a_noted_mail_gets_no_letter(intake: Intake) -> None:
    intake.post(dossier())
    intake.answer()
    intake.post(subject=f"咨询 {number(1)}")
    assert intake.answer(after=timedelta(days=9)) == ()


def test_old_mail_is_judged_and_its_letters_are_suppressed(intake: Intake) -> None:
    intake.post(dossier(lacks=DOUBTFUL), place={"old": True})
    (letter,) = intake.answer()
    assert letter.state is LetterState.SUPPRESSED
    settle(intake)
    (notice,) = intake.answer(after=QUIET)
    assert notice.state is LetterState.SUPPRESSED


def test_an_unrecognised_mail_with_a_link_is_told_of_it(intake: Intake) -> None:
    intake.post(subject="材料", text="见链接", links=(LINK,))
    (letter,) = intake.answer()
    assert (letter.kind, letter.state) == (Kind.UNRECOGNISED, LetterState.QUEUED)


def test_a_quarantined_mail_is_answered_once_a_person_has_assigned_it(intake: Intake) -> None:
    intake.post(dossier(), dossier(LIGHTS))
    (letter,) = intake.answer()
    nameless = dossier("", document("plan", "", content="2"))
    mail = intake.post(nameless, subject="补充", text="见附件", references=(letter.message_id,))
    assert intake.mail(mail).fate is Fate.QUARANTINED
    assert intake.answer(after=timedelta(days=9)) == ()
    with intake.registry.write() as connection:
        decisions.assign(connection, mail, number(2), who="staff", now=intake.now)
    intake.file(mail, understood(nameless, subject="补充", text="见附件"))
    (answer,) = intake.answer(after=QUIET)
    assert (answer.mails, answer.dossiers) == ((mail,), (number(2),))


def test_a_mail_answered_before_a_person_assigned_it_is_followed_by_a_notice(
    intake: Intake,
) -> None:
    nameless = dossier("", document("agreement", "", lacks=RISKLESS))
    mail = intake.post(nameless, subject="材料", text="见附件")
    assert kinds(intake.answer()) == [("unrecognised", False)]
    with intake.registry.write() as connection:
        decisions.assign(connection, mail, "new", who="staff", now=intake.now)
    intake.file(mail, understood(nameless, subject="材料", text="见附件"))
    later = intake.answer(after=QUIET) + intake.answer(after=timedelta(days=9))
    assert [each.to for each in later] == [(SENDER,)]
    assert later[0].dossiers == (number(1),)


# ── what is kept ─────────────────────────────────────────────────────────────────────────


def written(intake: Intake, **changes: object) -> Written:
    """An acknowledgement of mail 1 about the first dossier, as it stands."""
    row = intake.row()
    letter = Due(kind=Kind.ACKNOWLEDGEMENT, notice=False, to=SENDER, mails=(1,), dossiers=(row.id,))
    values: dict[str, Any] = {
        "due": letter,
        "subject": "收件回执",
        "text": "您好！",
        "html": "<p>您好！</p>",
        "message_id": "<letter@example.org>",
        "in_reply_to": "",
        "references": (),
        "revisions": {row.id: row.revision},
        "points": {},
    }
    values |= changes
    with intake.registry.read() as connection:
        mails = m.mail.c.id.in_(values["due"].mails)
        values.setdefault("answered", outgoing.wanting(connection, mails))
    return Written(**values)


def keep(intake: Intake, letter: Written) -> int | None:
    with intake.registry.write() as connection:
        return outgoing.keep_letter(connection, letter, intake.now)


@pytest.fixture
def judged(intake: Intake) -> Intake:
    """A registry with one judged dossier whose mail is unanswered."""
    intake.post(dossier())
    intake.judge()
    return intake


def test_a_letter_is_kept_with_its_mails_and_an_event(judged: Intake) -> None:
    letter = keep(judged, written(judged))
    (row,) = judged.letters()
    assert (row.id, row.mails, row.dossiers, row.queued_at) == (
        letter,
        (1,),
        (number(1),),
        judged.now,
    )
    assert [each.letter_id for each in judged.events("letter")] == [letter]


def test_a_letter_is_dropped_when_its_dossier_has_changed_meanwhile(judged: Intake) -> None:
    letter = written(judged)
    with judged.registry.write() as connection:
        mark(connection, [1], judged.now)
    assert keep(judged, letter) is None
    judged.judge()
    assert keep(judged, letter) is None  # judged again: what it says may be wrong now
    assert judged.letters() == ()
    assert keep(judged, written(judged))


def test_a_mail_is_not_answered_twice_and_the_second_letter_leaves_nothing(judged: Intake) -> None:
    keep(judged, written(judged))
    with pytest.raises(IntegrityError):
        keep(judged, written(judged, message_id="<second@example.org>"))
    assert len(judged.letters()) == 1
    assert len(judged.events("letter")) == 1


def test_a_letter_is_dropped_when_its_mail_was_given_elsewhere_meanwhile(intake: Intake) -> None:
    mail = intake.post(subject="材料", files=1)
    letter = Due(kind=Kind.UNRECOGNISED, notice=False, to=SENDER, mails=(mail,), dossiers=())
    with intake.registry.read() as connection:
        answered = outgoing.waiting(connection)
    stale = Written(
        due=letter,
        subject="回执",
        text="您好！",
        html="<p>您好！</p>",
        message_id="<letter@example.org>",
        in_reply_to="",
        references=(),
        answered=answered,
        revisions={},
        points={},
    )
    with intake.registry.write() as connection:
        decisions.assign(connection, mail, "new", who="staff", now=intake.now)
    assert keep(intake, stale) is None
    assert intake.mail(mail).letters == ()


def test_one_notice_of_a_kind_goes_for_one_judged_revision(judged: Intake) -> None:
    keep(judged, written(judged))
    row = judged.row()
    notice = Due(kind=Kind.COMPLETE, notice=True, to=SENDER, mails=(), dossiers=(row.id,))
    keep(judged, written(judged, due=notice, message_id="<second@example.org>"))
    with pytest.raises(IntegrityError):
        keep(judged, written(judged, due=notice, message_id="<third@example.org>"))


def test_what_a_letter_to_a_stranger_says_is_not_told_to_the_applicant(judged: Intake) -> None:
    letter = written(judged)
    keep(judged, replace(letter, due=replace(letter.due, stranger=True)))
    assert judged.rows(m.letter_dossier) == []
    assert judged.row().due is not None


# ── handing over ─────────────────────────────────────────────────────────────────────────


@pytest.fixture
def queued(judged: Intake) -> Intake:
    """A registry with one queued letter."""
    keep(judged, written(judged))
    return judged


def put_off(intake: Intake, reason: str = "451 later", *, for_good: bool = False) -> LetterState:
    with intake.registry.write() as connection:
        outgoing.count_try(connection, 1, intake.now)
        return outgoing.put_off(connection, 1, reason, intake.now, for_good=for_good)


def test_a_letter_put_off_waits_longer_each_time_and_is_given_up_after_three_days(
    queued: Intake,
) -> None:
    begin, pauses = queued.now, []
    while put_off(queued) is LetterState.QUEUED:
        (row,) = queued.letters()
        assert row.next_try_at
        pauses.append(row.next_try_at - queued.now)
        queued.now = row.next_try_at
    assert pauses[: len(PAUSES)] == list(PAUSES)
    assert set(pauses[len(PAUSES) :]) == {PAUSES[-1]}
    assert GIVES_UP_AFTER < queued.now - begin <= GIVES_UP_AFTER + PAUSES[-1]
    (row,) = queued.letters()
    assert (row.state, row.reason, row.next_try_at, row.attempts) == (
        LetterState.FAILED,
        "451 later",
        None,
        len(pauses) + 1,
    )
    assert [each.detail for each in queued.events("failed")] == ["451 later"]


def test_a_letter_refused_for_good_is_given_up_at_once(queued: Intake) -> None:
    assert put_off(queued, "550 no such user", for_good=True) is LetterState.FAILED


def test_a_letter_held_by_a_person_is_not_tried(queued: Intake) -> None:
    with queued.registry.write() as connection:
        decisions.hold_letter(connection, 1, who="staff", now=queued.now)
        assert not outgoing.count_try(connection, 1, queued.now)
    (row,) = queued.letters()
    assert (row.state, row.attempts) == (LetterState.DRAFT, 0)


def test_a_letter_held_while_it_was_tried_stays_held_when_it_was_not_taken(queued: Intake) -> None:
    with queued.registry.write() as connection:
        assert outgoing.count_try(connection, 1, queued.now)
    with queued.registry.write() as connection:
        decisions.hold_letter(connection, 1, who="staff", now=queued.now)
    with queued.registry.write() as connection:
        state = outgoing.put_off(connection, 1, "451 later", queued.now, for_good=False)
    (row,) = queued.letters()
    assert state is row.state is LetterState.DRAFT
    assert "staff" in row.reason


def test_a_letter_handed_over_is_sent_even_where_it_was_held_meanwhile(queued: Intake) -> None:
    (letter,) = queued.letters()
    with queued.registry.write() as connection:
        decisions.hold_letter(connection, 1, who="staff", now=queued.now)
        outgoing.handed_over(connection, letter, queued.now)
    (row,) = queued.letters()
    assert (row.state, row.sent_at, row.reason) == (LetterState.SENT, queued.now, "")


def test_a_letter_of_which_nothing_could_be_recorded_does_not_go_again_at_every_look(
    queued: Intake,
) -> None:
    pauses = []
    for _ in range(3):
        with queued.registry.write() as connection:
            outgoing.count_try(connection, 1, queued.now)
            assert queries.to_send(connection, queued.now) == ()
        (row,) = queued.letters()
        assert row.next_try_at
        pauses.append(row.next_try_at - queued.now)
        queued.now = row.next_try_at
        with queued.registry.read() as connection:
            assert queries.to_send(connection, queued.now) == (1,)
    assert pauses == list(PAUSES[:3])


def test_an_attempt_is_in_doubt_until_the_mail_server_has_said_what_it_did(queued: Intake) -> None:
    def attempts() -> tuple[int, int]:
        (row,) = queued.letters()
        return row.attempts, row.in_doubt

    with queued.registry.write() as connection:
        outgoing.count_try(connection, 1, queued.now)
    assert attempts() == (1, 1)  # and so it stays where the process dies now
    put_off(queued)
    assert attempts() == (2, 1)
    with queued.registry.write() as connection:
        outgoing.count_try(connection, 1, queued.now)
        outgoing.put_off(connection, 1, "lost", queued.now, for_good=False, in_doubt=True)
    assert attempts() == (3, 2)
    with queued.registry.write() as connection:
        outgoing.count_try(connection, 1, queued.now)
        outgoing.handed_over(connection, queued.letters()[0], queued.now)
        assert queries.count_in_doubt(connection) == 2
    assert attempts() == (4, 2)


def test_what_was_sent_lately_counts_letters_that_went_or_will_go(intake: Intake) -> None:
    for at in range(3):
        intake.post(dossier(f"广东省{KINDS[at]}示例产业技术创新联盟"))
        intake.answer()
    intake.post(subject="材料", files=1)
    intake.answer()
    with intake.registry.write() as connection:
        connection.execute(
            update(m.letter).where(m.letter.c.id == 1).values(state=LetterState.SUPPRESSED)
        )
        connection.execute(
            update(m.letter).where(m.letter.c.id == 2).values(state=LetterState.SENT)
        )
        lately = outgoing.sent(connection, intake.now)
        tomorrow = outgoing.sent(connection, intake.now + timedelta(days=1))
        next_week = outgoing.sent(connection, intake.now + timedelta(days=7))
    assert (lately.today, dict(lately.unrecognised_at)) == ({SENDER: 3}, {SENDER: intake.now})
    assert (tomorrow.today, dict(tomorrow.unrecognised_at)) == ({}, {SENDER: intake.now})
    assert (next_week.today, dict(next_week.unrecognised_at)) == ({}, {})
