"""Stage one, *receive*: a mail whose original is on disk gets its row, and its place is known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Row, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from registry import models as m
from registry.events import SERVICE, record
from registry.rows import Fate

TOO_LARGE = "邮件超过大小上限，未下载正文，请人工处理"


@dataclass(frozen=True, kw_only=True)
class Received:
    """A mail as it lies on the server, its bytes already kept.

    `size` is in bytes as fetched, `listed_size` as the server tells it. `sha256` is None for
    a mail over the size limit, whose `headers` are kept instead. `spam` says that it lay in a
    spam folder, `old` that it came before answers are given.
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


def receive(connection: Connection, mail: Received, now: datetime) -> int:
    """Record a mail and its place; return the mail's id.

    A place already known changes nothing. After a change of UIDVALIDITY a mail kept from
    that folder takes its new place; any other copy of known bytes is a `duplicate`.
    """
    known = connection.execute(
        select(m.place.c.mail_id).where(
            m.place.c.mailbox == mail.mailbox,
            m.place.c.folder == mail.folder,
            m.place.c.uidvalidity == mail.uidvalidity,
            m.place.c.uid == mail.uid,
        )
    ).scalar()
    if known is not None:
        return int(known)
    moved = _moved(connection, mail)
    found = moved if moved is not None else _add(connection, mail, now)
    connection.execute(
        insert(m.place).values(
            mailbox=mail.mailbox,
            folder=mail.folder,
            uidvalidity=mail.uidvalidity,
            uid=mail.uid,
            mail_id=found,
            size=mail.listed_size,
            received_at=mail.received_at,
        )
    )
    return found


def _moved(connection: Connection, mail: Received) -> int | None:
    """Find the mail of that folder with the same bytes that has no place yet in its new life.

    Of a mail over the size limit only size and headers are known.
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
        return Fate.QUARANTINED, TOO_LARGE
    if original is not None:
        return Fate.DUPLICATE, f"与邮件 {original[0]} 逐字节相同"
    return Fate.PENDING, ""


def _same_bytes(connection: Connection, sha256: str | None) -> Row[*tuple[object, ...]] | None:
    if sha256 is None:
        return None
    columns = (m.mail.c.id, m.mail.c.sender, m.mail.c.subject, m.mail.c.message_id)
    query = select(*columns).where(m.mail.c.sha256 == sha256).order_by(m.mail.c.id)
    return connection.execute(query).first()


def not_done(connection: Connection, mailbox: str, folder: str, uidvalidity: int) -> list[int]:
    """Return the UIDs there that are kept, but for which `after` has not been carried out."""
    query = select(m.place.c.uid).where(
        m.place.c.mailbox == mailbox,
        m.place.c.folder == folder,
        m.place.c.uidvalidity == uidvalidity,
        m.place.c.done.is_(False),
    )
    return list(connection.execute(query).scalars())


def done(connection: Connection, mailbox: str, folder: str, uidvalidity: int, uid: int) -> None:
    """Record that `after` has been carried out for a mail."""
    connection.execute(
        update(m.place)
        .where(
            m.place.c.mailbox == mailbox,
            m.place.c.folder == folder,
            m.place.c.uidvalidity == uidvalidity,
            m.place.c.uid == uid,
        )
        .values(done=True)
    )


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
        .values(uidvalidity=uidvalidity, last_read_at=now, on_server=count, error="")
    )


def mailbox_failed(
    connection: Connection, mailbox: str, folders: tuple[str, ...], error: str, now: datetime
) -> None:
    """Record why a mailbox could not be read."""
    for folder in folders:
        values = {"mailbox": mailbox, "name": folder, "error": error, "error_at": now}
        connection.execute(
            upsert(m.folder)
            .values(**values)
            .on_conflict_do_update(
                index_elements=["mailbox", "name"], set_={"error": error, "error_at": now}
            )
        )
