"""Runs `intake` in forks that start fast, and kills it by SIGKILL at a chosen point.

That is a commit, fsync, rename or network write. The points are found, not declared: whatever passes the few calls below is one, named by the
functions of the product that do it, the act, and how often that came before, as in
`registry.originals.keep for ingest.receiver._take: link (2)`. So the product knows nothing of
them, and whoever adds a commit adds a point.

`Killing` is the test's side. The other side, `python -m tests.acceptance.killing`, has
imported the product once and forks for every command: a process of its own each time, but
without the second that starting one takes.
"""

from __future__ import annotations

import atexit
import gc
import json
import logging
import os
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Any, Final, Literal

from sqlalchemy.engine.default import DefaultDialect
from typer.testing import CliRunner

from ingest.cli import app
from ingest.cli import main as intake
from tests.acceptance.applicants import documents, mail

ROOT = Path(__file__).parents[2]
ROOMS = ("config", "parsers", "registry", "reports", "ingest")
SILENCE = 5.0
"""Seconds without an act after which a service that waits for work is killed, as it idles."""

_VERB = re.compile(rb"(?:[A-Z]{4}\d+ )?((?:UID )?[A-Za-z]+)(?= |\r\n)")

When = Literal["before", "half-way", "after"]
"""On which side of an act to kill; half-way, half of what is sent may have reached the server."""

BEFORE: Final = "before"
HALF_WAY: Final = "half-way"
AFTER: Final = "after"


@dataclass(frozen=True, kw_only=True)
class Kill:
    """Kill at the act with that number, counted from 0, or at the one of that name."""

    at: int | str
    when: When = BEFORE


@dataclass(frozen=True, kw_only=True)
class Run:
    """How a command ended, negative for a signal, and the points that it passed."""

    code: int
    points: tuple[str, ...]

    @property
    def killed(self) -> bool:
        """Whether it was killed."""
        return self.code == -signal.SIGKILL


@cache
def shared_killing() -> Killing:
    """Return the one that all tests of this process share."""
    started = Killing()
    atexit.register(started.close)
    return started


class Killing:
    """Runs `intake`, and kills it where it is told."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.acceptance.killing"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._lock = threading.Lock()

    def close(self) -> None:
        """End the process that forks."""
        self._process.communicate()

    def command(
        self, *arguments: str, given: str = "", environment: Mapping[str, str] | None = None
    ) -> tuple[int, str, str]:
        """Run a command to its end; return its exit code and what it wrote."""
        with tempfile.TemporaryDirectory() as folder:
            paths = {each: Path(folder, each) for each in ("given", "out", "err")}
            paths["given"].write_text(given, encoding="utf-8")
            files = {each: str(path) for each, path in paths.items()}
            code, _ = self._ask(arguments, files, {**os.environ, **(environment or {})})
            out, err = (paths[each].read_text(encoding="utf-8") for each in ("out", "err"))
        return code, out, err

    def run(
        self, config: Path, *arguments: object, kill: Kill | None = None, idles: bool = False
    ) -> Run:
        """Run a command to its end, or until it is killed; one that `idles` is, at the latest then.

        What it logs is added to `intake.log` beside its configuration.
        """
        log = str(_log(config))
        files = {"given": os.devnull, "out": log, "err": log}
        code, points = self._ask(
            ["--config", str(config), *map(str, arguments)], files, {**os.environ}, kill, idles
        )
        return Run(code=code, points=tuple(points))

    def _ask(
        self,
        arguments: Sequence[str],
        files: Mapping[str, str],
        environment: Mapping[str, str],
        kill: Kill | None = None,
        idles: bool = False,  # noqa: FBT001, FBT002 - as asked
    ) -> tuple[int, list[str]]:
        asked = {
            "arguments": list(arguments),
            "files": files,
            "environment": environment,
            "kill": kill and {"at": kill.at, "when": kill.when},
            "idles": idles,
        }
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._lock:
            self._process.stdin.write(json.dumps(asked) + "\n")
            self._process.stdin.flush()
            code, points = json.loads(self._process.stdout.readline())
        return code, points

    def log(self, config: Path) -> str:
        """Return what all runs of an installation have logged."""
        return _log(config).read_text(encoding="utf-8")


def _log(config: Path) -> Path:
    return config.with_name("intake.log")


# ── the other side ───────────────────────────────────────────────────────────────────────


def main() -> None:
    """Run commands as they come on standard input, each in a fork."""
    _warm_up()
    gc.freeze()
    for line in sys.stdin:
        asked = json.loads(line)
        told, points = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(told)
            _become(asked, points)
        os.close(points)
        passed = _listen(told, child, idles=asked["idles"])
        os.close(told)
        _, status = os.waitpid(child, 0)
        print(json.dumps((os.waitstatus_to_exitcode(status), passed)), flush=True)  # noqa: T201 - the answer


def _warm_up() -> None:
    """Import and compile for all forks what is imported and compiled at first use."""
    for each in ("ingest.daemon", "ingest.passes", "registry.backup"):
        import_module(each)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.eml")
        path.write_bytes(mail(0, documents(0, form="txt")))
        CliRunner().invoke(app, ["check", str(path)], catch_exceptions=False)
    logging.getLogger().handlers.clear()  # each fork sets up its own


def _listen(told: int, child: int, *, idles: bool) -> list[str]:
    """Take down the points that a command passes until it ends."""
    said = bytearray()
    while True:
        if idles and not select.select([told], [], [], SILENCE)[0]:
            os.kill(child, signal.SIGKILL)
        piece = os.read(told, 1 << 16)
        if not piece:
            return said.decode().splitlines()
        said += piece


def _become(asked: dict[str, Any], points: int) -> None:
    """Be `intake`, in this process, until it ends."""
    files = asked["files"]
    os.dup2(os.open(files["given"], os.O_RDONLY), 0)
    for number, each in ((1, "out"), (2, "err")):
        os.dup2(os.open(files[each], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), number)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - the one just put there
    os.environ.clear()
    os.environ.update(asked["environment"])
    _Points(points, Kill(**asked["kill"]) if asked["kill"] else None).watch()
    sys.argv = ["intake", *asked["arguments"]]
    code: object = 1
    try:
        intake()
        code = 0
    except SystemExit as ended:
        code = ended.code or 0
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 1)


class _Points:
    """Writes down every point that is passed, and kills this process at one of them."""

    def __init__(self, told: int, kill: Kill | None) -> None:
        self._told = told
        self._kill = kill
        self._lock = threading.Lock()
        self._seen: Counter[str] = Counter()

    def watch(self) -> None:
        """Stand at every commit, fsync, rename and network write from now on."""
        for act in ("fsync", "link", "rename", "replace"):
            setattr(os, act, self._watched(act, getattr(os, act)))
        DefaultDialect.do_commit = self._watched("commit", DefaultDialect.do_commit)  # type: ignore[method-assign]
        for act in ("send", "sendall"):
            setattr(socket.socket, act, self._watched("send", getattr(socket.socket, act)))

    def _watched(self, act: str, do: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - whatever the act takes
            place = _place(sys._getframe(1))  # noqa: SLF001 - who does it is the point's name
            if not place:
                return do(*arguments, **options)
            what = f"send {_verb(bytes(arguments[1]))}" if act == "send" else act
            kill = self._kill
            if not self._pass(f"{place}: {what}") or kill is None:
                return do(*arguments, **options)
            if kill.when == HALF_WAY and act == "send":
                do(arguments[0], arguments[1][: len(arguments[1]) // 2])
            elif kill.when == AFTER:
                do(*arguments, **options)
            os.kill(os.getpid(), signal.SIGKILL)
            raise AssertionError

        return watched

    def _pass(self, name: str) -> bool:
        """Write down that a point is passed; True at the one to be killed at."""
        with self._lock:
            number = self._seen.total()
            self._seen[name] += 1
            again = f" ({self._seen[name]})" if self._seen[name] > 1 else ""
            os.write(self._told, f"{name}{again}\n".encode())
        return self._kill is not None and self._kill.at in {number, f"{name}{again}"}


def _place(frame: FrameType | None) -> str:
    """Return the functions of the product that an act is done by and for; nothing for a reader.

    The second is the stage, or whatever else of the conductor's floor. A transaction is named
    by whoever writes in it.
    """
    found: list[str] = []
    while frame is not None:
        module, function = str(frame.f_globals.get("__name__", "")), frame.f_code.co_name
        if (module, function) == ("registry.database", "read"):
            return ""
        room = module.partition(".")[0]
        if room in ROOMS and (module, function) != ("registry.database", "write"):
            found.append(f"{module}.{function}")
            if room == "ingest":
                break
        frame = frame.f_back
    return " for ".join(dict.fromkeys(found[:1] + found[-1:]))


def _verb(data: bytes) -> str:
    """Return the command that is sent to a server, or `text` for a letter or an answer."""
    found = _VERB.match(data)
    return found[1].decode().upper() if found else "text"


if __name__ == "__main__":
    main()
