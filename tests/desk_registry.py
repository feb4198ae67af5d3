"""A registry filled with invented rows, for looking at it through the staff desk."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI
from sqlalchemy import Connection, insert

from config.call import Call, load_calls
from config.settings import Mailbox, Service, Settings
from registry import models as m
from registry.accounts import Role, add_account
from registry.database import Registry, open_registry
from registry.filing import keep_call
from registry.originals import Originals
from reports.desk.app import create_app
from reports.desk.sign_in import sign_in_token

NOW = datetime(2016, 6, 1, 2, 0, tzinfo=UTC)
NAME, PASSWORD = "desk", "correct horse 2016"
SECRET = b"secret of the tests"
CALL = load_calls()["guangdong-alliance-2016"]

STATUSES = ("in-review", "incomplete", "awaiting-paper", "complete", "complete", "withdrawn")
FIELDS = (
    "工业机器人",
    "智能照明",
    "新能源汽车",
    "海洋生物",
    "石墨烯材料",
    "现代种业",
    "精准医疗器械",
)
TOWNS = ("广州", "深圳", "佛山", "东莞", "惠州", "珠海", "中山")
DOCUMENTS = ("form", "plan", "charter", "agreement")
FATES = ("filed", "filed", "filed", "noted", "quarantined", "unrelated", "automatic", "duplicate")
LETTER_STATES = ("sent", "sent", "queued", "draft", "failed", "suppressed")
TOKEN = re.compile(r'name="token" value="([0-9a-f]{64})"')
EXCERPT = "各位老师：\n\n现报送我联盟组建申报材料，请查收。\n\n示例单位"
TEXT = "您好：\n\n您的材料已收到，编号见主题。\n\n一、缺件清单\n\n1. 组建协议：未约定风险承担。\n"


@dataclass(frozen=True, kw_only=True)
class Office:
    """A filled registry, its store and the desk before them."""

    registry: Registry
    originals: Originals
    app: FastAPI
    clock: list[datetime]


@dataclass(frozen=True, kw_only=True)
class Browser:
    """A client that keeps cookies, at the desk of an office."""

    client: httpx.Client
    office: Office

    def get(self, path: str) -> httpx.Response:
        return self.client.get(path)

    def sign_in(self, name: str = NAME, password: str = PASSWORD) -> httpx.Response:
        """Sign in as people do, with name and password."""
        token = TOKEN.search(self.get("/login").text)
        assert token
        fields = {"token": token[1], "name": name, "password": password}
        return self.client.post("/login", data=fields)

    def token(self) -> str:
        found = TOKEN.search(self.get("/").text)
        assert found
        return found[1]

    def post(self, path: str, **fields: str) -> httpx.Response:
        return self.client.post(path, data={"token": self.token()} | fields)

    def message(self) -> str:
        found = re.search(
            r'class="message (?:good|bad)" role="status">([^<]*)<', self.get("/").text
        )
        assert found
        return found[1]


@contextmanager
def serve(app: FastAPI) -> Iterator[str]:
    """Serve a desk on a free port of the loopback, and give its address."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        config = uvicorn.Config(app, log_level="warning", lifespan="off", ws="none")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def sign_in_path() -> str:
    """Return a path that signs the desk's one account in."""
    return f"/login?token={sign_in_token(SECRET, NAME, NOW)}"


def name_of(index: int) -> str:
    """Return the alliance name of the dossier with that index, counted from 0."""
    return f"广东省{FIELDS[index % 7]}{index // 7 + 1}号产业技术创新联盟"


def open_office(folder: Path, *, dossiers: int = 12) -> Office:
    """Fill a registry in a folder and put a desk before it."""
    registry = open_registry(folder / "var")
    originals = Originals(folder / "originals")
    with originals.incoming() as file:
        file.write(b"Subject: hello\r\n\r\n<script>alert(1)</script>\r\n")
        sha256 = originals.keep(file)
    with registry.write() as connection:
        keep_call(connection, CALL, NOW)
        add_account(connection, NAME, PASSWORD, role=Role.STAFF, who="test", now=NOW)
        fill(connection, CALL, dossiers, sha256)
    clock = [NOW]
    app = create_app(
        registry=registry,
        originals=originals,
        settings=Settings(
            mailbox={"main": Mailbox(user="intake")}, service=Service(data_dir=folder / "var")
        ),
        calls={CALL.id: CALL},
        clock=lambda: clock[0],
        secret=SECRET,
    )
    return Office(registry=registry, originals=originals, app=app, clock=clock)


def fill(connection: Connection, call: Call, dossiers: int, sha256: str) -> None:
    """Insert so many dossiers with mails, documents, findings, paper, letters and events."""
    indexes = range(dossiers)
    tables: tuple[tuple[Any, Callable[[int], list[dict[str, Any]]]], ...] = (
        (m.paper, _paper),
        (m.dossier, lambda index: [_dossier(index, call)]),
        (m.mail, lambda index: [_mail(index, sha256)]),
        (m.place, lambda index: [_place(index)]),
        (m.mail_dossier, lambda index: [{"mail_id": index + 1, "dossier_id": index + 1}]),
        (m.document, lambda index: _documents(index, sha256)),
        (m.finding, lambda index: _findings(index, call)),
        (m.letter, lambda index: [_letter(index)]),
        (m.letter_mail, lambda index: [{"mail_id": index + 1, "letter_id": index + 1}]),
        (m.letter_dossier, _letter_dossier),
        (m.event, _events),
    )
    for table, make in tables:
        connection.execute(insert(table), [row for index in indexes for row in make(index)])
    connection.execute(insert(m.proposal), _proposals())
    folder = {"mailbox": "main", "name": "INBOX", "uidvalidity": 1, "error": ""}
    connection.execute(insert(m.folder).values(**folder, first_read_at=NOW, last_read_at=NOW))


def _has_paper(index: int) -> bool:
    return STATUSES[index % 6] in {"complete", "incomplete"}


def _paper(index: int) -> list[dict[str, Any]]:
    town = TOWNS[index % 7]
    return [
        {
            "key": f"key-{index}",
            "register_no": f"Z2016-{index + 1:04d}",
            "received_on": date(2016, 5, 20),
            "name": name_of(index),
            "name_form": name_of(index),
            "core": FIELDS[index % 7],
            "secretariat": f"{town}市示例研究院",
            "recommender": f"{town}市科学技术局",
            "copies": 5,
            "sealed": True,
            "contact": "联络处",
            "mobile": "020-00000000",
            "imported_at": NOW - timedelta(days=1),
        }
    ]


def _dossier(index: int, call: Call) -> dict[str, Any]:
    status = STATUSES[index % 6]
    review = ["doubtful:charter.general", "match-proposed"] if status == "in-review" else []
    received = NOW - timedelta(days=20, minutes=-index)
    return {
        "number": f"LM2016-{index + 1:04d}",
        "call_id": call.id,
        "call_version": call.version,
        "name": name_of(index),
        "secretariat": f"{TOWNS[index % 7]}市示例研究院",
        "recommender": f"{TOWNS[index % 7]}市科学技术局",
        "sender": f"office{index}@example.com",
        "received_at": received,
        "updated_at": received,
        "revision": 1,
        "judged_revision": 1,
        "status": status,
        "review": review,
        "due": date(2016, 5, 25) + timedelta(days=index % 20) if status == "in-review" else None,
        "withdrawn": status == "withdrawn",
        "paper_id": index + 1 if _has_paper(index) else None,
        "paper_match": "name" if _has_paper(index) else "",
    }


def _mail(index: int, sha256: str) -> dict[str, Any]:
    fate = FATES[index % 8]
    return {
        "sha256": sha256,
        "size": 1_234_567,
        "received_at": NOW - timedelta(days=20, minutes=-index),
        "seen_at": NOW,
        "spam": False,
        "message_id": f"<{index}@example.com>",
        "sender": f"office{index}@example.com",
        "sender_name": "示例单位",
        "subject": f"报送{name_of(index)}申报材料",
        "excerpt": EXCERPT,
        "fate": fate,
        "reason": "邮件超过解压上限" if fate == "quarantined" else "",
    }


def _place(index: int) -> dict[str, Any]:
    place = {"mailbox": "main", "folder": "INBOX", "uidvalidity": 1, "uid": index + 1}
    return place | {"mail_id": index + 1, "size": 1_234_567, "received_at": NOW}


SEALS = [{"page": page, "count": count} for page, count in ((8, 2), (9, None), (10, None))]


def _documents(index: int, sha256: str) -> list[dict[str, Any]]:
    held = {"charter"} if index % 12 == 0 else set()
    return [
        {
            "dossier_id": index + 1,
            "mail_id": index + 1,
            "kind": kind,
            "path": f"申报材料.zip/{title}.docx",
            "filename": f"{title}.docx",
            "media_type": "application/octet-stream",
            "size": 34_567,
            "sha256": sha256,
            "pages": 12,
            "version": 1,
            "state": "held" if kind in held else "current",
            "facts": {},
            "filed_at": NOW,
            "scan": "read" if kind == "agreement" else "",
            "seals": SEALS if kind == "agreement" else [],
        }
        for kind, title in zip(
            DOCUMENTS, ("申报表", "组建方案", "组建章程", "组建协议"), strict=True
        )
    ]


def _findings(index: int, call: Call) -> list[dict[str, Any]]:
    status = STATUSES[index % 6]
    odd = {"charter.general": "doubtful"} if status == "in-review" else {}
    if status == "incomplete":
        odd = {"agreement.risk": "missing", "agreement.ip": "missing", "form.contact": "waived"}
    return [
        {
            "dossier_id": index + 1,
            "ordinal": ordinal,
            "id": check.id,
            "outcome": odd.get(check.id, "ok"),
            "detail": "见“第三章”" if check.id not in odd else "只见“违约责任”，未见相应约定",
            "document": f"申报材料.zip/{call.title_of(check.document)}.docx"
            if check.document
            else "",
            "page": 3 if check.document else None,
            "quote": "本联盟的宗旨是联合攻关、共担风险。" if check.document else "",
        }
        for ordinal, check in enumerate(call.checks)
    ]


def _letter(index: int) -> dict[str, Any]:
    state = LETTER_STATES[index % 6]
    return {
        "kind": "missing-items" if STATUSES[index % 6] == "incomplete" else "acknowledgement",
        "notice": False,
        "to": [f"office{index}@example.com"],
        "subject": f"[LM2016-{index + 1:04d}] 收件回执：{name_of(index)}",
        "text": TEXT,
        "html": "<p>twin</p>",
        "message_id": f"<letter-{index}@example.org>",
        "state": state,
        "reason": "须人工审核" if state == "draft" else "",
        "queued_at": NOW if state == "queued" else NOW - timedelta(days=19),
        "sent_at": NOW - timedelta(days=19) if state == "sent" else None,
    }


def _letter_dossier(index: int) -> list[dict[str, Any]]:
    status = STATUSES[index % 6]
    return [{"letter_id": index + 1, "dossier_id": index + 1, "revision": 1, "status": status}]


def _events(index: int) -> list[dict[str, Any]]:
    number = index + 1
    at = NOW - timedelta(days=19)
    ids = {"dossier_id": number, "mail_id": number, "letter_id": None}
    about = {"dossier_id": number, "mail_id": None, "letter_id": None}
    status = STATUSES[index % 6]
    return [
        ids | {"at": at, "actor": "intake", "what": "opened", "detail": "报送申报材料"},
        about | {"at": at, "actor": "intake", "what": "judged", "detail": status},
        about
        | {
            "at": at,
            "actor": NAME,
            "what": "decided",
            "detail": "form.contact → waived：已电话确认",
        },
    ]


def _proposals() -> list[dict[str, Any]]:
    found = {"name": name_of(0), "secretariat": "广州市示例研究院", "dossier_id": 1}
    return [
        found
        | {"kind": "paper", "target": "Z2016-0001", "evidence": ["核心名称一致", "秘书处单位一致"]},
        found | {"kind": "dossier", "target": "LM2016-0008", "evidence": ["名称相近（92）"]},
    ]
