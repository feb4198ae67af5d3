"""The registry as a workbook, written by a process of its own.

It is work of many seconds where there are thousands of dossiers: in a thread it would slow
whoever else is at the desk, and its memory would stay. The child reads the registry for
itself, at low priority, and takes nothing but the place of the data, a zone and a path.
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy.exc import DBAPIError

from parsers.children import environment_of_child
from registry import queries
from registry.database import Registry, RegistryError, open_registry
from registry.judging import call_of
from reports.workbook import export_registry

AT_ONCE = 500
"""How many dossiers are read at a time."""

NICENESS = 10
ENDS_WITHIN = 600
"""Seconds after which a child that hangs is given up."""


def write_registry(registry: Registry, path: Path, zone: ZoneInfo) -> int:
    """Write the whole registry as a workbook; return how many dossiers it holds.

    Raises OSError when the file cannot be written.
    """
    with registry.read() as connection:
        rows = queries.queue(connection)
        parts = [rows[start : start + AT_ONCE] for start in range(0, len(rows), AT_ONCE)]
        views = [view for part in parts for view in queries.views(connection, part, met=False)]
        versions = {(row.call_id, row.call_version): row for row in rows}
        calls = {key: call_of(connection, row) for key, row in versions.items()}
    by_number = {row.number: calls[row.call_id, row.call_version] for row in rows}
    export_registry(path, views, by_number, zone)
    return len(rows)


def write_apart(data_dir: Path, path: Path, zone: ZoneInfo) -> None:
    """Have a child write the whole registry as a workbook. Raises OSError when it fails."""
    asked = [str(data_dir.absolute()), str(path.absolute()), zone.key]
    done = subprocess.run(  # noqa: S603 - our own module, our own arguments
        [sys.executable, "-P", "-m", "reports.exporting", *asked],
        env=environment_of_child(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=ENDS_WITHIN,
        check=False,
    )
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        message = f"the workbook was not written: {said[-1] if said else done.returncode}"
        raise OSError(message)


def main() -> None:
    """Write what the arguments name: data folder, workbook, time zone."""
    data_dir, path, zone = sys.argv[1:]
    os.umask(0o077)
    os.nice(NICENESS)
    try:
        with closing(open_registry(Path(data_dir))) as registry:
            write_registry(registry, Path(path), ZoneInfo(zone))
    except (OSError, DBAPIError, RegistryError) as error:
        sys.exit(str(error).splitlines()[0])


if __name__ == "__main__":
    main()
