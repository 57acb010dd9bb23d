"""What holds data in a model (BPMN 2.0.2, 10.4.1), as variables: what each is called, and who sees it.

A data object, property, data input or data output is a variable of the process, subprocess, activity or
event in which it stands. Its variable is called by its name if FEEL can read that as one name, else by
its id. A data object without a name of its own takes the name that its references share, as bpmn-js
writes them; a state in brackets is not part of it.
"""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from bpmn.feel import FeelSyntaxError, compile_expression
from bpmn.model.nodes import SCOPES, is_placeholder
from bpmn.model.reader import Reader
from bpmn.model.source import local

STORES = frozenset({"dataStore", "dataStoreReference"})
_HELD = frozenset({"property", "dataObject", "dataInput", "dataOutput"})
_ITEMS = frozenset({"inputDataItem", "outputDataItem"})


def variable(reader: Reader, data: etree._Element) -> str:
    """The variable that a data element is; empty if neither its name nor its id can be one."""
    names = [data.get("name")]
    if local(data) == "dataObject" and not data.get("name"):
        shared = reader.reference_names.get(data.get("id", ""), frozenset())
        names = list(shared) if len(shared) == 1 else []
    return next((name for name in (*names, data.get("id")) if name and _is_name(name)), "")


def held(reader: Reader, holder: etree._Element) -> Iterator[etree._Element]:
    """The data elements that are variables of a scope, activity or event itself.

    A data object that no association and no loop names describes, and is none.
    """
    for child in holder.iterchildren(etree.Element):
        tag = local(child)
        if tag == "ioSpecification":
            yield from (data for data in child.iterchildren(etree.Element) if local(data) in _HELD)
        elif tag in _HELD and not is_placeholder(child):
            if tag != "dataObject" or child.get("id") in reader.associated:
                yield child


def loop_items(reader: Reader, activity: etree._Element) -> Iterator[etree._Element]:
    """The data elements that are variables of each round of an activity."""
    loop = reader.loop_of(activity)
    for child in loop.iterchildren(etree.Element) if loop is not None else ():
        if local(child) in _ITEMS:
            yield child


def is_data(node: etree._Element) -> bool:
    """Whether this can be a variable."""
    return local(node) in _HELD | _ITEMS and not is_placeholder(node)


def holder_of(data: etree._Element) -> etree._Element | None:
    """The scope, activity or event whose variable a data element is."""
    holder = data.getparent()
    if holder is not None and local(holder) in ("ioSpecification", "multiInstanceLoopCharacteristics"):
        return holder.getparent()
    return holder


def mapped(reader: Reader, node: etree._Element) -> set[str]:
    """The variables that `zeebe:` extensions make at an element: input mappings and the input element."""
    names = set()
    io = reader.extension(node, "ioMapping")
    for each in io.iterchildren(etree.Element) if io is not None else ():
        if local(each) == "input":
            names.add(each.get("target", "").strip().partition(".")[0])
    loop = reader.loop_of(node)
    zeebe = reader.extension(loop, "loopCharacteristics") if loop is not None else None
    if zeebe is not None:
        names.add(zeebe.get("inputElement", ""))
    return names - {""}


def hiding(reader: Reader, node: etree._Element, data: etree._Element) -> etree._Element | None:
    """What stands between `node` and data around it with a variable of that name; None if nothing does."""
    name, own = variable(reader, data), holder_of(data)
    scope = node.getparent()
    while scope is not None and scope is not own:
        if local(scope) in SCOPES and name in _variables_of(reader, scope):
            return scope
        scope = scope.getparent()
    return None


def _variables_of(reader: Reader, scope: etree._Element) -> frozenset[str]:
    """The variables that data and mappings make in a scope; found once for all that is asked about it."""
    if scope not in reader.variables_of:
        data = (*held(reader, scope), *loop_items(reader, scope))
        names = {variable(reader, each) for each in data}
        reader.variables_of[scope] = frozenset(names | mapped(reader, scope))
    return reader.variables_of[scope]


def _is_name(text: str) -> bool:
    if not text.isidentifier():
        return False
    try:
        return compile_expression(text).names == {text}
    except FeelSyntaxError:
        return False
