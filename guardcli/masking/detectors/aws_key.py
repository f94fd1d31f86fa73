"""AWS access keys: key ids by their prefix and length, secret keys beside a name that tells."""

from __future__ import annotations

import re

from guardcli.masking.detector import Detector

_ID = re.compile(rb"(?:A3T[A-Z0-9]|AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Za-z0-9_])")
_SECRET = re.compile(rb"(?<![A-Za-z0-9/+])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])")


class AwsKey(Detector):
    """Find key ids and secret keys; decline those of Amazon's documentation, which end in EXAMPLE."""

    name = "aws_key"
    label = "AWS_KEY"
    triggers = (
        rb"\b(?:A3T[A-Z0-9]|AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}",
        rb"\b(?:AKIA|ASIA)[A-Z0-9]{16}[^A-Za-z0-9\n](?:[^\n]{0,60}[^A-Za-z0-9/+=\n])?[A-Za-z0-9/+]{40}",
        rb"(?i)secret[_ -]?(?:access[_ -]?)?key[\"']?[ \t|:=>,\"']{1,24}(?:\[None\]: )?[\"']?[A-Za-z0-9/+]{40}",
    )
    opening = rb"(?<![A-Za-z0-9_])((?:A3T|AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{0,17})"

    def find(self, text: bytes, at: int) -> tuple[int, int] | None:
        """Return the key id or secret key that ends at `at`."""
        found = _ID.match(text, at - 20) if at >= 20 else None
        if found is None and at >= 40:
            found = _SECRET.match(text, at - 40)
        if found is None or found[0].upper().endswith((b"EXAMPLE", b"EXAMPLEKEY")):
            return None
        return found.span()
