"""Commands that look at the registry: queue, show, mails, letters, export, calls."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ingest.commands.common import (
    AsJson,
    Number,
    UsageError,
    dossier_of,
    house_of,
    print_json,
    print_table,
    reading,
    settings_of,
)

AT_ONCE = 500
"""How many rows are read at a time: a long list needs no more memory than a short one."""


def queue(
    context: typer.Context,
    status: Annotated[
        str, typer.Option(help="Only dossiers in this status, e.g. in-review, incomplete.")
    ] = "",
    search: Annotated[str, typer.Option(help="Only dossiers with these words.")] = "",
    as_json: AsJson = False,
) -> None:
    """List dossiers."""
    from registry import queries
    from registry.rows import Status
    from reports.records import dossier_record
    from reports.wording import STATUSES, finding_label, reviews_wording

    _one_of("--status", status, [each.value for each in Status])
    with reading(context) as (house, connection):
        rows = queries.queue(connection, status=status, search=search)
        parts = [rows[start : start + AT_ONCE] for start in range(0, len(rows), AT_ONCE)]
        views = [view for part in parts for view in queries.views(connection, part)]
    if as_json:
        print_json([dossier_record(view, house.settings.service.zone) for view in views])
        return
    calls = house.calls
    table = [
        (
            view.row.number,
            view.row.name,
            STATUSES[view.row.status],
            "；".join(
                filter(
                    None,
                    (
                        reviews_wording(view.row.review, calls[view.row.call_id]),
                        f"函件未送达 {view.unreached}" if view.unreached else "",
                    ),
                )
            ),
            "、".join(
                dict.fromkeys(
                    finding_label(each.id, calls[view.row.call_id]) for each in view.missing
                )
            ),
        )
        for view in views
    ]
    print_table(("登记编号", "名称", "状态", "待办", "缺件"), table)


def show(context: typer.Context, number: Number, as_json: AsJson = False) -> None:
    """Show one dossier, whole, with its history."""
    from registry import queries
    from registry.judging import call_of
    from reports.plain_text import dossier_text
    from reports.records import dossier_whole

    with reading(context) as (house, connection):
        row = dossier_of(connection, number)
        view = queries.view(connection, row)
        call = call_of(connection, row)
    zone = house.settings.service.zone
    if as_json:
        print_json(dossier_whole(view, zone))
    else:
        typer.echo(dossier_text(view, call, zone))


def mails(
    context: typer.Context,
    fate: Annotated[
        str, typer.Option(help="Only mails with this fate, e.g. filed, quarantined.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """List every mail ever seen and what became of it."""
    from registry import queries
    from registry.rows import Fate
    from reports.records import mail_record
    from reports.wording import FATES

    _one_of("--fate", fate, [each.value for each in Fate])
    with reading(context) as (house, connection):
        rows = queries.mails(connection, fate=fate)
    zone = house.settings.service.zone
    if as_json:
        print_json([mail_record(row, zone) for row in rows])
        return
    table = [
        (
            row.id,
            row.received_at.astimezone(zone).strftime("%Y-%m-%d %H:%M"),
            row.sender,
            row.subject,
            FATES[row.fate],
            " ".join(row.dossiers),
            row.reason,
        )
        for row in rows
    ]
    print_table(("id", "收到", "发件人", "主题", "去向", "登记编号", "原因"), table)


def letters(
    context: typer.Context,
    state: Annotated[
        str, typer.Option(help="Only letters in this state, e.g. draft, queued, sent.")
    ] = "",
    body: Annotated[bool, typer.Option("--body", help="With their text.")] = False,
    as_json: AsJson = False,
) -> None:
    """List every letter, queued or sent."""
    from registry import queries
    from registry.rows import LetterState
    from reports.records import letter_record
    from reports.wording import LETTER_STATES, letter_name

    _one_of("--state", state, [each.value for each in LetterState])
    with reading(context) as (house, connection):
        rows = queries.letters(connection, state=state)
        server = queries.mail_server_error(connection)
    zone = house.settings.service.zone
    if as_json:
        print_json([letter_record(row, zone, body=body) for row in rows])
        return
    table = [
        (
            row.id,
            letter_name(row),
            ",".join(row.to),
            row.subject,
            LETTER_STATES[row.state],
            row.reason or (server if row.state is LetterState.QUEUED else ""),
        )
        for row in rows
    ]
    print_table(("id", "种类", "收件人", "主题", "状态", "原因"), table)
    if body:
        for row in rows:
            typer.echo(f"\n━━ {row.id} ━━ {row.subject}\n\n{row.text}")


def _one_of(option: str, value: str, known: list[str]) -> None:
    if value and value not in known:
        message = f"{option} {value}: not one of {', '.join(known)}"
        raise UsageError(message)


def export(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE.xlsx", help="The workbook to write.")],
    as_json: AsJson = False,
) -> None:
    """Write the registry as a workbook."""
    from reports.exporting import write_registry

    _writable(file)
    with house_of(context) as house:
        written = write_registry(house.registry, file, house.settings.service.zone)
    if as_json:
        print_json({"file": str(file), "dossiers": written})
    else:
        typer.echo(f"{written} dossiers written to {file}")


def _writable(file: Path) -> None:
    if not file.absolute().parent.is_dir():
        message = f"{file}: there is no folder {file.absolute().parent}"
        raise UsageError(message)


calls_app = typer.Typer(help="The calls for submissions that are known.", no_args_is_help=True)


@calls_app.command("list")
def list_calls(context: typer.Context, as_json: AsJson = False) -> None:
    """List the calls known."""
    from ingest.house import known_calls

    settings = settings_of(context)
    default = settings.service.default_call
    calls = known_calls(settings).values()
    if as_json:
        told = ("id", "version", "title")
        records = [{key: getattr(call, key) for key in told} for call in calls]
        print_json([each | {"default": each["id"] == default} for each in records])
        return
    rows = [
        (call.id, call.version, call.title, "默认" if call.id == default else "") for call in calls
    ]
    print_table(("id", "version", "名称", ""), rows)


@calls_app.command("test")
def try_changed_call(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The changed call, a TOML file.")],
    as_json: AsJson = False,
) -> None:
    """Try a changed call on all filed dossiers, without touching them."""
    from config.call import CallError, parse_call
    from ingest.trying import filed_dossiers, tried_record, tried_rows, try_call
    from parsers.sandbox import Sandbox

    try:
        call = parse_call(file.read_text("utf-8"), str(file))
    except (CallError, OSError, UnicodeDecodeError) as error:
        raise UsageError(str(error)) from error
    with house_of(context) as house, Sandbox(house.settings.limits, house.work) as sandbox:
        rows = filed_dossiers(house, call)
        found = [each for each in try_call(house, sandbox, call, rows) if each]
    if as_json:
        print_json([tried_record(each) for each in found])
        return
    table = [row for each in found for row in tried_rows(each, call)]
    if table:
        print_table(("登记编号", "名称", "状态", "核对事项", "结果"), table)
    typer.echo(f"{call.id}：已试用于 {len(rows)} 件，{len(found)} 件结果不同")


paper_app = typer.Typer(help="The paper register: import, list, export.", no_args_is_help=True)


@paper_app.command("list")
def list_paper(context: typer.Context, as_json: AsJson = False) -> None:
    """List the paper register, with each record's dossier."""
    from registry import queries
    from reports.records import paper_record

    with reading(context) as (_, connection):
        records = queries.papers(connection)
    if as_json:
        print_json([paper_record(each) for each in records])
        return
    table = [
        (each.register_no, each.received_on, each.name, each.secretariat, each.copies, each.dossier)
        for each in records
    ]
    print_table(("纸质登记号", "收件日期", "名称", "秘书处单位", "份数", "登记编号"), table)


@paper_app.command("export")
def export_paper_register(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE.xlsx", help="The workbook to write.")],
) -> None:
    """Write the paper register as the sheet that it is imported from."""
    from registry import queries
    from reports.workbook import export_paper

    with reading(context) as (house, connection):
        records = queries.papers(connection)
    _writable(file)
    export_paper(file, records, house.default_call)
    gone = [each for each in records if each.gone]
    left_out = f"; {len(gone)} left out: no longer in their sheet" if gone else ""
    typer.echo(f"{len(records) - len(gone)} records written to {file}{left_out}")
    for each in gone:
        typer.echo(f"  已不在表中，未导出：{each.register_no} {each.name}")


@paper_app.command("import")
def import_paper_register(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help=".xlsx, .xls or .csv")],
) -> None:
    """Take in the paper register; the same file a second time changes nothing."""
    from ingest.commands.common import operator
    from registry.paper import read_register
    from registry.paper_import import import_register

    with house_of(context) as house:
        call = house.default_call
        register = read_register(file, call, house.clock().date())
        with house.registry.write() as connection:
            done = import_register(
                connection,
                register,
                call=call,
                who=operator(),
                now=house.clock(),
            )
    typer.echo(
        f"added {done.added}, changed {done.changed}, unchanged {done.unchanged}, "
        f"rejected {len(done.rejected)}, no longer in the sheet {len(done.gone)}"
    )
    for sheet in register.sheets:
        for told in filter(None, (sheet.unread, sheet.lacking(call))):
            typer.echo(f"  {sheet.name}：{told}")
    for note in (*done.rejected, *done.warnings):
        typer.echo(f"  {note.sheet} 第{note.row}行：{note.reason}")
    for name in done.gone:
        typer.echo(f"  已不在表中：{name}")
