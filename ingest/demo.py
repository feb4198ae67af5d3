"""The demo: the whole service on loopback, at work on sample mail, leaving nothing behind.

Everything is real but the world around it: a mailbox and a mail server of the demo's own, a
data folder that is removed in the end, and applicants who do not exist.
"""

from __future__ import annotations

import logging
import secrets
import socket
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from threading import Event

from rich.columns import Columns
from rich.console import Console
from rich.text import Text

from config.settings import Center, Desk, Mailbox, Receipts, Service, Settings, Smtp
from ingest.daemon import Daemon
from ingest.demo_outcome import differences, letter_table, mail_table, queue_table
from ingest.demo_servers import LOOPBACK, MailServers, mail_servers
from ingest.house import House, open_house
from ingest.passes import full_pass
from ingest.samples.story import SampleMail, demo_mails, write_demo_register
from ingest.serving import desk_secret, desk_server
from parsers.sandbox import Sandbox
from registry.accounts import Role, add_account
from registry.events import SERVICE
from registry.paper import read_register
from registry.paper_import import import_register
from reports.desk.sign_in import sign_in_token

ADDRESS = "intake@example.org"
ACCOUNT = "演示"
DESK_PORT = 8025

BEFORE_REGISTER = 3
"""How many mails arrive before the paper register is imported and completes their dossiers."""

PACE_SECONDS = 1.5
QUIET = timedelta(seconds=5)
POLL = timedelta(seconds=1)
MOST_PASSES = 5
WIDTH = 200
"""Columns of the output where it is not read on a terminal."""


def run_demo(stop: Event, *, once: bool) -> int:
    """Run the demo until `stop` is set, or with `once` until the sample mail is through.

    Returns the exit code: 0, or 1 when something did not end as the story expects. Reads
    neither configuration nor environment.
    """
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=WIDTH)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="intake-demo-")))
        stack.enter_context(_logging_to(folder / "intake.log"))
        on_letter = _ignore if once else _teller(console)
        servers = stack.enter_context(mail_servers(ADDRESS, on_letter))
        settings = _settings(folder, servers, quiet=timedelta() if once else QUIET)
        house = stack.enter_context(open_house(settings, lock_for="demo"))
        sandbox = stack.enter_context(Sandbox(settings.limits, house.work))
        if once:
            code = _run_through(house, sandbox, servers, stop, console)
        else:
            _run_live(house, sandbox, servers, stop, console)
            code = 0
    console.print("The demo has ended; its mailbox, registry and letters are gone.")
    return code


# ── the surroundings ─────────────────────────────────────────────────────────────────────


@contextmanager
def _logging_to(path: Path) -> Iterator[None]:
    """Write what the service logs to a file instead of between the demo's own lines."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    file = logging.FileHandler(path, encoding="utf-8")
    file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root.handlers = [file]
    root.setLevel(logging.INFO)
    try:
        yield
    finally:
        root.handlers = handlers
        root.setLevel(level)
        file.close()


def _settings(folder: Path, servers: MailServers, *, quiet: timedelta) -> Settings:
    """Make the demo's settings, past any configuration file and environment."""
    password = folder / "mailbox.password"
    password.write_text(servers.password, encoding="utf-8")
    return Settings.model_construct(
        service=Service(data_dir=folder / "data"),
        center=Center(phone="020-00000000", address="广州市示例路1号（演示地址）", email=ADDRESS),
        mailbox={
            "demo": Mailbox(
                host=LOOPBACK,
                port=servers.imap_port,
                security="none",
                user=servers.user,
                password_file=password,
                poll=POLL,
            )
        },
        smtp=Smtp(
            host=LOOPBACK,
            port=servers.smtp_port,
            security="none",
            sender=f"{Center().name} <{ADDRESS}>",
        ),
        receipts=Receipts(quiet_period=quiet),
        desk=Desk(host=LOOPBACK, port=_free_port(DESK_PORT)),
    )


def _free_port(wanted: int) -> int:
    """Return the wanted port, or any free one when it is taken."""
    for port in (wanted, 0):
        try:
            with socket.create_server((LOOPBACK, port)) as free:
                return int(free.getsockname()[1])
        except OSError:
            continue
    message = "this machine has no free port on loopback"
    raise RuntimeError(message)


def _import_register(house: House, now: datetime) -> int:
    """Import the story's paper register; return how many records it holds."""
    path = house.settings.service.data_dir / "paper-register.xlsx"
    write_demo_register(now, path)
    register = read_register(path, house.default_call, now.date())
    with house.registry.write() as connection:
        done = import_register(
            connection, register, call=house.default_call, who=ACCOUNT, now=house.clock()
        )
    return done.added


# ── live ─────────────────────────────────────────────────────────────────────────────────


def _run_live(
    house: House, sandbox: Sandbox, servers: MailServers, stop: Event, console: Console
) -> None:
    """Serve, let the mail arrive so that a person can watch, and go on until `stop`."""
    with desk_server(house) as address:
        _greet(house, address, console)
        daemon = Daemon(house, sandbox)
        daemon.start()
        try:
            _let_arrive(house, servers, stop, console)
            stop.wait()
            console.print()
        finally:
            daemon.stop()


def _greet(house: House, address: str, console: Console) -> None:
    password = secrets.token_urlsafe(9)
    with house.registry.write() as connection:
        add_account(connection, ACCOUNT, password, role=Role.ADMIN, who=SERVICE, now=house.clock())
    token = sign_in_token(desk_secret(house), ACCOUNT, house.clock())
    console.print("[bold]Dossier intake[/bold] is running on this machine alone, on sample mail.\n")
    console.print(f"  Desk      [bold]{address}[/bold]")
    console.print(f"  Sign in   [bold cyan]{address}login?token={token}[/]", soft_wrap=True)
    console.print(f"            [dim]once with this link, or as {ACCOUNT} with {password}[/]")
    console.print("  Ctrl-C    [dim]ends the demo and removes all that it made[/]\n")


def _let_arrive(house: House, servers: MailServers, stop: Event, console: Console) -> None:
    now = house.clock()
    with servers.sender() as send:
        for count, mail in enumerate(demo_mails(now)):
            if count == BEFORE_REGISTER:
                records = _import_register(house, now)
                _tell(console, "paper", "yellow", f"the register is imported: {records} records")
            send(mail.raw)
            _tell(console, "mail", "green", mail.about)
            if stop.wait(PACE_SECONDS):
                return
    _tell(console, "mail", "green", "that was all of it; the desk stays open")


def _teller(console: Console) -> Callable[[EmailMessage], None]:
    def tell(letter: EmailMessage) -> None:
        _tell(console, "letter", "blue", letter["Subject"])

    return tell


def _ignore(_: EmailMessage) -> None:
    """The tables tell of the letters."""


def _tell(console: Console, what: str, colour: str, words: str) -> None:
    clock = datetime.now().astimezone().strftime("%H:%M:%S")
    line = Text.assemble((f"  {clock}  ", "dim"), (f"{what:<8}", colour), words)
    console.print(line, no_wrap=True, overflow="ellipsis")


# ── once ─────────────────────────────────────────────────────────────────────────────────


def _run_through(
    house: House, sandbox: Sandbox, servers: MailServers, stop: Event, console: Console
) -> int:
    """Take the sample mail through, show what came of it, and compare it with the story."""
    now = house.clock()
    with console.status("the applicants are writing"):
        mails = list(demo_mails(now))
    early, late = mails[:BEFORE_REGISTER], mails[BEFORE_REGISTER:]
    with servers.sender() as send, console.status(f"taking {len(mails)} mails through"):
        problems = _pass(house, sandbox, early, send, stop)
        _import_register(house, now)
        problems += _pass(house, sandbox, (), send, stop)
        problems += _pass(house, sandbox, late, send, stop)
    if stop.is_set():
        console.print("stopped before the end")
        return 1
    with house.registry.read() as connection:
        console.print(queue_table(connection, house.calls))
        console.print(Columns((mail_table(connection), letter_table(connection)), padding=(0, 6)))
        problems += differences(connection, mails)
    for problem in problems:
        console.print(f"not as expected: {problem}", style="red", markup=False)
    return 1 if problems else 0


def _pass(
    house: House,
    sandbox: Sandbox,
    mails: Sequence[SampleMail],
    send: Callable[[bytes], None],
    stop: Event,
) -> list[str]:
    """Let mails arrive and take them through until nothing waits; return what went wrong."""
    problems: list[str] = []
    for mail in mails:
        send(mail.raw)
    for _ in range(MOST_PASSES):
        done = full_pass(house, sandbox, stop)
        problems += done.problems
        if stop.is_set() or not (done.mails or done.dossiers or done.letters):
            return problems
    return [*problems, f"something still waits after {MOST_PASSES} passes"]
