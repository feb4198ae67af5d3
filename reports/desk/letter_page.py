"""`/letters`: every letter, and the forms to release, hold or edit those not yet sent."""

from __future__ import annotations

from datetime import datetime
from email.utils import make_msgid
from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Query
from pydantic import BaseModel, Field
from sqlalchemy import Connection
from starlette.responses import Response

from registry import decisions, queries
from registry import models as m
from registry.rows import LetterState
from reports.desk.frame import Acting, Id, PageNumber, SignedIn, paging
from reports.history import tell
from reports.letters import edit_html

router = APIRouter(include_in_schema=False)

Back = Annotated[str, Form(max_length=2000)]


class Edited(BaseModel):
    """The form by which a person changes a letter; `release` is set to let it go at once.

    `anyway`: he has been told that a dossier has changed since it was written.
    """

    subject: str = Field(max_length=500)
    text: str = Field(max_length=200_000)
    release: str = Field(default="", max_length=10)
    anyway: str = Field(default="", max_length=3)


@router.get("/letters")
def letters_page(
    visit: SignedIn, state: Annotated[str, Query(max_length=40)] = "", page: PageNumber = 1
) -> Response:
    """Show the letters, the newest first."""
    if state and state not in set(LetterState):
        raise HTTPException(404, "没有这种状态。")
    with visit.reading() as connection:
        counts = queries.count_by_state(connection)
        total = counts.get(LetterState(state), 0) if state else sum(counts.values())
        where = paging(page, total)
        return visit.page(
            connection,
            "letters.html",
            counts=counts,
            state=state,
            paging=where,
            letters=queries.letters(
                connection,
                state=state,
                newest_first=True,
                limit=queries.PAGE,
                offset=where.offset,
            ),
        )


@router.get("/letters/{letter}")
def letter_page(visit: SignedIn, letter: Id) -> Response:
    """Show one letter."""
    with visit.reading() as connection:
        found = queries.letter_by_id(connection, letter)
        if found is None:
            raise HTTPException(404, "没有这封函件。")
        told = queries.history(connection, m.event.c.letter_id == letter)
        return visit.page(
            connection,
            "letter.html",
            letter=found,
            history=[tell(each) for each in told],
        )


@router.post("/letters/{letter}/send")
def send(
    visit: Acting, letter: Id, anyway: Annotated[str, Form(max_length=3)] = "", back: Back = ""
) -> Response:
    """Release a letter, with `anyway` also one that was suppressed."""
    return visit.act(
        lambda connection, now: decisions.send_letter(
            connection, letter, anyway=bool(anyway), who=visit.account.name, now=now
        ),
        done="已放行，系统会发出这封函件。",
        back=back or f"/letters/{letter}",
    )


@router.post("/letters/{letter}/hold")
def hold(visit: Acting, letter: Id, back: Back = "") -> Response:
    """Keep a letter back until a person releases it."""
    return visit.act(
        lambda connection, now: decisions.hold_letter(
            connection, letter, who=visit.account.name, now=now
        ),
        done="已扣下，放行前不会发出。",
        back=back or f"/letters/{letter}",
    )


@router.post("/letters/{letter}/redirect")
def redirect(visit: Acting, letter: Id, to: Annotated[str, Form(max_length=300)]) -> Response:
    """Send a letter that has not arrived to another address."""
    domain = visit.desk.settings.smtp.address.rpartition("@")[2]

    def deed(connection: Connection, now: datetime) -> str:
        name, message_id = visit.account.name, make_msgid(domain=domain)
        new = decisions.redirect_letter(
            connection, letter, to, message_id=message_id, who=name, now=now
        )
        return f"函件 {new}，系统会发出。"

    return visit.act(deed, done="已改发，另立", back=f"/letters/{letter}")


@router.post("/letters/{letter}/edit")
def edit(visit: Acting, letter: Id, given: Annotated[Edited, Form()]) -> Response:
    """Keep what a letter shall say, and let it go at once where that is asked for."""
    text, who = given.text.replace("\r\n", "\n"), visit.account.name

    def deed(connection: Connection, now: datetime) -> None:
        found = queries.letter_by_id(connection, letter)
        if found is None:
            raise HTTPException(404, "没有这封函件。")
        unchanged = (found.subject, found.text.rstrip()) == (given.subject, text.rstrip())
        if not (given.release and unchanged):
            html = edit_html(text)
            decisions.edit_letter(
                connection, letter, subject=given.subject, text=text, html=html, who=who, now=now
            )
        if given.release:
            anyway = bool(given.anyway)
            decisions.send_letter(connection, letter, who=who, now=now, anyway=anyway)

    done = "已放行，系统会发出这封函件。" if given.release else "已保存。放行后发出。"
    return visit.act(deed, done=done, back=f"/letters/{letter}")
