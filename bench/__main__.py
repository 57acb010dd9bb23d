"""Run all benchmarks, print them as a table, and write `bench/results/latest.json`.

`python -m bench [ROOM …]` runs all or some of: kernel, ledger, workflows, api; only when they are named
`waiting` (10,000 cases that wait, minutes) and `workers` (one, two and four of them, each with a processor
quota, for which it must run as root). The services are the embedded ones, started for this on loopback where
a room needs them; loads are bounded in time and connections.
"""

from __future__ import annotations

import asyncio
import os
import platform as machine_platform
import re
import sys
import tempfile
from asyncio.subprocess import PIPE
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

from bench import api, kernel, ledger, ledger_proof, workflows, workflows_waiting, workflows_workers
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
_LOWER_IS_BETTER = re.compile(r"_(ms|us|mb|seconds|growth|cost)$|(cost|size)_ratio_")


@dataclass(frozen=True, slots=True)
class Measured:
    """Plain numbers by key; `peers` holds the floor or the rival of the same run under the same key."""

    figures: Mapping[str, float]
    peers: Mapping[str, float]


def _kernel() -> Measured:
    return Measured(kernel.run(), kernel.peers())


async def _ledger(platform: Platform) -> Measured:
    figures = await ledger.run(await _fresh_database(platform, "bench_ledger"))
    figures |= await ledger_proof.run(await _fresh_database(platform, "bench_proof"))
    return Measured(figures, await ledger.peers(await _fresh_database(platform, "bench_floor")))


async def _workflows(platform: Platform) -> Measured:
    database = await _fresh_database(platform, "bench_workflows")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", workflows.__name__, database, platform.temporal_target, stdout=PIPE
    )
    written, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"Measuring cases ended with exit code {process.returncode}.")
    measured = orjson.loads(written)
    return Measured(measured["figures"], measured["peers"])


async def _waiting(platform: Platform) -> Measured:
    database = await _fresh_database(platform, "bench_waiting")
    return Measured(await workflows_waiting.run(database, platform.temporal_target), {})


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


async def _workers(platform: Platform) -> Measured:
    database = await _fresh_database(platform, "bench_workers")
    return Measured(await workflows_workers.run(database, platform.temporal_target), {})


#: What runs by itself, and what needs the platform's services.
ALONE: Mapping[str, Callable[[], Measured]] = {"kernel": _kernel}
ON_PLATFORM: dict[str, Callable[[Platform], Awaitable[Measured]]] = {
    "ledger": _ledger,
    "workflows": _workflows,
    "api": _api,
}
#: What takes long, or asks for rights that not everybody has; it runs only when it is named.
WHEN_NAMED: dict[str, Callable[[Platform], Awaitable[Measured]]] = {"waiting": _waiting, "workers": _workers}


def main() -> None:
    """Run the benchmarks that are named, or all that are short."""
    known = [*ALONE, *ON_PLATFORM, *WHEN_NAMED]
    wanted = sys.argv[1:] or [*ALONE, *ON_PLATFORM]
    unknown = sorted(set(wanted) - set(known))
    if unknown:
        console.err.print(f"There is no benchmark {unknown[0]}; there are {', '.join(known)}.")
        sys.exit(2)
    load_before = os.getloadavg()[0]
    measured: list[Measured] = []
    for name in [name for name in ALONE if name in wanted]:
        with console.step(f"Measuring {name}"):
            measured.append(ALONE[name]())
    served = [name for name in (*ON_PLATFORM, *WHEN_NAMED) if name in wanted]
    if served:
        measured += asyncio.run(_on_platform(served))
    figures = {key: value for each in measured for key, value in each.figures.items()}
    peers = {key: value for each in measured for key, value in each.peers.items()}
    result = {"machine": _machine(load_before), "figures": figures, "peers": peers}
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_bytes(orjson.dumps(result, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS))
    _show(result)


async def _on_platform(names: list[str]) -> list[Measured]:
    """Measure these rooms, one after the other, on one platform that is started for it."""
    measured: list[Measured] = []
    with tempfile.TemporaryDirectory(prefix="scf-bench-") as folder:
        options = PlatformOptions(data=Path(folder), port=0, simulated_rate=_FORTY_DAYS_A_SECOND)
        async with running_platform(options) as platform:
            for name in names:
                with console.step(f"Measuring {name}"):
                    measured.append(await (ON_PLATFORM | WHEN_NAMED)[name](platform))
    return measured


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
        better = " (lower is better)" if _LOWER_IS_BETTER.search(key) else ""
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
