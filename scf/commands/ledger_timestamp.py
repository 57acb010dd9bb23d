"""`scf ledger timestamp`, `scf ledger verify-timestamp`: what an authority says of the log's time."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

import ledger
from core.errors import InvalidInput
from ledger.timestamp_repository import TimestampRow
from scf import console
from scf.commands.options import DatabaseOption, DataOption, JsonOption, platform_database
from scf.commands.options_tsa import TsaCertificatesOption, TsaOption, named_authority
from scf.commands.verdict import read_file

app = typer.Typer()


@app.command("timestamp")
def timestamp(
    tsa: TsaOption = None,
    tsa_certificates: TsaCertificatesOption = None,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", help="Also write NAME.checkpoint and NAME.tsr.", metavar="NAME"),
    ] = None,
    data: DataOption = None,
    database: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Have the newest checkpoint time-stamped by an authority, and keep what it answers."""
    authority = named_authority(tsa, tsa_certificates)
    if authority is None:
        raise InvalidInput(
            "timestamp.authority_missing",
            "No time-stamping authority is named.",
            hint="Give --tsa URL and --tsa-certificates FILE.",
        )
    row = asyncio.run(_stamp(authority, data, database))
    if out is not None:
        Path(f"{out}.checkpoint").write_text(row.note)
        Path(f"{out}.tsr").write_bytes(row.response)
    if json:
        console.print_json({"entries": row.size, "stamped_at": row.stamped_at, "authority": row.authority})
    else:
        console.out.print(
            f"{row.size} entries were in the log at {row.stamped_at:%Y-%m-%d %H:%M:%S} UTC, says"
            f" {row.authority}.",
            markup=False,
        )


@app.command("verify-timestamp")
def verify_timestamp(
    file: Annotated[Path, typer.Argument(help="The authority's answer, NAME.tsr.")],
    checkpoint: Annotated[
        Path | None, typer.Option(help="The note that it is over; NAME.checkpoint unless told.")
    ] = None,
    tsa_certificates: TsaCertificatesOption = None,
    json: JsonOption = False,
) -> None:
    """Check a time stamp offline; openssl ts -verify checks it, too."""
    if tsa_certificates is None:
        raise InvalidInput(
            "timestamp.authority_missing",
            "Without certificates of the authority nothing can be checked.",
            hint="Give --tsa-certificates FILE.",
        )
    note = read_file(checkpoint or file.with_suffix(".checkpoint"), "timestamp.file_missing")
    certificates = ledger.read_certificates(tsa_certificates)
    stamped_at = ledger.verify_timestamp(
        note.decode(errors="replace"), read_file(file, "timestamp.file_missing"), certificates
    )
    if json:
        console.print_json({"stamped_at": stamped_at})
    else:
        console.out.print(
            f"The time stamp holds: {stamped_at:%Y-%m-%d %H:%M:%S} UTC. The checkpoint's own signature is"
            " another matter.",
            markup=False,
        )


async def _stamp(authority: ledger.Authority, data: Path | None, database: str | None) -> TimestampRow:
    async with platform_database(data, database) as opened:
        return await ledger.stamp_checkpoint(opened, authority)
