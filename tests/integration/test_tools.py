"""The real tools against real servers, under the policy that ships."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from integration.servers import postgres, sshd

BIG = int(os.environ.get("GUARD_TEST_REPOSITORY_MB", "24"))
"""Size of the repository that goes over ssh; scripts/soak makes it larger."""


@pytest.fixture
def sandbox(shared_sandbox):
    """Nothing here looks at what other tests left in the record."""
    return shared_sandbox


@pytest.fixture
def default(sandbox):
    """A sandbox under the default pack."""
    sandbox.env["GUARD_POLICY"] = "pack:default"
    (sandbox.root / ".gitconfig").write_text("[user]\nname = A\nemail = a@corp.io\n[init]\ndefaultBranch = main\n")
    return sandbox


@pytest.fixture(scope="module")
def database():
    with postgres() as env:
        sql = (
            "CREATE TABLE people (id int PRIMARY KEY, email text, card text);"
            "INSERT INTO people SELECT n, 'person' || n || '@corp.io', '4111 1111 1111 1111' FROM generate_series(1, 500) n"
        )
        subprocess.run(["psql", "-q", "-v", "ON_ERROR_STOP=1", "-c", sql], env={**os.environ, **env}, check=True)
        yield env


def count(database) -> str:
    answer = subprocess.run(
        ["psql", "-At", "-c", "SELECT count(*) FROM people"],
        env={**os.environ, **database},
        capture_output=True,
        text=True,
    )
    return answer.stdout.strip()


def test_psql_reads_and_what_it_reads_is_masked(default, database):
    default.env.update(database)
    done = default.run("psql", "-At", "-c", "SELECT * FROM people WHERE id = 7")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("7|") and "@corp.io" not in done.stdout and "4111" not in done.stdout


@pytest.mark.parametrize(
    "script",
    [
        "psql -c 'DROP TABLE people'",
        "psql -c 'SELECT 1; DROP TABLE people'",
        "echo 'DROP TABLE people' | psql",
        "echo 'DROP TABLE people' > f.sql; psql -f f.sql",
        "psql -c 'TRUNCATE people'",
        "psql -c 'DELETE FROM people'",
        "psql -c 'WITH d AS (DELETE FROM people RETURNING *) SELECT * FROM d'",
        "psql -c '\\! touch ran'",
        "psql -c \"COPY people TO PROGRAM 'touch ran'\"",
        "psql <<'X'\nSELECT 1;\nDROP TABLE people;\nX",
    ],
)
def test_psql_cannot_destroy(default, database, script):
    default.env.update(database)
    before = count(database)
    done = default.script(script, options=["--approval-wait", "0"])
    assert done.returncode in (77, 75), done.stdout + done.stderr
    assert count(database) == before == "500"
    assert not (default.work / "ran").exists()


def test_psql_reads_from_standard_input_as_without_guard(default, database):
    default.env.update(database)
    done = default.script(
        "printf 'SELECT 40 + 2;\\nSELECT 1;' | psql -At; echo 'SELECT 5' > q.sql; psql -At -f q.sql; psql -At < q.sql"
    )
    assert done.stdout == "42\n1\n5\n5\n", done.stderr


def test_every_byte_is_there_when_psql_has_ended(default, database):
    default.env.update(database)
    rounds = int(os.environ.get("GUARD_TEST_ROUNDS", "25"))
    script = (
        f"for i in $(seq {rounds}); do psql -At -c \"SELECT repeat('x', 300000)\" > f; wc -c < f; done | sort | uniq -c"
    )
    assert default.script(script, timeout=900).stdout.split() == [str(rounds), "300001"]


def test_a_file_that_changes_after_the_judgement_gains_nothing(default, database):
    default.env.update(database)
    (default.work / "safe.sql").write_text("SELECT 'safe';\n")
    (default.work / "evil.sql").write_text("SELECT 'evil'; CREATE TABLE evil ();\n")
    program = """
import os, subprocess, threading
stop = False
def swap():
    n = 0
    while not stop:
        n += 1
        os.link("evil.sql" if n % 2 else "safe.sql", f"t{n}"); os.replace(f"t{n}", "f.sql")
open("f.sql", "w").write("SELECT 'safe';")
t = threading.Thread(target=swap); t.start()
seen = set()
for _ in range(12):
    done = subprocess.run(["psql", "-At", "-f", "f.sql"], capture_output=True, text=True)
    seen.add((done.returncode, done.stdout))
stop = True; t.join()
print(sorted(seen))
"""
    done = default.python(program)
    assert "evil" not in done.stdout, done.stdout
    answer = subprocess.run(
        ["psql", "-At", "-c", r"\dt evil"], env={**os.environ, **database}, capture_output=True, text=True
    )
    assert "public" not in answer.stdout


def test_git_works_as_usual(default):
    done = default.script(
        "git init -q r && cd r && echo hi > f && git add f && git commit -qm 'rm -rf / and DROP TABLE' && git log --format='%an %ae %s'"
        " && git branch x && git status --short && git diff HEAD"
    )
    assert (done.returncode, done.stdout) == (0, "A a@corp.io rm -rf / and DROP TABLE\n"), done.stderr


def test_a_force_push_is_stopped_and_a_push_is_not(default):
    setup = "git init -q --bare up.git; git init -q r; cd r; git remote add origin ../up.git; echo 1 > f; git add f; git commit -qm one; "
    subprocess.run(["sh", "-ec", setup + "git push -q origin main"], cwd=default.work, env=default.env, check=True)
    done = default.script(
        "cd r; git checkout -q -b work; echo 2 > f; git commit -qam two; git push -q origin work; echo $?;"
        "git commit -q --amend -m rewritten; git push -q --force origin work; echo $?; git push -q --force origin work:main; echo $?",
        options=["--approval-wait", "0"],
    )
    assert done.stdout.split() == ["0", "75", "77"], done.stderr


@pytest.fixture(scope="module")
def box(tmp_path_factory):
    with sshd(tmp_path_factory.mktemp("sshd")) as options:
        yield options


@pytest.fixture
def remote(default, box):
    """The default sandbox, whose ssh knows the host ``box``."""
    directory = default.root / ".ssh"
    directory.mkdir(mode=0o700)
    (directory / "config").write_text(Path(box["config"]).read_text())
    # ssh looks up the home directory in the password database, not in HOME: the real ssh gets the configuration here
    default.tool("ssh", f'#!/bin/sh\nexec /usr/bin/ssh -F {directory}/config "$@"\n')
    return default


def test_ssh_runs_what_reads_and_stops_what_destroys(remote):
    victim = remote.work / "victim"
    victim.write_text("x")
    done = remote.script(
        f"ssh box 'ls {remote.work}'; echo $?; ssh box 'rm -f {victim}'; echo $?; ssh box 'ls; touch {remote.work}/ran'; echo $?",
        options=["--approval-wait", "0"],
    )
    lines = done.stdout.split()
    assert lines[0:2] == ["victim", "0"] and set(lines[2:]) <= {"75", "77"}, done.stderr
    assert victim.exists() and not (remote.work / "ran").exists()


def test_a_large_repository_over_ssh_arrives_identical(remote):
    make = (
        "git init -q -b work src; cd src; git remote add origin ssh://box$PWD/../up.git; for i in 1 2 3 4; do head -c "
        f"{BIG << 18} /dev/urandom > b$i; git add b$i; git commit -qm $i; done; echo -n bob@corp.io > mail; git add mail; git commit -qm mail;"
        "cd ..; git init -q --bare up.git; git --git-dir up.git symbolic-ref HEAD refs/heads/work"
    )
    subprocess.run(["sh", "-ec", make], cwd=remote.work, env=remote.env, check=True)
    work = remote.work
    done = remote.script(
        f"cd src && git push -q origin work && cd .. && git clone -q ssh://box{work}/up.git copy && cd copy"
        " && git fsck --no-progress && git rev-parse HEAD && cat mail",
        timeout=600,
    )
    tip = subprocess.run(
        ["git", "-C", "src", "rev-parse", "HEAD"], cwd=work, env=remote.env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [tip.stdout.strip(), "bob@corp.io"]
    calls = {event["data"]["tool"]: event["data"] for event in remote.events(type="judged")}
    assert calls["ssh"]["parent"] == "git"
    ended = [event["data"]["streams"]["stdout"]["bytes"] for event in remote.events(type="ended")]
    assert max(ended) > BIG << 20


def test_a_hook_that_pushes_by_itself_is_judged_as_the_agent(remote):
    make = "git init -q --bare up.git; git init -q r; cd r; echo 1 > f; git add f; git commit -qm one; git remote add origin ssh://box$PWD/../up.git"
    subprocess.run(["sh", "-ec", make], cwd=remote.work, env=remote.env, check=True)
    hook = remote.work / "r" / ".git" / "hooks" / "pre-commit"
    hook.write_text("#!/bin/sh\nssh box git-receive-pack /tmp; echo $? > ../status\n")
    hook.chmod(0o755)
    remote.script("cd r; echo 2 > f; git commit -qam two", options=["--approval-wait", "0"])
    assert (remote.work / "status").read_text().strip() in ("75", "77")
