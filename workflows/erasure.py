"""Erasing a case or a party: keys in the vault, documents, read model, commands, and Temporal's histories.

All but Temporal happens in one transaction with the entry `vault.erase`: it is done, or nothing of it is. The
names of the workflows stay behind until Temporal has deleted what it holds of them (`Purge`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest
from temporalio.client import Client, RPCError, RPCStatusCode, WorkflowExecutionStatus

import finance
import ledger
import scoring
from core import Conflict, Database, NotFound, Transaction
from proof.bundle import history_stream
from workflows import repository
from workflows.actors import Actor
from workflows.repository import CommandRow
from workflows.transient import is_transient
from workflows.vault_payloads import ApproveErasure, ErasureStep, RejectErasure, RequestErasure

_log = logging.getLogger(__name__)

_RPC_TIMEOUT = timedelta(seconds=10)
_COMMAND = "command:"


class ErasureCommands:
    """Carries out the commands `vault.request-erasure`, `vault.erase` and `vault.reject-erasure`."""

    def __init__(self, recorder: ledger.Recorder) -> None:
        self._erasures = ledger.Erasures(recorder)

    async def carry_out(
        self, tx: Transaction, command: CommandRow, payload: ErasureStep, at: datetime
    ) -> Mapping[str, Any]:
        """Carry out one command in the caller's transaction, and return its result.

        Raises:
            NotFound: `case.unknown`, `party.unknown`, `ledger.erase_unknown`.
            Conflict: `ledger.erase_running` while something of it runs, `ledger.erase_requested`,
                `ledger.erase_rejected`, `ledger.erase_done`.
            Forbidden: `ledger.erase_four_eyes`.
        """
        by = _person(command.actor)
        match payload:
            case RequestErasure(subject=subject, subject_id=subject_id, reason=reason):
                await _cases_to_erase(tx, subject, subject_id)
                await self._erasures.request(tx, command.id, subject, subject_id, reason=reason, by=by, at=at)
                return {"erasure_id": str(command.id), "state": "requested"}
            case ApproveErasure(erasure_id=erasure_id):
                return await self._erase(tx, erasure_id, by, at)
            case RejectErasure(erasure_id=erasure_id, reason=reason):
                await self._erasures.reject(tx, erasure_id, reason=reason, by=by, at=at)
                return {"erasure_id": str(erasure_id), "state": "rejected"}

    async def _erase(
        self, tx: Transaction, erasure_id: UUID, by: ledger.Person, at: datetime
    ) -> Mapping[str, Any]:
        erasure = await self._erasures.to_decide(tx, erasure_id, by)
        streams = erasure.streams
        if erasure.state != "done":
            cases = await _cases_to_erase(tx, erasure.subject, erasure.subject_id)
            party_id = erasure.subject_id if erasure.subject == "party" else None
            closed = await _cut(tx, cases, party_id)
            streams = len(await self._erasures.carry_out(tx, erasure, closed, by=by, at=at))
        return {"erasure_id": str(erasure_id), "state": "done", "streams": streams}


async def _cases_to_erase(tx: Transaction, subject: str, subject_id: UUID) -> list[UUID]:
    """Return and hold the cases that go: one with all that it called, or all of a party.

    Raises:
        NotFound: `case.unknown`.
        Conflict: `ledger.erase_running`.
    """
    others: list[UUID] = []
    if subject == "party":
        own, others = await repository.cases_of_party(tx.sql, subject_id)
        cases = await repository.family_of(tx.sql, own)
    else:
        cases = await repository.family_of(tx.sql, [subject_id])
        if subject_id not in cases:
            raise NotFound("case.unknown", f"There is no case {subject_id}.")
    running = await repository.unfinished(tx.sql, [*cases, *others])
    if running is not None:
        raise Conflict(
            "ledger.erase_running",
            "A case that runs needs what it knows.",
            where=f"case {running}",
            hint="Let it end, or cancel it; then erase.",
        )
    return cases


async def _cut(tx: Transaction, cases: Collection[UUID], party_id: UUID | None) -> set[str]:
    """Take out of all rooms what is to be erased, and return the streams whose vault is to be closed."""
    requests = await repository.requests_of_cases(tx.sql, cases)
    brought = list(await finance.erase_requests(tx, requests))
    if party_id is not None:
        brought += await finance.erase_party(tx, party_id)
    causes = await repository.causes_of(tx.sql, cases)
    streams = await ledger.streams_of(tx.sql, brought)
    if party_id is not None:
        # What was judged in a case of other parties stays with them; its text is cut all the same.
        judged = await ledger.streams_of(tx.sql, await scoring.judging_entries(tx, party_id))
        streams |= {stream for stream in judged if stream.startswith(_COMMAND)}
    streams |= {f"{_COMMAND}{cause}" for cause in causes}
    streams |= {stream for case in cases for stream in (str(case), history_stream(str(case)))}
    entries = await repository.entries_of_streams(tx.sql, streams)
    await scoring.erase_runs(tx, entries=entries, party_id=party_id)
    await repository.cut_cases(tx.sql, cases)
    commands = [UUID(stream.removeprefix(_COMMAND)) for stream in streams if stream.startswith(_COMMAND)]
    commands += await repository.disclosures_of(tx.sql, entries)
    await repository.cut_commands(tx.sql, commands)
    return streams


class Purge:
    """Lets Temporal delete the histories of erased cases, until it is told to stop. Any number may run."""

    def __init__(self, database: Database, client: Client, every: timedelta) -> None:
        self._database = database
        self._client = client
        self._every = every.total_seconds()

    async def run(self, stop: asyncio.Event) -> None:
        """Delete what is there, now and then, until `stop`; survives the loss of database and Temporal."""
        while not stop.is_set():
            try:
                await self.purge()
            except Exception as error:
                _log.warning(
                    "Histories of erased cases could not be deleted: %s",
                    error,
                    exc_info=None if isinstance(error, RPCError) or is_transient(error) else error,
                )
            try:
                await asyncio.wait_for(stop.wait(), self._every)
            except TimeoutError:
                continue

    async def purge(self) -> None:
        """Delete once what Temporal holds of each erased case, and forget those of which it holds nothing."""
        seen: list[str] = []
        while True:
            async with self._database.transaction() as tx:
                workflow_id = await repository.take_erased_workflow(tx.sql, seen)
                if workflow_id is None:
                    return
                seen.append(workflow_id)
                if not await self._delete(workflow_id):
                    await repository.forget_erased_workflow(tx.sql, workflow_id)

    async def _delete(self, workflow_id: str) -> bool:
        """Delete the runs of a workflow; False when there are none. What still ends is left for next time."""
        quoted = workflow_id.replace("\\", "\\\\").replace('"', '\\"')
        found = False
        async for run in self._client.list_workflows(f'WorkflowId = "{quoted}"', rpc_timeout=_RPC_TIMEOUT):
            found = True
            if run.status is WorkflowExecutionStatus.RUNNING:
                continue
            try:
                await self._client.workflow_service.delete_workflow_execution(
                    DeleteWorkflowExecutionRequest(
                        namespace=self._client.namespace,
                        workflow_execution=WorkflowExecution(workflow_id=workflow_id, run_id=run.run_id),
                    ),
                    timeout=_RPC_TIMEOUT,
                )
            except RPCError as error:
                if error.status is not RPCStatusCode.NOT_FOUND:
                    raise
        return found


def _person(actor: Actor) -> ledger.Person:
    return ledger.Person(actor.label, actor.is_system)
