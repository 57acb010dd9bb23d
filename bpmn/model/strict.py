"""Strictness: attributes, child elements and extensions that nobody understands are refused by name."""

from __future__ import annotations

from lxml import etree

from bpmn.elements.behaviour import Behaviour
from bpmn.elements.events.kind import EventKind
from bpmn.model.data import data_parts
from bpmn.model.nodes import SCOPES, position
from bpmn.model.reader import Reader
from bpmn.model.source import BPMN, IMPORT, SPIFFWORKFLOW, ZEEBE, local, namespace

# Parts of BPMN that describe without changing what runs. Lanes group, artifacts annotate; data objects are
# read together with what names them (bpmn.model.data), and describe if nothing does.
SILENT = frozenset(
    {
        "documentation",
        "extensionElements",
        "laneSet",
        "textAnnotation",
        "association",
        "group",
        "dataObject",
        "dataObjectReference",
        "dataStoreReference",
        "auditing",
        "monitoring",
    }
)
WIRING = frozenset({"incoming", "outgoing"})
LOOPS = frozenset({"multiInstanceLoopCharacteristics", "standardLoopCharacteristics"})
ACTIVITY_ATTRIBUTES = frozenset({"default", "startQuantity", "completionQuantity", "isForCompensation"})
TEMPLATE = frozenset({"modelerTemplate", "modelerTemplateVersion", "modelerTemplateIcon"})
"""`zeebe:` attributes by which a modeler remembers the template of an element."""
FOREIGN = {
    "http://camunda.org/schema/1.0/bpmn": "Camunda 7",
    "http://activiti.org/bpmn": "Activiti",
    "http://flowable.org/bpmn": "Flowable",
    SPIFFWORKFLOW: "SpiffWorkflow",
}


def check_attributes(
    reader: Reader,
    node: etree._Element,
    allowed: frozenset[str],
    *,
    at: etree._Element | None = None,
) -> None:
    """Refuse attributes that are not in `allowed`; the finding stands at `at`, if that is another node."""
    place = at if at is not None else node
    for name in node.attrib:
        qualified = etree.QName(str(name))
        if qualified.namespace in FOREIGN:
            reader.refuse(
                "dialect.foreign",
                place,
                f"The attribute {qualified.localname} belongs to {FOREIGN[qualified.namespace]}.",
                "Use the zeebe: extensions of Camunda 8.",
            )
        elif qualified.namespace == ZEEBE and qualified.localname not in TEMPLATE:
            reader.refuse(
                "extension.attribute",
                place,
                f"The attribute zeebe:{qualified.localname} of {local(node)} is not supported.",
                "Remove it.",
            )
        elif qualified.namespace is None and qualified.localname not in allowed | {"id", "name"}:
            reader.refuse(
                "attribute.unsupported",
                place,
                f"The attribute {qualified.localname} of {local(node)} is not supported.",
                "Remove it.",
            )


def check_definition(
    reader: Reader, node: etree._Element, definition: etree._Element, kind: EventKind
) -> None:
    """Refuse attributes and parts of an event definition that its kind does not understand."""
    check_attributes(reader, definition, kind.attributes)
    for part in definition.iterchildren(etree.Element):
        if local(part) not in kind.parts | SILENT:
            reader.refuse(
                "element.unsupported",
                node,
                f"The element {local(part)} in a {local(definition)} is not supported.",
                "Remove it.",
            )


def check_parts(
    reader: Reader, node: etree._Element, behaviour: Behaviour, kinds: list[etree._Element]
) -> None:
    """Refuse child elements of a flow node that nobody understands; scopes check theirs as they go."""
    if local(node) in SCOPES:
        return
    for child in node.iterchildren(etree.Element):
        tag = local(child)
        known = SILENT | WIRING | behaviour.parts | (LOOPS if behaviour.activity else frozenset())
        known |= data_parts(node, activity=behaviour.activity)
        definition = tag.endswith("EventDefinition") or tag == "eventDefinitionRef"
        if namespace(child) != BPMN or not (tag in known or (definition and position(node))):
            reader.refuse(
                "element.unsupported",
                node,
                f"The element {tag} in a {local(node)} is not supported.",
                "Remove it.",
            )


def check_extensions(
    reader: Reader, node: etree._Element, behaviour: Behaviour, kinds: list[etree._Element]
) -> None:
    """Refuse `zeebe:` extensions that this kind and its events do not take, and those of other engines."""
    allowed = behaviour.extensions | {"properties"}
    for definition in kinds:
        allowed |= reader.kernel.event_kinds[local(definition)].extensions
    if local(node) == "process":
        allowed |= {"userTaskForm", "versionTag"}
    for extension in reader.extensions(node):
        if local(extension) not in allowed:
            reader.refuse(
                "extension.unsupported",
                node,
                f"zeebe:{local(extension)} at a {local(node)} is not supported.",
                "Remove it.",
            )
    for part in (node, *kinds):
        for each in part.iterfind(f"{{{BPMN}}}extensionElements/*"):
            if namespace(each) == IMPORT:
                reader.refuse(
                    "import.gap",
                    node,
                    f"This was not carried over when the model was imported: {each.text or ''}",
                    "Model it here, then remove the mark from the extension elements.",
                )
            foreign = FOREIGN.get(namespace(each) or "")
            if foreign is not None:
                reader.refuse(
                    "dialect.foreign",
                    node,
                    f"The extension {local(each)} belongs to {foreign}.",
                    "Use the zeebe: extensions of Camunda 8.",
                )
