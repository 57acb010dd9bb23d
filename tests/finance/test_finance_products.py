"""The mandatory controls of product families, and the shipped processes that contain them."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree

import finance

PRODUCTS = Path(__file__).parents[2] / "bpmn" / "products"
ZEEBE = "{http://camunda.org/schema/zeebe/1.0}"


@pytest.mark.parametrize("family", finance.MANDATORY_CONTROLS, ids=lambda family: family.name)
def test_the_shipped_process_of_a_family_contains_its_controls(family: finance.ProductFamily) -> None:
    files = [etree.parse(path) for path in sorted((PRODUCTS / family.name).glob("*.bpmn"))]

    def found(tag: str, attribute: str) -> set[str | None]:
        return {node.get(attribute) for tree in files for node in tree.iter(f"{ZEEBE}{tag}")}

    for control in family.controls:
        assert (
            control.jobs & found("taskDefinition", "type")
            or control.group in found("assignmentDefinition", "candidateGroups")
            or control.decision in found("calledDecision", "decisionId")
        ), control.name


def test_every_control_says_who_does_it() -> None:
    for family in finance.MANDATORY_CONTROLS:
        assert family.controls
        for control in family.controls:
            assert sum(map(bool, (control.jobs, control.group, control.decision))) == 1
            named = control.jobs | control.before | control.follows
            assert all(job.startswith("finance.") for job in named)
