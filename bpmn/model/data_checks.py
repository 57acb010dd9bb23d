"""Rules about the data of one element that decide whether its mappings can be run."""

from __future__ import annotations

from collections.abc import Sequence

from bpmn.model.definition import IoMapping
from bpmn.model.element_data import SETS, ElementData
from bpmn.model.items import variable
from bpmn.model.nodes import position
from bpmn.model.source import BPMN, local

_CARRIERS = {
    "in": frozenset({"messageEventDefinition", "signalEventDefinition"}),
    "out": frozenset({"messageEventDefinition", "signalEventDefinition", "errorEventDefinition"}),
}
"""The events that take variables with them when thrown (in), and that bring some when caught (out)."""


def check_data(element: ElementData) -> None:
    """Refuse data without clear names, sets to choose from, and data at events that carry none."""
    _check_names(element)
    _check_sets(element)
    _check_carriers(element)


def check_order(element: ElementData, inputs: Sequence[IoMapping]) -> None:
    """An association does not read a name that an earlier one has taken for the element's own data."""
    taken: set[str] = set()
    for mapping in inputs:
        expression = mapping.source.expression
        read = expression.names | expression.possible_names if expression is not None else frozenset()
        for name in sorted(read & taken):
            element.refuse(
                "data.hidden",
                element.node,
                f"An association reads {name}, which an earlier one has set in {element.name}.",
                "Give the data input another name, or put its association last.",
            )
        taken.add(mapping.target[0])


def check_filled(element: ElementData, filled: set[str]) -> None:
    """Refuse a needed data input to which nothing leads: its activity would wait for ever."""
    if local(element.node) == "process":
        return
    for data in element.own:
        tag, name = local(data), variable(element.reader, data)
        if tag != "dataInput" or data in element.optional or data is element.loop_input or name in filled:
            continue
        element.refuse(
            "data.unfilled",
            data,
            f"No association leads to the data input {data.get('name') or data.get('id')}.",
            "Lead one to it, or name it in optionalInputRefs of its input set.",
        )


def _check_names(element: ElementData) -> None:
    """Names tell the data of an element apart; only what goes in and what comes out may share one."""
    kinds: dict[str, list[str]] = {}
    for data in (*element.own, *element.items):
        name = variable(element.reader, data)
        if not name:
            element.refuse(
                "data.no-name",
                data,
                f"Neither the name nor the id of the {local(data)} can be that of a variable.",
                "Give it a name of letters, digits and underscores.",
            )
        kinds.setdefault(name, []).append(local(data))
    for name, tags in kinds.items():
        alone = {"property", "dataObject"} & set(tags)
        if name and (len(tags) != len(set(tags)) or (alone and len(tags) > 1)):
            element.refuse(
                "data.same-name",
                element.node,
                f"{len(tags)} data elements of {element.name} have the name {name}.",
                "Use different names.",
            )


def _check_carriers(element: ElementData) -> None:
    """Refuse data at events that neither take nor bring any."""
    place = position(element.node)
    way = "in" if place in ("throw", "end") else "out"
    carried = [data for data in element.own if local(data) == ("dataInput" if way == "in" else "dataOutput")]
    if not place or not carried or any(element.given_by_start(data) for data in carried):
        return
    if not any(element.reader.has_event(element.node, tag) for tag in _CARRIERS[way]):
        element.refuse(
            "data.not-carried",
            element.node,
            f"This {local(element.node)} {'takes no data along' if way == 'in' else 'brings no data'}.",
            "Use a message or signal, or remove its data.",
        )


def _check_sets(element: ElementData) -> None:
    """Refuse several sets to choose from, and data that flows while an activity is at work."""
    for tag, short in SETS.items():
        sets = list(element.sets(tag))
        if len(sets) > 1:
            element.refuse(
                "data.several-sets",
                element.node,
                f"{element.name} has {len(sets)} {tag}s to choose from.",
                "Keep one; name in its optional references what may be missing.",
            )
        if any(each.find(f"{{{BPMN}}}whileExecuting{short}Refs") is not None for each in sets):
            element.refuse(
                "data.while-executing",
                element.node,
                f"The {tag} of {element.name} exchanges data while it is executing.",
                "Data goes in when an activity begins and out when it is done.",
            )
