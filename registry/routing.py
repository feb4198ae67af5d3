"""Where a mail belongs: a pure decision over what it brought and the dossiers it may concern.

Two things are joined only by registry number in the thread, equal normal form of the name,
or equal core name with the same secretariat, and only when nothing readable contradicts
it. Anything weaker makes a dossier of its own, which staff may join, or goes to a person.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from config.call import Call
from parsers.manifest import compare
from parsers.names import Likeness, core_of, normal_form, same_organisation
from parsers.submission import Document, Dossier, Listed
from registry.completeness import is_extra
from registry.matching import NEAR, core_likeness
from registry.rows import Fate

MACHINE_SIGNS = {
    "own-address": "本服务自己的地址",
    "delivery-status": "投递报告",
    "receipt": "阅读回执",
    "provider": "邮箱服务商的自动回复",
    "auto-submitted": "标明为自动发出",
    "precedence": "群发标记",
    "list": "邮件列表",
    "null-sender": "无发件人",
    "calendar": "日程邀请",
    "no-reply-sender": "不接收回复的地址",
    "report": "给程序读的报告",
    "mass-mail": "群发邮件",
    "subject": "主题表明为自动回复",
}
"""What staff read of the sign by which a machine was told."""

CLASSIFIED = "疑有国家秘密标志，本系统不予归档和答复，请勿转发，电话联系发件人并按保密规定处理"

SUSPECT = "发件人验证未通过，所附材料暂存，待人工确认"

FORGOTTEN = "来信提到所报送的材料，但未见附件"
ASKED = "来信没有附件，供工作人员阅处"
UNPLACED = "未能判断属于哪一份申报材料"
"""Why no dossier was found for a mail; letters tell these three apart."""

NEW = "new"
"""What a mail is assigned to when a person wants a dossier of its own for it."""


@dataclass(frozen=True, kw_only=True)
class KnownDossier:
    """A dossier that a mail might belong to, as far as that takes.

    `also` are forms of names that staff have said are its name too.
    """

    id: int
    number: str
    name: str
    secretariat: str
    addresses: frozenset[str]
    checksums: frozenset[str]
    completed: bool = False
    withdrawn: bool = False
    also: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Parcel:
    """What a mail brought, as far as routing it takes.

    `thread` holds the numbers in its own words, or else those of the letters it replies to,
    or of the parts before it; `replies` only those of the letters: who replies to a letter of
    ours has had it. `names` are the names its subject or, failing that, its own text speaks
    of. `listed` is what its manifest lists. `secrecy` tells where it bears the mark of a
    state secret. `suspect`: the sender failed authentication, so that he is on no dossier.
    `bare`: it brings neither file nor link; `promises`: its words say that it should.
    """

    sender: str
    thread: tuple[str, ...]
    replies: tuple[str, ...]
    names: tuple[str, ...]
    dossiers: tuple[Dossier, ...]
    links: tuple[str, ...] = ()
    machine: str = ""
    bounced: bool = False
    suspect: bool = False
    assigned: str = ""
    listed: tuple[Listed, ...] = ()
    secrecy: str = ""
    bare: bool = False
    promises: bool = False


@dataclass(frozen=True, kw_only=True)
class Placement:
    """One dossier that the mail concerns, and the documents that go to it.

    `dossier` is None for a new one. `known` counts documents left out because they are
    already on record there. `flags` are review reasons that this raises.
    """

    dossier: KnownDossier | None
    name: str
    secretariat: str
    documents: tuple[Document, ...]
    known: int = 0
    stranger: bool = False
    held: bool = False
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Route:
    """The fate of a mail, with its reason in Chinese, and the dossiers it goes to.

    `absent` are the names its manifest lists of which the sender is told that nothing came.
    """

    fate: Fate
    reason: str = ""
    placements: tuple[Placement, ...] = ()
    absent: tuple[str, ...] = ()


class _UndecidedError(Exception):
    """Only a person can tell where this belongs; the message says why."""


def route(parcel: Parcel, known: Sequence[KnownDossier], call: Call) -> Route:
    """Decide where a mail belongs."""
    if parcel.bounced:
        return Route(fate=Fate.BOUNCE, reason="我方函件未能送达")
    if parcel.secrecy and not parcel.assigned:
        return Route(fate=Fate.QUARANTINED, reason=f"{CLASSIFIED}：{parcel.secrecy}")
    brought = tuple(each for each in parcel.dossiers if _tells(each))
    recognised = any(doc.kind != "other" for each in brought for doc in each.documents)
    if parcel.machine and not recognised and not parcel.assigned:
        return Route(fate=Fate.AUTOMATIC, reason=f"自动发出的邮件：{_sign(parcel.machine)}")
    try:
        placements = _placements(parcel, brought, known, call)
    except _UndecidedError as undecided:
        return Route(fate=Fate.QUARANTINED, reason=str(undecided))
    concluded = _conclude(parcel, placements, _left_out(brought, placements, call))
    quoted = _quoted(parcel, placements, known, call)
    if quoted and concluded.fate is Fate.FILED:
        concluded = replace(concluded, reason="；".join(filter(None, (concluded.reason, quoted))))
    return _with_manifest(concluded, parcel, known, call)


def _quoted(
    parcel: Parcel, placements: Sequence[Placement], known: Sequence[KnownDossier], call: Call
) -> str:
    """Tell staff where a mail writes the number of a dossier and opens another of nearly its name.

    It may be the same, with its name corrected, or another that only sounds so.
    """
    opened = [core_of(each.name, call) for each in placements if each.dossier is None]
    near = [
        each.number
        for each in known
        if each.number in parcel.thread
        and any(core_likeness(core_of(each.name, call), core) >= NEAR for core in opened)
    ]
    return f"来信写明 {'、'.join(near)}，所附材料的名称不同，已另行登记，请核对" if near else ""


def _sign(machine: str) -> str:
    return MACHINE_SIGNS.get(machine, machine)


def _tells(dossier: Dossier) -> bool:
    return bool(dossier.documents)


def _left_out(brought: Sequence[Dossier], placements: Sequence[Placement], call: Call) -> str:
    """Name the documents that went nowhere because they tell no alliance, for staff to place.

    What comes with a batch as a whole (a letter of recommendation) belongs to no dossier.
    """
    placed = {_identity(doc) for each in placements for doc in each.documents}
    known = {doc for each in placements if each.dossier for doc in each.dossier.checksums}
    left = dict.fromkeys(
        doc.path
        for each in brought
        if _founds_dossier(each)
        for doc in each.documents
        if _identity(doc) not in placed and doc.sha256 not in known and not is_extra(doc, call)
    )
    return f"以下文件未写明属于哪一件，未归入：{'、'.join(left)}" if left else ""


def _conclude(parcel: Parcel, placements: tuple[Placement, ...], left_out: str) -> Route:
    """Tell the fate from the placements; a `filed` mail with a reason waits for staff to look."""
    if not placements:
        bare = FORGOTTEN if parcel.promises else ASKED
        return Route(fate=Fate.UNRELATED, reason=bare if parcel.bare else UNPLACED)
    new = any(each.documents or each.dossier is None for each in placements)
    if new or parcel.links or (parcel.assigned and not any(each.known for each in placements)):
        strange = parcel.links and any(each.stranger for each in placements)
        link = "不在该件联系名单上的地址发来超大附件链接，请核对" if strange else ""
        suspect = SUSPECT if parcel.suspect and any(each.held for each in placements) else ""
        reason = "；".join(each for each in (suspect, left_out, link) if each)
        return Route(fate=Fate.FILED, reason=reason, placements=placements)
    if left_out:
        return Route(fate=Fate.QUARANTINED, reason=left_out)
    if any(each.known for each in placements):
        reason = "所附材料此前均已收到"
        return Route(fate=Fate.DUPLICATE, reason=reason, placements=placements)
    brought = "来信仅附汇总表" if parcel.listed else "来信未附材料"
    return Route(fate=Fate.NOTED, reason=f"{brought}，供工作人员阅处", placements=placements)


def _with_manifest(
    found: Route, parcel: Parcel, known: Sequence[KnownDossier], call: Call
) -> Route:
    """Tell staff how the manifest of a batch differs from what came, and the sender what lacks.

    The sender is told of everything listed that did not come in this mail, unless he is on
    its dossier: what others have handed in is not for him to learn.
    """
    if not parcel.listed:
        return found
    came = [each for each in found.placements if each.documents or each.known]
    here = [(each.name, each.secretariat) for each in came if each.name]
    on_record = [each for each in known if each.checksums and not each.withdrawn]
    if here and len(compare(parcel.listed, here, call).absent) == len(parcel.listed):
        return found  # what it lists has nothing to do with this mail
    seen = compare(parcel.listed, [*here, *map(_names, on_record)], call)
    own = (each for each in on_record if _is_on(each, parcel))
    told = compare(parcel.listed, [*here, *map(_names, own)], call)
    unlisted = [name for name in seen.unlisted if name in {each for each, _ in here}]
    remarks = (
        found.reason,
        f"汇总表所列、未见材料：{'、'.join(seen.absent)}" if seen.absent else "",
        f"未列入汇总表：{'、'.join(unlisted)}" if unlisted else "",
        *(f"汇总表所列“{one}”与材料中的“{other}”名称不一致" for one, other in seen.unlike),
    )
    return replace(found, reason="；".join(filter(None, remarks)), absent=told.absent)


def _names(known: KnownDossier) -> tuple[str, str]:
    return known.name, known.secretariat


def _is_on(known: KnownDossier, parcel: Parcel) -> bool:
    """Whether the sender is on a dossier, or replies to a letter about it."""
    named = parcel.sender in known.addresses or known.number in parcel.replies
    return named and not parcel.suspect


def _placements(
    parcel: Parcel, brought: Sequence[Dossier], known: Sequence[KnownDossier], call: Call
) -> tuple[Placement, ...]:
    if parcel.assigned:
        return _assigned(parcel, brought, known, call)
    if not brought:
        return _without_documents(parcel, known, call)
    found = [_place(parcel, each, brought, known, call) for each in brought]
    placements = _joined([each for each in found if each is not None], call)
    return placements or (_without_documents(parcel, known, call) if parcel.listed else ())


def _assigned(
    parcel: Parcel, brought: Sequence[Dossier], known: Sequence[KnownDossier], call: Call
) -> tuple[Placement, ...]:
    """A person has said where the whole mail goes."""
    documents = _once(doc for each in brought for doc in each.documents)
    named = next((each for each in brought if each.name), None)
    name = named.name if named else next(iter(parcel.names), "")
    secretariat = named.secretariat if named else ""
    if parcel.assigned == NEW:
        new = Placement(dossier=None, name=name, secretariat=secretariat, documents=documents)
        return (new,)
    target = next((each for each in known if each.number == parcel.assigned), None)
    if target is None:
        message = f"指定的编号 {parcel.assigned} 不存在"
        raise _UndecidedError(message)
    del call
    fresh = tuple(doc for doc in documents if doc.sha256 not in target.checksums)
    return (
        Placement(
            dossier=target,
            name=target.name or name,
            secretariat=target.secretariat or secretariat,
            documents=fresh,
            known=len(documents) - len(fresh),
        ),
    )


def _without_documents(
    parcel: Parcel, known: Sequence[KnownDossier], call: Call
) -> tuple[Placement, ...]:
    """A mail that brings no file concerns the dossiers it names; a link alone may open one."""
    named = [each for each in known if each.number in parcel.thread]
    names = parcel.names or tuple(each.name for each in parcel.listed)
    if not named and names:
        found = [_named(name, known, parcel, call) for name in names]
        named = [each for each in found if each]
    if named:
        return tuple(_into(each, (), parcel) for each in dict.fromkeys(named))
    if parcel.links and len(parcel.names) == 1:
        return (_opened(parcel, parcel.names[0], "", ()),)
    return ()


def _named(
    name: str, known: Sequence[KnownDossier], parcel: Parcel, call: Call
) -> KnownDossier | None:
    form = normal_form(name, call)
    same = [each for each in known if normal_form(each.name, call) == form]
    fitting = [each for each in same if not each.withdrawn]
    return _choose(fitting, parcel) if fitting else None


def _place(
    parcel: Parcel,
    dossier: Dossier,
    brought: Sequence[Dossier],
    known: Sequence[KnownDossier],
    call: Call,
) -> Placement | None:
    """Decide where the documents of one alliance go; None when they tell nothing."""
    name = _name_of(dossier, parcel, brought, call)
    on_record = _holder_of(dossier, name, known, parcel, call)
    if on_record:
        return _into(on_record, dossier.documents, parcel)
    if not name:
        threaded = [each for each in known if each.number in parcel.thread]
        if len(threaded) > 1 and all(is_extra(doc, call) for doc in dossier.documents):
            return None
        return _nameless(dossier, threaded, parcel, call)
    target, flags = _same(name, dossier.secretariat, known, parcel, call)
    if target:
        return _into(target, dossier.documents, parcel, name=name, secretariat=dossier.secretariat)
    if not _founds_dossier(dossier):
        return None
    return _opened(parcel, name, dossier.secretariat, _once(dossier.documents), flags)


def _opened(
    parcel: Parcel,
    name: str,
    secretariat: str,
    documents: tuple[Document, ...],
    flags: tuple[str, ...] = (),
) -> Placement:
    """Open a dossier; what a suspect sender brings is held, and he is not on it."""
    held = parcel.suspect and bool(documents)
    return Placement(
        dossier=None,
        name=name,
        secretariat=secretariat,
        documents=documents,
        stranger=parcel.suspect,
        held=held,
        flags=(*flags, "held") if held else flags,
    )


def _holder_of(
    dossier: Dossier,
    name: str,
    known: Sequence[KnownDossier],
    parcel: Parcel,
    call: Call,
) -> KnownDossier | None:
    """Find the dossier that already holds every one of these documents.

    A file that many may send (an empty one, a letter) tells nothing by itself, and neither
    thread nor name may contradict.
    """
    sums = {doc.sha256 for doc in dossier.documents}
    telling = any(doc.kind != "other" and doc.size for doc in dossier.documents)
    core = core_of(name, call) if name else ""
    threaded = [each for each in known if each.number in parcel.thread]
    holders = [
        each
        for each in threaded or known
        if sums <= each.checksums and not each.withdrawn and core in {"", core_of(each.name, call)}
    ]
    if not (telling or threaded):
        return None
    mine = [each for each in holders if parcel.sender in each.addresses]
    return next(iter(mine or holders), None)


def _name_of(dossier: Dossier, parcel: Parcel, brought: Sequence[Dossier], call: Call) -> str:
    """Return the name of what was brought; one that only a file's name gives may be cut short.

    Where the writer speaks of a name that has it in itself, that one is the name.
    """
    spoken = _spoken_name(parcel, brought)
    read = any(doc.name and doc.name_from == "content" for doc in dossier.documents)
    if dossier.name and spoken and not read:
        return spoken if core_of(dossier.name, call) in core_of(spoken, call) else dossier.name
    return dossier.name or spoken


def _spoken_name(parcel: Parcel, brought: Sequence[Dossier]) -> str:
    """Take the name from the mail's words, when it speaks of one alliance and brings one."""
    alone = len(brought) == 1 and len(parcel.names) == 1
    return parcel.names[0] if alone else ""


def _nameless(
    dossier: Dossier, threaded: Sequence[KnownDossier], parcel: Parcel, call: Call
) -> Placement | None:
    if len(threaded) == 1:
        if _contradicts(threaded[0].secretariat, dossier.secretariat, call):
            message = f"来信写明 {threaded[0].number}，所附文件的秘书处单位却不同，请人工指定"
            raise _UndecidedError(message)
        return _into(threaded[0], dossier.documents, parcel)
    if threaded:
        numbers = "、".join(each.number for each in threaded)
        message = f"来信同时涉及 {numbers}，所附文件未写明属于哪一件，请人工指定"
        raise _UndecidedError(message)
    return None


def _same(
    name: str,
    secretariat: str,
    known: Sequence[KnownDossier],
    parcel: Parcel,
    call: Call,
) -> tuple[KnownDossier | None, tuple[str, ...]]:
    """Find the dossier of that alliance, by the certain levels, unless contradicted."""
    form, core = normal_form(name, call), core_of(name, call)
    open_ones = [each for each in known if not each.withdrawn]
    equal = [each for each in open_ones if normal_form(each.name, call) == form]
    fitting = [each for each in equal if not _contradicts(each.secretariat, secretariat, call)]
    if fitting:
        return _choose(fitting, parcel), ()
    for each in open_ones:
        alike = core_of(each.name, call) == core or form in each.also
        if alike and secretariat and _is_same(each.secretariat, secretariat, call):
            return each, ()
    for each in known:
        agrees = not each.name or core_of(each.name, call) == core
        threaded = each.number in parcel.thread and agrees
        if threaded and not _contradicts(each.secretariat, secretariat, call):
            return each, ()
    return None, ("same-name",) if equal else ()


def _choose(fitting: Sequence[KnownDossier], parcel: Parcel) -> KnownDossier:
    """Of dossiers of one name take the one in the thread, else the sender's own."""
    if len(fitting) == 1:
        return fitting[0]
    threaded = [each for each in fitting if each.number in parcel.thread]
    mine = [each for each in fitting if parcel.sender in each.addresses]
    for preferred in (threaded, mine):
        if len(preferred) == 1:
            return preferred[0]
    numbers = "、".join(each.number for each in fitting)
    message = f"{numbers} 名称相同，来信未写明属于哪一件，请人工指定"
    raise _UndecidedError(message)


def _is_same(one: str, other: str, call: Call) -> bool:
    return bool(one) and same_organisation(one, other, call) in {Likeness.SAME, Likeness.PART}


def _contradicts(one: str, other: str, call: Call) -> bool:
    return bool(one and other) and same_organisation(one, other, call) is Likeness.OTHER


def _founds_dossier(dossier: Dossier) -> bool:
    """Whether these documents may open a dossier: one is asked for, or could not be opened."""
    return any(doc.kind != "other" or not doc.readable for doc in dossier.documents)


def _identity(document: Document) -> object:
    """What tells a document apart: its bytes, or, where they could not be had, its place."""
    return (document.sha256 or (document.path, document.size)), document.part


def _once(documents: Iterable[Document]) -> tuple[Document, ...]:
    return tuple({_identity(doc): doc for doc in reversed(tuple(documents))}.values())[::-1]


def _into(
    target: KnownDossier,
    documents: Sequence[Document],
    parcel: Parcel,
    *,
    name: str = "",
    secretariat: str = "",
) -> Placement:
    """Put documents into a dossier that is known, held where a person has to look first."""
    if target.withdrawn:
        message = f"{target.number} 已撤回，来信请人工处理"
        raise _UndecidedError(message)
    fresh = tuple(doc for doc in _once(documents) if doc.sha256 not in target.checksums)
    on_dossier = _is_on(target, parcel)
    held = bool(fresh) and (not on_dossier or target.completed)
    flags = (("held",) if not on_dossier else ("after-complete",)) if held else ()
    return Placement(
        dossier=target,
        name=target.name or name,
        secretariat=target.secretariat or secretariat,
        documents=fresh,
        known=len(_once(documents)) - len(fresh),
        stranger=not on_dossier,
        held=held,
        flags=flags,
    )


def _joined(placements: Sequence[Placement], call: Call) -> tuple[Placement, ...]:
    """Join what goes to the same dossier; a new name met twice makes one new dossier.

    One new name with two secretariats makes two, as it would in two mails.
    """
    joined: list[Placement] = []
    for each in placements:
        alike = [at for at, one in enumerate(joined) if _same_target(one, each, call)]
        fitting = [at for at in alike if each.dossier or not _disagree(joined[at], each, call)]
        if fitting:
            joined[fitting[0]] = _both(joined[fitting[0]], each)
        elif alike:
            joined.append(replace(each, flags=(*each.flags, "same-name")))
        else:
            joined.append(each)
    return tuple(joined)


def _same_target(one: Placement, other: Placement, call: Call) -> bool:
    if one.dossier or other.dossier:
        return one.dossier == other.dossier
    return normal_form(one.name, call) == normal_form(other.name, call)


def _disagree(one: Placement, other: Placement, call: Call) -> bool:
    return _contradicts(one.secretariat, other.secretariat, call)


def _both(one: Placement, other: Placement) -> Placement:
    return Placement(
        dossier=one.dossier,
        name=one.name,
        secretariat=one.secretariat or other.secretariat,
        documents=_once(one.documents + other.documents),
        known=one.known + other.known,
        stranger=one.stranger,
        held=one.held or other.held,
        flags=tuple(dict.fromkeys(one.flags + other.flags)),
    )
