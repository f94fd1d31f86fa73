"""``guard agents``: tell agents of guard in their own settings, and answer the hooks that this puts there."""

from __future__ import annotations

import getpass
import io
import json
import os
import shlex
import shutil
import sys
from pathlib import Path

import click

from guardcli.cli.agents_settings import AGENTS, SHELL, Keeper, groups_of, is_installed, read_settings, with_hook
from guardcli.cli.settings import load_settings
from guardcli.model.errors import ConfigurationError

TEXT = """\
## guard

psql, kubectl, ssh, scp, sftp and git run under guard here: each call is judged, masked and recorded before you see it.
- Exit status 77: denied, and stderr says why. Do not reword or script around it: do what it says, or tell the user.
- Exit status 75: a person's yes is still missing. stderr names the approval; run exactly the same command again later.
- A call that waits is not stuck: let it wait. What is not answered in time does not run.
- Some rules ask why: put it in front of the call, GUARD_REASON='ticket 4711: backfill' psql -c '…'.
- Other statuses are the tool's own. 69 is: no session of guard runs here; tell the user.
- [EMAIL], [AWS_KEY] and the like in output are masked values. Do not try to get them another way.
- `guard policy check -- COMMAND` says beforehand what would become of a call; it runs nothing.
"""


@click.group(
    epilog="""\b
Examples:
  guard agents list
  guard agents install claude-code --print
  guard agents install claude-code codex --user
  guard agents uninstall claude-code --project
  guard agents text >> AGENTS.md"""
)
def command() -> None:
    """Put guard's hook into the settings of agents.

    The hook asks guard before the agent runs a command, reads a file or fetches a page. It is the smaller half: start
    the agent with `guard run -- AGENT`, so that what it runs meets the shims.
    """


agent_argument = click.argument("names", metavar="AGENT...", nargs=-1, required=True, type=click.Choice(sorted(AGENTS)))
project_option = click.option("--project/--user", default=False, help="This directory's settings, not your own.")
json_option = click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")


@command.command()
@agent_argument
@project_option
@click.option("--shell", is_flag=True, help="Let the agent's shell commands begin a session of guard's by themselves.")
@click.option("--print", "dry", is_flag=True, help="Say what the file would hold, and write nothing.")
@json_option
def install(names: tuple[str, ...], project: bool, shell: bool, dry: bool, as_json: bool) -> None:
    """Put the hook into the settings of one agent or several. Running it again changes nothing more."""
    rows = []
    for name in names:
        if shell and (project or not AGENTS[name].prefix):
            reason = "a team shares no path of yours" if project else f"no setting of {name} is documented for that"
            raise ConfigurationError(f"--shell: {reason}", hint=f"start it by `guard run -- {name}`")
    program = str(Path(__file__).with_name(SHELL)) if shell else ""
    for name in dict.fromkeys(names):
        agent = AGENTS[name]
        path = agent.settings(_base(project))
        found = read_settings(path)
        if dry:
            content = with_hook(found, agent, _program(project), program)
            rows.append({"agent": name, "file": str(path), "state": "dry-run", "content": content.decode()})
        else:
            Keeper(load_settings().state_dir, path, agent).install(found, _program(project), program)
            rows.append({"agent": name, "file": str(path), "state": "installed"})
    _say(rows, as_json)
    if "codex" in names and not dry:
        click.echo("guard: Codex runs a new hook only after you reviewed it: start codex, then /hooks", err=True)


@command.command()
@agent_argument
@project_option
@json_option
def uninstall(names: tuple[str, ...], project: bool, as_json: bool) -> None:
    """Take the hook out: the file as it was, or, where it was edited since, without guard's entries."""
    rows = []
    for name in dict.fromkeys(names):
        agent = AGENTS[name]
        path = agent.settings(_base(project))
        state = Keeper(load_settings().state_dir, path, agent).uninstall(read_settings(path))
        rows.append({"agent": name, "file": str(path), "state": state})
    _say(rows, as_json)


@command.command("list")
@json_option
def list_agents(as_json: bool) -> None:
    """List the agents that guard knows, and where its hook stands."""
    rows = []
    for agent in AGENTS.values():
        for project in (False, True):
            path = agent.settings(_base(project))
            row = {"agent": agent.name, "file": str(path), "documented": agent.source}
            try:
                found = read_settings(path)
                groups_of(found, agent)
                rows.append({**row, "state": "installed" if is_installed(found, agent) else "absent"})
            except ConfigurationError as error:
                rows.append({**row, "state": "unreadable", "problem": error.message})
    _say(rows, as_json)


@command.command()
@click.argument("name", metavar="AGENT", type=click.Choice(sorted(AGENTS)))
def hook(name: str) -> int:
    """Answer one call of an agent's hook: its JSON on standard input. Agents call this, not people.

    Exit status 0: guard has nothing against it. 2: blocked, and stderr says why.
    """
    from guardcli.cli.agents_hook import BLOCK, answer

    try:
        settings = load_settings()
    except ConfigurationError as error:
        click.echo(f"guard: this cannot be judged: {error}", err=True)
        return BLOCK
    given = answer(AGENTS[name], sys.stdin.buffer if sys.stdin else io.BytesIO(), settings, _user())
    click.echo(given.stdout, nl=False)
    click.echo(given.stderr, nl=False, err=True)
    return given.status


@command.command()
def text() -> None:
    """Print ten lines for AGENTS.md that tell an agent how guard answers."""
    click.echo(TEXT, nl=False)


def _base(project: bool) -> Path:
    return Path.cwd() if project else Path.home()


def _program(project: bool) -> str:
    """Return how the agent's shell starts guard: by its path for oneself, by its name in what a team shares."""
    if project:
        return "guard"
    found = shutil.which("guard") or sys.argv[0]
    if os.path.basename(found) == "__main__.py":
        return f"{shlex.quote(sys.executable)} -m guardcli"
    return shlex.quote(os.path.abspath(found))


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def _say(rows: list[dict[str, str]], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(rows))
        return
    for row in rows:
        click.echo(f"{row['state']:<11} {row['agent']:<12} {row['file']}")
        if "content" in row:
            click.echo(row["content"], nl=False)
        if "problem" in row:
            click.echo(f"            {row['problem']}")
