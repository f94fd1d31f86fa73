"""AWS access keys: key ids by their prefix and length, secret keys beside a name that tells."""

from __future__ import annotations

from guardcli.masking.compiled.finders import Finder, Way
from guardcli.masking.compiled.judges import Judge
from guardcli.masking.detector import Detector

_ID = rb"(?:A3T[A-Z0-9]|AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Za-z0-9_])"
_SECRET = rb"[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])"
_OURS = Judge(declines=rb"(?is:.*EXAMPLE(?:KEY)?)|[A-Z0-9]{4}(?:X{16}|0{16})")


def _finder(value: bytes, length: int) -> Finder:
    """Return what finds a value of so many bytes that ends with its trigger."""
    return Finder(Way.TOKEN, value, _OURS, value, distances=(length,))


class AwsKey(Detector):
    """Find key ids and secret keys; decline those of Amazon's documentation, which end in EXAMPLE."""

    name = "aws_key"
    label = "AWS_KEY"
    triggers = (
        rb"\b(?:A3T[A-Z0-9]|AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}",
        rb"\b(?:AKIA|ASIA)[A-Z0-9]{16}[^A-Za-z0-9/+=\n](?:[^\n]{0,60}[^A-Za-z0-9/+=\n])?[A-Za-z0-9/+]{40}",
        rb"(?i)secret[_ -]?(?:access[_ -]?)?key[\"']?[ \t|:=>,\"']{1,24}(?:\[None\]: )?[\"']?[A-Za-z0-9/+]{40}",
    )
    opening = (
        rb"(?<![A-Za-z0-9_])((?:A3T|AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{0,17})"
        rb"|(?i:secret access key) \[None\]: ([A-Za-z0-9/+]{1,40})"
        rb"|\b(?:AKIA|ASIA)[A-Z0-9]{16}[^A-Za-z0-9/+=\n](?:[^\n]{0,60}[^A-Za-z0-9/+=\n])?([A-Za-z0-9/+]{1,40})"
    )
    finders = (_finder(_ID, 20), _finder(_SECRET, 40), _finder(_SECRET, 40))
