"""Signing in: sessions in a signed cookie, form tokens, one-time links, and a brake on guessing."""

from __future__ import annotations

import hmac
import secrets
from collections import defaultdict, deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

from itsdangerous import BadSignature, URLSafeSerializer

from registry.accounts import Account

SESSION_LASTS = timedelta(hours=12)
LINK_LASTS = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class Session:
    """Who is signed in. `stamp` changes with the password, `nonce` is the session's own."""

    name: str
    stamp: str
    nonce: str


def local_path(text: str) -> str:
    """Return a path on this desk as given, or `/` for whatever might lead elsewhere."""
    if not text.startswith("/") or text.startswith("//") or "\\" in text or not text.isprintable():
        return "/"
    try:
        parts = urlsplit(text)
    except ValueError:
        return "/"
    return "/" if parts.scheme or parts.netloc else text


def sign_in_token(secret: bytes, name: str, now: datetime) -> str:
    """Return the token of a link `/login?token=…` that signs `name` in, once, within an hour."""
    until = (now + LINK_LASTS).timestamp()
    return _link(secret).dumps({"name": name, "until": until, "nonce": secrets.token_urlsafe(12)})


def _link(secret: bytes) -> URLSafeSerializer:
    return URLSafeSerializer(secret, salt="desk sign-in link")


class Sessions:
    """Makes and reads what the desk signs: session cookies, form tokens, messages, links."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._cookie = URLSafeSerializer(secret, salt="desk session")
        self._message = URLSafeSerializer(secret, salt="desk message")
        self._link = _link(secret)
        self._used: dict[str, float] = {}
        self._lock = Lock()

    def _mac(self, purpose: str, text: str) -> str:
        return hmac.new(self._secret, f"{purpose}\0{text}".encode(), sha256).hexdigest()

    def start(self, account: Account, now: datetime) -> str:
        """Return the cookie of a new session for an account."""
        return self._cookie.dumps(
            {
                "name": account.name,
                "stamp": self._mac("stamp", account.password),
                "nonce": secrets.token_urlsafe(18),
                "until": (now + SESSION_LASTS).timestamp(),
            }
        )

    def read(self, cookie: str, now: datetime) -> Session | None:
        """Return the session in a cookie; None when it is forged, damaged or over."""
        found = _loads(self._cookie, cookie)
        if found is None or found["until"] <= now.timestamp():
            return None
        return Session(name=found["name"], stamp=found["stamp"], nonce=found["nonce"])

    def holds(self, session: Session, account: Account) -> bool:
        """Tell whether the session was begun with the account's present password."""
        return hmac.compare_digest(session.stamp, self._mac("stamp", account.password))

    def form_token(self, nonce: str) -> str:
        """Return the token that every form of a session carries."""
        return self._mac("form", nonce)

    def is_form_token(self, nonce: str, token: str) -> bool:
        """Tell whether a form came from a page of this session."""
        return hmac.compare_digest(self.form_token(nonce).encode(), token.encode())

    def pack_message(self, text: str, tone: str) -> str:
        """Return a message for the next page, as a cookie."""
        return self._message.dumps({"text": text, "tone": tone})

    def unpack_message(self, cookie: str) -> dict[str, str] | None:
        """Return the message in a cookie, or None."""
        return _loads(self._message, cookie)

    def use_link(self, token: str, now: datetime) -> str | None:
        """Return the name that a sign-in link is for; None when it is over, used or forged."""
        found = _loads(self._link, token)
        if found is None or found["until"] <= now.timestamp():
            return None
        with self._lock:
            moment = now.timestamp()
            self._used = {key: until for key, until in self._used.items() if until > moment}
            if found["nonce"] in self._used:
                return None
            self._used[found["nonce"]] = found["until"]
        return str(found["name"])


def _loads(serializer: URLSafeSerializer, text: str) -> dict[str, Any] | None:
    try:
        found = serializer.loads(text)
    except BadSignature:
        return None
    return found if isinstance(found, dict) else None


class Throttle:
    """Holds back sign-in after too many failures, by name and by client; kept in memory."""

    WINDOW = timedelta(minutes=15)
    PER_NAME = 8
    PER_CLIENT = 30
    MOST_KEYS = 10_000

    def __init__(self) -> None:
        self._failures: dict[tuple[str, str], deque[datetime]] = defaultdict(deque)
        self._lock = Lock()

    def blocks(self, name: str, client: str, now: datetime) -> bool:
        """Tell whether this name or client has failed too often of late."""
        with self._lock:
            by_name = self._recent(("name", name), now)
            return by_name >= self.PER_NAME or self._recent(("client", client), now) >= (
                self.PER_CLIENT
            )

    def _recent(self, key: tuple[str, str], now: datetime) -> int:
        times = self._failures.get(key)
        while times and times[0] <= now - self.WINDOW:
            times.popleft()
        if times is not None and not times:
            del self._failures[key]
        return len(times or ())

    def failed(self, name: str, client: str, now: datetime) -> None:
        """Count a failure."""
        with self._lock:
            if len(self._failures) >= self.MOST_KEYS:
                for key in list(self._failures):
                    self._recent(key, now)
            for key in (("name", name), ("client", client)):
                self._failures[key].append(now)

    def succeeded(self, name: str) -> None:
        """Forget the failures of a name that has signed in."""
        with self._lock:
            self._failures.pop(("name", name), None)
