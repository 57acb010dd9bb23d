"""Whether a scope can never be done, told by its flows alone: some token always goes on.

Where tokens pile up there is no end to the markings, so that no search can show that none of them
is the end. The flows can: from some elements every way leads, whatever is chosen, to another of them.
"""

from __future__ import annotations

from bpmn.elements.ad_hoc_sub_process import AdHocConfig
from bpmn.elements.complex_gateway import ComplexGateway
from bpmn.model.definition import Element
from bpmn.soundness.scope import THROWING, Scope


def always_keeps_a_token(scope: Scope) -> bool:
    """Whether a scope that has begun always holds a token. False where the flows do not show it."""
    elements = scope.model.elements
    if isinstance(scope.element.config, AdHocConfig) or scope.element.event_starts:
        return False
    if any(elements[ref].tag in THROWING and elements[ref].events for ref in scope.reached):
        return False
    lasting = {ref for ref in scope.reached if elements[ref].outgoing and _passes_on(scope, elements[ref])}
    while True:
        kept = {ref for ref in lasting if _lasts(scope, elements[ref], lasting)}
        if kept == lasting:
            break
        lasting = kept
    begun = [place.ref for move in scope.beginnings() for place in move.marking]
    return bool(begun) and all(ref in lasting for ref in begun)


def _passes_on(scope: Scope, element: Element) -> bool:
    """Whether a token that comes here stays or goes on; errors that somebody outside catches take it away."""
    takes_away = isinstance(element.behaviour, ComplexGateway) and len(element.incoming) > 1
    return not takes_away and not (element.behaviour.activity and scope.around.errors)


def _lasts(scope: Scope, element: Element, lasting: set[str]) -> bool:
    """Whether every way on from an element leads at least one token to a lasting one."""
    boundaries = (scope.model.elements[ref] for ref in element.boundaries)
    return all(event.ref in lasting for event in boundaries if event.interrupting) and all(
        any(flow.target in lasting for flow in flows) for flows in scope.choices_of(element)
    )
