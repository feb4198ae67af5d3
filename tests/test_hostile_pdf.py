"""A PDF that would take minutes or gigabytes costs itself only, and is named."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from config.limits import Limits
from parsers.media import PDF
from parsers.sandbox import Sandbox
from parsers.submission import Content, File, Problem

GIB = 1 << 30
LIMITS = Limits(document_seconds=6, document_memory=256 << 20)


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with Sandbox(LIMITS, tmp_path_factory.mktemp("work"), size=1) as opened:
        yield opened


def read(sandbox: Sandbox, folder: Path, raw: bytes) -> Content:
    path = folder / "a.pdf"
    path.write_bytes(raw)
    return sandbox.content(
        File(path="a", filename="a", media_type=PDF, size=len(raw), sha256="", source=path)
    )


def stream(entries: bytes, raw: bytes) -> bytes:
    return b"<<%b/Length %d>>stream\n%b\nendstream" % (entries, len(raw), raw)


def made(drawing: bytes, *others: bytes, resources: bytes = b"", pages: int = 1) -> bytes:
    """A PDF whose pages all draw the same; `others` are objects from the fourth on."""
    kids = b" ".join(b"%d 0 R" % (4 + len(others) + page) for page in range(pages))
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<<%b>>/Contents 3 0 R>>"
    return whole([
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[%b]/Count %d>>" % (kids, pages),
        drawing,
        *others,
        *[page % resources] * pages,
    ])  # fmt: skip


def whole(objects: Sequence[bytes]) -> bytes:
    out, places = b"%PDF-1.7\n", []
    for number, each in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, each)
    size, start = len(objects) + 1, len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % size
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    return out + b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (size, start)


def blanks(size: int) -> bytes:
    """So many spaces, packed twice: 4 GiB are a few kilobytes."""
    packer = zlib.compressobj(9)
    head = packer.compress(b"") + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(b" " * (1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    return zlib.compress(head + block * (size >> 20) + packer.flush(), 9)


def test_pages_of_seconds_each_are_too_slow(sandbox: Sandbox, tmp_path: Path) -> None:
    strokes = b"".join(b"%d %d m 9 9 l S\n" % (at % 500, at % 800) for at in range(300_000))
    drawing = stream(b"/Filter/FlateDecode", zlib.compress(strokes))
    assert read(sandbox, tmp_path, made(drawing, pages=50)).problem is Problem.TOO_SLOW


def test_a_page_of_four_gibibytes_is_too_large(sandbox: Sandbox, tmp_path: Path) -> None:
    drawing = stream(b"/Filter[/FlateDecode/FlateDecode]", blanks(4 * GIB))
    assert read(sandbox, tmp_path, made(drawing)).problem is Problem.TOO_LARGE


def test_forms_within_forms_are_too_large_or_too_slow(sandbox: Sandbox, tmp_path: Path) -> None:
    again = b"<</XObject<</F %d 0 R>>>>"
    form = b"/Type/XObject/Subtype/Form/BBox[0 0 600 900]/Resources" + again
    forms = [stream(form % (5 + level), b"/F Do " * 12) for level in range(6)]
    forms.append(stream(form % 4, b"0 0 m 9 9 l S"))
    drawing = stream(b"", b"/F Do " * 12)
    raw = made(drawing, *forms, resources=b"/XObject<</F 4 0 R>>")
    assert read(sandbox, tmp_path, raw).problem in {Problem.TOO_LARGE, Problem.TOO_SLOW}


def test_a_picture_of_four_gibibytes_is_not_unpacked(sandbox: Sandbox, tmp_path: Path) -> None:
    entries = (
        b"/Type/XObject/Subtype/Image/Width 40000/Height 40000/BitsPerComponent 8"
        b"/ColorSpace/DeviceRGB/Filter[/FlateDecode/FlateDecode]"
    )
    picture = stream(entries, blanks(4 * GIB))
    drawing = stream(b"", b"q 595 0 0 842 0 0 cm /I Do Q")
    content = read(sandbox, tmp_path, made(drawing, picture, resources=b"/XObject<</I 4 0 R>>"))
    assert (content.problem, content.seals) == (Problem.SCAN, ())
