"""The broker of a session: decides, launches, masks, records. The only place with fork, PTY and signals.

A call comes in at `server`, which gives it to a `call`: `protocol` reads what the shim says, `judge` asks
inspectors and policy, `approval` waits for a person, `relay` moves the output through `streams` (mask, record,
write) to the agent's own descriptors, and `terminal` does so for a PTY. `recorder` turns what happens into events
and a recording in the `spool`, sealed (`spool_frames`, `spool_note`, `spool_key`); the `shipper` takes them to the
API. `session` sets all of that up and tears it down, with the `services` that run beside it for the agent, and `agent`
runs the agent itself.
"""
