"""Public PDFs, which nobody here wrote: each gives its text, as another reader has it, or says why.

The files are not part of the project; without them nothing here runs.
"""

from __future__ import annotations

import shutil
import subprocess
import unicodedata
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from rapidfuzz import fuzz

from config.limits import Limits
from parsers.media import PDF
from parsers.sandbox import Sandbox
from parsers.submission import Content, File, Problem
from tests.test_corpus_office import ALIKE, cells, squeezed

CORPUS = Path(__file__).parents[2] / "shared" / "corpus" / "pdf"
SECONDS = 20

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="the public corpus is not here")

UNREAD: dict[Problem, frozenset[str]] = {
    Problem.LOCKED: frozenset({
        "aes-128-m.pdf", "aes-128.pdf", "aes-256-m.pdf", "aes-256-r6.pdf", "aes-256.pdf",
        "rc4-128.pdf", "rc4-40.pdf", "issue-120.pdf",
    }),
    # No PDF at all.
    Problem.DAMAGED: frozenset({"XIPLAYER0.jb2"}),
    # Pictures and drawings, and not a word beside them.
    Problem.SCAN: frozenset({
        "encrypted_doc_no_id.pdf", "issue-1057-tiff-predictor.pdf", "issue_1165_linewidth.pdf",
        "pdf-with-jbig2.pdf", "simple2.pdf", "test_pattern_colors.pdf",
    }),
    Problem.EMPTY: frozenset({"patchelf.pdf"}),
}  # fmt: skip

UNLIKE = frozenset({
    "jo.pdf", "kampo.pdf",  # Japanese set downward: all characters, but line by line across
    "issue_495_pdfobjref.pdf",  # numbers strewn over a drawing
    "AcroForm_TEST_compiled.pdf",  # fields beside each other: their letters in another order
    "issue-1082-annotations.pdf",  # a note lies over the text, and it does not read notes
    "issue-1113-evil-xobjects.pdf",  # forms that draw each other: it stops sooner
    "issue-625-identity-cmap.pdf",  # a font that does not say which signs its bullets are
    "issue-791-non-unicode-cmap.pdf",  # codes that stand for no characters
})  # fmt: skip
"""What pdftotext reads too differently, and why."""


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[Path, Content]]:
    """Every file, read as a document of a mail is."""
    limits = Limits(document_seconds=SECONDS)
    with Sandbox(limits, tmp_path_factory.mktemp("work")) as sandbox:
        yield {path: sandbox.content(file_of(path)) for path in sorted(CORPUS.rglob("*.*"))}


def file_of(path: Path) -> File:
    return File(
        path=path.name,
        filename=path.name,
        media_type=PDF,
        size=path.stat().st_size,
        sha256="",
        source=path,
    )


def test_every_file_gives_its_text_or_the_right_reason(read: dict[Path, Content]) -> None:
    expected = {name: problem for problem, names in UNREAD.items() for name in names}
    found = {path.name: content.problem for path, content in read.items() if content.problem}
    assert found == expected
    assert all(content.problem or content.pages for content in read.values())


@pytest.mark.skipif(not shutil.which("pdftotext"), reason="pdftotext is not installed")
def test_pdftotext_reads_the_same(read: dict[Path, Content]) -> None:
    scores = {
        path.name: max(alike(content, theirs) for theirs in readings(path))
        for path, content in read.items()
        if not content.problem and path.name not in UNLIKE
    }
    assert {name: score for name, score in scores.items() if score < ALIKE} == {}


def readings(path: Path) -> Iterator[str]:
    """Yield the text as pdftotext sets it: by columns, as drawn, and as laid out."""
    for order in ([], ["-raw"], ["-layout"]):
        command = ["pdftotext", "-enc", "UTF-8", *order, str(path), "-"]
        yield subprocess.run(command, capture_output=True, check=True).stdout.decode()


def alike(content: Content, theirs: str) -> float:
    """Return how alike two readings are: as they stand, or by letters that follow each other."""
    ours, other = plain("".join(cells(content))), plain(theirs)
    mine, their = pairs(ours), pairs(other)
    shared = 2 * (mine & their).total() / max(1, mine.total() + their.total())
    return max(fuzz.ratio(ours, other) / 100, shared)


def plain(text: str) -> str:
    return squeezed(unicodedata.normalize("NFKC", text))


def pairs(text: str) -> Counter[str]:
    return Counter(text[at : at + 2] for at in range(len(text)))
