"""Where a mail belongs: every fate, and what joins two things to one dossier (rule 8)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.names import normal_form
from parsers.submission import Document, Dossier, Fact, Problem
from registry.routing import NEW, KnownDossier, Parcel, Placement, Route, route
from registry.rows import Fate
from tests.builders import (
    CALL,
    HOST,
    KINDS,
    LIGHTS,
    LINK,
    OTHER_HOST,
    ROBOTS,
    SENDER,
    SENSORS,
    STRANGER,
    document,
    dossier,
    number,
)

SCAN = document("other", "", problem=Problem.SCAN, path="盖章版.pdf")
NAMELESS = dossier("", document("agreement", ""))
CLEAN = dossier()


def parcel(**changes: object) -> Parcel:
    values: dict[str, Any] = {
        "sender": SENDER,
        "thread": (),
        "replies": (),
        "names": (),
        "dossiers": (),
    }
    return Parcel(**(values | changes))


def known(serial: int = 1, name: str = ROBOTS, **changes: object) -> KnownDossier:
    values: dict[str, Any] = {
        "id": serial,
        "number": number(serial),
        "name": name,
        "secretariat": HOST,
        "addresses": frozenset({SENDER}),
        "checksums": frozenset({document("form", name).sha256}),
    }
    return KnownDossier(**(values | changes))


def sums(*documents: Document) -> frozenset[str]:
    return frozenset(each.sha256 for each in documents)


def only(found: Route) -> Placement:
    (placement,) = found.placements
    return placement


# ── fates ────────────────────────────────────────────────────────────────────────────────


def test_documents_of_an_alliance_nobody_knows_open_a_dossier() -> None:
    found = route(parcel(dossiers=(CLEAN,)), (), CALL)
    assert found.fate is Fate.FILED
    placed = only(found)
    assert (placed.dossier, placed.name, placed.secretariat) == (None, ROBOTS, HOST)
    assert placed.documents == CLEAN.documents
    assert not placed.held
    assert not placed.flags


def test_a_bounce_of_a_letter_of_ours_is_a_bounce_whatever_it_returns() -> None:
    found = route(parcel(dossiers=(CLEAN,), machine="null-sender", bounced=True), (), CALL)
    assert (found.fate, found.placements) == (Fate.BOUNCE, ())


def test_mail_of_a_machine_without_a_recognised_document_is_automatic() -> None:
    cover = dossier("", document("other", ""))
    for brought in ((), (cover,)):
        found = route(parcel(dossiers=brought, machine="list", names=(ROBOTS,)), [known()], CALL)
        assert (found.fate, found.placements) == (Fate.AUTOMATIC, ())


def test_mail_of_a_machine_with_a_recognised_document_is_filed() -> None:
    found = route(parcel(dossiers=(CLEAN,), machine="auto-submitted"), (), CALL)
    assert found.fate is Fate.FILED


def test_a_mail_of_which_no_dossier_can_be_told_is_unrelated() -> None:
    cover = dossier("", document("other", ""))
    for brought in ((), (cover,), (NAMELESS,)):
        assert route(parcel(dossiers=brought), [known()], CALL).fate is Fate.UNRELATED


def test_files_that_nobody_asks_for_open_no_dossier_even_under_a_name() -> None:
    licence = dossier(ROBOTS, document("other", path="营业执照.docx"))
    assert route(parcel(dossiers=(licence,)), (), CALL).fate is Fate.UNRELATED


@pytest.mark.parametrize("thread", [{"thread": (number(1),)}, {"names": (ROBOTS,)}])
def test_a_mail_without_file_and_link_about_a_known_dossier_is_noted(
    thread: dict[str, tuple[str, ...]],
) -> None:
    found = route(parcel(**thread), [known(), known(2, LIGHTS)], CALL)
    assert found.fate is Fate.NOTED
    assert only(found).dossier == known()


def test_a_short_name_of_a_file_gives_way_to_the_full_one_that_the_writer_speaks_of() -> None:
    locked = replace(
        document("other", "机器人联盟", path="机器人联盟.zip", problem=Problem.LOCKED),
        name=Fact(value="机器人产业联盟"),
        name_from="path",
    )
    short = Dossier(name="机器人产业联盟", secretariat="", documents=(locked,))
    found = only(route(parcel(names=(ROBOTS,), dossiers=(short,)), (), CALL))
    assert found.name == ROBOTS
    other = replace(short, name="海洋产业联盟")
    assert only(route(parcel(names=(ROBOTS,), dossiers=(other,)), (), CALL)).name == other.name


def test_a_link_to_a_known_dossier_is_filed_with_it() -> None:
    found = route(parcel(thread=(number(1),), links=(LINK.url,)), [known()], CALL)
    assert (found.fate, only(found).dossier) == (Fate.FILED, known())


def test_a_link_alone_opens_a_dossier_when_the_alliance_can_be_told() -> None:
    found = route(parcel(names=(ROBOTS,), links=(LINK.url,)), (), CALL)
    assert (found.fate, only(found).dossier, only(found).name) == (Fate.FILED, None, ROBOTS)


@pytest.mark.parametrize("names", [(), (ROBOTS, LIGHTS)])
def test_a_link_alone_is_unrelated_when_none_or_several_alliances_are_named(
    names: tuple[str, ...],
) -> None:
    assert route(parcel(names=names, links=(LINK.url,)), (), CALL).fate is Fate.UNRELATED


def test_a_locked_archive_opens_a_dossier_when_the_alliance_can_be_told() -> None:
    locked = dossier("", document("other", "", problem=Problem.LOCKED, path="材料.zip"))
    found = route(parcel(dossiers=(locked,), names=(ROBOTS,)), (), CALL)
    assert (found.fate, only(found).name) == (Fate.FILED, ROBOTS)
    assert route(parcel(dossiers=(locked,)), (), CALL).fate is Fate.UNRELATED


# ── what joins ───────────────────────────────────────────────────────────────────────────


def test_an_equal_normal_form_joins() -> None:
    spelt = dossier(f"《{ROBOTS}》 申报材料", document("plan", f"《{ROBOTS}》 申报材料"))
    found = route(parcel(dossiers=(spelt,)), [known()], CALL)
    assert only(found).dossier == known()


def test_an_equal_core_with_the_same_secretariat_joins() -> None:
    short = dossier("工业机器人产业联盟", secretariat=HOST)
    assert only(route(parcel(dossiers=(short,)), [known()], CALL)).dossier == known()


@pytest.mark.parametrize("secretariat", ["", OTHER_HOST])
def test_an_equal_core_alone_does_not_join(secretariat: str) -> None:
    short = dossier("工业机器人产业联盟", secretariat=secretariat)
    assert only(route(parcel(dossiers=(short,)), [known()], CALL)).dossier is None


def test_a_name_that_staff_have_said_is_the_same_joins_with_the_same_secretariat() -> None:
    also = frozenset({normal_form(SENSORS, CALL)})
    mine, others = dossier(SENSORS), dossier(SENSORS, secretariat=OTHER_HOST)
    assert only(route(parcel(dossiers=(mine,)), (known(also=also),), CALL)).dossier
    assert only(route(parcel(dossiers=(mine,)), (known(),), CALL)).dossier is None
    assert only(route(parcel(dossiers=(others,)), (known(also=also),), CALL)).dossier is None


def test_a_near_name_does_not_join() -> None:
    near = dossier("广东省工业机器产业技术创新联盟")
    assert only(route(parcel(dossiers=(near,)), [known()], CALL)).dossier is None


def test_one_name_with_another_secretariat_is_a_second_dossier_and_says_so() -> None:
    found = only(route(parcel(dossiers=(dossier(secretariat=OTHER_HOST),)), [known()], CALL))
    assert (found.dossier, found.flags) == (None, ("same-name",))


def test_of_two_dossiers_of_one_name_the_one_with_the_same_secretariat_takes_it() -> None:
    second = known(2, secretariat=OTHER_HOST, checksums=frozenset())
    brought = dossier(secretariat=OTHER_HOST, content="2")
    assert only(route(parcel(dossiers=(brought,)), [known(), second], CALL)).dossier == second


def test_a_number_in_the_thread_joins_documents_without_a_name() -> None:
    found = route(parcel(dossiers=(NAMELESS,), thread=(number(1),)), [known()], CALL)
    assert only(found).dossier == known()


def test_a_reply_on_one_dossier_with_the_documents_of_another_goes_to_the_other() -> None:
    both = [known(), known(2, LIGHTS)]
    brought = (dossier(LIGHTS, content="2"),)
    assert only(route(parcel(dossiers=brought, thread=(number(1),)), both, CALL)).dossier == both[1]
    brought = (dossier(SENSORS),)
    assert only(route(parcel(dossiers=brought, thread=(number(1),)), both, CALL)).dossier is None


def test_a_number_and_an_equal_core_join_though_the_name_is_spelt_otherwise() -> None:
    short = dossier("工业机器人产业联盟", document("plan", "工业机器人产业联盟", content="2"))
    found = route(parcel(dossiers=(short,), thread=(number(1),)), [known()], CALL)
    assert only(found).dossier == known()


def test_a_number_does_not_join_where_the_secretariat_is_another() -> None:
    brought = dossier(secretariat=OTHER_HOST)
    found = only(route(parcel(dossiers=(brought,), thread=(number(1),)), [known()], CALL))
    assert (found.dossier, found.flags) == (None, ("same-name",))


def test_documents_without_a_name_under_several_numbers_go_to_a_person() -> None:
    both = [known(), known(2, LIGHTS)]
    found = route(parcel(dossiers=(NAMELESS,), thread=(number(1), number(2))), both, CALL)
    assert found.fate is Fate.QUARANTINED
    assert number(1) in found.reason
    assert number(2) in found.reason


def test_documents_without_a_name_but_of_another_secretariat_go_to_a_person() -> None:
    form = document("form", "", secretariat=OTHER_HOST)
    found = route(parcel(dossiers=(dossier("", form),), thread=(number(1),)), [known()], CALL)
    assert found.fate is Fate.QUARANTINED
    assert number(1) in found.reason


def test_two_alliances_in_one_mail_go_to_two_dossiers() -> None:
    brought = (dossier(content="2"), dossier(LIGHTS))
    found = route(parcel(dossiers=brought), [known()], CALL)
    assert [each.dossier for each in found.placements] == [known(), None]


def test_two_sets_of_one_name_and_two_secretariats_in_one_mail_are_two_dossiers() -> None:
    brought = (dossier(), dossier(secretariat=OTHER_HOST))
    found = route(parcel(dossiers=brought), (), CALL)
    assert [each.secretariat for each in found.placements] == [HOST, OTHER_HOST]
    assert "same-name" in found.placements[1].flags


def test_two_sets_of_one_alliance_in_one_mail_are_one_dossier() -> None:
    brought = (dossier(ROBOTS, document("form")), dossier(ROBOTS, document("plan")))
    placed = only(route(parcel(dossiers=brought), (), CALL))
    assert [each.kind for each in placed.documents] == ["form", "plan"]


def test_documents_without_a_name_beside_others_are_told_to_staff() -> None:
    found = route(parcel(dossiers=(CLEAN, dossier(LIGHTS), NAMELESS)), (), CALL)
    assert found.fate is Fate.FILED
    assert NAMELESS.documents[0].path in found.reason


# ── who sent it ──────────────────────────────────────────────────────────────────────────


def test_documents_of_a_stranger_are_held() -> None:
    found = route(parcel(sender=STRANGER, dossiers=(dossier(content="2"),)), [known()], CALL)
    placed = only(found)
    assert (placed.stranger, placed.held, placed.flags) == (True, True, ("held",))


def test_who_replies_to_a_letter_of_ours_is_no_stranger() -> None:
    reply = {"thread": (number(1),), "replies": (number(1),)}
    brought = (dossier(content="2"),)
    placed = only(route(parcel(sender=STRANGER, dossiers=brought, **reply), [known()], CALL))
    assert (placed.stranger, placed.held) == (False, False)


def test_who_only_writes_the_number_is_still_a_stranger() -> None:
    brought = (dossier(content="2"),)
    found = route(parcel(sender=STRANGER, dossiers=brought, thread=(number(1),)), [known()], CALL)
    assert only(found).held


def test_a_new_version_for_a_complete_dossier_is_held_though_its_own_sender_sent_it() -> None:
    found = route(parcel(dossiers=(dossier(content="2"),)), [known(completed=True)], CALL)
    placed = only(found)
    assert (placed.stranger, placed.held, placed.flags) == (False, True, ("after-complete",))


# ── what is known already ────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("sender", [SENDER, STRANGER])
def test_documents_already_filed_are_a_duplicate_from_whomever(sender: str) -> None:
    held = known(checksums=sums(*CLEAN.documents))
    found = route(parcel(sender=sender, dossiers=(CLEAN,)), [held], CALL)
    placed = only(found)
    assert (found.fate, placed.documents, placed.known) == (Fate.DUPLICATE, (), len(KINDS))
    assert (placed.held, placed.stranger) == (False, sender == STRANGER)


def test_of_documents_of_which_some_are_known_only_the_others_are_filed() -> None:
    held = known(checksums=sums(*CLEAN.documents[:3]))
    placed = only(route(parcel(dossiers=(CLEAN,)), [held], CALL))
    assert placed.documents == CLEAN.documents[3:]


def test_a_known_file_without_a_name_finds_its_dossier_by_its_bytes() -> None:
    held = known(checksums=sums(*NAMELESS.documents))
    found = route(parcel(dossiers=(NAMELESS,)), [held], CALL)
    assert (found.fate, only(found).dossier) == (Fate.DUPLICATE, held)


def test_one_file_sent_twice_in_one_mail_is_filed_once() -> None:
    twice = dossier(ROBOTS, document("form"), document("form"))
    for more in ({}, {"assigned": NEW}):
        placed = only(route(parcel(dossiers=(twice,), **more), (), CALL))
        assert placed.documents == (document("form"),)


# ── withdrawn ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("brought", [(), (NAMELESS,), (dossier(content="2"),)])
def test_a_mail_about_a_withdrawn_dossier_goes_to_a_person(brought: tuple[Dossier, ...]) -> None:
    found = route(parcel(dossiers=brought, thread=(number(1),)), [known(withdrawn=True)], CALL)
    assert found.fate is Fate.QUARANTINED
    assert number(1) in found.reason


def test_an_alliance_that_applies_anew_after_withdrawal_gets_a_dossier_of_its_own() -> None:
    old = known(withdrawn=True, checksums=sums(*CLEAN.documents))
    found = route(parcel(dossiers=(CLEAN,)), [old], CALL)
    assert (found.fate, only(found).dossier) == (Fate.FILED, None)


# ── by hand ──────────────────────────────────────────────────────────────────────────────


def test_a_mail_assigned_by_hand_goes_where_the_person_said_and_is_not_held() -> None:
    brought = (dossier(LIGHTS), NAMELESS)
    found = route(
        parcel(sender=STRANGER, dossiers=brought, assigned=number(1), machine="list"),
        [known(completed=True)],
        CALL,
    )
    placed = only(found)
    assert (found.fate, placed.dossier) == (Fate.FILED, known(completed=True))
    assert len(placed.documents) == len(KINDS) + 1
    assert (placed.held, placed.stranger) == (False, False)


def test_a_mail_assigned_to_a_new_dossier_opens_one_even_where_one_of_its_name_is() -> None:
    placed = only(route(parcel(dossiers=(CLEAN,), assigned=NEW), [known()], CALL))
    assert (placed.dossier, placed.name, placed.secretariat) == (None, ROBOTS, HOST)


def test_a_mail_without_any_file_may_be_assigned_to_a_new_dossier() -> None:
    found = route(parcel(names=(LIGHTS,), assigned=NEW), (), CALL)
    assert (found.fate, only(found).name) == (Fate.FILED, LIGHTS)


def test_a_mail_assigned_to_a_number_that_is_none_goes_back_to_a_person() -> None:
    assert route(parcel(assigned=number(9)), [known()], CALL).fate is Fate.QUARANTINED


# ── whatever comes ───────────────────────────────────────────────────────────────────────

NAMES = st.sampled_from([ROBOTS, SENSORS, LIGHTS, "工业机器人产业联盟", ""])
HOSTS = st.sampled_from([HOST, OTHER_HOST, ""])
DOCUMENTS = st.builds(
    lambda kind, name, host, content: document(kind, name, secretariat=host, content=content),
    st.sampled_from([*KINDS, "other"]),
    NAMES,
    HOSTS,
    st.sampled_from("12"),
)
BROUGHT = st.lists(
    st.builds(
        lambda name, documents: dossier(name, *documents),
        NAMES,
        st.lists(DOCUMENTS, min_size=1, max_size=3),
    ),
    max_size=3,
)
HELD = st.lists(
    st.builds(
        lambda name, host, has, **flags: known(
            1, name, secretariat=host, checksums=sums(*has), **flags
        ),
        NAMES,
        HOSTS,
        st.lists(DOCUMENTS, max_size=3),
        completed=st.booleans(),
        withdrawn=st.booleans(),
    ),
    max_size=3,
).map(
    lambda every: [
        KnownDossier(**(vars(each) | {"id": at, "number": number(at)}))
        for at, each in enumerate(every, 1)
    ]
)


@given(
    brought=BROUGHT,
    held=HELD,
    thread=st.sampled_from([(), (1,), (1, 2)]),
    sender=st.sampled_from([SENDER, STRANGER]),
)
def test_nothing_known_is_filed_twice_and_no_strange_document_takes_effect(
    brought: list[Dossier], held: list[KnownDossier], thread: tuple[int, ...], sender: str
) -> None:
    found = route(
        parcel(
            sender=sender,
            dossiers=tuple(brought),
            thread=tuple(number(each) for each in thread),
        ),
        held,
        CALL,
    )
    into = [each.dossier.id for each in found.placements if each.dossier]
    assert len(into) == len(set(into))
    for placed in found.placements:
        given_sums = [each.sha256 for each in placed.documents]
        assert len(given_sums) == len(set(given_sums))
        if placed.dossier:
            assert not placed.dossier.withdrawn
            assert placed.dossier.checksums.isdisjoint(given_sums)
            assert placed.held == (
                bool(given_sums) and (sender == STRANGER or placed.dossier.completed)
            )


# ── what review found ────────────────────────────────────────────────────────────────────


def test_files_whose_bytes_could_not_be_had_are_not_one_file() -> None:
    damaged = (
        document("other", "", problem=Problem.DAMAGED, path="材料.zip/一.docx", sha256=""),
        document("other", "", problem=Problem.DAMAGED, path="材料.zip/二.docx", sha256=""),
    )
    found = route(parcel(dossiers=(dossier("", *damaged),), names=(ROBOTS,)), (), CALL)
    assert only(found).documents == damaged


def test_a_file_that_many_may_send_does_not_lead_to_the_dossier_that_has_it() -> None:
    letter = document("other", "", path="推荐函.docx")
    other = known(1, "广东省石墨烯产业技术创新联盟", checksums=sums(letter), addresses=frozenset())
    mine = known(2)
    asked = parcel(dossiers=(dossier("", letter),), thread=(number(2),))
    assert only(route(asked, (other, mine), CALL)).dossier == mine


def test_of_two_dossiers_of_one_name_the_one_in_the_thread_is_meant() -> None:
    agreement = document("agreement", ROBOTS, secretariat="")
    first = known(1, addresses=frozenset(), checksums=frozenset())
    second = known(2, secretariat="深圳市另一家科技有限公司", checksums=frozenset())
    supplement = replace(dossier(ROBOTS, agreement), secretariat="")
    threaded = parcel(dossiers=(supplement,), thread=(number(2),), replies=(number(2),))
    assert only(route(threaded, (first, second), CALL)).dossier == second
    mine = parcel(dossiers=(supplement,))
    assert only(route(mine, (first, second), CALL)).dossier == second
    nobodys = parcel(dossiers=(supplement,), sender="third@example.net")
    assert route(nobodys, (first, second), CALL).fate is Fate.QUARANTINED


def test_a_strangers_link_waits_for_staff() -> None:
    asked = parcel(
        sender="stranger@example.net", thread=(number(1),), links=("https://example.com/f",)
    )
    found = route(asked, (known(),), CALL)
    assert found.fate is Fate.FILED
    assert "超大附件" in found.reason
