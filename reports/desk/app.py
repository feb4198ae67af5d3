"""The staff desk 工作台 as one web application."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from config.call import Call
from config.settings import Settings
from registry.database import Registry
from registry.originals import Originals
from reports.desk import (
    account_page,
    alias_page,
    api,
    dossier_page,
    health_page,
    letter_page,
    link_page,
    mail_page,
    paper_page,
    queue_page,
    sign_in_page,
    statistics_page,
    upload_page,
)
from reports.desk.frame import Desk, SignInNeededError
from reports.desk.guard import HEADERS, Guard
from reports.desk.sign_in import Sessions, Throttle
from reports.desk.templating import environment

log = logging.getLogger(__name__)

PAGES = (
    queue_page,
    dossier_page,
    upload_page,
    mail_page,
    link_page,
    letter_page,
    paper_page,
    alias_page,
    statistics_page,
    account_page,
    sign_in_page,
    health_page,
    api,
)

PROBLEMS = {
    400: "请求不完整或有误。",
    403: "没有权限执行此操作。",
    404: "没有这个页面。",
    405: "没有这个页面。",
    503: "磁盘已满，或数据库被占用、不可用：本次操作未完成。请稍后再试，并告知系统管理员。",
    500: "系统出错，本次操作未完成。请稍后再试；如再次出现，请告知系统管理员。",
}


def create_app(
    *,
    registry: Registry,
    originals: Originals,
    settings: Settings,
    calls: Mapping[str, Call],
    clock: Callable[[], datetime],
    secret: bytes,
) -> FastAPI:
    """Return the desk, ready to be served.

    `clock` tells the time with its zone; `secret` signs sessions and must outlive a restart
    for people to stay signed in.
    """
    app = FastAPI(
        title="dossier-intake",
        description="The registry's records, as the command line prints them with --json.",
        version="1",
        openapi_url=None,
    )
    app.state.desk = Desk(
        registry=registry,
        originals=originals,
        settings=settings,
        calls=calls,
        clock=clock,
        sessions=Sessions(secret),
        throttle=Throttle(),
        templates=environment(settings, calls[settings.service.default_call]),
    )
    for page in PAGES:
        app.include_router(page.router)
    app.mount("/static", StaticFiles(directory=Path(__file__).with_name("static")))
    app.add_middleware(
        Guard,
        listens_on=settings.desk.host,
        names=settings.desk.hosts,
        files_bytes=settings.limits.message_bytes,
    )
    _handle_problems(app)
    return app


def _handle_problems(app: FastAPI) -> None:
    @app.exception_handler(SignInNeededError)
    def _sign_in(request: Request, _: Exception) -> Response:
        if _is_for_programs(request):
            return JSONResponse({"detail": "sign in first"}, status_code=401)
        asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        after = f"?next={quote(asked)}" if request.method == "GET" and asked != "/" else ""
        return RedirectResponse(f"/login{after}", status_code=303)

    @app.exception_handler(HTTPException)
    def _refused(request: Request, problem: Exception) -> Response:
        status = problem.status_code if isinstance(problem, HTTPException) else 500
        own_words = problem.detail if isinstance(problem, HTTPException) else ""
        words = own_words if not own_words.isascii() else PROBLEMS.get(status, PROBLEMS[400])
        return _problem(request, status, words)

    @app.exception_handler(RequestValidationError)
    def _malformed(request: Request, problem: Exception) -> Response:
        if _is_for_programs(request) and isinstance(problem, RequestValidationError):
            places = [".".join(map(str, each["loc"])) for each in problem.errors()]
            return JSONResponse({"detail": f"cannot be used: {', '.join(places)}"}, 422)
        status = 404 if request.method in {"GET", "HEAD"} else 400
        return _problem(request, status, PROBLEMS[status])

    @app.exception_handler(DBAPIError)
    @app.exception_handler(OSError)
    def _in_trouble(request: Request, error: Exception) -> Response:
        said = error.orig if isinstance(error, DBAPIError) else error
        log.error("desk: trouble in the house at %s: %s", request.method, said)
        return _problem(request, 503, PROBLEMS[503])

    @app.exception_handler(Exception)
    def _broken(request: Request, _: Exception) -> Response:
        answer = _problem(request, 500, PROBLEMS[500])
        answer.headers.update(HEADERS)  # this answer is given outside of the guard
        return answer


def _is_for_programs(request: Request) -> bool:
    return request.url.path.startswith("/api/") or request.url.path == "/metrics"


def _problem(request: Request, status: int, words: str) -> Response:
    if _is_for_programs(request):
        return JSONResponse({"detail": words}, status_code=status)
    desk: Desk = request.app.state.desk
    text = desk.templates.get_template("problem.html").render(status=status, words=words)
    return HTMLResponse(text, status_code=status)
