"""``aws:secretsmanager:NAME#FIELD`` and ``aws:rds-iam``: Amazon's cloud, by its own library botocore.

The first reads a secret of Secrets Manager, by name or ARN; its text is a password, or JSON with ``username`` and
``password`` as RDS makes it. The second signs a token of 15 minutes that RDS takes for a password. Region, profile,
keys and endpoints come from guard's own environment and AWS's configuration files, as for AWS's own tools; the agent
does not get those variables.
"""

from __future__ import annotations

from typing import Any

from guardcli.credentials.provider import Lasting, Loan, checked, read_credential, split_field
from guardcli.model.credentials import Credential, Purpose
from guardcli.model.errors import UnavailableError

VARIABLES = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_PROFILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
)
"""What opens the door to AWS; taken out of the agent's environment."""
TOKEN_SECONDS = 900
"""How long a token of RDS may be used for a login."""


class Aws(Lasting):
    """Lends secrets and tokens of AWS, by the environment of this process."""

    def lend(self, reference: str, purpose: Purpose) -> Loan:
        """Return what `reference` names: ``secretsmanager:NAME`` or ``rds-iam``."""
        kind, _, name = reference.partition(":")
        if kind == "secretsmanager" and name:
            return _guarded(lambda: _secret(*split_field(name)))
        if reference == "rds-iam":
            return _guarded(lambda: _token(purpose))
        raise UnavailableError(
            f"aws:{reference} is not understood", hint="write aws:secretsmanager:NAME or aws:rds-iam"
        )


def _guarded(work: Any) -> Loan:
    """Do `work`; turn what goes wrong in botocore into words that hold nothing of a request."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        found: Loan = work()
    except ClientError as error:
        raise UnavailableError(f"AWS answered {error.response.get('Error', {}).get('Code', 'with an error')}") from None
    except BotoCoreError as error:
        raise UnavailableError(f"AWS cannot be asked: {type(error).__name__}", hint="see aws configure list") from None
    return found


def _session() -> Any:
    from botocore.session import Session

    return Session()


def _secret(name: str, field: str) -> Loan:
    client = _session().create_client("secretsmanager")
    answer = client.get_secret_value(SecretId=name)
    text = answer.get("SecretString")
    if text is None:
        raise UnavailableError(f"the secret {name} holds bytes, not text")
    return Loan(read_credential(text, f"AWS's secret {name}", field))


def _token(purpose: Purpose) -> Loan:
    if not (purpose.host and purpose.port and purpose.user):
        raise UnavailableError("a token of RDS is for a host, a port and a user", hint="name all three in the policy")
    client = _session().create_client("rds")
    token = client.generate_db_auth_token(DBHostname=purpose.host, Port=purpose.port, DBUsername=purpose.user)
    return Loan(Credential(checked(token, "the token of RDS"), purpose.user), TOKEN_SECONDS)
