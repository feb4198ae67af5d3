"""XML of documents by local names: programs and editions of a standard differ in namespaces."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from lxml import etree

_OFF = {"0", "false", "off", "none"}


@cache
def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def name_of(element: etree._Element) -> str:
    """Return the local name of an element; an empty string for what is none."""
    return _local(element.tag) if isinstance(element.tag, str) else ""


def value_of(element: etree._Element | None, name: str = "val") -> str:
    """Return an attribute by its local name, or an empty string."""
    items = () if element is None else element.items()
    return next((str(value) for key, value in items if _local(str(key)) == name), "")


def number_of(element: etree._Element | None, name: str = "val") -> int | None:
    """Return an attribute that is a whole number; None where it is not there or something else."""
    try:
        return int(value_of(element, name))
    except ValueError:
        return None


def children_of(element: etree._Element | None, name: str) -> Iterator[etree._Element]:
    """Yield the children of that name."""
    return (child for child in (() if element is None else element) if name_of(child) == name)


def child_of(element: etree._Element | None, *names: str) -> etree._Element | None:
    """Return the first child of that name, of that the first of the next name, and so on."""
    for name in names:
        element = next(children_of(element, name), None)
    return element


def is_on(switch: etree._Element | None) -> bool:
    """Whether a switch is there and not turned off (ISO/IEC 29500-1, ST_OnOff)."""
    return switch is not None and value_of(switch).lower() not in _OFF
