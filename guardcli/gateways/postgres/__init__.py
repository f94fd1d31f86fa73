"""The PostgreSQL gateway: stands between a client that holds no credential and the server.

===================  ==================================================================================
``codec/``           the protocol as values, both directions; pure
``contract``         what the server asks of the two that it is given: `Gatekeeper` and `Conversation`
===================  ==================================================================================

The server does the I/O and knows the start and the end of a connection; the conversation knows what every message in
between means, and decides with the gatekeeper what goes on. No byte that a client sent reaches the server but what a
conversation gives out.
"""
