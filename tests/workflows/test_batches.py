"""Batches: one case with many bodies, whose jobs are performed in bulk and whose failures stay their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from support.batches import booked
from support.cases import SYSTEM, Platform
from support.jobs import Jobs
from workflows.replay import replay_case

INVOICES = [f"invoice-{number}" for number in range(200)]


async def incidents(platform: Platform, case_id: UUID) -> list[Mapping[str, Any]]:
    """Return the open incidents of a case."""
    return await platform.rows(
        "SELECT id, element, code FROM workflows.incident_view WHERE case_id = $1 AND state = 'open'", case_id
    )


async def replays(platform: Platform, case_id: UUID) -> bool:
    """Tell whether the case re-executes to what its ledger entries say."""
    return (await replay_case(platform.database, case_id, platform.vault_key)).agrees


async def test_the_jobs_of_a_batch_are_performed_in_bulk(platform: Platform, jobs: Jobs) -> None:
    jobs.bulks.clear()
    case_id = await platform.start("batch", {"invoices": INVOICES})
    assert (await platform.case(case_id))["state"] == "completed"
    assert await booked(platform, case_id, "check") == sorted(INVOICES)
    assert await booked(platform, case_id) == sorted(INVOICES)
    assert jobs.bulks == {"check": 1, "book": 1}
    assert len([step for step in await platform.steps(case_id) if step == "book"]) == len(INVOICES)
    assert await platform.entries(case_id) == ["case.start"]
    assert await replays(platform, case_id)


async def test_a_body_that_fails_holds_none_of_the_others(platform: Platform, jobs: Jobs) -> None:
    failing = INVOICES[123]
    jobs.bulks.clear()
    jobs.refused = {failing}
    case_id = await platform.start("batch", {"invoices": INVOICES})
    assert (await platform.case(case_id))["state"] == "incident"
    (incident,) = await incidents(platform, case_id)
    assert (incident["element"], incident["code"]) == ("book", "test.refused")
    assert await booked(platform, case_id) == sorted(set(INVOICES) - {failing})
    assert len([step for step in await platform.steps(case_id) if step == "booked"]) == len(INVOICES) - 1
    # Found by halves: far fewer calls than jobs.
    assert jobs.bulks["book"] < 20

    jobs.refused = set()
    await platform.perform(
        "incident.retry", {"incident_id": str(incident["id"])}, actor=SYSTEM, case_id=case_id
    )
    assert (await platform.case(case_id))["state"] == "completed"
    assert await booked(platform, case_id) == sorted(INVOICES)
    assert await replays(platform, case_id)


async def test_a_business_error_of_one_body_takes_its_own_way(platform: Platform) -> None:
    case_id = await platform.start("batch", {"invoices": [*INVOICES[:9], "disputed"]})
    assert (await platform.case(case_id))["state"] == "completed"
    assert await booked(platform, case_id) == sorted(INVOICES[:9])
    assert "put_aside" in await platform.steps(case_id)


async def test_a_body_that_ends_the_others_leaves_nothing_of_what_was_written_ahead_for_them(
    platform: Platform,
) -> None:
    case_id = await platform.start("batch", {"invoices": [*INVOICES[:5], "stop", *INVOICES[5:10]]})
    assert (await platform.case(case_id))["state"] == "completed"
    assert await platform.steps(case_id) != []
    assert await booked(platform, case_id, "check") == sorted([*INVOICES[:5], "stop"])
    assert await booked(platform, case_id) == []
    assert await replays(platform, case_id)
