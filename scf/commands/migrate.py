"""`scf migrate`: bring a database to this release."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from core import database as core_database
from scf import console
from scf.rooms import ROOMS

app = typer.Typer()


@app.command()
def migrate(
    database: Annotated[str, typer.Option("--database", help="Its URL.", envvar="SCF_DATABASE_URL")],
) -> None:
    """Bring every room's tables to this release; safe to run again, and from several machines at once."""
    with console.step("Bringing the database to this release"):
        asyncio.run(core_database.migrate(database, ROOMS))
