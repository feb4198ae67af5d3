"""A paper before it becomes a file: chapters and tables, numbered and laid out by style."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

Kind = Literal["form", "plan", "charter", "agreement"]
Look = Literal["title", "heading", "subheading", "body", "plain", "centred", "right"]

_DIGITS = "零一二三四五六七八九"


@dataclass(frozen=True, kw_only=True)
class Style:
    """How one applicant writes.

    `numbering`: chapters 第一章/第一条, or outline 一、（一）1. `labels`: beside the value or above
    it. `spaced`: short labels are spread out, 联 系 人. `sheets`: the form has a sheet for each
    member instead of one table.
    """

    numbering: Literal["chapters", "outline"]
    labels: Literal["beside", "above"]
    spaced: bool
    sheets: bool

    def label(self, text: str) -> str:
        """Return the label as this applicant writes it; short ones spread to four characters."""
        if not self.spaced or len(text) not in {2, 3}:
            return text
        return (" " * (10 - 3 * len(text))).join(text)


STYLES = (
    Style(numbering="chapters", labels="beside", spaced=True, sheets=True),
    Style(numbering="outline", labels="beside", spaced=False, sheets=False),
    Style(numbering="chapters", labels="above", spaced=False, sheets=False),
    Style(numbering="outline", labels="beside", spaced=True, sheets=True),
)


@dataclass(frozen=True, kw_only=True)
class Paragraph:
    """One paragraph. A `topic` here and below marks what a defect may take out."""

    text: str
    look: Look = "body"
    topic: str = ""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A cell, merged over so many columns (`across`) and rows (`down`)."""

    text: str
    across: int = 1
    down: int = 1
    head: bool = False
    topic: str = ""


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row of a table; places taken by a cell merged down from above are left out."""

    cells: tuple[Cell, ...]
    topic: str = ""


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table; `widths` are the columns' shares of the text width."""

    rows: tuple[Row, ...]
    widths: tuple[float, ...]
    ruled: bool = True
    topic: str = ""

    def placed(self) -> Iterator[tuple[int, int, Cell]]:
        """Yield each cell with the row and the column of its upper left corner."""
        taken: set[tuple[int, int]] = set()
        for number, row in enumerate(self.rows):
            column = 0
            for cell in row.cells:
                while (number, column) in taken:
                    column += 1
                yield number, column, cell
                taken.update(
                    (number + below, column + right)
                    for below in range(cell.down)
                    for right in range(cell.across)
                )


@dataclass(frozen=True, kw_only=True)
class PageBreak:
    """What follows begins on a new page."""

    topic: str = ""


Block = Paragraph | Table | PageBreak


@dataclass(frozen=True, kw_only=True)
class Article:
    """An article 条: its text, its enumerated items, and a table that belongs to it.

    Where articles are numbered 第X条 the `title` is left out, as such papers do.
    """

    texts: tuple[str, ...]
    title: str = ""
    items: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    topic: str = ""


@dataclass(frozen=True, kw_only=True)
class Chapter:
    """A chapter 章."""

    title: str
    articles: tuple[Article, ...]
    topic: str = ""


Part = Block | Chapter


@dataclass(frozen=True, kw_only=True)
class Draft:
    """One of the four documents 材料, not yet a file. `titled` keeps the titles of articles."""

    kind: Kind
    title: str
    alliance: str
    style: Style
    parts: tuple[Part, ...]
    titled: bool = False

    def blocks(self) -> Iterator[Block]:
        """Yield what stands on the pages, with all numbers, in reading order."""
        chapters = articles = 0
        for part in self.parts:
            if not isinstance(part, Chapter):
                yield part
                continue
            chapters += 1
            if self.style.numbering == "outline":
                yield from _outlined(part, chapters)
            elif self.titled:
                yield from _sectioned(part, chapters)
            else:
                yield from _articled(part, chapters, articles)
                articles += len(part.articles)

    def texts(self) -> Iterator[str]:
        """Yield every text on the pages: paragraphs, and the cells of tables."""
        for block in self.blocks():
            if isinstance(block, Paragraph):
                yield block.text
            elif isinstance(block, Table):
                yield from (cell.text for row in block.rows for cell in row.cells)


def chinese(number: int) -> str:
    """Return a number from 1 to 99 in Chinese characters."""
    tens, ones = divmod(number, 10)
    written = ("" if tens < 2 else _DIGITS[tens]) + ("十" if tens else "")  # noqa: PLR2004 - 十, not 一十
    return written + (_DIGITS[ones] if ones else "")


def _outlined(chapter: Chapter, number: int) -> Iterator[Block]:
    yield Paragraph(text=f"{chinese(number)}、{chapter.title}", look="heading")
    for count, article in enumerate(chapter.articles, start=1):
        texts = list(article.texts)
        if article.title:
            yield Paragraph(text=f"（{chinese(count)}）{article.title}", look="subheading")
        elif texts:
            texts[0] = f"（{chinese(count)}）{texts[0]}"
        yield from (Paragraph(text=text) for text in texts)
        for item, text in enumerate(article.items, start=1):
            yield Paragraph(text=f"{item}.{text}")
        yield from article.tables


def _sectioned(chapter: Chapter, number: int) -> Iterator[Block]:
    yield Paragraph(text=f"第{chinese(number)}章　{chapter.title}", look="heading")
    for count, article in enumerate(chapter.articles, start=1):
        if article.title:
            yield Paragraph(text=f"第{chinese(count)}节　{article.title}", look="subheading")
        yield from _body(article, article.texts)


def _articled(chapter: Chapter, number: int, before: int) -> Iterator[Block]:
    yield Paragraph(text=f"第{chinese(number)}章　{chapter.title}", look="heading")
    for count, article in enumerate(chapter.articles, start=before + 1):
        first, *others = article.texts
        yield from _body(article, (f"第{chinese(count)}条　{first}", *others))


def _body(article: Article, texts: tuple[str, ...]) -> Iterator[Block]:
    yield from (Paragraph(text=text) for text in texts)
    for item, text in enumerate(article.items, start=1):
        yield Paragraph(text=f"（{chinese(item)}）{text}")
    yield from article.tables


@dataclass(frozen=True, kw_only=True)
class Edit:
    """A change to a whole draft: parts with a topic in `drop` go, every text is rewritten.

    `rewrite` gets a text and the topic of the cell or paragraph that it stands in.
    """

    drop: frozenset[str] = frozenset()
    rewrite: Callable[[str, str], str] = lambda text, _topic: text

    def apply(self, draft: Draft) -> Draft:
        """Return the changed draft."""
        parts = tuple(self._part(part) for part in draft.parts if part.topic not in self.drop)
        return replace(draft, parts=parts, alliance=self.rewrite(draft.alliance, ""))

    def _part(self, part: Part) -> Part:
        match part:
            case Paragraph():
                return replace(part, text=self.rewrite(part.text, part.topic))
            case Table():
                return self._table(part)
            case Chapter():
                kept = (one for one in part.articles if one.topic not in self.drop)
                articles = tuple(self._article(one) for one in kept)
                return replace(part, title=self.rewrite(part.title, ""), articles=articles)
            case PageBreak():
                return part

    def _article(self, article: Article) -> Article:
        return replace(
            article,
            title=self.rewrite(article.title, ""),
            texts=tuple(self.rewrite(text, article.topic) for text in article.texts),
            items=tuple(self.rewrite(text, article.topic) for text in article.items),
            tables=tuple(
                self._table(table) for table in article.tables if table.topic not in self.drop
            ),
        )

    def _table(self, table: Table) -> Table:
        rows = (row for row in table.rows if row.topic not in self.drop)
        return replace(
            table,
            rows=tuple(
                replace(row, cells=tuple(self._cell(cell) for cell in row.cells)) for row in rows
            ),
        )

    def _cell(self, cell: Cell) -> Cell:
        return replace(cell, text=self.rewrite(cell.text, cell.topic))
