"""Breaking structured documents: the trees of XML files, and JSON."""

from __future__ import annotations

import copy
from collections.abc import Callable
from random import Random
from typing import Any

from lxml import etree

from fuzz.expressions import feel_text
from fuzz.texts import mutate_bytes, piece

# --- XML ------------------------------------------------------------------------------------------


def mutate_xml(random: Random, content: bytes) -> bytes:
    """Change the tree of an XML file in one to six ways, or in one case of six its bytes."""
    if random.random() < 0.16:
        return mutate_bytes(random, content)
    root = etree.fromstring(content)
    for _ in range(random.choice((1, 1, 1, 2, 3, 6))):
        nodes = [node for node in root.iter(etree.Element) if "DI" not in str(node.tag)]
        random.choice(_XML_CHANGES)(random, nodes)
    return etree.tostring(root)


def _drop(random: Random, nodes: list[etree._Element]) -> None:
    node = random.choice(nodes)
    parent = node.getparent()
    if parent is not None:
        parent.remove(node)


def _copy(random: Random, nodes: list[etree._Element]) -> None:
    random.choice(nodes).append(copy.deepcopy(_small(random, nodes)))


def _move(random: Random, nodes: list[etree._Element]) -> None:
    node, target = random.choice(nodes), random.choice(nodes)
    if node.getparent() is not None and node not in target.iterancestors() and node is not target:
        target.insert(random.randint(0, len(target)), node)


def _repeat(random: Random, nodes: list[etree._Element]) -> None:
    node = _small(random, nodes)
    parent = node.getparent()
    for _ in range(random.choice((1, 3, 30)) if parent is not None else 0):
        parent.append(copy.deepcopy(node))


def _nest(random: Random, nodes: list[etree._Element]) -> None:
    node = random.choice(nodes)
    for _ in range(random.choice((2, 20, 130, 240))):
        node = etree.SubElement(node, node.tag, dict(node.attrib))


def _rename(random: Random, nodes: list[etree._Element]) -> None:
    random.choice(nodes).tag = random.choice(
        (random.choice(nodes).tag, random.choice(nodes).tag, "{urn:x}y", "z")
    )


def _set_attribute(random: Random, nodes: list[etree._Element]) -> None:
    node = random.choice(nodes)
    donor = random.choice(nodes)
    names = [*node.attrib, *donor.attrib]
    values = [*donor.attrib.values(), _xml_safe(piece(random)), _xml_safe("=" + feel_text(random))]
    if names:
        node.set(random.choice(names), random.choice(values))


def _drop_attribute(random: Random, nodes: list[etree._Element]) -> None:
    node = random.choice(nodes)
    if node.attrib:
        del node.attrib[random.choice(list(node.attrib))]


def _cross_reference(random: Random, nodes: list[etree._Element]) -> None:
    """Let an attribute that names another element name some other element."""
    ids = [node.get("id") for node in nodes if node.get("id")]
    referring = [node for node in nodes if any(value in ids for value in node.attrib.values())]
    if referring:
        node = random.choice(referring)
        name = random.choice([name for name, value in node.attrib.items() if value in ids])
        node.set(name, random.choice(ids) or "")


def _set_text(random: Random, nodes: list[etree._Element]) -> None:
    with_text = [node for node in nodes if (node.text or "").strip()] or nodes
    node = random.choice(with_text)
    expression = feel_text(random)
    node.text = _xml_safe(
        random.choice((piece(random), expression, "=" + expression, random.choice(with_text).text or ""))
    )


def _shuffle(random: Random, nodes: list[etree._Element]) -> None:
    node = random.choice(nodes)
    children = list(node)
    random.shuffle(children)
    node[:] = children


def _small(random: Random, nodes: list[etree._Element]) -> etree._Element:
    """A node that is not most of the file, so that files do not grow without end."""
    chosen = random.choice(nodes)
    return chosen if sum(1 for _ in chosen.iter()) < 60 else nodes[-1]


def _xml_safe(text: str) -> str:
    """What of a text XML can hold; what it cannot is the byte mutator's business."""
    return "".join(
        each
        for each in text
        if each in "\t\n\r" or " " <= each <= "\ud7ff" or "\ue000" <= each <= "\ufffd" or each > "\uffff"
    )


_XML_CHANGES: tuple[Callable[[Random, list[etree._Element]], None], ...] = (
    *(_drop, _copy, _move, _repeat, _nest, _rename, _shuffle),
    *(
        _set_attribute,
        _set_attribute,
        _drop_attribute,
        _cross_reference,
        _cross_reference,
        _set_text,
        _set_text,
    ),
)

# --- JSON -----------------------------------------------------------------------------------------

_JSON_LEAVES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2**31, 2**53, -(2**63), 10**400, 0.5, 1e308, "", "a", "$n", [], {}, [[]]),
    *({"$n": "1.50"}, {"$n": "1e99999999"}, {"$n": "NaN"}, {"$n": "x"}, {"$s": "1e6000"}, {"$s": "-0.1"}),
    *({"$m": 10**30}, {"$m": True}, {"$d": "2026-02-30"}, {"$d": "-999999999-01-01"}, {"$t": "25:00:00"}),
    *({"$dt": "9999-12-31T23:59:59-14:00"}, {"$dt": "2026-01-01T10:00:00@Mars/Olympus"}, {"$c": [["$", 1]]}),
    *(
        {"$r": [1, 2, True, False]},
        {"$r": [1, 2, 3, 4]},
        {"$r": [{}, [], None, None, 5]},
        {"$c": [["a"]]},
        {"$x": 1},
    ),
)
_KEYS = ("a", "$n", "$c", "$d", "kind", "at", "key", "variables", "id", "ä", "")


def json_value(random: Random, depth: int = 4) -> Any:
    """Any JSON, with the tags of `bpmn.values` among it."""
    what = random.random()
    if depth <= 0 or what < 0.4:
        return copy.deepcopy(random.choice((*_JSON_LEAVES, piece(random))))
    if what < 0.6:
        return [json_value(random, depth - 1) for _ in range(random.randint(0, 4))]
    if what < 0.7:
        return {
            random.choice(("$n", "$s", "$m", "$d", "$t", "$dt", "$r", "$c")): json_value(random, depth - 1)
        }
    if what < 0.72:
        deep: Any = 1
        for _ in range(random.choice((30, 64, 65, 200))):
            deep = [deep] if random.random() < 0.5 else {"a": deep}
        return deep
    return {random.choice(_KEYS): json_value(random, depth - 1) for _ in range(random.randint(0, 4))}


def mutate_json(random: Random, document: Any) -> Any:
    """Change a JSON document in one to four places."""
    document = copy.deepcopy(document)
    for _ in range(random.randint(1, 4)):
        holders = list(_holders(document))
        if not holders:
            return json_value(random)
        holder = random.choice(holders)
        key = random.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
        what = random.random()
        if what < 0.25:
            del holder[key]
        elif what < 0.5:
            other = random.choice(holders)
            holder[key] = copy.deepcopy(
                random.choice(list(other.values() if isinstance(other, dict) else other))
            )
        elif what < 0.6 and isinstance(holder, dict):
            holder[random.choice(_KEYS)] = holder.pop(key)
        elif what < 0.7 and isinstance(holder, list):
            holder.append(copy.deepcopy(holder[key]))
        else:
            holder[key] = json_value(random, 2)
    return document


def _holders(document: Any) -> Any:
    """Every list and object of a document that holds something."""
    pending = [document]
    while pending:
        each = pending.pop()
        if isinstance(each, dict | list) and each:
            yield each
            pending.extend(each.values() if isinstance(each, dict) else each)
