"""Commands that keep the registry safe: backup, restore, verify."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from ingest.commands.common import (
    DONE,
    NEEDS_PERSON,
    AsJson,
    house_of,
    print_json,
    settings_of,
)

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from registry.backup import Damage

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The backup's folder.")]


def backup(context: typer.Context, folder: Folder, as_json: AsJson = False) -> None:
    """Copy database and originals into a folder, while the service runs."""
    from registry.backup import back_up

    with house_of(context) as house:
        made, damage = back_up(house.settings.service.data_dir, folder, house.clock())
        with house.registry.read() as connection:
            told = [] if as_json else [*_lines(damage, connection)]
    if as_json:
        print_json({**asdict(made), **asdict(damage)})
    else:
        typer.echo(f"{made.mails} mails, {made.dossiers} dossiers, {made.originals} originals kept")
    _end(damage, told)


def restore(context: typer.Context, folder: Folder) -> None:
    """Bring a backup into an empty data folder; letters not sent become drafts."""
    from datetime import datetime

    from registry.backup import restore as bring_back

    settings = settings_of(context)
    now = datetime.now(settings.service.zone)
    made, damage = bring_back(folder, settings.service.data_dir, now)
    typer.echo(f"{made.mails} mails and {made.dossiers} dossiers restored, as of {made.made_at}")
    typer.echo("letters that were not sent are drafts: look at them at the desk")
    typer.echo("numbers given after that time may be given again: prefer the newest backup")
    _end(damage, [*_lines(damage)])


def verify(context: typer.Context, as_json: AsJson = False) -> None:
    """Compare every original with its checksum; name those that are damaged or lost."""
    from registry import backup

    with house_of(context) as house, house.registry.read() as connection:
        damage = backup.verify(connection, house.originals)
        told = [] if as_json else [*_lines(damage, connection)]
    if as_json:
        print_json(asdict(damage))
    else:
        typer.echo(f"{damage.checked} originals checked")
    _end(damage, told)


def _lines(damage: Damage, connection: Connection | None = None) -> Iterator[str]:
    """Say what is damaged or lost, whose it is where the registry can be asked, and what to do."""
    from registry.backup import belongs_to

    for word, sums in (("damaged", damage.damaged), ("lost", damage.lost)):
        for sha256 in sums:
            whose = f" ({belongs_to(connection, sha256)})" if connection else ""
            yield f"{word}: {sha256}{whose}"
    if not damage.whole:
        first = (damage.damaged or damage.lost)[0]
        place = f"originals/{first[:2]}/{first}"
        yield f"restore each from a backup: copy its file from there to the data folder, as {place}"


def _end(damage: Damage, told: Iterable[str]) -> NoReturn:
    """Say what is damaged or lost, and end with the exit code that tells of it."""
    for line in told:
        typer.echo(line)
    raise typer.Exit(DONE if damage.whole else NEEDS_PERSON)
