"""Advance: everything that one command does to a case, in one transaction.

The case's row is locked; a command that was decided before gives its recorded outcome; the kernel steps to
the next wait, and the jobs it opens are performed as writes of the same transaction, each in a savepoint;
then state, read model, the command's outcome and one ledger entry for the whole burst are written, and all
of it commits or none. So doing it again, after a crash at any moment, can never diverge from what was
committed.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any
from uuid import UUID

import orjson

import finance
import ledger
from bpmn import (
    BpmnError,
    BroadcastSignal,
    Cancel,
    Command,
    CompleteJob,
    CompleteTask,
    CorrelateMessage,
    FailJob,
    FireTimers,
    Job,
    Model,
    Start,
    State,
    ThrowError,
    new_instance,
)
from bpmn.values import Value, from_json
from core import Broken, Conflict, Database, InvalidInput, NotFound, ScfError, Transaction
from proof.statement import SignedDecision
from workflows import (
    case_calls,
    case_migration,
    jobs,
    payloads,
    read_model,
    remote_jobs,
    repairs,
    repository,
    signed_decisions,
    task_payloads,
)
from workflows.burst import Burst
from workflows.carried_over import carry_over
from workflows.case_workflow import Waits
from workflows.commands import case_id_of, done, refused
from workflows.definitions import Definitions
from workflows.deliveries import Deliveries, awaited, message_of, take_once
from workflows.effects import BusinessError, Effects, JobContext
from workflows.escalation import escalate
from workflows.forms import read_answers
from workflows.quorum import held_back, next_look, refuse_remote
from workflows.repository import CaseRow, CommandRow
from workflows.standing import after_burst, business_time, stands_still
from workflows.tasks import COMPLETED_BY, ON_BEHALF_OF, require_permission
from workflows.transient import is_transient

_log = logging.getLogger(__name__)

# A longer burst commits here and goes on in a next one, so that a large batch neither holds its locks for
# long nor loses all of its work when the process dies. Each burst reads and writes the whole state, so that
# many small ones cost more: of 1,000 bodies, a tenth of a second each.
JOBS_PER_BURST = 1_000

# When what is due is tried again after the platform itself could not do it.
_PUT_OFF = timedelta(minutes=1)

_TIMERS = "timer.fire"
_CLOCK = "system:clock"
_RESULTS = "job.result"
_CALLS = "system:remote"


@dataclass(frozen=True, slots=True)
class _Plan:
    """What a command asks of the kernel, which task it completes, what was signed, and what else it tells."""

    command: Command
    completes: str | None = None
    signed: SignedDecision | None = None
    tells: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FailedCall:
    """A remote job whose activity has failed for good."""

    job_id: str
    reason: str


class _OnlyAsked(Exception):
    """Takes back what was done only to see whether it can be done."""


class Advancer:
    """Advances cases. One per process; holds the compiled models, the job types and the signing recorder."""

    def __init__(
        self,
        database: Database,
        recorder: ledger.Recorder,
        effects: Effects,
        definitions: Definitions,
        deliveries: Deliveries = Deliveries(),  # noqa: B008 - immutable
    ) -> None:
        self._database = database
        self._recorder = recorder
        self._effects = effects
        self._definitions = definitions
        self._deliveries = deliveries

    async def advance(
        self,
        case_id: UUID,
        command_id: UUID | None,
        at: datetime,
        running: tuple[str, ...] = (),
        failed: FailedCall | None = None,
    ) -> Waits:
        """Carry out a command, or what is due, and return what the case waits for.

        Args:
            case_id: the case.
            command_id: an accepted command for it, or None to fire due timers, take the results of remote
                jobs and go on with open ones.
            at: the real time; the case's clock turns it into business time.
            running: the remote jobs for which the case's workflow runs an activity.
            failed: one of them that has failed for good.

        Returns:
            Whether the case is over, or the real time at which it is due next; and its remote jobs.

        Raises:
            Broken: `case.lost`, `command.lost`.
            Exception: what `workflows.transient` knows as passing; nothing was committed then. What else goes
            wrong inside the platform refuses the command, or puts off for a minute what is due.
        """
        try:
            async with self._database.transaction() as tx:
                case = (
                    await self._carry_out(tx, case_id, command_id, at)
                    if command_id is not None
                    else await self._tick(tx, case_id, at, failed)
                )
                return await self._waits(tx, case, running)
        except Exception as error:
            if is_transient(error):
                raise
            if command_id is None:
                _log.exception("What is due in case %s could not be done", case_id)
                return await self._put_off(case_id, running, at)
            _log.exception("Command %s could not be carried out", command_id)
            return await self._give_up(case_id, command_id, error, running, at)

    async def _carry_out(
        self, tx: Transaction, case_id: UUID, command_id: UUID, at: datetime
    ) -> CaseRow | None:
        command, case = await _locked(tx, command_id, case_id)
        if command.state != "accepted":
            return case
        try:
            case, burst, plan = await self._prepare(tx, command, case, at)
        except ledger.Backlogged:
            raise
        except (ScfError, BpmnError) as refusal:
            await repository.decide_command(tx.sql, command.id, "refused", refused(refusal))
            await self._refused(tx, command, refusal, at)
            return case
        burst.finished = await self._perform_jobs(tx, case, burst, at)
        case = await self._store(
            tx, case, burst, at, kind=command.kind, actor=command.actor.label, command=command, plan=plan
        )
        case = await self._escalate(tx, case, burst, case.business_now)
        case = await _looks_again(tx, case, burst, at)
        result = {**_result(case, command, plan), **repairs.result(case.id, plan.command, burst)}
        await repository.decide_command(tx.sql, command.id, "done", done(result))
        return case

    async def _prepare(
        self, tx: Transaction, command: CommandRow, case: CaseRow | None, at: datetime
    ) -> tuple[CaseRow, Burst, _Plan]:
        """Check the command and let the kernel take it. Nothing is written before this has succeeded."""
        payload = payloads.parse(command.kind, command.payload)
        if isinstance(payload, payloads.StartCase):
            case, model = await self._new_case(tx, payload, command, case, at)
            burst = Burst(model, new_instance(model, str(case.id)))
            variables = {name: from_json(value) for name, value in payload.variables.items()}
            plan = _Plan(Start(case.business_now, variables, payload.start_element))
        else:
            case = _present(case, command.case_id)
            if case.ended_at is not None:
                raise Conflict("case.ended", f"The case {case.business_key} is {case.state}.")
            burst = await self._resumed(tx, case)
            now = burst.not_before(business_time(case, at))
            if isinstance(payload, payloads.MigrateCase):
                return await self._migrated(tx, payload, case, burst, now)
            plan = await self._plan(tx, payload, command, case, burst.state, now, at)
            if isinstance(payload, payloads.CorrelateMessage) and not awaited(
                burst.state, payload.name, payload.key
            ):
                # It came early, for example a payment before the due date.
                await take_once(tx.sql, payload, command.id)
                await repository.insert_message(tx.sql, message_of(command, payload, at, case.id))
                return case, burst, replace(plan, tells={"message": "kept"})
            if isinstance(plan.command, Cancel):
                await self._require_cancellable(tx, case, burst)
        burst.apply(plan.command)
        if isinstance(payload, payloads.ReturnCall):
            case_calls.require_caught(plan.command, burst)
        if isinstance(payload, payloads.CorrelateMessage):
            await take_once(tx.sql, payload, command.id)
        await signed_decisions.use_up(tx.sql, plan.signed)
        return case, burst, plan

    async def _migrated(
        self, tx: Transaction, payload: payloads.MigrateCase, case: CaseRow, burst: Burst, now: datetime
    ) -> tuple[CaseRow, Burst, _Plan]:
        """Let a case go over to another version: what follows, in this burst too, follows the new model."""
        to, move = await case_migration.plan(tx.sql, self._definitions, payload, case, burst.state, now)
        burst.migrate(move, to.model)
        await carry_over(tx.sql, case, burst)
        return replace(case, definition_id=to.id), burst, _Plan(move, tells={"version": to.version})

    async def _require_cancellable(self, tx: Transaction, case: CaseRow, burst: Burst) -> None:
        """Raise what keeps a case from being cancelled. What it holds is given back when it is: see there."""
        with contextlib.suppress(_OnlyAsked):
            async with tx.savepoint():
                await self._give_back(tx, case, burst)
                raise _OnlyAsked

    async def _give_back(self, tx: Transaction, case: CaseRow, burst: Burst) -> None:
        """Give back what a cancelled case holds: at once, or when all that it had done is undone.

        What belongs to the request is held by the case that called this one, if one did.
        """
        at = burst.not_before(case.business_now)
        if await repository.caller_of(tx.sql, case.id) is not None:
            case = replace(case, request_id=None)
        await self._effects.cancel(_context(tx, case, at, burst.state.variables))

    async def _resumed(self, tx: Transaction, case: CaseRow) -> Burst:
        """Take a case up where it stands, on the kernel that its state names."""
        model = await self._definitions.model(tx.sql, case.definition_id, case.kernel_version)
        return Burst(model, State.from_json(model, orjson.loads(case.state_json)))

    async def _new_case(
        self,
        tx: Transaction,
        payload: payloads.StartCase,
        command: CommandRow,
        existing: CaseRow | None,
        at: datetime,
    ) -> tuple[CaseRow, Model]:
        if existing is not None:
            raise Conflict(
                "case.exists",
                f"There is a case {payload.business_key!r} of {payload.product} already.",
                where="payload.business_key",
            )
        if payload.parent is not None and payload.parent.depth > case_calls.MAX_DEPTH:
            raise Conflict(
                "call.too_deep",
                f"More than {case_calls.MAX_DEPTH} cases have called each other in a row.",
                where="payload.parent",
                hint="Does a process call itself without end?",
            )
        definition_id, model = await self._definitions.to_start(
            tx.sql, payload.product, version=payload.version, tag=payload.tag
        )
        clock = payload.clock.begin(at)
        started_at = clock.at(at)
        case = CaseRow(
            id=case_id_of(payload.product, payload.business_key),
            definition_id=definition_id,
            product=payload.product,
            business_key=payload.business_key,
            state="running",
            state_json="",
            seq=0,
            step_seq=0,
            request_id=payload.request_id,
            seller_id=payload.seller_id,
            buyer_id=payload.buyer_id,
            requested_by=payload.parent.requested_by if payload.parent else command.actor.label,
            started_at=started_at,
            ended_at=None,
            clock=clock,
            pause_on=payload.clock.pause_on,
            business_now=started_at,
            due_at=None,
            incidents=0,
        )
        return case, model

    async def _plan(
        self,
        tx: Transaction,
        payload: payloads.Payload,
        command: CommandRow,
        case: CaseRow,
        state: State,
        now: datetime,
        at: datetime,
    ) -> _Plan:
        match payload:
            case task_payloads.CompleteTask():
                return await self._plan_completion(tx, payload, command, case, state, now, at)
            case payloads.CorrelateMessage(name=name, key=key, variables=message):
                variables = {each: from_json(value) for each, value in message.items()}
                return _Plan(CorrelateMessage(now, name, key, variables), tells={"message": "delivered"})
            case payloads.DeliverMessage(message_id=message_id):
                return _Plan(await self._deliveries.take_sent(tx, message_id, state, now))
            case payloads.ReturnCall():
                return _Plan(await case_calls.plan(tx.sql, payload, case, state, now))
            case payloads.DeliverSignal(name=name, variables=signal):
                return _Plan(BroadcastSignal(now, name, {n: from_json(v) for n, v in signal.items()}))
            case (
                payloads.RetryIncident()
                | payloads.SkipIncident()
                | payloads.ThrowAtIncident()
                | payloads.ModifyCase()
                | payloads.CancelCase()
            ):
                return _Plan(await repairs.plan(tx.sql, payload, now))
            case _:
                raise InvalidInput("command.kind_unknown", f"{command.kind} is no command of a case.")

    async def _plan_completion(
        self,
        tx: Transaction,
        payload: task_payloads.CompleteTask,
        command: CommandRow,
        case: CaseRow,
        state: State,
        now: datetime,
        at: datetime,
    ) -> _Plan:
        task = await repository.task(tx.sql, payload.task_id)
        if task is None or task.case_id != case.id:
            raise NotFound("task.unknown", f"There is no task {payload.task_id}.")
        await require_permission(tx.sql, case, task, command.actor)
        signed = await signed_decisions.check(
            tx.sql,
            command.actor,
            case,
            task,
            payload.variables,
            payload.signed,
            origin=self._recorder.origin,
            at=at,
        )
        form = await self._definitions.form_of(tx.sql, case, task)
        shown = next((open_.variables for open_ in state.tasks if open_.id == task.kernel_id), {})
        variables = read_answers(form, payload.variables, shown=shown, now=now)
        # Said by the platform, not by the form: who decided, and for whom. Output mappings alone hear it: two
        # tasks side by side that wrote it into the process would be a conflict that no analyst has drawn.
        if state.element(task.element).outputs:
            variables[COMPLETED_BY] = command.actor.name
            if task.delegators:
                variables[ON_BEHALF_OF] = task.delegators[0]
        return _Plan(CompleteTask(now, task.kernel_id, variables), completes=task.kernel_id, signed=signed)

    async def _tick(self, tx: Transaction, case_id: UUID, at: datetime, failed: FailedCall | None) -> CaseRow:
        """Go on with jobs that the last burst left, and let what has happened since happen to the case.

        Each timer fires at its own due time, and each remote job ends when its result came, in that order.
        """
        case = _present(await repository.lock_case(tx.sql, case_id), case_id)
        if case.ended_at is not None:
            return case
        if failed is not None:
            await remote_jobs.give_up(tx.sql, case.id, failed.job_id, failed.reason, at)
        results = await repository.remote_results(tx.sql, case.id) if self._effects.remote_types else []
        burst = await self._resumed(tx, case)
        now = business_time(case, at)
        burst.finished = await self._perform_jobs(tx, case, burst, at)
        for result in results:
            came = min(business_time(case, result.at), now)
            await self._fire_timers(tx, case, burst, came, at)
            if burst.finished and burst.state.job(result.job_id) is not None:
                burst.apply(remote_jobs.command(result, burst.not_before(came)))
                burst.finished = await self._perform_jobs(tx, case, burst, at)
        await self._fire_timers(tx, case, burst, now, at)
        if burst.moved:
            kind, actor = (_RESULTS, _CALLS) if results else (_TIMERS, _CLOCK)
            case = await self._store(tx, case, burst, at, kind=kind, actor=actor)
        case = await self._escalate(tx, case, burst, business_time(case, at))
        return await _looks_again(tx, case, burst, at)

    async def _escalate(self, tx: Transaction, case: CaseRow, burst: Burst, until: datetime) -> CaseRow:
        """Mark what is overdue once the case waits; what a cut burst has opened is marked by its next one."""
        if case.ended_at is not None or not burst.finished:
            return case
        return await escalate(tx, self._recorder, case, burst.model, burst.state, until)

    async def _fire_timers(
        self, tx: Transaction, case: CaseRow, burst: Burst, until: datetime, at: datetime
    ) -> None:
        while burst.finished and (due := burst.state.next_due) is not None and due <= until:
            if stands_still(case, burst.state) and due > burst.not_before(case.business_now):
                # The clock had stopped before: that the machine is late makes nobody late.
                return
            burst.apply(FireTimers(burst.not_before(due)))
            burst.finished = await self._perform_jobs(tx, case, burst, at)

    async def _perform_jobs(self, tx: Transaction, case: CaseRow, burst: Burst, at: datetime) -> bool:
        """Perform open jobs and deliver kept messages until the case waits; False when there is more."""
        held = await held_back(tx.sql, case, burst)
        while True:
            for job in burst.open_jobs(self._effects.remote_types, held):
                if burst.jobs_ended >= JOBS_PER_BURST:
                    return False
                await self._perform_with_its_like(tx, case, burst, job, held)
            refuse_remote(burst, self._effects.remote_types, case.business_now)
            kept = await self._deliveries.take_kept(tx, case, burst, at)
            if kept is None:
                return True
            burst.apply(kept)

    async def _perform_with_its_like(
        self, tx: Transaction, case: CaseRow, burst: Burst, job: Job, held: Callable[[Job], bool]
    ) -> None:
        """Perform an open job; where its type is done in bulk, with the others of it that are open."""

        def at() -> datetime:
            return burst.not_before(case.business_now)

        async def alone(one: Job) -> Command:
            return await self._perform(tx, case, one, at())

        def context(one: Job) -> JobContext:
            return _context(tx, case, at(), one.variables, one.headers)

        effect = self._effects.bulk_of(job.type)
        if effect is None:
            burst.apply(await alone(job))
        else:
            like = jobs.of_type(burst, job.type, JOBS_PER_BURST - burst.jobs_ended)
            free = [each for each in like if not held(each)]
            await jobs.perform_together(burst, free, effect, context, alone)

    async def _perform(self, tx: Transaction, case: CaseRow, job: Job, at: datetime) -> Command:
        """Perform one job in a savepoint and return what the kernel is to know of it."""
        context = _context(tx, case, at, job.variables, job.headers)
        try:
            effect = self._effects.of(job.type)
            async with tx.savepoint():
                return CompleteJob(at, job.id, await effect(context))
        except BusinessError as outcome:
            return ThrowError(at, job.id, outcome.code, outcome.message, outcome.variables)
        except ScfError as error:
            if is_transient(error):
                raise
            return FailJob(at, job.id, error.code, str(error))
        except Exception as error:
            if is_transient(error):
                raise
            _log.exception("The job %s of case %s failed", job.type, case.id)
            return FailJob(at, job.id, "job.failed", f"{type(error).__name__}: {error}")

    async def _store(
        self,
        tx: Transaction,
        case: CaseRow,
        burst: Burst,
        at: datetime,
        *,
        kind: str,
        actor: str,
        command: CommandRow | None = None,
        plan: _Plan | None = None,
    ) -> CaseRow:
        """Write what the burst changed: case, read model, ledger entry; what it held, if it is cancelled."""
        state = burst.state
        if state.status == "cancelled":
            await self._give_back(tx, case, burst)
        now = burst.not_before(case.business_now)
        after = after_burst(case, burst, at, now)
        active = read_model.active_elements(burst.model, state)
        store = repository.insert_case if case.seq == 0 else repository.update_case
        writes = repository.Writes()
        store(writes, after, root=state.root, active_elements=active)
        read_model.write(
            writes,
            case,
            burst,
            entry_id=_next_entry(case),
            actor=actor,
            now=now,
            completed=plan.completes if plan else None,
            completed_by=command.actor.name if command else actor,
        )
        await writes.send(tx.sql)
        await remote_jobs.follow(tx.sql, case.id, burst, self._effects, at)
        await self._deliveries.happened(tx, after, burst, cause=_next_entry(case), at=at)
        called = await case_calls.follow(tx, after, burst, cause=_next_entry(case), at=at)
        await case_calls.tell_caller(tx, after, burst, cause=_next_entry(case))
        await self._recorder.record(
            tx,
            ledger.EntryDraft(
                stream=str(case.id),
                seq=after.seq,
                kind=kind,
                occurred_at=now,
                actor=actor,
                statement={
                    **_statement(command, plan, burst, called),
                    **await finance.claims_statement(tx, _next_entry(case), self._recorder, now),
                }
                or None,
                model_hash=burst.model.hash,
                kernel_version=state.kernel,
                events=[event.to_json() for event in burst.events],
                state_root=state.root,
                payloads={
                    "commands": burst.log(),
                    **await finance.journal_payload(tx, _next_entry(case)),
                },
                party=case.party_id,
            ),
        )
        return after

    async def _refused(
        self, tx: Transaction, command: CommandRow, refusal: ScfError | BpmnError, at: datetime
    ) -> None:
        """Tell those who count on a command that it was refused."""
        await self._deliveries.refused(tx, command, refusal.code, at)
        await case_calls.refused(tx, command, refusal)

    async def _waits(self, tx: Transaction, case: CaseRow | None, running: tuple[str, ...]) -> Waits:
        """Return what the workflow is to wait for; a case that was refused at its start never was."""
        if case is None or case.ended_at is not None:
            return Waits(ended=True, over=running)
        begin, over = await remote_jobs.to_run(tx.sql, case.id, running, self._effects)
        return Waits(ended=False, due=case.due_at, begin=begin, over=over)

    async def _give_up(
        self, case_id: UUID, command_id: UUID, error: Exception, running: tuple[str, ...], at: datetime
    ) -> Waits:
        """Refuse a command that the platform itself cannot carry out: its case must not be held up."""
        failure = Broken(
            "command.failed",
            f"The platform could not carry out this command: {type(error).__name__}.",
            where=str(command_id),
            hint="The worker's log tells more. Nothing was changed; submit it again once that is mended.",
        )
        async with self._database.transaction() as tx:
            command, case = await _locked(tx, command_id, case_id)
            if command.state == "accepted":
                await repository.decide_command(tx.sql, command_id, "refused", refused(failure))
                await self._refused(tx, command, failure, at)
            return await self._waits(tx, case, running)

    async def _put_off(self, case_id: UUID, running: tuple[str, ...], at: datetime) -> Waits:
        """Let the case wait a while for what the platform itself could not do, so that commands reach it.

        No command is there to be refused; people can still repair the case, or cancel it.
        """
        async with self._database.transaction() as tx:
            case = _present(await repository.lock_case(tx.sql, case_id), case_id)
            waits = await self._waits(tx, case, running)
        return waits if waits.ended else replace(waits, due=at + _PUT_OFF)


async def _locked(tx: Transaction, command_id: UUID, case_id: UUID) -> tuple[CommandRow, CaseRow | None]:
    """Lock a command and its case."""
    command, case = await repository.lock_command_and_case(tx.sql, command_id, case_id)
    if command is None:
        raise Broken("command.lost", f"The inbox does not hold the command {command_id}.")
    if command.state != "accepted":
        # Whoever decided it may have done so, and changed the case, while this one waited.
        case = await repository.lock_case(tx.sql, case_id)
    return command, case


async def _looks_again(tx: Transaction, case: CaseRow, burst: Burst, at: datetime) -> CaseRow:
    """Let a case wake up by itself while a job waits for the log's witnesses."""
    look = next_look(case, burst, at)
    if look is not None:
        case = replace(case, due_at=look)
        await repository.postpone_wake(tx.sql, case)
    return case


def _next_entry(case: CaseRow) -> UUID:
    """Return the id of the entry that the running burst will have."""
    return ledger.entry_id(str(case.id), case.seq + 1)


def _context(
    tx: Transaction,
    case: CaseRow,
    at: datetime,
    variables: Mapping[str, Value],
    headers: Mapping[str, str] = MappingProxyType({}),
) -> JobContext:
    return JobContext(
        tx=tx,
        at=at,
        case_id=case.id,
        request_id=case.request_id,
        entry_id=_next_entry(case),
        variables=variables,
        headers=headers,
    )


def _present(case: CaseRow | None, case_id: UUID | None) -> CaseRow:
    if case is None:
        raise Broken("case.lost", f"There is no case {case_id}.")
    return case


def _result(case: CaseRow, command: CommandRow, plan: _Plan) -> Mapping[str, Any]:
    result: dict[str, Any] = {
        "case_id": str(case.id),
        "state": case.state,
        "entry_seq": case.seq,
        **plan.tells,
    }
    if "task_id" in command.payload:
        result["task_id"] = command.payload["task_id"]
    return result


def _statement(
    command: CommandRow | None, plan: _Plan | None, burst: Burst, called: Sequence[UUID]
) -> Mapping[str, Any]:
    """Return what the person declared, or what a repair did; and which cases call or are called."""
    declared: Mapping[str, Any] | None = command.payload.get("statement") if command else None
    said = declared or (repairs.statement(plan.command, burst) if plan else None) or {}
    signed = {"signed": plan.signed.as_json()} if plan and plan.signed else {}
    return {**said, **signed, **case_calls.statement(command, called)}
