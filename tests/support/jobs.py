"""Jobs of the test models: they count, and fail as a test tells them to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from bpmn.values import Value
from core import Conflict
from workflows.effects import BusinessError, Effects, JobContext

TRACE_TABLE = """
    CREATE TABLE public.trace (case_id uuid NOT NULL);
    CREATE TABLE public.booked (case_id uuid NOT NULL, job text NOT NULL, invoice text NOT NULL)
"""


async def book(jobs: Sequence[JobContext], job: str) -> list[Mapping[str, Value]]:
    """Write one row for each invoice with one statement."""
    await jobs[0].tx.sql.execute(
        "INSERT INTO public.booked SELECT $1, $2, unnest($3::text[])",
        jobs[0].case_id,
        job,
        [each.text("invoice") for each in jobs],
    )
    return [{"by": f"{job} {each.text('invoice')}"} for each in jobs]


class Jobs:
    """The registry of the test models' jobs, with what was performed."""

    def __init__(self) -> None:
        self.performed: Counter[str] = Counter()
        self.fails = False
        self.refused: set[str] = set()
        self.bulks: Counter[str] = Counter()
        self.effects = Effects()
        self.effects.job("test.count")(self._count)
        self.effects.job("test.fragile")(self._fragile)
        self.effects.bulk("test.check")(self._check)
        self.effects.bulk("test.book")(self._book)

    async def _count(self, job: JobContext) -> Mapping[str, Value]:
        self.performed[str(job.case_id)] += 1
        return {}

    async def _fragile(self, job: JobContext) -> Mapping[str, Value]:
        # Written first, so that a test sees whether a job that fails leaves anything behind.
        await job.tx.sql.execute("INSERT INTO public.trace VALUES ($1)", job.case_id)
        if job.variables.get("outcome") == "error":
            raise BusinessError("REJECTED", "This is not wanted.")
        if job.variables.get("outcome") == "crash":
            raise ZeroDivisionError("an ordinary mistake")
        if self.fails:
            raise Conflict("test.not_now", "Not now.")
        return {}

    async def _check(self, jobs: Sequence[JobContext]) -> Sequence[Mapping[str, Value]]:
        self.bulks["check"] += 1
        return await book(jobs, "check")

    async def _book(self, jobs: Sequence[JobContext]) -> Sequence[Mapping[str, Value]]:
        self.bulks["book"] += 1
        booked = await book(jobs, "book")
        for job in jobs:
            if job.text("invoice") in self.refused:
                raise Conflict("test.refused", f"The invoice {job.text('invoice')} cannot be booked.")
            if job.text("invoice") == "disputed":
                raise BusinessError("DISPUTED", "The debtor disputes this invoice.")
        return booked
