"""The four documents 申报材料 of an alliance, as drafts and as files."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from ingest.samples.agreement import make_agreement
from ingest.samples.alliances import Alliance
from ingest.samples.charter import make_charter
from ingest.samples.defects import (
    Defect,
    blank_contact,
    differing_name,
    placeholder_left,
    without_document,
    without_experts,
    without_member,
    without_province,
    without_risk,
)
from ingest.samples.draft import STYLES, Draft, Kind, Style
from ingest.samples.form import make_form
from ingest.samples.old_word import as_doc
from ingest.samples.plan import make_plan
from ingest.samples.rendering import as_docx, as_pdf, as_scan, as_text

__all__ = [
    "Defect",
    "Draft",
    "Format",
    "Kind",
    "SampleFile",
    "Style",
    "as_doc",
    "as_docx",
    "as_pdf",
    "as_scan",
    "as_text",
    "blank_contact",
    "differing_name",
    "make_drafts",
    "make_file",
    "make_files",
    "placeholder_left",
    "without_document",
    "without_experts",
    "without_member",
    "without_province",
    "without_risk",
]

Format = Literal["docx", "doc", "pdf", "txt", "scan"]

_WRITTEN_ON = date(2016, 5, 20)
_WRITERS = {"docx": as_docx, "doc": as_doc, "pdf": as_pdf, "txt": as_text, "scan": as_scan}
_MEDIA_TYPES = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "doc": "application/msword",
    "pdf": "application/pdf",
    "txt": "text/plain",
    "scan": "application/pdf",
}
_NUMBERS: dict[Kind, int] = {"form": 1, "plan": 2, "charter": 3, "agreement": 4}
_WORDS: dict[Kind, str] = {
    "form": "申报表",
    "plan": "组建方案",
    "charter": "组建章程",
    "agreement": "组建协议",
}


@dataclass(frozen=True, kw_only=True)
class SampleFile:
    """A file as an applicant attaches it."""

    filename: str
    content: bytes
    media_type: str


def make_drafts(
    alliance: Alliance,
    *defects: Defect,
    style: Style | None = None,
    written_on: date = _WRITTEN_ON,
) -> tuple[Draft, ...]:
    """Return form, plan, charter and agreement, with the defects put in one after another.

    The style follows from the alliance's seed unless one is given.
    """
    chosen = style or STYLES[alliance.seed % len(STYLES)]
    makers = (make_form, make_plan, make_charter, make_agreement)
    drafts = tuple(make(alliance, chosen, written_on) for make in makers)
    for defect in defects:
        drafts = defect(drafts)
    return drafts


def make_file(draft: Draft, form: Format = "docx") -> SampleFile:
    """Return the draft as a file of that format, named as its applicant names files."""
    ending = "pdf" if form == "scan" else form
    number, word = _NUMBERS[draft.kind], _WORDS[draft.kind]
    name = (
        f"附件{number}：{draft.title}" if draft.style.sheets else f"{number}.{draft.alliance}{word}"
    )
    return SampleFile(
        filename=f"{name}.{ending}",
        content=_WRITERS[form](draft),
        media_type=_MEDIA_TYPES[form],
    )


def make_files(drafts: tuple[Draft, ...], form: Format = "docx") -> tuple[SampleFile, ...]:
    """Return all drafts as files of one format."""
    return tuple(make_file(draft, form) for draft in drafts)
