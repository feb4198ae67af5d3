"""Chinese text out of every encoding that mail carries it in."""

from __future__ import annotations

import base64
import email
import email.policy
import quopri
from email.header import Header
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.charsets import (
    codec_of,
    decode_header,
    decode_text,
    encoded_words,
    file_name,
    header_parameters,
    repair_headers,
)

NAME = "广东省石墨烯产业技术创新联盟"
# 镕, 喆 and 堃 are in GBK but not in GB 2312; 𠮷 only in GB18030.
RARE = "朱镕喆堃𠮷"


def word(text: str, charset: str, label: str | None = None) -> str:
    return f"=?{label or charset}?B?{base64.b64encode(text.encode(charset)).decode()}?="


@pytest.mark.parametrize("label", ["gb2312", "GBK", "cp936", "x-gbk", "GB_2312-80", "gb18030"])
def test_every_label_of_the_mainland_is_read_as_gb18030(label: str) -> None:
    assert codec_of(label) == "gb18030"
    assert decode_text(RARE.encode("gb18030"), label) == RARE


@pytest.mark.parametrize("label", ["rot13", "zlib", "idna", "punycode", "unicode_escape", "\0", ""])
def test_codecs_that_are_no_charset_are_not_used(label: str) -> None:
    assert codec_of(label) is None
    assert decode_text(NAME.encode(), label) == NAME


@pytest.mark.parametrize("charset", ["utf-8", "gb18030", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("label", ["", "nonsense", "us-ascii"])
def test_text_without_a_usable_label_is_recognised(charset: str, label: str) -> None:
    assert decode_text(NAME.encode(charset), label).lstrip("\ufeff") == NAME


def test_gbk_named_latin_or_utf8_is_recognised() -> None:
    assert decode_text(NAME.encode("gbk"), "iso-8859-1") == NAME
    assert decode_text(NAME.encode("gbk"), "utf-8") == NAME
    assert decode_text("café crème".encode("latin-1"), "iso-8859-1") == "café crème"


def test_big5_is_recognised_without_a_label() -> None:
    text = "廣東省石墨烯產業技術創新聯盟申請資料"
    assert decode_text(text.encode("big5")) == text


def test_undecodable_bytes_are_marked_and_the_rest_kept() -> None:
    assert decode_text(NAME.encode("gbk") + b"\xff", "gb2312") == NAME + "\ufffd"


@given(st.binary(), st.text(max_size=20))
def test_decoding_never_raises_and_never_gives_half_characters(raw: bytes, label: str) -> None:
    decode_text(raw, label).encode("utf-8")
    decode_header(raw).encode("utf-8")


@pytest.mark.parametrize("charset", ["utf-8", "gb2312", "gbk", "gb18030", "big5"])
def test_words_are_decoded(charset: str) -> None:
    text = "廣東省技術" if charset == "big5" else NAME
    assert decode_header(word(text, charset)) == text


def test_words_split_inside_a_character_are_joined() -> None:
    raw = NAME.encode("gbk")
    halves = (raw[:7], raw[7:])
    split = "\r\n ".join(f"=?gb2312?B?{base64.b64encode(half).decode()}?=" for half in halves)
    assert decode_header(split) == NAME
    quoted = "\r\n ".join(f"=?GB2312?Q?{quopri.encodestring(half).decode()}?=" for half in halves)
    assert decode_header(quoted) == NAME


def test_a_base64_stream_cut_anywhere_is_joined() -> None:
    stream = base64.b64encode(NAME.encode()).decode()
    assert decode_header(f"=?utf-8?B?{stream[:9]}?= =?utf-8?B?{stream[9:]}?=") == NAME


def test_characters_beyond_the_label_are_not_dropped() -> None:
    assert decode_header(word(RARE, "gb18030", "gb2312")) == RARE


def test_words_between_plain_text_keep_its_blanks() -> None:
    assert decode_header(f"Re: {word('申报', 'gbk')} 2016 {word('材料', 'utf-8')}") == (
        "Re: 申报 2016 材料"
    )


@pytest.mark.parametrize("charset", ["utf-8", "gbk"])
def test_raw_eight_bit_headers_are_decoded(charset: str) -> None:
    assert decode_header(f"申报材料 {NAME}".encode(charset)) == f"申报材料 {NAME}"


def test_a_decoded_line_break_cannot_start_another_header() -> None:
    assert decode_header(word("甲\r\nBcc: a@example.com", "utf-8")) == "甲 Bcc: a@example.com"


names = st.text(
    st.characters(min_codepoint=0x21, max_codepoint=0x9FA5, exclude_categories=("C", "Z")),
    min_size=1,
    max_size=40,
).filter(lambda name: not set(name) & set('/\\"') and "=?" not in name)
hanzi = st.text(
    st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=2, max_size=30
).map(lambda name: name + ".docx")


@given(names)
def test_any_name_survives_rfc_2231_in_utf8(name: str) -> None:
    assert file_name(f"attachment; filename*=utf-8''{quote(name, safe='')}", "") == name


@given(hanzi, st.sampled_from(["gb2312", "GBK", "gb18030"]))
def test_any_chinese_name_survives_each_encoding_of_gbk(name: str, label: str) -> None:
    raw = name.encode("gb18030")
    coded = quote(raw, safe="")
    cut = coded.rindex("%", 0, len(coded) // 2)
    parts = f"attachment; filename*0*={label}''{coded[:cut]};\r\n filename*1*={coded[cut:]}"
    assert file_name(f"attachment; filename*={label}''{coded}", "") == name
    assert file_name(parts, "") == name
    assert file_name(f'attachment; filename="{word(name, "gb18030", label)}"', "") == name


@given(hanzi)
def test_any_chinese_name_survives_raw_and_folded(name: str) -> None:
    for charset in ("utf-8", "gb18030"):
        block = b'Content-Disposition: attachment; filename="' + name.encode(charset) + b'"\r\n'
        repaired = email.message_from_bytes(repair_headers(block))
        # Two raw characters of GBK may be the bytes of others in UTF-8: no reader can tell.
        if decode_text(name.encode(charset)) == name:
            assert file_name(repaired["content-disposition"], "") == name
    words = Header(name, "utf-8", maxlinelen=40).encode()
    assert file_name(f'attachment; filename="{words}"', "") == name


def test_a_name_in_sections_may_hold_encoded_words() -> None:
    coded = word("组建协议.docx", "gbk")
    value = f'attachment; filename*0="{coded[:12]}"; filename*1="{coded[12:]}"'
    assert file_name(value, "") == "组建协议.docx"


def test_the_undamaged_of_two_names_wins() -> None:
    assert (
        file_name('attachment; filename="\ufffd\ufffd.doc"', 'a/b; name="章程.doc"') == "章程.doc"
    )
    assert file_name("attachment", 'a/b; name="章程.doc"') == "章程.doc"


def test_a_name_keeps_no_folder_and_no_control_character() -> None:
    assert file_name('attachment; filename="../../etc/协\x00议\u202e.doc"', "") == "协议.doc"
    assert file_name(r'attachment; filename="C:\文件\协议.doc"', "") == "协议.doc"


def test_unquoted_names_may_contain_blanks() -> None:
    assert header_parameters("attachment; filename=组建 协议.doc; size=3") == {
        "filename": "组建 协议.doc",
        "size": "3",
    }


def test_a_gbk_character_ending_in_a_backslash_byte_stays_whole() -> None:
    name = "組乗乚.doc"  # 乗 and 乚 end in 0x5c
    block = b'Content-Type: application/msword; name="' + "乗乚組.doc".encode("gbk") + b'"\r\n'
    assert b"\\" in block
    repaired = email.message_from_bytes(repair_headers(block))
    assert file_name("", repaired["content-type"]) == "乗乚組.doc" != name


def test_repaired_headers_are_ascii_and_read_right_by_any_parser() -> None:
    block = (
        b"Subject: " + NAME.encode("gbk") + b"\r\n"
        b'From: "' + "科研处".encode("gbk") + b'" <office@example.com>\r\n'
        b'To: "' + word("收件人", "gb2312").encode() + b'"<intake@example.org>\r\n'
        b"X-Plain: kept\r\n as it is\r\n"
        b"Content-Type: text/plain; charset=gb2312\r\n"
    )
    repaired = repair_headers(block)
    assert repaired.isascii()
    message = email.message_from_bytes(repaired, policy=email.policy.default)
    assert message["subject"] == NAME
    assert message["from"].addresses[0].display_name == "科研处"
    assert message["to"].addresses[0].display_name == "收件人"
    assert message["to"].addresses[0].addr_spec == "intake@example.org"
    assert message.get_content_charset() == "gb18030"
    assert message["x-plain"].split() == ["kept", "as", "it", "is"]


@given(st.text(max_size=200))
def test_encoded_words_give_back_what_went_in(text: str) -> None:
    clean = decode_header(text.encode("utf-8", "ignore"))
    assert decode_header(encoded_words(clean)) == clean
    assert all(len(line) <= 76 for line in encoded_words(clean).split("\r\n") if "=?" in line)
