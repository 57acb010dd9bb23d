"""Commands given to the platform under test, and what becomes of them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

import workflows
from core import Database
from support.api import Api


async def result_of(
    database: Database, kind: str, payload: Mapping[str, Any], case_id: UUID | None = None
) -> dict[str, Any]:
    """Give a command in the platform's name, and return its result when a worker has carried it out."""
    async with database.transaction() as tx:
        receipt = await workflows.submit(
            tx,
            kind=kind,
            actor=workflows.Actor.system("test"),
            payload=payload,
            idempotency_key=str(uuid4()),
            case_id=case_id,
        )
    async with asyncio.timeout(20):
        while True:
            async with database.reading() as sql:
                told = await workflows.outcome(sql, receipt.command_id)
            if told.state != "accepted":
                assert told.result, told.error
                return dict(told.result)
            await asyncio.sleep(0.02)


async def start_case(database: Database, product: str, **variables: Any) -> UUID:
    """Start a case, and return it when its first burst is over."""
    payload = {"product": product, "business_key": str(uuid4()), "variables": variables}
    return UUID((await result_of(database, "case.start", payload))["case_id"])


async def do(api: Api, token: str, mutation: str, **given: Any) -> dict[str, Any]:
    """Ask until it is decided: the same key with the same command is the same command."""
    variables = {"input": {"idempotencyKey": str(uuid4()), **given}}
    async with asyncio.timeout(20):
        while True:
            (answer,) = (await api.ask(mutation, variables, token=token)).values()
            command = answer["command"]
            waits = any(item.get("result") == "WAITING" for item in answer.get("items", ()))
            if not waits and (command is None or command["state"] != "ACCEPTED"):
                decided: dict[str, Any] = answer
                return decided
