"""Who people and workloads are, by the word of OIDC providers (OpenID Connect Core 1.0).

=============  =====================================================================================
``settings``   which issuers are trusted, and what their claims are worth
``proofs``     takes a JSON Web Token apart and holds it against a key and a list of rules; pure
``keys``       an issuer's keys: fetched, kept, fetched again when they rotate, never more often than bounded
``claims``     from verified claims to a name, groups and permissions; pure
``provider``   all of it for one issuer
``throttle``   how many attempts may fail
=============  =====================================================================================
"""
