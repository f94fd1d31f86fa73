"""What is judged a plain read is given to real shells: no forbidden program may start and no file may appear.

The programs are stubs that leave a line in a log; `rm` stands for everything that must not run.
"""

from __future__ import annotations

import os
import random
import shlex
import shutil
import string
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from guardcli.inspectors.shell.inspector import inspect_shell
from guardcli.model.effects import Effect

SHELLS = [shell for shell in ("bash", "dash", "busybox sh", "mksh", "zsh") if shutil.which(shell.split()[0])]
STUBS = ("ls", "cat", "rm", "grep", "head", "df", "sh", "r", "m", "x", "a", "xrm", "lsrm")

PIECES = [
    "ls",
    "ls -la",
    "cat a",
    "echo rm",
    "echo 'rm x'",
    'echo "rm x"',
    "rm x",
    "'r'm x",
    "r\\m x",
    "x=rm",
    "x=echo",
    "x=echo &",
    "$x rm",
    "read x < a",
    "eval x=rm",
    "eval 'x''=rm'",
    "unset x",
    "$x",
    "${x}",
    "echo $(ls)",
    "echo `ls`",
    "echo $(rm x)",
    "echo `rm x`",
    'echo "$(rm x)"',
    'echo "a $x b"',
    "cat <<E\nrm x\nE\n",
    "cat <<'E'\n$(rm x)\nE\n",
    "cat <<E\n$(rm x)\nE\n",
    "cat <<-E\n\trm x\n\tE\n",
    "cat <<< 'rm x'",
    "{ ls; }",
    "(ls)",
    "if ls; then rm x; fi",
    "for i in a b; do ls; done",
    "while false; do rm x; done",
    "case a in a) ls;; rm) df;; esac",
    "f() { ls; }",
    "f",
    "ls() { rm x; }",
    "# rm x",
    "echo \\# rm",
    "echo a#rm",
    "[[ a == b ]]",
    "[[ a == b || -f rm ]]",
    "[[ a == b || rm == x ]]",
    "[[ a =~ (x|rm) ]]",
    "[[ a < rm ]]",
    "((rm))",
    "((x=1))",
    "a=(ls rm)",
    "export a=$x",
    "export a=b",
    "declare a=b",
    "local a=b",
    "ls &> /dev/null",
    "ls |& cat",
    "function rm { ls; }",
    "rm() { ls; }",
    "select a in rm; do ls; done",
    "for ((i=0;i<2;i++)); do ls; done",
    "for a in rm x; do echo $a; done",
    'echo $"rm"',
    "echo ${x//r/m}",
    "echo ${x:0:2}",
    "coproc ls",
    "read a",
    "printf rm",
    "set -- rm x",
    "unset a",
    "ls -la |\n head",
    "case rm in r*) ls;; esac",
    "case $x in (a) rm x;; esac",
    "[ a = b ]",
    "echo $((1+2))",
    "echo ${x:-rm}",
    "echo ${x#rm}",
    "echo {a,rm}",
    "echo *",
    "echo 'a'\\''rm'",
    "echo $'a\\nrm'",
    "ls 2>&1",
    "ls <a",
    "ls \\\n -l",
    "eval ls",
    "eval 'ls; ls'",
    "sh -c 'ls'",
    "! ls",
    "time ls",
    "exec ls",
    "command ls",
    "trap 'ls' EXIT",
    "a=1 ls",
    'echo "`rm`"',
    'echo "\\$(rm x)"',
    "echo '\"$(rm x)'",
]
SEPARATORS = ["; ", "\n", " && ", " || ", " | ", " & ", "", " ", ";", "|", "\\\n"]
CHARACTERS = [
    *"'\"`\\$(){}[]<>|&;#!*?=~ \t\n-rmx",
    "$(",
    "${",
    "<<",
    "<<<",
    "$'",
    "((",
    "))",
    "\\\n",
    "rm x",
    "E",
    "\nE\n",
]


def generated(chance: random.Random) -> str:
    """Return a text of some pieces with some characters put in, taken out or doubled."""
    text = chance.choice(PIECES)
    for _ in range(chance.randrange(3)):
        text += chance.choice(SEPARATORS) + chance.choice(PIECES)
    for _ in range(chance.choice([0, 1, 1, 2, 3])):
        place = chance.randrange(len(text) + 1)
        kind = chance.randrange(3)
        if kind == 0:
            text = text[:place] + chance.choice(CHARACTERS) + text[place:]
        elif kind == 1:
            text = text[:place] + text[place + 1 :]
        else:
            text = text[:place] + text[max(place - 2, 0) :]
    return text


def is_plain_read(text: str) -> bool:
    return all(found.complete and found.effects <= {Effect.READ, Effect.SESSION} for found in inspect_shell(text))


@pytest.fixture
def run(tmp_path: Path) -> Callable[[str, str], tuple[set[str], set[str]]]:
    """Return a function that runs a text in a shell and returns the programs started and the files left behind."""
    programs, place, log = tmp_path / "programs", tmp_path / "place", tmp_path / "log"
    programs.mkdir()
    for name in STUBS:
        stub = programs / name
        stub.write_text(f'#!/bin/sh\necho "${{0##*/}}" >> {log}\n')
        stub.chmod(0o755)

    def _run(shell: str, text: str) -> tuple[set[str], set[str]]:
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        (place / "a").write_text("rm x\n")
        log.write_text("")
        process = subprocess.Popen(
            [str(shutil.which(shell.split()[0])), *shell.split()[1:], "-c", text],
            cwd=place,
            env={"PATH": str(programs), "HOME": str(place)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=5)
        with suppress(ProcessLookupError):  # a text may leave a loop in the background
            os.killpg(process.pid, 9)
        process.wait()
        return set(log.read_text().split()), set(os.listdir(place)) - {"a"}

    return _run


@pytest.mark.parametrize("shell", SHELLS)
def test_no_plain_read_starts_a_forbidden_program_or_leaves_a_file(
    shell: str, run: Callable[[str, str], tuple[set[str], set[str]]]
) -> None:
    chance = random.Random(int(os.environ.get("SHELL_ORACLE_SEED", "20")))
    judged = 0
    for _ in range(int(os.environ.get("SHELL_ORACLE_TEXTS", "250"))):
        text = generated(chance)
        if "\0" in text or not is_plain_read(text):
            continue
        judged += 1
        started, files = run(shell, text)
        assert not started & {"rm", "xrm", "lsrm"}, text
        assert not files, text
    assert judged > 10


@pytest.mark.parametrize("shell", SHELLS)
def test_the_oracle_itself_sees_what_must_not_happen(
    shell: str, run: Callable[[str, str], tuple[set[str], set[str]]]
) -> None:
    assert run(shell, "r''m x") == ({"rm"}, set())
    assert run(shell, "ls > b") == ({"ls"}, {"b"})


PROGRAMS = """
sort uniq sed awk mawk gawk find tar xargs tee dd cut head tail tr shuf xxd od gzip zcat bzip2 xz grep diff
sdiff cmp file ls cat wc tac nl paste join comm base64 md5sum env nice timeout nohup stdbuf sh printf test
echo seq ptx pr fold expand fmt split csplit truncate touch cp mv ln busybox jq bc tree column rev tsort
basename realpath stat date iconv patch zip unzip git objdump strings nm openssl dirname readlink command exec
eval time setsid watch flock getent who id locate
""".strip().split("\n")
PROGRAM = [name for line in PROGRAMS for name in line.split(" ")]
PLAIN_ARGUMENTS = """
-no -uo -ni -io -ou -fo -cf -tf -xf -czf -dk -oout -ofx -Ei -si -zi --output=out --output --out=out --in-place --in-p
--create --file=out --compress-program=./run --use-compress-program=./run --checkpoint=1
--checkpoint-action=exec=./run -delete -exec -execdir -ok {} ; + -fprint -fls -fprintf -name -type -print f g
out f.gz a.tar . - -- 1 2 %p x of=out if=f count=1 touch rm s/a/b/ s/a/b/e p d /a/p $!d e {print} NR>1 ls cat
status log diff --shell -c ./run A=1 PATH=. sort uniq sh $x --text --expression=p
"""
ARGUMENTS = [
    *(f"-{letter}" for letter in string.ascii_letters + "0123"),
    *PLAIN_ARGUMENTS.replace("\n", " ").strip().split(" "),
    "--to-command=touch out",
    "s/a/b/w out",
    "w out",
    "1w out",
    "1e touch out",
    "/a/w out",
    '{print > "out"}',
    "{print $1}",
    'BEGIN{system("touch out")}',
    '{print | "cat > out"}',
    '/a/{print}/"/{print > "out"}',
    'BEGIN{"touch out"|getline}',
    "touch out",
    "ls; touch out",
]


def command_line(chance: random.Random) -> str:
    words = [chance.choice(PROGRAM), *chance.choices(ARGUMENTS, k=chance.randrange(6))]
    return shlex.join(words).replace("'$x'", "$x")


def snapshot(place: Path) -> dict[str, object]:
    """Return everything in a directory that a program could have changed."""
    found: dict[str, object] = {}
    for path in place.rglob("*"):
        status = path.lstat()
        content = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        found[str(path.relative_to(place))] = (status.st_mode, status.st_nlink, status.st_mtime_ns, content)
    return found


def test_no_plain_read_of_a_real_program_changes_a_file(tmp_path: Path) -> None:
    chance = random.Random(int(os.environ.get("SHELL_ORACLE_SEED", "20")))
    place = tmp_path / "place"
    place.mkdir()
    (place / "f").write_text("a b\nc d\n")
    (place / "g").write_text("a\n")
    (place / "run").write_text("#!/bin/sh\ntouch ran\n")
    (place / "run").chmod(0o755)
    subprocess.run(["sh", "-c", "gzip -k f && tar cf a.tar f g"], cwd=place, check=True)
    before, judged = snapshot(place), 0
    environment = {"PATH": os.environ["PATH"], "HOME": str(place), "TMPDIR": str(tmp_path), "TERM": "dumb"}
    for _ in range(int(os.environ.get("SHELL_ORACLE_TEXTS", "300"))):
        text = command_line(chance)
        if not is_plain_read(text):
            continue
        judged += 1
        shell = ["timeout", "-s", "KILL", "2", "bash", "-c", text]
        subprocess.run(shell, cwd=place, env=environment, capture_output=True, stdin=subprocess.DEVNULL, check=False)
        assert snapshot(place) == before, text
    assert judged > 10
