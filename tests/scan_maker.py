"""Pictures of pages, drawn: text, red seals, and how a scanner or a telephone renders them."""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont
from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

MILLIMETRE = 5
SIZE = (210 * MILLIMETRE, 297 * MILLIMETRE)
RED = (214, 32, 40)


@cache
def font(size: int) -> ImageFont.FreeTypeFont:
    """A Chinese font, which `make debian` installs."""
    found = Path("/usr/share/fonts").rglob("NotoSerifCJK-Bold.ttc")
    return ImageFont.truetype(str(next(found)), size)


@dataclass(frozen=True, kw_only=True)
class Seal:
    """A seal: its middle and width in millimetres, height as a share of it, turned by degrees."""

    x: float
    y: float
    width: float = 42.0
    flat: float = 1.0
    turn: float = 0.0
    colour: tuple[int, int, int] = RED
    ink: int = 220


def page(
    lines: Sequence[str] = (),
    seals: Iterable[Seal] = (),
    paper: tuple[int, int, int] = (252, 250, 246),
) -> Image.Image:
    """Draw a page with lines of text, and seals over them."""
    picture = Image.new("RGB", SIZE, paper)
    pen = ImageDraw.Draw(picture)
    for number, line in enumerate(lines):
        place = (25 * MILLIMETRE, (25 + 12 * number) * MILLIMETRE)
        pen.text(place, line, font=font(5 * MILLIMETRE), fill=(30, 30, 34))
    for each in seals:
        stamp = _stamp(each)
        corner = (
            round(each.x * MILLIMETRE - stamp.width / 2),
            round(each.y * MILLIMETRE - stamp.height / 2),
        )
        picture.paste(stamp, corner, stamp)
    return picture


def _stamp(seal: Seal) -> Image.Image:
    width, height = seal.width * MILLIMETRE, seal.width * seal.flat * MILLIMETRE
    colour = (*seal.colour, seal.ink)
    stamp = Image.new("RGBA", (math.ceil(width) + 4, math.ceil(height) + 4))
    pen = ImageDraw.Draw(stamp)
    pen.ellipse((2, 2, width + 1, height + 1), outline=colour, width=round(width / 28))
    middle = (width / 2 + 2, height / 2 + 2)
    for number, letter in enumerate(name := "示例产业技术创新联盟"):
        angle = math.radians(150 + 240 * number / (len(name) - 1))
        place = (
            middle[0] + width * 0.36 * math.cos(angle),
            middle[1] + height * 0.36 * math.sin(angle),
        )
        pen.text(place, letter, font=font(round(height / 8)), fill=colour, anchor="mm")
    points = [
        (
            middle[0] + height * (0.06 if tip % 2 else 0.15) * math.sin(math.pi * tip / 5),
            middle[1] - height * (0.06 if tip % 2 else 0.15) * math.cos(math.pi * tip / 5),
        )
        for tip in range(10)
    ]
    pen.polygon(points, fill=colour)
    return stamp.rotate(seal.turn, expand=True, resample=Image.Resampling.BICUBIC)


def as_jpeg(picture: Image.Image, quality: int = 75) -> bytes:
    """The picture as a camera stores it."""
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality)
    return out.getvalue()


def as_pdf(*pictures: Image.Image) -> bytes:
    """The pictures as a scanner stores them, a page each."""
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4, invariant=1)
    for each in pictures:
        canvas.drawImage(ImageReader(io.BytesIO(as_jpeg(each))), 0, 0, *A4)
        canvas.showPage()
    canvas.save()
    return out.getvalue()
