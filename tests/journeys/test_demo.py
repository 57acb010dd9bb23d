"""`scf demo`, as a user runs it: a process of its own, its JSON, its exit code."""

from __future__ import annotations

import subprocess
import sys
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest

from support.shared import shared_path

pytestmark = pytest.mark.platform


def run_demo(*arguments: str) -> dict[str, Any]:
    """Run the demo to its end and return its JSON."""
    ran = subprocess.run(
        [sys.executable, "-m", "scf", "demo", *arguments, "--exit", "--json"],
        capture_output=True,
        timeout=400,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr.decode()
    report: dict[str, Any] = orjson.loads(ran.stdout)
    return report


@pytest.fixture(scope="module")
def shipped() -> dict[str, Any]:
    return run_demo()


def test_the_shipped_documents_are_financed_to_settlement(shipped: dict[str, Any]) -> None:
    cases = [shipped, *shipped["other_cases"]]

    assert [case["case"]["state"] for case in cases] == ["completed"] * 3
    assert {asset["state"] for case in cases for asset in case["assets"]} == {"SETTLED"}
    assert shipped["case"]["product"] == "factoring"


def test_only_the_large_case_needs_a_second_officer(shipped: dict[str, Any]) -> None:
    seconded = {
        case["case"]["face"]["amount"]: any(step["element"] == "SecondApproval" for step in case["steps"])
        for case in [shipped, *shipped["other_cases"]]
    }
    largest = max(seconded, key=Decimal)

    assert [amount for amount, second in seconded.items() if second] == [largest]


def test_no_one_approves_twice(shipped: dict[str, Any]) -> None:
    approvers = [
        step["actor"]
        for step in shipped["steps"]
        if step["element"] in ("ApproveFinancing", "SecondApproval") and step["kind"] == "task.completed"
    ]

    assert len(approvers) == 2
    assert len(set(approvers)) == 2


def test_every_journal_balances_and_names_its_entry(shipped: dict[str, Any]) -> None:
    for journal in (journal for case in [shipped, *shipped["other_cases"]] for journal in case["journal"]):
        totals: dict[str, Decimal] = defaultdict(Decimal)
        for posting in journal["postings"]:
            totals[posting["side"]] += Decimal(posting["amount"]["amount"])
        assert totals["DEBIT"] == totals["CREDIT"], journal
        assert isinstance(journal["entry"], int)


def test_the_invoice_that_came_again_was_found(shipped: dict[str, Any]) -> None:
    duplicates = [found for found in shipped["exceptions"] if found["kind"] == "duplicate"]

    assert [(found["file"], found["refers_to"]) for found in duplicates] == [
        ("retail/invoice-sent-again.xml", "invoice.xml")
    ]


def test_the_ledger_and_a_proof_verify(shipped: dict[str, Any]) -> None:
    entries = [step["entry"] for step in shipped["steps"]]

    assert shipped["ledger"]["verified"] is True
    assert shipped["ledger"]["problems"] == []
    assert shipped["proof"]["verified"] is True
    assert max(entries) < shipped["ledger"]["entries"]
    assert shipped["ledger"]["checkpoint"].startswith("scf.local/log\n")


def test_documents_that_contradict_each_other_wait_for_a_person() -> None:
    report = run_demo(str(shared_path("documents", "ubl")))
    kinds: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for exception in report["exceptions"]:
        kinds[exception["kind"]].append(exception)
    codes = {exception["code"] for exception in kinds["match"]}

    assert report["case"]["state"] == "waiting"
    assert report["steps"][-1]["kind"] == "task.created"
    assert {"match.quantity_over_receipt", "match.price_differs"} <= codes
    short = next(e for e in kinds["match"] if e["code"] == "match.quantity_over_receipt")
    assert Decimal(short["invoiced"]) - Decimal(short["received"]) == 10
    price = next(e for e in kinds["match"] if e["code"] == "match.price_differs")
    assert (Decimal(price["orderPrice"]), Decimal(price["invoicePrice"])) == (100, 1)
    assert [found["number"] for found in kinds["duplicate"]] == ["A00095678", "A00095678"]
    assert [found["number"] for found in kinds["conflict"]] == ["AEG012345"]
    assert report["assets"] == []
    assert report["journal"] == []
    assert report["ledger"]["verified"] is True


def test_a_folder_without_documents_is_told(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "scf", "demo", str(tmp_path / "nowhere"), "--exit", "--json"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 3
    assert "demo.folder_missing" in ran.stderr
