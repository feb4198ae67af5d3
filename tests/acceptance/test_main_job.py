"""From a mail in the mailbox to a dossier in the queue and a letter to its sender."""

from __future__ import annotations

import pytest

from ingest.samples.documents import SampleFile
from ingest.samples.mails import earlier, make_zip, thank_you, zip_file
from tests.acceptance.applicants import (
    AT,
    ONLY_BREACH,
    WITHOUT_AGREEMENT,
    WITHOUT_RISK,
    alliance,
    documents,
    dossier,
    mail,
    only,
    paper,
    sender_of,
)
from tests.acceptance.installation import (
    Installation,
    Record,
    kinds,
    lacking,
    opened,
    outcomes,
    text_of,
)
from tests.servers import Dovecot, MailCatcher
from tests.word_maker import Piece, ole, word


def test_a_whole_dossier_with_its_paper_record_is_complete_and_acknowledged_once(
    house: Installation, catcher: MailCatcher
) -> None:
    house.import_paper(paper(0))
    raw = dossier(0)
    house.deliver(raw)
    done = house.once()
    assert done == {
        "mails": {"filed": 1},
        "dossiers": {"complete": 1},
        "letters": {"sent": 1},
        "problems": [],
    }
    found = house.dossier()
    assert (found["number"], found["name"]) == ("LM2016-0001", alliance(0).name)
    assert (found["status"], found["missing"], found["review"]) == ("complete", [], [])
    assert (found["secretariat"], found["recommender"], found["sender"]) == (
        alliance(0).secretariat,
        alliance(0).recommender,
        sender_of(0).address,
    )
    assert found["paper"] == {"register_no": "ZZ2016-000", "match": "name", "copies": 5}
    assert [each["kind"] for each in found["documents"]] == [
        "form",
        "plan",
        "charter",
        "agreement",
    ]
    [caught] = catcher.caught
    assert caught.recipients == (alliance(0).email,)
    [letter] = house.letters()
    assert (letter["kind"], letter["state"]) == ("acknowledgement", "sent")
    assert house.mails()[0]["letters"] == [letter["id"]]


def test_the_acknowledgement_is_a_sound_mail_in_the_thread_of_the_applicant(
    house: Installation, catcher: MailCatcher
) -> None:
    raw = dossier(0)
    house.deliver(raw)
    house.once()
    [caught] = catcher.caught
    assert caught.sender == "intake@example.org"
    letter = opened(caught)
    assert letter["Auto-Submitted"] == "auto-replied"
    asked = earlier(raw).message_id
    assert (letter["In-Reply-To"], letter["References"]) == (asked, asked)
    assert letter["Message-ID"] == house.letters()[0]["message_id"]
    assert str(letter["To"]) == alliance(0).email
    [sender] = letter["From"].addresses
    assert (sender.display_name, sender.addr_spec) == (
        "广东省科技人才服务中心",
        "intake@example.org",
    )
    assert f"[{house.dossier()['number']}]" in letter["Subject"]
    assert alliance(0).name in letter["Subject"]
    plain, html = letter.get_body(("plain",)), letter.get_body(("html",))
    assert plain is not None
    assert html is not None
    for part in (plain.get_content(), html.get_content()):
        assert alliance(0).name in part
        assert "收到材料不代表申请已受理" in part
        assert "尚未查到收件登记" in part
        assert "020-00001234" in part
        for each in house.dossier()["documents"]:
            assert each["filename"] in part
            assert each["sha256"][:12] in part
    assert [each.get_content_type() for each in letter.walk()] == [
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]


def test_without_a_paper_record_it_awaits_paper_and_completes_when_the_paper_comes(
    house: Installation, catcher: MailCatcher
) -> None:
    house.deliver(dossier(0))
    house.once()
    waiting = house.dossier()
    assert (waiting["status"], waiting["missing"]) == ("awaiting-paper", ["paper.record"])
    assert waiting["paper"] is None
    assert "added 1" in house.import_paper(paper(0))
    assert house.once() == {
        "mails": {},
        "dossiers": {"complete": 1},
        "letters": {"sent": 1},
        "problems": [],
    }
    assert house.dossier()["status"] == "complete"
    first, second = catcher.caught
    notice = opened(second)
    assert second.recipients == (alliance(0).email,)
    assert notice["Auto-Submitted"] == "auto-generated"
    assert notice["In-Reply-To"] == opened(first)["Message-ID"]
    assert opened(first)["Message-ID"] in notice["References"]
    assert "ZZ2016-000" in text_of(second)
    assert [each["kind"] for each in house.letters()] == ["acknowledgement", "complete"]


def test_thanks_in_the_thread_are_noted_and_not_answered(
    house: Installation, catcher: MailCatcher
) -> None:
    """One replies to the letter, without a word of what it is about; one to the own mail."""
    raw = dossier(0)
    house.deliver(raw)
    house.once()
    number = house.dossier()["number"]
    reply_to = earlier(catcher.caught[0].content)
    house.deliver(mail(0, subject="谢谢", text="收到，谢谢老师！", answers=reply_to))
    house.deliver(thank_you(raw, at=AT))
    house.once()
    for noted in house.mails()[1:]:
        assert (noted["fate"], noted["dossiers"], noted["letters"]) == ("noted", [number], [])
    assert len(catcher.caught) == 1


def test_without_the_agreement_exactly_that_is_missing(
    house: Installation, catcher: MailCatcher
) -> None:
    house.import_paper(paper(0))
    house.deliver(dossier(0, WITHOUT_AGREEMENT))
    house.once()
    found = house.dossier()
    assert found["status"] == "incomplete"
    assert found["missing"] == ["document.agreement"]
    [caught] = catcher.caught
    assert kinds(house.letters()) == {("missing-items", "sent"): 1}
    assert "缺件清单" in opened(caught)["Subject"]
    assert "【组建协议】" in text_of(caught)
    assert "补正告知书" not in text_of(caught)


def test_without_agreement_and_paper_record_both_are_missing(house: Installation) -> None:
    house.deliver(dossier(0, WITHOUT_AGREEMENT))
    house.once()
    assert house.dossier()["missing"] == ["document.agreement", "paper.record"]
    assert house.dossier()["status"] == "incomplete"


def test_an_agreement_without_risk_clause_lacks_exactly_that(
    house: Installation, catcher: MailCatcher
) -> None:
    for seed in (0, 1, 2, 3):
        house.deliver(dossier(seed, WITHOUT_RISK))
    house.once()
    for found in house.queue():
        assert (found["status"], lacking(found)) == ("incomplete", ["agreement.risk"])
    assert len(catcher.caught) == 4
    assert all("风险" in text_of(each) for each in catcher.caught)


def formats(seed: int) -> dict[str, bytes]:
    """The mail of one alliance in three shapes: documents in Word, as PDF, and in a zip."""
    name = alliance(seed).name
    archive = zip_file(f"{name}.zip", make_zip({name: documents(seed)}))
    return {
        "docx": mail(seed, documents(seed)),
        "pdf": mail(seed, documents(seed, form="pdf")),
        "zip": mail(seed, [archive]),
    }


def test_the_same_documents_give_the_same_findings_as_word_as_pdf_and_in_a_zip(
    tmp_path_factory: pytest.TempPathFactory, dovecot: Dovecot, catcher: MailCatcher
) -> None:
    """Zip names are in GBK; the seeds go through every style of writing and layout."""
    found: dict[str, list[Record]] = {}
    seeds = range(8)
    for shape in ("docx", "pdf", "zip"):
        house = Installation(tmp_path_factory.mktemp(shape), dovecot, catcher)
        for seed in seeds:
            house.deliver(formats(seed)[shape])
        house.once()
        found[shape] = house.queue()
    for shape in ("pdf", "zip"):
        for seed in seeds:
            word, other = found["docx"][seed], found[shape][seed]
            assert (shape, seed, outcomes(other)) == (shape, seed, outcomes(word))
            for key in ("name", "secretariat", "recommender", "status", "review", "missing"):
                assert (shape, seed, key, other[key]) == (shape, seed, key, word[key])
    assert {each["status"] for each in found["docx"]} == {"awaiting-paper"}
    paths = [each["path"] for each in found["zip"][0]["documents"]]
    assert all(path.startswith(f"{alliance(0).name}.zip/{alliance(0).name}/") for path in paths)


def test_a_mail_about_an_alliance_without_a_dossier_gets_one_unrecognised_letter(
    house: Installation, catcher: MailCatcher
) -> None:
    asking = mail(
        0, subject="咨询", text="老师好，请问产业技术创新联盟申报的截止时间是什么时候？谢谢！"
    )
    house.deliver(asking)
    house.once()
    assert (house.fates(), house.queue()) == (["unrelated"], [])
    [caught] = catcher.caught
    [letter] = house.letters()
    assert (letter["kind"], letter["state"]) == ("unrecognised", "sent")
    assert caught.recipients == (alliance(0).email,)
    assert "LM2016" not in opened(caught)["Subject"] + text_of(caught)


def test_a_word_95_file_is_doubtful_and_never_missing(
    house: Installation, catcher: MailCatcher
) -> None:
    streams = word(Piece(text="组建方案\r"), written_by=0xA5DC, version=0x68)
    word_95 = SampleFile(
        filename="2.组建方案.doc", content=ole(streams), media_type="application/msword"
    )
    others = only(documents(0), "申报表", "章程", "协议")
    assert len(others) == 3
    house.deliver(mail(0, [*others, word_95]))
    house.once()
    found = house.dossier()
    assert found["status"] == "in-review"
    assert lacking(found) == []
    assert ("document.plan", "doubtful") in outcomes(found)
    assert ("file.readable", "doubtful") in outcomes(found)
    assert kinds(house.letters()) == {("acknowledgement", "sent"): 1}
    assert "正由工作人员核对" in text_of(catcher.caught[0])
    assert "缺" not in text_of(catcher.caught[0])


def test_a_doubt_decided_as_missing_is_told_to_the_applicant(
    house: Installation, catcher: MailCatcher
) -> None:
    house.deliver(dossier(0, ONLY_BREACH))
    house.once()
    found = house.dossier()
    assert (found["status"], found["review"]) == ("in-review", ["doubtful:agreement.risk"])
    house.do("decide", found["number"], "agreement.risk", "missing", "--reason", "确无此条款")
    house.once()
    found = house.dossier()
    assert (found["status"], lacking(found)) == ("incomplete", ["agreement.risk"])
    assert [each["kind"] for each in house.letters()] == ["acknowledgement", "missing-items"]
    notice = catcher.caught[1]
    assert notice.recipients == (alliance(0).email,)
    assert "风险" in text_of(notice)
    assert "确无此条款" in str(house.show(found["number"])["history"])


def test_a_doubt_decided_as_ok_completes_the_dossier_when_its_paper_is_there(
    house: Installation, catcher: MailCatcher
) -> None:
    house.import_paper(paper(0))
    house.deliver(dossier(0, ONLY_BREACH))
    house.once()
    number = house.dossier()["number"]
    house.do("decide", number, "agreement.risk", "ok", "--reason", "第八章已写明")
    house.once()
    assert house.dossier()["status"] == "complete"
    assert [each["kind"] for each in house.letters()] == ["acknowledgement", "complete"]
    assert catcher.caught[1].recipients == (alliance(0).email,)


def test_a_doubt_waived_without_paper_gets_the_result_that_was_promised(
    house: Installation, catcher: MailCatcher
) -> None:
    house.deliver(dossier(0, ONLY_BREACH))
    house.once()
    house.do("decide", "LM2016-0001", "agreement.risk", "waived", "--reason", "另附说明")
    house.once()
    found = house.dossier()
    assert found["status"] == "awaiting-paper"
    assert ("agreement.risk", "waived") in outcomes(found)
    promise, result = catcher.caught
    assert "另行告知" in text_of(promise)
    assert "电子材料已齐" in text_of(result)
    assert "缺件" not in opened(result)["Subject"] + text_of(result)


def test_all_faults_of_a_dossier_are_told_in_one_letter(
    house: Installation, catcher: MailCatcher
) -> None:
    house.import_paper(paper(0, copies=4, sealed="缺1份", recommended="无"))
    house.deliver(dossier(0, WITHOUT_RISK))
    house.once()
    assert house.dossier()["missing"] == [
        "agreement.risk",
        "paper.copies",
        "paper.seals",
        "paper.recommendation",
    ]
    [caught] = catcher.caught
    for words in ("风险", "份数", "缺1份", "推荐"):
        assert words in text_of(caught)
