"""Who may do what at the desk, and how long; asked over HTTP by a browser's means."""

from __future__ import annotations

import logging
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from fastapi.routing import APIRoute
from sqlalchemy import select, update

from config.settings import Smtp
from ingest.outbox import message_of
from registry import database, queries
from registry import models as m
from registry.accounts import Role, account_by_name, add_account, disable, enable, set_password
from reports.desk.app import PAGES
from reports.desk.guard import Guard
from reports.desk.sign_in import IDLE_LASTS, SESSION_LASTS, Sessions, Throttle
from tests.desk_registry import (
    NAME,
    NOW,
    PASSWORD,
    SECRET,
    Browser,
    Office,
    open_office,
    serve,
    sign_in_path,
)

NEW = "another horse 2017"
FOR_ALL = {"/login", "/logout", "/password"}
"""Forms that are no act upon the registry's contents."""


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    found = open_office(tmp_path_factory.mktemp("office"))
    with found.registry.write() as connection:
        for role in Role:
            add_account(connection, role.value, PASSWORD, role=role, who="test", now=NOW)
    yield found
    found.registry.close()


@pytest.fixture(scope="module")
def address(office: Office) -> Iterator[str]:
    with serve(office.app) as found:
        yield found


@contextmanager
def browser(office: Office, address: str) -> Iterator[Browser]:
    with httpx.Client(base_url=address) as client:
        yield Browser(client=client, office=office)


@pytest.fixture
def stranger(office: Office, address: str) -> Iterator[Browser]:
    office.clock[0] = NOW
    with browser(office, address) as found:
        yield found
    office.clock[0] = NOW


@pytest.fixture
def admin(stranger: Browser) -> Browser:
    assert stranger.sign_in("admin").status_code == 303
    return stranger


@pytest.fixture
def reader(stranger: Browser) -> Browser:
    assert stranger.sign_in("reader").status_code == 303
    return stranger


def forms() -> list[str]:
    """Every path that takes a form, with what stands for ids filled in."""
    routes = [each for page in PAGES for each in page.router.routes if isinstance(each, APIRoute)]
    paths = [each.path for each in routes if "POST" in (each.methods or ())]
    assert len(paths) > 20
    return [
        re.sub(r"\{\w+\}", "1", each.replace("{number}", "LM2016-0001")) for each in sorted(paths)
    ]


def deeds(office: Office) -> int:
    with office.registry.read() as connection:
        return len(connection.execute(select(m.event.c.id)).all())


# ── forms and roles ──────────────────────────────────────────────────────────────────────


def test_every_form_is_refused_without_the_token_of_its_session(admin: Browser) -> None:
    before = deeds(admin.office)
    for path in forms():
        for fields in ({}, {"token": "0" * 64}):
            given = {"name": "x", "role": "admin", "password": NEW, "reason": "x"} | fields
            assert admin.client.post(path, data=given).status_code == 403, path
    assert admin.get("/").status_code == 200
    assert deeds(admin.office) == before


def test_no_page_changes_anything_by_being_looked_at(admin: Browser) -> None:
    routes = [each for page in PAGES for each in page.router.routes if isinstance(each, APIRoute)]
    assert {method for each in routes for method in each.methods or ()} == {"GET", "POST"}
    before = deeds(admin.office)
    for each in routes:
        if "GET" in (each.methods or ()) and each.path != "/login":
            admin.get(re.sub(r"\{\w+\}", "1", each.path.replace("{number}", "LM2016-0001")))
    assert deeds(admin.office) == before


def test_a_reader_sees_every_page_and_can_change_nothing(reader: Browser) -> None:
    before, token = deeds(reader.office), reader.token()
    paths = ("/", "/dossiers/LM2016-0001", "/mails/1", "/letters/4", "/links", "/paper")
    for path in (*paths, "/statistics", "/export.xlsx", "/paper/export.xlsx", "/api/queue"):
        assert reader.get(path).status_code == 200, path
    assert 'class="reader"' in reader.get("/").text  # the style sheet hides forms by that
    draft = reader.get("/letters/4").text
    assert "一、缺件清单" in draft
    assert "<textarea" not in draft
    dossier = reader.get("/dossiers/LM2016-0001").text
    assert "项等待工作人员处理" in dossier
    assert 'type="file"' not in dossier
    assert 'id="assign"' not in reader.get("/mails/1").text
    for path in forms():
        if path not in FOR_ALL:
            answer = reader.client.post(path, data={"token": token})
            assert answer.status_code == 403, path
    assert deeds(reader.office) == before


def test_only_an_admin_manages_accounts(stranger: Browser) -> None:
    for role in (Role.READER, Role.STAFF):
        stranger.client.cookies.clear()
        stranger.sign_in(role.value)
        assert stranger.get("/accounts").status_code == 403
        assert "/accounts" not in stranger.get("/").text
        for path in forms():
            if path.startswith("/accounts"):
                fields = {"name": role.value, "role": "admin", "password": NEW}
                assert stranger.post(path, **fields).status_code == 403, path
    stranger.client.cookies.clear()
    stranger.sign_in("admin")
    assert "/accounts" in stranger.get("/").text
    assert stranger.get("/accounts").status_code == 200


# ── accounts ─────────────────────────────────────────────────────────────────────────────


def test_an_admin_adds_an_account_changes_its_role_and_password_and_shuts_it_out(
    admin: Browser, address: str
) -> None:
    admin.post("/accounts/add", name="窗口", password=PASSWORD, role="reader")
    assert "已添加账号" in admin.message()
    with browser(admin.office, address) as other:
        other.sign_in("窗口")
        assert "（只读）" in other.get("/").text
        admin.post("/accounts/role", name="窗口", role="staff")
        assert "（只读）" not in other.get("/").text  # from the next page on
        admin.post("/accounts/password", name="窗口", password=NEW)
        assert other.get("/").status_code == 303  # its sessions ended
        assert other.sign_in("窗口", PASSWORD).status_code == 401
        assert other.sign_in("窗口", NEW).status_code == 303
        admin.post("/accounts/disable", name="窗口")
        assert other.get("/").status_code == 303
        assert other.sign_in("窗口", NEW).status_code == 401
        admin.post("/accounts/enable", name="窗口")
        assert other.sign_in("窗口", NEW).status_code == 303
    page = admin.get("/accounts").text
    for told in ("添加账号", "更改角色", "重设密码", "停用账号", "恢复账号"):
        assert f"{told}</b>：窗口" in page
    assert PASSWORD not in page
    assert "argon2" not in page


@pytest.mark.parametrize(
    ("path", "fields", "says"),
    [
        ("add", {"name": "staff", "password": NEW, "role": "staff"}, "已有账号"),
        ("add", {"name": "new", "password": "short", "role": "staff"}, "太短"),
        ("add", {"name": "a b", "password": NEW, "role": "staff"}, "空格"),
        ("password", {"name": "nobody", "password": NEW}, "没有账号"),
        ("disable", {"name": "admin"}, "不能停用自己的账号"),
        ("role", {"name": " admin ", "role": "reader"}, "不能停用自己的账号"),
    ],
)
def test_what_cannot_be_done_with_an_account_is_said_and_not_done(
    admin: Browser, path: str, fields: dict[str, str], says: str
) -> None:
    before = deeds(admin.office)
    admin.post(f"/accounts/{path}", **fields)
    assert says in admin.message()
    assert deeds(admin.office) == before


def test_everybody_changes_his_own_password_and_stays_signed_in_here_alone(
    stranger: Browser, address: str
) -> None:
    stranger.sign_in("reader")
    with browser(stranger.office, address) as elsewhere:
        elsewhere.sign_in("reader")
        for fields, says in (
            ({"present": "wrong password"}, "现在的密码不正确"),
            ({"present": PASSWORD, "again": "other"}, "不一致"),
            ({"present": PASSWORD, "password": "short", "again": "short"}, "太短"),
            ({"present": PASSWORD}, "密码已修改"),
        ):
            stranger.post("/password", **({"password": NEW, "again": NEW} | fields))
            assert says in stranger.message()
        assert elsewhere.get("/").status_code == 303
    stranger.post("/password", present=NEW, password=PASSWORD, again=PASSWORD)
    assert "密码已修改" in stranger.message()


# ── sessions ─────────────────────────────────────────────────────────────────────────────


def test_a_session_ends_when_it_is_not_used_and_goes_on_while_it_is(stranger: Browser) -> None:
    clock = stranger.office.clock
    stranger.sign_in()
    for _ in range(3):
        clock[0] += IDLE_LASTS - timedelta(seconds=2)
        assert stranger.get("/").status_code == 200
    clock[0] += IDLE_LASTS
    assert stranger.get("/").status_code == 303


def test_a_session_ends_after_twelve_hours_however_much_it_is_used(stranger: Browser) -> None:
    clock = stranger.office.clock
    stranger.sign_in()
    while clock[0] < NOW + SESSION_LASTS - timedelta(minutes=30):
        clock[0] += timedelta(minutes=30)
        assert stranger.get("/").status_code == (200 if clock[0] < NOW + SESSION_LASTS else 303)
    clock[0] = NOW + SESSION_LASTS
    assert stranger.get("/").status_code == 303


def test_a_copy_of_the_cookie_is_worth_nothing_after_signing_out(stranger: Browser) -> None:
    stranger.sign_in()
    stolen = stranger.client.cookies["desk_session"]
    stranger.office.clock[0] += timedelta(minutes=5)
    left = stranger.post("/logout")
    assert left.headers["location"] == "/login"
    assert "desk_session=" not in str(stranger.client.cookies)
    stranger.client.cookies.set("desk_session", stolen)
    assert stranger.get("/").status_code == 303


def test_no_session_outlives_a_change_of_password_or_a_disabling(stranger: Browser) -> None:
    sessions = Sessions(SECRET)
    with stranger.office.registry.write() as connection:
        account = account_by_name(connection, "staff")
        assert account
        session = sessions.start(account, NOW)
        assert sessions.holds(session, account)
        disable(connection, "staff", who="test", now=NOW)
        again = enable(connection, "staff", who="test", now=NOW)
        assert not sessions.holds(session, again)
        session = sessions.start(again, NOW)
        changed = set_password(connection, "staff", PASSWORD, who="test", now=NOW)
        assert not sessions.holds(session, changed)


def test_a_cookie_of_another_desk_or_another_version_lets_nobody_in(stranger: Browser) -> None:
    with stranger.office.registry.read() as connection:
        account = account_by_name(connection, NAME)
    assert account
    other = Sessions(b"the secret of another desk")
    old = Sessions(SECRET)._cookie.dumps({"name": NAME, "until": 2e9})  # noqa: SLF001 - as 0.1 did
    for cookie in (other.pack(other.start(account, NOW)), old, "x", ""):
        stranger.client.cookies.clear()
        stranger.client.cookies.set("desk_session", cookie)
        assert stranger.get("/").status_code == 303


def test_a_sign_in_link_is_used_up_also_for_a_desk_that_was_started_again(
    tmp_path: Path,
) -> None:
    office = open_office(tmp_path, dossiers=1)
    path = sign_in_path()
    for status in (303, 403):  # each time a desk of its own
        with serve(office.app) as address, httpx.Client(base_url=address) as client:
            assert client.get(path).status_code == status
    with office.registry.write() as connection:
        disable(connection, NAME, who="test", now=NOW)
    with serve(office.app) as address, httpx.Client(base_url=address) as client:
        assert client.get(sign_in_path()).status_code == 403
    office.registry.close()


# ── guessing ─────────────────────────────────────────────────────────────────────────────


def test_guessing_is_held_back_by_name_and_by_client() -> None:
    throttle = Throttle()
    for _ in range(Throttle.PER_NAME_AND_CLIENT):
        assert throttle.admits("desk", "10.0.0.1", NOW)
    assert not throttle.admits("desk", "10.0.0.1", NOW)
    assert throttle.admits("other", "10.0.0.1", NOW)
    for index in range(Throttle.PER_CLIENT):
        assert throttle.admits(f"name{index}", "10.0.0.3", NOW)
    assert not throttle.admits("fresh", "10.0.0.3", NOW)
    assert throttle.admits("desk", "10.0.0.1", NOW + Throttle.WINDOW)


def test_one_stranger_who_guesses_keeps_nobody_else_from_signing_in_but_many_together_do() -> None:
    throttle = Throttle()
    for _ in range(3 * Throttle.PER_CLIENT):
        throttle.admits("desk", "10.0.0.1", NOW)
    assert throttle.admits("desk", "10.0.0.2", NOW)
    throttle.succeeded("desk", "10.0.0.2")
    for index in range(Throttle.PER_NAME):
        assert throttle.admits("desk", f"10.0.1.{index}", NOW)
    assert not throttle.admits("desk", "10.0.0.2", NOW)


def test_whoever_signs_in_is_held_back_by_nothing_that_came_before() -> None:
    throttle = Throttle()
    for _ in range(3 * Throttle.PER_CLIENT):
        assert throttle.admits("desk", "10.0.0.1", NOW)
        throttle.succeeded("desk", "10.0.0.1")


def test_many_guesses_at_once_are_not_let_through_before_the_first_has_failed() -> None:
    throttle = Throttle()
    let_through = [throttle.admits("desk", "10.0.0.1", NOW) for _ in range(100)]
    assert sum(let_through) == Throttle.PER_NAME_AND_CLIENT


def test_guessing_at_the_desk_is_held_back_and_logged_without_what_was_typed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    office = open_office(tmp_path, dossiers=1)
    caplog.set_level(logging.INFO)
    with serve(office.app) as address, browser(office, address) as guesser:
        answers = [guesser.sign_in("desk", f"guess {index}") for index in range(9)]
        right = guesser.sign_in()
    office.registry.close()
    assert [each.status_code for each in answers] == [401] * 8 + [429]
    assert right.status_code == 429
    told = [each.getMessage() for each in caplog.records if "sign-in" in each.getMessage()]
    assert len(told) == 10
    assert "guess" not in str(told)


# ── names, headers, what is sent ─────────────────────────────────────────────────────────


def test_a_name_that_is_configured_is_answered_and_no_other(office: Office) -> None:
    guard = Guard(office.app, listens_on="127.0.0.1", names=["Desk.example.org"], files_bytes=1)
    assert guard.allows("desk.example.org")
    assert not guard.allows("example.org")
    assert not guard.allows("desk.example.org.example.net")


def test_behind_a_proxy_with_tls_the_cookies_are_for_tls_alone(stranger: Browser) -> None:
    headers = {"x-forwarded-proto": "https"}
    cookie = stranger.client.get(sign_in_path(), headers=headers).headers["set-cookie"]
    assert "secure" in cookie.lower()


def test_a_damaged_original_is_not_handed_out(admin: Browser) -> None:
    with admin.office.registry.read() as connection:
        sha256 = connection.execute(select(m.mail.c.sha256).where(m.mail.c.id == 2)).scalar_one()
    path = admin.office.originals.path(sha256)
    whole = path.read_bytes()
    path.chmod(0o600)
    path.write_bytes(b"something else")
    try:
        answer = admin.get("/mails/2/original")
    finally:
        path.write_bytes(whole)
    assert answer.status_code == 500
    assert "原件已损坏" in answer.text
    assert admin.get("/mails/2/original").content == whole


def test_the_html_of_a_letter_or_mail_is_never_shown_as_such(admin: Browser) -> None:
    html = "<p onclick=alert(1)>twin of the letter</p>"
    with admin.office.registry.write() as connection:
        connection.execute(update(m.letter).where(m.letter.c.id == 5).values(html=html))
    for path in ("/letters/5", "/api/letters/5"):
        assert "onclick" not in admin.get(path).text


# ── trouble ──────────────────────────────────────────────────────────────────────────────


def test_a_database_that_cannot_be_written_is_told_and_what_was_begun_is_undone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.1)
    office = open_office(tmp_path, dossiers=1)
    path = office.registry.engine.url.database
    assert path
    with serve(office.app) as address, browser(office, address) as staff:
        staff.sign_in()
        before, token = deeds(office), staff.token()
        fields = {"token": token, "reason": "来函撤回"}
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            answer = staff.client.post("/dossiers/LM2016-0001/withdraw", data=fields)
            assert staff.get("/").status_code == 200  # reading goes on
        assert answer.status_code == 503
        assert "数据库被占用" in answer.text
        assert "database is locked" in caplog.text
        assert deeds(office) == before
        staff.client.post("/dossiers/LM2016-0001/withdraw", data=fields)
        assert deeds(office) == before + 1
    office.registry.close()


def test_a_subject_with_line_breaks_adds_no_header(admin: Browser) -> None:
    evil = "更正\r\nBcc: someone@example.net\r\n\r\nbody\u2028x"
    admin.post("/letters/4/edit", subject=evil, text="您好：")
    with admin.office.registry.read() as connection:
        letter = queries.letter_by_id(connection, 4)
    assert letter
    raw = message_of(letter, Smtp()).as_bytes()
    head = raw.partition(b"\r\n\r\n")[0]
    assert b"\nBcc" not in head
    assert letter.subject == "更正 Bcc: someone@example.net body x"
