"""Working days 工作日 in China, with the days that are worked or taken off in exchange 调休.

What the calendar library does not know may stand in `config/holidays/<year>.toml` (`rest`
and `work`, two lists of dates), which also wins over the library. A year that neither
knows is reckoned Monday to Friday, and what was reckoned with it is `estimated` 暂估.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from importlib import resources
from importlib.resources.abc import Traversable

HOLIDAYS = resources.files("config") / "holidays"
"""Where the tables of single years lie."""

_DAY = timedelta(days=1)
_SATURDAY = 5


@dataclass(frozen=True, kw_only=True)
class Reckoned:
    """A reckoned date; `estimated` when a year was needed whose holidays nobody knows yet."""

    date: date
    estimated: bool


@dataclass(frozen=True, kw_only=True)
class _Table:
    rest: frozenset[date]
    work: frozenset[date]


def is_working_day(day: date, *, tables: Traversable = HOLIDAYS) -> bool:
    """Whether offices work on that day."""
    return _look_up(day, tables)[0]


def add_working_days(day: date, count: int, *, tables: Traversable = HOLIDAYS) -> Reckoned:
    """Return the `count`-th working day after `day`, which itself is not counted 次日起算.

    A count of 0 gives the day itself, or the next working day when it is a day of rest.
    Raises ValueError for a negative count.
    """
    if count < 0:
        message = f"working days are counted forwards, not {count}"
        raise ValueError(message)
    working, known = _look_up(day, tables)
    estimated = not known
    left = count if working or count else 1
    while left:
        day += _DAY
        working, known = _look_up(day, tables)
        estimated |= not known
        left -= working
    return Reckoned(date=day, estimated=estimated)


def is_known(day: date, *, tables: Traversable = HOLIDAYS) -> bool:
    """Whether the holidays of that day's year are known, so that it was not estimated 暂估."""
    return _look_up(day, tables)[1]


def end_of_next_working_day(
    moment: datetime, zone: tzinfo, *, tables: Traversable = HOLIDAYS
) -> datetime:
    """Return the midnight that ends the first working day after that of `moment` in `zone`."""
    day = add_working_days(moment.astimezone(zone).date(), 1, tables=tables).date
    return datetime.combine(day + _DAY, time(), zone)


def _look_up(day: date, tables: Traversable) -> tuple[bool, bool]:
    """Tell whether that day is worked, and whether that is known."""
    table = _table(day.year, tables)
    weekday = day.weekday() < _SATURDAY
    if table is not None:
        return day in table.work or (weekday and day not in table.rest), True
    # Imported late: its tables take a while to build, and the command line shall start fast.
    from chinese_calendar import is_workday

    try:
        return is_workday(day), True
    except NotImplementedError:  # a year that the library does not know
        return weekday, False


def _table(year: int, tables: Traversable) -> _Table | None:
    file = tables / f"{year}.toml"
    if not file.is_file():
        return None
    read = tomllib.loads(file.read_text(encoding="utf-8"))
    return _Table(rest=frozenset(read.get("rest", ())), work=frozenset(read.get("work", ())))
