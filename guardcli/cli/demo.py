"""``guard demo``: see a block, a mask, an approval and a replay on throw-away data."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType

import click

from guardcli.client.api import ApiClient
from guardcli.demo.database import PEOPLE, Database, open_database, server_programs
from guardcli.demo.findings import (
    Finding,
    approved_write,
    blocked_drop,
    masked_select,
    stopped_push,
    whole_record,
)
from guardcli.demo.repository import Repository, make_repository
from guardcli.demo.reviewer import Reviewer
from guardcli.demo.script import script
from guardcli.demo.stage import Stage, open_stage, uninterrupted
from guardcli.model.errors import ConfigurationError, UnavailableError

APPROVAL_SECONDS = "30"
CONTROL = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[ -/]*[0-~])")
"""A terminal's control sequences (ECMA-48), which have no place between other lines."""


@click.command()
def command() -> None:
    """See a block, a mask, an approval and a replay on throw-away data.

    Starts a PostgreSQL of its own with made-up people where its server programs are installed, and a git remote;
    runs a scripted agent through `guard run`; approves one call as a person at another terminal would; replays the
    record. Nothing outside of one temporary directory is touched, and that is removed at the end. Exit 0
    only if everything happened as it should.
    """
    if os.environ.get("GUARD_SESSION"):
        raise ConfigurationError("guard demo is itself under guard here", hint="run it outside of a session")
    with signals_as_interrupts(), ExitStack() as ending:
        stage = ending.enter_context(open_stage())
        say(f"guard demo, with made-up data in {stage.directory}, removed at the end")
        database = start_database(stage, ending)
        repository = start_repository(stage)
        if database is None and repository is None:
            raise UnavailableError("neither psql nor git is here", hint="install postgresql and git, and run it again")
        client = ending.enter_context(stage.api())
        findings = run_course(stage, client, database, repository)
    say("\nWhat was seen")
    for finding in findings:
        say(f"  {'ok  ' if finding.seen else 'FAIL'}  {finding.what}: {finding.known_by}")
    if not all(finding.seen for finding in findings):
        raise click.exceptions.Exit(1)
    say("\nNow your own agent: guard run -- YOUR-AGENT")


def say(line: str) -> None:
    """Print one line at once."""
    click.echo(line)


@contextmanager
def signals_as_interrupts() -> Iterator[None]:
    """Let TERM and HUP end the demo as Ctrl-C does: with everything taken down."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def start_database(stage: Stage, ending: ExitStack) -> Database | None:
    """Start the database, or say that the demo goes on without one."""
    programs = server_programs()
    if programs is None or shutil.which("psql") is None:
        say("without PostgreSQL: its programs are not here (Debian: postgresql), so the steps with psql are left out")
        return None
    database = ending.enter_context(open_database(stage, programs))
    say(f"PostgreSQL {database.version} is running, with {len(PEOPLE)} people in a table")
    return database


def start_repository(stage: Stage) -> Repository | None:
    """Make the git remote, or say that the demo goes on without one."""
    (stage.directory / "work").mkdir()
    if shutil.which("git") is None:
        say("without git: it is not here (Debian: git), so the push is left out")
        return None
    repository = make_repository(stage)
    say("a git remote is there, and a clone that has lost one of its commits")
    return repository


def run_course(
    stage: Stage, client: ApiClient, database: Database | None, repository: Repository | None
) -> list[Finding]:
    """Run the agent, replay what it did, and return what was found."""
    before = repository.published() if repository else ""
    shown = run_agent(stage, client, database, repository)
    session = next(client.sessions(limit=1), None)
    if session is None:
        raise UnavailableError("no session came about", hint="see what guard run said above")
    say(f"\nThe record, as an auditor sees it: guard sessions replay {session.id}")
    replay = stage.run_guard("sessions", "replay", session.id)
    say_indented(replay.stdout + replay.stderr)
    verify = stage.run_guard("audit", "verify")
    say("\nIs it whole? guard audit verify")
    say_indented(verify.stdout + verify.stderr)
    events = list(client.events(session.id))
    findings = []
    if database:
        findings += [
            masked_select(events, database, shown, replay.stdout),
            blocked_drop(events, database),
            approved_write(events, database),
        ]
    if repository:
        findings.append(stopped_push(events, repository, before))
    findings.append(whole_record(events, replay.stdout.replace("\r\n", "\n"), replay.returncode, verify.returncode))
    return findings


def run_agent(stage: Stage, client: ApiClient, database: Database | None, repository: Repository | None) -> str:
    """Run the scripted agent under guard, with a reviewer beside it, and return all that it saw."""
    agent = stage.directory / "agent.sh"
    agent.write_text(script(name for name, there in (("database", database), ("git", repository)) if there))
    say("\nAn agent works: guard run -- sh agent.sh")
    command = stage.guard("run", "--approval-wait", APPROVAL_SECONDS, "--", "sh", str(agent))
    reviewer = Reviewer(stage, client, lambda line: say(f"  at another terminal │ {line}"))
    reviewer.start()
    with ExitStack() as ending:
        with uninterrupted():
            process = subprocess.Popen(
                command,
                env={**stage.env, **(database.env if database else {})},
                cwd=stage.directory,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
            ending.callback(process.wait)
            ending.callback(process.terminate)
            ending.callback(reviewer.leave)
        return "".join(shown_lines(process))


def shown_lines(process: subprocess.Popen[bytes]) -> Iterator[str]:
    """Print what the agent sees, and give it on."""
    if process.stdout is None:
        return
    for line in process.stdout:
        text = line.decode(errors="replace")
        say("  │ " + text.rstrip("\n"))
        yield text


def say_indented(text: str) -> None:
    """Print the lines of `text` behind a bar."""
    for line in CONTROL.sub("", text).replace("\r\n", "\n").strip().split("\n"):
        say("  │ " + line)
