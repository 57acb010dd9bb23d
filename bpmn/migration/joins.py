"""Joins to which the new model leads more flows: a branch that was never begun is waited for in vain."""

from __future__ import annotations

from collections.abc import Collection

from bpmn.elements.events.link import LinkConfig
from bpmn.model.definition import Element, Flow, Model


def starving(model: Model, join: Element, new: Collection[str], standing: Collection[str]) -> list[Flow]:
    """The flows into a parallel join, among the `new` ones, along which no token can come.

    `standing` are the elements of the scope at which other tokens are.
    """
    return [flow for flow in join.incoming if flow.ref in new and not upstream(model, flow) & set(standing)]


def upstream(model: Model, flow: Flow) -> set[str]:
    """The elements from which a token can come along a flow without passing the element that it leads to.

    Besides flows, a token goes from an activity to the events on its border, and from a link to its catch.
    """
    around = model.elements[flow.target].parent
    throws: dict[str, list[str]] = {}
    for element in model.elements.values():
        for definition in element.events:
            if isinstance(definition.config, LinkConfig) and definition.config.target is not None:
                throws.setdefault(definition.config.target, []).append(element.ref)
    found: set[str] = set()
    pending = [flow.source]
    while pending:
        ref = pending.pop()
        if ref == flow.target or ref in found:
            continue
        element = model.elements[ref]
        if element.parent != around:
            continue
        found.add(ref)
        pending.extend(before.source for before in element.incoming)
        pending.extend(throws.get(ref, ()))
        if element.attached_to is not None:
            pending.append(element.attached_to)
    return found
