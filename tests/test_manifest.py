"""The manifest of a batch: what is one, what it lists, what folder names it explains."""

from __future__ import annotations

import io
from itertools import permutations
from pathlib import Path

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from config.call import load_calls
from ingest.samples.alliances import make_alliance
from ingest.samples.bureau import summary_sheet
from ingest.samples.register import make_register, paper_of
from parsers import media
from parsers.manifest import Difference, compare, listed_in_path, read_manifest, signs_of
from parsers.recognise import OTHER
from parsers.sheet import read_csv, read_workbook
from parsers.submission import Content, Listed, Page, Table
from tests.acceptance.applicants import BROUGHT_ON
from tests.documents import by_the_book, content

CALL = load_calls()["guangdong-alliance-2016"]
ROBOTS = "广东省工业机器人产业技术创新联盟"
CARS = "广东省新能源汽车产业技术创新联盟"
MATERIALS = "广东省新能源材料产业技术创新联盟"
PRINTING = "广东省3D打印产业技术创新联盟"
HOST = "粤衡精密装备股份有限公司"
OTHER_HOST = "岭南华瑞大学"
THIRD_HOST = "佛山恒岳材料有限公司"
TITLE = ("2016年佛山市产业技术创新联盟推荐汇总表",)
LINES = ((ROBOTS, HOST), (CARS, OTHER_HOST))


def sheet(*rows: tuple[str, ...], media_type: str = media.XLS) -> Content:
    """A workbook with one sheet, as it is read."""
    return Content(media_type=media_type, pages=(Page(number=None, blocks=(rows,)),))


def read(made: Content, path: str = "附件.xls", kind: str = OTHER) -> list[tuple[str, str]]:
    """Return name and secretariat of each line."""
    lines = read_manifest(made, kind, path, CALL)
    return [(each.name, each.fields.get("secretariat", "")) for each in lines]


# ── what it lists ────────────────────────────────────────────────────────────────────────


def test_a_real_xls_is_read_with_title_two_header_rows_merged_cells_and_note(
    tmp_path: Path,
) -> None:
    alliances = [make_alliance(seed) for seed in range(7)]
    path = tmp_path / "推荐汇总表.xls"
    path.write_bytes(summary_sheet(TITLE[0], alliances).content)
    lines = read_manifest(read_workbook(path, media.XLS), OTHER, path.name, CALL)
    assert [each.name for each in lines] == [each.name for each in alliances]
    first = alliances[0]
    assert lines[0].fields == {
        "secretariat": first.secretariat,
        "recommender": first.recommender,
        "contact": first.contact,
        "phone": first.phone,
        "email": first.email,
    }


def test_xlsx_and_csv_are_read_alike(tmp_path: Path) -> None:
    rows = [TITLE, ("序号", "联盟名称", "秘书处单位"), ("1", *LINES[0]), ("2", *LINES[1])]
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        made = book.add_worksheet()
        for at, row in enumerate(rows):
            made.write_row(at, 0, row)
    (tmp_path / "a.xlsx").write_bytes(buffer.getvalue())
    text = "\r\n".join(",".join(row) for row in rows)
    (tmp_path / "a.csv").write_bytes(text.encode("gb18030"))
    assert read(read_workbook(tmp_path / "a.xlsx", media.XLSX)) == list(LINES)
    assert read(read_csv(tmp_path / "a.csv", media.CSV)) == list(LINES)


@pytest.mark.parametrize("order", [*permutations(range(4))])
def test_columns_may_stand_in_any_order(order: tuple[int, ...]) -> None:
    rows = (
        ("序号", "联盟名称", "秘书处单位（盖章）", "联 系 人"),
        ("1", ROBOTS, HOST, "科研处"),
        ("2", CARS, OTHER_HOST, "科技部"),
    )
    assert read(sheet(*(tuple(row[at] for at in order) for row in rows))) == list(LINES)


@pytest.mark.parametrize(
    "heading", ["联盟名称", "拟组建联盟名称", "申报联盟名称", "项目名称", "名 称"]
)
def test_the_column_of_names_is_known_by_its_heading_or_by_what_stands_in_it(heading: str) -> None:
    rows = (("序号", heading, "牵头单位"), ("1", *LINES[0]), ("2", *LINES[1]))
    assert read(sheet(*rows)) == list(LINES)


def test_a_name_under_another_fields_heading_is_still_the_name() -> None:
    rows = (("申报单位", "推荐单位"), (ROBOTS, "佛山市科技局"), (CARS, "佛山市科技局"))
    assert [name for name, _ in read(sheet(*rows))] == [ROBOTS, CARS]


def test_headings_over_several_columns_leave_those_beside_them_in_place() -> None:
    rows = (
        ("序号", "联盟", "推荐单位", "联系方式", "备注"),
        ("", "名称", "秘书处单位", "", "联系人", "电话"),
        ("1", ROBOTS, HOST, "佛山市科技局", "科研处", "0757-1", ""),
        ("2", CARS, OTHER_HOST, "佛山市科技局", "科技部", "0757-2", "优先"),
    )
    lines = read_manifest(sheet(*rows), OTHER, "a.xls", CALL)
    assert [each.name for each in lines] == [ROBOTS, CARS]
    assert lines[0].fields == {
        "secretariat": HOST,
        "recommender": "佛山市科技局",
        "contact": "科研处",
        "phone": "0757-1",
    }


def test_notes_totals_and_repeated_headers_are_no_lines() -> None:
    rows = (
        TITLE,
        ("序号", "联盟名称", "秘书处单位"),
        ("1", *LINES[0]),
        ("序号", "联盟名称", "秘书处单位"),
        ("2", *LINES[1]),
        ("合计", "2个联盟"),
        (f"注：{ROBOTS}为优先推荐",),
        ("填表人：", "联络员甲", "联系电话：", "0757-00000000"),
    )
    assert read(sheet(*rows)) == list(LINES)


def test_a_bare_core_counts_beside_its_secretariat() -> None:
    rows = (TITLE, ("联盟名称", "秘书处单位"), ("工业机器人", HOST), ("新能源汽车联盟", OTHER_HOST))
    assert read(sheet(*rows)) == [("工业机器人", HOST), ("新能源汽车联盟", OTHER_HOST)]


def test_one_name_with_two_secretariats_is_two_lines_and_a_line_twice_is_one() -> None:
    rows = (("联盟名称", "秘书处单位"), LINES[0], LINES[0], (ROBOTS, OTHER_HOST))
    assert read(sheet(*rows)) == [(ROBOTS, HOST), (ROBOTS, OTHER_HOST)]


def test_a_table_goes_on_over_pages_and_sheets() -> None:
    tables: tuple[Table, ...] = ((("联盟名称", "秘书处单位"), LINES[0]), (LINES[1],))
    pages = tuple(Page(number=at, blocks=(table,)) for at, table in enumerate(tables, start=1))
    made = Content(media_type=media.PDF, pages=pages, page_count=2)
    assert read(made, "汇总表.pdf") == list(LINES)


def test_a_table_in_a_letter_of_recommendation_is_one() -> None:
    table = (("序号", "联盟名称", "秘书处单位"), ("1", *LINES[0]), ("2", *LINES[1]))
    made = content("关于推荐产业技术创新联盟的函", "现将有关材料报送如下：", table)
    assert read(made, "推荐函.docx") == list(LINES)


# ── what is none ─────────────────────────────────────────────────────────────────────────


def test_one_line_makes_a_manifest_only_under_its_title() -> None:
    rows = (("联盟名称", "秘书处单位"), LINES[0])
    assert read(sheet(*rows)) == []
    assert read(sheet(*rows), "项目汇总表.xls") == [LINES[0]]
    assert read(sheet(TITLE, *rows)) == [LINES[0]]


@pytest.mark.parametrize(
    "rows",
    [
        (
            ("成员单位一览表",),
            ("序号", "单位名称", "单位性质", "联系人"),
            ("1", HOST, "企业", "甲"),
        ),
        (("经费预算表",), ("科目", "金额（万元）", "备注"), ("设备费", "100", "")),
        (("联盟名称", ROBOTS, "秘书处单位", HOST), ("推荐单位", "佛山市科技局", "联系人", "甲")),
        (("联盟名称", "承担职务"), (ROBOTS, "理事"), (CARS, "理事长")),
        (("联盟名称", "秘书处单位"),),
    ],
    ids=["members", "budget", "form", "offices held", "header alone"],
)
def test_other_tables_are_no_manifest(rows: Table) -> None:
    assert read(sheet(*rows), "推荐汇总表.xls") == []


def test_the_paper_register_is_no_manifest(tmp_path: Path) -> None:
    made = [
        paper_of(make_alliance(seed), register_no=f"ZZ-{seed}", received_on=BROUGHT_ON)
        for seed in range(4)
    ]
    make_register(made, tmp_path / "收件登记表.xlsx")
    register = read_workbook(tmp_path / "收件登记表.xlsx", media.XLSX)
    assert read(register, "收件登记表.xlsx") == []


@pytest.mark.parametrize("kind", ["form", "plan", "charter", "agreement"])
def test_a_document_that_names_other_alliances_in_a_table_stays_what_it_is(kind: str) -> None:
    at = ("form", "plan", "charter", "agreement").index(kind)
    made = by_the_book()[at]
    table = (("联盟名称", "秘书处单位"), *LINES)
    page = made.pages[0]
    longer = Content(
        media_type=media.DOCX, pages=(Page(number=None, blocks=(*page.blocks, table)),)
    )
    assert read(longer, "材料.docx", kind) == []


def test_a_spreadsheet_taken_for_a_form_by_its_labels_is_a_manifest() -> None:
    rows = (("联盟名称", "秘书处单位"), *LINES)
    assert read(sheet(*rows), "申报表汇总.xls", "form") == list(LINES)


@given(st.lists(st.lists(st.text(max_size=8), max_size=5).map(tuple), max_size=6).map(tuple))
def test_any_table_is_read_without_trouble(rows: Table) -> None:
    read(sheet(*rows))


# ── what folders tell ────────────────────────────────────────────────────────────────────


def listed(*lines: tuple[str, str]) -> tuple[Listed, ...]:
    return tuple(Listed(name=name, fields={"secretariat": seat}) for name, seat in lines)


def told_in(path: str, lines: tuple[Listed, ...]) -> str:
    return listed_in_path(path, signs_of(lines, CALL), CALL)


BATCH = listed((ROBOTS, HOST), (CARS, OTHER_HOST), (MATERIALS, THIRD_HOST), (PRINTING, ""))


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("佛山.zip/01工业机器人/协议.pdf", ROBOTS),
        ("佛山.zip/1、工业机器人联盟申报材料/扫描件/协议.pdf", ROBOTS),
        ("佛山.zip/机器人联盟/协议.pdf", ROBOTS),
        ("佛山.zip/机器人/协议.pdf", ROBOTS),
        (f"佛山.zip/{HOST}/协议.pdf", ROBOTS),
        (f"佛山.zip/2.{OTHER_HOST}（新）/协议.pdf", CARS),
        ("佛山.zip/03_新能源材料.rar/扫描0001.pdf", MATERIALS),
        ("佛山.zip/3D打印/协议.pdf", PRINTING),
        ("工业机器人协议.pdf", ROBOTS),
        ("佛山.zip/新能源/协议.pdf", ""),
        ("佛山.zip/03/协议.pdf", ""),
        ("佛山市推荐材料.rar/推荐函.pdf", ""),
        ("材料/协议.pdf", ""),
        ("机器人.pdf", ""),
        ("机器人联盟.zip/广东省海洋传感产业技术创新联盟/协议.pdf", ""),
    ],
)
def test_a_path_tells_a_listed_name_where_only_one_fits(path: str, told: str) -> None:
    assert told_in(path, BATCH) == told


def test_the_longer_of_two_cores_counts_and_a_name_listed_twice_tells_nothing() -> None:
    parts = "广东省新能源汽车零部件产业技术创新联盟"
    both = listed((CARS, ""), (parts, ""))
    assert told_in("02新能源汽车零部件/协议.pdf", both) == parts
    assert told_in("01新能源汽车/协议.pdf", both) == CARS
    twice = listed((ROBOTS, HOST), (ROBOTS, OTHER_HOST))
    assert told_in("工业机器人/协议.pdf", twice) == ""
    assert told_in(f"{OTHER_HOST}/协议.pdf", twice) == ROBOTS


# ── what was listed and what came ────────────────────────────────────────────────────────


def test_what_is_listed_and_what_came_is_compared_by_core() -> None:
    came = [(ROBOTS, HOST), ("广东新能源汽车联盟", ""), ("广东省海洋传感产业技术创新联盟", "")]
    found = compare(BATCH, came, CALL)
    unlisted = ("广东省海洋传感产业技术创新联盟",)
    assert found == Difference(absent=(MATERIALS, PRINTING), unlisted=unlisted)


@pytest.mark.parametrize(
    ("name", "seat"),
    [("广东省工业机械人产业技术创新联盟", ""), ("广东省智能装备产业技术创新联盟", HOST)],
)
def test_a_name_that_may_be_the_same_is_neither_absent_nor_unlisted(name: str, seat: str) -> None:
    found = compare(BATCH[:1], [(name, seat)], CALL)
    assert found == Difference(unlike=((ROBOTS, name),))
