"""The samples are sound: the demo and many tests stand on them."""

import io
import re
import sys
import zipfile
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import docx
import pypdfium2
import pytest
import python_calamine
from hypothesis import given
from hypothesis import strategies as st
from pdfminer.high_level import extract_text

from config.call import Call, load_calls
from ingest.samples.alliances import body_check, check_character, make_alliance
from ingest.samples.documents import (
    Draft,
    as_docx,
    as_pdf,
    as_scan,
    as_text,
    blank_contact,
    differing_name,
    make_drafts,
    make_files,
    placeholder_left,
    without_document,
    without_experts,
    without_member,
    without_province,
    without_risk,
)
from ingest.samples.draft import STYLES, chinese
from ingest.samples.mails import Client, Names, make_mail, make_zip
from ingest.samples.places import PLACES
from ingest.samples.register import DateStyle, make_register, paper_of
from ingest.samples.rendering import SamplesUnavailableError
from ingest.samples.story import (
    SampleMail,
    demo_mails,
    demo_register,
    write_demo_register,
)
from parsers.submission import Address

NOW = datetime(2016, 5, 31, 8, 42, tzinfo=UTC)


@pytest.fixture(scope="module")
def call() -> Call:
    return load_calls()["guangdong-alliance-2016"]


@pytest.fixture(scope="module")
def story() -> list[SampleMail]:
    return list(demo_mails(NOW))


def squeezed(text: str) -> str:
    return re.sub(r"\s", "", text)


def whole_text(draft: Draft) -> str:
    return squeezed("".join(draft.texts()))


def docx_text(content: bytes) -> str:
    body = docx.Document(io.BytesIO(content)).element.body
    return squeezed("".join(node.text or "" for node in body.iter() if node.tag.endswith("}t")))


def pdf_text(content: bytes) -> str:
    text = extract_text(io.BytesIO(content))
    return squeezed(re.sub(r"- \d+ -", "", text))


def opened(raw: bytes) -> EmailMessage:
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def test_check_characters_are_those_of_known_codes() -> None:
    for code in ("91110000600037341L", "91110108551385082Q", "91430111MA4L16JQ9B"):
        assert check_character(code[:17]) == code[17]
        assert body_check(code[8:16]) == code[16]


@given(st.integers(min_value=0, max_value=5279))
def test_every_member_has_a_valid_code_and_a_name_of_its_own(seed: int) -> None:
    members = make_alliance(seed).members
    assert len({member.name for member in members}) == len(members)
    for member in members:
        assert len(member.code) == 18
        assert check_character(member.code[:17]) == member.code[17]
        assert body_check(member.code[8:16]) == member.code[16]


@given(st.integers(min_value=0, max_value=5279))
def test_every_alliance_is_one_that_the_notice_allows(seed: int) -> None:
    alliance = make_alliance(seed)
    kinds = Counter(member.kind for member in alliance.members)
    place = next(place for place in PLACES if place.name == alliance.place)
    assert re.search(r"^广东省.+产业技术创新联盟$", alliance.name)
    assert kinds["enterprise"] >= 2
    assert kinds["research"] >= 2
    assert alliance.recommender == place.bureau
    assert alliance.members[0].name == alliance.secretariat
    assert re.search(r"@[\w.]+\.example\.(com|org|net)$", alliance.email)
    assert re.search(r"^0\d{2,3}-0000\d{4}$", alliance.phone)


def test_alliances_are_the_same_each_time_and_differ_in_name() -> None:
    assert make_alliance(7) == make_alliance(7)
    assert len({make_alliance(seed).name for seed in range(1000)}) == 1000


def test_one_university_has_one_code_in_all_alliances() -> None:
    codes: dict[str, set[str]] = {}
    for seed in range(200):
        for member in make_alliance(seed).members:
            if member.nature == "高校":
                codes.setdefault(member.name, set()).add(member.code)
    assert all(len(found) == 1 for found in codes.values())


def test_numbers_are_written_in_chinese() -> None:
    assert [chinese(n) for n in (1, 10, 11, 20, 34)] == ["一", "十", "十一", "二十", "三十四"]


@pytest.mark.parametrize("seed", range(len(STYLES)))
def test_docx_pdf_and_text_say_the_same(seed: int) -> None:
    for draft in make_drafts(make_alliance(seed)):
        expected = whole_text(draft)
        assert docx_text(as_docx(draft)) == expected
        assert squeezed(as_text(draft).decode()) == expected
        # Cells stand beside each other in a PDF, so only what is said can be compared there.
        assert Counter(pdf_text(as_pdf(draft))) == Counter(expected)


def test_files_are_the_same_bytes_each_time() -> None:
    drafts = make_drafts(make_alliance(2))
    for render in (as_docx, as_pdf, as_text):
        assert [render(draft) for draft in drafts] == [render(draft) for draft in drafts]


def test_the_form_in_word_has_merged_cells() -> None:
    form = make_drafts(make_alliance(0))[0]
    tables = docx.Document(io.BytesIO(as_docx(form))).tables
    first = tables[0].rows[0].cells
    assert first[1]._tc is first[3]._tc  # noqa: SLF001 - python-docx shows merging in no other way


def test_a_missing_library_is_named_with_the_extra_that_brings_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    draft = make_drafts(make_alliance(0))[2]
    monkeypatch.setitem(sys.modules, "docx", None)
    monkeypatch.setitem(sys.modules, "reportlab.lib.pagesizes", None)
    for render, library in ((as_docx, "python-docx"), (as_pdf, "reportlab")):
        with pytest.raises(SamplesUnavailableError, match=rf"{library}.*\[demo\]"):
            render(draft)


def test_a_scan_has_pictures_and_no_text() -> None:
    content = as_scan(make_drafts(make_alliance(1))[2])
    with pypdfium2.PdfDocument(content) as pdf:
        assert len(pdf) >= 3
        assert not any(page.get_textpage().get_text_bounded().strip() for page in pdf)


def test_clean_drafts_hold_every_clause_that_the_call_asks_for(call: Call) -> None:
    for seed in range(len(STYLES)):
        drafts = {draft.kind: whole_text(draft) for draft in make_drafts(make_alliance(seed))}
        for check in call.checks:
            if check.rule == "clause":
                text = drafts[check.document]  # type: ignore[index] # the call's own document ids
                assert any(word in text for word in (*check.headings, *check.words)), check.id


def test_clean_drafts_hold_nothing_that_looks_unfinished(call: Call) -> None:
    for seed in range(40):
        for draft in make_drafts(make_alliance(seed)):
            text = "\n".join(draft.texts())
            assert not [word for word in call.placeholders.words if word in text]
            assert not [one for one in call.placeholders.patterns if re.search(one, text)]


def test_without_document_leaves_three() -> None:
    drafts = make_drafts(make_alliance(3), without_document("charter"))
    assert [draft.kind for draft in drafts] == ["form", "plan", "agreement"]


def test_without_risk_the_agreement_never_speaks_of_it(call: Call) -> None:
    check = next(check for check in call.checks if check.id == "agreement.risk")
    bare = whole_text(make_drafts(make_alliance(4), without_risk())[3])
    with_breach = whole_text(make_drafts(make_alliance(4), without_risk(keep_breach=True))[3])
    assert "风险" not in bare + with_breach
    assert not [word for word in check.weak if word in bare]
    assert "违约责任" in with_breach


@pytest.mark.parametrize("seed", range(len(STYLES)))
def test_without_experts_no_document_speaks_of_them(seed: int, call: Call) -> None:
    check = next(check for check in call.checks if check.id == "plan.experts")
    for draft in make_drafts(make_alliance(seed), without_experts()):
        assert not [word for word in (*check.headings, *check.words) if word in whole_text(draft)]


def test_without_province_the_name_is_the_same_in_all_documents() -> None:
    alliance = make_alliance(5)
    drafts = make_drafts(alliance, without_province())
    assert {draft.alliance for draft in drafts} == {alliance.name.replace("广东省", "广东", 1)}
    assert not [draft for draft in drafts if alliance.name in whole_text(draft)]


def test_a_differing_name_stands_in_one_document_only() -> None:
    alliance = make_alliance(5)
    drafts = make_drafts(alliance, differing_name("plan"))
    assert [draft.alliance == alliance.name for draft in drafts] == [True, False, True, True]
    assert alliance.name not in whole_text(drafts[1])


@pytest.mark.parametrize("seed", range(len(STYLES)))
def test_a_member_can_be_left_out_of_the_agreement(seed: int) -> None:
    alliance = make_alliance(seed)
    name = alliance.members[-1].name
    drafts = make_drafts(alliance, without_member(name))
    assert [name in whole_text(draft) for draft in drafts if draft.kind != "charter"] == [
        True,
        True,
        False,
    ]


@pytest.mark.parametrize("seed", range(len(STYLES)))
def test_a_blank_contact_leaves_the_label_and_no_office(seed: int) -> None:
    alliance = make_alliance(seed)
    style = STYLES[seed]
    form = make_drafts(alliance, blank_contact())[0]
    assert alliance.contact not in whole_text(form)
    assert any(style.label("联系人") in text for text in form.texts())


@pytest.mark.parametrize("kind", ["form", "plan", "charter", "agreement"])
def test_a_placeholder_can_be_left_in_any_document(kind: str) -> None:
    drafts = make_drafts(make_alliance(1), placeholder_left(kind))  # type: ignore[arg-type] # from the list above
    assert [draft.kind for draft in drafts if "XX万元" in whole_text(draft)] == [kind]


@pytest.mark.parametrize("client", ["qq", "163", "foxmail"])
@pytest.mark.parametrize("names", ["rfc2047", "rfc2231", "both"])
def test_mails_carry_subject_text_and_chinese_file_names(client: Client, names: Names) -> None:
    files = make_files(make_drafts(make_alliance(6)), "txt")
    raw = make_mail(
        sender=Address(address="kjc@org.example.org", name="科研管理办公室"),
        subject="广东省海洋工程装备产业技术创新联盟申报材料（电子版，共四个文件）",
        text="您好！\n请查收。",
        at=NOW,
        files=files,
        client=client,
        names=names,
    )
    message = opened(raw)
    body = message.get_body(("plain",))
    assert message["Subject"] == "广东省海洋工程装备产业技术创新联盟申报材料（电子版，共四个文件）"
    assert message["Date"].datetime == NOW
    assert body is not None
    assert body.get_content().strip() == "您好！\n请查收。"
    found = [
        (part.get_filename(), part.get_payload(decode=True)) for part in message.iter_attachments()
    ]
    assert found == [(file.filename, file.content) for file in files]


@pytest.mark.parametrize("gbk", [True, False])
def test_zip_names_are_gbk_unless_asked_otherwise(*, gbk: bool) -> None:
    files = make_files(make_drafts(make_alliance(6)), "txt")
    content = make_zip({"材料": files}, gbk=gbk)
    with zipfile.ZipFile(io.BytesIO(content), metadata_encoding="gb18030") as archive:
        assert archive.namelist() == [f"材料/{file.filename}" for file in files]
        assert {bool(entry.flag_bits & 0x800) for entry in archive.infolist()} == {not gbk}
        assert archive.testzip() is None


def test_the_register_is_the_sheet_that_staff_keep(tmp_path: Path) -> None:
    alliance = make_alliance(9)
    path = tmp_path / "收件登记表.xlsx"
    styles: tuple[DateStyle, ...] = ("short", "chinese", "excel", "slashed")
    rows = [
        paper_of(alliance, register_no=str(n), received_on=date(2016, 5, 31), date_style=style)
        for n, style in enumerate(styles)
    ]
    make_register(rows, path)
    book = python_calamine.CalamineWorkbook.from_path(path)
    sheet = book.get_sheet_by_index(0)
    table = sheet.to_python()
    assert book.sheet_names == ["第一批", "第二批"]
    assert [row[2] for row in table[4:]] == [
        "5.31",
        "2016年5月31日",
        date(2016, 5, 31),
        "2016/5/31",
    ]
    assert table[4][15] == float(alliance.mobile)
    assert sheet.merged_cell_ranges


def test_the_story_is_told_the_same_way_each_time(story: list[SampleMail]) -> None:
    assert [mail.raw for mail in demo_mails(NOW)] == [mail.raw for mail in story]


def test_the_story_shows_every_status_and_fate(story: list[SampleMail]) -> None:
    assert len(story) >= 14
    assert {mail.fate for mail in story} == {
        "filed",
        "duplicate",
        "noted",
        "automatic",
        "unrelated",
    }
    assert {one.status for mail in story for one in mail.expected} == {
        "complete",
        "awaiting-paper",
        "incomplete",
        "in-review",
    }


def test_the_story_is_in_order_and_over_by_now(story: list[SampleMail]) -> None:
    times = [mail.at for mail in story]
    assert times == sorted(times)
    assert NOW - timedelta(hours=2) < times[0] < times[-1] <= NOW
    identifiers = [opened(mail.raw)["Message-ID"] for mail in story]
    assert len(set(identifiers)) == len(identifiers)


def test_the_thank_you_mail_answers_the_first_mail(story: list[SampleMail]) -> None:
    thanks = next(mail for mail in story if mail.fate == "noted")
    assert opened(thanks.raw)["In-Reply-To"] == opened(story[0].raw)["Message-ID"]


def test_the_same_files_come_twice_under_two_message_ids(story: list[SampleMail]) -> None:
    again = next(mail for mail in story if mail.fate == "duplicate")
    contents = [
        [part.get_payload(decode=True) for part in opened(mail.raw).iter_attachments()]
        for mail in (story[1], again)
    ]
    assert contents[0] == contents[1]


def test_both_dossiers_of_the_bureau_lie_in_its_area(story: list[SampleMail]) -> None:
    bureau = next(mail for mail in story if len(mail.expected) == 2)
    names = {one.name for one in bureau.expected}
    seen = {a.recommender for a in map(make_alliance, range(40)) if a.name in names}
    assert len(seen) == 1
    assert opened(bureau.raw)["From"].addresses[0].display_name in seen


def test_paper_is_on_record_for_all_that_should_be_complete(
    story: list[SampleMail],
    tmp_path: Path,
) -> None:
    rows = demo_register(NOW)
    registered = {row.name for row in rows}
    ends = {one.name: one for mail in story for one in mail.expected}
    assert {name for name, one in ends.items() if one.status == "complete"} <= registered
    assert not {name for name, one in ends.items() if one.status == "awaiting-paper"} & registered
    assert all(row.received_on < NOW.date() for row in rows)
    write_demo_register(NOW, tmp_path / "收件登记表.xlsx")
    book = python_calamine.CalamineWorkbook.from_path(tmp_path / "收件登记表.xlsx")
    filled = [
        row for name in book.sheet_names for row in book.get_sheet_by_name(name).to_python()[4:]
    ]
    assert len(filled) == len(rows)
