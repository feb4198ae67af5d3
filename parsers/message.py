"""One mail, understood: who writes what to whom, and every file it brings, however wrapped."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from email.message import Message
from itertools import islice
from pathlib import Path, PurePosixPath

from config.settings import Limits
from parsers import media
from parsers.charsets import decode_header, decode_text, last_name
from parsers.errors import ParseError
from parsers.mailtext import find_links, html_text, split_quotes
from parsers.mime import Mime, open_mime, part_name, parts_of
from parsers.passwords import find_passwords
from parsers.shelf import BLOCK, Budget, Entry, Shelf, Stored
from parsers.submission import Address, File, Link, Problem, Submission
from parsers.unpack import Archive, is_archive, unpack

# A picture that the body shows and that is no larger is a logo or a signature, not a page.
_LARGEST_LOGO = 100 * 1024
_LONGEST_BODY = 4 << 20
_MESSAGE_ID = re.compile(r"<[^<>\s]+>")
# Parts that speak of the mail or vouch for it, and are no document of anyone.
_MACHINERY = frozenset({
    "message/delivery-status", "message/disposition-notification", "text/rfc822-headers",
    "application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature",
})  # fmt: skip
_BODY_TYPES = frozenset({"text/plain", "text/html"})
_REPORTS = frozenset({"message/delivery-status", "text/rfc822-headers"})
_ATTACHED_MAIL = frozenset({"message/rfc822", "message/global", "message/news"})
_UNNAMED = "无名附件"


def read_message(path: Path, work: Path, limits: Limits) -> Submission:
    """Read the mail in a file; the bytes of its files go to numbered files in `work`.

    A file that cannot be had, or breaks a limit, is listed with its problem. Raises
    ParseError only when nothing at all can be told of the mail.
    """
    if path.stat().st_size > limits.message_bytes:
        raise ParseError(Problem.TOO_LARGE)
    opening = _Opening(limits=limits, shelf=Shelf(work, Budget(limits)))
    with open_mime(path) as mime:
        inside = opening.message(mime, prefix="", depth=0)
        return _submission(mime, inside, opening.files)


def open_files(paths: Sequence[tuple[Path, str]], work: Path, limits: Limits) -> tuple[File, ...]:
    """Open local files, each given with the name to show, as if a mail had brought them."""
    opening = _Opening(limits=limits, shelf=Shelf(work, Budget(limits)))
    for path, shown in paths:
        with path.open("rb") as file:
            stored = opening.store(iter(lambda: file.read(BLOCK), b""), prefix="", name=shown)
        if stored is not None:
            kind = _kind(stored, shown)
            opening.open(stored, kind, prefix="", name=shown, depth=0, inside=_Inside())
    return tuple(opening.files)


@dataclass(kw_only=True)
class _Inside:
    """What a message says: its own text first, then those of mails attached to it."""

    texts: list[str] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)


@dataclass(kw_only=True)
class _Opening:
    """The opening of one mail: where its files go, and those found so far."""

    limits: Limits
    shelf: Shelf
    files: list[File] = field(default_factory=list)
    paths: set[str] = field(default_factory=set)
    texts: list[str] = field(default_factory=list, repr=False)
    """Where a password may stand: subjects and bodies read so far, the last mail's last."""

    def message(self, mime: Mime, *, prefix: str, depth: int) -> _Inside:
        """Take the files out of a message; return its texts, the body's first, and its links."""
        inside = _Inside()
        inside.texts.append("\n".join(self._body(mime, mime.message, inside)))
        inside.texts.extend(_reports(mime, mime.message))
        self.texts += [_header(mime.message, "subject"), inside.texts[0]]
        for part, container in _attachments(mime.message, ""):
            name = part_name(part)
            stored = self.store(mime.blocks(part), prefix=prefix, name=name)
            if stored is None:
                continue
            if _is_logo(part, container) and stored.size <= _LARGEST_LOGO:
                stored.path.unlink()
                continue
            kind = _kind(stored, name, declared=part.get_content_type())
            self.open(stored, kind, prefix=prefix, name=name, depth=depth, inside=inside)
        return inside

    def _body(self, mime: Mime, part: Message, inside: _Inside) -> Iterator[str]:
        """Yield the texts of the body; of alternatives the first that says anything."""
        if _is_container(part):
            texts = ["\n".join(self._body(mime, child, inside)) for child in parts_of(part)]
            if part.get_content_subtype() == "alternative":
                texts = [text for text in texts if text.strip()][:1]
            yield from texts
        elif _is_body(part):
            raw = bytearray()
            for block in mime.blocks(part):
                raw += block
                if len(raw) > _LONGEST_BODY:
                    break
            text = decode_text(bytes(raw), str(part.get_content_charset() or ""))
            text = html_text(text) if part.get_content_subtype() == "html" else text
            inside.links.extend(find_links(text))
            yield text

    def store(self, blocks: Iterable[bytes], *, prefix: str, name: str) -> Stored | None:
        """Put bytes on the shelf; list them as a file that breaks a limit where they do."""
        try:
            self.shelf.budget.take_file()
            return self.shelf.put(blocks)
        except ParseError as error:
            path = self._new_path(prefix, name or _UNNAMED)
            self._list(path, media.UNKNOWN, problem=error.problem, detail=error.detail)
            return None

    def open(
        self, stored: Stored, kind: str, *, prefix: str, name: str, depth: int, inside: _Inside
    ) -> None:
        """List a file that lies on the shelf, or, if others lie in it, those."""
        if kind == media.MAIL and stored.size:
            self._open_mail(stored, prefix=prefix, name=name, depth=depth, inside=inside)
            return
        path = self._new_path(prefix, name or f"{_UNNAMED}{media.extension_of(kind)}")
        if not stored.size:
            self._list(path, kind, stored, problem=Problem.EMPTY)
        elif kind == media.LOCKED_OFFICE:
            self._list(path, kind, stored, problem=Problem.LOCKED)
        elif is_archive(kind):
            self._open_archive(stored, kind, path=path, depth=depth, inside=inside)
        else:
            self._list(path, kind, stored)

    def _open_mail(
        self, stored: Stored, *, prefix: str, name: str, depth: int, inside: _Inside
    ) -> None:
        try:
            with open_mime(stored.path) as mime:
                name = (
                    name or last_name(_header(mime.message, "subject").replace("/", "／")) + ".eml"
                )
                path = self._new_path(prefix, name)
                if depth >= self.limits.unpack_depth:
                    self._list(path, media.MAIL, stored, problem=Problem.TOO_DEEP)
                    return
                inner = self.message(mime, prefix=f"{path}/", depth=depth + 1)
        except ParseError as error:
            path = self._new_path(prefix, name or f"{_UNNAMED}.eml")
            self._list(path, media.MAIL, stored, problem=error.problem, detail=error.detail)
            return
        stored.path.unlink()
        inside.texts.append(f"Message-ID: {_header(mime.message, 'message-id')}")
        inside.texts.extend(inner.texts)
        inside.links.extend(inner.links)

    def _open_archive(
        self, stored: Stored, kind: str, *, path: str, depth: int, inside: _Inside
    ) -> None:
        if depth >= self.limits.unpack_depth:
            self._list(path, kind, stored, problem=Problem.TOO_DEEP)
            return
        empty = True
        names = [PurePosixPath(name).stem for name in reversed(path.split("/"))]
        passwords = find_passwords([*names, *reversed(self.texts)])
        archive = Archive(
            path=stored.path,
            media_type=kind,
            name=path.rpartition("/")[2],
            passwords=passwords,
        )
        try:
            for entry in unpack(archive, self.shelf):
                empty = False
                self._open_entry(entry, f"{path}/", depth=depth + 1, inside=inside)
        except ParseError as error:
            self._list(path, kind, stored, problem=error.problem, detail=error.detail)
            return
        if empty and kind != media.TNEF:  # of which many hold nothing but Outlook's formatting
            self._list(path, kind, stored, problem=Problem.EMPTY)
        else:
            stored.path.unlink()

    def _open_entry(self, entry: Entry, prefix: str, *, depth: int, inside: _Inside) -> None:
        folder, _, name = entry.name.rpartition("/")
        prefix = f"{prefix}{folder}/" if folder else prefix
        if entry.stored is not None:
            kind = _kind(entry.stored, name)
            self.open(entry.stored, kind, prefix=prefix, name=name, depth=depth, inside=inside)
            return
        path = self._new_path(prefix, name)
        kind = media.UNKNOWN
        self._list(path, kind, size=entry.size, problem=entry.problem, detail=entry.detail)

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


def _is_logo(part: Message, container: str) -> bool:
    shown = container == "related" and bool(part.get("content-id"))
    is_image = part.get_content_maintype() == "image"
    return shown and is_image and part.get_content_disposition() != "attachment"


def _submission(mime: Mime, inside: _Inside, files: list[File]) -> Submission:
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
        files=tuple(files),
        links=tuple({link.url: link for link in reversed(inside.links)}.values())[::-1],
        media_type=mime.message.get_content_type(),
    )


def _header(message: Message, name: str) -> str:
    return decode_header(str(message.get(name, "")))


def _bracketed(value: str) -> str:
    bare = "".join(value.split()).strip("<>")
    return f"<{bare}>" if bare else ""
