"""What stands beside the labels of a form: in tables, and in lines such as `联系人：…`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

from config.call import Call, FieldLabel
from parsers.labels import Labels, clean_value, keys_of, label_key, labels_of
from parsers.lines import Grid, Item, Line, plain, plain_words, quote_of, squeeze, tidy
from parsers.names import is_organisation
from parsers.sections import CAPTION_LENGTH, Section, lists_members
from parsers.submission import Fact

_BROKEN_FROM = 8  # a shorter value is no name that was broken at the end of its line
_TELLING = 4  # shorter labels stand in any caption
_LABELLED_LENGTH = 600  # a longer line is running text
_LIST_COLUMNS, _LIST_SHARE = 3, 0.6  # a row of headings: so many, and so many of them known


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A label and what stands beside it; an empty `value` where the space was left blank."""

    label: str
    value: str
    line: Line

    def fact(self) -> Fact:
        """Return it as a fact, quoted as it stands."""
        quote = f"{tidy(self.label)}：{self.value}" if self.value else quote_of(self.line.raw)
        return Fact(value=self.value, page=self.line.page, quote=quote)


def pairs_of(item: Item, labels: Labels, following: Item | None = None) -> Iterator[Pair]:
    """Yield the wanted labels of a line or table, each with what stands beside it."""
    if isinstance(item, Grid):
        yield from _pairs_of_table(item, labels)
        return
    key = labels.key(item.text)
    bare = key in labels.wanted and not item.squeezed.endswith(":")
    if bare and isinstance(following, Line) and not _is_label_line(following, labels):
        yield Pair(label=item.raw, value=clean_value(following.raw, labels.excused), line=item)
        return
    yield from _pairs_of_line(item, labels)


def _is_label_line(line: Line, labels: Labels) -> bool:
    too_long = len(line.squeezed) > CAPTION_LENGTH or re.search("[。;:]", line.text)
    return bool(too_long or labels.key(line.text) or next(_pairs_of_line(line, labels), None))


@cache
def _label_pattern(known: frozenset[str]) -> re.Pattern[str]:
    spaced = (
        r"\s{0,8}".join(map(re.escape, each)) for each in sorted(known, key=len, reverse=True)
    )
    return re.compile(
        rf"(?:^|(?<=[\s;,、|_)。]))(?:\d{{1,2}}[.、])?(?P<label>{'|'.join(spaced)})\s{{0,8}}"
        rf"(?P<bracket>(?:\([^()]{{0,30}}\)\s{{0,4}}){{0,2}})(?P<end>[:_]|(?=\s)|$)",
        re.IGNORECASE,
    )


def _pairs_of_line(line: Line, labels: Labels) -> Iterator[Pair]:
    """Yield the pairs of a line; without a colon only where the line begins with a label."""
    if not labels.known or len(line.text) > _LABELLED_LENGTH:
        return
    start = len(line.text) - len(line.text.lstrip())
    found: list[re.Match[str]] = []
    for each in _label_pattern(labels.known).finditer(line.text):
        first = each.start() <= start + 1
        if each["end"] in {":", "_"} or first or found:
            found.append(each)
    for at, each in enumerate(found):
        key = label_key(each["label"])
        if key in labels.wanted:
            end = found[at + 1].start() if at + 1 < len(found) else len(line.text)
            value = clean_value(line.raw[each.end() : end], labels.excused)
            yield Pair(
                label=line.raw[each.start("label") : each.end("label")], value=value, line=line
            )


def _pairs_of_table(grid: Grid, labels: Labels) -> Iterator[Pair]:
    for at, row in enumerate(grid.rows):
        below = grid.rows[at + 1] if at + 1 < len(grid.rows) else ()
        for column, cell in enumerate(row):
            key = labels.key(cell.text)
            if key in labels.wanted:
                value = _value_beside(row, column, below, labels)
                yield Pair(label=cell.raw.strip(" :："), value=value, line=cell)
            elif not key:
                for line in cell.split():
                    if ":" in line.text:
                        yield from _pairs_of_line(line, labels)


def _value_beside(
    row: tuple[Line, ...], column: int, below: tuple[Line, ...], labels: Labels
) -> str:
    """Return the value right of a label, or below it in a row of labels alone."""
    right = [cell for cell in row[column + 1 :] if cell.squeezed]
    if right and not labels.key(right[0].text):
        return _value_in_cell(right[0], labels)
    next_is_label = column + 1 == len(row) or bool(labels.key(row[column + 1].text))
    if next_is_label and len(below) == len(row) and not labels.key(below[column].text):
        return _value_in_cell(below[column], labels)
    return ""


def _value_in_cell(cell: Line, labels: Labels) -> str:
    """Return a cell's value: what stands before the first further label in it."""
    text = cell.raw
    for found in _label_pattern(labels.known).finditer(cell.text):
        if found["end"] == ":":
            text = cell.raw[: found.start()]
            break
    return clean_value(text, labels.excused)


# ── The fields of the call ────────────────────────────────────────────────────────────


def read_fields(sections: Sequence[Section], kind: str, call: Call) -> dict[str, Fact]:
    """Return what stands beside the labels of the call's fields; the first filled one counts.

    Labels in the sheets of members speak of the members: they count only where the
    document has the label nowhere else.
    """
    asked = [each for each in call.fields if not each.documents or kind in each.documents]
    if not asked:
        return {}
    labels = labels_of(call, [word for each in asked for word in each.labels])
    own: dict[str, Fact] = {}
    in_sheets: dict[str, Fact] = {}
    name_keys = keys_of(call.members.name_labels)
    for at, section in enumerate(sections):
        following = sections[at + 1].item if at + 1 < len(sections) else None
        if lists_members(section.caption, call) or is_list_table(section.item, call):
            _collect(in_sheets, pairs_of(section.item, labels, following), asked)
            continue
        pairs = pairs_of(section.item, labels, following)
        _collect(own, (_completed(each, following, labels, call) for each in pairs), asked)
        titled = _field_of_caption(section.caption, asked)
        if titled:
            named = Labels(wanted=name_keys, known=labels.known, excused=labels.excused)
            for pair in pairs_of(section.item, named, following):
                _keep(own, titled, pair.fact())
    return in_sheets | own


def _completed(pair: Pair, following: Item | None, labels: Labels, call: Call) -> Pair:
    """Return a name that was broken at the end of its line together with its rest."""
    short = len(pair.value) < _BROKEN_FROM or not pair.line.raw.rstrip().endswith(pair.value)
    if short or not isinstance(following, Line) or _is_label_line(following, labels):
        return pair
    whole = tidy(pair.value + following.raw.strip())
    suffixes = plain_words(call.name.suffixes)
    named = squeeze(plain(whole)).endswith(suffixes) and not plain(pair.value).endswith(suffixes)
    completed = named or (is_organisation(whole) and not is_organisation(pair.value))
    return replace(pair, value=whole) if completed else pair


def _collect(facts: dict[str, Fact], pairs: Iterable[Pair], asked: Sequence[FieldLabel]) -> None:
    for pair in pairs:
        key = label_key(pair.label)
        for each in asked:
            if key in keys_of(each.labels):
                _keep(facts, each.id, pair.fact())


def _keep(facts: dict[str, Fact], field: str, fact: Fact) -> None:
    if field not in facts or (fact.value and not facts[field].value):
        facts[field] = fact


def _field_of_caption(caption: str, asked: Sequence[FieldLabel]) -> str:
    """Return the field that a caption names (`秘书处所在单位情况表`), or an empty string."""
    for each in asked:
        words = (word for word in plain_words(each.labels) if len(word) >= _TELLING)
        if any(word in caption and word != caption for word in words):
            return each.id
    return ""


def is_list_table(item: Item, call: Call) -> bool:
    """Whether a table lists members or people, a row for each, under a row of headings."""
    if not isinstance(item, Grid):
        return False
    names = keys_of(call.members.name_labels + call.members.person_labels)
    known = labels_of(call, ()).known
    for row in item.rows[:2]:
        keys = [label_key(cell.text) for cell in row if cell.squeezed]
        whole = len(keys) == len(row) > 1 or len(keys) >= _LIST_COLUMNS
        share = sum(key in known for key in keys) / max(1, len(keys))
        if whole and names.intersection(keys) and share >= _LIST_SHARE:
            return True
    return False
