"""What stands beside the labels of a form: in tables, and in lines such as `联系人：…`."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import cache

from config.call import Call, FieldLabel
from parsers.labels import ANY, Labels, clean_value, keys_of, labels_of, names
from parsers.lines import (
    Grid,
    Item,
    Line,
    line_of,
    numbering,
    plain,
    plain_words,
    quote_of,
    squeeze,
    tidy,
)
from parsers.names import (
    begins_with_surname,
    is_authority,
    is_organisation,
    is_person,
    without_note,
)
from parsers.sections import CAPTION_LENGTH, Section
from parsers.submission import Fact

_BROKEN_FROM = 8  # a shorter value is no name that was broken at the end of its line
_TELLING = 4  # shorter labels stand in any caption
_PLAIN = 3  # shorter labels may be the end of a value
_LABELLED_LENGTH = 600  # a longer line is running text
_INSIDE = r"[^\s:;,、。|_]{0,8}?"  # what `*` stands for inside a label, and ahead of it
_AHEAD = r"(?:[一-鿿()/]{0,10}?|(?:[一-鿿]\s{1,4}){1,6}?)"
_NOTE_AT_END = re.compile(r"[（(][^（）()]*[）)]$")
_LONGEST_LABEL = 18
_LONGEST_LABEL_OR_TITLE = 6  # a person with a title is longer
_LEAST_ROWS = 2  # under the headings of a list


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A label and what stands beside it; an empty `value` where the space was left blank.

    `key` is the label of the call that `label` stands for. What was `guessed` counts only where
    it has the shape of what the field holds.
    """

    key: str
    label: str
    value: str
    line: Line
    guessed: bool = False

    def fact(self) -> Fact:
        """Return it as a fact, quoted as it stands."""
        quote = f"{tidy(self.label)}：{self.value}" if self.value else quote_of(self.line.raw)
        return Fact(value=self.value, page=self.line.page, quote=quote)


def pairs_of(item: Item, labels: Labels, following: Item | None = None) -> Iterator[Pair]:
    """Yield the wanted labels of a line or table, each with what stands beside it."""
    if isinstance(item, Grid):
        yield from _pairs_of_table(item, labels)
        return
    beside = list(_pairs_of_line(item, labels))
    key = labels.key(item.text)
    bare = key in labels.wanted and not item.squeezed.endswith(":")
    bare = bare and not any(each.value for each in beside)
    if bare and isinstance(following, Line) and not _is_label_line(following, labels):
        value = "" if _is_next_in_list(item, following) else following.raw
        value = clean_value(value, labels.excused)
        yield Pair(key=key, label=item.raw, value=value, line=item)
        return
    yield from beside


def _is_next_in_list(line: Line, following: Line) -> bool:
    """Whether a line is the next number of the list in which another is: its value is blank."""
    level = numbering(line.text)[0]
    return level > 0 and numbering(following.text)[0] == level


def _is_label_line(line: Line, labels: Labels) -> bool:
    too_long = len(line.squeezed) > CAPTION_LENGTH or re.search("[。;:]", line.text)
    return bool(too_long or labels.is_label(line.text) or next(_pairs_of_line(line, labels), None))


@cache
def _label_pattern(known: frozenset[str], tails: frozenset[str]) -> re.Pattern[str]:
    """Return what finds labels in a line: behind a gap, or, with a colon, right behind a value."""
    led = _any_of(word.removeprefix(ANY) for word in known if word.startswith(ANY))
    whole = _any_of(word for word in known if not word.startswith(ANY))
    long = _any_of(word.strip(ANY) for word in known if len(word.strip(ANY)) >= _PLAIN)
    tail = rf"(?:\s{{0,8}}(?:{_any_of(tails)}))?"
    return re.compile(
        rf"(?:(?:^|(?<=[\s;,、|_。]))(?:\d{{1,2}}[.、)]|\(\w{{1,2}}\))?(?P<label>(?:{whole}|{_AHEAD}(?:{led})){tail})"
        rf"\s{{0,8}}(?P<bracket>(?:\([^()]{{0,30}}\)\s{{0,4}}){{0,2}})(?P<end>[:_]|(?=\s)|$)"
        rf"|(?P<glued>(?:{long}){tail})\s{{0,8}}(?:\([^()]{{0,30}}\)\s{{0,4}})?:)",
        re.IGNORECASE,
    )


def _any_of(words: Iterable[str]) -> str:
    """Return a pattern for any of some labels, which may be spaced out."""
    spaced = (
        r"\s{0,8}".join(_INSIDE if letter == ANY else re.escape(letter) for letter in bare)
        + (_INSIDE if bare != word else "")
        for word in sorted(words, key=len, reverse=True)
        if (bare := word.rstrip(ANY))
    )
    return "|".join(spaced) or r"(?!)"


def _pairs_of_line(line: Line, labels: Labels) -> Iterator[Pair]:
    """Yield the pairs of a line; without a colon only where the line begins with a label."""
    if not labels.known or len(line.text) > _LABELLED_LENGTH:
        return
    start = len(line.text) - len(line.text.lstrip())
    found: list[re.Match[str]] = []
    for each in _label_pattern(labels.known, labels.tails).finditer(line.text):
        first = each.start() <= start + 1
        key = labels.key(each["glued"] or each["label"])
        loose = key.endswith(ANY) and not each["glued"] and each["end"] != ":"
        if key and not loose and (each["glued"] or each["end"] in {":", "_"} or first or found):
            found.append(each)
    head, colon, _ = line.text.partition(":")
    end = found[0].start() if found else len(line.text)
    if colon and len(head) < end and labels.key(head) in labels.wanted:  # spaced in its own way
        value = clean_value(line.raw[len(head) + 1 : end], labels.excused)
        yield Pair(key=labels.key(head), label=line.raw[: len(head)], value=value, line=line)
    for at, each in enumerate(found):
        group = "glued" if each["glued"] else "label"
        key = labels.key(each[group])
        if key in labels.wanted:
            end = found[at + 1].start() if at + 1 < len(found) else len(line.text)
            value = clean_value(line.raw[each.end() : end], labels.excused)
            label = line.raw[each.start(group) : each.end(group)]
            yield Pair(key=key, label=label, value=value, line=line)


def _pairs_of_table(grid: Grid, labels: Labels) -> Iterator[Pair]:
    for at, row in enumerate(grid.rows):
        below = grid.rows[at + 1] if at + 1 < len(grid.rows) else ()
        heads = is_heading_row(row, labels) or _heads(row, below, labels)
        heads = heads and not _is_pair(row, below, labels)
        for column, cell in enumerate(row):
            key = labels.key(cell.text)
            if key in labels.wanted:
                if heads:
                    value = _value_below(below, column, len(row), labels)
                else:
                    value = _value_beside(row, column, labels)
                pair = Pair(key=key, label=cell.raw.strip(" :："), value=value, line=cell)
                yield pair
                under = "" if heads else _value_below(below, column, len(row), labels)
                if under:
                    yield replace(pair, value=under, guessed=True)
            elif not key:
                for line in cell.split():
                    if ":" in line.text:
                        yield from _pairs_of_line(line, labels)


def _is_pair(row: Sequence[Line], below: Sequence[Line], labels: Labels) -> bool:
    """Whether a row of two is a label and a value that looks like one: 联系人 | 詹秘书长."""
    filled = [cell for cell in row if cell.squeezed]
    return len(filled) == 2 and bool(below) and labels.is_label(below[0].text)  # noqa: PLR2004 - a label and its value


def is_heading_row(row: Sequence[Line], labels: Labels) -> bool:
    """Whether a row holds nothing but labels, so that their values stand below them."""
    filled = [cell.text for cell in row if cell.squeezed]
    whole = len(filled) > 1 and 2 * len(filled) > len(row)
    return whole and any(map(labels.key, filled)) and all(map(labels.is_heading, filled))


def _heads(row: Sequence[Line], below: Sequence[Line], labels: Labels) -> bool:
    """Whether a row holds labels, of which the call knows some, and the next one their values."""
    filled = [cell for cell in row if cell.squeezed]
    whole = len(row) == len(below) and len(filled) > 2 and 2 * len(filled) > len(row)  # noqa: PLR2004 - two are a label and its value
    known = [cell for cell in filled if labels.is_label(cell.text)]
    if not (whole and known and all(map(_may_be_label, filled))):
        return False
    values = [cell for cell in below if cell.squeezed]
    return not any(labels.is_label(cell.text) for cell in values)


def _may_be_label(cell: Line) -> bool:
    """Whether a cell that the call does not know may hold a label: no name, number or sentence."""
    text = cell.squeezed
    body = is_organisation(text) or is_authority(text) or is_person(text)
    return not body and len(text) <= _LONGEST_LABEL and not re.search(r"\d{2}|[。;,@]", text)


def _value_beside(row: Sequence[Line], column: int, labels: Labels) -> str:
    """Return the value right of a label, or of two that say one thing: 联系人 | 姓名.

    A label that follows a blank cell is no value, be it one that the call does not know.
    """
    right = [cell for cell in row[column + 1 :] if cell.squeezed]
    if right and not row[column + 1].squeezed:
        last = right[0] is row[-1]
        if not last or labels.is_heading(right[0].text):
            return ""
    if len(right) > 1 and labels.key(right[0].text):
        both = labels.key(row[column].text + right[0].text) == labels.key(row[column].text)
        right = right[1:] if both else right
    return "" if not right or labels.is_label(right[0].text) else _value_in_cell(right[0], labels)


def _value_below(below: Sequence[Line], column: int, width: int, labels: Labels) -> str:
    """Return the value below a label in a row of labels."""
    if len(below) != width or is_heading_row(below, labels) or labels.is_label(below[column].text):
        return ""
    return _value_in_cell(below[column], labels)


def _value_in_cell(cell: Line, labels: Labels) -> str:
    """Return a cell's value: what stands before the first further label in it."""
    text = cell.raw
    for found in _label_pattern(labels.known, labels.tails).finditer(cell.text):
        if found["glued"] or found["end"] == ":":
            text = cell.raw[: found.start()]
            break
    return clean_value(text, labels.excused)


# ── The fields of the call ────────────────────────────────────────────────────────────


def read_fields(
    sections: Sequence[Section], elsewhere: Collection[int], kind: str, call: Call
) -> dict[str, Fact]:
    """Return what the fields of the call hold: what fits best counts, and of that the first.

    Sections `elsewhere` speak of members or people alone. A field whose label is not known is
    told by what it holds: the one organisation, authority, number or address of its kind.
    """
    asked = [each for each in call.fields if not each.documents or kind in each.documents]
    if not asked:
        return {}
    labels = labels_of(call, [word for each in asked for word in each.labels])
    named = labels_of(call, call.members.name_labels)
    holds = {each.id: each.holds for each in asked}
    best: dict[str, tuple[_Fit, Fact]] = {}
    whole = [at for at in range(len(sections)) if at not in elsewhere]
    for at in whole:
        section = sections[at]
        before = sections[at - 1].item if at else None
        following = sections[at + 1].item if at + 1 < len(sections) else None
        if is_list_table(section.item, call):
            continue
        for pair in pairs_of(section.item, labels, following):
            _collect(best, _completed(pair, before, following, labels, call), asked, labels, call)
        titled = field_of_caption(section.caption, asked)
        if titled:
            for pair in pairs_of(section.item, named, following):
                if pair.value and may_hold(holds[titled], pair.value, call):
                    _keep(best, titled, _Fit.WELL, pair.fact())
    for each in asked:
        if each.id not in best and each.holds:
            told = _told_by_shape([sections[at] for at in whole], each, labels)
            best |= {each.id: (_Fit.WELL, told)} if told else {}
    return {field: fact for field, (_, fact) in best.items()}


def _completed(
    pair: Pair, before: Item | None, following: Item | None, labels: Labels, call: Call
) -> Pair:
    """Return a name that was broken at the end of its line together with its rest.

    Where a label stands at half the height of its value, the name begins on the line before.
    """
    value = pair.value
    if not value and isinstance(before, Line) and isinstance(following, Line):
        return replace(pair, value=_around(pair, before, following, call))
    wholes = []
    if isinstance(before, Line) and value and pair.line.raw.strip() == pair.label.strip():
        wholes.append(before.raw.strip() + value)
    long = len(value) >= _BROKEN_FROM and pair.line.raw.rstrip().endswith(value)
    if long and isinstance(following, Line) and not _is_label_line(following, labels):
        wholes.append(value + following.raw.strip())
    whole = next((tidy(each) for each in wholes if _completes(each, value, call)), value)
    return replace(pair, value=whole)


def _around(pair: Pair, before: Line, following: Line, call: Call) -> str:
    """Return a name whose halves stand in the columns above and below the end of a label's line."""
    line = _NOTE_AT_END.sub("", pair.line.raw.rstrip(" :：_"))
    at_end = line.endswith(pair.label.rstrip(" :："))
    if not at_end or not before.text.split() or not following.text.split():
        return ""
    halves = before.raw.split()[-1], following.raw.split()[-1]
    whole = clean_value("".join(halves), call.placeholders.excused)
    named = is_organisation(whole) or is_authority(whole)
    return whole if named and not any(map(is_organisation, halves)) else ""


def _completes(whole: str, value: str, call: Call) -> bool:
    """Whether a name is whole with more than `value`, and was not without."""
    suffixes = plain_words(call.name.suffixes)
    if plain(value).endswith(suffixes) or is_organisation(value):
        return False
    return squeeze(plain(whole)).endswith(suffixes) or is_organisation(whole)


class _Fit(IntEnum):
    """How well what stands beside a label is what the field holds; the best, then the first."""

    WELL = 0
    ODDLY = 1
    BLANK = 2


def _collect(
    best: dict[str, tuple[_Fit, Fact]],
    pair: Pair,
    asked: Sequence[FieldLabel],
    labels: Labels,
    call: Call,
) -> None:
    """Keep what stands beside a label; beside a loose one, only what the field may hold.

    What looks like the next label is no odd value: the space was left blank.
    """
    for each in asked:
        if pair.key in keys_of(each.labels):
            next_label = _is_next_label(pair.value, each.holds, labels)
            if pair.value and not next_label and may_hold(each.holds, pair.value, call):
                _keep(best, each.id, _Fit.WELL, pair.fact())
            elif not (pair.key.endswith(ANY) or pair.guessed):
                fact = replace(pair, value="").fact() if next_label else pair.fact()
                _keep(best, each.id, _Fit.ODDLY if fact.value else _Fit.BLANK, fact)


def _is_next_label(value: str, holds: str, labels: Labels) -> bool:
    """Whether a value looks like a label, and not like a person's name and title: 詹秘书长."""
    longest = _LONGEST_LABEL_OR_TITLE if holds == "person" else _LONGEST_LABEL
    if not holds or len(value) > longest or begins_with_surname(value):
        return False
    body = is_organisation(value) or is_authority(value)
    return not body and (labels.is_heading(value) or labels.is_bare(value))


def _keep(best: dict[str, tuple[_Fit, Fact]], field: str, fit: _Fit, fact: Fact) -> None:
    if field not in best or fit < best[field][0]:
        best[field] = fit, fact


_PHONE = re.compile(r"(?<!\d)(?:1[3-9]\d{9}|\(?0\d{2,3}\)?[-—–\s]{0,3}\d{7,8})(?!\d)")
EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}", re.ASCII)
_SHAPES = {"phone": _PHONE, "email": EMAIL}
_LONGEST_PERSON = 20


def may_hold(holds: str, value: str, call: Call) -> bool:
    """Whether a value has the shape of what a field holds."""
    text = plain(value)
    if holds == "name":
        suffixes = plain_words(call.name.suffixes)
        return call.name.label not in text and any(each in squeeze(text) for each in suffixes)
    body = is_organisation(without_note(text)) or is_authority(text)
    if holds in {"organisation", "authority"}:
        return body
    if holds == "person":
        rest = _PHONE.sub("", text)
        return not body and len(rest) <= _LONGEST_PERSON and not re.search(r"\d", rest)
    pattern = _SHAPES.get(holds)
    return pattern is None or pattern.search(text) is not None


def _told_by_shape(sections: Sequence[Section], field: FieldLabel, labels: Labels) -> Fact | None:
    """Return the first value that stands beside a label nobody knows, and is what a field holds."""
    pattern = _SHAPES.get(field.holds)
    for at, section in enumerate(sections):
        item = section.item
        before = sections[at - 1].item if at else None
        for label, value in _beside_any_label(item, before):
            found = pattern.search(value.text) if pattern else None
            if found:
                text = value.raw[found.start() : found.end()]
                return Fact(value=tidy(text), page=value.page, quote=quote_of(value.raw))
            if labels.key(label) or pattern or not _is_of(field.holds, value.text):
                continue
            text = clean_value(value.raw, labels.excused)
            return Fact(value=text, page=value.page, quote=quote_of(value.raw))
    return None


def _is_of(holds: str, text: str) -> bool:
    if holds == "authority":
        return is_authority(text)
    return (
        holds == "organisation" and is_organisation(without_note(text)) and not is_authority(text)
    )


def _beside_any_label(item: Item, before: Item | None) -> Iterator[tuple[str, Line]]:
    """Yield all values of a line or table, each with the label beside, before or above it."""
    if isinstance(item, Line):
        label, colon, _ = item.text.partition(":")
        if colon:
            yield label, line_of(item.raw[len(label) + 1 :].strip(), item.page)
        elif isinstance(before, Line):
            yield before.text, line_of(item.raw.strip(), item.page)
        return
    for number, row in enumerate(item.rows):
        above = item.rows[number - 1] if number else ()
        for column, cell in enumerate(row):
            left = [each for each in row[:column] if each.squeezed]
            over = above[column].text if len(above) == len(row) else ""
            yield (left[-1].text if left else over), cell


def field_of_caption(caption: str, asked: Sequence[FieldLabel]) -> str:
    """Return the field that a caption names (`秘书处所在单位情况表`), or an empty string."""
    for each in asked:
        words = (word for word in keys_of(each.labels) if len(word.strip(ANY)) >= _TELLING)
        if any(names(word, caption) and word != caption for word in words):
            return each.id
    return ""


def is_list_table(item: Item, call: Call) -> bool:
    """Whether a table lists members or people: rows for them under one row of headings."""
    if not isinstance(item, Grid):
        return False
    labels = labels_of(call, call.members.name_labels + call.members.person_labels)
    heading = heading_of_list(item, labels)
    if heading is None or not heading.keys & labels.wanted:
        return False
    rows = item.rows[heading.last + 1 :]
    if heading.last == heading.first and len(rows) < _LEAST_ROWS:
        return False
    named = sum(any(is_organisation(cell.text) for cell in row) for row in rows)
    return bool(heading.keys & keys_of(call.members.person_labels)) or 2 * named >= len(rows)


@dataclass(frozen=True, kw_only=True)
class ListHeading:
    """The labels above a list, and the last of the one or two rows that they fill."""

    first: int
    last: int
    keys: frozenset[str]


def heading_of_list(grid: Grid, labels: Labels) -> ListHeading | None:
    """Return the heading of a table that has rows under one row of headings, or None.

    Where other headings follow, each with values below it, the table is a sheet.
    """
    heads = [at for at, row in enumerate(grid.rows) if is_heading_row(row, labels)]
    if not heads:
        return None
    first = heads[0]
    last = first + _divides(grid.rows[first + 1 :][:1], labels)
    keys = _keys_of_row(grid.rows[first], labels)
    others = [
        at for at in heads[1:] if at != last and not _keys_of_row(grid.rows[at], labels) <= keys
    ]
    rows = len(grid.rows) - last - 1
    return ListHeading(first=first, last=last, keys=keys) if rows and not others else None


def _divides(rows: Sequence[Sequence[Line]], labels: Labels) -> bool:
    """Whether a row divides the headings above it, and leaves those blank that stand above all."""
    filled = [cell.text for row in rows for cell in row if cell.squeezed]
    return bool(filled) and not rows[0][0].squeezed and all(map(labels.is_heading, filled))


def _keys_of_row(row: Sequence[Line], labels: Labels) -> frozenset[str]:
    return frozenset(filter(None, (labels.key(cell.text) for cell in row)))
