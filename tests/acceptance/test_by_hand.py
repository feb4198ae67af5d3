"""What staff settle by hand from the command line, and what comes of it."""

from __future__ import annotations

from ingest.samples.documents import SampleFile
from tests.acceptance.applicants import (
    STRANGER,
    WITHOUT_AGREEMENT,
    alliance,
    documents,
    dossier,
    mail,
    only,
    paper,
)
from tests.acceptance.installation import Installation, lacking, text_of
from tests.servers import MailCatcher

NOTE = SampleFile(
    filename="附件.txt", content="请将此件一并归入。\n".encode(), media_type="text/plain"
)


def test_a_mail_is_assigned_to_a_dossier_by_hand(house: Installation) -> None:
    house.deliver(dossier(0, WITHOUT_AGREEMENT))
    house.deliver(mail(0, [NOTE], sender=STRANGER, subject="材料", text="见附件"))
    house.once()
    assert house.fates() == ["filed", "unrelated"]
    number = house.dossier()["number"]
    house.do("assign", 2, number)
    house.once()
    assigned = house.mails()[1]
    assert (assigned["fate"], assigned["dossiers"]) == ("filed", [number])
    assert "附件.txt" in [each["filename"] for each in house.dossier()["documents"]]
    assert len(house.queue()) == 1


def test_a_mail_is_made_a_dossier_of_its_own_by_hand(house: Installation) -> None:
    house.deliver(mail(0, [NOTE], sender=STRANGER, subject="材料", text="见附件"))
    house.once()
    assert house.queue() == []
    house.do("assign", 1, "new")
    house.once()
    found = house.dossier()
    assert [each["filename"] for each in found["documents"]] == ["附件.txt"]
    assert house.mails()[0]["dossiers"] == [found["number"]]


def test_an_assigned_mail_that_was_answered_is_not_answered_again(
    house: Installation, catcher: MailCatcher
) -> None:
    house.deliver(mail(0, [NOTE], subject="联盟材料", text="见附件"))
    house.once()
    assert len(catcher.caught) == 1
    house.do("assign", 1, "new")
    house.once()
    assert house.mails()[0]["letters"] == [1]
    assert len(house.letters()) == len(catcher.caught)


def test_a_withdrawn_dossier_leaves_the_queue_and_keeps_its_history(
    house: Installation, catcher: MailCatcher
) -> None:
    house.deliver(dossier(0, WITHOUT_AGREEMENT))
    house.once()
    number = house.dossier()["number"]
    house.do("withdraw", number, "--reason", "申报单位来函撤回")
    house.once()
    assert house.show(number)["status"] == "withdrawn"
    assert "申报单位来函撤回" in str(house.show(number)["history"])
    house.import_paper(paper(0))
    house.once()
    assert house.show(number)["status"] == "withdrawn"
    assert len(catcher.caught) == 1


def test_mail_for_a_withdrawn_dossier_goes_to_a_person(
    house: Installation, catcher: MailCatcher
) -> None:
    house.deliver(dossier(0, WITHOUT_AGREEMENT))
    house.once()
    house.do("withdraw", "LM2016-0001", "--reason", "撤回")
    house.once()
    reply = mail(0, only(documents(0), "协议"), subject="[LM2016-0001] 补充", text="请查收")
    house.deliver(reply)
    assert house.once()["mails"] == {"quarantined": 1}
    assert house.mails()[1]["reason"]
    assert len(catcher.caught) == 1


def test_a_quarantined_mail_is_tried_again_and_settled_by_hand(
    house: Installation, catcher: MailCatcher
) -> None:
    """A file that does not say to which of two dossiers it belongs."""
    for seed in (0, 1):
        house.deliver(dossier(seed, WITHOUT_AGREEMENT))
    house.once()
    first, second = (each["number"] for each in house.queue())
    house.deliver(mail(0, [NOTE], subject=f"{first}、{second}补充材料", text="见附件"))
    assert house.once()["mails"] == {"quarantined": 1}
    assert len(catcher.caught) == 2
    house.do("retry", 3)
    assert house.fates()[2] == "pending"
    assert house.once()["mails"] == {"quarantined": 1}
    house.do("assign", 3, second)
    assert house.once()["mails"] == {"filed": 1}
    assert house.mails()[2]["dossiers"] == [second]
    assert len(catcher.caught) == 3


def test_files_that_came_another_way_are_added_to_a_dossier(
    house: Installation, catcher: MailCatcher
) -> None:
    house.import_paper(paper(0))
    house.deliver(dossier(0, WITHOUT_AGREEMENT))
    house.once()
    [agreement] = only(documents(0), "协议")
    path = house.folder / agreement.filename
    path.write_bytes(agreement.content)
    number = house.dossier()["number"]
    house.do("add", number, path)
    house.once()
    found = house.dossier()
    assert (found["status"], found["missing"]) == ("complete", [])
    assert [each["kind"] for each in house.letters()] == ["missing-items", "complete"]
    assert len(catcher.caught) == 2
    again = house.intake("add", number, path)
    assert (again.code, len(again.err.splitlines())) == (2, 1)


def test_a_dossier_that_lies_behind_a_link_is_fetched_and_added_by_hand(
    house: Installation, catcher: MailCatcher
) -> None:
    """The mail has no file at all: only the block that a provider puts below it."""
    block = (
        "{name}申报材料见附件。\n\n从QQ邮箱发来的超大附件\n\n"
        "申报材料.rar (120.5M, 2016年07月05日 16:42 到期)进入下载页面："
        "http://mail.qq.com/cgi-bin/ftnExs_download?t=exs_ftn_download&k=7d36&code=7684"
    )
    house.import_paper(paper(0))
    house.deliver(mail(0, text=block))
    assert house.once()["mails"] == {"filed": 1}
    found = house.dossier()
    number = found["number"]
    assert (found["status"], "doubtful:file.link" in found["review"]) == ("in-review", True)
    [answer] = catcher.caught
    assert "申报材料.rar" in text_of(answer)
    assert "有效期：至2016年7月5日16:42" in text_of(answer)
    paths = [house.folder / each.filename for each in documents(0)]
    for path, each in zip(paths, documents(0), strict=True):
        path.write_bytes(each.content)
    house.do("add", number, *paths)
    house.once()
    assert house.dossier()["status"] == "in-review"
    house.do("decide", number, "file.link", "ok", "--reason", "已下载并补充")
    house.once()
    assert (house.dossier()["status"], house.dossier()["review"]) == ("complete", [])
    settled = [each for each in house.show(number)["history"] if each["what"] == "link-settled"]
    assert [each["detail"].partition("：")[2] for each in settled] == ["已下载并补充"]


def test_a_paper_record_is_linked_and_unlinked_by_hand(house: Installation) -> None:
    """The register has the alliance under another name, which joins nothing by itself."""
    house.import_paper(paper(0, name="广东省智能装备应用产业技术创新联盟", register_no="ZZ-7"))
    house.deliver(dossier(0))
    house.once()
    found = house.dossier()
    assert found["paper"] is None
    house.do("link", found["number"], "ZZ-7")
    house.once()
    found = house.dossier()
    assert (found["status"], found["paper"]["match"]) == ("complete", "staff")
    [record] = house.look("paper", "list")
    assert record["dossier"] == found["number"]
    house.do("unlink", found["number"])
    house.once()
    assert (house.dossier()["status"], house.dossier()["paper"]) == ("awaiting-paper", None)
    house.import_paper(paper(0, name="广东省智能装备应用产业技术创新联盟", register_no="ZZ-7"))
    house.once()
    assert house.dossier()["paper"] is None


def test_a_decision_holds_until_what_it_rests_on_changes(house: Installation) -> None:
    house.deliver(dossier(0, WITHOUT_AGREEMENT))
    house.once()
    number = house.dossier()["number"]
    house.do("decide", number, "document.agreement", "waived", "--reason", "另行报送")
    house.once()
    assert lacking(house.dossier()) == []
    house.deliver(mail(0, [NOTE], subject=f"[{number}] 说明"))
    house.once()
    assert house.dossier()["documents"][-1]["filename"] == "附件.txt"


def test_acts_that_cannot_be_done_are_refused_in_one_line_and_change_nothing(
    house: Installation,
) -> None:
    house.deliver(dossier(0))
    house.once()
    before = house.rows()
    acts: tuple[tuple[object, ...], ...] = (
        ("decide", "LM2016-0099", "agreement.risk", "ok", "--reason", "有"),
        ("decide", "LM2016-0001", "agreement.nothing", "ok", "--reason", "有"),
        ("decide", "LM2016-0001", "agreement.risk", "perhaps", "--reason", "有"),
        ("decide", "LM2016-0001", "agreement.risk", "ok", "--reason", " "),
        ("link", "LM2016-0001", "ZZ-0"),
        ("unlink", "LM2016-0001"),
        ("assign", 1, "LM2016-0099"),
        ("assign", 99, "new"),
        ("accept", "LM2016-0001", 1),
        ("reject", "LM2016-0001", 1),
        ("letter", "send", 1),
        ("letter", "hold", 99),
        ("letter", "edit", 99, "--subject", "新"),
        ("retry", 1),
        ("withdraw", "LM2016-0001", "--reason", ""),
        ("add", "LM2016-0001", house.folder / "nothing.docx"),
        ("show", "LM2016-0099"),
        ("queue", "--status", "lost"),
        ("paper", "import", house.folder / "nothing.xlsx"),
    )
    for act, done in zip(acts, house.in_turn(*acts), strict=True):
        assert (act, done.code, len(done.err.splitlines()), done.out) == (act, 2, 1, "")
    assert house.rows() == before
    assert alliance(0).name == house.dossier()["name"]
