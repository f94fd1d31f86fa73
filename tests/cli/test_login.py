"""``guard login``, ``logout`` and ``whoami`` against a real API and a real provider."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
import warm
from inside import guard
from oidc_provider import OidcProvider, oidc_provider


class Place:
    """A user's directories, and a central API that trusts `oidc`."""

    def __init__(self, root: Path, oidc: OidcProvider) -> None:
        self.root, self.oidc = root, oidc
        self.socket = root / "central.sock"
        names = {"GUARD_CONFIG_DIR": "config", "GUARD_STATE_DIR": "state", "GUARD_RUNTIME_DIR": "run"}
        self.env = {**os.environ, **{name: str(root / place) for name, place in names.items()}}

    def guard(self, *arguments: str, text: str = "", **env: str) -> subprocess.CompletedProcess[str]:
        return guard(*arguments, input=text, env={**self.env, **env})

    def serve(self) -> subprocess.Popen[bytes]:
        grants = [{"role": "approver", "when": {"groups": "g-dba"}}]
        issuer = {"name": "corp", "issuer": self.oidc.issuer, "audience": ["guard"], "client": "cli", "grants": grants}
        settings = {"issuers": [{**issuer, "groups": {"g-dba": "dba"}, "need_nonce": True}]}
        settings |= {"listen": {"port": 0}, "database": str(self.root / "guard.db")}
        (self.root / "api.yaml").write_text(json.dumps(settings))
        command = ["api", "serve", "--config", str(self.root / "api.yaml")]
        log = open(self.root / "log", "wb")  # noqa: SIM115
        process = warm.Guard(command, stderr=log, env=self.env)
        log.close()
        end = time.monotonic() + 60
        while '"listening"' not in (found := (self.root / "log").read_text()):
            assert process.poll() is None and time.monotonic() < end, found
            time.sleep(0.02)
        lines = [json.loads(line) for line in found.splitlines()]
        port = next(line["port"] for line in lines if line["event"] == "listening")
        self.env["GUARD_API"] = f"http://127.0.0.1:{port}"
        return process


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with warnings.catch_warnings(), oidc_provider() as oidc:
        warnings.filterwarnings("ignore", message="EdDSA is deprecated")
        found = Place(tmp_path, oidc)
        process = found.serve()
        yield found
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def answering(place: Place) -> None:
    """Let the provider say "not yet", "slower" never, and then yes, with the nonce that it was sent."""
    oidc = place.oidc
    usual = oidc.answer

    def answer(path: str, form: dict[str, list[str]]) -> tuple[int, object]:
        if path == "/token" and not oidc.answers and oidc.asked.count("/token") > 1:
            oidc.answers.append({"id_token": oidc.token("EdDSA", nonce=oidc.nonce)})
        return usual(path, form)

    oidc.answer = answer  # type: ignore[method-assign]


def test_a_person_logs_in_is_known_and_logs_out(place: Place) -> None:
    answering(place)
    told = place.guard("login")
    assert told.returncode == 0, told.stderr
    assert "ABCD-EFGH" in told.stderr and "ann@corp.example" in told.stdout
    kept = place.root / "state" / "logins.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    token = json.loads(kept.read_text())[place.env["GUARD_API"]]["token"]
    assert token.startswith("guard-login.") and token not in told.stdout + told.stderr
    who = json.loads(place.guard("whoami", "--json").stdout)
    assert (who["name"], who["groups"]) == ("ann@corp.example", ["dba"])
    assert "may: decide, read" in place.guard("whoami").stdout
    assert place.guard("approvals", "list").returncode == 0
    assert place.guard("logout").returncode == 0
    assert place.guard("whoami").returncode == 77
    assert place.guard("whoami", GUARD_TOKEN=token).returncode == 77, "it has ended at the API too"
    assert "no login" in place.guard("logout").stdout


def test_a_refusal_at_the_provider_is_said(place: Place) -> None:
    place.oidc.answers.append({"error": "access_denied"})
    told = place.guard("login")
    assert (told.returncode, told.stderr.splitlines()[-1][:7]) == (77, "guard: ")


def test_a_code_that_ran_out_is_said(place: Place) -> None:
    place.oidc.answers.append({"error": "expired_token"})
    assert place.guard("login").returncode == 75


def test_a_provider_that_is_broken_is_said(place: Place) -> None:
    place.oidc.broken = True
    assert place.guard("login").returncode == 69


def test_a_service_token_is_kept_after_it_was_tried(place: Place) -> None:
    database = str(place.root / "guard.db")
    made = place.guard("api", "token", "create", "--role", "admin", "--name", "root", "--database", database)
    assert place.guard("login", "--token-stdin", text="guard-service.x.y\n").returncode == 77
    assert not (place.root / "state" / "logins.json").exists()
    assert place.guard("login", "--token-stdin", text=made.stdout).returncode == 0
    assert place.guard("whoami").returncode == 0
    issued = place.guard("api", "token", "create", "--role", "auditor", "--name", "eve", "--scope", "read")
    assert issued.returncode == 0, issued.stderr
    listed = [json.loads(line) for line in place.guard("api", "token", "list", "--json").stdout.splitlines()]
    assert [(one["name"], one["permissions"]) for one in listed][-1] == ("eve", ["read"])
    assert place.guard("api", "token", "revoke", listed[-1]["id"]).returncode == 0
    assert place.guard("whoami", GUARD_TOKEN=issued.stdout.strip()).returncode == 77


def test_login_without_a_central_api_says_that_none_is_needed(place: Place) -> None:
    told = place.guard("login", GUARD_API="")
    assert (told.returncode, told.stderr[:7]) == (78, "guard: ")
