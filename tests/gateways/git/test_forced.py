"""The configuration that keeps others from being asked: held against git itself, and found where it was undone."""

from __future__ import annotations

import os
import subprocess

import pytest

from guardcli.gateways.git.forced import FIXED, fault_of, forced_pairs, read_pairs, without_forced, write_pairs

HELPER = "/run/guard/bin/.lent/git-credential-guard"
HOST = "https://git.example.com"
URL = f"{HOST}/team/app.git"
FORCED = forced_pairs(HELPER, ["store"], [HOST], [URL])
GOOD = {**{name: value for name, value in FIXED.items() if value is not None}, **write_pairs(FORCED)}

REPOSITORY = [
    ("credential.helper", "!evil"),
    (f"credential.{HOST}.helper", "!evil"),
    (f"credential.{URL}.helper", "!evil"),
    ("http.sslVerify", "false"),
    (f"http.{HOST}.sslVerify", "false"),
    (f"http.{HOST}/team.sslVerify", "false"),
    (f"http.{URL}.sslVerify", "false"),
]


def git(tmp_path, *arguments: str) -> str:
    env = {**os.environ, **GOOD, "HOME": str(tmp_path), "GIT_CONFIG_NOSYSTEM": "1"}
    return subprocess.run(
        ["git", "-C", tmp_path, *arguments], env=env, text=True, capture_output=True, check=False
    ).stdout


def test_git_itself_takes_it_before_all_that_a_repository_sets(tmp_path) -> None:
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    for key, value in REPOSITORY:
        subprocess.run(["git", "-C", tmp_path, "config", "--add", key, value], check=True)
    assert git(tmp_path, "config", "--type=bool", "--get-urlmatch", "http.sslVerify", URL) == "true\n"
    marks = tmp_path / "asked"
    for key, _ in REPOSITORY[:3]:
        subprocess.run(["git", "-C", tmp_path, "config", "--replace-all", key, f"!touch {marks}; :"], check=True)
    env = {**os.environ, **GOOD, "HOME": str(tmp_path), "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0"}
    asked = "protocol=https\nhost=git.example.com\npath=team/app.git\n\n"
    subprocess.run(["git", "-C", tmp_path, "credential", "fill"], env=env, input=asked, text=True, capture_output=True)
    assert not marks.exists()
    other = asked.replace("git.example.com", "other.example.com")
    plain = {**os.environ, "HOME": str(tmp_path), "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0"}
    subprocess.run(
        ["git", "-C", tmp_path, "credential", "fill"], env=plain, input=other, text=True, capture_output=True
    )
    assert marks.exists()  # the twin: without it, the repository's helper is asked


@pytest.mark.parametrize(
    "change",
    [
        write_pairs([*FORCED, ("credential.helper", "!evil")]),
        {"GIT_CONFIG_COUNT": str(len(FORCED) - 1)},
        {"GIT_CONFIG_COUNT": "0"},
        {"GIT_CONFIG_COUNT": "x"},
        {"GIT_CONFIG_COUNT": "99999999"},
        {"GIT_CONFIG_VALUE_1": "!evil"},
        {"GIT_CONFIG_PARAMETERS": "'credential.helper=!evil'"},
        {"GIT_CONFIG_PARAMETERS": "'user.name'='x' 'Credential.Https://x.Helper'='!evil'"},
        {"GIT_CONFIG_PARAMETERS": "'http.sslVerify'='false'"},
        {"GIT_CONFIG_PARAMETERS": "'http.https://h/.sslCAInfo'='/tmp/x'"},
        {"GIT_CONFIG_PARAMETERS": "'include.path'='/tmp/x'"},
        {"GIT_CONFIG_PARAMETERS": "'core.askPass'='/tmp/x'"},
        {"GIT_ASKPASS": "/tmp/evil"},
        {"GIT_SSL_NO_VERIFY": "1"},
        {"GIT_SSL_NO_VERIFY": ""},
        {"GIT_CURL_VERBOSE": "1"},
        {"GIT_SSL_CAINFO": "/tmp/x"},
    ],
)  # fmt: skip
def test_a_process_in_which_it_was_undone_is_found(change) -> None:
    settings = {**FIXED, "GIT_SSL_CAINFO": "/ca"}
    assert fault_of({**GOOD, "GIT_SSL_CAINFO": "/ca"}, FORCED, settings) == ""
    assert fault_of({**GOOD, "GIT_SSL_CAINFO": "/ca", **change}, FORCED, settings)


@pytest.mark.parametrize("parameters", ["", "'user.name'='a'", "'http.postBuffer'='1'", "'core.editor'='credential.x'"])
def test_what_a_command_line_may_set_is_no_fault(parameters: str) -> None:
    assert fault_of({**GOOD, "GIT_CONFIG_PARAMETERS": parameters}, FORCED, FIXED) == ""


def test_what_git_starts_is_judged_without_it() -> None:
    own = [("user.name", "a"), ("core.editor", "true")]
    assert read_pairs(write_pairs(own)) == own
    assert without_forced({"A": "1", **write_pairs([*own, *FORCED])}, HELPER) == {"A": "1", **write_pairs(own)}
    assert without_forced({"A": "1", **write_pairs(FORCED)}, HELPER) == {"A": "1"}
    evil = write_pairs([("credential.helper", ""), ("credential.helper", "!evil")])
    assert without_forced(evil, HELPER) == evil
