"""Letters that came back: which one a bounce 退信 is of, and whom no letter has reached."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, exists, func, or_, select, update

from parsers.bounces import Bounce
from parsers.lines import squeeze
from registry import models as m
from registry.answers import STILL_OWED
from registry.events import SERVICE, record
from registry.rows import LetterState

WITHIN = timedelta(days=7)
"""How long after a letter its bounce may come: servers try for five days (RFC 5321, 4.5.4.1)."""

TOLD = "told"
"""The event by which a person has told an applicant in another way, by telephone say."""

NOWHERE = "（无有效地址）"
"""Where a letter without an addressee would have gone."""

_CLOCKS_DIFFER = timedelta(minutes=10)
_WENT = (LetterState.SENT, LetterState.QUEUED, LetterState.BOUNCED)
_SAID = m.letter_dossier.c
_WENT_AT = func.coalesce(m.letter.c.sent_at, m.letter.c.queued_at)


def letters_returned(
    connection: Connection, bounce: Bounce, received_at: datetime
) -> tuple[int, ...]:
    """Return the ids of our letters that a bounce is of: the one it names, or must mean.

    Where it names none by Message-ID, it means the newest letter that went to an address it
    names within the days before: the one whose subject it tells, or else the only one, or
    one of several about the same dossiers. Between letters about different ones nothing is
    guessed.
    """
    query = select(m.letter.c.id).where(m.letter.c.message_id.in_(bounce.message_ids))
    named = tuple(connection.execute(query).scalars())
    return named or _meant(connection, bounce, received_at)


def _meant(connection: Connection, bounce: Bounce, received_at: datetime) -> tuple[int, ...]:
    to = m.letter.c.to[0].as_string()
    query = (
        select(m.letter.c.id, m.letter.c.subject)
        .where(m.letter.c.state.in_(_WENT), m.letter.c.attempts > 0)
        .where(_WENT_AT.between(received_at - WITHIN, received_at + _CLOCKS_DIFFER))
        .where(to.in_(bounce.recipients))
        .order_by(_WENT_AT, m.letter.c.id)
    )
    rows = connection.execute(query).all()
    told = [row.id for row in rows if squeeze(row.subject) in bounce.words]
    ids = told or [row.id for row in rows]
    about = {_dossiers_of(connection, each) for each in ids}
    return tuple(ids[-1:]) if len(about) == 1 else ()


def _dossiers_of(connection: Connection, letter: int) -> tuple[int, ...]:
    query = select(_SAID.dossier_id).where(_SAID.letter_id == letter).order_by(_SAID.dossier_id)
    return tuple(connection.execute(query).scalars())


def take_back(connection: Connection, letters: Sequence[int], mail: int, now: datetime) -> None:
    """Record that letters came back with a mail: their applicants have not been reached."""
    for letter in letters:
        values = {"state": LetterState.BOUNCED, "reason": f"退信（邮件 {mail}）"}
        connection.execute(update(m.letter).where(m.letter.c.id == letter).values(**values))
        for dossier in _dossiers_of(connection, letter) or (None,):
            record(
                connection,
                "bounced",
                actor=SERVICE,
                at=now,
                detail="函件被退回，申请人尚未收到",
                dossier=dossier,
                mail=mail,
                letter=letter,
            )


def is_unreached() -> ColumnElement[bool]:
    """Whether the last letter about a dossier has not reached its addressee."""
    return m.dossier.c.id.in_(_unreached().with_only_columns(_SAID.dossier_id))


def unreached(connection: Connection, dossiers: Iterable[int]) -> dict[int, str]:
    """Return the address at which a dossier's last letter did not arrive, where it did not."""
    query = _unreached().where(_SAID.dossier_id.in_(list(dossiers)))
    return {row.dossier_id: row.to[0] or NOWHERE for row in connection.execute(query)}


def has_draft() -> ColumnElement[bool]:
    """Whether a letter about a dossier waits for a person to let it go."""
    return m.dossier.c.id.in_(_about(LetterState.DRAFT))


def drafted(connection: Connection, dossiers: Iterable[int]) -> frozenset[int]:
    """Return those of the dossiers a letter about which waits for a person."""
    query = _about(LetterState.DRAFT).where(_SAID.dossier_id.in_(list(dossiers)))
    return frozenset(connection.execute(query).scalars())


def _about(state: LetterState) -> Select[Any]:
    """Select the dossiers that letters in a state are about."""
    letter = m.letter.c
    query = select(_SAID.dossier_id).join(m.letter, letter.id == _SAID.letter_id)
    return query.where(letter.state == state)


def reached(connection: Connection, dossiers: Iterable[int]) -> frozenset[int]:
    """Return those of the dossiers about which a letter has gone, or a person has told."""
    event, wanted = m.event.c, list(dossiers)
    went = _about(LetterState.SENT).where(_SAID.dossier_id.in_(wanted))
    told = select(event.dossier_id).where(event.what == TOLD, event.dossier_id.in_(wanted))
    return frozenset(connection.execute(went.union(told)).scalars())


def _unreached() -> Select[Any]:
    """Select the letters that came back, were refused or not sent, and that none has followed.

    One that is not sent counts while an answer is owed; nor does any of which a person has
    told the applicant since.
    """
    later, told = m.letter.alias(), m.letter_dossier.alias()
    later_at = func.coalesce(later.c.sent_at, later.c.queued_at)
    followed = exists().where(
        told.c.dossier_id == _SAID.dossier_id,
        told.c.letter_id == later.c.id,
        later_at > _WENT_AT,
        later.c.state.in_([LetterState.SENT, LetterState.BOUNCED, LetterState.FAILED]),
    )
    told_since = exists().where(
        m.event.c.dossier_id == _SAID.dossier_id, m.event.c.what == TOLD, m.event.c.at >= _WENT_AT
    )
    owed = select(m.dossier.c.id).where(m.dossier.c.due.is_not(None))
    not_sent = (
        (m.letter.c.state == LetterState.SUPPRESSED)
        & m.letter.c.reason.in_(STILL_OWED)
        & _SAID.dossier_id.in_(owed)
    )
    back = m.letter.c.state.in_([LetterState.BOUNCED, LetterState.FAILED])
    return (
        select(_SAID.dossier_id, m.letter.c.to)
        .join(m.letter, m.letter.c.id == _SAID.letter_id)
        .where(or_(back, not_sent), ~followed, ~told_since)
    )
