"""Rich Text Format (RTF 1.9.1), as Word, WPS and web forms write it."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import Final

from parsers.errors import ParseError
from parsers.flow import (
    TICKED,
    UNTICKED,
    Break,
    Flow,
    Item,
    Merge,
    Paragraph,
    beside,
    cell_text,
    content_of,
    overlaid,
    symbol,
)
from parsers.list_numbers import without_bullets
from parsers.submission import Block, Content, Problem

MAX_BYTES = 256 * 1024 * 1024
MAX_DEPTH = 1000
"""Groups inside groups; Word itself stays far below a hundred."""

_TOKEN = re.compile(
    rb"(?P<text>[^\\{}\r\n]+)"
    rb"|\\'(?P<byte>[0-9a-fA-F]{2})"
    rb"|\\(?P<word>[a-zA-Z]{1,32})(?P<number>-?\d{1,10})? ?"
    rb"|\\(?P<mark>[^a-zA-Z])"
    rb"|(?P<brace>[{}])",
    re.DOTALL,
)

_UNSEEN = frozenset({
    "stylesheet", "info", "colortbl", "pict", "nonshppict", "datafield", "filetbl", "listtable",
    "list", "listoverridetable", "listoverride", "revtbl", "objdata", "objclass", "shprslt", "sp",
    "nonesttables",
    "ftnsep", "ftnsepc", "ftncn", "aftnsep", "aftnsepc", "aftncn", "xe", "tc", "rxe", "txe",
    "bkmkstart", "bkmkend", "atnid", "atnauthor", "template", "private",
})  # fmt: skip
"""Groups that hold no text of the document. Those marked `\\*` hold none either, but for:"""

_SEEN_THOUGH_STARRED = frozenset({"annotation", "do", "fldinst", "nesttableprops", "shpinst", "ud"})
_BOXES = frozenset({"shptxt", "dptxbxtext"})
_STORIES = _BOXES | {
    "annotation", "footnote", "header", "headerl", "headerr", "headerf",
    "footer", "footerl", "footerr", "footerf",
}  # fmt: skip
"""Groups that hold text beside the running one."""

_PICTURES = frozenset({"pict", "shppict", "objdata"})
_NUMBERS = frozenset({"listtext", "pntext"})
_CHARACTERS = {
    "tab": "\t", "line": "\n", "lbr": "\n", "column": "\n", "emdash": "—", "endash": "–",
    "lquote": "‘", "rquote": "’", "ldblquote": "“", "rdblquote": "”", "bullet": "•",
    "emspace": " ", "enspace": " ", "qmspace": " ",
}  # fmt: skip
_MARKS = {b"~": "\u00a0", b"_": "-", b"\t": "\t"}
_SWITCHES = {"v": "hidden", "deleted": "deleted", "revised": "inserted", "intbl": "in_table"}
_CODE_PAGES: Final = {
    0: "cp1252", 77: "mac_roman", 128: "cp932", 129: "cp949", 130: "johab", 134: "gb18030",
    136: "cp950", 161: "cp1253", 162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256",
    186: "cp1257", 204: "cp1251", 222: "cp874", 238: "cp1250", 255: "cp437",
}  # fmt: skip
"""Code pages of fonts' character sets (\\fcharset)."""

_DEFAULT_CHARSET, _SYMBOL_CHARSET = 1, 2
_SYMBOLS = "symbols"  # stands for a code page in fonts of signs
_FIRST_SYMBOL = 0x21
_PROGRAMS = {"mac": "mac_roman", "pc": "cp437", "pca": "cp850"}
_DOUBLE_BYTE = frozenset({"gb18030", "cp950", "cp932", "cp949"})
_SYMBOL_FIELD = re.compile(r"\s*SYMBOL\s+(0x[0-9a-fA-F]{1,4}|[1-9]\d{0,4})\b")
_TICKS = frozenset({"ffres", "ffdefres"})
_AS_BY_DEFAULT = 25
_MERGES = {"clmrg": Merge.LEFT, "clvmrg": Merge.ABOVE}


def read_rtf(path: Path, media_type: str) -> Content:
    """Read an RTF file: text and tables in their order; notes, headers and footers last.

    Deleted and hidden text is left out; deletions, insertions and comments are quoted in
    `marks`. Raises ParseError when it is cut off, nested without end, a scan or empty.
    """
    if path.stat().st_size > MAX_BYTES:
        raise ParseError(Problem.TOO_LARGE)
    return rtf_content(path.read_bytes(), media_type)


def rtf_content(raw: bytes, media_type: str) -> Content:
    """Read RTF that lies in memory, as `read_rtf` does."""
    reader = _Reader()
    reader.read(raw)
    return content_of(
        media_type,
        reader.main.finished(),
        reader.sides,
        marks=(f"{kind}：{text.strip()}" for kind, text in reader.marks if text.strip()),
        pictures=reader.pictures,
    )


# ── What is being read ───────────────────────────────────────────────────────────────


@dataclass
class _Story:
    """Running text with its tables: the document's own, or that of a note, header or box."""

    flow: Flow = field(default_factory=Flow)
    paragraph: Paragraph = field(default_factory=Paragraph)
    merges: list[Merge] = field(default_factory=list)
    merge: Merge = Merge.NONE
    section_begins: bool = False

    def end_paragraph(self, depth: int) -> None:
        if self.section_begins:
            self.flow.add([Break.BY_HAND])
            self.section_begins = False
        self.flow.add(self.paragraph.items(), depth)
        self.paragraph = Paragraph()

    def end_cell(self, depth: int) -> None:
        self.end_paragraph(depth)
        self.flow.end_cell(depth)

    def end_row(self, depth: int) -> None:
        self.paragraph = Paragraph()
        self.flow.end_row(depth, self.merges)

    def finished(self) -> list[Item]:
        """Return all that was read."""
        if self.paragraph.pieces or self.paragraph.boxes or self.paragraph.number:
            self.end_paragraph(0)
        return self.flow.items()


class _Goal(Enum):
    """What becomes of the text in a group."""

    TEXT = 1
    NOTHING = 2
    FONTS = 3
    CODE = 4
    """What a field is told to show."""


@dataclass
class _Group:
    """What holds inside a pair of braces."""

    story: _Story
    goal: _Goal = _Goal.TEXT
    name: str = ""
    font: int = -1
    fallback: int = 1
    """How many characters stand behind a Unicode one, for readers that do not know those."""

    hidden: bool = False
    deleted: bool = False
    inserted: bool = False
    in_table: bool = False
    depth: int = 1
    numbering: bool = False
    begun: bool = False
    """Whether something stands in it already; only its first word names its kind."""

    starred: bool = False
    doubled: _Goal = _Goal.NOTHING
    """The goal of the text that is there twice, in Unicode too (\\upr)."""

    @property
    def place(self) -> int:
        """How deep in tables the paragraph stands."""
        return max(self.depth, 1) if self.in_table else 0


class _Reader:
    """Reads the file from its beginning to its end, group by group."""

    def __init__(self) -> None:
        self.main = _Story()
        self.sides: list[Block] = []
        self.marks: list[tuple[str, str]] = []
        self.pictures = False
        self._group = _Group(self.main)
        self._outer: list[_Group] = []
        self._bytes = bytearray()
        self._skip = 0
        self._page = "cp1252"
        self._fonts: dict[int, str] = {}
        self._font = -1  # that of text which names none
        self._entry = -1
        self._code = ""
        self._ticks: dict[str, int] = {}
        self._shown = False  # whether a field's sign stands there already, without its result
        self._changing = False

    def read(self, raw: bytes) -> None:
        """Read all. Raises ParseError when it ends too soon."""
        at, end = 0, len(raw)
        while at < end:
            token = _TOKEN.match(raw, at)
            at = token.end() if token else at + 1  # an end of line says nothing
            if token is None:
                continue
            if token["brace"] == b"{":
                self._open()
            elif token["brace"]:
                if not self._close():
                    return
            elif token["word"] == b"bin":
                at += max(int(token["number"] or 0), 0)
            else:
                self._take(token)
        raise ParseError(Problem.DAMAGED, "RTF 没有结尾")

    # Groups

    def _open(self) -> None:
        self._flush()
        if len(self._outer) >= MAX_DEPTH:
            raise ParseError(Problem.TOO_DEEP)
        self._outer.append(self._group)
        self._group = replace(self._group, name="", begun=False, starred=False)

    def _close(self) -> bool:
        """Leave a group; False at the end of the file's own."""
        self._flush()
        if not self._outer:
            return False
        group, self._group = self._group, self._outer.pop()
        if group.story is not self._group.story:
            self._end_story(group)
        elif group.name in _NUMBERS:
            paragraph = group.story.paragraph
            paragraph.number = without_bullets(paragraph.number)
        elif group.name == "fldinst" and self._group.goal is _Goal.TEXT:
            self._end_code()
        return bool(self._outer)

    def _end_story(self, group: _Group) -> None:
        items = group.story.finished()
        if group.name == "annotation":
            self.marks.append(("批注", cell_text(items)))
            self._changing = False
        elif group.name in _BOXES:
            self._group.story.paragraph.boxes.extend(items)
        else:
            self.sides.extend(beside(items))

    def _end_code(self) -> None:
        """Show what a field shows by itself: a character of a symbol font, a box to tick."""
        found = _SYMBOL_FIELD.match(self._code)
        shown = symbol(int(found[1], 0)) if found else overlaid(self._code)
        if "FORMCHECKBOX" in self._code:
            state = self._ticks.get("ffres", _AS_BY_DEFAULT)
            state = self._ticks.get("ffdefres", 0) if state == _AS_BY_DEFAULT else state
            shown = TICKED if state else UNTICKED
        self._write(shown)
        self._shown = bool(shown)

    # Text

    def _take(self, token: re.Match[bytes]) -> None:
        text = token["text"]
        if self._skip and not (text and len(text) > self._skip):
            self._skip -= min(self._skip, len(text or b"x"))
        elif text:
            self._group.begun = True
            self._bytes += text[self._skip :]
            self._skip = 0
        elif token["byte"]:
            self._bytes.append(int(token["byte"], 16))
        elif token["mark"]:
            self._mark(token["mark"])
        else:
            self._flush()
            number = token["number"]
            self._word(token["word"].decode("ascii"), None if number is None else int(number))

    def _mark(self, mark: bytes) -> None:
        if mark in {b"{", b"}", b"\\"}:
            self._bytes += mark  # may be the second byte of a Chinese character
            return
        self._flush()
        if mark == b"*":
            self._group.starred = not self._group.begun
        elif mark in {b"\n", b"\r"}:
            self._word("par", None)
        else:
            self._write(_MARKS.get(mark, ""))

    def _flush(self) -> None:
        """Decode the bytes that have gathered."""
        raw, self._bytes = bytes(self._bytes), bytearray()
        if raw and self._group.goal in {_Goal.TEXT, _Goal.CODE}:
            self._write(self._decoded(raw))

    def _decoded(self, raw: bytes) -> str:
        font = self._font if self._group.font < 0 else self._group.font
        page = self._fonts.get(font, self._page)
        if page == _SYMBOLS:
            return "".join(chr(0xF000 + each) if each >= _FIRST_SYMBOL else " " for each in raw)
        if page == "cp1252" and self._page in _DOUBLE_BYTE:
            # Chinese programs name the Western character set for any font.
            try:
                return raw.decode(self._page)
            except UnicodeDecodeError:
                pass
        return raw.decode(page, errors="replace")

    def _write(self, text: str) -> None:
        group = self._group
        if group.goal is _Goal.CODE:
            self._code += text
        if not text or group.goal is not _Goal.TEXT or group.hidden:
            return
        if group.numbering:
            group.story.paragraph.number += text
            return
        if group.deleted or group.inserted:
            self._quote("删除" if group.deleted else "插入", text)
        else:
            self._changing = False
        if not group.deleted:
            group.story.paragraph.pieces.append(text)

    def _quote(self, kind: str, text: str) -> None:
        if self._changing and self.marks[-1][0] == kind:
            self.marks[-1] = (kind, self.marks[-1][1] + text)
        else:
            self.marks.append((kind, text))
        self._changing = True

    # Words

    def _word(self, word: str, number: int | None) -> None:
        group = self._group
        first, group.begun = not group.begun, True
        if group.starred or (first and (word in _GOALS or word in _STORIES)):
            self._begin(word)
        elif word == "u":
            self._write(_character(number or 0))
            self._skip = group.fallback
        elif word in _SWITCHES:
            setattr(group, _SWITCHES[word], number != 0)
        elif word in _CHARACTERS:
            self._write(_CHARACTERS[word])
        elif (
            not self._set_up(word, number or 0)
            and not self._set_group(word, number or 0)
            and group.goal is _Goal.TEXT
            and not (word == "par" and group.deleted)  # it goes on with the next paragraph
        ):
            self._lay_out(word)

    def _begin(self, word: str) -> None:
        """Begin a group of a kind of its own."""
        group = self._group
        starred, group.starred, group.name = group.starred, False, word
        self.pictures |= word in _PICTURES
        if word == "ud":
            group.goal = group.doubled
        elif word == "upr":
            group.doubled, group.goal = group.goal, _Goal.NOTHING
        elif group.goal is not _Goal.TEXT:
            return
        elif word == "fldrslt":
            group.goal = _Goal.NOTHING if self._shown else _Goal.TEXT
            self._shown = False
        elif word in _NUMBERS:
            group.numbering = True
        elif word in _STORIES:
            group.story = _Story()
            group.in_table, group.depth = False, 1
        elif word in _GOALS or (starred and word not in _SEEN_THOUGH_STARRED):
            group.goal = _GOALS.get(word, _Goal.NOTHING)
            self._code = ""

    def _set_up(self, word: str, number: int) -> bool:
        """Take what is told of the whole file; whether the word was of that kind."""
        if word == "ansicpg":
            self._page = _codec(number)
        elif word in _PROGRAMS:
            self._page = _PROGRAMS[word]
        elif word == "deff" or (word == "f" and self._group.goal is _Goal.FONTS):
            self._font, self._entry = (number, -1) if word == "deff" else (self._font, number)
        elif word == "fcharset" and number != _DEFAULT_CHARSET:
            charset = _SYMBOLS if number == _SYMBOL_CHARSET else _CODE_PAGES.get(number)
            self._fonts |= {self._entry: charset} if charset else {}
        elif word == "cpg":
            self._fonts[self._entry] = _codec(number)
        elif word in _TICKS:
            self._ticks[word] = number
        elif word == "field":
            self._ticks, self._shown = {}, False
        else:
            return False
        return True

    def _set_group(self, word: str, number: int) -> bool:
        """Take what is told of the text in a group; whether the word was of that kind."""
        group = self._group
        if word == "f":
            group.font = number
        elif word == "uc":
            group.fallback = max(number, 0)
        elif word == "itap":
            group.depth = number
        elif word == "pard":
            group.in_table, group.depth = False, 1
        elif word == "plain":
            group.font = -1
            group.hidden = group.deleted = group.inserted = False
        else:
            return False
        return True

    def _lay_out(self, word: str) -> None:
        """End paragraphs, cells and rows, and tell how cells hang together."""
        story, group = self._group.story, self._group
        if word in {"par", "sect"}:
            story.end_paragraph(group.place)
            story.section_begins |= word == "sect"
        elif word == "sbknone":
            story.section_begins = False
        elif word == "page":
            story.paragraph.pieces.append("\x0c")
        elif word == "pagebb":
            story.paragraph.before.append(Break.BY_HAND)
        elif word in {"cell", "nestcell"}:
            story.end_cell(1 if word == "cell" else max(group.depth, 2))
        elif word in {"row", "nestrow"}:
            story.end_row(1 if word == "row" else max(group.depth, 2))
        elif word == "trowd":
            story.merges, story.merge = [], Merge.NONE
        elif word in _MERGES:
            story.merge = _MERGES[word]
        elif word == "cellx":
            story.merges.append(story.merge)
            story.merge = Merge.NONE


_GOALS = {
    **dict.fromkeys(_UNSEEN, _Goal.NOTHING),
    **dict.fromkeys(("upr", "ud", "fldrslt", *_NUMBERS), _Goal.TEXT),
    "fonttbl": _Goal.FONTS,
    "fldinst": _Goal.CODE,
}


def _character(number: int) -> str:
    """Return the character of a number; those above 32767 are written as negative ones."""
    code = number + 0x10000 if number < 0 else number
    if code in {0x09, 0x0A}:
        return chr(code)
    return chr(code) if _FIRST_SYMBOL <= code <= 0x10FFFF else " "  # noqa: PLR2004 (Unicode's last)


def _codec(page: int) -> str:
    name = {0: "cp1252", 936: "gb18030", 10000: "mac_roman", 65001: "utf-8"}.get(page, f"cp{page}")
    try:
        return codecs.lookup(name).name
    except LookupError:
        return "cp1252"
