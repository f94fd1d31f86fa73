"""Templates, and how recorded text becomes HTML: escaped by Jinja2, and inert, so that no direction is turned."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from pygments import highlight
from pygments.formatters.html import HtmlFormatter
from pygments.lexers.shell import BashLexer
from pygments.lexers.sql import PostgresLexer
from starlette.responses import HTMLResponse

from guardcli.api.context import Context
from guardcli.api.principals import Principal
from guardcli.api.web.access import proof, token_of
from guardcli.model.approvals import ApprovalState
from guardcli.playback import timeline
from guardcli.playback.commands import statement_of
from guardcli.playback.questions import granted, needs, said
from guardcli.playback.text import age, clock, inert, inert_block

ROOM = Path(__file__).parent
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


def shell(text: str) -> Markup:
    """Return a command line, coloured."""
    return _coloured(text, _SHELL)


def flat(data: dict[str, Any]) -> str:
    """Return what an event says, on one line."""
    return ", ".join(
        f"{name} {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
        for name, value in data.items()
    )


@cache
def environment() -> Environment:
    """Return the templates: everything is escaped, nothing that is missing is passed over."""
    made = Environment(loader=FileSystemLoader(ROOM / "templates"), autoescape=True, undefined=StrictUndefined)
    made.filters |= {
        "inert": inert,
        "block": inert_block,
        "sql": sql,
        "shell": shell,
        "statement": statement_of,
        "age": age,
        "clock": clock,
        "flat": flat,
        "needs": needs,
        "said": said,
        "granted": granted,
        "sentence": timeline.sentence,
        "colour": timeline.colour,
    }
    made.trim_blocks = made.lstrip_blocks = True
    return made


def render(request: Request, who: Principal, name: str, **values: Any) -> HTMLResponse:
    """Return a page, or a part of one, for `who`."""
    context: Context = request.app.state.context
    waiting = len(
        context.store.approvals.find(ApprovalState.PENDING, "", "" if who.reads_everything else who.owner, 100)
    )
    text = (
        environment()
        .get_template(name)
        .render(who=who, proof=proof(token_of(request)), path=request.url.path, waiting=waiting, **values)
    )
    return HTMLResponse(text)


def bare(name: str, status: int = 200, **values: Any) -> HTMLResponse:
    """Return a page for nobody in particular: the sign-in, and what went wrong."""
    text = environment().get_template(name).render(who=None, proof="", path="", waiting=0, **values)
    return HTMLResponse(text, status_code=status)
