"""Variables and files for the process of a tool: there, nowhere else, and never in what it prints."""

from __future__ import annotations

import base64
import hashlib
import shutil
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.usefixtures("cold")

POLICY = """
version: 1
name: equipped
tools:
  cloud:
    patterns: [{match: ".*", effects: [read], action: run}]
    credentials:
      - {env: CLOUD_KEY, from: "env:OUTER_KEY"}
      - {file: CLOUD_FILE, from: "file:SECRETS/cloud.ini"}
    environment: {set: {CLOUD_URL: "https://cloud.example"}, drop: ["CLOUD_*", "EVIL"]}
  hushed:
    patterns: [{match: ".*", effects: [read], action: run}]
    credentials: [{env: CLOUD_KEY, from: "env:OUTER_KEY"}]
  held:
    patterns: [{match: ".*", effects: [read], action: run}]
    credentials: [{env: CLOUD_KEY, from: "env:OUTER_KEY"}, {file: CLOUD_FILE, from: "file:SECRETS/cloud.ini"}]
  broken:
    patterns: [{match: ".*", effects: [read], action: run}]
    credentials: [{env: CLOUD_KEY, from: "env:NOT_SET_ANYWHERE"}]
rules:
  - {id: hushed, match: {tool: hushed}, decision: allow, record: command}
  - {id: all, match: {tool: "*"}, decision: allow}
"""
KEY = "s3cr3t-Key-0099"
INI = "[default]\nsecret_access_key = wJalrXUtnFEMI/K7MDENG+bPxRfiCY\nregion = eu-1\n"


@pytest.fixture
def equipped(shared_sandbox):
    secrets = shared_sandbox.root / "secrets"
    secrets.mkdir(mode=0o700)
    (secrets / "cloud.ini").write_text(INI)
    (secrets / "cloud.ini").chmod(0o600)
    shared_sandbox.policy.write_text(POLICY.replace("SECRETS", str(secrets)))
    for tool, program in (("cloud", "env"), ("hushed", "env"), ("broken", "env"), ("held", "cat")):
        shutil.copy(shutil.which(program), shared_sandbox.bin / tool)
    shared_sandbox.env["OUTER_KEY"] = KEY
    return shared_sandbox


@pytest.mark.parametrize("mode", ["off", "require"])
def test_the_tool_has_them_and_prints_none_of_them(equipped, mode: str) -> None:
    digest = 'printf %s "$CLOUD_KEY" | md5sum; md5sum < $CLOUD_FILE; stat -Lc %a $CLOUD_FILE; echo $CLOUD_URL $CLOUD_OLD $EVIL $KEPT'
    show = "env; echo $CLOUD_KEY | base64; sh -c 'echo child $CLOUD_KEY'; grep . $CLOUD_FILE"
    (equipped.work / "show").write_text(show)
    text = f"""
        export CLOUD_OLD=x EVIL=x KEPT=kept CLOUD_URL=https://evil.example
        cloud sh -c '{digest}'; echo "####"; cloud sh show; hushed env | grep CLOUD_KEY
        echo "####"; export -p | grep -c -e CLOUD_KEY -e 's3c.*0099' -e OUTER; broken env; echo $?
    """
    done = equipped.script(text, options=[f"--isolate={mode}"])
    told, shown, rest = done.stdout.split("####\n")
    sums = [hashlib.md5(data.encode()).hexdigest() for data in (KEY, INI)]
    assert [line.split()[0] for line in told.splitlines()] == [*sums, "600", "https://cloud.example"], done.stderr
    assert told.splitlines()[-1].split() == ["https://cloud.example", "kept"]
    assert rest.split() == ["0", "69"] and "the variable NOT_SET_ANYWHERE is not set" in done.stderr
    assert shown.count("CLOUD_KEY=[VALUE]\n") == 2 and "child [VALUE]\n" in shown and "region = eu-1" in shown
    for value in (KEY, "wJalrXUtnFEMI", base64.b64encode(KEY.encode()).decode()[:16]):
        assert value not in done.stdout + done.stderr
    lent = [event["data"] for event in equipped.events(type="lent")]
    assert {(one["resource"], one["what"]) for one in lent} == {
        ("cloud", "the variable CLOUD_KEY"),
        ("cloud", "the file CLOUD_FILE"),
        ("hushed", "the variable CLOUD_KEY"),
    }
    assert KEY not in str(equipped.events())


def test_inside_nobody_sees_the_environment_or_the_files_of_the_tool(equipped) -> None:
    """The same user, the same namespace: what the kernel shows of a program that can be run and not read."""
    look = (
        "import glob,os\nfound=[]\nfor path in glob.glob('/proc/[0-9]*/environ')+glob.glob('/proc/[0-9]*/fd/*'):\n"
        " try: fd=os.open(path,os.O_RDONLY|os.O_NONBLOCK); found.append(os.read(fd,1<<20))\n except OSError: pass\n"
        f"print('seen' if any(b'{KEY}' in one or b'wJalr' in one for one in found) else 'hidden', len(found) > 0)\n"
    )
    (equipped.work / "look.py").write_text(look)
    text = f"""
        mkfifo hold; held < hold > said & exec 3> hold; echo ready >&3
        while ! grep -q ready said; do sleep 0.05; done; {sys.executable} look.py
    """
    done = equipped.script(text, options=["--isolate=require"])
    assert done.stdout == "hidden True\n", done.stderr


def test_the_value_is_in_no_file_of_guards(equipped) -> None:
    equipped.script("cloud env; true")
    for path in Path(equipped.root).rglob("*"):
        if path.is_file() and path.name != "cloud.ini":
            assert KEY.encode() not in path.read_bytes(), path
