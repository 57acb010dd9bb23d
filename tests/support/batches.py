"""Reading what the jobs of the test model `batch` wrote."""

from __future__ import annotations

from uuid import UUID

from support.cases import Platform


async def booked(platform: Platform, case_id: UUID, job: str = "book") -> list[str]:
    """Return the invoices that a job of a batch wrote a row for, with repetitions."""
    rows = await platform.rows(
        "SELECT invoice FROM public.booked WHERE case_id = $1 AND job = $2", case_id, job
    )
    return sorted(row["invoice"] for row in rows)
