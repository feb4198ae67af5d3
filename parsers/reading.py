"""The one way from a file to its text: which reader, and what becomes of broken input."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from parsers import media
from parsers.doc import read_doc
from parsers.docx import read_docx, read_word_xml
from parsers.errors import ParseError
from parsers.ofd import read_ofd
from parsers.pdf import read_pdf
from parsers.plain import read_html, read_text, read_web_archive
from parsers.rtf import read_rtf
from parsers.sheet import read_csv, read_workbook
from parsers.submission import Content, Problem

Reader = Callable[[Path, str], Content]

READERS: Final[dict[str, Reader]] = {
    media.PDF: read_pdf,
    media.OFD: read_ofd,
    media.DOC: read_doc,
    media.DOCX: read_docx,
    media.WORD_XML: read_word_xml,
    media.TEXT: read_text,
    media.CSV: read_csv,
    media.XLS: read_workbook,
    media.XLSX: read_workbook,
    media.HTML: read_html,
    media.MHTML: read_web_archive,
    media.RTF: read_rtf,
}


def read_content(path: Path, media_type: str, filename: str) -> Content:
    """Read one file into pages of text. Never raises on what the file holds, only OSError.

    What cannot be read is told by the content's `problem`; a format without a reader is
    `unsupported`, with the file's name as detail, a picture is a `scan`.
    """
    size = path.stat().st_size  # a file that is not there is our fault, not its sender's
    try:
        return _read(path, media_type, filename, size)
    except ParseError as error:
        return Content(media_type=media_type, problem=error.problem, detail=error.detail)
    except MemoryError:
        return Content(media_type=media_type, problem=Problem.TOO_LARGE)
    except Exception as error:  # noqa: BLE001 (readers' libraries raise anything on broken input)
        name = type(error).__name__
        return Content(media_type=media_type, problem=Problem.DAMAGED, detail=name)


def _read(path: Path, media_type: str, filename: str, size: int) -> Content:
    if not size:
        raise ParseError(Problem.EMPTY)
    if media_type == media.LOCKED_OFFICE:
        raise ParseError(Problem.LOCKED)
    if media_type.startswith("image/"):
        raise ParseError(Problem.SCAN)
    reader = READERS.get(media_type)
    if reader is None:
        raise ParseError(Problem.UNSUPPORTED, filename)
    return reader(path, media_type)
