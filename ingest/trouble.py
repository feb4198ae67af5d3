"""Trouble of the house itself (disk, database, sandbox), in a line that says what to do.

It is never a mail's fault: what was begun is undone or left as it was, and taken up again
when the cause is gone.
"""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    NotSupportedError,
    ProgrammingError,
)

from parsers.sandbox import SandboxError

TROUBLE = (OSError, DBAPIError, SandboxError)
"""What is the house's own fault, wherever it comes up; but see `is_of_the_house`."""

_OF_WHAT_IS_WRITTEN = (DataError, IntegrityError, NotSupportedError, ProgrammingError)
_OF_HOW_MUCH_IS_ASKED = "too many"

ROOM = 32 << 20
"""How many bytes must be free before anything is begun: enough to end what was begun before."""

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_DATABASE = {
    "database or disk is full": "no room left for the database; make room",
    "database is locked": "the database is locked by another program; end what holds it",
    "unable to open database file": "the database cannot be opened; is its folder there?",
    "no such table": "the database is empty or gone; restore a backup (`intake restore`)",
    "disk i/o error": "the disk fails under the database; look at it, then `intake doctor`",
    "malformed": "the database is damaged; restore a backup (`intake restore`)",
    "not a database": "the database is damaged; restore a backup (`intake restore`)",
    "readonly": "the database cannot be written; look at the rights of the data folder",
}


def is_of_the_house(error: Exception) -> bool:
    """Whether an error is no fault of what was worked on.

    A database that refuses what it is given refuses it again and again, and takes the next
    thing: that must not be kept back by it.
    """
    asked = isinstance(error, DBAPIError) and _OF_HOW_MUCH_IS_ASKED in str(error.orig)
    return isinstance(error, TROUBLE) and not (asked or isinstance(error, _OF_WHAT_IS_WRITTEN))


def explain(error: BaseException) -> str:
    """Return what happened and what to do, in one line without any applicant's words."""
    if isinstance(error, DBAPIError):
        said = str(error.orig)
        known = (words for sign, words in _DATABASE.items() if sign in said.lower())
        return next(known, f"the database refuses: {' '.join(said.split())}")
    if isinstance(error, OSError):
        where = f" ({error.filename})" if error.filename else ""
        if error.errno in _NO_ROOM:
            return f"no room left on the disk{where}; make room"
        return f"{error.strerror or error}{where}"
    return " ".join(str(error).split())


def refuse_without_room(folder: Path) -> None:
    """Begin nothing on a disk that is nearly full. Raises OSError (ENOSPC)."""
    if shutil.disk_usage(folder).free < ROOM:
        raise OSError(errno.ENOSPC, f"less than {ROOM >> 20} MiB are free", str(folder))
