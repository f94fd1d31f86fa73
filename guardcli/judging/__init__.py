"""Calls judged without running them: for ``guard policy check``, agents' hooks, and the tests inside policies.

================  ====================================================================================
``caller``        a call, what it would do, and what is known of it
``given``         facts that a test or a batch gives in the machine's place
``repositories``  throw-away repositories for tests about git
``trials``        the tests of a policy, one after the other
``apart``         those of a bundle, in a process of their own, for the API; ``__main__`` is that process
================  ====================================================================================
"""
