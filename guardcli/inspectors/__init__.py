"""From an `Invocation` to an `Inspection`: one room a tool. Pure; what it must read comes through `Facts`.

=================  ====================================================================================
``registry``       finds the inspector of a tool, and concedes for one that fails
``psql/``          options, variables and meta-commands; its SQL goes to ``sql``
``sql/``           statements to effects, with PostgreSQL's own grammar
``kubectl/``       verbs, objects and manifests
``ssh/``           ssh, scp and sftp; the remote command goes to ``shell``
``git/``           commands, refspecs, configuration, and the programs that a call would make git run
``shell/``         strings and vectors that an inner or remote shell runs
``generic``        every other tool, by the patterns of the policy
``names``          how the rooms write their tables of names
``texts``          arguments as bytes again
=================  ====================================================================================

Each room's own docstring is its map; ``data/`` in it holds tables, most of them generated from the tools
themselves by ``scripts/``. Nothing is imported here: each inspector costs what it costs only when its tool is called.
"""
