"""The child that opens untrusted bytes: `python -m parsers.sandbox_child`, started by `sandbox`.

Jobs come as JSON lines on standard input, answers go to a pipe of their own. It ends when
its input closes.
"""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import resource
import signal
import sys
from pathlib import Path

from config.settings import Limits
from parsers.errors import ParseError
from parsers.shelf import WorkFolderError
from parsers.submission import Content, Problem
from parsers.wire import ANSWER, HELLO, MAX_ANSWER_BYTES, REQUEST, Answer, Hello, Request

_PR_SET_PDEATHSIG = 1
_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
# What the interpreter and the readers' libraries take before any document is opened.
_BASE_MEMORY = 512 << 20
_OPEN_FILES = 64


def main() -> None:
    """Serve jobs until standard input closes. Arguments: answer pipe, parent's id, limits."""
    answers, parent, limits = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    logging.disable()  # the libraries' warnings quote what they read
    _die_with(parent)
    isolated = _leave_the_network()
    settings = Limits.model_validate_json(limits)
    _restrict(settings)
    with os.fdopen(answers, "wb") as out:
        _send(out.fileno(), HELLO.dump_json(Hello(isolated=isolated)))
        for line in sys.stdin.buffer:
            _send(out.fileno(), _answered(line, settings))


def _die_with(parent: int) -> None:
    """Ask the kernel to end this process with its parent (prctl(2)); elsewhere its input closes."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(1)


def _leave_the_network() -> bool:
    """Move into a network namespace without any interface; tell whether the kernel allowed it."""
    if sys.platform != "linux":
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    return any(
        libc.unshare(flags) == 0 for flags in (_CLONE_NEWUSER | _CLONE_NEWNET, _CLONE_NEWNET)
    )


def _restrict(limits: Limits) -> None:
    for name, value in (
        (resource.RLIMIT_AS, limits.document_memory + _BASE_MEMORY),
        (resource.RLIMIT_FSIZE, limits.unpacked_bytes),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        ceiling = resource.getrlimit(name)[1]
        allowed = value if ceiling == resource.RLIM_INFINITY else min(value, ceiling)
        with contextlib.suppress(ValueError, OSError):  # a limit that this system does not have
            resource.setrlimit(name, (allowed, allowed))


def _send(pipe: int, line: bytes) -> None:
    rest = memoryview(line + b"\n")
    while rest:
        rest = rest[os.write(pipe, rest) :]


def _answered(line: bytes, limits: Limits) -> bytes:
    try:
        answer = ANSWER.dump_json(_done(REQUEST.validate_json(line), limits))
    except Exception as error:  # noqa: BLE001 - the barrier: a job may fail, the child serves the next
        answer = ANSWER.dump_json(_refusal(error))
    if len(answer) > MAX_ANSWER_BYTES:
        return ANSWER.dump_json(Answer(problem=Problem.TOO_LARGE, detail="answer"))
    return answer


def _refusal(error: Exception) -> Answer:
    """Say why there is no value: the input's fault, the system's, or a reader's error."""
    if isinstance(error, ParseError):
        return Answer(problem=error.problem, detail=_plain(error.detail))
    if isinstance(error, WorkFolderError):
        return Answer(failure=str(error))
    if isinstance(error, MemoryError):
        return Answer(problem=Problem.TOO_LARGE, detail="memory")
    if isinstance(error, RecursionError):
        return Answer(problem=Problem.TOO_DEEP, detail="recursion")
    return Answer(problem=Problem.CRASHED, detail=_place(error))


def _done(request: Request, limits: Limits) -> Answer:
    path, shown = request.paths[0] if request.paths else (Path(), "")
    if request.task == "content":
        return Answer(content=_content(path, request.media_type, shown))
    from parsers.message import open_files, read_message

    work = request.work or Path.cwd()
    if request.task == "files":
        return Answer(files=open_files(request.paths, work, limits))
    return Answer(submission=read_message(path, work, limits))


def _content(path: Path, media_type: str, filename: str) -> Content:
    from parsers.reading import read_content

    return read_content(path, media_type, filename)


def _plain(text: str) -> str:
    return text.encode("utf-8", errors="replace").decode()[:200]


def _place(error: Exception) -> str:
    """Name an error and where it arose; never its words, which may quote the document."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else "?"
    return f"{type(error).__name__} at {where}"


if __name__ == "__main__":
    main()
