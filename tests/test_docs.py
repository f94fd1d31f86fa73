"""What the pages say exists: links lead somewhere, commands and options are guard's own, named tests are there."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from guardcli.cli.main import guard

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
PLANNED: set[str] = set()
"""Commands that pages may name as planned."""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_to_files_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text())
    missing = [target for target in targets if "://" not in target and not (page.parent / target).exists()]
    assert missing == []


def command_at(words: list[str]) -> tuple[click.Command, list[str]]:
    """Return the command that `words` lead to, and the words that are left."""
    command: click.Command = guard
    context = click.Context(guard, info_name="guard")
    while words and isinstance(command, click.Group):
        found = command.get_command(context, words[0])
        if found is None:
            break
        command, words = found, words[1:]
    return command, words


def calls(text: str) -> list[str]:
    """Return every command line of guard that stands in code."""
    spans = re.findall(r"`(guard [^`\n]+)`", text)
    lines = re.findall(r"^(?:\$ )?(guard [^\n]+)$", "".join(re.findall(r"```.*?```", text, re.S)), re.M)
    return [call.partition(" -- ")[0] for call in (*spans, *lines) if not call.startswith("guard: ")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_and_options_are_there(page: Path) -> None:
    unknown = []
    for call in calls(page.read_text()):
        words = re.split(r"[ |;&]+", call.partition("#")[0].strip())[1:]
        if words and words[0] in PLANNED:
            continue
        command, rest = command_at([word for word in words if not word.startswith("-")])
        if isinstance(command, click.Group) and rest and command is guard:
            unknown.append(call)
        options = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
        given = {word.partition("=")[0] for word in words if re.fullmatch(r"--[a-z-]+(=.*)?", word)}
        if given - options - {"--help", "--isolate"}:
            unknown.append(call)
    assert unknown == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_tests_that_are_named_are_there(page: Path) -> None:
    text = page.read_text()
    paths = {path for path in re.findall(r"`(tests/[\w/.*]+)`", text) if not list(ROOT.glob(path.rstrip("/")))}
    assert not {path for path in paths if not re.search(r"terraform|tests/a/", path)}
    sources = "".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    functions = set(re.findall(r"`(test_\w+)`", text))
    assert not {name for name in functions if f"def {name}(" not in sources}


def test_the_ways_around_that_are_tried_are_all_on_the_page() -> None:
    tried = re.findall(r"^def (test_\w+)", (ROOT / "tests" / "integration" / "test_ways_around.py").read_text(), re.M)
    page = (ROOT / "docs" / "threat-model.md").read_text()
    assert [name for name in tried if name not in page] == []
