"""Which events catch what: the questions that the token game asks of event definitions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bpmn.elements.events.cancel import CancelEvent
from bpmn.elements.events.compensate import CompensateEvent
from bpmn.elements.events.conditional import ConditionalEvent
from bpmn.elements.events.error import ErrorConfig
from bpmn.elements.events.escalation import EscalationConfig
from bpmn.elements.events.signal import SignalEvent
from bpmn.elements.parallel_multiple import CatchConfig
from bpmn.model.definition import Element, EventDefinition, MultiInstance
from bpmn.soundness.outcomes import ANY


def error_code(definition: EventDefinition) -> str | None:
    """The code of the error that a definition catches or throws; `ANY` for all, or one not known yet."""
    if not isinstance(definition.config, ErrorConfig):
        return None
    code = definition.config.code
    return ANY if code is None or code.expression is not None else code.text


def escalation_code(definition: EventDefinition) -> str | None:
    """The code of the escalation that a definition catches or throws; `ANY` for all."""
    return (definition.config.code or ANY) if isinstance(definition.config, EscalationConfig) else None


def error_codes(event: Element) -> Iterator[str]:
    """The codes of the errors that an event catches or throws."""
    yield from filter(None, map(error_code, event.events))


def escalation_codes(event: Element) -> Iterator[str]:
    """The codes of the escalations that an event catches or throws."""
    yield from filter(None, map(escalation_code, event.events))


def error_catchers(events: Iterable[Element], code: str) -> list[Element]:
    """The events that can take an error: of a known code one, which names it or else catches all."""
    catching = [event for event in events if any(True for _ in error_codes(event))]
    if code == ANY:
        return catching
    return _first(catching, {event.ref: set(error_codes(event)) for event in catching}, code)


def escalation_catcher(events: Iterable[Element], code: str) -> Element | None:
    """The event that takes an escalation, if one does."""
    catching = list(events)
    found = _first(catching, {event.ref: set(escalation_codes(event)) for event in catching}, code)
    return found[0] if found else None


def _first(events: list[Element], codes: dict[str, set[str]], code: str) -> list[Element]:
    for wanted in (code, ANY):
        for event in events:
            if wanted in codes[event.ref]:
                return [event]
    return []


def catches_cancel(event: Element) -> bool:
    """Whether this is the cancel boundary event of a transaction."""
    return any(isinstance(definition.kind, CancelEvent) for definition in event.events)


def undoes(event: Element) -> bool:
    """Whether this event waits for compensation."""
    return any(isinstance(definition.kind, CompensateEvent) for definition in event.events)


def can_come(event: Element, *, instant: bool, scope: bool) -> bool:
    """Whether an event can come by itself while something runs that it watches.

    Errors, escalations, cancellation and compensation have to be thrown. While what takes no time runs,
    nothing comes from outside; in a scope that takes none, signals and conditions still may.
    """
    answers = (_can_come(definition, instant=instant, scope=scope) for definition in event.events)
    return all(answers) if takes_all(event) else any(answers)


def _can_come(definition: EventDefinition, *, instant: bool, scope: bool) -> bool:
    thrown = isinstance(definition.config, ErrorConfig | EscalationConfig) or isinstance(
        definition.kind, CancelEvent | CompensateEvent
    )
    if thrown:
        return False
    return not instant or (scope and isinstance(definition.kind, SignalEvent | ConditionalEvent))


def takes_all(event: Element) -> bool:
    """Whether an event happens only when all of its definitions have come."""
    return isinstance(event.config, CatchConfig) and event.config.every


def rounds_throw(element: Element) -> bool:
    """Whether the rounds of a multi-instance throw something when they are completed."""
    return isinstance(element.loop, MultiInstance) and bool(element.loop.events)
