"""What fuzzing starts from: whole mails, archives and documents, small ones of every kind."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from ingest.samples.story import demo_mails
from tests.independent.dossiers import VARIANTS, draw
from tests.labels.made import machines, people
from tests.test_unpack_hostile import ARCHIVES

_HERE = Path(__file__).parent.parent
_MADE = ("archives", "documents_made")
_DOSSIERS = 12


def mails() -> Iterator[bytes]:
    """Yield mails of machines and people, and those of the demo's story."""
    yield from (each.raw for each in (*machines(), *people()))
    yield from (each.raw for each in demo_mails(datetime(2016, 5, 31, 10, tzinfo=UTC)))


def files() -> Iterator[bytes]:
    """Yield archives and documents."""
    yield from ARCHIVES.values()
    for folder in _MADE:
        for path in sorted((_HERE / folder).iterdir()):
            yield path.read_bytes()
    for seed in range(_DOSSIERS):
        yield from (each.content for each in draw(seed).files)
    for variant in VARIANTS["file.readable"]:
        yield from (each.content for each in draw(0, defects=[f"file.readable:{variant}"]).files)
