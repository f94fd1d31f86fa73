"""A process belongs to a session's tree, or does not; where that cannot be known, it does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from guardcli.api import ancestry
from guardcli.api.ancestry import UNKNOWN, SessionTrees, lineage, start_time


def own() -> tuple[int, int]:
    return os.getpid(), start_time(os.getpid()) or 0


def test_a_process_and_its_descendants_are_inside() -> None:
    trees = SessionTrees()
    trees.register("session-0001", [own()])
    assert trees.session_of(os.getpid()) == "session-0001"
    with subprocess.Popen(["sh", "-c", "sleep 30 & echo $!; wait"], stdout=subprocess.PIPE, text=True) as shell:
        assert shell.stdout is not None
        grandchild = int(shell.stdout.readline())
        assert trees.session_of(grandchild) == "session-0001"
        assert trees.session_of(shell.pid) == "session-0001"
        os.kill(grandchild, 9)


def test_a_process_beside_is_not() -> None:
    trees = SessionTrees()
    with subprocess.Popen(["sleep", "30"]) as other:
        trees.register("session-0001", [(other.pid, start_time(other.pid) or 0)])
        assert trees.session_of(os.getpid()) == ""
        assert trees.session_of(other.pid) == "session-0001"
        other.kill()


def test_a_reused_number_is_another_process() -> None:
    trees = SessionTrees()
    pid, start = own()
    trees.register("session-0001", [(pid, start - 1)])
    assert trees.session_of(pid) == ""


def test_a_process_that_is_gone_counts_as_inside() -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    assert SessionTrees().session_of(ended.pid) == UNKNOWN


@pytest.mark.parametrize("environment", [{"GUARD_SESSION": "session-0009"}, {"GUARD_SESSION": ""}])
def test_the_mark_of_a_session_counts_although_its_tree_is_not_known(environment: dict[str, str]) -> None:
    with subprocess.Popen(["sleep", "30"], env={**os.environ, **environment}) as marked:
        ready = Path(f"/proc/{marked.pid}/comm")
        while ready.read_text() != "sleep\n":
            pass
        assert SessionTrees().session_of(marked.pid) == (environment["GUARD_SESSION"] or UNKNOWN)
        marked.kill()


def test_a_name_with_brackets_and_spaces_deceives_nobody(tmp_path: Path) -> None:
    program = tmp_path / "x) S 1 (y"
    program.symlink_to("/bin/sleep")
    with subprocess.Popen([str(program), "30"]) as odd:
        chain = lineage(odd.pid)
        assert chain is not None
        assert [pid for pid, _ in chain[:2]] == [odd.pid, os.getpid()]
        odd.kill()


def fake(root: Path, processes: dict[int, tuple[int, int]]) -> Path:
    for pid, (parent, started) in processes.items():
        (root / str(pid)).mkdir()
        fields = ["0"] * 50
        fields[0], fields[1], fields[19] = "S", str(parent), str(started)
        (root / str(pid) / "stat").write_text(f"{pid} (a) " + " ".join(fields))
    return root


CHAINS = {
    "up to the top": ({5: (4, 30), 4: (1, 20), 1: (0, 1)}, [(5, 30), (4, 20), (1, 1)]),
    "ends before the top": ({5: (4, 30)}, None),
    "a parent that began after its child": ({5: (4, 30), 4: (1, 31), 1: (0, 1)}, None),
    "a circle": ({5: (4, 30), 4: (5, 30)}, None),
    "no process": ({}, None),
    "deeper than any real one": ({n: (n - 1, n) for n in range(1, 400)}, None),
}


@pytest.mark.parametrize("name", CHAINS)
def test_a_chain_is_trusted_only_up_to_the_top(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    processes, chain = CHAINS[name]
    monkeypatch.setattr(ancestry, "PROC", fake(tmp_path, processes))
    assert lineage(max(processes, default=5)) == chain


def test_a_descendant_whose_parent_ended_still_hangs_below_a_subreaper() -> None:
    """As `guard run` is one: PR_SET_CHILD_SUBREAPER is 36 (prctl(2))."""
    script = (
        "import ctypes, os, sys, time\n"
        "ctypes.CDLL(None).prctl(36, 1)\n"
        "sys.stdout.flush()\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    if os.fork(): os._exit(0)\n"
        "    while os.getppid() != int(sys.argv[1] or 0) and sys.argv[1]: time.sleep(0.01)\n"
        "    print(os.getpid(), flush=True); time.sleep(30); os._exit(0)\n"
        "os.wait(); time.sleep(30)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script, ""], stdout=subprocess.PIPE, text=True) as reaper:
        assert reaper.stdout is not None
        orphan = int(reaper.stdout.readline())
        trees = SessionTrees()
        trees.register("session-0001", [(reaper.pid, start_time(reaper.pid) or 0)])
        assert trees.session_of(orphan) == "session-0001"
        os.kill(orphan, 9)
        reaper.kill()
