"""Passwords that stand in the text of a mail: tried on its locked archives, kept nowhere."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

MOST_CANDIDATES = 6
_TOLD = re.compile(
    r"(?:密\s*码|口\s*令|\bpass(?:word|wd|code)|\bpwd)"
    r"(?P<says>(?:\s|为|是|均|都|统一|[:=]|\bis\b)*)"
    r"[\"'“‘「『【\[(<《]?\s*"
    r"(?P<word>[!-~]{1,64}|[\u4e00-\u9fff]{1,20})",
    re.IGNORECASE,
)
_AFTER_IT = re.compile(r"[,;)\]}>\"'<]")


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
        word = match["word"]
        if not word.isascii():
            if match["says"].strip():
                yield word
            continue
        for reading in (word.rstrip(".,;:!?)]}>\"'"), _AFTER_IT.split(word)[0], word):
            if reading:
                yield reading
