"""The agent of ssh that guard is for the calls it has allowed: pure, bytes in, bytes out.

===============  ====================================================================================
``wire``         the data types of the protocol (RFC 4251, section 5)
``messages``     the agent's requests and answers, and what a user authentication request says
``hostkeys``     keys of hosts: verifying what one has signed
``known_hosts``  which keys a host has, by a file of known hosts
``agent``        one connection: which key is offered and what is signed, for which host and user
===============  ====================================================================================

The private keys are not here: what signs is a collaborator (`agent.Identity`).
"""
