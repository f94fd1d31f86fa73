"""Calls as people and agents type them, from ``tests/data/calls``: what default says of each, and the call.

A line is a verdict and a call as a shell reads it; a quote may hold a line break. Variables may stand before the call,
``<<<`` and a text behind it: its standard input.
"""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from guardcli.cli.policy_check import BatchJudge
from guardcli.judging.caller import Caller
from guardcli.judging.repositories import QUIET, Repositories
from guardcli.policy import Context, load_policy
from guardcli.policy.rules import Repository

CALLS = Path(__file__).parents[1] / "data" / "calls"

FILES = {
    "web.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web, namespace: shop}\n",
    "rbac.yaml": "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: web}\n",
    "x.patch": "",
    "report.sql": "SELECT status, count(*) FROM orders GROUP BY 1;\n",
    "drop.sql": "SELECT 1;\nDROP TABLE orders;\n",
    "shell.sql": "SELECT 1 \\g |sh\n",
    "message.txt": "A message\n",
}
"""What lies in the directory in which they are typed."""

_ASSIGNMENT = re.compile(r"([A-Z_0-9]+)=(.*)", re.DOTALL)


def calls(name: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield what default says, the call as it is typed, and what ``guard policy check --batch`` is asked about it."""
    open_line = ""
    for line in (CALLS / f"{name}.txt").read_text().splitlines():
        open_line = f"{open_line}\n{line}" if open_line else line
        try:
            verdict, *words = shlex.split(open_line)
        except ValueError:
            continue
        typed, open_line = open_line.partition(" ")[2], ""
        yield verdict, typed, _request(words)
    if open_line:
        raise ValueError(f"{name}.txt ends in the middle of a quote")


def _request(words: list[str]) -> dict[str, Any]:
    env: dict[str, str] = {}
    while found := _ASSIGNMENT.fullmatch(words[0]):
        env[found[1]] = found[2]
        words = words[1:]
    request: dict[str, Any] = {"argv": words}
    if words[-2:-1] == ["<<<"]:
        request = {"argv": words[:-2], "stdin": f"{words[-1]}\n"}
    return {**request, "env": env} if env else request


def checkout(stack: ExitStack) -> Path:
    """Return the repository in which the calls are typed: on the branch ``topic``, one commit ahead of its remote."""
    place = Path(Repositories(stack).path(Repository(branch="topic", ahead=1, files={"README": "x\n"})))
    for name, text in FILES.items():
        (place / name).write_text(text)
    return place


def judge_of(pack: str, place: Path) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Return what answers a request as ``guard policy check --batch`` does, by `pack` and in `place`."""
    env = {**QUIET, "PATH": os.environ["PATH"]}
    caller = Caller(load_policy(f"pack:{pack}"), Context(identity="agent", groups=("agents",)), env)
    judge = BatchJudge(caller, env, str(place))
    return lambda request: judge.answer(json.dumps(request).encode())
