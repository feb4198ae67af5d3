"""OFD: characters at their places become lines and tables, page by page."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers import media, package
from parsers.errors import ParseError
from parsers.ofd import read_ofd
from parsers.reading import read_content
from parsers.submission import Block, Content, Problem
from tests.ofd_maker import NAMESPACE, content, element, ofd, part, path, text, zipped

FRAME = "".join(
    path("0 0 210 297", data)
    for data in (
        *(f"M 20 {y} L 190 {y}" for y in (50, 60, 70)),
        *(f"M {x} 50 L {x} 70" for x in (20, 60, 190)),
    )
)


def put(folder: Path, parts: dict[str, str], before: bytes = b"") -> Path:
    file = folder / "a.ofd"
    file.write_bytes(before + zipped(parts))
    return file


def read(folder: Path, *pages: str, common: str = "", **others: str) -> Content:
    return read_ofd(put(folder, ofd(pages, common=common, **others)), media.OFD)


def blocks(read: Content) -> list[Block]:
    return [block for page in read.pages for block in page.blocks]


def test_lines_stand_in_the_order_in_which_they_are_seen(tmp_path: Path) -> None:
    page = content(text(40, 80, "二、章程"), text(40, 40, "一、总则"), text(90, 40, "（草案）"))
    assert blocks(read(tmp_path, page)) == ["一、总则 （草案）", "二、章程"]


def test_ruled_lines_make_a_table(tmp_path: Path) -> None:
    cells = [
        text(25, 53, "联盟名称"),
        text(65, 53, "广东省示例联盟"),
        text(25, 63, "推荐单位"),
    ]
    found = read(tmp_path, content(text(80, 30, "申报表"), FRAME, *cells))
    assert blocks(found) == ["申报表", (("联盟名称", "广东省示例联盟"), ("推荐单位", ""))]
    assert (found.page_count, found.pages[0].number) == (1, 1)


def test_characters_stand_where_their_steps_lead(tmp_path: Path) -> None:
    close = text(20, 40, "联系人", steps="g 2 4")
    apart = text(20, 60, "传真电话", steps="4 12 4")
    assert blocks(read(tmp_path, content(close, apart))) == ["联系人", "传真 电话"]


def test_a_text_may_go_on_in_the_next_line(tmp_path: Path) -> None:
    code = element("TextCode", "甲乙。丙丁", X="0", Y="4", DeltaX="4 4 -8 4", DeltaY="0 0 6 0")
    page = content(element("TextObject", code, Boundary="20 40 20 20", Font="1", Size="4"))
    assert blocks(read(tmp_path, page)) == ["甲乙。", "丙丁"]


def test_an_objects_matrix_moves_and_scales_it(tmp_path: Path) -> None:
    low = text(20, 40, "下", CTM="1 0 0 1 0 60")
    large = text(20, 40, "上面", CTM="2 0 0 2 0 0", steps="4")
    assert blocks(read(tmp_path, content(low, large))) == ["上面", "下"]


def test_a_form_stands_on_its_template(tmp_path: Path) -> None:
    common = element("TemplatePage", ID="7", BaseLoc="Tpls/Tpl_0/Content.xml")
    template = content(FRAME, text(25, 53, "联盟名称"), text(25, 63, "联系人"))
    page = content(text(65, 53, "示例联盟"), before=element("Template", TemplateID="7"))
    others = {"Doc_0/Tpls/Tpl_0/Content.xml": template}
    found = read(tmp_path, page, common=common, **others)
    assert blocks(found) == [(("联盟名称", "示例联盟"), ("联系人", ""))]


def test_drawings_used_again_are_read_at_each_place(tmp_path: Path) -> None:
    drawing = element("Content", text(0, 0, "章程"))
    unit = element("CompositeGraphicUnit", drawing, ID="9", Width="20", Height="5")
    use = [element("CompositeObject", ResourceID="9", Boundary=f"20 {y} 20 5") for y in (40, 80)]
    found = read(
        tmp_path,
        content(*use, element("PageBlock", text(20, 60, "之间"))),
        common=element("DocumentRes", "DocumentRes.xml"),
        **{"Doc_0/DocumentRes.xml": part("Res", element("CompositeGraphicUnits", unit))},
    )
    assert blocks(found) == ["章程", "之间", "章程"]


def test_annotations_are_read_but_for_watermarks(tmp_path: Path) -> None:
    parts = ofd([content(text(20, 40, "正文"))])
    document = "Doc_0/Document.xml"
    told = element("Annotations", "Annots/Annotations.xml")
    parts[document] = parts[document].replace("</ofd:Document>", told + "</ofd:Document>")
    file = element("Page", element("FileLoc", "Page_0.xml"), PageID="10")
    parts["Doc_0/Annots/Annotations.xml"] = part("Annotations", file)
    notes = "".join(
        element("Annot", element("Appearance", text(0, 0, words), Boundary=box), Type=kind)
        for kind, words, box in (("Path", "同意", "20 60 9 9"), ("Watermark", "样稿", "20 80 9 9"))
    )
    parts["Doc_0/Annots/Page_0.xml"] = part("PageAnnot", notes)
    assert blocks(read_ofd(put(tmp_path, parts), media.OFD)) == ["正文", "同意"]


def test_all_documents_of_a_file_are_read(tmp_path: Path) -> None:
    first, second = ofd([content(text(20, 40, "一"))]), ofd([content(text(20, 40, "二"))])
    parts = first | {name.replace("Doc_0", "Doc_1"): each for name, each in second.items()}
    bodies = (element("DocBody", element("DocRoot", f"/Doc_{n}/Document.xml")) for n in range(2))
    parts["OFD.xml"] = part("OFD", "".join(bodies))
    pages = read_ofd(put(tmp_path, parts), media.OFD).pages
    assert [(page.number, page.blocks) for page in pages] == [(1, ("一",)), (2, ("二",))]


def test_other_namespaces_names_and_bytes_before_the_package_are_tolerated(
    tmp_path: Path,
) -> None:
    parts = {
        name.replace("/", "\\"): each.replace(NAMESPACE, 'xmlns:ofd="http://www.ofdspec.org"')
        for name, each in ofd([content(text(20, 40, "章程"))]).items()
    }
    file = put(tmp_path, parts, before=b"some bytes of the program that made it\r\n")
    raw = file.read_bytes()[: media.HEAD_BYTES]
    assert media.media_type_of(raw, file, "章程.ofd") == media.OFD
    assert blocks(read_ofd(file, media.OFD)) == ["章程"]


def test_entities_are_not_expanded(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("机密")
    page = content(text(20, 40, "正文"), text(20, 60, "甲")).replace(">甲<", ">&e;乙<")
    declared = f'<!DOCTYPE p [<!ENTITY e SYSTEM "{secret.as_uri()}">]>'
    page = page.replace('<?xml version="1.0" encoding="UTF-8"?>', declared)
    assert "机密" not in str(blocks(read(tmp_path, page)))


PICTURE = element("ImageObject", ResourceID="5", Boundary="0 0 210 297")


def test_pages_that_are_pictures_are_named(tmp_path: Path) -> None:
    found = read(tmp_path, content(text(20, 40, "章程")), content(PICTURE))
    assert (found.detail, found.page_count) == ("第2页是图片，没有文字", 2)


ENCRYPTED = ofd(["garbage"]) | {"Encryptions.xml": "<a/>"}
MISSING = {"OFD.xml": ofd([content()])["OFD.xml"]}
HUGE = ofd([content(text(20, 40, "甲" * (package.MAX_PART_BYTES // 3 + 1)))])


@pytest.mark.parametrize(
    ("parts", "problem"),
    [
        (ofd([content()]), Problem.EMPTY),
        (ofd([content(PICTURE)]), Problem.SCAN),
        (ENCRYPTED, Problem.LOCKED),
        (MISSING, Problem.DAMAGED),
        (ofd([content(text(0, 0, "甲"))[:-9]]), Problem.DAMAGED),
        ({"a.txt": "no document"}, Problem.DAMAGED),
        (HUGE, Problem.TOO_LARGE),
    ],
)
def test_what_cannot_be_read_says_why(
    tmp_path: Path, parts: dict[str, str], problem: Problem
) -> None:
    with pytest.raises(ParseError) as caught:
        read_ofd(put(tmp_path, parts), media.OFD)
    assert caught.value.problem == problem


NUMBERS = st.sampled_from(
    ["", "1", "-3 4", "g 9999999 1", "g", "nan", "1e400", "a b", "0 0 0 0 0 0"]
)


@given(numbers=st.tuples(NUMBERS, NUMBERS, NUMBERS, NUMBERS), data=st.text("MLQBAC 0.9-e"))
def test_any_numbers_end_in_content(
    tmp_path_factory: pytest.TempPathFactory,
    numbers: tuple[str, str, str, str],
    data: str,
) -> None:
    box, matrix, steps, size = numbers
    code = element("TextCode", "任意", X=size, Y=box, DeltaX=steps, DeltaY=steps)
    words = element("TextObject", code, Boundary=box, CTM=matrix, Size=size, HScale=size)
    page = content(words, path(box, data, CTM=matrix))
    file = put(tmp_path_factory.getbasetemp(), ofd([page]))
    found = read_content(file, media.OFD, "a")
    assert found.problem is None
    assert sorted("".join(map(str, blocks(found))).replace(" ", "")) == ["任", "意"]


def test_a_package_that_is_no_zip_is_damaged(tmp_path: Path) -> None:
    file = tmp_path / "a.ofd"
    file.write_bytes(b"PK\x03\x04")
    assert not zipfile.is_zipfile(file)
    assert read_content(file, media.OFD, "a").problem == Problem.DAMAGED
