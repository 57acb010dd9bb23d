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
from functools import cached_property
from typing import NamedTuple

from lxml import etree

from bpmn.errors import BpmnError
from bpmn.model.definition import Formula, IoMapping
from bpmn.model.items import STORES, held, hiding, holder_of, is_data, loop_items, mapped, variable
from bpmn.model.nodes import SCOPES, only_drawn, position
from bpmn.model.reader import Reader
from bpmn.model.source import BPMN, FEEL, local
from bpmn.values import Value

_ASSOCIATIONS = frozenset({"dataInputAssociation", "dataOutputAssociation"})
_ACTIVITY = _ASSOCIATIONS | {"property", "ioSpecification"}
_CATCH = frozenset({"property", "dataOutput", "dataOutputAssociation", "outputSet"})
_THROW = frozenset({"property", "dataInput", "dataInputAssociation", "inputSet"})
_SETS = {"inputSet": "Input", "outputSet": "Output"}
_CARRIERS = {
    "in": frozenset({"messageEventDefinition", "signalEventDefinition"}),
    "out": frozenset({"messageEventDefinition", "signalEventDefinition", "errorEventDefinition"}),
}
"""The events that take variables with them when thrown (in), and that bring some when caught (out)."""


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
    return ElementData(reader, node).mappings()


class Ends(NamedTuple):
    """The variables that an association joins, and whether its sources must be there."""

    sources: tuple[str, ...]
    target: str
    needed: bool


class ElementData:
    """The data of one element while it is read."""

    def __init__(self, reader: Reader, node: etree._Element) -> None:
        self.reader = reader
        self.node = node
        self.own = list(held(reader, node))
        self.items = list(loop_items(reader, node))
        self.loop = reader.loop_of(node)
        self.loop_input = self._looped("loopDataInputRef")
        self.loop_output = self._looped("loopDataOutputRef")

    def mappings(self) -> Mappings:
        """All that goes in and out; what cannot be run as it is drawn is refused."""
        self._check_names()
        self._check_sets()
        self._check_carriers()
        into = [each for each in self.executed("dataInputAssociation") if self._enters(each)]
        out = [each for each in self.executed("dataOutputAssociation") if self._leaves(each)]
        if (into or out) and self.reader.extension(self.node, "ioMapping") is not None:
            self.refuse(
                "data.with-mapping",
                self.node,
                "It has both data associations and zeebe:ioMapping.",
                "Use one of them for all that goes in and out.",
            )
            return Mappings()
        inputs = [mapping for each in into for mapping in self._association(each, self._input_ends(each))]
        self._check_order(inputs)
        outputs = [mapping for each in out for mapping in self._association(each, self._output_ends(each))]
        self._check_filled({mapping.target[0] for mapping in inputs} | mapped(self.reader, self.node))
        return Mappings((*inputs, *self._beginnings(inputs)), tuple(outputs))

    # What is there when the element begins

    def _beginnings(self, inputs: list[IoMapping]) -> Iterator[IoMapping]:
        """The variables that no association sets: null, or in a process what it was started with."""
        names = {mapping.target[0] for mapping in inputs} | mapped(self.reader, self.node)
        names |= {variable(self.reader, each) for each in self.items if local(each) == "inputDataItem"}
        results = [each for each in self.items if local(each) == "outputDataItem"]
        for data in (*self.own, *results):
            name = variable(self.reader, data)
            if not name or name in names or data in (self.loop_input, self.loop_output):
                continue
            names.add(name)
            if local(self.node) == "process":
                needed = local(data) == "dataInput" and data not in self.optional
                yield IoMapping(self._copied(f"={name}", data, Ends((name,), name, needed)), (name,))
            elif not self._given_by_start(data):
                yield IoMapping(self.reader.formula("=null", data, "data"), (name,))

    def _given_by_start(self, data: etree._Element) -> bool:
        """Whether a data output is that of a process's start: it is what the process was started with."""
        scope = self.node.getparent()
        return (
            local(data) == "dataOutput"
            and position(self.node) == "start"
            and scope is not None
            and local(scope) == "process"
        )

    # Associations

    def executed(self, tag: str) -> list[etree._Element]:
        """The associations of the element that copy something."""
        return [each for each in self.node.iterchildren(f"{{{BPMN}}}{tag}") if not only_drawn(each)]

    def _enters(self, association: etree._Element) -> bool:
        """Whether an association sets something in the element; that of the loop's collection does not."""
        target = self.reader.data(text_of(association, "targetRef"))
        return target is None or target is not self.loop_input or target not in self.own

    def _leaves(self, association: etree._Element) -> bool:
        source = self.reader.data(text_of(association, "sourceRef"))
        return source is None or source is not self.loop_output or source not in self.own

    def _input_ends(self, association: etree._Element) -> Ends | None:
        """Sources around the element (or the item of its loop), and a target in it."""
        sources = self.sources(association)
        target = self.reader.data(text_of(association, "targetRef"))
        if target is None or target not in self.own or local(target) == "dataOutput":
            self.refuse(
                "data.bad-target",
                association,
                f"{text_of(association, 'targetRef')} is no data input or property of {self.name}.",
            )
            return None
        if sources is None:
            return None
        return Ends(sources, variable(self.reader, target), target not in self.optional)

    def _output_ends(self, association: etree._Element) -> Ends | None:
        """Sources in the element, and a target around it (or the result of its round)."""
        sources = []
        for reference in _references(association):
            source = self.reader.data(reference)
            if source is None or source not in self.own:
                self.refuse(
                    "data.bad-source",
                    association,
                    f"{reference} is no data output or property of {self.name}.",
                )
                return None
            sources.append(source)
        names = tuple(variable(self.reader, source) for source in sources)
        needed = not any(source in self.optional for source in sources)
        target = self.reader.data(text_of(association, "targetRef"))
        if target is not None and target in self.items and local(target) == "outputDataItem":
            return Ends(names, variable(self.reader, target), needed)
        name = self.around(text_of(association, "targetRef"), association)
        if not name:
            return None
        if self.loop is not None:
            self.refuse(
                "data.output-in-loop",
                association,
                "A round of a loop gives nothing but its outputDataItem.",
                "Let it lead to the outputDataItem, or put the activity into a subprocess that loops.",
            )
            return None
        return Ends(names, name, needed)

    def sources(self, association: etree._Element) -> tuple[str, ...] | None:
        """The variables around the element that an association reads; None if it cannot read one of them."""
        names = []
        for reference in _references(association):
            source = self.reader.data(reference)
            if source is not None and source in self.items and local(source) == "inputDataItem":
                name = variable(self.reader, source)
            else:
                name = self.around(reference, association)
            if not name:
                return None
            names.append(name)
        return tuple(names)

    def around(self, reference: str, at: etree._Element) -> str:
        """The variable of data around the element; empty, and refused, where none can be read and written."""
        data = self.reader.data(reference)
        if data is not None and local(data) in STORES:
            self.refuse(
                "data.store",
                at,
                f"{data.get('name') or data.get('id')} is a data store, which lies outside the process.",
                "Read and write it by a service task.",
            )
            return ""
        if data is None or not is_data(data) or holder_of(data) not in self.node.iterancestors():
            self.refuse("data.out-of-sight", at, f"{reference} is no data around {self.name}.")
            return ""
        hider = hiding(self.reader, self.node, data)
        if hider is not None:
            self.refuse(
                "data.hidden",
                at,
                f"In {hider.get('id')} another variable has the name {variable(self.reader, data)}.",
                "Use different names.",
            )
            return ""
        return variable(self.reader, data)

    def _association(self, association: etree._Element, ends: Ends | None) -> Iterator[IoMapping]:
        """One mapping for the whole value, or one for each assignment, in their order."""
        if ends is None or not all((ends.target, *ends.sources)):
            return  # what is wrong has been refused where it stands
        transformation = association.find(f"{{{BPMN}}}transformation")
        assignments = list(association.iterchildren(f"{{{BPMN}}}assignment"))
        if transformation is not None and self._is_feel(transformation, association):
            text = (transformation.text or "").strip()
            yield IoMapping(self._copied(text, association, ends), (ends.target,))
        elif transformation is None and not assignments:
            if len(ends.sources) == 1:
                yield IoMapping(self._copied(f"={ends.sources[0]}", association, ends), (ends.target,))
            else:
                self.refuse(
                    "data.several-sources",
                    association,
                    f"It has {len(ends.sources)} sources and does not say what becomes of them.",
                    "Add a transformation.",
                )
        for assignment in assignments:
            given, to = assignment.find(f"{{{BPMN}}}from"), text_of(assignment, "to")
            path = tuple(to.split("."))
            if path[0] != ends.target or not all(part.isidentifier() for part in path):
                self.refuse(
                    "data.bad-assignment",
                    association,
                    f"The assignment leads to {to!r}, which is not {ends.target} or a part of it.",
                    f"Write {ends.target}, with dots for what is nested in it.",
                )
            elif given is not None and self._is_feel(given, association):
                yield IoMapping(self._copied((given.text or "").strip(), association, ends), path)

    def _copied(self, text: str, at: etree._Element, ends: Ends) -> Formula:
        formula = self.reader.formula(text, at, "expression")
        return Copied(formula.text, formula.expression, at.get("id") or self.name, ends.sources, ends.needed)

    def _is_feel(self, expression: etree._Element, at: etree._Element) -> bool:
        text, language = (expression.text or "").strip(), expression.get("language", "")
        if language in FEEL and text.startswith("="):
            return True
        self.refuse(
            "data.expression-no-feel",
            at,
            f"The {local(expression)} {text!r} is no FEEL expression.",
            "Begin it with = and write it in FEEL.",
        )
        return False

    # Checks

    def _check_names(self) -> None:
        """Names tell the data of an element apart; only what goes in and what comes out may share one."""
        kinds: dict[str, list[str]] = {}
        for data in (*self.own, *self.items):
            name = variable(self.reader, data)
            if not name:
                self.refuse(
                    "data.no-name",
                    data,
                    f"Neither the name nor the id of the {local(data)} can be that of a variable.",
                    "Give it a name of letters, digits and underscores.",
                )
            kinds.setdefault(name, []).append(local(data))
        for name, tags in kinds.items():
            alone = {"property", "dataObject"} & set(tags)
            if name and (len(tags) != len(set(tags)) or (alone and len(tags) > 1)):
                self.refuse(
                    "data.same-name",
                    self.node,
                    f"{len(tags)} data elements of {self.name} have the name {name}.",
                    "Use different names.",
                )

    def _check_order(self, inputs: list[IoMapping]) -> None:
        """An association does not read a name that an earlier one has taken for the element's own data."""
        taken: set[str] = set()
        for mapping in inputs:
            expression = mapping.source.expression
            read = expression.names | expression.possible_names if expression is not None else frozenset()
            for name in sorted(read & taken):
                self.refuse(
                    "data.hidden",
                    self.node,
                    f"An association reads {name}, which an earlier one has set in {self.name}.",
                    "Give the data input another name, or put its association last.",
                )
            taken.add(mapping.target[0])

    def _check_filled(self, filled: set[str]) -> None:
        """Refuse a needed data input to which nothing leads: its activity would wait for ever."""
        if local(self.node) == "process":
            return
        for data in self.own:
            tag, name = local(data), variable(self.reader, data)
            if tag != "dataInput" or data in self.optional or data is self.loop_input or name in filled:
                continue
            self.refuse(
                "data.unfilled",
                data,
                f"No association leads to the data input {data.get('name') or data.get('id')}.",
                "Lead one to it, or name it in optionalInputRefs of its input set.",
            )

    def _check_carriers(self) -> None:
        """Refuse data at events that neither take nor bring any."""
        place = position(self.node)
        way = "in" if place in ("throw", "end") else "out"
        carried = [data for data in self.own if local(data) == ("dataInput" if way == "in" else "dataOutput")]
        if not place or not carried or any(self._given_by_start(data) for data in carried):
            return
        if not any(self.reader.has_event(self.node, tag) for tag in _CARRIERS[way]):
            self.refuse(
                "data.not-carried",
                self.node,
                f"This {local(self.node)} {'takes no data along' if way == 'in' else 'brings no data'}.",
                "Use a message or signal, or remove its data.",
            )

    def _check_sets(self) -> None:
        """Refuse several sets to choose from, and data that flows while an activity is at work."""
        for tag, short in _SETS.items():
            sets = list(self._sets(tag))
            if len(sets) > 1:
                self.refuse(
                    "data.several-sets",
                    self.node,
                    f"{self.name} has {len(sets)} {tag}s to choose from.",
                    "Keep one; name in its optional references what may be missing.",
                )
            if any(each.find(f"{{{BPMN}}}whileExecuting{short}Refs") is not None for each in sets):
                self.refuse(
                    "data.while-executing",
                    self.node,
                    f"The {tag} of {self.name} exchanges data while it is executing.",
                    "Data goes in when an activity begins and out when it is done.",
                )

    @cached_property
    def optional(self) -> list[etree._Element]:
        """The data inputs and outputs that may be missing."""
        references = (
            reference.text
            for tag, short in _SETS.items()
            for each in self._sets(tag)
            for reference in each.iterchildren(f"{{{BPMN}}}optional{short}Refs")
        )
        found = (self.reader.data(reference) for reference in references)
        return [data for data in found if data is not None]

    def _sets(self, tag: str) -> Iterator[etree._Element]:
        for holder in (self.node, *self.node.iterchildren(f"{{{BPMN}}}ioSpecification")):
            yield from holder.iterchildren(f"{{{BPMN}}}{tag}")

    def _looped(self, tag: str) -> etree._Element | None:
        """The collection that the loop goes through, or puts together."""
        return self.reader.data(text_of(self.loop, tag)) if self.loop is not None else None

    @property
    def name(self) -> str:
        """How messages call the element."""
        return self.node.get("name") or self.node.get("id", "")

    def refuse(self, code: str, at: etree._Element, message: str, hint: str = "Connect it again.") -> None:
        """Record an error at the element or one of its parts."""
        self.reader.refuse(code, at, message, hint)


def text_of(node: etree._Element, tag: str) -> str:
    """The text of the first child of this tag; empty without one."""
    child = node.find(f"{{{BPMN}}}{tag}")
    return (child.text or "").strip() if child is not None else ""


def _references(association: etree._Element) -> list[str]:
    return [(each.text or "").strip() for each in association.iterchildren(f"{{{BPMN}}}sourceRef")]
