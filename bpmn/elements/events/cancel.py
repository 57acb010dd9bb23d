"""Cancellation of a transaction: undo what it has done, then leave it by its cancel boundary event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lxml import etree

from bpmn.elements.compensation import drive, take_records
from bpmn.elements.events.compensate import check_alone
from bpmn.elements.events.kind import EventKind
from bpmn.kernel.burst import Burst
from bpmn.kernel.records import Token
from bpmn.kernel.scopes import NOTHING
from bpmn.model.definition import Element
from bpmn.model.nodes import boundary_events
from bpmn.model.source import local

if TYPE_CHECKING:
    from bpmn.model.reader import Reader


class CancelEvent(EventKind):
    """Thrown by an end event of a transaction, caught at the transaction's border."""

    tag = "cancelEventDefinition"
    positions = frozenset({"boundary", "end"})

    def read(self, node: etree._Element, event: etree._Element, position: str, reader: Reader) -> None:
        """Check that there is a transaction to cancel and a way on from there."""
        check_alone(event, reader)
        scope = event.getparent()
        transaction = reader.by_id.get(event.get("attachedToRef", "")) if position == "boundary" else scope
        if transaction is None or local(transaction) != "transaction":
            reader.refuse(
                "cancel.outside-transaction",
                event,
                "A cancel event belongs to a transaction: as an end event in it, or on its border.",
                "Use a transaction, or an error event.",
            )
            return
        if position == "boundary":
            if not reader.interrupting(event, position):
                reader.refuse(
                    "cancel.not-interrupting",
                    event,
                    "A cancel boundary event always interrupts.",
                    'Remove cancelActivity="false".',
                )
            return
        around = transaction.getparent()
        caught = any(
            each.get("attachedToRef") == transaction.get("id") and reader.has_event(each, self.tag)
            for each in (boundary_events(around) if around is not None else ())
        )
        if not caught:
            reader.refuse(
                "cancel.no-boundary",
                event,
                f"The transaction {transaction.get('id')} has no cancel boundary event to leave by.",
                "Attach one to it.",
            )
        loop = reader.loop_of(transaction)
        at_once = loop is not None and local(loop) == "multiInstanceLoopCharacteristics"
        if loop is not None and at_once and loop.get("isSequential", "false") not in ("true", "1"):
            reader.refuse(
                "cancel.in-loop",
                event,
                "Cancelling one of several rounds that run at once is not supported: "
                "what the others have begun could not be undone.",
                "Let the rounds run one by one, or put the transaction into a subprocess that loops.",
            )

    def throw(self, burst: Burst, token: Token, element: Element, config: Any) -> bool:
        """End everything else in the transaction, undo what it has completed, and leave.

        In a loop this round is undone first, then the rounds before it.
        """
        scope = burst.alive(token.scope)
        known = burst.terminate_children(scope, but=token.key)
        scope = burst.close_waits(
            burst.alive(scope.key), lambda wait: burst.element(wait.element).attached_to is None
        )
        token = burst.learn(token, known)
        burst.emit("transaction.cancelled", scope.element, {"token": scope.key})
        records = take_records(burst, scope, None)
        if "body" in scope.data:
            records = [*take_records(burst, burst.alive(scope.scope), None), *records]
        if not drive(burst, token, records):
            self.compensated(burst, burst.alive(token.key), element)
        return False

    def compensated(self, burst: Burst, token: Token, element: Element) -> None:
        """All is undone: go on at the cancel boundary event."""
        transaction = burst.alive(token.scope)
        if "body" in transaction.data:
            transaction = burst.alive(transaction.scope)
        boundary = next(
            event
            for event in map(burst.element, burst.element(transaction.element).boundaries)
            if any(isinstance(definition.kind, CancelEvent) for definition in event.events)
        )
        boundary.behaviour.triggered(burst, transaction, boundary, NOTHING, None)
