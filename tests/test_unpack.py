"""Archives in general, and zip archives of every origin and of bad will."""

from __future__ import annotations

import io
import struct
import tempfile
import zipfile
import zlib
from pathlib import Path

import pytest
import pyzipper
from hypothesis import given
from hypothesis import strategies as st

from config.limits import Limits
from parsers import media
from parsers.errors import ParseError
from parsers.shelf import Budget, Entry, Shelf, safe_path
from parsers.submission import Problem
from parsers.unpack import Archive, tools, unpack


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


def entries(
    raw: bytes,
    folder: Path,
    limits: Limits | None = None,
    *,
    kind: str = media.ZIP,
    name: str = "",
    passwords: tuple[str, ...] = (),
) -> list[Entry]:
    """Unpack bytes, and see that nothing but the files handed out lies in the work folder."""
    path = folder / "archive"
    path.write_bytes(raw)
    work = Path(tempfile.mkdtemp(dir=folder))
    archive = Archive(path=path, media_type=kind, name=name, passwords=passwords)
    found = list(unpack(archive, Shelf(work, Budget(limits or Limits()))))
    stored = [entry.stored.path for entry in found if entry.stored is not None]
    assert sorted(work.iterdir()) == sorted(stored)
    assert all((entry.problem is None) == (entry.stored is not None) for entry in found)
    return found


def contents(found: list[Entry]) -> dict[str, bytes]:
    """Return the bytes of the files that were taken out, by name."""
    return {entry.name: entry.stored.path.read_bytes() for entry in found if entry.stored}


def refusal(raw: bytes, folder: Path, kind: str, *, passwords: tuple[str, ...] = ()) -> Problem:
    """Return why an archive is refused as a whole."""
    with pytest.raises(ParseError) as refused:
        entries(raw, folder, kind=kind, passwords=passwords)
    return refused.value.problem


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


def test_names_flagged_as_utf8_that_are_not_open_all_the_same(tmp_path: Path) -> None:
    members = [("甲联盟/组建协议.doc".encode("gbk"), b"x"), ("章程.doc".encode(), b"y")]
    raw = make_zip(*members, flags=0x800)
    assert contents(entries(raw, tmp_path)) == {"甲联盟/组建协议.doc": b"x", "章程.doc": b"y"}
    assert contents(entries(b"junk" + raw, tmp_path)).keys() == {"甲联盟/组建协议.doc", "章程.doc"}


def test_the_directory_counts_where_the_header_before_the_bytes_spells_the_name_otherwise(
    tmp_path: Path,
) -> None:
    raw = bytearray(make_zip(("协议.doc".encode("gbk"), b"x")))
    name = "协议".encode("gbk")
    raw[raw.rindex(name) : raw.rindex(name) + len(name)] = "章程".encode("gbk")
    assert contents(entries(bytes(raw), tmp_path)) == {"章程.doc": b"x"}


def test_a_zip_with_bytes_before_it_is_known_by_its_name() -> None:
    raw = b"junk" + make_zip((b"a.doc", b"x"))
    assert media.media_type_of(raw, None, "材料.zip") == media.ZIP
    assert media.media_type_of(raw, None, "材料.bin") == media.UNKNOWN


def test_a_file_without_a_name_is_a_file(tmp_path: Path) -> None:
    assert contents(entries(make_zip((b"", b"x")), tmp_path)) == {"无名文件": b"x"}


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


def locked_zip(encryption: str) -> bytes:
    """Write a zip as archivers lock it: in the old way (by hand, for zipfile only reads it) or AES."""
    if encryption == "aes":
        buffer = io.BytesIO()
        with pyzipper.AESZipFile(buffer, "w", encryption=pyzipper.WZ_AES) as archive:
            archive.setpassword("密码".encode())
            archive.writestr("组建协议.doc", b"text")
            archive.writestr("章程.doc", b"more")
        return buffer.getvalue()
    text = b"text"
    locked = zip_cipher(
        "密码".encode("gbk"), bytes(11) + zlib.crc32(text).to_bytes(4, "little")[3:] + text
    )
    raw = make_zip(("协议.doc".encode("gbk"), locked), flags=1)
    wrong = struct.pack("<III", zlib.crc32(locked), len(locked), len(locked))
    return raw.replace(wrong, struct.pack("<III", zlib.crc32(text), len(locked), len(text)))


def zip_cipher(password: bytes, plain: bytes) -> bytes:
    """Encrypt as PKWARE did (APPNOTE 6.1)."""
    keys = [0x12345678, 0x23456789, 0x34567890]

    def update(byte: int) -> None:
        keys[0] = zlib.crc32(bytes([byte]), keys[0] ^ 0xFFFFFFFF) ^ 0xFFFFFFFF
        keys[1] = ((keys[1] + (keys[0] & 0xFF)) * 134775813 + 1) & 0xFFFFFFFF
        keys[2] = zlib.crc32(bytes([keys[1] >> 24]), keys[2] ^ 0xFFFFFFFF) ^ 0xFFFFFFFF

    for byte in password:
        update(byte)
    locked = bytearray()
    for byte in plain:
        mixed = (keys[2] | 2) & 0xFFFF
        locked.append(byte ^ (mixed * (mixed ^ 1) >> 8) & 0xFF)
        update(byte)
    return bytes(locked)


@pytest.mark.parametrize("encryption", ["old", "aes"])
def test_a_locked_zip_opens_with_the_password_told(encryption: str, tmp_path: Path) -> None:
    raw = locked_zip(encryption)
    found = contents(entries(raw, tmp_path, passwords=("wrong", "密码")))
    assert b"text" in found.values()
    assert refusal(raw, tmp_path, media.ZIP) is Problem.LOCKED
    assert refusal(raw, tmp_path, media.ZIP, passwords=("wrong", "1")) is Problem.LOCKED


def test_passwords_show_nowhere(tmp_path: Path) -> None:
    archive = Archive(path=tmp_path, media_type=media.ZIP, passwords=("secret",))
    assert "secret" not in repr(archive)


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
    assert refusal(b"MZ", tmp_path, "application/x-lzh") is Problem.UNSUPPORTED


def test_a_part_of_a_split_zip_is_unsupported_not_damaged(tmp_path: Path) -> None:
    last = bytearray(make_zip((b"a.doc", b"x")))
    last[-18:-14] = b"\1\0\1\0"  # the directory lies on the second disk
    for part in (bytes(last), b"PK\7\x08" + make_zip((b"a.doc", b"x"))[:-30]):
        assert refusal(part, tmp_path, media.ZIP) is Problem.UNSUPPORTED


def test_an_archive_may_give_so_many_times_its_size(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(3):
            archive.writestr(f"{number}.bmp", bytes(33 << 20))
    found = entries(buffer.getvalue(), tmp_path, Limits(unpack_ratio=1))
    assert [entry.problem for entry in found] == [None, Problem.TOO_LARGE, Problem.TOO_LARGE]
    allowed = entries(buffer.getvalue(), tmp_path, Limits(unpack_ratio=10_000))
    assert all(entry.problem is None for entry in allowed)


def test_the_programs_that_rar_needs_are_told() -> None:
    assert tools().keys() == {"libarchive13", "unar"}


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
