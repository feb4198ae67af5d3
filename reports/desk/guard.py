"""What stands before every page: host names that are answered, bounds, and headers."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable
from ipaddress import ip_address
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reports.desk.frame import RENEWED

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
EVERY_ADDRESS = frozenset({"0.0.0.0", "::"})  # noqa: S104 - recognised here, not listened on

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
"""No script at all, and nothing from outside: the pages need neither."""

HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}


FORM_BYTES = 4 * 1024**2
"""The most bytes a form may send; also what a stranger can make the desk hold in memory."""

SHEET = "/paper/import"
SHEET_BYTES = 32 * 1024**2
"""The most bytes an uploaded sheet may have."""

FILES = re.compile(r"/dossiers/[^/]+/files")


def host_name(header: str) -> str:
    """Return the host in a Host header, without port and brackets, in lower case."""
    host = header.strip().lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


class Guard:
    """Answers only requests for this machine's own names, and puts the headers on all answers.

    A foreign name that leads here (DNS rebinding) would let a stranger's page read the desk.
    Where the desk listens on every address, an address may stand for the name; `names` are
    further ones, such as that of a proxy before it. `files_bytes` is the most that files added
    to a dossier may have together.
    """

    def __init__(
        self, app: ASGIApp, *, listens_on: str, names: Iterable[str] = (), files_bytes: int
    ) -> None:
        self._app = app
        self._files_bytes = files_bytes
        own = {listens_on.lower(), socket.gethostname().lower()}
        self._names = LOOPBACK | own | {each.lower() for each in names}
        self._any_address = listens_on in EVERY_ADDRESS

    def allows(self, host: str) -> bool:
        """Tell whether a request for that host is answered."""
        return host in self._names or (self._any_address and _is_address(host))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or refuse with 400."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        scope["state"] = state = dict[str, Any](scope.get("state") or {})
        kept = "no-cache" if scope["path"].startswith("/static/") else "no-store"

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                headers.setdefault("cache-control", kept)
                if renewed := state.get(RENEWED):
                    headers.append("set-cookie", renewed)
            await send(message)

        answer = self._refusal(scope["path"], Headers(scope=scope)) or self._app
        await answer(scope, receive, send_with_headers)

    def _refusal(self, path: str, headers: Headers) -> PlainTextResponse | None:
        if not self.allows(host_name(headers.get("host", ""))):
            return PlainTextResponse("工作台不以此主机名提供服务。", status_code=400)
        if "transfer-encoding" in headers:
            return PlainTextResponse("请求须注明长度。", status_code=411)
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > self._bound(path):
            most = self._bound(path) // 1024**2
            return PlainTextResponse(f"内容过大：一次至多 {most} MB，请分几次。", status_code=413)
        return None

    def _bound(self, path: str) -> int:
        """Return how many bytes a request to that path may send."""
        if FILES.fullmatch(path):
            return self._files_bytes
        return SHEET_BYTES if path == SHEET else FORM_BYTES
