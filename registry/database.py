"""The registry's database: opened, locked for the one reader of mailboxes, migrated."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.exc import DBAPIError

BUSY_SECONDS = 30
FILE_NAME = "registry.sqlite"
LOCK_NAME = "intake.lock"
MIGRATIONS = Path(__file__).with_name("migrations")


class RegistryError(Exception):
    """The registry cannot be used as it is; the message says what to do."""


class BusyError(RegistryError):
    """Another process holds the data folder's lock; the message names it."""


class Lock:
    """The one exclusive lock of a data folder: for reading mailboxes, judging and sending."""

    def __init__(self, data_dir: Path, purpose: str) -> None:
        self._path = data_dir / LOCK_NAME
        self._purpose = purpose
        self._handle: int | None = None

    def __enter__(self) -> Self:
        """Take the lock. Raises BusyError when another process holds it."""
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.read(handle, 1000).decode(errors="replace")
            os.close(handle)
            raise BusyError(_name_holder(self._path.parent, holder)) from error
        os.ftruncate(handle, 0)
        os.pwrite(handle, json.dumps({"pid": os.getpid(), "command": self._purpose}).encode(), 0)
        self._handle = handle
        return self

    def __exit__(self, *_: object) -> None:
        """Release the lock."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


def _name_holder(data_dir: Path, holder: str) -> str:
    try:
        known = json.loads(holder)
        name = f"`intake {known['command']}` (process {known['pid']})"
    except (ValueError, KeyError, TypeError):
        name = "another process"
    return f"{data_dir}: {name} is at work on this data folder; stop it first or let it go on"


class Registry:
    """The open registry. `read` and `write` give a connection for one short transaction."""

    def __init__(self, engine: Engine, path: Path) -> None:
        self.engine = engine
        self._path = path
        self._file = _file_at(path)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection that sees one unchanging state. Raises OSError as `write` does."""
        self._refuse_gone()
        with self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Give the one writing connection; commits when the block ends, else rolls back.

        Raises OSError when the file is no longer the one that was opened: what is written
        into a removed file is lost, and into another one is astray.
        """
        self._refuse_gone()
        with self.engine.connect() as connection:
            connection = connection.execution_options(writes=True)  # noqa: PLW2901 - same one
            with connection.begin():
                yield connection

    def _refuse_gone(self) -> None:
        if _file_at(self._path) != self._file:
            gone = "the database was removed or replaced while in use; restore it and start again"
            raise FileNotFoundError(errno.ENOENT, gone, str(self._path))

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def _file_at(path: Path) -> tuple[int, int] | None:
    """Return which file lies there, None when there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _engine(path: Path) -> Engine:
    engine = create_engine(
        f"sqlite:///{path}",
        connect_args={"timeout": BUSY_SECONDS},
        hide_parameters=True,  # an error must not carry an applicant's words into a log
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _: object) -> None:
        connection.isolation_level = None  # we begin transactions ourselves
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA cache_size = -500")  # KiB a connection; the system caches too
        connection.execute("PRAGMA recursive_triggers = ON")  # else REPLACE passes over them

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _versions() -> list[str]:
    """Return the schema's versions, the newest last: what the migrations are called by."""
    scripts = (MIGRATIONS / "versions").glob("[0-9]*_*.py")
    return sorted(each.name.partition("_")[0] for each in scripts)


def _version(engine: Engine) -> str | None:
    if not inspect(engine).has_table("alembic_version"):
        return None
    with engine.connect() as connection:
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _migrate(engine: Engine, path: Path) -> None:
    """Bring the schema up to date, after a copy of what is there; as a whole or not at all.

    Raises RegistryError when that fails; the registry is then as it was.
    """
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    before = _version(engine)
    if before is not None:
        _copy(path, path.with_name(f"{FILE_NAME}.before-{before}"))
    try:
        with engine.connect() as connection, connection.begin():
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except Exception as error:
        why = (
            str(error.orig) if isinstance(error, DBAPIError) else f"{type(error).__name__}: {error}"
        )
        message = f"{path}: could not be brought up to date ({why}); it is as it was before"
        if before is not None:
            message += (
                f", at schema {before}: mend that and start again, or go back to that version"
            )
        raise RegistryError(message) from error


def _copy(path: Path, copy: Path) -> None:
    """Copy a file so that the copy is there whole, or not at all."""
    taking = copy.with_name(f"{copy.name}.taking")
    try:
        shutil.copyfile(path, taking)
        taking.replace(copy)
    finally:
        taking.unlink(missing_ok=True)


def open_registry(data_dir: Path, *, holds_lock: bool = False) -> Registry:
    """Open the registry of a data folder, creating folder and database when there are none.

    Only the holder of the lock migrates an existing registry; a new one is made under the
    lock, taken for that moment. Raises RegistryError for a schema of another version, and
    BusyError when a new registry is just being made by another process.
    """
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = data_dir / FILE_NAME
    engine = _engine(path)
    try:
        found = _version(engine)
        if found == _versions()[-1]:
            return Registry(engine, path)
        if holds_lock:
            _refuse_unknown(found)
            _migrate(engine, path)
        elif found is None:
            with Lock(data_dir, "setup"):
                _migrate(engine, path)
        else:
            _refuse_unknown(found)
            _refuse_older(path)
    except BaseException:
        engine.dispose()
        raise
    return Registry(engine, path)


def _refuse_older(path: Path) -> None:
    message = (
        f"{path}: made by an older version; `intake serve` brings it up to date when it starts "
        "(so does `intake once --no-letters`, which sends nothing)"
    )
    raise RegistryError(message)


def _refuse_unknown(found: str | None) -> None:
    if found is not None and found not in _versions():
        message = f"the registry was made by a newer version (schema {found}); install that version"
        raise RegistryError(message)
