"""Files that came another way: a person adds them to a dossier by hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ingest.house import House
from ingest.opening import open_documents
from ingest.pipeline import keep_files
from parsers.sandbox import Sandbox
from registry.decisions import file_by_hand
from registry.rows import DossierRow


def add_files(house: House, dossier: DossierRow, paths: Sequence[Path], *, who: str) -> int:
    """Open local files and file what they hold in a dossier; return how many documents."""
    with (
        Sandbox(house.settings.limits, house.work) as sandbox,
        sandbox.files([(path, path.name) for path in paths]) as files,
    ):
        call = {dossier.call_id: house.calls[dossier.call_id]}
        _, documents = open_documents(sandbox, files, call, dossier.call_id)
        keep_files(house, files)
        with house.registry.write() as connection:
            return file_by_hand(connection, dossier, documents, who=who, now=house.clock())
