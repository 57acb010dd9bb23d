"""Options that several commands share, and the database that they lead to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import asyncpg
import typer

import ledger
from core.database import Database
from core.errors import Conflict, InvalidInput, NotFound, Unavailable
from proof.checkpoint import NoteKey
from proof.errors import ProofError
from proof.policy import Policy
from scf import console
from scf.data_folder import DataFolder, default_data_folder
from scf.embedded_postgres import prepare_postgres
from scf.rooms import ROOMS
from scf.supervisor import Supervisor

_OTHER_RELEASE = (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError, asyncpg.InvalidSchemaNameError)

DataOption = Annotated[
    Path | None,
    typer.Option("--data", help="The platform's data folder.", envvar="SCF_DATA", show_default=False),
]
DatabaseOption = Annotated[
    str | None,
    typer.Option("--database", help="A PostgreSQL server of your own: its URL.", envvar="SCF_DATABASE_URL"),
]
TemporalOption = Annotated[
    str | None,
    typer.Option("--temporal", help="A Temporal server of your own: HOST:PORT.", envvar="SCF_TEMPORAL"),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Write JSON to stdout.")]

LogKeyOption = Annotated[
    str | None, typer.Option("--log-key", help="The log's public key as you know it (name+hash+key).")
]

EntryKeyOption = Annotated[
    list[str] | None,
    typer.Option("--entry-key", help="The id of a key of the platform that you know; may be repeated."),
]

PolicyOption = Annotated[
    Path | None,
    typer.Option("--policy", help="A witness policy (C2SP tlog-policy) whose quorum must hold.", exists=True),
]

LogOriginOption = Annotated[
    str | None,
    typer.Option(
        "--log-origin",
        envvar="SCF_LOG_ORIGIN",
        metavar="NAME",
        help="The log's name, such as scf.bank.example/log; chosen at the first start and kept from then on.",
        show_default=False,
    ),
]

SimulatedRate = Annotated[
    Decimal | None,
    typer.Option(
        "--simulated-rate",
        envvar="SCF_SIMULATED_RATE",
        parser=Decimal,
        metavar="NUMBER",
        help="For demonstrations: seconds of business time per second. The clocks of new cases then start at "
        "their documents' dates and stand still while a person or a payment is waited for.",
    ),
]


def data_folder(given: Path | None) -> DataFolder:
    """Return the data folder that was given, or the default one."""
    return DataFolder.at(given or default_data_folder())


def read_policy(file: Path | None) -> Policy | None:
    """Return the policy in a file, or None when none was given.

    Raises:
        InvalidInput: a code of `policy.…`.
    """
    return ledger.parse_policy(file.read_bytes()) if file is not None else None


def note_key(text: str) -> NoteKey:
    """Return the log's key that `--log-key` names.

    Raises:
        InvalidInput: `ledger.log_key`.
    """
    try:
        return NoteKey.parse(text)
    except ProofError as error:
        raise InvalidInput("ledger.log_key", error.message, where="--log-key", hint=error.hint) from error


@asynccontextmanager
async def platform_database(data: Path | None, database: str | None) -> AsyncIterator[Database]:
    """Open the database at the URL, or the data folder's; that is started for this when nothing runs.

    Raises:
        Unavailable: `database.unreachable`.
        NotFound: `data.folder_empty`: only the platform itself begins a data folder.
    """
    if database is not None:
        async with _opened(database) as opened:
            yield opened
        return
    root = data or default_data_folder()
    if not DataFolder(root).postgres.is_dir():
        raise NotFound(
            "data.folder_empty",
            "No platform keeps its data there.",
            where=str(root),
            hint="Name the folder of yours with --data DIR, or begin one with scf up.",
        )
    folder = DataFolder.at(root)
    child, url = await asyncio.to_thread(prepare_postgres, folder)
    try:
        with folder.locked():
            async with Supervisor(folder.logs, folder.run, console.err.print) as supervisor:
                await supervisor.add(child)
                async with _opened(url) as opened:
                    yield opened
            return
    except Conflict as held:
        if held.code != "up.already_running":
            raise
    async with _opened(url) as opened:
        yield opened


@asynccontextmanager
async def _opened(url: str) -> AsyncIterator[Database]:
    database = await Database.open(url, ROOMS)
    try:
        yield database
    except (
        asyncpg.UndefinedTableError,
        asyncpg.UndefinedColumnError,
        asyncpg.InvalidSchemaNameError,
    ) as error:
        raise Unavailable(
            "database.release_differs",
            "The database is of another release than this command.",
            hint="Bring it to this release with scf migrate, or by starting the platform.",
        ) from error
    finally:
        await database.close()
