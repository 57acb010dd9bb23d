"""What people do with a task before it is completed. It moves no token, but it is an entry of the case."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import ledger
from core import Clock, NotFound, Transaction
from proof.canonical import encode
from workflows import repository, tasks
from workflows.actors import Actor
from workflows.definitions import Definitions
from workflows.forms import check_draft
from workflows.read_model import draft_id
from workflows.repository import CaseRow, CommandRow, TaskRow
from workflows.task_payloads import (
    AssignTask,
    ClaimTask,
    CommentOnTask,
    DelegateTask,
    SaveTaskDraft,
    ScheduleTask,
    UnclaimTask,
)
from workflows.tasks import Holding

OnTask = ClaimTask | UnclaimTask | DelegateTask | AssignTask | ScheduleTask | CommentOnTask | SaveTaskDraft


class TaskCommands:
    """Carries out commands about one task, each in its caller's transaction."""

    def __init__(self, recorder: ledger.Recorder, clock: Clock, definitions: Definitions) -> None:
        self._recorder = recorder
        self._clock = clock
        self._definitions = definitions

    async def carry_out(self, tx: Transaction, command: CommandRow, payload: OnTask) -> Mapping[str, Any]:
        """Change a task and record the case's entry of it; only a draft, which is nobody's fact, has none.

        Raises:
            NotFound: `task.unknown`.
            ScfError: what `workflows.tasks` refuses, and what `check_draft` does.
        """
        case = await repository.lock_case(tx.sql, command.case_id) if command.case_id else None
        task = await repository.task(tx.sql, payload.task_id)
        if case is None or task is None or task.case_id != case.id:
            raise NotFound("task.unknown", f"There is no task {payload.task_id}.")
        at = max(case.clock.at(self._clock.now()), case.business_now)
        if isinstance(payload, SaveTaskDraft):
            await self._save_draft(tx, case, task, command.actor, payload, at)
        else:
            await self._change(tx, case, task, command, payload, at)
            await self._record(tx, case, task, command, at)
        changed = await repository.task(tx.sql, task.id)
        assignee = changed.assignee if changed else None
        return {"task_id": str(task.id), "case_id": str(case.id), "assignee": assignee}

    async def _change(
        self,
        tx: Transaction,
        case: CaseRow,
        task: TaskRow,
        command: CommandRow,
        payload: OnTask,
        at: datetime,
    ) -> None:
        actor = command.actor
        match payload:
            case ClaimTask():
                await tasks.require_permission(tx.sql, case, task, actor)
                await _hold(tx, task, Holding(actor.name, task.delegators))
            case UnclaimTask():
                await _hold(tx, task, tasks.given_back(task, actor))
            case DelegateTask(to=person):
                await _hold(tx, task, await tasks.delegated(tx.sql, case, task, actor, person))
            case AssignTask(to=person):
                await _hold(tx, task, await tasks.assigned(tx.sql, case, task, actor, person))
            case ScheduleTask(follow_up=follow_up):
                await tasks.require_permission(tx.sql, case, task, actor)
                await repository.schedule_task(tx.sql, task.id, follow_up)
            case CommentOnTask(text=text):
                tasks.require_open(task)
                tasks.require_part(case, task, actor)
                await repository.insert_comment(
                    tx.sql,
                    command.id,
                    task.id,
                    author=actor.name,
                    text=text,
                    at=at,
                    entry_id=ledger.entry_id(str(case.id), case.seq + 1),
                )

    async def _save_draft(
        self,
        tx: Transaction,
        case: CaseRow,
        task: TaskRow,
        actor: Actor,
        payload: SaveTaskDraft,
        at: datetime,
    ) -> None:
        await tasks.require_permission(tx.sql, case, task, actor)
        form = await self._definitions.form_of(tx.sql, case, task)
        check_draft(form, payload.draft)
        await repository.put_draft(
            tx.sql,
            draft_id(task.id, actor.name),
            task.id,
            person=actor.name,
            answers=payload.draft,
            at=at,
        )

    async def _record(
        self, tx: Transaction, case: CaseRow, task: TaskRow, command: CommandRow, at: datetime
    ) -> None:
        await repository.count_entry(tx.sql, case.id)
        model_hash, state_root = await repository.roots(tx.sql, case.id)
        await self._recorder.record(
            tx,
            ledger.EntryDraft(
                stream=str(case.id),
                seq=case.seq + 1,
                kind=command.kind,
                occurred_at=at,
                actor=command.actor.label,
                statement={"task": str(task.id), "element": task.element},
                model_hash=model_hash,
                kernel_version=case.kernel_version,
                state_root=state_root,
                # Whom a task was given to, and what was remarked, are committed to, and in the vault only.
                payloads={"commands": b"[]", "request": encode(command.payload)},
            ),
        )


async def _hold(tx: Transaction, task: TaskRow, holding: Holding) -> None:
    await repository.hold_task(tx.sql, task.id, holding.assignee, holding.delegators)
