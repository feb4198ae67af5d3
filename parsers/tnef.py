"""winmail.dat: the attachments that Outlook packs into one file (MS-OXTNEF).

Read by ourselves: tnefparse 1.4 loops for minutes on a forged count, cuts zeros off the end
of attachments, and refuses names that are not in the code page told.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace

from parsers.charsets import codec_of, decode_text
from parsers.errors import ParseError
from parsers.shelf import BLOCK, Entry, Shelf, failed, safe_path
from parsers.submission import Problem
from parsers.unpack import Archive

_MARK = b"\x78\x9f\x3e\x22"
_START = 6  # the mark, and a key of no use
_CODE_PAGE, _RENDERING, _TITLE, _DATA, _PROPERTIES = 0x9007, 0x9002, 0x8010, 0x800F, 0x9005
_NAMED = 0x8000
_NAME_SET = 16  # bytes of the id of the set that a named property belongs to
_SEVERAL = 0x1000
_LONG_NAME, _CONTENT = 0x3707, 0x3701
_UNICODE, _OBJECT = 0x1F, 0x0D
# Bytes of a property's value, by its type, with the padding to four.
_SIZES = {
    **dict.fromkeys((0x02, 0x03, 0x04, 0x0A, 0x0B), 4),
    **dict.fromkeys((0x05, 0x06, 0x07, 0x14, 0x40), 8),
    0x48: 16,
}
_INTERFACE = 16  # an object begins with the id of its interface; a message goes on as TNEF


@dataclass(frozen=True, kw_only=True)
class _Attachment:
    title: bytes = b""
    long_name: str = ""
    content: memoryview = field(default_factory=lambda: memoryview(b""))


def open_tnef(archive: Archive, shelf: Shelf) -> Iterator[Entry]:
    """Take the attachments out of a winmail.dat. Raises ParseError as `unpack` does."""
    raw = archive.path.read_bytes()
    if not raw.startswith(_MARK) or len(raw) <= _START:
        raise ParseError(Problem.DAMAGED, "no TNEF")
    for attachment in _attachments(memoryview(raw)):
        shelf.budget.take_file()
        told = attachment.long_name or decode_text(attachment.title.partition(b"\0")[0])
        name, content = safe_path(told), attachment.content
        try:
            stored = shelf.put(
                bytes(content[at : at + BLOCK]) for at in range(0, len(content), BLOCK)
            )
            yield Entry(name=name, size=stored.size, stored=stored)
        except ParseError as error:
            yield failed(name, len(content), error)


def _attachments(raw: memoryview) -> Iterator[_Attachment]:
    """Gather the attributes of each attachment, which begin with its place in the text."""
    found: _Attachment | None = None
    charset = ""
    for kind, value in _attributes(raw):
        if kind == _CODE_PAGE:
            charset = f"cp{struct.unpack_from('<I', value)[0]}"
        elif kind == _RENDERING:
            if found is not None:
                yield found
            found = _Attachment()
        elif found is not None and kind == _TITLE:
            found = replace(found, title=bytes(value))
        elif found is not None and kind == _DATA:
            found = replace(found, content=value)
        elif found is not None and kind == _PROPERTIES:
            found = _with_properties(found, value, charset)
    if found is not None:
        yield found


def _attributes(raw: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Yield id and value of each attribute: a level, an id, a type, a length, and a checksum."""
    at = _START
    while at < len(raw):
        _, kind, _, size = struct.unpack_from("<BHHI", raw, at)
        at += 9
        if at + size > len(raw):
            raise ParseError(Problem.DAMAGED, "it breaks off")
        yield kind, raw[at : at + size]
        at += size + 2


def _with_properties(found: _Attachment, value: memoryview, charset: str) -> _Attachment:
    with suppress(ParseError, struct.error):  # the title and the bytes stand elsewhere too
        for prop, kind, data in _properties(value):
            if prop == _LONG_NAME:
                codec = "utf-16-le" if kind == _UNICODE else codec_of(charset)
                text = decode_text(bytes(data), codec)
                found = replace(found, long_name=text.partition("\0")[0])
            elif prop == _CONTENT:
                found = replace(found, content=data[_INTERFACE:] if kind == _OBJECT else data)
    return found


def _properties(value: memoryview) -> Iterator[tuple[int, int, memoryview]]:
    """Yield id, type and first value of each property of a list (MS-OXTNEF 2.1.3.4)."""
    reader = _Reader(value)
    for _ in range(reader.number()):
        kind, prop = reader.number("<H"), reader.number("<H")
        if prop >= _NAMED:
            reader.take(_NAME_SET)
            has_text = reader.number()
            reader.take(reader.number() if has_text else 4)
        size = _SIZES.get(kind & ~_SEVERAL)
        count = reader.number() if size is None or kind & _SEVERAL else 1
        values = [reader.take(reader.number() if size is None else size) for _ in range(count)]
        if values:
            yield prop, kind, values[0]


class _Reader:
    """Reads fields one after the other; each ends on a multiple of four bytes."""

    def __init__(self, data: memoryview) -> None:
        self._data = data
        self._at = 0

    def number(self, form: str = "<I") -> int:
        """Read a number. Raises struct.error at the end."""
        number = struct.unpack_from(form, self._data, self._at)[0]
        self._at += struct.calcsize(form)
        return int(number)

    def take(self, size: int) -> memoryview:
        """Read bytes and the padding behind them. Raises ParseError where they are not there."""
        start, self._at = self._at, self._at + size + -size % 4
        if start + size > len(self._data):
            raise ParseError(Problem.DAMAGED, "it breaks off")
        return self._data[start : start + size]
