"""Workbooks: readable in Excel, and the paper register reads back as it was."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from registry.rows import Finding, Outcome
from reports.workbook import PAPER_WIDTHS, export_paper, export_registry
from tests.sample_rows import CALL, FOUR, NAME, NUMBER, TOPICS, ZONE, document, missing, paper, view

ALL_COLUMNS = tuple(PAPER_WIDTHS)


def sheets(path: Path) -> dict[str, list[Sequence[object]]]:
    book = CalamineWorkbook.from_path(path)
    return {name: list(book.get_sheet_by_name(name).to_python()) for name in book.sheet_names}


def test_registry_has_dossiers_documents_and_findings(tmp_path: Path) -> None:
    path = tmp_path / "registry.xlsx"
    found = view(
        missing("agreement.risk"),
        Finding(id="form.name", outcome=Outcome.OK, page=1, quote=NAME),
        record=paper(),
        paper_match="name",
        review=("doubtful:charter.general",),
    )
    export_registry(path, [found], {NUMBER: CALL}, ZONE)
    dossiers, documents, findings = sheets(path).values()
    row = dict(zip(dossiers[0], dossiers[1], strict=True))
    assert row["登记编号"] == NUMBER
    assert row["状态"] == "缺件"
    assert row["核对原因"] == "存疑：组建章程·总则"
    assert row["缺件"] == "组建协议·风险承担"
    assert row["匹配依据"] == "名称一致"
    assert row["首次收到"] == datetime(2016, 5, 31, 16, 42)  # noqa: DTZ001 - Excel knows no zones
    assert row["答复期限"] == date(2016, 6, 7)
    assert len(documents) == 1 + len(FOUR)
    assert [row[:3] for row in findings[1:]] == [[NUMBER, "组建协议·风险承担", "缺"]]


def test_text_stays_text_whatever_it_looks_like(tmp_path: Path) -> None:
    path = tmp_path / "registry.xlsx"
    names = ("=1+1", "http://example.com/", "0012", "+86", "@SUM(A1)")
    views = [view(name=each, documents=(document("form", each),)) for each in names]
    export_registry(path, views, {NUMBER: CALL}, ZONE)
    dossiers, documents, _ = sheets(path).values()
    assert [row[1] for row in dossiers[1:]] == list(names)
    assert [row[2] for row in documents[1:]] == list(names)


def test_empty_registry_is_a_workbook_with_headings(tmp_path: Path) -> None:
    path = tmp_path / "registry.xlsx"
    export_registry(path, [], {}, ZONE)
    assert [len(rows) for rows in sheets(path).values()] == [1, 1, 1]


def test_paper_register_keeps_its_headings_values_and_dates(tmp_path: Path) -> None:
    path = tmp_path / "paper.xlsx"
    record = paper(
        columns=ALL_COLUMNS, sheet="第一批", sealed=False, sealed_text="缺1份", dossier=NUMBER
    )
    export_paper(path, [record, paper(columns=ALL_COLUMNS, sheet="第一批", recommended=None)], CALL)
    [(name, (headings, first, second))] = sheets(path).items()
    assert name == "第一批"
    row = dict(zip(headings, first, strict=True))
    assert row["收件日期"] == date(2016, 5, 30)
    assert row["份数"] == 5
    assert row["盖章齐全"] == "缺1份"
    assert row["推荐意见"] == "是"
    assert row["手机"] == "00000000000"
    assert row["对应申报材料"] == NUMBER
    assert dict(zip(headings, second, strict=True))["推荐意见"] == ""


def test_paper_headings_are_those_that_the_call_reads(tmp_path: Path) -> None:
    path = tmp_path / "paper.xlsx"
    export_paper(path, [], CALL)
    [[headings]] = sheets(path).values()
    assert headings[-1] not in {word for words in CALL.paper.columns.values() for word in words}
    for field, heading in zip(PAPER_WIDTHS, headings, strict=False):
        assert heading in CALL.paper.columns[field]
    export_paper(path, [paper(columns=ALL_COLUMNS)], TOPICS)
    [[headings, _]] = sheets(path).values()
    assert headings == ["流水号", "课题名称", "对应申报材料"]


def test_registry_is_headed_in_the_words_of_its_call(tmp_path: Path) -> None:
    path = tmp_path / "registry.xlsx"
    export_registry(path, [view()], {NUMBER: TOPICS}, ZONE)
    headings, _ = sheets(path)["申报材料"]
    assert headings[1:4] == ["课题名称", "依托单位", "推荐单位"]


def test_column_that_a_sheet_never_had_does_not_come_back_blank(tmp_path: Path) -> None:
    path = tmp_path / "paper.xlsx"
    export_paper(path, [paper(columns=("register_no", "name", "copies"), sheet="简表")], CALL)
    assert sheets(path)["简表"][0] == ["登记号", "联盟名称", "份数", "对应申报材料"]


def test_lines_gone_from_their_sheet_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "paper.xlsx"
    export_paper(path, [paper(columns=ALL_COLUMNS, gone=True), paper(columns=ALL_COLUMNS)], CALL)
    [rows] = sheets(path).values()
    assert len(rows) == 2


def test_sheet_names_are_made_fit_for_excel(tmp_path: Path) -> None:
    path = tmp_path / "paper.xlsx"
    short = ("register_no", "name")
    records = [
        paper(columns=ALL_COLUMNS, sheet="批" * 40),
        paper(columns=short, sheet="批" * 40),
        paper(columns=short, sheet="a/b:[c]"),
        paper(columns=ALL_COLUMNS, sheet="'"),
    ]
    export_paper(path, records, CALL)
    assert list(sheets(path)) == ["批" * 31, "批" * 27 + " (2)", "a b  c", "登记"]


def test_file_that_cannot_be_written_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="no-such-folder"):
        export_paper(tmp_path / "no-such-folder" / "paper.xlsx", [], CALL)
