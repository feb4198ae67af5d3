"""Which letters fall due: every mail of a person once, nothing too early, nothing too often."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.settings import Receipts
from registry.answers import Due, Sent, Standing, Told, Waiting, due, is_address, is_never_answered
from registry.rows import Fate, Kind, LetterState, Status
from tests.builders import NOW, QUIET, SENDER, STRANGER

RECEIPTS = Receipts()
NOBODY = Sent(today={}, unrecognised_at={})
RISK = ("agreement.risk", "组建协议.docx")
SEALS = ("paper.seals", "")
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def mail(number: int = 1, *dossiers: int, **changes: object) -> Waiting:
    values: dict[str, Any] = {
        "id": number,
        "sender": SENDER,
        "fate": Fate.FILED if dossiers else Fate.UNRELATED,
        "received_at": NOW,
        "dossiers": dossiers,
        "submission_like": True,
    }
    return Waiting(**(values | changes))


def standing(number: int = 1, *points: tuple[str, str], **changes: object) -> Standing:
    values: dict[str, Any] = {
        "id": number,
        "revision": 1,
        "status": Status.INCOMPLETE if points else Status.AWAITING_PAPER,
        "updated_at": NOW,
        "points": frozenset(points),
    }
    return Standing(**(values | changes))


def told(*points: tuple[str, str], **changes: object) -> Told:
    values: dict[str, Any] = {
        "letter": 1,
        "to": SENDER,
        "at": NOW,
        "status": Status.INCOMPLETE if points else Status.IN_REVIEW,
        "state": LetterState.SENT,
        "reason": "",
        "points": frozenset(points),
        "batch": (1,),
    }
    return Told(**(values | changes))


def ask(
    waiting: Iterable[Waiting],
    *standings: Standing,
    receipts: Receipts = RECEIPTS,
    sent: Sent = NOBODY,
    now: datetime = NOW,
) -> tuple[Due, ...]:
    return due(tuple(waiting), {each.id: each for each in standings}, sent, receipts, now)


def only(letters: tuple[Due, ...]) -> Due:
    (letter,) = letters
    return letter


# ── answers ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "status", [Status.IN_REVIEW, Status.AWAITING_PAPER, Status.COMPLETE, Status.WITHDRAWN]
)
def test_an_acknowledgement_never_waits(status: Status) -> None:
    letter = only(ask([mail(1, 1, more_follows=True)], standing(1, RISK, status=status)))
    assert (letter.kind, letter.to, letter.mails, letter.dossiers) == (
        Kind.ACKNOWLEDGEMENT,
        SENDER,
        (1,),
        (1,),
    )
    assert (letter.notice, letter.state, letter.reason) == (False, LetterState.QUEUED, "")


def test_a_list_of_what_is_missing_waits_for_the_quiet_period() -> None:
    about = standing(1, RISK)
    assert ask([mail(1, 1)], about) == ()
    assert ask([mail(1, 1)], about, now=NOW + QUIET - timedelta(seconds=1)) == ()
    letter = only(ask([mail(1, 1)], about, now=NOW + QUIET))
    assert letter.kind is Kind.MISSING_ITEMS


def test_the_quiet_period_counts_from_the_last_change_of_the_dossier() -> None:
    about = standing(1, RISK, updated_at=NOW + 5 * HOUR)
    assert ask([mail(1, 1)], about, now=NOW + 5 * HOUR) == ()
    assert ask([mail(1, 1)], about, now=NOW + 5 * HOUR + QUIET)


def test_where_more_follows_the_list_waits_to_the_end_of_the_next_working_day() -> None:
    wednesday_before_the_holidays = NOW + 7 * DAY
    first = mail(1, 1, more_follows=True, received_at=wednesday_before_the_holidays)
    about = standing(1, RISK, updated_at=wednesday_before_the_holidays)
    midnight = datetime(2016, 6, 13, 0, 0, tzinfo=NOW.tzinfo)  # Sunday 12 June was worked
    assert ask([first], about, now=midnight - timedelta(seconds=1)) == ()
    assert only(ask([first], about, now=midnight)).kind is Kind.MISSING_ITEMS


def test_with_no_quiet_period_nothing_waits() -> None:
    hurried = Receipts(quiet_period=timedelta(0))
    letter = only(ask([mail(1, 1, more_follows=True)], standing(1, RISK), receipts=hurried))
    assert letter.kind is Kind.MISSING_ITEMS


def test_nothing_falls_due_while_a_dossier_is_unjudged() -> None:
    dossiers = standing(1), standing(2, marked=True)
    assert ask([mail(1, 1, 2), mail(2, 2)], *dossiers, now=NOW + DAY) == ()
    assert ask([mail(1, 1)], *dossiers)


def test_mails_of_one_sender_about_the_same_dossier_share_a_letter_that_answers_the_newest() -> (
    None
):
    mails = [mail(1, 1), mail(2, 1), mail(3, 1)]
    letter = only(ask(mails, standing(1, RISK), now=NOW + QUIET))
    assert letter.mails == (1, 2, 3)


@pytest.mark.parametrize(
    "other",
    [
        {"sender": "second@example.com"},
        {"dossiers": (1, 2)},
        {"stranger": True},
        {"spam": True},
    ],
)
def test_mails_that_differ_in_what_is_answered_share_nothing(other: dict[str, object]) -> None:
    mails = [mail(1, 1), replace(mail(2, 1), **other)]  # type: ignore[arg-type] # by name
    letters = ask(mails, standing(1, RISK), standing(2), now=NOW + QUIET)
    assert sorted(each.mails for each in letters) == [(1,), (2,)]


def test_several_dossiers_are_acknowledged_at_once_in_one_letter() -> None:
    letter = only(ask([mail(1, 1, 2, 3)], *(standing(each, RISK) for each in (1, 2, 3))))
    assert (letter.kind, letter.dossiers) == (Kind.ACKNOWLEDGEMENT, (1, 2, 3))


def test_a_stranger_is_only_acknowledged() -> None:
    letter = only(ask([mail(1, 1, stranger=True)], standing(1, RISK), now=NOW + DAY))
    assert (letter.kind, letter.stranger) == (Kind.ACKNOWLEDGEMENT, True)


def test_a_duplicate_is_told_so_and_what_is_still_open() -> None:
    letter = only(ask([mail(1, 1, fate=Fate.DUPLICATE)], standing(1, RISK), now=NOW + QUIET))
    assert (letter.kind, letter.duplicate) == (Kind.MISSING_ITEMS, True)


@pytest.mark.parametrize(
    ("mode", "like", "state"),
    [
        ("submissions", True, LetterState.QUEUED),
        ("submissions", False, LetterState.SUPPRESSED),
        ("all", False, LetterState.QUEUED),
        ("off", True, LetterState.SUPPRESSED),
    ],
)
def test_an_unrecognised_mail_is_answered_as_the_settings_say(
    mode: str, *, like: bool, state: LetterState
) -> None:
    receipts = Receipts.model_validate({"unrecognised": mode})
    letter = only(ask([mail(1, submission_like=like)], receipts=receipts))
    assert (letter.kind, letter.state) == (Kind.UNRECOGNISED, state)
    assert bool(letter.reason) == (state is LetterState.SUPPRESSED)


def test_unrecognised_mails_are_answered_one_by_one_and_only_the_first_goes() -> None:
    letters = ask([mail(1), mail(2), mail(3, sender=STRANGER)])
    assert [(each.mails, each.state) for each in letters] == [
        ((1,), LetterState.QUEUED),
        ((2,), LetterState.SUPPRESSED),
        ((3,), LetterState.QUEUED),
    ]


def test_an_unrecognised_letter_goes_to_one_address_once_in_seven_days() -> None:
    before = Sent(today={}, unrecognised_at={SENDER: NOW})
    week = 7 * DAY
    early = only(ask([mail(1)], sent=before, now=NOW + week - timedelta(seconds=1)))
    assert early.state is LetterState.SUPPRESSED
    assert only(ask([mail(1)], sent=before, now=NOW + week)).state is LetterState.QUEUED


@pytest.mark.parametrize(
    ("changes", "receipts", "state"),
    [
        ({"machine": "list"}, {}, LetterState.SUPPRESSED),
        ({"old": True}, {}, LetterState.SUPPRESSED),
        ({"sender": ""}, {}, LetterState.SUPPRESSED),
        ({}, {"mode": "off"}, LetterState.SUPPRESSED),
        ({}, {"never_answer": ("EXAMPLE.com",)}, LetterState.SUPPRESSED),
        ({}, {"never_answer": (SENDER.upper(),)}, LetterState.SUPPRESSED),
        ({}, {"never_answer": ("ample.com", "other@example.com")}, LetterState.QUEUED),
        ({"spam": True}, {}, LetterState.DRAFT),
        ({"spam": True, "old": True}, {}, LetterState.SUPPRESSED),
        ({}, {"mode": "review"}, LetterState.QUEUED),
    ],
)
def test_what_keeps_an_acknowledgement_from_going(
    changes: dict[str, object], receipts: dict[str, Any], state: LetterState
) -> None:
    letter = only(ask([mail(1, 1, **changes)], standing(1), receipts=Receipts(**receipts)))
    assert (letter.kind, letter.state) == (Kind.ACKNOWLEDGEMENT, state)
    assert bool(letter.reason) == (state is not LetterState.QUEUED)


def test_in_review_mode_a_person_approves_what_is_missing() -> None:
    review = Receipts(mode="review")
    letter = only(ask([mail(1, 1)], standing(1, RISK), receipts=review, now=NOW + QUIET))
    assert (letter.kind, letter.state) == (Kind.MISSING_ITEMS, LetterState.DRAFT)
    after_review = standing(1, RISK, told=told())
    letter = only(ask([], after_review, receipts=review, now=NOW + QUIET))
    assert (letter.notice, letter.state) == (True, LetterState.DRAFT)


def test_who_asked_to_withdraw_and_whose_number_was_merged_are_told() -> None:
    whole = told(status=Status.AWAITING_PAPER)
    merged = standing(1, told=whole, merged=("LM2016-0017",))
    letter = only(ask([], merged, now=NOW + QUIET))
    assert (letter.kind, letter.notice, letter.state) == (
        Kind.MISSING_ITEMS,
        True,
        LetterState.QUEUED,
    )
    assert ask([], replace(merged, status=Status.IN_REVIEW), now=NOW + QUIET) == ()
    gone = standing(1, told=whole, status=Status.WITHDRAWN)
    assert ask([], gone, now=NOW + QUIET) == ()
    assert only(ask([], replace(gone, withdrawn_as_asked=True), now=NOW + QUIET)).notice


def test_over_the_days_cap_letters_wait_for_a_person() -> None:
    mails = [mail(each, each) for each in (1, 2, 3)]
    letters = ask(
        mails,
        *(standing(each) for each in (1, 2, 3)),
        receipts=Receipts(per_address_per_day=5),
        sent=Sent(today={SENDER: 3}, unrecognised_at={}),
    )
    assert [each.state for each in letters] == [
        LetterState.QUEUED,
        LetterState.QUEUED,
        LetterState.DRAFT,
    ]


def test_the_cap_of_one_address_does_not_touch_another() -> None:
    full = Sent(today={SENDER: 20}, unrecognised_at={})
    letter = only(ask([mail(1, 1, sender=STRANGER)], standing(1), sent=full))
    assert letter.state is LetterState.QUEUED


@pytest.mark.parametrize(
    ("address", "listed", "never"),
    [
        ("a@example.com", "example.com", True),
        ("a@example.com", "@Example.COM", True),
        ("a@sub.example.com", "example.com", False),
        ("a@example.com", "b@example.com", False),
        ("", "example.com", False),
    ],
)
def test_never_answer_names_addresses_and_domains(
    address: str, listed: str, *, never: bool
) -> None:
    assert is_never_answered(address, Receipts(never_answer=(listed,))) is never


# ── notices ──────────────────────────────────────────────────────────────────────────────


def test_what_a_review_has_shown_is_told_after_the_quiet_period() -> None:
    reviewed = standing(1, RISK, told=told())
    assert ask([], reviewed) == ()
    letter = only(ask([], reviewed, now=NOW + QUIET))
    assert (letter.kind, letter.notice, letter.to, letter.mails) == (
        Kind.MISSING_ITEMS,
        True,
        SENDER,
        (),
    )


def test_points_once_told_are_not_told_again_unless_new_ones_came() -> None:
    assert ask([], standing(1, RISK, told=told(RISK)), now=NOW + DAY) == ()
    assert ask([], standing(1, RISK, told=told(RISK, SEALS)), now=NOW + DAY) == ()
    assert only(ask([], standing(1, RISK, SEALS, told=told(RISK)), now=NOW + DAY)).notice


def test_completion_by_paper_is_told_at_once_and_only_once() -> None:
    complete = standing(1, status=Status.COMPLETE, told=told(RISK))
    letter = only(ask([], complete))
    assert (letter.kind, letter.notice) == (Kind.COMPLETE, True)
    after = replace(complete, told=told(status=Status.COMPLETE))
    assert ask([], after, now=NOW + 30 * DAY) == ()


@pytest.mark.parametrize(
    "about",
    [
        standing(1, RISK),
        standing(1, RISK, told=told(), marked=True),
        standing(1, RISK, told=told(), status=Status.IN_REVIEW),
        standing(1, RISK, told=told(RISK), status=Status.AWAITING_PAPER),
        standing(1, RISK, told=told(), status=Status.WITHDRAWN),
        standing(1, told=told(status=Status.AWAITING_PAPER)),
    ],
)
def test_there_is_nothing_to_give_notice_of(about: Standing) -> None:
    assert ask([], about, now=NOW + DAY) == ()


def test_no_notice_goes_while_a_mail_about_the_dossier_is_unanswered() -> None:
    about = standing(1, RISK, told=told(), updated_at=NOW + HOUR)
    waiting = [mail(1, 1, more_follows=True, received_at=NOW + HOUR)]
    assert ask(waiting, about, now=NOW + HOUR + QUIET) == ()
    assert only(ask(waiting, about, now=NOW + 3 * DAY)).mails == (1,)


def test_a_strangers_unanswered_mail_holds_back_no_notice() -> None:
    about = standing(1, RISK, told=told())
    letters = ask([mail(1, 1, stranger=True)], about, now=NOW + QUIET)
    assert sorted(each.notice for each in letters) == [False, True]


def test_several_dossiers_are_told_together_when_the_last_is_decided() -> None:
    acknowledged = told(batch=(1, 2, 3))
    others = [standing(each, RISK, told=acknowledged) for each in (1, 2)]
    undecided = standing(3, RISK, told=acknowledged, status=Status.IN_REVIEW)
    assert ask([], *others, undecided, now=NOW + QUIET) == ()
    decided = replace(undecided, status=Status.INCOMPLETE)
    letter = only(ask([], *others, decided, now=NOW + QUIET))
    assert letter.dossiers == (1, 2, 3)


def test_several_dossiers_are_told_after_two_working_days_though_one_is_undecided() -> None:
    before_the_holidays = NOW + 7 * DAY  # Wednesday, 8 June
    acknowledged = told(batch=(1, 2), at=before_the_holidays)
    decided = standing(1, RISK, told=acknowledged)
    undecided = standing(2, RISK, told=acknowledged, status=Status.IN_REVIEW)
    second_working_day = datetime(2016, 6, 13, 23, 59, tzinfo=NOW.tzinfo)
    assert ask([], decided, undecided, now=second_working_day) == ()
    letter = only(ask([], decided, undecided, now=second_working_day + timedelta(minutes=1)))
    assert letter.dossiers == (1,)


def test_dossiers_in_a_batch_without_lack_hold_nothing_back() -> None:
    acknowledged = told(batch=(1, 2))
    fine = standing(2, told=replace(acknowledged, status=Status.AWAITING_PAPER))
    letter = only(ask([], standing(1, RISK, told=acknowledged), fine, now=NOW + DAY))
    assert letter.dossiers == (1,)


def test_a_review_that_leaves_only_paper_to_wait_for_is_told() -> None:
    letter = only(ask([], standing(1, told=told(status=Status.IN_REVIEW)), now=NOW + DAY))
    assert (letter.kind, letter.notice) == (Kind.MISSING_ITEMS, True)


def test_a_mail_sent_again_shares_the_letter_that_waits() -> None:
    again = mail(2, 1, fate=Fate.DUPLICATE)
    letter = only(ask([mail(1, 1), again], standing(1, RISK), now=NOW + QUIET))
    assert (letter.mails, letter.duplicate) == ((1, 2), False)


def test_a_letter_to_an_address_that_is_none_is_suppressed() -> None:
    letter = only(ask([mail(1, 1, sender="..@")], standing(1)))
    assert letter.state is LetterState.SUPPRESSED


def test_a_notice_after_a_suppressed_letter_is_suppressed_for_the_same_reason() -> None:
    suppressed = told(state=LetterState.SUPPRESSED, reason="早于答复起始时间的邮件")
    letter = only(ask([], standing(1, RISK, told=suppressed), now=NOW + QUIET))
    assert (letter.state, letter.reason) == (LetterState.SUPPRESSED, suppressed.reason)


def test_a_notice_to_an_address_from_the_spam_folder_waits_for_a_person_like_its_answer() -> None:
    draft = only(ask([mail(1, 1, spam=True)], standing(1)))
    unreleased = told(state=draft.state, reason=draft.reason)
    letter = only(ask([], standing(1, status=Status.COMPLETE, told=unreleased)))
    assert letter.state is LetterState.DRAFT
    released = replace(unreleased, state=LetterState.SENT, reason="")
    letter = only(ask([], standing(1, status=Status.COMPLETE, told=released)))
    assert letter.state is LetterState.QUEUED


@pytest.mark.parametrize("receipts", [{"mode": "off"}, {"never_answer": ("example.com",)}])
def test_a_notice_too_is_suppressed_where_nothing_may_go(receipts: dict[str, Any]) -> None:
    about = standing(1, RISK, told=told())
    letter = only(ask([], about, receipts=Receipts(**receipts), now=NOW + QUIET))
    assert letter.state is LetterState.SUPPRESSED
    assert letter.reason


# ── over time ────────────────────────────────────────────────────────────────────────────


@dataclass
class Post:
    """The registry as letters see it: takes in mails, keeps letters, changes dossiers."""

    standings: dict[int, Standing] = field(default_factory=dict)
    waiting: list[Waiting] = field(default_factory=list)
    kept: list[tuple[datetime, Due]] = field(default_factory=list)

    def round(self, receipts: Receipts, now: datetime) -> tuple[Due, ...]:
        lately = [(at, each) for at, each in self.kept if each.state is LetterState.QUEUED]
        today: dict[str, int] = {}
        for at, each in lately:
            if at > now - DAY:
                today[each.to] = today.get(each.to, 0) + 1
        unrecognised: Mapping[str, datetime] = {
            each.to: at for at, each in lately if each.kind is Kind.UNRECOGNISED
        }
        sent = Sent(today=today, unrecognised_at=unrecognised)
        letters = due(tuple(self.waiting), self.standings, sent, receipts, now)
        for letter in letters:
            self._keep(letter, now)
        return letters

    def _keep(self, letter: Due, now: datetime) -> None:
        self.kept.append((now, letter))
        self.waiting = [each for each in self.waiting if each.id not in letter.mails]
        if letter.stranger:
            return
        for each in letter.dossiers:
            about = self.standings[each]
            listed = about.points if letter.kind is Kind.MISSING_ITEMS else frozenset()
            last = told(
                *listed,
                to=letter.to,
                at=now,
                status=about.status,
                state=letter.state,
                reason=letter.reason,
                batch=letter.dossiers,
            )
            self.standings[each] = replace(about, told=last)


POINTS = st.frozensets(st.sampled_from([RISK, SEALS, ("document.plan", "")]))
STATUSES = st.sampled_from([each for each in Status if each is not Status.WITHDRAWN])
MAILS = st.builds(
    lambda about, **changes: replace(mail(), dossiers=tuple(sorted(about)), **changes),
    st.frozensets(st.integers(1, 3), max_size=3),
    sender=st.sampled_from([SENDER, STRANGER, ""]),
    fate=st.sampled_from([Fate.FILED, Fate.DUPLICATE]),
    stranger=st.booleans(),
    more_follows=st.booleans(),
    submission_like=st.booleans(),
    machine=st.sampled_from(["", "list"]),
    spam=st.booleans(),
    old=st.booleans(),
)
CHANGES = st.lists(st.tuples(st.integers(1, 3), STATUSES, POINTS), max_size=3)
STEPS = st.lists(st.tuples(st.lists(MAILS, max_size=3), CHANGES, st.integers(0, 80)), max_size=6)
ANY_RECEIPTS = st.builds(
    Receipts,
    mode=st.sampled_from(["auto", "review", "off"]),
    quiet_period=st.sampled_from([timedelta(0), QUIET, 5 * HOUR]),
    unrecognised=st.sampled_from(["submissions", "all", "off"]),
    per_address_per_day=st.integers(1, 4),
    never_answer=st.sampled_from([(), ("example.net",)]),
)


@settings(max_examples=150, deadline=None)
@given(steps=STEPS, receipts=ANY_RECEIPTS)
def test_every_mail_is_answered_once_in_the_end_and_then_nothing_is_due(
    steps: list[tuple[list[Waiting], list[tuple[int, Status, frozenset[tuple[str, str]]]], int]],
    receipts: Receipts,
) -> None:
    post = Post({each: standing(each) for each in (1, 2, 3)})
    now, number = NOW, 0
    for mails, changes, hours in steps:
        for each in mails:
            number += 1
            fate = each.fate if each.dossiers else Fate.UNRELATED
            post.waiting.append(replace(each, id=number, fate=fate, received_at=now))
        for at, status, points in changes:
            post.standings[at] = replace(
                post.standings[at], status=status, points=points, updated_at=now
            )
        post.round(receipts, now)
        now += hours * HOUR
    now += 20 * DAY
    rounds = 0
    while post.round(receipts, now):
        rounds += 1
        assert rounds < 10
    assert post.waiting == []
    answered = [mail for _, letter in post.kept for mail in letter.mails]
    assert sorted(answered) == list(range(1, number + 1))
    for when, letter in post.kept:
        assert letter.to or letter.state is LetterState.SUPPRESSED
        assert letter.reason or letter.state is LetterState.QUEUED
        went = [
            each
            for moment, each in post.kept
            if when - DAY < moment <= when
            and (each.to, each.state) == (letter.to, LetterState.QUEUED)
        ]
        assert len(went) <= receipts.per_address_per_day
    for about in post.standings.values():
        if about.told and about.lacks:
            assert about.points <= about.told.points


@pytest.mark.parametrize(
    ("address", "good"),
    [
        ("office@example.com", True),
        ("r&d+2016@mail.example.com", True),
        ("office@kjc_lab.example.com", True),
        ("", False),
        ("office", False),
        ("big office@example.com", False),
        ("a@b@example.com", False),
        ("office@example.com\nBcc: other@example.net", False),
        ("张三@例子.example", False),
        ("=?utf-8?b?b2zmawnl?=@example.com", False),
        ("a" * 242 + "@example.com", True),
        ("a" * 243 + "@example.com", False),
    ],
)
def test_a_letter_goes_only_to_a_whole_address_in_ascii(address: str, good: bool) -> None:  # noqa: FBT001 - as told
    assert is_address(address) is good
