"""A file that holds several documents is parted at its title pages, and only such a file is."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path

import pypdfium2
import pytest

from config.call import Call, load_calls
from ingest.samples.alliances import make_alliance
from ingest.samples.documents import Draft, as_pdf, as_text, make_drafts
from ingest.samples.draft import STYLES
from parsers.grouping import documents_in, group
from parsers.reading import read_content
from parsers.splitting import split
from parsers.submission import Block, Content, Document, File, Page
from tests.documents import content, printed

KINDS = ["form", "plan", "charter", "agreement"]
NAME = "广东省工业机器人产业技术创新联盟"
PROSE = (
    "为推动产业技术进步，联盟各成员单位经协商一致，共同开展技术攻关与成果转化，形成长期稳定的合作关系。"
    * 3
)


@cache
def the_call() -> Call:
    return load_calls()["guangdong-alliance-2016"]


def found(read: Content, path: str = "申报材料.pdf") -> tuple[Document, ...]:
    name = path.rpartition("/")[2]
    file = File(path=path, filename=name, media_type=read.media_type, size=1, sha256=path)
    return documents_in(file, read, the_call())


def kinds(read: Content) -> list[str]:
    return [each.kind for each in found(read)]


def read_pdf(raw: bytes, folder: Path) -> Content:
    path = folder / "a.pdf"
    path.write_bytes(raw)
    return read_content(path, "application/pdf", "a.pdf")


def bound(drafts: Sequence[Draft]) -> bytes:
    """Return one PDF with the pages of all, as an office's scanner program binds them."""
    whole = pypdfium2.PdfDocument.new()
    for draft in drafts:
        part = pypdfium2.PdfDocument(as_pdf(draft))
        whole.import_pages(part)
        part.close()
    buffer = io.BytesIO()
    whole.save(buffer)
    whole.close()
    return buffer.getvalue()


def without_places(value: object) -> object:
    match value:
        case dict():
            kept = ((key, each) for key, each in value.items() if key not in {"page", "quote"})
            return {key: without_places(each) for key, each in kept}
        case list() | tuple():
            return [without_places(each) for each in value]
        case _:
            return value


def said(document: Document) -> object:
    return without_places(asdict(document.facts))


@pytest.mark.parametrize("seed", range(8))
def test_a_bound_pdf_gives_the_documents_and_facts_of_its_parts(seed: int, tmp_path: Path) -> None:
    drafts = make_drafts(make_alliance(seed), style=STYLES[seed % len(STYLES)])
    apart = [
        document
        for draft in drafts
        for document in found(read_pdf(as_pdf(draft), tmp_path), "a.pdf")
    ]
    together = found(read_pdf(bound(drafts), tmp_path))
    assert [each.kind for each in together] == [each.kind for each in apart] == KINDS
    assert [said(each) for each in together] == [said(each) for each in apart]
    assert [each.part for each in together] == [1, 2, 3, 4]
    counts = [each.page_count or 0 for each in apart]
    assert [each.page_count for each in together] == counts
    assert [each.first_page for each in together] == [
        1 + sum(counts[:at]) for at in range(len(counts))
    ]
    assert len(group(together, the_call())) == 1


@pytest.mark.parametrize("seed", range(8))
def test_a_bound_text_gives_the_documents_and_facts_of_its_parts(seed: int, tmp_path: Path) -> None:
    drafts = make_drafts(make_alliance(seed), style=STYLES[seed % len(STYLES)])
    path = tmp_path / "a.txt"

    def read(raw: bytes) -> Content:
        path.write_bytes(raw)
        return read_content(path, "text/plain", "a.txt")

    apart = [found(read(as_text(draft)))[0] for draft in drafts]
    together = found(read(b"\n".join(as_text(draft) for draft in drafts)))
    assert [each.kind for each in together] == KINDS
    assert [said(each) for each in together] == [said(each) for each in apart]


@pytest.mark.parametrize("seed", range(30))
def test_a_single_document_is_never_parted(seed: int, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    for draft in make_drafts(make_alliance(seed), style=STYLES[seed % len(STYLES)]):
        path.write_bytes(as_text(draft))
        assert not split(read_content(path, "text/plain", "a.txt"), the_call())


def test_cover_and_contents_belong_to_the_first_document() -> None:
    read = printed(
        [NAME, "申报材料", "二〇一六年五月"],
        ["目录", "一、申报表 ……1", "二、组建方案 ……9", "三、组建章程 ……15", "四、组建协议 ……21"],
        ["附件1", "广东省产业技术创新联盟申报表", f"联盟名称：{NAME}", PROSE],
        ["附件2", NAME, "组建方案", PROSE],
        [PROSE],
        [f"{NAME}章程（草案）", PROSE],
        [f"关于组建{NAME}的协议书", PROSE],
    )
    documents = found(read)
    assert [(each.kind, each.first_page, each.page_count) for each in documents] == [
        ("form", 1, 3),
        ("plan", 4, 2),
        ("charter", 6, 1),
        ("agreement", 7, 1),
    ]


def test_a_recommendation_letter_in_front_is_a_document_of_its_own() -> None:
    read = printed(
        ["推荐函", "广东省科学技术厅：", PROSE],
        ["广东省产业技术创新联盟申报表", f"联盟名称：{NAME}", PROSE],
        [f"{NAME}组建协议", PROSE],
    )
    assert kinds(read) == ["other", "form", "agreement"]


@pytest.mark.parametrize(
    "pages",
    [
        pytest.param(
            [[f"{NAME}组建方案", PROSE], ["各方应遵守联盟章程", PROSE]], id="a broken line"
        ),
        pytest.param(
            [[f"{NAME}组建方案", PROSE], ["三、组建协议", PROSE]], id="a numbered heading"
        ),
        pytest.param([[f"{NAME}组建方案", PROSE], ["组建协议", "签字页"]], id="a title in passing"),
        pytest.param(
            [[f"{NAME}组建章程", f"{NAME}组建方案", PROSE]] * 1 + [[f"{NAME}组建章程", PROSE]] * 5,
            id="a running header",
        ),
    ],
)
def test_words_that_head_no_document_part_nothing(pages: list[list[Block]]) -> None:
    assert len(found(printed(*pages))) == 1


def test_a_title_line_in_text_without_pages_parts_it() -> None:
    read = content(
        "广东省产业技术创新联盟申报表", PROSE, "组 建 方 案", PROSE, NAME, "组建协议书", PROSE
    )
    assert kinds(read) == ["form", "plan", "agreement"]


def test_a_list_of_enclosures_parts_nothing() -> None:
    read = content(
        "广东省产业技术创新联盟申报表",
        PROSE,
        "附件：",
        "组建方案",
        "组建章程",
        "组建协议",
        "（另附）",
    )
    assert len(found(read)) == 1


def test_a_part_without_a_name_takes_that_of_its_file() -> None:
    read = printed(
        ["广东省产业技术创新联盟申报表", f"联盟名称：{NAME}", PROSE],
        ["组建协议", PROSE],
    )
    assert [each.name.value if each.name else "" for each in found(read)] == [NAME, NAME]


def test_a_part_that_seems_to_hold_another_document_says_so() -> None:
    charter = [
        "第一章 总则",
        PROSE,
        "第二章 组织机构",
        PROSE,
        "理事会经三分之二以上成员通过",
        "附则",
        "解释权属秘书处",
    ]
    read = printed(
        ["广东省产业技术创新联盟申报表", f"联盟名称：{NAME}", PROSE],
        [f"{NAME}组建方案", PROSE],
        charter,
    )
    assert [each.facts.may_hold for each in found(read)] == [(), ("charter",)]


def test_an_empty_file_is_one_document() -> None:
    assert not split(
        Content(media_type="application/pdf", pages=(Page(number=1, blocks=()),)), the_call()
    )
