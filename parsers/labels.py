"""Labels 栏目名 of forms, as they are compared, and the space that was left beside them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from config.call import Call
from parsers.lines import numbering, plain, squeeze, tidy

ANY = "*"
"""Stands in a label of the call for any few words, or for none."""

_LABEL_LENGTH = 45
_SPACED_LENGTH = 200  # spaced out, a label is no longer
_ANY_WORDS = "[^:;,。!?]{0,10}"
_BRACKET_AT_END = re.compile(r"\([^()]{0,30}\)$")
_BRACKET_INSIDE = re.compile(r"\([^()]{0,12}\)")
_NOTHING = re.compile(r"[\s_□☐\-—–~/\\.:…·*()（）：年月日]*")
_LABEL_MARKS = " \t*:□☐☆★●■"


@dataclass(frozen=True, kw_only=True)
class Labels:
    """The labels 栏目名 that are looked for, those that merely are no values, and excuses.

    `tails` may hang on behind a label: 联系人姓名.
    """

    wanted: frozenset[str]
    known: frozenset[str]
    tails: frozenset[str]
    excused: tuple[str, ...]

    def key(self, text: str) -> str:
        """Return the label of the call that a text stands for, or an empty string."""
        key = label_key(text)
        return _label_for(key, self.wanted, self.known, self.tails) if key else ""

    def is_label(self, text: str) -> bool:
        """Whether a text is a label that the call knows, to its last word."""
        key = self.key(text)
        return bool(key) and not key.endswith(ANY)

    def is_bare(self, text: str) -> bool:
        """Whether a text is a label without any of the words that the call leaves open in it."""
        return label_key(text) in _bare_words(self.known)

    def is_heading(self, text: str) -> bool:
        """Whether a cell looks like a label, be it one that the call does not know."""
        if text.rstrip().endswith(":") or self.is_label(text):
            return True
        return label_key(text).endswith(_endings(self.known | self.tails))


def label_key(text: str) -> str:
    """Return a label bare of spaces, number, colon, bracket: `1.联 系 人（手机）：` → `联系人`."""
    return _bare(text) if len(text) <= _SPACED_LENGTH else ""


@lru_cache(maxsize=8192)
def _bare(text: str) -> str:
    key = squeeze(plain(text))
    if len(key) > _LABEL_LENGTH:
        return ""
    key = numbering(key)[1].strip(_LABEL_MARKS)
    while True:
        shorter = _BRACKET_AT_END.sub("", key).strip(_LABEL_MARKS)
        if shorter in {key, ""}:
            return (_BRACKET_INSIDE.sub("", key) or key).casefold()
        key = shorter


@cache
def keys_of(labels: tuple[str, ...]) -> frozenset[str]:
    """Return labels of the call in the form of `label_key`; `*` stays."""
    return frozenset(ANY.join(map(label_key, each.split(ANY))) for each in labels)


def labels_of(call: Call, wanted: Iterable[str]) -> Labels:
    """Return `wanted` among all labels that the call knows."""
    members = call.members
    fields = tuple(word for each in call.fields for word in each.labels)
    columns = (*members.name_labels, *members.kind_labels, *members.code_labels)
    known = (*fields, *call.other_labels, *columns, *members.person_labels)
    return _labels(tuple(wanted), known, call.label_tails, call.placeholders.excused)


@cache
def _labels(
    wanted: tuple[str, ...],
    known: tuple[str, ...],
    tails: tuple[str, ...],
    excused: tuple[str, ...],
) -> Labels:
    """Return labels once for all, since they are what is asked with thousands of times a file."""
    keys = keys_of(wanted)
    return Labels(wanted=keys, known=keys | keys_of(known), tails=keys_of(tails), excused=excused)


@lru_cache(maxsize=8192)
def _label_for(
    key: str, wanted: frozenset[str], known: frozenset[str], tails: frozenset[str]
) -> str:
    """Return the label that a text stands for: the one whose words end last, else the longest.

    What a label asks for stands last in it: 联系人电话 asks for a number.
    """
    if key in known:
        return key
    stems = [key, *(key.removesuffix(tail) for tail in tails if key.endswith(tail))]
    found = [(len(key), len(stem), stem in wanted, True, stem) for stem in stems if stem in known]
    for word in _open_words(known):
        stem = next((each for each in stems if _pattern(word).fullmatch(each)), "")
        if stem:
            end = _pattern(word.rstrip(ANY)).match(stem)
            reach = end.end() if end and end.end() < len(stem) else len(key)
            length, closed = len(word.replace(ANY, "")), not word.endswith(ANY)
            found.append((reach, length, word in wanted, closed, word))
    return max(found, default=(0, 0, False, False, ""))[-1]


@cache
def _bare_words(known: frozenset[str]) -> frozenset[str]:
    return frozenset(word.strip(ANY) for word in known)


@cache
def _open_words(known: frozenset[str]) -> tuple[str, ...]:
    """Return the labels that leave words open."""
    return tuple(word for word in sorted(known) if ANY in word)


def names(word: str, text: str) -> bool:
    """Whether a label of the call, as `keys_of` gives it, stands somewhere in a text."""
    return _pattern(word.strip(ANY)).search(text) is not None


@cache
def _pattern(word: str) -> re.Pattern[str]:
    return re.compile(_ANY_WORDS.join(map(re.escape, word.split(ANY))))


@cache
def _endings(known: frozenset[str]) -> tuple[str, ...]:
    return tuple(each.rpartition(ANY)[2] for each in known if len(each.rpartition(ANY)[2]) > 1)


def is_blank(value: str) -> bool:
    """Whether a space was left blank: only underscores, spaces, boxes, or `年 月 日`."""
    return _NOTHING.fullmatch(value) is not None


def clean_value(raw: str, excused: Sequence[str]) -> str:
    """Return a value without the space around it and without a bracket such as （盖章）."""
    value = raw.strip(" \t\r\n_:：;；,，\u3000＿")
    for pattern in (r"^[（(]([^()（）]{0,20})[)）]", r"[（(]([^()（）]{0,20})[)）]$"):
        found = re.search(pattern, value)
        if found and (is_blank(found[1]) or any(word in plain(found[1]) for word in excused)):
            value = value.replace(found[0], "", 1).strip(" _:：\u3000＿")
    return "" if is_blank(value) else tidy(value)
