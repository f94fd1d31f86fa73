"""What a session borrows: by the right provider, anew where it has no lease, and nothing after the end."""

from __future__ import annotations

import pytest

from guardcli.credentials.lending import Lending, standard_providers, variables_of
from guardcli.credentials.provider import Loan
from guardcli.model.credentials import Credential, Purpose
from guardcli.model.errors import ConfigurationError
from guardcli.model.secrets import Secret
from guardcli.policy.places import PROVIDERS


class Counting:
    """Lends another password each time, with an end or without."""

    def __init__(self, seconds: float | None) -> None:
        self.made, self.back, self._seconds = 0, list[str](), seconds

    def lend(self, reference: str, purpose: Purpose) -> Loan:
        self.made += 1
        lease = f"lease-{self.made}" if self._seconds else ""
        return Loan(Credential(Secret(f"{reference}-{self.made}")), self._seconds, lease)

    def give_back(self, lease: str) -> None:
        self.back.append(lease)


def revealed(lending: Lending, reference: str, purpose: Purpose = Purpose()) -> str:  # noqa: B008 - frozen
    found = lending.lend(reference, purpose).password
    assert found is not None
    return found.reveal()


def test_without_an_end_each_login_asks_anew() -> None:
    source = Counting(None)
    lending = Lending({"x": source})
    assert [revealed(lending, "x:db") for _ in range(2)] == ["db-1", "db-2"]
    lending.close()
    assert source.back == []


def test_with_an_end_it_is_shared_for_one_purpose_until_most_of_its_time_has_passed() -> None:
    source = Counting(1000.0)
    lending = Lending({"x": source})
    assert [revealed(lending, "x:db") for _ in range(2)] == ["db-1", "db-1"]
    assert revealed(lending, "x:db", Purpose(user="other")) == "db-2"
    lending.close()
    assert sorted(source.back) == ["lease-1", "lease-2"]
    short = Counting(1e-9)
    lending = Lending({"x": short})
    assert [revealed(lending, "x:db") for _ in range(2)] == ["db-1", "db-2"]
    lending.close()
    assert len(short.back) == 2


@pytest.mark.parametrize("reference", ["", "x", "x:", "nobody:db", ":db"])
def test_what_names_no_provider_is_refused(reference: str) -> None:
    with pytest.raises(ConfigurationError):
        Lending({"x": Counting(None)}).lend(reference, Purpose())


def test_every_provider_of_the_policys_language_is_there(tmp_path) -> None:
    assert set(standard_providers(tmp_path, {})) == set(PROVIDERS)


def test_what_holds_a_credential_or_opens_the_door_is_kept_from_the_agent() -> None:
    assert variables_of(["env:DB#field", "keyring:x"]) == {"DB"}
    assert {"VAULT_TOKEN", "AWS_SECRET_ACCESS_KEY"} <= variables_of(["vault:a/b", "aws:rds-iam"])
    assert variables_of(["file:/x", "command:y"]) == frozenset()
