"""Invented alliances 联盟: names, members, codes and contacts, each made from one number."""

import random
import string
from dataclasses import dataclass
from itertools import combinations, product
from typing import Literal

from ingest.samples.industries import INDUSTRIES, Industry
from ingest.samples.places import PLACES, Place

Kind = Literal["enterprise", "research", "service"]

_CODE_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CODE_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_BODY_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_BODY_ALPHABET = string.digits + string.ascii_uppercase

# Two characters make a brand; each with its spelling, for mail addresses.
_FIRST = {
    "粤": "yue",
    "岭": "ling",
    "珠": "zhu",
    "南": "nan",
    "穗": "sui",
    "鹏": "peng",
    "湾": "wan",
    "禅": "chan",
    "榕": "rong",
    "濠": "hao",
    "江": "jiang",
}
_SECOND = {
    "衡": "heng",
    "砺": "li",
    "翎": "ling",
    "澄": "cheng",
    "骅": "hua",
    "珩": "hang",
    "翊": "yi",
    "昶": "chang",
    "霁": "ji",
    "蔚": "wei",
    "垚": "yao",
    "铄": "shuo",
    "笙": "sheng",
    "樾": "yue",
}
_ROADS = (
    "创新一路",
    "科荟路",
    "岭秀大道",
    "高新南街",
    "智造中路",
    "滨江新路",
    "育才北路",
    "工业三路",
)
UNIVERSITIES = {
    "岭东理工大学": "广州",
    "南越工业大学": "广州",
    "珠水科技大学": "广州",
    "五岭医科大学": "广州",
    "粤西海洋大学": "湛江",
    "粤北农业大学": "韶关",
    "鹏湾应用技术学院": "深圳",
    "禅桂职业技术学院": "佛山",
    "濠江科技学院": "汕头",
}
_CONTACTS = ("联盟筹备组", "项目办公室", "科技管理部", "联盟秘书处筹备办公室", "科研管理办公室")


@dataclass(frozen=True, kw_only=True)
class Organisation:
    """A member 成员单位; `kind` is a member kind of the call, `nature` its 单位性质.

    `part` is the laboratory or department that its people come from, which is no legal
    person of its own. `capital` is in 万元.
    """

    name: str
    kind: Kind
    nature: str
    code: str
    address: str
    business: str
    part: str
    phone: str
    email: str
    capital: int
    staff: int
    founded: int


@dataclass(frozen=True, kw_only=True)
class Alliance:
    """An alliance 联盟 that applies; `members` begin with the secretariat 秘书处单位.

    `contact` is an office, never a person. Telephone numbers begin with zeros or with 100
    after the area code, as none in service does; mail addresses are in example domains.
    """

    seed: int
    name: str
    core: str
    field: str
    place: str
    secretariat: str
    recommender: str
    contact: str
    phone: str
    mobile: str
    email: str
    address: str
    postcode: str
    members: tuple[Organisation, ...]
    techniques: tuple[str, ...]
    products: tuple[str, ...]


def check_character(body: str) -> str:
    """Return the last character of a unified social credit code (GB 32100-2015)."""
    total = sum(
        _CODE_ALPHABET.index(character) * weight
        for character, weight in zip(body, _CODE_WEIGHTS, strict=True)
    )
    return _CODE_ALPHABET[-total % 31]


def body_check(body: str) -> str:
    """Return the check character of an organisation code (GB 11714) of eight characters."""
    total = sum(
        _BODY_ALPHABET.index(character) * weight
        for character, weight in zip(body, _BODY_WEIGHTS, strict=True)
    )
    return "0123456789X0"[11 - total % 11]


def _code(dice: random.Random, authority: str, region: str) -> str:
    body = "".join(dice.choices(string.digits, k=8))
    start = f"{authority}{region}{body}{body_check(body)}"
    return start + check_character(start)


def _facets(industry: Industry) -> tuple[str, ...]:
    names = industry.sector.facets
    return ("", *names, *(f"{first}与{second}" for first, second in combinations(names, 2)))


_TURNS = min(len(_facets(industry)) for industry in INDUSTRIES)
_REGIONS = ("", "珠三角", "粤东", "粤西", "粤北", "环珠江口")


def _topic(seed: int) -> tuple[str, Industry]:
    """Return the core of the name: neighbouring seeds differ in industry, later ones are finer."""
    turn, index = divmod(seed, len(INDUSTRIES))
    region, facet = divmod(turn, _TURNS)
    industry = INDUSTRIES[index]
    return _REGIONS[region % len(_REGIONS)] + industry.core + _facets(industry)[facet], industry


class _Founder:
    """Invents the organisations of one alliance, none twice."""

    def __init__(self, dice: random.Random, industry: Industry, seed: int) -> None:
        self._dice = dice
        self._sector = industry.sector
        self._seed = seed
        self._brands = dice.sample(list(product(_FIRST.items(), _SECOND.items())), k=14)
        self._firms = dice.sample(self._sector.firms, k=len(self._sector.firms))
        self._universities = dice.sample(self._sector.universities, k=2)

    def firm(self, place: Place) -> Organisation:
        (first, spelt), (second, spelt_too) = self._brands.pop()
        trade = self._firms[len(self._brands) % len(self._firms)]
        town = "佛山" if place.name == "顺德" else place.name
        town = self._dice.choice((town, f"{town}市", "广东", town))
        if place.name == "顺德" and town == "佛山市":
            town = "佛山市顺德区"
        form = self._dice.choice(("股份有限公司", "有限公司", "有限公司"))
        return self._member(
            place,
            name=f"{town}{first}{second}{trade}{form}",
            kind="enterprise",
            nature="企业",
            domain=f"{spelt}{spelt_too}{self._seed}.example.com",
            part="技术中心",
        )

    def university(self) -> Organisation:
        name, subject = self._universities.pop(), self._dice.choice(self._sector.institutes)
        dice = random.Random(name)  # noqa: S311 - one body has one code in all alliances
        return _organisation(
            dice,
            next(place for place in PLACES if place.name == UNIVERSITIES[name]),
            name=name,
            kind="research",
            nature="高校",
            domain=f"u{1 + list(UNIVERSITIES).index(name)}.example.org",
            part=f"{subject}重点实验室",
            field="理工农医",
        )

    def institute(self, place: Place) -> Organisation:
        (first, spelt), (second, spelt_too) = self._brands.pop()
        subject = self._dice.choice(self._sector.institutes)
        return self._member(
            place,
            name=f"广东{first}{second}{subject}研究院",
            kind="research",
            nature="科研院所",
            domain=f"{spelt}{spelt_too}{self._seed}.example.org",
            part=f"{subject}研究中心",
        )

    def service(self, place: Place) -> Organisation:
        (first, spelt), (second, spelt_too) = self._brands.pop()
        name, nature = self._dice.choice(
            (
                (f"广东{first}{second}生产力促进中心", "服务机构"),
                (f"广东省{first}{second}产业促进会", "行业协会"),
            )
        )
        return self._member(
            place,
            name=name,
            kind="service",
            nature=nature,
            domain=f"{spelt}{spelt_too}{self._seed}.example.net",
            part="技术服务部",
        )

    def _member(
        self, place: Place, *, name: str, kind: Kind, nature: str, domain: str, part: str
    ) -> Organisation:
        return _organisation(
            self._dice,
            place,
            name=name,
            kind=kind,
            nature=nature,
            domain=domain,
            part=part,
            field=self._sector.name,
        )


def _organisation(
    dice: random.Random,
    place: Place,
    *,
    name: str,
    kind: Kind,
    nature: str,
    domain: str,
    part: str,
    field: str,
) -> Organisation:
    authority = {"enterprise": "91", "research": "12", "service": "51"}[kind]
    return Organisation(
        name=name,
        kind=kind,
        nature=nature,
        code=_code(dice, authority, place.region),
        address=_address(dice, place),
        business=_business(kind, field),
        part=part,
        phone=_phone(dice, place),
        email=f"{'kjb' if kind == 'enterprise' else 'kjc'}@{domain}",
        capital=dice.randrange(5, 160) * 100,
        staff=dice.randrange(4, 130) * 10,
        founded=dice.randrange(1989, 2013),
    )


def _business(kind: Kind, field: str) -> str:
    return {
        "enterprise": f"{field}领域产品的研发、生产与销售",
        "research": f"{field}领域的基础研究、应用开发与人才培养",
        "service": f"{field}领域的技术咨询、标准宣贯与成果推广",
    }[kind]


def _address(dice: random.Random, place: Place) -> str:
    district = dice.choice(place.districts)
    return f"{place.full_name}{district}{dice.choice(_ROADS)}{dice.randrange(1, 200)}号"


def _phone(dice: random.Random, place: Place) -> str:
    return f"{place.dialling}-{dice.randrange(1000, 10000):08d}"


def make_alliance(seed: int) -> Alliance:
    """Return the alliance of that number: always the same, and thousands that differ in name."""
    dice = random.Random(seed)  # noqa: S311 - samples have to be the same every time
    core, industry = _topic(seed)
    home = dice.choice((*PLACES, *PLACES[:8], *PLACES[:8]))  # most lie in the delta
    founder = _Founder(dice, industry, seed)
    elsewhere = [dice.choice((home, *PLACES[:6])) for _ in range(8)]
    members = (
        founder.firm(home),
        *(founder.firm(place) for place in elsewhere[: dice.randrange(2, 5)]),
        founder.university(),
        *(founder.university() for _ in range(dice.randrange(2))),
        founder.institute(dice.choice((home, PLACES[0]))),
        *(founder.service(place) for place in elsewhere[7 : 7 + dice.randrange(2)]),
    )
    lead = members[0]
    return Alliance(
        seed=seed,
        name=f"广东省{core}产业技术创新联盟",
        core=core,
        field=industry.sector.name,
        place=home.name,
        secretariat=lead.name,
        recommender=home.bureau,
        contact=dice.choice(_CONTACTS),
        phone=lead.phone,
        mobile=f"1000000{dice.randrange(1000, 10000)}",
        email=lead.email,
        address=lead.address,
        postcode=home.postcode,
        members=members,
        techniques=industry.techniques,
        products=industry.products,
    )
