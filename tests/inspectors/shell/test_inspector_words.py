"""Texts made of fragments: nothing makes the reading of a shell's text fail or come back empty."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from guardcli.inspectors.shell.inspector import inspect_argv, inspect_shell

FRAGMENTS = st.sampled_from(
    [
        "ls",
        "rm",
        "sh",
        "-c",
        "eval",
        "sudo",
        "xargs",
        "find",
        "-exec",
        "{}",
        "\\;",
        "+",
        "'",
        '"',
        "`",
        "$(",
        ")",
        "(",
        "{",
        "}",
        ";",
        "&",
        "&&",
        "|",
        "||",
        "<",
        ">",
        ">>",
        "<<",
        "<<<",
        "<<E",
        "\nE\n",
        "E",
        "#",
        "\\",
        "\n",
        "\t",
        "\r",
        "*",
        "?",
        "~",
        "=",
        "x=",
        "$x",
        "${x}",
        "$((",
        "))",
        "[[",
        "]]",
        "[",
        "]",
        "if",
        "then",
        "fi",
        "for",
        "in",
        "do",
        "done",
        "case",
        "esac",
        "while",
        "function",
        "!",
        "-",
        "--",
        "-o",
        "awk",
        "sed",
        "1",
        "/etc/shadow",
        "é",
        "\x00",
        "�",
        "\u2028",
    ]
)


@given(st.lists(FRAGMENTS, max_size=40).map(" ".join) | st.lists(FRAGMENTS, max_size=40).map("".join) | st.text())
def test_no_text_raises_or_comes_back_empty(text: str) -> None:
    operations = inspect_shell(text)
    assert operations
    for found in operations:
        assert found.complete or found.reason
        assert found.effects


@given(st.lists(st.text(max_size=20), max_size=12))
def test_no_words_raise_or_come_back_empty(argv: list[str]) -> None:
    assert inspect_argv(argv)
