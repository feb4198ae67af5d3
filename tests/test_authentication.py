"""What the trusted mail host says of a sender is read, and what others say in its name is not."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.limits import Limits
from parsers.authentication import Verdict, authenticate, same_domain
from parsers.message import read_message
from tests.builders import submission

HOST = "mx.example.org"
OURS = "office@example.com"


def verdict(header: str, *, sender: str = OURS, host: str = HOST) -> Verdict:
    told = authenticate(submission(sender=sender, authentication_results=header), host)
    assert told
    return told.verdict


@pytest.mark.parametrize(
    "results",
    [
        "dmarc=pass header.from=example.com",
        "dmarc=pass (p=none dis=none) header.from=example.com; spf=fail smtp.mailfrom=x@other.example",
        "spf=pass smtp.mailfrom=office@example.com; dkim=none",
        "spf=pass smtp.mail=office@example.com",  # as NetEase writes it
        "dkim=pass header.i=@mail.example.com header.s=k1; spf=softfail smtp.mailfrom=example.com",
        "dmarc=none header.from=example.com; dkim=pass header.d=example.com",
        "dkim=fail header.d=example.com; dkim=pass header.d=example.com",
        "dmarc=temperror; spf=pass smtp.mailfrom=example.com",
    ],
)
def test_a_sender_passes_by_his_domains_policy_or_by_spf_or_dkim_for_it(results: str) -> None:
    assert verdict(f"{HOST}; {results}") is Verdict.PASS


@pytest.mark.parametrize(
    "results",
    [
        "dmarc=fail (p=reject) header.from=example.com",
        "dmarc=fail header.from=example.com; spf=pass smtp.mailfrom=example.com",
        "spf=fail smtp.mailfrom=office@example.com; dkim=fail header.d=example.com",
        "dkim=fail; spf=fail smtp.helo=mail.example.com",
        "spf=fail smtp.mailfrom=example.com; dkim=none",
        "spf=fail smtp.mailfrom=example.com; dkim=pass header.d=other.example",
        # what passes for another domain is no help to him who borrows this one
        "spf=fail smtp.mailfrom=example.com; dkim=fail header.d=example.com; dkim=pass header.d=b.cn",
        'spf=fail (dmarc=pass) smtp.mailfrom=example.com; dkim=fail reason="; dmarc=pass"',
        "SPF=hardfail smtp.mailfrom=example.com; DKIM/1 = fail header.d=example.com",
    ],
)
def test_a_sender_fails_by_policy_or_by_spf_without_a_signature_that_passes(results: str) -> None:
    assert verdict(f"{HOST} 1;\r\n\t{results}") is Verdict.FAIL


@pytest.mark.parametrize(
    "results",
    [
        "none",
        "spf=softfail smtp.mailfrom=example.com; dkim=none",
        "spf=none smtp.mailfrom=example.com; dkim=fail header.d=example.com",  # as lists break it
        "spf=pass smtp.mailfrom=bounce@other.example; dkim=pass header.d=other.example",
        "spf=fail smtp.mailfrom=other.example; dkim=fail header.d=other.example",
        "dmarc=pass header.from=other.example",
        'spf=pass smtp.mailfrom="a; dmarc=pass x"@other.example',
        "spf=pass smtp.mailfrom==?us-ascii?q?a=3B_dmarc=3Dpass?=@other.example",
    ],
)
def test_what_speaks_for_nobody_leaves_a_sender_unverified(results: str) -> None:
    assert verdict(f"{HOST}; {results}") is Verdict.NONE


@pytest.mark.parametrize(
    "header",
    [
        "",
        "mx.example.net; dmarc=fail header.from=example.com",
        "mx.example.org.example.net; dmarc=fail",
        "; dmarc=fail",
        "spf=fail; dmarc=fail",  # as Exchange Online writes it, in nobody's name
    ],
)
def test_the_word_of_another_host_or_of_nobody_is_no_word(header: str) -> None:
    assert verdict(header) is Verdict.NONE


@pytest.mark.parametrize(
    "results",
    [
        "spf=fail smtp.mailfrom=a(b@other.example; dmarc=fail",
        'spf=pass smtp.mailfrom=a"b@other.example; dmarc=fail',
        "spf=pass) dmarc=fail",
    ],
)
def test_a_sender_cannot_hide_what_the_host_says_by_making_it_unreadable(results: str) -> None:
    assert verdict(f"{HOST}; {results}") is Verdict.FAIL
    assert verdict(f"mx.example.net; {results}") is Verdict.NONE


def test_a_host_is_the_same_in_capitals() -> None:
    assert verdict('"MX.Example.org"; dmarc=fail') is Verdict.FAIL


def test_without_a_trusted_host_nothing_is_said() -> None:
    mail = submission(authentication_results=f"{HOST}; dmarc=fail")
    assert authenticate(mail, "") is None


def test_the_results_are_kept_as_they_were_told() -> None:
    header = f"{HOST}; dmarc=none; x-spam=no; spf=pass smtp.mailfrom=example.com"
    told = authenticate(submission(authentication_results=header), HOST)
    assert told
    assert told.results == "dmarc=none spf=pass"


@pytest.mark.parametrize(
    ("results", "kept"),
    [
        ("spf=none", "spf=none dkim-unverified=example.com"),
        ("dkim=fail header.d=example.com", "dkim=fail"),
        ("dkim=none", "dkim=none"),
    ],
)
def test_a_signature_on_which_the_host_is_silent_is_told_and_counts_for_nothing(
    results: str, kept: str
) -> None:
    signature = "v=1; a=rsa-sha256; bh=d=x=; d=Example.com; s=k1; b=ZD1="
    mail = submission(
        sender=OURS,
        authentication_results=f"{HOST}; {results}",
        headers=(("dkim-signature", signature),),
    )
    told = authenticate(mail, HOST)
    assert told
    assert (told.verdict, told.results) == (Verdict.NONE, kept)


def test_letters_beyond_ascii_hide_nothing(tmp_path: Path) -> None:
    top = f"Authentication-Results: {HOST}; spf=none smtp.mailfrom=赵@example.net; dmarc=fail\r\n"
    path = tmp_path / "mail.eml"
    path.write_bytes(f"{top}From: office@example.com\r\n\r\nhello\r\n".encode())
    (tmp_path / "work").mkdir()
    told = authenticate(read_message(path, tmp_path / "work", Limits()), HOST)
    assert told
    assert told.failed


def test_only_the_topmost_header_is_read_and_no_word_in_it_is_decoded(tmp_path: Path) -> None:
    path = tmp_path / "mail.eml"
    path.write_bytes(
        b"Received: from mail.other.example by mx.example.org; Wed, 1 Jun 2016 10:00:00 +0800\r\n"
        b"Authentication-Results: mx.example.org;\r\n"
        b" spf=none smtp.mailfrom==?us-ascii?q?a=3B_dmarc=3Dpass_x?=@other.example\r\n"
        b"Authentication-Results: mx.example.org; dmarc=pass header.from=example.com\r\n"
        b"From: office@example.com\r\nTo: intake@example.org\r\nSubject: hello\r\n\r\nhello\r\n"
    )
    work = tmp_path / "work"
    work.mkdir()
    told = authenticate(read_message(path, work, Limits()), HOST)
    assert told
    assert (told.verdict, told.results) == (Verdict.NONE, "spf=none")


@given(st.text(alphabet='abc=;()"\\/. \t\r\n1', max_size=200))
def test_nothing_in_the_header_is_too_odd_to_be_read(text: str) -> None:
    assert verdict(f"{HOST}; {text}") in set(Verdict)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("example.com", "example.com", True),
        ("mail.Example.com.", "example.com", True),
        ("example.com", "a.b.example.com", True),
        ("notexample.com", "example.com", False),
        ("a.example.com", "b.example.com", False),
        ("", "example.com", False),
        ("", "", False),
    ],
)
def test_one_house_owns_a_domain_and_what_lies_under_it(one: str, other: str, same: bool) -> None:  # noqa: FBT001 - as listed
    assert same_domain(one, other) is same
