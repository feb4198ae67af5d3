"""Commands that keep the registry safe: backup, restore, verify."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
    from registry.backup import Damage

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The backup's folder.")]


def backup(context: typer.Context, folder: Folder, as_json: AsJson = False) -> None:
    """Copy database and originals into a folder, while the service runs."""
    from registry.backup import back_up

    with house_of(context) as house:
        made, damage = back_up(house.settings.service.data_dir, folder, house.clock())
    if as_json:
        print_json({**asdict(made), **asdict(damage)})
    else:
        typer.echo(f"{made.mails} mails, {made.dossiers} dossiers, {made.originals} originals kept")
    _tell(damage, as_json=as_json)


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
    _tell(damage)


def verify(context: typer.Context, as_json: AsJson = False) -> None:
    """Compare every original with its checksum; name those that are damaged or lost."""
    from registry import backup

    with house_of(context) as house, house.registry.read() as connection:
        damage = backup.verify(connection, house.originals)
    if as_json:
        print_json(asdict(damage))
    else:
        typer.echo(f"{damage.checked} originals checked")
    _tell(damage, as_json=as_json)


def _tell(damage: Damage, *, as_json: bool = False) -> None:
    """Name what is damaged or lost, and end with the exit code that tells of it."""
    if not as_json:
        for sha256 in damage.damaged:
            typer.echo(f"damaged: {sha256}")
        for sha256 in damage.lost:
            typer.echo(f"lost: {sha256}")
    raise typer.Exit(DONE if damage.whole else NEEDS_PERSON)
