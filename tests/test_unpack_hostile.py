"""Archives of bad will: each is bounded, each is named, and what else the mail brings is opened."""

from __future__ import annotations

import io
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.limits import Limits
from parsers import media
from parsers.errors import ParseError
from parsers.message import open_files
from parsers.sandbox import Sandbox
from parsers.shelf import Budget, Shelf
from parsers.submission import Problem
from parsers.unpack import Archive, unpack
from tests.test_unpack import make_zip
from tests.test_unpack_7z import seven_zip
from tests.test_unpack_exe import program
from tests.test_unpack_rar import file4, file5, rar4, rar5
from tests.test_unpack_tar import PRESSES, tar
from tests.test_unpack_volumes import SETS

MEGABYTE = 1 << 20
LIMITS = Limits(unpacked_bytes=200 * MEGABYTE)
GOOD = ("协议.txt", "组建协议".encode())
FILES = {"甲/a.txt": b"agreement" * 20, "甲/b.txt": b"charter" * 20}
ARCHIVES = {
    media.ZIP: make_zip(*((name.encode(), content) for name, content in FILES.items())),
    media.SEVEN_ZIP: seven_zip(FILES),
    media.RAR: rar5(*(file5(name, content) for name, content in FILES.items())),
    "old rar": rar4(*(file4(name.encode("gbk"), content) for name, content in FILES.items())),
    **{kind: press(tar(FILES)) for kind, press in PRESSES.items()},
    media.EXECUTABLE: program(seven_zip(FILES)),
}


def deflated(*members: tuple[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return buffer.getvalue()


def matryoshka(levels: int, width: int) -> bytes:
    """Pack zeros as 42.zip does: each archive holds as many of those within."""
    raw = deflated(("0.bin", bytes(30 * MEGABYTE)))
    for _ in range(levels):
        raw = deflated(*((f"{number}.zip", raw) for number in range(width)))
    return raw


def overlapping(number: int, size: int) -> bytes:
    """Let many files share the same packed bytes, each quoting the headers of those behind it."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    plain = bytes(size)
    packed = packer.compress(plain) + packer.flush()
    body, directory = b"", []
    for at in reversed(range(number)):
        name = b"%05d" % at
        if body:
            quoted = body[:35]
            packed = struct.pack("<BHH", 0, len(quoted), len(quoted) ^ 0xFFFF) + body
            plain = quoted + plain
        common = struct.pack(
            "<HHHHHIIIHH", 20, 0, 8, 0, 0x21, zlib.crc32(plain), len(packed), len(plain), 5, 0
        )
        body = b"PK\x03\x04" + common + name + packed
        directory.append((name, common, len(body)))
    listed = b"".join(
        b"PK\x01\x02\x14\0" + common + struct.pack("<HHHII", 0, 0, 0, 0, len(body) - behind) + name
        for name, common, behind in reversed(directory)
    )
    end = struct.pack("<HHHHIIH", 0, 0, number, number, len(listed), len(body), 0)
    return body + listed + b"PK\x05\x06" + end


def nested(levels: int) -> bytes:
    raw = make_zip((b"a.txt", b"x"))
    for _ in range(levels):
        raw = make_zip((b"in.zip", raw))
    return raw


def many(number: int = 3000) -> dict[str, bytes]:
    return {f"{at}.txt": b"x" for at in range(number)}


HOSTILE: dict[str, tuple[Callable[[], bytes], Problem]] = {
    "42.zip": (lambda: matryoshka(3, 16), Problem.TOO_LARGE),
    "flat.zip": (lambda: deflated(("a.bin", bytes(80 * MEGABYTE))), Problem.TOO_LARGE),
    "flat.gz": (lambda: PRESSES[media.GZIP](bytes(80 * MEGABYTE)), Problem.TOO_LARGE),
    "flat.7z": (lambda: seven_zip({"a.bin": bytes(80 * MEGABYTE)}), Problem.TOO_LARGE),
    "overlapping.zip": (lambda: overlapping(200, MEGABYTE), Problem.TOO_LARGE),
    "nested.zip": (lambda: nested(200), Problem.TOO_DEEP),
    "many.zip": (lambda: deflated(*many(number=10_000).items()), Problem.TOO_MANY),
    "many.rar": (
        lambda: rar5(*(file5(name, content) for name, content in many().items())),
        Problem.TOO_MANY,
    ),
    "many.tar": (lambda: tar(many()), Problem.TOO_MANY),
    "many.7z": (lambda: seven_zip(many()), Problem.TOO_MANY),
}


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with Sandbox(LIMITS, tmp_path_factory.mktemp("hostile"), size=1) as opened:
        yield opened


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_hostile_is_bounded_and_named_and_costs_only_itself(
    name: str, sandbox: Sandbox, tmp_path: Path
) -> None:
    make, problem = HOSTILE[name]
    (tmp_path / "bad").write_bytes(make())
    (tmp_path / "good").write_bytes(GOOD[1])
    named = [(tmp_path / "bad", name), (tmp_path / "good", GOOD[0])]
    with sandbox.files(named) as files:
        *bad, good = files
        assert (good.path, good.problem) == (GOOD[0], None)
        assert problem in {file.problem for file in bad}
        # A number of files is told once for all that were not taken out.
        assert len(bad) <= 2 * LIMITS.unpacked_files
        assert all((file.source is None) <= (file.problem is not None) for file in bad)
        work = next(file.source.parent for file in files if file.source)
        assert on_disk(work) <= LIMITS.unpacked_bytes
        assert len(list(work.iterdir())) <= LIMITS.unpacked_files


def test_a_hostile_archive_costs_no_other_in_the_same_mail(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    """Neither those before nor those behind, as long as they are not hostile together."""
    (tmp_path / "bad").write_bytes(HOSTILE["flat.zip"][0]())
    (tmp_path / "good").write_bytes(ARCHIVES[media.ZIP])
    named = [
        (tmp_path / name, f"{at}{name}.zip") for at, name in enumerate(("good", "bad", "good"))
    ]
    with sandbox.files(named) as files:
        assert [file.problem for file in files] == [None, None, Problem.TOO_LARGE, None, None]


def on_disk(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


@settings(deadline=None, max_examples=150)
@given(
    st.sampled_from(sorted(ARCHIVES)),
    st.lists(st.tuples(st.integers(0, 600), st.binary(max_size=8)), max_size=4),
    st.binary(max_size=40),
    st.integers(1, 400),
    st.integers(1, 4),
)
def test_any_bytes_as_any_archive_give_entries_or_a_problem_and_keep_the_limits(
    kind: str, changes: list[tuple[int, bytes]], tail: bytes, size: int, number: int
) -> None:
    raw = bytearray(ARCHIVES[kind])
    for at, noise in changes:
        raw[at : at + len(noise)] = noise
    limits = Limits(unpacked_bytes=size, unpacked_files=number)
    with tempfile.TemporaryDirectory() as name:
        archive = Archive(
            path=Path(name) / "archive",
            media_type=media.RAR if kind == "old rar" else kind,
            passwords=("secret",),
        )
        archive.path.write_bytes(raw + tail)
        work = Path(name) / "work"
        work.mkdir()
        entries = []
        try:
            for entry in unpack(archive, Shelf(work, Budget(limits))):
                assert on_disk(work) <= size
                entries.append(entry)
        except ParseError as refused:
            assert refused.problem in Problem  # noqa: PT017 - some inputs raise nothing
        assert len(entries) <= number
        kept = [entry.stored.path for entry in entries if entry.stored]
        assert set(work.iterdir()) >= set(kept)
        assert on_disk(work) <= size


@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from(sorted(SETS)),
    st.integers(0, 3),
    st.integers(0, 300),
    st.binary(min_size=1, max_size=40),
    st.sets(st.integers(0, 3), max_size=2),
)
def test_any_bytes_in_any_volume_give_files(
    first: str, volume: int, at: int, noise: bytes, lacking: set[int]
) -> None:
    volumes = {
        name: bytearray(raw)
        for number, (name, raw) in enumerate(SETS[first].items())
        if number not in lacking
    }
    list(volumes.values())[volume % len(volumes)][at : at + len(noise)] = noise
    with tempfile.TemporaryDirectory() as name:
        (work := Path(name) / "work").mkdir()
        given_files = []
        for number, (shown, raw) in enumerate(volumes.items()):
            (path := Path(name) / str(number)).write_bytes(raw)
            given_files.append((path, shown))
        files = open_files(given_files, work, Limits())
        assert files
        assert {file.source for file in files if file.source} <= set(work.iterdir())
        assert not [path for path in work.iterdir() if path.is_dir()]
