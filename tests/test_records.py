"""Records in JSON: the keys, their order and their forms are a promise to other programs."""

from __future__ import annotations

import json
from dataclasses import replace

from registry.rows import DocumentState, EventRow, Finding, Outcome, Proposal, Status
from reports.records import (
    dossier_record,
    dossier_whole,
    letter_record,
    mail_record,
    paper_record,
)
from tests.sample_rows import (
    FOUR,
    NUMBER,
    RECEIVED,
    ZONE,
    document,
    letter,
    mail,
    missing,
    paper,
    view,
)


def test_dossier_has_the_promised_keys_in_order() -> None:
    found = view(
        Finding(id="form.name", outcome=Outcome.OK, document="申报表.docx", page=1, quote="名称"),
        missing("agreement.risk"),
        record=paper(),
        paper_match="name",
        review=("held",),
    )
    record = dossier_record(found, ZONE)
    assert list(record) == [
        "number",
        "call",
        "name",
        "secretariat",
        "recommender",
        "status",
        "review",
        "paper",
        "sender",
        "received_at",
        "updated_at",
        "due",
        "documents",
        "findings",
        "missing",
    ]
    assert record["number"] == NUMBER
    assert record["call"] == "guangdong-alliance-2016"
    assert record["status"] == "incomplete"
    assert record["review"] == ["held"]
    assert record["paper"] == {"register_no": "S-041", "match": "name", "copies": 5}
    assert record["received_at"] == "2016-05-31T16:42:00+08:00"
    assert record["due"] == "2016-06-07"
    assert record["missing"] == ["agreement.risk"]
    first, second = record["findings"]
    assert list(first) == ["id", "outcome", "detail", "document", "page", "quote"]
    assert first["document"] == "申报表.docx"
    assert second["document"] is None
    json.dumps(record)


def test_dossier_without_paper_or_day_has_nulls() -> None:
    record = dossier_record(view(due=None, status=Status.AWAITING_PAPER), ZONE)
    assert record["paper"] is None
    assert record["due"] is None


def test_document_is_marked_only_where_it_does_not_stand() -> None:
    documents = (
        FOUR[0],
        replace(FOUR[1], superseded=True),
        document("plan", "新方案.doc", state=DocumentState.HELD, problem="unsupported"),
        document("charter", "未采纳.docx", state=DocumentState.REJECTED),
    )
    plain, old, held = dossier_record(view(documents=documents), ZONE)["documents"]
    keys = [
        "kind",
        "filename",
        "path",
        "media_type",
        "size",
        "sha256",
        "pages",
        "version",
        "mail",
        "readable",
    ]
    assert list(plain) == keys
    assert list(old) == [*keys, "superseded"]
    assert list(held) == [*keys, "held"]
    assert plain["filename"] == "申报表.docx"
    assert plain["path"] == "申报材料.zip/申报表.docx"
    assert (plain["mail"], plain["readable"], held["readable"]) == (7, True, False)


def test_whole_dossier_adds_history_letters_and_candidates() -> None:
    whole = replace(
        view(),
        history=(EventRow(at=RECEIVED, actor="service", what="filed", detail="", mail_id=7),),
        letters=(letter(),),
        candidates=(
            Proposal(kind="paper", target="S-041", name="甲", secretariat="乙", evidence=("近",)),
        ),
    )
    record = dossier_whole(whole, ZONE)
    assert list(record)[-3:] == ["history", "letters", "candidates"]
    assert record["history"][0]["at"] == "2016-05-31T16:42:00+08:00"
    assert record["history"][0]["mail"] == 7
    assert record["letters"] == [letter_record(letter(), ZONE)]
    assert record["candidates"][0]["evidence"] == ["近"]


def test_mail_has_the_promised_keys_in_order() -> None:
    record = mail_record(mail(sha256=None), ZONE)
    assert list(record) == [
        "id",
        "mailbox",
        "folder",
        "uid",
        "message_id",
        "sha256",
        "from",
        "subject",
        "received_at",
        "fate",
        "reason",
        "dossiers",
        "letters",
    ]
    assert record["from"] == "office@example.com"
    assert record["sha256"] is None
    assert record["fate"] == "filed"
    assert (record["dossiers"], record["letters"]) == ([NUMBER], [3])


def test_letter_has_the_promised_keys_in_order_and_its_text_on_request() -> None:
    record = letter_record(letter(sent_at=None), ZONE)
    assert list(record) == [
        "id",
        "kind",
        "to",
        "subject",
        "dossiers",
        "mails",
        "in_reply_to",
        "message_id",
        "state",
        "reason",
        "attempts",
        "queued_at",
        "sent_at",
    ]
    assert record["in_reply_to"] == "<one@example.com>"
    assert record["sent_at"] is None
    assert letter_record(letter(), ZONE, body=True)["body"] == "您好！\n"


def test_paper_record_has_the_promised_keys_in_order() -> None:
    record = paper_record(paper(sealed=None, dossier=NUMBER))
    assert list(record) == [
        "register_no",
        "received_on",
        "name",
        "secretariat",
        "recommender",
        "copies",
        "sealed",
        "recommended",
        "contact",
        "mobile",
        "email",
        "remark",
        "dossier",
    ]
    assert record["received_on"] == "2016-05-30"
    assert record["sealed"] is None
    assert record["dossier"] == NUMBER
    assert paper_record(paper())["dossier"] is None
