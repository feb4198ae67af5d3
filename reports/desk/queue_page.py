"""`/`: the queue of dossiers, by status, with what each waits for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query
from sqlalchemy import Connection
from starlette.responses import Response

from registry import queries
from registry.returned import drafted, reached, unreached
from registry.rows import DossierRow, PaperRecord, Status
from reports.desk.downloads import workbook
from reports.desk.frame import Desk, PageNumber, SignedIn, Words, paging
from reports.exporting import write_apart
from reports.wording import review_wording

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of the queue; `unreached`: where the last letter did not arrive.

    `answered`: a letter about it has gone, or a person has told its applicant.
    """

    row: DossierRow
    review: tuple[str, ...]
    missing: int
    paper: PaperRecord | None
    unreached: str = ""
    answered: bool = True
    to_approve: bool = False


def lines(connection: Connection, desk: Desk, rows: tuple[DossierRow, ...]) -> tuple[Line, ...]:
    """Return dossiers as the queue shows them, review reasons in words."""
    calls = {row.id: desk.call_of(connection, row) for row in rows}
    missing = queries.missing_counts(connection, [row.id for row in rows])
    papers = queries.papers_by_id(connection, [row.paper_id for row in rows if row.paper_id])
    ids = [row.id for row in rows]
    lost, told, drafts = (
        unreached(connection, ids),
        reached(connection, ids),
        drafted(connection, ids),
    )
    return tuple(
        Line(
            row=row,
            review=tuple(review_wording(code, calls[row.id]) for code in row.review),
            missing=missing.get(row.id, 0),
            paper=papers.get(row.paper_id) if row.paper_id else None,
            unreached=lost.get(row.id, ""),
            answered=row.id in told,
            to_approve=row.id in drafts,
        )
        for row in rows
    )


WAITING = "waiting"
"""The tab of what waits for a person, whatever its status."""


@router.get("/export.xlsx")
def export(visit: SignedIn) -> Response:
    """Give the registry as a workbook; one at a time, however often it is asked for."""
    desk = visit.desk
    if not desk.exporting.acquire(blocking=False):
        return visit.go("/", "正在为您或同事生成导出文件，请稍候再试。", "bad")
    try:
        place, zone = desk.settings.service.data_dir, desk.settings.service.zone
        return workbook("registry.xlsx", lambda path: write_apart(place, path, zone))
    finally:
        desk.exporting.release()


@router.get("/")
def queue_page(
    visit: SignedIn,
    status: Annotated[str, Query(max_length=40)] = "",
    search: Words = "",
    page: PageNumber = 1,
) -> Response:
    """Show the queue."""
    if status and status != WAITING and status not in set(Status):
        raise HTTPException(404, "没有这种状态。")
    waiting = status == WAITING
    kept = "" if waiting else status
    with visit.reading() as connection:
        counts = queries.count_by_status(connection, search=search)
        total = queries.queue_size(connection, status=kept, search=search, waiting=waiting)
        where = paging(page, total)
        rows = queries.queue(
            connection,
            status=kept,
            search=search,
            waiting=waiting,
            limit=queries.PAGE,
            offset=where.offset,
        )
        return visit.page(
            connection,
            "queue.html",
            counts=counts,
            waiting_count=queries.queue_size(connection, search=search, waiting=True),
            status=status,
            search=search,
            paging=where,
            lines=lines(connection, visit.desk, rows),
        )
