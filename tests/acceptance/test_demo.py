"""The demo, as a newcomer starts it: it shows every status, and leaves nothing behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

CHECKOUT = Path(__file__).parents[2]
SECONDS = 150


@contextmanager
def demo(folder: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """Start the demo where a real installation would be broken, with a temporary folder in sight.

    Every warning is shown, so that an unclosed file or socket would stand on stderr.
    """
    temporary = folder / "tmp"
    temporary.mkdir()
    (folder / "intake.toml").write_text("this is no TOML", encoding="utf-8")
    surroundings = {
        "PYTHONPATH": str(CHECKOUT),
        "TMPDIR": str(temporary),
        "INTAKE_CONFIG": str(folder / "intake.toml"),
        "INTAKE_SMTP__HOST": "mail.example.org",
        "INTAKE_RECEIPTS__MODE": "off",
    }
    process = subprocess.Popen(
        [sys.executable, "-W", "default", "-m", "ingest", "demo", *options],
        cwd=folder,
        env=os.environ | surroundings,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def read_until(process: subprocess.Popen[str], pattern: str) -> str:
    """Return what the demo printed up to and with the first line in which `pattern` is found."""
    assert process.stdout
    printed = ""
    for line in process.stdout:
        printed += line
        if re.search(pattern, line):
            return printed
    message = f"the demo ended without {pattern!r}: {printed}"
    raise AssertionError(message)


def test_once_shows_every_status_and_ends_as_the_story_tells(tmp_path: Path) -> None:
    with demo(tmp_path, "--once") as process:
        printed, complaints = process.communicate(timeout=SECONDS)
        assert process.returncode == 0, printed + complaints
    for status in ("complete", "awaiting-paper", "incomplete", "in-review"):
        assert re.search(rf"LM2016-\d{{4}} .*\s{status}\s", printed), printed
    assert complaints == ""
    assert sorted(each.name for each in tmp_path.iterdir()) == ["intake.toml", "tmp"]
    assert not list((tmp_path / "tmp").iterdir())


def test_live_its_link_signs_in_and_the_queue_fills_until_it_is_stopped(tmp_path: Path) -> None:
    with demo(tmp_path) as process:
        link = re.search(r"http://127\.0\.0\.1:\d+/login\?token=\S+", read_until(process, "token="))
        assert link
        with httpx.Client(follow_redirects=True, timeout=30) as browser:
            assert "申报材料" in browser.get(link[0]).raise_for_status().text
            read_until(process, r"letter .*\[LM2016-0001\]")
            desk = link[0].partition("login")[0]
            assert "LM2016-0001" in browser.get(desk).raise_for_status().text
            assert "收件回执" in browser.get(f"{desk}letters").raise_for_status().text
        process.send_signal(signal.SIGTERM)
        printed, complaints = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, printed + complaints
    assert printed.rstrip().endswith(
        "The demo has ended; its mailbox, registry and letters are gone."
    )
    assert complaints == ""
    assert not list((tmp_path / "tmp").iterdir())
