"""HTTP as a Kubernetes API server reads it, as values: no socket, no clock.

=================  ==================================================================================================
``location``       the target of a request, read strictly and written anew
``request_info``   what a request asks for, by the rules of the API server itself
``fields``         which header fields pass, and what is asked of the server in their place
``status``         Kubernetes' own form of an error
``options``        the options of a deletion, which may travel in its body, as JSON or as protobuf
``websocket``      frames (RFC 6455)
=================  ==================================================================================================
"""
