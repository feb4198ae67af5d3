"""Word documents in OOXML (ISO/IEC 29500), read from the package's XML directly.

WPS and older exporters leave parts out or misname them, so nothing is asked of a package
but its main part.
"""

from __future__ import annotations

import posixpath
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from pathlib import Path

from lxml import etree

from parsers.errors import ParseError
from parsers.layout import is_page_number
from parsers.submission import Block, Content, Page, Problem

MAX_PART_BYTES = 64 * 1024 * 1024
MAX_RATIO = 400
"""Parts above `_SMALL` bytes that pack better than this are bombs, not documents."""

MAX_MARKS = 20
MARK_LENGTH = 80

_SMALL = 8 * 1024 * 1024
_USUAL_MAIN = "word/document.xml"
_SIDE_PARTS = ("footnotes", "endnotes", "header", "footer")
_OFF = {"0", "false", "off", "none"}
_PICTURES = {"blip", "imagedata", "chart", "OLEObject", "altChunk"}
_DELETED = {"del", "moveFrom"}
_INSERTED = {"ins", "moveTo"}
_UNSEEN = {
    "pPr", "rPr", "tblPr", "tblGrid", "trPr", "tcPr", "sectPr", "sdtPr", "sdtEndPr",
    "instrText", "delText", "delInstrText", "rt", "fldData",
}  # fmt: skip
_SYMBOLS = {
    0xF02A: "□", 0xF030: "□", 0xF04F: "×", 0xF050: "√", 0xF052: "☑", 0xF053: "☒", 0xF054: "☒",
    0xF06C: "●", 0xF06E: "■", 0xF06F: "□", 0xF071: "□", 0xF075: "◆", 0xF0A3: "□", 0xF0A8: "□",
    0xF0B7: "•", 0xF0D8: "➢", 0xF0FB: "×", 0xF0FC: "√", 0xF0FD: "☒", 0xF0FE: "☑",
}  # fmt: skip
"""What the Wingdings fonts and Symbol show at these places of the private use area."""


def read_docx(path: Path, media_type: str) -> Content:
    """Read a Word document: paragraphs and tables in their order, notes and headers last.

    Tracked deletions are left out; they, insertions and comments are quoted in `marks`.
    Pages are numbered where Word has left its page breaks, else by breaks that were set by
    hand, else there is one page without number. Raises ParseError for broken packages, and
    for those without text, which are a `scan` when there are pictures.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            package = _Package(archive)
            reader = _Reader()
            main = package.main_part()
            body = package.body(main)
            items = list(reader.items(body))
            extra = [block for part in package.side_parts(main) for block in reader.side(part)]
            reader.quote_comments(package.related(main, "comments"))
    except (zipfile.BadZipFile, zlib.error, EOFError, etree.XMLSyntaxError) as error:
        raise ParseError(Problem.DAMAGED, str(error)) from error
    if all(isinstance(item, _Break) for item in items):
        pictures = any(_name(element) in _PICTURES for element in body.iter())
        raise ParseError(Problem.SCAN if pictures else Problem.EMPTY)
    return Content(
        media_type=media_type,
        pages=_pages(items, list(dict.fromkeys(extra))),
        marks=tuple(mark[:MARK_LENGTH] for mark in reader.marks[:MAX_MARKS]),
    )


# ── The package ──────────────────────────────────────────────────────────────────────


class _Package:
    """The parts of a package, by names in the form that the standard asks for."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._parts = {
            info.filename.replace("\\", "/").lstrip("/").lower(): info
            for info in archive.infolist()
        }

    def part(self, name: str) -> etree._Element | None:
        """Parse a part; None when it is not there."""
        info = self._parts.get(name.lower())
        if info is None:
            return None
        if info.flag_bits & 1:
            raise ParseError(Problem.LOCKED)
        dense = info.file_size > _SMALL and info.file_size > MAX_RATIO * info.compress_size
        if dense or info.file_size > MAX_PART_BYTES:
            raise ParseError(Problem.TOO_LARGE)
        parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True)
        return etree.fromstring(self._archive.read(info), parser)

    def main_part(self) -> str:
        """Return the name of the part that holds the text."""
        if _USUAL_MAIN in self._parts:
            return _USUAL_MAIN
        found = next(self._targets("", "officeDocument"), None)
        if found is None:
            raise ParseError(Problem.DAMAGED, _USUAL_MAIN)
        return found

    def body(self, main: str) -> etree._Element:
        """Return the body of the text."""
        body = _child(self.part(main), "body")
        if body is None:
            raise ParseError(Problem.DAMAGED, main)
        return body

    def side_parts(self, main: str) -> Iterator[etree._Element]:
        """Yield what stands beside the text: notes, headers, footers."""
        for kind in _SIDE_PARTS:
            yield from self.related(main, kind)

    def related(self, main: str, kind: str) -> Iterator[etree._Element]:
        """Yield the parts of a kind that are readable; the document does not depend on them."""
        for name in self._targets(main, kind):
            try:
                part = self.part(name)
            except (zipfile.BadZipFile, zlib.error, EOFError, etree.XMLSyntaxError):
                continue
            if part is not None:
                yield part

    def _targets(self, source: str, kind: str) -> Iterator[str]:
        folder, name = posixpath.split(source)
        relations = self.part(posixpath.join(folder, "_rels", f"{name}.rels"))
        for relation in () if relations is None else relations:
            target = str(relation.get("Target", ""))
            if str(relation.get("Type", "")).endswith(f"/{kind}"):
                yield posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")


# ── The markup ───────────────────────────────────────────────────────────────────────


@cache
def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _name(element: etree._Element) -> str:
    """Local name; Transitional and Strict documents differ only in their namespaces."""
    return _local(element.tag) if isinstance(element.tag, str) else ""


def _value(element: etree._Element, name: str = "val") -> str:
    """Return an attribute by its local name, or an empty string."""
    found = (value for key, value in element.items() if _local(str(key)) == name)
    return str(next(found, ""))


def _child(element: etree._Element | None, *names: str) -> etree._Element | None:
    """Return the first child of that name, of that the first of the next name, and so on."""
    for name in names:
        children = () if element is None else element
        element = next((child for child in children if _name(child) == name), None)
    return element


def _is_on(switch: etree._Element | None) -> bool:
    """Whether a switch is there and not turned off (ST_OnOff)."""
    return switch is not None and _value(switch).lower() not in _OFF


def _branch(alternatives: etree._Element) -> etree._Element | None:
    """Return one of mc:AlternateContent's branches: the same content for newer or older Word."""
    choice = _child(alternatives, "Choice")
    return _child(alternatives, "Fallback") if choice is None or not len(choice) else choice


def _quoted(element: etree._Element) -> str:
    words = (each.text or "" for each in element.iter() if _name(each) in {"t", "delText"})
    return "".join(words).strip()


class _Break(Enum):
    """A page break: as Word last laid the text out, or set by hand."""

    RENDERED = 1
    BY_HAND = 2


_Item = Block | _Break


@dataclass
class _Paragraph:
    """What gathers while a paragraph is read."""

    pieces: list[str] = field(default_factory=list)
    boxes: list[_Item] = field(default_factory=list)
    before: list[_Break] = field(default_factory=list)
    after: list[_Break] = field(default_factory=list)

    def part(self, kind: _Break) -> None:
        """Note a page break where it stands, before or after the first text."""
        (self.after if any(map(str.strip, self.pieces)) else self.before).append(kind)

    def lines(self) -> Iterator[str]:
        """Yield the lines, those that are not blank."""
        text = "".join(self.pieces).translate(_SYMBOLS)
        yield from filter(None, map(str.strip, text.split("\n")))


class _Reader:
    """Reads markup into lines and tables, and gathers editing marks on the way."""

    def __init__(self) -> None:
        self.marks: list[str] = []

    def items(self, container: etree._Element) -> Iterator[_Item]:
        """Yield the lines, tables and page breaks of a container, in their order."""
        for child in container:
            name = _name(child)
            if name == "p":
                yield from self._paragraph(child)
            elif name == "tbl":
                yield from self._table(child)
            elif name == "AlternateContent":
                branch = _branch(child)
                yield from self.items(branch) if branch is not None else ()
            elif name not in _UNSEEN and name not in _DELETED:
                yield from self.items(child)

    def side(self, part: etree._Element) -> Iterator[Block]:
        """Yield the blocks of a part beside the text, without page numbers."""
        for item in self.items(part):
            if not isinstance(item, _Break) and not (
                isinstance(item, str) and is_page_number(item)
            ):
                yield item

    def quote_comments(self, parts: Iterator[etree._Element]) -> None:
        """Quote the comments that readers of the text left in it."""
        for part in parts:
            texts = (_quoted(comment) for comment in part)
            self.marks.extend(f"批注：{text}" for text in texts if text)

    # Paragraphs

    def _paragraph(self, element: etree._Element) -> Iterator[_Item]:
        paragraph = _Paragraph()
        properties = _child(element, "pPr")
        if _is_on(_child(properties, "pageBreakBefore")):
            paragraph.part(_Break.BY_HAND)
        self._inline(element, paragraph)
        section = _child(properties, "sectPr")
        kind = _child(section, "type")
        if section is not None and (kind is None or _value(kind) != "continuous"):
            paragraph.after.append(_Break.BY_HAND)
        yield from paragraph.before
        yield from paragraph.lines()
        yield from paragraph.boxes
        yield from paragraph.after

    def _inline(self, element: etree._Element, paragraph: _Paragraph) -> None:
        for child in element:
            name = _name(child)
            if name in _TEXT and not _is_page_break(child):
                paragraph.pieces.append(_TEXT[name](child))
            elif name in _DELETED:
                self._mark("删除", child)
            elif name not in _UNSEEN and not _is_on(_child(child, "rPr", "vanish")):
                self._special(name, child, paragraph)

    def _special(self, name: str, child: etree._Element, paragraph: _Paragraph) -> None:
        """Read what is not text: page breaks, boxes, and whatever has text inside it."""
        if name == "lastRenderedPageBreak":
            paragraph.part(_Break.RENDERED)
        elif name == "br":
            paragraph.part(_Break.BY_HAND)
        elif name == "txbxContent":
            paragraph.boxes.extend(self.items(child))
        elif name == "textpath":
            paragraph.boxes.extend(filter(None, [_value(child, "string").strip()]))
        elif name == "AlternateContent":
            branch = _branch(child)
            if branch is not None:
                self._inline(branch, paragraph)
        else:
            if name in _INSERTED:
                self._mark("插入", child)
            self._inline(child, paragraph)

    def _mark(self, kind: str, element: etree._Element) -> None:
        text = _quoted(element)
        previous = element.getprevious()
        if text and self.marks and previous is not None and _name(previous) == _name(element):
            self.marks[-1] += text  # Word parts one change where its formatting changes
        elif text:
            self.marks.append(f"{kind}：{text}")

    # Tables

    def _table(self, element: etree._Element) -> Iterator[_Item]:
        """Yield a table, and after it the tables inside it and the page breaks it went over.

        A table of a single cell is a frame around text: what is in it.
        """
        rows: list[tuple[str, ...]] = []
        inner: list[_Item] = []
        breaks: list[_Break] = []
        only: list[_Item] = []
        for row in self._parts(element, "tr"):
            if _child(row, "trPr", "del") is not None:
                self._mark("删除", row)
                continue
            cells = list(self._cells(row))
            if all(cell is None for cell in cells):
                continue
            rows.append(tuple(_cell_text(cell or []) for cell in cells))
            only = [item for cell in cells for item in cell or []]
            inner.extend(item for item in only if isinstance(item, tuple))
            breaks.extend(_breaks(cells))
        if len(rows) == 1 and len(rows[0]) == 1:
            yield from only
            return
        if any(any(row) for row in rows):
            yield tuple(rows)
        yield from inner
        yield from breaks

    def _cells(self, row: etree._Element) -> Iterator[list[_Item] | None]:
        """Yield what each cell of a row holds; None where a cell from above goes on."""
        if _child(row, "trPr", "gridBefore") is not None:
            yield []
        for cell in self._parts(row, "tc"):
            across = _child(cell, "tcPr", "hMerge")
            if across is not None and _value(across) != "restart":
                continue
            down = _child(cell, "tcPr", "vMerge")
            goes_on = down is not None and _value(down) != "restart"
            yield None if goes_on else list(self.items(cell))

    def _parts(self, element: etree._Element, kind: str) -> Iterator[etree._Element]:
        """Yield rows of a table or cells of a row, those in content controls too."""
        for child in element:
            name = _name(child)
            if name == kind:
                yield child
            elif name not in _UNSEEN and name not in _DELETED:
                yield from self._parts(child, kind)


def _symbol(element: etree._Element) -> str:
    """Return the character of a w:sym, which names it by its place in a symbol font."""
    try:
        place = int(_value(element, "char"), 16) & 0xFF
    except ValueError:
        return ""
    return _SYMBOLS.get(0xF000 + place, "")


def _tick(element: etree._Element) -> str:
    """Return the box that a form's checkbox field shows, ticked or not."""
    box = _child(element, "ffData", "checkBox")
    if box is None:
        return ""
    state = _child(box, "checked")
    return "☑" if _is_on(_child(box, "default") if state is None else state) else "□"


def _is_page_break(element: etree._Element) -> bool:
    return _name(element) == "br" and _value(element, "type") == "page"


_TEXT: dict[str, Callable[[etree._Element], str]] = {
    "t": lambda element: element.text or "",
    "tab": lambda _: "\t",
    "ptab": lambda _: "\t",
    "br": lambda _: "\n",
    "cr": lambda _: "\n",
    "noBreakHyphen": lambda _: "-",
    "sym": _symbol,
    "fldChar": _tick,
}
"""The text that elements in a run stand for."""


def _cell_text(items: list[_Item]) -> str:
    """Return the lines of a cell; those of tables inside it only where it has no others."""
    lines = [item for item in items if isinstance(item, str)]
    tables = (item for item in items if isinstance(item, tuple))
    return "\n".join(lines or ("\t".join(row) for table in tables for row in table))


def _breaks(cells: list[list[_Item] | None]) -> list[_Break]:
    """The page breaks that a row went over: cells lie side by side, so they count once."""
    each = ([item for item in cell or [] if isinstance(item, _Break)] for cell in cells)
    return max(each, key=len, default=[])


def _pages(items: list[_Item], extra: list[Block]) -> tuple[Page, ...]:
    kind = _Break.RENDERED if _Break.RENDERED in items else _Break.BY_HAND
    numbered = kind in items
    pages: list[list[Block]] = [[]]
    for item in items:
        if item is kind:
            pages.append([])
        elif not isinstance(item, _Break):
            pages[-1].append(item)
    pages[-1].extend(extra)
    return tuple(
        Page(number=number if numbered else None, blocks=tuple(blocks))
        for number, blocks in enumerate(pages, start=1)
    )
