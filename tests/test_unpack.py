"""Zip archives of every origin, and of bad will."""

from __future__ import annotations

import io
import struct
import tempfile
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.settings import Limits
from parsers import media
from parsers.errors import ParseError
from parsers.submission import Problem
from parsers.unpack import Budget, Entry, Shelf, safe_path, unpack


def make_zip(*members: tuple[bytes, bytes], flags: int = 0, extra: bytes = b"") -> bytes:
    """Write a zip of stored members by hand: names as bytes, and any flag bits."""
    body, directory = b"", b""
    for name, content in members:
        common = struct.pack(
            "<HHHHHIIIHH", 20, flags, 0, 0, 0x21, zlib.crc32(content), len(content), len(content),
            len(name), len(extra),
        )  # fmt: skip
        directory += (
            b"PK\x01\x02\x14\x00"
            + common
            + struct.pack("<HHHII", 0, 0, 0, 0, len(body))
            + name
            + extra
        )
        body += b"PK\x03\x04" + common + name + extra + content
    count = len(members)
    end = struct.pack("<HHHHIIH", 0, 0, count, count, len(directory), len(body), 0)
    return body + directory + b"PK\x05\x06" + end


def entries(raw: bytes, folder: Path, limits: Limits | None = None) -> list[Entry]:
    archive = folder / "archive"
    archive.write_bytes(raw)
    work = Path(tempfile.mkdtemp(dir=folder))
    found = list(unpack(archive, media.ZIP, Shelf(work, Budget(limits or Limits()))))
    assert all(entry.stored is None or entry.stored.path.parent == work for entry in found)
    return found


@pytest.mark.parametrize(
    ("name", "flags"),
    [
        ("甲联盟/组建协议（镕）.doc".encode("gbk"), 0),
        ("甲联盟/组建协议（镕）.doc".encode(), 0x800),
        ("甲联盟/组建协议（镕）.doc".encode(), 0),  # macOS writes UTF-8 and does not say so
        ("甲联盟\\组建协议（镕）.doc".encode("gbk"), 0),
    ],
)
def test_names_are_decoded_entry_by_entry(name: bytes, flags: int, tmp_path: Path) -> None:
    (entry,) = entries(make_zip((name, b"x"), flags=flags), tmp_path)
    assert entry.name == "甲联盟/组建协议（镕）.doc"


def test_the_unicode_path_field_wins(tmp_path: Path) -> None:
    told = b"\x01" + struct.pack("<I", zlib.crc32(b"x?.doc")) + "协议.doc".encode()
    extra = struct.pack("<HH", 0x7075, len(told)) + told
    assert entries(make_zip((b"x?.doc", b"x"), extra=extra), tmp_path)[0].name == "协议.doc"
    assert entries(make_zip((b"y?.doc", b"x"), extra=extra), tmp_path)[0].name == "y?.doc"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", "etc/passwd"),
        ("/etc/passwd", "etc/passwd"),
        ("C:\\Windows\\a.doc", "Windows/a.doc"),
        ("./a//b/./c.doc", "a/b/c.doc"),
    ],
)
def test_names_lead_only_downward(name: str, shown: str, tmp_path: Path) -> None:
    assert safe_path(name) == shown
    before = sorted(tmp_path.parent.rglob("passwd"))
    assert entries(make_zip((name.encode(), b"x")), tmp_path)[0].name == shown
    assert sorted(tmp_path.parent.rglob("passwd")) == before


def test_litter_folders_and_links_are_passed_over(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in (
            "a/",
            "__MACOSX/a/._b.doc",
            "a/.DS_Store",
            "Thumbs.db",
            "a/~$b.doc",
            "a/b.doc",
        ):
            archive.writestr(name, b"x")
        link = zipfile.ZipInfo("link.doc")
        link.create_system, link.external_attr = 3, 0o120777 << 16
        archive.writestr(link, b"/etc/passwd")
    assert [entry.name for entry in entries(buffer.getvalue(), tmp_path)] == ["a/b.doc"]


def test_a_locked_archive_is_refused_as_a_whole(tmp_path: Path) -> None:
    with pytest.raises(ParseError) as refused:
        entries(make_zip((b"a.doc", b"x"), (b"b.doc", b"y"), flags=1), tmp_path)
    assert refused.value.problem is Problem.LOCKED


def test_one_locked_file_costs_only_itself(tmp_path: Path) -> None:
    raw = bytearray(make_zip((b"a.doc", b"x"), (b"b.doc", b"y")))
    raw[6] |= 1
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    assert [entry.problem for entry in entries(bytes(raw), tmp_path)] == [Problem.LOCKED, None]


def test_one_damaged_file_costs_only_itself(tmp_path: Path) -> None:
    raw = make_zip((b"a.doc", b"xxxx"), (b"b.doc", b"yyyy")).replace(b"xxxx", b"xxxz")
    found = entries(raw, tmp_path)
    assert [entry.problem for entry in found] == [Problem.DAMAGED, None]
    assert found[0].stored is None


@pytest.mark.parametrize("raw", [b"PK\x03\x04", make_zip((b"a", b"x"))[:-30], b"nothing"])
def test_a_damaged_archive_is_refused(raw: bytes, tmp_path: Path) -> None:
    with pytest.raises(ParseError) as refused:
        entries(raw, tmp_path)
    assert refused.value.problem is Problem.DAMAGED


def test_a_file_that_lies_about_its_size_is_cut_off(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", b"0" * 1_000_000)
    raw = buffer.getvalue().replace(struct.pack("<I", 1_000_000), struct.pack("<I", 10))
    (entry,) = entries(raw, tmp_path, Limits(unpacked_bytes=1000))
    assert entry.stored is None
    assert entry.problem in {Problem.DAMAGED, Problem.TOO_LARGE}


def test_formats_that_cannot_be_opened_are_unsupported(tmp_path: Path) -> None:
    with pytest.raises(ParseError) as refused:
        unpack(tmp_path, media.RAR, Shelf(tmp_path, Budget(Limits())))
    assert refused.value.problem is Problem.UNSUPPORTED


@given(
    st.lists(st.binary(max_size=400), max_size=8),
    st.integers(min_value=1, max_value=1000),
    st.integers(min_value=1, max_value=6),
)
def test_unpacking_never_exceeds_its_limits(contents: list[bytes], size: int, number: int) -> None:
    raw = make_zip(*((b"%d.doc" % at, content) for at, content in enumerate(contents)))
    limits = Limits(unpacked_bytes=size, unpacked_files=number)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            entries(raw, folder, limits)
        except ParseError as refused:
            assert refused.problem is Problem.TOO_MANY  # noqa: PT017 - most inputs raise nothing
        written = [path for path in folder.rglob("*") if path.is_file() and path.name != "archive"]
        assert sum(path.stat().st_size for path in written) <= size
        assert len(written) <= number


@given(st.binary(max_size=200), st.integers(min_value=0, max_value=120))
def test_any_bytes_are_unpacked_or_refused(noise: bytes, at: int) -> None:
    raw = make_zip((b"a.doc", b"x"), (b"b.doc", b"y"))
    with tempfile.TemporaryDirectory() as name:
        try:
            entries(raw[:at] + noise + raw[at + len(noise) :], Path(name))
        except ParseError as refused:
            assert refused.problem in Problem  # noqa: PT017 - some inputs raise nothing
