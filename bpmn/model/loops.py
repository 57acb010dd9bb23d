"""Reading loops: multi-instance and standard."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from lxml import etree

from bpmn.model.data_loops import loop_data
from bpmn.model.definition import MultiInstance, StandardLoop
from bpmn.model.loop_events import ATTRIBUTES, read_loop_events
from bpmn.model.reader import Reader
from bpmn.model.source import BPMN, local
from bpmn.model.strict import SILENT, check_attributes

DATA = frozenset({"loopDataInputRef", "loopDataOutputRef", "inputDataItem", "outputDataItem"})


def read_loop(reader: Reader, node: etree._Element) -> MultiInstance | StandardLoop | None:
    """The loop of an activity; None if it has none."""
    for loop in node.iterchildren(etree.Element):
        if local(loop) == "multiInstanceLoopCharacteristics":
            return _multi_instance(reader, node, loop)
        if local(loop) == "standardLoopCharacteristics":
            return _standard_loop(reader, node, loop)
    return None


def _multi_instance(reader: Reader, node: etree._Element, loop: etree._Element) -> MultiInstance | None:
    check_attributes(reader, loop, ATTRIBUTES | {"isSequential"}, at=node)
    events = read_loop_events(reader, node, loop)
    for part in loop.iterchildren(etree.Element):
        known = {"loopCardinality", "completionCondition", "complexBehaviorDefinition"} | DATA | SILENT
        if local(part) not in known:
            reader.refuse(
                "element.unsupported",
                node,
                f"The element {local(part)} in a multi-instance is not supported.",
                "Use zeebe:loopCharacteristics with an input collection.",
            )
    cardinality, completion = _text(loop, "loopCardinality"), _text(loop, "completionCondition")
    zeebe = reader.extension(loop, "loopCharacteristics")
    given: Mapping[str, str] = dict(zeebe.attrib) if zeebe is not None else {}  # type: ignore[arg-type]
    if zeebe is not None:
        reader.only(zeebe, "inputCollection", "inputElement", "outputCollection", "outputElement")
    standard = loop_data(reader, node, loop)
    if standard and zeebe is not None:
        reader.refuse(
            "loop.two-collections",
            node,
            "The loop names its data both by zeebe:loopCharacteristics and as the standard does.",
            "Keep one of them.",
        )
    given = given or standard
    collection = given.get("inputCollection")
    if bool(collection) == bool(cardinality):
        reader.refuse(
            "loop.no-count",
            node,
            "A multi-instance needs either an input collection or a loop cardinality.",
            "Set zeebe:loopCharacteristics inputCollection.",
        )
        return None
    if cardinality and not cardinality.startswith("="):
        _check_count(reader, node, cardinality, "loop cardinality", least=0)
    if completion and not completion.startswith("="):
        reader.refuse(
            "loop.condition-no-feel",
            node,
            f"The completion condition {completion!r} is no FEEL.",
            "Begin with =.",
        )
    output_element = given.get("outputElement")
    return MultiInstance(
        sequential=loop.get("isSequential", "false") in ("true", "1"),
        cardinality=reader.formula(cardinality, node, "loop cardinality") if cardinality else None,
        collection=reader.formula(collection, node, "input collection") if collection else None,
        item=given.get("inputElement") or None,
        output_collection=given.get("outputCollection") or None,
        output=reader.formula(output_element, node, "output element") if output_element else None,
        completion=reader.formula(completion, node, "completion condition") if completion else None,
        events=events,
    )


def _standard_loop(reader: Reader, node: etree._Element, loop: etree._Element) -> StandardLoop | None:
    check_attributes(reader, loop, frozenset({"testBefore", "loopMaximum"}), at=node)
    maximum, condition = loop.get("loopMaximum"), _text(loop, "loopCondition")
    if maximum is not None and not _check_count(reader, node, maximum, "loop maximum", least=1):
        return None
    if condition and not condition.startswith("="):
        reader.refuse(
            "loop.condition-no-feel",
            node,
            f"The loop condition {condition!r} is no FEEL.",
            "Begin with =.",
        )
    if not condition and maximum is None:
        reader.refuse("loop.endless", node, "The loop has neither a condition nor a maximum.", "Give it one.")
    return StandardLoop(
        loop.get("testBefore", "false") in ("true", "1"),
        reader.formula(condition, node, "loop condition") if condition else None,
        int(maximum) if maximum is not None else None,
    )


def _text(node: etree._Element, tag: str) -> str:
    child = node.find(f"{{{BPMN}}}{tag}")
    return (child.text or "").strip() if child is not None else ""


def _check_count(reader: Reader, node: etree._Element, text: str, what: str, *, least: int) -> bool:
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal(-1)
    if number != number.to_integral_value() or number < least:
        reader.refuse(
            "loop.bad-count", node, f"The {what} {text} is no whole number from {least} up.", "Correct it."
        )
        return False
    return True
