"""Text that was meant to be replaced 占位内容, and editing marks left in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from config.call import Call
from parsers.labels import Labels, labels_of
from parsers.lines import Grid, Item, Line, plain, quote_of
from parsers.submission import Fact

_MOST = 20  # more examples help nobody
_AROUND = " \t\u3000:：(（)）[【]】,，;；。"
_SENTENCE_MARKS = "。;!?"
_LONG_RUN = re.compile(r"([\s_.…·\-—])\1{11,}")


def read_placeholders(items: Sequence[Item], marks: Sequence[str], call: Call) -> tuple[Fact, ...]:
    """Return the text that was meant to be replaced, quoted, at most one a line, and marks.

    Lines and cells for signature, seal, date or opinion (`excused`) are left alone, and
    so is the cell beside such a label; in a sentence, only what such a word leads up to.
    """
    pattern, excused = _pattern(call), [plain(each) for each in call.placeholders.excused]
    labels = labels_of(call, ())
    lines = _lines(items, excused)
    found = [fact for line in lines if (fact := _in_line(line, pattern, excused, labels))]
    found += [Fact(value=mark.strip(), quote=quote_of(mark)) for mark in marks if mark.strip()]
    return tuple(found[:_MOST])


def _pattern(call: Call) -> re.Pattern[str] | None:
    words = sorted(map(plain, call.placeholders.words), key=len, reverse=True)
    parts = [*call.placeholders.patterns, *map(_word, words)]
    return re.compile("|".join(f"(?:{each})" for each in parts)) if parts else None


def _word(word: str) -> str:
    """Return the expression for a word; one of letters stands not inside a longer word."""
    escaped = re.escape(word)
    return (
        rf"(?<![0-9A-Za-z]){escaped}(?![0-9A-Za-z])"
        if word.isascii() and word.isalpha()
        else escaped
    )


def _lines(items: Sequence[Item], excused: Sequence[str]) -> Iterator[Line]:
    for item in items:
        if isinstance(item, Grid):
            yield from _cells(item, excused)
        else:
            yield item


def _cells(grid: Grid, excused: Sequence[str]) -> Iterator[Line]:
    for row in grid.rows:
        before = ""
        for cell in row:
            if not cell.squeezed:
                continue
            if not _is_excused(before, excused):
                yield from cell.split()
            before = cell.text


def _is_excused(text: str, excused: Sequence[str]) -> bool:
    squeezed = "".join(text.split())
    return any(word in text or word in squeezed for word in excused)


def _in_line(
    line: Line, pattern: re.Pattern[str] | None, excused: Sequence[str], labels: Labels
) -> Fact | None:
    """Return the first text left in a line; a label (`领域或行业：`) is none."""
    if pattern is None:
        return None
    # Long runs of one sign are shortened, so that no expression of a call can take for ever.
    text = _LONG_RUN.sub(lambda run: run[1] * 11, line.text)
    head = text.partition(":")[0]
    label = len(head) if labels.is_label(head) else 0
    for found in pattern.finditer(text, label):
        start = max(text.rfind(mark, 0, found.start()) for mark in _SENTENCE_MARKS) + 1
        in_sentence = any(mark in text[found.end() - 1 :] for mark in _SENTENCE_MARKS)
        end = found.start() if in_sentence else len(text)
        if not _is_excused(text[start:end], excused):
            at = max(0, line.text.find(found[0]))
            value = line.raw[at : at + len(found[0])].strip(_AROUND)
            return Fact(value=value, page=line.page, quote=quote_of(line.raw, at))
    return None
