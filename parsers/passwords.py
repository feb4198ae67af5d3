"""Passwords that stand in the text of a mail: tried on its locked archives, kept nowhere."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

MOST_CANDIDATES = 8
_TOLD = re.compile(
    r"(?:密\s*[码碼]|解\s*压\s*[码碼]|口\s*令|\bpass(?:word|wd|code)|\bpwd)"
    r"(?:\([^()]{1,12}\)\s*(?=[:=为為是]))?"  # 密码（8位）：
    r"(?P<says>(?:\s|为|為|是|均|都|统一|[:=→]|\bis\b|(?:如|见)下\s*[:\n])*)"
    r"[\"'“‘「『【\[(<《]?\s*"
    r"(?P<word>[!-~\u4e00-\u9fff]{1,64})",
    re.IGNORECASE,
)
_AFTER_IT = re.compile(r"[,;()\[\]{}<>\"']")
_ASCII = re.compile(r"[!-~]*")
_CHINESE = re.compile(r"[\u4e00-\u9fff]{1,20}")
_MIXED = re.compile(r"[\w@#$%&*+-]+")


def find_passwords(texts: Iterable[str]) -> tuple[str, ...]:
    """Return what texts call a password (`密码：1234`, `密码为 abc`), a few at most, best first.

    Punctuation that touches it may belong to it or not: both readings are given.
    """
    found = (word for text in texts for word in _candidates(unicodedata.normalize("NFKC", text)))
    return tuple(dict.fromkeys(found))[:MOST_CANDIDATES]


def as_bytes(passwords: Iterable[str]) -> list[bytes]:
    """Return passwords as old archivers take them: in UTF-8, and as Windows in China has them."""
    spelt = (word.encode(codec) for word in passwords for codec in ("utf-8", "gb18030"))
    return list(dict.fromkeys(spelt))


def _candidates(text: str) -> Iterator[str]:
    for match in _TOLD.finditer(text):
        yield from filter(None, _readings(match["word"], told=bool(match["says"].strip())))


def _readings(word: str, *, told: bool) -> Iterator[str]:
    """Read what follows the label: ASCII up to the next Chinese character, or both together.

    Chinese alone counts only where the text says that it is one (密码另行告知).
    """
    plain = _ASCII.match(word)
    ascii_part = plain[0] if plain else ""
    if ascii_part:
        yield ascii_part.rstrip(".,;:!?()[]{}<>\"'")
        yield _AFTER_IT.split(ascii_part)[0]
        yield ascii_part
    if ascii_part == word or not (told or ascii_part):
        return
    mixed = _MIXED.match(word)
    if mixed and not mixed[0].isascii():
        yield mixed[0]
    if chinese := _CHINESE.match(word):
        yield chinese[0]
