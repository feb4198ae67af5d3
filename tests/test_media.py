"""Files are known by what is in them; their names count only where nothing else tells."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from parsers import media
from tests.word_maker import ole


def kind(folder: Path, raw: bytes, name: str = "tcmime.0001.bin") -> str:
    path = folder / "stored"
    path.write_bytes(raw)
    return media.media_type_of(raw[: media.HEAD_BYTES], path, name)


def package(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, "<a/>")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("[Content_Types].xml", "word/document.xml"), media.DOCX),
        (("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"), media.DOCX),
        (("[Content_Types].xml", "word\\document.xml"), media.DOCX),
        (("/word/Document.xml",), media.DOCX),
        (("[content_types].xml", "word\\main.xml"), media.DOCX),
        (("[Content_Types].xml", "xl\\workbook.xml"), media.XLSX),
        (("ofd.xml", "Doc_0/Document.xml"), media.OFD),
        (("材料/word.docx",), media.ZIP),
    ],
)
def test_packages_are_known_by_their_parts(
    tmp_path: Path, names: tuple[str, ...], expected: str
) -> None:
    assert kind(tmp_path, package(*names)) == expected


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        ("WordDocument", media.DOC),
        ("WORDDOCUMENT", media.DOC),
        ("Workbook", media.XLS),
        ("Book", media.XLS),
        ("EncryptedPackage", media.LOCKED_OFFICE),
        ("ENCRYPTEDPACKAGE", media.LOCKED_OFFICE),
        ("__properties_version1.0", media.MSG),
        ("CONTENTS", media.OLE),
    ],
)
def test_older_office_files_are_known_by_their_streams(
    tmp_path: Path, stream: str, expected: str
) -> None:
    others = {f"stream {number}": b"" for number in range(80)}  # the directory is long
    assert kind(tmp_path, ole(others | {stream: b"x"})) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [("申报表.doc", media.DOC), ("申报表.wps", media.DOC), ("表.et", media.XLS), ("a", media.OLE)],
)
def test_the_name_tells_what_a_damaged_office_file_was(
    tmp_path: Path, name: str, expected: str
) -> None:
    assert kind(tmp_path, ole({"WordDocument": b"x"})[:600], name) == expected


def test_bytes_before_a_package_are_tolerated_where_its_name_tells(tmp_path: Path) -> None:
    raw = b"\0\1\2" * 7 + package("OFD.xml")
    assert kind(tmp_path, raw, "章程.ofd") == media.OFD
    assert kind(tmp_path, raw, "章程.bin") == media.UNKNOWN


WORD_2003 = (
    b'<?xml version="1.0"?><?mso-application progid="Word.Document"?><w:wordDocument'
    b' xmlns:w="http://schemas.microsoft.com/office/word/2003/wordml">'
)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"{\\rtf1\\ansi a}", media.RTF),
        (b"<html><body>a</body></html>", media.HTML),
        (
            b"MIME-Version: 1.0\r\nFrom: <Saved by WPS>\r\nContent-Type: multipart/related\r\n\r\n",
            media.MHTML,
        ),
        (WORD_2003, media.WORD_XML),
        (b'<?xml version="1.0"?><a/>', media.XML),
        (package("word/document.xml"), media.DOCX),
    ],
)
def test_what_is_named_doc_need_not_be_one(tmp_path: Path, raw: bytes, expected: str) -> None:
    assert kind(tmp_path, raw, "申报表.doc") == expected
