"""`/paper`: the register with each record's dossier, what lacks its counterpart, the import."""

from __future__ import annotations

import shutil
import tempfile
from datetime import date
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, UploadFile
from starlette.responses import Response

from config.call import Call
from registry import queries
from registry.paper import Register, read_register
from registry.paper_import import import_register
from registry.rows import DossierRow, PaperRecord
from registry.sheets import UnreadableError
from reports.desk.downloads import workbook
from reports.desk.frame import Acting, PageNumber, SignedIn, Words, paging
from reports.desk.queue_page import lines
from reports.workbook import export_paper

router = APIRouter(include_in_schema=False)

UNREADABLE = (
    "这个文件不能作为收件登记表读取，登记没有变化。请确认其中有“{heading}”等表头，"
    "没有加密，并另存为 .xlsx 或 .csv 后再导入。"
)
LONGEST_NAME = 60
"""How many characters of an uploaded file's name are kept."""

PAPER_ONLY = "paper-only"
"""仅收到纸质: records that belong to no dossier."""

FILES_ONLY = "files-only"
"""仅收到电子版: dossiers without a paper record."""


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
            "": queries.papers_size(connection, search=search),
            PAPER_ONLY: queries.papers_size(connection, search=search, unmatched=True),
            FILES_ONLY: queries.queue_size(connection, search=search, without_paper=True),
        }
        rows: tuple[DossierRow, ...] = ()
        records: tuple[PaperRecord, ...] = ()
        if which == FILES_ONLY:
            where = paging(page, counts[which])
            rows = queries.queue(
                connection,
                search=search,
                without_paper=True,
                limit=queries.PAGE,
                offset=where.offset,
            )
        else:
            unmatched = which == PAPER_ONLY
            where = paging(page, counts[which])
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


@router.get("/paper/export.xlsx")
def export(visit: SignedIn) -> Response:
    """Give the paper register as the sheet that it is imported from."""
    with visit.reading() as connection:
        records = queries.papers(connection)
    call = visit.desk.calls[visit.desk.settings.service.default_call]
    return workbook("paper.xlsx", lambda path: export_paper(path, records, call))


@router.post("/paper/import")
def import_paper(visit: Acting, sheet: UploadFile) -> Response:
    """Take in the paper register from an uploaded sheet, and show what came of it."""
    settings = visit.desk.settings.service
    call = visit.desk.calls[settings.default_call]
    try:
        register = _read(sheet, call, visit.now.date())
    except UnreadableError:
        heading = call.paper.columns["name"][0]
        return visit.go("/paper", UNREADABLE.format(heading=heading), "bad")
    with visit.desk.registry.write() as connection:
        done = import_register(
            connection, register, call=call, who=visit.account.name, now=visit.desk.clock()
        )
    with visit.reading() as connection:
        return visit.page(connection, "paper_imported.html", register=register, done=done)


def _read(sheet: UploadFile, call: Call, today: date) -> Register:
    """Read an upload under its own name, which names the sheet of a .csv."""
    given = Path((sheet.filename or "").replace("\\", "/")).name
    name = "".join(each for each in given if each.isprintable())[-LONGEST_NAME:].lstrip(".")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / (name or "sheet")
        with path.open("wb") as file:
            shutil.copyfileobj(sheet.file, file)
        return read_register(path, call, today)
