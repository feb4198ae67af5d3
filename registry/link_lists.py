"""Links 超大附件 that mails brought: which are open, and how the others were settled.

What a mail says of its links stays on its row; only what people settle is kept beside it.
Within a dossier one address is one link, however many of its mails quote it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    CompoundSelect,
    Connection,
    Row,
    Select,
    func,
    literal,
    literal_column,
    or_,
    select,
    union,
)

from parsers.links import expires_at, never_expires
from registry import models as m
from registry.rows import Fate, LinkRow, Settlement

AnyRow = Row[*tuple[Any, ...]]

_SAID = func.json_each(m.mail.c.links).table_valued("value", joins_implicitly=True)
"""One row a link of a mail."""

_URL = func.json_extract(_SAID.c.value, "$.url")
_BROUGHT = literal_column("mail.links != '[]'", Boolean)
_FIRST_DOSSIER = (
    select(func.min(m.mail_dossier.c.dossier_id))
    .where(m.mail_dossier.c.mail_id == m.mail.c.id)
    .correlate(m.mail)
    .scalar_subquery()
)
_FATES = (Fate.FILED, Fate.UNRELATED)
"""Mail of other fates is settled as mail first: its links may be an advertiser's, or secret."""


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

    Those without end follow, then those of which nothing is known. Withdrawn dossiers ask
    for nothing any more.
    """
    rows = connection.execute(_lines().where(*_is_open()).order_by(m.mail.c.id))
    once: dict[tuple[int, str], AnyRow] = {}
    for row in rows:
        once.setdefault((row.owner, row.url), row)
    found = _with_dossiers(connection, [_link(row) for row in once.values()])
    return tuple(sorted(found, key=_urgency))


def open_size(connection: Connection) -> int:
    """Return how many links `open_links` gives."""
    each = select(_owner(), _URL).select_from(m.mail).where(*_is_open()).distinct()
    return connection.execute(select(func.count()).select_from(each.subquery())).scalar_one()


def settled_links(
    connection: Connection, *, limit: int = -1, offset: int = 0
) -> tuple[LinkRow, ...]:
    """Return the links that people have settled, the last settled first."""
    settled = m.link_settlement.c
    query = (
        _lines()
        .add_columns(settled.fetched, settled.reason, settled.who, settled.at)
        .join(m.link_settlement, (settled.mail_id == m.mail.c.id) & (settled.url == _URL))
        .where(_BROUGHT)
        .order_by(settled.at.desc(), settled.mail_id, settled.url)
        .limit(limit)
        .offset(offset)
    )
    rows = connection.execute(query).all()
    found = [replace(_link(row), settlement=_settlement(row)) for row in rows]
    return _with_dossiers(connection, found)


def settled_size(connection: Connection) -> int:
    """Return how many links `settled_links` gives."""
    query = select(func.count()).select_from(m.link_settlement)
    return connection.execute(query).scalar_one()


def links_of(connection: Connection, dossier: int) -> tuple[LinkRow, ...]:
    """Return the links of a dossier's mails, each address once, in the order received.

    One that a mail of the dossier's own brought is not a stranger's.
    """
    mails = select(m.mail_dossier.c.mail_id).where(m.mail_dossier.c.dossier_id == dossier)
    strangers = set(connection.execute(mails.where(m.mail_dossier.c.stranger)).scalars())
    once: dict[str, LinkRow] = {}
    for each in _links_in(connection, mails):
        link = replace(each, stranger=each.mail_id in strangers)
        known = once.get(link.url)
        if known is None or (known.stranger and not link.stranger):
            once[link.url] = link
    return tuple(once.values())


def links_in(connection: Connection, mail: int) -> tuple[LinkRow, ...]:
    """Return the links of a mail."""
    own = m.mail_dossier.alias()
    beside = (
        select(m.mail_dossier.c.mail_id)
        .join(own, own.c.dossier_id == m.mail_dossier.c.dossier_id)
        .where(own.c.mail_id == mail)
    )
    mails = union(beside, select(literal(mail)))
    return tuple(each for each in _links_in(connection, mails) if each.mail_id == mail)


def _links_in(
    connection: Connection, mails: Select[tuple[int]] | CompoundSelect[tuple[int]]
) -> tuple[LinkRow, ...]:
    """Return every link of mails that share a dossier, settled as any of them is."""
    settled = select(m.link_settlement).where(m.link_settlement.c.mail_id.in_(mails))
    words = {row.url: _settlement(row) for row in connection.execute(settled)}
    rows = connection.execute(
        _lines().where(_BROUGHT, m.mail.c.id.in_(mails)).order_by(m.mail.c.id)
    )
    links = [replace(_link(row), settlement=words.get(row.url)) for row in rows]
    return _with_dossiers(connection, links)


def _lines() -> Select[Any]:
    return select(
        m.mail.c.id, m.mail.c.received_at, _SAID.c.value, _URL.label("url"), _owner().label("owner")
    ).select_from(m.mail)


def _owner() -> ColumnElement[int]:
    """What a link belongs to: a dossier by its id, or a mail without any by its negative id."""
    return func.coalesce(_FIRST_DOSSIER, -m.mail.c.id)


def _is_open() -> tuple[ColumnElement[bool], ...]:
    """Whether a link waits for a person: asked for, and not settled in any mail beside it."""
    own, beside = m.mail_dossier.alias(), m.mail_dossier.alias()
    shared = (
        select(beside.c.mail_id)
        .join(own, own.c.dossier_id == beside.c.dossier_id)
        .where(own.c.mail_id == m.mail.c.id)
        .correlate(m.mail)
    )
    word = m.link_settlement.c
    settled = (
        select(word.url)
        .where(word.url == _URL, or_(word.mail_id == m.mail.c.id, word.mail_id.in_(shared)))
        .correlate(m.mail, _SAID)
        .exists()
    )
    asked_for = (
        select(m.dossier.c.id)
        .join(m.mail_dossier, m.mail_dossier.c.dossier_id == m.dossier.c.id)
        .where(m.mail_dossier.c.mail_id == m.mail.c.id, m.dossier.c.withdrawn.is_(False))
        .correlate(m.mail)
        .exists()
    )
    wanted = or_(_FIRST_DOSSIER.is_(None), asked_for)
    return _BROUGHT, m.mail.c.fate.in_(_FATES), ~settled, wanted


def _link(row: AnyRow) -> LinkRow:
    return link_row(json.loads(row.value), row.id, row.received_at)


def _settlement(row: AnyRow) -> Settlement:
    return Settlement(fetched=row.fetched, reason=row.reason, who=row.who, at=row.at)


def _with_dossiers(connection: Connection, links: Sequence[LinkRow]) -> tuple[LinkRow, ...]:
    query = (
        select(m.mail_dossier, m.dossier.c.number, m.dossier.c.name)
        .join(m.dossier, m.dossier.c.id == m.mail_dossier.c.dossier_id)
        .where(m.mail_dossier.c.mail_id.in_({each.mail_id for each in links}))
        .where(m.dossier.c.withdrawn.is_(False))
        .order_by(m.dossier.c.id)
    )
    owners: dict[int, dict[str, str]] = {}
    strange: dict[int, bool] = {}
    for row in connection.execute(query):
        owners.setdefault(row.mail_id, {})[row.number] = row.name
        strange[row.mail_id] = strange.get(row.mail_id, True) and row.stranger
    return tuple(
        replace(
            each,
            dossiers=owners.get(each.mail_id, {}),
            stranger=strange.get(each.mail_id, False),
        )
        for each in links
    )


def _urgency(link: LinkRow) -> tuple[bool, bool, float]:
    moment = link.expires_at
    return moment is None, not link.never_expires, moment.timestamp() if moment else 0.0
