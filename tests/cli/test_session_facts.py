"""A session of a user whom the system has no name for, as in many containers."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PROGRAM = """
import os
from guardcli.cli.session_facts import session_facts
from guardcli.cli.settings import load_settings
from guardcli.policy import load_policy
settings, policy = load_settings(), load_policy("pack:default")
for name in ("LOGNAME", "USER", "LNAME", "USERNAME"): os.environ.pop(name, None)
import getpass, pwd
os.setuid(54321)
print(session_facts(settings, policy, ["true"])["identity"].partition("@")[0])
"""


def test_a_user_without_a_name_goes_by_the_number() -> None:
    if os.geteuid():
        pytest.skip("needs to become another user")
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=600)
    assert done.stdout == "54321\n", done.stderr
