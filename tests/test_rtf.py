"""RTF: Chinese text by code page or in Unicode, tables, fields, notes."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers import media
from parsers.errors import ParseError
from parsers.reading import read_content
from parsers.rtf import MAX_DEPTH, read_rtf
from parsers.submission import Block, Content, Problem

FONTS = (
    r"{\fonttbl{\f0\fcharset0 Times New Roman;}{\f1\fcharset134 \'cb\'ce\'cc\'e5;}"
    r"{\f2\fcharset2 Wingdings;}{\f3\fcharset136 PMingLiU;}}"
)


def read(folder: Path, body: str, head: str = r"\ansi\ansicpg1252\deff0") -> Content:
    path = folder / "a.rtf"
    path.write_bytes(f"{{\\rtf1{head}{FONTS}{body}}}".encode("latin-1"))
    return read_rtf(path, media.RTF)


def blocks(content: Content) -> tuple[Block, ...]:
    return tuple(block for page in content.pages for block in page.blocks)


def coded(text: str, codec: str = "gb18030") -> str:
    return "".join(f"\\'{byte:02x}" for byte in text.encode(codec))


def test_bytes_are_read_by_the_character_set_of_their_font(tmp_path: Path) -> None:
    body = rf"{{\f1 {coded('广东省')}}}{{\f3 {coded('聯盟', 'big5')}}}{{\f0 caf\'e9}}\par"
    assert blocks(read(tmp_path, body)) == ("广东省聯盟café",)


def test_a_chinese_characters_second_byte_may_be_plain_text(tmp_path: Path) -> None:
    body = r"\f1 \'81\{\'81\\\'81@\par"
    assert blocks(read(tmp_path, body)) == (b"\x81{\x81\\\x81@".decode("gb18030"),)


def test_the_files_code_page_holds_where_fonts_only_name_the_western_one(tmp_path: Path) -> None:
    body = rf"\f0 {coded('组建章程')}\par"
    assert blocks(read(tmp_path, body, r"\ansi\ansicpg936\deff0")) == ("组建章程",)


def test_what_stands_behind_a_unicode_character_is_for_other_readers(tmp_path: Path) -> None:
    body = r"\uc1\u32852?\u30431\'3f\uc2\u31456\'d5\'c2\uc0\u31243 \u-10179\u-8702\par"
    assert blocks(read(tmp_path, body)) == ("联盟章程😂",)


@given(text=st.text("甲乙é𠮷ab{}\\ \t", min_size=1).filter(lambda text: text.strip()))
def test_any_text_comes_out_whole(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    raw = text.encode("utf-16-le")
    units = [int.from_bytes(raw[at : at + 2], "little") for at in range(0, len(raw), 2)]
    body = "".join(f"\\u{unit - 0x10000 if unit > 0x7FFF else unit}?" for unit in units)
    content = read(tmp_path_factory.getbasetemp(), body + "\\par")
    assert blocks(content) == (text.strip(),)


def test_cells_and_rows_become_a_table(tmp_path: Path) -> None:
    body = (
        r"\pard A\par\trowd\cellx1\cellx2\pard\intbl name\cell first\par second\cell\row"
        r"\trowd\cellx1\cellx2\pard\intbl tel\cell\cell\row\pard B\par"
    )
    table = (("name", "first\nsecond"), ("tel", ""))
    assert blocks(read(tmp_path, body)) == ("A", table, "B")


def test_a_merged_cell_stands_once_in_its_first_place(tmp_path: Path) -> None:
    body = (
        r"\trowd\clmgf\cellx1\clmrg\cellx2\pard\intbl all\cell\cell\row"
        r"\trowd\clvmgf\cellx1\cellx2\pard\intbl kind\cell 1\cell\row"
        r"\trowd\clvmrg\cellx1\cellx2\pard\intbl\cell 2\cell\row\pard\par"
    )
    assert blocks(read(tmp_path, body)) == ((("all",), ("kind", "1"), ("", "2")),)


def test_a_table_in_a_cell_stands_behind_the_one_around_it(tmp_path: Path) -> None:
    body = (
        r"\pard\intbl\itap1 opinion\par\pard\intbl\itap2 a\nestcell b\nestcell"
        r"{\*\nesttableprops\trowd\cellx1\cellx2\nestrow}{\nonesttables\par}"
        r"\pard\intbl\itap1 yes\cell no\cell\trowd\cellx1\cellx2\row\pard\par"
    )
    assert blocks(read(tmp_path, body)) == ((("opinion\nyes", "no"),), (("a", "b"),))


def test_fields_show_their_result_and_forms_their_ticks(tmp_path: Path) -> None:
    body = (
        r'{\field{\*\fldinst HYPERLINK "http://example.com"}{\fldrslt site}} '
        r"{\field{\*\fldinst FORMCHECKBOX{\*\formfield{\fftype1\ffres1}}}{\fldrslt}}yes "
        r"{\field{\*\fldinst FORMCHECKBOX{\*\formfield{\fftype1\ffres25\ffdefres0}}}}no "
        r"{\field{\*\fldinst SYMBOL 254 \\f Wingdings}{\fldrslt\f2 \'fe}}{\f2\'a8}\par"
    )
    assert blocks(read(tmp_path, body)) == ("site ☑yes □no ☑□",)


def test_what_is_no_text_of_the_document_is_left_out(tmp_path: Path) -> None:
    body = (
        r"{\info{\title T}{\upr{\author x}{\*\ud{\author y}}}}{\stylesheet{\s1 Normal;}}"
        r"{\*\unknown z}{\pict ffd8ff}{\*\bkmkstart a}text{\v hidden}\bin3 {}}\par"
    )
    assert blocks(read(tmp_path, body)) == ("text",)


def test_changes_and_comments_are_quoted(tmp_path: Path) -> None:
    body = r"a{\deleted old}{\revised new}{\*\annotation{\*\atnid 1} check this}z\par"
    content = read(tmp_path, body)
    assert blocks(content) == ("anewz",)
    assert content.marks == ("删除：old", "插入：new", "批注：check this")


def test_boxes_follow_their_paragraph_and_notes_the_text(tmp_path: Path) -> None:
    body = (
        r"{\header head\par}{\footer - 1 -\par}first"
        r"{\shp{\*\shpinst{\sp{\sn name}{\sv value}}{\shptxt box\par}}{\shprslt box}}"
        r"{\footnote note}\par second\par"
    )
    assert blocks(read(tmp_path, body)) == ("first", "box", "second", "head", "note")


def test_pages_set_by_hand_are_numbered(tmp_path: Path) -> None:
    body = r"one\par\page two\par\sect\sectd\sbknone three\par\sect\sectd four\par"
    pages = read(tmp_path, body).pages
    assert [(page.number, page.blocks) for page in pages] == [
        (1, ("one",)),
        (2, ("two", "three")),
        (3, ("four",)),
    ]


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (r"\par", Problem.EMPTY),
        (r"{\pict ffd8ff}\par", Problem.SCAN),
        (r"cut {off", Problem.DAMAGED),
        ("{" * (MAX_DEPTH + 1), Problem.TOO_DEEP),
    ],
)
def test_what_cannot_be_read_says_why(tmp_path: Path, body: str, problem: Problem) -> None:
    with pytest.raises(ParseError) as caught:
        read(tmp_path, body)
    assert caught.value.problem == problem


WORDS = ("{", "}", "\\par", "\\cell", "\\row", "\\itap2", "\\nestcell", "\\u9", "\\'d6", "\\*", "x")


@given(body=st.lists(st.sampled_from([*WORDS, "\\fldinst", "\\upr", "\\ud", "\\bin2", "\\f1 "])))
def test_any_markup_ends_in_content(
    tmp_path_factory: pytest.TempPathFactory, body: list[str]
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.rtf"
    path.write_text("{\\rtf1" + "".join(body) + "}")
    content = read_content(path, media.RTF, "a")
    assert content.detail in {"", "RTF 没有结尾"}
    assert bool(content.pages) != bool(content.problem)


def test_automatic_numbers_are_read_and_bullets_left_out(tmp_path: Path) -> None:
    items = (
        rf"{{\listtext\pard\plain\f1 {coded('一、')}}}",
        r"{\listtext\f2\'d8\tab}",
        r"{\pntext\'b7\tab}",
        r"{\pntext 2.\tab}",
        r"{\listtext\f2\'a8\tab}",
    )
    body = "".join(rf"\pard{each}{{\f1 {coded('目标')}}}\par " for each in items)
    assert blocks(read(tmp_path, body)) == ("一、目标", "目标", "目标", "2. 目标", "□ 目标")


def test_a_paragraph_whose_end_is_deleted_goes_on_with_the_next(tmp_path: Path) -> None:
    body = rf"\f1 {coded('联盟')}{{\deleted {coded('筹备')}\par }}{coded('章程')}\par"
    content = read(tmp_path, body)
    assert (blocks(content), content.marks) == (("联盟章程",), ("删除：筹备",))
