"""Where an isolated agent runs: what it sees, and how that is built with bubblewrap (bwrap(1)).

``defaults``    the lists: what is shown of a home, what is hidden everywhere, which variables are kept
``view``        from lists to mounts: values in, `Mount` out, with the file system asked what is there
``project``     which directory is the agent's project
``standins``    every path at which a real tool is, so that the shim can stand there
``seccomp``     the filter of system calls, made by libseccomp
``variables``   the environment of the agent, and what no guarded tool is given
``bubblewrap``  is it here and does it work; the command that starts an agent inside
``keyed``       the session's own copy of the shim, with a key that nobody inside can read
``programs``    a real tool as a descriptor that can be run and not read
``inside``      asking about files, and asking git, as the agent sees them
``proxy``       the HTTPS proxy of ``--network=proxy``
"""
