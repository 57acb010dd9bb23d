"""A bank outside of the platform: a real HTTP server that counts payments once per idempotency key."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from decimal import Decimal

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bpmn.values import Value
from scf.temporal_server import free_port
from workflows.effects import BusinessError, Effects, RemoteContext, Retry


class Bank:
    """What the bank has seen. It fails at random, before or after it has counted; `hold` makes it slow."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self.calls: Counter[str] = Counter()
        self.counted: dict[str, str] = {}
        self.times: list[float] = []
        self.abandoned: set[str] = set()
        self.failure_rate = 0.0
        self.hold = 0.0
        self.url = ""

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[Bank]:
        """Serve on loopback."""
        port = free_port()
        app = Starlette(routes=[Route("/pay", self._pay, methods=["POST"])])
        server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error"))
        serving = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        self.url = f"http://127.0.0.1:{port}"
        try:
            yield self
        finally:
            server.should_exit = True
            await serving

    async def _pay(self, request: Request) -> Response:
        key = request.headers["Idempotency-Key"]
        order = await request.json()
        self.calls[key] += 1
        self.times.append(time.monotonic())
        if self._fails():
            return Response(status_code=503)
        self.counted.setdefault(key, order["amount"])
        until = time.monotonic() + self.hold
        while time.monotonic() < until:
            if await request.is_disconnected():
                self.abandoned.add(key)
                return Response(status_code=499)
            await asyncio.sleep(0.02)
        if self._fails():
            return Response(status_code=503)
        if order["amount"] == "0":
            return Response(status_code=422)
        return JSONResponse({"receipt": f"receipt of {self.counted[key]}"})

    def _fails(self) -> bool:
        return self._random.random() < self.failure_rate


def bank_effects(url: str) -> Effects:
    """Return jobs that call the bank: the same call under several policies."""
    effects = Effects()
    often = Retry(
        attempts=50, first_pause=timedelta(milliseconds=20), longest_pause=timedelta(milliseconds=200)
    )
    once = Retry(attempts=1)

    async def pay(job: RemoteContext) -> Mapping[str, Value]:
        amount = job.variables["amount"]
        async with httpx.AsyncClient(timeout=120) as client:
            answer = await client.post(
                f"{url}/pay",
                json={"amount": f"{amount:f}" if isinstance(amount, Decimal) else str(amount)},
                headers={"Idempotency-Key": str(job.idempotency_key)},
            )
        if answer.status_code == 422:
            raise BusinessError("REFUSED", "The bank refuses this.")
        answer.raise_for_status()
        return {"receipt": answer.json()["receipt"]}

    effects.remote("bank.pay", timeout=timedelta(seconds=20), heartbeat=timedelta(seconds=2), retry=often)(
        pay
    )
    effects.remote("bank.once", timeout=timedelta(seconds=20), heartbeat=timedelta(seconds=2), retry=once)(
        pay
    )
    effects.remote("bank.hasty", timeout=timedelta(seconds=1), retry=Retry(attempts=2))(pay)
    effects.remote("bank.long", timeout=timedelta(minutes=10), heartbeat=timedelta(seconds=1), retry=often)(
        pay
    )
    effects.remote("bank.limited", timeout=timedelta(seconds=20), retry=often, rate_limit=4.0)(pay)
    return effects
