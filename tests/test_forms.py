"""Forms of names are made anew when the rules that make them have changed."""

from __future__ import annotations

from sqlalchemy import insert, update

from registry import models as m
from registry.forms import refresh_forms
from tests.builders import CALL, ROBOTS, Intake, dossier


def refresh(intake: Intake) -> bool:
    with intake.registry.write() as connection:
        return refresh_forms(connection, CALL, intake.now)


def spoil(intake: Intake) -> None:
    """Let the forms be those of an earlier version."""
    with intake.registry.write() as connection:
        for table in (m.dossier, m.paper):
            connection.execute(
                update(table).values(name_form="旧", core="旧", secretariat_form="旧")
            )
        connection.exec_driver_sql("PRAGMA user_version = 1")


def test_forms_of_an_earlier_version_are_made_anew_once(intake: Intake) -> None:
    intake.post(dossier())
    intake.paper(register_no="")
    before = [intake.rows(table) for table in (m.dossier, m.paper)]
    intake.judge()
    spoil(intake)
    with intake.registry.write() as connection:
        words = {"kind": "name", "left": f"“{ROBOTS}”", "right": "甲", "who": "staff", "why": ""}
        connection.execute(insert(m.alias).values(**words, at=intake.now))
    assert refresh(intake)
    for table, old in zip((m.dossier, m.paper), before, strict=True):
        ((row,), (was,)) = intake.rows(table), old
        assert (row.name_form, row.core, row.secretariat_form) == (
            was.name_form,
            was.core,
            was.secretariat_form,
        )
    assert intake.rows(m.alias)[0].left == before[0][0].name_form
    assert intake.row().marked
    assert not refresh(intake)


def test_a_dossier_is_not_renamed_by_an_upgrade(intake: Intake) -> None:
    intake.post(dossier())
    spoil(intake)
    intake.post(dossier(content="2"), subject="[LM2016-0001] 更正")
    assert intake.row().flags == ()
