"""Lines and tables out of what stands where."""

from collections import Counter
from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from parsers.layout import (
    Glyph,
    Line,
    PlacedTable,
    Ruling,
    Sheet,
    compose,
    find_grids,
    in_reading_order,
    is_page_number,
    lay_out,
    set_lines,
)
from parsers.submission import Block

SIZE = 10.0
LEFT, RIGHT = 90.0, 505.0


def typed(text: str, x: float, y: float, gap: float = 0.0) -> Iterator[Glyph]:
    """Set Chinese text, each character a square of SIZE; Latin ones half as wide."""
    for character in text:
        width = SIZE / 2 if character.isascii() else SIZE
        yield Glyph(text=character, x0=x, y0=y, x1=x + width, y1=y + SIZE)
        x += width + gap


def line(text: str, y: float, x0: float = LEFT, x1: float = RIGHT, size: float = SIZE) -> Line:
    return Line(text=text, x0=x0, x1=x1, y0=y, y1=y + size, size=size, lead=size)


def sheet(number: int, *items: Line | PlacedTable) -> Sheet:
    return Sheet(number=number, width=595.0, height=842.0, items=items)


def blocks(*sheets: Sheet) -> list[tuple[Block, ...]]:
    return [page.blocks for page in compose(sheets)]


def grid_rulings(xs: list[float], ys: list[float]) -> list[Ruling]:
    across = [Ruling(vertical=False, at=y, start=xs[0], end=xs[-1]) for y in ys]
    return [*across, *(Ruling(vertical=True, at=x, start=ys[-1], end=ys[0]) for x in xs)]


def rows_of(glyphs: list[Glyph], rulings: list[Ruling]) -> list[tuple[tuple[str, ...], ...]]:
    return [item.rows for item in lay_out(glyphs, rulings) if isinstance(item, PlacedTable)]


def test_stretched_lines_have_no_spaces_and_typed_gaps_have() -> None:
    stretched = set_lines(typed("联盟成员共同承担风险", 0, 0, gap=4))
    spaced = set_lines([*typed("联", 0, 0), *typed("系", 15, 0), *typed("人", 30, 0)])
    assert [each.text for each in (*stretched, *spaced)] == ["联盟成员共同承担风险", "联 系 人"]


def test_the_gap_between_scripts_is_no_space() -> None:
    glyphs = [*typed("共", 0, 0), *typed("12", 12.5, 0), *typed("家", 25, 0)]
    assert [each.text for each in set_lines(glyphs)] == ["共12家"]


def test_bold_type_faked_by_printing_twice_is_read_once() -> None:
    glyphs = [*typed("章程", 0, 0), *typed("章程", 0.4, 0)]
    assert [each.text for each in set_lines(glyphs)] == ["章程"]


def test_narrow_letters_side_by_side_are_two() -> None:
    letters = [Glyph(text="l", x0=x, y0=0, x1=x + 2, y1=SIZE) for x in (0.0, 2.0)]
    assert [each.text for each in set_lines(letters)] == ["ll"]


def test_lines_drawn_out_of_order_are_sorted_but_columns_are_kept() -> None:
    footer, head, middle = line("尾", 10), line("首", 700), line("中", 500)
    assert [each.text for each in in_reading_order([footer, head, middle])] == ["首", "中", "尾"]
    left = [line(f"左{y}", y, 90, 280) for y in (700, 600)]
    right = [line(f"右{y}", y, 310, 500) for y in (700, 600)]
    assert in_reading_order([*left, *right]) == [*left, *right]


def test_merged_cells_stand_once_and_keep_the_place_of_the_others() -> None:
    rulings = [
        ruling
        for ruling in grid_rulings([0, 100, 200, 300], [300, 200, 100, 0])
        if ruling.at not in {100.0, 200.0} or not ruling.vertical
    ]
    rulings.append(Ruling(vertical=True, at=100, start=0, end=300))
    rulings.append(Ruling(vertical=True, at=200, start=0, end=200))
    rulings = [r for r in rulings if r.vertical or r.at != 100]
    rulings.append(Ruling(vertical=False, at=100, start=100, end=300))
    glyphs = [
        *typed("名", 10, 250), *typed("甲", 110, 250), *typed("类", 10, 100),
        *typed("乙", 110, 150), *typed("丙", 210, 150), *typed("丁", 110, 50),
        *typed("戊", 210, 50),
    ]  # fmt: skip
    table = (("名", "甲"), ("类", "乙", "丙"), ("", "丁", "戊"))
    assert rows_of(glyphs, rulings) == [table]


def test_tables_with_open_sides_are_closed() -> None:
    rulings = [Ruling(vertical=False, at=y, start=0, end=200) for y in (100, 50, 0)]
    rulings.append(Ruling(vertical=True, at=100, start=0, end=100))
    glyphs = [g for y in (75, 25) for x in (10, 110) for g in typed("甲", x, y)]
    assert rows_of(glyphs, rulings) == [(("甲", "甲"), ("甲", "甲"))]


def test_a_frame_around_text_is_no_table() -> None:
    assert find_grids(grid_rulings([0, 500], [800, 0])) == []


def test_a_table_inside_a_cell_stands_alone_and_keeps_the_cell_from_seeming_blank() -> None:
    rulings = grid_rulings([0, 100, 300], [300, 0])
    rulings += grid_rulings([110, 200, 290], [200, 100])
    glyphs = [*typed("员", 10, 150), *typed("甲", 120, 150), *typed("乙", 210, 150)]
    assert rows_of(glyphs, rulings) == [(("员", "甲\t乙"),), (("甲", "乙"),)]


def test_a_name_wrapped_in_its_cell_is_whole_and_lines_meant_stay() -> None:
    rulings = grid_rulings([0, 50, 96], [100, 0])
    glyphs = [
        *typed("甲研究", 55, 80), *typed("院公", 55, 65), *typed("乙", 55, 50),
        *typed("审", 5, 80), *typed("核", 5, 65),
    ]  # fmt: skip
    assert rows_of(glyphs, rulings) == [(("审\n核", "甲研究院公\n乙"),)]


def test_turned_text_does_not_mix_with_lines() -> None:
    mark = [
        Glyph(text=c, x0=50, y0=50 + i, x1=60, y1=60 + i, turned=True) for i, c in enumerate("样稿")
    ]
    items = lay_out([*typed("章程", 45, 52), *mark], [])
    assert [item.text for item in items if isinstance(item, Line)] == ["章程", "样稿"]


PLACES = st.tuples(st.integers(0, 30), st.integers(0, 40))


@given(
    texts=st.dictionaries(PLACES, st.sampled_from("甲乙丙丁abc1"), max_size=60),
    rulings=st.lists(
        st.builds(
            Ruling,
            vertical=st.booleans(),
            at=st.floats(0, 500),
            start=st.floats(0, 200),
            end=st.floats(200, 500),
        ),
        max_size=15,
    ),
)
def test_no_character_is_lost_by_any_rulings(
    texts: dict[tuple[int, int], str], rulings: list[Ruling]
) -> None:
    glyphs = [
        Glyph(text=text, x0=x * 15.0, y0=y * 12.0, x1=x * 15.0 + 10, y1=y * 12.0 + 10)
        for (x, y), text in texts.items()
    ]
    items = lay_out(glyphs, rulings)
    lines = [item.text for item in items if isinstance(item, Line)]
    tables = [item.rows for item in items if isinstance(item, PlacedTable)]
    cells = [cell for rows in tables for row in rows for cell in row]
    read = Counter("".join("".join([*lines, *cells]).split()))
    wanted = Counter(texts.values())
    # A table inside a cell is also the text of that cell, where it has no other.
    assert read == wanted if len(tables) < 2 else read >= wanted


def test_a_wrapped_paragraph_is_joined_and_a_heading_stays_alone() -> None:
    page = sheet(
        1,
        line("第一条 宗旨", 700, x1=180),
        line("本联盟由广东示例新能源汽车动力电池科技股份有", 680, x0=LEFT + 20),
        line("限公司等单位组建，共同承担研究开发中的技术", 660),
        line("风险。", 640, x1=120),
        line("第二条 风险", 620, x1=180),
    )
    whole = (
        "本联盟由广东示例新能源汽车动力电池科技股份有限公司等单位组建，"
        "共同承担研究开发中的技术风险。"
    )
    assert blocks(page) == [("第一条 宗旨", whole, "第二条 风险")]


def test_full_lines_that_begin_anew_are_not_joined() -> None:
    texts = ["甲方甲方", "（一）乙方", "1. 丙方", "联系人：丁。", "另一句"]
    page = sheet(1, *(line(text, 700 - 15 * i) for i, text in enumerate(texts)))
    assert blocks(page) == [tuple(texts)]


def test_a_centred_title_in_two_lines_is_whole() -> None:
    title = [line("广东省示例产业技术创新联盟组", 700, size=20), line("建协议", 675, 268, 328, 20)]
    body = [line("正文", 600 - 15 * i, x1=400 - 40 * i) for i in range(3)]
    assert blocks(sheet(1, *title, *body))[0][0] == "广东省示例产业技术创新联盟组建协议"


def test_latin_words_keep_their_space_and_a_broken_word_has_none() -> None:
    page = sheet(1, line("Guangdong Example", 700), line("University", 685, x1=200))
    assert blocks(page) == [("Guangdong Example University",)]
    mail = sheet(1, line("someone@exam", 700, x1=RIGHT - 1), line("ple.org", 685, x1=RIGHT))
    assert blocks(mail) == [("someone@example.org",)]


def test_a_paragraph_over_a_page_break_stands_where_it_begins() -> None:
    first = sheet(
        1, line("甲", 120), line("本联盟的名称为广东省示例", 100), line("- 1 -", 30, 290, 305)
    )
    second = sheet(2, line("产业技术创新联盟。", 760, x1=200), line("- 2 -", 30, 290, 305))
    assert blocks(first, second) == [("甲本联盟的名称为广东省示例产业技术创新联盟。",), ()]


def test_running_headers_stand_once_at_the_end_and_page_numbers_never() -> None:
    def page(number: int) -> Sheet:
        head = line("广东省示例联盟", 800, x1=200)
        body = line(f"正文{number}。", 600, x1=300)
        return sheet(number, head, body, line(f"第{number}页", 30, 290, 305))

    assert blocks(page(1), page(2)) == [("正文1。",), ("正文2。", "广东省示例联盟")]


def test_a_large_title_that_each_page_repeats_is_no_running_header() -> None:
    def page(number: int) -> Sheet:
        return sheet(number, line("成员情况表", 790, x1=250, size=18), line("正文。", 600, x1=300))

    assert blocks(page(1), page(2)) == [("成员情况表", "正文。")] * 2


def table(glyphs: list[Glyph], xs: list[float], ys: list[float]) -> PlacedTable:
    (item,) = lay_out(glyphs, grid_rulings(xs, ys))
    assert isinstance(item, PlacedTable)
    return item


XS = [0.0, 50.0, 100.0]


def test_a_table_over_a_page_break_is_whole_and_its_heading_stands_once() -> None:
    head = [*typed("号", 5, 220), *typed("名", 55, 220)]
    first = table([*head, *typed("1", 5, 210 - 40)], XS, [240, 200, 150])
    again = [*typed("号", 5, 780), *typed("名", 55, 780)]
    second = table([*again, *typed("2", 5, 730)], XS, [800, 760, 700])
    rows = (("号", "名"), ("1", ""), ("2", ""))
    assert blocks(sheet(1, first), sheet(2, second)) == [(rows,), ()]


def test_a_row_cut_by_a_page_break_is_whole() -> None:
    first = table([*typed("1", 5, 180), *typed("甲研究院", 55, 180)], XS, [200, 150])
    second = table([*typed("公司", 55, 780), *typed("2", 5, 730)], XS, [800, 760, 700])
    assert blocks(sheet(1, first), sheet(2, second)) == [((("1", "甲研究院公司"), ("2", "")),), ()]


def test_tables_on_two_pages_with_text_between_stay_two() -> None:
    first = table([*typed("甲", 5, 180)], XS, [200, 150])
    second = table([*typed("乙", 5, 730)], XS, [760, 700])
    pages = blocks(sheet(1, first), sheet(2, line("二、成员", 765, x1=150), second))
    assert pages == [((("甲", ""),),), ("二、成员", (("乙", ""),))]


def test_page_numbers_are_told_from_text() -> None:
    assert all(map(is_page_number, ("3", "- 3 -", "第 3 页 共 10 页", "3/10")))
    assert not any(map(is_page_number, ("第3条", "2016年", "三", "—")))
