"""`scf ledger mirror`, `scf ledger mirror-serve`: a copy of a log that was checked, and a server for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
import uvicorn

import ledger
from core.errors import InvalidInput, NotFound, ScfError, Unavailable
from proof.checkpoint import NoteKey
from scf import console
from scf.commands.options import EntryKeyOption, JsonOption, note_key
from scf.commands.options_log import MirrorTokenHashes, PublicEntries, entry_readers
from scf.stopping import stop_signals
from scf_api.mirror import create_mirror_app

app = typer.Typer()

MirrorFolder = Annotated[Path, typer.Argument(help="The folder of the copy.")]


@app.command("mirror")
def mirror(
    folder: MirrorFolder,
    source: Annotated[
        str, typer.Option("--from", metavar="URL", help="The log: its URL (https://…/log), or a folder.")
    ],
    log_key: Annotated[
        str, typer.Option("--log-key", help="The log's public key as you know it (name+hash+key).")
    ],
    every: Annotated[
        float | None, typer.Option(min=0.1, help="Go on, and look so often (seconds) for what is new.")
    ] = None,
    token: Annotated[
        str | None,
        typer.Option(
            envvar="SCF_LOG_TOKEN", help="The bearer token for entries; better set SCF_LOG_TOKEN than this."
        ),
    ] = None,
    entry_key: EntryKeyOption = None,
    json: JsonOption = False,
) -> None:
    """Copy what is new in a log, and check all of it: signatures, keys, hashes, and that it only grew."""
    asyncio.run(_mirror(folder, source, note_key(log_key), entry_key or [], every, token, json=json))


@app.command("mirror-serve")
def mirror_serve(
    folder: MirrorFolder,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port to listen on.")] = 8090,
    public_entries: PublicEntries = False,
    mirror_token_hash: MirrorTokenHashes = [],  # noqa: B006 - never changed
) -> None:
    """Serve a copy (or an export) of a log at /log, as its operator does."""
    app = create_mirror_app(
        ledger.LogFolder(folder), entry_readers(mirror_token_hash, everybody=public_entries)
    )
    uvicorn.run(app, host=host, port=port, log_level="warning", server_header=False)


async def _mirror(
    folder: Path,
    source: str,
    log_key: NoteKey,
    trusted_keys: list[str],
    every: float | None,
    token: str | None,
    *,
    json: bool,
) -> None:
    async with stop_signals() as stop, _opened(source, token) as log:
        copy = ledger.Mirror(log, folder, log_key, trusted_keys)
        while True:
            try:
                _tell(await copy.follow(), json=json)
            except (Unavailable, NotFound, InvalidInput) as error:
                # A source that errs may mend itself; a fork or a damaged copy does not.
                if every is None:
                    raise
                _tell_trouble(error)
            if every is None or await _stopped(stop, every):
                return


@asynccontextmanager
async def _opened(source: str, token: str | None) -> AsyncIterator[ledger.LogSource]:
    if source.startswith(("http://", "https://")):
        async with ledger.LogClient(source, token=token) as client:
            yield client
    else:
        yield ledger.LogFolder(Path(source))


async def _stopped(stop: asyncio.Event, seconds: float) -> bool:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return False
    return True


def _tell(done: ledger.Mirrored, *, json: bool) -> None:
    if json:
        console.print_json(asdict(done))
    else:
        behind = " The source is behind." if done.behind else ""
        console.out.print(
            f"{done.origin}: {done.size} entries, {done.size - done.old_size} of them new.{behind}",
            markup=False,
        )


def _tell_trouble(error: ScfError) -> None:
    console.print_error(error.code, error.message, error.where, error.hint)
