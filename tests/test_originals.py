"""Originals are written once, whole or not at all, and never changed."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.originals import Originals, checksum


def keep(store: Originals, content: bytes) -> str:
    with store.incoming() as file:
        file.write(content)
        return store.keep(file)


def files(folder: Path) -> list[str]:
    return sorted(str(each.relative_to(folder)) for each in folder.rglob("*") if each.is_file())


def test_what_a_killed_process_left_is_cleared_and_what_another_writes_is_not(
    tmp_path: Path,
) -> None:
    store = Originals(tmp_path)
    left = tmp_path / "incoming" / "left"
    left.write_bytes(b"half")
    with Originals(tmp_path).incoming() as file:
        file.write(b"whole")
        store.clear_incoming()
        assert not left.exists()
        sha256 = store.keep(file)
    assert store.path(sha256).read_bytes() == b"whole"


def test_an_original_lies_under_its_checksum_and_nobody_may_write_it(tmp_path: Path) -> None:
    store = Originals(tmp_path)
    sha256 = keep(store, b"mail")
    assert sha256 == hashlib.sha256(b"mail").hexdigest()
    assert store.path(sha256).read_bytes() == b"mail"
    assert store.path(sha256).stat().st_mode & 0o777 == 0o400
    assert files(tmp_path) == [f"{sha256[:2]}/{sha256}"]


def test_the_same_bytes_twice_are_one_file_that_is_not_touched_again(tmp_path: Path) -> None:
    store = Originals(tmp_path)
    sha256 = keep(store, b"mail")
    before = store.path(sha256).stat()
    assert keep(store, b"mail") == sha256
    after = store.path(sha256).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    assert files(tmp_path) == [f"{sha256[:2]}/{sha256}"]


def test_the_same_bytes_at_the_same_time_are_one_file(tmp_path: Path) -> None:
    store = Originals(tmp_path)
    for round_ in range(20):
        content = b"x" * round_
        with ThreadPoolExecutor(8) as pool:
            sums = set(pool.map(lambda _, content=content: keep(store, content), range(8)))
        assert sums == {hashlib.sha256(content).hexdigest()}


def test_what_is_not_kept_is_gone(tmp_path: Path) -> None:
    store = Originals(tmp_path)
    with pytest.raises(ZeroDivisionError), store.incoming() as file:  # noqa: PT012 - the block is tested
        file.write(b"half")
        raise ZeroDivisionError
    assert files(tmp_path) == []


def test_a_copy_of_a_file_leaves_the_file_alone(tmp_path: Path) -> None:
    store = Originals(tmp_path / "originals")
    source = tmp_path / "附件.docx"
    source.write_bytes(b"content")
    sha256 = store.keep_copy(source)
    assert store.keep_copy(source) == sha256 == checksum(source)
    source.write_bytes(b"changed later")
    assert store.path(sha256).read_bytes() == b"content"


def test_a_process_killed_while_writing_leaves_nothing_under_a_final_name(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from registry.originals import Originals\n"
        "with Originals(Path(sys.argv[1])).incoming() as file:\n"
        "    file.write(b'half'); file.flush(); os.kill(os.getpid(), 9)"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    assert killed.returncode == -9
    (left,) = files(tmp_path)
    assert left.startswith("incoming/")
    store = Originals(tmp_path)
    store.clear_incoming()
    assert files(tmp_path) == []


def test_a_process_killed_after_keeping_leaves_the_original_whole(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from registry.originals import Originals\n"
        "store = Originals(Path(sys.argv[1]))\n"
        "with store.incoming() as file:\n"
        "    file.write(b'whole'); store.keep(file); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    store = Originals(tmp_path)
    store.clear_incoming()
    sha256 = keep(store, b"whole")  # received again, since no row had told of it
    assert files(tmp_path) == [f"{sha256[:2]}/{sha256}"]
    assert store.path(sha256).read_bytes() == b"whole"


@settings(max_examples=20)
@given(content=st.binary(max_size=3000))
def test_whatever_is_kept_comes_back_byte_by_byte(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    store = Originals(tmp_path_factory.mktemp("originals"))
    sha256 = keep(store, content)
    assert store.path(sha256).read_bytes() == content
    assert checksum(store.path(sha256)) == sha256
    assert store.path(sha256).stat().st_nlink == 1
