"""The log's name, asked of a database by its URL before a service begins."""

from __future__ import annotations

import ledger
from core.database import Database
from scf.rooms import ROOMS


async def log_name(database_url: str, wanted: str | None) -> str:
    """Return the log's name; see `ledger.log_origin`.

    Raises:
        Unavailable: `database.unreachable`.
        InvalidInput, Conflict: what `ledger.log_origin` raises.
    """
    database = await Database.open(database_url, ROOMS)
    try:
        return await ledger.log_origin(database, wanted)
    finally:
        await database.close()
