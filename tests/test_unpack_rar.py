"""Rar archives: names as written in China, what each reader can take out, and passwords."""

from __future__ import annotations

import hashlib
import struct
import zlib
from pathlib import Path

import pytest
from Cryptodome.Cipher import AES
from hypothesis import given, settings
from hypothesis import strategies as st

from config.limits import Limits
from parsers import media
from parsers.errors import ParseError
from parsers.sandbox import Sandbox
from parsers.shelf import Entry
from parsers.submission import Problem
from parsers.unpack import tools
from tests.test_unpack import contents, entries, refusal

SAMPLES = Path(__file__).parent / "archives"
STEST = "".join(f"{number:03}\n" for number in range(512)).encode()
RAR4 = b"Rar!\x1a\x07\x00"
RAR5 = b"Rar!\x1a\x07\x01\x00"

needs_unar = pytest.mark.skipif(not tools()["unar"], reason="unar is not installed")
needs_a_reader = pytest.mark.skipif(not any(tools().values()), reason="nothing reads rar here")


def block4(kind: int, flags: int, body: bytes, data: bytes = b"") -> bytes:
    """Write a block of a RAR 4 archive: checksum, type, flags, size, body."""
    head = struct.pack("<BHH", kind, flags, 7 + len(body)) + body
    return struct.pack("<H", zlib.crc32(head) & 0xFFFF) + head + data


def file4(name: bytes, content: bytes, *, flags: int = 0, mode: int = 0o100644) -> bytes:
    fields = struct.pack(
        "<IIBIIBBHI", len(content), len(content), 3, zlib.crc32(content), 0x48BE0000, 20, 0x30,
        len(name), mode,
    )  # fmt: skip
    return block4(0x74, 0x8000 | flags, fields + name, content)


def rar4(*files: bytes, flags: int = 0) -> bytes:
    return RAR4 + block4(0x73, flags, bytes(6)) + b"".join(files) + block4(0x7B, 0x4000, b"")


def vint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def block5(kind: int, flags: int, body: bytes, extra: bytes = b"", data: bytes = b"") -> bytes:
    """Write a block of a RAR 5 archive: checksum, size, type, flags, sizes, body, extra area."""
    flags |= (1 if extra else 0) | (2 if data else 0)
    head = vint(kind) + vint(flags)
    head += (vint(len(extra)) if extra else b"") + (vint(len(data)) if data else b"")
    head += body + extra
    head = vint(len(head)) + head
    return struct.pack("<I", zlib.crc32(head)) + head + data


def file5(name: str, content: bytes, *, password: str = "", extra: bytes = b"") -> bytes:
    raw = name.encode()
    body = vint(4) + vint(len(content)) + vint(0o100644) + struct.pack("<I", zlib.crc32(content))
    body += vint(0) + vint(1) + vint(len(raw)) + raw
    if password:
        record, content = encrypted5(password, content)
        extra += vint(len(record)) + record
    return block5(2, 0, body, extra, content)


def encrypted5(password: str, content: bytes) -> tuple[bytes, bytes]:
    """Encrypt as RAR 5 does: return the record that tells how, and the bytes."""
    salt, iv, doublings = bytes(range(16)), bytes(range(16, 32)), 4
    rounds = 1 << doublings
    key = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, rounds)
    last = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, rounds + 32)
    check = bytearray(8)
    for at, byte in enumerate(last):
        check[at % 8] ^= byte
    record = vint(1) + vint(0) + vint(1) + bytes([doublings]) + salt + iv
    record += bytes(check) + hashlib.sha256(check).digest()[:4]
    padded = content + bytes(-len(content) % 16)
    return record, AES.new(key, AES.MODE_CBC, iv).encrypt(padded)


def rar5(*files: bytes) -> bytes:
    return RAR5 + block5(1, 0, vint(0)) + b"".join(files) + block5(5, 0, vint(0))


def redirected5(name: str, kind: int, target: str) -> bytes:
    """Write a file that repeats another (5), or is a link to it (1)."""
    raw = target.encode()
    record = vint(5) + vint(kind) + vint(0) + vint(len(raw)) + raw
    return file5(name, b"", extra=vint(len(record)) + record)


def unrar(raw: bytes, folder: Path, **settings: object) -> list[Entry]:
    return entries(raw, folder, kind=media.RAR, **settings)  # type: ignore[arg-type]


def test_names_of_rar4_are_decoded_entry_by_entry(tmp_path: Path) -> None:
    raw = rar4(
        file4("甲联盟\\组建协议（镕）.doc".encode("gbk"), b"1"),
        file4("甲联盟\\章程.doc".encode(), b"2"),
        file4("方案.doc".encode(), b"3", flags=0x200),
        file4("申报表".encode("gbk"), b""),
    )
    assert contents(unrar(raw, tmp_path)) == {
        "甲联盟/组建协议（镕）.doc": b"1",
        "甲联盟/章程.doc": b"2",
        "方案.doc": b"3",
        "申报表": b"",
    }


def test_a_rar5_is_opened(tmp_path: Path) -> None:
    raw = rar5(file5("甲联盟/组建协议（镕）.doc", b"1" * 600_000), file5("../../章程.doc", b"2"))
    found = contents(unrar(raw, tmp_path))
    assert found == {"甲联盟/组建协议（镕）.doc": b"1" * 600_000, "章程.doc": b"2"}


@needs_a_reader
def test_compressed_files_are_taken_out(tmp_path: Path) -> None:
    raw = (SAMPLES / "solid-rar5.rar").read_bytes()
    assert contents(unrar(raw, tmp_path)) == {"stest1.txt": STEST, "stest2.txt": STEST}


@needs_unar
def test_solid_rar4_archives_are_read_by_unar(tmp_path: Path) -> None:
    raw = (SAMPLES / "solid-rar4.rar").read_bytes()
    assert contents(unrar(raw, tmp_path)) == {"stest1.txt": STEST, "stest2.txt": STEST}


@needs_unar
def test_unar_runs_under_the_limits_of_the_sandbox(tmp_path: Path) -> None:
    sample = SAMPLES / "solid-rar4.rar"
    with (
        Sandbox(Limits(), tmp_path / "work", size=1) as sandbox,
        sandbox.files([(sample, "材料.rar")]) as files,
    ):
        assert [file.path for file in files] == ["材料.rar/stest1.txt", "材料.rar/stest2.txt"]
        assert [file.problem for file in files] == [None, None]


def test_without_a_program_that_reads_it_the_file_is_not_blamed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    found = unrar((SAMPLES / "solid-rar4.rar").read_bytes(), tmp_path)
    assert found[-1].problem is Problem.UNSUPPORTED
    assert "unar" in found[-1].detail
    raw = rar5(file5("a.doc", b"x", password="secret"))
    with pytest.raises(ParseError) as refused:
        unrar(raw, tmp_path, passwords=("secret",))
    assert refused.value.problem is Problem.UNSUPPORTED
    assert "unar" in refused.value.detail


def test_a_locked_rar_is_refused_as_a_whole(tmp_path: Path) -> None:
    raw = rar5(file5("a.doc", b"x", password="secret"), file5("b.doc", b"y", password="secret"))
    assert refusal(raw, tmp_path, media.RAR) is Problem.LOCKED


def test_one_locked_file_costs_only_itself(tmp_path: Path) -> None:
    raw = rar5(file5("a.doc", b"x", password="secret"), file5("b.doc", b"y"))
    assert [entry.problem for entry in unrar(raw, tmp_path)] == [Problem.LOCKED, None]


@needs_unar
def test_a_locked_rar_opens_with_the_password_told(tmp_path: Path) -> None:
    raw = rar5(file5("协议.doc", b"text", password="密码 1"), file5("b.doc", b"y"))
    found = contents(unrar(raw, tmp_path, passwords=("wrong", "密码 1")))
    assert found == {"协议.doc": b"text", "b.doc": b"y"}
    raw = rar5(file5("协议.doc", b"text", password="密码 1"))
    assert refusal(raw, tmp_path, media.RAR, passwords=("wrong",)) is Problem.LOCKED


def test_a_damaged_file_costs_only_itself(tmp_path: Path) -> None:
    raw = rar5(file5("a.doc", b"xxxx"), file5("b.doc", b"yyyy")).replace(b"xxxx", b"xxxz")
    found = unrar(raw, tmp_path)
    assert [entry.problem for entry in found] == [Problem.DAMAGED, None]


def test_a_header_that_breaks_off_is_told_after_the_files_before_it(tmp_path: Path) -> None:
    first = rar4(file4(b"a.doc", b"x"))[:-7]
    with pytest.raises(ParseError) as refused:
        unrar(first + block4(0x74, 0x8000, b"?"), tmp_path)
    assert refused.value.problem is Problem.DAMAGED


def test_a_part_of_a_split_rar_is_unsupported_not_damaged(tmp_path: Path) -> None:
    for split in (1, 2):  # continued from the volume before, and in the one after
        raw = rar4(file4(b"a.doc", b"x", flags=split), flags=1)[:-7]
        assert refusal(raw, tmp_path, media.RAR) is Problem.UNSUPPORTED


def test_the_only_volume_of_a_rar_is_whole(tmp_path: Path) -> None:
    assert contents(unrar(rar4(file4(b"a.doc", b"x"), flags=1), tmp_path)) == {"a.doc": b"x"}


def test_repeated_files_are_files_and_links_are_passed_over(tmp_path: Path) -> None:
    raw = rar5(
        file5("a.doc", b"x"),
        redirected5("b.doc", 5, "a.doc"),
        redirected5("c.doc", 1, "/etc/passwd"),
    )
    assert contents(unrar(raw, tmp_path)) == {"a.doc": b"x", "b.doc": b"x"}


def test_litter_and_folders_are_passed_over(tmp_path: Path) -> None:
    raw = rar4(file4(b"a\\Thumbs.db", b"x"), file4(b"a", b"", flags=0xE0), file4(b"a\\b.doc", b"y"))
    assert contents(unrar(raw, tmp_path)) == {"a/b.doc": b"y"}


@pytest.mark.parametrize("raw", [RAR4, RAR5, RAR4 + b"x" * 20, RAR5 + b"x" * 20, b"Rar!"])
def test_no_archive_is_never_silently_empty(raw: bytes, tmp_path: Path) -> None:
    try:
        assert unrar(raw, tmp_path) == []
    except ParseError as refused:
        assert refused.problem is Problem.DAMAGED  # noqa: PT017 - the bare mark alone is an empty archive


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.binary(max_size=400), max_size=8),
    st.integers(min_value=1, max_value=1000),
    st.integers(min_value=1, max_value=6),
)
def test_unpacking_never_exceeds_its_limits(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[bytes], size: int, number: int
) -> None:
    folder = tmp_path_factory.mktemp("rar")
    raw = rar5(*(file5(f"{at}.doc", content) for at, content in enumerate(sizes)))
    try:
        unrar(raw, folder, limits=Limits(unpacked_bytes=size, unpacked_files=number))
    except ParseError as refused:
        assert refused.problem is Problem.TOO_MANY  # noqa: PT017 - most inputs raise nothing
    written = [path for path in folder.glob("*/*") if path.is_file()]
    assert sum(path.stat().st_size for path in written) <= size
    assert len(written) <= number


@settings(deadline=None, max_examples=50)
@given(st.binary(max_size=100), st.integers(min_value=8, max_value=150))
def test_any_bytes_are_unpacked_or_refused(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes, at: int
) -> None:
    raw = rar5(file5("a.doc", b"x"), file5("b.doc", b"y" * 40))
    try:
        unrar(raw[:at] + noise + raw[at + len(noise) :], tmp_path_factory.mktemp("rar"))
    except ParseError as refused:
        assert refused.problem in Problem  # noqa: PT017 - some inputs raise nothing
