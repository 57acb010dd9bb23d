"""`scf user`: local accounts."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

import scf_api
from core.clock import SystemClock
from core.errors import NotFound
from scf import console
from scf.commands.options import DatabaseOption, DataOption, platform_database

app = typer.Typer(name="user", help="Local accounts.", no_args_is_help=True)


@app.command("add")
def add(
    name: Annotated[str, typer.Argument(help="What the person types to log in.")],
    role: Annotated[list[str], typer.Option(help="A role; give the option several times for several.")],
    party: Annotated[
        str | None, typer.Option(help="For people of a seller or buyer: the party's identifier.")
    ] = None,
    data: DataOption = None,
    database: DatabaseOption = None,
) -> None:
    """Create an account. The password is asked for, and never an argument that others could see."""
    password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    asyncio.run(_add(name, password, role, party, data, database))
    console.err.print(f"Account {name} is ready.", markup=False)


async def _add(
    name: str, password: str, roles: list[str], party: str | None, data: Path | None, database: str | None
) -> None:
    async with platform_database(data, database) as opened:
        party_id: UUID | None = None
        if party is not None:
            async with opened.reading() as sql:
                party_id = await sql.fetchval(
                    "SELECT id FROM finance.party_view WHERE identifier = $1", party
                )
            if party_id is None:
                raise NotFound(
                    "user.party_unknown",
                    f"No party has the identifier {party!r}.",
                    hint="Import a document of it first; parties come from documents.",
                )
        async with opened.transaction() as tx:
            await scf_api.create_account(
                tx, name=name, password=password, roles=roles, party_id=party_id, at=SystemClock().now()
            )
