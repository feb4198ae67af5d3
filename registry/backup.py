"""Backup and return: the registry and its originals, copied while the service runs.

A backup folder holds `originals/` as the data folder does, one database, and `backup.json`,
which names the database and is written last: a backup that was cut short leaves the one
before it whole. A later backup into the same folder adds only what is new.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, insert, update

from registry import models as m
from registry.database import FILE_NAME, Lock, RegistryError, open_registry
from registry.events import SERVICE, record
from registry.originals import Originals, checksum, sync_folder
from registry.rows import LetterState

MANIFEST = "backup.json"
ORIGINALS = "originals"
TAKING = "registry.taking"
TO_RELEASE = "从备份恢复，可能已发送过，待人工确认"
"""Why a letter that a restored registry holds as not yet sent waits for a person."""


@dataclass(frozen=True, kw_only=True)
class Backup:
    """What a backup holds; `database` is the name of its database file, with its checksum."""

    made_at: str
    database: str
    sha256: str
    mails: int
    dossiers: int
    originals: int


@dataclass(frozen=True, kw_only=True)
class Damage:
    """Originals that are not as they were kept, by checksum."""

    damaged: tuple[str, ...]
    lost: tuple[str, ...]
    checked: int

    @property
    def whole(self) -> bool:
        """Whether every original is as it was kept."""
        return not self.damaged and not self.lost


def verify(connection: Connection, originals: Originals) -> Damage:
    """Read every original that the registry speaks of, and compare it with its checksum."""
    wanted = list(connection.exec_driver_sql(_SUMS).scalars())
    lost = [each for each in wanted if not originals.path(each).is_file()]
    there = set(wanted).difference(lost)
    damaged = [each for each in sorted(there) if checksum(originals.path(each)) != each]
    return Damage(damaged=tuple(damaged), lost=tuple(lost), checked=len(wanted))


def belongs_to(connection: Connection, sha256: str) -> str:
    """Return what an original is, for people: its mail, or the files of dossiers it stands for."""
    mails = connection.exec_driver_sql(
        "SELECT 'mail ' || id FROM mail WHERE sha256 = ? ORDER BY id", (sha256,)
    )
    files = connection.exec_driver_sql(
        "SELECT dossier.number || ' ' || document.path FROM document "
        "JOIN dossier ON dossier.id = document.dossier_id "
        "WHERE document.sha256 = ? ORDER BY document.id",
        (sha256,),
    )
    return "; ".join(dict.fromkeys((*mails.scalars(), *files.scalars())))


# ── backup ───────────────────────────────────────────────────────────────────────────────


def back_up(data_dir: Path, folder: Path, now: datetime) -> tuple[Backup, Damage]:
    """Copy the registry and its originals into a folder; what is damaged is told, not copied.

    The database is copied first, as one unchanging state: every original that it speaks of
    was on disk before. Raises RegistryError for a folder that holds something else.
    """
    _refuse_foreign(folder)
    kept = Originals(folder / ORIGINALS)
    taken = folder / TAKING
    for left in folder.glob(f"{TAKING}*"):  # SQLite keeps a journal beside it
        left.unlink()
    with (
        closing(sqlite3.connect(data_dir / FILE_NAME)) as source,
        closing(sqlite3.connect(taken)) as copy,
    ):
        source.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")
        sums = [row[0] for row in copy.execute(_SUMS)]
        counts = [copy.execute(f"SELECT count(*) FROM {each}").fetchone()[0] for each in _COUNTED]  # noqa: S608 - our own tables
    damage = _copy_originals(Originals(data_dir / ORIGINALS), kept, sums)
    sha256 = checksum(taken)
    backup = Backup(
        made_at=now.isoformat(),
        database=f"registry-{sha256[:16]}.sqlite",
        sha256=sha256,
        mails=counts[0],
        dossiers=counts[1],
        originals=len(sums),
    )
    _sync(taken)
    taken.replace(folder / backup.database)
    _write_manifest(folder, backup)
    for old in folder.glob("registry-*.sqlite"):
        if old.name != backup.database:
            old.unlink()
    return backup, damage


_COUNTED = ("mail", "dossier")
_SUMS = (
    "SELECT sha256 FROM mail WHERE sha256 IS NOT NULL "
    "UNION SELECT sha256 FROM document WHERE sha256 != '' ORDER BY 1"
)
"""The checksums of every original that a registry speaks of."""


def _copy_originals(source: Originals, target: Originals, sums: list[str]) -> Damage:
    damaged, lost = [], []
    for sha256 in sums:
        if target.path(sha256).exists():
            continue
        if not source.path(sha256).is_file():
            lost.append(sha256)
        elif checksum(source.path(sha256)) != sha256:
            damaged.append(sha256)
        else:
            target.keep_copy(source.path(sha256))
    return Damage(damaged=tuple(damaged), lost=tuple(lost), checked=len(sums))


def _refuse_foreign(folder: Path) -> None:
    """Refuse a folder that holds anything but an earlier backup."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    ours = {MANIFEST, ORIGINALS, f"{MANIFEST}.new"}
    strange = [
        each.name
        for each in folder.iterdir()
        if each.name not in ours and not each.name.startswith(("registry-", TAKING))
    ]
    if strange:
        message = f"{folder}: holds {strange[0]}; name an empty folder, or one of an earlier backup"
        raise RegistryError(message)


def _write_manifest(folder: Path, backup: Backup) -> None:
    new = folder / f"{MANIFEST}.new"
    new.write_text(json.dumps(asdict(backup), indent=2) + "\n", encoding="utf-8")
    _sync(new)
    new.replace(folder / MANIFEST)
    sync_folder(folder)


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


# ── return ───────────────────────────────────────────────────────────────────────────────


def restore(folder: Path, data_dir: Path, now: datetime) -> tuple[Backup, Damage]:
    """Bring a backup into an empty data folder, so that nothing is answered a second time.

    Letters not yet sent become drafts, and so will the letters for mail received up to now
    that the registry has not seen. Raises RegistryError where there is a registry already,
    or no whole backup.
    """
    backup = read_manifest(folder)
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with Lock(data_dir, "restore"):
        if (data_dir / FILE_NAME).exists():
            message = f"{data_dir}: holds a registry already; restore into an empty data folder"
            raise RegistryError(message)
        staging = data_dir / "restoring"
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir(mode=0o700)
        shutil.copyfile(folder / backup.database, staging / FILE_NAME)
        damage = _prepare(staging, folder, data_dir, now)
        (staging / FILE_NAME).replace(data_dir / FILE_NAME)
        sync_folder(data_dir)
        shutil.rmtree(staging)
    return backup, damage


def read_manifest(folder: Path) -> Backup:
    """Return what a backup holds. Raises RegistryError when there is none, or it is damaged."""
    try:
        backup = Backup(**json.loads((folder / MANIFEST).read_text("utf-8")))
        whole = checksum(folder / backup.database) == backup.sha256
    except (OSError, ValueError, TypeError) as error:
        message = f"{folder}: no backup of this product ({error})"
        raise RegistryError(message) from error
    if not whole:
        message = f"{folder / backup.database}: damaged, its checksum does not hold"
        raise RegistryError(message)
    return backup


def _prepare(staging: Path, folder: Path, data_dir: Path, now: datetime) -> Damage:
    """Bring the staged database up to date, hold its letters back, and copy the originals."""
    registry = open_registry(staging, holds_lock=True)
    try:
        with registry.write() as connection:
            _hold_letters(connection, now)
            sums = list(connection.exec_driver_sql(_SUMS).scalars())
        damage = _copy_originals(
            Originals(folder / ORIGINALS), Originals(data_dir / ORIGINALS), sums
        )
        with registry.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        registry.close()
    _sync(staging / FILE_NAME)
    return damage


def _hold_letters(connection: Connection, now: datetime) -> None:
    connection.execute(insert(m.restoration).values(restored_at=now))
    waiting = m.letter.c.state == LetterState.QUEUED
    values = {"state": LetterState.DRAFT, "reason": TO_RELEASE, "next_try_at": None}
    connection.execute(update(m.letter).where(waiting).values(**values))
    record(connection, "restored", actor=SERVICE, at=now, detail="从备份恢复")
