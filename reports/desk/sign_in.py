"""Signing in: sessions in a signed cookie, form tokens, one-time links, and a brake on guessing.

A session ends when it has not been used for an hour, twelve hours after it began, when its
person signs out, when the password changes, and when the account is disabled.
"""

from __future__ import annotations

import hmac
import secrets
from collections import defaultdict, deque
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

from itsdangerous import BadSignature, URLSafeSerializer

from registry.accounts import Account

SESSION_LASTS = timedelta(hours=12)
IDLE_LASTS = timedelta(hours=1)
RENEWED_EVERY = timedelta(minutes=1)
"""How old the mark of the last use grows before a new one is set."""

LINK_LASTS = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class Session:
    """Who is signed in. `stamp` changes with the account's password, `nonce` is the session's own.

    `until` is when it ends at the latest, `seen` when it was last used, as POSIX times.
    """

    name: str
    stamp: str
    nonce: str
    until: float
    seen: float

    def is_over(self, now: datetime) -> bool:
        """Whether it is over, by age or by disuse."""
        idle = now.timestamp() - self.seen
        return self.until <= now.timestamp() or idle >= IDLE_LASTS.total_seconds()

    def seconds_left(self, now: datetime) -> int:
        """Return how long it may last at most."""
        return max(0, int(self.until - now.timestamp()))


@dataclass(frozen=True, kw_only=True)
class Link:
    """A sign-in link: whom it is for, and the nonce by which it is spent."""

    name: str
    nonce: str
    until: datetime


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

    def _mac(self, purpose: str, text: str) -> str:
        return hmac.new(self._secret, f"{purpose}\0{text}".encode(), sha256).hexdigest()

    def start(self, account: Account, now: datetime) -> Session:
        """Return a new session for an account."""
        return Session(
            name=account.name,
            stamp=self._stamp(account),
            nonce=secrets.token_urlsafe(18),
            until=(now + SESSION_LASTS).timestamp(),
            seen=now.timestamp(),
        )

    def pack(self, session: Session) -> str:
        """Return the cookie that holds a session."""
        return self._cookie.dumps(asdict(session))

    def read(self, cookie: str, now: datetime) -> Session | None:
        """Return the session in a cookie; None when it is forged, damaged or over."""
        found = _loads(self._cookie, cookie)
        try:
            session = Session(**found) if found else None
        except TypeError:  # a cookie of an older version
            return None
        return None if session is None or session.is_over(now) else session

    def used(self, session: Session, now: datetime) -> Session | None:
        """Return the session marked as used now; None while its mark is fresh."""
        fresh = now.timestamp() - session.seen < RENEWED_EVERY.total_seconds()
        return None if fresh else replace(session, seen=now.timestamp())

    def holds(self, session: Session, account: Account) -> bool:
        """Tell whether neither password nor disabling has ended the session since it began."""
        return hmac.compare_digest(session.stamp, self._stamp(account))

    def _stamp(self, account: Account) -> str:
        return self._mac("stamp", f"{account.shut_outs}\0{account.password}")

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

    def read_link(self, token: str, now: datetime) -> Link | None:
        """Return what a sign-in link says; None when it is over or forged."""
        found = _loads(self._link, token)
        if found is None or found["until"] <= now.timestamp():
            return None
        until = datetime.fromtimestamp(found["until"], UTC)
        return Link(name=found["name"], nonce=found["nonce"], until=until)


def _loads(serializer: URLSafeSerializer, text: str) -> dict[str, Any] | None:
    try:
        found = serializer.loads(text)
    except BadSignature:
        return None
    return found if isinstance(found, dict) else None


class Throttle:
    """Holds back sign-in after too many failures, by name and by client; kept in memory.

    A client that guesses at a name soon may not, but keeps the person of that name from
    signing in elsewhere only where many clients guess together.
    Every attempt counts as a failure until it has succeeded: many at once would else all
    be let through before the first has failed.
    """

    WINDOW = timedelta(minutes=15)
    PER_NAME_AND_CLIENT = 8
    PER_NAME = 80
    PER_CLIENT = 30
    MOST_KEYS = 10_000

    def __init__(self) -> None:
        self._failures: dict[tuple[str, str], deque[datetime]] = defaultdict(deque)
        self._lock = Lock()

    def admits(self, name: str, client: str, now: datetime) -> bool:
        """Count an attempt, and tell whether it may be made."""
        with self._lock:
            most = {
                ("both", f"{client} {name}"): self.PER_NAME_AND_CLIENT,
                ("name", name): self.PER_NAME,
                ("client", client): self.PER_CLIENT,
            }
            if any(self._recent(key, now) >= bound for key, bound in most.items()):
                return False
            if len(self._failures) >= self.MOST_KEYS:
                for key in list(self._failures):
                    self._recent(key, now)
            for key in most:
                self._failures[key].append(now)
            return True

    def _recent(self, key: tuple[str, str], now: datetime) -> int:
        """Return how many attempts count; those that a clock set back puts ahead are let go."""
        times = self._failures.get(key, ())
        kept = deque(each for each in times if now - self.WINDOW < each <= now)
        if kept:
            self._failures[key] = kept
        else:
            self._failures.pop(key, None)
        return len(kept)

    def succeeded(self, name: str, client: str) -> None:
        """Forget the failures of a name that has signed in, and this attempt of its client."""
        with self._lock:
            self._failures.pop(("name", name), None)
            self._failures.pop(("both", f"{client} {name}"), None)
            by_client = self._failures.get(("client", client))
            if by_client:
                by_client.pop()
