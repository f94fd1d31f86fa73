"""A reviewer in a real browser: signs in, watches a session live, says yes and no, replays, on a desk and on a phone."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""
DESK, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
SERIOUS = ("serious", "critical")
expect.set_options(timeout=60_000)

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="needs Debian's chromium")


class Site:
    """The API of a sandbox on a loopback port, and a token for its page."""

    def __init__(self, sandbox: Any) -> None:
        self.sandbox = sandbox
        sandbox.guard("sessions", "list")  # makes the database
        database = str(sandbox.root / "state" / "guard.db")
        self.log = sandbox.root / "web.log"
        self._written = open(self.log, "wb")  # noqa: SIM115 - closed by `close`
        command = [sys.executable, "-m", "guardcli", "api", "serve", "--host", "127.0.0.1", "--port", "0"]
        self.process = subprocess.Popen(
            [*command, "--database", database], env=sandbox.env, stderr=self._written, stdin=subprocess.DEVNULL
        )
        until(lambda: b'"port": ' in self.log.read_bytes())
        self.url = f"http://127.0.0.1:{self.log.read_text().split(chr(34) + 'port' + chr(34) + ': ')[1].split('}')[0]}"
        made = sandbox.guard("api", "token", "create", "--role", "approver", "--name", "ada", "--database", database)
        self.token = made.stdout.strip()

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(30)
        self._written.close()


def until(true: Callable[[], bool], seconds: float = 90.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


@pytest.fixture
def site(sandbox: Any) -> Iterator[Site]:
    made = Site(sandbox)
    yield made
    made.close()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        options = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        yield browser
        browser.close()


@pytest.fixture(params=[DESK, PHONE], ids=["desk", "phone"])
def page(request: pytest.FixtureRequest, chromium: Browser, site: Site) -> Iterator[Page]:
    """A page that is signed in; whatever a browser complains of on it is a failure."""
    dark = request.param is PHONE
    context = chromium.new_context(viewport=request.param, color_scheme="dark" if dark else "light")
    made = context.new_page()
    made.set_default_timeout(60_000)
    complaints: list[str] = []
    made.on("pageerror", lambda error: complaints.append(str(error)))
    made.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    made.on("dialog", lambda dialog: complaints.append(f"a dialog: {dialog.message}") or dialog.dismiss())
    made.on("request", lambda one: None if one.url.startswith(site.url) else complaints.append(f"loads {one.url}"))
    made.goto(site.url)
    made.fill("#token", site.token)
    made.get_by_role("button", name="Sign in").click()
    expect(made.get_by_role("heading", name="Overview")).to_be_visible()
    yield made
    context.close()
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
    expect(player).to_contain_text("not on a Friday")
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    page.locator("#position").focus()
    page.keyboard.press("Home")
    expect(page.locator("#moment")).to_contain_text("0:00 /")
    expect(player).not_to_contain_text("not on a Friday")
    page.get_by_role("button", name="Pause").click()
    page.locator(".mark").last.click()
    expect(player).to_contain_text("at work")


def test_a_session_is_watched_live_approved_denied_and_replayed(site: Site, page: Page) -> None:
    sandbox = site.sandbox
    agent = sandbox.start(
        "sh",
        "-c",
        "probe echo at work; gate sh -c 'echo changed > made; echo it is done'; gate echo never; echo told $?; sleep 30",
    )
    try:
        page.goto(f"{site.url}/approvals")
        page.get_by_role("link", name="it is done").click()
        expect(page.get_by_text("gate-asks")).to_be_visible()
        accessible(page)
        fits(page)
        assert not (sandbox.work / "made").exists()
        page.fill("#reason", "fine by me")
        page.get_by_role("button", name="Approve exactly this, once").click()
        until(lambda: (sandbox.work / "made").exists())
        expect(page.get_by_text("consumed")).to_be_visible()

        page.goto(f"{site.url}/approvals")
        page.get_by_role("link", name="gate echo never").click()
        page.fill("#reason", "not on a Friday")
        page.get_by_role("button", name="Deny").click()
        expect(page.get_by_text("not on a Friday").first).to_be_visible()

        page.goto(f"{site.url}/sessions")
        accessible(page)
        fits(page)
        page.locator("table.list a").first.click()
        expect(page.get_by_text("approval").first).to_be_visible()
        accessible(page)
        fits(page)
        page.get_by_role("link", name="Live tail").click()
        expect(page.locator(".ap-player")).to_be_visible()
        expect(page.locator(".ap-player")).to_contain_text("it is done")
        page.get_by_role("link", name="Replay from the beginning").click()
        expect(page.locator(".ap-player")).to_contain_text("at work")
        fits(page)
        accessible(page)
        jumps(page)
    finally:
        agent.kill()
        said = agent.communicate(timeout=90)
    assert "it is done" in said[0]
    assert "told 77" in said[0]
    assert "not on a Friday" in said[1]


EVIL = "<img src=x onerror=alert(1)><script>alert(2)</script>{{7*7}}[x](javascript:alert(3))\"'`</textarea>"


def test_hostile_records_do_nothing_in_a_browser(site: Site, page: Page) -> None:
    sandbox = site.sandbox
    sandbox.tool("probe", '#!/bin/sh\nprintf "%s\\033]0;owned\\007\\033]52;c;ZXZpbA==\\007\\n" "$1"\n')
    answer = sandbox.run("sh", "-c", 'probe "$1"; shut "$1"', EVIL, EVIL)
    assert "owned" in answer.stdout
    session = sandbox.sessions()[0]["id"]
    for path in (
        "/",
        "/sessions",
        f"/sessions/{session}",
        f"/sessions/{session}/calls/1",
        f"/sessions/{session}/calls/2",
    ):
        page.goto(site.url + path)
        assert page.locator("main img, main script").count() == 0
        assert "owned" not in page.title()
    page.goto(f"{site.url}/sessions/{session}/replay")
    expect(page.locator(".ap-player")).to_contain_text("onerror")
    assert page.locator("#player img, #player script").count() == 0
    assert "owned" not in page.title()


def test_it_is_used_by_keyboard_alone(site: Site, page: Page) -> None:
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.goto(f"{site.url}/login")
    accessible(page)
    assert page.evaluate("document.activeElement.id") == "token"
    assert Path(site.log).exists()
