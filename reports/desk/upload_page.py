"""`/dossiers/NUMBER/files`: files that came another way, which staff add to a dossier."""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.datastructures import FormData, UploadFile
from starlette.responses import Response

from parsers.charsets import last_name
from parsers.sandbox import Sandbox
from registry.adding import add_files
from registry.decisions import RefusedError
from registry.originals import BLOCK
from registry.rows import DossierRow
from reports.desk.frame import Acting, Visit, dossier_or_404

router = APIRouter(include_in_schema=False)

UNNAMED = "无名文件"


@dataclass(frozen=True, kw_only=True)
class Upload:
    """Files that staff send, the link behind which they lay, and the page to go back to.

    `anyway`: also such as name another alliance.
    """

    files: tuple[UploadFile, ...]
    link: tuple[int, str] | None
    anyway: bool
    back: str


async def uploaded(visit: Acting) -> Upload:
    """Return what a form with files brings.

    The form is read here, not by parameters of the page: those are read before it is known
    who asks, and a stranger could fill the disk.
    """
    form = await visit.request.form()
    sent = (each for each in form.getlist("files") if isinstance(each, UploadFile))
    return Upload(
        files=tuple(each for each in sent if each.filename),
        link=_link(form),
        anyway=bool(_text(form, "anyway")),
        back=_text(form, "back"),
    )


def _text(form: FormData, name: str) -> str:
    value = form.get(name)
    return value if isinstance(value, str) else ""


def _link(form: FormData) -> tuple[int, str] | None:
    """Return the mail and address of the link, where the box is ticked."""
    mail = _text(form, "mail")
    ticked = _text(form, "settles") and mail.isascii() and mail.isdecimal()
    return (int(mail[:15]), _text(form, "url")) if ticked else None


@router.post("/dossiers/{number}/files")
def add(visit: Acting, number: str, upload: Annotated[Upload, Depends(uploaded)]) -> Response:
    """Add files to a dossier."""
    with visit.reading() as connection:
        row = dossier_or_404(connection, number)
    back = upload.back or f"/dossiers/{row.number}"
    if not upload.files:
        return visit.go(back, "请先选择文件。", "bad")
    try:
        count = _add(visit, row, upload)
    except RefusedError as refusal:
        return visit.go(back, str(refusal), "bad")
    return visit.go(back, f"已向 {row.number} 补充 {count} 份材料，系统会重新核对。", "good")


def _add(visit: Visit, row: DossierRow, upload: Upload) -> int:
    desk = visit.desk
    work = desk.settings.service.data_dir / "work"
    with ExitStack() as stack:
        files = [(_put_down(visit, each, stack), _name(each)) for each in upload.files]
        sandbox = stack.enter_context(Sandbox(desk.settings.limits, work))
        return add_files(
            desk.registry,
            desk.originals,
            sandbox,
            row,
            files,
            who=visit.account.name,
            now=desk.clock(),
            link=upload.link,
            reads_scans=desk.settings.ocr.is_on,
            anyway=upload.anyway,
        )


def _put_down(visit: Visit, sent: UploadFile, stack: ExitStack) -> Path:
    """Write an upload under a name of ours; it is gone when the stack closes."""
    file = stack.enter_context(visit.desk.originals.incoming())
    shutil.copyfileobj(sent.file, file, BLOCK)
    file.flush()
    return Path(file.name)


def _name(sent: UploadFile) -> str:
    name = last_name(sent.filename or "")
    return name if name.strip(".") else UNNAMED
