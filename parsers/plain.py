"""Plain text and HTML, alone or in a web archive."""

from __future__ import annotations

import email
import re
from collections.abc import Iterator
from pathlib import Path

from lxml import etree, html

from parsers.charsets import decode_text
from parsers.errors import ParseError
from parsers.submission import Block, Content, Page, Problem, Table

_CHARSET = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w.:-]+)""", re.IGNORECASE)
_HEAD_BYTES = 4096
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\ufeff]")
_SPACE = re.compile(r"[ \t\r\n\f]+")
_UNSEEN = {"script", "style", "head", "title", "template", "noscript", "iframe", "object"}
_INLINE = {
    "a", "abbr", "b", "bdi", "bdo", "big", "cite", "code", "del", "dfn", "em", "font", "i", "img",
    "input", "ins", "kbd", "label", "mark", "o:p", "q", "s", "samp", "small", "span", "strike",
    "strong", "sub", "sup", "time", "tt", "u", "var", "wbr",
}  # fmt: skip
_ROW_GROUPS = {"thead", "tbody", "tfoot", "form"}
_MAX_SPAN = 1000
_Cell = tuple[Block, ...]


def read_text(path: Path, media_type: str) -> Content:
    """Read plain text: its lines, without blank ones."""
    text = without_controls(decode_text(path.read_bytes()))
    return _content(media_type, tuple(filter(None, map(str.strip, text.splitlines()))))


def read_html(path: Path, media_type: str) -> Content:
    """Read HTML as a browser shows it: lines and tables. Raises ParseError when it has no text."""
    return _content(media_type, blocks_of_page(path.read_bytes()))


def read_web_archive(path: Path, media_type: str) -> Content:
    """Read a web page kept in one file (MHTML, RFC 2557), as Word and WPS save it: its text.

    Raises ParseError when it holds no page, or one without text.
    """
    return _content(media_type, blocks_of_archive(path.read_bytes()))


def blocks_of_archive(raw: bytes) -> tuple[Block, ...]:
    """Return the lines and tables of a web archive. Raises ParseError when it holds no page."""
    for part in email.message_from_bytes(raw).walk():
        if part.get_content_type() == "text/html":
            page = part.get_payload(decode=True)
            if isinstance(page, bytes):
                return blocks_of_page(page, part.get_content_charset(""))
    raise ParseError(Problem.DAMAGED, "text/html")


def without_controls(text: str) -> str:
    """Return the text without control characters, except white space."""
    return _CONTROLS.sub("", text)


def blocks_of_page(raw: bytes, charset: str = "") -> tuple[Block, ...]:
    """Return the lines and tables of a web page, none if it is empty."""
    declared = _CHARSET.search(raw[:_HEAD_BYTES])
    text = decode_text(raw, charset or (declared[1].decode("ascii") if declared else ""))
    parser = html.HTMLParser(no_network=True, huge_tree=False, remove_comments=True)
    try:
        root = html.document_fromstring(_DECLARATION.sub("", without_controls(text)), parser)
    except etree.ParserError:
        return ()
    return tuple(_blocks(root))


def _content(media_type: str, blocks: tuple[Block, ...]) -> Content:
    if not blocks:
        raise ParseError(Problem.EMPTY)
    return Content(media_type=media_type, pages=(Page(number=None, blocks=blocks),))


def _blocks(root: etree._Element) -> Iterator[Block]:
    """Yield lines and tables; inline elements go on with the line, all others begin one."""
    line: list[str] = []
    for piece in _pieces(root):
        if isinstance(piece, str):
            line.append(piece)
            continue
        yield from _whole(line)
        line.clear()
        if piece:
            yield piece
    yield from _whole(line)


def _whole(pieces: list[str]) -> Iterator[str]:
    text = _SPACE.sub(" ", "".join(pieces)).strip()
    if text:
        yield text


def _pieces(element: etree._Element) -> Iterator[str | Table]:
    """Yield pieces of text, tables, and empty tables where a line ends."""
    tag = element.tag if isinstance(element.tag, str) else ""
    if not tag or tag in _UNSEEN:
        return
    if tag == "table":
        yield from _table(element)
        return
    if tag not in _INLINE:
        yield ()
    yield element.text or ""
    for child in element:
        yield from _pieces(child)
        yield child.tail or ""
    if tag not in _INLINE:
        yield ()


def _table(element: etree._Element) -> Iterator[str | Table]:
    """Yield a table, and after it the tables inside its cells.

    A table of a single cell is a frame around text: what is in it.
    """
    rows = list(_rows(element))
    held = [block for row in rows for cell in row for block in cell]
    framed = sum(map(len, rows)) == 1
    if not framed and held:
        yield tuple(tuple(_cell_text(cell) for cell in row) for row in rows)
    for block in held:
        if framed or not isinstance(block, str):
            yield ()
            yield block
    yield ()


def _cell_text(blocks: _Cell) -> str:
    """Return the lines of a cell; those of tables inside it only where it has no others."""
    lines = [block for block in blocks if isinstance(block, str)]
    tables = (block for block in blocks if not isinstance(block, str))
    return "\n".join(lines or ("\t".join(row) for table in tables for row in table))


def _rows(table: etree._Element) -> Iterator[tuple[_Cell, ...]]:
    """Yield rows of cells; one that reaches down from above is empty in the rows below."""
    reaching: dict[int, tuple[int, int]] = {}
    for row in _own(table, {"tr"}):
        cells: list[_Cell] = []
        column, above, reaching = 0, reaching, {}
        for element in (*_own(row, {"td", "th"}), None):
            while column in above:
                width, rows = above[column]
                cells.append(())
                reaching |= {column: (width, rows - 1)} if rows > 1 else {}
                column += width
            if element is not None:
                width, rows = _span(element, "colspan"), _span(element, "rowspan")
                cells.append(tuple(_blocks(element)))
                reaching |= {column: (width, rows - 1)} if rows > 1 else {}
                column += width
        if any(cells):
            yield tuple(cells)


def _own(element: etree._Element, tags: set[str]) -> Iterator[etree._Element]:
    """Yield the rows of a table or the cells of a row, not those of tables inside."""
    for child in element:
        if child.tag in tags:
            yield child
        elif child.tag in _ROW_GROUPS:
            yield from _own(child, tags)


def _span(element: etree._Element, name: str) -> int:
    value = str(element.get(name, ""))
    return min(max(int(value), 1), _MAX_SPAN) if value.isascii() and value.isdigit() else 1
