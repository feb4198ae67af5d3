"""A register of 3,000 records with near names against 3,000 dossiers, all drawn from one seed."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert

from registry import models as m
from registry import queries
from registry.database import Registry, open_registry
from registry.judging import match
from registry.matching import CANDIDATES, Matched
from registry.rows import Proposal
from registry.similar import paper_index
from tests.builders import CALL
from tests.register_maker import (
    alliances,
    case_of,
    dossier_row,
    import_records,
    record,
    written_by,
)

SEED = 20160531
RECORDS = 3000
LONE = 150
"""So many records have no dossier, and so many dossiers no record."""

Found = tuple[Matched | None, tuple[Proposal, ...]]


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    folder: Path = tmp_path_factory.mktemp("scale")
    opened = open_registry(folder / "data")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def found(registry: Registry) -> dict[int, Found]:
    """Match every dossier, each as if it were the first to be judged."""
    dice = random.Random(SEED)  # noqa: S311 - a measure has to be the same every time
    known = alliances(RECORDS + LONE, dice)
    lines = tuple(record(at, written_by(each, dice)) for at, each in enumerate(known[:RECORDS]))
    dossiers = {at + 1: written_by(each, dice) for at, each in enumerate(known[LONE:], start=LONE)}
    with registry.write() as connection:
        import_records(connection, lines)
        connection.execute(insert(m.dossier), [dossier_row(*each) for each in dossiers.items()])
    with registry.read() as connection:
        rows = {each.id: each for each in queries.queue(connection)}
        return {
            serial: match(connection, rows[serial], case_of(serial, written), CALL)
            for serial, written in dossiers.items()
        }


def _own(serial: int) -> str:
    """Return the register number of a dossier's own record; there may be none."""
    return f"ZZ{serial - 1:05d}"


def test_no_dossier_is_matched_to_a_record_of_another_alliance(found: dict[int, Found]) -> None:
    matched = {key: own.paper.register_no for key, (own, _) in found.items() if own}
    assert [key for key, record in matched.items() if record != _own(key)] == []


def test_nearly_all_are_matched_and_the_others_find_theirs_among_three(
    found: dict[int, Found],
) -> None:
    true = {key: each for key, each in found.items() if key <= RECORDS}
    left = {key: offers for key, (own, offers) in true.items() if own is None}
    levels = Counter(own.match if own else "" for own, _ in true.values())
    assert len(left) <= len(true) * 0.03, levels
    lost = [key for key, each in left.items() if _own(key) not in {one.target for one in each}]
    assert lost == []
    assert max(len(offers) for _, offers in found.values()) <= CANDIDATES


def test_few_dossiers_without_a_record_are_bothered_with_near_ones(found: dict[int, Found]) -> None:
    lone = [offers for key, (_, offers) in found.items() if key > RECORDS]
    assert len(lone) == LONE
    assert sum(map(bool, lone)) <= LONE * 0.1


def test_the_index_is_built_once_for_one_state_of_the_register(registry: Registry) -> None:
    with registry.read() as connection:
        first = paper_index(connection)
    with registry.read() as connection:
        assert paper_index(connection) is first
    with registry.write() as connection:
        import_records(connection, ())
    with registry.read() as connection:
        assert paper_index(connection) is not first
