"""The daemon: a reader for each mailbox, and the stages as jobs of their own on a clock.

The rows are the only truth: a nudge only lets a stage look sooner than its clock would. A
mailbox or mail server that hangs stops nothing but itself.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from datetime import datetime
from threading import Event, Thread

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler

from ingest.alarming import forget_what_was_seen, raise_alarms
from ingest.house import House
from ingest.outbox import MailServerError, send_alarms, send_due
from ingest.pipeline import Touched, file_pending, judge_marked, write_letters
from ingest.receiver import open_recorded, read_mailbox
from ingest.reconciling import reconcile_nightly
from ingest.scans import read_scans
from ingest.source import MailboxError
from ingest.trouble import TROUBLE, explain, refuse_without_room
from parsers.sandbox import Sandbox

log = logging.getLogger(__name__)

PAUSES = (5, 15, 60, 300)
"""Seconds to wait after each failure of a server in a row; the last one repeats."""

PAUSES_AFTER_REFUSAL = (60, 300, 900)
"""The same where our password is refused: providers lock out who tries too often."""

STOPS_WITHIN = 8
"""Seconds that stopping may take before a thread that hangs is left behind."""

STAGES = ("file", "judge", "answer", "send")
LOOKS_EVERY = {"file": 5, "judge": 3, "answer": 5, "send": 10, "alarm": 15}
"""How often each stage looks by itself, in seconds; desk and commands only write rows.

`alarm` is none of the chain: it looks whether staff are to be written to about the service.
"""

LOOKS_AT_CLOCK = 5
CLOCK_MAY_DRIFT = 2
"""How often the machine's clock is watched, and what is no jump of it, in seconds."""

LOOKS_FOR_SCANS = 5
"""Seconds between two looks for scans to read, which takes far longer than any stage."""


class Daemon:
    """Reads, files, judges, answers and sends until it is stopped."""

    def __init__(self, house: House, sandbox: Sandbox) -> None:
        self._house = house
        self._sandbox = sandbox
        self._stop = Event()
        self._refused: dict[str, tuple[int, float]] = {}
        self._said: dict[str, str] = {}
        self._scheduler = BackgroundScheduler(
            timezone=house.settings.service.zone,
            executors={"default": ThreadPoolExecutor(len(LOOKS_EVERY))},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": 30},
        )
        self._readers = [
            Thread(target=self._read, args=(name,), name=f"mailbox {name}", daemon=True)
            for name in house.settings.mailbox
        ]
        self._readers.append(Thread(target=self._read_scans, name="scans", daemon=True))
        self._readers.append(Thread(target=self._mind_the_clock, name="clock", daemon=True))

    def start(self) -> None:
        """Start the readers and the stages."""
        acts: dict[str, Callable[[Touched], None]] = {
            "file": lambda touched: file_pending(self._house, self._sandbox, touched, self._stop),
            "judge": lambda touched: judge_marked(self._house, touched, self._stop),
            "answer": lambda touched: write_letters(self._house, touched, self._stop),
            "send": self._send,
            "alarm": self._alarm,
        }
        forget_what_was_seen(self._house)
        for stage, act in acts.items():
            self._scheduler.add_job(
                self._run,
                "interval",
                args=(stage, act),
                id=stage,
                seconds=LOOKS_EVERY[stage],
                next_run_time=datetime.now(self._house.settings.service.zone),
            )
        self._scheduler.start()
        for reader in self._readers:
            reader.start()

    def stop(self) -> bool:
        """Finish what is in hand and stop; a document being read is given up and read again.

        False when a server that hangs kept a thread from ending in time. The process may be
        ended all the same: everything that counts has been committed.
        """
        self._stop.set()
        self._sandbox.close()
        ending = Thread(target=self._scheduler.shutdown, daemon=True)
        ending.start()
        until = time.monotonic() + STOPS_WITHIN
        threads = (ending, *self._readers)
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))
        return not any(thread.is_alive() for thread in threads)

    def _send(self, touched: Touched) -> None:
        self._hand_over("send", lambda: send_due(self._house, touched, self._stop))

    def _alarm(self, touched: Touched) -> None:
        raise_alarms(self._house, touched)
        self._hand_over("alarm", lambda: send_alarms(self._house, touched, self._stop))

    def _hand_over(self, stage: str, send: Callable[[], None]) -> None:
        """Send; a server that refuses us is left alone for a growing while."""
        failures, again_at = self._refused.get(stage, (0, 0.0))
        if time.monotonic() < again_at:
            return
        try:
            refuse_without_room(self._house.settings.service.data_dir)
            send()
        except MailServerError as error:
            failures += 1
            pauses = PAUSES_AFTER_REFUSAL if error.kind == "login" else PAUSES
            self._refused[stage] = failures, time.monotonic() + _pause(failures, pauses)
            raise
        self._refused.pop(stage, None)

    def _complain(self, part: str, error: BaseException) -> None:
        """Say once what is wrong in the house, and not again until it is something else."""
        said = explain(error)
        if not self._stop.is_set() and self._said.get(part) != said:
            log.error("%s: trouble in the house, will try again: %s", part, said)
        self._said[part] = said

    def _is_well(self, part: str) -> None:
        if self._said.pop(part, None):
            log.warning("%s: goes on, the trouble is over", part)

    def _nudge(self, stage: str) -> None:
        if not self._stop.is_set():
            now = datetime.now(self._house.settings.service.zone)
            with suppress(JobLookupError):  # it has just been stopped
                self._scheduler.modify_job(stage, next_run_time=now)

    def _run(self, stage: str, act: Callable[[Touched], None]) -> None:
        """Run a stage once; whatever it touched may be work for the next one."""
        touched = Touched()
        try:
            act(touched)
            self._is_well(f"stage {stage}")
        except MailServerError as error:
            log.warning("%s", error)
        except TROUBLE as error:
            self._complain(f"stage {stage}", error)
        except Exception:
            log.exception("stage %s failed, will try again", stage)
        moved = touched.mails or touched.dossiers or touched.letters
        if moved and stage != STAGES[-1]:
            self._nudge(STAGES[STAGES.index(stage) + 1] if stage in STAGES else STAGES[-1])

    def _read(self, name: str) -> None:
        """Keep one mailbox read: connect, take in, wait for more, and again after trouble."""
        failures = 0
        poll = self._house.settings.mailbox[name].poll.total_seconds()
        while not self._stop.is_set():
            pauses: Sequence[float] = PAUSES
            try:
                with ExitStack() as stack:
                    source = open_recorded(self._house, name, stack)
                    while not self._stop.is_set():
                        if read_mailbox(self._house, name, source, self._sandbox, self._stop):
                            self._nudge("file")
                        failures = 0
                        self._is_well(f"mailbox {name}")
                        if not reconcile_nightly(self._house, name, source):
                            source.wait(poll, self._stop)
            except MailboxError as error:
                failures += 1
                log.warning("%s", error)
                pauses = _pauses_after(error, poll)
            except TROUBLE as error:
                failures += 1
                self._complain(f"mailbox {name}", error)
            except Exception:
                failures += 1
                log.exception("mailbox %s: failed, will try again", name)
            if failures:
                self._stop.wait(_pause(failures, pauses))

    def _mind_the_clock(self) -> None:
        """Have every stage look at once when the machine's clock has jumped.

        The stages' next looks are set by that clock: set back, it would keep them waiting
        for as long as it was set back.
        """
        before = _ahead_of_monotonic()
        while not self._stop.wait(LOOKS_AT_CLOCK):
            now = _ahead_of_monotonic()
            if abs(now - before) > CLOCK_MAY_DRIFT:
                log.warning("the machine's clock has jumped by %+.0f s", now - before)
                for stage in LOOKS_EVERY:
                    self._nudge(stage)
            before = now

    def _read_scans(self) -> None:
        """Read scans as they come; what they say is judged, and mails may be filed again."""
        while not self._stop.is_set():
            touched = Touched()
            try:
                read_scans(self._house, touched, self._stop)
                self._is_well("scans")
            except TROUBLE as error:
                self._complain("scans", error)
            except Exception:
                log.exception("scans: failed, will try again")
            if touched.mails or touched.dossiers:
                self._nudge("file")
                self._nudge("judge")
            self._stop.wait(LOOKS_FOR_SCANS)


def _ahead_of_monotonic() -> float:
    """Return by how many seconds the machine's clock is ahead of one that never jumps."""
    return time.time() - time.monotonic()


def _pauses_after(error: MailboxError, poll: float) -> Sequence[float]:
    """Return how long to leave a mailbox alone; one with a folder at fault is read on."""
    if error.kind == "login":
        return PAUSES_AFTER_REFUSAL
    if error.kind == "unreachable":
        return PAUSES
    return [min(each, poll) for each in PAUSES]


def _pause(failures: int, pauses: Sequence[float]) -> float:
    return pauses[min(failures, len(pauses)) - 1]
