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
from email.policy import default as modern
from threading import Thread

from aiosmtpd.smtp import SMTP, Envelope, Session
from imapclient import IMAPClient
from proxyprotocol.reader import ProxyProtocolReader
from pymap.backend.dict import Config, DictBackend, Login
from pymap.concurrent import Subsystem
from pymap.imap import IMAPServer
from pysasl.hashing import BuiltinHash

LOOPBACK = "127.0.0.1"
USER = "intake@example.org"
FOLDER = "INBOX"
TIMEOUT_SECONDS = 30


@dataclass(frozen=True, kw_only=True)
class MailServers:
    """Where the demo's mailbox and mail catcher listen; both are on loopback, in the clear."""

    imap_port: int
    smtp_port: int
    password: str

    def deliver(self, raw: bytes) -> None:
        """Let a mail arrive in the mailbox."""
        with IMAPClient(
            LOOPBACK, port=self.imap_port, ssl=False, timeout=TIMEOUT_SECONDS
        ) as client:
            client.login(USER, self.password)
            client.append(FOLDER, raw)


@contextmanager
def mail_servers(on_letter: Callable[[EmailMessage], None]) -> Iterator[MailServers]:
    """Run both servers until the block ends.

    `on_letter` is called, from another thread, with every letter that was handed over.
    """
    loop = asyncio.new_event_loop()
    started: Future[MailServers] = Future()
    stop = asyncio.Event()
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        work = _serve(on_letter, started, stop)
        thread = Thread(target=runner.run, args=(work,), name="demo mail servers")
        thread.start()
        try:
            yield started.result()
        finally:
            loop.call_soon_threadsafe(stop.set)
            thread.join()


async def _serve(
    on_letter: Callable[[EmailMessage], None], started: Future[MailServers], stop: asyncio.Event
) -> None:
    loop = asyncio.get_running_loop()
    password = secrets.token_urlsafe(16)
    imap = await _start_imap(password)
    smtp = await loop.create_server(
        lambda: SMTP(_Catcher(on_letter), hostname="localhost", loop=loop), LOOPBACK, 0
    )
    async with imap, smtp:
        started.set_result(
            MailServers(imap_port=_port(imap), smtp_port=_port(smtp), password=password)
        )
        await stop.wait()
