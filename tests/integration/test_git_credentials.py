"""git by https: an allowed call logs in with a password that nobody else is given."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from integration.git_server import GitServer, git_server, make_authority

POLICY = """
version: 1
name: forge
resources:
  forge: {{kind: git, host: 127.0.0.1, port: [{port}, {false}, {plain}], credential: "file:{private}/token", options: {{ca: {ca}, paths: "team/*"}}}}
tools:
  probe: {{patterns: [{{match: ".*", effects: [read], action: run}}]}}
rules:
  - {{id: all, match: {{tool: "*"}}, decision: allow}}
  - {{id: conceded, match: {{tool: "*", complete: false}}, decision: allow}}
"""


class Forge:
    """A git server that guard has the password of, and another that it has not."""

    def __init__(self, directory: Path, known: GitServer, other: GitServer, plain: GitServer, false: GitServer) -> None:
        self.directory = directory
        self.known = known
        self.other = other
        self.plain = plain
        self.false = false
        self.url = f"https://127.0.0.1:{known.port}"

    def policy(self) -> str:
        return POLICY.format(
            port=self.known.port,
            false=self.false.port,
            plain=self.plain.port,
            private=self.directory / "private",
            ca=self.directory / "ca.pem",
        )


@pytest.fixture(scope="module")
def forge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forge]:
    directory = tmp_path_factory.mktemp("forge")
    _, certificate = make_authority(directory)
    _, unknown = make_authority(directory, "unknown")
    for name in ("team/app", "team/lib", "private/app"):
        subprocess.run(
            ["git", "init", "-q", "--bare", "-b", "main", directory / f"repositories/{name}.git"], check=True
        )
        subprocess.run(
            ["git", "-C", directory / f"repositories/{name}.git", "config", "http.receivepack", "true"], check=True
        )
    repositories = directory / "repositories"
    with (
        git_server(repositories, certificate) as known,
        git_server(repositories, certificate) as other,
        git_server(repositories, None) as plain,
        git_server(repositories, unknown) as false,
    ):
        (directory / "private").mkdir(mode=0o700)
        token = directory / "private" / "token"
        token.write_text(f'{{"username": "{known.user}", "password": "{known.password}"}}')
        token.chmod(0o600)
        seed = "git init -q -b main seed && cd seed && git -c user.name=a -c user.email=a@b.c commit -q --allow-empty -m seed"
        subprocess.run(["sh", "-ec", seed], cwd=directory, check=True)
        for name in ("team/app", "team/lib", "private/app"):
            subprocess.run(
                ["git", "-C", directory / "seed", "push", "-q", repositories / f"{name}.git", "main"], check=True
            )
        yield Forge(directory, known, other, plain, false)


@pytest.fixture
def lent(shared_sandbox, forge: Forge):
    shared_sandbox.policy.write_text(forge.policy())
    for server in (forge.known, forge.other, forge.plain, forge.false):
        server.seen.clear()
    return shared_sandbox


def run(sandbox, mode: str, text: str, **keywords):
    return sandbox.script(text, options=[f"--isolate={mode}"], **keywords)


@pytest.mark.parametrize("mode", ["off", "require"])
def test_clone_fetch_and_push_log_in_and_nothing_is_left_behind(lent, forge: Forge, mode: str) -> None:
    text = f"""
        git clone -q {forge.url}/team/app.git c && cd c && git log --format=%s
        git config user.name a; git config user.email a@example.org; git commit -q --allow-empty -m {mode}
        git push -q origin HEAD:{mode} && git fetch -q && git pull -q origin {mode} && git log origin/{mode} -1 --format=%s
        printf 'protocol=https\\nhost=127.0.0.1:{forge.known.port}\\npath=team/app.git\\n\\n' | GIT_TERMINAL_PROMPT=0 git credential fill; echo $?
        grep -r 'Tr0ub4d[o]r' . ~ 2>/dev/null | wc -l; env | grep -c GIT_CONFIG
    """
    done = run(lent, mode, text, stdin=subprocess.DEVNULL)
    assert done.stdout.split() == ["seed", mode, "128", "0", "0"], done.stderr
    assert set(forge.known.seen) == {f"{forge.known.user}:{forge.known.password}"}
    given = [event["data"] for event in lent.events(type="lent")]
    assert len(given) >= 4 and {(one["resource"], one["user"], one["for"]) for one in given} == {
        ("forge", "robot", "git")
    }
    lent.verify()


@pytest.mark.parametrize("mode", ["off", "require"])
def test_whoever_else_would_like_to_have_it_gets_nothing(lent, forge: Forge, mode: str) -> None:
    forge.known.away = f"https://127.0.0.1:{forge.other.port}"
    asked = f"protocol=https\\nhost=127.0.0.1:{forge.known.port}\\npath=team/app.git\\n\\n"
    helper = '"$HELPER"'
    text = f"""
        export HELPER="$(dirname $(dirname $(command -v git)))/bin/.lent/git-credential-guard"
        try() {{ timeout 60 "$@" > said 2>&1 < /dev/null; }}
        git clone -q {forge.url}/team/app.git c; cd c; git config user.name a; git config user.email a@example.org
        printf '{asked}' | {helper} get; echo helper $?
        printf '{asked}' | sh -c '{helper} get'; echo shell $?
        printf '#!/bin/sh\nprintf "{asked}" | {helper} get > hooked\nprintf "capabilities\\n\\n" | $(git --exec-path)/git-remote-https origin {forge.url}/team/app.git\n' > .git/hooks/pre-push
        chmod +x .git/hooks/pre-push; try git push origin HEAD:hook-{mode}; rm .git/hooks/pre-push
        try git fetch https://127.0.0.1:{forge.other.port}/team/app.git
        try git fetch http://127.0.0.1:{forge.plain.port}/team/app.git
        try git fetch {forge.url}/private/app.git
        try git fetch {forge.url}/team/../private/app.git
        try git fetch {forge.url}/away/team/app.git
        try git clone --recurse-submodules {forge.url}/team/app.git d
        for way in "-c http.sslVerify=false" "-c credential.helper=!cat>&2;true" "-c http.proxy=http://127.0.0.1:9"; do try git $way fetch {forge.url}/team/app.git; done
        git config http.sslCAInfo {forge.directory}/unknown.pem; git config http.sslCAPath {forge.directory}
        try git fetch https://127.0.0.1:{forge.false.port}/team/app.git
        git config http.sslVerify false; git config http.https://127.0.0.1:{forge.false.port}/team.sslVerify false
        try git fetch https://127.0.0.1:{forge.false.port}/team/app.git; cat said; grep -l '{forge.known.password}' -r . && echo found
        git config --unset http.sslVerify
        git config credential.helper '!cat >> $PWD/stolen #'; git config credential.{forge.url}.helper '!cat >> $PWD/stolen #'
        GIT_ASKPASS=/bin/echo SSH_ASKPASS=/bin/echo GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=credential.helper GIT_CONFIG_VALUE_0='!cat >> stolen #' git fetch && echo twin
        cat stolen hooked 2>/dev/null; true
    """
    done = run(lent, mode, text)
    lines = done.stdout.split("\n")
    assert {"helper 77", "shell 77", "twin"} <= set(lines), done.stdout + done.stderr
    assert "found" not in lines and forge.known.password not in done.stdout + done.stderr
    assert "[VALUE]" not in done.stdout
    assert (forge.other.seen, forge.plain.seen, forge.false.seen) == ([], [], [])
    reasons = " ".join(event["data"]["reason"] for event in lent.events(type="refused"))
    judged = [event["data"] for event in lent.events(type="judged")]
    strangers = [one["verdict"] for one in judged if one["tool"] == "git-credential-guard"]
    assert len(strangers) >= 3 and set(strangers) == {"deny"}  # by hand, by a shell, by a hook
    for told in ("is none of what the policy names", "itself (-c)"):
        assert told in reasons
