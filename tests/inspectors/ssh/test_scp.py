"""scp: which way each file goes, on which host, and what the options run."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardcli.inspectors.ssh.scp import MAX_OPERANDS, ScpInspector
from guardcli.model.effects import Effect
from guardcli.model.facts import NoFacts
from guardcli.model.invocation import Invocation
from guardcli.model.operations import Inspection

UPLOAD = {Effect.WRITE, Effect.FILE}
DOWNLOAD = {Effect.READ, Effect.FILE}


def scp(*words: str) -> Inspection:
    return ScpInspector().inspect(Invocation("scp", ("scp", *words)), NoFacts())


def targets(inspection: Inspection) -> list[str]:
    return [str(target) for found in inspection.operations for target in found.targets]


@pytest.mark.parametrize(
    ("words", "action", "effects", "named"),
    [
        (["a", "h:b"], "upload", UPLOAD, ["host:h", "file:a", "file:b"]),
        (["h:a", "b"], "download", DOWNLOAD, ["host:h", "file:a", "file:b"]),
        (["a", "b"], "copy", UPLOAD, ["file:a", "file:b"]),
        (["h:a", "k:b"], "copy between hosts", UPLOAD, ["host:h", "host:k", "file:a", "file:b"]),
        (["-3", "h:a", "k:b"], "copy between hosts", UPLOAD, ["host:h", "host:k", "file:a", "file:b"]),
        (["-r", "d", "u@h:"], "upload", UPLOAD, ["host:u@h", "file:d", "file:."]),
        (["-P", "22", "a", "u@h:/x/"], "upload", UPLOAD, ["host:u@h:22", "file:a", "file:/x/"]),
        (["-P22", "a", "h:b"], "upload", UPLOAD, ["host:h:22", "file:a", "file:b"]),
        (["a", "[fe80::1]:b"], "upload", UPLOAD, ["host:[fe80::1]", "file:a", "file:b"]),
        (["a", "u@[fe80::1]:b"], "upload", UPLOAD, ["host:u@[fe80::1]", "file:a", "file:b"]),
        (["scp://u@h:22/a", "."], "download", DOWNLOAD, ["host:u@h:22", "file:a", "file:."]),
        (["./a:b", "h:c"], "upload", UPLOAD, ["host:h", "file:./a:b", "file:c"]),
        ([":a", "h:c"], "upload", UPLOAD, ["host:h", "file::a", "file:c"]),
        (["--", "-a", "h:c"], "upload", UPLOAD, ["host:h", "file:-a", "file:c"]),
        (["a", "h:b:c"], "upload", UPLOAD, ["host:h", "file:a", "file:b:c"]),
    ],
    ids=str,
)
def test_a_copy_names_its_way_and_its_ends(
    words: list[str], action: str, effects: set[Effect], named: list[str]
) -> None:
    (found,) = scp(*words).operations
    assert (found.action, found.effects, found.complete) == (action, effects, True)
    assert targets(scp(*words)) == named


@pytest.mark.parametrize(
    ("words", "effect"),
    [
        (["-S", "./x", "a", "h:b"], Effect.EXECUTE),
        (["-D", "./x", "a", "h:b"], Effect.EXECUTE),
        (["-o", "ProxyCommand=x", "a", "h:b"], Effect.EXECUTE),
        (["-oProxyCommand=x", "a", "h:b"], Effect.EXECUTE),
        (["-J", "j", "a", "h:b"], Effect.NETWORK),
        (["-A", "a", "h:b"], Effect.NETWORK),
        (["-o", "StrictHostKeyChecking=no", "a", "h:b"], Effect.NETWORK),
        (["-F", "x", "a", "h:b"], Effect.UNKNOWN),
        (["-O", "h:$(x)", "."], Effect.EXECUTE),
        (["-O", "a", "h:b;x"], Effect.EXECUTE),
        (["-R", "h:a", "k:b"], Effect.UNKNOWN),
        (["-t", "x"], Effect.UNKNOWN),
        (["-f", "x"], Effect.UNKNOWN),
        (["-Z", "a", "h:b"], Effect.UNKNOWN),
        (["a", "-x:b"], Effect.UNKNOWN),
        (["a", "h:.ssh/authorized_keys"], Effect.PRIVILEGE),
        (["a", "h:/etc/cron.d/x"], Effect.PRIVILEGE),
    ],
    ids=str,
)
def test_what_runs_redirects_or_widens_access_says_so(words: list[str], effect: Effect) -> None:
    assert effect in {one for found in scp(*words).operations for one in found.effects}


@pytest.mark.parametrize(
    ("words", "sensitive"),
    [
        (["h:/etc/shadow", "."], True),
        (["h:.ssh/id_rsa", "."], True),
        (["h:.ssh/id_rsa.pub", "."], False),
        (["/root/.ssh/id_rsa", "h:x"], True),
        (["h:/etc/hosts", "."], False),
    ],
    ids=str,
)
def test_a_copy_of_a_secret_is_marked(words: list[str], sensitive: bool) -> None:
    assert scp(*words).operations[-1].sensitive is sensitive


@pytest.mark.parametrize(
    "words", [["-O", "h:a b", "."], ["h:$(x)", "."], ["-o", "ProxyCommand=none", "h:a", "."]], ids=str
)
def test_the_harmless_twin_of_an_option_adds_nothing(words: list[str]) -> None:
    assert [found.effects for found in scp(*words).operations] == [DOWNLOAD]


@given(st.lists(st.sampled_from(["-o", "-r", "a", "h:b", "[", "@[", "]:", ":", "scp://", "-S"]) | st.text(max_size=6)))
def test_no_call_raises(words: list[str]) -> None:
    assert scp(*words).operations


@pytest.mark.parametrize(
    ("end", "steers"),
    [("~/.ssh/authorized_keys", True), ("~/.ssh/", True), (".bashrc", True), ("/etc/cron.d/x", True), ("logs/", False)],
)
def test_a_download_onto_a_file_that_decides_what_runs_here_says_so(end: str, steers: bool) -> None:
    (operation,) = scp("h:a", end).operations
    assert (Effect.PRIVILEGE in operation.effects) is steers


def test_a_call_that_names_very_many_files_is_conceded() -> None:
    many = [f"web1:/srv/{n}" for n in range(MAX_OPERANDS)]
    for sources, understood in ((many[:20], True), (many, False)):
        invocation = Invocation("scp", ("scp", *sources, "."), {})
        operations = ScpInspector().inspect(invocation, NoFacts()).operations
        assert all(operation.complete for operation in operations) is understood
        assert len(operations) == (len(sources) if understood else 1)
