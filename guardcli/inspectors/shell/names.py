"""Names that mean something to the shell: reserved words, and variables that change what a later command does."""

from __future__ import annotations

import re

from guardcli.inspectors.names import names
from guardcli.inspectors.shell.words import Word

RESERVED = names("if then else elif fi do done case esac while until for select function in { } [[ ]] ! ;")
"""POSIX Shell Command Language, 2.4, and bash's own; none of them is a command's name."""

_DANGEROUS = re.compile(
    r"""
    (?: LD_\w+ | DYLD_\w+ | \w*PATH | \w*PAGER | \w*EDITOR | VISUAL | BROWSER | \w*_?OPTIONS | \w*_?OPTS? | \w*FLAGS
      | BASH\w* | ENV | IFS | PS[0-4] | PROMPT\w* | SHELL\w* | GLOBIGNORE | HISTFILE | HOME | ZDOTDIR | FPATH | CDPATH
      | GIT\w* | SSH\w* | PYTHON\w* | PERL\w* | RUBY\w* | NODE\w* | JAVA\w* | _JAVA\w* | JDK\w* | LUA\w* | PHP\w*
      | R_\w+
      | LESS\w* | MORE | MAN\w* | \w*_PROXY | DOCKER\w* | KUBE\w* | PG\w+ | MYSQL\w* | REDIS\w* | \w*PROGRAM
      | \w*_?COMMAND | \w*_SHELL | \w*_RSH | MALLOC_\w+ | GCONV\w* | LOCPATH | NLSPATH | TMPDIR | SUDO_\w+ | RSYNC\w*
      | POSIXLY_CORRECT | TAR\w* | GZIP | BZIP\w* | XZ\w* | ZSTD\w* | ZIPOPT | UNZIP\w* | GREP_\w+ | CURL\w* | WGETRC
      | OPENSSL\w* | SSL\w* | SYSTEMD\w* | DBUS\w* | XDG\w* | TERMINFO\w* | TERMCAP | HOSTALIASES | RES_\w+ | JOURNAL\w*
      | INPUTRC | GLIBC\w* | VIM\w* | EX\w* | AWK\w* | GAWK\w* | AWS\w* | VAULT\w* | INVOCATION\w* | NOTIFY_\w+
      | LISTEN\w*
      | DPKG\w* | APT\w* | DEBCONF\w* | RPM\w* | PIP\w* | NPM\w* | _\w+ )
    \Z""",
    re.VERBOSE | re.IGNORECASE,
)

_HARMLESS = re.compile(r"DEBIAN_FRONTEND|NO_COLOR|PGCONNECT_TIMEOUT|PGAPPNAME|SYSTEMD_COLORS\Z")


def assignment_danger(name: str, value: Word) -> str:
    """Return why giving `name` the `value` could change what another command does; empty where it does not."""
    if _HARMLESS.match(name):
        return ""
    if _DANGEROUS.match(name):
        if name in ("PAGER", "SYSTEMD_PAGER", "GIT_PAGER", "MANPAGER") and value.known and value.text in ("", "cat"):
            return ""
        return f"{name} changes how other commands behave"
    if value.known and re.search(r"\(\)\s*\{", value.text):
        return f"{name} could carry a function to another shell"
    return ""
