"""Lines and tables under their captions 标题."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from config.call import Call
from parsers.labels import is_blank, keys_of, label_key, labels_of
from parsers.lines import Grid, Item, Line, numbering, plain_words
from parsers.names import is_organisation

CAPTION_LENGTH = 45
_IN_BRACKETS = re.compile(r"\([^()]*\)")


@dataclass(frozen=True, kw_only=True)
class Section:
    """A line or table with the caption 标题 it stands under."""

    item: Item
    caption: str


def sections_of(items: Sequence[Item], call: Call) -> list[Section]:
    """Return lines and tables with their captions; a table with captions inside is split there."""
    sections: list[Section] = []
    caption = ""
    for item in items:
        if isinstance(item, Line):
            caption = _caption_after(caption, item.squeezed, call)
            sections.append(Section(item=item, caption=caption))
            continue
        rows: list[tuple[Line, ...]] = []
        for at, row in enumerate(item.rows):
            inner = _caption_in_row(row, call) or _caption_across(item.rows, at, call)
            if inner:
                if rows:
                    sections.append(_table_section(rows, caption, item.page))
                rows, caption = [], inner
            else:
                rows.append(row)
        if rows:
            sections.append(_table_section(rows, caption, item.page))
    return sections


def _caption_across(rows: Sequence[tuple[Line, ...]], at: int, call: Call) -> str:
    """Return the caption that a row of one cell is, where it stands over and under wider rows."""
    row, below = rows[at], rows[at + 1] if at + 1 < len(rows) else ()
    text = row[0].squeezed if len(row) == 1 else ""
    beside = at and len(rows[at - 1]) == 1
    if not text or beside or len(below) < 2 or len(text) > CAPTION_LENGTH:  # noqa: PLR2004 - wider
        return ""
    sentence = re.search("[。;:]", text)
    return "" if sentence or labels_of(call, ()).is_label(text) or is_organisation(text) else text


def _table_section(rows: list[tuple[Line, ...]], caption: str, page: int | None) -> Section:
    page = next((cell.page for row in rows for cell in row), page)
    return Section(item=Grid(rows=tuple(rows), page=page), caption=caption)


def _caption_after(caption: str, line: str, call: Call) -> str:
    """Return the caption that holds behind a line; a label with its colon is none."""
    if line.endswith(":") and lists_members(line[:-1], call):
        return line[:-1]
    if len(line) > CAPTION_LENGTH or re.search("[。;:]", line) or is_blank(line):
        return caption
    if caption and line.startswith("(") and line.endswith(")"):
        return caption + line if len(caption) + len(line) <= CAPTION_LENGTH else caption
    return line


def _caption_in_row(row: tuple[Line, ...], call: Call) -> str:
    """Return the caption that a row of one merged cell is, or an empty string."""
    filled = [cell.squeezed for cell in row if cell.squeezed]
    if len(filled) != 1 or len(filled[0]) > CAPTION_LENGTH or re.search("[。;:]", filled[0]):
        return ""
    text = filled[0]
    if lists_members(text, call):
        return text
    if names_kind_only(text, call):
        return ""
    level, words = numbering(text)
    return (
        text if level and not words.endswith(")") and not labels_of(call, ()).is_label(text) else ""
    )


def names_kind_only(text: str, call: Call) -> bool:
    """Whether a short line does nothing but name a kind of member: `（一）企业`."""
    words = [word for each in call.members.kinds for word in each.words]
    return len(text) <= CAPTION_LENGTH // 2 and any(word in text for word in words)


def lists_members(caption: str, call: Call) -> bool:
    """Whether what stands under a caption is a list of members."""
    members = call.members
    if label_key(caption) in keys_of(members.list_titles):
        return True
    bare = _IN_BRACKETS.sub("", caption)
    if any(word in bare for word in plain_words(members.list_unless)):
        return False
    if any(word in bare for word in plain_words(members.list_headings)):
        return True
    at = min((bare.find(each) for each in members.list_subjects if each in bare), default=-1)
    return at >= 0 and any(word in bare[at:] for word in members.list_words)
