"""Who wrote this mail, a person or a machine?"""

from __future__ import annotations

from dataclasses import replace

import pytest

from ingest.automatic import is_bounce, machine_reason
from parsers.bounces import bounce_of
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


def file(media_type: str, name: str = "a") -> File:
    return File(path=name, filename=name, media_type=media_type, size=1, sha256="0" * 64)


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
        ("return-path", "<SRS0=a1b2=C3=example.com=office@bounce.example.net>"),
        ("return-path", "<bounces+SRS=a1b2=C3@example.net>"),
        ("return-path", "<owner-association@example.com>"),
        ("return-path", "<owner@example.com>"),
        ("errors-to", "<research-office@example.com>"),
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
        "AUTO: automotive alliance, application",
        "Report domain names of members",
        "Complaint about message from the center",
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
        (("return-path", "<bounces@example.net>"), "mass-mail"),
        (("errors-to", "<101-a7@bounce.example.net>"), "mass-mail"),
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
        "（自动回复）您的邮件已收到",
        "来自 科技处 的自动回复",
        "系统自动回复：您好",
        "不在办公室: 申报材料",
        "Automatic reply: dossier",
        "Auto-Reply: dossier",
        "Out of Office: dossier",
        "Out of Office AutoReply: dossier",
        "AUTO: R&D is out of the office (returning 2016-06-13)",
        "AUTO: 技改科不在办公室（返回时间 2016-06-13）",
    ],
)
def test_an_answer_without_any_header_is_told_by_the_start_of_its_subject(subject: str) -> None:
    assert machine_reason(mail(subject=subject), OWN) == "subject"


@pytest.mark.parametrize("piece", ["http://", "https://a", "http://unsubscr"])
def test_a_text_that_is_made_to_be_slow_is_read_at_once(piece: str) -> None:
    assert machine_reason(mail(text=piece * 50_000), OWN) == ""


def test_outlooks_recall_is_a_machines_and_a_persons_request_is_not() -> None:
    recall = mail(subject="撤回: 申报材料", text="科研院 将撤回邮件“申报材料”。")
    assert machine_reason(recall, OWN) == "subject"
    assert machine_reason(mail(subject="撤回: 申报材料", text="请撤回我们的申报。"), OWN) == ""


def test_a_list_without_list_headers_is_told_by_the_owner_of_its_sender() -> None:
    path = ("return-path", "<owner-Materials-L@lists.example.net>")
    as_list = mail(path, ("sender", "Materials <MATERIALS-L@lists.example.org>"))
    assert machine_reason(as_list, OWN) == "list"
    assert machine_reason(mail(path, ("sender", "<secretary@example.com>")), OWN) == ""


def test_reports_without_a_standard_sign_are_told_by_what_they_are() -> None:
    dmarc = "Report domain: example.org Submitter: example.com Report-ID: 2244696771454641389"
    assert machine_reason(mail(subject=dmarc), OWN) == "report"
    complaint = mail(sender="staff@hotmail.com", subject="complaint about message from 192.0.2.222")
    assert machine_reason(complaint, OWN) == "report"
    assert (
        machine_reason(mail(text='<?xml version="1.0"?>\n<adf><prospect/></adf>'), OWN) == "report"
    )
    page = '<?xml version="1.0"?>\n<!DOCTYPE html>\n<html><body>请查收</body></html>'
    assert machine_reason(mail(text=page), OWN) == ""


NEWSLETTER = """如不能正常显示，请在浏览器中打开 http://news.example.net/23
本期看点：产业技术创新联盟怎么建
退订：http://news.example.net/unsubscribe?id=77"""


def test_a_newsletter_is_told_by_two_of_its_own_words_together() -> None:
    assert machine_reason(mail(text=NEWSLETTER), OWN) == "mass-mail"
    *others, last = NEWSLETTER.split("\n")
    assert machine_reason(mail(text="\n".join(others)), OWN) == ""
    assert machine_reason(mail(text=last), OWN) == ""


def test_a_newsletter_that_a_person_may_be_passing_on_is_a_persons() -> None:
    assert machine_reason(mail(text=NEWSLETTER, subject="转发：联盟怎么建"), OWN) == ""
    assert machine_reason(mail(text=PERSON.text, quoted=NEWSLETTER), OWN) == ""
    answer = replace(mail(text=NEWSLETTER), in_reply_to="<letter-7@example.org>")
    assert machine_reason(answer, OWN) == ""
    application = replace(mail(text=NEWSLETTER), files=(file("application/pdf"),))
    assert machine_reason(application, OWN) == ""


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
        ("oa-noreply@example.com", "no-reply-sender"),
        ("mail.no-reply@example.com", "no-reply-sender"),
        ("www-data@example.com", "no-reply-sender"),
        ("reply@example.com", ""),
        ("casino-reply@example.com", ""),
        ("techno.reply@example.com", ""),
        ("noreply-team@example.com", ""),
        ("service@example.com", ""),
    ],
)
def test_a_machine_is_told_by_its_address(sender: str, reason: str) -> None:
    assert machine_reason(mail(sender=sender), ("Intake@Example.org",)) == reason


def test_an_invitation_is_a_machines_but_an_ics_among_documents_is_not() -> None:
    assert machine_reason(mail(media_type="text/calendar"), OWN) == "calendar"
    invitation = replace(PERSON, calendar_method="request", files=(file("text/plain", "会.ics"),))
    assert machine_reason(invitation, OWN) == "calendar"
    assert machine_reason(replace(invitation, calendar_method="reply", files=()), OWN) == "calendar"
    documents = (*invitation.files, file("application/pdf"))
    assert machine_reason(replace(invitation, files=documents), OWN) == ""


@pytest.mark.parametrize("method", ["", "publish"])
def test_a_calendar_that_invites_nobody_is_a_persons_file(method: str) -> None:
    agenda = replace(PERSON, calendar_method=method, files=(file("text/plain", "日程.ics"),))
    assert machine_reason(agenda, OWN) == ""


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
    assert bounce_of(POSTFIX).message_ids == ("<letter-7@example.org>",)


def test_threading_headers_name_the_letter_too_and_the_bounce_itself_is_left_out() -> None:
    bounce = replace(
        POSTFIX,
        message_id="<bounce@example.com>",
        in_reply_to="<letter-8@example.org>",
        references=("<letter-8@example.org>", "<bounce@example.com>"),
        quoted="> Message-ID:\n  <letter-9@example.org>",
    )
    told = bounce_of(bounce).message_ids
    assert told == ("<letter-9@example.org>", "<letter-8@example.org>")


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
        mail(("return-path", "<>"), subject="退信：邮件大小超过对方邮箱限制"),
        mail(
            sender="postmaster@example.com",
            subject="メッセージを配信できません。",
            text="Received >>> 550 5.1.1 <office@example.net>... user unknown",
        ),
        mail(
            sender="no-reply@example.com",
            subject="Mail",
            text="Could not be delivered to: <office@example.net>\nAs their mailbox is full.",
        ),
        replace(mail(("from", "Mail System <MAILER-DAEMON>")), sender=Address(address="")),
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
        replace(POSTFIX, quoted="", text="Could not be delivered to x; we will keep trying."),
        replace(
            POSTFIX, headers=(("content-type", "multipart/report; report-type=feedback-report"),)
        ),
        mail(sender="no-reply@example.com", text="您的订单已发货。"),
        mail(("return-path", "<>"), subject="自动回复：退信"),
        mail(("return-path", "<>"), text="您的快递无法送达。"),
        mail(("content-type", "multipart/report; report-type=disposition-notification")),
        mail(("auto-submitted", "auto-replied"), ("return-path", "<>")),
    ],
)
def test_delays_successes_receipts_and_holiday_answers_are_no_bounces(notice: Submission) -> None:
    assert not is_bounce(notice)
    assert machine_reason(notice, OWN) != ""
