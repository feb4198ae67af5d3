"""The one way from a file to its text: which reader, and what becomes of broken input."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from parsers import media
from parsers.errors import ParseError
from parsers.submission import Content, Problem

if TYPE_CHECKING:
    from parsers.scan import PageReader

Reader = Callable[..., Content]


def _reader_in(module: str, function: str) -> Reader:
    """Return a reader that is imported when the first file of its kind comes.

    So a child starts fast, and one that never sees a PDF never loads what PDFs take.
    """

    def read(path: Path, media_type: str, **options: object) -> Content:
        content: Content = getattr(import_module(module), function)(path, media_type, **options)
        return content

    return read


# Under these names other bytes than the format's are a fault; `.wps` and `.xls` were many formats.
_PROMISED = frozenset({".docx", ".xlsx", ".ofd", ".pdf", ".doc", ".rtf"})

read_pdf: Final = _reader_in("parsers.pdf", "read_pdf")

READERS: Final[dict[str, Reader]] = {
    media.PDF: read_pdf,
    media.OFD: _reader_in("parsers.ofd", "read_ofd"),
    media.DOC: _reader_in("parsers.doc", "read_doc"),
    media.DOCX: _reader_in("parsers.docx", "read_docx"),
    media.WORD_XML: _reader_in("parsers.docx", "read_word_xml"),
    media.ODT: _reader_in("parsers.odt", "read_odt"),
    f"{media.ODT}-template": _reader_in("parsers.odt", "read_odt"),
    media.TEXT: _reader_in("parsers.plain", "read_text"),
    media.CSV: _reader_in("parsers.sheet", "read_csv"),
    media.XLS: _reader_in("parsers.sheet", "read_workbook"),
    media.XLSX: _reader_in("parsers.sheet", "read_workbook"),
    media.LOCKED_OFFICE: _reader_in("parsers.sheet", "read_locked"),
    media.HTML: _reader_in("parsers.plain", "read_html"),
    media.MHTML: _reader_in("parsers.plain", "read_web_archive"),
    media.RTF: _reader_in("parsers.rtf", "read_rtf"),
}


def read_content(
    path: Path,
    media_type: str,
    filename: str,
    *,
    passwords: Sequence[str] = (),
    read_page: PageReader | None = None,
) -> Content:
    """Read one file into pages of text. Never raises on what the file holds, only OSError.

    What cannot be read is told by the content's `problem`; a format without a reader is
    `unsupported`, with the file's name as detail. What holds nothing but pictures is a
    `scan`, unless there is a `read_page` to recognise their text. `passwords` are tried on
    a locked PDF.
    """
    size = path.stat().st_size  # a file that is not there is our fault, not its sender's
    try:
        reader = _reader(media_type, filename, size, passwords, read_page)
        return _with_pictures(reader, path, media_type, read_page)
    except ParseError as error:
        return Content(media_type=media_type, problem=error.problem, detail=error.detail)
    except MemoryError:
        return Content(media_type=media_type, problem=Problem.TOO_LARGE)
    except ImportError:
        raise  # a library that is not there is our fault as well
    except Exception as error:  # noqa: BLE001 (readers' libraries raise anything on broken input)
        name = type(error).__name__
        return Content(media_type=media_type, problem=Problem.DAMAGED, detail=name)


def _reader(
    media_type: str,
    filename: str,
    size: int,
    passwords: Sequence[str],
    read_page: PageReader | None,
) -> Reader:
    if not size:
        raise ParseError(Problem.EMPTY)
    if media_type.startswith("image/"):
        from parsers.scan import read_image

        return partial(read_image, read_page=read_page)
    reader = READERS.get(media_type)
    if reader is None:
        raise _unreadable(media_type, filename)
    if reader is read_pdf:
        return partial(read_pdf, passwords=passwords, read_page=read_page)
    return reader


def _unreadable(media_type: str, filename: str) -> ParseError:
    """Say why there is no reader: bytes that are nothing known, under a name that promises it."""
    suffix = PurePosixPath(filename).suffix.lower()
    if media_type == media.UNKNOWN and suffix in _PROMISED:
        detail = f"内容与扩展名“{suffix}”不符，可能在传输中损坏，或由单位的加密软件加密"
        return ParseError(Problem.DAMAGED, detail)
    return ParseError(Problem.UNSUPPORTED, filename)


def _with_pictures(
    reader: Reader, path: Path, media_type: str, read_page: PageReader | None
) -> Content:
    """Read a file; where it holds nothing but pictures, read those."""
    try:
        return reader(path, media_type)
    except ParseError as error:
        if error.problem is not Problem.SCAN or media_type.startswith("image/"):
            raise
        from parsers.scan import read_pictures

        return read_pictures(path, media_type, read_page)
