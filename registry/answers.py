"""Which letters fall due: a pure decision over unanswered mails and judged dossiers.

Every mail of a person that is filed, a duplicate in a new mail, or unrelated is answered by
exactly one letter, whatever becomes of that letter. Notices answer no mail: they tell what
a review or the paper register has changed since the dossier's last letter.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from config.settings import Receipts
from registry import workdays
from registry.rows import Fate, Kind, LetterState, Status

Point = tuple[str, str]
"""A finding id and the document it is about (empty: the dossier)."""

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
ADDRESS = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")
LONGEST_ADDRESS = 254
"""In characters: a path may have 256 with its brackets (RFC 5321, 4.5.3.1.3)."""

UNRECOGNISED_EVERY = timedelta(days=7)
BATCH_WAITS = 2
"""How many working days a notice on several dossiers waits for the last of them."""

NO_ADDRESS = "发件人地址为空或无效"
MACHINE = "自动发出的邮件，不予答复"
NEVER_ANSWERED = "该地址列入不答复名单"
SWITCHED_OFF = "自动函件已关闭"
TO_APPROVE = "待人工核准"
RESTORED = "从备份恢复前后的来信，可能已答复过，待人工确认"
SUSPECT = "发件人验证未通过，不自动答复，待人工确认"
NOT_REACHED = "上一封函件未能送达该地址，待人工确认"
FROM_SPAM = "来自垃圾邮件文件夹，待人工确认"
SUPERSEDED = "已由后来的函件取代"
STILL_OWED = (NO_ADDRESS, MACHINE, SUSPECT)
"""Why a letter is suppressed though nobody has decided so: its dossier is owed an answer."""


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """A mail that wants an answer and has none.

    `suspect`: the sender failed authentication. `restored`: it came before a backup was
    restored, and may have been answered before that. `answer_to` is where the answer goes,
    where that is not the sender's own address.
    """

    id: int
    sender: str
    fate: Fate
    received_at: datetime
    dossiers: tuple[int, ...] = ()
    stranger: bool = False
    more_follows: bool = False
    submission_like: bool = False
    machine: str = ""
    spam: bool = False
    old: bool = False
    suspect: bool = False
    restored: bool = False
    answer_to: str = ""

    @property
    def to(self) -> str:
        """Where the answer goes."""
        return self.answer_to or self.sender


@dataclass(frozen=True, kw_only=True)
class Told:
    """The last letter about a dossier: to whom, when, and what it said.

    `batch` holds the ids of all dossiers it was about; `listed` are the points of the last
    letter that listed any, be it this one or one before.
    """

    letter: int
    to: str
    at: datetime
    status: Status
    state: LetterState
    reason: str
    points: frozenset[Point] = frozenset()
    batch: tuple[int, ...] = ()
    listed: frozenset[Point] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A dossier, as letters see it.

    `points` are what is missing now. `marked` says that it has changed since it was judged
    or that its scans are being read,
    `restored` that its last letter on record is from before a backup was restored: it may
    have been told since, of which nothing is on record. `merged` are the numbers of dossiers
    merged into it since, of which its applicant has still to hear, as he has, where it is
    `withdrawn_as_asked`, of that.
    """

    id: int
    revision: int
    status: Status
    updated_at: datetime
    marked: bool = False
    restored: bool = False
    points: frozenset[Point] = frozenset()
    told: Told | None = None
    merged: tuple[str, ...] = ()
    withdrawn_as_asked: bool = False

    @property
    def lacks(self) -> bool:
        """Whether the applicant is to be told of a lack, beyond paper still on its way."""
        return bool(self.points) and self.status is Status.INCOMPLETE


@dataclass(frozen=True, kw_only=True)
class Due:
    """A letter that falls due: what it is, to whom, about what, and whether it may go."""

    kind: Kind
    notice: bool
    to: str
    mails: tuple[int, ...]
    dossiers: tuple[int, ...]
    state: LetterState = LetterState.QUEUED
    reason: str = ""
    stranger: bool = False
    duplicate: bool = False


@dataclass(frozen=True, kw_only=True)
class Sent:
    """What addresses have been written already: the ground of the caps.

    `today` counts the automatic letters of the last 24 hours to an address;
    `unrecognised_at` tells when it last got an `unrecognised` one. `last_hour` counts the
    letters to everybody that mail has brought about.
    """

    today: Mapping[str, int]
    unrecognised_at: Mapping[str, datetime]
    last_hour: int = 0


def due(
    waiting: Sequence[Waiting],
    standings: Mapping[int, Standing],
    sent: Sent,
    receipts: Receipts,
    now: datetime,
) -> tuple[Due, ...]:
    """Tell which letters fall due at `now`, which is in the service's time zone."""
    answers = _answers(waiting, standings, receipts, now)
    notices = _notices(waiting, standings, receipts, now)
    return tuple(_capped([*answers, *notices], sent, receipts, now))


# ── answers ──────────────────────────────────────────────────────────────────────────────


def _answers(
    waiting: Sequence[Waiting],
    standings: Mapping[int, Standing],
    receipts: Receipts,
    now: datetime,
) -> Iterable[Due]:
    groups: dict[object, list[Waiting]] = defaultdict(list)
    for mail in waiting:
        if not any(standings[each].marked for each in mail.dossiers):
            groups[_shares(mail)].append(mail)
    for mails in groups.values():
        kind = _answer_kind(mails[-1], standings)
        if kind is Kind.MISSING_ITEMS and _quiet_until(mails, standings, receipts, now) > now:
            continue
        yield _answer(kind, mails, receipts)


def _shares(mail: Waiting) -> object:
    """Mails that may share one letter; what is unrelated is answered one by one."""
    alone = mail.id if not mail.dossiers else 0
    hindered = (mail.machine, mail.spam, mail.old, mail.suspect)
    return (mail.sender, mail.dossiers, mail.stranger, alone, hindered)


def _answer_kind(mail: Waiting, standings: Mapping[int, Standing]) -> Kind:
    if not mail.dossiers:
        return Kind.UNRECOGNISED
    alone = len(mail.dossiers) == 1 and not mail.stranger
    if alone and standings[mail.dossiers[0]].lacks:
        return Kind.MISSING_ITEMS
    return Kind.ACKNOWLEDGEMENT


def _quiet_until(
    mails: Sequence[Waiting],
    standings: Mapping[int, Standing],
    receipts: Receipts,
    now: datetime,
) -> datetime:
    """Until when a list of what is missing waits for more to come."""
    changed = max(standings[each].updated_at for each in mails[-1].dossiers)
    quiet = now if changed > now else changed + receipts.quiet_period  # a clock was ahead
    newest = max(mails, key=lambda each: each.received_at)
    if receipts.quiet_period and newest.more_follows:
        last = workdays.end_of_next_working_day(newest.received_at, now.tzinfo or UTC)
        return max(quiet, last)
    return quiet


def _answer(kind: Kind, mails: Sequence[Waiting], receipts: Receipts) -> Due:
    newest = mails[-1]
    letter = Due(
        kind=kind,
        notice=False,
        to=newest.to,
        mails=tuple(each.id for each in mails),
        dossiers=newest.dossiers,
        stranger=newest.stranger,
        duplicate=all(each.fate is Fate.DUPLICATE for each in mails),
    )
    for state, reason, applies in _HINDRANCES:
        if applies(letter, newest, receipts):
            return replace(letter, state=state, reason=reason)
    return letter


def _unwanted(letter: Due, mail: Waiting, receipts: Receipts) -> bool:
    """An unrecognised mail that does not look like a submission, or is not to be answered."""
    if letter.kind is not Kind.UNRECOGNISED or receipts.unrecognised == "all":
        return False
    return receipts.unrecognised == "off" or not mail.submission_like


def is_address(text: str) -> bool:
    """Whether a letter can be addressed so (RFC 5321, 4.1.2, without quoted local parts).

    An underscore in the domain is let pass: no host may be called so, but mail domains are.
    An encoded word is no address (RFC 2047, 5), though made of allowed characters.
    """
    return len(text) <= LONGEST_ADDRESS and ADDRESS.fullmatch(text) is not None and "=?" not in text


def is_never_answered(address: str, receipts: Receipts) -> bool:
    """Whether an address, or its domain, stands in `never_answer`."""
    domain = address.rpartition("@")[2]
    listed = {each.lower().lstrip("@") for each in receipts.never_answer}
    return address in listed or domain in listed


_HINDRANCES: tuple[tuple[LetterState, str, Callable[[Due, Waiting, Receipts], bool]], ...] = (
    (
        LetterState.SUPPRESSED,
        NO_ADDRESS,
        lambda letter, _mail, _: not is_address(letter.to),
    ),
    (
        LetterState.SUPPRESSED,
        MACHINE,
        lambda _letter, mail, _: bool(mail.machine),
    ),
    (LetterState.SUPPRESSED, "早于答复起始时间的邮件", lambda _letter, mail, _: mail.old),
    (LetterState.SUPPRESSED, SUSPECT, lambda _letter, mail, _: mail.suspect),
    (
        LetterState.SUPPRESSED,
        NEVER_ANSWERED,
        lambda letter, mail, receipts: any(
            is_never_answered(each, receipts) for each in (letter.to, mail.sender)
        ),
    ),
    (LetterState.SUPPRESSED, SWITCHED_OFF, lambda _letter, _mail, r: r.mode == "off"),
    (LetterState.SUPPRESSED, "不像申报邮件，不予答复", _unwanted),
    (LetterState.DRAFT, FROM_SPAM, lambda _letter, mail, _: mail.spam),
    (LetterState.DRAFT, RESTORED, lambda _letter, mail, _: mail.restored),
)
"""What keeps an answer from going, the first that applies; order and consequence as a table."""


# ── notices ──────────────────────────────────────────────────────────────────────────────


def _notices(
    waiting: Sequence[Waiting],
    standings: Mapping[int, Standing],
    receipts: Receipts,
    now: datetime,
) -> Iterable[Due]:
    unanswered = {each for mail in waiting if not mail.stranger for each in mail.dossiers}
    gathered: dict[tuple[str, Kind, LetterState, str], list[Standing]] = defaultdict(list)
    for standing in standings.values():
        kind = _notice_kind(standing)
        ready = kind and not standing.marked and standing.id not in unanswered
        if kind and ready and standing.told and _may_tell(standing, kind, standings, receipts, now):
            state, reason = _notice_state(standing, standing.told, receipts)
            gathered[standing.told.to, kind, state, reason].append(standing)
    for (to, kind, state, reason), about in gathered.items():
        yield Due(
            kind=kind,
            notice=True,
            to=to,
            mails=(),
            dossiers=tuple(each.id for each in about),
            state=state,
            reason=reason,
        )


def _notice_state(standing: Standing, told: Told, receipts: Receipts) -> tuple[LetterState, str]:
    """Tell whether a notice may go: what kept the last letter from going keeps it as well."""
    from_spam = told.state is LetterState.DRAFT and told.reason == FROM_SPAM
    if told.state is LetterState.SUPPRESSED or from_spam:
        return told.state, told.reason
    if receipts.mode == "off":
        return LetterState.SUPPRESSED, SWITCHED_OFF
    if is_never_answered(told.to, receipts):
        return LetterState.SUPPRESSED, NEVER_ANSWERED
    if told.state in {LetterState.BOUNCED, LetterState.FAILED}:
        return LetterState.DRAFT, NOT_REACHED
    return (LetterState.DRAFT, RESTORED) if standing.restored else (LetterState.QUEUED, "")


def _notice_kind(standing: Standing) -> Kind | None:
    """What has changed since the last letter that the applicant has to be told."""
    if standing.told is None:
        return None
    if standing.withdrawn_as_asked:
        return Kind.MISSING_ITEMS
    if standing.status is Status.COMPLETE and standing.told.status is not Status.COMPLETE:
        return Kind.COMPLETE
    if standing.lacks and standing.points - standing.told.points:
        return Kind.MISSING_ITEMS
    reviewed = standing.told.status is Status.IN_REVIEW
    if reviewed and standing.status is Status.AWAITING_PAPER:
        return Kind.MISSING_ITEMS  # its result was promised; all it waits for is paper
    decided = standing.status not in {Status.IN_REVIEW, Status.WITHDRAWN}
    return Kind.MISSING_ITEMS if standing.merged and decided else None


def _may_tell(
    standing: Standing,
    kind: Kind,
    standings: Mapping[int, Standing],
    receipts: Receipts,
    now: datetime,
) -> bool:
    if kind is Kind.COMPLETE or standing.told is None:
        return True
    if _changed_of_late(standing, receipts, now):
        return False
    others = (standings[each] for each in standing.told.batch if each in standings)
    if not any(_is_undecided(each, receipts, now) for each in others):
        return True
    told_on = standing.told.at.astimezone(now.tzinfo).date()
    return now.date() > workdays.add_working_days(told_on, BATCH_WAITS).date


def _changed_of_late(standing: Standing, receipts: Receipts, now: datetime) -> bool:
    """Whether the quiet period runs; a change ahead of `now` was told by a wrong clock."""
    return now - receipts.quiet_period < standing.updated_at <= now


def _is_undecided(standing: Standing, receipts: Receipts, now: datetime) -> bool:
    """Whether what a letter would say of a dossier may still change by itself or by a person."""
    quiet = standing.lacks and _changed_of_late(standing, receipts, now)
    return standing.marked or standing.status is Status.IN_REVIEW or quiet


# ── caps ─────────────────────────────────────────────────────────────────────────────────


def _capped(letters: Iterable[Due], sent: Sent, receipts: Receipts, now: datetime) -> Iterable[Due]:
    """Hold back what is over the caps, and what a person has to approve."""
    today = dict(sent.today)
    unrecognised = dict(sent.unrecognised_at)
    last_hour = sent.last_hour
    for letter in letters:
        so_far = Sent(today=today, unrecognised_at=unrecognised, last_hour=last_hour)
        capped = _cap(letter, so_far, receipts, now)
        if capped.state is LetterState.QUEUED:
            today[capped.to] = today.get(capped.to, 0) + 1
            last_hour += 1
            if capped.kind is Kind.UNRECOGNISED:
                unrecognised[capped.to] = now
        yield capped


def _cap(letter: Due, sent: Sent, receipts: Receipts, now: datetime) -> Due:
    if letter.state is not LetterState.QUEUED:
        return letter
    before = sent.unrecognised_at.get(letter.to)
    lately = before is not None and timedelta(0) <= now - before < UNRECOGNISED_EVERY
    if letter.kind is Kind.UNRECOGNISED and lately:
        return replace(letter, state=LetterState.SUPPRESSED, reason="7日内已发过同类函件")
    if sent.today.get(letter.to, 0) >= receipts.per_address_per_day:
        return replace(letter, state=LetterState.DRAFT, reason="该地址当日函件已达上限，待人工确认")
    if sent.last_hour >= receipts.per_hour:
        return replace(letter, state=LetterState.DRAFT, reason="一小时内函件已达上限，待人工确认")
    if letter.kind is Kind.MISSING_ITEMS and receipts.mode == "review":
        return replace(letter, state=LetterState.DRAFT, reason=TO_APPROVE)
    return letter
