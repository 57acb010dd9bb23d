"""Whatever part of the platform is killed within a case, the case ends once, with the same books."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from journeys.conftest import World

from scf.demo.report import CaseReport, nodes
from support.factoring import marked_documents

pytestmark = pytest.mark.platform

# In the middle of a case: after its first burst, with an offer open, and with money on its way.
_MOMENTS = (("VerifyWithBuyer", "ApproveFinancing"), ("AcceptOffer",), ("PaymentConfirmed", "WaitForPayment"))

_CASES = """
query Cases {
  cases(first: 100) { edges { node { activeElements state request { sellerName } } } }
}
"""


def books(report: CaseReport) -> Counter[str]:
    """Return what was booked, as a multiset of events with their postings."""
    return Counter(
        f"{journal['event']}: "
        + ", ".join(
            sorted(
                f"{posting['side']} {posting['account']} {posting['amount']['amount']}"
                for posting in journal["postings"]
            )
        )
        for journal in nodes(report.case["journals"])
    )


def trace(report: CaseReport) -> Counter[tuple[str, str]]:
    """Return what the case went through, as a multiset of element steps."""
    return Counter((step["kind"], step["element"]) for step in report.steps)


@pytest.fixture(scope="module")
async def undisturbed(world: World, tmp_path_factory: pytest.TempPathFactory) -> CaseReport:
    """The same trade, financed without a fault."""
    folder = marked_documents(tmp_path_factory.mktemp("undisturbed"), "logistics", "CALM")
    report = await world.finance(folder)
    assert report.sound
    return report.cases[0]


@pytest.mark.parametrize("victim", ["worker", "relay", "sequencer", "api", "temporal", "postgres"])
async def test_a_case_survives_the_kill_of_any_part(
    world: World, undisturbed: CaseReport, tmp_path: Path, victim: str
) -> None:
    mark = victim.upper()
    saboteur = asyncio.create_task(kill_in_the_middle(world, victim, mark))
    try:
        report = await world.finance(marked_documents(tmp_path, "logistics", mark))
        kills = await saboteur
    finally:
        saboteur.cancel()

    assert kills == len(_MOMENTS)
    (case,) = report.cases
    assert case.case["state"] == "completed"
    assert trace(case) == trace(undisturbed)
    assert books(case) == books(undisturbed)
    assert report.ledger.verified, report.ledger.problems
    assert report.ledger.proof_verified


async def kill_in_the_middle(world: World, victim: str, mark: str) -> int:
    """Kill a part of the platform at each of the moments; return how often that was done."""
    killed: list[int] = []
    for moment in _MOMENTS:
        await reached(world, moment, mark)
        while (pid := world.platform.supervisor.pid(victim)) in killed:
            await asyncio.sleep(0.05)  # it is still being started again
        os.kill(pid, signal.SIGKILL)
        killed.append(pid)
    return len(killed)


async def reached(world: World, moment: Sequence[str], mark: str) -> None:
    """Wait until the case of the marked companies stands at one of the elements, or has passed them."""
    while True:
        cases = nodes((await world.staff.bank["auditor"].ask(_CASES))["cases"])
        for case in (case for case in cases if mark in case["request"]["sellerName"]):
            if set(moment) & set(case["activeElements"]) or case["state"] == "completed":
                return
        await asyncio.sleep(0.05)
