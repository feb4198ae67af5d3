"""Drafts as Word 97–2003 files, as most applicants send them; numbers are those of [MS-DOC]."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from ingest.samples.draft import Cell, Draft, PageBreak, Paragraph, Table
from ingest.samples.ole_file import ole

_SECTOR, _TEXT_AT, _PLACES = 512, 1024, 154
_CHINESE = 0x0804
_STYLES, _SECTIONS, _CHARACTERS, _PARAGRAPHS, _FONTS, _PIECES = 1, 6, 12, 13, 15, 33
_PLACES_COUNT = 93
_WIDTH = 8845  # of the text between the margins, in twentieths of a point
_IN_TABLE = struct.pack("<HB", 0x2416, 1)
_ROW_END = _IN_TABLE + struct.pack("<HB", 0x2417, 1)
_PAGE_BREAK = struct.pack("<HB", 0x2407, 1)
_CENTRED = struct.pack("<HB", 0x2403, 1)
_RUN, _ROW = 13, 0xD608
_MERGED, _BEGINS_MERGED = 0x20, 0x60


@dataclass(frozen=True, kw_only=True)
class _Stretch:
    """Text up to the end of a paragraph, a cell or a row, with its properties."""

    text: str
    properties: bytes = b""


def as_doc(draft: Draft) -> bytes:
    """Return the draft as a Word 97–2003 file with real tables."""
    stretches = list(_stretches(draft))
    text = "".join(each.text for each in stretches).encode("utf-16-le")
    ends = accumulate((2 * len(each.text) for each in stretches), initial=_TEXT_AT)
    body = bytes(_TEXT_AT) + text
    body += bytes(-len(body) % _SECTOR)
    pages, places = _paragraph_pages(list(ends), [each.properties for each in stretches])
    numbers = range(len(body) // _SECTOR, len(body) // _SECTOR + len(pages))
    whole = struct.pack("<II", _TEXT_AT, _TEXT_AT + len(text))
    characters = whole + bytes(_SECTOR - len(whole) - 1) + b"\x01"
    length = len(text) // 2
    tables = {
        _STYLES: _style_sheet(),
        _SECTIONS: struct.pack("<IIHIHI", 0, length, 0, 0xFFFFFFFF, 0, 0xFFFFFFFF),
        _CHARACTERS: whole + struct.pack("<I", numbers.stop),
        _PARAGRAPHS: struct.pack(f"<{len(places)}I{len(pages)}I", *places, *numbers),
        _FONTS: _fonts(),
        _PIECES: struct.pack("<BIIIHIH", 2, 16, 0, length, 0, _TEXT_AT, 0),
    }
    body += b"".join(pages) + characters
    table, pairs = b"", dict[int, tuple[int, int]]()
    for index, block in tables.items():
        pairs[index] = (len(table), len(block))
        table += block + bytes(len(block) % 2)
    return ole({"WordDocument": _head(len(body), length, pairs) + body[_TEXT_AT:], "1Table": table})


# ── Text and properties ──────────────────────────────────────────────────────────────


def _stretches(draft: Draft) -> Iterator[_Stretch]:
    breaks = False
    for block in draft.blocks():
        match block:
            case Paragraph():
                properties = _CENTRED if block.look in {"title", "centred"} else b""
                properties += _PAGE_BREAK if breaks else b""
                yield _Stretch(text=_line(block.text) + "\r", properties=properties)
            case Table():
                yield from _table(block)
        breaks = isinstance(block, PageBreak)
    yield _Stretch(text="\r")


def _line(text: str) -> str:
    return text.replace("\n", "\x0b")


def _table(table: Table) -> Iterator[_Stretch]:
    rows: list[list[tuple[int, Cell, int]]] = [[] for _ in table.rows]
    for number, column, cell in table.placed():
        rows[number].append((column, cell, _BEGINS_MERGED if cell.down > 1 else 0))
        for below in range(number + 1, number + cell.down):
            rows[below].append((column, Cell(text="", across=cell.across), _MERGED))
    edges = [round(_WIDTH * share) for share in accumulate(table.widths, initial=0.0)]
    for row in rows:
        row.sort(key=lambda each: each[0])
        for _, cell, _ in row:
            yield _Stretch(text=_line(cell.text) + "\x07", properties=_IN_TABLE)
        ends = [edges[column] for column, _, _ in row] + [edges[-1]]
        yield _Stretch(text="\x07", properties=_ROW_END + _row(ends, [flags for *_, flags in row]))


def _row(edges: Sequence[int], flags: Sequence[int]) -> bytes:
    """Return where a row's cells stand, and how each hangs together with others (2.9.315)."""
    cells = b"".join(struct.pack("<H18x", each) for each in flags)
    row = bytes([len(flags)]) + struct.pack(f"<{len(edges)}h", *edges) + cells
    return struct.pack("<HH", _ROW, len(row) + 1) + row


def _paragraph_pages(
    ends: Sequence[int], properties: Sequence[bytes]
) -> tuple[list[bytes], list[int]]:
    """Return pages of paragraph properties, and where the text of each begins (2.9.175)."""
    pages, begins, first = list[bytes](), [ends[0]], 0
    while first < len(properties):
        held, room, last = list[bytes](), _SECTOR - 1 - 4, first
        while last < len(properties):
            style = b"\0\0" + properties[last]
            style += bytes(len(style) % 2)
            kept = b"\0" + bytes([len(style) // 2]) + style
            room -= 4 + _RUN + len(kept)
            if room < 0:
                break
            held.append(kept)
            last += 1
        pages.append(_page(ends[first : last + 1], held))
        begins.append(ends[last])
        first = last
    return pages, begins


def _page(ends: Sequence[int], held: Sequence[bytes]) -> bytes:
    page, at = bytearray(_SECTOR), _SECTOR - 1
    struct.pack_into(f"<{len(ends)}I", page, 0, *ends)
    page[-1] = len(held)
    for index, each in enumerate(held):
        at = (at - len(each)) & ~1
        page[at : at + len(each)] = each
        page[4 * len(ends) + index * _RUN] = at // 2
    return bytes(page)


# ── Tables that every file has ───────────────────────────────────────────────────────


def _style_sheet() -> bytes:
    """Return a style sheet of one style, the normal one (2.9.271)."""
    head = struct.pack("<9H", 1, 10, 1, 0x0FFF, 15, 0, 0, 0, 0)
    name = "Normal"
    style = struct.pack("<5H", 0, 0xFFF1, 2, 0, 0)
    style += struct.pack("<H", len(name)) + name.encode("utf-16-le") + bytes(2)
    style += struct.pack("<HHH", 2, 0, 0)  # its paragraph properties and its characters' ones
    style = style[:6] + struct.pack("<H", len(style)) + style[8:]
    return struct.pack("<H", len(head)) + head + struct.pack("<H", len(style)) + style


def _fonts() -> bytes:
    """Return a table of one font (2.9.286, 2.9.86)."""
    name = "宋体".encode("utf-16-le") + bytes(2)
    font = struct.pack("<BHBB", 0x16, 400, 0x86, 0) + bytes(34) + name
    return struct.pack("<HHB", 1, 0, len(font)) + font


def _head(size: int, length: int, pairs: dict[int, tuple[int, int]]) -> bytes:
    """Return the file information block (2.5.1)."""
    head = bytearray(_TEXT_AT)
    struct.pack_into("<5H", head, 0, 0xA5EC, 0xC1, 0, _CHINESE, 0)
    struct.pack_into("<HH", head, 10, 0x1200, 0xBF)  # tables in 1Table, Unicode
    struct.pack_into("<II", head, 24, _TEXT_AT, _TEXT_AT + 2 * length)
    struct.pack_into("<H", head, 32, 14)
    struct.pack_into("<H", head, 60, _CHINESE)
    struct.pack_into("<HI", head, 62, 22, size)
    struct.pack_into("<i", head, 76, length)
    struct.pack_into("<H", head, 152, _PLACES_COUNT)
    for index, pair in pairs.items():
        struct.pack_into("<II", head, _PLACES + 8 * index, *pair)
    return bytes(head)
