"""`scf ledger rotate-vault-key`: replace a key of the vault, and keep what it closed."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

import ledger
from core.errors import InvalidInput
from scf import console
from scf.commands.options import DatabaseOption, DataOption, JsonOption, data_folder, platform_database


def rotate(
    party: Annotated[str | None, typer.Option("--party", metavar="ID", help="The key of this party.")] = None,
    platform: Annotated[bool, typer.Option("--platform", help="The platform's own key.")] = False,
    data: DataOption = None,
    database: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Replace the root key of the vault, or with --party or --platform one of the keys that it wraps.

    Payloads are not encrypted anew, only the keys above them are wrapped anew, while the platform runs.
    Interrupted, it goes on when it is called again.
    """
    if party is not None and platform:
        raise InvalidInput("ledger.rotate_what", "Give a party or --platform, not both.")
    rotated = asyncio.run(_rotate(party, platform, data, database))
    if json:
        console.print_json({"key": rotated.key, "rewrapped": rotated.rewrapped})
    else:
        console.out.print(f"[green]Rotated.[/green] {rotated.rewrapped} keys are wrapped anew.")
        if party is None and not platform:
            console.err.print("Back the key folder up; older backups of the database need the older key.")


async def _rotate(
    party: str | None, platform: bool, data: Path | None, database: str | None
) -> ledger.Rotated:
    folder = data_folder(data).keys
    async with platform_database(data, database) as opened:
        if party is None and not platform:
            return await ledger.rotate_root(opened, folder)
        return await ledger.rotate_party(opened, ledger.vault_key_in(folder), _uuid(party) if party else None)


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise InvalidInput("ledger.id_invalid", f"{text!r} is no id.") from None
