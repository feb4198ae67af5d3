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
_ARCHIVES = _COMPRESSED | {media.ZIP, media.SEVEN_ZIP, media.RAR, media.TAR}


@dataclass(frozen=True, kw_only=True)
class Archive:
    """An archive to open: where it lies, its own name, and passwords that may fit, best first.

    `volumes` are all its parts, if it is split, in order.
    """

    path: Path
    media_type: str
    name: str = ""
    passwords: tuple[str, ...] = field(default=(), repr=False)
    volumes: tuple[Path, ...] = ()


def unpack(archive: Archive, shelf: Shelf) -> Iterator[Entry]:
    """Take the files out of an archive, one after the other; archives inside stay closed.

    Raises ParseError when the archive as a whole cannot be read (LOCKED, DAMAGED,
    UNSUPPORTED), or, after the files that still fitted, when it holds too many (TOO_MANY).
    """
    paths = archive.volumes or (archive.path,)
    inner = shelf.for_archive(sum(path.stat().st_size for path in paths))
    try:
        yield from _opener(archive)(archive, inner)
    except (ParseError, WorkFolderError):
        raise
    except Exception as error:  # the libraries raise anything on broken archives
        raise ParseError(reason_of(error), type(error).__name__) from error


def is_archive(media_type: str, path: Path) -> bool:
    """Tell whether a file of this type is opened for the files in it."""
    if media_type != media.EXECUTABLE:
        return media_type in _ARCHIVES
    from parsers.unpack_exe import find_payload

    return find_payload(path) is not None


def tools() -> dict[str, bool]:
    """Tell which Debian packages that some rar archives need are there.

    Without `libarchive13` only stored files are taken out, unless `unar` is there; it alone
    reads solid RAR 4 and encrypted archives. Zip, 7z, tar and gz need neither.
    """
    return {
        "libarchive13": ctypes.util.find_library("archive") is not None,
        "unar": shutil.which("unar") is not None,
    }


def _opener(archive: Archive) -> _Opener:
    """Return the function that opens an archive; its libraries are loaded when first needed."""
    if archive.volumes:
        from parsers.unpack_volumes import open_volumes as opener
    elif archive.media_type == media.ZIP:
        from parsers.unpack_zip import open_zip as opener
    elif archive.media_type == media.SEVEN_ZIP:
        from parsers.unpack_7z import open_7z as opener
    elif archive.media_type == media.RAR:
        from parsers.unpack_rar import open_rar as opener
    elif archive.media_type == media.TAR:
        from parsers.unpack_tar import open_tar as opener
    elif archive.media_type in _COMPRESSED:
        from parsers.unpack_tar import open_compressed as opener
    elif archive.media_type == media.EXECUTABLE:
        from parsers.unpack_exe import open_executable as opener
    else:
        raise ParseError(Problem.UNSUPPORTED, archive.media_type)
    return opener
