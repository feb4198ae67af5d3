"""Staff accounts, and the passwords that let them in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, select

from registry import models as m
from registry.accounts import (
    Account,
    Role,
    account_by_name,
    accounts,
    add_account,
    check_password,
    disable,
    enable,
    is_spent,
    set_password,
    set_role,
    spend,
)
from registry.database import open_registry
from registry.decisions import RefusedError

NOW = datetime(2016, 6, 1, tzinfo=UTC)
PASSWORD = "correct horse 2016"


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    registry = open_registry(tmp_path)
    with registry.write() as open_connection:
        yield open_connection
    registry.close()


def add(
    connection: Connection, name: str, password: str = PASSWORD, role: Role = Role.STAFF
) -> Account:
    return add_account(connection, name, password, role=role, who="boss", now=NOW)


def test_the_password_given_is_the_password_that_signs_in(connection: Connection) -> None:
    made = add(connection, "值班员")
    assert check_password(connection, "值班员", PASSWORD) == made
    assert check_password(connection, "值班员", PASSWORD + "!") is None
    assert check_password(connection, "值班员", "") is None


def test_a_name_that_is_not_there_signs_nobody_in(connection: Connection) -> None:
    assert check_password(connection, "nobody", PASSWORD) is None
    assert account_by_name(connection, "nobody") is None


def test_the_password_is_kept_as_an_argon2_hash_and_never_shown(connection: Connection) -> None:
    made = add(connection, "desk", role=Role.ADMIN)
    assert made.password.startswith("$argon2id$")
    assert PASSWORD not in made.password
    assert made.password not in repr(made)
    assert made.role is Role.ADMIN


@pytest.mark.parametrize(
    ("password", "says"),
    [
        ("short", "太短"),
        ("aaaaaaaaaaaa", "太简单"),
        ("weak-account", "与账号名相同"),
        ("x" * 1025, "太长"),
    ],
)
def test_a_weak_password_is_refused(connection: Connection, password: str, says: str) -> None:
    with pytest.raises(RefusedError, match=says):
        add(connection, "weak-account", password)


@pytest.mark.parametrize("name", ["", "  ", "two words", "tab\there", "line\nbreak", "n" * 65])
def test_a_name_that_cannot_be_used_is_refused(connection: Connection, name: str) -> None:
    with pytest.raises(RefusedError):
        add(connection, name)


def test_a_name_is_given_once(connection: Connection) -> None:
    add(connection, "desk")
    with pytest.raises(RefusedError, match="已有账号 desk"):
        add(connection, " desk ", role=Role.ADMIN)


@pytest.mark.parametrize("role", list(Role))
def test_an_account_keeps_its_role_until_it_is_given_another(
    connection: Connection, role: Role
) -> None:
    assert add(connection, "desk", role=role) == account_by_name(connection, "desk")
    for other in Role:
        set_role(connection, "desk", other, who="boss", now=NOW)
        assert [each.role for each in accounts(connection)] == [other]


def test_a_disabled_account_signs_nobody_in_until_it_is_enabled(connection: Connection) -> None:
    add(connection, "desk")
    disable(connection, "desk", who="boss", now=NOW)
    assert check_password(connection, "desk", PASSWORD) is None
    found = enable(connection, "desk", who="boss", now=NOW)
    assert check_password(connection, "desk", PASSWORD) == found


def test_a_new_password_takes_the_place_of_the_old(connection: Connection) -> None:
    add(connection, "desk")
    set_password(connection, "desk", "another horse 2016", who="desk", now=NOW)
    assert check_password(connection, "desk", PASSWORD) is None
    assert check_password(connection, "desk", "another horse 2016")
    with pytest.raises(RefusedError, match="太短"):
        set_password(connection, "desk", "short", who="desk", now=NOW)


def test_an_account_that_is_not_there_is_not_changed(connection: Connection) -> None:
    for act in (disable, enable):
        with pytest.raises(RefusedError, match="没有账号 nobody"):
            act(connection, "nobody", who="boss", now=NOW)


def test_each_change_of_an_account_is_an_event_without_its_password(
    connection: Connection,
) -> None:
    add(connection, "desk")
    set_password(connection, "desk", "another horse 2016", who="desk", now=NOW)
    set_role(connection, "desk", Role.READER, who="boss", now=NOW)
    disable(connection, "desk", who="boss", now=NOW)
    enable(connection, "desk", who="boss", now=NOW)
    events = connection.execute(select(m.event.c.what, m.event.c.actor, m.event.c.detail)).all()
    assert [tuple(each) for each in events] == [
        ("account-added", "boss", "desk（经办）"),
        ("account-password", "desk", "desk"),
        ("account-role", "boss", "desk → 只读"),
        ("account-disabled", "boss", "desk"),
        ("account-enabled", "boss", "desk"),
    ]


def test_what_is_spent_is_spent_once_and_forgotten_when_it_is_over(
    connection: Connection,
) -> None:
    over = NOW + timedelta(hours=1)
    assert not is_spent(connection, "a")
    assert spend(connection, "a", over, NOW)
    assert not spend(connection, "a", over, NOW)
    assert is_spent(connection, "a")
    assert spend(connection, "b", over + timedelta(hours=1), over)
    assert not is_spent(connection, "a")
