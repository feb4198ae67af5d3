"""The same dossier gives the same facts and findings, whatever its documents are saved in.

`documents_made/` holds what no library here can write: files that LibreOffice made of a
sample dossier, and of a document with one of everything.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path

import docx
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn
from py7zr import SevenZipFile

from config.call import Call, load_calls
from config.settings import Settings
from ingest.proofreading import proofread
from ingest.samples.alliances import make_alliance
from ingest.samples.documents import (
    Defect,
    Draft,
    Kind,
    as_doc,
    as_docx,
    as_pdf,
    blank_contact,
    make_drafts,
    placeholder_left,
    without_member,
    without_risk,
)
from parsers import media
from parsers.grouping import documents_in
from parsers.list_numbers import written
from parsers.reading import read_content
from parsers.submission import Block, Content, Document, File
from tests.ofd_maker import as_ofd
from tests.test_unpack_rar import file4, file5, needs_a_reader, rar4, rar5

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
    """Return all that judging looks at, without where it stood.

    How stretches of text run on depends on where lines break; the findings drawn from them are
    compared in tests of their own.
    """
    facts = without_places(asdict(replace(document.facts, mentions=(), listed=(), signed=())))
    return {"kind": document.kind, "problem": document.problem, "facts": facts}


def blocks(content: Content) -> list[Block]:
    return [block for page in content.pages for block in page.blocks]


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
    """Return the folder of the dossier in .docx, .doc, .rtf and .odt."""
    folder = tmp_path_factory.mktemp("dossier")
    with zipfile.ZipFile(MADE / "dossier.zip") as archive:
        archive.extractall(folder)
    return folder


@pytest.mark.parametrize("ending", ["doc", "rtf", "odt"])
@pytest.mark.parametrize("kind", KINDS)
def test_other_word_processors_say_what_the_docx_says(made: Path, kind: Kind, ending: str) -> None:
    docx, other = made / f"{kind}.docx", made / f"{kind}.{ending}"
    assert blocks(read(other)) == blocks(read(docx))
    expected = found(opened(docx))
    assert found(opened(other)) == expected
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


@pytest.mark.parametrize("ending", ["doc", "rtf", "odt"])
def test_one_of_everything_is_read_from_word_processors_files(ending: str) -> None:
    content = read(MADE / f"all-in-one.{ending}")
    boxes = () if ending == "rtf" else ("盖章处",)  # the program that wrote the .rtf lost it
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


NUMBERED: tuple[Block, ...] = (
    "广东省示例产业技术创新联盟组建章程",
    "第一章 总则",
    "第一条 本联盟的名称为示例联盟。",
    "第二条 联盟的宗旨是合作。",
    "第二章 组织机构",
    "第一条 联盟设理事会。",
    "协议",
    "一、技术创新目标",
    "（一）近期目标",
    "（二）远期目标",
    "1. 第一项",
    "2. 第二项",
    "① 圈一",
    "二、任务分工",
    "（一）再起",
    "要点",
    "可选",
    "三、知识产权",
    "另起一个列表",
    "一、目标",
    "（一）要点",
    (("序号", "单位名称"), ("1", "示例公司1"), ("2", "示例公司2"), ("3", "")),
    "完",
)
"""What Word prints of `numbered.zip`, whose numbers stand in styles and lists alone."""


@pytest.mark.parametrize("ending", ["docx", "doc", "odt", "rtf"])
def test_automatic_numbers_are_read_as_they_are_printed(tmp_path: Path, ending: str) -> None:
    with zipfile.ZipFile(MADE / "numbered.zip") as archive:
        path = Path(archive.extract(f"numbered.{ending}", tmp_path))
    read_blocks = blocks(read(path))
    if ending == "rtf":  # the program that wrote it puts a tab behind every number
        read_blocks = [
            re.sub("(?<=[、）]) ", "", each) if isinstance(each, str) else each
            for each in read_blocks
        ]
    assert tuple(read_blocks) == NUMBERED


TYPED = (
    (r"第([一二三四五六七八九十]+)章\s*", "chineseCountingThousand", "第%1章", "space"),
    (r"第([一二三四五六七八九十]+)条\s*", "chineseCountingThousand", "第%1条", "space"),
    (r"([一二三四五六七八九十]+)、", "chineseCounting", "%1、", "nothing"),
    (r"（([一二三四五六七八九十]+)）", "chineseCounting", "（%1）", "nothing"),
    (r"(\d+)[.．]\s*", "decimal", "%1.", "space"),
)
"""Numbers as people type them, and what Word calls the same ones when it counts by itself."""


def numbered_by_word(docx_file: bytes, names: Collection[str] = ()) -> bytes:
    """Return a .docx whose typed numbers are automatic ones, and with numbers before names."""
    document = docx.Document(io.BytesIO(docx_file))
    lists = document.part.numbering_part.element
    for element in list(lists):
        lists.remove(element)
    counted: list[tuple[str, str, str, int]] = []
    for paragraph in document.element.body.iter(qn("w:p")):
        text = next(paragraph.iter(qn("w:t")), None)
        words = (text.text if text is not None else None) or ""
        found = next((each for each in TYPED if re.match(each[0], words)), None)
        if text is not None and found and (match := re.match(found[0], words)):
            number = next(n for n in range(1, 100) if written(n, found[1]) == match[1])
            text.text = words[match.end() :]
            counted.append((*found[1:], number))
        elif words.strip() in names:
            counted.append(("decimal", "%1.", "tab", len(counted) + 1))
        else:
            continue
        used = f"<w:numPr {nsdecls('w')}><w:numId w:val='{len(counted)}'/></w:numPr>"
        paragraph.get_or_add_pPr().append(parse_xml(used))
    for at, (form, shown, gap, start) in enumerate(counted, start=1):
        level = f"<w:start w:val='{start}'/><w:numFmt w:val='{form}'/><w:suff w:val='{gap}'/>"
        level = f"<w:lvl w:ilvl='0'>{level}<w:lvlText w:val='{shown}'/></w:lvl>"
        lists.append(
            parse_xml(
                f"<w:abstractNum {nsdecls('w')} w:abstractNumId='{at}'>{level}</w:abstractNum>"
            )
        )
    for at in range(1, len(counted) + 1):
        lists.append(
            parse_xml(
                f"<w:num {nsdecls('w')} w:numId='{at}'><w:abstractNumId w:val='{at}'/></w:num>"
            )
        )
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


@pytest.mark.parametrize("seed", [0, 3])
def test_numbers_that_word_counts_give_the_facts_of_typed_ones(tmp_path: Path, seed: int) -> None:
    alliance = make_alliance(seed)
    for draft in make_drafts(alliance):
        typed, counted = tmp_path / "typed.docx", tmp_path / "counted.docx"
        typed.write_bytes(as_docx(draft))
        names = {each.name for each in alliance.members}
        counted.write_bytes(numbered_by_word(typed.read_bytes(), names))
        assert counted.read_bytes() != typed.read_bytes()
        assert found(opened(counted)) == found(opened(typed)), draft.kind


# ── Findings ─────────────────────────────────────────────────────────────────────────

Files = Mapping[str, bytes]
_WRITERS: dict[str, Callable[[Draft], bytes]] = {
    "docx": as_docx,
    "doc": as_doc,
    "pdf": as_pdf,
    "ofd": lambda draft: as_ofd(as_pdf(draft)),
}


def in_zip(files: Files) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, raw in files.items():
            archive.writestr(name, raw)
    return buffer.getvalue()


def in_7z(files: Files) -> bytes:
    buffer = io.BytesIO()
    with SevenZipFile(buffer, "w") as archive:
        for name, raw in files.items():
            archive.writestr(raw, name)
    return buffer.getvalue()


def in_rar4(files: Files) -> bytes:
    return rar4(*(file4(name.encode("gb18030"), raw) for name, raw in files.items()))


def in_rar5(files: Files) -> bytes:
    return rar5(*(file5(name, raw) for name, raw in files.items()))


def findings(folder: Path, files: Files) -> list[tuple[str, str]]:
    """Return the findings on a dossier of these files, as `intake check` gives them."""
    folder.mkdir()
    for name, raw in files.items():
        (folder / name).write_bytes(raw)
    (checked,) = proofread(Settings(), [folder])
    return [(each.id, each.outcome) for each in checked.findings]


def saved(drafts: Iterable[Draft], ending: str) -> Files:
    return {f"{draft.kind}.{ending}": _WRITERS[ending](draft) for draft in drafts}


LACKING: Sequence[Defect] = (
    without_risk(keep_breach=True),
    blank_contact(),
    placeholder_left("plan"),
    without_member(make_alliance(1).members[-1].name),
)


def test_every_format_gives_the_findings_of_the_docx(tmp_path: Path) -> None:
    drafts = make_drafts(make_alliance(1), *LACKING)
    expected = findings(tmp_path / "docx", saved(drafts, "docx"))
    for ending in ("doc", "pdf", "ofd"):
        assert findings(tmp_path / ending, saved(drafts, ending)) == expected, ending
    assert {outcome for _, outcome in expected} == {"ok", "missing", "doubtful"}


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        ("a.zip", in_zip),
        ("a.7z", in_7z),
        pytest.param("4.rar", in_rar4, marks=needs_a_reader),
        pytest.param("5.rar", in_rar5, marks=needs_a_reader),
    ],
)
def test_an_archive_gives_the_findings_of_what_is_in_it(
    tmp_path: Path, name: str, pack: Callable[[Files], bytes]
) -> None:
    files = saved(make_drafts(make_alliance(1), *LACKING), "doc")
    expected = findings(tmp_path / "loose", files)
    assert findings(tmp_path / "packed", {name: pack(files)}) == expected


def test_other_word_processors_give_the_findings_of_the_docx(made: Path, tmp_path: Path) -> None:
    def own(suffix: str) -> Files:
        return {f"{kind}.{suffix}": (made / f"{kind}.{suffix}").read_bytes() for kind in KINDS}

    expected = findings(tmp_path / "docx", own("docx"))
    assert {outcome for _, outcome in expected} == {"ok"}
    for ending in ("doc", "rtf", "odt"):
        assert findings(tmp_path / ending, own(ending)) == expected, ending


@pytest.mark.parametrize("seed", [0, 3])
def test_the_samples_of_word_97_hold_what_the_docx_holds(tmp_path: Path, seed: int) -> None:
    for draft in make_drafts(make_alliance(seed)):
        for ending in ("doc", "docx"):
            (tmp_path / f"a.{ending}").write_bytes(_WRITERS[ending](draft))
        assert read(tmp_path / "a.doc").pages == read(tmp_path / "a.docx").pages


def test_what_systems_leave_in_a_folder_is_not_checked(tmp_path: Path) -> None:
    litter = (".DS_Store", "Thumbs.db", "~$申报表.docx", "__MACOSX/._申报表.docx")
    for name in (*litter, "说明.txt"):
        (tmp_path / "材料" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "材料" / name).write_bytes("说明\n".encode())
    (checked,) = proofread(Settings(), [tmp_path / "材料"])
    assert [each.path for each in checked.documents] == ["说明.txt"]
