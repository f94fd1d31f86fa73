"""Values by which git is told to run a program, and which of them change nothing that matters.

Git hands editors, pagers, ssh commands and the like to a shell. A value is harmless here only when every word of it
is known: a usual program with flags that neither run nor write anything. ``ssh`` by its bare name is harmless because
that name is guarded itself, and options that weaken or redirect it are told apart.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable

from guardcli.inspectors.names import names

_SHELL = re.compile(r"[$`;&|<>()\n\\*?\[\]#{}]")
_DIRECTORIES = ("/bin/", "/usr/bin/", "/usr/local/bin/")
_NOTHING = frozenset({":", "true", "false", "cat", "echo"})
_EDITORS = _NOTHING | names("vi vim nvim nano emacs emacsclient ed editor sensible-editor micro hx pico code subl")
_EDITOR_FLAGS = frozenset({"-w", "--wait", "-n", "--new-window", "-nw", "-f", "--nofork", "-t"})
_PAGERS = _NOTHING | frozenset({"less", "more", "most", "delta", "bat", "pager"})
_PAGER_FLAGS = re.compile(r"-[FRXSKMiqsnNJWcCeEgGwr]+")
_SIGNERS = frozenset({"gpg", "gpg2", "gpgsm", "ssh-keygen"})
_LFS = re.compile(r"git-lfs (clean -- %f|smudge( --skip)? -- %f|filter-process( --skip)?)")
_SSH_FLAGS = frozenset({"-4", "-6", "-q", "-v", "-C", "-T", "-a", "-x"})
_SSH_VALUES = frozenset({"-i", "-l", "-p"})
_SSH_OPTIONS = names(
    "addressfamily batchmode compression connecttimeout connectionattempts identitiesonly identityfile "
    "loglevel numberofpasswordprompts passwordauthentication port preferredauthentications "
    "pubkeyauthentication serveralivecountmax serveraliveinterval tcpkeepalive user"
)
_BOOLEANS = frozenset({"", "true", "false", "yes", "no", "on", "off", "0", "1"})


def words_of(command: str) -> list[str] | None:
    """Return the words of a shell command, None where anything but plain and quoted words stands in it."""
    if _SHELL.search(command):
        return None
    try:
        return shlex.split(command)
    except ValueError:
        return None


def name_of(command: str) -> str:
    """Return a short name for the program in `command`, for a target; never more than its first word."""
    words = command.split(None, 1)
    return words[0].lstrip("!")[:100] if words else ""


def _bare(program: str) -> str:
    for directory in _DIRECTORIES:
        if program.startswith(directory):
            return program[len(directory) :]
    return program


def harmless_editor(command: str) -> bool:
    """Return whether `command` is a usual editor, or a program that does nothing."""
    words = words_of(command)
    if words is None:
        return False
    return not words or (_bare(words[0]) in _EDITORS and _EDITOR_FLAGS.issuperset(words[1:]))


def harmless_pager(command: str) -> bool:
    """Return whether `command` is a usual pager with flags that concern display only."""
    words = words_of(command)
    if words is None:
        return False
    return not words or (_bare(words[0]) in _PAGERS and all(_PAGER_FLAGS.fullmatch(word) for word in words[1:]))


def harmless_ssh(command: str) -> bool:
    """Return whether `command` is ``ssh`` by its bare, guarded name with options that only say who and how long."""
    words = words_of(command)
    if words is None:
        return False
    if not words:
        return True
    if words[0] != "ssh":
        return False
    rest = iter(words[1:])
    for word in rest:
        if word in _SSH_VALUES:
            if next(rest, None) is None:
                return False
        elif word[:2] == "-o":
            keyword, _, value = (word[2:] or next(rest, "")).replace(" ", "=").partition("=")
            if keyword.lower() not in _SSH_OPTIONS and (keyword.lower(), value) != ("stricthostkeychecking", "yes"):
                return False
        elif word[:2] not in _SSH_VALUES and word not in _SSH_FLAGS:
            return False
    return True


def harmless_signer(command: str) -> bool:
    """Return whether `command` is the usual program for signatures; git runs it without a shell."""
    return not command or _bare(command) in _SIGNERS


def harmless_askpass(command: str) -> bool:
    """Return whether `command` does nothing or is an askpass program that the system installed."""
    return not command or _bare(command) in _NOTHING or bool(re.fullmatch(r"/usr/[\w./-]*askpass[\w.-]*", command))


def harmless_filter(command: str) -> bool:
    """Return whether `command` is empty or what git-lfs installs."""
    return not command or bool(_LFS.fullmatch(command))


def harmless_switch(value: str) -> bool:
    """Return whether `value` is a boolean where a program could stand as well."""
    return value.lower() in _BOOLEANS


def harmless_pager_switch(value: str) -> bool:
    """Return whether `value` is a boolean or a harmless pager."""
    return harmless_switch(value) or harmless_pager(value)


def harmless_hooks(path: str) -> bool:
    """Return whether `path` as a directory of hooks holds none."""
    return path in ("", "/dev/null")


def nothing(value: str) -> bool:
    """Return whether `value` is empty, which names no program."""
    return not value


Check = Callable[[str], bool]
