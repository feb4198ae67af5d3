"""The staff desk, asked over HTTP by a browser's means."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from fastapi.routing import APIRoute
from sqlalchemy import select, update

from registry import models as m
from registry import outgoing, queries
from registry.events import SERVICE
from registry.rows import EventRow, LetterState, Status
from reports.desk.app import PAGES
from reports.desk.guard import Guard, host_name
from reports.desk.next_step import to_say
from reports.desk.sign_in import local_path, sign_in_token
from reports.history import tell
from tests.desk_registry import (
    CALL,
    NAME,
    NOW,
    PASSWORD,
    SECRET,
    TOKEN,
    Browser,
    Office,
    name_of,
    open_office,
    serve,
    sign_in_path,
)
from tests.sample_rows import TOPICS, missing, view

EVIL = '"><script>alert(1)</script>{{7*7}}'


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    found = open_office(tmp_path_factory.mktemp("office"), dossiers=130)
    yield found
    found.registry.close()


@pytest.fixture(scope="module")
def address(office: Office) -> Iterator[str]:
    with serve(office.app) as found:
        yield found


@pytest.fixture
def stranger(office: Office, address: str) -> Iterator[Browser]:
    """Somebody who has not signed in."""
    with httpx.Client(base_url=address) as client:
        yield Browser(client=client, office=office)


@pytest.fixture
def staff(stranger: Browser) -> Browser:
    """Somebody who has."""
    assert stranger.get(sign_in_path()).status_code == 303
    return stranger


# ── who gets in ──────────────────────────────────────────────────────────────────────────


def test_every_route_but_sign_in_and_health_turns_strangers_away(stranger: Browser) -> None:
    routes = [each for page in PAGES for each in page.router.routes if isinstance(each, APIRoute)]
    closed = [each for each in routes if each.path not in {"/login", "/healthz"}]
    assert len(closed) > 25
    for route in closed:
        path = re.sub(r"\{\w+\}", "1", route.path.replace("{number}", "LM2016-0001"))
        for method in route.methods or ():
            answer = stranger.client.request(method, path)
            for_programs = path.startswith("/api/") or path == "/metrics"
            assert answer.status_code == (401 if for_programs else 303), (method, path)


def test_a_stranger_is_led_to_sign_in_and_back_to_the_page_he_asked_for(stranger: Browser) -> None:
    answer = stranger.get("/mails?fate=noted")
    assert answer.headers["location"] == "/login?next=" + quote("/mails?fate=noted")
    page = stranger.get(answer.headers["location"])
    token = TOKEN.search(page.text)
    assert token
    fields = {"token": token[1], "name": NAME, "password": PASSWORD, "next": "/mails?fate=noted"}
    answer = stranger.client.post("/login", data=fields)
    assert (answer.status_code, answer.headers["location"]) == (303, "/mails?fate=noted")
    assert stranger.get("/mails?fate=noted").status_code == 200


def test_the_session_cookie_is_out_of_reach_of_scripts_and_foreign_pages(
    stranger: Browser,
) -> None:
    cookie = stranger.get(sign_in_path()).headers["set-cookie"].lower()
    assert "desk_session=" in cookie
    assert "httponly" in cookie
    assert "samesite=lax" in cookie


def test_a_wrong_password_signs_nobody_in_and_says_no_more_than_that(stranger: Browser) -> None:
    for name in (NAME, "nobody"):
        token = TOKEN.search(stranger.get("/login").text)
        assert token
        fields = {"token": token[1], "name": name, "password": "wrong password"}
        answer = stranger.client.post("/login", data=fields)
        assert answer.status_code == 401
        assert "账号或密码不正确" in answer.text
        assert stranger.get("/").status_code == 303


def test_a_sign_in_form_from_elsewhere_is_refused(stranger: Browser) -> None:
    fields = {"name": NAME, "password": PASSWORD, "token": "0" * 64}
    assert stranger.client.post("/login", data=fields).status_code == 403
    assert stranger.get("/").status_code == 303


def test_a_sign_in_link_works_once_and_for_an_hour(stranger: Browser) -> None:
    path = sign_in_path()
    assert stranger.get(path).status_code == 303
    assert stranger.get(path).status_code == 403
    late = sign_in_token(SECRET, NAME, NOW - timedelta(minutes=61))
    assert stranger.get(f"/login?token={late}").status_code == 403
    forged = sign_in_token(b"another secret", NAME, NOW)
    assert stranger.get(f"/login?token={forged}").status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        "//example.com",
        "https://example.com/",
        "/\\example.com",
        "\\\\example.com",
        "example.com",
        "javascript:alert(1)",
        "/\n/example.com",
        "/\t/example.com",
        "",
        "//[",
    ],
)
def test_no_link_leads_away_from_the_desk(path: str) -> None:
    assert local_path(path) == "/"


def test_a_link_within_the_desk_is_kept() -> None:
    assert local_path("/mails?fate=noted&page=2#assign") == "/mails?fate=noted&page=2#assign"


# ── what stands before every page ────────────────────────────────────────────────────────


@pytest.mark.parametrize("path", ["/login", "/healthz", "/static/desk.css", "/", "/nowhere"])
def test_every_answer_carries_the_security_headers(stranger: Browser, path: str) -> None:
    headers = stranger.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "script-src" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"


@pytest.mark.parametrize("host", ["example.com", "localhost.example.com", "192.0.2.1", ""])
def test_a_foreign_host_name_is_refused(stranger: Browser, host: str) -> None:
    answer = stranger.client.get("/login", headers={"host": host})
    assert answer.status_code == 400
    assert "example.com" not in answer.text


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8025", "127.0.0.1:1", "[::1]:8025"])
def test_the_machines_own_names_are_answered(stranger: Browser, host: str) -> None:
    assert stranger.client.get("/login", headers={"host": host}).status_code == 200


def test_listening_on_every_address_answers_to_addresses_but_not_to_foreign_names(
    office: Office,
) -> None:
    guard = Guard(office.app, listens_on="0.0.0.0", files_bytes=1)  # noqa: S104 - nothing listens here
    assert guard.allows(host_name("192.0.2.1:8025"))
    assert not guard.allows(host_name("rebound.example.com:8025"))


def test_a_body_that_is_too_large_or_has_no_length_is_refused(stranger: Browser) -> None:
    headers = {"content-type": "application/x-www-form-urlencoded"}
    large = stranger.client.post("/login", content=b"name=" + b"x" * 5_000_000, headers=headers)
    assert large.status_code == 413
    endless = stranger.client.post("/login", content=iter([b"name=x"]), headers=headers)
    assert endless.status_code == 411


def test_a_fault_of_ours_gives_a_page_that_tells_nothing(tmp_path: Path) -> None:
    office = open_office(tmp_path, dossiers=1)
    with serve(office.app) as address, httpx.Client(base_url=address) as client:
        client.get(sign_in_path())
        office.registry.close()
        shutil.rmtree(tmp_path / "var")
        health, page = client.get("/healthz"), client.get("/")
    assert (health.status_code, health.json()["database"]) == (503, "unreachable")
    assert page.status_code == 503
    assert "本次操作未完成" in page.text
    assert "sqlite" not in page.text.lower()
    assert "default-src 'none'" in page.headers["content-security-policy"]


def test_pages_use_no_script_no_inline_style_and_nothing_from_outside(staff: Browser) -> None:
    for path in ("/", "/dossiers/LM2016-0001", "/mails/1", "/letters/4", "/paper", "/statistics"):
        text = staff.get(path).text
        assert "<script" not in text
        assert " style=" not in text
        assert not re.search(r"""(?:src|href|action)\s*=\s*["']?(?:https?:)?//""", text)
        assert not re.search(r"\son\w+\s*=", text)


# ── reading ──────────────────────────────────────────────────────────────────────────────


def test_the_queue_counts_by_status_and_shows_what_each_dossier_waits_for(staff: Browser) -> None:
    text = staff.get("/?status=in-review").text
    assert "LM2016-0001" in text
    assert "LM2016-0002" not in text
    assert "存疑：组建章程·总则" in text
    assert 'class="late"' in text


def test_a_search_narrows_the_queue_and_says_when_nothing_is_found(staff: Browser) -> None:
    assert (
        name_of(4)
        in staff.get(
            "/",
        ).text
    )
    found = staff.get("/?q=" + quote(name_of(4))).text
    assert "LM2016-0005" in found
    assert "LM2016-0006" not in found
    assert "没有找到" in staff.get("/?q=zzz").text


@pytest.mark.parametrize("path", ["/", "/mails", "/paper"])
def test_tabs_count_within_the_search(staff: Browser, path: str) -> None:
    found = re.findall(r"<span>(\d+)</span></a>", staff.get(f"{path}?q={quote(name_of(4))}").text)
    assert found
    assert set(found) <= {"0", "1"}
    assert "1" in found


def test_the_registry_is_exported_once_at_a_time(staff: Browser, office: Office) -> None:
    with office.app.state.desk.exporting:
        assert staff.get("/export.xlsx").status_code == 303
    assert "请稍候" in staff.message()


def test_long_lists_are_paged(staff: Browser) -> None:
    first, second = staff.get("/").text, staff.get("/?page=2").text
    assert "LM2016-0100" in first
    assert "LM2016-0101" not in first
    assert "LM2016-0101" in second
    assert "第 2 / 2 页" in second


@pytest.mark.parametrize(
    "path",
    [
        "/?page=0",
        "/?page=3",
        "/?page=x",
        "/?page=99999999999999999999",
        "/?status=bogus",
        "/mails?fate=bogus",
        "/mails?page=4",
        "/letters?state=bogus",
        "/paper?which=bogus",
        "/dossiers/LM2016-9999",
        "/dossiers/" + quote(EVIL, safe=""),
        "/dossiers/LM2016-0001/documents/5",
        "/dossiers/LM2016-0001/documents/99999999999999999999",
        "/mails/0",
        "/mails/999",
        "/mails/x",
        "/letters/999",
        "/nowhere",
        "/static/../app.py",
        "/static/nothing.css",
    ],
)
def test_what_is_not_there_gives_a_page_in_chinese(staff: Browser, path: str) -> None:
    answer = staff.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert "没有" in answer.text
    assert "Traceback" not in answer.text


def test_a_dossier_shows_its_findings_documents_paper_letters_and_history(staff: Browser) -> None:
    text = staff.get("/dossiers/LM2016-0002").text
    for shown in (
        name_of(1),
        "电子材料还缺 2 项：组建协议·知识产权的归属与使用、组建协议·风险承担",
        "通知第三条第（三）项",
        "本联盟的宗旨是联合攻关、共担风险。",
        "申报材料.zip/组建协议.docx",
        "Z2016-0002",
        "收件回执：" + name_of(1),
        "申报表·联系人 → 豁免：已电话确认",
        "文字由扫描件识别，可能有误",
        "第8页：可见红色印章2枚",
        "第9—10页：灰度页，无法判断有无印章",
    ):
        assert shown in text
    assert "已受理" not in text


def test_the_sentence_to_read_aloud_speaks_of_paper_only_where_the_call_asks_for_it() -> None:
    whole = view(status=Status.COMPLETE)
    assert "电子材料和纸质材料均已收齐，目前无需补充。" in to_say(whole, CALL)
    assert "编号 LM2016-0037；材料已收齐，目前无需补充。" in to_say(whole, TOPICS)
    lacking = view(missing("application.route"))
    assert to_say(lacking, TOPICS).endswith("材料还缺 1 项：课题申请书·技术路线。")


@pytest.mark.parametrize(
    ("number", "says"),
    [
        ("LM2016-0043", "有几处正由工作人员核对，核对后会通过邮件一次告知全部结果"),
        ("LM2016-0045", "电子材料已收齐，纸质材料尚未查到登记"),
        ("LM2016-0046", "电子材料和纸质材料均已收齐，目前无需补充"),
        ("LM2016-0048", "已登记撤回"),
    ],
)
def test_a_dossier_gives_one_sentence_to_read_aloud(staff: Browser, number: str, says: str) -> None:
    text = staff.get(f"/dossiers/{number}").text
    assert f"已收到，登记编号 {number}" in text
    assert says in text


@pytest.mark.parametrize(
    ("what", "detail", "told"),
    [
        ("judged", "awaiting-paper", "待纸质材料"),
        ("letter", "missing-items → draft（须审核）", "缺件清单 → 草稿（须审核）"),
        (
            "matched",
            "纸质登记 Z1（core-and-secretariat）",
            "纸质登记 Z1（核心名称与秘书处单位一致）",
        ),
        ("decided", "match-proposed → ok：ok, see mail", "有待确认的匹配 → 符合：ok, see mail"),
        ("bounce", "退信：地址不存在", "地址不存在"),
        ("mail", "judged incomplete", "judged incomplete"),
    ],
)
def test_history_is_told_in_words_and_quotes_are_left_alone(
    what: str, detail: str, told: str
) -> None:
    event = EventRow(at=NOW, actor=SERVICE, what=what, detail=detail)
    assert tell(event, CALL).detail == told


def test_paper_and_electronic_parts_without_counterpart_are_listed(staff: Browser) -> None:
    paper_only = staff.get("/paper?which=paper-only").text
    assert "Z2016-0001" in paper_only
    assert "Z2016-0002" not in paper_only
    files_only = staff.get("/paper?which=files-only").text
    assert "LM2016-0003" in files_only
    assert "LM2016-0002" not in files_only
    assert "LM2016-0006" not in files_only  # withdrawn


def test_whatever_applicants_wrote_is_shown_as_text(staff: Browser) -> None:
    with staff.office.registry.write() as connection:
        this_mail, this = m.mail.c.id == 121, m.dossier.c.id == 121
        words = {"subject": EVIL, "sender_name": EVIL, "excerpt": EVIL, "reason": EVIL}
        connection.execute(update(m.mail).where(this_mail).values(**words))
        names = {"name": EVIL, "secretariat": EVIL, "recommender": EVIL}
        connection.execute(update(m.dossier).where(this).values(**names))
        of_dossier = m.document.c.dossier_id == 121
        connection.execute(update(m.document).where(of_dossier).values(path=EVIL, filename=EVIL))
        found = m.finding.c.dossier_id == 121
        connection.execute(update(m.finding).where(found).values(quote=EVIL, detail=EVIL))
        letter = {"subject": EVIL, "text": EVIL, "reason": EVIL}
        connection.execute(update(m.letter).where(m.letter.c.id == 121).values(**letter))
        paper = {"name": EVIL, "remark": EVIL, "contact": EVIL}
        connection.execute(update(m.paper).where(m.paper.c.id == 121).values(**paper))
    pages = (
        "/?page=2",
        "/dossiers/LM2016-0121",
        "/mails",
        "/mails/121",
        "/letters",
        "/paper?page=2",
    )
    for path in (*pages, "/letters/121", "/statistics", f"/?q={quote(EVIL)}"):
        text = staff.get(path).text
        assert "<script" not in text
        assert "&lt;script&gt;" in text
        assert "{{7*7}}" in text


# ── downloads ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("path", ["/mails/1/original", "/dossiers/LM2016-0001/documents/1"])
def test_originals_are_only_ever_downloads(staff: Browser, path: str) -> None:
    answer = staff.get(path)
    assert answer.status_code == 200
    assert answer.content.startswith(b"Subject: hello")
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_file_name_cannot_break_out_of_its_header(staff: Browser) -> None:
    with staff.office.registry.write() as connection:
        name = 'a"\r\nSet-Cookie: x=1\r\n/../../申报表.docx'
        connection.execute(update(m.document).where(m.document.c.id == 41).values(filename=name))
    answer = staff.get("/dossiers/LM2016-0011/documents/41")
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    assert "%E7%94%B3%E6%8A%A5%E8%A1%A8.docx" in answer.headers["content-disposition"]


def test_a_mail_without_its_original_says_so(staff: Browser) -> None:
    with staff.office.registry.write() as connection:
        connection.execute(update(m.mail).where(m.mail.c.id == 122).values(sha256=None))
        connection.execute(update(m.mail).where(m.mail.c.id == 123).values(sha256="f" * 64))
    assert "超过大小上限" in staff.get("/mails/122/original").text
    assert "原件不在库中" in staff.get("/mails/123/original").text


# ── acting ───────────────────────────────────────────────────────────────────────────────


def test_a_form_without_its_token_does_nothing(staff: Browser) -> None:
    for token in ({}, {"token": ""}, {"token": "0" * 64}, {"token": "失败"}):
        fields = token | {"reason": "测试"}
        answer = staff.client.post("/dossiers/LM2016-0021/withdraw", data=fields)
        assert answer.status_code == 403
    with staff.office.registry.read() as connection:
        row = queries.dossier_by_number(connection, "LM2016-0021")
    assert row
    assert not row.marked


def test_another_sessions_token_is_no_good(staff: Browser, address: str) -> None:
    with httpx.Client(base_url=address) as client:
        client.get(sign_in_path())
        theirs = TOKEN.search(client.get("/").text)
    assert theirs
    answer = staff.client.post("/logout", data={"token": theirs[1]})
    assert answer.status_code == 403


def test_a_decision_is_kept_with_who_and_why_and_marks_the_dossier(staff: Browser) -> None:
    fields = {"finding": "charter.general", "document": "申报材料.zip/组建章程.docx"}
    answer = staff.post(
        "/dossiers/LM2016-0013/decide", **fields, outcome="ok", reason="第一章即总则"
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/dossiers/LM2016-0013")
    assert "已记录您的决定" in staff.message()
    with staff.office.registry.read() as connection:
        row = queries.dossier_by_number(connection, "LM2016-0013")
        assert row
        kept = queries.decisions_of(connection, row.id)
    assert [(each.finding, each.outcome, each.reason, each.who) for each in kept] == [
        ("charter.general", "ok", "第一章即总则", NAME)
    ]
    assert row.marked


def test_a_refused_act_is_explained_and_leaves_nothing_behind(staff: Browser) -> None:
    staff.post("/dossiers/LM2016-0019/decide", finding="no.such", outcome="ok", reason="x")
    assert "没有核对项" in staff.message()
    staff.post("/dossiers/LM2016-0019/withdraw", reason="  ")
    assert "理由" in staff.message()
    with staff.office.registry.read() as connection:
        row = queries.dossier_by_number(connection, "LM2016-0019")
    assert row
    assert not row.marked


def test_a_form_with_an_unknown_outcome_is_refused(staff: Browser) -> None:
    answer = staff.post("/dossiers/LM2016-0019/decide", finding="x", outcome="bogus", reason="x")
    assert answer.status_code == 400
    assert "有误" in answer.text


def test_paper_is_linked_and_unlinked_by_hand(staff: Browser) -> None:
    staff.post("/dossiers/LM2016-0007/link", register_no="Z2016-0007")
    assert "Z2016-0007" in staff.get("/dossiers/LM2016-0007").text
    assert "人工确认" in staff.get("/dossiers/LM2016-0007").text
    staff.post("/dossiers/LM2016-0007/unlink")
    assert "尚未查到纸质登记" in staff.get("/dossiers/LM2016-0007").text


@pytest.mark.parametrize(
    ("number", "act", "state"),
    [("LM2016-0025", "accept", "current"), ("LM2016-0037", "reject", "rejected")],
)
def test_held_documents_are_accepted_or_rejected(
    staff: Browser, number: str, act: str, state: str
) -> None:
    index = int(number[-4:])
    assert "份材料尚未生效" in staff.get(f"/dossiers/{number}").text
    staff.post(f"/dossiers/{number}/{act}", mail=str(index))
    assert "份材料尚未生效" not in staff.get(f"/dossiers/{number}").text
    with staff.office.registry.read() as connection:
        which = (m.document.c.dossier_id == index) & (m.document.c.kind == "charter")
        assert connection.execute(select(m.document.c.state).where(which)).scalar() == state


def test_a_dossier_is_withdrawn_with_a_reason(staff: Browser) -> None:
    staff.post("/dossiers/LM2016-0031/withdraw", reason="来函撤回")
    assert "撤回</b>：来函撤回" in staff.get("/dossiers/LM2016-0031").text


def test_two_dossiers_that_are_one_are_merged_and_the_page_says_so(staff: Browser) -> None:
    page = staff.get("/dossiers/LM2016-0025").text
    assert "是同一件，并入" in page
    staff.post("/dossiers/LM2016-0025/merge", target="lm2016-0026")
    assert "LM2016-0025 已并入 LM2016-0026" in staff.message()
    page = staff.get("/dossiers/LM2016-0025").text
    assert "已并入 <a href=" in page
    assert "已并入登记编号 LM2016-0026 的申报材料，请以该编号为准" in page
    assert "要求撤回" not in page
    assert "并入本件</b>：LM2016-0025" in staff.get("/dossiers/LM2016-0026").text


def test_a_letter_that_failed_is_sent_to_another_address(staff: Browser) -> None:
    with staff.office.registry.read() as connection:
        failed = queries.letters(connection, state="failed")[0]
    assert "改发至" in staff.get(f"/letters/{failed.id}").text
    staff.post(f"/letters/{failed.id}/redirect", to="no address")
    assert "不是有效的邮箱地址" in staff.message()
    staff.post(f"/letters/{failed.id}/redirect", to="other@example.net")
    with staff.office.registry.read() as connection:
        newest = queries.letters(connection, newest_first=True, limit=1)[0]
    assert (newest.to, newest.state, newest.text) == (
        ("other@example.net",),
        LetterState.QUEUED,
        failed.text,
    )


def test_a_mail_is_assigned_retried_read_and_dismissed(staff: Browser) -> None:
    staff.post("/mails/14/assign", target="lm2016-0003")
    with staff.office.registry.read() as connection:
        assert connection.execute(select(m.mail.c.assigned).where(m.mail.c.id == 14)).scalar() == (
            "LM2016-0003"
        )
    staff.post("/mails/30/assign", target="new")
    staff.post("/mails/5/retry")
    staff.post("/mails/4/read", back="/mails?fate=waiting")
    staff.post("/mails/13/dismiss", reason="已电话联系")
    with staff.office.registry.read() as connection:
        found = {each.id: each for each in queries.mails(connection)}
    assert found[14].fate == found[30].fate == found[5].fate == "pending"
    assert found[4].read_at == NOW
    assert "已电话联系" in found[13].reason
    waiting = staff.get("/mails?fate=waiting").text
    assert 'href="/mails/4"' not in waiting
    assert 'href="/mails/13"' not in waiting


def test_an_act_leads_back_to_the_list_but_never_away(staff: Browser) -> None:
    answer = staff.post("/mails/12/read", back="/mails?fate=waiting")
    assert answer.headers["location"] == "/mails?fate=waiting"
    answer = staff.post("/mails/20/read", back="//example.com")
    assert answer.headers["location"] == "/"


SHEET = """登记号,收件日期,联盟名称,秘书处单位,份数
Z2016-9001,2016-05-30,广东省测试产业技术创新联盟,广州市示例研究院,5
Z2016-9002,2016-05-30,,广州市示例研究院,5
"""


def test_a_sheet_is_imported_and_its_unread_rows_are_listed_with_reasons(staff: Browser) -> None:
    def upload(name: str, data: bytes) -> httpx.Response:
        files = {"sheet": (name, data, "text/csv")}
        return staff.client.post("/paper/import", data={"token": staff.token()}, files=files)

    answer = upload("../../登记表.csv", SHEET.encode("gb18030"))
    assert answer.status_code == 200
    assert "没有联盟名称" in answer.text
    assert "已导入" in answer.text
    assert "Z2016-9001" in staff.get("/paper?q=Z2016-9001").text
    assert "没有变化" in upload("登记表.csv", SHEET.encode()).text
    assert upload("登记表.xlsx", b"PK\x03\x04 no workbook").status_code == 303
    assert "不能作为收件登记表读取" in staff.message()


def test_a_letter_is_held_edited_and_released(staff: Browser) -> None:
    staff.post("/letters/3/hold")
    assert "暂缓" in staff.get("/letters/3").text
    staff.post("/letters/3/edit", subject="[LM2016-0003] 更正", text="您好：\r\n\r\n<b>更正</b>")
    staff.post("/letters/3/send")
    with staff.office.registry.read() as connection:
        letter = queries.letter_by_id(connection, 3)
    assert letter
    assert (letter.subject, letter.state) == ("[LM2016-0003] 更正", "queued")
    assert letter.text == "您好：\n\n<b>更正</b>"
    assert "<b>更正</b>" not in letter.html
    assert "&lt;b&gt;更正" in letter.html


def test_a_letter_is_released_as_it_stands_in_the_form(staff: Browser) -> None:
    staff.post("/letters/4/edit", subject="改过", text="改过的正文", release="yes")
    with staff.office.registry.read() as connection:
        letter = queries.letter_by_id(connection, 4)
    assert letter
    assert (letter.subject, letter.text, letter.state) == ("改过", "改过的正文", "queued")


def test_a_refusal_tells_a_clerk_of_no_option_of_the_command_line(staff: Browser) -> None:
    staff.post("/letters/6/send")
    said = staff.message()
    assert "仍然发出" in said
    assert "--" not in said


def test_a_message_is_shown_once(staff: Browser) -> None:
    staff.post("/letters/9/hold")
    assert staff.message()
    assert 'role="status"' not in staff.get("/").text


# ── for programs ─────────────────────────────────────────────────────────────────────────


def test_the_interface_gives_the_records_of_the_command_line(staff: Browser) -> None:
    answer = staff.get("/api/queue?status=incomplete&limit=2")
    assert answer.headers["x-total-count"] == "22"
    first, second = answer.json()
    assert (first["number"], second["number"]) == ("LM2016-0002", "LM2016-0008")
    assert first["missing"] == ["agreement.ip", "agreement.risk"]
    assert staff.get("/api/queue?status=incomplete&limit=2&offset=2").json()[0]["number"] == (
        "LM2016-0014"
    )
    assert staff.get("/api/dossiers/LM2016-0002").json()["history"]
    assert staff.get("/api/mails?limit=1").json()[0]["from"] == "office0@example.com"
    assert staff.get("/api/letters?limit=1").json()[0]["kind"] == "acknowledgement"
    assert "body" in staff.get("/api/letters/1").json()
    assert staff.get("/api/paper?search=Z2016-0002").json()[0]["dossier"] == "LM2016-0002"


def test_the_interface_describes_itself(staff: Browser) -> None:
    described = staff.get("/api/openapi.json").json()
    assert {"/api/queue", "/api/dossiers/{number}", "/api/mails"} <= set(described["paths"])
    assert all(path.startswith("/api/") for path in described["paths"])


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/queue?limit=0", 422),
        ("/api/queue?limit=1001", 422),
        ("/api/queue?status=bogus", 422),
        ("/api/queue?offset=99999999999999999999", 422),
        ("/api/dossiers/none", 404),
        ("/api/letters/999", 404),
        ("/api/nowhere", 404),
    ],
)
def test_the_interface_answers_mistakes_in_json(staff: Browser, path: str, status: int) -> None:
    answer = staff.get(path)
    assert answer.status_code == status
    assert answer.json()["detail"]


def test_health_is_good_while_every_folder_is_read_within_three_polls(stranger: Browser) -> None:
    answer = stranger.get("/healthz")
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")
    stranger.office.clock[0] = NOW + timedelta(seconds=181)
    try:
        answer = stranger.get("/healthz")
    finally:
        stranger.office.clock[0] = NOW
    assert answer.status_code == 503
    assert answer.json()["mailboxes"][0]["status"] == "late"


def test_a_mailbox_that_fails_is_told_to_staff_in_full_and_to_strangers_in_brief(
    staff: Browser,
) -> None:
    with staff.office.registry.write() as connection:
        connection.execute(update(m.folder).values(error="Unsafe Login: 授权码已过期"))
    try:
        health, page = staff.get("/healthz"), staff.get("/")
    finally:
        with staff.office.registry.write() as connection:
            connection.execute(update(m.folder).values(error=""))
    assert health.status_code == 503
    assert "授权码" not in health.text
    assert "授权码已过期" in page.text


def test_a_mail_server_that_takes_no_letters_stands_above_every_page_and_in_health(
    staff: Browser,
) -> None:
    with staff.office.registry.write() as connection:
        outgoing.server_failed(connection, "smtp: refuses the sign-in", "login", NOW)
    try:
        health, page, metrics = (staff.get(each) for each in ("/healthz", "/mails", "/metrics"))
    finally:
        with staff.office.registry.write() as connection:
            outgoing.server_works(connection)
    assert (health.status_code, health.json()["reasons"]) == (503, ["mail-server: login"])
    assert "smtp: refuses the sign-in" in page.text
    assert "发件服务器拒绝登录" in page.text
    assert "intake_mail_server_unwell 1.0" in metrics.text
    assert "intake_unwell 1.0" in metrics.text
    assert staff.get("/healthz").status_code == 200


def test_metrics_count_dossiers_mails_and_letters(staff: Browser) -> None:
    text = staff.get("/metrics").text
    assert re.search(r'intake_dossiers\{status="incomplete"\} 2\d\.0', text)
    assert 'intake_mails{fate="bounce"} 0.0' in text
    assert 'intake_letters{state="sent"}' in text
    assert "intake_letter_attempts_in_doubt 0.0" in text
    assert 'intake_folder_unwell{folder="INBOX",mailbox="main"} 0.0' in text
