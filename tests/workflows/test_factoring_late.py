"""Factoring when the buyer does not pay: time runs on, a reminder goes out, and collections decide."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from uuid import UUID

import pytest
import pytest_asyncio
from conftest import NewDatabase

from support.cases import Platform
from support.factoring import COLLECTIONS, bring_trade, shipped_platform
from workflows.domain_commands import NewCaseClock
from workflows.worker import WorkerSettings, rooms

# The clock stands still for people only, so that it runs on while the case waits for the payment.
CLOCK = NewCaseClock(Decimal(2_000_000), frozenset({"task"}), from_documents=True)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def platform(
    new_database: NewDatabase, temporal_target: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Platform]:
    """A platform as it is shipped, on a clock that does not wait for banks."""
    url, keys = await new_database(rooms()), tmp_path_factory.mktemp("keys")
    settings = WorkerSettings(url, temporal_target, keys, task_queue="test-late", case_clock=CLOCK)
    async with shipped_platform(settings) as platform, platform.running():
        yield platform


async def test_a_late_payment_is_reminded_and_comes_to_recourse(platform: Platform) -> None:
    trade = await bring_trade(platform, "retail", "21")
    case_id = await trade.request()
    await trade.approve(case_id)
    await trade.fund(case_id)
    await platform.complete(case_id, "RecourseDecision", COLLECTIONS, decision="recourse", reason="insolvent")
    await platform.case_in(case_id, "completed")
    completed = await platform.steps(case_id)
    assert completed.index("RemindPayment") < completed.index("RecourseDecision")
    assert completed.index("RecourseDecision") < completed.index("DemandRecourse")
    assert "CollectPayment" not in completed
    assert await asset_state(platform, trade.invoice_id) == "RECOURSE_DEMANDED"


async def asset_state(platform: Platform, invoice_id: UUID) -> str:
    (asset,) = await platform.rows("SELECT state FROM finance.asset_view WHERE invoice_id = $1", invoice_id)
    state: str = asset["state"]
    return state
