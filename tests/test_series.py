"""One dossier over several mails, the same from two sides, and a batch with its manifest."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from parsers.submission import Document, Dossier, Fact, Listed, Problem
from registry.rows import Fate, Kind, Status
from tests.builders import (
    CALL,
    HOST,
    KINDS,
    LIGHTS,
    QUIET,
    ROBOTS,
    SENDER,
    SENSORS,
    STRANGER,
    Intake,
    document,
    dossier,
    number,
    understood,
)

BUREAU = "kjj@city.example.org"
MINUTE = timedelta(minutes=1)


def nameless(*kinds: str) -> Dossier:
    """Scans whose names tell a kind and no alliance."""
    scans = (
        document(kind, path=f"{CALL.title_of(kind)}扫描件.pdf", problem=Problem.SCAN)
        for kind in kinds
    )
    return dossier("", *scans)


def named(*kinds: str, name: str = ROBOTS, content: str = "1") -> Dossier:
    return dossier(name, *(document(kind, name, content=content) for kind in kinds))


def brought(intake: Intake, serial: int = 1) -> list[str]:
    return [each.kind for each in intake.documents(serial)]


# ── parts of one mail ────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("subject", "part"),
    [
        ("申报材料（1/3）", (1, 3, "申报材料")),
        ("申报材料 3／3", (3, 3, "申报材料")),
        ("2/3：申报材料", (2, 3, "申报材料")),
        ("5/31报送材料", None),
        ("2016/3/5报送材料", None),
        ("材料4/3", None),
        ("材料1/1", None),
        ("申报材料", None),
    ],
)
def test_a_subject_tells_which_part_a_mail_is(
    subject: str, part: tuple[int, int, str] | None
) -> None:
    found = CALL.mail.part_of(subject)
    assert (found and (found.number, found.whole, found.words)) == part


def test_three_parts_make_one_dossier_and_get_one_letter(intake: Intake) -> None:
    parts = (named("form", "plan"), named("charter"), named("agreement"))
    for at, part in enumerate(parts, start=1):
        intake.post(part, subject=f"申报材料（{at}/3）")
        intake.now += MINUTE
    [letter] = intake.answer(after=QUIET)
    assert intake.numbers() == [number(1)]
    assert (letter.kind, letter.mails) == (Kind.ACKNOWLEDGEMENT, (1, 2, 3))
    assert "3封邮件" in letter.text


def test_parts_that_tell_no_name_go_where_those_before_went(intake: Intake) -> None:
    intake.post(named("form"), subject="申报材料（1/3）")
    intake.post(nameless("plan", "charter"), subject="申报材料（2/3）")
    intake.post(nameless("agreement"), subject="申报材料（ 3 / 3 ）")
    assert intake.numbers() == [number(1)]
    assert brought(intake) == ["form", "plan", "charter", "agreement"]


@pytest.mark.parametrize(
    "second",
    [
        {"subject": "申报材料（2/4）"},
        {"subject": "另一份申报材料（2/3）"},
        {"subject": "申报材料（1/3）"},
        {"subject": "申报材料"},
        {"subject": "申报材料（2/3）", "sender": STRANGER},
    ],
    ids=["another count", "another subject", "a first part", "no part", "another sender"],
)
def test_what_is_no_part_of_the_series_is_asked_about(
    intake: Intake, second: dict[str, Any]
) -> None:
    intake.post(named("form"), subject="申报材料（1/3）")
    mail = intake.post(nameless("plan"), **second)
    assert intake.mail(mail).fate is Fate.UNRELATED
    assert brought(intake) == ["form"]


def test_a_part_after_a_day_or_after_one_that_went_nowhere_is_asked_about(
    intake: Intake,
) -> None:
    intake.post(nameless("form"), subject="申报材料（1/3）")
    intake.post(named("plan"), subject="申报材料（2/3）")
    last = intake.post(nameless("agreement"), subject="申报材料（3/3）")
    assert intake.mail(last).fate is Fate.UNRELATED
    intake.post(named("form", name=SENSORS), subject="材料（1/2）")
    intake.now += timedelta(hours=25)
    late = intake.post(nameless("agreement"), subject="材料（2/2）")
    assert intake.mail(late).fate is Fate.UNRELATED


def test_a_second_series_under_the_same_subject_is_not_taken_for_the_first(intake: Intake) -> None:
    """A clerk sends one alliance in two parts, and then another."""
    intake.post(named("form"), subject="申报材料（1/2）")
    intake.post(nameless("agreement"), subject="申报材料（2/2）")
    intake.post(nameless("form"), subject="申报材料（1/2）")
    again = intake.post(
        replace(
            nameless("agreement"),
            documents=(document("agreement", path="另一份协议.pdf", problem=Problem.SCAN),),
        ),
        subject="申报材料（2/2）",
    )
    assert intake.mail(again).fate is Fate.UNRELATED
    assert brought(intake) == ["form", "agreement"]


@pytest.mark.parametrize(
    ("subject", "kind"), [("申报材料（3/3）", "agreement"), ("申报材料（2/3）", "form")]
)
def test_a_part_that_may_be_of_a_second_series_is_asked_about(
    intake: Intake, subject: str, kind: str
) -> None:
    """The one before it has not come, or another part has brought its form already."""
    intake.post(named("form"), subject="申报材料（1/3）")
    mail = intake.post(nameless(kind), subject=subject)
    assert intake.mail(mail).fate is Fate.UNRELATED
    assert brought(intake) == ["form"]


def test_a_part_that_names_another_alliance_makes_its_own_dossier(intake: Intake) -> None:
    intake.post(named("form"), subject="申报材料（1/2）")
    intake.post(dossier(SENSORS), subject="申报材料（2/2）")
    assert intake.numbers() == [number(1), number(2)]


def test_a_list_of_what_is_missing_waits_while_more_is_announced(intake: Intake) -> None:
    intake.post(named("form", "plan"), text="其余随后发送。")
    assert intake.answer(after=QUIET) == ()
    intake.post(named("charter", "agreement"), subject="续：申报材料")
    [letter] = intake.answer()
    assert (letter.kind, letter.mails) == (Kind.ACKNOWLEDGEMENT, (1, 2))


# ── corrected versions ───────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "subject",
    [
        "以此版为准：章程",
        "章程更新版",
        "章程（最终版）",
        "替换章程",
        "[LM2016-0001] 章程",
        "补发章程",
    ],
)
def test_a_corrected_document_replaces_its_kind_and_nothing_else(
    intake: Intake, subject: str
) -> None:
    intake.post(dossier())
    intake.now += MINUTE
    intake.post(named("charter", content="2"), subject=subject)
    seen = [(each.kind, each.version, each.superseded) for each in intake.documents()]
    assert seen == [
        *((kind, 1, kind == "charter") for kind in KINDS),
        ("charter", 2, False),
    ]
    assert intake.numbers() == [number(1)]


def test_a_corrected_document_without_a_name_goes_by_the_number_in_the_subject(
    intake: Intake,
) -> None:
    intake.post(dossier())
    intake.now += MINUTE
    bare = dossier("", document("charter", "", content="2"))
    intake.post(bare, subject="[LM2016-0001] 以此版为准")
    assert [each.superseded for each in intake.documents() if each.kind == "charter"] == [
        True,
        False,
    ]


def test_after_completion_a_new_version_waits_for_a_person(intake: Intake) -> None:
    intake.paper()
    intake.post(dossier())
    intake.answer(after=QUIET)
    intake.post(named("charter", content="2"), subject="章程最终版，以此版为准")
    [letter] = intake.answer(after=QUIET)
    assert intake.row().status is Status.COMPLETE
    assert "after-complete" in intake.row().review
    assert "确认后方生效" in letter.text


# ── the same from two sides ──────────────────────────────────────────────────────────────


def test_what_the_bureau_sends_again_adds_nothing_and_it_is_told_once(intake: Intake) -> None:
    intake.post(dossier())
    intake.answer(after=QUIET)
    before = intake.row()
    mail = intake.post(dossier(), sender=BUREAU)
    [letter] = intake.answer(after=QUIET)
    assert intake.mail(mail).fate is Fate.DUPLICATE
    assert (letter.to, letter.mails) == ((BUREAU,), (mail,))
    assert "此前均已收到" in letter.text
    assert number(1) not in letter.subject + letter.text
    assert (intake.row().revision, len(intake.documents())) == (before.revision, 4)
    assert intake.answer(after=QUIET) == ()


def test_what_the_applicant_sends_after_the_bureau_adds_nothing_and_he_is_told_once(
    intake: Intake,
) -> None:
    intake.post(dossier(), dossier(SENSORS), sender=BUREAU)
    intake.answer(after=QUIET)
    mail = intake.post(dossier())
    [letter] = intake.answer(after=QUIET)
    assert intake.mail(mail).fate is Fate.DUPLICATE
    assert letter.to == (SENDER,)
    assert [len(intake.documents(serial)) for serial in (1, 2)] == [4, 4]


def test_a_batch_that_repeats_one_applicants_documents_is_answered_for_the_others(
    intake: Intake,
) -> None:
    intake.post(dossier())
    intake.answer(after=QUIET)
    mail = intake.post(dossier(), dossier(SENSORS), dossier(LIGHTS), sender=BUREAU)
    [letter] = intake.answer(after=QUIET)
    assert intake.mail(mail).fate is Fate.FILED
    assert letter.dossiers == (number(2), number(3))
    assert number(1) not in letter.text
    assert "来信中的其他材料由工作人员核对" in letter.text


# ── batches ──────────────────────────────────────────────────────────────────────────────


def scanned(name: str) -> Dossier:
    """A dossier whose agreement only a person can read."""
    whole = dossier(name)
    scan = document("agreement", path=f"{name}/协议.pdf", problem=Problem.SCAN)
    told = replace(scan, name=Fact(value=name), name_from="path")
    return dossier(name, *whole.documents[:3], told)


def test_a_dossier_that_waits_for_a_person_holds_the_notice_two_working_days(
    intake: Intake,
) -> None:
    lame = dossier(SENSORS, *dossier(SENSORS).documents[:3])
    intake.post(dossier(), lame, scanned(LIGHTS), sender=BUREAU)
    [acknowledgement] = intake.answer()
    assert acknowledgement.kind is Kind.ACKNOWLEDGEMENT
    assert intake.answer(after=QUIET) == ()
    assert intake.answer(after=timedelta(days=1)) == ()
    assert intake.answer(after=timedelta(days=1)) == ()  # Friday, the second working day
    [notice] = intake.answer(after=timedelta(days=1))
    assert (notice.kind, notice.dossiers) == (Kind.MISSING_ITEMS, (number(2),))
    assert LIGHTS not in notice.text
    assert intake.answer(after=timedelta(days=1)) == ()


def test_a_notice_on_several_has_a_section_for_each_that_lacks_something(intake: Intake) -> None:
    lame = [dossier(each, *dossier(each).documents[:3]) for each in (SENSORS, LIGHTS)]
    intake.post(dossier(), *lame, sender=BUREAU)
    intake.answer()
    [notice] = intake.answer(after=QUIET)
    assert notice.dossiers == (number(2), number(3))
    assert notice.text.count("【组建协议】") == 2
    assert notice.text.count(f"{SENSORS}（{number(2)}）") == 1
    assert ROBOTS not in notice.text
    assert HOST not in notice.text


# ── what the manifest of a batch lists ───────────────────────────────────────────────────


def manifest(*names: str) -> Document:
    sheet = document("other", "", path="推荐汇总表.xls")
    return replace(sheet, listed=tuple(Listed(name=each) for each in names))


def letter_of_recommendation() -> Dossier:
    return dossier("", document("other", path="推荐函.pdf", problem=Problem.SCAN))


def post_batch(
    intake: Intake, lists: Document, *dossiers: Dossier, sender: str = BUREAU, subject: str = "推荐"
) -> int:
    """Take in and file a mail with a manifest."""
    taken = intake.receive()
    mail = understood(
        *dossiers, sender=sender, subject=subject, files=1, message_id=f"<m{taken}@example.org>"
    )
    intake.file(taken, replace(mail, manifests=(lists,)))
    return taken


def test_what_is_listed_and_did_not_come_is_told_to_staff_and_sender(intake: Intake) -> None:
    mail = post_batch(intake, manifest(ROBOTS, SENSORS, LIGHTS), dossier(), dossier(SENSORS))
    [letter] = intake.answer(after=QUIET)
    assert intake.mail(mail).reason == f"汇总表所列、未见材料：{LIGHTS}"
    assert intake.mail(mail).unread
    assert f"汇总表所列、本次未见材料的联盟（1个）：{LIGHTS}。" in letter.text


def test_a_batch_as_listed_leaves_no_remark(intake: Intake) -> None:
    mail = post_batch(
        intake,
        manifest(ROBOTS, SENSORS),
        dossier(),
        dossier(SENSORS),
        letter_of_recommendation(),
    )
    [letter] = intake.answer(after=QUIET)
    assert (intake.mail(mail).fate, intake.mail(mail).reason) == (Fate.FILED, "")
    assert "汇总表所列" not in letter.text
    assert "此外收到：推荐函.pdf、推荐汇总表.xls。" in letter.text
    assert [brought(intake, serial) for serial in (1, 2)] == [list(KINDS)] * 2
    assert [intake.row(serial).status for serial in (1, 2)] == [Status.AWAITING_PAPER] * 2


def test_what_is_not_listed_or_listed_otherwise_is_told_to_staff_only(intake: Intake) -> None:
    slip = "广东省工业机械人产业技术创新联盟"
    mail = post_batch(intake, manifest(slip, SENSORS), dossier(), dossier(SENSORS), dossier(LIGHTS))
    [letter] = intake.answer(after=QUIET)
    reason = intake.mail(mail).reason
    assert f"未列入汇总表：{LIGHTS}" in reason
    assert f"汇总表所列“{slip}”与材料中的“{ROBOTS}”名称不一致" in reason
    assert "未见材料" not in reason
    assert "汇总表所列" not in letter.text


def test_what_others_have_handed_in_is_no_lack_to_staff_and_no_news_to_the_sender(
    intake: Intake,
) -> None:
    intake.post(dossier())
    mail = post_batch(intake, manifest(ROBOTS, SENSORS, LIGHTS), dossier(SENSORS))
    letter = intake.answer(after=QUIET)[-1]
    assert intake.mail(mail).reason == f"汇总表所列、未见材料：{LIGHTS}"
    assert f"（2个）：{ROBOTS}、{LIGHTS}。如已另行报送，无需重复报送。" in letter.text


def test_what_the_sender_himself_handed_in_before_is_not_told_as_absent(intake: Intake) -> None:
    intake.post(dossier(), sender=BUREAU)
    post_batch(intake, manifest(ROBOTS, SENSORS), dossier(SENSORS))
    assert "汇总表所列" not in intake.answer(after=QUIET)[-1].text


def test_a_list_that_has_nothing_of_what_came_is_no_manifest_of_it(intake: Intake) -> None:
    mail = post_batch(intake, manifest(SENSORS, LIGHTS), dossier())
    [letter] = intake.answer(after=QUIET)
    assert intake.mail(mail).reason == ""
    assert "汇总表所列" not in letter.text


def test_a_manifest_alone_opens_nothing_and_its_sender_is_asked_for_the_documents(
    intake: Intake,
) -> None:
    lists = manifest(SENSORS, LIGHTS)
    mail = post_batch(intake, lists, letter_of_recommendation(), subject="推荐汇总表")
    [letter] = intake.answer(after=QUIET)
    assert (intake.mail(mail).fate, intake.numbers()) == (Fate.UNRELATED, [])
    assert f"未见所列联盟（2个）的申报材料，因此尚未编号登记：{SENSORS}、{LIGHTS}。" in letter.text


def test_a_manifest_alone_of_what_is_on_record_is_kept_for_staff(intake: Intake) -> None:
    intake.post(dossier(), sender=BUREAU)
    intake.answer(after=QUIET)
    mail = post_batch(intake, manifest(ROBOTS, SENSORS))
    assert intake.mail(mail).fate is Fate.NOTED
    assert intake.mail(mail).dossiers == (number(1),)
    assert "来信仅附汇总表" in intake.mail(mail).reason
    assert intake.answer(after=QUIET) == ()


def test_a_batch_sent_again_with_its_scanned_letter_is_a_duplicate(intake: Intake) -> None:
    lists, letter = manifest(ROBOTS, SENSORS), letter_of_recommendation()
    post_batch(intake, lists, dossier(), dossier(SENSORS), letter)
    intake.answer(after=QUIET)
    again = post_batch(intake, lists, dossier(), dossier(SENSORS), letter, subject="再发")
    assert intake.mail(again).fate is Fate.DUPLICATE
    [told] = intake.answer(after=QUIET)
    assert "此前均已收到并登记" in told.text


def test_a_reply_about_several_with_a_letter_of_recommendation_is_filed(intake: Intake) -> None:
    lame = [dossier(each, *dossier(each).documents[:3]) for each in (SENSORS, LIGHTS)]
    intake.post(*lame, sender=BUREAU)
    [first] = intake.answer()
    mail = intake.post(
        *(dossier(each, document("agreement", each)) for each in (SENSORS, LIGHTS)),
        letter_of_recommendation(),
        sender=BUREAU,
        in_reply_to=first.message_id,
    )
    assert intake.mail(mail).fate is Fate.FILED
    assert [brought(intake, serial)[-1] for serial in (1, 2)] == ["agreement", "agreement"]


def test_a_stranger_learns_nothing_from_a_manifest(intake: Intake) -> None:
    intake.post(dossier())
    intake.answer(after=QUIET)
    changed = dossier(content="2")
    post_batch(intake, manifest(ROBOTS, SENSORS), changed, sender=STRANGER)
    letter = intake.answer(after=QUIET)[-1]
    assert letter.to == (STRANGER,)
    assert ROBOTS not in letter.text
    assert SENSORS not in letter.text
    assert "held" in intake.row().review
