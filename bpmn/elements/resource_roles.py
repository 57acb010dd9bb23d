"""Who does a user task, as the standard says it (BPMN 2.0.2, 10.3.1): human performers and potential owners.

A human performer given by an expression is the assignee; potential owners, given by an expression or by
naming a resource, are the candidate groups. What this does not cover is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lxml import etree

from bpmn.model.definition import Formula
from bpmn.model.source import BPMN, FEEL, local

if TYPE_CHECKING:
    from bpmn.model.reader import Reader

ROLES = {"humanPerformer": "assignee", "potentialOwner": "candidateGroups"}
"""The roles of a user task, and the assignment that each of them is."""


def read_roles(node: etree._Element, reader: Reader) -> dict[str, Formula]:
    """The assignments that the roles of a user task make, named as in `zeebe:assignmentDefinition`."""
    found: dict[str, Formula] = {}
    for role in node.iterchildren(*(f"{{{BPMN}}}{tag}" for tag in ROLES)):
        if reader.extension(node, "assignmentDefinition") is not None or ROLES[local(role)] in found:
            reader.refuse(
                "resource.several",
                node,
                f"The {local(role)} is not the only one to say who does the task.",
                "Keep one potentialOwner and one humanPerformer, or use zeebe:assignmentDefinition alone.",
            )
            continue
        formula = _who(role, node, reader)
        if formula is not None:
            found[ROLES[local(role)]] = formula
    return found


def _who(role: etree._Element, node: etree._Element, reader: Reader) -> Formula | None:
    expression = next(role.iterfind(f"{{{BPMN}}}resourceAssignmentExpression/*"), None)
    if expression is not None:
        text = (expression.text or "").strip()
        if text.startswith("=") and expression.get("language", "") in FEEL:
            return reader.formula(text, node, local(role))
        reader.refuse(
            "resource.expression-no-feel",
            node,
            f"The {local(role)} {text!r} is no FEEL expression.",
            "Begin it with = and write it in FEEL.",
        )
        return None
    reference = role.find(f"{{{BPMN}}}resourceRef")
    resource = reader.by_id.get(((reference.text or "") if reference is not None else "").strip())
    name = resource.get("name", "") if resource is not None and local(resource) == "resource" else ""
    if local(role) == "potentialOwner" and name and "," not in name and len(role) == 1:
        return Formula(name, None)
    reader.refuse(
        "resource.unclear",
        node,
        f"The {local(role)} does not say clearly who does the task.",
        "Give it a resourceAssignmentExpression in FEEL; a potentialOwner may name a resource, "
        "without parameters and with a name without commas.",
    )
    return None
