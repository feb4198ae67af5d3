"""Self-extracting archives are opened by what is in them; any other program stays closed."""

from __future__ import annotations

import struct
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.limits import Limits
from parsers import media
from parsers.message import open_files
from parsers.submission import Problem
from parsers.unpack_exe import find_payload
from tests.test_unpack import contents, entries, make_zip, refusal
from tests.test_unpack_7z import seven_zip
from tests.test_unpack_rar import file4, file5, rar4, rar5

FILES = {"协议.txt": b"agreement", "章程.txt": b"charter"}
MEMBERS = [(name.encode(), content) for name, content in FILES.items()]
ARCHIVES = {
    "zip": make_zip(*MEMBERS),
    "7z": seven_zip(FILES),
    "rar4": rar4(*(file4(name, content) for name, content in MEMBERS)),
    "rar5": rar5(*(file5(name, content) for name, content in FILES.items())),
}
# 7-Zip's own program holds the mark that it looks for.
CODE = b"\x90" * 500 + b"7z\xbc\xaf\x27\x1c" + b"\x90" * 494


def program(behind: bytes) -> bytes:
    """Write the headers of a Windows program with one section of code, and what is put behind."""
    dos = b"MZ" + bytes(58) + struct.pack("<I", 64)
    coff = b"PE\0\0" + struct.pack("<HHIIIHH", 0x14C, 1, 0, 0, 0, 96, 0x102)
    start = 64 + 24 + 96 + 40
    section = b".text\0\0\0" + struct.pack("<IIII", len(CODE), 0x1000, len(CODE), start) + bytes(16)
    return dos + coff + bytes(96) + section + CODE + behind


@pytest.mark.parametrize("kind", ARCHIVES)
@pytest.mark.parametrize("script", [b"", b";!@Install@!UTF-8!\r\n;!@InstallEnd@!"])
def test_a_self_extracting_archive_is_opened(kind: str, script: bytes, tmp_path: Path) -> None:
    raw = program(script + ARCHIVES[kind])
    assert contents(entries(raw, tmp_path, kind=media.EXECUTABLE)) == FILES


def test_offsets_of_a_zip_may_count_from_the_start_of_the_program(tmp_path: Path) -> None:
    raw = bytearray(program(ARCHIVES["zip"]))
    before = len(raw) - len(ARCHIVES["zip"])
    end = raw.rindex(b"PK\x05\x06")
    at = struct.unpack_from("<I", raw, end + 16)[0] + before
    struct.pack_into("<I", raw, end + 16, at)
    for _ in FILES:
        struct.pack_into("<I", raw, at + 42, struct.unpack_from("<I", raw, at + 42)[0] + before)
        at += 46 + struct.unpack_from("<H", raw, at + 28)[0]
    assert contents(entries(bytes(raw), tmp_path, kind=media.EXECUTABLE)) == FILES


def test_a_self_extracting_archive_keeps_its_place_in_the_tree(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(program(ARCHIVES["rar5"]))
    (tmp_path / "b").write_bytes(program(b"no archive"))
    (tmp_path / "work").mkdir()
    given_files = [(tmp_path / "a", "申报材料.exe"), (tmp_path / "b", "setup.exe")]
    files = open_files(given_files, tmp_path / "work", Limits())
    inside = [f"申报材料.exe/{name}" for name in FILES]
    assert [file.path for file in files] == [*inside, "setup.exe"]
    assert files[-1].media_type == media.EXECUTABLE
    assert len(list((tmp_path / "work").iterdir())) == len(files)


@pytest.mark.parametrize("behind", [b"", b"PK\x03\x04 no zip", b"x" * (1 << 17) + ARCHIVES["7z"]])
def test_any_other_program_stays_closed(behind: bytes, tmp_path: Path) -> None:
    assert refusal(program(behind), tmp_path, media.EXECUTABLE) is Problem.UNSUPPORTED


def test_a_locked_or_damaged_one_says_so(tmp_path: Path) -> None:
    locked = program(seven_zip(FILES, password="secret"))
    assert refusal(locked, tmp_path, media.EXECUTABLE) is Problem.LOCKED
    assert refusal(program(ARCHIVES["7z"][:-9]), tmp_path, media.EXECUTABLE) is Problem.DAMAGED


@given(st.binary(max_size=200), st.integers(min_value=2, max_value=400))
def test_any_bytes_are_a_program_with_an_archive_or_without(noise: bytes, at: int) -> None:
    raw = program(ARCHIVES["rar5"])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.exe"
        path.write_bytes(raw[:at] + noise + raw[at + len(noise) :])
        payload = find_payload(path)
        assert payload is None or payload.start < path.stat().st_size
