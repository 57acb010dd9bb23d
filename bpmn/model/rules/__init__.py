"""The rules of the BPMN 2.0.2 standard that a model must keep, whether or not the engine could run it.

Each rule is a small pure function over an indexed tree, registered in one table under a stable code
`bpmn.ext-NNN`: the numbers are those of the catalogue that BPMNspector's authors drew from the
standard, so that findings of both can be compared. `bpmn.ref-*` are the rules of references.
docs/deployment-rules.md lists them all. A finding with another code never claims that the standard
is broken: it says that something is not executable here.
"""

from __future__ import annotations

from lxml import etree

from bpmn.errors import Finding
from bpmn.model.reader import nearest_id
from bpmn.model.rules import (  # each module registers its rules
    activities,
    collaboration,
    data,
    events,
    expressions,
    flows,
    gateways,
    references,
)
from bpmn.model.rules.table import TABLE, Rule
from bpmn.model.rules.tree import Tree

__all__ = [
    "TABLE",
    "Rule",
    "activities",
    "broken_rules",
    "collaboration",
    "data",
    "events",
    "expressions",
    "flows",
    "gateways",
    "references",
]


def broken_rules(root: etree._Element, file: str) -> list[Finding]:
    """Every breach of a rule in one parsed BPMN file, rule by rule; time is linear in the file's size."""
    tree = Tree(root)
    return [
        Finding(
            rule.code,
            "error",
            nearest_id(node),
            f"{message} ({rule.title}, BPMN 2.0.2 section {rule.section})",
            rule.mend,
            file,
        )
        for rule in TABLE.values()
        for node, message in rule.check(tree)
    ]
