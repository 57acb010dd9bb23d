"""The data of a multi-instance as the standard writes it: what it goes through, and what it puts together."""

from __future__ import annotations

from lxml import etree

from bpmn.model.element_data import ElementData, text_of
from bpmn.model.items import variable
from bpmn.model.reader import Reader
from bpmn.model.source import BPMN


def loop_data(reader: Reader, node: etree._Element, loop: etree._Element) -> dict[str, str]:
    """The collections of a multi-instance, as `zeebe:loopCharacteristics` would name them; empty without any.

    A collection is data around the activity, or a data input or output of the activity, for which the data at
    the other end of its association is taken: the loop reads it before its first round and writes it after
    its last.
    """
    items = {tag: loop.find(f"{{{BPMN}}}{tag}") for tag in ("inputDataItem", "outputDataItem")}
    given = {}
    for way in ("Input", "Output"):
        item = items[f"{way.lower()}DataItem"]
        if loop.find(f"{{{BPMN}}}loopData{way}Ref") is None:
            if item is not None:
                reader.refuse(
                    "loop.item-without-collection",
                    node,
                    f"The {way.lower()}DataItem belongs to no collection.",
                    f"Name the collection in loopData{way}Ref.",
                )
            continue
        data = ElementData(reader, node)
        collection = _read_from(data, loop) if way == "Input" else _written_to(data, loop)
        if collection:
            given[f"{way.lower()}Collection"] = collection
        if item is not None:
            name = variable(reader, item)
            given[f"{way.lower()}Element"] = name if way == "Input" else f"={name}"
        elif way == "Output":
            reader.refuse(
                "loop.collection-without-item",
                node,
                "The loop puts a collection together, but nothing says of what.",
                "Add an outputDataItem.",
            )
    return given


def _read_from(data: ElementData, loop: etree._Element) -> str:
    """The expression that gives the collection; empty where it is refused."""
    if data.loop_input is None or data.loop_input not in data.own:
        name = data.around(text_of(loop, "loopDataInputRef"), data.node)
        return f"={name}" if name else ""
    association = _only(data, "dataInputAssociation", "targetRef", data.loop_input)
    sources = data.sources(association) if association is not None else None
    return data.whole_value(association, sources) if association is not None and sources is not None else ""


def _written_to(data: ElementData, loop: etree._Element) -> str:
    """The variable that takes the collection; empty where it is refused."""
    reference = text_of(loop, "loopDataOutputRef")
    if data.loop_output is not None and data.loop_output in data.own:
        association = _only(data, "dataOutputAssociation", "sourceRef", data.loop_output)
        if association is None:
            return ""
        reference = text_of(association, "targetRef")
    return data.around(reference, data.node)


def _only(data: ElementData, tag: str, end: str, collection: etree._Element) -> etree._Element | None:
    """The one association that joins the activity's own collection to the data around it."""
    found = [each for each in data.executed(tag) if data.reader.data(text_of(each, end)) is collection]
    parts = {"assignment"} if end == "targetRef" else {"assignment", "transformation"}
    if len(found) == 1 and not any(found[0].find(f"{{{BPMN}}}{part}") is not None for part in parts):
        return found[0]
    data.refuse(
        "loop.collection-unconnected",
        data.node,
        f"{len(found)} associations join the loop's collection to data around {data.node.get('id')}.",
        "Let one association copy it as a whole.",
    )
    return None
