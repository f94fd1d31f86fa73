"""Dependencies point one way, the middle is pure, and no two modules need each other.

Every import counts: at the top, inside a function, under TYPE_CHECKING, and by name through `import_module`.
The checks take the root of a tree, so that the last part of this file can hold them against small made-up
trees that break one rule each.
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = "guardcli"

LEVELS = (
    {"model"},
    {"inspectors", "policy", "masking", "playback"},
    {"gateways", "credentials", "isolation"},
    {"client", "broker"},
    {"judging"},
    {"api", "tui", "demo"},
    {"cli"},
)
"""From the ground up. A package imports from below, never from beside or above."""

BESIDE = {("broker", "client")}
"""The exceptions: the first may import the second although both stand on one level."""

PURE = ("model", "inspectors", "policy", "masking", "playback")
"""Packages that take values and return values; a gateway's codec is pure too."""

EDGES = {"masking.cache", "policy.loader"}
"""Modules in those packages that read or write files on purpose. A front end calls them, perhaps
by what their package offers in its ``__init__``; no pure module may."""

IMPURE_MODULES = frozenset(
    {
        "asyncio",
        "click",
        "concurrent",
        "fcntl",
        "ftplib",
        "getpass",
        "glob",
        "http",
        "io.open",
        "logging",
        "multiprocessing",
        "pathlib.Path",
        "pathlib.PosixPath",
        "pexpect",
        "platform",
        "pty",
        "pwd",
        "random",
        "requests",
        "resource",
        "sched",
        "select",
        "selectors",
        "shutil",
        "signal",
        "socket",
        "socketserver",
        "sqlite3",
        "ssl",
        "subprocess",
        "sys",
        "tempfile",
        "termios",
        "time",
        "tty",
        "urllib.request",
    }
)
IMPURE_CALLS = frozenset({"open", "print", "input", "exec", "eval", "breakpoint"})
CLOCKS = frozenset({"now", "utcnow", "today"})


class Import(NamedTuple):
    """`module` imports `target`, a dotted name, at `line`."""

    module: str
    target: str
    line: int


def modules(root: Path) -> dict[str, Path]:
    """Return every module of the package below `root`: dotted name to file."""
    found = {}
    for path in sorted((root / PACKAGE).rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(module: str, path: Path) -> Iterator[Import]:
    """Yield every import of a module, relative ones made absolute."""
    package = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_text(), str(path))):
        if isinstance(node, ast.Import):
            yield from (Import(module, alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) + 1 - node.level] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from (Import(module, f"{base}.{alias.name}", node.lineno) for alias in node.names)
        elif isinstance(node, ast.Call) and called(node) in {"import_module", "__import__"} and node.args:
            name = node.args[0]
            if isinstance(name, ast.Constant) and isinstance(name.value, str):
                yield Import(module, name.value, node.lineno)


def called(node: ast.Call) -> str:
    """Return the last part of the name that is called, or an empty string."""
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


@cache
def all_imports(root: Path) -> list[Import]:
    return [found for name, path in modules(root).items() for found in imports(name, path)]


def room(name: str) -> str:
    """Return the package below the top that a dotted name is in; an empty string for the top itself."""
    parts = name.split(".")
    return parts[1] if len(parts) > 1 and parts[0] == PACKAGE else ""


def level(name: str) -> int:
    return next((number for number, rooms in enumerate(LEVELS) if name in rooms), -1)


def wrong_way_imports(root: Path) -> list[str]:
    """Return every import that does not point down."""
    top = {"", "__main__", *(path.stem for path in (root / PACKAGE).glob("*.py"))}
    faults = []
    for found in all_imports(root):
        importer, imported = room(found.module), room(found.target)
        if not found.target.startswith(PACKAGE + ".") or importer == imported or importer in top or imported in top:
            continue
        if level(importer) <= level(imported) and (importer, imported) not in BESIDE:
            faults.append(f"{found.module}:{found.line} imports {found.target}")
    return faults


def circles(root: Path) -> list[str]:
    """Return every group of modules that reach each other through imports."""
    known = modules(root)
    graph: dict[str, set[str]] = {name: set() for name in known}
    for found in all_imports(root):
        target = found.target if found.target in known else found.target.rpartition(".")[0]
        if target in known and target != found.module and not found.module.startswith(target + "."):
            graph[found.module].add(target)
    reach = {name: reachable(graph, name) for name in graph}
    groups = {
        frozenset(other for other in reach[name] if name in reach[other]) for name in graph if name in reach[name]
    }
    return sorted(" ↔ ".join(sorted(group)) for group in groups)


def reachable(graph: dict[str, set[str]], start: str) -> set[str]:
    seen: set[str] = set()
    waiting = list(graph[start])
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting.extend(graph[name])
    return seen


def is_pure(module: str) -> bool:
    """Say whether a module must be pure: the middle of the house, and each gateway's codec."""
    parts = module.split(".")
    if module.removeprefix(PACKAGE + ".") in EDGES:
        return False
    return room(module) in PURE or (room(module) == "gateways" and any(part.startswith("codec") for part in parts))


def impurities(root: Path) -> list[str]:
    """Return every way in which a pure module could reach the world outside its arguments."""
    faults = []
    for name, path in modules(root).items():
        if not is_pure(name):
            continue
        faults += [f"{name}:{found.line} imports {found.target}" for found in imports(name, path) if reaches_out(found)]
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in IMPURE_CALLS:
                faults.append(f"{name}:{node.lineno} calls {node.func.id}")
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CLOCKS:
                faults.append(f"{name}:{node.lineno} reads the clock")
    return faults


def reaches_out(found: Import) -> bool:
    """Say whether an import gives a pure module a way out. ``os.path`` takes text and returns text."""
    parts = found.target.split(".")
    if parts[0] == PACKAGE:
        return ".".join(parts[1:3]) in EDGES and found.module != f"{PACKAGE}.{parts[1]}"
    if parts[0] == "os":
        return parts[1:2] not in (["path"], ["fsencode"], ["fsdecode"])
    if found.target == "pathlib":
        return True
    return any(".".join(parts[:length]) in IMPURE_MODULES for length in range(1, len(parts) + 1))


def strangers_in_the_model(root: Path) -> list[str]:
    """Return every import of the model from outside the standard library."""
    return [
        f"{found.module}:{found.line} imports {found.target}"
        for found in all_imports(root)
        if room(found.module) == "model"
        and room(found.target) != "model"
        and found.target.partition(".")[0] not in sys.stdlib_module_names
    ]


def click_outside_the_command_line(root: Path) -> list[str]:
    return [
        f"{found.module}:{found.line} imports {found.target}"
        for found in all_imports(root)
        if found.target.partition(".")[0] == "click" and room(found.module) != "cli"
    ]


def undeclared_libraries(root: Path) -> list[str]:
    """Return every import of a library that pyproject.toml does not ask for itself."""
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    declared = {plain_name(re.split(r"[^A-Za-z0-9._-]", item, maxsplit=1)[0]) for item in project["dependencies"]}
    providers = packages_distributions()
    faults = []
    for found in all_imports(root):
        library = found.target.partition(".")[0]
        if library in sys.stdlib_module_names or library == PACKAGE:
            continue
        if not declared & {plain_name(name) for name in providers.get(library, [library])}:
            faults.append(f"{found.module}:{found.line} imports {found.target}")
    return faults


def plain_name(distribution: str) -> str:
    """Return the name of a distribution as registries compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


def unknown_rooms(root: Path) -> list[str]:
    """Return the packages that no level names, so that a new one is put somewhere on purpose."""
    known = set().union(*LEVELS)
    return sorted({room(name) for name, path in modules(root).items() if len(path.relative_to(root).parts) > 2} - known)


CHECKS = (
    wrong_way_imports,
    circles,
    impurities,
    strangers_in_the_model,
    click_outside_the_command_line,
    undeclared_libraries,
    unknown_rooms,
)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_house_keeps_its_rules(check) -> None:
    assert not check(ROOT)


def test_the_checks_see_the_modules_of_the_house() -> None:
    found = modules(ROOT)
    assert {f"{PACKAGE}.model.events", f"{PACKAGE}.cli.main", f"{PACKAGE}.model"} <= found.keys()
    assert any(item.target == f"{PACKAGE}.model.errors.GuardError" for item in all_imports(ROOT))


# Small made-up trees, each beside its harmless twin.

GOOD = {
    "model/things.py": "import json\nfrom dataclasses import dataclass",
    "policy/engine.py": "import os.path\nfrom pathlib import PurePosixPath\nfrom guardcli.model import things",
    "policy/__init__.py": "from guardcli.policy.loader import load",
    "policy/loader.py": "import os\nfrom guardcli.policy.engine import Policy",
    "gateways/postgres/codec.py": "from guardcli.model.things import Thing",
    "gateways/postgres/server.py": "import asyncio\nfrom guardcli.policy import engine\nfrom .codec import Frame",
    "client/http.py": "import requests\nfrom guardcli.model import things",
    "broker/session.py": "import os, socket\nfrom guardcli.client import http",
    "api/app.py": "from guardcli.policy.engine import decide",
    "cli/main.py": "import click\nfrom guardcli.broker import session\nfrom guardcli.api.app import app",
}

BROKEN = [
    (wrong_way_imports, "policy/engine.py", "from guardcli.broker import session", "guardcli.broker.session"),
    (wrong_way_imports, "policy/engine.py", "def f():\n    import guardcli.cli.main", "guardcli.cli.main"),
    (wrong_way_imports, "policy/engine.py", "from guardcli.masking import stream", "guardcli.masking.stream"),
    (wrong_way_imports, "policy/engine.py", "from .. import broker", "guardcli.broker"),
    (wrong_way_imports, "policy/engine.py", "from ..broker.session import Session", "guardcli.broker.session"),
    (wrong_way_imports, "client/http.py", "from guardcli.broker import session", "guardcli.broker"),
    (wrong_way_imports, "api/app.py", "from guardcli.cli.settings import Settings", "guardcli.cli.settings"),
    (wrong_way_imports, "api/app.py", "from guardcli.tui import app", "guardcli.tui"),
    (
        wrong_way_imports,
        "model/things.py",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from guardcli.api.app import App",
        "guardcli.api.app",
    ),
    (
        wrong_way_imports,
        "policy/engine.py",
        "from importlib import import_module\nimport_module('guardcli.broker.session')",
        "guardcli.broker.session",
    ),
    (circles, "model/things.py", "from guardcli.model.others import Other", "guardcli.model.others ↔"),
    (impurities, "policy/engine.py", "import os", "os"),
    (impurities, "policy/engine.py", "from os import environ", "os.environ"),
    (impurities, "policy/engine.py", "from pathlib import Path", "pathlib.Path"),
    (impurities, "policy/engine.py", "import urllib.request", "urllib.request"),
    (impurities, "policy/engine.py", "def f():\n    import time\n    return time.time()", "time"),
    (impurities, "policy/engine.py", "text = open('x').read()", "open"),
    (impurities, "policy/engine.py", "from datetime import datetime\nx = datetime.now()", "clock"),
    (impurities, "gateways/postgres/codec.py", "import socket", "socket"),
    (impurities, "gateways/postgres/codec/frames.py", "import asyncio", "asyncio"),
    (impurities, "policy/engine.py", "from guardcli.policy.loader import load", "guardcli.policy.loader"),
    (impurities, "policy/engine.py", "from guardcli.policy import loader", "guardcli.policy.loader"),
    (strangers_in_the_model, "model/things.py", "import yaml", "yaml"),
    (strangers_in_the_model, "model/things.py", "from guardcli.policy import engine", "guardcli.policy"),
    (click_outside_the_command_line, "broker/session.py", "from click import echo", "click.echo"),
    (undeclared_libraries, "broker/session.py", "import yaml", "yaml"),
    (undeclared_libraries, "broker/session.py", "def f():\n    from nobody_knows import it", "nobody_knows"),
    (unknown_rooms, "helpers/misc.py", "x = 1", "helpers"),
]


def build(root: Path, files: Iterable[tuple[str, str]]) -> Path:
    (root / "pyproject.toml").write_text(
        '[project]\ndependencies = ["click>=8.1", "requests[socks]; os_name == \'posix\'"]\n'
    )
    for name, text in files:
        path = root / PACKAGE / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
        for parent in (path.parent, *path.parent.parents):
            if parent == root:
                break
            (parent / "__init__.py").touch()
    return root


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_a_tree_that_keeps_the_rules_passes(tmp_path: Path, check) -> None:
    assert check(build(tmp_path, GOOD.items())) == []


@pytest.mark.parametrize(("check", "name", "text", "said"), BROKEN)
def test_a_tree_that_breaks_a_rule_fails(tmp_path: Path, check, name: str, text: str, said: str) -> None:
    extra = {"model/others.py": "from guardcli.model import things", name: text}
    faults = check(build(tmp_path, {**GOOD, **extra}.items()))
    assert len(faults) == 1
    assert said in faults[0]
