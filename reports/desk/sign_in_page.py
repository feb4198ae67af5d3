"""`/login` and `/logout`."""

from __future__ import annotations

import secrets
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel, Field
from starlette.responses import Response

from registry.accounts import Account, account_by_name, check_password, clean_name
from reports.desk.frame import SESSION_COOKIE, Acting, Desk, desk_of
from reports.desk.sign_in import SESSION_LASTS, local_path

router = APIRouter(include_in_schema=False)

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
    _set_cookie(request, response, VISIT_COOKIE, nonce, seconds=3600)
    return response


def _set_cookie(
    request: Request, response: Response, name: str, value: str, *, seconds: int
) -> None:
    secure = request.url.scheme == "https"
    response.set_cookie(name, value, max_age=seconds, httponly=True, samesite="lax", secure=secure)


def _begin(request: Request, desk: Desk, account: Account, next_page: str) -> Response:
    response = RedirectResponse(local_path(next_page), status_code=303)
    cookie = desk.sessions.start(account, desk.clock())
    seconds = int(SESSION_LASTS.total_seconds())
    _set_cookie(request, response, SESSION_COOKIE, cookie, seconds=seconds)
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
    name = desk.sessions.use_link(token, desk.clock())
    with desk.registry.read() as connection:
        account = account_by_name(connection, name) if name else None
    if account is None:
        return _form(request, desk, next_page="/", problem=LINK_OVER, status_code=403)
    return _begin(request, desk, account, next_page)


@router.post("/login")
def login(request: Request, desk: TheDesk, given: Annotated[Given, Form()]) -> Response:
    """Sign in with name and password."""
    back = local_path(given.next)
    nonce = request.cookies.get(VISIT_COOKIE, "")
    if not nonce or not desk.sessions.is_form_token(nonce, given.token):
        return _form(request, desk, next_page=back, problem=STALE, status_code=403)
    name, client = clean_name(given.name), request.client.host if request.client else ""
    if desk.throttle.blocks(name, client, desk.clock()):
        return _form(request, desk, next_page=back, problem=BLOCKED, status_code=429)
    with desk.registry.read() as connection:
        account = check_password(connection, name, given.password)
    if account is None:
        desk.throttle.failed(name, client, desk.clock())
        return _form(request, desk, next_page=back, problem=WRONG, status_code=401)
    desk.throttle.succeeded(name)
    return _begin(request, desk, account, back)


@router.post("/logout")
def logout(visit: Acting) -> Response:
    """Sign out."""
    del visit
    response = RedirectResponse("/login", status_code=303)
    response.delete_cookie(SESSION_COOKIE)
    return response
