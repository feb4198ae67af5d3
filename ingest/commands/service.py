"""Commands that run the service: serve, once, desk, demo, reconcile, doctor."""

from __future__ import annotations

import logging
import os
from contextlib import ExitStack
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from ingest.commands.common import (
    DONE,
    NEEDS_PERSON,
    AsJson,
    UsageError,
    house_of,
    print_json,
    print_table,
    settings_of,
)
from ingest.logs import mask

if TYPE_CHECKING:
    from threading import Event

log = logging.getLogger(__name__)


def serve(
    context: typer.Context,
    no_desk: Annotated[bool, typer.Option("--no-desk", help="Without the staff desk.")] = False,
) -> None:
    """Run the daemon and the staff desk until SIGTERM or SIGINT."""
    from ingest.daemon import Daemon
    from parsers.sandbox import Sandbox

    keep_memory_level()
    with ExitStack() as stack:
        stop = until_signalled()
        house = stack.enter_context(house_of(context, lock_for="serve"))
        sandbox = stack.enter_context(Sandbox(house.settings.limits, house.work))
        if not no_desk:
            from ingest.serving import desk_server

            log.info("desk: %s", stack.enter_context(desk_server(house)))
        daemon = Daemon(house, sandbox)
        daemon.start()
        log.info("intake is running; Ctrl-C or SIGTERM stops it")
        stop.wait()
        finished = daemon.stop()
        log.info("intake has stopped")
        if not finished:
            os._exit(DONE)  # a server hangs; what counts is committed


def keep_memory_level() -> None:
    """Let all threads share two pools of memory; otherwise each keeps its own peak (glibc)."""
    import ctypes

    arena_max = -8  # M_ARENA_MAX of mallopt(3)
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(arena_max, 2)


def until_signalled() -> Event:
    """Return an event that is set by SIGTERM or SIGINT.

    A thread of its own sets it: a handler runs wherever the main thread happens to be, also
    inside the event's own lock, and would wait there for ever.
    """
    import signal
    from threading import Event, Thread

    stop = Event()
    waker, woken = os.pipe()
    os.set_blocking(woken, False)

    def wait() -> None:
        os.read(waker, 1)
        stop.set()

    Thread(target=wait, name="signals", daemon=True).start()
    signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: None)
    return stop


def once(
    context: typer.Context,
    no_letters: Annotated[
        bool, typer.Option("--no-letters", help="Send nothing; letters stay queued.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Do one full pass and exit."""
    from ingest.passes import full_pass
    from parsers.sandbox import Sandbox

    stop = until_signalled()
    with (
        house_of(context, lock_for="once") as house,
        Sandbox(house.settings.limits, house.work) as sandbox,
    ):
        done = full_pass(house, sandbox, stop, send=not no_letters)
    if as_json:
        print_json(asdict(done))
    else:
        for what, counts in (
            ("mails", done.mails),
            ("dossiers", done.dossiers),
            ("letters", done.letters),
        ):
            told = ", ".join(f"{key} {count}" for key, count in counts.items())
            typer.echo(f"{what}: {told or 'none'}")
        for problem in done.problems:
            typer.echo(mask(problem), err=True)
    raise typer.Exit(NEEDS_PERSON if done.problems else DONE)


def desk(context: typer.Context) -> None:
    """Run only the staff desk."""
    from ingest.serving import desk_server

    stop = until_signalled()
    with house_of(context) as house, desk_server(house) as address:
        log.info("desk: %s", address)
        stop.wait()


def demo(
    only_once: Annotated[
        bool, typer.Option("--once", help="Run the sample mail through, print the queue, exit.")
    ] = False,
) -> None:
    """Show the whole service at work on sample mail, on this machine alone."""
    try:
        from ingest.demo import run_demo
    except ModuleNotFoundError as error:
        message = f"the demo needs {error.name}: pip install 'dossier-intake[demo]'"
        raise UsageError(message) from error
    raise typer.Exit(run_demo(until_signalled(), once=only_once))


def reconcile(context: typer.Context, as_json: AsJson = False) -> None:
    """Compare every mailbox with the registry: each UID on the server must have a fate."""
    from ingest.reconciling import reconcile_all

    with house_of(context) as house:
        folders, problems = reconcile_all(house)
    if as_json:
        print_json([each.record for each in folders])
    else:
        rows = [
            (
                each.mailbox,
                each.folder,
                each.on_server,
                each.known,
                " ".join(map(str, each.missing)),
            )
            for each in folders
        ]
        print_table(("mailbox", "folder", "on server", "known", "missing UIDs"), rows)
        for each in folders:
            for note in each.notes:
                typer.echo(note, err=True)
    for problem in problems:
        typer.echo(problem, err=True)
    gap = problems or any(each.missing or each.changed for each in folders)
    raise typer.Exit(NEEDS_PERSON if gap else DONE)


def doctor(context: typer.Context, as_json: AsJson = False) -> None:
    """Try each part for real: a line each, ok or what to do."""
    from ingest.doctor import examine

    results = examine(settings_of(context))
    if as_json:
        print_json([asdict(each) for each in results])
    else:
        for each in results:
            typer.echo(f"{'ok ' if each.ok else 'FIX'}  {each.part}: {each.says}")
    raise typer.Exit(DONE if all(each.ok for each in results) else NEEDS_PERSON)
