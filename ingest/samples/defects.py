"""Faults put into a set of drafts on purpose; each is a function from drafts to drafts."""

import re
from collections.abc import Callable
from dataclasses import replace

from ingest.samples.draft import Draft, Edit, Kind

Drafts = tuple[Draft, ...]
Defect = Callable[[Drafts], Drafts]


def without_document(kind: Kind) -> Defect:
    """Leave one of the four documents out."""
    return lambda drafts: tuple(draft for draft in drafts if draft.kind != kind)


def without_risk(*, keep_breach: bool = False) -> Defect:
    """Take all talk of risk out of the agreement; 违约责任 stays where `keep_breach` says so."""
    topics = {"risk"} if keep_breach else {"risk", "breach"}
    edit = Edit(drop=frozenset(topics), rewrite=lambda text, _topic: text.replace("、风险共担", ""))
    return lambda drafts: _edited(drafts, edit, "agreement")


def without_experts() -> Defect:
    """Take the expert committee out of all documents."""
    edit = Edit(
        drop=frozenset({"experts"}), rewrite=lambda text, _topic: text.replace("、专家委员会", "")
    )
    return lambda drafts: _edited(drafts, edit)


def without_province() -> Defect:
    """Begin the alliance's name with 广东 in place of 广东省, everywhere."""
    return lambda drafts: _renamed(drafts, lambda name: name.replace("广东省", "广东", 1))


def differing_name(kind: Kind) -> Defect:
    """Give the alliance a slightly different name in one document."""
    return lambda drafts: _renamed(
        drafts, lambda name: name.replace("产业技术", "及应用产业技术", 1), kind
    )


def without_member(name: str, kind: Kind = "agreement") -> Defect:
    """Leave a member out of one document: its list, the division of work, the signatures."""
    edit = Edit(drop=frozenset({name}))
    return lambda drafts: _edited(drafts, edit, kind)


def blank_contact() -> Defect:
    """Leave the contact of the form empty, wherever it is asked for."""

    def rewrite(text: str, topic: str) -> str:
        if topic != "联系人":
            return text
        label, colon, _ = text.partition("：")
        return label + colon if colon else ""

    return lambda drafts: _edited(drafts, Edit(rewrite=rewrite), "form")


def placeholder_left(kind: Kind) -> Defect:
    """Leave XX where one document should name a sum of money."""
    edit = Edit(rewrite=lambda text, _topic: re.sub(r"\d+万元", "XX万元", text))
    return lambda drafts: _edited(drafts, edit, kind)


def _edited(drafts: Drafts, edit: Edit, kind: Kind | None = None) -> Drafts:
    return tuple(edit.apply(draft) if kind in {None, draft.kind} else draft for draft in drafts)


def _renamed(drafts: Drafts, rename: Callable[[str], str], kind: Kind | None = None) -> Drafts:
    def renamed(draft: Draft) -> Draft:
        old, new = draft.alliance, rename(draft.alliance)
        edited = Edit(rewrite=lambda text, _topic: text.replace(old, new)).apply(draft)
        return replace(edited, title=draft.title.replace(old, new))

    return tuple(renamed(draft) if kind in {None, draft.kind} else draft for draft in drafts)
