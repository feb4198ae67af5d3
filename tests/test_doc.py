"""Word 97–2003 and Kingsoft files: text and tables, wherever their pieces lie."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers import media
from parsers.doc import read_doc
from parsers.errors import ParseError
from parsers.reading import read_content
from parsers.submission import Block, Content, Problem
from tests.word_maker import (
    DELETED,
    HIDDEN,
    IN_TABLE,
    INSERTED,
    ROW_END,
    Look,
    Piece,
    deep,
    ole,
    row_of,
    word,
)

MADE = Path(__file__).parent / "documents_made"


def put(folder: Path, streams: dict[str, bytes]) -> Path:
    path = folder / "a.doc"
    path.write_bytes(ole(streams))
    return path


def read(folder: Path, streams: dict[str, bytes]) -> Content:
    return read_doc(put(folder, streams), media.DOC)


def blocks(content: Content) -> tuple[Block, ...]:
    return tuple(block for page in content.pages for block in page.blocks)


def looks(text: str, *marked: tuple[str, bytes]) -> list[Look]:
    """Return the properties of parts of a text, each found behind the one before."""
    found, at = [], 0
    for part, properties in marked:
        at = text.index(part, at)
        found.append(Look(start=at, end=at + len(part), properties=properties))
        at += len(part)
    return found


def test_pieces_of_either_width_are_joined_in_the_documents_order(tmp_path: Path) -> None:
    pieces = [
        Piece(text="广东省工业机器人"),
        Piece(text="LED – “A” ", narrow=True),
        Piece(text="联盟\r章程\r"),
    ]
    content = read(tmp_path, word(*pieces))
    assert blocks(content) == ("广东省工业机器人LED – “A” 联盟", "章程")
    assert (content.page_count, content.pages[0].number) == (None, None)


@given(
    st.lists(st.tuples(st.text("甲乙丙𠮷é一", min_size=1), st.booleans()), min_size=1, max_size=8)
)
def test_any_text_in_any_pieces_comes_out_whole(
    tmp_path_factory: pytest.TempPathFactory, parts: list[tuple[str, bool]]
) -> None:
    pieces = [Piece(text="é" if narrow else part, narrow=narrow) for part, narrow in parts]
    units = [Piece(text=_units(each.text), narrow=each.narrow) for each in pieces]
    content = read(tmp_path_factory.getbasetemp(), word(*units, Piece(text="\r")))
    assert blocks(content) == ("".join(each.text for each in pieces),)


def _units(text: str) -> str:
    """Return text of which each character is one position of the document."""
    raw = text.encode("utf-16-le")
    return "".join(chr(int.from_bytes(raw[at : at + 2], "little")) for at in range(0, len(raw), 2))


def test_cells_and_rows_become_a_table(tmp_path: Path) -> None:
    text = "申报表\r联盟名称\x07广东省示例\r联盟\x07\x07推荐单位\x07\x07\x07完\r"
    paragraphs = looks(
        text,
        ("联盟名称\x07广东省示例\r联盟\x07", IN_TABLE),
        ("\x07", ROW_END),
        ("推荐单位\x07\x07", IN_TABLE),
        ("\x07", ROW_END),
    )
    content = read(tmp_path, word(Piece(text=text), paragraphs=paragraphs))
    table = (("联盟名称", "广东省示例\n联盟"), ("推荐单位", ""))
    assert blocks(content) == ("申报表", table, "完")


def test_a_merged_cell_stands_once_in_its_first_place(tmp_path: Path) -> None:
    text = "成员\x07\x07\x07\x07企业\x071\x07甲公司\x07\x07\x072\x07乙公司\x07\x07\r"
    first, merged = 0x01, 0x02
    restart, goes_on = 0x60, 0x20
    rows = looks(
        text,
        ("成员\x07\x07\x07", IN_TABLE),
        ("\x07", row_of(first, merged, merged)),
        ("企业\x071\x07甲公司\x07", IN_TABLE),
        ("\x07", row_of(restart, 0, 0)),
        ("\x072\x07乙公司\x07", IN_TABLE),
        ("\x07", row_of(goes_on, 0, 0)),
    )
    content = read(tmp_path, word(Piece(text=text), paragraphs=rows))
    assert blocks(content) == ((("成员",), ("企业", "1", "甲公司"), ("", "2", "乙公司")),)


def test_a_table_in_a_cell_stands_behind_the_one_around_it(tmp_path: Path) -> None:
    text = "意见\r甲\r乙\r\r同意\x07无\x07\x07\r"
    paragraphs = looks(
        text,
        ("意见\r", IN_TABLE),
        ("甲\r", deep(2, cell=True)),
        ("乙\r", deep(2, cell=True)),
        ("\r", deep(2, row=True)),
        ("同意\x07无\x07", IN_TABLE),
        ("\x07", ROW_END),
    )
    content = read(tmp_path, word(Piece(text=text), paragraphs=paragraphs))
    assert blocks(content) == ((("意见\n同意", "无"),), (("甲", "乙"),))


def test_fields_show_their_result(tmp_path: Path) -> None:
    text = (
        '见\x13 HYPERLINK "http://example.com" \x14\x13 REF a \x14附件\x15一\x15。\x13 PAGE \x15\r'
    )
    assert blocks(read(tmp_path, word(Piece(text=text)))) == ("见附件一。",)


def test_a_phonetic_guide_leaves_its_base(tmp_path: Path) -> None:
    text = "\x13 EQ \\* jc2 \\* hps10 \\o\\ad(\\s\\up 9(yuè),粤)\x15衡公司\r"
    assert blocks(read(tmp_path, word(Piece(text=text)))) == ("粤衡公司",)


def test_changes_are_quoted_and_deleted_or_hidden_text_is_left_out(tmp_path: Path) -> None:
    text = "成员12家11家，密不宣\r"
    characters = looks(text, ("12", DELETED), ("家", b""), ("11", INSERTED), ("密", HIDDEN))
    content = read(tmp_path, word(Piece(text=text), characters=characters))
    assert blocks(content) == ("成员家11家，不宣",)
    assert content.marks == ("删除：12", "插入：11")


def test_a_paragraph_whose_end_is_deleted_goes_on_with_the_next(tmp_path: Path) -> None:
    text = "联盟\r章程\r"
    content = read(tmp_path, word(Piece(text=text), characters=looks(text, ("\r", DELETED))))
    assert blocks(content) == ("联盟章程",)


def level(text: str, form: int, *places: int, start: int = 1, follow: int = 2) -> bytes:
    """Return a level of a list; `places` are those of the numbers in its text, from 1."""
    head = struct.pack("<iBB", start, form, 0) + bytes(places).ljust(9, b"\0")
    head += bytes([follow]) + bytes(8) + bytes(4)
    return head + struct.pack("<H", len(text)) + text.encode("utf-16-le")


def lists(*levels: bytes, users: int = 1, override: bytes = b"") -> dict[int, bytes]:
    """Return the tables of one list of nine levels, the last of whose users may override it."""
    whole = [*levels, *[level("", 0xFF)] * (9 - len(levels))]
    head = struct.pack("<i", 5) + bytes(24)
    overrides = [0] * (users - 1) + [int(bool(override))]
    used = struct.pack("<I", users)
    used += b"".join(struct.pack("<i8xB3x", 5, each) for each in overrides)
    used += (b"\xff" * 4) * users + override
    return {74: used, 73: struct.pack("<H", 1) + head + b"".join(whole)}


def listed(user: int, depth: int = 0) -> bytes:
    return struct.pack("<HHHB", 0x460B, user, 0x260A, depth)


CHAPTER, ARTICLE = level("第\0章", 39, 2), level("第\1条", 39, 2, follow=1)


def test_automatic_numbers_are_read(tmp_path: Path) -> None:
    text = "总则\r名称\r宗旨\r机构\r理事会\r"
    ends = looks(
        text,
        *(
            (each, listed(1, depth))
            for each, depth in zip(text.split("\r"), (0, 1, 1, 0, 1), strict=False)
        ),
    )
    streams = word(Piece(text=text), paragraphs=whole(text, ends), tables=lists(CHAPTER, ARTICLE))
    assert blocks(read(tmp_path, streams)) == (
        "第一章总则", "第一条 名称", "第二条 宗旨", "第二章机构", "第一条 理事会",
    )  # fmt: skip


def whole(text: str, parts: list[Look]) -> list[Look]:
    """Return properties of parts of paragraphs as those of the paragraphs with their ends."""
    return [
        Look(start=each.start, end=text.index("\r", each.start) + 1, properties=each.properties)
        for each in parts
    ]


def test_a_list_may_begin_anew_or_look_otherwise(tmp_path: Path) -> None:
    text = "甲\r乙\r丙\r"
    ends = looks(text, ("甲", listed(1)), ("乙", listed(2)), ("丙", listed(2)))
    anew = struct.pack("<iI", 7, 0x10)
    otherwise = struct.pack("<iI", 0, 0x30) + level("(\0)", 0, 2, start=3)
    for override, expected in (
        (anew, ("第一章甲", "第七章乙", "第八章丙")),
        (otherwise, ("第一章甲", "(3)乙", "(4)丙")),
    ):
        tables = lists(CHAPTER, users=2, override=override)
        streams = word(Piece(text=text), paragraphs=whole(text, ends), tables=tables)
        assert blocks(read(tmp_path, streams)) == expected


def test_a_style_numbers_its_paragraphs(tmp_path: Path) -> None:
    def style(based_on: int, properties: bytes) -> bytes:
        told = struct.pack("<HH", 2 + len(properties), 0) + properties
        told += bytes(len(told) % 2)
        made = (
            struct.pack("<5H", 0, 1 | based_on << 4, 2, 0, 0) + struct.pack("<HHH", 1, 65, 0) + told
        )
        return struct.pack("<H", len(made)) + made

    sheet = struct.pack("<HHH", 4, 3, 10) + style(1, b"") + style(0xFFF, listed(1)) + bytes(2)
    for tables in ({1: sheet}, {1: sheet[:20]}):
        streams = word(
            Piece(text="总则\r"),
            paragraphs=[Look(start=0, end=3, properties=b"")],
            tables=tables | lists(CHAPTER),
        )
        assert blocks(read(tmp_path, streams)) == (
            ("第一章总则",) if tables[1] == sheet else ("总则",)
        )


@given(at=st.integers(0, 400), change=st.binary(min_size=1, max_size=40))
def test_damaged_lists_cost_the_numbers_alone(
    tmp_path_factory: pytest.TempPathFactory, at: int, change: bytes
) -> None:
    tables = lists(CHAPTER, ARTICLE, users=2, override=struct.pack("<iI", 7, 0x10))
    broken = {key: raw[:at] + change + raw[at + len(change) :] for key, raw in tables.items()}
    text = "甲\r"
    streams = word(
        Piece(text=text), paragraphs=[Look(start=0, end=2, properties=listed(2))], tables=broken
    )
    (block,) = blocks(read(tmp_path_factory.getbasetemp(), streams))
    assert str(block).endswith("甲")


def test_what_a_piece_adds_counts_as_well(tmp_path: Path) -> None:
    deleted = (0x41 << 1) | (1 << 8)
    content = read(tmp_path, word(Piece(text="旧", change=deleted), Piece(text="新\r")))
    assert (blocks(content), content.marks) == (("新",), ("删除：旧",))


def test_pages_set_by_hand_are_numbered(tmp_path: Path) -> None:
    content = read(tmp_path, word(Piece(text="封面\x0c第一章\r")))
    assert [(page.number, page.blocks) for page in content.pages] == [
        (1, ("封面",)),
        (2, ("第一章",)),
    ]


def test_special_characters_are_read_as_they_are_seen(tmp_path: Path) -> None:
    text = "020\x1e1234\x0b换行\x1f不断\xa0□\uf0fe\r"
    assert blocks(read(tmp_path, word(Piece(text=text)))) == ("020-1234", "换行不断\xa0□☑")


def test_notes_stand_behind_the_text_and_comments_among_the_marks(tmp_path: Path) -> None:
    stories = ("正文\x02\r", "\x02脚注\r", "", "", "\x05请核对\r")
    tables = {5: (0).to_bytes(4, "little") + len(stories[4]).to_bytes(4, "little")}
    counts = [len(story) for story in stories]
    content = read(tmp_path, word(Piece(text="".join(stories)), counts=counts, tables=tables))
    assert (blocks(content), content.marks) == (("正文", "脚注"), ("批注：请核对",))


def test_upper_case_streams_are_the_same(tmp_path: Path) -> None:
    streams = {name.upper(): raw for name, raw in word(Piece(text="章程\r")).items()}
    path = put(tmp_path, streams)
    assert media.media_type_of(path.read_bytes()[:8192], path, "a.bin") == media.DOC
    assert blocks(read_doc(path, media.DOC)) == ("章程",)


@pytest.mark.parametrize(
    ("streams", "problem"),
    [
        (word(Piece(text="密\r"), flags=0x0100), Problem.LOCKED),
        (word(Piece(text="密\r")) | {"\tDRMContent": b"x"}, Problem.LOCKED),
        (word(Piece(text="旧\r"), written_by=0xA5DC, version=0x68), Problem.UNSUPPORTED),
        (word(Piece(text="\r")), Problem.EMPTY),
        (word(Piece(text="\x01\r")), Problem.SCAN),
        (word(Piece(text="文\r"), written_by=0x1234), Problem.DAMAGED),
        (word(Piece(text="甲\x13 REF 乙\r")), Problem.DAMAGED),
        (word(Piece(text="文\r"), counts=[99]), Problem.DAMAGED),
        ({"WordDocument": word(Piece(text="文\r"))["WordDocument"]}, Problem.DAMAGED),
        ({"0Table": b""}, Problem.DAMAGED),
    ],
)
def test_what_cannot_be_read_says_why(
    tmp_path: Path, streams: dict[str, bytes], problem: Problem
) -> None:
    with pytest.raises(ParseError) as caught:
        read(tmp_path, streams)
    assert caught.value.problem == problem


def test_text_that_is_cut_off_is_not_read_in_part(tmp_path: Path) -> None:
    streams = word(Piece(text="前\r"), Piece(text="后" * 4000 + "\r"))
    streams["WordDocument"] = streams["WordDocument"][:6000]
    with pytest.raises(ParseError) as caught:
        read(tmp_path, streams)
    assert caught.value.problem == Problem.DAMAGED


@given(at=st.integers(0, 12_000), change=st.binary(min_size=1, max_size=64))
def test_any_damage_ends_in_content_or_a_problem(
    tmp_path_factory: pytest.TempPathFactory, at: int, change: bytes
) -> None:
    text = "表\x07格\x07\x07\x13 A \x14文\x15\x08\r"
    streams = word(
        Piece(text=text),
        Piece(text="end\r", narrow=True),
        paragraphs=looks(text, ("表\x07格\x07", IN_TABLE), ("\x07", row_of(0, 0x20))),
        characters=looks(text, ("文", DELETED)),
    )
    raw = bytearray(ole(streams))
    raw[at : at + len(change)] = change
    path = tmp_path_factory.getbasetemp() / "damaged.doc"
    path.write_bytes(raw)
    content = read_content(path, media.DOC, "a.doc")
    assert bool(content.pages) != bool(content.problem)
