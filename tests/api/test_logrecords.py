"""What an event says to a collector, however odd it is."""

from __future__ import annotations

from guardcli.api.logrecords import attributes
from guardcli.api.store.outgoing import Source
from guardcli.model.events import EventType

ID, ME = "session-0001", "local:tester"


def test_odd_values_go_out_as_text_that_protobuf_holds(make) -> None:
    chain = make.Chain()
    odd = {"command": "\udcff\0é", "status": 2**70, "verdict": ["x"], "rule": "r" * 100_000, "findings": {"email": 2}}
    event = chain.add(EventType.MASKED, odd, 1).event
    found = attributes(Source(ID, "a\udcff", ME, "{"), event)
    assert found["process.command_line"] == "?\0é"
    assert found["process.exit.code"] == str(2**70)
    assert len(str(found["guard.rule"])) == 8192
    assert "guard.verdict" not in found
    assert (found["guard.detectors"], found["host.name"], found["user.name"]) == ("email", "", "a?")
