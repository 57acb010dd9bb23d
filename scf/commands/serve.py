"""`scf serve`: one service of the platform in this process, as the supervisor and the containers run them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
import uvicorn
import uvloop

import ledger
import scoring
from core.clock import SystemClock
from core.collector import settle_collector
from core.database import Database
from core.errors import Unavailable
from scf.commands.options import DataOption, LogOriginOption, SimulatedRate, data_folder
from scf.commands.options_log import MirrorTokenHashes, PublicEntries, entry_readers
from scf.commands.options_scoring import ScoringTokenFile, ScoringUrl, scoring_address
from scf.commands.options_tsa import TsaCertificatesOption, TsaOption, named_authority
from scf.data_folder import DataFolder, default_data_folder
from scf.heartbeat import beat, last_beat
from scf.log_name import log_name
from scf.rooms import ROOMS
from scf.stopping import stop_signals
from scf.web_app import web_folder
from scf_api.app import create_app
from scf_api.case_bundles import CaseBundles, Export
from scf_api.settings import ApiSettings
from workflows.audit import export_case
from workflows.domain_commands import NewCaseClock
from workflows.worker import WorkerSettings, run_relay, run_worker

_DEAD_AFTER = 15.0  # seconds without a beat

app = typer.Typer(
    name="serve",
    help="One service of the platform; the supervisor and containers run these.",
    no_args_is_help=True,
)

DatabaseUrl = Annotated[
    str, typer.Option("--database", help="The database's URL.", envvar="SCF_DATABASE_URL")
]
TemporalTarget = Annotated[
    str, typer.Option("--temporal", help="Temporal's HOST:PORT.", envvar="SCF_TEMPORAL")
]
BeatFile = Annotated[Path | None, typer.Option("--beat", help="A file to write a sign of life into.")]


@app.command("api")
def api(
    database: DatabaseUrl,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen on.")] = 8080,
    secure_cookie: Annotated[
        bool, typer.Option(help="Send the session cookie over HTTPS only; leave it on except on loopback.")
    ] = True,
    public_entries: PublicEntries = False,
    mirror_token_hash: MirrorTokenHashes = [],  # noqa: B006 - never changed
    bundles_for_parties: Annotated[
        bool,
        typer.Option(
            help="Let people of sellers and buyers fetch their cases whole, as validating witnesses must.",
            envvar="SCF_BUNDLES_FOR_PARTIES",
        ),
    ] = False,
    data: DataOption = None,
    log_origin: LogOriginOption = None,
) -> None:
    """Serve the GraphQL API, the log and the web app."""
    settle_collector()
    settings = ApiSettings(
        database_url=database,
        web_folder=web_folder(),
        cookie_secure=secure_cookie,
        origin=asyncio.run(log_name(database, log_origin)),
        entry_readers=entry_readers(mirror_token_hash, everybody=public_entries),
        case_bundles=CaseBundles(_exporter(data), bundles_for_parties),
    )
    uvicorn.run(create_app(settings), host=host, port=port, log_level="warning", server_header=False)


def _exporter(data: Path | None) -> Export:
    """Return what makes bundles; the vault key of the data folder is read only when one is asked for."""
    keys = DataFolder(data or default_data_folder()).keys

    async def export(database: Database, case_id: UUID, size: int) -> bytes:
        return await export_case(database, case_id, ledger.vault_key_in(keys), size)

    return export


@app.command("worker")
def worker(
    database: DatabaseUrl,
    temporal: TemporalTarget,
    data: DataOption = None,
    beat_file: BeatFile = None,
    log_origin: LogOriginOption = None,
    simulated_rate: SimulatedRate = None,
    register_every: Annotated[
        float,
        typer.Option(
            min=0.1, envvar="SCF_REGISTER_SECONDS", help="How often the blind register is exchanged: seconds."
        ),
    ] = 15.0,
    scoring_url: ScoringUrl = None,
    scoring_token_file: ScoringTokenFile = None,
) -> None:
    """Drive cases and carry commands."""
    settings = replace(
        _worker_settings(database, temporal, data, log_origin, simulated_rate),
        scoring=scoring_address(scoring_url, scoring_token_file),
        register_every=timedelta(seconds=register_every),
    )
    _serve(beat_file, lambda stop, ready: _worker(settings, stop, ready))


@app.command("relay")
def relay(
    database: DatabaseUrl,
    temporal: TemporalTarget,
    data: DataOption = None,
    beat_file: BeatFile = None,
    log_origin: LogOriginOption = None,
    simulated_rate: SimulatedRate = None,
    scoring_url: ScoringUrl = None,
    scoring_token_file: ScoringTokenFile = None,
) -> None:
    """Carry commands only, beside the relay that each worker has: it takes over what a lost worker left."""
    settings = replace(
        _worker_settings(database, temporal, data, log_origin, simulated_rate),
        scoring=scoring_address(scoring_url, scoring_token_file),
    )
    _serve(beat_file, lambda stop, ready: run_relay(settings, stop, ready=ready))


@app.command("sequencer")
def sequencer(
    database: DatabaseUrl,
    data: DataOption = None,
    beat_file: BeatFile = None,
    log_origin: LogOriginOption = None,
    tsa: TsaOption = None,
    tsa_certificates: TsaCertificatesOption = None,
    tsa_minutes: Annotated[
        float,
        typer.Option(min=0.1, envvar="SCF_TSA_MINUTES", help="How often the authority stamps a checkpoint."),
    ] = 60,
) -> None:
    """Give signed entries their place in the log, sign checkpoints, have them cosigned and time-stamped."""
    authority = named_authority(tsa, tsa_certificates)
    every = timedelta(minutes=tsa_minutes)
    origin = asyncio.run(log_name(database, log_origin))
    _serve(beat_file, lambda stop, ready: _sequencer(database, data, origin, authority, every, stop, ready))


@app.command("check")
def check(beat_file: Annotated[Path, typer.Argument(help="The file that the service writes.")]) -> None:
    """Tell by its exit code whether a service is alive; for health checks."""
    silence = last_beat(beat_file)
    if silence is None or silence > _DEAD_AFTER:
        raise Unavailable("serve.no_sign_of_life", "The service gives no sign of life.", where=str(beat_file))


def _worker_settings(
    database: str,
    temporal: str,
    data: Path | None,
    log_origin: str | None,
    simulated_rate: Decimal | None,
) -> WorkerSettings:
    case_clock = NewCaseClock()
    if simulated_rate is not None:
        case_clock = NewCaseClock(simulated_rate, frozenset({"task", "message"}), from_documents=True)
    return WorkerSettings(
        database_url=database,
        temporal_target=temporal,
        key_folder=data_folder(data).keys,
        origin=asyncio.run(log_name(database, log_origin)),
        case_clock=case_clock,
    )


async def _worker(settings: WorkerSettings, stop: asyncio.Event, ready: asyncio.Event) -> None:
    opened = await Database.open(settings.database_url, ROOMS)
    try:
        async with opened.transaction() as tx:
            await scoring.install_shipped_card(tx, approved_by="system:release", at=SystemClock().now())
    finally:
        await opened.close()
    await run_worker(settings, stop, ready=ready)


async def _sequencer(
    database: str,
    data: Path | None,
    origin: str,
    authority: ledger.Authority | None,
    every: timedelta,
    stop: asyncio.Event,
    ready: asyncio.Event,
) -> None:
    keys = ledger.load_or_create_keys(data_folder(data).keys)
    opened = await Database.open(database, ROOMS)
    try:
        ready.set()
        check = ledger.WitnessCheck(opened, keys.log_key, origin)
        services = [
            ledger.Sequencer(opened, keys.log_key, origin, before_lead=check).run(stop),
            ledger.Cosigning(opened).run(stop),
        ]
        if authority:
            services.append(ledger.keep_stamping(opened, authority, every, SystemClock(), stop))
        await _side_by_side(*services)
    finally:
        await opened.close()


async def _side_by_side(*services: Coroutine[None, None, None]) -> None:
    """Run services until all have ended; the first that fails ends the others, and its error is told."""
    tasks = [asyncio.create_task(service) for service in services]
    try:
        for ended in asyncio.as_completed(tasks):
            await ended
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


Service = Callable[[asyncio.Event, asyncio.Event], Awaitable[None]]


def _serve(beat_file: Path | None, service: Service) -> None:
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    settle_collector()
    uvloop.run(_until_stopped(beat_file, service))


async def _until_stopped(beat_file: Path | None, service: Service) -> None:
    """Run a service until a signal, and show that it is ready and alive while it runs."""
    async with stop_signals() as stop, asyncio.TaskGroup() as group:
        ready = asyncio.Event()
        serving = asyncio.ensure_future(service(stop, ready))
        serving.add_done_callback(lambda _: stop.set())
        if beat_file is not None:
            group.create_task(_beat_when_ready(beat_file, stop, ready))
        await serving


async def _beat_when_ready(beat_file: Path, stop: asyncio.Event, ready: asyncio.Event) -> None:
    waits = [asyncio.create_task(event.wait()) for event in (stop, ready)]
    _, pending = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for wait in pending:
        wait.cancel()
    await beat(beat_file, stop)
