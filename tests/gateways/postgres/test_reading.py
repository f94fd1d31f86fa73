from __future__ import annotations

import pytest

from guardcli.gateways.postgres.reading import Unreadable, read_name, read_text, write_text

UTF8 = {"client_encoding": "UTF8", "server_encoding": "UTF8", "standard_conforming_strings": "on"}


@pytest.mark.parametrize(
    ("data", "changed", "certain", "read"),
    [
        (b"SELECT 1", {}, True, "SELECT 1"),
        (b"SELECT 1", {"client_encoding": "SJIS"}, True, "SELECT 1"),
        (b"SELECT 1", {"standard_conforming_strings": "off"}, False, "SELECT 1"),
        ("SELECT 'é'".encode(), {}, True, "SELECT 'é'"),
        ("SELECT 'é'".encode("latin-1"), {"client_encoding": "LATIN1"}, True, "SELECT 'é'"),
        (b"SELECT 'a\\'", {}, True, "SELECT 'a\\'"),
        (b"SELECT 'a\\'", {"standard_conforming_strings": "off"}, True, None),
        (b"SELECT 'a\\'", {}, False, None),
        (b"SELECT '\xff'", {}, True, None),
        (b"SELECT '\x95\\'", {"client_encoding": "SJIS"}, True, None),
        (b"SELECT '\x95x'", {"client_encoding": "GB18030"}, True, None),
        ("SELECT 'é'".encode(), {}, False, None),
        ("SELECT 'é'".encode(), {"client_encoding": ""}, True, None),
    ],
)
def test_a_text_is_read_as_the_server_will_or_not_at_all(
    data: bytes, changed: dict[str, str], certain: bool, read: str | None
) -> None:
    settings = {**UTF8, **changed}
    if read is None:
        with pytest.raises(Unreadable):
            read_text(data, settings, certain)
    else:
        assert read_text(data, settings, certain) == read
        assert write_text(read, settings) == data


def test_names_are_cut_where_the_server_cuts_them() -> None:
    assert read_name(b"n" * 70, UTF8) == b"n" * 63
    assert read_name("é".encode(), UTF8) == "é".encode()
    with pytest.raises(Unreadable):
        read_name(b"\xe9", {**UTF8, "client_encoding": "LATIN1"})
