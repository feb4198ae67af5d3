"""The benchmarks, printed as ratios taken in one run: `make bench`.

The unit is the time to read the text of one dossier's four .docx documents, so that figures
of different machines can be compared.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

from config.call import Call, load_calls
from config.limits import Limits
from ingest.samples.alliances import Alliance, make_alliance
from ingest.samples.documents import make_drafts, make_files
from ingest.samples.mails import make_mail
from parsers.facts import read_facts
from parsers.message import read_message
from parsers.reading import read_content
from parsers.submission import Address
from tests.bench_register import print_register

ROUNDS = 7
WRITTEN_ON = date(2016, 5, 20)
MEDIA_TYPES = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pdf": "application/pdf",
    "txt": "text/plain",
}


def median_seconds(act: Callable[[], object]) -> float:
    """Return the median time of a few rounds, after one that does not count."""
    act()
    times = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        act()
        times.append(time.perf_counter() - begun)
    return statistics.median(times)


def documents(folder: Path, alliance: Alliance, form: str) -> list[Path]:
    """Write one dossier's documents in a format, and return where."""
    paths: list[Path] = []
    for file in make_files(make_drafts(alliance, written_on=WRITTEN_ON), form):  # type: ignore[arg-type]
        path = folder / f"{len(paths)}.{form}"
        path.write_bytes(file.content)
        paths.append(path)
    return paths


def read(paths: list[Path], form: str) -> list[object]:
    """Read documents of one format."""
    return [read_content(path, MEDIA_TYPES[form], path.name) for path in paths]


def facts(paths: list[Path], call: Call) -> Callable[[], object]:
    """Return what reads the facts of documents that are open already."""
    kinds = [each.id for each in call.documents]
    contents = [read_content(path, MEDIA_TYPES["docx"], path.name) for path in paths]
    return lambda: [
        read_facts(content, kind, call) for content, kind in zip(contents, kinds, strict=True)
    ]


def mail(folder: Path, alliance: Alliance) -> Callable[[], object]:
    """Return what opens a mail that brings one dossier."""
    files = make_files(make_drafts(alliance, written_on=WRITTEN_ON), "docx")
    raw = make_mail(
        sender=Address(address="office@example.com"),
        subject=f"报送{alliance.name}申报材料",
        text="您好，材料见附件。",
        at=datetime(2016, 5, 20, tzinfo=UTC),
        files=files,
    )
    path = folder / "mail.eml"
    path.write_bytes(raw)

    def opened() -> None:
        with tempfile.TemporaryDirectory(dir=folder) as work:
            read_message(path, Path(work), Limits())

    return opened


def main() -> None:
    """Print each figure as a multiple of the unit."""
    call = load_calls()["guangdong-alliance-2016"]
    alliance = make_alliance(1)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        paths = {form: documents(folder, alliance, form) for form in MEDIA_TYPES}
        unit = median_seconds(partial(read, paths["docx"], "docx"))
        acts: dict[str, Callable[[], object]] = {
            "text of four .docx": partial(read, paths["docx"], "docx"),
            "text of four .pdf": partial(read, paths["pdf"], "pdf"),
            "text of four .txt": partial(read, paths["txt"], "txt"),
            "facts of four documents": facts(paths["docx"], call),
            "a mail with four .docx opened": mail(folder, alliance),
        }
        print(f"{'':36} {'ratio':>8}")
        for name, act in acts.items():
            print(f"{name:36} {median_seconds(act) / unit:8.2f}")
        print_register(unit)
        print(f"\nunit: text of four .docx, {unit * 1000:.1f} ms on this machine")


if __name__ == "__main__":
    main()
