"""When a letter goes, when it waits for a person, and when none is written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ingest.samples.mails import auto_reply, earlier, newsletter
from parsers.submission import Address
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
    sender_of,
)
from tests.acceptance.installation import Installation, kinds, opened, text_of
from tests.servers import MailCatcher


def test_in_review_mode_a_list_of_what_is_missing_waits_for_a_person(
    house: Installation, catcher: MailCatcher
) -> None:
    house.configure(receipts={"mode": "review"})
    house.deliver(dossier(0, WITHOUT_AGREEMENT))
    house.deliver(dossier(1))
    done = house.once()
    assert done["letters"] == {"draft": 1, "sent": 1}
    draft, sent = house.letters()
    assert (draft["kind"], draft["state"]) == ("missing-items", "draft")
    assert (sent["kind"], sent["state"]) == ("acknowledgement", "sent")
    assert house.sent() == 1
    house.once()
    assert house.sent() == 1
    house.do("letter", "send", draft["id"])
    house.once()
    assert house.sent() == 2
    assert catcher.caught[1].recipients == (alliance(0).email,)
    assert opened(catcher.caught[1])["Message-ID"] == draft["message_id"]
    assert "补正告知书" in draft["subject"]  # a person's act; by machine it is a 缺件清单
    assert "缺件清单" not in text_of(catcher.caught[1])


def test_a_draft_can_be_edited_before_it_goes(house: Installation, catcher: MailCatcher) -> None:
    house.configure(receipts={"mode": "review"})
    house.deliver(dossier(0, WITHOUT_AGREEMENT))
    house.once()
    new = house.folder / "letter.txt"
    new.write_text("您好！\n\n请补交组建协议，另请来电核对。\n", encoding="utf-8")
    house.do("letter", "edit", 1, "--text-file", new)
    assert house.letters()[0]["state"] == "draft"
    house.do("letter", "send", 1)
    house.once()
    [caught] = catcher.caught
    html = opened(caught).get_body(("html",))
    assert html is not None
    assert "另请来电核对" in text_of(caught)
    assert "另请来电核对" in html.get_content()


def test_a_queued_letter_can_be_held_back(house: Installation, catcher: MailCatcher) -> None:
    house.deliver(dossier(0))
    house.once("--no-letters")
    [letter] = house.letters()
    assert letter["state"] == "queued"
    house.do("letter", "hold", letter["id"])
    house.once()
    assert (house.letters()[0]["state"], catcher.caught) == ("draft", ())
    house.do("letter", "send", letter["id"])
    house.once()
    assert len(catcher.caught) == 1


def test_with_receipts_off_letters_are_written_and_none_is_sent(house: Installation) -> None:
    house.configure(receipts={"mode": "off"})
    house.deliver(dossier(0, WITHOUT_AGREEMENT))
    house.deliver(dossier(1))
    assert house.once()["letters"] == {"suppressed": 2}
    assert all(each["reason"] for each in house.letters())
    assert house.sent() == 0


def test_mail_from_machines_is_never_answered(house: Installation, catcher: MailCatcher) -> None:
    """A holiday reply of QQ's, one that replies to a letter of ours, and a mailing list."""
    house.deliver(dossier(0))
    house.once()
    ours = earlier(catcher.caught[0].content)
    away = Address(address="xmb@office.example.com", name="项目办公室")
    house.deliver(auto_reply(sender=away, about="电子材料收件回执", at=AT))
    house.deliver(auto_reply(sender=sender_of(0), about=ours.subject, at=AT))
    weekly = Address(address="weekly@news.example.net", name="科技资讯周刊")
    house.deliver(newsletter(sender=weekly, at=AT))
    house.once()
    assert house.fates() == ["filed", "automatic", "automatic", "automatic"]
    assert [each["letters"] for each in house.mails()[1:]] == [[], [], []]
    assert len(catcher.caught) == 1


def test_addresses_that_are_never_to_be_answered_are_not(house: Installation) -> None:
    domain = alliance(1).email.rpartition("@")[2]
    house.configure(receipts={"never_answer": [alliance(0).email, domain]})
    for seed in (0, 1):
        house.deliver(dossier(seed))
    house.once()
    assert kinds(house.letters()) == {("acknowledgement", "suppressed"): 2}
    assert house.sent() == 0


def test_a_first_start_on_a_mailbox_with_years_of_mail_writes_to_nobody(
    house: Installation, catcher: MailCatcher
) -> None:
    asked = "请问产业技术创新联盟何时截止申报？"
    old = [mail(0, subject=f"咨询{number}", text=asked) for number in range(298)]
    old += [dossier(0), dossier(1, WITHOUT_AGREEMENT)]
    house.fill(old, at=datetime.now(UTC) - timedelta(days=30))
    done = house.once()
    assert done["mails"] == {"filed": 2, "unrelated": 298}
    assert done["dossiers"] == {"awaiting-paper": 1, "incomplete": 1}
    assert done["letters"] == {"suppressed": 300}
    assert house.sent() == 0
    assert {each["reason"] for each in house.letters()} == {"早于答复起始时间的邮件"}
    house.deliver(dossier(2))
    house.once()
    assert [each.recipients for each in catcher.caught] == [(alliance(2).email,)]


def test_answer_since_decides_from_when_on_mail_is_answered(
    house: Installation, catcher: MailCatcher
) -> None:
    now = datetime.now(UTC)
    since = (now - timedelta(days=10)).date()
    house.configure(mailbox__main={"answer_since": since.isoformat()})
    house.fill([dossier(0)], at=now - timedelta(days=5))
    house.fill([dossier(1)], at=now - timedelta(days=15))
    house.once()
    assert [each.recipients for each in catcher.caught] == [(alliance(0).email,)]


def test_letters_for_mail_found_in_the_spam_folder_are_drafts(house: Installation) -> None:
    house.configure(mailbox__main={"spam_folders": ["垃圾邮件"]})
    house.deliver(dossier(0), folder="垃圾邮件")
    house.once()
    assert house.dossier()["status"] == "awaiting-paper"
    assert kinds(house.letters()) == {("acknowledgement", "draft"): 1}
    assert house.sent() == 0


def test_a_list_of_what_is_missing_waits_for_the_quiet_period_and_an_acknowledgement_does_not(
    house: Installation, catcher: MailCatcher
) -> None:
    house.configure(receipts={"quiet_period": "30m"})
    house.deliver(dossier(0, WITHOUT_AGREEMENT))
    house.deliver(dossier(1))
    house.once()
    assert [each.recipients for each in catcher.caught] == [(alliance(1).email,)]
    house.deliver(mail(0, only(documents(0), "协议"), subject="补协议"))
    house.once()
    assert kinds(house.letters()) == {("acknowledgement", "sent"): 2}
    assert [each["letters"] for each in house.mails()] == [[2], [1], [2]]


def test_no_address_gets_more_letters_a_day_than_the_cap(
    house: Installation, catcher: MailCatcher
) -> None:
    house.configure(receipts={"per_address_per_day": 2})
    for seed in (0, 1, 2):
        form = only(documents(seed), "申报表")
        house.deliver(mail(seed, form, sender=sender_of(0)))
    house.once()
    assert len(catcher.caught) == 2
    assert kinds(house.letters()) == {("missing-items", "sent"): 2, ("missing-items", "draft"): 1}


def test_one_address_gets_one_unrecognised_letter_in_seven_days(
    house: Installation, catcher: MailCatcher
) -> None:
    for number in range(3):
        house.deliver(mail(0, subject=f"咨询{number}", text="请问联盟如何申报？"))
    house.once()
    assert kinds(house.letters()) == {
        ("unrecognised", "sent"): 1,
        ("unrecognised", "suppressed"): 2,
    }
    assert len(catcher.caught) == 1


def test_what_was_told_once_is_not_told_again_when_nothing_changed(
    house: Installation, catcher: MailCatcher
) -> None:
    house.deliver(dossier(0, WITHOUT_RISK))
    house.once()
    number = house.dossier()["number"]
    house.do("decide", number, "agreement.risk", "missing", "--reason", "确认缺少")
    house.once()
    assert len(catcher.caught) == 1


def test_the_acknowledgement_of_a_doubtful_dossier_names_no_fault(
    house: Installation, catcher: MailCatcher
) -> None:
    house.deliver(dossier(0, ONLY_BREACH, WITHOUT_AGREEMENT))
    house.deliver(dossier(1, ONLY_BREACH))
    house.once()
    assert "风险" not in text_of(catcher.caught[1])
    assert "缺件清单" not in text_of(catcher.caught[1])


# ── the mail server ──────────────────────────────────────────────────────────────────────


def test_a_letter_that_is_put_off_goes_later_under_the_same_message_id(
    house: Installation, catcher: MailCatcher
) -> None:
    tried = []
    catcher.on_message = lambda caught: tried.append(caught) or "451 later"  # type: ignore[func-returns-value]
    house.deliver(dossier(0))
    done = house.once(code=1)
    assert done["letters"] == {"queued": 1}
    assert "451" in str(done["problems"])
    catcher.on_message = lambda _: None
    house.once()
    [caught] = catcher.caught
    assert [each.content for each in tried] == [caught.content]
    assert (house.letters()[0]["state"], house.letters()[0]["attempts"]) == ("sent", 2)


def test_a_letter_that_is_refused_for_good_fails_and_can_be_sent_again(
    house: Installation, catcher: MailCatcher
) -> None:
    catcher.on_recipient = lambda _: "550 no such user"
    house.deliver(dossier(0))
    assert "550" in str(house.once(code=1)["problems"])
    [letter] = house.letters()
    assert (letter["state"], letter["attempts"]) == ("failed", 1)
    assert "550" in letter["reason"]
    house.once()
    assert house.letters()[0]["attempts"] == 1
    catcher.on_recipient = lambda _: None
    house.do("letter", "send", letter["id"])
    house.once()
    assert len(catcher.caught) == 1


def test_one_refused_letter_does_not_keep_the_others_from_going(
    house: Installation, catcher: MailCatcher
) -> None:
    catcher.on_recipient = lambda to: "550 no" if to == alliance(0).email else None
    for seed in (0, 1):
        house.deliver(mail(seed, subject="咨询", text="请问联盟如何申报？"))
    house.once(code=1)
    assert [each["state"] for each in house.letters()] == ["failed", "sent"]
