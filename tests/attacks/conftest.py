"""A machine worth attacking: credentials with canaries, sockets that answer, another session, a policy that denies."""

from __future__ import annotations

import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from attacks.own_user import OwnUser
from integration.other_users import AGENT, can_be_had

import guardcli

HERE = Path(__file__).parent
CREDENTIALS = (
    *(".pgpass", ".kube/config", ".ssh/id_ed25519", ".aws/credentials", ".netrc", ".git-credentials", ".vault-token"),
    *(".docker/config.json", ".config/gcloud/credentials.db", ".azure/msal_token_cache.json", ".config/gh/hosts.yml"),
    *(".npmrc", ".pypirc", ".gnupg/private-keys-v1.d/key", ".mozilla/firefox/x/logins.json", ".bash_history"),
    *(".config/google-chrome/Default/Login Data", ".local/share/keyrings/login.keyring", ".my.cnf", "notes.txt"),
)
LIBRARY = """
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
__attribute__((constructor)) static void in(void) {
    char path[4096] = {0};
    const char *mark = getenv("MARK");
    if (!mark || readlink("/proc/self/exe", path, sizeof path - 1) < 0) return;
    FILE *file = fopen(mark, "a");
    if (file) { fprintf(file, "%s\\n", path); fclose(file); }
}
unsigned la_version(unsigned version) { return version; }
"""
POLICY = """
version: 1
name: attacks
tools:
  asks: {{patterns: [{{match: ".*", effects: [write], action: run}}]}}
  script-tool: {{patterns: [{{match: ".*", effects: [read], action: run}}]}}
rules:
  - {{id: no-version, match: {{tool: git, argv: "version"}}, decision: deny}}
  - {{id: git, match: {{tool: git}}, decision: allow}}
  - {{id: psql-version, match: {{tool: psql, argv: "--version"}}, decision: deny}}
  - {{id: psql-reads, match: {{tool: psql, effects: [read, session], complete: true}}, decision: allow}}
  - {{id: psql-no, match: {{tool: psql, effects: [define, delete, write]}}, decision: deny}}
  - {{id: clusters, match: {{tool: [kubectl, ssh]}}, decision: deny}}
  - {{id: asks, match: {{tool: asks}}, decision: approve}}
  - {{id: script, match: {{tool: script-tool}}, decision: allow}}
isolation:
  show: ["{postgres}"]
"""


class Target:
    """Everything that the agent goes for. `attack` lets it try."""

    def __init__(self, root: Path, stack: ExitStack, postgres: str) -> None:
        self.root = root
        self._stack = stack
        self.home, self.project = root / "home", root / "home" / "project"
        self.policy = root / "policy.yaml"
        self._lay_out()
        self.policy.write_text(POLICY.format(postgres=postgres))
        self.env = self._environment()
        subprocess.run(["git", "init", "-q", str(self.project)], check=True)
        self.facts = self._facts(postgres)

    def _lay_out(self) -> None:
        for name in CREDENTIALS:
            path = self.home / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"CANARY-{name}\n")
            path.chmod(0o600)
        for name in (".bashrc", ".gitconfig"):
            (self.home / name).write_text("")
        for directory in (self.project, self.home / ".local" / "bin", self.root / "bin", self.root / "other"):
            directory.mkdir(parents=True)
        (self.project / ".env").write_text("DATABASE_URL=CANARY-env\n")
        (self.root / "other").chmod(0o700)
        (self.root / "other" / "secret").write_text("CANARY-other\n")
        (self.root / "other" / "secret.sql").write_text("select 1\n")
        for name, text in (("asks", "echo ran"), ("script-tool", "true")):
            (self.root / "bin" / name).write_text(f"#!/bin/bash\n{text}\n")
            (self.root / "bin" / name).chmod(0o755)
        repository = self.root / "other" / "repository"
        subprocess.run(["git", "init", "-q", str(repository)], check=True)
        name = ["-c", "user.name=CANARY", "-c", "user.email=a@example.org"]
        subprocess.run(
            ["git", "-C", str(repository), *name, "commit", "-q", "--allow-empty", "-m", "CANARY"], check=True
        )
        (self.root / "evil.c").write_text(LIBRARY)
        library = ["gcc", "-shared", "-fPIC", "-o", str(self.project / "evil.so"), str(self.root / "evil.c")]
        subprocess.run(library, check=True)

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("GUARD_", "XDG_"))}
        return {
            **kept,
            "HOME": str(self.home),
            "PATH": f"{self.root / 'bin'}:{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
            "GUARD_STATE_DIR": str(self.root / "state"),
            "GUARD_RUNTIME_DIR": str(self.root / "run"),
            "GUARD_CONFIG_DIR": str(self.root / "config"),
            "GUARD_POLICY": str(self.policy),
            "PGPASSWORD": "CANARY-password",
            "AWS_SECRET_ACCESS_KEY": "CANARY-VARIABLE",
            "SSH_AUTH_SOCK": str(self.root / "agent.sock"),
            "DOCKER_HOST": f"unix://{self.root / 'docker.sock'}",
            "DBUS_SESSION_BUS_ADDRESS": f"unix:path={self.root / 'bus'}",
        }

    def _facts(self, postgres: str) -> dict[str, Any]:
        real = {name: os.path.realpath(str(shutil.which(name))) for name in ("git", "kubectl", "ssh")}
        versioned = sorted(Path("/usr/lib/postgresql").glob("*/bin/psql"))
        real["psql"] = str(versioned[-1]) if versioned else "/usr/bin/psql"
        core = subprocess.run(["git", "--exec-path"], capture_output=True, text=True, check=True).stdout.strip()
        name = f"guard-attack-{os.getpid()}-{self.root.name}"
        Path(f"/dev/shm/{name}").write_text("CANARY-shm")
        self._stack.callback(Path(f"/dev/shm/{name}").unlink)
        (self.root / "tmux").parent.mkdir(exist_ok=True)
        return {
            "home": str(self.home),
            "project": str(self.project),
            "credentials": CREDENTIALS,
            "tools": real,
            "git_core": core,
            "postgres": postgres,
            "package": str(Path(guardcli.__file__).parent),
            "other_home": str(self.root / "other" / "secret"),
            "other_sql": str(self.root / "other" / "secret.sql"),
            "other_repository": str(self.root / "other" / "repository"),
            "library": str(self.project / "evil.so"),
            "state": str(self.root / "state"),
            "runtime": str(self.root / "run"),
            "policy": str(self.policy),
            "abstract": name,
            "shm": name,
            "approved": False,
            "tmux": str(self.root / "tmux"),
            "agent_socket": self._listen(self.root / "agent.sock"),
            "docker_socket": self._listen(self.root / "docker.sock"),
            "tcp": self._listen_abstract_and_tcp(name),
        }

    def _listen(self, path: Path) -> str:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(path))
        self._answer(listener)
        return str(path)

    def _listen_abstract_and_tcp(self, name: str) -> int:
        abstract = socket.socket(socket.AF_UNIX)
        abstract.bind("\0" + name)
        self._answer(abstract)
        tcp = socket.socket()
        tcp.bind(("127.0.0.1", 0))
        self._answer(tcp)
        return int(tcp.getsockname()[1])

    def _answer(self, listener: socket.socket) -> None:
        """Say something to everybody who connects, until the test ends."""
        listener.listen()

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.sendall(b"CANARY-listener")

        thread = threading.Thread(target=serve)
        thread.start()
        self._stack.callback(thread.join)
        self._stack.callback(listener.close)
        self._stack.callback(listener.shutdown, socket.SHUT_RDWR)

    def guard(self, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """Run a guard command to its end."""
        options = {
            "env": self.env,
            "cwd": self.project,
            "text": True,
            "capture_output": True,
            "timeout": 170,
            **options,
        }
        return subprocess.run([sys.executable, "-m", "guardcli", *arguments], **options)

    def attack(self, mode: str, *wanted: str, network: str = "shared") -> dict[str, list[str]]:
        """Run the agent in a session; return what each attempt gained: words → [evidence, why not, harmless]."""
        agent = self.project / "attack"
        shutil.copytree(HERE / "agent", agent, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
        facts = {**self.facts, "api": self.api_pid(), "other_socket": self.other_session()}
        (agent / "facts.json").write_text(json.dumps(facts))
        options = [f"--isolate={mode}", "--network", network, "--approval-wait", "0"]
        outside = os.open(self.root / "other", os.O_RDONLY)
        try:
            done = self.guard("run", *options, "--", sys.executable, str(agent), *wanted, pass_fds=[outside])
        finally:
            os.close(outside)
        lines = [line for line in done.stdout.splitlines() if line.startswith("RESULTS ")]
        assert lines, done.stdout[-2000:] + done.stderr[-3000:]
        return dict(json.loads(lines[0].removeprefix("RESULTS ")))

    def other_session(self) -> str:
        """Return the socket of a session beside the one that is attacked."""
        command = [
            sys.executable,
            "-m",
            "guardcli",
            "run",
            "--isolate=off",
            "--",
            "sh",
            "-c",
            "echo $GUARD_SOCKET; cat",
        ]
        process = subprocess.Popen(command, env=self.env, cwd=self.root, text=True, stdin=-1, stdout=-1)
        assert process.stdin is not None and process.stdout is not None
        found = process.stdout.readline().strip()
        self._stack.callback(process.stdout.close)
        self._stack.callback(process.wait, 60)
        self._stack.callback(process.stdin.close)
        return found

    def api_pid(self) -> int:
        """Return the pid of the embedded API, started if need be."""
        self.guard("sessions", "list")
        with socket.socket(socket.AF_UNIX) as probe:
            probe.connect(str(self.root / "run" / "api.sock"))
            return int(struct.unpack("3i", probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0])

    def home_files(self) -> Mapping[str, bytes]:
        """Return what is in the home, but for the project and what git and guard write there."""
        return {
            str(path.relative_to(self.home)): path.read_bytes()
            for path in self.home.rglob("*")
            if path.is_file() and self.project not in path.parents
        }

    def stop_api(self) -> None:
        """End the embedded API and wait until it is gone."""
        try:
            pid = self.api_pid()
        except OSError:
            return
        os.kill(pid, 15)
        until = time.monotonic() + 60
        while Path(f"/proc/{pid}").exists() and time.monotonic() < until:
            time.sleep(0.01)


@pytest.fixture(scope="module")
def target(postgres_socket: str) -> Iterator[Target]:
    """A machine worth attacking, gone after the test."""
    root = Path(tempfile.mkdtemp(prefix="ga", dir="/tmp"))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, root, ignore_errors=True)
        made = Target(root, stack, postgres_socket)
        stack.callback(made.stop_api)
        if tmux := shutil.which("tmux"):
            server = [tmux, "-S", str(root / "tmux")]
            subprocess.run([*server, "new-session", "-d"], env=made.env, check=True)
            stack.callback(subprocess.run, [*server, "kill-server"], env=made.env, check=True)
        yield made


@pytest.fixture(scope="module")
def own_user(target: Target) -> Iterator[OwnUser]:
    """The same machine for an agent that is a user of its own."""
    if why := can_be_had():
        pytest.skip(why)
    made = OwnUser(target)
    yield made
    made.machine.close()
    shutil.rmtree(f"/tmp/guard-{AGENT}", ignore_errors=True)  # of the sessions that the agent began by itself


@pytest.fixture(scope="module")
def postgres_socket() -> Iterator[str]:
    """A PostgreSQL of the tests' own."""
    from integration.servers import postgres

    with postgres() as env:
        yield env["PGHOST"]
