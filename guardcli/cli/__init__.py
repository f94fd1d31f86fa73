"""The command line: one file a command group. `main` is the one place where an error becomes an exit status."""
