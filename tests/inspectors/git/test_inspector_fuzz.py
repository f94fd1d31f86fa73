"""Anything at all as a call: an answer comes, quickly, and what names a program is never called harmless."""

from __future__ import annotations

import time
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from guardcli.inspectors.git.inspector import JUDGES, GitInspector, split_alias
from guardcli.inspectors.git.keys import judge_key
from guardcli.inspectors.git.refspecs import from_words, mapped
from guardcli.model.effects import Effect
from guardcli.model.facts import Found, NoFacts
from guardcli.model.invocation import Invocation

PIECES = st.sampled_from(
    [
        "-",
        "--",
        "=",
        ":",
        "+",
        "*",
        "/",
        "refs/",
        "no-",
        "c",
        "f",
        "x",
        "HEAD",
        "!",
        "'",
        '"',
        "\\",
        "ext::",
        "é",
        "\udc80",
        "\n",
    ]
)
WORDS = st.one_of(
    st.sampled_from(sorted(JUDGES)),
    st.lists(PIECES, max_size=6).map("".join),
    st.text(max_size=12),
    st.sampled_from(["-c", "-C", "--git-dir", "--config-env", "--force", "-f", "origin", "alias.x=!y", "core.pager=y"]),
)
ENV = st.dictionaries(
    st.sampled_from(
        [
            "GIT_CONFIG_COUNT",
            "GIT_CONFIG_KEY_0",
            "GIT_CONFIG_VALUE_0",
            "GIT_CONFIG_PARAMETERS",
            "GIT_SSH_COMMAND",
            "PAGER",
        ]
    ),
    st.one_of(st.text(max_size=12), st.sampled_from(["1", "999999", "'core.pager=x'", "core.pager", "'a'='b"])),
    max_size=3,
)


class Answers(NoFacts):
    """Facts that answer with whatever was drawn."""

    def __init__(self, text: str) -> None:
        self.text = text

    def git_config(self, cwd: str, options: object = ()) -> dict[str, tuple[str, ...]]:
        return {"alias.x": (self.text,), "push.default": (self.text,), "remote.origin.push": (self.text,)}

    def git(self, cwd: str, arguments: object, *, index: bool = True) -> bytes:
        return self.text.encode("utf-8", "surrogateescape")

    def find_secrets(self, content: bytes) -> frozenset[Found]:
        return frozenset({("aws_key", "1")} if b"a" in content else ())

    def git_secrets(self, cwd: str, options: object, names: Sequence[str]) -> dict[str, frozenset[Found]]:
        return {name: frozenset({("aws_key", "2")}) for name in names if "0" in name}

    def git_changed(self, cwd: str, options: object, pathspecs: object) -> dict[str, str]:
        return {self.text: ""}


@given(st.lists(WORDS, max_size=7), ENV, st.text(max_size=20), st.booleans())
def test_every_call_is_answered(words: list[str], env: dict[str, str], text: str, known: bool) -> None:
    facts = Answers(text) if known else NoFacts()
    invocation = Invocation("git", ("git", *words), env, "/work", stdout_is_terminal=True)
    started = time.process_time()
    inspection = GitInspector().inspect(invocation, facts)
    assert time.process_time() - started < 0.5
    assert inspection.operations
    for operation in inspection.operations:
        assert operation.as_json()


@given(st.sampled_from(sorted(JUDGES)), st.lists(st.sampled_from(["-n", "--all", "x", "HEAD"]), max_size=3))
def test_an_injected_program_is_never_lost(command: str, words: list[str]) -> None:
    for argv in (
        ("git", "-c", "core.sshCommand=evil", command, *words),
        ("git", "--config-env=core.fsmonitor=EVIL", command, *words),
        ("git", "--exec-path=/tmp", command, *words),
    ):
        inspection = GitInspector().inspect(Invocation("git", argv, {"EVIL": "evil"}, "/"), NoFacts())
        assert any(Effect.EXECUTE in operation.effects for operation in inspection.operations)


@given(st.text(max_size=40), st.text(max_size=20), st.lists(st.text(max_size=10), max_size=4), st.booleans())
def test_the_small_parsers_take_anything(text: str, value: str, words: list[str], delete: bool) -> None:
    split_alias(text)
    judge_key(text, value)
    for refspec in from_words(words, delete=delete):
        mapped(refspec, text)


def test_time_grows_with_the_length_of_a_call_and_no_faster() -> None:
    def seconds(count: int) -> float:
        """The least of a few: what else the machine does only adds."""
        invocation = Invocation("git", ("git", "add", *["-vfn", "--no-such", "word"] * count), {}, "/")
        found = []
        for _ in range(3):
            started = time.process_time()
            GitInspector().inspect(invocation, NoFacts())
            found.append(time.process_time() - started)
        return min(found)

    seconds(10)
    assert seconds(10_000) < 60 * max(seconds(500), 0.001)  # 20 times as long; the square would be 400
