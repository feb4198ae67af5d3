"""Links to large files, in mails as the providers write them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.limits import Limits
from parsers.links import expires_at, find_links, never_expires
from parsers.mailtext import html_text
from parsers.message import read_message
from parsers.submission import Link

QQ = "http://mail.qq.com/cgi-bin/ftnExs_download?t=exs_ftn_download&k=7d36&code=7684decd"
QQ_NEW = "https://wx.mail.qq.com/ftn/download?func=3&key=9d99e661d02a&code=bffa6c29&k=9d99e661d02a"
NETEASE = "https://mail.163.com/large-attachment-download/index.html?p=djAyZG1meTh2"
DASHI = "https://dashi.163.com/html/cloud-attachment-download/?key=c2Zk"
TIANYI = "https://download.cloud.189.cn/file/downloadFile.action?dt=51&expired=1467708120000&fid=12"

QQ_BLOCK = f"""<div>各位老师：材料见附件。</div>
<div style="padding:10px 0;font-size:12px;"><div class="bigatt_title">从QQ邮箱发来的超大附件</div>
<div title="申报材料.rar&#10;&#13;文件大小：120.5M&#10;&#13;到期时间：2016年07月05日 16:42" class="bigatt_bt">
<div style="float:left"><a target="_blank" href="{QQ.replace("&", "&amp;")}"><img src="x.gif"></a>
</div><div class="name_big"><span class='qqmailbgattach' expiretime="1467708120">
<a target="_blank" href="{QQ.replace("&", "&amp;")}">申报材料.rar</a>
<span style="color:#A0A0A0;"> (120.5M, 2016年07月05日 16:42 到期)</span></span>
<div class="down_big"><a target="_blank" href="{QQ.replace("&", "&amp;")}">进入下载页面</a>
<span style="display:none;">：{QQ.replace("&", "&amp;")}</span></div></div></div></div>"""

NETEASE_BLOCK = f"""<div id="divNeteaseBigAttach"><div><b>从网易163邮箱发来的超大附件</b>
<a class="bigattach-mailmaster-download" href="http://u.163.com/RcUwvU56g">推荐客户端极速下载</a></div>
<div><div style="clear:both;height:36px;padding:6px 4px">
<div><a href="{NETEASE}"><img src="x.png"></a></div><div><div>
<a href="{NETEASE}" download="{NETEASE}" filename="组建协议（盖章）.pdf">组建协议（盖章）.pdf</a>
<span style="color:#bbb"> (80.96M, 2016年6月17日 0:49 到期)</span></div>
<div><a href="{NETEASE}">下载</a></div></div></div></div></div>"""


def of_html(html: str) -> tuple[Link, ...]:
    return find_links(html_text(html))


def told(links: tuple[Link, ...]) -> list[tuple[str, str, str, str, str]]:
    return [(each.provider, each.name, each.size, each.expires, each.code) for each in links]


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        (QQ_BLOCK, ("QQ邮箱", "申报材料.rar", "120.5M", "2016年07月05日 16:42", "")),
        (
            QQ_BLOCK.replace("2016年07月05日 16:42 到期", "无限期").replace("1467708120", "-1"),
            ("QQ邮箱", "申报材料.rar", "120.5M", "无限期", ""),
        ),
        (
            QQ_BLOCK.replace(" (120.5M, 2016年07月05日 16:42 到期)", ""),
            ("QQ邮箱", "申报材料.rar", "120.5M", "2016年07月05日 16:42", ""),
        ),
        (
            f"<span expiretime='1467708120'><a href='{QQ}'>申报材料.rar</a></span>",
            ("QQ邮箱", "申报材料.rar", "", "2016年07月05日 16:42", ""),
        ),
        (
            NETEASE_BLOCK,
            ("网易邮箱", "组建协议（盖章）.pdf", "80.96M", "2016年6月17日 0:49", ""),
        ),
        (
            (
                f"<a href='{NETEASE}' filename='方案.wps' filesize='5901772' "
                "expiretime='1467708120423'><img src='x.png'></a>"
            ),
            ("网易邮箱", "方案.wps", "5.6M", "2016年07月05日 16:42", ""),
        ),
        (
            f"<div><a href='{DASHI}'>申报材料</a> (3.2G, 15天后到期)</div>",
            ("网易邮箱", "申报材料", "3.2G", "15天", ""),
        ),
        (
            f"<div style='clear:both'><a href='{TIANYI}'>章程.docx</a></div>",
            ("189邮箱", "章程.docx", "", "2016年07月05日 16:42", ""),
        ),
        (
            "<p>材料：<a href='https://www.alipan.com/s/Ab12cd'>阿里云盘分享</a> 提取码: 8xk2</p>",
            ("阿里云盘", "", "", "", "8xk2"),
        ),
    ],
)
def test_a_link_in_the_html_of_its_provider_is_told_whole(
    html: str, expected: tuple[str, ...]
) -> None:
    assert told(of_html(html)) == [expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            f"从QQ邮箱发来的超大附件\n\n申报材料 (128.03M, 2016年06月27日 21:59 到期)进入下载页面：{QQ}",
            ("QQ邮箱", "申报材料", "128.03M", "2016年06月27日 21:59", ""),
        ),
        (
            f"从腾讯企业邮箱发来的超大附件\n1.材料.zip(65.38M, 2016年06月27日 21:59 到期)\n{QQ_NEW}",
            ("QQ邮箱", "1.材料.zip", "65.38M", "2016年06月27日 21:59", ""),
        ),
        (
            (
                "通过网盘分享的文件：申报材料\n链接: https://pan.baidu.com/s/1vOtkLP8?pwd=q4mg 提取码: q4mg \n"
                "--来自百度网盘超级会员v6的分享"
            ),
            ("百度网盘", "申报材料", "", "", "q4mg"),
        ),
        (
            "链接：http://pan.baidu.com/s/1jIAAvrP 密码：6i5k，解压密码：123456",
            ("百度网盘", "", "", "", "6i5k"),
        ),
        (
            "百度网盘 pan.baidu.com/s/1jIAAvrP提取码6i5k（7天内有效）",
            ("百度网盘", "", "", "7天", "6i5k"),
        ),
        (
            "https://cloud.189.cn/t/IB3ieymQJ7re（访问码：uf34）",
            ("天翼云盘", "", "", "", "uf34"),
        ),
        (
            "我用微云分享了“组建方案.docx”，链接：https://share.weiyun.com/55sZyIx 密码：abcd",
            ("腾讯微云", "组建方案.docx", "", "", "abcd"),
        ),
        (
            "「申报材料.zip」，点击链接保存 https://www.aliyundrive.com/s/Ab12cd 有效期：30天",
            ("阿里云盘", "申报材料.zip", "", "30天", ""),
        ),
        (
            "123网盘：https://www.123pan.com/s/Z8ArVv-PG60d.html提取码:Gi1Z",
            ("123云盘", "", "", "", "Gi1Z"),
        ),
        (
            (
                "https://edisk.qiye.163.com/api/biz/attachment/download?identity=77\n"
                "协议.pdf 12.5M | 过期时间：2016年8月4日 23:48"
            ),
            ("网易企业邮箱", "协议.pdf", "12.5M", "2016年8月4日 23:48", ""),
        ),
    ],
)
def test_a_link_in_plain_text_is_told_whole(text: str, expected: tuple[str, ...]) -> None:
    assert told(find_links(text)) == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "https://dashi.163.com/projects/signature-manager/detail/index.html?ftlId=1&name=x",
        "请登录 https://mail.163.com/ 或 https://mail.qq.com/ 查收",
        "https://pan.baidu.com/disk/home",
        "https://www.example.com/large-attachment-download/a.zip",
        "mailto:a@mail.qq.com/ftn",
        "http://u.163.com/RcUwvU56g?spm=pos.free_webmail",
        "https://evilpan.baidu.com.example.com/s/1abc",
    ],
)
def test_an_address_that_holds_no_file_is_no_link(text: str) -> None:
    assert find_links(text) == ()
    assert of_html(f"<a href='{text}'>看</a>") == ()


def test_an_address_ends_where_its_provider_ends_it() -> None:
    (link,) = find_links("（https://pan.baidu.com/s/1abcDEF，提取码x1y2）。")
    assert (link.url, link.code) == ("https://pan.baidu.com/s/1abcDEF", "x1y2")
    (link,) = find_links("见pan.quark.cn/s/1a2B3c。")
    assert link.url == "https://pan.quark.cn/s/1a2B3c"


def test_a_code_is_no_size() -> None:
    for code in ("8k2d", "12kb"):
        (link,) = find_links(f"链接: https://pan.baidu.com/s/1abcDEF 提取码: {code}")
        assert (link.size, link.code) == ("", code)


def test_each_of_several_links_keeps_its_own_name_size_and_code() -> None:
    text = (
        "申报表.zip https://pan.baidu.com/s/1aaaa 提取码: aaaa\n"
        "组建方案.zip https://pan.baidu.com/s/1bbbb 提取码: bbbb\n"
        f"协议.rar (5M, 2016年6月9日 8:00 到期) {QQ}\n"
    )
    assert told(find_links(text)) == [
        ("百度网盘", "申报表.zip", "", "", "aaaa"),
        ("百度网盘", "组建方案.zip", "", "", "bbbb"),
        ("QQ邮箱", "协议.rar", "5M", "2016年6月9日 8:00", ""),
    ]


def test_both_forms_of_a_mail_tell_of_one_link(tmp_path: Path) -> None:
    head = "From: a@example.com\r\nSubject: x\r\nMIME-Version: 1.0\r\n"
    head += "Content-Type: multipart/alternative; boundary=b\r\n\r\n"
    plain = f"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{QQ}\r\n"
    html = f"--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{QQ_BLOCK}\r\n--b--\r\n"
    (tmp_path / "mail").write_bytes((head + plain + html).encode())
    (tmp_path / "work").mkdir()
    mail = read_message(tmp_path / "mail", tmp_path / "work", Limits())
    assert told(mail.links) == [("QQ邮箱", "申报材料.rar", "120.5M", "2016年07月05日 16:42", "")]


MAIL = datetime(2016, 6, 1, 2, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "at"),
    [
        ("2016年07月05日 16:42", datetime(2016, 7, 5, 8, 42, tzinfo=UTC)),
        ("2016年6月17日 0:49", datetime(2016, 6, 16, 16, 49, tzinfo=UTC)),
        ("2016-06-17 00:49:30", datetime(2016, 6, 16, 16, 49, 30, tzinfo=UTC)),
        ("2016/6/17", datetime(2016, 6, 17, 15, 59, 59, tzinfo=UTC)),
        ("7天", datetime(2016, 6, 8, 2, 0, tzinfo=UTC)),
        ("无限期", None),
        ("", None),
        ("2016年13月41日", None),
    ],
)
def test_an_expiry_is_a_moment_where_it_can_be_told(said: str, at: datetime | None) -> None:
    assert expires_at(said, MAIL) == at


def test_a_link_without_end_is_known() -> None:
    assert never_expires("无限期")
    assert not never_expires("7天")
    assert not never_expires("")


@given(st.text(max_size=200), st.sampled_from([QQ, NETEASE, "pan.baidu.com/s/1a", ""]))
def test_any_text_gives_links_whose_addresses_stand_in_it(text: str, url: str) -> None:
    for link in find_links(f"{text}{url}{text}"):
        assert link.url.removeprefix("https://") in f"{text}{url}{text}"
        assert expires_at(link.expires, MAIL) is None or link.expires
