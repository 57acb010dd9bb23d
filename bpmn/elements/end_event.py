"""End events: throw what they declare, then end their token."""

from __future__ import annotations

from bpmn.elements.behaviour import Behaviour
from bpmn.elements.compensation import go_on
from bpmn.kernel.burst import Burst
from bpmn.kernel.records import Token
from bpmn.model.definition import Element


class EndEvent(Behaviour):
    """Ends its token, unless what it throws has ended more than that."""

    tag = "endEvent"
    extensions = frozenset({"ioMapping"})

    def activate(self, burst: Burst, token: Token, element: Element) -> None:
        """Throw each event in turn, as long as the token lives."""
        throw_all(burst, token, element)

    def emptied(self, burst: Burst, token: Token, element: Element) -> None:
        """A compensation handler is done."""
        handler_done(burst, token, element)


def handler_done(burst: Burst, token: Token, element: Element) -> None:
    """Undo the next activity, or tell the event that all is undone."""
    if not go_on(burst, token):
        element.events[0].kind.compensated(burst, burst.alive(token.key), element)


def throw_all(burst: Burst, token: Token, element: Element) -> None:
    """Throw the element's events and complete it when all are done; an interrupt on the way ends it."""
    done = True
    for definition in element.events:
        done &= definition.kind.throw(burst, token, element, definition.config)
        living = burst.token(token.key)
        if living is None:
            return
        token = living
    if done:
        burst.complete(token.key)
