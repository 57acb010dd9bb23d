"""`scf ledger seal-claims`: which invoices are claimed, stated in the log for proofs to stand on."""

from __future__ import annotations

import asyncio
from pathlib import Path

import finance
import ledger
from core.clock import SystemClock
from scf import console
from scf.commands.options import DatabaseOption, DataOption, JsonOption, data_folder, platform_database


def seal_claims(data: DataOption = None, database: DatabaseOption = None, json: JsonOption = False) -> None:
    """Seal which invoices are claimed up to the newest checkpoint: scf ledger prove --claim stands on it."""
    size, taken = asyncio.run(_seal(data, database))
    if json:
        console.print_json({"size": size, "taken_over": taken})
        return
    console.out.print(f"Sealed what the first {size} entries claim.")
    if taken:
        console.out.print(
            f"{taken} claims of earlier releases were told to the log. Seal again when these are logged."
        )


async def _seal(data: Path | None, database: str | None) -> tuple[int, int]:
    keys = ledger.load_or_create_keys(data_folder(data).keys)
    async with platform_database(data, database) as opened:
        recorder = ledger.Recorder(keys.signing_key, keys.vault_key, await ledger.log_origin(opened))
        now = SystemClock().now()
        async with opened.transaction() as tx:
            taken = await finance.take_over_claims(tx, recorder, now)
            return await ledger.seal_claims(tx, recorder, now), taken
