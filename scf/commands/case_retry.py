"""`scf case retry`: try again what failed, in cases, at single incidents, or wherever a filter finds it."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import orjson
import typer
from rich import box
from rich.table import Table

from core import Database
from core.errors import InvalidInput, NotFound
from scf import console
from scf.commands.inbox import LOOK_AGAIN, give, result_of
from scf.commands.options import DatabaseOption, DataOption, JsonOption, platform_database
from scf.exit_codes import EXIT_FINDINGS

_INCIDENTS_OF = """
    SELECT id FROM workflows.incident_view
     WHERE id = ANY ($1::uuid[]) OR (case_id = ANY ($1::uuid[]) AND state = 'open') ORDER BY raised_at, id
"""
_KNOWN = """
    SELECT id FROM workflows.case_view WHERE id = ANY ($1::uuid[])
    UNION SELECT id FROM workflows.incident_view WHERE id = ANY ($1::uuid[])
"""
_ITEMS = """
    SELECT incident_id, case_id, element, code, result, refusal, raised FROM workflows.retry_item_view
     WHERE batch_id = $1 ORDER BY position
"""


def retry(
    ids: Annotated[
        list[str] | None, typer.Argument(help="Ids of cases (all their open incidents) or of incidents.")
    ] = None,
    product: Annotated[str | None, typer.Option(help="Instead of ids: cases of this product.")] = None,
    element: Annotated[str | None, typer.Option(help="Instead of ids: incidents at this element.")] = None,
    code: Annotated[str | None, typer.Option(help="Instead of ids: incidents with this code.")] = None,
    wait: Annotated[float, typer.Option(help="Seconds to wait for the worker.")] = 30.0,
    data: DataOption = None,
    database: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Try again what failed, and tell of each incident what became of it. The platform must run."""
    wanted = [_uuid(text) for text in ids or ()]
    filters = {
        name: each for name, each in (("product", product), ("element", element), ("code", code)) if each
    }
    if bool(wanted) == bool(filters):
        raise InvalidInput(
            "case.retry_what",
            "Give ids, or say what to look for.",
            hint="scf case retry ID... or scf case retry --code CODE",
        )
    items, left = asyncio.run(_retry(wanted, filters, wait, data, database))
    if json:
        console.print_json({"items": items, "left": left})
    else:
        _show(items, left)
    if any(item["result"] != "retried" or item["raised"] for item in items):
        raise typer.Exit(EXIT_FINDINGS)


async def _retry(
    ids: list[UUID], filters: dict[str, str], wait: float, data: Path | None, database: str | None
) -> tuple[list[dict[str, Any]], int]:
    async with platform_database(data, database) as opened:
        payload: dict[str, Any] = dict(filters)
        if ids:
            incidents = await _incidents_of(opened, ids)
            if not incidents:
                return [], 0
            payload = {"incident_ids": incidents}
        outcome = await give(opened, "incident.retry-many", payload, wait=wait)
        return await _items(opened, UUID(result_of(outcome)["batch_id"]), wait), result_of(outcome)["left"]


async def _incidents_of(database: Database, ids: list[UUID]) -> list[str]:
    async with database.reading() as sql:
        known = {row["id"] for row in await sql.fetch(_KNOWN, ids)}
        for each in ids:
            if each not in known:
                raise NotFound(
                    "case.unknown",
                    f"There is no case or incident {each}.",
                    hint="List the cases with: scf case list --state incident",
                )
        return [str(row["id"]) for row in await sql.fetch(_INCIDENTS_OF, ids)]


async def _items(database: Database, batch_id: UUID, wait: float) -> list[dict[str, Any]]:
    """Return what became of each incident, once that is decided for all, or the time is over."""
    deadline = time.monotonic() + wait
    while True:
        async with database.reading() as sql:
            rows = await sql.fetch(_ITEMS, batch_id)
        if time.monotonic() > deadline or all(row["result"] != "waiting" for row in rows):
            return [_plain(row) for row in rows]
        await asyncio.sleep(LOOK_AGAIN)


def _show(items: list[dict[str, Any]], left: int) -> None:
    table = Table("incident", "element", "code", "result", box=box.SIMPLE_HEAD)
    for item in items:
        again = f", then {', '.join(item['raised'])}" if item["raised"] else ""
        refusal = f" ({item['refusal']})" if item["result"] == "refused" else ""
        table.add_row(item["incident_id"], item["element"], item["code"], item["result"] + refusal + again)
    console.out.print(table if items else "No incident to retry.")
    if left:
        console.out.print(f"{left} more fit; run the command again for them.")


def _plain(row: Any) -> dict[str, Any]:
    return {
        "incident_id": str(row["incident_id"]),
        "case_id": str(row["case_id"]) if row["case_id"] else None,
        "element": row["element"],
        "code": row["code"],
        "result": row["result"],
        "refusal": row["refusal"],
        "raised": [raised["code"] for raised in orjson.loads(row["raised"])],
    }


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise InvalidInput("case.id_invalid", f"{text!r} is not the id of a case or an incident.") from None
