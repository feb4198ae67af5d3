"""Forms of names 名称标准形 that are kept beside the names, to be found by.

They hold as long as the rules that make them do: an upgrade that reads names otherwise makes
them anew, or a name that nobody has touched would look like another.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from pathlib import Path

from sqlalchemy import Connection, Table, bindparam, select, update

from config.call import Call
from parsers import names
from parsers.names import core_of, normal_form, organisation_form
from registry import models as m
from registry.events import mark
from registry.judging import kept_call
from registry.paper import key_of
from registry.queries import AnyRow, paper_record


@cache
def rules() -> int:
    """Return a number that tells apart the rules by which forms are made."""
    return zlib.crc32(Path(names.__file__).read_bytes()) & 0x7FFF_FFFF


def refresh_forms(connection: Connection, register: Call, now: datetime) -> bool:
    """Make the forms anew if others made those there are; whether that was so.

    `register` is the call by which the paper register is read. Dossiers of which a form has
    changed are marked: they may match another record.
    """
    if connection.exec_driver_sql("PRAGMA user_version").scalar() == rules():
        return False
    changed = list(_forms_of_dossiers(connection))
    _store(connection, m.dossier, changed)
    _store(connection, m.paper, list(_forms_of_papers(connection, register)))
    _store(connection, m.alias, list(_forms_of_aliases(connection, register)))
    mark(connection, (row.id for row, _ in changed), now)
    connection.exec_driver_sql(f"PRAGMA user_version = {rules()}")
    return True


Changed = tuple[AnyRow, dict[str, object]]
"""A row, and the forms that it should have, by column."""


def _forms_of_dossiers(connection: Connection) -> Iterator[Changed]:
    calls: dict[tuple[str, int], Call] = {}
    for row in connection.execute(select(m.dossier)).all():
        version = row.call_id, row.call_version
        if version not in calls:
            calls[version] = kept_call(connection, *version)
        made = name_forms(row.name, row.secretariat, calls[version])
        if _differs(row, made):
            yield row, made


def name_forms(name: str, secretariat: str, call: Call) -> dict[str, object]:
    """Return the forms of a name and a secretariat, by column."""
    return {
        "name_form": normal_form(name, call) if name else "",
        "core": core_of(name, call) if name else "",
        "secretariat_form": organisation_form(secretariat) if secretariat else "",
    }


def _forms_of_papers(connection: Connection, call: Call) -> Iterator[Changed]:
    """A record without a register number is known by its forms; two never get the same key."""
    rows = connection.execute(select(m.paper)).all()
    keys = {row.key for row in rows}
    for row in rows:
        made = name_forms(row.name, row.secretariat, call)
        key = row.key if row.register_no else key_of(paper_record(row), call)
        made["key"] = row.key if key in keys else key
        keys.add(key)
        if _differs(row, made):
            yield row, made


def _forms_of_aliases(connection: Connection, call: Call) -> Iterator[Changed]:
    """Of an alias only the forms are kept; a form is a name as well."""
    for row in connection.execute(select(m.alias)):
        of_name = row.kind == "name"
        made: dict[str, object] = {
            side: normal_form(form, call) if of_name else organisation_form(form)
            for side, form in (("left", row.left), ("right", row.right))
        }
        if _differs(row, made):
            yield row, made


def _differs(row: AnyRow, made: dict[str, object]) -> bool:
    return any(getattr(row, column) != value for column, value in made.items())


def _store(connection: Connection, table: Table, changed: list[Changed]) -> None:
    if changed:
        values = [{"of": row.id, **made} for row, made in changed]
        connection.execute(update(table).where(table.c.id == bindparam("of")), values)
