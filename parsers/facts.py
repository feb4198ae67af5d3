"""All that judging needs to know of a document, read once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from config.call import Call
from parsers.clauses import read_clauses
from parsers.fields import read_fields
from parsers.lines import Grid, Item, Line, items_of, numbering, quote_of, tidy
from parsers.member_lists import listed_text, read_members
from parsers.mentions import read_mentions
from parsers.names import find_names, is_bare_name, is_blank_name, normal_form
from parsers.parties import read_signatures
from parsers.placeholders import read_placeholders
from parsers.recognise import OTHER, find_title, title_zone
from parsers.rosters import Roster, read_roster
from parsers.sections import sections_of
from parsers.submission import Content, Fact, Facts

NAME = "name"
SECRETARIAT = "secretariat"

_NAMED_TWICE = 2
_SPREAD = 3  # lines over which a name may be spread
_CHARTER_WORDS = ("名称", "定名为", "简称")
_TEMPLATE_LABELS = 2
_LITTLE_TEXT = 300


def read_facts(content: Content, kind: str, call: Call) -> Facts:
    """Return the facts of a document of that kind (an id of the call, or `other`).

    `fields["name"]` is read in every kind: beside its label, else in the title, else
    where the text says what the name is.
    """
    items = items_of(content)
    sections = sections_of(items, call)
    title = find_title(items, call)
    roster = read_roster(sections, call) if call.has_fields(kind) else Roster()
    fields = read_fields(sections, roster.places, kind, call)
    name = _name_of(items, fields.get(NAME), kind, call)
    if name is not None:
        fields[NAME] = name
    members = read_members(sections, roster, kind, call) if kind != OTHER else ()
    block = read_signatures(sections, kind, call)
    placeholders = read_placeholders(items, content.marks, call)
    return Facts(
        title=title.text if title else "",
        fields=fields,
        members=members,
        signatures=block.parties if block else None,
        listed=listed_text(sections, members),
        signed=block.text if block else (),
        clauses=read_clauses(items, kind, call) if kind != OTHER else {},
        placeholders=placeholders if kind != OTHER else (),
        mentions=read_mentions(items) if kind != OTHER else (),
        template=kind != OTHER and not members and _is_template(items, fields, placeholders, call),
    )


def title_name(items: Sequence[Item], call: Call) -> Fact | None:
    """Return the one name that stands among the first lines of a document, or None."""
    zone = title_zone(items)
    names: dict[str, Fact] = {}
    for width in range(1, _SPREAD + 1):
        for at in range(len(zone) - width + 1):
            spread = zone[at : at + width]
            if any(numbering(line.text)[0] for line in spread[1:]):
                continue  # the title is over where the first chapter begins
            raw = "".join(line.raw.strip() for line in spread)
            for name in find_names(raw, call):
                fact = Fact(value=name, page=spread[0].page, quote=quote_of(raw))
                names.setdefault(normal_form(name, call), fact)
        if names:
            break
    return next(iter(names.values())) if len(names) == 1 else None


def _name_of(items: Sequence[Item], beside: Fact | None, kind: str, call: Call) -> Fact | None:
    """Return the name that a document gives; an empty one where its label stands alone.

    A name without a core was written down, so it is no empty one, but it names no alliance.
    """
    if beside is not None:
        blank = is_blank_name(beside.value, call) and not is_bare_name(beside.value, call)
        return Fact(value="", page=beside.page, quote=beside.quote) if blank else beside
    titled = title_name(items, call)
    return titled if titled or kind == OTHER else _name_in_text(items, call)


def _name_in_text(items: Sequence[Item], call: Call) -> Fact | None:
    """Return the name that the text declares, or else the one it repeats most."""
    counted: Counter[str] = Counter()
    first: dict[str, Fact] = {}
    for line in _lines(items):
        if call.name.subject not in line.text:
            continue
        for name in find_names(line.raw, call):
            form = normal_form(name, call)
            counted[form] += 1
            at = max(0, line.raw.find(name))
            fact = Fact(value=tidy(name), page=line.page, quote=quote_of(line.raw, at))
            first.setdefault(form, fact)
            around = line.text[max(0, at - 12) : at] + line.text[at + len(name) :][:8]
            if any(word in around for word in _CHARTER_WORDS):
                return fact
    ranked = counted.most_common(2)
    if not ranked or ranked[0][1] < _NAMED_TWICE:
        return None
    tied = len(ranked) > 1 and ranked[1][1] == ranked[0][1]
    return None if tied else first[ranked[0][0]]


def _lines(items: Sequence[Item]) -> Sequence[Line]:
    return [
        line for item in items for line in (item.lines() if isinstance(item, Grid) else (item,))
    ]


def _is_template(
    items: Sequence[Item], fields: dict[str, Fact], placeholders: Sequence[Fact], call: Call
) -> bool:
    """Whether a document without members is the blank form, handed back not filled in."""
    if any(fact.value and not is_bare_name(fact.value, call) for fact in fields.values()):
        return False
    if len(fields) >= _TEMPLATE_LABELS:
        return True
    text = sum(len(line.squeezed) for line in _lines(items))
    return bool(placeholders) and text < _LITTLE_TEXT
