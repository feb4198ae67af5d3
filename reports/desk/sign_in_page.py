"""`/login` and `/logout`."""

from __future__ import annotations

import logging
import secrets
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel, Field
from starlette.responses import Response

from registry.accounts import Account, account_by_name, check_password, clean_name, spend
from reports.desk.frame import (
    RENEWED,
    SESSION_COOKIE,
    ActingForOneself,
    Desk,
    desk_of,
    session_cookie,
    set_cookie,
)
from reports.desk.sign_in import local_path

router = APIRouter(include_in_schema=False)
log = logging.getLogger(__name__)

VISIT_COOKIE = "desk_visit"
"""Binds the sign-in form to the browser that asked for it, before there is a session."""

WRONG = "账号或密码不正确。"
BLOCKED = "失败次数过多，请 15 分钟后再试。"
STALE = "页面已过期，请再次登录。"
LINK_OVER = "这个登录链接已使用或已过期，请用账号和密码登录。"

TheDesk = Annotated[Desk, Depends(desk_of)]


class Given(BaseModel):
    """What the sign-in form sends."""

    name: str = Field(default="", max_length=200)
    password: str = Field(default="", max_length=2000, repr=False)
    token: str = Field(default="", max_length=200)
    next: str = Field(default="/", max_length=2000)


def _form(
    request: Request, desk: Desk, *, next_page: str, problem: str = "", status_code: int = 200
) -> Response:
    nonce = secrets.token_urlsafe(18)
    text = desk.templates.get_template("login.html").render(
        center=desk.settings.center.name,
        token=desk.sessions.form_token(nonce),
        next_page=next_page,
        problem=problem,
    )
    response = HTMLResponse(text, status_code=status_code)
    set_cookie(request, response, VISIT_COOKIE, nonce, seconds=3600)
    return response


def client_of(request: Request) -> str:
    """Return the address that a request came from."""
    return request.client.host if request.client else ""


def begin(request: Request, desk: Desk, account: Account, next_page: str) -> Response:
    """Begin a session, and lead to a page of the desk."""
    response = RedirectResponse(local_path(next_page), status_code=303)
    session = desk.sessions.start(account, desk.clock())
    request.scope["state"].pop(RENEWED, None)  # the old one is not to come after it
    response.headers.append("set-cookie", session_cookie(request, desk, session))
    response.delete_cookie(VISIT_COOKIE)
    return response


@router.get("/login")
def login_page(
    request: Request,
    desk: TheDesk,
    token: Annotated[str, Query(max_length=2000)] = "",
    next_page: Annotated[str, Query(alias="next", max_length=2000)] = "/",
) -> Response:
    """Show the sign-in form, or sign in by a one-time link."""
    if not token:
        return _form(request, desk, next_page=local_path(next_page))
    account = _account_of_link(desk, token)
    if account is None:
        return _form(request, desk, next_page="/", problem=LINK_OVER, status_code=403)
    return begin(request, desk, account, next_page)


def _account_of_link(desk: Desk, token: str) -> Account | None:
    """Use a sign-in link, and return whom it signs in, if anybody."""
    now = desk.clock()
    link = desk.sessions.read_link(token, now)
    if link is None:
        return None
    with desk.registry.write() as connection:
        account = account_by_name(connection, link.name)
        first = spend(connection, link.nonce, link.until, now)
    return account if account and first and not account.disabled else None


@router.post("/login")
def login(request: Request, desk: TheDesk, given: Annotated[Given, Form()]) -> Response:
    """Sign in with name and password."""
    back = local_path(given.next)
    nonce = request.cookies.get(VISIT_COOKIE, "")
    if not nonce or not desk.sessions.is_form_token(nonce, given.token):
        return _form(request, desk, next_page=back, problem=STALE, status_code=403)
    name, client = clean_name(given.name), client_of(request)
    if not desk.throttle.admits(name, client, desk.clock()):
        log.warning("desk: sign-in held back after too many failures, from %s", client)
        return _form(request, desk, next_page=back, problem=BLOCKED, status_code=429)
    with desk.registry.read() as connection:
        account = check_password(connection, name, given.password)
    if account is None:
        log.warning("desk: sign-in refused, from %s", client)  # a password may stand as the name
        return _form(request, desk, next_page=back, problem=WRONG, status_code=401)
    desk.throttle.succeeded(name, client)
    return begin(request, desk, account, back)


@router.post("/logout")
def logout(visit: ActingForOneself) -> Response:
    """Sign out: the session is over, also for whoever may have a copy of its cookie."""
    now = visit.desk.clock()
    until = datetime.fromtimestamp(visit.session.until, UTC)
    with visit.desk.registry.write() as connection:
        spend(connection, visit.session.nonce, until, now)
    visit.request.scope["state"].pop(RENEWED, None)
    response = RedirectResponse("/login", status_code=303)
    response.delete_cookie(SESSION_COOKIE)
    return response
