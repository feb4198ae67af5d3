"""One mail, understood: who writes what to whom, and every file it brings, however wrapped."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from email.message import Message
from itertools import islice
from pathlib import Path, PurePosixPath

from config.limits import Limits
from parsers import media
from parsers.charsets import decode_header, decode_text, last_name
from parsers.errors import ParseError
from parsers.links import find_links, merged
from parsers.mailtext import html_text, split_quotes
from parsers.mime import Mime, open_mime, part_name, parts_of
from parsers.msg import open_msg
from parsers.outlook import OutlookMail
from parsers.passwords import find_passwords
from parsers.shelf import Budget, Entry, Shelf, Stored, blocks_of, failed
from parsers.smime import open_signed
from parsers.submission import Address, File, Link, Problem, Submission
from parsers.tnef import open_tnef
from parsers.unpack import Archive, is_archive, unpack
from parsers.unpack_volumes import gathered

# A picture that the body shows, or a signature: no larger, it is no document of anyone.
_LARGEST_LOGO = 100 * 1024
_LONGEST_BODY = 4 << 20
_MESSAGE_ID = re.compile(r"<[^<>\s]+>")
# Parts that speak of the mail; with a name they are files.
_MACHINERY = frozenset({
    "message/delivery-status", "message/disposition-notification", "message/feedback-report",
    "text/rfc822-headers",
})  # fmt: skip
_SIGNATURES = frozenset({
    "application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature",
})  # fmt: skip
_BODY_TYPES = frozenset({"text/plain", "text/html"})
_REPORTS = frozenset({
    "message/delivery-status", "message/feedback-report", "text/rfc822-headers",
})  # fmt: skip
_ATTACHED_MAIL = frozenset({"message/rfc822", "message/global", "message/news"})
_MAILS: dict[str, Callable[[Path], AbstractContextManager[Mime | OutlookMail]]] = {
    media.MAIL: open_mime,
    media.MSG: open_msg,
    media.TNEF: open_tnef,
    media.SIGNED: open_signed,
}
# The mail itself once more: as Outlook has it, or as it was signed.
_OWN = frozenset({media.TNEF, media.SIGNED})
# Mail of which only a part is here, or none (RFC 2046, 5.2.2 and 5.2.3).
_ELSEWHERE = {"message/partial": "分段邮件", "message/external-body": "外部附件"}
_UNNAMED = "无名附件"
_BEYOND_LIMITS = frozenset({Problem.TOO_LARGE, Problem.TOO_MANY, Problem.TOO_DEEP})
_MOST_REFUSED = 20
_CALENDAR = "text/calendar"


@dataclass(frozen=True, kw_only=True)
class Watch:
    """What the reader of a mail and whoever watches over it tell each other.

    An archive or attached mail may hang or kill the reader: `shut` maps checksums to the
    problems of those that did, which stay closed; `opening` is called with the checksum of
    each that is being opened, and again with that around it, or "", when it is done.
    """

    shut: Mapping[str, ParseError] = field(default_factory=dict)
    opening: Callable[[str], None] = lambda _: None


def read_message(path: Path, work: Path, limits: Limits, watch: Watch | None = None) -> Submission:
    """Read the mail in a file; the bytes of its files go to numbered files in `work`.

    A file that cannot be had, or breaks a limit, is listed with its problem. Raises
    ParseError only when nothing at all can be told of the mail.
    """
    if path.stat().st_size > limits.message_bytes:
        raise ParseError(Problem.TOO_LARGE)
    opening = _Opening(limits=limits, shelf=Shelf(work, Budget(limits)), watch=watch or Watch())
    with open_mime(path) as mime:
        inside = _Inside()
        opening.take(mime, inside, depth=0)
        return _submission(mime, inside, refused_together(opening.files))


def open_files(
    paths: Sequence[tuple[Path, str]],
    work: Path,
    limits: Limits,
    watch: Watch | None = None,
    *,
    passwords: Sequence[str] = (),
) -> tuple[File, ...]:
    """Open local files, each given with the name to show, as if a mail had brought them.

    `passwords` are tried on archives among them that are locked.
    """
    opening = _Opening(
        limits=limits,
        shelf=Shelf(work, Budget(limits)),
        watch=watch or Watch(),
        passwords=tuple(passwords),
    )
    entries: list[Entry] = []
    for path, shown in paths:
        with path.open("rb") as file:
            entries.append(opening.store(blocks_of(file), name=shown))
    opening.open_all(entries, prefix="", depth=0, inside=_Inside())
    return refused_together(opening.files)


def refused_together(files: Sequence[File]) -> tuple[File, ...]:
    """Name a multitude of files that limits kept out by what they lie in: a bomb has thousands."""
    refused: dict[str, list[File]] = {}
    for each in files:
        if each.problem in _BEYOND_LIMITS and "/" in each.path:
            refused.setdefault(each.path.partition("/")[0], []).append(each)
    listed = {id(each): each for each in files}
    for own in refused.values():
        if len(own) <= _MOST_REFUSED:
            continue
        path = posixpath.commonpath([each.path for each in own])
        told = any(each.path == path for each in files)
        for each in own[not told :]:
            del listed[id(each)]
        if told:
            continue
        listed[id(own[0])] = replace(
            own[0],
            path=path,
            filename=path.rpartition("/")[2],
            size=sum(each.size for each in own),
            detail=f"其中{len(own)}个文件超出解压上限，未打开",
        )
    return tuple(listed.values())


@dataclass(kw_only=True)
class _Inside:
    """What a message says: its own text first, then those of mails attached to it."""

    prefix: str = ""
    """Where its files stand in the tree: empty, or the path of an attached mail and a slash."""

    texts: list[str] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)


@dataclass(kw_only=True)
class _Opening:
    """The opening of one mail: where its files go, and those found so far."""

    limits: Limits
    shelf: Shelf
    watch: Watch
    passwords: tuple[str, ...] = ()
    files: list[File] = field(default_factory=list)
    paths: set[str] = field(default_factory=set)
    texts: list[str] = field(default_factory=list, repr=False)
    """Where a password may stand: subjects and bodies read so far, the last mail's last."""

    around: list[str] = field(default_factory=list)
    """Checksums of the archives and mails that are being opened, the innermost last."""

    def take(self, mail: Mime | OutlookMail, inside: _Inside, *, depth: int) -> None:
        """Take the files out of a mail, and what it says: its own text first."""
        if isinstance(mail, OutlookMail):
            inside.texts.append(mail.text)
            inside.links.extend(find_links(mail.text))
            self.texts += [mail.subject, mail.text]
            self._take_attachments(mail, inside, depth)
            return
        inside.texts.append("\n".join(self._body(mail, mail.message, inside)))
        inside.texts.extend(_reports(mail, mail.message))
        self.texts += [_header(mail.message, "subject"), inside.texts[0]]
        entries = [
            self._attached(
                mail.blocks(part),
                name=part_name(part),
                declared=part.get_content_type(),
                logo=_is_logo(part, container) or part.get_content_type() in _SIGNATURES,
            )
            for part, container in _attachments(mail.message, "")
        ]
        for part in _bodies(mail.message):
            for name, blocks in mail.enclosed(part):
                entries.append(self._attached(blocks, name=name))
        if mail.too_deep:
            entries.append(Entry(name="邮件深层的附件", size=0, problem=Problem.TOO_DEEP))
        self.open_all(entries, prefix=inside.prefix, depth=depth, inside=inside)

    def _take_attachments(self, mail: OutlookMail, inside: _Inside, depth: int) -> None:
        entries: list[Entry | None] = []
        try:
            for each in mail.attachments():
                if each.mail is not None:
                    self.open_all(entries, prefix=inside.prefix, depth=depth, inside=inside)
                    entries.clear()
                    self._enter_attached(each.mail, inside, name=last_name(each.name), depth=depth)
                elif each.problem is not None:
                    name = last_name(each.name) or _UNNAMED
                    entries.append(Entry(name=name, size=0, problem=each.problem))
                else:
                    blocks = iter([each.content()])
                    entries.append(
                        self._attached(blocks, name=last_name(each.name), logo=each.logo)
                    )
        finally:  # what stands before damage is kept
            self.open_all(entries, prefix=inside.prefix, depth=depth, inside=inside)

    def _enter_attached(self, mail: OutlookMail, inside: _Inside, *, name: str, depth: int) -> None:
        path = self._new_path(inside.prefix, _mail_name(name, mail, media.MSG))
        try:
            self._enter(mail, inside, path=path, depth=depth)
        except ParseError as error:
            self._list(path, media.MSG, problem=error.problem, detail=error.detail)

    def _attached(
        self, blocks: Iterable[bytes], *, name: str, declared: str = "", logo: bool = False
    ) -> Entry | None:
        """Put a file that hangs on a mail on the shelf; None for a logo, which is thrown away."""
        if declared == _CALENDAR:  # its content looks like any text
            name = name or f"{_UNNAMED}.ics"
        entry = self.store(blocks, name=name)
        if entry.stored is None:
            return entry
        if logo and entry.size <= _LARGEST_LOGO:
            entry.stored.path.unlink()
            return None
        if declared in _ELSEWHERE:
            return replace(
                entry,
                name=name or _ELSEWHERE[declared],
                media_type=declared,
                problem=Problem.UNSUPPORTED,
                detail=declared,
            )
        return replace(entry, media_type=_kind(entry.stored, name, declared))

    def _body(self, mime: Mime, part: Message, inside: _Inside) -> Iterator[str]:
        """Yield the texts of the body; of alternatives the first that says anything."""
        if _is_container(part):
            texts = ["\n".join(self._body(mime, child, inside)) for child in parts_of(part)]
            if part.get_content_subtype() == "alternative":
                texts = [text for text in texts if text.strip()][:1]
            yield from texts
        elif _is_body(part):
            raw = bytearray()
            for block in mime.words(part):
                raw += block
                if len(raw) > _LONGEST_BODY:
                    break
            text = decode_text(bytes(raw), str(part.get_content_charset() or ""))
            text = html_text(text) if part.get_content_subtype() == "html" else text
            inside.links.extend(find_links(text))
            yield text

    def store(self, blocks: Iterable[bytes], *, name: str) -> Entry:
        """Put bytes on the shelf; where they break a limit, the entry says so."""
        try:
            self.shelf.budget.take_file()
            stored = self.shelf.put(blocks)
        except ParseError as error:
            return failed(name or _UNNAMED, 0, error)
        return Entry(name=name, size=stored.size, stored=stored)

    def open_all(
        self, entries: Iterable[Entry | None], *, prefix: str, depth: int, inside: _Inside
    ) -> None:
        """List files that lie together, or what lies in them; volumes are opened as one."""
        for entry in gathered([each for each in entries if each is not None]):
            folder, _, name = entry.name.rpartition("/")
            below = f"{prefix}{folder}/" if folder else prefix
            if entry.stored is None or entry.problem is not None:
                kind = entry.media_type or media.UNKNOWN
                path = self._new_path(below, name)
                self._list(
                    path,
                    kind,
                    entry.stored,
                    size=entry.size,
                    problem=entry.problem,
                    detail=entry.detail,
                )
            else:
                self._open(entry, entry.stored, prefix=below, name=name, depth=depth, inside=inside)

    def _open(
        self, entry: Entry, stored: Stored, *, prefix: str, name: str, depth: int, inside: _Inside
    ) -> None:
        """List a file that lies on the shelf, or, if others lie in it, those."""
        kind = entry.media_type or _kind(stored, name)
        shut = self.watch.shut.get(stored.sha256)
        if kind in _MAILS and stored.size and not shut:
            with self._watched(stored):
                self._open_mail(stored, kind, prefix=prefix, name=name, depth=depth, inside=inside)
            return
        path = self._new_path(prefix, name or _unnamed(kind))
        if shut:
            self._list(path, kind, stored, problem=shut.problem, detail=shut.detail)
        elif not stored.size:
            self._list(path, kind, stored, problem=Problem.EMPTY)
        elif kind == media.LOCKED_OFFICE:
            self._list(path, kind, stored, problem=Problem.LOCKED)
        elif entry.volumes or is_archive(kind, stored.path):
            with self._watched(stored):
                self._open_archive(entry, stored, kind, path=path, depth=depth, inside=inside)
        else:
            self._list(path, kind, stored)

    @contextmanager
    def _watched(self, stored: Stored) -> Iterator[None]:
        """Tell what is being opened; an error that escapes leaves it told."""
        self.around.append(stored.sha256)
        self.watch.opening(stored.sha256)
        yield
        self.around.pop()
        self.watch.opening(self.around[-1] if self.around else "")

    def _open_mail(
        self, stored: Stored, kind: str, *, prefix: str, name: str, depth: int, inside: _Inside
    ) -> None:
        path = ""
        try:
            with _MAILS[kind](stored.path) as mail:
                path = self._new_path(prefix, name or _mail_name("", mail, kind))
                own = kind in _OWN and prefix == inside.prefix
                self._enter(mail, inside, path=path, depth=depth, own=own)
        except ParseError as error:
            told = _kind(stored, name)
            if not path and kind == media.MAIL != told:  # only called a mail
                self._list(self._new_path(prefix, name or _unnamed(told)), told, stored)
                return
            path = path or self._new_path(prefix, name or _unnamed(kind))
            self._list(path, kind, stored, problem=error.problem, detail=error.detail)
            return
        stored.path.unlink()

    def _enter(
        self,
        mail: Mime | OutlookMail,
        inside: _Inside,
        *,
        path: str,
        depth: int,
        own: bool = False,
    ) -> None:
        """Take what is in a mail that hangs on another; `own`: it is that other, in another form.

        Raises ParseError when it lies too deep, or cannot be read to its end.
        """
        if depth >= self.limits.unpack_depth:
            raise ParseError(Problem.TOO_DEEP)
        inner = _Inside(prefix=f"{path}/")
        try:
            self.take(mail, inner, depth=depth + 1)
        finally:
            inside.links.extend(inner.links)
            if own:
                _say_once(inside.texts, inner.texts)
            else:
                inside.texts += [_heading(mail), *inner.texts]

    def _open_archive(
        self, entry: Entry, stored: Stored, kind: str, *, path: str, depth: int, inside: _Inside
    ) -> None:
        if depth >= self.limits.unpack_depth:
            self._list(path, kind, stored, problem=Problem.TOO_DEEP)
            return
        names = [PurePosixPath(name).stem for name in reversed(path.split("/"))]
        archive = Archive(
            path=stored.path,
            media_type=kind,
            name=path.rpartition("/")[2],
            passwords=(*self.passwords, *find_passwords([*names, *reversed(self.texts)])),
            volumes=entry.volumes,
        )
        entries: list[Entry] = []
        problem = None
        try:
            for each in unpack(archive, self.shelf):
                entries += [each]
        except ParseError as error:
            problem = error
        self.open_all(entries, prefix=f"{path}/", depth=depth + 1, inside=inside)
        if problem is not None:
            self._list(path, kind, stored, problem=problem.problem, detail=problem.detail)
        elif not entries:
            self._list(path, kind, stored, problem=Problem.EMPTY)
        else:
            for volume in entry.volumes or (stored.path,):
                volume.unlink()

    def _new_path(self, prefix: str, name: str) -> str:
        """Two files of one name in one place are told apart: `申报表.doc`, `申报表 (2).doc`."""
        shown = PurePosixPath(name)
        path, number = prefix + name, 1
        while path in self.paths:
            number += 1
            path = f"{prefix}{shown.stem} ({number}){shown.suffix}"
        self.paths.add(path)
        return path

    def _list(
        self,
        path: str,
        kind: str,
        stored: Stored | None = None,
        *,
        size: int = 0,
        problem: Problem | None = None,
        detail: str = "",
    ) -> None:
        self.files.append(
            File(
                path=path,
                filename=path.rpartition("/")[2],
                media_type=kind,
                size=stored.size if stored else size,
                sha256=stored.sha256 if stored else "",
                source=stored.path if stored else None,
                problem=problem,
                detail=detail,
            )
        )


def _kind(stored: Stored, name: str, declared: str = "") -> str:
    with stored.path.open("rb") as file:
        kind = media.media_type_of(file.read(media.HEAD_BYTES), stored.path, name)
    # Few headers make no mail by themselves, but do where the sender says so.
    as_told = declared in _ATTACHED_MAIL and kind in {media.TEXT, media.HTML, media.UNKNOWN}
    return media.MAIL if as_told else kind


def _unnamed(kind: str) -> str:
    return _UNNAMED + media.extension_of(kind)


def _is_container(part: Message) -> bool:
    return part.is_multipart() and part.get_content_maintype() == "multipart"


def _is_body(part: Message) -> bool:
    """Tell whether a part is text of the mail itself, not a file that happens to be text."""
    if part.get_content_maintype() == "multipart":  # without any part that could be found
        return True
    is_file = bool(part_name(part)) or part.get_content_disposition() == "attachment"
    return part.get_content_type() in _BODY_TYPES and not is_file


def _attachments(part: Message, container: str) -> Iterator[tuple[Message, str]]:
    """Yield each part that is a file, with the kind of multipart that it lies in."""
    if _is_container(part):
        for child in parts_of(part):
            yield from _attachments(child, part.get_content_subtype())
    elif not _is_body(part) and (part_name(part) or part.get_content_type() not in _MACHINERY):
        yield part, container


def _reports(mime: Mime, part: Message) -> Iterator[str]:
    """Yield what a report tells of another mail (RFC 3464, RFC 6522): its fields, its headers."""
    if _is_container(part):
        for child in parts_of(part):
            yield from _reports(mime, child)
    elif part.get_content_type() in _REPORTS:
        raw = b"".join(islice(mime.blocks(part), 1))
        yield decode_text(raw, str(part.get_content_charset() or ""))


def _calendar_method(part: Message) -> str:
    if _is_container(part):
        return next(filter(None, map(_calendar_method, parts_of(part))), "")
    is_calendar = part.get_content_type() == _CALENDAR
    return str(part.get_param("method") or "").lower() if is_calendar else ""


def _bodies(part: Message) -> Iterator[Message]:
    if _is_container(part):
        for child in parts_of(part):
            yield from _bodies(child)
    elif _is_body(part):
        yield part


def _say_once(texts: list[str], again: list[str]) -> None:
    """Add the texts of the same mail in another form; the first often says the same again."""
    first, *rest = again
    if texts and not texts[0].strip():
        texts[0] = first
    elif not texts or texts[0].split() != first.split():
        texts.append(first)
    texts += rest


def _subject(mail: Mime | OutlookMail) -> str:
    return mail.subject if isinstance(mail, OutlookMail) else _header(mail.message, "subject")


def _mail_name(name: str, mail: Mime | OutlookMail, kind: str) -> str:
    """Return the file name of an attached mail: the one told, else its subject."""
    told = name or last_name(_subject(mail).replace("/", "／")) or _UNNAMED
    extension = media.extension_of(kind)
    return told if told.lower().endswith(extension) else told + extension


def _heading(mail: Mime | OutlookMail) -> str:
    """Say which mail it is that is attached."""
    if isinstance(mail, OutlookMail):
        sender, message_id = mail.sender, mail.message_id
    else:
        sender = next(iter(mail.addresses("from")), Address(address=""))
        message_id = _header(mail.message, "message-id")
    shown = f"{sender.name} <{sender.address}>" if sender.address else sender.name
    return f"From: {shown}\nSubject: {_subject(mail)}\nMessage-ID: {message_id}"


def _is_logo(part: Message, container: str) -> bool:
    shown = container == "related" and bool(part.get("content-id"))
    is_image = part.get_content_maintype() == "image"
    return shown and is_image and part.get_content_disposition() != "attachment"


def _submission(mime: Mime, inside: _Inside, files: tuple[File, ...]) -> Submission:
    own, quoted = split_quotes(inside.texts[0])
    ids = _MESSAGE_ID.findall(_header(mime.message, "message-id"))
    answered = _MESSAGE_ID.findall(_header(mime.message, "in-reply-to"))
    senders = mime.addresses("from") or mime.addresses("sender") or mime.addresses("return-path")
    return Submission(
        message_id=ids[0] if ids else _bracketed(_header(mime.message, "message-id")),
        in_reply_to=answered[0] if answered else "",
        references=tuple(dict.fromkeys(_MESSAGE_ID.findall(_header(mime.message, "references")))),
        sender=senders[0] if senders else Address(address=""),
        reply_to=mime.addresses("reply-to"),
        to=mime.addresses("to"),
        cc=mime.addresses("cc"),
        subject=_header(mime.message, "subject"),
        date=mime.date(),
        headers=tuple(
            (name.lower(), decode_header(str(value))) for name, value in mime.message.raw_items()
        ),
        text=own,
        quoted="\n\n".join(filter(None, [quoted, *inside.texts[1:]])),
        files=files,
        links=merged(inside.links),
        media_type=mime.message.get_content_type(),
        calendar_method=_calendar_method(mime.message),
        authentication_results=_as_it_stands(mime.message, "authentication-results"),
    )


def _header(message: Message, name: str) -> str:
    return decode_header(str(message.get(name, "")))


def _as_it_stands(message: Message, name: str) -> str:
    return str(message.get(name, "")).encode("ascii", "replace").decode()


def _bracketed(value: str) -> str:
    bare = "".join(value.split()).strip("<>")
    return f"<{bare}>" if bare else ""
