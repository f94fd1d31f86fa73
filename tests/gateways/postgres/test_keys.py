"""Keys of cancel requests are one session's, long where the protocol allows it, and forgotten with the session."""

from __future__ import annotations

from guardcli.gateways.postgres.codec.startup import VERSION_3_0, VERSION_3_2, CancelRequest
from guardcli.gateways.postgres.keys import Keys


def test_only_both_numbers_of_one_session_find_it() -> None:
    keys: Keys[str] = Keys()
    one, two = keys.give("one", VERSION_3_0), keys.give("two", VERSION_3_2)
    assert (len(one.key), len(two.key)) == (4, 32)
    assert keys.find(CancelRequest(one.process, one.key)) == "one"
    assert keys.find(CancelRequest(two.process, two.key)) == "two"
    for wrong in (
        CancelRequest(one.process, two.key),
        CancelRequest(two.process, one.key),
        CancelRequest(one.process, one.key + b"\0"),
        CancelRequest(one.process, b""),
        CancelRequest(one.process ^ 1, one.key),
        CancelRequest(0, b"\0\0\0\0"),
    ):
        assert keys.find(wrong) is None
    keys.take_back(one)
    assert keys.find(CancelRequest(one.process, one.key)) is None
