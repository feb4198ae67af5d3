"""Tar archives and what gzip, bzip2 and xz compress."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.limits import Limits
from parsers import media
from parsers.errors import ParseError
from parsers.message import open_files
from parsers.submission import Problem
from tests.test_unpack import contents, entries, refusal

PRESSES: dict[str, Callable[[bytes], bytes]] = {
    media.TAR: bytes,
    media.GZIP: gzip.compress,
    media.BZIP2: bz2.compress,
    media.XZ: lzma.compress,
}


def tar(
    files: dict[str, bytes], *, encoding: str = "utf-8", form: int = tarfile.GNU_FORMAT
) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", encoding=encoding, format=form) as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


@pytest.mark.parametrize("kind", PRESSES)
@pytest.mark.parametrize(
    ("encoding", "form"),
    [
        ("gbk", tarfile.GNU_FORMAT),
        ("utf-8", tarfile.GNU_FORMAT),
        ("utf-8", tarfile.PAX_FORMAT),
    ],
)
def test_a_tar_is_opened_however_compressed(
    kind: str, encoding: str, form: int, tmp_path: Path
) -> None:
    files = {"甲联盟/组建协议（镕）.doc": b"x" * 600_000, "甲联盟/" + "章" * 60 + ".doc": b"y"}
    raw = PRESSES[kind](tar(files, encoding=encoding, form=form))
    assert contents(entries(raw, tmp_path, kind=kind)) == files


def test_a_tar_without_a_mark_is_known_by_its_checksum() -> None:
    raw = bytearray(tar({"a.doc": b"x"}))
    raw[257:265] = bytes(8)
    raw[148:156] = b"        "
    raw[148:156] = b"%06o\0 " % sum(raw[:512])
    assert media.media_type_of(bytes(raw), None, "a.tar") == media.TAR
    raw[0] ^= 1
    assert media.media_type_of(bytes(raw), None, "a.tar") != media.TAR


@pytest.mark.parametrize("kind", [media.GZIP, media.BZIP2, media.XZ])
@pytest.mark.parametrize(
    ("name", "inner"), [("协议.doc.gz", "协议.doc"), ("A.BZ2", "A"), ("tcmime.1.bin", "无名文件")]
)
def test_a_single_compressed_file_is_named_after_its_archive(
    kind: str, name: str, inner: str, tmp_path: Path
) -> None:
    raw = PRESSES[kind](b"x" * 600_000)
    assert contents(entries(raw, tmp_path, kind=kind, name=name)) == {inner: b"x" * 600_000}


def test_the_name_in_a_gzip_header_serves_where_the_archive_has_none(tmp_path: Path) -> None:
    plain = gzip.compress(b"x")
    raw = plain[:3] + b"\x08" + plain[4:10] + "../协议.doc".encode("gbk") + b"\0" + plain[10:]
    assert contents(entries(raw, tmp_path, kind=media.GZIP)) == {"协议.doc": b"x"}


def test_names_lead_only_downward_and_links_and_litter_are_passed_over(tmp_path: Path) -> None:
    buffer = io.BytesIO(tar({"../../etc/passwd": b"x", "/a/.DS_Store": b"", "/b.doc": b"y"}))
    with tarfile.open(fileobj=buffer, mode="a") as archive:
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE):
            member = tarfile.TarInfo("other")
            member.type, member.linkname = kind, "/etc/passwd"
            archive.addfile(member)
    found = entries(buffer.getvalue(), tmp_path, kind=media.TAR)
    assert contents(found) == {"etc/passwd": b"x", "b.doc": b"y"}


@pytest.mark.parametrize("kind", [media.GZIP, media.BZIP2, media.XZ])
def test_a_bomb_is_cut_off(kind: str, tmp_path: Path) -> None:
    limits = Limits(unpacked_bytes=1_000_000)
    with pytest.raises(ParseError) as refused:
        entries(PRESSES[kind](bytes(3_000_000)), tmp_path, limits, kind=kind)
    assert refused.value.problem is Problem.TOO_LARGE


def test_what_a_tar_passes_over_counts_too(tmp_path: Path) -> None:
    raw = gzip.compress(tar({"Thumbs.db": bytes(20 << 20), "a.doc": b"x"}))
    with pytest.raises(ParseError) as refused:
        entries(raw, tmp_path, Limits(unpacked_bytes=1000), kind=media.GZIP)
    assert refused.value.problem is Problem.TOO_LARGE


@pytest.mark.parametrize("kind", PRESSES)
def test_a_damaged_archive_is_refused(kind: str, tmp_path: Path) -> None:
    raw = PRESSES[kind](tar({"a.doc": bytes(range(256)) * 400}))
    assert refusal(raw[:300], tmp_path, kind) is Problem.DAMAGED


def test_a_tar_that_breaks_off_gives_what_came_before(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    path.write_bytes(tar({"a.doc": b"x", "b.doc": b"y" * 2000})[: 512 * 4])
    (tmp_path / "work").mkdir()
    files = open_files([(path, "a.tar")], tmp_path / "work", Limits())
    assert [(file.path, file.problem) for file in files] == [
        ("a.tar/a.doc", None),
        ("a.tar/b.doc", Problem.DAMAGED),
        ("a.tar", Problem.DAMAGED),
    ]


@settings(deadline=None, max_examples=50)
@given(st.binary(max_size=300), st.integers(min_value=0, max_value=1500))
def test_any_bytes_are_unpacked_or_refused(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes, at: int
) -> None:
    raw = tar({"a.doc": b"x", "b.doc": b"y" * 40})
    broken = raw[:at] + noise + raw[at + len(noise) :]
    for kind, given_raw in ((media.TAR, broken), (media.GZIP, gzip.compress(broken))):
        try:
            entries(given_raw, tmp_path_factory.mktemp("tar"), kind=kind)
        except ParseError as refused:
            assert refused.problem in Problem  # noqa: PT017 - some inputs raise nothing
