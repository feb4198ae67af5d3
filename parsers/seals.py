"""Red seals 印章 on the picture of a page: how many can be seen, as evidence for a person.

Rings of red are looked for on a coarse grid: round and oval, of the sizes that seals have.
Red letters, rules and letterheads 红头 make no ring. Lengths are millimetres on paper.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

A4_LENGTH: Final = 297.0

LONGEST_SIDE: Final = 900
"""Pixels of the longer side that a page is looked at with: a millimetre is three on A4."""

_CELL = 3
_COLOURED = 24  # how far a pixel's strongest colour is above its weakest, if it is no grey
_REDNESS = 32
_SATURATION = 0.25
_COLOURLESS = 0.0005  # a page of which less is coloured may be a grey copy,
_TINGED = 1.5  # unless the whole of it has a tinge, as paper has in colour
_INKED = 0.08  # the share of red pixels in a red cell
_SMALLEST, _LARGEST = 22.0, 66.0
_FLATTEST = 0.55
_SOLID = 0.75
_BINS = 48
_ROUND = 0.7
_INNER, _OUTER = 0.78, 1.12
_BLANK = 0.87  # of a seal's radius: between its ring and its letters
_RADII = np.arange(14.0, 31.0)

Grid = NDArray[np.bool_]
Cells = NDArray[np.int64]


def count_seals(image: Image.Image, length: float = A4_LENGTH) -> int | None:
    """Return how many red seals can be seen on a page whose longer side has that `length`.

    Of seals that overlap each other so much that no ring of one is left, only one is
    counted. None for a page without any colour: it may be a grey copy of a sealed one.
    """
    small = image.convert("RGB")
    small.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.BOX)
    red, green, blue = (np.asarray(band, dtype=np.int16) for band in small.split())
    lesser = np.maximum(green, blue)
    spread = np.maximum(red, lesser) - np.minimum(red, np.minimum(green, blue))
    if np.mean(spread > _COLOURED) < _COLOURLESS and np.mean(spread) < _TINGED:
        return None
    scale = max(small.size) / length / _CELL  # cells in a millimetre
    inked = (red - lesser > _REDNESS) & (red - lesser > red * _SATURATION)
    return sum(_seals_in(part, scale) for part in _parts(_cells(inked)))


def _cells(inked: Grid) -> Grid:
    rows, columns = (size // _CELL for size in inked.shape)
    cells = inked[: rows * _CELL, : columns * _CELL].reshape(rows, _CELL, columns, _CELL)
    return np.asarray(cells.mean(axis=(1, 3)) > _INKED)


def _parts(red: Grid) -> Iterator[Cells]:
    """Yield the cells of each red figure, as (row, column); gaps of one cell part nothing."""
    left = set(zip(*(each.tolist() for each in np.nonzero(red)), strict=True))
    around = [step for step in product(range(-2, 3), repeat=2) if step != (0, 0)]
    while left:
        waiting = [left.pop()]
        part = []
        while waiting:
            row, column = waiting.pop()
            part.append((row, column))
            near = {(row + down, column + right) for down, right in around} & left
            left -= near
            waiting.extend(near)
        yield np.array(part)


def _seals_in(part: Cells, scale: float) -> int:
    """Return how many seals a red figure is: one ring, or several that touch each other."""
    low, high = _SMALLEST * scale, _LARGEST * scale
    sides = np.ptp(part, axis=0) + 1
    if sides.min() < low * _FLATTEST or sides.max() < low or len(part) > _SOLID * sides.prod():
        return 0
    if _is_ring(part, low, high):
        return 1
    return _touching_rings(part, scale)


def _is_ring(part: Cells, low: float, high: float) -> bool:
    """Whether cells stand along an ellipse of that size, with room inside."""
    centred = part - part.mean(axis=0)
    _, axes = np.linalg.eigh(np.cov(centred.T))
    along = centred @ axes
    least, most = along.min(axis=0), along.max(axis=0)
    half = (most - least + 1) / 2
    if not low <= 2 * half.max() <= high or half.min() < _FLATTEST * half.max():
        return False
    inside = len(part) / (np.pi * half[0] * half[1])
    return bool(inside < _SOLID) and _goes_round((along - (most + least) / 2) / half)


def _goes_round(unit: NDArray[np.float64]) -> bool:
    """Whether cells, in units of the ellipse's axes, stand at its edge on most sides."""
    distance = np.hypot(unit[:, 0], unit[:, 1])
    edge = unit[(distance > _INNER) & (distance < _OUTER)]
    turn = (np.arctan2(edge[:, 1], edge[:, 0]) / (2 * np.pi) + 0.5) * _BINS
    return len(np.unique(turn.astype(int) % _BINS)) >= _ROUND * _BINS


def _touching_rings(part: Cells, scale: float) -> int:
    """Count circles in a figure, the best first, each time leaving out what belongs to it."""
    count = 0
    while len(part) and (found := _best_circle(part, scale)):
        centre, radius = found
        distance = np.hypot(*(part - centre).T)
        part = part[distance > radius * _OUTER]
        count += 1
    return count


def _best_circle(part: Cells, scale: float) -> tuple[NDArray[np.float64], float] | None:
    """Return the centre and radius of the circle that is red most, with little red beside it."""
    margin = int(_RADII[-1] * scale) + 1
    origin = part.min(axis=0) - margin
    grid = np.zeros(np.ptp(part, axis=0) + 1 + 2 * margin)
    grid[tuple((part - origin).T)] = 1.0
    spectrum = np.fft.rfft2(grid)
    rows, columns = np.indices(grid.shape)
    away = np.hypot(
        np.minimum(rows, grid.shape[0] - rows), np.minimum(columns, grid.shape[1] - columns)
    )

    def shares(radius: float) -> NDArray[np.float64]:
        ring = np.abs(away - radius) < 1.0
        whole = np.fft.irfft2(spectrum * np.fft.rfft2(ring.astype(float)), s=grid.shape)
        return np.asarray(whole / ring.sum())

    best, centre, size = _ROUND, None, 0.0
    for radius in _RADII * scale:
        found = shares(radius)
        found[shares(radius * _BLANK) > found * _SOLID] = 0.0
        place = np.unravel_index(np.argmax(found), grid.shape)
        if found[place] > best:
            best, centre, size = found[place], np.array(place), radius
    return None if centre is None else (origin + centre, size)
