"""What secrets look like that are told by their name, their prefix or the form around them.

===========  ==========================================================================================
``names``    the names that tell of a secret
``form``     base of the detectors that know a secret by the form around it
``tails``    forms around a telling name, for ``native/named.c``
``lineends`` how lines end that announce a secret, for ``native/announced.c``
``places``   places for a password in the options of clients and in files
``calls``    places for a password among the arguments of a call
``devices``  passwords in the configuration of network devices
``links``    parts of addresses that open a door
``told``     what programs tell or are told on a line
``printed``  places for a secret in what tools print
``ahead``    values that stand before their name
``tokens``   base of the detectors of tokens with a prefix; ``vendors`` has the prefixes
===========  ==========================================================================================
"""
