"""The configuration that a call of git has to have so that nobody but guard is asked for, or told, the password.

It stands last among ``GIT_CONFIG_KEY_n``, behind every file (git-config(1), ENVIRONMENT), and so

- empties the list of helpers, those of a URL included, before guard's own is put there: git tells every helper in the
  list a password that worked;
- asks with the path, so that it can be compared;
- checks certificates for the very address, which goes before what a repository sets for a shorter one.

What stands behind it is what a command line sets by ``-c`` (``GIT_CONFIG_PARAMETERS``): `fault_of` finds what there
would undo it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

COUNT, KEY, VALUE = "GIT_CONFIG_COUNT", "GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_"
PAIRS_MAX = 1000
"""So many pairs of the caller's are kept; with more of them nothing is lent."""
HELPERS = "credential.helper"
FIXED: Mapping[str, str | None] = {
    "GIT_ASKPASS": "",
    "GIT_SSL_NO_VERIFY": None,
    "GIT_CURL_VERBOSE": None,
}
"""No program asks for the password, certificates are checked, nothing is told of the conversation."""
_LOOSE = re.compile(
    r"(?i)(?<!=)'(credential\.|core\.askpass|include|http\.[^']*(ssl|proxy|pinned|curlopt|cookie|schannel))"
)

Pair = tuple[str, str]


def read_pairs(environment: Mapping[str, str]) -> list[Pair]:
    """Return the pairs of ``GIT_CONFIG_COUNT``. Raises ValueError for what git would refuse, and for too many."""
    count = environment.get(COUNT, "") or "0"
    if not (count.isascii() and count.isdigit()) or int(count) > PAIRS_MAX:
        raise ValueError(f"{COUNT} is {count[:20]}")
    try:
        return [(environment[f"{KEY}{n}"], environment[f"{VALUE}{n}"]) for n in range(int(count))]
    except KeyError as missing:
        raise ValueError(f"{missing} is missing") from None


def write_pairs(pairs: Sequence[Pair]) -> dict[str, str]:
    """Return the variables that hold `pairs`."""
    found = {COUNT: str(len(pairs))}
    for number, (key, value) in enumerate(pairs):
        found |= {f"{KEY}{number}": key, f"{VALUE}{number}": value}
    return found


def forced_pairs(helper: str, others: Iterable[str], hosts: Iterable[str], urls: Iterable[str]) -> list[Pair]:
    """Return the pairs. `helper` is guard's command, `others` are the user's own helpers, for other hosts; `hosts` are
    the addresses, such as ``https://git.example.com``, that guard alone answers for; `urls` are those that the call
    is known to go to."""
    found = [(HELPERS, ""), *((HELPERS, other) for other in others), ("http.sslVerify", "true")]
    for host in hosts:
        found += [(f"credential.{host}.helper", ""), (f"credential.{host}.helper", helper)]
        found += [(f"credential.{host}.useHttpPath", "true"), (f"http.{host}.sslVerify", "true")]
    return found + [(f"http.{url}.sslVerify", "true") for url in urls]


def without_forced(environment: Mapping[str, str], helper: str) -> dict[str, str]:
    """Return `environment` as it was before guard's own pairs were put there: for a git that git has started."""
    try:
        pairs = read_pairs(environment)
    except ValueError:
        return dict(environment)
    ours = next((number for number, pair in enumerate(pairs) if pair == (HELPERS, "")), len(pairs))
    if not any(value == helper for _, value in pairs[ours:]):
        return dict(environment)
    rest = {name: value for name, value in environment.items() if not name.startswith((COUNT, KEY, VALUE))}
    return rest | (write_pairs(pairs[:ours]) if ours else {})


def fault_of(environment: Mapping[str, str], forced: Sequence[Pair], settings: Mapping[str, str | None]) -> str:
    """Return why a process with this environment is not answered; empty where it has `forced` and `settings`."""
    try:
        pairs = read_pairs(environment)
    except ValueError as problem:
        return str(problem)
    if pairs[len(pairs) - len(forced) :] != list(forced):
        return "its configuration is not the one that guard gave to the call"
    if _LOOSE.search(environment.get("GIT_CONFIG_PARAMETERS", "")):
        return "the call sets what has to do with credentials or certificates itself (-c)"
    for name, value in settings.items():
        if environment.get(name) != value:
            return f"{name} is not as guard gave it to the call"
    return ""
