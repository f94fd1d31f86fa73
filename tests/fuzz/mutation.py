"""Change an input in the ways of its grammar: by whole words, by nesting, by what other inputs hold.

Bytes changed at random hardly ever make another call that means something. Here an input is cut into tokens; tokens are
taken out, doubled, moved, replaced by tokens of other inputs; stretches are put into quotes, brackets and wrappers.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

from fuzz.worlds import PART, WORD

_TOKEN = re.compile(rf"[{PART}{WORD}]|\w+|\s+|--?\w[\w-]*|.", re.DOTALL)
MAX_LENGTH = 1 << 14
"""Characters of an input of ordinary size; sizes beyond are a matter of `grown`."""

WRAPPERS: dict[str, Sequence[str]] = {
    "sql": (
        "WITH a AS ({}) SELECT * FROM a", "EXPLAIN ANALYZE {}", "EXPLAIN {}", "PREPARE p AS {}", "({}) UNION ALL {}",
        "DECLARE c CURSOR FOR {}", "COPY ({}) TO STDOUT", "BEGIN; {}; ROLLBACK", "SELECT ({})", "$a${}$a$", "/*{}*/",
        "SELECT 1 WHERE EXISTS ({})", "CREATE TABLE x AS {}", "DO $$ BEGIN {}; END $$", "E'{}'", '"{}"', "canary({})",
        "EXPLAIN (ANALYZE off, {})", "SELECT * FROM t, LATERAL ({}) s", "{} -- x\n",
        "query_to_xml('{}', true, true, '')",
    ),
    "psql": (
        "\\echo {}\n", "\\g {}\n", "`{}`", "\\if true\n{}\n\\endif\n", "'{}'", "$a${}$a$", "SELECT 1 \\; {};\n",
        "-c\x1f{}", "\\copy ({}) to stdout\n", "/*{}*/", "\\set x '{}'\n:x\n", "BEGIN ATOMIC {}; END;", "\\o |{}\n",
    ),
    "shell": (
        "sh -c '{}'", "$({})", "`{}`", '"{}"', "'{}'", "{{ {}; }}", "({})", "if {}; then :; fi", "{} | sh", "eval '{}'",
        "cat <<E\n{}\nE\n", "env A=b {}", "sudo {}", "xargs {}", "timeout 5 {}", "find . -exec {} \\;", "f() {{ {}; }}",
        "for i in {}; do :; done", "case x in x) {};; esac", "{} > /tmp/x", "x='{}'; $x", "ssh h {}", "! {}", "{} &",
        "[[ {} ]]", "$(({}))", "a=({})", "kubectl exec p -- {}", "git -c alias.x='!{}' x", "psql -c '{}'", "{} # x",
    ),
    "loader": ("[{}]", "{{a: {}}}", "- {}\n", "'{}'", "&a {}", "*a", "!!str {}", "|\n  {}\n", "rules:\n  - {}\n"),
}  # fmt: skip
_WORDS_WRAPPERS = ("'{}'", '"{}"', "{},{}", "{}={}", "--{}", "-{}", "{}/{}", "{}:{}", "+{}", "!{}", f"{{}}{WORD}{{}}")
_SPICE = [
    *"'\"`$\\;|&<>(){}[]*?~!#%@^=+-:,./\n\t \0é\udc80",
    "--",
    "''",
    "$$",
    "\\\n",
    "/*",
    "*/",
    WORD,
    PART,
    "\r",
]


class Mutator:
    """Makes new inputs of a target from those in `pool`, which may grow meanwhile."""

    def __init__(self, target: str, pool: Sequence[str]) -> None:
        self.pool = pool
        self.wrappers = (*WRAPPERS.get(target, ()), *(() if target in ("sql", "loader") else _WORDS_WRAPPERS))
        self._ways: Sequence[Callable[[list[str], random.Random], list[str]]] = (
            self._take_out,
            self._double,
            self._swap,
            self._spice,
            self._splice,
            self._splice,
            self._replace,
            self._replace,
            self._wrap,
            self._wrap,
            self._case,
        )

    def mutate(self, text: str, chance: random.Random) -> str:
        """Return `text` changed in one to four ways."""
        tokens = _TOKEN.findall(text)
        for _ in range(chance.choice((1, 1, 1, 2, 2, 3, 4))):
            tokens = chance.choice(self._ways)(tokens, chance) or [""]
        return "".join(tokens)[:MAX_LENGTH]

    def _place(self, tokens: list[str], chance: random.Random) -> tuple[int, int]:
        start = chance.randrange(len(tokens) + 1)
        return start, min(len(tokens), start + chance.choice((1, 1, 1, 2, 3, 5, 9, 20)))

    def _other(self, chance: random.Random) -> list[str]:
        tokens = _TOKEN.findall(chance.choice(self.pool)) if self.pool else [""]
        start, end = self._place(tokens, chance)
        return tokens[start:end]

    def _take_out(self, tokens: list[str], chance: random.Random) -> list[str]:
        start, end = self._place(tokens, chance)
        return tokens[:start] + tokens[end:]

    def _double(self, tokens: list[str], chance: random.Random) -> list[str]:
        start, end = self._place(tokens, chance)
        times = chance.choice((1, 1, 1, 2, 3, 40))
        return tokens[:end] + tokens[start:end] * times + tokens[end:]

    def _swap(self, tokens: list[str], chance: random.Random) -> list[str]:
        start, end = self._place(tokens, chance)
        rest = tokens[:start] + tokens[end:]
        where = chance.randrange(len(rest) + 1)
        return rest[:where] + tokens[start:end] + rest[where:]

    def _spice(self, tokens: list[str], chance: random.Random) -> list[str]:
        where = chance.randrange(len(tokens) + 1)
        return [*tokens[:where], chance.choice(_SPICE), *tokens[where:]]

    def _splice(self, tokens: list[str], chance: random.Random) -> list[str]:
        where = chance.randrange(len(tokens) + 1)
        return tokens[:where] + self._other(chance) + tokens[where:]

    def _replace(self, tokens: list[str], chance: random.Random) -> list[str]:
        start, end = self._place(tokens, chance)
        return tokens[:start] + self._other(chance) + tokens[end:]

    def _wrap(self, tokens: list[str], chance: random.Random) -> list[str]:
        start, end = chance.choice(((0, len(tokens)), self._place(tokens, chance)))
        wrapper = chance.choice(self.wrappers)
        inner = "".join(tokens[start:end])
        return (
            tokens[:start]
            + _TOKEN.findall(wrapper.replace("{{", "{").replace("}}", "}").replace("{}", inner))
            + tokens[end:]
        )

    def _case(self, tokens: list[str], chance: random.Random) -> list[str]:
        where = chance.randrange(len(tokens)) if tokens else 0
        return [*tokens[:where], *(token.swapcase() for token in tokens[where : where + 1]), *tokens[where + 1 :]]
