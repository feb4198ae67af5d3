"""Who wrote this mail, a person or a machine?"""

from __future__ import annotations

from dataclasses import replace

import pytest

from ingest.automatic import bounced_message_ids, is_bounce, machine_reason
from parsers.submission import Address, File, Submission

OWN = ("intake@example.org",)
PERSON = Submission(
    message_id="<1@example.com>",
    in_reply_to="",
    references=(),
    sender=Address(address="research-office@example.com", name="科研院"),
    reply_to=(),
    to=(Address(address="intake@example.org"),),
    cc=(),
    subject="广东省工业机器人产业技术创新联盟申报材料",
    date=None,
    headers=(
        ("return-path", "<research-office@example.com>"),
        ("x-mailer", "Foxmail 7.2.25.213[cn]"),
        ("content-type", "multipart/mixed; boundary=b"),
    ),
    text="您好，附件为申报材料，请查收。",
    quoted="",
    files=(),
    links=(),
    media_type="multipart/mixed",
)


def mail(
    *headers: tuple[str, str],
    sender: str = "research-office@example.com",
    subject: str = PERSON.subject,
    text: str = PERSON.text,
    quoted: str = "",
    media_type: str = "multipart/mixed",
) -> Submission:
    return replace(
        PERSON,
        headers=headers,
        sender=Address(address=sender),
        subject=subject,
        text=text,
        quoted=quoted,
        media_type=media_type,
    )


def file(media_type: str) -> File:
    return File(path="a", filename="a", media_type=media_type, size=1, sha256="0" * 64)


@pytest.mark.parametrize(
    "header",
    [
        ("auto-submitted", "no"),
        ("auto-submitted", "No (a person)"),
        ("precedence", "first-class"),
        ("precedence", "normal"),
        ("x-auto-response-suppress", "All"),
        ("x-auto-response-suppress", "DR, OOF, AutoReply"),
        ("disposition-notification-to", "research-office@example.com"),
        ("return-path", "<research-office@example.com>"),
        ("x-qq-auto-reply", "false"),
        ("x-priority", "1"),
    ],
)
def test_headers_that_people_send_make_no_machine(header: tuple[str, str]) -> None:
    assert machine_reason(mail(header), OWN) == ""


@pytest.mark.parametrize(
    "subject",
    [
        "",
        "自动化装备联盟申报",
        "广东省自动回复系统产业技术创新联盟申报材料",
        "自动回复系统产业技术创新联盟申报",
        "转发：广东省工业机器人产业技术创新联盟申报材料",
        "回复：自动回复：电子材料收件回执",
        "Re: Automatic reply: dossier",
        "答复: 退信",
        "退信问题咨询",
        "邮件发送失败，重新发送申报材料",
        "撤回：广东省工业机器人产业技术创新联盟申报材料",
        "已读通知，补充材料",
        "Out of office hours contact list",
    ],
)
def test_a_person_may_write_about_machines(subject: str) -> None:
    assert machine_reason(mail(subject=subject), OWN) == ""
    assert not is_bounce(mail(subject=subject))


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (("auto-submitted", "auto-replied"), "auto-submitted"),
        (("auto-submitted", "Auto-Generated (rejected)"), "auto-submitted"),
        (("auto-submitted", "auto-replied; owner-email=a@example.com"), "auto-submitted"),
        (("precedence", "Bulk"), "precedence"),
        (("precedence", "list"), "precedence"),
        (("precedence", "junk"), "precedence"),
        (("list-id", "News <news.example.com>"), "list"),
        (("list-unsubscribe", "<mailto:leave@example.com>"), "list"),
        (("return-path", "<>"), "null-sender"),
        (("return-path", "<MAILER-DAEMON@example.com>"), "null-sender"),
        (("x-qq-auto-reply", "true"), "provider"),
        (("x-qq-holidayreply", "true"), "provider"),
        (("return-path", "<office+auto_=intake=example.org@example.com>"), "provider"),
        (("x-autoreply", "yes"), "provider"),
        (("x-autorespond", "holiday"), "provider"),
        (("x-aliyun-bounce", "1"), "delivery-status"),
        (("hmm-notify", "bounce"), "delivery-status"),
        (("x-mailer", "Coremail MTA server"), "delivery-status"),
        (("content-type", "multipart/report; report-type=disposition-notification"), "receipt"),
        (("content-class", "urn:content-classes:calendarmessage"), "calendar"),
    ],
)
def test_a_machine_is_told_by_its_headers(header: tuple[str, str], reason: str) -> None:
    assert machine_reason(mail(header), OWN) == reason


@pytest.mark.parametrize(
    "subject",
    [
        "自动回复：申报材料",
        "自动回复: [LM2016-0037] 电子材料收件回执",
        "自動回覆：外出",
        "自動返信メール",
        "【自动回复】您好",
        "Automatic reply: dossier",
        "Auto-Reply: dossier",
        "Out of Office: dossier",
        "Out of Office AutoReply: dossier",
    ],
)
def test_an_answer_without_any_header_is_told_by_the_start_of_its_subject(subject: str) -> None:
    assert machine_reason(mail(subject=subject), OWN) == "subject"


def test_outlooks_recall_is_a_machines_and_a_persons_request_is_not() -> None:
    recall = mail(subject="撤回: 申报材料", text="科研院 将撤回邮件“申报材料”。")
    assert machine_reason(recall, OWN) == "subject"
    assert machine_reason(mail(subject="撤回: 申报材料", text="请撤回我们的申报。"), OWN) == ""


def test_the_exchange_header_counts_with_a_text_that_says_automatic() -> None:
    text = "此邮件由系统自动发送，请勿直接回复。"
    suppress = ("x-auto-response-suppress", "DR, AutoReply")
    assert machine_reason(mail(suppress, text=text), OWN) == "subject"
    assert machine_reason(mail(text=text), OWN) == ""


@pytest.mark.parametrize(
    ("sender", "reason"),
    [
        ("intake@example.org", "own-address"),
        ("mailer-daemon@example.com", "no-reply-sender"),
        ("postmaster@example.com", "no-reply-sender"),
        ("no-reply@example.com", "no-reply-sender"),
        ("noreply@example.com", "no-reply-sender"),
        ("do_not_reply@example.com", "no-reply-sender"),
        ("reply@example.com", ""),
        ("noreply-team@example.com", ""),
        ("service@example.com", ""),
    ],
)
def test_a_machine_is_told_by_its_address(sender: str, reason: str) -> None:
    assert machine_reason(mail(sender=sender), ("Intake@Example.org",)) == reason


def test_an_invitation_is_a_machines_but_an_ics_among_documents_is_not() -> None:
    assert machine_reason(mail(media_type="text/calendar"), OWN) == "calendar"
    calendar = file("text/calendar")
    assert machine_reason(replace(PERSON, files=(calendar,)), OWN) == "calendar"
    assert machine_reason(replace(PERSON, files=(calendar, file("application/pdf"))), OWN) == ""


def test_a_read_receipt_is_told_by_its_subject_unless_it_brings_a_file() -> None:
    receipt = mail(subject="已读: [LM2016-0037] 电子材料收件回执")
    assert machine_reason(receipt, OWN) == "receipt"
    assert machine_reason(replace(receipt, files=(file("application/pdf"),)), OWN) == ""


POSTFIX = mail(
    ("return-path", "<>"),
    ("auto-submitted", "auto-replied"),
    ("content-type", 'multipart/report; report-type="delivery-status"; boundary=b'),
    sender="mailer-daemon@example.com",
    subject="Undelivered Mail Returned to Sender",
    text="I'm sorry to have to inform you that your message could not be delivered.",
    quoted="Action: failed\nStatus: 5.1.1\n\nReceived: from a\nMessage-Id: <letter-7@example.org>",
    media_type="multipart/report",
)


def test_a_bounce_names_the_letter_that_came_back() -> None:
    assert machine_reason(POSTFIX, OWN) == "delivery-status"
    assert is_bounce(POSTFIX)
    assert bounced_message_ids(POSTFIX) == ("<letter-7@example.org>",)


def test_threading_headers_name_the_letter_too_and_the_bounce_itself_is_left_out() -> None:
    bounce = replace(
        POSTFIX,
        message_id="<bounce@example.com>",
        in_reply_to="<letter-8@example.org>",
        references=("<letter-8@example.org>", "<bounce@example.com>"),
        quoted="> Message-ID:\n  <letter-9@example.org>",
    )
    assert bounced_message_ids(bounce) == ("<letter-9@example.org>", "<letter-8@example.org>")


@pytest.mark.parametrize(
    "bounce",
    [
        mail(
            ("x-aliyun-bounce", "1"),
            sender="postmaster@example.com",
            subject="来自postmaster@example.com的退信",
        ),
        mail(("x-mailer", "Coremail MTA server"), subject="系统退信"),
        mail(("return-path", "<>"), subject="系统退信", sender="postmaster@example.com"),
        mail(("hmm-notify", "bounce"), media_type="multipart/report"),
        mail(sender="mailer-daemon@example.com", subject="failure notice"),
        replace(
            mail(subject="Mail delivery failed"), sender=Address(address="", name="MAILER-DAEMON")
        ),
    ],
)
def test_bounces_without_a_proper_report_are_known(bounce: Submission) -> None:
    assert is_bounce(bounce)
    assert machine_reason(bounce, OWN) != ""


@pytest.mark.parametrize(
    "notice",
    [
        replace(POSTFIX, quoted="Action: delayed\nStatus: 4.4.1"),
        replace(POSTFIX, quoted="Action: delivered"),
        replace(POSTFIX, quoted="", subject="Delivery Status Notification (Delay)"),
        mail(("return-path", "<>"), subject="自动回复：退信"),
        mail(("content-type", "multipart/report; report-type=disposition-notification")),
        mail(("auto-submitted", "auto-replied"), ("return-path", "<>")),
    ],
)
def test_delays_successes_receipts_and_holiday_answers_are_no_bounces(notice: Submission) -> None:
    assert not is_bounce(notice)
    assert machine_reason(notice, OWN) != ""
