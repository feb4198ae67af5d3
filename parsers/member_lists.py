"""Whole lists of members: tables, a sheet for each, numbered lists, parties of an agreement.

Only lists that a caption, a column heading or party labels mark as such are read, never
organisations that running text happens to mention.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from config.call import Call
from parsers.fields import pairs_of
from parsers.labels import labels_of
from parsers.lines import (
    Grid,
    Item,
    Line,
    heading_of,
    line_of,
    numbering,
    plain,
    plain_words,
    quote_of,
)
from parsers.member_tables import Columns, columns_of, members_of_grid, rows_of
from parsers.members import (
    LONGEST_NAME,
    distinct,
    kind_in_caption,
    may_be_name,
    member_alone,
    member_of,
)
from parsers.mentions import read_runs
from parsers.names import is_organisation, without_note
from parsers.parties import agreement_parties, before_signatures
from parsers.rosters import Roster
from parsers.sections import Section, lists_members, names_kind_only
from parsers.submission import Member

WHOLE_LIST = 2  # a list of one is none
_MOSTLY = 0.6
_AHEAD_OF_NAME = re.compile(
    r"^.{0,24}\((?:[一二三四五六七八九十]{1,3}|\d{1,2})\)|^.{0,24}?(?:由|包括|[别位员次]为|设在)|^.{0,20}?(?:单位|成员|\d家).{0,4}?[为有是]"
)
_BEHIND_NAME = re.compile(r"\(?(?:等|共|组成|发起).{0,16}$")
_CIRCLED = re.compile("[①-⑳]")
_AMONG_OTHERS = re.compile(r"等(?P<count>\d{0,3})[^、,;。]{0,8}(?:单位|企业|成员|机构|公司|[家所])")


def read_members(
    sections: Sequence[Section], roster: Roster, kind: str, call: Call
) -> tuple[Member, ...]:
    """Return the whole list of members that a document gives, each once, in its order.

    A form gives its `roster`. Elsewhere, a list under a caption counts before the parties of an
    agreement, and these before a table that is only told by its column heading. Who signs is not
    among them.
    """
    if call.has_fields(kind):
        return roster.members
    sections = before_signatures(sections, kind, call)
    captioned = distinct(_captioned(sections, call))
    for members in (
        captioned,
        distinct(agreement_parties(sections, kind, call)),
        distinct(_in_tables(sections, call)),
    ):
        if len(members) >= WHOLE_LIST:
            return members
    return ()


def listed_text(sections: Sequence[Section], members: Sequence[Member]) -> tuple[str, ...]:
    """Return all text from where the first of some members stands to the last of them."""
    places: list[int] = []
    for member in members:
        start = places[-1] if places else 0
        found = (at for at in range(start, len(sections)) if _quotes(sections[at].item, member))
        places += [at for at in [next(found, None)] if at is not None]
    inside = sections[places[0] : places[-1] + 2] if places else ()
    return read_runs(each.item for each in inside)


def _quotes(item: Item, member: Member) -> bool:
    lines = item.lines() if isinstance(item, Grid) else (item,)
    return any(
        quote_of(line.raw, max(0, line.raw.find(member.name))) == member.quote for line in lines
    )


# ── Lists under a caption ─────────────────────────────────────────────────────────────


def _captioned(sections: Sequence[Section], call: Call) -> Iterator[Member]:
    listing, hint, ended = False, "", ""
    columns: Columns | None = None
    for section in _unbroken(sections):
        item = section.item
        if isinstance(item, Grid):
            if lists_members(section.caption, call):
                columns = columns_of(item, call.members.name_labels, call) or _going_on(columns)
                hint = kind_in_caption(section.caption, call)
                yield from members_of_grid(item, columns, hint, call)
            listing, columns = False, columns if lists_members(section.caption, call) else None
            continue
        introduces = _introduces_list(item, call)
        if introduces:
            listing, hint = True, kind_in_caption(item.squeezed, call)
            yield from _members_in_line(item, hint, call)
        elif listing or (section.caption != ended and lists_members(section.caption, call)):
            listed = _members_of_line(item, hint, call)
            yield from listed
            if not listed:
                was_listing = listing
                hint, listing = _after_other_line(item, hint, call, listing=listing)
                ended = section.caption if was_listing and not listing else ended


def _unbroken(sections: Sequence[Section]) -> list[Section]:
    """Return sections with the lines of an enumeration joined where a name was broken."""
    whole: list[Section] = []
    for section in sections:
        last = whole[-1].item if whole else None
        if isinstance(last, Line) and isinstance(section.item, Line):
            one, other = last.text.rpartition("、")[2], section.item.text.partition("、")[0]
            listed = "、" in last.text and "、" in section.item.text
            broken = is_organisation(one + other) and not is_organisation(other)
            if listed and broken and not is_organisation(one):
                joined = line_of(last.raw + section.item.raw.lstrip(), last.page)
                whole[-1] = replace(whole[-1], item=joined)
                continue
        whole.append(section)
    return whole


def _going_on(columns: Columns | None) -> Columns | None:
    """Return the columns of a table for one that goes on with it, without headings of its own."""
    return replace(columns, header=-1) if columns else None


def _introduces_list(line: Line, call: Call) -> bool:
    """Whether a line is the caption of a list, or a sentence that ends in one (`…如下：`)."""
    if not lists_members(line.squeezed.partition(":")[0], call):
        return False
    return heading_of(line.text) is not None or ":" in line.text or "如下" in line.text


def _after_other_line(line: Line, hint: str, call: Call, *, listing: bool) -> tuple[str, bool]:
    """Return kind and whether the list goes on after a line that names no member."""
    text = line.squeezed
    if names_kind_only(text, call):
        return kind_in_caption(text, call), listing
    ends = len(text) > LONGEST_NAME or "。" in text or numbering(text)[0] in {1, 2}
    ends = ends or any(word in text for word in plain_words(call.members.list_unless))
    return hint, listing and not ends


def _members_of_line(line: Line, hint: str, call: Call) -> list[Member]:
    """Return the members that a line of a list names: beside labels, several, or one."""
    ways = (_names_beside_labels, _members_in_line, _listed_in_line)
    return next((found for way in ways if (found := list(way(line, hint, call)))), [])


def _members_in_line(line: Line, hint: str, call: Call) -> Iterator[Member]:
    """Yield the members that a line enumerates, divided by 、 or ；, numbered or not.

    Where it names some among others (`A、B等9家单位`), it is no whole list.
    """
    text = plain(_CIRCLED.sub(";", line.raw))
    listed = text[text.find(":") + 1 :]
    parts = [numbering(part)[1] for part in re.split("[、,;。:]", listed) if part.strip()]
    names = [name for part in parts if (name := _name_in(part))]
    others = _AMONG_OTHERS.search(listed)
    if others and others["count"] != str(len(names)):
        return
    if len(names) >= WHOLE_LIST and len(names) >= len(parts) * _MOSTLY:
        for name in names:
            yield member_of(_raw_of(line, name), line, hint, call)


def _name_in(part: str) -> str:
    """Return the organisation that a part of an enumeration names: `由某某大学等3家单位组成`."""
    begun = _AHEAD_OF_NAME.sub("", part)
    ways = (begun, _BEHIND_NAME.sub("", begun))
    return next((each for each in ways if is_organisation(without_note(each))), "")


def _raw_of(line: Line, part: str) -> str:
    at = line.text.find(part)
    return line.raw[at : at + len(part)]


def _listed_in_line(line: Line, hint: str, call: Call) -> Iterator[Member]:
    """Yield the member that a line of a list names: `3．某某大学（理事单位）`."""
    alone = member_alone(line, hint, call)
    if alone:
        yield alone
        return
    _, rest = numbering(line.text)
    name = re.split(r"[:;,。\t]|\s{2,}|——", rest.strip(" ;。、,"))[0]
    if is_organisation(without_note(name)) and may_be_name(name, call):
        yield member_of(_raw_of(line, name), line, hint, call)


def _names_beside_labels(line: Line, hint: str, call: Call) -> Iterator[Member]:
    for pair in pairs_of(line, labels_of(call, call.members.name_labels)):
        if may_be_name(pair.value, call):
            yield member_of(pair.value, line, hint, call)


# ── Tables without a caption ──────────────────────────────────────────────────────────


def _in_tables(sections: Sequence[Section], call: Call) -> Iterator[Member]:
    """Yield the members of tables that only their column heading marks as member lists."""
    labels = tuple(each for each in call.members.name_labels if call.members.title in each)
    for section in sections:
        if isinstance(section.item, Grid):
            columns = columns_of(section.item, labels, call)
            if columns:
                rows = rows_of(section.item, columns, "", call)
                yield from (each for each in rows if is_organisation(each.name))
