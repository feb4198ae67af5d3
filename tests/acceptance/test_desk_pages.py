"""Staff at work at the desk, in a real browser, on a 1280-pixel screen with 5,000 dossiers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from registry import queries
from tests.desk_registry import NAME, PASSWORD, Office, open_office, serve, sign_in_path

CHROMIUM = Path("/usr/bin/chromium")
SCREEN = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
PAGES = (
    "/",
    "/?status=in-review",
    "/?q=zzz",
    "/dossiers/LM2016-0001",
    "/dossiers/LM2016-0002",
    "/mails",
    "/mails?fate=waiting",
    "/mails/5",
    "/letters",
    "/letters/4",
    "/paper",
    "/paper?which=files-only",
    "/statistics",
)


@dataclass(frozen=True, kw_only=True)
class Screen:
    """A browser at the desk; `complaints` is what it had to say about the pages."""

    page: Page
    address: str
    office: Office
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str) -> None:
        self.page.goto(self.address + path)


@pytest.fixture(scope="module")
def screen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Screen]:
    office = open_office(tmp_path_factory.mktemp("office"), dossiers=5000)
    with serve(office.app) as address, sync_playwright() as player:
        browser = player.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport=SCREEN, locale="zh-CN")  # type: ignore[arg-type]
        found = Screen(page=page, address=address, office=office)
        page.on("console", lambda message: found.complaints.append(message.text))
        page.on("pageerror", lambda error: found.complaints.append(str(error)))
        page.on("request", lambda request: _note_outside(found, request.url))
        found.open(sign_in_path())
        yield found
        browser.close()
    office.registry.close()


def _note_outside(screen: Screen, url: str) -> None:
    if not url.startswith(screen.address):
        screen.complaints.append(f"asks outside: {url}")


@pytest.mark.parametrize("path", PAGES)
def test_a_page_fits_the_screen_and_asks_for_nothing_outside(screen: Screen, path: str) -> None:
    screen.complaints.clear()
    screen.open(path)
    assert screen.page.evaluate("document.documentElement.scrollWidth") <= SCREEN["width"]
    assert screen.page.locator("h1").first.is_visible()
    assert screen.complaints == []


def test_a_page_fits_a_telephone(screen: Screen) -> None:
    screen.page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    for path in PAGES:
        screen.open(path)
        width = screen.page.evaluate("document.documentElement.scrollWidth")
        assert (path, width) == (path, PHONE["width"])
    screen.page.set_viewport_size(SCREEN)  # type: ignore[arg-type]


def test_staff_settle_a_doubt_and_see_it_in_the_history(screen: Screen) -> None:
    screen.open("/?status=in-review")
    screen.page.get_by_role("link", name="LM2016-0007", exact=True).click()
    doubt = screen.page.locator(".question", has_text="组建章程·总则")
    doubt.get_by_label("豁免").check()
    doubt.get_by_label("理由").fill("已电话核实")
    doubt.get_by_role("button", name="确定").click()
    expect(screen.page.get_by_role("status")).to_contain_text("已记录您的决定")
    expect(screen.page.locator("#history")).to_contain_text("组建章程·总则（申报材料.zip")
    expect(screen.page.locator("#history")).to_contain_text("豁免：已电话核实")
    with screen.office.registry.read() as connection:
        row = queries.dossier_by_number(connection, "LM2016-0007")
        assert row
        kept = queries.decisions_of(connection, row.id)
    assert [(each.finding, each.outcome, each.who) for each in kept] == [
        ("charter.general", "waived", NAME)
    ]


def test_staff_join_a_proposed_paper_record_with_one_click(screen: Screen) -> None:
    screen.open("/dossiers/LM2016-0001")
    screen.page.get_by_role("button", name="就是这条，关联").click()
    expect(screen.page.get_by_role("status")).to_contain_text("已关联纸质登记")
    expect(screen.page.locator("#paper")).to_contain_text("Z2016-0001")


def test_staff_change_a_draft_and_let_it_go(screen: Screen) -> None:
    screen.open("/letters?state=draft")
    screen.page.get_by_role("link", name="修改").first.click()
    screen.page.get_by_label("正文").fill("您好：\n\n改过的正文")
    screen.page.get_by_role("button", name="保存并放行发出").click()
    expect(screen.page.get_by_role("status")).to_contain_text("已放行")
    expect(screen.page.locator(".badge").first).to_have_text("待发送")


def test_staff_sign_out_and_in_again(screen: Screen) -> None:
    screen.open("/letters")
    screen.page.get_by_role("button", name="退出").click()
    screen.open("/paper?which=paper-only")
    screen.page.get_by_label("账号").fill(NAME)
    screen.page.get_by_label("密码").fill(PASSWORD)
    screen.page.get_by_role("button", name="登录").click()
    expect(screen.page).to_have_url(f"{screen.address}/paper?which=paper-only")
