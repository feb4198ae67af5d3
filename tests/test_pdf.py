"""PDFs give the lines and tables that the same document has in an editor's format."""

import logging
from collections.abc import Callable
from pathlib import Path

import docx
import pytest
from PIL import Image
from reportlab.lib.pagesizes import A4
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph, SimpleDocTemplate, Table, TableStyle

from parsers import pdf
from parsers.docx import read_docx
from parsers.errors import ParseError
from parsers.pdf import read_pdf
from parsers.submission import Block, Content, Problem

FONT = "STSong-Light"
pdfmetrics.registerFont(UnicodeCIDFont(FONT))
BODY = ParagraphStyle("body", fontName=FONT, fontSize=12, leading=20, wordWrap="CJK")
HEADING = ParagraphStyle("heading", parent=BODY, fontSize=16, leading=24)
GRID = [("GRID", (0, 0), (-1, -1), 0.5, "black"), ("FONT", (0, 0), (-1, -1), FONT)]


def drawn(folder: Path, *pages: Callable[[Canvas], object], **options: object) -> Path:
    path = folder / "a.pdf"
    canvas = Canvas(str(path), pagesize=A4, **options)
    for draw in pages:
        canvas.setFont(FONT, 12)
        draw(canvas)
        canvas.showPage()
    canvas.save()
    return path


def built(folder: Path, *flow: object) -> Path:
    path = folder / "a.pdf"
    SimpleDocTemplate(str(path), pagesize=A4).build(list(flow))
    return path


def text(*lines: str) -> Callable[[Canvas], object]:
    def draw(canvas: Canvas) -> None:
        for index, line in enumerate(lines):
            canvas.drawString(90, 700 - 20 * index, line)

    return draw


def picture(canvas: Canvas) -> None:
    canvas.drawImage(ImageReader(Image.new("L", (8, 8), 128)), 0, 0, *A4)


def blocks(content: Content) -> tuple[Block, ...]:
    return tuple(block for page in content.pages for block in page.blocks)


def problem_of(path: Path) -> Problem | None:
    try:
        return read_pdf(path).problem
    except ParseError as error:
        return error.problem


def test_lines_are_read_page_by_page(tmp_path: Path) -> None:
    content = read_pdf(drawn(tmp_path, text("组建章程", "第一条 名称"), text("第二条 宗旨")))
    assert [(page.number, page.blocks) for page in content.pages] == [
        (1, ("组建章程", "第一条 名称")),
        (2, ("第二条 宗旨",)),
    ]
    assert (content.page_count, content.problem, content.detail) == (2, None, "")


def test_lines_drawn_out_of_order_are_read_from_top_to_bottom(tmp_path: Path) -> None:
    def draw(canvas: Canvas) -> None:
        canvas.drawString(90, 500, "联系人：")
        canvas.drawString(90, 700, "申报表")
        canvas.drawString(90, 600, "联盟名称：")
        canvas.drawString(200, 600, "广东省示例联盟")

    assert blocks(read_pdf(drawn(tmp_path, draw))) == (
        "申报表",
        "联盟名称： 广东省示例联盟",
        "联系人：",
    )


def test_wrapped_paragraphs_are_whole_and_headings_stand_alone(tmp_path: Path) -> None:
    paragraph = (
        "本联盟由广东示例大学、广东示例新能源汽车动力电池科技股份有限公司、广东示例检测中心等单位"
        "共同发起，全称为广东省新能源汽车动力电池关键材料与智能装备产业技术创新联盟，按照利益共享、"
        "风险共担原则开展合作。"
    )
    flow = []
    for number in "一二三":
        flow.append(Paragraph(f"第{number}条 联盟的组建", HEADING))
        flow.append(Paragraph(paragraph, BODY))
    expected = [x for n in "一二三" for x in (f"第{n}条 联盟的组建", paragraph)]
    assert blocks(read_pdf(built(tmp_path, *flow))) == tuple(expected)


FORM = [
    ["联盟名称", "广东省示例产业技术创新联盟", "", ""],
    ["联 系 人", "甲", "联系电话", ""],
    ["成员单位", "企业", "3家", "2016年5月31日"],
    ["", "高校", "2家", "□"],
]
MERGED = [("SPAN", (1, 0), (3, 0)), ("SPAN", (0, 2), (0, 3))]
ROWS = (
    ("联盟名称", "广东省示例产业技术创新联盟"),
    ("联 系 人", "甲", "联系电话", ""),
    ("成员单位", "企业", "3家", "2016年5月31日"),
    ("", "高校", "2家", "□"),
)


def test_a_ruled_form_gives_rows_with_merged_cells_once(tmp_path: Path) -> None:
    path = built(
        tmp_path,
        Paragraph("申报表", HEADING),
        Table(FORM, style=TableStyle(GRID + MERGED)),
        Paragraph("填报日期：", BODY),
    )
    assert blocks(read_pdf(path)) == ("申报表", ROWS, "填报日期：")


def test_the_same_form_in_word_gives_the_same(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_heading("申报表", 1)
    table = document.add_table(rows=4, cols=4)
    for row, cells in zip(table.rows, FORM, strict=True):
        for cell, value in zip(row.cells, cells, strict=True):
            cell.text = value
    table.cell(0, 1).merge(table.cell(0, 3)).text = FORM[0][1]
    table.cell(2, 0).merge(table.cell(3, 0)).text = FORM[2][0]
    document.add_paragraph("填报日期：")
    path = tmp_path / "a.docx"
    document.save(str(path))
    assert blocks(read_docx(path, "docx")) == ("申报表", ROWS, "填报日期：")


def test_names_wrapped_in_their_cell_are_whole(tmp_path: Path) -> None:
    name = "广东示例新能源汽车动力电池科技股份有限公司"
    cells = [["1", Paragraph(name, BODY), Paragraph("office@example.com", BODY)]]
    path = built(tmp_path, Table(cells, colWidths=[30, 120, 90], style=TableStyle(GRID)))
    assert blocks(read_pdf(path)) == ((("1", name, "office@example.com"),),)


def test_a_table_over_several_pages_is_whole(tmp_path: Path) -> None:
    rows = [["序号", "单位名称"], *([str(n), f"示例{n}公司"] for n in range(100))]
    path = built(tmp_path, Table(rows, repeatRows=1, style=TableStyle(GRID)), Paragraph("尾", BODY))
    content = read_pdf(path)
    assert blocks(content) == (tuple(map(tuple, rows)), "尾")
    assert len(content.pages) == content.page_count == 3


def test_text_typed_into_form_fields_is_read(tmp_path: Path) -> None:
    def draw(canvas: Canvas) -> None:
        canvas.drawString(90, 700, "E-mail:")
        canvas.acroForm.textfield(name="mail", value="a@example.com", x=150, y=690)

    assert "a@example.com" in blocks(read_pdf(drawn(tmp_path, draw)))[0]


def test_a_ruled_page_whose_layout_loses_text_is_read_line_by_line(tmp_path: Path) -> None:
    """What is typed into fields is seen by one of the two libraries only."""

    def draw(canvas: Canvas) -> None:
        canvas.grid([80, 140, 300], [680, 720, 760])
        canvas.drawString(90, 700, "E-mail:")
        canvas.acroForm.textfield(name="mail", value="a@example.com", x=150, y=690)

    assert set(blocks(read_pdf(drawn(tmp_path, draw)))) == {"E-mail:", "a@example.com"}


def test_turned_pages_are_read_as_they_are_seen(tmp_path: Path) -> None:
    def draw(canvas: Canvas) -> None:
        canvas.setPageRotation(90)
        canvas.rotate(90)
        canvas.drawString(100, -300, "第二行")
        canvas.drawString(100, -200, "第一行")

    assert blocks(read_pdf(drawn(tmp_path, draw))) == ("第一行", "第二行")


def test_a_document_of_pictures_is_a_scan(tmp_path: Path) -> None:
    def stamped(canvas: Canvas) -> None:
        picture(canvas)
        canvas.drawString(400, 10, "扫描全能王 创建")

    content = read_pdf(drawn(tmp_path, picture, stamped))
    assert (content.problem, content.page_count, content.pages) == (Problem.SCAN, 2, ())


def test_pages_of_pictures_among_others_are_named(tmp_path: Path) -> None:
    content = read_pdf(drawn(tmp_path, text("组建协议"), picture, picture))
    assert content.problem is None
    assert content.detail == "第2、3页是图片，没有文字"
    assert blocks(content) == ("组建协议",)


def test_blank_pages_alone_are_empty(tmp_path: Path) -> None:
    assert problem_of(drawn(tmp_path, lambda _: None)) is Problem.EMPTY


def test_pages_beyond_the_limit_are_not_read_and_said_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pdf, "MAX_PAGES", 2)
    content = read_pdf(drawn(tmp_path, text("甲"), text("乙"), text("丙")))
    assert (len(content.pages), content.page_count) == (2, 3)
    assert content.detail == "共3页，只读了前2页"


def test_a_password_to_open_locks_and_one_to_change_does_not(tmp_path: Path) -> None:
    locked = StandardEncryption("secret", canPrint=0)
    assert problem_of(drawn(tmp_path, text("甲"), encrypt=locked)) is Problem.LOCKED
    guarded = StandardEncryption("", ownerPassword="secret", canCopy=0, canModify=0)
    assert blocks(read_pdf(drawn(tmp_path, text("组建章程"), encrypt=guarded))) == ("组建章程",)


@pytest.mark.parametrize("raw", [b"%PDF-1.4\n%%EOF", b"no pdf", b"%PDF-1.7\n" + bytes(100)])
def test_broken_files_are_damaged(
    tmp_path: Path, raw: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(raw)
    with caplog.at_level(logging.DEBUG):
        assert problem_of(path) is Problem.DAMAGED
    assert "pdfminer" not in {record.name.partition(".")[0] for record in caplog.records}


def test_a_file_without_its_end_is_repaired(tmp_path: Path) -> None:
    path = drawn(tmp_path, text("组建章程"), pageCompression=0)
    raw = path.read_bytes()
    path.write_bytes(raw[: raw.rindex(b"xref")])
    assert blocks(read_pdf(path)) == ("组建章程",)


def test_a_character_that_stands_alone_in_a_font_not_brought_along_is_not_lost(
    tmp_path: Path,
) -> None:
    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
    path = tmp_path / "a.pdf"
    canvas = Canvas(str(path))
    canvas.setFont("STSong-Light", 12)
    canvas.drawString(80, 700, "联盟名称：广东省石墨烯产业技术创新联")
    canvas.drawString(80, 680, "盟")
    canvas.save()
    text = "".join(str(block) for page in read_pdf(path).pages for block in page.blocks)
    assert text.count("盟") == 2
