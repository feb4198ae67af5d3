"""Staff accounts: made, refused, and checked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection

from registry.accounts import AccountError, account_by_name, add_account, check_password
from registry.database import open_registry

NOW = datetime(2016, 6, 1, tzinfo=UTC)
PASSWORD = "correct horse 2016"


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    registry = open_registry(tmp_path)
    with registry.write() as open_connection:
        yield open_connection
    registry.close()


def test_the_password_given_is_the_password_that_signs_in(connection: Connection) -> None:
    made = add_account(connection, "值班员", PASSWORD, admin=False, now=NOW)
    assert check_password(connection, "值班员", PASSWORD) == made
    assert check_password(connection, "值班员", PASSWORD + "!") is None
    assert check_password(connection, "值班员", "") is None


def test_a_name_that_is_not_there_signs_nobody_in(connection: Connection) -> None:
    assert check_password(connection, "nobody", PASSWORD) is None
    assert account_by_name(connection, "nobody") is None


def test_the_password_is_kept_as_an_argon2_hash_and_never_shown(connection: Connection) -> None:
    made = add_account(connection, "desk", PASSWORD, admin=True, now=NOW)
    assert made.password.startswith("$argon2id$")
    assert PASSWORD not in made.password
    assert made.password not in repr(made)
    assert made.admin


@pytest.mark.parametrize(
    ("password", "says"),
    [
        ("short", "too short"),
        ("aaaaaaaaaaaa", "too simple"),
        ("weak-account", "it is the account's name"),
        ("x" * 1025, "too long"),
    ],
)
def test_a_weak_password_is_refused(connection: Connection, password: str, says: str) -> None:
    with pytest.raises(AccountError, match=says):
        add_account(connection, "weak-account", password, admin=False, now=NOW)


@pytest.mark.parametrize("name", ["", "  ", "two words", "tab\there", "line\nbreak", "n" * 65])
def test_a_name_that_cannot_be_used_is_refused(connection: Connection, name: str) -> None:
    with pytest.raises(AccountError):
        add_account(connection, name, PASSWORD, admin=False, now=NOW)


def test_a_name_is_given_once(connection: Connection) -> None:
    add_account(connection, "desk", PASSWORD, admin=False, now=NOW)
    with pytest.raises(AccountError, match="already an account 'desk'"):
        add_account(connection, " desk ", PASSWORD, admin=True, now=NOW)
