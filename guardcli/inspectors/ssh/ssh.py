"""ssh: its options and configuration, and the command that it would run on the other side.

What opens a path (forwards, tunnels, jump hosts, agent and X11 forwarding, multiplexing) has the effect network, and so
has what weakens the recognition of the host, since another host could then stand in for it. What runs or loads
something on this side has the effect execute. The user's own ``~/.ssh/config`` is normal life and is not read; a
file named by ``-F`` is.
"""

from __future__ import annotations

from dataclasses import replace

from guardcli.inspectors.shell import NotUnderstoodError, inspect_shell
from guardcli.inspectors.ssh.call import config_files, environment, harmless, shared_option
from guardcli.inspectors.ssh.options import Option, SshLine, parse_ssh
from guardcli.inspectors.ssh.settings import Settings
from guardcli.inspectors.ssh.targets import Destination, host_target, parse_destination
from guardcli.inspectors.ssh.transport import transport
from guardcli.model.effects import Effect
from guardcli.model.facts import Facts, FactUnavailable
from guardcli.model.invocation import Invocation, Stdin
from guardcli.model.operations import Inspection, Operation, Stream, Target, conceded

_PLAIN = frozenset("1246aknqtTvxCfNsGVybceimB")
"""Options that change nothing beyond this connection; ``-s``, ``-N``, ``-G`` and ``-V`` are looked at again below."""

_CONTROL = {"check": Effect.READ, "exit": Effect.SESSION, "stop": Effect.SESSION}


class SshInspector:
    """Understands calls of ssh."""

    tool = "ssh"

    def inspect(self, invocation: Invocation, facts: Facts) -> Inspection:
        """Return what the call would do on this side and on the other. Never raises."""
        line = parse_ssh(invocation.argv)
        letters = {option.letter for option in line.options}
        if "P" in letters:
            reason = "-P takes a tag since OpenSSH 9.4 and nothing before, so the rest of the line has two meanings"
            return Inspection((conceded(self.tool, "ssh", reason, Effect.EXECUTE),))
        if letters & {"V", "Q"} and not line.fault:
            return Inspection((harmless(self.tool, "version"),))
        if line.fault:
            return Inspection((conceded(self.tool, "ssh", f"ssh would refuse the call: {line.fault}", Effect.EXECUTE),))
        if line.destination is None:
            return Inspection((harmless(self.tool, "usage"),))
        return self._connection(line, line.destination, invocation, facts)

    def _connection(self, line: SshLine, named: str, invocation: Invocation, facts: Facts) -> Inspection:
        settings = Settings(self.tool)
        environment(invocation, settings)
        destination = parse_destination(named)
        for option in line.options[: line.before]:
            self._option(option, settings)
        for name, value in (("user", destination.user), ("port", destination.port)):
            if value:
                settings.values.setdefault(name, value)
        for option in line.options[line.before :]:
            self._option(option, settings)
        inputs = config_files(line.options, destination.host, invocation, facts, settings)
        if destination.fault:
            settings.concede("ssh", destination.fault, Effect.NETWORK)
        target = _target(destination, settings)
        operations, output = self._session(line, settings, invocation, facts)
        all_of_them = [*settings.operations, *operations]
        return Inspection(
            tuple(replace(operation, targets=(target, *operation.targets)) for operation in all_of_them),
            tuple(inputs),
            output,
        )

    def _option(self, option: Option, settings: Settings) -> None:
        if shared_option(option, settings) or option.letter in _PLAIN or option.letter in "FO":
            return
        if option.letter == "E":
            effects = frozenset({Effect.WRITE, Effect.FILE})
            settings.operations.append(Operation(self.tool, "-E", effects, (Target("file", option.value),)))
        else:
            settings.concede(f"-{option.letter}", f"the option -{option.letter} is not known here", Effect.EXECUTE)

    def _session(
        self, line: SshLine, settings: Settings, invocation: Invocation, facts: Facts
    ) -> tuple[list[Operation], Stream]:
        """Return what happens once the connection stands."""
        letters = {option.letter for option in line.options}
        control = [option.value for option in line.options if option.letter == "O"]
        kind = settings.values.get("sessiontype", "default").lower()
        command = " ".join(line.command) or _remote_command(settings)
        if control:
            return [self._control(name) for name in control], Stream.TEXT
        if "G" in letters:
            return [harmless(self.tool, "-G")], Stream.TEXT
        if letters & {"N", "W"} or kind == "none":
            return [harmless(self.tool, "connect")], Stream.TEXT
        if "s" in letters or kind == "subsystem":
            reason = f"what is said to the subsystem {command} is not known"
            return [conceded(self.tool, "subsystem", reason, Effect.FILE)], Stream.TEXT
        if not command:
            return self._shell(invocation, facts, _no_input(letters, settings)), Stream.TEXT
        return self._command(command, invocation, facts, _no_input(letters, settings))

    def _control(self, name: str) -> Operation:
        effect = _CONTROL.get(name, Effect.NETWORK)
        return Operation(self.tool, f"-O {name}", frozenset({effect}))

    def _shell(self, invocation: Invocation, facts: Facts, no_input: bool) -> list[Operation]:
        if invocation.stdin is Stdin.STREAM and not no_input:
            try:
                text = _read_stdin(invocation, facts, no_input)
            except NotUnderstoodError as problem:
                return [conceded(self.tool, "shell", str(problem), Effect.EXECUTE)]
            if text.strip():
                return list(inspect_shell(text, tool=self.tool, tries=facts.try_shell))
        return [conceded(self.tool, "shell", "an interactive shell can do anything", Effect.EXECUTE)]

    def _command(
        self, command: str, invocation: Invocation, facts: Facts, no_input: bool
    ) -> tuple[list[Operation], Stream]:
        git = transport(command)
        if git is not None:
            service, effect = git
            if invocation.parent == "git":
                return [Operation(self.tool, service, frozenset({effect}))], Stream.BINARY
            reason = "only git itself speaks this protocol; call git"
            return [conceded(self.tool, f"{service} called directly", reason, effect)], Stream.TEXT
        return list(
            inspect_shell(
                command,
                tool=self.tool,
                stdin=lambda: _read_stdin(invocation, facts, no_input),
                tries=facts.try_shell,
            )
        ), Stream.TEXT


def _remote_command(settings: Settings) -> str:
    command = settings.values.get("remotecommand", "none")
    return "" if command.lower() == "none" else command


def _no_input(letters: set[str], settings: Settings) -> bool:
    quiet = settings.values.get("stdinnull", "no").lower() in ("yes", "true")
    return bool(letters & {"n", "f"}) or quiet


def _read_stdin(invocation: Invocation, facts: Facts, no_input: bool) -> str:
    """Return the text on standard input. Raises NotUnderstoodError where it cannot be known."""
    if no_input or invocation.stdin in (Stdin.NULL, Stdin.CLOSED):
        return ""
    if invocation.stdin is Stdin.TERMINAL:
        raise NotUnderstoodError("what will be typed is not known")
    try:
        return facts.stdin().decode()
    except FactUnavailable as problem:
        raise NotUnderstoodError(f"standard input was not read: {problem}") from None
    except UnicodeDecodeError:
        raise NotUnderstoodError("standard input is not text") from None


def _target(destination: Destination, settings: Settings) -> Target:
    """Return the host that the call really reaches: HostName replaces what the destination says."""
    host = settings.values.get("hostname", "").replace("%h", destination.host) or destination.host
    if "%" in host and "hostname" in settings.values:
        settings.concede("hostname", "the name of the host cannot be known", Effect.NETWORK)
    return host_target(host, settings.values.get("user", ""), settings.values.get("port", ""))
