"""Builders of mails, documents and a whole registry for tests of the registry's core."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Table, insert, select

from config.call import Call, load_calls
from config.settings import Receipts, Service, Settings, Smtp
from ingest.house import House, keep_calls
from ingest.pipeline import Touched, judge_marked, write_letters
from parsers.authentication import Authentication
from parsers.bounces import Bounce
from parsers.names import core_of, normal_form, organisation_form
from parsers.submission import Address, Document, Dossier, Fact, Facts, File, Link, Submission
from registry import filing, queries, receiving
from registry import models as m
from registry.database import FILE_NAME, open_registry
from registry.filing import Understood
from registry.originals import Originals
from registry.queries import AnyRow
from registry.receiving import Received
from registry.routing import Route
from registry.rows import DossierRow, FiledDocument, LetterRow, MailRow
from tests.test_completeness import facts_of

CALL: Call = load_calls()["guangdong-alliance-2016"]
ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2016, 6, 1, 10, 0, tzinfo=ZONE)
"""A Wednesday morning; 9 to 11 June of that year were days of rest, 12 June was worked."""

ROBOTS = "广东省工业机器人产业技术创新联盟"
SENSORS = "广东省海洋传感产业技术创新联盟"
LIGHTS = "广东省智能照明产业技术创新联盟"
HOST = "粤衡精密装备股份有限公司"
OTHER_HOST = "岭南华瑞大学"
KINDS = tuple(each.id for each in CALL.documents)
SENDER = "office@example.com"
STRANGER = "someone@example.net"
QUIET = timedelta(minutes=30)


def sha(text: str) -> str:
    """Return the checksum of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


def document(
    kind: str,
    name: str = ROBOTS,
    *,
    secretariat: str = HOST,
    content: str = "1",
    lacks: Iterable[str] = (),
    **changes: object,
) -> Document:
    """A document as a careful applicant writes it; `lacks` names clauses it leaves out."""
    path = str(changes.get("path", f"{CALL.title_of(kind)}.docx"))
    values: dict[str, Any] = {
        "path": path,
        "filename": path.rsplit("/", 1)[-1],
        "media_type": "application/octet-stream",
        "size": 1000,
        "sha256": sha(f"{kind}|{name}|{secretariat}|{content}|{sorted(lacks)}|{path}"),
        "kind": kind,
        "page_count": 3,
        "facts": _facts(kind, name, secretariat, lacks),
        "name": Fact(value=name, page=1, quote=name) if name else None,
        "name_from": "content" if name else "",
    }
    if "problem" in changes:
        values |= {"facts": Facts(), "name": None, "name_from": ""}
    return Document(**(values | changes))


def _facts(kind: str, name: str, secretariat: str, lacks: Iterable[str]) -> Facts:
    if kind not in KINDS:
        return Facts()
    facts = facts_of(kind)
    given = {"name": name} | ({"secretariat": secretariat} if kind == "form" else {})
    said = {key: Fact(value=value, page=1, quote=value) for key, value in given.items() if value}
    left = {key: fact for key, fact in facts.fields.items() if key not in given}
    clauses = {key: hit for key, hit in facts.clauses.items() if key not in set(lacks)}
    return replace(facts, fields=left | said, clauses=clauses)


def dossier(
    name: str = ROBOTS,
    *documents: Document,
    secretariat: str = HOST,
    content: str = "1",
    lacks: Iterable[str] = (),
) -> Dossier:
    """The documents of one alliance: those given, or all four that the notice asks for."""
    every = documents or tuple(
        document(kind, name, secretariat=secretariat, content=content, lacks=lacks)
        for kind in KINDS
    )
    seat = next((each.facts.fields["secretariat"].value for each in every if _has_seat(each)), "")
    return Dossier(name=name, secretariat=seat, documents=every)


def _has_seat(each: Document) -> bool:
    return "secretariat" in each.facts.fields


def submission(
    *,
    sender: str = SENDER,
    subject: str = "报送申报材料",
    text: str = "请查收。",
    files: int = 0,
    **changes: object,
) -> Submission:
    """A mail of a person, understood."""
    values: dict[str, Any] = {
        "message_id": "<one@example.com>",
        "in_reply_to": "",
        "references": (),
        "sender": Address(address=sender),
        "reply_to": (),
        "to": (Address(address="intake@example.org"),),
        "cc": (),
        "subject": subject,
        "date": NOW,
        "headers": (),
        "text": text,
        "quoted": "",
        "files": tuple(_file(at) for at in range(files)),
        "links": (),
    }
    return Submission(**(values | changes))


def _file(at: int) -> File:
    name = f"附件{at}.docx"
    return File(
        path=name, filename=name, media_type="application/octet-stream", size=1, sha256=sha(name)
    )


LINK = Link(provider="示例网盘", url="https://example.net/f", name="材料.zip", size="2G")


def understood(
    *dossiers: Dossier,
    machine: str = "",
    bounced: tuple[str, ...] = (),
    bounce: Bounce | None = None,
    authentication: Authentication | None = None,
    call: Call = CALL,
    **mail: object,
) -> Understood:
    """A mail that brings those dossiers."""
    files = sum(len(each.documents) for each in dossiers)
    return Understood(
        submission=submission(**({"files": files} | mail)),  # type: ignore[arg-type] # by name
        dossiers=dossiers,
        call=call,
        machine=machine,
        bounce=Bounce(message_ids=bounced) if bounced else bounce,
        authentication=authentication,
    )


def received(uid: int, *, content: str = "", **changes: object) -> Received:
    """A mail as it lies on the server."""
    values: dict[str, Any] = {
        "mailbox": "main",
        "folder": "INBOX",
        "uidvalidity": 1,
        "uid": uid,
        "size": 1000,
        "listed_size": 1000,
        "received_at": NOW,
        "sha256": sha(content or f"mail {uid}"),
        "spam": False,
        "old": False,
    }
    return Received(**(values | changes))


@cache
def _empty_registry() -> bytes:
    """An empty registry as a file: migrating takes longer than most tests."""
    with TemporaryDirectory() as folder:
        registry = open_registry(Path(folder))
        with registry.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        registry.close()
        return (Path(folder) / FILE_NAME).read_bytes()


class Intake:
    """A real house with a registry of its own and a clock that stands until it is set."""

    def __init__(self, folder: Path, *, smtp: Mapping[str, object] | None = None) -> None:
        self.now = NOW
        folder.mkdir(mode=0o700)
        (folder / FILE_NAME).write_bytes(_empty_registry())
        self.house = House(
            settings=Settings(service=Service(data_dir=folder), smtp=Smtp(**(smtp or {}))),
            calls={CALL.id: CALL},
            registry=open_registry(folder),
            originals=Originals(folder / "originals"),
            clock=lambda: self.now,
        )
        self.registry = self.house.registry
        self._uid = 0
        keep_calls(self.house)

    def receipts(self, **changes: object) -> None:
        """Set how letters are written from now on."""
        settings = self.house.settings.model_copy(update={"receipts": Receipts(**changes)})
        self.house = replace(self.house, settings=settings)

    def receive(self, **changes: object) -> int:
        """Take in a mail and return its id."""
        self._uid += 1
        values = {"received_at": self.now} | changes
        with self.registry.write() as connection:
            mail = received(self._uid, **values)  # type: ignore[arg-type] # by name
            return receiving.receive(connection, mail, self.now)

    def file(self, mail: int, what: Understood) -> Route:
        """File a mail that was taken in."""
        with self.registry.write() as connection:
            return filing.file_mail(connection, mail, what, self.now)

    def post(
        self,
        *dossiers: Dossier,
        place: Mapping[str, object] | None = None,
        **mail: object,
    ) -> int:
        """Take in and file a mail, and return its id."""
        taken = self.receive(**(place or {}))
        values: dict[str, Any] = {"message_id": f"<mail-{taken}@example.com>"} | mail
        self.file(taken, understood(*dossiers, **values))
        return taken

    def judge(self) -> None:
        """Judge every dossier that is marked."""
        judge_marked(self.house, Touched(), Event())

    def answer(self, *, after: timedelta = timedelta(0)) -> tuple[LetterRow, ...]:
        """Judge, write the letters that are due once that time has passed, and return them."""
        self.now += after
        self.judge()
        touched = Touched()
        write_letters(self.house, touched, Event())
        return tuple(each for each in self.letters() if each.id in touched.letters)

    def letters(self) -> tuple[LetterRow, ...]:
        with self.registry.read() as connection:
            return queries.letters(connection)

    def mail(self, mail: int) -> MailRow:
        with self.registry.read() as connection:
            found = queries.mail_by_id(connection, mail)
        assert found
        return found

    def row(self, serial: int = 1) -> DossierRow:
        """Return the dossier with that serial number."""
        with self.registry.read() as connection:
            found = queries.dossier_by_number(connection, number(serial))
        assert found
        return found

    def numbers(self) -> list[str]:
        with self.registry.read() as connection:
            return [each.number for each in queries.queue(connection)]

    def rows(self, table: Table) -> list[AnyRow]:
        with self.registry.read() as connection:
            return list(connection.execute(select(table)).all())

    def events(self, what: str) -> list[AnyRow]:
        return [each for each in self.rows(m.event) if each.what == what]

    def states(self, serial: int = 1) -> list[tuple[str, int, str]]:
        """Return kind, version and state of every document row of a dossier, as filed."""
        row = self.row(serial)
        every = [each for each in self.rows(m.document) if each.dossier_id == row.id]
        return [(each.kind, each.version, each.state) for each in every]

    def documents(self, serial: int = 1) -> tuple[FiledDocument, ...]:
        """Return the documents of a dossier, in the order filed, superseded ones marked."""
        row = self.row(serial)
        with self.registry.read() as connection:
            return queries.documents_of(connection, [row.id]).get(row.id, ())

    def paper(self, name: str = ROBOTS, **changes: object) -> int:
        """Put a line into the paper register and return its id."""
        with self.registry.write() as connection:
            return add_paper(connection, name, **changes)


def number(serial: int) -> str:
    return f"LM2016-{serial:04d}"


def add_paper(connection: Connection, name: str, **changes: object) -> int:
    values: dict[str, Any] = {
        "register_no": f"S-{sha(name)[:4]}",
        "received_on": NOW.date(),
        "name": name,
        "name_form": normal_form(name, CALL),
        "core": core_of(name, CALL),
        "secretariat": HOST,
        "copies": 5,
        "sealed": True,
        "recommended": True,
        "columns": ["register_no", "received_on", "name", "copies", "sealed", "recommended"],
        "imported_at": NOW,
    } | changes
    values["secretariat_form"] = organisation_form(values["secretariat"])
    values.setdefault("key", values["register_no"] or name)
    row = connection.execute(insert(m.paper).values(**values).returning(m.paper.c.id))
    return int(row.scalar_one())


def act(intake: Intake, what: Callable[..., object], *arguments: object, **more: object) -> object:
    """Let the staff do something, in a transaction of its own."""
    with intake.registry.write() as connection:
        return what(connection, *arguments, **more, who="staff", now=intake.now)
