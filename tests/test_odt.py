"""OpenDocument texts: lines and tables, lists with their numbers, notes and changes."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers import media
from parsers.errors import ParseError
from parsers.odt import read_odt
from parsers.reading import read_content
from parsers.submission import Block, Content, Problem

NAMESPACES = (
    " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "text", "table", "style", "drawing", "manifest")
    )
    + ' xmlns:fo="fo" xmlns:draw="draw" xmlns:xml2="x" xmlns:dc="dc"'
)


def document(body: str, styles: str = "") -> str:
    return (
        f"<office:document-content {NAMESPACES}><office:automatic-styles>{styles}"
        f"</office:automatic-styles><office:body><office:text>{body}</office:text></office:body>"
        "</office:document-content>"
    )


def put(folder: Path, parts: dict[str, str]) -> Path:
    path = folder / "a.odt"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", media.ODT)
        for name, text in parts.items():
            archive.writestr(name, text)
    return path


def read(folder: Path, body: str, styles: str = "", common: str = "", margins: str = "") -> Content:
    parts = {"content.xml": document(body, styles)}
    if common or margins:
        parts["styles.xml"] = (
            f"<office:document-styles {NAMESPACES}><office:styles>{common}</office:styles>"
            f"<office:master-styles>{margins}</office:master-styles></office:document-styles>"
        )
    return read_odt(put(folder, parts), media.ODT)


def blocks(content: Content) -> tuple[Block, ...]:
    return tuple(block for page in content.pages for block in page.blocks)


def p(text: str, style: str = "") -> str:
    return f'<text:p text:style-name="{style}">{text}</text:p>'


def cell(inner: str, more: str = "") -> str:
    return f"<table:table-cell {more}>{inner}</table:table-cell>"


def table(*rows: str) -> str:
    whole = "".join(f"<table:table-row>{row}</table:table-row>" for row in rows)
    return f"<table:table><table:table-column/>{whole}</table:table>"


def test_lines_tables_and_white_space_are_read(tmp_path: Path) -> None:
    body = (
        "<text:h>组建\n  协议</text:h>"
        + p('甲<text:s text:c="3"/>乙<text:tab/><text:span>丙</text:span><text:line-break/>丁')
        + f"<text:section>{p('<text:a>链接</text:a>')}</text:section>"
        + table(cell(p("名称")) + cell(p("联盟") + p("（广东）")))
    )
    expected = ("组建 协议", "甲   乙\t丙", "丁", "链接", (("名称", "联盟\n（广东）"),))
    assert blocks(read(tmp_path, body)) == expected


def test_a_merged_cell_stands_once_in_its_first_place(tmp_path: Path) -> None:
    covered = "<table:covered-table-cell/>"
    body = table(
        cell(p("成员"), 'table:number-columns-spanned="3"') + covered * 2,
        cell(p("企业"), 'table:number-rows-spanned="2"') + cell(p("1")) + cell(p("甲公司")),
        covered + cell(p("2")) + cell(p("乙公司")),
        cell(p(""), 'table:number-columns-repeated="3"'),
    )
    rows = (("成员",), ("企业", "1", "甲公司"), ("", "2", "乙公司"), ("", "", ""))
    assert blocks(read(tmp_path, body)) == (rows,)


def test_a_cell_merged_over_columns_and_rows_stands_once(tmp_path: Path) -> None:
    covered = "<table:covered-table-cell/>"
    spanned = 'table:number-columns-spanned="2" table:number-rows-spanned="2"'
    body = table(cell(p("大"), spanned) + covered + cell(p("右")), covered * 2 + cell(p("下")))
    assert blocks(read(tmp_path, body)) == ((("大", "右"), ("", "下")),)


def test_boxes_follow_their_paragraph_and_notes_headers_and_comments_come_last(
    tmp_path: Path,
) -> None:
    box = f"<draw:frame><draw:text-box>{p('盖章处')}</draw:text-box></draw:frame>"
    note = f"<text:note><text:note-citation>1</text:note-citation><text:note-body>{p('脚注')}</text:note-body></text:note>"
    comment = f"<office:annotation><dc:creator>x</dc:creator>{p('请核对')}</office:annotation>"
    margins = f"<style:master-page><style:header>{p('内部')}</style:header><style:footer>{p('第 1 页')}</style:footer></style:master-page>"
    content = read(tmp_path, p(f"甲{box}方{note}{comment}") + p("乙方"), margins=margins)
    assert blocks(content) == ("甲方", "盖章处", "乙方", "脚注", "内部")
    assert content.marks == ("批注：请核对",)


def test_tracked_changes_are_read_as_accepted_and_quoted(tmp_path: Path) -> None:
    regions = (
        '<text:tracked-changes><text:changed-region text:id="c1"><text:deletion>'
        f"<office:change-info><dc:creator>x</dc:creator></office:change-info>{p('十二')}"
        '</text:deletion></text:changed-region><text:changed-region text:id="c2">'
        "<text:insertion/></text:changed-region></text:tracked-changes>"
    )
    text = p(
        '成员<text:change text:change-id="c1"/><text:change-start text:change-id="c2"/>十一'
        '<text:change-end text:change-id="c2"/>家'
    )
    content = read(tmp_path, regions + text)
    assert (blocks(content), content.marks) == (("成员十一家",), ("删除：十二", "插入：十一"))


def test_hidden_text_is_not_read(tmp_path: Path) -> None:
    styles = (
        '<style:style style:name="T1"><style:text-properties text:display="none"/></style:style>'
    )
    body = p('明<text:span text:style-name="T1">暗</text:span>') + p("暗", "T1")
    body += f'<text:section text:display="none">{p("暗")}</text:section>'
    assert blocks(read(tmp_path, body, styles)) == ("明",)


def test_pages_are_numbered_where_their_breaks_are_kept(tmp_path: Path) -> None:
    styles = (
        '<style:style style:name="P1"><style:paragraph-properties fo:break-before="page"/></style:style>'
        '<style:style style:name="P2" style:master-page-name="First"/>'
    )
    body = p("封面", "P2") + p("一<text:soft-page-break/>二") + p("三", "P1")
    pages = read(tmp_path, body, styles).pages
    assert [(page.number, page.blocks) for page in pages] == [
        (1, ("封面", "一二")),
        (2, ()),
        (3, ("三",)),
    ]


def numbers(name: str, *levels: tuple[str, str, str]) -> str:
    each = "".join(
        f'<text:list-level-style-number text:level="{at}" style:num-prefix="{prefix}"'
        f' style:num-format="{form}" style:num-suffix="{suffix}"><style:list-level-properties>'
        '<style:list-level-label-alignment text:label-followed-by="nothing"/>'
        "</style:list-level-properties></text:list-level-style-number>"
        for at, (prefix, form, suffix) in enumerate(levels, start=1)
    )
    return f'<text:list-style style:name="{name}">{each}</text:list-style>'


HAN = numbers("L1", ("", "一, 二, 三, ...", "、"), ("（", "1", "）"))


def items(*inner: str, more: str = 'text:style-name="L1"') -> str:
    return f"<text:list {more}>{''.join(f'<text:list-item>{each}</text:list-item>' for each in inner)}</text:list>"


def test_lists_are_numbered(tmp_path: Path) -> None:
    inner = items(p("近期"), p("远期") + p("续"), more="")
    body = items(p("目标") + inner, p("任务"))
    assert blocks(read(tmp_path, body, HAN)) == (
        "一、目标", "（1）近期", "（2）远期", "续", "二、任务",
    )  # fmt: skip


def test_a_list_begins_anew_unless_it_is_told_to_go_on(tmp_path: Path) -> None:
    body = (
        items(p("甲"), more='xml:id="a" text:style-name="L1"')
        + items(p("乙"))
        + items(p("丙"), more='text:continue-list="a" text:style-name="L1"')
        + items(p("丁"), more='text:continue-numbering="true" text:style-name="L1"')
        + '<text:list text:style-name="L1"><text:list-header><text:p>无</text:p></text:list-header>'
        '<text:list-item text:start-value="7"><text:p>戊</text:p></text:list-item></text:list>'
    )
    expected = ("一、甲", "一、乙", "二、丙", "三、丁", "无", "七、戊")
    assert blocks(read(tmp_path, body, HAN)) == expected


def test_headings_are_numbered_by_the_outline(tmp_path: Path) -> None:
    levels = "".join(
        f'<text:outline-level-style text:level="{at}" {told}/>'
        for at, told in (
            (1, 'style:num-format="一, 二, 三, ..." style:num-list-format="第%1%章"'),
            (2, 'style:num-format="1" text:display-levels="2"'),
            (3, 'style:num-format=""'),
        )
    )
    common = f'<text:outline-style style:name="Outline">{levels}</text:outline-style>'
    body = "".join(
        f'<text:h text:outline-level="{at}">{text}</text:h>'
        for at, text in ((1, "总则"), (2, "名称"), (3, "无"), (1, "机构"))
    )
    content = read(tmp_path, body, common=common)
    assert blocks(content) == ("第一章 总则", "一.1 名称", "无", "第二章 机构")


@pytest.mark.parametrize(
    ("parts", "problem"),
    [
        ({"content.xml": document(p(""))}, Problem.EMPTY),
        ({"content.xml": document(p("<draw:frame><draw:image/></draw:frame>"))}, Problem.SCAN),
        ({"content.xml": "<a/>"}, Problem.DAMAGED),
        ({"content.xml": "<a"}, Problem.DAMAGED),
        ({"styles.xml": "<a/>"}, Problem.DAMAGED),
        (
            {
                "content.xml": "encrypted",
                "META-INF/manifest.xml": f"<manifest:manifest {NAMESPACES}><manifest:file-entry>"
                "<manifest:encryption-data/></manifest:file-entry></manifest:manifest>",
            },
            Problem.LOCKED,
        ),
    ],
)
def test_what_cannot_be_read_says_why(
    tmp_path: Path, parts: dict[str, str], problem: Problem
) -> None:
    with pytest.raises(ParseError) as caught:
        read_odt(put(tmp_path, parts), media.ODT)
    assert caught.value.problem is problem


def test_a_file_is_known_by_its_content(tmp_path: Path) -> None:
    path = put(tmp_path, {"content.xml": document(p("章程"))})
    kind = media.media_type_of(path.read_bytes(), path, "attachment.bin")
    assert blocks(read_content(path, kind, "attachment.bin")) == ("章程",)


@given(inner=st.text("<>/:phtexlisab =\"'甲&;", max_size=120))
def test_any_markup_ends_in_content(tmp_path_factory: pytest.TempPathFactory, inner: str) -> None:
    path = put(tmp_path_factory.getbasetemp(), {"content.xml": document(inner)})
    content = read_content(path, media.ODT, "a")
    assert bool(content.pages) != bool(content.problem)
