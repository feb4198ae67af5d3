"""Whether the service is at work: mailboxes read, mails filed, letters sent, room on the disk."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Literal

from sqlalchemy import ColumnElement, Connection, Table, exists, func, or_, select

from config.settings import Alarms, Mailbox, Settings
from registry import models as m
from registry import queries, workdays
from registry.queries import AnyRow
from registry.rows import Fate, Kind, LetterState

POLLS = 3
"""How many polls may pass before a folder counts as not being read."""

A_DAY = timedelta(days=1)
"""A letter that is put off for longer than this is trouble, however often it is tried."""

Ailment = Literal["never-read", "late", "error"]
_BY_WEIGHT: tuple[Ailment | None, ...] = (None, "late", "never-read", "error")


class What(StrEnum):
    """What trouble is about."""

    MAILBOX = "mailbox"
    MAIL_SERVER = "mail-server"
    MAILS = "mails"
    DOSSIERS = "dossiers"
    ANSWERS = "answers"
    LETTERS = "letters"
    DISK = "disk"


@dataclass(frozen=True, kw_only=True)
class Folder:
    """A configured folder of a mailbox, and what is wrong with reading it, if anything.

    `kind` is that of the MailboxError, `error` what the server says, for staff alone.
    """

    mailbox: str
    name: str
    ailment: Ailment | None
    last_read_at: datetime | None
    kind: str
    error: str


@dataclass(frozen=True, kw_only=True)
class Backlog:
    """What waits for the service itself: how much, since when, and how much for too long."""

    waiting: int
    oldest: datetime | None
    overdue: int


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """Something that keeps the service from its work.

    `why` is a code that anybody may read, `detail` what a server said, for staff alone; `name`
    is the mailbox, `since` when it was last well, or how old the oldest thing waiting is.
    """

    what: What
    why: str
    name: str = ""
    detail: str = ""
    count: int = 0
    since: datetime | None = None

    @property
    def urgent(self) -> bool:
        """Whether it will not pass by itself: a password that is refused."""
        return self.why == "login"

    @property
    def key(self) -> str:
        """What makes it one trouble, however its appearance changes meanwhile."""
        return ":".join(filter(None, (self.what, self.name, "login" if self.urgent else "")))

    @property
    def title(self) -> str:
        """What is wrong, in few Chinese words."""
        match self.what:
            case What.MAILBOX:
                return f"邮箱 {self.name} {_MAILBOX[self.why]}"
            case What.MAIL_SERVER:
                return f"发件服务器{_MAIL_SERVER[self.why]}"
            case _:
                return _TITLES[self.what]


_MAILBOX = {
    "login": "拒绝登录",
    "unreachable": "无法连接",
    "folder": "文件夹打不开",
    "protocol": "读取出错",
    "clock": "未读取：本机系统时间有误",
    "error": "读取失败",
    "never-read": "尚未读取过",
    "late": "已停止读取",
}
_TITLES = {
    What.MAILS: "邮件积压未处理",
    What.DOSSIERS: "申报材料积压未核对",
    What.ANSWERS: "来信逾时未答复",
    What.LETTERS: "函件积压未发出",
    What.DISK: "磁盘空间不足",
}
_MAIL_SERVER = {"login": "拒绝登录", "unreachable": "无法连接", "refused": "不接收函件"}


@dataclass(frozen=True, kw_only=True)
class Health:
    """How the service stands."""

    folders: tuple[Folder, ...]
    mails: Backlog
    dossiers: Backlog
    answers: Backlog
    letters: Backlog
    free_bytes: int
    troubles: tuple[Trouble, ...]

    def has(self, what: What) -> bool:
        """Whether there is trouble with that."""
        return any(each.what is what for each in self.troubles)


def free_bytes(folder: Path) -> int:
    """Return how much room is left where a folder lies; none where that cannot be told."""
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return 0


def look(connection: Connection, settings: Settings, now: datetime, free: int) -> Health:
    """Look at everything; `free` is how many bytes are left where the data lies."""
    folders = tuple(_folders(connection, settings, now))
    mails = _mails(connection, now - settings.alarms.mail_age)
    dossiers = _dossiers(connection, now - settings.alarms.mail_age)
    answers = _answers(connection, settings, now)
    letters = _letters(connection, settings.alarms, now)
    server = connection.execute(select(m.mail_server)).first() if letters.waiting else None
    troubles = [*_of_mailboxes(folders)]
    if server is not None:
        troubles.append(
            Trouble(
                what=What.MAIL_SERVER,
                why=server.error_kind,
                detail=server.error,
                count=letters.waiting,
            )
        )
    for what, backlog in (
        (What.MAILS, mails),
        (What.DOSSIERS, dossiers),
        (What.ANSWERS, answers),
        (What.LETTERS, letters),
    ):
        if backlog.overdue:
            since, count = backlog.oldest, backlog.overdue
            troubles.append(Trouble(what=what, why="late", count=count, since=since))
    if free < settings.alarms.free_bytes:
        troubles.append(Trouble(what=What.DISK, why="short", count=free))
    return Health(
        folders=folders,
        mails=mails,
        dossiers=dossiers,
        answers=answers,
        letters=letters,
        free_bytes=free,
        troubles=tuple(troubles),
    )


# ── mailboxes ────────────────────────────────────────────────────────────────────────────


def _folders(connection: Connection, settings: Settings, now: datetime) -> Iterator[Folder]:
    """Return every configured folder; a spam folder only where the mailbox has one."""
    states = {(row.mailbox, row.name): row for row in queries.folder_states(connection)}
    for mailbox, box in settings.mailbox.items():
        for name in dict.fromkeys((*box.folders, *box.spam_folders)):
            row = states.get((mailbox, name))
            there = row is not None and (row.last_read_at or row.error)
            if name in box.folders or there:
                yield Folder(
                    mailbox=mailbox,
                    name=name,
                    ailment=_ailment(row, box, now),
                    last_read_at=row.last_read_at if row else None,
                    kind=row.error_kind if row else "",
                    error=row.error if row else "",
                )


def _ailment(row: AnyRow | None, box: Mailbox, now: datetime) -> Ailment | None:
    if row is None:
        return "never-read"
    if row.error:
        return "error"
    moments = [each for each in (row.last_read_at, row.progress_at) if each]
    if moments and now - max(moments) <= POLLS * box.poll:
        return None  # also one that is still being read for the first time
    return "late" if row.last_read_at else "never-read"


def _of_mailboxes(folders: tuple[Folder, ...]) -> Iterator[Trouble]:
    """Return one trouble a mailbox: that of its worst folder."""
    for mailbox in dict.fromkeys(each.mailbox for each in folders):
        mine = [each for each in folders if each.mailbox == mailbox]
        worst = max(mine, key=lambda each: (_BY_WEIGHT.index(each.ailment), each.kind == "login"))
        if worst.ailment:
            yield Trouble(
                what=What.MAILBOX,
                name=mailbox,
                why=(worst.kind or "error") if worst.ailment == "error" else worst.ailment,
                detail="；".join(dict.fromkeys(each.error for each in mine if each.error)),
                since=min((each.last_read_at for each in mine if each.last_read_at), default=None),
            )


# ── what waits ───────────────────────────────────────────────────────────────────────────


def _backlog(
    connection: Connection,
    table: Table,
    waits: ColumnElement[bool],
    since: ColumnElement[datetime],
    overdue: ColumnElement[bool],
) -> Backlog:
    query = select(
        func.count(), func.min(since), func.coalesce(func.sum(func.iif(overdue, 1, 0)), 0)
    )
    row = connection.execute(query.select_from(table).where(waits)).one()
    return Backlog(waiting=row[0], oldest=row[1], overdue=row[2])


def _mails(connection: Connection, limit: datetime) -> Backlog:
    since = m.mail.c.seen_at
    return _backlog(connection, m.mail, m.mail.c.fate == Fate.PENDING, since, since < limit)


def _dossiers(connection: Connection, limit: datetime) -> Backlog:
    marked = m.dossier.c.revision > m.dossier.c.judged_revision
    since = m.dossier.c.updated_at
    return _backlog(connection, m.dossier, marked, since, since < limit)


def _answers(connection: Connection, settings: Settings, now: datetime) -> Backlog:
    """Count mails whose answer has not been written although nothing is left to wait for.

    An answer waits for its dossiers to be judged and to be left alone for a while, for scans,
    and, where its writer says that more follows, to the end of the next working day.
    """
    ocr = settings.ocr.patience if settings.ocr.is_on else timedelta(0)
    limit = now - settings.alarms.mail_age - settings.receipts.quiet_period - ocr
    link, dossier = m.mail_dossier.c, m.dossier.c
    unsettled = exists().where(
        link.mail_id == m.mail.c.id,
        link.dossier_id == dossier.id,
        or_(dossier.updated_at >= limit, dossier.revision > dossier.judged_revision),
    )
    query = select(m.mail.c.received_at, m.mail.c.seen_at, m.mail.c.more_follows).where(
        m.mail.c.wants_answer.is_(True), m.mail.c.id.not_in(select(m.letter_mail.c.mail_id))
    )
    waiting = connection.execute(query).all()
    settled = connection.execute(query.where(m.mail.c.seen_at < limit, ~unsettled))
    overdue = [
        each for each in settled if not (each.more_follows and _may_follow(each, now, limit))
    ]
    oldest = min((each.seen_at for each in overdue), default=None)
    return Backlog(waiting=len(waiting), oldest=oldest, overdue=len(overdue))


def _may_follow(mail: AnyRow, now: datetime, limit: datetime) -> bool:
    return workdays.end_of_next_working_day(mail.received_at, now.tzinfo or UTC) >= limit


def _letters(connection: Connection, alarms: Alarms, now: datetime) -> Backlog:
    """Count letters that are to be sent; those about trouble do not make trouble."""
    waits = (m.letter.c.state == LetterState.QUEUED) & (m.letter.c.kind != Kind.ALARM)
    since = m.letter.c.queued_at
    due = func.coalesce(m.letter.c.next_try_at, since)
    overdue = or_(due < now - alarms.letter_age, since < now - A_DAY)
    return _backlog(connection, m.letter, waits, since, overdue)
