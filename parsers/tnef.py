"""winmail.dat: the text and the attachments that Outlook packs into one file (MS-OXTNEF).

Read by ourselves: tnefparse 1.4 loops for minutes on a forged count, cuts zeros off the end
of attachments, and refuses names that are not in the code page told.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from parsers import outlook
from parsers.errors import ParseError
from parsers.outlook import Attachment, OutlookMail, Properties, attachment_of
from parsers.submission import Problem

_MARK = b"\x78\x9f\x3e\x22"
_START = 6  # the mark, and a key of no use
_CODE_PAGE, _SUBJECT, _BODY, _MESSAGE = 0x9007, 0x8004, 0x800C, 0x9003
_RENDERING, _TITLE, _DATA, _PROPERTIES = 0x9002, 0x8010, 0x800F, 0x9005
# Attributes that say the same as a property.
_SAME = {
    _SUBJECT: outlook.SUBJECT,
    _BODY: outlook.BODY,
    _TITLE: outlook.SHORT_NAME,
    _DATA: outlook.CONTENT,
}
_NAMED = 0x8000
_NAME_SET = 16  # bytes of the id of the set that a named property belongs to
_SEVERAL = 0x1000
# Bytes of a property's value, by its type, with the padding to four.
_SIZES = {
    **dict.fromkeys((0x02, 0x03, 0x04, 0x0A, 0x0B), 4),
    **dict.fromkeys((0x05, 0x06, 0x07, 0x14, 0x40), 8),
    0x48: 16,
}
_INTERFACE = 16  # an object begins with the id of its interface; a message goes on as TNEF
_Values = dict[int, tuple[int, bytes]]


@contextmanager
def open_tnef(path: Path) -> Iterator[OutlookMail]:
    """Open a winmail.dat as the mail that is in it; the mails attached to that are TNEF again.

    Raises ParseError when it is damaged, its attachments when it breaks off further on.
    """
    raw = path.read_bytes()
    if not raw.startswith(_MARK) or len(raw) <= _START:
        raise ParseError(Problem.DAMAGED, "no TNEF")
    yield read_tnef(raw)


def read_tnef(raw: bytes) -> OutlookMail:
    """Read a winmail.dat that lies in memory."""
    values: _Values = {}
    page = 0
    with suppress(ParseError, struct.error):  # told by the attachments, which break off as well
        for kind, value in _attributes(memoryview(raw)):
            if kind == _CODE_PAGE:
                page = struct.unpack_from("<I", value)[0]
            elif kind == _RENDERING:
                break
            else:
                _take(values, kind, value, _MESSAGE)
    found = Properties(values=values, code_page=page)
    return OutlookMail.of(found, partial(_attachments, memoryview(raw), page))


def _attachments(raw: memoryview, page: int) -> Iterator[Attachment]:
    """Gather the attributes of each attachment, which begin with its place in the text."""
    values: _Values | None = None
    for kind, value in _attributes(raw):
        if kind == _RENDERING:
            if values is not None:
                yield attachment_of(Properties(values=values, code_page=page))
            values = {}
        elif values is not None:
            _take(values, kind, value, _PROPERTIES)
    if values is not None:
        yield attachment_of(Properties(values=values, code_page=page))


def _take(values: _Values, kind: int, value: memoryview, listed: int) -> None:
    """Keep what an attribute tells: one property, or a list of them."""
    if kind in _SAME:
        values.setdefault(_SAME[kind], (outlook.NARROW, bytes(value)))
    elif kind == listed:
        with suppress(ParseError, struct.error):  # the most of it stands elsewhere too
            for prop, form, data in _properties(value):
                is_object = form == outlook.OBJECT
                values[prop] = (form, bytes(data[_INTERFACE:] if is_object else data))


def _attributes(raw: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Yield id and value of each attribute: a level, an id, a type, a length, and a checksum."""
    at = _START
    while at < len(raw):
        try:
            _, kind, _, size = struct.unpack_from("<BHHI", raw, at)
        except struct.error as error:
            raise ParseError(Problem.DAMAGED, "it breaks off") from error
        at += 9
        if at + size > len(raw):
            raise ParseError(Problem.DAMAGED, "it breaks off")
        yield kind, raw[at : at + size]
        at += size + 2


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
