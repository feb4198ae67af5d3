"""OFD files for the tests: written by hand, or with what stands on the pages of a PDF."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, pairwise
from xml.sax.saxutils import escape

from pdfminer.high_level import extract_pages
from pdfminer.layout import LTChar, LTContainer, LTCurve, LTPage

NAMESPACE = 'xmlns:ofd="http://www.ofdspec.org/2016"'
_MM = 25.4 / 72


def zipped(parts: dict[str, str]) -> bytes:
    """Return a package of these parts."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return buffer.getvalue()


def element(name: str, inner: str = "", **attributes: str) -> str:
    """Return an element of the format."""
    told = "".join(f' {key}="{value}"' for key, value in attributes.items())
    return f"<ofd:{name}{told}>{inner}</ofd:{name}>"


def part(name: str, inner: str) -> str:
    """Return the root of a part."""
    return f'<?xml version="1.0" encoding="UTF-8"?><ofd:{name} {NAMESPACE}>{inner}</ofd:{name}>'


def text(x: float, y: float, words: str, *, size: float = 4.0, steps: str = "", **more: str) -> str:
    """Return a text object with its upper left corner at a place, in millimetres."""
    code = {"X": "0", "Y": f"{size * 0.88:.4f}", **({"DeltaX": steps} if steps else {})}
    inner = element("TextCode", escape(words), **code)
    box = f"{x:.4f} {y:.4f} {size * len(words):.4f} {size:.4f}"
    return element("TextObject", inner, Boundary=box, Font="1", Size=f"{size:.4f}", **more)


def path(box: str, data: str, **more: str) -> str:
    """Return a path object."""
    return element("PathObject", element("AbbreviatedData", data), Boundary=box, **more)


def content(*objects: str, before: str = "") -> str:
    """Return the part of a page."""
    layer = element("Layer", "".join(objects), ID="2")
    return part("Page", before + element("Content", layer))


def ofd(pages: Sequence[str], *, common: str = "", **others: str) -> dict[str, str]:
    """Return the parts of a file with one document; the keys of `others` are parts' names."""
    numbered = range(len(pages))
    listed = "".join(
        element("Page", ID=str(n + 10), BaseLoc=f"Pages/Page_{n}/Content.xml") for n in numbered
    )
    area = element("PageArea", element("PhysicalBox", "0 0 210 297"))
    document = element("CommonData", area + common) + element("Pages", listed)
    return {
        "OFD.xml": part("OFD", element("DocBody", element("DocRoot", "Doc_0/Document.xml"))),
        "Doc_0/Document.xml": part("Document", document),
        **{f"Doc_0/Pages/Page_{n}/Content.xml": pages[n] for n in numbered},
        **others,
    }


def as_ofd(pdf: bytes) -> bytes:
    """Return an OFD file that shows what a PDF does: its characters and its straight lines."""
    pages = extract_pages(io.BytesIO(pdf))
    return zipped(ofd([content(*_objects(page)) for page in pages]))


def _things(thing: object) -> Iterator[object]:
    inside = iter(thing) if isinstance(thing, LTContainer) else iter(())
    yield from chain.from_iterable(map(_things, inside))
    yield thing


def _objects(page: LTPage) -> Iterator[str]:
    line: list[LTChar] = []
    for thing in _things(page):
        if isinstance(thing, LTChar):
            goes_on = line and thing.y0 == line[-1].y0 and line[-1].x0 < thing.x0 < line[-1].x1 + 1
            if line and not goes_on:
                yield _line(line, page.height)
                line = []
            line.append(thing)
        elif isinstance(thing, LTCurve):
            yield _path(thing.pts, page.height)
    if line:
        yield _line(line, page.height)


def _line(line: Sequence[LTChar], height: float) -> str:
    steps = " ".join(f"{(after.x0 - char.x0) * _MM:.4f}" for char, after in pairwise(line))
    words = "".join(char.get_text() for char in line)
    x, y = line[0].x0 * _MM, (height - line[0].y1) * _MM
    return text(x, y, words, size=(line[0].y1 - line[0].y0) * _MM, steps=steps)


def _path(points: Iterable[tuple[float, float]], height: float) -> str:
    placed = [(x * _MM, (height - y) * _MM) for x, y in points]
    data = " ".join(f"{'L' if n else 'M'} {x:.4f} {y:.4f}" for n, (x, y) in enumerate(placed))
    return path("0 0 210 297", data)
