"""Word 97 files for the tests, written byte by byte: pieces and properties."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ingest.samples.ole_file import ole

__all__ = [
    "DELETED",
    "HIDDEN",
    "INSERTED",
    "IN_TABLE",
    "ROW_END",
    "Look",
    "Piece",
    "deep",
    "ole",
    "row_of",
    "word",
]  # fmt: skip

_SECTOR = 512
_TEXT_AT = 2048
_PLACES = 154

IN_TABLE = struct.pack("<HB", 0x2416, 1)
ROW_END = IN_TABLE + struct.pack("<HB", 0x2417, 1)
DELETED = struct.pack("<HB", 0x0800, 1)
INSERTED = struct.pack("<HB", 0x0801, 1)
HIDDEN = struct.pack("<HB", 0x083C, 1)


def deep(depth: int, *, cell: bool = False, row: bool = False) -> bytes:
    """Return the properties of a paragraph in a table inside a table."""
    ends = (struct.pack("<HB", kind, 1) for kind, on in ((0x244B, cell), (0x244C, row)) if on)
    return IN_TABLE + struct.pack("<HI", 0x6649, depth) + b"".join(ends)


def row_of(*flags: int) -> bytes:
    """Return the properties of a row's end with the flags of its cells."""
    cells = b"".join(struct.pack("<H18x", each) for each in flags)
    edges = struct.pack(f"<{len(flags) + 1}h", *range(len(flags) + 1))
    row = bytes([len(flags)]) + edges + cells
    return ROW_END + struct.pack("<HH", 0xD608, len(row) + 1) + row


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A piece of text, one byte a character or two; `change` is what the piece table adds."""

    text: str
    narrow: bool = False
    change: int = 0


@dataclass(frozen=True, kw_only=True)
class Look:
    """Properties of a stretch of the text, by character positions."""

    start: int
    end: int
    properties: bytes


def word(
    *pieces: Piece,
    paragraphs: Sequence[Look] = (),
    characters: Sequence[Look] = (),
    counts: Sequence[int] = (),
    tables: Mapping[int, bytes] | None = None,
    flags: int = 0,
    written_by: int = 0xA5EC,
    version: int = 0xC1,
) -> dict[str, bytes]:
    """Return the streams of a document.

    `counts` are the lengths of its stories, the text alone unless given; `tables` are put
    into the table stream by their index in the information block.
    """
    body, places = bytearray(), list[tuple[int, int, int]]()
    for piece in reversed(pieces):  # the order in the file is not that of the document
        body += b"\0" * (len(body) % 2)
        places.insert(0, (_TEXT_AT + len(body), 1 if piece.narrow else 2, len(piece.text)))
        body += piece.text.encode(
            *(("cp1252",) if piece.narrow else ("utf-16-le", "surrogatepass"))
        )
    ends = [0]
    for _, _, length in places:
        ends.append(ends[-1] + length)
    position = ends[-1]

    def place(at: int) -> int:
        index = max(i for i in range(len(places)) if ends[i] <= at)
        start, width, _ = places[index]
        return start + (at - ends[index]) * width

    entries = b"".join(
        struct.pack("<HIH", 0, start * 2 | 0x40000000 if width == 1 else start, piece.change)
        for (start, width, _), piece in zip(places, pieces, strict=True)
    )
    table = struct.pack(f"<{len(ends)}i", *ends) + entries
    text = bytes(_TEXT_AT) + bytes(body)
    text += bytes(-len(text) % _SECTOR)
    blocks = {33: b"\x02" + struct.pack("<I", len(table)) + table, **(tables or {})}
    for index, looks, page in (
        (13, paragraphs, _paragraph_page),
        (12, characters, _character_page),
    ):
        if looks:
            spans = [
                (place(each.start), place(each.end - 1) + _width_at(places, ends, each.start))
                for each in looks
            ]
            number = len(text) // _SECTOR
            blocks[index] = struct.pack("<iiI", 0, 1 << 30, number)
            text += page(spans, [each.properties for each in looks])
    stream, pairs = b"", dict[int, tuple[int, int]]()
    for index, block in blocks.items():
        pairs[index] = (len(stream), len(block))
        stream += block
    head = bytearray(text[:_TEXT_AT])
    struct.pack_into("<HH", head, 0, written_by, version)
    struct.pack_into("<H", head, 10, flags)
    stories = [*(counts or [position]), *[0] * 8][:8]
    struct.pack_into("<8i", head, 76, *stories)
    for index, pair in pairs.items():
        struct.pack_into("<II", head, _PLACES + 8 * index, *pair)
    name = "1Table" if flags & 0x0200 else "0Table"
    return {"WordDocument": bytes(head) + text[_TEXT_AT:], name: stream}


def _width_at(places: Sequence[tuple[int, int, int]], ends: Sequence[int], at: int) -> int:
    """Return how many bytes a character at a position takes."""
    return places[max(i for i in range(len(places)) if ends[i] <= at)][1]


def _character_page(spans: Sequence[tuple[int, int]], properties: Sequence[bytes]) -> bytes:
    return _page(spans, [bytes([len(each)]) + each for each in properties], size=1)


def _paragraph_page(spans: Sequence[tuple[int, int]], properties: Sequence[bytes]) -> bytes:
    held = []
    for each in properties:
        style = b"\0\0" + each
        style += bytes(len(style) % 2)
        held.append(b"\0" + bytes([len(style) // 2]) + style)
    return _page(spans, held, size=13)


def _page(spans: Sequence[tuple[int, int]], held: Sequence[bytes], *, size: int) -> bytes:
    """Return a page of properties; gaps between the spans have none."""
    edges = sorted({edge for span in spans for edge in span})
    by_start = {start: each for (start, _), each in zip(spans, held, strict=True)}
    page, at = bytearray(_SECTOR), _SECTOR - 1
    struct.pack_into(f"<{len(edges)}I", page, 0, *edges)
    page[-1] = len(edges) - 1
    for index, start in enumerate(edges[:-1]):
        if start in by_start:
            at = (at - len(by_start[start])) & ~1
            page[at : at + len(by_start[start])] = by_start[start]
            page[4 * len(edges) + index * size] = at // 2
    return bytes(page)
