"""The archive of Temporal's histories: a server keeps those of closed workflows for a while only.

When a case has ended, the worker fetches the histories of all runs of its workflow and puts them into the
ledger's vault: one entry in the stream `history:<case>`, which commits to them. Fetching happens inside the
transaction that holds the case's row, so each case is archived once, by one of the workers, and one that dies
leaves the case to the next.
"""

from __future__ import annotations

import asyncio
import logging
import time
from datetime import timedelta
from uuid import UUID

import orjson
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, RPCError, RPCStatusCode, WorkflowHistory

import ledger
from core import Database
from proof.bundle import HISTORY_FIELD, history_stream
from workflows import repository
from workflows.transient import is_transient

_log = logging.getLogger(__name__)

_RPC_TIMEOUT = timedelta(seconds=10)
# A workflow closes right after the burst that ends its case; one that has not is looked at again then.
_LOOK_AGAIN_SECONDS = 30.0
_CLOSED = frozenset(
    {
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED,
    }
)


class Archiver:
    """Archives histories until it is told to stop. Any number of them may run."""

    def __init__(
        self, database: Database, client: Client, recorder: ledger.Recorder, every: timedelta
    ) -> None:
        self._database = database
        self._client = client
        self._recorder = recorder
        self._every = every.total_seconds()
        self._look_again: dict[UUID, float] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Archive what has ended, now and then, until `stop`; survives the loss of database and Temporal."""
        while not stop.is_set():
            pause = self._every
            try:
                begun = time.monotonic()
                if await self.archive_next():
                    # Cases that run come first: no more than a quarter of the time goes into those that are
                    # over. A server keeps their histories for days, which have quiet hours.
                    pause = 3 * (time.monotonic() - begun)
            except Exception as error:
                _log.warning(
                    "A history could not be archived: %s",
                    error,
                    exc_info=None if isinstance(error, RPCError) or is_transient(error) else error,
                )
            try:
                await asyncio.wait_for(stop.wait(), pause)
            except TimeoutError:
                continue

    async def archive_next(self) -> bool:
        """Archive the history of one case; False when none is left that can be archived now."""
        now = time.monotonic()
        self._look_again = {case: at for case, at in self._look_again.items() if at > now}
        async with self._database.transaction() as tx:
            case = await repository.take_ended(tx.sql, list(self._look_again))
            if case is None:
                return False
            try:
                runs, complete = await _fetch_runs(self._client, case.workflow_id)
            except RPCError as error:
                self._look_again[case.id] = now + _LOOK_AGAIN_SECONDS
                if error.status is not RPCStatusCode.NOT_FOUND:
                    raise
                _log.warning("Temporal no longer has the history of case %s", case.workflow_id)
                await repository.note_history(tx.sql, case.id, "lost")
                return True
            if runs[-1].events[-1].event_type not in _CLOSED:
                self._look_again[case.id] = now + _LOOK_AGAIN_SECONDS
                return True
            await self._recorder.record(
                tx,
                ledger.EntryDraft(
                    stream=history_stream(str(case.id)),
                    seq=1,
                    kind="history.archive",
                    occurred_at=case.ended_at,
                    actor="system:archiver",
                    statement={"case": str(case.id), "runs": len(runs), "complete": complete},
                    payloads={HISTORY_FIELD: orjson.dumps([run.to_json_dict() for run in runs])},
                    party=case.party_id,
                ),
            )
            await repository.note_history(tx.sql, case.id, "archived")
        return True


async def _fetch_runs(client: Client, workflow_id: str) -> tuple[list[WorkflowHistory], bool]:
    """Return the histories of a workflow's runs, back to the first one that the server still has.

    A run names the one that it continues; whether the chain is whole is the second value.
    """
    runs = [await client.get_workflow_handle(workflow_id).fetch_history(rpc_timeout=_RPC_TIMEOUT)]
    while earlier := runs[0].events[0].workflow_execution_started_event_attributes.continued_execution_run_id:
        try:
            handle = client.get_workflow_handle(workflow_id, run_id=earlier)
            runs.insert(0, await handle.fetch_history(rpc_timeout=_RPC_TIMEOUT))
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            return runs, False
    return runs, True
