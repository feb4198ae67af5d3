"""The command line `intake`."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Annotated

import typer

from ingest.commands import checking, deciding, keeping, looking, service
from ingest.commands.common import WRONG_USAGE, UsageError

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
app.add_typer(deciding.user_app, name="user")


@app.callback()
def configure(
    context: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Configuration; else $INTAKE_CONFIG, ./intake.toml."),
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", help="Log what is done.")] = False,
) -> None:
    """Email-driven intake of dossiers: mailbox to registry to receipt."""
    context.obj = config
    serving = context.invoked_subcommand in {"serve", "desk"}
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.INFO if verbose or serving else logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    for noisy in ("imapclient", "apscheduler", "pdfminer", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    # It would complain of each server that says something in Chinese.
    logging.getLogger("imapclient.util").setLevel(logging.ERROR)


def main() -> None:
    """Run a command; what it cannot do is told in a line, never as a traceback."""
    try:
        app()
    except UsageError as error:
        _refuse(error)
    except Exception as error:
        if not _is_expected(error):
            raise
        _refuse(error)


def _is_expected(error: Exception) -> bool:
    """Whether an error speaks to the person at the terminal."""
    from sqlalchemy.exc import DBAPIError

    from config.call import CallError
    from config.settings import SettingsError
    from parsers.errors import ParseError
    from registry.accounts import AccountError
    from registry.database import RegistryError
    from registry.decisions import RefusedError
    from registry.sheets import UnreadableError

    if isinstance(error, OSError | DBAPIError):
        return True  # no room, no right, a database that is busy: the message says which
    ours = (SettingsError, CallError, RegistryError, RefusedError, UnreadableError)
    return isinstance(error, (*ours, AccountError, ParseError))


def _refuse(error: Exception) -> None:
    typer.echo(f"intake: {error}", err=True)
    sys.exit(WRONG_USAGE)
