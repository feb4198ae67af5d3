"""The child that opens untrusted bytes: `python -m parsers.sandbox_child`, started by `sandbox`.

Jobs come as JSON lines on standard input, answers go to a pipe of their own. It ends when
its input closes.
"""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

from config.limits import Limits
from parsers.confinement import die_with, leave_the_network, restrict, step_back
from parsers.errors import ParseError
from parsers.shelf import WorkFolderError
from parsers.submission import Content, Problem
from parsers.wire import ANSWER, HELLO, MAX_ANSWER_BYTES, REQUEST, Answer, Hello, Request


def main() -> None:
    """Serve jobs until standard input closes.

    Arguments: answer pipe, parent's id, limits, and `idle` to run only while nobody else does.
    """
    answers, parent, limits = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    if "idle" in sys.argv[4:]:
        step_back()
    logging.disable()  # the libraries' warnings quote what they read
    die_with(parent)
    isolated = leave_the_network()
    settings = Limits.model_validate_json(limits)
    restrict(settings)
    with os.fdopen(answers, "wb") as out:
        _send(out.fileno(), HELLO.dump_json(Hello(isolated=isolated)))
        for line in sys.stdin.buffer:
            _send(out.fileno(), _answered(line, settings, out.fileno()))


def _send(pipe: int, line: bytes) -> None:
    rest = memoryview(line + b"\n")
    while rest:
        rest = rest[os.write(pipe, rest) :]


def _answered(line: bytes, limits: Limits, out: int) -> bytes:
    try:
        answer = ANSWER.dump_json(_done(REQUEST.validate_json(line), limits, out))
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


def _done(request: Request, limits: Limits, out: int) -> Answer:
    path, shown = request.paths[0] if request.paths else (Path(), "")
    if request.task in {"content", "scan"}:
        return Answer(content=_content(path, shown, request))
    from parsers.message import Watch, open_files, read_message

    work = request.work or Path.cwd()
    watch = Watch(
        shut={each.sha256: ParseError(each.problem, each.detail) for each in request.shut},
        opening=lambda sha256: _send(out, ANSWER.dump_json(Answer(opening=sha256))),
    )
    if request.task == "files":
        opened = open_files(request.paths, work, limits, watch, passwords=request.passwords)
        return Answer(files=opened)
    return Answer(submission=read_message(path, work, limits, watch))


def _content(path: Path, shown: str, request: Request) -> Content:
    from parsers.reading import read_content

    read_page = None
    if request.task == "scan":
        from parsers.ocr import Recogniser

        read_page = Recogniser(request.pages)
    return read_content(
        path, request.media_type, shown, passwords=request.passwords, read_page=read_page
    )


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
