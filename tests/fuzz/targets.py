"""The targets of the search: one an inspector, one the policy loader. Each takes a text and raises for a fault."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable

from fuzz import witnesses
from fuzz.wire import wire
from fuzz.worlds import TRIAL, Call, World

from guardcli.inspectors.generic import GenericInspector
from guardcli.inspectors.git import GitInspector
from guardcli.inspectors.kubectl import KubectlInspector
from guardcli.inspectors.psql import PsqlInspector
from guardcli.inspectors.shell import inspect_shell
from guardcli.inspectors.sql import inspect_sql
from guardcli.inspectors.sql.dialects import inspect_dialect
from guardcli.inspectors.ssh import ScpInspector, SftpInspector, SshInspector
from guardcli.model.decisions import Verdict
from guardcli.model.effects import Effect
from guardcli.model.errors import ConfigurationError
from guardcli.model.operations import Inspector, Operation, conceded
from guardcli.model.tools import ToolPattern
from guardcli.policy import Context, decide, load_policy

Target = Callable[[str], None]
HARMLESS = frozenset({Effect.READ, Effect.SESSION})


class WrongError(Exception):
    """An answer that cannot be right."""


def harmless(operations: Iterable[Operation]) -> bool:
    """Say whether all of `operations` are complete and change nothing."""
    return all(operation.complete and operation.effects <= HARMLESS for operation in operations)


def sound(operations: tuple[Operation, ...]) -> tuple[Operation, ...]:
    """Return `operations` if they can be written down and read. Raises WrongError."""
    if not operations:
        raise WrongError("no operation at all")
    for operation in operations:
        operation.as_json()
    return operations


def judge(inspector: Inspector, call: Call) -> tuple[Operation, ...]:
    """Return what `inspector` says."""
    return sound(inspector.inspect(call.invocation(inspector.tool), World(call)).operations)


def must_not_pass(operations: Iterable[Operation], why: str) -> None:
    """Raise WrongError where `why` names a change that `operations` do not know of."""
    if why and harmless(operations):
        raise WrongError(f"harmless in spite of {why}")


def sql(text: str) -> None:
    """Judge a text of SQL, statement by statement, and as another system's."""
    operations = sound(inspect_sql(text))
    whys = witnesses.sql_statements(text)
    if whys is None:
        must_not_pass(operations, "a text that PostgreSQL refuses")
    elif whys:
        if not (len(operations) == len(whys) or not operations[0].complete):
            raise WrongError(f"{len(operations)} operations for {len(whys)} statements")
        for operation, why in zip(operations, whys, strict=False):
            must_not_pass([operation], why)
        must_not_pass(sound(inspect_dialect(text, tool="other")), next(filter(None, whys), ""))


def psql(text: str) -> None:
    """Judge a call of psql."""
    call = Call.read(text)
    must_not_pass(judge(PsqlInspector(), call), witnesses.psql(call.words, call.world))


def kubectl(text: str) -> None:
    """Judge a call of kubectl."""
    call = Call.read(text)
    must_not_pass(judge(KubectlInspector(), call), witnesses.kubectl(call.words))


def git(text: str) -> None:
    """Judge a call of git."""
    call = Call.read(text)
    must_not_pass(judge(GitInspector(), call), witnesses.git(call.words))


def ssh(text: str) -> None:
    """Judge a call of ssh; the same words as a call of scp and of sftp need only be answered."""
    call = Call.read(text)
    must_not_pass(judge(SshInspector(), call), witnesses.ssh(call.words, call.world))
    judge(ScpInspector(), call)
    judge(SftpInspector(), call)


def shell(text: str) -> None:
    """Judge a text for a shell."""
    must_not_pass(sound(inspect_shell(text, tries=TRIAL)), witnesses.shell(text))


PATTERNS = (
    ToolPattern(r"^plan( |$)", frozenset({Effect.READ}), "plan"),
    ToolPattern(r"^(apply|destroy)( |$)", frozenset({Effect.DELETE}), "change"),
    ToolPattern(r"^-[rf]+ /tmp/[a-z]+$", frozenset({Effect.WRITE}), "remove"),
    ToolPattern(r"^s3 (ls|cp) s3://", frozenset({Effect.READ, Effect.NETWORK}), "s3"),
)


def generic(text: str) -> None:
    """Judge a call of a tool by patterns, and by Python's own regular expressions."""
    call = Call.read(text)
    [operation] = judge(GenericInspector("terraform", PATTERNS), call)
    joined = shlex.join(call.words).encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    first = next((pattern for pattern in PATTERNS if re.search(pattern.match.replace("$", r"\Z"), joined)), None)
    if operation.complete and (first is None or operation.effects != first.effects):
        raise WrongError(f"{operation.action} is not what the first pattern that matches says")
    if first is not None and not operation.complete:
        raise WrongError(f"{first.action} was not recognised")


_NOT_KNOWN = conceded("psql", "call", "a canary", Effect.WRITE)


def loader(text: str) -> None:
    """Load a policy; what allows nothing by its words allows nothing."""
    try:
        policy = load_policy("p.yaml", lambda source: text.encode("utf-8", "surrogatepass"))
    except ConfigurationError as error:
        if not error.problems or not all(problem.message and problem.file for problem in error.problems):
            raise WrongError("a refusal without a problem") from error
        return
    verdict = decide(policy, [_NOT_KNOWN], Context()).verdict
    if verdict is Verdict.ALLOW and "allow" not in text and "pack:" not in text:
        raise WrongError("a policy without the word allow lets something pass that is not understood")


TARGETS: dict[str, Target] = {
    "shell": shell,
    "psql": psql,
    "sql": sql,
    "git": git,
    "kubectl": kubectl,
    "ssh": ssh,
    "loader": loader,
    "generic": generic,
    "wire": wire,
}
