"""`/mails`: every mail ever seen and what became of it, and what staff can do about it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Query
from sqlalchemy import Connection
from starlette.responses import Response

from registry import decisions, link_lists, queries
from registry import models as m
from registry.rows import Fate, MailRow
from reports.desk.downloads import download
from reports.desk.frame import Acting, Id, PageNumber, SignedIn, Words, paging
from reports.desk.link_page import link_lines
from reports.history import tell

router = APIRouter(include_in_schema=False)

WAITING = "waiting"
"""The tab of mails that wait for a person; no fate of its own."""

Text = Annotated[str, Form(max_length=2000)]


@router.get("/mails")
def mails_page(
    visit: SignedIn,
    fate: Annotated[str, Query(max_length=40)] = "",
    search: Words = "",
    page: PageNumber = 1,
) -> Response:
    """Show the mails, the newest first."""
    if fate and fate != WAITING and fate not in set(Fate):
        raise HTTPException(404, "没有这种去向。")
    waiting = fate == WAITING
    kept = "" if waiting else fate
    with visit.reading() as connection:
        total = queries.mails_size(connection, fate=kept, search=search, waiting=waiting)
        where = paging(page, total)
        return visit.page(
            connection,
            "mails.html",
            counts=queries.count_by_fate(connection, search=search),
            waiting_count=queries.mails_size(connection, search=search, waiting=True),
            fate=fate,
            search=search,
            paging=where,
            mails=queries.mails(
                connection,
                fate=kept,
                search=search,
                waiting=waiting,
                newest_first=True,
                limit=queries.PAGE,
                offset=where.offset,
            ),
        )


def _mail_or_404(connection: Connection, mail: int) -> MailRow:
    found = queries.mail_by_id(connection, mail)
    if found is None:
        raise HTTPException(404, "没有这封邮件。")
    return found


@router.get("/mails/{mail}")
def mail_page(visit: SignedIn, mail: Id) -> Response:
    """Show one mail."""
    with visit.reading() as connection:
        found = _mail_or_404(connection, mail)
        told = queries.history(connection, m.event.c.mail_id == mail)
        letters = (queries.letter_by_id(connection, each) for each in found.letters)
        return visit.page(
            connection,
            "mail.html",
            mail=found,
            letters=[each for each in letters if each],
            history=[tell(each) for each in told],
            lines=link_lines(link_lists.links_in(connection, mail), visit.now),
        )


@router.get("/mails/{mail}/original")
def mail_download(visit: SignedIn, mail: Id) -> Response:
    """Give a mail as it was fetched, as a download."""
    with visit.reading() as connection:
        found = _mail_or_404(connection, mail)
    if found.sha256 is None:
        raise HTTPException(404, "这封邮件超过大小上限，只登记了信头，没有保存原件。")
    return download(visit.desk.originals, found.sha256, f"mail-{found.id}.eml")


@router.post("/mails/{mail}/assign")
def assign(visit: Acting, mail: Id, target: Text, back: Text = "") -> Response:
    """Give a mail to a dossier by hand."""
    return visit.act(
        lambda connection, now: decisions.assign(
            connection, mail, target, who=visit.account.name, now=now
        ),
        done="已指定去向，系统会重新处理这封邮件。",
        back=back or f"/mails/{mail}",
    )


@router.post("/mails/{mail}/retry")
def retry(visit: Acting, mail: Id, back: Text = "") -> Response:
    """Process a quarantined mail again."""
    return visit.act(
        lambda connection, now: decisions.retry(connection, mail, who=visit.account.name, now=now),
        done="已重新排队，系统会再次处理这封邮件。",
        back=back or f"/mails/{mail}",
    )


@router.post("/mails/{mail}/read")
def mark_read(visit: Acting, mail: Id, back: Text = "") -> Response:
    """Mark a noted mail as read."""
    return visit.act(
        lambda connection, now: decisions.mark_read(
            connection, mail, who=visit.account.name, now=now
        ),
        done="已标为已读。",
        back=back or f"/mails/{mail}",
    )


@router.post("/mails/{mail}/dismiss")
def dismiss(visit: Acting, mail: Id, reason: Text = "", back: Text = "") -> Response:
    """Settle a mail that needs nothing further."""
    return visit.act(
        lambda connection, now: decisions.dismiss_mail(
            connection, mail, reason, who=visit.account.name, now=now
        ),
        done="已了结这封邮件。",
        back=back or f"/mails/{mail}",
    )
