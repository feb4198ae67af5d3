"""One sentence on a dossier for the person at the desk, and one to read aloud on the phone."""

from __future__ import annotations

from config.call import Call
from registry.rows import DossierView, Finding, LetterState, Outcome, Status
from reports.wording import asks_for_paper, finding_label

PAPER = "paper."
PAPER_RECORD = "paper.record"


def _labels(findings: tuple[Finding, ...], call: Call) -> str:
    return "、".join(dict.fromkeys(finding_label(each.id, call) for each in findings))


def _electronic(view: DossierView) -> tuple[Finding, ...]:
    return tuple(each for each in view.missing if not each.id.startswith(PAPER))


def _on_paper(view: DossierView) -> tuple[Finding, ...]:
    return tuple(
        each for each in view.missing if each.id.startswith(PAPER) and each.id != PAPER_RECORD
    )


def _paper_sentence(view: DossierView, call: Call) -> str:
    if view.paper is None:
        return "纸质材料尚未查到登记"
    lacking = _on_paper(view)
    if lacking:
        return f"纸质材料已登记，尚缺：{_labels(lacking, call)}"
    looked_at = not any(
        each.id.startswith(PAPER) and each.outcome is Outcome.DOUBTFUL for each in view.findings
    )
    return "纸质材料已登记" if looked_at else "纸质材料已登记，尚待核对"


def _told(call: Call) -> tuple[str, str]:
    """Return what the files are called, and all that was handed in."""
    return ("电子材料", "电子材料和纸质材料均") if asks_for_paper(call) else ("材料", "材料")


def to_say(view: DossierView, call: Call) -> str:
    """Return what to tell an applicant who calls: what arrived, what is missing, never more.

    Says 收到, never 受理, and tells nothing that still waits for a person's decision.
    """
    name = f"{view.row.name}的申报材料" if view.row.name else "您的材料"
    opening = f"{name}已收到，登记编号 {view.row.number}"
    electronic, both = _told(call)
    paper = f"{_paper_sentence(view, call)}。" if asks_for_paper(call) else ""
    lacking = _electronic(view)
    status = view.row.status
    if view.row.merged_into:
        return f"{name}已并入登记编号 {view.row.merged_into} 的申报材料，请以该编号为准。"
    if status is Status.WITHDRAWN:
        asked = "按要求" if "withdrawal-asked" in view.row.flags else "登记"
        return f"{opening}，已{asked}撤回。"
    if status is Status.COMPLETE:
        return f"{opening}；{both}已收齐，目前无需补充。"
    if status is Status.IN_REVIEW:
        return f"{opening}；有几处正由工作人员核对，核对后会通过邮件一次告知全部结果。"
    if not lacking:
        return f"{opening}；{electronic}已收齐{f'，{paper}' if paper else '。'}"
    count = len({(each.id, each.document) for each in lacking})
    return f"{opening}；{electronic}还缺 {count} 项：{_labels(lacking, call)}。{paper}"


TO_DO = {
    Status.INCOMPLETE: "缺件清单由系统发送；收到补充材料后自动重新核对。",
    Status.COMPLETE: "材料均已收齐，无需处理。",
    Status.WITHDRAWN: "已撤回，不再处理；经过仍保留。",
}


def to_do(view: DossierView, waiting: int = 0, *, may_act: bool = True) -> str:
    """Return what staff have to do next about a dossier, if anything.

    `waiting` is how many questions the page puts to them, `may_act` whether this reader may
    answer them.
    """
    if view.row.status is Status.WITHDRAWN:
        into = view.row.merged_into
        return f"已并入 {into}，请到该件处理；经过仍保留。" if into else TO_DO[Status.WITHDRAWN]
    if view.row.marked:
        return "材料刚有变动，系统正在重新核对，请稍后刷新本页。"
    if view.row.review:
        who = "需要您处理" if may_act else "等待工作人员处理"
        return f"有 {waiting} 项{who}，见下方“待办”。处理完后系统自动重新核对，并发出相应函件。"
    return _about_letters(view) or _about_paper(view) or TO_DO[view.row.status]


def _about_letters(view: DossierView) -> str:
    if view.unreached:
        return (
            "最近一封函件未能送达申请人。请电话联系，问明可用的邮箱后在“函件”中改发，"
            "或口头告知后在此登记。"
        )
    if any(each.state is LetterState.DRAFT for each in view.letters):
        return "有函件待您核准：请核对内容，修改或放行后系统才会发出，见“函件”。"
    return ""


def _about_paper(view: DossierView) -> str:
    if view.row.status is Status.AWAITING_PAPER and view.paper is None:
        return "等待纸质材料。收到后在收件登记表中登记并导入，系统会自动匹配。"
    if view.row.status is Status.AWAITING_PAPER:
        return "纸质材料已登记，请核对份数、盖章和推荐意见后更新收件登记表。"
    return ""
