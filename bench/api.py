"""How many reads a second the API answers, and how fast, beside a route that does nothing.

A mix of the queries that the web app asks is sent over 16 connections: lists, a case with its steps and
their ledger entries, a task list, the log. The floor is a Starlette route that answers a constant JSON object
to the same load generator, on the same machine, in the same run: what HTTP alone costs. `wrk` makes the load
when it is on the PATH; httpx does otherwise, and then spends more of the machine than the server.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

CONNECTIONS = 16
SECONDS = 8
WARM_UP_SECONDS = 2
ROOT = Path(__file__).resolve().parents[1]

LIST_CASES = "{ cases(first: 20) { edges { node { id product state startedAt activeElements } } } }"
LIST_INVOICES = """
{ invoices(first: 20) { edges { node {
    id number state dueDate matchDecision sellerName buyerName total { amount currency } } }
  pageInfo { hasNextPage endCursor } } }
"""
LIST_TASKS = '{ tasks(state: "open", first: 20) { edges { node { id name candidateGroups createdAt } } } }'
LIST_ENTRIES = "{ ledgerEntries(first: 20) { edges { node { index kind actor bodyHash } } } }"
ONE_INVOICE = """
query ($id: ID!) { node(id: $id) { ... on Invoice {
    number total { amount currency } lines { line quantity unitPrice amount } document { filename } } } }
"""
ONE_CASE = """
query ($id: ID!) { case(id: $id) {
    state activeElements definition { key version }
    steps(first: 20) { edges { node { seq element kind at entry { index bodyHash } } } }
    tasks(first: 10) { edges { node { name state } } } } }
"""
ME = "{ me { name roles } }"


async def run(base_url: str, token: str) -> dict[str, Any]:
    """Measure a running API.

    Args:
        base_url: where it listens, for example `http://127.0.0.1:8080`.
        token: a bearer token of someone who sees all rows; the platform should hold a few cases.

    Returns:
        `{"figures": {...}, "peers": {...}}` with `api.mix_per_s` and `api.mix_p95_ms` each.
    """
    headers = {"content-type": "application/json", "authorization": f"Bearer {token}"}
    bodies = await _mix(base_url, headers)
    figures = await _load(f"{base_url}/graphql", headers, bodies)
    async with _floor() as floor_url:
        peers = await _load(floor_url, headers, bodies)
    return {"figures": figures, "peers": peers}


async def answer(_request: Request) -> JSONResponse:
    """Answer a constant."""
    return JSONResponse({"data": {"me": None}})


floor_app = Starlette(routes=[Route("/", answer, methods=["POST"])])


async def _mix(base_url: str, headers: dict[str, str]) -> list[bytes]:
    """Return the bodies of the mix, each tried once, with ids that exist on this platform."""
    async with httpx.AsyncClient(base_url=base_url, headers=headers) as client:

        async def ask(query: str, variables: dict[str, str] | None = None) -> Any:
            reply = await client.post("/graphql", json={"query": query, "variables": variables})
            content = reply.json()
            if content.get("errors"):
                raise RuntimeError(f"the benchmark's query is refused: {content['errors']}")
            return content["data"]

        queries: list[tuple[str, dict[str, str] | None]] = [
            (query, None) for query in (ME, LIST_CASES, LIST_INVOICES, LIST_TASKS, LIST_ENTRIES)
        ]
        cases = (await ask(LIST_CASES))["cases"]["edges"]
        invoices = (await ask(LIST_INVOICES))["invoices"]["edges"]
        queries += [(ONE_CASE, {"id": edge["node"]["id"]}) for edge in cases[:5]]
        queries += [(ONE_INVOICE, {"id": edge["node"]["id"]}) for edge in invoices[:5]]
        for query, variables in queries:
            await ask(query, variables)
    return [orjson.dumps({"query": query, "variables": variables}) for query, variables in queries]


async def _load(url: str, headers: dict[str, str], bodies: Sequence[bytes]) -> dict[str, float]:
    load = _wrk if shutil.which("wrk") else _httpx
    await load(url, headers, bodies, WARM_UP_SECONDS)
    per_second, p95 = await load(url, headers, bodies, SECONDS)
    return {"api.mix_per_s": round(per_second, 1), "api.mix_p95_ms": round(p95, 2)}


_WRK_SCRIPT = """
local bodies = {%s}
local number = 0
wrk.method = "POST"
%s
request = function()
  number = number + 1
  return wrk.format(nil, nil, nil, bodies[number %% #bodies + 1])
end
done = function(summary, latency, requests)
  local wrong = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout
  io.stderr:write(string.format('{"per_s": %%f, "p95_ms": %%f, "wrong": %%d}',
    summary.requests / summary.duration * 1e6, latency:percentile(95) / 1e3, wrong))
end
"""


async def _wrk(
    url: str, headers: dict[str, str], bodies: Sequence[bytes], seconds: int
) -> tuple[float, float]:
    def quoted(text: str) -> str:
        return orjson.dumps(text).decode()

    script = _WRK_SCRIPT % (
        ", ".join(quoted(body.decode()) for body in bodies),
        "\n".join(f"wrk.headers[{quoted(name)}] = {quoted(value)}" for name, value in headers.items()),
    )
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(script)
        file.flush()
        process = await asyncio.create_subprocess_exec(
            "wrk",
            "-t1",
            f"-c{CONNECTIONS}",
            f"-d{seconds}s",
            f"-s{file.name}",
            url,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        _, told = await process.communicate()
    result = orjson.loads(told)
    if result["wrong"]:
        raise RuntimeError(f"{result['wrong']} requests failed under load")
    return result["per_s"], result["p95_ms"]


async def _httpx(
    url: str, headers: dict[str, str], bodies: Sequence[bytes], seconds: int
) -> tuple[float, float]:
    took: list[float] = []
    turn = itertools.cycle(bodies)
    end = time.perf_counter() + seconds

    async def caller(client: httpx.AsyncClient) -> None:
        while (start := time.perf_counter()) < end:
            reply = await client.post(url, content=next(turn), headers=headers)
            reply.raise_for_status()
            took.append(time.perf_counter() - start)

    limits = httpx.Limits(max_connections=CONNECTIONS)
    async with httpx.AsyncClient(limits=limits) as client:
        start = time.perf_counter()
        await asyncio.gather(*(caller(client) for _ in range(CONNECTIONS)))
        elapsed = time.perf_counter() - start
    took.sort()
    return len(took) / elapsed, took[int(len(took) * 0.95)] * 1000


@asynccontextmanager
async def _floor() -> AsyncIterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "uvicorn", "bench.api:floor_app", "--port", str(port), "--log-level", "error"),
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    try:
        await _wait_for(port)
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.send_signal(signal.SIGINT)
        await process.wait()


async def _wait_for(port: int) -> None:
    async with asyncio.timeout(20):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
                continue
            writer.close()
            return
