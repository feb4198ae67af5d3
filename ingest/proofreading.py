"""Judging local files without filing them: what `intake check` does."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from config.call import Call
from config.settings import Settings
from ingest.house import known_calls
from parsers.grouping import group
from parsers.opening import open_documents
from parsers.sandbox import Sandbox
from parsers.shelf import is_litter
from parsers.submission import Document, Dossier
from registry.completeness import is_extra
from registry.judge import judge
from registry.rows import Case, DocumentState, FiledDocument, Finding, Outcome
from reports.records import finding_record
from reports.wording import OUTCOMES, finding_label


@dataclass(frozen=True, kw_only=True)
class Checked:
    """One dossier among the files, with what checking its electronic part gave.

    `classified` are the paths of files that bear the mark of a state secret.
    """

    name: str
    secretariat: str
    documents: tuple[FiledDocument, ...]
    findings: tuple[Finding, ...]
    call: Call
    classified: tuple[str, ...] = ()

    @property
    def missing(self) -> tuple[str, ...]:
        """The ids of what is missing."""
        return tuple(each.id for each in self.findings if each.outcome is Outcome.MISSING)


def proofread(settings: Settings, paths: Sequence[Path]) -> list[Checked]:
    """Check files and folders, all taken together as if one mail had brought them."""
    calls = known_calls(settings)
    named = [(file, shown) for path in paths for file, shown in _files_in(path)]
    with (
        tempfile.TemporaryDirectory(prefix="intake-check-") as work,
        Sandbox(settings.limits, Path(work)) as sandbox,
        sandbox.files(named) as files,
    ):
        call, documents = open_documents(sandbox, files, calls, settings.service.default_call)
    dossiers = group(documents, call)
    telling = [each for each in dossiers if each.name or not _is_cover(each, call)]
    return [check_dossier(each, call) for each in telling or dossiers]


def _is_cover(dossier: Dossier, call: Call) -> bool:
    """Whether it is only what comes with a batch as a whole: a letter of recommendation."""
    return all(is_extra(each, call) for each in dossier.documents)


def _files_in(path: Path) -> list[tuple[Path, str]]:
    if path.is_dir():
        inside = sorted(each for each in path.rglob("*") if each.is_file())
        named = [(each, str(each.relative_to(path))) for each in inside]
        return [(each, shown) for each, shown in named if not is_litter(shown)]
    return [(path, path.name)]


def check_dossier(dossier: Dossier, call: Call) -> Checked:
    """Judge the electronic part of one dossier, as if it had just come in."""
    now = datetime.now(UTC)  # one mail brought them all
    documents = tuple(_as_filed(*each, now) for each in enumerate(dossier.documents))
    case = Case(name=dossier.name, secretariat=dossier.secretariat, documents=documents)
    paper = {each.id for each in call.checks if each.rule.startswith("paper-")}
    findings = tuple(each for each in judge(case, call).findings if each.id not in paper)
    return Checked(
        name=dossier.name,
        secretariat=dossier.secretariat,
        documents=documents,
        findings=findings,
        call=call,
        classified=tuple(each.path for each in dossier.documents if each.secrecy),
    )


def _as_filed(position: int, document: Document, now: datetime) -> FiledDocument:
    return FiledDocument(
        id=position,
        kind=document.kind,
        path=document.path,
        filename=document.filename,
        media_type=document.media_type,
        size=document.size,
        sha256=document.sha256,
        pages=document.page_count,
        problem=document.problem or "",
        detail=document.detail,
        version=1,
        state=DocumentState.CURRENT,
        superseded=False,
        mail_id=None,
        filed_at=now,
        facts=document.facts,
        part=document.part,
        first_page=document.first_page,
        scan=document.scan,
        seals=document.seals,
    )


def check_record(checked: Checked) -> dict[str, Any]:
    """Return what `intake check --json` tells of a dossier."""
    return {
        "name": checked.name,
        "secretariat": checked.secretariat,
        "documents": [
            {
                "kind": each.kind,
                "filename": each.filename,
                "path": each.path,
                "media_type": each.media_type,
                "size": each.size,
                "sha256": each.sha256,
                "pages": each.pages,
                "readable": not each.problem,
            }
            for each in checked.documents
        ],
        "findings": [finding_record(each) for each in checked.findings],
        "missing": list(checked.missing),
    }


def check_text(checked: Checked) -> str:
    """Say in Chinese, for a terminal, what an applicant should mend before sending."""
    call = checked.call
    lines = [f"{checked.name or '（未写明名称）'}　{checked.secretariat}".rstrip("　")]
    lines += [f"  {call.title_of(each.kind)}：{each.place}" for each in checked.documents]
    lines += [
        f"  [注意] {each}带有国家秘密标志，不得通过互联网邮箱报送" for each in checked.classified
    ]
    shown = [each for each in checked.findings if each.outcome not in {Outcome.OK, Outcome.WAIVED}]
    for each in shown:
        named = "" if each.document in each.detail else each.document
        place = "，".join(part for part in (named, f"第{each.page}页" if each.page else "") if part)
        label = finding_label(each.id, call)
        lines.append(
            f"  [{OUTCOMES[each.outcome]}] {label}：{each.detail}"
            + (f"（{place}）" if place else "")
        )
        check = call.check(each.id)
        if each.outcome is Outcome.MISSING and check:
            lines.append(f"        依据：{check.cite}；{check.remedy}")
    lines.append("  电子材料齐全" if not shown else f"  缺 {len(checked.missing)} 项")
    return "\n".join(lines)
