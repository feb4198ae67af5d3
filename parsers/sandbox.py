"""The only way in for untrusted bytes: child processes with limits, kept and reused.

A mail, an archive or a document is never opened in the service's own process. A child that
dies, hangs or answers nonsense costs the one file that it was reading, and is replaced.
"""

from __future__ import annotations

import fcntl
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from pydantic import ValidationError

from config.limits import Limits
from parsers.children import environment_of_child
from parsers.errors import ParseError
from parsers.submission import Content, File, Problem, Submission
from parsers.wire import (
    ANSWER,
    HELLO,
    MAX_ANSWER_BYTES,
    REQUEST,
    Answer,
    Request,
    Shut,
    lies_in,
)

_JOBS_PER_CHILD = 200
_LARGEST_RESIDENT = 400 << 20
_DIES_WITHIN = 10
_FULL = 0.75  # of the memory allowed: whoever dies with so much died for want of more
_START_SECONDS = 60
_BYTES_PER_TURN = 10 << 20  # a mail has the time of one document for each so many bytes
# What brings more archives that kill the child is refused as a whole.
_MOST_SHUT = 5


class SandboxError(Exception):
    """The sandbox itself does not work; no file is to blame."""


class _LostError(ParseError):
    """A job that failed while the child was `opening` an archive, or nothing in particular."""

    def __init__(self, problem: Problem, detail: str, opening: str) -> None:
        super().__init__(problem, detail)
        self.opening = opening


class Sandbox:
    """At most `size` children that open mails and files under `limits`; for several threads.

    Files taken out lie in a folder of this process under `work`, each mail's until its block
    ends. What a killed process left there is removed at the next start. With `idle` the
    children run only while nobody else does; once `stop` is set, waiting for one is given up.
    """

    def __init__(
        self,
        limits: Limits,
        work: Path,
        *,
        size: int = 2,
        idle: bool = False,
        stop: threading.Event | None = None,
    ) -> None:
        self._limits = limits
        self._runs_idle = idle
        self._stop = stop
        self._places = threading.BoundedSemaphore(size)
        self._lock = threading.Lock()
        self._idle: list[_Child] = []
        self._closed = False
        self._isolated: bool | None = None
        self._folder, self._claim = _claim_folder(work)
        # The kernel ends a child with the thread that started it: one that lasts as long as this.
        self._starter = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sandbox")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def isolated(self) -> bool:
        """Whether the children are cut off from all networks; starts one to find out."""
        if self._isolated is None:
            self.start()
        return bool(self._isolated)

    def start(self) -> None:
        """Have a child at hand. Raises SandboxError when none can be started."""
        with self._child():
            pass

    @contextmanager
    def message(self, path: Path) -> Iterator[Submission]:
        """Read the mail in a file. Its files exist until the block ends.

        An archive that the child dies of costs only itself. Raises ParseError when nothing
        can be told of the mail, also when the child died of it (CRASHED, TOO_SLOW);
        SandboxError when the sandbox does not work.
        """
        with self._work() as folder:
            request = Request(task="message", paths=((path.absolute(), ""),), work=folder)
            submission = self._opened(request, folder).submission
            if submission is None or not lies_in(folder, submission.files):
                raise ParseError(Problem.CRASHED, "no valid answer")
            yield submission

    @contextmanager
    def files(
        self, paths: Sequence[tuple[Path, str]], passwords: Sequence[str] = ()
    ) -> Iterator[tuple[File, ...]]:
        """Open local files, each with the name to show, like a mail's attachments.

        Archives and mails among them give the files inside; `passwords` are tried on those
        that are locked. Copies exist until the block
        ends. Raises ParseError and SandboxError as `message` does.
        """
        with self._work() as folder:
            named = tuple((path.absolute(), shown) for path, shown in paths)
            request = Request(task="files", paths=named, work=folder, passwords=tuple(passwords))
            files = self._opened(request, folder).files
            if files is None or not lies_in(folder, files):
                raise ParseError(Problem.CRASHED, "no valid answer")
            yield files

    def content(self, file: File, passwords: Sequence[str] = ()) -> Content:
        """Read what a file says; `passwords` are tried if it is locked.

        Bad input never raises: the content carries its problem.
        """
        return self._content(file, passwords, seconds=self._limits.document_seconds)

    def scan(
        self, file: File, passwords: Sequence[str] = (), *, pages: int, page_seconds: float
    ) -> Content:
        """Read what a file says, also in the pictures of so many pages, each within its time.

        It needs the `ocr` extra. Raises SandboxError when it is told to stop.
        """
        seconds = self._limits.document_seconds + pages * page_seconds
        return self._content(file, passwords, seconds=seconds, pages=pages)

    def _content(
        self, file: File, passwords: Sequence[str], *, seconds: float, pages: int = 0
    ) -> Content:
        if file.source is None or file.problem is not None:
            return Content(
                media_type=file.media_type,
                problem=file.problem or Problem.EMPTY,
                detail=file.detail,
            )
        request = Request(
            task="scan" if pages else "content",
            paths=((file.source.absolute(), file.filename),),
            media_type=file.media_type,
            pages=pages,
            passwords=tuple(passwords),
        )
        try:
            content = self._ask(request, seconds=seconds).content
        except ParseError as error:
            return Content(media_type=file.media_type, problem=error.problem, detail=error.detail)
        return content or Content(media_type=file.media_type, problem=Problem.CRASHED)

    def close(self) -> None:
        """End all children and remove the work files."""
        with self._lock:
            idle, self._idle, self._closed = self._idle, [], True
        for child in idle:
            child.end()
        self._starter.shutdown()
        shutil.rmtree(self._folder, ignore_errors=True)
        self._claim.close()

    def _opened(self, request: Request, folder: Path) -> Answer:
        """Have files opened; what the child fails of stays shut at the next attempt."""
        size = sum(path.stat().st_size for path, _ in request.paths)
        seconds = (1 + size // _BYTES_PER_TURN) * self._limits.document_seconds
        shut: tuple[Shut, ...] = ()
        while True:
            try:
                return self._ask(replace(request, shut=shut), seconds=seconds)
            except _LostError as lost:
                known = {"", *(each.sha256 for each in shut)}
                if lost.opening in known or len(shut) >= _MOST_SHUT:
                    raise
                shut += (Shut(sha256=lost.opening, problem=lost.problem, detail=lost.detail),)
            _empty(folder)

    @contextmanager
    def _work(self) -> Iterator[Path]:
        folder = Path(tempfile.mkdtemp(dir=self._folder))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _ask(self, request: Request, *, seconds: float) -> Answer:
        with self._child() as child:
            answer = child.ask(request, seconds)
            opening = child.opening
        if answer.problem is not None:
            raise _LostError(answer.problem, answer.detail, opening)
        if answer.failure:
            raise SandboxError(answer.failure)
        return answer

    @contextmanager
    def _child(self) -> Iterator[_Child]:
        """Lend a child, started if none is idle; take it back unless it is worn out or dead."""
        with self._places:
            child = self._idle_child()
            if child is None:
                if self._closed:
                    message = "the sandbox is closed: the service is stopping"
                    raise SandboxError(message)
                child = self._starter.submit(self._start).result()
                self._isolated = child.isolated
            try:
                yield child
            except BaseException:
                child.end()
                raise
            with self._lock:
                keep = not self._closed and not child.is_worn()
                if keep:
                    self._idle.append(child)
            if not keep:
                child.end()

    def _start(self) -> _Child:
        return _Child(self._limits, self._folder, idle=self._runs_idle, stop=self._stop)

    def _idle_child(self) -> _Child | None:
        with self._lock:
            while self._idle:
                child = self._idle.pop()
                if not child.is_worn():
                    return child
                child.end()
        return None


class _Child:
    """One child process and the pipes to it."""

    def __init__(
        self, limits: Limits, folder: Path, *, idle: bool, stop: threading.Event | None
    ) -> None:
        answers, theirs = os.pipe()
        self._answers = answers
        self._stop = stop or threading.Event()
        self._memory = limits.document_memory
        self._jobs = 0
        self.opening = ""
        """Checksum of the archive or attached mail that it is opening, if any."""
        self._dead = False
        self._read = bytearray()
        with tempfile.TemporaryFile(dir=folder) as complaints:
            try:
                self._process = _start(theirs, limits, folder, complaints, idle=idle)
            finally:
                os.close(theirs)
            try:
                self.isolated = HELLO.validate_json(
                    self._line(time.monotonic() + _START_SECONDS)
                ).isolated
            except (ParseError, ValidationError) as error:
                self.end()
                complaints.seek(0)
                told = complaints.read().decode(errors="replace").strip().splitlines()
                message = f"the sandbox's child does not start: {told[-1] if told else error}"
                raise SandboxError(message) from error

    def ask(self, request: Request, seconds: float) -> Answer:
        """Send a job and wait for its answer. Raises ParseError: TOO_SLOW, CRASHED, TOO_LARGE."""
        self._jobs += 1
        self.opening = ""
        until = time.monotonic() + seconds
        try:
            self._write(REQUEST.dump_json(request) + b"\n")
            while True:
                answer = ANSWER.validate_json(self._line(until))
                if answer.opening is None:
                    return answer
                self.opening = answer.opening
        except ParseError as error:
            raise _LostError(error.problem, error.detail, self.opening) from error
        except (OSError, ValidationError) as error:
            raise _LostError(Problem.CRASHED, type(error).__name__, self.opening) from error

    def is_worn(self) -> bool:
        """Whether it has served long, or holds much memory, and another should take its place."""
        try:
            pages = int(Path(f"/proc/{self._process.pid}/statm").read_text("ascii").split()[1])
        except (OSError, IndexError, ValueError):
            pages = 0
        large = pages * os.sysconf("SC_PAGE_SIZE") > _LARGEST_RESIDENT
        return large or self._jobs >= _JOBS_PER_CHILD or self._process.poll() is not None

    def end(self) -> None:
        """Kill it, with all that it may have started, and wait for it."""
        if self._dead:
            return
        self._dead = True
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()
        os.close(self._answers)

    def _write(self, line: bytes) -> None:
        if self._process.stdin is None:
            raise BrokenPipeError
        rest = memoryview(line)
        while rest:
            rest = rest[os.write(self._process.stdin.fileno(), rest) :]

    def _line(self, until: float) -> bytes:
        """Read one line from the child, no later and no larger than allowed."""
        poller = select.poll()
        poller.register(self._answers, select.POLLIN | select.POLLHUP)
        seen = 0
        while (end := self._read.find(b"\n", seen)) < 0:
            seen = len(self._read)
            self._wait(poller, until)
            piece = os.read(self._answers, 1 << 16)
            if not piece:
                raise self._death()
            self._read += piece
            if len(self._read) > MAX_ANSWER_BYTES + 1:
                raise ParseError(Problem.TOO_LARGE, "answer")
        line = bytes(self._read[:end])
        del self._read[: end + 1]
        return line

    def _wait(self, poller: select.poll, until: float) -> None:
        """Wait for bytes, looking up now and then whether to stop. Raises ParseError: TOO_SLOW."""
        while (left := until - time.monotonic()) > 0:
            if self._stop.is_set():
                message = "stopped while a file was being read"
                raise SandboxError(message)
            if poller.poll(min(left, 1.0) * 1000):
                return
        raise ParseError(Problem.TOO_SLOW)

    def _death(self) -> ParseError:
        """Say what the child died of; libraries abort where they get no more memory."""
        until, pid, status, most = time.monotonic() + _DIES_WITHIN, 0, signal.SIGKILL.value, 0
        while not pid and time.monotonic() < until:
            pid, status, usage = os.wait4(self._process.pid, os.WNOHANG)
            most = usage.ru_maxrss << 10
            time.sleep(0 if pid else 0.01)
        if pid:
            self._process.returncode = os.waitstatus_to_exitcode(status)
        code = os.waitstatus_to_exitcode(status)
        if code < 0 and most >= _FULL * self._memory:
            return ParseError(Problem.TOO_LARGE, "memory")
        return ParseError(
            Problem.CRASHED, signal.Signals(-code).name if code < 0 else f"exit {code}"
        )


def _start(
    answers: int, limits: Limits, folder: Path, complaints: BinaryIO, *, idle: bool
) -> subprocess.Popen[bytes]:
    """Start a child that inherits nothing but its pipes: no secrets, no open files, no terminal."""
    environment = {**environment_of_child(), "TMPDIR": str(folder)}
    arguments = [str(answers), str(os.getpid()), limits.model_dump_json(), *(["idle"] * idle)]
    return subprocess.Popen(  # noqa: S603 - our own module, our own arguments
        [sys.executable, "-P", "-m", "parsers.sandbox_child", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=complaints,
        bufsize=0,
        pass_fds=(answers,),
        cwd=folder,
        env=environment,
        start_new_session=True,
    )


def _empty(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)


def _claim_folder(work: Path) -> tuple[Path, BinaryIO]:
    """Make a folder of this process's own under `work`, and remove those of dead processes.

    The owner of a folder holds a lock on it, which the kernel gives back whenever he dies.
    """
    work.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (work / "lock").open("wb") as everyone:
        fcntl.flock(everyone, fcntl.LOCK_EX)
        for claim in work.glob("*.lock"):
            with claim.open("rb") as held:
                if _lock(held):
                    shutil.rmtree(claim.with_suffix(""), ignore_errors=True)
                    claim.unlink()
        folder = Path(tempfile.mkdtemp(dir=work)).absolute()
        own = folder.with_suffix(".lock").open("xb")
        _lock(own)
    return folder, own


def _lock(file: BinaryIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
