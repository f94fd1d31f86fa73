"""What plainly names a change, found without any code of the inspectors.

Each function says why a text or a vector cannot be harmless, or an empty string where it is not sure. They lean on
other parsers than the inspectors do: the node kinds of PostgreSQL's grammar, its lexer, Python's getopt and shlex. They
are sure of little; what they are sure of, no inspector may call complete and free of writes.
"""

from __future__ import annotations

import getopt
import json
import re
import shlex
from collections.abc import Iterator, Sequence
from typing import Any

import pglast
from pglast import parser

from guardcli.inspectors.names import names

READING_KINDS = names(
    "SelectStmt VariableShowStmt ExplainStmt PrepareStmt ExecuteStmt DeallocateStmt DeclareCursorStmt FetchStmt "
    "ClosePortalStmt TransactionStmt VariableSetStmt ListenStmt UnlistenStmt DiscardStmt ConstraintsSetStmt "
    "LockStmt CopyStmt"
)
"""Statements of which not all change something; every other one does."""

CHANGING_FUNCTIONS = names(
    "nextval setval lo_import lo_export lo_unlink lo_create lo_creat lo_put lo_from_bytea lowrite lo_truncate "
    "pg_terminate_backend pg_cancel_backend pg_reload_conf pg_rotate_logfile pg_read_file pg_read_binary_file "
    "pg_ls_dir pg_stat_file dblink dblink_exec dblink_connect pg_notify pg_switch_wal pg_promote pg_stat_reset "
    "pg_create_physical_replication_slot pg_drop_replication_slot pg_logical_emit_message pg_file_write "
    "pg_create_restore_point query_to_canary canary"
)
CHANGING_STARTS = names(
    "create drop alter insert update delete truncate grant revoke do call vacuum reindex cluster merge refresh "
    "comment import load reassign security checkpoint"
)
CHANGING_PROGRAMS = names(
    "rm rmdir mv cp chmod chown chgrp pkill killall reboot poweroff halt mkfs truncate ln touch mkdir shred "
    "useradd userdel usermod groupadd umount fdisk mkswap swapoff insmod rmmod unlink install"
)
"""Programs that change something however they are called, but for their own help."""

CHANGING_VERBS = names(
    "delete apply create patch replace scale edit label annotate drain cordon uncordon taint run expose autoscale "
    "cp debug attach port-forward proxy"
)
CHANGING_COMMANDS = names(
    "commit push add rm mv reset merge rebase pull clone cherry-pick revert gc prune update-ref filter-branch "
    "clean am checkout switch restore fetch init"
)


def sql_statement(statement: dict[str, Any]) -> str:
    """Say why one statement of a parse tree is not harmless, by the kinds of its nodes alone."""
    kind = next(iter(statement), "")
    if kind == "ExplainStmt":
        options = [item.get("DefElem", {}) for item in statement[kind].get("options", [])]
        if not any(option.get("defname") == "analyze" and "arg" not in option for option in options):
            return ""
    for name, node in _nodes(statement):
        if name.endswith("Stmt") and name not in READING_KINDS:
            return name
        if name in ("intoClause", "lockingClause"):
            return name
        if not isinstance(node, dict):
            continue
        if name in ("FuncCall", "funccall"):
            words = [item.get("String", {}).get("sval") for item in node.get("funcname", [])]
            if words[-1] in CHANGING_FUNCTIONS:
                return f"the function {words[-1]}"
        if name == "CopyStmt" and ("filename" in node or node.get("is_from") or node.get("is_program")):
            return name
        if name == "VariableSetStmt" and node.get("name") in ("role", "session_authorization"):
            return str(node["name"])
        if name == "LockStmt" and node.get("mode", 8) > 2:
            return name
        if name == "TransactionStmt" and "PREPARED" in node.get("kind", ""):
            return name
    return ""


def _nodes(tree: Any) -> Iterator[tuple[str, Any]]:
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            yield from node.items()
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)


def sql_statements(text: str) -> list[str] | None:
    """Return what `sql_statement` says of each statement; None for a text that is none."""
    try:
        tree = json.loads(parser.parse_sql_json(text))
        return [sql_statement(item.get("stmt", {})) for item in tree.get("stmts", [])]
    except (parser.ParseError, RecursionError, ValueError, UnicodeError):
        return None


def psql_script(text: str) -> str:
    """Say why a script is not harmless: a backslash command that runs or writes, or a word that a change begins with.

    Nothing is said of a script that may end early, set variables that change how it is read, or hold rows.
    """
    if re.search(r"\\(q|copyright|if|el|set|gset|unset|prompt|h|g|\?|c|bind)|:|(?i:copy|listen)|\r|\f|\v", text):
        return ""
    plain = re.sub(r"\\[^\n]*", lambda match: " " * len(match.group()), text)
    try:
        tokens = parser.scan(plain)
    except (pglast.Error, ValueError, UnicodeError):
        return ""
    raw = plain.encode()
    starts, depth = True, 0
    for token in tokens:
        word = raw[token.start : token.end + 1].decode("utf-8", "replace").lower()
        if token.name in ("SQL_COMMENT", "C_COMMENT"):
            continue
        if starts and depth == 0 and word in CHANGING_STARTS:
            return f"a statement begins with {word}"
        depth += (word == "(") - (word == ")")
        starts = word == ";"
    return ""


_PSQL = "aAbc:d:eEf:F:h:HlL:no:p:P:qR:sStT:U:v:VwWxXz?01"
_PSQL_LONG = sorted(
    names(
        "echo-all no-align command= dbname= echo-errors echo-queries echo-hidden file= field-separator= "
        "field-separator-zero host= html list log-file= no-readline single-transaction output= port= pset= quiet "
        "record-separator= record-separator-zero single-step single-line tuples-only table-attr= username= set= "
        "variable= version no-password password expanded no-psqlrc help csv"
    )
)


def psql(words: Sequence[str], world: str) -> str:
    """Say why a call of psql is not harmless."""
    try:
        options, rest = getopt.getopt(list(words), _PSQL, _PSQL_LONG)
    except getopt.GetoptError:
        return ""
    if any(word.startswith("-") for word in rest):  # options go on there unless POSIXLY_CORRECT stands
        return ""
    given = {name for name, _ in options}
    if given & {"-?", "--help", "-V", "--version", "-l", "--list", "-v", "--set", "--variable", "-S", "--single-line"}:
        return ""
    texts = [value for name, value in options if name in ("-c", "--command")]
    if any("\\" in text for text in texts):
        return ""
    scripts = [world] if given & {"-f", "--file"} or not texts else []
    return next(filter(None, (psql_script(text) for text in (*texts, *scripts))), "")


def shell(text: str) -> str:
    """Say why a command line is not harmless: a command of `CHANGING_PROGRAMS`, by shlex, in texts without riddles."""
    if re.search(r"<<|#|\bcase\b|\[\[|=\(|\(\(|\\|\$|`|\bfunction\b|\(\)|\bfor\b|\bselect\b|\+=|[^\x20-\x7e\n]", text):
        return ""
    try:
        words = list(shlex.shlex(text.replace("\n", " ; "), posix=True, punctuation_chars=";&|()<>"))
    except ValueError:
        return ""
    starts = True
    for word in words:
        if starts and word in CHANGING_PROGRAMS:
            return f"the command {word}"
        starts = bool(word) and set(word) <= set(";&|(")
    return ""


def vector(words: Sequence[str]) -> str:
    """Say why a command given as words is not harmless."""
    return f"the command {words[0]}" if words and words[0] in CHANGING_PROGRAMS else ""


def kubectl(words: Sequence[str]) -> str:
    """Say why a call of kubectl is not harmless, where nothing but ``--name=value`` stands before its verb."""
    if any(re.match(r"--dry[-_]run|--h|-\w*h|--list|--local|--client|--version|--raw", word) for word in words):
        return ""
    if "view-last-applied" in words or "plugin" in words:
        return ""
    rest = [word for word in words if not re.fullmatch(r"--[a-z-]+=[^\n]*", word)]
    if len(rest) < 2 or rest[0] not in CHANGING_VERBS:
        return ""
    if rest[0] == "create" and len(rest) < 3:  # the name of a group of commands, which prints its help
        return ""
    return f"the verb {rest[0]}"


_GIT_VALUES = ("-C", "-c", "--git-dir", "--work-tree", "--namespace")


def git(words: Sequence[str]) -> str:
    """Say why a call of git is not harmless, by its command."""
    rest = list(words)
    while rest and rest[0].startswith("-"):
        if rest[0] in _GIT_VALUES:
            del rest[:2]
        elif rest[0].partition("=")[0] in _GIT_VALUES or rest[0] in ("-p", "-P", "--no-pager", "--bare"):
            del rest[0]
        else:
            return ""
    if len(rest) < 2 or rest[0] not in CHANGING_COMMANDS or any("nothing" in word for word in words):
        return ""
    if any(re.match(r"-\w*[nhN]|--dr|--h|--no-op|--ab|--q|--show|--sh|--help|--ed|--fe|--ge", word) for word in rest):
        return ""
    return f"the command {rest[0]}"


_SSH = "1246ab:c:e:fgi:kl:m:no:p:qstvxAB:CD:E:F:GI:J:KL:MNO:P:Q:R:S:TVw:W:XYy"


def ssh(words: Sequence[str], world: str) -> str:
    """Say why a call of ssh is not harmless: a forward, or a remote command that names a change."""
    try:
        options, rest = getopt.getopt(list(words), _SSH)
        more, command = getopt.getopt(rest[1:], _SSH)
    except getopt.GetoptError:
        return ""
    given = {name for name, _ in (*options, *more)}
    if not rest or given & {"-O", "-Q", "-V", "-G", "-N", "-W", "-s", "-o", "-F"}:
        return ""
    if given & {"-L", "-R", "-D", "-w"}:
        return "a forward"
    return shell(" ".join(command)) if command else "" if world else "an interactive shell"
