"""The one way from a file to its text: which reader, and what becomes of broken input."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from parsers import media
from parsers.doc import read_doc
from parsers.docx import read_docx, read_word_xml
from parsers.errors import ParseError
from parsers.odt import read_odt
from parsers.ofd import read_ofd
from parsers.pdf import read_pdf
from parsers.plain import read_html, read_text, read_web_archive
from parsers.rtf import read_rtf
from parsers.scan import PageReader, read_image, read_pictures
from parsers.sheet import read_csv, read_locked, read_workbook
from parsers.submission import Content, Problem

Reader = Callable[[Path, str], Content]

READERS: Final[dict[str, Reader]] = {
    media.PDF: read_pdf,
    media.OFD: read_ofd,
    media.DOC: read_doc,
    media.DOCX: read_docx,
    media.WORD_XML: read_word_xml,
    media.ODT: read_odt,
    f"{media.ODT}-template": read_odt,
    media.TEXT: read_text,
    media.CSV: read_csv,
    media.XLS: read_workbook,
    media.XLSX: read_workbook,
    media.LOCKED_OFFICE: read_locked,
    media.HTML: read_html,
    media.MHTML: read_web_archive,
    media.RTF: read_rtf,
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
        return partial(read_image, read_page=read_page)
    reader = READERS.get(media_type)
    if reader is None:
        raise ParseError(Problem.UNSUPPORTED, filename)
    if reader is read_pdf:
        return partial(read_pdf, passwords=passwords, read_page=read_page)
    return reader


def _with_pictures(
    reader: Reader, path: Path, media_type: str, read_page: PageReader | None
) -> Content:
    """Read a file; where it holds nothing but pictures, read those."""
    try:
        return reader(path, media_type)
    except ParseError as error:
        if error.problem is not Problem.SCAN or media_type.startswith("image/"):
            raise
        return read_pictures(path, media_type, read_page)
