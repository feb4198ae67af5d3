"""Files that came another way: a person adds them to a dossier by hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ingest.house import House
from ingest.pipeline import read_documents
from parsers.sandbox import Sandbox
from registry.decisions import file_by_hand
from registry.rows import DossierRow


def add_files(house: House, dossier: DossierRow, paths: Sequence[Path], *, who: str) -> int:
    """Open local files and file what they hold in a dossier; return how many documents."""
    with (
        Sandbox(house.settings.limits, house.work) as sandbox,
        sandbox.files([(path, path.name) for path in paths]) as files,
    ):
        _, documents = read_documents(house, sandbox, files)
        with house.registry.write() as connection:
            return file_by_hand(connection, dossier, documents, who=who, now=house.clock())
