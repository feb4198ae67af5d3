"""What a process of our own that we start is given: nothing of ours but the code."""

from __future__ import annotations

import os
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent


def environment_of_child() -> dict[str, str]:
    """Return all variables that a child has: no secret is among them."""
    return {
        "PATH": os.defpath,
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(_ROOT),
        "PYTHONUTF8": "1",
    }
