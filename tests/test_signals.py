"""SIGTERM stops the service wherever its main thread happens to be."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]

INSIDE_THE_LOCK = """
import os, signal
from ingest.commands.service import until_signalled
stop = until_signalled()
with stop._cond:  # where Event.wait is for a moment
    os.kill(os.getpid(), signal.SIGTERM)
    for _ in range(1000):
        pass
assert stop.wait(20)
print("stopped")
"""


def test_a_signal_in_the_moment_in_which_the_event_is_locked_is_not_lost() -> None:
    done = subprocess.run(
        [sys.executable, "-c", INSIDE_THE_LOCK],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("stopped\n", "")
