"""Which sed and awk scripts are plain; what is called plain is also run, to see that it leaves nothing behind."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from pathlib import Path

import pytest

from guardcli.inspectors.shell.scripts import MAX_SCRIPT, awk_is_plain, sed_is_plain

SED = [
    ("p", True),
    ("1,20p", True),
    ("$d", True),
    ("$!d", True),
    ("/a/,/b/p", True),
    ("/[0-9]/p", True),
    ("s/a/b/", True),
    ("s/a/b/gI", True),
    ("s|/a|/b|2", True),
    ("s/[0-9]\\+/N/", True),
    ("s/a\\/w/b/", True),
    ("y/abc/xyz/", True),
    ("1{p;q}", True),
    (":a;N;$!ba;s/\\n/ /g", True),
    ("i hello", True),
    ("# w out", True),
    ("", True),
    ("w out", False),
    ("1w out", False),
    ("/a/w out", False),
    ("p;w out", False),
    ("p\nw out", False),
    ("{w out\n}", False),
    ("s/a/b/w out", False),
    ("s/a/b/gw out", False),
    ("s/a/b/e", False),
    ("s/a/b/ge", False),
    ("e", False),
    ("1e touch out", False),
    ("s/[/]/x/;e", False),
    ("s/[/]w out/x/", False),
    ("i a\\\nb\ne touch out", False),
    ("# x\nw out", False),
    ("W out", False),
    ("{p", False),
    ("p" + ";p" * MAX_SCRIPT, False),
]

AWK = [
    ("{print}", True),
    ("{print $1, $NF}", True),
    ("$3 > 10", True),
    ("$3>10{print $1}", True),
    ("NR==1 || /a|b/", True),
    ("/a\\/b/ {n++} END {print n}", True),
    ('BEGIN{FS=":"} {print $1}', True),
    ("{s+=$1} END {print s/NR}", True),
    ("{if ($1 > 2) print}", True),
    ('{printf "%s > %s | %s\\n", $1, $2, $3}', True),
    ("{a[$1]++} END {for (k in a) print k, a[k]}", True),
    ("# system(1)\n{print}", True),
    ('{gsub(/"/, ""); print}', True),
    ('{print > "out"}', False),
    ('{print >> "out"}', False),
    ('{print | "cat"}', False),
    ('{print |& "cat"}', False),
    ('BEGIN{system("x")}', False),
    ('BEGIN{system ("x")}', False),
    ('BEGIN{"x" | getline}', False),
    ('{getline < "x"}', False),
    ('(1) /"/ {system("x")} /"/', False),
    ('{print /"/ > "out" /"/}', False),
    ('@load "x"\n{print}', False),
    ('BEGIN{f="system"; @f("x")}', False),
    ("function f(a) {print}", False),
    ('{close("x")}', False),
    ("{print", False),
    ("}{", False),
    ("{print}" * MAX_SCRIPT, False),
]


@pytest.mark.parametrize(("script", "plain"), SED)
def test_sed(script: str, plain: bool) -> None:
    assert sed_is_plain(script) is plain


@pytest.mark.parametrize(("program", "plain"), AWK)
def test_awk(program: str, plain: bool) -> None:
    assert awk_is_plain(program) is plain


SIGNS = list('/;{}[]()!$1,|\\#">+~agIiypd')
SED_PARTS = [*SIGNS, "\n", "w out", "e touch out", "s/a/b/", "/a/", "e", "w", "W", ":", "s"]
AWK_PARTS = [*SIGNS, "\n", '"out"', '"touch out"', "print", "system", "getline", "BEGIN", "in", "&&", "/a/", "$1"]


def mixed(chance: random.Random, parts: list[str], whole: list[str]) -> str:
    text = chance.choice(whole)
    for _ in range(chance.randrange(6)):
        place = chance.randrange(len(text) + 1)
        text = text[:place] + chance.choice(parts) + text[place + chance.randrange(2) :]
    return text


@pytest.mark.parametrize(
    ("tool", "options"),
    [("sed", []), ("sed", ["-E"]), ("gawk", []), ("mawk", []), ("busybox", ["sed"]), ("busybox", ["awk"])],
    ids=str,
)
def test_a_plain_script_leaves_no_file(tool: str, options: list[str], tmp_path: Path) -> None:
    if shutil.which(tool) is None:
        pytest.skip(f"needs {tool}")
    chance = random.Random(int(os.environ.get("SHELL_ORACLE_SEED", "11")))
    sed = "sed" in (tool, *options)
    whole = [script for script, _ in (SED if sed else AWK) if len(script) < 200]
    (tmp_path / "f").write_text('a b 1\n"touch out" / a\nx w out\n')
    for _ in range(int(os.environ.get("SHELL_ORACLE_TEXTS", "400"))):
        script = mixed(chance, SED_PARTS if sed else AWK_PARTS, whole)
        if not (sed_is_plain(script) if sed else awk_is_plain(script)):
            continue
        command = ["timeout", "-s", "KILL", "2", tool, *options, script, "f"]
        subprocess.run(command, cwd=tmp_path, capture_output=True, stdin=subprocess.DEVNULL, check=False)
        assert os.listdir(tmp_path) == ["f"], script
