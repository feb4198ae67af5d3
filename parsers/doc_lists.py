"""Automatic numbers of Word 97–2003 documents: styles and list tables of the table stream.

Section numbers in docstrings are those of [MS-DOC].
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from parsers.doc_properties import each_property
from parsers.list_numbers import Counters, Level

LEVELS = 9
MOST_LISTS = 0x7FE  # the highest index of a list (2.6.2, sprmPIlfo)

_LIST, _LEVEL = 0x460B, 0x260A  # properties that name a paragraph's list and its level in it
_LSTF, _LFO, _LFOLVL, _LVLF = 28, 16, 8, 28  # bytes each
_NO_STYLE = 0x0FFF
_PARAGRAPH_STYLE = 1
_GAPS = {2: ""}
_NEITHER = 0xFF
_FORMS = {
    0: "decimal", 1: "upperRoman", 2: "lowerRoman", 3: "upperLetter", 4: "lowerLetter",
    5: "ordinal", 10: "ideographDigital", 11: "japaneseCounting", 14: "decimalFullWidth",
    17: "japaneseDigitalTenThousand", 18: "decimalEnclosedCircle", 19: "decimalFullWidth2",
    22: "decimalZero", 23: "bullet", 26: "decimalEnclosedFullstop", 27: "decimalEnclosedParen",
    28: "decimalEnclosedCircleChinese", 29: "ideographEnclosedCircle",
    30: "ideographTraditional", 31: "ideographZodiac", 32: "ideographZodiacTraditional",
    33: "taiwaneseCounting", 34: "ideographLegalTraditional", 35: "taiwaneseCountingThousand",
    36: "taiwaneseDigital", 37: "chineseCounting", 38: "chineseLegalSimplified",
    39: "chineseCountingThousand", 57: "numberInDash", _NEITHER: "none",
}  # fmt: skip
"""Formats by their numbers ([MS-OSHARED] 2.2.1.3)."""


@dataclass(frozen=True, kw_only=True)
class _List:
    """A list that paragraphs use: which one counts, its levels, where it begins anew."""

    counted: int
    levels: tuple[Level, ...]
    starts: dict[int, int]


class Lists:
    """The lists of a document, counting as its paragraphs come.

    `styles`, `lists` and `users` are the style sheet (2.9.271), the lists (2.9.191, with
    their levels behind it), and the users of lists (2.9.190). Damaged ones number nothing.
    """

    def __init__(self, styles: bytes, lists: bytes, users: bytes) -> None:
        self._counters = Counters()
        try:
            self._styles = list(_styles(styles))
            self._lists = list(_users(users, dict(_lists(lists))))
        except (struct.error, IndexError):
            self._styles, self._lists = [], []

    def number(self, style: int, own: dict[int, bytes]) -> str:
        """Return what is printed before the next paragraph: by its style and own properties."""
        used = self._of_style(style) | own
        index = int.from_bytes(used.get(_LIST, b""), "little")
        if not 0 < index <= min(len(self._lists), MOST_LISTS):
            return ""
        found = self._lists[index - 1]
        if found is None:
            return ""
        depth = int.from_bytes(used.get(_LEVEL, b""), "little")
        return self._counters.next(
            found.counted, found.levels, depth, user=index, starts=found.starts
        )

    def _of_style(self, style: int) -> dict[int, bytes]:
        """Return the list and level that a style gives, its own or those it is based on."""
        used: dict[int, bytes] = {}
        seen: set[int] = set()
        while style < len(self._styles) and style not in seen:
            seen.add(style)
            style, told = self._styles[style]
            used = told | used
        return used


def list_properties(properties: bytes) -> dict[int, bytes]:
    """Return the properties that name a paragraph's list, and its level in it."""
    return {kind: each for kind, each in each_property(properties) if kind in {_LIST, _LEVEL}}


def _styles(raw: bytes) -> Iterator[tuple[int, dict[int, bytes]]]:
    """Yield for each style the one it is based on, and what it says of lists (2.9.260)."""
    if not raw:
        return
    head, count, base = struct.unpack_from("<3H", raw)
    at = 2 + head
    for _ in range(count):
        (size,) = struct.unpack_from("<H", raw, at)
        style = raw[at + 2 : at + 2 + size]
        yield _style(style, base) if size else (_NO_STYLE, {})
        at += 2 + size + size % 2


def _style(style: bytes, base: int) -> tuple[int, dict[int, bytes]]:
    (kind,) = struct.unpack_from("<H", style, 2)
    if kind & 0xF != _PARAGRAPH_STYLE:
        return _NO_STYLE, {}
    (name,) = struct.unpack_from("<H", style, base)
    at = base + 2 + 2 * name + 2
    (size,) = struct.unpack_from("<H", style, at)
    return kind >> 4, list_properties(style[at + 4 : at + 2 + size])


def _lists(raw: bytes) -> Iterator[tuple[int, tuple[Level, ...]]]:
    """Yield lists by their numbers; the levels of all stand behind the last one."""
    if not raw:
        return
    (count,) = struct.unpack_from("<H", raw)
    at = 2 + count * _LSTF
    for index in range(count):
        head = 2 + index * _LSTF
        (number,) = struct.unpack_from("<i", raw, head)
        levels = []
        for _ in range(1 if raw[head + 26] & 1 else LEVELS):
            level, at = _level(raw, at)
            levels.append(level)
        yield number, tuple(levels)


def _level(raw: bytes, at: int) -> tuple[Level, int]:
    """Return a level, and where it ends (2.9.150, 2.9.149)."""
    start, form, flags = struct.unpack_from("<iBB", raw, at)
    places, follow = raw[at + 6 : at + 6 + LEVELS], raw[at + 15]
    characters, paragraph, limit = raw[at + 24], raw[at + 25], raw[at + 26]
    at += _LVLF + characters + paragraph
    (length,) = struct.unpack_from("<H", raw, at)
    text = raw[at + 2 : at + 2 + 2 * length].decode("utf-16-le", errors="replace")
    shown = {place - 1 for place in places if place}
    level = Level(
        form=_FORMS.get(form, "decimal"),
        text="".join(sign for index, sign in enumerate(text) if sign >= " " or index in shown),
        start=start,
        restart=limit if flags & 8 else None,
        legal=bool(flags & 4),
        gap=_GAPS.get(follow, " "),
    )
    return level, at + 2 + 2 * length


def _users(raw: bytes, lists: dict[int, tuple[Level, ...]]) -> Iterator[_List | None]:
    """Yield what paragraphs name by its index: a list, and how it differs (2.9.131, 2.9.132)."""
    if not raw:
        return
    (count,) = struct.unpack_from("<I", raw)
    count = min(count, MOST_LISTS)
    at = 4 + count * _LFO
    for index in range(count):
        number, overrides = struct.unpack_from("<i8xB", raw, 4 + index * _LFO)
        at += 4
        levels, starts = list(lists.get(number, ())), dict[int, int]()
        for _ in range(overrides):
            start, flags = struct.unpack_from("<iB", raw, at)
            depth = flags & 0xF
            at += _LFOLVL
            if flags & 0x20:
                level, at = _level(raw, at)
                levels[depth : depth + 1] = [level]
                start = level.start
            if flags & 0x10:
                starts[depth] = start
        yield _List(counted=number, levels=tuple(levels), starts=starts) if levels else None
