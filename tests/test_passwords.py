"""Passwords as they stand in mails."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.passwords import MOST_CANDIDATES, find_passwords


@pytest.mark.parametrize(
    ("text", "password"),
    [
        ("附件已加密，密码：1234。", "1234"),
        ("解压密码 abc", "abc"),
        ("密码为gd2016@kjt，请查收", "gd2016@kjt"),
        ("压缩包密码是：“Ab,12”", "Ab,12"),
        ("解压密码均为 联盟申报 ，谢谢", "联盟申报"),
        ("密 码:１２３４", "1234"),
        ("密码（8888）", "8888"),
        ("材料(密码1234)", "1234"),
        ("Password: s3cret.", "s3cret"),
        ("the password is s3cret", "s3cret"),
        ("pwd=xyz", "xyz"),
        ("口令：xyz;另附清单", "xyz"),
        ("打开密码\n20160601", "20160601"),
        ("解压密码：1234（数字）", "1234"),
        ("解压密码：联盟lm2016，谢谢", "联盟lm2016"),
        ("密码：lm联盟2016。", "lm联盟2016"),
        ("密码为1234请查收", "1234"),
        ("解压码：8888", "8888"),
        ("密码（统一）：88888888", "88888888"),
        ("密码（8位）为12345678", "12345678"),
        ("解压密码见下：\n1234", "1234"),
        ("密碼：gd2016", "gd2016"),
    ],
)
def test_a_password_is_found(text: str, password: str) -> None:
    assert password in find_passwords([text])


@pytest.mark.parametrize(
    "text", ["", "请查收。", "密码见下封邮件", "密码另行告知，谢谢", "提取码：abcd"]
)
def test_no_password_is_found(text: str) -> None:
    assert find_passwords([text]) == ()


def test_the_texts_given_first_are_tried_first_and_few_at_all() -> None:
    texts = [f"密码：{number}" for number in range(50)]
    assert find_passwords(texts) == tuple(map(str, range(MOST_CANDIDATES)))


@given(st.text())
def test_any_text_gives_few_passwords(text: str) -> None:
    assert len(find_passwords([text, "密码：" + text])) <= MOST_CANDIDATES
