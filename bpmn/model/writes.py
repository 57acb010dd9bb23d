"""Which variables elements write, as far as the model says it; to warn of bodies that will conflict.

The kernel stops two parallel writes of one variable with an incident. Where the model shows that the
bodies of a parallel multi-instance write a variable that lives outside, the analyst should know
before the first case does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bpmn.elements.business_rule_task import DecisionConfig
from bpmn.elements.script_task import ScriptConfig
from bpmn.model.definition import Element, MultiInstance


def written_by(element: Element) -> set[str]:
    """The variables that an element is known to write: its outputs, else its result variable."""
    if element.outputs:
        return {mapping.target[0] for mapping in element.outputs}
    if isinstance(element.config, ScriptConfig | DecisionConfig) and element.config.result:
        return {element.config.result}
    return set()


def shared_in_parallel(elements: Mapping[str, Element]) -> Iterator[tuple[Element, Element, str]]:
    """Each (multi-instance, element in it, variable) whose parallel bodies write what lies outside."""
    for loop in elements.values():
        if not isinstance(loop.loop, MultiInstance) or loop.loop.sequential:
            continue
        inside = {loop.ref, *_within(elements, loop)}
        outside: set[str] = set()
        for element in elements.values():
            if element.process == loop.process and element.ref not in inside:
                outside |= written_by(element)
        own = {"loopCounter", loop.loop.item, *(mapping.target[0] for mapping in loop.inputs)}
        for ref in sorted(inside - {loop.ref}):
            for name in sorted((written_by(elements[ref]) & outside) - own):
                yield loop, elements[ref], name


def _within(elements: Mapping[str, Element], scope: Element) -> Iterator[str]:
    for ref in scope.children:
        yield ref
        yield from _within(elements, elements[ref])
