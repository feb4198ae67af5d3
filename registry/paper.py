"""The paper register 纸质收件登记, read from the spreadsheet that staff keep.

Sheets are understood by the headings of their columns (`call.paper.columns`), wherever the
header stands and however it is laid out; never by the running number 序号.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from config.call import Call
from parsers.lines import plain, squeeze, tidy, visible
from parsers.names import normal_form, organisation_form
from registry.paper_cells import (
    lacks_year,
    read_copies,
    read_date,
    read_phone,
    read_recommendation,
    read_seals,
    split_contact,
    text_of,
)
from registry.rows import PaperRecord
from registry.sheets import Cell, Row, Sheet, UnreadableError, open_sheets

_HEADER_WITHIN = 50
"""In how many rows from the top the header is looked for."""

_LONGEST_HEADING = 30
_CONTACT_FIELDS = ("contact", "mobile", "email")
_ENDING = 10 * _LONGEST_HEADING
"""How far a heading is from the usual word that it only ends in; behind all known headings."""

_LEAST_ENDING = 4
"""How long a word is at least that a heading may end in: 名称 and 日期 end others' headings."""

_TELLING = {*_CONTACT_FIELDS, "copies"}
"""Fields of which the short words (手机, 份数) are told at the end of a heading, too."""

_ELECTRONIC = "电子版|电子材料|电子文|电子档"
_RUNNING = {"序号", "NO", "NO."}
_BRACKETED = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|【[^【】]*】|〔[^〔〕]*〕")
_DIVIDERS = re.compile(r"[·•/、,&+\s]|及|和|与")
_FOOTER = re.compile(
    "合计|总计|小计|共计|填表|制表|审核人|登记人|经办人|负责人|注:|说明:|备注:|以下空白|以上"
)


@dataclass(frozen=True, kw_only=True)
class RowNote:
    """Something to tell about a row: where it is, as Excel counts, and a reason in Chinese."""

    sheet: str
    row: int
    reason: str


_TOLD_OF_PAPER = ("copies", "sealed", "recommended")


@dataclass(frozen=True, kw_only=True)
class SheetLayout:
    """How a sheet was understood: the heading that stands for each field, and those ignored."""

    name: str
    headings: Mapping[str, str]
    ignored: tuple[str, ...]

    @property
    def unread(self) -> str:
        """What to tell of the columns that were not understood; empty when there is none."""
        told = [each for each in self.ignored if _heading_form(each) not in _RUNNING]
        return f"未识别的列：{'、'.join(told)}" if told else ""

    def lacking(self, call: Call) -> str:
        """What to tell of the columns about the paper copies that the sheet has not."""
        asked = [each for each in _TOLD_OF_PAPER if each in call.paper.columns]
        absent = [each for each in asked if each not in self.headings]
        words = "、".join(call.paper.columns[each][0] for each in absent)
        return f"没有找到的列：{words}（有关事项未经核对）" if absent else ""


@dataclass(frozen=True, kw_only=True)
class Register:
    """A paper register as it was read.

    `rejected` are rows that could not be taken, `warnings` cells and sheets that could not
    be understood although the rest was taken.
    """

    file: str
    records: tuple[PaperRecord, ...]
    rejected: tuple[RowNote, ...]
    warnings: tuple[RowNote, ...]
    sheets: tuple[SheetLayout, ...]


@dataclass(frozen=True, kw_only=True)
class _Header:
    """Where each field stands. `shared` columns hold name, telephone and mail together."""

    last: int
    columns: Mapping[str, int]
    shared: frozenset[int] = frozenset()
    divided: int = 0  # columns whose upper heading (联系方式) a lower one (手机号码) divides


@dataclass(kw_only=True)
class _Reading:
    """What reading has given so far; `seen` says where each key was met first."""

    call: Call
    today: date
    records: list[PaperRecord] = field(default_factory=list)
    rejected: list[RowNote] = field(default_factory=list)
    warnings: list[RowNote] = field(default_factory=list)
    seen: dict[str, str] = field(default_factory=dict)


def read_register(path: Path, call: Call, today: date) -> Register:
    """Read the paper register from a spreadsheet; what it cannot take is listed with reasons.

    A date without its year is of the year of the rows about it, else of the call's, and never
    after `today`.
    Raises UnreadableError when the file cannot be read, or when no sheet has a header row
    that can be understood.
    """
    headings = _Headings(call)
    reading = _Reading(call=call, today=today)
    layouts: list[SheetLayout] = []
    for sheet in open_sheets(path):
        header = headings.find(sheet.rows)
        if header:
            layouts.append(_layout(sheet, header))
            _read_sheet(sheet, header, headings, reading)
        elif any(map(_is_filled, sheet.rows)):
            reason = "该工作表没有可识别的表头，未读取"
            reading.warnings.append(RowNote(sheet=sheet.name, row=1, reason=reason))
    if not layouts:
        raise UnreadableError(_no_header(path, call))
    return Register(
        file=path.name,
        records=tuple(reading.records),
        rejected=tuple(reading.rejected),
        warnings=tuple(reading.warnings),
        sheets=tuple(layouts),
    )


def key_of(record: PaperRecord, call: Call) -> str:
    """Return what a line of the register is known by.

    That is its register number; without one the normal forms of its name and secretariat
    together with the date received.
    """
    if record.register_no:
        return f"no:{squeeze(plain(record.register_no)).upper()}"
    received = record.received_on.isoformat() if record.received_on else ""
    parts = (normal_form(record.name, call), organisation_form(record.secretariat), received)
    return "|".join(("name:", *parts))


def _no_header(path: Path, call: Call) -> str:
    words = " ".join(each[0] for each in call.paper.columns.values())
    return (
        f"{path}: no sheet has a header row that can be understood; it must name "
        f"{call.paper.columns['name'][0]} and at least one more of: {words}"
    )


# ── headings ─────────────────────────────────────────────────────────────────────────────


def _size(header: _Header) -> tuple[int, int]:
    """Return how many fields a header names, and in how many words of a divided heading."""
    return len(header.columns), header.divided


class _Headings:
    """The headings of a call's paper register, in the form in which they are compared."""

    def __init__(self, call: Call) -> None:
        self._known: dict[str, tuple[int, str]] = {}
        for name, words in call.paper.columns.items():
            for rank, word in enumerate(words):
                self._known.setdefault(_heading_form(word), (rank, name))
        self._of_name = {form for form, (_, name) in self._known.items() if name == "name"}
        self._order = tuple(call.paper.columns)

    def find(self, rows: Sequence[Row]) -> _Header | None:
        """Return the header that names most fields, in one row or two; the first of equals."""
        best: _Header | None = None
        for first in range(min(_HEADER_WITHIN, len(rows))):
            for height in (1, 2):
                header = self._header(rows, first, height)
                if header and (best is None or _size(header) > _size(best)):
                    best = header
        return best

    def repeated(self, row: Row, at: int) -> _Header | None:
        """Return the header that a row further down is, or None."""
        texts = (each for each in row if isinstance(each, str) and len(each) <= _LONGEST_HEADING)
        if not any(squeeze(each) in self._of_name for each in texts):
            return None
        header = self._header((row,), 0, 1)
        return header and _Header(last=at, columns=header.columns, shared=header.shared)

    def _header(self, rows: Sequence[Row], first: int, height: int) -> _Header | None:
        taken = rows[first : first + height]
        if len(taken) < height:
            return None
        columns, shared = self._assign(taken)
        if "name" not in columns or len(columns) < 2:  # noqa: PLR2004 - one word is no header
            return None
        below = text_of(taken[-1][columns["name"]]) if columns["name"] < len(taken[-1]) else ""
        if below and not self._meanings(below):
            return None  # the lower row holds data already
        ordered = {each: columns[each] for each in self._order if each in columns}
        return _Header(
            last=first + height - 1,
            columns=ordered,
            shared=shared,
            divided=self._divided(taken) if height > 1 else 0,
        )

    def _divided(self, rows: Sequence[Row]) -> int:
        """Return how many words of the lower row of a header are headings of their own."""
        upper, lower = rows
        texts = [(text_of(each), text_of(_cell(upper, at))) for at, each in enumerate(lower)]
        return sum(bool(self._meanings(text)) for text, above in texts if text != above)

    def _assign(self, rows: Sequence[Row]) -> tuple[dict[str, int], frozenset[int]]:
        """Give each field the column whose heading fits best, and each column one meaning."""
        offers = sorted(
            (rank, depth, column, fields)
            for column in range(max(map(len, rows)))
            for depth, text in enumerate(_texts(rows, column))
            for rank, fields in self._meanings(text)
        )
        loose = Counter(fields for rank, _, _, fields in offers if rank >= _ENDING)
        columns: dict[str, int] = {}
        shared: set[int] = set()
        for rank, _, column, fields in offers:
            free = [each for each in fields if each not in columns]
            if rank >= _ENDING and loose[fields] > 1:
                continue  # 正本份数 and 副本份数: neither is the one
            if free and column not in columns.values():
                columns |= dict.fromkeys(free, column)
                shared |= {column} if len(fields) > 1 else set()
        return columns, frozenset(shared)

    def _meanings(self, text: str) -> list[tuple[int, tuple[str, ...]]]:
        """Return which fields a heading names, with how far from the usual word it is."""
        if not text or len(text) > _LONGEST_HEADING:
            return []
        forms = (_heading_form(text), _heading_form(_BRACKETED.sub("", plain(text))))
        for form in forms:
            if form in self._known:
                rank, name = self._known[form]
                return [(rank, (name,))]
        parts = [self._known.get(_heading_form(each)) for each in _DIVIDERS.split(plain(text))]
        names = tuple(dict.fromkeys(each[1] for each in parts if each))
        if None in parts or len(names) < 2 or not set(names) <= set(_CONTACT_FIELDS):  # noqa: PLR2004 - one field is not shared
            return self._ending(forms[-1])
        return [(_LONGEST_HEADING, names)]

    def _ending(self, form: str) -> list[tuple[int, tuple[str, ...]]]:
        """Return the field whose longest word a heading ends in (纸质材料收件日期), if it is plain.

        It is not where the words before speak of another field (推荐单位联系人), but for those
        that bear contacts, or of the electronic copies.
        """
        endings = [each for each in self._known if form.endswith(each) and self._tells(each)]
        if not endings or re.search(_ELECTRONIC, form):
            return []
        word = max(endings, key=len)
        name = self._known[word][1]
        before = form.removesuffix(word)
        others = {of for each, (_, of) in self._known.items() if each in before} - {name}
        allowed = {*_CONTACT_FIELDS, "secretariat"} if name in _CONTACT_FIELDS else set()
        return [(_ENDING, (name,))] if others <= allowed else []

    def _tells(self, word: str) -> bool:
        return len(word) >= _LEAST_ENDING or self._known[word][1] in _TELLING


def _heading_form(text: str) -> str:
    return squeeze(plain(visible(text))).upper().strip("*:：")


def _texts(rows: Sequence[Row], column: int) -> Iterator[str]:
    """Yield what a column may be called: upper and lower heading together, lower, upper.

    The upper one alone is not meant where it stands over several columns with own headings.
    """
    texts = [text_of(row[column]) for row in rows if column < len(row)]
    texts = [each for each in dict.fromkeys(texts) if each]
    if len(texts) > 1:
        yield "".join(texts)
        beside = {text_of(_cell(rows[0], each)) for each in (column - 1, column + 1) if each >= 0}
        texts = texts[1:] if texts[0] in beside else texts
    yield from reversed(texts)


def _layout(sheet: Sheet, header: _Header) -> SheetLayout:
    row = sheet.rows[header.last]
    above = sheet.rows[header.last - 1] if header.last else ()

    def heading(column: int) -> str:
        texts = [text_of(each[column]) for each in (row, above) if column < len(each)]
        return next(filter(None, texts), "")

    used = set(header.columns.values())
    ignored = (heading(each) for each in range(len(row)) if each not in used)
    return SheetLayout(
        name=sheet.name,
        headings={each: heading(column) for each, column in header.columns.items()},
        ignored=tuple(filter(None, ignored)),
    )


# ── rows ─────────────────────────────────────────────────────────────────────────────────


def _is_filled(row: Row) -> bool:
    return any(each is not None and each != "" for each in row)


def _read_sheet(sheet: Sheet, header: _Header, headings: _Headings, reading: _Reading) -> None:
    top = frozenset(sheet.rows[: header.last + 1])
    lines: list[tuple[int, Row, _Header]] = []
    for at, row in enumerate(sheet.rows[header.last + 1 :], start=header.last + 1):
        if not _is_filled(row) or row in top:
            continue
        again = headings.repeated(row, at)
        if again:
            header = again
        elif not _is_aside(row, header):
            lines.append((at, row, header))
    dates = [_cell(row, its.columns.get("received_on", len(row))) for _, row, its in lines]
    years = _years(dates, reading)
    for (at, row, its), year in zip(lines, years, strict=True):
        place = RowNote(sheet=sheet.name, row=at + 1, reason="")
        _read_row(row, place, its, reading, year)
    rows = [(at + 1, cell, year) for (at, *_), cell, year in zip(lines, dates, years, strict=True)]
    reading.warnings.extend(_years_added(sheet.name, rows, reading.call))


def _years_added(
    sheet: str, rows: Sequence[tuple[int, Cell, int]], call: Call
) -> Iterator[RowNote]:
    """Tell once for each year how many dates were written without it, and where the first is."""
    short = [each for each in rows if lacks_year(each[1])]
    for year in sorted({each[2] for each in short}):
        of_year = [each for each in short if each[2] == year]
        row, cell, _ = of_year[0]
        reason = (
            f"{call.paper.columns['received_on'][0]}“{text_of(cell)}”等{len(of_year)}处未写年份，"
            f"按{year}年读取（晚于今天的按上一年），如有不符请在表中写明年份"
        )
        yield RowNote(sheet=sheet, row=row, reason=reason)


def _years(dates: Sequence[Cell], reading: _Reading) -> list[int]:
    """Return the year for each row's date: of the last whole date above it, else of the first."""
    days = [
        None if lacks_year(each) else read_date(each, reading.call.year, reading.today)[0]
        for each in dates
    ]
    year = next((each.year for each in days if each), reading.call.year)
    found: list[int] = []
    for day in days:
        year = day.year if day else year
        found.append(year)
    return found


def _is_aside(row: Row, header: _Header) -> bool:
    """Whether a row is no line of the register: a banner over its whole width, or a footer."""
    first = next(filter(None, map(text_of, row)), "")
    if _FOOTER.match(squeeze(plain(first))):
        return True
    name = _cell(row, header.columns["name"])
    if isinstance(name, str) and name:
        return row.count(name) > 2  # noqa: PLR2004 - more than name and secretariat alike
    asked = [at for each, at in header.columns.items() if each not in {"register_no", "name"}]
    return not any(text_of(_cell(row, at)) for at in asked)


def _cell(row: Row, column: int) -> Cell:
    return row[column] if column < len(row) else None


def _read_row(row: Row, place: RowNote, header: _Header, reading: _Reading, year: int) -> None:
    record, complaints = _record(row, place, header, reading, year)
    if not record.name:
        reason = f"没有{reading.call.name.label}"
        reading.rejected.append(replace(place, reason=reason))
        return
    key = key_of(record, reading.call)
    if key in reading.seen:
        what = f"登记号 {record.register_no} " if record.register_no else "名称、秘书处和日期"
        reason = f"{what}与{reading.seen[key]}重复"
        reading.rejected.append(replace(place, reason=reason))
        return
    reading.seen[key] = f"《{place.sheet}》第{place.row}行"
    reading.records.append(record)
    reading.warnings.extend(replace(place, reason=each) for each in complaints)


def _record(
    row: Row, place: RowNote, header: _Header, reading: _Reading, year: int
) -> tuple[PaperRecord, tuple[str, ...]]:
    """Turn a row into a record, with what could not be understood in its cells."""
    cells = {each: _cell(row, column) for each, column in header.columns.items()}
    for column in header.shared:
        parts = split_contact(text_of(_cell(row, column)))
        cells |= {each: parts[each] for each, at in header.columns.items() if at == column}
    received_on, no_date = read_date(cells.pop("received_on", None), year, reading.today)
    number = cells.pop("copies", None)
    copies, no_number = read_copies(number)
    sealed = read_seals(cells.pop("sealed", None))
    recommended = read_recommendation(cells.pop("recommended", None))
    mobile, no_phone = read_phone(cells.get("mobile"))
    texts: dict[str, Any] = {each: text_of(cell) for each, cell in cells.items()}
    record = PaperRecord(
        **texts | {"name": tidy(texts["name"]), "mobile": mobile},
        received_on=received_on,
        copies=copies,
        copies_text=text_of(number) if no_number else "",
        sealed=sealed.value,
        sealed_text=sealed.text,
        recommended=recommended.value,
        recommended_text=recommended.text,
        columns=tuple(header.columns),
        sheet=place.sheet,
        row=place.row,
    )
    complaints = {
        "received_on": no_date,
        "copies": no_number,
        "sealed": sealed.complaint,
        "recommended": recommended.complaint,
        "mobile": no_phone,
    }
    return record, tuple(_told(complaints, reading.call))


def _told(complaints: Mapping[str, str], call: Call) -> Iterable[str]:
    for name, complaint in complaints.items():
        if complaint:
            yield f"{call.paper.columns[name][0]}{complaint}"
