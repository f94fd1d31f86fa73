"""What a session was lent is masked from then on; what it holds besides is not."""

from __future__ import annotations

import pytest

from guardcli.broker.learned import Learned
from guardcli.broker.streams import Unmasked
from guardcli.model.secrets import Secret

INI = (
    "[default]\naws_access_key_id = AKIAQWERTYUIOPASDFGH\n"
    "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCY\nregion = eu-central-1\n"
)


@pytest.mark.parametrize(
    ("secret", "shown", "told"),
    [
        ("hunter2!", "it is hunter2!", "it is [VALUE]"),
        ("abc", "abc", "abc"),
        (INI, INI, "[default]\naws_access_key_id = [VALUE]\naws_secret_access_key = [VALUE]\nregion = eu-central-1\n"),
        ('{"token": "s3cr3t-t0ken-99", "user": "deploy"}', "deploy s3cr3t-t0ken-99", "deploy [VALUE]"),
        ("-----BEGIN X-----\nMIIEvQIBADANBgkqhkiG9w0BAQ\n-----END X-----", "MIIEvQIBADANBgkqhkiG9w0BAQ", "[VALUE]"),
    ],
)
def test_what_is_secret_in_a_credential_is_masked_and_nothing_else(secret: str, shown: str, told: str) -> None:
    learned = Learned()
    assert learned.text(shown) == shown
    learned.learn(Secret(secret))
    assert learned.text(shown) == told
    mask = learned.before(Unmasked(lambda *_: None), lambda *_: None)
    assert (mask.feed(shown.encode()) + mask.idle() + mask.finish()).decode() == told


def test_the_same_secret_is_learned_once() -> None:
    learned = Learned()
    assert [learned.learn(Secret("hunter2!")) for _ in range(2)] == [True, False]
