"""Split archives 分卷压缩包: volumes that lie together are opened as one, lacking ones named."""

from __future__ import annotations

import mmap
import re
import struct
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import accumulate, chain
from pathlib import Path, PurePosixPath

from parsers import media
from parsers.errors import ParseError
from parsers.shelf import Entry, Shelf, blocks_of
from parsers.submission import Problem
from parsers.unpack import Archive, is_archive, unpack

# Volumes of rar have headers of their own; those of zip count offsets within each; any other
# archive is simply cut (`x.7z.001`), which here has no media type.
_PART = re.compile(r"(?P<stem>.+)\.part(?P<number>\d{1,4})\.(?:rar|exe)", re.IGNORECASE)
_OLD_RAR = re.compile(r"(?P<stem>.+)\.(?P<letter>[r-y])(?P<number>\d\d)", re.IGNORECASE)
_ZIP = re.compile(r"(?P<stem>.+)\.z(?P<number>\d\d)", re.IGNORECASE)
_CUT = re.compile(r"(?P<stem>.+\.(?:7z|zip|rar))\.(?P<number>\d{3})", re.IGNORECASE)
_KINDS = {_PART: media.RAR, _OLD_RAR: media.RAR, _ZIP: media.ZIP, _CUT: media.UNKNOWN}
_RAR_MARK = b"Rar!\x1a\x07"
_LAST = 10_000  # x.zip stands behind x.z01, x.z02, however many there are
_MOST_NAMED = 5
_ZIP_END = b"PK\x05\x06"
_IN_ZIP64 = {0xFFFF, 0xFFFFFFFF}


@dataclass(frozen=True, kw_only=True)
class _Set:
    """The volumes of one archive: where they stand in a list, by number."""

    scheme: re.Pattern[str]
    members: dict[int, int] = field(default_factory=dict)


def gathered(entries: Sequence[Entry]) -> list[Entry]:
    """Put one entry in the place of all volumes of an archive: the first, or the one called x.zip.

    It has all `volumes`, or says which lack (DAMAGED), or what kept one from being stored.
    """
    result: dict[int, Entry] = dict(enumerate(entries))
    for each in _sets(entries):
        volumes = [entries[at] for _, at in sorted(each.members.items())]
        first = each.members[_LAST if _LAST in each.members else min(each.members)]
        result[first] = _whole(each, entries[first], volumes)
        for at in each.members.values():
            if at != first:
                del result[at]
    return list(result.values())


def _sets(entries: Sequence[Entry]) -> list[_Set]:
    found: dict[tuple[re.Pattern[str], str], _Set] = {}
    for at, entry in enumerate(entries):
        for scheme in _KINDS:
            match = scheme.fullmatch(entry.name)
            if match:
                key = (scheme, match["stem"].lower())
                each = found.setdefault(key, _Set(scheme=scheme))
                each.members.setdefault(_number(match), at)
                break
    for at, entry in enumerate(entries):
        stem, _, suffix = entry.name.lower().rpartition(".")
        if suffix == "rar" and (_OLD_RAR, stem) in found:
            found[_OLD_RAR, stem].members.setdefault(1, at)
        elif suffix == "zip" and ((_ZIP, stem) in found or _is_last(entry)):
            found.setdefault((_ZIP, stem), _Set(scheme=_ZIP)).members.setdefault(_LAST, at)
    return [
        each
        for each in found.values()
        if _KINDS[each.scheme] != media.RAR or _any_rar(each, entries)
    ]


def _number(match: re.Match[str]) -> int:
    """Count volumes from 1: x.rar, x.r00 ... x.r99, x.s00, or as the name itself does."""
    number = int(match["number"])
    letter = match.groupdict().get("letter")
    return (ord(letter.lower()) - ord("r")) * 100 + number + 2 if letter else number


def _any_rar(volumes: _Set, entries: Sequence[Entry]) -> bool:
    """Tell volumes from other files that happen to be called so: `方案.v20`."""
    stored = [entries[at].stored for at in volumes.members.values()]
    return any(next(_blocks(each.path), b"").startswith(_RAR_MARK) for each in stored if each)


def _is_last(entry: Entry) -> bool:
    return entry.stored is not None and last_disk(entry.stored.path) > 0


def _whole(volumes: _Set, first: Entry, members: list[Entry]) -> Entry:
    kind = _KINDS[volumes.scheme]
    broken = next((each for each in members if each.stored is None), None)
    if broken is not None:
        return replace(first, problem=broken.problem, detail=broken.detail, media_type=kind)
    paths = tuple(each.stored.path for each in members if each.stored is not None)
    detail = _lack(volumes, paths[-1])
    if detail:
        return replace(first, problem=Problem.DAMAGED, detail=detail, media_type=kind)
    return replace(first, volumes=paths, media_type=kind)


def _lack(volumes: _Set, last: Path) -> str:
    """Say in Chinese which volumes lack, as far as their names tell, and the end of a zip."""
    numbers = set(volumes.members) - {_LAST}
    if volumes.scheme is _ZIP and _LAST not in volumes.members:
        return "分卷压缩包，缺最后一卷（扩展名为.zip）"
    count = last_disk(last) if volumes.scheme is _ZIP else max(numbers)
    return _lack_of([number for number in range(1, count + 1) if number not in numbers])


def _lack_of(numbers: Sequence[int]) -> str:
    """Say in Chinese that volumes of these numbers lack; empty for none."""
    shown = "、".join(map(str, numbers[:_MOST_NAMED]))
    more = f"等{len(numbers)}" if len(numbers) > _MOST_NAMED else ""
    return f"分卷压缩包，缺第{shown}{more}卷" if numbers else ""


def lack_after(count: int) -> str:
    """Say in Chinese that so many volumes are here, and not the last."""
    return f"分卷压缩包，缺第{count + 1}卷起的后续分卷"


def misnamed() -> ParseError:
    """Say that it is a volume whose name does not lead to the others, which may be here."""
    return ParseError(Problem.UNSUPPORTED, "分卷压缩包，按文件名找不到其余各卷")


def last_disk(path: Path) -> int:
    """Return the number of disks before the last, as the end of a zip tells; 0 without an end."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - (22 + 0xFFFF)))  # the end record and its comment
        _, end, record = file.read().rpartition(_ZIP_END)
    disk = int.from_bytes(record[:2], "little") if end else 0
    return 0 if disk in _IN_ZIP64 else disk


def open_volumes(archive: Archive, shelf: Shelf) -> Iterator[Entry]:
    """Take the files out of a split archive. Raises ParseError as `unpack` does."""
    if archive.media_type == media.RAR:
        from parsers.unpack_rar import open_rar

        with _named_in_order(archive.volumes, shelf.folder) as first:
            yield from open_rar(replace(archive, path=first), shelf)
        return
    stored = shelf.put(chain.from_iterable(map(_blocks, archive.volumes)))
    name = archive.name
    kind = archive.media_type
    if kind == media.ZIP:
        _renumber(stored.path, archive.volumes)
    else:
        name = PurePosixPath(name).stem
        kind = _cut_kind(stored.path, name, len(archive.volumes))
    try:
        inner = replace(archive, path=stored.path, media_type=kind, name=name, volumes=())
        yield from unpack(inner, shelf)
    finally:
        stored.path.unlink()


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from blocks_of(file)


@contextmanager
def _named_in_order(volumes: Sequence[Path], folder: Path) -> Iterator[Path]:
    """Give volumes of a rar the names by which its readers find the next one, old and new."""
    with tempfile.TemporaryDirectory(dir=folder) as name:
        first = Path(name) / "volume.part00001.rar"
        for number, path in enumerate(volumes, start=1):
            letter, digits = divmod(number - 2, 100)
            called = {
                f"volume.part{number:05}.rar",
                f"volume.part00001.{chr(0x72 + letter)}{digits:02}",
            }
            for each in called if number > 1 else {first.name}:
                (Path(name) / each).symlink_to(path)
        yield first


def _renumber(path: Path, volumes: Sequence[Path]) -> None:
    """Let the directory of a zip count from its start, not from a volume's (APPNOTE 4.3)."""
    sizes = [volume.stat().st_size for volume in volumes]
    starts = [0, *accumulate(sizes)]
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as data:
        end = data.rfind(_ZIP_END)
        disk, _, count, size, start = struct.unpack_from("<HHHII", data, end + 6)
        if _IN_ZIP64 & {disk, count, start}:
            raise ParseError(Problem.UNSUPPORTED, "split zip64")
        at = starts[disk] + start
        struct.pack_into("<HHHHII", data, end + 4, 0, 0, count, count, size, at)
        for _ in range(count):
            name, extra, comment, disk = struct.unpack_from("<HHHH", data, at + 28)
            (local,) = struct.unpack_from("<I", data, at + 42)
            struct.pack_into("<H", data, at + 34, 0)
            struct.pack_into("<I", data, at + 42, starts[disk] + local)
            at += 46 + name + extra + comment


def _cut_kind(path: Path, name: str, count: int) -> str:
    """Tell the kind of an archive that was cut. Raises ParseError where its end lacks."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(media.HEAD_BYTES)
    kind = media.media_type_of(head, path, name)
    if kind == media.SEVEN_ZIP:  # its first 32 bytes tell where its directory lies
        offset, length = struct.unpack_from("<QQ", head, 12)
        ended = 32 + offset + length <= size
    else:
        ended = not name.lower().endswith(".zip") or zipfile.is_zipfile(path)
    if not ended:
        raise ParseError(Problem.DAMAGED, lack_after(count))
    if not is_archive(kind, path):
        raise ParseError(Problem.DAMAGED, kind)
    return kind
