"""Automatic numbers of Word documents in XML (ISO/IEC 29500-1, 17.9): styles and lists."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from lxml import etree

from parsers.list_numbers import Counters, Level
from parsers.markup import child_of, children_of, is_on, number_of, value_of

MOST_LEVELS = 9

_PLACE = re.compile("%([1-9])")
_GAPS = {"nothing": "", "space": " ", "tab": " ", "": " "}


@dataclass(frozen=True, kw_only=True)
class _List:
    """A list that paragraphs use: which one counts, its levels, where it begins anew."""

    counted: str
    levels: tuple[Level, ...]
    starts: dict[int, int]
    styles: tuple[str, ...]
    """The paragraph style of each level."""


class Lists:
    """The lists of a document, counting as its paragraphs come."""

    def __init__(
        self, numbering: etree._Element | None = None, styles: etree._Element | None = None
    ) -> None:
        self._numbering, self._styles = numbering, styles
        self._lists: dict[str, _List | None] = {}
        self._counters = Counters()

    def number(self, properties: etree._Element | None) -> str:
        """Return what is printed before the next paragraph, which has these properties."""
        literal = child_of(properties, "listPr", "t")  # Word 2003 keeps it beside the list
        if literal is not None:
            return value_of(literal).strip() + " "
        used = self._used(properties)
        if used is None:
            return ""
        number, depth = used
        if number not in self._lists:
            self._lists[number] = self._list(number)
        found = self._lists[number]
        if found is None:
            return ""
        if isinstance(depth, str):
            depth = found.styles.index(depth) if depth in found.styles else 0
        return self._counters.next(
            found.counted, found.levels, depth, user=number, starts=found.starts
        )

    def _used(self, properties: etree._Element | None) -> tuple[str, int | str] | None:
        """Return a paragraph's list, and its level or the style that tells the level."""
        own = child_of(properties, "numPr")
        number, depth = value_of(child_of(own, "numId")), number_of(child_of(own, "ilvl"))
        style = value_of(child_of(properties, "pStyle")) or self._default_style
        inherited: int | str = 0
        if not number or depth is None:
            for each in self._ancestry(style):
                told = child_of(each, "pPr", "numPr")
                if told is not None and value_of(child_of(told, "numId")):
                    number = number or value_of(child_of(told, "numId"))
                    inherited = number_of(child_of(told, "ilvl")) or value_of(each, "styleId")
                    break
        if number in {"", "0"}:
            return None
        return number, inherited if depth is None else max(depth, 0)

    # Styles

    @cached_property
    def _by_id(self) -> dict[str, etree._Element]:
        return {value_of(each, "styleId"): each for each in children_of(self._styles, "style")}

    @cached_property
    def _default_style(self) -> str:
        return next(
            (
                name
                for name, each in self._by_id.items()
                if value_of(each, "type") == "paragraph"
                and value_of(each, "default") in {"1", "true", "on"}
            ),
            "",
        )

    def _ancestry(self, style: str) -> Iterator[etree._Element]:
        """Yield a style and those that it is based on."""
        seen: set[str] = set()
        while style in self._by_id and style not in seen:
            seen.add(style)
            yield self._by_id[style]
            style = value_of(child_of(self._by_id[style], "basedOn"))

    # Lists

    @cached_property
    def _numbers(self) -> dict[str, etree._Element]:
        return {value_of(each, "numId"): each for each in children_of(self._numbering, "num")}

    @cached_property
    def _abstract(self) -> dict[str, etree._Element]:
        return {
            value_of(each, "abstractNumId"): each
            for each in children_of(self._numbering, "abstractNum")
        }

    def _list(self, number: str) -> _List | None:
        counted = value_of(child_of(self._numbers.get(number), "abstractNumId"))
        definition = self._definition(counted)
        if definition is None:
            return None
        elements = {number_of(each, "ilvl"): each for each in children_of(definition, "lvl")}
        starts: dict[int, int] = {}
        for override in children_of(self._numbers[number], "lvlOverride"):
            depth, start = (
                number_of(override, "ilvl"),
                number_of(child_of(override, "startOverride")),
            )
            level = child_of(override, "lvl")
            elements |= {} if level is None else {depth: level}
            if depth is not None and start is not None:
                starts[depth] = start
        levels = (elements.get(depth) for depth in range(MOST_LEVELS))
        return _List(
            counted=counted,
            levels=tuple(map(_level, levels)),
            starts=starts,
            styles=tuple(
                value_of(child_of(elements.get(at), "pStyle")) for at in range(MOST_LEVELS)
            ),
        )

    def _definition(self, counted: str) -> etree._Element | None:
        """Return the definition of a list, by way of a list style where it is kept there."""
        found = self._abstract.get(counted)
        link = value_of(child_of(found, "numStyleLink"))
        if not link:
            return found
        number = value_of(child_of(self._by_id.get(link), "pPr", "numPr", "numId"))
        linked = value_of(child_of(self._numbers.get(number), "abstractNumId"))
        return self._abstract.get(linked)


def _level(element: etree._Element | None) -> Level:
    if element is None:
        return Level()
    restart = number_of(child_of(element, "lvlRestart"))
    start = number_of(child_of(element, "start"))
    return Level(
        form=_form(element),
        text=_PLACE.sub(
            lambda place: chr(int(place[1]) - 1), value_of(child_of(element, "lvlText"))
        ),
        start=start or 0,
        restart=restart,
        legal=is_on(child_of(element, "isLgl")),
        gap=_GAPS.get(value_of(child_of(element, "suff")), " "),
    )


def _form(level: etree._Element) -> str:
    """Return the format of a level's number; newer ones have an older one to fall back on."""
    element = child_of(level, "numFmt")
    if element is None:
        element = child_of(level, "AlternateContent", "Fallback", "numFmt")
    return value_of(element) or "decimal"
