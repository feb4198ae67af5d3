"""Labels 栏目名 of forms, as they are compared, and the space that was left beside them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from config.call import Call
from parsers.lines import numbering, plain, squeeze, tidy

_LABEL_LENGTH = 45
_BRACKET_AT_END = re.compile(r"\([^()]{0,30}\)$")
_NOTHING = re.compile(r"[\s_□☐\-—–~/\\.:…·*()（）：年月日]*")
_LABEL_MARKS = " \t*:□☐☆★●■"


@dataclass(frozen=True, kw_only=True)
class Labels:
    """The labels 栏目名 that are looked for, those that merely are no values, and excuses."""

    wanted: frozenset[str]
    known: frozenset[str]
    excused: tuple[str, ...]

    def key(self, text: str) -> str:
        """Return a text as a known label, or an empty string."""
        key = label_key(text)
        return key if key in self.known else ""


def label_key(text: str) -> str:
    """Return a label bare of spaces, number, colon, bracket: `1.联 系 人（手机）：` → `联系人`."""
    key = squeeze(plain(text))
    if len(key) > _LABEL_LENGTH:
        return ""
    key = numbering(key)[1].strip(_LABEL_MARKS)
    while True:
        shorter = _BRACKET_AT_END.sub("", key).strip(_LABEL_MARKS)
        if shorter in {key, ""}:
            return key.casefold()
        key = shorter


@cache
def keys_of(labels: tuple[str, ...]) -> frozenset[str]:
    """Return labels of the call in the form of `label_key`."""
    return frozenset(label_key(each) for each in labels)


def labels_of(call: Call, wanted: Iterable[str]) -> Labels:
    """Return `wanted` among all labels that the call knows."""
    keys, members = keys_of(tuple(wanted)), call.members
    fields = tuple(word for each in call.fields for word in each.labels)
    columns = (*members.name_labels, *members.kind_labels, *members.code_labels)
    known = keys_of((*fields, *call.other_labels, *columns, *members.person_labels))
    return Labels(wanted=keys, known=keys | known, excused=call.placeholders.excused)


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
