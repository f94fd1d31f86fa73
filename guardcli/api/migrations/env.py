"""What Alembic runs to apply the steps, on the connection that `upgrade` hands over."""

from __future__ import annotations

from alembic import context

from guardcli.api.store.schema import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
context.run_migrations()
