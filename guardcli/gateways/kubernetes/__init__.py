"""A gateway before the API of a Kubernetes cluster: requests are judged as the API server would read them.

It is a reverse proxy on the loopback. A client shows a bearer token that guard made for it, mostly for one call of
kubectl; the gateway reads each request whole (but for streams), says what it does in the words of the inspectors, asks
whoever decides, sends it with the cluster's own credential, and masks what comes back. No byte of a request goes to
the cluster before there is a yes.

===================  ================================================================================================
``codec/``           HTTP as an API server reads it, as values; pure
``judging``          what a request does, as operations; pure
``coverage``         which requests a call of kubectl implies, so that a yes to the call is a yes to them; pure
``documents``        masks objects: the data of Secrets, and what detectors find in all else; pure
``comparing``        an object as it is and as it would be, for a reviewer; pure
``bodies``           what becomes of a response's body: documents, watches, text, or bytes that are let be; pure
``channels``         masks stdout and stderr of an exec over WebSocket; pure
``authority``        what is asked of whoever decides and records
``bearers``          who may use the gateway: tokens, for a call or for the session
``certificates``     the session's own CA, and the certificate of the gateway
``target``           the cluster, and how it is logged in to
``authentication``   what a credential's text means: a token, a certificate, what an exec plugin prints
``wire``             one HTTP/1.1 connection, over h11
``upstream``         connections to the cluster, kept for the next request
``reading``          objects as the cluster has them now, for a reviewer
``prepared``         a request that was read and judged
``exchange``         one request from its head to the end of its response
``upgrades``         which requests may become another protocol: exec, attach, port-forward
``relaying``         an allowed request on its way to the cluster, and the response on its way back
``tunnel``           a connection that was upgraded
``house``            what all connections share, and the bounds
``visit``            one client's connection
``server``           accepts clients
===================  ================================================================================================
"""
