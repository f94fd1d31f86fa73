"""Where credentials come from, one provider a file: what a policy calls ``credential: "keyring:orders-db"``.

=================  ==================================================================================
``provider``       what every provider is, and how the text that one holds becomes a `Credential`
``keyring``        the desktop's or server's keyring, by the keyring library; else ``store``
``store``          guard's own directory of files of mode 0600, where there is no keyring
``env``            a variable of the environment that guard itself was started with
``file``           a file that only its owner can read
``command``        what a program prints
``vault``          HashiCorp Vault: KV version 2, and leases of its secrets engines
``aws``            AWS: Secrets Manager, and IAM tokens for RDS
``lending``        `Lending`: asks the providers for one session, and gives back what it has borrowed
=================  ==================================================================================

A credential is asked for when a login needs it and lives in guard's memory, as a `Secret`. It is in no argument, no
log, no record, and in no environment of a process that guard starts.
"""
