"""Lines and tables out of what stands where on a page: geometry only, no file format.

Lengths are points; y grows upward. Readers hand in sheets (what was printed on each page);
`compose` gives pages as an editor's file would: paragraphs whole, tables whole over page
breaks, running headers and footers once, at the end.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, product

from parsers.submission import Block, Page, Table

SNAP = 3.0
"""Rulings closer than this are one: double borders, and borders drawn cell by cell."""

MAX_RULINGS = 2000
MAX_GRID = 20_000

_MARGIN_ZONE = 62.0
"""Running headers and footers stand this near to the paper's edge, above the usual 2.54 cm."""

_LARGEST_RUNNING = 15.0
_LATIN_GAP = 0.18
_CHINESE_GAP = 0.22
_MIXED_GAP = 0.45
_ENOUGH_GAPS = 4
_INDENT = 2.6
_ALIKE = 0.15
_LOW = 0.4
_SENTENCE_END = "。！？；：!?;:…"
_CLOSERS = "”’」』）)】》〉"
_NOT_FIRST = "，。！？；：、,.!?;:%‰…" + _CLOSERS
_NUMERAL = "一二三四五六七八九十百零〇0-9０-９"
_OWN_LINE = re.compile(
    rf"第\s*[{_NUMERAL}]+\s*[章节条款编部]"
    rf"|[一二三四五六七八九十]+\s*[、.．]"
    rf"|[（(]\s*[{_NUMERAL}]+\s*[）)]"
    r"|\d+(\.\d+)*\s*[、．）)]|\d+\.(?!\d)|\d+(\.\d+)+\s"
    r"|[①-⑳●■□☐☑☒◆•·]"
    r"|附件|附录"
    r"|[^\s，。；：:]{4,40}[（(](?:单位)?(?:盖章|公章|签章)[）)]"
    r"|[^\s，。；、：:]{2,9}[：:](?!//)"
)
_LABEL = r"(?!第)(?:[一-鿿（）()]{2,16}|(?:[一-鿿] ){1,8}[一-鿿])"
_ROW = re.compile(rf"{_LABEL}[：:]? ?(?<=[ ：:])[一-鿿\d（]")
"""A row of an unruled table: a label, perhaps spaced out, a gap, and its value."""

_ROW_OR_LABEL = re.compile(rf"{_ROW.pattern}|{_LABEL}[：:]?$")

_WORD = re.compile(r"[A-Za-z0-9.@/_:+-]+")
_LATIN_END = re.compile(r"[A-Za-z0-9,.)]$")
_LATIN_START = re.compile(r"[A-Za-z0-9(]")
_PAGE_NUMBER = re.compile(r"[-—–·第共页/\s\d]*\d[-—–·第共页/\s\d]*")


@dataclass(frozen=True, kw_only=True, slots=True)
class Glyph:
    """One printed character with its box; `turned` when it does not stand upright."""

    text: str
    x0: float
    y0: float
    x1: float
    y1: float
    turned: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One printed line: its box, the height of its script, and the width of its first word.

    A Chinese character is a word of its own; punctuation that may not begin a line belongs
    to the word before it.
    """

    text: str
    x0: float
    y0: float
    x1: float
    y1: float
    size: float
    lead: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Ruling:
    """A straight horizontal or vertical ruling line, `start` to `end` at the place `at`."""

    vertical: bool
    at: float
    start: float
    end: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """A cell of a grid: its box, and the row in which it begins."""

    x0: float
    y0: float
    x1: float
    y1: float
    row: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Grid:
    """A ruled table without its text. `xs` ascend, `ys` descend; `owners` is by row, column."""

    xs: tuple[float, ...]
    ys: tuple[float, ...]
    cells: tuple[Cell, ...]
    owners: tuple[tuple[int, ...], ...]

    @property
    def area(self) -> float:
        """Square points."""
        return (self.xs[-1] - self.xs[0]) * (self.ys[0] - self.ys[-1])

    def find(self, x: float, y: float) -> int | None:
        """Return the index of the cell at a point, or None outside."""
        if not (self.xs[0] <= x < self.xs[-1] and self.ys[-1] < y <= self.ys[0]):
            return None
        column = bisect_right(self.xs, x) - 1
        row = bisect_right(self.ys, -y, key=lambda each: -each) - 1
        return self.owners[row][column]


@dataclass(frozen=True, kw_only=True, slots=True)
class Side:
    """One line in a cell, the first or the last, between the cell's inner edges."""

    line: Line
    left: float
    right: float


@dataclass(frozen=True, kw_only=True, slots=True)
class PlacedTable:
    """A table with its place: its box, the first lines of its first row, the last of its last.

    A side is None where a cell is empty.
    """

    rows: Table
    x0: float
    y0: float
    x1: float
    y1: float
    first: tuple[Side | None, ...]
    last: tuple[Side | None, ...]


Item = Line | PlacedTable


@dataclass(frozen=True, kw_only=True, slots=True)
class Sheet:
    """What is printed on one page, in reading order."""

    number: int
    width: float
    height: float
    items: tuple[Item, ...]


# ── Lines ────────────────────────────────────────────────────────────────────────────


def first_word(text: str) -> int:
    """Return the length of what cannot be parted at the beginning of a line."""
    word = _WORD.match(text)
    end = word.end() if word else 1
    while end < len(text) and text[end] in _NOT_FIRST:
        end += 1
    return min(end, len(text))


def set_lines(glyphs: Iterable[Glyph]) -> list[Line]:
    """Set loose glyphs into lines, top to bottom and left to right."""
    rows: list[list[Glyph]] = []
    middle, height = 0.0, 0.0
    for glyph in sorted(glyphs, key=lambda each: -(each.y0 + each.y1)):
        own = (glyph.y0 + glyph.y1) / 2
        if rows and middle - own < height / 2:
            rows[-1].append(glyph)
            height = max(height, glyph.y1 - glyph.y0)
        else:
            rows.append([glyph])
            middle, height = own, glyph.y1 - glyph.y0
    lines = (_set_line(sorted(row, key=lambda each: each.x0)) for row in rows)
    return [line for line in lines if line]


def _set_line(row: Sequence[Glyph]) -> Line | None:
    printed = [glyph for glyph in row if not glyph.text.isspace()]
    if not printed:
        return None
    size = max(glyph.y1 - glyph.y0 for glyph in printed)
    spread = _spread(row, size)
    kept = [row[0]]
    text = row[0].text
    for glyph in row[1:]:
        last = kept[-1]
        if glyph.text == last.text and glyph.x0 - last.x0 < (last.x1 - last.x0) / 2:
            continue  # bold type faked by printing twice
        text += _gap(last, glyph, size, spread) + glyph.text
        kept.append(glyph)
    text = text.strip()
    lead = sum(glyph.x1 - glyph.x0 for glyph in printed[: first_word(text)])
    return Line(
        text=text,
        x0=printed[0].x0,
        x1=max(glyph.x1 for glyph in printed),
        y0=min(glyph.y0 for glyph in printed),
        y1=max(glyph.y1 for glyph in printed),
        size=size,
        lead=lead,
    )


def _spread(row: Sequence[Glyph], size: float) -> float:
    """Return by how much a line is stretched: the gap that most of its characters have."""
    gaps = sorted(
        after.x0 - glyph.x1
        for glyph, after in pairwise(row)
        if not (glyph.text.isascii() or after.text.isascii()) and after.x0 - glyph.x0 > size / 5
    )
    return max(gaps[len(gaps) // 4], 0.0) if len(gaps) >= _ENOUGH_GAPS else 0.0


def _gap(last: Glyph, glyph: Glyph, size: float, spread: float) -> str:
    """Return a space where a gap is one.

    Where Chinese meets Latin script, editors leave a gap that nobody typed.
    """
    if last.text.isspace() or glyph.text.isspace():
        return ""
    if last.text.isascii() != glyph.text.isascii():
        share = _MIXED_GAP
    else:
        share = _LATIN_GAP if glyph.text.isascii() else _CHINESE_GAP
    return " " if glyph.x0 - last.x1 > spread + share * size else ""


def in_reading_order(lines: Sequence[Line]) -> list[Line]:
    """Sort lines from top to bottom, unless they are set in columns side by side.

    Lines come in the order in which they were drawn. Where it runs downward without
    exception, or in columns that do not overlap, it is the reading order.
    """
    runs: list[list[Line]] = []
    for line in lines:
        if runs and line.y1 <= runs[-1][-1].y1 + line.size / 2:
            runs[-1].append(line)
        else:
            runs.append([line])
    boxes = [
        (
            min(line.x0 for line in run),
            max(line.x1 for line in run),
            min(line.y0 for line in run),
            max(line.y1 for line in run),
        )
        for run in runs
    ]
    columns = all(right <= left for (_, right, _, _), (left, _, _, _) in pairwise(boxes))
    if len(runs) <= 1 or (columns and min(map(len, runs)) > 1):
        return list(lines)
    return _same_height_as_one(sorted(lines, key=lambda line: -line.y1))


def _same_height_as_one(lines: Sequence[Line]) -> list[Line]:
    rows: list[list[Line]] = []
    for line in lines:
        if rows and rows[-1][0].y1 - line.y1 < min(line.size, rows[-1][0].size) / 2:
            rows[-1].append(line)
        else:
            rows.append([line])
    return [_side_by_side(sorted(row, key=lambda line: line.x0)) for row in rows]


def _side_by_side(row: Sequence[Line]) -> Line:
    return replace(
        row[0],
        text=" ".join(line.text for line in row),
        x1=max(line.x1 for line in row),
        y0=min(line.y0 for line in row),
        y1=max(line.y1 for line in row),
    )


def joint(line: Line, after: Line, *, left: float, right: float) -> str | None:
    """Return what joins `after` to `line` if only the margin parted them, else None.

    So it is when the first word of `after` had no room in `line`, both are set alike, and
    nothing says that a new line was meant: punctuation, a numbering, a label.
    """
    size = line.size
    room = right - line.x1
    full = room < after.lead + size * 0.2 and line.x0 - left < size * _INDENT
    centred = abs(after.x0 + after.x1 - left - right) < size
    follows = centred or after.x0 - left < size * _INDENT
    if (
        not (full and follows)
        or abs(after.size - size) > size * _ALIKE
        or line.text.rstrip(_CLOSERS)[-1:] in _SENTENCE_END
        or begins_anew(line.text, after.text)
    ):
        return None
    words = _LATIN_END.search(line.text) and _LATIN_START.match(after.text)
    parted = room < size / 2 and _WORD.fullmatch(line.text)  # one word, longer than the line
    return " " if words and not parted else ""


def begins_anew(text: str, after: str) -> bool:
    """Whether a printed line does not go on with the one before it.

    It has a number or label of its own, or both are rows of an unruled table.
    """
    return bool(_OWN_LINE.match(after) or (_ROW.match(text) and _ROW_OR_LABEL.match(after)))


def _cell_text(lines: Sequence[Line], cell: Cell) -> str:
    """Return the lines of a cell, with those joined that only its width parted."""
    if not lines:
        return ""
    left, right = _inner_edges(lines, cell)
    text = lines[0].text
    for line, after in pairwise(lines):
        between = joint(line, after, left=left, right=right)
        text += ("\n" if between is None else between) + after.text
    return text


def _inner_edges(lines: Sequence[Line], cell: Cell) -> tuple[float, float]:
    padding = min(max(min(line.x0 for line in lines) - cell.x0, 0.0), 6.0)
    return cell.x0 + padding, cell.x1 - padding


# ── Tables ───────────────────────────────────────────────────────────────────────────


def find_grids(rulings: Sequence[Ruling]) -> list[Grid]:
    """Find the ruled tables: rulings that touch each other, closed at their outer edge.

    A single frame around text is none. The smallest come first, so that the first that
    holds a point is the innermost.
    """
    if len(rulings) > MAX_RULINGS:
        return []
    whole = _merged(rulings)
    grids = (_grid(group) for group in _touching(whole))
    return sorted((grid for grid in grids if grid), key=lambda grid: grid.area)


def _merged(rulings: Iterable[Ruling]) -> list[Ruling]:
    """Put pieces of one ruling together."""
    merged: list[Ruling] = []
    for vertical in (False, True):
        own = [ruling for ruling in rulings if ruling.vertical is vertical]
        places = _snapped(ruling.at for ruling in own)
        own = [replace(ruling, at=places[ruling.at]) for ruling in own]
        last: Ruling | None = None
        for ruling in sorted(own, key=lambda each: (each.at, each.start)):
            if last and last.at == ruling.at and ruling.start <= last.end + SNAP:
                last = replace(last, end=max(last.end, ruling.end))
                merged[-1] = last
            else:
                last = ruling
                merged.append(ruling)
    return [ruling for ruling in merged if ruling.end - ruling.start > SNAP]


def _snapped(values: Iterable[float]) -> dict[float, float]:
    """Map each value to the first of those that lie near it."""
    places: dict[float, float] = {}
    first = float("-inf")
    for value in sorted(set(values)):
        if value - first > SNAP:
            first = value
        places[value] = first
    return places


def _touching(rulings: Sequence[Ruling]) -> list[list[Ruling]]:
    across = [ruling for ruling in rulings if not ruling.vertical]
    down = [ruling for ruling in rulings if ruling.vertical]
    groups: list[list[Ruling]] = []
    left = set(range(len(rulings)))
    indexed = [*across, *down]
    meets: list[list[int]] = [[] for _ in indexed]
    for i, h in enumerate(across):
        for j, v in enumerate(down, start=len(across)):
            if _cross(h, v):
                meets[i].append(j)
                meets[j].append(i)
    while left:
        waiting = [left.pop()]
        group = []
        while waiting:
            one = waiting.pop()
            group.append(indexed[one])
            new = left.intersection(meets[one])
            left -= new
            waiting.extend(new)
        groups.append(group)
    return groups


def _cross(h: Ruling, v: Ruling) -> bool:
    return h.start - SNAP <= v.at <= h.end + SNAP and v.start - SNAP <= h.at <= v.end + SNAP


def _grid(group: Sequence[Ruling]) -> Grid | None:
    across = [ruling for ruling in group if not ruling.vertical]
    down = [ruling for ruling in group if ruling.vertical]
    if not across or not down:
        return None
    xs = _edges(down, across)
    ys = _edges(across, down)[::-1]
    columns, rows = len(xs) - 1, len(ys) - 1
    if not 1 < columns * rows <= MAX_GRID:
        return None
    walls = _walls(down, xs, [(low + high) / 2 for high, low in pairwise(ys)])
    floors = _walls(across, ys, [(low + high) / 2 for low, high in pairwise(xs)])
    owners = [[-1] * columns for _ in range(rows)]
    cells: list[Cell] = []
    for row, column in product(range(rows), range(columns)):
        if owners[row][column] < 0:
            bottom, right = _grown(row, column, owners, walls, floors)
            for own in owners[row:bottom]:
                own[column:right] = [len(cells)] * (right - column)
            box = {"x0": xs[column], "x1": xs[right], "y0": ys[bottom], "y1": ys[row]}
            cells.append(Cell(row=row, **box))
    if len(cells) == 1:
        return None
    return Grid(xs=xs, ys=ys, cells=tuple(cells), owners=tuple(map(tuple, owners)))


def _edges(own: Sequence[Ruling], other: Sequence[Ruling]) -> tuple[float, ...]:
    """Places of the rulings of one direction; where the others end also counts as an edge.

    Forms often leave their outer sides open.
    """
    ends = [min(ruling.start for ruling in other), max(ruling.end for ruling in other)]
    return tuple(sorted(set(_snapped([*(ruling.at for ruling in own), *ends]).values())))


def _walls(
    rulings: Sequence[Ruling], edges: Sequence[float], middles: Sequence[float]
) -> set[tuple[int, int]]:
    """Pairs (edge, gap) where a ruling stands along that edge at the middle of that gap."""
    found: set[tuple[int, int]] = set()
    for ruling in rulings:
        edge = min(range(len(edges)), key=lambda i: abs(edges[i] - ruling.at))
        found.update(
            (edge, gap)
            for gap, middle in enumerate(middles)
            if ruling.start - SNAP <= middle <= ruling.end + SNAP
        )
    return found


def _grown(
    row: int,
    column: int,
    owners: Sequence[Sequence[int]],
    walls: set[tuple[int, int]],
    floors: set[tuple[int, int]],
) -> tuple[int, int]:
    """Grow a cell to the right and then down until rulings stop it; return where it ends."""
    rows, columns = len(owners), len(owners[0])
    right = column + 1
    while right < columns and (right, row) not in walls and owners[row][right] < 0:
        right += 1
    bottom = row + 1

    def open_below() -> bool:
        gaps = range(column, right)
        return not any(
            (bottom, gap) in floors or owners[bottom][gap] >= 0 for gap in gaps
        ) and not any((gap, bottom) in walls for gap in gaps[1:])

    while bottom < rows and open_below():
        bottom += 1
    return bottom, right


def lay_out(glyphs: Sequence[Glyph], rulings: Sequence[Ruling]) -> tuple[Item, ...]:
    """Put glyphs into the cells that rulings form, and the others into lines around them."""
    grids = find_grids(rulings)
    inside: dict[tuple[int, int], list[Glyph]] = {}
    outside: list[Glyph] = []
    for glyph in glyphs:
        place = _place(grids, glyph)
        (inside.setdefault(place, []) if place else outside).append(glyph)
    tables: list[PlacedTable] = []
    for index, grid in enumerate(grids):
        own = {cell: found for (of, cell), found in inside.items() if of == index}
        tables.append(_filled(grid, own, _inner_text(grid, own, tables)))
    placed = [table for table in tables if any(any(row) for row in table.rows)]
    lines = set_lines(glyph for glyph in outside if not glyph.turned)
    items: list[Item] = sorted([*placed, *lines], key=lambda item: -item.y1)
    turned = [glyph for glyph in outside if glyph.turned]
    if turned:  # a watermark, as a rule
        items.append(_set_in_order(turned))
    return tuple(items)


def _place(grids: Sequence[Grid], glyph: Glyph) -> tuple[int, int] | None:
    x, y = (glyph.x0 + glyph.x1) / 2, (glyph.y0 + glyph.y1) / 2
    for index, grid in enumerate(grids):
        cell = grid.find(x, y)
        if cell is not None:
            return index, cell
    return None


def _set_in_order(glyphs: Sequence[Glyph]) -> Line:
    """One line of glyphs in the order in which they were drawn."""
    return Line(
        text="".join(glyph.text for glyph in glyphs).strip(),
        x0=min(glyph.x0 for glyph in glyphs),
        x1=max(glyph.x1 for glyph in glyphs),
        y0=min(glyph.y0 for glyph in glyphs),
        y1=max(glyph.y1 for glyph in glyphs),
        size=0.0,
        lead=0.0,
    )


def _inner_text(
    grid: Grid, inside: dict[int, list[Glyph]], smaller: Sequence[PlacedTable]
) -> dict[int, str]:
    """Return the text of tables inside cells that have no other, so that none seems blank."""
    texts: dict[int, str] = {}
    for table in smaller:
        cell = grid.find((table.x0 + table.x1) / 2, (table.y0 + table.y1) / 2)
        if cell is not None and cell not in inside:
            rows = "\n".join("\t".join(row) for row in table.rows)
            texts[cell] = f"{texts[cell]}\n{rows}" if cell in texts else rows
    return texts


def _filled(grid: Grid, inside: dict[int, list[Glyph]], inner: dict[int, str]) -> PlacedTable:
    lines = {
        cell: set_lines(glyph for glyph in own if not glyph.turned) for cell, own in inside.items()
    }
    texts = inner | {cell: _cell_text(own, grid.cells[cell]) for cell, own in lines.items()}
    for cell, own in inside.items():
        turned = "".join(glyph.text for glyph in own if glyph.turned).strip()
        texts[cell] = "\n".join(filter(None, (texts[cell], turned)))
    rows = [list(dict.fromkeys(owners)) for owners in grid.owners]
    begun = [
        [cell if grid.cells[cell].row == row else None for cell in cells]
        for row, cells in enumerate(rows)
    ]
    kept = [row for row in begun if any(cell is not None for cell in row)]

    def side(cell: int | None, index: int) -> Side | None:
        own = lines.get(cell) if cell is not None else None
        if cell is None or not own:
            return None
        left, right = _inner_edges(own, grid.cells[cell])
        return Side(line=own[index], left=left, right=right)

    return PlacedTable(
        rows=tuple(
            tuple("" if cell is None else texts.get(cell, "") for cell in row) for row in kept
        ),
        x0=grid.xs[0],
        y0=grid.ys[-1],
        x1=grid.xs[-1],
        y1=grid.ys[0],
        first=tuple(side(cell, 0) for cell in kept[0]),
        last=tuple(side(cell, -1) for cell in kept[-1]),
    )


# ── Pages ────────────────────────────────────────────────────────────────────────────


def compose(sheets: Sequence[Sheet]) -> tuple[Page, ...]:
    """Make pages of sheets: what a page break or the margin parted is whole again.

    A paragraph or table that goes on over a page break stands where it begins.
    """
    running = _running(sheets)
    margins = _margins(sheets)
    blocks: dict[int, list[Block]] = {sheet.number: [] for sheet in sheets}
    last: Item | None = None
    home, height = 0, 0.0
    for sheet, edges in zip(sheets, margins, strict=True):
        for item in sheet.items:
            if isinstance(item, Line) and _is_running(item, sheet, running):
                continue
            before = blocks[home][-1] if last else None
            whole = _gone_on(before, last, item, height, edges)
            if whole is None:
                home = sheet.number
                blocks[home].append(item.text if isinstance(item, Line) else item.rows)
            else:
                blocks[home][-1] = whole
            last, height = item, sheet.height
    if sheets:
        blocks[sheets[-1].number].extend(text for text in running.values() if text)
    return tuple(Page(number=number, blocks=tuple(own)) for number, own in blocks.items())


def _gone_on(
    before: Block | None,
    last: Item | None,
    item: Item,
    height: float,
    margins: tuple[float, float] | None,
) -> Block | None:
    """Return the block `before` with the item added that goes on with it, else None.

    `last` is the item with which it ended, on a page of that height.
    """
    if isinstance(before, str) and isinstance(last, Line) and isinstance(item, Line) and margins:
        # What stands higher is on the next page; else lines of one paragraph stand close.
        close = last.y0 - item.y1 < item.size * 1.8 or item.y0 > last.y1
        between = joint(last, item, left=margins[0], right=margins[1]) if close else None
        return None if between is None else before + between + item.text
    if (
        isinstance(before, tuple)
        and isinstance(last, PlacedTable)
        and isinstance(item, PlacedTable)
    ):
        alike = abs(last.x0 - item.x0) < SNAP and abs(last.x1 - item.x1) < SNAP
        if alike and item.y1 > last.y0 and last.y0 < height * _LOW:
            return _continued(before, last.last, item)
    return None


def _continued(table: Table, ends: Sequence[Side | None], more: PlacedTable) -> Table:
    """Add the rows that stand on the next page.

    A repeated heading row stands once, and a row that the page break cut is whole.
    """
    if more.rows[0] == table[0]:
        return table + more.rows[1:]
    rest = [index for index, side in enumerate(more.first) if side]
    last, first = table[-1], more.rows[0]
    if len(first) != len(last) or len(last) == 1 or not rest or not all(last[i] for i in rest):
        return table + more.rows
    joints = {index: _cell_joint(ends[index], more.first[index]) for index in rest}
    if len(rest) > 1 and None in joints.values():
        return table + more.rows
    whole = [
        text + ("\n" if joints[index] is None else joints[index] or "") + first[index]
        if index in joints
        else text
        for index, text in enumerate(last)
    ]
    return (*table[:-1], tuple(whole), *more.rows[1:])


def _cell_joint(end: Side | None, begin: Side | None) -> str | None:
    if end is None or begin is None:
        return None
    return joint(end.line, begin.line, left=end.left, right=end.right)


def is_page_number(text: str) -> bool:
    """Tell whether a line is nothing but a page number: `- 3 -`, `第3页 共10页`."""
    return _PAGE_NUMBER.fullmatch(text) is not None


def _pattern(line: Line) -> str:
    return re.sub(r"\d+", "#", re.sub(r"\s", "", line.text))


def _at_edge(line: Line, sheet: Sheet) -> bool:
    return bool(line.size) and (sheet.height - line.y0 < _MARGIN_ZONE or line.y1 < _MARGIN_ZONE)


def _running(sheets: Sequence[Sheet]) -> dict[str, str]:
    """Headers and footers that stand on half of the pages, by pattern; page numbers are empty.

    What is larger than the text is a title that a form repeats on each of its pages.
    """
    lines = [(i, sheet) for sheet in sheets for i in sheet.items if isinstance(i, Line)]
    edge = [line for line, sheet in lines if _at_edge(line, sheet)]
    body = sorted(line.size for line, sheet in lines if not _at_edge(line, sheet))
    largest = body[len(body) // 2] * (1 + _ALIKE / 2) if body else _LARGEST_RUNNING
    counts = Counter(_pattern(line) for line in edge if line.size <= largest)
    texts = {_pattern(line): line.text for line in reversed(edge)}
    return {
        pattern: "" if is_page_number(texts[pattern]) else texts[pattern]
        for pattern, count in counts.items()
        if count > 1 and count * 2 >= len(sheets)
    }


def _is_running(line: Line, sheet: Sheet, running: dict[str, str]) -> bool:
    return _at_edge(line, sheet) and _pattern(line) in running


def _margins(sheets: Sequence[Sheet]) -> list[tuple[float, float] | None]:
    """Return each page's left and right edge of text, as it and the pages beside it show.

    No more than those: a bound volume holds documents of several layouts.
    """
    return [
        _text_edges([each for each in sheets[max(at - 1, 0) : at + 2] if _same_width(each, sheet)])
        for at, sheet in enumerate(sheets)
    ]


def _same_width(one: Sheet, other: Sheet) -> bool:
    return round(one.width) == round(other.width)


def _text_edges(sheets: Sequence[Sheet]) -> tuple[float, float] | None:
    """Return where the text of pages of one width begins and ends.

    The right edge is where at least two lines end, or one that lies as far from the paper's
    edge as the left one does; pages without either have no wrapped lines.
    """
    lines = [
        item
        for sheet in sheets
        for item in sheet.items
        if isinstance(item, Line) and item.size and not _at_edge(item, sheet)
    ]
    left = min((line.x0 for line in lines), default=0.0)
    ends = sorted(((line.x1, line.size) for line in lines), reverse=True)
    for (end, size), (after, _) in pairwise([*ends, (0.0, 0.0)]):
        if end - after < size * 1.2 or abs(sheets[0].width - left - end) < size * 1.5:
            return left, end
    return None
