"""OFD, the national format for fixed-layout documents (GB/T 33190-2016): a zip of XML.

A page holds objects that say where each character stands, in millimetres from its upper
left corner; lines and tables are found as in a PDF. Names are taken without their
namespace, which programs write in several ways. Signatures are not verified.
"""

from __future__ import annotations

import math
import posixpath
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, groupby, islice, pairwise, repeat
from pathlib import Path

from lxml import etree

from parsers.errors import ParseError
from parsers.layout import Glyph, Ruling, Sheet, compose, lay_out
from parsers.package import BROKEN, Package
from parsers.submission import Content, Problem

MAX_PAGES = 500
MAX_OBJECTS = 3_000_000
"""Characters and lines drawn, of all pages."""

_DEPTH = 16
_POINTS = 72 / 25.4
_A4 = (0.0, 0.0, 210.0, 297.0)
_THIN = 1.0  # millimetres
_ASCENT, _DESCENT = 0.88, 0.12
_STAMPED = 30  # a scanned page may carry so many characters of text
_SCAN_SHARE = 0.5
_ROOT, _ENCRYPTED = "OFD.xml", "encryptions.xml"
_NARROW, _BROAD = "iIjlftr|!.,:;'()[]{} ", "mwMWABCDGHKNOPQRUVXYZ@%&"
_PATH = re.compile(r"([A-Za-z])|(-?\d*\.?\d+(?:[eE][-+]?\d+)?)")
_POINTS_OF = {"M": 1, "S": 1, "L": 1, "Q": 2, "B": 3}
_Matrix = tuple[float, float, float, float, float, float]
_SAME: _Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


def read_ofd(path: Path, media_type: str) -> Content:
    """Read an OFD file page by page; all its documents, if there are several.

    Pages that are pictures are named in `detail`; when all are, it is a `scan`. Raises
    ParseError when it is locked, damaged or too large.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            package = Package(archive)
            try:
                leaves = list(islice(_leaves(package), MAX_PAGES + 1))
            except BROKEN:
                if any(posixpath.basename(name) == _ENCRYPTED for name in package.names):
                    raise ParseError(Problem.LOCKED) from None
                raise
    except BROKEN as error:
        raise ParseError(Problem.DAMAGED, str(error)) from error
    read = leaves[:MAX_PAGES]
    scanned = [leaf.sheet.number for leaf in read if leaf.scanned]
    if all(leaf.scanned or not leaf.sheet.items for leaf in read):
        raise ParseError(Problem.SCAN if scanned else Problem.EMPTY)
    details = [f"第{'、'.join(map(str, scanned))}页是图片，没有文字"] if scanned else []
    details += [f"只读了前{MAX_PAGES}页"] if len(leaves) > MAX_PAGES else []
    return Content(
        media_type=media_type,
        pages=tuple(
            page
            for _, own in groupby(read, key=lambda leaf: leaf.document)
            for page in compose([leaf.sheet for leaf in own])
        ),
        page_count=len(leaves),
        detail="；".join(details),
    )


# ── The package ──────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, kw_only=True)
class _Leaf:
    """A page as it was read."""

    sheet: Sheet
    document: int
    scanned: bool


@dataclass(frozen=True, kw_only=True)
class _Document:
    """A document of the package, and where its templates and drawings lie."""

    package: Package
    root: etree._Element
    folder: str
    templates: dict[str, str]
    drawings: dict[str, etree._Element]
    notes: dict[str, str]


def _leaves(package: Package) -> Iterator[_Leaf]:
    number, left = 0, MAX_OBJECTS
    for index, body in enumerate(_all(_part(package, _ROOT), "DocBody")):
        document = _document(package, _text(body, "DocRoot"))
        for page in _all(_first(document.root, "Pages"), "Page"):
            number += 1
            canvas = _canvas(document, page)
            left -= len(canvas.glyphs) + len(canvas.rulings)
            if left < 0:
                raise ParseError(Problem.TOO_LARGE)
            yield canvas.leaf(number, index)


def _document(package: Package, location: str) -> _Document:
    root, folder = _part(package, location), posixpath.dirname(location)
    common = _first(root, "CommonData")
    drawings: dict[str, etree._Element] = {}
    for name in ("PublicRes", "DocumentRes"):
        for each in _all(common, name):
            resources = package.part(_joined(folder, each.text))
            units = () if resources is None else resources.iter()
            drawings |= {unit.get("ID", ""): unit for unit in units if _name(unit) == _DRAWING}
    return _Document(
        package=package,
        root=root,
        folder=folder,
        templates={
            each.get("ID", ""): _joined(folder, each.get("BaseLoc"))
            for each in _all(common, "TemplatePage")
        },
        drawings=drawings,
        notes=_notes(package, _joined(folder, _text(root, "Annotations"))),
    )


def _notes(package: Package, location: str) -> dict[str, str]:
    """Return where the annotations of each page lie; no page depends on them."""
    root = package.part(location)
    return {
        page.get("PageID", ""): _joined(posixpath.dirname(location), _text(page, "FileLoc"))
        for page in _all(root, "Page")
    }


def _part(package: Package, location: str) -> etree._Element:
    part = package.part(location) if location else None
    if part is None:
        raise ParseError(Problem.DAMAGED, location or _ROOT)
    return part


def _joined(folder: str, location: str | None) -> str:
    return posixpath.join("/", folder, (location or "").strip().replace("\\", "/"))


def _name(element: etree._Element) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _all(parent: etree._Element | None, name: str) -> Iterator[etree._Element]:
    return (each for each in (() if parent is None else parent) if _name(each) == name)


def _first(parent: etree._Element | None, *names: str) -> etree._Element | None:
    for name in names:
        parent = next(_all(parent, name), None)
    return parent


def _text(parent: etree._Element, name: str) -> str:
    found = _first(parent, name)
    return "" if found is None else (found.text or "").strip()


def _numbers(text: str | None) -> tuple[float, ...]:
    """Return numbers as they are written in attributes; what is none ends them."""
    found = []
    for word in (text or "").split():
        try:
            number = float(word)
        except ValueError:
            break
        if not math.isfinite(number):
            break
        found.append(number)
    return tuple(found)


def _box(element: etree._Element | None, name: str) -> tuple[float, float, float, float] | None:
    area = _first(element, name)
    match _numbers(None if area is None else area.text):
        case (x, y, width, height) if width > 0 and height > 0:
            return x, y, width, height
    return None


# ── A page ───────────────────────────────────────────────────────────────────────────

_DRAWING = "CompositeGraphicUnit"


def _canvas(document: _Document, page: etree._Element) -> _Canvas:
    """Draw a page: its templates, what is on it, and notes but for watermarks."""
    root = _part(document.package, _joined(document.folder, page.get("BaseLoc")))
    common = _first(document.root, "CommonData", "PageArea")
    area = _box(_first(root, "Area"), "PhysicalBox") or _box(common, "PhysicalBox") or _A4
    canvas = _Canvas(document=document, area=area)
    for template in _all(root, "Template"):
        location = document.templates.get(template.get("TemplateID", ""))
        canvas.draw(_first(_part(document.package, location or ""), "Content"), _SAME, _DEPTH)
    canvas.draw(_first(root, "Content"), _SAME, _DEPTH)
    notes = document.notes.get(page.get("ID", ""))
    for note in _all(document.package.part(notes) if notes else None, "Annot"):
        if note.get("Type") != "Watermark" and note.get("Visible") != "false":
            for appearance in _all(note, "Appearance"):
                canvas.draw(appearance, _placed(appearance, _SAME), _DEPTH)
    return canvas


@dataclass(kw_only=True)
class _Canvas:
    """What is drawn on a page, as it gathers."""

    document: _Document
    area: tuple[float, float, float, float]
    glyphs: list[Glyph] = field(default_factory=list)
    rulings: list[Ruling] = field(default_factory=list)
    pictures: list[float] = field(default_factory=list)

    def leaf(self, number: int, document: int) -> _Leaf:
        """Return the page, laid out."""
        letters = sum(not glyph.text.isspace() for glyph in self.glyphs)
        _, _, width, height = self.area
        covered = sum(self.pictures) > _SCAN_SHARE * width * height
        drawn = bool(self.pictures or self.rulings)
        return _Leaf(
            sheet=Sheet(
                number=number,
                width=width * _POINTS,
                height=height * _POINTS,
                items=lay_out(self.glyphs, self.rulings),
            ),
            document=document,
            scanned=(not letters and drawn) or (letters < _STAMPED and covered),
        )

    def draw(self, parent: etree._Element | None, matrix: _Matrix, depth: int) -> None:
        """Draw what stands in a content, layer or block, in its order."""
        for element in () if parent is None or not depth else parent:
            name = _name(element)
            if element.get("Visible") == "false":
                continue
            if name in {"Layer", "PageBlock", "Content"}:
                self.draw(element, matrix, depth - 1)
            elif name == "CompositeObject":
                unit = self.document.drawings.get(element.get("ResourceID", ""))
                self.draw(unit, _placed(element, matrix), depth - 1)
            elif name == "TextObject":
                self._write(element, _placed(element, matrix))
            elif name == "PathObject":
                self._rule(element, _placed(element, matrix))
            elif name == "ImageObject":
                _, _, width, height = (*_numbers(element.get("Boundary")), *[0.0] * 4)[:4]
                self.pictures.append(width * height)
            if len(self.glyphs) + len(self.rulings) > MAX_OBJECTS:
                raise ParseError(Problem.TOO_LARGE)

    def _point(self, matrix: _Matrix, x: float, y: float) -> tuple[float, float]:
        """Return a place on the page in points, from its lower left corner."""
        a, b, c, d, e, f = matrix
        left, top, _, height = self.area
        return (
            (a * x + c * y + e - left) * _POINTS,
            (height - (b * x + d * y + f - top)) * _POINTS,
        )

    def _write(self, element: etree._Element, matrix: _Matrix) -> None:
        """Draw the characters of a text object (11.2, 11.3)."""
        size = next(iter(_numbers(element.get("Size"))), 0.0)
        stretch = next(iter(_numbers(element.get("HScale"))), 1.0)
        a, b, _, d, _, _ = matrix
        high, upright = size * math.hypot(b, d), abs(b) < abs(a) and a > 0
        turned = not upright or element.get("ReadDirection", "0") in {"90", "270"}
        x = y = 0.0
        for code in _all(element, "TextCode"):
            x = next(iter(_numbers(code.get("X"))), x)
            y = next(iter(_numbers(code.get("Y"))), y)
            text = (code.text or "").strip("\r\n")
            across = _steps(code.get("DeltaX"), len(text))
            down = _steps(code.get("DeltaY"), len(text))
            at, line = x, y
            for character, right, below in zip(text, across, down, strict=True):
                own = _width(character) * size * stretch
                step = own if right is None and below is None else (right or 0.0)
                # What is set wider than a character is a gap, unless it is but a little wider.
                shown = step if 0 < step <= size * 1.05 * max(stretch, 1.0) else own
                left, base = self._point(matrix, at, line)
                end, _ = self._point(matrix, at + shown, line)
                self.glyphs.append(
                    Glyph(
                        text=character,
                        x0=min(left, end),
                        x1=max(left, end),
                        y0=base - _DESCENT * high * _POINTS,
                        y1=base + _ASCENT * high * _POINTS,
                        turned=turned,
                    )
                )
                at, line = at + step, line + (below or 0.0)

    def _rule(self, element: etree._Element, matrix: _Matrix) -> None:
        """Draw the straight lines of a path: a thin box is one, a drawn box four (9.3)."""
        data = _first(element, "AbbreviatedData")
        runs = list(_runs("" if data is None else data.text or ""))
        points = [[self._point(matrix, x, y) for x, y in run] for run in runs]
        thin = _THIN * _POINTS
        for run in filter(None, points):
            xs, ys = [x for x, _ in run], [y for _, y in run]
            width, height = max(xs) - min(xs), max(ys) - min(ys)
            if width <= thin < height:
                middle = (max(xs) + min(xs)) / 2
                self.rulings.append(Ruling(vertical=True, at=middle, start=min(ys), end=max(ys)))
            elif height <= thin < width:
                middle = (max(ys) + min(ys)) / 2
                self.rulings.append(Ruling(vertical=False, at=middle, start=min(xs), end=max(xs)))
            elif element.get("Stroke") != "false":
                self.rulings.extend(_sides(run))


def _placed(element: etree._Element, outer: _Matrix) -> _Matrix:
    """Return how an object's own coordinates lie on the page: its matrix, its box, the outer."""
    own = _numbers(element.get("CTM"))
    a, b, c, d, e, f = own if len(own) == len(_SAME) else _SAME
    x, y = (*_numbers(element.get("Boundary")), 0.0, 0.0)[:2]
    return _product((a, b, c, d, e + x, f + y), outer)


def _product(inner: Sequence[float], outer: _Matrix) -> _Matrix:
    a, b, c, d, e, f = inner
    p, q, r, s, t, u = outer
    return (
        a * p + b * r,
        a * q + b * s,
        c * p + d * r,
        c * q + d * s,
        e * p + f * r + t,
        e * q + f * s + u,
    )


def _steps(text: str | None, count: int) -> list[float | None]:
    """Return the steps from each character to the next; `g 3 5.0` is 5.0 three times (11.3)."""
    words = iter((text or "").split())

    def each() -> Iterator[float]:
        for word in words:
            if word == "g":
                times, step = _numbers(next(words, "")), _numbers(next(words, ""))
                if times and step:
                    yield from repeat(step[0], max(int(times[0]), 0))
            else:
                yield from _numbers(word)

    return list(islice(chain(each(), repeat(None)), count))


def _width(character: str) -> float:
    """Return about how wide a character is, in its own height."""
    if not character.isascii():
        return 1.0
    return 0.3 if character in _NARROW else 0.7 if character in _BROAD else 0.5


def _runs(data: str) -> Iterator[list[tuple[float, float]]]:
    """Yield the points that each pen stroke of a path goes through; curves give their end."""
    run: list[tuple[float, float]] = []
    command, numbers = "", list[float]()

    for letter, number in _PATH.findall(data):
        if letter:
            command, numbers = letter, []
            if letter == "C" and run:
                run.append(run[0])
            continue
        numbers.append(float(number))
        wanted = 7 if command == "A" else 2 * _POINTS_OF.get(command, 0)
        if len(numbers) == wanted:
            if command in {"M", "S"} and run:
                yield run
                run = []
            run.append((numbers[-2], numbers[-1]))
            numbers = []
    yield run


def _sides(run: Sequence[tuple[float, float]]) -> Iterator[Ruling]:
    for (x0, y0), (x1, y1) in pairwise(run):
        if abs(x0 - x1) <= 1 < abs(y0 - y1):
            yield Ruling(vertical=True, at=x0, start=min(y0, y1), end=max(y0, y1))
        elif abs(y0 - y1) <= 1 < abs(x0 - x1):
            yield Ruling(vertical=False, at=y0, start=min(x0, x1), end=max(x0, x1))
