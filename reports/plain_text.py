"""A dossier as plain text, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from config.call import Call
from registry.rows import DossierView, Outcome
from reports.history import tell
from reports.wording import (
    DOCUMENT_STATES,
    LETTER_STATES,
    MATCHES,
    OUTCOMES,
    STATUSES,
    finding_label,
    letter_name,
    review_wording,
)


def dossier_text(view: DossierView, call: Call, zone: ZoneInfo) -> str:
    """Say in Chinese all that is known of a dossier."""
    parts = (_head(view, call, zone), _documents(view, call), _findings(view, call))
    return "\n".join(
        line
        for part in (*parts, _candidates(view), _letters(view), _history(view, call, zone))
        for line in part
    )


def _head(view: DossierView, call: Call, zone: ZoneInfo) -> Iterator[str]:
    row = view.row
    yield f"{row.number}　{row.name or '（未写明名称）'}"
    yield f"  状态：{STATUSES[row.status]}（{row.status}）"
    for code in row.review:
        yield f"  待办：{review_wording(code, call)}（{code}）"
    yield f"  秘书处单位：{row.secretariat or '未知'}　推荐单位：{row.recommender or '未知'}"
    yield f"  收到：{row.received_at.astimezone(zone):%Y-%m-%d %H:%M}　发件人：{row.sender}"
    if row.due:
        yield f"  应答复日期：{row.due}"
    if view.paper:
        no = view.paper.register_no or "无登记号"
        match = MATCHES.get(row.paper_match, row.paper_match)
        copies = "份数未登记" if view.paper.copies is None else f"{view.paper.copies}份"
        yield f"  纸质登记：{no}（{match}），{copies}"


def _documents(view: DossierView, call: Call) -> Iterator[str]:
    yield "材料"
    for each in view.documents:
        state = "已被新版替换" if each.superseded else DOCUMENT_STATES[each.state]
        trouble = f"，{each.problem}" if each.problem else ""
        yield f"  {call.title_of(each.kind)} v{each.version}　{each.place}（{state}{trouble}）"


def _findings(view: DossierView, call: Call) -> Iterator[str]:
    yield "核对结果"
    for each in view.findings:
        if each.outcome is not Outcome.OK:
            label = finding_label(each.id, call)
            where = "" if each.document in each.detail else f"　{each.document}"
            yield f"  [{OUTCOMES[each.outcome]}] {label}（{each.id}）：{each.detail}{where}"
    fine = sum(each.outcome is Outcome.OK for each in view.findings)
    yield f"  符合 {fine} 项"


def _candidates(view: DossierView) -> Iterator[str]:
    if view.candidates:
        yield "待确认的匹配"
    for each in view.candidates:
        yield f"  {each.target}　{each.name}　{each.secretariat}：{'；'.join(each.evidence)}"


def _letters(view: DossierView) -> Iterator[str]:
    if view.letters:
        yield "函件"
    for each in view.letters:
        why = f"（{each.reason}）" if each.reason else ""
        state = f"{LETTER_STATES[each.state]}{why}"
        yield f"  {each.id}　{letter_name(each)}　{state}　{each.subject}"


def _history(view: DossierView, call: Call, zone: ZoneInfo) -> Iterator[str]:
    yield "经过"
    for each in view.history:
        at = each.at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
        told = tell(each, call)
        yield f"  {at}　{told.who}　{told.deed}{f'：{told.detail}' if told.detail else ''}"
