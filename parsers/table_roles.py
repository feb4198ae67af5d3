"""What a table is, told by what stands in it: a list of members, a list of people, or neither."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from enum import StrEnum

from config.call import Call
from parsers.fields import ListHeading, heading_of_list, is_heading_row
from parsers.labels import labels_of
from parsers.lines import Grid, Line, numbering, plain_words
from parsers.members import has_tick, kind_in_caption, may_be_name, member_of
from parsers.names import is_authority, is_organisation, is_person, organisation_code, without_note
from parsers.sections import names_kind_only
from parsers.submission import Member

_COUNT = re.compile(r"第?[\W\d_一二三四五六七八九十]{1,8}[家个位方]?|No\.?\d*", re.IGNORECASE)
_MOSTLY, _HALF = 0.75, 0.5
_KIND_LENGTH = 12  # of a cell that says of which kind a member is
_LABEL_LENGTH = 20
_LEAST_EMPTY = 2  # rows without anything under the headings of an empty list


class Role(StrEnum):
    """What a table speaks of: members, people, or the dossier as a whole."""

    MEMBERS = "members"
    PEOPLE = "people"
    WHOLE = "whole"


def role_of(grid: Grid, call: Call) -> Role:
    """Tell what a table lists.

    In a list of members, rows lead with an organisation: nothing but numbers and kinds stands
    before it; or each row names a kind and all its members. In a list of people, a person
    stands before the organisation.
    """
    named = [_named_in_row(row, call) for row in grid.rows]
    several = any(len(names) > 1 for names in named)
    led = [at for at, row in enumerate(grid.rows) if leading(row, call) or (several and named[at])]
    people = sum(_leads_with_person(row) for row in grid.rows)
    if people > len(led) or (not led and _has_heading(grid, call.members.person_labels, call)):
        return Role.PEOPLE
    if not led and _counts_bodies(grid):
        return Role.PEOPLE
    if not led:
        return Role.MEMBERS if _is_empty_list(grid) else Role.WHOLE
    below = sum(_is_full(row) for row in grid.rows[led[0] :])
    headed = (
        led[0] > 0
        or len(led) > 1
        or len(named[0]) > 1
        or _COUNT.fullmatch(grid.rows[0][0].squeezed)
    )
    counted = sum(_is_full(grid.rows[at]) for at in led)
    share = _HALF if _heading_of_names(grid, call) else _MOSTLY
    return Role.MEMBERS if headed and counted >= below * share else Role.WHOLE


def _heading_of_names(grid: Grid, call: Call) -> ListHeading | None:
    """Return the heading of a list with a column for names that the call knows, or None."""
    labels = labels_of(call, call.members.name_labels)
    heading = heading_of_list(grid, labels)
    return heading if heading and heading.keys & labels.wanted else None


def _is_full(row: Sequence[Line]) -> bool:
    """Whether a row holds more than a number or the kind that the next ones are of."""
    filled = [cell for cell in row if cell.squeezed]
    return len(filled) > 1 and not filled[0].squeezed.isdigit()


def leading(row: Sequence[Line], call: Call) -> Line | None:
    """Return the organisation that a row leads with, or None."""
    for cell in row:
        text = cell.squeezed
        if names_organisation(cell):
            return cell
        if text and not _COUNT.fullmatch(text) and not _says_kind(cell, call):
            return None
    return None


def names_organisation(cell: Line) -> bool:
    """Whether a cell or line is the name of an organisation, with a number or note at most."""
    name = without_note(numbering(cell.text)[1])
    return is_organisation(name) and not is_authority(name)


def _says_kind(cell: Line, call: Call) -> bool:
    text = cell.squeezed
    return has_tick(text) or (len(text) <= _KIND_LENGTH and names_kind_only(text, call))


def _leads_with_person(row: Sequence[Line]) -> bool:
    """Whether a row leads with a person, and an organisation stands behind."""
    filled = [cell for cell in row if cell.squeezed]
    counted = bool(filled) and _COUNT.fullmatch(filled[0].squeezed) is not None
    rest = filled[1:] if counted else filled
    return bool(rest) and is_person(rest[0].text) and any(map(names_organisation, rest[1:]))


def _counts_bodies(grid: Grid) -> bool:
    """Whether numbered rows name an organisation each, behind what they are about."""
    numbered = [row for row in grid.rows if len(row) > 2 and row[0].squeezed.isdigit()]  # noqa: PLR2004 - a number and a name
    return sum(any(map(names_organisation, row)) for row in numbered) > 1


def _has_heading(grid: Grid, words: tuple[str, ...], call: Call) -> bool:
    labels = labels_of(call, words)
    heads = [row for row in grid.rows[:2] if is_heading_row(row, labels)]
    return any(labels.key(cell.text) in labels.wanted for row in heads for cell in row)


def _is_empty_list(grid: Grid) -> bool:
    """Whether rows were left empty under the headings of a list."""
    heads, *rows = grid.rows
    filled = [cell for cell in heads if cell.squeezed]
    blank = all(not cell.squeezed or cell.squeezed.isdigit() for row in rows for cell in row)
    return len(filled) > 2 and len(rows) >= _LEAST_EMPTY and blank  # noqa: PLR2004 - a pair is a field


def _named_in_row(row: Sequence[Line], call: Call) -> list[tuple[Line, str]]:
    """Return the organisations that a row leads with, or that alone stand behind its label."""
    name = leading(row, call)
    if name is not None:
        return [(name, each) for each in enumerated(name.raw)] or [(name, name.raw)]
    filled = [cell for cell in row if cell.squeezed]
    if len(filled) < 2:  # noqa: PLR2004 - a label and its value
        return []
    label, value = filled[-2:]
    about = names_field(label.text, call) or speaks_of_organs(label.text, call)
    if about or len(label.squeezed) > _LABEL_LENGTH:
        return []
    return [(value, name) for name in enumerated(value.raw)]


def names_field(text: str, call: Call) -> bool:
    """Whether a text is the label of a field of the call."""
    labels = labels_of(call, [word for each in call.fields for word in each.labels])
    return labels.key(text) in labels.wanted


def speaks_of_organs(text: str, call: Call) -> bool:
    """Whether a label or caption is about an organ of the alliance, which some members form."""
    return any(word in text for word in plain_words(call.members.organs))


def enumerated(raw: str) -> list[str]:
    """Return the organisations of a text that is nothing but an enumeration of them."""
    for divider in ("[、;；,，\n]", "[、;；,，]"):
        parts = [each.strip() for each in re.split(divider, raw.strip(" 。;；")) if each.strip()]
        names = [numbering(each)[1] for each in parts]
        if names and all(
            is_organisation(without_note(each)) and not is_authority(each) for each in names
        ):
            return names
    return []


def members_of(grid: Grid, hint: str, call: Call) -> Iterator[Member]:
    """Yield the members of a table that lists them; `hint` is the kind that its caption names.

    Rows that only name a kind set it for those below. Where rows lead with an organisation,
    what else stands in its column is a name too.
    """
    named = [(row, _named_in_row(row, call)) for row in grid.rows]
    first = next(((row, names[0][0]) for row, names in named if names), None)
    if first is None:
        return
    width, column = len(first[0]), first[0].index(first[1])
    heading = _heading_of_names(grid, call)
    for at, (row, names) in enumerate(named):
        filled = [each for each in row if each.squeezed]
        if len(filled) == 1 and names_kind_only(filled[0].squeezed, call):
            hint = kind_in_caption(filled[0].squeezed, call)
        for cell, name in names:
            yield of_row(cell, name, row, hint, call)
        if names or len(row) != width or not row:
            continue
        listed = heading is not None and at > heading.last
        if (listed or row[0].squeezed.isdigit()) and may_be_name(row[column].raw, call):
            yield of_row(row[column], row[column].raw, row, hint, call)


def of_row(cell: Line, name: str, cells: Sequence[Line], hint: str, call: Call) -> Member:
    """Return the member that a cell names, with the kind and code that stand beside it."""
    others = [each for each in cells if each is not cell]
    kind = next((each.text for each in others if _says_kind(each, call)), "")
    code = next((each.text for each in others if organisation_code(each.text)), "")
    return member_of(name, cell, hint, call, stated=kind, code=code)
