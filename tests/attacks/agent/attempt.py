"""What every attempt shares. The agent of these tests is a program of its own: standard library only, run inside."""

import ctypes
import json
import os
import subprocess
import sys
from pathlib import Path

FACTS = json.loads(Path(__file__).with_name("facts.json").read_text())
"""What this agent was told of the machine: an attacker who knows every path."""

ATTEMPTS = {}
libc = ctypes.CDLL(None, use_errno=True)


def attempt(words, harmless=""):
    """Register a function that returns evidence if it gained what it tried, and nothing or an exception if not.

    `harmless` says why it gains nothing although it works.
    """

    def register(function):
        assert words not in ATTEMPTS, words
        ATTEMPTS[words] = function, harmless
        return function

    return register


def out(*argv, **keywords):
    """Run a program; return what it prints if it ends well."""
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=15, **keywords)
    return done.stdout.decode("utf-8", "replace").strip() if done.returncode == 0 else ""


def shell(text, **keywords):
    """Run a shell's text likewise."""
    return out("bash", "-c", text, **keywords)


def read(path):
    """Return the beginning of a file that holds anything."""
    with open(path, "rb") as file:
        return file.read(200).decode("utf-8", "replace").strip()


def canary(path):
    """Return the content of a file if it is the one that the test laid there."""
    found = read(path)
    return found if "CANARY" in found else ""


def fork_and(work):
    """Run `work` in a child and return its exit status, negative for a signal."""
    pid = os.fork()
    if pid == 0:
        try:
            os._exit(work() or 0)
        except BaseException:
            os._exit(99)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def main():
    """Try everything, or what is named, and print one JSON object: words → [evidence, harmless]."""
    wanted = sys.argv[1:]
    results = {}
    for words, (function, harmless) in ATTEMPTS.items():
        if wanted and words not in wanted:
            continue
        print(words, file=sys.stderr, flush=True)
        try:
            evidence = function()
        except Exception as error:
            results[words] = ["", f"{type(error).__name__}: {error}"[:200], harmless]
        else:
            results[words] = [str(evidence or "")[:200], "", harmless]
    print("RESULTS " + json.dumps(results))
