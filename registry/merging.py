"""Dossiers that a person finds to be one 并入, and the name that it goes by from then on 更名."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from registry import models as m
from registry import queries
from registry.decisions import RefusedError, close_as_merged, decide
from registry.events import mark
from registry.filing import add_flags, name_on_file, next_versions, refresh_identity
from registry.forms import name_forms
from registry.judging import call_of
from registry.rows import DocumentState, DossierRow, Outcome

RENAMED = "renamed"
_OF_ITS_NUMBER = frozenset({"same-name", RENAMED})
"""Reasons for review that end with the number that they are about."""


def merge(
    connection: Connection, dossier: DossierRow, number: str, *, who: str, now: datetime
) -> DossierRow:
    """Let a dossier be one with that of another number, which holds from now on; return that one.

    All that it holds goes there, and the letters that went stay in its history. The applicant
    is told which number holds. Raises RefusedError where one of them has been withdrawn.
    """
    target = queries.dossier_by_number(connection, number)
    if target is None:
        message = f"没有编号为 {number} 的申报材料"
        raise RefusedError(message)
    if target.id == dossier.id or target.call_id != dossier.call_id:
        message = f"{dossier.number} 不能并入 {target.number}"
        raise RefusedError(message)
    for each in (dossier, target):
        if each.withdrawn:
            message = f"{each.number} 已撤回，不能合并"
            raise RefusedError(message)
    _move_documents(connection, dossier, target)
    _move_mails(connection, dossier, target)
    _move_settlements(connection, dossier, target)
    add_flags(connection, target.id, [each for each in dossier.flags if each not in _OF_ITS_NUMBER])
    again = update(m.dossier).where(m.dossier.c.id == target.id)
    connection.execute(again.values(completed_at=None))
    changed = refresh_identity(connection, target.id, call_of(connection, target))
    add_flags(connection, target.id, changed)
    close_as_merged(connection, dossier, target, who=who, now=now)
    mark(connection, [dossier.id, target.id], now)
    return target


def _move_documents(connection: Connection, dossier: DossierRow, target: DossierRow) -> None:
    """Move what the target does not hold yet; what it has already stays behind, without effect."""
    filed = queries.documents_of(connection, [dossier.id, target.id])
    taken = {DocumentState.CURRENT, DocumentState.HELD}
    known = {each.sha256 for each in filed.get(target.id, ()) if each.state in taken}
    versions = next_versions(connection, target.id)
    for each in filed.get(dossier.id, ()):
        if each.sha256 and each.sha256 in known:
            values: dict[str, object] = {"state": DocumentState.MOVED}
        else:
            before = versions.get(each.kind, 1) - 1
            values = {"dossier_id": target.id, "version": before + each.version}
        connection.execute(update(m.document).where(m.document.c.id == each.id).values(**values))


def _move_mails(connection: Connection, dossier: DossierRow, target: DossierRow) -> None:
    """Move the mails: who was on the one dossier is on the other."""
    link = m.mail_dossier
    of_target = select(link.c.mail_id).where(link.c.dossier_id == target.id)
    there = set(connection.execute(of_target).scalars())
    for row in connection.execute(select(link).where(link.c.dossier_id == dossier.id)).all():
        this = (link.c.mail_id == row.mail_id) & (link.c.dossier_id == target.id)
        if row.mail_id not in there:
            values = {"mail_id": row.mail_id, "dossier_id": target.id, "stranger": row.stranger}
            connection.execute(insert(link).values(**values))
        elif not row.stranger:
            connection.execute(update(link).where(this).values(stranger=False))
    connection.execute(delete(link).where(link.c.dossier_id == dossier.id))


def _move_settlements(connection: Connection, dossier: DossierRow, target: DossierRow) -> None:
    word = m.link_settlement
    settled = select(word.c.url).where(word.c.dossier_id == target.id)
    moved = update(word).where(word.c.dossier_id == dossier.id, word.c.url.not_in(settled))
    connection.execute(moved.values(dossier_id=target.id))


def rename(connection: Connection, dossier: DossierRow, *, who: str, now: datetime) -> str:
    """Let a dossier go by the name that its newest form gives; return that name."""
    call = call_of(connection, dossier)
    name = name_on_file(connection, dossier.id, call)
    if not name or RENAMED not in dossier.flags:
        message = f"{dossier.number} 没有待确认的新名称"
        raise RefusedError(message)
    forms = name_forms(name, dossier.secretariat, call)
    connection.execute(
        update(m.dossier).where(m.dossier.c.id == dossier.id).values(name=name, **forms)
    )
    decide(
        connection,
        dossier,
        RENAMED,
        document="",
        outcome=Outcome.OK,
        reason=f"名称由“{dossier.name}”改为“{name}”",
        who=who,
        now=now,
    )
    return name
