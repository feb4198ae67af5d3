"""The story that the demo tells: two dozen mails, the paper register, and how each one ends."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Literal

from ingest.samples.alliances import Alliance, make_alliance
from ingest.samples.bureau import letter_of_recommendation, summary_sheet
from ingest.samples.documents import (
    Defect,
    Draft,
    Format,
    SampleFile,
    blank_contact,
    make_drafts,
    make_file,
    make_files,
    placeholder_left,
    without_document,
    without_experts,
    without_member,
    without_province,
    without_risk,
)
from ingest.samples.mails import (
    Client,
    Names,
    auto_reply,
    make_mail,
    make_zip,
    newsletter,
    thank_you,
    zip_file,
)
from ingest.samples.places import PLACES
from ingest.samples.register import DateStyle, RegisterRow, make_register, paper_of
from parsers.submission import Address

Fate = Literal["filed", "duplicate", "noted", "automatic", "unrelated"]
Status = Literal["complete", "awaiting-paper", "incomplete", "in-review"]
Paper = Literal["none", "good", "four-copies"]


@dataclass(frozen=True, kw_only=True)
class Expected:
    """How the dossier of an alliance stands when the whole story has been processed.

    `name` is the alliance as its documents call it. `missing` are the ids of the findings
    with that outcome, but for `paper.record`; `doubtful` those that bring it before a person,
    among which there may be more.
    """

    name: str
    status: Status
    missing: tuple[str, ...] = ()
    doubtful: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SampleMail:
    """One mail of the story, with what should become of it; `about` says it in a few words."""

    about: str
    raw: bytes
    at: datetime
    fate: Fate = "filed"
    expected: tuple[Expected, ...] = ()


@dataclass(frozen=True, kw_only=True)
class _Case:
    """One applicant who sends one mail with one dossier."""

    about: str
    seed: int
    status: Status
    paper: Paper = "good"
    form: Format = "docx"
    client: Client = "qq"
    names: Names = "rfc2047"
    defects: tuple[Defect, ...] = ()
    missing: tuple[str, ...] = ()
    doubtful: tuple[str, ...] = ()
    packing: Literal["files", "zip", "scanned-agreement"] = "files"
    subject: str = "{name}申报材料（电子版）"
    text: str = "您好！现将{name}申报材料电子版发送给您，共{count}个文件，请查收。纸质材料已送推荐单位审核。\n\n{secretariat}\n{contact}　电话：{phone}"


_LAST = make_alliance(10).members[-1].name

_CASES = (
    _Case(about="齐全，Word 文件，纸质已到", seed=0, status="complete"),
    _Case(
        about="齐全，PDF 文件，纸质已到",
        seed=8,
        status="complete",
        form="pdf",
        client="163",
        names="both",
    ),
    _Case(
        about="电子版齐全，纸质未到",
        seed=14,
        status="awaiting-paper",
        paper="none",
        client="foxmail",
        names="rfc2231",
    ),
    _Case(
        about="缺组建协议",
        seed=21,
        status="incomplete",
        defects=(without_document("agreement"),),
        missing=("document.agreement",),
    ),
    _Case(
        about="协议没有风险承担条款",
        seed=6,
        status="incomplete",
        client="163",
        defects=(without_risk(),),
        missing=("agreement.risk",),
    ),
    _Case(
        about="协议只有违约责任，未写风险承担",
        seed=20,
        status="in-review",
        defects=(without_risk(keep_breach=True),),
        doubtful=("agreement.risk",),
    ),
    _Case(about="一个压缩包，文件名为 GBK 编码", seed=3, status="complete", packing="zip"),
    _Case(
        about="齐全，.doc 旧格式，纸质已到",
        seed=11,
        status="complete",
        form="doc",
        client="163",
    ),
    _Case(
        about="联盟名称缺“省”字",
        seed=7,
        status="incomplete",
        form="pdf",
        defects=(without_province(),),
        missing=("name.pattern",),
    ),
    _Case(
        about="协议为扫描件图片",
        seed=19,
        status="in-review",
        client="foxmail",
        names="both",
        doubtful=("document.agreement", "file.readable"),
        packing="scanned-agreement",
    ),
    _Case(
        about="电子版齐全，纸质只有四份",
        seed=27,
        status="incomplete",
        paper="four-copies",
        missing=("paper.copies",),
        subject="转发：{name}材料",
    ),
    _Case(
        about="协议漏了一家成员单位",
        seed=10,
        status="incomplete",
        client="163",
        defects=(without_member(_LAST),),
        missing=("agreement.signatures", "members.consistent"),
    ),
    _Case(
        about="多处不齐：无联系人、无专家委员会、留有占位内容，纸质未到",
        seed=29,
        status="incomplete",
        paper="none",
        defects=(blank_contact(), without_experts(), placeholder_left("plan")),
        missing=("form.contact", "plan.experts", "text.placeholder"),
        subject="申报材料",
        text="请查收附件。\n\n发自我的手机",
    ),
)
_BUREAU_SEEDS = (17, 34)
_LISTED_ONLY = 51  # by the bureau
_SPLIT_SEED = 39


def demo_mails(now: datetime) -> Iterator[SampleMail]:
    """Yield the mails of the story in the order they arrive, the last one shortly before `now`.

    Each is made when it is asked for, which takes some tenths of a second.
    """
    times = (now - timedelta(minutes=100 - 4 * count) for count in range(25))
    written = _working_day(now.date() - timedelta(days=10))
    first, *others = _CASES
    opening = _case_mail(first, next(times), written)
    yield opening
    for case in others:
        yield _case_mail(case, next(times), written)
    yield _bureau_mail(next(times), written)
    yield from _split_mails(next(times), next(times), written)
    yield _resent(_CASES[1], next(times), written)
    yield _thanks(opening.raw, next(times))
    yield from _other_mails(next(times), next(times), next(times))


def demo_register(now: datetime) -> list[RegisterRow]:
    """Return the paper register of the story: who brought bound copies by then, in two batches."""
    papers = [(case.seed, case.paper, _name(case)) for case in _CASES if case.paper != "none"]
    papers += [(seed, "good", "") for seed in (_BUREAU_SEEDS[0], _SPLIT_SEED)]
    styles: tuple[DateStyle, ...] = ("chinese", "excel", "slashed")
    return [
        paper_of(
            make_alliance(seed),
            name=name,
            register_no=f"ZZ{now.year}-{number:03d}",
            received_on=_working_day(now.date() - timedelta(days=1 + number % 4)),
            copies=4 if paper == "four-copies" else (5, "5份", "正1副4")[number % 3],
            remark="缺1份，已电话告知" if paper == "four-copies" else "",
            batch=1 + number // 9,
            date_style=styles[number % 3],
        )
        for number, (seed, paper, name) in enumerate(papers, start=1)
    ]


def write_demo_register(now: datetime, path: Path) -> None:
    """Write the story's paper register as the Excel sheet that staff keep."""
    make_register(demo_register(now), path)


def _working_day(day: date) -> date:
    return day - timedelta(days=max(0, day.weekday() - 4))


def _name(case: _Case) -> str:
    return make_drafts(make_alliance(case.seed), *case.defects)[0].alliance


def _sender(alliance: Alliance) -> Address:
    return Address(address=alliance.email, name=alliance.contact)


def _case_mail(case: _Case, at: datetime, written: date) -> SampleMail:
    alliance = make_alliance(case.seed)
    drafts = make_drafts(alliance, *case.defects, written_on=written)
    files = _packed(case, drafts)
    raw = _dossier_mail(
        alliance,
        files,
        at=at,
        client=case.client,
        names=case.names,
        subject=case.subject,
        text=case.text,
    )
    expected = Expected(
        name=drafts[0].alliance,
        status=case.status,
        missing=case.missing,
        doubtful=case.doubtful,
    )
    return SampleMail(about=case.about, raw=raw, at=at, expected=(expected,))


def _packed(case: _Case, drafts: tuple[Draft, ...]) -> tuple[SampleFile, ...]:
    match case.packing:
        case "zip":
            name = drafts[0].alliance
            content = make_zip({f"{name}申报材料": make_files(drafts, case.form)})
            return (zip_file(f"{name}申报材料.zip", content),)
        case "scanned-agreement":
            return tuple(
                make_file(draft, "scan" if draft.kind == "agreement" else case.form)
                for draft in drafts
            )
        case _:
            return make_files(drafts, case.form)


def _dossier_mail(
    alliance: Alliance,
    files: tuple[SampleFile, ...],
    *,
    at: datetime,
    client: Client = "qq",
    names: Names = "rfc2047",
    subject: str = _Case.subject,
    text: str = _Case.text,
) -> bytes:
    words = {
        "name": alliance.name,
        "count": len(files),
        "secretariat": alliance.secretariat,
        "contact": alliance.contact,
        "phone": alliance.phone,
    }
    return make_mail(
        sender=_sender(alliance),
        subject=subject.format_map(words),
        text=text.format_map(words),
        at=at,
        files=files,
        client=client,
        names=names,
    )


def _bureau_mail(at: datetime, written: date) -> SampleMail:
    """Return a city's batch: two dossiers, a folder each, of which one lacks its charter.

    Its summary sheet lists a third alliance.
    """
    whole, lacking = (make_alliance(seed) for seed in _BUREAU_SEEDS)
    listed = (whole, lacking, make_alliance(_LISTED_ONLY))
    folders = {
        "": (summary_sheet("推荐汇总表", listed), letter_of_recommendation(listed)),
        f"01{whole.core}": make_files(make_drafts(whole, written_on=written)),
        f"02{lacking.core}": make_files(
            make_drafts(lacking, without_document("charter"), written_on=written)
        ),
    }
    place = next(place for place in PLACES if place.bureau == whole.recommender)
    region = place.full_name.removeprefix("广东省") + ("" if place.name != "顺德" else "顺德区")
    raw = make_mail(
        sender=Address(address=f"kjj@{place.domain}", name=whole.recommender),
        subject=f"{region}推荐产业技术创新联盟申报材料",
        text=f"省科技人才服务中心：\n\n经审核，我局推荐3个联盟申报，推荐函、汇总表和电子版见附件压缩包，纸质材料另行报送。\n\n{whole.recommender}",
        at=at,
        files=(zip_file(f"{region}推荐材料.zip", make_zip(folders)),),
        client="163",
    )
    return SampleMail(
        about="科技局一封邮件报送两个联盟，其一缺章程，汇总表另列一个",
        raw=raw,
        at=at,
        expected=(
            Expected(name=whole.name, status="complete"),
            Expected(name=lacking.name, status="incomplete", missing=("document.charter",)),
        ),
    )


def _split_mails(first: datetime, second: datetime, written: date) -> Iterator[SampleMail]:
    """Yield two mails, 1/2 and 2/2, that only together bring all four documents."""
    alliance = make_alliance(_SPLIT_SEED)
    files = make_files(make_drafts(alliance, written_on=written))
    expected = (Expected(name=alliance.name, status="complete"),)
    for at, part, chosen in ((first, "1/2", files[:2]), (second, "2/2", files[2:])):
        raw = _dossier_mail(
            alliance,
            chosen,
            at=at,
            client="foxmail",
            subject="{name}申报材料" + f"（{part}）",
            text="材料较大，分两封邮件发送，本封为" + part + "，请查收。\n\n{secretariat}",
        )
        yield SampleMail(about=f"分两封发送，{part}", raw=raw, at=at, expected=expected)


def _resent(case: _Case, at: datetime, written: date) -> SampleMail:
    """Return the same files once more: the applicant was not sure that they had arrived."""
    alliance = make_alliance(case.seed)
    drafts = make_drafts(alliance, *case.defects, written_on=written)
    raw = _dossier_mail(
        alliance,
        _packed(case, drafts),
        at=at,
        client=case.client,
        subject="【再次发送】" + case.subject,
    )
    return SampleMail(about="同样的文件再发一次", raw=raw, at=at, fate="duplicate")


def _thanks(raw: bytes, at: datetime) -> SampleMail:
    return SampleMail(
        about="申报单位在原邮件上回信致谢", raw=thank_you(raw, at=at), at=at, fate="noted"
    )


def _other_mails(asked: datetime, away: datetime, listed: datetime) -> Iterator[SampleMail]:
    yield SampleMail(
        about="咨询装订要求，不是申报材料",
        raw=make_mail(
            sender=Address(address="kyc@campus.example.org", name="科研管理办公室"),
            subject="咨询纸质材料装订要求",
            text="老师您好：\n\n请问今年申报的纸质材料是否需要胶装？一式几份？谢谢！",
            at=asked,
            client="163",
        ),
        at=asked,
        fate="unrelated",
    )
    yield SampleMail(
        about="QQ 邮箱自动回复",
        raw=auto_reply(
            sender=Address(address="xmb@office.example.com", name="项目办公室"),
            about="电子材料收件回执",
            at=away,
        ),
        at=away,
        fate="automatic",
    )
    yield SampleMail(
        about="订阅的资讯周刊",
        raw=newsletter(
            sender=Address(address="weekly@news.example.net", name="科技资讯周刊"), at=listed
        ),
        at=listed,
        fate="automatic",
    )
