"""What Alembic runs: the migrations on the connection that ``upgrade`` gives it."""

from __future__ import annotations

from alembic import context

from tpi_dhis2.store.form import VERSION

context.configure(connection=context.config.attributes["connection"], version_table=VERSION.name)
with context.begin_transaction():
    context.run_migrations()
