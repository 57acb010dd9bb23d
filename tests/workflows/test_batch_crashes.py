"""What a crash leaves of a batch: every effect of every body once, whenever its worker dies."""

from __future__ import annotations

from uuid import uuid4

from support.batches import booked
from support.cases import SYSTEM, Platform
from support.workers import worker
from workflows import case_id_of
from workflows.advance import JOBS_PER_BURST
from workflows.replay import replay_case


async def test_a_batch_whose_worker_dies_after_a_burst_and_in_the_middle_of_one_is_done_once(
    stopped_platform: Platform,
) -> None:
    invoices = [f"invoice-{number}" for number in range(JOBS_PER_BURST + 20)]
    key = str(uuid4())
    case_id = case_id_of("batch", key)
    async with worker(stopped_platform, "--stop-after-commit") as process:
        await stopped_platform.submit(
            "case.start",
            {"product": "batch", "business_key": key, "variables": {"invoices": invoices}},
            actor=SYSTEM,
        )
        assert await process.wait() == -9
    assert 0 < len(await booked(stopped_platform, case_id, "check")) < len(invoices)
    async with worker(stopped_platform) as process:
        await stopped_platform.until(  # a bulk has written and has not committed
            "SELECT 1 FROM pg_stat_activity WHERE datname = current_database()"
            " AND state = 'idle in transaction' AND query LIKE 'INSERT INTO public.booked%'",
            1,
        )
        process.kill()
        await process.wait()
    async with worker(stopped_platform):
        await stopped_platform.case_in(case_id, "completed")
    assert await booked(stopped_platform, case_id, "check") == sorted(invoices)
    assert await booked(stopped_platform, case_id) == sorted(invoices)
    assert len(await stopped_platform.entries(case_id)) > 2
    assert (await replay_case(stopped_platform.database, case_id, stopped_platform.vault_key)).agrees
