"""Generated outputs with secrets anywhere, through a whole guard: nothing of a secret is where anybody could read it.

``GUARD_TEST_CASES`` is how many outputs go through the one session; ``GUARD_TEST_SEED`` repeats a series.
"""

from __future__ import annotations

import os
import re
import sys

from integration.conftest import POLICY
from integration.secret_cases import DENIED, RULES, case, found_in, windows

CASES = int(os.environ.get("GUARD_TEST_CASES", "18"))
SEED = os.environ.get("GUARD_TEST_SEED", "1")
AGENT = """
import os, pty, subprocess, sys
root, count = sys.argv[1], int(sys.argv[2])
for number in range(count):
    script = f"{root}/{number}/write.sh"
    if number % 6 == 5:
        told, teller = pty.openpty()
        with open(f"{root}/{number}/out", "wb") as out:
            tool = subprocess.Popen(["probe", "sh", script], stdin=teller, stdout=teller, stderr=teller)
            os.close(teller)
            try:
                while data := os.read(told, 4096):
                    out.write(data)
            except OSError:
                pass
            tool.wait()
            os.close(told)
    else:
        joined = subprocess.STDOUT if number % 3 else open(f"{root}/{number}/err", "wb")
        with open(f"{root}/{number}/out", "wb") as out:
            subprocess.run(["probe", "sh", script], stdout=out, stderr=joined)
    if number % 8 == 0:
        line = open(f"{root}/{number}/said").read()
        subprocess.run(["probe", "printf", "%s", line], stdout=subprocess.DEVNULL)
        subprocess.run(["shut", "sh", "-c", f"echo {line!r}"], stderr=subprocess.DEVNULL)
"""


def test_nothing_of_a_secret_is_in_output_record_events_database_or_logs(sandbox, wait_for):
    sandbox.policy.write_text(POLICY.partition("mask:")[0] + RULES % DENIED)
    cases = [case(sandbox.root / "cases" / str(number), f"{SEED}/{number}", number % 3 > 0) for number in range(CASES)]
    said = [f"--password=Heron{number}Q7marsh9Zt" for number in range(CASES)]
    for one, words in zip(cases, said, strict=True):
        (one.script.parent / "said").write_text(words)
    hidden = windows(
        [secret for one in cases for secret in one.secrets] + [one.partition("=")[2].encode() for one in said]
    )
    (sandbox.root / "agent.py").write_text(AGENT)
    done = sandbox.run(sys.executable, f"{sandbox.root}/agent.py", f"{sandbox.root}/cases", str(CASES), timeout=1800)
    assert done.returncode == 0, done.stderr

    for number, one in enumerate(cases):
        for name in ("out", "err"):
            path = one.script.parent / name
            data = path.read_bytes() if path.exists() else b""
            assert found_in(data, hidden) == [], (SEED, number, name, one.data, data)
    session = sandbox.sessions()[0]["id"]
    shown = [
        sandbox.guard("sessions", "show", session, "--json").stdout,
        sandbox.guard("sessions", "replay", "--no-wait", session).stdout,
        done.stdout + done.stderr,
    ]
    assert len(re.findall(r"\$ probe", shown[1])) >= CASES
    assert "[EMAIL:" in shown[1] or "[PASSWORD" in shown[1]
    for text in shown:
        assert found_in(text.encode(), hidden) == [], SEED
    sandbox.verify()
    sandbox.stop_api()
    kept = [
        path for place in ("state", "run", "config") for path in (sandbox.root / place).rglob("*") if path.is_file()
    ]
    assert any(path.suffix in (".db", ".sqlite", ".sqlite3") for path in kept), kept
    for path in kept:
        if "cache" not in path.parts:
            assert found_in(path.read_bytes(), hidden, digits=12) == [], path
