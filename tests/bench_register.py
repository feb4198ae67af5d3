"""The benchmark of the paper register at its largest: 100,000 records; part of `make bench`."""

from __future__ import annotations

import random
import resource
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice, product
from pathlib import Path

from sqlalchemy import insert

from ingest.samples.alliances import Alliance
from ingest.samples.places import PLACES
from registry import models as m
from registry import queries
from registry.database import open_registry
from registry.judging import match
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

RECORDS = 100_000
TRIED = 300
"""So many dossiers are matched."""

KINDS_OF_NAMES = 3000
SEED = 20160531


def _many(count: int, dice: random.Random) -> Iterator[Alliance]:
    """Yield alliances of one matter in one district after the other."""
    districts = [each for place in PLACES for each in place.districts]
    pairs = product(districts, alliances(KINDS_OF_NAMES, dice))
    for district, each in islice(pairs, count):
        yield replace(each, core=f"{district}{each.core}")


@contextmanager
def _timed(figures: dict[str, float], name: str) -> Iterator[None]:
    begun = time.perf_counter()
    yield
    figures[name] = time.perf_counter() - begun


def register_figures() -> dict[str, float]:
    """Return how many seconds each act takes on such a register."""
    dice = random.Random(SEED)  # noqa: S311 - the same every time
    known = list(_many(RECORDS, dice))
    lines = tuple(record(at, written_by(each, dice)) for at, each in enumerate(known))
    chosen = range(0, RECORDS, RECORDS // TRIED)
    dossiers = {at + 1: written_by(known[at], dice) for at in chosen}
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as place:
        registry = open_registry(Path(place) / "var")
        with _timed(figures, "imported"), registry.write() as connection:
            import_records(connection, lines)
        with _timed(figures, "imported again"), registry.write() as connection:
            import_records(connection, lines)
        with registry.write() as connection:
            connection.execute(insert(m.dossier), [dossier_row(*each) for each in dossiers.items()])
        with registry.read() as connection:
            with _timed(figures, "indexed, once an import"):
                paper_index(connection)
            times = []
            for row in queries.queue(connection):
                begun = time.perf_counter()
                match(connection, row, case_of(row.id, dossiers[row.id]), CALL)
                times.append(time.perf_counter() - begun)
        registry.close()
    figures["a dossier matched (median)"] = statistics.median(times)
    figures["a dossier matched (95 in 100)"] = statistics.quantiles(times, n=20)[-1]
    return figures


def print_register(unit: float) -> None:
    """Print each figure as a multiple of the unit, and in milliseconds."""
    print(f"\n{f'a register of {RECORDS:,} records':36} {'ratio':>8} {'ms':>10}")
    for name, seconds in register_figures().items():
        print(f"{name:36} {seconds / unit:8.2f} {seconds * 1000:10.1f}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{'memory at most, with the test data':36} {peak:16.0f} MB")
