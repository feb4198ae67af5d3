"""A paper register and dossiers of thousands of alliances, written as people write.

The alliances are those of the samples, of which many differ in a word or a region only,
some made nearer still by a change of meaning (新能源汽车 and 新能源材料). How often each
slip, variant and omission occurs on either side stands in `RATES`.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import Connection

from ingest.samples.alliances import Alliance, make_alliance
from parsers.names import core_of, normal_form, organisation_form
from parsers.submission import Fact, Facts
from registry.paper import Register, SheetLayout
from registry.paper_import import import_register
from registry.rows import Case, DocumentState, FiledDocument, PaperRecord
from tests.builders import CALL, NOW, number

NEARER = {
    "汽车": "材料",
    "机器人": "机器视觉",
    "电子": "电力",
    "智能": "节能",
    "海洋": "海水",
    "装备": "装置",
    "医疗": "医药",
    "照明": "显示",
}
RATES = {
    "spaced": 0.10,
    "quoted": 0.05,
    "bracketed": 0.05,
    "titled": 0.05,
    "shorter prefix": 0.05,
    "no prefix": 0.02,
    "doubled prefix": 0.01,
    "other suffix": 0.04,
    "slip in the suffix": 0.01,
    "slip in the core": 0.005,
    "city without 市": 0.08,
    "college": 0.02,
    "another legal form": 0.005,
    "no secretariat": 0.01,
    "no telephone": 0.15,
    "another telephone": 0.10,
}


@dataclass(frozen=True, kw_only=True)
class Written:
    """An alliance as one side writes it."""

    name: str
    secretariat: str
    contact: str
    phone: str
    email: str


def _drawn(dice: random.Random) -> Callable[[str], bool]:
    return lambda what: dice.random() < RATES[what]


def _name(alliance: Alliance, dice: random.Random) -> str:
    often = _drawn(dice)
    prefix, core, suffix = "广东省", alliance.core, "产业技术创新联盟"
    if often("slip in the core"):
        at = dice.randrange(len(core))
        core = core[:at] + dice.choice("机及材才其") + core[at + 1 :]
    if often("slip in the suffix"):
        suffix = dice.choice(("产业枝术创新联盟", "产业技术创新连盟", "产业技术创薪联盟"))
    elif often("other suffix") and not core.endswith(("技术", "产业")):
        suffix = dice.choice(("技术创新联盟", "产业技术创新战略联盟", "产业联盟", "创新联盟"))
    if often("shorter prefix"):
        prefix = "广东"
    elif often("no prefix"):
        prefix = ""
    elif often("doubled prefix"):
        prefix = "广东省广东省"
    name = prefix + core + suffix
    if often("spaced"):
        at = dice.randrange(1, len(name))
        name = name[:at] + dice.choice((" ", "　", "\u200b")) + name[at:]
    if often("quoted"):
        name = f"“{name}”"
    if often("bracketed"):
        name = name.replace("（", "(").replace("）", ")")
    return f"{name}申报材料" if often("titled") else name


def _secretariat(alliance: Alliance, dice: random.Random) -> str:
    often = _drawn(dice)
    name = alliance.secretariat
    if often("no secretariat"):
        return ""
    if often("city without 市"):
        place = name[:2].removeprefix("广东")
        name = (
            name.replace("市", "", 1)
            if "市" in name
            else name.replace(place, f"{place}市" if place else "", 1)
        )
    if often("college"):
        name += "技术中心"
    if often("another legal form"):
        long, short = "股份有限公司", "有限公司"
        name = name.replace(long, short) if long in name else name.replace(short, long)
    return name


def written_by(alliance: Alliance, dice: random.Random) -> Written:
    """Return an alliance as somebody writes it, with what people get wrong or leave out."""
    often = _drawn(dice)
    phone = "" if often("no telephone") else alliance.mobile
    return Written(
        name=_name(alliance, dice),
        secretariat=_secretariat(alliance, dice),
        contact=alliance.contact,
        phone=f"1000001{dice.randrange(1000, 9999)}" if often("another telephone") else phone,
        email=alliance.email if dice.random() < 0.5 else "",
    )


def alliances(count: int, dice: random.Random) -> list[Alliance]:
    """Return alliances that differ in name, many of them near another one."""
    found: dict[str, Alliance] = {}
    for seed in range(count):
        alliance = make_alliance(seed)
        found.setdefault(alliance.core, alliance)
        words = [each for each in NEARER if each in alliance.core]
        if words and dice.random() < 0.4:
            word = dice.choice(words)
            core = alliance.core.replace(word, NEARER[word])
            found.setdefault(core, replace(make_alliance(seed + 100_000), core=core))
        if len(found) >= count:
            break
    return list(found.values())[:count]


def record(at: int, written: Written) -> PaperRecord:
    """Return a line of the register."""
    return PaperRecord(
        register_no=f"ZZ{at:05d}",
        received_on=date(2016, 5, 30),
        name=written.name,
        secretariat=written.secretariat,
        contact=written.contact,
        mobile=written.phone,
        email=written.email,
        columns=tuple(CALL.paper.columns),
        sheet="收件",
        row=at,
    )


def import_records(connection: Connection, records: tuple[PaperRecord, ...]) -> None:
    """Take in a register of those records."""
    sheet = SheetLayout(name="收件", headings={}, ignored=())
    register = Register(
        file="登记.xlsx", records=records, rejected=(), warnings=(), sheets=(sheet,)
    )
    import_register(connection, register, call=CALL, who="registrar", now=NOW)


def dossier_row(serial: int, written: Written) -> dict[str, Any]:
    """Return a dossier's row as filing leaves it."""
    return {
        "id": serial,
        "number": number(serial),
        "call_id": CALL.id,
        "call_version": CALL.version,
        "name": written.name,
        "name_form": normal_form(written.name, CALL),
        "core": core_of(written.name, CALL),
        "secretariat": written.secretariat,
        "secretariat_form": organisation_form(written.secretariat),
        "received_at": NOW,
        "updated_at": NOW,
        "status": "in-review",
    }


def case_of(serial: int, written: Written) -> Case:
    """Return what is known of a dossier, with the contact that its form names."""
    fields = {"contact": written.contact, "phone": written.phone, "email": written.email}
    form = FiledDocument(
        id=serial,
        kind="form",
        path="申报表.docx",
        filename="申报表.docx",
        media_type="application/octet-stream",
        size=1,
        sha256="",
        pages=None,
        problem="",
        detail="",
        version=1,
        state=DocumentState.CURRENT,
        superseded=False,
        mail_id=None,
        filed_at=NOW,
        facts=Facts(fields={key: Fact(value=value) for key, value in fields.items()}),
    )
    return Case(name=written.name, secretariat=written.secretariat, documents=(form,))
