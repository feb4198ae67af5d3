"""The house itself: where its packages lie, what its modules are called, what its papers say."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from config.settings import Mailbox, Settings
from ingest.cli import app

ROOT = Path(__file__).parent.parent
ROOMS = ("config", "parsers", "registry", "reports", "ingest")
README = (ROOT / "README.md").read_text(encoding="utf-8")
DEPLOYED = tuple(f"deploy/{each.name}" for each in sorted((ROOT / "deploy").iterdir()))
SCREEN = 50
"""How many lines of a function one sees at a time."""


def modules() -> list[Path]:
    """Return the product's own modules."""
    return [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_is_the_one_of_this_checkout(room: str) -> None:
    file = importlib.import_module(room).__file__
    assert file is not None
    assert Path(file).parent == ROOT / room


def test_every_package_is_installed() -> None:
    listed = re.findall(r'^    "([a-z_.]+)",$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    packages = {str(each.parent.relative_to(ROOT)).replace("/", ".") for each in modules()}
    assert packages <= set(listed)


def test_a_package_says_what_it_is_in_one_line() -> None:
    for path in modules():
        if path.name == "__init__.py":
            tree = ast.parse(path.read_text(encoding="utf-8"))
            assert ast.get_docstring(tree), path
            assert len(tree.body) == 1, path


def test_a_module_name_tells_one_module() -> None:
    names = [path.stem for path in modules() if not path.stem.startswith("__")]
    top = [path.stem for path in modules() if path.parent.parent == ROOT]
    assert not {name for name in top if name in sys.stdlib_module_names} - {"__init__"}
    twice = {name for name in names if names.count(name) > 1}
    assert not twice


def test_no_function_is_longer_than_a_screen() -> None:
    long = []
    for path in modules():
        if "migrations/versions" in str(path):
            continue  # a list of statements
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or 0) - node.lineno + 1
                if length > SCREEN:
                    long.append(f"{path.relative_to(ROOT)}:{node.name} {length}")
    assert not long


def commands_told(text: str) -> list[list[str]]:
    """Return the commands, and those of groups, that a paper names."""
    told = set(
        re.findall(
            r"(?:^|[`/ ])intake (?:--config \S+ )?([a-z]+)(?: ([a-z]+))?", text, re.MULTILINE
        )
    )
    groups = {each.name for each in app.registered_groups}
    return [[command, sub] if command in groups and sub else [command] for command, sub in told]


@pytest.mark.parametrize("paper", ["README.md", "CHANGELOG.md", *DEPLOYED])
def test_every_command_in_a_paper_exists(paper: str) -> None:
    told = commands_told((ROOT / paper).read_text(encoding="utf-8"))
    for arguments in told:
        done = CliRunner().invoke(app, [*arguments, "--help"])
        assert done.exit_code == 0, f"intake {' '.join(arguments)}: {done.output}"


@pytest.mark.parametrize("paper", DEPLOYED)
def test_every_setting_in_what_is_deployed_exists(paper: str) -> None:
    text = (ROOT / paper).read_text(encoding="utf-8")
    for path in re.findall(r"\bINTAKE_(\w+__\w+)=", text):
        section, *_, key = path.lower().split("__")
        assert key in keys_of(section), path


def keys_of(section: str) -> set[str]:
    """Return the keys of a section of the configuration."""
    if section == "mailbox":
        return set(Mailbox.model_fields)
    annotation = Settings.model_fields[section].annotation
    assert annotation is not None
    return set(annotation.model_fields)


def test_every_setting_in_the_readme_exists() -> None:
    for section, key in re.findall(r"`(\w+)\.(\w+)(?: = [^`]*)?`", README):
        if section in Settings.model_fields:
            assert key in keys_of(section), f"{section}.{key}"


def test_every_file_in_the_papers_exists() -> None:
    for paper in ("README.md", "ARCHITECTURE.md"):
        text = (ROOT / paper).read_text(encoding="utf-8")
        linked = re.findall(r"\]\(([^)#:]+)\)", text)
        named = re.findall(r"`((?:config|parsers|registry|reports|ingest|docs)/[\w./-]+)`", text)
        for name in {*linked, *named}:
            assert (ROOT / name).exists(), f"{paper}: {name}"


def test_nothing_committed_names_a_registry_or_this_machine() -> None:
    files = subprocess.run(
        ["git", "ls-files"], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout.split()
    forbidden = re.compile(
        r"pypi\.org|files\.pythonhosted|registry\.npmjs|deb\.debian\.org|/(?:home|root|Users)/\w"
    )
    for name in files:
        path = ROOT / name
        if path.suffix in {".png", ".woff2"} or name == "tests/test_house.py" or not path.is_file():
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        assert not forbidden.search(text), name
