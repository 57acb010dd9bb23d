"""The mandatory controls of product families, and the shipped processes that contain them."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree

import finance

PRODUCTS = Path(__file__).parents[2] / "bpmn" / "products"
ZEEBE = "{http://camunda.org/schema/zeebe/1.0}"


@pytest.mark.parametrize(("family", "controls"), finance.MANDATORY_CONTROLS)
def test_the_shipped_process_of_a_family_contains_its_controls(family: str, controls: frozenset[str]) -> None:
    files = [etree.parse(path) for path in sorted((PRODUCTS / family).glob("*.bpmn"))]
    job_types = {task.get("type") for tree in files for task in tree.iter(f"{ZEEBE}taskDefinition")}
    assert controls <= job_types


def test_every_control_is_a_finance_job() -> None:
    for _, controls in finance.MANDATORY_CONTROLS:
        assert controls
        assert all(control.startswith("finance.") for control in controls)
