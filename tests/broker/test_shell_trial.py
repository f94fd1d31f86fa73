"""A shell text that the grammar would read for ever is ended, and the next one is answered."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from guardcli.broker import shell_trial
from guardcli.broker.shell_trial import ShellTrial
from guardcli.inspectors.shell import inspect_shell
from guardcli.model.facts import FactUnavailable

ENDLESS = (
    "x . | x a! a a a | x . ( x a! a. | x a! a a a | x . | x a! a | a a a a . | x a"
    + "| x . | x a! a a a | x . | x a" * 30
    + "$(a a)]=a | x . | x a! a"
)
"""The more parts, the more readings the parser keeps: eight times the time for each two."""


@pytest.fixture(scope="module")
def trial() -> Iterator[ShellTrial]:
    one = ShellTrial()
    yield one
    one.close()


@pytest.mark.parametrize(
    ("text", "readable"),
    [
        ("ls", True),
        ("", True),
        ("ls | wc -l # é", True),
        ("ls (", False),
        ("echo 'a", False),
        (ENDLESS, False),
        ("ls", True),
        ("\n".join(f"for i in a b; do echo $i | grep -q {n} && ls /tmp/{n}; done" for n in range(40)), True),
        ("cat <<'E'\n" + "a line of text (with $signs)\n" * 2000 + "E\n", True),
    ],
)
def test_a_text_is_tried(trial: ShellTrial, text: str, readable: bool) -> None:
    assert trial(text.encode()) is readable


def test_threads_get_the_answers_to_their_own_questions(trial: ShellTrial) -> None:
    texts = {"ls": True, "ls (": False, ENDLESS: False, "ls; ls": True, "$(": False, "a | b": True}
    answers: dict[str, bool] = {}
    threads = [threading.Thread(target=lambda text: answers.update({text: trial(text.encode())}), args=(text,))
               for text in texts]  # fmt: skip
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == texts


def test_a_process_that_was_ended_by_others_is_started_again(trial: ShellTrial) -> None:
    assert trial(b"ls")
    process = trial._process
    assert process is not None
    process.kill()
    process.wait()
    assert [trial(b"ls"), trial(b"ls")] == [False, True]


def test_nothing_is_left_of_a_trial_that_is_closed_or_forgotten() -> None:
    one, other = ShellTrial(), ShellTrial()
    assert one(b"ls")
    assert other(b"ls")
    processes = [one._process, other._process]
    one.close()
    del other
    assert [process is not None and process.poll() is not None for process in processes] == [True, True]
    assert one(b"ls")
    one.close()


def test_a_text_is_not_readable_where_no_process_can_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shell_trial.sys, "executable", "/nonexistent")
    assert not ShellTrial()(b"ls")


def test_one_call_asks_for_each_text_once_and_not_for_ever(trial: ShellTrial, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = trial.for_one_call()
    assert [asked(b"ls"), asked(b"ls (")] == [True, False]
    monkeypatch.setattr(shell_trial, "CALL_SECONDS", 0.0)
    assert [asked(b"ls"), asked(b"ls (")] == [True, False]
    with pytest.raises(FactUnavailable):
        asked(b"ls -l")
    assert trial.for_one_call()(b"ls -l")


def test_the_start_of_the_process_is_no_text_s_time(monkeypatch: pytest.MonkeyPatch) -> None:
    one, clock = ShellTrial(), [0.0]

    def start_slowly(start: Callable[[], Any] = one._start) -> Any:
        clock[0] += 2 * shell_trial.CALL_SECONDS
        return start()

    monkeypatch.setattr(one, "_start", start_slowly)
    monkeypatch.setattr(shell_trial, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    asked = one.for_one_call()
    assert asked(b"ls") and asked(b"ls -l")
    one.close()


def test_a_text_without_end_is_conceded_and_so_is_one_that_nobody_can_try(trial: ShellTrial) -> None:
    long = "ls -l " + " ".join(f"/srv/file-{n}" for n in range(100))
    for text, tries, understood in [
        (ENDLESS, trial, False),
        (f"ls; sh -c '{ENDLESS}'", trial, False),
        (f"echo '{ENDLESS}'", trial, True),
        (long, trial, True),
        (long, None, False),
        ("ls", None, True),
    ]:
        operations = inspect_shell(text, tries=tries)
        assert all(operation.complete for operation in operations) is understood, text
