"""A bureau sends its batch: one archive with a folder for each alliance, a summary sheet, a letter."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ingest.samples.bureau import letter_of_recommendation, summary_sheet
from ingest.samples.documents import Defect, SampleFile, make_drafts, make_file
from ingest.samples.mails import make_zip, zip_file
from tests.acceptance.applicants import (
    BUREAU,
    WITHOUT_AGREEMENT,
    alliance,
    documents,
    mail,
    only,
    paper,
)
from tests.acceptance.installation import Installation, kinds, lacking, opened, text_of
from tests.servers import MailCatcher

BROUGHT = range(6)
LISTED_ONLY = 6
LACKING, SCANNED = 4, 5


def scanned_agreement(seed: int) -> SampleFile:
    """The agreement as a scan, under a name that tells nothing."""
    draft = next(each for each in make_drafts(alliance(seed)) if each.kind == "agreement")
    return replace(make_file(draft, "scan"), filename="协议扫描件.pdf")


def folder_of(seed: int, *defects: Defect) -> tuple[str, tuple[SampleFile, ...]]:
    """A folder as a bureau's clerk names it, and what an alliance has handed in."""
    files = documents(seed, *defects)
    if seed == SCANNED:
        files = (*only(files, "申报表", "方案", "章程"), scanned_agreement(seed))
    return f"{seed + 1:02}{alliance(seed).core}", files


def sheet(*seeds: int) -> SampleFile:
    """The summary sheet of those alliances."""
    title = "2016年某市产业技术创新联盟推荐汇总表"
    return summary_sheet(title, [alliance(seed) for seed in seeds])


def batch(text: str = "见附件。") -> bytes:
    """The mail: the archive holds folders, sheet and letter."""
    folders = dict(
        folder_of(seed, *((WITHOUT_AGREEMENT,) if seed == LACKING else ())) for seed in BROUGHT
    )
    listed = (*BROUGHT, LISTED_ONLY)
    letter = letter_of_recommendation([alliance(seed) for seed in listed])
    folders[""] = (sheet(*listed), letter)
    archive = zip_file("某市推荐材料.zip", make_zip(folders))
    subject = "某市推荐2016年产业技术创新联盟申报材料"
    return mail(0, [archive], sender=BUREAU, subject=subject, text=text)


@pytest.fixture
def filed(house: Installation) -> Installation:
    """The batch has come, and one alliance's paper copies."""
    house.import_paper(paper(0))
    house.deliver(batch())
    house.once()
    return house


def test_a_batch_becomes_a_dossier_for_each_folder_and_each_stands_as_it_should(
    filed: Installation,
) -> None:
    queue = filed.queue()
    assert [each["name"] for each in queue] == [alliance(seed).name for seed in BROUGHT]
    statuses = [each["status"] for each in queue]
    clean = ["complete", *["awaiting-paper"] * 3]
    assert statuses == [*clean, "incomplete", "in-review"]
    assert lacking(queue[LACKING]) == ["document.agreement"]
    assert lacking(queue[SCANNED]) == []
    for seed, each in zip(BROUGHT, queue, strict=True):
        names = [document["filename"] for document in each["documents"]]
        assert len(names) == (3 if seed == LACKING else 4)
        assert not {"推荐汇总表.xls", "推荐函.pdf"} & set(names)
    [came] = filed.mails()
    assert came["reason"] == f"汇总表所列、未见材料：{alliance(LISTED_ONLY).name}"
    assert set(queue[SCANNED]["review"]) == {
        "doubtful:document.agreement",
        "doubtful:file.readable",
    }


def test_one_acknowledgement_tells_of_all_and_one_notice_of_what_is_lacking(
    filed: Installation, catcher: MailCatcher
) -> None:
    """The notice waits for the one that a person has to look at, and for no other."""
    [acknowledgement] = catcher.caught
    text = text_of(acknowledgement)
    lines = [line.partition(". ")[2] for line in text.splitlines()]
    assert acknowledgement.recipients == (BUREAU.address,)
    assert "等6件]" in opened(acknowledgement)["Subject"]
    for each in filed.queue():
        assert lines.count(each["name"]) == 1
        assert f"编号：{each['number']}" in text
    absent = alliance(LISTED_ONLY).name
    assert f"汇总表所列、本次未见材料的联盟（1个）：{absent}。" in text
    assert text.count(absent) == 1
    scanned = filed.queue()[SCANNED]["number"]
    filed.do("decide", scanned, "document.agreement", "ok", "--reason", "已看扫描件")
    filed.do("decide", scanned, "file.readable", "waived", "--reason", "已看扫描件")
    filed.once()
    notice = catcher.caught[1]
    assert notice.recipients == (BUREAU.address,)
    lame = filed.queue()[LACKING]
    assert lame["number"] in opened(notice)["Subject"]
    assert "【组建协议】" in text_of(notice)
    assert absent not in text_of(notice)
    for seed in range(LACKING):
        assert alliance(seed).name not in text_of(notice)
    filed.once()
    assert kinds(filed.letters()) == {
        ("acknowledgement", "sent"): 1,
        ("missing-items", "sent"): 1,
    }


def test_the_same_batch_again_adds_nothing_and_is_told_so_once(
    filed: Installation, catcher: MailCatcher
) -> None:
    filed.deliver(batch("再发一次，请查收。"))
    filed.once()
    filed.once()
    assert filed.fates() == ["filed", "duplicate"]
    assert [len(each["documents"]) for each in filed.queue()] == [4, 4, 4, 4, 3, 4]
    assert len(catcher.caught) == 2
    assert "此前均已收到并登记" in text_of(catcher.caught[1])
