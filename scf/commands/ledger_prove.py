"""`scf ledger prove`: the proof of an entry or one of its steps, of a case, or of a claim, in a file."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

import finance
import ledger
from core.errors import InvalidInput
from scf import console
from scf.commands.options import DatabaseOption, DataOption, data_folder, platform_database


def prove(
    entry: Annotated[str | None, typer.Argument(help="The entry's number in the log, or its id.")] = None,
    case: Annotated[
        UUID | None, typer.Option("--case", help="Instead of one entry: all entries of this case.")
    ] = None,
    claim: Annotated[
        UUID | None,
        typer.Option("--claim", help="Instead: that this invoice is claimed once, or not, at the last seal."),
    ] = None,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="The file to write; else stdout.")] = None,
    step: Annotated[
        int | None, typer.Option(help="Also prove this element step of the entry (from 0).")
    ] = None,
    data: DataOption = None,
    database: DatabaseOption = None,
) -> None:
    """Write a proof file for an entry, for a case without what is sealed of it, or for an invoice's claim.

    It verifies offline.
    """
    match entry, case, claim, step:
        case str(), None, None, _:
            content = asyncio.run(_prove(_entry(entry), step, data, database))
        case None, UUID(), None, None:
            content = asyncio.run(_prove_case(case, data, database))
        case None, None, UUID(), None:
            content = asyncio.run(_prove_claim(claim, data, database))
        case _:
            raise InvalidInput(
                "ledger.proof_of_what",
                "A proof is of one entry, perhaps with one of its steps, of one case, or of one claim.",
                hint="Give an entry, --case or --claim, and --step only with an entry.",
            )
    if out is None:
        sys.stdout.buffer.write(content if case else content + b"\n")
    else:
        out.write_bytes(content)
        console.err.print(f"Wrote {out}. Check it with: scf ledger verify-proof {out}", markup=False)


async def _prove_case(case: UUID, data: Path | None, database: str | None) -> bytes:
    async with platform_database(data, database) as opened:
        return await ledger.prove_case(opened, case)


async def _prove_claim(invoice_id: UUID, data: Path | None, database: str | None) -> bytes:
    async with platform_database(data, database) as opened:
        return await ledger.prove_claim(opened, await finance.fingerprint_of(opened, invoice_id))


async def _prove(entry: UUID | int, step: int | None, data: Path | None, database: str | None) -> bytes:
    async with platform_database(data, database) as opened:
        if step is None:
            return await ledger.prove(opened, entry)
        vault_key = ledger.vault_key_in(data_folder(data).keys)
        return await ledger.prove_step(opened, entry, step, vault_key)


def _entry(text: str) -> UUID | int:
    try:
        return int(text) if text.isdecimal() else UUID(text)
    except ValueError:
        raise InvalidInput(
            "ledger.entry_name_invalid", f"{text!r} is neither the number of an entry nor an id."
        ) from None
