"""What masking has in C (``native/``), as Python calls it: expressions compiled for it, questions put to it.

================  =====================================================================================
``native``        binds the library
``automata``      regular expressions as deterministic automata; the build makes those of ``native/``, too
``matching``      runs an automaton over a text, for the patterns of a policy
``programs``      regular expressions as programs, for what no automaton can say
``finders``       how the secret around a trigger is found, as values
``judges``        what tells that a value is secret, as values
``chosen``        tells what somebody chose to be secret from words, names, numbers and code
``rightside``     tells the right side of an assignment from code, prose and paths
``placeholders``  tells a variable or ``<password>`` from a secret
``numbering``     plans of telephone numbers
================  =====================================================================================
"""
