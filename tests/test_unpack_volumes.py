"""Split archives: their volumes are opened as one, and a lacking one is named."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.limits import Limits
from parsers.message import open_files
from parsers.shelf import Entry, Stored
from parsers.submission import File, Problem
from parsers.unpack_volumes import gathered
from tests.test_unpack_7z import seven_zip
from tests.test_unpack_rar import RAR4, RAR5, block4, block5, vint

CONTENT = {"甲联盟/组建协议.txt": "组建协议".encode() * 50, "甲联盟/章程.txt": "章程".encode() * 50}
NAMES = sorted(CONTENT)


def cut(raw: bytes, name: str, number: int = 3) -> dict[str, bytes]:
    """Cut an archive into equal volumes, as 7-Zip does."""
    size = len(raw) // number + 1
    parts = (raw[at : at + size] for at in range(0, len(raw), size))
    return {f"{name}.{count:03}": part for count, part in enumerate(parts, start=1)}


def zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in CONTENT.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def split_zip(name: str, size: int = 300) -> dict[str, bytes]:
    """Split a zip as WinRAR and WinZip do: each offset counts from the start of its volume."""
    raw = bytearray(b"PK\x07\x08" + zipped())
    end = raw.rindex(b"PK\x05\x06")
    count, length, start = struct.unpack_from("<HII", raw, end + 10)
    at = start + 4
    for _ in range(count):
        local = struct.unpack_from("<I", raw, at + 42)[0] + 4
        struct.pack_into("<H", raw, at + 34, local // size)
        struct.pack_into("<I", raw, at + 42, local % size)
        at += 46 + sum(struct.unpack_from("<HHH", raw, at + 28))
    disks = (len(raw) - 1) // size
    struct.pack_into(
        "<HHHHII", raw, end + 4, disks, (start + 4) // size, 0, count, length, (start + 4) % size
    )
    parts = [bytes(raw[at : at + size]) for at in range(0, len(raw), size)]
    named = {f"{name}.z{count:02}": part for count, part in enumerate(parts[:-1], start=1)}
    return {**named, f"{name}.zip": parts[-1]}


def pieces(size: int = 250) -> list[list[tuple[str, bytes, bytes, bool, bool]]]:
    """Lay files out over volumes: name, piece, whole content, goes on before, goes on after."""
    volumes: list[list[tuple[str, bytes, bytes, bool, bool]]] = []
    for name, content in CONTENT.items():
        parts = [content[at : at + size] for at in range(0, len(content), size)]
        for number, part in enumerate(parts):
            before, after = number > 0, number < len(parts) - 1
            if not volumes or before:
                volumes.append([])
            volumes[-1].append((name, part, content, before, after))
    return volumes


def rar5_volumes() -> list[bytes]:
    volumes = []
    layout = pieces()
    for number, files in enumerate(layout):
        main = vint(1 if number == 0 else 3) + (vint(number) if number else b"")
        raw = RAR5 + block5(1, 0, main)
        for name, part, whole, before, after in files:
            body = vint(4) + vint(len(whole)) + vint(0o100644)
            body += struct.pack("<I", zlib.crc32(part if after else whole))
            body += vint(0) + vint(1) + vint(len(name.encode())) + name.encode()
            raw += block5(2, 8 * before | 16 * after, body, data=part)
        volumes.append(raw + block5(5, 0, vint(number < len(layout) - 1)))
    return volumes


def rar4_volumes(numbering: int) -> list[bytes]:
    volumes = []
    layout = pieces()
    for number, files in enumerate(layout):
        raw = RAR4 + block4(0x73, 1 | numbering | (0x100 if number == 0 else 0), bytes(6))
        for name, part, whole, before, after in files:
            fields = struct.pack(
                "<IIBIIBBHI", len(part), len(whole), 3, zlib.crc32(part if after else whole),
                0x48BE0000, 20, 0x30, len(name.encode("gbk")), 0o100644,
            )  # fmt: skip
            raw += block4(0x74, 0x8000 | before | after << 1, fields + name.encode("gbk"), part)
        volumes.append(raw + block4(0x7B, 0x4000 | (number < len(layout) - 1), b""))
    return volumes


def parts(volumes: list[bytes], name: str) -> dict[str, bytes]:
    return {f"{name}.part{count}.rar": raw for count, raw in enumerate(volumes, start=1)}


def old_parts(volumes: list[bytes], name: str) -> dict[str, bytes]:
    first, *rest = volumes
    return {f"{name}.rar": first, **{f"{name}.r{at:02}": raw for at, raw in enumerate(rest)}}


SETS = {
    "材料.7z.001": cut(seven_zip(CONTENT), "材料.7z"),
    "材料.zip.001": cut(zipped(), "材料.zip"),
    "材料.zip": split_zip("材料"),
    "材料.part1.rar": parts(rar5_volumes(), "材料"),
    "材料.rar": old_parts(rar4_volumes(0), "材料"),
    "旧.part1.rar": parts(rar4_volumes(0x10), "旧"),
}


def opened(files: dict[str, bytes], folder: Path) -> list[File]:
    """Open files that lie together, and see that nothing but what is listed is left."""
    given_files = []
    for number, (name, raw) in enumerate(files.items()):
        (folder / f"given{number}").write_bytes(raw)
        given_files.append((folder / f"given{number}", name))
    work = folder / "work"
    work.mkdir()
    return list(open_files(given_files, work, Limits()))


def texts(files: list[File]) -> dict[str, bytes]:
    return {file.path: file.source.read_bytes() for file in files if file.source}


@pytest.mark.parametrize("first", SETS)
@pytest.mark.parametrize("backwards", [False, True])
def test_volumes_are_opened_as_one(first: str, *, backwards: bool, tmp_path: Path) -> None:
    volumes = SETS[first]
    assert len(volumes) > 2
    order = sorted(volumes, reverse=backwards)
    files = opened({"前.txt": b"1", **{name: volumes[name] for name in order}}, tmp_path)
    assert [file.problem for file in files] == [None, None, None]
    inside = {f"{first}/{name}": CONTENT[name] for name in NAMES}
    assert texts(files) == {"前.txt": b"1", **inside}
    assert len(list((tmp_path / "work").iterdir())) == len(files)


@pytest.mark.parametrize(
    ("first", "lacking", "detail"),
    [
        ("材料.7z.001", "材料.7z.002", "分卷压缩包，缺第2卷"),
        ("材料.7z.001", "材料.7z.003", "分卷压缩包，缺第3卷起的后续分卷"),
        ("材料.zip.001", "材料.zip.001", "分卷压缩包，缺第1卷"),
        ("材料.zip.001", "材料.zip.003", "分卷压缩包，缺第3卷起的后续分卷"),
        ("材料.zip", "材料.z02", "分卷压缩包，缺第2卷"),
        ("材料.zip", "材料.zip", "分卷压缩包，缺最后一卷（扩展名为.zip）"),
        ("材料.part1.rar", "材料.part2.rar", "分卷压缩包，缺第2卷"),
        ("材料.part1.rar", "材料.part4.rar", "分卷压缩包，缺第4卷起的后续分卷"),
        ("材料.rar", "材料.rar", "分卷压缩包，缺第1卷"),
        ("材料.rar", "材料.r00", "分卷压缩包，缺第2卷"),
        ("材料.rar", "材料.r02", "分卷压缩包，缺第4卷起的后续分卷"),
    ],
)
def test_a_lacking_volume_is_named_once(
    first: str, lacking: str, detail: str, tmp_path: Path
) -> None:
    volumes = {name: raw for name, raw in SETS[first].items() if name != lacking}
    (file,) = opened(volumes, tmp_path)
    assert (file.problem, file.detail) == (Problem.DAMAGED, detail)
    assert file.path == (first if first != lacking else min(volumes))
    assert file.source is not None


@pytest.mark.parametrize(
    ("first", "detail"),
    [("材料.rar", "分卷压缩包，缺第2卷起的后续分卷"), ("材料.zip", "分卷压缩包，缺第1、2、3卷")],
)
def test_a_volume_alone_that_has_no_number_names_the_others(
    first: str, detail: str, tmp_path: Path
) -> None:
    (file,) = opened({first: SETS[first][first]}, tmp_path)
    assert file.problem is Problem.DAMAGED
    assert file.detail == detail


def test_volumes_under_other_names_are_for_a_person_to_see(tmp_path: Path) -> None:
    raw = SETS["材料.part1.rar"]
    files = opened(
        {"材料一.rar": raw["材料.part1.rar"], "材料二.rar": raw["材料.part2.rar"]}, tmp_path
    )
    assert [file.problem for file in files] == [Problem.UNSUPPORTED] * 2
    assert all("分卷" in file.detail for file in files)


def test_volumes_in_a_folder_of_an_archive_are_opened_as_one(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, raw in SETS["材料.7z.001"].items():
            archive.writestr(f"甲/{name}", raw)
            archive.writestr(f"乙/{name}", raw)
        archive.writestr("丙/材料.7z.002", SETS["材料.7z.001"]["材料.7z.002"])
    files = opened({"全部.zip": buffer.getvalue()}, tmp_path)
    within = [f"全部.zip/{folder}/材料.7z.001/{name}" for folder in "甲乙" for name in CONTENT]
    assert [file.path for file in files] == [*within, "全部.zip/丙/材料.7z.002"]
    assert files[-1].detail == "分卷压缩包，缺第1卷"


def test_files_that_are_only_called_like_volumes_stay_what_they_are(tmp_path: Path) -> None:
    files = opened({"方案.v20": "方案".encode(), "甲.part1.rar": zipped()}, tmp_path)
    assert files[0].path == "方案.v20"
    assert [file.problem for file in files] == [None] * 3


def test_a_volume_that_could_not_be_kept_is_not_called_lacking(tmp_path: Path) -> None:
    stored = Stored(path=tmp_path, size=1, sha256="")
    first = Entry(name="a.7z.001", size=1, stored=stored)
    second = Entry(name="a.7z.002", size=9, problem=Problem.TOO_LARGE)
    (entry,) = gathered([second, first])
    assert (entry.name, entry.problem) == ("a.7z.001", Problem.TOO_LARGE)


@given(
    st.lists(st.sampled_from(["a", "a.part", "a.z", "a.7z.00", "a.r0", "A.R0"]), max_size=9),
    st.data(),
)
def test_no_file_is_gathered_twice_or_lost(stems: list[str], data: st.DataObject) -> None:
    digit = st.sampled_from(["1.rar", "1", "2", ".zip", ".rar", "01"])
    names = [stem + data.draw(digit) for stem in stems]
    entries = [Entry(name=name, size=0, problem=Problem.TOO_LARGE) for name in names]
    left = gathered(entries)
    assert {entry.name for entry in left} <= set(names)
    assert len(left) >= len({entry.name.lower()[0] for entry in entries})
