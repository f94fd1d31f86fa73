"""The credential helper that guard is for an allowed call of git over https.

The call gets a configuration in which guard's helper stands alone for the hosts of its resources (`forced`). The helper
is the shim by another name: who asks, and for what, is seen here. It answers when all of this holds, and says why when
not:

- the one that asks was started by git's own program for https, and that by nothing but git, up to a running call
  that was allowed and may reach the resource; the kernel says so (``/proc/PID/exe``);
- that program has the configuration that guard gave to the call: as the kernel shows it (``/proc/PID/environ``), or, in
  a sandbox, as guard has started it;
- outside of a sandbox, what is configured for the address does not switch the checking of certificates off;
- what it asks for is https, and host, port and path are those that the policy names.

Nothing is stored: ``store`` and ``erase`` do nothing.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import shlex
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from guardcli.broker.custody import Lent, Loans
from guardcli.broker.grants import Grant, GrantBook, Launch
from guardcli.broker.place import CALLS, HELPER, HELPERS
from guardcli.broker.processes import DEPTH_MAX, Identity, parent_pid, program_of
from guardcli.broker.recorder import Recorder
from guardcli.credentials.ssh_key import is_private_key
from guardcli.gateways.git.forced import FIXED, Pair, fault_of, forced_pairs, read_pairs, without_forced, write_pairs
from guardcli.gateways.git.helper import HTTPS_PORT, NOBODY, Wanted, admits, answer, read_wanted
from guardcli.model.credentials import Purpose
from guardcli.model.decisions import Decision, Verdict
from guardcli.model.effects import Effect
from guardcli.model.errors import DeniedError, GuardError, UnavailableError
from guardcli.model.events import EventType
from guardcli.model.operations import Operation
from guardcli.model.resources import Resource
from guardcli.policy.recognition import Answer, HostName

NOBODYS = "none"
"""A directory of authorities that is empty: what a repository names in its place is not looked at."""
OVER_HTTPS = ("remote-https", "remote-http")
BUNDLES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")
"""Where systems keep the authorities that they trust: Debian and Alpine, Fedora, others."""
SECONDS = 20.0
STARTED_MAX = 1000
"""So many programs for https are remembered, by the pid of the shim that started each."""
ENVIRONMENT_MAX = 8 << 20


@dataclass(frozen=True, slots=True)
class GitProcesses:
    """What the kernel knows of processes: which are git itself, its program for https, the shim of a running call.
    `git` is the path of a git to ask for configuration, empty inside a sandbox."""

    is_git: Callable[[int], bool]
    over_https: Callable[[], Collection[Identity]]
    is_shim: Callable[[int], bool]
    git: str = ""


class GitPasswords:
    """Lends git its configuration, and answers the helper."""

    def __init__(
        self, grants: GrantBook, loans: Loans, recorder: Recorder, programs: GitProcesses, directory: Path, shown: str
    ) -> None:
        """`directory` is the session's, `shown` what a tool sees as it."""
        self._grants = grants
        self._loans = loans
        self._recorder = recorder
        self._programs = programs
        self._directory = directory
        self._shown = shown
        self.command = shlex.quote(f"{shown}/bin/{HELPERS}/{HELPER}")
        self._others: list[str] | None = None
        self._started: dict[int, dict[str, str]] = {}
        (directory / CALLS / NOBODYS).mkdir(mode=0o750, exist_ok=True)

    def without_forced(self, environment: Mapping[str, str]) -> dict[str, str]:
        """Return what a call's environment was before guard's configuration was put into it."""
        return without_forced(environment, self.command)

    async def lend(self, launch: Launch) -> Lent | None:
        """Return the configuration of a call of git that may reach a resource by https."""
        words = launch.invocation.arguments
        if launch.invocation.tool != "git":
            return None
        over_https = launch.part and bool(words) and words[0] in OVER_HTTPS
        grant = self._grants.above(launch.pid) if over_https else self._grants.of(launch.pid)
        resources = _of_git(grant)
        if not resources:
            return None
        try:
            before = read_pairs(launch.invocation.env)
        except ValueError as problem:
            raise UnavailableError(f"git would refuse its configuration: {problem}") from None
        urls = [word for word in words[1:] if word.startswith(("https://", "http://"))] if over_https else []
        forced = self._forced(resources, await self._others_of_user(), urls)
        given = {**self._settings(resources), **write_pairs([*before, *forced])}
        if over_https:
            self._remember(launch, given)
        return Lent(given)

    async def answer(self, pid: int, operation: str, request: bytes) -> bytes:
        """Return what the helper, the shim `pid`, prints for `request`. Raises DeniedError where it is not answered."""
        if operation != "get":
            return b""
        grant, asking = self._asking(pid)
        if grant is None:
            raise DeniedError(self._note_stranger())
        try:
            wanted = read_wanted(request)
            resource = find_resource(_of_git(grant), wanted)
            await self._check(asking, grant, wanted)
            return await self._given(grant, resource, wanted)
        except (ValueError, GuardError) as problem:
            data = {"for": "git", "reason": self._recorder.mask(str(problem))}
            self._recorder.event(EventType.REFUSED, grant.record, data)
            raise DeniedError(f"no password for git: {problem}") from None

    def _remember(self, launch: Launch, given: Mapping[str, str | None]) -> None:
        """Keep what git's program for https is started with: inside a sandbox it is guard that starts it."""
        whole = {**launch.invocation.env, **given}
        self._started[launch.pid] = {name: value for name, value in whole.items() if value is not None}
        while len(self._started) > STARTED_MAX:
            del self._started[next(iter(self._started))]

    def _environment_of(self, asking: int) -> Mapping[str, str]:
        """Return the environment that git's program for https was started with.

        Outside the kernel tells it. Inside the program may not be read, nor what the kernel knows of its process, and
        guard has started it: in the shim's place, or as the shim's child.
        """
        if self._programs.git:
            return _environment_of(asking)
        for pid in (asking, parent_pid(asking)):
            if pid in self._started:
                return self._started[pid]
        raise UnavailableError("git's program for https was not started by guard")

    def _note_stranger(self) -> str:
        """Put into the record that somebody asked who is not git within an allowed call; return why it gets nothing."""
        reason = "only git itself is given passwords, within a call that was allowed"
        operation = Operation(HELPER, "get", frozenset({Effect.PRIVILEGE}), (), True, "")
        data = {"tool": HELPER, "command": f"{HELPER} get"}
        self._recorder.admitted(data, Decision(Verdict.DENY, "git-credentials", reason, (operation,)), time.time())
        return reason

    # -- who asks --

    def _asking(self, pid: int) -> tuple[Grant | None, int]:
        """Return what the call has, and which process of git's asks; None where it is not git itself that does."""
        above = parent_pid(pid)
        if program_of(above) not in self._programs.over_https() and _is_shell_of(above, f"{self.command} get"):
            above = parent_pid(above)
        if program_of(above) not in self._programs.over_https():
            return None, 0
        at = above
        for _ in range(DEPTH_MAX):
            if (grant := self._grants.of(at)) is not None:
                return grant, above
            if at <= 1 or not (self._programs.is_git(at) or self._programs.is_shim(at)):
                break
            at = parent_pid(at)
        return None, 0

    async def _check(self, asking: int, grant: Grant, wanted: Wanted) -> None:
        environment = self._environment_of(asking)
        words = _words_of(asking)
        urls = (
            [word for word in words[1:] if word.startswith(("https://", "http://"))] if not self._programs.git else []
        )
        forced = self._forced(_of_git(grant), await self._others_of_user(), urls)
        if fault := fault_of(environment, forced, self._settings(_of_git(grant))):
            raise ValueError(fault)
        if self._programs.git:
            await self._check_settings(asking, environment, wanted)

    async def _check_settings(self, asking: int, environment: Mapping[str, str], wanted: Wanted) -> None:
        """Make sure that certificates are checked for the address. Raises ValueError."""
        for key in ("http.sslVerify", "http.schannelCheckRevoke"):
            said = await _run(
                [self._programs.git, "config", "--type=bool", "--get-urlmatch", key, wanted.url],
                environment,
                f"/proc/{asking}/cwd",
            )
            if said.strip() == "false":
                raise ValueError(f"{key} is off for {wanted.url}, so nobody would know who gets the password")

    # -- what is given --

    async def _given(self, grant: Grant, resource: Resource, wanted: Wanted) -> bytes:
        purpose = Purpose(wanted.host, wanted.port, wanted.user)
        credential = await self._loans.lend(resource.credential, purpose)
        if credential.password is None or is_private_key(credential.password):
            raise ValueError(f"the credential of {resource.name} is a key, and no password")
        user = credential.user or resource.access.user or wanted.user or NOBODY
        if wanted.user and wanted.user != user:
            raise ValueError(f"git wants to log in as {wanted.user}, and the credential is of {user}")
        text = answer(user, credential.password.reveal())
        data = {"resource": resource.name, "for": "git", "what": "a password", "user": user, "host": wanted.url}
        self._recorder.event(EventType.LENT, grant.record, {**data, "host": self._recorder.mask(wanted.url)})
        return text

    def _forced(self, resources: Sequence[Resource], others: Sequence[str], urls: Sequence[str]) -> list[Pair]:
        hosts = [
            f"https://{host}" if port == HTTPS_PORT else f"https://{host}:{port}"
            for resource in resources
            for host in resource.hosts
            for port in resource.ports or (HTTPS_PORT,)
        ]
        return forced_pairs(self.command, others, dict.fromkeys(hosts), urls)

    def _settings(self, resources: Sequence[Resource]) -> dict[str, str | None]:
        """Return the variables that a call has to have, besides those that hold its configuration."""
        nobody = f"{self._shown}/{CALLS}/{NOBODYS}"
        return {**FIXED, "GIT_SSL_CAINFO": self._authorities(resources), "GIT_SSL_CAPATH": nobody}

    def _authorities(self, resources: Sequence[Resource]) -> str:
        """Return a file, as the tool sees it, of the authorities that these resources' servers are certified by."""
        named = sorted({resource.access.ca for resource in resources})
        if named == [""] and (usual := next((path for path in BUNDLES if os.path.exists(path)), "")):
            return usual
        digest = hashlib.sha256("\n".join(named).encode()).hexdigest()[:12]
        target = self._directory / CALLS / f"ca-{digest}"
        if not target.exists():
            paths = (*filter(None, named), *(BUNDLES if "" in named else ()))
            target.write_bytes(b"\n".join(_read(path) for path in paths))
        return f"{self._shown}/{CALLS}/{target.name}"

    async def _others_of_user(self) -> list[str]:
        """Return the helpers that the user configured for all hosts, outside of any repository."""
        if self._others is None:
            found: list[str] = []
            if self._programs.git:
                for scope in ("--system", "--global"):
                    command = [self._programs.git, "config", scope, "--includes", "--get-all", "credential.helper"]
                    found += (await _run(command, _own_environment(), "/")).splitlines()
            self._others = [one for one in found if one]
        return self._others


def _of_git(grant: Grant | None) -> list[Resource]:
    return [one for one in grant.resources if one.kind == "git" and one.hosts] if grant is not None else []


def find_resource(resources: Sequence[Resource], wanted: Wanted) -> Resource:
    """Return the one that `wanted` is surely for. Raises ValueError."""
    if wanted.protocol != "https":
        raise ValueError(f"a password goes by https alone, not by {wanted.protocol}")
    host = HostName(wanted.host)
    for resource in resources:
        named = any(HostName(one).admits(host) is Answer.YES for one in resource.hosts)
        if named and wanted.port in (resource.ports or (HTTPS_PORT,)) and admits(resource.access.paths, wanted.path):
            return resource
    raise ValueError(f"{wanted.url} is none of what the policy names for this call")


def _is_shell_of(pid: int, command: str) -> bool:
    """Tell whether `pid` is the shell that git starts a helper by: ``sh -c COMMAND COMMAND``."""
    return _words_of(pid)[1:] in (["-c", command], ["-c", command, command])


def _words_of(pid: int) -> list[str]:
    with suppress(OSError):
        return os.fsdecode(Path(f"/proc/{pid}/cmdline").read_bytes()).removesuffix("\0").split("\0")
    return []


def _environment_of(pid: int) -> dict[str, str]:
    """Return the environment that `pid` was started with. Raises UnavailableError."""
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            entries = os.fsdecode(file.read(ENVIRONMENT_MAX)).split("\0")
    except OSError as error:
        raise UnavailableError(f"the environment of git cannot be seen: {error.strerror}") from None
    found: dict[str, str] = {}
    for name, equals, value in (entry.partition("=") for entry in entries):
        if equals:
            found.setdefault(name, value)
    return found


def _own_environment() -> dict[str, str]:
    """Return what git needs to find the user's configuration, and none of what guard alone was given."""
    return {name: os.environ[name] for name in ("HOME", "PATH", "XDG_CONFIG_HOME") if name in os.environ}


async def _run(command: Sequence[str], environment: Mapping[str, str], cwd: str) -> str:
    """Return what a git of guard's own prints; nothing where it fails because nothing is configured."""
    pipe = asyncio.subprocess.PIPE
    null = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(
        *command, env=dict(environment), cwd=cwd, stdin=null, stdout=pipe, stderr=null
    )
    try:
        said, _ = await asyncio.wait_for(process.communicate(), SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()
        raise UnavailableError("git does not say its configuration") from None
    if process.returncode not in (0, 1):
        raise UnavailableError("git cannot say its configuration")
    return os.fsdecode(said)


def _read(path: str) -> bytes:
    try:
        return Path(os.path.expanduser(path)).read_bytes()
    except OSError as error:
        if path in BUNDLES:
            return b""
        raise UnavailableError(f"{path} cannot be read: {error.strerror}") from None
