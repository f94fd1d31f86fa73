"""One detector a file; `REGISTRY` names them all."""

from __future__ import annotations

from collections.abc import Mapping

from guardcli.masking.detector import Detector
from guardcli.masking.detectors.anthropic import Anthropic
from guardcli.masking.detectors.authorization import Authorization
from guardcli.masking.detectors.aws_key import AwsKey
from guardcli.masking.detectors.azure import Azure
from guardcli.masking.detectors.connection_uri import ConnectionUri
from guardcli.masking.detectors.cookie import Cookie
from guardcli.masking.detectors.credit_card import CreditCard
from guardcli.masking.detectors.crypto_address import CryptoAddress
from guardcli.masking.detectors.docker import Docker
from guardcli.masking.detectors.email import Email
from guardcli.masking.detectors.gcp import Gcp
from guardcli.masking.detectors.github import GitHub
from guardcli.masking.detectors.gitlab import GitLab
from guardcli.masking.detectors.high_entropy import HighEntropy
from guardcli.masking.detectors.iban import Iban
from guardcli.masking.detectors.ip_address import IpAddress
from guardcli.masking.detectors.jwt import Jwt
from guardcli.masking.detectors.kubernetes import Kubernetes
from guardcli.masking.detectors.mac_address import MacAddress
from guardcli.masking.detectors.named_value import NamedValue
from guardcli.masking.detectors.national_id import NationalId
from guardcli.masking.detectors.npm import Npm
from guardcli.masking.detectors.openai import OpenAi
from guardcli.masking.detectors.password import Password
from guardcli.masking.detectors.password_hash import PasswordHash
from guardcli.masking.detectors.phone import Phone
from guardcli.masking.detectors.placed_password import PlacedPassword
from guardcli.masking.detectors.private_key import PrivateKey
from guardcli.masking.detectors.pypi import PyPi
from guardcli.masking.detectors.slack import Slack
from guardcli.masking.detectors.stripe import Stripe
from guardcli.masking.detectors.vault import Vault
from guardcli.masking.detectors.vendor_token import VendorToken

_ALL: tuple[type[Detector], ...] = (
    PrivateKey,
    AwsKey,
    GitHub,
    GitLab,
    Slack,
    Stripe,
    Anthropic,
    OpenAi,
    Npm,
    PyPi,
    Vault,
    Gcp,
    Azure,
    Docker,
    VendorToken,
    Jwt,
    Kubernetes,
    ConnectionUri,
    Cookie,
    Authorization,
    PasswordHash,
    Password,
    NamedValue,
    PlacedPassword,
    HighEntropy,
    Iban,
    CreditCard,
    NationalId,
    CryptoAddress,
    Email,
    Phone,
    MacAddress,
    IpAddress,
)
"""From the most telling to the weakest: where two find the same bytes, the earlier one names them."""

REGISTRY: Mapping[str, type[Detector]] = {kind.name: kind for kind in _ALL}
"""Detector name → class, in order of precedence."""
