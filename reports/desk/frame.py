"""What all pages share: the desk's parts, who visits, reading, acting, and rendering."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import Annotated

from fastapi import Depends, HTTPException, Path, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment
from sqlalchemy import Connection
from starlette.responses import Response

from config.call import Call
from config.settings import Settings
from registry import link_lists, queries
from registry.accounts import Account, Role, account_by_name, is_spent
from registry.database import Registry
from registry.decisions import RefusedError
from registry.health import Health, free_bytes, look
from registry.judging import call_of as kept_call
from registry.originals import Originals
from registry.rows import DossierRow, LetterState
from reports.desk.sign_in import Session, Sessions, Throttle, local_path

SESSION_COOKIE = "desk_session"
RENEWED = "renewed_cookie"
"""Where in a request's state the guard finds the session's cookie, marked as used now."""

MESSAGE_COOKIE = "desk_message"
MESSAGE_LENGTH = 500
LARGEST = 2**53

Id = Annotated[int, Path(ge=1, le=LARGEST)]
PageNumber = Annotated[int, Query(alias="page", ge=1, le=1_000_000)]
Words = Annotated[str, Query(alias="q", max_length=200)]


class SignInNeededError(Exception):
    """Somebody who has not signed in asks for a page."""


@dataclass(frozen=True, kw_only=True)
class Desk:
    """The parts that the pages work with."""

    registry: Registry
    originals: Originals
    settings: Settings
    calls: Mapping[str, Call]
    clock: Callable[[], datetime]
    sessions: Sessions
    throttle: Throttle
    templates: Environment
    exporting: Lock = field(default_factory=Lock)
    """Held while a workbook of the whole registry is being written."""

    def call_of(self, connection: Connection, row: DossierRow) -> Call:
        """Return the call, in the version under which a dossier is judged."""
        call = self.calls.get(row.call_id)
        if call is not None and call.version == row.call_version:
            return call
        return kept_call(connection, row)

    def health(self, connection: Connection) -> Health:
        """Return how the service stands now."""
        free = free_bytes(self.settings.service.data_dir)
        return look(connection, self.settings, self.clock(), free)


def desk_of(request: Request) -> Desk:
    """Return the parts of the desk that a request came to."""
    desk: Desk = request.app.state.desk
    return desk


@dataclass(frozen=True, kw_only=True)
class Paging:
    """Where a list stands: `page` of `pages`, counted from 1, of `total` rows."""

    page: int
    total: int

    @property
    def pages(self) -> int:
        """How many pages there are; an empty list has one."""
        return max(1, -(-self.total // queries.PAGE))

    @property
    def offset(self) -> int:
        """How many rows stand on the pages before."""
        return (self.page - 1) * queries.PAGE


def paging(page: int, total: int) -> Paging:
    """Return where a list stands. Raises HTTPException 404 for a page that is not there."""
    found = Paging(page=page, total=total)
    if page > found.pages:
        raise HTTPException(404, "没有这一页。")
    return found


def dossier_or_404(connection: Connection, number: str) -> DossierRow:
    """Return the dossier with that number. Raises HTTPException 404 when there is none."""
    row = queries.dossier_by_number(connection, number)
    if row is None:
        raise HTTPException(404, "没有这个编号的申报材料。")
    return row


@dataclass(frozen=True, kw_only=True)
class Visit:
    """One request of a person who is signed in."""

    request: Request
    desk: Desk
    account: Account
    session: Session

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection that sees one unchanging state of the registry."""
        with self.desk.registry.read() as connection:
            yield connection

    @property
    def now(self) -> datetime:
        """The time, in the service's time zone."""
        return self.desk.clock().astimezone(self.desk.settings.service.zone)

    def page(
        self, connection: Connection, template: str, *, status_code: int = 200, **values: object
    ) -> HTMLResponse:
        """Render a page for this visitor."""
        message = self.desk.sessions.unpack_message(self.request.cookies.get(MESSAGE_COOKIE, ""))
        text = self.desk.templates.get_template(template).render(
            account=self.account,
            token=self.desk.sessions.form_token(self.session.nonce),
            here=_here(self.request),
            today=self.now.date(),
            message=message,
            waiting=_waiting(connection),
            troubles=self.desk.health(connection).troubles,
            **values,
        )
        response = HTMLResponse(text, status_code=status_code)
        if message:
            response.delete_cookie(MESSAGE_COOKIE)
        return response

    def act(
        self, deed: Callable[[Connection, datetime], object], *, done: str, back: str
    ) -> Response:
        """Do a deed in one write transaction and go `back` with the message `done`.

        What the deed returns as text is said with it. A refused deed leaves nothing behind;
        its message is shown instead.
        """
        try:
            with self.desk.registry.write() as connection:
                said = deed(connection, self.desk.clock())
        except RefusedError as refusal:
            return self.go(back, str(refusal), "bad")
        return self.go(back, f"{done}{said}" if isinstance(said, str) else done, "good")

    def go(self, path: str, text: str, tone: str) -> Response:
        """Send the visitor to a page of the desk, where a message is shown once."""
        response = RedirectResponse(local_path(path), status_code=303)
        self.keep_message(response, text, tone)
        return response

    def keep_message(self, response: Response, text: str, tone: str) -> None:
        """Have a message shown once, on the next page."""
        packed = self.desk.sessions.pack_message(text[:MESSAGE_LENGTH], tone)
        set_cookie(self.request, response, MESSAGE_COOKIE, packed, seconds=60)


def _here(request: Request) -> str:
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def _waiting(connection: Connection) -> dict[str, int]:
    """Count what waits for a person, for the bar at the top."""
    return {
        "queue": queries.queue_size(connection, waiting=True),
        "mails": queries.mails_size(connection, waiting=True),
        "links": link_lists.open_size(connection),
        "letters": queries.count_by_state(connection).get(LetterState.DRAFT, 0),
    }


def signed_in(request: Request, desk: Annotated[Desk, Depends(desk_of)]) -> Visit:
    """Return the visit of the person signed in. Raises SignInNeededError when nobody is."""
    now = desk.clock()
    session = desk.sessions.read(request.cookies.get(SESSION_COOKIE, ""), now)
    if session is None:
        raise SignInNeededError
    with desk.registry.read() as connection:
        account = account_by_name(connection, session.name)
        ended = is_spent(connection, session.nonce)
    shut = account is None or account.disabled or ended
    if account is None or shut or not desk.sessions.holds(session, account):
        raise SignInNeededError
    used = desk.sessions.used(session, now)
    if used:
        request.scope["state"][RENEWED] = session_cookie(request, desk, used)
    return Visit(request=request, desk=desk, account=account, session=session)


def session_cookie(request: Request, desk: Desk, session: Session) -> str:
    """Return the header that sets a session's cookie."""
    bearer = Response()
    set_cookie(
        request,
        bearer,
        SESSION_COOKIE,
        desk.sessions.pack(session),
        seconds=session.seconds_left(desk.clock()),
    )
    return bearer.headers["set-cookie"]


def set_cookie(
    request: Request, response: Response, name: str, value: str, *, seconds: int
) -> None:
    """Set a cookie that no script and no foreign page can use."""
    secure = request.url.scheme == "https"
    response.set_cookie(name, value, max_age=seconds, httponly=True, samesite="lax", secure=secure)


SignedIn = Annotated[Visit, Depends(signed_in)]


def who_may_act(visit: SignedIn) -> Visit:
    """Return the visit of somebody who may change things. Raises HTTPException 403."""
    if not visit.account.role.may_act:
        raise HTTPException(403, "您的账号只能查看，不能更改。")
    return visit


def who_manages(visit: SignedIn) -> Visit:
    """Return the visit of somebody who manages accounts. Raises HTTPException 403."""
    if visit.account.role is not Role.ADMIN:
        raise HTTPException(403, "只有管理员可以管理账号。")
    return visit


Managing = Annotated[Visit, Depends(who_manages)]


@asynccontextmanager
async def _form_of(visit: Visit) -> AsyncIterator[Visit]:
    """Give the visit, for a form of the desk itself. Raises HTTPException 403 for any other."""
    async with visit.request.form() as form:
        token = form.get("token")
        nonce = visit.session.nonce
        if not isinstance(token, str) or not visit.desk.sessions.is_form_token(nonce, token):
            raise HTTPException(403, "页面已过期或来源不明，操作未执行。请返回后刷新页面再试。")
        yield visit


async def _own_deed(visit: SignedIn) -> AsyncIterator[Visit]:
    async with _form_of(visit) as found:
        yield found


async def _deed(visit: Annotated[Visit, Depends(who_may_act)]) -> AsyncIterator[Visit]:
    async with _form_of(visit) as found:
        yield found


async def _managing_deed(visit: Managing) -> AsyncIterator[Visit]:
    async with _form_of(visit) as found:
        yield found


ActingForOneself = Annotated[Visit, Depends(_own_deed)]
"""A form about the visitor's own account, whatever his role."""

Acting = Annotated[Visit, Depends(_deed)]
"""A form that changes something; not for readers."""

ActingAsManager = Annotated[Visit, Depends(_managing_deed)]
"""A form that changes an account; for admins."""
