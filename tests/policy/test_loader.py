"""Loading: every problem at once with its place and a suggestion; how files come together."""

from __future__ import annotations

import os

import pytest

from guardcli.model.errors import ConfigurationError
from guardcli.model.masking import CREDENTIAL_DETECTORS, PERSONAL_DETECTORS, Encoding
from guardcli.policy import load_policy, pack_names
from guardcli.policy.loader import MAX_FILES, read_source

RULE = "rules:\n  - {id: x, match: {%s}, decision: %s}\n"


def problems(load, body: str, **others: str) -> list[str]:
    with pytest.raises(ConfigurationError) as raised:
        load(body, **others)
    return [str(problem) for problem in raised.value.problems]


def test_every_problem_is_reported_at_once_each_with_its_place(load) -> None:
    found = problems(
        load,
        """extend: [pack:default]
rules:
  - id: Bad Name
    match: {tool: psqll, effects: [write]}
    decision: denied
  - id: two
    match: {tool: psqll, targets: ["tabel:x"], argv: "("}
    decision: deny
  - id: two
    match: {}
    decision: allow
    approve: {quorum: 0}
mask:
  - {detect: [emial]}
""",
    )
    assert found == sorted(found, key=lambda line: int(line.split(":")[1]))
    places = [":".join(line.split(":")[1:3]) for line in found]
    assert (
        places == ["3:1", "5:9", "7:15", "8:19", "8:36", "8:54", "10:9", "11:12", "13:24", "15:14"] or len(found) >= 8
    )
    for said in (
        "unknown key 'extend'; did you mean 'extends'?",
        "'Bad Name' does not fit 'id'",
        "'denied' does not fit 'decision'; did you mean 'deny'?",
        "'psqll' is no guarded tool; did you mean 'psql'?",
        "no target is of the kind 'tabel'; did you mean 'table'?",
        "not a regular expression that runs in linear time",
        "no detector is named 'emial'; did you mean 'email'?",
    ):
        assert any(said in line for line in found), (said, found)


@pytest.mark.parametrize(
    ("body", "place", "said"),
    [
        (RULE % ("effects: []", "deny"), "4", "an empty list, so that nothing could ever match"),
        (RULE % ("effects: [wirte]", "deny"), "4", "did you mean 'write'?"),
        (RULE % ("effects: [unknown]", "allow"), "4", "never complete"),
        (RULE % ("effects: [unknown], complete: true", "deny"), "4", "never complete"),
        (RULE % ("", "deny"), "4", "an empty match would match everything"),
        (RULE % ("tool: kubectl, branch: main", "deny"), "4", "only git works on branches"),
        (RULE % ("effects: [read], unbounded: true", "allow"), "4", "never unbounded"),
        (RULE % ("complete: perhaps", "deny"), "4", "'complete'"),
        (RULE % ("resource: orders", "deny"), "4", "no resource is named 'orders'"),
        (RULE % ("targets: orders", "deny"), "4", "written kind:name"),
        (RULE % ('targets: "table:a/b/c"', "deny"), "4", "could never match"),
        (RULE % ('targets: "file:/a**"', "deny"), "4", "has a part of its own"),
        (RULE % ('tool: psql, when: {hours: "09:00-09:00"}', "deny"), "4", "no span of hours"),
        (RULE % ('tool: psql, when: {hours: "25:00-26:00"}', "deny"), "4", "no span of hours"),
        (RULE % ("tool: psql, when: {days: [monday]}", "deny"), "4", "'monday' is no day"),
        (RULE % ("tool: psql, when: {timezone: Mars/Base}", "deny"), "4", "no time zone is named"),
        (RULE % ("tool: psql, when: {from: 2026-02-01, until: 2026-01-01}", "deny"), "4", "ends before it begins"),
        (RULE % ("tool: $nobody", "deny"), "4", "no list is named 'nobody'"),
        (RULE % ("tool: psql, massage: x", "deny"), "4", "unknown key 'massage'"),
        (RULE % ("tool: psql", "deny, approve: {quorum: 1}"), "4", "has no meaning for a rule that decides deny"),
        (RULE % ("tool: psql", "approve, approve: {expires: 0s}"), "4", "can never be used"),
        (RULE % ("tool: psql", "approve, approve: {expires: soon}"), "4", "a duration is"),
        (RULE % ("tool: psql", "deny, message: "), "4", "'message' is empty"),
        ("rules: deny\n", "3", "'rules' must be a list, not a text"),
        ("lists: {a: []}\n", "3", "empty list"),
        ("tools: {psql: {}}\n", "3", "guard understands psql by itself"),
        ("tools: {terraform: {patterns: [{match: '(', effects: read, action: plan}]}}\n", "3", "regular expression"),
        ("mask: [{with: redact}]\n", "3", "names what it masks"),
        ("mask: [{enabled: false, detect: email}]\n", "3", "only a mask with an `id`"),
        ("extends: pack:defualt\n", "3", "did you mean 'default'?"),
        ("tests: [{run: [psql], sql: SELECT 1, expect: deny}]\n", "3", "either `run` or `sql`"),
        ("tests: [{run: [psql], expect: deny, rule: gone}]\n", "3", "no rule is named 'gone'"),
        ("resources: {a: {kind: postgre}}\n", "3", "did you mean 'postgres'?"),
        ("resources: {a: {kind: postgres, port: 70000}}\n", "3", "'port'"),
    ],
)
def test_a_mistake_is_said_in_plain_words_where_it_is(load, body: str, place: str, said: str) -> None:
    found = problems(load, body)
    assert len(found) == 1, found
    assert found[0].startswith(f"main.yaml:{place}:"), found
    assert said in found[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "a policy is a mapping"),
        (b"- a\n", "a policy is a mapping"),
        (b"\xff\xfe", "is not UTF-8"),
        (b"version: 2\nname: x\n", "'2' does not fit 'version'"),
        (b"name: x\n", "'version' is missing"),
        (b"version: 1\n", "'name' is missing"),
    ],
)
def test_a_file_that_is_no_policy_is_refused(text: bytes, said: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        load_policy("p.yaml", lambda source: text)
    assert said in str(raised.value)


def test_a_file_that_cannot_be_read_is_refused_with_advice(tmp_path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read: No such file"):
        load_policy(str(tmp_path / "gone.yaml"))
    with pytest.raises(ConfigurationError, match="did you mean pack:default"):
        load_policy("default", lambda source: read_source("/nonexistent/default"))
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_policy(str(tmp_path))


EXCEPTION = "exceptions:\n  - {id: e, rules: x, match: {%s}, owner: o, reason: r, until: %s}\n"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("lists: {a: &x [b]}\n", "no anchors and aliases"),
        ("lists: {a: &x [b], c: *x}\n", "no anchors and aliases"),
        ('description: "a\\0b"\n', "holds no NUL"),
        ("description: 'a\x1b[31mb'\n", "U+001B is not allowed"),
        (RULE % ("tool: psql, complete: on", "deny"), "'on' is not true or false"),
        (RULE % ("tool: psql, complete: no", "deny"), "'no' is not true or false"),
        (RULE % ("tool: psql, unbounded: 1", "deny"), "'1' is not true or false"),
        ("mask: [{id: a, detect: email, enabled: off}]\n", "'off' is not true or false"),
        ("resources: {a: {kind: postgres, port: 5_432}}\n", "'5_432' is not a whole number"),
        ("resources: {a: {kind: postgres, port: 5432.0}}\n", "'5432.0' is not a whole number"),
        (RULE % ("tool: psql", "approve, approve: {quorum: +2}"), "'+2' is not a whole number"),
        ("approval_wait: \u0663m\n", "a duration is a number"),
        (RULE % ("tool: psql, when: {hours: '\u06600:00-17:00'}", "deny"), "does not fit 'hours'"),
        (RULE % ("tool: psql, when: {until: 1893456000}", "deny"), "is not a day"),
        (RULE % ("tool: psql", "deny") + EXCEPTION % ("tool: psql", "2030-01-01T10:00:00"), "is not a day"),
        (RULE % ("tool: psql, action: DROP TABLE", "deny"), "write 'drop table', not 'DROP TABLE'"),
        (RULE % ("tool: psql, action: 'drop  table'", "deny"), "write 'drop table'"),
        (RULE % ("tool: git, targets: 'table:a/b'", "deny"), "git has no such targets"),
        (RULE % ("tool: kubectl, argv: '^psql -c'", "deny"), "no call of kubectl begins with 'psql'"),
        (RULE % ("tool: kubectl, argv: 'git (push|pull) .*'", "allow"), "no call of kubectl begins with 'git'"),
        (RULE % ("tool: kubectl, argv: '^kubctl delete'", "deny"), "did you mean 'kubectl'?"),
        (
            "resources: {a: {kind: postgres, environment: production}}\n"
            + RULE % ("tool: psql, environment: [prodution, staging]", "deny"),
            "no resource is in the environment 'prodution'; did you mean 'production'?",
        ),
        (RULE % ("tool: psql, targets: ['ref:**', 'object:**']", "deny"), "psql has no such targets"),
        ("resources: {a: {kind: postgres}}\n" + RULE % ("tool: git, resource: a", "deny"), "never reaches"),
        (RULE % ("tool: psql", "deny") + EXCEPTION % ("tool: git", "2030-01-01"), "so it does nothing"),
        (RULE % ("effects: [define]", "deny") + EXCEPTION % ("effects: [read]", "2030-01-01"), "so it does nothing"),
        ("lists: {a: [$b], b: [x]}\n", "a list holds no other list"),
        ("extends: pack:default\nlists: {protected-branchs: [main]}\n", "did you mean 'protected-branches'?"),
        (
            RULE % ("tool: psql, when: {days: mon, from: 2026-03-03, until: 2026-03-05}", "deny"),
            "none of these days is between",
        ),
    ],
)
def test_what_could_be_read_in_two_ways_or_could_never_hold_is_refused(load, body: str, said: str) -> None:
    found = problems(load, body)
    assert len(found) == 1, found
    assert said in found[0]
    assert found[0].split(":")[1] != "0"


@pytest.mark.parametrize(
    "body",
    [
        RULE % ("tool: psql, complete: true", "deny"),
        RULE % ("tool: git, action: ['branch -D', 'push*']", "deny"),
        RULE % ("tool: [git, psql], targets: 'table:a/b'", "deny"),
        RULE % ("tool: '*', targets: ['table:a/b', 'ref:**']", "deny"),
        "resources: {a: {kind: other}}\n" + RULE % ("tool: git, resource: a", "deny"),
        RULE % ("tool: psql", "deny") + EXCEPTION % ("tool: 'p*'", "2030-01-01"),
        "lists: {unused: [main]}\n",
        RULE % ("tool: psql, when: {days: tue, from: 2026-03-03, until: 2026-03-05}", "deny"),
        "description: |\n  two\n  lines\n",
    ],
)
def test_its_plain_twin_is_loaded(load, body: str) -> None:
    assert load(body)


def test_a_pipe_and_a_device_are_no_policies(tmp_path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for source in (str(tmp_path / "fifo"), "/dev/zero"):
        with pytest.raises(ConfigurationError, match="it is no regular file"):
            load_policy(source)


@pytest.mark.parametrize("text", [b"version: 1\r\nname: x\r\n", b"\xef\xbb\xbfversion: 1\nname: x\n"])
def test_how_an_editor_saves_a_file_does_not_matter(text: bytes) -> None:
    assert load_policy("p.yaml", lambda source: text).name == "x"


# How files come together.

BASE = "rules:\n  - {id: a, match: {tool: psql}, decision: deny}\n  - {id: b, match: {tool: git}, decision: deny}\n"


def test_a_rule_with_the_same_id_takes_the_place_of_the_extended_one(load) -> None:
    policy = load("extends: base.yaml\n" + RULE.replace("id: x", "id: a") % ("tool: psql", "approve"), base=BASE)
    assert [(rule.id, rule.verdict.value, rule.source, rule.replaces) for rule in policy.rules] == [
        ("a", "approve", "main.yaml", "base.yaml"),
        ("b", "deny", "base.yaml", ""),
    ]


def test_what_is_named_later_goes_before_and_a_shared_base_counts_once(load) -> None:
    for order in ("[base.yaml, one.yaml]", "[one.yaml, base.yaml]"):
        policy = load(
            f"extends: {order}\n",
            base=BASE,
            one="extends: base.yaml\n" + RULE.replace("id: x", "id: a") % ("tool: psql", "allow"),
        )
        assert {rule.id: rule.verdict.value for rule in policy.rules} == {"a": "allow", "b": "deny"}


def test_lists_resources_tools_and_masks_are_replaced_by_name(load) -> None:
    base = """
lists: {who: [a, b]}
resources: {db: {kind: postgres, host: one}}
tools: {terraform: {patterns: [{match: "^plan", effects: read, action: plan}]}}
approval_wait: 1m
rules: [{id: a, match: {identity: $who, targets: ["table:x/$who"]}, decision: deny}]
mask: [{id: m, detect: email}, {id: n, detect: jwt}]
"""
    policy = load(
        """extends: base.yaml
lists: {who: [c]}
resources: {db: {kind: postgres, host: two}}
mask: [{id: m, enabled: false}, {columns: "*.ssn"}]
""",
        base=base,
    )
    assert policy.rules[0].match.identities == ("c",)
    assert policy.rules[0].match.targets == ("table:x/c",)
    assert [resource.hosts for resource in policy.resources] == [("two",)]
    assert (policy.tools, policy.guarded[-1], policy.approval_wait) == (("terraform",), "terraform", 60.0)
    assert [mask.columns or mask.detect for mask in policy.mask] == [("*.ssn",), ("jwt",)]


def test_a_policy_that_extends_itself_and_one_of_too_many_files_are_refused(load) -> None:
    assert "main.yaml → a.yaml → main.yaml" in problems(load, "extends: a.yaml\n", a="extends: main.yaml\n")[0]
    chain = {f"n{number}": f"extends: n{number + 1}.yaml\n" for number in range(MAX_FILES + 5)}
    assert any(f"at most {MAX_FILES} files" in line for line in problems(load, "extends: n0.yaml\n", **chain))


def test_problems_of_an_extended_file_name_that_file(load) -> None:
    found = problems(load, "extends: base.yaml\nmaks: []\n", base="rulez: []\n")
    assert found[0].startswith("main.yaml:4:1: unknown key 'maks'; did you mean 'mask'?")
    assert found[1].startswith("base.yaml:3:1: unknown key 'rulez'; did you mean 'rules'?")


def test_the_digest_changes_with_what_decides_and_with_nothing_else(load) -> None:
    one = load(BASE)
    assert load("# a comment\n" + BASE + "tests: [{sql: SELECT 1, expect: deny}]\n").digest == one.digest
    for other in (
        BASE.replace("deny", "approve"),
        BASE.replace("tool: git", "tool: ssh"),
        BASE + "mask: [{detect: email}]\n",
        BASE + "resources: {db: {kind: postgres}}\n",
        BASE + "approval_wait: 5s\n",
        "lists: {x: [git]}\n" + BASE.replace("tool: git", "tool: [git, psql]"),
    ):
        assert load(other).digest != one.digest
    assert len(one.digest) == 64


def test_text_of_any_kind_has_a_digest(load) -> None:
    assert load("rules:\n  - {id: a, match: {identity: 'é\\u2028'}, decision: deny}\n").digest


@pytest.mark.parametrize("pack", pack_names())
def test_every_pack_loads_and_tests_both_what_it_stops_and_what_it_lets_through(pack: str) -> None:
    policy = load_policy(f"pack:{pack}")
    assert policy.name == pack
    assert {test.expect.value for test in policy.tests} >= {"allow", "deny"}
    assert len(policy.tests) >= 10


def test_a_group_of_detectors_stands_for_all_of_them(load) -> None:
    policy = load("mask:\n  - {detect: [email, credentials]}\n")
    assert policy.mask[0].detect == ("email", *sorted(CREDENTIAL_DETECTORS))


def test_the_default_pack_masks_every_credential_for_every_tool_and_personal_data_for_some() -> None:
    rules = load_policy("pack:default").mask
    assert {name for rule in rules if not rule.tools for name in rule.detect} == CREDENTIAL_DETECTORS
    assert {name for rule in rules if rule.tools for name in rule.detect} == PERSONAL_DETECTORS


def test_a_mask_has_patterns_and_values_of_its_own_and_lets_some_stay(load) -> None:
    policy = load(
        "lists: {staff: [a@corp.org, b@corp.org]}\n"
        "mask:\n"
        "  - {patterns: {order: 'ORD-[0-9]{4,}'}, deny: hunter2, with: partial}\n"
        "  - {detect: email, allow: $staff, allow_matching: '.*@corp[.]de', decode: [base64, gzip]}\n"
        "  - {allow: [x, y]}\n"
    )
    own, email, only = policy.mask
    assert [(one.name, one.regex) for one in own.patterns] == [("order", "ORD-[0-9]{4,}")]
    assert own.deny == ("hunter2",)
    assert (email.allow, email.allow_matching) == (("a@corp.org", "b@corp.org"), (".*@corp[.]de",))
    assert email.decode == (Encoding.BASE64, Encoding.GZIP)
    assert only.allow == ("x", "y")


@pytest.mark.parametrize("pattern", ["(a", "a(?=b)", "a*"])
def test_a_masking_pattern_that_cannot_serve_is_refused_where_it_stands(load, pattern: str) -> None:
    with pytest.raises(ConfigurationError, match=r"linear time|empty text"):
        load(f"mask:\n  - {{patterns: {{own: '{pattern}'}}}}\n")
