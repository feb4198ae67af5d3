"""What follows a first mail: supplements, duplicates, strangers, and several dossiers at once."""

from __future__ import annotations

import pytest

from ingest.samples.documents import Defect
from ingest.samples.mails import earlier, make_zip, zip_file
from tests.acceptance.applicants import (
    BUREAU,
    STRANGER,
    WITHOUT_AGREEMENT,
    WITHOUT_CHARTER,
    WITHOUT_RISK,
    alliance,
    documents,
    dossier,
    mail,
    only,
    paper,
)
from tests.acceptance.installation import (
    Installation,
    kinds,
    lacking,
    opened,
    outcomes,
    text_of,
)
from tests.servers import MailCatcher


@pytest.mark.parametrize("paper_is_there", [True, False])
def test_a_reply_with_the_missing_agreement_mends_the_dossier(
    house: Installation, catcher: MailCatcher, *, paper_is_there: bool
) -> None:
    if paper_is_there:
        house.import_paper(paper(0))
    house.deliver(dossier(0, WITHOUT_AGREEMENT))
    house.once()
    reply_to = earlier(catcher.caught[0].content)
    agreement = only(documents(0), "协议")
    house.deliver(mail(0, agreement, subject="回复", text="补上。", answers=reply_to))
    house.once()
    found = house.dossier()
    assert found["status"] == ("complete" if paper_is_there else "awaiting-paper")
    assert lacking(found) == []
    assert house.fates() == ["filed", "filed"]
    assert kinds(house.letters()) == {("missing-items", "sent"): 1, ("acknowledgement", "sent"): 1}
    second = catcher.caught[1]
    assert agreement[0].filename in text_of(second)
    assert opened(second)["In-Reply-To"] == house.mails()[1]["message_id"]


def test_a_supplement_from_a_new_mail_of_the_same_sender_finds_its_dossier_by_name(
    house: Installation,
) -> None:
    house.deliver(dossier(0, WITHOUT_AGREEMENT))
    house.once()
    house.deliver(mail(0, only(documents(0), "协议"), subject="补充材料", text="请查收。"))
    house.once()
    assert lacking(house.dossier()) == []


def test_a_corrected_document_supersedes_the_faulty_one(house: Installation) -> None:
    house.deliver(dossier(0, WITHOUT_RISK))
    house.once()
    house.deliver(mail(0, only(documents(0), "协议"), subject="更正后的{name}协议"))
    house.once()
    found = house.dossier()
    assert lacking(found) == []
    agreements = [each for each in found["documents"] if each["kind"] == "agreement"]
    assert [(each["version"], each.get("superseded", False)) for each in agreements] == [
        (1, True),
        (2, False),
    ]


def test_the_same_files_in_a_new_mail_are_told_once_to_be_on_record(
    house: Installation, catcher: MailCatcher
) -> None:
    house.deliver(dossier(0))
    house.once()
    before = outcomes(house.dossier())
    house.deliver(mail(0, documents(0), subject="【再次发送】{name}申报材料"))
    house.once()
    assert house.fates() == ["filed", "duplicate"]
    assert len(house.dossier()["documents"]) == 4
    assert outcomes(house.dossier()) == before
    assert len(catcher.caught) == 2
    assert "此前均已收到" in text_of(catcher.caught[1])
    house.once()
    assert len(catcher.caught) == 2


def test_the_same_bytes_again_are_a_duplicate_that_is_not_answered(
    house: Installation, catcher: MailCatcher
) -> None:
    raw = dossier(0)
    house.deliver(raw)
    house.deliver(raw)
    house.once()
    house.deliver(raw)
    house.once()
    assert house.fates() == ["filed", "duplicate", "duplicate"]
    assert [each["letters"] for each in house.mails()[1:]] == [[], []]
    assert len({each["sha256"] for each in house.mails()}) == 1
    assert len(catcher.caught) == 1


def test_documents_from_a_stranger_who_quotes_the_number_are_held_and_he_learns_nothing(
    house: Installation, catcher: MailCatcher
) -> None:
    house.deliver(dossier(0, WITHOUT_AGREEMENT))
    house.once()
    number = house.dossier()["number"]
    before = house.dossier()
    forged = only(documents(0), "协议")
    subject = f"[{number}] 补充材料"
    house.deliver(mail(0, forged, sender=STRANGER, subject=subject, text="请查收。"))
    house.once()
    found = house.dossier()
    assert (outcomes(found), found["missing"]) == (outcomes(before), before["missing"])
    assert "held" in found["review"]
    [held] = [each for each in found["documents"] if each.get("held")]
    assert held["kind"] == "agreement"
    answer = catcher.caught[-1]
    assert answer.recipients == (STRANGER.address,)
    told = opened(answer)["Subject"] + text_of(answer)
    assert forged[0].filename in told
    told = told.replace(subject, "").replace(forged[0].filename, "")
    for secret in (number, alliance(0).name, alliance(0).secretariat, "缺件", alliance(0).email):
        assert secret not in told
    assert kinds(house.letters()) == {("missing-items", "sent"): 1, ("acknowledgement", "sent"): 1}


def test_a_strangers_documents_take_effect_when_a_person_accepts_them(
    house: Installation, catcher: MailCatcher
) -> None:
    house.deliver(dossier(0, WITHOUT_AGREEMENT))
    house.once()
    number = house.dossier()["number"]
    agreement = only(documents(0), "协议")
    house.deliver(mail(0, agreement, sender=STRANGER, subject=f"[{number}] 补充材料"))
    house.once()
    assert house.dossier()["status"] == "in-review"
    house.do("accept", number, house.mails()[1]["id"])
    house.once()
    found = house.dossier()
    assert (found["status"], lacking(found), found["review"]) == ("awaiting-paper", [], [])
    assert len(catcher.caught) == 2


def test_a_strangers_documents_that_a_person_rejects_change_nothing(house: Installation) -> None:
    house.deliver(dossier(0, WITHOUT_AGREEMENT))
    house.once()
    before = house.dossier()
    agreement = only(documents(0), "协议")
    house.deliver(mail(0, agreement, sender=STRANGER, subject="[LM2016-0001] 补充材料"))
    house.once()
    house.do("reject", before["number"], house.mails()[1]["id"])
    house.once()
    found = house.dossier()
    for key in ("status", "missing", "review", "documents"):
        assert found[key] == before[key]


def test_a_new_version_for_a_complete_dossier_is_held_and_it_stays_complete(
    house: Installation,
) -> None:
    house.import_paper(paper(0))
    house.deliver(dossier(0))
    house.once()
    house.deliver(mail(0, only(documents(0, WITHOUT_RISK), "协议"), subject="新版协议"))
    house.once()
    found = house.dossier()
    assert (found["status"], found["missing"]) == ("complete", [])
    assert "after-complete" in found["review"]


def both(second: tuple[Defect, ...] = ()) -> bytes:
    """A city's mail with two dossiers in an archive, a folder each."""
    folders = {
        f"1.{alliance(0).name}": documents(0),
        f"2.{alliance(1).name}": documents(1, *second),
    }
    archive = zip_file("推荐材料.zip", make_zip(folders))
    return mail(
        0, [archive], sender=BUREAU, subject="推荐2个产业技术创新联盟申报材料", text="见附件"
    )


def test_two_dossiers_in_one_mail_get_one_acknowledgement_and_one_notice_for_the_lacking_one(
    house: Installation, catcher: MailCatcher
) -> None:
    house.deliver(both((WITHOUT_CHARTER,)))
    house.once()
    whole, lame = house.queue()
    assert (whole["name"], whole["status"]) == (alliance(0).name, "awaiting-paper")
    assert (lame["name"], lame["status"]) == (alliance(1).name, "incomplete")
    assert lacking(lame) == ["document.charter"]
    first, second = catcher.caught
    assert {*first.recipients, *second.recipients} == {BUREAU.address}
    for each in (whole, lame):
        assert each["name"] in text_of(first)
        assert each["number"] in text_of(first)
    html = opened(first).get_body(("html",))
    assert html is not None
    assert "<table" in html.get_content()
    assert f"[{whole['number']}等2件]" in opened(first)["Subject"]
    assert f"[{lame['number']}]" in opened(second)["Subject"]
    assert whole["number"] not in opened(second)["Subject"] + text_of(second)
    assert "【组建章程】" in text_of(second)
    assert opened(second)["Auto-Submitted"] == "auto-generated"
    acknowledgement, notice = house.letters()
    assert (acknowledgement["kind"], acknowledgement["mails"]) == ("acknowledgement", [1])
    assert (notice["kind"], notice["mails"]) == ("missing-items", [])
    assert notice["dossiers"] == [lame["number"]]
    house.once()
    assert len(catcher.caught) == 2


def test_two_whole_dossiers_in_one_mail_get_one_letter(
    house: Installation, catcher: MailCatcher
) -> None:
    house.deliver(both())
    house.once()
    assert [each["status"] for each in house.queue()] == ["awaiting-paper"] * 2
    assert len(catcher.caught) == 1


def test_numbers_have_no_gaps_and_are_given_in_the_order_received(house: Installation) -> None:
    for seed in (0, 1, 2):
        house.deliver(mail(seed, only(documents(seed), "申报表")))
        house.deliver(mail(seed, subject="问", text="请问工作日几点下班？"))
    house.once()
    numbers = [each["number"] for each in house.queue()]
    assert numbers == ["LM2016-0001", "LM2016-0002", "LM2016-0003"]


def test_documents_in_two_mails_make_one_dossier(house: Installation, catcher: MailCatcher) -> None:
    files = documents(0)
    house.deliver(mail(0, files[:2], subject="{name}申报材料（1/2）"))
    house.deliver(mail(0, files[2:], subject="{name}申报材料（2/2）"))
    house.once()
    assert lacking(house.dossier()) == []
    assert len(house.dossier()["documents"]) == 4
    assert len(catcher.caught) == 1
    assert [each["letters"] for each in house.mails()] == [[1], [1]]


def test_another_alliances_documents_in_a_reply_make_a_dossier_of_their_own(
    house: Installation, catcher: MailCatcher
) -> None:
    """People press Reply on one alliance and attach another."""
    house.deliver(dossier(0))
    house.once()
    reply_to = earlier(catcher.caught[0].content)
    house.deliver(mail(1, documents(1), subject="回复", text="请查收", answers=reply_to))
    house.once()
    first, second = house.queue()
    assert [first["name"], second["name"]] == [alliance(0).name, alliance(1).name]
    assert len(first["documents"]) == 4
    assert len(second["documents"]) == 4
