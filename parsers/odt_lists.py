"""Automatic numbers of OpenDocument texts (ODF 1.3, part 3, 5.3 and 16.30): lists and headings."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import count

from lxml import etree

from parsers.list_numbers import Counters, Level
from parsers.markup import child_of, name_of, number_of, value_of

LEVELS = 10
_OUTLINE = "outline"
_PLACE = re.compile(r"%(10|[1-9])%")
_GAPS = {"nothing": ""}
_FORMS = {
    "1": "decimal", "a": "lowerLetter", "A": "upperLetter", "i": "lowerRoman", "I": "upperRoman",
    "": "none", "一": "chineseCountingThousand", "壹": "chineseLegalSimplified",
    "①": "decimalEnclosedCircle", "甲": "ideographTraditional", "子": "ideographZodiac",
    "１": "decimalFullWidth", "01": "decimalZero", "1st": "ordinal",
}  # fmt: skip
"""Formats by the first number that ODF writes to show them: `一, 二, 三, ...`."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a paragraph stands in a list: whose numbers it goes on with, and how deep."""

    counted: int
    style: str
    depth: int = 0
    start: int | None = None


class Lists:
    """The lists of a text, counting as its paragraphs come."""

    def __init__(self, *parts: etree._Element) -> None:
        self._styles = {
            value_of(each, "name") if name_of(each) == "list-style" else _OUTLINE: _levels(each)
            for part in parts
            for each in part.iter()
            if name_of(each) in {"list-style", "outline-style"}
        }
        self._counters = Counters()
        self._numbers = count(1)
        self._by_id: dict[str, int] = {}
        self._last: dict[str, int] = {}

    def place(self, element: etree._Element, outer: Place | None) -> Place:
        """Return the place of what stands in a list, which itself may stand in one."""
        style = value_of(element, "style-name")
        if outer:
            return replace(outer, style=style or outer.style, depth=outer.depth + 1, start=None)
        told, goes_on = value_of(element, "continue-list"), value_of(element, "continue-numbering")
        earlier = self._by_id.get(told) if told else None
        if earlier is None and goes_on == "true":
            earlier = self._last.get(style)
        counted = next(self._numbers) if earlier is None else earlier
        self._by_id[value_of(element, "id")] = self._last[style] = counted
        return Place(counted=counted, style=style)

    def number(self, place: Place) -> str:
        """Return what is printed before the next paragraph, which begins an item there."""
        levels = self._styles.get(place.style, ())
        starts = {} if place.start is None else {place.depth: place.start}
        return self._counters.next(
            place.counted, levels, place.depth, user=next(self._numbers), starts=starts
        )

    def outline(self, heading: etree._Element) -> str:
        """Return what is printed before the next heading, which stands in no list."""
        depth = (number_of(heading, "outline-level") or 1) - 1
        return self.number(Place(counted=0, style=_OUTLINE, depth=max(depth, 0)))


def _levels(style: etree._Element) -> tuple[Level, ...]:
    told: dict[int, Level] = {}
    for each in style:
        depth = number_of(each, "level")
        if depth is not None and 0 < depth <= LEVELS:
            told[depth - 1] = _level(each, depth)
    return tuple(told.get(depth, Level(form="none")) for depth in range(LEVELS))


def _level(element: etree._Element, depth: int) -> Level:
    if name_of(element) in {"list-level-style-bullet", "list-level-style-image"}:
        return Level(form="bullet", text=value_of(element, "bullet-char"))
    shown = value_of(element, "num-format").partition(",")[0]
    form = _FORMS.get(shown, "decimal")
    alignment = child_of(element, "list-level-properties", "list-level-label-alignment")
    start = number_of(element, "start-value")
    return Level(
        form=form,
        text=_text(element, depth) if form != "none" or value_of(element, "num-prefix") else "",
        start=1 if start is None else start,
        gap=_GAPS.get(value_of(alignment, "label-followed-by"), " "),
    )


def _text(element: etree._Element, depth: int) -> str:
    """Return what is printed, with signs for the numbers of the levels."""
    told = value_of(element, "num-list-format")
    if told:
        return _PLACE.sub(lambda place: chr(int(place[1]) - 1), told)
    shown = number_of(element, "display-levels") or 1
    signs: Iterable[str] = (chr(at) for at in range(max(depth - shown, 0), depth))
    return value_of(element, "num-prefix") + ".".join(signs) + value_of(element, "num-suffix")
