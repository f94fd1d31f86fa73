r"""The table of known commands: ``data/commands.tsv`` and ``data/verbs.tsv``, read once and matched.

``commands.tsv`` has one row for each group of commands that are alike: names, kind, effects, options,
operands, source. The kinds:

==========  ===================================================================================================
``read``    reads, whatever its options and operands
``deny``    reads, unless an option of the row or its operands say otherwise
``allow``   reads only with options of the row; anything else has the row's effects
``always``  has the row's effects, whatever its options
==========  ===================================================================================================

An option is written as on the command line, with ``:`` where it takes a value, and ``!effects`` (or a bare ``!`` for
the row's) where it changes something. In an ``allow`` row that
has options with a leading ``+`` one of them is needed; ``@`` and a directory after an option say where its value has to
lie. Effects are joined by ``+``; ``?`` in them concedes. Operands are ``any``,
``maxN``, ``minN``, ``plus`` (each begins with ``+``), ``known`` (each is) or ``noassign`` (none holds ``=``).

``verbs.tsv`` does the same for commands with sub-commands: names, effects, verbs. Verbs are joined by commas;
``-`` stands for no verb at all, ``verb/N`` for a verb with at most N operands of its own, and a row whose effects
are ``options`` lists the command's options instead.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files

from guardcli.inspectors.shell.words import Word
from guardcli.model.effects import Effect

READ = frozenset({Effect.READ})


@dataclass(frozen=True, slots=True)
class Option:
    """What one option means: whether a value follows, what it does if not just read, whether it makes the call
    read, and where its value has to lie."""

    value: bool = False
    effects: frozenset[Effect] | None = None
    mode: bool = False
    within: str = ""


_ANY = Option()


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table of commands."""

    kind: str
    effects: frozenset[Effect]
    options: dict[str, Option]
    operands: str


@dataclass(slots=True)
class Verbs:
    """All rows of one command with sub-commands."""

    options: dict[str, Option] = field(default_factory=dict)
    verbs: dict[str, tuple[frozenset[Effect], int]] = field(default_factory=dict)
    groups: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Finding:
    """What a row says about one call. UNKNOWN among the effects means conceded, for `reason`."""

    effects: frozenset[Effect]
    operands: tuple[Word, ...]
    reason: str = ""
    verb: str = ""


def parse_effects(text: str) -> frozenset[Effect]:
    """Return the effects of a cell; ``?`` adds UNKNOWN."""
    return frozenset(Effect.UNKNOWN if name == "?" else Effect(name) for name in text.split("+"))


def _options(cell: str, default: frozenset[Effect]) -> dict[str, Option]:
    found = {}
    for token in cell.split():
        name, change, effects = token.removeprefix("+").partition("!")
        name, _, within = name.partition("@")
        value = name.endswith(":")
        given = (parse_effects(effects) if effects else default) if change else None
        found[name.rstrip(":")] = Option(value, given, token.startswith("+"), within)
    return found


def _rows(name: str) -> list[list[str]]:
    text = (files("guardcli.inspectors.shell") / "data" / name).read_text("utf-8")
    return [line.split("\t") for line in text.splitlines() if line and not line.startswith("#")]


@lru_cache(maxsize=1)
def commands() -> dict[str, Rule]:
    """Return the table of commands by name."""
    table = {}
    for names, kind, effects, options, operands, _source in _rows("commands.tsv"):
        default = parse_effects(effects)
        rule = Rule(kind, default, _options(options, default), operands)
        table.update(dict.fromkeys(names.split(","), rule))
    return table


@lru_cache(maxsize=1)
def verbs() -> dict[str, Verbs]:
    """Return the table of commands with sub-commands by name."""
    table: dict[str, Verbs] = {}
    for names, effects, cell, _source in _rows("verbs.tsv"):
        for name in names.split(","):
            entry = table.setdefault(name, Verbs())
            if effects == "options":
                entry.options.update(_options(cell, frozenset({Effect.UNKNOWN, Effect.EXECUTE})))
                continue
            for verb in cell.split(","):
                word, _, limit = verb.strip().partition("/")
                entry.verbs[word] = (parse_effects(effects), int(limit) if limit else 10**6)
                if " " in word:
                    entry.groups.add(word.split(" ", 1)[0])
    return table


def scan(words: Sequence[Word], options: dict[str, Option], *, allow: bool) -> tuple[set[Effect], list[Word], str]:
    """Read the arguments `words`; return effects of the options found, the operands, and why to concede.

    With `allow` an option that is not in `options` adds a reason. Abbreviations of long options count as each
    option that they could stand for.
    """
    effects: set[Effect] = set()
    operands: list[Word] = []
    reason = ""
    changing = allow or any(option.effects is not None for option in options.values())
    position = 0
    while position < len(words):
        word = words[position]
        position += 1
        if not word.known and word.may_be_option and (word.splits or word.prefix.startswith("-") or not word.prefix):
            option, unknown = _partial(word, options, allow) if not word.splits else (None, changing)
            if unknown:
                reason = reason or "an option could be hidden in a word that is not known"
            if option is None and not word.prefix.startswith("-"):
                operands.append(word)
            continue
        if word.text == "--":
            operands += words[position:]
            break
        if not word.text.startswith("-") or word.text == "-":
            operands.append(word)
            continue
        takes, found, unknown = _match(word.text, options)
        effects.update(*found)
        position += takes
        within = options.get(word.text, _ANY).within
        if within and not (position <= len(words) and _lies_within(words[position - 1], within)):
            unknown = True
        if allow and unknown:
            reason = reason or f"{word.text} is not among the options known to be harmless"
    return effects, operands, reason


def _lies_within(word: Word, directory: str) -> bool:
    return word.known and word.text.startswith(directory) and ".." not in word.text


def _partial(word: Word, options: dict[str, Option], allow: bool) -> tuple[Option | None, bool]:
    """Judge a word of which only the beginning is known: harmless when that is an option with its value."""
    name = word.prefix.split("=", 1)[0]
    option = options.get(name) if "=" in word.prefix else options.get(word.prefix[:2])
    if option is not None and option.value and option.effects is None and len(word.prefix) >= 2:
        return option, False
    changing = allow or any(known.effects is not None for known in options.values())
    return option, changing


def _match(text: str, options: dict[str, Option]) -> tuple[int, list[frozenset[Effect]], bool]:
    """Return how many words after `text` are its value, the effects found, and whether a part is not listed."""
    exact = options.get(text)
    if exact is not None:
        return int(exact.value), [exact.effects] if exact.effects is not None else [], False
    if text.startswith("--"):
        name, has_value, _ = text.partition("=")
        near = [(long, option) for long, option in options.items() if long.startswith(name) and long.startswith("--")]
        found = [option.effects for _, option in near if option.effects is not None]
        takes = not has_value and len(near) == 1 and near[0][1].value
        return int(takes), found, not near
    found, unknown = [], False
    for index, letter in enumerate(text[1:], 1):
        option = options.get("-" + letter)
        if option is None or option.within:
            unknown = unknown or option is not None or not (letter.isdigit() and "-#" in options)
            if option is None:
                continue
        if option.effects is not None:
            found.append(option.effects)
        if option.value:
            return int(index == len(text) - 1), found, unknown
    return 0, found, unknown


def judge_command(rule: Rule, words: Sequence[Word]) -> Finding:
    """Judge the arguments `words` of a command by its `rule`."""
    if rule.kind in ("read", "always"):
        _, operands, _ = scan(words, rule.options, allow=False)
        return Finding(rule.effects if rule.kind == "always" else READ, tuple(operands))
    effects, operands, reason = scan(words, rule.options, allow=rule.kind == "allow")
    if rule.kind == "allow" and reason:
        return Finding(rule.effects | {Effect.UNKNOWN}, tuple(operands), reason)
    if any(option.mode for option in rule.options.values()) and not _has_mode(rule, words):
        return Finding(rule.effects | {Effect.UNKNOWN}, tuple(operands), "no option says that it only reads")
    fault = _operands_fault(rule.operands, operands, bool(words))
    if rule.operands.startswith("max") and rule.operands != "max0" and _late_option(rule, words):
        fault = fault or "an option after an operand may be taken for a file"
    if fault:
        effects |= rule.effects
    if Effect.UNKNOWN in effects:
        reason = reason or fault or "an option of it may run a program or change something"
    elif reason:
        effects.add(Effect.UNKNOWN)
    return Finding(frozenset(effects) or READ, tuple(operands), reason)


def _has_mode(rule: Rule, words: Sequence[Word]) -> bool:
    """Tell whether an option of `words` is one that makes the call read."""
    for word in words:
        if not word.text.startswith("-") or not word.known:
            continue
        option = rule.options.get(word.text.split("=", 1)[0])
        letters = (
            [] if option or word.text.startswith("--") else [rule.options.get("-" + sign) for sign in word.text[1:]]
        )
        if any(found is not None and found.mode for found in (option, *letters)):
            return True
    return False


def _late_option(rule: Rule, words: Sequence[Word]) -> bool:
    """Tell whether an option stands behind something that could be an operand, where some programs read no options."""
    operand = False
    before = ""
    for word in words:
        option = word.text.startswith("-") and word.text != "-"
        if option and operand:
            return True
        value = before in rule.options and rule.options[before].value
        operand = operand or (not option and not value)
        before = word.text
    return False


def _operands_fault(rule: str, operands: Sequence[Word], any_word: bool) -> str:
    """Return what is wrong with the number or form of `operands` for one that only reads; empty for nothing."""
    if rule == "any":
        return ""
    if rule == "plus":
        return "" if all(word.prefix.startswith("+") or word.text.startswith("+") for word in operands) else "it is set"
    if rule == "noassign":
        return "" if not any("=" in word.text or not word.known for word in operands) else "an operand may assign"
    if rule == "known":
        return "" if all(word.known for word in operands) else "what it connects to cannot be known"
    limit = re.fullmatch(r"(max|min)(\d+)", rule)
    if limit is None:
        return "the table of commands has a fault"
    if limit.group(1) == "min":
        return "" if any_word else "without arguments it does more"
    if any(word.splits for word in operands) or len(operands) > int(limit.group(2)):
        return "a further operand makes it change something"
    return ""


def judge_verb(entry: Verbs, words: Sequence[Word]) -> Finding:
    """Judge the arguments `words` of a command that has sub-commands."""
    effects, operands, reason = scan(words, entry.options, allow=False)
    if reason or any(not word.known for word in operands[:1]):
        return Finding(frozenset({Effect.UNKNOWN}), tuple(operands), reason or "its sub-command cannot be known")
    names = [word.text if word.known else "" for word in operands[:3]]
    verb = _verb(entry, names)
    if verb is None:
        shown = " ".join(name for name in names[:2] if name) or "no sub-command"
        return Finding(
            frozenset({Effect.UNKNOWN}), tuple(operands), f"{shown} is not in the table of known sub-commands"
        )
    own, limit = entry.verbs[verb]
    rest = operands[len(verb.split()) if verb != "-" else 0 :]
    if len(rest) > limit or (limit < 10**6 and any(word.splits for word in rest)):
        return Finding(frozenset({Effect.UNKNOWN}), tuple(rest), f"{verb} with operands is not known", verb)
    if own != READ:
        effects |= own
    if Effect.UNKNOWN in effects:
        reason = "an option or sub-command of it may run a program or change something"
    return Finding(frozenset(effects) or READ, tuple(rest), reason, "" if verb == "-" else verb)


def _verb(entry: Verbs, names: Sequence[str]) -> str | None:
    if not names:
        return "-" if "-" in entry.verbs else None
    for length in (3, 2):
        if len(names) >= length and " ".join(names[:length]) in entry.verbs:
            return " ".join(names[:length])
    first = names[0]
    if first in entry.groups and len(names) > 1 and f"{first} *" not in entry.verbs:
        return None
    return first if first in entry.verbs else None
