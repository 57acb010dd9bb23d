"""`scf ledger export`: the log as a folder that any web server, or a disk, hands on."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

import ledger
from scf import console
from scf.commands.options import DatabaseOption, DataOption, JsonOption, platform_database

app = typer.Typer()


@app.command("export")
def export(
    folder: Annotated[Path, typer.Argument(help="The folder; what is there already stays as it is.")],
    data: DataOption = None,
    database: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Write the log's new files into a folder, in the layout of C2SP tlog-tiles, the checkpoint last."""
    exported = asyncio.run(_export(folder, data, database))
    if json:
        console.print_json(asdict(exported))
    else:
        added = exported.size - exported.old_size
        console.out.print(
            f"{exported.size} entries, {added} of them new, in {exported.files} new files.", markup=False
        )


async def _export(folder: Path, data: Path | None, database: str | None) -> ledger.Exported:
    async with platform_database(data, database) as opened:
        return await ledger.export_log(opened, folder)
