"""The portfolio is watched by a process: warnings act on limits, and a person's verdict on each is kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest
import pytest_asyncio
from conftest import NewDatabase

from scoring import monitoring
from support.cases import Platform
from support.factoring import OFFICER, bring_trade, shipped_platform
from workflows.domain_commands import NewCaseClock
from workflows.replay import replay_case
from workflows.worker import WorkerSettings, rooms

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "portfolio-watch"
CLOCK = NewCaseClock(Decimal(2_000_000), frozenset({"task", "message"}), from_documents=True)
BUYERS = "SELECT * FROM finance.limit_view WHERE scope = 'BUYER' AND state = 'ACTIVE'"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def platform(
    new_database: NewDatabase, temporal_target: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Platform]:
    """A platform as it is shipped, with the example deployed and three large requests approved."""
    url, keys = await new_database(rooms()), tmp_path_factory.mktemp("keys")
    settings = WorkerSettings(url, temporal_target, keys, task_queue="test-watch", case_clock=CLOCK)
    async with shipped_platform(settings) as platform, platform.running():
        await platform.deploy("portfolio-watch", EXAMPLE)
        for mark in ("61", "62", "63"):
            trade = await bring_trade(platform, "manufacturing", mark)
            await trade.approve(case_id := await trade.request())
            await platform.task(case_id, "AcceptOffer")
        yield platform


async def watched(platform: Platform, verdicts: list[str]) -> UUID:
    """Watch the portfolio and judge the warnings in the order in which their tasks stand."""
    case_id = await platform.start("portfolio-watch", {"currency": "EUR"})
    for verdict in verdicts:
        await platform.complete(case_id, "JudgeWarning", OFFICER, verdict=verdict, note="Looked at it.")
    await platform.case_in(case_id, "completed")
    return case_id


async def test_warnings_cut_limits_and_each_is_judged_once(platform: Platform) -> None:
    """Three buyers of 480,000 each: each is a third of the portfolio, and a quarter is allowed."""
    before = await platform.rows(BUYERS)
    assert {row["amount"] for row in before} == {Decimal(570_000)}
    case_id = await watched(platform, ["true", "false", "true"])

    after = await platform.rows(BUYERS)
    # A quarter of 1,440,000 is 360,000; a limit never falls below what is in use.
    assert {(row["amount"], row["binding_cap"]) for row in after} == {(Decimal(480_000), "early_warning")}
    alerts = await platform.rows("SELECT * FROM scoring.alert_view")
    assert {(row["rule"], row["kind"], row["amount"]) for row in alerts} == {
        ("concentration", "limit_cut", Decimal(360_000))
    }
    assert Counter(row["verdict"] for row in alerts) == {"true": 2, "false": 1}
    assert {row["judged_by"] for row in alerts} == {OFFICER.name}
    entries = {row["entry_id"] for row in await platform.rows("SELECT entry_id FROM ledger.entry_view")}
    assert {row[name] for row in alerts for name in ("entry_id", "judged_entry_id")} <= entries
    report = await replay_case(platform.database, case_id, platform.vault_key)
    assert report.agrees, report.mismatches
    async with platform.database.reading() as sql:
        (found,) = await monitoring.misjudgements(sql, since=datetime(2020, 1, 1, tzinfo=UTC))
    assert (found.rule, found.false.hits, found.false.cases) == ("concentration", 1, 3)


async def test_a_rule_that_was_wrong_about_a_party_is_silent_and_the_others_go_on(platform: Platform) -> None:
    """The cut limits are full now, and two of the three buyers are still too large."""
    await watched(platform, ["true"] * 5)
    alerts = await platform.rows("SELECT rule FROM scoring.alert_view")
    assert Counter(row["rule"] for row in alerts) == {"concentration": 3 + 2, "utilisation": 3}
