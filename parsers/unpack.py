"""Archives: their files taken out in blocks, under limits shared by the whole mail."""

from __future__ import annotations

import ctypes.util
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from parsers import media
from parsers.errors import ParseError
from parsers.shelf import Entry, Shelf, WorkFolderError, reason_of
from parsers.submission import Problem

_Opener = Callable[["Archive", Shelf], Iterator[Entry]]
_COMPRESSED = frozenset({media.GZIP, media.BZIP2, media.XZ})
_ARCHIVES = _COMPRESSED | {media.ZIP, media.SEVEN_ZIP, media.RAR, media.TAR, media.TNEF}


@dataclass(frozen=True, kw_only=True)
class Archive:
    """An archive to open: where it lies, its own name, and passwords that may fit, best first."""

    path: Path
    media_type: str
    name: str = ""
    passwords: tuple[str, ...] = field(default=(), repr=False)


def unpack(archive: Archive, shelf: Shelf) -> Iterator[Entry]:
    """Take the files out of an archive, one after the other; archives inside stay closed.

    Raises ParseError when the archive as a whole cannot be read (LOCKED, DAMAGED,
    UNSUPPORTED), or, after the files that still fitted, when it holds too many (TOO_MANY).
    """
    opener = _opener(archive.media_type)
    try:
        yield from opener(archive, shelf.for_archive(archive.path.stat().st_size))
    except (ParseError, WorkFolderError):
        raise
    except Exception as error:  # the libraries raise anything on broken archives
        raise ParseError(reason_of(error), type(error).__name__) from error


def is_archive(media_type: str) -> bool:
    """Tell whether files of this type are opened for the files in them."""
    return media_type in _ARCHIVES


def tools() -> dict[str, bool]:
    """Tell which Debian packages that some rar archives need are there.

    Without `libarchive13` only stored files are taken out, unless `unar` is there; it alone
    reads solid RAR 4 and encrypted archives. Zip, 7z, tar and gz need neither.
    """
    return {
        "libarchive13": ctypes.util.find_library("archive") is not None,
        "unar": shutil.which("unar") is not None,
    }


def _opener(media_type: str) -> _Opener:
    """Return the function that opens a type; its libraries are loaded when first needed."""
    if media_type == media.ZIP:
        from parsers.unpack_zip import open_zip as opener
    elif media_type == media.SEVEN_ZIP:
        from parsers.unpack_7z import open_7z as opener
    elif media_type == media.RAR:
        from parsers.unpack_rar import open_rar as opener
    elif media_type == media.TAR:
        from parsers.unpack_tar import open_tar as opener
    elif media_type in _COMPRESSED:
        from parsers.unpack_tar import open_compressed as opener
    elif media_type == media.TNEF:
        from parsers.tnef import open_tnef as opener
    else:
        raise ParseError(Problem.UNSUPPORTED, media_type)
    return opener
