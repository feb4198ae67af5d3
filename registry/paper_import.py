"""Taking a paper register into the registry: what is new, what has changed, whom it touches.

Only lines that differ are written, so that a second import of one file changes nothing but
the day as of which the register is known; that stands in the event `paper-imported`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from config.call import Call
from parsers.names import core_of_form, normal_form, organisation_form, ways_of_writing
from registry import models as m
from registry import queries
from registry.events import mark, record
from registry.matching import FAR, core_likeness, number_said
from registry.paper import Register, RowNote, key_of
from registry.rows import PaperRecord
from registry.similar import NearCores

_OF_THE_REGISTRY = {"id", "sheet", "row", "imported_at", "gone", "dossier"}
CONTENT = tuple(each.name for each in fields(PaperRecord) if each.name not in _OF_THE_REGISTRY)
"""What a line of the register says, apart from where it stands."""

_content = attrgetter(*CONTENT)


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What an import did. `gone` names the lines that the sheets no longer have."""

    added: int
    changed: int
    unchanged: int
    gone: tuple[str, ...]
    rejected: tuple[RowNote, ...]
    warnings: tuple[RowNote, ...]


@dataclass(frozen=True, kw_only=True)
class _Line:
    """A record in the forms in which lines are compared and dossiers are found."""

    record: PaperRecord
    key: str
    name_form: str
    core: str
    secretariat_form: str
    number_said: str | None  # None: kept by a version that made other forms

    @property
    def forms(self) -> dict[str, str | None]:
        """What is kept beside the words of the line, to find it by."""
        return {
            "key": self.key,
            "name_form": self.name_form,
            "core": self.core,
            "secretariat_form": self.secretariat_form,
            "number_said": self.number_said,
        }


@dataclass(kw_only=True)
class _Changes:
    """How a register differs from what is held; pairs are what is held and what it becomes."""

    added: list[_Line] = field(default_factory=list)
    changed: list[tuple[_Line, _Line]] = field(default_factory=list)
    moved: list[tuple[_Line, PaperRecord]] = field(default_factory=list)
    stale: list[tuple[_Line, _Line]] = field(default_factory=list)
    unchanged: int = 0
    gone: list[_Line] = field(default_factory=list)
    warnings: list[RowNote] = field(default_factory=list)

    def touching(self) -> list[_Line]:
        """Return every line that may change how a dossier is judged, as it was and as it is."""
        pairs = (line for pair in self.changed for line in pair)
        return [*self.added, *pairs, *self.gone]


def import_register(
    connection: Connection, register: Register, *, call: Call, who: str, now: datetime
) -> Imported:
    """Take in a register that was read, and mark the dossiers that it touches.

    A line is known by its register number, without one by name, secretariat and date. A
    line that its sheet no longer has is kept and called gone. `now` is the day as of which
    the register is known from then on, also when nothing has changed.
    """
    held = [_held(row) for row in connection.execute(select(m.paper))]
    changes = _compare(register, held, call)
    _write(connection, changes, now)
    _touch(connection, changes, call, who, now)
    done = Imported(
        added=len(changes.added),
        changed=len(changes.changed),
        unchanged=changes.unchanged,
        gone=tuple(_name_of(each.record) for each in changes.gone),
        rejected=register.rejected,
        warnings=(*register.warnings, *changes.warnings),
    )
    record(connection, "paper-imported", actor=who, at=now, detail=_summary(done, register))
    return done


def _line(paper: PaperRecord, key: str, call: Call) -> _Line:
    name_form = normal_form(paper.name, call)
    return _Line(
        record=paper,
        key=key,
        name_form=name_form,
        core=core_of_form(name_form, call),
        secretariat_form=organisation_form(paper.secretariat),
        number_said=number_said(paper, call),
    )


def _held(row: queries.AnyRow) -> _Line:
    return _Line(
        record=queries.paper_record(row),
        key=row.key,
        name_form=row.name_form,
        core=row.core,
        secretariat_form=row.secretariat_form,
        number_said=row.number_said,
    )


def _name_of(paper: PaperRecord) -> str:
    return f"{paper.register_no} {paper.name}".strip()


def _summary(done: Imported, register: Register) -> str:
    return (
        f"{register.file}：新增{done.added}，变更{done.changed}，未变{done.unchanged}，"
        f"已不在表中{len(done.gone)}，未读取{len(done.rejected)}"
    )


# ── comparing ────────────────────────────────────────────────────────────────────────────


def _compare(register: Register, held: Sequence[_Line], call: Call) -> _Changes:
    """Tell what differs between the lines of a file and those that are held."""
    changes = _Changes()
    by_key = {each.key: each for each in held}
    present: set[int] = set()
    new: list[_Line] = []
    for paper in register.records:
        key = key_of(paper, call)
        old = by_key.get(key)
        if old is None:
            new.append(_line(paper, key, call))
            continue
        present.add(old.record.id)
        if old.record.gone or _content(old.record) != _content(paper):
            changes.changed.append((old, _line(paper, key, call)))
        else:
            changes.unchanged += 1
            if (old.record.sheet, old.record.row) != (paper.sheet, paper.row):
                changes.moved.append((old, paper))
            if old.number_said is None:
                changes.stale.append((old, _line(paper, key, call)))
    absent = [each for each in held if each.record.id not in present]
    _pair(changes, new, absent)
    present |= {old.record.id for old, _ in changes.changed}
    _find_gone(changes, held, present, {each.name for each in register.sheets})
    return changes


def _pair(changes: _Changes, new: Iterable[_Line], absent: Iterable[_Line]) -> None:
    """Find the held line that a line of an unknown key completes; add the lines without one.

    A line that had no number, or no date, may be given it later: it is the same one when
    name and secretariat are, nothing it said is contradicted, and no other fits.
    """
    numberless: dict[tuple[str, str], list[_Line]] = defaultdict(list)
    for each in absent:
        if not each.record.register_no:
            numberless[each.name_form, each.secretariat_form].append(each)
    for line in new:
        found = numberless.get((line.name_form, line.secretariat_form), [])
        fitting = [each for each in found if _same_day(each.record, line.record)]
        if len(fitting) == 1:
            found.remove(fitting[0])
            changes.changed.append((fitting[0], line))
        else:
            changes.added.append(line)


def _same_day(one: PaperRecord, other: PaperRecord) -> bool:
    days = {one.received_on, other.received_on} - {None}
    return len(days) < 2  # noqa: PLR2004 - two different days


def _find_gone(
    changes: _Changes, held: Iterable[_Line], present: set[int], sheets: set[str]
) -> None:
    """Find the lines that have disappeared from a sheet which the file has.

    A file need not hold every batch. A sheet imported earlier is taken to be in it when at
    least half of its lines are, whatever it is called now, or any of them under its name;
    its other lines are gone. Where a sheet of that name shares none, it is another register.
    """
    by_sheet: dict[str, list[_Line]] = defaultdict(list)
    for each in held:
        if not each.record.gone:
            by_sheet[each.record.sheet].append(each)
    for sheet, of_sheet in by_sheet.items():
        absent = [each for each in of_sheet if each.record.id not in present]
        left = len(of_sheet) - len(absent)
        if left >= len(absent) or (left and sheet in sheets):
            changes.gone.extend(absent)
        elif sheet in sheets:
            reason = f"以前导入的同名工作表有{len(absent)}条登记，均不在本表中，予以保留"
            changes.warnings.append(RowNote(sheet=sheet, row=1, reason=reason))


# ── writing ──────────────────────────────────────────────────────────────────────────────


def _write(connection: Connection, changes: _Changes, now: datetime) -> None:
    added = [_values(each, now) for each in changes.added]
    if added:
        connection.execute(insert(m.paper), added)
    changed = [_values(new, now) | {"at": old.record.id} for old, new in changes.changed]
    _update(connection, changed)
    moved = [{"at": old.record.id, "sheet": at.sheet, "row": at.row} for old, at in changes.moved]
    _update(connection, moved)
    _update(connection, [{"at": old.record.id} | new.forms for old, new in changes.stale])
    _update(connection, [{"at": each.record.id, "gone": True} for each in changes.gone])


def _update(connection: Connection, rows: list[dict[str, Any]]) -> None:
    if rows:
        which = m.paper.c.id == bindparam("at")
        connection.execute(update(m.paper).where(which), rows)


def _values(line: _Line, now: datetime) -> dict[str, Any]:
    values = {each: getattr(line.record, each) for each in CONTENT}
    return values | {
        **line.forms,
        "columns": list(line.record.columns),
        "sheet": line.record.sheet,
        "row": line.record.row,
        "imported_at": now,
        "gone": False,
    }


# ── dossiers ─────────────────────────────────────────────────────────────────────────────


def _touch(connection: Connection, changes: _Changes, call: Call, who: str, now: datetime) -> None:
    """Mark the dossiers whose judgement may change, and no other: marking has them wait anew."""
    lines = changes.touching()
    if not lines:
        return
    owners = _owners(connection)
    for old, new in changes.changed:
        _tell(connection, owners, old, _difference(old.record, new.record, call), who=who, now=now)
    for each in changes.gone:
        _tell(connection, owners, each, "该行已不在最近导入的登记表中", who=who, now=now)
    touched = {owners[each.record.id] for each in lines if each.record.id in owners}
    touched |= _proposed(connection, lines) | _alike(connection, lines, call)
    mark(connection, sorted(touched), now)


def _owners(connection: Connection) -> dict[int, int]:
    """Return the dossier that each matched paper record belongs to."""
    query = select(m.dossier.c.paper_id, m.dossier.c.id).where(m.dossier.c.paper_id.is_not(None))
    return {row.paper_id: row.id for row in connection.execute(query)}


def _tell(
    connection: Connection,
    owners: Mapping[int, int],
    line: _Line,
    what: str,
    *,
    who: str,
    now: datetime,
) -> None:
    """Add to the history of the dossier, if any, that a paper record belongs to."""
    dossier = owners.get(line.record.id)
    if dossier is not None:
        detail = f"纸质登记 {_name_of(line.record)}：{what}"
        record(connection, "paper-changed", actor=who, at=now, detail=detail, dossier=dossier)


def _difference(old: PaperRecord, new: PaperRecord, call: Call) -> str:
    """Say which cells have changed, from what to what."""
    said = ["该行重新出现"] if old.gone else []
    for name, headings in call.paper.columns.items():
        before, after = _wording(old, name), _wording(new, name)
        if before != after:
            said.append(f"{headings[0]} {before or '空'} → {after or '空'}")
    return "；".join(said) or "登记表的栏目变更"


def _wording(paper: PaperRecord, name: str) -> str:
    value = getattr(paper, name)
    if value is None or isinstance(value, bool):
        usual = {None: "", True: "是", False: "否"}[value]
        return str(getattr(paper, f"{name}_text", "")) or usual
    return str(value)


def _proposed(connection: Connection, lines: Iterable[_Line]) -> set[int]:
    """Return the dossiers to which one of those records is proposed at present."""
    targets = {f"#{each.record.id}" for each in lines} | {each.record.register_no for each in lines}
    query = select(m.proposal.c.dossier_id, m.proposal.c.target).where(m.proposal.c.kind == "paper")
    return {row.dossier_id for row in connection.execute(query) if row.target in targets}


def _alike(connection: Connection, lines: Iterable[_Line], call: Call) -> set[int]:
    """Return the dossiers without paper that one of those records may be matched or proposed to.

    These are the ways that `matching.match_paper` knows: the number, an equal name, one that
    staff have said to be equal, a near core, and a core less near with the same secretariat.
    """
    dossier = m.dossier.c
    query = select(
        dossier.id, dossier.number, dossier.name_form, dossier.core, dossier.secretariat_form
    ).where(dossier.paper_id.is_(None), dossier.withdrawn.is_(False))
    rows = {row.id: row for row in connection.execute(query)}
    if not rows:
        return set()
    forms: dict[str, set[int]] = defaultdict(set)
    for row in rows.values():
        for form in (row.number, row.name_form, *ways_of_writing(row.secretariat_form, call)):
            forms[form].add(row.id)
    taught: dict[str, list[str]] = defaultdict(list)
    for alias in queries.aliases(connection, kind="name"):
        taught[alias.right].append(alias.left)
    cores = NearCores({row.id: row.core for row in rows.values()})
    found: set[int] = set()
    for line in lines:
        for form in (line.number_said or "", line.name_form, *taught[line.name_form]):
            found |= forms.get(form, set()) if form else set()
        found.update(cores.near(line.core))
        for seat in ways_of_writing(line.secretariat_form, call):
            found |= {
                each
                for each in forms.get(seat, ())
                if core_likeness(rows[each].core, line.core) >= FAR
            }
    return found
