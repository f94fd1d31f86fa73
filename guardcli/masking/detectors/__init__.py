"""One detector a file; `REGISTRY` names them all."""

from __future__ import annotations

from collections.abc import Mapping

from guardcli.masking.detector import Detector
from guardcli.masking.detectors.aws_key import AwsKey
from guardcli.masking.detectors.connection_uri import ConnectionUri
from guardcli.masking.detectors.credit_card import CreditCard
from guardcli.masking.detectors.email import Email
from guardcli.masking.detectors.jwt import Jwt
from guardcli.masking.detectors.password import Password
from guardcli.masking.detectors.private_key import PrivateKey

_ALL: tuple[type[Detector], ...] = (
    PrivateKey,
    AwsKey,
    Jwt,
    ConnectionUri,
    Password,
    CreditCard,
    Email,
)
"""From the most telling to the weakest: where two find the same bytes, the earlier one names them."""

REGISTRY: Mapping[str, type[Detector]] = {kind.name: kind for kind in _ALL}
"""Detector name → class, in order of precedence."""
