"""Marks of state secrets 国家秘密标志: what bears one must not be in this mailbox at all."""

from __future__ import annotations

import re
from collections.abc import Iterator

from parsers.lines import plain, quote_of, visible
from parsers.submission import Content, Fact

# 密级★保密期限, as 国家秘密定密管理暂行规定 has it written; 商业秘密★ is no state secret.
_MARK = re.compile(r"(?<!商业)(?:绝\s*密|机\s*密|秘\s*密)\s*★")


def secrecy_in(text: str) -> str:
    """Return the words around the first mark in a text, or nothing."""
    found = _MARK.search(plain(visible(text)))
    return quote_of(visible(text), found.start(), length=20) if found else ""


def secrecy_mark(content: Content) -> Fact | None:
    """Return the first mark in a file, with its page and the words around it."""
    for page in content.pages:
        for block in page.blocks:
            for line in _lines(block):
                quote = secrecy_in(line)
                if quote:
                    return Fact(value=quote, page=page.number, quote=quote)
    return None


def _lines(block: str | tuple[tuple[str, ...], ...]) -> Iterator[str]:
    if isinstance(block, str):
        yield block
    else:
        yield from (cell for row in block for cell in row)
