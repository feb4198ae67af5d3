"""Whose mail counts for a dossier: the addresses that are on it, and their domains."""

from __future__ import annotations

from dataclasses import replace

import pytest

from parsers.submission import Address, Dossier, Fact
from registry import decisions
from registry.addresses import PUBLIC_PROVIDERS, on_dossier
from tests.builders import ROBOTS, SENDER, STRANGER, Intake, document, dossier


def knows(intake: Intake, address: str) -> bool:
    with intake.registry.read() as connection:
        return on_dossier(connection, 1, address)


def with_email(value: str, content: str = "1") -> Dossier:
    form = document("form", content=content)
    fields = form.facts.fields | {"email": Fact(value=value)}
    return dossier(ROBOTS, replace(form, facts=replace(form.facts, fields=fields)))


def test_senders_and_their_cc_are_on_the_dossier(intake: Intake) -> None:
    intake.post(dossier(), cc=(Address(address="clerk@example.org"),))
    assert knows(intake, SENDER)
    assert knows(intake, "clerk@example.org")
    assert not knows(intake, STRANGER)


def test_who_has_the_same_domain_is_on_the_dossier_but_not_who_only_ends_alike(
    intake: Intake,
) -> None:
    intake.post(dossier())
    assert knows(intake, "another@example.com")
    assert not knows(intake, "another@other-example.com")
    assert not knows(intake, "another@sub.example.com")


def test_at_a_public_provider_only_the_very_address_counts(intake: Intake) -> None:
    intake.post(dossier(), cc=tuple(Address(address=f"one@{each}") for each in PUBLIC_PROVIDERS))
    for provider in PUBLIC_PROVIDERS:
        assert knows(intake, f"one@{provider}")
        assert not knows(intake, f"other@{provider}")


@pytest.mark.parametrize(
    "value",
    [
        "Clerk@Example.NET",
        " clerk@example.net ",
        "clerk@example.net、office@example.org",
        "综合部 clerk@example.net; 传真 00000000",
        "mailto:clerk@example.net",
        "clerk＠example．net",
    ],
)
def test_the_contact_in_the_form_is_on_the_dossier_however_it_is_written(
    intake: Intake, value: str
) -> None:
    intake.post(with_email(value))
    assert knows(intake, "clerk@example.net")


@pytest.mark.parametrize("value", ["", "无", "@", "clerk@", "@example.net"])
def test_a_field_without_an_address_lets_nobody_in(intake: Intake, value: str) -> None:
    intake.post(with_email(value), sender="")
    assert not knows(intake, "")
    assert not knows(intake, STRANGER)
    assert not knows(intake, "clerk@")


def test_the_contact_of_the_paper_record_is_on_the_dossier(intake: Intake) -> None:
    intake.paper(email="Clerk@example.net")
    intake.post(dossier())
    assert not knows(intake, "clerk@example.net")
    intake.judge()
    assert knows(intake, "clerk@example.net")


def test_a_stranger_and_what_he_wrote_in_his_form_let_nobody_in(intake: Intake) -> None:
    intake.post(dossier())
    mail = intake.post(
        with_email("clerk@example.org", content="2"),
        sender=STRANGER,
        cc=(Address(address="friend@example.org"),),
    )
    for address in (STRANGER, "clerk@example.org", "friend@example.org"):
        assert not knows(intake, address)
    with intake.registry.write() as connection:
        decisions.accept(connection, intake.row(), mail, who="staff", now=intake.now)
    for address in (STRANGER, "clerk@example.org", "friend@example.org"):
        assert knows(intake, address)


@pytest.mark.parametrize("piece", ["a", "1.", "联盟"])
def test_a_field_that_is_made_to_be_slow_is_read_at_once(intake: Intake, piece: str) -> None:
    intake.post(with_email(piece * 50_000 + " clerk@example.net"))
    assert knows(intake, "clerk@example.net")
