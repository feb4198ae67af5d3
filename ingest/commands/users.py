"""Commands about staff accounts: `intake user …`. None ever prints a password."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from ingest.commands.common import (
    AsJson,
    UsageError,
    operator,
    print_json,
    print_table,
    reading,
    writing,
)

if TYPE_CHECKING:
    from registry.accounts import Role

user_app = typer.Typer(help="Staff accounts.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The account's name.")]
FromStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input.")
]


def _password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    given: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return given


def _role(admin: bool, reader: bool) -> Role:
    from registry.accounts import Role

    if admin and reader:
        message = "--admin and --reader exclude each other"
        raise UsageError(message)
    return Role.ADMIN if admin else Role.READER if reader else Role.STAFF


@user_app.command("add")
def add_user(
    context: typer.Context,
    name: Name,
    admin: Annotated[bool, typer.Option("--admin", help="May also manage accounts.")] = False,
    reader: Annotated[bool, typer.Option("--reader", help="May look, and change nothing.")] = False,
    password_stdin: FromStdin = False,
) -> None:
    """Make a staff account; without an option, one that may decide."""
    from registry.accounts import add_account

    role = _role(admin, reader)
    password = _password(password_stdin)
    with writing(context) as (house, connection):
        add_account(connection, name, password, role=role, who=operator(), now=house.clock())
    typer.echo(f"account {name} made: {role}")


@user_app.command("list")
def list_users(context: typer.Context, as_json: AsJson = False) -> None:
    """List the accounts, and what each may do."""
    from registry.accounts import accounts

    with reading(context) as (house, connection):
        found = accounts(connection)
    zone = house.settings.service.zone
    if as_json:
        print_json(
            [
                {
                    "name": each.name,
                    "role": each.role,
                    "disabled": each.disabled,
                    "created_at": each.created_at.astimezone(zone).isoformat(timespec="seconds"),
                }
                for each in found
            ]
        )
        return
    rows = [
        (
            each.name,
            each.role,
            "disabled" if each.disabled else "",
            each.created_at.astimezone(zone).date(),
        )
        for each in found
    ]
    print_table(("name", "role", "state", "made"), rows)


@user_app.command("password")
def give_password(context: typer.Context, name: Name, password_stdin: FromStdin = False) -> None:
    """Give an account another password; its sessions end."""
    from registry.accounts import set_password

    password = _password(password_stdin)
    with writing(context) as (house, connection):
        set_password(connection, name, password, who=operator(), now=house.clock())
    typer.echo(f"account {name}: password changed, its sessions have ended")


@user_app.command("role")
def give_role(
    context: typer.Context,
    name: Name,
    role: Annotated[str, typer.Argument(metavar="reader|staff|admin", help="What it may do.")],
) -> None:
    """Give an account another role."""
    from registry.accounts import Role, set_role

    if role not in set(Role):
        message = f"no role {role!r}; there are reader, staff and admin"
        raise UsageError(message)
    with writing(context) as (house, connection):
        set_role(connection, name, Role(role), who=operator(), now=house.clock())
    typer.echo(f"account {name}: {role} from now on")


@user_app.command("disable")
def disable_user(context: typer.Context, name: Name) -> None:
    """Shut an account out at once; what it has done stays in the history."""
    from registry.accounts import disable

    with writing(context) as (house, connection):
        disable(connection, name, who=operator(), now=house.clock())
    typer.echo(f"account {name}: disabled, its sessions have ended")


@user_app.command("enable")
def enable_user(context: typer.Context, name: Name) -> None:
    """Let an account in again."""
    from registry.accounts import enable

    with writing(context) as (house, connection):
        enable(connection, name, who=operator(), now=house.clock())
    typer.echo(f"account {name}: enabled")
