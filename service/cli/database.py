"""vifaq db: upgrade."""

from __future__ import annotations

from collections.abc import Callable

from service.cli.output import say


def upgrade() -> None:
    """Bring the database to this version's schema; make it if there is none. Keeps all data.

    Example: VIFAQ_DATABASE_URL=postgresql://vifaq:secret@localhost/vifaq vifaq db upgrade
    """
    from service.db.engine import open_engine
    from service.db.migrate import current_revision
    from service.db.migrate import upgrade as run
    from service.settings import load_settings

    engine = open_engine(load_settings().resolved_database_url)
    run(engine)
    say(f"The database is at revision {current_revision(engine)}.")
    engine.dispose()


COMMANDS: dict[str, Callable[..., None]] = {"upgrade": upgrade}
