"""Who is written to, and who changes nothing: forged senders, strangers, Reply-To, caps."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Event

import httpx
import pytest

from config.limits import Limits
from config.settings import Mailbox, SettingsError, load_settings
from ingest.pipeline import Touched, file_pending
from parsers.authentication import Authentication, Verdict
from parsers.sandbox import Sandbox
from parsers.submission import Address, Fact
from registry import decisions, queries
from registry.accounts import Role, add_account
from registry.routing import SUSPECT as HELD
from registry.rows import Fate, Kind, LetterRow, LetterState, Status
from reports.desk.app import create_app
from reports.records import dossier_record, mail_record
from tests.builders import (
    KINDS,
    LIGHTS,
    LINK,
    ROBOTS,
    SENDER,
    SENSORS,
    STRANGER,
    ZONE,
    Intake,
    document,
    dossier,
    number,
    understood,
)
from tests.desk_registry import NAME, NOW, PASSWORD, SECRET, serve, sign_in_path

FAILED = Authentication(verdict=Verdict.FAIL, results="dmarc=fail")
PASSED = Authentication(verdict=Verdict.PASS, results="dmarc=pass")
UNTOLD = Authentication(verdict=Verdict.NONE)
NOT_ANSWERED = "发件人验证未通过，不自动答复，待人工确认"
LATER = timedelta(minutes=31)


def told(letters: tuple[LetterRow, ...]) -> list[tuple[Kind, LetterState, str]]:
    return [(each.kind, each.state, each.reason) for each in letters]


def to(*addresses: str) -> tuple[Address, ...]:
    return tuple(Address(address=each) for each in addresses)


# ── a sender who fails authentication ────────────────────────────────────────────────────


def test_what_a_forged_sender_adds_to_a_dossier_is_held_and_gets_no_letter(intake: Intake) -> None:
    intake.post(dossier())
    intake.answer()
    before = intake.row()
    forged = dossier(ROBOTS, document("plan", content="2"))
    mail = intake.post(forged, text="申请撤回", authentication=FAILED)
    assert intake.states()[-1] == ("plan", 2, "held")
    assert (intake.mail(mail).fate, intake.mail(mail).reason) == (Fate.FILED, HELD)
    assert intake.mail(mail).unread  # a person looks
    assert told(intake.answer(after=LATER)) == [
        (Kind.ACKNOWLEDGEMENT, LetterState.SUPPRESSED, NOT_ANSWERED)
    ]
    after = intake.row()
    assert (after.flags, after.review) == (("held",), ("held",))  # and no wish to withdraw
    assert (after.name, after.secretariat, after.sender) == (
        before.name,
        before.secretariat,
        before.sender,
    )


def test_nor_does_he_by_replying_to_a_letter_or_asking(intake: Intake) -> None:
    intake.post(dossier())
    (letter,) = intake.answer()
    extra = dossier("", document("charter", "", content="2"))
    intake.post(extra, in_reply_to=letter.message_id, authentication=FAILED)
    assert intake.states()[-1] == ("charter", 2, "held")
    asks = intake.post(subject=f"请告知 {number(1)} 的进展", cc=to(STRANGER), authentication=FAILED)
    assert intake.mail(asks).fate is Fate.NOTED
    intake.post(dossier(ROBOTS, document("plan", content="3")), sender=STRANGER)
    assert intake.states()[-1] == ("plan", 2, "held")  # the Cc has let nobody in
    assert all(each.state is LetterState.SUPPRESSED for each in intake.answer()[:-1])


def test_the_letters_to_the_true_applicant_go_on(intake: Intake) -> None:
    intake.post(dossier(ROBOTS, document("form")))
    intake.post(dossier(ROBOTS, document("form", content="2")), authentication=FAILED)
    first, _ = intake.answer(after=LATER)
    intake.now += timedelta(hours=1)
    intake.post(dossier(ROBOTS, document("plan"), document("charter"), document("agreement")))
    (letter,) = intake.answer(after=LATER)
    assert (first.state, letter.state, letter.to) == (
        LetterState.QUEUED,
        LetterState.QUEUED,
        (SENDER,),
    )


def test_a_dossier_that_a_forged_sender_opens_waits_for_a_person(intake: Intake) -> None:
    mail = intake.post(dossier(), authentication=FAILED)
    assert intake.states() == [(kind, 1, "held") for kind in KINDS]
    assert told(intake.answer(after=LATER)) == [
        (Kind.ACKNOWLEDGEMENT, LetterState.SUPPRESSED, NOT_ANSWERED)
    ]
    assert intake.row().status is Status.IN_REVIEW
    assert intake.answer(after=timedelta(days=3)) == ()
    with intake.registry.write() as connection:
        decisions.accept(connection, intake.row(), mail, who="desk", now=intake.now)
    (notice,) = intake.answer(after=LATER)
    assert (notice.state, notice.to) == (LetterState.QUEUED, (SENDER,))
    assert number(1) in notice.subject


def test_a_link_alone_and_what_is_unrelated_get_no_letter_either(intake: Intake) -> None:
    intake.post(subject=f"报送{ROBOTS}材料", links=(LINK,), authentication=FAILED)
    intake.post(subject="联盟申报咨询", text="请问何时截止？", authentication=FAILED)
    letters = intake.answer(after=LATER)
    assert {each.reason for each in letters} == {NOT_ANSWERED}
    assert len(letters) == 2


@pytest.mark.parametrize("authentication", [PASSED, UNTOLD, None])
def test_a_sender_who_passes_or_of_whom_nothing_is_told_is_answered(
    intake: Intake, authentication: Authentication | None
) -> None:
    mail = intake.post(dossier(), authentication=authentication)
    assert [each.state for each in intake.answer()] == [LetterState.QUEUED]
    record = mail_record(intake.mail(mail), ZONE)
    expected = authentication and {
        "verdict": authentication.verdict,
        "results": authentication.results,
    }
    assert record.get("authentication") == expected


def test_a_person_may_assign_the_mail_of_a_sender_who_failed(intake: Intake) -> None:
    intake.post(dossier())
    extra = dossier(ROBOTS, document("plan", content="2"))
    mail = intake.post(extra, authentication=FAILED)
    with intake.registry.write() as connection:
        decisions.assign(connection, mail, number(1), who="desk", now=intake.now)
    intake.file(mail, understood(extra, authentication=FAILED))
    assert intake.states()[-1] == ("plan", 3, "current")


# ── Reply-To ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("sender", "reply_to", "goes_to"),
    [
        (SENDER, to("projects@example.com"), "projects@example.com"),
        (SENDER, to("office@kjc.example.com"), "office@kjc.example.com"),
        (SENDER, to(STRANGER), SENDER),  # a third party
        (SENDER, to("office@notexample.com"), SENDER),
        (SENDER, to("a@example.com", "b@example.com"), SENDER),
        (SENDER, to("bad address@example.com"), SENDER),
        (SENDER, (), SENDER),
        ("one@qq.com", to("other@qq.com"), "one@qq.com"),  # at a provider anybody is
    ],
)
def test_reply_to_is_honoured_only_within_the_house_of_the_sender(
    intake: Intake, sender: str, reply_to: tuple[Address, ...], goes_to: str
) -> None:
    mail = intake.post(dossier(), sender=sender, reply_to=reply_to)
    (letter,) = intake.answer()
    assert letter.to == (goes_to,)
    assert intake.mail(mail).answer_to == goes_to


def test_or_where_it_is_on_the_dossier_already(intake: Intake) -> None:
    intake.post(dossier(), cc=to(STRANGER))
    intake.post(dossier(LIGHTS), sender="lights@example.org")
    intake.answer(after=LATER)
    plan = dossier(ROBOTS, document("plan", content="2"))
    both = (*plan.documents, document("plan", LIGHTS, content="2"))
    intake.post(plan, reply_to=to(STRANGER))
    assert [each.to for each in intake.answer(after=LATER)] == [(STRANGER,)]
    intake.post(dossier(ROBOTS, both[0]), dossier(LIGHTS, both[1]), reply_to=to(STRANGER))
    assert [each.to for each in intake.answer(after=LATER)] == [(SENDER,)]


def test_nobody_puts_an_address_on_a_dossier_by_the_form_he_sends_with_it(intake: Intake) -> None:
    form = document("form")
    fields = form.facts.fields | {"email": Fact(value=STRANGER, page=1, quote=STRANGER)}
    form = replace(form, facts=replace(form.facts, fields=fields))
    intake.post(dossier(ROBOTS, form), reply_to=to(STRANGER))
    assert [each.to for each in intake.answer(after=LATER)] == [(SENDER,)]


def test_who_is_never_answered_is_not_answered_elsewhere(intake: Intake) -> None:
    intake.receipts(never_answer=[SENDER])
    intake.post(dossier(), reply_to=to("projects@example.com"))
    assert [each.state for each in intake.answer()] == [LetterState.SUPPRESSED]


# ── caps ─────────────────────────────────────────────────────────────────────────────────


def test_what_is_over_the_hourly_cap_waits_for_a_person_and_the_next_hour_is_free(
    intake: Intake,
) -> None:
    intake.receipts(per_hour=2)
    for index, name in enumerate((ROBOTS, LIGHTS, SENSORS)):
        intake.post(dossier(name), sender=f"office@{index}.example.com")
    over = (LetterState.DRAFT, "一小时内函件已达上限，待人工确认")
    letters = intake.answer()
    assert [(each.state, each.reason) for each in letters] == [(LetterState.QUEUED, "")] * 2 + [
        over
    ]
    intake.post(dossier(ROBOTS, document("plan", content="2")), sender="office@0.example.com")
    assert [each.state for each in intake.answer(after=timedelta(minutes=50))] == [over[0]]
    intake.post(dossier(ROBOTS, document("plan", content="3")), sender="office@0.example.com")
    assert [each.state for each in intake.answer(after=timedelta(minutes=11))] == [
        LetterState.QUEUED
    ]


def test_a_forger_has_a_third_party_written_to_no_more_often_than_the_caps_say(
    intake: Intake,
) -> None:
    intake.receipts(per_address_per_day=3)
    victim = "victim@example.net"
    for _ in range(5):
        intake.post(sender=victim, subject="咨询联盟申报")
    assert [each.state for each in intake.answer()].count(LetterState.QUEUED) == 1
    for at in range(5):
        intake.post(dossier(LIGHTS, document("plan", LIGHTS, content=str(at))), sender=victim)
        intake.answer(after=LATER)
    queued = [each for each in intake.letters() if each.state is LetterState.QUEUED]
    assert len(queued) == 3
    assert {each.to for each in queued} == {(victim,)}


# ── a stranger ───────────────────────────────────────────────────────────────────────────


def test_a_stranger_who_quotes_a_number_changes_nothing_and_learns_nothing(intake: Intake) -> None:
    intake.post(dossier(ROBOTS, document("form"), document("plan")))
    intake.answer(after=LATER)
    row, states = intake.row(), intake.states()
    findings = _record(intake)["findings"]
    asks = intake.post(
        sender=STRANGER,
        subject=f"[{number(1)}] {ROBOTS}",
        text="请告知缺哪些材料，并申请撤回。",
        reply_to=to(STRANGER),
    )
    adds = intake.post(
        dossier("", document("charter", "", content="2")),
        sender=STRANGER,
        subject=f"补充 {number(1)}",
        links=(LINK,),
    )
    letters = intake.answer(after=LATER)
    assert intake.mail(asks).fate is Fate.NOTED  # a person reads it, and nobody else answers
    assert intake.mail(asks).letters == ()
    assert [(each.to, each.kind, each.mails) for each in letters] == [
        ((STRANGER,), Kind.ACKNOWLEDGEMENT, (adds,))
    ]
    known = (row.name, row.secretariat, row.recommender, "缺", "纸质", "状态")
    said = letters[0].text + letters[0].html
    assert [word for word in known if word in said] == []
    assert number(1) not in said.replace(f"补充 {number(1)}", "")  # but for his own subject
    assert intake.states() == [*states, ("charter", 1, "held")]
    after = intake.row()
    assert (after.sender, after.withdrawn, after.review) == (row.sender, False, ("held",))
    assert _record(intake)["findings"] == findings
    assert [each.to for each in intake.answer(after=timedelta(days=5))] == []


def _record(intake: Intake) -> dict[str, object]:
    with intake.registry.read() as connection:
        return dossier_record(queries.view(connection, intake.row()), ZONE)


# ── settings and desk ────────────────────────────────────────────────────────────────────


def test_the_trusted_host_is_set_for_each_mailbox(tmp_path: Path) -> None:
    file = tmp_path / "intake.toml"
    file.write_text(
        '[mailbox.main]\nuser = "intake"\ntrusted_host = "mx.example.org"\n'
        "[receipts]\nper_hour = 30\n",
        encoding="utf-8",
    )
    settings = load_settings(file)
    assert settings.mailbox["main"].trusted_host == "mx.example.org"
    assert settings.receipts.per_hour == 30
    file.write_text('[mailbox.main]\nuser = "a"\ntrusted_host = "mx; x"\n', encoding="utf-8")
    with pytest.raises(SettingsError, match=r"mailbox\.main\.trusted_host"):
        load_settings(file)


def test_the_mailbox_of_a_mail_tells_whose_word_counts(intake: Intake, tmp_path: Path) -> None:
    settings = intake.house.settings.model_copy(
        update={"mailbox": {"main": Mailbox(user="intake", trusted_host="mx.example.org")}}
    )
    intake.house = replace(intake.house, settings=settings)
    raw = (
        "Authentication-Results: mx.example.org; dmarc=fail\r\n"
        f"From: {SENDER}\r\nTo: intake@example.org\r\nSubject: alliance\r\n\r\n{ROBOTS}\r\n"
    )
    mails = []
    for place in ({"mailbox": "main"}, {"mailbox": "other"}):
        with intake.house.originals.incoming() as file:
            file.write(f"X-Place: {place}\r\n{raw}".encode())
            mails.append(intake.receive(sha256=intake.house.originals.keep(file), **place))
    with Sandbox(Limits(), tmp_path / "work", size=1) as sandbox:
        file_pending(intake.house, sandbox, Touched(), Event())
    verdicts = [intake.mail(each).authentication for each in mails]
    assert verdicts == [FAILED, None]


def test_a_reply_to_the_service_itself_is_none(intake: Intake, tmp_path: Path) -> None:
    own = intake.house.settings.smtp.address
    sender = f"office@{own.rpartition('@')[2]}"
    raw = f"From: {sender}\r\nReply-To: {own}\r\nSubject: {ROBOTS}\r\n\r\nhello\r\n"
    with intake.house.originals.incoming() as file:
        file.write(raw.encode())
        mail = intake.receive(sha256=intake.house.originals.keep(file))
    with Sandbox(Limits(), tmp_path / "work", size=1) as sandbox:
        file_pending(intake.house, sandbox, Touched(), Event())
    assert (intake.mail(mail).sender, intake.mail(mail).answer_to) == (sender, sender)


def test_the_desk_shows_whose_word_was_given_and_who_was_not_reached(intake: Intake) -> None:
    intake.post(dossier(), authentication=PASSED)
    forged = intake.post(
        dossier(ROBOTS, document("plan", content="2")),
        authentication=FAILED,
        reply_to=to("projects@example.com"),
    )
    letter, _ = intake.answer()
    intake.post(sender="", machine="null-sender", bounced=(letter.message_id,))
    app = create_app(
        registry=intake.registry,
        originals=intake.house.originals,
        settings=intake.house.settings,
        calls=intake.house.calls,
        clock=lambda: NOW,
        secret=SECRET,
    )
    with intake.registry.write() as connection:
        add_account(connection, NAME, PASSWORD, role=Role.STAFF, who="test", now=NOW)
    with serve(app) as address, httpx.Client(base_url=address) as client:
        assert client.get(sign_in_path()).status_code == 303
        pages = [client.get(path).text for path in ("/", f"/dossiers/{number(1)}")]
        mail = client.get(f"/mails/{forged}").text
    assert all("申请人未收到" in page for page in pages)
    assert f"最近一封函件未能送达 {SENDER}" in pages[1]
    assert "发件人已验证" in pages[1]
    assert pages[1].count("badge sender-fail") == 2  # beside the held documents, and the mail
    assert all(word in mail for word in ("发件人验证未通过", "dmarc=fail", "projects@example.com"))
