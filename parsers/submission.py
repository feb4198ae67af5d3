"""The values that flow through the house: one mail, its files, their contents, what was read.

All are frozen and keyword-only, and hold nothing but standard-library values, so that
they can be compared, stored as JSON and passed between processes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path


class Problem(StrEnum):
    """Why a file could not be read (whole)."""

    EMPTY = "empty"
    DAMAGED = "damaged"
    LOCKED = "locked"
    UNSUPPORTED = "unsupported"
    SCAN = "scan"
    TOO_LARGE = "too-large"
    TOO_MANY = "too-many"
    TOO_DEEP = "too-deep"
    TOO_SLOW = "too-slow"
    CRASHED = "crashed"

    @property
    def at_fault(self) -> bool:
        """Whether the file itself is to blame, not our means of reading it."""
        return self in {Problem.EMPTY, Problem.DAMAGED, Problem.LOCKED}


class Scan(StrEnum):
    """Whether a file has pages that are pictures 扫描页, and whether these have been read.

    `read`: a machine recognised their text, which may have mistakes.
    """

    NONE = ""
    UNREAD = "unread"
    READ = "read"


@dataclass(frozen=True, kw_only=True)
class Address:
    """One mail address: bare and in lower case, with the decoded display name."""

    address: str
    name: str = ""


@dataclass(frozen=True, kw_only=True)
class File:
    """A file 文件 that a mail brought, or that lay in an archive or mail inside it.

    `path` is the way in, `材料.zip/协议.docx`; `filename` its last name, decoded.
    `media_type` is told from the content, not from the name. `source` is where the bytes
    lie in the work folder; None when they could not be taken out, which `problem` explains.
    """

    path: str
    filename: str
    media_type: str
    size: int
    sha256: str
    source: Path | None = None
    problem: Problem | None = None
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class Link:
    """A link 超大附件 to a file that lies with a mail provider or a cloud drive; never fetched.

    `expires` says until when it holds in the mail's words, `code` is the 提取码 it asks for.
    """

    provider: str
    url: str
    name: str = ""
    size: str = ""
    expires: str = ""
    code: str = ""


@dataclass(frozen=True, kw_only=True)
class Submission:
    """One mail 邮件, understood: headers, text and files; nothing of its documents yet.

    `text` is what the writer wrote himself, without quoted mails below it; `quoted` is
    the rest. `headers` holds every header, decoded, in the order of the message, names in
    lower case. `calendar_method` is what the calendar in the mail is for, in lower case
    (`request`, `reply`, `cancel`; RFC 6047, 2.4); empty without one, or where it tells none.
    `authentication_results` is the topmost header of that name (RFC 8601) as it stands: to
    decode words in it would let a sender write into it.
    """

    message_id: str
    in_reply_to: str
    references: tuple[str, ...]
    sender: Address
    reply_to: tuple[Address, ...]
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    subject: str
    date: datetime | None
    headers: tuple[tuple[str, str], ...]
    text: str
    quoted: str
    files: tuple[File, ...]
    links: tuple[Link, ...]
    media_type: str = "text/plain"
    calendar_method: str = ""
    authentication_results: str = ""

    def header(self, name: str) -> str:
        """Return the first header of that name (lower case), or an empty string."""
        return next((value for key, value in self.headers if key == name), "")


Table = tuple[tuple[str, ...], ...]
"""Rows of cells, each the cell's text; a merged cell stands once, in its first place."""

Block = str | Table
"""One line of text, or one table, in reading order."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page 页, numbered from 1; formats without pages give one page with number None."""

    number: int | None
    blocks: tuple[Block, ...]


@dataclass(frozen=True, kw_only=True)
class Seals:
    """The red seals 印章 to be seen on a page; None where it is grey, so that none can be."""

    page: int
    count: int | None


@dataclass(frozen=True, kw_only=True)
class Content:
    """What a reader got out of one file: pages of text, and what it could not read.

    `page_count` is None where the format has no fixed pages. `marks` quotes editing marks
    left in (tracked changes, comments). `seals` are those of the pages that are pictures,
    and of others that show any.
    """

    media_type: str
    pages: tuple[Page, ...] = ()
    page_count: int | None = None
    marks: tuple[str, ...] = ()
    problem: Problem | None = None
    detail: str = ""
    scan: Scan = Scan.NONE
    seals: tuple[Seals, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Fact:
    """A value read in a document, with the page and the words it was read from."""

    value: str
    page: int | None = None
    quote: str = ""


@dataclass(frozen=True, kw_only=True)
class Member:
    """A member 成员单位 as one document lists it; `kind` is a member kind of the call or empty."""

    name: str
    kind: str = ""
    code: str = ""
    page: int | None = None
    quote: str = ""


@dataclass(frozen=True, kw_only=True)
class Hit:
    """What one document says of one clause check of the call.

    `strength` is `heading` (a heading names it), `text` (enough sentences speak of it),
    `weak` (only words that the call lists as doubtful), `unknown` (an article that nobody
    can place may be it).
    """

    strength: str
    page: int | None = None
    quote: str = ""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """All that judging needs to know of a document, read once and kept by its checksum.

    `fields` maps field ids of the call to what stands beside their labels; a label whose
    space was left blank has an empty value. `members` are the lists of members,
    `signatures` the parties of a signature block (None: the document has no block).
    `clauses` maps ids of clause checks to hits. `placeholders` quotes text that was meant
    to be replaced. `template` says that it is the blank form, not filled in. `may_hold` are
    kinds that a part of a combined file may hold, too, though no title page announces them.
    `mentions` are all stretches of text that end as names of organisations do, `listed` all
    that stands where members are listed, `signed` in the signature block.
    """

    title: str = ""
    fields: dict[str, Fact] = field(default_factory=dict)
    members: tuple[Member, ...] = ()
    signatures: tuple[Member, ...] | None = None
    clauses: dict[str, Hit] = field(default_factory=dict)
    placeholders: tuple[Fact, ...] = ()
    template: bool = False
    may_hold: tuple[str, ...] = ()
    mentions: tuple[str, ...] = ()
    listed: tuple[str, ...] = ()
    signed: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A line of the manifest 汇总表 of a batch: a name, and what stands beside it.

    `fields` maps field ids of the call to what stands in their columns.
    """

    name: str
    fields: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Document:
    """A document 材料: one file, opened, or one part of a file that holds several.

    `kind` is a document id of the call, or `other`. `part` counts the documents of one
    file from 1 (0: it is the whole file); `first_page` is where in the file it begins.

    `readable` is false when nothing could be read of it; `problem` then says why. `name`
    is the subject's name (the alliance) that this file is about, with where it was read; the
    name of a document that carries none may come from its file or folder name, which
    `name_from` tells: `content`, `path`. `secrecy` quotes the mark of a state secret.
    `listed` is what it lists, where it is the manifest of a batch.
    """

    path: str
    filename: str
    media_type: str
    size: int
    sha256: str
    kind: str
    page_count: int | None
    facts: Facts
    part: int = 0
    first_page: int | None = None
    problem: Problem | None = None
    detail: str = ""
    name: Fact | None = None
    name_from: str = ""
    secrecy: Fact | None = None
    listed: tuple[Listed, ...] = ()
    scan: Scan = Scan.NONE
    seals: tuple[Seals, ...] = ()
    source: Path | None = None

    @property
    def readable(self) -> bool:
        """Whether its text could be read."""
        return self.problem is None


@dataclass(frozen=True, kw_only=True)
class Dossier:
    """A dossier 申报材料: the documents of one alliance in one mail.

    An empty `name` means that the documents tell none; the mail's subject, thread or a
    person has to.
    """

    name: str
    secretariat: str
    documents: tuple[Document, ...]
