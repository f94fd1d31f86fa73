"""A reviewer in a real browser: signs in, watches a session live, says yes and no, replays, on a desk and on a phone."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib.resources import files
from typing import Any

import pytest
from integration.guarded import PASSWORD
from playwright.sync_api import Browser, Page, expect, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""
DESK, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
SERIOUS = ("serious", "critical")
expect.set_options(timeout=60_000)

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="needs Debian's chromium")


POLICY = """
version: 1
name: reviewed
tools:
  probe: {{patterns: [{{match: ".*", effects: [read], action: run}}]}}
  shut: {{patterns: [{{match: ".*", effects: [delete], action: run}}]}}
resources:
  orders-db:
    kind: postgres
    host: {host}
    dbname: postgres
    credential: "file:{file}"
    expose: DATABASE_URL
    options: {{user: reporting}}
rules:
  - {{id: reads, match: {{tool: [psql, probe], effects: [read, session]}}, decision: allow}}
  - {{id: changes-ask, match: {{tool: psql, effects: [write, delete]}}, decision: approve}}
  - {{id: shut-never, match: {{tool: shut}}, decision: deny, message: Never in a test.}}
"""
PARCELS = """
CREATE TABLE parcels (id int PRIMARY KEY, state text);
INSERT INTO parcels SELECT n, 'waiting' FROM generate_series(1, 400) AS n;
ANALYZE parcels;
"""
AGENT = """
probe echo at work
psql -XAtq "$DATABASE_URL" -c "UPDATE parcels SET state = 'sent' WHERE id = 3" && probe echo it is done
psql -XAtq "$DATABASE_URL" -c 'DELETE FROM parcels'
probe echo told $?
sleep 300
"""


class Site:
    """The API of a sandbox on a loopback port, a token for its page, and a database that its agents reach."""

    def __init__(self, sandbox: Any, database: Any) -> None:
        self.sandbox = sandbox
        self.database = database
        database.sql(PARCELS)
        sandbox.guard("sessions", "list")  # makes the database
        path = str(sandbox.root / "state" / "guard.db")
        self.log = sandbox.root / "state" / "web.log"
        self._written = open(self.log, "wb")  # noqa: SIM115 - closed by `close`
        command = [sys.executable, "-m", "guardcli", "api", "serve", "--host", "127.0.0.1", "--port", "0"]
        self.process = subprocess.Popen(
            [*command, "--database", path], env=sandbox.env, stderr=self._written, stdin=subprocess.DEVNULL
        )
        until(lambda: b'"port": ' in self.log.read_bytes())
        self.url = f"http://127.0.0.1:{self.log.read_text().split(chr(34) + 'port' + chr(34) + ': ')[1].split('}')[0]}"
        made = sandbox.guard("api", "token", "create", "--role", "approver", "--name", "ada", "--database", path)
        self.token = made.stdout.strip()

    def prepare(self) -> Any:
        """Give the sandbox the policy of this module."""
        file = self.sandbox.root / "password"
        file.write_text(PASSWORD + "\n")
        file.chmod(0o600)
        self.sandbox.policy.write_text(POLICY.format(host=self.database.host, file=file))
        self.sandbox.tool("probe", '#!/bin/sh\nexec "$@"\n')
        return self.sandbox

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(60)
        self._written.close()
        self.database.sql("DROP TABLE parcels")


def until(true: Callable[[], bool], seconds: float = 90.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def site(_shared: Any, database: Any) -> Iterator[Site]:
    made = Site(_shared, database)
    yield made
    made.close()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        options = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        yield browser
        browser.close()


def opened(chromium: Browser, site: Site, size: Any, scheme: Any, complaints: list[str]) -> Page:
    """Return a page that is signed in; what a browser complains of on it is gathered."""
    made = chromium.new_context(viewport=size, color_scheme=scheme).new_page()
    made.set_default_timeout(60_000)
    made.on("pageerror", lambda error: complaints.append(str(error)))
    made.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    made.on("dialog", lambda dialog: complaints.append(f"a dialog: {dialog.message}") or dialog.dismiss())
    made.on("request", lambda one: None if one.url.startswith(site.url) else complaints.append(f"loads {one.url}"))
    made.goto(site.url)
    made.fill("#token", site.token)
    made.get_by_role("button", name="Sign in").click()
    expect(made.get_by_role("heading", name="Overview")).to_be_visible()
    return made


@pytest.fixture(scope="module")
def pages(chromium: Browser, site: Site) -> Iterator[tuple[Page, Page]]:
    """One person at a desk, by light, and one with a phone, in the dark. What a browser complains of is a failure."""
    complaints: list[str] = []
    made = opened(chromium, site, DESK, "light", complaints), opened(chromium, site, PHONE, "dark", complaints)
    yield made
    for page in made:
        page.context.close()
    assert not complaints


def accessible(page: Page) -> None:
    """Fail where axe finds a serious fault; it is run as the browser's own tool would, past the page's policy."""
    page.evaluate(files("axe_core_python").joinpath("axe.min.js").read_text())
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    faults = [f"{one['id']}: {one['nodes'][0]['html']}" for one in found["violations"] if one["impact"] in SERIOUS]
    assert not faults, faults


def fits(page: Page) -> None:
    """Fail where the page is wider than its window."""
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth + 1")


def jumps(page: Page) -> None:
    """Where a replay goes on from, once it has ended and while it stands still."""
    player = page.locator(".ap-player")
    page.check("#idle")
    expect(page.get_by_role("button", name="Play")).to_be_visible()  # it has come to its end
    page.locator(".mark").last.click()
    expect(player).to_contain_text(FRIDAY)
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    page.locator("#position").focus()
    page.keyboard.press("Home")
    expect(page.locator("#moment")).to_contain_text("0:00 /")
    expect(player).not_to_contain_text(FRIDAY)
    page.get_by_role("button", name="Pause").click()
    page.locator(".mark").last.click()
    expect(player).to_contain_text("at work")


def answers(page: Page, site: Site, statement: str, reach: str, reason: str, button: str) -> None:
    """Answer what waits, having seen how far it would go."""
    page.goto(f"{site.url}/approvals")
    page.get_by_role("link", name=statement).click()
    expect(page.get_by_text("changes-ask")).to_be_visible()
    expect(page.get_by_text(reach)).to_be_visible()
    accessible(page)
    fits(page)
    page.fill("#reason", reason)
    page.get_by_role("button", name=button).click()


def watches(page: Page, site: Site) -> None:
    """Go from the list of sessions to the newest, its live tail, and its replay from the beginning."""
    page.goto(f"{site.url}/sessions")
    accessible(page)
    fits(page)
    page.locator("table.list a").first.click()
    expect(page.get_by_text("reads").first).to_be_visible()
    accessible(page)
    fits(page)
    page.get_by_role("link", name="Live tail").click()
    expect(page.locator(".ap-player")).to_contain_text(FRIDAY)
    page.get_by_role("link", name="Replay from the beginning").click()
    expect(page.locator(".ap-player")).to_contain_text("at work")
    fits(page)
    accessible(page)


def finds(page: Page, site: Site) -> None:
    """Find the statement among everything that was recorded, and see why it was asked about."""
    page.goto(f"{site.url}/search")
    page.fill("#words", "parcels")
    page.select_option("#verdict", "approve")
    page.get_by_role("button", name="Search").click()
    accessible(page)
    fits(page)
    page.get_by_role("row").filter(has_text="DELETE FROM parcels").first.get_by_role("link").click()
    expect(page.get_by_text("changes-ask")).to_be_visible()
    expect(page.get_by_text("orders-db reporting@postgres")).to_be_visible()
    fits(page)


def test_statements_wait_are_approved_denied_watched_replayed_and_found(site: Site, pages: tuple[Page, Page]) -> None:
    desk, phone = pages
    agent = site.prepare().start("sh", "-c", AGENT)
    state = "SELECT state FROM parcels WHERE id = 3"
    try:
        desk.goto(f"{site.url}/approvals")
        expect(desk.get_by_role("link", name="UPDATE parcels")).to_be_visible()
        assert site.database.sql(state) == "waiting\n"
        reach = "update of public.parcels: about 1 row of 400"
        answers(desk, site, "UPDATE parcels", reach, "fine by me", "Approve exactly this, once")
        until(lambda: site.database.sql(state) == "sent\n")
        expect(desk.get_by_text("consumed")).to_be_visible()
        expect(desk.locator("form.decide")).to_have_count(0)
        answers(phone, site, "DELETE FROM parcels", "delete from public.parcels: about 400 rows of 400", FRIDAY, "Deny")
        expect(phone.get_by_text(FRIDAY).first).to_be_visible()
        assert site.database.sql("SELECT count(*) FROM parcels") == "400\n"
        for page in pages:
            watches(page, site)
        jumps(phone)
        finds(phone, site)
    finally:
        agent.terminate()
        said = agent.communicate(timeout=600)
    assert "it is done" in said[0]
    assert "told 1" in said[0]
    assert FRIDAY in said[1]


FRIDAY = "not on a Friday"
EVIL = (
    "<img src=x onerror=alert(1)><script>alert(2)</script>{{7*7}}[x](javascript:alert(3))\"'`</textarea>"
    '<div hx-get="/static/icon.svg" hx-trigger="load" data-hx-get="/logout"></div><svg onload=alert(4)>'
)


def test_hostile_records_do_nothing_in_a_browser(site: Site, pages: tuple[Page, Page]) -> None:
    sandbox = site.prepare()
    sandbox.tool("probe", '#!/bin/sh\nprintf "%s\\033]0;owned\\007\\033]52;c;ZXZpbA==\\007\\n" "$1"\n')
    script = 'probe "$1"; shut "$1"; psql -XAtq "$DATABASE_URL" -c "SELECT 1 -- $1"'
    answer = sandbox.run("sh", "-c", script, EVIL, EVIL)
    assert "owned" in answer.stdout
    session = sandbox.sessions()[0]["id"]
    calls = [f"/sessions/{session}/calls/{number}" for number in (1, 2, 4)]
    for page, paths in zip(
        pages, (["/sessions", f"/sessions/{session}"], [*calls, "/search?words=onerror"]), strict=True
    ):
        for path in paths:
            page.goto(site.url + path)
            assert "onerror" in page.locator("main").inner_text()
            assert page.locator("main img, main script, main svg:not(.bars), main textarea").count() == 0
            assert page.locator("[hx-trigger=load], [data-hx-get]").count() == 0
            assert "owned" not in page.title()
    page.goto(f"{site.url}/sessions/{session}/replay")
    expect(page.locator(".ap-player")).to_contain_text("onerror")
    assert page.locator("#player img, #player script").count() == 0
    assert "owned" not in page.title()


def test_it_is_used_by_keyboard_alone(site: Site, pages: tuple[Page, Page]) -> None:
    page = pages[0]
    page.goto(site.url)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.goto(f"{site.url}/login")
    accessible(page)
    assert page.evaluate("document.activeElement.id") == "token"
