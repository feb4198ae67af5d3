"""Word documents in OOXML (ISO/IEC 29500), read from the package's XML directly.

WPS and older exporters leave parts out or misname them, so nothing is asked of a package
but its main part.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from lxml import etree

from parsers.docx_lists import Lists
from parsers.errors import ParseError
from parsers.flow import (
    TICKED,
    UNTICKED,
    Break,
    Cell,
    Item,
    Paragraph,
    beside,
    content_of,
    symbol,
    table_of,
)
from parsers.markup import child_of, is_on, name_of, value_of
from parsers.package import BROKEN, MAX_PART_BYTES, Package
from parsers.plain import blocks_of_archive, blocks_of_page
from parsers.submission import Block, Content, Problem

_USUAL_MAIN = "word/document.xml"
_SIDE_PARTS = ("footnotes", "endnotes", "header", "footer")
_PICTURES = {"blip", "imagedata", "chart", "OLEObject", "altChunk"}
_NOT_READ = "文中嵌入的文档没有读取"
_NO_PAGES = (b"PK", b"{\\rtf")  # documents in documents
_PAGE = re.compile(rb"[\s\x00\xef\xbb\xbf\xff\xfe]*<")
_LIST_PARTS = ("numbering", "styles")
_FLAT_PARTS = (*_LIST_PARTS, "document", "comments", "footnotes", "endnotes", "hdr", "ftr")
_OLD_NAMES = {"vmerge": "vMerge", "hmerge": "hMerge"}
_ANNOTATIONS = {"Word.Deletion": "del", "Word.Insertion": "ins"}
_DELETED = {"del", "moveFrom"}
_INSERTED = {"ins", "moveTo"}
_UNSEEN = {
    "pPr", "rPr", "tblPr", "tblGrid", "trPr", "tcPr", "sectPr", "sdtPr", "sdtEndPr",
    "instrText", "delText", "delInstrText", "rt", "fldData",
}  # fmt: skip


def read_docx(path: Path, media_type: str) -> Content:
    """Read a Word document: paragraphs and tables in their order, notes and headers last.

    Tracked deletions are left out; they, insertions and comments are quoted in `marks`.
    Pages are numbered where Word has left its page breaks, else by breaks that were set by
    hand, else there is one page without number. Raises ParseError for broken packages, and
    for those without text, which are a `scan` when there are pictures.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            package = _Document(archive)
            main = package.main_part()
            lists = Lists(*(package.table(main, kind) for kind in _LIST_PARTS))
            reader = _Reader(lists, partial(package.chunk, main))
            body = package.body(main)
            items = list(reader.items(body))
            sides = package.side_parts(main)
            extra = [block for part in sides for block in beside(reader.items(part))]
            reader.quote_comments(package.related(main, "comments"))
    except BROKEN as error:
        raise ParseError(Problem.DAMAGED, str(error)) from error
    return content_of(
        media_type,
        items,
        extra,
        marks=reader.marks,
        pictures=_has_pictures(body),
        detail=reader.detail,
    )


def read_word_xml(path: Path, media_type: str) -> Content:
    """Read a Word document that is one XML file: Word 2003's own, or a package laid flat.

    As `read_docx` does. Programs that fill in templates save the former, named .doc.
    """
    if path.stat().st_size > MAX_PART_BYTES:
        raise ParseError(Problem.TOO_LARGE)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True)
    try:
        root = etree.parse(path, parser).getroot()
    except etree.XMLSyntaxError as error:
        raise ParseError(Problem.DAMAGED, str(error)) from error
    _modernise(root)
    parts = {kind: [each for each in root.iter() if name_of(each) == kind] for kind in _FLAT_PARTS}
    body = next((child_of(each, "body") for each in (*parts["document"], root)), None)
    if body is None:
        raise ParseError(Problem.DAMAGED, "body")
    reader = _Reader(Lists(*(next(iter(parts[kind]), None) for kind in _LIST_PARTS)))
    items = list(reader.items(body))
    sides = (part for kind in _FLAT_PARTS[4:] for part in parts[kind])
    extra = [block for part in sides for block in beside(reader.items(part))]
    reader.quote_comments(iter(parts["comments"]))
    return content_of(
        media_type,
        items,
        extra,
        marks=reader.marks,
        pictures=_has_pictures(body),
        detail=reader.detail,
    )


def _has_pictures(body: etree._Element) -> bool:
    return any(name_of(element) in _PICTURES for element in body.iter())


def _modernise(root: etree._Element) -> None:
    """Give what Word 2003 named otherwise the names of the standard."""
    for element in root.iter():
        name = name_of(element)
        if name in _OLD_NAMES:
            element.tag = _OLD_NAMES[name]
        elif name == "annotation":
            element.tag = _ANNOTATIONS.get(value_of(element, "type"), "pPr")


# ── The package ──────────────────────────────────────────────────────────────────────


class _Document(Package):
    """A package that holds a Word document."""

    def main_part(self) -> str:
        """Return the name of the part that holds the text."""
        if _USUAL_MAIN in self:
            return _USUAL_MAIN
        found = next(self._targets("", "officeDocument"), None)
        if found is None:
            raise ParseError(Problem.DAMAGED, _USUAL_MAIN)
        return found

    def body(self, main: str) -> etree._Element:
        """Return the body of the text."""
        body = child_of(self.part(main), "body")
        if body is None:
            raise ParseError(Problem.DAMAGED, main)
        return body

    def side_parts(self, main: str) -> Iterator[etree._Element]:
        """Yield what stands beside the text: notes, headers, footers."""
        for kind in _SIDE_PARTS:
            yield from self.related(main, kind)

    def table(self, main: str, kind: str) -> etree._Element | None:
        """Return the part that lists styles, or numbers, also where no relation names it."""
        found = next(self.related(main, kind), None)
        return (
            self._own(posixpath.join(posixpath.dirname(main), f"{kind}.xml"))
            if found is None
            else found
        )

    def chunk(self, main: str, relation: str) -> tuple[Block, ...] | None:
        """Return a web page that stands for a part of the text; None if it is something else."""
        raw = next((self.raw(name) for name in self._targets(main, "aFChunk", relation)), None)
        if not raw or raw.startswith(_NO_PAGES):
            return None
        return blocks_of_page(raw) if _PAGE.match(raw) else blocks_of_archive(raw)

    def related(self, main: str, kind: str) -> Iterator[etree._Element]:
        """Yield the parts of a kind that are readable; the document does not depend on them."""
        parts = map(self._own, self._targets(main, kind))
        yield from (part for part in parts if part is not None)

    def _own(self, name: str) -> etree._Element | None:
        try:
            return self.part(name)
        except BROKEN:
            return None

    def _targets(self, source: str, kind: str, identity: str = "") -> Iterator[str]:
        folder, name = posixpath.split(source)
        relations = self.part(posixpath.join(folder, "_rels", f"{name}.rels"))
        for relation in () if relations is None else relations:
            target = str(relation.get("Target", ""))
            wanted = not identity or relation.get("Id") == identity
            if wanted and str(relation.get("Type", "")).endswith(f"/{kind}"):
                yield posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")


# ── The markup ───────────────────────────────────────────────────────────────────────


def _branch(alternatives: etree._Element) -> etree._Element | None:
    """Return one of mc:AlternateContent's branches: the same content for newer or older Word."""
    choice = child_of(alternatives, "Choice")
    return child_of(alternatives, "Fallback") if choice is None or not len(choice) else choice


def _quoted(element: etree._Element) -> str:
    words = (each.text or "" for each in element.iter() if name_of(each) in {"t", "delText"})
    return "".join(words).strip()


class _Reader:
    """Reads markup into lines and tables, and gathers editing marks on the way."""

    def __init__(
        self, lists: Lists, chunk: Callable[[str], tuple[Block, ...] | None] = lambda _: None
    ) -> None:
        self.marks: list[str] = []
        self.detail = ""
        self._lists = lists
        self._chunk = chunk
        self._begun: Paragraph | None = None

    def items(self, container: etree._Element) -> Iterator[Item]:
        """Yield the lines, tables and page breaks of a container, in their order."""
        for child in container:
            name = name_of(child)
            if name == "p":
                yield from self._paragraph(child)
            elif name == "tbl":
                yield from self._rest()
                yield from self._table(child)
            elif name == "altChunk":
                yield from self._embedded(child)
            elif name == "AlternateContent":
                branch = _branch(child)
                yield from self.items(branch) if branch is not None else ()
            elif name not in _UNSEEN and name not in _DELETED:
                yield from self.items(child)
        yield from self._rest()

    def _embedded(self, chunk: etree._Element) -> Iterator[Item]:
        """Yield the text of a file that stands for a part of this one, or tell of it."""
        found = self._chunk(value_of(chunk, "id"))
        if found is None:
            self.detail = _NOT_READ
        yield from found or ()

    def _rest(self) -> Iterator[Item]:
        """Yield a paragraph that waited for the next one in vain."""
        begun, self._begun = self._begun, None
        yield from begun.items() if begun else ()

    def quote_comments(self, parts: Iterator[etree._Element]) -> None:
        """Quote the comments that readers of the text left in it."""
        for part in parts:
            texts = (_quoted(comment) for comment in part)
            self.marks.extend(f"批注：{text}" for text in texts if text)

    # Paragraphs

    def _paragraph(self, element: etree._Element) -> Iterator[Item]:
        paragraph, self._begun = self._begun or Paragraph(), None
        properties = child_of(element, "pPr")
        if is_on(child_of(properties, "pageBreakBefore")):
            paragraph.part(Break.BY_HAND)
        self._inline(element, paragraph)
        if child_of(properties, "rPr", "del") is not None:
            self._begun = paragraph  # its end is deleted: it goes on with the next one
            return
        if not is_on(child_of(properties, "rPr", "vanish")):
            paragraph.number = self._lists.number(properties)
        section = child_of(properties, "sectPr")
        kind = child_of(section, "type")
        if section is not None and (kind is None or value_of(kind) != "continuous"):
            paragraph.after.append(Break.BY_HAND)
        yield from paragraph.items()

    def _inline(self, element: etree._Element, paragraph: Paragraph) -> None:
        for child in element:
            name = name_of(child)
            if name in _TEXT and not _is_page_break(child):
                paragraph.pieces.append(_TEXT[name](child))
            elif name in _DELETED:
                self._mark("删除", child)
            elif name not in _UNSEEN and not is_on(child_of(child, "rPr", "vanish")):
                self._special(name, child, paragraph)

    def _special(self, name: str, child: etree._Element, paragraph: Paragraph) -> None:
        """Read what is not text: page breaks, boxes, and whatever has text inside it."""
        if name == "lastRenderedPageBreak":
            paragraph.part(Break.RENDERED)
        elif name == "br":
            paragraph.part(Break.BY_HAND)
        elif name == "txbxContent":
            paragraph.boxes.extend(self.items(child))
        elif name == "textpath":
            paragraph.boxes.extend(filter(None, [value_of(child, "string").strip()]))
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
        if text and self.marks and previous is not None and name_of(previous) == name_of(element):
            self.marks[-1] += text  # Word parts one change where its formatting changes
        elif text:
            self.marks.append(f"{kind}：{text}")

    # Tables

    def _table(self, element: etree._Element) -> Iterator[Item]:
        rows: list[list[Cell]] = []
        for row in self._parts(element, "tr"):
            if child_of(row, "trPr", "del") is not None:
                self._mark("删除", row)
            else:
                rows.append(list(self._cells(row)))
        yield from table_of(rows)

    def _cells(self, row: etree._Element) -> Iterator[Cell]:
        """Yield what each cell of a row holds; None where a cell from above goes on."""
        if child_of(row, "trPr", "gridBefore") is not None:
            yield []
        for cell in self._parts(row, "tc"):
            across = child_of(cell, "tcPr", "hMerge")
            if across is not None and value_of(across) != "restart":
                continue
            down = child_of(cell, "tcPr", "vMerge")
            goes_on = down is not None and value_of(down) != "restart"
            yield None if goes_on else list(self.items(cell))

    def _parts(self, element: etree._Element, kind: str) -> Iterator[etree._Element]:
        """Yield rows of a table or cells of a row, those in content controls too."""
        for child in element:
            name = name_of(child)
            if name == kind:
                yield child
            elif name not in _UNSEEN and name not in _DELETED:
                yield from self._parts(child, kind)


def _symbol(element: etree._Element) -> str:
    """Return the character of a w:sym, which names it by its place in a symbol font."""
    try:
        return symbol(int(value_of(element, "char"), 16))
    except ValueError:
        return ""


def _tick(element: etree._Element) -> str:
    """Return the box that a form's checkbox field shows, ticked or not."""
    box = child_of(element, "ffData", "checkBox")
    if box is None:
        return ""
    state = child_of(box, "checked")
    return TICKED if is_on(child_of(box, "default") if state is None else state) else UNTICKED


def _is_page_break(element: etree._Element) -> bool:
    return name_of(element) == "br" and value_of(element, "type") == "page"


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
