"""`/accounts`: staff accounts, for admins; `/password`: each person's own."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form
from pydantic import BaseModel, Field
from starlette.responses import Response

from registry import models as m
from registry import queries
from registry.accounts import (
    LONGEST_NAME,
    ROLES,
    SHORTEST,
    Role,
    accounts,
    add_account,
    check_password,
    clean_name,
    disable,
    enable,
    set_password,
    set_role,
)
from registry.decisions import RefusedError
from reports.desk.frame import ActingAsManager, ActingForOneself, Managing, SignedIn, Visit
from reports.desk.sign_in_page import BLOCKED, begin, client_of
from reports.history import tell

router = APIRouter(include_in_schema=False)

PAGE = "/accounts"
WRONG = "现在的密码不正确。"
CHANGED = "密码已修改。其他已登录的设备须重新登录。"
DIFFER = "两次输入的新密码不一致。"
OWN = "不能停用自己的账号，也不能更改自己的角色；请由另一位管理员操作"

Name = Annotated[str, Form(max_length=200)]
Password = Annotated[str, Form(max_length=2000)]


class NewPassword(BaseModel):
    """The form by which people change their own password."""

    present: str = Field(default="", max_length=2000, repr=False)
    password: str = Field(default="", max_length=2000, repr=False)
    again: str = Field(default="", max_length=2000, repr=False)


# ── accounts, for admins ─────────────────────────────────────────────────────────────────


@router.get(PAGE)
def accounts_page(visit: Managing) -> Response:
    """Show every account, and what has been changed about them."""
    with visit.reading() as connection:
        told = queries.history(connection, m.event.c.what.startswith("account-"))
        return visit.page(
            connection,
            "accounts.html",
            accounts=accounts(connection),
            roles=ROLES,
            longest=LONGEST_NAME,
            shortest=SHORTEST,
            history=[tell(each) for each in told],
        )


@router.post(PAGE + "/add")
def add(
    visit: ActingAsManager, name: Name, password: Password, role: Annotated[Role, Form()]
) -> Response:
    """Make an account."""
    return visit.act(
        lambda connection, now: add_account(
            connection, name, password, role=role, who=visit.account.name, now=now
        ),
        done="已添加账号。请让本人登录后修改密码。",
        back=PAGE,
    )


@router.post(PAGE + "/password")
def give_password(visit: ActingAsManager, name: Name, password: Password) -> Response:
    """Give somebody a new password; all sessions of the account end."""
    return visit.act(
        lambda connection, now: set_password(
            connection, name, password, who=visit.account.name, now=now
        ),
        done="已重设密码，该账号须重新登录。",
        back=PAGE,
    )


@router.post(PAGE + "/role")
def give_role(visit: ActingAsManager, name: Name, role: Annotated[Role, Form()]) -> Response:
    """Give somebody else another role."""
    return visit.act(
        lambda connection, now: set_role(
            connection, _other_than(visit, name), role, who=visit.account.name, now=now
        ),
        done="已更改角色。",
        back=PAGE,
    )


@router.post(PAGE + "/disable")
def shut_out(visit: ActingAsManager, name: Name) -> Response:
    """Shut somebody else out at once."""
    return visit.act(
        lambda connection, now: disable(
            connection, _other_than(visit, name), who=visit.account.name, now=now
        ),
        done="已停用，该账号立即不能再使用。",
        back=PAGE,
    )


@router.post(PAGE + "/enable")
def let_in(visit: ActingAsManager, name: Name) -> Response:
    """Let an account in again."""
    return visit.act(
        lambda connection, now: enable(connection, name, who=visit.account.name, now=now),
        done="已恢复，该账号可以重新登录。",
        back=PAGE,
    )


def _other_than(visit: Visit, name: str) -> str:
    """Return the name of another account. Raises RefusedError: one admin must remain."""
    if clean_name(name) == visit.account.name:
        raise RefusedError(OWN)
    return name


# ── everybody's own password ─────────────────────────────────────────────────────────────


@router.get("/password")
def password_page(visit: SignedIn) -> Response:
    """Show the form."""
    with visit.reading() as connection:
        return visit.page(connection, "password.html", shortest=SHORTEST)


@router.post("/password")
def change_password(visit: ActingForOneself, given: Annotated[NewPassword, Form()]) -> Response:
    """Change one's own password; other sessions end, this one begins anew."""
    desk, name = visit.desk, visit.account.name
    now = desk.clock()
    if given.password != given.again:
        return visit.go("/password", DIFFER, "bad")
    client = client_of(visit.request)
    if not desk.throttle.admits(name, client, now):
        return visit.go("/password", BLOCKED, "bad")
    with visit.reading() as connection:
        if check_password(connection, name, given.present) is None:
            return visit.go("/password", WRONG, "bad")
    desk.throttle.succeeded(name, client)
    try:
        with desk.registry.write() as connection:
            account = set_password(connection, name, given.password, who=name, now=now)
    except RefusedError as refusal:
        return visit.go("/password", str(refusal), "bad")
    visit.keep_message(answer := begin(visit.request, desk, account, "/password"), CHANGED, "good")
    return answer
