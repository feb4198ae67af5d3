"""Working days in China."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.workdays import add_working_days, end_of_next_working_day, is_working_day

SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2016, 6, 8), True),
        (date(2016, 6, 9), False),  # 端午
        (date(2016, 6, 10), False),
        (date(2016, 6, 11), False),
        (date(2016, 6, 12), True),  # a Sunday, worked in exchange
        (date(2016, 10, 8), True),
        (date(2031, 7, 7), True),  # a Monday of a year that nobody knows
        (date(2031, 7, 5), False),
    ],
)
def test_days_worked_in_exchange_are_working_days(day: date, works: bool) -> None:  # noqa: FBT001 - a table
    assert is_working_day(day) is works


def test_the_day_of_receipt_is_not_counted() -> None:
    due = add_working_days(date(2016, 5, 31), 5)
    assert due.date == date(2016, 6, 7)
    assert not due.estimated


def test_holidays_are_skipped_and_a_worked_sunday_counts() -> None:
    assert add_working_days(date(2016, 6, 8), 1).date == date(2016, 6, 12)
    assert add_working_days(date(2016, 6, 8), 2).date == date(2016, 6, 13)


def test_a_count_of_zero_rolls_on_from_a_day_of_rest_only() -> None:
    assert add_working_days(date(2016, 6, 8), 0).date == date(2016, 6, 8)
    assert add_working_days(date(2016, 6, 9), 0).date == date(2016, 6, 12)


def test_a_year_whose_holidays_are_unknown_is_marked_as_estimated() -> None:
    due = add_working_days(date(2031, 7, 4), 5)
    assert due.date == date(2031, 7, 11)
    assert due.estimated


def test_a_table_of_the_year_is_data(tmp_path: Path) -> None:
    (tmp_path / "2031.toml").write_text("rest = [2031-07-07]\nwork = [2031-07-06]\n", "utf-8")
    due = add_working_days(date(2031, 7, 4), 2, tables=tmp_path)
    assert due.date == date(2031, 7, 8)
    assert not due.estimated
    assert is_working_day(date(2031, 7, 6), tables=tmp_path)


def test_working_days_are_not_counted_backwards() -> None:
    with pytest.raises(ValueError, match="forwards"):
        add_working_days(date(2016, 6, 8), -1)


def test_the_next_working_day_ends_at_midnight_of_the_office() -> None:
    evening = datetime(2016, 6, 7, 23, 0, tzinfo=UTC)  # the 8th in Shanghai, before 端午
    assert end_of_next_working_day(evening, SHANGHAI) == datetime(2016, 6, 13, tzinfo=SHANGHAI)


@settings(deadline=None)  # the library's tables are loaded by the first call
@given(
    day=st.dates(date(1999, 1, 1), date(2040, 1, 1)),
    count=st.integers(1, 30),
)
def test_each_more_working_day_is_later_and_is_worked(day: date, count: int) -> None:
    first, second = add_working_days(day, count), add_working_days(day, count + 1)
    assert day < first.date < second.date
    assert is_working_day(first.date)
    assert is_working_day(second.date)
    between = (first.date + timedelta(days=n) for n in range(1, (second.date - first.date).days))
    assert not any(map(is_working_day, between))
