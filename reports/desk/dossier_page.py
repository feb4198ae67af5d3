"""`/dossiers/NUMBER`: one dossier, whole, and the forms by which staff decide about it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Form, HTTPException
from pydantic import BaseModel, Field
from sqlalchemy import Connection
from starlette.responses import Response

from config.call import Call
from registry import decisions, link_lists, merging, queries
from registry.decisions import RefusedError
from registry.filing import name_on_file
from registry.returned import reached
from registry.rows import DocumentState, DossierView, FiledDocument, Finding, Outcome
from reports.desk.downloads import download
from reports.desk.frame import Acting, Id, SignedIn, dossier_or_404
from reports.desk.link_page import link_lines
from reports.desk.next_step import PAPER, to_do, to_say
from reports.history import tell
from reports.wording import DOUBTFUL, review_wording

router = APIRouter(include_in_schema=False)

HELD = frozenset({"held", "after-complete"})
"""Reasons for review that end with the decision on the held documents."""

UNREAD = "file.readable"
"""The finding on a file that could not be read."""

Text = Annotated[str, Form(max_length=2000)]
MailId = Annotated[int, Form(ge=1, le=2**53)]


class Verdict(BaseModel):
    """The form by which a person settles a finding, or a reason for review by its code."""

    finding: str = Field(max_length=200)
    outcome: Outcome
    document: str = Field(default="", max_length=2000)
    reason: str = Field(default="", max_length=2000)


class JointVerdict(BaseModel):
    """The form by which a person settles several findings with one reason.

    `about` holds the id and document of each, with `|` between them.
    """

    about: list[Annotated[str, Field(max_length=2200)]] = Field(default=[], max_length=500)
    outcome: Outcome
    reason: str = Field(default="", max_length=2000)


@dataclass(frozen=True, kw_only=True)
class Group:
    """The findings on one document, on the documents together, on files or on paper."""

    title: str
    findings: tuple[Finding, ...]


def group_of(finding: Finding, call: Call) -> str:
    """Return the title under which a finding stands."""
    check = call.check(finding.id)
    if finding.id.startswith(PAPER):
        return "纸质材料"
    if finding.id.startswith("file."):
        return "文件"
    return call.title_of(check.document) if check and check.document else "各材料之间"


def having(view: DossierView, outcomes: Collection[Outcome]) -> tuple[Finding, ...]:
    """Return the findings with one of those outcomes."""
    return tuple(each for each in view.findings if each.outcome in outcomes)


def groups(findings: tuple[Finding, ...], call: Call) -> tuple[Group, ...]:
    """Return findings grouped by what they are about, in the call's order."""
    found: dict[str, list[Finding]] = {each.title: [] for each in call.documents}
    for finding in findings:
        found.setdefault(group_of(finding, call), []).append(finding)
    return tuple(Group(title=title, findings=tuple(each)) for title, each in found.items() if each)


def doubts(view: DossierView) -> tuple[tuple[Finding, ...], ...]:
    """Return the doubtful findings as a person settles them: those on an unread file together."""
    doubtful = having(view, {Outcome.DOUBTFUL})
    unread = {each.document for each in doubtful if each.id == UNREAD and each.document}
    found: dict[object, tuple[Finding, ...]] = {}
    for each in doubtful:
        about = each.document if each.document in unread else (each.id, each.document)
        found[about] = (*found.get(about, ()), each)
    return tuple(found.values())


def questions(view: DossierView, call: Call) -> tuple[tuple[str, str], ...]:
    """Return the review reasons that are no finding, as (code, words), held documents left out."""
    codes = (code for code in view.row.review if not code.startswith(DOUBTFUL) and code not in HELD)
    return tuple((code, review_wording(code, call)) for code in codes)


def held_by_mail(view: DossierView) -> dict[int, tuple[FiledDocument, ...]]:
    """Return the held documents by the mail that brought them; a person decides on all at once."""
    found: dict[int, tuple[FiledDocument, ...]] = {}
    for each in view.documents:
        if each.state is DocumentState.HELD and each.mail_id is not None:
            found[each.mail_id] = (*found.get(each.mail_id, ()), each)
    return found


@router.get("/dossiers/{number}")
def dossier_page(visit: SignedIn, number: str) -> Response:
    """Show one dossier."""
    with visit.reading() as connection:
        row = dossier_or_404(connection, number)
        view = queries.view(connection, row)
        call = visit.desk.call_of(connection, row)
        asked, doubtful, held = questions(view, call), doubts(view), held_by_mail(view)
        waiting = len(asked) + len(doubtful) + len(held)
        return visit.page(
            connection,
            "dossier.html",
            view=view,
            row=row,
            call=call,
            say=to_say(view, call),
            todo=to_do(view, waiting, may_act=visit.account.role.may_act),
            open_groups=groups(having(view, set(Outcome) - {Outcome.OK, Outcome.DOUBTFUL}), call),
            met_groups=groups(having(view, {Outcome.OK}), call),
            decided={(each.finding, each.document): each for each in view.decisions},
            doubtful=doubtful,
            questions=asked,
            held=held,
            mails={each.id: each for each in view.mails},
            by_path={each.path: each for each in view.documents},
            history=[tell(each, call) for each in view.history],
            register_date=queries.register_date(connection),
            new_name=name_on_file(connection, row.id, call) if "renamed" in row.flags else "",
            answered=bool(reached(connection, [row.id])),
            lines=link_lines(link_lists.links_of(connection, row.id), visit.now),
            most_megabytes=visit.desk.settings.limits.message_bytes // 1024**2,
        )


@router.get("/dossiers/{number}/documents/{document}")
def document_download(visit: SignedIn, number: str, document: Id) -> Response:
    """Give one document as it arrived, as a download."""
    with visit.reading() as connection:
        row = dossier_or_404(connection, number)
        filed = queries.documents_of(connection, [row.id]).get(row.id, ())
    found = next((each for each in filed if each.id == document), None)
    if found is None:
        raise HTTPException(404, "没有这份材料。")
    return download(visit.desk.originals, found.sha256, found.filename)


@router.post("/dossiers/{number}/decide")
def decide(visit: Acting, number: str, verdict: Annotated[Verdict, Form()]) -> Response:
    """Record a person's word on a finding or on a reason for review."""

    def deed(connection: Connection, now: datetime) -> None:
        decisions.decide(
            connection,
            dossier_or_404(connection, number),
            verdict.finding,
            document=verdict.document,
            outcome=verdict.outcome,
            reason=verdict.reason,
            who=visit.account.name,
            now=now,
        )

    return visit.act(deed, done="已记录您的决定，系统会重新核对。", back=f"/dossiers/{number}")


@router.post("/dossiers/{number}/decide-together")
def decide_together(
    visit: Acting, number: str, verdict: Annotated[JointVerdict, Form()]
) -> Response:
    """Record one word, with one reason, on several findings."""

    def deed(connection: Connection, now: datetime) -> None:
        if not verdict.about:
            message = "请至少选择一项"
            raise RefusedError(message)
        for each in verdict.about:
            finding, _, document = each.partition("|")
            decisions.decide(
                connection,
                dossier_or_404(connection, number),
                finding,
                document=document,
                outcome=verdict.outcome,
                reason=verdict.reason,
                who=visit.account.name,
                now=now,
            )

    done = f"已记录您对 {len(verdict.about)} 项的决定，系统会重新核对。"
    return visit.act(deed, done=done, back=f"/dossiers/{number}")


@router.post("/dossiers/{number}/link")
def link(visit: Acting, number: str, register_no: Text) -> Response:
    """Match a dossier to a paper record."""

    def deed(connection: Connection, now: datetime) -> str:
        row = dossier_or_404(connection, number)
        taught = decisions.link(connection, row, register_no, who=visit.account.name, now=now)
        return f"今后把{'、'.join(taught)}视为同一名称，可在“别名”页撤销。" if taught else ""

    return visit.act(
        deed,
        done="已关联纸质登记。",
        back=f"/dossiers/{number}",
    )


@router.post("/dossiers/{number}/unlink")
def unlink(visit: Acting, number: str) -> Response:
    """Undo the match of a dossier and its paper record."""
    return visit.act(
        lambda connection, now: decisions.unlink(
            connection, dossier_or_404(connection, number), who=visit.account.name, now=now
        ),
        done="已解除与纸质登记的关联。",
        back=f"/dossiers/{number}",
    )


@router.post("/dossiers/{number}/accept")
def accept(visit: Acting, number: str, mail: MailId) -> Response:
    """Let all held documents of one mail take effect."""
    return visit.act(
        lambda connection, now: decisions.accept(
            connection, dossier_or_404(connection, number), mail, who=visit.account.name, now=now
        ),
        done="已采纳该邮件的材料。",
        back=f"/dossiers/{number}",
    )


@router.post("/dossiers/{number}/reject")
def reject(visit: Acting, number: str, mail: MailId) -> Response:
    """Leave all held documents of one mail out of the dossier."""
    return visit.act(
        lambda connection, now: decisions.reject(
            connection, dossier_or_404(connection, number), mail, who=visit.account.name, now=now
        ),
        done="已决定不采纳该邮件的材料。",
        back=f"/dossiers/{number}",
    )


@router.post("/dossiers/{number}/merge")
def merge(visit: Acting, number: str, target: Text) -> Response:
    """Let a dossier be one with another, whose number holds."""

    def deed(connection: Connection, now: datetime) -> str:
        row = dossier_or_404(connection, number)
        into = merging.merge(connection, row, target.strip(), who=visit.account.name, now=now)
        return f"{number} 已并入 {into.number}，系统会重新核对并告知申报人。"

    return visit.act(deed, done="", back=f"/dossiers/{number}")


@router.post("/dossiers/{number}/rename")
def rename(visit: Acting, number: str) -> Response:
    """Let a dossier go by the name that its newest form gives."""

    def deed(connection: Connection, now: datetime) -> str:
        row = dossier_or_404(connection, number)
        return merging.rename(connection, row, who=visit.account.name, now=now)

    return visit.act(deed, done="已改用新名称：", back=f"/dossiers/{number}")


@router.post("/dossiers/{number}/told")
def told(visit: Acting, number: str, how: Text = "") -> Response:
    """Record that the applicant, whom no letter reached, has been told in another way."""
    return visit.act(
        lambda connection, now: decisions.tell_otherwise(
            connection, dossier_or_404(connection, number), how, who=visit.account.name, now=now
        ),
        done="已登记。",
        back=f"/dossiers/{number}",
    )


@router.post("/dossiers/{number}/withdraw")
def withdraw(visit: Acting, number: str, reason: Text = "") -> Response:
    """Take a dossier out of the queue."""
    return visit.act(
        lambda connection, now: decisions.withdraw(
            connection,
            dossier_or_404(connection, number),
            reason,
            who=visit.account.name,
            now=now,
        ),
        done="已撤回，经过仍保留。",
        back=f"/dossiers/{number}",
    )
