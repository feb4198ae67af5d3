"""Public archives that nobody here wrote: each gives what another reader finds in it, or says why.

They lie beside the repository and are no part of it. The other readers are unar, and for rar
the lists that come with the archives.
"""

from __future__ import annotations

import base64
import re
import shutil
import subprocess
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

import pytest

from config.limits import Limits
from parsers.sandbox import Sandbox
from parsers.shelf import is_litter
from parsers.submission import File, Problem

CORPUS: Final = Path(__file__).parents[2] / "shared" / "corpus" / "archive"
VOLUMES: Final = re.compile(r"(.+)(?:\.part\d+\.rar|\.r\d\d)")
PASSWORDS: Final = ("password", "pass1", "foofoofoo", "1234", "Tika")
SUFFIXES: Final = frozenset({".zip", ".rar", ".7z", ".tar", ".tgz", ".gz", ".bz2"})


def of(problem: Problem, names: str) -> dict[str, Problem]:
    return dict.fromkeys(names.split(), problem)


WHOLE: Final = {
    # Without its password. The last one's bytes are not what its seal says.
    **of(Problem.LOCKED, "empty-pkware.zip test-documents-enc.rar hmac-error.zip"),
    # The directory is broken, cut off or not there; some readers guess from what else they see.
    **of(
        Problem.DAMAGED,
        "incons-cdsize-large.zip incons-cdsize-small.zip incons-central-file-comment-shorter.zip"
        " incons-central-magic-bad.zip incons-central-magic-bad2.zip testfile-truncated.zip"
        " incons-ef-central-size-wrong.zip incons-eocd-magic-bad.zip testZIP_corrupted_oom.zip"
        " incons-gap-before-eocd.zip",
    ),
    # The last volume, without those before it.
    **of(Problem.DAMAGED, "multidisk.zip test-documents-spanned.zip"),
}
"""Archives that are refused as a whole."""

INSIDE: Final[dict[str, dict[str, Problem]]] = {
    **{
        f"encrypt{name}.zip": {"encrypted": Problem.LOCKED}
        for name in (
            "", "-aes128-noentropy", "-aes192-noentropy", "-aes256-noentropy",
            "-pkware-noentropy", "-pkware-noentropy-2", "_plus_extra",
            "_plus_extra_modified_c", "_plus_extra_modified_l",
        )
    },
    "testZipEncrypted.zip": {"encrypted.txt": Problem.LOCKED},
    # Sizes, names, checksums or methods contradict each other, or the bytes.
    **{
        f"{name}.zip": of(Problem.DAMAGED, file)
        for name, file in {
            "gap": "gap", "gap-add": "gap", "gap-delete": "gap", "gap-replace": "gap",
            "incons-cdoffset": "a", "incons-central-compression-method": "a",
            "incons-central-compsize-smaller": "aaaaaaaaa", "incons-central-crc": "a",
            "incons-data": "a", "incons-ef-local-size": "a", "incons-local-filename-long": "a",
            "incons-local-filename-short": "a", "incons-stored-size": "test",
            "testZip_with_DataDescriptor": "en0 en1 en2 en3", "testbzip2broken": "abac-repeat.txt",
        }.items()
    },
    "broken.zip": {
        **of(Problem.DAMAGED, "storedcrcerror deflatecrcerror deflatezliberror"),
        **of(Problem.LOCKED, "cryptok"),
    },
    # 4 GiB of zeros, a size of 16 EiB, and archives that contain themselves.
    "bigzero-zip.zip": {"bigzero.zip/bigzero": Problem.TOO_LARGE},
    "incons-zip64-checkcons-overflow.zip": {"A": Problem.TOO_LARGE},
    "droste.zip": {"/".join(5 * ["droste.zip"]): Problem.TOO_DEEP},
    "quine.gz": {"quine/quine.gz/quine/quine.gz/quine": Problem.TOO_DEEP},
    # Ways to compress that zipfile does not know, and that of RAR 1.5, which nothing free reads.
    "testfile-xz.zip": {"abac-repeat.txt": Problem.UNSUPPORTED},
    "testfile-zstd.zip": {"abac-repeat.txt": Problem.UNSUPPORTED},
    "rar15-comment.rar": {"FILE1.TXT": Problem.UNSUPPORTED},
    "rar15-comment-lock.rar": {"FILE1.TXT": Problem.UNSUPPORTED},
}  # fmt: skip
"""Archives some of whose files are refused."""

BY_CHINESE: Final = "a name in another charset that nothing tells: we read it as Chinese"
CONTROLS: Final = "names of control characters"
NO_NAME: Final = "a file without a name, which unar calls like the archive"
ONE_NAME: Final = "two files of one name, of which unar keeps one"
LOCAL: Final = "the name before the bytes is another: the directory's counts"
VERSIONS: Final = "old versions of a file, which are left out"
COPIES: Final = "a file that repeats another, which unar leaves out"
COUNT: Final = "more files than the directory says, which unar believes"
NO_FILES: Final = "there is no file in it"
EXCEPTIONS: Final = {
    "testfile-cp437.zip": BY_CHINESE, "testZipEntryNameCharsetShiftSJIS.zip": BY_CHINESE,
    "test-cp437.zip": CONTROLS, "test-cp437-comment-utf-8.zip": CONTROLS,
    "incons-filename-nul-byte.zip": CONTROLS,
    "filename_empty.zip": NO_NAME, "filename_duplicate_empty.zip": NO_NAME,
    "filename_duplicate.zip": ONE_NAME,
    "incons-ef-local-dupe-utf8name.zip": LOCAL, "incons-ef-local-utf8name-ascii.zip": LOCAL,
    "incons-local-filename.zip": LOCAL, "incons-local-filename-missing.zip": LOCAL,
    "rar3-versions.rar": VERSIONS, "rar5-dups.rar": COPIES, "rar5-hlink.rar": COPIES,
    "incons-file-count-low.zip": COUNT, "incons-file-count-overflow.zip": COUNT,
    "incons-local-magic-bad.zip": "no zip by its first bytes: it stays a file of unknown kind",
    "testdir.zip": NO_FILES, "testempty.zip": NO_FILES,
}  # fmt: skip
"""Why what is read is other than unar has it."""

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="the public corpus is not here")
needs_unar = pytest.mark.skipif(shutil.which("unar") is None, reason="unar is not installed")


def sets() -> dict[str, list[Path]]:
    """Return the files of the corpus; the volumes of one archive together."""
    found: dict[str, list[Path]] = {}
    files = sorted(path for path in CORPUS.rglob("*") if path.is_file() and path.suffix != ".exp")
    stems = {match[1] for path in files if (match := VOLUMES.fullmatch(str(path)))}
    for path in files:
        match = VOLUMES.fullmatch(str(path))
        stem = match[1] if match else str(path.with_suffix(""))
        found.setdefault(stem if stem in stems else str(path), []).append(path)
    return found


SETS: Final = sets()


def mail_with(paths: list[Path]) -> bytes:
    text = "\r\n".join(f"密码：{word}" for word in PASSWORDS)
    parts = [f"Content-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"]
    parts += [
        f'Content-Disposition: attachment; filename="{path.name}"\r\n'
        f"Content-Transfer-Encoding: base64\r\n\r\n"
        f"{base64.encodebytes(path.read_bytes()).decode()}"
        for path in paths
    ]
    head = "From: a@example.com\r\nSubject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    return (head + "".join(f"--b\r\n{part}\r\n" for part in parts) + "--b--\r\n").encode()


@dataclass(frozen=True, kw_only=True)
class Opened:
    """One mail: the files attached to it, what came out, and the CRC-32 of each by its path."""

    paths: list[Path]
    files: tuple[File, ...]
    checksums: dict[str, str]


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Opened]:
    """Open everything as attachments, by the file name of the first."""
    folder = tmp_path_factory.mktemp("corpus")
    results = {}
    with Sandbox(Limits(), folder / "work", size=1) as sandbox:
        for paths in SETS.values():
            (folder / "mail").write_bytes(mail_with(paths))
            with sandbox.message(folder / "mail") as mail:
                checksums = {
                    file.path: f"{zlib.crc32(file.source.read_bytes()):08x}"
                    for file in mail.files
                    if file.source
                }
                results[paths[0].name] = Opened(paths=paths, files=mail.files, checksums=checksums)
        assert list((folder / "work").glob("*/*")) == []
    return results


def inside(files: tuple[File, ...]) -> dict[str, File]:
    """Return files by their path within the archive; the archive itself has none."""
    return {file.path.partition("/")[2]: file for file in files}


def archives(opened: dict[str, Opened]) -> Iterator[tuple[str, Opened]]:
    """Yield what is an archive, by its name."""
    return ((name, each) for name, each in opened.items() if each.paths[0].suffix in SUFFIXES)


def test_each_archive_gives_contents_or_the_right_reason(opened: dict[str, Opened]) -> None:
    told = {
        name: {path: file.problem for path, file in inside(each.files).items() if file.problem}
        for name, each in archives(opened)
    }
    troubled = {
        name: {path: why for path, why in found.items() if why is not Problem.EMPTY}
        for name, found in told.items()
    }
    whole = {name: {"": problem} for name, problem in WHOLE.items()}
    assert {name: found for name, found in troubled.items() if found} == {**whole, **INSIDE}
    assert {name for name, each in archives(opened) if not each.files} == set()


def first_of(paths: list[Path]) -> Path:
    """Return the volume that a set is opened by."""
    return next((path for path in paths if re.search(r"(part1|old)\.rar$", path.name)), paths[0])


def unar(archive: Path, folder: Path) -> dict[str, str] | None:
    """Return the checksums of what unar takes out, archives inside too; None where it fails."""
    for password in ("", *PASSWORDS):
        shutil.rmtree(folder, ignore_errors=True)
        command = ["unar", "-quiet", "-no-directory", "-force-overwrite", "-no-recursion"]
        secret = ["-password", password] if password else []
        done = subprocess.run(
            [*command, *secret, "-output-directory", folder, archive],
            stdin=subprocess.DEVNULL, capture_output=True, check=False,
        )  # fmt: skip
        if done.returncode == 0:
            break
    else:
        return None
    found = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_file() and not path.is_symlink() and not is_litter(name):
            found[name] = sha256(path.read_bytes()).hexdigest()
    return found


def flat(archive: Path, folder: Path) -> dict[str, str] | None:
    """As `unar`, and archives inside opened in their turn; a tar within a gz is no step."""
    found = unar(archive, folder / "0")
    if found is None:
        return None
    result = {}
    for number, (name, checksum) in enumerate(found.items(), start=1):
        path = folder / "0" / name
        within = flat(path, folder / str(number)) if path.suffix in SUFFIXES else None
        if within is None:
            result[name] = checksum
        else:
            unwrapped = path.suffix == ".tar" and archive.suffix in {".tgz", ".gz"}
            result |= {(at if unwrapped else f"{name}/{at}"): each for at, each in within.items()}
    return result


@needs_unar
def test_names_and_bytes_are_those_that_unar_finds(
    opened: dict[str, Opened], tmp_path: Path
) -> None:
    compared, other = 0, dict[str, object]()
    for name, each in archives(opened):
        if name in {*WHOLE, *INSIDE, *EXCEPTIONS}:
            continue
        theirs = flat(first_of(each.paths), tmp_path / name)
        ours = {path: file.sha256 for path, file in inside(each.files).items()}
        if theirs is not None:
            compared += 1
            if ours != theirs:
                other[name] = (ours, theirs)
    assert other == {}
    assert compared > 100


def listed(path: Path) -> dict[str, tuple[int, str]]:
    """Read the list that comes with a rar: size and CRC-32 of each file, by name."""
    found = {}
    for block in re.split(r"^(?=\w+: hdrlen)", path.read_text("utf-8"), flags=re.MULTILINE)[1:]:
        name = re.search(r"^  name=(.*)$", block, re.MULTILINE)
        size = re.search(r"\bdec=(\d+)", block)
        checksum = re.search(r"\bcrc=0x([0-9a-f]{8})", block)
        if " is=F" in block and name and size:
            bare = checksum and not re.search(r"redir:|TWEAKED", block)
            found[name[1]] = (int(size[1]), checksum[1] if checksum and bare else "")
    return found


def test_rar_archives_hold_what_their_lists_say(opened: dict[str, Opened]) -> None:
    lists, other = 0, dict[str, object]()
    for name, each in opened.items():
        path = first_of(each.paths)
        told = path.with_name(f"{path.name}.exp")
        if not told.exists() or name in {*WHOLE, *INSIDE}:
            continue
        lists += 1
        sizes = {at: file.size for at, file in inside(each.files).items()}
        if sizes != {at: size for at, (size, _) in listed(told).items()}:
            other[name] = sizes
        for at, (_, checksum) in listed(told).items():
            if checksum and each.checksums.get(f"{path.name}/{at}") != checksum:
                other[f"{name}/{at}"] = checksum
    assert other == {}
    assert lists > 40
