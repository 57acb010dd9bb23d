"""Who asks something of the platform while it is being broken: each goes on asking until it is done."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import UUID

import httpx

from core import Broken, Unavailable
from scf.demo import queries
from scf.demo.acting import CaseParties, run_to_its_end
from scf.demo.client import Person, api_client, refusal
from scf.demo.report import nodes
from scf.demo.staff import Staff
from support.cases import Platform
from support.factoring import Trade
from support.faults import errand
from workflows.transient import is_transient

T = TypeVar("T")

_ASK_AGAIN = 0.3
_LOOK_AGAIN = 1.0
_CLERKS = 6
_TWICE = 0.1  # how often a clerk sends the same request twice at once

_OPEN_TASKS = """
query Open($after: String) {
  tasks(state: "open", filter: {pool: true}, first: 100, after: $after) {
    pageInfo { hasNextPage endCursor }
    edges { node { id element } }
  }
}
"""


class Pace:
    """How many of the cases may be ended by now: people take their time, so that each fault meets cases."""

    def __init__(self) -> None:
        self._allowed = 0
        self._changed = asyncio.Condition()

    async def allow(self, count: int) -> None:
        """Let so many of the cases be ended in all."""
        async with self._changed:
            self._allowed = max(self._allowed, count)
            self._changed.notify_all()

    async def turn_of(self, number: int) -> None:
        """Wait until the case of this number, counted from 0, may be ended."""
        async with self._changed:
            await self._changed.wait_for(lambda: number < self._allowed)


@dataclass
class Tally:
    """What was sent and acknowledged. `requests` counts every request; `commands` are those acknowledged."""

    requests: int = 0
    submissions: int = 0
    commands: set[UUID] = field(default_factory=set)

    async def count(self, _request: httpx.Request) -> None:
        """Count a request; a hook of the client."""
        self.requests += 1


@asynccontextmanager
async def people_client(url: str, tally: Tally) -> AsyncIterator[httpx.AsyncClient]:
    """Yield the connections of all people, who wait no longer than ten seconds for an answer."""
    async with api_client(url) as client:
        client.timeout = httpx.Timeout(10)
        client.event_hooks = {"request": [tally.count]}
        yield client


async def insist(ask: Callable[[], Awaitable[T]]) -> T:
    """Ask until there is an answer; whoever is away comes back."""
    while True:
        try:
            return await ask()
        except Exception as error:
            away = isinstance(error, Unavailable) or is_transient(error)
            if not away and not (isinstance(error, Broken) and error.code == "demo.case_stuck"):
                raise
        await asyncio.sleep(_ASK_AGAIN)


async def start_errands(platform: Platform, count: int, tally: Tally, chance: random.Random) -> None:
    """Submit the starts of so many errands, as a part of the platform does that starts cases."""
    payloads = [
        {
            "product": errand.KEY,
            "business_key": f"errand-{number}",
            "variables": {"amount": f"{number}.50", "wait": f"PT{chance.randint(1, 5)}S"},
        }
        for number in range(count)
    ]
    numbers = iter(range(count))

    async def submit(number: int) -> UUID:
        tally.submissions += 1
        return await platform.submit("case.start", payloads[number], key=f"start-{number}")

    async def submitter() -> None:
        for number in numbers:
            tally.commands.add(await insist(lambda number=number: submit(number)))

    await asyncio.gather(*(submitter() for _ in range(4)))


async def confirm_errands(clerk: Person, count: int, pace: Pace, tally: Tally, chance: random.Random) -> None:
    """Complete the task of each errand through the API, once for all that the clerks know."""
    found: asyncio.Queue[str] = asyncio.Queue()
    known: set[str] = set()
    turns = itertools.count()

    async def look() -> None:
        while len(known) < count:
            after: str | None = None
            while True:
                page = (await insist(lambda after=after: clerk.ask(_OPEN_TASKS, after=after)))["tasks"]
                for task in nodes(page):
                    if task["element"] == "confirm" and task["id"] not in known:
                        known.add(task["id"])
                        found.put_nowait(task["id"])
                after = page["pageInfo"]["endCursor"]
                if not page["pageInfo"]["hasNextPage"]:
                    break
            await asyncio.sleep(_LOOK_AGAIN)
        for _ in range(_CLERKS):
            found.put_nowait("")

    async def complete(task_id: str) -> UUID:
        payload = await clerk.do(
            queries.COMPLETE_TASK,
            "completeTask",
            idempotencyKey=f"confirm/{task_id}",
            taskId=task_id,
            variables={},
        )
        if error := refusal(payload):
            raise AssertionError(f"{task_id}: {error}")
        return UUID(payload["command"]["id"].rpartition(":")[2])

    async def work() -> None:
        while task_id := await found.get():
            await pace.turn_of(next(turns))
            times = 2 if chance.random() < _TWICE else 1
            asked = [insist(lambda: complete(task_id)) for _ in range(times)]
            tally.commands.update(await asyncio.gather(*asked))

    await asyncio.gather(look(), *(work() for _ in range(_CLERKS)))


async def finance(staff: Staff, trade: Trade, number: int, pace: Pace) -> UUID:
    """Offer a trade for financing, and act on its case until it ends; return the case."""
    seller, buyer = trade.seller.party_id, trade.buyer.party_id
    assert seller is not None
    assert buyer is not None

    async def submit() -> str | None:
        payload = await staff.companies["seller_maker", seller].do(
            queries.SUBMIT_REQUEST,
            "submitFinancingRequest",
            idempotencyKey=f"submit/{trade.invoice_id}",
            invoiceIds=[f"Invoice:{trade.invoice_id}"],
        )
        if error := refusal(payload):
            raise AssertionError(f"{trade.number}: {error}")
        return payload["case"] and payload["case"]["id"]

    while (case_id := await insist(submit)) is None:
        await asyncio.sleep(_ASK_AGAIN)
    await pace.turn_of(number)
    await insist(lambda: run_to_its_end(staff, CaseParties(case_id, seller, buyer, trade.buyer_name)))
    return UUID(case_id.rpartition(":")[2])
