"""OpenDocument texts (ISO/IEC 26300), as LibreOffice and WPS write them: a zip of XML."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from lxml import etree

from parsers.errors import ParseError
from parsers.flow import Break, Cell, Item, Paragraph, beside, cell_text, content_of, table_of
from parsers.markup import child_of, children_of, name_of, number_of, value_of
from parsers.odt_lists import Lists, Place
from parsers.package import BROKEN, Package
from parsers.submission import Block, Content, Problem

MAX_COLUMNS = 256
"""Cells that a file says to be repeated are taken at most so often."""

_MAIN, _STYLES, _MANIFEST = "content.xml", "styles.xml", "META-INF/manifest.xml"
_SPACE = re.compile(r"[ \t\r\n]+")
_CODES = {"tab": "\t", "line-break": "\n", "soft-hyphen": ""}
_ROW_GROUPS = {"table-header-rows", "table-rows", "table-row-group"}
_SHAPES = {
    "text-box", "custom-shape", "rect", "ellipse", "circle", "polygon", "polyline", "path",
    "line", "connector", "caption", "regular-polygon", "measure",
}  # fmt: skip
_PICTURES = {"image", "object", "object-ole"}
_UNSEEN = {
    "tracked-changes", "sequence-decls", "variable-decls", "user-field-decls",
    "dde-connection-decls", "forms",
    "note-citation", "ruby-text", "title", "desc", "glue-point", "event-listeners",
    "annotation-end", "alphabetical-index-auto-mark-file", "table-column", "table-columns",
    "table-header-columns", "table-of-content-source", "enhanced-geometry",
}  # fmt: skip


def read_odt(path: Path, media_type: str) -> Content:
    """Read an OpenDocument text: text and tables in their order; notes, headers, footers last.

    Deleted and hidden text is left out; deletions, insertions and comments are quoted in
    `marks`. Pages are numbered where their breaks are kept. Raises ParseError: locked,
    damaged, too large, a scan or empty.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            package = Package(archive)
            if _is_locked(package.part(_MANIFEST)):
                raise ParseError(Problem.LOCKED)
            root, styles = package.part(_MAIN), package.part(_STYLES)
    except BROKEN as error:
        raise ParseError(Problem.DAMAGED, str(error)) from error
    body = child_of(root, "body", "text")
    if root is None or body is None:
        raise ParseError(Problem.DAMAGED, _MAIN)
    common = child_of(styles, "styles")
    reader = _Reader([root] if common is None else [root, common])
    items = list(reader.items(body))
    extra = [*reader.notes, *reader.margins(styles)]
    return content_of(media_type, items, extra, marks=reader.marks, pictures=reader.pictures)


def _is_locked(manifest: etree._Element | None) -> bool:
    parts = () if manifest is None else manifest.iter()
    return any(name_of(each) == "encryption-data" for each in parts)


class _Reader:
    """Reads markup into lines and tables, and gathers editing marks on the way."""

    def __init__(self, parts: list[etree._Element]) -> None:
        self.marks: list[str] = []
        self.notes: list[Block] = []
        self.pictures = False
        self._lists = Lists(*parts)
        self._hidden, self._breaking = _styles_of(parts)
        self._changes = _changes_of(parts[0])
        self._inserting: dict[str, str] = {}
        self._begun = False

    def items(
        self, container: etree._Element, place: Place | None = None, *, numbered: bool = False
    ) -> Iterator[Item]:
        """Yield the lines, tables and page breaks of a container, in their order.

        Only the first paragraph of what is `numbered` has the number of its place.
        """
        for child in container:
            name = name_of(child)
            if name in {"p", "h"}:
                yield from self._paragraph(child, place, numbered=numbered)
                numbered = False
            elif name == "table":
                yield from table_of(self._rows(child))
            elif name in {"list", "numbered-paragraph"}:
                yield from self._list(child, place)
            elif name == "soft-page-break":
                yield Break.RENDERED
            elif name in _SHAPES or name in {"frame", "g"}:
                paragraph = Paragraph()
                self._special(name, child, paragraph)
                yield from paragraph.items()
            elif name not in _UNSEEN and value_of(child, "display") != "none":
                self._mark_change(name, child)
                yield from self.items(child, place, numbered=numbered)

    def margins(self, styles: etree._Element | None) -> Iterator[Block]:
        """Yield headers and footers."""
        for master in children_of(child_of(styles, "master-styles"), "master-page"):
            for part in master:
                if name_of(part).startswith(("header", "footer")):
                    yield from beside(self.items(part))

    def _list(self, element: etree._Element, outer: Place | None) -> Iterator[Item]:
        place = self._lists.place(element, outer)
        if name_of(element) == "numbered-paragraph":
            depth = (number_of(element, "level") or 1) - 1
            yield from self._paragraphs_of(element, place, depth)
            return
        for item in element:
            yield from self._paragraphs_of(item, place, place.depth)

    def _paragraphs_of(self, item: etree._Element, place: Place, depth: int) -> Iterator[Item]:
        start = number_of(item, "start-value")
        place = replace(place, depth=depth, start=start)
        yield from self.items(item, place, numbered=name_of(item) != "list-header")

    # Paragraphs

    def _paragraph(
        self, element: etree._Element, place: Place | None, *, numbered: bool
    ) -> Iterator[Item]:
        style = value_of(element, "style-name")
        if style in self._breaking and self._begun:
            yield Break.RENDERED
        self._begun = True
        if style in self._hidden:
            return
        paragraph = Paragraph()
        if place:
            paragraph.number = self._lists.number(place) if numbered else ""
        elif name_of(element) == "h" and value_of(element, "is-list-header") != "true":
            paragraph.number = self._lists.outline(element)
        self._inline(element, paragraph)
        yield from paragraph.items()

    def _inline(self, element: etree._Element, paragraph: Paragraph) -> None:
        self._write(element.text, paragraph)
        for child in element:
            name = name_of(child)
            if name == "s":
                self._put(" " * min(number_of(child, "c") or 1, 1000), paragraph)
            elif name in _CODES:
                self._put(_CODES[name], paragraph)
            elif name and name not in _UNSEEN and value_of(child, "style-name") not in self._hidden:
                self._special(name, child, paragraph)
            self._write(child.tail, paragraph)

    def _special(self, name: str, child: etree._Element, paragraph: Paragraph) -> None:
        """Read what is not text: notes, comments, boxes, and whatever has text inside it."""
        self._mark_change(name, child)
        if name == "soft-page-break":
            paragraph.part(Break.RENDERED)
        elif name == "annotation":
            text = cell_text(self.items(child))
            self.marks.extend([f"批注：{text}"] if text else [])
        elif name == "note":
            self.notes.extend(beside(self.items(child)))
        elif name in _SHAPES:
            paragraph.boxes.extend(self.items(child))
        elif name in _PICTURES:
            self.pictures = True
        else:
            self._inline(child, paragraph)

    def _write(self, text: str | None, paragraph: Paragraph) -> None:
        self._put(_SPACE.sub(" ", text or ""), paragraph)

    def _put(self, text: str, paragraph: Paragraph) -> None:
        paragraph.pieces.append(text)
        for change in self._inserting:
            self._inserting[change] += text

    # Tracked changes

    def _mark_change(self, name: str, element: etree._Element) -> None:
        """Quote what was deleted at a place, or inserted up to it."""
        change = value_of(element, "change-id")
        if name == "change" and change in self._changes:
            self.marks.append(f"删除：{self._changes[change]}")
        elif name == "change-start":
            self._inserting[change] = ""
        elif name == "change-end" and self._inserting.get(change, "").strip():
            self.marks.append(f"插入：{self._inserting.pop(change).strip()}")

    # Tables

    def _rows(self, table: etree._Element) -> Iterator[list[Cell]]:
        """Yield rows of cells; None where a cell from above goes on."""
        reaching: dict[int, tuple[int, int]] = {}
        for row in _own_rows(table):
            cells: list[Cell] = []
            column, above, reaching = 0, reaching, {}
            for cell in row:
                across = number_of(cell, "number-columns-spanned") or 1
                down = number_of(cell, "number-rows-spanned") or 1
                for _ in range(min(number_of(cell, "number-columns-repeated") or 1, MAX_COLUMNS)):
                    if name_of(cell) == "table-cell":
                        cells.append(list(self.items(cell)))
                    elif column in above:
                        across, down = above[column]
                        cells.append(None)
                    else:  # a cell from the left goes on
                        down = 1
                    reaching |= {column: (across, down - 1)} if down > 1 else {}
                    column += 1
            yield cells


def _own_rows(table: etree._Element) -> Iterator[etree._Element]:
    for child in table:
        if name_of(child) == "table-row":
            yield child
        elif name_of(child) in _ROW_GROUPS:
            yield from _own_rows(child)


def _styles_of(parts: list[etree._Element]) -> tuple[set[str], set[str]]:
    """Return the names of styles whose text is hidden, and of those that begin a page."""
    hidden, breaking = set(), set()
    for style in (each for part in parts for each in part.iter() if name_of(each) == "style"):
        name = value_of(style, "name")
        if value_of(child_of(style, "text-properties"), "display") == "none":
            hidden.add(name)
        begins = value_of(child_of(style, "paragraph-properties"), "break-before") == "page"
        if begins or value_of(style, "master-page-name"):
            breaking.add(name)
    return hidden, breaking


def _changes_of(root: etree._Element) -> Mapping[str, str]:
    """Return the text of each deletion."""
    regions = child_of(root, "body", "text", "tracked-changes")
    return {
        value_of(region, "id"): text
        for region in children_of(regions, "changed-region")
        for deletion in children_of(region, "deletion")
        if (text := _deleted(deletion))
    }


def _deleted(deletion: etree._Element) -> str:
    about = child_of(deletion, "change-info")
    kept = (each for each in deletion if each is not about)
    return "".join("".join(map(str, each.itertext())) for each in kept).strip()
