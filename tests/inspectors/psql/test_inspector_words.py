"""Arguments and scripts of any kind: nothing makes the inspector of psql fail, and no write hides among reads."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from inspectors.psql.asking import inspect, is_harmless

ARGUMENTS = st.lists(
    st.sampled_from(
        [
            "-c",
            "-f",
            "-d",
            "-",
            "--",
            "-X",
            "-At",
            "--set=x=1",
            "-vx=select",
            "\\! ls",
            "\\copy t to x",
            "\\g",
            "-1",
            "select 1",
            "drop table t",
            "host=a",
            "postgres://a:b",
            "=",
            "-o|x",
            "--file=x",
            "\\copy (",
            "\\set x 'y",
        ]
    )
    | st.text(max_size=12),
    max_size=6,
)

SCRIPTS = st.text(max_size=100) | st.lists(
    st.sampled_from(
        [
            "select 1",
            ";",
            "\n",
            "\\",
            "'",
            '"',
            "$$",
            "/*",
            "--",
            ":x",
            ":'x'",
            "\\g",
            "\\if",
            "\\endif",
            "\\set x ';'",
            "\\copy t from stdin",
            "\\.",
            "copy t from stdin;",
            "drop table t",
            "(",
            ")",
            "`",
            "\\echo",
            "E'",
        ]
    ),
    max_size=14,
).map(" ".join)


@given(ARGUMENTS, SCRIPTS)
def test_no_call_makes_it_fail(arguments: list[str], script: str) -> None:
    inspection = inspect(["psql", *arguments], stdin=script, files={"/work/x": script}, env={"HOME": "/work"})
    assert inspection.operations


READS = st.sampled_from(
    ["select 1;", "select '\\! x';", "\\dt", "\\echo x", "-- drop", "/* x */", "\\set a 'b'", "select :'a';", "begin;"]
)

WRITES = st.sampled_from(
    ["drop table t;", "delete from t;", "\\! ls", "\\o |sh", "select 1 \\g |sh", "\\copy t from x"]
)


@given(st.lists(READS, max_size=5), WRITES, st.lists(READS, max_size=5))
def test_a_write_among_reads_is_always_seen(before: list[str], write: str, after: list[str]) -> None:
    assert not is_harmless(inspect("psql", stdin="\n".join([*before, write, *after])))
