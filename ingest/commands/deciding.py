"""Commands by which a person decides; each is one act, kept with who, when and why."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ingest.commands.common import (
    Number,
    Reason,
    UsageError,
    dossier_of,
    house_of,
    operator,
    writing,
)

MailId = Annotated[int, typer.Argument(metavar="MAIL_ID", help="As `intake mails` lists it.")]


def decide(
    context: typer.Context,
    number: Number,
    finding: Annotated[str, typer.Argument(help="Finding id, or a code from `review`.")],
    outcome: Annotated[str, typer.Argument(metavar="ok|missing|waived")],
    reason: Reason,
    document: Annotated[str, typer.Option(help="The document it is about, by path.")] = "",
) -> None:
    """Say a person's word on a finding."""
    from registry import decisions, queries
    from registry.rows import Outcome

    if outcome not in {"ok", "missing", "waived"}:
        message = f"{outcome}: write ok, missing or waived"
        raise UsageError(message)
    with writing(context) as (house, connection):
        row = dossier_of(connection, number)
        about = document
        if not about:
            found = queries.findings_of(connection, [row.id]).get(row.id, ())
            places = {each.document for each in found if each.id == finding}
            about = _only(places, finding)
        decisions.decide(
            connection,
            row,
            finding,
            document=about,
            outcome=Outcome(outcome),
            reason=reason,
            who=operator(),
            now=house.clock(),
        )
    typer.echo(f"{row.number}: {finding} {outcome}")


def _only(places: set[str], finding: str) -> str:
    """Return the one document a finding is about, where that is plain."""
    if len(places) > 1:
        message = (
            f"{finding} stands for several documents; add --document: {', '.join(sorted(places))}"
        )
        raise UsageError(message)
    return next(iter(places), "")


def link(
    context: typer.Context,
    number: Number,
    register_no: Annotated[str, typer.Argument(metavar="REGISTER_NO")],
) -> None:
    """Join a dossier to a paper record."""
    from registry import decisions

    with writing(context) as (house, connection):
        row = dossier_of(connection, number)
        taught = decisions.link(connection, row, register_no, who=operator(), now=house.clock())
    typer.echo(f"{row.number}: paper record {register_no}")
    for pair in taught:
        typer.echo(f"names differ, and are taken for one from now on: {pair}", err=True)
    if taught:
        typer.echo(f"`intake unlink {row.number}` takes that back", err=True)


def unlink(context: typer.Context, number: Number) -> None:
    """Part a dossier from its paper record."""
    from registry import decisions

    with writing(context) as (house, connection):
        row = dossier_of(connection, number)
        decisions.unlink(connection, row, who=operator(), now=house.clock())
    typer.echo(f"{row.number}: no paper record")


def assign(
    context: typer.Context,
    mail: MailId,
    target: Annotated[str, typer.Argument(metavar="NUMBER|new")],
) -> None:
    """Give a mail to a dossier, by hand."""
    from registry import decisions

    with writing(context) as (house, connection):
        decisions.assign(connection, mail, target, who=operator(), now=house.clock())
    typer.echo(f"mail {mail}: will be filed in {target}")


def accept(context: typer.Context, number: Number, mail: MailId) -> None:
    """Let the held documents of a mail take effect."""
    from registry import decisions

    with writing(context) as (house, connection):
        row = dossier_of(connection, number)
        decisions.accept(connection, row, mail, who=operator(), now=house.clock())
    typer.echo(f"{row.number}: documents of mail {mail} accepted")


def reject(context: typer.Context, number: Number, mail: MailId) -> None:
    """Let the held documents of a mail take no effect."""
    from registry import decisions

    with writing(context) as (house, connection):
        row = dossier_of(connection, number)
        decisions.reject(connection, row, mail, who=operator(), now=house.clock())
    typer.echo(f"{row.number}: documents of mail {mail} rejected")


def withdraw(context: typer.Context, number: Number, reason: Reason) -> None:
    """Take a dossier out of the queue; its history stays."""
    from registry import decisions

    with writing(context) as (house, connection):
        row = dossier_of(connection, number)
        decisions.withdraw(connection, row, reason, who=operator(), now=house.clock())
    typer.echo(f"{row.number}: withdrawn")


def retry(
    context: typer.Context,
    mails: Annotated[list[int], typer.Argument(metavar="MAIL_ID…")],
) -> None:
    """Process quarantined mail again."""
    from registry import decisions

    with writing(context) as (house, connection):
        for mail in mails:
            decisions.retry(connection, mail, who=operator(), now=house.clock())
    typer.echo(f"{len(mails)} mails will be processed again")


def add(
    context: typer.Context,
    number: Number,
    files: Annotated[list[Path], typer.Argument(metavar="FILE…")],
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Also where a file names another alliance.")
    ] = False,
) -> None:
    """Add files that came another way to a dossier."""
    from parsers.sandbox import Sandbox
    from registry.adding import add_files

    for file in files:
        if not file.is_file():
            message = f"{file}: no such file"
            raise UsageError(message)
    with house_of(context) as house:
        with house.registry.read() as connection:
            row = dossier_of(connection, number)
        with Sandbox(house.settings.limits, house.work) as sandbox:
            added = add_files(
                house.registry,
                house.originals,
                sandbox,
                row,
                [(each, each.name) for each in files],
                who=operator(),
                now=house.clock(),
                reads_scans=house.settings.ocr.is_on,
                anyway=anyway,
            )
    typer.echo(f"{row.number}: {added} documents added")


letter_app = typer.Typer(help="A letter that has not gone: send, hold, edit.", no_args_is_help=True)
LetterId = Annotated[int, typer.Argument(metavar="ID", help="As `intake letters` lists it.")]


@letter_app.command("send")
def send_letter(
    context: typer.Context,
    letter: LetterId,
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Also one that was suppressed, for whatever reason.")
    ] = False,
) -> None:
    """Let a letter go."""
    from registry import decisions

    with writing(context) as (house, connection):
        decisions.send_letter(connection, letter, anyway=anyway, who=operator(), now=house.clock())
    typer.echo(f"letter {letter}: queued")


@letter_app.command("hold")
def hold_letter(context: typer.Context, letter: LetterId) -> None:
    """Keep a queued letter from going."""
    from registry import decisions

    with writing(context) as (house, connection):
        decisions.hold_letter(connection, letter, who=operator(), now=house.clock())
    typer.echo(f"letter {letter}: held as a draft")


@letter_app.command("edit")
def edit_letter(
    context: typer.Context,
    letter: LetterId,
    text_file: Annotated[
        Path | None, typer.Option(help="The new text; without it $EDITOR opens.")
    ] = None,
    subject: Annotated[str, typer.Option(help="A new subject.")] = "",
) -> None:
    """Change the words of a letter that has not gone; it is then a draft."""
    from registry import decisions, queries
    from reports.letters import edit_html

    with house_of(context) as house:
        with house.registry.read() as connection:
            row = queries.letter_by_id(connection, letter)
        if row is None:
            message = f"no letter {letter}; `intake letters` lists them"
            raise UsageError(message)
        text = _new_text(row.text, text_file)
        with house.registry.write() as connection:
            decisions.edit_letter(
                connection,
                letter,
                subject=subject or row.subject,
                text=text,
                html=edit_html(text),
                who=operator(),
                now=house.clock(),
            )
    typer.echo(f"letter {letter}: changed, a draft until `intake letter send {letter}`")


def _new_text(old: str, file: Path | None) -> str:
    if file is None:
        import click

        return click.edit(old) or old
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        message = f"{file}: cannot be read as UTF-8 text: {error}"
        raise UsageError(message) from error
