"""`/healthz` and `/metrics`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST
from sqlalchemy.exc import SQLAlchemyError

from reports.desk.frame import Desk, SignedIn, desk_of
from reports.desk.health_report import metrics, report

router = APIRouter(include_in_schema=False)


@router.get("/healthz")
def healthz(desk: Annotated[Desk, Depends(desk_of)]) -> JSONResponse:
    """Tell whether mailboxes are read, nothing stays lying and there is room: 200, else 503."""
    try:
        with desk.registry.read() as connection:
            health = desk.health(connection)
    except (SQLAlchemyError, OSError):
        return JSONResponse({"status": "unwell", "database": "unreachable"}, status_code=503)
    return JSONResponse(report(health), status_code=503 if health.troubles else 200)


@router.get("/metrics")
def metrics_page(visit: SignedIn) -> Response:
    """Give the counts that Prometheus collects."""
    with visit.reading() as connection:
        text = metrics(connection, visit.desk.health(connection), visit.now)
    return Response(text, media_type=CONTENT_TYPE_LATEST)
