"""What a session lends to its calls, put together from its policy."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

from guardcli.broker.custody import GrantLender, LendingService, Loans
from guardcli.broker.git_credentials import GitPasswords, GitProcesses
from guardcli.broker.grants import SSH_TOOLS, GrantBook
from guardcli.broker.processes import Identity, identity_of, parent_pid, program_of
from guardcli.broker.services import Service
from guardcli.broker.session import Broker
from guardcli.broker.ssh_agent import SshAgents, knows_ssh
from guardcli.broker.tool_credentials import ToolCredentials
from guardcli.broker.tools import ToolFinder
from guardcli.credentials.lending import Lending, own_directory, standard_providers
from guardcli.model.resources import Resource

USUAL = ("/usr/bin/ssh", "/usr/local/bin/ssh", "/bin/ssh")


def is_lent(resource: Resource) -> bool:
    """Say whether the credential of a resource is lent call by call."""
    return resource.kind in ("ssh", "git") and bool(resource.credential)


def custody_services(broker: Broker, config_dir: Path) -> list[Service]:
    """Fill the broker's custody; return what gives back, at the session's end, what was borrowed."""
    session = broker.session
    lending = Lending(standard_providers(own_directory(config_dir), session.guards_environment))
    loans = Loans(lending, broker.patience, session.maskers.learn)
    grants = GrantBook([resource for resource in session.policy.resources if is_lent(resource)])
    directory = session.place.directory
    shown = session.shown
    broker.custody.add(GrantLender(grants))
    for_group = session.agent is not None
    knows = knows_ssh(_programs(broker), session.agent)
    broker.custody.add(SshAgents(grants, loans, broker.recorder, directory, shown, knows, for_group))
    if any(resource.kind == "git" for resource in session.policy.resources):
        helper = GitPasswords(grants, loans, broker.recorder, git_of(broker), directory, shown)
        broker.custody.helper = helper
        broker.custody.add(helper)
    broker.custody.add(ToolCredentials(session.policy.tool_rules, loans, broker.recorder))
    return [LendingService(lending)]


def git_of(broker: Broker) -> GitProcesses:
    """Return what the kernel knows of git's processes in a session."""
    programs, calls, enclosure = broker.git_programs, broker.git_calls, broker.enclosure

    def is_git(pid: int) -> bool:
        return program_of(pid) in programs or (enclosure is not None and programs.runs_own_script(pid))

    def is_shim(pid: int) -> bool:
        """A shim, or on a terminal the shim's monitor: the same program, and its child."""
        return pid in calls or (parent_pid(pid) in calls and program_of(pid) == program_of(parent_pid(pid)))

    def over_https() -> Collection[Identity]:
        if enclosure is None:
            return programs.over_https
        return {one for name in ("git-remote-https", "git-remote-http") for one in enclosure.copies_named(name)}

    return GitProcesses(is_git, over_https, is_shim, "" if enclosure is not None else broker.finder.find("git"))


def _programs(broker: Broker) -> Callable[[], Collection[Identity]]:
    """Return what says which programs are ssh: inside, the copies that run there; outside, what the calls would run."""
    if broker.enclosure is not None:
        enclosure = broker.enclosure
        return lambda: enclosure.copies(SSH_TOOLS[0])
    finder: ToolFinder = broker.finder
    return lambda: {identity_of(path) for path in (finder.find(SSH_TOOLS[0]), *USUAL)}
