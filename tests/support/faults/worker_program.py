"""`scf serve worker`, with the job types of the errands besides its own: `worker_program.py serve worker …`.

The books they go to are a table without any key, so that a job done twice would be seen, and a bank outside.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import timedelta

import httpx

import workflows.worker
from bpmn.values import Value
from scf.cli import main
from scoring.service import ScoringService
from workflows.effects import Effects, JobContext, RemoteContext, Retry
from workflows.effects.platform import platform_effects

errands = Effects()


async def _write(job: JobContext, part: str) -> Mapping[str, Value]:
    await job.tx.sql.execute(
        "INSERT INTO public.effect (case_id, part, entry_id) VALUES ($1, $2, $3)",
        job.case_id,
        part,
        job.entry_id,
    )
    return {}


@errands.job("errand.open")
async def open_errand(job: JobContext) -> Mapping[str, Value]:
    """Write that the errand began."""
    return await _write(job, "open")


@errands.job("errand.close")
async def close_errand(job: JobContext) -> Mapping[str, Value]:
    """Write that the errand ended."""
    return await _write(job, "close")


@errands.remote(
    "errand.pay",
    timeout=timedelta(seconds=20),
    heartbeat=timedelta(seconds=3),
    retry=Retry(attempts=50, first_pause=timedelta(milliseconds=200), longest_pause=timedelta(seconds=2)),
)
async def pay(job: RemoteContext) -> Mapping[str, Value]:
    """Let the bank outside pay the errand's amount, and keep its receipt."""
    async with httpx.AsyncClient(timeout=10, trust_env=False, verify=False) as client:  # noqa: S501 - plain HTTP
        answer = await client.post(
            f"{os.environ['ERRAND_BANK']}/pay",
            json={"amount": job.text("amount")},
            headers={"Idempotency-Key": str(job.idempotency_key)},
        )
    answer.raise_for_status()
    return {"receipt": answer.json()["receipt"]}


def all_effects(scoring: ScoringService | None = None) -> Effects:
    """Return the release's job types and those of the errands."""
    effects = platform_effects(scoring)
    effects.include(errands)
    return effects


if __name__ == "__main__":
    workflows.worker.platform_effects = all_effects
    main()
