"""Real servers for the tests, on loopback: Debian's Dovecot, and an SMTP server that keeps mail.

Only NetEase's IMAP server, which cannot be had here, has a stand-in.

Each lives in a temporary folder, is ready when its `with` block begins and gone when it ends.
"""

from __future__ import annotations

import asyncio
import grp
import os
import pwd
import re
import shutil
import signal
import socket
import socketserver
import ssl
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from imapclient import IMAPClient

LOOPBACK = "127.0.0.1"
PASSWORD = "open-sesame"
_START_SECONDS = 20

_CERTIFICATES = """
[req]
distinguished_name = name
prompt = no
[name]
CN = dossier-intake tests
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = IP:127.0.0.1, DNS:localhost
"""

_DOVECOT = """
base_dir = {base}/run
log_path = {base}/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <{tls.certificate}
ssl_key = <{tls.key}
disable_plaintext_auth = no
auth_failure_delay = 0
first_valid_uid = 1
mail_location = maildir:~/Maildir
mail_fsync = never
mail_max_userip_connections = 100
default_internal_user = {system}
default_internal_group = {system_group}
default_login_user = {login}
{capability}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={owner.pw_uid} gid={owner.pw_gid} home={base}/mail/%u
}}
namespace inbox {{
  inbox = yes
  separator = /
}}
service imap-login {{
  chroot =
  service_count = 0
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
# Else one wrong password slows down every later sign-in from this address.
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
"""


@dataclass(frozen=True, kw_only=True)
class Authority:
    """A certificate authority of our own, and a server certificate for loopback signed by it."""

    authority: Path
    certificate: Path
    key: Path

    @classmethod
    def make(cls, folder: Path) -> Self:
        """Make both with the openssl command, which Dovecot depends on."""
        (folder / "openssl.cnf").write_text(_CERTIFICATES, encoding="utf-8")
        made = cls(
            authority=folder / "authority.pem",
            certificate=folder / "server.pem",
            key=folder / "server.key",
        )
        new = ["openssl", "req", "-x509", "-config", "openssl.cnf", "-days", "2", "-nodes"]
        new += ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
        root = ["-extensions", "authority", "-keyout", "authority.key", "-out", "authority.pem"]
        server = ["-extensions", "server", "-keyout", "server.key", "-out", "server.pem"]
        server += ["-CA", "authority.pem", "-CAkey", "authority.key"]
        for arguments in (root, server):
            subprocess.run([*new, *arguments], cwd=folder, check=True, capture_output=True)
        return made

    def server_context(self) -> ssl.SSLContext:
        """Return what a server of ours needs to speak TLS."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.certificate, self.key)
        return context


class Dovecot:
    """Dovecot in the foreground: any user name exists, with PASSWORD, its mail in a Maildir.

    `capability` replaces what the server says it can do, to stand for a poorer server.
    """

    def __init__(self, *, capability: str = "") -> None:
        self._capability = f"imap_capability = {capability}" if capability else ""
        self._users = count(1)
        self._lock = threading.Lock()
        self._clients: dict[str, IMAPClient] = {}
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        program = shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
        if program is None:
            message = "the tests need Dovecot: apt-get install dovecot-imapd (make test does)"
            raise RuntimeError(message)
        # Not pytest's folder: a socket's path must not be longer than 107 bytes.
        self._base = Path(tempfile.mkdtemp(prefix="dovecot-"))
        try:
            self._configure()
            arguments = [program, "-F", "-c", str(self._base / "dovecot.conf")]
            self._process = subprocess.Popen(
                arguments, stderr=subprocess.DEVNULL, start_new_session=True
            )
            self._wait_until_ready(self._process)
        except BaseException:
            self.__exit__()
            raise
        return self

    def _configure(self) -> None:
        self._base.chmod(0o711)
        tls = Authority.make(self._base)
        self.authority = tls.authority
        self.port, self.tls_port = _free_ports(2)
        root = os.geteuid() == 0
        me = pwd.getpwuid(os.geteuid())
        owner = pwd.getpwnam("nobody") if root else me
        (self._base / "mail").mkdir()
        os.chown(self._base / "mail", owner.pw_uid, owner.pw_gid)
        text = _DOVECOT.format(
            base=self._base,
            tls=tls,
            port=self.port,
            tls_port=self.tls_port,
            owner=owner,
            system="dovecot" if root else me.pw_name,
            system_group="dovecot" if root else grp.getgrgid(me.pw_gid).gr_name,
            login="dovenull" if root else me.pw_name,
            capability=self._capability,
            password=PASSWORD,
        )
        (self._base / "dovecot.conf").write_text(text, encoding="utf-8")
        (self._base / "password").write_text(PASSWORD, encoding="utf-8")

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        end = time.monotonic() + _START_SECONDS
        while time.monotonic() < end:
            try:
                with socket.create_connection((LOOPBACK, self.port), timeout=5) as connection:
                    if connection.recv(4) == b"* OK":
                        return
            except OSError:
                pass
            try:
                process.wait(timeout=0.02)
                break
            except subprocess.TimeoutExpired:
                continue
        log = self._base / "dovecot.log"
        message = log.read_text(encoding="utf-8") if log.exists() else "it says nothing"
        raise RuntimeError("Dovecot does not start: " + message)

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self._base, ignore_errors=True)

    def stop(self) -> None:
        """End the server with all its processes, and so every connection to it."""
        for client in self._clients.values():
            client.__exit__(None, None, None)
        self._clients = {}
        if self._process is not None:
            with suppress(ProcessLookupError):  # when it died by itself
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def new_user(self) -> str:
        """Return a user nobody has used before, with an empty mailbox."""
        return f"intake{next(self._users)}@example.org"

    def settings(self, user: str, *, security: str = "none") -> dict[str, Any]:
        """Return the settings of a `Mailbox` that reads that user's mail."""
        return {
            "host": LOOPBACK,
            "port": self.tls_port if security == "tls" else self.port,
            "security": security,
            "user": user,
            "password_file": self._base / "password",
        }

    def maildir(self, user: str) -> Path:
        """Return where that user's mail lies."""
        return self._base / "mail" / user / "Maildir"

    @contextmanager
    def client(self, user: str) -> Iterator[IMAPClient]:
        """Lend the tests' own connection, as staff's mail program might have one."""
        with self._lock:
            if user not in self._clients:
                client = IMAPClient(LOOPBACK, port=self.port, ssl=False, timeout=30)
                client.login(user, PASSWORD)
                client.normalise_times = False
                self._clients[user] = client
            yield self._clients[user]

    def append(
        self, mail: bytes, *, user: str, folder: str = "INBOX", at: datetime | None = None
    ) -> int:
        """Put a mail into a folder, made when there is none, and return its UID."""
        with self.client(user) as client:
            if folder != "INBOX" and not client.folder_exists(folder):
                client.create_folder(folder)
            answer: bytes = client.append(folder, mail, msg_time=at)
        told = re.search(rb"APPENDUID \d+ (\d+)", answer)
        assert told, answer
        return int(told[1])

    def flags(self, user: str, folder: str = "INBOX") -> dict[int, frozenset[bytes]]:
        r"""Return the flags of every mail in a folder, by UID, looking without touching.

        Without `\Recent`, which belongs to a session and not to the mail.
        """
        with self.client(user) as client:
            client.select_folder(folder, readonly=True)
            found = client.get_flags(client.search("ALL"))
        return {uid: frozenset(flags) - {rb"\Recent"} for uid, flags in found.items()}

    def remove(self, uid: int, *, user: str, folder: str = "INBOX") -> None:
        """Delete a mail for good, as staff might."""
        with self.client(user) as client:
            client.select_folder(folder)
            client.delete_messages([uid], silent=True)
            client.uid_expunge([uid])


class NetEase:
    """Stands in for imap.163.com, which no test can have: it refuses folders before ID.

    It offers neither IDLE nor MOVE, tells no UIDNEXT, and its UIDVALIDITY is 1.
    """

    def __init__(self, uids: Sequence[int] = ()) -> None:
        self._server = _ImapServer((LOOPBACK, 0), _NetEaseSession)
        self._server.found = " ".join(str(uid) for uid in uids)
        self._thread = threading.Thread(target=self._server.serve_forever)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def settings(self) -> dict[str, Any]:
        """Return the settings of a `Mailbox` that reads here."""
        port = self._server.server_address[1]
        return {"host": LOOPBACK, "port": port, "security": "none", "user": "intake"}


class _ImapServer(socketserver.ThreadingTCPServer):
    found = ""


class _NetEaseSession(socketserver.StreamRequestHandler):
    server: _ImapServer

    def handle(self) -> None:
        self._say("* OK Coremail System IMap Server Ready(163com[stand-in])")
        named = False
        for line in self.rfile:
            tag, _, command = line.decode("ascii").strip().partition(" ")
            named = named or command.startswith("ID ")
            self._answer(tag, command, named=named)
            if command.startswith("LOGOUT"):
                return

    def _answer(self, tag: str, command: str, *, named: bool) -> None:
        words = command.split()
        if words[0] in {"SELECT", "EXAMINE"} and not named:
            self._say(f"{tag} NO {words[0]} Unsafe Login. Please contact us for help")
            return
        for said in {
            "CAPABILITY": ["CAPABILITY IMAP4rev1 XLIST SPECIAL-USE ID LITERAL+ STARTTLS UIDPLUS"],
            "ID": ['ID ("name" "Coremail Imap")'],
            "LIST": ['LIST () "/" "INBOX"', 'LIST (\\Junk) "/" "&V4NXPpCuTvY-"'],
            "EXAMINE": ["1 EXISTS", "0 RECENT", "OK [UIDVALIDITY 1] UIDs valid"],
            "UID": [f"SEARCH {self.server.found}"],
            "LOGOUT": ["BYE IMAP4rev1 Server logging out"],
        }.get(words[0], []):
            self._say(f"* {said}")
        self._say(f"{tag} OK {words[0]} completed")

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode("ascii"))


def _free_ports(number: int) -> list[int]:
    sockets = [socket.create_server((LOOPBACK, 0)) for _ in range(number)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


@dataclass(frozen=True, kw_only=True)
class Caught:
    """A mail that was handed over: its envelope and its bytes."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes


Reply = str | None
"""An SMTP reply like `451 later`; None lets the mail pass."""


class MailCatcher:
    """An SMTP server that keeps every mail it took.

    `on_recipient` and `on_message` may refuse (5xx) or postpone (4xx); what they turn away
    is not kept. `login` is a user name that must sign in with PASSWORD.
    """

    def __init__(self, *, login: str = "", tls: Authority | None = None) -> None:
        self._login = login
        self._caught: list[Caught] = []
        self._changed = threading.Condition()
        self.on_recipient: Callable[[str], Reply] = lambda _: None
        self.on_message: Callable[[Caught], Reply] = lambda _: None
        self._controller = _AnyPort(
            self,
            hostname=LOOPBACK,
            port=0,
            ssl_context=tls.server_context() if tls else None,
            authenticator=self._authenticate if login else None,
            auth_require_tls=False,
            server_hostname="localhost",
        )

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._controller.port)

    def settings(self, password_file: Path | None = None) -> dict[str, Any]:
        """Return the settings of an `Smtp` that hands letters over here."""
        if password_file:
            password_file.write_text(PASSWORD, encoding="utf-8")
        return {
            "host": LOOPBACK,
            "port": self.port,
            "security": "tls" if self._controller.ssl_context else "none",
            "user": self._login,
            "password_file": password_file,
        }

    @property
    def caught(self) -> tuple[Caught, ...]:
        """All mails kept so far, oldest first."""
        with self._changed:
            return tuple(self._caught)

    def wait_for(self, number: int, timeout: float = 30) -> tuple[Caught, ...]:
        """Return the mails as soon as there are so many; AssertionError when they do not come."""
        with self._changed:
            came = self._changed.wait_for(lambda: len(self._caught) >= number, timeout)
            assert came, f"{len(self._caught)} mails instead of {number}"
            return tuple(self._caught)

    def _authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: object
    ) -> AuthResult:
        del server, session, envelope, mechanism
        good = isinstance(given, LoginPassword) and (
            (given.login, given.password) == (self._login.encode(), PASSWORD.encode())
        )
        return AuthResult(success=good, handled=False)

    async def handle_MAIL(  # noqa: N802 (the name that aiosmtpd calls)
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        del server, options
        if self._login and not session.authenticated:
            return "530 sign in first"
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802 (the name that aiosmtpd calls)
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        del server, session, options
        refusal = self.on_recipient(address)
        if refusal:
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 (the name that aiosmtpd calls)
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        del server, session
        mail = Caught(
            sender=envelope.mail_from or "",
            recipients=tuple(envelope.rcpt_tos),
            content=envelope.original_content or b"",
        )
        refusal = self.on_message(mail)
        if refusal:
            return refusal
        with self._changed:
            self._caught.append(mail)
            self._changed.notify_all()
        return "250 OK"


class _AnyPort(Controller):
    """aiosmtpd's server on a free port."""

    def _trigger_server(self) -> None:
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]
