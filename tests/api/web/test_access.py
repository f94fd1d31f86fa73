"""Who sees the page, what proves a form, and where a sign-in leads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules
from types import SimpleNamespace
from urllib.parse import quote

import pytest
import requests
import warm

from guardcli.api import web
from guardcli.api.web.access import COOKIE, COOKIE_SECURE, Proven, check_origin, local_path, token_of
from guardcli.api.web.players import TAILS_MAX
from guardcli.client.api import ApiClient
from guardcli.model.approvals import ApprovalState
from guardcli.model.errors import DeniedError, UnauthorizedError
from guardcli.model.secrets import Secret

EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>\u202e\x1b]0;t\x07{{7*7}}"


class Site:
    """A server on a loopback port, a token for each role, and a session of an agent with a request that waits."""

    def __init__(self, server, make) -> None:
        self.server = server
        port = int((server.directory / "api.log").read_text().split('"port": ')[1].split("}")[0])
        self.url = f"http://127.0.0.1:{port}"
        self.tokens = {role: server.token(role, role) for role in ("agent", "approver", "auditor", "admin")}
        agent = ApiClient(self.url, Secret(self.tokens["agent"]))
        facts = make.facts("session-web-01", identity="bot " + EVIL, command=["sh", "-c", EVIL], cwd="/" + EVIL)
        self.own = agent.with_token(agent.create_session(facts))
        chain = make.Chain("session-web-01")
        chain.add(make.EventType.OPENED, facts)
        chain.output(b'{"version": 2, "width": 80, "height": 24}\n')
        operation = {"action": EVIL, "effects": [EVIL, "delete"], "targets": [EVIL], "complete": False, "reason": EVIL}
        chain.add(
            make.EventType.JUDGED,
            {"verdict": EVIL, "command": f"psql -c '{EVIL}'", "rule": EVIL, "message": EVIL, "operations": [operation]},
            1,
        )
        chain.add(make.EventType.MASKED, {"findings": {EVIL: 3}, "stream": EVIL}, 1)
        chain.output(b'[1.0, "o", "first\\r\\n"]\n', 1)
        chain.output(b'[2.0, "o", "second\\r\\n"]\n', 1)
        self.own.append_events("session-web-01", [(item.event, item.content) for item in chain.items])

    def ask(self, digest: str) -> str:
        said = {"command": f"psql -c '{EVIL}'", "justification": EVIL, "reach": "seven rows"}
        said["changes"] = f"+{EVIL}\n-{EVIL}\n@{EVIL}\n{EVIL}"
        return self.own.request_approval("session-web-01", digest * 64, tool="psql", targets=[EVIL], **said).id

    def browser(self, role: str) -> requests.Session:
        made = requests.Session()
        made.trust_env = False
        answer = made.post(f"{self.url}/login", data={"token": self.tokens[role]}, allow_redirects=False, timeout=90)
        assert answer.status_code == 303, answer.text
        return made


@pytest.fixture(scope="module")
def site(make, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    server = make.Server(tmp_path_factory.mktemp("web"), "--host", "127.0.0.1", "--port", "0")
    server.start()
    yield Site(server, make)
    assert server.stop() == 0


def get(browser: requests.Session, url: str) -> requests.Response:
    return browser.get(url, allow_redirects=False, timeout=90)


def proof_in(text: str) -> str:
    found = re.search(r'name="proof" value="([0-9a-f]{64})"', text)
    assert found is not None
    return found[1]


PAGES = (
    "/",
    "/sessions",
    "/sessions/session-web-01",
    "/sessions/session-web-01/calls/1",
    "/approvals",
    "/search",
    "/search?words=script",
    "/policy",
)
READERS = ("approver", "auditor", "admin")


@pytest.mark.parametrize("path", [*PAGES, "/audit", "/sessions/session-web-01/replay", "/sessions/session-web-01/cast"])
def test_without_a_sign_in_there_is_only_the_way_to_it(site: Site, path: str) -> None:
    answer = get(requests.Session(), site.url + path)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/login?next={quote(path)}")


@pytest.mark.parametrize("role", READERS)
@pytest.mark.parametrize("path", PAGES)
def test_what_was_recorded_is_shown_and_is_no_code(site: Site, role: str, path: str) -> None:
    answer = get(site.browser(role), site.url + path)
    assert answer.status_code == 200
    assert "<script>alert" not in answer.text
    assert "<img src=x" not in answer.text
    assert "\u202e" not in answer.text
    assert "\x1b" not in answer.text
    assert "49" not in re.findall(r"\{\{.*?\}\}|>49<", answer.text)
    assert "script-src 'self' 'wasm-unsafe-eval'" in answer.headers["content-security-policy"]
    assert "unsafe-inline" not in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"
    assert not re.search(r"<[^>]+\s(on\w+|style)\s*=", answer.text)


@pytest.mark.parametrize(("role", "status"), [("agent", 403), ("approver", 403), ("auditor", 200), ("admin", 200)])
def test_the_audit_is_for_whoever_may_verify(site: Site, role: str, status: int) -> None:
    assert get(site.browser(role), f"{site.url}/audit").status_code == status


def test_an_agents_own_token_sees_its_own_alone(site: Site, make) -> None:
    other = ApiClient(site.url, Secret(site.tokens["admin"]))
    other.create_session(make.facts("session-web-02"))
    browser = site.browser("agent")
    assert get(browser, f"{site.url}/sessions/session-web-01").status_code == 200
    assert get(browser, f"{site.url}/sessions/session-web-02").status_code == 403
    assert "session-web-02" not in get(browser, f"{site.url}/sessions").text


@pytest.mark.parametrize("token", ["", "guard-service.x.y", "x" * 5000, "\u00e9", "guard-session.session-web-01.00"])
def test_a_token_that_is_none_signs_nobody_in(site: Site, token: str) -> None:
    answer = requests.post(f"{site.url}/login", data={"token": token}, allow_redirects=False, timeout=90)
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(site: Site) -> None:
    answer = requests.post(f"{site.url}/login", data={"token": site.tokens["admin"]}, allow_redirects=False, timeout=90)
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie


def test_a_yes_and_a_no_with_reasons(site: Site) -> None:
    browser = site.browser("approver")
    for digest, vote, state in (("a", "approve", ApprovalState.APPROVED), ("d", "deny", ApprovalState.DENIED)):
        id = site.ask(digest)
        page = get(browser, f"{site.url}/approvals/{id}")
        assert '<span class="change-added">+' in page.text and '<span class="change-removed">-' in page.text
        assert "<script>alert" not in page.text and "\x1b" not in page.text and "\u202e" not in page.text
        assert "&lt;script&gt;" in page.text and "seven rows" in page.text
        form = {"proof": proof_in(page.text), "vote": vote, "reason": "seen"}
        answer = browser.post(f"{site.url}/approvals/{id}/decision", data=form, allow_redirects=False, timeout=90)
        assert answer.status_code == 303
        assert (site.own.approval(id).state, site.own.approval(id).reason) == (state, "seen")


@pytest.mark.parametrize("role", ["agent", "auditor"])
def test_whoever_may_not_decide_does_not_by_the_page_either(site: Site, role: str) -> None:
    id = site.ask("b")
    browser = site.browser(role)
    page = get(browser, f"{site.url}/approvals/{id}")
    assert ("seven rows" in page.text) is (role == "auditor")
    answer = browser.post(
        f"{site.url}/approvals/{id}/decision",
        data={"proof": proof_in(page.text), "vote": "approve"},
        allow_redirects=False,
        timeout=90,
    )
    assert answer.status_code == 403
    assert site.own.approval(id).state is ApprovalState.PENDING
    site.own.cancel_approval(id)


def test_every_form_of_the_page_shows_where_it_is_from() -> None:
    modules = [import_module(f"{web.__name__}.{one.name}") for one in iter_modules(web.__path__)]
    routes = [route for module in modules if hasattr(module, "router") for route in module.router.routes]
    forms = {one.path: [needed.dependency for needed in one.dependencies] for one in routes if "POST" in one.methods}
    assert forms.pop("/login") == [check_origin]
    assert len(forms) > 5 and all(found == [Proven.dependency] for found in forms.values()), forms


FORGED = {
    "no proof": ({}, {}),
    "another's proof": ({"proof": "0" * 64}, {}),
    "another site": (None, {"Sec-Fetch-Site": "cross-site"}),
    "a sister site": (None, {"Sec-Fetch-Site": "same-site"}),
    "another origin": (None, {"Origin": "https://evil.example"}),
    "a sandboxed frame": (None, {"Origin": "null"}),
}


@pytest.mark.parametrize("way", FORGED)
def test_a_form_that_is_not_ours_decides_nothing(site: Site, way: str) -> None:
    id = site.ask("c")
    browser = site.browser("approver")
    form, headers = FORGED[way]
    if form is None:
        form = {"proof": proof_in(get(browser, f"{site.url}/approvals/{id}").text)}
    answer = browser.post(
        f"{site.url}/approvals/{id}/decision",
        data={**form, "vote": "approve"},
        headers=headers,
        allow_redirects=False,
        timeout=90,
    )
    assert answer.status_code == 403
    assert site.own.approval(id).state is ApprovalState.PENDING
    site.own.cancel_approval(id)


def test_another_site_signs_nobody_in(site: Site) -> None:
    answer = requests.post(
        f"{site.url}/login",
        data={"token": site.tokens["admin"]},
        headers={"Origin": "https://evil.example"},
        allow_redirects=False,
        timeout=90,
    )
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    ("query", "seen"),
    [
        ("words=script", "psql"),
        ("tool=&words=alert*", "psql"),
        ("words=nowheretobefound", "Nothing was found"),
        ("words=***", "fault"),
        ("verdict=deny", "Nothing was found"),
    ],
)
def test_a_search_is_answered(site: Site, query: str, seen: str) -> None:
    answer = get(site.browser("auditor"), f"{site.url}/search?{query}")
    assert answer.status_code == 200
    assert seen in answer.text


def test_an_agent_finds_its_own_alone(site: Site, make) -> None:
    other = ApiClient(site.url, Secret(site.tokens["admin"]))
    facts = make.facts("session-web-03", command=["onlyforadmins"])
    own = other.with_token(other.create_session(facts))
    chain = make.Chain("session-web-03")
    chain.add(make.EventType.OPENED, facts)
    own.append_events("session-web-03", [(item.event, item.content) for item in chain.items])
    assert "session-web-03" in get(site.browser("admin"), f"{site.url}/search?words=onlyforadmins").text
    assert "session-web-03" not in get(site.browser("agent"), f"{site.url}/search?words=onlyforadmins").text


def test_a_page_that_has_shown_a_state_is_told_when_it_is_another(site: Site) -> None:
    id = site.ask("9")
    browser = site.browser("approver")
    same = get(browser, f"{site.url}/approvals/{id}?shown=pending")
    assert "hx-refresh" not in same.headers and EVIL[:8] not in same.text and "<form" not in same.text
    site.own.cancel_approval(id)
    other = get(browser, f"{site.url}/approvals/{id}?shown=pending")
    assert (other.headers["hx-refresh"], other.text) == ("true", "")
    assert "<form" not in get(browser, f"{site.url}/approvals/{id}").text.split("</header>")[1]


def test_one_person_watches_so_many_sessions_live_at_a_time(site: Site) -> None:
    live = f"{site.url}/sessions/session-web-01/live"
    mine, others = site.browser("auditor"), site.browser("admin")
    watched = [mine.get(live, stream=True, timeout=90) for _ in range(TAILS_MAX)]
    pieces = [one.iter_content(64) for one in watched]
    assert all(next(piece).startswith(b"data: ") for piece in pieces)  # each has begun
    watched += [mine.get(live, stream=True, timeout=90), others.get(live, stream=True, timeout=90)]
    assert [one.status_code for one in watched[-2:]] == [429, 200]
    for one in watched:
        one.close()


def test_signing_out_forgets(site: Site) -> None:
    browser = site.browser("auditor")
    page = get(browser, f"{site.url}/sessions")
    out = browser.post(f"{site.url}/logout", data={"proof": proof_in(page.text)}, allow_redirects=False, timeout=90)
    assert COOKIE not in browser.cookies
    assert '"cache"' in out.headers["clear-site-data"]
    assert get(browser, f"{site.url}/sessions").status_code == 303


def test_a_revoked_token_ends_at_once(site: Site) -> None:
    token = site.server.token("auditor", "short")
    site.tokens["short"] = token
    browser = site.browser("short")
    assert get(browser, f"{site.url}/sessions").status_code == 200
    revoke = ["api", "token", "revoke", token.split(".")[1], "--database", str(site.server.database)]
    assert warm.run(revoke, capture_output=True, timeout=600).returncode == 0
    assert get(browser, f"{site.url}/sessions").status_code == 303


def test_a_recording_begins_anywhere(site: Site) -> None:
    browser = site.browser("auditor")
    whole = get(browser, f"{site.url}/sessions/session-web-01/cast").text
    assert "first" in whole
    assert "second" in whole
    later = get(browser, f"{site.url}/sessions/session-web-01/cast?at=1.5").text.splitlines()
    assert "first" in later[1]
    assert later[2] == '[0.5, "o", "second\\r\\n"]'
    assert len(later) == 3


class Asked:
    """A request with headers and cookies, to a page whose public address is configured."""

    def __init__(self, public: str, headers: dict[str, str], cookies: dict[str, str]) -> None:
        context = SimpleNamespace(config=SimpleNamespace(public_url=public))
        self.app = SimpleNamespace(state=SimpleNamespace(context=context))
        self.url = SimpleNamespace(scheme="http")
        self.headers, self.cookies = headers, cookies


def test_behind_tls_a_cookie_that_a_sister_site_may_have_set_is_none() -> None:
    cookies = {COOKIE: "planted", COOKIE_SECURE: "own"}
    assert token_of(Asked("https://guard.example", {}, cookies)) == "own"
    assert token_of(Asked("", {}, cookies)) == "planted"
    with pytest.raises(UnauthorizedError):
        token_of(Asked("https://guard.example", {}, {COOKIE: "planted"}))


@pytest.mark.parametrize(
    ("origin", "ours"),
    [
        ("https://guard.example", True),
        ("http://10.0.0.7:8300", True),
        ("", True),
        ("null", False),
        ("https://guard.example.evil.example", False),
        ("https://evil.example", False),
    ],
)
def test_a_form_comes_from_the_page_by_whichever_of_its_addresses(origin: str, ours: bool) -> None:
    asked = Asked("https://guard.example/", {"host": "10.0.0.7:8300", "origin": origin}, {})
    if ours:
        check_origin(asked)
        return
    with pytest.raises(DeniedError):
        check_origin(asked)


LEADS = [
    ("/sessions", "/sessions"),
    ("/sessions?state=live", "/sessions?state=live"),
    ("//evil.example/", "/"),
    ("/\\evil.example", "/"),
    ("https://evil.example/", "/"),
    ("javascript:alert(1)", "/"),
    ("/a\r\nset-cookie: x=y", "/"),
    ("", "/"),
    ("evil", "/"),
    ("/\t/evil.example", "/"),
    ("/path\\..\\x", "/"),
]


@pytest.mark.parametrize(("wanted", "leads"), LEADS)
def test_a_sign_in_leads_nowhere_else(wanted: str, leads: str) -> None:
    assert local_path(wanted) == leads


def test_what_is_served_to_everybody_holds_no_secret(site: Site) -> None:
    answer = requests.get(f"{site.url}/static/../../store/tokens.py", timeout=90)
    assert answer.status_code == 404
    for name in ("style.css", "replay.js", "htmx.min.js", "htmx.LICENSE.txt", "asciinema-player.LICENSE.txt"):
        assert requests.get(f"{site.url}/static/{name}", timeout=90).status_code == 200
