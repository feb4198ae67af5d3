"""The manifest 推荐汇总表 of a batch: the sheet in which a bureau lists all that it sends.

Its columns are known by the call's own labels, wherever the header stands; the column of
names also by the names that stand in it. What it lists tells folders and files apart that
carry no full name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, zip_longest
from pathlib import PurePosixPath

from rapidfuzz.distance import Levenshtein

from config.call import Call
from parsers import media
from parsers.facts import NAME, SECRETARIAT
from parsers.labels import ANY, keys_of, label_key, labels_of
from parsers.lines import Grid, Item, Line, items_of, plain, plain_words, squeeze, tidy, visible
from parsers.names import (
    core_of,
    find_names,
    is_organisation,
    name_in_path,
    normal_form,
    organisation_form,
)
from parsers.recognise import OTHER, find_title
from parsers.submission import Content, Listed

_SHEETS = {media.XLS, media.XLSX, media.CSV}
_HEADER_WITHIN = 30  # rows from the top
_ROWS = 2000  # of a table, in which lines are looked for
_SAMPLE = 30  # rows by which a column of names is told
_LEAST = 2  # names; fewer make a manifest only under its title
_MOST = 500  # more alliances than a province recommends
_LONGEST_NAME = 48
_LEAST_CORE = 2
_ALIKE = 0.75  # cores of which so much agrees may be one name with a slip
_OF_STAFF = {"received_on"}, {"copies", "sealed"}  # columns that only staff keep
_HAN = re.compile("[一-鿿]")
_ENDING = re.compile(r"\.[0-9A-Za-z]{1,5}$")
_AROUND = re.compile(r"^[\W\d_]+|[\W\d_]+$")


@dataclass(frozen=True, kw_only=True)
class _Header:
    """The last row of a header, and in which column each field of the call stands."""

    last: int
    columns: Mapping[str, int]


def read_manifest(content: Content, kind: str, path: str, call: Call) -> tuple[Listed, ...]:
    """Return what a file lists as the manifest of a batch; nothing when it is none.

    `kind` is what the file was recognised as: one of the call's documents may contain such a
    table, and is a manifest only where it is a spreadsheet all the same.
    """
    if content.problem is not None or (kind != OTHER and content.media_type not in _SHEETS):
        return ()
    items = items_of(content)
    lines: dict[tuple[str, str], Listed] = {}
    header: _Header | None = None
    for grid in (each for each in items if isinstance(each, Grid)):
        own = _header(grid, call)
        header = own or (header and _Header(last=-1, columns=header.columns))
        for each in _lines(grid, header, call) if header else ():
            seat = organisation_form(each.fields.get(SECRETARIAT, ""))
            lines.setdefault((normal_form(each.name, call), seat), each)
    least = 1 if _is_titled(items, path, call) else _LEAST
    return tuple(lines.values())[:_MOST] if len(lines) >= least else ()


def _is_titled(items: Sequence[Item], path: str, call: Call) -> bool:
    title = find_title(items, call)
    told = f"{title.text if title else ''}\n{PurePosixPath(path).name}"
    return any(word in squeeze(plain(told)) for word in plain_words(call.manifest_titles))


# ── headings ─────────────────────────────────────────────────────────────────────────────


def _header(grid: Grid, call: Call) -> _Header | None:
    """Return the header that names most fields, in one row or two; the first of equals."""
    places = [
        (at, height, _headings(grid, at, height))
        for at in range(min(len(grid.rows), _HEADER_WITHIN))
        for height in (1, 2)
        if at + height <= len(grid.rows)
    ]
    if any(_is_paper_register(headings, call) for _, _, headings in places):
        return None
    found = (_header_at(grid, at + height - 1, named, call) for at, height, named in places)
    return max(filter(None, found), key=lambda each: len(each.columns), default=None)


def _headings(grid: Grid, at: int, height: int) -> Sequence[str]:
    rows = [[label_key(cell.text) for cell in row] for row in grid.rows[at : at + height]]
    return rows[0] if height == 1 else _under(rows[0], rows[1], max(map(len, grid.rows)))


def _header_at(grid: Grid, last: int, headings: Sequence[str], call: Call) -> _Header | None:
    """Return the header that ends with row `last`, if it names the dossier and a field."""
    columns = _columns(headings, call)
    if columns and NAME not in columns:
        column = _column_of_names(grid.rows[last + 1 :][:_SAMPLE], headings, call)
        others = {field: at for field, at in columns.items() if at != column}
        columns = others if column is None else {NAME: column, **others}
    known = NAME in columns and len(columns) > 1
    return _Header(last=last, columns=columns) if known else None


def _under(upper: Sequence[str], lower: Sequence[str], width: int) -> list[str]:
    """Return the headings of two rows: the lower one's, and where it is blank the upper one's.

    A heading of the upper row that covers several columns stands there only once, unless
    blank cells follow it. Rows end with their last filled cell, the table at `width`.
    """
    if "" in upper:
        return [low or up for up, low in zip_longest(upper, lower, fillvalue="")]
    headings: list[str] = []
    left = list(upper)
    for filled, run in groupby(lower, key=bool):
        if filled:
            del left[:1]
            headings += run
        else:
            count = len(list(run))
            headings += left[:count]
            del left[:count]
    behind = max(0, width - len(headings))
    return headings + left[max(0, len(left) - behind) :]


def _columns(headings: Sequence[str], call: Call) -> dict[str, int]:
    """Return the column of each field under one of its labels; whole labels come first."""
    labels = labels_of(call, [word for each in call.fields for word in each.labels])
    keys = [labels.key(heading) for heading in headings]
    columns: dict[str, int] = {}
    for each in call.fields:
        offers = [
            (heading != key.replace(ANY, ""), rank, column)
            for column, (heading, key) in enumerate(zip(headings, keys, strict=True))
            for rank, label in enumerate(each.labels)
            if key in keys_of((label,)) and column not in columns.values()
        ]
        if offers:
            columns[each.id] = min(offers)[2]
    return columns


def _column_of_names(
    rows: Iterable[Sequence[Line]], headings: Sequence[str], call: Call
) -> int | None:
    """Return the column under some heading in which most cells are names."""
    filled: dict[int, int] = dict.fromkeys(range(len(headings)), 0)
    named = dict(filled)
    for row in rows:
        for column, cell in enumerate(row[: len(headings)]):
            if headings[column] and cell.squeezed:
                filled[column] += 1
                named[column] += len(find_names(cell.raw, call)) == 1
    most = [column for column in named if 2 * named[column] > filled[column]]
    return max(most, key=lambda each: named[each], default=None)


def _is_paper_register(headings: Sequence[str], call: Call) -> bool:
    """Whether a header is that of the paper register, which staff keep, not applicants."""
    return all(
        any(
            heading and heading in keys_of(call.paper.columns.get(each, ()))
            for each in fields
            for heading in headings
        )
        for fields in _OF_STAFF
    )


# ── lines ────────────────────────────────────────────────────────────────────────────────


def _lines(grid: Grid, header: _Header, call: Call) -> Iterator[Listed]:
    for row in grid.rows[header.last + 1 :][:_ROWS]:
        cells = {
            field: tidy(row[column].raw)
            for field, column in header.columns.items()
            if column < len(row) and row[column].squeezed
        }
        name = _name_in(cells, call) if sum(bool(cell.squeezed) for cell in row) > 1 else ""
        if name:
            fields = {field: value for field, value in cells.items() if field != NAME}
            yield Listed(name=name, fields=fields)


def _name_in(cells: Mapping[str, str], call: Call) -> str:
    """Return the name of a line; a bare core counts only beside its secretariat."""
    told = cells.get(NAME, "")
    found = find_names(told, call)
    if found:
        return found[0] if len(found) == 1 else ""
    bare = len(told) <= _LONGEST_NAME and len(_HAN.findall(core_of(told, call))) >= _LEAST_CORE
    return told if bare and is_organisation(cells.get(SECRETARIAT, "")) else ""


# ── what a folder or file name tells ─────────────────────────────────────────────────────


@dataclass(frozen=True, kw_only=True)
class Sign:
    """By what a listed name is known in paths: its core, and its secretariat."""

    name: str
    core: str
    secretariat: str


def signs_of(listed: Iterable[Listed], call: Call) -> tuple[Sign, ...]:
    """Return by what each listed name is known."""
    return tuple(
        Sign(
            name=each.name,
            core=core_of(each.name, call),
            secretariat=organisation_form(each.fields.get(SECRETARIAT, "")),
        )
        for each in listed
    )


def listed_in_path(path: str, signs: Sequence[Sign], call: Call) -> str:
    """Return the one listed name that the way to a file tells, or an empty string.

    The innermost part counts first; none is looked at outside one that carries a name of
    its own.
    """
    for depth, part in enumerate(reversed(PurePosixPath(path).parts) if signs else ()):
        name = _told_by(part, signs, call, folder=depth > 0)
        if name or name_in_path(part, call):
            return name
    return ""


def _told_by(part: str, signs: Sequence[Sign], call: Call, *, folder: bool) -> str:
    """Return the only listed name that a file or folder name speaks of.

    It names the core or the secretariat (01工业机器人, 某某有限公司); a folder may also
    shorten the core (机器人联盟). Of cores that contain each other the longest counts.
    """
    told = squeeze(plain(_ENDING.sub("", visible(part)))).upper()
    bare = _AROUND.sub("", told)
    exact = {told, bare, core_of(told, call), core_of(bare, call)}
    short = core_of(_without_noise(bare, call), call)
    cores = {each.core for each in signs if each.core and each.core in told}
    whole = {one for one in cores if not any(one in other for other in cores - {one})}
    tiers = (
        [each for each in signs if each.core in exact],
        [each for each in signs if each.core in whole],
        [each for each in signs if each.secretariat and each.secretariat in told],
        [each for each in signs if folder and len(short) >= _LEAST_CORE and short in each.core],
    )
    first = next(filter(None, tiers), [])
    return first[0].name if len(first) == 1 else ""


def _without_noise(text: str, call: Call) -> str:
    kinds = (word for each in call.documents for word in (*each.titles, *each.filenames))
    for word in plain_words((*call.name.noise, *kinds, *call.other_titles)):
        text = text.replace(word, "")
    return _AROUND.sub("", text)


# ── what was listed and what came ────────────────────────────────────────────────────────


@dataclass(frozen=True, kw_only=True)
class Difference:
    """How a manifest and the dossiers that are there differ.

    `absent` are listed and not there, `unlisted` there and not listed; `unlike` pairs a
    listed name with that of a dossier which may be the same: a person must tell.
    """

    absent: tuple[str, ...] = ()
    unlisted: tuple[str, ...] = ()
    unlike: tuple[tuple[str, str], ...] = ()


def compare(listed: Sequence[Listed], there: Sequence[tuple[str, str]], call: Call) -> Difference:
    """Compare what is listed with the dossiers that are there, each a name and a secretariat."""
    cores = {core_of(name, call) for name, _ in there}
    absent = [each for each in listed if core_of(each.name, call) not in cores]
    on_list = {core_of(each.name, call) for each in listed}
    unlisted = [each for each in dict.fromkeys(there) if core_of(each[0], call) not in on_list]
    unlike = []
    for each in tuple(absent):
        like = next((one for one in unlisted if _may_be(each, one, call)), None)
        if like:
            absent.remove(each)
            unlisted.remove(like)
            unlike.append((each.name, like[0]))
    return Difference(
        absent=tuple(dict.fromkeys(each.name for each in absent)),
        unlisted=tuple(name for name, _ in unlisted),
        unlike=tuple(unlike),
    )


def _may_be(listed: Listed, there: tuple[str, str], call: Call) -> bool:
    name, secretariat = there
    one, other = core_of(listed.name, call), core_of(name, call)
    seat = organisation_form(listed.fields.get(SECRETARIAT, ""))
    housed_alike = bool(seat) and seat == organisation_form(secretariat)
    contained = one in other or other in one
    return housed_alike or contained or Levenshtein.normalized_similarity(one, other) >= _ALIKE
