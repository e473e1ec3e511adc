"""What Alembic runs. `service.db.migrate` hands it a connection with an open transaction."""

from alembic import context

from service.db.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
