"""The centre's policies on the page: published, compared, assigned, rolled back and withdrawn, by whom that is for."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from guardcli.api.ancestry import SessionTrees
from guardcli.api.app import create_app
from guardcli.api.config import Config
from guardcli.api.notify import Notifier
from guardcli.api.permissions import Role
from guardcli.api.store import Store
from guardcli.api.web.access import COOKIE, proof

TEXT = "version: 1\nname: team\nrules: [{{id: {rule}, match: {{tool: psql}}, decision: approve}}]\n"
FAILING = TEXT.format(rule="asks") + 'tests: [{run: [psql, -c, "SELECT 1"], expect: deny}]\n'


class Page:
    """The page of an API, for the bearer of a token of each role."""

    def __init__(self, store: Store, keys: Path) -> None:
        self.store = store
        self.app = create_app(store, SessionTrees(), Notifier(), Config(keys=keys))
        self.tokens = {role.value: store.tokens.issue(role.value, role)[1].reveal() for role in Role}

    def ask(self, method: str, path: str, role: str = "admin", form: dict[str, str] | None = None) -> httpx.Response:
        async def go() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
                cookie = {"cookie": f"{COOKIE}={self.tokens[role]}"}
                return await client.request(method, path, data=form, headers=cookie)

        return asyncio.run(go())

    def post(self, path: str, role: str = "admin", **form: str) -> httpx.Response:
        return self.ask("POST", path, role, {"proof": proof(self.tokens[role]), **form})

    def publish(self, rule: str = "asks", **form: str) -> httpx.Response:
        return self.post("/policy/versions", **{"text": TEXT.format(rule=rule), "group": "agents", **form})

    def standing(self) -> list[tuple[str, int, str]]:
        ring = self.app.state.context.keys.public()
        return [(one.group, one.version, one.action) for one in self.store.policies.orders(ring)]


@pytest.fixture
def backend() -> str:
    """What the page shows of either database is the same; `store/test_policies.py` has both."""
    return "sqlite"


@pytest.fixture
def page(store: Store, tmp_path: Path) -> Iterator[Page]:
    yield Page(store, tmp_path / "keys")


def words(answer: httpx.Response) -> str:
    return " ".join(re.sub(r"<[^>]*>", "", answer.text).split())


def test_a_version_is_published_compared_assigned_rolled_back_and_withdrawn(page: Page) -> None:
    assert page.publish("first", comment="<b>why</b>").headers["location"] == "/policy/versions/1"
    assert page.publish("second", text=TEXT.format(rule="second").replace("\n", "\r\n")).status_code == 303
    shown = page.ask("GET", "/policy/versions/2")
    assert "What differs" in shown.text and "Nothing differs" not in shown.text
    assert "-rules: [{id: first," in words(shown) and "+rules: [{id: second," in words(shown)
    assert "Roll agents back" not in words(shown) and "&lt;b&gt;why" in page.ask("GET", "/policy/versions").text
    assert "Roll agents back to this version" in words(page.ask("GET", "/policy/versions/1?against=2"))
    assert page.post("/policy/versions/1/assignment", group="agents", rollback="true").status_code == 303
    assert page.post("/policy/versions/2/assignment", group="careful", priority="200").status_code == 303
    assert page.post("/policy/withdrawal", group="agents").status_code == 303
    assert page.standing() == [
        ("agents", 1, "published"),
        ("agents", 2, "published"),
        ("agents", 1, "rolled-back"),
        ("careful", 2, "assigned"),
        ("agents", 0, "withdrawn"),
    ]


def test_a_pack_may_be_extended_and_is_part_of_the_version(page: Page) -> None:
    extending = TEXT.format(rule="mine").replace("rules:", "extends: [pack:default]\nrules:")
    assert page.publish(text=extending).status_code == 303
    assert "pack:default" in words(page.ask("GET", "/policy/versions/1"))


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"text": ""}, "problem"),
        ({"text": "version: 1\nname: a\nrules: [{id: x, match: {tol: psql}, decision: deny}]\n"}, "tol"),
        ({"text": FAILING}, "asks"),
        ({"text": TEXT.format(rule="x").replace("rules:", "extends: [other.yaml]\nrules:")}, "other.yaml"),
        ({"text": TEXT.format(rule="x").replace("rules:", "extends: [/etc/hostname]\nrules:")}, "/etc/hostname"),
        ({"name": "pack:default", "text": ""}, "name"),
        ({"name": "../../etc/passwd"}, "name"),
        ({"group": "a b"}, "group"),
        ({"priority": "-1"}, "priority"),
        ({"priority": "0"}, "priority"),
    ],
    ids=str,
)
def test_what_cannot_be_published_is_said_with_what_was_typed(page: Page, form: dict[str, str], said: str) -> None:
    answer = page.publish(**{"comment": "kept as typed", **form})
    assert 400 <= answer.status_code < 500, answer.text
    fault = re.search(r'role="alert">(.*?)</p>', answer.text, re.DOTALL)
    assert fault and said in fault[1] and "kept as typed" in answer.text
    assert page.standing() == []


ACTS = ("/policy/versions", "/policy/versions/1/assignment", "/policy/withdrawal")


def test_each_role_sees_and_does_what_the_api_lets_it(page: Page) -> None:
    assert page.publish().status_code == 303
    form = {"text": TEXT.format(rule="x"), "group": "agents"}
    for role, sees in (("agent", 403), ("approver", 200), ("auditor", 200)):
        for path in ("/policy/versions", "/policy/versions/1"):
            shown = page.ask("GET", path, role)
            assert shown.status_code == sees and 'method="post" action="/policy' not in shown.text
        assert ("/policy/versions" in page.ask("GET", "/policy", role).text) is (sees == 200)
        assert [page.post(path, role, **form).status_code for path in ACTS] == [403] * 3
    assert page.standing() == [("agents", 1, "published")]


@pytest.mark.parametrize("path", ACTS)
@pytest.mark.parametrize("shown", ["", "another's"])
def test_a_form_that_is_not_ours_changes_nothing(page: Page, path: str, shown: str) -> None:
    form = {"text": TEXT.format(rule="x"), "group": "agents", "proof": proof(page.tokens["auditor"]) if shown else ""}
    assert page.ask("POST", path, "admin", form).status_code == 403
    assert page.standing() == []


def test_a_version_that_is_none_is_not_found(page: Page) -> None:
    assert page.ask("GET", "/policy/versions/7").status_code == 404
    assert page.publish().status_code == 303
    assert page.ask("GET", "/policy/versions/1?against=9").status_code == 404
    assert page.post("/policy/versions/9/assignment", group="agents").status_code == 404
