"""A changed call, tried on all filed dossiers without touching them: `intake call test`.

Every document is read anew from its original, since a call's words decide what is read in
it; decisions of people count as they stand. Nothing is written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from config.call import Call
from ingest.house import House
from parsers.grouping import documents_in
from parsers.sandbox import Sandbox
from parsers.submission import Document, File
from registry import queries, scanned
from registry.judge import judge
from registry.judging import call_of, case_of
from registry.rows import Case, DossierRow, FiledDocument, Finding, Outcome, Status
from reports.wording import OUTCOMES, STATUSES, finding_label


@dataclass(frozen=True, kw_only=True)
class Change:
    """A finding that the changed call would turn from one outcome to another; None: not there."""

    finding: str
    document: str
    before: Outcome | None
    after: Outcome | None
    detail: str


@dataclass(frozen=True, kw_only=True)
class Tried:
    """A dossier for which the changed call would change something."""

    number: str
    name: str
    before: Status
    after: Status
    changes: tuple[Change, ...]


def filed_dossiers(house: House, call: Call) -> tuple[DossierRow, ...]:
    """Return the dossiers of a call that are not withdrawn."""
    with house.registry.read() as connection:
        rows = queries.queue(connection)
    return tuple(row for row in rows if row.call_id == call.id and not row.withdrawn)


def try_call(
    house: House, sandbox: Sandbox, call: Call, rows: Iterable[DossierRow]
) -> Iterator[Tried | None]:
    """Judge each dossier by its own call and by the changed one; None where nothing changes."""
    for row in rows:
        with house.registry.read() as connection:
            own = call_of(connection, row)
            case = replace(case_of(connection, row), answered=None)
        yield _tried(row, case, own, _read_anew(house, sandbox, case, call), call)


def _tried(row: DossierRow, case: Case, own: Call, anew: Case, call: Call) -> Tried | None:
    before, after = judge(case, own), judge(anew, call)
    changes = tuple(_changes(before.findings, after.findings))
    if not changes and before.status is after.status:
        return None
    return Tried(
        number=row.number, name=row.name, before=before.status, after=after.status, changes=changes
    )


def _changes(before: Sequence[Finding], after: Sequence[Finding]) -> Iterator[Change]:
    many = {
        finding
        for found in (before, after)
        for finding, times in Counter(each.id for each in found).items()
        if times > 1
    }
    one, other = _by_place(before, many), _by_place(after, many)
    for place in dict.fromkeys((*one, *other)):
        old, new = one.get(place), other.get(place)
        if (old and old.outcome) is not (new and new.outcome):
            told = new or old
            yield Change(
                finding=place[0],
                document=told.document if told else "",
                before=old.outcome if old else None,
                after=new.outcome if new else None,
                detail=told.detail if told else "",
            )


def _by_place(findings: Iterable[Finding], many: set[str]) -> Mapping[tuple[str, str], Finding]:
    """Return findings by what they are about: their file only where there are `many` of an id."""
    return {(each.id, each.document if each.id in many else ""): each for each in findings}


def _read_anew(house: House, sandbox: Sandbox, case: Case, call: Call) -> Case:
    files = groupby(case.documents, key=lambda each: (each.mail_id, each.path, each.sha256))
    documents = tuple(
        document for _, parts in files for document in _reopened(house, sandbox, [*parts], call)
    )
    return replace(case, documents=documents)


def _reopened(
    house: House, sandbox: Sandbox, parts: Sequence[FiledDocument], call: Call
) -> tuple[FiledDocument, ...]:
    """Read a file's original again; one without a text of its own stays as it was read."""
    filed = parts[0]
    if filed.problem or not filed.sha256 or not house.originals.holds(filed.sha256):
        return tuple(parts)
    file = File(
        path=filed.path,
        filename=filed.filename,
        media_type=filed.media_type,
        size=filed.size,
        sha256=filed.sha256,
        source=house.originals.path(filed.sha256),
    )
    superseded = {each.kind: each.superseded for each in parts}
    with house.registry.read() as connection:
        known = scanned.known(connection, [filed.sha256]).get(filed.sha256)
    content = known or sandbox.content(file)
    if content.problem:
        return tuple(parts)  # it was locked, and opened with a password of its mail
    return tuple(
        replace(_refiled(filed, each), superseded=superseded.get(each.kind, filed.superseded))
        for each in documents_in(file, content, call)
    )


def _refiled(filed: FiledDocument, document: Document) -> FiledDocument:
    return replace(
        filed,
        kind=document.kind,
        pages=document.page_count,
        problem=document.problem or "",
        detail=document.detail,
        facts=document.facts,
        part=document.part,
        first_page=document.first_page,
        scan=document.scan,
        seals=document.seals,
    )


def tried_record(tried: Tried) -> dict[str, Any]:
    """Return what `intake call test --json` tells of a dossier."""
    return {
        "number": tried.number,
        "name": tried.name,
        "status": {"before": tried.before, "after": tried.after},
        "changes": [
            {
                "id": each.finding,
                "document": each.document,
                "before": each.before,
                "after": each.after,
                "detail": each.detail,
            }
            for each in tried.changes
        ],
    }


def tried_rows(tried: Tried, call: Call) -> Iterator[tuple[str, ...]]:
    """Return a dossier's lines of the table: its status, then each finding that changes."""
    status = f"{STATUSES[tried.before]} → {STATUSES[tried.after]}"
    yield tried.number, tried.name, status if tried.before is not tried.after else "", "", ""
    for each in tried.changes:
        words = (OUTCOMES[one] if one else "（无）" for one in (each.before, each.after))
        yield "", "", "", finding_label(each.finding, call), " → ".join(words)
