"""Phrases 词组 of a call as they are looked for in text.

In them `*` stands for a few characters, `#` for a number.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

from parsers.lines import plain, squeeze

_FEW = "[^,。;!?]{0,12}?"
_NUMBER = "(?:[0-9〇零一二三四五六七八九十百两几数若干多余~—-]|左右|以上)+"
_NEGATION = re.compile(
    r"(?:不涉及|不包括|不设|不约定|未约定|未设|暂不|暂无|[尚并均也]无|没有|无需"
    r"|无(?:任何|此|相关|具体|明确|专门))[^,。;]{0,6}$|无$"  # 无人机 denies nothing
)
_BEFORE = 12  # characters in which a phrase may be denied
_NEVER = re.compile("(?!)")


@cache
def any_of(phrases: tuple[str, ...], form: Callable[[str], str] = squeeze) -> re.Pattern[str]:
    """Return what finds any of the phrases in half-width text of that form, the longest first."""
    words = sorted({form(plain(each)) for each in phrases}, key=len, reverse=True)
    sources = (re.escape(each).replace(r"\*", _FEW).replace(r"\#", _NUMBER) for each in words)
    return re.compile("|".join(sources)) if words else _NEVER


def asserted(pattern: re.Pattern[str], sentence: str) -> bool:
    """Whether a sentence holds a phrase, and not to deny it."""
    return any(
        not _NEGATION.search(sentence[max(0, found.start() - _BEFORE) : found.start()])
        for found in pattern.finditer(sentence)
    )
