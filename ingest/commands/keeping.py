"""Commands that keep the registry safe: backup, restore, verify."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ingest.commands.common import DONE, NEEDS_PERSON, house_of, settings_of

if TYPE_CHECKING:
    from registry.backup import Damage

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The backup's folder.")]


def backup(context: typer.Context, folder: Folder) -> None:
    """Copy database and originals into a folder, while the service runs."""
    from registry.backup import back_up

    with house_of(context) as house:
        made, damage = back_up(house.settings.service.data_dir, folder, house.clock())
    typer.echo(f"{made.mails} mails, {made.dossiers} dossiers, {made.originals} originals kept")
    _tell(damage)


def restore(context: typer.Context, folder: Folder) -> None:
    """Bring a backup into an empty data folder; letters not sent become drafts."""
    from datetime import datetime

    from registry.backup import restore as bring_back

    settings = settings_of(context)
    now = datetime.now(settings.service.zone)
    made, damage = bring_back(folder, settings.service.data_dir, now)
    typer.echo(f"{made.mails} mails and {made.dossiers} dossiers restored, as of {made.made_at}")
    typer.echo("letters that were not sent are drafts: look at them at the desk")
    _tell(damage)


def verify(context: typer.Context) -> None:
    """Compare every original with its checksum; name those that are damaged or lost."""
    from registry import backup

    with house_of(context) as house, house.registry.read() as connection:
        damage = backup.verify(connection, house.originals)
    typer.echo(f"{damage.checked} originals checked")
    _tell(damage)


def _tell(damage: Damage) -> None:
    for sha256 in damage.damaged:
        typer.echo(f"damaged: {sha256}")
    for sha256 in damage.lost:
        typer.echo(f"lost: {sha256}")
    raise typer.Exit(DONE if damage.whole else NEEDS_PERSON)
