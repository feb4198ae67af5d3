"""Packages of XML parts in a zip (OOXML, OFD), opened within limits."""

from __future__ import annotations

import posixpath
import zipfile
import zlib

from lxml import etree

from parsers.errors import ParseError
from parsers.submission import Problem

MAX_PART_BYTES = 64 * 1024 * 1024
"""No single part may be larger, unpacked."""

MAX_PACKAGE_BYTES = 4 * MAX_PART_BYTES
"""Nor all parts together that are read."""

MAX_RATIO = 400
"""Parts above `_SMALL` bytes that pack better than this are bombs, not documents."""

_SMALL = 8 * 1024 * 1024

BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    etree.XMLSyntaxError,
)
"""What damaged packages and parts raise."""


class Package:
    """The parts of a package, found by names in the form that the standards ask for.

    Old programs write backslashes, begin names with a slash, and mix upper and lower case.
    """

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._parts = {
            standard_name(info.filename): info for info in archive.infolist() if not info.is_dir()
        }
        self._left = MAX_PACKAGE_BYTES

    def __contains__(self, name: str) -> bool:
        return standard_name(name) in self._parts

    @property
    def names(self) -> tuple[str, ...]:
        """The standard names of all parts."""
        return tuple(self._parts)

    def part(self, name: str) -> etree._Element | None:
        """Parse a part; None when it is not there.

        Entities are not expanded. Raises as `raw` does.
        """
        raw = self.raw(name)
        parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True)
        return None if raw is None else etree.fromstring(raw, parser)

    def raw(self, name: str) -> bytes | None:
        """Return the bytes of a part; None when it is not there.

        Raises ParseError for parts that are locked or too large, and what `BROKEN` lists for
        damaged ones.
        """
        info = self._parts.get(standard_name(name))
        if info is None:
            return None
        self.admit(info)
        try:
            return self._archive.read(info)
        except NotImplementedError as error:  # a way of packing that zipfile does not know
            raise ParseError(Problem.UNSUPPORTED, str(error)) from error

    def admit(self, info: zipfile.ZipInfo) -> None:
        """Raise ParseError if a part is locked, or if it would be too much unpacked."""
        if info.flag_bits & 1:
            raise ParseError(Problem.LOCKED)
        dense = info.file_size > _SMALL and info.file_size > MAX_RATIO * info.compress_size
        self._left -= info.file_size
        if dense or info.file_size > MAX_PART_BYTES or self._left < 0:
            raise ParseError(Problem.TOO_LARGE)

    def admit_all(self) -> None:
        """Raise ParseError if any part is locked, or if all would be too much unpacked."""
        for info in self._parts.values():
            self.admit(info)


def standard_name(name: str) -> str:
    """Return a part's name as packages are searched by it: slashes, no leading one, lower case."""
    path = posixpath.normpath("/" + name.replace("\\", "/"))
    return path.lstrip("/").lower()
