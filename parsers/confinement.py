"""What a process that opens untrusted bytes gives up: outliving its parent, networks, plenty."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import sys

from config.limits import Limits

_PR_SET_PDEATHSIG = 1
_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
# What the interpreter and the readers' libraries take before any document is opened.
_BASE_MEMORY = 512 << 20
_OPEN_FILES = 64


def die_with(parent: int) -> None:
    """Ask the kernel to end this process with its parent (prctl(2)), on Linux."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(1)


def step_back() -> None:
    """Leave processor and disk to whoever else wants them (sched(7), ioprio_set(2))."""
    os.nice(19)
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


def leave_the_network() -> bool:
    """Move into a network namespace without any interface; tell whether the kernel allowed it."""
    if sys.platform != "linux":
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    return any(
        libc.unshare(flags) == 0 for flags in (_CLONE_NEWUSER | _CLONE_NEWNET, _CLONE_NEWNET)
    )


def restrict(limits: Limits) -> None:
    """Bound memory, the size of files written and the number of files open; no core dumps."""
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
