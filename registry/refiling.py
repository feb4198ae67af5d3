"""A filed file that can be read at last: its documents are told anew, its dossier judged again.

A scan once its text is there, or a locked file once its password has come.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from config.call import Call
from parsers.submission import Document, Problem, Scan
from registry import models as m
from registry import scanned
from registry.events import SERVICE, mark, record
from registry.filing import as_filed, let_speak, next_versions, quarantine
from registry.rows import DocumentState, Fate
from registry.scanned import FiledScan


def refile(
    connection: Connection,
    scan: FiledScan,
    documents: Sequence[Document],
    call: Call,
    now: datetime,
    *,
    unlocked: bool = False,
) -> None:
    """Replace the documents of a filed scan by what its text shows it to be.

    Or, where it is `unlocked`, those of a locked file by what it holds. Nothing happens
    where they have changed meanwhile. One that bears the mark of a state secret takes no
    part until a person has decided, and its mail is set aside.
    """
    query = select(m.document).where(m.document.c.id.in_(scan.documents))
    rows = connection.execute(query.order_by(m.document.c.id)).all()
    waits = all(
        row.problem == Problem.LOCKED if unlocked else row.scan == Scan.UNREAD for row in rows
    )
    if len(rows) != len(scan.documents) or not waits:
        return
    first = rows[0]
    secret = next((each.secrecy for each in documents if each.secrecy), None)
    shared = {
        "dossier_id": scan.dossier,
        "mail_id": scan.mail,
        "state": DocumentState.HELD if secret else first.state,
        "filed_at": first.filed_at,
        "added_by": first.added_by,
    }
    kept = {row.kind: row.version for row in rows}
    versions = next_versions(connection, scan.dossier) | _versions_beside(connection, scan) | kept
    told = [shared | as_filed(each) | {"version": versions.get(each.kind, 1)} for each in documents]
    _replace(connection, scan, told)
    if secret and scan.mail:
        quarantine(connection, scan.mail, f"{scan.path}带有国家秘密标志“{secret.value}”", now)
    if shared["state"] == DocumentState.CURRENT:
        let_speak(connection, scan.dossier, documents, call)
    mark(connection, [scan.dossier], now)
    what = "unlocked" if unlocked else "scan-read"
    about = {"dossier": scan.dossier, "mail": scan.mail}
    record(connection, what, actor=SERVICE, at=now, detail=scan.path, **about)


def _replace(connection: Connection, scan: FiledScan, told: Sequence[dict[str, object]]) -> None:
    """Let the rows of a file say what is told of it now, the first row in its place."""
    first, *others = scan.documents
    connection.execute(delete(m.document).where(m.document.c.id.in_(others)))
    connection.execute(update(m.document).where(m.document.c.id == first).values(told[0]))
    for values in told[1:]:
        connection.execute(insert(m.document).values(**values))


def _versions_beside(connection: Connection, scan: FiledScan) -> dict[str, int]:
    """Return the versions of what came in the same mail: one kind in one mail is one version."""
    if scan.mail is None:
        return {}
    query = select(m.document.c.kind, m.document.c.version).where(
        m.document.c.dossier_id == scan.dossier,
        m.document.c.mail_id == scan.mail,
        m.document.c.id.not_in(scan.documents),
    )
    return {row.kind: row.version for row in connection.execute(query)}


def locked_beside(connection: Connection, mail: int) -> tuple[tuple[FiledScan, str], ...]:
    """Return the locked files, with their checksums, of the dossiers that a mail is about.

    None for a stranger: his word opens nothing.
    """
    about = select(m.mail_dossier.c.dossier_id).where(
        m.mail_dossier.c.mail_id == mail, m.mail_dossier.c.stranger.is_(False)
    )
    query = select(m.document).where(
        m.document.c.dossier_id.in_(about),
        m.document.c.problem == Problem.LOCKED,
        m.document.c.state == DocumentState.CURRENT,
        m.document.c.sha256 != "",
    )
    rows = connection.execute(query.order_by(m.document.c.id))
    return tuple((scanned.filed_at([row]), row.sha256) for row in rows)


def file_again(connection: Connection, sha256: str) -> list[int]:
    """Have mails filed again in which no dossier was found before their scan was read.

    Those that have been answered meanwhile are left to a person. Returns their ids.
    """
    answered = {*connection.execute(select(m.letter_mail.c.mail_id)).scalars()}
    mails = [each for each in scanned.unplaced(connection, {sha256}) if each not in answered]
    values = {"fate": Fate.PENDING, "reason": "", "attempts": 0, "wants_answer": False}
    connection.execute(update(m.mail).where(m.mail.c.id.in_(mails)).values(**values))
    return mails
