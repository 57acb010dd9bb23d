"""`scf ledger erase`: destroy what a case or a party told, and keep that it is proven."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer

from core.errors import InvalidInput
from scf import console
from scf.commands.inbox import give, result_of
from scf.commands.options import DatabaseOption, DataOption, JsonOption, platform_database


def erase(
    reason: Annotated[str, typer.Option(help="Why; it stands in the ledger's vault.")],
    case: Annotated[str | None, typer.Option("--case", metavar="ID", help="The case.")] = None,
    party: Annotated[str | None, typer.Option("--party", metavar="ID", help="The party.")] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Do not ask; nothing brings back what is erased.")
    ] = False,
    wait: Annotated[float, typer.Option(help="Seconds to wait for the worker.")] = 60.0,
    data: DataOption = None,
    database: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Destroy the keys and texts of a case that ended, or of a party with all its cases; proofs stay valid.

    The platform must run. The command line acts as the platform's own part, which needs no second person; by
    the API one person asks and another approves.
    """
    subject, given = ("case", case) if case is not None else ("party", party)
    if given is None or (case is not None and party is not None):
        raise InvalidInput("ledger.erase_what", "Give a case or a party.", hint="scf ledger erase --case ID")
    payload = {"subject": subject, "subject_id": str(_uuid(given)), "reason": reason}
    if not yes and not typer.confirm(f"Erase {subject} {given} for good?", err=True):
        raise typer.Exit(1)
    told = asyncio.run(_erase(payload, wait, data, database))
    if json:
        console.print_json({subject: given, **told})
    else:
        console.out.print(
            f"[green]Erased.[/green] {told['streams']} streams are closed; their entries and proofs stay."
        )


async def _erase(
    payload: Mapping[str, Any], wait: float, data: Path | None, database: str | None
) -> Mapping[str, Any]:
    async with platform_database(data, database) as opened:
        asked = result_of(await give(opened, "vault.request-erasure", payload, wait=wait))
        approval = {"erasure_id": asked["erasure_id"]}
        return result_of(await give(opened, "vault.erase", approval, wait=wait))


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise InvalidInput("ledger.id_invalid", f"{text!r} is no id.") from None
