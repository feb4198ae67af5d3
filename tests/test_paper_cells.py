"""Reading single cells of the paper register."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.paper_cells import (
    read_copies,
    read_date,
    read_phone,
    read_recommendation,
    read_seals,
    split_contact,
    text_of,
)
from registry.sheets import Cell

TODAY = date(2026, 11, 24)
MAY_31 = date(2016, 5, 31)

CELLS = st.one_of(
    st.none(),
    st.text(),
    st.text(alphabet="0123456789.年月日/-正副一式十份套√×齐缺有无〔〕号, "),
    st.booleans(),
    st.integers(-(2**63), 2**63),
    st.floats(),
    st.dates(),
    st.datetimes(),
)


@pytest.mark.parametrize(
    "cell",
    [
        "2016-05-31",
        "2016/5/31",
        "2016.5.31",
        "2016年5月31日",
        "２０１６年５月３１日",
        "2016 年 5 月 31 日",
        "2016-05-31T16:42:00",
        "2016/5/31 16:42",
        "2016年5月31日上午",
        "16.5.31",
        "20160531",
        20160531.0,
        "5.31",
        5.31,
        "5月31日",
        "5/31",
        "5-31",
        "5.31.",
        42521.0,
        42521,
        "42521",
        42521.6963,
        date(2016, 5, 31),
        datetime(2016, 5, 31, 16, 42),  # noqa: DTZ001 - Excel knows no time zones
    ],
)
def test_dates_are_read_as_staff_write_them(cell: Cell) -> None:
    assert read_date(cell, 2016, TODAY) == (MAY_31, "")


def test_a_number_that_may_have_lost_a_zero_is_complained_of() -> None:
    assert read_date("5.3", 2016, TODAY) == (date(2016, 5, 3), "")
    found, complaint = read_date(5.3, 2016, TODAY)
    assert found == date(2016, 5, 3)
    assert "5月30日" in complaint
    assert read_date(2.3, 2016, TODAY) == (date(2016, 2, 3), "")


@pytest.mark.parametrize(
    "cell", ["2016年5月", "2.30", "待补", 5, 7.0, date(1900, 1, 5), "31.5", "5.31或6.1", True]
)
def test_what_is_no_date_is_left_blank_and_told(cell: Cell) -> None:
    found, complaint = read_date(cell, 2016, TODAY)
    assert found is None
    assert "日期" in complaint


@pytest.mark.parametrize("blank", [None, "", "  ", "\u3000"])
def test_a_blank_cell_is_no_complaint(blank: Cell) -> None:
    assert read_date(blank, 2016, TODAY) == (None, "")
    assert read_copies(blank) == (None, "")
    assert read_seals(blank).value is None
    assert read_recommendation(blank).complaint == ""


@pytest.mark.parametrize(
    "cell",
    [
        *(5, 5.0, "5", "5份", "５份", "5.0", "五", "五份", "一式五份", "一式5份", "共5份", "5 套"),
        *("正1副4", "1正4副", "正本1份、副本4份", "正本一份，副本四份", "5份（已装订）"),
    ],
)
def test_copies_are_read_as_staff_write_them(cell: Cell) -> None:
    assert read_copies(cell) == (5, "")


def test_chinese_numerals_go_past_ten() -> None:
    assert read_copies("十份")[0] == 10
    assert read_copies("十二份")[0] == 12
    assert read_copies("二十")[0] == 20


@pytest.mark.parametrize("cell", ["缺1份", "4/5", "应5实4", "若干", 4.5, -1, "一二三", "1000000"])
def test_copies_that_cannot_be_told_are_left_blank_and_told(cell: Cell) -> None:
    copies, complaint = read_copies(cell)
    assert copies is None
    assert "份数" in complaint


@pytest.mark.parametrize(
    "cell", ["是", "齐", "有", "√", "✓", "已盖", "齐全", "Y", "y", "yes", True, "齐 ", "已盖章。"]
)
def test_marks_that_say_yes(cell: Cell) -> None:
    for mark in (read_seals(cell), read_recommendation(cell)):
        assert mark.value is True
        assert mark.text == mark.complaint == ""


@pytest.mark.parametrize(
    "cell", ["否", "缺", "无", "×", "✗", "未盖", "不齐", "N", "n", "X", False, "未盖章"]
)
def test_marks_that_say_no(cell: Cell) -> None:
    for mark in (read_seals(cell), read_recommendation(cell)):
        assert mark.value is False
        assert mark.text == mark.complaint == ""


def test_other_words_about_seals_are_a_no_with_its_detail() -> None:
    for words in ("缺1份", "缺示例大学公章", "第3家模糊", "齐，差骑缝章"):
        assert (read_seals(words).value, read_seals(words).text) == (False, words)


def test_a_yes_with_more_words_stays_a_yes() -> None:
    for words in ("齐（含骑缝章）", "齐，无缺页", "已盖章 5.31"):
        assert (read_seals(words).value, read_seals(words).text) == (True, words)


def test_the_number_of_its_letter_shows_that_a_recommendation_is_there() -> None:
    assert read_recommendation("示科函〔2016〕5号").value is True
    assert read_recommendation("同意推荐。2016.5.30").value is True
    assert read_recommendation("缺推荐函").value is False


@pytest.mark.parametrize("words", ["待核", "?", "-", "—", "见备注"])
def test_marks_that_nobody_has_looked_at_stay_open_without_complaint(words: str) -> None:
    mark = read_seals(words)
    assert (mark.value, mark.text, mark.complaint) == (None, words, "")


def test_a_doubt_about_a_mark_goes_to_a_person() -> None:
    assert read_recommendation("广东省少数民族事务部门").value is None
    assert read_recommendation("珠海市科技局").complaint
    assert read_seals(5.0).value is None
    assert read_seals("12/12").complaint


def test_numbers_that_excel_made_of_digits_are_text_again() -> None:
    assert text_of(13800000000.0) == "13800000000"
    assert text_of(12.0) == "12"
    assert text_of("0012") == "0012"
    assert text_of(date(2016, 5, 31)) == "2016-05-31"


@pytest.mark.parametrize(
    ("cell", "phone"),
    [
        (75200007855.0, "075200007855"),
        (2000007855, "02000007855"),
        (1000007855, "01000007855"),
        (7560000785, "07560000785"),
        (13000000001, "13000000001"),
        (4000000785, "4000000785"),
        (20000785, "20000785"),
        ("0752-00007855", "0752-00007855"),
    ],
)
def test_a_telephone_number_gets_back_the_zero_that_its_cell_lost(cell: Cell, phone: str) -> None:
    assert read_phone(cell) == (phone, "")


def test_a_number_that_is_no_telephone_number_is_kept_and_told() -> None:
    phone, complaint = read_phone(123456789)
    assert phone == "123456789"
    assert "请核对" in complaint


def test_a_short_date_is_never_after_today() -> None:
    assert read_date("12.30", 2026, TODAY) == (date(2025, 12, 30), "")
    assert read_date("11.24", 2026, TODAY) == (TODAY, "")


@pytest.mark.parametrize("cell", ["伍份", "伍", "五份", "5份(套)", "一式五份", "一式伍份"])
def test_five_copies_in_any_numeral(cell: str) -> None:
    assert read_copies(cell) == (5, "")


def test_a_shared_contact_cell_is_divided() -> None:
    assert split_contact("办公室 10000000001 / office@example.com") == {
        "contact": "办公室",
        "mobile": "10000000001",
        "email": "office@example.com",
    }
    assert split_contact("科技处·020-12345678")["mobile"] == "020-12345678"


@given(CELLS)
def test_no_cell_ever_raises(cell: Cell) -> None:
    text = text_of(cell)
    found, _ = read_date(cell, 2016, TODAY)
    copies, _ = read_copies(cell)
    assert found is None or 2000 <= found.year <= 2099
    assert copies is None or 0 <= copies <= 999
    read_seals(cell)
    read_recommendation(cell)
    split_contact(text)


@given(CELLS)
def test_a_mark_reads_the_same_from_its_own_export(cell: Cell) -> None:
    usual = {True: "是", False: "否", None: ""}
    for read in (read_seals, read_recommendation):
        mark = read(cell)
        again = read(mark.text or usual[mark.value])
        assert (again.value, again.text) == (mark.value, mark.text)
