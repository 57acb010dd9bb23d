"""Replaying Temporal's archived histories: today's workflow must take the same way through each of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import orjson
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

import ledger
from core import Conflict, Database, NotFound
from proof.bundle import HISTORY_FIELD, history_stream
from workflows import repository
from workflows.case_workflow import CaseWorkflow
from workflows.payload_codec import encrypted


@dataclass(frozen=True, slots=True)
class HistoryReplay:
    """What Temporal's own replayer made of a case's runs: for each why it fails, None when it fits."""

    case_id: UUID
    runs: int
    failures: tuple[str | None, ...]

    @property
    def agrees(self) -> bool:
        """Whether today's workflow takes the same way through each history."""
        return not any(self.failures)


async def replay_histories(database: Database, case_id: UUID, vault_key: ledger.VaultKeys) -> HistoryReplay:
    """Replay the archived histories of a case through today's `CaseWorkflow`.

    Raises:
        NotFound: `case.unknown`.
        Conflict: `history.not_archived`, `history.lost` or `ledger.stream_erased`.
    """
    runs = await archived_runs(database, case_id, vault_key)
    replayer = case_replayer(vault_key)
    failures: list[str | None] = []
    for run in runs:
        result = await replayer.replay_workflow(run, raise_on_replay_failure=False)
        failures.append(str(result.replay_failure) if result.replay_failure else None)
    return HistoryReplay(case_id, len(runs), tuple(failures))


def case_replayer(vault_key: ledger.VaultKeys) -> Replayer:
    """Return Temporal's replayer for cases, in the sandbox: code that is not deterministic fails in it."""
    runner = SandboxedWorkflowRunner(
        # This package is not loaded again for every workflow.
        restrictions=SandboxRestrictions.default.with_passthrough_modules("workflows")
    )
    return Replayer(workflows=[CaseWorkflow], workflow_runner=runner, data_converter=encrypted(vault_key))


async def archived_runs(
    database: Database, case_id: UUID, vault_key: ledger.VaultKeys
) -> Sequence[WorkflowHistory]:
    """Return the archived histories of a case's runs, the first one first. Raises as `replay_histories`."""
    async with database.reading() as sql:
        case = await repository.read_case(sql, case_id)
        if case is None:
            raise NotFound(
                "case.unknown", f"There is no case {case_id}.", hint="List them with: scf case list"
            )
        state = await repository.history_state(sql, case_id)
        if state == "lost":
            raise Conflict(
                "history.lost",
                "Temporal no longer had the history of this case when it was to be archived.",
                where=str(case_id),
                hint="Replay the case itself, without --temporal: that needs the ledger only.",
            )
        if state != "archived":
            raise Conflict(
                "history.not_archived",
                "The history of this case is not archived yet.",
                where=str(case_id),
                hint="A worker archives it soon after the case has ended.",
            )
        payloads = await ledger.reveal(sql, ledger.entry_id(history_stream(str(case_id)), 1), vault_key)
    workflow_id = f"{case.product}/{case.business_key}"
    return [WorkflowHistory.from_json(workflow_id, run) for run in orjson.loads(payloads[HISTORY_FIELD])]
