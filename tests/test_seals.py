"""Red seals are counted where they can be seen, and nothing else is taken for one."""

from __future__ import annotations

import io
import math

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFilter

from parsers.seals import count_seals
from tests.scan_maker import MILLIMETRE, RED, SIZE, Seal, as_jpeg, font, page

TEXT = (
    "甲方：广东示例自动化科技有限公司（盖章）",
    "法定代表人（签字）：",
    "日期：2016年5月20日",
) * 4

SEALS = st.builds(
    Seal,
    x=st.floats(30, 180),
    y=st.floats(30, 267),
    width=st.floats(36, 48),
    flat=st.sampled_from([1.0, 1.0, 0.75, 0.65]),
    turn=st.floats(0, 360),
    colour=st.sampled_from([RED, (200, 45, 60), (230, 70, 70), (170, 20, 30)]),
    ink=st.integers(170, 255),
)


def apart(seals: list[Seal]) -> bool:
    return all(
        math.hypot(one.x - other.x, one.y - other.y) > (one.width + other.width) / 2 + 3
        for at, one in enumerate(seals)
        for other in seals[:at]
    )


@settings(max_examples=40, deadline=None)
@given(
    seals=st.lists(SEALS, min_size=1, max_size=5),
    quality=st.integers(40, 95),
    blur=st.floats(0, 1.5),
    size=st.floats(0.7, 1.5),
)
def test_seals_that_do_not_touch_are_all_counted(
    seals: list[Seal], quality: int, blur: float, size: float
) -> None:
    assume(apart(seals))
    scanned = page(TEXT, seals).resize((round(SIZE[0] * size), round(SIZE[1] * size)))
    scanned = scanned.filter(ImageFilter.GaussianBlur(blur))
    assert count_seals(Image.open(io.BytesIO(as_jpeg(scanned, quality)))) == len(seals)


@pytest.mark.parametrize("share", [0.8, 0.9, 1.0])
def test_seals_that_overlap_are_told_apart_while_their_rings_can_be_seen(share: float) -> None:
    seals = [Seal(x=80, y=100), Seal(x=80 + 42 * share, y=104)]
    assert count_seals(page(TEXT, seals)) == 2


def test_a_date_written_in_red_across_a_seal_is_no_second_one() -> None:
    sealed = page(TEXT, [Seal(x=100, y=150)])
    pen = ImageDraw.Draw(sealed)
    pen.text((460, 780), "2016年5月20日", font=font(40), fill=RED)
    assert count_seals(sealed) == 1


def test_a_grey_page_cannot_tell() -> None:
    assert count_seals(page(TEXT, [Seal(x=100, y=150)]).convert("L")) is None
    assert count_seals(Image.effect_noise(SIZE, 60)) is None


def letterhead(pen: ImageDraw.ImageDraw) -> None:
    place = (SIZE[0] // 2, 200)
    pen.text(place, "广东省示例科技局文件", font=font(96), fill=RED, anchor="mm")
    pen.line((100, 330, SIZE[0] - 100, 330), fill=RED, width=6)


def large_characters(pen: ImageDraw.ImageDraw) -> None:
    pen.text((SIZE[0] // 2, 300), "文件", font=font(220), fill=RED, anchor="mm")


def ruled_in_red(pen: ImageDraw.ImageDraw) -> None:
    for row in range(16):
        pen.line((100, 100 + 70 * row, 900, 100 + 70 * row), fill=RED, width=4)
        pen.line((100 + 50 * row, 100, 100 + 50 * row, 1150), fill=RED, width=4)


def disc(pen: ImageDraw.ImageDraw) -> None:
    pen.ellipse((300, 300, 300 + 40 * MILLIMETRE, 300 + 40 * MILLIMETRE), fill=RED)


def red_paper(pen: ImageDraw.ImageDraw) -> None:
    pen.rectangle((0, 0, *SIZE), fill=RED)


@pytest.mark.parametrize("draw", [letterhead, large_characters, ruled_in_red, disc, red_paper])
def test_other_red_is_no_seal(draw: object) -> None:
    drawn = page(TEXT)
    assert callable(draw)
    draw(ImageDraw.Draw(drawn))
    assert count_seals(Image.open(io.BytesIO(as_jpeg(drawn)))) == 0
