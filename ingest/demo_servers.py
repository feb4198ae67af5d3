"""The demo's own mail servers: a mailbox and a mail catcher on loopback, gone with the demo."""

from __future__ import annotations

import asyncio
import secrets
from argparse import Namespace
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as modern_policy
from threading import Thread

from aiosmtpd.smtp import SMTP, Envelope, Session
from imapclient import IMAPClient
from proxyprotocol.reader import ProxyProtocolReader
from pymap.backend.dict import Config, Login
from pymap.concurrent import Subsystem
from pymap.imap import IMAPServer
from pymap.user import Passwords, UserMetadata
from pysasl.hashing import BuiltinHash

LOOPBACK = "127.0.0.1"
FOLDER = "INBOX"
TIMEOUT_SECONDS = 30

OnLetter = Callable[[EmailMessage], None]


@dataclass(frozen=True, kw_only=True)
class MailServers:
    """Both servers as they listen on loopback; the mailbox is that of `user`."""

    imap_port: int
    smtp_port: int
    user: str
    password: str

    @contextmanager
    def sender(self) -> Iterator[Callable[[bytes], None]]:
        """Give a function that lets a mail arrive in the mailbox, now."""
        with IMAPClient(LOOPBACK, self.imap_port, ssl=False, timeout=TIMEOUT_SECONDS) as client:
            client.login(self.user, self.password)
            yield lambda raw: client.append(FOLDER, raw)


@contextmanager
def mail_servers(user: str, on_letter: OnLetter) -> Iterator[MailServers]:
    """Run both servers in a thread until the block ends.

    `on_letter` is called from that thread with every letter that was handed over.
    """
    running: Future[tuple[MailServers, Callable[[], None]]] = Future()
    thread = Thread(
        target=lambda: asyncio.run(_serve(user, on_letter, running)), name="demo mail servers"
    )
    thread.start()
    try:
        servers, stop = running.result()
        try:
            yield servers
        finally:
            stop()
    finally:
        thread.join()


async def _serve(
    user: str,
    on_letter: OnLetter,
    running: Future[tuple[MailServers, Callable[[], None]]],
) -> None:
    """Start both servers, tell where they are and how to stop them, and wait for that."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    password = secrets.token_urlsafe(16)
    try:
        imap = await _start_mailbox(user, password)
        smtp = await _start_catcher(on_letter)
    except BaseException as error:
        running.set_exception(error)
        raise
    servers = MailServers(
        imap_port=_port(imap), smtp_port=_port(smtp), user=user, password=password
    )
    running.set_result((servers, lambda: _signal(loop, stop)))
    await stop.wait()
    imap.close()
    smtp.close()


def _signal(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    loop.call_soon_threadsafe(stop.set)


def _port(server: asyncio.Server) -> int:
    return int(server.sockets[0].getsockname()[1])


class _MailboxConfig(Config):
    """pymap's settings, without asking a name server who we are."""

    @property
    def greeting(self) -> bytes:
        return b"demo mailbox ready"


async def _start_mailbox(user: str, password: str) -> asyncio.Server:
    config = _MailboxConfig(
        Namespace(proxy_protocol=None),
        host=LOOPBACK,
        port=0,
        tls_enabled=False,
        cpu_subsystem=Subsystem.for_asyncio(),
        hash_context=BuiltinHash(rounds=1),  # the password is random and lives for minutes
        demo_data=False,
        demo_user=user,
        demo_password=password,
    )
    config.apply_context()
    login = Login(config)
    hashed = await Passwords(config).hash_password(password)
    await login.demo_user_identity.set(UserMetadata(config, user, password=hashed))
    answer = ProxyProtocolReader(config.proxy_protocol).get_callback(IMAPServer(login, config))
    return await asyncio.start_server(answer, LOOPBACK, 0)


async def _start_catcher(on_letter: OnLetter) -> asyncio.Server:
    loop = asyncio.get_running_loop()
    return await loop.create_server(
        lambda: SMTP(_Catcher(on_letter), hostname="localhost", loop=loop), LOOPBACK, 0
    )


class _Catcher:
    """Takes every letter and shows it; nothing leaves the machine."""

    def __init__(self, on_letter: OnLetter) -> None:
        self._on_letter = on_letter

    async def handle_DATA(  # noqa: N802 - the name that aiosmtpd calls
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Take a letter."""
        del server, session
        self._on_letter(message_from_bytes(envelope.original_content or b"", policy=modern_policy))
        return "250 caught"
