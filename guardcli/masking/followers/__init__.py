"""What is followed over more than one line; ``follower`` says what a follower is, ``tables`` has those of rows.

===============  ======================================================================================
``compiled``     followers that are in C: of announcements, key blocks, data of Secrets, block scalars, Markdown
``announced``    a line announces the secret that one of the next lines holds
``nested``       all scalars below a key of JSON or YAML
``inserted``     names in one list, values in another: INSERT (SQL)
``led``          how all of these are led from line to line
===============  ======================================================================================
"""
