"""`/links`: files behind links 超大附件, which only a person can fetch, by when they run out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Query
from starlette.responses import Response

from registry import decisions, link_lists, queries
from registry.rows import LinkRow, MailRow
from reports.desk.frame import Acting, PageNumber, SignedIn, paging

router = APIRouter(include_in_schema=False)

SETTLED = "settled"
"""The tab of links that somebody has dealt with."""

EXPIRED = "expired"
"""The tab of open links that have run out: the applicant has to send the files again."""

SOON = 3
"""How many days before the end a link is marked."""

Text = Annotated[str, Form(max_length=2000)]
MailId = Annotated[int, Form(ge=1, le=2**53)]
Numbers = Annotated[tuple[str, ...], Form(max_length=2000)]
"""Numbers of dossiers, one a field."""


@dataclass(frozen=True, kw_only=True)
class Deadline:
    """Until when a link holds, in words, and how pressing that is as a badge."""

    words: str
    badge: str
    expired: bool = False


def deadline(link: LinkRow, now: datetime) -> Deadline:
    """Return how long a link still holds at `now`, whose zone counts the days."""
    if link.expires_at is None:
        return Deadline(words="无限期" if link.never_expires else "到期时间未知", badge="")
    if link.expires_at <= now:
        return Deadline(words="已过期", badge="bad", expired=True)
    days = (link.expires_at.astimezone(now.tzinfo).date() - now.date()).days
    if days == 0:
        return Deadline(words="今天到期", badge="bad")
    return Deadline(words=f"还剩 {days} 天", badge="warn" if days <= SOON else "")


@dataclass(frozen=True, kw_only=True)
class Line:
    """One link as staff see it, with the mail that brought it."""

    link: LinkRow
    deadline: Deadline
    mail: MailRow | None = None


def link_lines(
    links: Iterable[LinkRow], now: datetime, mails: Iterable[MailRow] = ()
) -> tuple[Line, ...]:
    """Return links as staff see them."""
    by_id = {each.id: each for each in mails}
    return tuple(
        Line(link=each, deadline=deadline(each, now), mail=by_id.get(each.mail_id))
        for each in links
    )


@router.get("/links")
def links_page(
    visit: SignedIn,
    which: Annotated[str, Query(max_length=40)] = "",
    page: PageNumber = 1,
) -> Response:
    """Show the links that wait for a person, the soonest to run out first."""
    if which not in {"", EXPIRED, SETTLED}:
        raise HTTPException(404, "没有这个列表。")
    with visit.reading() as connection:
        waiting = link_lists.open_links(connection)
        expired = tuple(each for each in waiting if deadline(each, visit.now).expired)
        counts = {
            "": len(waiting),
            EXPIRED: len(expired),
            SETTLED: link_lists.settled_size(connection),
        }
        where = paging(page, counts[which])
        part = slice(where.offset, where.offset + queries.PAGE)
        shown = (
            link_lists.settled_links(connection, limit=queries.PAGE, offset=where.offset)
            if which == SETTLED
            else (expired if which == EXPIRED else waiting)[part]
        )
        mails = queries.mails_by_id(connection, {each.mail_id for each in shown})
        return visit.page(
            connection,
            "links.html",
            which=which,
            counts=counts,
            paging=where,
            lines=link_lines(shown, visit.now, mails),
        )


@router.post("/links/settle")
def settle(
    visit: Acting,
    *,
    mail: MailId,
    url: Text,
    reason: Text = "",
    numbers: Numbers = (),
    back: Text = "",
) -> Response:
    """Settle a link without its file, in the dossiers that the page named."""
    return visit.act(
        lambda connection, now: decisions.settle_link(
            connection, mail, url, reason, numbers=numbers, who=visit.account.name, now=now
        ),
        done="已了结这个链接。",
        back=back or "/links",
    )


@router.post("/links/reopen")
def reopen(
    visit: Acting, mail: MailId, url: Text, numbers: Numbers = (), back: Text = ""
) -> Response:
    """Put a settled link on the list again, for the dossiers that the page named."""
    return visit.act(
        lambda connection, now: decisions.reopen_link(
            connection, mail, url, numbers=numbers, who=visit.account.name, now=now
        ),
        done="已重新列入待处理。",
        back=back or "/links",
    )
