"""Cancellation of a transaction: undo what it has done, then leave it by its cancel boundary event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lxml import etree

from bpmn.elements.compensation import drive, take_everything
from bpmn.elements.events.compensate import check_alone
from bpmn.elements.events.kind import EventKind
from bpmn.kernel.burst import Burst
from bpmn.kernel.causality import merged
from bpmn.kernel.records import Token
from bpmn.kernel.scopes import NOTHING
from bpmn.model.definition import Element
from bpmn.model.nodes import boundary_events, by_event, for_compensation
from bpmn.model.source import BPMN, local

if TYPE_CHECKING:
    from bpmn.model.reader import Reader


class CancelEvent(EventKind):
    """Thrown by an end event of a transaction, caught at the transaction's border."""

    tag = "cancelEventDefinition"
    positions = frozenset({"boundary", "end"})

    def read(self, node: etree._Element, event: etree._Element, position: str, reader: Reader) -> None:
        """Check that there is a transaction to cancel and a way on from there."""
        check_alone(event, reader)
        attached = reader.by_id.get(event.get("attachedToRef", ""))
        transaction = attached if position == "boundary" else _around(event, reader)
        if transaction is None or local(transaction) != "transaction":
            reader.refuse(
                "cancel.outside-transaction",
                event,
                "A cancel event belongs to a transaction: as an end event within, or on its border.",
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

    def throw(self, burst: Burst, token: Token, element: Element, config: Any) -> bool:
        """End everything else in the transaction, undo what has been completed in it, and leave.

        In a loop this round is undone first, then the others that still run, then those before.
        """
        scope = burst.alive(token.scope)
        while burst.element(scope.element).tag != "transaction":
            scope = burst.alive(scope.scope)
        rounds = burst.alive(scope.scope) if "body" in scope.data else None
        others = take_everything(burst, rounds, but=scope.key) if rounds is not None else []
        records = [*others, *take_everything(burst, scope)]
        known = burst.terminate_children(scope, but=token.key)
        if rounds is not None:
            known = merged(known, burst.terminate_children(rounds, but=scope.key))
        scope = burst.close_waits(
            burst.alive(scope.key), lambda wait: burst.element(wait.element).attached_to is None
        )
        living = burst.token(token.key)
        if living is None:  # the event stood deeper within
            living = burst.create(token.element, scope.key, token.branch, token.seen, status="active")
        token = burst.learn(living, known)
        burst.emit("transaction.cancelled", scope.element, {"token": scope.key})
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


def _around(event: etree._Element, reader: Reader) -> etree._Element | None:
    """The nearest transaction around an event; what undoes an activity runs when that is completed."""
    scope = event.getparent()
    while scope is not None and local(scope) != "transaction":
        if for_compensation(scope) or _undoes(scope, reader):
            return None
        scope = scope.getparent()
    return scope


def _undoes(scope: etree._Element, reader: Reader) -> bool:
    starts = scope.iterchildren(f"{{{BPMN}}}startEvent") if by_event(scope) else ()
    return any(reader.has_event(start, "compensateEventDefinition") for start in starts)
