"""`/paper`: the paper register with each record's dossier, and what lacks its counterpart."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query
from starlette.responses import Response

from registry import queries
from registry.rows import DossierRow, PaperRecord
from reports.desk.frame import PageNumber, SignedIn, Words, paging
from reports.desk.queue_page import lines

router = APIRouter(include_in_schema=False)

PAPER_ONLY = "paper-only"
"""有纸无电: records that belong to no dossier."""

FILES_ONLY = "files-only"
"""有电无纸: dossiers without a paper record."""


@router.get("/paper")
def paper_page(
    visit: SignedIn,
    which: Annotated[str, Query(max_length=40)] = "",
    search: Words = "",
    page: PageNumber = 1,
) -> Response:
    """Show the paper register, or the dossiers that no record is matched to."""
    if which not in {"", PAPER_ONLY, FILES_ONLY}:
        raise HTTPException(404, "没有这个列表。")
    with visit.reading() as connection:
        counts = {
            "": queries.papers_size(connection),
            PAPER_ONLY: queries.papers_size(connection, unmatched=True),
            FILES_ONLY: queries.queue_size(connection, without_paper=True),
        }
        rows: tuple[DossierRow, ...] = ()
        records: tuple[PaperRecord, ...] = ()
        if which == FILES_ONLY:
            where = paging(page, queries.queue_size(connection, search=search, without_paper=True))
            rows = queries.queue(
                connection,
                search=search,
                without_paper=True,
                limit=queries.PAGE,
                offset=where.offset,
            )
        else:
            unmatched = which == PAPER_ONLY
            size = queries.papers_size(connection, search=search, unmatched=unmatched)
            where = paging(page, size)
            records = queries.papers(
                connection,
                search=search,
                unmatched=unmatched,
                limit=queries.PAGE,
                offset=where.offset,
            )
        return visit.page(
            connection,
            "paper.html",
            counts=counts,
            which=which,
            search=search,
            paging=where,
            register_date=queries.register_date(connection),
            lines=lines(connection, visit.desk, rows),
            records=records,
        )
