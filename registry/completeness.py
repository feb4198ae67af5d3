"""Completeness 完备性: what a dossier lacks, point by point, and how surely.

Each rule of `config/call.py` is one predicate here. A doubt goes to a person, never to the
applicant: where a file that could not be read, or whose kind is unknown, might hold what was
not found, the outcome is `doubtful`, not `missing`; and of a document that is not there,
nothing is said but that. Only current documents are judged, those of one kind together: any
of them may prove a point.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from config.call import Area, Call, Check, Rule
from parsers.facts import NAME, SECRETARIAT
from parsers.lines import plain, squeeze, visible
from parsers.media import PPT, PPTX
from parsers.members import kind_by_name
from parsers.names import (
    Likeness,
    find_names,
    is_legal_person,
    normal_form,
    organisation_form,
    same_organisation,
    ways_of_writing,
)
from parsers.recognise import OTHER
from parsers.submission import Document, Fact, Hit, Member, Problem, Scan
from registry.rows import Case, DocumentState, FiledDocument, Finding, Outcome, PaperRecord

_CHINA = ZoneInfo("Asia/Shanghai")  # the days that a paper register is written in
_ADDRESS = "address"  # the field that says where the secretariat is
_ALL_DOCUMENTS = "材料"  # what applicants call a file that holds the whole dossier

_REASONS = {
    Problem.EMPTY: "文件是空的",
    Problem.DAMAGED: "文件已损坏，无法打开",
    Problem.LOCKED: "文件已加密，无法打开",
    Problem.UNSUPPORTED: "本系统不能读取这种格式",
    Problem.SCAN: "扫描件或图片，没有可读取的文字",
    Problem.TOO_LARGE: "文件超过可处理的大小",
    Problem.TOO_MANY: "压缩包内文件过多",
    Problem.TOO_DEEP: "压缩包层数过多",
    Problem.TOO_SLOW: "文件未能在限定时间内读完",
    Problem.CRASHED: "读取文件时出错",
}

Predicate = Callable[[Check, Case, Call], list[Finding]]


def findings(case: Case, call: Call) -> tuple[Finding, ...]:
    """Return what every check of the call gives, in the call's order."""
    return tuple(
        each for check in call.checks for each in PREDICATES[check.rule](check, case, call)
    )


# ── What the dossier holds ────────────────────────────────────────────────────────────


def current(case: Case) -> tuple[FiledDocument, ...]:
    """Return the documents that are judged: none held, none superseded by a later mail's."""
    return tuple(
        each
        for each in case.documents
        if each.state is DocumentState.CURRENT and not each.superseded
    )


def unsettled(case: Case, call: Call) -> tuple[FiledDocument, ...]:
    """Return the files that might be or hold anything: unread ones, and those of unknown kind.

    Not among them are files known to be something else (a cover letter, a licence), blank
    forms, and files of unknown kind that were unreadable before the whole dossier came in.
    """
    return tuple(
        each
        for each in current(case)
        if not is_extra(each, call) and not _is_overcome(each, case, call)
        if each.problem or (each.kind == OTHER and not each.facts.template)
    )


def newer_than_paper(case: Case) -> tuple[FiledDocument, ...]:
    """Return the documents that replaced others after their paper copies had been received."""
    received_on = case.paper.received_on if case.paper else None
    if received_on is None:
        return ()
    replaced = {each.kind for each in case.documents if each.superseded}
    return tuple(
        each
        for each in current(case)
        if each.kind in replaced and each.filed_at.astimezone(_CHINA).date() > received_on
    )


def _read(case: Case, kinds: Iterable[str]) -> tuple[FiledDocument, ...]:
    """Return the current documents of those kinds that were read and are filled in."""
    wanted = tuple(kinds)
    return tuple(
        each
        for each in current(case)
        if each.kind in wanted and not each.problem and not each.facts.template
    )


def _earlier(case: Case, kinds: Iterable[str]) -> tuple[FiledDocument, ...]:
    """Return the superseded documents of those kinds that were read and are filled in."""
    wanted = tuple(kinds)
    return tuple(
        each
        for each in case.documents
        if each.superseded and each.kind in wanted and not each.problem
        if each.state is DocumentState.CURRENT and not each.facts.template
    )


def _kinds(call: Call) -> tuple[str, ...]:
    return tuple(each.id for each in call.documents)


def is_extra(document: FiledDocument | Document, call: Call) -> bool:
    """Whether a file is, by its title or its name, known to be none of the call's documents.

    `申报材料及推荐函.pdf` may hold everything, so a name that also speaks of a document, or of
    all of them, is not known to be anything.
    """
    if document.kind != OTHER:
        return False
    return any(_tells_extra(text, call) for text in (document.facts.title, document.filename))


def _tells_extra(text: str, call: Call) -> bool:
    rest = bare = _without_names(text, call)
    for word in sorted(call.other_titles, key=len, reverse=True):
        rest = rest.replace(word, "")
    asked = [
        word
        for kind in call.documents
        for word in (*kind.titles, *kind.filenames)
        if any(word in title for title in kind.titles)  # 附件1 may be anything
    ]
    return rest != bare and not any(word in rest for word in (*asked, _ALL_DOCUMENTS))


def _without_names(text: str, call: Call) -> str:
    """Return a text without the names in it: 锂电材料 in one says nothing of documents."""
    for name in find_names(text, call):
        text = text.replace(name, "")
    return text


def _is_overcome(document: FiledDocument, case: Case, call: Call) -> bool:
    """Whether an unreadable file of unknown kind came before what makes the dossier whole."""
    if document.kind != OTHER or not document.problem:
        return False
    read = _whole(case, call)
    return any(each.filed_at > document.filed_at for each in read)


def _whole(case: Case, call: Call) -> tuple[FiledDocument, ...]:
    """Return the documents that the call asks for when all were read, else none."""
    asked = {each.document for each in call.checks if each.rule == "document"}
    read = _read(case, asked)
    return read if asked <= {each.kind for each in read} else ()


def _at_fault(document: FiledDocument) -> bool:
    return any(each == document.problem and each.at_fault for each in Problem)


def _reason(document: FiledDocument) -> str:
    reason = next((text for each, text in _REASONS.items() if each == document.problem), "未能读取")
    told = re.search("[一-鿿]", document.detail)  # else a word for engineers
    return f"{reason}（{document.detail}）" if told else reason


def _named(documents: Iterable[FiledDocument]) -> str:
    """Name files for a sentence, at most three of them."""
    return _listed([each.place for each in documents], 3)


def _listed(words: Sequence[str], most: int = 12) -> str:
    shown = "、".join(words[:most])
    return f"{shown}等{len(words)}个" if len(words) > most else shown


# ── What is not found, and whether it might still be there ────────────────────────────


def _softened(check: Check) -> Outcome:
    """Return the outcome when only a person can tell."""
    outcome = Outcome(check.absent)
    return Outcome.DOUBTFUL if outcome is Outcome.MISSING else outcome


def _absent(
    check: Check,
    detail: str,
    doubts: Sequence[str] = (),
    document: str = "",
    page: int | None = None,
) -> Finding:
    """Say that something is not there; `doubts` name what might hold it all the same."""
    if not doubts:
        outcome = Outcome(check.absent)
        return Finding(id=check.id, outcome=outcome, detail=detail, document=document, page=page)
    return Finding(
        id=check.id,
        outcome=_softened(check),
        detail=f"{detail}；但{'；'.join(doubts)}，须人工查看",
        document=document,
        page=page,
    )


def _absent_softly(check: Check, detail: str, document: str = "") -> Finding:
    """Say that only a person can tell whether something is there."""
    return Finding(id=check.id, outcome=_softened(check), detail=detail, document=document)


def _doubts(case: Case, call: Call, judged: Sequence[FiledDocument]) -> list[str]:
    """Name what might hold what was not found in the documents judged.

    Those are unread files of the same or unknown kind, pages that are pictures, text that a
    machine has read in such, links that nobody has fetched, and, in a supplement, files of
    unknown kind.
    """
    kinds = {each.kind for each in judged} | {OTHER}
    since = max(each.filed_at for each in judged)
    files = unsettled(case, call)
    unread = [each for each in files if each.problem and each.kind in kinds]
    unknown = [each for each in files if not each.problem and each.filed_at > since]
    doubts = [f"{_named(unread)}未能读取，其中可能有"] if unread else []
    doubts += [f"{_named(unknown)}未能识别，其中可能有"] if unknown else []
    doubts += [f"{each.place}只读取了一部分（{each.detail}）" for each in judged if each.detail]
    doubts += _recognised(judged)
    doubts += ["超大附件链接中的文件尚未下载"] if case.links else []
    return doubts


def _recognised(documents: Iterable[FiledDocument]) -> list[str]:
    """Name the documents whose text a machine has read in pictures: it makes mistakes."""
    return [f"{each.place}由扫描件识别，可能有误" for each in documents if each.scan is Scan.READ]


# ── Documents ─────────────────────────────────────────────────────────────────────────


def document(check: Check, case: Case, call: Call) -> list[Finding]:
    """The document is there, readable and filled in (notice IV (1)).

    Doubtful while it may be in a file that was not read or not recognised, or behind a link.
    """
    read = _read(case, [check.document])
    if read:
        detail = f"已收到：{_named(read)}"
        return [Finding(id=check.id, outcome=Outcome.OK, detail=detail, document=read[0].path)]
    title = call.title_of(check.document)
    here = [each for each in current(case) if each.kind == check.document]
    unread = [each for each in here if each.problem]
    if unread:
        detail = (
            f"收到的{_named(unread)}可能是{title}，但未能读取：{_reason(unread[0])}，须人工查看"
        )
        return [_absent_softly(check, detail, unread[0].path)]
    if here:
        detail = f"所收{_named(here)}是未填写的空白{title}"
    elif current(case):
        detail = f"在收到的文件中未见{title}：{_named(current(case))}"
    else:
        detail = f"未收到任何可用文件，未见{title}"
    files = unsettled(case, call)
    doubts = [f"{_named(files)}未能读取或未能识别，可能就是{title}"] if files else []
    parts = [each for each in current(case) if check.document in each.facts.may_hold]
    doubts += [f"{_named(parts)}中似有{title}的内容"] if parts else []
    doubts += _recognised(current(case))
    doubts += ["超大附件链接中的文件尚未下载"] if case.links else []
    return [_absent(check, detail, doubts)]


def readable(check: Check, case: Case, call: Call) -> list[Finding]:
    """Every file can be opened; a file is blamed only when it is itself at fault.

    What the call does not ask for, or what has come again since, is only noted.
    """
    troubled = [each for each in current(case) if each.problem]
    partly = {each.path: each for each in _read(case, _kinds(call)) if each.detail}
    told = [(each, _readability(check, each, case, call), _reason(each)) for each in troubled]
    told += [(each, Outcome.NOTE, each.detail) for each in partly.values()]
    found = [
        Finding(id=check.id, outcome=outcome, detail=f"{each.path}：{why}", document=each.path)
        for each, outcome, why in told
    ]
    if not found and current(case):
        files = {each.path for each in current(case)}
        detail = f"收到的{len(files)}个文件均已读取"
        found = [Finding(id=check.id, outcome=Outcome.OK, detail=detail)]
    return found


def _readability(check: Check, document: FiledDocument, case: Case, call: Call) -> Outcome:
    if _is_overcome(document, case, call):
        return Outcome.NOTE
    illustrates = _is_illustration(document) and _whole(case, call)
    if not _at_fault(document) and (illustrates or _has_readable_twin(document, case)):
        return Outcome.NOTE
    if is_extra(document, call):
        return Outcome.DOUBTFUL if _at_fault(document) else Outcome.NOTE
    return Outcome(check.absent) if _at_fault(document) else Outcome.DOUBTFUL


def _is_illustration(document: FiledDocument) -> bool:
    """Whether it is a picture or a presentation, by its name none of the call's documents."""
    pictured = document.media_type.startswith("image/")
    return document.kind == OTHER and (pictured or document.media_type in {PPT, PPTX})


def _has_readable_twin(document: FiledDocument, case: Case) -> bool:
    """Whether it came beside a readable form of itself: a sealed scan with the editable file."""
    return document.kind != OTHER and any(
        not each.problem and (each.kind, each.version) == (document.kind, document.version)
        for each in current(case)
    )


def link(check: Check, case: Case, call: Call) -> list[Finding]:
    """No file lies behind a link 超大附件 that nobody has fetched."""
    del call
    if not case.links:
        return [Finding(id=check.id, outcome=Outcome.OK, detail="没有尚未下载的超大附件链接")]
    detail = f"邮件中有{len(case.links)}个超大附件链接，文件尚未下载：{_listed(case.links, 3)}"
    return [Finding(id=check.id, outcome=Outcome.DOUBTFUL, detail=detail)]


def placeholder(check: Check, case: Case, call: Call) -> list[Finding]:
    """No text that was to be replaced or struck out is left in a document."""
    read = _read(case, _kinds(call))
    found = [_left_in(check, each) for each in _by_file(read)]
    if read and not found:
        detail = f"未见占位内容或编辑痕迹（已查看{_named(read)}）"
        found = [Finding(id=check.id, outcome=Outcome.OK, detail=detail)]
    return found


def _by_file(documents: Iterable[FiledDocument]) -> list[list[FiledDocument]]:
    """Return the documents with something left in them, those of one file together."""
    files: dict[str, list[FiledDocument]] = {}
    for each in documents:
        if each.facts.placeholders:
            files.setdefault(each.path, []).append(each)
    return list(files.values())


def _left_in(check: Check, parts: Sequence[FiledDocument]) -> Finding:
    left = [each for part in parts for each in part.facts.placeholders]
    where, first, words = parts[0], left[0], [each.value for each in left]
    detail = f"{where.path}中留有：{_listed(words, 5)}"
    absent = _absent(check, detail, _recognised(parts))
    found = _ok(check, absent.detail, where, first)
    return replace(found, outcome=absent.outcome)


# ── Fields and clauses ────────────────────────────────────────────────────────────────


def field(check: Check, case: Case, call: Call) -> list[Finding]:
    """The field of the form is filled in (the form itself demands its fields)."""
    read = _read(case, [check.document])
    if not read:
        return []
    label = f"“{check.label}”"
    there = any(check.field in each.facts.fields for each in read)
    names = (check.field,) if there else (check.field, *check.fields_too)
    filled = next((found for name in names if (found := _filled(read, name))), None)
    if filled:
        where, fact = filled
        return [_ok(check, f"{label}：{fact.value}", where, fact)]
    doubts = _doubts(case, call, read)
    if not any(each.facts.fields.keys() - {NAME} for each in read):
        doubts.append("表内各栏均未能识别")
    if _filled(_earlier(case, [check.document]), check.field):
        doubts.append("此前一版中填有此栏")
    blank = next(
        (each.facts.fields[check.field] for each in read if check.field in each.facts.fields), None
    )
    detail = f"{_named(read)}中{label}一栏空白" if blank else f"{_named(read)}中未见{label}一栏"
    return [_absent(check, detail, doubts, read[0].path, blank.page if blank else None)]


def _filled(documents: Iterable[FiledDocument], name: str) -> tuple[FiledDocument, Fact] | None:
    for each in documents:
        fact = each.facts.fields.get(name)
        if fact and fact.value.strip():
            return each, fact
    return None


def _ok(check: Check, detail: str, where: FiledDocument, fact: Fact | Hit) -> Finding:
    return Finding(
        id=check.id,
        outcome=Outcome.OK,
        detail=detail,
        document=where.path,
        page=fact.page,
        quote=fact.quote,
    )


def clause(check: Check, case: Case, call: Call) -> list[Finding]:
    """The document speaks of what the notice asks for (notice III (2), III (3)).

    A heading or enough sentences prove it; words listed as `weak` leave it doubtful. What is
    asked of the dossier as a whole may be proven `anywhere`, in any of its documents.
    """
    if not _read(case, [check.document]):
        return []
    kinds = _kinds(call) if check.anywhere else (check.document,)
    read = _read(case, kinds)
    label = f"“{check.label}”"
    best = _strongest(check.id, read)
    if best and best[1].strength in _PROOFS:
        where, hit = best
        return [_ok(check, f"{where.path}中有{label}", where, hit)]
    doubts = _doubts(case, call, read)
    if best and best[1].strength == "unknown":
        where, hit = best
        doubts.append(f"{where.place}中“{hit.quote}”一条未能归类，其中可能有")
    elif best:
        where, hit = best
        return [
            Finding(
                id=check.id,
                outcome=_softened(check),
                detail=f"{where.path}中只见相近的表述，是否约定了{label}须人工查看",
                document=where.path,
                page=hit.page,
                quote=hit.quote,
            )
        ]
    if _strongest(check.id, _earlier(case, kinds)):
        doubts.append("此前一版中写有此项")
    document = "" if check.anywhere else read[0].path
    return [_absent(check, f"已查看{_named(read)}，未见{label}", doubts, document)]


def rivals(check: Check, case: Case, call: Call) -> list[Finding]:
    """Two clauses that exclude each other do not both stand; where they do, it is said."""
    del call
    found = _strongest(check.id, _read(case, [check.document]))
    return (
        [replace(_ok(check, check.problem, *found), outcome=Outcome(check.absent))] if found else []
    )


_PROOFS = ("heading", "text")
_STRENGTHS = (*_PROOFS, "weak", "unknown")


def _strongest(clause: str, documents: Iterable[FiledDocument]) -> tuple[FiledDocument, Hit] | None:
    hits = [
        (each, each.facts.clauses[clause]) for each in documents if clause in each.facts.clauses
    ]
    return min(hits, key=lambda hit: _STRENGTHS.index(hit[1].strength), default=None)


# ── The recommender's area ────────────────────────────────────────────────────────────


def area(check: Check, case: Case, call: Call) -> list[Finding]:
    """The recommender is the authority of the secretariat's place (notice IV).

    Doubtful only when both places are known and differ; a department of the province may
    recommend anyone; a recommender that the call does not name is noted.
    """
    read = _read(case, [check.document])
    filled = _filled(read, check.field)
    if not filled:
        return []
    where, fact = filled
    found = _ok(check, f"推荐单位：{fact.value}", where, fact)
    authority = _authority(fact.value, call)
    if authority is None:
        detail = f"推荐单位“{fact.value}”不在通知所列部门之内，未核对其所在地"
        return [replace(found, outcome=Outcome.NOTE, detail=detail)]
    fields = [each.facts.fields.get(name) for each in read for name in (SECRETARIAT, _ADDRESS)]
    texts = [_flat(each.value) for each in fields if each] + [_flat(case.secretariat)]
    places = _places(texts, call)
    if authority.provincial or not places or _covers(authority, places, texts):
        return [found]
    named = "、".join(each.place for each in places)
    detail = f"秘书处单位在{named}，推荐单位“{fact.value}”属{authority.place}，须人工核对"
    return [replace(found, outcome=_softened(check), detail=detail)]


def _flat(text: str) -> str:
    return squeeze(plain(visible(text)))


def _authority(value: str, call: Call) -> Area | None:
    """Return whose authority that is, by its name, else by the place in its name."""
    text = _flat(value)
    named = [(len(name), each) for each in call.areas for name in each.names if _flat(name) in text]
    if named:
        return max(named, key=lambda found: found[0])[1]
    places = _places([text], call)
    return places[0] if len(places) == 1 else None


def same_authority(one: str, other: str, call: Call) -> bool:
    """Whether two names of a recommender may be one's: the same body, or the same area's."""
    area = _authority(one, call)
    if area is not None and area == _authority(other, call):
        return not area.provincial or organisation_form(one) == organisation_form(other)
    return same_organisation(one, other, call) is not Likeness.OTHER


def _places(texts: Iterable[str], call: Call) -> list[Area]:
    """Return the places that addresses and names lie in, without those wider than another."""
    lines = tuple(texts)
    found = [
        each
        for each in call.areas
        if not each.provincial and any(_lies_in(text, each) for text in lines)
    ]
    wider = {each.within for each in found}
    return [each for each in found if each.place not in wider]


def _lies_in(text: str, area: Area) -> bool:
    """Whether an address or name says that it lies there.

    `中山大学` and `天河区中山大道` lie in Guangzhou: the bare word counts only at the
    beginning, and not as a university or a street.
    """
    place, within = re.escape(area.place), re.escape(area.within)
    unit = "区" if within else "市(?!场)"
    before = f"^|省|{within}市?" if within else "^|省"
    bare = f"(?:{before}){place}(?!大学|大道|.{{0,2}}(?:路|街(?!道)))"
    return re.search(f"{place}{unit}|{bare}", text) is not None


def _covers(authority: Area, places: Sequence[Area], texts: Iterable[str]) -> bool:
    """Whether the authority answers for one of the places.

    An address in the wider place that names no district may well lie in the narrower one.
    """
    known = {each.place for each in places}
    if authority.place in known:
        return True
    district = re.compile(f"{re.escape(authority.within)}市?[^市区]{{1,4}}区")
    return authority.within in known and not any(map(district.search, texts))


# ── Members ───────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, kw_only=True)
class _Roster:
    """The members that documents of one kind list, each once.

    `others` are named there beside the list: who is to sign, and the secretariat. A document
    that lists nobody is held to name those who sign it; whom that block lacks, `signatures`
    tells, so it is not `whole`.
    """

    kind: str
    title: str
    names: tuple[str, ...]
    others: tuple[str, ...] = ()
    whole: bool = True


def _roster(kind: str, case: Case, call: Call) -> _Roster:
    read = _read(case, [kind])
    signers = _distinct(signer for each in read for signer in each.facts.signatures or ())
    names = _distinct(member for each in read for member in each.facts.members)
    secretariats = [fact.value for fact in _secretariats(read)]
    return _Roster(
        kind=kind,
        title=call.title_of(kind),
        names=names or signers,
        others=(*signers, *secretariats),
        whole=bool(names),
    )


def _secretariats(read: Iterable[FiledDocument]) -> list[Fact]:
    """Return the secretariats that documents name in a field: members with a sheet of their own."""
    found = (each.facts.fields.get(SECRETARIAT) for each in read)
    return [each for each in found if each]


def _distinct(members: Iterable[Member]) -> tuple[str, ...]:
    forms: dict[str, str] = {}
    for each in members:
        if organisation_form(each.name):
            forms.setdefault(organisation_form(each.name), each.name)
    return tuple(forms.values())


_CLOSENESS = (Likeness.SAME, Likeness.PART, Likeness.NEAR, Likeness.OTHER)


def _closest(name: str, names: Iterable[str], call: Call) -> tuple[Likeness, str]:
    """Return the likest of some names, and how like it is."""
    ranked = ((_CLOSENESS.index(same_organisation(name, each, call)), each) for each in names)
    rank, found = min(ranked, default=(len(_CLOSENESS) - 1, ""))
    return _CLOSENESS[rank], found


def members_listed(check: Check, case: Case, call: Call) -> list[Finding]:
    """The form lists at least `least` members: an alliance is of several bodies, III (1)."""
    read = _read(case, [check.document])
    if not read:
        return []
    names = _roster(check.document, case, call).names
    if len(names) >= check.least:
        first, where = next(
            (each, named)
            for each in read
            for named in each.facts.members or each.facts.signatures or ()
        )
        fact = Fact(value=where.name, page=where.page, quote=where.quote)
        return [_ok(check, f"列出{len(names)}家成员单位：{_listed(names)}", first, fact)]
    doubts = _doubts(case, call, read)
    earlier = _earlier(case, [check.document])
    if len(_distinct(m for each in earlier for m in each.facts.members)) >= check.least:
        doubts.append("此前一版中列有成员单位")
    listed = f"只列出{names[0]}" if names else "未见成员单位名单"
    return [_absent(check, f"已查看{_named(read)}，{listed}", doubts, read[0].path)]


def member_kind(check: Check, case: Case, call: Call) -> list[Finding]:
    """At least one member is of that kind (notice III (1)); nothing is said without a list."""
    members = [m for each in _read(case, _kinds(call)) for m in each.facts.members if m.name]
    if not members:
        return []
    found = next((m for m in members if check.kind in {m.kind, kind_by_name(m.name, call)}), None)
    if found:
        detail = f"{check.label}：{found.name}"
        return [Finding(id=check.id, outcome=Outcome.OK, detail=detail, quote=found.quote)]
    names = _distinct(members)
    return [_absent(check, f"所列{len(names)}家成员单位中未见{check.label}：{_listed(names)}")]


def signatures(check: Check, case: Case, call: Call) -> list[Finding]:
    """The signature block names every member (notice III (3): all of them sign).

    Doubtful without any block, since it may stand on paper only; blank lines are filled in
    on paper.
    """
    read = _read(case, [check.document])
    if not read:
        return []
    block = next((each for each in read if each.facts.signatures is not None), None)
    if block is None:
        detail = f"{_named(read)}中未见签署栏，可能只在纸质版上，须人工查看"
        return [_absent_softly(check, detail, read[0].path)]
    parties = [party for each in read for party in each.facts.signatures or ()]
    page = next((each.page for each in parties), None)
    members = _expected_parties(check.document, case, call)
    names = [each.name for each in parties]
    signed = [text for each in read for text in each.facts.signed]
    open_lines = not parties or any(not each.strip() for each in names)
    lacking = [
        each
        for each in members
        if is_legal_person(each) and _closest(each, names, call)[0] is Likeness.OTHER
        if not _is_named(each, signed, call) and not _is_begun(each, signed)
    ]
    if open_lines or not lacking:
        detail = "签署栏尚有空白，以纸质版签字盖章为准" if open_lines else "签署栏列有全部成员单位"
        fact = Fact(value="", page=page, quote=parties[0].quote if parties else "")
        return [_ok(check, detail, block, fact)]
    doubts = _doubts(case, call, read)
    if 2 * len(lacking) > len(members):
        doubts.append("多数成员单位未见，可能是签署栏未能识别")
    detail = f"签署栏未列成员单位：{_listed(lacking)}"
    return [_absent(check, detail, doubts, block.path, page)]


def _expected_parties(kind: str, case: Case, call: Call) -> tuple[str, ...]:
    """Return whom a signature block has to name: its own document's members and the form's."""
    forms = [each.document for each in call.checks if each.rule == "members-listed"]
    read = _read(case, dict.fromkeys((kind, *forms)))
    return _distinct(member for each in read for member in each.facts.members)


def members_consistent(check: Check, case: Case, call: Call) -> list[Finding]:
    """Every member stands in every whole list of members (notice IV (1)).

    A college or laboratory of a member is no difference; a name that is merely near (another
    legal form, a former name) is doubtful. Where most of a list is lacking in another, the
    other may be no list of members at all: that is doubtful too.
    """
    rosters = _whole_rosters(case, call)
    if len(rosters) < 2:  # noqa: PLR2004 - it takes two to differ
        return []
    names = {organisation_form(name): name for each in rosters for name in each.names}
    standings = [_standing(name, rosters, case, call) for name in names.values()]
    lacking = [each for each in standings if each.lacking]
    near = [each for each in standings if each.near and not each.lacking]
    detail = "；".join(each.told for each in [*lacking, *near][:_MOST_TOLD])
    titles = "、".join(each.title for each in rosters)
    if lacking:
        doubts = _doubts(case, call, _read(case, [each.kind for each in rosters]))
        if _hardly_the_same(standings, rosters):
            doubts.append("其中可能有一份未列全部成员单位")
        return [_absent(check, f"{titles}所列成员单位不一致：{detail}", doubts)]
    if near:
        detail = f"{titles}所列成员单位名称相近，是否同一单位须人工核对：{detail}"
        return [_absent_softly(check, detail)]
    return [Finding(id=check.id, outcome=Outcome.OK, detail=f"{titles}所列成员单位一致")]


_MOST_TOLD = 12
_WELL_READ = 0.8  # so much of the longest list, and another one was read as a whole
_LEAST_BEGUN, _MOST_OF_NAME = 6, 0.7  # characters, and the share, of a name that tell it


def _is_begun(name: str, runs: Iterable[str]) -> bool:
    """Whether most of a name stands in some text: its end was broken off, to another column."""
    form = organisation_form(name)
    most = form[: max(_LEAST_BEGUN, round(len(form) * _MOST_OF_NAME))]
    return any(most in each for each in runs)


def _is_named(name: str, mentions: Iterable[str], call: Call) -> bool:
    """Whether an organisation stands in one of some stretches of text."""
    ways = {organisation_form(name), *ways_of_writing(name, call)}
    return any(way in text for text in mentions for way in ways)


@dataclass(frozen=True, kw_only=True)
class _Standing:
    """Where a member stands, and in which lists it is lacking or only a near name stands."""

    name: str
    found: tuple[str, ...]
    lacking: tuple[str, ...]
    near: tuple[tuple[str, str], ...]

    @property
    def told(self) -> str:
        if self.lacking:
            return f"“{self.name}”见于{'、'.join(self.found)}，未见于{'、'.join(self.lacking)}"
        alike = "、".join(f"{title}中为“{name}”" for title, name in self.near)
        return f"“{self.name}”（{'、'.join(self.found)}），{alike}"


def _standing(name: str, rosters: Sequence[_Roster], case: Case, call: Call) -> _Standing:
    """Tell where a member stands.

    It is not lacking where its name stands in a list that was not read as one, nor is what does
    not look like the name of a body that can sign: it may have been misread.
    """
    closest = [(each, *_closest(name, each.names + each.others, call)) for each in rosters]
    same = {Likeness.SAME, Likeness.PART}
    return _Standing(
        name=name,
        found=tuple(each.title for each, how, _ in closest if how in same),
        lacking=tuple(
            each.title
            for each, how, _ in closest
            if how is Likeness.OTHER and each.whole and is_legal_person(name)
            if not _may_be_listed(name, each, rosters, case, call)
        ),
        near=tuple((each.title, other) for each, how, other in closest if how is Likeness.NEAR),
    )


def _may_be_listed(
    name: str, roster: _Roster, rosters: Sequence[_Roster], case: Case, call: Call
) -> bool:
    """Whether a name stands in the text of a list, or, where much is lacking, anywhere."""
    read = _read(case, [roster.kind])
    listed = [text for each in read for text in (*each.facts.listed, *each.facts.signed)]
    longest = max(len(each.names) for each in rosters)
    well_read = bool(listed) and len(roster.names) >= longest * _WELL_READ
    mentions = [text for each in read for text in each.facts.mentions]
    return _is_named(name, listed if well_read else mentions, call)


def _whole_rosters(case: Case, call: Call) -> list[_Roster]:
    """Return the lists that should hold all members.

    Those are the lists of documents in which the call checks members, and any other that is
    at least half as long as the longest: a shorter one names some of them in passing.
    """
    checked = {
        each.document for each in call.checks if each.rule in {"members-listed", "signatures"}
    }
    rosters = [each for each in (_roster(kind, case, call) for kind in _kinds(call)) if each.names]
    longest = max((len(each.names) for each in rosters), default=0)
    return [each for each in rosters if each.kind in checked or 2 * len(each.names) >= longest]


def _hardly_the_same(standings: Collection[_Standing], rosters: Iterable[_Roster]) -> bool:
    """Whether lists differ so much that one of them is probably something else, or misread."""
    lacks = [sum(roster.title in each.lacking for each in standings) for roster in rosters]
    return 2 * max(lacks) > len(standings) or all(each.lacking for each in standings)


# ── Names ─────────────────────────────────────────────────────────────────────────────


def name_pattern(check: Check, case: Case, call: Call) -> list[Finding]:
    """The name follows the pattern of the notice (notice IV (1)); some words in it are noted.

    It is the name that the form gives, else the first other document, else the mail.
    """
    read = [each for kind in _kinds(call) for each in _read(case, [kind])]
    filled = _filled(read, NAME)
    name = filled[1].value if filled else case.name
    if not name:
        return []
    form = normal_form(name, call)
    place = Finding(id=check.id, outcome=Outcome.OK, detail=f"{call.name.label}：{name}")
    if filled:
        place = _ok(check, place.detail, *filled)
    if not re.search(call.name.pattern, form):
        doubts = _doubts(case, call, read) if read else []
        absent = _absent(check, f"{call.name.label}为“{name}”，不符合统一格式", doubts)
        return [replace(place, outcome=absent.outcome, detail=absent.detail)]
    note = next((text for word, text in call.name.notes.items() if word in form), "")
    return [replace(place, outcome=Outcome.NOTE, detail=note) if note else place]


def name_consistent(check: Check, case: Case, call: Call) -> list[Finding]:
    """The name is the same in all documents, once normalised (notice IV (1))."""
    variants: dict[str, tuple[str, list[FiledDocument]]] = {}
    for each in _read(case, _kinds(call)):
        filled = _filled([each], NAME)
        if filled:
            name = filled[1].value
            variants.setdefault(normal_form(name, call), (name, []))[1].append(each)
    if not variants:
        return []
    told = "；".join(
        f"“{name}”（{'、'.join(dict.fromkeys(call.title_of(each.kind) for each in where))}）"
        for name, where in variants.values()
    )
    if len(variants) == 1:
        return [Finding(id=check.id, outcome=Outcome.OK, detail=f"{call.name.label}一致：{told}")]
    judged = [each for _, where in variants.values() for each in where]
    return [
        _absent(check, f"各材料中的{call.name.label}不一致：{told}", _doubts(case, call, judged))
    ]


# ── Paper ─────────────────────────────────────────────────────────────────────────────


def paper_record(check: Check, case: Case, call: Call) -> list[Finding]:
    """The paper copies are in the register (notice IV (1)).

    Doubtful when an electronic document was replaced after they had been received, until a
    person has seen the new pages in the bound copies.
    """
    if case.paper is None:
        return [_absent(check, "收件登记中尚未查到该件纸质材料")]
    received = (
        f"{case.paper.received_on.isoformat()}收到" if case.paper.received_on else "未记收件日期"
    )
    number = case.paper.register_no or "无登记号"
    newer = newer_than_paper(case)
    if newer:
        titles = "、".join(dict.fromkeys(call.title_of(each.kind) for each in newer))
        detail = f"纸质材料（{number}，{received}）之后又收到新版{titles}，须核对装订本是否已换页"
        return [_absent_softly(check, detail)]
    gone = "；该行已不在最近导入的登记表中" if case.paper.gone else ""
    return [Finding(id=check.id, outcome=Outcome.OK, detail=f"{number}，{received}{gone}")]


def paper_copies(check: Check, case: Case, call: Call) -> list[Finding]:
    """Enough paper copies were received (notice IV (1): 一式5份)."""
    if case.paper is None:
        return []
    copies, asked = case.paper.copies, call.paper.copies
    if copies is None:
        return [_unknown_on_paper(check, case.paper, "copies", call, case.paper.copies_text)]
    outcome = Outcome.OK if copies >= asked else Outcome(check.absent)
    lack = "" if copies >= asked else f"，请补交{asked - copies}份"
    detail = f"登记{copies}份，应为{asked}份{lack}"
    return [Finding(id=check.id, outcome=outcome, detail=detail)]


def paper_seals(check: Check, case: Case, call: Call) -> list[Finding]:
    """All members have sealed the paper copies (notice IV (1))."""
    if case.paper is None:
        return []
    return [_on_paper(check, case.paper, "sealed", "不齐", call)]


def paper_recommendation(check: Check, case: Case, call: Call) -> list[Finding]:
    """The paper copies carry the recommendation of the authority (notice IV (1))."""
    if case.paper is None:
        return []
    return [_on_paper(check, case.paper, "recommended", "未见", call)]


def _on_paper(check: Check, paper: PaperRecord, column: str, lack: str, call: Call) -> Finding:
    """Say what a yes-or-no column of the register says; `lack` is what a plain no means.

    The remark beside a plain no is for staff: letters leave out what begins 收件登记注明.
    """
    value: bool | None = getattr(paper, column)
    if value is None:
        return _unknown_on_paper(check, paper, column, call)
    text: str = getattr(paper, f"{column}_text")
    remark = f"（备注：{paper.remark}）" if paper.remark else ""
    plain = "登记为是" if value else f"收件登记注明{lack}{remark}"
    said = f"登记为“{text}”" if text else plain
    outcome = Outcome.OK if value else Outcome(check.absent)
    return Finding(id=check.id, outcome=outcome, detail=f"{check.label}：{said}")


def _unknown_on_paper(
    check: Check, paper: PaperRecord, column: str, call: Call, text: str = ""
) -> Finding:
    """Doubtful for a cell that tells nothing (nobody has looked), or for want of its column.

    A note where the center's register does not keep that column (`[paper] keeps`).
    """
    heading = next(iter(call.paper.columns.get(column, ())), check.label)
    if text:
        detail = f"登记表“{heading}”一栏写的是“{text}”，未能识别，尚待核对纸质材料"
    elif column in paper.columns:
        detail = f"登记表“{heading}”一栏未填，尚待核对纸质材料"
    elif column in call.paper.keeps:
        detail = f"登记表没有“{heading}”一栏，尚待核对纸质材料"
    else:
        return Finding(id=check.id, outcome=Outcome.NOTE, detail=f"登记表没有“{heading}”一栏")
    return _absent_softly(check, detail)


PREDICATES: dict[Rule, Predicate] = {
    "document": document,
    "field": field,
    "area": area,
    "clause": clause,
    "rivals": rivals,
    "signatures": signatures,
    "members-listed": members_listed,
    "member-kind": member_kind,
    "members-consistent": members_consistent,
    "name-pattern": name_pattern,
    "name-consistent": name_consistent,
    "placeholder": placeholder,
    "readable": readable,
    "link": link,
    "paper-record": paper_record,
    "paper-copies": paper_copies,
    "paper-seals": paper_seals,
    "paper-recommendation": paper_recommendation,
}
