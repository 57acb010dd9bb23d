"""Data as the standard draws it (BPMN 2.0.2, 10.4), put into the words of the kernel: variables and mappings.

- A data object or property is a variable of the element that holds it, null when that begins (a process
  takes the value that it is started or called with).
- A data input is a variable of its activity or throwing event; the data input associations set it before the
  element begins.
- A data output is what the work or the event gives under its name; the data output associations carry it
  out, and nothing else leaves.

Where the standard lets an activity wait until its data is there, a token stops with an incident
(`data.unavailable`): null is what is not there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from lxml import etree

from bpmn.errors import BpmnError
from bpmn.model.data_checks import check_data, check_filled, check_order
from bpmn.model.definition import Formula, IoMapping
from bpmn.model.element_data import ElementData, references, text_of
from bpmn.model.items import mapped, variable
from bpmn.model.nodes import SCOPES, position
from bpmn.model.reader import Reader
from bpmn.model.source import BPMN, local
from bpmn.values import Value

_ASSOCIATIONS = frozenset({"dataInputAssociation", "dataOutputAssociation"})
_ACTIVITY = _ASSOCIATIONS | {"property", "ioSpecification"}
_CATCH = frozenset({"property", "dataOutput", "dataOutputAssociation", "outputSet"})
_THROW = frozenset({"property", "dataInput", "dataInputAssociation", "inputSet"})


def data_parts(node: etree._Element, *, activity: bool) -> frozenset[str]:
    """The child elements about data that a process, activity or event may have."""
    if local(node) == "process":
        return frozenset({"property", "ioSpecification"})
    if local(node) in SCOPES:
        return _ASSOCIATIONS | {"property"}
    if activity:
        return _ACTIVITY
    place = position(node)
    if not place:
        return frozenset()
    return _THROW if place in ("throw", "end") else _CATCH


class Mappings(NamedTuple):
    """What goes into an element when it begins, and what leaves it at its end."""

    inputs: tuple[IoMapping, ...] = ()
    outputs: tuple[IoMapping, ...] = ()


@dataclass(frozen=True, slots=True)
class Copied(Formula):
    """What an association copies: the value of `expression`, if all of its sources are there.

    Where the target is `needed`, a source that is null raises `data.unavailable`; else the value is null.
    """

    association: str
    sources: tuple[str, ...]
    needed: bool

    def value(self, scope: Mapping[str, Value], now: datetime) -> Value:
        """The copied value. Raises FeelError, and BpmnError `data.unavailable`."""
        missing = [name for name in self.sources if scope.get(name) is None]
        if missing and self.needed:
            raise BpmnError(
                "data.unavailable",
                f"{', '.join(missing)} is null, but {self.association} needs it.",
                hint="Set it, or let the data be optional in its input or output set.",
            )
        return None if missing else Formula.value(self, scope, now)


def read_data(reader: Reader, node: etree._Element, *, activity: bool) -> Mappings:
    """The mappings that the data of a process, activity or event comes to; what cannot be run is refused."""
    parts = {local(child) for child in node.iterchildren(etree.Element)}
    if not parts & (data_parts(node, activity=activity) | {"dataObject"}) and reader.loop_of(node) is None:
        return Mappings()
    return _mappings(ElementData(reader, node))


class Ends(NamedTuple):
    """The variables that an association joins, and whether its sources must be there."""

    sources: tuple[str, ...]
    target: str
    needed: bool


def _mappings(element: ElementData) -> Mappings:
    """All that goes in and out; what cannot be run as it is drawn is refused."""
    check_data(element)
    into = [each for each in element.executed("dataInputAssociation") if _enters(element, each)]
    out = [each for each in element.executed("dataOutputAssociation") if _leaves(element, each)]
    if (into or out) and element.reader.extension(element.node, "ioMapping") is not None:
        element.refuse(
            "data.with-mapping",
            element.node,
            "It has both data associations and zeebe:ioMapping.",
            "Use one of them for all that goes in and out.",
        )
        return Mappings()
    inputs = [mapping for each in into for mapping in _association(element, each, _input_ends(element, each))]
    check_order(element, inputs)
    outputs = [
        mapping for each in out for mapping in _association(element, each, _output_ends(element, each))
    ]
    check_filled(element, {mapping.target[0] for mapping in inputs} | mapped(element.reader, element.node))
    return Mappings((*inputs, *_beginnings(element, inputs)), tuple(outputs))


def _beginnings(element: ElementData, inputs: list[IoMapping]) -> Iterator[IoMapping]:
    """The variables that no association sets: null, or in a process what it was started with."""
    names = {mapping.target[0] for mapping in inputs} | mapped(element.reader, element.node)
    names |= {variable(element.reader, each) for each in element.items if local(each) == "inputDataItem"}
    results = [each for each in element.items if local(each) == "outputDataItem"]
    for data in (*element.own, *results):
        name = variable(element.reader, data)
        if not name or name in names or data in (element.loop_input, element.loop_output):
            continue
        names.add(name)
        if local(element.node) == "process":
            needed = local(data) == "dataInput" and data not in element.optional
            yield IoMapping(_copied(element, f"={name}", data, Ends((name,), name, needed)), (name,))
        elif not element.given_by_start(data):
            yield IoMapping(element.reader.formula("=null", data, "data"), (name,))


def _enters(element: ElementData, association: etree._Element) -> bool:
    """Whether an association sets something in the element; that of the loop's collection does not."""
    target = element.reader.data(text_of(association, "targetRef"))
    return target is None or target is not element.loop_input or target not in element.own


def _leaves(element: ElementData, association: etree._Element) -> bool:
    source = element.reader.data(text_of(association, "sourceRef"))
    return source is None or source is not element.loop_output or source not in element.own


def _input_ends(element: ElementData, association: etree._Element) -> Ends | None:
    """Sources around the element (or the item of its loop), and a target in it."""
    sources = element.sources(association)
    target = element.reader.data(text_of(association, "targetRef"))
    if target is None or target not in element.own or local(target) == "dataOutput":
        element.refuse(
            "data.bad-target",
            association,
            f"{text_of(association, 'targetRef')} is no data input or property of {element.name}.",
        )
        return None
    if sources is None:
        return None
    return Ends(sources, variable(element.reader, target), target not in element.optional)


def _output_ends(element: ElementData, association: etree._Element) -> Ends | None:
    """Sources in the element, and a target around it (or the result of its round)."""
    sources = []
    for reference in references(association):
        source = element.reader.data(reference)
        if source is None or source not in element.own:
            element.refuse(
                "data.bad-source",
                association,
                f"{reference} is no data output or property of {element.name}.",
            )
            return None
        sources.append(source)
    names = tuple(variable(element.reader, source) for source in sources)
    needed = not any(source in element.optional for source in sources)
    target = element.reader.data(text_of(association, "targetRef"))
    if target is not None and target in element.items and local(target) == "outputDataItem":
        return Ends(names, variable(element.reader, target), needed)
    name = element.around(text_of(association, "targetRef"), association)
    if not name:
        return None
    if element.loop is not None:
        element.refuse(
            "data.output-in-loop",
            association,
            "A round of a loop gives nothing but its outputDataItem.",
            "Let it lead to the outputDataItem, or put the activity into a subprocess that loops.",
        )
        return None
    return Ends(names, name, needed)


def _association(element: ElementData, association: etree._Element, ends: Ends | None) -> Iterator[IoMapping]:
    """One mapping for the whole value, or one for each assignment, in their order."""
    if ends is None or not all((ends.target, *ends.sources)):
        return  # what is wrong has been refused where it stands
    assignments = list(association.iterchildren(f"{{{BPMN}}}assignment"))
    if not assignments or association.find(f"{{{BPMN}}}transformation") is not None:
        text = element.whole_value(association, ends.sources)
        if text:
            yield IoMapping(_copied(element, text, association, ends), (ends.target,))
    for assignment in assignments:
        given, to = assignment.find(f"{{{BPMN}}}from"), text_of(assignment, "to")
        path = tuple(to.split("."))
        if given is None or path[0] != ends.target or not all(part.isidentifier() for part in path):
            element.refuse(
                "data.bad-assignment",
                association,
                f"An assignment to {to!r} does not say what {ends.target} or a part of it is set to.",
                f"Give it a from and a to; the latter is {ends.target}, with dots for what is nested in it.",
            )
        elif element.is_feel(given, association):
            yield IoMapping(_copied(element, (given.text or "").strip(), association, ends), path)


def _copied(element: ElementData, text: str, at: etree._Element, ends: Ends) -> Formula:
    formula = element.reader.formula(text, at, "expression")
    return Copied(formula.text, formula.expression, at.get("id") or element.name, ends.sources, ends.needed)
