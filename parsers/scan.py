"""Pages that are pictures 扫描页: found, their seals counted, and their text recognised.

Without a page reader nothing is recognised: such a file is a `scan`, for a person to read.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from PIL import Image, ImageOps, ImageSequence

from parsers import media
from parsers.errors import ParseError
from parsers.layout import Sheet, compose
from parsers.ole import open_ole
from parsers.seals import A4_LENGTH, count_seals
from parsers.submission import Content, Problem, Scan, Seals

PageReader = Callable[[Image.Image, int], Sheet | None]
"""Reads the picture of a page, given its number; None when it may read no more pages."""

LONGEST = 2000
"""Pixels of the longer side that pictures of pages are read at: 170 dots an inch on A4."""

MAX_PICTURES = 200
SMALLEST_PAGE = 400
"""Pixels; what has a shorter side is a logo or an icon, and no page."""

_MAX_BYTES = 64 << 20
_ANIMATED = "image/gif"
_NUMBER = re.compile(r"\d+")
_PICTURE = re.compile(r"\.(?:jpe?g|png|tiff?|bmp)$", re.IGNORECASE)
_PACKAGES = {
    media.DOCX: "word/media/",
    media.ODT: "Pictures/",
    media.OFD: "",
    media.XLSX: "xl/media/",
}
_STARTS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")
_BROKEN = (OSError, ValueError, SyntaxError, Image.DecompressionBombError)


def read_image(path: Path, media_type: str, read_page: PageReader | None = None) -> Content:
    """Read a picture, each of its pages if it has several. Raises ParseError when it is none."""
    if media_type == _ANIMATED:
        raise ParseError(Problem.SCAN)
    try:
        with Image.open(path) as picture:
            return _content(media_type, _frames(picture), read_page)
    except _BROKEN as error:
        raise ParseError(Problem.SCAN, type(error).__name__) from error


def read_pictures(path: Path, media_type: str, read_page: PageReader | None = None) -> Content:
    """Read the pictures in an office file that holds nothing else, in their order.

    Raises ParseError when none of them might be a page.
    """
    try:
        return _content(media_type, _pictures(path, media_type), read_page)
    except (*_BROKEN, zipfile.BadZipFile) as error:
        raise ParseError(Problem.SCAN, type(error).__name__) from error


def _content(
    media_type: str, pictures: Iterator[Image.Image], read_page: PageReader | None
) -> Content:
    sheets: list[Sheet] = []
    seals: list[Seals] = []
    for number, picture in enumerate(pictures, start=1):
        seals.append(seals_on(picture, number))
        sheet = read_page(picture, number) if read_page else None
        sheets += [sheet] if sheet else []
    if not seals:
        raise ParseError(Problem.SCAN)
    pages = compose(sheets) if any(sheet.items for sheet in sheets) else ()
    unread = len(sheets) < len(seals)
    return Content(
        media_type=media_type,
        pages=pages,
        page_count=len(seals),
        problem=None if pages else Problem.SCAN,
        detail=f"共{len(seals)}页，只识别了前{len(sheets)}页" if pages and unread else "",
        scan=Scan.READ if pages else Scan.UNREAD,
        seals=tuple(seals),
    )


def seals_on(picture: Image.Image, number: int, length: float = A4_LENGTH) -> Seals:
    """Count the seals on the picture of a page whose longer side has that length, in mm."""
    return Seals(page=number, count=count_seals(picture, length))


# ── Pictures ─────────────────────────────────────────────────────────────────────────


def _frames(picture: Image.Image) -> Iterator[Image.Image]:
    """Yield the pages of a picture, upright and no larger than they need be."""
    picture.draft("RGB", (LONGEST, LONGEST))
    for index, frame in enumerate(ImageSequence.Iterator(picture)):
        if index >= MAX_PICTURES:
            return
        page = _page(frame)
        if page:
            yield page


def _page(frame: Image.Image) -> Image.Image | None:
    if min(frame.size) < SMALLEST_PAGE:
        return None
    upright = ImageOps.exif_transpose(frame) or frame
    if upright.mode == "1":
        upright = upright.convert("L")
    elif upright.mode not in {"L", "RGB"}:
        paper = Image.new("RGBA", upright.size, "white")
        upright = Image.alpha_composite(paper, upright.convert("RGBA")).convert("RGB")
    return ImageOps.contain(upright, (LONGEST, LONGEST)) if max(upright.size) > LONGEST else upright


def _pictures(path: Path, media_type: str) -> Iterator[Image.Image]:
    for raw in _embedded(path, media_type):
        try:
            with Image.open(io.BytesIO(raw)) as picture:
                yield from _frames(picture)
        except _BROKEN:
            continue  # one picture of several


def _embedded(path: Path, media_type: str) -> Iterator[bytes]:
    """Yield the bytes of the pictures in an office file, in the order of their numbers."""
    if media_type in _PACKAGES:
        with zipfile.ZipFile(path) as archive:
            inside = [
                each
                for each in archive.infolist()
                if each.filename.startswith(_PACKAGES[media_type])
                and _PICTURE.search(each.filename)
            ]
            for each in sorted(inside, key=lambda one: _in_order(one.filename))[:MAX_PICTURES]:
                if each.file_size <= _MAX_BYTES:
                    yield archive.read(each)
    elif media_type == media.DOC:
        with open_ole(path) as ole:
            yield from _carved(ole.read("Data") if "data" in ole.names else b"")


def _in_order(name: str) -> list[int]:
    return [int(each) for each in _NUMBER.findall(name)]


def _carved(raw: bytes) -> Iterator[bytes]:
    """Yield what begins like a picture, each up to the next one."""
    starts = sorted({at.start() for mark in _STARTS for at in re.finditer(re.escape(mark), raw)})
    for start, end in zip(starts, [*starts[1:], len(raw)], strict=True):
        yield raw[start:end]
