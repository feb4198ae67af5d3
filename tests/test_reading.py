"""One way to all readers, and one barrier around them."""

import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parsers import media
from parsers.reading import READERS, read_content
from parsers.submission import Content, Problem


def put(folder: Path, raw: bytes) -> Path:
    path = folder / "file"
    path.write_bytes(raw)
    return path


def test_text_is_read_by_its_media_type(tmp_path: Path) -> None:
    content = read_content(put(tmp_path, "组建章程".encode()), media.TEXT, "章程.txt")
    assert (content.pages[0].blocks, content.problem) == (("组建章程",), None)
    assert content.media_type == media.TEXT


@pytest.mark.parametrize(
    ("media_type", "raw", "problem"),
    [
        (media.TEXT, b"", Problem.EMPTY),
        (media.PDF, b"", Problem.EMPTY),
        (media.PPT, b"x", Problem.UNSUPPORTED),
        (media.DOC, b"x", Problem.DAMAGED),
        (media.OFD, b"x", Problem.DAMAGED),
        (media.XLS, b"x", Problem.DAMAGED),
        (media.RTF, b"x", Problem.DAMAGED),
        (media.WORD_XML, b"x", Problem.DAMAGED),
        (media.MHTML, b"x", Problem.DAMAGED),
        (media.UNKNOWN, b"x", Problem.UNSUPPORTED),
        ("image/jpeg", b"x", Problem.SCAN),
        (media.LOCKED_OFFICE, b"x", Problem.LOCKED),
        (media.DOCX, b"PK\x03\x04 no package", Problem.DAMAGED),
        (media.PDF, b"%PDF-1.4 no document", Problem.DAMAGED),
    ],
)
def test_what_cannot_be_read_says_why(
    tmp_path: Path, media_type: str, raw: bytes, problem: Problem
) -> None:
    content = read_content(put(tmp_path, raw), media_type, "a")
    assert (content.problem, content.pages, content.media_type) == (problem, (), media_type)


def test_an_unsupported_file_is_named(tmp_path: Path) -> None:
    assert read_content(put(tmp_path, b"x"), media.PPT, "介绍.ppt").detail == "介绍.ppt"


@pytest.mark.parametrize(
    ("error", "problem", "detail"),
    [
        (RecursionError("deep"), Problem.DAMAGED, "RecursionError"),
        (AttributeError("x"), Problem.DAMAGED, "AttributeError"),
        (MemoryError(), Problem.TOO_LARGE, ""),
    ],
)
def test_whatever_a_reader_raises_becomes_a_problem(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    problem: Problem,
    detail: str,
) -> None:
    def fail(path: Path, media_type: str) -> Content:
        del path, media_type
        raise error

    monkeypatch.setitem(READERS, media.PDF, fail)
    content = read_content(put(tmp_path, b"x"), media.PDF, "a")
    assert (content.problem, content.detail) == (problem, detail)


def test_a_file_that_is_not_there_is_not_its_senders_fault(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_content(tmp_path / "gone", media.PDF, "a")


@settings(deadline=None)  # the first file of each format imports its reader
@given(raw=st.binary(min_size=1, max_size=300), media_type=st.sampled_from(sorted(READERS)))
def test_any_bytes_end_in_content(
    tmp_path_factory: pytest.TempPathFactory, raw: bytes, media_type: str
) -> None:
    path = put(tmp_path_factory.getbasetemp(), raw)
    content = read_content(path, media_type, "a")
    assert bool(content.pages) != bool(content.problem)


@settings(deadline=None)  # as above
@given(inner=st.text("<>/wpt:r =\"'xmlnsbodyu甲&;", max_size=200))
def test_any_markup_in_a_package_ends_in_content(
    tmp_path_factory: pytest.TempPathFactory, inner: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.docx"
    space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    with zipfile.ZipFile(path, "w") as archive:
        text = f'<w:document xmlns:w="{space}"><w:body>{inner}</w:body></w:document>'
        archive.writestr("word/document.xml", text)
    content = read_content(path, media.DOCX, "a")
    assert bool(content.pages) != bool(content.problem)


@pytest.mark.parametrize("filename", ["申报表.docx", "协议.PDF", "章程.doc"])
def test_unknown_bytes_under_a_known_name_are_damaged_or_locked_by_other_software(
    tmp_path: Path, filename: str
) -> None:
    content = read_content(put(tmp_path, bytes(range(128, 256)) * 8), media.UNKNOWN, filename)
    assert content.problem is Problem.DAMAGED
    assert "加密软件" in content.detail
