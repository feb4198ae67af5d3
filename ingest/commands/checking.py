"""`intake check`: the completeness check of the electronic part, on files of this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ingest.commands.common import DONE, NEEDS_PERSON, AsJson, UsageError, print_json, settings_of


def check(
    context: typer.Context,
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH…", help="Mails, folders, documents.")
    ],
    as_json: AsJson = False,
) -> None:
    """Check local files as if one mail had brought them; writes nothing, sends nothing."""
    from ingest.proofreading import check_record, check_text, proofread

    for path in paths:
        if not path.exists():
            message = f"{path}: no such file or folder"
            raise UsageError(message)
    checked = proofread(settings_of(context), paths)
    if as_json:
        print_json([check_record(each) for each in checked])
    else:
        typer.echo("\n\n".join(check_text(each) for each in checked) or "未找到任何文件")
    lacking = not checked or any(each.missing for each in checked)
    raise typer.Exit(NEEDS_PERSON if lacking else DONE)
