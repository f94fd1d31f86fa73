"""A bundle's tests, in a process of their own: a worker of the API loads no inspector, and none can hold it up."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from guardcli.model.errors import ConfigurationError, UnavailableError

SECONDS = 60.0
"""What all tests of one bundle may take; those that ship take some seconds."""

KEPT = ("PATH", "PYTHONPATH", "TMPDIR", "LANG")
"""Of the API's environment, which holds secrets."""

SHOWN = 20
"""Failures that are named."""


def check(content: bytes) -> None:
    """Run the tests of the bundle. Raises ConfigurationError where one fails, or all take longer than `SECONDS`.

    Raises UnavailableError where they cannot be run at all.
    """
    command = (sys.executable, "-m", "guardcli.judging")
    env = {name: os.environ[name] for name in KEPT if name in os.environ}
    try:
        done = subprocess.run(command, input=content, capture_output=True, timeout=SECONDS, check=False, env=env)
    except subprocess.TimeoutExpired:
        raise ConfigurationError(
            f"the tests of this policy take longer than {SECONDS:.0f} s, so nothing was published",
            hint="run them with guard policy test",
        ) from None
    except OSError as error:
        raise UnavailableError(f"the tests of this policy cannot be run: {error.strerror}") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise UnavailableError(f"the tests of this policy cannot be run: {said}", hint="see the API's log")
    found = json.loads(done.stdout)
    if faults := found["faults"]:
        more = [f"and {len(faults) - SHOWN} more"] if len(faults) > SHOWN else []
        raise ConfigurationError(
            "\n  ".join(
                [f"{len(faults)} of {found['tests']} tests fail, so nothing was published:", *faults[:SHOWN], *more]
            )
        )
