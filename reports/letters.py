"""The letters 函件 to applicants: what is told, in plain text, with an HTML twin of the same words.

The words stand in `letter_templates/<kind>/`, shared parts in `letter_templates/shared/`;
what may be told, and to whom, is decided here. Everything that came from outside is one
clean line wherever a template prints it.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache, cached_property, partial
from typing import Final
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from config.call import Call, Check
from config.settings import Center
from parsers.submission import Problem
from registry import workdays
from registry.routing import ASKED, FORGOTTEN
from registry.rows import (
    DocumentState,
    DossierView,
    FiledDocument,
    Finding,
    Kind,
    LinkRow,
    MailRow,
    Outcome,
    Status,
)
from reports.wording import ISSUES_TITLE, PROBLEMS, RESULT_TITLE, WITHDRAWN_TITLE, finding_label

SUBJECT_LENGTH: Final = 150
QUOTE_LENGTH: Final = 80
NAME_LENGTH: Final = 200
DETAIL_LENGTH: Final = 1000
"""How many characters of a subject or quote, a name, a finding's detail a letter prints at most."""

CHECKSUM_LENGTH: Final = 12

RULED: Final = "人工认定"
"""How `registry.judge` begins the detail of a finding on which a person has ruled."""

UNTICKED: Final = ("收件登记注明", "登记为否")
"""How a finding's detail begins of a paper register that says no more than no; its remark, and
the wording of earlier versions, stay inside."""

TOLD_WHOLE: Final = frozenset(
    {"readable", "signatures", "members-consistent", "name-consistent", "placeholder"}
)
"""Rules whose findings say all that the call's words would say, and what is at fault."""

NOTICE: Final = "通知"
STOP: Final = "。"

MENDED_BY: Final = {"electronic": "电子", "paper": "纸质", "both": "电子、纸质均需"}


@dataclass(frozen=True, kw_only=True)
class Occasion:
    """What a letter is written about.

    `mails` are the mails it answers, the newest last; none for a notice. `calls` maps
    registry numbers to the call each dossier is judged by; `default_call` is the one that
    speaks where no dossier is known. `settled` maps registry numbers to the ids of findings
    told earlier as missing and now in order, `remaining` to those still missing,
    `merged` to the numbers that have been merged into them since the last letter.
    `register_date` is the day as of which the paper register is known. `stranger` says that
    the addressee is not on the dossier: he learns nothing of it. `duplicate` says that the
    mails brought nothing new, `approved` that a person approved the letter in review mode.
    `unread` names files of an unrecognised mail that could not be opened.
    """

    kind: Kind
    notice: bool
    mails: tuple[MailRow, ...]
    dossiers: tuple[DossierView, ...]
    calls: Mapping[str, Call]
    default_call: Call
    settled: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    remaining: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    merged: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    register_date: date | None = None
    stranger: bool = False
    duplicate: bool = False
    approved: bool = False
    unread: tuple[str, ...] = ()

    @property
    def elsewhere(self) -> bool:
        """Whether the mails brought something for dossiers of which this letter may not speak."""
        told = {each.row.number for each in self.dossiers}
        return any(not told.issuperset(mail.dossiers) for mail in self.mails)

    @property
    def forgotten(self) -> bool:
        """Whether what the mail speaks of did not come with it: the commonest slip."""
        return any(each.reason == FORGOTTEN for each in self.mails)

    @property
    def asked(self) -> bool:
        """Whether the mail only asks something: nothing was handed in."""
        return any(each.reason == ASKED for each in self.mails)

    @property
    def tells_points(self) -> bool:
        """Whether the letter lists what is missing; an acknowledgement leaves that to a notice."""
        return self.kind in {Kind.MISSING_ITEMS, Kind.REMINDER}

    @property
    def besides(self) -> tuple[str, ...]:
        """What these mails brought that belongs to no dossier by itself."""
        return tuple(dict.fromkeys(name for mail in self.mails for name in mail.besides))

    @property
    def absent(self) -> tuple[str, ...]:
        """What the manifests of these mails list and the mails did not bring."""
        return tuple(dict.fromkeys(name for mail in self.mails for name in mail.absent))


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """A finished letter: subject (one line), text, and the HTML twin of the text."""

    subject: str
    text: str
    html: str


def write_letter(occasion: Occasion, center: Center, zone: ZoneInfo, today: date) -> Rendered:
    """Write the letter that an occasion asks for, signed by the center and dated `today`.

    A letter to a stranger and an unrecognised one quote the sender's own subject and files
    only; every other letter needs at least one dossier.
    """
    subject = _template(occasion, center, zone, today, "subject.txt")
    text = tidy(_template(occasion, center, zone, today, "body.txt"))
    subject = one_line(subject, SUBJECT_LENGTH)
    return Rendered(subject=subject, text=text, html=edit_html(text))


def _template(occasion: Occasion, center: Center, zone: ZoneInfo, today: date, part: str) -> str:
    """Fill one part of the letter's template."""
    newest = occasion.mails[-1].subject if occasion.mails else ""
    sections = tuple(_section(each, occasion, zone, today) for each in occasion.dossiers)
    template = environment().get_template(f"{occasion.kind}/{part}")
    return template.render(
        occasion=occasion,
        sections=sections,
        files=_strangers_files(occasion),
        call=occasion.default_call,
        title=_title(occasion, sections),
        absent=tuple(one_line(each, NAME_LENGTH) for each in occasion.absent),
        besides=tuple(one_line(each, NAME_LENGTH) for each in occasion.besides),
        unread=tuple(one_line(each, NAME_LENGTH) for each in occasion.unread),
        links=_links(occasion.mails, zone),
        fetched=() if occasion.stranger else _fetched(occasion.mails),
        quoted_subject=one_line(newest, QUOTE_LENGTH) or "无主题",
        center=center,
        today=today,
        chapter=chapters(),
        moment=partial(moment_of, zone=zone),
    )


def _title(occasion: Occasion, sections: tuple[_Section, ...]) -> str:
    """What a list of what is missing is called; where nothing is, it tells a review's result."""
    if all(each.withdrawn for each in sections):
        return WITHDRAWN_TITLE
    lacking = any(each.points or each.paper_points for each in sections)
    return ISSUES_TITLE[occasion.approved] if lacking else RESULT_TITLE


@cache
def environment() -> Environment:
    """Return what fills letter templates: every string one clean line, nothing undefined."""
    made = Environment(
        loader=PackageLoader("reports", "letter_templates"),
        undefined=StrictUndefined,
        autoescape=select_autoescape(enabled_extensions=("html",), default=False),
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: one_line(value) if isinstance(value, str) else value,
    )
    made.filters["day"] = _day
    return made


# ── what a letter tells of one dossier ───────────────────────────────────────────────────


@dataclass(frozen=True, kw_only=True)
class _File:
    """A file as letters list it."""

    path: str
    title: str
    size: str
    checksum: str
    held: bool
    unopened: bool
    remark: str


@dataclass(frozen=True, kw_only=True)
class _Link:
    """A link 超大附件 as letters list it: without its address, which may not be what it seems."""

    provider: str
    name: str
    size: str
    until: str


@dataclass(frozen=True, kw_only=True)
class _Point:
    """One missing item: of what document, what is wrong and where, by what rule, what to do."""

    heading: str
    problem: str
    cite: str
    mended_by: str
    remedy: str


@dataclass(frozen=True)
class _Section:
    """One dossier as a letter may speak of it.

    While a person has to decide (`reviewing`) no point is told: the list follows whole.
    """

    view: DossierView
    call: Call
    occasion: Occasion
    zone: ZoneInfo
    today: date

    @property
    def number(self) -> str:
        return self.view.row.number

    @property
    def name(self) -> str:
        return one_line(self.view.row.name, NAME_LENGTH)

    @property
    def status(self) -> str:
        return self.view.row.status.value

    @property
    def notice(self) -> str:
        """What the dossier is checked against, with the short name that citations use."""
        cites = [each.cite for each in self.call.checks if each.cite]
        short = self.call.notice.endswith(NOTICE) and all(each.startswith(NOTICE) for each in cites)
        return f"{self.call.notice}（以下简称“{NOTICE}”）" if short else self.call.notice

    @property
    def merged(self) -> tuple[str, ...]:
        """The numbers that hold no longer: their dossiers were found to be this one."""
        return self.occasion.merged.get(self.number, ())

    @property
    def withdrawn(self) -> bool:
        return self.view.row.status is Status.WITHDRAWN

    @property
    def reviewing(self) -> bool:
        return self.view.row.status in {Status.IN_REVIEW, Status.WITHDRAWN}

    @cached_property
    def files(self) -> tuple[_File, ...]:
        """What the mails brought; for a duplicate and a notice, what is on record."""
        if self.occasion.notice or self.occasion.duplicate:
            return _files(filter(_in_force, self.view.documents), self.call)
        return _files(_brought(self.view, self.occasion), self.call)

    @property
    def kinds(self) -> tuple[str, ...]:
        """What kinds of documents `files` are, each once."""
        return tuple(dict.fromkeys(each.title for each in self.files))

    @cached_property
    def points(self) -> tuple[_Point, ...]:
        """What the electronic part lacks."""
        return self._told(paper=False)

    @cached_property
    def paper_points(self) -> tuple[_Point, ...]:
        """What the register says that the paper lacks; an absent record is no point here."""
        return self._told(paper=True) if self.registered else ()

    def _told(self, *, paper: bool) -> tuple[_Point, ...]:
        if self.reviewing:
            return ()
        order = [each.id for each in self.call.documents]
        told = [
            (_kind(each, self.view, self.call), each)
            for each in self.view.missing
            if self._on_paper(each) is paper
        ]
        told.sort(key=lambda each: order.index(each[0]) if each[0] in order else len(order))
        return tuple(_point(each, kind, self.view, self.call) for kind, each in told)

    def _on_paper(self, finding: Finding) -> bool:
        check = self.call.check(finding.id)
        return check.rule.startswith("paper-") if check else finding.id.startswith("paper.")

    @property
    def settled(self) -> tuple[str, ...]:
        """What was told earlier as missing and is in order now."""
        return self._points_called(self.occasion.settled)

    @property
    def remaining(self) -> tuple[str, ...]:
        """What was told earlier as missing and still is."""
        return self._points_called(self.occasion.remaining)

    def _points_called(self, points: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
        checks = (self.call.check(each) for each in points.get(self.number, ()))
        return tuple(_titled(each, each.document if each else "", self.call) for each in checks)

    @property
    def registered(self) -> bool:
        return self.view.paper is not None

    @property
    def lacks_copies(self) -> bool:
        """Whether a point tells how many copies there are: they are not told twice."""
        rules = (self.call.check(each.id) for each in self.view.missing)
        return bool(self.paper_points) and any(
            each and each.rule == "paper-copies" for each in rules
        )

    @property
    def paper_asked(self) -> Check | None:
        """The call's demand for paper copies, if it makes one."""
        return next((each for each in self.call.checks if each.rule == "paper-record"), None)

    @property
    def electronic(self) -> str:
        """What the files are called: electronic ones only where paper is asked for, too."""
        return "电子材料" if self.paper_asked else "材料"

    @property
    def amends_paper(self) -> bool:
        """Whether a point told has to be mended on paper as well."""
        return any(each.mended_by == MENDED_BY["both"] for each in self.points)

    @property
    def without_record(self) -> bool:
        """Whether it is told that no paper record was found, and so what is asked for on paper."""
        told = self.paper_asked and not self.reviewing and self.status != Status.COMPLETE
        return bool(told) and not self.registered and not self.paper_undecided

    @property
    def lacks_paper(self) -> bool:
        """Whether something is to be sent in on paper."""
        return bool(self.paper_points) or self.amends_paper or self.without_record

    @property
    def paper_awaited(self) -> bool:
        """Whether no more than the paper record is to be told of as lacking."""
        return self.without_record and not self.points

    @property
    def paper_undecided(self) -> bool:
        """Whether a person has still to say which paper record is this dossier's."""
        return "match-proposed" in self.view.row.review

    @property
    def paper_pending(self) -> tuple[str, ...]:
        """What nobody has looked at yet on paper."""
        return tuple(
            finding_label(each.id, self.call)
            for each in self.view.findings
            if each.outcome is Outcome.DOUBTFUL and self._on_paper(each)
        )

    @property
    def rest(self) -> str:
        """What may be called complete but for the points told; empty when nothing may."""
        doubtful = [each for each in self.view.findings if each.outcome is Outcome.DOUBTFUL]
        if self.reviewing or any(not self._on_paper(each) for each in doubtful):
            return ""
        if not self._has_a_document:
            return ""
        return "材料" if self.registered and not doubtful else self.electronic

    @property
    def _has_a_document(self) -> bool:
        """Whether any of the documents that the call asks for is there."""
        asked = {each.id for each in self.call.checks if each.rule == "document"}
        found = [each.outcome for each in self.view.findings if each.id in asked]
        return not found or any(each is not Outcome.MISSING for each in found)

    @property
    def held(self) -> bool:
        """Whether something the mails brought takes effect only when a person says so."""
        return any(each.held for each in self.files)

    @property
    def unopened(self) -> bool:
        """Whether the mails brought a file that is itself at fault."""
        return any(each.unopened for each in self.files)

    @property
    def has_link(self) -> bool:
        """Whether files lie behind a link that a person has to fetch."""
        links = {each.id for each in self.call.checks if each.rule == "link"}
        return any(
            each.id in links and each.outcome is Outcome.DOUBTFUL for each in self.view.findings
        )

    @property
    def only_link(self) -> bool:
        """Whether nothing of the dossier has come but links to files."""
        return self.has_link and not self.view.documents

    @property
    def due(self) -> date | None:
        """The day by which an answer is owed; a day already past is not promised."""
        due = self.view.row.due
        return due if due and due >= self.today else None

    @property
    def due_day(self) -> str:
        """The day by which an answer is owed, in words; empty when none is promised."""
        if self.due is None:
            return ""
        return _day(self.due) + ("" if workdays.is_known(self.due) else "（暂估）")

    @property
    def closing(self) -> str:
        """Until when the call takes supplements; empty without such a day or after it."""
        closing = self.call.closing
        if closing is None:
            return ""
        if isinstance(closing, datetime):
            local = closing.astimezone(self.zone) if closing.tzinfo else closing
            return moment_of(local, self.zone) if local.date() >= self.today else ""
        return f"{_day(closing)}（含）" if closing >= self.today else ""


def _section(view: DossierView, occasion: Occasion, zone: ZoneInfo, today: date) -> _Section:
    call = occasion.calls.get(view.row.number, occasion.default_call)
    return _Section(view, call, occasion, zone, today)


def _brought(view: DossierView, occasion: Occasion) -> Iterator[FiledDocument]:
    """Return what the mails brought, also by links that staff have fetched since."""
    mails = {each.id: each for each in occasion.mails}
    taken = {DocumentState.CURRENT, DocumentState.HELD}
    in_force = (each for each in view.documents if each.state in taken)
    if occasion.stranger or not _fetched(occasion.mails):
        return (each for each in in_force if each.mail_id in mails)
    since = min(each.received_at for each in occasion.mails)
    return (
        each
        for each in in_force
        if each.mail_id in mails or (each.mail_id is None and each.filed_at >= since)
    )


def _in_force(document: FiledDocument) -> bool:
    return document.state is DocumentState.CURRENT and not document.superseded


def _files(documents: Iterable[FiledDocument], call: Call) -> tuple[_File, ...]:
    """Return the files that documents lie in, each once, with the titles of all it holds."""
    files: dict[tuple[str, str], list[FiledDocument]] = {}
    for each in documents:
        files.setdefault((each.sha256, each.path), []).append(each)
    return tuple(_file(held, call) for held in files.values())


def _file(held: Sequence[FiledDocument], call: Call) -> _File:
    document = held[0]
    titles = dict.fromkeys(call.title_of(each.kind) for each in held)
    return _File(
        path=one_line(document.path, NAME_LENGTH),
        title="、".join(titles),
        size=size_of(document.size),
        checksum=document.sha256[:CHECKSUM_LENGTH],
        held=document.state is DocumentState.HELD,
        unopened=any(each == document.problem and each.at_fault for each in Problem),
        remark="；".join(_remarks(document)),
    )


def _remarks(document: FiledDocument) -> Iterator[str]:
    """Say why a file has no effect yet, or was not opened; what we cannot read is our affair."""
    if document.state is DocumentState.HELD:
        yield "待工作人员确认"
    trouble = next((each for each in Problem if each == document.problem), None)
    if trouble and trouble.at_fault:
        yield f"文件{PROBLEMS[trouble]}，未能打开"
    elif trouble and trouble is not Problem.SCAN:
        yield "本系统未能读取，由工作人员核对"


def _strangers_files(occasion: Occasion) -> tuple[_File, ...]:
    """Return the files that a stranger sent, each once, whatever dossiers they went to."""
    call = occasion.default_call
    brought = (each for view in occasion.dossiers for each in _brought(view, occasion))
    return tuple(dict.fromkeys(_files(brought, call)))


def _links(mails: Iterable[MailRow], zone: ZoneInfo) -> tuple[_Link, ...]:
    """Return the links that mails brought and nobody has dealt with, each address once."""
    once = {link.url: link for mail in mails for link in mail.links if not link.settlement}
    return tuple(
        _Link(
            provider=each.provider,
            name=one_line(each.name, NAME_LENGTH) or "（来信未写文件名）",
            size=one_line(each.size, NAME_LENGTH) or "未注明",
            until=_until(each, zone),
        )
        for each in once.values()
    )


def _fetched(mails: Iterable[MailRow]) -> tuple[str, ...]:
    """Return the names of files behind links that staff have fetched and filed."""
    links = (link for mail in mails for link in mail.links)
    taken = (each for each in links if each.settlement and each.settlement.fetched)
    return tuple(dict.fromkeys(one_line(each.name, NAME_LENGTH) or "未写文件名" for each in taken))


def _until(link: LinkRow, zone: ZoneInfo) -> str:
    if link.expires_at:
        return f"至{moment_of(link.expires_at, zone)}"
    return "无限期" if link.never_expires else "未注明"


def _point(finding: Finding, kind: str, view: DossierView, call: Call) -> _Point:
    """Return a missing item in the call's words; without any, a person's reason stands there."""
    check = call.check(finding.id)
    heading = _heading(finding, check, kind, call)
    remedy = check.remedy if check and check.remedy else "请核对更正后重新报送"
    return _Point(
        heading=heading,
        problem=_problem(finding, check, heading, view),
        cite=check.cite if check else "",
        mended_by=MENDED_BY[check.mend if check else "electronic"],
        remedy=f"{remedy.rstrip(STOP)}{STOP}",
    )


def _problem(finding: Finding, check: Check | None, heading: str, view: DossierView) -> str:
    """Say what is wrong, what was seen and where, each once."""
    detail = _detail(finding, check, view)
    label = check.label if check else "申报材料"
    own_words = (check.problem if check else "") or _ruling(finding, view)
    problem = own_words or detail or f"“{label}”不符合要求"
    if detail and (problem in detail or (check and check.rule in TOLD_WHOLE)):
        problem, detail = detail, ""
    looked = check is not None and check.rule == "clause"
    place = _place(finding, heading + problem + detail)
    told = [problem.rstrip(STOP), "" if looked else detail.rstrip(STOP)]
    where = "，".join(each for each in (detail if looked else "", place) if each)
    brackets = f"（{where}）" if where else ""
    return _quoted(f"{STOP.join(each for each in told if each)}{brackets}{STOP}", view)


def _quoted(text: str, view: DossierView) -> str:
    """Return a sentence with the names of files in quotation marks: `1.申报表.docx` begins none.

    A name without an ending may be any word.
    """
    paths = {one_line(each.path, NAME_LENGTH) for each in view.documents if "." in each.filename}
    longest_first = sorted(map(re.escape, paths), key=len, reverse=True)
    if not longest_first:
        return text
    marked = re.sub(rf"(?<![“/])(?:{'|'.join(longest_first)})(?!”)", r"“\g<0>”", text)
    return re.sub(r"”等(\d+)个(?!文件)", r"”等\1个文件", marked.replace("”、“", "”“"))


def _detail(finding: Finding, check: Check | None, view: DossierView) -> str:
    """Return what the check saw, as far as the call's words do not say it.

    A ruling's detail names staff and doubts, and stays inside.
    """
    if finding.detail.startswith(RULED):
        return ""
    detail = one_line(finding.detail.removeprefix(f"{finding.document}："), DETAIL_LENGTH)
    if check is None:
        return detail
    if check.rule == "document":  # a blank form is told of; else all files that came are listed
        on_record = (each.kind for each in view.documents if _in_force(each))
        return detail if check.document in on_record else ""
    detail = detail.removeprefix(f"{check.label}：").removesuffix(f"，未见“{check.label}”")
    detail = detail.removesuffix("，不符合统一格式")
    return "" if detail.startswith(UNTICKED) else detail


def _ruling(finding: Finding, view: DossierView) -> str:
    """Return the reason of the person who ruled that it is missing, if one did."""
    reasons = (
        one_line(each.reason, DETAIL_LENGTH)
        for each in reversed(view.decisions)
        if each.finding == finding.id and each.document in {finding.document, ""}
        if each.outcome is Outcome.MISSING
    )
    return next(reasons, "")


def _kind(finding: Finding, view: DossierView, call: Call) -> str:
    """Return the kind of document that a point is of; empty for several or none of the call's."""
    check = call.check(finding.id)
    if check and check.document:
        return check.document
    found = next((each.kind for each in view.documents if each.path == finding.document), "")
    return found if finding.document and call.document(found) else ""


def _heading(finding: Finding, check: Check | None, kind: str, call: Call) -> str:
    """Name what is to be mended, a file of no known kind or that cannot be opened by its path."""
    unopened = check is not None and check.rule == "readable"
    if finding.document and (not kind or unopened):
        return f"【{one_line(finding.document, NAME_LENGTH)}】"
    return _titled(check, kind, call)


def _titled(check: Check | None, kind: str, call: Call) -> str:
    """Name a point, by its document where it is of one: 【组建协议】风险承担."""
    label = check.label if check else "申报材料"
    known = call.document(kind)
    if known is None:
        return f"【{label}】"
    return f"【{known.title}】{label if label != known.title else ''}"


def _place(finding: Finding, said: str) -> str:
    """Return file, page and words that a point rests on, as far as they are not yet said."""
    path, words = one_line(finding.document, NAME_LENGTH), one_line(finding.quote, QUOTE_LENGTH)
    page = f"第{finding.page}页" if finding.page else ""
    quote = f"“{words}”" if words and words.rpartition("：")[2] not in said else ""
    return "，".join(each for each in ("" if path in said else path, page + quote) if each)


# ── words and lines ──────────────────────────────────────────────────────────────────────


def one_line(text: str, length: int | None = None) -> str:
    """Return text as one line, of at most `length` characters where that is given.

    Control and formatting characters and lone surrogates are dropped, so that no value from
    outside can break a line, add a header or turn the direction of writing.
    """
    spaced = "".join(" " if each.isspace() else each for each in text)
    kept = (each for each in spaced if unicodedata.category(each) not in {"Cc", "Cf", "Cs"})
    line = " ".join("".join(kept).split())
    if length is None or len(line) <= length:
        return line
    return f"{line[: length - 1].rstrip()}…"


def tidy(text: str) -> str:
    """Drop spaces at line ends and more than one empty line."""
    lines = "\n".join(each.rstrip() for each in text.splitlines())
    return re.sub(r"\n{3,}", "\n\n", lines).strip() + "\n"


def _day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def moment_of(moment: datetime, zone: ZoneInfo) -> str:
    """Return a moment as people write it, in a time zone."""
    local = moment.astimezone(zone)
    return f"{_day(local.date())}{local:%H:%M}"


def size_of(size: int) -> str:
    """Return a size in bytes as people say it."""
    kilobyte = 1024
    if size < kilobyte:
        return f"{size}字节"
    if size < kilobyte**2:
        return f"{size / kilobyte:.0f} KB"
    return f"{size / kilobyte**2:.1f} MB"


def chapters() -> Callable[[str], str]:
    """Return a function that numbers headings: 一、, 二、 and so on."""
    serial = itertools.count(1)
    return lambda heading: f"{_numeral(next(serial))}、{heading}"


def _numeral(number: int) -> str:
    """Return a number from 1 to 99 in Chinese; larger ones in digits."""
    if number >= 100:  # noqa: PLR2004 - the first number of three digits
        return str(number)
    digits = "〇一二三四五六七八九"
    tens, ones = divmod(number, 10)
    front = f"{digits[tens] if tens > 1 else ''}十" if tens else ""
    return front + (digits[ones] if ones else "")


# ── the HTML twin ────────────────────────────────────────────────────────────────────────

ITEM: Final = re.compile(r"(\d{1,4})\. (.*)")
FIELD: Final = re.compile(r"([^：\s]{1,8})：(.*)")
HEADING: Final = re.compile(r"(?:[一二三四五六七八九十]+|\d+)、\S.*")
INDENT: Final = "   "
GAP: Final = "\u3000"
"""The ideographic space that parts two fields on one line; `one_line` leaves none in a value."""


@dataclass(frozen=True, kw_only=True)
class _Block:
    """A paragraph, a heading (one line) or a table of the HTML twin."""

    lines: tuple[str, ...] = ()
    heading: bool = False
    items: tuple[tuple[str, str, dict[str, str]], ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(label for _, _, fields in self.items for label in fields))

    @property
    def name(self) -> str:
        """What the items are: documents and points are of the dossier's papers."""
        return "材料" if {"文件", "问题"} & set(self.columns) else "名称"


def edit_html(text: str) -> str:
    """Return the HTML twin of a letter's text, also of one that a person has edited.

    `一、…` alone on a line is a heading; numbered items with indented `名称：内容` lines
    become a table; all else stays paragraphs.
    """
    paragraphs = (each.splitlines() for each in re.split(r"\n\s*\n", text.strip()))
    blocks: list[_Block] = []
    for lines in paragraphs:
        block = _block(tuple(each.rstrip() for each in lines))
        last = blocks[-1] if blocks else None
        if last and last.items and block.items and block.items[0][0] == str(len(last.items) + 1):
            blocks[-1] = _Block(items=last.items + block.items)
        else:
            blocks.append(block)
    return environment().get_template("shared/letter.html").render(blocks=blocks)


def _block(lines: tuple[str, ...]) -> _Block:
    if len(lines) == 1 and HEADING.fullmatch(lines[0]):
        return _Block(lines=lines, heading=True)
    items: list[tuple[str, str, dict[str, str]]] = []
    for line in lines:
        if found := ITEM.fullmatch(line):
            items.append((found[1], found[2], {}))
        elif items and line.startswith(INDENT):
            _add_fields(items[-1][2], line)
        else:
            return _Block(lines=lines)
    with_fields = any(fields for _, _, fields in items)
    return _Block(items=tuple(items)) if with_fields else _Block(lines=lines)


def _add_fields(fields: dict[str, str], line: str) -> None:
    """Add what an indented line says; words without a name go with what stands before them."""
    for cell in line.strip().split(GAP):
        if found := FIELD.fullmatch(cell.strip()):
            label, value = found[1], found[2]
        else:
            label, value = next(reversed(fields), "说明"), cell.strip()
        fields[label] = f"{fields[label]} {value}" if label in fields else value
