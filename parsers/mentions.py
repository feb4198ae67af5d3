"""Organisations that a document speaks of anywhere, within its lists and outside them.

Lists may be laid out as no reader expects. Whether a name stands in a document at all is a
plain question, and its answer is what keeps a list that was not understood from being told
as one that lacks somebody.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice

from parsers.lines import Grid, Item
from parsers.names import ENDS, is_organisation, organisation_form

_RUN = re.compile(r"[\w()·&-]{4,}")
_HEAD = re.compile(r"[\w()·&-]{1,60}")
_TAIL = re.compile(r"(?<![\w()·&-])[\w()·&-]{1,60}$")
"""A name may be broken at the end of a line."""

_LONGEST = 120  # characters kept of running text before the end of a name
_MOST = 2000


def read_mentions(items: Iterable[Item]) -> tuple[str, ...]:
    """Return the stretches of text that end as names of organisations do, each once."""
    return tuple(islice(dict.fromkeys(_stretches(items)), _MOST))


def read_runs(items: Iterable[Item]) -> tuple[str, ...]:
    """Return all text without its gaps and punctuation, where names may be broken anywhere."""
    runs = (run for text in _texts(items) for run in _RUN.findall(organisation_form(text)))
    return tuple(islice(dict.fromkeys(runs), _MOST))


def _stretches(items: Iterable[Item]) -> Iterator[str]:
    before = ""
    for text in map(organisation_form, _texts(items)):
        yield from filter(None, map(_named, _RUN.findall(text)))
        head = _HEAD.match(text)
        if before and head and not is_organisation(head[0]):
            yield from filter(None, [_named(before + head[0])])
        tail = _TAIL.search(text)
        before = tail[0] if tail else ""


def _named(run: str) -> str:
    end = max((run.rfind(each) + len(each) for each in ENDS if each in run), default=0)
    return run[max(end - _LONGEST, 0) : end]


def _texts(items: Iterable[Item]) -> Iterator[str]:
    for item in items:
        if isinstance(item, Grid):
            yield from (cell.raw for row in item.rows for cell in row)
        else:
            yield item.raw
