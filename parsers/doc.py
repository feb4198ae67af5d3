"""Word 97–2003 documents (MS-DOC) in OLE2 files; Kingsoft's .wps is the same format.

The text lies in pieces, in the order of the document but anywhere in the file; what is
table, field, deleted or hidden is told by properties and control characters. Section
numbers in docstrings are those of [MS-DOC].
"""

from __future__ import annotations

import re
import struct
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from itertools import islice, pairwise
from pathlib import Path
from typing import Final

from parsers.doc_lists import Lists, list_properties
from parsers.doc_properties import ROW, each_property
from parsers.errors import ParseError
from parsers.flow import (
    TICKED,
    UNTICKED,
    Break,
    Flow,
    Item,
    Merge,
    Paragraph,
    beside,
    cell_text,
    content_of,
    overlaid,
    symbol,
)
from parsers.ole import Ole, open_ole
from parsers.submission import Block, Content, Problem

MAX_CHARACTERS = 10_000_000
"""A longer text is not read; a thousand full pages have a tenth of it."""

# The file information block (2.5.1): what programs wrote it, and places of its fields.
_WORD_97, _EARLIER = 0xA5EC, frozenset({0xA59B, 0xA5DB, 0xA5DC, 0xA697, 0xA698, 0xA699})
_FIRST_OF_WORD_97 = 0x00C1
_ENCRYPTED, _SECOND_TABLE = 0x0100, 0x0200
_FLAGS, _COUNTS, _PLACES, _HEAD_BYTES = 10, 76, 154, 154 + 8 * 75

# Its pairs of place and size (2.5.6), by index.
_STYLES, _NOTES, _COMMENTS, _SECTIONS, _HEADERS, _CHARACTERS, _PARAGRAPHS = 1, 3, 5, 6, 11, 12, 13
_PIECES, _SHAPES, _DRAWINGS, _BOXES, _HEADER_BOXES, _LISTS, _LIST_USERS = 33, 40, 50, 56, 58, 73, 74

_SEPARATORS = 6  # stories before the first section's own: the lines above notes
_PIECE, _SECTION, _SHAPE, _BOX, _PAGE = 8, 12, 26, 22, 512  # bytes each
_CONTINUOUS = 0

# Properties (2.6): the few that say what is text and what is table.
_DELETED, _INSERTED, _HIDDEN, _SYMBOL = 0x0800, 0x0801, 0x083C, 0x6A09
_IS_DATA, _DATA_AT = 0x0806, 0x6A03
_IN_TABLE, _ROW_END, _DEPTH, _INNER_CELL, _INNER_ROW = 0x2416, 0x2417, 0x6649, 0x244B, 0x244C
_BREAK_BEFORE, _CELL_MERGE, _SECTION_BREAK = 0x2407, 0xD62B, 0x3009
_ELSEWHERE = frozenset({0x6645, 0x6646})
_SHORT = {
    0x09: _BREAK_BEFORE, 0x18: _IN_TABLE, 0x19: _ROW_END,
    0x41: _DELETED, 0x42: _INSERTED, 0x5C: _HIDDEN,
}  # fmt: skip
"""Single properties of a piece (2.9.198)."""

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f]")
_PLAIN = {"\x0b": "\n", "\x0e": "\n", "\x1e": "-"}
_ENDS = {"\r", "\x07"}
_ANSI: Final = tuple(
    bytes([code]).decode("cp1252", errors="ignore") or chr(code) for code in range(256)
)


def read_doc(path: Path, media_type: str) -> Content:
    """Read a Word 97–2003 document: text and tables in their order, notes and headers last.

    Text boxes stand behind the paragraph that holds them. Deleted and hidden text is left
    out; deletions, insertions and comments are quoted in `marks`. Pages are numbered where
    breaks were set by hand. Raises ParseError: locked, damaged, a scan or empty, or
    unsupported when an earlier Word wrote it.
    """
    with open_ole(path) as ole:
        file = _File(ole)
    try:
        reader = _Reader(file)
        items = [*reader.items(*file.stories["text"]), *reader.loose_boxes()]
        extra = list(reader.sides())
        reader.quote_comments()
    except (struct.error, IndexError) as error:
        raise ParseError(Problem.DAMAGED, str(error)) from error
    marks = [f"{mark.kind}：{mark.text.strip()}" for mark in reader.marks if mark.text.strip()]
    return content_of(media_type, items, extra, marks=marks, pictures=reader.pictures)


# ── The file ─────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Piece:
    """A piece of text: character positions, where its bytes are, and how wide each is."""

    start: int
    end: int
    place: int
    width: int
    properties: bytes


@dataclass(frozen=True, slots=True)
class _Run:
    """A stretch of text with the same properties, and where it lies in the file."""

    text: str
    start: int
    place: int
    width: int
    piece: _Piece
    properties: bytes


class _File:
    """The streams of a document, and the tables that its information block points to."""

    def __init__(self, ole: Ole) -> None:
        self.word = ole.read("WordDocument")
        if len(self.word) < _HEAD_BYTES:
            raise ParseError(Problem.DAMAGED, "WordDocument")
        written_by, version = struct.unpack_from("<HH", self.word)
        (flags,) = struct.unpack_from("<H", self.word, _FLAGS)
        if written_by != _WORD_97 and written_by not in _EARLIER:
            raise ParseError(Problem.DAMAGED, "WordDocument")
        if flags & _ENCRYPTED or "\tDRMContent" in ole:
            raise ParseError(Problem.LOCKED)
        if written_by != _WORD_97 or version < _FIRST_OF_WORD_97:
            raise ParseError(Problem.UNSUPPORTED, "Word 95 或更早的格式")
        names = ("1Table", "0Table") if flags & _SECOND_TABLE else ("0Table", "1Table")
        self.table = ole.read(next((name for name in names if name in ole), names[0]))
        self.data = ole.read("Data") if "Data" in ole else b""
        self.stories = self._stories()
        self.pieces = self._pieces()
        self._starts = [piece.start for piece in self.pieces]
        if not self.pieces or self.pieces[-1].end < self.stories["text"][1]:
            raise ParseError(Problem.DAMAGED, "pieces")
        if self.pieces[-1].end > MAX_CHARACTERS:
            raise ParseError(Problem.TOO_LARGE)

    def _stories(self) -> dict[str, tuple[int, int]]:
        """Return the stretches of the document's text: they follow each other (2.4.1)."""
        names = ("text", "notes", "headers", "macros", "comments", "endnotes", "boxes", "hboxes")
        counts = struct.unpack_from("<8i", self.word, _COUNTS)
        if min(counts) < 0:
            raise ParseError(Problem.DAMAGED, "counts")
        ends = [sum(counts[: index + 1]) for index in range(len(counts))]
        return {name: (end - n, end) for name, end, n in zip(names, ends, counts, strict=True)}

    def block(self, index: int) -> bytes:
        """Return what a pair of the information block points to in the table stream."""
        place, size = struct.unpack_from("<II", self.word, _PLACES + 8 * index)
        return self.table[place : place + size]

    @cached_property
    def lists(self) -> Lists:
        """The lists that number paragraphs; their levels stand behind the table of them."""
        place, size = struct.unpack_from("<II", self.word, _PLACES + 8 * _LISTS)
        lists = self.table[place:] if size else b""
        return Lists(self.block(_STYLES), lists, self.block(_LIST_USERS))

    def entries(self, index: int, size: int) -> tuple[tuple[int, ...], list[bytes]]:
        """Return the positions and the entries of a PLC (2.2.2)."""
        return _plc(self.block(index), size)

    def _pieces(self) -> list[_Piece]:
        """Read the piece table (2.9.38)."""
        raw, at = self.block(_PIECES), 0
        shared: list[bytes] = []
        while raw[at : at + 1] == b"\x01":
            (size,) = struct.unpack_from("<H", raw, at + 1)
            shared.append(raw[at + 3 : at + 3 + size])
            at += 3 + size
        if raw[at : at + 1] != b"\x02":
            raise ParseError(Problem.DAMAGED, "pieces")
        (size,) = struct.unpack_from("<I", raw, at + 1)
        positions, entries = _plc(raw[at + 5 : at + 5 + size], _PIECE)
        pieces = []
        for (start, end), entry in zip(pairwise(positions), entries, strict=True):
            _, place, change = struct.unpack("<HIH", entry)
            narrow = bool(place & 0x40000000)
            place &= 0x3FFFFFFF
            if end <= start:
                raise ParseError(Problem.DAMAGED, "pieces")
            pieces.append(
                _Piece(
                    start=start,
                    end=end,
                    place=place // 2 if narrow else place,
                    width=1 if narrow else 2,
                    properties=_change(change, shared),
                )
            )
        return pieces

    @cached_property
    def characters(self) -> _Properties:
        """What characters look like."""
        pages = _pages(self.word, self.entries(_CHARACTERS, 4)[1])
        return _Properties(run for page in pages for run in _character_runs(page))

    @cached_property
    def paragraphs(self) -> _Properties:
        """What paragraphs look like."""
        pages = _pages(self.word, self.entries(_PARAGRAPHS, 4)[1])
        return _Properties(run for page in pages for run in _paragraph_runs(page))

    def runs(self, start: int, end: int) -> Iterator[_Run]:
        """Yield the text between two positions. Raises ParseError when it is not all there."""
        first = max(bisect_right(self._starts, start) - 1, 0)
        for piece in islice(self.pieces, first, None):
            if piece.start >= end:
                break
            low, high = max(start, piece.start), min(end, piece.end)
            place = piece.place + (low - piece.start) * piece.width
            stop = place + (high - low) * piece.width
            if stop > len(self.word):
                raise ParseError(Problem.DAMAGED, "text")
            for begin, finish, properties in self.characters.between(place, stop):
                width = piece.width
                begins = (begin - place) // width
                ends = (finish - place) // width
                if begins < ends:
                    where = place + begins * width
                    raw = self.word[where : where + (ends - begins) * width]
                    yield _Run(_decoded(raw, width), low + begins, where, width, piece, properties)


def _decoded(raw: bytes, width: int) -> str:
    if width == 1:
        return "".join(map(_ANSI.__getitem__, raw))
    text = raw.decode("utf-16-le", errors="surrogatepass")
    # One character for each position; paragraphs put surrogate pairs together again.
    return (
        text
        if len(text) * 2 == len(raw)
        else "".join(map(chr, struct.unpack(f"<{len(raw) // 2}H", raw)))
    )


def _plc(raw: bytes, size: int) -> tuple[tuple[int, ...], list[bytes]]:
    count = max((len(raw) - 4) // (4 + size), 0)
    if not count:
        return (), []
    positions = struct.unpack_from(f"<{count + 1}i", raw)
    first = 4 * (count + 1)
    return positions, [raw[first + i * size : first + (i + 1) * size] for i in range(count)]


# ── Properties ───────────────────────────────────────────────────────────────────────


class _Properties:
    """Properties by where in the file the text lies that has them."""

    def __init__(self, runs: Iterator[tuple[int, int, bytes]]) -> None:
        self._runs = sorted(run for run in runs if run[0] < run[1])
        self._starts = [start for start, _, _ in self._runs]

    def at(self, place: int) -> bytes:
        """Return the properties at a place; none are empty."""
        index = bisect_right(self._starts, place) - 1
        if index < 0 or self._runs[index][1] <= place:
            return b""
        return self._runs[index][2]

    def between(self, start: int, end: int) -> Iterator[tuple[int, int, bytes]]:
        """Yield a stretch of the file in parts of the same properties, without gaps."""
        index = max(bisect_right(self._starts, start) - 1, 0)
        while start < end:
            if index >= len(self._runs) or self._runs[index][0] >= end:
                yield start, end, b""
                return
            first, last, properties = self._runs[index]
            if start < first:
                yield start, first, b""
                start = first
            if start < last:
                yield start, min(last, end), properties
                start = last
            index += 1


def _pages(word: bytes, entries: Sequence[bytes]) -> Iterator[bytes]:
    numbers = dict.fromkeys(int.from_bytes(entry, "little") & 0x3FFFFF for entry in entries)
    for number in numbers:
        page = word[number * _PAGE : (number + 1) * _PAGE]
        if len(page) == _PAGE:
            yield page


def _character_runs(page: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield the runs of a page of character properties (2.9.33)."""
    count = min(page[-1], (_PAGE - 5) // 5)
    places = struct.unpack_from(f"<{count + 1}I", page)
    for index, (start, end) in enumerate(pairwise(places)):
        at = page[4 * (count + 1) + index] * 2
        yield start, end, page[at + 1 : at + 1 + page[at]] if at else b""


def _paragraph_runs(page: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield the runs of a page of paragraph properties, the style before them (2.9.175)."""
    count = min(page[-1], (_PAGE - 5) // 17)
    places = struct.unpack_from(f"<{count + 1}I", page)
    for index, (start, end) in enumerate(pairwise(places)):
        at = page[4 * (count + 1) + index * 13] * 2
        size = page[at] * 2 - 1
        if size < 0:
            at, size = at + 1, page[(at + 1) % _PAGE] * 2
        yield start, end, page[at + 1 : at + 1 + size] if at else b""


def _change(change: int, shared: Sequence[bytes]) -> bytes:
    """Return the properties that a piece adds to those of its text (2.9.197)."""
    if change & 1:
        index = change >> 1
        return shared[index] if index < len(shared) else b""
    short = _SHORT.get((change >> 1) & 0x7F)
    return b"" if short is None else struct.pack("<HB", short, change >> 8)


@dataclass(frozen=True, slots=True)
class _Face:
    """What matters of how characters look."""

    deleted: bool = False
    inserted: bool = False
    hidden: bool = False
    symbol: str | None = None
    data: int | None = None


@cache
def _face(properties: bytes) -> _Face:
    told = dict(each_property(properties))

    def is_on(kind: int) -> bool:
        return told.get(kind, b"\0")[:1] in {b"\x01", b"\x81"}

    place = told.get(_SYMBOL)
    data = told.get(_DATA_AT)
    return _Face(
        deleted=is_on(_DELETED),
        inserted=is_on(_INSERTED),
        hidden=is_on(_HIDDEN),
        symbol=None if place is None else symbol(int.from_bytes(place[2:4], "little")),
        data=int.from_bytes(data, "little") if data and is_on(_IS_DATA) else None,
    )


@dataclass(frozen=True, slots=True)
class _Form:
    """What matters of how a paragraph is set: its place in tables, and a break before it."""

    depth: int = 0
    cell_end: bool = False
    row_end: bool = False
    break_before: bool = False
    merges: tuple[Merge, ...] = ()


def _form(properties: bytes) -> _Form:
    form, in_table = _Form(), False
    for kind, operand in each_property(properties):
        on = operand[:1] == b"\x01"
        if kind == _IN_TABLE:
            in_table = on
        elif kind == _DEPTH:
            form = replace(form, depth=int.from_bytes(operand, "little"))
        elif kind in {_ROW_END, _INNER_ROW}:
            form = replace(form, row_end=form.row_end or on)
        elif kind == _INNER_CELL:
            form = replace(form, cell_end=on)
        elif kind == _BREAK_BEFORE:
            form = replace(form, break_before=on)
        elif kind == ROW:
            form = replace(form, merges=_merges(operand))
        elif kind == _CELL_MERGE:
            form = replace(form, merges=_merged_down(form.merges, operand))
    return replace(form, depth=max(form.depth, int(in_table)))


def _merges(row: bytes) -> tuple[Merge, ...]:
    """Return how the cells of a row hang together (2.9.315, 2.9.313)."""
    count = row[2] if len(row) > 2 else 0  # noqa: PLR2004 (the operand's own size)
    first = 3 + 2 * (count + 1)
    flags = (int.from_bytes(row[at : at + 2], "little") for at in range(first, len(row), 20))
    return tuple(
        Merge.LEFT if each & 3 == 2 else Merge.ABOVE if each & 0x60 == 0x20 else Merge.NONE  # noqa: PLR2004 (bits)
        for each in flags
    )


def _merged_down(merges: tuple[Merge, ...], operand: bytes) -> tuple[Merge, ...]:
    _, index, state = (*operand, 0, 0, 0)[:3]
    kept = [*merges, *[Merge.NONE] * (index + 1 - len(merges))]
    kept[index] = Merge.ABOVE if state == 1 else Merge.NONE
    return tuple(kept)


# ── The text ─────────────────────────────────────────────────────────────────────────


@dataclass
class _Mark:
    """An editing mark, growing while the same kind of change goes on."""

    kind: str
    text: str
    end: int


@dataclass
class _Field:
    """A field that is open: what it is told to show, and then what it shows."""

    code: str = ""
    in_code: bool = True


class _Reader:
    """Reads stories into lines and tables, and gathers editing marks on the way."""

    def __init__(self, file: _File) -> None:
        self.marks: list[_Mark] = []
        self.pictures = False
        self._file = file
        self._breaks = _section_ends(file)
        positions, shapes = file.entries(_SHAPES, _SHAPE)
        self._shapes = {
            position: int.from_bytes(shape[:4], "little")
            for position, shape in zip(positions, shapes, strict=False)
        }
        self._groups = _groups(file.block(_DRAWINGS))
        self._boxes = _boxes(file, _BOXES, "boxes")

    def items(self, start: int, end: int) -> list[Item]:
        """Return lines, tables and page breaks between two positions, in their order."""
        flow, paragraph = Flow(), Paragraph()
        fields: list[_Field] = []
        for run in self._file.runs(start, end):
            face, at = _face(run.properties + run.piece.properties), 0
            for control in _CONTROL.finditer(run.text):
                self._text(run, (at, control.start()), face, paragraph, fields)
                at = control.end()
                position = run.start + control.start()
                if control[0] in _ENDS or position in self._breaks:
                    place = run.place + (position - run.start) * run.width
                    if face.deleted and control[0] == "\r":
                        continue  # it goes on with the next paragraph
                    self._end(control[0], run, place, paragraph, flow)
                    if self._breaks.get(position):
                        flow.add([Break.BY_HAND])
                    paragraph = Paragraph()
                elif control[0] in "\x13\x14\x15":
                    paragraph.pieces.append(_go_on(fields, control[0]))
                else:
                    self._special(control[0], position, face, paragraph, fields)
            self._text(run, (at, len(run.text)), face, paragraph, fields)
        if any(each.in_code for each in fields):  # it would have swallowed all that follows
            raise ParseError(Problem.DAMAGED, "field")
        flow.add(paragraph.items())
        return flow.items()

    def _text(
        self,
        run: _Run,
        span: tuple[int, int],
        face: _Face,
        paragraph: Paragraph,
        fields: list[_Field],
    ) -> None:
        text = run.text[slice(*span)]
        code = next((each for each in reversed(fields) if each.in_code), None)
        if code:
            code.code += text
        if not text or code or face.hidden:
            return
        if face.symbol is not None:
            text = face.symbol * len(text)
        if face.deleted or face.inserted:
            kind = "删除" if face.deleted else "插入"
            self._mark(kind, text, run.start + span[0])
        if not face.deleted:
            paragraph.pieces.append(text)

    def _mark(self, kind: str, text: str, start: int) -> None:
        last = self.marks[-1] if self.marks else None
        # Between two changes there may stand a paragraph's end or a field's mark.
        if last and last.kind == kind and 0 <= start - last.end <= 1:
            last.text += text
            last.end = start + len(text)
        else:
            self.marks.append(_Mark(kind=kind, text=text, end=start + len(text)))

    def _special(
        self, control: str, position: int, face: _Face, paragraph: Paragraph, fields: list[_Field]
    ) -> None:
        """Read what is not text: breaks, pictures, boxes, and ticks of a form."""
        if control == "\x0c":
            paragraph.pieces.append(control)
        elif control == "\x01" and face.data is not None:
            if fields and fields[-1].code.strip() == "FORMCHECKBOX":
                paragraph.pieces.append(_tick(self._file.data, face.data))
        elif control in "\x01\x08":
            self.pictures = True
            shape = self._shapes.get(position, 0)
            for each in (shape, *self._groups.get(shape, ())):
                box = self._boxes.pop(each, None)
                paragraph.boxes.extend(self.items(*box) if box and not face.deleted else ())
        elif control in _PLAIN and not (
            face.hidden or face.deleted or any(each.in_code for each in fields)
        ):
            paragraph.pieces.append(_PLAIN[control])

    def _end(self, control: str, run: _Run, place: int, paragraph: Paragraph, flow: Flow) -> None:
        """End a paragraph, and with it a cell or a row."""
        told = self._file.paragraphs.at(place)
        properties = self._whole(told[2:] + run.piece.properties)
        form = _form(properties)
        depth = max(form.depth, int(control == "\x07"))
        if form.row_end and depth:
            flow.end_row(depth, form.merges)
            return
        if form.break_before:
            flow.add([Break.BY_HAND], depth)
        style = int.from_bytes(told[:2], "little")
        if not _face(run.properties + run.piece.properties).hidden:
            paragraph.number = self._file.lists.number(style, list_properties(properties))
        flow.add(paragraph.items(), depth)
        if control == "\x07" or (form.cell_end and depth):
            flow.end_cell(depth)

    def _whole(self, properties: bytes) -> bytes:
        """Return a paragraph's properties; long ones are kept in the data stream (2.6.2)."""
        for kind, operand in each_property(properties):
            if kind in _ELSEWHERE:
                at = int.from_bytes(operand, "little")
                size = int.from_bytes(self._file.data[at : at + 2], "little")
                return self._file.data[at + 2 : at + 2 + size]
        return properties

    # Beside the text

    def loose_boxes(self) -> list[Item]:
        """Return what stands in boxes whose place in the text is not told."""
        return [item for box in [*self._boxes.values()] for item in self.items(*box)]

    def sides(self) -> Iterator[Block]:
        """Yield notes, headers and footers."""
        stories = self._file.stories
        yield from beside(self.items(*stories["notes"]))
        yield from beside(self.items(*stories["endnotes"]))
        positions, _ = self._file.entries(_HEADERS, 0)
        first, last = stories["headers"]
        for start, end in islice(pairwise(positions), _SEPARATORS, None):
            if start < end <= last - first:
                yield from beside(self.items(first + start, first + end))
        for start, end in _boxes(self._file, _HEADER_BOXES, "hboxes").values():
            yield from beside(self.items(start, end))

    def quote_comments(self) -> None:
        """Quote the comments that readers of the text left in it."""
        first, last = self._file.stories["comments"]
        for start, end in pairwise(self._file.entries(_COMMENTS, 0)[0]):
            if 0 <= start < end <= last - first:
                text = cell_text(self.items(first + start, first + end))
                self.marks.append(_Mark(kind="批注", text=text, end=-2))


def _go_on(fields: list[_Field], control: str) -> str:
    """Open a field, begin its result, or close it (2.8.25); return what shows without a result."""
    if control == "\x13":
        fields.append(_Field())
    elif fields and control == "\x14":
        fields[-1].in_code = False
    elif fields:
        closed = fields.pop()
        if closed.in_code and not any(each.in_code for each in fields):
            return overlaid(closed.code)
    return ""


def _section_ends(file: _File) -> dict[int, bool]:
    """Return where sections end, and whether the next one begins on a new page."""

    @cache
    def kind_at(place: int) -> int:
        size = int.from_bytes(file.word[place : place + 2], "little")
        told = dict(each_property(file.word[place + 2 : place + 2 + size]))
        return int.from_bytes(told.get(_SECTION_BREAK, b"\x02"), "little")

    positions, entries = file.entries(_SECTIONS, _SECTION)
    kinds = (kind_at(int.from_bytes(entry[2:6], "little")) for entry in entries[1:])
    return {
        position - 1: kind != _CONTINUOUS
        for position, kind in zip(positions[1:], kinds, strict=False)
    }


def _boxes(file: _File, index: int, story: str) -> dict[int, tuple[int, int]]:
    """Return the text boxes: positions of their text by the shape that holds it."""
    positions, entries = file.entries(index, _BOX)
    first, last = file.stories[story]
    return {
        int.from_bytes(entry[14:18], "little"): (first + start, min(first + end, last))
        for (start, end), entry in zip(pairwise(positions), entries, strict=True)
        if 0 <= start < end and first + start < last and not entry[8]
    }


def _groups(drawings: bytes) -> dict[int, tuple[int, ...]]:
    """Return the shapes in each group of shapes (MS-ODRAW 2.2.16)."""
    groups: dict[int, tuple[int, ...]] = {}
    for kind, start, end in _records(drawings, 0, len(drawings), gap=1):
        if kind != 0xF002:  # noqa: PLR2004 (OfficeArtDgContainer)
            continue
        for _, begin, stop in _inside(drawings, start, end, 0xF003):
            for _, first, last in _inside(drawings, begin, stop, 0xF003):
                shapes = list(_shape_ids(drawings, first, last, 0))
                groups.update({shapes[0]: tuple(shapes[1:])} if shapes else {})
    return groups


def _records(raw: bytes, at: int, end: int, gap: int = 0) -> Iterator[tuple[int, int, int]]:
    """Yield kind, start and end of drawing records; between some stands a byte more."""
    while at + 8 <= end:
        kind, size = struct.unpack_from("<HI", raw, at + 2)
        yield kind, at + 8, min(at + 8 + size, end)
        at += 8 + size
        at += gap if kind in {0xF000, 0xF002} else 0


def _inside(raw: bytes, at: int, end: int, wanted: int) -> Iterator[tuple[int, int, int]]:
    return (record for record in _records(raw, at, end) if record[0] == wanted)


def _shape_ids(raw: bytes, at: int, end: int, depth: int) -> Iterator[int]:
    for kind, start, stop in _records(raw, at, end):
        if kind == 0xF00A:  # noqa: PLR2004 (OfficeArtFSP)
            yield int.from_bytes(raw[start : start + 4], "little")
        elif kind in {0xF003, 0xF004} and depth < 8:  # noqa: PLR2004 (groups in groups)
            yield from _shape_ids(raw, start, stop, depth + 1)


def _tick(data: bytes, at: int) -> str:
    """Return the box that a form's checkbox field shows, ticked or not (2.9.78)."""
    size, head = struct.unpack_from("<IH", data, at) if at + 6 <= len(data) else (0, 0)
    field_data = data[at + head : at + size]
    if len(field_data) < 10 or field_data[4] & 3 != 1:  # noqa: PLR2004 (its head; a checkbox)
        return ""
    state = field_data[4] >> 2 & 31
    if state == 25:  # noqa: PLR2004 (left as it was by default)
        name = 10 + 2 * (int.from_bytes(field_data[10:12], "little") + 2)
        state = int.from_bytes(field_data[name : name + 2], "little")
    return TICKED if state else UNTICKED
