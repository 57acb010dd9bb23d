"""Bringing messages and signals to the cases that wait for them, and to the processes that they start.

Everything happens in the caller's transaction: a case that waits gets its message or signal by a command of
its own (`message.deliver`, `signal.deliver`), a process by `case.start`, each accepted once.

A message has one receiver: the case that has waited longest; else the first process that starts by it and
that has no running case of the same key; else it is kept until a case waits or its time is over. Times are
real, not those of a case's clock: who sends a message knows no case.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from bpmn import CorrelateMessage, Event, State
from bpmn.values import from_json
from core import Conflict, NotFound, Transaction, derived_id
from workflows import payloads, repository
from workflows.actors import Actor
from workflows.burst import Burst
from workflows.clock import ClockPolicy
from workflows.commands import case_id_of, submit_follow_up, submit_to_each
from workflows.repository import CaseRow, CommandRow, Connection, MessageRow, StartRow

# A business key has 200 characters; the rest names what started the case.
_KEY_SHOWN = 120

# Who throws what a process throws.
_CASE = Actor.system("case")


@dataclass(frozen=True, slots=True)
class Deliveries:
    """How things are delivered on this worker.

    Attributes:
        new_case: how the clock of a case runs that an event has started.
        message_ttl: for how long a message is kept that names no case and no time to live.
    """

    new_case: ClockPolicy = field(default_factory=ClockPolicy)
    message_ttl: timedelta = timedelta(days=7)

    async def publish(self, tx: Transaction, message: MessageRow) -> Mapping[str, Any]:
        """Take a message for whoever waits for it; return what became of it, as `route` does."""
        expires_at = message.expires_at or message.received_at + self.message_ttl
        await repository.insert_message(tx.sql, replace(message, expires_at=expires_at))
        return await self.route(tx, message.id, message.received_at)

    async def route(self, tx: Transaction, message_id: UUID, at: datetime) -> Mapping[str, Any]:
        """Send a message to its receiver, or keep it.

        Returns:
            `message`: "sent" or "started", with the `case_id`; "kept"; or "expired".
        """
        message = await repository.read_message(tx.sql, message_id)
        if message is None:
            return {"message": "taken"}
        # Whoever begins to wait, and a case that makes place for the next, takes this lock before it looks.
        await repository.lock_message_name(tx.sql, message.name, message.key)
        case_id = await repository.case_waiting_for(tx.sql, message.name, message.key)
        if case_id is not None:
            await self._send(tx, message, case_id)
            return {"message": "sent", "case_id": str(case_id)}
        for start in await repository.starts_by(tx.sql, "message", message.name):
            case_id = await self._start_by_message(tx, message, start)
            if case_id is not None:
                await repository.delete_message(tx.sql, message.id)
                return {"message": "started", "case_id": str(case_id)}
        if message.expires_at is not None and message.expires_at <= at:
            await repository.delete_message(tx.sql, message.id)
            return {"message": "expired"}
        await repository.keep_message(tx.sql, message.id)
        return {"message": "kept"}

    async def broadcast(
        self,
        tx: Transaction,
        name: str,
        variables: Mapping[str, Any],
        *,
        actor: Actor,
        cause: UUID,
        part: str = "",
        besides: UUID | None = None,
    ) -> Mapping[str, Any]:
        """Bring a signal to every case that waits for it now, and start what it starts.

        Args:
            tx: the transaction in which the signal came.
            name: the signal's name.
            variables: what it carries, as JSON.
            actor: in whose name.
            cause: what it came from; with `part`, unique to this signal.
            part: see `cause`.
            besides: a case that has it already, because it threw it.

        Returns:
            `reached` and `started`: how many cases.
        """
        waiting = await repository.cases_waiting_for_signal(tx.sql, name, besides=besides)
        payload = {"name": name, "variables": variables}
        await submit_to_each(
            tx,
            kind="signal.deliver",
            actor=actor,
            payloads_of=dict.fromkeys(waiting, payload),
            cause=cause,
            part=part,
        )
        starts = await repository.starts_by(tx.sql, "signal", name)
        for start in starts:
            key = f"{name[:_KEY_SHOWN]}/{cause}{f'/{part}' if part else ''}"
            await self.start(tx, start, key, variables, actor=actor, cause=cause, part=part)
        return {"reached": len(waiting), "started": len(starts)}

    async def start(
        self,
        tx: Transaction,
        start: StartRow,
        business_key: str,
        variables: Mapping[str, Any],
        *,
        actor: Actor,
        cause: UUID,
        part: str = "",
    ) -> UUID:
        """Start a case of a process by one of its start events, and return the case's id."""
        case_id = case_id_of(start.definition_key, business_key)
        await submit_follow_up(
            tx,
            kind="case.start",
            actor=actor,
            payload={
                "product": start.definition_key,
                "business_key": business_key,
                "variables": variables,
                "clock": self.new_case.to_json(),
                "start_element": start.element,
            },
            cause=cause,
            case_id=case_id,
            part=f"{part}/{start.definition_key}/{start.element}",
        )
        return case_id

    async def take_sent(
        self, tx: Transaction, message_id: UUID, state: State, now: datetime
    ) -> CorrelateMessage:
        """Take a message that was sent to a case which still waits for it, at the business time `now`.

        Raises:
            NotFound: `message.gone`.
            Conflict: `message.not_awaited`, the case has stopped waiting; see `refused`.
        """
        message = await repository.read_message(tx.sql, message_id)
        if message is None:
            raise NotFound("message.gone", f"There is no message {message_id}.")
        # Another message that came meanwhile is kept; see `take_kept`.
        await repository.lock_message_name(tx.sql, message.name, message.key)
        if not awaited(state, message.name, message.key):
            raise Conflict(
                "message.not_awaited", f"The case waits no longer for {message.name} {message.key}."
            )
        await repository.delete_message(tx.sql, message.id)
        await self._tell_delivered(tx, message, message.case_id)
        return _correlation(message, now)

    async def take_kept(
        self, tx: Transaction, case: CaseRow, burst: Burst, at: datetime
    ) -> CorrelateMessage | None:
        """Take the oldest kept message for which a burst has left its case waiting, at the real time `at`."""
        waits = [(wait.message, wait.key) for wait in burst.state.messages]
        if not waits:
            return None
        before = {wait.id for wait in burst.before.messages}
        begun = {(wait.message, wait.key) for wait in burst.state.messages if wait.id not in before}
        for name, key in sorted(begun):
            # From here on, whoever publishes waits until this burst's subscriptions can be seen.
            await repository.lock_message_name(tx.sql, name, key)
        message = await repository.take_message(tx.sql, case.id, waits, at)
        if message is None:
            return None
        await self._tell_delivered(tx, message, case.id)
        return _correlation(message, burst.not_before(case.business_now))

    async def happened(
        self, tx: Transaction, case: CaseRow, burst: Burst, *, cause: UUID, at: datetime
    ) -> None:
        """Deliver what a burst has thrown, and let the next message start a case where this one is over.

        Args:
            tx: the burst's transaction; its subscriptions are written.
            case: the case as it is after the burst.
            burst: what was executed.
            cause: the burst's ledger entry, from which the commands that follow derive their keys.
            at: the real time.
        """
        for event in burst.events:
            if event.kind == "message.thrown":
                await self.publish(tx, _thrown(event, cause, at))
            elif event.kind == "signal.thrown":
                await self.broadcast(
                    tx,
                    event.data["name"],
                    event.data["variables"],
                    actor=_CASE,
                    cause=cause,
                    part=str(event.seq),
                    # The kernel has brought it to the case's own waits.
                    besides=case.id,
                )
        if case.ended_at is not None:
            await self._case_over(tx, case.id, at)

    async def refused(self, tx: Transaction, command: CommandRow, code: str, at: datetime) -> None:
        """Take back what was on its way with a command that its case has refused.

        A message goes on to the next receiver when its case waits no longer. When it was refused for another
        reason it would be so again: then its sender is told, and so it is with a start that was refused.
        """
        if command.kind == "case.start" and code != "case.exists" and command.case_id is not None:
            await self._case_over(tx, command.case_id, at)
        elif command.kind == "message.deliver":
            message_id = UUID(command.payload["message_id"])
            if code in ("message.not_awaited", "case.ended"):
                await self.tell(tx, message_id, await self.route(tx, message_id, at))
            else:
                await repository.delete_message(tx.sql, message_id)
                await self.tell(tx, message_id, {"message": "refused", "code": code})

    async def _case_over(self, tx: Transaction, case_id: UUID, at: datetime) -> None:
        """Let the next message start a case of its key: the one that a message had started is over."""
        started_by = await repository.release_message_start(tx.sql, case_id)
        if started_by is None:
            return
        await repository.lock_message_name(tx.sql, *started_by)
        waiting = await repository.next_kept_message(tx.sql, *started_by)
        if waiting is not None:
            await self.tell(tx, waiting, await self.route(tx, waiting, at))

    async def tell(self, tx: Transaction, message_id: UUID, news: Mapping[str, Any]) -> None:
        """Add to the outcome of the command that published a message what became of it later."""
        await repository.amend_result(tx.sql, message_id, news)

    async def _send(self, tx: Transaction, message: MessageRow, case_id: UUID) -> None:
        sending = await repository.send_message(tx.sql, message.id, case_id)
        await submit_follow_up(
            tx,
            kind="message.deliver",
            actor=Actor.from_label(message.actor, frozenset(), None),
            payload={"message_id": str(message.id)},
            cause=message.id,
            case_id=case_id,
            part=str(sending),
        )

    async def _start_by_message(self, tx: Transaction, message: MessageRow, start: StartRow) -> UUID | None:
        """Start a case, unless one runs that a message of this key has started. No key is no such tie."""
        business_key = f"{message.key[:_KEY_SHOWN] or message.name[:_KEY_SHOWN]}/{message.id}"
        case_id = case_id_of(start.definition_key, business_key)
        if message.key and not await repository.claim_message_start(
            tx.sql, start.definition_key, message.name, message.key, case_id
        ):
            return None
        return await self.start(
            tx,
            start,
            business_key,
            message.variables,
            actor=Actor.from_label(message.actor, frozenset(), None),
            cause=message.id,
        )

    async def _tell_delivered(self, tx: Transaction, message: MessageRow, case_id: UUID | None) -> None:
        await self.tell(tx, message.id, {"message": "delivered", "case_id": str(case_id)})


def awaited(state: State, name: str, key: str) -> bool:
    """Tell whether an instance waits for a message."""
    return any((wait.message, wait.key) == (name, key) for wait in state.messages)


def message_of(
    command: CommandRow, payload: payloads.CorrelateMessage, at: datetime, case_id: UUID | None = None
) -> MessageRow:
    """Return the message that a command brings at the real time `at`, for one case or for any."""
    return MessageRow(
        id=command.id,
        case_id=case_id,
        name=payload.name,
        key=payload.key,
        variables=payload.variables,
        actor=command.actor.label,
        received_at=at,
        expires_at=at + payload.ttl if payload.ttl is not None else None,
    )


async def take_once(sql: Connection, payload: payloads.CorrelateMessage, command_id: UUID) -> None:
    """Note the id that its sender gave a message.

    Raises:
        Conflict: `message.duplicate`, a message of this name, key and id was taken before.
    """
    if payload.message_id is None or await repository.claim_message_id(
        sql, payload.name, payload.key, payload.message_id, command_id
    ):
        return
    raise Conflict(
        "message.duplicate",
        f"The message {payload.message_id!r} has been taken already.",
        where="payload.message_id",
        hint="Nothing is to be done; a new message needs an id of its own.",
    )


def _correlation(message: MessageRow, at: datetime) -> CorrelateMessage:
    variables = {name: from_json(value) for name, value in message.variables.items()}
    return CorrelateMessage(at, message.name, message.key, variables)


def _thrown(event: Event, cause: UUID, at: datetime) -> MessageRow:
    return MessageRow(
        id=derived_id("thrown-message", cause, event.seq),
        case_id=None,
        name=str(event.data["name"]),
        key=event.data["key"],
        variables=event.data["variables"],
        actor=_CASE.label,
        received_at=at,
        expires_at=None,
    )
