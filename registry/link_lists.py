"""Links 超大附件 that mails brought: which are open, and how the others were settled.

What a mail says of its links stays on its row; only what people settle is kept beside it,
for each dossier by itself: what lay behind a batch's link may have been one dossier's file.
Within a dossier one address is one link, however many of its mails quote it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    String,
    TextClause,
    func,
    literal_column,
    or_,
    select,
    text,
    true,
)

from parsers.links import expires_at, never_expires
from registry import models as m
from registry.rows import Fate, LinkRow, Settlement

AnyRow = Row[*tuple[Any, ...]]

_SAID = func.json_each(m.mail.c.links).table_valued("value")
"""One row a link of a mail."""

_URL = func.json_extract(_SAID.c.value, "$.url")
_BROUGHT = text("mail.links != '[]'")  # in the very words of its index, which holds few
_FATE = literal_column("+mail.fate", String)  # not by the index on fates: too many are filed
_FATES = (Fate.FILED, Fate.UNRELATED)
"""Mail of other fates is settled as mail first: its links may be an advertiser's, or secret."""

_OWNED = m.mail_dossier.c
_DOSSIER = m.dossier.c
_WORD = m.link_settlement.c
_ITS_OWN = _WORD.dossier_id == _OWNED.dossier_id
_OF_THE_MAIL = _WORD.dossier_id.is_(None) & (_WORD.mail_id == m.mail.c.id)
_LINES = (
    m.mail.join(_SAID, true())
    .outerjoin(m.mail_dossier, _OWNED.mail_id == m.mail.c.id)
    .outerjoin(m.dossier, _DOSSIER.id == _OWNED.dossier_id)
    .outerjoin(m.link_settlement, (_WORD.url == _URL) & or_(_ITS_OWN, _OF_THE_MAIL))
)
"""One row a link, for each dossier of its mail, with how it was settled there."""


def link_row(said: Mapping[str, str], mail: int, received_at: datetime) -> LinkRow:
    """Return a link as a mail told it, apart from its dossiers and what became of it."""
    expires = said["expires"]
    return LinkRow(
        mail_id=mail,
        received_at=received_at,
        url=said["url"],
        provider=said["provider"],
        name=said["name"],
        size=said["size"],
        code=said.get("code", ""),
        expires=expires,
        expires_at=expires_at(expires, received_at),
        never_expires=never_expires(expires),
    )


def open_links(connection: Connection) -> tuple[LinkRow, ...]:
    """Return the links that a person has still to deal with, the soonest to expire first.

    Those without end follow, then those of which nothing is known. Each tells the dossiers
    in which it is open; withdrawn ones ask for nothing any more.
    """
    waiting = _lines(*_is_open())
    rows = connection.execute(waiting.order_by(m.mail.c.id, _OWNED.dossier_id))
    once: dict[tuple[int, str], AnyRow] = {}
    for row in rows:
        once.setdefault((row.dossier_id or -row.id, row.url), row)
    return tuple(sorted(map(_link, _by_link(once.values())), key=_urgency))


def open_size(connection: Connection) -> int:
    """Return how many links `open_links` gives."""
    owner = func.coalesce(_OWNED.dossier_id, -m.mail.c.id)
    first = (
        select(func.min(m.mail.c.id).label("mail"), _URL.label("url"))
        .select_from(_LINES)
        .where(*_is_open())
        .group_by(owner, _URL)
        .subquery()
    )
    each = select(first.c.mail, first.c.url).distinct().subquery()
    return connection.execute(select(func.count()).select_from(each)).scalar_one()


def settled_links(
    connection: Connection, *, limit: int = -1, offset: int = 0
) -> tuple[LinkRow, ...]:
    """Return the links that people have settled, the last settled first.

    Each tells the dossiers in which it was settled by that act.
    """
    query = _settled().order_by(_WORD.at.desc(), _WORD.mail_id, _WORD.url)
    rows = connection.execute(query.limit(limit).offset(offset)).all()
    return tuple(
        replace(
            link_row(json.loads(row.value), row.id, row.received_at),
            dossiers=json.loads(row.dossiers),
            settlement=_settlement(row),
        )
        for row in rows
    )


def settled_size(connection: Connection) -> int:
    """Return how many links `settled_links` gives."""
    return connection.execute(select(func.count()).select_from(_settled().subquery())).scalar_one()


def _settled() -> Select[Any]:
    """One row an act of settling, which may have settled a link in several dossiers."""
    beside = select(_OWNED.dossier_id).where(_OWNED.mail_id == _WORD.mail_id)
    of_mail = _WORD.dossier_id.is_(None) & _DOSSIER.id.in_(beside)
    named = func.json_group_object(_DOSSIER.number, _DOSSIER.name)
    said = (_WORD.fetched, _WORD.reason, _WORD.who, _WORD.at)
    return (
        select(
            m.mail.c.id,
            m.mail.c.received_at,
            _SAID.c.value,
            named.filter(_DOSSIER.withdrawn.is_(False)).label("dossiers"),
            *said,
        )
        .select_from(
            m.link_settlement.join(m.mail, m.mail.c.id == _WORD.mail_id)
            .join(_SAID, _WORD.url == _URL)
            .outerjoin(m.dossier, or_(_DOSSIER.id == _WORD.dossier_id, of_mail))
        )
        .group_by(_WORD.mail_id, _WORD.url, *said)
    )


def links_of(connection: Connection, dossier: int) -> tuple[LinkRow, ...]:
    """Return the links of a dossier's mails, each address once, in the order received.

    One that a mail of the dossier's own brought is not a stranger's.
    """
    rows = connection.execute(
        _lines(_OWNED.dossier_id == dossier).order_by(_OWNED.stranger, m.mail.c.id)
    )
    once: dict[str, LinkRow] = {}
    for row in rows:
        once.setdefault(row.url, _link([row]))
    return tuple(sorted(once.values(), key=lambda each: each.mail_id))


def links_in(
    connection: Connection, mail: int, dossiers: Collection[int] = ()
) -> tuple[LinkRow, ...]:
    """Return the links of a mail, each settled where it is in every dossier of the mail.

    An open one tells the dossiers in which it is open. With `dossiers` only those count.
    """
    found = _lines(m.mail.c.id == mail).order_by(_OWNED.dossier_id)
    lines: dict[str, list[AnyRow]] = {}
    for row in connection.execute(found):
        if not dossiers or row.dossier_id in dossiers:
            lines.setdefault(row.url, []).append(row)
    return tuple(_link(_still_open(rows) or rows) for rows in lines.values())


def _still_open(rows: Sequence[AnyRow]) -> list[AnyRow]:
    return [each for each in rows if each.who is None and not each.withdrawn]


def _lines(*which: ColumnElement[bool] | TextClause) -> Select[Any]:
    columns = (_OWNED.dossier_id, _OWNED.stranger, _DOSSIER.number, _DOSSIER.name)
    said = (_WORD.fetched, _WORD.reason, _WORD.who, _WORD.at)
    return (
        select(m.mail.c.id, m.mail.c.received_at, _SAID.c.value, _URL.label("url"), *columns)
        .add_columns(_DOSSIER.withdrawn, *said)
        .select_from(_LINES)
        .where(_BROUGHT, *which)
    )


def _is_open() -> tuple[ColumnElement[bool] | TextClause, ...]:
    """Whether a link waits for a person in a dossier: asked for, and not settled there."""
    wanted = or_(_OWNED.dossier_id.is_(None), _DOSSIER.withdrawn.is_(False))
    return _BROUGHT, _FATE.in_(_FATES), _WORD.url.is_(None), wanted


def _by_link(rows: Iterable[AnyRow]) -> Iterable[list[AnyRow]]:
    """Gather the lines of one link of one mail."""
    lines: dict[tuple[int, str], list[AnyRow]] = {}
    for row in rows:
        lines.setdefault((row.id, row.url), []).append(row)
    return lines.values()


def _link(rows: Sequence[AnyRow]) -> LinkRow:
    """Return a link of a mail from its lines, which are all open or all settled."""
    first = rows[0]
    owned = [each for each in rows if each.dossier_id and not each.withdrawn]
    settled = next((each for each in rows if each.who is not None), None)
    return replace(
        link_row(json.loads(first.value), first.id, first.received_at),
        dossiers={each.number: each.name for each in owned},
        stranger=bool(owned) and all(each.stranger for each in owned),
        settlement=_settlement(settled) if settled else None,
    )


def _settlement(row: AnyRow) -> Settlement:
    return Settlement(fetched=row.fetched, reason=row.reason, who=row.who, at=row.at)


def _urgency(link: LinkRow) -> tuple[bool, bool, float]:
    moment = link.expires_at
    return moment is None, not link.never_expires, moment.timestamp() if moment else 0.0
