"""The command line `intake`."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from ingest import logs
from ingest.commands import checking, deciding, keeping, looking, service, users
from ingest.commands.common import FAULT, WRONG_USAGE, UsageError

app = typer.Typer(
    name="intake",
    help="Email-driven intake of dossiers.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

for command in (
    service.serve,
    service.once,
    service.desk,
    service.demo,
    checking.check,
    looking.queue,
    looking.show,
    looking.mails,
    looking.letters,
    deciding.decide,
    deciding.link,
    deciding.unlink,
    deciding.assign,
    deciding.accept,
    deciding.reject,
    deciding.retry,
    deciding.withdraw,
    deciding.add,
    service.reconcile,
    looking.export,
    service.doctor,
    keeping.backup,
    keeping.restore,
    keeping.verify,
):
    app.command()(command)
app.add_typer(deciding.letter_app, name="letter")
app.add_typer(looking.paper_app, name="paper")
app.add_typer(looking.calls_app, name="call")
app.add_typer(users.user_app, name="user")


def _tell_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"intake {version('dossier-intake')}")
        raise typer.Exit


@app.callback()
def configure(
    context: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Configuration; else $INTAKE_CONFIG, ./intake.toml."),
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", help="Log what is done.")] = False,
    log_json: Annotated[bool, typer.Option("--log-json", help="Log as JSON lines.")] = False,
    version: Annotated[  # noqa: ARG001 - it is told before anything else
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Its version.")
    ] = False,
) -> None:
    """Email-driven intake of dossiers: mailbox to registry to receipt."""
    context.obj = config
    serving = context.invoked_subcommand in {"serve", "desk"}
    logs.begin(logging.INFO if verbose or serving else logging.WARNING, as_json=log_json)


def main() -> None:
    """Run a command; what it cannot do is told in a line, and only a fault of ours is logged."""
    os.umask(0o077)  # whatever is written here holds personal data
    try:
        app()
    except UsageError as error:
        _refuse(error)
    except Exception as error:
        if not _is_expected(error):
            logging.getLogger(__name__).critical("a fault of intake itself", exc_info=True)
            sys.exit(FAULT)
        _refuse(error)


def _is_expected(error: Exception) -> bool:
    """Whether an error speaks to the person at the terminal."""
    from sqlalchemy.exc import DBAPIError

    from config.call import CallError
    from config.settings import SettingsError
    from parsers.errors import ParseError
    from parsers.sandbox import SandboxError
    from registry.database import RegistryError
    from registry.decisions import RefusedError
    from registry.sheets import UnreadableError

    if isinstance(error, OSError | DBAPIError):
        return True  # no room, no right, a database that is busy: the message says which
    ours = (SettingsError, CallError, RegistryError, RefusedError, UnreadableError)
    return isinstance(error, (*ours, ParseError, SandboxError))


def _refuse(error: Exception) -> None:
    from ingest.trouble import TROUBLE, explain
    from registry.decisions import CautionError

    said = explain(error) if isinstance(error, TROUBLE) else str(error)
    option = "（--anyway）" if isinstance(error, CautionError) else ""
    typer.echo(f"intake: {said}{option}", err=True)
    sys.exit(WRONG_USAGE)
