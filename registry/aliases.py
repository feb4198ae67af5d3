"""Aliases 别名: what staff teach by linking a dossier to a record that the rules did not match.

The pair of names, and of secretariats, is remembered, holds from then on, and can be taken
back. It never overrides what contradicts it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, insert, or_, select, update

from config.call import Call
from parsers.names import normal_form, organisation_form, same_body
from registry import models as m
from registry import queries
from registry.events import mark, record
from registry.matching import Identity, Matched, match_paper
from registry.rows import ALIAS, Alias, DossierRow, PaperRecord

Pair = tuple[str, str, str]
"""The kind of an alias, the form in the dossier, and the form in the paper record."""


def aliases_for(connection: Connection, dossier: DossierRow, call: Call) -> tuple[Alias, ...]:
    """Return what staff have decided about the name and the secretariat of a dossier."""
    forms = {normal_form(dossier.name, call), organisation_form(dossier.secretariat)} - {""}
    return queries.aliases(connection, forms=forms)


def teach(
    connection: Connection,
    dossier: DossierRow,
    paper: PaperRecord,
    call: Call,
    *,
    who: str,
    now: datetime,
) -> tuple[str, ...]:
    """Remember what a person has said by linking a dossier to a record, if it says anything new.

    Returns the pairs of names that are one from now on, in words.
    """
    identity = Identity(number="", name=dossier.name, secretariat=dossier.secretariat)
    known = aliases_for(connection, dossier, call)
    alone = replace(paper, dossier="")
    if isinstance(match_paper(identity, [alone], call, aliases=known), Matched):
        return ()
    taught: list[str] = []
    for kind, left, right in _pairs(dossier, paper, call):
        if any(each.says(kind, left, right) for each in known):
            continue
        why = f"{dossier.number} 关联纸质登记 {paper.register_no or paper.name}"
        values = {"kind": kind, "left": left, "right": right, "who": who, "at": now, "why": why}
        connection.execute(insert(m.alias).values(**values))
        detail = f"“{left}”与“{right}”"
        record(connection, "alias-taught", actor=who, at=now, detail=detail, dossier=dossier.id)
        taught.append(detail)
    return tuple(taught)


def forget(
    connection: Connection,
    dossier: DossierRow,
    paper: PaperRecord,
    call: Call,
    *,
    who: str,
    now: datetime,
) -> None:
    """Take back what joins a dossier to a record from which a person parts it."""
    pairs = _pairs(dossier, paper, call)
    known = aliases_for(connection, dossier, call)
    for each in known:
        if (each.kind, each.left, each.right) in pairs:
            revoke(connection, each, who=who, now=now, dossier=dossier.id)


def revoke(
    connection: Connection, alias: Alias, *, who: str, now: datetime, dossier: int | None = None
) -> None:
    """Take an alias back, and let what was matched by aliases be judged anew.

    So is what might just be being matched by this one: its match is then not kept.
    """
    values = {"revoked_at": now, "revoked_by": who}
    connection.execute(update(m.alias).where(m.alias.c.id == alias.id).values(**values))
    detail = f"“{alias.left}”与“{alias.right}”"
    record(connection, "alias-revoked", actor=who, at=now, detail=detail, dossier=dossier)
    form = m.dossier.c.name_form if alias.kind == "name" else m.dossier.c.secretariat_form
    touched = or_(m.dossier.c.paper_match == ALIAS, form == alias.left)
    resting = select(m.dossier.c.id).where(touched)
    mark(connection, connection.execute(resting).scalars(), now)


def _pairs(dossier: DossierRow, paper: PaperRecord, call: Call) -> set[Pair]:
    """Return the pairs of names that differ between a dossier and a record."""
    pairs: set[Pair] = set()
    names = normal_form(dossier.name, call), normal_form(paper.name, call)
    if all(names) and names[0] != names[1]:
        pairs.add(("name", *names))
    seats = organisation_form(dossier.secretariat), organisation_form(paper.secretariat)
    if all(seats) and not same_body(*seats, call):
        pairs.add(("organisation", *seats))
    return pairs
