"""Statements and command lines as coloured HTML."""

from __future__ import annotations

from markupsafe import Markup, escape
from pygments import highlight
from pygments.formatters.html import HtmlFormatter
from pygments.lexers.shell import BashLexer
from pygments.lexers.sql import PostgresLexer

from guardcli.playback.questions import change_lines
from guardcli.playback.text import inert_block

HIGHLIGHT_MAX = 64 * 1024
"""Characters; longer text is shown in one colour."""

_SQL, _SHELL = PostgresLexer(stripnl=False, ensurenl=False), BashLexer(stripnl=False, ensurenl=False)
_FORMAT = HtmlFormatter(nowrap=True, classprefix="hl-")


def _coloured(text: str, lexer: PostgresLexer | BashLexer) -> Markup:
    shown = inert_block(text)
    if len(shown) > HIGHLIGHT_MAX:
        return escape(shown)
    return Markup(highlight(shown, lexer, _FORMAT))  # noqa: S704 - the formatter escapes, and text is all it is given


def sql(text: str) -> Markup:
    """Return a statement, coloured."""
    return _coloured(text, _SQL)


def changes(text: str) -> Markup:
    """Return what a call would change, with what comes and what goes told apart."""
    shown = ((what, inert_block(line)) for what, line in change_lines(text))
    return Markup("\n").join(
        Markup('<span class="{}">{}</span>').format(f"change-{what}", line) if what else escape(line)
        for what, line in shown
    )


def shell(text: str) -> Markup:
    """Return a command line, coloured."""
    return _coloured(text, _SHELL)
