"""Values of a masked column in errors, labels and headings, beside those of other columns."""

from __future__ import annotations

import pytest

from guardcli.masking import Masker
from guardcli.model.masking import MaskRule, Strategy

MASKER = Masker([MaskRule(columns=("*.ssn", "emailAddress"), strategy=Strategy.MASK)], key=bytes(32))


@pytest.mark.parametrize(
    ("tool", "text", "expected"),
    [
        ("psql", "DETAIL:  Failing row contains (1, a, 12-34).\n", "DETAIL:  Failing row contains (***********).\n"),
        ("psql", "DETAIL:  Key (ssn)=(12-34) already exists.\n", "DETAIL:  Key (ssn)=(*****) already exists.\n"),
        (
            "psql",
            "DETAIL:  Key (id, ssn)=(1, a(b)c) conflicts with\n",
            "DETAIL:  Key (id, ssn)=(********) conflicts with\n",
        ),
        ("psql", "DETAIL:  Key (id)=(12-34) already exists.\n", "DETAIL:  Key (id)=(12-34) already exists.\n"),
        ("psql", 'CONTEXT:  COPY p, line 1, column ssn: "1-2"\n', 'CONTEXT:  COPY p, line 1, column ssn: "***"\n'),
        ("psql", 'CONTEXT:  COPY p, line 1, column id: "1-2"\n', 'CONTEXT:  COPY p, line 1, column id: "1-2"\n'),
        ("psql", 'CONTEXT:  COPY p, line 1: "1,a,1-2"\n', 'CONTEXT:  COPY p, line 1: "*******"\n'),
        (
            "psql",
            'ERROR:  invalid input syntax for type integer: "12-34"\n',
            'ERROR:  invalid input syntax for type integer: "*****"\n',
        ),
        (
            "psql",
            'ERROR:  value "123" is out of range for type x\n',
            'ERROR:  value "***" is out of range for type x\n',
        ),
        ("psql", 'ERROR:  relation "ssns" does not exist\n', 'ERROR:  relation "ssns" does not exist\n'),
        ("psql", "SET\nssn\n12\n3\n\nrest\n", "SET\nssn\n**\n*\n\nrest\n"),
        ("psql", "SET\nnick\n12\n", "SET\nnick\n12\n"),
        ("kubectl", "Email Address:  ann at home\n", "Email Address:  ***********\n"),
        ("kubectl", "EmailAddress:  ann\nEmail:  ann\n", "EmailAddress:  xxx\nEmail:  ann\n"),
        ("kubectl", "Labels:  app=x\n         acme.io/ssn=12-34\n", "Labels:  app=x\n         acme.io/ssn=*****\n"),
        (
            "kubectl",
            "Data\n====\nid:\n----\n1\n\nssn:\n----\n12\n\n34\n\nBinaryData\n====\n",
            "Data\n====\nid:\n----\n1\n\nssn:\n----\n**\n\n**\n\nBinaryData\n====\n",
        ),
        ("kubectl", "a  1d  ssn=12-34,app=x\n", "a  1d  ssn=*****,app=x\n"),
        ("git", "a ssn=12-34\nssn\n12\n", "a ssn=12-34\nssn\n12\n"),
    ],
)
def test_a_masked_column_is_found_outside_of_tables(tool: str, text: str, expected: str) -> None:
    assert MASKER.text(text, tool) == expected
    data = text.encode()
    for cut in range(1, len(data)):
        stream = MASKER.stream(tool)
        assert stream.feed(data[:cut]) + stream.feed(data[cut:]) + stream.finish() == expected.encode(), cut
