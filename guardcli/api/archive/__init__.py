"""Where recordings lie: encrypted, in objects, beside the database and never in it.

===========  ==========================================================================================
``objects``  puts, reads, lists and deletes objects: local files, S3, GCS or Azure, through obstore
``ring``     the age identities that open what is kept, and the one that new stretches are sealed for
``segments`` what one batch adds to a recording, as one object of sealed blocks
``texts``    what events say, sealed in the database, where that is wanted
``opening``  puts these together as the settings say
===========  ==========================================================================================

A *stretch* is the part of a recording that one ``output`` event covers. Consecutive stretches of a batch are sealed
together as a *block*, up to a size that is quick to open; the blocks of a batch lie one behind the other in one object,
a *segment*. Rows in the database say which block holds which stretch, and hold the SHA-256 of each sealed block.
"""
