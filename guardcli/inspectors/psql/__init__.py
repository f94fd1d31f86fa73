r"""psql: options, scripts as its own scanner cuts them, variables and backslash commands; its SQL goes to ``sql``.

==============  ==================================================================================================
``inspector``   `PsqlInspector`: one call, from its options to the last statement of its scripts
``options``     the command line as getopt_long reads it
``connection``  where a call would connect, and what the connection parameters do besides
``script``      follows a script: what goes to the server, and what the backslash commands do
``scan``        where a statement ends, what a variable gives, where a backslash command begins
``arguments``   the arguments of backslash commands
``commands``    backslash commands that need no more than their name
``copying``     ``\copy``, which cuts its line by rules of its own
``bounds``      how much is read
``variables``   variables, as far as they are known before the call runs
==============  ==================================================================================================
"""

from __future__ import annotations

from guardcli.inspectors.psql.inspector import PsqlInspector

__all__ = ["PsqlInspector"]
