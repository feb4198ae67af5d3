"""7z archives: packs, passwords, limits, and links."""

from __future__ import annotations

import io
import lzma
import os
import struct
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from py7zr import SevenZipFile

from config.limits import Limits
from parsers import media
from parsers.errors import ParseError
from parsers.shelf import Entry
from parsers.submission import Problem
from tests.test_unpack import contents, entries, refusal

FILES = {"甲联盟/组建协议（镕）.doc": b"agreement" * 9, "甲联盟/章程.doc": b"charter" * 9}


QUICK = [{"id": lzma.FILTER_LZMA2, "preset": 0}]


def seven_zip(
    files: dict[str, bytes], *, password: str | None = None, hide_names: bool = False
) -> bytes:
    buffer = io.BytesIO()
    filters = None if password else QUICK
    with SevenZipFile(
        buffer, "w", filters=filters, password=password, header_encryption=hide_names
    ) as archive:
        for name, content in files.items():
            archive.writestr(content, name)
    return buffer.getvalue()


SEVEN_ZIP = seven_zip(FILES)


def slow_seven_zip(password: str) -> bytes:
    """Write an archive that needs 16 million hashes to try a password, the most that is allowed."""
    buffer = io.BytesIO()
    with SevenZipFile(buffer, "w", password=password) as archive:
        archive.encoded_header_mode = (
            False  # so that the coder's properties stand in it as they are
        )
        archive.writestr(b"agreement", "a.txt")
    raw = bytearray(buffer.getvalue())
    cycles = raw.index(b"\x06\xf1\x07\x01") + 5
    assert raw[cycles] & 0x3F == 19
    raw[cycles] += 5
    return with_checksums(bytes(raw))


def two_packs(folder: Path) -> bytes:
    """Write an archive whose second file was added later, and so is packed by itself."""
    path = folder / "two.7z"
    for mode, name in (("w", "a.doc"), ("a", "b.doc")):
        with SevenZipFile(path, mode, filters=QUICK) as archive:
            archive.writestr(os.urandom(2000), name)
    return path.read_bytes()


def unpacked(raw: bytes, folder: Path, **settings: object) -> list[Entry]:
    return entries(raw, folder, kind=media.SEVEN_ZIP, **settings)  # type: ignore[arg-type]


def test_a_7z_is_opened(tmp_path: Path) -> None:
    assert contents(unpacked(seven_zip(FILES), tmp_path)) == FILES


def test_two_files_of_one_name_and_empty_ones_are_all_taken_out(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with SevenZipFile(buffer, "w") as archive:
        archive.writestr(b"1", "a.doc")
        archive.writestr(b"2", "a.doc")
        archive.writestr(b"", "b.doc")
    found = unpacked(buffer.getvalue(), tmp_path)
    assert sorted(entry.name for entry in found) == ["a.doc", "a.doc", "b.doc"]
    assert all(entry.stored for entry in found)


def test_names_lead_only_downward(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with SevenZipFile(buffer, "w") as archive:
        archive.encoded_header_mode = False  # so that the names stand in it as they are
        archive.writestr(b"x", "aa/aa/b.doc")
    name, wanted = "aa/aa/b.doc".encode("utf-16-le"), "../../b.doc".encode("utf-16-le")
    assert name in buffer.getvalue()
    found = unpacked(with_checksums(buffer.getvalue().replace(name, wanted)), tmp_path)
    assert contents(found) == {"b.doc": b"x"}


def with_checksums(raw: bytes) -> bytes:
    """Set the checksums at the start of a 7z, those of its header, anew."""
    offset, size = struct.unpack("<QQ", raw[12:28])
    header = raw[32 + offset : 32 + offset + size]
    start = struct.pack("<QQI", offset, size, zlib.crc32(header))
    return raw[:8] + struct.pack("<I", zlib.crc32(start)) + start + raw[32:]


@pytest.mark.parametrize("hide_names", [False, True])
def test_a_locked_7z_opens_with_the_password_told(*, hide_names: bool, tmp_path: Path) -> None:
    raw = seven_zip(FILES, password="密码 1", hide_names=hide_names)
    assert contents(unpacked(raw, tmp_path, passwords=("wrong", "密码 1"))) == FILES
    assert refusal(raw, tmp_path, media.SEVEN_ZIP) is Problem.LOCKED
    assert refusal(raw, tmp_path, media.SEVEN_ZIP, passwords=("wrong",)) is Problem.LOCKED


def test_a_damaged_pack_costs_only_its_own_files(tmp_path: Path) -> None:
    raw = bytearray(two_packs(tmp_path))
    assert [entry.problem for entry in unpacked(bytes(raw), tmp_path)] == [None, None]
    raw[1000] ^= 0xFF
    found = unpacked(bytes(raw), tmp_path)
    assert [entry.problem for entry in found] == [Problem.DAMAGED, None]


@pytest.mark.parametrize("raw", [b"7z\xbc\xaf\x27\x1c", SEVEN_ZIP[:-10], b"nothing"])
def test_a_damaged_archive_is_refused(raw: bytes, tmp_path: Path) -> None:
    assert refusal(raw, tmp_path, media.SEVEN_ZIP) is Problem.DAMAGED


def test_links_and_litter_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc/passwd")
    (tmp_path / "folder").mkdir()
    buffer = io.BytesIO()
    with SevenZipFile(buffer, "w") as archive:
        archive.write(tmp_path / "link", "link")
        archive.writeall(tmp_path / "folder", "folder")
        archive.writestr(b"x", "Thumbs.db")
        archive.writestr(b"y", "b.doc")
    assert contents(unpacked(buffer.getvalue(), tmp_path)) == {"b.doc": b"y"}


def test_a_file_beyond_the_limit_costs_itself_and_is_not_unpacked(tmp_path: Path) -> None:
    raw = seven_zip({"bomb.doc": bytes(3_000_000), "b.doc": b"y"})
    found = unpacked(raw, tmp_path, limits=Limits(unpacked_bytes=1_000_000))
    # What is packed behind it could only be had by unpacking it.
    assert [entry.problem for entry in found] == [Problem.TOO_LARGE, Problem.TOO_LARGE]


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.binary(max_size=400), max_size=8),
    st.integers(min_value=1, max_value=1000),
    st.integers(min_value=1, max_value=6),
)
def test_unpacking_never_exceeds_its_limits(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[bytes], size: int, number: int
) -> None:
    folder = tmp_path_factory.mktemp("7z")
    raw = seven_zip({f"{at}.doc": content for at, content in enumerate(sizes)})
    try:
        unpacked(raw, folder, limits=Limits(unpacked_bytes=size, unpacked_files=number))
    except ParseError as refused:
        assert refused.problem is Problem.TOO_MANY  # noqa: PT017 - most inputs raise nothing
    written = [path for path in folder.glob("*/*") if path.is_file()]
    assert sum(path.stat().st_size for path in written) <= size
    assert len(written) <= number


@settings(deadline=None, max_examples=50)
@given(st.binary(max_size=60), st.integers(min_value=6, max_value=260))
def test_any_bytes_are_unpacked_or_refused(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes, at: int
) -> None:
    raw = SEVEN_ZIP
    try:
        unpacked(raw[:at] + noise + raw[at + len(noise) :], tmp_path_factory.mktemp("7z"))
    except ParseError as refused:
        assert refused.problem in Problem  # noqa: PT017 - some inputs raise nothing
