"""One installation: a data folder, an `intake.toml`, a mailbox at Dovecot, a mail catcher.

Whatever acts runs as a process of its own: `serve` as staff would start it, what ends by itself
forked from one that has imported the product already (`killing`). What only looks (`queue`,
`show`, `mails`, `letters`) is the same command, run in this process; `test_commands` runs each
of them as a process too.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from itertools import count
from pathlib import Path
from typing import Any, Self

from typer.testing import CliRunner

from ingest.cli import app
from ingest.samples.register import RegisterRow, make_register
from tests.acceptance.killing import shared_killing
from tests.servers import Caught, Dovecot, MailCatcher

ROOT = Path(__file__).parents[2]
PATIENCE = 120
"""How many seconds a command may take before a test gives up on it."""

Record = dict[str, Any]
CENTER = {
    "name": "广东省科技人才服务中心",
    "phone": "020-00001234",
    "address": "广州市某路1号",
    "email": "service@example.org",
}


@dataclass(frozen=True, kw_only=True)
class Ended:
    """What a command said and how it ended."""

    code: int
    out: str
    err: str

    @property
    def records(self) -> Any:  # noqa: ANN401 - whatever JSON the command printed
        """The one JSON document on stdout."""
        return json.loads(self.out)


class Running:
    """A process that goes on, and the lines that it has logged so far."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: list[str] = []
        self._told = threading.Condition()
        self._ended = False
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            with self._told:
                self.lines.append(line.rstrip("\n"))
                self._told.notify_all()
        with self._told:
            self._ended = True
            self._told.notify_all()

    def wait_for_line(self, words: str, times: int = 1) -> None:
        """Wait until a line with these words has come so many times."""

        def came() -> bool:
            return sum(words in line for line in self.lines) >= times

        with self._told:
            self._told.wait_for(lambda: self._ended or came(), PATIENCE)
            assert came(), f"{words!r} did not come:\n" + "\n".join(self.lines)

    def stop(self, with_signal: signal.Signals = signal.SIGTERM) -> int:
        """End the process by a signal and return its exit code; it has 10 s, as promised."""
        self.process.send_signal(with_signal)
        try:
            return self.process.wait(timeout=10)
        finally:
            self.end()

    def kill(self) -> None:
        """End the process and its children as a power cut would, and wait for it."""
        self.process.kill()
        self.end()

    def end(self) -> None:
        """Make sure that it is gone; harmless when it is."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reader.join()
        assert self.process.stderr is not None
        self.process.stderr.close()


class Installation:
    """An installation of the service in a folder, with the means to use it and look at it."""

    def __init__(self, folder: Path, dovecot: Dovecot, catcher: MailCatcher) -> None:
        self.folder = folder
        self.dovecot = dovecot
        self.catcher = catcher
        self.user = dovecot.new_user()
        self._serial = count(1)
        self.sections: dict[str, dict[str, Any]] = {
            "service": {"data_dir": "var"},
            "center": dict(CENTER),
            "mailbox.main": dict(dovecot.settings(self.user)),
            "smtp": {**catcher.settings(), "sender": "广东省科技人才服务中心 <intake@example.org>"},
            "receipts": {"quiet_period": "0s"},
        }
        self.configure()

    # ── configuration ────────────────────────────────────────────────────────────────────

    @property
    def config(self) -> Path:
        """The configuration file."""
        return self.folder / "intake.toml"

    @property
    def data(self) -> Path:
        """The data folder."""
        return self.folder / "var"

    def configure(self, **sections: Mapping[str, Any]) -> Self:
        """Change keys of sections (`mailbox__main` is [mailbox.main]) and write the file."""
        for name, values in sections.items():
            self.sections.setdefault(name.replace("__", "."), {}).update(values)
        lines: list[str] = []
        for name, values in self.sections.items():
            lines.append(f"[{name}]")
            lines += [
                f"{key} = {_toml(value)}" for key, value in values.items() if value is not None
            ]
        self.config.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return self

    # ── mailbox ──────────────────────────────────────────────────────────────────────────

    def deliver(self, mail: bytes, *, folder: str = "INBOX", at: datetime | None = None) -> int:
        """Let a mail arrive, now unless told otherwise, and return its UID."""
        return self.dovecot.append(mail, user=self.user, folder=folder, at=at)

    def fill(self, mails: Iterable[bytes], *, at: datetime) -> None:
        """Let many mails lie in the inbox at once, as if they had come at that time."""
        with self.dovecot.client(self.user) as client:
            client.select_folder("INBOX", readonly=True)  # Dovecot makes the Maildir
        inbox = self.dovecot.maildir(self.user) / "cur"
        first = next(self._serial)
        for number, mail in enumerate(mails):
            path = inbox / f"{at.timestamp():.0f}.M{first}P{number}.mx,S={len(mail)}:2,S"
            path.write_bytes(mail)
            os.utime(path, (at.timestamp(), at.timestamp()))

    # ── commands ─────────────────────────────────────────────────────────────────────────

    def _arguments(self, arguments: Sequence[object]) -> list[str]:
        return ["--config", str(self.config), *map(str, arguments)]

    def intake(
        self, *arguments: object, given: str = "", environment: Mapping[str, str] | None = None
    ) -> Ended:
        """Run a command to its end."""
        code, out, err = shared_killing().command(
            *self._arguments(arguments), given=given, environment=environment
        )
        return Ended(code=code, out=out, err=err)

    def in_turn(self, *commands: Sequence[object]) -> list[Ended]:
        """Run commands one after another."""
        return [self.intake(*each) for each in commands]

    def do(self, *arguments: object, given: str = "") -> str:
        """Run a command that must succeed, and return what it printed."""
        done = self.intake(*arguments, given=given)
        assert done.code == 0, done
        return done.out

    def once(self, *arguments: object, code: int = 0) -> Record:
        """Do one full pass, and return what it says it did."""
        done = self.intake("once", "--json", *arguments)
        assert done.code == code, done
        result: Record = done.records
        return result

    def start(self, *arguments: object) -> Running:
        """Start a command that is to be ended by a signal."""
        process = subprocess.Popen(
            [sys.executable, "-m", "ingest", *self._arguments(arguments)],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        return Running(process)

    @contextmanager
    def serve(self, *arguments: object) -> Iterator[Running]:
        """Run the service, without the desk unless told otherwise, until the block ends."""
        running = self.start("serve", *(arguments or ("--no-desk",)))
        try:
            running.wait_for_line("intake is running")
            yield running
        finally:
            if running.process.poll() is None:
                running.process.send_signal(signal.SIGTERM)
                try:
                    running.process.wait(timeout=PATIENCE)
                finally:
                    running.end()
            else:
                running.end()

    # ── what staff see ───────────────────────────────────────────────────────────────────

    def look(self, *arguments: object) -> Any:  # noqa: ANN401 - whatever the command prints
        """Run a command that only looks, in this process, and return its JSON."""
        given = ["--config", str(self.config), *map(str, arguments), "--json"]
        done = CliRunner().invoke(app, given, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    def _list(self, *arguments: object) -> list[Record]:
        records: list[Record] = self.look(*arguments)
        return records

    def queue(self, *arguments: object) -> list[Record]:
        """All dossiers."""
        return self._list("queue", *arguments)

    def dossier(self, name: str = "") -> Record:
        """The only dossier, or the only one of that name."""
        [found] = [each for each in self.queue() if name in {"", each["name"]}]
        return found

    def show(self, number: str) -> Record:
        """One dossier, whole."""
        record: Record = self.look("show", number)
        return record

    def mails(self, *arguments: object) -> list[Record]:
        """Every mail ever seen."""
        return self._list("mails", *arguments)

    def fates(self) -> list[str]:
        """What became of each mail, in the order received."""
        return [each["fate"] for each in self.mails()]

    def letters(self, *arguments: object) -> list[Record]:
        """Every letter."""
        return self._list("letters", *arguments)

    def sent(self) -> int:
        """How many mails the mail server was handed."""
        return len(self.catcher.caught)

    # ── the paper register ───────────────────────────────────────────────────────────────

    def import_paper(self, *rows: RegisterRow) -> str:
        """Import a paper register with these rows, and return what the command says."""
        path = self.folder / "register.xlsx"
        make_register(rows, path)
        return self.do("paper", "import", path)

    # ── what lies beneath ────────────────────────────────────────────────────────────────

    @contextmanager
    def registry(self) -> Iterator[sqlite3.Connection]:
        """Give a read-only look into the database."""
        uri = f"file:{self.data / 'registry.sqlite'}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, timeout=30)) as connection:
            yield connection

    def rows(self) -> dict[str, int]:
        """How many rows each table of the registry has."""
        with self.registry() as connection:
            tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            return {
                name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]  # noqa: S608 - a table's own name
                for (name,) in tables.fetchall()
            }


def _toml(value: object) -> str:
    """Write a value as TOML; JSON's strings, numbers, booleans and lists are TOML's."""
    return json.dumps(str(value) if isinstance(value, Path) else value, ensure_ascii=False)


def opened(caught: Caught) -> EmailMessage:
    """Open a mail that the catcher took, as a mail program would."""
    message = message_from_bytes(caught.content, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def text_of(caught: Caught) -> str:
    """The plain text of a mail that the catcher took."""
    part = opened(caught).get_body(("plain",))
    assert part is not None
    text: str = part.get_content()
    return text


def outcomes(dossier: Record) -> list[tuple[str, str]]:
    """Id and outcome of every finding of a dossier, in the order listed."""
    return [(each["id"], each["outcome"]) for each in dossier["findings"]]


def lacking(dossier: Record) -> list[str]:
    """What a dossier lacks, but for a paper record that is not there yet."""
    return [each for each in dossier["missing"] if each != "paper.record"]


def kinds(letters: Sequence[Record]) -> Counter[tuple[str, str]]:
    """How many letters there are of each kind and state."""
    return Counter((each["kind"], each["state"]) for each in letters)
