"""PostgreSQL's wire protocol, versions 3.0 and 3.2, as values: bytes in, messages out, and back. No I/O.

===============  ==================================================================================
``violations``  `ProtocolViolation`: what cannot be read with certainty
``fields``      reading and writing the fields of which all messages are made
``limits``      which types of message exist in which direction, and how long each may be
``frames``      `Splitter`: a stream of bytes cut into whole messages that somebody needs and runs that nobody does
``startup``     the packets before the first message: startup, SSL, GSS and cancel requests
``frontend``    what a client sends
``backend``     what a server sends
``sqlstates``   the error codes that guard itself sends
===============  ==================================================================================

Source: PostgreSQL documentation, "Frontend/Backend Protocol" (chapters Message Flow, Message Formats, Error and
Notice Message Fields). Whatever is left over, missing, out of range or out of place raises `ProtocolViolation`; the
owner of the connection then ends it with the FATAL error that `ProtocolViolation.fatal` makes.
"""
