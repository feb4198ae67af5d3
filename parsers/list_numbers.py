"""Automatic list numbers 自动编号: what Word prints before a paragraph but keeps out of its text.

Formats are named as in ISO/IEC 29500-1, 17.18.59; the other word processors' are a part of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from parsers.flow import SYMBOLS

MAX_NUMBER = 9999
"""Larger ones are written in Arabic digits, whatever the list says."""

_HAN = "〇一二三四五六七八九"
_UNITS = ("", "十", "百", "千")
_LEGAL = str.maketrans("〇一二三四五六七八九十百千", "零壹贰叁肆伍陆柒捌玖拾佰仟")
_LEGAL_TRADITIONAL = str.maketrans("〇一二三四五六七八九十百千", "零壹貳參肆伍陸柒捌玖拾佰仟")
_STEMS, _BRANCHES = "甲乙丙丁戊己庚辛壬癸", "子丑寅卯辰巳午未申酉戌亥"
_WIDE = {ord("0") + digit: ord("\uff10") + digit for digit in range(10)}
_ROMAN = (
    (1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"),
    (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"),
)  # fmt: skip
_LETTERS = 26
_BULLET = "bullet"
_SILENT = frozenset({_BULLET, "none"})
_HOLLOW = "o"  # a bullet in a font of typewriters
_TICKS = re.compile("[□☑☒√]")
_PLACE = re.compile("[\x00-\x08]")


@dataclass(frozen=True, kw_only=True)
class Level:
    """One level of a list.

    In `text` the characters U+0000 to U+0008 stand for the numbers of the nine levels.
    `restart` is how many outer levels begin it anew: 0 none, None all of them. `legal`
    writes all numbers in Arabic digits. `gap` stands between number and text.
    """

    form: str = "decimal"
    text: str = ""
    start: int = 1
    restart: int | None = None
    legal: bool = False
    gap: str = " "


class Counters:
    """Counts the paragraphs of each list, in the order of the text."""

    def __init__(self) -> None:
        self._counts: dict[Hashable, dict[int, int]] = {}
        self._begun: set[Hashable] = set()

    def next(
        self,
        counted: Hashable,
        levels: Sequence[Level],
        depth: int,
        *,
        user: Hashable = None,
        starts: Mapping[int, int] | None = None,
    ) -> str:
        """Return the number of the next paragraph at a level, and the gap behind it.

        `counted` is the list that counts. Of those that use it, `user` is this one, which
        begins at one of the `starts` of its levels when it is first used.
        """
        if depth >= len(levels):
            return ""
        counts = self._counts.setdefault(counted, {})
        for outer in range(depth):
            counts.setdefault(outer, levels[outer].start)
        begins = None if user in self._begun else (starts or {}).get(depth)
        self._begun.add(user)
        if begins is None:
            begins = counts.get(depth, levels[depth].start - 1) + 1
        counts[depth] = begins
        for deeper in [each for each in counts if each > depth]:
            restart = levels[deeper].restart if deeper < len(levels) else None
            if restart is None or depth < restart:
                del counts[deeper]
        return _shown(levels, depth, counts)


def _shown(levels: Sequence[Level], depth: int, counts: Mapping[int, int]) -> str:
    level = levels[depth]
    if level.form == _BULLET:
        ticks = "".join(_TICKS.findall(level.text.translate(SYMBOLS)))
        return ticks + level.gap if ticks else ""

    def number_at(place: re.Match[str]) -> str:
        at = ord(place[0])
        if at >= len(levels):
            return ""
        form = "decimal" if level.legal and levels[at].form not in _SILENT else levels[at].form
        return written(counts.get(at, levels[at].start), form)

    text = _PLACE.sub(number_at, level.text)
    return text + level.gap if text.strip() else ""


def without_bullets(printed: str) -> str:
    """Return what stands before a paragraph, with boxes to tick but without other bullets."""
    text = printed.translate(SYMBOLS)
    if _TICKS.search(text) or (any(map(str.isalnum, text)) and text.strip() != _HOLLOW):
        return text.strip() + text[len(text.rstrip()) :][:1].replace("\t", " ")
    return ""


def written(number: int, form: str) -> str:
    """Return a number in a format; in Arabic digits where the format is unknown or ends before."""
    if form in _SILENT:
        return ""
    write = _FORMS.get(form)
    return (write(number) if write and 0 < number <= MAX_NUMBER else "") or str(number)


def _han(number: int) -> str:
    """Return a number as it is counted in Chinese: 十一, 一百零五."""
    digits = f"{number}"
    pieces = [
        _HAN[int(digit)] + _UNITS[len(digits) - at - 1] if digit != "0" else "零"
        for at, digit in enumerate(digits)
    ]
    text = re.sub("零+", "零", "".join(pieces)).rstrip("零")
    return text.removeprefix("一") if text.startswith("一十") else text


def _digits(number: int) -> str:
    return "".join(_HAN[int(digit)] for digit in str(number))


def _han_below_hundred(number: int) -> str:
    return _han(number) if number < 100 else _digits(number)  # noqa: PLR2004 (Word's own limit)


def _japanese(number: int) -> str:
    return re.sub("一(?=[十百千])", "", _han(number).replace("零", ""))


def _legal(letters: Mapping[int, int]) -> Callable[[int], str]:
    def write(number: int) -> str:
        text = _han(number)
        return ("一" + text if text.startswith("十") else text).translate(letters)

    return write


def _signs(*first_and_count: tuple[int, int]) -> Callable[[int], str]:
    """Return a format that has one sign for each number, as far as they go."""
    signs = "".join(chr(first + at) for first, count in first_and_count for at in range(count))
    return lambda number: signs[number - 1 : number]


def _cycle(signs: str) -> Callable[[int], str]:
    return lambda number: signs[(number - 1) % len(signs)]


def _roman(number: int) -> str:
    text = ""
    for value, letters in _ROMAN:
        text += letters * (number // value)
        number %= value
    return text


def _letters(number: int) -> str:
    times, at = divmod(number - 1, _LETTERS)
    return chr(ord("A") + at) * (times + 1)


def _ordinal(number: int) -> str:
    ends = {1: "st", 2: "nd", 3: "rd"}
    return f"{number}{'th' if number // 10 % 10 == 1 else ends.get(number % 10, 'th')}"


_CIRCLES = _signs((0x2460, 20), (0x3251, 15), (0x32B1, 15))
_FORMS: Final[Mapping[str, Callable[[int], str]]] = {
    "chineseCounting": _han_below_hundred,
    "chineseCountingThousand": _han,
    "chineseLegalSimplified": _legal(_LEGAL),
    "taiwaneseCounting": _han_below_hundred,
    "taiwaneseCountingThousand": _han,
    "taiwaneseDigital": _digits,
    "japaneseCounting": _japanese,
    "japaneseDigitalTenThousand": _digits,
    "ideographDigital": _digits,
    "ideographLegalTraditional": _legal(_LEGAL_TRADITIONAL),
    "ideographTraditional": _cycle(_STEMS),
    "ideographZodiac": _cycle(_BRANCHES),
    "ideographZodiacTraditional": lambda number: _cycle(_STEMS)(number) + _cycle(_BRANCHES)(number),
    "ideographEnclosedCircle": _signs((0x3220, 10)),
    "decimalEnclosedCircle": _CIRCLES,
    "decimalEnclosedCircleChinese": _CIRCLES,
    "decimalEnclosedParen": _signs((0x2474, 20)),
    "decimalEnclosedFullstop": _signs((0x2488, 20)),
    "decimalFullWidth": lambda number: str(number).translate(_WIDE),
    "decimalFullWidth2": lambda number: str(number).translate(_WIDE),
    "decimalZero": lambda number: f"{number:02d}",
    "numberInDash": lambda number: f"- {number} -",
    "ordinal": _ordinal,
    "upperRoman": _roman,
    "lowerRoman": lambda number: _roman(number).lower(),
    "upperLetter": _letters,
    "lowerLetter": lambda number: _letters(number).lower(),
}
