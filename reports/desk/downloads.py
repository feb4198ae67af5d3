"""Originals and workbooks handed out: always as a download, never shown."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from fastapi import HTTPException
from starlette.responses import FileResponse, Response

from registry.originals import Originals


def download(originals: Originals, sha256: str, filename: str) -> FileResponse:
    """Give an original as a download.

    Raises HTTPException 404 when it is not in the store, 500 when it is damaged.
    """
    path = originals.path(sha256)
    if not path.is_file():
        raise HTTPException(404, f"原件不在库中（校验和 {sha256[:12]}…），请告知系统管理员。")
    if originals.has_damaged(sha256):
        raise HTTPException(500, f"原件已损坏（校验和 {sha256[:12]}… 不符），须从备份恢复。")
    name = "".join(each for each in filename if each.isprintable()).replace("/", "_") or sha256
    return FileResponse(
        path,
        media_type="application/octet-stream",
        filename=name,
        content_disposition_type="attachment",
    )


def workbook(filename: str, write: Callable[[Path], None]) -> Response:
    """Give the workbook that `write` writes to the path it is given, as a download."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / filename
        write(path)
        content = path.read_bytes()
    return Response(
        content,
        media_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        headers={"content-disposition": f'attachment; filename="{filename}"'},
    )
