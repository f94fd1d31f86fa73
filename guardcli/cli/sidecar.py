"""``guard sidecar``: be the broker of an agent in another container of the same pod."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click

from guardcli.broker.agent import keep_memory_private
from guardcli.broker.contact import Contact
from guardcli.broker.door import Door, Visitor, has_had_its_session
from guardcli.broker.enclosure import EnclosurePlan
from guardcli.broker.place import Reader, SessionPlace, remove_stale
from guardcli.broker.server import listen
from guardcli.broker.session import Session
from guardcli.broker.shim_binary import enter_binary
from guardcli.broker.standing import Standing
from guardcli.cli.broker_process import fork_broker, open_record, patience
from guardcli.cli.central import Ruled, rule
from guardcli.cli.own_user import git_core
from guardcli.cli.session_environment import forget_in_memory, lent_environment, withheld
from guardcli.cli.settings import Settings, load_settings
from guardcli.isolation.keyed import new_key
from guardcli.isolation.standins import StandIns, find_stand_ins
from guardcli.isolation.variables import agent_environment
from guardcli.model.errors import ConfigurationError, GuardError, UnavailableError

OWN = "guard"
"""The directory of guard's own in the one that both containers have."""


@dataclass(frozen=True, slots=True)
class Agent:
    """The user and the group of the agent's processes, by number: the name is its container's matter."""

    uid: int
    gid: int


@click.command(
    epilog="Example: guard sidecar --agent-user 10002 /run/guard\n\n"
    "In the agent's container: guard run --sidecar /run/guard -- YOUR-AGENT"
)
@click.option(
    "--agent-user",
    metavar="UID[:GID]",
    required=True,
    envvar="GUARD_AGENT_USER",
    help="The user that the agent's container runs as. This one has to be in its group (fsGroup). Default of the "
    "group: the same number.",
)
@click.option("--policy", "policy_source", metavar="FILE|pack:NAME", help="The policy to judge by, as for guard run.")
@click.option("--approval-wait", type=click.FloatRange(min=0), metavar="SECONDS", help="As for guard run.")
@click.argument("directory", type=click.Path(path_type=Path))
def command(agent_user: str, policy_source: str | None, approval_wait: float | None, directory: Path) -> None:
    """Be the broker of one agent that runs in another container of the same pod.

    Here are the real tools, the credentials, the policy and the record; there is the agent, which reaches the tools
    through shims in DIRECTORY alone. DIRECTORY is a volume of both containers, read-only in the agent's, and the pod
    has `shareProcessNamespace: true`. Ends with the agent's session; a pod has one.
    """
    agent = _agent(agent_user)
    settings = load_settings()
    ruled = rule(settings, policy_source)
    root = _own_directory(directory, agent.gid)
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
    if has_had_its_session(root):
        click.echo("guard: this pod has had its session; another agent needs another pod", err=True)
        signal.pause()
    with Door(root, agent.uid) as door:
        click.echo(f"guard: the agent's container is awaited at {directory}", err=True)
        visitor = door.wait()
    try:
        sys.exit(_serve(settings, ruled, approval_wait, agent, root, visitor))
    except GuardError as error:
        visitor.refuse(error)
        raise


def _agent(text: str) -> Agent:
    uid, _, gid = text.partition(":")
    if not uid.isdecimal() or not (gid or uid).isdecimal():
        raise click.UsageError("--agent-user is a number, or two with a colon: 10002:10002")
    agent = Agent(int(uid), int(gid or uid))
    if agent.uid in (0, os.getuid()) or os.getuid() == 0:
        raise ConfigurationError(
            f"the agent is the user {agent.uid} and the broker {os.getuid()}",
            hint="both have to be users of their own, and neither root (runAsUser)",
        )
    if agent.gid not in {os.getgid(), *os.getgroups()}:
        raise ConfigurationError(
            f"this user is not in the group {agent.gid}, so it can make nothing for the agent",
            hint=f"set fsGroup: {agent.gid} in the pod",
        )
    if agent.gid == os.getgid():
        raise ConfigurationError("the agent is in this user's own group", hint="give each a group of its own")
    return agent


def _own_directory(directory: Path, group: int) -> Path:
    """Return what is guard's own in `directory`, where others may pass and not look; what is made there is `group`'s.

    Raises UnavailableError.
    """
    root = directory.absolute() / OWN
    try:
        root.mkdir(mode=0o711, exist_ok=True)
        if root.lstat().st_uid != os.getuid():
            raise UnavailableError(f"{root} is another user's", hint="mount a directory that is new with the pod")
        os.chown(root, -1, group)
        root.chmod(0o2711)
        if os.statvfs(root).f_flag & os.ST_NOEXEC:
            raise UnavailableError(f"nothing can be run from {root}", hint="mount it without noexec")
    except OSError as error:
        raise UnavailableError(f"{root} cannot be made: {error.strerror}") from error
    return root


def _serve(
    settings: Settings, ruled: Ruled, approval_wait: float | None, agent: Agent, root: Path, visitor: Visitor
) -> int:
    """Run one session to its end; return 0 when all of its record is shipped."""
    opened = open_record(settings, ruled, visitor.command, visitor.cwd)
    remove_stale(root)
    policy = ruled.ruling.policy
    stand_ins = find_stand_ins(policy.guarded, os.environ.get("PATH", os.defpath))
    key = new_key()
    reader = Reader(agent.gid, git_core(stand_ins), elsewhere=True)
    place = SessionPlace(root, opened.spool.session, ruled.ruling.guarded, key, reader)
    session = Session(
        facts=opened.facts,
        identity=str(opened.facts["identity"]),
        groups=settings.groups,
        policy=policy,
        standing=Standing(ruled.ruling, Contact(ruled.ruling.away)),
        maskers=opened.maskers,
        approval_wait=patience(policy, approval_wait),
        place=place,
        spool_dir=settings.spool_dir,
        environment=visitor.environment,
        size=visitor.size,
        enclosure=_plan(key, visitor.hands, stand_ins, place),
        agent=agent.uid,
        started_with=dict(os.environ),
    )
    environment = _environment(session, visitor)
    forget_in_memory(withheld(session.standing.policies))
    keep_memory_private()
    listener = listen(str(place.socket), for_group=True)
    broker = fork_broker(session, opened.spool, listener, visitor.control, settings, opened.token, ruled)
    visitor.hands.close()
    signal.signal(signal.SIGTERM, _pass_on(broker))
    try:
        visitor.answer(environment)
        _, status = os.waitpid(broker, 0)
    finally:
        place.remove()
    if status:
        click.echo(f"guard: the record is not whole at the API; it stays in {settings.spool_dir}", err=True)
    return 1 if status else 0


def _plan(key: bytes, hands: socket.socket, names: StandIns, place: SessionPlace) -> EnclosurePlan:
    where = str(place.directory)
    return EnclosurePlan(key, hands, enter_binary(), names.tools, names.programs, place=where, sandboxed=False)


def _environment(session: Session, visitor: Visitor) -> dict[str, str]:
    """Return the agent's environment: what an isolated one gets of its container's, with the shims first."""
    place = session.place
    env = agent_environment(lent_environment(session), session.policy.isolation)
    env["PATH"] = f"{place.shims}{os.pathsep}{visitor.environment.get('PATH', os.defpath)}"
    env["GUARD_SESSION"] = session.id
    env["GUARD_SOCKET"] = str(place.socket)
    return env


def _pass_on(broker: int) -> Callable[[int, object], None]:
    def handle(number: int, frame: object) -> None:
        os.kill(broker, number)

    return handle
