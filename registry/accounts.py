"""Staff accounts: who may do what at the desk, with passwords kept as argon2 hashes only.

Each change of an account is an event. What the desk has signed and no longer honours
(sessions signed out of, sign-in links used) stands here too, until it would be over anyway.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cache
from threading import BoundedSemaphore
from typing import Any

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import Connection, Row, delete, exists, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from registry import models as m
from registry.decisions import RefusedError
from registry.events import record

SHORTEST = 10
"""The fewest characters a password may have."""

FEWEST_DIFFERENT = 5
"""The fewest different characters a password may have."""

LONGEST_NAME = 64
LONGEST_PASSWORD = 1024

_hashes = PasswordHash((Argon2Hasher(),))
# Each hash takes 64 MiB and a core: strangers at the sign-in page may not claim more.
_hashing = BoundedSemaphore(2)


class Role(StrEnum):
    """What an account may do: look, decide as well, or manage accounts as well."""

    READER = "reader"
    STAFF = "staff"
    ADMIN = "admin"

    @property
    def may_act(self) -> bool:
        """Whether it may change anything but its own password."""
        return self is not Role.READER


ROLES: Mapping[Role, str] = {Role.READER: "只读", Role.STAFF: "经办", Role.ADMIN: "管理员"}


@cache
def _nobody() -> str:
    """Return the hash that is tried for a name that is not there."""
    return _hashes.hash("the password of an account that is not there")


@dataclass(frozen=True, kw_only=True)
class Account:
    """A staff account 工作人员账号; `password` is the hash.

    `shut_outs` counts how often it was disabled: no session outlives that.
    """

    name: str
    password: str = field(repr=False)
    role: Role
    disabled: bool = False
    shut_outs: int = 0
    created_at: datetime


def clean_name(name: str) -> str:
    """Return a name as it is kept: composed, without blanks around it."""
    return unicodedata.normalize("NFC", name).strip()


def _refuse_name(name: str) -> None:
    if not name:
        message = "请填写账号名"
        raise RefusedError(message)
    if len(name) > LONGEST_NAME:
        message = f"账号名至多 {LONGEST_NAME} 个字符"
        raise RefusedError(message)
    if not all(each.isprintable() and not each.isspace() for each in name):
        message = f"账号名不能含空格或控制字符：{name!r}"
        raise RefusedError(message)


def _refuse_password(name: str, password: str) -> None:
    if len(password) < SHORTEST:
        message = f"密码太短：至少 {SHORTEST} 个字符"
        raise RefusedError(message)
    if len(password) > LONGEST_PASSWORD:
        message = f"密码太长：至多 {LONGEST_PASSWORD} 个字符"
        raise RefusedError(message)
    if len(set(password)) < FEWEST_DIFFERENT:
        message = f"密码太简单：至少 {FEWEST_DIFFERENT} 个不同的字符"
        raise RefusedError(message)
    if name.casefold() == password.casefold():
        message = "密码太简单：与账号名相同"
        raise RefusedError(message)


# ── reading ──────────────────────────────────────────────────────────────────────────────


def accounts(connection: Connection) -> tuple[Account, ...]:
    """Return every account, by name."""
    rows = connection.execute(select(m.account).order_by(m.account.c.name))
    return tuple(_account(row) for row in rows)


def account_by_name(connection: Connection, name: str) -> Account | None:
    """Return the account with that name, or None."""
    query = select(m.account).where(m.account.c.name == clean_name(name))
    row = connection.execute(query).first()
    return None if row is None else _account(row)


def _account(row: Row[Any]) -> Account:
    role = Role.ADMIN if row.admin else Role.READER if row.reader else Role.STAFF
    return Account(
        name=row.name,
        password=row.password,
        role=role,
        disabled=row.disabled,
        shut_outs=row.shut_outs,
        created_at=row.created_at,
    )


def check_password(connection: Connection, name: str, password: str) -> Account | None:
    """Return the account whose name and password these are, or None; None if it is disabled.

    Takes as long for a name that is not there as for a wrong password, so that names
    cannot be told from the time it takes.
    """
    account = account_by_name(connection, name)
    if len(password) > LONGEST_PASSWORD:
        return None
    with _hashing:
        right = _hashes.verify(password, account.password if account else _nobody())
    return account if account and right and not account.disabled else None


# ── changing ─────────────────────────────────────────────────────────────────────────────


def add_account(
    connection: Connection, name: str, password: str, *, role: Role, who: str, now: datetime
) -> Account:
    """Make a staff account.

    Raises RefusedError for a name that cannot be used or is taken, and for a password that
    is too short or too simple.
    """
    name = clean_name(name)
    _refuse_name(name)
    _refuse_password(name, password)
    if account_by_name(connection, name) is not None:
        message = f"已有账号 {name}"
        raise RefusedError(message)
    account = Account(name=name, password=_hashes.hash(password), role=role, created_at=now)
    values = {"name": name, "password": account.password, "created_at": now}
    connection.execute(insert(m.account).values(**values, **_as_columns(role)))
    record(connection, "account-added", actor=who, at=now, detail=f"{name}（{ROLES[role]}）")
    return account


def set_password(
    connection: Connection, name: str, password: str, *, who: str, now: datetime
) -> Account:
    """Give an account another password, which ends its sessions. Raises RefusedError."""
    _refuse_password(clean_name(name), password)
    values = {"password": _hashes.hash(password)}
    return _change(connection, name, values, "account-password", "", who=who, now=now)


def set_role(connection: Connection, name: str, role: Role, *, who: str, now: datetime) -> Account:
    """Give an account another role, from its next page on. Raises RefusedError."""
    return _change(
        connection, name, _as_columns(role), "account-role", f" → {ROLES[role]}", who=who, now=now
    )


def disable(connection: Connection, name: str, *, who: str, now: datetime) -> Account:
    """Shut an account out at once; its sessions end for good. Raises RefusedError."""
    values = {"disabled": True, "shut_outs": m.account.c.shut_outs + 1}
    return _change(connection, name, values, "account-disabled", "", who=who, now=now)


def enable(connection: Connection, name: str, *, who: str, now: datetime) -> Account:
    """Let an account in again. Raises RefusedError."""
    return _change(connection, name, {"disabled": False}, "account-enabled", "", who=who, now=now)


def _as_columns(role: Role) -> dict[str, bool]:
    return {"admin": role is Role.ADMIN, "reader": role is Role.READER}


def _change(
    connection: Connection,
    name: str,
    values: Mapping[str, object],
    what: str,
    detail: str,
    *,
    who: str,
    now: datetime,
) -> Account:
    this = m.account.c.name == clean_name(name)
    connection.execute(update(m.account).where(this).values(**values))
    account = account_by_name(connection, name)
    if account is None:
        message = f"没有账号 {name}"
        raise RefusedError(message)
    record(connection, what, actor=who, at=now, detail=account.name + detail)
    return account


# ── what is no longer honoured ───────────────────────────────────────────────────────────


def spend(connection: Connection, nonce: str, until: datetime, now: datetime) -> bool:
    """Keep that a session has ended, or a link been used; False when it had been before.

    `until` is when it would have been over by itself: it is forgotten then.
    """
    connection.execute(delete(m.spent).where(m.spent.c.until <= now))
    statement = upsert(m.spent).values(nonce=nonce, until=until)
    done = connection.execute(statement.on_conflict_do_nothing().returning(m.spent.c.nonce))
    return done.first() is not None


def is_spent(connection: Connection, nonce: str) -> bool:
    """Tell whether a session has been ended, or a link been used."""
    found = connection.execute(select(exists().where(m.spent.c.nonce == nonce))).scalar()
    return bool(found)
