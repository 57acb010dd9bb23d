"""What happens by the time alone, outside of cases: messages expire, and timers start cases.

Rows in PostgreSQL that are due, looked for by every relay: what is due is never lost with a process, and
each timer start is a command whose key names definition, element and due time, so it is accepted once.
"""

from __future__ import annotations

from datetime import datetime

import ledger
from bpmn import newest
from core import Database, Transaction, derived_id
from workflows import repository, start_subscriptions
from workflows.actors import Actor
from workflows.definitions import Definitions
from workflows.deliveries import Deliveries
from workflows.repository import MessageRow, StartRow

# How many are done in one transaction.
_LIMIT = 100

_CLOCK = Actor.system("clock")


class Upkeep:
    """Does what is due. Several may run at once: each row is locked by the one that handles it."""

    def __init__(
        self,
        database: Database,
        recorder: ledger.Recorder,
        definitions: Definitions,
        deliveries: Deliveries,
    ) -> None:
        self._database = database
        self._recorder = recorder
        self._definitions = definitions
        self._deliveries = deliveries

    async def run(self, at: datetime) -> None:
        """Do everything that is due at the real time `at`."""
        while await self._expire_messages(at) == _LIMIT:
            pass
        while await self._start_cases(at) == _LIMIT:
            pass

    async def _expire_messages(self, at: datetime) -> int:
        """Drop messages that nobody has waited for in their time: told in ledger and outcome."""
        async with self._database.transaction() as tx:
            expired = await repository.take_expired_messages(tx.sql, at, limit=_LIMIT)
            for message in expired:
                await self._tell_expired(tx, message, at)
        return len(expired)

    async def _tell_expired(self, tx: Transaction, message: MessageRow, at: datetime) -> None:
        await self._recorder.record(
            tx,
            ledger.EntryDraft(
                stream=f"message:{message.id}",
                seq=1,
                kind="message.expire",
                occurred_at=at,
                actor=_CLOCK.label,
                statement={"message": str(message.id)},
            ),
        )
        await self._deliveries.tell(tx, message.id, {"message": "expired"})

    async def _start_cases(self, at: datetime) -> int:
        """Start a case for each timer that is due; rounds that were missed are caught up, one by one."""
        async with self._database.transaction() as tx:
            due = await repository.lock_due_starts(tx.sql, at, limit=_LIMIT)
            for start, due_at in due:
                await self._start_by_timer(tx, start, due_at)
        return len(due)

    async def _start_by_timer(self, tx: Transaction, start: StartRow, due_at: datetime) -> None:
        round_id = derived_id(
            "start-timer", start.definition_id, start.element, start.trigger, due_at.isoformat()
        )
        business_key = f"{start.element}/{due_at.isoformat()}"
        await self._deliveries.start(tx, start, business_key, {}, actor=_CLOCK, cause=round_id)
        model = await self._definitions.model(tx.sql, start.definition_id, newest().version)
        (trigger,) = (
            known.triggers[start.trigger] for known in model.starts if known.element == start.element
        )
        await repository.set_next_start(tx.sql, start, start_subscriptions.next_due(trigger, start, due_at))
