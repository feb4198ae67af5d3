"""Statistics: small counts over a registry."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert

from registry import models as m
from registry.database import open_registry
from registry.rows import Fate, Outcome, Status
from reports import figures
from tests.sample_rows import ZONE


def _dossier(serial: int, status: Status, recommender: str) -> dict[str, object]:
    at = datetime(2016, 6, 1, tzinfo=UTC)
    return {
        "id": serial,
        "number": f"LM2016-{serial:04d}",
        "call_id": "call",
        "call_version": 1,
        "recommender": recommender,
        "received_at": at,
        "updated_at": at,
        "status": status,
    }


def _finding(dossier: int, ordinal: int, finding: str, outcome: Outcome) -> dict[str, object]:
    return {"dossier_id": dossier, "ordinal": ordinal, "id": finding, "outcome": outcome}


def _mail(serial: int, at: datetime, fate: Fate) -> dict[str, object]:
    return {
        "id": serial,
        "size": 1,
        "received_at": at,
        "seen_at": at,
        "spam": False,
        "fate": fate,
    }


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    registry = open_registry(tmp_path, holds_lock=True)
    with registry.write() as writing:
        writing.execute(
            insert(m.dossier),
            [
                _dossier(1, Status.COMPLETE, "甲市"),
                _dossier(2, Status.INCOMPLETE, "甲市"),
                _dossier(3, Status.INCOMPLETE, ""),
                _dossier(4, Status.WITHDRAWN, "乙市"),
            ],
        )
        writing.execute(
            insert(m.finding),
            [
                _finding(2, 0, "file.readable", Outcome.MISSING),
                _finding(2, 1, "file.readable", Outcome.MISSING),
                _finding(2, 2, "agreement.risk", Outcome.MISSING),
                _finding(3, 0, "agreement.risk", Outcome.MISSING),
                _finding(3, 1, "charter.general", Outcome.DOUBTFUL),
                _finding(4, 0, "file.readable", Outcome.MISSING),
            ],
        )
        writing.execute(
            insert(m.mail),
            [
                _mail(1, datetime(2016, 5, 30, 15, 59, tzinfo=UTC), Fate.FILED),
                _mail(2, datetime(2016, 5, 30, 16, 0, tzinfo=UTC), Fate.FILED),
                _mail(3, datetime(2016, 5, 31, 1, 0, tzinfo=UTC), Fate.BOUNCE),
                _mail(4, datetime(2016, 6, 1, 16, 0, tzinfo=UTC), Fate.FILED),
            ],
        )
        yield writing
    registry.close()


def test_every_status_is_counted_also_where_there_is_none(connection: Connection) -> None:
    counts = {each.status: each.dossiers for each in figures.dossiers_by_status(connection)}
    assert counts == {
        Status.INCOMPLETE: 2,
        Status.AWAITING_PAPER: 0,
        Status.IN_REVIEW: 0,
        Status.COMPLETE: 1,
        Status.WITHDRAWN: 1,
    }


def test_recommenders_are_counted_without_withdrawn_dossiers(connection: Connection) -> None:
    counts = figures.dossiers_by_recommender(connection)
    assert [(each.recommender, each.dossiers, each.complete) for each in counts] == [
        ("甲市", 2, 1),
        ("", 1, 0),
    ]


def test_missing_points_are_counted_once_for_each_dossier(connection: Connection) -> None:
    counts = figures.commonest_missing(connection)
    assert [(each.finding, each.dossiers) for each in counts] == [
        ("agreement.risk", 2),
        ("file.readable", 1),
    ]
    assert len(figures.commonest_missing(connection, limit=1)) == 1


def test_mails_are_counted_by_the_day_of_the_zone(connection: Connection) -> None:
    days = figures.mails_by_day(connection, ZONE, date(2016, 5, 31))
    assert [(each.day, each.mails, each.total) for each in days] == [
        (date(2016, 5, 31), {Fate.FILED: 1, Fate.BOUNCE: 1}, 2),
        (date(2016, 6, 2), {Fate.FILED: 1}, 1),
    ]
