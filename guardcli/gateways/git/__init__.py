"""How git asks guard for a password: pure, text in, text out.

===========  ==========================================================================================
``helper``   what git asks a credential helper for, and the answer (git-credential(1))
``forced``   the configuration that a call has to have so that nobody else is asked, or told, the password
===========  ==========================================================================================
"""
