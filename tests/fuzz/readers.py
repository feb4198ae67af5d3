"""Coverage-guided fuzzing of what reads untrusted bytes, from mails to judged dossiers.

Held is: any bytes give a Submission or a `ParseError`, any file a Content that may name its
problem, and any Content can be judged; all without another exception and in bounded time.
"""

from __future__ import annotations

import io
import random
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["config", "parsers", "registry"]):
    from config.call import load_calls
    from config.limits import Limits
    from ingest.proofreading import check_dossier
    from parsers.errors import ParseError
    from parsers.grouping import documents_in, group
    from parsers.message import open_files, read_message
    from parsers.reading import read_content
    from parsers.submission import Content, File

from tests.fuzz.seeds import files, mails

LIMITS = Limits(unpacked_bytes=64 << 20, unpacked_files=200)
LONGEST_INPUT = 1 << 16
SECONDS_EACH = 60
LARGEST_MB = 2048
CALL = load_calls()["guangdong-alliance-2016"]


def judged(opened: Iterable[File]) -> None:
    """Read and judge the files that a mail or an archive gave."""
    documents = [
        document
        for file in opened
        if file.source is not None and not file.problem
        for document in documents_in(file, _content(file, file.source), CALL)
    ]
    for dossier in group(documents, CALL):
        check_dossier(dossier, CALL)


def _content(file: File, source: Path) -> Content:
    """Read a file as the sandbox does, for which a refusal is an answer."""
    try:
        return read_content(source, file.media_type, file.filename)
    except ParseError as error:
        return Content(media_type=file.media_type, problem=error.problem, detail=error.detail)


def take_mail(raw: bytes) -> None:
    """Read bytes as a mail."""
    with tempfile.TemporaryDirectory() as folder, suppress(ParseError):
        path = Path(folder, "mail")
        path.write_bytes(raw)
        judged(read_message(path, _work(folder), LIMITS).files)


def take_file(raw: bytes) -> None:
    """Read bytes as an attachment."""
    with tempfile.TemporaryDirectory() as folder, suppress(ParseError):
        path = Path(folder, "file")
        path.write_bytes(raw)
        judged(open_files([(path, "附件")], _work(folder), LIMITS))


def _work(folder: str) -> Path:
    work = Path(folder, "work")
    work.mkdir()
    return work


def mutated(raw: bytes, longest: int, seed: int) -> bytes:
    """Change bytes; those of a zip half of the time inside, behind its compression."""
    dice = random.Random(seed)  # noqa: S311 - a run has to be repeatable
    if raw.startswith(b"PK") and dice.random() < 1 / 2:
        with suppress(Exception):  # what is broken already is changed as it stands
            return _changed_inside(raw, dice, longest)
    return bytes(atheris.Mutate(raw, longest))


def _changed_inside(raw: bytes, dice: random.Random, longest: int) -> bytes:
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        members = [(info, archive.read(info)) for info in archive.infolist()]
    chosen = dice.randrange(len(members))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for at, (info, content) in enumerate(members):
            changed = bytes(atheris.Mutate(content, len(content) + 64)) if at == chosen else content
            archive.writestr(info, changed)
    return packed.getvalue() if packed.tell() <= longest else raw


TARGETS: dict[str, tuple[Callable[[bytes], None], Callable[[], Iterator[bytes]]]] = {
    "mail": (take_mail, mails),
    "file": (take_file, files),
}


def main() -> None:
    """Fuzz one target for so many seconds; inputs that break it go to the folder named."""
    name, seconds, findings = sys.argv[1:]
    target, seeds = TARGETS[name]
    with tempfile.TemporaryDirectory() as corpus:
        for number, seed in enumerate(seeds()):
            if len(seed) <= LONGEST_INPUT:
                Path(corpus, str(number)).write_bytes(seed)
        options = {
            "max_total_time": int(seconds),
            "max_len": LONGEST_INPUT,
            "timeout": SECONDS_EACH,
            "rss_limit_mb": LARGEST_MB,
            "print_final_stats": 1,
            "verbosity": 0,
        }
        told = [f"-{key}={value}" for key, value in options.items()]
        told.append(f"-artifact_prefix={findings}/{name}-")
        atheris.Setup([sys.argv[0], *told, corpus], target, custom_mutator=mutated)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
