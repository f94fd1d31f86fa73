"""Tables, records and documents in which names stand over values: columns that a rule names or whose names tell.

============  =========================================================================================
``columns``   columns of tables and keys of JSON and YAML that a rule names; ``asides``, where else they show
``telling``   columns whose name tells of a secret, of the names in ``headings``
``headed``    rows under a header: psql's aligned, unaligned and CSV output, and what looks like it
``records``   psql's expanded output
``markup``    psql's HTML, LaTeX, AsciiDoc and troff
``bars``      tables of Markdown
``rows``      walks over plain rows in the compiled core
============  =========================================================================================
"""
