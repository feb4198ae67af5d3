"""The settings: every key, its default, its override, and its errors by name."""

from __future__ import annotations

import tomllib
from datetime import date, timedelta
from pathlib import Path

import pytest

from config.settings import (
    Mailbox,
    Settings,
    SettingsError,
    is_loopback,
    load_settings,
)

EXAMPLE = Path(__file__).parent.parent / "config" / "intake.example.toml"


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing of this machine's own configuration takes part."""
    monkeypatch.chdir(tmp_path)


def written(folder: Path, text: str) -> Path:
    """Write a configuration file."""
    path = folder / "intake.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_example_file_holds_every_key_with_its_default() -> None:
    example = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))
    box = example["mailbox"]["main"]
    example["mailbox"] = {"main": {"user": box["user"], "password_env": box["password_env"]}}
    bare = Settings(mailbox={"main": Mailbox(user=box["user"], password_env=box["password_env"])})
    assert Settings(**example) == bare
    text = EXAMPLE.read_text(encoding="utf-8")
    for name, field in Settings.model_fields.items():
        section = Mailbox if name == "mailbox" else field.annotation
        assert section is not None
        for key in section.model_fields:
            ways = (f"\n{key} = ", f"\n# {key} = ", f"\n# [{name}.{key}]")
            assert any(each in text for each in ways), f"{name}.{key}"


def test_the_example_file_loads_as_it_is() -> None:
    settings = load_settings(EXAMPLE)
    assert settings.mailbox["main"].folders == ("INBOX",)
    assert settings.service.data_dir == EXAMPLE.resolve().parent / "var"


def test_without_a_file_the_defaults_hold() -> None:
    assert load_settings().receipts.quiet_period == timedelta(minutes=30)


def test_an_unknown_key_is_named_with_its_file(tmp_path: Path) -> None:
    path = written(tmp_path, '[smtp]\nhots = "mail.example.org"\n')
    with pytest.raises(SettingsError, match=r"intake\.toml: smtp\.hots: no such key"):
        load_settings(path)


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    path = written(tmp_path, '[receipts]\nmode = "maybe"\nquiet_period = "soon"\n')
    with pytest.raises(SettingsError) as error:
        load_settings(path)
    assert "receipts.mode" in str(error.value)
    assert "receipts.quiet_period" in str(error.value)


def test_the_environment_overrides_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, '[smtp]\nhost = "a.example.org"\n[mailbox.main]\nuser = "a"\n')
    monkeypatch.setenv("INTAKE_SMTP__HOST", "b.example.org")
    monkeypatch.setenv("INTAKE_MAILBOX__MAIN__HOST", "c.example.org")
    settings = load_settings(path)
    assert settings.smtp.host == "b.example.org"
    assert settings.mailbox["main"].host == "c.example.org"
    assert settings.mailbox["main"].user == "a"


def test_an_override_with_a_misspelt_section_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTAKE_SMPT__HOST", "b.example.org")
    with pytest.raises(SettingsError, match="INTAKE_SMPT__HOST"):
        load_settings()


def test_plain_text_is_refused_towards_another_machine(tmp_path: Path) -> None:
    path = written(tmp_path, '[smtp]\nhost = "mail.example.org"\nsecurity = "none"\n')
    with pytest.raises(SettingsError, match="loopback"):
        load_settings(path)


def test_a_date_is_read_and_an_empty_one_is_none(tmp_path: Path) -> None:
    path = written(tmp_path, '[mailbox.main]\nuser = "a"\nanswer_since = 2016-05-01\n')
    assert load_settings(path).mailbox["main"].answer_since == date(2016, 5, 1)
    path = written(tmp_path, '[mailbox.main]\nuser = "a"\nanswer_since = "2016-05-01"\n')
    assert load_settings(path).mailbox["main"].answer_since == date(2016, 5, 1)


def test_a_missing_password_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_SUCH_PASSWORD", raising=False)
    box = Mailbox(user="a", password_env="NO_SUCH_PASSWORD")
    with pytest.raises(SettingsError, match="NO_SUCH_PASSWORD"):
        box.password()


def test_a_password_is_read_from_its_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("authorisation code\n", encoding="utf-8")
    assert Mailbox(user="a", password_file=secret).password() == "authorisation code"


def test_a_file_that_is_no_toml_is_told_in_one_line(tmp_path: Path) -> None:
    path = written(tmp_path, "[smtp\n")
    with pytest.raises(SettingsError, match=r"intake\.toml: cannot be read as TOML"):
        load_settings(path)


def test_a_named_file_that_is_missing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no such configuration file"):
        load_settings(tmp_path / "other.toml")


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("192.0.2.1", False), ("x", False)],
)
def test_loopback_is_told_from_other_hosts(host: str, loopback: bool) -> None:  # noqa: FBT001 - a table
    assert is_loopback(host) is loopback
