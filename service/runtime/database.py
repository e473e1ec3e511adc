"""Opens the FAQ database, and refuses one that this version of the code cannot use."""

from __future__ import annotations

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from service.db.engine import open_engine
from service.db.migrate import current_revision, newest_revision, upgrade
from service.errors import BadSetting, NotReady
from service.settings import Settings


def open_database(settings: Settings) -> Engine:
    """An engine on a database of the right schema; an empty database is set up at once.

    Raises BadSetting when it cannot be reached, NotReady when it must be upgraded first.
    """
    engine = open_engine(settings.resolved_database_url)
    try:
        found = current_revision(engine)
    except OperationalError as error:
        raise BadSetting(
            f"VIFAQ_DATABASE_URL: {engine.url.render_as_string(hide_password=True)} "
            f"cannot be opened: {error.orig}"
        ) from error
    if found is None:
        upgrade(engine)
    elif found != newest_revision():
        raise NotReady("The database has another version's schema. Run `vifaq db upgrade`.")
    return engine
