"""A session of psql is read to a bound, whatever its variables stand for."""

from __future__ import annotations

import pytest

from guardcli.inspectors.psql.script import Script
from guardcli.inspectors.psql.variables import Variables


@pytest.mark.parametrize("lines", [30, 300, 3000])
def test_variables_that_double_each_other_are_read_to_a_bound(lines: int) -> None:
    """Each line makes the value twice as long, and each statement would be read with all of it."""
    text = "\\set x 'a a '\n" + "\\set x :x:x\nSELECT :x;\n" * lines + "DELETE FROM t;\n"
    script = Script(Variables())
    script.run_text(text)
    assert script.blind
    assert any(not one.complete for one in script.operations)
    assert script.scanner.replaced < 1 << 17
