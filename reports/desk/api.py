"""`/api`: the records of the command line's `--json`, for other programs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Path, Query, Request, Response

from registry import link_lists, queries
from registry.rows import Fate, LetterState, Status
from reports.desk.frame import LARGEST, SignedIn, dossier_or_404
from reports.records import (
    Record,
    dossier_record,
    dossier_whole,
    letter_record,
    link_record,
    mail_record,
    paper_record,
)

router = APIRouter(prefix="/api", tags=["records"])

TOTAL = "X-Total-Count"
"""The header that says how many records there are without `limit`."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """Which part of a list is asked for."""

    limit: int
    offset: int


def part(
    limit: Annotated[int, Query(ge=1, le=1000, description="At most so many records.")] = 100,
    offset: Annotated[int, Query(ge=0, le=LARGEST, description="Records passed over.")] = 0,
) -> Part:
    """Return the part of a list that a request asks for."""
    return Part(limit=limit, offset=offset)


ThePart = Annotated[Part, Depends(part)]
Search = Annotated[str, Query(max_length=200, description="Words to look for.")]


@router.get("/openapi.json", include_in_schema=False)
def openapi(request: Request, visit: SignedIn) -> dict[str, Any]:
    """Describe this interface."""
    del visit
    described: dict[str, Any] = request.app.openapi()
    return described


@router.get("/queue")
def queue(
    visit: SignedIn,
    response: Response,
    part: ThePart,
    status: Status | None = None,
    search: Search = "",
) -> list[Record]:
    """List the dossiers in the order received; `X-Total-Count` tells how many there are."""
    zone = visit.desk.settings.service.zone
    which = status.value if status else ""
    with visit.reading() as connection:
        total = queries.queue_size(connection, status=which, search=search)
        rows = queries.queue(
            connection, status=which, search=search, limit=part.limit, offset=part.offset
        )
        views = queries.views(connection, rows)
    response.headers[TOTAL] = str(total)
    return [dossier_record(each, zone) for each in views]


@router.get("/dossiers/{number}")
def dossier(visit: SignedIn, number: Annotated[str, Path(max_length=100)]) -> Record:
    """Return one dossier, whole, with its history."""
    with visit.reading() as connection:
        view = queries.view(connection, dossier_or_404(connection, number))
    return dossier_whole(view, visit.desk.settings.service.zone)


@router.get("/mails")
def mails(
    visit: SignedIn,
    response: Response,
    part: ThePart,
    fate: Fate | None = None,
    search: Search = "",
) -> list[Record]:
    """List every mail ever seen, in the order received, with what became of it."""
    which = fate.value if fate else ""
    with visit.reading() as connection:
        total = queries.mails_size(connection, fate=which, search=search)
        rows = queries.mails(
            connection, fate=which, search=search, limit=part.limit, offset=part.offset
        )
    response.headers[TOTAL] = str(total)
    return [mail_record(each, visit.desk.settings.service.zone) for each in rows]


@router.get("/letters")
def letters(
    visit: SignedIn,
    response: Response,
    part: ThePart,
    state: LetterState | None = None,
) -> list[Record]:
    """List every letter, in the order written."""
    with visit.reading() as connection:
        counts = queries.count_by_state(connection)
        rows = queries.letters(
            connection, state=state.value if state else "", limit=part.limit, offset=part.offset
        )
    response.headers[TOTAL] = str(counts.get(state, 0) if state else sum(counts.values()))
    return [letter_record(each, visit.desk.settings.service.zone) for each in rows]


@router.get("/letters/{letter}")
def letter(visit: SignedIn, letter: Annotated[int, Path(ge=1, le=LARGEST)]) -> Record:
    """Return one letter, with its text as `body`."""
    with visit.reading() as connection:
        found = queries.letter_by_id(connection, letter)
    if found is None:
        raise HTTPException(404, "没有这封函件。")
    return letter_record(found, visit.desk.settings.service.zone, body=True)


@router.get("/links")
def links(
    visit: SignedIn,
    response: Response,
    part: ThePart,
    settled: bool = False,  # noqa: FBT001,FBT002 - a query parameter
) -> list[Record]:
    """List the links to large files that wait for a person, the soonest to expire first.

    With `settled` those that somebody has dealt with, the last first. Nothing is ever fetched.
    """
    with visit.reading() as connection:
        if settled:
            total = link_lists.settled_size(connection)
            found = link_lists.settled_links(connection, limit=part.limit, offset=part.offset)
        else:
            waiting = link_lists.open_links(connection)
            total = len(waiting)
            found = waiting[part.offset : part.offset + part.limit]
    response.headers[TOTAL] = str(total)
    return [link_record(each, visit.desk.settings.service.zone) for each in found]


@router.get("/paper")
def paper(
    visit: SignedIn,
    response: Response,
    part: ThePart,
    search: Search = "",
) -> list[Record]:
    """List the paper register, each record with the number of its dossier."""
    with visit.reading() as connection:
        total = queries.papers_size(connection, search=search)
        records = queries.papers(connection, search=search, limit=part.limit, offset=part.offset)
    response.headers[TOTAL] = str(total)
    return [paper_record(each) for each in records]
