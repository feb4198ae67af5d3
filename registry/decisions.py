"""What people decide: each act is checked, leaves an event, and marks what it touches.

Nothing here judges, sends or reads mail: the daemon does, on what is marked. Every act
raises RefusedError, with a message in Chinese, when it cannot be done as asked.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, insert, or_, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from config.call import Call
from parsers.submission import Document
from registry import aliases, outgoing, queries
from registry import models as m
from registry.answers import is_address
from registry.events import MERGED, WITHDRAWN_AS_ASKED, mark, record
from registry.filing import add_documents, refresh_identity
from registry.judge import basis_of
from registry.judging import call_of, case_of, mark_waiting_for
from registry.link_lists import links_in, links_of
from registry.returned import NOWHERE, TOLD
from registry.routing import NEW
from registry.rows import (
    DocumentState,
    DossierRow,
    Fate,
    Kind,
    LetterRow,
    LetterState,
    LinkRow,
    MailRow,
    Outcome,
)

DECIDABLE = (Outcome.OK, Outcome.MISSING, Outcome.WAIVED)


WITHDRAWAL = "withdrawal-asked"
WITHDRAWN = "withdrawn"

FETCHED_AGAIN = "等待从邮箱重新读取原件"


class RefusedError(Exception):
    """An act that cannot be done as asked; the message, in Chinese, says why."""


class CautionError(RefusedError):
    """An act that is done only for who says `anyway`."""


def _reasoned(reason: str) -> str:
    if not reason.strip():
        message = "请写明理由"
        raise RefusedError(message)
    return reason.strip()


# ── dossiers ─────────────────────────────────────────────────────────────────────────────


def decide(
    connection: Connection,
    dossier: DossierRow,
    finding: str,
    *,
    document: str,
    outcome: Outcome,
    reason: str,
    who: str,
    now: datetime,
) -> None:
    """Settle a finding, or a reason for review by its code (then only `ok`)."""
    call = call_of(connection, dossier)
    reason = _reasoned(reason)
    if outcome not in DECIDABLE:
        message = "决定只能是符合（ok）、缺少（missing）或豁免（waived）"
        raise RefusedError(message)
    code = finding.removeprefix("doubtful:")
    check = call.check(code)
    if check is None:
        _settle_review(connection, dossier, code, outcome)
    elif not _has_finding(connection, dossier, code, document):
        message = f"{dossier.number} 没有核对项 {code}（{document or '整份材料'}）"
        raise RefusedError(message)
    elif outcome is not Outcome.MISSING and check.rule == "link":
        _settle_open_links(connection, dossier, reason, who, now)
    case = case_of(connection, dossier)
    connection.execute(
        insert(m.decision).values(
            dossier_id=dossier.id,
            finding=code,
            document=document,
            outcome=outcome,
            reason=reason,
            basis=basis_of(code, document, case, call) if check else "",
            who=who,
            at=now,
        )
    )
    about = f"{code}（{document}）" if document else code
    detail = f"{about} → {outcome}：{reason}"
    record(connection, "decided", actor=who, at=now, detail=detail, dossier=dossier.id)
    mark(connection, [dossier.id], now)


def _has_finding(connection: Connection, dossier: DossierRow, finding: str, document: str) -> bool:
    found = queries.findings_of(connection, [dossier.id]).get(dossier.id, ())
    return any(each.id == finding and each.document == document for each in found)


def _settle_review(
    connection: Connection, dossier: DossierRow, code: str, outcome: Outcome
) -> None:
    """Take back a reason for review that mail or matching has raised."""
    if code not in dossier.review and code not in dossier.flags:
        message = f"{dossier.number} 没有核对项或待办事由 {code}"
        raise RefusedError(message)
    if outcome is not Outcome.OK:
        message = f"待办事由 {code} 只能认定为已处理（ok）"
        raise RefusedError(message)
    if code in {"held", "after-complete"}:
        message = "请逐封采纳或不采纳暂存的材料"
        raise RefusedError(message)
    if code in {"match-proposed", "same-name"}:
        _refuse_proposed(connection, dossier, papers=code == "match-proposed")
    flags = [each for each in dossier.flags if each != code]
    connection.execute(update(m.dossier).where(m.dossier.c.id == dossier.id).values(flags=flags))


def _refuse_proposed(connection: Connection, dossier: DossierRow, *, papers: bool) -> None:
    """None of what is proposed now is this dossier's own; what comes later may be."""
    proposed = queries.proposals_of(connection, [dossier.id]).get(dossier.id, ())
    for each in proposed:
        if each.kind == "dossier":
            other = queries.dossier_by_number(connection, each.target)
            values = {"dossier_id": dossier.id, "other_id": other.id if other else dossier.id}
            connection.execute(upsert(m.dossier_refusal).values(**values).on_conflict_do_nothing())
            continue
        paper = queries.paper_by_register_no(connection, each.target)
        if papers and paper:
            values = {"dossier_id": dossier.id, "paper_id": paper.id}
            connection.execute(upsert(m.refusal).values(**values).on_conflict_do_nothing())


def link(
    connection: Connection, dossier: DossierRow, register_no: str, *, who: str, now: datetime
) -> tuple[str, ...]:
    """Join a dossier to a paper record, by hand; return the pairs of names that this teaches."""
    paper = queries.paper_by_register_no(connection, register_no)
    if paper is None:
        message = f"纸质登记中没有 {register_no}"
        raise RefusedError(message)
    if paper.dossier and paper.dossier != dossier.number:
        message = f"纸质登记 {register_no} 已对应 {paper.dossier}，请先解除"
        raise RefusedError(message)
    connection.execute(
        delete(m.refusal).where(
            m.refusal.c.dossier_id == dossier.id, m.refusal.c.paper_id == paper.id
        )
    )
    connection.execute(
        update(m.dossier)
        .where(m.dossier.c.id == dossier.id)
        .values(paper_id=paper.id, paper_match="staff")
    )
    call = call_of(connection, dossier)
    if dossier.paper_id not in {None, paper.id}:
        _give_up_paper(connection, dossier, now)
        _forget(connection, dossier, call, who, now)
    mark_waiting_for(connection, paper.id, dossier.id, now)
    detail = f"纸质登记 {paper.register_no or paper.name}"
    record(connection, "linked", actor=who, at=now, detail=detail, dossier=dossier.id)
    taught = aliases.teach(connection, dossier, paper, call, who=who, now=now)
    mark(connection, [dossier.id], now)
    return taught


def unlink(connection: Connection, dossier: DossierRow, *, who: str, now: datetime) -> None:
    """Part a dossier from its paper record; they are not joined again by themselves."""
    if dossier.paper_id is None:
        message = f"{dossier.number} 没有对应的纸质登记"
        raise RefusedError(message)
    values = {"dossier_id": dossier.id, "paper_id": dossier.paper_id}
    connection.execute(upsert(m.refusal).values(**values).on_conflict_do_nothing())
    connection.execute(
        update(m.dossier).where(m.dossier.c.id == dossier.id).values(paper_id=None, paper_match="")
    )
    _give_up_paper(connection, dossier, now)
    _forget(connection, dossier, call_of(connection, dossier), who, now)
    record(connection, "unlinked", actor=who, at=now, dossier=dossier.id)
    mark(connection, [dossier.id], now)


def _forget(
    connection: Connection, dossier: DossierRow, call: Call, who: str, now: datetime
) -> None:
    """Take back what a dossier's former paper record has taught."""
    former = dossier.paper_id or 0
    paper = queries.papers_by_id(connection, [former]).get(former)
    if paper:
        aliases.forget(connection, dossier, paper, call, who=who, now=now)


def revoke_alias(connection: Connection, alias: int, *, who: str, now: datetime) -> None:
    """Take back that two names are one."""
    found = next((each for each in queries.aliases(connection) if each.id == alias), None)
    if found is None:
        message = "没有这个别名，或已撤销"
        raise RefusedError(message)
    aliases.revoke(connection, found, who=who, now=now)


def _give_up_paper(connection: Connection, dossier: DossierRow, now: datetime) -> None:
    """Let the dossiers that waited for a dossier's paper record be judged anew."""
    if dossier.paper_id is not None:
        mark_waiting_for(connection, dossier.paper_id, dossier.id, now)


def accept(
    connection: Connection, dossier: DossierRow, mail: int, *, who: str, now: datetime
) -> None:
    """Let all held documents of a mail take effect; its sender is then on the dossier."""
    _release(connection, dossier, mail, DocumentState.CURRENT)
    connection.execute(
        update(m.mail_dossier)
        .where(m.mail_dossier.c.mail_id == mail, m.mail_dossier.c.dossier_id == dossier.id)
        .values(stranger=False)
    )
    connection.execute(
        update(m.dossier).where(m.dossier.c.id == dossier.id).values(completed_at=None)
    )
    refresh_identity(connection, dossier.id, call_of(connection, dossier))
    record(connection, "accepted", actor=who, at=now, dossier=dossier.id, mail=mail)
    mark(connection, [dossier.id], now)


def reject(
    connection: Connection, dossier: DossierRow, mail: int, *, who: str, now: datetime
) -> None:
    """Let none of the held documents of a mail take effect; they stay on record."""
    _release(connection, dossier, mail, DocumentState.REJECTED)
    record(connection, "rejected", actor=who, at=now, dossier=dossier.id, mail=mail)
    mark(connection, [dossier.id], now)


def _release(connection: Connection, dossier: DossierRow, mail: int, state: DocumentState) -> None:
    held = (
        (m.document.c.dossier_id == dossier.id)
        & (m.document.c.mail_id == mail)
        & (m.document.c.state == DocumentState.HELD)
    )
    if connection.execute(update(m.document).where(held).values(state=state)).rowcount == 0:
        message = f"{dossier.number} 没有来自邮件 {mail} 的暂存材料"
        raise RefusedError(message)
    _clear_flags(connection, dossier)


def _clear_flags(connection: Connection, dossier: DossierRow) -> None:
    """Take back what held documents have raised, once none is held any more."""
    still = select(m.document.c.id).where(
        m.document.c.dossier_id == dossier.id, m.document.c.state == DocumentState.HELD
    )
    if connection.execute(still).first() is None:
        flags = [each for each in dossier.flags if each not in {"held", "after-complete"}]
        connection.execute(
            update(m.dossier).where(m.dossier.c.id == dossier.id).values(flags=flags)
        )


def withdraw(
    connection: Connection, dossier: DossierRow, reason: str, *, who: str, now: datetime
) -> None:
    """Take a dossier out of the queue; its number and history stay."""
    reason = _reasoned(reason)
    if dossier.withdrawn:
        message = f"{dossier.number} 此前已撤回"
        raise RefusedError(message)
    asked = _was_asked_to_withdraw(connection, dossier)
    what = WITHDRAWN_AS_ASKED if asked else WITHDRAWN
    _close(connection, dossier, reason, what=what, who=who, now=now)
    mark(connection, [dossier.id], now)


def _was_asked_to_withdraw(connection: Connection, dossier: DossierRow) -> bool:
    if WITHDRAWAL in dossier.flags:
        return True
    settled = queries.decisions_of(connection, dossier.id)
    return any(each.finding == WITHDRAWAL for each in settled)


def _close(
    connection: Connection,
    dossier: DossierRow,
    reason: str,
    *,
    who: str,
    now: datetime,
    what: str = WITHDRAWN,
) -> None:
    connection.execute(
        update(m.dossier)
        .where(m.dossier.c.id == dossier.id)
        .values(withdrawn=True, paper_id=None, paper_match="")
    )
    _give_up_paper(connection, dossier, now)
    record(connection, what, actor=who, at=now, detail=reason, dossier=dossier.id)


def close_as_merged(
    connection: Connection, dossier: DossierRow, into: DossierRow, *, who: str, now: datetime
) -> None:
    """Close a dossier all of which has gone to another, and have its applicant told so."""
    _close(connection, dossier, f"已并入 {into.number}", who=who, now=now)
    connection.execute(
        update(m.dossier).where(m.dossier.c.id == dossier.id).values(merged_into=into.number)
    )
    record(connection, MERGED, actor=who, at=now, detail=dossier.number, dossier=into.id)
    mark(connection, [into.id], now)


def file_by_hand(
    connection: Connection,
    dossier: DossierRow,
    documents: Sequence[Document],
    *,
    who: str,
    now: datetime,
    link: LinkRow | None = None,
) -> int:
    """File documents that a person brings; return how many were not on record yet.

    With `link` they are what lay behind it, which is thereby settled for this dossier. A file
    that was not accepted before is taken when a person brings it.
    """
    if queries.dossiers_by_id(connection, [dossier.id])[dossier.id].withdrawn:
        message = f"{dossier.number} 已撤回，不能补充文件"
        raise RefusedError(message)
    filed = queries.documents_of(connection, [dossier.id]).get(dossier.id, ())
    known = {each.sha256 for each in filed if each.state is not DocumentState.REJECTED}
    fresh = [each for each in documents if each.sha256 not in known]
    if not fresh:
        message = f"这些文件均已在 {dossier.number} 中"
        raise RefusedError(message)
    call = call_of(connection, dossier)
    add_documents(
        connection, dossier.id, fresh, mail=None, held=False, call=call, now=now, added_by=who
    )
    detail = "、".join(each.path for each in fresh)
    record(connection, "added", actor=who, at=now, detail=detail, dossier=dossier.id)
    if link:
        reason = f"已补充到 {dossier.number}"
        _settle(connection, link, [dossier.number], reason, who=who, now=now, fetched=True)
    mark(connection, [dossier.id], now)
    return len(fresh)


# ── links ────────────────────────────────────────────────────────────────────────────────


def link_of(connection: Connection, mail: int, url: str, numbers: Collection[str] = ()) -> LinkRow:
    """Return a link of a mail, as it stands in those of the mail's dossiers that are named.

    Raises RefusedError when there is none.
    """
    owners = _owners(connection, mail, numbers) if numbers else ()
    links = links_in(connection, mail, owners) if owners or not numbers else ()
    found = next((each for each in links if each.url == url), None)
    if found is None:
        message = f"邮件 {mail} 中没有这个链接"
        raise RefusedError(message)
    return found


def settle_link(
    connection: Connection,
    mail: int,
    url: str,
    reason: str,
    *,
    who: str,
    now: datetime,
    numbers: Collection[str] = (),
) -> None:
    """Settle a link without its file: it has run out, or came another way, or is not needed.

    In those of its mail's dossiers that are named, or in all of them where none is.
    """
    reason = _reasoned(reason)
    link = link_of(connection, mail, url, numbers)
    if link.settlement:
        message = f"这个链接此前已由 {link.settlement.who} 处理"
        raise RefusedError(message)
    open_in = [each for each in link.dossiers if not numbers or each in numbers]
    _settle(connection, link, open_in, reason, who=who, now=now)


def reopen_link(
    connection: Connection,
    mail: int,
    url: str,
    *,
    who: str,
    now: datetime,
    numbers: Collection[str] = (),
) -> None:
    """Put a settled link on the list again: for the dossiers named, or for all of its mail."""
    link = link_of(connection, mail, url, numbers)
    if link.settlement is None:
        message = "这个链接尚待处理"
        raise RefusedError(message)
    dossiers = _owners(connection, mail, numbers)
    word = m.link_settlement.c
    of_mail = word.dossier_id.is_(None) & (word.mail_id == mail)
    settled = (word.url == url) & or_(word.dossier_id.in_(dossiers), of_mail)
    connection.execute(delete(m.link_settlement).where(settled))
    _tell_of(connection, "link-reopened", link, dossiers, "", who=who, now=now)


def _settle_open_links(
    connection: Connection, dossier: DossierRow, reason: str, who: str, now: datetime
) -> None:
    for link in links_of(connection, dossier.id):
        if not (link.settlement or link.stranger):
            _settle(connection, link, [dossier.number], reason, who=who, now=now)


def _settle(
    connection: Connection,
    link: LinkRow,
    numbers: Collection[str],
    reason: str,
    *,
    who: str,
    now: datetime,
    fetched: bool = False,
) -> None:
    """Settle a link in dossiers of its mail, or, where it has none, for the mail."""
    dossiers = _owners(connection, link.mail_id, numbers) if numbers else []
    word = {"fetched": fetched, "reason": reason, "who": who, "at": now}
    for each in dossiers or (None,):
        values = {"mail_id": link.mail_id, "dossier_id": each, "url": link.url}
        connection.execute(
            upsert(m.link_settlement).values(**values, **word).on_conflict_do_nothing()
        )
    _tell_of(connection, "link-settled", link, dossiers, reason, who=who, now=now)


def _owners(connection: Connection, mail: int, numbers: Collection[str]) -> list[int]:
    """Return the dossiers of a mail, those with these numbers where any is given."""
    query = (
        select(m.dossier.c.id)
        .join(m.mail_dossier, m.mail_dossier.c.dossier_id == m.dossier.c.id)
        .where(m.mail_dossier.c.mail_id == mail)
    )
    if numbers:
        query = query.where(m.dossier.c.number.in_(numbers))
    return list(connection.execute(query).scalars())


def _tell_of(
    connection: Connection,
    what: str,
    link: LinkRow,
    dossiers: Sequence[int],
    reason: str,
    *,
    who: str,
    now: datetime,
) -> None:
    """Record what became of a link, and mark the dossiers that it concerns."""
    detail = f"{link.wording}：{reason}" if reason else link.wording
    for each in dossiers or (None,):
        record(connection, what, actor=who, at=now, detail=detail, dossier=each, mail=link.mail_id)
    mark(connection, dossiers, now)


# ── mails ────────────────────────────────────────────────────────────────────────────────


def _mail(connection: Connection, mail: int) -> MailRow:
    row = queries.mail_by_id(connection, mail)
    if row is None:
        message = f"没有编号为 {mail} 的邮件"
        raise RefusedError(message)
    return row


def assign(connection: Connection, mail: int, target: str, *, who: str, now: datetime) -> None:
    """Give a mail to a dossier, or to a new one, by hand: it is filed again, there."""
    _mail(connection, mail)
    target = target.strip()
    if target.lower() == NEW:
        target = NEW
    else:
        found = queries.dossier_by_number(connection, target)
        if found is None:
            message = f"没有编号为 {target} 的申报材料"
            raise RefusedError(message)
        target = found.number
    _take_out(connection, mail, target, now, who)
    _reopen(connection, mail, assigned=target)
    detail = "作为新的申报材料" if target == NEW else f"归入 {target}"
    record(connection, "assigned", actor=who, at=now, detail=detail, mail=mail)


def _take_out(connection: Connection, mail: int, target: str, now: datetime, who: str) -> None:
    """Take a mail's documents out of the dossiers they are in; what they replaced is back."""
    query = select(m.mail_dossier.c.dossier_id).where(m.mail_dossier.c.mail_id == mail)
    dossiers = queries.dossiers_by_id(connection, connection.execute(query).scalars())
    connection.execute(
        update(m.document).where(m.document.c.mail_id == mail).values(state=DocumentState.MOVED)
    )
    connection.execute(delete(m.mail_dossier).where(m.mail_dossier.c.mail_id == mail))
    for dossier in dossiers.values():
        detail = "该邮件及其材料由人工改归他处"
        record(connection, "moved", actor=who, at=now, detail=detail, dossier=dossier.id, mail=mail)
        _clear_flags(connection, dossier)
        refresh_identity(connection, dossier.id, call_of(connection, dossier))
        if dossier.number != target and _is_empty(connection, dossier):
            into = queries.dossier_by_number(connection, target)
            if into is None:
                _close(connection, dossier, "其唯一的邮件已改归他处", who=who, now=now)
            else:
                close_as_merged(connection, dossier, into, who=who, now=now)
    mark(connection, dossiers, now)


def _is_empty(connection: Connection, dossier: DossierRow) -> bool:
    """Whether a dossier has neither a mail nor a document left."""
    mails = select(m.mail_dossier.c.mail_id).where(m.mail_dossier.c.dossier_id == dossier.id)
    left = queries.documents_of(connection, [dossier.id])
    return not left and connection.execute(mails).first() is None


def _reopen(connection: Connection, mail: int, **values: str) -> None:
    connection.execute(
        update(m.mail)
        .where(m.mail.c.id == mail)
        .values(fate=Fate.PENDING, reason="", attempts=0, wants_answer=False, **values)
    )


def retry(connection: Connection, mail: int, *, who: str, now: datetime) -> None:
    """Process a quarantined mail again."""
    row = _mail(connection, mail)
    if row.fate is not Fate.QUARANTINED:
        message = f"邮件 {mail} 不在隔离区，无需重新处理"
        raise RefusedError(message)
    if row.sha256:
        _reopen(connection, mail)
    else:  # its original lies on the server alone: it is asked for at the next reading
        connection.execute(update(m.place).where(m.place.c.mail_id == mail).values(again=True))
        waits = {"reason": FETCHED_AGAIN, "read_at": None}
        connection.execute(update(m.mail).where(m.mail.c.id == mail).values(waits))
    record(connection, "retried", actor=who, at=now, mail=mail)


def mark_read(connection: Connection, mail: int, *, who: str, now: datetime) -> None:
    """Record that a person has read a mail."""
    _mail(connection, mail)
    connection.execute(update(m.mail).where(m.mail.c.id == mail).values(read_at=now))
    record(connection, "read", actor=who, at=now, mail=mail)


def dismiss_mail(
    connection: Connection, mail: int, reason: str, *, who: str, now: datetime
) -> None:
    """Settle a quarantined mail without filing or answering it."""
    reason = _reasoned(reason)
    row = _mail(connection, mail)
    if row.fate is not Fate.QUARANTINED:
        message = f"邮件 {mail} 不在隔离区"
        raise RefusedError(message)
    connection.execute(
        update(m.mail).where(m.mail.c.id == mail).values(read_at=now, reason=f"已处理：{reason}")
    )
    record(connection, "dismissed", actor=who, at=now, detail=reason, mail=mail)


# ── letters ──────────────────────────────────────────────────────────────────────────────


def _letter(
    connection: Connection, letter: int, states: Collection[LetterState], act: str
) -> LetterRow:
    row = queries.letter_by_id(connection, letter)
    if row is None:
        message = f"没有编号为 {letter} 的函件"
        raise RefusedError(message)
    if row.state not in states:
        message = f"函件 {letter} 现在的状态下不能{act}"
        raise RefusedError(message)
    return row


def send_letter(
    connection: Connection, letter: int, *, who: str, now: datetime, anyway: bool = False
) -> None:
    """Let a letter go: a draft, or one that was held back, failed or bounced, once more.

    One that was suppressed, or that a dossier has overtaken, goes only when the person knows
    of it and says `anyway`.
    """
    states = set(LetterState) - {LetterState.QUEUED, LetterState.SENT}
    row = _letter(connection, letter, states, "发送")
    if row.state is LetterState.SUPPRESSED and not anyway:
        message = f"函件 {letter} 按规则不发送（{row.reason}）；仍要发送，请明确选择“仍然发出”"
        raise CautionError(message)
    if not row.to[0]:
        message = f"函件 {letter} 没有收件人地址，不能发送"
        raise RefusedError(message)
    if row.overtaken and not anyway:
        message = (
            f"{'、'.join(row.overtaken)} 在函件 {letter} 起草后有变动，请先核对函件内容；"
            "仍要发送，请明确选择“仍然发出”"
        )
        raise CautionError(message)
    values = {"state": LetterState.QUEUED, "reason": "", "next_try_at": None, "queued_at": now}
    connection.execute(update(m.letter).where(m.letter.c.id == letter).values(**values))
    record(connection, "released", actor=who, at=now, letter=letter)


def redirect_letter(
    connection: Connection,
    letter: int,
    to: str,
    *,
    message_id: str,
    who: str,
    now: datetime,
) -> int:
    """Send a letter that has not arrived to another address; return the id of the letter that goes.

    It is a letter of its own, with a Message-ID of its own: the one that did not arrive stays
    as it was. It answers no mail, and replies to the letter in whose place it goes.
    """
    states = {LetterState.BOUNCED, LetterState.FAILED, LetterState.SUPPRESSED}
    row = _letter(connection, letter, states, "改发")
    to = to.strip().lower()
    if not is_address(to):
        message = f"“{to}”不是有效的邮箱地址" if to else "请填写邮箱地址"
        raise RefusedError(message)
    if row.kind not in {Kind.ACKNOWLEDGEMENT, Kind.MISSING_ITEMS, Kind.COMPLETE, Kind.REMINDER}:
        message = "这种函件不能改发"
        raise RefusedError(message)
    new = outgoing.copy_letter(connection, row, to, message_id, now)
    detail = f"原发往 {row.to[0] or NOWHERE}，改发至 {to}"
    for dossier in outgoing.dossiers_of(connection, letter) or (None,):
        record(
            connection, "redirected", actor=who, at=now, detail=detail, dossier=dossier, letter=new
        )
    record(connection, "redirected", actor=who, at=now, detail=detail, letter=letter)
    return new


def tell_otherwise(
    connection: Connection, dossier: DossierRow, how: str, *, who: str, now: datetime
) -> None:
    """Record that an applicant whom no letter reached has been told in another way."""
    if not how.strip():
        message = "请写明何时、以何种方式告知"
        raise RefusedError(message)
    record(connection, TOLD, actor=who, at=now, detail=how.strip(), dossier=dossier.id)
    connection.execute(update(m.dossier).where(m.dossier.c.id == dossier.id).values(due=None))


def hold_letter(connection: Connection, letter: int, *, who: str, now: datetime) -> None:
    """Keep a queued letter from going until a person lets it."""
    _letter(connection, letter, {LetterState.QUEUED}, "暂缓")
    values = {"state": LetterState.DRAFT, "reason": f"由 {who} 暂缓"}
    connection.execute(update(m.letter).where(m.letter.c.id == letter).values(**values))
    record(connection, "held", actor=who, at=now, letter=letter)


def edit_letter(
    connection: Connection,
    letter: int,
    *,
    subject: str,
    text: str,
    html: str,
    who: str,
    now: datetime,
) -> None:
    """Change the words of a letter that has not gone; it is then a draft."""
    _letter(connection, letter, {LetterState.DRAFT, LetterState.QUEUED}, "修改")
    subject = " ".join(subject.split())
    if not (subject and text.strip()):
        message = "主题和正文不能为空"
        raise RefusedError(message)
    values = {"subject": subject, "text": text, "html": html}
    state = {"state": LetterState.DRAFT, "reason": f"由 {who} 修改，待发送"}
    connection.execute(update(m.letter).where(m.letter.c.id == letter).values(**values, **state))
    record(connection, "edited", actor=who, at=now, letter=letter)
