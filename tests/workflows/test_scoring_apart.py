"""A platform whose scores are computed by a process of its own, which may be away or have another card."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import orjson
import pytest
import pytest_asyncio
from conftest import NewDatabase

import scoring
from scoring.card_file import decode, encode
from support.cases import Platform
from support.factoring import OPERATIONS, Trade, bring_trade, shipped_platform
from support.scoring_process import ScoringProcess, scoring_process
from workflows.domain_commands import NewCaseClock
from workflows.worker import WorkerSettings, rooms

CLOCK = NewCaseClock(Decimal(2_000_000), frozenset({"task", "message"}), from_documents=True)
OTHER_CARD = encode(replace(decode(scoring.shipped_card()), name="another"))


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScoringProcess]:
    with scoring_process(tmp_path_factory.mktemp("scoring")) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def platform(
    new_database: NewDatabase,
    temporal_target: str,
    tmp_path_factory: pytest.TempPathFactory,
    process: ScoringProcess,
) -> AsyncIterator[Platform]:
    """A platform as it is shipped, with scoring apart."""
    url, keys = await new_database(rooms()), tmp_path_factory.mktemp("keys")
    settings = WorkerSettings(
        url,
        temporal_target,
        keys,
        task_queue="test-scoring-apart",
        case_clock=CLOCK,
        scoring=process.address,
    )
    async with shipped_platform(settings) as platform, platform.running():
        yield platform


async def test_a_case_runs_to_its_offer_on_the_scores_of_the_process(platform: Platform) -> None:
    trade = await bring_trade(platform, "manufacturing", "11")
    await offered(platform, trade)

    card = scoring.load_card(scoring.shipped_card())
    runs = await platform.rows("SELECT * FROM scoring.run")
    assert {run["party_id"] for run in runs} == {trade.seller.party_id, trade.buyer.party_id}
    for run in runs:
        score = card.score(orjson.loads(run["inputs"]))
        assert (run["points"], run["pd"], run["grade"]) == (score.points, score.pd, score.grade)
        assert run["card_id"] == card.id
    limits = await platform.rows("SELECT scope, state FROM finance.limit_view")
    assert {limit["scope"] for limit in limits} == {"SELLER", "BUYER", "PAIR"}


async def test_a_case_waits_while_the_process_is_away_and_goes_on_when_it_is_back(
    platform: Platform, process: ScoringProcess
) -> None:
    trade = await bring_trade(platform, "retail", "12")
    process.stop()
    asked_for = 0

    async def refuse(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked_for
        asked_for += 1
        writer.close()

    going = asyncio.create_task(offered(platform, trade))
    async with await asyncio.start_server(refuse, "127.0.0.1", process.port):
        for _ in range(600):
            if asked_for >= 3:
                break
            await asyncio.sleep(0.1)
    assert asked_for >= 3
    assert not await platform.rows("SELECT * FROM workflows.incident_view")
    process.start()
    await going


async def test_a_process_with_another_card_is_refused_until_it_has_the_approved_one(
    platform: Platform, process: ScoringProcess, tmp_path: Path
) -> None:
    at = datetime(2026, 11, 26, tzinfo=UTC)
    async with platform.database.transaction() as tx:
        identifier = await scoring.register(tx, OTHER_CARD, trained_by="user:ana", at=at)
        await scoring.approve(tx, identifier, approved_by="user:ben", at=at)
    trade = await bring_trade(platform, "manufacturing", "13")
    going = asyncio.create_task(offered(platform, trade))
    await platform.until("SELECT * FROM workflows.incident_view", 1)
    (incident,) = await platform.rows("SELECT * FROM workflows.incident_view")
    assert incident["code"] == "scoring.card_not_served"
    assert not await _runs_by(platform, identifier)

    (tmp_path / "other.json").write_bytes(OTHER_CARD)
    process.stop()
    process.cards = (tmp_path / "other.json",)
    process.start()
    await platform.perform("incident.retry", {"incident_id": str(incident["id"])}, actor=OPERATIONS)
    await going
    assert len(await _runs_by(platform, identifier)) == 2


async def offered(platform: Platform, trade: Trade) -> None:
    """Bring a request as far as its offer, with limits proposed and approved."""
    case_id = await trade.request()
    await trade.approve(case_id)
    await platform.task(case_id, "AcceptOffer")


async def _runs_by(platform: Platform, card_id: str) -> list[UUID]:
    rows = await platform.rows("SELECT id FROM scoring.run_view WHERE card_id = $1", card_id)
    return [row["id"] for row in rows]
