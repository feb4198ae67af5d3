"""The records in JSON that scripts and other programs read: keys and order are a promise.

Times are ISO 8601 with the offset of the given zone. What is not known is null where it
would be a reference, a number or a time, and an empty string where it would be text.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from registry.rows import (
    ALIAS,
    DocumentState,
    DossierView,
    EventRow,
    FiledDocument,
    Finding,
    LetterRow,
    LinkRow,
    MailRow,
    PaperRecord,
    Proposal,
)

Record = dict[str, Any]
"""A JSON object: values are strings, numbers, booleans, null, lists and further records."""


def dossier_record(view: DossierView, zone: ZoneInfo) -> Record:
    """Return a dossier as `intake queue --json` lists it; rejected documents are left out.

    `unreached` stands there only where the last letter did not arrive: at which address;
    `merged_into` only where it was found to be another dossier: under which number.
    """
    row = view.row
    documents = (each for each in view.documents if each.state is not DocumentState.REJECTED)
    return {
        "number": row.number,
        "call": row.call_id,
        "name": row.name,
        "secretariat": row.secretariat,
        "recommender": row.recommender,
        "status": row.status.value,
        "review": list(row.review),
        "paper": _matched_paper(view),
        "sender": row.sender,
        "received_at": _instant(row.received_at, zone),
        "updated_at": _instant(row.updated_at, zone),
        "due": _day(row.due),
        "documents": [_document_record(each) for each in documents],
        "findings": [finding_record(each) for each in view.findings],
        "missing": [each.id for each in view.missing],
        **({"unreached": view.unreached} if view.unreached else {}),
        **({"merged_into": row.merged_into} if row.merged_into else {}),
    }


def dossier_whole(view: DossierView, zone: ZoneInfo) -> Record:
    """Return a dossier as `intake show --json` prints it: with history, letters, candidates."""
    return dossier_record(view, zone) | {
        "history": [_event_record(each, zone) for each in view.history],
        "letters": [letter_record(each, zone) for each in view.letters],
        "candidates": [_proposal_record(each) for each in view.candidates],
    }


def mail_record(row: MailRow, zone: ZoneInfo) -> Record:
    """Return a mail as `intake mails --json` lists it.

    `authentication` stands there only where a trusted mail host is configured for its mailbox:
    `verdict` (`pass`, `fail`, `none`) and the `results` it rests on.
    """
    return {
        "id": row.id,
        "mailbox": row.mailbox,
        "folder": row.folder,
        "uid": row.uid,
        "message_id": row.message_id or None,
        "sha256": row.sha256,
        "from": row.sender,
        "subject": row.subject,
        "received_at": _instant(row.received_at, zone),
        "fate": row.fate.value,
        "reason": row.reason,
        "dossiers": list(row.dossiers),
        "letters": list(row.letters),
        **({"authentication": asdict(row.authentication)} if row.authentication else {}),
    }


def letter_record(row: LetterRow, zone: ZoneInfo, *, body: bool = False) -> Record:
    """Return a letter as `intake letters --json` lists it; `body` adds its text."""
    record: Record = {
        "id": row.id,
        "kind": row.kind.value,
        "to": list(row.to),
        "subject": row.subject,
        "dossiers": list(row.dossiers),
        "mails": list(row.mails),
        "in_reply_to": row.in_reply_to or None,
        "message_id": row.message_id,
        "state": row.state.value,
        "reason": row.reason,
        "attempts": row.attempts,
        "queued_at": _instant(row.queued_at, zone),
        "sent_at": _instant(row.sent_at, zone) if row.sent_at else None,
    }
    return record | {"body": row.text} if body else record


def paper_record(record: PaperRecord) -> Record:
    """Return a line of the paper register as `intake paper list --json` lists it."""
    return {
        "register_no": record.register_no,
        "received_on": _day(record.received_on),
        "name": record.name,
        "secretariat": record.secretariat,
        "recommender": record.recommender,
        "copies": record.copies,
        "sealed": record.sealed,
        "recommended": record.recommended,
        "contact": record.contact,
        "mobile": record.mobile,
        "email": record.email,
        "remark": record.remark,
        "dossier": record.dossier or None,
    }


def link_record(link: LinkRow, zone: ZoneInfo) -> Record:
    """Return a link 超大附件 as `/api/links` lists it; `expires` is in the mail's words."""
    word = link.settlement
    return {
        "mail": link.mail_id,
        "dossiers": list(link.dossiers),
        "provider": link.provider,
        "name": link.name,
        "size": link.size,
        "url": link.url,
        "code": link.code,
        "expires": link.expires,
        "expires_at": _instant(link.expires_at, zone) if link.expires_at else None,
        "received_at": _instant(link.received_at, zone),
        "settled": None
        if word is None
        else {
            "fetched": word.fetched,
            "reason": word.reason,
            "who": word.who,
            "at": _instant(word.at, zone),
        },
    }


def finding_record(finding: Finding) -> Record:
    """Return a finding as it stands in a dossier's record and in `intake check --json`."""
    return {
        "id": finding.id,
        "outcome": finding.outcome.value,
        "detail": finding.detail,
        "document": finding.document or None,
        "page": finding.page,
        "quote": finding.quote,
    }


def _document_record(document: FiledDocument) -> Record:
    record: Record = {
        "kind": document.kind,
        "filename": document.filename,
        "path": document.path,
        "media_type": document.media_type,
        "size": document.size,
        "sha256": document.sha256,
        "pages": document.pages,
        "version": document.version,
        "mail": document.mail_id,
        "readable": not document.problem,
    }
    if document.superseded:
        record["superseded"] = True
    if document.state is DocumentState.HELD:
        record["held"] = True
    return record


def _matched_paper(view: DossierView) -> Record | None:
    if view.paper is None:
        return None
    return {
        "register_no": view.paper.register_no,
        "match": "staff" if view.row.paper_match == ALIAS else view.row.paper_match,
        "copies": view.paper.copies,
    }


def _event_record(event: EventRow, zone: ZoneInfo) -> Record:
    return {
        "at": _instant(event.at, zone),
        "actor": event.actor,
        "what": event.what,
        "detail": event.detail,
        "mail": event.mail_id,
        "letter": event.letter_id,
    }


def _proposal_record(proposal: Proposal) -> Record:
    return {
        "kind": proposal.kind,
        "target": proposal.target,
        "name": proposal.name,
        "secretariat": proposal.secretariat,
        "evidence": list(proposal.evidence),
    }


def _instant(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).isoformat(timespec="seconds")


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None
