"""What differs between two versions of a model in what runs: elements, flows, decisions and forms.

Compared is what was compiled, not the XML: layout, documentation, the order of elements and the ids of flows
that were drawn again do not count. The order of the flows out of an exclusive gateway does: the first true
one is taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from difflib import SequenceMatcher
from typing import Any

import orjson

from bpmn.elements.events.kind import EventKind
from bpmn.errors import BpmnError
from bpmn.model.compile import compile_model
from bpmn.model.definition import Element, Flow, Formula, Model
from bpmn.values import Json

_DERIVED = frozenset({"reaching"})  # what a merge knows of the flows: they are compared themselves
_FACETS = {
    "kind": "tag",
    "name": "name",
    "scope": "parent",
    "input mapping": "inputs",
    "output mapping": "outputs",
    "loop": "loop",
    "attached to": "attached_to",
    "interrupting": "interrupting",
    "start quantity": "takes",
    "completion quantity": "gives",
    "compensation handler": "handler",
    "properties": "properties",
}
_UNNAMED_IN_DMN = frozenset({"id", "label"})


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference. `area` is "element", "flow", "decision" or "form"; `item` its id.

    `change` is "added", "removed" or "changed"; then `what` names the facet, and `old` and `new` are how
    it was and is (JSON data; None where there is nothing).
    """

    area: str
    item: str
    change: str
    what: str = ""
    old: Json = None
    new: Json = None

    def __str__(self) -> str:
        if self.change != "changed":
            return f"{self.area} {self.item} {self.change}"
        return f"{self.area} {self.item}: {self.what} {_shown(self.old)} → {_shown(self.new)}"


def difference(
    old: Mapping[str, bytes], new: Mapping[str, bytes], *, process: str | None = None
) -> list[Difference]:
    """Compare the sources (BPMN, DMN, forms) of two versions.

    Args:
        old: the sources of the earlier version, by file name.
        new: those of the later one.
        process: the id of the main process; needed only when several processes could be it.

    Raises:
        ModelRefused: one of them cannot be deployed.
    """
    before, after = compile_model(old, process=process), compile_model(new, process=process)
    return [
        *_elements(before, after),
        *_flows(before, after),
        *_decisions(_dmn(old), _dmn(new)),
        *_forms(_form_files(old), _form_files(new)),
    ]


def _shown(value: Json) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _present(area: str, old: Iterable[str], new: Iterable[str]) -> list[Difference]:
    """What is only in one of them, in the order of the files."""
    before, after = dict.fromkeys(old), dict.fromkeys(new)
    gone = [Difference(area, item, "removed") for item in before if item not in after]
    return gone + [Difference(area, item, "added") for item in after if item not in before]


# Elements


def _elements(old: Model, new: Model) -> list[Difference]:
    found = _present("element", old.elements, new.elements)
    for ref, before in old.elements.items():
        if ref in new.elements:
            found += _facets("element", ref, _element(before), _element(new.elements[ref]))
    return found


def _facets(area: str, item: str, old: Mapping[str, Json], new: Mapping[str, Json]) -> list[Difference]:
    names = dict.fromkeys([*old, *new])
    return [
        Difference(area, item, "changed", name, old.get(name), new.get(name))
        for name in names
        if old.get(name) != new.get(name)
    ]


def _element(element: Element) -> dict[str, Json]:
    described = {name: _describe(getattr(element, attribute)) for name, attribute in _FACETS.items()}
    described["default flow"] = element.default.target if element.default is not None else None
    described["events"] = [
        {"kind": each.kind.tag, **(_describe(each.config) or {})} for each in element.events
    ]
    if element.tag == "exclusiveGateway":
        asked = [flow for flow in element.outgoing if flow is not element.default]
        described["order of flows"] = [flow.target for flow in asked] if len(asked) > 1 else []
    if is_dataclass(element.config):
        described |= {name.replace("_", " "): each for name, each in _describe(element.config).items()}
    return described


def _describe(value: Any) -> Any:
    """A compiled attribute as JSON data: a formula is its text."""
    if isinstance(value, Formula):
        return value.text
    if isinstance(value, EventKind):
        return value.tag
    if is_dataclass(value):
        found = {
            field.name: _describe(getattr(value, field.name))
            for field in fields(value)
            if field.name not in _DERIVED
        }
        return found
    if isinstance(value, Mapping):
        return {str(name): _describe(each) for name, each in sorted(value.items())}
    if isinstance(value, set | frozenset):
        return sorted(_describe(each) for each in value)
    if isinstance(value, list | tuple):
        return [_describe(each) for each in value]
    return value


# Flows


def _flows(old: Model, new: Model) -> list[Difference]:
    """Flows by id; those drawn again between the same elements with the same condition are the same."""
    before, after = _by_ref(old), _by_ref(new)
    again = [_course(flow) for ref, flow in after.items() if ref not in before]
    for ref in [ref for ref in before if ref not in after]:
        if _course(before[ref]) in again:
            again.remove(_course(before[ref]))
            drawn = next(
                each for each in after if each not in before and _course(after[each]) == _course(before[ref])
            )
            del before[ref], after[drawn]
    found = _present("flow", before, after)
    for ref, flow in before.items():
        if ref in after:
            found += _facets("flow", ref, _flow(flow), _flow(after[ref]))
    return found


def _by_ref(model: Model) -> dict[str, Flow]:
    return {flow.ref: flow for element in model.elements.values() for flow in element.outgoing}


def _course(flow: Flow) -> tuple[str, str, str | None]:
    return flow.source, flow.target, flow.condition.text if flow.condition is not None else None


def _flow(flow: Flow) -> dict[str, Json]:
    source, target, condition = _course(flow)
    return {"source": source, "target": target, "condition": condition}


# Decisions


def _dmn(sources: Mapping[str, bytes]) -> dict[str, Any]:
    """What the DMN files define, by id: decisions, knowledge models, services, inputs, item definitions."""
    from bpmn.dmn.source import read  # only models with decisions pay for it

    return {
        node.get("id") or node.name: node
        for name in sorted(sources)
        if name.endswith(".dmn")
        for node in read(sources[name], name).children
        if node.tag in _DMN_NODES
    }


_DMN_NODES = frozenset(
    {"decision", "businessKnowledgeModel", "decisionService", "inputData", "itemDefinition", "import"}
)


def _decisions(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Difference]:
    found = _present("decision", old, new)
    for item, before in old.items():
        if item in new:
            after = new[item]
            found += _facets("decision", item, _decision(before), _decision(after))
            found += _rules(item, _rows(before), _rows(after))
    return found


def _decision(node: Any) -> dict[str, Json]:
    """A decision but for the rules of its table."""
    described: dict[str, Json] = {"name": node.name, "kind": node.tag}
    for child in node.children:
        if child.tag != "decisionTable":
            described.setdefault(child.tag, []).append(_tree(child))
            continue
        described["hit policy"] = " ".join(
            filter(None, [child.get("hitPolicy") or "UNIQUE", child.get("aggregation")])
        )
        for part in child.children:
            if part.tag != "rule":
                described.setdefault(part.tag, []).append(_tree(part))
    return described


def _tree(node: Any) -> Json:
    """An expression or part of a decision as JSON data, without ids and labels."""
    own = {name: value for name, value in sorted(node.attributes.items()) if name not in _UNNAMED_IN_DMN}
    parts = [_tree(child) for child in node.children]
    text = " ".join(node.text.split())
    if not own and len(parts) == (0 if text else 1):
        return text if text else parts[0]
    return {
        "is": node.tag,
        **own,
        **({"text": text} if text else {}),
        **({"parts": parts} if parts else {}),
    }


def _rows(node: Any) -> list[tuple[str, ...]]:
    """The rules of a decision table: the texts of conditions and results."""
    return [
        tuple(cell.text_of("text") or "" for cell in rule.all("inputEntry", "outputEntry"))
        for table in node.all("decisionTable")
        for rule in table.all("rule")
    ]


def _rules(item: str, old: Sequence[tuple[str, ...]], new: Sequence[tuple[str, ...]]) -> list[Difference]:
    """The rules that differ, by their number: in the old version where there is one, else in the new."""
    found = []
    for kind, i, i_end, j, j_end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            continue
        for place in range(max(i_end - i, j_end - j)):
            before = list(old[i + place]) if i + place < i_end else None
            after = list(new[j + place]) if j + place < j_end else None
            number = i + place + 1 if before is not None else j + place + 1
            found.append(Difference("decision", item, "changed", f"rule {number}", before, after))
    return found


# Forms


def _form_files(sources: Mapping[str, bytes]) -> dict[str, Any]:
    """The forms by id. Raises BpmnError `form.unreadable`."""
    forms = {}
    for name in sorted(sources):
        if name.endswith(".form"):
            try:
                form = orjson.loads(sources[name])
                forms[form["id"]] = form
            except (orjson.JSONDecodeError, KeyError, TypeError) as wrong:
                raise BpmnError(
                    "form.unreadable",
                    "The form is no JSON object with an id.",
                    where=name,
                    hint="Export the form again.",
                ) from wrong
    return forms


def _forms(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Difference]:
    found = _present("form", old, new)
    for item, before in old.items():
        if item in new:
            found += _facets("form", item, _components(before), _components(new[item]))
    return found


def _components(form: Mapping[str, Any]) -> dict[str, Json]:
    """The components of a form by the variable that they fill, else by their own id."""
    described: dict[str, Json] = {}
    pending = list(form.get("components", []))
    while pending:
        component = pending.pop(0)
        inner = component.get("components", [])
        pending[:0] = inner
        name = component.get("key") or component.get("id") or component.get("type")
        described[f"field {name}"] = {
            key: value
            for key, value in sorted(component.items())
            if key not in ("id", "layout", "components")
        }
    return described
