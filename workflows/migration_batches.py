"""Many cases go over to another version: tried out first, then started by a second person.

    trying ──► planned ──start──► running ◄──resume──┐
                                  │    └────pause───► paused
                                  ▼
                                 done            cancel: from each of them

A batch changes no case itself: it submits one `case.migrate` for each case that its dry run found fit, and
each of those is carried out, or refused, in its own case, under its own entry. It does so in slices, each one
transaction: what a killed worker has begun is there or is not, and any worker goes on with the next slice.
No more than `AT_ONCE` of a batch are under way, so that other commands need not wait for it and a pause takes
effect soon. Rows that every worker looks at, no workflow of its own: there is nothing to reconcile.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

import ledger
from bpmn import MigrationPlan
from core import Broken, Clock, Conflict, Database, Forbidden, NotFound, Transaction
from proof.canonical import Json, encode
from workflows import payloads, repository
from workflows.case_migration import target_version
from workflows.commands import submit_follow_up
from workflows.definitions import Definitions
from workflows.logged import reasons
from workflows.migration_preview import try_cases
from workflows.repository import BatchRow, CommandRow, Tried, VersionRow
from workflows.search_json import filter_to_json
from workflows.transient import is_transient

_log = logging.getLogger(__name__)

MOST_CASES = 20_000
"""Cases of one batch; those that fit besides are left for another."""

AT_ONCE = 64
"""Cases of one batch that have been told to go and are not decided."""

# So many are tried in one transaction: half a second for cases of ordinary size.
_TRIED_AT_ONCE = 50

_PAUSE_SECONDS = 0.5

_MAY_CANCEL = ("trying", "planned", "running", "paused")


class MigrationCommands:
    """Carries out the commands `migration.…`, each with its entry in the stream of its own."""

    def __init__(self, recorder: ledger.Recorder) -> None:
        self._recorder = recorder

    async def carry_out(
        self, tx: Transaction, command: CommandRow, payload: payloads.MigrationStep, at: datetime
    ) -> Mapping[str, Any]:
        """Carry out one command in the caller's transaction, and return its result.

        Raises:
            NotFound: `definition.version_unknown`, `migration.unknown`.
            Conflict: `definition.retired`, `migration.other-model`, `migration.state_wrong` or
                `migration.nothing_to_go`.
            Forbidden: `migration.four_eyes`.
        """
        match payload:
            case payloads.PlanMigration():
                return await self._plan(tx, command, payload, at)
            case payloads.StartMigration():
                return await self._start(tx, command, payload.batch_id, at)
            case payloads.PauseMigration():
                return await self._turn(tx, command, payload.batch_id, at, ("running",), "paused")
            case payloads.ResumeMigration():
                return await self._turn(tx, command, payload.batch_id, at, ("paused",), "running")
            case payloads.CancelMigration():
                return await self._turn(tx, command, payload.batch_id, at, _MAY_CANCEL, "cancelled")

    async def _plan(
        self, tx: Transaction, command: CommandRow, payload: payloads.PlanMigration, at: datetime
    ) -> Mapping[str, Any]:
        to = await target_version(tx.sql, payload.product, payload.version)
        if payload.plan is not None and payload.plan.target != to.hash:
            raise Conflict(
                "migration.other-model",
                f"The plan leads to another model than version {to.version} of {payload.product}.",
                where="payload.plan",
                hint="Make the plan again for this version.",
            )
        batch = BatchRow(
            id=command.id,
            product=payload.product,
            definition_id=to.id,
            version=to.version,
            plan=orjson.dumps(payload.plan.to_json()).decode() if payload.plan is not None else None,
            reason=payload.reason,
            state="trying",
            planned_by=command.actor.label,
            start_command=None,
        )
        await repository.insert_batch(tx.sql, batch, wanted=filter_to_json(payload.wanted), at=at)
        conditions = await repository.conditions(tx.sql, payload.wanted, at)
        cases, left = await repository.choose_cases(tx.sql, batch, conditions, limit=MOST_CASES)
        await self._record(tx, command, batch, at, {"to": to.hash, "cases": cases})
        return {"batch_id": str(batch.id), "state": batch.state, "cases": cases, "left": left}

    async def _start(
        self, tx: Transaction, command: CommandRow, batch_id: UUID, at: datetime
    ) -> Mapping[str, Any]:
        batch = await _held(tx, batch_id, ("planned",), "started")
        if command.actor.label == batch.planned_by and not command.actor.is_system:
            raise Forbidden(
                "migration.four_eyes",
                f"{command.actor.name} has planned this migration and cannot start it.",
                where=str(batch_id),
                hint="Another person of operations looks at its dry run and starts it.",
            )
        to = await target_version(tx.sql, batch.product, batch.version)
        possible, refused = await repository.count_tried(tx.sql, batch_id)
        if not possible:
            raise Conflict(
                "migration.nothing_to_go",
                "None of the cases can go over to the version.",
                where=str(batch_id),
                hint="The dry run tells of each case why; plan again with another plan or version.",
            )
        await repository.start_batch(tx.sql, batch_id, command.id, command.actor.label, at)
        await self._record(tx, command, batch, at, {"to": to.hash, "possible": possible, "refused": refused})
        return {"batch_id": str(batch_id), "state": "running", "possible": possible, "refused": refused}

    async def _turn(
        self,
        tx: Transaction,
        command: CommandRow,
        batch_id: UUID,
        at: datetime,
        allowed: tuple[str, ...],
        state: str,
    ) -> Mapping[str, Any]:
        """Pause, resume or cancel a batch. Cases that have been told to go are not called back."""
        batch = await _held(tx, batch_id, allowed, state)
        finished_at = at if state == "cancelled" else None
        await repository.set_batch_state(tx.sql, batch_id, state, finished_at=finished_at)
        await self._record(tx, command, batch, at, {})
        return {"batch_id": str(batch_id), "state": state}

    async def _record(
        self,
        tx: Transaction,
        command: CommandRow,
        batch: BatchRow,
        at: datetime,
        statement: Mapping[str, Json],
    ) -> None:
        await self._recorder.record(
            tx,
            ledger.EntryDraft(
                stream=f"migration:{batch.id}",
                seq=await repository.next_batch_entry(tx.sql, batch.id),
                kind=command.kind,
                occurred_at=at,
                actor=command.actor.label,
                statement={"product": batch.product, "version": batch.version, **statement},
                # What was searched for, and why, may be about persons: committed to, and kept in the vault.
                payloads={"request": encode(command.payload)},
            ),
        )


class MigrationBatches:
    """Goes on with batches until it is told to stop. Any number may run: each slice holds its batch's row."""

    def __init__(self, database: Database, definitions: Definitions, clock: Clock) -> None:
        self._database = database
        self._definitions = definitions
        self._clock = clock

    async def run(self, stop: asyncio.Event) -> None:
        """Do slice after slice until `stop`; survives the loss of the database."""
        while not stop.is_set():
            try:
                worked = await self.do_slices()
            except Exception as error:
                worked = False
                _log.warning(
                    "A migration could not go on: %s", error, exc_info=None if is_transient(error) else error
                )
            if not worked:
                try:
                    await asyncio.wait_for(stop.wait(), _PAUSE_SECONDS)
                except TimeoutError:
                    continue

    async def do_slices(self) -> bool:
        """Do one slice of each batch that has something to do; False when none had."""
        async with self._database.reading() as sql:
            active = await repository.active_batches(sql)
        worked = False
        for batch_id in active:
            async with self._database.transaction() as tx:
                batch = await repository.lock_batch(tx.sql, batch_id, wait=False)
                if batch is None:
                    continue
                if batch.state == "trying":
                    worked |= await self._try_some(tx, batch)
                elif batch.state == "running":
                    worked |= await self._let_some_go(tx, batch)
        return worked

    async def _try_some(self, tx: Transaction, batch: BatchRow) -> bool:
        """Try the next cases out; when all are tried, the batch waits for somebody to start it."""
        items = await repository.untried(tx.sql, batch.id, _TRIED_AT_ONCE)
        if not items:
            await repository.set_batch_state(tx.sql, batch.id, "planned")
            return True
        cases = await repository.read_cases(tx.sql, [case_id for _, case_id in items])
        to = VersionRow(batch.definition_id, batch.version, "deployed", "", frozenset())
        given = MigrationPlan.from_json(orjson.loads(batch.plan)) if batch.plan is not None else None
        tried = await try_cases(tx.sql, self._definitions, cases, to, given, self._clock.now())
        positions = {case_id: position for position, case_id in items}
        await repository.store_tried(
            tx.sql,
            batch.id,
            [Tried(positions[each.case_id], each.possible, reasons(each.refusals)) for each in tried],
        )
        return True

    async def _let_some_go(self, tx: Transaction, batch: BatchRow) -> bool:
        """Tell the next cases to go; when all are told and decided, the batch is done."""
        under_way = await repository.under_way(tx.sql, batch.id)
        items = await repository.next_to_go(tx.sql, batch.id, AT_ONCE - under_way)
        if not items:
            if under_way == 0:
                now = self._clock.now()
                await repository.set_batch_state(tx.sql, batch.id, "done", finished_at=now)
            return False
        if batch.start_command is None:
            raise Broken("migration.unstarted", f"The batch {batch.id} runs, and nobody has started it.")
        start = await repository.lock_command(tx.sql, batch.start_command)
        if start is None:
            raise Broken("command.lost", f"The inbox does not hold the command {batch.start_command}.")
        payload: dict[str, Any] = {
            "version": batch.version,
            "reason": batch.reason,
            "batch_id": str(batch.id),
            **({"plan": batch.plan} if batch.plan is not None else {}),
        }
        told = {}
        for position, case_id in items:
            receipt = await submit_follow_up(
                tx,
                kind="case.migrate",
                actor=start.actor,
                payload=payload,
                cause=start.id,
                case_id=case_id,
                part=str(case_id),
            )
            told[position] = receipt.command_id
        await repository.store_told(tx.sql, batch.id, told)
        return True


async def _held(tx: Transaction, batch_id: UUID, allowed: tuple[str, ...], verb: str) -> BatchRow:
    """Hold a batch that is in one of the states in which this may be done to it."""
    batch = await repository.lock_batch(tx.sql, batch_id, wait=True)
    if batch is None:
        raise NotFound("migration.unknown", f"There is no migration {batch_id}.", where="payload.batch_id")
    if batch.state not in allowed:
        raise Conflict(
            "migration.state_wrong",
            f"The migration is {batch.state} and cannot be {verb}.",
            where=str(batch_id),
            hint=f"That is for one that is {' or '.join(allowed)}.",
        )
    return batch
