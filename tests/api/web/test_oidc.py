"""Signing in by a provider in a browser: whole, and with every part of it taken away or made false."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from oidc_provider import OidcProvider, oidc_provider

from guardcli.api.web.access import COOKIE
from guardcli.api.web.oidc import FLOW_COOKIE


@pytest.fixture(scope="module")
def oidc() -> Iterator[OidcProvider]:
    with oidc_provider() as running:
        yield running


@pytest.fixture(scope="module")
def url(make, oidc: OidcProvider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    directory = tmp_path_factory.mktemp("oidc")
    issuer = {
        "name": "corp",
        "issuer": oidc.issuer,
        "audience": ["guard-page"],
        "client": "guard-page",
        "grants": [{"role": "approver"}],
    }
    config = directory / "api.yaml"
    config.write_text(json.dumps({"issuers": [issuer], "limits": {"failed_logins": 1000}}))
    server = make.Server(directory, "--config", str(config), "--host", "127.0.0.1", "--port", "0")
    server.start()
    port = (directory / "api.log").read_text().split('"port": ')[1].split("}")[0]
    yield f"http://127.0.0.1:{port}"
    assert server.stop() == 0


@pytest.fixture(autouse=True)
def honest(oidc: OidcProvider) -> None:
    oidc.changes = {}


class Flow:
    """A browser that is at the provider, which has said yes."""

    def __init__(self, url: str, wanted: str = "/sessions") -> None:
        self.url = url
        self.browser = requests.Session()
        self.browser.trust_env = False
        self.sent = self.get(f"{url}/login/with/corp?next={wanted}")
        self.back = self.get(self.sent.headers["location"]).headers["location"]

    def get(self, place: str) -> requests.Response:
        return self.browser.get(place, allow_redirects=False, timeout=90)

    def finish(self, place: str | None = None) -> requests.Response:
        return self.get(place or self.back)

    def without(self, name: str, value: str = "") -> str:
        parts = urlsplit(self.back)
        query = {key: values[0] for key, values in parse_qs(parts.query).items() if key != name}
        query |= {name: value} if value else {}
        return parts._replace(query="&".join(f"{key}={text}" for key, text in query.items())).geturl()


def test_a_person_signs_in_sees_the_page_and_signs_out_for_good(url: str, oidc: OidcProvider) -> None:
    assert "Sign in with corp" in requests.get(f"{url}/login", timeout=90).text
    flow = Flow(url)
    asked = parse_qs(urlsplit(flow.sent.headers["location"]).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["redirect_uri"] == [f"{url}/login/callback"]
    answer = flow.finish()
    assert (answer.status_code, answer.headers["location"]) == (303, "/sessions")
    page = flow.get(f"{url}/sessions")
    assert page.status_code == 200
    assert "ann@corp.example" in page.text
    token = flow.browser.cookies[COOKIE]
    proof = page.text.split('name="proof" value="')[1].split('"')[0]
    flow.browser.post(f"{url}/logout", data={"proof": proof}, allow_redirects=False, timeout=90)
    flow.browser.cookies.set(COOKIE, token)
    assert flow.get(f"{url}/sessions").status_code == 303


def refused(flow: Flow, answer: requests.Response) -> None:
    assert COOKIE not in flow.browser.cookies
    assert COOKIE + "=" not in answer.headers.get("set-cookie", "")
    assert answer.status_code in (303, 401, 404, 503)
    assert flow.get(f"{flow.url}/sessions").status_code == 303


FALSE_ANSWERS = {
    "no state": lambda flow: flow.without("state"),
    "another's state": lambda flow: flow.without("state", "x" * 32),
    "no code": lambda flow: flow.without("code"),
    "another code": lambda flow: flow.without("code", "deadbeef"),
    "another provider": lambda flow: flow.without("iss", "https://evil.example"),
    "a refusal": lambda flow: flow.without("code") + "&error=access_denied",
}


@pytest.mark.parametrize("way", FALSE_ANSWERS)
def test_an_answer_that_is_not_whole_signs_nobody_in(url: str, way: str) -> None:
    flow = Flow(url)
    refused(flow, flow.finish(FALSE_ANSWERS[way](flow)))


def test_an_answer_to_another_browser_signs_nobody_in(url: str) -> None:
    other, flow = Flow(url), Flow(url)
    refused(flow, flow.finish(other.back))


def test_a_code_is_of_use_once(url: str) -> None:
    flow = Flow(url)
    assert flow.finish().status_code == 303
    flow.browser.cookies.clear(domain="127.0.0.1", path="/", name=COOKIE)
    refused(flow, flow.finish())


@pytest.mark.parametrize(
    "changes",
    [{"nonce": "another"}, {"nonce": None}, {"aud": "another"}, {"iss": "https://evil.example"}, {"exp": 1000}],
    ids=str,
)
def test_a_token_that_is_not_for_this_sign_in_is_refused(url: str, oidc: OidcProvider, changes) -> None:
    oidc.changes = changes
    flow = Flow(url)
    refused(flow, flow.finish())


@pytest.mark.parametrize("kept", ["", "bm9uc2Vuc2U=", "W10=", "\xff", "eyJzdGF0ZSI6ICIifQ=="])
def test_a_flow_that_was_tampered_with_leads_nowhere(url: str, kept: str) -> None:
    flow = Flow(url)
    flow.browser.cookies.clear()
    answer = requests.get(
        flow.back, headers={"cookie": f"{FLOW_COOKIE}={kept}".encode("latin-1")}, allow_redirects=False, timeout=90
    )
    refused(flow, answer)


@pytest.mark.parametrize("wanted", ["//evil.example", "https://evil.example", "/%5Cevil.example"])
def test_a_sign_in_leads_to_this_page_alone(url: str, wanted: str) -> None:
    flow = Flow(url, wanted)
    assert flow.finish().headers["location"] == "/"


def test_a_provider_that_is_away_is_said(url: str, oidc: OidcProvider) -> None:
    oidc.broken = True
    try:
        answer = requests.get(f"{url}/login/with/corp", allow_redirects=False, timeout=90)
    finally:
        oidc.broken = False
    assert answer.status_code == 503
    assert "cannot be shown" in answer.text
    assert requests.get(f"{url}/login/with/nobody", allow_redirects=False, timeout=90).status_code == 404
