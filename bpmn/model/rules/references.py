"""Rules of identifiers and of the references between elements."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bpmn.model.rules.table import Broken, rule
from bpmn.model.rules.tree import (
    ACTIVITIES,
    CHOREOGRAPHY_ACTIVITIES,
    EVENT_DEFINITIONS,
    EVENTS,
    FLOW_NODES,
    GATEWAYS,
    GLOBAL_TASKS,
    Tree,
    label,
    text,
)

_ITEMS = frozenset({"itemDefinition"})
_MESSAGE = frozenset({"message"})
_OPERATION = frozenset({"operation"})
_DATA = frozenset(
    "dataObject dataObjectReference dataStore dataStoreReference property dataInput dataOutput".split()
)
_INTERACTION = (
    frozenset({"participant", "conversation", "subConversation", "callConversation"})
    | ACTIVITIES
    | EVENTS
    | CHOREOGRAPHY_ACTIVITIES
)
_ANY: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Reference:
    """A reference that some elements hold, and the tags it may point to (any, if none is given).

    A receive task's operation is not among them: valid models leave it to the service's own description.
    """

    owners: frozenset[str]
    name: str
    kinds: frozenset[str]


def _of(owners: str | frozenset[str], name: str, kinds: str | frozenset[str]) -> _Reference:
    return _Reference(
        frozenset(owners.split()) if isinstance(owners, str) else owners,
        name,
        frozenset(kinds.split()) if isinstance(kinds, str) else kinds,
    )


_ATTRIBUTES = (
    _of("sequenceFlow", "sourceRef", _ANY),
    _of("sequenceFlow", "targetRef", _ANY),
    _of("messageFlow", "sourceRef", _INTERACTION),
    _of("messageFlow", "targetRef", _INTERACTION),
    _of("messageFlow", "messageRef", _MESSAGE),
    _of("association", "sourceRef", _ANY),
    _of("association", "targetRef", _ANY),
    _of("group", "categoryValueRef", "categoryValue"),
    _of("boundaryEvent", "attachedToRef", ACTIVITIES),
    _of(ACTIVITIES | GATEWAYS, "default", "sequenceFlow"),
    _of("participant", "processRef", "process"),
    _of("process", "definitionalCollaborationRef", "collaboration globalConversation choreography"),
    _of("message", "itemRef", _ITEMS),
    _of("error escalation signal", "structureRef", _ITEMS),
    _of(_DATA | {"inputDataItem", "outputDataItem"}, "itemSubjectRef", _ITEMS),
    _of("dataObjectReference", "dataObjectRef", "dataObject"),
    _of("dataStoreReference", "dataStoreRef", "dataStore"),
    _of("messageEventDefinition sendTask receiveTask", "messageRef", _MESSAGE),
    _of("correlationPropertyRetrievalExpression", "messageRef", _MESSAGE),
    _of("signalEventDefinition", "signalRef", "signal"),
    _of("errorEventDefinition", "errorRef", "error"),
    _of("escalationEventDefinition", "escalationRef", "escalation"),
    _of("compensateEventDefinition", "activityRef", ACTIVITIES | {"boundaryEvent"}),
    _of("serviceTask sendTask ioBinding", "operationRef", _OPERATION),
    _of("ioBinding", "inputDataRef", "dataInput inputSet"),
    _of("ioBinding", "outputDataRef", "dataOutput outputSet"),
    _of("callActivity", "calledElement", GLOBAL_TASKS | {"process"}),
    _of("correlationSubscription", "correlationKeyRef", "correlationKey"),
    _of("correlationPropertyBinding", "correlationPropertyRef", "correlationProperty"),
    _of("resourceParameterBinding", "parameterRef", "resourceParameter"),
    _of("multiInstanceLoopCharacteristics", "oneBehaviorEventRef", EVENT_DEFINITIONS),
    _of("multiInstanceLoopCharacteristics", "noneBehaviorEventRef", EVENT_DEFINITIONS),
)
_ELEMENTS = (
    _of(FLOW_NODES, "incoming", "sequenceFlow"),
    _of(FLOW_NODES, "outgoing", "sequenceFlow"),
    _of(EVENTS, "eventDefinitionRef", EVENT_DEFINITIONS),
    _of("messageEventDefinition", "operationRef", _OPERATION),
    _of("operation", "inMessageRef", _MESSAGE),
    _of("operation", "outMessageRef", _MESSAGE),
    _of("operation", "errorRef", "error"),
    _of("linkEventDefinition", "source", "linkEventDefinition"),
    _of("linkEventDefinition", "target", "linkEventDefinition"),
    _of("dataInputAssociation dataOutputAssociation", "sourceRef", _DATA),
    _of("dataInputAssociation dataOutputAssociation", "targetRef", _DATA),
    _of("inputSet", "dataInputRefs", "dataInput"),
    _of("inputSet", "optionalInputRefs", "dataInput"),
    _of("inputSet", "whileExecutingInputRefs", "dataInput"),
    _of("inputSet", "outputSetRefs", "outputSet"),
    _of("outputSet", "dataOutputRefs", "dataOutput"),
    _of("outputSet", "optionalOutputRefs", "dataOutput"),
    _of("outputSet", "whileExecutingOutputRefs", "dataOutput"),
    _of("outputSet", "inputSetRefs", "inputSet"),
    _of("multiInstanceLoopCharacteristics", "loopDataInputRef", _DATA),
    _of("multiInstanceLoopCharacteristics", "loopDataOutputRef", _DATA),
    _of("participant", "interfaceRef", "interface"),
    _of("process", "supportedInterfaceRef", "interface"),
    _of(GLOBAL_TASKS, "supportedInterfaceRef", "interface"),
    _of("partnerEntity partnerRole", "participantRef", "participant"),
    _of("correlationKey", "correlationPropertyRef", "correlationProperty"),
    _of("performer humanPerformer potentialOwner", "resourceRef", "resource"),
    _of("lane", "flowNodeRef", _ANY),
    _of("process", "supports", "process"),
)
_References = dict[str, list[_Reference]]


def _by_owner(references: tuple[_Reference, ...]) -> _References:
    found: _References = {}
    for reference in references:
        for owner in reference.owners:
            found.setdefault(owner, []).append(reference)
    return found


_BY_ATTRIBUTE, _BY_ELEMENT = _by_owner(_ATTRIBUTES), _by_owner(_ELEMENTS)


def _references(tree: Tree) -> Iterator[tuple[Broken, str, frozenset[str]]]:
    """Every reference of the file: where it stands and how to name it, what it says, what it may point to."""
    for node in tree.nodes:
        tag = tree.tag(node)
        for reference in _BY_ATTRIBUTE.get(tag, ()):
            value = node.get(reference.name)
            if value is not None:
                yield (node, f"{reference.name} of the {tag} {label(node)}"), value, reference.kinds
        for reference in _BY_ELEMENT.get(tag, ()):
            for child in tree.children(node, reference.name):
                yield (node, f"{reference.name} of the {tag} {label(node)}"), text(child), reference.kinds


@rule("ext-002", "8.3.1", "Give each element an id of its own.")
def ids_are_unique(tree: Tree) -> Iterator[Broken]:
    """Within its file an id names one element."""
    for node in tree.duplicates:
        yield node, f"The id {node.get('id')} is used more than once."


@rule("ref-existence", "15.3.2", "Refer to an element that the file contains, or remove the reference.")
def references_lead_somewhere(tree: Tree) -> Iterator[Broken]:
    """A reference without a foreign namespace points to an element of the same file.

    What a call activity calls may be deployed in another file; compiling asks for it.
    """
    for (node, place), value, _ in _references(tree):
        called = tree.tag(node) == "callActivity" and value == node.get("calledElement")
        if tree.target(value) is None and not tree.foreign(value) and not called:
            yield node, f"The {place} points to {value}, which is not in the file."


@rule("ref-type", "15.3.2", "Refer to an element of the kind that the standard asks for here.")
def references_lead_to_the_right_kind(tree: Tree) -> Iterator[Broken]:
    """A reference points to an element of the kind that its definition in the metamodel names."""
    for (node, place), value, kinds in _references(tree):
        found = tree.target(value)
        if found is not None and kinds and tree.tag(found) not in kinds and not tree.foreign(value):
            wanted = " or ".join(sorted(kinds)) if len(kinds) < 4 else "a kind of element allowed there"
            yield node, f"The {place} points to the {tree.tag(found)} {value}, not to {wanted}."
