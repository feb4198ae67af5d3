"""Staff accounts: who may sign in at the desk, with passwords kept as argon2 hashes only."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from threading import BoundedSemaphore

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import Connection, insert, select

from registry import models as m

SHORTEST = 10
"""The fewest characters a password may have."""

FEWEST_DIFFERENT = 5
"""The fewest different characters a password may have."""

LONGEST_NAME = 64
LONGEST_PASSWORD = 1024

_hashes = PasswordHash((Argon2Hasher(),))
# Each hash takes 64 MiB and a core: strangers at the sign-in page may not claim more.
_hashing = BoundedSemaphore(2)


@cache
def _nobody() -> str:
    """Return the hash that is tried for a name that is not there."""
    return _hashes.hash("the password of an account that is not there")


class AccountError(Exception):
    """An account that cannot be made; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Account:
    """A staff account 工作人员账号; `password` is the hash."""

    name: str
    password: str = field(repr=False)
    admin: bool
    created_at: datetime


def clean_name(name: str) -> str:
    """Return a name as it is kept: composed, without blanks around it."""
    return unicodedata.normalize("NFC", name).strip()


def _refuse_name(name: str) -> None:
    if not name:
        message = "an account needs a name"
        raise AccountError(message)
    if len(name) > LONGEST_NAME:
        message = f"the name of an account has at most {LONGEST_NAME} characters"
        raise AccountError(message)
    if not all(each.isprintable() and not each.isspace() for each in name):
        message = f"the name of an account has no blanks or control characters: {name!r}"
        raise AccountError(message)


def _refuse_password(name: str, password: str) -> None:
    if len(password) < SHORTEST:
        message = f"the password is too short: at least {SHORTEST} characters"
        raise AccountError(message)
    if len(password) > LONGEST_PASSWORD:
        message = f"the password is too long: at most {LONGEST_PASSWORD} characters"
        raise AccountError(message)
    if len(set(password)) < FEWEST_DIFFERENT:
        message = f"the password is too simple: at least {FEWEST_DIFFERENT} different characters"
        raise AccountError(message)
    if name.casefold() == password.casefold():
        message = "the password is too simple: it is the account's name"
        raise AccountError(message)


def add_account(
    connection: Connection, name: str, password: str, *, admin: bool, now: datetime
) -> Account:
    """Make a staff account.

    Raises AccountError for a name that cannot be used or is taken, and for a password that
    is too short or too simple.
    """
    name = clean_name(name)
    _refuse_name(name)
    _refuse_password(name, password)
    if account_by_name(connection, name) is not None:
        message = f"there is already an account {name!r}"
        raise AccountError(message)
    account = Account(name=name, password=_hashes.hash(password), admin=admin, created_at=now)
    values = {"name": name, "password": account.password, "admin": admin, "created_at": now}
    connection.execute(insert(m.account).values(values))
    return account


def account_by_name(connection: Connection, name: str) -> Account | None:
    """Return the account with that name, or None."""
    query = select(m.account).where(m.account.c.name == clean_name(name))
    row = connection.execute(query).first()
    if row is None:
        return None
    return Account(name=row.name, password=row.password, admin=row.admin, created_at=row.created_at)


def check_password(connection: Connection, name: str, password: str) -> Account | None:
    """Return the account whose name and password these are, or None.

    Takes as long for a name that is not there as for a wrong password, so that names
    cannot be told from the time it takes.
    """
    account = account_by_name(connection, name)
    if len(password) > LONGEST_PASSWORD:
        return None
    with _hashing:
        right = _hashes.verify(password, account.password if account else _nobody())
    return account if right else None
