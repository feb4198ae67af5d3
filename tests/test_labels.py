"""Never answer a machine, always answer a person: measured on mails that were labelled by hand.

The labels were given by reading the mails, not the product, and change only when a mail was
misread. Those of the public corpus stand in `labels/corpus.tsv` and in the corpus's own
`labels.tsv`; the made mails, hard ones, in `labels/made.py`. A mail labelled `unclear` is a
fragment, spam, has no sender, or is a person's that says it is not to be answered; it is not
measured.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from config.limits import Limits
from ingest.automatic import is_bounce, machine_reason
from parsers.bounces import bounce_of
from parsers.errors import ParseError
from parsers.sandbox import Sandbox
from registry.answers import is_address
from tests.labels import made

HERE: Final = Path(__file__).parent
CORPUS: Final = HERE.parents[1] / "shared" / "corpus"
LABELS: Final = HERE / "labels" / "corpus.tsv"
NEVER_ANSWERED: Final = frozenset({
    "bounce", "autoreply", "auto-generated", "feedback-report",
})  # fmt: skip
"""The classes of machines; the corpus has others of which nothing is expected."""

FORWARDED: Final = frozenset({
    "auto/sisimai/maildir/err/make-test-36.eml", "auto/sisimai/maildir/bsd/lhost-sendmail-14.eml",
})  # fmt: skip
"""Called bounces by the corpus, since they hold one; a person passed them on without a question."""

UNTOLD: Final = {
    "mail/rubymail/spec/fixtures/emails/error_emails/cant_parse_from.eml":
        "an advertisement cut down to one sentence, from an address called news, as offices have",
    "mail/rubymail/spec/fixtures/emails/error_emails/must_supply_encoding.eml":
        "headers alone; a coded Reply-To is also that of a person who writes through a help desk",
}  # fmt: skip
"""Machines that are answered, since no sign of theirs is not also a person's."""

UNREACHED: Final = {
    "mail/rubymail/spec/fixtures/emails/rfc6532/utf8_headers.eml":
        "an address beyond ASCII in an unnamed character set: read wrongly, it is somebody else's",
}  # fmt: skip
"""People whose letter cannot be addressed; staff see it kept back, with this reason."""

AUTO: Final = "auto/sisimai/maildir"
NOT_BOUNCED: Final = {
    **dict.fromkeys(FORWARDED, "passed on by a person"),
    **dict.fromkeys(
        (
            f"{AUTO}/bsd/{name}.eml"
            for name in (
                *("lhost-exim-41", "lhost-sendmail-29", "lhost-zoho-04", "rhost-outlook-06"),
                *("lhost-gmail-06", "lhost-gmail-08", "lhost-gmail-17"),
                *("lhost-opensmtpd-06", "lhost-opensmtpd-12", "lhost-opensmtpd-15"),
                *("rfc3464-07", "rfc3464-09", "rfc3464-55"),
            )
        ),
        "only late: delivery is still being tried",
    ),
    f"{AUTO}/bsd/lhost-amazonses-11.eml": "a complaint: the letter was delivered",
    f"{AUTO}/bsd/lhost-fml-02.eml": "a list refuses who is no member of it",
    f"{AUTO}/bsd/lhost-fml-03.eml": "a list refuses a mail that it has seen",
}
"""Called bounces by the corpus, though they do not say that a letter's addressee got none."""

UNREADABLE: Final = "auto/sisimai/mailbox/size-2"
"""Three bytes: quarantined, like all in which there is no mail."""

in_corpus = pytest.mark.skipif(not CORPUS.is_dir(), reason="the public corpus is not here")


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """A mail and what it is: `told` is the machine's sign, or what misleads about a person."""

    name: str
    path: Path
    told: str = ""


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with Sandbox(Limits(), tmp_path_factory.mktemp("work"), size=1) as opened:
        yield opened


def labelled(table: Path, classes: Iterable[str]) -> list[Labelled]:
    """Return the mails of these classes in a table of paths under the corpus."""
    rows = [(line + "\t\t").split("\t")[:3] for line in table.read_text("utf-8").splitlines()]
    return [
        Labelled(name=name, path=CORPUS / name, told=told)
        for name, kind, told in rows
        if kind in set(classes)
    ]


def written(mails: Iterable[made.Made], folder: Path) -> list[Labelled]:
    """Write the made mails into a folder."""
    found = []
    for mail in mails:
        path = folder / f"{mail.name}.eml"
        path.write_bytes(mail.raw)
        found.append(Labelled(name=mail.name, path=path, told=mail.reason))
    return found


def sign(sandbox: Sandbox, mail: Labelled) -> str:
    """Return why the product leaves a mail without an automatic letter; empty when it does not.

    A mail that cannot be read at all is quarantined, and a person deals with it.
    """
    try:
        with sandbox.message(mail.path) as submission:
            reason = machine_reason(submission, frozenset({made.OWN}))
            address = submission.sender.address
            lost = "" if is_address(address) else f"no letter can be sent to {address!r}"
            return reason or ("a bounce" if is_bounce(submission) else lost)
    except ParseError as error:
        return f"quarantined: {error}"


def assert_no_machine_is_answered(sandbox: Sandbox, mails: list[Labelled]) -> None:
    wrong = {mail.name: mail.told for mail in mails if not sign(sandbox, mail)}
    assert_none("machines answered", wrong, mails, UNTOLD)


def assert_every_person_is_answered(sandbox: Sandbox, mails: list[Labelled]) -> None:
    signs = {mail.name: sign(sandbox, mail) for mail in mails}
    wrong = {name: why for name, why in signs.items() if why}
    assert_none("people left unanswered", wrong, mails, UNREACHED)


def assert_none(
    what: str, wrong: Mapping[str, str], mails: list[Labelled], exceptions: Mapping[str, str]
) -> None:
    """Assert that only the exceptions are wrong, and that each of them still is one."""
    listed = [mail.name for mail in mails if mail.name in exceptions]
    rate = f"{what}: {len(wrong)} of {len(mails)}, {len(listed)} of them exceptions with a reason"
    print(rate)  # noqa: T201 - the rate asked for
    others = [f"{name} ({why})" for name, why in wrong.items() if name not in exceptions]
    assert not others, "\n  ".join([rate, *others])
    assert [name for name in listed if name not in wrong] == [], "no exceptions any more"


def test_no_made_mail_of_a_machine_is_answered(sandbox: Sandbox, tmp_path: Path) -> None:
    mails = written(made.machines(), tmp_path)
    assert len(mails) >= 50
    assert_no_machine_is_answered(sandbox, mails)


def test_every_made_mail_of_a_person_is_answered(sandbox: Sandbox, tmp_path: Path) -> None:
    mails = written(made.people(), tmp_path)
    assert len(mails) >= 50
    assert_every_person_is_answered(sandbox, mails)


@in_corpus
def test_no_machine_in_the_corpus_is_answered(sandbox: Sandbox) -> None:
    assert_no_machine_is_answered(sandbox, labelled(LABELS, {"machine"}))


@in_corpus
def test_no_machine_that_the_corpus_itself_labels_is_answered(sandbox: Sandbox) -> None:
    table = labelled(CORPUS / "labels.tsv", NEVER_ANSWERED)
    mails = [mail for mail in table if mail.name not in FORWARDED]
    assert len(mails) >= 400
    assert_no_machine_is_answered(sandbox, mails)


@in_corpus
def test_every_bounce_in_the_corpus_is_known_as_one(sandbox: Sandbox) -> None:
    mails = labelled(CORPUS / "labels.tsv", {"bounce"})
    missed, nameless, named = {}, {}, 0
    for mail in mails:
        if mail.name == UNREADABLE:
            continue
        with sandbox.message(mail.path) as submission:
            told = bounce_of(submission)
            named += bool(told.message_ids)
            if not is_bounce(submission):
                missed[mail.name] = submission.subject
            elif not (told.message_ids or told.recipients):
                nameless[mail.name] = submission.subject
    assert_none("bounces missed", missed, mails, NOT_BOUNCED)
    assert_none("bounces that name no letter and no address", nameless, mails, {})
    print(f"bounces that name their letter: {named} of {len(mails)}")  # noqa: T201 - the rate


@in_corpus
def test_nothing_else_in_the_corpus_is_taken_for_a_bounce(sandbox: Sandbox) -> None:
    others = NEVER_ANSWERED - {"bounce"} | {"not-bounce"}
    mails = [*labelled(CORPUS / "labels.tsv", others), *labelled(LABELS, {"human"})]
    taken = []
    for mail in mails:
        with sandbox.message(mail.path) as submission:
            taken += [mail.name] * is_bounce(submission)
    assert taken == []


def test_each_made_bounce_is_known_as_one_and_a_late_delivery_is_not(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    known = {}
    for mail in written(made.machines(), tmp_path):
        with sandbox.message(mail.path) as submission:
            known[mail.name] = (mail.told.partition(":")[0] == "bounce", is_bounce(submission))
    wrong = {name for name, (labelled_so, found) in known.items() if labelled_so != found}
    assert wrong == {"postfix-delayed", "coremail-delayed", "exchange-relayed"}


@in_corpus
def test_every_person_in_the_corpus_is_answered(sandbox: Sandbox) -> None:
    mails = labelled(LABELS, {"human"})
    assert len(mails) >= 240
    assert_every_person_is_answered(sandbox, mails)


@in_corpus
def test_every_labelled_mail_of_the_corpus_is_there() -> None:
    mails = labelled(LABELS, {"human", "machine", "unclear"})
    assert len(mails) == len(LABELS.read_text("utf-8").splitlines())
    assert [mail.name for mail in mails if not mail.path.is_file()] == []
