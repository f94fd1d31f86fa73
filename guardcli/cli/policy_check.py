"""``guard policy check``: what would become of a call, and why, without running it."""

from __future__ import annotations

import getpass
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import IO, Any

import click

from guardcli.broker.ruling import Ruling
from guardcli.broker.standing import Standing
from guardcli.cli.central import in_force
from guardcli.cli.settings import load_settings
from guardcli.judging.caller import Call, Caller
from guardcli.judging.given import GivenFacts
from guardcli.model.decisions import ApprovalTerms, Decision, Verdict
from guardcli.model.effects import in_order
from guardcli.model.operations import Operation
from guardcli.playback.text import inert
from guardcli.policy import Context
from guardcli.policy.engine import Judgement, explain
from guardcli.policy.rules import Rule

BAD_INPUT = "guard:bad-input"
MAX_LINE = 16 << 20
"""Characters of one line of a batch; no argument vector that a kernel accepts is longer."""

_KEYS = frozenset({"id", "argv", "env", "cwd", "stdin", "sql", "resource"})
_COLOURS = {Verdict.ALLOW: "green", Verdict.APPROVE: "yellow", Verdict.DENY: "red"}


@click.command(
    epilog="""\b
Examples:
  guard policy check -- psql -c 'DROP TABLE orders'
  guard policy check --policy pack:ci --json -- git push --force
  guard policy check --sql 'DELETE FROM orders' --resource orders-db
  guard policy check --json --batch calls.jsonl

\b
A line of a batch is {"id", "argv", "env"?, "cwd"?, "stdin"?} or {"id", "sql", "resource"?}.
Exit status: 0 allow, 3 approval needed, 4 deny, 2 usage; 0 after a batch."""
)
@click.argument("argv", nargs=-1, type=click.UNPROCESSED)
@click.option("--policy", metavar="FILE|pack:NAME", default="", help="Judge by this policy, not by the one in force.")
@click.option("--sql", metavar="TEXT", help="Judge a statement in place of a call.")
@click.option("--resource", metavar="NAME", default="", help="The resource of the policy that it is aimed at.")
@click.option("--cwd", metavar="DIR", default="", help="Where the call would run; here otherwise.")
@click.option("--group", "groups", metavar="NAME", multiple=True, help="A group of who calls; may be repeated.")
@click.option("--identity", metavar="NAME", default="", help="Who calls; you otherwise.")
@click.option("--environment", metavar="NAME", default="", help="The environment that it is in, such as production.")
@click.option("--json", "as_json", is_flag=True, help="Answer with one JSON object.")
@click.option("--batch", metavar="FILE|-", default="", help="With --json: judge every line of FILE, in order.")
def check(
    argv: tuple[str, ...],
    policy: str,
    sql: str | None,
    resource: str,
    cwd: str,
    groups: tuple[str, ...],
    identity: str,
    environment: str,
    as_json: bool,
    batch: str,
) -> int:
    """Judge one call, or a batch of them, without running anything."""
    if bool(argv) + (sql is not None) + bool(batch) != 1:
        raise click.UsageError("give a call after --, or --sql, or --batch")
    if batch and not as_json:
        raise click.UsageError("--batch answers in JSON only: add --json")
    settings = load_settings()
    ruling = in_force(settings, policy)
    loaded, standing = ruling.policy, Standing(replace(ruling, groups=None) if groups else ruling)
    if resource and resource not in {one.name for one in loaded.resources}:
        known = ", ".join(one.name for one in loaded.resources) or "none"
        raise click.BadParameter(f"the policy knows no resource {resource!r}; it knows: {known}")
    context = Context(
        identity=identity or _user(), groups=groups or settings.groups, resource=resource, environment=environment
    )
    caller = Caller(loaded, context, os.environ, settings.state_dir / "cache")
    if batch:
        _run_batch(caller, standing, batch, cwd)
        return 0
    call = Call(argv=argv, sql=sql or "", env=dict(os.environ), cwd=os.path.abspath(cwd or os.curdir))
    facts = caller.facts(call)
    operations, known_context = caller.operations(call, facts), caller.context_of(call, facts)
    decision = standing.decide(operations, known_context)
    if as_json:
        form = answer_of(decision) | {"matched": list(decision.matched), "policy": loaded.digest}
        if decision.limits:
            form["limits"] = [f"{limit.name}: {limit.words}, {limit.then.value}" for limit in decision.limits]
        click.echo(_dumps(form))
    else:
        _show(decision, explain(loaded, operations, known_context))
    return decision.verdict.exit_status


def answer_of(decision: Decision) -> dict[str, Any]:
    """Return the stable machine form of a decision."""
    return {
        "effect": decision.verdict.value,
        "rule": decision.rule,
        "message": decision.message,
        "operations": [operation.as_json() for operation in decision.operations],
    }


def _dumps(form: Mapping[str, Any]) -> str:
    return json.dumps(form, separators=(",", ":"))


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def _run_batch(caller: Caller, standing: Standing, batch: str, cwd: str) -> None:
    """Judge line after line; each answer is out before the next line is read."""
    here = os.path.abspath(cwd or os.curdir)
    judge = BatchJudge(caller, dict(os.environ), here, standing)
    if batch == "-":
        _answer(judge, sys.stdin.buffer)
        return
    try:
        with open(batch, "rb") as lines:
            _answer(judge, lines)
    except OSError as error:
        raise click.BadParameter(f"{batch} cannot be read: {error.strerror}", param_hint="--batch") from None


def _answer(judge: BatchJudge, lines: IO[bytes]) -> None:
    for line in _lines(lines):
        if line.strip():
            sys.stdout.write(_dumps(judge.answer(line)) + "\n")
            sys.stdout.flush()


def _lines(source: IO[bytes]) -> Iterator[bytes]:
    """Yield each line, one over the bound cut short; the rest of that one is passed over."""
    while line := source.readline(MAX_LINE + 1):
        yield line
        while len(line) > MAX_LINE and not line.endswith(b"\n"):
            line = source.readline(MAX_LINE + 1)


class BatchJudge:
    """Answers the lines of a batch. What git says about a directory is asked once for all lines with the same one."""

    def __init__(self, caller: Caller, env: Mapping[str, str], cwd: str, standing: Standing | None = None) -> None:
        """`standing` decides; without it, the caller's policy alone does."""
        self._caller = caller
        self._standing = standing or Standing(Ruling(caller.policy))
        self._env = env
        self._cwd = cwd
        self._resources = frozenset(one.name for one in caller.policy.resources)

    def answer(self, line: bytes) -> dict[str, Any]:
        """Return the answer to one line. A line that is none is denied and says why."""
        number: Any = None
        try:
            if len(line) > MAX_LINE:
                raise ValueError(f"the line is longer than {MAX_LINE} characters")
            form = json.loads(line)
            if not isinstance(form, dict):
                raise ValueError("a line is a JSON object")
            number = form.get("id")
            call = self._call(form)
            facts = GivenFacts(self._caller.facts(call), stdin=call.stdin)
            operations = self._caller.operations(call, facts)
            decision = self._standing.decide(operations, self._caller.context_of(call, facts))
        except (ValueError, RecursionError) as error:
            return {"id": number, "effect": "deny", "rule": BAD_INPUT, "message": str(error), "operations": []}
        return {"id": number, **answer_of(decision)}

    def _call(self, form: Mapping[str, Any]) -> Call:
        unknown = sorted(form.keys() - _KEYS)
        if unknown:
            raise ValueError(f"unknown key {unknown[0]!r}; known are {', '.join(sorted(_KEYS))}")
        if ("argv" in form) == ("sql" in form):
            raise ValueError("a line has either argv or sql")
        for key in ("cwd", "stdin", "sql", "resource"):
            if not isinstance(form.get(key, ""), str):
                raise ValueError(f"{key} is a text")
        resource = form.get("resource", "")
        resource = resource if resource in self._resources else ""  # a name that nobody knows says nothing
        if "sql" in form:
            if not form["sql"]:
                raise ValueError("sql is empty")
            return Call(sql=form["sql"], resource=resource)
        argv, env = form["argv"], form.get("env", {})
        if not isinstance(argv, list) or not argv or not all(isinstance(word, str) for word in argv):
            raise ValueError("argv is a list of texts, the tool first")
        if not isinstance(env, dict) or not all(isinstance(value, str) for value in env.values()):
            raise ValueError("env is an object with texts as values")
        cwd = os.path.join(self._cwd, form["cwd"]) if form.get("cwd") else self._cwd
        merged = {**self._env, **env}
        return Call(tuple(argv), "", resource, merged, os.path.normpath(cwd), form.get("stdin"))


def _show(decision: Decision, judged: Sequence[Judgement]) -> None:
    """Print the decision, then for each operation which rule decided and which others matched."""
    word = click.style(decision.verdict.value, fg=_COLOURS[decision.verdict], bold=True)
    click.echo(f"{word}  {decision.rule}\n  {inert(decision.message)}")
    if decision.terms is not None:
        click.echo(f"  needs {_terms_in_words(decision.terms)}")
    for limit in decision.limits:
        click.echo(f"  ends at {limit.words} (limit {limit.name}, {limit.then.value})")
    for operation, judgement in zip(decision.operations, judged, strict=True):
        click.echo(f"\n  {inert(_operation_in_words(operation))}")
        click.echo(f"    decided by  {_rule_in_words(judgement.rule)}")
        for rule in judgement.matched:
            if rule.id != judgement.rule.id:
                click.echo(f"    matched too {_rule_in_words(rule)}")


def _terms_in_words(terms: ApprovalTerms) -> str:
    who = " or ".join(terms.groups) or "anybody who may approve"
    parts = [f"{terms.quorum} of {who}"] if terms.groups or terms.quorum > 1 or not terms.all_of else []
    parts += [f"one of each of {', '.join(terms.all_of)}"] if terms.all_of else []
    parts += ["a reason in GUARD_REASON"] if terms.justification else []
    parts += [f"a run within {window}" for window in terms.windows]
    grant = f", and for {terms.grant:g} s for this rule and resource" if terms.grant else ""
    return f"{'; '.join(parts)}; a yes holds for {terms.expires:g} s{grant}"


def _operation_in_words(operation: Operation) -> str:
    marks = [name for name in ("unbounded", "sensitive") if getattr(operation, name)]
    words = [f"{operation.tool}: {operation.action}", ", ".join(effect.value for effect in in_order(operation.effects))]
    words += [" ".join(map(str, operation.targets))] if operation.targets else []
    words += [", ".join(marks)] if marks else []
    words += [] if operation.complete else [f"not known: {operation.reason}"]
    return "  |  ".join(words)


def _rule_in_words(rule: Rule) -> str:
    place = f"{rule.source}:{rule.line}" if rule.source else "always there"
    return f"{rule.verdict.value:<8}{rule.id}  ({place})"
