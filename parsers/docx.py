"""Word documents in OOXML (ISO/IEC 29500), read from the package's XML directly.

WPS and older exporters leave parts out or misname them, so nothing is asked of a package
but its main part.
"""

from __future__ import annotations

import posixpath
import zipfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

from lxml import etree

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
from parsers.package import BROKEN, MAX_PART_BYTES, Package
from parsers.submission import Content, Problem

_USUAL_MAIN = "word/document.xml"
_SIDE_PARTS = ("footnotes", "endnotes", "header", "footer")
_OFF = {"0", "false", "off", "none"}
_PICTURES = {"blip", "imagedata", "chart", "OLEObject", "altChunk"}
_FLAT_PARTS = ("document", "comments", "footnotes", "endnotes", "hdr", "ftr")
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
            reader = _Reader()
            main = package.main_part()
            body = package.body(main)
            items = list(reader.items(body))
            sides = package.side_parts(main)
            extra = [block for part in sides for block in beside(reader.items(part))]
            reader.quote_comments(package.related(main, "comments"))
    except BROKEN as error:
        raise ParseError(Problem.DAMAGED, str(error)) from error
    return content_of(media_type, items, extra, marks=reader.marks, pictures=_has_pictures(body))


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
    parts = {kind: [each for each in root.iter() if _name(each) == kind] for kind in _FLAT_PARTS}
    body = next((_child(each, "body") for each in (*parts["document"], root)), None)
    if body is None:
        raise ParseError(Problem.DAMAGED, "body")
    reader = _Reader()
    items = list(reader.items(body))
    sides = (part for kind in _FLAT_PARTS[2:] for part in parts[kind])
    extra = [block for part in sides for block in beside(reader.items(part))]
    reader.quote_comments(iter(parts["comments"]))
    return content_of(media_type, items, extra, marks=reader.marks, pictures=_has_pictures(body))


def _has_pictures(body: etree._Element) -> bool:
    return any(_name(element) in _PICTURES for element in body.iter())


def _modernise(root: etree._Element) -> None:
    """Give what Word 2003 named otherwise the names of the standard."""
    for element in root.iter():
        name = _name(element)
        if name in _OLD_NAMES:
            element.tag = _OLD_NAMES[name]
        elif name == "annotation":
            element.tag = _ANNOTATIONS.get(_value(element, "type"), "pPr")


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
            except BROKEN:
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


class _Reader:
    """Reads markup into lines and tables, and gathers editing marks on the way."""

    def __init__(self) -> None:
        self.marks: list[str] = []

    def items(self, container: etree._Element) -> Iterator[Item]:
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

    def quote_comments(self, parts: Iterator[etree._Element]) -> None:
        """Quote the comments that readers of the text left in it."""
        for part in parts:
            texts = (_quoted(comment) for comment in part)
            self.marks.extend(f"批注：{text}" for text in texts if text)

    # Paragraphs

    def _paragraph(self, element: etree._Element) -> Iterator[Item]:
        paragraph = Paragraph()
        properties = _child(element, "pPr")
        if _is_on(_child(properties, "pageBreakBefore")):
            paragraph.part(Break.BY_HAND)
        self._inline(element, paragraph)
        section = _child(properties, "sectPr")
        kind = _child(section, "type")
        if section is not None and (kind is None or _value(kind) != "continuous"):
            paragraph.after.append(Break.BY_HAND)
        yield from paragraph.items()

    def _inline(self, element: etree._Element, paragraph: Paragraph) -> None:
        for child in element:
            name = _name(child)
            if name in _TEXT and not _is_page_break(child):
                paragraph.pieces.append(_TEXT[name](child))
            elif name in _DELETED:
                self._mark("删除", child)
            elif name not in _UNSEEN and not _is_on(_child(child, "rPr", "vanish")):
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

    def _table(self, element: etree._Element) -> Iterator[Item]:
        rows: list[list[Cell]] = []
        for row in self._parts(element, "tr"):
            if _child(row, "trPr", "del") is not None:
                self._mark("删除", row)
            else:
                rows.append(list(self._cells(row)))
        yield from table_of(rows)

    def _cells(self, row: etree._Element) -> Iterator[Cell]:
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
        return symbol(int(_value(element, "char"), 16))
    except ValueError:
        return ""


def _tick(element: etree._Element) -> str:
    """Return the box that a form's checkbox field shows, ticked or not."""
    box = _child(element, "ffData", "checkBox")
    if box is None:
        return ""
    state = _child(box, "checked")
    return TICKED if _is_on(_child(box, "default") if state is None else state) else UNTICKED


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
