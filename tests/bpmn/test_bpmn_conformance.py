"""The betsy suite: what is supported runs right, all else is refused by name; nothing runs wrong."""

import pytest

from bpmn.conformance import run_bpmn
from support.shared import shared_path

PASSED = 177
KNOWN = ("call.unknown-process", "loop.bad-count", "activity.bad-quantity")


@pytest.fixture(scope="module")
def report():
    return run_bpmn(shared_path("conformance", "bpmn", "betsy"))


def test_no_case_runs_wrong(report):
    """A case that does not pass was refused at deployment, naming rule and element."""
    wrong = [case for case in report["cases"] if not case["passed"] and case["got"]["outcome"] != "rejected"]
    assert wrong == []


def test_a_refusal_names_the_rule_and_the_element(report):
    for case in report["cases"]:
        if case["got"]["outcome"] == "rejected":
            code, _, rest = case["reason"].partition(": ")
            assert "." in code
            assert "unsupported" in code or code in KNOWN, case
            assert ".bpmn#" in rest


def test_the_count_of_passed_cases_does_not_fall(report):
    assert report["passed"] >= PASSED
    assert report["passed"] + report["failed"] == len(report["cases"]) == 177
