"""A clone whose commits and pushes are judged, and keys to put into it.

The keys are made here, so that no file of this project holds one in a row.
"""

from __future__ import annotations

import base64
import os
import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from guardcli.broker.facts import CallFacts
from guardcli.broker.secret_finder import SecretFinder
from guardcli.inspectors.git.inspector import GitInspector
from guardcli.model.invocation import Invocation, Stdin
from guardcli.model.operations import Operation

GIT = shutil.which("git")
ENV = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@example.com",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.com",
}
FIND = SecretFinder()
AWS = "AKIA" + "QYLPMN5HFIQR7XYA"
OTHER = "AKIA" + "Z7VRSQ5TJN2XMPLQ"
GITHUB = "ghp_" + "aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW3xY5"
BODY = base64.b64encode(bytes(range(7, 180))).decode()
KEY = "-----BEGIN RSA " + "PRIVATE KEY-----\n" + "\n".join(BODY[at : at + 64] for at in range(0, len(BODY), 64)) + "\n"
KEY += "-----END RSA " + "PRIVATE KEY-----\n"
Place = Callable[["Work"], object]


class Work:
    """A clone of a bare remote that has one commit, with a file that holds a key of old."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def git(self, line: str, **env: str) -> str:
        words = ["git", *shlex.split(line)]
        done = subprocess.run(words, cwd=self.path, env=ENV | env, capture_output=True, text=True, check=True)
        return done.stdout

    def write(self, name: str, content: str | bytes) -> None:
        (self.path / name).parent.mkdir(parents=True, exist_ok=True)
        (self.path / name).write_bytes(content.encode() if isinstance(content, str) else content)

    def add(self, name: str, content: str | bytes) -> None:
        self.write(name, content)
        self.git(f"add -f -- {shlex.quote(name)}")

    def commit(self, name: str, content: str | bytes, message: str = "change") -> None:
        self.add(name, content)
        self.git(f"commit -q -m {shlex.quote(message)}")

    def judge(self, line: str, *, at: str = "", stdin: bytes | None = None, **env: str) -> tuple[Operation, ...]:
        cwd, environment = str(self.path / at), ENV | env
        descriptor = None
        if stdin is not None:
            descriptor, end = os.pipe()
            os.write(end, stdin)
            os.close(end)
        try:
            facts = CallFacts(cwd, environment, git_program=GIT, find_secrets=FIND, stdin_fd=descriptor)
            kind = Stdin.NULL if stdin is None else Stdin.STREAM
            return (
                GitInspector()
                .inspect(Invocation("git", tuple(shlex.split(line)), environment, cwd, kind), facts)
                .operations
            )
        finally:
            if descriptor is not None:
                os.close(descriptor)


def alarms(operations: tuple[Operation, ...]) -> dict[str, str]:
    """Return the files of all alarms, each with the detectors; fails where anything was not understood."""
    assert all(operation.complete for operation in operations), [operation.reason for operation in operations]
    return {
        target.name: operation.reason.partition(" in ")[0]
        for operation in operations
        if operation.sensitive
        for target in operation.targets
    }


def staged(name: str, content: str | bytes) -> Place:
    return lambda work: work.add(name, content)


def left(name: str, content: str | bytes) -> Place:
    return lambda work: work.write(name, content)


def both(*steps: Place) -> Place:
    return lambda work: [step(work) for step in steps]


def run(line: str) -> Place:
    return lambda work: work.git(line)
