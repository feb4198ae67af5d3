"""OLE2 files (MS-CFB), the container of the older office formats."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

_SECTOR = 512
_END, _FREE, _FAT = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD
_SMALLEST = 4096  # smaller streams lie elsewhere in the file


def ole(streams: Mapping[str, bytes]) -> bytes:
    """Return an OLE2 file (MS-CFB) with these streams; `a/b` is the stream b in the storage a.

    Streams under 4096 bytes are filled up with zeros.
    """
    body, chains, entries = bytearray(), list[int](), list[tuple[str, int, int]]()
    for name, stream in streams.items():
        padded = stream.ljust(_SMALLEST, b"\0")
        padded += bytes(-len(padded) % _SECTOR)
        entries.append((name, len(chains), max(len(stream), _SMALLEST)))
        chains += _chain(len(chains), len(padded) // _SECTOR)
        body += padded
    directory = _directory(entries)
    first = len(chains)
    chains += _chain(first, len(directory) // _SECTOR)
    fats = 1
    while fats * 128 < len(chains) + fats:
        fats += 1
    numbers = range(len(chains), len(chains) + fats)
    table = [*chains, *[_FAT] * fats]
    table += [_FREE] * (fats * 128 - len(table))
    header = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(16)
    header += struct.pack("<5H6x", 0x3E, 3, 0xFFFE, 9, 6)
    header += struct.pack("<IIIIIIIII", 0, fats, first, 0, _SMALLEST, _END, 0, _END, 0)
    header += struct.pack("<109I", *numbers, *[_FREE] * (109 - fats))
    return header + bytes(body) + directory + struct.pack(f"<{len(table)}I", *table)


def _chain(first: int, count: int) -> list[int]:
    return [*range(first + 1, first + count), _END]


def _directory(entries: Sequence[tuple[str, int, int]]) -> bytes:
    places = {"": (_END, 0)}  # the root, then each storage before what is in it
    for name, start, size in entries:
        above = name.split("/")
        for depth in range(1, len(above)):
            places.setdefault("/".join(above[:depth]), (0, 0))
        places[name] = (start, size)
    paths = list(places)
    streams = {name for name, _, _ in entries}
    raw = b"".join(
        _entry(
            path.rpartition("/")[2] or "Root Entry",
            kind=5 if not path else 2 if path in streams else 1,
            child=next((at for at, each in enumerate(paths) if at and _above(each) == path), _FREE),
            after=next(
                (at for at, each in enumerate(paths) if at > here and _beside(each, path)), _FREE
            ),
            start=places[path][0],
            size=places[path][1],
        )
        for here, path in enumerate(paths)
    )
    return raw + bytes(-len(raw) % _SECTOR)


def _above(path: str) -> str:
    return path.rpartition("/")[0]


def _beside(path: str, other: str) -> bool:
    return bool(other) and _above(path) == _above(other)


def _entry(
    name: str, *, kind: int, start: int, size: int, after: int = _FREE, child: int = _FREE
) -> bytes:
    encoded = name.encode("utf-16-le")
    return (
        encoded.ljust(64, b"\0")
        + struct.pack("<HBB", len(encoded) + 2, kind, 1)
        + struct.pack("<III", _FREE, after, child)
        + bytes(36)
        + struct.pack("<IQ", start, size)
    )
