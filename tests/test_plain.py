"""Plain text and HTML become lines and tables."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.errors import ParseError
from parsers.plain import read_html, read_text, read_web_archive
from parsers.reading import Reader
from parsers.submission import Block, Problem


def text_blocks(folder: Path, raw: bytes) -> tuple[Block, ...]:
    path = folder / "a.txt"
    path.write_bytes(raw)
    (page,) = read_text(path, "text/plain").pages
    return page.blocks


def html_blocks(folder: Path, text: str, charset: str = "utf-8") -> tuple[Block, ...]:
    path = folder / "a.html"
    path.write_bytes(text.encode(charset))
    (page,) = read_html(path, "text/html").pages
    assert page.number is None
    return page.blocks


def test_lines_are_stripped_and_blank_ones_left_out(tmp_path: Path) -> None:
    raw = "　　组建协议\r\n\r\n  第一条 名称\t甲 \n".encode()
    assert text_blocks(tmp_path, raw) == ("组建协议", "第一条 名称\t甲")


@pytest.mark.parametrize("charset", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_text_is_read_in_each_usual_charset(tmp_path: Path, charset: str) -> None:
    raw = "广东省示例产业技术创新联盟\n联系人：甲\n".encode(charset)
    assert text_blocks(tmp_path, raw) == ("广东省示例产业技术创新联盟", "联系人：甲")


def test_text_of_nothing_but_blanks_is_empty(tmp_path: Path) -> None:
    with pytest.raises(ParseError) as caught:
        text_blocks(tmp_path, b" \r\n\t\n")
    assert caught.value.problem is Problem.EMPTY


def test_html_gives_lines_by_block_and_by_line_break(tmp_path: Path) -> None:
    text = "<html><head><title>x</title><style>p{}</style></head><body><h1>组建<b>章程</b></h1>"
    text += "<p>第一条\n 名称<br>第二条</p><div>尾<span>行</span></div><script>1</script>"
    assert html_blocks(tmp_path, text) == ("组建章程", "第一条 名称", "第二条", "尾行")


def test_html_names_its_charset(tmp_path: Path) -> None:
    text = '<meta http-equiv="Content-Type" content="text/html; charset=gb2312"><p>联系人：甲㎡</p>'
    assert html_blocks(tmp_path, text, "gb18030") == ("联系人：甲㎡",)


def test_html_with_an_xml_declaration_is_read(tmp_path: Path) -> None:
    text = '<?xml version="1.0" encoding="utf-8"?><html><body><p>申报表</p></body></html>'
    assert html_blocks(tmp_path, text) == ("申报表",)


def test_a_merged_html_cell_stands_once_in_its_first_place(tmp_path: Path) -> None:
    text = """<table><tr><td>联盟名称</td><td colspan=2>广东省示例联盟</td></tr>
    <tbody><tr><td rowspan=2>秘书处</td><td>联 系 人</td><td>甲<br>乙</td></tr>
    <tr><td>电话</td><td>020-00000000</td></tr></tbody></table>"""
    table = (
        ("联盟名称", "广东省示例联盟"),
        ("秘书处", "联 系 人", "甲\n乙"),
        ("", "电话", "020-00000000"),
    )
    assert html_blocks(tmp_path, text) == (table,)


def test_a_table_of_one_html_cell_is_only_a_frame(tmp_path: Path) -> None:
    text = "<table><tr><td><p>申报表</p><table><tr><td>甲</td><td>乙</td></tr></table></td></tr>"
    assert html_blocks(tmp_path, text) == ("申报表", (("甲", "乙"),))


def test_a_table_inside_an_html_cell_follows_its_table(tmp_path: Path) -> None:
    inner = "<table><tr><td>一</td><td>二</td></tr></table>"
    text = f"<table><tr><td>成员</td><td>{inner}</td></tr></table><p>尾</p>"
    assert html_blocks(tmp_path, text) == ((("成员", "一\t二"),), (("一", "二"),), "尾")


@given(raw=st.binary(max_size=200), read=st.sampled_from([read_text, read_html]))
def test_any_bytes_are_read_or_empty(
    tmp_path_factory: pytest.TempPathFactory, raw: bytes, read: Reader
) -> None:
    path = tmp_path_factory.getbasetemp() / "any"
    path.write_bytes(raw)
    problem = None
    try:
        assert read(path, "").pages[0].blocks
    except ParseError as error:
        problem = error.problem
    assert problem in {None, Problem.EMPTY}


def archived(folder: Path, *parts: bytes) -> tuple[Block, ...]:
    """Read a web archive of these parts, each with its own headers."""
    head = b'MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary="b"\r\n\r\n'
    path = folder / "a.doc"
    path.write_bytes(head + b"".join(b"--b\r\n" + part + b"\r\n" for part in parts) + b"--b--\r\n")
    (page,) = read_web_archive(path, "multipart/related").pages
    return page.blocks


def test_a_web_archive_gives_the_text_of_its_page(tmp_path: Path) -> None:
    picture = b"Content-Type: image/gif\r\n\r\nGIF89a"
    page = (
        b'Content-Type: text/html; charset="gb2312"\r\nContent-Transfer-Encoding: quoted-printable'
        b"\r\n\r\n<p>=D5=C2=B3=CC</p><table><tr><td>=C1=AA=CF=B5=C8=CB<td>=\r\n=BC=D7</table>"
    )
    assert archived(tmp_path, picture, page) == ("章程", (("联系人", "甲"),))


def test_a_web_archive_without_a_page_is_damaged(tmp_path: Path) -> None:
    with pytest.raises(ParseError) as caught:
        archived(tmp_path, b"Content-Type: image/gif\r\n\r\nGIF89a")
    assert caught.value.problem is Problem.DAMAGED
