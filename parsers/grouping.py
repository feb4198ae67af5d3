"""Documents of one mail, told apart by the name they are about: dossiers 申报材料."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from rapidfuzz.distance import Levenshtein

from config.call import Call
from parsers.facts import NAME, SECRETARIAT, read_facts
from parsers.lines import squeeze
from parsers.manifest import Sign, listed_in_path, read_manifest, signs_of
from parsers.names import Likeness, core_of, name_in_path, normal_form, same_organisation
from parsers.recognise import OTHER, recognise
from parsers.secrecy import secrecy_mark
from parsers.splitting import split
from parsers.submission import Content, Document, Dossier, Fact, Facts, File, Listed

_ALIKE = 0.75  # cores of which so much agrees may be one name with a slip


@dataclass(frozen=True, kw_only=True)
class _Cluster:
    core: str
    documents: tuple[Document, ...]

    @property
    def kinds(self) -> set[str]:
        return {each.kind for each in self.documents} - {OTHER}

    @property
    def folders(self) -> set[str]:
        return {_folder(each) for each in self.documents}


def documents_in(file: File, content: Content, call: Call) -> tuple[Document, ...]:
    """Return the documents in a file, mostly one: what each is, says, and is about.

    A document that carries no name takes it from the only other name in its file, or else
    from the file name, or the innermost folder that has one; `name_from` tells which.
    """
    parts = split(content, call)
    if not parts:
        kind = recognise(content, file.path, call)
        return (_document(file, content, kind, call),)
    opened = [
        replace(_document(file, part.content, part.kind, call), part=at, first_page=part.first_page)
        for at, part in enumerate(parts, start=1)
    ]
    opened = [
        replace(each, facts=replace(each.facts, may_hold=part.may_hold))
        for each, part in zip(opened, parts, strict=True)
    ]
    named = {
        core_of(each.name.value, call): each for each in opened if each.name and _says_name(each)
    }
    if len(named) != 1:
        return tuple(opened)
    (host,) = named.values()
    return tuple(
        each if _says_name(each) else replace(each, name=host.name, name_from=host.name_from)
        for each in opened
    )


def _says_name(document: Document) -> bool:
    return document.name is not None and document.name_from == "content"


def _document(file: File, content: Content, kind: str, call: Call) -> Document:
    listed = read_manifest(content, kind, file.path, call)
    kind = OTHER if listed else kind
    facts = read_facts(content, kind, call) if content.problem is None else Facts()
    name, name_from = facts.fields.get(NAME), "content"
    if name is None or not core_of(name.value, call) or _names_others_too(name, kind):
        name, name_from = _name_from_path(file.path, call)
    return Document(
        path=file.path,
        filename=file.filename,
        media_type=content.media_type or file.media_type,
        size=file.size,
        sha256=file.sha256,
        kind=kind,
        page_count=content.page_count,
        facts=facts,
        problem=content.problem,
        detail=content.detail,
        name=name,
        name_from=name_from,
        secrecy=secrecy_mark(content),
        listed=listed,
        scan=content.scan,
        seals=content.seals,
        source=file.source,
    )


def _names_others_too(name: Fact, kind: str) -> bool:
    """Whether a cover letter names one of several: 关于推荐某某联盟等6个联盟的函."""
    return kind == OTHER and f"{squeeze(name.value)}等" in squeeze(name.quote)


def _name_from_path(path: str, call: Call) -> tuple[Fact | None, str]:
    for part in reversed(PurePosixPath(path).parts):
        name = name_in_path(part, call)
        if name:
            return Fact(value=name, quote=part), "path"
    return None, ""


def group(documents: Sequence[Document], call: Call) -> tuple[Dossier, ...]:
    """Return the dossiers that the documents of one mail make up.

    The manifest of a batch belongs to the mail, and to no dossier; names that it lists are
    known in files and folders that shorten them, but what a text says counts before those.
    Documents belong together by the core of their name. One that differs by a slip, or whose
    name is none by the call's pattern, joins the others of its folder where it adds what they
    lack; two sets that both hold a kind stay apart. A document without a name joins the only
    dossier, or the only one of its folder or a folder above; else it waits in a dossier without
    a name. So does a file that could not be read, unless a text beside it tells its name.
    """
    signs = signs_of(manifest_in(documents), call)
    documents = [_named_as_listed(each, signs, call) for each in documents if not each.listed]
    named: dict[str, list[Document]] = {}
    nameless: list[Document] = []
    told: dict[str, set[str]] = {}
    for each in documents:
        if each.name and _says_name(each):
            told.setdefault(_folder(each), set()).add(core_of(each.name.value, call))
    for each in documents:
        core = core_of(each.name.value, call) if each.name else ""
        beside = told.get(_folder(each), set())
        guessed = each.problem and beside and core not in beside
        if core and not guessed:
            named.setdefault(core, []).append(each)
        else:
            nameless.append(each)
    clusters = [_Cluster(core=core, documents=tuple(each)) for core, each in named.items()]
    clusters = _joined_over_slips([part for each in clusters for part in _parted(each, call)], call)
    clusters, left = _with_nameless(clusters, nameless)
    sets = [each.documents for each in clusters]
    ordered = [*_in_order(sets, documents), *_in_order(_apart(left), documents)]
    return tuple(_dossier(each, call) for each in ordered)


def _in_order(
    sets: Iterable[Sequence[Document]], documents: Sequence[Document]
) -> list[list[Document]]:
    """Return sets, and the documents of each, as they stand in the mail."""
    place = {id(each): at for at, each in enumerate(documents)}
    inside = (sorted(each, key=lambda one: place[id(one)]) for each in sets)
    return sorted(inside, key=lambda each: place[id(each[0])])


def manifest_in(documents: Iterable[Document]) -> tuple[Listed, ...]:
    """Return all that the manifests among the documents list."""
    return tuple(line for each in documents for line in each.listed)


def _named_as_listed(document: Document, signs: Sequence[Sign], call: Call) -> Document:
    """Give a document that says no name itself the listed name that its path tells."""
    if _says_name(document):
        return document
    name = listed_in_path(document.path, signs, call)
    if not name:
        return document
    return replace(document, name=Fact(value=name, quote=document.path), name_from="path")


def _folder(document: Document) -> str:
    return str(PurePosixPath(document.path).parent)


def _parted(cluster: _Cluster, call: Call) -> list[_Cluster]:
    """Part documents of one name by folder, where two folders name different secretariats."""
    if len(cluster.folders) < 2:  # noqa: PLR2004 - one folder cannot be parted
        return [cluster]
    by_folder: dict[str, list[Document]] = {}
    for each in cluster.documents:
        by_folder.setdefault(_folder(each), []).append(each)
    seats = [_secretariat(each) for each in by_folder.values()]
    contradicted = any(
        same_organisation(one, other, call) is Likeness.OTHER
        for at, one in enumerate(seats)
        for other in seats[at + 1 :]
        if one and other
    )
    if not contradicted:
        return [cluster]
    return [_Cluster(core=cluster.core, documents=tuple(each)) for each in by_folder.values()]


def _joined_over_slips(clusters: list[_Cluster], call: Call) -> list[_Cluster]:
    """Join clusters whose names differ by a slip, the smaller to the larger."""
    joined: list[_Cluster] = []
    for each in sorted(clusters, key=lambda one: -len(one.documents)):
        fitting = [at for at, one in enumerate(joined) if _is_slip_of(each, one, call)]
        if len(fitting) == 1:
            host = joined[fitting[0]]
            documents = host.documents + each.documents
            joined[fitting[0]] = _Cluster(core=host.core, documents=documents)
        else:
            joined.append(each)
    return joined


def _is_slip_of(one: _Cluster, other: _Cluster, call: Call) -> bool:
    if one.core == other.core or one.kinds & other.kinds or not one.folders & other.folders:
        return False
    seats = _secretariat(one.documents), _secretariat(other.documents)
    if all(seats) and same_organisation(*seats, call) is Likeness.OTHER:
        return False
    contained = one.core in other.core or other.core in one.core
    distance = Levenshtein.distance(one.core, other.core)
    alike = Levenshtein.normalized_similarity(one.core, other.core) >= _ALIKE
    return contained or distance <= 1 or alike or not _is_well_named(one, call)


def _is_well_named(cluster: _Cluster, call: Call) -> bool:
    """Whether a name follows the call's pattern; one that does not may have been misread."""
    names = [each.name.value for each in cluster.documents if each.name]
    return any(re.search(call.name.pattern, normal_form(name, call)) for name in names)


def _with_nameless(
    clusters: list[_Cluster], nameless: Iterable[Document]
) -> tuple[list[_Cluster], list[Document]]:
    """Give each document without a name to the dossier it lies with; return what is left."""
    joining: dict[int, list[Document]] = {}
    left: list[Document] = []
    for each in nameless:
        at = _host(each, clusters)
        if at is None:
            left.append(each)
        else:
            joining.setdefault(at, []).append(each)
    grown = [
        _Cluster(core=each.core, documents=each.documents + tuple(joining.get(at, ())))
        for at, each in enumerate(clusters)
    ]
    return grown, left


def _host(document: Document, clusters: Sequence[_Cluster]) -> int | None:
    if len(clusters) == 1:
        return 0
    for folder in PurePosixPath(document.path).parents:
        inside = [
            at
            for at, each in enumerate(clusters)
            if any(PurePosixPath(other).is_relative_to(folder) for other in each.folders)
        ]
        if inside:
            return inside[0] if len(inside) == 1 else None
    return None


def _apart(left: Sequence[Document]) -> list[list[Document]]:
    """Return documents without a name as one set, or a set a folder where their kinds clash."""
    if not left:
        return []
    kinds = Counter(each.kind for each in left if each.kind != OTHER)
    folders = {_folder(each) for each in left}
    if len(folders) == 1 or max(kinds.values(), default=0) <= 1:
        return [list(left)]
    return [[each for each in left if _folder(each) == folder] for folder in sorted(folders)]


def _dossier(documents: Sequence[Document], call: Call) -> Dossier:
    return Dossier(
        name=_name(documents, call),
        secretariat=_secretariat(documents),
        documents=tuple(documents),
    )


def _name(documents: Sequence[Document], call: Call) -> str:
    """Return the name most documents carry; one read in them counts before a path's."""
    for source in ("content", "path"):
        names = [each.name.value for each in documents if each.name and each.name_from == source]
        counted = Counter(normal_form(name, call) for name in names)
        if counted:
            form = counted.most_common(1)[0][0]
            return next(name for name in names if normal_form(name, call) == form)
    return ""


def _secretariat(documents: Iterable[Document]) -> str:
    seats = (each.facts.fields.get(SECRETARIAT) for each in documents)
    return next((seat.value for seat in seats if seat and seat.value), "")
