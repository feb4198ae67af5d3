"""Trouble of the service, in words for staff: above the desk's pages, and as a letter 告警."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Final
from zoneinfo import ZoneInfo

from config.settings import Center
from registry.alarms import Alarm
from registry.health import Trouble, What
from reports.letters import Rendered, edit_html, environment, moment_of, one_line, size_of, tidy

ADVICE: Final = {
    What.MAILBOX: "请检查邮箱的服务器设置与网络",
    What.MAIL_SERVER: "请检查发件服务器设置与网络；函件均已留存，恢复后自动发出",
    What.MAILS: "请查看服务日志",
    What.DOSSIERS: "请查看服务日志",
    What.ANSWERS: "请查看服务日志，函件可能写不出来",
    What.LETTERS: "请在工作台“函件”中查看原因",
    What.DISK: "请尽快清理或扩充磁盘",
}
SIGN_IN: Final = "请检查用户名和密码；163、126、QQ等邮箱须使用授权码，授权码可能已过期或被重置"

CAUSES: Final = {
    "connection refused": "连接被拒绝，主机或端口可能有误",
    "timed out": "连接超时",
    "name or service not known": "主机名无法解析",
    "no address associated": "主机名无法解析",
    "name resolution": "主机名无法解析",
    "no route to host": "网络不通",
    "unreachable": "网络不通",
    "certificate": "服务器证书未通过校验",
    "wrong version number": "加密方式与端口不符",
    "connection reset": "连接被对方中断",
    "broken pipe": "连接被对方中断",
    "unexpectedly closed": "连接被对方中断",
    "no space left": "磁盘已满",
    "permission denied": "没有读写权限",
    "no such file": "文件或文件夹不存在",
}
"""What this machine says of a connection or a file, in words for staff."""

SAID_LENGTH: Final = 500
"""How much of a server's words is told."""


def trouble_words(trouble: Trouble, zone: ZoneInfo) -> str:
    """Return what is wrong and what to do about it."""
    advice = SIGN_IN if trouble.urgent else ADVICE[trouble.what]
    return f"{trouble.title}{_how_much(trouble, zone)}。{advice}。{_cause(trouble)}"


def _cause(trouble: Trouble) -> str:
    """Return why, where it can be told: a server that answered is quoted."""
    said = trouble.detail.lower()
    known = next((words for sign, words in CAUSES.items() if sign in said), "")
    if known and not trouble.urgent:
        return f"原因：{known}。"
    return f"服务器答复：{one_line(trouble.detail, SAID_LENGTH)}" if trouble.detail else ""


def _how_much(trouble: Trouble, zone: ZoneInfo) -> str:
    since = moment_of(trouble.since, zone) if trouble.since else ""
    match trouble.what:
        case What.MAILBOX:
            return f"，最近一次读取是{since}" if since else ""
        case What.MAIL_SERVER:
            return f"，有{trouble.count}件函件等待发出"
        case What.DISK:
            return f"，仅余{size_of(trouble.count)}"
        case _:
            return f"：{trouble.count}件，最早的自{since}起"


def write_alarm(
    begun: Sequence[Trouble],
    over: Sequence[Alarm],
    center: Center,
    zone: ZoneInfo,
    now: datetime,
) -> Rendered:
    """Write the letter that tells of trouble which has begun, and of trouble which is over."""
    values = {
        "begun": begun,
        "over": over,
        "words": partial(trouble_words, zone=zone),
        "moment": partial(moment_of, zone=zone),
        "center": center,
        "now": now,
    }
    subject = environment().get_template("alarm/subject.txt").render(values)
    text = tidy(environment().get_template("alarm/body.txt").render(values))
    return Rendered(subject=one_line(subject), text=text, html=edit_html(text))
