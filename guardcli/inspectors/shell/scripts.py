"""Tells whether a sed or awk script is plain: reads its input, prints, and does nothing else.

Both are small readers that know only what is harmless. A letter, a function or an operator that they do not know, or
a place where two implementations read differently, makes the script not plain. Sources: POSIX.1-2017 sed and awk, and
the manuals of GNU sed and gawk.
"""

from __future__ import annotations

import re

from guardcli.inspectors.names import names

MAX_SCRIPT = 8192
"""Characters of a script that is read; a longer one is not called plain."""

_ADDRESS = re.compile(r"\s*(?:(\d+)(?:~\d+)?|\$|/(?:[^/\\\n\[]|\\.|\[\^?\]?[^\]/\\\n\[]*\])*/[IM]*|[+~]\d+)")
_SED_PLAIN = re.compile(r"[=dDgGhHnNpPxzF]\s*(?=[;}\n]|\Z)")
_SED_NUMBER = re.compile(r"[lqQL]\s*\d*\s*(?=[;}\n]|\Z)")
_SED_LABEL = re.compile(r"(?::\s*\w+|[btT]\s*\w*)\s*(?=[;}\n]|\Z)")
_SED_TEXT = re.compile(r"[aic](?:\\\n|\s*)[^\\\n]*(?=\n|\Z)")
_SED_FLAGS = re.compile(r"[gpiIm\d]*\s*(?=[;}\n]|\Z)")


def sed_is_plain(script: str) -> bool:
    """Tell whether the sed `script` writes no file and runs no command."""
    if len(script) > MAX_SCRIPT:
        return False
    position, depth = 0, 0
    while position < len(script):
        if script[position] in " \t\n;":
            position += 1
            continue
        if script[position] == "#":
            newline = script.find("\n", position)
            if newline < 0:
                break
            position = newline
            continue
        position = _sed_addresses(script, position)
        letter = script[position : position + 1]
        if letter == "{":
            depth += 1
            position += 1
        elif letter == "}":
            depth -= 1
            position += 1
        elif letter in ("s", "y"):
            position = _sed_substitution(script, position)
        else:
            match = next(
                (
                    found
                    for form in (_SED_PLAIN, _SED_NUMBER, _SED_LABEL, _SED_TEXT)
                    if (found := form.match(script, position))
                ),
                None,
            )
            position = match.end() if match else -1
        if position < 0:
            return False
    return depth == 0


def _sed_addresses(script: str, position: int) -> int:
    match = _ADDRESS.match(script, position)
    if match:
        position = match.end()
        if script[position : position + 1] == ",":
            second = _ADDRESS.match(script, position + 1)
            position = second.end() if second else position
    after = re.compile(r"[\s!]*").match(script, position)
    return after.end() if after else position


def _sed_substitution(script: str, position: int) -> int:
    """Return where the command after ``s///`` or ``y///`` begins; -1 where it is not plain."""
    delimiter = script[position + 1 : position + 2]
    if not delimiter or delimiter in "\\\n \t;" or delimiter.isalnum():
        return -1
    end = position + 1
    for part in range(2):
        start = end + 1
        end = start
        while end < len(script) and script[end] != delimiter:
            if script[end] == "\n":
                return -1
            end += 2 if script[end] == "\\" else 1
        if end >= len(script):
            return -1
        brackets = re.sub(r"\\.|\[\^?\]?[^\]]*\]", "", script[start:end])
        if part == 0 and "[" in brackets:
            return -1
    flags = _SED_FLAGS.match(script, end + 1)
    return flags.end() if flags else -1


_AWK_CALLS = names(
    "length substr index split sub gsub match sprintf tolower toupper int sqrt exp log sin cos atan2 rand "
    "srand strftime systime gensub asort asorti strtonum mktime and or xor compl lshift rshift patsplit "
    "print printf if while for switch return in delete exit next"
)
_AWK_TOKEN = re.compile(
    r"""(?P<space>[ \t\n]+) | (?P<comment>\#[^\n]*) | (?P<string>"(?:[^"\\\n]|\\.)*")
      | (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?) | (?P<name>[A-Za-z_]\w*)
      | (?P<sign>\|\||&&|[-+*/%^!<>=~]=?|[{}()\[\];,?:$|&])""",
    re.VERBOSE,
)
_AWK_REGEX = re.compile(r"/(?:[^/\\\n\[\]]|\\.|\[\^?\]?[^\]/\\\n]*\])+/")
_AWK_WORDS = names("print printf return in getline if while for do else case exit next delete BEGIN END")
_AWK_REFUSED = names("system getline close fflush function func nextfile include load namespace eval extension")


def awk_is_plain(program: str) -> bool:
    """Tell whether the awk `program` runs no command and writes no file."""
    if len(program) > MAX_SCRIPT:
        return False
    position = braces = parens = 0
    operand = True  # an operand may begin here, so that a slash begins a regular expression
    while position < len(program):
        if program[position] == "/" and operand:
            match = _AWK_REGEX.match(program, position)
            if not match:
                return False
            position, operand = match.end(), False
            continue
        token = _AWK_TOKEN.match(program, position)
        if not token:
            return False
        position = token.end()
        kind, text = token.lastgroup, token.group()
        if kind in ("space", "comment"):
            continue
        if kind == "name":
            called = program[position : position + 1] == "("
            if text in _AWK_REFUSED or (called and text not in _AWK_CALLS):
                return False
            operand = text in _AWK_WORDS
            continue
        if kind in ("string", "number"):
            operand = False
            continue
        braces += (text == "{") - (text == "}")
        parens += (text == "(") - (text == ")")
        if braces < 0 or parens < 0 or text in ("|", "&") or (text == ">" and braces and not parens):
            return False
        if text == ")" and program[position:].lstrip(" \t\n").startswith("/"):
            return False
        operand = text not in (")", "]", "$")
    return braces == 0 and parens == 0
