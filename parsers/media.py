"""What kind of file some bytes are, told by their content and not by their name."""

from __future__ import annotations

import codecs
import re
import zipfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from parsers.errors import ParseError
from parsers.ole import open_ole
from parsers.package import standard_name

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
DOC = "application/msword"
XLS = "application/vnd.ms-excel"
PPT = "application/vnd.ms-powerpoint"
MSG = "application/vnd.ms-outlook"
OLE = "application/x-ole-storage"
LOCKED_OFFICE = "application/x-ole-encrypted-package"
OFD = "application/ofd"
ODT = "application/vnd.oasis.opendocument.text"
PDF = "application/pdf"
RTF = "application/rtf"
ZIP = "application/zip"
RAR = "application/vnd.rar"
SEVEN_ZIP = "application/x-7z-compressed"
GZIP = "application/gzip"
BZIP2 = "application/x-bzip2"
XZ = "application/x-xz"
TAR = "application/x-tar"
EXECUTABLE = "application/vnd.microsoft.portable-executable"
TNEF = "application/ms-tnef"
SIGNED = "application/pkcs7-mime"
MAIL = "message/rfc822"
MHTML = "multipart/related"
HTML = "text/html"
XML = "text/xml"
WORD_XML = "application/vnd.ms-word.xml"
TEXT = "text/plain"
CSV = "text/csv"
UNKNOWN = "application/octet-stream"

HEAD_BYTES = 8192
_SIGNATURES = (
    (b"Rar!\x1a\x07", RAR),
    (b"7z\xbc\xaf\x27\x1c", SEVEN_ZIP),
    (b"\x1f\x8b", GZIP),
    (b"BZh", BZIP2),
    (b"\xfd7zXZ\x00", XZ),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"{\\rtf", RTF),
    (b"\x78\x9f\x3e\x22", TNEF),
    (b"MZ", EXECUTABLE),
)
_ZIP_SIGNATURES = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_OLE_SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLE_STREAMS = (
    ("WordDocument", DOC),
    ("Workbook", XLS),
    ("Book", XLS),
    ("PowerPoint Document", PPT),
    ("__properties_version1.0", MSG),
    ("EncryptedPackage", LOCKED_OFFICE),
)
_ZIP_MEMBERS = (
    ("word/document.xml", DOCX),
    ("xl/workbook.xml", XLSX),
    ("ppt/presentation.xml", PPTX),
    ("ofd.xml", OFD),
)
_ZIP_FOLDERS = (("word/", DOCX), ("xl/", XLSX), ("ppt/", PPTX))
_OFFICE_SUFFIXES = {".docx": DOCX, ".xlsx": XLSX, ".pptx": PPTX, ".ofd": OFD}
_ZIP_SUFFIXES = {*_OFFICE_SUFFIXES, ".zip"}
_OLE_SUFFIXES = {".doc": DOC, ".dot": DOC, ".wps": DOC, ".xls": XLS, ".et": XLS, ".ppt": PPT}
_WORD_XML = (
    b"schemas.microsoft.com/office/word/2003/wordml",
    b"schemas.microsoft.com/office/2006/xmlPackage",
)
_WEB_ARCHIVES = frozenset({".mht", ".mhtml", ".doc", ".xls"})
_EXTENSIONS = {
    DOCX: ".docx", XLSX: ".xlsx", PPTX: ".pptx", DOC: ".doc", XLS: ".xls", PPT: ".ppt", MSG: ".msg",
    OFD: ".ofd", ODT: ".odt", PDF: ".pdf", RTF: ".rtf", ZIP: ".zip", RAR: ".rar", SEVEN_ZIP: ".7z",
    GZIP: ".gz", TAR: ".tar", TNEF: ".dat", MAIL: ".eml", HTML: ".html", XML: ".xml", TEXT: ".txt",
    CSV: ".csv", SIGNED: ".p7m",
    "image/png": ".png", "image/jpeg": ".jpg", "image/gif": ".gif", "image/tiff": ".tif",
    "image/bmp": ".bmp",
}  # fmt: skip
_MAIL_HEADER = re.compile(
    rb"^(from|to|subject|date|message-id|received|return-path|delivered-to|mime-version|content-type"
    rb"|dkim-signature|reply-to|cc|sender|x-[\w-]+)[ \t]*:",
    re.IGNORECASE | re.MULTILINE,
)
_OF_A_MAIL = frozenset(
    {b"from", b"received", b"return-path", b"message-id", b"delivered-to", b"to"}
)
_HTML = re.compile(rb"<(!doctype\s+html|html|head|body|table|div|meta|p)\b", re.IGNORECASE)
# ContentInfo (RFC 5652, 3): a sequence, and the id of signed or enveloped data.
_SIGNED = re.compile(
    rb"\x30(?:[\x00-\x80]|\x81.|\x82..|\x83...|\x84....)"
    rb"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07[\x02\x03]",
    re.DOTALL,
)
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


def media_type_of(head: bytes, path: Path | None, filename: str) -> str:
    """Return the media type of a file by its first bytes (HEAD_BYTES are enough).

    `path` is where the whole file lies; without it, kinds that share a container (zip, OLE2)
    are told from the head alone. The name decides only where the content cannot.
    """
    suffix = PurePosixPath(filename.lower()).suffix
    known = next((kind for mark, kind in _SIGNATURES if head.startswith(mark)), None)
    if known is None and head.startswith(_ZIP_SIGNATURES):
        known = _zip_kind(head, path, suffix)
    elif known is None and head.startswith(_OLE_SIGNATURE):
        known = _ole_kind(head, path, suffix)
    elif known is None and suffix in _ZIP_SUFFIXES and _ZIP_SIGNATURES[0] in head:
        known = _zip_kind(head, path, suffix)  # some programs put bytes before the package
    return known or _marked_inside(head) or _text_kind(head, suffix)


def _marked_inside(head: bytes) -> str | None:
    if b"%PDF-" in head[:1024]:
        return PDF
    if _SIGNED.match(head):
        return SIGNED
    if is_tar(head):
        return TAR
    if head.startswith(b"BM") and head[6:10] == b"\0\0\0\0":
        return "image/bmp"
    return None


def is_tar(head: bytes) -> bool:
    """Tell whether bytes begin with a tar header: its mark, or the checksum of those without."""
    if head[257:262] == b"ustar":
        return True
    told = head[148:156].strip(b" \0")
    if len(head) < 512 or not head[0] or not re.fullmatch(rb"[0-7]{1,7}", told):  # noqa: PLR2004 - a header's size
        return False
    return sum(head[:148]) + 8 * 0x20 + sum(head[156:512]) == int(told, 8)


def extension_of(media_type: str) -> str:
    """Return the usual extension of a media type, with its dot; `.bin` for an unknown one."""
    return _EXTENSIONS.get(media_type, ".bin")


def _zip_kind(head: bytes, path: Path | None, suffix: str) -> str:
    names: set[str] = set()
    if path is not None:
        try:
            with zipfile.ZipFile(path) as archive:
                names = set(map(standard_name, archive.namelist()))
                if "mimetype" in names and archive.getinfo("mimetype").file_size < len(head):
                    kind = archive.read("mimetype").decode("ascii", errors="ignore").strip()
                    return kind if kind.startswith("application/") else ZIP
        except Exception:  # noqa: BLE001 - a damaged zip; the head and the name still tell what it was
            names = set()
    for member, kind in _ZIP_MEMBERS:
        if member in names or (not names and member.encode() in head.lower()):
            return kind
    for folder, kind in _ZIP_FOLDERS:
        if "[content_types].xml" in names and any(name.startswith(folder) for name in names):
            return kind
    return ZIP if names else _OFFICE_SUFFIXES.get(suffix, ZIP)


def _ole_kind(head: bytes, path: Path | None, suffix: str) -> str:
    """Tell an OLE2 file by the streams at its root; those of objects inside lie deeper."""
    if path is None:
        return _stream_kind(name for name, _ in _OLE_STREAMS if name.encode("utf-16-le") in head)
    try:
        with open_ole(path) as ole:
            return _stream_kind(ole.names)
    except ParseError:  # a damaged file; its name still tells what it was
        return _OLE_SUFFIXES.get(suffix, OLE)


def _stream_kind(names: Iterable[str]) -> str:
    """Return the kind of the first known stream; programs differ in upper and lower case."""
    there = {name.lower() for name in names}
    return next((kind for name, kind in _OLE_STREAMS if name.lower() in there), OLE)


def _text_kind(head: bytes, suffix: str) -> str:
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if suffix != ".txt" and _looks_like_mail(head):
        return MHTML if suffix in _WEB_ARCHIVES else MAIL
    if not _is_text(head):
        return UNKNOWN
    if _HTML.match(start) or (start.startswith(b"<!--") and _HTML.search(start)):
        return HTML
    if start.startswith(b"<?xml") and any(space in head for space in _WORD_XML):
        return WORD_XML
    if start.startswith(b"<?xml"):
        return HTML if _HTML.search(start[:1024]) else XML
    return CSV if suffix == ".csv" else TEXT


def _looks_like_mail(head: bytes) -> bool:
    """Tell whether it begins with a header block that has at least two headers of a mail."""
    block = re.split(rb"\r?\n\r?\n", head, maxsplit=1)[0]
    first = block.lstrip(b"\r\n").split(b"\n", 1)[0]
    if not re.match(rb"[!-9;-~]+[ \t]*:|From ", first):
        return False
    names = {match[1].lower() for match in _MAIL_HEADER.finditer(block)}
    return len(names) > 1 and bool(names & _OF_A_MAIL)


def _is_text(head: bytes) -> bool:
    if not head:
        return False
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return True
    for name in ("utf-8", "gb18030", "big5"):
        try:
            # The head may end inside a character.
            text = codecs.getincrementaldecoder(name)().decode(head, final=False)
        except UnicodeDecodeError:
            continue
        return not _CONTROLS.search(text)
    return False
