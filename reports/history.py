"""History 经过 as people read it: who did what, in words, with the codes in its details turned."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from config.call import Call
from registry.events import SERVICE
from registry.rows import EventRow
from reports.wording import (
    FATES,
    LETTER_KINDS,
    LETTER_STATES,
    MATCHES,
    OUTCOMES,
    REVIEWS,
    STATUSES,
    finding_label,
)

DEEDS: Mapping[str, str] = {
    "received": "收到邮件",
    "opened": "登记为新申报材料",
    "mail": "归入来信",
    "judged": "核对结果",
    "matched": "匹配纸质登记",
    "unmatched": "解除纸质匹配",
    "letter": "生成函件",
    "sent": "函件已发出",
    "failed": "函件发送失败",
    "bounced": "函件被退回",
    "quarantined": "邮件隔离",
    "decided": "人工决定",
    "linked": "关联纸质登记",
    "unlinked": "解除纸质登记",
    "alias-taught": "记住别名",
    "alias-revoked": "撤销别名",
    "accepted": "采纳材料",
    "rejected": "不采纳材料",
    "added": "补充文件",
    "scan-read": "文字识别完成",
    "unlocked": "已用来信告知的密码打开",
    "link-settled": "处理超大附件",
    "link-reopened": "重新列出超大附件",
    "withdrawn": "撤回",
    "withdrawn-as-asked": "按来信要求撤回",
    "assigned": "指定邮件去向",
    "moved": "邮件移出",
    "retried": "重新处理邮件",
    "read": "已读来信",
    "dismissed": "了结邮件",
    "released": "放行函件",
    "redirected": "改发函件",
    "told": "已另行告知申报人",
    "merged": "并入本件",
    "held": "扣下函件",
    "edited": "修改函件",
    "paper-changed": "纸质登记变更",
    "paper-imported": "导入收件登记表",
    "restored": "恢复数据",
    "reconciled": "核对邮箱",
    "account-added": "添加账号",
    "account-password": "重设密码",
    "account-role": "更改角色",
    "account-disabled": "停用账号",
    "account-enabled": "恢复账号",
} | {fate.value: word for fate, word in FATES.items()}

CODE = re.compile(r"[a-z]+(?:[.-][a-z]+)*")


@dataclass(frozen=True, kw_only=True)
class Told:
    """One line of history in words."""

    event: EventRow
    who: str
    deed: str
    detail: str


def tell(event: EventRow, call: Call | None = None) -> Told:
    """Return an event in words; a code that is not known stays as it is."""
    deed = DEEDS.get(event.what, event.what)
    return Told(
        event=event,
        who="系统" if event.actor == SERVICE else event.actor,
        deed=deed,
        detail=_in_words(event, call).removeprefix(f"{deed}："),
    )


def _in_words(event: EventRow, call: Call | None) -> str:
    words: Mapping[str, str] = {}
    if event.what == "judged":
        words = {code.value: word for code, word in STATUSES.items()}
    elif event.what == "letter":
        words = {kind.value: word for kind, word in LETTER_KINDS.items()}
        words |= {state.value: word for state, word in LETTER_STATES.items()}
    elif event.what == "matched":
        record, semicolon, taught = event.detail.partition("；")
        level = CODE.sub(lambda found: MATCHES.get(found[0], found[0]), record)
        return level + semicolon + taught
    elif event.what == "decided":
        codes, colon, reason = event.detail.partition("：")
        return CODE.sub(_decision_word(call), codes) + colon + reason
    return CODE.sub(lambda found: words.get(found[0], found[0]), event.detail)


def _decision_word(call: Call | None) -> Callable[[re.Match[str]], str]:
    outcomes = {outcome.value: word for outcome, word in OUTCOMES.items()}

    def word(found: re.Match[str]) -> str:
        code = found[0]
        if call and call.check(code):
            return finding_label(code, call)
        return outcomes.get(code) or REVIEWS.get(code, code)

    return word
