"""winmail.dat: the attachments that Outlook packs into one file (TNEF, MS-OXTNEF)."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from tnefparse import TNEF, TNEFAttachment
from tnefparse.properties import MAPI_ATTACH_LONG_FILENAME

from parsers.charsets import decode_text
from parsers.errors import ParseError
from parsers.shelf import Entry, Shelf, failed, safe_path
from parsers.submission import Problem
from parsers.unpack import Archive

# The library copies the rest of the file for each attribute.
_MOST_ATTRIBUTES = 5000


def open_tnef(archive: Archive, shelf: Shelf) -> Iterator[Entry]:
    """Take the attachments out of a winmail.dat. Raises ParseError as `unpack` does."""
    raw = archive.path.read_bytes()
    if _attributes(raw) > _MOST_ATTRIBUTES:
        raise ParseError(Problem.TOO_MANY)
    opened = TNEF(raw, do_checksum=False)
    for attachment in opened.attachments:
        shelf.budget.take_file()
        name = safe_path(_name_of(attachment, opened.codepage or ""))
        try:
            stored = shelf.put([attachment.data] if attachment.data else [])
            yield Entry(name=name, size=stored.size, stored=stored)
        except ParseError as error:
            yield failed(name, len(attachment.data), error)


def _attributes(raw: bytes) -> int:
    """Count the attributes: a level, an id of four bytes, a length, the bytes, a checksum."""
    at, number = 6, 0
    while at + 9 < len(raw):
        number += 1
        at += 11 + struct.unpack_from("<I", raw, at + 5)[0]
    return number


def _name_of(attachment: TNEFAttachment, codepage: str) -> str:
    """Decode a name by the code page, where that is right; mails from China name a Latin one."""
    told = [each.data for each in attachment.mapi_attrs if each.name == MAPI_ATTACH_LONG_FILENAME]
    # The property `name` fails on everything that is not UTF-8.
    name: str | bytes = told[0] if told else attachment._name  # noqa: SLF001
    try:
        raw = name.encode(codepage) if isinstance(name, str) else name
    except (UnicodeEncodeError, LookupError):  # it came in Unicode
        return str(name).strip("\0")
    return decode_text(raw.strip(b"\0"), codepage)
