"""The relay: carries accepted commands out of the inbox, each case's in the order in which they came.

Commands that move no token are carried out here, in one transaction each. The others go to Temporal: a
start, or an update of the case's workflow. The relay lives in the worker's process, so that a start can be
eager. It keeps no state: a command leaves the inbox only when its outcome is recorded, so another relay
takes up what a killed one left. Several relays may run; a session lock on each case, which ends with the
process, keeps a case with one.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID

import asyncpg
from temporalio.client import (
    Client,
    RPCError,
    RPCStatusCode,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from core import Clock, Database
from core.database import LOST_DATABASE, connect_session
from workflows import repository
from workflows.advance import Advancer
from workflows.case_workflow import CaseWorkflow, Drive
from workflows.commands import WITHOUT_WORKFLOW
from workflows.domain_commands import DomainCommands
from workflows.repository import Connection, Delivery
from workflows.transient import is_transient
from workflows.upkeep import Upkeep

_log = logging.getLogger(__name__)

# How many commands one relay carries at a time; each case has at most one of them.
_PARALLEL = 32
_POLL_SECONDS = 2.0
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 10.0
# A start is answered before its first burst; the outcome follows within this time, or the start is tried
# again.
_START_SECONDS = 10.0
_STOP_SECONDS = 5.0
# What Temporal answers at once when it is there. It takes less than the silence after which the server would
# end the relay's session.
_RPC_TIMEOUT = timedelta(seconds=10)
# A case whose timer is this late has no workflow any more; the relay looks for such now and then.
_OVERDUE_AFTER = timedelta(seconds=30)
_OVERDUE_EVERY = timedelta(seconds=15)
# Messages that expire and timers that start cases are exact to this and the time between two looks.
_UPKEEP_EVERY = timedelta(seconds=1)


class Relay:
    """Carries commands until it is told to stop."""

    def __init__(
        self,
        database: Database,
        client: Client,
        clock: Clock,
        *,
        advancer: Advancer,
        domain: DomainCommands,
        upkeep: Upkeep,
        task_queue: str,
        continue_after: int | None = None,
    ) -> None:
        self._database = database
        self._client = client
        self._clock = clock
        self._advancer = advancer
        self._domain = domain
        self._upkeep = upkeep
        self._task_queue = task_queue
        self._continue_after = continue_after
        self._wake = asyncio.Event()
        self._carried: dict[UUID, asyncio.Task[None]] = {}
        self._starting: dict[str, asyncio.Event] = {}
        self._heard: set[UUID] = set()  # streams for which commands came since the last round began
        self._looked_for_overdue = datetime.min.replace(tzinfo=UTC)
        self._kept_up = datetime.min.replace(tzinfo=UTC)

    async def run(self, stop: asyncio.Event, ready: asyncio.Event | None = None) -> None:
        """Carry commands until `stop`; survives the loss of the database and of Temporal.

        `ready` is set when the first commands can be taken.
        """
        stopping = asyncio.create_task(stop.wait())
        pause = _FIRST_PAUSE
        try:
            while not stop.is_set():
                try:
                    session: Connection = await connect_session(self._database.url)
                except (*LOST_DATABASE, asyncpg.PostgresError) as error:
                    _log.warning("The relay waits for the database: %s", error)
                    await asyncio.wait((stopping,), timeout=pause)
                    pause = min(pause * 2, _LONGEST_PAUSE)
                    continue
                pause = _FIRST_PAUSE
                if ready is not None:
                    ready.set()
                await self._serve(session, stopping)
        finally:
            stopping.cancel()

    async def _serve(self, session: Connection, stopping: asyncio.Task[bool]) -> None:
        """Carry commands while this connection lives: it listens, and it holds the locks."""
        try:
            await session.add_listener("command_accepted", self._hear_accepted)
            await session.add_listener("command_done", self._hear_done)
            while not stopping.done():
                self._wake.clear()
                await self._take_heads(session, stopping)
                await self._take_up_overdue(session)
                await self._do_upkeep()
                await self._rest(stopping)
            await asyncio.wait(self._carried.values(), timeout=_STOP_SECONDS) if self._carried else None
        except (*LOST_DATABASE, asyncpg.PostgresError) as error:
            _log.warning("The relay lost the database: %s", error)
        finally:
            for task in self._carried.values():
                task.cancel()
            await asyncio.gather(*self._carried.values(), return_exceptions=True)
            self._carried.clear()
            session.terminate()

    async def _take_heads(self, session: Connection, stopping: asyncio.Task[bool]) -> None:
        over = [stream for stream, task in self._carried.items() if task.done()]
        for stream in over:
            del self._carried[stream]
        # The query sees what came before it; for the streams that are carried, it does not look.
        self._heard.intersection_update(self._carried)
        free = _PARALLEL - len(self._carried)
        for head in await repository.take_heads(session, self._carried, over, limit=free):
            self._carried[head.stream] = asyncio.create_task(self._carry(head, stopping))

    async def _take_up_overdue(self, session: Connection) -> None:
        """Give cases that did not wake at their time a workflow again: Temporal may have lost theirs."""
        now = self._clock.now()
        if now - self._looked_for_overdue < _OVERDUE_EVERY:
            return
        self._looked_for_overdue = now
        for case_id, workflow_id in await repository.overdue_cases(session, now - _OVERDUE_AFTER):
            try:
                await self._take_up(case_id, workflow_id)
            except RPCError as error:
                _log.warning("Temporal did not take up case %s: %s", workflow_id, error)
                return

    async def _do_upkeep(self) -> None:
        """Do what the time alone asks for; what fails is tried again at the next look."""
        now = self._clock.now()
        if now - self._kept_up < _UPKEEP_EVERY:
            return
        self._kept_up = now
        try:
            await self._upkeep.run(now)
        except Exception as error:
            if is_transient(error):
                raise
            _log.exception("What is due by the time could not be done")

    async def _rest(self, stopping: asyncio.Task[bool]) -> None:
        waking = asyncio.create_task(self._wake.wait())
        try:
            await asyncio.wait((waking, stopping), timeout=_POLL_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waking.cancel()

    def _hear_accepted(self, _connection: object, _pid: int, _channel: str, stream: object) -> None:
        self._heard.add(UUID(str(stream)))
        self._wake.set()

    def _hear_done(self, _connection: object, _pid: int, _channel: str, command_id: object) -> None:
        if decided := self._starting.get(str(command_id)):
            decided.set()

    async def _carry(self, head: Delivery, stopping: asyncio.Task[bool]) -> None:
        """Carry one command until it is decided, with growing pauses while a service is away."""
        pause = _FIRST_PAUSE
        deliver = partial(self._deliver, head)
        try:
            while not stopping.done():
                try:
                    if await deliver():
                        return
                except (RPCError, WorkflowUpdateRPCTimeoutOrCancelledError) as error:
                    _log.warning("Temporal did not take command %s: %s", head.id, error)
                except Exception as error:
                    _log.warning(
                        "Command %s could not be carried out: %s",
                        head.id,
                        error,
                        exc_info=None if is_transient(error) else error,
                    )
                await asyncio.wait((stopping,), timeout=pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
                deliver = partial(self._deliver_again, head.id)
        finally:
            # Else its lock is given back with the next round: what comes for this case wakes the relay.
            if head.followed or head.stream in self._heard or len(self._carried) >= _PARALLEL:
                self._wake.set()

    async def _deliver_again(self, command_id: UUID) -> bool:
        """Deliver a command as things stand by now, unless it is decided."""
        async with self._database.reading() as sql:
            delivery = await repository.delivery(sql, command_id)
        return delivery is None or delivery.decided or await self._deliver(delivery)

    async def _deliver(self, delivery: Delivery) -> bool:
        """Hand a command to whoever carries it out; True when its outcome is recorded."""
        case_id = delivery.case_id
        if delivery.kind in WITHOUT_WORKFLOW or case_id is None:
            await self._domain.perform(delivery.id)
            return True
        if delivery.case_ended:
            # No workflow is left to ask. Whether the case ended is told by its row, and so is the refusal.
            await self._advancer.advance(case_id, delivery.id, self._clock.now())
            return True
        if delivery.kind == "case.start":
            return await self._start(delivery.id, case_id, delivery.workflow_id)
        return await self._update(delivery.id, case_id, delivery.workflow_id)

    async def _start(self, command_id: UUID, case_id: UUID, workflow_id: str) -> bool:
        decided = self._starting[str(command_id)] = asyncio.Event()
        try:
            await self._client.start_workflow(
                CaseWorkflow.run,
                Drive(str(case_id), str(command_id), self._continue_after),
                id=workflow_id,
                task_queue=self._task_queue,
                request_eager_start=True,
                id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
                rpc_timeout=_RPC_TIMEOUT,
            )
            await asyncio.wait_for(decided.wait(), _START_SECONDS)
        except WorkflowAlreadyStartedError:
            return await self._update(command_id, case_id, workflow_id)
        except TimeoutError:
            return False
        finally:
            del self._starting[str(command_id)]
        return True

    async def _update(self, command_id: UUID, case_id: UUID, workflow_id: str) -> bool:
        handle = self._client.get_workflow_handle(workflow_id)
        try:
            await handle.execute_update(CaseWorkflow.command, str(command_id), id=str(command_id))
        except WorkflowUpdateFailedError:
            return False  # the case ended meanwhile; the next delivery finds that in its row
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            _log.warning("Temporal does not know case %s; it is taken up again", workflow_id)
            await self._take_up(case_id, workflow_id)
            return False
        return True

    async def _take_up(self, case_id: UUID, workflow_id: str) -> None:
        """Start the workflow of a running case, unless it runs: the case itself lives in its row."""
        await self._client.start_workflow(
            CaseWorkflow.run,
            Drive(str(case_id), None, self._continue_after),
            id=workflow_id,
            task_queue=self._task_queue,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            rpc_timeout=_RPC_TIMEOUT,
        )
