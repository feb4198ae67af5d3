"""The same dossier gives the same facts, whatever format its documents are saved in.

`documents_made/` holds what no library here can write: files that LibreOffice made of a
sample dossier, and of a document with one of everything.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import asdict
from functools import cache
from pathlib import Path

import pytest

from config.call import Call, load_calls
from ingest.samples.alliances import make_alliance
from ingest.samples.documents import Kind, as_docx, as_pdf, make_drafts
from parsers import media
from parsers.grouping import documents_in
from parsers.reading import read_content
from parsers.submission import Content, Document, File
from tests.ofd_maker import as_ofd

MADE = Path(__file__).parent / "documents_made"
KINDS: tuple[Kind, ...] = ("form", "plan", "charter", "agreement")


@cache
def the_call() -> Call:
    return load_calls()["guangdong-alliance-2016"]


def read(path: Path) -> Content:
    """Read a file as the pipeline does: typed by its content, under a name that tells nothing."""
    with path.open("rb") as file:
        media_type = media.media_type_of(file.read(media.HEAD_BYTES), path, "attachment.bin")
    return read_content(path, media_type, "attachment.bin")


def opened(path: Path) -> Document:
    content = read(path)
    size = path.stat().st_size
    file = File(path="a", filename="a", media_type=content.media_type, size=size, sha256="")
    (document,) = documents_in(file, content, the_call())
    return document


def found(document: Document) -> dict[str, object]:
    """Return all that judging looks at, without where it stood."""
    facts = without_places(asdict(document.facts))
    return {"kind": document.kind, "problem": document.problem, "facts": facts}


def without_places(value: object) -> object:
    match value:
        case dict():
            kept = ((key, each) for key, each in value.items() if key not in {"page", "quote"})
            return {key: without_places(each) for key, each in kept}
        case list() | tuple():
            return [without_places(each) for each in value]
    return value


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the dossier in .docx, .doc and .rtf."""
    folder = tmp_path_factory.mktemp("dossier")
    with zipfile.ZipFile(MADE / "dossier.zip") as archive:
        archive.extractall(folder)
    return folder


@pytest.mark.parametrize("ending", ["doc", "rtf"])
@pytest.mark.parametrize("kind", KINDS)
def test_older_word_files_say_what_the_docx_says(made: Path, kind: Kind, ending: str) -> None:
    docx, older = made / f"{kind}.docx", made / f"{kind}.{ending}"
    assert read(older).pages[0].blocks == read(docx).pages[0].blocks
    expected = found(opened(docx))
    assert found(opened(older)) == expected
    assert expected["kind"] == kind


@pytest.mark.parametrize("seed", [0, 3])
def test_fixed_pages_say_what_the_docx_says(tmp_path: Path, seed: int) -> None:
    writers: dict[str, Callable[[bytes], bytes]] = {"pdf": bytes, "ofd": as_ofd}
    for draft in make_drafts(make_alliance(seed)):
        docx = tmp_path / f"{draft.kind}.docx"
        docx.write_bytes(as_docx(draft))
        expected = found(opened(docx))
        pdf = as_pdf(draft)
        for ending, write in writers.items():
            path = tmp_path / f"{draft.kind}.{ending}"
            path.write_bytes(write(pdf))
            assert found(opened(path)) == expected, path.name


@pytest.mark.parametrize("ending", ["doc", "rtf"])
def test_one_of_everything_is_read_from_older_word_files(ending: str) -> None:
    content = read(MADE / f"all-in-one.{ending}")
    boxes = ("盖章处",) if ending == "doc" else ()  # the program that wrote the .rtf lost it
    assert [(page.number, page.blocks) for page in content.pages] == [
        (
            1,
            (
                "组建协议",
                "成员单位共十一家。",
                "公开",
                "网址：联盟网站",
                (
                    ("成员一览",),
                    ("企业", "1", "粤衡精密装备股份有限公司"),
                    ("", "2", "岭南理工大学"),
                ),
                (("电话", "020-00000000"),),
            ),
        ),
        (
            2,
            (
                "签字页",
                "䶮𠮷㈠",
                "甲方：",
                *boxes,
                "请看批注",
                "广东省示例产业技术创新联盟",
                "内部资料",
            ),
        ),
    ]
    assert content.marks == ("删除：十二", "插入：十一", "批注：此处待定")
