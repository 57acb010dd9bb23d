"""Rules of data: items, inputs and outputs, associations, and what messages carry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bpmn.model.rules.table import Broken, rule
from bpmn.model.rules.tree import (
    ACTIVITIES,
    CATCH_EVENTS,
    EVENTS,
    GLOBAL_TASKS,
    SUBPROCESSES,
    Node,
    Tree,
    label,
    text,
    true,
)

_ITEM_AWARE = ("dataObject", "dataStore", "property", "dataInput", "dataOutput")
_PAYLOADS = {
    "messageEventDefinition": ("messageRef", "itemRef"),
    "signalEventDefinition": ("signalRef", "structureRef"),
    "errorEventDefinition": ("errorRef", "structureRef"),
    "escalationEventDefinition": ("escalationRef", "structureRef"),
}


@dataclass(frozen=True, slots=True)
class _Item:
    """The item definition of some data: its id and the structure that it refers to."""

    id: str
    structure: str | None

    def fits(self, other: _Item | None) -> bool:
        """Whether two item definitions are one, or refer to one structure."""
        return other is not None and (
            self.id == other.id or (self.structure is not None and self.structure == other.structure)
        )


def _item(tree: Tree, reference: str | None) -> _Item | None:
    found = tree.target(reference)
    if found is None or tree.tag(found) != "itemDefinition":
        return None
    return _Item(found.get("id", ""), found.get("structureRef"))


def _item_of(tree: Tree, data: Node) -> _Item | None:
    """The item of a data element; a reference to an object or store has the item of what it refers to."""
    for attribute in ("dataObjectRef", "dataStoreRef"):
        original = tree.target(data.get(attribute))
        if original is not None:
            data = original
    return _item(tree, data.get("itemSubjectRef"))


# Data elements


@rule("ext-020", "8.4.10", "Set isCollection as the item definition has it.")
def collections_agree_with_their_item(tree: Tree) -> Iterator[Broken]:
    """Data is a collection exactly if its item definition is one."""
    for data in tree.tagged("dataObject", "dataInput", "dataOutput"):
        item = tree.target(data.get("itemSubjectRef"))
        if tree.tag(item) == "itemDefinition" and item is not None:
            if true(item, "isCollection") != true(data, "isCollection"):
                yield data, f"{label(data)} and its item definition {label(item)} differ in isCollection."


@rule("ext-076", "10.4.1", "Name the reference Object [State].")
def references_are_named_by_object_and_state(tree: Tree) -> Iterator[Broken]:
    """A reference to a data object in a state is called by the object's name and the state in brackets.

    Where the object has no name, as bpmn-js writes it, the reference may be called anything.
    """
    for reference in tree.tagged("dataObjectReference"):
        original = tree.target(reference.get("dataObjectRef"))
        if original is None or not original.get("name"):
            continue
        for state in tree.children(reference, "dataState"):
            name = f"{original.get('name')} [{state.get('name', '')}]"
            if reference.get("name") is not None and reference.get("name") != name:
                yield (
                    reference,
                    f"The data object reference is called {reference.get('name')!r}, not {name!r}.",
                )


@rule("ext-078", "10.4.1", "Move the property into a process, activity or event.")
def properties_belong_to_flow_elements(tree: Tree) -> Iterator[Broken]:
    """Only processes, activities and events have properties."""
    for node in tree.tagged("property"):
        owner = tree.tag(tree.parent(node))
        if owner not in ACTIVITIES | EVENTS | {"process"}:
            yield node, f"The property {label(node)} stands in a {owner}."


# Input and output sets


@rule("ext-079", "10.4.1", "Move the data inputs and outputs into the activities inside.")
def subprocesses_have_no_io(tree: Tree) -> Iterator[Broken]:
    """A subprocess has no input and output specification."""
    for node in tree.tagged(*sorted(SUBPROCESSES)):
        if tree.children(node, "ioSpecification"):
            yield node, f"The subprocess {label(node)} has an input and output specification."


def _sets(tree: Tree, tag: str, *references: str) -> set[Node]:
    return {data for each in tree.tagged(tag) for data in tree.referred(each, *references)}


@rule("ext-084", "10.4.1", "Name the data input in dataInputRefs of an input set.")
def inputs_are_in_a_set(tree: Tree) -> Iterator[Broken]:
    """A data input is part of an input set."""
    known = _sets(tree, "inputSet", "dataInputRefs")
    for data in tree.tagged("dataInput"):
        if data not in known:
            yield data, f"The data input {label(data)} is in no input set."


@rule("ext-088", "10.4.1", "Name the data output in dataOutputRefs of an output set.")
def outputs_are_in_a_set(tree: Tree) -> Iterator[Broken]:
    """A data output is part of an output set."""
    known = _sets(tree, "outputSet", "dataOutputRefs")
    for data in tree.tagged("dataOutput"):
        if data not in known:
            yield data, f"The data output {label(data)} is in no output set."


def _not_of_the_set(tree: Tree, tag: str, part: str, whole: str) -> Iterator[Broken]:
    for each in tree.tagged(tag):
        members = set(tree.referred(each, whole))
        for data in tree.referred(each, part):
            if data not in members:
                yield data, f"{label(data)} is among the {part} of a set, but not among its {whole}."


@rule("ext-085", "10.4.1", "Name the data input in dataInputRefs of the same set, too.")
def optional_inputs_are_inputs(tree: Tree) -> Iterator[Broken]:
    """The optional inputs of an input set are among its data inputs."""
    yield from _not_of_the_set(tree, "inputSet", "optionalInputRefs", "dataInputRefs")


@rule("ext-086", "10.4.1", "Name the data input in dataInputRefs of the same set, too.")
def inputs_while_executing_are_inputs(tree: Tree) -> Iterator[Broken]:
    """The inputs that a set takes while executing are among its data inputs."""
    yield from _not_of_the_set(tree, "inputSet", "whileExecutingInputRefs", "dataInputRefs")


@rule("ext-089", "10.4.1", "Name the data output in dataOutputRefs of the same set, too.")
def optional_outputs_are_outputs(tree: Tree) -> Iterator[Broken]:
    """The optional outputs of an output set are among its data outputs."""
    yield from _not_of_the_set(tree, "outputSet", "optionalOutputRefs", "dataOutputRefs")


@rule("ext-087", "10.4.1", "Let the input set and the output set name each other.")
def input_and_output_sets_agree(tree: Tree) -> Iterator[Broken]:
    """An input set names an output set exactly if the output set names the input set."""
    inputs, outputs = _pairs(tree, "inputSet", "outputSetRefs"), _pairs(tree, "outputSet", "inputSetRefs")
    for pairs, mutual in ((inputs, outputs), (outputs, inputs)):
        for one, other in pairs:
            if (other, one) not in mutual:
                yield one, f"The {tree.tag(one)} {label(one)} names {label(other)}, which does not name it."


def _pairs(tree: Tree, tag: str, reference: str) -> dict[tuple[Node, Node], None]:
    """The sets with the sets that they name, in the order of the file."""
    return dict.fromkeys(
        (each, other) for each in tree.tagged(tag) for other in tree.referred(each, reference)
    )


# Associations


def _process_data(tree: Tree, reference: Node, tag: str) -> Node | None:
    """The data input or output of a process that a reference points to."""
    data = tree.target(text(reference))
    holder = tree.parent(data) if data is not None and tree.tag(data) == tag else None
    if holder is None or tree.tag(holder) != "ioSpecification":
        return None
    return data if tree.tag(tree.parent(holder)) in GLOBAL_TASKS | {"process"} else None


@rule("ext-080", "10.4.1", "Write into a data object or a data output.")
def inputs_of_a_process_are_only_read(tree: Tree) -> Iterator[Broken]:
    """A data input of a process is no target of a data association within it."""
    for association in tree.tagged("dataOutputAssociation", "dataInputAssociation"):
        for reference in tree.children(association, "targetRef"):
            data = _process_data(tree, reference, "dataInput")
            if data is not None:
                yield association, f"The data input {label(data)} of the process is written."


@rule("ext-082", "10.4.1", "Read from a data object or a data input.")
def outputs_of_a_process_are_only_written(tree: Tree) -> Iterator[Broken]:
    """A data output of a process is no source of a data association within it."""
    for association in tree.tagged("dataOutputAssociation", "dataInputAssociation"):
        for reference in tree.children(association, "sourceRef"):
            data = _process_data(tree, reference, "dataOutput")
            if data is not None:
                yield association, f"The data output {label(data)} of the process is read."


@rule("ext-091", "10.4.1", "Use one item definition at both ends, or add a transformation.")
def associations_join_equal_items(tree: Tree) -> Iterator[Broken]:
    """Without a transformation both ends of a data association have one item definition.

    Data whose item is not given fits anything.
    """
    for association in tree.tagged("dataInputAssociation", "dataOutputAssociation"):
        if tree.children(association, "transformation"):
            continue
        for target in tree.referred(association, "targetRef"):
            wanted = _item_of(tree, target)
            for source in tree.referred(association, "sourceRef"):
                item = _item_of(tree, source)
                if wanted is not None and item is not None and not item.fits(wanted):
                    yield association, f"The items of {label(source)} and {label(target)} differ."


# What tasks and events exchange


def _io(tree: Tree, task: Node, tag: str) -> list[Node]:
    return [each for io in tree.children(task, "ioSpecification") for each in tree.children(io, tag)]


def _operation_message(tree: Tree, operation: Node | None, role: str) -> Node | None:
    found = tree.referred(operation, role) if operation is not None else []
    return found[0] if found else None


def _wrong_items(tree: Tree, task: Node, tag: str, message: Node | None) -> Iterator[Broken]:
    """The data of a task whose item is not that of its message."""
    carried = _item(tree, message.get("itemRef")) if message is not None else None
    if message is None or carried is None:
        return
    for data in _io(tree, task, tag):
        if not carried.fits(_item_of(tree, data)):
            yield (
                task,
                f"The {tag} {label(data)} of {label(task)} has not the item of the message {label(message)}.",
            )


def _services(tree: Tree) -> Iterator[tuple[Node, Node]]:
    for task in tree.tagged("serviceTask"):
        operation = tree.target(task.get("operationRef"))
        if operation is not None and tree.tag(operation) == "operation":
            yield task, operation


@rule("ext-043", "10.3.3", "Keep one input set and at most one output set.")
def services_have_one_set(tree: Tree) -> Iterator[Broken]:
    """A service task with an operation has one input set and at most one output set."""
    for task, _ in _services(tree):
        if tree.children(task, "ioSpecification") and (
            len(_io(tree, task, "inputSet")) != 1 or len(_io(tree, task, "outputSet")) > 1
        ):
            yield task, f"The service task {label(task)} has several input or output sets."


@rule("ext-044", "10.3.3", "Give the data input the item of the operation's incoming message.")
def services_take_the_message_of_their_operation(tree: Tree) -> Iterator[Broken]:
    """The data input of a service task has the item of its operation's incoming message."""
    for task, operation in _services(tree):
        yield from _wrong_items(tree, task, "dataInput", _operation_message(tree, operation, "inMessageRef"))


@rule("ext-045", "10.3.3", "Give the data output the item of the operation's outgoing message.")
def services_give_the_message_of_their_operation(tree: Tree) -> Iterator[Broken]:
    """The data output of a service task has the item of its operation's outgoing message."""
    for task, operation in _services(tree):
        yield from _wrong_items(
            tree, task, "dataOutput", _operation_message(tree, operation, "outMessageRef")
        )


@rule("ext-046", "10.3.3", "Keep one input set.")
def send_tasks_have_one_set(tree: Tree) -> Iterator[Broken]:
    """A send task has at most one input set."""
    for task in tree.tagged("sendTask"):
        if len(_io(tree, task, "inputSet")) > 1:
            yield task, f"The send task {label(task)} has several input sets."


@rule("ext-047", "10.3.3", "Keep one data input.")
def send_tasks_send_one_message(tree: Tree) -> Iterator[Broken]:
    """The input set of a send task has at most one data input: the message."""
    for task in tree.tagged("sendTask"):
        if len(_io(tree, task, "dataInput")) > 1:
            yield task, f"The send task {label(task)} has several data inputs."


@rule("ext-048", "10.3.3", "Give the data input the item of the message.")
def send_tasks_take_their_message(tree: Tree) -> Iterator[Broken]:
    """The data input of a send task has the item of its message."""
    for task in tree.tagged("sendTask"):
        yield from _wrong_items(tree, task, "dataInput", tree.target(task.get("messageRef")))


@rule("ext-050", "10.3.3", "Keep one output set.")
def receive_tasks_have_one_set(tree: Tree) -> Iterator[Broken]:
    """A receive task has at most one output set."""
    for task in tree.tagged("receiveTask"):
        if len(_io(tree, task, "outputSet")) > 1:
            yield task, f"The receive task {label(task)} has several output sets."


@rule("ext-052", "10.3.3", "Give the data output the item of the message.")
def receive_tasks_give_their_message(tree: Tree) -> Iterator[Broken]:
    """The data output of a receive task has the item of its message."""
    for task in tree.tagged("receiveTask"):
        yield from _wrong_items(tree, task, "dataOutput", tree.target(task.get("messageRef")))


@rule("ext-065", "8.5", "Bind data with the items of the operation's messages.")
def bindings_join_equal_items(tree: Tree) -> Iterator[Broken]:
    """The data that an ioBinding joins to an operation has the items of the operation's messages."""
    for binding in tree.tagged("ioBinding"):
        operation = tree.target(binding.get("operationRef"))
        for attribute, role in (("inputDataRef", "inMessageRef"), ("outputDataRef", "outMessageRef")):
            data = tree.target(binding.get(attribute))
            message = _operation_message(tree, operation, role)
            carried = _item(tree, message.get("itemRef")) if message is not None else None
            if data is not None and carried is not None and not carried.fits(_item_of(tree, data)):
                yield data, f"{label(data)} has not the item of the message that the operation exchanges."


def _payloads(tree: Tree, event: Node) -> list[tuple[Node, _Item]]:
    """The triggers of an event that carry data, with its item, in the order of the file."""
    found = []
    for trigger in tree.triggers(event):
        reference, attribute = _PAYLOADS.get(tree.tag(trigger), ("", ""))
        source = tree.target(trigger.get(reference)) if reference else None
        item = _item(tree, source.get(attribute)) if source is not None else None
        if item is not None:
            found.append((trigger, item))
    return found


def _events_with_data(tree: Tree) -> Iterator[tuple[Node, list[Node]]]:
    for event in tree.tagged(*sorted(EVENTS)):
        tag = "dataOutput" if tree.tag(event) in CATCH_EVENTS else "dataInput"
        data = tree.children(event, tag)
        if data:
            yield event, data


@rule(
    "ext-093", "10.5.1", "Give the event one data element for each trigger that carries data, in their order."
)
def events_have_data_for_each_trigger(tree: Tree) -> Iterator[Broken]:
    """An event that has data has at least one data element for each of its triggers that carries data."""
    for event, data in _events_with_data(tree):
        triggers = len(_payloads(tree, event))
        if len(data) < triggers:
            yield (
                event,
                f"The event {label(event)} has {len(data)} data elements for {triggers} triggers with data.",
            )


@rule("ext-094", "10.5.1", "Give the data element the item of its trigger.")
def events_have_the_data_of_their_triggers(tree: Tree) -> Iterator[Broken]:
    """Each data element of an event has the item of the trigger that stands at the same place."""
    for event, data in _events_with_data(tree):
        for each, (trigger, item) in zip(data, _payloads(tree, event), strict=False):
            if not item.fits(_item_of(tree, each)):
                yield (
                    event,
                    f"The data {label(each)} of {label(event)} has not the item of its {tree.tag(trigger)}.",
                )


# Loops


@rule("ext-069", "10.3.8", "Let the item be one element of the collection.")
def loops_collect_single_items(tree: Tree) -> Iterator[Broken]:
    """The output item of a multi-instance is one element of the collection into which its results go."""
    for loop in tree.tagged("multiInstanceLoopCharacteristics"):
        for collection in tree.referred(loop, "loopDataOutputRef"):
            whole = _item_of(tree, collection)
            for output in tree.children(loop, "outputDataItem"):
                single, definition = _item_of(tree, output), tree.target(output.get("itemSubjectRef"))
                collected = definition is not None and true(definition, "isCollection")
                if collected or (whole and single and whole.structure != single.structure):
                    yield loop, f"The output item {label(output)} is no element of {label(collection)}."
