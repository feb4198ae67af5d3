"""Mails of invented applicants, each made once for all tests of a process."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from functools import cache

from ingest.samples.alliances import Alliance, make_alliance
from ingest.samples.documents import (
    Defect,
    Format,
    SampleFile,
    make_drafts,
    make_files,
    without_document,
    without_risk,
)
from ingest.samples.draft import Style
from ingest.samples.mails import Earlier, make_mail
from ingest.samples.register import RegisterRow, paper_of
from parsers.submission import Address

AT = datetime(2016, 5, 31, 8, 42, tzinfo=UTC)
BROUGHT_ON = date(2016, 5, 30)

# A defect is a function: these are made once, so that documents with them are made once too.
WITHOUT_AGREEMENT = without_document("agreement")
WITHOUT_CHARTER = without_document("charter")
WITHOUT_RISK = without_risk()
ONLY_BREACH = without_risk(keep_breach=True)

STRANGER = Address(address="office@elsewhere.example.net", name="某研究院办公室")
BUREAU = Address(address="kjj@city.example.org", name="某市科技局")

alliance = cache(make_alliance)


@cache
def documents(
    seed: int, *defects: Defect, form: Format = "docx", style: Style | None = None
) -> tuple[SampleFile, ...]:
    """The documents of an alliance, as files."""
    return make_files(make_drafts(alliance(seed), *defects, style=style), form)


def only(files: Iterable[SampleFile], *words: str) -> tuple[SampleFile, ...]:
    """Those of the files whose name has one of the words."""
    return tuple(file for file in files if any(word in file.filename for word in words))


def sender_of(seed: int) -> Address:
    """Who sends the mails of an alliance."""
    return Address(address=alliance(seed).email, name=alliance(seed).contact)


def mail(
    seed: int,
    files: Iterable[SampleFile] = (),
    *,
    sender: Address | None = None,
    subject: str = "{name}申报材料（电子版）",
    text: str = "您好！现将{name}申报材料电子版发送给您，请查收。\n\n{secretariat}",
    answers: Earlier | None = None,
    at: datetime = AT,
) -> bytes:
    """A mail of an alliance's office, or of another sender, about the alliance."""
    about: Alliance = alliance(seed)
    words = {"name": about.name, "secretariat": about.secretariat}
    return make_mail(
        sender=sender or sender_of(seed),
        subject=subject.format_map(words),
        text=text.format_map(words),
        at=at,
        files=files,
        answers=answers,
    )


def dossier(seed: int, *defects: Defect, form: Format = "docx") -> bytes:
    """The mail with which an alliance sends its documents."""
    return mail(seed, documents(seed, *defects, form=form))


def paper(seed: int, **differing: object) -> RegisterRow:
    """The alliance's line in the paper register, all in order unless told otherwise."""
    values = {"register_no": f"ZZ2016-{seed:03d}", "received_on": BROUGHT_ON, **differing}
    return paper_of(alliance(seed), **values)  # type: ignore[arg-type]
