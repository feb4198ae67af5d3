"""Every command that the first version promises is there, and its output can be relied on."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib import resources
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from ingest.samples.documents import SampleFile
from ingest.samples.register import make_register
from tests.acceptance.applicants import (
    WITHOUT_AGREEMENT,
    WITHOUT_RISK,
    alliance,
    documents,
    dossier,
    mail,
    paper,
)
from tests.acceptance.installation import CENTER, Installation, Record, outcomes

COMMANDS = (
    "serve",
    "once",
    "desk",
    "demo",
    "check",
    "queue",
    "show",
    "mails",
    "letters",
    "decide",
    "link",
    "unlink",
    "assign",
    "accept",
    "reject",
    "letter send",
    "letter hold",
    "letter edit",
    "paper import",
    "paper list",
    "paper export",
    "retry",
    "withdraw",
    "add",
    "call list",
    "call test",
    "reconcile",
    "export",
    "user add",
    "doctor",
    "backup",
    "restore",
    "verify",
)


def test_every_command_is_there_and_explains_itself(house: Installation) -> None:
    groups = ("", "letter", "paper", "call", "user")
    asked = [[*each.split(), "--help"] for each in (*COMMANDS, *groups)]
    for arguments, done in zip(asked, house.in_turn(*asked), strict=True):
        assert (arguments, done.code, "Usage" in done.out) == (arguments, 0, True)
    assert house.intake("--help").code == 0
    assert house.intake("--version").out.startswith("intake 0.")


def test_what_is_no_command_or_no_option_is_wrong_usage(house: Installation) -> None:
    wrong = (("fly",), ("queue", "--colour"), ("show",), ("decide", "LM2016-0001"))
    assert [each.code for each in house.in_turn(*wrong)] == [2] * 4


def test_with_json_stdout_is_one_document_from_an_empty_house_too(house: Installation) -> None:
    asked = (("queue",), ("mails",), ("letters",), ("paper", "list"))
    done = house.in_turn(*([*each, "--json"] for each in asked))
    assert [each.records for each in done] == [[]] * 4
    calls, verified = house.in_turn(("call", "list", "--json"), ("verify", "--json"))
    assert json.loads(calls.out)[0]["default"] is True
    assert json.loads(verified.out) == {"damaged": [], "lost": [], "checked": 0}


def test_each_looking_command_prints_what_a_person_can_read(house: Installation) -> None:
    house.import_paper(paper(0))
    house.deliver(dossier(0, WITHOUT_RISK))
    house.once()
    number, name = "LM2016-0001", alliance(0).name
    expected: dict[tuple[str, ...], tuple[str, ...]] = {
        ("queue",): (number, name, "缺件", "风险承担"),
        ("queue", "--status", "incomplete"): (number,),
        ("queue", "--search", alliance(0).core): (number,),
        ("show", number): (number, name, "风险", "登记为新申报材料"),
        ("mails",): (alliance(0).email, "已归档", number),
        ("letters", "--body"): ("已发送", "缺件清单"),
        ("paper", "list"): ("ZZ2016-000", name, number),
        ("call", "list"): ("guangdong-alliance-2016",),
    }
    for done, words in zip(house.in_turn(*expected), expected.values(), strict=True):
        assert (done.code, done.err) == (0, "")
        for word in words:
            assert word in done.out
    assert house.queue("--status", "complete") == []
    assert house.queue("--search", "不存在的联盟") == []


def test_looking_from_a_process_of_its_own_gives_the_same_records(house: Installation) -> None:
    house.deliver(dossier(0, WITHOUT_RISK))
    house.once()
    for arguments in (("queue",), ("show", "LM2016-0001"), ("mails",), ("letters",)):
        printed = house.intake(*arguments, "--json")
        assert (printed.code, printed.err) == (0, "")
        assert printed.records == house.look(*arguments)


def test_records_have_the_keys_that_other_programs_read(house: Installation) -> None:
    house.import_paper(paper(0))
    house.deliver(dossier(0))
    house.once()
    [found] = house.queue()
    assert keys(found) == DOSSIER
    assert keys(house.show("LM2016-0001")) == f"{DOSSIER} history letters candidates"
    assert keys(found["documents"][0]) == (
        "kind filename path media_type size sha256 pages version mail readable"
    )
    assert keys(found["findings"][0]) == "id outcome detail document page quote"
    assert keys(house.mails()[0]) == (
        "id mailbox folder uid message_id sha256 from subject received_at fate reason dossiers"
        " letters"
    )
    assert keys(house.letters()[0]) == (
        "id kind to subject dossiers mails in_reply_to message_id state reason attempts queued_at"
        " sent_at"
    )
    assert keys(house.look("paper", "list")[0]) == (
        "register_no received_on name secretariat recommender copies sealed recommended contact"
        " mobile email remark dossier"
    )
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+08:00", found["received_at"])


DOSSIER = (
    "number call name secretariat recommender status review paper sender received_at"
    " updated_at due documents findings missing"
)


def keys(record: Record) -> str:
    return " ".join(record)


def test_the_paper_register_is_imported_once_however_often(
    house: Installation, tmp_path: Path
) -> None:
    rows = [paper(seed, date_style=style) for seed, style in enumerate(STYLES)]
    first = house.import_paper(*rows)
    assert first.startswith("added 4, changed 0")
    assert "未识别的列：推荐函文号、领域" in first
    stored = house.look("paper", "list")
    again = house.import_paper(*rows)
    assert again.startswith("added 0, changed 0, unchanged 4, rejected 0")
    assert house.look("paper", "list") == stored
    assert {each["received_on"] for each in stored} == {"2016-05-30"}
    assert [each["mobile"] for each in stored] == [alliance(seed).mobile for seed in range(4)]
    changed = house.import_paper(*rows[:3], paper(3, copies=4))
    assert changed.startswith("added 0, changed 1")
    missing = house.import_paper(*rows[:3])
    assert alliance(3).name in missing
    assert len(house.look("paper", "list")) == 4
    out = tmp_path / "out.xlsx"
    written = house.do("paper", "export", out)
    assert written.startswith("3 records written")
    assert "1 left out: no longer in their sheet" in written
    assert house.do("paper", "import", out).startswith("added 0, changed 0")


STYLES = ("short", "chinese", "excel", "slashed")


def test_rejected_rows_are_listed_with_number_and_reason(
    house: Installation, tmp_path: Path
) -> None:
    path = tmp_path / "register.xlsx"
    make_register([paper(0), paper(1, register_no="ZZ-1"), paper(2, register_no="ZZ-1")], path)
    done = house.do("paper", "import", path)
    assert "rejected 1" in done
    assert re.search(r"第\d+行：", done)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_the_paper_register_is_read_from_csv(
    house: Installation, tmp_path: Path, encoding: str
) -> None:
    path = tmp_path / "register.csv"
    lines = (
        "登记号,收件日期,联盟名称,秘书处单位,份数,盖章齐全,推荐意见",
        f"A-1,2016/5/31,{alliance(0).name},{alliance(0).secretariat},正1副4,齐,有",
    )
    path.write_bytes(("\r\n".join(lines) + "\r\n").encode(encoding))
    assert "added 1" in house.do("paper", "import", path)
    [record] = house.look("paper", "list")
    assert (record["name"], record["copies"]) == (alliance(0).name, 5)
    assert (record["sealed"], record["recommended"]) == (True, True)


def test_a_change_in_the_paper_register_judges_its_dossier_anew(house: Installation) -> None:
    house.import_paper(paper(0))
    house.deliver(dossier(0))
    house.once()
    house.import_paper(paper(0, copies=4))
    house.once()
    assert house.dossier()["missing"] == ["paper.copies"]
    assert [each["kind"] for each in house.letters()] == ["acknowledgement", "missing-items"]


def test_check_reads_local_files_and_leaves_no_trace(house: Installation, tmp_path: Path) -> None:
    folder = tmp_path / "材料"
    folder.mkdir()
    written(folder, documents(0, WITHOUT_RISK))
    done = house.intake("check", folder, "--json")
    assert done.code == 1
    [checked] = done.records
    assert (checked["name"], checked["missing"]) == (alliance(0).name, ["agreement.risk"])
    assert not [each for each in checked["findings"] if each["id"].startswith("paper.")]
    eml = tmp_path / "mail.eml"
    eml.write_bytes(dossier(1))
    sound = house.intake("check", eml)
    assert (sound.code, alliance(1).name in sound.out) == (0, True), sound
    assert not house.data.exists() or house.rows()["mail"] == 0


def written(folder: Path, files: tuple[SampleFile, ...]) -> None:
    for file in files:
        (folder / file.filename).write_bytes(file.content)


def test_check_says_the_same_as_the_service(house: Installation, tmp_path: Path) -> None:
    raw = dossier(0, WITHOUT_AGREEMENT)
    house.deliver(raw)
    house.once()
    eml = tmp_path / "mail.eml"
    eml.write_bytes(raw)
    [checked] = house.intake("check", eml, "--json").records
    filed = [each for each in outcomes(house.dossier()) if not each[0].startswith("paper.")]
    assert outcomes(checked) == filed


def test_the_registry_is_exported_as_a_workbook(house: Installation, tmp_path: Path) -> None:
    house.deliver(dossier(0, WITHOUT_RISK))
    house.once()
    out = tmp_path / "registry.xlsx"
    house.do("export", out)
    book = CalamineWorkbook.from_path(str(out))
    cells = [
        cell
        for name in book.sheet_names
        for row in book.get_sheet_by_name(name).to_python()
        for cell in row
    ]
    assert "LM2016-0001" in cells
    assert alliance(0).name in cells


def test_a_staff_account_is_made_once(house: Installation) -> None:
    made = house.intake("user", "add", "reception", "--password-stdin", given="a-long-password\n")
    assert made.code == 0, made
    again = house.intake("user", "add", "reception", "--password-stdin", given="a-long-password\n")
    assert (again.code, len(again.err.splitlines())) == (2, 1)
    assert b"a-long-password" not in (house.data / "registry.sqlite").read_bytes()


def test_the_configuration_is_taken_from_the_environment_or_the_folder(
    house: Installation,
) -> None:
    house.deliver(mail(0, subject="咨询"))
    house.once()
    command = [sys.executable, "-m", "ingest", "mails", "--json"]
    root = Path(__file__).parents[2]
    named = subprocess.run(
        command,
        cwd=root,
        env={"INTAKE_CONFIG": str(house.config), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    found = subprocess.run(
        command,
        cwd=house.folder,
        env={"PYTHONPATH": str(root), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(named.stdout) == json.loads(found.stdout) == house.mails()


def test_the_data_folder_is_for_the_service_alone(house: Installation) -> None:
    house.once()
    assert house.data.stat().st_mode & 0o777 == 0o700


def test_the_letters_tell_whom_to_call(house: Installation) -> None:
    house.deliver(dossier(0))
    house.once()
    [letter] = house.look("letters", "--body")
    for value in CENTER.values():
        assert value in letter["body"]


def test_a_changed_call_is_tried_on_all_filed_dossiers_and_touches_none(
    house: Installation, tmp_path: Path
) -> None:
    house.deliver(dossier(0))
    house.deliver(dossier(1, WITHOUT_RISK))
    house.once()
    before = house.queue(), house.look("letters")
    text = (resources.files("config") / "calls" / "guangdong-alliance-2016.toml").read_text("utf-8")
    same, changed, broken = (tmp_path / f"{name}.toml" for name in ("same", "changed", "broken"))
    same.write_text(text, encoding="utf-8")
    changed.write_text(text.replace("least = 2", "least = 40", 1), encoding="utf-8")
    broken.write_text(text.replace("absent", "absend", 1), encoding="utf-8")

    assert house.intake("call", "test", str(same), "--json").records == []
    tried = house.intake("call", "test", str(changed), "--json").records
    told = {each["number"]: each for each in tried}
    assert sorted(told) == ["LM2016-0001", "LM2016-0002"]
    for each in tried:
        assert [(one["id"], one["before"], one["after"]) for one in each["changes"]] == [
            ("form.members", "ok", "missing")
        ]
    assert told["LM2016-0001"]["status"] == {"before": "awaiting-paper", "after": "incomplete"}
    printed = house.intake("call", "test", str(changed))
    assert (printed.code, "2 件结果不同" in printed.out) == (0, True)
    refused = house.intake("call", "test", str(broken))
    assert (refused.code, "checks.document.form.absent" in refused.err) == (2, True)
    assert (house.queue(), house.look("letters")) == before
