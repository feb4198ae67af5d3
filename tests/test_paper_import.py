"""Taking the paper register into the registry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz import fuzz
from sqlalchemy import insert, select, update

from config.call import load_calls
from parsers.names import core_of, normal_form, organisation_form
from registry import models as m
from registry import queries
from registry.database import Registry, open_registry
from registry.matching import NEAR
from registry.paper import Register, SheetLayout, read_register
from registry.paper_import import Imported, import_register
from registry.rows import PaperRecord
from registry.similar import NearCores
from reports.workbook import export_paper

CALL = load_calls()["guangdong-alliance-2016"]
NOW = datetime(2016, 6, 1, 2, 0, tzinfo=UTC)
ROBOTS, LIGHTS, SEEDS, SHIPS = (
    f"广东省{each}产业技术创新联盟" for each in ("工业机器人", "半导体照明", "水稻种业", "海洋船舶")
)
TODAY = date(2026, 11, 24)
COLUMNS = tuple(CALL.paper.columns)


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    opened = open_registry(tmp_path / "data")
    yield opened
    opened.close()


def line(number: str, name: str, **changes: Any) -> PaperRecord:  # noqa: ANN401 - any field
    values: dict[str, Any] = {
        "register_no": number,
        "name": name,
        "secretariat": "示例大学",
        "received_on": date(2016, 5, 31),
        "copies": 5,
        "columns": COLUMNS,
        "sheet": "第一批",
        "row": 3,
    }
    return PaperRecord(**values | changes)


def register_of(*records: PaperRecord) -> Register:
    names = dict.fromkeys([*(each.sheet for each in records)] or ["第一批"])
    layouts = tuple(SheetLayout(name=each, headings={}, ignored=()) for each in names)
    return Register(file="登记.xlsx", records=records, rejected=(), warnings=(), sheets=layouts)


def take(registry: Registry, *records: PaperRecord, now: datetime = NOW) -> Imported:
    with registry.write() as connection:
        return import_register(
            connection, register_of(*records), call=CALL, who="registrar", now=now
        )


def held(registry: Registry) -> dict[str, PaperRecord]:
    with registry.read() as connection:
        return {each.register_no or each.name: each for each in queries.papers(connection)}


def add_dossier(registry: Registry, number: str, name: str, *, paper: int | None = None) -> None:
    values = {
        "number": number,
        "call_id": CALL.id,
        "call_version": CALL.version,
        "name": name,
        "name_form": normal_form(name, CALL),
        "core": core_of(name, CALL),
        "secretariat": "示例大学",
        "secretariat_form": organisation_form("示例大学"),
        "received_at": NOW,
        "updated_at": NOW,
        "status": "awaiting-paper",
        "paper_id": paper,
        "paper_match": "name" if paper else "",
    }
    with registry.write() as connection:
        connection.execute(insert(m.dossier).values(**values))


def marked(registry: Registry) -> set[str]:
    query = select(m.dossier.c.number).where(m.dossier.c.revision > 1)
    with registry.read() as connection:
        return set(connection.execute(query).scalars())


def events(registry: Registry, what: str) -> list[str]:
    with registry.read() as connection:
        return [each.detail for each in queries.history(connection, m.event.c.what == what)]


def test_a_second_import_changes_nothing_but_the_register_date(registry: Registry) -> None:
    lines = (line("S-1", ROBOTS), line("", LIGHTS))
    first = take(registry, *lines)
    add_dossier(registry, "LM2016-0001", ROBOTS)
    before = held(registry)
    second = take(registry, *lines, now=NOW + timedelta(days=2))
    assert (first.added, first.changed, first.unchanged) == (2, 0, 0)
    assert (second.added, second.changed, second.unchanged, second.gone) == (0, 0, 2, ())
    assert held(registry) == before
    assert marked(registry) == set()
    assert events(registry, "paper-changed") == []
    with registry.read() as connection:
        assert queries.register_date(connection) == date(2016, 6, 3)


def test_the_register_date_is_unknown_before_the_first_import(registry: Registry) -> None:
    with registry.read() as connection:
        assert queries.register_date(connection) is None


def test_an_exported_register_imports_back_unchanged(registry: Registry, tmp_path: Path) -> None:
    take(
        registry,
        line("0012", ROBOTS, sealed=False, sealed_text="缺1份", mobile="10000000001"),
        line(
            "S-2", LIGHTS, sheet="第二批", columns=("register_no", "name", "secretariat", "copies")
        ),
        line("S-3", SEEDS, sealed=True, recommended=False, copies=None, remark="=1+1"),
        line("", SHIPS, received_on=None),
    )
    take(registry, replace(held(registry)["S-2"], received_on=None))
    before = held(registry)
    export_paper(tmp_path / "export.xlsx", tuple(before.values()), CALL)
    with registry.write() as connection:
        register = read_register(tmp_path / "export.xlsx", CALL, TODAY)
        again = import_register(connection, register, call=CALL, who="registrar", now=NOW)
    assert (again.added, again.changed, again.unchanged, again.gone) == (0, 0, 4, ())


def test_a_change_is_told_to_the_dossier_and_marks_it(registry: Registry) -> None:
    take(registry, line("S-1", ROBOTS, copies=3, sealed=None), line("S-2", LIGHTS))
    ids = {number: each.id for number, each in held(registry).items()}
    add_dossier(registry, "LM2016-0001", ROBOTS, paper=ids["S-1"])
    add_dossier(registry, "LM2016-0002", LIGHTS, paper=ids["S-2"])
    done = take(registry, line("S-1", ROBOTS, copies=5, sealed=True), line("S-2", LIGHTS))
    assert (done.changed, done.unchanged) == (1, 1)
    assert marked(registry) == {"LM2016-0001"}
    assert events(registry, "paper-changed") == [
        f"纸质登记 S-1 {ROBOTS}：份数 3 → 5；盖章齐全 空 → 是"
    ]
    assert held(registry)["S-1"].copies == 5


def test_a_changed_name_under_one_number_is_a_change_of_that_record(registry: Registry) -> None:
    take(registry, line("S-1", ROBOTS))
    add_dossier(registry, "LM2016-0001", ROBOTS, paper=held(registry)["S-1"].id)
    add_dossier(registry, "LM2016-0002", LIGHTS)
    done = take(registry, line("S-1", LIGHTS))
    assert (done.added, done.changed, done.gone) == (0, 1, ())
    assert marked(registry) == {"LM2016-0001", "LM2016-0002"}


def test_new_records_mark_the_dossiers_that_they_may_be_for_and_no_other(
    registry: Registry,
) -> None:
    add_dossier(registry, "LM2016-0001", ROBOTS)
    add_dossier(registry, "LM2016-0002", "广东省工业机器手产业技术创新联盟")
    add_dossier(registry, "LM2016-0003", "广东省水产养殖产业技术创新联盟")
    add_dossier(registry, "LM2016-0004", SHIPS)
    take(registry, line("S-1", ROBOTS), line("S-9", SEEDS, remark="电子版 LM2016-0003"))
    assert marked(registry) == {"LM2016-0001", "LM2016-0002", "LM2016-0003"}


def test_an_unchanged_record_marks_no_dossier(registry: Registry) -> None:
    take(registry, line("S-1", ROBOTS))
    add_dossier(registry, "LM2016-0001", ROBOTS)
    take(registry, line("S-1", ROBOTS, row=9), line("S-2", LIGHTS))
    assert marked(registry) == set()
    assert held(registry)["S-1"].row == 9


def test_a_row_that_disappears_is_kept_told_and_comes_back(registry: Registry) -> None:
    take(registry, line("S-1", ROBOTS), line("S-2", LIGHTS))
    add_dossier(registry, "LM2016-0002", LIGHTS, paper=held(registry)["S-2"].id)
    without = take(registry, line("S-1", ROBOTS))
    assert without.gone == (f"S-2 {LIGHTS}",)
    assert held(registry)["S-2"].gone
    assert marked(registry) == {"LM2016-0002"}
    assert take(registry, line("S-1", ROBOTS)).gone == ()
    back = take(registry, line("S-1", ROBOTS), line("S-2", LIGHTS))
    assert back.changed == 1
    assert not held(registry)["S-2"].gone


def test_a_file_with_one_batch_leaves_the_other_alone(registry: Registry) -> None:
    first, second = line("S-1", ROBOTS), line("S-2", LIGHTS, sheet="第二批")
    take(registry, first, second)
    assert take(registry, second).gone == ()
    assert not held(registry)["S-1"].gone


def test_a_renamed_sheet_is_known_by_its_lines(registry: Registry) -> None:
    names = (ROBOTS, LIGHTS, SEEDS)
    take(registry, *(line(f"S-{at}", name) for at, name in enumerate(names)))
    renamed = [line(f"S-{at}", name, sheet="截至6月1日") for at, name in enumerate(names)]
    assert take(registry, *renamed[:2]).gone == (f"S-2 {SEEDS}",)


def test_another_register_under_the_same_sheet_name_takes_nothing_away(
    registry: Registry,
) -> None:
    take(registry, line("S-1", ROBOTS), line("S-2", LIGHTS))
    other = take(registry, line("T-1", SEEDS))
    assert other.gone == ()
    assert [each.sheet for each in other.warnings] == ["第一批"]


def test_a_record_may_be_given_its_number_and_date_later(registry: Registry) -> None:
    take(registry, line("", ROBOTS, received_on=None))
    before = held(registry)[ROBOTS]
    done = take(registry, line("S-1", ROBOTS))
    assert (done.added, done.changed, done.gone) == (0, 1, ())
    assert held(registry)["S-1"].id == before.id


def test_two_deliveries_of_one_name_on_two_days_are_two_records(registry: Registry) -> None:
    first, second = line("", ROBOTS), line("", ROBOTS, received_on=date(2016, 6, 1))
    assert take(registry, first, second).added == 2
    assert take(registry, first, second).unchanged == 2


def test_lines_kept_by_an_older_version_are_brought_up_to_date(registry: Registry) -> None:
    lines = (line("S-1", ROBOTS, remark="电子版 LM2016-0003"), line("S-2", LIGHTS))
    take(registry, *lines)
    with registry.read() as connection:
        before = connection.execute(select(m.paper)).all()
    with registry.write() as connection:
        connection.execute(update(m.paper).values(number_said=None, core="旧"))
    assert take(registry, *lines).unchanged == 2
    with registry.read() as connection:
        assert connection.execute(select(m.paper)).all() == before
    assert [row.number_said for row in before] == ["LM2016-0003", ""]


def test_a_line_less_near_marks_the_dossiers_of_its_house_only(registry: Registry) -> None:
    add_dossier(registry, "LM2016-0001", "广东省石墨烯产业技术创新联盟")
    take(registry, line("S-1", "广东省石墨稀产业技术创新联盟", secretariat="示例研究院"))
    assert marked(registry) == set()
    take(registry, line("S-1", "广东省石墨稀产业技术创新联盟", secretariat="示例大学"))
    assert marked(registry) == {"LM2016-0001"}


def test_an_import_is_an_event_with_its_counts(registry: Registry) -> None:
    take(registry, line("S-1", ROBOTS))
    assert events(registry, "paper-imported") == [
        "登记.xlsx：新增1，变更0，未变0，已不在表中0，未读取0"
    ]


CORES = st.text("工业机器人照明", max_size=9)


@given(st.lists(CORES, max_size=12), CORES)
def test_near_cores_are_those_that_comparing_with_each_finds(cores: list[str], core: str) -> None:
    known = dict(enumerate(cores))
    likeness = {key: fuzz.ratio(core, each) for key, each in known.items() if core}
    assert NearCores(known).near(core) == {
        key: each for key, each in likeness.items() if each >= NEAR
    }
