"""Marks of state secrets 国家秘密标志: what bears one must not be in this mailbox at all."""

from __future__ import annotations

import re
from collections.abc import Iterator

from parsers.lines import plain, quote_of, visible
from parsers.submission import Content, Fact

# 密级★保密期限, as 国家秘密定密管理暂行规定 has it written, and little else: a choice of
# levels to tick and 商业秘密★ are none.
_MARK = re.compile(r"(?<!\w)(?:绝\s*密|机\s*密|秘\s*密)\s*★(?!\s*[□☐、或/])")
_LEVEL = re.compile(r"(?:绝\s*密|机\s*密|秘\s*密)\s*★")
_OTHER_SECRETS = re.compile(r"(?:商\s*业|技\s*术|企\s*业|内\s*部)\s*$")


def secrecy_in(text: str) -> str:
    """Return the words around the first mark in a text, or nothing."""
    words = plain(visible(text))
    found = _MARK.search(words)
    if (
        found is None
        or _OTHER_SECRETS.search(words[: found.start()])
        or len(_LEVEL.findall(words)) > 1
    ):
        return ""
    return quote_of(visible(text), found.start(), length=20)


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
