"""The effects that the benchmarks of cases perform, the same for our side and for what is by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bpmn.values import Value
from workflows.effects import Effects, JobContext

EFFECT_TABLES = """
    CREATE TABLE public.effect (case_id uuid, at timestamptz);
    CREATE TABLE public.invoice_effect (case_id uuid, job text, invoice text, at timestamptz)
"""

effects = Effects()


@effects.job("bench.write")
async def write(job: JobContext) -> Mapping[str, Value]:
    """Write one row, as a small effect does."""
    await job.tx.sql.execute("INSERT INTO public.effect (case_id, at) VALUES ($1, $2)", job.case_id, job.at)
    return {}


@effects.bulk("bench.check")
async def check(jobs: Sequence[JobContext]) -> Sequence[Mapping[str, Value]]:
    """Write one row for each invoice with one statement."""
    return await _write_invoices(jobs, "check")


@effects.bulk("bench.book")
async def book(jobs: Sequence[JobContext]) -> Sequence[Mapping[str, Value]]:
    """Write one row for each invoice with one statement."""
    return await _write_invoices(jobs, "book")


async def _write_invoices(jobs: Sequence[JobContext], job: str) -> Sequence[Mapping[str, Value]]:
    invoices = [job.variables["invoice"] for job in jobs]
    await jobs[0].tx.sql.execute(
        "INSERT INTO public.invoice_effect SELECT $1, $2, invoice, $4 FROM unnest($3::text[]) AS invoice",
        jobs[0].case_id,
        job,
        [str(invoice["id"]) for invoice in invoices if isinstance(invoice, Mapping)],
        jobs[0].at,
    )
    return [{} for _ in jobs]
