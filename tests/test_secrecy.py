"""What bears the mark of a state secret is neither filed nor answered: a person telephones."""

from __future__ import annotations

from dataclasses import replace

import pytest

from config.call import load_calls
from parsers.grouping import documents_in
from parsers.secrecy import secrecy_in
from parsers.submission import Document, File
from registry import decisions
from registry.rows import Fate
from tests.builders import Intake, document, dossier, understood
from tests.documents import by_the_book, printed


@pytest.mark.parametrize("text", ["机密★3年", "秘密 ★ 长期", "绝　密★", "（机密★）", "密级：秘密★"])
def test_a_mark_is_seen(text: str) -> None:
    assert secrecy_in(text)


@pytest.mark.parametrize(
    "text",
    [
        "密级：公开□ 秘密★□",
        "密级选择（绝密★、机密★、秘密★、公开）：公开",
        "技术秘密★",
        "企业秘密★3年",
        "商业 秘密★",
        "本项目不涉及秘密★",
        "商业秘密★",
        "商业秘密",
        "各方对技术秘密负有保密义务",
        "★★★★★",
        "机密文件应按规定管理",
    ],
)
def test_words_about_secrets_are_no_mark(text: str) -> None:
    assert not secrecy_in(text)


def marked_plan() -> Document:
    read = printed(["组建方案"], ["机密★5年", "第二页的内容"])
    file = File(path="方案.pdf", filename="方案.pdf", media_type="", size=1, sha256="plan")
    (found,) = documents_in(file, read, load_calls()["guangdong-alliance-2016"])
    return found


def test_the_page_of_the_mark_is_told() -> None:
    found = marked_plan()
    assert found.secrecy
    assert (found.secrecy.page, found.secrecy.quote) == (2, "机密★5年")


def test_clean_documents_bear_none() -> None:
    file = File(path="a", filename="a", media_type="", size=1, sha256="a")
    call = load_calls()["guangdong-alliance-2016"]
    read = [each for content in by_the_book() for each in documents_in(file, content, call)]
    assert [each.secrecy for each in read] == [None] * 4


def test_a_marked_document_sets_the_mail_aside_without_a_letter(intake: Intake) -> None:
    secret = replace(document("plan", path="方案.pdf"), secrecy=marked_plan().secrecy)
    mail = intake.post(dossier("", secret, document("form")))
    row = intake.mail(mail)
    assert row.fate is Fate.QUARANTINED
    assert row.reason.endswith("方案.pdf第2页")
    assert intake.numbers() == []
    assert intake.answer() == ()


def test_a_mark_in_the_mail_itself_counts_as_well(intake: Intake) -> None:
    mail = intake.post(dossier(), subject="报送材料（秘密★1年）")
    assert intake.mail(mail).fate is Fate.QUARANTINED


def test_a_person_may_still_assign_such_a_mail(intake: Intake) -> None:
    secret = replace(document("plan"), secrecy=marked_plan().secrecy)
    brought = dossier("", secret, document("form"))
    mail = intake.post(brought)
    with intake.registry.write() as connection:
        decisions.assign(connection, mail, "new", who="staff", now=intake.now)
    intake.file(mail, understood(brought))
    assert intake.mail(mail).fate is Fate.FILED
