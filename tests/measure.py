"""How well dossiers are judged: false alarms on clean ones, recall and precision per finding.

Measured on the independent set (`tests/independent`), written by people who had not seen what
the product looks for. `python -m tests.measure WORDS CLEAN EACH [FIRST]` prints the report for
so many clean dossiers, so many of each defect, from a first seed on, in one of its sets of words.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from itertools import chain
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple, cast

from config.call import Call, load_calls
from config.limits import Limits
from ingest.proofreading import check_dossier
from parsers.grouping import documents_in, group
from parsers.message import open_files
from parsers.reading import read_content
from parsers.submission import Content, Document, File
from registry.rows import Finding, Outcome
from tests.independent.dossiers import DEFECTS, DOUBTS, LabelledDossier, WordSet, draw


class Drawn(NamedTuple):
    """How to draw a dossier: a set of words, a seed and the defects to put in."""

    words: WordSet
    seed: int
    defects: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What was found of one labelled dossier, beside what a clerk would have said."""

    drawn: Drawn
    missing: frozenset[str]
    doubtful: frozenset[str]
    expected: frozenset[str]
    may_doubt: frozenset[str]
    tolerated: frozenset[str]
    told: tuple[str, ...]
    dossiers: int

    @property
    def false_alarms(self) -> frozenset[str]:
        """What would wrongly be told as missing."""
        return self.missing - self.expected - self.tolerated

    @property
    def missed(self) -> frozenset[str]:
        """What should have been told, and is not, nor may it be left to a person."""
        return self.expected - self.missing - (self.doubtful & self.may_doubt)

    @property
    def needless_doubts(self) -> frozenset[str]:
        """What is left to a person although it is clear."""
        return self.doubtful - self.may_doubt - self.tolerated - self.expected


@cache
def the_call() -> Call:
    return load_calls()["guangdong-alliance-2016"]


def judged(drawn: Drawn) -> Verdict:
    """Draw a dossier, open and judge it as the product does, and compare."""
    labelled = draw(drawn.seed, defects=drawn.defects, words=drawn.words)
    with tempfile.TemporaryDirectory() as folder:
        documents = list(_opened(labelled, Path(folder)))
    findings = [
        finding
        for dossier in group(documents, the_call())
        for finding in check_dossier(dossier, the_call()).findings
    ]
    return Verdict(
        drawn=drawn,
        missing=_having(findings, Outcome.MISSING),
        doubtful=_having(findings, Outcome.DOUBTFUL),
        expected=labelled.missing,
        may_doubt=labelled.doubtful,
        tolerated=labelled.tolerated,
        told=tuple(
            f"{each.id} {each.outcome}: {each.detail[:160]}"
            for each in findings
            if each.outcome in {Outcome.MISSING, Outcome.DOUBTFUL}
        ),
        dossiers=len(group(documents, the_call())),
    )


def _having(findings: Iterable[Finding], outcome: Outcome) -> frozenset[str]:
    return frozenset(each.id for each in findings if each.outcome is outcome)


def _opened(labelled: LabelledDossier, folder: Path) -> Iterator[Document]:
    work = folder / "work"
    work.mkdir()
    paths = []
    for at, file in enumerate(labelled.files):
        path = folder / f"{at}"
        path.write_bytes(file.content)
        paths.append((path, file.name))
    for each in open_files(paths, work, Limits()):
        yield from documents_in(each, _content(each), the_call())


def _content(file: File) -> Content:
    if file.problem or file.source is None:
        return Content(media_type=file.media_type, problem=file.problem, detail=file.detail)
    return read_content(file.source, file.media_type, file.filename)


# ── the report ───────────────────────────────────────────────────────────────────────────


@dataclass(kw_only=True)
class Score:
    """What a set of labelled dossiers gave."""

    dossiers: int = 0
    clean: int = 0
    clean_alarmed: int = 0
    clean_doubted: int = 0
    right: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    false: Counter[str] = field(default_factory=Counter)
    examples: list[Verdict] = field(default_factory=list)

    def add(self, verdict: Verdict) -> None:
        """Count one verdict."""
        self.dossiers += 1
        if not verdict.drawn.defects:
            self.clean += 1
            self.clean_alarmed += bool(verdict.false_alarms)
            self.clean_doubted += bool(verdict.doubtful)
        self.right.update(verdict.expected & verdict.missing)
        self.missed.update(verdict.missed)
        self.false.update(verdict.false_alarms)
        if verdict.missed or verdict.false_alarms or verdict.needless_doubts:
            self.examples.append(verdict)

    def recall(self, finding: str = "") -> float:
        """Return the share of what is missing that is told, of one finding or of all."""
        return _share(_count(self.right, finding), _count(self.missed, finding))

    def precision(self, finding: str = "") -> float:
        """Return the share of what is told that is missing."""
        return _share(_count(self.right, finding), _count(self.false, finding))


def _count(counter: Counter[str], finding: str) -> int:
    return counter[finding] if finding else counter.total()


def _share(right: int, wrong: int) -> float:
    return right / (right + wrong) if right + wrong else 1.0


def to_draw(words: WordSet, clean: int, each: int, first: int = 0) -> list[Drawn]:
    """Return so many clean dossiers, and so many of each defect."""
    faulty = ((seed, (defect,)) for defect in (*DEFECTS, *DOUBTS) for seed in range(each))
    return [
        Drawn(words, first + at, defects)
        for at, defects in chain(((seed, ()) for seed in range(clean)), faulty)
    ]


def score(drawn: Sequence[Drawn]) -> Score:
    """Judge dossiers in processes of their own, and add up."""
    total = Score()
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        for verdict in pool.map(judged, drawn, chunksize=20):
            total.add(verdict)
    return total


def report(total: Score) -> Iterator[str]:
    """Yield the lines of the report."""
    yield f"dossiers {total.dossiers}, clean {total.clean}"
    yield f"clean with a false alarm {total.clean_alarmed}"
    yield f"clean with a doubt {total.clean_doubted} ({total.clean_doubted / max(total.clean, 1):.2%})"
    yield f"all findings: recall {total.recall():.4f}, precision {total.precision():.4f}"
    for finding in sorted({*total.right, *total.missed, *total.false}):
        yield (
            f"  {finding:24} told {total.right[finding]:4} missed {total.missed[finding]:3} "
            f"false {total.false[finding]:3} recall {total.recall(finding):.3f} "
            f"precision {total.precision(finding):.3f}"
        )


def main() -> None:
    """Print the report, and what went wrong."""
    words, *numbers = sys.argv[1:]
    total = score(to_draw(cast("WordSet", words), *map(int, numbers)))
    for verdict in total.examples:
        print(
            verdict.drawn,
            "missed",
            sorted(verdict.missed),
            "false",
            sorted(verdict.false_alarms),
            "doubted",
            sorted(verdict.needless_doubts),
        )
        for each in verdict.told:
            print("     ", each)
    print("\n".join(report(total)))


if __name__ == "__main__":
    main()
