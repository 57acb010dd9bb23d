"""Jobs of the test models: they count, and fail as a test tells them to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from bpmn.values import Value
from core import Conflict
from workflows.effects import BusinessError, Effects, JobContext

TRACE_TABLE = "CREATE TABLE public.trace (case_id uuid NOT NULL)"


class Jobs:
    """The registry of the test models' jobs, with what was performed."""

    def __init__(self) -> None:
        self.performed: Counter[str] = Counter()
        self.fails = False
        self.effects = Effects()
        self.effects.job("test.count")(self._count)
        self.effects.job("test.fragile")(self._fragile)

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
