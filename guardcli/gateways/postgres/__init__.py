"""The PostgreSQL gateway: stands between a client that holds no credential and the server.

===================  ==================================================================================
``codec/``           the protocol as values, both directions; pure
``contract``         what the server asks of the two that it is given: `Gatekeeper` and `Conversation`
``server``           `Gateway`: accepts clients, keeps the limits of time
``visit``            one client from its arrival to its leave
``reception``        the client's side of the start; ``verifier`` checks the session's own password
``upstream``         the real server's side of it; ``authentication`` answers what it asks
``session``          moves the bytes of one connection, and holds back who is too fast
``wire``             one end of a connection
``target``           where the real server is, and how it is known to be the right one
``keys``             whose cancel request is whose; ``cancels`` sends them to the real server
``house``            what all connections share
``conversation``     `StatementConversation`: the rules of order; ``simple_query`` and ``client_side`` judge what the
                     client sends, ``server_side`` puts answers in their place, ``delivery`` passes on their rows,
                     ``link`` is what all of them know
``opening``          what a startup packet does beside beginning a session
``whole``            the usual group and its usual answer, taken in one go; ``quiet`` those that come again and again
``authority``        what a conversation asks of the broker: decide, record, wait for a person
``asking``           what is kept while a person is asked
``flight``           what was sent and is not yet answered; ``names`` prepared statements and portals
``effects``          what a statement changes in its session; ``reading`` bytes to text, or not
``refusals``         what stands in for a refused message, and the words for the client
``parameters``       the values of a Bind; ``calls`` the old FunctionCall
``results``          what becomes of answers; ``columns`` which of them rules name
``origins``          which columns of tables and views are masked; ``lineage`` what they go into
``catalogue``        what tables and views are, over a connection of its own; ``catalogues`` one for each database
``reach``            how far a statement would go, for whoever is asked about it
``masked_rows``      rules put to the columns of one result; ``rows`` masks in batches, ``copying`` COPY data
``mending``          replaces values; ``typed`` so that each stays one of its type
===================  ==================================================================================

The server does the I/O and knows the start and the end of a connection; the conversation knows what every message in
between means, and decides with the gatekeeper what goes on. No byte that a client sent reaches the server but what a
conversation gives out.
"""
