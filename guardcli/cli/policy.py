"""``guard policy``: write, check and explain policies."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from guardcli.broker.ruling import Ruling
from guardcli.cli.central import in_force
from guardcli.cli.policy_central import assign, diff, history, publish, rollback, version, withdraw
from guardcli.cli.policy_check import check
from guardcli.cli.policy_tests import test
from guardcli.cli.settings import load_settings
from guardcli.model.errors import ConfigurationError, ConflictError
from guardcli.policy.effective import Policy
from guardcli.policy.loader import PACK, load_policy, pack_names, read_source
from guardcli.policy.schema_file import SCHEMA_FILE

_STARTER = """\
# yaml-language-server: $schema={schema}
# What this policy says, from top to bottom, is explained in docs/policy.md.
#   guard policy lint {path}          every mistake with its line
#   guard policy test {path}          the tests at the end of this file
#   guard policy check --policy {path} -- psql -c "DROP TABLE orders"
version: 1
name: {name}
extends: [pack:{pack}]

# Branches that nobody rewrites. This replaces the list of pack:default.
lists:
  protected-branches: [main, master, "release/**"]

# What your agents reach. A rule can then say `resource: orders-db`.
# resources:
#   orders-db: {{kind: postgres, host: db.internal, dbname: orders, environment: production}}

rules:
  # Reading this table needs a person, though reading others does not.
  - id: salaries-ask
    match: {{tool: psql, targets: ["table:*/salaries"]}}
    decision: approve
    message: Salaries are read only with a yes from somebody in charge.

# A rule of the pack is replaced by a rule with the same id. To relax one for something in particular, write an
# exception: it has an owner, a reason and an end.
# exceptions:
#   - id: load-scratch
#     rules: [psql-changes-ask]
#     match: {{tool: psql, effects: [read, write], targets: ["table:scratch/*"]}}
#     owner: somebody@example.com
#     reason: The importer fills the scratch schema every night.
#     until: 2030-01-31

mask:
  - {{columns: ["*.ssn", "*.salary"], with: partial, keep_last: 2}}

tests:
  - {{run: [psql, -c, "SELECT * FROM salaries"], expect: approve, rule: salaries-ask}}
  - {{run: [psql, -c, "SELECT * FROM orders"], expect: allow}}
  - {{run: [psql, -c, "DROP TABLE orders"], expect: deny}}
"""


class PolicySource(click.ParamType[str]):
    """A path, or ``pack:NAME``; completes both."""

    name = "policy"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Offer the packs, and files."""
        packs = [CompletionItem(f"{PACK}{name}") for name in pack_names() if f"{PACK}{name}".startswith(incomplete)]
        return [*packs, CompletionItem(incomplete, type="file")]


@click.group(
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="\b\nStart with:\n  guard policy init\n  guard policy check -- psql -c 'DROP TABLE orders'",
)
def command() -> None:
    """Write, check and explain policies.

    POLICY is a file or one of the packs that ship, such as pack:default. Without it, the policy in force is meant.
    """


for _one in (check, test, publish, history, version, diff, assign, rollback, withdraw):
    command.add_command(_one)


@command.command(epilog="\b\nExamples:\n  guard policy init\n  guard policy init --pack ci team.yaml")
@click.argument("path", required=False, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--pack", type=click.Choice(pack_names()), default="default", show_default=True, help="What to extend.")
@click.option("--name", default="", metavar="NAME", help="The policy's name; the file's name otherwise.")
@click.option("--force", is_flag=True, help="Replace the file if it is there.")
def init(path: Path | None, pack: str, name: str, force: bool) -> None:
    """Write a policy to begin with, to PATH or to where guard looks for yours."""
    place = path or load_settings().config_dir / "policy.yaml"
    text = _STARTER.format(
        schema=SCHEMA_FILE, path=place, pack=pack, name=name or _as_name(place.stem if path else "my-team")
    )
    load_policy(str(place), lambda source: text.encode() if source == str(place) else read_source(source))
    try:
        with place.open("w" if force else "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise ConflictError(f"{place} is there already", hint="use --force to replace it") from None
    except OSError as error:
        raise ConfigurationError(f"cannot write {place}: {error.strerror}") from None
    click.echo(f"wrote {place}; now: guard policy test {place}")


@command.command(epilog="\b\nExamples:\n  guard policy lint team.yaml\n  guard policy lint --json team.yaml")
@click.argument("policy", required=False, type=PolicySource())
@click.option("--json", "as_json", is_flag=True, help="One JSON object with the problems.")
def lint(policy: str | None, as_json: bool) -> int:
    """Report every mistake in POLICY at once, with its line. Exit 0 for none, 78 otherwise.

    What may be right but looks like a slip, such as the variable PGHOTS, is a hint and no mistake.
    """
    source = policy or load_settings().policy
    try:
        loaded = load_policy(source)
    except ConfigurationError as error:
        if not as_json:
            raise
        click.echo(json.dumps({"policy": source, "problems": [asdict(one) for one in error.problems]}))
        return error.exit_status
    ended = _ended(loaded)
    if as_json:
        hints = [asdict(one) for one in loaded.hints]
        told = {"policy": source, "problems": [], "digest": loaded.digest, "ended": ended, "hints": hints}
        click.echo(json.dumps(told))
        return 0
    for one in (*loaded.hints, *ended):
        click.echo(f"guard: {one}", err=True)
    click.echo(f"{source}: no problems; {len(loaded.rules)} rules, {len(loaded.tests)} tests, digest {loaded.digest}")
    return 0


@command.command(
    epilog="\b\nExamples:\n  guard policy show\n  guard policy show --effective team.yaml\n  guard policy show --schema"
)
@click.argument("policy", required=False, type=PolicySource())
@click.option("--effective", is_flag=True, help="With all that it extends, as it is judged by.")
@click.option("--schema", is_flag=True, help="Print the JSON Schema of policies, for editors.")
@click.option("--json", "as_json", is_flag=True, help="With --effective: as JSON.")
def show(policy: str | None, effective: bool, schema: bool, as_json: bool) -> None:
    """Print POLICY: its text, or with --effective what it comes to.

    Without POLICY that is the one that a session would begin with now: the centre's, where it has assigned one.
    """
    if schema:
        click.echo(SCHEMA_FILE.read_text(), nl=False)
        return
    settings = load_settings()
    ruling = in_force(settings, policy or "")
    loaded = ruling.policy
    if not effective and not as_json:
        click.echo(_text(ruling, policy or settings.policy), nl=False)
        return
    from guardcli.policy.normal import normal_form

    form = normal_form(loaded) | {"digest": loaded.digest, "sources": list(loaded.sources)}
    if ruling.is_central:
        form["centre"] = dict(ruling.facts())
    if as_json:
        click.echo(json.dumps(form, ensure_ascii=False))
        return
    import yaml

    origin = {rule.id: rule for rule in loaded.rules}
    for rule in form.get("rules", []):
        found = origin[rule["id"]]
        rule["from"] = f"{found.source}:{found.line}" + (
            f", replaces that of {found.replaces}" if found.replaces else ""
        )
    click.echo(yaml.safe_dump(form, sort_keys=False, allow_unicode=True, width=110), nl=False)


def _text(ruling: Ruling, source: str) -> str:
    """Return the text of the file that a policy begins with, out of the centre's bundle where that decides."""
    if not ruling.is_central or ruling.assigned is None:
        return read_source(source).decode()
    from guardcli.policy.bundles import unpacked

    top, files = unpacked(ruling.assigned.content)
    return f"# version {ruling.assigned.version}, from the centre: {top}\n{files[top]}"


def _as_name(text: str) -> str:
    return re.sub(r"[^a-z0-9._-]+", "-", text.lower()).strip("-._") or "my-team"


def _ended(policy: Policy) -> list[str]:
    """Say which exceptions and rules have ended, so that somebody removes them."""
    today = datetime.now(UTC).date()
    rules = [(rule, rule.match.when.end) for rule in policy.rules if rule.match.when is not None]
    return [
        f"{rule.source}:{rule.line}: the rule {rule.id!r} held until {end} only; remove it"
        for rule, end in rules
        if end is not None and end < today
    ] + [
        f"{one.rule.source}:{one.rule.line}: the exception {one.rule.id!r} ended on {one.until}; remove it"
        for one in policy.waivers
        if one.until < today
    ]
