"""Run all benchmarks, print them as a table, and write `bench/results/latest.json`.

`python -m bench [ROOM …]` runs all or some of: kernel, ledger, workflows, api. The services are the embedded
ones, started for this on loopback; loads are bounded in time and connections.
"""

from __future__ import annotations

import asyncio
import os
import platform as machine_platform
import sys
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
import orjson
import psutil
from rich.table import Table

from bench import api, kernel, ledger, workflows
from core.clock import SystemClock
from core.database import Database
from scf import console
from scf.demo.client import api_client
from scf.demo.documents import SHIPPED_DOCUMENTS
from scf.demo.run import run_demo
from scf.platform import Platform, PlatformOptions, running_platform
from scf.rooms import ROOMS

RESULTS = Path(__file__).parent / "results" / "latest.json"
_FORTY_DAYS_A_SECOND = Decimal(3_456_000)
_LOWER_IS_BETTER = ("_ms", "_growth", "_cost")


@dataclass(frozen=True, slots=True)
class Measured:
    """Plain numbers by key; `peers` holds the floor or the rival of the same run under the same key."""

    figures: Mapping[str, float]
    peers: Mapping[str, float]


async def _kernel(_: Platform) -> Measured:
    return Measured(await asyncio.to_thread(kernel.run), await asyncio.to_thread(kernel.peers))


async def _ledger(platform: Platform) -> Measured:
    figures = await ledger.run(await _fresh_database(platform, "bench_ledger"))
    return Measured(figures, await ledger.peers(await _fresh_database(platform, "bench_floor")))


async def _workflows(platform: Platform) -> Measured:
    database = await _fresh_database(platform, "bench_workflows")
    measured = await workflows.run(database, platform.temporal_target)
    return Measured(measured["figures"], measured["peers"])


async def _api(platform: Platform) -> Measured:
    """Measure reads on a platform that holds the demo's cases."""
    database = await Database.open(platform.database_url, ROOMS)
    try:
        async with api_client(platform.url) as http:
            _, staff = await run_demo(SHIPPED_DOCUMENTS, database=database, http=http, clock=SystemClock())
    finally:
        await database.close()
    measured = await api.run(platform.url, staff.bank["auditor"].token)
    return Measured(measured["figures"], measured["peers"])


BENCHMARKS: Mapping[str, Callable[[Platform], Awaitable[Measured]]] = {
    "kernel": _kernel,
    "ledger": _ledger,
    "workflows": _workflows,
    "api": _api,
}


def main() -> None:
    """Run the benchmarks that are named, or all."""
    wanted = sys.argv[1:] or list(BENCHMARKS)
    unknown = sorted(set(wanted) - set(BENCHMARKS))
    if unknown:
        console.err.print(f"There is no benchmark {unknown[0]}; there are {', '.join(BENCHMARKS)}.")
        sys.exit(2)
    asyncio.run(_run(wanted))


async def _run(wanted: list[str]) -> None:
    load_before = os.getloadavg()[0]
    figures: dict[str, float] = {}
    peers: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="scf-bench-") as folder:
        options = PlatformOptions(data=Path(folder), port=0, simulated_rate=_FORTY_DAYS_A_SECOND)
        async with running_platform(options) as platform:
            for name in wanted:
                with console.step(f"Measuring {name}"):
                    measured = await BENCHMARKS[name](platform)
                figures.update(measured.figures)
                peers.update(measured.peers)
    result = {"machine": _machine(load_before), "figures": figures, "peers": peers}
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_bytes(orjson.dumps(result, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS))
    _show(result)


def _machine(load_before: float) -> dict[str, Any]:
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "system": machine_platform.platform(),
        "processor": machine_platform.machine(),
        "python": machine_platform.python_version(),
        "load_before": round(load_before, 2),
    }


def _show(result: Mapping[str, Any]) -> None:
    machine = result["machine"]
    table = Table("figure", "measured", "peer or floor", "ratio")
    for column in table.columns[1:]:
        column.justify = "right"
    for key, value in sorted(result["figures"].items()):
        peer = result["peers"].get(key)
        ratio = f"{value / peer:.2f}" if peer else ""
        better = " (lower is better)" if key.endswith(_LOWER_IS_BETTER) else ""
        table.add_row(f"{key}{better}", f"{value:,.2f}", f"{peer:,.2f}" if peer else "", ratio)
    console.out.print(table)
    console.out.print(
        f"{machine['cores']} cores, {machine['memory_gib']} GiB, {machine['system']}, "
        f"Python {machine['python']}, load {machine['load_before']} before the run. Written to {RESULTS}.",
        highlight=False,
    )


async def _fresh_database(platform: Platform, name: str) -> str:
    connection = await asyncpg.connect(platform.database_url)
    try:
        await connection.execute(f"CREATE DATABASE {name}")
    finally:
        await connection.close()
    return platform.database_url.replace("/postgres?", f"/{name}?", 1)


if __name__ == "__main__":
    main()
