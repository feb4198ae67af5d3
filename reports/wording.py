"""The Chinese words for what the registry holds, one word per thing, for letters, desk and tables.

Names of findings come from the call, since every call has points of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from config.call import Call
from parsers.authentication import Verdict
from parsers.submission import Problem, Seals
from registry.rows import DocumentState, Fate, Kind, LetterRow, LetterState, Outcome, Status

FATES: Final[Mapping[Fate, str]] = {
    Fate.PENDING: "待处理",
    Fate.FILED: "已归档",
    Fate.DUPLICATE: "重复",
    Fate.NOTED: "来信备查",
    Fate.AUTOMATIC: "自动邮件",
    Fate.BOUNCE: "退信",
    Fate.UNRELATED: "未识别",
    Fate.QUARANTINED: "已隔离",
}

STATUSES: Final[Mapping[Status, str]] = {
    Status.INCOMPLETE: "缺件",
    Status.AWAITING_PAPER: "待纸质材料",
    Status.IN_REVIEW: "待人工核对",
    Status.COMPLETE: "齐全",
    Status.WITHDRAWN: "已撤回",
}

OUTCOMES: Final[Mapping[Outcome, str]] = {
    Outcome.OK: "符合",
    Outcome.MISSING: "缺",
    Outcome.DOUBTFUL: "存疑",
    Outcome.NOTE: "提示",
    Outcome.WAIVED: "豁免",
}

LETTER_KINDS: Final[Mapping[Kind, str]] = {
    Kind.ACKNOWLEDGEMENT: "收件回执",
    Kind.MISSING_ITEMS: "缺件清单",
    Kind.UNRECOGNISED: "未识别回复",
    Kind.COMPLETE: "资料齐全通知",
    Kind.REMINDER: "补件提醒",
    Kind.DIGEST: "每日简报",
    Kind.ALARM: "运行告警",
}

ISSUES_TITLE: Final = {False: "缺件清单", True: "补正告知书"}
"""A list of what is missing is a 补正告知书 only when a person has approved it."""

RESULT_TITLE: Final = "核对结果"
WITHDRAWN_TITLE: Final = "撤回登记通知"

LETTER_STATES: Final[Mapping[LetterState, str]] = {
    LetterState.DRAFT: "草稿",
    LetterState.QUEUED: "待发送",
    LetterState.SENT: "已发送",
    LetterState.FAILED: "发送失败",
    LetterState.BOUNCED: "被退回",
    LetterState.SUPPRESSED: "不发送",
}

VERDICTS: Final[Mapping[Verdict, str]] = {
    Verdict.PASS: "发件人已验证",
    Verdict.FAIL: "发件人验证未通过",
    Verdict.NONE: "发件人未验证",
}

DOCUMENT_STATES: Final[Mapping[DocumentState, str]] = {
    DocumentState.CURRENT: "有效",
    DocumentState.HELD: "待确认",
    DocumentState.REJECTED: "未采纳",
    DocumentState.MOVED: "已移出",
}

MATCHES: Final[Mapping[str, str]] = {
    "number": "登记编号一致",
    "name": "名称一致",
    "core-and-secretariat": "核心名称与秘书处单位一致",
    "staff": "人工确认",
    "alias": "人工确认过的别名",
}

REVIEWS: Final[Mapping[str, str]] = {
    "match-proposed": "有待确认的匹配",
    "same-name": "名称相同而秘书处单位不同",
    "two-recommenders": "经两个推荐单位报送",
    "held": "有待确认的材料",
    "renamed": "名称有变更",
    "withdrawal-asked": "来信要求撤回",
    "late": "截止后收到",
    "after-complete": "齐全后又收到材料",
}

PROBLEMS: Final[Mapping[Problem, str]] = {
    Problem.EMPTY: "内容为空",
    Problem.DAMAGED: "已损坏",
    Problem.LOCKED: "已加密",
    Problem.UNSUPPORTED: "格式暂不能读取",
    Problem.SCAN: "扫描件，无文字层",
    Problem.TOO_LARGE: "超过大小上限",
    Problem.TOO_MANY: "文件数超过上限",
    Problem.TOO_DEEP: "嵌套层数超过上限",
    Problem.TOO_SLOW: "读取超时",
    Problem.CRASHED: "读取时出错中止",
}

RECOGNISED: Final = "文字由扫描件识别，可能有误"

USUAL_FIELDS: Final = {"secretariat": "秘书处单位", "recommender": "推荐单位"}

DOUBTFUL: Final = "doubtful:"


def finding_label(finding: str, call: Call) -> str:
    """Return what people call a finding: the document and the point, `组建协议·风险承担`.

    A finding that the call does not know keeps its id.
    """
    check = call.check(finding)
    if check is None:
        return finding
    title = call.title_of(check.document) if check.document else ""
    return f"{title}·{check.label}" if title and title != check.label else check.label


def field_title(field: str, call: Call) -> str:
    """Return what a call calls a field of its form, else what that field is usually called."""
    if field == "name":
        return call.name.label
    called = (each.title for each in call.fields if each.id == field)
    return next(called, USUAL_FIELDS[field])


def letter_name(letter: LetterRow) -> str:
    """Return what people call a letter: what its subject calls it, else what its kind is called."""
    titles = (
        (*ISSUES_TITLE.values(), RESULT_TITLE, WITHDRAWN_TITLE)
        if letter.kind is Kind.MISSING_ITEMS
        else ()
    )
    heading = letter.subject.partition("——")[0]
    return next((each for each in titles if each in heading), LETTER_KINDS[letter.kind])


def asks_for_paper(call: Call) -> bool:
    """Whether a call asks for paper copies."""
    return any(each.rule == "paper-record" for each in call.checks)


def seals_wording(seals: Sequence[Seals]) -> tuple[str, ...]:
    """Say what seals can be seen on which pages, those alike that follow each other together."""
    runs: list[list[Seals]] = []
    for each in seals:
        if runs and (runs[-1][-1].page + 1, runs[-1][-1].count) == (each.page, each.count):
            runs[-1].append(each)
        else:
            runs.append([each])
    return tuple(f"{_span(run[0].page, run[-1].page)}：{_seen(run[0].count)}" for run in runs)


def _span(first: int, last: int) -> str:
    return f"第{first}页" if first == last else f"第{first}—{last}页"


def _seen(count: int | None) -> str:
    if count is None:
        return "灰度页，无法判断有无印章"
    return f"可见红色印章{count}枚" if count else "未见红色印章"


def review_wording(code: str, call: Call) -> str:
    """Return what people call a review code 核对原因; an unknown one stays as it is."""
    if code.startswith(DOUBTFUL):
        return f"存疑：{finding_label(code.removeprefix(DOUBTFUL), call)}"
    return REVIEWS.get(code, code)


def reviews_wording(codes: Sequence[str], call: Call) -> str:
    """Return what people call several review codes, the doubtful points together."""
    doubtful = [code.removeprefix(DOUBTFUL) for code in codes if code.startswith(DOUBTFUL)]
    others = [review_wording(code, call) for code in codes if not code.startswith(DOUBTFUL)]
    points = "、".join(finding_label(each, call) for each in doubtful)
    return "；".join([*([f"存疑：{points}"] if points else []), *others])
