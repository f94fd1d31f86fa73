"""Reads a bundle's content on standard input, runs its tests, and writes which of them fail as one JSON object."""

from __future__ import annotations

import json
import sys

from guardcli.judging.trials import run_tests
from guardcli.model.errors import GuardError
from guardcli.playback.text import inert
from guardcli.policy.bundles import opened


def main() -> int:
    """Return the exit status: 0 where all tests were run, whatever came of them."""
    try:
        policy = opened(sys.stdin.buffer.read())
        outcomes = list(run_tests(policy))
    except GuardError as error:
        print(error, file=sys.stderr)
        return error.exit_status
    faults = [
        f"{inert(one.test.source)}:{one.test.line}: {inert(one.call)}: {inert(one.fault)}"
        for one in outcomes
        if one.fault
    ]
    print(json.dumps({"tests": len(outcomes), "faults": faults}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
