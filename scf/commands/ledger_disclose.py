"""`scf ledger disclose` and `verify-disclosure`: chosen fields of an entry, for one reader."""

from __future__ import annotations

import asyncio
from base64 import b64decode
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer

from core.errors import InvalidInput, NotFound
from proof.disclosure import Disclosure, verify
from proof.errors import ProofError
from proof.signatures import BACKENDS
from scf import console
from scf.commands.inbox import give, result_of
from scf.commands.options import DatabaseOption, DataOption, JsonOption, LogKeyOption, platform_database


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
    told = _verified(file, log_key)
    body = told.entry.body
    opened = {name: payload.decode("utf-8", "backslashreplace") for name, payload in told.payloads.items()}
    if json:
        console.print_json(
            {
                "entry": str(body.entry_id),
                "index": told.entry.index,
                "kind": body.kind,
                "to": told.to,
                "fields": opened,
                "hidden": list(told.hidden),
                "pinned": told.entry.log_key_pinned,
            }
        )
        return
    console.out.print(f"[green]Proven[/green]: entry {told.entry.index}, {body.kind} by {body.actor}.")
    for name, text in opened.items():
        console.out.print(f"{name}: {text}", soft_wrap=True, markup=False)
    if told.hidden:
        console.out.print(f"not opened: {', '.join(told.hidden)}")
    if not told.entry.log_key_pinned:
        console.err.print("The file's own log key was used; give the one that you know with --log-key.")


def _verified(file: Path, log_key: str | None) -> Disclosure:
    try:
        content = file.read_bytes().strip()
    except OSError as error:
        raise NotFound(
            "ledger.disclosure_missing", f"The file cannot be read: {error}.", where=str(file)
        ) from None
    try:
        first, _ = (verify(content, log_key=log_key, backend=backend) for backend in BACKENDS)
    except ProofError as error:
        raise InvalidInput(error.code, error.message, where=error.where, hint=error.hint) from error
    return first


async def _disclose(
    payload: Mapping[str, Any], wait: float, data: Path | None, database: str | None
) -> Mapping[str, Any]:
    async with platform_database(data, database) as opened:
        return result_of(await give(opened, "vault.disclose", payload, wait=wait))
