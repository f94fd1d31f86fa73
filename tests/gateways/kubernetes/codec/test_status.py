from __future__ import annotations

import json

import pytest

from guardcli.gateways.kubernetes.codec.status import status_body


@pytest.mark.parametrize(("code", "reason"), [(403, "Forbidden"), (401, "Unauthorized"), (418, "Unknown")])
def test_an_error_has_the_form_that_every_client_shows(code: int, reason: str) -> None:
    form = json.loads(status_body(code, "guard: no"))
    assert (form["kind"], form["apiVersion"], form["status"]) == ("Status", "v1", "Failure")
    assert (form["code"], form["reason"], form["message"]) == (code, reason, "guard: no")
