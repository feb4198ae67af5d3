"""Writing to staff when the service cannot do its work, and when it can again."""

from __future__ import annotations

import logging

from ingest.house import House
from ingest.pipeline import Touched, message_id
from registry import alarms, outgoing
from registry.answers import Due
from registry.health import free_bytes, look
from registry.outgoing import Written
from registry.rows import Kind
from reports.alarm import write_alarm

log = logging.getLogger(__name__)


def raise_alarms(house: House, touched: Touched) -> None:
    """Write the letters about trouble that has begun or is over; one to each address."""
    wanted = house.settings.alarms
    if not wanted.to:
        return
    now = house.clock()
    free = free_bytes(house.settings.service.data_dir)
    with house.registry.read() as connection:
        health = look(connection, house.settings, now, free)
        troubles = alarms.worth_writing(health, apart=wanted.smtp is not None)
        watched = alarms.watch(alarms.alarms(connection), troubles, wanted.patience, now)
    if not watched.changed:
        return
    letters = _letters(house, watched) if watched.begun or watched.over else []
    with house.registry.write() as connection:
        alarms.keep_alarms(connection, watched.changed)
        kept = [outgoing.keep_letter(connection, each, now) for each in letters]
    touched.letters.update(each for each in kept if each is not None)
    for each in watched.begun:
        log.warning("alarm: %s", each.key)
    for alarm in watched.over:
        log.warning("alarm over: %s", alarm.key)


def _letters(house: House, watched: alarms.Watched) -> list[Written]:
    settings = house.settings
    rendered = write_alarm(
        watched.begun, watched.over, settings.center, settings.service.zone, house.clock()
    )
    return [
        Written(
            due=Due(kind=Kind.ALARM, notice=True, to=to, mails=(), dossiers=()),
            subject=rendered.subject,
            text=rendered.text,
            html=rendered.html,
            message_id=message_id(house),
        )
        for to in settings.alarms.to
    ]


def forget_what_was_seen(house: House) -> None:
    """Begin anew with what was seen before this process, unless it was written about."""
    with house.registry.write() as connection:
        alarms.forget_untold(connection)
