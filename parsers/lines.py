"""The text of a document, cleaned once: lines and tables in reading order, with their pages.

`raw` is what stands in the document (for quotes and values), `text` the same, character
by character, in half-width and simplified form (for comparing), so that offsets agree.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import groupby, pairwise

from parsers.layout import begins_anew
from parsers.submission import Block, Content, Page

_WRAPPED_FROM = 28  # a printed line of A4 holds at least so many Chinese characters
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff]")
_IN_BRACKETS = re.compile(r"\s*\(.*\)", re.DOTALL)
_LABEL_AHEAD = re.compile(r"\s*[^,。;:]{1,16}:")
_LONE_ROW_TABS = 2
_MOST_CELLS = 256  # in a row; no form has as many columns
_NUMBER_ALONE = re.compile(r"\S{0,6}[.、)]\s*|第\S{1,4}[章条节]\s*")
_TERMINAL = "。;!?:…"
_NUMERALS = "一二三四五六七八九十百零〇壹贰叁肆伍陆柒捌玖拾"
_SPACED_OUT = re.compile(r"(?<![一-鿿])[一-鿿](?:[ \u3000]{1,4}[一-鿿])+(?![一-鿿])")
_BETWEEN_HAN = re.compile(r"(?<=[^\x00-\x7f])\s+(?=[^\x00-\x7f])")


class _Narrow(dict[int, int]):
    """Maps a character to its NFKC form where that is a single character, else to itself."""

    def __missing__(self, code: int) -> int:
        form = unicodedata.normalize("NFKC", chr(code))
        self[code] = ord(form) if len(form) == 1 else code
        return self[code]


_narrow = _Narrow()


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One line (or one table cell, which may hold line breaks) and its page."""

    raw: str
    text: str
    page: int | None

    @property
    def squeezed(self) -> str:
        """The text without any white space."""
        return squeeze(self.text)

    def split(self) -> Iterator[Line]:
        """Yield the lines of a cell that holds something."""
        at = 0
        for part in self.text.split("\n"):
            if part.strip():
                yield Line(raw=self.raw[at : at + len(part)], text=part, page=self.page)
            at += len(part) + 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Grid:
    """One table: rows of cells."""

    rows: tuple[tuple[Line, ...], ...]
    page: int | None

    def lines(self) -> Iterator[Line]:
        """Yield the lines of all cells, row by row."""
        for row in self.rows:
            for cell in row:
                yield from cell.split()


Item = Line | Grid


@dataclass(frozen=True, kw_only=True, slots=True)
class Heading:
    """A heading 标题: its depth (1 is highest), its words, and the text behind it on its line."""

    level: int
    title: str
    rest: str
    numbered: bool


@cache
def _simplifier() -> object:
    import opencc

    return opencc.OpenCC("t2s")


def simplify(text: str) -> str:
    """Return the text in simplified characters, of the same length.

    What GB 2312 can encode holds no traditional character, which spares the converter.
    """
    try:
        text.encode("gb2312")
    except UnicodeEncodeError:
        converter = _simplifier()
        simple = str(converter.convert(text))  # type: ignore[attr-defined] # opencc has no types
        return simple if len(simple) == len(text) else text
    return text


def plain(text: str) -> str:
    """Return the text half-width and simplified, character by character."""
    return simplify(text.translate(_narrow))


@cache
def plain_words(words: tuple[str, ...]) -> tuple[str, ...]:
    """Return words of a call as `Line.squeezed` would hold them, the longest first."""
    return tuple(sorted({squeeze(plain(each)) for each in words}, key=len, reverse=True))


def visible(text: str) -> str:
    """Return the text without characters that nobody sees (zero-width, direction marks)."""
    return _UNSEEN.sub("", text)


def squeeze(text: str) -> str:
    """Return the text without white space."""
    return "".join(text.split())


def tidy(value: str) -> str:
    """Return a value as people write it: no space between Chinese characters, single ones else."""
    return " ".join(_BETWEEN_HAN.sub("", value).split())


def quote_of(raw: str, at: int = 0, length: int = 80) -> str:
    """Return the words around an offset, on one line, for a person to find the place by."""
    start = max(0, min(at - length // 3, len(raw) - length))
    return " ".join(raw[start : start + length].split())


def line_of(raw: str, page: int | None) -> Line:
    """Return one line, cleaned; words that were spaced out for looks (`联 系 人`) are closed up."""
    seen = _SPACED_OUT.sub(lambda word: squeeze(word[0]), visible(raw))
    return Line(raw=seen, text=plain(seen), page=page)


def items_of(content: Content) -> tuple[Item, ...]:
    """Return lines and tables of all pages; printed lines that were broken are joined again."""
    fixed = content.page_count is not None
    items = (item for page in content.pages for item in _items_of_page(page, fixed=fixed))
    tabbed = groupby(items, key=lambda item: isinstance(item, Line) and _is_tabbed(item.text))
    return tuple(
        item for is_table, run in tabbed for item in _in_rows(list(run), is_table=is_table)
    )


def _is_tabbed(text: str) -> bool:
    """Whether a line is a row of a table written with tabs: no number before a tab, no contents."""
    first, _, rest = text.strip().partition("\t")
    return bool(rest) and not _NUMBER_ALONE.fullmatch(first) and not is_contents_line(text)


def _in_rows(run: list[Item], *, is_table: bool) -> list[Item]:
    """Return lines written with tabs as one table; a lone line with one tab stays a line."""
    lines = [item for item in run if isinstance(item, Line)]
    if not is_table or (len(lines) == 1 and lines[0].text.strip().count("\t") < _LONE_ROW_TABS):
        return run
    rows = tuple(tuple(line.raw.split("\t")) for line in lines)
    return [_grid_of(rows, lines[0].page)]


def _items_of_page(page: Page, *, fixed: bool) -> Iterator[Item]:
    widest = max((len(each) for each in page.blocks if isinstance(each, str)), default=0)
    wrapped_from = max(_WRAPPED_FROM, widest * 0.85) if fixed else None
    pending = ""
    for block, following in pairwise((*page.blocks, None)):
        if block is None or not isinstance(block, str):
            if block is not None:
                yield _grid_of(block, page.number)
            continue
        pending += block.rstrip("\n")
        if wrapped_from is None or not _continues(block, following, wrapped_from):
            yield from (line_of(part, page.number) for part in pending.split("\n") if part.strip())
            pending = ""


def _grid_of(table: tuple[tuple[str, ...], ...], page: int | None) -> Grid:
    rows = tuple(tuple(line_of(cell, page) for cell in row[:_MOST_CELLS]) for row in table)
    return Grid(rows=rows, page=page)


def _continues(block: str, following: Block | None, wrapped_from: float) -> bool:
    """Whether the next line of a printed page goes on with this one's sentence."""
    if not isinstance(following, str) or not following.strip():
        return False
    text = plain(block).rstrip()
    if len(text) < wrapped_from or text[-1] in _TERMINAL or _IN_BRACKETS.fullmatch(text):
        return False
    after = plain(following)
    if begins_anew(text, following):
        return False
    return _NUMBER.match(after) is None and _LABEL_AHEAD.match(after) is None


_NUMBER = re.compile(
    rf"\s*(?:第\s?(?:[{_NUMERALS}]{{1,5}}|\d{{1,3}})\s?(?P<unit>[章编条节款]|部分)"
    rf"|(?P<han>[{_NUMERALS}]{{1,3}})\s?[、.,)]"
    rf"|[(〔【]\s?(?P<bracket>[{_NUMERALS}]{{1,3}}|\d{{1,2}})\s?[)〕】]"
    r"|(?P<digits>\d{1,2}(?:\.\d{1,2}){0,3})(?:\s?[、.)]|\s+|(?=[一-鿿])))\s*"
)
_TOC = re.compile(r"(?:[.…·\-_]{3,}|\t| {3,})\s*\d{1,3}\s*$|[.…·]{4,}\s*\d*\s*$")
_HEADING_CUT = re.compile(r"[:\]】〕。\s]")
_MODAL = re.compile("不|应当|必须|未经|如有|负责(?!的(?:工作|任务|事项|内容)$)|按照|根据|为了")
_TITLE_LIMIT = 30
_INLINE_LIMIT = 18


def is_contents_line(text: str) -> bool:
    """Whether a line belongs to a table of contents: leader dots or a gap, and a page number."""
    return len(text) < 200 and _TOC.search(text) is not None  # noqa: PLR2004 - no heading is longer


def numbering(text: str) -> tuple[int, str]:
    """Return the depth of a line's number (0: it has none) and the text behind it."""
    found = _NUMBER.match(text)
    if not found:
        return 0, text.strip()
    rest = text[found.end() :].strip()
    if found["unit"]:
        return (2 if found["unit"] in "条款" else 1), rest
    if found["han"]:
        return 2, rest
    if found["bracket"]:
        return (5 if found["bracket"].isdigit() else 3), rest
    return 4 + found["digits"].count("."), rest


def heading_of(text: str) -> Heading | None:
    """Return the heading that a line is, or begins with; None for a line of running text."""
    level, rest = numbering(text)
    if not rest:
        return None
    title, tail = _title_and_tail(rest, numbered=level > 0)
    if not title or _MODAL.search(title):
        return None
    return Heading(level=level or 6, title=title, rest=tail, numbered=level > 0)


def _title_and_tail(rest: str, *, numbered: bool) -> tuple[str, str]:
    if len(rest) <= _TITLE_LIMIT and not re.search("[,。;!?:]", rest):
        return squeeze(rest.strip("[]【】〔〕()")), ""
    inner = rest.lstrip("[【〔(")
    cut = _HEADING_CUT.search(inner[: _INLINE_LIMIT + 1])
    if not cut or (cut[0].isspace() and not numbered):
        return "", ""
    title, tail = inner[: cut.start()], inner[cut.end() :].strip()
    too_long = cut[0] == "。" and cut.start() > 10  # noqa: PLR2004 - then it is a sentence
    if too_long or re.search("[,;!?]", title):
        return "", ""
    return squeeze(title), tail
