"""Where a token can go from an element: every choice that its conditions allow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import combinations

from bpmn.elements.exclusive_gateway import ExclusiveGateway
from bpmn.elements.parallel_gateway import ParallelGateway
from bpmn.errors import BpmnError
from bpmn.model.definition import Element, Flow, Formula
from bpmn.values import Value

MAX_CONDITIONS = 8
"""Flows of one element that may be true independently of one another; more are not tried out."""

_SOME_TIME = datetime(2000, 1, 1, tzinfo=UTC)


def answer(formula: Formula | None, known: Mapping[str, Value]) -> bool | None:
    """What a condition gives whatever the case: true, false, or None when that depends on the case.

    `known` are variables whose value is given. A condition that calls functions is not evaluated, for it
    may ask for the time, nor one that looks into lists, for a value in `known` may stand for any.
    """
    if formula is None:
        return True
    expression = formula.expression
    if expression is None or "(" in expression.text or " in " in expression.text:
        return None
    if not (expression.names | expression.possible_names) <= known.keys():
        return None
    try:
        value = formula.value(known, _SOME_TIME)
    except BpmnError:
        return None
    return value if value is True or value is False else None


def choices(element: Element, known: Mapping[str, Value]) -> Iterator[Sequence[Flow]]:
    """Each set of flows along which an element may send its token; none when it can send it nowhere."""
    if not element.outgoing:
        yield ()
    elif isinstance(element.behaviour, ParallelGateway):
        yield element.outgoing
    elif isinstance(element.behaviour, ExclusiveGateway):
        yield from _one(element, known)
    else:
        yield from _some(element, known)


def is_wide(element: Element) -> bool:
    """Whether an element has more independent conditions than are tried out."""
    conditions = sum(flow.condition is not None for flow in element.outgoing)
    single = isinstance(element.behaviour, ParallelGateway | ExclusiveGateway)
    return conditions > MAX_CONDITIONS and not single


def _one(element: Element, known: Mapping[str, Value]) -> Iterator[Sequence[Flow]]:
    for flow in element.outgoing:
        if flow is element.default:
            continue
        holds = answer(flow.condition, known)
        if holds is not False:
            yield (flow,)
        if holds is True:
            return
    if element.default is not None:
        yield (element.default,)


def _some(element: Element, known: Mapping[str, Value]) -> Iterator[Sequence[Flow]]:
    certain: list[Flow] = []
    possible: list[Flow] = []
    for flow in element.outgoing:
        if flow is element.default:
            continue
        holds = answer(flow.condition, known)
        if holds is True:
            certain.append(flow)
        elif holds is None:
            possible.append(flow)
    if certain:
        yield tuple(certain)
    elif element.default is not None:
        yield (element.default,)
    tried = possible[:MAX_CONDITIONS]
    for size in range(1, len(tried) + 1):
        for chosen in combinations(tried, size):
            yield (*certain, *chosen)
