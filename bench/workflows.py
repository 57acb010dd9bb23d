"""Cases per second beside Temporal workflows written by hand, and invoices per second of one large batch.

Three shapes: (p1) five automatic tasks, (p2) service, gateway, user task, service, (p3) ten timers. Both
sides call the same effect functions on the same database and Temporal server, sign what they do into the same
ledger, and run on one worker in this process. By hand, each task has a transaction and a ledger entry of its
own. Ours goes the whole way (inbox, relay, workflow, kernel, read model), and what one command sets going is
one transaction and one entry, with a leaf for each element step. Both run in a process of their own, set up
as the platform's worker is (its event loop, its garbage collector); those by hand have the SDK's sandbox, as
it comes. They take turns, so that both meet the same noise. On a machine that is late, several of our timers
come due in one burst; those by hand wait for each.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
import tempfile
import time
from pathlib import Path

import orjson
import uvloop

import ledger
from bench.workflows_by_hand import by_hand
from bench.workflows_cpu import KINDS, cpu_seconds
from bench.workflows_ours import Cases, RunCase, client_of, our_worker, prepare
from core import Database
from core.collector import settle_collector
from core.database import migrate
from workflows.worker import WorkerSettings, rooms

# How many cases are on their way at a time. Ten timers of 50 ms wait half a second at least.
CLIENTS = {"p1": 16, "p2": 16, "p3": 24}
WARMING_UP = 4
SECONDS = 5.0
TURNS = 2
INVOICES = 1_000


async def run(database_url: str, temporal_target: str) -> dict[str, dict[str, float]]:
    """Measure on an empty database: `figures` ours, `peers` by hand."""
    await migrate(database_url, rooms())
    database = await Database.open(database_url, rooms(), pool_size=8)
    figures: dict[str, float] = {}
    peers: dict[str, float] = {}
    try:
        await prepare(database)
        with tempfile.TemporaryDirectory() as folder:
            settings = WorkerSettings(database_url, temporal_target, Path(folder), task_queue="bench-ours")
            keys = ledger.load_or_create_keys(settings.key_folder)
            recorder = ledger.Recorder(keys.signing_key, keys.vault_key, settings.origin)
            async with (
                our_worker(database, settings),
                client_of(database, temporal_target, keys.vault_key) as cases,
                by_hand(database, temporal_target, recorder) as theirs,
            ):
                ours = {"p1": cases.tasks, "p2": cases.person, "p3": cases.waits}
                for shape, clients in CLIENTS.items():
                    our_rate, hand_rate, cpu = await _in_turns(ours[shape], theirs[shape], clients)
                    figures[f"workflows.{shape}_cases_per_s"] = our_rate
                    peers[f"workflows.{shape}_cases_per_s"] = hand_rate
                    figures[f"workflows.{shape}_ratio_to_handwritten"] = our_rate / hand_rate
                    peers[f"workflows.{shape}_ratio_to_handwritten"] = 1.0
                    for kind in KINDS:
                        figures[f"workflows.{shape}_{kind}_cpu_ms"] = cpu[0][kind]
                        peers[f"workflows.{shape}_{kind}_cpu_ms"] = cpu[1][kind]
                figures |= await _batch(cases)
    finally:
        await database.close()
    return {"figures": figures, "peers": peers}


async def _in_turns(
    ours: RunCase, theirs: RunCase, clients: int
) -> tuple[float, float, list[dict[str, float]]]:
    """Return cases per second of ours and theirs, and the processor time of a case (ms) in each process."""
    sides = (ours, theirs)
    ended = [0, 0]
    spent = [0.0, 0.0]
    cpu = [dict.fromkeys(KINDS, 0.0), dict.fromkeys(KINDS, 0.0)]
    for run_case in sides:
        await _rounds(run_case, 1.0, WARMING_UP)
    for _ in range(TURNS):
        for side, run_case in enumerate(sides):
            before = cpu_seconds()
            count, seconds = await _rounds(run_case, SECONDS, clients)
            after = cpu_seconds()
            ended[side] += count
            spent[side] += seconds
            for kind in KINDS:
                cpu[side][kind] += after[kind] - before[kind]
    per_case = [
        {kind: 1000 * seconds / ended[side] for kind, seconds in cpu[side].items()} for side in range(2)
    ]
    return ended[0] / spent[0], ended[1] / spent[1], per_case


async def _rounds(run_case: RunCase, seconds: float, clients: int) -> tuple[int, float]:
    """Let the clients run one case after the other; return how many ended, and the seconds it took."""
    began, ended = time.perf_counter(), itertools.count()

    async def client() -> None:
        while time.perf_counter() - began < seconds:
            await run_case()
            next(ended)

    await asyncio.gather(*(client() for _ in range(clients)))
    return next(ended), time.perf_counter() - began


async def _batch(cases: Cases) -> dict[str, float]:
    """Run one batch of invoices, each with six elements, from its submission to its end."""
    await cases.start("batch", {"invoices": _invoices(20)})
    before, began = cpu_seconds(), time.perf_counter()
    workflow_id, case_id = await cases.start("batch", {"invoices": _invoices(INVOICES)})
    await cases.ended(workflow_id)
    seconds = time.perf_counter() - began
    after = cpu_seconds()
    async with cases.database.reading() as sql:
        written = await sql.fetchval("SELECT count(*) FROM public.invoice_effect WHERE case_id = $1", case_id)
        case = await sql.fetchrow(
            "SELECT seq, step_seq FROM workflows.case_ WHERE id = $1 AND state = 'completed'", case_id
        )
    if case is None or written != 2 * INVOICES:
        raise RuntimeError(f"The batch wrote {written} rows for {INVOICES} invoices.")
    return {
        "workflows.batch_invoices_per_s": INVOICES / seconds,
        "workflows.batch_seconds": seconds,
        "workflows.batch_ledger_entries": case["seq"],
        "workflows.batch_signed_steps": case["step_seq"],
        **{f"workflows.batch_{kind}_cpu_ms": 1000 * (after[kind] - before[kind]) for kind in KINDS},
    }


def _main(database_url: str, temporal_target: str) -> None:
    settle_collector()
    measured = uvloop.run(run(database_url, temporal_target))
    sys.stdout.write(orjson.dumps(measured).decode())


def _invoices(count: int) -> list[dict[str, str | int]]:
    return [{"id": f"invoice-{number}", "amount": 100 + number} for number in range(count)]


if __name__ == "__main__":
    _main(*sys.argv[1:])
