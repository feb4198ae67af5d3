"""Where a form lists its members, told by what stands where: tables, sheets, and lines.

No label or caption need be known. A list is a table whose rows lead with an organisation,
or lines that are nothing but organisations; sheets are told by a label that stands beside
one organisation after the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from config.call import Call
from parsers.fields import field_of_caption
from parsers.labels import label_key
from parsers.lines import Grid, Line, numbering, plain_words
from parsers.members import distinct, kind_in_caption, member_of
from parsers.names import is_organisation, organisation_form
from parsers.sections import Section, names_kind_only
from parsers.submission import Member
from parsers.table_roles import (
    Role,
    enumerated,
    members_of,
    names_field,
    names_organisation,
    of_row,
    role_of,
    speaks_of_organs,
)

_ORDINAL = re.compile(r"[\d一二三四五六七八九十]+$")
_COMMA = re.compile("[,，]")
_NOTE_LENGTH = 12  # of what stands behind a name and its comma
_LABEL_LENGTH = 30
_SHEET_LENGTH = 40  # lines
_MOST_OF_ORGAN = 2  # organisations that a label such as 秘书处单位 may stand beside
_HEAD = 3  # lines before a name in which the caption of its sheet stands
_LEAST_APART = 3  # organisations, each under a label of its own, that make a list


@dataclass(frozen=True, kw_only=True)
class Roster:
    """The members that a document lists, and the places of sections that speak of them alone.

    Sections that list people are among the `places` too.
    """

    members: tuple[Member, ...] = ()
    places: frozenset[int] = frozenset()


@dataclass(frozen=True, kw_only=True)
class _Labelled:
    """An organisation in a section, with the label it stands beside."""

    at: int
    label: str
    member: Member
    of_organ: bool


def read_roster(sections: Sequence[Section], call: Call) -> Roster:
    """Return the members of the lists and sheets of a form, in their order."""
    roles = {
        at: role_of(section.item, call)
        for at, section in enumerate(sections)
        if isinstance(section.item, Grid)
    }
    found: list[tuple[int, Member]] = []
    tables = [at for at, role in roles.items() if role is Role.MEMBERS]
    for at in tables:
        hint = kind_in_caption(sections[at].caption, call)
        grid = sections[at].item
        if isinstance(grid, Grid):
            found += [(at, each) for each in members_of(grid, hint, call)]
    places = {at for at, role in roles.items() if role is not Role.WHOLE}
    places -= _of_the_secretariat(tables, found, sections, call)
    lines = list(_in_lines(sections, call))
    found += lines
    places |= {at for at, _ in lines}
    sheets = _sheets([*_labelled(sections, roles, call)])
    found += [(each.at, each.member) for each in sheets]
    places.update(_places_of_sheets(sheets, sections, roles, call))
    members = distinct(each for _, each in sorted(found, key=lambda pair: pair[0]))
    return Roster(members=members, places=frozenset(places))


def _of_the_secretariat(
    tables: Sequence[int],
    found: Sequence[tuple[int, Member]],
    sections: Sequence[Section],
    call: Call,
) -> set[int]:
    """Return the place of a sheet that looks like a list of one, ahead of the lists.

    Its caption names a field, or its organisation stands in a later list again.
    """
    if not tables:
        return set()
    names = {at: {organisation_form(m.name) for place, m in found if place == at} for at in tables}
    first, *others = tables
    later = {name for at in others for name in names[at]}
    about = field_of_caption(sections[first].caption, call.fields)
    return {first} if len(names[first]) == 1 and (about or names[first] <= later) else set()


# ── Lines ─────────────────────────────────────────────────────────────────────────────


def _in_lines(sections: Sequence[Section], call: Call) -> Iterator[tuple[int, Member]]:
    """Yield members of lines that follow each other, each nothing but organisations.

    One line between two of them may name what kind comes next.
    """
    runs: list[list[tuple[int, list[Member]]]] = []
    hint = ""
    for at, section in enumerate(sections):
        item = section.item
        if isinstance(item, Grid):
            continue
        if names_kind_only(item.squeezed, call):
            hint = kind_in_caption(item.squeezed, call)
        named = [member_of(name, item, hint, call) for name in _names_of_line(item, call)]
        if not named:
            continue
        if runs and _goes_on(sections, runs[-1][-1][0], at, call):
            runs[-1].append((at, named))
        else:
            runs.append([(at, named)])
    for run in runs:
        close = any(after[0] - one[0] == 1 for one, after in pairwise(run))
        names = distinct(each for _, named in run for each in named)
        several = any(len(named) > 1 for _, named in run)
        if len(names) > 1 and (close or several or len(names) >= _LEAST_APART):
            yield from ((at, each) for at, named in run for each in named)


def _goes_on(sections: Sequence[Section], last: int, at: int, call: Call) -> bool:
    if at - last == 1:
        return True
    between = sections[last + 1].item
    if at - last > 2 or isinstance(between, Grid):  # noqa: PLR2004 - one line between
        return False
    text = between.squeezed
    ends = "。" in text or names_field(text, call) or speaks_of_organs(text, call)
    return not ends and len(text) <= _LABEL_LENGTH


def _names_of_line(line: Line, call: Call) -> list[str]:
    """Return the organisations that a line is nothing but, with a label before them at most."""
    if names_organisation(line):
        return [line.raw.strip()]
    bare = line.raw.strip()[-len(numbering(line.text)[1]) :]
    first, *others = _COMMA.split(bare, maxsplit=1)
    noted = others and len(others[0]) <= _NOTE_LENGTH
    listed = enumerated(bare) or (enumerated(first) if noted else [])
    return listed or _names_behind_label(bare, call)


def _names_behind_label(text: str, call: Call) -> list[str]:
    """Return the organisations that are enumerated behind a label: `企业（2家）：甲、乙`."""
    label, _, rest = text.replace("：", ":").partition(":")
    names = enumerated(rest) if len(label.strip()) <= _LABEL_LENGTH else []
    return names if len(names) > 1 and not speaks_of_organs(label, call) else []


# ── Sheets ────────────────────────────────────────────────────────────────────────────


def _labelled(
    sections: Sequence[Section], roles: dict[int, Role], call: Call
) -> Iterator[_Labelled]:
    """Yield the organisations that stand alone beside, below or behind a label."""
    for at, section in enumerate(sections):
        item = section.item
        if isinstance(item, Grid):
            if roles[at] is Role.WHOLE:
                yield from _in_sheet(at, item, call)
            continue
        before = sections[at - 1].item if at else None
        label, colon, rest = item.text.rpartition(":")
        if colon:
            value = Line(raw=item.raw[-len(rest) :] if rest else "", text=rest, page=item.page)
        else:
            value, label = item, before.text if isinstance(before, Line) else ""
        if names_organisation(value):
            yield _beside(at, label, value, (), call)


def _in_sheet(at: int, grid: Grid, call: Call) -> Iterator[_Labelled]:
    for number, row in enumerate(grid.rows):
        above = grid.rows[number - 1] if number else ()
        for column, cell in enumerate(row):
            if not names_organisation(cell):
                continue
            left = [each for each in row[:column] if each.squeezed]
            labels = [left[-1].text] if left else []
            if len(above) == len(row) and above[column].squeezed:
                labels.append(above[column].text)
            cells = [each for line in grid.rows for each in line]
            for label in labels:
                yield _beside(at, label, cell, cells, call)


def _beside(at: int, label: str, name: Line, cells: Sequence[Line], call: Call) -> _Labelled:
    """Return an organisation and its label; what stands above it may be a name as well."""
    short = len(label.strip()) <= _LABEL_LENGTH
    is_name = is_organisation(label) or label.rstrip().endswith(plain_words(call.name.suffixes))
    key = _ORDINAL.sub("", label_key(label)) if short and not is_name else ""
    return _Labelled(
        at=at,
        label=key,
        member=of_row(name, name.raw, cells, "", call),
        of_organ=speaks_of_organs(label, call),
    )


def _sheets(labelled: Sequence[_Labelled]) -> list[_Labelled]:
    """Return what stands beside labels that stand beside several organisations.

    A label that speaks of an organ is no member's, unless too many stand beside it.
    """
    names: dict[str, set[str]] = {}
    for each in labelled:
        names.setdefault(each.label, set()).add(organisation_form(each.member.name))
    return [
        each
        for each in labelled
        if each.label and len(names[each.label]) > (_MOST_OF_ORGAN if each.of_organ else 1)
    ]


def _places_of_sheets(
    sheets: Sequence[_Labelled],
    sections: Sequence[Section],
    roles: dict[int, Role],
    call: Call,
) -> Iterator[int]:
    """Yield the places of all sheets but one of the secretariat, which stands ahead of the others.

    That one has another caption than those behind it, or one that names a field, or the
    secretariat has a sheet among these.
    """
    starts = sorted({each.at for each in sheets})
    names = {each.at: organisation_form(each.member.name) for each in sheets}
    if len(starts) > 1:
        first = starts[0]
        captions = [sections[at].caption for at in starts]
        apart = (
            first in roles
            and captions[0] not in captions[1:]
            and len(set(captions[1:])) < len(captions) - 1
        )
        again = names[first] in {names[at] for at in starts[1:]}
        headed = [each.item for each in sections[max(0, first - _HEAD) : first]]
        about = any(
            isinstance(e, Line) and field_of_caption(label_key(e.text), call.fields) for e in headed
        )
        starts = starts[1:] if again or apart or about else starts
    length = max((b - a for a, b in pairwise(starts)), default=1)
    for at, after in zip(starts, [*starts[1:], None], strict=False):
        yield at
        if at in roles:
            continue
        end = after if after is not None else min(at + length, len(sections))
        for place in range(at, min(end, at + _SHEET_LENGTH)):
            if place in roles:
                break
            yield place
