"""Automatic list numbers are written as Word prints them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.list_numbers import Counters, Level, without_bullets, written

CHAPTERS = (
    Level(form="chineseCountingThousand", text="第\x00章"),
    Level(form="chineseCountingThousand", text="第\x01条"),
    Level(text="\x00.\x01.\x02", legal=True),
)


@pytest.mark.parametrize(
    ("form", "numbers"),
    [
        ("decimal", {1: "1", 25: "25"}),
        (
            "chineseCounting",
            {1: "一", 10: "十", 11: "十一", 20: "二十", 99: "九十九", 101: "一〇一"},
        ),
        ("chineseCountingThousand", {10: "十", 100: "一百", 105: "一百零五", 110: "一百一十"}),
        ("taiwaneseCountingThousand", {2016: "二千零一十六", 3000: "三千"}),
        ("japaneseCounting", {3: "三", 10: "十", 101: "百一"}),
        ("chineseLegalSimplified", {1: "壹", 10: "壹拾", 23: "贰拾叁", 104: "壹佰零肆"}),
        ("ideographLegalTraditional", {2: "貳", 6: "陸"}),
        ("ideographDigital", {9: "九", 10: "一〇", 21: "二一"}),
        ("ideographTraditional", {1: "甲", 10: "癸", 11: "甲"}),
        ("ideographZodiac", {1: "子", 12: "亥"}),
        ("ideographZodiacTraditional", {1: "甲子", 60: "癸亥"}),
        ("ideographEnclosedCircle", {1: "㈠", 10: "㈩", 11: "11"}),
        ("decimalEnclosedCircle", {1: "①", 20: "⑳", 21: "㉑", 36: "㊱", 51: "51"}),
        ("decimalEnclosedParen", {1: "⑴", 21: "21"}),
        ("decimalEnclosedFullstop", {1: "⒈"}),
        ("decimalFullWidth", {12: "１２"}),
        ("decimalZero", {7: "07", 12: "12"}),
        ("numberInDash", {3: "- 3 -"}),
        ("ordinal", {1: "1st", 2: "2nd", 11: "11th", 113: "113th", 123: "123rd"}),
        ("upperRoman", {4: "IV", 1994: "MCMXCIV"}),
        ("lowerRoman", {9: "ix"}),
        ("upperLetter", {1: "A", 26: "Z", 27: "AA"}),
        ("lowerLetter", {28: "bb"}),
        ("none", {1: ""}),
        ("bullet", {1: ""}),
        ("unknownFormat", {5: "5"}),
    ],
)
def test_a_number_is_written_in_its_format(form: str, numbers: dict[int, str]) -> None:
    assert {number: written(number, form) for number in numbers} == numbers


@given(st.integers(-10, 100_000), st.sampled_from(["japaneseCounting", "lowerLetter", "ordinal"]))
def test_any_number_is_written(number: int, form: str) -> None:
    assert written(number, form)


def test_inner_levels_begin_anew_under_outer_ones() -> None:
    counters = Counters()
    depths = (0, 1, 1, 2, 0, 1, 2, 2)
    assert [counters.next("list", CHAPTERS, depth) for depth in depths] == [
        "第一章 ", "第一条 ", "第二条 ", "1.2.1 ", "第二章 ", "第一条 ", "2.1.1 ", "2.1.2 ",
    ]  # fmt: skip


def test_a_level_may_go_on_where_outer_ones_begin() -> None:
    articles = (CHAPTERS[0], Level(text="第\x01条", restart=0))
    counters = Counters()
    numbers = [counters.next("list", articles, depth) for depth in (0, 1, 1, 0, 1)]
    assert numbers == ["第一章 ", "第1条 ", "第2条 ", "第二章 ", "第3条 "]


def test_a_level_that_was_left_out_counts_as_begun() -> None:
    counters = Counters()
    numbers = [counters.next("list", CHAPTERS, depth) for depth in (0, 2, 1)]
    assert numbers == ["第一章 ", "1.1.1 ", "第二条 "]


def test_users_of_one_list_count_on_until_one_begins_anew() -> None:
    level = (Level(text="\x00)"),)
    counters = Counters()
    first = counters.next("list", level, 0, user="a")
    second = counters.next("list", level, 0, user="b")
    again = [counters.next("list", level, 0, user="c", starts={0: 7}) for _ in range(2)]
    assert (first, second, again) == ("1) ", "2) ", ["7) ", "8) "])


def test_bullets_are_left_out_but_for_boxes_to_tick() -> None:
    levels = [(Level(form="bullet", text=sign),) for sign in "\uf0d8•l\uf0a8\uf052"]
    assert [Counters().next("list", each, 0) for each in levels] == ["", "", "", "□ ", "☑ "]
    printed = ["\uf0b7\t", "o\t", "– ", "1.\t", "第一条", "(a) ", "①\t"]
    shown = ["", "", "", "1. ", "第一条", "(a) ", "① "]
    assert [without_bullets(each) for each in printed] == shown


def test_a_level_that_is_not_there_numbers_nothing() -> None:
    assert Counters().next("list", CHAPTERS, 8) == ""
