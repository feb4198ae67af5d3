"""Text recognised 文字识别 in the picture of a page, laid out as if it had been printed.

The models come with the library (the `ocr` extra) and need no network.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from parsers.layout import Glyph, Ruling, Sheet, lay_out

PAGE_LENGTH: Final = 842.0
"""The longer side of a page in points, whatever its picture measures."""

_TURNS = (0, 90, 270, 180)
_SURE = 0.85
_WIDE = 0.15  # of the page: lines that show how crooked it lies
_LEVEL = math.radians(0.1)
_BOX = 0.75  # the height of script in that of the box found around it
_ALIKE = 0.3
_SHORTEST = 30  # rulings are at least that part of the longer side
_THICKEST = 12
_MOST_RUNS = 20_000
_DARK = 0.7  # of the paper's brightness

Grid = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class _Word:
    """A character, or a word of Latin ones, with its corners in pixels from the top left."""

    text: str
    corners: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class _Row:
    """A line of text as it was found, and how sure its reading is, from 0 to 1."""

    words: tuple[_Word, ...]
    corners: NDArray[np.float64]
    score: float

    @property
    def letters(self) -> int:
        return sum(len(each.text) for each in self.words)

    @property
    def angle(self) -> float:
        """Radians by which it slopes down."""
        across, down = self.corners[1] - self.corners[0]
        return math.atan2(down, across)

    @property
    def width(self) -> float:
        return float(np.hypot(*(self.corners[1] - self.corners[0])))

    @property
    def height(self) -> float:
        return float(np.hypot(*(self.corners[3] - self.corners[0])))


class Recogniser:
    """Recognises the text of at most so many pages, on one core."""

    def __init__(self, pages: int) -> None:
        import cv2
        from rapidocr import RapidOCR

        cv2.setNumThreads(1)
        engine = "EngineConfig.onnxruntime"
        threads = {f"{engine}.intra_op_num_threads": 1, f"{engine}.inter_op_num_threads": 1}
        self._engine: Any = RapidOCR(params={"Global.log_level": "critical", **threads})
        self._left = pages

    def __call__(self, image: Image.Image, number: int) -> Sheet | None:
        """Return what stands on a page, with its tables; None when it may read no more pages."""
        if not self._left:
            return None
        self._left -= 1
        upright, rows = self._upright(image.convert("RGB"))
        slope = _slope(rows, upright.width)
        if abs(slope) > _LEVEL:
            rows = [_levelled(row, slope, upright.size) for row in rows]
            upright = upright.rotate(math.degrees(slope), fillcolor="white")
        scale = PAGE_LENGTH / max(upright.size)
        height = upright.height * scale
        glyphs = [glyph for row in _even(rows) for glyph in _glyphs(row, scale, height)]
        return Sheet(
            number=number,
            width=upright.width * scale,
            height=height,
            items=lay_out(glyphs, list(_rulings(upright, scale))),
        )

    def _upright(self, image: Image.Image) -> tuple[Image.Image, list[_Row]]:
        """Return the page and its text, turned so that it is read with the most certainty."""
        best: tuple[float, Image.Image, list[_Row]] = (-1.0, image, [])
        for turn in _TURNS:
            turned = image.rotate(turn, expand=True) if turn else image
            rows = self._rows(turned)
            lying = [row for row in rows if row.width > row.height or row.letters == 1]
            read = sum(row.score * row.letters for row in lying)
            if read > best[0]:
                best = (read, turned, rows)
            if read >= _SURE * sum(row.letters for row in rows):
                break
        return best[1], best[2]

    def _rows(self, image: Image.Image) -> list[_Row]:
        pixels = np.asarray(image)[:, :, ::-1]
        found = self._engine(pixels, use_cls=False, return_word_box=True)
        if found.boxes is None:
            return []
        read = zip(found.boxes, found.scores, found.word_results, strict=True)
        return [
            _Row(
                words=tuple(_Word(text=text, corners=np.array(box)) for text, _, box in words),
                corners=np.asarray(corners, dtype=float),
                score=float(score),
            )
            for corners, score, words in read
            if words
        ]


# ── From boxes to glyphs ─────────────────────────────────────────────────────────────


def _slope(rows: Sequence[_Row], width: int) -> float:
    """Return by how many radians the lines of a page slope down."""
    return median([row.angle for row in rows if row.width > width * _WIDE] or [0.0])


def _levelled(row: _Row, slope: float, size: tuple[int, int]) -> _Row:
    """Turn a line as its page is turned: around the middle, against the slope."""
    middle = np.array(size) / 2
    turn = np.array([[math.cos(slope), -math.sin(slope)], [math.sin(slope), math.cos(slope)]])

    def turned(corners: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray((corners - middle) @ turn + middle)

    words = tuple(replace(each, corners=turned(each.corners)) for each in row.words)
    return replace(row, words=words, corners=turned(row.corners))


def _even(rows: Sequence[_Row]) -> Iterator[_Row]:
    """Give lines of nearly the usual height that height: the boxes found vary a little."""
    usual = median([row.height for row in rows] or [0.0])
    for row in rows:
        if abs(row.height - usual) <= usual * _ALIKE:
            middle = row.corners[:, 1].mean()
            top, bottom = middle - usual / 2, middle + usual / 2
            left, right = row.corners[:, 0].min(), row.corners[:, 0].max()
            box = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
            yield replace(row, corners=box)
        else:
            yield row


def _glyphs(row: _Row, scale: float, height: float) -> Iterator[Glyph]:
    """Yield a line's characters; inside a line each begins where the one before it ends."""
    middle = height - row.corners[:, 1].mean() * scale
    half = row.height * scale * _BOX / 2
    cells = [cell for word in row.words for cell in _characters(word)]
    ends = [(one[2] + other[1]) / 2 for one, other in pairwise(cells)]
    starts = [cells[0][1], *ends]
    for (text, _, _), start, end in zip(cells, starts, [*ends, cells[-1][2]], strict=True):
        yield Glyph(text=text, x0=start * scale, x1=end * scale, y0=middle - half, y1=middle + half)


def _characters(word: _Word) -> Iterator[tuple[str, float, float]]:
    """Yield each character of a word with its left and right edge."""
    left, right = word.corners[:, 0].min(), word.corners[:, 0].max()
    step = (right - left) / len(word.text)
    for index, text in enumerate(word.text):
        yield text, float(left + index * step), float(left + (index + 1) * step)


# ── Rulings ──────────────────────────────────────────────────────────────────────────


def _rulings(image: Image.Image, scale: float) -> Iterator[Ruling]:
    """Find the straight lines of tables on a level page."""
    grey = np.asarray(image.convert("L"))
    dark = grey < np.median(grey) * _DARK
    least = max(image.size) // _SHORTEST
    for vertical, drawn in ((False, dark), (True, dark.T)):
        for at, start, end in _strokes(drawn, least):
            yield Ruling(
                vertical=vertical,
                at=at * scale if vertical else (image.height - at) * scale,
                start=start * scale if not vertical else (image.height - end) * scale,
                end=end * scale if not vertical else (image.height - start) * scale,
            )


def _strokes(dark: Grid, least: int) -> Iterator[tuple[float, int, int]]:
    """Yield the thin strokes along rows that are at least so long: middle, start and end."""
    thick = dark.copy()
    thick[1:] |= dark[:-1]  # a line that is not quite level goes on in the next row
    edges = np.diff(np.pad(thick, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    begun, ended = np.argwhere(edges == 1), np.argwhere(edges == -1)
    long = ended[:, 1] - begun[:, 1] >= least
    runs = np.column_stack((begun[long], ended[long, 1])).tolist()
    if len(runs) > _MOST_RUNS:
        return
    for top, bottom, start, end in _together(runs):
        if bottom - top < _THICKEST:
            yield (top + bottom) / 2, start, end


def _together(runs: Iterable[tuple[int, int, int]]) -> list[tuple[int, int, int, int]]:
    """Put runs of neighbouring rows that lie over each other together."""
    done: list[tuple[int, int, int, int]] = []
    growing: list[tuple[int, int, int, int]] = []
    for row, start, end in runs:
        done += [each for each in growing if each[1] < row - 1]
        growing = [each for each in growing if each[1] >= row - 1]
        for index, (top, _, left, right) in enumerate(growing):
            if start < right and left < end:
                growing[index] = (top, row, min(left, start), max(right, end))
                break
        else:
            growing.append((row, row, start, end))
    return done + growing
