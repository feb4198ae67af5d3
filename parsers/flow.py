"""What word processors' formats have in common: running text, tables, page breaks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum

from parsers.errors import ParseError
from parsers.layout import is_page_number
from parsers.submission import Block, Content, Page, Problem

MAX_MARKS = 20
MARK_LENGTH = 80

MAX_NESTING = 16
"""Tables inside tables that are deeper are read as part of the last one."""

SYMBOLS = {
    0xF02A: "□", 0xF030: "□", 0xF04F: "×", 0xF050: "√", 0xF052: "☑", 0xF053: "☒", 0xF054: "☒",
    0xF06C: "●", 0xF06E: "■", 0xF06F: "□", 0xF071: "□", 0xF075: "◆", 0xF0A3: "□", 0xF0A8: "□",
    0xF0B7: "•", 0xF0D8: "➢", 0xF0FB: "×", 0xF0FC: "√", 0xF0FD: "☒", 0xF0FE: "☑",
}  # fmt: skip
"""What the Wingdings fonts and Symbol show at these places of the private use area."""

_SURROGATE = re.compile("[\ud800-\udfff]")
_OVERLAID = re.compile(r"\s*EQ\b.*\\o\b.*[,，;；]([^,，;；()]+)\)\s*\Z", re.IGNORECASE | re.DOTALL)
TICKED, UNTICKED = "☑", "□"


class Break(Enum):
    """A page break: as the editor last laid the text out, or set by hand."""

    RENDERED = 1
    BY_HAND = 2


Item = Block | Break

Cell = list[Item] | None
"""What a cell holds; None where a cell from above goes on."""


def symbol(place: int) -> str:
    """Return the character at a place of a symbol font, or an empty string."""
    return SYMBOLS.get(0xF000 + (place & 0xFF), "")


def overlaid(code: str) -> str:
    """Return the text that an EQ field prints others upon: phonetic guides, rings, frames."""
    found = _OVERLAID.match(code)
    return found[1] if found else ""


@dataclass
class Paragraph:
    """What gathers while a paragraph is read; `number` is what a list prints before it."""

    number: str = ""
    pieces: list[str] = field(default_factory=list)
    boxes: list[Item] = field(default_factory=list)
    before: list[Break] = field(default_factory=list)
    after: list[Break] = field(default_factory=list)

    def part(self, kind: Break) -> None:
        """Note a page break where it stands, before or after the first text."""
        (self.after if any(map(str.strip, self.pieces)) else self.before).append(kind)

    def items(self) -> Iterator[Item]:
        """Yield the lines that are not blank, and behind them what stands in boxes.

        A form feed in the text is a page break set by hand.
        """
        text = whole("".join(self.pieces)).translate(SYMBOLS)
        begins = len(text) - len(text.lstrip())
        text = text[:begins] + self.number + text[begins:]
        yield from self.before
        for number, part in enumerate(text.split("\f")):
            yield from [Break.BY_HAND] if number else ()
            yield from filter(None, map(str.strip, part.split("\n")))
        yield from self.boxes
        yield from self.after


def whole(text: str) -> str:
    """Put surrogate pairs together that come as two characters."""
    if not _SURROGATE.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def table_of(rows: Iterable[Sequence[Cell]]) -> Iterator[Item]:
    """Yield a table, and after it the tables inside it and the page breaks it went over.

    A table of a single cell is a frame around text: what is in it.
    """
    kept = [cells for cells in rows if any(cell is not None for cell in cells)]
    held = [[item for cell in cells for item in cell or []] for cells in kept]
    if len(kept) == 1 and len(kept[0]) == 1:
        yield from held[0]
        return
    texts = tuple(tuple(cell_text(cell or []) for cell in cells) for cells in kept)
    if any(any(row) for row in texts):
        yield texts
    yield from (item for items in held for item in items if isinstance(item, tuple))
    for cells in kept:
        yield from _breaks(cells)


def cell_text(items: Iterable[Item]) -> str:
    """Return the lines of a cell; those of tables inside it only where it has no others."""
    items = list(items)
    lines = [item for item in items if isinstance(item, str)]
    tables = (item for item in items if isinstance(item, tuple))
    return "\n".join(lines or ("\t".join(row) for table in tables for row in table))


def _breaks(cells: Sequence[Cell]) -> list[Break]:
    """Return the page breaks a row went over: cells lie side by side, so they count once."""
    each = ([item for item in cell or [] if isinstance(item, Break)] for cell in cells)
    return max(each, key=len, default=[])


def beside(items: Iterable[Item]) -> Iterator[Block]:
    """Yield the blocks of what stands beside the text, without page numbers."""
    for item in items:
        if not isinstance(item, Break) and not (isinstance(item, str) and is_page_number(item)):
            yield item


def content_of(
    media_type: str,
    items: Sequence[Item],
    extra: Iterable[Block] = (),
    *,
    marks: Iterable[str] = (),
    pictures: bool = False,
    detail: str = "",
) -> Content:
    """Return the content of a text and of what stands `beside` it, which comes last, once.

    `detail` says what of it was not read.

    Raises ParseError when the text is blank: a scan if there are pictures, else empty.
    """
    if all(isinstance(item, Break) for item in items):
        raise ParseError(Problem.SCAN if pictures else Problem.EMPTY)
    return Content(
        media_type=media_type,
        pages=_pages(items, list(dict.fromkeys(extra))),
        marks=tuple(whole(mark)[:MARK_LENGTH] for mark in [*marks][:MAX_MARKS]),
        detail=detail,
    )


def _pages(items: Sequence[Item], extra: list[Block]) -> tuple[Page, ...]:
    kind = Break.RENDERED if Break.RENDERED in items else Break.BY_HAND
    numbered = kind in items
    pages: list[list[Block]] = [[]]
    for item in items:
        if item is kind:
            pages.append([])
        elif not isinstance(item, Break):
            pages[-1].append(item)
    pages[-1].extend(extra)
    return tuple(
        Page(number=number if numbered else None, blocks=tuple(blocks))
        for number, blocks in enumerate(pages, start=1)
    )


# ── Text that comes as a stream of paragraphs and marks (doc, rtf) ─────────────────────


class Merge(Enum):
    """How a cell hangs together with its neighbours."""

    NONE = 0
    LEFT = 1
    ABOVE = 2


@dataclass
class _Table:
    """A table that is being read."""

    rows: list[list[Cell]] = field(default_factory=list)
    row: list[Cell] = field(default_factory=list)
    cell: list[Item] = field(default_factory=list)

    def end_cell(self) -> None:
        self.row.append(self.cell)
        self.cell = []

    def end_row(self, merges: Sequence[Merge]) -> None:
        if self.cell:
            self.end_cell()
        padded = [*merges, *[Merge.NONE] * (len(self.row) - len(merges))]
        cells = zip(self.row, padded, strict=False)
        kept = [(cell, merge) for cell, merge in cells if merge is not Merge.LEFT]
        if kept:
            self.rows.append([None if merge is Merge.ABOVE else cell for cell, merge in kept])
        self.row = []

    def items(self) -> Iterator[Item]:
        if self.row or self.cell:  # cut off before the row's end
            self.end_row(())
        return table_of(self.rows)


class Flow:
    """Puts paragraphs into lines and tables by the depth each says it stands at.

    Depth 0 is the running text, 1 a table, 2 a table inside it. A table ends where a
    paragraph of less depth follows.
    """

    def __init__(self) -> None:
        self._items: list[Item] = []
        self._tables: list[_Table] = []

    def add(self, items: Iterable[Item], depth: int = 0) -> None:
        """Add what a paragraph holds."""
        self._go_to(depth)
        (self._tables[-1].cell if self._tables else self._items).extend(items)

    def end_cell(self, depth: int) -> None:
        """End a cell; what was added at that depth since the last one is in it."""
        self._go_to(max(depth, 1))
        self._tables[-1].end_cell()

    def end_row(self, depth: int, merges: Sequence[Merge] = ()) -> None:
        """End a row; `merges` tells of its cells, from the left."""
        self._go_to(max(depth, 1))
        self._tables[-1].end_row(merges)

    def items(self) -> list[Item]:
        """Return all that was read, in its order."""
        self._go_to(0)
        return self._items

    def _go_to(self, depth: int) -> None:
        depth = min(depth, MAX_NESTING)
        while len(self._tables) > depth:
            inner = self._tables.pop().items()
            (self._tables[-1].cell if self._tables else self._items).extend(inner)
        while len(self._tables) < depth:
            self._tables.append(_Table())
