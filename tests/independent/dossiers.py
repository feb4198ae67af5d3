"""Labelled dossiers drawn at random from a seed, as applicants of 2016 would send them.

`draw(seed)` makes a clean dossier; `draw(seed, defects=["agreement.risk"])` one with faults. The
labels say what a careful clerk would say:

- `missing`: must be told as missing. An id that is also in `doubtful` may be either.
- `doubtful`: a person may have to look; never told as missing unless it is in `missing`, too.
- `tolerated`: follows from a fault put in, and no outcome of it is wrong.

All else must be neither missing nor doubtful. There are five sets of words: `wordings` ("a"),
`wordings_b` ("b") and so on to "e". `python -m tests.independent.dossiers SEED OUTDIR
[DEFECT…]` writes one dossier to look at, with its text and its labels; `b:SEED` takes the words
of set "b".
"""

import io
import json
import random
import re
import struct
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal, cast
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from tests.independent import wordings as w

__all__ = ["DEFECTS", "DOUBTS", "VARIANTS", "LabelledDossier", "LabelledFile", "WordSet", "draw"]

WordSet = Literal["a", "b", "c", "d", "e"]

_words: ContextVar[WordSet] = ContextVar("words", default="a")


@cache
def _set_of(words: WordSet) -> ModuleType:
    """Return the module that holds a set of words."""
    name = "wordings" if words == "a" else f"wordings_{words}"
    return import_module(f"tests.independent.{name}")


class _Chosen:
    """The words of the set that the dossier at hand is written in."""

    def __getattr__(self, name: str) -> object:
        return getattr(_set_of(_words.get()), name)


if not TYPE_CHECKING:
    w = _Chosen()

Kind = Literal["form", "plan", "charter", "agreement"]
KINDS: tuple[Kind, ...] = ("form", "plan", "charter", "agreement")

DEFECTS = (
    "document.form",
    "document.plan",
    "document.charter",
    "document.agreement",
    "form.name",
    "form.secretariat",
    "form.contact",
    "form.members",
    "form.recommender",
    "plan.goals",
    "plan.organisation",
    "plan.experts",
    "plan.staff",
    "agreement.goals",
    "agreement.tasks",
    "agreement.rights",
    "agreement.ip",
    "agreement.benefits",
    "agreement.risk",
    "agreement.signatures",
    "members.consistent",
    "name.pattern",
    "name.consistent",
    "text.placeholder",
    "file.readable",
)
"""Faults that give something `missing`."""

DOUBTS = (
    "charter.general",
    "charter.organisation",
    "charter.members",
    "agreement.risk:breach",
    "agreement.signatures:none",
    "members.consistent:near",
    "members.enterprise",
    "members.research",
    "form.recommender-area",
)
"""Faults that a person has to judge: `doubtful` only."""

VARIANTS: dict[str, tuple[str, ...]] = {
    "members.consistent": ("form-extra", "agreement-extra", "swap", "plan-short"),
    "name.pattern": ("province", "ending", "field"),
    "name.consistent": ("field", "province", "ending"),
    "file.readable": (
        "document-cut",
        "document-empty",
        "document-noise",
        "document-locked",
        "extra-locked",
        "extra-cut",
    ),
}
"""Kinds of one fault, drawn at random unless asked for as `FINDING:KIND`."""


@dataclass(frozen=True, kw_only=True)
class LabelledFile:
    """A file as it is attached; a folder it lies in stands before its name."""

    name: str
    content: bytes


@dataclass(frozen=True, kw_only=True)
class LabelledDossier:
    """A dossier and what a careful clerk would say of it."""

    seed: int
    files: tuple[LabelledFile, ...]
    name: str
    secretariat: str
    recommender: str
    members: tuple[str, ...]
    missing: frozenset[str]
    doubtful: frozenset[str]
    tolerated: frozenset[str]
    defects: tuple[str, ...]
    details: tuple[str, ...]


# What the documents are made of. -------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class _Cell:
    text: str
    across: int = 1
    down: int = 1
    head: bool = False


@dataclass(frozen=True, kw_only=True)
class _Table:
    rows: tuple[tuple[_Cell, ...], ...]
    columns: int
    ruled: bool = True


@dataclass(frozen=True, kw_only=True)
class _Para:
    text: str
    look: Literal["title", "heading", "body", "plain", "centre"] = "body"
    numbered: bool = False


@dataclass(frozen=True, kw_only=True)
class _Break:
    pass


_Block = _Para | _Table | _Break


@dataclass(frozen=True, kw_only=True)
class _Organisation:
    name: str
    short: str
    kind: Literal["enterprise", "university", "institute", "hospital", "service"]
    city: str
    address: str
    phone: str
    mobile: str
    mail: str
    code: str
    legal: str
    contact: str


@dataclass(frozen=True, kw_only=True)
class _Alliance:
    name: str
    field: str
    techniques: tuple[str, ...]
    products: tuple[str, ...]
    lead: _Organisation
    members: tuple[_Organisation, ...]
    lists: Mapping[str, tuple[_Organisation, ...]]
    recommender: str
    city: str

    def among(self, kind: Kind) -> tuple[_Organisation, ...]:
        """Return the members as that document lists them."""
        return self.lists.get(kind, self.members)


@dataclass(kw_only=True)
class _Faults:
    """What is taken away or put in, and the labels that follow."""

    removed: set[str] = field(default_factory=set)
    chosen: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)
    doubtful: set[str] = field(default_factory=set)
    tolerated: set[str] = field(default_factory=set)
    details: list[str] = field(default_factory=list)
    unsigned: str = ""
    unread: str = ""

    def has(self, fault: str) -> bool:
        return fault in self.chosen


# Words. --------------------------------------------------------------------------------------------

_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_NUMBER = re.compile(r"\{(c?)(\d+)-(\d+)\}")
_SLOT = re.compile(r"\{([a-zA-Z]\w*)\}")
_DIGITS = "零一二三四五六七八九十"


def _chinese(number: int) -> str:
    """Return a number below 100 in Chinese digits."""
    if number <= 10:
        return _DIGITS[number]
    tens, ones = divmod(number, 10)
    return ("" if tens == 1 else _DIGITS[tens]) + "十" + (_DIGITS[ones] if ones else "")


@cache
def _pattern(points: frozenset[str], words: WordSet) -> re.Pattern[str] | None:
    known = _set_of(words).HINTS
    hints = [known[point] for point in sorted(points) if point in known]
    return re.compile("|".join(hints)) if hints else None


@cache
def _filtered(pool: tuple[str, ...], points: frozenset[str], words: WordSet) -> tuple[str, ...]:
    pattern = _pattern(points, words)
    return pool if pattern is None else tuple(text for text in pool if not pattern.search(text))


def _without(pool: tuple[str, ...], points: frozenset[str]) -> tuple[str, ...]:
    """Return the wordings of a pool that do not speak of the points taken away."""
    return _filtered(pool, points, _words.get())


def _pick(dice: random.Random, pool: Sequence[str]) -> str:
    """Return one of the pool, without a throw of the dice where there is no choice."""
    return dice.choice(pool) if len(pool) > 1 else pool[0]


def _laid_out(dice: random.Random, name: str) -> bool:
    """Say whether a layout is to be used, without a throw of the dice where the set has it not."""
    share = w.LAYOUTS.get(name, 0.0)
    return share > 0 and dice.random() < share


class _Pen:
    """Writes the wordings of one document: draws, fills the slots, keeps out what is taken away."""

    def __init__(
        self,
        dice: random.Random,
        alliance: _Alliance,
        kind: Kind,
        faults: _Faults,
    ) -> None:
        self.dice = dice
        self.alliance = alliance
        self.kind = kind
        self.faults = faults
        self.barred = frozenset(
            point
            for point in faults.removed
            if point.startswith("plan.") or (kind == "agreement" and point.startswith("agreement."))
        )
        self.name = _typed(dice, faults.names.get(kind, alliance.name))
        mates = [member for member in alliance.among(kind) if member.name != alliance.lead.name]
        mates = mates or [alliance.lead]
        learned = [m for m in mates if m.kind in {"university", "institute"}] or mates
        firms = [m for m in mates if m.kind == "enterprise"] or mates
        techniques, products = list(alliance.techniques), list(alliance.products)
        dice.shuffle(techniques)
        dice.shuffle(products)
        own = dice.choice(w.OWN_NAMES)
        mate = dice.choice(w.MATES)
        every = dice.choice(w.EVERYONE)
        if kind == "agreement" and self.chance(0.3):
            every = dice.choice(w.EVERY_PARTY)
        self.slots: dict[str, str] = {
            "name": self.name,
            "self": own,
            "m": mate,
            "ms": every,
            "sec": alliance.lead.name,
            "uni": dice.choice(learned).name,
            "ent": dice.choice(firms).name,
            "f": alliance.field,
            "city": alliance.city,
            "count": str(len(alliance.among(kind))),
            "A": dice.choice(w.ASSEMBLIES),
            "C": dice.choice(w.COUNCILS),
            "E": dice.choice(w.COMMITTEES),
            "S": dice.choice(w.OFFICES_NAMES),
            **{f"t{i}": text for i, text in enumerate(techniques, start=1)},
            **{f"p{i}": text for i, text in enumerate(products, start=1)},
        }

    def chance(self, share: float) -> bool:
        return self.dice.random() < share

    def layout(self, name: str) -> bool:
        """Say whether a layout is to be used that only some sets of words have."""
        return _laid_out(self.dice, name)

    def gone(self, point: str) -> bool:
        return point in self.faults.removed

    def fill(self, text: str, **more: str) -> str:
        """Return a wording with its choices made and its slots filled."""
        while "[" in text and (match := _CHOICE.search(text)):
            text = (
                text[: match.start()] + self.dice.choice(match[1].split("|")) + text[match.end() :]
            )
        slots = {**self.slots, **more} if more else self.slots
        text = _SLOT.sub(lambda match: slots[match[1]], text)
        return _NUMBER.sub(self._number, text)

    def _number(self, match: re.Match[str]) -> str:
        number = self.dice.randint(int(match[2]), int(match[3]))
        return _chinese(number) if match[1] else str(number)

    def one(self, pool: tuple[str, ...], **more: str) -> str:
        return self.fill(self.dice.choice(_without(pool, self.barred)), **more)

    def some(
        self, pool: tuple[str, ...], least: int, most: int, *, ordered: bool = False
    ) -> list[str]:
        """Return several different wordings of the pool, as many as there are at most."""
        allowed = _without(pool, self.barred)
        number = min(len(allowed), self.dice.randint(least, most))
        chosen = self.dice.sample(allowed, number)
        if ordered:
            chosen.sort(key=allowed.index)
        return [self.fill(text) for text in chosen]

    def plain(self, pool: tuple[str, ...]) -> str:
        """Return a heading or label, which no point taken away keeps out."""
        return self.fill(self.dice.choice(pool))

    def decoys(self) -> list[str]:
        """Return near misses for the points taken away."""
        found: list[str] = []
        own = "agreement." if self.kind == "agreement" else "plan."
        for point in sorted(self.barred):
            pool = w.DECOYS.get(point, ())
            if pool and point.startswith(own) and self.chance(0.7):
                found.extend(self.fill(text) for text in self.dice.sample(pool, 1))
        return found


def _typed(dice: random.Random, name: str) -> str:
    """Return the name as someone types it: other brackets, wide letters, a space."""
    if dice.random() > 0.12:
        return name
    way = dice.randrange(4)
    if way == 0:
        return name.replace("（", "(").replace("）", ")")
    if way == 1:
        return "".join(
            chr(ord(sign) + 0xFEE0) if sign.isascii() and sign.isalnum() else sign for sign in name
        )
    if way == 2:
        return name.replace("产业技术", " 产业技术", 1)
    return name.replace("广东省", "广东省 ", 1)


# Organisations. ------------------------------------------------------------------------------------

_CODE_SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_OLD_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)


def _cities() -> tuple[tuple[str, str, tuple[str, ...], tuple[str, ...]], ...]:
    return _read_cities(w.CITIES)


@cache
def _read_cities(
    lines: tuple[str, ...],
) -> tuple[tuple[str, str, tuple[str, ...], tuple[str, ...]], ...]:
    found = []
    for line in lines:
        city, dial, streets, bureaus = line.split("|")
        found.append((city, dial, tuple(streets.split("、")), tuple(bureaus.split())))
    return tuple(found)


def _code(dice: random.Random, kind: str) -> str:
    body = "".join(dice.choice("0123456789") for _ in range(8))
    rest = (
        11 - sum(int(sign) * weight for sign, weight in zip(body, _OLD_WEIGHTS, strict=True)) % 11
    )
    check = {10: "X", 11: "0"}.get(rest, str(rest))
    if dice.random() < 0.3:
        return f"{body}-{check}"
    head = ("91" if kind == "enterprise" else "12") + dice.choice(("440000", "440101", "440600"))
    text = head + body + check
    total = sum(_CODE_SIGNS.index(sign) * pow(3, i, 31) for i, sign in enumerate(text))
    return text + _CODE_SIGNS[(31 - total % 31) % 31]


class _Founder:
    """Invents organisations, none twice, none near another."""

    def __init__(self, dice: random.Random, firm_words: tuple[str, ...]) -> None:
        self.dice = dice
        self.firm_words = firm_words
        self.brands: set[str] = set()
        self.universities = list(w.UNIVERSITIES)
        dice.shuffle(self.universities)

    def brand(self) -> str:
        while True:
            brand = self.dice.choice(w.BRAND_FIRST) + self.dice.choice(w.BRAND_SECOND)
            if brand[0] != brand[1] and brand not in self.brands:
                self.brands.add(brand)
                return brand

    def person(self) -> str:
        return self.dice.choice(w.SURNAMES) + self.dice.choice(w.GIVEN)

    def make(self, kind: str, *, local: bool = False) -> _Organisation:
        dice = self.dice
        city, dial, streets, _ = dice.choice(_cities())
        if kind == "university" and dice.random() < 0.6:
            city, dial, streets, _ = _cities()[0]
        if not local and dice.random() < 0.06:
            city, dial = dice.choice(w.OUTSIDE).split("|")
            streets = w.OUTSIDE_STREETS
        brand = self.brand()
        name, short = self._name(kind, brand, city)
        role = dice.choice(w.ROLES)
        contact = dice.choice(w.OFFICES)
        for slot, value in (
            ("{s}", dice.choice(w.SURNAMES)),
            ("{g}", dice.choice(w.GIVEN)),
            ("{r}", role),
            ("{t}", dice.choice(w.DEPARTMENTS)),
            ("{h}", dice.choice(w.HEADS)),
        ):
            contact = contact.replace(slot, value)
        street = dice.choice(streets)
        house = _pick(dice, w.HOUSES).replace("{n}", str(dice.randint(1, 288)))
        address = f"{'' if city in street else city}{street}{house}"
        if local or not any(city == line.split("|")[0] for line in w.OUTSIDE):
            address = dice.choice(("", "", "广东省")) + address
        digits = "".join(dice.choice("0123456789") for _ in range(7))
        domain = f"org{dice.randint(100, 9999)}.example.{dice.choice(('com', 'org', 'net'))}"
        return _Organisation(
            name=name,
            short=short,
            kind=kind,  # type: ignore[arg-type]
            city=city,
            address=address,
            phone=dice.choice(w.PHONES)
            .replace("{d}", dial)
            .replace("{n}", f"{dice.choice('2368')}{digits}"),
            mobile=f"1{dice.choice(('39', '38', '86', '35', '59'))}{digits}{dice.randint(1, 9)}",
            mail=f"{dice.choice(w.MAIL_NAMES)}@{domain}",
            code=_code(dice, kind),
            legal=self.person(),
            contact=contact,
        )

    def _name(self, kind: str, brand: str, city: str) -> tuple[str, str]:
        dice = self.dice
        place = city.removesuffix("市").replace("佛山市顺德区", "佛山")
        if kind == "university" and self.universities:
            name = self.universities.pop()
            return name, name.replace("大学", "大").replace("学院", "")
        pool = {
            "enterprise": w.FIRM_PATTERNS,
            "university": w.SPARE_UNIVERSITIES,
            "institute": w.INSTITUTES,
            "hospital": w.HOSPITALS,
            "service": w.SERVICES,
        }[kind]
        word = dice.choice(self.firm_words)
        name = dice.choice(pool)
        spot = dice.choice(w.FIRM_PLACES).replace("{c}", city).replace("{s}", place)
        for slot, value in (
            ("{place}", spot),
            ("{b}", brand),
            ("{w}", word),
            ("{e}", dice.choice(w.FIRM_ENDINGS)),
            ("{c}", city),
            ("{s}", place),
            ("{u}", dice.choice(w.UNIVERSITIES)),
        ):
            name = name.replace(slot, value)
        name = name.replace("科技科技", "科技").replace("技术技术", "技术")
        return name, brand + (word if kind == "enterprise" else "")


_MIXES = (
    (("enterprise", 12), ("university", 3), ("institute", 2), ("service", 1), ("hospital", 1)),
    (("enterprise", 6), ("university", 3), ("institute", 2), ("service", 1)),
    (("enterprise", 4), ("university", 2), ("institute", 2), ("hospital", 2)),
)


def _members(dice: random.Random, founder: _Founder, faults: _Faults) -> list[_Organisation]:
    """Return the members, the secretariat first: at least one firm and one that does research."""
    number = dice.choice(
        (3, 4, 5, 6, 7, 8, 8, 9, 10, 10, 11, 12, 12, 13, 14, 15, 16, 18, 20, 22, 25)
    )
    mix = dice.choice(_MIXES)
    kinds = [kind for kind, _ in mix]
    weights = [weight for _, weight in mix]
    drawn = dice.choices(kinds, weights, k=number)
    lead = dice.choices(("enterprise", "university", "institute", "service"), (60, 20, 14, 6))[0]
    drawn[:3] = [lead, "enterprise", dice.choice(("university", "institute"))]
    if faults.has("members.research"):
        drawn = ["enterprise", *("enterprise" if k != "service" else k for k in drawn[1:])]
    if faults.has("members.enterprise"):
        firms = {"enterprise", "service"}
        drawn = ["university", *("institute" if k in firms else k for k in drawn[1:])]
    tail = drawn[1:]
    dice.shuffle(tail)
    made = [founder.make(kind, local=not place) for place, kind in enumerate([drawn[0], *tail])]
    seen: set[str] = set()
    return [one for one in made if not (one.name in seen or seen.add(one.name))]  # type: ignore[func-returns-value]


def _recommender(dice: random.Random, lead: _Organisation, *, wrong: bool) -> str:
    bureaus = {city: names for city, _, _, names in _cities()}
    if wrong:
        others = [city for city in bureaus if city != lead.city and "顺德" not in city]
        return bureaus[dice.choice([city for city in others if city not in lead.city])][0]
    if lead.kind == "university" and dice.random() < 0.7:
        return dice.choice(w.UNIVERSITY_RECOMMENDERS)
    if lead.kind == "institute" and lead.name.startswith("广东") and dice.random() < 0.6:
        return dice.choice(w.INSTITUTE_RECOMMENDERS)
    return dice.choice(bureaus[lead.city])


def _found(dice: random.Random, faults: _Faults) -> _Alliance:
    """Return an alliance, with the names and lists that the faults ask for."""
    name, techniques, products, words = dice.choice(w.FIELDS).split("|")
    prefix, suffix = dice.choice(w.FIELD_PREFIXES), dice.choice(w.FIELD_SUFFIXES)
    name = name if name.startswith(w.FIELDS_COMPLETE) else prefix + name
    name = name if name.endswith(("服务", "装备")) else name + suffix
    founder = _Founder(dice, tuple(words.split()))
    members = _members(dice, founder, faults)
    lead = members[0]
    if faults.has("form.recommender-area"):
        while not members[0].name.startswith(members[0].city):
            members[0] = founder.make("enterprise", local=True)
        lead = members[0]
    strategic = "战略" if dice.random() < 0.02 else ""
    full = f"广东省{name}产业技术创新{strategic}联盟"
    if faults.has("name.pattern"):
        wrong = dice.choice(w.WRONG_NAMES[faults.chosen["name.pattern"]])
        full = wrong.replace("{f}", name).replace("{city}", lead.city)
    if dice.random() < 0.15:
        tail = members[1:]
        dice.shuffle(tail)
        place = dice.randrange(len(members))
        members = [*tail[:place], lead, *tail[place:]]
    alliance = _Alliance(
        name=full,
        field=name,
        techniques=tuple(techniques.split("、")),
        products=tuple(products.split("、")),
        lead=lead,
        members=tuple(members),
        lists={},
        recommender=_recommender(dice, lead, wrong=faults.has("form.recommender-area")),
        city=lead.city,
    )
    if faults.has("members.consistent"):
        alliance = replace(alliance, lists=_lists(dice, founder, alliance, faults))
    if faults.has("name.consistent"):
        _rename(dice, alliance, faults)
    if faults.has("agreement.signatures") and faults.chosen["agreement.signatures"] != "none":
        others = [m.name for m in alliance.among("agreement") if m.name != lead.name]
        faults.unsigned = dice.choice(others)
        faults.details.append(f"not among the signatures: {faults.unsigned}")
    return alliance


def _lists(
    dice: random.Random, founder: _Founder, alliance: _Alliance, faults: _Faults
) -> dict[str, tuple[_Organisation, ...]]:
    """Return the differing lists of members."""
    way = faults.chosen["members.consistent"]
    everyone = alliance.members
    others = [member for member in everyone if member.name != alliance.lead.name]
    odd = dice.choice(others)
    short = tuple(member for member in everyone if member.name != odd.name)
    new = _stranger(dice, founder, everyone)
    if way == "near":
        firms = [member for member in others if member.kind == "enterprise"] or others
        odd = dice.choice(firms)
        name = odd.name
        near = name.replace("股份有限公司", "有限公司")
        if near == name:
            near = name.replace("有限责任公司", "有限公司")
        if near == name:
            near = name.replace("有限公司", "股份有限公司")
        if near == name:
            near = name.replace("研究所", "研究院").replace("大学", "学院")
        if near == name and name.endswith(("厂", "总公司")):
            near = f"{name.removesuffix('总公司')}有限公司"
        changed = tuple(replace(m, name=near) if m.name == odd.name else m for m in everyone)
        faults.details.append(f"form: {name}; agreement: {near}")
        return {"agreement": changed}
    if way == "form-extra":
        faults.details.append(f"only in the form: {new.name}")
        return {"form": (*everyone, new), "plan": (*everyone, new)}
    if way == "agreement-extra":
        faults.details.append(f"only in the agreement: {new.name}")
        return {"agreement": (*everyone, new)}
    if way == "swap":
        faults.details.append(f"form: {odd.name}; agreement: {new.name}")
        return {"agreement": (*short, new)}
    faults.details.append(f"not in the plan's list: {odd.name}")
    return {"plan": short}


def _stranger(
    dice: random.Random, founder: _Founder, members: Sequence[_Organisation]
) -> _Organisation:
    """Return an organisation that nobody takes for one of the members."""
    while True:
        new = founder.make(dice.choice(("enterprise", "enterprise", "institute")))
        likest = max(SequenceMatcher(None, new.name, one.name).ratio() for one in members)
        if likest < 0.65:
            return new


def _other_field(dice: random.Random, name: str) -> str:
    """Return the field with a word more or less: the same alliance, but not its name."""
    shorter = [
        name.removeprefix(word) for word in w.FIELD_PREFIXES if word and name.startswith(word)
    ]
    shorter += [
        name.removesuffix(word) for word in w.FIELD_SUFFIXES if word and name.endswith(word)
    ]
    longer = [text.replace("{f}", name) for text in w.FIELD_LONGER]
    return dice.choice(shorter if shorter and dice.random() < 0.7 else longer)


def _rename(dice: random.Random, alliance: _Alliance, faults: _Faults) -> None:
    """Give one document another name of the alliance."""
    there = [kind for kind in KINDS if f"document.{kind}" not in faults.removed]
    kind = dice.choice(there)
    name = alliance.name
    way = faults.chosen["name.consistent"]
    if way == "province":
        other = name.replace("广东省", "广东", 1)
    elif way == "ending":
        ending = dice.choice(w.SHORT_ENDINGS)
        other = re.sub("产业技术创新(战略)?联盟", ending, name)
    else:
        other = name.replace(alliance.field, _other_field(dice, alliance.field), 1)
    if other == name:
        other = f"广东省新型{alliance.field}产业技术创新联盟"
    faults.names[kind] = other
    faults.details.append(f"{kind} says {other}")


# Flow of text. -------------------------------------------------------------------------------------

_OLD_DIGITS = "零壹贰叁肆伍陆柒捌玖拾"


def _old_digits(number: int) -> str:
    """Return a number below 20 in the digits of contracts and old offices."""
    return _OLD_DIGITS[number] if number <= 10 else f"拾{_OLD_DIGITS[number - 10]}"


def _roman(number: int) -> str:
    """Return a number as one Roman sign, in Latin letters where there is none."""
    return chr(0x2160 + number - 1) if number <= 12 else "X" * (number // 10) + "I" * (number % 10)


_NUMBERED = re.compile(r"[（(]?[0-9一二三四五六七八九十甲][）)、.．]")


class _Flow:
    """Collects the blocks of a document, numbering headings, paragraphs and items in one manner."""

    def __init__(self, pen: _Pen, scheme: str) -> None:
        self.pen = pen
        self.scheme = scheme
        self.blocks: list[_Block] = []
        self.headings: list[str] = []
        self.section = 0
        self.article = 0
        self.subsection = 0
        self.under_sub = False
        self.gap = pen.dice.choice(("　", " ", "  ", ""))
        self.dot = pen.dice.choice((".", "．", "、", " "))
        self.item = pen.dice.choice(w.ITEM_MARKS)
        self.run_in = scheme in {"han", "article", "dotted"} and pen.chance(0.08)
        self.waiting = ""

    def heading(self, text: str) -> None:
        self.flush()
        self.section += 1
        self.subsection = 0
        self.under_sub = False
        self.headings.append(text)
        number = _chinese(self.section)
        label = {
            "han": f"{number}、{text}",
            "article": f"第{number}条{self.gap or ' '}{text}",
            "chapter": f"第{number}章{self.gap or ' '}{text}",
            "dotted": f"{self.section}{self.dot}{text}",
            "part": f"第{number}部分{self.gap or ' '}{text}",
            "section": f"第{number}节{self.gap or ' '}{text}",
            "bracket": f"【{text}】",
            "old": f"{_old_digits(self.section)}、{text}",
            "roman": f"{_roman(self.section)}{self.dot}{text}",
            "paren": f"（{number}）{text}",
            "nested": f"{number}、{text}",
            "decimal": f"第{number}条{self.gap or ' '}{text}",
        }.get(self.scheme, text)
        if self.run_in:
            self.waiting = label
            return
        self.blocks.append(_Para(text=label, look="heading", numbered=self.scheme == "auto"))

    def flush(self) -> None:
        if self.waiting:
            self.blocks.append(_Para(text=self.waiting, look="heading"))
            self.waiting = ""

    def sub(self, text: str) -> None:
        self.flush()
        self.subsection += 1
        self.under_sub = True
        number = _chinese(self.subsection)
        label = {
            "dotted": f"{self.section}.{self.subsection} {text}",
            "decimal": f"{self.section}.{self.subsection} {text}",
            "paren": f"{self.subsection}. {text}",
            "chapter": f"{text}：",
            "bare": text,
        }.get(self.scheme, f"（{number}）{text}")
        self.blocks.append(_Para(text=label))

    def para(self, text: str) -> None:
        """Add a wording, each of its lines as a paragraph."""
        text = self._led(text)
        for line in text.split("\n"):
            if self.waiting:
                mark = self.pen.dice.choice(("：", "。", "　"))
                self.blocks.append(_Para(text=f"{self.waiting}{mark}{line}"))
                self.waiting = ""
                continue
            if self.scheme == "chapter":
                self.article += 1
                label = f"第{_chinese(self.article)}条{self.gap or ' '}"
                self.blocks.append(_Para(text=f"{label}{line}"))
                continue
            self.blocks.append(_Para(text=line))

    def _led(self, text: str) -> str:
        """Return a wording with its number where each of a section has one, and no own."""
        if self.scheme not in {"nested", "decimal"} or self.under_sub or _NUMBERED.match(text):
            return text
        self.subsection += 1
        if self.scheme == "nested":
            return f"（{_chinese(self.subsection)}）{text}"
        return f"{self.section}.{self.subsection}{self.gap or ' '}{text}"

    def paras(self, texts: Iterable[str]) -> None:
        for text in texts:
            self.para(text)

    def items(self, intro: str, texts: Sequence[str]) -> None:
        """Add a list, each item on a line of its own or all of them in one paragraph."""
        ends = ["；"] * (len(texts) - 1) + ["。"]
        lines = [
            self._item(number) + text.rstrip("。；") + end
            for number, (text, end) in enumerate(zip(texts, ends, strict=True), start=1)
        ]
        if self.pen.chance(0.2):
            self.para(intro + "".join(lines))
            return
        self.para(intro)
        self.blocks.extend(_Para(text=line) for line in lines)

    def _item(self, number: int) -> str:
        if self.item == "①":
            return chr(0x2460 + number - 1) if number <= 20 else f"({number})"
        return self.item.replace("{n}", str(number)).replace("{c}", _chinese(number))

    def add(self, *blocks: _Block) -> None:
        self.flush()
        self.blocks.extend(blocks)


def _titled(pen: _Pen, number: int, word: str) -> list[_Block]:
    """Return the title of a document: on one line or several, with the name or without."""
    dice = pen.dice
    blocks: list[_Block] = []
    if pen.chance(0.3):
        mark = dice.choice(w.ATTACHED).replace("{n}", str(number)).replace("{c}", _chinese(number))
        blocks.append(_Para(text=mark, look="plain"))
    name = pen.name
    sentence = pen.layout("sentence title")
    way = dice.random()
    if sentence:
        lines = [pen.fill(dice.choice(w.SENTENCE_TITLES[pen.kind]), word=word)]
    elif way < 0.55:
        lines = [name + word.removeprefix("联盟")]
    elif way < 0.8:
        lines = [name, dice.choice((word, " ".join(word)))]
    elif way < 0.9 and "产业技术" in name:
        head, tail = name.split("产业技术", 1)
        lines = [head, "产业技术" + tail, word]
    else:
        lines = [f"联盟{word.removeprefix('联盟')}", f"联盟名称：{name}"]
    blocks.extend(_Para(text=line, look="title") for line in lines)
    if pen.chance(0.3):
        blocks.append(_Para(text=pen.fill(_pick(dice, w.TITLE_DATES)), look="centre"))
    if pen.chance(0.15):
        blocks.append(_Break())
    return blocks


def _contents(pen: _Pen, flow: _Flow, title: list[_Block]) -> list[_Block]:
    """Return title and text, with a table of contents between them here and there."""
    flow.flush()
    if not (flow.scheme in {"han", "dotted", "part"} and not flow.run_in and pen.chance(0.15)):
        return [*title, *flow.blocks]
    lines: list[_Block] = [_Para(text=pen.dice.choice(("目录", "目  录", "目　录")), look="centre")]
    page = 1
    for block in flow.blocks:
        if isinstance(block, _Para) and block.look == "heading":
            page += pen.dice.randint(0, 2)
            leader = pen.dice.choice(("…………", "......", "\t", "………………………"))
            lines.append(_Para(text=f"{block.text}{leader}{page}", look="plain"))
    return [*title, *lines, _Break(), *flow.blocks]


# Grids of the form. --------------------------------------------------------------------------------

Pairs = Sequence[tuple[str, str]]


def _row(*cells: _Cell) -> tuple[_Cell, ...]:
    return cells


def _grid(dice: random.Random, pairs: Pairs, way: str) -> _Table:
    """Return labels and values: beside each other, two pairs in a row, or one above the other."""
    rows: list[tuple[_Cell, ...]] = []
    if way == "one":
        rows = [_row(_Cell(text=k, head=True), _Cell(text=v)) for k, v in pairs]
        return _Table(rows=tuple(rows), columns=2)
    if way == "above":
        for start in range(0, len(pairs), 3):
            part = pairs[start : start + 3]
            wide = 3 - len(part) + 1
            spans = [1] * (len(part) - 1) + [wide]
            rows.append(
                tuple(
                    _Cell(text=k, head=True, across=s)
                    for (k, _), s in zip(part, spans, strict=True)
                )
            )
            rows.append(
                tuple(_Cell(text=v, across=s) for (_, v), s in zip(part, spans, strict=True))
            )
        return _Table(rows=tuple(rows), columns=3)
    queue = list(pairs)
    while queue:
        label, value = queue.pop(0)
        narrow = len(value) <= 16 and queue and len(queue[0][1]) <= 24
        if narrow and dice.random() < 0.85:
            other, text = queue.pop(0)
            rows.append(
                _row(
                    _Cell(text=label, head=True),
                    _Cell(text=value),
                    _Cell(text=other, head=True),
                    _Cell(text=text),
                )
            )
        else:
            rows.append(_row(_Cell(text=label, head=True), _Cell(text=value, across=3)))
    return _Table(rows=tuple(rows), columns=4)


def _grouped(table: _Table, label: str, first: int, last: int) -> _Table:
    """Return a table with one more column at the left: a label over some rows, wide cells elsewhere."""
    rows: list[tuple[_Cell, ...]] = []
    for number, row in enumerate(table.rows):
        if first <= number <= last:
            head = (_Cell(text=label, head=True, down=last - first + 1),) if number == first else ()
            rows.append((*head, *row))
        else:
            rows.append((replace(row[0], across=row[0].across + 1), *row[1:]))
    return _Table(rows=tuple(rows), columns=table.columns + 1, ruled=table.ruled)


class _FormWriter:
    """Writes the form 申报表 in one of many layouts."""

    def __init__(self, pen: _Pen) -> None:
        self.pen = pen
        self.dice = pen.dice
        self.alliance = pen.alliance
        self.members = pen.alliance.among("form")
        self.blocks: list[_Block] = []
        self.colon = self.dice.choice(("", "", "", "：", ":"))
        self.spaced = self.dice.random() < 0.35
        self.space = self.dice.choice((" ", "　", "  "))
        self.labels = {key: self.dice.choice(pool) for key, pool in w.LABELS.items()}
        self.labels["mate"] = self.dice.choice(w.MEMBER_CONTACT_LABELS)
        self.way = self.dice.choice(("one", "two", "two", "two", "above"))
        self.numbering = self.dice.choice(w.FORM_NUMBERING)
        self.part = 0
        self.bare_name = pen.faults.has("form.name")
        self.plain = pen.chance(0.12)
        self.listed = not self.plain and pen.layout("listed form")
        self.captioned = not (self.plain or self.listed) and pen.layout("captions")
        self.idle = pen.gone("plan.goals") and pen.layout("no tasks without goals")
        self.blocked = not (self.plain or self.listed) and pen.layout("contact block")
        self.caption = ""

    def blank(self) -> str:
        return self.dice.choice(("", "", "", "　", "    "))

    def label(self, key: str) -> str:
        text = self.labels[key]
        if self.spaced and 2 <= len(text) <= 4 and text.isalpha() and not text.isascii():
            text = self.space.join(text)
        return text

    def value(self, key: str) -> str:
        """Return what the form says for the alliance as a whole."""
        lead, faults = self.alliance.lead, self.pen.faults
        blanks = {
            "name": "form.name",
            "secretariat": "form.secretariat",
            "recommender": "form.recommender",
            "contact": "form.contact",
            "phone": "form.contact",
            "mobile": "form.contact",
            "mail": "form.contact",
            "fax": "form.contact",
        }
        if key in blanks and faults.has(blanks[key]):
            return self.blank()
        return {
            "name": self.pen.name,
            "secretariat": lead.name,
            "recommender": self.alliance.recommender,
            "field": self.alliance.field,
            "contact": lead.contact,
            "phone": lead.phone,
            "mobile": lead.mobile,
            "fax": lead.phone[:-1] + "0",
            "mail": lead.mail,
            "address": lead.address,
            "postcode": f"5{self.dice.randint(10000, 28000)}",
            "date": self.dice.choice(w.FORM_DATES),
        }[key]

    def heading(self, key: str) -> None:
        text = self.pen.plain(w.FORM_PARTS[key])
        if self.bare_name:
            text = text.replace(self.pen.name, "联盟")
        self.part += 1
        number = _chinese(self.part)
        text = {
            "han": f"{number}、{text}",
            "dotted": f"{self.part}.{text}",
            "paren": f"（{number}）{text}",
            "table": f"表{number}　{text}",
            "part": f"第{number}部分　{text}",
            "old": f"{_old_digits(self.part)}、{text}",
        }.get(self.numbering, text)
        if self.captioned:
            self.caption = text
        else:
            self.blocks.append(_Para(text=text, look="heading"))

    def put(self, table: _Table) -> None:
        """Add a table; a heading that waits becomes its first row."""
        if self.caption:
            top = _row(_Cell(text=self.caption, across=table.columns, head=True))
            table = replace(table, rows=(top, *table.rows))
            self.caption = ""
        self.blocks.append(table)

    def items(self, pairs: Pairs) -> None:
        """Add labels as a numbered list, each value on the lines below its label."""
        mark = self.dice.choice(w.LIST_MARKS)
        for number, (label, value) in enumerate(pairs, start=1):
            self.blocks.append(_Para(text=mark.replace("{n}", str(number)) + label, look="plain"))
            self.blocks.extend(
                _Para(text=f"　　{line}" if line.strip() else "", look="plain")
                for line in value.split("\n")
            )

    def grid(self, pairs: Pairs, *, way: str = "") -> None:
        """Add labels and values, as a table or, in a plain form, as lines."""
        if self.plain:
            self.blocks.extend(_Para(text=f"{k}：{v}", look="plain") for k, v in pairs)
            return
        if self.listed:
            self.items(pairs)
            return
        done = [(k + self.colon, v) for k, v in pairs]
        chosen = way or self.way
        table = _grid(self.dice, done, chosen)
        if chosen != "above" and self.pen.chance(0.15) and len(table.rows) > 3:
            first = self.dice.randrange(len(table.rows) - 2)
            table = _grouped(table, self.dice.choice(w.GROUP_LABELS), first, first + 2)
        self.put(table)

    def write(self) -> list[_Block]:
        self.cover()
        steps = [self.sheet_of_lead, self.list_members, self.council, self.experts]
        if self.pen.layout("parts in another order"):
            self.dice.shuffle(steps)
        for step in (self.basics, *steps):
            step()
            if self.pen.chance(0.25):
                self.blocks.append(_Break())
        self.opinions()
        return self.blocks

    def cover(self) -> None:
        pen = self.pen
        if pen.chance(0.5):
            self.blocks.append(_Para(text=self.dice.choice(w.ATTACHED_FORM), look="plain"))
        title = self.dice.choice(w.FORM_TITLES)
        self.blocks.extend(_Para(text=line, look="title") for line in title.split("\n"))
        keys = ["name", "secretariat", "recommender", "field", "contact", "phone"]
        keys += [key for key in ("mobile", "fax", "mail", "address", "postcode") if pen.chance(0.6)]
        keys.append("date")
        if pen.chance(0.3):
            keys.remove("field")
        self.contact_on_cover = not self.blocked and not pen.chance(0.15)
        if not self.contact_on_cover:
            keys = [k for k in keys if k not in {"contact", "phone", "mobile", "fax", "mail"}]
        if pen.faults.has("form.recommender") and pen.chance(0.1):
            keys.remove("recommender")
        pairs = self.filled(keys)
        way = self.dice.random()
        if self.listed:
            self.items(pairs)
        elif self.plain or way < 0.4:
            self.blocks.extend(_Para(text=f"{k}{self.mark()}{v}", look="plain") for k, v in pairs)
        elif way < 0.5:
            rule = "____________________"
            for label, value in pairs:
                dated = label == self.label("date")
                shown = f"__{value}__" if value.strip() else (rule if dated else "")
                self.blocks.append(_Para(text=f"{label}：{shown}", look="plain"))
        else:
            table = _grid(self.dice, [(k + self.colon, v) for k, v in pairs], self.cover_way())
            self.blocks.append(replace(table, ruled=self.pen.chance(0.6)))
        self.blocks.append(_Para(text=self.dice.choice(w.FORM_FEET), look="centre"))
        self.blocks.append(_Break())
        if pen.chance(0.3):
            self.blocks.append(_Para(text=self.dice.choice(w.FORM_NOTES), look="plain"))

    def filled(self, keys: Sequence[str]) -> list[tuple[str, str]]:
        """Return labels and values, contact and telephone at times under one label."""
        pairs = {key: (self.label(key), self.value(key)) for key in keys}
        if {"contact", "phone"} <= pairs.keys() and self.pen.layout("joint contact"):
            label, shape = self.dice.choice(w.JOINT_CONTACTS)
            phone, contact = pairs.pop("phone")[1], pairs["contact"][1]
            value = shape.replace("{contact}", contact).replace("{phone}", phone)
            pairs["contact"] = (label, value if contact.strip() else "")
        return list(pairs.values())

    def mark(self) -> str:
        return self.dice.choice(("：", "：", ":", "：  "))

    def cover_way(self) -> str:
        return self.dice.choice(("one", "one", "two"))

    def basics(self) -> None:
        pen, dice = self.pen, self.dice
        self.heading("basics")
        pairs = [(self.label("name"), self.value("name"))]
        if pen.chance(0.5):
            pairs.append((self.label("started"), dice.choice(w.STARTED)))
        if pen.chance(0.5):
            pairs.append((self.label("field"), self.alliance.field))
        if not pen.gone("plan.organisation") and pen.chance(0.6):
            blanked = pen.faults.has("form.secretariat")
            chair = pen.slots["ent"] if blanked else self.alliance.lead.name
            pairs.append((self.label("chair"), chair))
        if pen.chance(0.4):
            pairs.append((dice.choice(w.SEAT_LABELS), self.value("secretariat")))
        pairs += self._staff_and_experts()
        if not pen.faults.has("form.members") and pen.chance(0.7):
            pairs.append((self.label("count"), self._count()))
        if pen.gone("plan.goals"):
            if pen.chance(0.4):
                pairs.append((self.label("aim"), self.blank()))
        elif pen.chance(0.6):
            pairs.append((self.label("aim"), pen.one(w.AIM_SHORT)))
        self.grid(pairs)
        self._below_basics()

    def _below_basics(self) -> None:
        """Add what some forms have below the basics: whom to reach, and cells to write at length."""
        if self.blocked:
            self.put(self._contact_block())
        faults = self.pen.faults
        named = faults.has("form.secretariat") or faults.has("form.members")
        if not (self.plain or self.listed or named) and self.pen.layout("essay in the form"):
            self._essay()

    def _contact_block(self) -> _Table:
        """Return whom to reach as rows of their own: one head for all, each thing with its label."""
        name, phone, mobile, mail = self.dice.choice(w.CONTACT_PARTS)
        group = self.dice.choice(w.CONTACT_GROUPS)
        first = _row(
            _Cell(text=group, head=True, down=2),
            _Cell(text=name, head=True),
            _Cell(text=self.value("contact")),
            _Cell(text=phone, head=True),
            _Cell(text=self.value("phone")),
        )
        second = _row(
            _Cell(text=mobile, head=True),
            _Cell(text=self.value("mobile")),
            _Cell(text=mail, head=True),
            _Cell(text=self.value("mail")),
        )
        return _Table(rows=(first, second), columns=5)

    def _essay(self) -> None:
        """Add cells to write at length in, which belong to the plan but stand in many forms."""
        pen = self.pen
        parts = [("background", pen.some(w.BACKGROUND, 1, 2))]
        if not pen.gone("plan.goals"):
            parts.append(("goals", pen.some(w.GOALS, 1, 1)))
        pairs = [(self.dice.choice(w.ESSAY_LABELS[key]), "\n".join(text)) for key, text in parts]
        if pen.chance(0.5):
            rows = tuple(_row(_Cell(text=f"{k}：\n{v}")) for k, v in pairs)
            self.put(_Table(rows=rows, columns=1))
        else:
            rows = tuple(_row(_Cell(text=k, head=True), _Cell(text=v)) for k, v in pairs)
            self.put(_Table(rows=rows, columns=2))

    def _staff_and_experts(self) -> Iterator[tuple[str, str]]:
        pen, dice = self.pen, self.dice
        if pen.gone("plan.staff"):
            if pen.chance(0.3):
                yield self.label("standing"), self.blank()
        elif "form" in self.places("plan.staff"):
            label = self.label("standing")
            number = dice.randint(2, 6)
            yield label, dice.choice(w.STANDING_VALUES).replace("{n}", str(number))
        if pen.gone("plan.experts"):
            if pen.chance(0.3):
                yield self.label("experts"), self.blank()
        elif pen.chance(0.3) and "form" in self.places("plan.experts"):
            yield self.label("experts"), pen.fill(_pick(dice, w.EXPERTS_VALUES))

    def places(self, point: str) -> str:
        return self.pen.faults.chosen.get(f"place of {point}", "")

    def _count(self) -> str:
        number = {
            title: sum(member.kind in kinds for member in self.members)
            for title, kinds in w.COUNT_KINDS
        }
        gap = self.dice.choice(w.COUNT_GAPS)
        parts = gap.join(f"{title}{count}家" for title, count in number.items())
        total = str(len(self.members))
        shape = self.dice.choice(w.COUNT_VALUES)
        return shape.replace("{total}", total).replace("{parts}", parts)

    def sheet_of_lead(self) -> None:
        pen, dice, lead = self.pen, self.dice, self.alliance.lead
        self.heading("lead")
        empty = pen.faults.has("form.secretariat")
        pairs = [(self.label("unit"), lead.name)]
        for key, value in (
            ("code", lead.code),
            ("kind", self._kind(lead)),
            ("legal", lead.legal),
            ("capital", f"{dice.randint(2, 90) * 100}"),
            ("founded", f"{dice.randint(1985, 2012)}年{dice.randint(1, 12)}月"),
            ("staff", str(dice.randint(50, 900))),
            ("research", str(dice.randint(10, 50))),
            ("income", f"{dice.randint(900, 90000)}"),
            ("address", lead.address),
        ):
            if pen.chance(0.6):
                pairs.append((self.label(key), value))
        if (pen.chance(0.7) or not self.contact_on_cover) and not self.blocked:
            pairs += self.filled(("contact", "phone", "mail"))
        if pen.chance(0.5):
            pairs.append((self.label("platform"), pen.fill(_pick(dice, w.PLATFORMS))))
        if pen.chance(0.5):
            text = pen.fill(_pick(dice, w.RECORDS), p=self.alliance.products[0])
            pairs.append((self.label("record"), text))
        if empty:
            kept = {self.label(key) for key in ("contact", "phone", "mail")}
            kept |= {label for label, _ in w.JOINT_CONTACTS}
            pairs = [(k, v if k in kept else self.blank()) for k, v in pairs]
        self.grid(pairs)

    def _kind(self, member: _Organisation) -> str:
        if not self.pen.chance(0.4):
            return self.dice.choice(w.KIND_WORDS[member.kind])
        chosen = w.TICKED[member.kind]
        on, off = self.dice.choice(w.TICKS)
        gap = self.dice.choice((" ", "  ", "　"))
        return gap.join(_ticked(on if word == chosen else off, word) for word in w.TICK_KINDS)

    def list_members(self) -> None:
        pen = self.pen
        if pen.faults.has("form.members"):
            self._no_members()
            return
        shown = self.members
        if pen.chance(0.05) and len(shown) > 3 and not pen.faults.has("form.secretariat"):
            shown = tuple(m for m in shown if m.name != self.alliance.lead.name)
        firms = tuple(m for m in shown if m.kind == "enterprise")
        others = tuple(m for m in shown if m.kind != "enterprise")
        way = (
            "lines" if self.plain else self.dice.choice(("split", "split", "all", "all", "sheets"))
        )
        if way == "lines":
            self._member_lines(shown)
            return
        if self._listed_together(shown, all_in_one=way == "all"):
            return
        for key, chosen in (("firms", firms), ("others", others)):
            if not chosen:
                continue
            self.heading(key)
            if way == "split":
                self.put(self._table(chosen, kinds=pen.chance(0.5) or key == "others"))
            else:
                for member in chosen:
                    self._sheet(member)

    def _listed_together(self, members: Sequence[_Organisation], *, all_in_one: bool) -> bool:
        """Add one list of all members, if they are to stand in one; say whether they do."""
        if self.pen.layout("members by kind"):
            self.heading("all")
            self._kind_lines(members)
            return True
        if self.pen.layout("members abreast"):
            self.heading("all")
            self.put(self._abreast(members))
            return True
        if all_in_one:
            self.heading("all")
            self.put(self._table(members, kinds=True))
        return all_in_one

    def _member_lines(self, members: Sequence[_Organisation]) -> None:
        self.heading("all")
        mark = self.dice.choice(w.LIST_MARKS)
        for number, member in enumerate(members, start=1):
            kind = self.dice.choice(w.KIND_WORDS[member.kind][:2])
            text = f"{mark.replace('{n}', str(number))}{member.name}（{kind}）"
            self.blocks.append(_Para(text=text, look="plain"))

    def _kind_lines(self, members: Sequence[_Organisation]) -> None:
        """Add the members kind by kind, in a table of two columns or as lines."""
        join = self.dice.choice(("；", "、", "\n"))
        pairs = []
        for title, kinds in w.KIND_LINES:
            names = [member.name for member in members if member.kind in kinds]
            if names:
                pairs.append((f"{title}（{len(names)}家）", join.join(names)))
        if self.listed:
            self.items(pairs)
            return
        rows = tuple(_row(_Cell(text=k, head=True), _Cell(text=v)) for k, v in pairs)
        self.put(_Table(rows=rows, columns=2))

    def _abreast(self, members: Sequence[_Organisation]) -> _Table:
        """Return the members two in a row, to save paper."""
        heads = (_pick(self.dice, w.NUMBER_HEADS), self.dice.choice(w.MEMBER_COLUMNS)) * 2
        rows = [tuple(_Cell(text=text, head=True) for text in heads)]
        cells = [(str(number), member.name) for number, member in enumerate(members, start=1)]
        cells += [("", "")] * (len(cells) % 2)
        rows += [
            tuple(_Cell(text=text) for text in (*left, *right))
            for left, right in zip(cells[::2], cells[1::2], strict=True)
        ]
        return _Table(rows=tuple(rows), columns=4)

    def _no_members(self) -> None:
        """Leave the list of members out, or only its head and empty rows."""
        if self.pen.chance(0.3):
            return
        self.heading("all")
        if self.plain:
            return
        number = _pick(self.dice, w.NUMBER_HEADS)
        heads = (number, self.dice.choice(w.MEMBER_COLUMNS), *w.EMPTY_HEADS)
        rows = [tuple(_Cell(text=text, head=True) for text in heads)]
        numbered = self.pen.chance(0.6)
        for line in range(1, self.dice.randint(4, 8)):
            first = str(line) if numbered else ""
            rows.append((_Cell(text=first), *(_Cell(text="") for _ in heads[1:])))
        self.put(_Table(rows=tuple(rows), columns=len(heads)))

    def _member_contact(self, member: _Organisation) -> tuple[str, str]:
        if member.name == self.alliance.lead.name and self.pen.faults.has("form.contact"):
            return "", ""
        return member.contact, member.phone

    def _table(self, members: Sequence[_Organisation], *, kinds: bool) -> _Table:
        pen, dice = self.pen, self.dice
        columns: list[tuple[str, Callable[[_Organisation], str]]] = [
            (dice.choice(w.MEMBER_COLUMNS), lambda m: m.name)
        ]
        if kinds:
            ticked = pen.chance(0.2)
            columns.append(
                (
                    self.label("kind"),
                    self._kind if ticked else lambda m: dice.choice(w.KIND_WORDS[m.kind]),
                )
            )
        if pen.chance(0.3):
            columns.append((self.label("legal"), lambda m: m.legal))
        if pen.chance(0.3):
            columns.append((self.label("code"), lambda m: m.code))
        paired = pen.chance(0.2)
        if paired or pen.chance(0.4):
            columns.append((self.label("mate"), lambda m: self._member_contact(m)[0]))
            columns.append((self.label("phone"), lambda m: self._member_contact(m)[1]))
        if pen.chance(0.4) and not self.idle:
            columns.append((self.label("task"), self._task))
        if pen.chance(0.25):
            seal = dice.choice(w.SEAL_LINES)
            columns.append(
                (self.label("opinion"), lambda _: f"{pen.one(w.MEMBER_OPINIONS)}\n{seal}")
            )
        numbered = pen.chance(0.8)
        heads = [text for text, _ in columns]
        body = [
            tuple(
                [_Cell(text=str(number))] * numbered + [_Cell(text=make(m)) for _, make in columns]
            )
            for number, m in enumerate(members, start=1)
        ]
        first = [_pick(dice, w.NUMBER_HEADS)] * numbered
        width = len(heads) + numbered
        if not paired:
            top = tuple(_Cell(text=text, head=True) for text in (*first, *heads))
            return _Table(rows=(top, *body), columns=width)
        return _Table(rows=(*self._two_heads([*first, *heads]), *body), columns=width)

    def _two_heads(self, heads: list[str]) -> Iterator[tuple[_Cell, ...]]:
        """Yield a head of two rows, contact and telephone under one common head."""
        place = heads.index(self.label("mate"))
        upper = [_Cell(text=text, head=True, down=2) for text in heads]
        upper[place : place + 2] = [
            _Cell(text=_pick(self.dice, w.JOINT_HEADS), head=True, across=2)
        ]
        yield tuple(upper)
        yield tuple(_Cell(text=text, head=True) for text in heads[place : place + 2])

    def _task(self, member: _Organisation) -> str:
        return _task(self.pen, member)

    def _sheet(self, member: _Organisation) -> None:
        pen = self.pen
        contact, phone = self._member_contact(member)
        firm = member.kind == "enterprise"
        pairs = [(self.label("unit"), member.name), (self.label("kind"), self._kind(member))]
        if pen.chance(0.5):
            pairs.append((self.label("legal"), member.legal))
        if pen.chance(0.5):
            pairs.append((self.label("code"), member.code))
        pairs += [(self.label("mate"), contact), (self.label("phone"), phone)]
        pairs.append(
            (
                self.label("business" if firm else "direction"),
                self.dice.choice(self.alliance.products if firm else self.alliance.techniques),
            )
        )
        if pen.chance(0.6) and not self.idle:
            pairs.append((self.label("task"), self._task(member)))
        seal = self.dice.choice(w.SEAL_LINES)
        pairs.append((self.label("opinion"), f"{pen.one(w.MEMBER_OPINIONS)}\n{seal}"))
        self.grid(pairs)
        self.blocks.append(_Para(text="", look="plain"))

    def council(self) -> None:
        pen, dice = self.pen, self.dice
        share = 0.25 if pen.faults.has("form.members") else 0.75
        if pen.gone("plan.organisation") or not pen.chance(share):
            return
        members = list(self.members)
        if pen.faults.has("form.members"):
            members = members[:3]
            pen.faults.doubtful.add("form.members")
        elif len(members) > 6 and pen.chance(0.3):
            members = members[: dice.randint(4, 6)]
        self.heading("council")
        heads = [_pick(dice, pool) for pool in (w.NUMBER_HEADS, *w.COUNCIL_HEADS)]
        if self.plain:
            for number, member in enumerate(members):
                text = f"{_council_post(number)}：{member.legal}（{self._workplace(member)}）"
                self.blocks.append(_Para(text=text, look="plain"))
            return
        rows = [tuple(_Cell(text=text, head=True) for text in heads)]
        for number, member in enumerate(members):
            learned = member.kind in {"university", "institute"}
            title = dice.choice(w.LEARNED_TITLES if learned else w.FIRM_TITLES)
            texts = (
                str(number + 1),
                member.legal,
                title,
                self._workplace(member),
                _council_post(number),
            )
            rows.append(tuple(_Cell(text=text) for text in texts))
        self.put(_Table(rows=tuple(rows), columns=len(heads)))

    def _workplace(self, member: _Organisation) -> str:
        if member.kind == "university" and self.pen.chance(0.6):
            return member.name + self.dice.choice(w.COLLEGES)
        return member.name

    def experts(self) -> None:
        pen, dice = self.pen, self.dice
        if pen.gone("plan.experts") or "form" not in self.places("plan.experts"):
            return
        self.heading("committee")
        learned = [m for m in self.members if m.kind in {"university", "institute"}]
        chosen = (learned * 3 + list(self.members))[: dice.randint(5, 9)]
        if pen.faults.has("form.members"):
            chosen = (learned or list(self.members))[:1] * 5
        head, deputy, other = w.EXPERT_POSTS
        posts = [head, deputy] + [other] * len(chosen)
        entries = [
            (
                dice.choice(w.SURNAMES) + dice.choice(w.GIVEN),
                dice.choice(w.EXPERT_TITLES),
                dice.choice(self.alliance.techniques),
                self._workplace(member),
                post,
            )
            for member, post in zip(chosen, posts, strict=False)
        ]
        if self.plain:
            for name, title, _, place, post in entries:
                self.blocks.append(_Para(text=f"{post}：{name}，{title}，{place}", look="plain"))
            return
        heads = (_pick(dice, w.NUMBER_HEADS), *w.EXPERT_HEADS)
        rows = [tuple(_Cell(text=text, head=True) for text in heads)]
        rows += [
            tuple(_Cell(text=text) for text in (str(number), *entry))
            for number, entry in enumerate(entries, start=1)
        ]
        self.put(_Table(rows=tuple(rows), columns=len(heads)))

    def opinions(self) -> None:
        pen, dice = self.pen, self.dice
        if pen.chance(0.1):
            return
        self.heading("opinions")
        rows = []
        for place, pool in enumerate(w.OPINION_LABELS):
            seal = dice.choice(w.SEAL_LINES)
            text = dice.choice(w.OPINIONS) if place == 0 else ""
            rows.append((dice.choice(pool), f"{text}\n\n{seal}"))
        if self.plain:
            for label, text in rows:
                self.blocks.append(_Para(text=f"{label}：", look="plain"))
                self.blocks.extend(_Para(text=line, look="plain") for line in text.split("\n"))
        elif pen.chance(0.6):
            cells = tuple(_row(_Cell(text=k, head=True), _Cell(text=v)) for k, v in rows)
            self.put(_Table(rows=cells, columns=2))
        else:
            cells = tuple(_row(_Cell(text=f"{k}：\n{v}")) for k, v in rows)
            self.put(_Table(rows=cells, columns=1))


def _ticked(mark: str, word: str) -> str:
    """Return a choice with its mark, before it unless the mark says where the word stands."""
    return mark.replace("{w}", word) if "{w}" in mark else mark + word


def _council_post(number: int) -> str:
    return w.COUNCIL_POSTS[min(number, 3)]


def _task(pen: _Pen, member: _Organisation) -> str:
    pool = {
        "enterprise": w.DIVISION_ITEMS_FIRM,
        "university": w.DIVISION_ITEMS_RESEARCH,
        "institute": w.DIVISION_ITEMS_RESEARCH,
        "hospital": w.DIVISION_ITEMS_RESEARCH,
        "service": w.DIVISION_ITEMS_SERVICE,
    }[member.kind]
    technique = pen.dice.choice(pen.alliance.techniques)
    return pen.one(pool, t=technique, p=pen.dice.choice(pen.alliance.products))


# Parts that several documents share. ---------------------------------------------------------------


def _goals(pen: _Pen, flow: _Flow) -> None:
    if pen.kind == "plan" and pen.layout("goals by year"):
        flow.para(pen.one(w.YEAR_GOALS_INTROS))
        rows = [pen.dice.choice(w.YEAR_GOALS_HEADS)]
        rows += [(year, pen.one(goals), pen.one(tests)) for year, goals, tests in w.YEAR_GOALS_ROWS]
        cells = tuple(tuple(_Cell(text=text) for text in row) for row in rows)
        flow.add(_Table(rows=cells, columns=3))
        return
    flow.paras(pen.some(w.GOALS, 1, 2))


def _tasks(pen: _Pen, flow: _Flow) -> None:
    if pen.chance(0.2):
        flow.para(pen.one(w.TASK_PARAGRAPHS))
        return
    flow.items(pen.one(w.TASK_INTROS), pen.some(w.TASK_ITEMS, 3, 6))


def _organisation(pen: _Pen, flow: _Flow, *, experts: bool, staff: bool) -> None:
    """Write of the organs; of expert committee and standing staff where they are to stand here."""
    intro = w.ORGANISATION_INTROS if experts else w.ORGANISATION_INTROS_PLAIN
    with_subs = pen.chance(0.4)
    if pen.chance(0.85) or pen.gone("plan.staff"):
        flow.para(pen.one(intro))
    parts: list[tuple[str, list[str]]] = []
    if pen.chance(0.5):
        parts.append((pen.slots["A"], pen.some(w.ASSEMBLY_CLAUSES, 1, 2)))
    parts.append((pen.slots["C"], pen.some(w.COUNCIL_CLAUSES, 1, 3)))
    if experts:
        parts.append((pen.slots["E"], pen.some(w.EXPERT_CLAUSES, 1, 2)))
    last = pen.some(w.SECRETARIAT_CLAUSES, 1, 1)
    if staff:
        last += pen.some(w.STAFF_CLAUSES, 1, 1)
    parts.append((pen.slots["S"], last))
    if pen.layout("organs in another order"):
        pen.dice.shuffle(parts)
    if pen.kind == "plan" and pen.layout("organs in a table"):
        rows = [pen.dice.choice(w.ORGAN_HEADS)]
        rows += [(title, "\n".join(texts)) for title, texts in parts]
        cells = tuple(tuple(_Cell(text=text) for text in row) for row in rows)
        flow.add(_Table(rows=cells, columns=2))
        return
    for title, texts in parts:
        if with_subs:
            flow.sub(title)
        flow.paras(texts)


def _member_list(pen: _Pen, flow: _Flow, members: Sequence[_Organisation]) -> None:
    """Write who the members are: a whole list, whole in a sentence, or only some of them."""
    if pen.layout("member profiles"):
        _profiles(pen, flow, members)
        return
    way = pen.dice.random()
    forced = pen.faults.chosen.get("members.consistent") == "plan-short"
    if way < 0.35 or (forced and way < 0.7):
        intro = pen.plain(w.LIST_INTROS)
        flow.para(intro)
        head = pen.dice.choice(w.MEMBER_COLUMNS)
        heads = (_pick(pen.dice, w.NUMBER_HEADS), head, _pick(pen.dice, w.KIND_HEADS))
        rows = [tuple(_Cell(text=t, head=True) for t in heads)]
        rows += [
            tuple(_Cell(text=t) for t in (str(i), m.name, pen.dice.choice(w.KIND_WORDS[m.kind])))
            for i, m in enumerate(members, start=1)
        ]
        flow.add(_Table(rows=tuple(rows), columns=3))
    elif way < 0.5 or forced:
        flow.items(pen.plain(w.LIST_INTROS), [member.name for member in members])
    elif way < 0.65:
        names = "、".join(member.name for member in members)
        text = pen.dice.choice(w.WHOLE_LISTS)
        flow.para(pen.fill(text, list=names, count=str(len(members))))
    else:
        flow.para(pen.plain(w.PARTIAL_LISTS))


def _profiles(pen: _Pen, flow: _Flow, members: Sequence[_Organisation]) -> None:
    """Write of the members one by one, what each of them is good at."""
    groups = {"enterprise": "firm", "service": "service"}
    texts = [
        f"{member.name}{pen.dice.choice(w.DIVISION_JOINS)}"
        + pen.fill(
            pen.dice.choice(w.PROFILES[groups.get(member.kind, "research")]),
            p=pen.dice.choice(pen.alliance.products),
            t=pen.dice.choice(pen.alliance.techniques),
        )
        for member in members
    ]
    flow.items(pen.plain(w.LIST_INTROS), texts)


# The plan. -----------------------------------------------------------------------------------------


def _plan(pen: _Pen) -> list[_Block]:
    flow = _Flow(pen, pen.dice.choice(w.SCHEMES["plan"]))
    title = _titled(pen, 2, pen.dice.choice(w.PLAN_TITLES))
    if pen.layout("plan cover"):
        lines = pen.dice.choice(w.COVER_LINES)
        title += [*(_Para(text=pen.fill(line), look="centre") for line in lines), _Break()]
    steps: list[Callable[[], None]] = [
        lambda: _plain_section(pen, flow, "background", w.BACKGROUND, (2, 5))
    ]
    if pen.chance(0.7):
        steps.append(lambda: _plain_section(pen, flow, "principles", w.PRINCIPLES, (2, 5)))
    if not pen.gone("plan.goals"):
        steps.append(lambda: _plan_goals(pen, flow))
    if "plan" in _places(pen, "plan.organisation") and not pen.gone("plan.organisation"):
        steps.append(lambda: _plan_organisation(pen, flow))
    steps.append(lambda: _plan_members(pen, flow))
    loose: list[Callable[[], None]] = [
        lambda: _plain_section(pen, flow, "mechanism", w.MECHANISM, (2, 6)),
        lambda: _plain_section(pen, flow, "budget", w.BUDGET, (1, 3)),
        lambda: _plain_section(pen, flow, "safeguards", w.SAFEGUARDS, (1, 4)),
    ]
    if not pen.gone("plan.goals"):
        loose += [
            lambda: _plain_section(pen, flow, "schedule", w.SCHEDULE, (2, 4)),
            lambda: _plain_section(pen, flow, "outcomes", w.OUTCOMES, (1, 3)),
        ]
    steps += [step for step in loose if pen.chance(0.65)]
    if pen.chance(0.25):
        pen.dice.shuffle(steps)
    for step in steps:
        step()
    flow.paras(pen.decoys() if flow.scheme != "chapter" else [])
    return _contents(pen, flow, title)


def _places(pen: _Pen, point: str) -> str:
    return pen.faults.chosen.get(f"place of {point}", "")


def _plain_section(
    pen: _Pen, flow: _Flow, key: str, pool: tuple[str, ...], number: tuple[int, int]
) -> None:
    texts = pen.some(pool, *number, ordered=key == "schedule")
    if texts:
        flow.heading(pen.plain(w.PLAN_HEADINGS[key]))
        flow.paras(texts)


def _plan_goals(pen: _Pen, flow: _Flow) -> None:
    if pen.chance(0.35):
        flow.heading(pen.plain(w.PLAN_HEADINGS["goals+tasks"]))
        subs = pen.chance(0.5)
        if subs:
            flow.sub(pen.plain(w.PLAN_HEADINGS["goals"]))
        _goals(pen, flow)
        if subs:
            flow.sub(pen.plain(w.PLAN_HEADINGS["tasks"]))
        _tasks(pen, flow)
        return
    flow.heading(pen.plain(w.PLAN_HEADINGS["goals"]))
    _goals(pen, flow)
    flow.heading(pen.plain(w.PLAN_HEADINGS["tasks"]))
    _tasks(pen, flow)


def _plan_organisation(pen: _Pen, flow: _Flow) -> None:
    experts = "plan" in _places(pen, "plan.experts") and not pen.gone("plan.experts")
    staff = "plan" in _places(pen, "plan.staff") and not pen.gone("plan.staff")
    apart = pen.chance(0.2)
    flow.heading(pen.plain(w.PLAN_HEADINGS["organisation"]))
    _organisation(pen, flow, experts=experts and not apart, staff=staff and not apart)
    if apart and experts:
        flow.heading(pen.plain(w.PLAN_HEADINGS["experts"]))
        flow.paras(pen.some(w.EXPERT_CLAUSES, 1, 2))
    if apart and staff:
        flow.heading(pen.plain(w.PLAN_HEADINGS["staff"]))
        flow.paras(pen.some(w.STAFF_CLAUSES, 1, 2))


def _plan_members(pen: _Pen, flow: _Flow) -> None:
    flow.heading(pen.plain(w.PLAN_HEADINGS["members"]))
    _member_list(pen, flow, pen.alliance.among("plan"))
    if not pen.gone("plan.goals") and pen.chance(0.3):
        flow.para(pen.one(w.DIVISION_GROUPS))
    if not pen.gone("plan.staff") and pen.gone("plan.organisation"):
        flow.para(pen.fill(_pick(pen.dice, w.STAFF_ALONE)))


# The charter. --------------------------------------------------------------------------------------


def _charter(pen: _Pen) -> list[_Block]:
    flow = _Flow(pen, pen.dice.choice(w.SCHEMES["charter"]))
    title = _titled(pen, 3, pen.dice.choice(w.CHARTER_TITLES))

    def head(key: str) -> None:
        flow.heading(pen.plain(w.CHARTER_HEADINGS[key]))

    if not pen.faults.has("charter.general"):
        head("general")
        flow.para(pen.fill(pen.dice.choice(w.CHARTER_GENERAL[:2])))
        flow.paras(pen.some(w.CHARTER_GENERAL[2:], 3, 6))
    if not pen.gone("plan.goals") and pen.chance(0.75):
        head("business")
        if pen.chance(0.3):
            _goals(pen, flow)
        _tasks(pen, flow)
    if not (pen.gone("plan.organisation") or pen.faults.has("charter.organisation")):
        head("organisation")
        _organisation(
            pen,
            flow,
            experts="charter" in _places(pen, "plan.experts") and not pen.gone("plan.experts"),
            staff="charter" in _places(pen, "plan.staff") and not pen.gone("plan.staff"),
        )
    if not pen.faults.has("charter.members"):
        head("members")
        flow.paras(pen.some(w.CHARTER_MEMBERS, 2, 5))
        _rights(pen, flow)
    _charter_rest(pen, flow, head)
    return _contents(pen, flow, title)


def _charter_rest(pen: _Pen, flow: _Flow, head: Callable[[str], None]) -> None:
    for key, pool, share in (
        ("funds", w.CHARTER_FUNDS, 0.8),
        ("sharing", w.CHARTER_SHARING, 0.4),
        ("change", w.CHARTER_CHANGE, 0.6),
        ("closing", w.CHARTER_CLOSING, 0.95),
    ):
        texts = pen.some(pool, 1, 3) if pen.chance(share) else []
        if texts:
            head(key)
            flow.paras(texts)
    barred = [text for text in pen.decoys() if pen.chance(0.5)]
    flow.paras(barred)


# The agreement. ------------------------------------------------------------------------------------


def _agreement(pen: _Pen) -> list[_Block]:
    flow = _Flow(pen, pen.dice.choice(w.SCHEMES["agreement"]))
    word = pen.dice.choice(w.AGREEMENT_TITLES)
    title = _titled(pen, 4, word)
    labels = _party_labels(pen)
    listed = pen.chance(0.65) or pen.faults.has("agreement.signatures")
    if listed:
        title.extend(_parties(pen, labels))
    recital = pen.one(w.RECITALS[:3] + w.RECITALS[4:] if listed else w.RECITALS)
    title.append(_Para(text=recital))
    for step in _agreement_steps(pen, flow):
        step()
    flow.flush()
    blocks = _contents(pen, flow, title)
    if pen.faults.chosen.get("agreement.signatures") == "none":
        return blocks
    blocks += _signatures(pen, labels, word)
    if pen.layout("annex after signatures") and not pen.faults.has("form.contact"):
        blocks += _annex(pen)
    return blocks


def _annex(pen: _Pen) -> Iterator[_Block]:
    """Yield whom to reach at each member, which many agreements have behind the signatures."""
    yield _Break()
    yield _Para(text=pen.dice.choice(w.ANNEX_TITLES), look="plain")
    rows = [tuple(_Cell(text=text, head=True) for text in pen.dice.choice(w.ANNEX_HEADS))]
    for number, member in enumerate(pen.alliance.among("agreement"), start=1):
        texts = (str(number), member.name, member.contact, member.phone)
        rows.append(tuple(_Cell(text=text) for text in texts))
    yield _Table(rows=tuple(rows), columns=4)


def _agreement_steps(pen: _Pen, flow: _Flow) -> list[Callable[[], None]]:
    dice = pen.dice
    points: list[str] = []
    for group in dice.choice(w.GROUPINGS):
        kept = [p for p in group.split("+") if not pen.gone(f"agreement.{p}")]
        if kept:
            points.append("+".join(kept))
    if pen.chance(0.15):
        dice.shuffle(points)
    steps: list[Callable[[], None]] = [partial(_demanded, pen, flow, group) for group in points]
    extras = [
        key
        for key in ("organisation", "members", "funds", "projects", "secrecy")
        if pen.chance(0.55)
    ]
    breach = pen.faults.chosen.get("agreement.risk") == "breach"
    if breach or (not pen.gone("agreement.risk") and pen.chance(0.65)):
        extras.append("breach")
    extras += [key for key, share in (("dispute", 0.75), ("dissolution", 0.4)) if pen.chance(share)]
    if pen.gone("plan.organisation"):
        extras = [key for key in extras if key != "organisation"]
    late = {"breach", "dispute", "dissolution"}
    for key in extras:
        place = dice.randint(len(steps) // 2 if key in late else 0, len(steps))
        steps.insert(place, partial(_extra, pen, flow, key))
    if pen.layout("definitions"):
        steps.insert(0, lambda: _extra(pen, flow, "definitions"))
    steps.insert(0, lambda: _extra(pen, flow, "name"))
    steps.append(lambda: _extra(pen, flow, "closing"))
    return steps


def _extra(pen: _Pen, flow: _Flow, key: str) -> None:
    pool = w.AGREEMENT_OTHER[key]
    if key == "breach":
        allowed = _without(pool, pen.barred - {"agreement.risk"})
        texts = [pen.fill(text) for text in pen.dice.sample(allowed, min(2, len(allowed)))]
    else:
        least, most = (2, 5) if key == "closing" else (1, 2)
        if key == "dispute" and pen.chance(0.9):
            most = 1
        texts = pen.some(pool, least, most)
    if key == "name":
        texts += pen.decoys()
        if pen.gone("agreement.tasks") and not pen.gone("agreement.goals") and pen.chance(0.4):
            texts.append(pen.fill(_pick(pen.dice, w.OWN_TASKS)))
    if not texts:
        return
    flow.heading(pen.plain(w.OTHER_AGREEMENT_HEADINGS[key]))
    if key == "organisation" and not pen.gone("plan.experts") and pen.chance(0.3):
        texts += pen.some(w.EXPERT_CLAUSES, 1, 1)
    if key == "organisation" and not pen.gone("plan.staff") and pen.chance(0.2):
        texts += pen.some(w.STAFF_CLAUSES, 1, 1)
    if key == "projects" and not pen.gone("plan.experts") and pen.chance(0.25):
        texts += pen.some(w.EXPERT_ELSEWHERE, 1, 1)
    flow.paras(texts)


def _demanded(pen: _Pen, flow: _Flow, group: str) -> None:
    """Write one or more of the clauses that the notice demands, under one heading."""
    points = group.split("+")
    generic = pen.chance(0.05)
    heading = w.GENERIC_HEADINGS if generic else w.AGREEMENT_HEADINGS[group]
    flow.heading(pen.plain(heading))
    subs = len(points) > 1 and pen.chance(0.5)
    for point in points:
        if subs:
            flow.sub(pen.plain(w.AGREEMENT_HEADINGS[point]))
        _CLAUSES[point](pen, flow)


def _agreement_goals(pen: _Pen, flow: _Flow) -> None:
    _goals(pen, flow)
    if not pen.gone("agreement.tasks") and pen.chance(0.25):
        _tasks(pen, flow)


def _division(pen: _Pen, flow: _Flow) -> None:
    members = pen.alliance.among("agreement")
    if pen.layout("division in a table"):
        flow.para(pen.one(w.DIVISION_INTROS))
        divided = [pen.dice.choice(w.DIVISION_HEADS)]
        divided += [(member.name, _task(pen, member)) for member in members]
        cells = tuple(tuple(_Cell(text=text) for text in row) for row in divided)
        flow.add(_Table(rows=cells, columns=2))
        return
    way = pen.dice.random()
    if way < 0.4:
        chosen = list(members)
        flow.items(
            pen.one(w.DIVISION_INTROS),
            [f"{m.name}{pen.dice.choice(w.DIVISION_JOINS)}{_task(pen, m)}" for m in chosen],
        )
    elif way < 0.55:
        flow.para(pen.one(w.DIVISION_INTROS))
        heads = pen.dice.choice(w.PROJECT_COLUMNS)
        rows = [tuple(_Cell(text=text, head=True) for text in heads)]
        for number, technique in enumerate(pen.alliance.techniques, start=1):
            first, second = pen.dice.sample(members, 2)
            texts = (str(number), technique, first.name, second.name)
            rows.append(tuple(_Cell(text=text) for text in texts))
        flow.add(_Table(rows=tuple(rows), columns=4))
    else:
        flow.para(pen.one(w.DIVISION_GROUPS))


def _rights(pen: _Pen, flow: _Flow) -> None:
    if pen.chance(0.25):
        flow.para(pen.one(w.RIGHTS_PARAGRAPHS))
        return
    flow.items(pen.one(w.RIGHTS_INTROS), pen.some(w.RIGHTS_ITEMS, 3, 6))
    flow.items(pen.one(w.DUTIES_INTROS), pen.some(w.DUTIES_ITEMS, 3, 6))


def _ip(pen: _Pen, flow: _Flow) -> None:
    flow.para(pen.one(w.IP_COMPLETE))
    if pen.chance(0.5):
        flow.paras(pen.some(w.IP_EXTRA, 1, 2))


def _benefits(pen: _Pen, flow: _Flow) -> None:
    if pen.chance(0.35):
        flow.para(pen.one(w.BENEFITS_PARAGRAPHS))
    else:
        flow.para(pen.one(w.BENEFITS_TURNING) + pen.one(w.BENEFITS_SPLIT))


def _risk(pen: _Pen, flow: _Flow) -> None:
    flow.para(pen.one(w.RISK_CLAUSES))


_CLAUSES: dict[str, Callable[[_Pen, _Flow], None]] = {
    "goals": _agreement_goals,
    "tasks": _division,
    "rights": _rights,
    "ip": _ip,
    "benefits": _benefits,
    "risk": _risk,
}


def _party_labels(pen: _Pen) -> list[str]:
    members = pen.alliance.among("agreement")
    way = pen.dice.choice(w.PARTY_LABELS)
    if way == "stem":
        if len(members) <= len(w.STEMS):
            return [f"{w.STEMS[i]}方" for i in range(len(members))]
        way = w.PARTY_LABELS[1]
    return [
        way.replace("{i}", str(i)).replace("{c}", _chinese(i)) for i in range(1, len(members) + 1)
    ]


def _parties(pen: _Pen, labels: list[str]) -> Iterator[_Block]:
    members = pen.alliance.among("agreement")
    if pen.layout("running parties"):
        join = pen.dice.choice(w.PARTY_RUNS)
        named = (f"{label}：{one.name}" for label, one in zip(labels, members, strict=True))
        yield _Para(text=join.join(named) + join.strip("；，　"), look="plain")
        return
    yield _Para(text=pen.plain(w.PARTY_INTROS), look="plain")
    if pen.layout("parties in a table"):
        rows = [tuple(_Cell(text=text, head=True) for text in pen.dice.choice(w.PARTY_HEADS))]
        for number, one in enumerate(members, start=1):
            texts = (str(number), one.name, one.address, one.legal)
            rows.append(tuple(_Cell(text=text) for text in texts))
        yield _Table(rows=tuple(rows), columns=4)
        return
    line = pen.dice.choice(w.PARTY_LINES)
    for number, (label, member) in enumerate(zip(labels, members, strict=True), start=1):
        text = pen.fill(
            line,
            label=label,
            member=member.name,
            short=member.short,
            place=member.address,
            legal=member.legal,
            i=str(number),
        )
        for part in text.split("\n"):
            yield _Para(text=part, look="plain")


def _signatures(pen: _Pen, labels: list[str], word: str) -> Iterator[_Block]:
    """Yield the block of signatures, one of many layouts, without the member that is to lack."""
    signing = [
        (label, member)
        for label, member in zip(labels, pen.alliance.among("agreement"), strict=True)
        if member.name != pen.faults.unsigned
    ]
    date = pen.dice.choice(w.SIGN_DATES)
    way = pen.dice.random()
    each = way < 0.12
    word = word.removeprefix("联盟")
    if not each:
        if pen.chance(0.4):
            yield _Break()
        if pen.chance(0.8):
            title = pen.fill(pen.dice.choice(w.SIGN_TITLES), title=word)
            yield _Para(text=title, look=pen.dice.choice(("plain", "heading")))
    if not each and pen.layout("signature grid"):
        yield _sign_grid(pen, signing, date)
    elif not each and pen.layout("signature cards"):
        yield from _sign_cards(pen, signing, date)
    elif way < 0.55:
        texts = _signed(pen, w.SIGN_LINES, signing, date)
        yield from _sign_lines(pen, texts, word if each else "")
    elif way < 0.75:
        cells = [_Cell(text=text) for text in _signed(pen, w.SIGN_CELLS, signing, date)]
        cells += [_Cell(text="")] * (len(cells) % 2)
        rows = tuple(zip(cells[::2], cells[1::2], strict=True))
        yield _Table(rows=rows, columns=2, ruled=pen.chance(0.6))
    else:
        yield _sign_table(pen, signing, date)


def _signed(
    pen: _Pen, pool: tuple[str, ...], signing: list[tuple[str, _Organisation]], date: str
) -> list[str]:
    """Return what each member signs, all in one manner."""
    line = pen.dice.choice(pool)
    blank = pen.dice.choice(w.SIGN_BLANKS)
    typed = pen.chance(0.1)
    return [
        pen.fill(
            line,
            label=label,
            member=member.name,
            blank=member.legal if typed else blank,
            date=pen.fill(date),
            i=str(number),
        )
        for number, (label, member) in enumerate(signing, start=1)
    ]


def _sign_lines(pen: _Pen, texts: list[str], word: str) -> Iterator[_Block]:
    """Yield the signatures as lines; with the agreement's title, each on a page of its own."""
    for text in texts:
        if word:
            yield _Break()
            title = pen.fill(pen.dice.choice(w.SIGN_TITLES[:4]), title=word)
            yield _Para(text=title, look="plain")
        for part in text.split("\n"):
            yield _Para(text=part, look="plain")
        if pen.chance(0.5):
            yield _Para(text="", look="plain")


def _sign_grid(pen: _Pen, signing: list[tuple[str, _Organisation]], date: str) -> _Table:
    """Return the signatures two beside each other, with a row for each thing to fill in."""
    lines = pen.dice.choice(w.SIGN_GRIDS)
    blank = pen.dice.choice(w.SIGN_BLANKS)
    rows: list[tuple[_Cell, ...]] = []
    for start in range(0, len(signing), 2):
        pair = signing[start : start + 2]
        for line in lines:
            texts = [
                pen.fill(line, label=label, member=one.name, blank=blank, date=pen.fill(date))
                for label, one in pair
            ]
            rows.append(tuple(_Cell(text=text) for text in [*texts, ""][:2]))
    return _Table(rows=tuple(rows), columns=2, ruled=pen.chance(0.5))


def _sign_cards(pen: _Pen, signing: list[tuple[str, _Organisation]], date: str) -> Iterator[_Block]:
    """Yield a small table for each member to fill in and sign."""
    card = pen.dice.choice(w.SIGN_CARDS)
    blank = pen.dice.choice(w.SIGN_BLANKS)
    for _, member in signing:
        rows = []
        for label, value in card:
            text = pen.fill(
                value, member=member.name, place=member.address, blank=blank, date=pen.fill(date)
            )
            rows.append(_row(_Cell(text=label, head=True), _Cell(text=text)))
        yield _Table(rows=tuple(rows), columns=2)


def _sign_table(pen: _Pen, signing: list[tuple[str, _Organisation]], date: str) -> _Table:
    heads = pen.dice.choice(w.SIGN_COLUMNS)
    rows = [tuple(_Cell(text=text, head=True) for text in heads)]
    for number, (_, member) in enumerate(signing, start=1):
        texts = []
        for head in heads:
            if head in w.SIGN_NUMBERS:
                texts.append(str(number))
            elif head in w.SIGN_NAMES:
                texts.append(member.name)
            elif "日期" in head or "时间" in head:
                texts.append(pen.fill(date) if "年" in date else "")
            else:
                texts.append("")
        rows.append(tuple(_Cell(text=text) for text in texts))
    return _Table(rows=tuple(rows), columns=len(heads))


# Files. --------------------------------------------------------------------------------------------

_SPACE = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_TYPES = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/><Override PartName="/word/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.styles+xml"/><Override PartName="/word/numbering.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.numbering+xml"/><Override PartName="/word/header1.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.header+xml"/></Types>"""
_RELATIONS = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>"""
_PARTS = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/><Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/numbering" Target="numbering.xml"/><Relationship Id="rId3" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/header" Target="header1.xml"/></Relationships>"""
_STYLES = f"""<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<w:styles {_SPACE}><w:style w:type="paragraph" w:default="1" w:styleId="a"><w:name w:val="Normal"/></w:style><w:style w:type="paragraph" w:styleId="1"><w:name w:val="heading 1"/><w:basedOn w:val="a"/><w:pPr><w:outlineLvl w:val="0"/></w:pPr><w:rPr><w:b/></w:rPr></w:style></w:styles>"""
_NUMBERING = f"""<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<w:numbering {_SPACE}><w:abstractNum w:abstractNumId="0"><w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="chineseCounting"/><w:lvlText w:val="%1、"/></w:lvl></w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num></w:numbering>"""
_EPOCH = (1980, 1, 1, 0, 0, 0)


def _runs(text: str, properties: str, cut: int) -> str:
    """Return the runs of a text, cut in two as Word does while people edit."""
    pieces = [text[:cut], text[cut:]] if 0 < cut < len(text) else [text]
    made = []
    for piece in pieces:
        body = escape(piece)
        body = body.replace("\t", '</w:t><w:tab/><w:t xml:space="preserve">')
        body = body.replace("\n", '</w:t><w:br/><w:t xml:space="preserve">')
        made.append(f'<w:r>{properties}<w:t xml:space="preserve">{body}</w:t></w:r>')
    return "".join(made)


_LOOKS = {
    "title": ('<w:pPr><w:jc w:val="center"/></w:pPr>', '<w:rPr><w:b/><w:sz w:val="44"/></w:rPr>'),
    "heading": ("", '<w:rPr><w:b/><w:sz w:val="32"/></w:rPr>'),
    "body": ('<w:pPr><w:ind w:firstLineChars="200"/></w:pPr>', '<w:rPr><w:sz w:val="28"/></w:rPr>'),
    "plain": ("", '<w:rPr><w:sz w:val="28"/></w:rPr>'),
    "centre": ('<w:pPr><w:jc w:val="center"/></w:pPr>', ""),
}
_STYLED = '<w:pPr><w:pStyle w:val="1"/></w:pPr>'
_AUTO = '<w:pPr><w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr></w:pPr>'


def _docx(dice: random.Random, blocks: Sequence[_Block], header: str) -> bytes:
    """Return the blocks as a Word file, written without a library, for speed."""
    styled = dice.random() < 0.5
    broken = dice.random() < 0.3
    controls = dice.random() < 0.04
    body: list[str] = []
    for block in blocks:
        if isinstance(block, _Para):
            layout, properties = _LOOKS[block.look]
            if block.look == "heading" and styled:
                layout = _STYLED
            if block.numbered:
                layout = _AUTO
            cut = dice.randrange(1, 30) if broken else 0
            body.append(f"<w:p>{layout}{_runs(block.text, properties, cut)}</w:p>")
        elif isinstance(block, _Table):
            body.append(_word_table(block, controls=controls))
        else:
            body.append('<w:p><w:r><w:br w:type="page"/></w:r></w:p>')
    section = (
        '<w:sectPr><w:headerReference w:type="default" r:id="rId3"/>'
        '<w:pgSz w:w="11906" w:h="16838"/></w:sectPr>'
    )
    relation = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
    declaration = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    document = f"{declaration}<w:document {_SPACE} {relation}><w:body>{''.join(body)}{section}</w:body></w:document>"
    head = f"{declaration}<w:hdr {_SPACE}><w:p>{_runs(header, '', 0)}</w:p></w:hdr>"
    return _zipped(
        [
            ("[Content_Types].xml", _TYPES.encode()),
            ("_rels/.rels", _RELATIONS.encode()),
            ("word/_rels/document.xml.rels", _PARTS.encode()),
            ("word/styles.xml", _STYLES.encode()),
            ("word/numbering.xml", _NUMBERING.encode()),
            ("word/header1.xml", head.encode()),
            ("word/document.xml", document.encode()),
        ]
    )


def _word_table(table: _Table, *, controls: bool) -> str:
    width = 8800 // table.columns
    border = "".join(
        f'<w:{side} w:val="single" w:sz="4"/>'
        for side in ("top", "left", "bottom", "right", "insideH", "insideV")
    )
    borders = f"<w:tblBorders>{border}</w:tblBorders>" if table.ruled else ""
    grid = f'<w:gridCol w:w="{width}"/>' * table.columns
    made = [f"<w:tbl><w:tblPr>{borders}</w:tblPr><w:tblGrid>{grid}</w:tblGrid>"]
    open_cells: dict[int, tuple[int, int]] = {}
    for row in table.rows:
        made.append("<w:tr>")
        queue = list(row)
        column = 0
        while column < table.columns:
            if column in open_cells:
                left, across = open_cells[column]
                made.append(_word_cell("", across, width, "<w:vMerge/>", controls=False))
                if left > 1:
                    open_cells[column] = (left - 1, across)
                else:
                    del open_cells[column]
                column += across
                continue
            if not queue:
                break
            cell = queue.pop(0)
            merge = '<w:vMerge w:val="restart"/>' if cell.down > 1 else ""
            made.append(_word_cell(cell.text, cell.across, width, merge, controls=controls))
            if cell.down > 1:
                open_cells[column] = (cell.down - 1, cell.across)
            column += cell.across
        made.append("</w:tr>")
    made.append("</w:tbl><w:p/>")
    return "".join(made)


def _word_cell(text: str, across: int, width: int, merge: str, *, controls: bool) -> str:
    span = f'<w:gridSpan w:val="{across}"/>' if across > 1 else ""
    layout = f'<w:tcPr><w:tcW w:w="{width * across}" w:type="dxa"/>{span}{merge}</w:tcPr>'
    lines = "".join(f"<w:p>{_runs(line, '', 0)}</w:p>" for line in text.split("\n"))
    if controls and text:
        lines = f"<w:sdt><w:sdtContent>{lines}</w:sdtContent></w:sdt>"
    return f"<w:tc>{layout}{lines}</w:tc>"


class _ChineseName(zipfile.ZipInfo):
    """An entry whose name is written as Chinese Windows programs write it."""

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:  # noqa: N802 - the name in zipfile
        return self.filename.encode("gb18030"), self.flag_bits & ~0x800


def _zipped(entries: Iterable[tuple[str, bytes]], *, chinese: bool = False) -> bytes:
    buffer = io.BytesIO()
    kind = _ChineseName if chinese else zipfile.ZipInfo
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as package:
        for name, content in entries:
            package.writestr(kind(name, _EPOCH), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _text(dice: random.Random, blocks: Sequence[_Block]) -> bytes:
    """Return the blocks as plain text, in one of the encodings that people use."""
    lines: list[str] = []
    for block in blocks:
        if isinstance(block, _Para):
            lines.append(("　　" if block.look == "body" else "") + block.text)
        elif isinstance(block, _Table):
            lines.extend(
                "\t".join(cell.text.replace("\n", " ") for cell in row) for row in block.rows
            )
    text = dice.choice(("\r\n", "\n")).join(lines) + "\n"
    return text.encode(dice.choice(("utf-8", "utf-8-sig", "gb18030", "gb18030", "utf-16")))


def _pdf(blocks: Sequence[_Block]) -> bytes:
    """Return the blocks as a PDF with a text layer."""
    from reportlab.lib.pagesizes import A4
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.platypus import PageBreak, Paragraph, SimpleDocTemplate, Spacer

    if "STSong-Light" not in pdfmetrics.getRegisteredFontNames():
        pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
    story: list[Any] = []
    for block in blocks:
        if isinstance(block, _Para):
            story.append(
                Paragraph(_marked_up(block.text), _pdf_style(block.look))
                if block.text
                else Spacer(1, 12)
            )
        elif isinstance(block, _Table):
            story.append(_pdf_table(block))
        else:
            story.append(PageBreak())
    buffer = io.BytesIO()
    SimpleDocTemplate(buffer, pagesize=A4, title="", author="", invariant=1).build(story)
    return buffer.getvalue()


def _marked_up(text: str) -> str:
    spread = escape(text).replace("\t", "　").replace("  ", "　")
    return spread.replace("☐", "□").replace("\n", "<br/>")


@cache
def _pdf_style(look: str) -> Any:  # noqa: ANN401 - reportlab ships no types
    from reportlab.lib.styles import ParagraphStyle

    size = {"title": 20, "heading": 14, "cell": 10}.get(look, 12)
    return ParagraphStyle(
        look,
        fontName="STSong-Light",
        fontSize=size,
        leading=size * 1.5,
        alignment=1 if look in {"title", "centre"} else 0,
        firstLineIndent=2 * size if look == "body" else 0,
        wordWrap="CJK",
    )


def _pdf_table(table: _Table) -> Any:  # noqa: ANN401 - reportlab ships no types
    from reportlab.lib.colors import black
    from reportlab.platypus import Paragraph
    from reportlab.platypus import Table as Grid

    rows: list[list[Any]] = [[""] * table.columns for _ in table.rows]
    commands: list[tuple[Any, ...]] = [("VALIGN", (0, 0), (-1, -1), "MIDDLE")]
    if table.ruled:
        commands.append(("GRID", (0, 0), (-1, -1), 0.5, black))
    taken: set[tuple[int, int]] = set()
    for number, row in enumerate(table.rows):
        column = 0
        for cell in row:
            while (number, column) in taken:
                column += 1
            rows[number][column] = Paragraph(_marked_up(cell.text), _pdf_style("cell"))
            last = (column + cell.across - 1, number + cell.down - 1)
            if last != (column, number):
                commands.append(("SPAN", (column, number), last))
            taken |= {
                (line, place)
                for line in range(number, number + cell.down)
                for place in range(column, column + cell.across)
            }
            column += cell.across
    return Grid(rows, colWidths=[450 / table.columns] * table.columns, style=commands)


def _locked_zip(dice: random.Random, name: str, size: int) -> bytes:
    """Return an archive whose one entry asks for a password; what is in it is noise."""
    raw, noise = name.encode(), dice.randbytes(size)
    check = zlib.crc32(noise)
    fixed = (0x0801, 8, 0, 0x48B4, check, size, size * 2, len(raw), 0)
    local = struct.pack("<4sHHHHHLLLHH", b"PK\x03\x04", 20, *fixed) + raw + noise
    central = struct.pack("<4sHHHHHHLLLHHHHHLL", b"PK\x01\x02", 20, 20, *fixed, 0, 0, 0, 0x20, 0)
    central += raw
    tail = struct.pack("<4sHHHHLLH", b"PK\x05\x06", 0, 0, 1, 1, len(central), len(local), 0)
    return local + central + tail


# Putting it together. ------------------------------------------------------------------------------

_MAKERS: dict[Kind, Callable[[_Pen], list[_Block]]] = {
    "form": lambda pen: _FormWriter(pen).write(),
    "plan": _plan,
    "charter": _charter,
    "agreement": _agreement,
}


def draw(seed: int, *, defects: Sequence[str] = (), words: WordSet = "a") -> LabelledDossier:
    """Return the dossier of that seed, with the defects asked for; equal seeds give equal bytes.

    Args:
        seed: what the dossier is drawn from.
        defects: faults to put in, of `DEFECTS`, `DOUBTS` or `FINDING:VARIANT`.
        words: the set of wordings it is written in.

    Raises:
        ValueError: a defect is not known.
    """
    token = _words.set(words)
    try:
        return _drawn(seed, defects, words)
    finally:
        _words.reset(token)


def _drawn(seed: int, defects: Sequence[str], words: str) -> LabelledDossier:
    start = "" if words == "a" else f"{words}/"
    dice = random.Random(f"{start}{seed}/{'/'.join(defects)}")  # noqa: S311 - a measure must be the same every time
    faults = _faults(dice, defects)
    alliance = _found(dice, faults)
    _settle_places(dice, faults)
    kinds = [kind for kind in KINDS if f"document.{kind}" not in faults.removed]
    documents: dict[Kind, list[_Block]] = {}
    plain_forms: set[Kind] = set()
    for kind in kinds:
        pen = _Pen(dice, alliance, kind, faults)
        if kind == "form":
            writer = _FormWriter(pen)
            documents[kind] = writer.write()
            if writer.plain:
                plain_forms.add(kind)
        else:
            documents[kind] = _MAKERS[kind](pen)
            plain_forms.add(kind)
    if faults.has("text.placeholder"):
        _leave_placeholder(dice, alliance, documents, faults)
    files = _files(dice, alliance, documents, plain_forms, faults)
    _settle_labels(faults)
    return LabelledDossier(
        seed=seed,
        files=files,
        name=alliance.name,
        secretariat=alliance.lead.name,
        recommender=alliance.recommender,
        members=tuple(member.name for member in alliance.members),
        missing=frozenset(faults.missing),
        doubtful=frozenset(faults.doubtful),
        tolerated=frozenset(faults.tolerated - faults.missing),
        defects=tuple(defects),
        details=tuple(faults.details),
    )


def _faults(dice: random.Random, defects: Sequence[str]) -> _Faults:
    faults = _Faults()
    for asked in defects:
        finding, _, variant = asked.partition(":")
        kinds = (
            *VARIANTS.get(finding, ()),
            *(d.partition(":")[2] for d in DOUBTS if d.startswith(f"{finding}:")),
        )
        if (asked not in DEFECTS and asked not in DOUBTS and variant not in kinds) or (
            variant and variant not in kinds
        ):
            message = f"no such defect: {asked}"
            raise ValueError(message)
        if finding in VARIANTS and not variant:
            variant = dice.choice(VARIANTS[finding])
        faults.chosen[finding] = variant
        _label(faults, finding, variant)
    if faults.chosen.get("file.readable", "").startswith("document"):
        there = [kind for kind in KINDS if f"document.{kind}" not in faults.removed]
        faults.unread = dice.choice(there)
    return faults


def _label(faults: _Faults, finding: str, variant: str) -> None:
    """Note what a clerk says of the fault, and what is taken away for it."""
    doubtful = finding in DOUBTS or f"{finding}:{variant}" in DOUBTS
    (faults.doubtful if doubtful else faults.missing).add(finding)
    if finding.startswith(("document.", "plan.", "agreement.")) and not finding.endswith(
        "signatures"
    ):
        faults.removed.add(finding)
    if finding == "plan.goals":
        faults.removed.add("agreement.goals")
        faults.missing.add("agreement.goals")
    elif finding == "plan.organisation":
        faults.removed |= {"plan.organisation", "plan.experts"}
        faults.missing.add("plan.experts")
        faults.doubtful.add("charter.organisation")
    elif finding == "members.consistent" and variant in {"form-extra", "swap", "near"}:
        faults.tolerated.add("agreement.signatures")
    elif finding == "name.consistent" and variant in {"province", "ending"}:
        faults.tolerated.add("name.pattern")
        if variant == "province":
            faults.doubtful.add("name.consistent")


def _settle_places(dice: random.Random, faults: _Faults) -> None:
    """Choose which documents prove a point that any of the four may prove: at least one does."""
    there = [kind for kind in KINDS if f"document.{kind}" not in faults.removed]
    unread = faults.unread
    shares: dict[str, dict[Kind, float]] = {
        "plan.organisation": {"plan": 0.94, "charter": 1.0},
        "plan.experts": {"form": 0.4, "plan": 0.85, "charter": 0.4},
        "plan.staff": {"form": 0.5, "plan": 0.8, "charter": 0.35},
    }
    for point, wanted in shares.items():
        sure = [kind for kind in there if kind in wanted and kind != unread]
        places: list[str] = [kind for kind in sure if dice.random() < wanted[kind]]
        places = places or [dice.choice(sure or there)]
        faults.chosen[f"place of {point}"] = "+".join(places)
    organised = faults.chosen["place of plan.organisation"]
    for point in ("plan.experts", "plan.staff"):
        places = faults.chosen[f"place of {point}"].split("+")
        safe = [kind for kind in places if kind != "plan" or "plan" in organised]
        if "charter.organisation" in faults.chosen:
            safe = [kind for kind in safe if kind != "charter"]
        if not safe:
            faults.chosen["place of plan.organisation"] = "plan+charter"
            safe = ["plan"] if "plan" in there else ["charter"]
        faults.chosen[f"place of {point}"] = "+".join(safe)


def _leave_placeholder(
    dice: random.Random,
    alliance: _Alliance,
    documents: dict[Kind, list[_Block]],
    faults: _Faults,
) -> None:
    """Put a placeholder among the paragraphs of one document that can be read."""
    able = [kind for kind in documents if kind not in {faults.unread, "form"}]
    kind = dice.choice(able)
    blocks = documents[kind]
    pen = _Pen(dice, alliance, kind, faults)
    text = pen.fill(dice.choice(w.PLACEHOLDERS))
    places = [
        place
        for place, block in enumerate(blocks)
        if isinstance(block, _Para) and block.look == "body" and len(block.text) > 20
    ]
    place = dice.choice(places[: max(1, len(places) * 2 // 3)])
    if "（" not in text[:1] and dice.random() < 0.4:
        old = blocks[place]
        if isinstance(old, _Para):
            blocks[place] = replace(old, text=f"{old.text}{text}")
    else:
        blocks.insert(place + 1, _Para(text=text))
    faults.details.append(f"placeholder in {kind}: {text}")


def _settle_labels(faults: _Faults) -> None:
    """Say nothing of the contents of a document that is not there or cannot be read."""
    gone: list[str] = [kind for kind in KINDS if f"document.{kind}" in faults.removed]
    unread = faults.unread
    if unread:
        faults.doubtful.add(f"document.{unread}")
        faults.details.append(f"cannot be read: {unread}")
        gone.append(unread)
    for kind in gone:
        lost = {one for one in faults.missing | faults.doubtful if one.startswith(f"{kind}.")}
        faults.missing -= lost
        faults.doubtful -= lost
        faults.tolerated |= lost
        if kind in {"form", "agreement"}:
            lost = faults.missing & {"members.consistent"}
            faults.missing -= lost
            faults.tolerated |= lost
    if "plan" in gone:
        faults.tolerated |= {"plan.goals", "plan.organisation", "plan.experts", "plan.staff"}


# Names and packages. -------------------------------------------------------------------------------


def _files(
    dice: random.Random,
    alliance: _Alliance,
    documents: dict[Kind, list[_Block]],
    plain: set[Kind],
    faults: _Faults,
) -> tuple[LabelledFile, ...]:
    unread = faults.unread
    quiet = not any(f"document.{kind}" in faults.removed for kind in KINDS) and not unread
    if len(documents) >= 3 and not unread and dice.random() < 0.04:
        name = _bundle_name(dice, alliance, w.COMBINED_NAMES)
        blocks: list[_Block] = []
        for made in documents.values():
            blocks += [*made, _Break()]
        files = [LabelledFile(name=f"{name}.docx", content=_docx(dice, blocks, ""))]
    elif quiet and _laid_out(dice, "charter with agreement"):
        files = _paired(dice, alliance, documents)
    else:
        files = _single_files(dice, alliance, documents, plain, unread)
    if quiet and dice.random() < 0.08:
        files.append(_letter(dice, alliance))
    files = _damage(dice, files, faults)
    return _packed(dice, alliance, files, faults)


def _paired(
    dice: random.Random, alliance: _Alliance, documents: dict[Kind, list[_Block]]
) -> list[LabelledFile]:
    """Return the files with charter and agreement in one of them."""
    joined = [*documents["charter"], _Break(), *documents["agreement"]]
    apart: dict[Kind, list[_Block]] = {kind: documents[kind] for kind in ("form", "plan")}
    name = _bundle_name(dice, alliance, w.PAIR_NAMES)
    files = _single_files(dice, alliance, apart, set(), "")
    return [*files, LabelledFile(name=f"{name}.docx", content=_docx(dice, joined, ""))]


def _single_files(
    dice: random.Random,
    alliance: _Alliance,
    documents: dict[Kind, list[_Block]],
    plain: set[Kind],
    unread: str,
) -> list[LabelledFile]:
    pattern = dice.choice(w.FILE_PATTERNS)
    mixed = dice.random() < 0.15
    printed = dice.random() < 0.04
    files: list[LabelledFile] = []
    for number, kind in enumerate(KINDS, start=1):
        if kind not in documents:
            continue
        if mixed:
            pattern = dice.choice(w.FILE_PATTERNS)
        stem = _file_name(dice, alliance, pattern, kind, number)
        if any(file.name.rsplit(".", 1)[0] == stem for file in files):
            stem = f"{stem}{number}"
        ending, blocks = "docx", documents[kind]
        if kind != unread and (printed or dice.random() < 0.02):
            ending, content = "pdf", _pdf(blocks)
        elif kind != unread and kind in plain and dice.random() < 0.02:
            ending, content = "txt", _text(dice, blocks)
        else:
            first = next((b.text for b in blocks if isinstance(b, _Para) and b.look == "title"), "")
            content = _docx(dice, blocks, first if dice.random() < 0.2 else "")
        files.append(LabelledFile(name=f"{stem}.{ending}", content=content))
        if kind == unread:
            files[-1] = replace(files[-1], name=f"{stem}.docx#")
    return files


def _file_name(
    dice: random.Random, alliance: _Alliance, pattern: str, kind: Kind, number: int
) -> str:
    text = pattern
    for slot, value in (
        ("{i}", str(number)),
        ("{n}", alliance.name),
        ("{w}", dice.choice(w.FILE_WORDS[kind])),
        ("{core}", alliance.field),
        ("{short}", alliance.lead.short),
    ):
        text = text.replace(slot, value)
    text = _NUMBER.sub(lambda match: str(dice.randint(int(match[2]), int(match[3]))), text)
    return text.replace("/", "-").replace("联盟联盟", "联盟")


def _bundle_name(dice: random.Random, alliance: _Alliance, pool: tuple[str, ...]) -> str:
    return _file_name(dice, alliance, dice.choice(pool), "form", 1)


def _letter(dice: random.Random, alliance: _Alliance) -> LabelledFile:
    """Return a letter of recommendation, which is none of the four documents."""
    slots = {
        "name": alliance.name,
        "sec": alliance.lead.name,
        "rec": re.sub("（[^（）]*）$", "", alliance.recommender),
    }
    title, *lines = (_SLOT.sub(lambda match: slots[match[1]], line) for line in w.LETTER)
    looks: tuple[Literal["plain", "body"], ...] = ("plain", "body", "plain", "plain")
    blocks: list[_Block] = [_Para(text=title, look="title")]
    blocks += [_Para(text=line, look=look) for line, look in zip(lines, looks, strict=True)]
    title = dice.choice(w.LETTER_FILES)
    return LabelledFile(name=f"{title}.docx", content=_docx(dice, blocks, ""))


def _damage(dice: random.Random, files: list[LabelledFile], faults: _Faults) -> list[LabelledFile]:
    """Return the files with the one that cannot be read put in or spoilt."""
    way = faults.chosen.get("file.readable", "")
    if not way:
        return files
    if way.startswith("extra"):
        stem = dice.choice(w.EXTRA_FILES)
        if way == "extra-locked":
            content = _locked_zip(dice, f"{stem}.pdf", 9000)
            return [*files, LabelledFile(name=f"{stem}.zip", content=content)]
        whole = _docx(dice, [_Para(text="证明材料", look="title")], "")
        return [*files, LabelledFile(name=f"{stem}.docx", content=whole[: len(whole) // 2])]
    changed = []
    for file in files:
        if not file.name.endswith("#"):
            changed.append(file)
            continue
        name, content = file.name[:-1], file.content
        if way == "document-cut":
            content = content[: len(content) // 2]
        elif way == "document-empty":
            content = b""
        elif way == "document-noise":
            content = dice.randbytes(len(content))
        else:
            content = _locked_zip(dice, name, len(content))
            name = name.removesuffix(".docx") + ".zip"
        changed.append(LabelledFile(name=name, content=content))
    return changed


def _packed(
    dice: random.Random, alliance: _Alliance, files: list[LabelledFile], faults: _Faults
) -> tuple[LabelledFile, ...]:
    way = dice.random()
    if way < 0.12 and not faults.has("file.readable"):
        name = _bundle_name(dice, alliance, w.BUNDLE_NAMES)
        top = f"{name}/" if dice.random() < 0.5 else ""
        chinese = dice.random() < 0.4
        content = _zipped(((top + file.name, file.content) for file in files), chinese=chinese)
        return (LabelledFile(name=f"{name}.zip", content=content),)
    if way < 0.27:
        name = _bundle_name(dice, alliance, w.BUNDLE_NAMES)
        return tuple(replace(file, name=f"{name}/{file.name}") for file in files)
    return tuple(files)


# To look at. ---------------------------------------------------------------------------------------

_TAG = re.compile(r"<[^>]+>")


def _shown(file: LabelledFile) -> str:
    """Return the text of a Word file roughly as a reader sees it."""
    try:
        with zipfile.ZipFile(io.BytesIO(file.content)) as package:
            xml = package.read("word/document.xml").decode()
    except (KeyError, zipfile.BadZipFile, RuntimeError):
        return ""
    xml = xml.replace("</w:tc>", " | ").replace("</w:tr>", "\n").replace("<w:br/>", "\n")
    xml = re.sub(r"</w:p>(?=(</w:sdtContent></w:sdt>)? \| )", "", xml).replace("</w:p>", "\n")
    return _TAG.sub("", xml).replace("&amp;", "&").replace("&lt;", "<")


def main(arguments: Sequence[str]) -> int:
    """Write one dossier, its text and its labels into a folder."""
    if len(arguments) < 2:
        sys.stderr.write(
            "usage: python -m tests.independent.dossiers [SET:]SEED OUTDIR [DEFECT…]\n"
        )
        return 2
    seed, folder, *defects = arguments
    prefix, _, number = seed.rpartition(":")
    words = cast("WordSet", prefix or "a")
    dossier = draw(int(number), defects=defects, words=words)
    for file in dossier.files:
        path = Path(folder) / file.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.content)
        if text := _shown(file):
            path.with_suffix(".shown.txt").write_text(text, encoding="utf-8")
    labels = {
        key: sorted(value) if isinstance(value, frozenset) else value
        for key, value in vars(dossier).items()
        if key != "files"
    }
    text = json.dumps(labels, ensure_ascii=False, indent=1)
    (Path(folder) / "labels.json").write_text(text, encoding="utf-8")
    sys.stdout.write(text + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
