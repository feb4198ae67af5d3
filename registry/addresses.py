"""Whose mail counts for a dossier: addresses that are on it. And where its answer goes."""

from __future__ import annotations

import re
from collections.abc import Iterable

from sqlalchemy import Connection, select

from parsers.authentication import same_domain
from parsers.lines import plain
from parsers.submission import Submission
from registry import models as m
from registry.answers import is_address
from registry.rows import DocumentState

PUBLIC_PROVIDERS = frozenset(
    {
        "163.com",
        "126.com",
        "yeah.net",
        "188.com",
        "vip.163.com",
        "vip.126.com",
        "qq.com",
        "vip.qq.com",
        "foxmail.com",
        "sina.com",
        "sina.cn",
        "sina.com.cn",
        "vip.sina.com",
        "sohu.com",
        "tom.com",
        "21cn.com",
        "263.net",
        "189.cn",
        "139.com",
        "wo.cn",
        "aliyun.com",
        "gmail.com",
        "googlemail.com",
        "outlook.com",
        "hotmail.com",
        "live.com",
        "live.cn",
        "msn.com",
        "yahoo.com",
        "yahoo.cn",
        "yahoo.com.cn",
        "icloud.com",
        "me.com",
        "163.net",
        "wo.com.cn",
        "vip.sohu.com",
        "eyou.com",
        "sogou.com",
        "china.com",
        "email.cn",
        "mac.com",
        "ymail.com",
        "aol.com",
        "gmx.com",
        "mail.com",
        "mail.ru",
        "yandex.com",
        "yandex.ru",
        "zoho.com",
        "proton.me",
        "protonmail.com",
    }
)
"""Mail providers at which anybody has an address: an equal domain there means nothing."""

_ADDRESS = re.compile(
    r"[^\s@<>()\[\],;:、，；：]{1,64}@[^\s@<>()\[\],;:、，；：]{1,250}\.[a-z0-9-]{1,63}"
)
"""An address in a field that people filled in, perhaps beside others and with words around.

Bounded (RFC 5321, 4.5.3.1), so that a text made to be slow is not.
"""


def on_dossier(connection: Connection, dossier: int, address: str) -> bool:
    """Tell whether an address is on a dossier.

    On it are the senders and Cc of its mails, the contacts in form and paper record, and
    whoever has the same domain as one of them, unless that is a public provider's.
    """
    known = _addresses(connection, dossier)
    domains = {each.rpartition("@")[2] for each in known} - PUBLIC_PROVIDERS
    return address in known or address.rpartition("@")[2] in domains


def answer_address(
    connection: Connection, submission: Submission, dossiers: Iterable[int] = ()
) -> str:
    """Return where the answer to a mail goes: to its `Reply-To` only where that is safe.

    That is one address in the house of the sender, or one on every one of the dossiers (which
    the mail has not just opened, and on which its sender is). Anybody can name any address
    there, and have a third party written to.
    """
    sender = submission.sender.address
    if len(submission.reply_to) != 1:
        return sender
    to = submission.reply_to[0].address
    domain = to.rpartition("@")[2]
    same_house = same_domain(domain, sender.rpartition("@")[2]) and domain not in PUBLIC_PROVIDERS
    known = list(dossiers)
    on_each = bool(known) and all(on_dossier(connection, each, to) for each in known)
    return to if is_address(to) and (same_house or on_each) else sender


def _addresses(connection: Connection, dossier: int) -> set[str]:
    mails = (
        select(m.mail.c.sender, m.mail.c.cc)
        .join(m.mail_dossier, m.mail_dossier.c.mail_id == m.mail.c.id)
        .where(m.mail_dossier.c.dossier_id == dossier, m.mail_dossier.c.stranger.is_(False))
    )
    said: list[str] = []
    for row in connection.execute(mails):
        said += [row.sender, *row.cc]
    forms = select(m.document.c.facts).where(
        m.document.c.dossier_id == dossier, m.document.c.state == DocumentState.CURRENT
    )
    for facts in connection.execute(forms).scalars():
        said.append(facts.get("fields", {}).get("email", {}).get("value", ""))
    paper = select(m.paper.c.email).join(m.dossier, m.dossier.c.paper_id == m.paper.c.id)
    said += connection.execute(paper.where(m.dossier.c.id == dossier)).scalars()
    return {found for each in said for found in _ADDRESS.findall(plain(each).lower())}
