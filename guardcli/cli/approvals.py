"""``guard approvals``: what waits for a person, and the person's answer."""

from __future__ import annotations

import dataclasses
import json
import os
import time

import click

from guardcli.cli.connection import connect
from guardcli.cli.picking import pick
from guardcli.cli.settings import load_settings
from guardcli.cli.tables import echo, echo_table, paint
from guardcli.client.api import ApiClient
from guardcli.model.approvals import Approval, ApprovalState
from guardcli.model.errors import DeniedError, PendingError
from guardcli.playback.questions import granted, left, needs, said
from guardcli.playback.text import age, clock, inert, inert_block, lookalikes

COLOURS = {
    ApprovalState.PENDING: "yellow",
    ApprovalState.APPROVED: "green",
    ApprovalState.CONSUMED: "green",
    ApprovalState.DENIED: "red",
}

COMMAND_COLUMNS = 60
"""How much of a command a list shows; `show` shows it all."""

LIST_LIMIT = 1000

json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object a line, for programs.")
reason_option = click.option("--reason", "-r", default="", help="Why; shown to the agent and kept.")


@click.group()
def command() -> None:
    """List, show and decide what waits for a person.

    An approval is named by its id or by the beginning of it.
    """


@command.command("list", epilog="Example: guard approvals list --state denied")
@click.option("--all", "everything", is_flag=True, help="Also those that are decided, used or over.")
@click.option("--state", type=click.Choice([state.value for state in ApprovalState]), help="Only those in this state.")
@json_option
def list_approvals(everything: bool, state: str | None, as_json: bool) -> None:
    """List what waits for an answer."""
    wanted = None if everything else ApprovalState(state or "pending")
    found = connect(load_settings()).list_approvals(wanted, limit=LIST_LIMIT)
    if as_json:
        for approval in found:
            click.echo(as_line(approval))
        return
    if not found:
        echo("nothing waits for an answer" if wanted is ApprovalState.PENDING else "there are none")
        return
    at = time.time()
    rows = [
        (
            approval.id,
            approval.state.value,
            approval.requester,
            age(at - approval.created),
            left(approval, at),
            approval.rule,
            ",".join(approval.effects),
            _short(approval.command),
        )
        for approval in found
    ]
    head = ("ID", "STATE", "WHO", "AGE", "LEFT", "RULE", "EFFECTS", "COMMAND")
    echo_table(head, rows, [COLOURS.get(approval.state, "") for approval in found])


@command.command(epilog="Example: guard approvals show 4f2a")
@click.argument("approval_id")
@json_option
def show(approval_id: str, as_json: bool) -> None:
    """Show who asks for what exactly, under which rule, and what became of it."""
    approval = find(connect(load_settings()), approval_id)
    if as_json:
        click.echo(as_line(approval))
    else:
        describe(approval)


@command.command(
    epilog="Example: guard approvals approve 4f2a --reason 'agreed in the change meeting'\n\n"
    "Example: guard approvals approve 4f2a --grant 1800"
)
@click.argument("approval_id")
@reason_option
@click.option(
    "--grant",
    type=click.FloatRange(0, min_open=True),
    metavar="SECONDS",
    help="Say yes, for so long, to all that the policy calls the same as well, where it allows that.",
)
@json_option
def approve(approval_id: str, reason: str, grant: float | None, as_json: bool) -> None:
    """Say yes: exactly what was shown may run, once."""
    _decide(approval_id, True, reason, as_json, grant or 0.0)


@command.command(epilog="Example: guard approvals withdraw 4f2a --reason 'wrong database'")
@click.argument("approval_id")
@reason_option
@json_option
def withdraw(approval_id: str, reason: str, as_json: bool) -> None:
    """Take back a yes that was not used yet, or end a grant."""
    refuse_inside()
    client = connect(load_settings())
    for grant in client.grants():
        if approval_id and grant["id"].startswith(approval_id):
            client.revoke_grant(grant["id"], reason)
            echo(f"grant {grant['id']} has ended")
            return
    approval = client.withdraw_approval(find(client, approval_id).id, reason)
    echo(as_line(approval) if as_json else f"{approval.id} is {approval.state.value}")


@command.command(epilog="Example: guard approvals grants --json")
@json_option
def grants(as_json: bool) -> None:
    """List the grants that hold now: whose requests are approved without a person, and until when."""
    found = connect(load_settings()).grants()
    if as_json:
        for grant in found:
            click.echo(json.dumps(grant))
        return
    at = time.time()
    rows = [
        (grant["id"], grant["requester"], " ".join(grant["scope"]), grant["reviewer"], age(grant["expires"] - at))
        for grant in found
    ]
    echo_table(("ID", "WHO", "FOR", "GIVEN BY", "LEFT"), rows)


@command.command(epilog="Example: guard approvals deny 4f2a --reason 'use the staging database'")
@click.argument("approval_id")
@reason_option
@json_option
def deny(approval_id: str, reason: str, as_json: bool) -> None:
    """Say no; the reason reaches the agent."""
    _decide(approval_id, False, reason, as_json)


@command.command(epilog="Example: guard approvals wait --seconds 600 && guard approvals list")
@click.argument("approval_id", required=False)
@click.option("--seconds", type=click.FloatRange(0), default=3600, show_default=True, help="How long to wait.")
@json_option
def wait(approval_id: str | None, seconds: float, as_json: bool) -> None:
    """Wait until an approval is decided, or, without an id, until anything waits for an answer.

    Exits 0 for a yes (or something that waits), 77 for a no, 75 where there was no answer.
    """
    client = connect(load_settings())
    if approval_id is None:
        for approval in _wait_for_any(client, seconds):
            click.echo(as_line(approval) if as_json else approval.id)
        return
    approval = client.wait_approval(find(client, approval_id).id, seconds)
    if as_json:
        click.echo(as_line(approval))
    if approval.state in (ApprovalState.APPROVED, ApprovalState.CONSUMED):
        if not as_json:
            echo(f"{approval.id} is {approval.state.value}")
        return
    if approval.state is ApprovalState.DENIED:
        raise DeniedError(inert(f"{approval.id} was denied by {approval.reviewer}: {approval.reason or 'no reason'}"))
    raise PendingError(f"{approval.id} is {approval.state.value}; nobody has said yes")


def _wait_for_any(client: ApiClient, seconds: float) -> list[Approval]:
    end = time.monotonic() + seconds
    while True:
        left = max(0.0, end - time.monotonic())
        if found := client.list_approvals(ApprovalState.PENDING, wait=min(25.0, left)):
            return found
        if left <= 0:
            raise PendingError("nothing came that waits for an answer")


def _decide(id: str, yes: bool, reason: str, as_json: bool, grant: float = 0.0) -> None:
    refuse_inside()
    client = connect(load_settings())
    approval = client.decide_approval(find(client, id).id, yes, reason, grant)
    if as_json:
        click.echo(as_line(approval))
    elif approval.state is ApprovalState.PENDING:
        echo(f"your yes to {approval.id} counts; it needs {needs(approval)}")
    else:
        echo(f"{approval.id} is {paint(approval.state.value, COLOURS.get(approval.state, ''))}")
        echo(f"  {_short(inert(approval.command))}")


def refuse_inside() -> None:
    """Raise DeniedError inside a session; the API refuses as well, by the process tree."""
    if os.environ.get("GUARD_SESSION"):
        raise DeniedError(
            "approvals are never decided from inside a session", hint="decide from a terminal outside of it"
        )


def find(client: ApiClient, id: str) -> Approval:
    """Return the approval that `id` names, whole or by its beginning. Raises NotFoundError, ConflictError."""
    return pick(
        id,
        whole=client.approval,
        candidates=lambda: client.list_approvals(limit=LIST_LIMIT),
        what="approval",
        where="guard approvals list --all",
    )


def describe(approval: Approval) -> None:
    """Print all that is needed to decide."""
    at = time.time()
    state = paint(approval.state.value, COLOURS.get(approval.state, ""), bold=True)
    echo(f"approval {approval.id}  {state}")
    rows = [
        ("who", f"{approval.requester}, in session {approval.session}"),
        ("tool", approval.tool),
        ("command", approval.command),
        ("looks alike", "\n".join(lookalikes(approval.command))),
        ("directory", approval.cwd),
        ("effects", ", ".join(approval.effects)),
        ("targets", ", ".join(approval.targets)),
        ("reach", approval.reach),
        ("rule", f"{approval.rule}: {approval.message}"),
        ("agent's reason", approval.justification),
        ("asked", f"{clock(approval.created)}, {age(at - approval.created)} ago"),
        ("ends", f"{clock(approval.expires)}, {left(approval, at)} left"),
        ("needs", needs(approval)),
        ("runs only", "; ".join(approval.windows)),
        ("grant", granted(approval)),
        ("votes", "\n".join(said(vote) for vote in approval.votes)),
        ("digest", approval.digest),
    ]
    if approval.decided:
        rows.append(("decided", f"{clock(approval.decided)} by {approval.reviewer or approval.requester}"))
    rows += [("reason", approval.reason), ("changes", approval.changes)]
    for name, value in rows:
        if value:
            block = inert_block(value).replace("\n", "\n" + " " * 18)
            echo(f"  {name:<14}  {block}")


def as_line(approval: Approval) -> str:
    """Return `approval` as one line of JSON without any character that a terminal would act on."""
    return json.dumps({**dataclasses.asdict(approval), "state": approval.state.value})


def _short(command: str) -> str:
    return command if len(command) <= COMMAND_COLUMNS else command[: COMMAND_COLUMNS - 1] + "…"
