"""One member 成员单位: its name as it stands in a list, cleaned, and its kind."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from config.call import Call, MemberKind
from parsers.labels import clean_value, is_blank
from parsers.lines import Line, numbering, plain, plain_words, quote_of, squeeze, tidy
from parsers.names import (
    is_blank_name,
    is_organisation,
    organisation_code,
    organisation_form,
    without_note,
)
from parsers.submission import Member

LONGEST_NAME = 45

_BOX = "□☐☑☒√✓✔■"
_TICKED = "☑☒√✓✔■"
_NUMBER_AHEAD = re.compile(
    r"^\s*(?:[(（〔【][\d一二三四五六七八九十]{1,3}[)）〕】]|[\d一二三四五六七八九十]{1,3}[、.．)）]|\d{1,3}\s|[①-⑳]"
    r"|[●○◆◇▪▲△★☆•·※–—-]{1,3}|[一二三四五六七八九十]{1,3}是|其[一二三四五六七八九十]|即(?!墨))\s*"
)
_PARTY_AHEAD = re.compile(
    r"^(?:[甲乙丙丁戊己庚辛壬癸]方|[一-鿿]{1,3}(?:方|人|单位)[\d一二三四五六七八九十]{1,3})\s*(?:[—–:：-]{1,2}|[系即为是])\s*"
)
_ALONE = re.compile(
    r"(?:[^\s:;,。()]{0,8}(?:方|人|单位|家)[之第]?[\d一二三四五六七八九十]{0,3}(?:\([^()]{0,30}\))?\s+)?"
    r"(?:[^\s:;,。()]{1,10}(?:\([^()]{0,30}\))?\s?:)?\s*(?P<name>(?:[^:;,。()]|\([^()]{0,60}\))+)$"
)
_NO_NAME = re.compile(r"[。;!?:]|^(?:合计|总计|小计|共|注)|\d{5}|设在")


def distinct(members: Iterable[Member]) -> tuple[Member, ...]:
    """Return each organisation once, with the kind and code that any mention of it gives."""
    seen: dict[str, Member] = {}
    for each in members:
        form = organisation_form(each.name)
        first = seen.setdefault(form, each)
        seen[form] = replace(first, kind=first.kind or each.kind, code=first.code or each.code)
    return tuple(seen.values())


def may_be_name(raw: str, call: Call) -> bool:
    """Whether a cell of a list may hold the name of a member."""
    text = squeeze(plain(raw))
    if is_blank(text) or len(text) < 4 or len(text) > LONGEST_NAME:  # noqa: PLR2004 - as names.py
        return False
    if text.endswith(plain_words(call.members.organs)):
        return False
    return not _NO_NAME.search(text) and not is_blank_name(text, call)


def member_alone(line: Line, hint: str, call: Call) -> Member | None:
    """Return the member that stands alone on a line, with a number, label or note at most."""
    found = _ALONE.match(numbering(line.text)[1])
    name = without_note(found["name"]) if found else ""
    if not is_organisation(name) or not may_be_name(name, call):
        return None
    at = max(0, line.text.find(name))
    return member_of(line.raw[at : at + len(name)], line, hint, call)


def member_of(
    raw: str, line: Line, hint: str, call: Call, *, stated: str = "", code: str = ""
) -> Member:
    """Return the member that `raw` names in a line; `hint` is the kind its section speaks of."""
    numbered = clean_value(raw, call.placeholders.excused)
    bare = _PARTY_AHEAD.sub("", _NUMBER_AHEAD.sub("", numbered, count=1), count=1)
    name = tidy(without_note(bare))
    return Member(
        name=name,
        kind=kind_of(stated, hint, name, call),
        code=organisation_code(code),
        page=line.page,
        quote=quote_of(line.raw, max(0, line.raw.find(raw))),
    )


# ── Kinds ─────────────────────────────────────────────────────────────────────────────


def kind_of(stated: str, hint: str, name: str, call: Call) -> str:
    """Return the kind of a member: as stated beside it, else by its name, else by its section.

    The call's last kind is a catch-all, which whatever tells more overrules.
    """
    by_name = kind_by_name(name, call)
    named = [each.id for each in _kinds_in(_ticked(plain(stated)), call)]
    catch_all = call.members.kinds[-1].id if call.members.kinds else ""
    if by_name in named:
        return by_name
    if named and named[0] != catch_all:
        return named[0]
    if by_name and by_name != catch_all:
        return by_name
    return next(iter(named), "") or hint or by_name


def has_tick(text: str) -> bool:
    """Whether a text holds boxes of which some are ticked."""
    return any(box in _boxed(plain(text)) for box in _TICKED)


def kind_in_caption(caption: str, call: Call) -> str:
    """Return the one kind that a caption names; nothing where it names several."""
    kinds = _kinds_in(caption, call)
    return kinds[0].id if len(kinds) == 1 else ""


def _kinds_in(text: str, call: Call) -> list[MemberKind]:
    squeezed = squeeze(text)
    return [each for each in call.members.kinds if any(word in squeezed for word in each.words)]


def _boxed(text: str) -> str:
    """Return a text with each way of drawing a box as one: `(√)`, `[ ]`, `●`."""
    text = re.sub(r"[(\[【]\s*[√✓✔]\s*[)\]】]|●", "☑", text)
    return re.sub(r"[(\[【]\s*[)\]】]|○", "□", text)


def _ticked(stated: str) -> str:
    """Return what is ticked in a row of boxes: `□企业 ☑高校` → `高校`."""
    stated = _boxed(stated)
    if not any(box in stated for box in _BOX):
        return stated
    before = re.findall(rf"([{_BOX}])\s*([^{_BOX}\s]+)", stated)
    after = re.findall(rf"([^{_BOX}\s]+)\s*([{_BOX}])", stated)
    leads = stated.lstrip()[0] in _BOX
    marked = before if leads else [(box, word) for word, box in after]
    return " ".join(word for box, word in marked if box in _TICKED)


def kind_by_name(name: str, call: Call) -> str:
    """Return the kind whose word stands last in a name: `某某研究院有限公司` is a company."""
    form = organisation_form(name)
    ends = [
        (form.rfind(word) + len(word), len(word), each.id)
        for each in call.members.kinds
        for word in each.name_words
        if word in form
    ]
    return max(ends)[2] if ends else ""
