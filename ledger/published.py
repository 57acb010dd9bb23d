"""Which checkpoint the log shows the world. All that is served, exported or time-stamped asks here."""

from __future__ import annotations

from core.errors import NotFound
from ledger import repository
from ledger.repository import CheckpointRow, Connection


async def published_checkpoint(connection: Connection) -> CheckpointRow:
    """Return the newest checkpoint that is published.

    Raises:
        NotFound: `ledger.log_empty` when none is, yet.
    """
    checkpoint = await repository.newest_checkpoint(connection)
    if checkpoint is None:
        raise NotFound(
            "ledger.log_empty",
            "The log has no checkpoint yet.",
            hint="The first one comes with the first entry; the sequencer must be running.",
        )
    return checkpoint
