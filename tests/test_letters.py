"""Letters: what they tell, what they never tell, and that nothing from outside can bend them."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.settings import Center
from registry.judge import basis_of, decided
from registry.routing import ASKED, FORGOTTEN
from registry.rows import (
    Case,
    Decision,
    DocumentState,
    DossierView,
    FiledDocument,
    Finding,
    Kind,
    LinkRow,
    Outcome,
    Status,
)
from reports.letters import Occasion, Rendered, edit_html, one_line, write_letter
from tests.sample_rows import (
    CALL,
    FOUR,
    NAME,
    NUMBER,
    RECEIVED,
    TODAY,
    TOPICS,
    ZONE,
    document,
    doubtful,
    mail,
    missing,
    paper,
    view,
)

REGISTER_DATE = date(2016, 6, 1)
NO_RECORD = missing("paper.record", "收件登记中尚未查到该件纸质材料")
PAPER_OK = tuple(
    Finding(id=f"paper.{each}", outcome=Outcome.OK)
    for each in ("record", "copies", "seals", "recommendation")
)
NOT_ACCEPTED = "不代表申请已受理"


def write(kind: Kind, *views: DossierView, **changes: object) -> Rendered:
    values: dict[str, Any] = {
        "notice": False,
        "mails": (mail(),),
        "calls": {each.row.number: CALL for each in views},
        "default_call": CALL,
        "register_date": REGISTER_DATE,
    }
    values.update(changes)
    center = values.pop("center", Center())
    if values["notice"]:
        values["mails"] = ()
    occasion = Occasion(kind=kind, dossiers=views, **values)
    return write_letter(occasion, center, ZONE, TODAY)


def acknowledge(*views: DossierView, **changes: object) -> Rendered:
    return write(Kind.ACKNOWLEDGEMENT, *views, **changes)


def list_missing(*views: DossierView, **changes: object) -> Rendered:
    return write(Kind.MISSING_ITEMS, *views, **changes)


AWAITING = view(NO_RECORD, status=Status.AWAITING_PAPER)
IN_REVIEW = view(
    missing("agreement.risk"),
    doubtful("charter.general", "组建章程中未见总则"),
    NO_RECORD,
    status=Status.IN_REVIEW,
    review=("doubtful:charter.general",),
)
COMPLETE = view(*PAPER_OK, record=paper(), status=Status.COMPLETE, due=None)
LACKING = view(missing("agreement.risk"), missing("document.charter"), NO_RECORD)
OTHER = view(
    missing("form.contact"),
    NO_RECORD,
    number="LM2016-0038",
    name="广东省南药产业技术创新联盟",
    documents=(document("form", "南药/申报表.doc"), document("other", "推荐函.pdf")),
)
LETTERS = {
    "awaiting": acknowledge(AWAITING),
    "in review": acknowledge(IN_REVIEW),
    "complete": acknowledge(COMPLETE),
    "stranger": acknowledge(IN_REVIEW, stranger=True),
    "several": acknowledge(AWAITING, OTHER),
    "duplicate": list_missing(LACKING, mails=(mail(id=9),), duplicate=True),
    "lacking": list_missing(LACKING),
    "lacking several": list_missing(LACKING, OTHER, notice=True),
    "approved": list_missing(LACKING, approved=True),
    "complete notice": write(Kind.COMPLETE, COMPLETE, notice=True),
    "unrecognised": write(Kind.UNRECOGNISED, unread=("材料.rar",)),
}
every_letter = pytest.mark.parametrize("letter", LETTERS.values(), ids=LETTERS)


# ── what every letter keeps to ───────────────────────────────────────────────────────────


@every_letter
def test_speaks_of_acceptance_only_to_deny_it(letter: Rendered) -> None:
    assert NOT_ACCEPTED in letter.text
    assert "受理" not in letter.text.replace(NOT_ACCEPTED, "") + letter.subject


@every_letter
def test_shows_no_label_without_a_value(letter: Rendered) -> None:
    assert not re.search(r"(电话|邮箱|地址|依据|问题|编号|名称)：\s*$", letter.text, re.MULTILINE)
    assert "None" not in letter.text


@every_letter
def test_is_signed_dated_and_tidy(letter: Rendered) -> None:
    assert "广东省科技人才服务中心\n2016年6月2日\n" in letter.text
    assert letter.text.startswith("您好！\n")
    assert "\n\n\n" not in letter.text
    assert not re.search(r"[ \u3000]$", letter.text, re.MULTILINE)


@every_letter
def test_html_twin_says_the_same(letter: Rendered) -> None:
    seen = _seen(letter.html)
    for line in letter.text.splitlines():
        unnumbered = re.sub(r"^\d+\. ", "", line)
        words = [each.rpartition("：")[2] for each in unnumbered.split("\u3000")]
        assert all(each.strip() in seen for each in words)


@every_letter
def test_html_twin_fetches_nothing(letter: Rendered) -> None:
    assert "http" not in letter.html
    assert "src=" not in letter.html
    assert "href=" not in letter.html


def test_center_is_reached_where_it_says() -> None:
    center = Center(phone="000-00000000", email="desk@example.org", address="某路1号")
    text = acknowledge(AWAITING, center=center).text
    assert "咨询电话：000-00000000\n电子邮箱：desk@example.org\n联系地址：某路1号\n" in text


def test_says_when_a_machine_sent_it_and_when_a_person_approved_it() -> None:
    assert "系统自动发出" in LETTERS["lacking"].text
    assert "系统自动发出" not in LETTERS["approved"].text
    assert "经工作人员核对" in LETTERS["approved"].text


# ── acknowledgements ─────────────────────────────────────────────────────────────────────


def test_acknowledgement_tells_number_files_sizes_and_checksums() -> None:
    letter = acknowledge(AWAITING)
    assert letter.subject == f"[{NUMBER}] 收件回执——{NAME}"
    assert "2016年5月31日16:42" in letter.text
    assert f"[{NUMBER}]" in letter.text
    for each in FOUR:
        assert letter.text.count(each.path) == 1
        assert each.sha256[:8] in letter.text
    assert letter.text.count("312 KB") == 4


def test_acknowledgement_lists_only_what_these_mails_brought() -> None:
    documents = (document("form", "旧.docx", mail_id=1), document("form", "新.docx", version=2))
    text = acknowledge(view(NO_RECORD, documents=documents, status=Status.AWAITING_PAPER)).text
    assert "新.docx" in text
    assert "旧.docx" not in text


def test_paper_without_record_is_never_called_not_received() -> None:
    text = acknowledge(AWAITING).text
    assert "尚未查到收件登记（登记截至2016年6月1日）" in text
    assert "未收到" not in text
    assert "截至" not in acknowledge(AWAITING, register_date=None).text


def test_dossier_in_review_is_told_no_point_but_when_it_will_hear() -> None:
    text = acknowledge(IN_REVIEW).text
    assert "正由工作人员核对，结果最迟于2016年6月7日另行告知。" in text
    assert "风险承担" not in text
    assert "总则" not in text
    assert "已齐" not in text


def test_day_already_past_is_not_promised() -> None:
    row = replace(IN_REVIEW.row, due=date(2016, 6, 1))
    text = acknowledge(replace(IN_REVIEW, row=row)).text
    assert "结果将另行告知" in text


def test_day_reckoned_without_knowing_the_holidays_is_said_to_be_estimated() -> None:
    row = replace(IN_REVIEW.row, due=date(2099, 6, 1))
    assert "结果最迟于2099年6月1日（暂估）另行告知" in acknowledge(replace(IN_REVIEW, row=row)).text


def test_file_that_cannot_be_opened_is_marked_and_only_its_sender_s_fault_is_his() -> None:
    locked = document("other", "材料.zip", problem="locked")
    slow = document("other", "图纸.pdf", problem="too-slow")
    text = acknowledge(replace(IN_REVIEW, documents=(locked, slow))).text
    assert "备注：文件已加密，未能打开" in text
    assert "备注：本系统未能读取，由工作人员核对" in text


def test_who_sent_a_file_that_is_at_fault_is_asked_for_it_again() -> None:
    again = "备注“未能打开”的文件，请检查后重新发送（不加密、未损坏）；加密的，也可"
    locked, slow = (document("other", "材料.zip", problem=each) for each in ("locked", "too-slow"))
    assert again in acknowledge(replace(IN_REVIEW, documents=(locked,))).text
    assert again in acknowledge(replace(IN_REVIEW, documents=(locked,)), OTHER).text
    assert again not in acknowledge(replace(IN_REVIEW, documents=(slow,))).text


def test_supplement_that_leaves_nothing_open_is_told_what_it_has_settled() -> None:
    settled = {NUMBER: ("document.agreement", "agreement.risk")}
    text = acknowledge(AWAITING, settled=settled).text
    assert "此前告知的下列事项已补齐：【组建协议】；【组建协议】风险承担。" in text
    corrected = acknowledge(IN_REVIEW, settled=settled, remaining={NUMBER: ("paper.seals",)}).text
    assert "此前告知的下列事项已补齐：【组建协议】；【组建协议】风险承担。" in corrected
    assert "此前告知的下列事项尚待补齐：【" in corrected


def test_nothing_is_promised_of_a_dossier_that_was_withdrawn() -> None:
    withdrawn = replace(IN_REVIEW, row=replace(IN_REVIEW.row, status=Status.WITHDRAWN))
    for letter in (
        acknowledge(withdrawn),
        list_missing(withdrawn, notice=True),
        acknowledge(withdrawn, OTHER),
    ):
        assert "已登记撤回" in letter.text
        assert "另行告知" not in letter.text
    assert "一式5份" not in acknowledge(withdrawn).text


def test_what_belongs_to_no_dossier_is_told_as_received() -> None:
    brought = mail(besides=("推荐函.pdf", "汇总表.xlsx"))
    text = acknowledge(AWAITING, OTHER, mails=(brought,)).text
    assert "此外收到：推荐函.pdf、汇总表.xlsx。" in text
    assert "推荐函" not in acknowledge(AWAITING, mails=(brought,), stranger=True).text


def test_number_of_copies_is_told_once() -> None:
    lacking = missing("paper.copies", "登记4份，应为5份")
    text = list_missing(view(lacking, record=paper(copies=4))).text
    assert text.count("4份") == 1
    assert text.count("应为") == 1


def test_who_asks_something_is_told_that_a_person_will_answer() -> None:
    asking, center = mail(submission_like=True), Center(phone="020-00000000")
    text = write(Kind.UNRECOGNISED, mails=(asking,), center=center).text
    assert "如来信为咨询，工作人员将另行答复，也可拨打下方咨询电话。" in text
    assert "另行答复" not in write(Kind.UNRECOGNISED, center=center).text  # it waits nowhere


def test_link_is_told_without_blame() -> None:
    text = acknowledge(view(doubtful("file.link"), documents=(), status=Status.IN_REVIEW)).text
    assert "此前来信中的超大附件尚待工作人员下载" in text
    assert "没有可登记的文件" not in text


LINKS = tuple(
    LinkRow(
        mail_id=7,
        received_at=RECEIVED,
        url=f"https://example.net/{at}",
        provider="QQ邮箱",
        name=name,
        size=size,
        code="x1y2",
        expires="",
        expires_at=until,
        never_expires=False,
    )
    for at, (name, size, until) in enumerate(
        [("申报材料.rar", "120.5M", datetime(2016, 7, 5, 8, 42, tzinfo=UTC)), ("", "", None)]
    )
)


def test_links_are_named_with_their_end_and_asked_for_as_attachments() -> None:
    waiting = view(doubtful("file.link"), documents=(), status=Status.IN_REVIEW)
    sent = mail(links=LINKS)
    answers = (
        acknowledge(waiting, mails=(sent,)),
        acknowledge(waiting, mails=(sent,), stranger=True),
        acknowledge(waiting, OTHER, mails=(sent,)),
        write(Kind.UNRECOGNISED, mails=(sent,)),
    )
    for letter in answers:
        assert (
            "1. 申报材料.rar\n   来源：QQ邮箱　大小：120.5M　有效期：至2016年7月5日16:42"
            in letter.text
        )
        assert "2. （来信未写文件名）\n   来源：QQ邮箱　大小：未注明　有效期：未注明" in letter.text
        assert "本系统不能自动下载" in letter.text
        assert "主题分别注明“1/3”" in letter.text
        assert "没有可登记的文件" not in letter.text
        assert "example.net" not in letter.text + letter.html
        assert "x1y2" not in letter.text


def test_forgotten_attachment_is_asked_for_and_a_question_is_only_confirmed() -> None:
    forgotten = write(Kind.UNRECOGNISED, mails=(mail(reason=FORGOTTEN),))
    assert forgotten.subject.startswith("您的邮件未见附件，请补发：")
    assert "您的邮件未见附件" in forgotten.text
    assert "从主题、正文和附件中" not in forgotten.text
    asked = write(Kind.UNRECOGNISED, mails=(mail(reason=ASKED),))
    assert asked.subject.startswith("来信已收到：")
    assert "受理" not in asked.text
    assert "工作人员将另行答复" in asked.text


def test_rest_is_called_complete_only_where_something_else_came() -> None:
    none = (missing(f"document.{each}") for each in ("form", "plan", "charter", "agreement"))
    assert "除上述事项外" not in list_missing(view(*none)).text
    form = Finding(id="document.form", outcome=Outcome.OK)
    some = list_missing(view(form, missing("document.charter"), NO_RECORD))
    assert "除上述事项外" in some.text


def test_number_that_holds_no_longer_is_told_with_the_one_that_does() -> None:
    text = list_missing(LACKING, notice=True, merged={NUMBER: ("LM2016-0099",)}).text
    assert (
        f"登记编号LM2016-0099的材料经工作人员核对，与本件为同一件，已并入本件。今后请使用登记编号{NUMBER}。"
        in text
    )
    assert "已并入" not in list_missing(LACKING, notice=True).text


def test_withdrawal_is_confirmed_and_nothing_else_is_said() -> None:
    withdrawn = replace(IN_REVIEW, row=replace(IN_REVIEW.row, status=Status.WITHDRAWN))
    letter = list_missing(withdrawn, notice=True)
    assert letter.subject == f"[{NUMBER}] 撤回登记通知——{NAME}"
    assert "受理" not in letter.text
    assert "如需补充" not in letter.text


def test_file_that_waits_for_a_person_is_marked() -> None:
    held = document("form", "新申报表.docx", state=DocumentState.HELD)
    text = acknowledge(replace(COMPLETE, documents=(held,))).text
    assert "备注：待工作人员确认" in text
    assert "确认后方生效" in text


def test_stranger_learns_nothing_of_the_dossier() -> None:
    held = tuple(replace(each, state=DocumentState.HELD) for each in FOUR[:1])
    letter = acknowledge(
        replace(IN_REVIEW, documents=(*held, *_of_mail(FOUR[1:], 1))), stranger=True
    )
    assert letter.subject == "收件回执：报送海洋传感联盟申报材料"
    assert FOUR[0].path in letter.text
    assert FOUR[0].sha256[:8] in letter.text
    told = letter.subject + letter.text + letter.html
    for secret in (NUMBER, NAME, "粤衡精密", FOUR[1].path, "核对情况", "登记编号", "申报表\n"):
        assert secret not in told


def test_several_dossiers_get_one_table() -> None:
    letter = acknowledge(AWAITING, OTHER)
    assert letter.subject == f"[{NUMBER}等2件] 收件回执"
    assert f"编号：{NUMBER}\u3000收到的材料：申报表、组建方案、组建章程、组建协议" in letter.text
    assert "编号：LM2016-0038\u3000收到的材料：申报表、其他文件" in letter.text
    assert "状态：尚有缺件，缺件清单另行发送" in letter.text
    assert "联系人" not in letter.text
    assert [*_headings(letter.html)][:5] == ["序号", "名称", "登记编号", "收到的材料", "状态"]


def test_several_mails_share_one_letter() -> None:
    later = mail(id=8, subject="续：报送材料", received_at=datetime(2016, 5, 31, 9, 5, tzinfo=UTC))
    text = acknowledge(AWAITING, mails=(mail(), later)).text
    assert "2016年5月31日16:42至2016年5月31日17:05发来的2封邮件" in text
    assert "续：报送材料" in text


def test_what_a_manifest_lists_and_did_not_come_stands_in_the_letter_once() -> None:
    batch = mail(absent=("广东省石墨烯产业技术创新联盟", "广东省\n北斗联盟"))
    told = "汇总表所列、本次未见材料的联盟（2个）：广东省石墨烯产业技术创新联盟、广东省 北斗联盟。"
    for letter in (
        acknowledge(AWAITING, mails=(batch,)),
        acknowledge(AWAITING, OTHER, mails=(batch,)),
        list_missing(LACKING, mails=(batch,)),
    ):
        assert letter.text.count(told) == 1
    for letter in (
        acknowledge(IN_REVIEW, mails=(batch,), stranger=True),
        list_missing(LACKING, OTHER, mails=(batch,), notice=True),
        acknowledge(AWAITING, OTHER),
    ):
        assert "汇总表" not in letter.text


def test_manifest_alone_is_answered_with_what_it_lists() -> None:
    text = write(Kind.UNRECOGNISED, mails=(mail(absent=("广东省石墨烯产业技术创新联盟",)),)).text
    assert "尚未编号登记：广东省石墨烯产业技术创新联盟。" in text
    assert "未能判断" not in text


def test_what_went_to_dossiers_of_others_is_not_passed_over_in_silence() -> None:
    besides = "来信中的其他材料由工作人员核对"
    both = mail(dossiers=(NUMBER, "LM2016-0099"))
    text = acknowledge(AWAITING, mails=(both,)).text
    assert text.count(besides) == 1
    assert "LM2016-0099" not in text
    assert besides not in acknowledge(AWAITING, mails=(mail(dossiers=(NUMBER,)),)).text


def test_paper_is_asked_for_once_in_the_letter_on_a_batch() -> None:
    text = acknowledge(AWAITING, AWAITING, OTHER).text
    assert text.count("纸质材料一式5份") == 1
    assert text.count("登记截至2016年6月1日") == 1
    assert "一式5份" not in acknowledge(OTHER, COMPLETE, IN_REVIEW).text


def test_duplicate_is_told_that_its_files_are_on_record() -> None:
    letter = acknowledge(AWAITING, mails=(mail(id=9),), duplicate=True)
    assert "此前均已收到并登记，无需重复发送" in letter.text
    assert "已登记的材料" in letter.text
    assert FOUR[0].path in letter.text


# ── what is missing ──────────────────────────────────────────────────────────────────────


def test_every_missing_point_stands_there_exactly_once() -> None:
    told = [each for each in CALL.checks if each.absent == "missing"]
    findings = [missing(each.id) for each in told if each.rule != "paper-record"]
    text = list_missing(view(*findings, record=paper(copies=3, sealed=False))).text
    for check in told:
        if check.rule != "paper-record":
            assert text.count(f"问题：{check.problem}") == 1
            assert check.remedy in text
            assert check.cite in text
    assert text.count("问题：") == len(findings)
    assert text.count("〔电子、纸质均需〕") == sum(each.mend == "both" for each in told)


def test_doubtful_notes_and_settled_points_are_not_told_as_missing() -> None:
    findings = (
        missing("agreement.risk"),
        doubtful("charter.general", "存疑之处"),
        Finding(id="name.pattern", outcome=Outcome.NOTE, detail="提示之处"),
        Finding(id="form.contact", outcome=Outcome.WAIVED, detail="豁免之处"),
    )
    text = list_missing(view(*findings)).text
    assert text.count("问题：") == 1
    for word in ("存疑之处", "提示之处", "豁免之处"):
        assert word not in text


def test_point_says_where_it_was_seen() -> None:
    path = FOUR[1].path
    quote = "秘书处设在XX公司"
    finding = missing("text.placeholder", f"{path}中留有：XX", document=path, page=3, quote=quote)
    text = list_missing(view(finding)).text
    assert "【组建方案】未填写或未删除的内容" in text
    assert f"“{path}”中留有：XX（第3页“{quote}”）" in text
    assert text.count(path) == 2


def test_each_file_that_cannot_be_opened_is_a_point_of_its_own() -> None:
    findings = [
        missing("file.readable", f"{each}：文件已加密，无法打开", document=each)
        for each in ("甲.rar", "乙.rar")
    ]
    text = list_missing(view(*findings)).text
    assert "1. 【甲.rar】\n   问题：文件已加密，无法打开。\n" in text
    assert "2. 【乙.rar】\n" in text


def test_ruling_of_a_person_names_neither_him_nor_the_doubt() -> None:
    case = Case(name=NAME, secretariat="", documents=FOUR)
    ruling = Decision(
        finding="agreement.risk",
        document="",
        outcome=Outcome.MISSING,
        reason="只约定了违约责任",
        basis=basis_of("agreement.risk", "", case, CALL),
        who="desk-one",
        at=datetime(2016, 6, 1, tzinfo=UTC),
    )
    found = [doubtful("agreement.risk", "只见相近的表述，须人工查看")]
    findings = decided(found, replace(case, decisions=(ruling,)), CALL)
    text = list_missing(replace(view(*findings), decisions=(ruling,))).text
    assert "问题：协议中未约定风险承担。\n" in text
    for inside in ("desk-one", "人工", "须人工查看"):
        assert inside not in text


def test_ruling_that_the_call_has_no_words_for_gives_its_reason() -> None:
    ruling = Decision(
        finding="charter.members",
        document="",
        outcome=Outcome.MISSING,
        reason="章程未写明成员的加入与退出",
        basis="",
        who="desk-one",
        at=datetime(2016, 6, 1, tzinfo=UTC),
    )
    finding = missing("charter.members", "人工认定缺少：章程未写明成员的加入与退出（desk-one）")
    text = list_missing(replace(view(finding), decisions=(ruling,))).text
    assert "【组建章程】成员\n   问题：章程未写明成员的加入与退出。\n" in text
    assert "desk-one" not in text
    assert "问题：“成员”不符合要求。\n" in list_missing(view(finding)).text


def test_rest_is_called_complete_only_when_it_is() -> None:
    lack = missing("agreement.risk")
    seals = missing("paper.seals")
    unseen = doubtful("paper.seals")
    assert "其他电子材料已齐" in list_missing(view(lack, NO_RECORD)).text
    assert "其他材料已齐" in list_missing(view(lack, seals, record=paper(sealed=False))).text
    assert "其他电子材料已齐" in list_missing(view(lack, unseen, record=paper(sealed=None))).text
    assert "已齐" not in list_missing(view(lack, doubtful("charter.general"))).text


def test_paper_has_a_section_of_its_own() -> None:
    findings = (missing("paper.copies", "登记3份，应为5份"), doubtful("paper.recommendation"))
    letter = list_missing(view(*findings, record=paper(copies=3)), notice=True)
    assert "电子材料已齐，纸质材料尚有下列事项需要补充" in letter.text
    assert "一、纸质材料\n\n已登记收件，纸质登记号S-041" in letter.text
    assert "如何补：〔纸质〕请补足纸质材料份数" in letter.text
    assert "其余事项由工作人员核对" in letter.text
    assert "您的邮件" not in letter.text


def test_only_a_person_writes_a_notice_of_correction() -> None:
    assert LETTERS["lacking"].subject == f"[{NUMBER}] 缺件清单——{NAME}"
    assert "补正" not in LETTERS["lacking"].text
    assert "缺件清单（共2项）" in LETTERS["lacking"].text
    assert LETTERS["approved"].subject == f"[{NUMBER}] 补正告知书——{NAME}"


def test_follow_up_says_what_is_settled() -> None:
    text = list_missing(LACKING, settled={NUMBER: ("document.agreement", "form.contact")}).text
    assert "已补齐的事项\n\n【组建协议】；【申报表】联系人。" in text


def test_notice_on_several_has_a_section_for_each() -> None:
    letter = LETTERS["lacking several"]
    assert letter.subject == f"[{NUMBER}等2件] 缺件清单"
    assert f"一、{NAME}（{NUMBER}）" in letter.text
    assert "二、广东省南药产业技术创新联盟（LM2016-0038）" in letter.text
    assert letter.text.count("问题：") == 3
    assert letter.html.count("<table") == 2


def test_dossier_still_in_review_is_not_told_its_points_beside_decided_ones() -> None:
    text = list_missing(OTHER, IN_REVIEW, notice=True).text
    assert "材料正由工作人员核对" in text
    assert "风险承担" not in text


def test_last_day_is_told_only_where_the_call_has_one_still_to_come() -> None:
    def with_closing(closing: datetime | date) -> str:
        call = CALL.model_copy(update={"closing": closing})
        return list_missing(LACKING, calls={NUMBER: call}).text

    assert "前一次性补齐" not in LETTERS["lacking"].text
    assert "请于2016年6月30日17:00前一次性补齐" in with_closing(
        datetime(2016, 6, 30, 9, tzinfo=UTC)
    )
    assert "请于2016年6月30日（含）前一次性补齐" in with_closing(date(2016, 6, 30))
    assert "请一次性补齐" in with_closing(date(2016, 6, 1))


def test_what_has_to_be_mended_on_paper_too_is_no_repetition_of_what_was_sent() -> None:
    again = "如已报送，除上述注明“电子、纸质均需”的事项外，无需重复报送。"
    assert again in list_missing(view(missing("agreement.risk"), NO_RECORD)).text
    only_files = list_missing(view(missing("document.charter"), NO_RECORD)).text
    assert "如已报送，无需重复报送。" in only_files
    assert again not in only_files


def test_notice_on_several_asks_for_paper_once() -> None:
    text = LETTERS["lacking several"].text
    assert text.count("纸质材料：尚未查到收件登记（登记截至2016年6月1日）。\n") == 2
    assert text.count("纸质材料一式5份") == 1


def test_where_to_send_what_is_missing_is_said() -> None:
    center = Center(address="某路1号")
    text = list_missing(LACKING, center=center).text
    assert f"电子材料，请直接回复本邮件发送，并保留主题中的登记编号[{NUMBER}]。" in text
    assert "纸质材料请报送至本中心（地址附后）。" in text
    assert "地址附后" not in LETTERS["lacking"].text
    assert "请报送至本中心" not in LETTERS["awaiting"].text


LOOKED = f"已查看{FOUR[3].path}，未见“风险承担”"
CALL_PATTERN = "联盟名称不符合“广东省XXX（领域或行业）产业技术创新联盟”的统一格式"
LISTED = "".join(f"“{each.path}”" for each in FOUR[:3])
LOOKED_AT_ALL = "已查看" + "、".join(each.path for each in FOUR[:3]) + "等4个，未见“专家委员会”"
BLANK = document("charter", "章程.docx")


@pytest.mark.parametrize(
    ("finding", "documents", "problem"),
    [
        (
            missing("agreement.risk", LOOKED, document=FOUR[3].path),
            FOUR,
            f"协议中未约定风险承担（已查看“{FOUR[3].path}”）。",
        ),
        (
            missing("plan.experts", LOOKED_AT_ALL),
            FOUR,
            f"组织机构中未见专家委员会（已查看{LISTED}等4个文件）。",
        ),
        (
            missing("document.charter", "在收到的文件中未见组建章程：申报表.docx"),
            FOUR[:1],
            "未收到联盟组建章程的电子版。",
        ),
        (
            missing("document.charter", "所收章程.docx是未填写的空白组建章程"),
            (BLANK,),
            "未收到联盟组建章程的电子版。所收“章程.docx”是未填写的空白组建章程。",
        ),
        (
            missing(
                "name.pattern",
                "联盟名称为“广东云计算联盟”，不符合统一格式",
                document=FOUR[0].path,
                page=1,
                quote="联盟名称：广东云计算联盟",
            ),
            FOUR,
            f"{CALL_PATTERN}。联盟名称为“广东云计算联盟”（“{FOUR[0].path}”，第1页）。",
        ),
        (
            missing("agreement.signatures", "签署栏未列成员单位：某某大学", page=2),
            FOUR,
            "签署栏未列成员单位：某某大学（第2页）。",
        ),
        (
            missing(
                "name.consistent", "各材料中的联盟名称不一致：“甲”（申报表）；“乙”（组建方案）"
            ),
            FOUR,
            "各材料中的联盟名称不一致：“甲”（申报表）；“乙”（组建方案）。",
        ),
    ],
)
def test_problem_says_each_thing_once(
    finding: Finding, documents: tuple[FiledDocument, ...], problem: str
) -> None:
    assert f"问题：{problem}\n" in list_missing(view(finding, documents=documents)).text


def test_points_of_one_document_stand_together_in_the_order_of_the_call() -> None:
    ids = ("form.contact", "agreement.risk", "plan.experts", "name.consistent")
    left_in = missing("text.placeholder", "XX", document=FOUR[0].path)
    text = list_missing(view(*map(missing, ids), left_in)).text
    headings = re.findall(r"^\d+\. 【(.+?)】", text.partition("缺件清单")[2], re.MULTILINE)
    assert headings == ["申报表", "申报表", "组建方案", "组建协议", "联盟名称一致性"]


def test_register_that_says_only_no_adds_nothing_to_the_words_of_the_call() -> None:
    def seals(said: str) -> str:
        lack = missing("paper.seals", f"成员单位盖章：登记为{said}")
        return list_missing(view(lack, record=paper(sealed=False))).text

    assert "盖章不齐（须经全体成员单位盖章）。\n" in seals("否")
    assert "盖章不齐（须经全体成员单位盖章）。登记为“缺1份”。\n" in seals("“缺1份”")


def test_notice_is_named_in_full_before_it_is_cited_by_its_short_name() -> None:
    for name in ("awaiting", "in review", "several", "lacking", "lacking several", "approved"):
        before, short, after = LETTERS[name].text.partition("（以下简称“通知”）")
        assert before.endswith(CALL.notice), name
        assert "依据：通知" not in before
        assert "（以下简称" not in after
        assert short


# ── another call ─────────────────────────────────────────────────────────────────────────

TOPIC_FILES = (document("application", "申请书.docx"), document("recommendation", "推荐函.pdf"))


def of_topics(*findings: Finding, **changes: object) -> DossierView:
    values: dict[str, Any] = {"number": "KT2019001", "name": "深海缆索疲劳机理研究"}
    return view(*findings, documents=TOPIC_FILES, **(values | {"call_id": TOPICS.id} | changes))


def test_another_call_is_told_in_its_own_words_alone() -> None:
    def tell(kind: Kind, *views: DossierView, **changes: object) -> str:
        calls = {each.row.number: TOPICS for each in views}
        return write(
            kind,
            *views,
            calls=calls,
            default_call=TOPICS,
            center=Center(name="海湾市重点实验室办公室"),
            mails=(mail(subject="报送课题申请书"),),
            **changes,
        ).text

    whole = of_topics(status=Status.COMPLETE, due=None)
    lacking = of_topics(missing("application.route", "已查看申请书.docx，未见“技术路线”"))
    second = of_topics(number="KT2019002", status=Status.COMPLETE, due=None)
    letters = [
        tell(Kind.ACKNOWLEDGEMENT, whole),
        tell(Kind.ACKNOWLEDGEMENT, whole, lacking),
        tell(Kind.MISSING_ITEMS, lacking),
        tell(Kind.MISSING_ITEMS, lacking, second, notice=True),
        tell(Kind.REMINDER, lacking, notice=True),
        tell(Kind.COMPLETE, whole, notice=True),
        tell(Kind.COMPLETE, whole, second, notice=True),
        tell(Kind.UNRECOGNISED),
    ]
    ours = ("广东", "联盟", "科学技术厅", "秘书处", "申报表", "一式", "纸质", "推荐单位", "章程")
    for text in letters:
        assert not [word for word in ours if word in text], text
    assert "材料已齐。" in letters[0]
    assert f"核对依据：{TOPICS.notice}。" in letters[2]
    assert "除上述事项外，其他材料已齐。" in letters[2]
    assert "您报送的申报材料已收齐，已登记归档。" in letters[5]
    assert "写明课题名称（全称）" in letters[7]


# ── the other letters ────────────────────────────────────────────────────────────────────


def test_complete_notice_lists_what_is_on_record() -> None:
    letter = LETTERS["complete notice"]
    assert letter.subject == f"[{NUMBER}] 资料齐全通知——{NAME}"
    assert "电子材料和纸质材料均已收齐" in letter.text
    assert "登记号S-041，收件日期2016年5月30日，共5份" in letter.text
    assert FOUR[3].path in letter.text


def test_complete_notice_on_several_names_each() -> None:
    second = replace(COMPLETE, row=replace(COMPLETE.row, number="LM2016-0040"))
    letter = write(Kind.COMPLETE, COMPLETE, second, notice=True)
    assert letter.subject == f"[{NUMBER}等2件] 资料齐全通知"
    assert "编号：LM2016-0040\u3000纸质登记号：S-041" in letter.text


def test_unrecognised_asks_for_name_and_documents() -> None:
    letter = LETTERS["unrecognised"]
    assert letter.subject == "收件回执：报送海洋传感联盟申报材料"
    assert "联盟名称（全称）" in letter.text
    for each in CALL.documents:
        assert each.title in letter.text
    assert "也可换用Word、PDF等常见格式：\n\n1. 材料.rar" in letter.text
    assert "未能打开" not in write(Kind.UNRECOGNISED).text


def test_mail_without_subject_is_answered_all_the_same() -> None:
    letter = write(Kind.UNRECOGNISED, mails=(mail(subject=" \r\n"),))
    assert letter.subject == "收件回执：无主题"


# ── the HTML twin ────────────────────────────────────────────────────────────────────────


def test_edited_text_keeps_headings_tables_and_paragraphs() -> None:
    text = (
        "您好！\r\n\r\n一、缺件清单\r\n\r\n1. 【组建协议】\r\n   问题：甲\r\n   接着说\r\n"
        "   依据：乙\u3000备注：丙\r\n\r\n2. 【申报表】\r\n   问题：丁\r\n\r\n"
        "第一行\r\n第二行 <b>\r\n"
    )
    html = edit_html(text)
    assert "<h3>一、缺件清单</h3>" in html
    assert html.count("<table") == 1
    assert _headings(html) == ["序号", "材料", "问题", "依据", "备注"]
    assert _cells(html) == [
        "1",
        "【组建协议】",
        "甲 接着说",
        "乙",
        "丙",
        "2",
        "【申报表】",
        "丁",
        "",
        "",
    ]
    assert "<p>第一行<br>第二行 &lt;b&gt;</p>" in html


def test_html_cell_bears_its_label_for_narrow_screens() -> None:
    html = LETTERS["lacking"].html
    for label in ("问题", "依据", "如何补", "文件", "大小", "校验码"):
        assert f'<td data-label="{label}"' in html
    assert "max-width: 600px" in html


ANYTHING = st.text(st.characters(exclude_categories=()), max_size=300)


@given(name=ANYTHING, subject=ANYTHING, path=ANYTHING, detail=ANYTHING)
def test_nothing_from_outside_breaks_a_line_or_a_tag(
    name: str, subject: str, path: str, detail: str
) -> None:
    finding = missing("file.readable", detail, document=path, quote=detail)
    about = view(finding, NO_RECORD, name=name, documents=(document("form", path),))
    letters = (
        list_missing(about, mails=(mail(subject=subject),)),
        acknowledge(about, mails=(mail(subject=subject),), stranger=True),
        write(Kind.UNRECOGNISED, mails=(mail(subject=subject),), unread=(path,)),
    )
    for letter in letters:
        assert letter.subject == one_line(letter.subject)
        assert 0 < len(letter.subject) <= 150
        letter.text.encode()
        assert not set(letter.text) & set("\x00\x0b\x0c\r\x1b\x85\u2028\u2029\u202e")
        assert _tags(letter.html) <= _PLAIN_TAGS
    stated = one_line(path, 200)
    assert all(stated in " ".join(each.text.split()) for each in letters)
    assert all(stated in _seen(each.html) for each in letters)


@given(ANYTHING)
def test_html_of_edited_text_holds_only_plain_tags(text: str) -> None:
    assert _tags(edit_html(text)) <= _PLAIN_TAGS


_PLAIN_TAGS = {"html", "head", "meta", "style", "body", "p", "br", "h3", "table", "tr", "th", "td"}


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def _headings(html: str) -> list[str]:
    return re.findall(r"<th[^>]*>(.*?)</th>", html)


def _cells(html: str) -> list[str]:
    return re.findall(r"<td[^>]*>(.*?)</td>", html)


def _tags(html: str) -> set[str]:
    reader = _Reader()
    reader.feed(html)
    return reader.tags


def _seen(html: str) -> str:
    reader = _Reader()
    reader.feed(html)
    return " ".join("".join(reader.words).split())


def _of_mail(documents: tuple[FiledDocument, ...], mail_id: int) -> tuple[FiledDocument, ...]:
    return tuple(replace(each, mail_id=mail_id) for each in documents)


def test_a_review_that_leaves_only_paper_to_wait_for_lists_nothing_as_missing() -> None:
    letter = list_missing(AWAITING, notice=True)
    assert letter.subject.startswith("[LM2016-0037] 核对结果——")
    assert "电子材料已齐。" in letter.text
    assert "尚未查到收件登记" in letter.text
    assert "缺件" not in letter.text
