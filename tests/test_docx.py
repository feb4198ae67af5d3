"""Word documents become lines and tables, also those that Word itself would repair."""

import io
import zipfile
from pathlib import Path

import docx
import pytest
from docx.enum.text import WD_BREAK

from parsers import media
from parsers.docx import read_docx, read_word_xml
from parsers.errors import ParseError
from parsers.flow import MARK_LENGTH, MAX_MARKS
from parsers.submission import Block, Content, Problem

NAMESPACES = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    ' xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
    ' xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape"'
    ' xmlns:v="urn:schemas-microsoft-com:vml"'
    ' xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
)
RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def part(root: str, inner: str) -> str:
    return f"<w:{root} {NAMESPACES}>{inner}</w:{root}>"


def rels(*targets: tuple[str, str]) -> str:
    each = "".join(
        f'<Relationship Id="r{i}" Type="{OFFICE}/{kind}" Target="{target}"/>'
        for i, (kind, target) in enumerate(targets)
    )
    return f'<Relationships xmlns="{RELATIONS}">{each}</Relationships>'


def package(folder: Path, parts: dict[str, str]) -> Path:
    path = folder / "a.docx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return path


def read(folder: Path, inner: str, **others: str) -> Content:
    """Read a package of nothing but its main part, as WPS may leave it."""
    body = {"word/document.xml": part("document", f"<w:body>{inner}</w:body>")}
    return read_docx(package(folder, body | others), "docx")


def blocks(content: Content) -> tuple[Block, ...]:
    return tuple(block for page in content.pages for block in page.blocks)


def p(text: str) -> str:
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"


def tc(inner: str, properties: str = "") -> str:
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{inner}</w:tc>"


def tbl(*rows: str) -> str:
    return f"<w:tbl>{''.join(f'<w:tr>{row}</w:tr>' for row in rows)}</w:tbl>"


def test_headings_paragraphs_and_tables_stand_in_their_order(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_heading("广东省示例产业技术创新联盟申报表", 0)
    document.add_paragraph("")
    table = document.add_table(rows=2, cols=4)
    for cell, text in zip(table.rows[0].cells, ["联 系 人", "甲", "电话", ""], strict=True):
        cell.text = text
    table.cell(1, 0).text = "联盟名称"
    table.cell(1, 1).merge(table.cell(1, 3)).text = "广东省示例\n联盟"
    document.add_paragraph("一、总则\t1")
    path = tmp_path / "a.docx"
    document.save(str(path))
    content = read_docx(path, "docx")
    assert blocks(content) == (
        "广东省示例产业技术创新联盟申报表",
        (("联 系 人", "甲", "电话", ""), ("联盟名称", "广东省示例\n联盟")),
        "一、总则\t1",
    )
    assert (content.page_count, content.pages[0].number) == (None, None)


def test_a_package_of_the_main_part_alone_is_read(tmp_path: Path) -> None:
    assert blocks(read(tmp_path, p("组建章程"))) == ("组建章程",)


def test_the_main_part_is_found_by_its_relation_and_odd_names(tmp_path: Path) -> None:
    parts = {
        "_rels/.rels": rels(("officeDocument", "/Word/Main.xml")),
        "word\\main.xml": part("document", f"<w:body>{p('组建方案')}</w:body>"),
    }
    assert blocks(read_docx(package(tmp_path, parts), "docx")) == ("组建方案",)


def test_strict_documents_are_read(tmp_path: Path) -> None:
    space = "http://purl.oclc.org/ooxml/wordprocessingml/main"
    body = f'<w:document xmlns:w="{space}"><w:body>{p("组建协议")}</w:body></w:document>'
    path = package(tmp_path, {"word/document.xml": body})
    assert blocks(read_docx(path, "docx")) == ("组建协议",)


def test_packages_are_read_however_they_were_zipped(tmp_path: Path) -> None:
    body = part("document", f"<w:body>{p('组建协议')}</w:body>")
    sent, whole = _Sent(), io.BytesIO()
    for target in (sent, whole):
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("word/document.xml", body)
            archive.writestr("word/vbaProject.bin", b"macro")
    path = tmp_path / "a.docx"
    for raw in (
        sent.getvalue(),
        b"\0\1\2" * 7 + whole.getvalue(),
        whole.getvalue() + b"\0" * 99,
    ):
        path.write_bytes(raw)
        kind = media.media_type_of(raw, path, "a.docm" if raw.startswith(b"PK") else "a.docx")
        assert kind == media.DOCX
        assert blocks(read_docx(path, kind)) == ("组建协议",)


class _Sent(io.BytesIO):
    """Takes an archive as a network does, so that sizes stand behind what they measure."""

    def tell(self) -> int:
        raise OSError

    def seekable(self) -> bool:
        return False


def test_a_merged_cell_stands_once_in_its_first_place(tmp_path: Path) -> None:
    table = tbl(
        tc(p("成员"), '<w:gridSpan w:val="3"/>'),
        tc(p("企业"), '<w:vMerge w:val="restart"/>') + tc(p("1")) + tc(p("甲公司")),
        tc("<w:p/>", "<w:vMerge/>") + tc(p("2")) + tc(p("乙公司")),
    )
    rows = (("成员",), ("企业", "1", "甲公司"), ("", "2", "乙公司"))
    assert blocks(read(tmp_path, table)) == (rows,)


def test_a_table_of_one_cell_is_only_a_frame(tmp_path: Path) -> None:
    inner = tbl(tc(p("甲")) + tc(p("乙")))
    assert blocks(read(tmp_path, tbl(tc(p("意见") + inner)))) == ("意见", (("甲", "乙"),))


def test_a_table_inside_a_cell_follows_and_keeps_the_cell_from_seeming_blank(
    tmp_path: Path,
) -> None:
    inner = tbl(tc(p("甲")) + tc(p("乙")))
    table = tbl(tc(p("成员")) + tc(inner + "<w:p/>"))
    assert blocks(read(tmp_path, table)) == ((("成员", "甲\t乙"),), (("甲", "乙"),))


def test_a_text_box_is_read_once_though_it_is_stored_twice(tmp_path: Path) -> None:
    box = f"<w:txbxContent>{p('申报单位：甲大学')}</w:txbxContent>"
    run = (
        "<w:r><mc:AlternateContent>"
        f'<mc:Choice Requires="wps"><w:drawing><wps:txbx>{box}</wps:txbx></w:drawing></mc:Choice>'
        f"<mc:Fallback><w:pict><v:textbox>{box}</v:textbox></w:pict></mc:Fallback>"
        "</mc:AlternateContent></w:r>"
    )
    body = f"<w:p>{run}<w:r><w:t>封面</w:t></w:r></w:p>"
    assert blocks(read(tmp_path, body)) == ("封面", "申报单位：甲大学")


def test_word_art_is_read(tmp_path: Path) -> None:
    body = '<w:p><w:r><w:pict><v:shape><v:textpath string="申报表"/></v:shape></w:pict></w:r></w:p>'
    assert blocks(read(tmp_path, body)) == ("申报表",)


def test_content_controls_links_and_fields_give_their_text(tmp_path: Path) -> None:
    body = (
        f"<w:sdt><w:sdtPr><w:alias/></w:sdtPr><w:sdtContent>{p('甲')}</w:sdtContent></w:sdt>"
        "<w:p><w:hyperlink><w:r><w:t>乙</w:t></w:r></w:hyperlink>"
        "<w:r><w:instrText>PAGE</w:instrText></w:r>"
        "<w:fldSimple><w:r><w:t>丙</w:t></w:r></w:fldSimple></w:p>"
    )
    assert blocks(read(tmp_path, body)) == ("甲", "乙丙")


def test_tick_boxes_keep_their_state(tmp_path: Path) -> None:
    field = '<w:fldChar w:fldCharType="begin"><w:ffData><w:checkBox>{}</w:checkBox></w:ffData>'
    runs = (
        '<w:sym w:font="Wingdings 2" w:char="F052"/><w:t>企业</w:t>',
        '<w:sym w:font="Wingdings" w:char="00A8"/><w:t>高校</w:t>',
        field.format('<w:default w:val="0"/><w:checked/>') + "</w:fldChar><w:t>院所</w:t>",
        field.format('<w:default w:val="0"/>') + "</w:fldChar><w:t>其他</w:t>",
        "<w:t>\uf0fe学会</w:t>",
    )
    body = f"<w:p>{''.join(f'<w:r>{run}</w:r>' for run in runs)}</w:p>"
    assert blocks(read(tmp_path, body)) == ("☑企业□高校☑院所□其他☑学会",)


def test_hidden_text_is_not_read(tmp_path: Path) -> None:
    body = (
        "<w:p><w:r><w:rPr><w:vanish/></w:rPr><w:t>暗</w:t></w:r>"
        '<w:r><w:rPr><w:vanish w:val="0"/></w:rPr><w:t>明</w:t></w:r></w:p>'
    )
    assert blocks(read(tmp_path, body)) == ("明",)


def test_tracked_changes_are_read_as_accepted_and_quoted(tmp_path: Path) -> None:
    body = (
        "<w:p><w:r><w:t>甲公司</w:t></w:r>"
        "<w:del><w:r><w:delText>(要删</w:delText></w:r></w:del>"
        "<w:del><w:r><w:delText>除)</w:delText></w:r></w:del>"
        "<w:ins><w:r><w:t>、乙公司</w:t></w:r></w:ins>"
        "<w:moveFrom><w:r><w:t>丙公司</w:t></w:r></w:moveFrom></w:p>"
    )
    content = read(tmp_path, body)
    assert blocks(content) == ("甲公司、乙公司",)
    assert content.marks == ("删除：(要删除)", "插入：、乙公司", "删除：丙公司")


def test_a_paragraph_whose_end_is_deleted_goes_on_with_the_next(tmp_path: Path) -> None:
    def ended(text: str) -> str:
        mark = "<w:pPr><w:rPr><w:del/></w:rPr></w:pPr>"
        return f"<w:p>{mark}<w:r><w:t>{text}</w:t></w:r></w:p>"

    body = (
        ended("联盟") + p("章程") + ended("甲") + tbl(tc(ended("乙")) + tc(p("丙"))) + ended("丁")
    )
    assert blocks(read(tmp_path, body)) == ("联盟章程", "甲", (("乙", "丙"),), "丁")


def test_a_deleted_row_is_left_out(tmp_path: Path) -> None:
    gone = f"<w:trPr><w:del/></w:trPr>{tc(p('丙'))}{tc(p('丁'))}"
    content = read(tmp_path, tbl(tc(p("甲")) + tc(p("乙")), gone))
    assert blocks(content) == ((("甲", "乙"),),)
    assert content.marks == ("删除：丙丁",)


def test_marks_are_limited(tmp_path: Path) -> None:
    change = f"<w:p><w:ins><w:r><w:t>{'长' * 200}</w:t></w:r></w:ins></w:p>"
    marks = read(tmp_path, change * (MAX_MARKS + 5)).marks
    assert len(marks) == MAX_MARKS
    assert {len(mark) for mark in marks} == {MARK_LENGTH}


def test_notes_headers_and_comments_come_last_and_once(tmp_path: Path) -> None:
    targets = (
        ("header", "header1.xml"),
        ("header", "header2.xml"),
        ("footer", "footer1.xml"),
        ("footnotes", "footnotes.xml"),
        ("comments", "comments.xml"),
        ("endnotes", "gone.xml"),
    )
    others = {
        "word/_rels/document.xml.rels": rels(*targets),
        "word/header1.xml": part("hdr", p("广东省示例联盟")),
        "word/header2.xml": part("hdr", p("广东省示例联盟")),
        "word/footer1.xml": part("ftr", p("第 1 页 共 3 页")),
        "word/footnotes.xml": part("footnotes", f"<w:footnote>{p('注：甲')}</w:footnote>"),
        "word/comments.xml": part("comments", f"<w:comment>{p('请核对')}</w:comment>"),
    }
    content = read(tmp_path, p("正文"), **others)
    assert blocks(content) == ("正文", "注：甲", "广东省示例联盟")
    assert content.marks == ("批注：请核对",)


@pytest.mark.parametrize(
    "page",
    [
        "<html><body><p>总则</p><table><tr><td>甲</td><td>乙</td></tr></table></body></html>",
        "Subject: a\nContent-Type: text/html; charset=utf-8\n\n<p>总则</p><table><tr><td>甲<td>乙",
    ],
)
def test_a_web_page_that_stands_for_text_is_read_in_its_place(tmp_path: Path, page: str) -> None:
    others = {
        "word/_rels/document.xml.rels": rels(("aFChunk", "/word/page.html")),
        "word/page.html": page,
    }
    body = p("章程") + '<w:altChunk r:id="r0"/>' + p("完")
    assert blocks(read(tmp_path, body, **others)) == ("章程", "总则", (("甲", "乙"),), "完")
    lone = read(tmp_path, p("章程") + '<w:altChunk r:id="r9"/>', **others)
    assert (blocks(lone), lone.detail) == (("章程",), "文中嵌入的文档没有读取")


def test_a_broken_header_does_not_cost_the_text(tmp_path: Path) -> None:
    others = {
        "word/_rels/document.xml.rels": rels(("header", "header1.xml")),
        "word/header1.xml": "<w:hdr",
    }
    assert blocks(read(tmp_path, p("正文"), **others)) == ("正文",)


def test_pages_are_those_that_word_laid_out(tmp_path: Path) -> None:
    laid = "<w:lastRenderedPageBreak/>"
    cut = f"<w:p><w:r><w:t>跨</w:t>{laid}<w:t>页</w:t></w:r></w:p>"
    begins = f"<w:p><w:r>{laid}<w:t>三</w:t></w:r></w:p>"
    by_hand = '<w:p><w:r><w:br w:type="page"/></w:r></w:p>'
    row = tc(f"<w:p><w:r><w:t>甲</w:t>{laid}</w:r></w:p>") + tc(f"<w:p><w:r>{laid}</w:r></w:p>")
    content = read(tmp_path, p("一") + cut + by_hand + begins + tbl(row) + p("四"))
    assert [(page.number, page.blocks) for page in content.pages] == [
        (1, ("一", "跨页")),
        (2, ()),
        (3, ("三", (("甲", ""),))),
        (4, ("四",)),
    ]
    assert content.page_count is None


def test_breaks_set_by_hand_number_the_pages_where_word_left_none(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_paragraph("一").add_run().add_break(WD_BREAK.PAGE)
    document.add_paragraph("二")
    document.add_paragraph("三").paragraph_format.page_break_before = True
    document.add_section()
    document.add_paragraph("四")
    stream = io.BytesIO()
    document.save(stream)
    path = tmp_path / "a.docx"
    path.write_bytes(stream.getvalue())
    pages = read_docx(path, "docx").pages
    assert [(page.number, page.blocks) for page in pages] == [
        (1, ("一",)),
        (2, ("二",)),
        (3, ("三",)),
        (4, ("四",)),
    ]


# ── Automatic numbers ────────────────────────────────────────────────────────────────

LEVELS = (("chineseCounting", "%1、"), ("japaneseCounting", "（%2）"), ("decimal", "%1.%2.%3"))


def level(depth: int, form: str, text: str, inner: str = "") -> str:
    return (
        f'<w:lvl w:ilvl="{depth}"><w:start w:val="1"/><w:numFmt w:val="{form}"/>'
        f'{inner}<w:suff w:val="nothing"/><w:lvlText w:val="{text}"/></w:lvl>'
    )


def numbering(*inner: str, levels: tuple[tuple[str, str], ...] = LEVELS, more: str = "") -> str:
    """Return list definitions: list 1 with these levels, and more."""
    extra = dict(enumerate(inner))
    each = "".join(level(at, *told, extra.get(at, "")) for at, told in enumerate(levels))
    abstract = f'<w:abstractNum w:abstractNumId="7">{each}</w:abstractNum>'
    used = '<w:num w:numId="1"><w:abstractNumId w:val="7"/></w:num>'
    return part("numbering", abstract + used + more)


def numbered(text: str, depth: int | None = 0, number: int = 1, more: str = "") -> str:
    level = "" if depth is None else f'<w:ilvl w:val="{depth}"/>'
    properties = f'<w:numPr>{level}<w:numId w:val="{number}"/></w:numPr>{more}'
    return f"<w:p><w:pPr>{properties}</w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>"


def style(name: str, inner: str, based_on: str = "", more: str = "") -> str:
    base = f'<w:basedOn w:val="{based_on}"/>' if based_on else ""
    return (
        f'<w:style w:type="paragraph" w:styleId="{name}"{more}>{base}'
        f"<w:pPr>{inner}</w:pPr></w:style>"
    )


def styled(text: str, name: str, more: str = "") -> str:
    return f'<w:p><w:pPr><w:pStyle w:val="{name}"/>{more}</w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>'


NUM = '<w:numPr><w:ilvl w:val="{}"/><w:numId w:val="{}"/></w:numPr>'


def read_numbered(folder: Path, inner: str, lists: str, styles: str = "") -> tuple[Block, ...]:
    others = {"word/numbering.xml": lists, "word/styles.xml": part("styles", styles)}
    return blocks(read(folder, inner, **others))


def test_automatic_numbers_are_read(tmp_path: Path) -> None:
    body = "".join(
        [
            numbered("目标"), numbered("近期", 1), numbered("第一项", 2),
            numbered("任务"), numbered("分工", 1), p("说明"), numbered("风险"),
        ]
    )  # fmt: skip
    assert read_numbered(tmp_path, body, numbering()) == (
        "一、目标", "（一）近期", "一.一.1第一项", "二、任务", "（一）分工", "说明", "三、风险",
    )  # fmt: skip


def test_numbers_come_from_the_paragraphs_style_too(tmp_path: Path) -> None:
    styles = (
        style("1", NUM.format(0, 1))
        + style("2", '<w:numPr><w:numId w:val="1"/></w:numPr>', "1")
        + style("sub", "", "2")
        + style("plain", '<w:numPr><w:numId w:val="0"/></w:numPr>', "1")
    )
    lists = numbering('<w:pStyle w:val="1"/>', '<w:pStyle w:val="2"/>')
    body = (
        styled("总则", "1") + styled("名称", "2") + styled("宗旨", "sub") + styled("无", "plain")
        + styled("也无", "1", '<w:numPr><w:numId w:val="0"/></w:numPr>')
        + numbered("细则", None, 1, '<w:pStyle w:val="2"/>')
    )  # fmt: skip
    expected = ("一、总则", "（一）名称", "（二）宗旨", "无", "也无", "（三）细则")
    assert read_numbered(tmp_path, body, lists, styles) == expected


def test_the_normal_style_may_be_numbered(tmp_path: Path) -> None:
    styles = style("a", NUM.format(0, 1), more=' w:default="1"')
    assert read_numbered(tmp_path, p("目标") + p("任务"), numbering(), styles) == (
        "一、目标",
        "二、任务",
    )


def test_a_list_may_begin_anew_look_otherwise_or_be_kept_in_a_style(tmp_path: Path) -> None:
    other = level(0, "decimal", "[%1]")
    more = (
        '<w:abstractNum w:abstractNumId="8"><w:numStyleLink w:val="kept"/></w:abstractNum>'
        '<w:num w:numId="2"><w:abstractNumId w:val="7"/>'
        '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="5"/></w:lvlOverride></w:num>'
        '<w:num w:numId="3"><w:abstractNumId w:val="7"/>'
        f'<w:lvlOverride w:ilvl="0">{other}</w:lvlOverride></w:num>'
        '<w:num w:numId="4"><w:abstractNumId w:val="8"/></w:num>'
    )
    styles = (
        f'<w:style w:type="numbering" w:styleId="kept"><w:pPr>{NUM.format(0, 1)}</w:pPr></w:style>'
    )
    body = "".join(numbered("甲", 0, number) for number in (1, 2, 2, 3, 4))
    expected = ("一、甲", "五、甲", "六、甲", "[7]甲", "一、甲")
    assert read_numbered(tmp_path, body, numbering(more=more), styles) == expected


def test_legal_numbers_gaps_and_newer_formats_are_kept(tmp_path: Path) -> None:
    newer = (
        '<w:lvl w:ilvl="0"><w:start w:val="1"/><mc:AlternateContent><mc:Choice Requires="w14">'
        '<w:numFmt w:val="custom" w:format="001"/></mc:Choice><mc:Fallback>'
        '<w:numFmt w:val="decimalZero"/></mc:Fallback></mc:AlternateContent>'
        '<w:lvlText w:val="%1"/></w:lvl>'
    )
    more = (
        f'<w:abstractNum w:abstractNumId="8">{newer}</w:abstractNum>'
        '<w:num w:numId="2"><w:abstractNumId w:val="8"/></w:num>'
    )
    lists = numbering("", "", "<w:isLgl/>", more=more)
    body = numbered("甲") + numbered("乙", 2) + numbered("丙", 0, 2)
    assert read_numbered(tmp_path, body, lists) == ("一、甲", "1.1.1乙", "01 丙")


def test_numbers_in_cells_are_read_and_bullets_left_out(tmp_path: Path) -> None:
    lists = numbering(levels=(("decimal", "%1"), ("bullet", "\uf0d8"), ("bullet", "\uf0a8")))
    table = "".join(f"<w:tr>{tc(numbered('', 0))}{tc(p(name))}</w:tr>" for name in ("甲", "乙"))
    body = f"<w:tbl>{table}</w:tbl>" + numbered("要点", 1) + numbered("企业", 2)
    assert read_numbered(tmp_path, body, lists) == (
        (("1", "甲"), ("2", "乙")),
        "要点",
        "□企业",
    )


def test_what_is_hidden_deleted_or_undefined_has_no_number(tmp_path: Path) -> None:
    hidden, gone = (f"<w:rPr><w:{name}/></w:rPr>" for name in ("vanish", "del"))
    body = (
        numbered("", 0, 1, hidden)
        + numbered("甲", 0, 1, gone)
        + numbered("乙")
        + numbered("丙", 0, 9)
    )
    assert read_numbered(tmp_path, body, numbering()) == ("一、甲乙", "丙")


def test_broken_lists_cost_the_numbers_alone(tmp_path: Path) -> None:
    assert read_numbered(tmp_path, numbered("甲", 99) + numbered("乙"), "<w:numbering") == (
        "甲",
        "乙",
    )
    odd = numbering().replace('w:val="7"', 'w:val="x"').replace('w:ilvl="1"', 'w:ilvl="-"')
    assert read_numbered(tmp_path, numbered("甲") + numbered("乙", -3), odd) == ("甲", "乙")
    circle = style("1", "", "2") + style("2", "", "1")
    assert read_numbered(tmp_path, styled("甲", "1"), numbering(), circle) == ("甲",)


def test_entities_are_not_expanded(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    doctype = f'<!DOCTYPE d [<!ENTITY x SYSTEM "{secret.as_uri()}"><!ENTITY y "yy">]>'
    body = part("document", f"<w:body>{p('甲&amp;x&x;&y;')}{p('乙')}</w:body>")
    path = package(tmp_path, {"word/document.xml": doctype + body})
    assert blocks(read_docx(path, "docx")) == ("甲&x", "乙")


@pytest.mark.parametrize(
    ("parts", "problem"),
    [
        ({"word/document.xml": "<w:document"}, Problem.DAMAGED),
        ({"word/document.xml": part("document", "")}, Problem.DAMAGED),
        ({"other.xml": "<a/>"}, Problem.DAMAGED),
        ({"word/document.xml": part("document", "<w:body><w:p/></w:body>")}, Problem.EMPTY),
        (
            {"word/document.xml": part("document", "<w:body><w:p><w:blip/></w:p></w:body>")},
            Problem.SCAN,
        ),
        ({"word/document.xml": " " * 10_000_000}, Problem.TOO_LARGE),
    ],
)
def test_what_cannot_be_read_says_why(
    tmp_path: Path, parts: dict[str, str], problem: Problem
) -> None:
    with pytest.raises(ParseError) as caught:
        read_docx(package(tmp_path, parts), "docx")
    assert caught.value.problem is problem


def test_a_cut_package_is_damaged(tmp_path: Path) -> None:
    path = package(tmp_path, {"word/document.xml": part("document", f"<w:body>{p('甲')}</w:body>")})
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(ParseError) as caught:
        read_docx(path, "docx")
    assert caught.value.problem is Problem.DAMAGED


OLD_SPACES = (
    'xmlns:w="http://schemas.microsoft.com/office/word/2003/wordml"'
    ' xmlns:wx="http://schemas.microsoft.com/office/word/2003/auxHint"'
    ' xmlns:aml="http://schemas.microsoft.com/aml/2001/core"'
)


def read_xml(folder: Path, text: str) -> Content:
    path = folder / "a.xml"
    path.write_text(text, encoding="utf-8")
    return read_word_xml(path, "xml")


def test_word_2003_documents_in_xml_are_read(tmp_path: Path) -> None:
    changed = (
        '<w:p><aml:annotation w:type="Word.Deletion"><aml:content><w:r><w:delText>旧</w:delText>'
        '</w:r></aml:content></aml:annotation><aml:annotation w:type="Word.Insertion">'
        "<aml:content><w:r><w:t>新</w:t></w:r></aml:content></aml:annotation></w:p>"
    )
    table = tbl(
        tc(p("企业"), '<w:vmerge w:val="restart"/>') + tc(p("1")),
        tc("<w:p/>", "<w:vmerge/>") + tc(p("2")),
    )
    header = f"<w:sectPr><w:hdr>{p('页眉')}</w:hdr></w:sectPr>"
    body = f"<w:body><wx:sect>{p('章程')}{changed}{table}{header}</wx:sect></w:body>"
    content = read_xml(tmp_path, f"<w:wordDocument {OLD_SPACES}>{body}</w:wordDocument>")
    assert blocks(content) == ("章程", "新", (("企业", "1"), ("", "2")), "页眉")
    assert content.marks == ("删除：旧", "插入：新")


def test_word_2003_keeps_the_numbers_it_prints(tmp_path: Path) -> None:
    told = '<w:listPr><w:ilvl w:val="0"/><w:ilfo w:val="1"/><wx:t wx:val="第一章"/></w:listPr>'
    body = f"<w:body><w:p><w:pPr>{told}</w:pPr><w:r><w:t>总则</w:t></w:r></w:p></w:body>"
    content = read_xml(tmp_path, f"<w:wordDocument {OLD_SPACES}>{body}</w:wordDocument>")
    assert blocks(content) == ("第一章 总则",)


def test_a_package_laid_flat_in_one_file_is_read(tmp_path: Path) -> None:
    def flat(name: str, inner: str) -> str:
        return f'<pkg:part pkg:name="{name}"><pkg:xmlData>{inner}</pkg:xmlData></pkg:part>'

    comment = part("comments", f"<w:comment>{p('请核对')}</w:comment>")
    text = flat("/word/comments.xml", comment)
    text += flat("/word/document.xml", part("document", f"<w:body>{p('组建协议')}</w:body>"))
    space = "http://schemas.microsoft.com/office/2006/xmlPackage"
    content = read_xml(tmp_path, f'<pkg:package xmlns:pkg="{space}">{text}</pkg:package>')
    assert (blocks(content), content.marks) == (("组建协议",), ("批注：请核对",))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("<w:wordDocument", Problem.DAMAGED),
        ("<a/>", Problem.DAMAGED),
        (f"<w:wordDocument {OLD_SPACES}><w:body/></w:wordDocument>", Problem.EMPTY),
    ],
)
def test_xml_that_cannot_be_read_says_why(tmp_path: Path, text: str, problem: Problem) -> None:
    with pytest.raises(ParseError) as caught:
        read_xml(tmp_path, text)
    assert caught.value.problem == problem
