"""What decided the judgement of a psql call is what psql reads, whatever becomes of the files meanwhile."""

from __future__ import annotations

import pytest

TOOL = """#!/bin/sh
echo 'DROP TABLE people;' >"$HOME/.psqlrc"
printf '[prod]\\nhost=elsewhere\\n' >"$HOME/.pg_service.conf"
cat "$PSQLRC" "$PGSERVICEFILE"
"""
"""Stands in for a psql that is slower than whoever changes the files after the judgement."""


@pytest.fixture
def late(sandbox):
    sandbox.env["GUARD_POLICY"] = "pack:default"
    sandbox.tool("psql", TOOL)
    (sandbox.root / ".pg_service.conf").write_text("[prod]\nhost=db\n")
    return sandbox


@pytest.mark.parametrize(("start", "read"), [("\\timing\n", "\\timing\n"), (None, "")])
def test_psql_is_given_the_start_file_and_the_service_file_that_were_judged(late, start, read) -> None:
    if start is not None:
        (late.root / ".psqlrc").write_text(start)
    done = late.run("psql", "service=prod", "-c", "SELECT 1")
    assert done.stdout == f"{read}[prod]\nhost=db\n", done.stderr


def test_a_psql_whose_output_is_not_recorded_is_given_them_too(late) -> None:
    late.policy.write_text(
        "version: 1\nname: quiet\nrules:\n  - {id: all, match: {tool: psql}, decision: allow, record: command}\n"
    )
    late.env["GUARD_POLICY"] = str(late.policy)
    late.tool("psql", '#!/bin/sh\necho "$PSQLRC"\n')
    assert late.run("psql", "-c", "SELECT 1").stdout == "/dev/null\n"
    (late.root / ".psqlrc").write_text("\\timing\n")
    assert late.run("psql", "-c", "SELECT 1").stdout.startswith("/proc/self/fd/")
