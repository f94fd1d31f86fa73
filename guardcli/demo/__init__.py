"""``guard demo``: everything real but the data.

=============  =================================================================================
``stage``      a private directory, the environment of what runs in it, and its end
``database``   a throw-away PostgreSQL on a unix socket, filled with made-up people
``repository`` a git remote and a clone of it that lost a commit
``script``     what the scripted agent does, step by step
``reviewer``   says yes, as a person at another terminal would
``findings``   holds what was recorded and what is true in the world against what should have happened
=============  =================================================================================
"""
