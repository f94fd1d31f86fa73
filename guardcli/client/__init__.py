"""The API's client, used by the broker and by the command line.

=============  ====================================================================
``transport``  one connection pool over TCP or a unix socket, errors as `GuardError`
``api``        `ApiClient`: a typed method for each thing that the API does
``identity``   the part of it that is about identity
``device``     logging in by a code, with an OIDC provider
``embedded``   finds or starts the API that guard brings along
=============  ====================================================================
"""
