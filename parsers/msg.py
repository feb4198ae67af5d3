"""Mail that Outlook saved as a file, .msg (MS-OXMSG), with the mails attached to it."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final

from parsers import outlook
from parsers.errors import ParseError
from parsers.ole import Ole, open_ole
from parsers.outlook import Attachment, OutlookMail, Properties, attachment_of
from parsers.submission import Problem

_LIST = "__properties_version1.0"
_STREAM = "__substg1.0_{:04x}{:04x}"
_ATTACHMENT = "__attach_version1.0_"
_OBJECT = _STREAM.format(outlook.CONTENT, outlook.OBJECT)
_IN_STREAMS = (outlook.UNICODE, outlook.NARROW, outlook.BINARY)
_OF_MAILS: Final = (
    outlook.SUBJECT, outlook.BODY, outlook.BODY_HTML, outlook.BODY_RTF, outlook.MESSAGE_ID,
    outlook.SENDER_NAME, outlook.SENDER, outlook.SENDER_SMTP,
)  # fmt: skip
_OF_ATTACHMENTS: Final = (
    outlook.CONTENT, outlook.LONG_NAME, outlook.SHORT_NAME, outlook.SHOWN_NAME,
    outlook.MIME_TYPE,
)  # fmt: skip
# Bytes before the list of properties with a fixed size: of the file's mail, of one inside it,
# of an attachment.
_TOP, _INSIDE, _ATTACHED = 32, 24, 8
_ENTRY = struct.Struct("<HHI8s")
_DEEPEST = 20


@contextmanager
def open_msg(path: Path) -> Iterator[OutlookMail]:
    """Open a .msg file; its attachments can be read until the block ends.

    Raises ParseError when it is damaged.
    """
    with open_ole(path) as ole:
        yield _mail(ole, _TOP, 0)


def _mail(ole: Ole, header: int, depth: int, page: int = 0) -> OutlookMail:
    found = _properties(ole, header, _OF_MAILS, page)
    return OutlookMail.of(found, partial(_attachments, ole, found.code_page, depth + 1))


def _attachments(ole: Ole, page: int, depth: int) -> Iterator[Attachment]:
    for name in sorted(ole.names):
        if name.startswith(_ATTACHMENT):
            yield _attachment(ole, name, page, depth)


def _attachment(ole: Ole, name: str, page: int, depth: int) -> Attachment:
    try:
        inside = ole.storage(name)
        found = _properties(inside, _ATTACHED, _OF_ATTACHMENTS, page)
        if _OBJECT not in inside:
            is_there = outlook.CONTENT in found.values  # else it is only linked to
            return attachment_of(found, problem=None if is_there else Problem.UNSUPPORTED)
        held = inside.storage(_OBJECT)
        if _LIST not in held:  # a part of another program's, not a file
            return attachment_of(found, problem=Problem.UNSUPPORTED)
        if depth > _DEEPEST:
            return attachment_of(found, problem=Problem.TOO_DEEP)
        return attachment_of(found, mail=_mail(held, _INSIDE, depth, page))
    except ParseError as error:
        return Attachment(name="", problem=error.problem)


def _properties(ole: Ole, header: int, wanted: tuple[int, ...], page: int) -> Properties:
    """Read the numbers, which stand in a list, and those wanted of the rest, each in a stream."""
    values: dict[int, tuple[int, bytes]] = {}
    listed = ole.read(_LIST) if _LIST in ole else b""
    rest = listed[header : len(listed) - (len(listed) - header) % _ENTRY.size]
    for kind, prop, _, value in _ENTRY.iter_unpack(rest):
        values[prop] = (kind, value)
    numbers = Properties(values=values)
    told = numbers.number(outlook.CODE_PAGE) or numbers.number(outlook.INTERNET_CODE_PAGE)
    values = {prop: each for prop, each in values.items() if prop not in wanted}
    for prop in wanted:
        kind = next((kind for kind in _IN_STREAMS if _STREAM.format(prop, kind) in ole), None)
        if kind is not None:
            values[prop] = (kind, ole.read(_STREAM.format(prop, kind)))
    return Properties(values=values, code_page=told or page)
