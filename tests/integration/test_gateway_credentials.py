"""Where the credential of a gateway is: nowhere that an agent, the record or an answer would show it."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from integration.guarded import PASSWORD, Database

pytestmark = pytest.mark.usefixtures("cold")

SEARCH = """
import os, psycopg, stat, subprocess, sys, threading, time
recent = time.time() - 3600  # what is older holds nothing of this run
needle = bytes(int(x) for x in sys.argv[1].split(','))
found = []
def look(path):
    try:
        with open(path, 'rb') as f: data = f.read(4_000_000)
    except OSError: return
    if needle in data: found.append(path)
def tree():
    for pid in filter(str.isdigit, os.listdir('/proc')):
        try: environ = open(f'/proc/{pid}/environ', 'rb').read()
        except OSError: continue
        if needle in environ: found.append(f'/proc/{pid}/environ')
        look(f'/proc/{pid}/cmdline')
rounds = []
def work():
    for _ in range(12):
        with psycopg.connect(os.environ['DATABASE_URL']) as c: c.execute('SELECT count(*) FROM orders')
        subprocess.run(['psql', '-XAtc', 'SELECT 1', os.environ['DATABASE_URL']], capture_output=True)
        rounds.append(1)
threads = [threading.Thread(target=work) for _ in range(2)]
for t in threads: t.start()
tree()
assert not any(needle in f'{k}={v}'.encode() for k, v in os.environ.items())
for root in (os.environ['GUARD_STATE_DIR'], os.environ['GUARD_RUNTIME_DIR'], '/tmp', '/dev/shm', os.getcwd()):
    for path, _, names in os.walk(root):
        for name in names:
            full = os.path.join(path, name)
            try: known = os.lstat(full)
            except OSError: continue
            if stat.S_ISREG(known.st_mode) and known.st_mtime > recent and full not in sys.argv[2:]: look(full)
while any(t.is_alive() for t in threads):
    tree()
    time.sleep(0.02)
for t in threads: t.join()
assert len(rounds) == 24
found = sorted(set(found))
print('found in', [p for p in found if not p.startswith(f'/proc/{os.getpid()}')])
"""


def test_the_credential_is_nowhere_that_an_agent_looks_while_it_is_busy(guarded: Any, database: Database) -> None:
    sandbox = guarded()
    secret = sandbox.root / "password"
    program = sandbox.root / "search.py"
    program.write_text(SEARCH)
    spelled = ",".join(str(byte) for byte in PASSWORD.encode())
    done = sandbox.run(sys.executable, str(program), spelled, str(secret), timeout=600)
    assert done.stdout == "found in []\n", done.stdout + done.stderr
    assert PASSWORD not in done.stdout + done.stderr


def test_the_record_and_the_logs_hold_no_credential(guarded: Any, database: Database) -> None:
    sandbox = guarded()
    sandbox.script("psql -XAtc 'SELECT 1' \"$DATABASE_URL\"")
    shown = "".join(str(event) for event in sandbox.events())
    assert "SELECT 1" in shown and PASSWORD not in shown
    for path in (sandbox.root / "state").rglob("*"):
        if path.is_file():
            assert PASSWORD.encode() not in path.read_bytes(), path


def test_a_credential_from_the_environment_is_guards_alone(guarded: Any, database: Database) -> None:
    sandbox = guarded()
    text = sandbox.policy.read_text()
    file = text.partition('credential: "')[2].partition('"')[0]
    sandbox.policy.write_text(text.replace(file, "env:ORDERS_PASSWORD"))
    sandbox.env["ORDERS_PASSWORD"] = PASSWORD
    done = sandbox.python(
        "import os, psycopg\n"
        "pid, shown = os.getppid(), b''\n"
        "while pid > 1:\n"
        "    shown += b'|' + open(f'/proc/{pid}/environ', 'rb').read() if b'guardcli' in "
        "open(f'/proc/{pid}/cmdline', 'rb').read() else b''\n"
        "    pid = int(open(f'/proc/{pid}/stat').read().rpartition(')')[2].split()[1])\n"
        "print('ORDERS_PASSWORD' in os.environ, b'battery' in shown, b'ORDERS_PASSWORD=' in shown)\n"
        "with psycopg.connect(os.environ['DATABASE_URL']) as c: print(c.execute('SELECT 1').fetchone())\n"
    )
    assert done.stdout == "False False True\n(1,)\n", done.stdout + done.stderr


def test_a_credential_that_is_not_there_is_told_to_the_client_with_what_to_do(guarded: Any, database: Database) -> None:
    sandbox = guarded()
    (sandbox.root / "password").unlink()
    done = sandbox.script("psql -XAtc 'SELECT 1' \"$DATABASE_URL\"; echo $?")
    assert done.stdout == "2\n"
    assert "cannot be read" in done.stderr
