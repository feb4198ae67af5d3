"""IMAP and SMTP servers on loopback that misbehave as they are told to.

Each really keeps mail; a `Reaction` to a command replaces the answer that it would have
given. Behaviours that real servers have shown are named where the tests use them.
"""

from __future__ import annotations

import re
import socket
import socketserver
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, ClassVar, Self

from tests.servers import LOOPBACK

PATIENCE = timedelta(seconds=10)
"""How long the service waits for these servers, where a test does not say otherwise."""


class HangUpError(Exception):
    """The server closes the connection without another word."""


class Talk(socketserver.StreamRequestHandler):
    """One connection: lines in, lines out."""

    server: Scripted

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def handle(self) -> None:
        with suppress(HangUpError, OSError):
            self.serve()

    def serve(self) -> None:
        """Talk until the client has had enough."""
        raise NotImplementedError

    def line(self) -> bytes:
        """Return the next line of the client. Raises HangUpError when there is none."""
        found = self.rfile.readline()
        if not found:
            raise HangUpError
        return found.rstrip(b"\r\n")

    def say(self, line: str | bytes) -> None:
        """Send a line."""
        self.wfile.write((line.encode() if isinstance(line, str) else line) + b"\r\n")

    def send(self, piece: bytes) -> None:
        """Send bytes that need not end a line."""
        self.wfile.write(piece)

    def silence(self) -> None:
        """Say nothing any more, until the client goes."""
        while self.rfile.readline():
            pass
        raise HangUpError


Reaction = Callable[[Talk, str, str], bool]
"""What to do on a command, given its tag and text; False: answer as usual all the same."""


@dataclass
class _Rule:
    pattern: re.Pattern[str]
    reaction: Reaction
    left: int


class Scripted(socketserver.ThreadingTCPServer):
    """A server with a script: which reaction replaces the answer to which command."""

    allow_reuse_address = True
    daemon_threads = False
    block_on_close = True
    talk: ClassVar[type[Talk]]

    def __init__(self) -> None:
        super().__init__((LOOPBACK, 0), self.talk)
        self.rules: list[_Rule] = []
        self.commands: list[str] = []
        self._open: set[socket.socket] = set()
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        for each in list(self._open):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        self.server_close()
        self._thread.join()

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as inherited
        self._open.add(request)
        super().process_request(request, client_address)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])

    def on(self, pattern: str, reaction: Reaction, *, times: int = 1_000_000) -> None:
        """React so to commands that match from their start, for the next so many times."""
        self.rules.append(_Rule(re.compile(pattern), reaction, times))

    def recover(self) -> None:
        """Behave again."""
        self.rules.clear()

    def reacts(self, talk: Talk, tag: str, command: str) -> bool:
        """Note a command, and let the script answer it if it has an answer."""
        self.commands.append(command)
        for rule in self.rules:
            if rule.left > 0 and rule.pattern.match(command):
                rule.left -= 1
                return rule.reaction(talk, tag, command)
        return False

    def asked(self, pattern: str) -> int:
        """Return how many commands matched that so far."""
        return sum(bool(re.match(pattern, each)) for each in self.commands)


# ── reactions ────────────────────────────────────────────────────────────────────────────


def refuse(words: str) -> Reaction:
    """Answer with a tagged refusal, as `NO Unsafe Login`; in SMTP, with that reply."""

    def react(talk: Talk, tag: str, command: str) -> bool:
        del command
        talk.say(f"{tag} {words}" if tag else words)
        return True

    return react


def bye(words: str) -> Reaction:
    """Say something untagged and close the connection."""

    def react(talk: Talk, tag: str, command: str) -> bool:
        del tag, command
        talk.say(words)
        raise HangUpError

    return react


def hang(talk: Talk, tag: str, command: str) -> bool:
    """Say nothing for ever."""
    del tag, command
    talk.silence()
    return True


def drop(talk: Talk, tag: str, command: str) -> bool:
    """Close the connection without a word."""
    del talk, tag, command
    raise HangUpError


def pieces(*parts: bytes, then: Reaction = drop) -> Reaction:
    """Send these bytes, and then do something else."""

    def react(talk: Talk, tag: str, command: str) -> bool:
        for part in parts:
            talk.send(part)
        return then(talk, tag, command)

    return react


# ── IMAP ─────────────────────────────────────────────────────────────────────────────────


@dataclass
class Folder:
    """A folder: its mails by UID, sizes that the server tells wrongly, dates it does not tell."""

    uidvalidity: int = 7
    mails: dict[int, bytes] = field(default_factory=dict)
    sizes: dict[int, int] = field(default_factory=dict)

    def numbered(self) -> list[int]:
        return sorted(self.mails)


class _ImapTalk(Talk):
    server: ScriptedImap

    def serve(self) -> None:
        self.folder = Folder()
        self.named = False
        if not self.server.reacts(self, "*", "GREETING"):
            self.say("* OK ready")
        while True:
            tag, _, command = self.line().decode("utf-8").partition(" ")
            if not self.server.reacts(self, tag, command):
                self.answer(tag, command)

    def answer(self, tag: str, command: str) -> None:
        words = command.split()
        name = "_".join(words[:2] if words[0] == "UID" else words[:1]).lower()
        said = getattr(self, f"do_{name}")(command)
        self.say(f"{tag} {said or 'OK done'}")
        if name == "logout":
            raise HangUpError

    def do_capability(self, command: str) -> None:
        del command
        self.say(f"* CAPABILITY {self.server.capability}")

    def do_login(self, command: str) -> None:
        del command

    def do_id(self, command: str) -> None:
        del command
        self.named = True
        self.say('* ID ("name" "scripted")')

    def do_list(self, command: str) -> None:
        del command
        for name in self.server.folders:
            self.say(f'* LIST () "/" "{name}"')

    def do_examine(self, command: str) -> str:
        name = command.split(" ", 1)[1].strip('"')
        if self.server.wants_id and not self.named:
            return "NO EXAMINE Unsafe Login. Please contact us for help"
        if name not in self.server.folders:
            return f"NO no folder {name}"
        self.folder = self.server.folders[name]
        self.say(f"* {len(self.folder.mails)} EXISTS")
        self.say("* 0 RECENT")
        self.say(f"* OK [UIDVALIDITY {self.folder.uidvalidity}] UIDs valid")
        return ""

    def do_uid_search(self, command: str) -> None:
        found = self.folder.numbered() if command == "UID SEARCH ALL" else []
        self.say(f"* SEARCH {' '.join(map(str, found))}".rstrip())

    def do_fetch(self, command: str) -> None:
        wanted = [int(each) for each in command.split()[1].split(",")]
        for number, uid in enumerate(self.folder.numbered(), 1):
            if number in wanted:
                self.say(f"* {number} FETCH (UID {uid})")

    def do_uid_fetch(self, command: str) -> None:
        _, _, uids, items = command.split(" ", 3)
        wanted = {int(each) for each in uids.split(",")}
        for number, uid in enumerate(self.folder.numbered(), 1):
            if uid in wanted:
                self._fetched(number, uid, items)

    def _fetched(self, number: int, uid: int, items: str) -> None:
        mail = self.folder.mails[uid]
        part = re.search(r"BODY\.PEEK\[(HEADER)?\]<(\d+)\.(\d+)>", items)
        if part is None:
            size = self.folder.sizes.get(uid, len(mail))
            date = "01-Jun-2016 09:00:00 +0800"
            self.say(f'* {number} FETCH (UID {uid} RFC822.SIZE {size} INTERNALDATE "{date}")')
            return
        whole = mail.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" if part[1] else mail
        start, length = int(part[2]), int(part[3])
        piece = whole[start : start + length]
        self.send(
            b"* %d FETCH (UID %d BODY[%s]<%d> {%d}\r\n"
            % (
                number,
                uid,
                (part[1] or "").encode(),
                start,
                len(piece),
            )
        )
        self.say(piece + b")")

    def do_idle(self, command: str) -> None:
        del command
        self.say("+ idling")
        self.line()

    def do_logout(self, command: str) -> None:
        del command
        self.say("* BYE")


class ScriptedImap(Scripted):
    """An IMAP server with real folders, that keeps to its script."""

    talk = _ImapTalk

    def __init__(self, *mails: bytes, capability: str = "IMAP4rev1 ID UIDPLUS") -> None:
        super().__init__()
        self.capability = capability
        self.wants_id = False
        self.inbox = Folder(mails=dict(enumerate(mails, 1)))
        self.folders = {"INBOX": self.inbox}

    def settings(self, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - settings of any type
        """Return the settings of a `Mailbox` that is read here."""
        here = {"host": LOOPBACK, "port": self.port, "security": "none", "user": "intake"}
        return {**here, "timeout": PATIENCE, **more}


# ── SMTP ─────────────────────────────────────────────────────────────────────────────────


class _SmtpTalk(Talk):
    server: ScriptedSmtp

    def serve(self) -> None:
        if not self.server.reacts(self, "", "CONNECT"):
            self.say("220 ready")
        while True:
            command = self.line().decode("utf-8")
            if self.server.reacts(self, "", command):
                continue
            verb = command.split(" ", 1)[0].upper()
            if verb == "DATA":
                self._data()
            elif verb == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 OK")

    def _data(self) -> None:
        self.say("354 go on")
        lines: list[bytes] = []
        while (line := self.line()) != b".":
            if not lines and self.server.reacts(self, "", "CONTENT"):
                return
            lines.append(line.removeprefix(b"."))
        self.server.taken.append(b"\r\n".join(lines))
        if not self.server.reacts(self, "", "DOT"):
            self.say("250 taken")


class ScriptedSmtp(Scripted):
    """An SMTP server that keeps what it was handed, also where it does not say so.

    Beside commands, it reacts to `CONNECT`, to the `CONTENT` as it begins, and to the `DOT`.
    """

    talk = _SmtpTalk

    def __init__(self) -> None:
        super().__init__()
        self.taken: list[bytes] = []

    def settings(self, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - settings of any type
        """Return the settings of an `Smtp` that hands letters over here."""
        return {
            "host": LOOPBACK,
            "port": self.port,
            "security": "none",
            "timeout": PATIENCE,
            **more,
        }

    def ids(self) -> Sequence[bytes]:
        """Return the Message-IDs of what was handed over, in order."""
        found = (re.search(rb"^Message-ID: *(\S+)", each, re.MULTILINE) for each in self.taken)
        return [each[1] for each in found if each]
