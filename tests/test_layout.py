"""A room for each thing: every package says what it is, no module grows past its bound, tests mirror sources."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = "guardcli"
LONGEST = 400
"""Lines; beyond, two things live in one module."""

COMPILED = ("native", "shims")
"""Directories of C, held to the same bound."""

TEST_ROOMS = {"integration", "data", "fuzz"}
"""Directories under tests/ that mirror no package."""

LOADED_BY_PATH = {"migrations", "versions"}
"""Directories whose files another tool loads by their path, so that they are no packages."""

GROUPED = {"masking/detectors"}
"""Directories with many small modules of one shape, tested in groups of a kind."""

NAMED_ON_PURPOSE = {"guardcli/cli/secrets.py", "guardcli/model/secrets.py", "guardcli/masking/detectors/email.py"}
"""Modules that share a name with Python's own because it is the word for what they hold."""


def sources(root: Path) -> list[Path]:
    return sorted((root / PACKAGE).rglob("*.py"))


def modules_that_are_too_long(root: Path) -> list[str]:
    compiled = [path for room in COMPILED for path in sorted((root / room).glob("*.[ch]"))]
    lengths = {path: len(path.read_text().splitlines()) for path in (*sources(root), *compiled)}
    return [f"{path.relative_to(root)}: {lines} lines" for path, lines in lengths.items() if lines > LONGEST]


def modules_without_a_docstring(root: Path) -> list[str]:
    return [str(path.relative_to(root)) for path in sources(root) if not ast.get_docstring(ast.parse(path.read_text()))]


def directories_that_are_no_package(root: Path) -> list[str]:
    directories = {path.parent for path in sources(root) if path.parent.name not in LOADED_BY_PATH}
    return sorted(str(place.relative_to(root)) for place in directories if not (place / "__init__.py").is_file())


def modules_named_like_the_standard_library(root: Path) -> list[str]:
    """Return the modules whose name would hide one of Python's own where a directory is on the path."""
    return [
        str(path.relative_to(root))
        for path in sources(root)
        if path.stem in sys.stdlib_module_names - {"__main__"}
        and path.relative_to(root).as_posix() not in NAMED_ON_PURPOSE
    ]


def unmatched_test_files(root: Path) -> list[str]:
    """Return the test files that mirror nothing: ``tests/a/test_b*.py`` needs ``guardcli/a/b.py`` or ``…/b/``."""
    faults = []
    for path in sorted((root / "tests").rglob("test_*.py")):
        place = path.relative_to(root / "tests").parent
        if place == Path() or place.parts[0] in TEST_ROOMS or place.as_posix() in GROUPED:
            continue
        subject = path.stem.removeprefix("test_")
        rooms = (root / PACKAGE / place).iterdir() if (root / PACKAGE / place).is_dir() else ()
        names = {entry.stem for entry in rooms} | {place.name}
        if not any(subject == name or subject.startswith(name + "_") for name in names):
            faults.append(str(path.relative_to(root)))
    return faults


def bent_paths(root: Path) -> list[str]:
    """Return the test files that find a helper in another way than from ``tests/`` on, which pytest has on the path."""
    bent = "sys." + "path"
    return [str(path.relative_to(root)) for path in (root / "tests").rglob("*.py") if is_collected(path, bent)]


def is_collected(path: Path, text: str) -> bool:
    return path.name.startswith(("test_", "conftest")) and text + ".insert" in path.read_text()


CHECKS = (
    modules_that_are_too_long,
    modules_without_a_docstring,
    directories_that_are_no_package,
    modules_named_like_the_standard_library,
    unmatched_test_files,
    bent_paths,
)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_house_is_in_order(check) -> None:
    assert not check(ROOT)


def build(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


GOOD = {
    f"{PACKAGE}/__init__.py": '"""The house."""\n',
    f"{PACKAGE}/a/__init__.py": '"""A room."""\n',
    f"{PACKAGE}/a/things.py": '"""Things."""\n' + "x = 1\n" * (LONGEST - 1),
    "tests/a/test_things.py": "",
    "tests/a/test_things_under_load.py": "",
    "tests/a/test_a.py": "",
    "tests/integration/test_everything.py": "",
    "tests/test_the_house.py": "",
}

BROKEN = [
    (modules_that_are_too_long, {f"{PACKAGE}/a/things.py": '"""Things."""\n' + "x = 1\n" * LONGEST}),
    (modules_that_are_too_long, {"native/things.c": "int x;\n" * (LONGEST + 1)}),
    (modules_without_a_docstring, {f"{PACKAGE}/a/others.py": "x = 1\n"}),
    (modules_without_a_docstring, {f"{PACKAGE}/a/__init__.py": ""}),
    (directories_that_are_no_package, {f"{PACKAGE}/b/things.py": '"""Things."""\n'}),
    (modules_named_like_the_standard_library, {f"{PACKAGE}/a/json.py": '"""Things."""\n'}),
    (unmatched_test_files, {"tests/a/test_other.py": ""}),
    (unmatched_test_files, {"tests/a/test_thingsandmore.py": ""}),
    (unmatched_test_files, {"tests/b/test_things.py": ""}),
    (bent_paths, {"tests/a/test_a.py": "sys." + "path.insert(0, str(HERE))"}),
]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_a_tree_in_order_passes(tmp_path: Path, check) -> None:
    assert check(build(tmp_path, GOOD)) == []


@pytest.mark.parametrize(("check", "files"), BROKEN)
def test_a_tree_out_of_order_fails(tmp_path: Path, check, files: dict[str, str]) -> None:
    assert len(check(build(tmp_path, {**GOOD, **files}))) == 1
