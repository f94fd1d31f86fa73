"""What a configuration variable amounts to: programs, redirections, credentials, lost work, or a preference."""

from __future__ import annotations

import pytest
from inspectors.tables import over

from guardcli.inspectors.git.keys import canonical_key, is_secret, judge_key

CASES = [
    ("core.sshCommand", "evil", "execute"),
    ("core.sshCommand", "ssh -i key -o BatchMode=yes", ""),
    ("core.sshCommand", "ssh -oProxyCommand=evil", "execute"),
    ("core.sshCommand", "/tmp/ssh", "execute"),
    ("core.fsmonitor", "true", ""),
    ("core.fsmonitor", ".git/evil", "execute"),
    ("core.pager", "less -FRX", ""),
    ("core.pager", "less -o file", "execute"),
    ("core.pager", "sh -c less", "execute"),
    ("core.editor", "code --wait", ""),
    ("core.editor", "vim -c !evil", "execute"),
    ("core.editor", "vim $(evil)", "execute"),
    ("core.hooksPath", "/dev/null", ""),
    ("core.hooksPath", ".husky", "execute"),
    ("pager.log", "false", ""),
    ("pager.log", "evil", "execute"),
    ("credential.helper", "", ""),
    ("credential.helper", "store", "execute privilege"),
    ("credential.https://example.com.helper", "!evil", "execute privilege"),
    ("credential.useHttpPath", "true", ""),
    ("filter.lfs.smudge", "git-lfs smudge -- %f", ""),
    ("filter.lfs.smudge", "evil", "execute"),
    ("filter.lfs.required", "true", ""),
    ("alias.st", "status", ""),
    ("alias.st", "!evil", "execute"),
    ("diff.word.textconv", "evil", "execute"),
    ("diff.word.xfuncname", "x", ""),
    ("gpg.program", "gpg2", ""),
    ("gpg.program", "./gpg", "execute"),
    ("include.path", "~/more", "execute"),
    ("includeIf.gitdir:~/x/.path", "more", "execute"),
    ("protocol.ext.allow", "always", "execute"),
    ("protocol.ext.allow", "never", ""),
    ("protocol.file.allow", "always", ""),
    ("protocol.allow", "user", "execute"),
    ("submodule.x.update", "!evil", "execute"),
    ("submodule.x.update", "rebase", ""),
    ("sendemail.work.smtpServer", "/tmp/evil", "execute"),
    ("branch.main.mergeOptions", "-s evil", "execute"),
    ("branch.main.mergeOptions", "--no-ff", ""),
    ("branch.main.remote", "origin", ""),
    ("branch.main.remote", "https://evil.example/x", "network"),
    ("remote.origin.url", "x", "network"),
    ("remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*", ""),
    ("remote.origin.fetch", "+refs/heads/*:refs/heads/*", "delete"),
    ("url.x.insteadOf", "y", "network"),
    ("http.sslVerify", "false", "network"),
    ("http.sslVerify", "true", ""),
    ("http.https://x.sslVerify", "0", "network"),
    ("http.https://x.extraHeader", "x", "privilege"),
    ("http.extraHeader", "", ""),
    ("gc.pruneExpire", "now", "delete"),
    ("gc.pruneExpire", "never", ""),
    ("core.logAllRefUpdates", "false", "delete"),
    ("user.name", "$(x)", ""),
    ("user.anythingNew", "x", ""),
    ("push.default", "current", ""),
    ("CORE.EDITOR", "evil", "execute"),
]


@over("key, value, effects", CASES)
def test_a_variable_has_these_effects(key: str, value: str, effects: str) -> None:
    judged = judge_key(key, value)
    assert judged.known
    assert {effect.value for effect in judged.effects} == set(effects.split())


@pytest.mark.parametrize("key", ["", "x", "core", "core.noSuchVariable", "noSuchSection.x", "hook.x.y", "a.b.c.d"])
def test_a_variable_that_git_does_not_list_is_unknown(key: str) -> None:
    judged = judge_key(key, "x")
    assert not judged.known
    assert not judged.effects


def test_the_subsection_keeps_its_case() -> None:
    assert canonical_key(" URL.Https://X.InsteadOf ") == "url.Https://X.insteadof"
    assert canonical_key("Core.Pager") == "core.pager"


@pytest.mark.parametrize(
    ("key", "secret"),
    [("http.extraHeader", True), ("sendemail.smtpPass", True), ("user.name", False)],
)
def test_values_that_are_credentials_are_known_by_their_key(key: str, secret: bool) -> None:
    assert is_secret(key) is secret
