"""Brings a database to the schema of this version, one step at a time, each in a transaction with its number.

Several processes may start at once: each step is made under the database's own lock, by whoever comes first.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import sqlalchemy as sa

from outwait.store.engine import Engines
from outwait.store.errors import StoreError
from outwait.store.schema import HEAD, VERSIONS

_LOCK: Final = 0x6F757477616974  # "outwait": the number of PostgreSQL's advisory lock
_STEPS = Path(__file__).parent / "migrations"


async def migrate(engines: Engines) -> None:
    """Do what is missing. Raises StoreError for a database of a newer version."""
    more = True
    while more:
        async with engines.writer.begin() as connection:
            if not engines.embedded:  # SQLite's transactions begin with its lock
                await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
            more = await connection.run_sync(_step, engines.place)


def _step(connection: sa.Connection, place: str) -> bool:
    """Make one step; False when there is none left."""
    now = _version(connection)
    if now == HEAD:
        return False
    # Half the weight of the store, and needed in the first start after an update only.
    from alembic.migration import MigrationContext  # noqa: PLC0415 - see above
    from alembic.operations import Operations  # noqa: PLC0415 - see above
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - see above

    scripts = ScriptDirectory(str(_STEPS))
    order = [script.revision for script in scripts.walk_revisions()][::-1]
    if now is not None and now not in order:
        raise StoreError(
            f"{place} was written by a newer outwait (schema {now}; this one knows up to {HEAD}): "
            "run that version again, or restore a backup from before the update"
        )
    following = order[0 if now is None else order.index(now) + 1]
    context = MigrationContext.configure(connection, opts={"version_table": VERSIONS})
    with Operations.context(context):
        scripts.get_revision(following).module.upgrade()
    context.stamp(scripts, following)
    return True


def _version(connection: sa.Connection) -> str | None:
    """The step the database has reached; None before the first."""
    if not sa.inspect(connection).has_table(VERSIONS):
        return None
    number = sa.column("version_num", sa.Text)
    return connection.execute(sa.select(number).select_from(sa.table(VERSIONS, number))).scalar_one_or_none()
