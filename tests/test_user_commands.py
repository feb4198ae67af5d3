"""`intake user …`: accounts by the command line, which never prints a password."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ingest.cli import app
from ingest.commands.common import UsageError
from registry.decisions import RefusedError

PASSWORD = "correct horse 2016"
OTHER = "another horse 2017"


def user(folder: Path, *arguments: str, given: str = "") -> str:
    """Run a command about accounts, and return what it printed."""
    config = folder / "intake.toml"
    config.write_text('[service]\ndata_dir = "var"\n', encoding="utf-8")
    line = ["--config", str(config), "user", *arguments]
    done = CliRunner().invoke(app, line, input=given, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    for secret in (PASSWORD, OTHER, "argon2"):
        assert secret not in done.output
    return done.stdout


def listed(folder: Path) -> dict[str, tuple[str, bool]]:
    records = json.loads(user(folder, "list", "--json"))
    return {each["name"]: (each["role"], each["disabled"]) for each in records}


def test_accounts_are_made_listed_changed_shut_out_and_let_in(tmp_path: Path) -> None:
    for name, *options in (("boss", "--admin"), ("desk",), ("guest", "--reader")):
        given = f"{PASSWORD}\n"
        user(tmp_path, "add", name, *options, "--password-stdin", given=given)
    assert listed(tmp_path) == {
        "boss": ("admin", False),
        "desk": ("staff", False),
        "guest": ("reader", False),
    }
    user(tmp_path, "role", "guest", "staff")
    user(tmp_path, "disable", "desk")
    assert listed(tmp_path)["guest"] == ("staff", False)
    assert listed(tmp_path)["desk"] == ("staff", True)
    assert "disabled" in user(tmp_path, "list")
    user(tmp_path, "enable", "desk")
    assert listed(tmp_path)["desk"] == ("staff", False)
    assert "changed" in user(tmp_path, "password", "desk", given=f"{OTHER}\n{OTHER}\n")


def test_what_cannot_be_done_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="exclude each other"):
        user(tmp_path, "add", "x", "--admin", "--reader", "--password-stdin")
    with pytest.raises(UsageError, match="no role 'boss'"):
        user(tmp_path, "role", "x", "boss")
    for command in ("disable", "enable"):
        with pytest.raises(RefusedError, match="没有账号"):
            user(tmp_path, command, "nobody")
    with pytest.raises(RefusedError, match="太短"):
        user(tmp_path, "add", "x", "--password-stdin", given="\n")
    assert listed(tmp_path) == {}
