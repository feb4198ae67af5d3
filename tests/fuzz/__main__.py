"""Fuzz everything in turn; exits with 1 when anything was found."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

FINDINGS = Path("fuzz-findings")
TARGETS = (
    ("the reader of mails", "tests.fuzz.readers", "mail"),
    ("the readers of archives and documents", "tests.fuzz.readers", "file"),
    ("the desk's HTTP interface", "tests.fuzz.desk", "http"),
)


def main() -> int:
    """Run each target for its share of the seconds named, and say how it ended."""
    share = max(int(sys.argv[1]) // len(TARGETS), 1)
    FINDINGS.mkdir(exist_ok=True)
    found = [name for name, module, what in TARGETS if not _held(name, module, what, share)]
    print("found in: " + ", ".join(found) if found else "nothing found")
    return 1 if found else 0


def _held(name: str, module: str, what: str, seconds: int) -> bool:
    begun = time.monotonic()
    command = [sys.executable, "-m", module, what, str(seconds), str(FINDINGS.absolute())]
    done = subprocess.run(command, check=False)
    spent = time.monotonic() - begun
    print(
        f"{name}: {'held' if done.returncode == 0 else 'DID NOT HOLD'}, {spent:.0f} s", flush=True
    )
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
