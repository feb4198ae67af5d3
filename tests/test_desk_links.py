"""Links to large files at the desk: listed by expiry, fetched by a person, settled."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from http.client import HTTPConnection
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from parsers.submission import Link
from registry import link_lists, queries
from registry import models as m
from registry.accounts import Role, add_account
from registry.rows import Fate, Finding, Outcome, Status
from reports.desk.app import create_app
from reports.desk.dossier_page import doubts
from reports.desk.sign_in import sign_in_token
from tests.builders import LIGHTS, QUIET, ROBOTS, Intake, dossier, number
from tests.desk_registry import NAME, PASSWORD, SECRET, serve
from tests.sample_rows import view

PAN = Link(
    provider="百度网盘",
    url="https://pan.baidu.com/s/1aaaa",
    name="申报材料.zip",
    size="1.2G",
    code="x1y2",
    expires="7天",
)
QQ = Link(
    provider="QQ邮箱",
    url="https://mail.qq.com/cgi-bin/ftnExs_download?k=1&code=2",
    name="协议.rar",
    size="80M",
)
NEVER = Link(provider="网易邮箱", url="https://fs.163.com/?p=3", name="方案.pdf", expires="无限期")
UNKNOWN = Link(provider="腾讯微云", url="https://share.weiyun.com/5", name="章程.docx")
TEXT = f"{ROBOTS}补充说明\n".encode()


@dataclass(frozen=True, kw_only=True)
class Staff:
    """A person who is signed in at the desk of a house."""

    client: httpx.Client
    intake: Intake

    def get(self, path: str) -> str:
        answer = self.client.get(path)
        assert answer.status_code == 200
        return answer.text

    @property
    def token(self) -> str:
        found = re.search(r'name="token" value="([0-9a-f]{64})"', self.get("/"))
        assert found
        return found[1]

    def post(self, path: str, **fields: str) -> httpx.Response:
        return self.client.post(path, data={"token": self.token} | fields)

    def upload(
        self, serial: int, *files: tuple[str, bytes], link: Link | None = None, **fields: str
    ) -> httpx.Response:
        sent = [("files", file) for file in files]
        about = {"mail": "1", "url": link.url, "settles": "yes"} if link else {}
        data = {"token": self.token} | about | fields
        return self.client.post(f"/dossiers/{number(serial)}/files", data=data, files=sent)

    def message(self) -> str:
        found = re.search(r'role="status">([^<]*)<', self.get("/"))
        assert found
        return found[1]

    def open(self) -> list[str]:
        with self.intake.registry.read() as connection:
            links = link_lists.open_links(connection)
            assert len(links) == link_lists.open_size(connection)
        return [each.name for each in links]

    def finding(self, serial: int = 1) -> tuple[Outcome, str]:
        self.intake.judge()
        row = self.intake.row(serial)
        with self.intake.registry.read() as connection:
            found = queries.findings_of(connection, [row.id])[row.id]
        return next((each.outcome, each.detail) for each in found if each.id == "file.link")


@pytest.fixture
def staff(intake: Intake) -> Iterator[Staff]:
    with intake.registry.write() as connection:
        add_account(connection, NAME, PASSWORD, role=Role.STAFF, who="test", now=intake.now)
    app = create_app(
        registry=intake.registry,
        originals=intake.house.originals,
        settings=intake.house.settings,
        calls=intake.house.calls,
        clock=lambda: intake.now,
        secret=SECRET,
    )
    with serve(app) as address, httpx.Client(base_url=address) as client:
        token = sign_in_token(SECRET, NAME, intake.now)
        assert client.get(f"/login?token={token}").status_code == 303
        yield Staff(client=client, intake=intake)


def post(intake: Intake, *links: Link, name: str = ROBOTS, **mail: object) -> int:
    values: dict[str, Any] = {"subject": f"报送{name}材料", "text": "见链接", "links": links} | mail
    return intake.post(**values)


# ── the list ─────────────────────────────────────────────────────────────────────────────


def test_links_are_listed_by_when_they_run_out_and_unknown_ones_last(staff: Staff) -> None:
    soon = Link(provider="QQ邮箱", url="https://ftn.qq.com/1", name="急.rar", expires="2天")
    gone = Link(
        provider="QQ邮箱", url="https://ftn.qq.com/2", name="旧.rar", expires="2016年5月1日"
    )
    post(staff.intake, UNKNOWN, NEVER, PAN, soon, gone)
    assert staff.open() == ["旧.rar", "急.rar", "申报材料.zip", "方案.pdf", "章程.docx"]
    text = staff.get("/links")
    told = re.findall(
        r'class="(?:badge|muted)[^"]*">(已过期|还剩 \d 天|无限期|到期时间未知)<', text
    )
    assert told == ["已过期", "还剩 2 天", "还剩 7 天", "无限期", "到期时间未知"]
    assert re.search(r'超大附件 <b title="待处理 5 项">5</b>', text)
    assert "旧.rar" in staff.get("/links?which=expired")
    assert "急.rar" not in staff.get("/links?which=expired")


def test_a_link_shows_all_that_fetching_it_takes_and_is_never_fetched_itself(staff: Staff) -> None:
    post(staff.intake, PAN)
    for path in ("/links", f"/dossiers/{number(1)}", "/mails/1"):
        text = staff.get(path)
        for shown in (PAN.provider, PAN.name, PAN.size, "x1y2", number(1)):
            assert shown in text
        link = f'<a href="{PAN.url}" target="_blank" rel="noreferrer noopener">'
        assert link in text
        assert f'<code class="copy">{PAN.url}</code>' in text
        assert not re.search(r"<(?:img|iframe|link|script)[^>]*https?:", text)
    assert ROBOTS in staff.get("/links")


def test_a_link_of_a_mail_without_a_dossier_is_to_be_assigned_first(staff: Staff) -> None:
    post(staff.intake, QQ, subject="材料", text="见链接")
    assert staff.intake.mail(1).fate is Fate.UNRELATED
    text = staff.get("/links")
    assert "尚未归入" in text
    assert "/mails/1#assign" in text
    assert "补充文件…" not in text
    staff.post("/links/settle", mail="1", url=QQ.url, reason="广告")
    assert staff.open() == []


def test_a_link_that_a_later_mail_quotes_is_the_same_link(staff: Staff) -> None:
    post(staff.intake, PAN)
    staff.intake.now += timedelta(minutes=5)
    post(staff.intake, PAN, QQ, subject=f"[{number(1)}] 补充", text="见链接")
    assert sorted(staff.open()) == ["协议.rar", "申报材料.zip"]
    staff.post("/links/settle", mail="1", url=PAN.url, reason="已改用附件重发")
    assert staff.open() == ["协议.rar"]
    assert "2个" not in staff.finding()[1]
    post(staff.intake, PAN, subject=f"[{number(1)}] 再补充", text="见链接")
    assert staff.open() == ["协议.rar"]


def test_links_of_withdrawn_dossiers_and_of_machines_ask_for_nothing(staff: Staff) -> None:
    post(staff.intake, PAN)
    post(staff.intake, QQ, subject="推广", text="见链接", machine="list")
    assert staff.open() == ["申报材料.zip"]
    staff.post(f"/dossiers/{number(1)}/withdraw", reason="来函撤回")
    assert staff.open() == []


def test_an_evil_link_is_shown_as_text(staff: Staff) -> None:
    evil = '"><script>alert(1)</script>'
    link = Link(provider="QQ邮箱", url=QQ.url + evil, name=evil, size=evil, code=evil, expires=evil)
    post(staff.intake, link)
    for path in ("/links", f"/dossiers/{number(1)}", "/mails/1"):
        assert "<script" not in staff.get(path)


@pytest.mark.parametrize("path", ["/links?which=bogus", "/links?page=2"])
def test_a_list_of_links_that_is_not_there_says_so(staff: Staff, path: str) -> None:
    assert staff.client.get(path).status_code == 404


# ── settling ─────────────────────────────────────────────────────────────────────────────


def test_a_link_settled_with_a_reason_leaves_the_dossier_free_and_can_be_reopened(
    staff: Staff,
) -> None:
    post(staff.intake, PAN)
    assert staff.finding()[0] is Outcome.DOUBTFUL
    staff.post("/links/settle", mail="1", url=PAN.url, reason="  ")
    assert "理由" in staff.message()
    staff.post("/links/settle", mail="1", url=PAN.url, reason="链接已失效，已电话告知")
    assert staff.finding()[0] is Outcome.OK
    settled = staff.get("/links?which=settled")
    assert f"{NAME} 2016" in settled
    assert "链接已失效，已电话告知" in settled
    assert "处理超大附件</b>" in staff.get(f"/dossiers/{number(1)}")
    staff.post("/links/settle", mail="1", url=PAN.url, reason="再一次")
    assert f"已由 {NAME} 处理" in staff.message()
    staff.post("/links/reopen", mail="1", url=PAN.url)
    assert staff.open() == ["申报材料.zip"]
    assert staff.finding()[0] is Outcome.DOUBTFUL
    staff.post("/links/settle", mail="1", url="https://example.com/", reason="无")
    assert "没有这个链接" in staff.message()


def test_a_decision_on_the_finding_settles_the_links_and_holds_until_another_comes(
    staff: Staff,
) -> None:
    post(staff.intake, PAN, QQ)
    assert staff.finding()[0] is Outcome.DOUBTFUL
    path = f"/dossiers/{number(1)}/decide"
    staff.post(path, finding="file.link", outcome="ok", reason="文件已另行收到")
    assert staff.open() == []
    assert staff.finding()[0] is Outcome.OK
    post(staff.intake, UNKNOWN, subject=f"[{number(1)}] 补充", text="见链接")
    outcome, detail = staff.finding()
    assert (outcome, "1个" in detail, "章程.docx" in detail) == (Outcome.DOUBTFUL, True, True)


def test_a_waiver_given_while_a_link_was_open_holds_when_the_link_is_dismissed(
    staff: Staff,
) -> None:
    post(staff.intake, PAN)
    staff.intake.judge()
    path = f"/dossiers/{number(1)}/decide"
    staff.post(path, finding="document.plan", outcome="waived", reason="另行报送")
    staff.post("/links/settle", mail="1", url=PAN.url, reason="链接已失效")
    staff.intake.judge()
    row = staff.intake.row()
    with staff.intake.registry.read() as connection:
        found = queries.findings_of(connection, [row.id])[row.id]
    outcomes = {each.id: each.outcome for each in found}
    assert outcomes["document.plan"] is Outcome.WAIVED
    assert outcomes["document.form"] is Outcome.MISSING


def batch(intake: Intake, *links: Link) -> None:
    """A mail with two dossiers and one link, whose file may be either's."""
    intake.post(
        dossier(ROBOTS), dossier(LIGHTS), subject="报送两个联盟的材料", text="见链接", links=links
    )


def test_a_link_fetched_for_one_dossier_of_a_batch_stays_open_for_the_others(
    staff: Staff,
) -> None:
    batch(staff.intake, PAN)
    assert staff.open() == ["申报材料.zip"]
    staff.upload(1, ("说明.txt", TEXT), link=PAN)
    assert staff.finding(1)[0] is Outcome.OK
    assert staff.finding(2)[0] is Outcome.DOUBTFUL
    assert staff.open() == ["申报材料.zip"]
    text = staff.get("/links")
    assert f"补充到 {number(2)}" in text
    assert f"补充到 {number(1)}" not in text
    assert not staff.intake.row(1).marked
    staff.post("/links/settle", mail="1", url=PAN.url, reason="其中没有这一件", numbers=number(2))
    assert staff.open() == []
    assert staff.finding(2)[0] is Outcome.OK
    settled = staff.get("/links?which=settled")
    assert settled.count("重新列出") == 2
    staff.post("/links/reopen", mail="1", url=PAN.url, numbers=number(2))
    assert staff.finding(1)[0] is Outcome.OK
    assert staff.finding(2)[0] is Outcome.DOUBTFUL


def test_a_decision_on_one_dossier_of_a_batch_leaves_the_link_open_for_the_others(
    staff: Staff,
) -> None:
    batch(staff.intake, PAN)
    staff.intake.judge()
    path = f"/dossiers/{number(1)}/decide"
    staff.post(path, finding="file.link", outcome="ok", reason="已另行收到")
    assert [staff.finding(each)[0] for each in (1, 2)] == [Outcome.OK, Outcome.DOUBTFUL]
    staff.post("/links/settle", mail="1", url=PAN.url, reason="均不需要")
    assert staff.open() == []
    assert [staff.finding(each)[0] for each in (1, 2)] == [Outcome.OK, Outcome.OK]


def test_a_letter_asks_for_no_link_that_staff_have_dealt_with(staff: Staff) -> None:
    post(staff.intake, PAN, QQ)
    staff.upload(1, ("说明.txt", TEXT), link=PAN)
    (letter,) = staff.intake.answer()
    assert "已由工作人员下载登记，无需重发：申报材料.zip。" in letter.text
    assert "1. 协议.rar" in letter.text
    assert "2. " not in letter.text.partition("超大附件")[2].partition("请改用")[0]
    assert "说明.txt" in letter.text
    post(staff.intake, QQ, name=LIGHTS, sender="other@example.net")
    staff.post("/links/settle", mail="2", url=QQ.url, reason="已改用附件重发")
    letter = staff.intake.answer(after=QUIET)[-1]
    assert letter.dossiers == (number(2),)
    assert "协议.rar" not in letter.text


def test_a_mail_with_nothing_but_a_link_is_told_that_no_file_has_come(staff: Staff) -> None:
    post(staff.intake, PAN)
    (letter,) = staff.intake.answer()
    assert "只收到超大附件的链接，其中的文件尚未收到" in letter.text
    assert "材料已收到" not in letter.text


# ── files by hand ────────────────────────────────────────────────────────────────────────


def test_files_fetched_by_hand_are_filed_and_settle_their_link(staff: Staff) -> None:
    post(staff.intake, PAN)
    answer = staff.upload(1, ("说明.txt", TEXT), ("附表.txt", TEXT * 2), link=PAN, back="/links")
    assert (answer.status_code, answer.headers["location"]) == (303, "/links")
    assert f"已向 {number(1)} 补充 2 份材料" in staff.message()
    filed = staff.intake.documents()
    assert [(each.path, each.added_by) for each in filed] == [
        ("说明.txt", NAME),
        ("附表.txt", NAME),
    ]
    assert staff.intake.house.originals.path(filed[0].sha256).read_bytes() == TEXT
    assert staff.finding()[0] is Outcome.OK
    assert staff.open() == []
    page = staff.get(f"/dossiers/{number(1)}")
    assert "补充文件</b>：说明.txt、附表.txt" in page
    assert f"已补充到 {number(1)}" in page


def test_files_added_without_the_tick_leave_the_link_open(staff: Staff) -> None:
    post(staff.intake, PAN)
    staff.upload(1, ("说明.txt", TEXT), mail="1", url=PAN.url)
    assert staff.open() == ["申报材料.zip"]
    assert len(staff.intake.documents()) == 1


def test_nothing_is_settled_when_the_files_are_not_taken(staff: Staff) -> None:
    post(staff.intake, PAN)
    staff.upload(1, ("说明.txt", TEXT))
    staff.upload(1, ("说明（再）.txt", TEXT), link=PAN)
    assert "均已在" in staff.message()
    staff.upload(1, ("别的.txt", TEXT * 3), link=QQ)
    assert "没有这个链接" in staff.message()
    assert staff.open() == ["申报材料.zip"]
    assert len(staff.intake.documents()) == 1


def test_a_hostile_file_name_names_nothing_but_the_document(staff: Staff) -> None:
    names = {
        "../../etc/申报表.txt": "申报表.txt",
        "C:\\材料\\方案.txt": "方案.txt",
        "协议\u202etxt.exe.txt": "协议txt.exe.txt",
        "<script>alert(1)<script>.txt": "<script>alert(1)<script>.txt",
        "..": "无名文件",
        "长" * 300 + ".txt": "长" * 196 + ".txt",
    }
    post(staff.intake, PAN)
    staff.upload(1, *((name, TEXT * (at + 1)) for at, name in enumerate(names)))
    assert [each.path for each in staff.intake.documents()] == list(names.values())
    assert "<script" not in staff.get(f"/dossiers/{number(1)}")
    left = [each for each in staff.intake.house.work.rglob("*") if each.is_file()]
    assert all(each.name.endswith("lock") for each in left)


def test_a_file_that_bears_a_mark_of_secrecy_is_not_kept(staff: Staff) -> None:
    post(staff.intake, PAN)
    secret = "秘密★5年\n内部资料".encode()
    staff.upload(1, ("报告.txt", secret), link=PAN)
    assert "涉密文件不得登记" in staff.message()
    assert staff.intake.documents() == ()
    assert staff.open() == ["申报材料.zip"]
    kept = [
        each.read_bytes()
        for each in staff.intake.house.originals.path("").parent.rglob("*")
        if each.is_file()
    ]
    assert secret not in kept


def test_a_file_of_another_alliance_is_added_only_when_asked_for(staff: Staff) -> None:
    post(staff.intake, PAN, name=LIGHTS)
    named = f"联盟组建协议\n{ROBOTS}组建协议\n甲方：示例大学\n".encode()
    staff.upload(1, ("协议.txt", named))
    assert ROBOTS in staff.message()
    assert staff.intake.documents() == ()
    staff.upload(1, ("协议.txt", named), anyway="yes")
    assert [each.path for each in staff.intake.documents()] == ["协议.txt"]


def test_several_doubts_are_settled_with_one_reason(staff: Staff) -> None:
    post(staff.intake, PAN)
    staff.intake.judge()
    row = staff.intake.row()
    with staff.intake.registry.read() as connection:
        found = queries.findings_of(connection, [row.id])[row.id]
    doubts = [f"{each.id}|{each.document}" for each in found if each.outcome is Outcome.DOUBTFUL]
    assert len(doubts) > 2
    path = f"/dossiers/{number(1)}/decide-together"
    some = [each for each in doubts if not each.startswith("file.link")][1:]
    data = {"token": staff.token, "about": some, "outcome": "waived", "reason": "已见原件"}
    staff.client.post(path, data=data)
    staff.intake.judge()
    with staff.intake.registry.read() as connection:
        found = queries.findings_of(connection, [row.id])[row.id]
    left = [each for each in found if each.outcome is Outcome.DOUBTFUL]
    assert {f"{each.id}|{each.document}" for each in left} == set(doubts) - set(some)
    staff.post(path, outcome="ok", reason="无")
    assert "至少选择一项" in staff.message()


def test_doubts_about_one_unread_file_are_one_question_and_counted_once() -> None:
    row = view(
        *(
            Finding(id=each, outcome=Outcome.DOUBTFUL, document=file)
            for file in ("a.pdf", "b.pdf")
            for each in ("document.form", "file.readable")
        ),
        Finding(id="charter.general", outcome=Outcome.DOUBTFUL, document="c.docx"),
        Finding(id="charter.members", outcome=Outcome.DOUBTFUL, document="c.docx"),
    )
    assert [len(each) for each in doubts(row)] == [2, 2, 1, 1]


def test_a_form_without_files_says_so(staff: Staff) -> None:
    post(staff.intake, PAN)
    staff.post(f"/dossiers/{number(1)}/files")
    assert "请先选择文件" in staff.message()


def test_an_upload_for_no_dossier_or_a_withdrawn_one_is_refused(staff: Staff) -> None:
    post(staff.intake, PAN)
    answer = staff.upload(9, ("说明.txt", TEXT))
    assert (answer.status_code, "没有这个编号" in answer.text) == (404, True)
    staff.post(f"/dossiers/{number(1)}/withdraw", reason="来函撤回")
    assert "补充文件</button>" not in staff.get(f"/dossiers/{number(1)}")
    staff.upload(1, ("说明.txt", TEXT))
    assert "已撤回，不能补充文件" in staff.message()
    assert staff.intake.documents() == ()


def test_an_upload_without_the_desks_own_token_does_nothing(staff: Staff) -> None:
    post(staff.intake, PAN)
    for token in ("", "0" * 64):
        answer = staff.upload(1, ("说明.txt", TEXT), token=token)
        assert answer.status_code == 403
        assert "来源不明" in answer.text
    assert staff.intake.documents() == ()


def _asked(staff: Staff, **headers: str) -> tuple[int, str]:
    """Send the head of an upload alone, without its files; return status and answer."""
    url = staff.client.base_url
    with closing(HTTPConnection(url.host, url.port, timeout=30)) as line:
        line.putrequest("POST", f"/dossiers/{number(1)}/files")
        for name, value in headers.items():
            line.putheader(name.replace("_", "-"), value)
        line.endheaders()
        answer = line.getresponse()
        return answer.status, answer.headers.get("location") or answer.read().decode()


def test_too_large_an_upload_is_refused_before_it_is_sent(staff: Staff) -> None:
    most = staff.intake.house.settings.limits.message_bytes
    status, words = _asked(staff, content_length=str(most + 1))
    assert (status, words) == (413, "内容过大：一次至多 100 MB，请分几次。")


def test_a_stranger_is_turned_away_before_his_files_are_read(staff: Staff) -> None:
    form = "multipart/form-data; boundary=b"
    assert _asked(staff, content_type=form, content_length="1000000") == (303, "/login")


# ── for programs, and for Excel ──────────────────────────────────────────────────────────


def test_the_interface_lists_links(staff: Staff) -> None:
    post(staff.intake, PAN, QQ)
    post(staff.intake, NEVER, name=LIGHTS)
    answer = staff.client.get("/api/links?limit=2")
    assert answer.headers["x-total-count"] == "3"
    first, second = answer.json()
    assert (first["name"], first["dossiers"], first["code"]) == (PAN.name, [number(1)], "x1y2")
    assert first["expires_at"].endswith("+08:00")
    assert (first["mail"], first["url"], first["settled"]) == (1, PAN.url, None)
    assert (second["name"], second["expires_at"]) == (NEVER.name, None)
    staff.post("/links/settle", mail="1", url=QQ.url, reason="已失效")
    (settled,) = staff.client.get("/api/links?settled=true").json()
    assert (settled["name"], settled["settled"]["who"]) == (QQ.name, NAME)
    assert settled["settled"]["fetched"] is False
    assert "/api/links" in json.loads(staff.get("/api/openapi.json"))["paths"]


@pytest.mark.parametrize("path", ["/export.xlsx", "/paper/export.xlsx"])
def test_the_registry_and_the_paper_register_are_downloads_for_excel(
    staff: Staff, path: str
) -> None:
    staff.intake.post(dossier())
    staff.intake.paper()
    answer = staff.client.get(path)
    assert answer.content.startswith(b"PK")
    assert answer.headers["content-disposition"].startswith("attachment")


def test_links_kept_before_codes_were_read_are_still_listed(staff: Staff) -> None:
    post(staff.intake, PAN)
    old = {"provider": "QQ邮箱", "url": QQ.url, "name": "旧.rar", "size": "", "expires": ""}
    with staff.intake.registry.write() as connection:
        connection.execute(update(m.mail).values(links=[old]))
    assert staff.open() == ["旧.rar"]
    assert "旧.rar" in staff.get("/links")
    assert staff.intake.row().status is not Status.WITHDRAWN
