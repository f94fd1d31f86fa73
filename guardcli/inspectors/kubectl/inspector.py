"""kubectl: what a call would do in the cluster and to the caller's own configuration.

A command that is not in the table is a plugin, a program on the PATH, and conceded; so is a flag that is not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from guardcli.inspectors.kubectl.call import Call, Findings
from guardcli.inspectors.kubectl.exec import CONTAINER, InspectArgv, judge_exec
from guardcli.inspectors.kubectl.flags import CommandLine, parse
from guardcli.inspectors.kubectl.form import unlabelled
from guardcli.inspectors.kubectl.identity import judge_identity
from guardcli.inspectors.kubectl.verbs import judge_for
from guardcli.model.effects import Effect
from guardcli.model.facts import Facts, FactUnavailable
from guardcli.model.invocation import Invocation
from guardcli.model.operations import Inspection, Operation, conceded

MAX_ARGUMENTS = 5_000
"""Words of one call: more than any person or script gives, and few enough to judge in milliseconds."""

_KNOWN: Mapping[str, Effect] = {
    "delete": Effect.DELETE,
    "drain": Effect.DELETE,
    "exec": Effect.EXECUTE,
    "attach": Effect.EXECUTE,
    "debug": Effect.EXECUTE,
    "run": Effect.EXECUTE,
    "cp": Effect.FILE,
    "port-forward": Effect.NETWORK,
    "proxy": Effect.NETWORK,
    "certificate": Effect.PRIVILEGE,
}
"""What is known of a call by its first word alone, when the rest of it is not understood."""


class KubectlInspector:
    """Implements `Inspector`. `baseline` is the environment that the session began with, as far as it is known.

    A variable such as KUBECONFIG that the caller changed since is judged like the flag that does the same; without
    a baseline every value counts as changed. `inspect_argv` judges what exec runs; the shell's inspector by default.
    """

    tool = "kubectl"

    def __init__(self, baseline: Mapping[str, str] | None = None, inspect_argv: InspectArgv | None = None) -> None:
        self._baseline = baseline or {}
        self._inspect_argv = inspect_argv or _shell

    def inspect(self, invocation: Invocation, facts: Facts) -> Inspection:
        """Return what `invocation` would do, the grave operations of its flags and environment included."""
        if len(invocation.argv) > MAX_ARGUMENTS:
            return Inspection((conceded("kubectl", "kubectl", f"more than {MAX_ARGUMENTS} arguments", Effect.EXECUTE),))
        line = parse(invocation.arguments)
        call = Call(line, invocation, facts)
        if line.problem:
            known = _KNOWN.get(line.command.partition(" ")[0])
            return Inspection(
                (conceded("kubectl", line.command or "kubectl", line.problem, *([known] if known else [])),)
            )
        if line.command and line.surely("help"):
            return Inspection((Operation("kubectl", "help", frozenset({Effect.READ})),))
        findings = self._verb(call)
        if (shown := unlabelled(line)) is not None:
            marked = (replace(one, unlabelled=one.unlabelled or shown) for one in findings.operations)
            findings = Findings(tuple(marked), findings.inputs)
        operations = (*findings.operations, *judge_identity(call, self._baseline), *_preferences(call))
        return Inspection(operations, findings.inputs)

    def _verb(self, call: Call) -> Findings:
        if call.verb == "exec":
            return judge_exec(call, self._inspect_argv)
        judge = judge_for(call.verb)
        return judge(call) if judge else Findings((_unknown(call.line),))


def _unknown(line: CommandLine) -> Operation:
    """Return the operation of a call without a command that the table knows."""
    if not line.command and not line.words:
        return Operation("kubectl", "help", frozenset({Effect.READ}))
    word = line.command or line.words[0]
    return conceded("kubectl", word, f"kubectl-{word} is a plugin, or a command that is not known", Effect.EXECUTE)


def _shell(argv: Sequence[str], read: Callable[[], bytes] | None, facts: Facts) -> tuple[Operation, ...]:
    """Judge a command with the shell's inspector, which few calls need."""
    from guardcli.inspectors.shell import NotUnderstoodError, inspect_argv

    def stdin() -> str:
        if read is None:
            raise NotUnderstoodError("it runs what it reads from standard input, which is not given to it")
        try:
            return read().decode("utf-8")
        except (FactUnavailable, UnicodeDecodeError) as fault:
            raise NotUnderstoodError(f"it runs what it reads from standard input: {fault}") from None

    return inspect_argv(argv, tool=CONTAINER, stdin=stdin, tries=facts.try_shell)


def _preferences(call: Call) -> list[Operation]:
    """Return a concession where a file of preferences (kuberc) can add flags to commands, from version 1.33 on."""
    env = call.invocation.env
    path = call.line.value("kuberc") or env.get("KUBERC", "")
    if path == "off" or call.verb.startswith("config "):
        return []
    if not path and not _has_kuberc(call):
        return []
    return [
        call.operation({Effect.EXECUTE}, doubts=["a kuberc file can change what the command means"], action="kuberc")
    ]


def _has_kuberc(call: Call) -> bool:
    home = call.invocation.env.get("HOME", "")
    if not home.startswith("/"):
        return False
    try:
        return "kuberc" in call.facts.list_directory(f"{home}/.kube")
    except FactUnavailable:
        pass
    try:
        call.facts.read_file(f"{home}/.kube/kuberc")
    except FactUnavailable:
        return False
    return True
