"""What the registry holds, as plain frozen values: what reads return and writers are given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from parsers.authentication import Authentication
from parsers.submission import Facts, Scan, Seals


class Fate(StrEnum):
    """What became of a mail 去向."""

    PENDING = "pending"
    FILED = "filed"
    DUPLICATE = "duplicate"
    NOTED = "noted"
    AUTOMATIC = "automatic"
    BOUNCE = "bounce"
    UNRELATED = "unrelated"
    QUARANTINED = "quarantined"


class Status(StrEnum):
    """Where a dossier stands 状态."""

    INCOMPLETE = "incomplete"
    AWAITING_PAPER = "awaiting-paper"
    IN_REVIEW = "in-review"
    COMPLETE = "complete"
    WITHDRAWN = "withdrawn"


class Outcome(StrEnum):
    """What checking one point gave 核对结果."""

    OK = "ok"
    MISSING = "missing"
    DOUBTFUL = "doubtful"
    NOTE = "note"
    WAIVED = "waived"


class Kind(StrEnum):
    """What a letter 函件 is."""

    ACKNOWLEDGEMENT = "acknowledgement"
    MISSING_ITEMS = "missing-items"
    UNRECOGNISED = "unrecognised"
    COMPLETE = "complete"
    REMINDER = "reminder"
    DIGEST = "digest"
    ALARM = "alarm"


class LetterState(StrEnum):
    """Where a letter stands."""

    DRAFT = "draft"
    QUEUED = "queued"
    SENT = "sent"
    FAILED = "failed"
    BOUNCED = "bounced"
    SUPPRESSED = "suppressed"


class DocumentState(StrEnum):
    """Whether a filed document takes part in its dossier.

    `held` waits for a person, who accepts it (`current`) or rejects it; `moved` was given
    to another dossier by hand. Older versions stay `current` and are superseded by number.
    """

    CURRENT = "current"
    HELD = "held"
    REJECTED = "rejected"
    MOVED = "moved"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """The outcome of one point, with what it rests on.

    `detail` says, in Chinese, what was found or where it was looked for; `document` is a
    document's path in the dossier, or empty where the point is about the dossier.
    """

    id: str
    outcome: Outcome
    detail: str = ""
    document: str = ""
    page: int | None = None
    quote: str = ""


@dataclass(frozen=True, kw_only=True)
class Decision:
    """A person's word on a finding 人工决定; it holds while `basis`, what it rests on, does."""

    finding: str
    document: str
    outcome: Outcome
    reason: str
    basis: str
    who: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class FiledDocument:
    """A document as it is filed in a dossier.

    `part` counts the documents of a file that holds several, from 1; 0: it is the whole file.
    `scan` tells whether it has pages that are pictures, and whether a machine has read them.
    """

    id: int
    kind: str
    path: str
    filename: str
    media_type: str
    size: int
    sha256: str
    pages: int | None
    problem: str
    detail: str
    version: int
    state: DocumentState
    superseded: bool
    mail_id: int | None
    filed_at: datetime
    facts: Facts
    added_by: str = ""
    part: int = 0
    first_page: int | None = None
    scan: Scan = Scan.NONE
    seals: tuple[Seals, ...] = ()

    @property
    def place(self) -> str:
        """Its path, with its pages where it shares the file with others."""
        if not self.part or self.first_page is None:
            return self.path
        if self.pages is None:
            return f"{self.path}（自第{self.first_page}页起）"
        last = self.first_page + self.pages - 1
        span = f"{self.first_page}—{last}" if last > self.first_page else f"{last}"
        return f"{self.path}（第{span}页）"


@dataclass(frozen=True, kw_only=True)
class PaperRecord:
    """A line of the paper register 纸质收件登记.

    `sealed` and `recommended` are None for a blank cell (nobody has looked); `copies_text` is
    what the cell says where no number could be read from it. `columns` names the fields that
    the sheet had a column for. `gone` says that the line has disappeared from the sheet.
    """

    id: int = 0
    register_no: str = ""
    received_on: date | None = None
    name: str
    secretariat: str = ""
    recommender: str = ""
    copies: int | None = None
    copies_text: str = ""
    sealed: bool | None = None
    sealed_text: str = ""
    recommended: bool | None = None
    recommended_text: str = ""
    contact: str = ""
    mobile: str = ""
    email: str = ""
    remark: str = ""
    columns: tuple[str, ...] = ()
    sheet: str = ""
    row: int = 0
    imported_at: datetime | None = None
    gone: bool = False
    dossier: str = ""


ALIAS = "alias"
"""The level of a match that rests on an earlier decision of staff; JSON tells it as `staff`."""


@dataclass(frozen=True, kw_only=True)
class Alias:
    """Two names 别名 of one alliance or organisation, as a person has decided.

    `kind` is `name` or `organisation`; `left` is the form of a dossier's name, `right` that
    of a paper record's. `why` names the decision that taught it.
    """

    id: int
    kind: str
    left: str
    right: str
    who: str
    at: datetime
    why: str
    revoked_at: datetime | None = None
    revoked_by: str = ""

    def says(self, kind: str, mine: str, theirs: str) -> bool:
        """Whether it says that a dossier's `mine` and a record's `theirs` are one."""
        return (self.kind, self.left, self.right) == (kind, mine, theirs)


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """A paper record or dossier that might be the same 待确认匹配, with evidence for and against.

    `kind` is `paper` (then `target` is its register number, or `#id` without one) or
    `dossier` (its number).
    """

    kind: str
    target: str
    name: str
    secretariat: str
    evidence: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class DossierRow:
    """A dossier, without its parts; `merged_into` is the number of the one it turned out to be."""

    id: int
    number: str
    call_id: str
    call_version: int
    name: str
    secretariat: str
    recommender: str
    sender: str
    received_at: datetime
    updated_at: datetime
    revision: int
    judged_revision: int
    status: Status
    review: tuple[str, ...]
    flags: tuple[str, ...]
    due: date | None
    completed_at: datetime | None
    withdrawn: bool
    paper_id: int | None
    paper_match: str
    merged_into: str = ""

    @property
    def marked(self) -> bool:
        """Whether it has changed since it was last judged."""
        return self.revision > self.judged_revision


@dataclass(frozen=True, kw_only=True)
class EventRow:
    """One line of history 经过: who did what, when and why."""

    at: datetime
    actor: str
    what: str
    detail: str
    mail_id: int | None = None
    letter_id: int | None = None
    dossier: str = ""


@dataclass(frozen=True, kw_only=True)
class LetterRow:
    """A letter 函件, as it stands.

    Of its `attempts`, `in_doubt` broke off before the mail server said whether it took it.
    `overtaken`: the dossiers that have changed since it was written, while it is a draft.
    """

    id: int
    kind: Kind
    notice: bool
    to: tuple[str, ...]
    subject: str
    text: str
    html: str
    dossiers: tuple[str, ...]
    mails: tuple[int, ...]
    in_reply_to: str
    references: tuple[str, ...]
    message_id: str
    state: LetterState
    reason: str
    attempts: int
    in_doubt: int = 0
    next_try_at: datetime | None
    queued_at: datetime
    sent_at: datetime | None
    overtaken: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Settlement:
    """A person's word on a link: its file was added by hand (`fetched`), or is not needed."""

    fetched: bool
    reason: str
    who: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class LinkRow:
    """A link 超大附件 that a mail brought: a file that only a person can fetch.

    `expires` is until when it holds in the mail's words, `expires_at` that moment where it
    can be told; `code` is the 提取码. `dossiers` maps the numbers of the mail's dossiers to
    their names; `stranger` says that its sender is not on them.
    """

    mail_id: int
    received_at: datetime
    url: str
    provider: str
    name: str
    size: str
    code: str
    expires: str
    expires_at: datetime | None
    never_expires: bool
    dossiers: Mapping[str, str] = field(default_factory=dict)
    stranger: bool = False
    settlement: Settlement | None = None

    @property
    def wording(self) -> str:
        """Say which file it leads to: provider, name, size and expiry as far as known."""
        known = "，".join(each for each in (self.provider, self.name, self.size) if each)
        if not self.expires or self.never_expires:
            return known + ("，无限期" if self.never_expires else "")
        return f"{known}，{self.expires}{'内有效' if self.expires.endswith('天') else '到期'}"


@dataclass(frozen=True, kw_only=True)
class MailRow:
    """A mail 邮件 and what became of it; mailbox, folder and UID are its latest place.

    `answer_to` is where its answer goes; `authentication` is what the trusted mail host said
    of the sender, None where none is configured.
    """

    id: int
    mailbox: str
    folder: str
    uid: int | None
    message_id: str
    sha256: str | None
    size: int
    sender: str
    sender_name: str
    subject: str
    excerpt: str
    received_at: datetime
    fate: Fate
    reason: str
    machine: str
    spam: bool
    duplicate_of: int | None
    read_at: datetime | None
    dossiers: tuple[str, ...]
    letters: tuple[int, ...]
    references: tuple[str, ...] = ()
    unopened: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    besides: tuple[str, ...] = ()
    links: tuple[LinkRow, ...] = ()
    submission_like: bool = False
    answer_to: str = ""
    authentication: Authentication | None = None

    @property
    def unread(self) -> bool:
        """Whether it waits for a person to read it: noted, filed with a remark, or a question."""
        told = self.fate is Fate.NOTED or (self.fate is Fate.FILED and bool(self.reason))
        asks = self.fate is Fate.UNRELATED and self.submission_like
        return (told or asks) and self.read_at is None


@dataclass(frozen=True, kw_only=True)
class DossierView:
    """A dossier, whole: what the desk shows, what a letter tells, what `intake show` prints.

    `unreached` is the address at which the last letter about it did not arrive.
    """

    row: DossierRow
    documents: tuple[FiledDocument, ...]
    findings: tuple[Finding, ...]
    paper: PaperRecord | None
    candidates: tuple[Proposal, ...] = ()
    history: tuple[EventRow, ...] = ()
    letters: tuple[LetterRow, ...] = ()
    mails: tuple[MailRow, ...] = ()
    decisions: tuple[Decision, ...] = field(default=())
    unreached: str = ""

    @property
    def missing(self) -> tuple[Finding, ...]:
        """The findings whose outcome is `missing`, in the order of the call."""
        return tuple(each for each in self.findings if each.outcome is Outcome.MISSING)


@dataclass(frozen=True, kw_only=True)
class Answered:
    """What the last full answer to the applicant said is missing, and what it rested on.

    `points` are finding ids with the document they are about, `bases` those of `judge.bases`.
    """

    points: frozenset[tuple[str, str]]
    bases: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Case:
    """All that a dossier is judged on; judging reads nothing else.

    `documents` are those that take part (current, not held), the superseded ones among
    them marked. `links` are file links in its mails that nobody has dealt with yet,
    `settled_links` those that somebody has. `proposals` are open proposals for a paper
    record or another dossier, `flags` the review reasons that its mails and people have
    raised. `answered` is None until the applicant has had a full answer.
    """

    name: str
    secretariat: str
    documents: tuple[FiledDocument, ...]
    links: tuple[str, ...] = ()
    settled_links: tuple[str, ...] = ()
    paper: PaperRecord | None = None
    proposals: tuple[Proposal, ...] = ()
    decisions: tuple[Decision, ...] = ()
    flags: tuple[str, ...] = ()
    held: bool = False
    withdrawn: bool = False
    completed: bool = False
    answered: Answered | None = None


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What judging a case gave: findings in the call's order, status, reasons for review."""

    findings: tuple[Finding, ...]
    status: Status
    review: tuple[str, ...]
