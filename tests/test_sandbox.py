"""Untrusted bytes cost at most themselves: children that hang, die, or are killed."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from config.limits import Limits
from parsers.errors import ParseError
from parsers.sandbox import Sandbox, SandboxError
from parsers.submission import Content, File, Problem
from tests.test_message import LIMITS, PDF, TEXT, attachment, mixed, zipped
from tests.test_unpack_7z import slow_seven_zip

MAIL = mixed(TEXT, attachment(b"attachment; filename*=GBK''%D0%AD%D2%E9.txt", "组建协议".encode()))


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(LIMITS, tmp_path / "work") as opened:
        yield opened


@pytest.fixture
def mail(tmp_path: Path) -> Path:
    path = tmp_path / "mail"
    path.write_bytes(MAIL)
    return path


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    """A file that a reader hangs on for as long as nobody writes."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return path


def text_file(source: Path) -> File:
    return File(
        path="a.txt", filename="a.txt", media_type="text/plain", size=0, sha256="", source=source
    )


def children() -> set[int]:
    tasks = Path("/proc/self/task").glob("*/children")
    return {int(child) for task in tasks for child in task.read_text("ascii").split()}


def stopped_child(sandbox: Sandbox, before: set[int]) -> int:
    """Start a child and stop it, so that it hangs on whatever it is given."""
    assert sandbox.isolated in {True, False}
    (child,) = children() - before
    os.kill(child, signal.SIGSTOP)
    return child


def wait_for_job(child: int) -> None:
    """Wait until something lies in the pipe to a child."""
    with Path(f"/proc/{child}/fd/0").open("rb", buffering=0) as jobs:
        poller = select.poll()
        poller.register(jobs, select.POLLIN)
        assert poller.poll(30_000)


def kill_while_reading(pipe: Path, before: set[int]) -> None:
    """Kill the child that reads the pipe: opening it to write waits for a reader."""
    with pipe.open("wb"):
        for child in children() - before:
            os.kill(child, signal.SIGKILL)


def test_a_mail_is_read_and_its_files_live_as_long_as_the_block(
    sandbox: Sandbox, mail: Path
) -> None:
    with sandbox.message(mail) as submission:
        (file,) = submission.files
        assert (submission.text, file.path) == ("请查收。", "协议.txt")
        assert file.source is not None
        assert file.source.read_text("utf-8") == "组建协议"
        content = sandbox.content(file)
        assert content.problem is None
        assert "组建协议" in str(content.pages)
    assert not file.source.exists()


def test_local_files_are_opened(sandbox: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(zipped(**{"协议.pdf": PDF}))
    with sandbox.files([(tmp_path / "a.zip", "材料.zip")]) as files:
        assert [file.path for file in files] == ["材料.zip/协议.pdf"]
    with sandbox.files([]) as files:
        assert files == ()


def test_once_closed_it_opens_nothing_and_blames_no_file(sandbox: Sandbox, mail: Path) -> None:
    sandbox.start()
    sandbox.close()
    with pytest.raises(SandboxError, match="closed"):
        sandbox.content(text_file(mail))


def test_bytes_that_are_no_mail_raise(sandbox: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "mail").write_bytes(b"\0\1\2")
    with pytest.raises(ParseError) as refused, sandbox.message(tmp_path / "mail"):
        pass
    assert refused.value.problem is Problem.DAMAGED


def test_a_child_is_used_again(sandbox: Sandbox, mail: Path) -> None:
    with sandbox.message(mail):
        pass
    first = children()
    with sandbox.message(mail):
        pass
    assert children() == first


def test_a_killed_child_costs_one_document(sandbox: Sandbox, mail: Path) -> None:
    child = stopped_child(sandbox, children())
    with ThreadPoolExecutor(1) as other:
        answer = other.submit(sandbox.content, text_file(mail))
        wait_for_job(child)
        os.kill(child, signal.SIGKILL)
        assert answer.result() == Content(
            media_type="text/plain", problem=Problem.CRASHED, detail="SIGKILL"
        )
    with sandbox.message(mail) as submission:
        assert submission.files


def test_a_mail_that_kills_the_child_is_refused(sandbox: Sandbox, pipe: Path) -> None:
    before = children()
    killer = threading.Thread(target=kill_while_reading, args=(pipe, before))
    killer.start()
    with pytest.raises(ParseError) as refused, sandbox.message(pipe):
        pass
    killer.join()
    assert refused.value.problem is Problem.CRASHED


def test_an_archive_that_the_child_hangs_on_costs_only_itself(tmp_path: Path) -> None:
    """Wherever it lies, and what else the mail brings is opened as ever."""
    slow = slow_seven_zip("1234")
    inner = zipped(**{"慢.7z": slow, "章程.txt": b"charter"})
    files = {"协议.txt": b"agreement", "甲.zip": inner, "乙.zip": zipped(**{"a.txt": b"form"})}
    parts = [
        attachment(f"attachment; filename={name}".encode("gbk"), content)
        for name, content in {**files, "慢.7z": slow}.items()
    ]
    text = b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + "密码：1111 密码：2222".encode()
    (tmp_path / "mail").write_bytes(mixed(text, *parts))
    with (
        Sandbox(Limits(document_seconds=3), tmp_path / "work", size=1) as sandbox,
        sandbox.message(tmp_path / "mail") as submission,
    ):
        assert [(file.path, file.problem) for file in submission.files] == [
            ("协议.txt", None),
            ("甲.zip/慢.7z", Problem.TOO_SLOW),
            ("甲.zip/章程.txt", None),
            ("乙.zip/a.txt", None),
            ("慢.7z", Problem.TOO_SLOW),
        ]
        assert all(file.source and file.source.exists() for file in submission.files)


def test_a_child_that_died_idle_costs_nothing(sandbox: Sandbox, mail: Path) -> None:
    child = stopped_child(sandbox, children())
    os.kill(child, signal.SIGKILL)
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    assert sandbox.content(text_file(mail)).problem is None


def test_a_slow_mail_is_refused(tmp_path: Path, pipe: Path) -> None:
    with (
        Sandbox(Limits(document_seconds=1), tmp_path / "work") as sandbox,
        pytest.raises(ParseError) as refused,
        sandbox.message(pipe),
    ):
        pass
    assert refused.value.problem is Problem.TOO_SLOW


def test_a_slow_document_is_given_up(tmp_path: Path, mail: Path) -> None:
    before = children()
    with Sandbox(Limits(document_seconds=1), tmp_path / "work", size=1) as sandbox:
        stopped_child(sandbox, before)
        assert sandbox.content(text_file(mail)).problem is Problem.TOO_SLOW
        with sandbox.message(mail) as submission:
            assert submission.files


def test_a_reader_that_is_told_to_stop_is_not_waited_for(tmp_path: Path, mail: Path) -> None:
    before, stop = children(), threading.Event()
    with Sandbox(LIMITS, tmp_path / "work", size=1, stop=stop) as sandbox:
        stopped_child(sandbox, before)
        stop.set()
        with pytest.raises(SandboxError, match="stopped"):
            sandbox.content(text_file(mail))


def test_an_idle_sandbox_leaves_the_machine_to_others(tmp_path: Path) -> None:
    before = children()
    with Sandbox(LIMITS, tmp_path / "work", size=1, idle=True) as sandbox:
        assert sandbox.isolated in {True, False}
        (child,) = children() - before
        assert os.getpriority(os.PRIO_PROCESS, child) == 19
        assert os.sched_getscheduler(child) == os.SCHED_IDLE


def test_a_document_beyond_the_memory_limit_is_too_large(tmp_path: Path) -> None:
    big = tmp_path / "big.txt"
    with big.open("wb") as file:
        file.truncate(3 << 30)  # sparse: it takes no room on the disk
    with Sandbox(Limits(document_memory=64 << 20), tmp_path / "work") as sandbox:
        content = sandbox.content(text_file(big))
    assert content.problem in {Problem.TOO_LARGE, Problem.CRASHED}


def test_a_file_with_a_problem_is_not_opened(sandbox: Sandbox, tmp_path: Path) -> None:
    file = File(
        path="a.rar", filename="a.rar", media_type="application/vnd.rar", size=1, sha256="",
        source=tmp_path / "absent", problem=Problem.UNSUPPORTED, detail="rar",
    )  # fmt: skip
    assert sandbox.content(file) == Content(
        media_type="application/vnd.rar", problem=Problem.UNSUPPORTED, detail="rar"
    )


def test_children_see_no_secret_and_no_open_file(
    sandbox: Sandbox, mail: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INTAKE_MAILBOX_PASSWORD", "secret")
    before = children()
    with sandbox.message(mail):
        pass
    (child,) = children() - before
    assert b"INTAKE" not in Path(f"/proc/{child}/environ").read_bytes()
    targets = [str(entry.readlink()) for entry in Path(f"/proc/{child}/fd").iterdir()]
    plain = [target for target in targets if not target.startswith(("pipe:", "/dev/null"))]
    assert all("(deleted)" in target for target in plain)  # its own complaints


def test_children_reach_no_network_where_the_kernel_allows_it(sandbox: Sandbox) -> None:
    before = children()
    if not sandbox.isolated:
        pytest.skip("this kernel allows no network namespace")
    (child,) = children() - before
    interfaces = Path(f"/proc/{child}/net/dev").read_text("ascii").splitlines()[2:]
    assert [line.split(":")[0].strip() for line in interfaces] in ([], ["lo"])
    assert Path(f"/proc/{child}/ns/net").readlink() != Path("/proc/self/ns/net").readlink()


def test_several_threads_share_the_children(sandbox: Sandbox, mail: Path) -> None:
    def read(_: int) -> str:
        with sandbox.message(mail) as submission:
            return submission.files[0].path

    before = children()
    with ThreadPoolExecutor(4) as threads:
        assert set(threads.map(read, range(12))) == {"协议.txt"}
    assert len(children() - before) <= 2


def test_leftovers_of_a_killed_process_are_removed_and_those_of_a_living_one_kept(
    tmp_path: Path, mail: Path
) -> None:
    work = tmp_path / "work"
    code = (
        "import sys; from pathlib import Path; from config.limits import Limits\n"
        "from parsers.sandbox import Sandbox\n"
        "with Sandbox(Limits(), Path(sys.argv[1])).message(Path(sys.argv[2])) as mail:\n"
        "    print(mail.files[0].source, flush=True); sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(work), str(mail)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(__file__).parent.parent,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        left = Path(process.stdout.readline().decode().strip())
        with Sandbox(LIMITS, work):
            assert left.exists()
        process.kill()
        process.wait()
    with Sandbox(LIMITS, work):
        assert not left.parent.exists()
    assert {path.name for path in work.iterdir() if path.is_dir()} == set()


def test_a_program_that_a_killed_child_had_started_ends_with_it() -> None:
    code = (
        "import os, subprocess; from functools import partial\n"
        "from parsers.confinement import die_with\n"
        "with subprocess.Popen(['sleep', '600'],\n"
        "                      preexec_fn=partial(die_with, os.getpid())) as program:\n"
        "    print('started', flush=True); program.wait()\n"
    )
    held, theirs = os.pipe()  # open as long as any process has it
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=theirs,
        cwd=Path(__file__).parent.parent,
    ) as process, os.fdopen(held, "rb") as told:  # fmt: skip
        os.close(theirs)
        assert told.readline() == b"started\n"
        process.kill()
        assert told.read() == b""


def test_children_end_with_their_sandbox(tmp_path: Path, mail: Path) -> None:
    before = children()
    with Sandbox(LIMITS, tmp_path / "work") as sandbox, sandbox.message(mail):
        assert children() - before
    assert children() == before
