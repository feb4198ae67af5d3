"""Drafts as files: .docx, PDF with a text layer, plain text, and a PDF of scanned pages."""

import io
import zipfile
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from ingest.samples.draft import Draft, PageBreak, Paragraph, Table

if TYPE_CHECKING:
    from docx.document import Document as WordDocument
    from docx.text.parfmt import ParagraphFormat
    from reportlab.platypus import Flowable

_BODY_FONT, _HEAD_FONT, _TITLE_FONT = "仿宋", "黑体", "宋体"
_SIZES = {"title": 22, "heading": 16, "subheading": 16}
_WORD_LIBRARY, _PDF_LIBRARY = "python-docx", "reportlab"
_EPOCH = (1980, 1, 1, 0, 0, 0)


class SamplesUnavailableError(RuntimeError):
    """The libraries that make sample documents are not installed."""

    def __init__(self, library: str) -> None:
        super().__init__(
            f"sample documents need {library}: install the extra, pip install 'dossier-intake[demo]'"
        )


def as_text(draft: Draft) -> bytes:
    """Return the draft as UTF-8 text; the cells of a row stand on one line, parted by tabs."""
    lines: list[str] = []
    for block in draft.blocks():
        match block:
            case Paragraph():
                lines.append(block.text)
            case Table():
                lines.extend("\t".join(cell.text for cell in row.cells) for row in block.rows)
            case PageBreak():
                lines.append("")
    return ("\n".join(lines) + "\n").encode()


def as_docx(draft: Draft) -> bytes:
    """Return the draft as a Word file with real tables.

    Raises:
        SamplesUnavailableError: python-docx is not installed.
    """
    try:
        import docx
    except ImportError as error:
        raise SamplesUnavailableError(_WORD_LIBRARY) from error
    word = docx.Document()
    _set_up(word)
    breaks = False
    for block in draft.blocks():
        match block:
            case Paragraph():
                _word_paragraph(word, block).page_break_before = breaks or None
            case Table():
                _word_table(word, block)
        breaks = isinstance(block, PageBreak)
    buffer = io.BytesIO()
    word.save(buffer)
    return _undated(buffer.getvalue())


def _undated(package: bytes) -> bytes:
    """Return the package with the times of its entries set to one value, for equal bytes."""
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(package)) as old,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for entry in old.infolist():
            fresh = zipfile.ZipInfo(entry.filename, date_time=_EPOCH)
            new.writestr(fresh, old.read(entry), zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _set_up(word: "WordDocument") -> None:
    from docx.oxml.ns import qn
    from docx.shared import Mm, Pt

    section = word.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.bottom_margin = Mm(37), Mm(30)
    section.left_margin, section.right_margin = Mm(28), Mm(26)
    normal = word.styles["Normal"]
    normal.font.name, normal.font.size = "Times New Roman", Pt(16)
    normal.element.rPr.rFonts.set(qn("w:eastAsia"), _BODY_FONT)
    normal.paragraph_format.space_after = Pt(0)
    _page_number(section.footer.paragraphs[0])


def _page_number(paragraph: Any) -> None:  # noqa: ANN401 - python-docx ships no types
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), "PAGE")
    paragraph._p.append(field)  # noqa: SLF001 - python-docx has no way to add a field
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER


def _word_paragraph(word: "WordDocument", block: Paragraph) -> "ParagraphFormat":
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.oxml.ns import qn
    from docx.shared import Pt

    paragraph = word.add_paragraph()
    run = paragraph.add_run(block.text)
    layout: ParagraphFormat = paragraph.paragraph_format
    layout.line_spacing = Pt(36 if block.look == "title" else 28)
    size = _SIZES.get(block.look, 16)
    run.font.size = Pt(size)
    if block.look in {"body", "heading", "subheading"}:
        layout.first_line_indent = Pt(2 * size)
    if block.look in {"title", "centred"}:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    font = {"title": _TITLE_FONT, "heading": _HEAD_FONT, "subheading": "楷体"}.get(block.look)
    if font:
        run.font.bold = block.look == "title"
        layout.keep_with_next = block.look != "title"
        run._r.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), font)  # noqa: SLF001 - as above
    return layout


def _word_table(word: "WordDocument", block: Table) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Mm, Pt

    table = word.add_table(rows=len(block.rows), cols=len(block.widths))
    table.style = "Table Grid" if block.ruled else "Normal Table"
    table.autofit = False
    for column, width in zip(table.columns, block.widths, strict=True):
        column.width = Mm(156 * width)
    grid = [row.cells for row in table.rows]
    for row in grid:
        for cell, width in zip(row, block.widths, strict=True):
            cell.width = Mm(156 * width)
    for number, column, cell in block.placed():
        place = grid[number][column]
        if cell.across > 1 or cell.down > 1:
            place = place.merge(grid[number + cell.down - 1][column + cell.across - 1])
        paragraph = place.paragraphs[0]
        run = paragraph.add_run(cell.text)
        run.font.size = Pt(11 if block.ruled else 16)
        paragraph.paragraph_format.line_spacing = Pt(18 if block.ruled else 32)
        if cell.head and block.ruled:
            paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER


def as_pdf(draft: Draft) -> bytes:
    """Return the draft as a PDF with a text layer and ruled tables.

    Raises:
        SamplesUnavailableError: reportlab is not installed.
    """
    try:
        from reportlab.lib.pagesizes import A4
        from reportlab.lib.units import mm
        from reportlab.pdfbase import pdfmetrics
        from reportlab.pdfbase.cidfonts import UnicodeCIDFont
        from reportlab.platypus import SimpleDocTemplate
    except ImportError as error:
        raise SamplesUnavailableError(_PDF_LIBRARY) from error
    if "STSong-Light" not in pdfmetrics.getRegisteredFontNames():
        pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
    buffer = io.BytesIO()
    pages = SimpleDocTemplate(
        buffer,
        pagesize=A4,
        leftMargin=27 * mm,
        rightMargin=27 * mm,
        topMargin=30 * mm,
        bottomMargin=28 * mm,
        title=draft.title,
        author="",
        invariant=1,
    )
    pages.build(list(_flowables(draft)), onFirstPage=_footed, onLaterPages=_footed)
    return buffer.getvalue()


def _footed(canvas: Any, pages: Any) -> None:  # noqa: ANN401 - reportlab ships no types
    canvas.setFont("STSong-Light", 10)
    canvas.drawCentredString(pages.pagesize[0] / 2, 40, f"- {canvas.getPageNumber()} -")


def _flowables(draft: Draft) -> "Iterator[Flowable]":
    from reportlab.platypus import PageBreak as NewPage
    from reportlab.platypus import Paragraph as Flowing
    from reportlab.platypus import Spacer

    for block in draft.blocks():
        match block:
            case Paragraph(text=""):
                yield Spacer(1, 20)
            case Paragraph():
                yield Flowing(_marked_up(block.text), _pdf_style(block.look))
            case Table():
                yield _pdf_table(block)
            case PageBreak():
                yield NewPage()


def _marked_up(text: str) -> str:
    """Return the text for reportlab, keeping its line breaks and, as wide ones, its runs of spaces."""
    return escape(text).replace("  ", "\u3000").replace("\n", "<br/>")


def _pdf_style(look: str, *, cell: bool = False) -> Any:  # noqa: ANN401 - reportlab ships no types
    from reportlab.lib.styles import ParagraphStyle

    size = {"title": 20, "heading": 15, "subheading": 13}.get(look, 11 if cell else 13)
    return ParagraphStyle(
        look,
        fontName="STSong-Light",
        fontSize=size,
        leading=size * (1.4 if cell else 1.8),
        alignment={"title": 1, "centred": 1}.get(look, 0),
        spaceBefore=8 if look == "heading" else 0,
        firstLineIndent=2 * size if look in {"body", "heading", "subheading"} else 0,
        wordWrap="CJK",
        keepWithNext=look in {"heading", "subheading"},
    )


def _pdf_table(block: Table) -> "Flowable":
    from reportlab.lib.colors import black
    from reportlab.lib.units import mm
    from reportlab.platypus import Paragraph as Flowing
    from reportlab.platypus import Table as Grid

    rows: list[list[Any]] = [[""] * len(block.widths) for _ in block.rows]
    commands: list[tuple[Any, ...]] = [("VALIGN", (0, 0), (-1, -1), "MIDDLE")]
    if block.ruled:
        commands.append(("GRID", (0, 0), (-1, -1), 0.5, black))
    for number, column, cell in block.placed():
        look = "centred" if cell.head and block.ruled else "plain"
        style = _pdf_style(look, cell=block.ruled)
        rows[number][column] = Flowing(_marked_up(cell.text), style)
        if cell.across > 1 or cell.down > 1:
            end = (column + cell.across - 1, number + cell.down - 1)
            commands.append(("SPAN", (column, number), end))
    widths = [156 * mm * width for width in block.widths]
    return Grid(rows, colWidths=widths, style=commands, spaceAfter=8)


def as_scan(draft: Draft) -> bytes:
    """Return the draft as a PDF of grey pictures without a text layer, as a copier makes it.

    Raises:
        SamplesUnavailableError: reportlab is not installed.
    """
    import pypdfium2

    source = pypdfium2.PdfDocument(as_pdf(draft))
    try:
        pages = [
            page.render(scale=1.4, grayscale=True)
            .to_pil()
            .rotate(0.4 if number % 2 else -0.3, fillcolor=235)
            for number, page in enumerate(source)
        ]
    finally:
        source.close()
    return _pictures(pages)


def _pictures(pages: list[Any]) -> bytes:
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.utils import ImageReader
    from reportlab.pdfgen.canvas import Canvas

    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=A4, invariant=1)
    for page in pages:
        jpeg = io.BytesIO()
        page.save(jpeg, "JPEG", quality=60)
        jpeg.seek(0)
        canvas.drawImage(ImageReader(jpeg), 0, 0, *A4)
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()
