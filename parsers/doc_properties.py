"""Properties of text in Word 97–2003 documents, as they are kept one behind the other."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

ROW: Final = 0xD608
_TABS = 0xC615
_SIZES = (1, 1, 2, 4, 2, 2, 0, 3)


def each_property(properties: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield single properties with their operands ([MS-DOC] 2.2.5.1)."""
    at = 0
    while at + 3 <= len(properties):
        (kind,) = struct.unpack_from("<H", properties, at)
        at += 2
        if not kind:  # filling
            return
        size = _SIZES[kind >> 13]
        if kind == ROW:
            size = 1 + int.from_bytes(properties[at : at + 2], "little")
        elif kind == _TABS and properties[at] == 0xFF:  # noqa: PLR2004 (it has its own counts)
            return
        elif not size:
            size = 1 + properties[at]
        yield kind, properties[at : at + size]
        at += size
