"""What the commands share: reading the configuration, opening the house, printing."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ingest import logs

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from config.settings import Settings
    from ingest.house import House
    from registry.rows import DossierRow

DONE, NEEDS_PERSON, WRONG_USAGE, FAULT = 0, 1, 2, 70
"""Exit codes; FAULT is one of the program itself (EX_SOFTWARE of sysexits.h)."""

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Number = Annotated[str, typer.Argument(help="Registry number, e.g. LM2016-0037.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; kept in the history.")]


class UsageError(Exception):
    """A command that cannot be carried out as given; the message says what to do."""


def settings_of(context: typer.Context) -> Settings:
    """Read the settings that this command was told to use. Raises SettingsError."""
    from config.settings import load_settings

    path: Path | None = context.obj
    settings = load_settings(path)
    if settings.service.log_json:
        logs.go_on_as_json()
    return settings


@contextmanager
def house_of(context: typer.Context, *, lock_for: str = "") -> Iterator[House]:
    """Open the house that this command was told to use."""
    from ingest.house import open_house

    with open_house(settings_of(context), lock_for=lock_for) as house:
        yield house


@contextmanager
def reading(context: typer.Context) -> Iterator[tuple[House, Connection]]:
    """Open the house for one look at the registry."""
    with house_of(context) as house, house.registry.read() as connection:
        yield house, connection


@contextmanager
def writing(context: typer.Context) -> Iterator[tuple[House, Connection]]:
    """Open the house for one act, written as a whole or not at all."""
    with house_of(context) as house, house.registry.write() as connection:
        yield house, connection


def dossier_of(connection: Connection, number: str) -> DossierRow:
    """Return a dossier by its number. Raises UsageError when there is none."""
    from registry.queries import dossier_by_number

    found = dossier_by_number(connection, number)
    if found is None:
        message = f"no dossier {number}; `intake queue` lists them"
        raise UsageError(message)
    return found


def operator() -> str:
    """Return who is at this terminal, for the history."""
    import getpass

    try:
        return f"{getpass.getuser()}（命令行）"
    except (KeyError, OSError):
        return "命令行"


def print_json(data: object) -> None:
    """Print one JSON document."""
    sys.stdout.write(json.dumps(data, ensure_ascii=False, indent=2) + "\n")


def print_table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table; as wide as it needs where it is not read on a terminal."""
    from rich.console import Console
    from rich.table import Table

    table = Table(*headings, show_edge=False, pad_edge=False)
    for row in rows:
        table.add_row(*(str(cell) if cell is not None else "" for cell in row))
    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console = Console(highlight=False, markup=False, width=250)
    console.print(table)
