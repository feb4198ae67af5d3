"""`/statistics`: counts for whoever reports on a round."""

from __future__ import annotations

from datetime import timedelta

from fastapi import APIRouter
from starlette.responses import Response

from reports import figures
from reports.desk.frame import SignedIn

router = APIRouter(include_in_schema=False)

DAYS = 14
"""How many days back the mails are counted by day."""


@router.get("/statistics")
def statistics_page(visit: SignedIn) -> Response:
    """Show counts of dossiers, of what is missing, and of mails by day."""
    settings = visit.desk.settings.service
    call = visit.desk.calls[settings.default_call]
    since = visit.now.date() - timedelta(days=DAYS - 1)
    with visit.reading() as connection:
        return visit.page(
            connection,
            "statistics.html",
            call=call,
            statuses=figures.dossiers_by_status(connection),
            recommenders=figures.dossiers_by_recommender(connection),
            lacking=figures.commonest_missing(connection),
            days=figures.mails_by_day(connection, settings.zone, since),
            since=since,
        )
