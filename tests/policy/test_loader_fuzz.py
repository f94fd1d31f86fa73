"""Whatever a file holds, loading it ends in a policy or in problems with places."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from guardcli.model.effects import Effect
from guardcli.model.errors import ConfigurationError
from guardcli.model.operations import Operation, Target
from guardcli.policy import Context, decide, load_policy
from guardcli.policy.loader import read_source
from guardcli.policy.schema import MatchSection, PolicySection, RuleSection

PACK = read_source("pack:production-database").decode()
READS = Operation("psql", "select", frozenset({Effect.READ}), (Target("table", "public/orders"),))
WORDS = sorted({*PolicySection.model_fields, *RuleSection.model_fields, *MatchSection.model_fields, "with", "from"})
VALUES = st.one_of(
    st.sampled_from(
        ["psql", "deny", "allow", "read", "write", "table:x", "ref:*/refs/heads/$who", "$who", "**", "1", "*"]
    ),
    st.text(max_size=8),
    st.integers(),
    st.booleans(),
    st.none(),
)
FORMS = st.recursive(
    VALUES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=5),
    max_leaves=25,
)


def load_or_refuse(text: str) -> None:
    try:
        policy = load_policy("p.yaml", lambda source: text.encode("utf-8", "surrogatepass"))
    except ConfigurationError as error:
        assert error.problems
        assert all(problem.message and problem.file for problem in error.problems)
    else:
        decision = decide(policy, [READS], Context())
        assert decision.rule in {
            "guard:no-rule",
            *(rule.id for rule in (*policy.rules, *(w.rule for w in policy.waivers))),
        }


@given(FORMS, st.booleans())
def test_any_structure_is_loaded_or_refused(form: object, headed: bool) -> None:
    if headed and isinstance(form, dict):
        form = {"version": 1, "name": "x", **form}
    load_or_refuse(yaml.safe_dump(form, allow_unicode=True))


@given(
    st.integers(0, len(PACK)),
    st.integers(0, 40),
    st.text(alphabet=st.sampled_from('[]{}:,-#&*!|>"%@` \n\tax$'), max_size=6),
)
def test_a_pack_with_anything_cut_out_and_put_in_is_loaded_or_refused(place: int, cut: int, put: str) -> None:
    load_or_refuse(PACK[:place] + put + PACK[place + cut :])


@given(st.text(max_size=60))
def test_any_text_is_loaded_or_refused(text: str) -> None:
    load_or_refuse(text)


def documented() -> list[str]:
    text = (Path(__file__).parents[2] / "docs" / "policy.md").read_text()
    return re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)


@pytest.mark.parametrize("block", documented())
def test_every_example_of_the_documentation_is_sound(block: str) -> None:
    resources = "" if "resources:" in block else "resources: {orders-db: {kind: postgres}}\n"
    body = f"rules:\n{block}" if block.startswith("- ") else block
    if not body.startswith("version:"):
        body = f"version: 1\nname: x\nextends: pack:default\n{resources}{body}"
    policy = load_policy("doc.yaml", lambda source: body.encode() if source == "doc.yaml" else read_source(source))
    assert policy.digest
