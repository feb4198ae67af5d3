"""How values are written on the desk's pages: words, times, sizes, links."""

from __future__ import annotations

from datetime import date, datetime
from functools import partial
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined

from config.call import Call
from config.settings import Settings
from reports import wording
from reports.alarm import trouble_words

KIB = 1024
UNKNOWN = "—"


def size(octets: int) -> str:
    """Return a number of bytes as people read it: `812 B`, `34 KB`, `1.2 MB`."""
    if octets < KIB:
        return f"{octets} B"
    if octets < KIB**2:
        return f"{octets / KIB:.0f} KB"
    return f"{octets / KIB**2:.1f} MB"


def address(path: str, **query: object) -> str:
    """Return a link on the desk with those of its parameters that are set."""
    kept = {key: value for key, value in query.items() if value not in {"", None}}
    return f"{path}?{urlencode(kept)}" if kept else path


def yes_no(value: bool | None) -> str:  # noqa: FBT001 - a template filter has one argument
    """Return what a cell of the paper register says."""
    return {True: "是", False: "否", None: UNKNOWN}[value]


def environment(settings: Settings, call: Call) -> Environment:
    """Return the templates of the desk; everything that is put into them is escaped.

    Lists that hold dossiers of every call speak in the words of `call`, the default one.
    """
    found = Environment(
        loader=PackageLoader("reports.desk"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    zone = settings.service.zone

    def moment(value: datetime | None) -> str:
        return value.astimezone(zone).strftime("%Y-%m-%d %H:%M") if value else UNKNOWN

    def day(value: datetime | date | None) -> str:
        local = value.astimezone(zone) if isinstance(value, datetime) else value
        return local.strftime("%Y-%m-%d") if local else UNKNOWN

    found.filters |= {"moment": moment, "day": day, "size": size, "yes_no": yes_no}
    found.filters["trouble"] = partial(trouble_words, zone=zone)
    found.globals |= {
        "center": settings.center.name,
        "address": address,
        "wording": wording,
        "default_call": call,
    }
    return found
