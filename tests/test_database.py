"""What the database itself refuses, who may open it, and how its schema is brought up to date."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Executable, delete, insert, text, update
from sqlalchemy.exc import DatabaseError, IntegrityError, OperationalError

from registry import database, queries
from registry import models as m
from registry.database import FILE_NAME, LOCK_NAME, BusyError, Lock, RegistryError, open_registry
from tests.builders import LIGHTS, Intake, dossier


def test_a_mail_is_answered_by_one_letter_only(intake: Intake) -> None:
    mail = intake.post(dossier())
    (letter,) = intake.answer()
    with pytest.raises(IntegrityError), intake.registry.write() as connection:
        connection.execute(insert(m.letter_mail).values(mail_id=mail, letter_id=letter.id))


def test_a_paper_record_belongs_to_one_dossier_only(intake: Intake) -> None:
    intake.post(dossier())
    intake.post(dossier(LIGHTS))
    paper = intake.paper()
    with pytest.raises(IntegrityError), intake.registry.write() as connection:
        connection.execute(update(m.dossier).values(paper_id=paper))


def test_a_number_is_given_once(intake: Intake) -> None:
    intake.post(dossier())
    intake.post(dossier(LIGHTS))
    with pytest.raises(IntegrityError), intake.registry.write() as connection:
        connection.execute(update(m.dossier).values(number="LM2016-0001"))


@pytest.mark.parametrize(
    "statement",
    [
        update(m.event).values(actor="nobody"),
        delete(m.event),
        text("INSERT OR REPLACE INTO event SELECT * FROM event"),
    ],
    ids=["change", "delete", "replace"],
)
def test_an_event_is_never_changed_or_deleted(intake: Intake, statement: Executable) -> None:
    intake.post(dossier())
    before = intake.rows(m.event)
    with (
        pytest.raises(DatabaseError, match="only ever added"),
        intake.registry.write() as connection,
    ):
        connection.execute(statement)
    assert intake.rows(m.event) == before


def test_a_row_cannot_speak_of_another_that_is_not_there(intake: Intake) -> None:
    with pytest.raises(IntegrityError), intake.registry.write() as connection:
        connection.execute(insert(m.mail_dossier).values(mail_id=9, dossier_id=9, stranger=False))


def test_a_write_that_fails_leaves_nothing(intake: Intake) -> None:
    intake.post(dossier())
    with pytest.raises(ZeroDivisionError), intake.registry.write() as connection:  # noqa: PT012 - a transaction
        connection.execute(update(m.dossier).values(name="halfway"))
        raise ZeroDivisionError
    assert intake.row().name != "halfway"


def test_a_reader_sees_one_unchanging_state_and_hinders_no_writer(intake: Intake) -> None:
    intake.post(dossier())
    with intake.registry.read() as reading:
        before = reading.execute(text("SELECT count(*) FROM dossier")).scalar_one()
        intake.post(dossier(LIGHTS))
        assert reading.execute(text("SELECT count(*) FROM dossier")).scalar_one() == before == 1
    assert len(intake.numbers()) == 2


def test_a_second_writer_waits_for_the_first(intake: Intake) -> None:
    with intake.registry.write(), intake.registry.engine.connect() as other:
        other.exec_driver_sql("ROLLBACK")
        other.exec_driver_sql("PRAGMA busy_timeout = 1")
        with pytest.raises(OperationalError, match="locked"):
            other.exec_driver_sql("BEGIN IMMEDIATE")


def test_the_migrations_make_exactly_the_tables_of_the_models(intake: Intake) -> None:
    with intake.registry.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, m.metadata) == []


def test_moments_are_kept_in_utc_and_come_back_aware(intake: Intake) -> None:
    mail = intake.post(dossier())
    with intake.registry.read() as connection:
        stored = connection.execute(text("SELECT received_at FROM mail")).scalar_one()
    assert stored.startswith("2016-06-01 02:00:00")
    assert intake.mail(mail).received_at == intake.now


# ── opening ──────────────────────────────────────────────────────────────────────────────


def schema(folder: Path, version: str) -> None:
    registry = open_registry(folder)
    with registry.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :v"), {"v": version})
    registry.close()


@pytest.mark.parametrize("holds_lock", [True, False])
def test_a_registry_of_a_newer_version_is_refused(tmp_path: Path, *, holds_lock: bool) -> None:
    schema(tmp_path, "9999")
    with pytest.raises(RegistryError, match=r"newer version \(schema 9999\)"):
        open_registry(tmp_path, holds_lock=holds_lock)


@pytest.fixture
def next_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The schema of a version of the product that comes after this one."""
    scripts = tmp_path / "migrations"
    shutil.copytree(database.MIGRATIONS, scripts)
    (scripts / "versions" / "9000_next.py").write_text(NEXT, encoding="utf-8")
    monkeypatch.setattr(database, "MIGRATIONS", scripts)
    return "9000"


NOW = max(each.name[:4] for each in (database.MIGRATIONS / "versions").glob("[0-9]*.py"))
NEXT = f"""
from alembic import op
revision = "9000"
down_revision = "{NOW}"
def upgrade():
    op.execute("CREATE TABLE later (id INTEGER)")
"""


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """A registry with one dossier, made by this version."""
    intake = Intake(tmp_path / "var")
    intake.post(dossier())
    intake.registry.close()
    return tmp_path / "var"


def test_a_registry_of_an_older_version_is_refused_with_the_command_that_helps(
    older: Path, next_version: str
) -> None:
    del next_version
    with pytest.raises(RegistryError, match="older version; `intake serve` brings"):
        open_registry(older)


def test_the_holder_of_the_lock_migrates_after_a_copy(older: Path, next_version: str) -> None:
    registry = open_registry(older, holds_lock=True)
    with registry.read() as connection:
        version = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
        connection.execute(text("SELECT * FROM later"))
    registry.close()
    assert version == next_version
    (copy,) = older.glob(f"*.before-{NOW}")
    with closing(sqlite3.connect(copy)) as kept:
        assert kept.execute("SELECT number FROM dossier").fetchall() == [("LM2016-0001",)]
        assert kept.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_a_migration_that_fails_leaves_the_registry_as_it_was(
    older: Path, next_version: str
) -> None:
    del next_version
    script = database.MIGRATIONS / "versions" / "9000_next.py"
    failing = NEXT.replace("later", "later AS SELECT nothing FROM nowhere --")
    script.write_text(failing, encoding="utf-8")
    with pytest.raises(
        RegistryError, match=r"could not be .* \(near .*\); it is as it was before, at schema"
    ):
        open_registry(older, holds_lock=True)
    with closing(sqlite3.connect(older / FILE_NAME)) as left:
        assert left.execute("SELECT version_num FROM alembic_version").fetchall() == [(NOW,)]
        assert not left.execute("SELECT * FROM sqlite_master WHERE name = 'later'").fetchall()


def test_a_migration_killed_half_way_leaves_the_registry_as_it_was(
    older: Path, next_version: str
) -> None:
    del next_version
    script = database.MIGRATIONS / "versions" / "9000_next.py"
    killed = NEXT + "    import os, signal\n    os.kill(os.getpid(), signal.SIGKILL)\n"
    script.write_text(killed, encoding="utf-8")
    deed = (
        "import sys; from pathlib import Path; import registry.database as d; "
        "d.MIGRATIONS = Path(sys.argv[1]); d.open_registry(Path(sys.argv[2]), holds_lock=True)"
    )
    command = [sys.executable, "-c", deed, str(database.MIGRATIONS), str(older)]
    assert subprocess.run(command, check=False).returncode == -9
    with closing(sqlite3.connect(older / FILE_NAME)) as left:
        assert left.execute("SELECT version_num FROM alembic_version").fetchall() == [(NOW,)]
        assert not left.execute("SELECT * FROM sqlite_master WHERE name = 'later'").fetchall()
    script.write_text(NEXT, encoding="utf-8")
    open_registry(older, holds_lock=True).close()


def test_a_registry_of_the_first_version_is_brought_up_to_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = tmp_path / "first"
    shutil.copytree(database.MIGRATIONS, first)
    for script in (first / "versions").glob("[0-9]*.py"):
        if not script.name.startswith("0001_"):
            script.unlink()
    with monkeypatch.context() as patch:
        patch.setattr(database, "MIGRATIONS", first)
        open_registry(tmp_path / "var").close()
    with closing(sqlite3.connect(tmp_path / "var" / FILE_NAME)) as old, old:
        for table in ("dossier", "document", "mail", "letter", "paper", "event"):
            fill(old, table)
    registry = open_registry(tmp_path / "var", holds_lock=True)
    with registry.read() as connection:
        (filed,) = queries.documents_of(connection, [1])[1]
        assert queries.mails_by_id(connection, [1])
        assert queries.dossiers_by_id(connection, [1])
    assert filed.part == 0
    registry.close()


def fill(connection: sqlite3.Connection, table: str) -> None:
    """Put a row into a table as the first version would: something in every column."""
    columns = connection.execute(f"PRAGMA table_info({table})").fetchall()
    values = {name: VALUES.get(kind, "1") if name != "id" else 1 for _, name, kind, *_ in columns}
    values |= {key: each for key, each in KNOWN.items() if key in values}
    marks = ", ".join("?" for _ in values)
    names = ", ".join(f'"{name}"' for name in values)
    connection.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", list(values.values()))  # noqa: S608


VALUES = {"JSON": "[]", "DATETIME": "2016-05-31 08:00:00", "DATE": "2016-05-31", "INTEGER": 1}
KNOWN = {"facts": "{}", "state": "current", "status": "complete", "fate": "filed"}


def test_a_new_data_folder_is_closed_to_others(tmp_path: Path) -> None:
    open_registry(tmp_path / "a" / "var").close()
    assert (tmp_path / "a" / "var").stat().st_mode & 0o777 == 0o700


def test_opening_twice_changes_nothing(tmp_path: Path) -> None:
    open_registry(tmp_path).close()
    open_registry(tmp_path, holds_lock=True).close()
    assert not list(tmp_path.glob("*.before-*"))


# ── the lock ─────────────────────────────────────────────────────────────────────────────


def test_a_second_holder_is_refused_and_the_first_is_named(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from registry.database import Lock\n"
        "with Lock(Path(sys.argv[1]), 'serve'): print('held', flush=True); sys.stdin.read()"
    )
    arguments = [sys.executable, "-c", code, str(tmp_path)]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == b"held\n"
        named = rf"`intake serve` \(process {holder.pid}\)"
        with pytest.raises(BusyError, match=named), Lock(tmp_path, "once"):
            pass
        holder.kill()
        holder.wait()
    with Lock(tmp_path, "once"):  # its file is still there
        assert (tmp_path / LOCK_NAME).read_text(encoding="utf-8").count("once") == 1


def test_a_lock_is_refused_within_one_process_too_and_free_again_after_it(tmp_path: Path) -> None:
    with Lock(tmp_path, "serve"), pytest.raises(BusyError), Lock(tmp_path, "once"):
        pass
    with Lock(tmp_path, "once"):
        pass


@pytest.mark.parametrize("left", ["", "no json", '{"pid": 1}', "[]", '"x"'])
def test_a_holder_that_left_no_name_is_still_a_holder(tmp_path: Path, left: str) -> None:
    with Lock(tmp_path, "serve"):
        (tmp_path / LOCK_NAME).write_text(left, encoding="utf-8")
        with pytest.raises(BusyError, match="another process"), Lock(tmp_path, "once"):
            pass


def test_a_new_registry_is_not_made_while_another_process_is_at_work(tmp_path: Path) -> None:
    with Lock(tmp_path, "serve"), pytest.raises(BusyError):
        open_registry(tmp_path)


def test_the_lock_file_of_a_longer_name_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / LOCK_NAME).write_text("x" * 500, encoding="utf-8")
    with Lock(tmp_path, "once"):
        assert "x" not in (tmp_path / LOCK_NAME).read_text(encoding="utf-8")


def test_the_registry_is_one_file_in_the_data_folder(tmp_path: Path) -> None:
    open_registry(tmp_path).close()
    assert (tmp_path / FILE_NAME).is_file()


def test_a_migration_is_called_by_its_revision() -> None:
    config = Config()
    config.set_main_option("script_location", str(database.MIGRATIONS))
    scripts = ScriptDirectory.from_config(config)
    for each in scripts.walk_revisions():
        assert Path(each.path).name.startswith(f"{each.revision}_")
