"""What staff teach by linking holds next time, is told with its teacher, and can be taken back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from sqlalchemy import update

from config.settings import Service, Settings
from registry import decisions, judging, queries
from registry import models as m
from registry.accounts import Role, add_account
from registry.decisions import RefusedError
from registry.events import SERVICE
from registry.originals import Originals
from registry.paper import Register, SheetLayout
from registry.paper_import import import_register
from registry.rows import ALIAS, Alias, EventRow, PaperRecord, Proposal
from reports.desk.app import create_app
from reports.desk.sign_in import sign_in_token
from reports.history import tell
from reports.records import dossier_record
from tests.builders import (
    CALL,
    HOST,
    NOW,
    OTHER_HOST,
    ROBOTS,
    SENSORS,
    ZONE,
    Intake,
    dossier,
    number,
)
from tests.desk_registry import NAME, PASSWORD, SECRET, serve

RENAMED = "广东省智能机器人产业技术创新联盟"
FORMER = "粤衡精密装备有限公司"


def act(intake: Intake, what: Callable[..., object], *arguments: object) -> None:
    with intake.registry.write() as connection:
        what(connection, *arguments, who="staff", now=intake.now)


def known(intake: Intake) -> list[Alias]:
    with intake.registry.read() as connection:
        return list(queries.aliases(connection))


def teach(intake: Intake, **paper: str) -> None:
    """File a dossier, put a record into the register, and have staff link them."""
    intake.post(dossier())
    intake.paper(paper.pop("name", RENAMED), register_no="S-1", **paper)
    intake.judge()
    act(intake, decisions.link, intake.row(), "S-1")
    intake.judge()


def again(intake: Intake) -> None:
    """Have the same alliance hand in anew after it has withdrawn."""
    act(intake, decisions.withdraw, intake.row(), "重新申报")
    intake.post(dossier(content="2"))
    intake.judge()


def offered(intake: Intake, serial: int) -> tuple[Proposal, ...]:
    with intake.registry.read() as connection:
        return queries.view(connection, intake.row(serial)).candidates


def test_a_link_teaches_that_two_names_are_one(intake: Intake) -> None:
    teach(intake)
    (alias,) = known(intake)
    assert (alias.kind, alias.left, alias.right, alias.who) == ("name", ROBOTS, RENAMED, "staff")
    assert alias.why == f"{number(1)} 关联纸质登记 S-1"


def test_what_was_taught_tells_the_dossier_of_a_later_mail(intake: Intake) -> None:
    teach(intake)
    intake.post(dossier(RENAMED, content="2"))
    assert intake.numbers() == [number(1)]
    act(intake, decisions.revoke_alias, known(intake)[0].id)
    intake.post(dossier(RENAMED, content="3"), sender="other@example.net")
    assert intake.numbers() == [number(1), number(2)]


def test_a_link_says_what_it_teaches(intake: Intake) -> None:
    intake.post(dossier())
    intake.paper(RENAMED, register_no="S-1")
    with intake.registry.write() as connection:
        row = intake.row()
        taught = decisions.link(connection, row, "S-1", who="staff", now=intake.now)
    ((pair),) = taught
    assert "工业机器人" in pair
    assert "智能机器人" in pair


def test_a_link_teaches_a_secretariats_former_name(intake: Intake) -> None:
    teach(intake, name=ROBOTS, secretariat=FORMER)
    (alias,) = known(intake)
    assert (alias.kind, alias.left, alias.right) == ("organisation", HOST, FORMER)


def test_a_link_that_says_nothing_new_teaches_nothing(intake: Intake) -> None:
    intake.post(dossier())
    intake.paper(register_no="S-1")
    intake.paper(register_no="S-2", key="S-2")  # two as good: only a person can tell
    intake.judge()
    act(intake, decisions.link, intake.row(), "S-1")
    assert known(intake) == []


@pytest.mark.parametrize("paper", [{}, {"name": ROBOTS, "secretariat": FORMER}])
def test_what_was_taught_holds_next_time_and_names_who_taught_it(
    intake: Intake, paper: dict[str, str]
) -> None:
    teach(intake, **paper)
    again(intake)
    row = intake.row(2)
    assert (row.paper_id, row.paper_match) == (1, ALIAS)
    event = intake.events("matched")[-1]
    assert event.dossier_id == row.id
    assert "staff 于 2016-06-01 确认" in event.detail
    told = tell(EventRow(at=NOW, actor=SERVICE, what="matched", detail=event.detail))
    assert "（人工确认过的别名）；staff 于" in told.detail
    with intake.registry.read() as connection:
        record = dossier_record(queries.view(connection, row), ZONE)
    assert record["paper"]["match"] == "staff"


def test_what_contradicts_is_for_a_person_in_spite_of_an_alias(intake: Intake) -> None:
    teach(intake)
    with intake.registry.write() as connection:
        values = {"secretariat": OTHER_HOST, "secretariat_form": OTHER_HOST}
        connection.execute(update(m.paper).values(**values))
    again(intake)
    assert intake.row(2).paper_id is None
    assert [each.target for each in offered(intake, 2)] == ["S-1"]


def test_an_alias_taken_back_undoes_what_rested_on_it_and_no_link_of_staff(
    intake: Intake,
) -> None:
    teach(intake)
    again(intake)
    intake.paper(SENSORS, register_no="S-3")
    intake.post(dossier("广东省海水传感产业技术创新联盟"))
    act(intake, decisions.link, intake.row(3), "S-3")
    intake.judge()
    first, second = known(intake)
    act(intake, decisions.revoke_alias, first.id)
    assert intake.row(2).marked
    intake.judge()
    assert (intake.row(2).paper_id, intake.row(2).review) == (None, ("match-proposed",))
    assert [each.target for each in offered(intake, 2)] == ["S-1"]
    assert "别名已撤销" in intake.events("unmatched")[-1].detail
    assert (intake.row(3).paper_id, intake.row(3).paper_match) == (2, "staff")
    assert known(intake) == [second]
    with pytest.raises(RefusedError), intake.registry.write() as connection:
        decisions.revoke_alias(connection, first.id, who="staff", now=intake.now)


def test_an_alias_taken_back_while_a_dossier_is_judged_leaves_no_match(intake: Intake) -> None:
    teach(intake)
    again(intake)
    with intake.registry.write() as connection:
        one = update(m.dossier).where(m.dossier.c.id == intake.row(2).id)
        connection.execute(one.values(paper_id=None, paper_match=""))
    with intake.registry.read() as connection:
        weighed = judging.weigh(connection, intake.row(2).id)
    assert weighed.match == ALIAS
    act(intake, decisions.revoke_alias, known(intake)[0].id)
    assert intake.row(2).revision > weighed.dossier.revision


@pytest.mark.parametrize("serial", [1, 2])
def test_parting_what_was_linked_takes_back_what_it_taught(intake: Intake, serial: int) -> None:
    teach(intake)
    if serial == 2:
        again(intake)
    act(intake, decisions.unlink, intake.row(serial))
    intake.judge()
    assert known(intake) == []
    with intake.registry.read() as connection:
        (alias,) = queries.aliases(connection, revoked=True)
    assert alias.revoked_by == "staff"
    assert intake.row(serial).paper_id is None


def test_a_link_to_another_record_takes_back_what_the_first_taught(intake: Intake) -> None:
    teach(intake)
    intake.paper(ROBOTS, register_no="S-2")
    act(intake, decisions.link, intake.row(), "S-2")
    assert known(intake) == []


def test_an_import_wakes_the_dossiers_for_which_a_name_was_taught(intake: Intake) -> None:
    teach(intake)
    act(intake, decisions.withdraw, intake.row(), "重新申报")
    with intake.registry.write() as connection:
        connection.execute(update(m.paper).values(gone=True))
    intake.post(dossier(content="2"))
    intake.judge()
    assert intake.row(2).paper_id is None
    line = PaperRecord(register_no="S-2", name=RENAMED, secretariat=HOST, columns=("name",))
    sheet = SheetLayout(name="", headings={}, ignored=())
    register = Register(file="x", records=(line,), rejected=(), warnings=(), sheets=(sheet,))
    with intake.registry.write() as connection:
        import_register(connection, register, call=CALL, who="registrar", now=intake.now)
    assert intake.row(2).marked
    intake.judge()
    assert intake.row(2).paper_match == ALIAS


def test_the_desk_lists_aliases_and_takes_them_back(intake: Intake, tmp_path: Path) -> None:
    teach(intake)
    app = create_app(
        registry=intake.registry,
        originals=Originals(tmp_path / "originals"),
        settings=Settings(service=Service(data_dir=tmp_path)),
        calls={CALL.id: CALL},
        clock=lambda: NOW,
        secret=SECRET,
    )
    with intake.registry.write() as connection:
        add_account(connection, NAME, PASSWORD, role=Role.STAFF, who="test", now=NOW)
    with serve(app) as address, httpx.Client(base_url=address) as client:
        client.get(f"/login?token={sign_in_token(SECRET, NAME, NOW)}")
        page = client.get("/paper/aliases").text
        assert RENAMED in page
        token = page.partition('name="token" value="')[2][:64]
        answer = client.post("/paper/aliases/1/revoke", data={"token": token})
        assert answer.status_code == 303
        assert "已撤销" in client.get("/paper/aliases").text
        assert "别名" in client.get("/paper").text
    assert known(intake) == []
