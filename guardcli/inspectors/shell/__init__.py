"""Shell: texts and vectors that an inner or remote shell runs, read as POSIX shell and bash both read them.

================  ================================================================================================
``inspector``     `inspect_shell` and `inspect_argv`, and the bounds of what they take
``tree``          reads a text with tree-sitter's Bash grammar and trusts nothing that it says
``conditions``    tests: ``[[ … ]]`` and ``[ … ]``
``expand``        reads the words of a parsed text; ``words`` knows what is in one
``words``         what is known of a word before it is expanded
``redirects``     redirections and here-documents
``scope``         what the parts hand to each other
``calls``         judges one simple command by its name
``inner``         calls of guarded tools inside a text: judged by the tools' own inspectors
``wrappers``      commands that run another command: sudo, env, xargs, timeout …
``interpreters``  shells inside the shell
``builtin``       built-ins that change what later commands do
``programs``      programs with rules of their own: find, sed, awk, tar, curl …
``scripts``       whether a sed or awk script is plain
``known``         judges a command of the table, and names the files that it touches
``table``         the table of known commands, from ``data/``
``options``       options in front of an inner command
``names``         reserved words, and variables that change what a later command does
``files``         paths that are secret, and paths that decide who may do what
``data/``         ``commands.tsv`` and ``verbs.tsv``: known commands, with their source
================  ================================================================================================
"""

from __future__ import annotations

from guardcli.inspectors.shell.inspector import inspect_argv, inspect_shell, stdin_of
from guardcli.inspectors.shell.scope import NotUnderstoodError, Place

__all__ = ["NotUnderstoodError", "Place", "inspect_argv", "inspect_shell", "stdin_of"]
