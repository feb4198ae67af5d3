"""Stage one, *receive*: a mail whose original is on disk gets its row, and its place is known."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Row, Table, delete, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from registry import models as m
from registry.events import SERVICE, record
from registry.rows import Fate

TOO_LARGE = "邮件超过大小上限，未下载正文，请人工处理"
GONE = "邮件原件未能读取，且已不在邮箱中"
RECONCILED = "reconciled"

TRIES = 3
"""How often a server may fail to hand out a mail before it is set aside for a person."""

TRIED_AGAIN_AFTER = timedelta(hours=6)
"""How long a mail that was set aside so is left alone before the service tries it again."""


@dataclass(frozen=True, kw_only=True)
class Received:
    """A mail as it lies on the server, its bytes already kept.

    `size` is in bytes as fetched, `listed_size` as the server tells it. `sha256` is None for
    a mail over the size limit, or one that the server does not hand out, as `unreadable` says
    in Chinese; its `headers` are kept instead. `spam` says that it lay in a spam folder, `old`
    that it came before answers are given.
    """

    mailbox: str
    folder: str
    uidvalidity: int
    uid: int
    size: int
    listed_size: int
    received_at: datetime
    sha256: str | None
    spam: bool
    old: bool
    sender: str = ""
    subject: str = ""
    message_id: str = ""
    headers: str = ""
    unreadable: str = ""


def receive(connection: Connection, mail: Received, now: datetime) -> int:
    """Record a mail and its place; return the mail's id.

    A place already known changes nothing, unless its mail had no original until now, or the
    server has given its UID to another mail. After a change of UIDVALIDITY a mail kept from
    that folder takes its new place; any other copy of known bytes is a `duplicate`.
    """
    where = (mail.mailbox, mail.folder, mail.uidvalidity)
    here = _in_folder(m.place, *where) & (m.place.c.uid == mail.uid)
    if not mail.unreadable:
        failed = _in_folder(m.unreadable, *where) & (m.unreadable.c.uid == mail.uid)
        connection.execute(delete(m.unreadable).where(failed))
    connection.execute(
        update(m.folder)
        .where(m.folder.c.mailbox == mail.mailbox, m.folder.c.name == mail.folder)
        .values(progress_at=now)
    )
    known = connection.execute(select(m.place.c.mail_id, m.place.c.again).where(here)).first()
    if known is not None and not (known.again and _is_another(connection, known.mail_id, mail)):
        _complete(connection, known.mail_id, mail, now, asked=known.again)
        seen = {} if mail.unreadable else _as_listed(mail)
        connection.execute(update(m.place).where(here).values(again=False, **seen))
        return int(known.mail_id)
    connection.execute(delete(m.place).where(here))
    moved = _moved(connection, mail)
    found = moved if moved is not None else _add(connection, mail, now)
    connection.execute(
        insert(m.place).values(
            mailbox=mail.mailbox,
            folder=mail.folder,
            uidvalidity=mail.uidvalidity,
            uid=mail.uid,
            mail_id=found,
            **_as_listed(mail),
        )
    )
    return found


def _as_listed(mail: Received) -> dict[str, object]:
    """Return what the server tells of a mail: by that it is known when its UID is given away."""
    return {"size": mail.listed_size, "received_at": mail.received_at}


def _is_another(connection: Connection, known: int, mail: Received) -> bool:
    """Whether the mail that now lies in a place is not the one that was kept from there."""
    kept = connection.execute(select(m.mail.c.sha256).where(m.mail.c.id == known)).scalar()
    return kept is not None and not mail.unreadable and kept != mail.sha256


def _complete(
    connection: Connection, known: int, mail: Received, now: datetime, *, asked: bool
) -> None:
    """Give a mail of which no original was kept the one that the server has now handed out.

    Where it has not and a person had `asked` for it, he is told so.
    """
    kept = connection.execute(select(m.mail.c.sha256).where(m.mail.c.id == known)).scalar()
    if kept is not None or (mail.sha256 is None and not asked):
        return
    if mail.sha256 is None:
        _, reason = _first_fate(mail, None)
        connection.execute(update(m.mail).where(m.mail.c.id == known).values(reason=reason))
        record(connection, "quarantined", actor=SERVICE, at=now, detail=reason, mail=known)
        return
    original = _same_bytes(connection, mail.sha256)
    fate, reason = _first_fate(mail, original)
    connection.execute(
        update(m.mail)
        .where(m.mail.c.id == known)
        .values(
            sha256=mail.sha256,
            size=mail.size,
            received_at=mail.received_at,
            spam=mail.spam,
            old=mail.old,
            excerpt="",
            fate=fate,
            reason=reason,
            attempts=0,
            read_at=None,
            duplicate_of=original.id if original else None,
        )
    )
    record(connection, "received", actor=SERVICE, at=now, detail="补取到邮件原件", mail=known)


def _in_folder(table: Table, mailbox: str, folder: str, uidvalidity: int) -> ColumnElement[bool]:
    """Return the condition that a row is of that folder, in that life of it."""
    return (
        (table.c.mailbox == mailbox)
        & (table.c.folder == folder)
        & (table.c.uidvalidity == uidvalidity)
    )


def _moved(connection: Connection, mail: Received) -> int | None:
    """Find the mail of that folder with the same bytes that has no place yet in its new life.

    Of a mail that was not fetched only size and headers are known.
    """
    same = m.mail.c.sha256 == mail.sha256
    if mail.sha256 is None:
        same &= (m.mail.c.size == mail.size) & (m.mail.c.excerpt == mail.headers)
    here = (m.place.c.mailbox == mail.mailbox) & (m.place.c.folder == mail.folder)
    placed = select(m.place.c.mail_id).where(here, m.place.c.uidvalidity == mail.uidvalidity)
    query = (
        select(m.mail.c.id)
        .join(m.place, m.place.c.mail_id == m.mail.c.id)
        .where(here, same, m.mail.c.id.not_in(placed))
        .order_by(m.mail.c.id)
    )
    return connection.execute(query).scalars().first()


def _add(connection: Connection, mail: Received, now: datetime) -> int:
    original = _same_bytes(connection, mail.sha256)
    fate, reason = _first_fate(mail, original)
    added = connection.execute(
        insert(m.mail)
        .values(
            sha256=mail.sha256,
            size=mail.size,
            received_at=mail.received_at,
            seen_at=now,
            spam=mail.spam,
            old=mail.old,
            sender=original.sender if original else mail.sender,
            subject=original.subject if original else mail.subject,
            message_id=original.message_id if original else mail.message_id,
            excerpt=mail.headers,
            fate=fate,
            reason=reason,
            duplicate_of=original.id if original else None,
        )
        .returning(m.mail.c.id)
    ).scalar_one()
    detail = f"{mail.mailbox} / {mail.folder} / UID {mail.uid}"
    record(connection, "received", actor=SERVICE, at=now, detail=detail, mail=added)
    return int(added)


def _first_fate(mail: Received, original: Row[*tuple[object, ...]] | None) -> tuple[Fate, str]:
    if mail.sha256 is None:
        return Fate.QUARANTINED, mail.unreadable or TOO_LARGE
    if original is not None:
        return Fate.DUPLICATE, f"与邮件 {original[0]} 逐字节相同"
    return Fate.PENDING, ""


def _same_bytes(connection: Connection, sha256: str | None) -> Row[*tuple[object, ...]] | None:
    if sha256 is None:
        return None
    columns = (m.mail.c.id, m.mail.c.sender, m.mail.c.subject, m.mail.c.message_id)
    query = select(*columns).where(m.mail.c.sha256 == sha256).order_by(m.mail.c.id)
    return connection.execute(query).first()


# ── mails that the server does not hand out ──────────────────────────────────────────────


def suspects(connection: Connection, mailbox: str, folder: str, uidvalidity: int) -> dict[int, int]:
    """Return the UIDs that could not be read, with how often each was tried in vain."""
    query = select(m.unreadable.c.uid, m.unreadable.c.tries)
    where = _in_folder(m.unreadable, mailbox, folder, uidvalidity)
    return {row.uid: row.tries for row in connection.execute(query.where(where))}


def failed(
    connection: Connection,
    mailbox: str,
    folder: str,
    uidvalidity: int,
    *,
    uids: Collection[int],
    now: datetime,
) -> int:
    """Record that mails could not be read; return how often that has happened to each at most.

    Of several that were asked for together nobody knows which is at fault: they only become
    suspects, which are asked for one by one.
    """
    tries = m.unreadable.c.tries
    more = tries + 1 if len(uids) == 1 else tries
    for uid in uids:
        place = {"mailbox": mailbox, "folder": folder, "uidvalidity": uidvalidity, "uid": uid}
        connection.execute(
            upsert(m.unreadable)
            .values(**place, tries=1 if len(uids) == 1 else 0, tried_at=now)
            .on_conflict_do_update(
                index_elements=list(place), set_={"tries": more, "tried_at": now}
            )
        )
    left = suspects(connection, mailbox, folder, uidvalidity)
    return max((left[uid] for uid in uids), default=0)


def vanished(
    connection: Connection,
    mailbox: str,
    folder: str,
    uidvalidity: int,
    on_server: Collection[int],
) -> None:
    """Settle what could not be read and lies on the server no more."""
    where = (mailbox, folder, uidvalidity)
    for uid in suspects(connection, *where).keys() - set(on_server):
        row = _in_folder(m.unreadable, *where) & (m.unreadable.c.uid == uid)
        connection.execute(delete(m.unreadable).where(row))
    for uid, mail in _asked_again(connection, *where).items():
        if uid not in on_server:
            row = _in_folder(m.place, *where) & (m.place.c.uid == uid)
            connection.execute(update(m.place).where(row).values(again=False))
            lost = (m.mail.c.id == mail) & m.mail.c.sha256.is_(None)
            connection.execute(update(m.mail).where(lost).values(reason=GONE))


def _asked_again(
    connection: Connection, mailbox: str, folder: str, uidvalidity: int
) -> dict[int, int]:
    """Return the UIDs that are to be read again whatever is on record, with their mails."""
    query = select(m.place.c.uid, m.place.c.mail_id).where(m.place.c.again.is_(True))
    where = _in_folder(m.place, mailbox, folder, uidvalidity)
    return {row.uid: row.mail_id for row in connection.execute(query.where(where))}


def to_read_again(
    connection: Connection, mailbox: str, folder: str, uidvalidity: int, now: datetime
) -> frozenset[int]:
    """Return known UIDs that are to be asked for once more.

    Because a person wants it, because another mail seems to lie there now, or because the last
    try of a mail that waits for a person was long ago: a server that fails every mail for a
    while gets well.
    """
    where = (mailbox, folder, uidvalidity)
    left_alone = (
        select(m.place.c.uid)
        .join(m.mail, m.mail.c.id == m.place.c.mail_id)
        .join(
            m.unreadable,
            _in_folder(m.unreadable, *where) & (m.unreadable.c.uid == m.place.c.uid),
        )
        .where(
            _in_folder(m.place, *where),
            m.mail.c.fate == Fate.QUARANTINED,
            m.mail.c.sha256.is_(None),
            m.mail.c.read_at.is_(None),
            m.unreadable.c.tried_at <= now - TRIED_AGAIN_AFTER,
        )
    )
    again = connection.execute(left_alone).scalars()
    return frozenset(_asked_again(connection, *where)) | frozenset(again)


def read_again(
    connection: Connection, mailbox: str, folder: str, uidvalidity: int, uids: Collection[int]
) -> None:
    """Have mails read again at the next reading: they seem to be others than those on record."""
    where = _in_folder(m.place, mailbox, folder, uidvalidity)
    for uid in uids:
        row = where & (m.place.c.uid == uid)
        connection.execute(update(m.place).where(row).values(again=True))


# ── what is done with a mail on the server ───────────────────────────────────────────────


def not_done(connection: Connection, mailbox: str, folder: str, uidvalidity: int) -> list[int]:
    """Return the UIDs there that are kept, but for which `after` has not been carried out.

    Not those whose original lies on the server alone.
    """
    query = (
        select(m.place.c.uid)
        .join(m.mail, m.mail.c.id == m.place.c.mail_id)
        .where(
            _in_folder(m.place, mailbox, folder, uidvalidity),
            m.place.c.done.is_(False),
            m.mail.c.sha256.is_not(None),
        )
    )
    return list(connection.execute(query).scalars())


def done(connection: Connection, mailbox: str, folder: str, uidvalidity: int, uid: int) -> None:
    """Record that `after` has been carried out for a mail."""
    here = _in_folder(m.place, mailbox, folder, uidvalidity) & (m.place.c.uid == uid)
    connection.execute(update(m.place).where(here).values(done=True))


# ── how reading goes ─────────────────────────────────────────────────────────────────────


def was_read(connection: Connection, mailbox: str, folder: str) -> bool:
    """Whether a folder has ever been read to its end."""
    query = select(m.folder.c.last_read_at).where(_is_folder(mailbox, folder))
    return connection.execute(query).scalar() is not None


def not_begun(connection: Connection, mailbox: str, folder: str) -> None:
    """Take back that a folder was opened for reading for the first time."""
    query = update(m.folder).where(_is_folder(mailbox, folder))
    connection.execute(query.values(first_read_at=None))


def _is_folder(mailbox: str, folder: str) -> ColumnElement[bool]:
    return (m.folder.c.mailbox == mailbox) & (m.folder.c.name == folder)


def first_read(connection: Connection, mailbox: str, folder: str, now: datetime) -> datetime:
    """Return when a mailbox was first read, recording `now` for a folder that never was."""
    connection.execute(
        upsert(m.folder)
        .values(mailbox=mailbox, name=folder, first_read_at=now, error="")
        .on_conflict_do_update(
            index_elements=["mailbox", "name"],
            set_={"first_read_at": now},
            where=m.folder.c.first_read_at.is_(None),  # known only because it could not be read
        )
    )
    query = select(m.folder.c.first_read_at).where(m.folder.c.mailbox == mailbox)
    moments = [each for each in connection.execute(query).scalars() if each is not None]
    return min(moments, default=now)


def folder_read(
    connection: Connection,
    mailbox: str,
    folder: str,
    uidvalidity: int,
    *,
    count: int,
    now: datetime,
) -> None:
    """Record that a folder was read to its end."""
    connection.execute(
        update(m.folder)
        .where(m.folder.c.mailbox == mailbox, m.folder.c.name == folder)
        .values(
            uidvalidity=uidvalidity,
            last_read_at=now,
            progress_at=now,
            on_server=count,
            error="",
            error_kind="",
        )
    )


def mailbox_failed(
    connection: Connection,
    mailbox: str,
    folders: tuple[str, ...],
    *,
    error: str,
    kind: str,
    now: datetime,
) -> None:
    """Record why a mailbox could not be read: in words, and as the kind of a MailboxError."""
    for folder in folders:
        values = {"error": error, "error_kind": kind, "error_at": now}
        connection.execute(
            upsert(m.folder)
            .values(mailbox=mailbox, name=folder, **values)
            .on_conflict_do_update(index_elements=["mailbox", "name"], set_=values)
        )


def reconciled(connection: Connection, mailbox: str, detail: str, now: datetime) -> None:
    """Record that a mailbox has been compared with the registry, and what came of it."""
    record(connection, RECONCILED, actor=SERVICE, at=now, detail=f"{mailbox}：{detail}")


def last_reconciled(connection: Connection, mailbox: str) -> datetime | None:
    """Return when a mailbox was last compared with the registry."""
    query = select(m.event.c.at).where(
        m.event.c.what == RECONCILED, m.event.c.detail.startswith(f"{mailbox}：", autoescape=True)
    )
    return connection.execute(query.order_by(m.event.c.id.desc())).scalars().first()


def folders_there(connection: Connection, mailbox: str, folders: Collection[str]) -> None:
    """Record which folders are read now; of any other, as a spam folder removed, none is missed."""
    gone = (m.folder.c.mailbox == mailbox) & m.folder.c.name.not_in(list(folders))
    connection.execute(
        update(m.folder).where(gone).values(last_read_at=None, error="", error_kind="")
    )
