"""Passwords as people and programs choose them, for places that take every sign and for such that do not."""

from __future__ import annotations

import base64

from excerpts.identifiers import DIGITS, LETTERS, LOWER, UPPER
from excerpts.persons import HEX, WORDS, Persons

ALNUM = LETTERS + DIGITS
_SIGNS = ALNUM + "!@#%^&*()_+-=[]{}|;:,.<>?/~"


class Passwords(Persons):
    """Makes them; each method one kind, by its name without the underscore."""

    def _p(self) -> str:
        w = self.r.choice(WORDS)
        return self.r.choice(
            [
                lambda: self._s(ALNUM, self._n(8, 20)) + self._s(DIGITS, 1),
                lambda: w.title() + self._s(DIGITS, self._n(2, 4)),
                lambda: w.title() + self.r.choice("!@*_-.") + self._s(DIGITS, 4),
                lambda: "-".join(self.r.sample(WORDS, 3)) + self._s(DIGITS, 2),
                lambda: w + self._s(DIGITS, 3),
                lambda: w.title() + self.r.choice(WORDS).title() + self._s(DIGITS, 1) + "!",
                lambda: self._s(ALNUM + "!@%^*_+=", self._n(10, 18)) + "q7",
                lambda: self._s(HEX, 32),
                lambda: w[0].upper() + "@" + w[1:] + self._s(DIGITS, 3),
                lambda: self._s(LOWER, 5) + self._s(DIGITS, 4) + self._s(UPPER, 2),
                lambda: "P@ssw0rd" + self._s(DIGITS, 3),
                lambda: (
                    "".join({"a": "4", "e": "3", "o": "0", "i": "1"}.get(c, c) for c in w) + "!" + self._s(DIGITS, 2)
                ),
            ]
        )()

    def _q(self) -> str:
        return self.r.choice(
            [
                self._p,
                lambda: self._s(_SIGNS, self._n(10, 22)) + "k4",
                lambda: " ".join(self.r.sample(WORDS, 4)) + self._s(DIGITS, 1),
                lambda: self._s(ALNUM, 6) + "$" + self._s(DIGITS, 4),
            ]
        )()

    def _qj(self) -> str:
        return self.r.choice([self._p, lambda: self._s(_SIGNS, self._n(10, 22)) + "k4"])()

    def _qx(self) -> str:
        return self._q().translate({ord(c): "x" for c in '<>&"'})

    def _qs(self) -> str:
        return self._q()

    def _pwsemi(self) -> str:
        return self._p().replace(";", "x")

    def _u(self) -> str:
        return self.r.choice(
            [
                lambda: self._s(ALNUM + "-_.~", self._n(8, 20)) + "7",
                lambda: self.r.choice(WORDS) + self._s(DIGITS, 3),
                lambda: self._s(ALNUM, 6) + "%40" + self._s(ALNUM, 5),
                lambda: self.r.choice(WORDS).title() + "!" + self._s(DIGITS, 3),
            ]
        )()

    def _b64p(self) -> str:
        return base64.b64encode(self._p().encode()).decode()
