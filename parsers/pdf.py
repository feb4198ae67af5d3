"""PDF: text from pdfium, ruled forms and second opinions from pdfminer.six; pictures of pages."""

from __future__ import annotations

import ctypes
import logging
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium
from pdfminer.converter import PDFPageAggregator
from pdfminer.layout import LTChar, LTContainer, LTCurve, LTPage, LTRect
from pdfminer.pdfdocument import PDFDocument, PDFPasswordIncorrect
from pdfminer.pdfinterp import PDFPageInterpreter, PDFResourceManager
from pdfminer.pdfpage import PDFPage
from pdfminer.pdfparser import PDFParser

from parsers.errors import ParseError
from parsers.layout import (
    Glyph,
    Item,
    Line,
    PlacedTable,
    Ruling,
    Sheet,
    compose,
    first_word,
    in_reading_order,
    lay_out,
    set_lines,
)
from parsers.scan import LONGEST, PageReader, seals_on
from parsers.seals import LONGEST_SIDE
from parsers.submission import Content, Problem, Scan, Seals

MAX_PAGES = 500
"""More pages are not read; no document of a dossier comes near."""

_THIN = 3.0
_MAX_FORM_PATHS = 5000
_MAX_FORM_CHARACTERS = 20_000
_KEPT = 0.98
"""The share of a page's characters that the layout reading must have found as well."""

_STAMPED = 30
"""A scanned page may carry so many characters of text: the scanning program's own name."""

_IMAGE_SHARE = 0.5
_CHINESE_SHARE = 0.4
"""The share of common Chinese characters below which a hidden text is no reading of a page."""

_LEAST_PICTURE = 50.0
_MOST_PIXELS = 120_000_000
_MILLIMETRES = 25.4 / 72
_DEPTH = 4
_LONG = 8.0
_SPACE = 32
_HYPHEN = 2
_LINE_ENDS = {10, 13}
_NO_CHARACTERS = {0xFFFE, 0xFFFF}
_GAP = re.compile(r"(?<=[^\x00-\x7f]) | (?=[^\x00-\x7f])")
"""A space beside a Chinese character."""

_PRINTED_LINE = re.compile(r"[^\s](?:[^\r\n]*[^\s])?")
_Box = tuple[float, float, float, float]
_Shape = tuple[int, float, float]
_Span = tuple[int, int]

_LOCKED = {pdfium.FPDF_ERR_PASSWORD, pdfium.FPDF_ERR_SECURITY}

_NO_FONTS = (ctypes.c_char_p * 2)(b"/nonexistent", None)
"""Folders to look for fonts in, as pdfium takes them; it keeps the pointer."""

logging.getLogger("pdfminer").setLevel(logging.CRITICAL)


def _forget_system_fonts() -> None:
    """Start pdfium anew without the system's fonts: for text alone it need not open any.

    With Chinese fonts installed, looking for them costs ten times the reading itself.
    """
    pdfium.FPDF_DestroyLibrary()
    folders = ctypes.cast(_NO_FONTS, ctypes.POINTER(ctypes.POINTER(ctypes.c_char)))
    config = pdfium.FPDF_LIBRARY_CONFIG(version=2, m_pUserFontPaths=folders)
    pdfium.FPDF_InitLibraryWithConfig(config)


_forget_system_fonts()


@dataclass(frozen=True, kw_only=True)
class _Leaf:
    """A page as pdfium sees it: `form` if it has rulings, `poor` if it hides most of its text.

    That pdfium does with vertical script in fonts that the file does not bring along; in such
    `borrowed` fonts it may also lose a character that stands alone. A `scanned` page is a
    picture; the text of a `recognised` one was read from a picture, by whomever; a `pictured`
    one shows a picture large enough for a seal.
    """

    sheet: Sheet
    text: str
    form: bool = False
    poor: bool = False
    borrowed: bool = False
    scanned: bool = False
    blank: bool = False
    recognised: bool = False
    pictured: bool = False
    seals: Seals | None = None


def read_pdf(
    path: Path,
    media_type: str = "application/pdf",
    *,
    passwords: Sequence[str] = (),
    read_page: PageReader | None = None,
) -> Content:
    """Read a PDF page by page.

    Pages with ruled tables give tables, others lines. A page that is a picture is read by
    `read_page`, if given; without it, a document of which (nearly) all pages are pictures is
    a `scan`. Raises ParseError when it is damaged, or locked and no password opens it.
    """
    for password in ("", *passwords):
        try:
            with closing(pypdfium2.PdfDocument(path, password=password or None)) as document:
                count = len(document)
                numbers = range(min(count, MAX_PAGES))
                seen = [_leaf(document, index, read_page) for index in numbers]
        except pypdfium2.PdfiumError as error:
            if getattr(error, "err_code", None) not in _LOCKED:
                return _second_opinion(path, media_type)
            continue
        if not seen:
            return _second_opinion(path, media_type)
        return _content(media_type, _with_tables(path, password, seen), count)
    raise ParseError(Problem.LOCKED)


def _content(media_type: str, leaves: Sequence[_Leaf], count: int) -> Content:
    scanned = [leaf.sheet.number for leaf in leaves if leaf.scanned]
    recognised = [leaf.sheet.number for leaf in leaves if leaf.recognised]
    blank = all(leaf.scanned or leaf.blank or not leaf.sheet.items for leaf in leaves)
    seals = tuple(leaf.seals for leaf in leaves if leaf.seals)
    if blank:
        pictures = scanned or recognised
        return Content(
            media_type=media_type,
            page_count=count,
            problem=Problem.SCAN if pictures else Problem.EMPTY,
            scan=Scan.UNREAD if pictures else Scan.NONE,
            seals=seals,
        )
    details = []
    if scanned:
        details.append(f"第{'、'.join(map(str, scanned))}页是图片，没有文字")
    if count > len(leaves):
        details.append(f"共{count}页，只读了前{len(leaves)}页")
    return Content(
        media_type=media_type,
        pages=compose([leaf.sheet for leaf in leaves]),
        page_count=count,
        detail="；".join(details),
        scan=Scan.READ if recognised else Scan.UNREAD if scanned else Scan.NONE,
        seals=seals,
    )


# ── pdfium ───────────────────────────────────────────────────────────────────────────


def _leaf(document: Any, index: int, read_page: PageReader | None) -> _Leaf:  # noqa: ANN401 (pypdfium2 ships no types)
    try:
        page = _with_fields(document, index)
    except pypdfium2.PdfiumError:  # one broken page
        sheet = Sheet(number=index + 1, width=0.0, height=0.0, items=())
        return _Leaf(sheet=sheet, text="", blank=True)
    with closing(page):
        leaf = _printed(page, index + 1)
        return _with_picture(leaf, page, read_page) if _is_worth_rendering(leaf, page.raw) else leaf


def _printed(page: Any, number: int) -> _Leaf:  # noqa: ANN401 (pypdfium2 ships no types)
    """Return a page as its text layer gives it."""
    with closing(page.get_textpage()) as textpage:
        width, height = page.get_size()
        text = _text(textpage.raw)
        shapes = list(_shapes(page.raw))
        pictures = sum(w * h for kind, w, h in shapes if kind == pdfium.FPDF_PAGEOBJ_IMAGE)
        covered = pictures > width * height * _IMAGE_SHARE
        letters = len("".join(text.split()))
        seen = _seen_letters(page.raw, textpage.raw, text) if covered else letters
        hidden = covered and seen < _STAMPED
        scanned = bool(shapes) if not letters else hidden and not _is_reading(text)
        lines = in_reading_order(list(_lines(textpage.raw, text, _upright(page))))
    return _Leaf(
        sheet=Sheet(number=number, width=width, height=height, items=tuple(lines)),
        text=text,
        form=letters <= _MAX_FORM_CHARACTERS and _is_form(shapes),
        poor=sum(kind == pdfium.FPDF_PAGEOBJ_TEXT for kind, _, _ in shapes) > 2 * letters,
        borrowed=_borrows_font(page.raw),
        scanned=scanned,
        blank=not letters and not shapes,
        recognised=hidden and not scanned,
        pictured=any(
            kind == pdfium.FPDF_PAGEOBJ_IMAGE and min(w, h) >= _LEAST_PICTURE
            for kind, w, h in shapes
        ),
    )


def _with_fields(document: Any, index: int) -> Any:  # noqa: ANN401 (pypdfium2 ships no types)
    """Open a page; what was typed into form fields and notes becomes part of its text."""
    page = document[index]
    if not pdfium.FPDFPage_GetAnnotCount(page.raw):
        return page
    with closing(page):
        pdfium.FPDFPage_Flatten(page.raw, pdfium.FLAT_NORMALDISPLAY)
    return document[index]


def _text(textpage: object) -> str:
    """All characters, one for each index that pdfium counts by."""
    count = pdfium.FPDFText_CountChars(textpage)
    codes = (pdfium.FPDFText_GetUnicode(textpage, index) for index in range(count))
    return "".join(map(_character, codes))


def _character(code: int) -> str:
    if code == _HYPHEN:
        return "-"
    printable = code >= _SPACE or code in _LINE_ENDS
    return chr(code) if printable and code not in _NO_CHARACTERS else " "


def _lines(textpage: object, text: str, upright: Callable[[_Box], _Box]) -> Iterator[Line]:
    """Yield pdfium's lines; where it put in spaces or parted a line, set that line anew.

    It does so where the script changes, and editors draw all of one script before the other.
    """

    def box(index: int) -> _Box:
        found = pdfium.FS_RECTF()
        pdfium.FPDFText_GetLooseCharBox(textpage, index, found)
        return upright((found.left, found.bottom, found.right, found.top))

    def generated(index: int) -> bool:
        return bool(pdfium.FPDFText_IsGenerated(textpage, index))

    for row in _rows(text, box):
        gaps = (at.start() for span in row for at in _GAP.finditer(text, *span))
        if len(row) == 1 and not any(map(generated, gaps)):
            yield _drawn_line(text[slice(*row[0])], row[0], box)
        else:
            printed = (at for span in row for at in range(*span) if not generated(at))
            yield from set_lines(_boxed(text[at], box(at)) for at in printed)


def _rows(text: str, box: Callable[[int], _Box]) -> Iterator[list[_Span]]:
    """Yield the spans of pdfium's lines, those together that follow each other at one height."""
    row: list[_Span] = []
    bottom = top = 0.0
    for match in _PRINTED_LINE.finditer(text):
        _, low, _, high = box(match.start())
        if row and not bottom < (low + high) / 2 < top:
            yield row
            row = []
        row.append(match.span())
        bottom, top = low, high
    if row:
        yield row


def _drawn_line(line: str, span: _Span, box: Callable[[int], _Box]) -> Line:
    first, last = box(span[0]), box(span[1] - 1)
    word = box(span[0] + first_word(line) - 1)
    return Line(
        text=_whole(line),
        x0=first[0],
        x1=last[2],
        y0=min(first[1], last[1]),
        y1=max(first[3], last[3]),
        size=first[3] - first[1],
        lead=word[2] - first[0],
    )


def _boxed(text: str, box: _Box) -> Glyph:
    return Glyph(text=text, x0=box[0], y0=box[1], x1=box[2], y1=box[3])


def _whole(line: str) -> str:
    """Put surrogate pairs together, which pdfium gives as two characters."""
    return line.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _upright(page: Any) -> Callable[[_Box], _Box]:  # noqa: ANN401 (pypdfium2 ships no types)
    """Return what turns a box of the page's own space into one of the page as it is seen."""
    left, bottom, right, top = page.get_mediabox()
    turn = page.get_rotation()

    def seen(box: _Box) -> _Box:
        x0, y0, x1, y1 = box
        if turn == 90:  # noqa: PLR2004 (degrees)
            return y0 - bottom, right - x1, y1 - bottom, right - x0
        if turn == 180:  # noqa: PLR2004 (degrees)
            return right - x1, top - y1, right - x0, top - y0
        if turn == 270:  # noqa: PLR2004 (degrees)
            return top - y1, x0 - left, top - y0, x1 - left
        return x0 - left, y0 - bottom, x1 - left, y1 - bottom

    return seen


def _shapes(page: object) -> Iterator[_Shape]:
    """Kind, width and height of all that is drawn, in form objects too."""
    for index in range(pdfium.FPDFPage_CountObjects(page)):
        yield from _shapes_of(pdfium.FPDFPage_GetObject(page, index), _DEPTH)


def _borrows_font(page: object) -> bool:
    """Whether text on the page is set in a font that the file does not bring along."""
    objects = (
        pdfium.FPDFPage_GetObject(page, index)
        for index in range(pdfium.FPDFPage_CountObjects(page))
    )
    return any(
        pdfium.FPDFPageObj_GetType(each) == pdfium.FPDF_PAGEOBJ_TEXT
        and not pdfium.FPDFFont_GetIsEmbedded(pdfium.FPDFTextObj_GetFont(each))
        for each in objects
    )


def _shapes_of(thing: object, depth: int) -> Iterator[_Shape]:
    kind = pdfium.FPDFPageObj_GetType(thing)
    if kind != pdfium.FPDF_PAGEOBJ_FORM:
        yield kind, *_size(thing)
    elif depth:
        for index in range(pdfium.FPDFFormObj_CountObjects(thing)):
            inner = _shapes_of(pdfium.FPDFFormObj_GetObject(thing, index), depth - 1)
            for each, width, height in inner:
                # A picture may be drawn in a unit square that the form then stretches.
                picture = each == pdfium.FPDF_PAGEOBJ_IMAGE
                yield each, *(_size(thing) if picture else (width, height))


def _size(thing: object) -> tuple[float, float]:
    left, bottom, right, top = (ctypes.c_float() for _ in range(4))
    pdfium.FPDFPageObj_GetBounds(thing, left, bottom, right, top)
    return right.value - left.value, top.value - bottom.value


def _is_form(shapes: Sequence[_Shape]) -> bool:
    """Whether rulings on the page may form a table."""
    paths = [shape for shape in shapes if shape[0] == pdfium.FPDF_PAGEOBJ_PATH]
    across = sum(width > _LONG for _, width, _ in paths)
    down = sum(height > _LONG for _, _, height in paths)
    return across > 0 and down > 0 and len(paths) <= _MAX_FORM_PATHS


# ── Pages that are pictures ──────────────────────────────────────────────────────────


def _is_reading(text: str) -> bool:
    """Whether a hidden text may be what someone's program read in the picture above it."""
    letters = "".join(text.split())
    common = sum(map(_is_common, letters))
    return len(letters) >= _STAMPED and common >= _CHINESE_SHARE * len(letters)


def _is_common(letter: str) -> bool:
    try:
        return not letter.isascii() and bool(letter.encode("gb2312"))
    except UnicodeEncodeError:
        return False


def _seen_letters(page: object, textpage: object, text: str) -> int:
    """Count the letters that are neither invisible nor covered by a large picture."""
    seen: set[int] = set()
    width, height = pdfium.FPDF_GetPageWidthF(page), pdfium.FPDF_GetPageHeightF(page)
    for thing in _things_drawn(page):
        kind = pdfium.FPDFPageObj_GetType(thing)
        across, up = _size(thing)
        if kind == pdfium.FPDF_PAGEOBJ_IMAGE and across * up > width * height * _IMAGE_SHARE:
            seen.clear()
        elif kind == pdfium.FPDF_PAGEOBJ_TEXT and not _is_invisible(thing):
            seen.add(_address(thing))
    return sum(
        not letter.isspace() and _address(pdfium.FPDFText_GetTextObject(textpage, index)) in seen
        for index, letter in enumerate(text)
    )


def _things_drawn(page: object) -> Iterator[object]:
    """Yield all that is drawn on a page, in that order, in form objects too."""
    for index in range(pdfium.FPDFPage_CountObjects(page)):
        yield from _things_in(pdfium.FPDFPage_GetObject(page, index), _DEPTH)


def _things_in(thing: object, depth: int) -> Iterator[object]:
    if pdfium.FPDFPageObj_GetType(thing) != pdfium.FPDF_PAGEOBJ_FORM:
        yield thing
    elif depth:
        for index in range(pdfium.FPDFFormObj_CountObjects(thing)):
            yield from _things_in(pdfium.FPDFFormObj_GetObject(thing, index), depth - 1)


def _is_invisible(thing: object) -> bool:
    mode = pdfium.FPDFTextObj_GetTextRenderMode(thing)
    return bool(mode == pdfium.FPDF_TEXTRENDERMODE_INVISIBLE)


def _address(thing: object) -> int:
    return ctypes.cast(thing, ctypes.c_void_p).value or 0  # type: ignore[arg-type] # a pointer


def _is_worth_rendering(leaf: _Leaf, page: object) -> bool:
    """Whether a page is a picture or has one, and takes neither too long nor too much memory."""
    if not (leaf.scanned or leaf.recognised or leaf.pictured):
        return False
    things = list(islice(_things_drawn(page), _MAX_FORM_PATHS + 1))
    pictures = [
        each for each in things if pdfium.FPDFPageObj_GetType(each) == pdfium.FPDF_PAGEOBJ_IMAGE
    ]
    return len(things) <= _MAX_FORM_PATHS and sum(map(_pixels, pictures)) <= _MOST_PIXELS


def _pixels(picture: object) -> int:
    width, height = ctypes.c_uint(), ctypes.c_uint()
    pdfium.FPDFImageObj_GetImagePixelSize(picture, width, height)
    return width.value * height.value


def _with_picture(leaf: _Leaf, page: Any, read_page: PageReader | None) -> _Leaf:  # noqa: ANN401 (pypdfium2 ships no types)
    """Look at a page as a picture: count its seals, and have its text read if it has none."""
    wanted = read_page if leaf.scanned else None
    length = max(leaf.sheet.width, leaf.sheet.height)
    scale = (LONGEST if wanted else LONGEST_SIDE) / length
    picture = page.render(scale=scale).to_pil()
    seals = seals_on(picture, leaf.sheet.number, length * _MILLIMETRES)
    if seals.count or leaf.scanned or leaf.recognised:
        leaf = replace(leaf, seals=seals)
    sheet = wanted(picture, leaf.sheet.number) if wanted else None
    if sheet is None:
        return leaf
    text = "".join(_texts(sheet.items))
    return _Leaf(sheet=sheet, text=text, recognised=True, seals=leaf.seals)


# ── pdfminer.six ─────────────────────────────────────────────────────────────────────


@contextmanager
def _layouts(path: Path, password: str = "") -> Iterator[Iterator[Callable[[], LTPage]]]:
    """Open a file with pdfminer; gives for each page what lays it out."""
    with path.open("rb") as file:
        document = PDFDocument(PDFParser(file), password=password)
        resources = PDFResourceManager()
        device = PDFPageAggregator(resources, laparams=None)
        interpreter = PDFPageInterpreter(resources, device)

        def layout(page: PDFPage) -> LTPage:
            interpreter.process_page(page)
            return device.get_result()

        pages = islice(PDFPage.create_pages(document), MAX_PAGES)
        yield (partial(layout, page) for page in pages)


def _with_tables(path: Path, password: str, leaves: Sequence[_Leaf]) -> list[_Leaf]:
    """Read with pdfminer, too, the pages where it may see more: tables, or lost text."""
    read = list(leaves)
    doubted = [leaf.form or leaf.poor or leaf.borrowed for leaf in leaves]
    if not any(doubted):
        return read
    try:
        with _layouts(path, password) as layouts:
            for index, (leaf, layout) in enumerate(zip(leaves, layouts, strict=False)):
                items = _items(layout()) if doubted[index] else ()
                if _is_better(items, leaf):
                    sheet = replace(leaf.sheet, items=items)
                    read[index] = replace(leaf, sheet=sheet, scanned=False)
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 (pdfminer raises anything; pdfium's text stands)
        return read
    return read


def _is_better(items: Sequence[Item], leaf: _Leaf) -> bool:
    """Whether a layout has tables and lost next to nothing of the text, or found more."""
    wanted, found = _letters([leaf.text]), _letters(_texts(items))
    tables = any(isinstance(item, PlacedTable) for item in items)
    whole = (wanted & found).total() >= wanted.total() * _KEPT
    more = leaf.borrowed and whole and found.total() > wanted.total()
    return (tables and whole) or more or (leaf.poor and found.total() > 2 * wanted.total())


def _letters(texts: Iterable[str]) -> Counter[str]:
    return Counter("".join("".join(texts).split()))


def _texts(items: Sequence[Item]) -> Iterator[str]:
    for item in items:
        if isinstance(item, Line):
            yield item.text
        else:
            yield from (cell for row in item.rows for cell in row)


def _second_opinion(path: Path, media_type: str) -> Content:
    """Read with pdfminer what pdfium refuses. Raises ParseError."""
    sheets = []
    try:
        with _layouts(path) as layouts:
            for number, layout in enumerate(layouts, start=1):
                page = layout()
                width, height = page.width, page.height
                items = _items(page)
                sheets.append(Sheet(number=number, width=width, height=height, items=items))
    except PDFPasswordIncorrect as error:
        raise ParseError(Problem.LOCKED) from error
    except MemoryError:
        raise
    except Exception as error:
        raise ParseError(Problem.DAMAGED, type(error).__name__) from error
    if not any(sheet.items for sheet in sheets):
        raise ParseError(Problem.DAMAGED)
    return Content(media_type=media_type, pages=compose(sheets), page_count=len(sheets))


def _items(page: LTPage) -> tuple[Item, ...]:
    glyphs: list[Glyph] = []
    rulings: list[Ruling] = []
    for thing in _things(page):
        if isinstance(thing, LTChar):
            glyphs.extend(_glyph(thing))
        elif isinstance(thing, LTCurve):
            rulings.extend(_rulings(thing))
    return lay_out(glyphs, rulings)


def _things(container: LTContainer[Any]) -> Iterator[object]:
    for thing in container:
        if isinstance(thing, LTContainer):
            yield from _things(thing)
        else:
            yield thing


def _glyph(char: LTChar) -> Iterator[Glyph]:
    text = char.get_text()
    if not text.startswith("(cid:"):  # pdfminer's word for a character it cannot name
        turned = not char.upright or char.matrix[0] <= 0
        yield Glyph(text=text, x0=char.x0, y0=char.y0, x1=char.x1, y1=char.y1, turned=turned)


def _rulings(curve: LTCurve) -> Iterator[Ruling]:
    """Rulings of a drawn path: a thin box is one, a drawn box four, a filled one none."""
    if curve.width <= _THIN and curve.height <= _THIN:
        return
    if curve.width <= _THIN:
        middle = (curve.x0 + curve.x1) / 2
        yield Ruling(vertical=True, at=middle, start=curve.y0, end=curve.y1)
    elif curve.height <= _THIN:
        middle = (curve.y0 + curve.y1) / 2
        yield Ruling(vertical=False, at=middle, start=curve.x0, end=curve.x1)
    elif curve.stroke:
        corners = [*curve.pts, curve.pts[0]] if isinstance(curve, LTRect) else curve.pts
        for (x0, y0), (x1, y1) in pairwise(corners):
            if abs(x0 - x1) <= 1:
                yield Ruling(vertical=True, at=x0, start=min(y0, y1), end=max(y0, y1))
            elif abs(y0 - y1) <= 1:
                yield Ruling(vertical=False, at=y0, start=min(x0, x1), end=max(x0, x1))
