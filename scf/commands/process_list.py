"""`scf process list`: which versions of which processes are deployed, and which drafts are on their way."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer
from rich import box
from rich.table import Table

from scf import console
from scf.commands.options import DatabaseOption, DataOption, JsonOption, platform_database

_VERSIONS = """
SELECT key, version, state, tags, hash, deployed_by AS by, deployed_at AS at
  FROM workflows.definition_view WHERE $1::text IS NULL OR key = $1 ORDER BY key, version DESC
"""
_DRAFTS = """
SELECT key, revision, state, hash, saved_by AS by, saved_at AS at
  FROM workflows.draft_view WHERE $1::text IS NULL OR key = $1 ORDER BY key
"""


def list_processes(
    key: Annotated[str | None, typer.Option(help="Only this process.")] = None,
    data: DataOption = None,
    database: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """List the deployed versions, latest first, and the drafts."""
    versions, drafts = asyncio.run(_read(key, data, database))
    if json:
        console.print_json({"versions": _plain(versions), "drafts": _plain(drafts)})
        return
    table = Table(box=box.SIMPLE_HEAD)
    for name in ("process", "version", "state", "tags", "hash", "by", "at"):
        table.add_column(name)
    for draft in drafts:
        table.add_row(draft["key"], f"draft, revision {draft['revision']}", draft["state"], "", *_rest(draft))
    for row in versions:
        table.add_row(row["key"], str(row["version"]), row["state"], ", ".join(row["tags"]), *_rest(row))
    console.out.print(table)


async def _read(
    key: str | None, data: Path | None, database: str | None
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    async with platform_database(data, database) as opened, opened.reading() as sql:
        versions = [dict(row) for row in await sql.fetch(_VERSIONS, key)]
        return versions, [dict(row) for row in await sql.fetch(_DRAFTS, key)]


def _rest(row: dict[str, Any]) -> tuple[str, str, str]:
    return row["hash"][:12], row["by"], f"{row['at']:%Y-%m-%d %H:%M}"


def _plain(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**row, "at": row["at"].isoformat()} for row in rows]
