"""Back-pressure: nothing more is recorded while too many entries wait to be logged.

Entries wait when the sequencer is away, or slower than those who record. The refusal undoes the whole
business transaction, so nothing happens without its entry; a command that was accepted stays accepted, and is
tried again until there is room.
"""

from __future__ import annotations

import time

from core.errors import Unavailable
from ledger import backlog_repository
from ledger.repository import Connection

# What a sequencer of this release logs in half a minute at most.
LIMIT = 100_000
# For how long (seconds) an answer counts; so recording costs one short query a second and process.
_ANSWER_LASTS = 1.0


class Backlogged(Unavailable):
    """Too many entries wait to be logged; the same transaction may succeed a moment later."""


class Backlog:
    """What one process knows of the entries that wait."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._full = False
        self._asked_at = float("-inf")

    async def require_room(self, connection: Connection) -> None:
        """Refuse when too many entries wait. Between two looks a few more than the limit may come.

        Raises:
            Backlogged: `ledger.backlog`.
        """
        now = time.monotonic()
        if now - self._asked_at >= _ANSWER_LASTS:
            self._asked_at = now
            self._full = await backlog_repository.more_wait_than(connection, self._limit)
        if self._full:
            raise Backlogged(
                "ledger.backlog",
                f"More than {self._limit:,} entries wait to be logged, so nothing more is recorded.",
                hint="Try again in a moment; the sequencer must be running.",
            )
