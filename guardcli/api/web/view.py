"""Templates, and how recorded text becomes HTML: escaped by Jinja2, and inert, so that no direction is turned."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import Request
from starlette.responses import HTMLResponse

from guardcli.api.context import Context
from guardcli.api.principals import Principal
from guardcli.api.web.access import proof, token_of
from guardcli.model.approvals import ApprovalState
from guardcli.model.events import end_of
from guardcli.playback import timeline
from guardcli.playback.commands import agent, asked, resources
from guardcli.playback.questions import granted, needs, said
from guardcli.playback.text import age, clock, inert, inert_block, lookalikes

if TYPE_CHECKING:
    from jinja2 import Environment

ROOM = Path(__file__).parent


def flat(data: dict[str, Any]) -> str:
    """Return what an event says, on one line."""
    return ", ".join(
        f"{name} {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
        for name, value in data.items()
    )


@cache
def environment() -> Environment:
    """Return the templates: everything is escaped, nothing that is missing is passed over.

    What they are made with is loaded with the first page: most APIs answer brokers for long before somebody looks.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    from guardcli.api.web.colours import changes, shell, sql

    made = Environment(loader=FileSystemLoader(ROOM / "templates"), autoescape=True, undefined=StrictUndefined)
    made.filters |= {
        "inert": inert,
        "block": inert_block,
        "sql": sql,
        "shell": shell,
        "changes": changes,
        "agent": agent,
        "resources": resources,
        "lookalikes": lookalikes,
        "parameters": timeline.parameters,
        "where": timeline.where,
        "age": age,
        "clock": clock,
        "end_of": end_of,
        "flat": flat,
        "needs": needs,
        "said": said,
        "granted": granted,
        "sentence": timeline.sentence,
        "colour": timeline.colour,
    }
    made.globals |= {"asked": asked}
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
