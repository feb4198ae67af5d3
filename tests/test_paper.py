"""The paper register, read from spreadsheets."""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.call import CallError, load_calls, parse_call
from ingest.samples.register import RegisterRow, make_register
from registry.paper import Register, read_register
from registry.rows import PaperRecord
from registry.sheets import UnreadableError
from reports.workbook import export_paper

CALL = load_calls()["guangdong-alliance-2016"]
ROBOTS, LIGHTS, SEEDS = (f"广东省{each}产业技术创新联盟" for each in ("机器人", "照明", "种业"))
TODAY = date(2026, 11, 24)
HEAD = ("登记号", "联盟名称", "秘书处单位", "收件日期", "份数")

Line = Sequence[object]


def workbook(path: Path, *sheets: tuple[str, Sequence[Line]]) -> Path:
    with xlsxwriter.Workbook(str(path)) as book:
        for name, rows in sheets:
            sheet = book.add_worksheet(name)
            for at, row in enumerate(rows):
                sheet.write_row(at, 0, row)
    return path


def read(tmp_path: Path, *rows: Line) -> Register:
    return read_register(workbook(tmp_path / "登记.xlsx", ("第一批", rows)), CALL, TODAY)


def csv_file(tmp_path: Path, text: str, encoding: str) -> Path:
    path = tmp_path / "登记.csv"
    path.write_bytes(text.encode(encoding))
    return path


def test_a_register_as_staff_keep_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "register.xlsx"
    office = RegisterRow(
        register_no="S-001",
        received_on=date(2016, 5, 31),
        name=ROBOTS,
        secretariat="示例大学",
        recommender="珠海市科技局",
        copies="正1副4",
        mobile="10000000001",
        date_style="short",
    )
    rows = [
        office,
        replace(office, register_no="S-002", name=LIGHTS, sealed="缺1份", date_style="excel"),
        replace(office, register_no="S-003", name=SEEDS, batch=2, sealed="", copies="5份"),
    ]
    make_register(rows, path)
    register = read_register(path, CALL, TODAY)
    assert [each.name for each in register.records] == [ROBOTS, LIGHTS, SEEDS]
    assert [each.sheet for each in register.records] == ["第一批", "第一批", "第二批"]
    assert [each.row for each in register.records] == [5, 6, 5]
    assert {each.received_on for each in register.records} == {date(2016, 5, 31)}
    assert [each.copies for each in register.records] == [5, 5, 5]
    assert [each.sealed for each in register.records] == [True, False, None]
    assert register.records[1].sealed_text == "缺1份"
    assert {each.mobile for each in register.records} == {"10000000001"}
    assert not register.rejected
    assert [each.row for each in register.warnings if "未写年份" in each.reason] == [5, 5]
    assert len(register.warnings) == 2
    assert "序号" in register.sheets[0].ignored
    assert register.sheets[0].headings["copies"] == "份数(应5)"


def test_headings_are_known_by_synonyms_however_they_are_typed(tmp_path: Path) -> None:
    register = read(
        tmp_path,
        ("序号", "收 文\n编号", "拟组建联盟名称*", "依托单位", "份数（应5）", "是否盖章(是/否)"),
        (1, "0012", ROBOTS, "示例大学", 5, "是"),
    )
    record = register.records[0]
    assert (record.register_no, record.name, record.secretariat) == ("0012", ROBOTS, "示例大学")
    assert record.columns == ("register_no", "name", "secretariat", "copies", "sealed")


def test_the_usual_word_wins_over_a_looser_one(tmp_path: Path) -> None:
    register = read(
        tmp_path,
        ("编号", "登记号", "名称", "联盟名称", "日期", "收件日期"),
        (1, "S-1", "甲", ROBOTS, "1.1", "5.31"),
    )
    record = register.records[0]
    assert (record.register_no, record.name) == ("S-1", ROBOTS)
    assert record.received_on == date(2016, 5, 31)


def test_a_running_number_is_no_register_number(tmp_path: Path) -> None:
    register = read(tmp_path, ("序号", "联盟名称", "份数"), (1, ROBOTS, 5))
    assert register.records[0].register_no == ""


def test_a_header_of_two_rows_is_understood_without_merged_cells(tmp_path: Path) -> None:
    text = (
        "收件登记表,,,,,\n,,秘书处单位,,联系人,\n登记号,联盟名称,名称,地址,姓名,手机\n"
        f"S-1,{ROBOTS},示例大学,某路1号,办公室,10000000001\n"
    )
    record = read_register(csv_file(tmp_path, text, "utf-8"), CALL, TODAY).records[0]
    assert (record.secretariat, record.contact, record.mobile) == (
        "示例大学",
        "办公室",
        "10000000001",
    )
    assert record.row == 4


def test_a_divided_heading_is_read_and_no_column_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "divided.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("第一批")
        heads = ("序号", "项目（联盟）名称", "签收时间", "数量（份）", "领域")
        for column, head in enumerate(heads):
            sheet.merge_range(0, column, 1, column, head)
        sheet.merge_range(0, 5, 0, 6, "联系方式")
        sheet.write_row(1, 5, ("姓名", "手机号码"))
        sheet.write_row(
            2, 0, (1, ROBOTS, "2026-11-20", "伍份", "机器人", "科技管理部", 75200007855)
        )
    register = read_register(path, CALL, TODAY)
    record = register.records[0]
    assert (record.received_on, record.copies) == (date(2026, 11, 20), 5)
    assert (record.contact, record.mobile) == ("科技管理部", "075200007855")
    assert not register.rejected
    assert register.sheets[0].unread == "未识别的列：领域"
    assert "盖章齐全、推荐意见" in register.sheets[0].lacking(CALL)


def test_a_heading_may_end_in_a_known_word_but_is_never_guessed(tmp_path: Path) -> None:
    unsure = (
        "电子版收到日期",
        "正本份数",
        "副本份数",
        "推荐单位联系人",
        "企业名称",
        "推荐单位盖章",
    )
    register = read(
        tmp_path,
        ("联盟名称", "纸质材料签收时间", "秘书处联系人手机", *unsure),
        (ROBOTS, "2026-11-20", "13000000001", *unsure),
    )
    layout = register.sheets[0]
    assert layout.headings == {
        "received_on": "纸质材料签收时间",
        "name": "联盟名称",
        "mobile": "秘书处联系人手机",
    }
    assert layout.ignored == unsure


def test_a_date_without_its_year_takes_that_of_the_rows_about_it(tmp_path: Path) -> None:
    register = read(
        tmp_path,
        HEAD,
        ("S-1", ROBOTS, "示例大学", "11月23日", 5),
        ("S-2", LIGHTS, "示例大学", "2026-11-22", 5),
        ("S-3", SEEDS, "示例大学", "12.30", 5),
    )
    days = [each.received_on for each in register.records]
    assert days == [date(2026, 11, 23), date(2026, 11, 22), date(2025, 12, 30)]
    (note,) = register.warnings
    assert (note.row, "“11月23日”等2处未写年份，按2026年读取" in note.reason) == (2, True)


def test_copies_that_cannot_be_read_are_kept_as_written(tmp_path: Path) -> None:
    register = read(tmp_path, HEAD, ("S-1", ROBOTS, "示例大学", "2026-11-20", "若干"))
    record = register.records[0]
    assert (record.copies, record.copies_text) == (None, "若干")
    export_paper(tmp_path / "again.xlsx", [record], CALL)
    again = read_register(tmp_path / "again.xlsx", CALL, TODAY).records[0]
    assert again.copies_text == "若干"


def test_a_column_for_name_telephone_and_mail_together_is_divided(tmp_path: Path) -> None:
    register = read(
        tmp_path,
        ("联盟名称", "秘书处单位", "联系人·手机·邮箱"),
        (ROBOTS, "示例大学", "办公室 10000000001 office@example.com"),
    )
    record = register.records[0]
    assert record.contact == "办公室"
    assert (record.mobile, record.email) == ("10000000001", "office@example.com")


def test_vertically_merged_cells_hold_for_all_their_rows(tmp_path: Path) -> None:
    path = tmp_path / "merged.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("第一批")
        sheet.write_row(0, 0, ("联盟名称", "秘书处单位", "推荐单位"))
        sheet.write_row(1, 0, (ROBOTS, "示例大学"))
        sheet.write_row(2, 0, (LIGHTS, "示例学院"))
        sheet.merge_range(1, 2, 2, 2, "珠海市科技局")
        sheet.merge_range(3, 0, 3, 2, "以下为第二批补报材料")
        sheet.write_row(4, 0, (SEEDS, "示例研究院", "惠州市科技局"))
    records = read_register(path, CALL, TODAY).records
    assert [each.recommender for each in records] == [
        "珠海市科技局",
        "珠海市科技局",
        "惠州市科技局",
    ]


def test_blank_rows_footers_and_repeated_headers_are_no_records(tmp_path: Path) -> None:
    register = read(
        tmp_path,
        ("收件登记表",),
        HEAD,
        ("S-1", ROBOTS, "示例大学", "5.31", 5),
        (),
        HEAD,
        ("S-2", LIGHTS, "示例学院", "6.1", 5),
        ("S-3",),
        ("合计", "", "", "", 10),
        ("填表人：收发室", "", "审核：办公室"),
    )
    assert [(each.register_no, each.row) for each in register.records] == [("S-1", 3), ("S-2", 6)]
    assert not register.rejected


def test_a_second_table_may_have_its_columns_in_another_order(tmp_path: Path) -> None:
    register = read(
        tmp_path,
        HEAD,
        ("S-1", ROBOTS, "示例大学", "5.31", 5),
        ("联盟名称", "登记号", "份数"),
        (LIGHTS, "S-2", 4),
    )
    second = register.records[1]
    assert (second.register_no, second.name, second.copies) == ("S-2", LIGHTS, 4)


def test_rows_that_cannot_be_taken_are_listed_with_row_and_reason(tmp_path: Path) -> None:
    register = read(
        tmp_path,
        ("登记表",),
        HEAD,
        ("S-1", ROBOTS, "示例大学", "5.31", 5),
        ("S-2", "", "示例学院", "5.31", 5),
        ("S-1", LIGHTS, "示例学院", "5.31", 5),
        ("", SEEDS, "示例院", "5.31", 5),
        ("", SEEDS, "示例院", "2016-5-31", 4),
    )
    assert [each.name for each in register.records] == [ROBOTS, SEEDS]
    assert [(each.sheet, each.row, each.reason) for each in register.rejected] == [
        ("第一批", 4, "没有联盟名称"),
        ("第一批", 5, "登记号 S-1 与《第一批》第3行重复"),
        ("第一批", 7, "名称、秘书处和日期与《第一批》第6行重复"),
    ]


def test_a_cell_that_cannot_be_read_costs_only_the_cell(tmp_path: Path) -> None:
    register = read(tmp_path, HEAD, ("S-1", ROBOTS, "示例大学", "月底", "若干"))
    record = register.records[0]
    assert (record.name, record.received_on, record.copies) == (ROBOTS, None, None)
    assert [each.reason for each in register.warnings] == [
        "收件日期“月底”读不出日期，按空白处理",
        "份数“若干”读不出份数，按空白处理",
    ]
    assert {each.row for each in register.warnings} == {2}


def test_a_sheet_without_a_header_is_told_and_the_others_are_read(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "登记.xlsx",
        ("说明", [("本表由收发室填写",)]),
        ("第一批", [HEAD, ("S-1", ROBOTS, "", "", "")]),
        ("空", []),
    )
    register = read_register(path, CALL, TODAY)
    assert [each.sheet for each in register.warnings] == ["说明"]
    assert len(register.records) == 1


def test_a_sheet_with_a_name_that_excel_gave_goes_by_its_file(tmp_path: Path) -> None:
    path = workbook(tmp_path / "第三批.xlsx", ("Sheet1", [HEAD, ("S-1", ROBOTS, "", "", "")]))
    assert read_register(path, CALL, TODAY).records[0].sheet == "第三批 Sheet1"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_text_files_are_read_in_their_usual_encodings(
    tmp_path: Path, encoding: str, delimiter: str
) -> None:
    row = ("0012", ROBOTS, "“示例”大学", "5.31", "5份")
    text = "\r\n".join(delimiter.join(each) for each in (HEAD, row))
    record = read_register(csv_file(tmp_path, text, encoding), CALL, TODAY).records[0]
    assert (record.register_no, record.name, record.copies) == ("0012", ROBOTS, 5)
    assert record.sheet == "登记"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("empty.xlsx", b""),
        ("blank.csv", b" \r\n"),
        ("text.xlsx", b"hello"),
        ("damaged.xlsx", b"PK\x03\x04" + bytes(100)),
        ("damaged.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(3000)),
        ("binary.csv", bytes(range(256))),
        ("binary16.csv", codecs.BOM_UTF16_LE + b"\x00\xd8\x00"),
    ],
)
def test_what_cannot_be_read_says_in_one_line_what_to_do(
    tmp_path: Path, name: str, data: bytes
) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(UnreadableError) as caught:
        read_register(path, CALL, TODAY)
    message = str(caught.value)
    assert name in message
    assert "save it as .xlsx or .csv (UTF-8 or GB18030)" in message
    assert "\n" not in message


def test_a_workbook_cut_short_is_unreadable(tmp_path: Path) -> None:
    whole = workbook(tmp_path / "whole.xlsx", ("第一批", [HEAD])).read_bytes()
    cut = tmp_path / "cut.xlsx"
    cut.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UnreadableError):
        read_register(cut, CALL, TODAY)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match=r"nothing\.xlsx"):
        read_register(tmp_path / "nothing.xlsx", CALL, TODAY)


def test_a_file_without_a_header_says_which_headings_were_looked_for(tmp_path: Path) -> None:
    path = workbook(tmp_path / "other.xlsx", ("第一批", [("姓名", "年龄"), ("甲", 1)]))
    with pytest.raises(UnreadableError, match=r"联盟名称.*秘书处单位"):
        read_register(path, CALL, TODAY)


def test_a_stray_cell_at_the_far_end_is_told_instead_of_filling_the_memory(
    tmp_path: Path,
) -> None:
    path = tmp_path / "far.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("第一批")
        sheet.write_row(0, 0, HEAD)
        sheet.write(1_048_575, 19, "x")
    with pytest.raises(UnreadableError, match="row 1048576"):
        read_register(path, CALL, TODAY)


TEXTS = st.text(st.characters(exclude_categories=("C", "Z")), max_size=12)
RECORDS = st.builds(
    PaperRecord,
    register_no=st.sampled_from(["", "0012", "S-1", "粤-3"]),
    received_on=st.none() | st.dates(date(2016, 1, 1), date(2016, 12, 31)),
    name=st.sampled_from([ROBOTS, LIGHTS, "=SUM(A1)", "http://example.com/联盟"]),
    secretariat=TEXTS,
    copies=st.none() | st.integers(0, 999),
    sealed=st.sampled_from([None, True, False]),
    recommended=st.sampled_from([None, True, False]),
    contact=TEXTS,
    remark=TEXTS,
)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(RECORDS, st.lists(st.sampled_from(tuple(CALL.paper.columns)), unique=True, min_size=2))
def test_an_exported_record_reads_the_same(
    tmp_path: Path, record: PaperRecord, fields: list[str]
) -> None:
    kept = tuple(each for each in CALL.paper.columns if each in {*fields, "name", "secretariat"})
    values = {each: getattr(record, each) for each in kept}
    given_record = PaperRecord(**values, columns=kept, sheet="第一批", row=2)
    export_paper(tmp_path / "export.xlsx", [given_record], CALL)
    assert read_register(tmp_path / "export.xlsx", CALL, TODAY).records == (given_record,)


def test_a_call_may_name_only_fields_that_the_register_has() -> None:
    for wrong in ('[paper.columns]\nweight = ["重量"]', "[paper.columns]\nremarks = []"):
        text = CALL.text.replace("[paper.columns]", wrong, 1)
        with pytest.raises(CallError, match=r"call\.toml"):
            parse_call(text, "call.toml")
