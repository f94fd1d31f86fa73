"""``guard doctor``: is guard really in the path? A line for each thing that must hold, and what to do else."""

from __future__ import annotations

import json
import os
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import click

from guardcli import __version__
from guardcli.broker.shim_binary import shim_binary
from guardcli.broker.tools import SHIM, ToolFinder
from guardcli.cli.central import Ruled, rule
from guardcli.cli.connection import connect
from guardcli.cli.protection import Check, isolation_possible, level, reach, standard_find
from guardcli.cli.settings import Settings, load_settings
from guardcli.masking.cache import PatternCache
from guardcli.model.errors import DeniedError, GuardError, PendingError, UnavailableError
from guardcli.policy import Policy

CALL_SECONDS = 30.0
SESSION_SECONDS = 90.0
CLOCK_SECONDS = 5.0
"""Approvals end, and tokens do, by the API's clock."""

MUST_DENY = (
    ("psql", "-h", "/nonexistent/guard-doctor", "-c", "DROP TABLE guard_doctor"),
    ("git", "push", "--force", "/nonexistent/guard-doctor", "main"),
    ("kubectl", "--server=http://127.0.0.1:1", "delete", "namespace", "guard-doctor"),
    ("ssh", "-o", "ProxyCommand=false", "guard-doctor.invalid", "true"),
)
"""Calls that a policy may be expected to deny, and that do nothing where they run all the same."""


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object: ok, and checks with name, ok, detail, todo.")
@click.option("--inside", is_flag=True, hidden=True, help="Only what can be seen from inside a session.")
def command(as_json: bool, inside: bool) -> None:
    """Check that guard is really in the path, and say how far it protects. Exit 1 if anything is wrong.

    Inside a session it checks that session. Outside of one it opens a throw-away session, and checks from inside it
    that a call which must be denied is denied. That call would do no harm if it ran. Which level of protection holds
    is said, and why not more; so is every credential that an agent started here could take, with what to do about it.
    """
    checks = list(inside_checks() if inside else all_checks())
    if as_json:
        form = {"ok": all(check.ok for check in checks), "checks": [asdict(check) for check in checks]}
        click.echo(json.dumps(form))
    else:
        for check in checks:
            word = "FAIL" if not check.ok else "note" if check.todo else "ok  "
            click.echo(f"{word}  {check.name:<10} {check.detail}{f'; {check.todo}' if check.todo else ''}")
    if not all(check.ok for check in checks):
        raise click.exceptions.Exit(1)


def all_checks() -> Iterator[Check]:
    """Yield every check, each for itself: one that fails hides no other."""
    yield Check("versions", True, f"guard {__version__}, Python {platform.python_version()}, {platform.release()}")
    yield shim_runs()
    try:
        settings = load_settings()
    except GuardError as error:
        yield Check("settings", False, str(error), "mend config.yaml or the GUARD_ variables")
        return
    yield from api_answers(settings)
    try:
        ruled = rule(settings)
    except GuardError as error:
        yield Check("policy", False, str(error), "guard policy check names every fault")
        return
    policy = ruled.ruling.policy
    yield policy_in_force(settings, ruled)
    yield tools_found(policy)
    if not os.environ.get("GUARD_SESSION"):
        yield isolation_possible(settings.isolate)
    if os.environ.get("GUARD_SESSION"):
        yield from inside_checks()
    else:
        yield from throw_away_session()


def shim_runs() -> Check:
    """Run the shim where no broker is: it must end with 69."""
    todo = "install guard again; its shim is compiled for this machine then"
    try:
        program = shim_binary()
        with tempfile.TemporaryDirectory() as empty:
            env = {"GUARD_SOCKET": os.path.join(empty, "nobody.sock")}
            done = subprocess.run(
                [program], env=env, stdin=subprocess.DEVNULL, capture_output=True, timeout=CALL_SECONDS
            )
    except (GuardError, OSError, subprocess.TimeoutExpired) as error:
        return Check("shim", False, str(error), todo)
    if done.returncode != UnavailableError.exit_status:
        return Check("shim", False, f"answers {done.returncode} without a broker, not 69", todo)
    return Check("shim", True, "runs on this machine, and answers 69 without a broker")


def api_answers(settings: Settings) -> Iterator[Check]:
    """Ask the API how it is, and what time it has."""
    todo = "see guard api serve" if settings.api_url else f"see {settings.state_dir / 'api.log'}"
    try:
        client = connect(settings)
        before = time.time()
        health = client.health()
        after = time.time()
        client.close()
    except GuardError as error:
        yield Check("api", False, str(error), todo)
        return
    where = settings.api_url or f"embedded, {settings.api_socket}"
    same = health["version"] == __version__
    yield Check("api", True, f"{where}: {health['status']}" + ("" if same else f", version {health['version']}"))
    skew = max(before - float(health["time"]), float(health["time"]) - after, 0.0)
    told = f"{skew:.1f} s away from the API's" if skew else "the same as the API's"
    good = skew <= CLOCK_SECONDS
    yield Check("clock", good, told, "" if good else "set both clocks by NTP: approvals end by the API's")


def policy_in_force(settings: Settings, ruled: Ruled) -> Check:
    """Say by which policy a session would be judged, whose it is, and whether the centre can be believed."""
    ruling, own = ruled.ruling, settings.policy
    said = f"{ruling.policy.name}, digest {ruling.policy.digest[:12]}"
    if ruled.fault is not None:
        kept = f"as it was kept {ruling.away or 0:.0f} s ago; " if ruling.is_central else ""
        return Check(
            "policy", False, f"{said}; {kept}{ruled.fault}", "only reads go on, for as long as the policy says"
        )
    if ruling.is_central and ruling.assigned is not None:
        answer, tighter = ruling.assigned.answer, f", made stricter by {own}" if ruling.own is not None else ""
        key = ruling.assigned.keys.current.id
        whose = f"version {answer.version} of the centre's for {answer.group}, serial {answer.serial}, key {key}"
        return Check("policy", True, f"{said} ({whose}{tighter})")
    todo = ""
    if settings.api_url and ruled.centre is None:
        todo = "the centre has no say here: guard login enrols the machine, or pin its key with policy_keys"
    return Check("policy", True, f"{said} ({own})", todo)


def tools_found(policy: Policy) -> Check:
    """Find the real tools that a session would run."""
    finder = ToolFinder(os.environ.get("PATH", os.defpath), "/nonexistent")
    found = {tool: finder.find(tool) for tool in policy.guarded}
    here = ", ".join(path for path in found.values() if path)
    missing = ", ".join(tool for tool, path in found.items() if not path)
    if not here:
        return Check("tools", False, f"none of {missing} is on the PATH", "install what your agent needs")
    return Check("tools", True, here + (f"; not here: {missing}" if missing else ""))


def throw_away_session() -> Iterator[Check]:
    """Open a session for the checks that need one, and yield what they said there."""
    guard = [sys.executable, "-P", "-m", "guardcli"]  # -P: nothing is imported from the present directory
    command = [*guard, "run", "--approval-wait", "0", "--", *guard, "doctor", "--inside", "--json"]
    todo = "guard run -- true says more"
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SESSION_SECONDS
        )
        checks = [Check(**check) for check in json.loads(done.stdout)["checks"]]
    except subprocess.TimeoutExpired:
        yield Check("session", False, f"a throw-away session did not end in {SESSION_SECONDS:.0f} s", todo)
        return
    except (ValueError, KeyError, TypeError):
        said = " / ".join(line.strip() for line in done.stderr.strip().splitlines()[:3]) or f"status {done.returncode}"
        yield Check("session", False, f"no session could be opened: {said}", todo)
        return
    yield Check("session", True, "a throw-away session was opened and closed")
    yield from checks


def inside_checks() -> Iterator[Check]:
    """Yield what can be seen from inside a session."""
    yield first_on_path()
    yield broker_answers()
    yield denial()
    yield from level(guarded_here())
    state = os.environ.get("GUARD_STATE_DIR") or os.path.expanduser("~/.local/state/guard")
    yield from reach(lambda: standard_find(PatternCache(Path(state) / "cache")))


def guarded_here() -> list[str]:
    """Return the tools that this session guards."""
    shims = Path(os.environ.get("GUARD_SOCKET", "")).parent / "bin"
    return sorted(path.name for path in shims.glob("[!.]*") if path.name not in (SHIM, "guard-enter"))


def first_on_path() -> Check:
    """Hold the PATH against the shims of this session."""
    shims = Path(os.environ.get("GUARD_SOCKET", "")).parent / "bin"
    tools = guarded_here()
    if not tools:
        return Check("path", False, "this is no session of guard", "start your agent with guard run -- AGENT")
    passed_by = []
    for tool in tools:
        found = shutil.which(tool)
        if found is None or os.path.realpath(found) != str(shims.resolve() / SHIM):
            passed_by.append(f"{tool} is {found or 'not found'}")
    if passed_by:
        return Check("path", False, "; ".join(passed_by), f"put {shims} first on the PATH of the agent")
    return Check("path", True, f"shims come first: {' '.join(tools)}")


def broker_answers() -> Check:
    """Connect to the broker of this session."""
    path = os.environ.get("GUARD_SOCKET", "")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(CALL_SECONDS)
        try:
            probe.connect(path)
        except OSError as error:
            return Check("broker", False, f"{path or 'GUARD_SOCKET'}: {error}", "end this session and start a new one")
    return Check("broker", True, f"reachable at {path}")


def denial() -> Check:
    """Make calls that should be denied until one is, through whatever the PATH leads to."""
    said = []
    for call in MUST_DENY:
        status = status_of(call)
        if status == DeniedError.exit_status:
            return Check("denial", True, f"{call[0]} {call[-1]!r} was denied")
        said.append(
            f"{call[0]}: {'asked for approval' if status == PendingError.exit_status else f'ended with {status}'}"
        )
    todo = "with pack:default the first of them is denied; look at guard policy show, and at the lines above"
    return Check("denial", False, "nothing was denied (" + ", ".join(said) + ")", todo)


def status_of(call: Sequence[str]) -> int | str:
    """Return the exit status of a call, or why there is none."""
    try:
        done = subprocess.run(call, stdin=subprocess.DEVNULL, capture_output=True, timeout=CALL_SECONDS)
    except subprocess.TimeoutExpired:
        return f"no answer in {CALL_SECONDS:.0f} s"
    except OSError as error:
        return str(error.strerror)
    return done.returncode
