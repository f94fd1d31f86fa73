"""The command line as kubectl itself takes it apart."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from inspectors.tables import over

from guardcli.inspectors.kubectl import flags
from guardcli.inspectors.kubectl.flags import Value, parse
from guardcli.inspectors.kubectl.verbs import judge_for

TABLE = json.loads((Path(flags.__file__).parent / "data" / "flags.json").read_text())


@over("command", sorted(set(TABLE["commands"]) - {"", "exec"}))
def test_every_command_of_the_table_has_a_judge(command: str) -> None:
    assert judge_for(command) is not None


def values(line: str, flag: str) -> list[str]:
    return [value.text for value in parse(line.split()).values(flag)]


@pytest.mark.parametrize(
    ("line", "command", "words"),
    [
        ("get pods", "get", ("pods",)),
        ("-n delete get pods", "get", ("pods",)),
        ("--namespace=delete get pods", "get", ("pods",)),
        ("-ndelete get pods", "get", ("pods",)),
        ("--all get delete pods", "delete", ("get", "pods")),
        ("--warnings-as-errors get delete pods", "get", ("delete", "pods")),
        ("rollout -n x restart deploy/x", "rollout restart", ("deploy/x",)),
        ("top po x", "top pod", ("x",)),
        ("create cm x", "create configmap", ("x",)),
        ("config use x", "config use-context", ("x",)),
        ("rollout whatever x", "rollout", ("whatever", "x")),
        ("delete pods --dry-run client", "delete", ("pods", "client")),
        ("exec x -- sh -c y", "exec", ("x", "sh", "-c", "y")),
        ("-- get pods", "", ("get", "pods")),
        ("-h get pods", "", ("get", "pods")),
        ("get - x", "get", ("-", "x")),
    ],
)
def test_the_command_is_found_as_cobra_finds_it(line: str, command: str, words: tuple[str, ...]) -> None:
    found = parse(line.split())
    assert (found.command, found.words) == (command, words)


@pytest.mark.parametrize(
    ("line", "flag", "expected"),
    [
        ("get -nx", "namespace", ["x"]),
        ("get -n=x", "namespace", ["x"]),
        ("get -n x", "namespace", ["x"]),
        ("get -n=", "namespace", ["="]),
        ("get --namespace=", "namespace", [""]),
        ("get --namespace --all", "namespace", ["--all"]),
        ("get -wAn x", "namespace", ["x"]),
        ("get -wAnx", "namespace", ["x"]),
        ("get -An=x", "namespace", ["x"]),
        ("get -A=false", "all-namespaces", ["false"]),
        ("get --all_namespaces", "all-namespaces", ["true"]),
        ("get -n a -n b", "namespace", ["a", "b"]),
        ("get -- -n x", "namespace", []),
        ("logs -f x", "follow", ["true"]),
        ("apply -f x", "filename", ["x"]),
    ],
)
def test_values_are_taken_as_pflag_takes_them(line: str, flag: str, expected: list[str]) -> None:
    assert values(line, flag) == expected


def test_a_value_knows_where_it_stands() -> None:
    assert parse(["apply", "-Rfx"]).values("filename") == (Value("x", 2, "-Rf"),)
    assert parse(["-n", "a", "apply", "--filename=x"]).values("filename") == (Value("x", 4, "--filename="),)
    assert parse(["delete", "--dry-run"]).values("dry-run") == (Value("true", 2, "--dry-run", given=False),)


FAULTS = [
    ("get --whatever", True),
    ("get -Z", True),
    ("get -n", True),
    ("get --namespace", True),
    ("get --nam x", True),
    ("get ---n x", True),
    ("get --=x", True),
    ("get -AZ", True),
    ("delete --filename", True),
    ("get -A", False),
    ("delete --dry-run", False),
    ("delete --cascade", False),
    ("get --all-namespaces=true", False),
    ("get --show_labels", False),
    ("apply --validate", False),
    ("exec x -it", False),
]


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="needs kubectl")
@pytest.mark.parametrize(("line", "faulty"), FAULTS, ids=[line for line, _ in FAULTS])
def test_what_kubectl_does_not_take_is_a_problem_and_nothing_else(tmp_path: Path, line: str, faulty: bool) -> None:
    command, *rest = line.split()
    done = subprocess.run(
        ["kubectl", command, "--help", *rest],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
    )
    assert (done.returncode != 0) is faulty
    assert bool(parse(line.split()).problem) is faulty
