"""The API: sessions, events, recordings, approvals and the trail of decisions. It never runs a command.

==============  ========================================================================================
``app``         puts the engine together: routes, error handlers, the sweeper
``bodies``      pydantic models of every request and answer; ``token_bodies`` those about identity
``auth``        who is asking
``principals``  what that one may do
``permissions`` which role may do what
``identity``    OIDC: who people and workloads are
``ancestry``    whether a process belongs to the tree of a running session
``peers``       HTTP, and what the kernel says about the other end of a unix socket, at accept time
``notify``      wakes those who wait for a change, without a busy loop
``bus``         tells other workers what changed: LISTEN/NOTIFY, or datagrams on one machine
``config``      the central API's settings, by file and environment
``evidence``     what was recorded, for an auditor, as one signed file
``telemetry``    sends events to a collector, as logs of OpenTelemetry
``jobs``         what is done now and then, by one worker at a time
``metrics``     what Prometheus is told
``observation`` counts, times and logs every request
``limits``      how large a request may be
``context``     what every route works with
``routing``     runs plain functions of routes in a thread, once
``server``      listens, logs, stops when asked or idle
``workers``     several processes that serve the same socket
``store``       what is kept, in SQL; the only place that knows the tables
``routes``      one file a noun: thin, from HTTP to the store and back
``migrations``  Alembic's steps from each schema to the next
==============  ========================================================================================
"""
