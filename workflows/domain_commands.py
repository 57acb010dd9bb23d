"""Commands that move no token of a case: each is carried out in one transaction, with its ledger entry."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import finance
import ledger
from bpmn.values import to_json
from core import Broken, Clock, Database, ScfError, Transaction, derived_id
from proof.canonical import encode
from workflows import (
    alert_payloads,
    bulk,
    definitions,
    deployments,
    key_payloads,
    payloads,
    repository,
    task_payloads,
    vault_payloads,
)
from workflows.actors import Actor
from workflows.clock import ClockPolicy
from workflows.commands import case_id_of, done, refused, submit_follow_up
from workflows.deliveries import Deliveries, message_of, take_once
from workflows.deployments import Deployments
from workflows.disclosures import DisclosureCommands
from workflows.erasure import ErasureCommands
from workflows.key_commands import KeyCommands
from workflows.migration_batches import MigrationCommands
from workflows.repository import CommandRow
from workflows.retry_many import retry_many
from workflows.task_commands import TaskCommands
from workflows.transient import is_transient

_log = logging.getLogger(__name__)

FACTORING = "factoring"

_EVERY_SIDE: frozenset[finance.Side] = frozenset({"seller", "buyer", "company", "other"})
# For which sides of a trade a role brings documents. Operations keeps what comes by post for both.
_SIDES: Mapping[str, frozenset[finance.Side]] = {
    "seller_maker": frozenset({"seller", "company"}),
    "seller_checker": frozenset({"seller", "company"}),
    "buyer_maker": frozenset({"buyer", "company"}),
    "buyer_checker": frozenset({"buyer", "company"}),
    "credit_analyst": frozenset({"company"}),
    "operations": _EVERY_SIDE,
}


@dataclass(frozen=True, slots=True)
class NewCaseClock:
    """How the clocks of new financing cases run on this worker. The default is real time.

    With `from_documents` a case starts on the day after the latest of its invoices was issued, so that old
    trade documents can be financed in a demonstration; `rate` and `pause_on` are those of `ClockPolicy`.
    """

    rate: Decimal = Decimal(1)
    pause_on: frozenset[str] = frozenset()
    from_documents: bool = False

    def policy(self, latest_issue: datetime | None) -> ClockPolicy:
        """Return the clock of a case over invoices of which the latest was issued then."""
        start = latest_issue + timedelta(days=1) if self.from_documents and latest_issue else None
        return ClockPolicy(start, self.rate, self.pause_on)

    def time_of_statement(self, value_date: date, now: datetime) -> datetime:
        """Return when a line of the bank statement is booked: now, or on its value date in simulated time."""
        return _noon(value_date) if self.from_documents else now


class DomainCommands:
    """Carries out commands that need no workflow."""

    def __init__(
        self,
        database: Database,
        recorder: ledger.Recorder,
        clock: Clock,
        *,
        job_types: frozenset[str],
        case_clock: NewCaseClock,
        deliveries: Deliveries = Deliveries(),  # noqa: B008 - immutable
    ) -> None:
        self._database = database
        self._recorder = recorder
        self._clock = clock
        self._deployments = Deployments(recorder, job_types)
        self._case_clock = case_clock
        self._deliveries = deliveries
        self._migrations = MigrationCommands(recorder)
        self._erasures = ErasureCommands(recorder)
        self._keys = KeyCommands(recorder, clock)
        self._disclosures = DisclosureCommands(database, recorder)
        self._tasks = TaskCommands(recorder, clock, definitions.Definitions())

    async def perform(self, command_id: UUID) -> None:
        """Carry out a command and record its outcome; a second time does nothing.

        Raises:
            Exception: what `workflows.transient` knows as passing; nothing was committed then.
        """
        async with self._database.transaction() as tx:
            command = await repository.lock_command(tx.sql, command_id)
            if command is None or command.state != "accepted":
                return
            try:
                async with tx.savepoint():
                    result = await self._carry_out(tx, command)
            except ledger.Backlogged:
                raise
            except ScfError as refusal:
                await repository.decide_command(tx.sql, command_id, "refused", refused(refusal))
            except Exception as error:
                if is_transient(error):
                    raise
                _log.exception("Command %s could not be carried out", command_id)
                await repository.decide_command(tx.sql, command_id, "refused", refused(_failure(error)))
            else:
                await repository.decide_command(tx.sql, command_id, "done", done(result))

    async def _carry_out(self, tx: Transaction, command: CommandRow) -> Mapping[str, Any]:
        payload = payloads.parse(command.kind, command.payload)
        match payload:
            case payloads.ImportDocument():
                return await self._import_document(tx, command, payload)
            case payloads.SubmitRequest():
                return await self._submit_request(tx, command, payload)
            case payloads.RecordPayment():
                return await self._record_payment(tx, command, payload)
            case payloads.RetryIncidents():
                result = await retry_many(tx, command, payload)
                await self._record(tx, command, self._clock.now(), command.payload)
                return result
            case task_payloads.ClaimTasks() | task_payloads.CompleteTasks():
                return await self._accept_each(tx, command, payload)
            case task_payloads.OfTask() if not isinstance(payload, task_payloads.CompleteTask):
                return await self._tasks.carry_out(tx, command, payload)
            case key_payloads.RegisterKey() | key_payloads.EndorseKey() | key_payloads.RevokeKey():
                return await self._keys.carry_out(tx, command, payload)
            case _ if command.kind in deployments.KINDS:
                return await self._deployments.carry_out(tx, command, payload, self._clock.now())
            case (
                payloads.PlanMigration()
                | payloads.StartMigration()
                | payloads.PauseMigration()
                | payloads.ResumeMigration()
                | payloads.CancelMigration()
            ):
                return await self._migrations.carry_out(tx, command, payload, self._clock.now())
            case (
                vault_payloads.RequestErasure()
                | vault_payloads.ApproveErasure()
                | vault_payloads.RejectErasure()
            ):
                return await self._erasures.carry_out(tx, command, payload, self._clock.now())
            case vault_payloads.DiscloseEntry():
                return await self._disclosures.carry_out(tx, command, payload, self._clock.now())
            case payloads.CorrelateMessage():
                return await self._publish_message(tx, command, payload)
            case alert_payloads.JudgeAlert():
                return await self._judge_alert(tx, command, payload)
            case payloads.BroadcastSignal():
                return await self._broadcast_signal(tx, command, payload)
            case _:
                raise Broken("command.misdirected", f"{command.kind} needs the case's workflow.")

    async def _import_document(
        self, tx: Transaction, command: CommandRow, payload: payloads.ImportDocument
    ) -> Mapping[str, Any]:
        at = self._clock.now()
        imported = await finance.import_document(
            tx,
            payload.content,
            filename=payload.filename,
            imported_by=command.actor.name,
            at=at,
            entry_id=ledger.entry_id(_stream(command), 1),
            sender=_sender(command.actor),
        )
        digest = hashlib.sha256(payload.content).hexdigest()
        await self._record(
            tx,
            command,
            at,
            {"filename": payload.filename, "sha256": digest},
            party=imported.seller_id,
        )
        return {
            "document_id": str(imported.document_id),
            "kind": imported.kind,
            "state": imported.state,
            "refers_to": str(imported.refers_to) if imported.refers_to else None,
            "findings": [finding.as_json() for finding in imported.findings],
            "summary": dict(imported.summary),
        }

    async def _submit_request(
        self, tx: Transaction, command: CommandRow, payload: payloads.SubmitRequest
    ) -> Mapping[str, Any]:
        """Take the seller's offer, and start its case."""
        request_id = derived_id("request", command.id)
        at = self._clock.now()
        request = await finance.submit_request(
            tx,
            request_id=request_id,
            invoice_ids=payload.invoice_ids,
            requested_by=command.actor.name,
            at=at,
            entry_id=ledger.entry_id(_stream(command), 1),
            seller_id=command.actor.party_id,
        )
        await self._record(tx, command, at, command.payload)
        business_key = str(request_id)
        case_id = case_id_of(FACTORING, business_key)
        await finance.link_case(tx, request_id, case_id)
        latest_issue = await finance.latest_issue_date(tx, payload.invoice_ids)
        await submit_follow_up(
            tx,
            kind="case.start",
            actor=command.actor,
            cause=command.id,
            case_id=case_id,
            payload={
                "product": FACTORING,
                "business_key": business_key,
                "request_id": str(request_id),
                "seller_id": str(request.seller_id),
                "buyer_id": str(request.buyer_id),
                "variables": {
                    "requestId": str(request_id),
                    "sellerId": str(request.seller_id),
                    "buyerId": str(request.buyer_id),
                    "invoiceIds": [str(invoice_id) for invoice_id in payload.invoice_ids],
                    "currency": request.currency,
                    "face": to_json(request.face.amount),
                },
                "clock": self._case_clock.policy(latest_issue).to_json(),
            },
        )
        return {"request_id": str(request_id), "case_id": str(case_id)}

    async def _record_payment(
        self, tx: Transaction, command: CommandRow, payload: payloads.RecordPayment
    ) -> Mapping[str, Any]:
        """Book a line of the bank statement, and tell the case that waits for it."""
        at = self._case_clock.time_of_statement(payload.value_date, self._clock.now())
        entry = await finance.record_bank_entry(
            tx,
            reference=payload.reference,
            amount=payload.amount,
            value_date=payload.value_date,
            payer=payload.payer,
            direction=payload.direction,
            bank_ref=payload.bank_ref,
            at=at,
            entry_id=ledger.entry_id(_stream(command), 1),
        )
        await self._record(tx, command, at, command.payload)
        result: dict[str, Any] = {"bank_entry_id": str(entry.id), "matched": None, "case_id": None}
        awaited = await repository.awaited_payment(tx.sql, entry.matched.id) if entry.matched else None
        if awaited is None:
            return result
        message, key, case_id = awaited
        await submit_follow_up(
            tx,
            kind="message.correlate",
            actor=command.actor,
            cause=command.id,
            case_id=case_id,
            payload={
                "name": message,
                "key": key,
                "variables": {
                    "bankEntryId": str(entry.id),
                    "paidAmount": to_json(payload.amount.amount),
                    "valueDate": payload.value_date.isoformat(),
                },
            },
        )
        return {**result, "matched": key, "case_id": str(case_id)}

    async def _judge_alert(
        self, tx: Transaction, command: CommandRow, payload: alert_payloads.JudgeAlert
    ) -> Mapping[str, Any]:
        at = self._clock.now()
        alert = await finance.judge_alert(
            tx,
            payload.alert_id,
            verdict=payload.verdict,
            note=payload.note,
            by=command.actor.name,
            at=at,
            entry_id=ledger.entry_id(_stream(command), 1),
        )
        await self._record(tx, command, at, command.payload, party=alert.subject)
        return {"alert_id": str(alert.id)}

    async def _accept_each(
        self,
        tx: Transaction,
        command: CommandRow,
        payload: task_payloads.ClaimTasks | task_payloads.CompleteTasks,
    ) -> Mapping[str, Any]:
        accepted = await bulk.accept_each(tx, command, payload)
        await self._record(tx, command, self._clock.now(), command.payload)
        return accepted

    async def _publish_message(
        self, tx: Transaction, command: CommandRow, payload: payloads.CorrelateMessage
    ) -> Mapping[str, Any]:
        at = self._clock.now()
        await take_once(tx.sql, payload, command.id)
        told = await self._deliveries.publish(tx, message_of(command, payload, at))
        await self._record(tx, command, at, command.payload)
        return told

    async def _broadcast_signal(
        self, tx: Transaction, command: CommandRow, payload: payloads.BroadcastSignal
    ) -> Mapping[str, Any]:
        reached = await self._deliveries.broadcast(
            tx, payload.name, payload.variables, actor=command.actor, cause=command.id
        )
        await self._record(tx, command, self._clock.now(), command.payload)
        return reached

    async def _record(
        self,
        tx: Transaction,
        command: CommandRow,
        at: datetime,
        payload: Mapping[str, Any],
        *,
        party: UUID | None = None,
    ) -> None:
        await self._recorder.record(
            tx,
            ledger.EntryDraft(
                stream=_stream(command),
                seq=1,
                kind=command.kind,
                occurred_at=at,
                actor=command.actor.label,
                payloads={
                    "request": encode(payload),
                    **await finance.journal_payload(tx, ledger.entry_id(_stream(command), 1)),
                },
                party=command.actor.party_id or party,
            ),
        )


def _sender(actor: Actor) -> finance.Sender:
    sides: set[finance.Side] = set(_EVERY_SIDE if actor.is_system else ())
    for role in actor.roles:
        sides |= _SIDES.get(role, frozenset())
    return finance.Sender(frozenset(sides), actor.party_id)


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(12, tzinfo=UTC))


def _stream(command: CommandRow) -> str:
    return f"command:{command.id}"


def _failure(error: Exception) -> Broken:
    return Broken(
        "command.failed",
        f"The platform could not carry out this command: {type(error).__name__}.",
        hint="The worker's log tells more. Nothing was changed; submit it again once that is mended.",
    )
