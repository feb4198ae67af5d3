"""Chinese text out of every encoding that mail carries it in."""

from __future__ import annotations

import base64
import email
import email.policy
import itertools
import quopri
import re
from collections.abc import Callable

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


@pytest.mark.parametrize(
    "text", ["café", "Caféteria", "résumé.doc", "Société générale", "Über uns", "El Niño, ñandú"]
)
def test_raw_latin_words_are_not_taken_for_chinese(text: str) -> None:
    assert decode_header(text.encode("latin-1")) == text
    assert decode_text(f"Re: {text}\r\n".encode("cp1252")) == f"Re: {text}\r\n"


@pytest.mark.parametrize(
    "text", ["镕", "v2版", "word格式", "朱镕.doc", "abc的", "e镕e.doc", "Re: 镕", "pdf版及word版"]
)
def test_chinese_beside_latin_words_stays_chinese(text: str) -> None:
    assert decode_header(text.encode("gbk")) == text


# Everyday characters of the mainland and of Taiwan, characters beyond GB 2312 and beyond GBK,
# and what stands between them in file names.
EVERYDAY = bytes(
    each for high in range(0xB0, 0xD7) for low in range(0xA1, 0xFF) for each in (high, low)
).decode("gb2312", "ignore")
TAIWAN = bytes(
    each for high in range(0xA4, 0xC6) for low in range(0xA1, 0xFF) for each in (high, low)
).decode("big5", "ignore")
PLAIN = "0123456789abcXYZ ()（）-_—《》、·."
hanzi = st.one_of(
    st.sampled_from(EVERYDAY), st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5)
)
beyond = st.characters(
    min_codepoint=0x3400,
    max_codepoint=0x2FFFF,
    exclude_categories=("C", "Z"),
    exclude_characters="\ufffd",
)


def names_of(*characters: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """File names of such characters, with blanks only inside."""
    text = st.text(st.one_of(*characters, st.sampled_from(PLAIN)), min_size=1, max_size=40)
    kept = text.map(lambda name: " ".join(name.split())).filter(lambda name: not name.isascii())
    return kept.map(lambda name: f"{name}.docx")


any_name = names_of(hanzi, beyond)
island_name = names_of(st.sampled_from(TAIWAN))
usual_name = st.text(st.sampled_from(EVERYDAY), min_size=3, max_size=30).map("{}.docx".format)
labels = st.sampled_from(["gb2312", "GBK", "gb18030", "x-gbk", "cp936"])
cuts = st.lists(st.integers(min_value=1, max_value=200), max_size=4)


def pieces(raw: bytes, at: list[int]) -> list[bytes]:
    """Cut bytes anywhere, also inside a character."""
    places = [0, *sorted({each % len(raw) for each in at} - {0}), len(raw)]
    return [raw[start:end] for start, end in itertools.pairwise(places)]


def b_word(raw: bytes, label: str) -> str:
    return f"=?{label}?B?{base64.b64encode(raw).decode()}?="


def q_word(raw: bytes, label: str) -> str:
    return f"=?{label}?Q?{''.join(f'={each:02X}' for each in raw)}?="


def percent(raw: bytes) -> str:
    return "".join(f"%{each:02X}" for each in raw)


def repaired_name(headers: str | bytes) -> str:
    """The name as a mail's headers give it, after they were repaired."""
    raw = headers.encode() if isinstance(headers, str) else headers
    message = email.message_from_bytes(repair_headers(raw + b"\r\n"))
    return file_name(message["content-disposition"] or "", message["content-type"] or "")


CHARSETS = st.one_of(
    st.tuples(any_name, st.just("utf-8"), st.just("utf-8")),
    st.tuples(any_name, st.just("gb18030"), labels),
    st.tuples(island_name, st.just("big5"), st.sampled_from(["big5", "Big5-HKSCS", "cp950"])),
)


@given(CHARSETS, cuts, st.sampled_from([b_word, q_word]), st.sampled_from(["\r\n ", " ", "\r\n\t"]))
def test_any_name_survives_encoded_words_split_anywhere(
    named: tuple[str, str, str], at: list[int], word_of: Callable[[bytes, str], str], fold: str
) -> None:
    name, charset, label = named
    words = fold.join(word_of(piece, label) for piece in pieces(name.encode(charset), at))
    assert decode_header(words) == name
    assert repaired_name(f'Content-Disposition: attachment;{fold}filename="{words}"') == name
    assert repaired_name(f'Content-Type: application/octet-stream; name="{words}"') == name


@given(CHARSETS, cuts, st.booleans())
def test_any_name_survives_rfc_2231_whole_and_in_sections(
    named: tuple[str, str, str],
    at: list[int],
    mixed: bool,  # noqa: FBT001 - drawn
) -> None:
    name, charset, label = named
    parts = pieces(name.encode(charset), at)
    sections = [f"filename*{n}*={percent(part)}" for n, part in enumerate(parts)]
    sections[0] = f"filename*0*={label}''{percent(parts[0])}"
    if mixed:  # the last section is plain ASCII in quotes
        sections.append(f'filename*{len(sections)}=" (2).docx"')
    told = "Content-Disposition: attachment;\r\n " + ";\r\n ".join(sections)
    assert repaired_name(told) == name + (" (2).docx" if mixed else "")
    whole = f"filename*={label}''{percent(name.encode(charset))}"
    assert repaired_name(f"Content-Disposition: attachment; {whole}") == name
    both = f'Content-Disposition: attachment; filename="_____.docx"; {whole}'
    assert repaired_name(both) == name


@given(st.one_of(usual_name, any_name), st.sampled_from(["utf-8", "gb18030"]), st.booleans())
def test_any_name_survives_raw(name: str, charset: str, quoted: bool) -> None:  # noqa: FBT001 - drawn
    raw = name.encode(charset)
    if charset == "gb18030" and (utf8_too(raw) or more_like_big5(raw)):
        return  # no reader can tell
    if charset == "utf-8" and len(lone_pairs(raw)) == len(name) - sum(map(str.isascii, name)):
        return  # nor of accents and dots alone: each is a Chinese character in GBK
    told = b'"' + raw + b'"' if quoted else raw
    assert repaired_name(b"Content-Disposition: attachment; filename=" + told) == name
    assert repaired_name(b"Content-Type: application/msword; name=" + told) == name
    assert decode_header(raw) == name


def lone_pairs(raw: bytes) -> list[bytes]:
    """Return what UTF-8 writes in two bytes, not beside another such."""
    return re.findall(rb"(?<![\x80-\xff])[\xc2-\xdf][\x80-\xbf](?![\x80-\xff])", raw)


def utf8_too(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def more_like_big5(raw: bytes) -> bool:
    """Tell whether GBK bytes are everyday Big5 as well: a name of rare characters only."""
    return decode_text(raw) == raw.decode("big5", "ignore") != raw.decode("gb18030")


@given(usual_name)
def test_a_name_of_everyday_characters_survives_raw_gbk_without_exception(name: str) -> None:
    assert decode_header(name.encode("gb18030")) == name


@given(any_name, any_name, labels)
def test_filename_wins_over_name_unless_it_was_lost(name: str, other: str, label: str) -> None:
    type_ = f'Content-Type: application/msword; name="{b_word(other.encode("gb18030"), label)}"\r\n'
    told = type_ + f"Content-Disposition: attachment; filename*=utf-8''{percent(name.encode())}"
    assert repaired_name(told) == name
    for lost in ("????.docx", "=?gb2312?B?xP/////=?=.docx"):
        told = type_ + f'Content-Disposition: attachment; filename="{lost}"'
        assert repaired_name(told) == other


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


@given(
    st.lists(
        st.sampled_from([
            b"Subject: a", b"From: ", b"Content-Type: a/b; name=", b"\r\n", b"\n", b"\r", b" ", b"\t", b"\0",
            b"\x0b", b"\x0c", b"\x1c", b"\x85", b"\xff\xfe", b"\xe5\xb9\xbf", b"\xb9\xe3", b"=?gbk?B?DQo6?=", b":", b'"', b"\\", b"<a@b>",
            b"=?utf-8?Q?=0A?=", b"x",
        ])
    ).map(b"".join)
)  # fmt: skip
def test_no_repaired_header_holds_another(block: bytes) -> None:
    repaired = repair_headers(block)
    assert repaired.isascii()
    for line in repaired.removesuffix(b"\r\n").split(b"\r\n") if repaired else []:
        assert re.match(rb"[!-9;-~]+:|[ \t]", line), (line, repaired)
        assert b"\n" not in line
        assert b"\r" not in line
