"""Builders of registry values for tests of what people and programs read."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from config.call import Call, load_calls, parse_call
from parsers.submission import Facts
from registry.rows import (
    DocumentState,
    DossierRow,
    DossierView,
    Fate,
    FiledDocument,
    Finding,
    Kind,
    LetterRow,
    LetterState,
    MailRow,
    Outcome,
    PaperRecord,
    Status,
)

ZONE = ZoneInfo("Asia/Shanghai")
TODAY = date(2016, 6, 2)
RECEIVED = datetime(2016, 5, 31, 8, 42, tzinfo=UTC)
"""16:42 in Guangdong."""

NUMBER = "LM2016-0037"
NAME = "广东省海洋传感产业技术创新联盟"
CALL: Call = load_calls()["guangdong-alliance-2016"]
_TOPICS_FILE = Path(__file__).parent / "calls" / "open-topics-2019.toml"
TOPICS: Call = parse_call(_TOPICS_FILE.read_text("utf-8"), _TOPICS_FILE.name)
"""A call of another kind: it asks for no paper, and shares no word with the shipped one."""


def dossier(**changes: object) -> DossierRow:
    values: dict[str, Any] = {
        "id": 37,
        "number": NUMBER,
        "call_id": CALL.id,
        "call_version": CALL.version,
        "name": NAME,
        "secretariat": "粤衡精密装备股份有限公司",
        "recommender": "珠海市科技和工业信息化局",
        "sender": "office@example.com",
        "received_at": RECEIVED,
        "updated_at": RECEIVED,
        "revision": 2,
        "judged_revision": 2,
        "status": Status.INCOMPLETE,
        "review": (),
        "flags": (),
        "due": date(2016, 6, 7),
        "completed_at": None,
        "withdrawn": False,
        "paper_id": None,
        "paper_match": "",
    }
    values.update(changes)
    return DossierRow(**values)


def document(kind: str, path: str, **changes: object) -> FiledDocument:
    values: dict[str, Any] = {
        "id": 1,
        "kind": kind,
        "path": path,
        "filename": path.rsplit("/", 1)[-1],
        "media_type": "application/pdf",
        "size": 319_488,
        "sha256": hashlib.sha256(path.encode(errors="surrogatepass")).hexdigest(),
        "pages": 12,
        "problem": "",
        "detail": "",
        "version": 1,
        "state": DocumentState.CURRENT,
        "superseded": False,
        "mail_id": 7,
        "filed_at": RECEIVED,
        "facts": Facts(),
    }
    values.update(changes)
    return FiledDocument(**values)


FOUR = (
    document("form", "申报材料.zip/申报表.docx"),
    document("plan", "申报材料.zip/组建方案.docx"),
    document("charter", "申报材料.zip/组建章程.docx"),
    document("agreement", "申报材料.zip/组建协议.pdf"),
)


def missing(
    finding: str, detail: str = "", *, document: str = "", page: int | None = None, quote: str = ""
) -> Finding:
    return Finding(
        id=finding,
        outcome=Outcome.MISSING,
        detail=detail,
        document=document,
        page=page,
        quote=quote,
    )


def doubtful(finding: str, detail: str = "") -> Finding:
    return Finding(id=finding, outcome=Outcome.DOUBTFUL, detail=detail)


def paper(**changes: object) -> PaperRecord:
    values: dict[str, Any] = {
        "id": 5,
        "register_no": "S-041",
        "received_on": date(2016, 5, 30),
        "name": NAME,
        "secretariat": "粤衡精密装备股份有限公司",
        "recommender": "珠海市科技和工业信息化局",
        "copies": 5,
        "sealed": True,
        "recommended": True,
        "contact": "秘书处办公室",
        "mobile": "00000000000",
        "email": "office@example.com",
    }
    values.update(changes)
    return PaperRecord(**values)


def view(
    *findings: Finding,
    documents: tuple[FiledDocument, ...] = FOUR,
    record: PaperRecord | None = None,
    **changes: object,
) -> DossierView:
    return DossierView(row=dossier(**changes), documents=documents, findings=findings, paper=record)


def mail(**changes: object) -> MailRow:
    values: dict[str, Any] = {
        "id": 7,
        "mailbox": "main",
        "folder": "INBOX",
        "uid": 1001,
        "message_id": "<one@example.com>",
        "sha256": "0" * 64,
        "size": 2_000_000,
        "sender": "office@example.com",
        "sender_name": "秘书处",
        "subject": "报送海洋传感联盟申报材料",
        "excerpt": "",
        "received_at": RECEIVED,
        "fate": Fate.FILED,
        "reason": "",
        "machine": "",
        "spam": False,
        "duplicate_of": None,
        "read_at": None,
        "dossiers": (NUMBER,),
        "letters": (3,),
    }
    values.update(changes)
    return MailRow(**values)


def letter(**changes: object) -> LetterRow:
    values: dict[str, Any] = {
        "id": 3,
        "kind": Kind.ACKNOWLEDGEMENT,
        "notice": False,
        "to": ("office@example.com",),
        "subject": f"[{NUMBER}] 收件回执",
        "text": "您好！\n",
        "html": "<p>您好！</p>",
        "dossiers": (NUMBER,),
        "mails": (7,),
        "in_reply_to": "<one@example.com>",
        "references": ("<one@example.com>",),
        "message_id": "<answer@example.org>",
        "state": LetterState.SENT,
        "reason": "",
        "attempts": 1,
        "next_try_at": None,
        "queued_at": RECEIVED,
        "sent_at": RECEIVED,
    }
    values.update(changes)
    return LetterRow(**values)
