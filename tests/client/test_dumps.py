"""A process that forbade it leaves no core file, whatever the limit was and however it dies."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import os, resource, sys
from guardcli.client.dumps import forbid_dumps
resource.setrlimit(resource.RLIMIT_CORE, (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2)
if sys.argv[1] == "yes":
    forbid_dumps()
    print(*resource.getrlimit(resource.RLIMIT_CORE), flush=True)
os.abort()
"""


@pytest.mark.parametrize("forbidden", ["yes", "no"])
def test_no_core_is_left(tmp_path: Path, forbidden: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, forbidden], cwd=tmp_path, capture_output=True, timeout=600, text=True
    )
    assert done.returncode == -6
    most = resource.getrlimit(resource.RLIMIT_CORE)[1]
    if forbidden == "yes":
        assert done.stdout.split() == ["0", "0"] if most == 0 else done.stdout.split() == ["1", "1"]
        assert list(tmp_path.iterdir()) == []
    elif most != 0 and Path("/proc/sys/kernel/core_pattern").read_text().strip() == "core":
        assert list(tmp_path.iterdir()), "the twin shows that the limit is what keeps it away"
