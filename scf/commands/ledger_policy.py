"""`scf ledger policy`: which witnesses the log is published with."""

from __future__ import annotations

import asyncio
import getpass
from pathlib import Path
from typing import Annotated

import typer

import ledger
from core.errors import NotFound
from scf import console
from scf.commands.options import DatabaseOption, DataOption, platform_database


def policy(
    file: Annotated[
        Path | None, typer.Argument(help="A policy to put in force (C2SP tlog-policy); else it is shown.")
    ] = None,
    data: DataOption = None,
    database: DatabaseOption = None,
) -> None:
    """Show the witness policy in force, or put another one in force: it counts within a second."""
    if file is None:
        console.out.print(asyncio.run(_shown(data, database)), markup=False, soft_wrap=True, end="")
        return
    try:
        content = file.read_bytes()
    except OSError as error:
        raise NotFound("policy.file_missing", f"The file cannot be read: {error}.", where=str(file)) from None
    asyncio.run(_adopt(content, data, database))
    console.err.print("The policy is in force. See how it goes with: scf ledger status")


async def _adopt(content: bytes, data: Path | None, database: str | None) -> None:
    async with platform_database(data, database) as opened:
        await ledger.adopt_policy(opened, content, f"operator:{getpass.getuser()}")


async def _shown(data: Path | None, database: str | None) -> str:
    async with platform_database(data, database) as opened:
        content = await ledger.policy_text(opened)
    if content is None:
        raise NotFound(
            "ledger.policy_missing",
            "No witness policy is in force: each checkpoint is published as it is signed.",
            hint="Put one in force with: scf ledger policy FILE",
        )
    return content.decode(errors="backslashreplace")
