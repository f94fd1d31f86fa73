"""What a configuration variable does once it is set: nothing of note, or run, redirect, identify, or lose work.

The table holds every variable of git that is more than a preference; a variable that it does not hold and that git
lists as its own is a preference. What neither holds is unknown: a newer git or another program may obey it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from guardcli.inspectors.git import programs
from guardcli.inspectors.git.options import known_keys
from guardcli.inspectors.git.urls import plain_url
from guardcli.inspectors.names import names
from guardcli.model.effects import Effect

STRATEGIES: frozenset[str] = frozenset({"ort", "recursive", "resolve", "octopus", "ours", "subtree"})
"""Merge strategies that are git's own; ``git merge -s NAME`` runs ``git-merge-NAME`` for any other."""

PROGRAMS: Mapping[str, programs.Check] = {
    "alias.*": lambda value: not value.lstrip().startswith("!"),
    "branch.*.mergeoptions": lambda value: "-s" not in value and "--str" not in value,
    "browser.*.cmd": programs.nothing,
    "browser.*.path": programs.nothing,
    "core.alternaterefscommand": programs.nothing,
    "core.askpass": programs.harmless_askpass,
    "core.editor": programs.harmless_editor,
    "core.fsmonitor": programs.harmless_switch,
    "core.gitproxy": programs.nothing,
    "core.hookspath": programs.harmless_hooks,
    "core.pager": programs.harmless_pager,
    "core.sshcommand": programs.harmless_ssh,
    "diff.*.command": programs.nothing,
    "diff.*.textconv": programs.nothing,
    "diff.external": programs.nothing,
    "difftool.*.cmd": programs.nothing,
    "difftool.*.path": programs.nothing,
    "filter.*.clean": programs.harmless_filter,
    "filter.*.process": programs.harmless_filter,
    "filter.*.smudge": programs.harmless_filter,
    "gpg.*.program": programs.harmless_signer,
    "gpg.program": programs.harmless_signer,
    "gpg.ssh.defaultkeycommand": programs.nothing,
    "guitool.*.cmd": programs.nothing,
    "hook.*.command": programs.nothing,
    "imap.tunnel": programs.nothing,
    "include.path": programs.nothing,
    "includeif.*.path": programs.nothing,
    "init.templatedir": programs.nothing,
    "instaweb.browser": programs.nothing,
    "instaweb.httpd": programs.nothing,
    "instaweb.modulepath": programs.nothing,
    "interactive.difffilter": programs.harmless_pager,
    "lfs.customtransfer.*.path": programs.nothing,
    "lfs.extension.*.clean": programs.nothing,
    "lfs.extension.*.smudge": programs.nothing,
    "man.*.cmd": programs.nothing,
    "man.*.path": programs.nothing,
    "merge.*.driver": programs.nothing,
    "mergetool.*.cmd": programs.nothing,
    "mergetool.*.path": programs.nothing,
    "pager.*": programs.harmless_pager_switch,
    "protocol.*.allow": lambda value: value == "never",
    "protocol.allow": lambda value: value == "never",
    "protocol.file.allow": lambda value: True,
    "protocol.git.allow": lambda value: True,
    "protocol.http.allow": lambda value: True,
    "protocol.https.allow": lambda value: True,
    "protocol.ssh.allow": lambda value: True,
    "pull.octopus": lambda value: value in STRATEGIES,
    "pull.twohead": lambda value: value in STRATEGIES,
    "remote.*.receivepack": lambda value: value in ("", "git-receive-pack"),
    "remote.*.uploadpack": lambda value: value in ("", "git-upload-pack"),
    "remote.*.vcs": programs.nothing,
    "sendemail.*": programs.nothing,
    "sendemail.*.*": programs.nothing,
    "sequence.editor": programs.harmless_editor,
    "submodule.*.update": lambda value: not value.lstrip().startswith("!"),
    "tar.*.command": programs.nothing,
    "trailer.*.cmd": programs.nothing,
    "trailer.*.command": programs.nothing,
    "uploadpack.packobjectshook": programs.nothing,
    "web.browser": programs.nothing,
}
"""Variables whose value is a program, a place that holds programs, or leave to run one, and what is harmless."""

_FALSE = frozenset({"false", "no", "off", "0"})

REDIRECTS: Mapping[str, programs.Check] = {
    "branch.*.pushremote": plain_url,
    "branch.*.remote": plain_url,
    "bundle.*.uri": programs.nothing,
    "bundle.*": programs.nothing,
    "fetch.bundleuri": programs.nothing,
    "http.*.proxy": programs.nothing,
    "http.*.sslverify": lambda value: value.lower() not in _FALSE,
    "http.curloptresolve": programs.nothing,
    "http.*.curloptresolve": programs.nothing,
    "http.proxy": programs.nothing,
    "http.sslverify": lambda value: value.lower() not in _FALSE,
    "lfs.url": programs.nothing,
    "remote.*.lfsurl": programs.nothing,
    "remote.*.proxy": programs.nothing,
    "remote.*.pushurl": programs.nothing,
    "remote.*.url": programs.nothing,
    "remote.pushdefault": plain_url,
    "submodule.*.url": programs.nothing,
    "url.*.insteadof": programs.nothing,
    "url.*.pushinsteadof": programs.nothing,
}
"""Variables that send git somewhere else, or take away its knowledge of whom it talks to."""

CREDENTIALS = frozenset(
    {
        "http.*.cookiefile",
        "http.*.extraheader",
        "http.*.savecookies",
        "http.*.sslcert",
        "http.*.sslkey",
        "http.cookiefile",
        "http.extraheader",
        "http.savecookies",
        "http.sslcert",
        "http.sslkey",
        "http.delegation",
    }
)
"""Variables that say as whom git acts or where it leaves credentials."""

LOSERS: Mapping[str, programs.Check] = {
    "core.logallrefupdates": lambda value: value.lower() not in _FALSE,
    "gc.*.reflogexpire": lambda value: value == "never",
    "gc.*.reflogexpireunreachable": lambda value: value == "never",
    "gc.pruneexpire": lambda value: value in ("never", "2.weeks.ago"),
    "gc.reflogexpire": lambda value: value in ("never", "90.days.ago"),
    "remote.*.fetch": lambda value: value.rpartition(":")[2].startswith("refs/remotes/"),
    "gc.reflogexpireunreachable": lambda value: value in ("never", "30.days.ago"),
}
"""Variables that take away what the reflog could undo."""

_ADDRESSES = names(
    "lfs.url remote.*.lfsurl remote.*.pushurl remote.*.url remote.pushdefault submodule.*.url url.*.insteadof "
    "url.*.pushinsteadof"
)
"""Variables without which git goes to another address, or to none: `remote remove` by another name."""

_SECRET = re.compile(r"extraheader|password|passwd|token|secret|smtppass|\.pass$|cookie|sslkey")


@dataclass(frozen=True, slots=True)
class KeyJudgement:
    """What setting a variable amounts to: no effects for a preference; `known` is false for an unknown variable."""

    key: str
    effects: frozenset[Effect] = frozenset()
    program: str = ""
    known: bool = True


def canonical_key(name: str) -> str:
    """Return `name` with section and variable in lower case; the subsection between keeps its case."""
    section, dot, rest = name.strip().partition(".")
    subsection, second_dot, variable = rest.rpartition(".")
    return section.lower() + dot + subsection + second_dot + variable.lower()


def is_secret(key: str) -> bool:
    """Return whether the value of `key` is likely a credential."""
    return bool(_SECRET.search(key.lower()))


def _patterns(key: str) -> tuple[str, ...]:
    """Return the entries of the tables that may hold `key`, the most exact first."""
    section, _, rest = key.partition(".")
    subsection, dot, variable = rest.rpartition(".")
    if dot:
        return (
            key,
            f"{section}.*.{variable}",
            f"{section}.*.*",
            f"{section}.{subsection.partition('.')[0]}.*.{variable}",
        )
    return (key, f"{section}.*")


def overwrites_later(name: str, value: str) -> bool:
    """Return whether every later push overwrites or deletes once `name` is set; one call that has it says so itself."""
    pattern = _patterns(canonical_key(name))[1]
    if pattern == "remote.*.mirror":
        return value.lower() not in _FALSE
    return pattern == "remote.*.push" and value.startswith(("+", ":"))


def leads_elsewhere(name: str) -> bool:
    """Return whether git goes to another address than before once the variable `name` is unset."""
    return not _ADDRESSES.isdisjoint(_patterns(canonical_key(name)))


def judge_key(name: str, value: str) -> KeyJudgement:
    """Return what setting the variable `name` to `value` does."""
    key = canonical_key(name)
    patterns = _patterns(key)
    if key.startswith("credential.") and patterns[-1] != key:
        return _credential(key, value)
    for pattern in patterns:
        if pattern in PROGRAMS:
            if PROGRAMS[pattern](value):
                return KeyJudgement(key)
            return KeyJudgement(key, frozenset({Effect.EXECUTE}), programs.name_of(value))
        if pattern in REDIRECTS:
            return KeyJudgement(key, frozenset() if REDIRECTS[pattern](value) else frozenset({Effect.NETWORK}))
        if pattern in CREDENTIALS:
            return KeyJudgement(key, frozenset({Effect.PRIVILEGE}) if value else frozenset())
        if pattern in LOSERS:
            return KeyJudgement(key, frozenset() if LOSERS[pattern](value) else frozenset({Effect.DELETE}))
    known = not (known_keys() | _MORE).isdisjoint(patterns) or key.partition(".")[0] in _PREFERENCES
    return KeyJudgement(key, known=known)


_MORE = names(
    "core.commentstring core.fscache core.longpaths core.protecthfs core.protectntfs core.sharedrepository "
    "diff.*.algorithm diff.*.binary diff.*.cachetextconv diff.*.funcname diff.*.wordregex diff.*.xfuncname "
    "filter.*.required init.defaultrefformat lfs.*.locksverify lfs.locksverify lfs.repositoryformatversion "
    "merge.*.name merge.*.recursive merge.autoedit push.useforceifincludes rebase.rebasemerges "
    "remote.*.followremotehead rerere.enabled"
)
"""Preferences that git itself does not list, or that are newer than the table."""

_PREFERENCES = frozenset({"advice", "author", "color", "column", "committer", "user"})
"""Sections in which nothing can be more than a preference, whatever a newer git adds."""


def _credential(key: str, value: str) -> KeyJudgement:
    """Judge ``credential.*``: a helper runs and learns what the user has; the empty one only forgets others."""
    if not key.endswith(".helper"):
        return KeyJudgement(key)
    if not value:
        return KeyJudgement(key)
    return KeyJudgement(key, frozenset({Effect.EXECUTE, Effect.PRIVILEGE}), programs.name_of(value))
