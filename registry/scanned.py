"""Scans 扫描件: which files wait to have their pictures read, and what reading gave.

Kept by checksum: the same scan in another mail is not read again. A machine reads with
mistakes, so what it did not find is never held against an applicant (`completeness.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import groupby

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, Connection, null, select, text, update
from sqlalchemy.dialects.sqlite import insert as upsert

from parsers.submission import Content, Document, Problem, Scan
from registry import models as m
from registry.queries import AnyRow
from registry.rows import DocumentState, Fate

ATTEMPTS = 3
"""How often a scan is tried before it is left to a person."""

_CONTENT = TypeAdapter(Content)
_READABLE = {None, Problem.SCAN}


class ScanState(StrEnum):
    """How far reading a scan has come."""

    WAITING = "waiting"
    READ = "read"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class WaitingScan:
    """A file whose pictures are to be read; `passwords` may stand in the `words` of its mails."""

    sha256: str
    media_type: str
    filename: str
    pages: int | None
    words: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What waits for scans that are being read: mails without a dossier, and dossiers."""

    mails: frozenset[int] = frozenset()
    dossiers: frozenset[int] = frozenset()


@dataclass(frozen=True, kw_only=True)
class FiledScan:
    """A file as it lies in a dossier, of which it may be several documents."""

    dossier: int
    mail: int | None
    path: str
    filename: str
    size: int
    documents: tuple[int, ...]


# ── what waits ───────────────────────────────────────────────────────────────────────────


def ask(connection: Connection, documents: Iterable[Document], now: datetime) -> list[str]:
    """Have the unread pictures of pages in files read; return those files' checksums.

    One that was read while its mail was being filed waits again, but only to be told anew.
    """
    asked = {
        each.sha256: each
        for each in documents
        if each.scan is Scan.UNREAD and each.problem in _READABLE
    }
    for each in asked.values():
        values = {
            "sha256": each.sha256,
            "media_type": each.media_type,
            "filename": each.filename,
            "pages": None if each.part else each.page_count,
            "state": ScanState.WAITING,
            "asked_at": now,
        }
        again = upsert(m.scan).values(**values)
        connection.execute(
            again.on_conflict_do_update(
                index_elements=["sha256"],
                set_={"state": ScanState.WAITING, "asked_at": now, "attempts": 0},
                where=m.scan.c.state == ScanState.READ,
            )
        )
    return list(asked)


def waiting(connection: Connection) -> tuple[WaitingScan, ...]:
    """Return the scans that wait to be read, the first asked for first."""
    query = select(m.scan).where(m.scan.c.state == ScanState.WAITING)
    rows = connection.execute(query.order_by(m.scan.c.asked_at, m.scan.c.sha256)).all()
    return tuple(
        WaitingScan(
            sha256=row.sha256,
            media_type=row.media_type,
            filename=row.filename,
            pages=row.pages,
            words=_words(connection, row.sha256),
        )
        for row in rows
    )


def _words(connection: Connection, sha256: str) -> tuple[str, ...]:
    query = (
        select(m.mail.c.subject, m.mail.c.excerpt)
        .join(m.document, m.document.c.mail_id == m.mail.c.id)
        .where(m.document.c.sha256 == sha256)
        .distinct()
    )
    return tuple(text for row in connection.execute(query) for text in row)


def being_read(connection: Connection, since: datetime) -> Reading:
    """Return what waits for scans that have been asked for since then."""
    wanted = (m.scan.c.state == ScanState.WAITING) & (m.scan.c.asked_at > since)
    sums = select(m.scan.c.sha256).where(wanted)
    dossiers = select(m.document.c.dossier_id).where(
        m.document.c.sha256.in_(sums), m.document.c.scan == Scan.UNREAD, _takes_part()
    )
    return Reading(
        mails=frozenset(unplaced(connection, {*connection.execute(sums).scalars()})),
        dossiers=frozenset(connection.execute(dossiers).scalars()),
    )


def _takes_part() -> ColumnElement[bool]:
    return m.document.c.state.in_([DocumentState.CURRENT, DocumentState.HELD])


def unplaced(connection: Connection, sums: AbstractSet[str]) -> list[int]:
    """Return the mails in which no dossier was found, and that brought one of those scans."""
    if not sums:
        return []
    brought = text("mail.scans != '[]'")  # in the very words of its index
    unrelated = (m.mail.c.fate == Fate.UNRELATED) & brought
    rows = connection.execute(select(m.mail.c.id, m.mail.c.scans).where(unrelated))
    return [row.id for row in rows if not sums.isdisjoint(row.scans)]


# ── what reading gave ────────────────────────────────────────────────────────────────────


def known(connection: Connection, sums: Iterable[str]) -> dict[str, Content]:
    """Return what has been read of those files, by checksum."""
    query = select(m.scan.c.sha256, m.scan.c.content).where(
        m.scan.c.sha256.in_(list(sums)), m.scan.c.content.is_not(null())
    )
    return {row.sha256: _CONTENT.validate_python(row.content) for row in connection.execute(query)}


def count_attempt(connection: Connection, sha256: str, *, by: int = 1) -> int:
    """Count that a scan is about to be read; return the number of attempts so far."""
    query = (
        update(m.scan)
        .where(m.scan.c.sha256 == sha256)
        .values(attempts=m.scan.c.attempts + by)
        .returning(m.scan.c.attempts)
    )
    return int(connection.execute(query).scalar_one())


def keep_content(connection: Connection, sha256: str, content: Content | None) -> None:
    """Keep what reading a scan gave; None: it cannot be read."""
    values = (
        {"state": ScanState.READ, "content": _CONTENT.dump_python(content, mode="json")}
        if content
        else {"state": ScanState.FAILED}
    )
    connection.execute(update(m.scan).where(m.scan.c.sha256 == sha256).values(**values))


def filed(connection: Connection, sha256: str) -> tuple[FiledScan, ...]:
    """Return where an unread scan is filed."""
    query = (
        select(m.document)
        .where(m.document.c.sha256 == sha256, m.document.c.scan == Scan.UNREAD, _takes_part())
        .order_by(m.document.c.dossier_id, m.document.c.mail_id, m.document.c.path, m.document.c.id)
    )
    rows = connection.execute(query).all()
    places = groupby(rows, key=lambda row: (row.dossier_id, row.mail_id, row.path))
    return tuple(filed_at([*own]) for _, own in places)


def filed_at(rows: Sequence[AnyRow]) -> FiledScan:
    """Return where a file is filed, from the rows of the documents that it gave."""
    first = rows[0]
    return FiledScan(
        dossier=first.dossier_id,
        mail=first.mail_id,
        path=first.path,
        filename=first.filename,
        size=first.size,
        documents=tuple(row.id for row in rows),
    )
