"""Commands: what a mutation asks for is committed first, then performed by the worker.

The mutation waits a moment for the outcome, so that a caller usually gets it with the answer; when it takes
longer, the command stays accepted and the caller asks again by its id. One connection per process listens for
outcomes; a waiting mutation holds none.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg

import workflows
from core import Database
from core.database import LOST_DATABASE, connect_session
from scf_api.roles import Viewer

logger = logging.getLogger("scf_api.commands")

_CHANNEL = "command_done"
# A notification can be lost with its connection; a waiting mutation looks for itself this often.
_POLL_SECONDS = 1.0
_RECONNECT_SECONDS = (0.2, 5.0)
# A connection that only listens does not notice that nothing can come over it any more. So often is it asked.
_ASK_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class CommandResult:
    """A command as its submitter sees it; `outcome` is None while the worker has not answered."""

    command_id: UUID
    outcome: workflows.CommandOutcome | None


class Commands:
    """Submits commands and waits for their outcomes."""

    def __init__(self, database: Database, wait: timedelta) -> None:
        self._database = database
        self._wait = wait
        self._waiting: dict[str, set[asyncio.Event]] = {}
        self._listener: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to listen for outcomes."""
        self._listener = asyncio.create_task(self._listen(), name="command outcomes")

    async def stop(self) -> None:
        """Stop listening; mutations that wait answer `accepted` at their next look."""
        if self._listener is not None:
            self._listener.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._listener

    async def perform(
        self,
        viewer: Viewer,
        kind: str,
        payload: Mapping[str, Any],
        idempotency_key: str,
        case_id: UUID | None = None,
    ) -> CommandResult:
        """Commit a command for a person and wait a moment for its outcome; `case_id` as `workflows.submit`.

        Raises:
            ScfError: what `workflows.submit` refuses, for example `command.forbidden` and
            `command.key_reused`.
        """
        actor = workflows.Actor(viewer.name, viewer.roles, viewer.party_id)
        async with self._database.transaction() as tx:
            receipt = await workflows.submit(
                tx,
                kind=kind,
                actor=actor,
                payload=payload,
                idempotency_key=idempotency_key,
                case_id=case_id,
            )
        return CommandResult(receipt.command_id, await self.outcome(receipt.command_id))

    async def outcome(self, command_id: UUID) -> workflows.CommandOutcome | None:
        """Wait a moment for what became of a command; None while it is not decided."""
        deadline = asyncio.get_running_loop().time() + self._wait.total_seconds()
        done = asyncio.Event()
        waiting = self._waiting.setdefault(str(command_id), set())
        waiting.add(done)
        try:
            while True:
                async with self._database.reading() as sql:
                    outcome = await workflows.outcome(sql, command_id)
                if outcome.state != "accepted":
                    return outcome
                left = deadline - asyncio.get_running_loop().time()
                if left <= 0:
                    return None
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(done.wait(), min(left, _POLL_SECONDS))
                done.clear()
        finally:
            waiting.discard(done)
            if not waiting:
                self._waiting.pop(str(command_id), None)

    async def _listen(self) -> None:
        pause = _RECONNECT_SECONDS[0]
        while True:
            try:
                connection = await connect_session(self._database.url)
            except (*LOST_DATABASE, asyncpg.PostgresError) as error:
                logger.warning("cannot listen for outcomes: %s", type(error).__name__)
                await asyncio.sleep(pause)
                pause = min(pause * 2, _RECONNECT_SECONDS[1])
                continue
            try:
                lost = asyncio.Event()
                connection.add_termination_listener(lambda *_, lost=lost: lost.set())
                await connection.add_listener(_CHANNEL, self._tell)
                pause = _RECONNECT_SECONDS[0]
                while not lost.is_set():
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(lost.wait(), _ASK_SECONDS)
                    await connection.execute("SELECT 1")
            except (*LOST_DATABASE, asyncpg.PostgresError) as error:
                logger.warning("stopped listening for outcomes: %s", type(error).__name__)
            finally:
                connection.terminate()

    def _tell(self, _connection: object, _pid: int, _channel: str, command_id: object) -> None:
        for event in self._waiting.get(str(command_id), ()):
            event.set()
