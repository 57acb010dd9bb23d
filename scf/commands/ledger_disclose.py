"""`scf ledger disclose` and `verify-disclosure`: chosen fields of an entry, for one reader."""

from __future__ import annotations

import asyncio
from base64 import b64decode
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer

from core.errors import InvalidInput
from proof.verdicts import disclosure_verdict
from scf import console
from scf.commands.inbox import give, result_of
from scf.commands.options import DatabaseOption, DataOption, JsonOption, LogKeyOption, platform_database
from scf.commands.verdict import read_file, refused_as_input, tell_verdict


def disclose(
    entry: Annotated[str, typer.Argument(help="The entry's id.")],
    field: Annotated[list[str], typer.Option("--field", help="A field to open; may be given again.")],
    to: Annotated[str, typer.Option("--to", help="For whom.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The file.")],
    reason: Annotated[str, typer.Option(help="Why; it stands in the ledger's vault.")] = "by command line",
    wait: Annotated[float, typer.Option(help="Seconds to wait for the worker.")] = 60.0,
    data: DataOption = None,
    database: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Open fields of an entry for one reader, in a file that proves them offline; the log says so.

    The platform must run. What is not opened stays hidden.
    """
    try:
        entry_id = UUID(entry)
    except ValueError:
        raise InvalidInput("ledger.id_invalid", f"{entry!r} is no id of an entry.") from None
    payload = {"entry_id": str(entry_id), "fields": field, "to": to, "reason": reason}
    told = asyncio.run(_disclose(payload, wait, data, database))
    content = b64decode(told["file"])
    output.write_bytes(content)
    if json:
        console.print_json({"entry": entry, "file": str(output), "bytes": len(content)})
    else:
        console.out.print(f"{output}: {', '.join(field)} of {entry}, for {to}.", soft_wrap=True)


def verify_disclosure(
    file: Annotated[Path, typer.Argument(help="The file.")],
    log_key: LogKeyOption = None,
    json: JsonOption = False,
) -> None:
    """Check a disclosure offline, with two signature libraries, and show what it opens."""
    content = read_file(file, "ledger.disclosure_missing").strip()
    with refused_as_input():
        verdict = disclosure_verdict(content, log_key=log_key)
    tell_verdict(verdict, json=json)


async def _disclose(
    payload: Mapping[str, Any], wait: float, data: Path | None, database: str | None
) -> Mapping[str, Any]:
    async with platform_database(data, database) as opened:
        return result_of(await give(opened, "vault.disclose", payload, wait=wait))
