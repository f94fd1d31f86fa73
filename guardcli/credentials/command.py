"""``command:PROGRAM ARGUMENT…``: what a program prints, as for kubectl's and AWS's own helpers.

The words are split as a shell would, but no shell runs them. The program is the policy's, so it is trusted; it runs
with the environment that guard was started with.
"""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Mapping

from guardcli.credentials.provider import SECRET_MAX, Lasting, Loan, read_credential
from guardcli.model.credentials import Purpose
from guardcli.model.errors import UnavailableError

SECONDS = 10.0


class Command(Lasting):
    """Lends what programs print: a password, or JSON with ``username`` and ``password``."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def lend(self, reference: str, purpose: Purpose) -> Loan:
        """Run `reference` and return what it prints, its last newline aside."""
        try:
            words = shlex.split(reference)
        except ValueError as error:
            raise UnavailableError(f"the command for a credential is not understood: {error}") from error
        if not words:
            raise UnavailableError("the command for a credential is empty")
        name = words[0]
        try:
            done = subprocess.run(
                words, env=dict(self._environment), stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS
            )
        except subprocess.TimeoutExpired:
            raise UnavailableError(f"{name} gave no credential within {SECONDS:.0f} seconds") from None
        except OSError as error:
            raise UnavailableError(f"{name} cannot be run for a credential: {error.strerror}") from error
        if done.returncode:
            raise UnavailableError(f"{name} gave no credential; it exited with {done.returncode}")
        text = done.stdout[: SECRET_MAX + 1].decode("utf-8", "surrogateescape")
        return Loan(read_credential(text, f"what {name} printed"))
