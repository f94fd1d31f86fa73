"""What is followed over more than one line; ``follower`` says what a follower is, ``tables`` has those of rows.

===============  ======================================================================================
``compiled``     followers that are in C
``announced``    a line announces the secret that one of the next lines holds
``keyblock``     the body of an armoured private key
``secretdata``   the data of a Kubernetes Secret
``blockscalar``  a YAML block scalar under a telling name
``nested``       all scalars below a key of JSON or YAML
``inserted``     names in one list, values in another: INSERT (SQL)
``led``          how all of these are led from line to line
===============  ======================================================================================
"""
