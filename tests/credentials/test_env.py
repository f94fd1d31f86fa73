"""Variables of guard's own environment are lent, and forgotten where others could read them."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from guardcli.credentials.env import Environment
from guardcli.model.credentials import Purpose
from guardcli.model.errors import UnavailableError


def test_a_variable_is_lent_and_a_missing_one_is_not() -> None:
    found = Environment({"DB": "hunter2"}).lend("DB", Purpose()).credential
    assert found.password is not None and found.password.reveal() == "hunter2"
    for missing in ("OTHER", "", "DB#field"):
        with pytest.raises(UnavailableError):
            Environment({"DB": "hunter2"}).lend(missing, Purpose())


PROGRAM = """
import os, subprocess
from guardcli.credentials.env import forget
forget(["DB", "EMPTY", "ABSENT"])
shown = open("/proc/self/environ", "rb").read()
assert b"hunter2" not in shown, shown
assert b"KEPT=kept" in shown
assert os.environ["DB"] == "hunter2"
pid = os.fork()
if pid == 0:
    os._exit(b"hunter2" in open("/proc/self/environ", "rb").read())
assert os.waitpid(pid, 0)[1] == 0
"""


def test_what_is_forgotten_is_not_in_proc_any_more() -> None:
    env = {**os.environ, "DB": "hunter2", "KEPT": "kept", "EMPTY": ""}
    subprocess.run([sys.executable, "-c", PROGRAM], env=env, check=True, timeout=60)
